/* The front's side of keyd: ask for operations with keys that never come here (doc/protocol/keyd.md).
 *
 * One rms_keylink a process: takes connections from the master over the control socket. One rms_keyclient a
 * thread: its own connection, synchronous, no locks on the way. What goes wrong underneath is hidden: when
 * keyd was restarted the call waits up to RMS_KEYLINK_WAIT_MS for a new connection and asks once more (all
 * operations may be repeated); when keyd does not hold the key, its sealed form is fetched with the callback,
 * loaded, and the call repeated. A reply that keyd could not have sent ends the process.
 *
 * Errors common to all calls: RMS_E_KEY_UNAVAILABLE (no keyd, or it cannot unseal the key), RMS_E_UNKNOWN_KEY
 * (the callback knows no such key), RMS_E_BAD_ARGUMENT (a size or kind that keyd refuses), RMS_E_LIMIT.
 * Key and tenant ids are GUID texts (any form rms_guid_parse takes). */
#ifndef RMS_SERVICE_KEYCLIENT_H
#define RMS_SERVICE_KEYCLIENT_H

#include "base/guid.h"
#include "crypto/content.h"
#include "crypto/ec.h"
#include "crypto/rsa.h"
#include "service/keyd_ops.h"
#include "xrml/enabling.h"
#include "xrml/licence.h"

#define RMS_KEYLINK_WAIT_MS 5000

struct rms_keylink;
struct rms_keyclient;

/* A private key as the store keeps it: sealed under keyd's master key, bound to id, tenant and kind. */
struct rms_sealed_key {
    char key_id[RMS_GUID_TEXT];
    char tenant_id[RMS_GUID_TEXT]; /* all zero for keys of the service itself (token keys) */
    enum rms_key_kind kind;
    struct rms_buf sealed; /* at most RMS_KEY_SEALED_MAX */
};

void rms_sealed_key_fini(struct rms_sealed_key *key);

/* Fetches tenant_id, kind and sealed of key_id (plain lower-case GUID). Runs on the calling thread; worker is
 * what that thread's rms_keyclient_new was given. RMS_E_NOT_FOUND when there is no such key. */
typedef int (*rms_key_fetch)(void *worker, const char *key_id, struct rms_sealed_key *key_out);

/* --- life ------------------------------------------------------------------------------------------- */

/* control: the socket to the master (the link owns it), or -1 (tests: connections come by
 * rms_keylink_attach). Starts one thread that waits for connections. When the master is gone, that thread
 * sends this process SIGTERM. */
RMS_MUST_USE int rms_keylink_new(int control, rms_key_fetch fetch, struct rms_keylink **link_out);
void rms_keylink_free(struct rms_keylink **link); /* after all its clients */

/* How long calls wait for a connection instead of RMS_KEYLINK_WAIT_MS. */
void rms_keylink_set_wait(struct rms_keylink *link, int milliseconds);

/* Tells the master that this process answers requests ("ready"). */
void rms_keylink_ready(struct rms_keylink *link);

/* Adds connections to one keyd, which has their other ends; the link owns them. For tests and tools. */
RMS_MUST_USE int rms_keylink_attach(struct rms_keylink *link, const int *fds, size_t count);

/* Not shared between threads. Connects on the first call. */
RMS_MUST_USE int rms_keyclient_new(struct rms_keylink *link, void *worker, struct rms_keyclient **client_out);
void rms_keyclient_free(struct rms_keyclient **client);

/* What a token did for this client since it was asked last, a row for each operation of keyd (S-195). */
#define RMS_TOKEN_USES 8
struct rms_token_use {
    char key_id[RMS_GUID_TEXT]; /* "": a key that was just made */
    unsigned decrypted, decrypt_failed, did_sign, sign_failed;
};
struct rms_token_uses {
    struct rms_token_use items[RMS_TOKEN_USES];
    size_t count;
};
void rms_keyclient_take_uses(struct rms_keyclient *client, struct rms_token_uses *uses_out);

/* --- keys ------------------------------------------------------------------------------------------- */

struct rms_new_key {
    struct rms_sealed_key key; /* with a fresh key id: to be stored before the key is used */
    struct rms_rsa_public rsa; /* tenant and user keys */
    struct rms_ec_public ec;   /* token and log keys */
};

void rms_new_key_fini(struct rms_new_key *key);

