#include "crypto/content.h"

#include <openssl/evp.h>

#include "base/mem.h"
#include "base/text.h"
#include "crypto/engine.h"
#include "crypto/provider.h"

#define AES_BLOCK   16u
#define SMALL_BLOCK 512u
#define RUN_MAX     (64u * RMS_CONTENT_BLOCK) /* bytes handled at once: the working set stays in the cache */

/* iv_step: what the IV counts with each block, 1 or bytes (protected-file-formats 3). */
static const struct {
    const char *wire;
    uint16_t code;
    uint32_t block; /* 0: no chains */
    uint32_t iv_step;
    bool padded;
} modes[RMS_MODE_COUNT] = {
    [RMS_MODE_ECB] = {"MICROSOFT.ECB", 0xffff, 0, 0, false},
    [RMS_MODE_CBC4K_NOPAD] = {"MICROSOFT.CBC4K.NOPADDING", 0xfffe, RMS_CONTENT_BLOCK, 1, false},
    [RMS_MODE_CBC4K] = {"MICROSOFT.CBC4K", 0xfffd, RMS_CONTENT_BLOCK, 1, true},
    [RMS_MODE_CBC512] = {"MICROSOFT.CBC512.NOPADDING", 0xfffc, SMALL_BLOCK, SMALL_BLOCK, false},
};

struct rms_content_cipher {
    enum rms_cipher_mode mode;
    size_t block;
    EVP_CIPHER_CTX *ecb_encrypt; /* content in ECB mode, IVs in the others */
    EVP_CIPHER_CTX *decrypt;     /* of the mode */
    struct rms_engine_key engine;
};

const char *rms_mode_wire(enum rms_cipher_mode mode)
{
    return modes[mode].wire;
}

static const struct rms_cipher_package packages[] = {
    {"AES256-CBC4K", RMS_MODE_CBC4K, 256},
    {"AES128-CBC4K", RMS_MODE_CBC4K, 128},
    {"AES128-ECB", RMS_MODE_ECB, 128},
};

const struct rms_cipher_package *rms_cipher_package_row(size_t i)
{
    return i < sizeof packages / sizeof packages[0] ? &packages[i] : NULL;
}

const struct rms_cipher_package *rms_cipher_package_named(const char *name)
{
    for (size_t i = 0; name != NULL && i < sizeof packages / sizeof packages[0]; i++) {
        if (strcasecmp(packages[i].name, name) == 0) {
            return &packages[i];
        }
    }
    return NULL;
}

uint16_t rms_mode_code(enum rms_cipher_mode mode)
{
    return modes[mode].code;
}

int rms_mode_from_wire(const char *text, enum rms_cipher_mode *mode_out)
{
    for (int mode = 0; mode < RMS_MODE_COUNT; mode++) {
        if (rms_text_equal_nocase(text, modes[mode].wire)) {
            *mode_out = (enum rms_cipher_mode)mode;
            return 0;
        }
    }
    return RMS_E_BAD_ARGUMENT;
}

int rms_mode_from_code(uint16_t code, enum rms_cipher_mode *mode_out)
{
    for (int mode = 0; mode < RMS_MODE_COUNT; mode++) {
        if (code == modes[mode].code) {
            *mode_out = (enum rms_cipher_mode)mode;
            return 0;
        }
    }
    return RMS_E_BAD_ARGUMENT;
}

uint64_t rms_content_encrypted_len(enum rms_cipher_mode mode, uint64_t plain_len)
{
    uint64_t whole = plain_len / AES_BLOCK * AES_BLOCK;

    return modes[mode].padded || whole < plain_len ? whole + AES_BLOCK : whole;
}

const char *rms_content_engine(void)
{
    return rms_engine_name();
}

enum rms_cipher_mode rms_content_cipher_mode(const struct rms_content_cipher *cipher)
{
    return cipher->mode;
}

size_t rms_content_block(const struct rms_content_cipher *cipher)
{
    return cipher->block;
}

static EVP_CIPHER_CTX *make_ctx(const EVP_CIPHER *algorithm, const uint8_t *key, int encrypt)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

    if (ctx != NULL && EVP_CipherInit_ex2(ctx, algorithm, key, NULL, encrypt, NULL) == 1 &&
        EVP_CIPHER_CTX_set_padding(ctx, 0) == 1) {
        return ctx;
    }
    EVP_CIPHER_CTX_free(ctx);
    return NULL;
}

static int set_key(struct rms_content_cipher *cipher, struct rms_view key)
{
    const struct rms_provider *provider = rms_provider();
    size_t size = key.len / 8 - 2; /* enum rms_aes_size */
    const EVP_CIPHER *way_back = cipher->mode == RMS_MODE_ECB ? provider->ecb[size] : provider->cbc[size];

    cipher->ecb_encrypt = make_ctx(provider->ecb[size], key.data, 1);
    cipher->decrypt = make_ctx(way_back, key.data, 0);
    if (cipher->ecb_encrypt == NULL || cipher->decrypt == NULL) {
        return rms_crypto_failed(RMS_E_NO_MEMORY);
    }
    return rms_engine_key_init(&cipher->engine, key);
}

