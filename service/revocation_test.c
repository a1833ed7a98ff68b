#include "base/test.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "service/revocation.h"
#include "store/engine.h"
#include "store/testing.h"

#define MANY 1000000u

static struct rms_document_key key_of(unsigned number, char id[RMS_GUID_TEXT])
{
    (void)snprintf(id, RMS_GUID_TEXT, "%08x-0000-4000-8000-000000000000", number);
    return (struct rms_document_key){"t", id, "alice@contoso.test"};
}

/* As another node does it. */
static void run_sql(struct lab *lab, const char *sql)
{
    struct rms_link *link = NULL;

    if (test_server() != NULL) {
        test_server_run(lab->url, sql);
        return;
    }
    assert_int_equal(rms_engine_sqlite.open(lab->path, false, &link), 0);
    assert_int_equal(rms_engine_sqlite.exec(link, sql), 0);
    rms_engine_sqlite.close(link);
}

/* Rows for the documents first to last. */
static void write_rows(struct lab *lab, unsigned first, unsigned last, bool revoked)
{
    const char *number = test_server() != NULL ? "lpad(to_hex(i), 8, '0')" : "printf('%08x', i)";
    char sql[1024];
    (void)snprintf(sql, sizeof sql,
        "WITH RECURSIVE n (i) AS (SELECT %u UNION ALL SELECT i + 1 FROM n WHERE i < %u)"
        " INSERT INTO revocation (seq, tenant_id, content_id, issuer, revoked, time, actor)"
        " SELECT (SELECT COALESCE(MAX(seq), 0) FROM revocation) + 1 + i - %u, 't',"
        " %s || '-0000-4000-8000-000000000000', 'alice@contoso.test', %d, 0, 'a' FROM n",
        first, last, first, number, revoked ? 1 : 0);
    run_sql(lab, sql);
}

static bool has(struct rms_revocations *set, unsigned number)
{
    char id[RMS_GUID_TEXT];
    bool revoked = false;
    struct rms_document_key key = key_of(number, id);
    assert_int_equal(rms_revocations_has(set, &key, 0, &revoked), 0);
    return revoked;
}

static size_t count_of(struct rms_revocations *set)
{
    struct rms_revocations_stats stats;
    rms_revocations_stats(set, &stats);
    return stats.count;
}

static void follows_the_history(void **state)
{
    struct lab *lab = *state;
    struct rms_revocations *set = NULL;
    assert_int_equal(rms_revocations_new(&set), 0);
    assert_false(has(set, 1));
    write_rows(lab, 1, 3, true);
    assert_int_equal(rms_revocations_follow(set, lab->db), 0);
    assert_int_equal(count_of(set), 3);
    assert_true(has(set, 1) && has(set, 3) && !has(set, 4));
    write_rows(lab, 2, 2, false);
    write_rows(lab, 9, 9, false);
    write_rows(lab, 3, 3, true);
    assert_int_equal(rms_revocations_follow(set, lab->db), 0);
    assert_int_equal(count_of(set), 2);
    assert_true(has(set, 1) && !has(set, 2) && has(set, 3) && !has(set, 9));

    /* every part of the key counts */
    char id[RMS_GUID_TEXT];
    bool revoked = true;
    struct rms_document_key key = key_of(1, id);
    key.issuer = "mallory@contoso.test";
    assert_int_equal(rms_revocations_has(set, &key, 0, &revoked), 0);
    assert_false(revoked);
    key = key_of(1, id);
    key.tenant_id = "u";
    assert_int_equal(rms_revocations_has(set, &key, 0, &revoked), 0);
    assert_false(revoked);
    rms_revocations_free(&set);
    rms_revocations_free(&set);
}

/* What was issued before whoever revokes had his account is not reached. */
static void reaches_from_its_time_on(void **state)
{
    struct lab *lab = *state;
    struct rms_revocations *set = NULL;
    char id[RMS_GUID_TEXT];
    const struct rms_document_key key = key_of(1, id);
    bool revoked = true;
    write_rows(lab, 1, 1, true);
    run_sql(lab, "UPDATE revocation SET since = 1000");
    assert_int_equal(rms_revocations_new(&set), 0);
    assert_int_equal(rms_revocations_follow(set, lab->db), 0);
    assert_int_equal(rms_revocations_has(set, &key, 999, &revoked), 0);
    assert_false(revoked);
    assert_int_equal(rms_revocations_has(set, &key, 1000, &revoked), 0);
    assert_true(revoked);
    rms_revocations_free(&set);
}

