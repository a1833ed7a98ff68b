#include "base/test.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/queue.h"

struct shared {
    atomic_int inits;
    atomic_int finis;
    atomic_int jobs;
    atomic_long sum;
    sem_t started;
    sem_t gate;
};

static void *count_init(void *context, size_t index)
{
    struct shared *shared = context;

    (void)index;
    atomic_fetch_add(&shared->inits, 1);
    return shared;
}

static void count_fini(void *context, void *state)
{
    struct shared *shared = context;

    assert_ptr_equal(state, shared);
    atomic_fetch_add(&shared->finis, 1);
}

static void add(void *state, void *argument)
{
    struct shared *shared = state;

    atomic_fetch_add(&shared->jobs, 1);
    atomic_fetch_add(&shared->sum, (long)(intptr_t)argument);
}

/* Holds the thread until the test opens the gate. */
static void hold(void *state, void *argument)
{
    struct shared *shared = state;

    (void)sem_post(&shared->started);
    (void)sem_wait(&shared->gate);
    add(state, argument);
}

static struct rms_pool_options options(struct shared *shared, size_t threads, size_t capacity)
{
    (void)sem_init(&shared->started, 0, 0);
    (void)sem_init(&shared->gate, 0, 0);
    return (struct rms_pool_options){.name = "a name longer than fifteen",
        .threads = threads,
        .capacity = capacity,
        .thread_init = count_init,
        .thread_fini = count_fini,
        .job = add,
        .context = shared};
}

static void runs_every_job_once(void **state)
{
    struct shared shared = {0};
    struct rms_pool_options wanted = options(&shared, 4, 8);
    struct rms_pool *pool;

    (void)state;
    assert_int_equal(rms_pool_new(&wanted, &pool), 0);
    for (long i = 1; i <= 1000; i++) {
        rms_pool_submit_wait(pool, (void *)(intptr_t)i);
    }
    rms_pool_drain(pool);
    assert_int_equal(atomic_load(&shared.jobs), 1000);
    assert_int_equal(atomic_load(&shared.sum), 500500);
    rms_pool_free(&pool);
    assert_null(pool);
    assert_int_equal(atomic_load(&shared.inits), 4);
    assert_int_equal(atomic_load(&shared.finis), 4);
    rms_pool_free(&pool);
}

static void refuses_when_full(void **state)
{
    struct shared shared = {0};
    struct rms_pool_options wanted = options(&shared, 1, 2);
    struct rms_pool *pool;

    (void)state;
    wanted.job = hold;
    assert_int_equal(rms_pool_new(&wanted, &pool), 0);
    assert_int_equal(rms_pool_submit(pool, NULL), 0);
    (void)sem_wait(&shared.started);
    assert_int_equal(rms_pool_submit(pool, NULL), 0);
    assert_int_equal(rms_pool_submit(pool, NULL), 0);
    assert_int_equal(rms_pool_submit(pool, NULL), RMS_E_THROTTLED);
    for (int i = 0; i < 3; i++) {
        (void)sem_post(&shared.gate);
    }
    rms_pool_drain(pool);
    assert_int_equal(rms_pool_submit(pool, NULL), 0);
    (void)sem_post(&shared.gate);
    rms_pool_free(&pool);
    assert_int_equal(atomic_load(&shared.jobs), 4);
}

static void freeing_runs_what_waits(void **state)
{
    struct shared shared = {0};
    struct rms_pool_options wanted = options(&shared, 2, 100);
    struct rms_pool *pool;

    (void)state;
    assert_int_equal(rms_pool_new(&wanted, &pool), 0);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(rms_pool_submit(pool, NULL), 0);
    }
    rms_pool_free(&pool);
    assert_int_equal(atomic_load(&shared.jobs), 100);
}

static void an_idle_pool_drains_at_once(void **state)
{
    struct shared shared = {0};
    struct rms_pool_options wanted = options(&shared, 2, 1);
    struct rms_pool *pool;

    (void)state;
    assert_int_equal(rms_pool_new(&wanted, &pool), 0);
    rms_pool_drain(pool);
    rms_pool_free(&pool);
}

static void refuses_senseless_options(void **state)
{
    struct shared shared = {0};
    struct rms_pool_options wanted[] = {
        options(&shared, 0, 1), options(&shared, 1, 0), options(&shared, 1, 1)};
    struct rms_pool *pool;

    (void)state;
    wanted[2].job = NULL;
    for (size_t i = 0; i < RMS_COUNT(wanted); i++) {
        assert_int_equal(rms_pool_new(&wanted[i], &pool), RMS_E_BAD_ARGUMENT);
        assert_null(pool);
    }
}

static void every_allocation_may_fail(void **state)
{
    struct shared shared = {0};
    struct rms_pool_options wanted = options(&shared, 2, 2);
    struct rms_pool *pool;

    (void)state;
    for (long count = 0; count < 3; count++) {
        rms_mem_fail_after(count);
        assert_int_equal(rms_pool_new(&wanted, &pool), RMS_E_NO_MEMORY);
        rms_mem_fail_never();
        assert_null(pool);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_every_job_once),
        cmocka_unit_test(refuses_when_full),
        cmocka_unit_test(freeing_runs_what_waits),
        cmocka_unit_test(an_idle_pool_drains_at_once),
        cmocka_unit_test(refuses_senseless_options),
        cmocka_unit_test(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
