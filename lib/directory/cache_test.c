/* What the cache keeps, for how long, and what many threads make of it. */
#include "directory/testing.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"

static struct rms_directory_stats stats_of(struct cast *cast)
{
    struct rms_directory_stats stats;

    rms_directory_stats(cast->directory, &stats);
    return stats;
}

static void test_warm_look_up_is_shared(void **state)
{
    struct cast *cast = *state;
    RMS_DIRECTORY_PERSON_CLEANUP const struct rms_directory_person *one =
        cast_person(cast, cast->c, cast->bob);
    RMS_DIRECTORY_PERSON_CLEANUP const struct rms_directory_person *two =
        cast_person(cast, cast->c, cast->bob);

    assert_ptr_equal(one, two);
    assert_int_equal(stats_of(cast).hits, 1);
    assert_int_equal(stats_of(cast).misses, 1);
    assert_int_equal(stats_of(cast).people, 1);
}

static void test_person_outlives_cache(void **state)
{
    struct cast *cast = *state;
    const struct rms_directory_person *person = cast_person(cast, cast->c, cast->erin);
    const struct rms_directory_person *again = rms_directory_ref(person);

    rms_directory_free(&cast->directory);
    rms_directory_unref(&person);
    assert_string_equal(again->upn, "erin@contoso.test");
    rms_directory_unref(&again);
    assert_null(again);
    rms_directory_unref(&again);
    assert_int_equal(rms_directory_new(cast->lab->store, 0, &cast->directory), 0);
}

/* touches: S-043 */
static void test_disabled_and_deleted_at_once(void **state)
{
    static const bool off = false;
    const struct rms_account_change change = {.enabled = &off};
    struct cast *cast = *state;
    const struct rms_directory_person *person = cast_person(cast, cast->c, cast->carol);

    assert_true(person->enabled);
    rms_directory_unref(&person);
    assert_int_equal(rms_account_change(cast->lab->db, cast->c, cast->carol, &change), 0);
    person = cast_person(cast, cast->c, cast->carol);
    assert_false(person->enabled);
    rms_directory_unref(&person);
    assert_int_equal(rms_account_delete(cast->lab->db, cast->c, cast->carol), 0);
    assert_int_equal(
        rms_directory_person(cast->directory, cast->lab->db, cast->c, cast->carol, &person), RMS_E_NOT_FOUND);
    assert_null(person);
}

/* Moves the clock of this process by so many seconds (base/clock.h). */
static void move_clock(const char *path, long seconds)
{
    FILE *file = fopen(path, "w");
    const struct timespec pause = {0, 60 * 1000 * 1000};

    assert_non_null(file);
    (void)fprintf(file, "%ld\n", seconds);
    (void)fclose(file);
    (void)nanosleep(&pause, NULL); /* the clock looks at the file every 50 ms */
    (void)rms_clock_now();
}

static void membership_keeps_its_time(struct cast *cast, const char *clock_file)
{
    struct rms_db *db = cast->lab->db;
    struct rms_tenant tenant;
    bool changed;
    const struct rms_super_user entry = {"carol@contoso.test", cast->carol, LAB_TIME, 0, NULL, NULL};
    const struct rms_directory_person *carol;

    assert_false(cast_opens(cast, "mkt@contoso.test", cast->carol));
    lab_join(cast->lab, cast->c, cast->mkt, cast->carol);
    assert_false(cast_opens(cast, "mkt@contoso.test", cast->carol));

    move_clock(clock_file, 10700); /* just before 3 hours */
    assert_false(cast_opens(cast, "mkt@contoso.test", cast->carol));
    carol = cast_person(cast, cast->c, cast->carol);
    assert_in_range(rms_clock_now() - carol->groups_read_at, 10700, 10799);
    rms_directory_unref(&carol);

    /* himself: at once; the membership stays as old as it is */
    assert_int_equal(rms_super_users_enable(db, cast->c, true, &changed), 0);
    assert_int_equal(rms_super_user_add(db, cast->c, &entry), 0);
    carol = cast_person(cast, cast->c, cast->carol);
    assert_true(carol->person.super_user);
    assert_false(rms_directory_in_group(carol, cast->mkt));
    rms_directory_unref(&carol);
    assert_int_equal(rms_super_user_remove(db, cast->c, entry.address), 0);
    assert_false(cast_opens(cast, "mkt@contoso.test", cast->carol));

    move_clock(clock_file, 10900); /* just after */
    assert_true(cast_opens(cast, "mkt@contoso.test", cast->carol));
    carol = cast_person(cast, cast->c, cast->carol);
    assert_in_range(rms_clock_now() - carol->groups_read_at, 0, 100);
    rms_directory_unref(&carol);

    /* a shorter time counts at once */
    assert_int_equal(rms_group_remove_member(db, cast->c, cast->mkt, cast->carol, NULL), 0);
    assert_true(cast_opens(cast, "mkt@contoso.test", cast->carol));
    assert_int_equal(rms_tenant_get(db, cast->lab->arena, cast->c, &tenant), 0);
    tenant.group_cache_s = 0;
    assert_int_equal(rms_tenant_update(db, &tenant), 0);
    assert_false(cast_opens(cast, "mkt@contoso.test", cast->carol));
    lab_join(cast->lab, cast->c, cast->mkt, cast->carol);
    assert_true(cast_opens(cast, "mkt@contoso.test", cast->carol));
}

