/* Rows on their way to the store: the spool, the writer, and what a killed process leaves. */
#include "base/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "service/usage.h"
#include "service/usage_spool.h"
#include "store/testing_database.h"

#define SMALL (65536u + 4096u)

static char dir[64];
static char database[TEST_DATABASE_URL];
static char spool_path[96];

static int open_dir(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof dir, "/tmp/rms-usage-XXXXXX");
    assert_non_null(mkdtemp(dir));
    test_database_new(dir, database);
    (void)snprintf(spool_path, sizeof spool_path, "%s/spool", dir);
    return 0;
}

static int close_dir(void **state)
{
    (void)state;
    test_database_drop(database);
    (void)unlink(spool_path);
    return rmdir(dir);
}

static struct rms_usage_row row_of(unsigned number)
{
    static char id[32];
    (void)snprintf(id, sizeof id, "row-%u", number);
    return (struct rms_usage_row){.time = 1000 + number / 100,
        .row_id = id,
        .request_type = "AcquireLicense",
        .user_id = number % 3 == 0 ? NULL : "bob@contoso.test",
        .result = "Success",
        .c_info = "\xc3\xa9\tx",
        .date_published = RMS_TIME_NONE,
        .super_user = number % 2 == 0,
        .membership_age_s = -1,
        .detail = ""};
}

static void check_row(const struct rms_usage_row *got, unsigned number)
{
    struct rms_usage_row want = row_of(number);
    assert_string_equal(got->row_id, want.row_id);
    assert_int_equal(got->time, want.time);
    assert_string_equal(got->c_info, want.c_info);
    assert_int_equal(got->super_user, want.super_user);
    assert_int_equal(got->date_published, RMS_TIME_NONE);
    assert_int_equal(got->membership_age_s, -1);
    assert_int_equal(got->user_id == NULL, want.user_id == NULL);
    assert_null(got->tenant_id);
}

/* --- the spool ---------------------------------------------------------------------------------------------
 */

static void rows_come_out_as_they_went_in(void **state)
{
    struct rms_spool *spool = NULL;
    struct rms_usage_row rows[7];
    unsigned in = 0;
    unsigned out = 0;
    uint64_t end;
    (void)state;
    assert_int_equal(rms_spool_open(NULL, SMALL, &spool), 0);
    while (out < 5000) { /* many times around */
        for (unsigned i = 0; i < 1 + in % 40; i++) {
            struct rms_usage_row row = row_of(in);
            if (rms_spool_put(spool, &row) < 0) {
                break;
            }
            in++;
        }
        size_t count = rms_spool_peek(spool, rows, 1 + in % RMS_COUNT(rows), &end);
        for (size_t i = 0; i < count; i++) {
            check_row(&rows[i], out++);
        }
        rms_spool_take(spool, end);
    }
    rms_spool_close(&spool);
    rms_spool_close(&spool);
}

static void is_bounded(void **state)
{
    struct rms_spool *spool = NULL;
    struct rms_usage_row rows[1];
    unsigned count = 0;
    uint64_t end;
    int rc;
    (void)state;
    assert_int_equal(rms_spool_open(NULL, SMALL, &spool), 0);
    assert_int_equal(rms_spool_fill(spool), 0);
    do {
        struct rms_usage_row row = row_of(count);
        rc = rms_spool_put(spool, &row);
        count++;
    } while (rc == 0);
    assert_int_equal(rc, RMS_E_LIMIT);
    assert_true(rms_spool_fill(spool) > 950);
    assert_int_equal(rms_spool_peek(spool, rows, 1, &end), 1);
    check_row(&rows[0], 0);
    rms_spool_close(&spool);
}

static void long_texts_are_cut_at_a_character(void **state)
{
    struct rms_spool *spool = NULL;
    struct rms_usage_row rows[1];
    char text[4000];
    uint64_t end;
    (void)state;
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = i % 3 == 0 ? '\xe2' : i % 3 == 1 ? '\x82' : '\xac';
    }
    text[sizeof text - 1] = '\0';
    assert_int_equal(rms_spool_open(NULL, SMALL, &spool), 0);
    struct rms_usage_row row = row_of(1);
    row.detail = row.file_name = text;
    assert_int_equal(rms_spool_put(spool, &row), 0);
    assert_int_equal(rms_spool_peek(spool, rows, 1, &end), 1);
    assert_int_equal(strlen(rows[0].detail), 1023); /* 341 characters of three bytes */
    rms_spool_close(&spool);
}

static void rows_survive_in_the_file(void **state)
{
    struct rms_spool *spool = NULL;
    struct rms_spool *second = NULL;
    struct rms_usage_row rows[10];
    uint64_t end;
    (void)state;
    assert_int_equal(rms_spool_open(spool_path, SMALL, &spool), 0);
    assert_int_equal(rms_spool_open(spool_path, SMALL, &second), RMS_E_CONFLICT);
    for (unsigned i = 0; i < 5; i++) {
        struct rms_usage_row row = row_of(i);
        assert_int_equal(rms_spool_put(spool, &row), 0);
    }
    assert_int_equal(rms_spool_peek(spool, rows, 2, &end), 2);
    rms_spool_take(spool, end);
    rms_spool_close(&spool);
    assert_int_equal(rms_spool_open(spool_path, SMALL, &spool), 0);
    assert_int_equal(rms_spool_peek(spool, rows, 10, &end), 3);
    check_row(&rows[0], 2);
    check_row(&rows[2], 4);
    rms_spool_close(&spool);
    /* another size is another format */
    assert_int_equal(rms_spool_open(spool_path, SMALL + 4096, &spool), 0);
    assert_int_equal(rms_spool_peek(spool, rows, 10, &end), 0);
    rms_spool_close(&spool);
}