/* Against a plain array, with a small range so that marks come and go in the same slots. */
static void stays_right_under_many_changes(void **state)
{
    struct lab *lab = *state;
    struct rms_revocations *set = NULL;
    bool model[4096] = {0};
    size_t expected = 0;
    unsigned seed = 7;
    assert_int_equal(rms_revocations_new(&set), 0);
    for (unsigned round = 0; round < 60; round++) {
        seed = seed * 1664525u + 1013904223u;
        unsigned first = seed >> 20;
        unsigned last = first + (seed >> 8 & 1023u) < 4096u ? first + (seed >> 8 & 1023u) : 4095u;
        bool revoked = (seed >> 4 & 3u) != 0;
        write_rows(lab, first, last, revoked);
        for (unsigned i = first; i <= last; i++) {
            model[i] = revoked;
        }
    }
    assert_int_equal(rms_revocations_follow(set, lab->db), 0);
    for (unsigned i = 0; i < 4096; i++) {
        assert_int_equal(has(set, i), model[i]);
        expected += model[i];
    }
    assert_int_equal(count_of(set), expected);
    rms_revocations_free(&set);
}

static void a_million_cost_memory_only(void **state)
{
    struct lab *lab = *state;
    struct rms_revocations *set = NULL;
    struct rms_revocations_stats stats;
    assert_int_equal(rms_revocations_new(&set), 0);
    write_rows(lab, 0, MANY - 1, true);
    int64_t began_ms = rms_clock_monotonic_ms();
    assert_int_equal(rms_revocations_follow(set, lab->db), 0);
    int64_t loaded_ms = rms_clock_monotonic_ms();
    rms_revocations_stats(set, &stats);
    assert_int_equal(stats.count, MANY);
    assert_true(stats.bytes <= 64u << 20);

    unsigned asked = 100000;
    for (unsigned i = 0; i < asked; i++) {
        assert_int_equal(has(set, i * 20), i * 20 < MANY);
    }
    int64_t asked_ms = rms_clock_monotonic_ms();
    write_rows(lab, 5, 5, false);
    int64_t changed_ms = rms_clock_monotonic_ms();
    assert_int_equal(rms_revocations_follow(set, lab->db), 0);
    assert_false(has(set, 5));
    print_message("%zu bytes; loaded in %lld ms; a question %lld ns; one change followed in %lld ms\n",
        stats.bytes, (long long)(loaded_ms - began_ms), (long long)(asked_ms - loaded_ms) * 1000000 / asked,
        (long long)(rms_clock_monotonic_ms() - changed_ms));
    assert_true(asked_ms - loaded_ms < 20000); /* with sanitizers on a busy machine; else about 50 ms */
    rms_revocations_free(&set);
}

/* --- threads ----------------------------------------------------------------------------------------------
 */

struct asking {
    struct rms_revocations *set;
    atomic_bool stop;
    atomic_bool wrong;
};

static void *ask(void *argument)
{
    struct asking *a = argument;
    char id[RMS_GUID_TEXT];
    while (!atomic_load(&a->stop) && !atomic_load(&a->wrong)) {
        struct rms_document_key key = key_of(0, id);
        bool revoked = false;
        if (rms_revocations_has(a->set, &key, 0, &revoked) < 0 || !revoked) {
            atomic_store(&a->wrong, true); /* revoked from begin to end */
        }
    }
    return NULL;
}

static void questions_and_changes_together(void **state)
{
    struct lab *lab = *state;
    struct asking a = {.set = NULL};
    pthread_t threads[2];
    assert_int_equal(rms_revocations_new(&a.set), 0);
    write_rows(lab, 0, 0, true);
    assert_int_equal(rms_revocations_follow(a.set, lab->db), 0);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, ask, &a), 0);
    }
    for (unsigned round = 0; round < 10; round++) { /* grows under way, and shrinks */
        write_rows(lab, 1, 3000, round % 2 == 0);
        assert_int_equal(rms_revocations_follow(a.set, lab->db), 0);
    }
    atomic_store(&a.stop, true);
    for (size_t i = 0; i < 2; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    assert_false(atomic_load(&a.wrong));
    rms_revocations_free(&a.set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB_TEST(follows_the_history),
        LAB_TEST(reaches_from_its_time_on),
        LAB_TEST(stays_right_under_many_changes),
        LAB_TEST(a_million_cost_memory_only),
        LAB_TEST(questions_and_changes_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
