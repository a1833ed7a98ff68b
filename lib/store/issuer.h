/* OpenID Connect issuers a tenant accepts tokens from, besides the built-in one (S-036). */
#ifndef RMS_STORE_ISSUER_H
#define RMS_STORE_ISSUER_H

#include "store/store.h"

struct rms_issuer {
    const char *id; /* GUID */
    const char *tenant_id;
    const char *issuer;           /* exactly as in "iss" */
    const char *const *audiences; /* NULL-terminated, as crypto/jwt.h takes them */
    size_t audience_count;
    unsigned algorithms;  /* RMS_ALG_... of crypto/jwt.h; stored as these bits */
    const char *jwks_uri; /* NULL = from the issuer's discovery document */
    /* Step-up: how and how lately people must have signed in there. */
    const char *const *acr_values; /* one of them as acr, or among amr; none: any */
    size_t acr_value_count;
    int64_t max_age_s;          /* since auth_time; 0: any */
    const char *const *domains; /* of mail: it speaks for nobody else; normalised; none: for everybody */
    size_t domain_count;
    bool guests; /* people of these domains come in as guests, and nobody else by it (S-268) */
    int64_t created_at;
};

struct rms_issuers {
    struct rms_issuer *items;
    size_t count;
};

/* RMS_E_CONFLICT when the tenant has the issuer; RMS_E_BAD_ARGUMENT for guests of any domain. audiences needs
 * no terminating NULL here. */
RMS_MUST_USE int rms_issuer_add(struct rms_db *db, const struct rms_issuer *issuer);

/* Of a tenant; tenant_id NULL = of all. Oldest first. */
RMS_MUST_USE int rms_issuer_list(
    struct rms_db *db, struct rms_arena *arena, const char *tenant_id, struct rms_issuers *issuers_out);

/* id or issuer URL. */
RMS_MUST_USE int rms_issuer_remove(struct rms_db *db, const char *tenant_id, const char *id);

#endif
