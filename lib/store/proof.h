/* Proofs that somebody reads an address: what was asked for, the hash of the secret that was mailed, how
 * often it was tried. The same is kept for every address, whether anybody has it or not. */
#ifndef RMS_STORE_PROOF_H
#define RMS_STORE_PROOF_H

#include "store/store.h"

#define RMS_PROOF_PASSCODE "passcode"
#define RMS_PROOF_SIGNUP   "signup"

#define RMS_PROOF_TRIES      5
#define RMS_PROOF_AN_HOUR    5    /* asked for one address */
#define RMS_PROOF_WAITING    1000 /* of a kind in a tenant, not yet mailed */
#define RMS_PROOF_PASSCODE_S 900
#define RMS_PROOF_SIGNUP_S   RMS_DAY_S

struct rms_proof {
    const char *id; /* GUID that nobody else knows */
    const char *tenant_id;
    const char *kind;
    const char *address; /* normalised */
    int64_t created_at;
    int64_t expires_at;
    const char *hash; /* read only; NULL */
};

/* Keeps it, voids older ones of its kind for the address, and wants the mail sent. RMS_E_THROTTLED: too many
 * for the address or in all. */
RMS_MUST_USE int rms_proof_begin(struct rms_db *db, const struct rms_proof *proof);

/* RMS_E_NOT_FOUND: unknown, of another tenant or kind. */
RMS_MUST_USE int rms_proof_get(
    struct rms_db *db, struct rms_arena *arena, const struct rms_proof *key, struct rms_proof *proof_out);

/* From now on this secret counts; one that was mailed before does not. */
RMS_MUST_USE int rms_proof_set_hash(struct rms_db *db, const char *id, const char *hash);

/* Counts a try, before the secret is looked at. RMS_E_NOT_FOUND: void, expired at `now`, tried too often. */
RMS_MUST_USE int rms_proof_try(struct rms_db *db, const char *id, int64_t now);

/* Uses it up, once. RMS_E_NOT_FOUND: somebody was faster. */
RMS_MUST_USE int rms_proof_take(struct rms_db *db, const char *id, int64_t now);

RMS_MUST_USE int rms_proof_sweep(struct rms_db *db, int64_t before);

#endif
