#include "crypto/engine.h"

#include <stdlib.h>

#include "crypto/provider.h"

/* One chain cannot use the width of the machine: each AES round waits for the one before. ipsec-mb
 * interleaves many chains. With fewer than this many OpenSSL is as fast. */
#define MULTI_MIN 2

static int encrypt_with_openssl(struct rms_engine_key *engine, const struct rms_chains *chains)
{
    int len;

    for (size_t i = 0; i < chains->count; i++) {
        size_t offset = i * chains->chain_len;

        if (EVP_EncryptInit_ex2(engine->cbc, NULL, NULL, chains->ivs + 16 * i, NULL) != 1 ||
            EVP_EncryptUpdate(
                engine->cbc, chains->out + offset, &len, chains->in + offset, (int)chains->chain_len) != 1) {
            return rms_crypto_failed(RMS_E_INTERNAL);
        }
    }
    return 0;
}

static bool openssl_wanted(void)
{
    const char *choice = getenv("RMS_AES");

    return choice != NULL && strcmp(choice, "openssl") == 0;
}

#if defined(__x86_64__)

#include <intel-ipsec-mb.h>

#define SCHEDULE_BYTES (16u * 15)
#define ARCH_COUNT     (IMB_ARCH_AVX512 + 1)

void rms_aes_manager_free(struct IMB_MGR *manager)
{
    if (manager != NULL) {
        free_mb_mgr(manager);
    }
}

/* Names of the sets of instructions that make it worth while. */
static const char *const engine_names[ARCH_COUNT] = {
    [IMB_ARCH_SSE] = "ipsec-mb sse",
    [IMB_ARCH_AVX] = "ipsec-mb avx",
    [IMB_ARCH_AVX2] = "ipsec-mb avx2",
    [IMB_ARCH_AVX512] = "ipsec-mb avx512",
};

/* This thread's manager, or NULL when the machine has none of those sets. */
static IMB_MGR *manager_get(const char **name_out)
{
    struct rms_thread *thread = rms_thread();
    IMB_ARCH arch = IMB_ARCH_NONE;

    if (thread->mb == NULL) {
        thread->mb = alloc_mb_mgr(0);
        if (thread->mb == NULL) {
            return NULL;
        }
        init_mb_mgr_auto(thread->mb, &arch);
    }
    arch = (IMB_ARCH)thread->mb->used_arch;
    *name_out = arch < ARCH_COUNT && imb_get_errno(thread->mb) == 0 ? engine_names[arch] : NULL;
    return *name_out != NULL ? thread->mb : NULL;
}

struct IMB_MGR *rms_engine_manager(void)
{
    const char *name;

    return openssl_wanted() ? NULL : manager_get(&name);
}

const char *rms_engine_name(void)
{
    const char *name = NULL;

    return !openssl_wanted() && manager_get(&name) != NULL ? name : "openssl";
}

static int schedule_make(struct rms_engine_key *engine, IMB_MGR *manager)
{
    struct rms_view key = rms_secret_view(engine->key);
    uint8_t unused[SCHEDULE_BYTES] __attribute__((aligned(16)));

    engine->schedule = rms_secret_new(SCHEDULE_BYTES);
    if (engine->schedule == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (key.len == 16) {
        IMB_AES_KEYEXP_128(manager, key.data, rms_secret_bytes(engine->schedule), unused);
    } else if (key.len == 24) {
        IMB_AES_KEYEXP_192(manager, key.data, rms_secret_bytes(engine->schedule), unused);
    } else {
        IMB_AES_KEYEXP_256(manager, key.data, rms_secret_bytes(engine->schedule), unused);
    }
    rms_wipe(unused, sizeof unused);
    return 0;
}

static int encrypt_with_manager(
    struct rms_engine_key *engine, IMB_MGR *manager, const struct rms_chains *chains)
{
    size_t key_len = rms_secret_len(engine->key);
    IMB_JOB jobs[RMS_ENGINE_CHAINS_MAX];

    for (size_t i = 0; i < chains->count; i++) {
        jobs[i] = (IMB_JOB){.enc_keys = rms_secret_bytes(engine->schedule),
            .key_len_in_bytes = key_len,
            .src = chains->in + i * chains->chain_len,
            .dst = chains->out + i * chains->chain_len,
            .msg_len_to_cipher_in_bytes = chains->chain_len,
            .iv = chains->ivs + 16 * i,
            .iv_len_in_bytes = 16};
    }
    return IMB_SUBMIT_CIPHER_BURST(manager, jobs, (uint32_t)chains->count, IMB_CIPHER_CBC, IMB_DIR_ENCRYPT,
               (IMB_KEY_SIZE_BYTES)key_len) == chains->count
               ? 0
               : RMS_E_INTERNAL;
}

int rms_engine_encrypt(struct rms_engine_key *engine, const struct rms_chains *chains)
{
    const char *name;
    IMB_MGR *manager = engine->multi && chains->count >= MULTI_MIN ? manager_get(&name) : NULL;

    if (manager == NULL) {
        return encrypt_with_openssl(engine, chains);
    }
    if (engine->schedule == NULL) {
        RMS_TRY(schedule_make(engine, manager));
    }
    return encrypt_with_manager(engine, manager, chains);
}

#else

void rms_aes_manager_free(struct IMB_MGR *manager)
{
    (void)manager;
}

struct IMB_MGR *rms_engine_manager(void)
{
    return NULL;
}

const char *rms_engine_name(void)
{
    return "openssl";
}

int rms_engine_encrypt(struct rms_engine_key *engine, const struct rms_chains *chains)
{
    return encrypt_with_openssl(engine, chains);
}

#endif

int rms_engine_key_init(struct rms_engine_key *engine, struct rms_view key)
{
    const EVP_CIPHER *cbc = rms_provider()->cbc[key.len / 8 - 2];

    *engine = (struct rms_engine_key){
        .cbc = EVP_CIPHER_CTX_new(), .key = rms_secret_new(key.len), .multi = !openssl_wanted()};
    if (engine->cbc == NULL || engine->key == NULL ||
        EVP_EncryptInit_ex2(engine->cbc, cbc, key.data, NULL, NULL) != 1 ||
        EVP_CIPHER_CTX_set_padding(engine->cbc, 0) != 1) {
        rms_engine_key_fini(engine);
        return rms_crypto_failed(RMS_E_NO_MEMORY);
    }
    memcpy(rms_secret_bytes(engine->key), key.data, key.len);
    return 0;
}

void rms_engine_key_fini(struct rms_engine_key *engine)
{
    EVP_CIPHER_CTX_free(engine->cbc);
    rms_secret_free(&engine->schedule);
    rms_secret_free(&engine->key);
    engine->cbc = NULL;
}
