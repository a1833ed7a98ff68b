#include "store/testing.h"

#include <sys/stat.h>

#include "store/sql.h"
#include "store/upkeep.h"

static void test_sound(void **state)
{
    struct lab *lab = *state;
    struct rms_upkeep upkeep;

    (void)lab_tenant(lab, "contoso.test", NULL);
    assert_int_equal(rms_upkeep_check(lab->db, lab->arena, &upkeep), 0);
    assert_string_equal(upkeep.engine, test_server() != NULL ? "postgresql" : "sqlite");
    assert_int_equal(upkeep.version, rms_store_version());
    assert_int_equal(upkeep.problem_count, 0);
    assert_int_equal(rms_db_begin(lab->db), 0);
    assert_int_equal(rms_upkeep_check(lab->db, lab->arena, &upkeep), RMS_E_INTERNAL);
    assert_int_equal(rms_db_end(lab->db, 0), 0);
}

/* A row that points to nothing: what a hand in the database leaves. */
static void test_broken(void **state)
{
    static const char *const harm[] = {
        "PRAGMA foreign_keys = OFF; INSERT INTO tenant_domain VALUES ('lost.test', 'nobody', 1);"
        "PRAGMA foreign_keys = ON",
        "ALTER TABLE tenant_domain ADD CONSTRAINT doubtful CHECK (position > 0) NOT VALID"};
    struct lab *lab = *state;
    struct rms_upkeep upkeep;

    assert_int_equal(lab->db->engine->exec(lab->db->link, harm[test_server() != NULL]), 0);
    assert_int_equal(rms_upkeep_check(lab->db, lab->arena, &upkeep), 0);
    assert_int_equal(upkeep.problem_count, 1);
    assert_non_null(strstr(upkeep.problems[0], test_server() != NULL ? "doubtful" : "tenant_domain"));
}

static void test_migrate(void **state)
{
    struct lab *lab = *state;
    unsigned before = 0;

    assert_int_equal(rms_upkeep_migrate(lab->db, &before), 0);
    assert_int_equal(before, rms_store_version());
    assert_int_equal(lab->db->engine->set_version(lab->db->link, before + 1), 0);
    /* of the next release: good as it is, and not to be taken back */
    assert_int_equal(rms_upkeep_migrate(lab->db, &before), 0);
    assert_int_equal(before, rms_store_version() + 1);
    assert_int_equal(rms_upkeep_migrate(lab->db, &before), 0);
    assert_int_equal(before, rms_store_version() + 1);
    assert_int_equal(lab->db->engine->set_version(lab->db->link, rms_store_version()), 0);
}

static void test_backup(void **state)
{
    struct lab *lab = *state;
    struct rms_store *copy = NULL;
    struct rms_db *db = NULL;
    struct rms_tenant tenant;
    const char *path = NULL;
    struct stat st;

    (void)lab_tenant(lab, "contoso.test", NULL);
    if (test_server() != NULL) {
        assert_int_equal(rms_upkeep_backup(lab->db, lab->arena, "copy", &path), RMS_E_UNSUPPORTED);
        return;
    }
    assert_int_equal(rms_upkeep_backup(lab->db, lab->arena, "copy", &path), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(rms_upkeep_backup(lab->db, lab->arena, "copy", &path), RMS_E_CONFLICT);
    (void)lab_tenant(lab, "later.test", NULL);
    assert_int_equal(rms_store_open(rms_arena_printf(lab->arena, "sqlite:%s", path), &copy), 0);
    assert_int_equal(rms_db_open(copy, &db), 0);
    assert_int_equal(rms_tenant_find(db, lab->arena, "contoso.test", &tenant), 0);
    assert_int_equal(rms_tenant_find(db, lab->arena, "later.test", &tenant), RMS_E_NOT_FOUND);
    rms_db_close(&db);
    rms_store_free(&copy);
    test_database_clear(rms_arena_printf(lab->arena, "sqlite:%s", path));
}

/* Nothing half stays behind. */
static void test_backup_that_fails(void **state)
{
    struct lab *lab = *state;
    const char *path = NULL;
    struct stat st;

    if (test_server() != NULL) {
        skip();
    }
    assert_int_equal(lab->db->engine->exec(lab->db->link, "BEGIN"), 0);
    assert_true(rms_upkeep_backup(lab->db, lab->arena, "copy", &path) < 0);
    assert_int_equal(lab->db->engine->exec(lab->db->link, "ROLLBACK"), 0);
    assert_int_equal(stat(rms_arena_printf(lab->arena, "%s-copy", lab->path), &st), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB_TEST(test_sound),
        LAB_TEST(test_broken),
        LAB_TEST(test_migrate),
        LAB_TEST(test_backup),
        LAB_TEST(test_backup_that_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
