/* The built-in sign-in: a small OpenID provider for local accounts (doc/protocol/sign-in.md). Codes, device
 * codes and refresh tokens are in the store, as hashes; throttling is in memory; tokens are signed by keyd.
 *
 * The first path segment names the authority: a tenant GUID or domain, or "common", where the tenant follows
 * from the address that a person types. */
#ifndef RMS_SERVICE_SIGNIN_H
#define RMS_SERVICE_SIGNIN_H

#include "service/front.h"

#define RMS_AUTHORITY_COMMON "common"

#define RMS_ACCESS_TOKEN_S  3600
#define RMS_REFRESH_TOKEN_S (90 * 86400)
#define RMS_AUTH_CODE_S     120
#define RMS_DEVICE_CODE_S   900
#define RMS_DEVICE_POLL_S   5

#define RMS_AMR_PASSCODE "otp" /* RFC 8176: in amr of our tokens, a sign-in by a mailed code */

struct rms_signin;

RMS_MUST_USE int rms_signin_new(struct rms_front *front, struct rms_signin **signin_out);
void rms_signin_free(struct rms_signin **signin);

/* Handlers for service/route.c, all callable by anyone; bodies at most RMS_SIGNIN_BODY_MAX. */
#define RMS_SIGNIN_BODY_MAX 65536

/* GET /{}/.well-known/openid-configuration and GET /{}/discovery/keys */
int rms_signin_configuration(struct rms_front *front, struct rms_request *request, struct rms_reply *reply);
int rms_signin_keys(struct rms_front *front, struct rms_request *request, struct rms_reply *reply);

/* GET and POST /{}/oauth2/authorize */
int rms_signin_authorize(struct rms_front *front, struct rms_request *request, struct rms_reply *reply);

/* GET and POST /{}/oauth2/signup */
int rms_signin_signup(struct rms_front *front, struct rms_request *request, struct rms_reply *reply);

/* POST /{}/oauth2/token, /{}/oauth2/revoke, /{}/oauth2/devicecode */
int rms_signin_token(struct rms_front *front, struct rms_request *request, struct rms_reply *reply);
int rms_signin_revoke(struct rms_front *front, struct rms_request *request, struct rms_reply *reply);
int rms_signin_devicecode(struct rms_front *front, struct rms_request *request, struct rms_reply *reply);

/* GET and POST /{}/oauth2/device */
int rms_signin_device(struct rms_front *front, struct rms_request *request, struct rms_reply *reply);

/* GET /common/userrealm/{} */
int rms_signin_realm(struct rms_front *front, struct rms_request *request, struct rms_reply *reply);

#endif
