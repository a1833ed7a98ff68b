#include "crypto/provider.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/mem.h"

static struct rms_provider provider;
static pthread_once_t provider_once = PTHREAD_ONCE_INIT;

static const char *const md_names[RMS_HASH_COUNT] = {[RMS_SHA1] = "SHA1", [RMS_SHA256] = "SHA2-256"};
static const char *const ecb_names[RMS_AES_SIZES] = {"AES-128-ECB", "AES-192-ECB", "AES-256-ECB"};
static const char *const cbc_names[RMS_AES_SIZES] = {"AES-128-CBC", "AES-192-CBC", "AES-256-CBC"};

static void *must(void *pointer)
{
    if (pointer == NULL) {
        abort();
    }
    return pointer;
}

/* Whoever chooses a validated module chooses it for everything, or the process ends. */
static OSSL_LIB_CTX *make_context(void)
{
    OSSL_LIB_CTX *context = must(OSSL_LIB_CTX_new());
    const char *configuration = secure_getenv("OPENSSL_CONF");

    if (configuration != NULL && OSSL_LIB_CTX_load_config(context, configuration) != 1) {
        abort();
    }
    return context;
}

static EVP_MAC_CTX *make_hmac(OSSL_LIB_CTX *context)
{
    EVP_MAC *mac = must(EVP_MAC_fetch(context, "HMAC", NULL));
    EVP_MAC_CTX *ctx = must(EVP_MAC_CTX_new(mac));
    char digest[] = "SHA2-256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};

    EVP_MAC_free(mac);
    if (EVP_MAC_CTX_set_params(ctx, params) != 1) {
        abort();
    }
    return ctx;
}

static void make_provider(void)
{
    OSSL_LIB_CTX *context = make_context();

    provider.context = context;
    for (size_t i = 0; i < RMS_HASH_COUNT; i++) {
        provider.md[i] = must(EVP_MD_fetch(context, md_names[i], NULL));
    }
    for (size_t i = 0; i < RMS_AES_SIZES; i++) {
        provider.ecb[i] = must(EVP_CIPHER_fetch(context, ecb_names[i], NULL));
        provider.cbc[i] = must(EVP_CIPHER_fetch(context, cbc_names[i], NULL));
    }
    provider.gcm = must(EVP_CIPHER_fetch(context, "AES-256-GCM", NULL));
    provider.hmac = make_hmac(context);
    provider.hkdf = must(EVP_KDF_fetch(context, "HKDF", NULL));
}

const struct rms_provider *rms_provider(void)
{
    (void)pthread_once(&provider_once, make_provider);
    return &provider;
}

int rms_crypto_failed(int code)
{
    ERR_clear_error();
    return code;
}

static _Thread_local struct rms_thread *thread;
static pthread_key_t thread_key;
static pthread_once_t thread_once = PTHREAD_ONCE_INIT;

static void free_thread(void *state)
{
    struct rms_thread *ended = state;

    for (size_t i = 0; i < RMS_HASH_COUNT; i++) {
        EVP_MD_CTX_free(ended->md[i]);
    }
    rms_verify_cache_free(ended->verify);
    rms_aes_manager_free(ended->mb);
    rms_free(ended);
    thread = NULL;
}

static void make_key(void)
{
    if (pthread_key_create(&thread_key, free_thread) != 0) {
        abort();
    }
}

static struct rms_thread *make_thread(void)
{
    const struct rms_provider *algorithms = rms_provider();
    struct rms_thread *made = must(rms_calloc(1, sizeof *made));

    for (size_t i = 0; i < RMS_HASH_COUNT; i++) {
        made->md[i] = must(EVP_MD_CTX_new());
        if (EVP_DigestInit_ex2(made->md[i], algorithms->md[i], NULL) != 1) {
            abort();
        }
    }
    (void)pthread_once(&thread_once, make_key);
    if (pthread_setspecific(thread_key, made) != 0) {
        abort();
    }
    return made;
}

struct rms_thread *rms_thread(void)
{
    if (thread == NULL) {
        thread = make_thread();
    }
    return thread;
}
