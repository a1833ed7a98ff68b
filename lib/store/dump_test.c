#include "base/test.h"
#include "store/testing.h"

#include "store/admin_log.h"
#include "store/dump.h"
#include "store/key.h"
#include "store/sql.h"
#include "store/upkeep.h"

/* A dump in memory. */
struct records {
    struct rms_buf bytes;
    struct {
        char kind;
        size_t at, len;
    } items[512];
    size_t count;
};

static int keep(void *context, char kind, struct rms_view record)
{
    struct records *records = context;

    assert_true(records->count < RMS_COUNT(records->items));
    records->items[records->count].kind = kind;
    records->items[records->count].at = records->bytes.len;
    records->items[records->count++].len = record.len;
    rms_buf_append_view(&records->bytes, record);
    return rms_buf_status(&records->bytes);
}

static void dump(struct rms_db *db, struct records *records)
{
    *records = (struct records){.bytes = RMS_BUF_INIT(4u << 20)};
    assert_int_equal(rms_dump_write(db, keep, records), 0);
}

/* All but one; skip: count for none. The first failure is what the end gets. */
static int load(struct rms_db *db, const struct records *records, size_t skip)
{
    struct rms_dump_load *load;
    int code = 0;

    assert_int_equal(rms_dump_load_new(db, rms_store_version(), &load), 0);
    for (size_t i = 0; code == 0 && i < records->count; i++) {
        if (i != skip) {
            code = rms_dump_load_put(load, records->items[i].kind,
                rms_view_of(records->bytes.data + records->items[i].at, records->items[i].len));
        }
    }
    return rms_dump_load_end(&load, code);
}

static void add_row(struct lab *lab, const char *tenant_id, const char *command)
{
    const struct rms_admin_row row = {
        .tenant_id = tenant_id, .time = LAB_TIME, .actor = "operator", .command = command, .passed = true};

    assert_int_equal(rms_admin_log_append(lab->db, &row), 0);
}

static void remove_sqlite(const char *url)
{
    static const char *const sides[] = {"", "-wal", "-shm"};
    char path[TEST_DATABASE_URL + 8];

    for (size_t i = 0; i < RMS_COUNT(sides); i++) {
        (void)snprintf(path, sizeof path, "%s%s", url + strlen("sqlite:"), sides[i]);
        (void)unlink(path);
    }
}

static void fill(struct lab *lab)
{
    const char *id = lab_tenant(lab, "contoso.test", NULL);
    const uint8_t binary[3] = {0, 255, 0};
    const struct rms_key key = {.id = "2f5c8a54-8a0e-4b7c-9d38-5a7c4b1d9e60",
        .tenant_id = id,
        .active = true,
        .bits = 2048,
        .public_key = rms_view_of(binary, sizeof binary),
        .sealed = rms_view_of(binary, sizeof binary)};

    assert_int_equal(rms_key_add(lab->db, &key), 0);
    (void)lab_tenant(lab, "fabrikam.test", NULL);
    add_row(lab, id, "Zoë's “command”\t\\");
    add_row(lab, NULL, "of none");
}

static void test_there_and_back(void **state)
{
    struct lab *lab = *state;
    struct records first;
    struct records second;
    struct rms_upkeep upkeep;
    bool empty = false;

    fill(lab);
    dump(lab->db, &first);
    assert_int_equal(load(NULL, &first, first.count), 0);
    assert_int_equal(load(lab->db, &first, first.count), 0); /* over itself */
    dump(lab->db, &second);
    assert_int_equal(first.count, second.count);
    assert_int_equal(rms_dump_is_empty(lab->db, &empty), 0);
    assert_false(empty);
    assert_int_equal(rms_upkeep_check(lab->db, lab->arena, &upkeep), 0);
    assert_int_equal(upkeep.problem_count, 0);
    add_row(lab, NULL, "one more"); /* its number is new */
    rms_buf_fini(&second.bytes);
    dump(lab->db, &second);
    assert_int_equal(first.count + 1, second.count);
    rms_buf_fini(&first.bytes);
    rms_buf_fini(&second.bytes);
}

/* Into the other engine's tables, which a test run on a server has: through an SQLite file. */
static void test_across(void **state)
{
    struct lab *lab = *state;
    struct records first;
    struct records second;
    struct rms_store *store = NULL;
    struct rms_db *db = NULL;
    char url[TEST_DATABASE_URL];
    bool empty = false;

    fill(lab);
    dump(lab->db, &first);
    (void)snprintf(url, sizeof url, "sqlite:%s/other.db", lab->dir);
    assert_int_equal(rms_store_open(url, &store), 0);
    assert_int_equal(rms_db_open(store, &db), 0);
    assert_int_equal(rms_dump_is_empty(db, &empty), 0);
    assert_true(empty);
    assert_int_equal(load(db, &first, first.count), 0);
    dump(db, &second);
    assert_int_equal(first.count, second.count);
    rms_db_close(&db);
    rms_store_free(&store);
    remove_sqlite(url);
    rms_buf_fini(&first.bytes);
    rms_buf_fini(&second.bytes);
}

