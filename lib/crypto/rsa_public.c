/* Public RSA keys (rsa.h): verifying and sealing. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "base/mem.h"
#include "crypto/provider.h"
#include "crypto/rsa_key.h"

#define EXPONENT    65537u
#define CACHE_SLOTS 16

/* Licences name few keys over and over. Making OpenSSL's objects costs several times the check itself. */
struct slot {
    struct rms_rsa_public key;
    uint64_t used_at; /* 0: empty */
    EVP_PKEY *pkey;
    EVP_PKEY_CTX *verify[RMS_HASH_COUNT];
    EVP_PKEY_CTX *seal[RMS_RSA_PADDINGS];
};

struct rms_verify_cache {
    uint64_t clock;
    struct slot slots[CACHE_SLOTS];
};

void rms_rsa_reverse(uint8_t *to, const uint8_t *from, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        to[i] = from[len - 1 - i];
    }
}

bool rms_rsa_public_equal(const struct rms_rsa_public *a, const struct rms_rsa_public *b)
{
    return a->bits == b->bits && memcmp(a->modulus, b->modulus, a->bits / 8) == 0;
}

int rms_rsa_public_set(struct rms_rsa_public *key, struct rms_view modulus_le)
{
    if (modulus_le.len < RMS_RSA_BITS_MIN / 8 || modulus_le.len > RMS_RSA_BYTES_MAX ||
        (modulus_le.data[0] & 1) == 0 || (modulus_le.data[modulus_le.len - 1] & 0x80) == 0) {
        return RMS_E_BAD_LICENSE;
    }
    *key = (struct rms_rsa_public){.bits = (unsigned)modulus_le.len * 8};
    memcpy(key->modulus, modulus_le.data, modulus_le.len);
    return 0;
}

void rms_rsa_fingerprint(const struct rms_rsa_public *key, uint8_t out[RMS_SHA256_BYTES])
{
    uint8_t modulus[RMS_RSA_BYTES_MAX];

    rms_rsa_reverse(modulus, key->modulus, key->bits / 8);
    rms_hash(RMS_SHA256, rms_view_of(modulus, key->bits / 8), out);
}