/* touches: S-045
 * What the log says of the age is the service's. */
static void test_membership_keeps_its_time(void **state)
{
    struct cast *cast = *state;
    const char *clock_file = getenv("RMS_CLOCK_FILE");

    if (clock_file == NULL) {
        skip();
    }
    membership_keeps_its_time(cast, clock_file);
    move_clock(clock_file, 0);
}

/* A clock that is set back makes nothing young. */
static void test_clock_set_back(void **state)
{
    struct cast *cast = *state;
    const char *clock_file = getenv("RMS_CLOCK_FILE");

    if (clock_file == NULL) {
        skip();
    }
    move_clock(clock_file, 5000);
    assert_false(cast_opens(cast, "mkt@contoso.test", cast->carol));
    lab_join(cast->lab, cast->c, cast->mkt, cast->carol);
    move_clock(clock_file, 0);
    assert_true(cast_opens(cast, "mkt@contoso.test", cast->carol));
}

/* touches: S-046 */
static void test_refresh(void **state)
{
    struct cast *cast = *state;
    struct rms_db *db = cast->lab->db;

    assert_false(cast_opens(cast, "mkt@contoso.test", cast->carol));
    lab_join(cast->lab, cast->c, cast->mkt, cast->carol);
    assert_false(cast_opens(cast, "mkt@contoso.test", cast->carol));
    assert_int_equal(rms_directory_refresh(cast->directory, db, cast->c, "mkt"), 0);
    assert_true(cast_opens(cast, "mkt@contoso.test", cast->carol));

    assert_int_equal(rms_directory_refresh(cast->directory, db, cast->c, "nogroup"), RMS_E_NOT_FOUND);
    assert_int_equal(rms_directory_refresh(cast->directory, db, cast->c, "x@contoso.test"), RMS_E_NOT_FOUND);
}

/* One user: nobody else's membership becomes younger by it. */
static void test_refresh_one_user(void **state)
{
    struct cast *cast = *state;
    struct rms_db *db = cast->lab->db;

    assert_false(cast_opens(cast, "mkt@contoso.test", cast->carol));
    assert_false(cast_opens(cast, "mkt@contoso.test", cast->dave));
    lab_join(cast->lab, cast->c, cast->mkt, cast->carol);
    lab_join(cast->lab, cast->c, cast->mkt, cast->dave);
    assert_int_equal(rms_directory_refresh(cast->directory, db, cast->c, "carol@contoso.test"), 0);
    assert_true(cast_opens(cast, "mkt@contoso.test", cast->carol));
    assert_false(cast_opens(cast, "mkt@contoso.test", cast->dave));
    rms_directory_forget(cast->directory, cast->c, NULL);
    assert_true(cast_opens(cast, "mkt@contoso.test", cast->dave));
}

/* Another process has its own store, directory and connection; its changes show after the next poll. */
static void test_changes_of_another_process(void **state)
{
    static const bool off = false;
    const struct rms_account_change change = {.enabled = &off};
    const struct timespec poll = {0, 120 * 1000 * 1000};
    struct cast *cast = *state;
    struct rms_store *store = NULL;
    struct rms_db *db = NULL;
    const struct rms_directory_person *carol;

    assert_int_equal(rms_store_open(cast->lab->url, &store), 0);
    assert_int_equal(rms_db_open(store, &db), 0);
    assert_false(cast_opens(cast, "mkt@contoso.test", cast->carol));

    assert_int_equal(rms_account_change(db, cast->c, cast->carol, &change), 0);
    assert_int_equal(rms_group_add_member(db, cast->c, cast->mkt, cast->carol, NULL), 0);
    (void)nanosleep(&poll, NULL);
    carol = cast_person(cast, cast->c, cast->carol);
    assert_false(carol->enabled);
    rms_directory_unref(&carol);
    assert_false(cast_opens(cast, "mkt@contoso.test", cast->carol)); /* membership keeps its time */

    assert_int_equal(rms_changes_refresh(db), 0);
    (void)nanosleep(&poll, NULL);
    assert_true(cast_opens(cast, "mkt@contoso.test", cast->carol));
    rms_db_close(&db);
    rms_store_free(&store);
}