/* Whatever record is missing that makes a table: refused, and nothing is changed. Rows may be missing, that
 * is for the file around them to see. */
static void test_in_parts(void **state)
{
    struct lab *lab = *state;
    struct records first;
    struct records second;

    fill(lab);
    dump(lab->db, &first);
    for (size_t i = 0; i < first.count; i++) {
        if (first.items[i].kind == RMS_DUMP_TABLE) {
            assert_int_equal(load(lab->db, &first, i), RMS_E_DAMAGED);
            assert_int_equal(load(NULL, &first, i), RMS_E_DAMAGED);
        }
    }
    dump(lab->db, &second);
    assert_int_equal(first.count, second.count);
    assert_true(rms_view_equal(rms_buf_view(&first.bytes), rms_buf_view(&second.bytes)));
    rms_buf_fini(&first.bytes);
    rms_buf_fini(&second.bytes);
}

static void test_strange_records(void **state)
{
    static const struct {
        char kind;
        const char *record;
        size_t len;
    } strange[] = {{'R', "\x03", 1}, {'T', "tenant (id)", 11}, {'T', "sqlite_schema (name)", 20},
        {'X', "", 0}, {'T', "", 0}};
    struct lab *lab = *state;
    struct rms_dump_load *load;
    struct records first;

    fill(lab);
    dump(lab->db, &first);
    for (size_t i = 0; i < RMS_COUNT(strange); i++) {
        assert_int_equal(rms_dump_load_new(lab->db, rms_store_version(), &load), 0);
        assert_int_equal(
            rms_dump_load_put(load, strange[i].kind, rms_view_of(strange[i].record, strange[i].len)),
            RMS_E_DAMAGED);
        assert_int_equal(rms_dump_load_end(&load, RMS_E_DAMAGED), RMS_E_DAMAGED);
    }
    /* a row with a byte too many, with one too few, with a text where a number belongs */
    for (int change = 0; change < 3; change++) {
        RMS_BUF_CLEANUP struct rms_buf row = RMS_BUF_INIT(4096);

        assert_int_equal(first.items[1].kind, RMS_DUMP_ROW);
        rms_buf_append(&row, first.bytes.data + first.items[1].at, first.items[1].len - (change == 1));
        if (change == 0) {
            rms_buf_append_byte(&row, 0);
        } else if (change == 2) {
            row.data[0] = RMS_VALUE_TEXT;
        }
        assert_int_equal(rms_dump_load_new(NULL, rms_store_version(), &load), 0);
        assert_int_equal(
            rms_dump_load_put(load, RMS_DUMP_TABLE, rms_view_of(first.bytes.data, first.items[0].len)), 0);
        assert_int_equal(rms_dump_load_put(load, RMS_DUMP_ROW, rms_buf_view(&row)), RMS_E_DAMAGED);
        assert_int_equal(rms_dump_load_end(&load, RMS_E_DAMAGED), RMS_E_DAMAGED);
    }
    assert_int_equal(rms_dump_load_new(NULL, rms_store_version() + 1, &load), RMS_E_UNSUPPORTED_VERSION);
    rms_buf_fini(&first.bytes);
}

/* A database of an older version, filled and then brought up. */
static void test_older(void **state)
{
    struct lab *lab = *state;
    struct rms_store *store = NULL;
    struct rms_db *db = NULL;
    char url[TEST_DATABASE_URL];
    unsigned before = 0;

    (void)snprintf(url, sizeof url, "sqlite:%s/old.db", lab->dir);
    assert_int_equal(rms_store_open_version(url, rms_store_version() + 1, &store), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_store_open_version(url, 1, &store), 0);
    assert_int_equal(rms_db_open(store, &db), 0);
    assert_int_equal(rms_upkeep_migrate(db, &before), 0);
    assert_int_equal(before, 1);
    rms_db_close(&db);
    rms_store_free(&store);
    remove_sqlite(url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_there_and_back, lab_setup, lab_teardown),
        cmocka_unit_test_setup_teardown(test_across, lab_setup, lab_teardown),
        cmocka_unit_test_setup_teardown(test_in_parts, lab_setup, lab_teardown),
        cmocka_unit_test_setup_teardown(test_strange_records, lab_setup, lab_teardown),
        cmocka_unit_test_setup_teardown(test_older, lab_setup, lab_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
