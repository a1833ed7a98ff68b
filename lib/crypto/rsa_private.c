/* Private RSA keys (rsa.h): making, moving and signing. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "base/cursor.h"
#include "base/mem.h"
#include "crypto/provider.h"
#include "crypto/rsa_key.h"

#define EXPONENT    65537u
#define BLOB_HEADER 20u
#define ALG_KEYX    0x0000a400u /* CALG_RSA_KEYX */
#define ALG_SIGN    0x00002400u /* CALG_RSA_SIGN */
#define MAGIC_RSA2  0x32415352u /* "RSA2" */

/* The numbers of a PRIVATEKEYBLOB in their order; length = modulus length / part. */
enum { N, P, Q, DP, DQ, QINV, D, NUMBERS };

static const struct {
    const char *name;
    unsigned part;
} numbers[NUMBERS] = {
    [N] = {OSSL_PKEY_PARAM_RSA_N, 1},
    [P] = {OSSL_PKEY_PARAM_RSA_FACTOR1, 2},
    [Q] = {OSSL_PKEY_PARAM_RSA_FACTOR2, 2},
    [DP] = {OSSL_PKEY_PARAM_RSA_EXPONENT1, 2},
    [DQ] = {OSSL_PKEY_PARAM_RSA_EXPONENT2, 2},
    [QINV] = {OSSL_PKEY_PARAM_RSA_COEFFICIENT1, 2},
    [D] = {OSSL_PKEY_PARAM_RSA_D, 1},
};

void rms_rsa_private_free(struct rms_rsa_private **key)
{
    if (*key != NULL) {
        if ((*key)->store != NULL) {
            (*key)->store->release((*key)->place);
        }
        EVP_PKEY_CTX_free((*key)->sign[RMS_SHA1]);
        EVP_PKEY_CTX_free((*key)->sign[RMS_SHA256]);
        EVP_PKEY_CTX_free((*key)->decrypt);
        EVP_PKEY_free((*key)->pkey);
        rms_secret_free(&(*key)->decoy);
        rms_free(*key);
        *key = NULL;
    }
}

const struct rms_rsa_public *rms_rsa_public_of(const struct rms_rsa_private *key)
{
    return &key->public;
}

/* One number, little-endian, len bytes. */
static int export_number(const EVP_PKEY *pkey, const char *name, uint8_t *out, size_t len)
{
    BIGNUM *number = NULL;
    int written = -1;

    if (EVP_PKEY_get_bn_param(pkey, name, &number) == 1) {
        written = BN_bn2lebinpad(number, out, (int)len);
    }
    BN_clear_free(number);
    return written == (int)len ? 0 : rms_crypto_failed(RMS_E_INTERNAL);
}

static int make_patterns(struct rms_rsa_private *key)
{
    const struct rms_provider *provider = rms_provider();
    EVP_PKEY_CTX **sign = key->sign;

    for (int hash = 0; hash < RMS_HASH_COUNT; hash++) {
        sign[hash] = EVP_PKEY_CTX_new_from_pkey(provider->context, key->pkey, NULL);
        if (sign[hash] == NULL || EVP_PKEY_sign_init(sign[hash]) != 1 ||
            EVP_PKEY_CTX_set_rsa_padding(sign[hash], RSA_PKCS1_PADDING) != 1 ||
            EVP_PKEY_CTX_set_signature_md(sign[hash], provider->md[hash]) != 1) {
            return rms_crypto_failed(RMS_E_INTERNAL);
        }
    }
    key->decrypt = EVP_PKEY_CTX_new_from_pkey(provider->context, key->pkey, NULL);
    if (key->decrypt == NULL || EVP_PKEY_decrypt_init(key->decrypt) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(key->decrypt, RSA_NO_PADDING) != 1) {
        return rms_crypto_failed(RMS_E_INTERNAL);
    }
    return 0;
}

/* The substitute for what does not unseal must be the same after a restart and in every process that holds
 * the key (two answers to one question would tell): so its secret is derived from the key, not drawn. */
static int make_decoy(struct rms_rsa_private *key)
{
    struct rms_secret *exponent = rms_secret_new(key->public.bits / 8);
    int status = RMS_E_NO_MEMORY;

    key->decoy = rms_secret_new(RMS_SHA256_BYTES);
    if (exponent != NULL && key->decoy != NULL) {
        status = export_number(
            key->pkey, OSSL_PKEY_PARAM_RSA_D, rms_secret_bytes(exponent), rms_secret_len(exponent));
    }
    if (status == 0) {
        rms_hkdf_sha256(rms_secret_view(exponent), rms_view_of(NULL, 0), RMS_VIEW_LITERAL("unseal decoy"),
            rms_secret_bytes(key->decoy), RMS_SHA256_BYTES);
    }
    rms_secret_free(&exponent);
    return status;
}