/* What is read inside a transaction may be undone: it is handed out, but not to others. */
static void test_uncommitted_is_not_kept(void **state)
{
    static const bool off = false;
    const struct rms_account_change change = {.enabled = &off};
    struct cast *cast = *state;
    struct rms_db *db = cast->lab->db;
    const struct rms_directory_person *carol;

    assert_int_equal(rms_db_begin(db), 0);
    assert_int_equal(rms_account_change(db, cast->c, cast->carol, &change), 0);
    carol = cast_person(cast, cast->c, cast->carol);
    assert_false(carol->enabled);
    rms_directory_unref(&carol);
    assert_int_equal(rms_db_end(db, RMS_E_CANCELLED), RMS_E_CANCELLED);
    carol = cast_person(cast, cast->c, cast->carol);
    assert_true(carol->enabled);
    rms_directory_unref(&carol);
}

static void test_bounded(void **state)
{
    struct cast *cast = *state;
    struct rms_directory *small = NULL;
    const char *people[] = {cast->alice, cast->bob, cast->carol, cast->dave, cast->erin};
    const struct rms_directory_person *person;
    struct rms_directory_stats stats;

    assert_int_equal(rms_directory_new(cast->lab->store, 3, &small), 0);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(rms_directory_person(small, cast->lab->db, cast->c, people[i], &person), 0);
        rms_directory_unref(&person);
        assert_int_equal(rms_directory_person(small, cast->lab->db, cast->c, people[0], &person), 0);
        rms_directory_unref(&person);
    }
    rms_directory_stats(small, &stats);
    assert_int_equal(stats.people, 3);
    assert_int_equal(stats.misses, 5); /* alice, asked for all the time, stayed */
    assert_int_equal(stats.hits, 5);
    rms_directory_free(&small);
    rms_directory_free(&small);
}

static void test_out_of_memory(void **state)
{
    struct cast *cast = *state;
    const struct rms_directory_person *person = NULL;
    int code = RMS_E_NO_MEMORY;

    for (long n = 0; code == RMS_E_NO_MEMORY && n < 1000; n++) {
        rms_directory_forget(cast->directory, cast->c, NULL);
        rms_mem_fail_after(n);
        code = rms_directory_person(cast->directory, cast->lab->db, cast->c, cast->erin, &person);
        rms_mem_fail_never();
        assert_int_equal(person != NULL, code == 0);
    }
    assert_int_equal(code, 0);
    assert_string_equal(person->address, "erin.m@contoso.test");
    rms_directory_unref(&person);
}

/* Threads */

#define THREADS 6
#define ROUNDS  3000

struct crowd {
    struct cast *cast;
    struct rms_directory *directory;
    const char *people[6];
    atomic_int failures;
    atomic_bool stop;
};

/* Every person handed out is whole and is the one asked for, whatever happens meanwhile. */
static void *ask(void *argument)
{
    struct crowd *crowd = argument;
    struct rms_db *db = NULL;

    if (rms_db_open(crowd->cast->lab->store, &db) < 0) {
        (void)atomic_fetch_add(&crowd->failures, 1);
        return NULL;
    }
    for (unsigned i = 0; i < ROUNDS; i++) {
        const char *id = crowd->people[(i * 7 + (unsigned)(uintptr_t)&db / 64) % 6];
        const struct rms_directory_person *person = NULL;
        int code = rms_directory_person(crowd->directory, db, crowd->cast->c, id, &person);

        if (code < 0 || strcmp(person->account_id, id) != 0 || strchr(person->upn, '@') == NULL ||
            person->person.domain_count != 2) {
            (void)atomic_fetch_add(&crowd->failures, 1);
        }
        rms_directory_unref(&person);
    }
    rms_db_close(&db);
    return NULL;
}

