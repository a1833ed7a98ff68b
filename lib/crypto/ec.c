#include "crypto/ec.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>

#include "base/mem.h"
#include "crypto/provider.h"

#define POINT (1 + 2 * RMS_EC_COORDINATE) /* uncompressed: 04, x, y */

struct rms_ec_private {
    EVP_PKEY *pkey;
    struct rms_ec_public public;
};

void rms_ec_private_free(struct rms_ec_private **key)
{
    if (*key != NULL) {
        EVP_PKEY_free((*key)->pkey);
        rms_free(*key);
        *key = NULL;
    }
}

void rms_ec_public_of(const struct rms_ec_private *key, struct rms_ec_public *public_out)
{
    *public_out = key->public;
}

/* Takes pkey, also on failure. */
static int wrap(EVP_PKEY *pkey, struct rms_ec_private **key_out)
{
    struct rms_ec_private *key = rms_calloc(1, sizeof *key);
    uint8_t point[POINT];
    size_t len = 0;

    if (key == NULL) {
        EVP_PKEY_free(pkey);
        return RMS_E_NO_MEMORY;
    }
    key->pkey = pkey;
    if (EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &len) != 1 ||
        len != POINT) {
        rms_ec_private_free(&key);
        return rms_crypto_failed(RMS_E_INTERNAL);
    }
    memcpy(key->public.x, point + 1, RMS_EC_COORDINATE);
    memcpy(key->public.y, point + 1 + RMS_EC_COORDINATE, RMS_EC_COORDINATE);
    *key_out = key;
    return 0;
}

int rms_ec_generate(struct rms_ec_private **key_out)
{
    EVP_PKEY *pkey = EVP_PKEY_Q_keygen(rms_provider()->context, NULL, "EC", "P-256");

    *key_out = NULL;
    return pkey != NULL ? wrap(pkey, key_out) : rms_crypto_failed(RMS_E_INTERNAL);
}

int rms_ec_to_scalar(const struct rms_ec_private *key, struct rms_secret **scalar_out)
{
    BIGNUM *scalar = NULL;
    int status = RMS_E_INTERNAL;

    *scalar_out = rms_secret_new(RMS_EC_COORDINATE);
    if (*scalar_out == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_PRIV_KEY, &scalar) == 1 &&
        BN_bn2binpad(scalar, rms_secret_bytes(*scalar_out), RMS_EC_COORDINATE) == RMS_EC_COORDINATE) {
        status = 0;
    }
    BN_clear_free(scalar);
    if (status != 0) {
        rms_secret_free(scalar_out);
    }
    return status;
}

/* The public point of a scalar in range; RMS_E_BAD_ARGUMENT for 0 and the group's order or more. */
static int public_point(const BIGNUM *scalar, uint8_t point_out[POINT])
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name_ex(rms_provider()->context, NULL, NID_X9_62_prime256v1);
    EC_POINT *point = group != NULL ? EC_POINT_new(group) : NULL;
    int status = RMS_E_NO_MEMORY;

    if (point != NULL) {
        bool in_range = !BN_is_zero(scalar) && BN_cmp(scalar, EC_GROUP_get0_order(group)) < 0;

        status = RMS_E_BAD_ARGUMENT;
        if (in_range && EC_POINT_mul(group, point, scalar, NULL, NULL, NULL) == 1 &&
            EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, point_out, POINT, NULL) ==
                POINT) {
            status = 0;
        }
    }
    EC_POINT_free(point);
    EC_GROUP_free(group);
    return status;
}

static EVP_PKEY *import_pair(const BIGNUM *scalar, const uint8_t point[POINT])
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(rms_provider()->context, "EC", NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    EVP_PKEY *pkey = NULL;

    if (ctx != NULL && build != NULL &&
        OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, POINT) == 1 &&
        OSSL_PARAM_BLD_push_BN_pad(build, OSSL_PKEY_PARAM_PRIV_KEY, scalar, RMS_EC_COORDINATE) == 1) {
        params = OSSL_PARAM_BLD_to_param(build);
    }
    if (params != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params) != 1) {
        pkey = NULL;
    }
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

