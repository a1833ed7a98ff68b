#include "base/test.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "service/lookout.h"
#include "store/testing.h"

/* What the next looks give. */
struct sky {
    atomic_int code;
    atomic_int looks;
    atomic_bool silent;
};

static int look(void *context, struct rms_db *db)
{
    struct sky *sky = context;
    (void)db;
    (void)atomic_fetch_add(&sky->looks, 1);
    while (atomic_load(&sky->silent)) {
        (void)usleep(1000);
    }
    return atomic_load(&sky->code);
}

static struct rms_lookout *open_lookout(struct lab *lab, struct sky *sky, int grace_s)
{
    const struct rms_lookout_options options = {
        .store = lab->store, .look = look, .context = sky, .grace_s = grace_s};
    struct rms_lookout *lookout = NULL;
    assert_int_equal(rms_lookout_new(&options, &lookout), 0);
    return lookout;
}

/* Until it answers so; the machine may be slow. */
static void wait_for(struct rms_lookout *lookout, int code)
{
    int64_t until = rms_clock_monotonic_ms() + 60000;
    while (rms_lookout_current(lookout) != code) {
        assert_true(rms_clock_monotonic_ms() < until);
        (void)usleep(1000);
    }
}

static void looks_again_and_again(void **state)
{
    struct sky sky = {0};
    struct rms_lookout *lookout = open_lookout(*state, &sky, 60);
    while (atomic_load(&sky.looks) < 5) {
        assert_int_equal(rms_lookout_current(lookout), 0);
        (void)usleep(1000);
    }
    rms_lookout_free(&lookout);
    rms_lookout_free(&lookout);
}

static void the_first_look_must_succeed(void **state)
{
    struct lab *lab = *state;
    struct sky sky = {.code = RMS_E_DAMAGED};
    const struct rms_lookout_options options = {.store = lab->store, .look = look, .context = &sky};
    struct rms_lookout *lookout = NULL;
    assert_int_equal(rms_lookout_new(&options, &lookout), RMS_E_DAMAGED);
    assert_null(lookout);
}

/* Without a server, or without a grace, old knowledge does not count. */
static void failures_close(void **state)
{
    static const int codes[] = {RMS_E_UNREACHABLE, RMS_E_DAMAGED, RMS_E_IO};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        struct sky sky = {0};
        struct rms_lookout *lookout = open_lookout(*state, &sky, 0);
        atomic_store(&sky.code, codes[i]);
        wait_for(lookout, codes[i]);
        atomic_store(&sky.code, 0);
        wait_for(lookout, 0);
        rms_lookout_free(&lookout);
    }
}

/* On a server: a grace, but not for what is damaged. */
static void the_grace_is_for_a_server_that_is_away(void **state)
{
    struct lab *lab = *state;
    struct sky sky = {0};
    struct rms_lookout *lookout = open_lookout(lab, &sky, 2);
    struct rms_lookout_state seen;
    struct rms_changes changes;
    if (!rms_store_has_server(lab->store)) {
        rms_lookout_state(lookout, &seen);
        assert_int_equal(seen.grace_s, 0);
        rms_lookout_free(&lookout);
        return;
    }
    atomic_store(&sky.code, RMS_E_UNREACHABLE);
    do {
        rms_lookout_state(lookout, &seen);
    } while (!seen.away);
    wait_for(lookout, RMS_E_UNREACHABLE);
    rms_lookout_state(lookout, &seen);
    assert_true(seen.away && seen.seen_ms_ago >= 2000);
    /* and meanwhile nobody else asks it, nor takes that for an answer */
    (void)rms_db_was_unreachable(lab->db);
    assert_int_equal(rms_changes_read(lab->db, &changes), RMS_E_UNREACHABLE);
    assert_true(rms_db_was_unreachable(lab->db));
    assert_false(rms_db_was_unreachable(lab->db));
    atomic_store(&sky.code, 0);
    wait_for(lookout, 0);
    assert_int_equal(rms_changes_read(lab->db, &changes), 0);
    atomic_store(&sky.code, RMS_E_DAMAGED);
    wait_for(lookout, RMS_E_DAMAGED);
    rms_lookout_free(&lookout);
}

static void *tick(void *argument)
{
    for (int i = 0; i < 60; i++) {
        rms_lookout_tick(argument);
        (void)usleep(100000);
    }
    return NULL;
}

/* Requests wait for a look that is late, and no longer than until it counts as silent. */
static void silence_is_noticed(void **state)
{
    struct sky sky = {0};
    struct rms_lookout *lookout = open_lookout(*state, &sky, 0);
    pthread_t ticking;
    assert_int_equal(pthread_create(&ticking, NULL, tick, lookout), 0);
    atomic_store(&sky.silent, true);
    int64_t began_ms = rms_clock_monotonic_ms();
    wait_for(lookout, RMS_E_UNREACHABLE);
    assert_true(rms_clock_monotonic_ms() - began_ms >= RMS_LOOKOUT_FRESH_MS);
    atomic_store(&sky.silent, false);
    wait_for(lookout, 0);
    (void)pthread_join(ticking, NULL);
    rms_lookout_free(&lookout);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB_TEST(looks_again_and_again),
        LAB_TEST(the_first_look_must_succeed),
        LAB_TEST(failures_close),
        LAB_TEST(the_grace_is_for_a_server_that_is_away),
        LAB_TEST(silence_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