int rms_content_cipher_new(
    enum rms_cipher_mode mode, struct rms_view key, struct rms_content_cipher **cipher_out)
{
    struct rms_content_cipher *cipher;
    int status;

    *cipher_out = NULL;
    if (mode >= RMS_MODE_COUNT || (key.len != 16 && key.len != 24 && key.len != 32)) {
        return RMS_E_BAD_ARGUMENT;
    }
    cipher = rms_calloc(1, sizeof *cipher);
    if (cipher == NULL) {
        return RMS_E_NO_MEMORY;
    }
    cipher->mode = mode;
    cipher->block = modes[mode].block > 0 ? modes[mode].block : RMS_CONTENT_BLOCK;
    status = set_key(cipher, key);
    if (status != 0) {
        rms_content_cipher_free(&cipher);
    }
    *cipher_out = cipher;
    return status;
}

void rms_content_cipher_free(struct rms_content_cipher **cipher)
{
    if (*cipher != NULL) {
        EVP_CIPHER_CTX_free((*cipher)->ecb_encrypt);
        EVP_CIPHER_CTX_free((*cipher)->decrypt);
        rms_engine_key_fini(&(*cipher)->engine);
        rms_free(*cipher);
        *cipher = NULL;
    }
}

static int update(EVP_CIPHER_CTX *ctx, const uint8_t *in, size_t len, uint8_t *out)
{
    int written;

    return EVP_CipherUpdate(ctx, out, &written, in, (int)len) == 1 ? 0 : rms_crypto_failed(RMS_E_INTERNAL);
}

/* IVs of count blocks: E(LE64(number) || 0). */
static int make_ivs(struct rms_content_cipher *cipher, uint64_t first_block, size_t count, uint8_t *ivs)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t number = (first_block + i) * modes[cipher->mode].iv_step;

        memset(ivs + AES_BLOCK * i, 0, AES_BLOCK);
        for (size_t j = 0; j < 8; j++) {
            ivs[AES_BLOCK * i + j] = (uint8_t)(number >> (8 * j));
        }
    }
    return update(cipher->ecb_encrypt, ivs, AES_BLOCK * count, ivs);
}

static int ecb(EVP_CIPHER_CTX *ctx, const uint8_t *in, size_t len, uint8_t *out)
{
    while (len > 0) {
        size_t step = len < RUN_MAX ? len : RUN_MAX;

        RMS_TRY(update(ctx, in, step, out));
        in += step;
        out += step;
        len -= step;
    }
    return 0;
}

/* chain_len: the block, or less for one short last chain. */
static int encrypt_chains(struct rms_content_cipher *cipher, uint64_t first_block, struct rms_chains chains)
{
    uint8_t ivs[AES_BLOCK * RMS_ENGINE_CHAINS_MAX];
    size_t left = chains.count;

    chains.ivs = ivs;
    while (left > 0) {
        chains.count = left < RMS_ENGINE_CHAINS_MAX ? left : RMS_ENGINE_CHAINS_MAX;
        RMS_TRY(make_ivs(cipher, first_block, chains.count, ivs));
        RMS_TRY(rms_engine_encrypt(&cipher->engine, &chains));
        first_block += chains.count;
        left -= chains.count;
        chains.in += chains.count * chains.chain_len;
        chains.out += chains.count * chains.chain_len;
    }
    return 0;
}

/* The bytes behind the last whole block, with the padding of the mode, as they are encrypted. */
static size_t make_tail(enum rms_cipher_mode mode, const uint8_t *in, size_t len, uint8_t *tail)
{
    size_t tail_len = (size_t)rms_content_encrypted_len(mode, len);

    if (len > 0) {
        memcpy(tail, in, len);
    }
    memset(tail + len, modes[mode].padded ? (int)(tail_len - len) : 0, tail_len - len);
    return tail_len;
}

/* Is this a length the mode allows? CBC without padding: positive multiples of 16. */
static bool plain_len_fits(
    const struct rms_content_cipher *cipher, uint64_t first_block, size_t len, bool last)
{
    if (!last) {
        return len > 0 && len % (cipher->mode == RMS_MODE_ECB ? AES_BLOCK : cipher->block) == 0;
    }
    if (cipher->mode == RMS_MODE_CBC512 && len == 0 && first_block == 0) {
        return false;
    }
    return modes[cipher->mode].padded || cipher->mode == RMS_MODE_ECB || len % AES_BLOCK == 0;
}

