/* How a message leaves: by SMTP (libcurl), or as a file in a directory. */
#ifndef RMS_SERVICE_MAIL_ROUTE_H
#define RMS_SERVICE_MAIL_ROUTE_H

#include <stdatomic.h>

#include "base/bytes.h"

struct rms_settings;
struct rms_mail_route; /* keeps a connection between messages; of one thread */

/* stop: when it becomes true, a message under way is given up. Both borrowed. */
RMS_MUST_USE int rms_mail_route_new(
    const struct rms_settings *settings, const atomic_bool *stop, struct rms_mail_route **route_out);
void rms_mail_route_free(struct rms_mail_route **route);

struct rms_mail_parcel {
    const char *id; /* fit for a file name */
    const char *recipient;
    struct rms_view message;
};

/* 0: taken over by the other side. RMS_E_BAD_ARGUMENT: refused for good, this message or its recipient.
 * RMS_E_THROTTLED: not now, this message. Everything else concerns the way itself: RMS_E_UNREACHABLE,
 * RMS_E_TLS, RMS_E_NOT_AUTHENTICATED, RMS_E_CANCELLED, or why the file could not be written. */
RMS_MUST_USE int rms_mail_route_send(struct rms_mail_route *route, const struct rms_mail_parcel *parcel);

/* What the server said, or what went wrong, for the operator. */
const char *rms_mail_route_detail(const struct rms_mail_route *route);

#endif