static int fill(struct rms_rsa_private *key)
{
    uint8_t modulus[RMS_RSA_BYTES_MAX];
    size_t len = (size_t)EVP_PKEY_get_size(key->pkey);

    if (len > sizeof modulus) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(export_number(key->pkey, OSSL_PKEY_PARAM_RSA_N, modulus, len));
    RMS_TRY(rms_rsa_public_set(&key->public, rms_view_of(modulus, len)));
    RMS_TRY(make_patterns(key));
    return make_decoy(key);
}

/* Takes pkey, also on failure. */
static int wrap(EVP_PKEY *pkey, struct rms_rsa_private **key_out)
{
    struct rms_rsa_private *key = rms_calloc(1, sizeof *key);
    int status;

    if (key == NULL) {
        EVP_PKEY_free(pkey);
        return RMS_E_NO_MEMORY;
    }
    key->pkey = pkey;
    status = fill(key);
    if (status != 0) {
        rms_rsa_private_free(&key);
    }
    *key_out = key;
    return status;
}

int rms_rsa_generate(unsigned bits, struct rms_rsa_private **key_out)
{
    EVP_PKEY *pkey;

    *key_out = NULL;
    if (bits != 2048 && bits != 3072 && bits != 4096) {
        return RMS_E_BAD_ARGUMENT;
    }
    pkey = EVP_PKEY_Q_keygen(rms_provider()->context, NULL, "RSA", (size_t)bits);
    return pkey != NULL ? wrap(pkey, key_out) : rms_crypto_failed(RMS_E_INTERNAL);
}

static uint8_t *put_u32(uint8_t *place, uint32_t value)
{
    for (size_t i = 0; i < 4; i++) {
        place[i] = (uint8_t)(value >> (8 * i));
    }
    return place + 4;
}