/* bits: RMS_E_BAD_ARGUMENT for a size that the kind does not come in. tenant_id NULL: a key of the service
 * itself. */
RMS_MUST_USE int rms_keyd_generate(struct rms_keyclient *client, enum rms_key_kind kind, unsigned bits,
    const char *tenant_id, struct rms_new_key *key_out);

/* A tenant key made in the token of rmsd.conf, or one that other tools made there and called object. The
 * sealed form is then the reference to it. RMS_E_KEY_UNAVAILABLE also when there is no token. */
RMS_MUST_USE int rms_keyd_make_in_token(
    struct rms_keyclient *client, unsigned bits, const char *tenant_id, struct rms_new_key *key_out);
RMS_MUST_USE int rms_keyd_adopt(
    struct rms_keyclient *client, struct rms_view object, const char *tenant_id, struct rms_new_key *key_out);

/* Puts a tenant key into the token, or finds it there as the object that other tools made of it (object;
 * empty: none); appends its new sealed form, which counts once it is stored and keyd told to forget the old
 * one. RMS_E_BAD_ARGUMENT: it is there already; the object is another key. */
RMS_MUST_USE int rms_keyd_move_to_token(
    struct rms_keyclient *client, const char *key_id, struct rms_view object, struct rms_buf *sealed_out);
RMS_MUST_USE int rms_keyd_forget(struct rms_keyclient *client, const char *key_id);

/* Makes keyd hold a key; idempotent. Rarely needed: see above. RMS_E_KEY_UNAVAILABLE when it does not unseal
 * (wrong master key, damaged, other tenant or kind). */
RMS_MUST_USE int rms_keyd_load(struct rms_keyclient *client, const struct rms_sealed_key *key);

/* --- signatures ------------------------------------------------------------------------------------- */

/* Appends the RSA signature of a tenant key. hash must be RMS_SHA256 (RMS_E_WEAK_CRYPTO otherwise). */
struct rms_keyd_signing {
    struct rms_keyclient *client;
    const char *key_id; /* borrowed */
    enum rms_sign_purpose purpose;
};
RMS_MUST_USE int rms_keyd_sign(const struct rms_keyd_signing *signing, enum rms_hash hash,
    const uint8_t *digest, struct rms_buf *signature);

/* The same as the signer that lib/xrml builders take; it borrows signing. */
struct rms_signer rms_keyd_signer(struct rms_keyd_signing *signing, const struct rms_rsa_public *key);

/* ES256 of a token key: r || s. */
RMS_MUST_USE int rms_keyd_sign_token(struct rms_keyclient *client, const char *key_id,
    const uint8_t digest[RMS_SHA256_BYTES], uint8_t signature_out[64]);

/* The signature of a log key over a statement (store/chain.h) of this kind and text. */
RMS_MUST_USE int rms_keyd_sign_log(struct rms_keyclient *client, const char *key_id,
    const struct rms_chain_statement *statement, uint8_t signature_out[RMS_CHAIN_SIGNATURE]);

/* --- content keys ----------------------------------------------------------------------------------- */

/* A content key that keyd holds open. Bound to the tenant key it was opened with; forgotten when room is
 * needed or keyd restarts (RMS_E_RECHALLENGE: open the licence again). */
struct rms_opened {
    uint8_t handle[RMS_KEY_HANDLE_BYTES];
    enum rms_cipher_mode mode;
    unsigned key_bytes;                    /* 16, 24 or 32 */
    uint8_t fingerprint[RMS_SHA256_BYTES]; /* HMAC of the content key: the same key gives the same value
                                              (transplant defence, xrml-licences 8.2); not secret */
    bool owner_bound;                      /* sealed for this owner and content: no transplant */
};

/* A content key in the clear, on its way into one reply. On the stack of the hot path, therefore not a
 * rms_secret: declare it with RMS_RELEASED_CLEANUP, which wipes it. */
struct rms_released {
    uint8_t key[RMS_CONTENT_KEY_MAX];
    size_t len;
};
void rms_released_wipe(struct rms_released *released);
#define RMS_RELEASED_CLEANUP __attribute__((cleanup(rms_released_wipe)))

/* Publishing: a fresh content key, sealed to the tenant key, the rights data encrypted with it, and the
 * licence they belong to, signed (rms_pl_finish makes the PL of it). */
