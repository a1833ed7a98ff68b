/* Tenant keys: sealed by keyd, opaque here (service-requirements section 9). */
#ifndef RMS_STORE_KEY_H
#define RMS_STORE_KEY_H

#include "store/store.h"

enum rms_stored_key {
    RMS_KEY_TENANT, /* RSA: signs licences, unseals content keys */
    RMS_KEY_TOKEN,  /* P-256: signs access tokens */
    RMS_KEY_SECRET, /* symmetric: fingerprints of content keys and the like; public_key is empty */
};

struct rms_key {
    const char *id; /* GUID */
    const char *tenant_id;
    enum rms_stored_key kind;
    bool active;      /* else archived */
    const char *name; /* friendly name */
    unsigned bits;
    int64_t created_at;
    struct rms_view public_key; /* RSA: little-endian modulus; P-256: x || y */
    struct rms_view sealed;
    struct rms_view certificate; /* the SLC's text; empty when there is none */
    const char *reference;       /* of the token that keeps it (pkcs11: URI); "" or, when added, NULL: none */
    int64_t compromised_at;      /* 0: not known to be */
};

struct rms_keys {
    struct rms_key *items;
    size_t count;
};

/* key->active: activates it at once, archiving the former one of its kind, in one transaction. RMS_E_CONFLICT
 * when the id or the public key is known, to whatever tenant. */
RMS_MUST_USE int rms_key_add(struct rms_db *db, const struct rms_key *key);

RMS_MUST_USE int rms_key_get(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const char *id, struct rms_key *key_out);

/* By id alone, across tenants: keyd asks by it. */
RMS_MUST_USE int rms_key_find(
    struct rms_db *db, struct rms_arena *arena, const char *id, struct rms_key *key_out);

/* Of a tenant, oldest first (S-207); tenant_id NULL = of all tenants, for keyd's start. */
RMS_MUST_USE int rms_key_list(
    struct rms_db *db, struct rms_arena *arena, const char *tenant_id, struct rms_keys *keys_out);

/* RMS_E_NOT_FOUND when none of the kind is active. */
RMS_MUST_USE int rms_key_active(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    enum rms_stored_key kind, struct rms_key *key_out);

/* Tenants whose active licence key is as old as they let it become (key_rotation_days). */
struct rms_key_due {
    const char **tenants;
    size_t count;
};
RMS_MUST_USE int rms_key_due(
    struct rms_db *db, struct rms_arena *arena, int64_t now, struct rms_key_due *due_out);

/* Which tenant's key is this? Across tenants, for routing a licence. */
RMS_MUST_USE int rms_key_by_public(
    struct rms_db *db, struct rms_arena *arena, struct rms_view public_key, struct rms_key *key_out);

/* Makes it the active one of its kind; the former becomes archived; exactly one is active at any time
 * (S-204). A tenant key raises key_rollover_count. No change when it is active already. */
RMS_MUST_USE int rms_key_activate(struct rms_db *db, const char *tenant_id, const char *id);

RMS_MUST_USE int rms_key_set_certificate(
    struct rms_db *db, const char *tenant_id, const char *id, struct rms_view certificate);

/* Another name and certificate, of the key with this tenant_id and id. */
RMS_MUST_USE int rms_key_rename(struct rms_db *db, const struct rms_key *key);

/* After a change of the master key. */
RMS_MUST_USE int rms_key_set_sealed(
    struct rms_db *db, const char *tenant_id, const char *id, struct rms_view sealed);

/* To another place: sealed and reference change together, of the key with this tenant_id and id. */
RMS_MUST_USE int rms_key_move(struct rms_db *db, const struct rms_key *key);

/* Known to be in wrong hands since `time`. */
RMS_MUST_USE int rms_key_set_compromised(
    struct rms_db *db, const char *tenant_id, const char *id, int64_t time);

/* How many recorded documents have a licence under the key; and how many have one that was never seen, and
 * are not older than the key. */
struct rms_key_documents {
    int64_t seen;
    int64_t unseen;
};
RMS_MUST_USE int rms_key_documents(
    struct rms_db *db, const struct rms_key *key, struct rms_key_documents *count_out);

/* RMS_E_CONFLICT for an active key. */
RMS_MUST_USE int rms_key_remove(struct rms_db *db, const char *tenant_id, const char *id);

#endif
