#include "crypto/passphrase.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>

#include "crypto/provider.h"

#define COST       (UINT64_C(1) << 17)
#define BLOCK      UINT32_C(8)
#define PARALLEL   UINT32_C(1)
#define MEMORY_MAX (UINT64_C(160) << 20)

static int derive(
    EVP_KDF_CTX *kdf, struct rms_view passphrase, const uint8_t *salt, uint8_t out[RMS_PASSPHRASE_KEY])
{
    uint64_t cost = COST;
    uint64_t memory = MEMORY_MAX;
    uint32_t block = BLOCK;
    uint32_t parallel = PARALLEL;
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(
            OSSL_KDF_PARAM_PASSWORD, (void *)(uintptr_t)passphrase.data, passphrase.len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)salt, RMS_PASSPHRASE_SALT),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &cost),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &block),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &parallel),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &memory),
        OSSL_PARAM_construct_end(),
    };

    return EVP_KDF_derive(kdf, out, RMS_PASSPHRASE_KEY, params) == 1 ? 0 : rms_crypto_failed(RMS_E_NO_MEMORY);
}

int rms_passphrase_key(
    struct rms_view passphrase, const uint8_t salt[RMS_PASSPHRASE_SALT], struct rms_secret **key_out)
{
    EVP_KDF *scrypt = EVP_KDF_fetch(rms_provider()->context, "SCRYPT", NULL);
    EVP_KDF_CTX *kdf = scrypt != NULL ? EVP_KDF_CTX_new(scrypt) : NULL;
    int status = RMS_E_NO_MEMORY;

    *key_out = kdf != NULL ? rms_secret_new(RMS_PASSPHRASE_KEY) : NULL;
    if (*key_out != NULL) {
        status = derive(kdf, passphrase, salt, rms_secret_bytes(*key_out));
    }
    if (status != 0) {
        rms_secret_free(key_out);
    }
    EVP_KDF_CTX_free(kdf);
    EVP_KDF_free(scrypt);
    return rms_crypto_failed(status);
}
