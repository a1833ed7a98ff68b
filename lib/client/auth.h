/* Tokens: from the application's callback, or by OAuth 2.0 at the authority the service names. */
#ifndef RMS_CLIENT_AUTH_H
#define RMS_CLIENT_AUTH_H

#include "client/signin.h"

#define RMS_CLIENT_ID    "rms"
#define RMS_CLIENT_SCOPE "user_impersonation openid offline_access"

/* A current token for the sign-in (authority, resource and scope must be set): the stored one when it lasts
 * another minute and fresh is false, else a new one by callback or refresh. RMS_E_NOT_AUTHENTICATED when that
 * is not possible; RMS_E_UNREACHABLE when the authority does not answer. */
RMS_MUST_USE int rms_auth_token(
    struct rms_context *context, const struct rms_signin *signin, bool fresh, struct rms_buf *token_out);

/* A token for another service than the one the person is signed in at (abroad: its root, authority,
 * resource): by callback, else from the person's own service, where the other one trusts it and names it as
 * authority (S-268). Kept in abroad->access_token. RMS_E_NOT_AUTHENTICATED naming the domain where it does
 * not. */
RMS_MUST_USE int rms_auth_token_abroad(struct rms_context *context, struct rms_arena *arena,
    struct rms_signin *abroad, struct rms_buf *token_out);

/* Does the application give the tokens: by its callback, or a server by rms_token_set? */
bool rms_auth_supplied(struct rms_context *context);

/* After a 401 with this challenge: another token than the one refused. When a stronger or a more recent
 * sign-in is wanted (RFC 9470) the application is asked once, and told so; RMS_E_STEP_UP when there is nobody
 * to ask.
 */
RMS_MUST_USE int rms_auth_renew(struct rms_context *context, const struct rms_signin *signin,
    const char *challenge, struct rms_buf *token_out);

/* RMS_E_STEP_UP, with what is wanted as detail, when a challenge asks for such a sign-in; else 0. */
RMS_MUST_USE int rms_auth_step_up(struct rms_context *context, const char *challenge);

/* First half of every sign-in: normalises the hint (NULL allowed), finds the service, asks it for its
 * authority. */
RMS_MUST_USE int rms_auth_start(
    struct rms_context *context, struct rms_arena *arena, const char *address, struct rms_signin *signin_out);

/* Asks the service at signin->root which authority it wants: fills authority, resource, scope. */
RMS_MUST_USE int rms_auth_probe(
    struct rms_context *context, struct rms_arena *arena, const char *query, struct rms_signin *signin);

/* What an endpoint of the authority answered; absent members are NULL or 0. Texts are in the arena. */
struct rms_auth_reply {
    const char *error, *error_description;
    const char *access_token, *refresh_token;
    const char *device_code, *user_code, *verification_uri;
    int64_t expires_in, interval;
};

/* Posts a form to an endpoint of the authority ("token", "devicecode"). 0 with reply->error NULL is success;
 * an error of OAuth is RMS_E_NOT_AUTHENTICATED with reply->error set. */
RMS_MUST_USE int rms_auth_exchange(struct rms_context *context, struct rms_arena *arena,
    const struct rms_signin *signin, const char *endpoint, const struct rms_buf *form,
    struct rms_auth_reply *reply_out);

/* Appends "name=value" to a form. */
void rms_auth_field(struct rms_buf *form, const char *name, const char *value);

/* Second half: takes the tokens over, stores the sign-in and makes it the current one. */
RMS_MUST_USE int rms_auth_finish(struct rms_context *context, struct rms_arena *arena,
    struct rms_signin *signin, const struct rms_auth_reply *reply);

#endif
