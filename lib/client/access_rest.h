/* Opening content of a service where this person has no certificates, over the public REST protocol
 * (rest-protocol section 9): the key comes over TLS, nothing is kept. */
#ifndef RMS_CLIENT_ACCESS_REST_H
#define RMS_CLIENT_ACCESS_REST_H

#include <jansson.h>

#include "client/access.h"

/* Tries the URLs of the licence, intranet first (C-014). The application's token callback answers the
 * service's challenge. RMS_E_UNKNOWN_KEY when there is no way to sign in there, RMS_E_SERVER_NOT_TRUSTED,
 * RMS_E_CONSENT_REFUSED, RMS_E_NEEDS_ONLINE. */
RMS_MUST_USE int rms_access_by_rest(
    struct rms_context *context, struct rms_access *access, struct rms_view licence);

/* Takes rights and key out of such a service's answer. */
RMS_MUST_USE int rms_access_take_rest(
    struct rms_context *context, struct rms_access *access, const json_t *reply);

/* What a denial says: the code, whom to ask and the service's own words in the thread's report. */
RMS_MUST_USE int rms_access_denied(struct rms_context *context, const json_t *reply);

#endif
