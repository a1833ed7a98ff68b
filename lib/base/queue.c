#include "base/queue.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#include "base/mem.h"

struct worker {
    struct rms_pool *pool;
    size_t index;
    pthread_t thread;
};

struct rms_pool {
    struct rms_pool_options options;
    struct worker *workers;
    size_t started;
    pthread_mutex_t lock;
    pthread_cond_t work; /* something waits, or the end */
    pthread_cond_t room; /* a place became free */
    pthread_cond_t idle; /* nothing waits or runs */
    void **ring;
    size_t head;
    size_t waiting;
    size_t running;
    bool ending;
};

static void *take(struct rms_pool *pool)
{
    void *argument = pool->ring[pool->head];

    pool->head = (pool->head + 1) % pool->options.capacity;
    pool->waiting--;
    pool->running++;
    (void)pthread_cond_signal(&pool->room);
    return argument;
}

static void serve(struct rms_pool *pool, void *state)
{
    void *argument;

    (void)pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (pool->waiting == 0 && !pool->ending) {
            (void)pthread_cond_wait(&pool->work, &pool->lock);
        }
        if (pool->waiting == 0) {
            break;
        }
        argument = take(pool);
        (void)pthread_mutex_unlock(&pool->lock);
        pool->options.job(state, argument);
        (void)pthread_mutex_lock(&pool->lock);
        if (--pool->running == 0 && pool->waiting == 0) {
            (void)pthread_cond_broadcast(&pool->idle);
        }
    }
    (void)pthread_mutex_unlock(&pool->lock);
}

static void *worker_main(void *argument)
{
    struct worker *worker = argument;
    const struct rms_pool_options *options = &worker->pool->options;
    void *state = NULL;
    char name[16];

    (void)snprintf(name, sizeof name, "%s", options->name != NULL ? options->name : "pool");
    (void)pthread_setname_np(pthread_self(), name);
    if (options->thread_init != NULL) {
        state = options->thread_init(options->context, worker->index);
    }
    serve(worker->pool, state);
    if (options->thread_fini != NULL) {
        options->thread_fini(options->context, state);
    }
    return NULL;
}

/* Signals belong to the thread that made the pool: new threads inherit a full mask. */
static int start_threads(struct rms_pool *pool)
{
    sigset_t all;
    sigset_t old;
    int err = 0;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    while (pool->started < pool->options.threads && err == 0) {
        struct worker *worker = &pool->workers[pool->started];

        *worker = (struct worker){.pool = pool, .index = pool->started};
        err = pthread_create(&worker->thread, NULL, worker_main, worker);
        pool->started += err == 0;
    }
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    return err == 0 ? 0 : RMS_E_NO_MEMORY;
}

int rms_pool_new(const struct rms_pool_options *options, struct rms_pool **pool_out)
{
    struct rms_pool *pool;

    *pool_out = NULL;
    if (options->threads == 0 || options->capacity == 0 || options->job == NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    pool = rms_calloc(1, sizeof *pool);
    if (pool == NULL) {
        return RMS_E_NO_MEMORY;
    }
    pool->options = *options;
    (void)pthread_mutex_init(&pool->lock, NULL);
    (void)pthread_cond_init(&pool->work, NULL);
    (void)pthread_cond_init(&pool->room, NULL);
    (void)pthread_cond_init(&pool->idle, NULL);
    pool->workers = rms_calloc(options->threads, sizeof *pool->workers);
    pool->ring = rms_calloc(options->capacity, sizeof *pool->ring);
    if (pool->workers == NULL || pool->ring == NULL || start_threads(pool) != 0) {
        rms_pool_free(&pool);
        return RMS_E_NO_MEMORY;
    }
    *pool_out = pool;
    return 0;
}

/* Needs the lock and a free place. */
static void put(struct rms_pool *pool, void *argument)
{
    pool->ring[(pool->head + pool->waiting) % pool->options.capacity] = argument;
    pool->waiting++;
    (void)pthread_cond_signal(&pool->work);
}

size_t rms_pool_waiting(struct rms_pool *pool)
{
    size_t waiting;

    (void)pthread_mutex_lock(&pool->lock);
    waiting = pool->waiting;
    (void)pthread_mutex_unlock(&pool->lock);
    return waiting;
}

int rms_pool_submit(struct rms_pool *pool, void *argument)
{
    int status = RMS_E_THROTTLED;

    (void)pthread_mutex_lock(&pool->lock);
    if (pool->waiting < pool->options.capacity) {
        put(pool, argument);
        status = 0;
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return status;
}

void rms_pool_submit_wait(struct rms_pool *pool, void *argument)
{
    (void)pthread_mutex_lock(&pool->lock);
    while (pool->waiting == pool->options.capacity) {
        (void)pthread_cond_wait(&pool->room, &pool->lock);
    }
    put(pool, argument);
    (void)pthread_mutex_unlock(&pool->lock);
}

void rms_pool_drain(struct rms_pool *pool)
{
    (void)pthread_mutex_lock(&pool->lock);
    while (pool->waiting > 0 || pool->running > 0) {
        (void)pthread_cond_wait(&pool->idle, &pool->lock);
    }
    (void)pthread_mutex_unlock(&pool->lock);
}

void rms_pool_free(struct rms_pool **pool_ref)
{
    struct rms_pool *pool = *pool_ref;

    if (pool == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&pool->lock);
    pool->ending = true;
    (void)pthread_cond_broadcast(&pool->work);
    (void)pthread_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < pool->started; i++) {
        (void)pthread_join(pool->workers[i].thread, NULL);
    }
    (void)pthread_cond_destroy(&pool->idle);
    (void)pthread_cond_destroy(&pool->room);
    (void)pthread_cond_destroy(&pool->work);
    (void)pthread_mutex_destroy(&pool->lock);
    rms_free(pool->ring);
    rms_free(pool->workers);
    rms_free(pool);
    *pool_ref = NULL;
}
