/* Bearer tokens: who sends a request, and what to answer when nobody can be told (rest-protocol section 5).
 *
 * The built-in sign-in is one issuer among others: https://HOST/TENANT-GUID. Order of checks: form, size,
 * issuer (exactly one that some tenant named), signature with the issuer's keys, aud, exp, nbf, then the
 * person. A token seen before is looked up by its hash; the account's state is read anew each time. */
#ifndef RMS_SERVICE_TOKEN_H
#define RMS_SERVICE_TOKEN_H

#include "service/front.h"

#define RMS_TOKEN_SKEW_S          300 /* clocks of other issuers */
#define RMS_TOKEN_BUILT_IN_SKEW_S 60  /* other nodes of this deployment */

struct rms_tokens;

RMS_MUST_USE int rms_tokens_new(struct rms_front *front, struct rms_tokens **tokens_out);
void rms_tokens_free(struct rms_tokens **tokens);

/* Keys, issuers, clients or accounts changed: forgets every verified token and re-reads issuers and keys at
 * the next use. Any thread. */
void rms_tokens_drop(struct rms_tokens *tokens);

/* Turns the Authorization header into caller, tenant, account and address of the request.
 * RMS_E_NOT_AUTHENTICATED with a detail in the note for everything that is not good; RMS_E_ACCOUNT_DISABLED;
 * RMS_E_UNREACHABLE while the keys of the token's issuer could not be fetched yet. */
RMS_MUST_USE int rms_token_accept(struct rms_front *front, struct rms_request *request);

/* Where people with this address sign in to open content of the tenant: the issuer that brings them as guests
 * (S-268), in the request's arena. NULL: none. */
const char *rms_token_home(struct rms_request *request, const char *tenant_id, const char *address);

/* The value of WWW-Authenticate for this request, in its arena. Names the authority of the tenant that
 * email=, service= or the headers of section 5 point at, else of the only tenant, else the neutral one. */
RMS_MUST_USE int rms_token_challenge(
    struct rms_front *front, struct rms_request *request, const char **value_out);

/* The token keys of a tenant as a JWKS document (public halves), in the request's arena. RMS_E_NOT_FOUND
 * without such a tenant. */
RMS_MUST_USE int rms_tokens_jwks(struct rms_request *request, const char *tenant_id, const char **json_out);

#endif