int rms_rsa_to_blob(const struct rms_rsa_private *key, bool signing, struct rms_secret **blob_out)
{
    size_t modulus_len = key->public.bits / 8;
    struct rms_secret *blob;
    int status = 0;
    uint8_t *place;

    *blob_out = NULL;
    if (key->store != NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    blob = rms_secret_new(BLOB_HEADER + 9 * modulus_len / 2);
    if (blob == NULL) {
        return RMS_E_NO_MEMORY;
    }
    place = put_u32(rms_secret_bytes(blob), 0x0207); /* PRIVATEKEYBLOB, version 2 */
    place = put_u32(place, signing ? ALG_SIGN : ALG_KEYX);
    place = put_u32(place, MAGIC_RSA2);
    place = put_u32(place, key->public.bits);
    place = put_u32(place, EXPONENT);
    for (size_t i = 0; i < NUMBERS && status == 0; i++) {
        status = export_number(key->pkey, numbers[i].name, place, modulus_len / numbers[i].part);
        place += modulus_len / numbers[i].part;
    }
    if (status != 0) {
        rms_secret_free(&blob);
    }
    *blob_out = blob;
    return status;
}

static bool header_fits(struct rms_cursor *in, unsigned *bits)
{
    uint32_t version = rms_cursor_u32(in);
    uint32_t algorithm = rms_cursor_u32(in);
    uint32_t magic = rms_cursor_u32(in);

    *bits = rms_cursor_u32(in);
    return rms_cursor_u32(in) == EXPONENT && version == 0x0207 && magic == MAGIC_RSA2 &&
           (algorithm == ALG_KEYX || algorithm == ALG_SIGN) && *bits >= RMS_RSA_BITS_MIN &&
           *bits <= RMS_RSA_BITS_MAX && *bits % 16 == 0;
}

static bool read_numbers(struct rms_cursor *in, unsigned bits, BIGNUM *made[NUMBERS])
{
    for (size_t i = 0; i < NUMBERS; i++) {
        struct rms_view number = rms_cursor_take(in, bits / 8 / numbers[i].part);

        made[i] = BN_secure_new();
        if (in->bad || made[i] == NULL || BN_lebin2bn(number.data, (int)number.len, made[i]) == NULL) {
            return false;
        }
    }
    return rms_cursor_done(in);
}

/* Is exponent = d mod (prime - 1), and does it undo 65537? */
static bool exponent_fits(const BIGNUM *prime, const BIGNUM *exponent, const BIGNUM *d, BN_CTX *ctx)
{
    BIGNUM *order = BN_CTX_get(ctx);
    BIGNUM *result = BN_CTX_get(ctx);

    return result != NULL && BN_copy(order, prime) != NULL && BN_sub_word(order, 1) == 1 &&
           BN_mod(result, d, order, ctx) == 1 && BN_cmp(result, exponent) == 0 &&
           BN_set_word(result, EXPONENT) == 1 && BN_mod_mul(result, result, exponent, order, ctx) == 1 &&
           BN_is_one(result);
}

/* A key with one wrong number would work, slowly and with more than one meaning, or leak its factors. */
static bool numbers_fit(BIGNUM *const made[NUMBERS])
{
    BN_CTX *ctx = BN_CTX_secure_new_ex(rms_provider()->context);
    BIGNUM *result;
    bool fit;

    if (ctx == NULL) {
        return false;
    }
    BN_CTX_start(ctx);
    result = BN_CTX_get(ctx);
    fit = result != NULL && BN_mul(result, made[P], made[Q], ctx) == 1 && BN_cmp(result, made[N]) == 0 &&
          exponent_fits(made[P], made[DP], made[D], ctx) && exponent_fits(made[Q], made[DQ], made[D], ctx) &&
          BN_mod_mul(result, made[QINV], made[Q], made[P], ctx) == 1 && BN_is_one(result);
    BN_CTX_end(ctx);
    BN_CTX_free(ctx);
    return fit;
}

static EVP_PKEY *import_numbers(BIGNUM *const made[NUMBERS])
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(rms_provider()->context, "RSA", NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    EVP_PKEY *pkey = NULL;
    bool pushed =
        ctx != NULL && build != NULL && OSSL_PARAM_BLD_push_uint(build, OSSL_PKEY_PARAM_RSA_E, EXPONENT) == 1;

    for (size_t i = 0; i < NUMBERS && pushed; i++) {
        pushed = OSSL_PARAM_BLD_push_BN(build, numbers[i].name, made[i]) == 1;
    }
    params = pushed ? OSSL_PARAM_BLD_to_param(build) : NULL;
    if (params != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params) != 1) {
        pkey = NULL;
    }
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

int rms_rsa_from_blob(struct rms_view blob, struct rms_rsa_private **key_out)
{
    struct rms_cursor in = rms_cursor_of(blob);
    BIGNUM *made[NUMBERS] = {NULL};
    EVP_PKEY *pkey = NULL;
    unsigned bits;
    int status;

    *key_out = NULL;
    if (!header_fits(&in, &bits)) {
        return RMS_E_BAD_ARGUMENT;
    }
    if (read_numbers(&in, bits, made) && BN_num_bits(made[N]) == (int)bits && numbers_fit(made)) {
        pkey = import_numbers(made);
    }
    for (size_t i = 0; i < NUMBERS; i++) {
        BN_clear_free(made[i]);
    }
    if (pkey == NULL) {
        return rms_crypto_failed(RMS_E_BAD_ARGUMENT);
    }
    status = wrap(pkey, key_out);
    return status == RMS_E_BAD_LICENSE ? RMS_E_BAD_ARGUMENT : status;
}

/* A store that signs wrongly is broken or false: nothing of it goes out. */
static int sign_in_store(const struct rms_rsa_private *key, enum rms_hash hash, const uint8_t *digest,
    struct rms_buf *signature, uint8_t *place)
{
    size_t len = key->public.bits / 8;

    if (hash != RMS_SHA256) {
        return RMS_E_WEAK_CRYPTO;
    }
    RMS_TRY(key->store->sign(key, digest, place));
    if (rms_rsa_verify(&key->public, hash, digest, rms_view_of(place, len)) != 0) {
        return RMS_E_KEY_UNAVAILABLE;
    }
    rms_buf_commit(signature, len);
    return 0;
}

int rms_rsa_sign(const struct rms_rsa_private *key, enum rms_hash hash, const uint8_t digest[RMS_HASH_MAX],
    struct rms_buf *signature)
{
    size_t len = key->public.bits / 8;
    uint8_t *place = rms_buf_reserve(signature, len);
    EVP_PKEY_CTX *ctx;
    int done;

    if (place == NULL) {
        return RMS_E_LIMIT;
    }
    if (key->store != NULL) {
        return sign_in_store(key, hash, digest, signature, place);
    }
    ctx = EVP_PKEY_CTX_dup(key->sign[hash]);
    done = ctx != NULL ? EVP_PKEY_sign(ctx, place, &len, digest, rms_hash_size(hash)) : 0;
    EVP_PKEY_CTX_free(ctx);
    if (done != 1) {
        return rms_crypto_failed(RMS_E_INTERNAL);
    }
    rms_buf_commit(signature, len);
    return 0;
}