/* Whatever is in the file, reading it ends and stays inside. */
static void damage_is_survived(void **state)
{
    static struct rms_usage_row rows[2000];
    (void)state;
    for (unsigned round = 0; round < 300; round++) {
        struct rms_spool *spool = NULL;
        uint64_t end;
        (void)unlink(spool_path);
        assert_int_equal(rms_spool_open(spool_path, SMALL, &spool), 0);
        for (unsigned i = 0; i < 300; i++) {
            struct rms_usage_row row = row_of(i);
            assert_int_equal(rms_spool_put(spool, &row), 0);
        }
        rms_spool_close(&spool);
        int fd = open(spool_path, O_RDWR | O_CLOEXEC);
        uint32_t junk = round % 3 == 0 ? 0xffffffffu : round * 2654435761u;
        off_t at = round < 64 ? (off_t)round : 4096 + (off_t)(round * 97 % 30000);
        assert_int_equal(pwrite(fd, &junk, sizeof junk, at), sizeof junk);
        (void)close(fd);
        assert_int_equal(rms_spool_open(spool_path, SMALL, &spool), 0);
        size_t count = rms_spool_peek(spool, rows, RMS_COUNT(rows), &end);
        assert_true(count <= 300);
        for (size_t i = 0; i < count; i++) {
            assert_true(strlen(rows[i].row_id) <= RMS_SPOOL_TEXT_MAX);
        }
        rms_spool_take(spool, end);
        rms_spool_close(&spool);
    }
    (void)unlink(spool_path);
}

/* --- the writer --------------------------------------------------------------------------------------------
 */

static int count_row(const struct rms_usage_row *row, void *context)
{
    unsigned *seen = context;
    unsigned number;
    assert_int_equal(sscanf(row->row_id, "row-%u", &number), 1);
    seen[number]++;
    return 0;
}

/* Every number below count exactly once. */
static void expect_stored(struct rms_store *store, unsigned count)
{
    static unsigned seen[20000];
    struct rms_db *db = NULL;
    struct rms_usage_query query = {.from = RMS_TIME_NONE, .to = RMS_TIME_NONE, .limit = 1000000};
    memset(seen, 0, sizeof seen);
    assert_int_equal(rms_db_open(store, &db), 0);
    assert_int_equal(rms_usage_read(db, &query, count_row, seen), 0);
    rms_db_close(&db);
    for (unsigned i = 0; i < RMS_COUNT(seen); i++) {
        assert_int_equal(seen[i], i < count ? 1 : 0);
    }
}

static void add_rows(struct rms_usage *usage, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        struct rms_usage_row row = row_of(i);
        rms_usage_add(usage, &row);
    }
}

/* touches: S-185, S-188 */
static void rows_reach_the_store(void **state)
{
    struct rms_store *store = NULL;
    struct rms_usage *usage = NULL;
    struct rms_usage_stats stats;
    (void)state;
    assert_int_equal(rms_store_open(database, &store), 0);
    assert_int_equal(rms_usage_new(store, spool_path, NULL, &usage), 0);
    add_rows(usage, 0, 3000);
    rms_usage_flush(usage, 10000);
    expect_stored(store, 3000);
    rms_usage_stats(usage, &stats);
    assert_int_equal(stats.written, 3000);
    assert_int_equal(stats.lost, 0);
    assert_true(rms_usage_healthy(usage));
    add_rows(usage, 3000, 3010);
    rms_usage_free(&usage); /* writes what is left */
    expect_stored(store, 3010);
    rms_store_free(&store);
}

/* A process that is killed between reply and batch: the next one writes its rows, none twice. */
static void a_killed_process_loses_nothing(void **state)
{
    struct rms_store *store = NULL;
    struct rms_usage *usage = NULL;
    struct rms_spool *spool = NULL;
    struct rms_db *db = NULL;
    struct rms_usage_writer *writer = NULL;
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        if (rms_spool_open(spool_path, RMS_SPOOL_BYTES, &spool) < 0) {
            _exit(1);
        }
        for (unsigned i = 3010; i < 3500; i++) {
            struct rms_usage_row row = row_of(i);
            if (rms_spool_put(spool, &row) < 0) {
                _exit(1);
            }
        }
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    /* it had committed 100 rows, but not yet taken them out */
    assert_int_equal(rms_store_open(database, &store), 0);
    assert_int_equal(rms_db_open(store, &db), 0);
    assert_int_equal(rms_usage_writer_new(db, NULL, &writer), 0);
    for (unsigned i = 3010; i < 3110; i++) {
        struct rms_usage_row row = row_of(i);
        assert_int_equal(rms_usage_append(writer, 1000, &row, 1), 0);
    }
    rms_usage_writer_free(&writer);
    rms_db_close(&db);
    assert_int_equal(rms_usage_new(store, spool_path, NULL, &usage), 0);
    rms_usage_free(&usage);
    expect_stored(store, 3500);
    rms_store_free(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_out_as_they_went_in),
        cmocka_unit_test(is_bounded),
        cmocka_unit_test(long_texts_are_cut_at_a_character),
        cmocka_unit_test(rows_survive_in_the_file),
        cmocka_unit_test(damage_is_survived),
        cmocka_unit_test(rows_reach_the_store),
        cmocka_unit_test(a_killed_process_loses_nothing),
    };
    return cmocka_run_group_tests(tests, open_dir, close_dir);
}
