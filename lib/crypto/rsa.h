/* RSA keys as the licences use them: little-endian modulus, exponent 65537, PKCS#1 v1.5 signatures over
 * SHA-1 or SHA-256, sealing with PKCS#1 v1.5 (Mode 1, read only) or OAEP (Mode 2).
 *
 * Public keys are plain values; private keys are opaque and cannot be printed. A private key may be used by
 * several threads at once. */
#ifndef RMS_CRYPTO_RSA_H
#define RMS_CRYPTO_RSA_H

#include "base/secret.h"
#include "crypto/digest.h"

#define RMS_RSA_BITS_MIN  1024
#define RMS_RSA_BITS_MAX  4096
#define RMS_RSA_BYTES_MAX (RMS_RSA_BITS_MAX / 8)

/* (bits, modulus) identify a key; the exponent is always 65537 (xrml-licences 8.3). modulus is
 * little-endian, bits / 8 bytes, as in XrML. */
struct rms_rsa_public {
    unsigned bits;
    uint8_t modulus[RMS_RSA_BYTES_MAX];
};

struct rms_rsa_private;

bool rms_rsa_public_equal(const struct rms_rsa_public *a, const struct rms_rsa_public *b);

/* From the little-endian modulus of a licence. RMS_E_BAD_LICENSE unless 1024 to 4096 bits in steps of 8 with
 * the top bit set and odd. */
RMS_MUST_USE int rms_rsa_public_set(struct rms_rsa_public *key, struct rms_view modulus_le);

/* SHA-256 of the big-endian modulus: the name of a key in configuration and logs. */
void rms_rsa_fingerprint(const struct rms_rsa_public *key, uint8_t out[RMS_SHA256_BYTES]);

/* A fresh pair, exponent 65537. bits 2048, 3072 or 4096. */
RMS_MUST_USE int rms_rsa_generate(unsigned bits, struct rms_rsa_private **key_out);
void rms_rsa_private_free(struct rms_rsa_private **key);
const struct rms_rsa_public *rms_rsa_public_of(const struct rms_rsa_private *key);

/* CryptoAPI PRIVATEKEYBLOB (xrml-licences section 4): 20-byte header, then little-endian numbers. signing
 * chooses the key type field. The secret is 20 + 9/16 * bits bytes; RMS_E_BAD_ARGUMENT for a key in a token.
 * From a blob: RMS_E_BAD_ARGUMENT unless the numbers fit each other; bits are a multiple of 16. */
RMS_MUST_USE int rms_rsa_to_blob(
    const struct rms_rsa_private *key, bool signing, struct rms_secret **blob_out);
RMS_MUST_USE int rms_rsa_from_blob(struct rms_view blob, struct rms_rsa_private **key_out);

/* Signature over a finished hash, big-endian, bits / 8 bytes. */
RMS_MUST_USE int rms_rsa_sign(const struct rms_rsa_private *key, enum rms_hash hash,
    const uint8_t digest[RMS_HASH_MAX], struct rms_buf *signature);

/* 0, RMS_E_BAD_SIGNATURE or RMS_E_NO_MEMORY. Strict DigestInfo with NULL parameters. Keeps OpenSSL's key
 * object of recently used moduli per thread, so that repeated checks cost no set-up. */
RMS_MUST_USE int rms_rsa_verify(const struct rms_rsa_public *key, enum rms_hash hash,
    const uint8_t digest[RMS_HASH_MAX], struct rms_view signature);

enum rms_rsa_padding { RMS_RSA_PKCS1, RMS_RSA_OAEP, RMS_RSA_PADDINGS };

#define RMS_RSA_SEAL_MAX 100 /* bytes of a sealed message */

/* Seals at most RMS_RSA_SEAL_MAX bytes to a public key; appends bits / 8 bytes, big-endian (sealed must have
 * room for RMS_RSA_BYTES_MAX). OAEP with SHA-1. */
RMS_MUST_USE int rms_rsa_seal(const struct rms_rsa_public *key, enum rms_rsa_padding padding,
    struct rms_view plain, struct rms_buf *sealed);

/* Unseals into plain_out (exactly want bytes). Oracle-free: when the padding or the length is wrong,
 * plain_out is filled with bytes derived from a secret of the key and the ciphertext, in the same time, and
 * the call still returns 0; what follows (a hash comparison) fails alike for every cause. OAEP tries SHA-1,
 * then SHA-256. A non-zero return means only that sealed or want has a length that cannot be (public
 * knowledge), or RMS_E_KEY_UNAVAILABLE: the token that keeps the key does not answer (hsm.h). */
RMS_MUST_USE int rms_rsa_unseal(const struct rms_rsa_private *key, enum rms_rsa_padding padding,
    struct rms_view sealed, uint8_t *plain_out, size_t want);

#endif