static EVP_PKEY *import_public(const struct rms_rsa_public *key)
{
    uint8_t modulus[RMS_RSA_BYTES_MAX];
    unsigned exponent = EXPONENT;
    OSSL_PARAM params[3];
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(rms_provider()->context, "RSA", NULL);
    EVP_PKEY *pkey = NULL;

    /* OSSL_PARAM numbers are in the order of the machine; the modulus of a licence is little-endian. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    memcpy(modulus, key->modulus, key->bits / 8);
#else
    rms_rsa_reverse(modulus, key->modulus, key->bits / 8);
#endif
    params[0] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, modulus, key->bits / 8);
    params[1] = OSSL_PARAM_construct_uint(OSSL_PKEY_PARAM_RSA_E, &exponent);
    params[2] = OSSL_PARAM_construct_end();
    if (ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        pkey = NULL;
    }
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

static EVP_PKEY_CTX *make_verify(EVP_PKEY *pkey, enum rms_hash hash)
{
    const struct rms_provider *provider = rms_provider();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(provider->context, pkey, NULL);

    if (ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 &&
        EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
        EVP_PKEY_CTX_set_signature_md(ctx, provider->md[hash]) == 1) {
        return ctx;
    }
    EVP_PKEY_CTX_free(ctx);
    return NULL;
}

static void slot_clear(struct slot *slot)
{
    for (size_t i = 0; i < RMS_HASH_COUNT; i++) {
        EVP_PKEY_CTX_free(slot->verify[i]);
    }
    for (size_t i = 0; i < RMS_RSA_PADDINGS; i++) {
        EVP_PKEY_CTX_free(slot->seal[i]);
    }
    EVP_PKEY_free(slot->pkey);
    *slot = (struct slot){.used_at = 0};
}

void rms_verify_cache_free(struct rms_verify_cache *cache)
{
    if (cache != NULL) {
        for (size_t i = 0; i < CACHE_SLOTS; i++) {
            slot_clear(&cache->slots[i]);
        }
        rms_free(cache);
    }
}

static struct slot *slot_find(struct rms_verify_cache *cache, const struct rms_rsa_public *key)
{
    struct slot *oldest = &cache->slots[0];

    for (size_t i = 0; i < CACHE_SLOTS; i++) {
        struct slot *slot = &cache->slots[i];

        if (slot->used_at > 0 && rms_rsa_public_equal(&slot->key, key)) {
            return slot;
        }
        oldest = slot->used_at < oldest->used_at ? slot : oldest;
    }
    slot_clear(oldest);
    return oldest;
}

/* The key's slot of this thread, filled; NULL when memory is exhausted. */
static struct slot *slot_of(const struct rms_rsa_public *key)
{
    struct rms_thread *thread = rms_thread();
    struct slot *slot;

    if (thread->verify == NULL) {
        thread->verify = rms_calloc(1, sizeof *thread->verify);
        if (thread->verify == NULL) {
            return NULL;
        }
    }
    slot = slot_find(thread->verify, key);
    if (slot->used_at == 0) {
        slot->pkey = import_public(key);
        if (slot->pkey == NULL) {
            return NULL;
        }
        slot->key = *key;
    }
    slot->used_at = ++thread->verify->clock;
    return slot;
}

int rms_rsa_verify(const struct rms_rsa_public *key, enum rms_hash hash, const uint8_t digest[RMS_HASH_MAX],
    struct rms_view signature)
{
    struct slot *slot;

    if (signature.len != key->bits / 8) {
        return RMS_E_BAD_SIGNATURE;
    }
    slot = slot_of(key);
    if (slot == NULL) {
        return rms_crypto_failed(RMS_E_NO_MEMORY);
    }
    if (slot->verify[hash] == NULL) {
        slot->verify[hash] = make_verify(slot->pkey, hash);
    }
    if (slot->verify[hash] == NULL) {
        return rms_crypto_failed(RMS_E_NO_MEMORY);
    }
    if (EVP_PKEY_verify(slot->verify[hash], signature.data, signature.len, digest, rms_hash_size(hash)) !=
        1) {
        return rms_crypto_failed(RMS_E_BAD_SIGNATURE);
    }
    return 0;
}

static EVP_PKEY_CTX *make_seal(EVP_PKEY *pkey, enum rms_rsa_padding padding)
{
    const struct rms_provider *provider = rms_provider();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(provider->context, pkey, NULL);
    int mode = padding == RMS_RSA_OAEP ? RSA_PKCS1_OAEP_PADDING : RSA_PKCS1_PADDING;

    if (ctx != NULL && EVP_PKEY_encrypt_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, mode) == 1 &&
        (padding != RMS_RSA_OAEP || EVP_PKEY_CTX_set_rsa_oaep_md(ctx, provider->md[RMS_SHA1]) == 1)) {
        return ctx;
    }
    EVP_PKEY_CTX_free(ctx);
    return NULL;
}

static int encrypt(EVP_PKEY_CTX *ctx, struct rms_view plain, struct rms_buf *sealed)
{
    size_t len = RMS_RSA_BYTES_MAX;
    uint8_t *place = rms_buf_reserve(sealed, len);

    if (place == NULL) {
        return RMS_E_LIMIT;
    }
    if (EVP_PKEY_encrypt(ctx, place, &len, plain.data, plain.len) != 1) {
        return rms_crypto_failed(RMS_E_INTERNAL);
    }
    rms_buf_commit(sealed, len);
    return 0;
}

int rms_rsa_seal(const struct rms_rsa_public *key, enum rms_rsa_padding padding, struct rms_view plain,
    struct rms_buf *sealed)
{
    struct slot *slot;

    if (plain.len > RMS_RSA_SEAL_MAX ||
        (padding == RMS_RSA_OAEP && plain.len + 2 * RMS_SHA1_BYTES + 2 > key->bits / 8)) {
        return RMS_E_BAD_ARGUMENT;
    }
    slot = slot_of(key);
    if (slot != NULL && slot->seal[padding] == NULL) {
        slot->seal[padding] = make_seal(slot->pkey, padding);
    }
    if (slot == NULL || slot->seal[padding] == NULL) {
        return rms_crypto_failed(RMS_E_NO_MEMORY);
    }
    return encrypt(slot->seal[padding], plain, sealed);
}
