#include "crypto/digest.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <stdlib.h>

#include "base/cursor.h"
#include "base/text.h"
#include "crypto/provider.h"

#define CHUNK 8192u

/* These functions have no way to fail but a broken library or exhausted memory, which end the process. */
static void must(int result)
{
    if (result != 1) {
        abort();
    }
}

size_t rms_hash_size(enum rms_hash hash)
{
    return hash == RMS_SHA1 ? RMS_SHA1_BYTES : RMS_SHA256_BYTES;
}

void rms_hash(enum rms_hash hash, struct rms_view data, uint8_t out[RMS_HASH_MAX])
{
    EVP_MD_CTX *ctx = rms_thread()->md[hash];

    must(EVP_DigestInit_ex2(ctx, NULL, NULL));
    must(EVP_DigestUpdate(ctx, data.data, data.len));
    must(EVP_DigestFinal_ex(ctx, out, NULL));
}

int rms_hash_utf16(enum rms_hash hash, struct rms_view utf8, uint8_t out[RMS_HASH_MAX])
{
    EVP_MD_CTX *ctx = rms_thread()->md[hash];
    struct rms_cursor in = rms_cursor_of(utf8);
    uint8_t chunk[CHUNK];

    must(EVP_DigestInit_ex2(ctx, NULL, NULL));
    while (in.pos < in.len && !in.bad) {
        must(EVP_DigestUpdate(ctx, chunk, rms_text_utf16_chunk(&in, chunk, sizeof chunk)));
    }
    rms_wipe(chunk, utf8.len < CHUNK / 2 ? utf8.len * 2 : CHUNK);
    if (in.bad) {
        return RMS_E_BAD_ARGUMENT;
    }
    must(EVP_DigestFinal_ex(ctx, out, NULL));
    return 0;
}

void rms_hmac_sha256(struct rms_view key, struct rms_view data, uint8_t out[RMS_SHA256_BYTES])
{
    /* A copy, so that no key stays behind in the thread's state. */
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_dup(rms_provider()->hmac);
    const uint8_t *key_bytes = key.len > 0 ? key.data : (const uint8_t *)"";

    must(ctx != NULL);
    must(EVP_MAC_init(ctx, key_bytes, key.len, NULL));
    must(EVP_MAC_update(ctx, data.data, data.len));
    must(EVP_MAC_final(ctx, out, NULL, RMS_SHA256_BYTES));
    EVP_MAC_CTX_free(ctx);
}

static OSSL_PARAM octets(const char *name, struct rms_view value)
{
    /* OpenSSL's parameters are not const-correct; it only reads these. */
    return OSSL_PARAM_construct_octet_string(name, (void *)(uintptr_t)value.data, value.len);
}

void rms_hkdf_sha256(
    struct rms_view secret, struct rms_view salt, struct rms_view info, uint8_t *out, size_t out_len)
{
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(rms_provider()->hkdf);
    char digest[] = "SHA2-256";
    OSSL_PARAM params[5];
    size_t count = 0;

    must(ctx != NULL);
    params[count++] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0);
    params[count++] = octets(OSSL_KDF_PARAM_KEY, secret);
    if (salt.len > 0) {
        params[count++] = octets(OSSL_KDF_PARAM_SALT, salt);
    }
    if (info.len > 0) {
        params[count++] = octets(OSSL_KDF_PARAM_INFO, info);
    }
    params[count] = OSSL_PARAM_construct_end();
    must(EVP_KDF_derive(ctx, out, out_len, params));
    EVP_KDF_CTX_free(ctx);
}

bool rms_equal_ct(const void *a, const void *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}
