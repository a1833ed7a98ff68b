/* Enabling bits: keys sealed to a public key (xrml-licences section 4), and the encryption of the rights data
 * (section 5). Reader and writer of both. */
#ifndef RMS_XRML_ENABLING_H
#define RMS_XRML_ENABLING_H

#include "crypto/content.h"
#include "crypto/rsa.h"

enum rms_sealing { RMS_SEALED_KEY /* Mode 1, read only */, RMS_SEALED_KEY_V2 };

/* An ENABLINGBITS element, decoded. */
struct rms_enabling_bits {
    enum rms_sealing type;
    struct rms_view blob;
};

#define RMS_ENABLING_MAX 4096

struct rms_content_key {
    enum rms_cipher_mode mode;
    bool owner_bound;       /* opened: sealed for this owner and content, not for the server alone */
    struct rms_secret *key; /* 16, 24 or 32 bytes */
};

void rms_content_key_fini(struct rms_content_key *key);

/* bound: the digest (SHA-256 for v2, SHA-1 for Mode 1) of the element text the blob is bound to: ISSUER for
 * UL, CLC, RAC; ISSUEDPRINCIPALS without its ENABLINGBITS for a foreign PL. Appends the v2 blob. */
RMS_MUST_USE int rms_enabling_seal_key(const struct rms_rsa_public *recipient, enum rms_cipher_mode mode,
    struct rms_view key, const uint8_t bound[RMS_SHA256_BYTES], struct rms_buf *blob_out);
RMS_MUST_USE int rms_enabling_seal_private(const struct rms_rsa_public *recipient,
    struct rms_view private_blob, const uint8_t bound[RMS_SHA256_BYTES], struct rms_buf *blob_out);

/* The content key of a PL of our own, of no use in a PL for another owner or content (section 8.2). The blob
 * says in a private bit of its flags that owner_bound, rms_pl_owner_bound, stands where bound would. */
RMS_MUST_USE int rms_enabling_seal_owned_key(const struct rms_rsa_public *recipient,
    enum rms_cipher_mode mode, struct rms_view key, const uint8_t owner_bound[RMS_SHA256_BYTES],
    struct rms_buf *blob_out);

/* The same to a key of 1024 bits as well, which a migration keeps in use (S-209): for the service alone. */
RMS_MUST_USE int rms_enabling_seal_migrated_key(const struct rms_rsa_public *recipient,
    enum rms_cipher_mode mode, struct rms_view key, const uint8_t owner_bound[RMS_SHA256_BYTES],
    struct rms_buf *blob_out);

/* Opens. Every failure (padding, lengths, hash) is one RMS_E_BAD_LICENSE, in the same time: the private
 * operation, one AES pass and the hash comparison are always done. bound NULL: the comparison is left out
 * (foreign licences whose hash input is unknown, section 4 table, and whose signature is good). bound is 32
 * bytes; of a Mode 1 blob the first 20 count. A key sealed for an owner does not open here. */
RMS_MUST_USE int rms_enabling_open_key(const struct rms_rsa_private *recipient,
    const struct rms_enabling_bits *bits, const uint8_t *bound, struct rms_content_key *key_out);
RMS_MUST_USE int rms_enabling_open_private(const struct rms_rsa_private *recipient,
    const struct rms_enabling_bits *bits, const uint8_t *bound, struct rms_rsa_private **key_out);

/* Opens the key of a PL, whichever way it was sealed, and says in key_out->owner_bound which it was. The blob
 * chooses the digest that must hold, without a branch on what is inside. owner_bound NULL: a key sealed for
 * an owner does not open; bound NULL leaves out the comparison with bound only. */
RMS_MUST_USE int rms_enabling_open_owned_key(const struct rms_rsa_private *recipient,
    const struct rms_enabling_bits *bits, const uint8_t *bound, const uint8_t *owner_bound,
    struct rms_content_key *key_out);

/* Rights data: UTF-8 text to AES-ECB of its UTF-16LE form and back (section 5). decrypt stops behind </XrML>
 * and accepts zero, blank or PKCS#7 filling; RMS_E_BAD_LICENSE when no such text comes out. */
RMS_MUST_USE int rms_erd_encrypt(struct rms_view key, struct rms_view utf8, struct rms_buf *cipher_out);
RMS_MUST_USE int rms_erd_decrypt(struct rms_view key, struct rms_view cipher, struct rms_buf *utf8_out);

#endif
