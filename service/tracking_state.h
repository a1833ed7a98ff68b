/* Tracking of a tenant, on or off (S-151, S-152): part of the tenant's settings. */
#ifndef RMS_SERVICE_TRACKING_STATE_H
#define RMS_SERVICE_TRACKING_STATE_H

#include "base/arena.h"
#include "base/error.h"

struct rms_tracking_pause {
    int64_t from;
    int64_t until; /* INT64_MAX: still */
};

struct rms_tracking_state {
    bool enabled;
    bool automatic;                          /* documents are registered without being asked for (S-153) */
    const struct rms_tracking_pause *pauses; /* oldest first */
    size_t pause_count;
};

/* From the settings of a tenant's row. Without settings it is on; with a text that cannot be read nothing is
 * registered that nobody asked for. Memory of the arena. */
RMS_MUST_USE int rms_tracking_state_read(
    struct rms_arena *arena, const char *settings, struct rms_tracking_state *state_out);

/* The settings with the switches set as given; at `now` a pause begins or ends. */
RMS_MUST_USE int rms_tracking_state_write(struct rms_arena *arena, const char *settings,
    const struct rms_tracking_state *wanted, int64_t now, const char **settings_out);

/* Was tracking off at that time? Events of then stay in the usage log only. */
bool rms_tracking_paused(const struct rms_tracking_state *state, int64_t time);

#endif
