/* Inside of the built-in sign-in: what its handlers share. */
#ifndef RMS_SERVICE_SIGNIN_CORE_H
#define RMS_SERVICE_SIGNIN_CORE_H

#include "base/json.h"
#include "crypto/digest.h"
#include "directory/directory.h"
#include "service/signin.h"
#include "service/signin_form.h"
#include "service/signin_limit.h"
#include "service/tenant.h"
#include "store/oauth.h"

/* ES256 over a digest with a tenant's token key; keyd does it, tests have keys of their own. */
typedef int (*rms_signin_signer)(struct rms_request *request, const char *key_id,
    const uint8_t digest[RMS_SHA256_BYTES], uint8_t signature_out[64]);

struct rms_signin {
    struct rms_limit *limit;
    struct rms_gate *gate; /* password checks at once */
    rms_signin_signer sign;
    const char *resource; /* "https://HOST/" */
    struct rms_buf resource_text;
};

/* --- authorities and clients ------------------------------------------------------------------------ */

struct rms_authority {
    const struct rms_live_tenant *tenant; /* NULL: the neutral one */
    const char *base;                     /* "https://HOST/SEGMENT", also the issuer */
};

/* From the first path parameter. RMS_E_NOT_FOUND when it names none. */
RMS_MUST_USE int rms_signin_authority(
    struct rms_front *front, struct rms_request *request, struct rms_authority *authority_out);

/* The issuer of a tenant, in the arena; NULL when memory is exhausted. */
const char *rms_signin_issuer(const struct rms_front *front, struct rms_arena *arena, const char *tenant_id);

#define RMS_CLIENT_ID "rms" /* ours: public, loopback redirects, every grant */

struct rms_signin_client {
    const char *id;
    const char *name; /* as shown to people */
    const char *const *redirect_uris;
    size_t redirect_uri_count;
    bool first_party;
    bool legacy_no_pkce;
};

/* tenant NULL: only the first-party client is known. RMS_E_NOT_FOUND for an unknown id. */
RMS_MUST_USE int rms_signin_client(struct rms_request *request, const struct rms_live_tenant *tenant,
    const char *client_id, struct rms_signin_client *client_out);

/* The resource parameter may be absent or name this service, by URL, URL without slash, or host. */
bool rms_signin_resource_ok(const struct rms_front *front, const char *resource);

/* Does it name another service, as "https://HOST/" or "https://HOST:PORT/" and nothing else? Our own client
 * gets tokens for those with a refresh token, so that its people open what other deployments protected
 * (S-268): a token is for one service alone, and tells it no more than who he is. */
bool rms_signin_resource_abroad(const struct rms_front *front, const char *resource);

/* --- answers ---------------------------------------------------------------------------------------- */

/* Errors of RFC 6749 5.2, RFC 8628 3.5, RFC 8707 2. */
enum rms_oauth_error {
    RMS_OAUTH_INVALID_REQUEST,
    RMS_OAUTH_INVALID_CLIENT,
    RMS_OAUTH_INVALID_GRANT,
    RMS_OAUTH_UNAUTHORIZED_CLIENT,
    RMS_OAUTH_UNSUPPORTED_GRANT_TYPE,
    RMS_OAUTH_UNSUPPORTED_RESPONSE_TYPE,
    RMS_OAUTH_INVALID_TARGET,
    RMS_OAUTH_ACCESS_DENIED,
    RMS_OAUTH_LOGIN_REQUIRED,
    RMS_OAUTH_REQUEST_NOT_SUPPORTED,
    RMS_OAUTH_AUTHORIZATION_PENDING,
    RMS_OAUTH_SLOW_DOWN,
    RMS_OAUTH_EXPIRED_TOKEN,
    RMS_OAUTH_TEMPORARILY_UNAVAILABLE,
    RMS_OAUTH_SERVER_ERROR,
    RMS_OAUTH_ERRORS
};

const char *rms_oauth_error_word(enum rms_oauth_error error);

/* Writes the JSON form and returns the code for the log, so that a handler ends with
 * `return rms_signin_refuse(...)`. detail: static text or arena; told to the client too. */
RMS_MUST_USE int rms_signin_refuse(
    struct rms_request *request, struct rms_reply *reply, enum rms_oauth_error error, const char *detail);

/* The same for an outcome of the inside: throttled, unreachable and so on. */
RMS_MUST_USE int rms_signin_refuse_code(struct rms_request *request, struct rms_reply *reply, int code);

