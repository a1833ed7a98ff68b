/* The connection to one person's service: where its endpoints are and which tokens it wants. Shared by the
 * threads of a context; made on first use, dropped after sign-in, sign-out and when the service moved. */
#ifndef RMS_CLIENT_SESSION_H
#define RMS_CLIENT_SESSION_H

#include <jansson.h>

#include "base/bytes.h"
#include "client/signin.h"

struct rms_context;
struct rms_session;

enum rms_endpoint {
    RMS_EP_TEMPLATES,
    RMS_EP_PUBLISHING,
    RMS_EP_END_USER,
    RMS_EP_CLIENT_LICENSOR,
    RMS_EP_ACCOUNT,
    RMS_EP_LICENSOR,
    RMS_EP_USE,
    RMS_EP_SIGNED_TEMPLATES,
    RMS_EP_DOCUMENTS,
    RMS_EP_COUNT
};

/* A reference to the context's session. RMS_E_NOT_AUTHENTICATED, RMS_E_UNREACHABLE, RMS_E_NEEDS_ONLINE, ...
 */
RMS_MUST_USE int rms_session_get(struct rms_context *context, struct rms_session **session_out);
void rms_session_free(struct rms_session **session);
#define RMS_SESSION_CLEANUP __attribute__((cleanup(rms_session_free)))

/* The next rms_session_get makes a new one; forget also drops the stored endpoints. */
void rms_session_drop(struct rms_context *context, bool forget);

/* Strings live as long as the reference. url NULL: the service does not offer it. */
const struct rms_signin *rms_session_signin(const struct rms_session *session);
const char *rms_session_url(const struct rms_session *session, enum rms_endpoint endpoint);

/* Is this URL (of a publishing licence) one of the service we are signed in at? */
bool rms_session_serves(const struct rms_session *session, const char *url);

/* The endpoints in a discovery reply, into an array of RMS_EP_COUNT texts. RMS_E_UNSUPPORTED for a reply
 * without the names every service has, or with a URL that is not https (S-278). */
RMS_MUST_USE int rms_endpoints_parse(
    struct rms_arena *arena, const json_t *reply, const char *urls_out[RMS_EP_COUNT]);

#endif