struct rms_publish_request {
    const char *key_id;
    enum rms_cipher_mode mode;  /* how the content will be encrypted */
    unsigned key_bits;          /* 128 or 256 */
    const uint8_t *owner_bound; /* RMS_SHA256_BYTES: rms_pl_owner_bound */
    struct rms_view erd;        /* UTF-8 text of the rights data */
    struct rms_pl_draft draft;  /* of the licence */
};

struct rms_published {
    struct rms_opened opened;
    struct rms_released key; /* for the reply to the author */
    struct rms_buf bits;     /* ENABLINGBITS of the PL */
    struct rms_buf box;      /* key box of the PL */
    struct rms_buf erd;      /* ciphertext */
    struct rms_buf body;     /* the draft with them, its digest and signature */
    uint8_t digest[RMS_SHA256_BYTES];
    struct rms_buf signature;
};
void rms_published_fini(struct rms_published *published);
#define RMS_PUBLISHED_CLEANUP __attribute__((cleanup(rms_published_fini)))

RMS_MUST_USE int rms_keyd_publish(struct rms_keyclient *client, const struct rms_publish_request *request,
    struct rms_published *published_out);

/* Opening a licence never seen: one private-key operation, none with its key box. erd_out receives the text
 * of the rights data. Every failure (padding, binding, rights data) is RMS_E_BAD_LICENSE. */
struct rms_open_request {
    const char *key_id;
    struct rms_enabling_bits bits;
    const uint8_t *bound; /* pl->bits_bound, or NULL: binding not checked (foreign licences, section 4) */
    const uint8_t *owner_bound; /* pl->owner_bound, or NULL: what is sealed for an owner does not open */
    struct rms_view box;        /* pl->key_box, may be empty */
    struct rms_view erd;        /* ciphertext */
};
RMS_MUST_USE int rms_keyd_open(struct rms_keyclient *client, const struct rms_open_request *request,
    struct rms_opened *opened_out, struct rms_buf *erd_out);

/* The content key for the reply to an authorised reader. RMS_E_RECHALLENGE when the handle is not held, or is
 * of another tenant key. */
RMS_MUST_USE int rms_keyd_release(struct rms_keyclient *client, const char *key_id,
    const uint8_t handle[RMS_KEY_HANDLE_BYTES], struct rms_released *released_out);

/* To whom something is sealed and what it is bound to. */
struct rms_seal_target {
    const struct rms_rsa_public *recipient; /* 2048 bits at least */
    const uint8_t *bound;                   /* RMS_SHA256_BYTES: digest of the ISSUER element */
};

/* Appends the ENABLINGBITS of a use licence: the content key sealed to a user's key. */
RMS_MUST_USE int rms_keyd_seal_to(struct rms_keyclient *client, const char *key_id,
    const uint8_t handle[RMS_KEY_HANDLE_BYTES], const struct rms_seal_target *target,
    struct rms_buf *bits_out);

/* --- account and client licensor certificates ------------------------------------------------------- */

/* Appends the ENABLINGBITS of a RAC: the user's private key sealed to the machine key. */
RMS_MUST_USE int rms_keyd_wrap_user_key(struct rms_keyclient *client, const char *user_key_id,
    const struct rms_seal_target *target, struct rms_buf *bits_out);

/* A fresh RSA-2048 pair for a CLC, its private key sealed to the RAC's key and forgotten. */
RMS_MUST_USE int rms_keyd_new_wrapped_pair(struct rms_keyclient *client, const struct rms_seal_target *target,
    struct rms_rsa_public *key_out, struct rms_buf *bits_out);

/* --- state ------------------------------------------------------------------------------------------ */

struct rms_keyd_stats {
    uint64_t operations[RMS_KEYD_OP_COUNT]; /* answered, by enum rms_keyd_op */
    uint64_t failures;
    uint32_t keys_held;
    uint32_t open_handles;
    uint32_t stock; /* fresh pairs waiting */
    uint32_t connections;
    uint64_t evictions; /* handles forgotten for room */
    bool locked;        /* no master key, or the wrong one: no key can be used */
    uint64_t journal_bytes;
    bool has_token;
    char token_problem[128]; /* "": it answers */
};

RMS_MUST_USE int rms_keyd_ping(struct rms_keyclient *client);
RMS_MUST_USE int rms_keyd_stats(struct rms_keyclient *client, struct rms_keyd_stats *stats_out);

#endif
