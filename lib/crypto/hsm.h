/* Private RSA keys in a PKCS#11 token, whose module is loaded through p11-kit. A key made or imported here is
 * marked sensitive and not extractable; it signs and unseals behind the same functions as one in memory
 * (rsa.h), and its private numbers are asked for nowhere.
 *
 * A token that is away, slow, busy or was restarted is no wrong answer: calls wait a bounded time, connect
 * anew, and else end in RMS_E_KEY_UNAVAILABLE; the log says why (hsm.away, hsm.back). A wrong PIN is tried
 * once a process, because a token locks itself after a few. */
#ifndef RMS_CRYPTO_HSM_H
#define RMS_CRYPTO_HSM_H

#include "crypto/rsa.h"

#define RMS_HSM_ID_MAX        64 /* bytes of a CKA_ID */
#define RMS_HSM_REFERENCE_MAX (24 + RMS_RSA_BYTES_MAX + RMS_HSM_ID_MAX)

struct rms_hsm;

struct rms_hsm_options {
    const char *module;     /* the shared library */
    const char *label;      /* of the token */
    struct rms_secret *pin; /* taken over */
    size_t sessions;        /* most operations at one time; the callers beyond wait, but not for ever */
};

/* Loads the module, which may need files and executable memory: before a process shuts itself in. A token
 * that does not answer is no failure. RMS_E_NOT_FOUND: no such module; RMS_E_KEY_UNAVAILABLE: it does not
 * start. The pin is taken in every case. */
RMS_MUST_USE int rms_hsm_new(const struct rms_hsm_options *options, struct rms_hsm **hsm_out);

/* After all its keys. Accepts NULL. */
void rms_hsm_free(struct rms_hsm **hsm);

/* Does the token answer when asked for something small? */
bool rms_hsm_probe(struct rms_hsm *hsm);

/* Why the last call failed, in the words of PKCS#11; "" when it did not. */
const char *rms_hsm_problem(const struct rms_hsm *hsm);

/* How often this thread had a token use a key, well or not, since it asked last. What the token's own log
 * says of the same time is the same (S-195). */
struct rms_hsm_uses {
    uint8_t decrypted;
    uint8_t decrypt_failed;
    uint8_t did_sign;
    uint8_t sign_failed;
};
struct rms_hsm_uses rms_hsm_take_uses(void);

/* Is the key still in its token? RMS_E_KEY_UNAVAILABLE; 0 for a key in memory. */
RMS_MUST_USE int rms_hsm_check(const struct rms_rsa_private *key);

/* What a key in a token is called (CKA_ID), and the secret from which the answer for what does not unseal is
 * derived (rsa.h), which must be the same in every process that uses the key. */
struct rms_hsm_name {
    struct rms_view id;    /* at most RMS_HSM_ID_MAX bytes */
    const char *label;     /* CKA_LABEL of new objects, for people */
    struct rms_view decoy; /* RMS_SHA256_BYTES */
};

/* A fresh pair of 2048, 3072 or 4096 bits, made in the token. It has signed and unsealed once, rightly. */
RMS_MUST_USE int rms_hsm_generate(
    struct rms_hsm *hsm, unsigned bits, const struct rms_hsm_name *name, struct rms_rsa_private **key_out);

/* A PRIVATEKEYBLOB put into the token; where its id is there already it must be the same key. */
RMS_MUST_USE int rms_hsm_import(struct rms_hsm *hsm, struct rms_view private_blob,
    const struct rms_hsm_name *name, struct rms_rsa_private **key_out);

/* A key that is in the token, made there by other tools. RMS_E_NOT_FOUND; RMS_E_CONFLICT when several have
 * that id; RMS_E_BAD_ARGUMENT when it can be read out, is no RSA key of a size we take, or does not do what
 * we need. */
RMS_MUST_USE int rms_hsm_adopt(
    struct rms_hsm *hsm, const struct rms_hsm_name *name, struct rms_rsa_private **key_out);

/* What finds the key again: CryptoAPI PUBLICKEYBLOB, then the id; nothing secret. A key in memory has none.
 */
RMS_MUST_USE int rms_hsm_reference(const struct rms_rsa_private *key, struct rms_buf *out);
bool rms_hsm_keeps(const struct rms_rsa_private *key);
bool rms_hsm_is_reference(struct rms_view bytes);

/* The key of a reference, without asking the token: whoever uses it finds out. The decoy of name counts. */
RMS_MUST_USE int rms_hsm_refer(struct rms_hsm *hsm, struct rms_view reference,
    const struct rms_hsm_name *name, struct rms_rsa_private **key_out);

#endif