/* JSON that nobody may keep (RFC 6749 5.1). Takes the reference. */
RMS_MUST_USE int rms_signin_answer(struct rms_reply *reply, json_t *json);

/* --- people ----------------------------------------------------------------------------------------- */

struct rms_signin_attempt {
    const struct rms_live_tenant *tenant; /* of the authority; NULL: by the address alone */
    bool only_here;                       /* no account of another tenant */
    const char *username;
    const char *password;
    const struct rms_directory_person *person; /* out: unref it */
    int64_t wait_s;                            /* out: with RMS_E_THROTTLED */
};

/* Checks a password, slowly and counted. RMS_E_NOT_AUTHENTICATED: unknown account or wrong password, in equal
 * time. RMS_E_THROTTLED. RMS_E_ACCOUNT_DISABLED only after the right password. */
RMS_MUST_USE int rms_signin_check(
    struct rms_front *front, struct rms_request *request, struct rms_signin_attempt *attempt);

/* One line in the service's log: who (may be NULL), from where, what came of it. Never a password or token.
 */
void rms_signin_log(const struct rms_request *request, const char *event, const char *who, int code);

/* An address that is proved by mail (signin_mail.c). */
struct rms_signin_proof {
    const struct rms_live_tenant *tenant;
    const char *kind;    /* store/proof.h */
    const char *address; /* normalised; out of checking, NULL when there is no such proof */
    const char *id;      /* out of asking */
    const char *typed;   /* what the page says: for the log, where there is no such proof; may be NULL */
    int64_t wait_s;      /* out: with RMS_E_THROTTLED */
};

/* Whether mail is sent at all. */
bool rms_signin_mail_on(const struct rms_front *front);

/* Wants the mail sent. RMS_E_THROTTLED; else 0, whether the address is known or not, in equal time. */
RMS_MUST_USE int rms_signin_mail_ask(
    struct rms_front *front, struct rms_request *request, int64_t valid_s, struct rms_signin_proof *proof);

/* Looks at the secret, and uses it up. RMS_E_NOT_AUTHENTICATED: wrong, used, expired, tried too often, of
 * somebody else. RMS_E_THROTTLED. */
RMS_MUST_USE int rms_signin_mail_check(
    struct rms_front *front, struct rms_request *request, struct rms_signin_proof *proof, const char *secret);

/* What a page says about an outcome of rms_signin_check. */
const char *rms_signin_text(int code);

/* The name under which a network address is counted: IPv6 by its /64, since a host has all of it. */
#define RMS_NETWORK_TEXT 64
void rms_signin_network(const char *ip, char name_out[RMS_NETWORK_TEXT]);

/* --- secrets on the way out ------------------------------------------------------------------------- */

#define RMS_OPAQUE_TEXT 44 /* base64url of 32 bytes and NUL */

/* 256 random bits as text, for codes. */
void rms_opaque_new(char text_out[RMS_OPAQUE_TEXT]);

/* What the store keeps instead. */
void rms_opaque_hash(const char *text, uint8_t hash_out[RMS_HASH_MAX]);

/* Refresh tokens say whose they are: "TENANT-GUID.OPAQUE". RMS_E_NOT_FOUND when there is no tenant in front.
 */
RMS_MUST_USE int rms_refresh_tenant(const char *token, char tenant_id_out[RMS_GUID_TEXT]);

/* --- forgery of forms ------------------------------------------------------------------------------- */

#define RMS_CSRF_COOKIE "__Host-rms-form"

/* The token for a form, in the arena; sets the cookie when the browser has none. purpose: static word. */
RMS_MUST_USE int rms_csrf_issue(
    struct rms_request *request, struct rms_reply *reply, const char *purpose, const char **token_out);

/* Whether the form came from a page that this browser got from here. */
bool rms_csrf_check(struct rms_request *request, const struct rms_form *form, const char *purpose);

/* --- tokens ----------------------------------------------------------------------------------------- */

/* Reads the person of a grant; RMS_E_NOT_AUTHENTICATED when gone or disabled. Unref it. */
RMS_MUST_USE int rms_signin_grantee(struct rms_front *front, struct rms_request *request,
    const struct rms_oauth_grant *grant, const struct rms_directory_person **person_out);

/* A new JSON answer with access_token, expires_in, resource, scope, and id_token when openid was asked for.
 * refresh_token is the caller's to add. */
RMS_MUST_USE int rms_signin_mint(struct rms_front *front, struct rms_request *request,
    const struct rms_oauth_grant *grant, json_t **answer_out);

#endif
