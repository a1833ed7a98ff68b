/* Content ciphers (protected-file-formats section 3): ECB, CBC4K, CBC512.NOPADDING and CBC4K without padding,
 * AES-128/192/256.
 *
 * Every 4096 (512) byte block is an independent CBC chain, so blocks can be done in any order and in
 * parallel. Encryption uses ipsec-mb's multi-buffer AES where the machine has it (chosen at run time,
 * RMS_AES=openssl forces OpenSSL), decryption uses OpenSSL; the bytes are the same. */
#ifndef RMS_CRYPTO_CONTENT_H
#define RMS_CRYPTO_CONTENT_H

#include "base/secret.h"

enum rms_cipher_mode {
    RMS_MODE_ECB,         /* 0xFFFF "MICROSOFT.ECB" */
    RMS_MODE_CBC4K_NOPAD, /* 0xFFFE "MICROSOFT.CBC4K.NOPADDING" */
    RMS_MODE_CBC4K,       /* 0xFFFD "MICROSOFT.CBC4K" */
    RMS_MODE_CBC512,      /* 0xFFFC "MICROSOFT.CBC512.NOPADDING" */
    RMS_MODE_COUNT
};

const char *rms_mode_wire(enum rms_cipher_mode mode);
uint16_t rms_mode_code(enum rms_cipher_mode mode);
RMS_MUST_USE int rms_mode_from_wire(const char *text, enum rms_cipher_mode *mode_out);
RMS_MUST_USE int rms_mode_from_code(uint16_t code, enum rms_cipher_mode *mode_out);

/* What new content is encrypted with: the first is the default, the others are for old programs (S-128). */
struct rms_cipher_package {
    const char *name; /* "AES256-CBC4K" */
    enum rms_cipher_mode mode;
    unsigned key_bits;
};

/* The i-th of them, NULL behind the last; by name, in any case, NULL for another. */
const struct rms_cipher_package *rms_cipher_package_row(size_t i);
const struct rms_cipher_package *rms_cipher_package_named(const char *name);

#define RMS_CONTENT_BLOCK   4096u
#define RMS_CONTENT_KEY_MAX 32

/* A key, ready for both directions. One thread at a time: each makes its own from the same key. */
struct rms_content_cipher;

#define RMS_CONTENT_CLEANUP __attribute__((cleanup(rms_content_cipher_free)))

/* key 16, 24 or 32 bytes, copied: into guarded memory, and as round keys into OpenSSL's, which wipes them.
 * RMS_E_BAD_ARGUMENT for other lengths. */
RMS_MUST_USE int rms_content_cipher_new(
    enum rms_cipher_mode mode, struct rms_view key, struct rms_content_cipher **cipher_out);
void rms_content_cipher_free(struct rms_content_cipher **cipher);
enum rms_cipher_mode rms_content_cipher_mode(const struct rms_content_cipher *cipher);

/* Block size of the mode's chains: 4096 or 512; 4096 for ECB as a convenience. */
size_t rms_content_block(const struct rms_content_cipher *cipher);

/* Ciphertext length of a plaintext length. */
uint64_t rms_content_encrypted_len(enum rms_cipher_mode mode, uint64_t plain_len);

/* Encrypts len bytes at in to out (may be the same place), starting at block number first_block.
 * last: these are the final bytes; padding is added as the mode says, and *out_len tells what was written
 * (out has room for len + 16). Without last, len must be a multiple of the block size (ECB: of 16).
 * len may be 0 only with last. The modes without padding need multiples of 16, CBC512 at least 16 in all; ECB
 * is zero-padded at the end. RMS_E_BAD_ARGUMENT for other lengths. */
RMS_MUST_USE int rms_content_encrypt(struct rms_content_cipher *cipher, uint64_t first_block,
    const uint8_t *in, size_t len, bool last, uint8_t *out, size_t *out_len);

/* The reverse. last: in holds the final bytes; padding is checked and removed (CBC4K), RMS_E_DAMAGED when it
 * is wrong. len must be a multiple of 16, without last of the block size. */
RMS_MUST_USE int rms_content_decrypt(struct rms_content_cipher *cipher, uint64_t first_block,
    const uint8_t *in, size_t len, bool last, uint8_t *out, size_t *out_len);

/* Which engine encrypts here: "ipsec-mb avx512" or "openssl", for doctor and bench. */
const char *rms_content_engine(void);

#endif
