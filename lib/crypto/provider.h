/* Inside lib/crypto only: the process's OpenSSL context with every algorithm fetched once, and what each
 * thread keeps for itself so that repeated work costs no set-up. */
#ifndef RMS_CRYPTO_PROVIDER_H
#define RMS_CRYPTO_PROVIDER_H

#include <openssl/evp.h>

#include "crypto/digest.h"

#define RMS_HASH_COUNT 2

enum rms_aes_size { RMS_AES_128, RMS_AES_192, RMS_AES_256, RMS_AES_SIZES };

struct rms_provider {
    OSSL_LIB_CTX *context;
    EVP_MD *md[RMS_HASH_COUNT]; /* by enum rms_hash */
    EVP_CIPHER *ecb[RMS_AES_SIZES];
    EVP_CIPHER *cbc[RMS_AES_SIZES];
    EVP_CIPHER *gcm;
    EVP_MAC_CTX *hmac; /* HMAC-SHA256 without a key: copy it, then give the key */
    EVP_KDF *hkdf;
};

/* Made on the first call. The process ends when the provider lacks an algorithm: nothing could be trusted. */
const struct rms_provider *rms_provider(void);

/* Empties OpenSSL's error queue, which TLS in the same thread would take for its own, and returns code. */
RMS_MUST_USE int rms_crypto_failed(int code);

struct rms_verify_cache;
struct IMB_MGR;

/* Freed when the thread ends. */
struct rms_thread {
    EVP_MD_CTX *md[RMS_HASH_COUNT];
    struct rms_verify_cache *verify; /* rsa_public.c */
    struct IMB_MGR *mb;              /* engine.c */
};

/* This thread's state; ends the process when memory is exhausted. */
struct rms_thread *rms_thread(void);

/* Parts of struct rms_thread, freed by the file that makes them. Accept NULL. */
void rms_verify_cache_free(struct rms_verify_cache *cache);
void rms_aes_manager_free(struct IMB_MGR *manager);

#endif
