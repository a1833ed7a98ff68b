/* Hashes, HMAC, key derivation, constant-time comparison. What returns nothing cannot fail: a broken library
 * or exhausted memory ends the process. */
#ifndef RMS_CRYPTO_DIGEST_H
#define RMS_CRYPTO_DIGEST_H

#include "base/bytes.h"

enum rms_hash { RMS_SHA1, RMS_SHA256 };

#define RMS_SHA1_BYTES   20
#define RMS_SHA256_BYTES 32
#define RMS_HASH_MAX     32

size_t rms_hash_size(enum rms_hash hash);
void rms_hash(enum rms_hash hash, struct rms_view data, uint8_t out[RMS_HASH_MAX]);

/* SHA-256 of each piece of data by itself, the last one may be shorter; one hash behind the other. Many
 * pieces at once are faster than one by one when they have at most 32 KiB. */
void rms_hash_pieces(struct rms_view data, size_t piece, uint8_t *out);

/* Hash of the UTF-16LE form of UTF-8 text without storing that form: the surface hash of a licence
 * (xrml-licences section 1). RMS_E_BAD_ARGUMENT when the text is not valid UTF-8. */
RMS_MUST_USE int rms_hash_utf16(enum rms_hash hash, struct rms_view utf8, uint8_t out[RMS_HASH_MAX]);

void rms_hmac_sha256(struct rms_view key, struct rms_view data, uint8_t out[RMS_SHA256_BYTES]);

/* HKDF-SHA256 (RFC 5869). out_len at most 255 * 32. */
void rms_hkdf_sha256(
    struct rms_view secret, struct rms_view salt, struct rms_view info, uint8_t *out, size_t out_len);

/* Equality in constant time for equal lengths. */
bool rms_equal_ct(const void *a, const void *b, size_t len);

#endif
