#include "crypto/aead.h"

#include "crypto/provider.h"
#include "crypto/random.h"

#define VERSION   1
#define NONCE     12
#define TAG       16
#define PLAIN_MAX (1u << 30) /* OpenSSL counts in int */

struct ctx {
    EVP_CIPHER_CTX *cipher;
};

static void ctx_fini(struct ctx *ctx)
{
    EVP_CIPHER_CTX_free(ctx->cipher);
}

#define CTX_CLEANUP __attribute__((cleanup(ctx_fini)))

/* Key, nonce and the associated data: the version byte and the context. */
static int begin(
    struct ctx *ctx, const uint8_t *key, const uint8_t *box, struct rms_view context, int encrypt)
{
    int len;

    ctx->cipher = EVP_CIPHER_CTX_new();
    if (ctx->cipher == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (context.len > PLAIN_MAX ||
        EVP_CipherInit_ex2(ctx->cipher, rms_provider()->gcm, key, box + 1, encrypt, NULL) != 1 ||
        EVP_CipherUpdate(ctx->cipher, NULL, &len, box, 1) != 1 ||
        EVP_CipherUpdate(ctx->cipher, NULL, &len, context.data, (int)context.len) != 1) {
        return rms_crypto_failed(RMS_E_INTERNAL);
    }
    return 0;
}

int rms_aead_seal(
    const uint8_t key[RMS_AEAD_KEY], struct rms_view context, struct rms_view plain, struct rms_buf *box)
{
    CTX_CLEANUP struct ctx ctx = {NULL};
    uint8_t *place;
    uint8_t *cipher;
    int len;

    if (plain.len > PLAIN_MAX) {
        return RMS_E_LIMIT;
    }
    place = rms_buf_reserve(box, plain.len + RMS_AEAD_OVERHEAD);
    if (place == NULL) {
        return RMS_E_LIMIT;
    }
    cipher = place + 1 + NONCE;
    place[0] = VERSION;
    rms_random(place + 1, NONCE);
    RMS_TRY(begin(&ctx, key, place, context, 1));
    if (EVP_CipherUpdate(ctx.cipher, cipher, &len, plain.data, (int)plain.len) != 1 ||
        EVP_CipherFinal_ex(ctx.cipher, cipher + plain.len, &len) != 1 ||
        EVP_CIPHER_CTX_ctrl(ctx.cipher, EVP_CTRL_AEAD_GET_TAG, TAG, cipher + plain.len) != 1) {
        return rms_crypto_failed(RMS_E_INTERNAL);
    }
    rms_buf_commit(box, plain.len + RMS_AEAD_OVERHEAD);
    return 0;
}

/* plain has room for the box without its overhead; on failure it is wiped. */
static int open_into(const uint8_t *key, struct rms_view context, struct rms_view box, uint8_t *plain)
{
    CTX_CLEANUP struct ctx ctx = {NULL};
    size_t plain_len = box.len - RMS_AEAD_OVERHEAD;
    const uint8_t *cipher = box.data + 1 + NONCE;
    uint8_t tag[TAG];
    int len;

    memcpy(tag, cipher + plain_len, TAG);
    RMS_TRY(begin(&ctx, key, box.data, context, 0));
    if (EVP_CipherUpdate(ctx.cipher, plain, &len, cipher, (int)plain_len) != 1 ||
        EVP_CIPHER_CTX_ctrl(ctx.cipher, EVP_CTRL_AEAD_SET_TAG, TAG, tag) != 1 ||
        EVP_CipherFinal_ex(ctx.cipher, plain + plain_len, &len) != 1) {
        rms_wipe(plain, plain_len);
        return rms_crypto_failed(RMS_E_DAMAGED);
    }
    return 0;
}

static bool looks_like_a_box(struct rms_view box)
{
    return box.len >= RMS_AEAD_OVERHEAD && box.len - RMS_AEAD_OVERHEAD <= PLAIN_MAX && box.data[0] == VERSION;
}

int rms_aead_open(const uint8_t key[RMS_AEAD_KEY], struct rms_view context, struct rms_view box,
    struct rms_secret **plain_out)
{
    struct rms_secret *plain;
    int status;

    *plain_out = NULL;
    if (!looks_like_a_box(box) || box.len == RMS_AEAD_OVERHEAD ||
        box.len - RMS_AEAD_OVERHEAD > RMS_SECRET_MAX) {
        return RMS_E_DAMAGED;
    }
    plain = rms_secret_new(box.len - RMS_AEAD_OVERHEAD);
    if (plain == NULL) {
        return RMS_E_NO_MEMORY;
    }
    status = open_into(key, context, box, rms_secret_bytes(plain));
    if (status != 0) {
        rms_secret_free(&plain);
    }
    *plain_out = plain;
    return status;
}

int rms_aead_open_buf(
    const uint8_t key[RMS_AEAD_KEY], struct rms_view context, struct rms_view box, struct rms_buf *plain_out)
{
    uint8_t *place;

    if (!looks_like_a_box(box)) {
        return RMS_E_DAMAGED;
    }
    place = rms_buf_reserve(plain_out, box.len - RMS_AEAD_OVERHEAD);
    if (place == NULL) {
        return RMS_E_LIMIT;
    }
    RMS_TRY(open_into(key, context, box, place));
    rms_buf_commit(plain_out, box.len - RMS_AEAD_OVERHEAD);
    return 0;
}
