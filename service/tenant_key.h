/* A tenant's licence keys: making one, and the certificates that lead from one to another
 * (service-requirements section 9). */
#ifndef RMS_SERVICE_TENANT_KEY_H
#define RMS_SERVICE_TENANT_KEY_H

#include "service/keyclient.h"
#include "service/tenant.h"

/* A key fresh from keyd with its certificate, not stored yet: without rms_tenant_key_store it is as if it had
 * never been. */
struct rms_made_key {
    struct rms_new_key key;
    struct rms_buf slc;
    const char *reference; /* pkcs11: URI; "": not in a token */
    int64_t created_at;
};

/* What is wanted of a new key. */
struct rms_key_wish {
    unsigned bits;     /* 2048, 3072 or 4096 */
    bool in_token;     /* made in the token of rmsd.conf */
    const char *adopt; /* instead: a key that is there, by its pkcs11: URI; NULL: none */
};

/* Outside of a transaction: it takes long. */
RMS_MUST_USE int rms_tenant_key_make(struct rms_request *request, const struct rms_tenant *tenant,
    const struct rms_key_wish *wish, struct rms_made_key *made_out);
void rms_made_key_fini(struct rms_made_key *made);

/* A certificate with the tenant's name as it is now, for the same key (S-034). */
RMS_MUST_USE int rms_tenant_key_rename(
    struct rms_request *request, const struct rms_tenant *tenant, const struct rms_key *key);

/* Does the token sign with the key? Before another gives way to it (S-217). RMS_E_KEY_UNAVAILABLE; RMS_OK for
 * a key that is in no token. */
RMS_MUST_USE int rms_tenant_key_reach(
    struct rms_request *request, const struct rms_tenant *tenant, const struct rms_key *key);

/* May a key that long protect? RMS_E_CONFLICT: it is too short (migration: that is meant, S-209), or too long
 * for the old clients that the compatibility profile is for. */
RMS_MUST_USE int rms_tenant_key_fits(
    struct rms_request *request, const struct rms_tenant *tenant, unsigned bits, bool migration);

/* The compatibility profile, a setting of the tenant: keys that clients of any age understand. */
RMS_MUST_USE int rms_compatibility_read(const struct rms_tenant *tenant, bool *compatible_out);
RMS_MUST_USE int rms_compatibility_write(struct rms_arena *arena, struct rms_tenant *tenant, bool compatible);

/* Into the token of rmsd.conf, with all that was protected under it; to: as the object of this pkcs11: URI,
 * which has to be the same key (NULL: it is put there). RMS_E_CONFLICT: it is there already. */
RMS_MUST_USE int rms_tenant_key_move(struct rms_request *request, const struct rms_key *key, const char *to);

/* In one transaction; active: in the same one the former key becomes archived. */
RMS_MUST_USE int rms_tenant_key_store(struct rms_request *request, const struct rms_tenant *tenant,
    const struct rms_made_key *made, bool active);

/* The key with this id, or NULL. */
const struct rms_live_key *rms_live_key_named(const struct rms_live_tenant *tenant, const char *id);

/* The SLC of one key signed with another key of the request's tenant, in the request's arena: whoever trusts
 * the one may trust the other. */
RMS_MUST_USE int rms_tenant_key_vouch(struct rms_request *request, const struct rms_live_key *key,
    const struct rms_live_key *by, struct rms_view *slc_out);

/* Too weak to sign anything new: brought along by a migration (S-209), or compromised. It opens only. */
bool rms_live_key_weak(const struct rms_live_key *key);

#endif