static void *disturb(void *argument)
{
    struct crowd *crowd = argument;
    const struct timespec pause = {0, 1000 * 1000};
    struct rms_db *db = NULL;
    bool on = false;

    if (rms_db_open(crowd->cast->lab->store, &db) < 0) {
        (void)atomic_fetch_add(&crowd->failures, 1);
        return NULL;
    }
    for (int i = 0; !atomic_load(&crowd->stop); i++) {
        const struct rms_account_change change = {.enabled = &on};
        int code = 0;

        on = !on;
        if (i % 3 == 0) {
            code = rms_account_change(db, crowd->cast->c, crowd->people[i % 6], &change);
        } else if (i % 3 == 1) {
            rms_directory_forget(crowd->directory, crowd->cast->c, i % 2 ? crowd->people[i % 6] : NULL);
        } else {
            code =
                rms_directory_refresh(crowd->directory, db, crowd->cast->c, i % 2 ? "mkt" : crowd->people[0]);
        }
        if (code < 0) {
            (void)atomic_fetch_add(&crowd->failures, 1);
        }
        (void)nanosleep(&pause, NULL);
    }
    rms_db_close(&db);
    return NULL;
}

static void test_threads(void **state)
{
    struct cast *cast = *state;
    struct crowd crowd = {
        .cast = cast, .people = {cast->alice, cast->bob, cast->carol, cast->dave, cast->erin, cast->frank}};
    pthread_t threads[THREADS];
    pthread_t disturber;

    assert_int_equal(
        rms_directory_new(cast->lab->store, 4, &crowd.directory), 0); /* too few: evictions too */
    assert_int_equal(pthread_create(&disturber, NULL, disturb, &crowd), 0);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, ask, &crowd), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    atomic_store(&crowd.stop, true);
    assert_int_equal(pthread_join(disturber, NULL), 0);
    assert_int_equal(atomic_load(&crowd.failures), 0);
    rms_directory_free(&crowd.directory);
}

/* Disabling is never missed: once the change has returned, every thread sees it on its next request. */
struct watch {
    struct cast *cast;
    atomic_uint phase; /* odd: surely disabled */
    atomic_int wrong;
    atomic_bool stop;
};

static void *watch(void *argument)
{
    struct watch *w = argument;
    struct rms_db *db = NULL;

    if (rms_db_open(w->cast->lab->store, &db) < 0) {
        (void)atomic_fetch_add(&w->wrong, 1);
        return NULL;
    }
    while (!atomic_load(&w->stop)) {
        unsigned before = atomic_load(&w->phase);
        const struct rms_directory_person *person = NULL;
        int code = rms_directory_person(w->cast->directory, db, w->cast->c, w->cast->carol, &person);

        if (code < 0 || (before % 2 == 1 && person->enabled && atomic_load(&w->phase) == before)) {
            (void)atomic_fetch_add(&w->wrong, 1);
        }
        rms_directory_unref(&person);
    }
    rms_db_close(&db);
    return NULL;
}

static void test_disabling_is_seen_by_all_threads(void **state)
{
    static const bool yes = true;
    static const bool no = false;
    const struct rms_account_change off = {.enabled = &no};
    const struct rms_account_change on = {.enabled = &yes};
    const struct timespec pause = {0, 2 * 1000 * 1000};
    struct cast *cast = *state;
    struct watch w = {.cast = cast};
    pthread_t threads[3];

    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, watch, &w), 0);
    }
    for (int i = 0; i < 50; i++) {
        assert_int_equal(rms_account_change(cast->lab->db, cast->c, cast->carol, &off), 0);
        (void)atomic_fetch_add(&w.phase, 1);
        (void)nanosleep(&pause, NULL);
        (void)atomic_fetch_add(&w.phase, 1);
        assert_int_equal(rms_account_change(cast->lab->db, cast->c, cast->carol, &on), 0);
    }
    atomic_store(&w.stop, true);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(atomic_load(&w.wrong), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CAST_TEST(test_warm_look_up_is_shared),
        CAST_TEST(test_person_outlives_cache),
        CAST_TEST(test_disabled_and_deleted_at_once),
        CAST_TEST(test_membership_keeps_its_time),
        CAST_TEST(test_clock_set_back),
        CAST_TEST(test_refresh),
        CAST_TEST(test_refresh_one_user),
        CAST_TEST(test_changes_of_another_process),
        CAST_TEST(test_uncommitted_is_not_kept),
        CAST_TEST(test_bounded),
        CAST_TEST(test_out_of_memory),
        CAST_TEST(test_threads),
        CAST_TEST(test_disabling_is_seen_by_all_threads),
    };
    char path[] = "/tmp/rms-clock-XXXXXX";
    int fd = mkstemp(path);
    int failed;

#ifdef RMS_TEST_CLOCK
    (void)setenv("RMS_CLOCK_FILE", path, 1);
#endif
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)close(fd);
    (void)unlink(path);
    return failed;
}
