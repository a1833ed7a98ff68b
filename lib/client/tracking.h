/* Tracking (doc/dev/tracking.md): telling the service of protected files, and asking it about them. */
#ifndef RMS_CLIENT_TRACKING_H
#define RMS_CLIENT_TRACKING_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

struct rms_errand;
struct rms_work;

#define RMS_TRACKING_NOTICES_MAX 256

/* Bits of enum rms_notification that mean something together. */
bool rms_tracking_notify_ok(unsigned notify);

/* NotificationInfo: culture and time zone of this system, as a new object. */
json_t *rms_tracking_style(void);

/* Tells the service of what was just protected, where settings and options want that. A service that is not
 * there, or does not want to know, is no failure: what it was not told of it registers when somebody else
 * opens it for the first time. At most RMS_TRACKING_NOTICES_MAX. */
void rms_tracking_announce(
    const struct rms_errand *errand, const struct rms_work *const *works, size_t count);

#endif
