/* Inside lib/crypto only: what the files behind rsa.h share. */
#ifndef RMS_CRYPTO_RSA_KEY_H
#define RMS_CRYPTO_RSA_KEY_H

#include <openssl/evp.h>

#include "crypto/rsa.h"

/* The contexts are ready-made patterns: a call copies one (cheap, and safe from several threads) instead of
 * setting up its own, which looks algorithms up by name. */
struct rms_hsm_key;

/* What a key does that is not in memory (hsm.h). sign: over a SHA-256. decrypt: raw; number is below the
 * modulus, and a failure is none of the number's. */
struct rms_rsa_store {
    int (*sign)(const struct rms_rsa_private *key, const uint8_t *digest, uint8_t *signature_out);
    int (*decrypt)(const struct rms_rsa_private *key, const uint8_t *number, uint8_t *block_out);
    void (*release)(struct rms_hsm_key *place);
};

struct rms_rsa_private {
    const struct rms_rsa_store *store; /* NULL: the key is in memory */
    struct rms_hsm_key *place;         /* else where it is; the four that follow are NULL */
    EVP_PKEY *pkey;
    EVP_PKEY_CTX *sign[2]; /* by enum rms_hash */
    EVP_PKEY_CTX *decrypt; /* raw, without padding */
    struct rms_rsa_public public;
    struct rms_secret *decoy; /* derives the answer for what does not unseal */
};

void rms_rsa_reverse(uint8_t *to, const uint8_t *from, size_t len);

#endif
