/* Sign-in of applications by secret (RFC 6749 section 4.4), and what their secrets look like. */
#ifndef RMS_SERVICE_SIGNIN_APP_H
#define RMS_SERVICE_SIGNIN_APP_H

#include "crypto/digest.h"
#include "service/signin_form.h"

struct rms_front;
struct rms_live_tenant;
struct rms_oauth_grant;

#define RMS_APP_SECRET_TEXT 64 /* with NUL */

/* 256 random bits behind a prefix that scanners for leaked secrets know. */
void rms_app_secret_new(char secret_out[RMS_APP_SECRET_TEXT]);

/* What the store keeps instead. */
void rms_app_secret_hash(const char *secret, uint8_t hash_out[RMS_HASH_MAX]);

struct rms_app_attempt {
    const struct rms_live_tenant *tenant; /* of the authority; NULL: whose application it is */
    const char *client_id;
    const char *secret;
    const char *tenant_id;  /* out */
    const char *account_id; /* out */
    int64_t wait_s;         /* out: with RMS_E_THROTTLED */
};

/* RMS_E_NOT_AUTHENTICATED: no such application in the tenant, another's secret, none, or an expired one; all
 * alike. RMS_E_THROTTLED. Whether the account is enabled is asked when the token is made. */
RMS_MUST_USE int rms_signin_app(
    struct rms_front *front, struct rms_request *request, struct rms_app_attempt *attempt);

#endif
