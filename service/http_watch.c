/* Deadlines of connections. MHD's own time-out counts from the last byte; this one does not forgive a peer
 * that sends one byte at a time (slow headers, slow body, slow reading of the reply). */
#include "service/http.h"

#include <pthread.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"

struct rms_watched {
    struct rms_watched *next;
    struct rms_watched *previous;
    int fd;
    atomic_int_least64_t deadline_ms;
    bool asked; /* only the connection's poller looks */
};

struct rms_watch {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    bool ending;
    struct rms_watched *first;
};

/* Shutting down makes MHD see the end of the stream; the descriptor stays MHD's to close. It cannot have been
 * closed and given out again: rms_watch_remove takes the lock and comes first. */
static void cut_late(struct rms_watch *watch)
{
    int64_t now = rms_clock_monotonic_ms();
    for (struct rms_watched *w = watch->first; w != NULL; w = w->next) {
        int64_t deadline = atomic_load_explicit(&w->deadline_ms, memory_order_relaxed);
        if (now > deadline) {
            (void)shutdown(w->fd, SHUT_RDWR);
            rms_watch_set(w, -1);
        }
    }
}

static void *watch_main(void *argument)
{
    struct rms_watch *watch = argument;
    (void)pthread_setname_np(pthread_self(), "http-watch");
    (void)pthread_mutex_lock(&watch->lock);
    while (!watch->ending) {
        struct timespec until;
        (void)clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += 1;
        (void)pthread_cond_timedwait(&watch->wake, &watch->lock, &until);
        cut_late(watch);
    }
    (void)pthread_mutex_unlock(&watch->lock);
    return NULL;
}

int rms_watch_new(struct rms_watch **watch_out)
{
    struct rms_watch *watch = rms_calloc(1, sizeof *watch);
    if (watch == NULL) {
        return RMS_E_NO_MEMORY;
    }
    (void)pthread_mutex_init(&watch->lock, NULL);
    (void)pthread_cond_init(&watch->wake, NULL);
    int err = pthread_create(&watch->thread, NULL, watch_main, watch);
    if (err != 0) {
        rms_free(watch);
        return rms_error_from_errno(err);
    }
    *watch_out = watch;
    return RMS_OK;
}

void rms_watch_free(struct rms_watch **watch)
{
    struct rms_watch *w = *watch;
    if (w == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&w->lock);
    w->ending = true;
    (void)pthread_cond_signal(&w->wake);
    (void)pthread_mutex_unlock(&w->lock);
    (void)pthread_join(w->thread, NULL);
    while (w->first != NULL) {
        struct rms_watched *first = w->first;
        rms_watch_remove(w, &first);
    }
    (void)pthread_mutex_destroy(&w->lock);
    (void)pthread_cond_destroy(&w->wake);
    rms_free(w);
    *watch = NULL;
}

struct rms_watched *rms_watch_add(struct rms_watch *watch, int fd, int64_t within_ms)
{
    struct rms_watched *watched = rms_calloc(1, sizeof *watched);
    if (watched == NULL) {
        return NULL;
    }
    watched->fd = fd;
    rms_watch_set(watched, within_ms);
    (void)pthread_mutex_lock(&watch->lock);
    watched->next = watch->first;
    if (watch->first != NULL) {
        watch->first->previous = watched;
    }
    watch->first = watched;
    (void)pthread_mutex_unlock(&watch->lock);
    return watched;
}

void rms_watch_set(struct rms_watched *watched, int64_t within_ms)
{
    int64_t deadline = within_ms < 0 ? INT64_MAX : rms_clock_monotonic_ms() + within_ms;
    if (watched != NULL) {
        atomic_store_explicit(&watched->deadline_ms, deadline, memory_order_relaxed);
    }
}

bool rms_watch_asks_first(struct rms_watched *watched)
{
    bool first = watched != NULL && !watched->asked;
    if (first) {
        watched->asked = true;
    }
    return first;
}

void rms_watch_remove(struct rms_watch *watch, struct rms_watched **watched)
{
    struct rms_watched *w = *watched;
    if (w == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&watch->lock);
    if (w->previous != NULL) {
        w->previous->next = w->next;
    } else {
        watch->first = w->next;
    }
    if (w->next != NULL) {
        w->next->previous = w->previous;
    }
    (void)pthread_mutex_unlock(&watch->lock);
    rms_free(w);
    *watched = NULL;
}