int rms_ec_from_scalar(struct rms_view scalar, struct rms_ec_private **key_out)
{
    uint8_t point[POINT];
    EVP_PKEY *pkey = NULL;
    BIGNUM *number;
    int status;

    *key_out = NULL;
    if (scalar.len != RMS_EC_COORDINATE) {
        return RMS_E_BAD_ARGUMENT;
    }
    number = BN_secure_new();
    if (number == NULL || BN_bin2bn(scalar.data, (int)scalar.len, number) == NULL) {
        BN_clear_free(number);
        return RMS_E_NO_MEMORY;
    }
    status = public_point(number, point);
    if (status == 0) {
        pkey = import_pair(number, point);
        status = pkey != NULL ? wrap(pkey, key_out) : rms_crypto_failed(RMS_E_INTERNAL);
    }
    BN_clear_free(number);
    return status;
}

/* OpenSSL's DER form, taken apart into the fixed form of RFC 7518 3.4. */
static int der_to_fixed(const uint8_t *der, size_t len, uint8_t signature_out[64])
{
    ECDSA_SIG *parts = d2i_ECDSA_SIG(NULL, &der, (long)len);
    int status = RMS_E_INTERNAL;

    if (parts != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(parts), signature_out, 32) == 32 &&
        BN_bn2binpad(ECDSA_SIG_get0_s(parts), signature_out + 32, 32) == 32) {
        status = 0;
    }
    ECDSA_SIG_free(parts);
    return status;
}

int rms_ec_sign(
    const struct rms_ec_private *key, const uint8_t digest[RMS_SHA256_BYTES], uint8_t signature_out[64])
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(rms_provider()->context, key->pkey, NULL);
    uint8_t der[80];
    size_t len = sizeof der;
    int status = RMS_E_INTERNAL;

    if (ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
        EVP_PKEY_sign(ctx, der, &len, digest, RMS_SHA256_BYTES) == 1) {
        status = der_to_fixed(der, len, signature_out);
    }
    EVP_PKEY_CTX_free(ctx);
    return status;
}

static EVP_PKEY *import_public(const struct rms_ec_public *key)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(rms_provider()->context, "EC", NULL);
    char group[] = "P-256";
    uint8_t point[POINT] = {POINT_CONVERSION_UNCOMPRESSED};
    EVP_PKEY *pkey = NULL;

    memcpy(point + 1, key->x, RMS_EC_COORDINATE);
    memcpy(point + 1 + RMS_EC_COORDINATE, key->y, RMS_EC_COORDINATE);
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point),
        OSSL_PARAM_construct_end()};
    if (ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        pkey = NULL;
    }
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

/* The fixed form in DER; its length, 0 when there is no memory. */
static int fixed_to_der(const uint8_t signature[64], unsigned char **der_out)
{
    ECDSA_SIG *parts = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature, 32, NULL);
    BIGNUM *s = BN_bin2bn(signature + 32, 32, NULL);
    int len = 0;

    if (parts != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(parts, r, s) == 1) {
        r = s = NULL;
        len = i2d_ECDSA_SIG(parts, der_out);
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(parts);
    return len > 0 ? len : 0;
}

int rms_ec_verify(
    const struct rms_ec_public *key, const uint8_t digest[RMS_SHA256_BYTES], const uint8_t signature[64])
{
    EVP_PKEY *pkey = import_public(key);
    EVP_PKEY_CTX *ctx = pkey != NULL ? EVP_PKEY_CTX_new_from_pkey(rms_provider()->context, pkey, NULL) : NULL;
    unsigned char *der = NULL;
    int len = fixed_to_der(signature, &der);
    int status = len == 0 ? RMS_E_NO_MEMORY : RMS_E_BAD_SIGNATURE;

    if (ctx != NULL && len > 0 && EVP_PKEY_verify_init(ctx) == 1 &&
        EVP_PKEY_verify(ctx, der, (size_t)len, digest, RMS_SHA256_BYTES) == 1) {
        status = 0;
    }
    OPENSSL_free(der);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return status == 0 ? 0 : rms_crypto_failed(status);
}