int rms_content_encrypt(struct rms_content_cipher *cipher, uint64_t first_block, const uint8_t *in,
    size_t len, bool last, uint8_t *out, size_t *out_len)
{
    uint8_t tail[RMS_CONTENT_BLOCK + AES_BLOCK];
    size_t blocks = len / cipher->block;
    size_t whole = blocks * cipher->block;
    size_t tail_len;
    int status;

    if (!plain_len_fits(cipher, first_block, len, last)) {
        return RMS_E_BAD_ARGUMENT;
    }
    tail_len =
        last || whole < len ? make_tail(cipher->mode, whole > 0 ? in + whole : in, len - whole, tail) : 0;
    if (cipher->mode == RMS_MODE_ECB) {
        status = ecb(cipher->ecb_encrypt, in, whole, out);
        status = status == 0 ? ecb(cipher->ecb_encrypt, tail, tail_len, out + whole) : status;
    } else {
        status = encrypt_chains(cipher, first_block,
            (struct rms_chains){.in = in, .out = out, .chain_len = cipher->block, .count = blocks});
        if (status == 0 && tail_len > 0) {
            status = encrypt_chains(cipher, first_block + blocks,
                (struct rms_chains){.in = tail, .out = out + whole, .chain_len = tail_len, .count = 1});
        }
    }
    rms_wipe(tail, tail_len);
    *out_len = status == 0 ? whole + tail_len : 0;
    return status;
}

static void xor_block(uint8_t *to, const uint8_t *a, const uint8_t *b)
{
    for (size_t i = 0; i < AES_BLOCK; i++) {
        to[i] ^= (uint8_t)(a[i] ^ b[i]);
    }
}

/* Many chains in one CBC call, which runs at full width: the first 16 bytes of each chain then come out XORed
 * with the end of the chain before instead of with their own IV. Both are XORed in afterwards. */
static int decrypt_run(
    struct rms_content_cipher *cipher, uint64_t first_block, const uint8_t *in, size_t len, uint8_t *out)
{
    uint8_t ivs[AES_BLOCK * RUN_MAX / SMALL_BLOCK];
    uint8_t ends[AES_BLOCK * RUN_MAX / SMALL_BLOCK];
    size_t count = (len + cipher->block - 1) / cipher->block;

    RMS_TRY(make_ivs(cipher, first_block, count, ivs));
    for (size_t i = 1; i < count; i++) {
        memcpy(ends + AES_BLOCK * i, in + i * cipher->block - AES_BLOCK, AES_BLOCK);
    }
    if (EVP_DecryptInit_ex2(cipher->decrypt, NULL, NULL, ivs, NULL) != 1) {
        return rms_crypto_failed(RMS_E_INTERNAL);
    }
    RMS_TRY(update(cipher->decrypt, in, len, out));
    for (size_t i = 1; i < count; i++) {
        xor_block(out + i * cipher->block, ends + AES_BLOCK * i, ivs + AES_BLOCK * i);
    }
    return 0;
}

static int decrypt_chains(
    struct rms_content_cipher *cipher, uint64_t first_block, const uint8_t *in, size_t len, uint8_t *out)
{
    while (len > 0) {
        size_t step = len < RUN_MAX ? len : RUN_MAX;

        RMS_TRY(decrypt_run(cipher, first_block, in, step, out));
        first_block += step / cipher->block;
        in += step;
        out += step;
        len -= step;
    }
    return 0;
}

/* PKCS#7: 1 to 16 equal bytes that tell their number. */
static bool padding_fits(const uint8_t *plain, size_t len, size_t *pad_out)
{
    uint8_t pad = plain[len - 1];
    uint8_t wrong = (uint8_t)(pad < 1 || pad > AES_BLOCK);

    for (size_t i = 1; i <= AES_BLOCK; i++) {
        wrong |= (uint8_t)(i <= pad && plain[len - i] != pad);
    }
    *pad_out = pad;
    return wrong == 0;
}

static bool cipher_len_fits(const struct rms_content_cipher *cipher, size_t len, bool last)
{
    if (!last) {
        return len > 0 && len % (cipher->mode == RMS_MODE_ECB ? AES_BLOCK : cipher->block) == 0;
    }
    return len % AES_BLOCK == 0 && (len > 0 || !modes[cipher->mode].padded);
}

int rms_content_decrypt(struct rms_content_cipher *cipher, uint64_t first_block, const uint8_t *in,
    size_t len, bool last, uint8_t *out, size_t *out_len)
{
    size_t pad = 0;

    *out_len = 0;
    if (!cipher_len_fits(cipher, len, last)) {
        return last ? RMS_E_DAMAGED : RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(cipher->mode == RMS_MODE_ECB ? ecb(cipher->decrypt, in, len, out)
                                         : decrypt_chains(cipher, first_block, in, len, out));
    if (last && modes[cipher->mode].padded && !padding_fits(out, len, &pad)) {
        return RMS_E_DAMAGED;
    }
    *out_len = len - pad;
    return 0;
}
