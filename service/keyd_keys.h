/* Private keys that keyd holds, and their sealed form.
 *
 * Sealed form: AEAD box (crypto/aead.h) under a key derived from the master key, its context naming kind, key
 * id and tenant, so that a box opens only as what it was made. Inside: PRIVATEKEYBLOB of an RSA key, scalar
 * of an EC key, or, of an RSA key that a token keeps, the reference that finds it there (crypto/hsm.h). */
#ifndef RMS_SERVICE_KEYD_KEYS_H
#define RMS_SERVICE_KEYD_KEYS_H

#include "crypto/aead.h"
#include "crypto/ec.h"
#include "crypto/hsm.h"
#include "service/keyd_ops.h"
#include "service/keyd_table.h"

/* What a box is bound to. */
struct rms_key_name {
    enum rms_key_kind kind;
    uint8_t id[RMS_TABLE_ID];
    uint8_t tenant[RMS_TABLE_ID];
};

/* One key in memory; shared by reference. rsa, ec or blob is set, by kind. */
struct rms_held_key {
    struct rms_table_entry entry;
    struct rms_key_name name;
    unsigned refs; /* under the lock of the table */
    struct rms_rsa_private *rsa;
    struct rms_secret
        *box_key; /* beside rsa: derived from it, for key boxes (keyd_box.h). NULL when a token
                     keeps the key: what opens without the token, opens after it was taken away */
    struct rms_ec_private *ec;
    struct rms_secret *blob; /* user keys: only ever wrapped, never used here */
};

RMS_MUST_USE int rms_key_seal(const struct rms_secret *sealing_key, const struct rms_key_name *name,
    struct rms_view plain, struct rms_buf *box_out);

/* The name in a token, with its decoy, of a key that is called so here. The label is for people. */
struct rms_key_in_token {
    uint8_t decoy[RMS_SHA256_BYTES];
    char label[64];
};
struct rms_hsm_name rms_key_token_name(
    const struct rms_secret *sealing_key, const struct rms_key_name *name, struct rms_key_in_token *storage);

/* What opens boxes; hsm may be NULL. */
struct rms_key_opener {
    const struct rms_secret *sealing_key;
    struct rms_hsm *hsm;
};

/* RMS_E_KEY_UNAVAILABLE when the box does not open as this key. A token is not asked. */
RMS_MUST_USE int rms_key_unseal(const struct rms_key_opener *opener, const struct rms_key_name *name,
    struct rms_view box, struct rms_held_key **key_out);

/* A key that no table holds. */
void rms_held_key_free(struct rms_held_key *key);

struct rms_keys;

/* Tenant and token keys are bounded by RMS_TENANT_KEYS_MAX, user keys by user_max; past it the one unused the
 * longest is forgotten (and loaded again when asked for). */
#define RMS_TENANT_KEYS_MAX 4096
RMS_MUST_USE int rms_keys_new(size_t user_max, struct rms_keys **keys_out);
void rms_keys_free(struct rms_keys **keys);

/* A reference, or NULL when it is not held or of another kind (wrong_kind_out tells). */
struct rms_held_key *rms_keys_find(
    struct rms_keys *keys, const uint8_t id[RMS_TABLE_ID], enum rms_key_kind kind, bool *wrong_kind_out);

/* Takes the key over; when one of that id is held already, keeps the old one. */
void rms_keys_add(struct rms_keys *keys, struct rms_held_key *key);
void rms_keys_unref(struct rms_keys *keys, struct rms_held_key *key);
void rms_keys_forget(struct rms_keys *keys, enum rms_key_kind kind, const uint8_t id[RMS_TABLE_ID]);

/* References to at most max of the keys that a token keeps, those used last first. */
size_t rms_keys_in_token(struct rms_keys *keys, struct rms_held_key **out, size_t max);

bool rms_keys_has(struct rms_keys *keys, const struct rms_key_name *name);
size_t rms_keys_count(struct rms_keys *keys);

#endif
