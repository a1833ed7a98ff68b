/* Whom tokens are accepted from: the issuers that tenants named, and the token keys of the built-in sign-in.
 * Copies of what the store says, each taken in one era of the token cache and read again in the next. */
#ifndef RMS_SERVICE_TOKEN_TRUST_H
#define RMS_SERVICE_TOKEN_TRUST_H

#include "service/token_keys.h"
#include "store/issuer.h"

struct rms_trust;

RMS_MUST_USE int rms_trust_new(struct rms_trust **trust_out);
void rms_trust_free(struct rms_trust **trust);

/* Every tenant's issuers at one moment; immutable, counted. */
struct rms_trust_list;
const struct rms_issuers *rms_trust_list_issuers(const struct rms_trust_list *list);
void rms_trust_list_unref(struct rms_trust_list **list);
#define RMS_TRUST_LIST_CLEANUP __attribute__((cleanup(rms_trust_list_unref)))

RMS_MUST_USE int rms_trust_issuers(
    struct rms_trust *trust, struct rms_db *db, uint64_t era, struct rms_trust_list **list_out);

/* The token keys of a tenant. anew: read them even if they are of this era (a token names an unknown key;
 * another node may have made it), at most once a second. RMS_E_NOT_FOUND when the tenant has none. */
struct rms_trust_question {
    const char *tenant_id;
    uint64_t era;
    bool anew;
};
RMS_MUST_USE int rms_trust_built_in(struct rms_trust *trust, struct rms_db *db,
    const struct rms_trust_question *question, struct rms_keyset_ref **ref_out);

/* The same as a JWKS document (RFC 7517 section 5), compact. */
RMS_MUST_USE int rms_trust_jwks(struct rms_db *db, const char *tenant_id, struct rms_buf *json_out);

#endif
