/* A bounded queue between threads, and a pool of threads that serve one. */
#ifndef RMS_BASE_QUEUE_H
#define RMS_BASE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct rms_pool;

/* job runs on one of `threads` threads with its argument. thread_init/thread_fini (may be NULL) make and end
 * per-thread state that job receives as its first argument. */
struct rms_pool_options {
    const char *name; /* shown in top and logs, at most 15 characters */
    size_t threads;
    size_t capacity; /* jobs waiting at most */
    void *(*thread_init)(void *context, size_t index);
    void (*thread_fini)(void *context, void *state);
    void (*job)(void *state, void *argument);
    void *context;
};

RMS_MUST_USE int rms_pool_new(const struct rms_pool_options *options, struct rms_pool **pool_out);

/* Never blocks: RMS_E_THROTTLED when the queue is full. */
RMS_MUST_USE int rms_pool_submit(struct rms_pool *pool, void *argument);

/* Waits for room instead; a job that waits for its own pool may wait for ever. */
void rms_pool_submit_wait(struct rms_pool *pool, void *argument);

/* Waits until every submitted job has run. */
void rms_pool_drain(struct rms_pool *pool);

/* How many jobs wait for a thread now. */
size_t rms_pool_waiting(struct rms_pool *pool);

/* Drains, ends the threads, frees. Accepts NULL. */
void rms_pool_free(struct rms_pool **pool);

#endif
