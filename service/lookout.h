/* Looks at the store again and again, so that requests need not: how old is what the caches know?
 * (doc/dev/fail-over.md)
 *
 * While the store answers, a request goes on what was seen in the last half second. When its server is away,
 * requests go on what is in memory for a bounded time, the grace, and are refused behind it. */
#ifndef RMS_SERVICE_LOOKOUT_H
#define RMS_SERVICE_LOOKOUT_H

#include "store/store.h"

struct rms_lookout;

#define RMS_LOOKOUT_EVERY_MS  100
#define RMS_LOOKOUT_FRESH_MS  500
#define RMS_LOOKOUT_SILENT_MS 3000 /* a server that does not answer for so long is away */

struct rms_lookout_options {
    struct rms_store *store;
    int (*look)(void *context, struct rms_db *db); /* brings everything up to date that lives in memory */
    void *context;
    int grace_s; /* 0 for a store without a server */
};

/* Looks once, then starts the thread. An error is that of the first look. */
RMS_MUST_USE int rms_lookout_new(const struct rms_lookout_options *options, struct rms_lookout **lookout_out);
void rms_lookout_free(struct rms_lookout **lookout);

/* May a request go on what is in memory? Waits for a look that is late. RMS_E_UNREACHABLE: the server is
 * away, and the grace is over. */
RMS_MUST_USE int rms_lookout_current(struct rms_lookout *lookout);

/* About every 100 ms, by a thread that never asks the store: ends a look that hangs. */
void rms_lookout_tick(struct rms_lookout *lookout);

struct rms_lookout_state {
    bool away;
    int64_t seen_ms_ago; /* the last good look began then */
    int grace_s;
};
void rms_lookout_state(struct rms_lookout *lookout, struct rms_lookout_state *state_out);

#endif
