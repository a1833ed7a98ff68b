#include "base/test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "service/signin_limit.h"

#define NOW 1700000000

static int setup(void **state)
{
    struct rms_limit *limit;
    int status = rms_limit_new(&limit);

    *state = limit;
    return status;
}

static int teardown(void **state)
{
    struct rms_limit *limit = *state;

    rms_limit_free(&limit);
    return 0;
}

static void fail_times(struct rms_limit *limit, enum rms_limit_kind kind, const char *name, int times)
{
    for (int i = 0; i < times; i++) {
        rms_limit_fail(limit, kind, name, NOW + i);
    }
}

static void ten_failures_close_the_door(void **state)
{
    struct rms_limit *limit = *state;

    fail_times(limit, RMS_LIMIT_ACCOUNT, "a@x.test", 9);
    assert_int_equal(rms_limit_wait(limit, RMS_LIMIT_ACCOUNT, "a@x.test", NOW + 9), 0);
    rms_limit_fail(limit, RMS_LIMIT_ACCOUNT, "a@x.test", NOW + 9);
    assert_int_equal(rms_limit_wait(limit, RMS_LIMIT_ACCOUNT, "a@x.test", NOW + 10), RMS_LIMIT_WINDOW_S - 10);
    assert_int_equal(rms_limit_wait(limit, RMS_LIMIT_ACCOUNT, "b@x.test", NOW + 10), 0);
    assert_int_equal(rms_limit_wait(limit, RMS_LIMIT_NETWORK, "a@x.test", NOW + 10), 0);
}

static void the_window_slides(void **state)
{
    struct rms_limit *limit = *state;

    fail_times(limit, RMS_LIMIT_CODE, "192.0.2.1", 10);
    assert_true(rms_limit_wait(limit, RMS_LIMIT_CODE, "192.0.2.1", NOW + RMS_LIMIT_WINDOW_S - 1) > 0);
    assert_int_equal(rms_limit_wait(limit, RMS_LIMIT_CODE, "192.0.2.1", NOW + RMS_LIMIT_WINDOW_S), 0);
    /* one place became free, not ten */
    rms_limit_fail(limit, RMS_LIMIT_CODE, "192.0.2.1", NOW + RMS_LIMIT_WINDOW_S);
    assert_true(rms_limit_wait(limit, RMS_LIMIT_CODE, "192.0.2.1", NOW + RMS_LIMIT_WINDOW_S) > 0);
}

static void each_kind_has_its_own_limit(void **state)
{
    struct rms_limit *limit = *state;

    for (int kind = 0; kind < RMS_LIMIT_KINDS; kind++) {
        int most = (int)rms_limit_most((enum rms_limit_kind)kind);

        fail_times(limit, (enum rms_limit_kind)kind, "n", most - 1);
        assert_int_equal(rms_limit_wait(limit, (enum rms_limit_kind)kind, "n", NOW + most), 0);
        rms_limit_fail(limit, (enum rms_limit_kind)kind, "n", NOW + most);
        assert_true(rms_limit_wait(limit, (enum rms_limit_kind)kind, "n", NOW + most) > 0);
    }
}

static void success_forgives(void **state)
{
    struct rms_limit *limit = *state;

    fail_times(limit, RMS_LIMIT_ACCOUNT, "c@x.test", 10);
    rms_limit_clear(limit, RMS_LIMIT_ACCOUNT, "c@x.test");
    assert_int_equal(rms_limit_wait(limit, RMS_LIMIT_ACCOUNT, "c@x.test", NOW + 10), 0);
    rms_limit_clear(limit, RMS_LIMIT_ACCOUNT, "never seen");
}

static void a_clock_set_back_does_not_lock_for_ever(void **state)
{
    struct rms_limit *limit = *state;

    fail_times(limit, RMS_LIMIT_ACCOUNT, "d@x.test", 10);
    assert_int_equal(rms_limit_wait(limit, RMS_LIMIT_ACCOUNT, "d@x.test", 1000), RMS_LIMIT_WINDOW_S);
}

/* Memory is bounded: a flood of names pushes old entries out and does no harm. */
static void a_flood_of_names_is_survived(void **state)
{
    struct rms_limit *limit = *state;
    char name[32];

    for (int i = 0; i < 50000; i++) {
        (void)snprintf(name, sizeof name, "u%d@x.test", i);
        rms_limit_fail(limit, RMS_LIMIT_ACCOUNT, name, NOW + i / 1000);
    }
    fail_times(limit, RMS_LIMIT_ACCOUNT, "last@x.test", 10);
    assert_true(rms_limit_wait(limit, RMS_LIMIT_ACCOUNT, "last@x.test", NOW + 10) > 0);
}

static void the_gate_counts(void **state)
{
    struct rms_gate *gate;

    (void)state;
    assert_int_equal(rms_gate_new(2, &gate), 0);
    assert_int_equal(rms_gate_enter(gate), 0);
    assert_int_equal(rms_gate_enter(gate), 0);
    assert_int_equal(rms_gate_enter(gate), RMS_E_THROTTLED);
    rms_gate_leave(gate);
    assert_int_equal(rms_gate_enter(gate), 0);
    rms_gate_free(&gate);
    rms_gate_free(&gate);
}

struct crowd {
    struct rms_gate *gate;
    atomic_int inside;
    atomic_int most;
};

static void *push(void *context)
{
    struct crowd *crowd = context;

    for (int i = 0; i < 20000; i++) {
        if (rms_gate_enter(crowd->gate) == 0) {
            int now = atomic_fetch_add(&crowd->inside, 1) + 1;

            if (now > atomic_load(&crowd->most)) {
                atomic_store(&crowd->most, now);
            }
            (void)atomic_fetch_sub(&crowd->inside, 1);
            rms_gate_leave(crowd->gate);
        }
    }
    return NULL;
}

static void the_gate_holds_under_pressure(void **state)
{
    struct crowd crowd = {NULL, 0, 0};
    pthread_t threads[4];

    (void)state;
    assert_int_equal(rms_gate_new(2, &crowd.gate), 0);
    for (size_t i = 0; i < RMS_COUNT(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, push, &crowd), 0);
    }
    for (size_t i = 0; i < RMS_COUNT(threads); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_in_range(atomic_load(&crowd.most), 1, 2);
    rms_gate_free(&crowd.gate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_failures_close_the_door),
        cmocka_unit_test(the_window_slides),
        cmocka_unit_test(each_kind_has_its_own_limit),
        cmocka_unit_test(success_forgives),
        cmocka_unit_test(a_clock_set_back_does_not_lock_for_ever),
        cmocka_unit_test(a_flood_of_names_is_survived),
        cmocka_unit_test(the_gate_counts),
        cmocka_unit_test(the_gate_holds_under_pressure),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
