#include "base/test.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>

#include "crypto/ec.h"

/* RFC 6979, A.2.5. */
static const char scalar_hex[] = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
static const char x_hex[] = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6";
static const char y_hex[] = "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";

static struct rms_ec_private *known_key(void)
{
    struct rms_ec_private *key;
    uint8_t scalar[32];

    (void)rms_test_hex(scalar_hex, scalar, sizeof scalar);
    assert_int_equal(rms_ec_from_scalar(rms_view_of(scalar, sizeof scalar), &key), 0);
    return key;
}

static void finds_the_public_point(void **state)
{
    struct rms_ec_private *key = known_key();
    struct rms_ec_public public;
    uint8_t wanted[32];

    (void)state;
    rms_ec_public_of(key, &public);
    (void)rms_test_hex(x_hex, wanted, sizeof wanted);
    assert_memory_equal(public.x, wanted, sizeof wanted);
    (void)rms_test_hex(y_hex, wanted, sizeof wanted);
    assert_memory_equal(public.y, wanted, sizeof wanted);
    rms_ec_private_free(&key);
    assert_null(key);
    rms_ec_private_free(&key);
}

static void scalars_go_out_and_in(void **state)
{
    struct rms_ec_private *key;
    struct rms_ec_private *again;
    struct rms_secret *scalar;
    struct rms_ec_public a;
    struct rms_ec_public b;

    (void)state;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(rms_ec_generate(&key), 0);
        assert_int_equal(rms_ec_to_scalar(key, &scalar), 0);
        assert_int_equal(rms_ec_from_scalar(rms_secret_view(scalar), &again), 0);
        rms_ec_public_of(key, &a);
        rms_ec_public_of(again, &b);
        assert_memory_equal(&a, &b, sizeof a);
        rms_secret_free(&scalar);
        rms_ec_private_free(&key);
        rms_ec_private_free(&again);
    }
}

/* 0, the group's order and above; other lengths. */
static void refuses_scalars_out_of_range(void **state)
{
    static const char *const bad[] = {"0000000000000000000000000000000000000000000000000000000000000000",
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", "", "01",
        "000000000000000000000000000000000000000000000000000000000000000001"};
    struct rms_ec_private *key;
    uint8_t scalar[40];

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(bad); i++) {
        size_t len = rms_test_hex(bad[i], scalar, sizeof scalar);

        assert_int_equal(rms_ec_from_scalar(rms_view_of(scalar, len), &key), RMS_E_BAD_ARGUMENT);
        assert_null(key);
    }
}

/* Checked by OpenSSL with a key made from the coordinates alone. */
static bool signature_fits(
    const struct rms_ec_public *public, const uint8_t *digest, const uint8_t *signature)
{
    uint8_t point[65] = {4};
    char group[] = "P-256";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point),
        OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *import = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    ECDSA_SIG *parts = ECDSA_SIG_new();
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *ctx;
    uint8_t *der = NULL;
    int len;
    bool fits;

    memcpy(point + 1, public->x, 32);
    memcpy(point + 33, public->y, 32);
    assert_int_equal(EVP_PKEY_fromdata_init(import), 1);
    assert_int_equal(EVP_PKEY_fromdata(import, &pkey, EVP_PKEY_PUBLIC_KEY, params), 1);
    assert_int_equal(
        ECDSA_SIG_set0(parts, BN_bin2bn(signature, 32, NULL), BN_bin2bn(signature + 32, 32, NULL)), 1);
    len = i2d_ECDSA_SIG(parts, &der);
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    assert_int_equal(EVP_PKEY_verify_init(ctx), 1);
    fits = EVP_PKEY_verify(ctx, der, (size_t)len, digest, 32) == 1;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_CTX_free(import);
    EVP_PKEY_free(pkey);
    ECDSA_SIG_free(parts);
    OPENSSL_free(der);
    return fits;
}

/* Many, so that some r or s starts with zeros and must be padded. */
static void signatures_verify_elsewhere(void **state)
{
    struct rms_ec_private *key = known_key();
    uint8_t digest[32] = {0};
    uint8_t signature[64];
    struct rms_ec_public public;

    (void)state;
    rms_ec_public_of(key, &public);
    for (int i = 0; i < 600; i++) {
        digest[0] = (uint8_t)i;
        assert_int_equal(rms_ec_sign(key, digest, signature), 0);
        assert_true(signature_fits(&public, digest, signature));
    }
    digest[1] ^= 1;
    assert_false(signature_fits(&public, digest, signature));
    rms_ec_private_free(&key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_public_point),
        cmocka_unit_test(scalars_go_out_and_in),
        cmocka_unit_test(refuses_scalars_out_of_range),
        cmocka_unit_test(signatures_verify_elsewhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
