/* Tracking: telling the service of protected files, and asking it about them (doc/dev/tracking.md). */
#ifndef RMS_CLIENT_TRACKING_H
#define RMS_CLIENT_TRACKING_H

#include "base/bytes.h"

struct rms_context;

/* A document as the service registers it. */
struct rms_tracking_notice {
    struct rms_view licence;
    const char *name;
    const char *previous_id; /* what it was protected again from; NULL or "": nothing */
};

#define RMS_TRACKING_NOTICES_MAX 256 /* in one call */

/* RMS_E_ROLE_REQUIRED and the like are those of the first that was not registered. */
RMS_MUST_USE int rms_tracking_send(
    struct rms_context *context, const struct rms_tracking_notice *notices, size_t count);

#endif
