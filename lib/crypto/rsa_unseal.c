/* Unsealing without an oracle (rsa.h; xrml-licences 8, pitfall 5).
 *
 * Whoever learns whether a chosen ciphertext has good padding can decrypt others (Bleichenbacher 1998, Manger
 * 2001). So every call does the same: one private operation without padding, then all padding checks in
 * constant time, then the substitute, then a selection by mask. Padding is never looked at inside the private
 * operation, and its outcome never reaches a branch, a return code or OpenSSL's error queue. */

/* The padding checks by themselves are marked as deprecated; EVP offers them only together with an answer. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/err.h>
#include <openssl/rsa.h>

#include "crypto/provider.h"
#include "crypto/rsa_key.h"

#define PKCS1_PAD_MIN 8

/* Masks: all bits set for true, none for false. The barrier keeps the compiler from seeing a truth value and
 * making a branch of it. */
static uint32_t barrier(uint32_t value)
{
    __asm__("" : "+r"(value));
    return value;
}

static uint32_t mask_zero(uint32_t value)
{
    value = barrier(value);
    return 0u - ((~value & (value - 1)) >> 31);
}

static uint32_t mask_equal(uint32_t a, uint32_t b)
{
    return mask_zero(a ^ b);
}

static void select_bytes(uint8_t *to, const uint8_t *from, size_t len, uint32_t mask)
{
    uint8_t keep = (uint8_t)~barrier(mask);
    uint8_t take = (uint8_t)barrier(mask);

    for (size_t i = 0; i < len; i++) {
        to[i] = (uint8_t)((to[i] & keep) | (from[i] & take));
    }
}

/* PKCS#1 v1.5: 00 02, at least 8 bytes that are not 0, 00, message. The length of the message is known, hence
 * so is the place of the 00: every byte before must not be 0. */
static uint32_t open_pkcs1(const uint8_t *block, size_t len, uint8_t *plain_out, size_t want)
{
    size_t end = len - want - 1;
    uint32_t good = mask_zero(block[0]) & mask_equal(block[1], 2) & mask_zero(block[end]);

    for (size_t i = 2; i < end; i++) {
        good &= ~mask_zero(block[i]);
    }
    select_bytes(plain_out, block + end + 1, want, good);
    return good;
}

/* OpenSSL's check takes constant time, writes its result by mask and leaves the error queue as it was. */
static uint32_t open_oaep(
    enum rms_hash hash, const uint8_t *block, size_t len, uint8_t *plain_out, size_t want)
{
    const EVP_MD *md = rms_provider()->md[hash];
    uint8_t message[RMS_RSA_BYTES_MAX] = {0};
    int found =
        RSA_padding_check_PKCS1_OAEP_mgf1(message, (int)len, block, (int)len, (int)len, NULL, 0, md, md);
    uint32_t good = mask_equal((uint32_t)found, (uint32_t)want);

    select_bytes(plain_out, message, want, good);
    rms_wipe(message, sizeof message);
    return good;
}

/* Bytes that only the key's holder can tell from a real message; the same for the same ciphertext, so that a
 * repetition teaches nothing. */
static void substitute(const struct rms_rsa_private *key, struct rms_view sealed, uint8_t *out, size_t want)
{
    uint8_t block[RMS_SHA256_BYTES];
    uint8_t input[1 + RMS_RSA_BYTES_MAX];

    memcpy(input + 1, sealed.data, sealed.len);
    for (size_t done = 0; done < want; done += sizeof block) {
        size_t step = want - done < sizeof block ? want - done : sizeof block;

        input[0] = (uint8_t)(done / sizeof block);
        rms_hmac_sha256(rms_secret_view(key->decoy), rms_view_of(input, 1 + sealed.len), block);
        memcpy(out + done, block, step);
    }
    rms_wipe(block, sizeof block);
}

/* The private operation needs a number below the modulus; both are public. One that is not is made small and
 * fails later, after the same work. */
static uint32_t fit_below_modulus(const struct rms_rsa_public *key, uint8_t *number)
{
    size_t len = key->bits / 8;
    size_t i = 0;

    while (i < len && number[i] == key->modulus[len - 1 - i]) {
        i++;
    }
    if (i < len && number[i] < key->modulus[len - 1 - i]) {
        return UINT32_MAX;
    }
    number[0] = 0;
    return 0;
}

/* False when memory is exhausted: nothing the sender chose. */
static bool decrypt_here(
    const struct rms_rsa_private *key, const uint8_t *number, size_t number_len, uint8_t *block)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_dup(key->decrypt);
    size_t len = number_len;
    bool done = ctx != NULL && EVP_PKEY_decrypt(ctx, block, &len, number, number_len) == 1;

    EVP_PKEY_CTX_free(ctx);
    return done;
}

/* A key in a store (hsm.h) may be out of reach, which is no more the sender's doing. */
static int decrypt_raw(
    const struct rms_rsa_private *key, struct rms_view sealed, uint8_t *block, uint32_t *good_out)
{
    uint8_t number[RMS_RSA_BYTES_MAX];

    memcpy(number, sealed.data, sealed.len);
    *good_out = fit_below_modulus(&key->public, number);
    if (key->store != NULL) {
        return key->store->decrypt(key, number, block);
    }
    if (!decrypt_here(key, number, sealed.len, block)) {
        *good_out = 0;
    }
    return 0;
}

int rms_rsa_unseal(const struct rms_rsa_private *key, enum rms_rsa_padding padding, struct rms_view sealed,
    uint8_t *plain_out, size_t want)
{
    size_t len = key->public.bits / 8;
    uint8_t block[RMS_RSA_BYTES_MAX] = {0};
    uint8_t plain[RMS_RSA_SEAL_MAX] = {0};
    uint32_t below;
    uint32_t good;

    if (sealed.len != len || want == 0 || want > RMS_RSA_SEAL_MAX || want + PKCS1_PAD_MIN + 3 > len) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(decrypt_raw(key, sealed, block, &below));
    if (padding == RMS_RSA_PKCS1) {
        good = open_pkcs1(block, len, plain, want);
    } else {
        good = open_oaep(RMS_SHA1, block, len, plain, want);
        good |= open_oaep(RMS_SHA256, block, len, plain, want);
    }
    substitute(key, sealed, plain_out, want);
    select_bytes(plain_out, plain, want, good & below);
    ERR_clear_error();
    rms_wipe(block, sizeof block);
    rms_wipe(plain, sizeof plain);
    return 0;
}
