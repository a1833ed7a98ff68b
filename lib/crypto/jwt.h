/* Bearer tokens (RFC 7519) with cjose: signatures only, never JWE. The checks cjose leaves out are here:
 * algorithm allow-list, key type and use against the algorithm, "typ", no "crit", size, iss, aud, exp, nbf.
 */
#ifndef RMS_CRYPTO_JWT_H
#define RMS_CRYPTO_JWT_H

#include <jansson.h>

#include "crypto/digest.h"

#define RMS_TOKEN_MAX 65536 /* bytes of the compact form */

struct rms_jwks; /* a set of public keys */

/* From a JWKS document. Keys that are private, symmetric, of unknown type, too short or for encryption are
 * left out, and all behind the 64th. RMS_E_BAD_ARGUMENT when it is no key set; an empty one is. */
RMS_MUST_USE int rms_jwks_parse(struct rms_view json, struct rms_jwks **jwks_out);
void rms_jwks_free(struct rms_jwks **jwks);

struct rms_token_rules {
    const char *issuer;          /* exact */
    const char *const *audience; /* NULL-terminated: one must match */
    int64_t now;
    int64_t skew_s;
    unsigned algorithms; /* RMS_ALG_... allowed */
};

#define RMS_ALG_RS256 1u
#define RMS_ALG_PS256 2u
#define RMS_ALG_ES256 4u

/* Reads header and payload without trusting anything: to choose the issuer. Both are the caller's to free
 * (rms_json_free). RMS_E_NOT_AUTHENTICATED for anything malformed. */
RMS_MUST_USE int rms_token_peek(struct rms_view token, json_t **header_out, json_t **claims_out);

/* Full check. claims_out: the verified payload. RMS_E_NOT_AUTHENTICATED for every failure; detail_out (may be
 * NULL) names the cause for the audit log only (static text). RMS_E_NOT_FOUND means that no key has the
 * token's kid: refresh the set and try once more. */
RMS_MUST_USE int rms_token_verify(struct rms_view token, const struct rms_jwks *jwks,
    const struct rms_token_rules *rules, json_t **claims_out, const char **detail_out);

#endif
