#include "service/lookout.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

struct rms_lookout {
    struct rms_lookout_options options;
    struct rms_db *db;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t looked;
    atomic_int_fast64_t
        fresh_ms;     /* begin of the last good look: what is committed during one may be missed */
    int64_t asked_ms; /* begin of the look under way; 0: none */
    bool severed;     /* it was given up */
    bool ending;
    int failure; /* of the last look */
};

static void wait_until(struct rms_lookout *lookout, int64_t ms)
{
    const struct timespec until = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    (void)pthread_cond_timedwait(&lookout->looked, &lookout->lock, &until);
}

/* --- looking ----------------------------------------------------------------------------------------- */

static void report(const struct rms_lookout *lookout, int before, int64_t now_ms)
{
    char seconds[24];

    (void)snprintf(
        seconds, sizeof seconds, "%lld", (long long)(now_ms - atomic_load(&lookout->fresh_ms)) / 1000);
    if (before == 0 && lookout->failure < 0) {
        rms_log(RMS_LOG_ERROR, "store.away", "reason", rms_error_info(lookout->failure)->reason, NULL);
    } else if (before < 0 && lookout->failure == 0) {
        rms_log(RMS_LOG_INFO, "store.back", "seconds", seconds, NULL);
    }
}

/* Under the lock, which is open while the store is asked. */
static void look(struct rms_lookout *lookout)
{
    int64_t began_ms = rms_clock_monotonic_ms();
    int before = lookout->failure;

    lookout->asked_ms = began_ms;
    lookout->severed = false;
    (void)pthread_mutex_unlock(&lookout->lock);
    int rc = lookout->options.look(lookout->options.context, lookout->db);
    rms_store_set_away(lookout->options.store, rc == RMS_E_UNREACHABLE);
    (void)pthread_mutex_lock(&lookout->lock);
    lookout->asked_ms = 0;
    lookout->failure = rc;
    report(lookout, before, began_ms);
    if (rc == RMS_OK) {
        atomic_store(&lookout->fresh_ms, began_ms);
    }
    (void)pthread_cond_broadcast(&lookout->looked);
}

static void *lookout_main(void *argument)
{
    struct rms_lookout *lookout = argument;

    (void)pthread_setname_np(pthread_self(), "store-lookout");
    (void)pthread_mutex_lock(&lookout->lock);
    while (!lookout->ending) {
        look(lookout);
        if (!lookout->ending) {
            wait_until(lookout, rms_clock_monotonic_ms() + RMS_LOOKOUT_EVERY_MS);
        }
    }
    (void)pthread_mutex_unlock(&lookout->lock);
    return NULL;
}

static bool is_silent(const struct rms_lookout *lookout, int64_t now_ms)
{
    return lookout->asked_ms != 0 && now_ms - lookout->asked_ms >= RMS_LOOKOUT_SILENT_MS;
}

void rms_lookout_tick(struct rms_lookout *lookout)
{
    bool silent;

    (void)pthread_mutex_lock(&lookout->lock);
    silent = !lookout->severed && is_silent(lookout, rms_clock_monotonic_ms());
    lookout->severed |= silent;
    (void)pthread_mutex_unlock(&lookout->lock);
    if (silent) {
        rms_log(RMS_LOG_ERROR, "store.silent", NULL);
        rms_store_set_away(lookout->options.store, true);
        rms_store_sever(lookout->options.store);
    }
}

/* --- asking ------------------------------------------------------------------------------------------ */

static int64_t age_ms(struct rms_lookout *lookout, int64_t now_ms)
{
    return now_ms - atomic_load_explicit(&lookout->fresh_ms, memory_order_relaxed);
}

/* Under the lock. A look that is late is waited for until it counts as silent: as long as the store answers
 * at all nobody goes on old knowledge. */
static int judge(struct rms_lookout *lookout)
{
    int64_t began_ms = rms_clock_monotonic_ms();
    int64_t now_ms = began_ms;

    while (age_ms(lookout, now_ms) > RMS_LOOKOUT_FRESH_MS) {
        bool silent = is_silent(lookout, now_ms) || now_ms - began_ms >= 2 * RMS_LOOKOUT_SILENT_MS;
        int failure = silent ? RMS_E_UNREACHABLE : lookout->failure;

        if (failure < 0) {
            bool graced = failure == RMS_E_UNREACHABLE &&
                          age_ms(lookout, now_ms) <= (int64_t)lookout->options.grace_s * 1000;
            return graced ? RMS_OK : failure;
        }
        wait_until(lookout, now_ms + RMS_LOOKOUT_EVERY_MS);
        now_ms = rms_clock_monotonic_ms();
    }
    return RMS_OK;
}

int rms_lookout_current(struct rms_lookout *lookout)
{
    int rc;

    if (age_ms(lookout, rms_clock_monotonic_ms()) <= RMS_LOOKOUT_FRESH_MS) {
        return RMS_OK;
    }
    (void)pthread_mutex_lock(&lookout->lock);
    rc = judge(lookout);
    (void)pthread_mutex_unlock(&lookout->lock);
    return rc;
}

void rms_lookout_state(struct rms_lookout *lookout, struct rms_lookout_state *state_out)
{
    int64_t now_ms = rms_clock_monotonic_ms();

    (void)pthread_mutex_lock(&lookout->lock);
    *state_out = (struct rms_lookout_state){
        .away = lookout->failure < 0 || is_silent(lookout, now_ms),
        .seen_ms_ago = age_ms(lookout, now_ms),
        .grace_s = lookout->options.grace_s,
    };
    (void)pthread_mutex_unlock(&lookout->lock);
}

/* --- life -------------------------------------------------------------------------------------------- */

static void init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;

    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(condition, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

static int start(struct rms_lookout *lookout)
{
    int64_t began_ms = rms_clock_monotonic_ms();

    RMS_TRY(rms_db_open(lookout->options.store, &lookout->db));
    rms_db_set_watch(lookout->db);
    RMS_TRY(lookout->options.look(lookout->options.context, lookout->db));
    atomic_init(&lookout->fresh_ms, began_ms);
    return rms_error_from_errno(pthread_create(&lookout->thread, NULL, lookout_main, lookout));
}

static void release(struct rms_lookout *lookout)
{
    rms_db_close(&lookout->db);
    (void)pthread_cond_destroy(&lookout->looked);
    (void)pthread_mutex_destroy(&lookout->lock);
    rms_free(lookout);
}

int rms_lookout_new(const struct rms_lookout_options *options, struct rms_lookout **lookout_out)
{
    struct rms_lookout *lookout = rms_calloc(1, sizeof *lookout);

    if (lookout == NULL) {
        return RMS_E_NO_MEMORY;
    }
    lookout->options = *options;
    lookout->options.grace_s = rms_store_has_server(options->store) ? options->grace_s : 0;
    (void)pthread_mutex_init(&lookout->lock, NULL);
    init_condition(&lookout->looked);
    int rc = start(lookout);
    if (rc < 0) {
        release(lookout);
        return rc;
    }
    *lookout_out = lookout;
    return RMS_OK;
}

void rms_lookout_free(struct rms_lookout **lookout)
{
    struct rms_lookout *w = *lookout;

    if (w == NULL) {
        return;
    }
    rms_store_sever(w->options.store); /* nobody waits for a silent server at the end */
    (void)pthread_mutex_lock(&w->lock);
    w->ending = true;
    (void)pthread_cond_broadcast(&w->looked);
    (void)pthread_mutex_unlock(&w->lock);
    (void)pthread_join(w->thread, NULL);
    release(w);
    *lookout = NULL;
}
