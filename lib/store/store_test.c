#include "store/testing.h"

#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "store/key.h"
#include "store/sql.h"

static void test_file_is_private(void **state)
{
    struct lab *lab = *state;
    struct stat st;

    if (test_server() != NULL) {
        skip();
    }
    assert_int_equal(stat(lab->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    (void)lab_tenant(lab, "contoso.test", NULL);
    char side[128];
    (void)snprintf(side, sizeof side, "%s-wal", lab->path);
    assert_int_equal(stat(side, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_urls(void **state)
{
    static const char *const bad[] = {"", "sqlite", "mysql:/x", ":x", "sqlite:", "SQLITE:/tmp/x",
        "postgresql:", "postgresql:/x", "postgresql://h/d?unknown=1", "postgresql://me:p@ss@h/d",
        "postgresql://me:1/w@h/d", "postgresql://me:p/w@h/d", "postgresql://h:port/d"};
    struct rms_store *store = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(rms_store_open(bad[i], &store), RMS_E_BAD_ARGUMENT);
        assert_null(store);
    }
    assert_true(rms_store_open("sqlite:/nonexistent/dir/x.db", &store) < 0);
}

static void test_every_statement_prepares(void **state)
{
    static const char *const names[] = {
#define RMS_SQL(id, text) #id,
#include "store/statements.def"
#undef RMS_SQL
    };
    static const char *const texts[] = {
#define RMS_SQL(id, text) text,
#include "store/statements.def"
#undef RMS_SQL
    };
    struct lab *lab = *state;

    for (size_t i = 0; i < RMS_SQL_COUNT; i++) {
        struct rms_statement *statement = NULL;

        if (lab->db->engine->prepare(lab->db->link, texts[i], &statement) != 0) {
            fail_msg("%s does not prepare", names[i]);
        }
        lab->db->engine->finalize(statement);
    }
}

static void test_statement_in_use(void **state)
{
    struct lab *lab = *state;
    RMS_ROWS(one, lab->db, NULL);
    RMS_ROWS(two, lab->db, NULL);

    assert_int_equal(rms_rows_first(&one, RMS_SQL_CHANGES_READ, NULL, 0), 0);
    assert_int_equal(rms_rows_open(&two, RMS_SQL_CHANGES_READ, NULL, 0), RMS_E_INTERNAL);
    rms_rows_close(&one);
    assert_int_equal(rms_rows_first(&two, RMS_SQL_CHANGES_READ, NULL, 0), 0);
}

static void test_not_a_database(void **state)
{
    struct lab *lab = *state;
    struct rms_store *store = NULL;
    FILE *file;

    if (test_server() != NULL) {
        skip();
    }
    lab_close(lab);
    file = fopen(lab->path, "w");
    assert_non_null(file);
    for (int i = 0; i < 1000; i++) {
        (void)fputs("this is not a database ", file);
    }
    (void)fclose(file);
    assert_int_equal(rms_store_open(lab->url, &store), RMS_E_DAMAGED);
    assert_int_equal(unlink(lab->path), 0);
    lab_open(lab);
}

static void need(struct lab *lab, unsigned schema)
{
    char sql[96];

    (void)snprintf(sql, sizeof sql, "UPDATE change_counter SET schema_needed = %u", schema);
    assert_int_equal(lab->db->engine->exec(lab->db->link, sql), 0);
}

static void test_a_newer_version_by_one_release(void **state)
{
    struct lab *lab = *state;
    struct rms_store *store = NULL;
    unsigned version = 0;

    /* the next release: what it brought is not in our way */
    assert_int_equal(lab->db->engine->set_version(lab->db->link, rms_store_version() + 1), 0);
    assert_int_equal(rms_store_open(lab->url, &store), 0);
    rms_store_free(&store);
    /* the one behind that counts on it */
    need(lab, rms_store_version() + 1);
    assert_int_equal(rms_store_open(lab->url, &store), RMS_E_UNSUPPORTED_VERSION);
    assert_null(store);
    assert_int_equal(lab->db->engine->version(lab->db->link, &version), 0);
    assert_int_equal(version, rms_store_version() + 1);
    /* as it is after the release between; what is needed is never made less */
    need(lab, rms_store_version());
    assert_int_equal(rms_store_open(lab->url, &store), 0);
    rms_store_free(&store);
    assert_int_equal(lab->db->engine->set_version(lab->db->link, rms_store_version()), 0);
    assert_int_equal(rms_store_open(lab->url, &store), 0);
    rms_store_free(&store);
}

/* A process that dies half-way through a migration leaves the old version; the next start does it again. */
static void test_killed_while_migrating(void **state)
{
    struct lab *lab = *state;
    pid_t pid;
    int status;

    const struct rms_engine *engine = lab->db->engine;

    lab_close(lab);
    test_database_clear(lab->url);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct rms_link *link = NULL;
        int code = engine->open(strchr(lab->url, ':') + 1, true, &link);

        code = code == 0 ? engine->begin(link, true) : code;
        code = code == 0 ? engine->exec(link, rms_migrations[0]) : code;
        (void)raise(code == 0 ? SIGKILL : SIGABRT);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WTERMSIG(status), SIGKILL);
    lab_open(lab);
    (void)lab_tenant(lab, "contoso.test", NULL);
}

static void test_transactions(void **state)
{
    struct lab *lab = *state;
    struct rms_tenant tenant;

    assert_int_equal(rms_db_end(lab->db, 0), RMS_E_INTERNAL);

    /* undone as a whole */
    assert_int_equal(rms_db_begin(lab->db), 0);
    (void)lab_tenant(lab, "a.test", NULL);
    assert_int_equal(rms_db_end(lab->db, RMS_E_CANCELLED), RMS_E_CANCELLED);
    assert_int_equal(rms_tenant_find(lab->db, lab->arena, "a.test", &tenant), RMS_E_NOT_FOUND);

    /* an inner failure leaves the outer part */
    assert_int_equal(rms_db_begin(lab->db), 0);
    (void)lab_tenant(lab, "b.test", NULL);
    assert_int_equal(rms_db_begin(lab->db), 0);
    (void)lab_tenant(lab, "c.test", NULL);
    assert_int_equal(rms_db_end(lab->db, RMS_E_CONFLICT), RMS_E_CONFLICT);
    assert_int_equal(rms_db_end(lab->db, 0), 0);
    assert_int_equal(rms_tenant_find(lab->db, lab->arena, "b.test", &tenant), 0);
    assert_int_equal(rms_tenant_find(lab->db, lab->arena, "c.test", &tenant), RMS_E_NOT_FOUND);
}

static void test_change_counter(void **state)
{
    struct lab *lab = *state;
    struct rms_changes before;
    struct rms_changes after;
    uint64_t local = rms_store_local_changes(lab->store);

    assert_int_equal(rms_changes_read(lab->db, &before), 0);
    (void)lab_tenant(lab, "contoso.test", NULL);
    assert_int_equal(rms_changes_read(lab->db, &after), 0);
    assert_true(after.changes > before.changes);
    assert_int_equal(after.refreshes, before.refreshes);
    assert_true(rms_store_local_changes(lab->store) > local);

    /* what is undone is no change */
    local = rms_store_local_changes(lab->store);
    before = after;
    assert_int_equal(rms_db_begin(lab->db), 0);
    (void)lab_tenant(lab, "a.test", NULL);
    assert_int_equal(rms_db_end(lab->db, RMS_E_CANCELLED), RMS_E_CANCELLED);
    assert_int_equal(rms_changes_read(lab->db, &after), 0);
    assert_int_equal(after.changes, before.changes);
    assert_int_equal(rms_store_local_changes(lab->store), local);

    assert_int_equal(rms_changes_refresh(lab->db), 0);
    assert_int_equal(rms_changes_read(lab->db, &after), 0);
    assert_int_equal(after.refreshes, before.refreshes + 1);
    assert_int_equal(after.changes, before.changes);
}

/* A full disk, played by a bound on the number of pages: the change is refused as a whole, reading goes on,
 * and with space again so does writing. */
static void test_disk_full(void **state)
{
    struct lab *lab = *state;
    const char *tenant_id = lab_tenant(lab, "contoso.test", NULL);
    struct rms_tenant tenant;
    char settings[200000];
    uint64_t local;

    if (test_server() != NULL) {
        skip();
    }
    assert_int_equal(rms_tenant_get(lab->db, lab->arena, tenant_id, &tenant), 0);
    assert_int_equal(lab->db->engine->exec(lab->db->link, "PRAGMA max_page_count=1"), 0);
    memset(settings, ' ', sizeof settings);
    settings[0] = '{';
    settings[sizeof settings - 2] = '}';
    settings[sizeof settings - 1] = '\0';
    tenant.settings = settings;
    local = rms_store_local_changes(lab->store);
    assert_int_equal(rms_tenant_update(lab->db, &tenant), RMS_E_NO_SPACE);
    assert_int_equal(rms_store_local_changes(lab->store), local);
    assert_int_equal(rms_tenant_get(lab->db, lab->arena, tenant_id, &tenant), 0);
    assert_string_equal(tenant.settings, "{}");
    assert_int_equal(lab->db->engine->exec(lab->db->link, "PRAGMA max_page_count=1000000"), 0);
    tenant.settings = settings;
    assert_int_equal(rms_tenant_update(lab->db, &tenant), 0);
}

/* The engine gives up a transaction by itself when the disk is full: nothing after that may slip in outside
 * it. */
static void test_disk_full_inside_transaction(void **state)
{
    struct lab *lab = *state;
    const char *tenant_id = lab_tenant(lab, "contoso.test", NULL);
    bool changed;

    assert_int_equal(rms_db_begin(lab->db), 0);
    lab->db->engine->rollback(lab->db->link);
    assert_int_equal(rms_tenant_set_state(lab->db, tenant_id, RMS_TENANT_DISABLED, &changed), RMS_E_IO);
    assert_int_equal(rms_db_end(lab->db, 0), RMS_E_IO);
    assert_int_equal(rms_tenant_set_state(lab->db, tenant_id, RMS_TENANT_DISABLED, &changed), 0);
    assert_true(changed);
}

#define THREADS 4
#define ROUNDS  25

struct worker {
    struct lab *lab;
    const char *tenant_id;
    int failures;
};

static void *add_domains(void *argument)
{
    struct worker *worker = argument;
    struct rms_db *db = NULL;
    char domain[64];

    if (rms_db_open(worker->lab->store, &db) < 0) {
        worker->failures++;
        return NULL;
    }
    for (int i = 0; i < ROUNDS; i++) {
        (void)snprintf(domain, sizeof domain, "d%d-%lx.test", i, (unsigned long)pthread_self());
        worker->failures += rms_tenant_add_domain(db, worker->tenant_id, domain) < 0 ? 1 : 0;
    }
    rms_db_close(&db);
    return NULL;
}

static void test_many_writers(void **state)
{
    struct lab *lab = *state;
    struct worker worker = {lab, lab_tenant(lab, "contoso.test", NULL), 0};
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    struct rms_tenant tenant;

    for (int i = 0; i < THREADS; i++) {
        workers[i] = worker;
        assert_int_equal(pthread_create(&threads[i], NULL, add_domains, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(workers[i].failures, 0);
    }
    assert_int_equal(rms_tenant_get(lab->db, lab->arena, worker.tenant_id, &tenant), 0);
    assert_int_equal(tenant.domain_count, THREADS * ROUNDS + 1);
}

/* Several processes start on an empty directory at once. */
static void test_processes_open_together(void **state)
{
    struct lab *lab = *state;
    pid_t pids[4];
    int status;

    lab_close(lab);
    test_database_clear(lab->url);
    for (size_t i = 0; i < 4; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0) {
            struct rms_store *store = NULL;
            struct rms_db *db = NULL;
            int code = rms_store_open(lab->url, &store);

            code = code == 0 ? rms_db_open(store, &db) : code;
            _exit(code == 0 ? 0 : 1);
        }
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
    lab_open(lab);
}

/* S-329: seen inside, gone afterwards, and nobody else's caches are told. */
static void test_rehearsal(void **state)
{
    struct lab *lab = *state;
    const char *id = lab_tenant(lab, "contoso.test", NULL);
    uint64_t before = rms_store_local_changes(lab->store);
    struct rms_tenant found;
    bool changed = false;

    for (int i = 0; i < 2; i++) {
        rms_db_rehearse(lab->db);
        assert_int_equal(rms_tenant_add_domain(lab->db, id, "fabrikam.test"), 0);
        assert_int_equal(rms_tenant_set_state(lab->db, id, RMS_TENANT_DISABLED, &changed), 0);
        assert_int_equal(rms_tenant_add_domain(lab->db, id, "fabrikam.test"), RMS_E_CONFLICT);
        assert_true(changed && rms_db_in_transaction(lab->db));
        assert_int_equal(rms_tenant_find(lab->db, lab->arena, "fabrikam.test", &found), 0);
        assert_int_equal(found.state, RMS_TENANT_DISABLED);
        rms_db_rehearse_end(lab->db);
        assert_false(rms_db_in_transaction(lab->db));
        assert_int_equal(rms_tenant_find(lab->db, lab->arena, "fabrikam.test", &found), RMS_E_NOT_FOUND);
        assert_int_equal(rms_tenant_get(lab->db, lab->arena, id, &found), 0);
        assert_int_equal(found.state, RMS_TENANT_ENABLED);
    }
    assert_true(rms_store_local_changes(lab->store) == before);
    rms_db_rehearse(lab->db);
    rms_db_rehearse_end(lab->db);
    assert_int_equal(rms_tenant_add_domain(lab->db, id, "fabrikam.test"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB_TEST(test_file_is_private),
        LAB_TEST(test_urls),
        LAB_TEST(test_every_statement_prepares),
        LAB_TEST(test_statement_in_use),
        LAB_TEST(test_not_a_database),
        LAB_TEST(test_a_newer_version_by_one_release),
        LAB_TEST(test_killed_while_migrating),
        LAB_TEST(test_transactions),
        LAB_TEST(test_change_counter),
        LAB_TEST(test_rehearsal),
        LAB_TEST(test_disk_full),
        LAB_TEST(test_disk_full_inside_transaction),
        LAB_TEST(test_many_writers),
        LAB_TEST(test_processes_open_together),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
