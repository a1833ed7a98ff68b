/* rsa.h but for unsealing, which has rsa_unseal_test.c. */
#include "base/test.h"

#include <openssl/err.h>
#include <pthread.h>

#include "crypto/rsa_key.h"
#include "crypto/rsa_vectors.h"

static struct rms_rsa_private *tool_key(void)
{
    struct rms_rsa_private *key;
    uint8_t blob[700];
    size_t len = rms_test_hex(tool_blob, blob, sizeof blob);

    assert_int_equal(rms_rsa_from_blob(rms_view_of(blob, len), &key), 0);
    return key;
}

static struct rms_rsa_public real_key(void)
{
    struct rms_rsa_public key;
    uint8_t modulus[256];

    assert_int_equal(rms_test_hex(real_modulus, modulus, sizeof modulus), 256);
    assert_int_equal(rms_rsa_public_set(&key, rms_view_of(modulus, sizeof modulus)), 0);
    return key;
}

static void a_real_licence_verifies(void **state)
{
    struct rms_rsa_public key = real_key();
    uint8_t signature[256];
    uint8_t digest[32];
    uint8_t name[32];
    uint8_t wanted[32];

    (void)state;
    (void)rms_test_hex(real_signature, signature, sizeof signature);
    (void)rms_test_hex(real_digest, digest, sizeof digest);
    (void)rms_test_hex(real_fingerprint, wanted, sizeof wanted);
    rms_rsa_fingerprint(&key, name);
    assert_memory_equal(name, wanted, sizeof wanted);
    assert_int_equal(rms_rsa_verify(&key, RMS_SHA256, digest, rms_view_of(signature, 256)), 0);
    assert_int_equal(
        rms_rsa_verify(&key, RMS_SHA1, digest, rms_view_of(signature, 256)), RMS_E_BAD_SIGNATURE);
    digest[31] ^= 1;
    assert_int_equal(
        rms_rsa_verify(&key, RMS_SHA256, digest, rms_view_of(signature, 256)), RMS_E_BAD_SIGNATURE);
    assert_int_equal(ERR_peek_error(), 0);
}

static void every_changed_signature_byte_is_found(void **state)
{
    struct rms_rsa_public key = real_key();
    uint8_t signature[257] = {0};
    uint8_t digest[32];

    (void)state;
    (void)rms_test_hex(real_signature, signature, 256);
    (void)rms_test_hex(real_digest, digest, sizeof digest);
    for (size_t i = 0; i < 256; i++) {
        signature[i] ^= 0x10;
        assert_int_equal(
            rms_rsa_verify(&key, RMS_SHA256, digest, rms_view_of(signature, 256)), RMS_E_BAD_SIGNATURE);
        signature[i] ^= 0x10;
    }
    for (size_t len = 0; len <= 257; len++) {
        assert_int_equal(rms_rsa_verify(&key, RMS_SHA256, digest, rms_view_of(signature, len)),
            len == 256 ? 0 : RMS_E_BAD_SIGNATURE);
    }
}

static void signs_what_the_tool_signs(void **state)
{
    static const char *const wanted_hex[] = {tool_signature_sha1, tool_signature_sha256};
    struct rms_rsa_private *key = tool_key();

    (void)state;
    for (enum rms_hash hash = RMS_SHA1; hash <= RMS_SHA256; hash++) {
        RMS_BUF_CLEANUP struct rms_buf signature = RMS_BUF_INIT(1000);
        uint8_t digest[RMS_HASH_MAX];
        uint8_t wanted[128];

        rms_hash(hash, rms_view_str("openrms"), digest);
        assert_int_equal(rms_rsa_sign(key, hash, digest, &signature), 0);
        assert_int_equal(rms_test_hex(wanted_hex[hash], wanted, sizeof wanted), signature.len);
        assert_memory_equal(signature.data, wanted, sizeof wanted);
        assert_int_equal(rms_rsa_verify(rms_rsa_public_of(key), hash, digest, rms_buf_view(&signature)), 0);
    }
    rms_rsa_private_free(&key);
    assert_null(key);
    rms_rsa_private_free(&key);
}

static void signing_needs_room(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf tight = RMS_BUF_INIT(127);
    struct rms_rsa_private *key = tool_key();
    uint8_t digest[RMS_HASH_MAX] = {0};

    (void)state;
    assert_int_equal(rms_rsa_sign(key, RMS_SHA256, digest, &tight), RMS_E_LIMIT);
    rms_rsa_private_free(&key);
}

/* The private operation on a block made here: any signature a holder of the key could make. */
static void sign_block(const struct rms_rsa_private *key, const char *digest_info_hex, const uint8_t *digest,
    uint8_t signature_out[128])
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_dup(key->decrypt);
    uint8_t block[128] = {0, 1};
    uint8_t info[32];
    size_t info_len = rms_test_hex(digest_info_hex, info, sizeof info);
    size_t len = 128;

    memset(block + 2, 0xff, sizeof block - 2);
    memcpy(block + 128 - 32, digest, 32);
    memcpy(block + 128 - 32 - info_len, info, info_len);
    block[128 - 32 - info_len - 1] = 0;
    assert_int_equal(EVP_PKEY_decrypt(ctx, signature_out, &len, block, sizeof block), 1);
    EVP_PKEY_CTX_free(ctx);
}

/* The DigestInfo of SHA-256 with its NULL, then without, with other parameters, and of another algorithm. */
static void digest_info_is_strict(void **state)
{
    static const struct {
        const char *info;
        int status;
    } rows[] = {
        {"3031300d060960864801650304020105000420", 0},
        {"302f300b0609608648016503040201"
         "0420",
            RMS_E_BAD_SIGNATURE},
        {"3032300e06096086480165030402010501000420", RMS_E_BAD_SIGNATURE},
        {"3031300d060960864801650304020205000420", RMS_E_BAD_SIGNATURE},
        {"", RMS_E_BAD_SIGNATURE},
    };
    struct rms_rsa_private *key = tool_key();
    uint8_t digest[RMS_HASH_MAX] = {1, 2, 3};
    uint8_t signature[128];

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        sign_block(key, rows[i].info, digest, signature);
        assert_int_equal(
            rms_rsa_verify(rms_rsa_public_of(key), RMS_SHA256, digest, rms_view_of(signature, 128)),
            rows[i].status);
    }
    rms_rsa_private_free(&key);
}

static void blob_comes_back_byte_for_byte(void **state)
{
    struct rms_rsa_private *key = tool_key();
    struct rms_secret *blob;
    uint8_t wanted[700];
    size_t len = rms_test_hex(tool_blob, wanted, sizeof wanted);

    (void)state;
    assert_int_equal(len, 596);
    assert_int_equal(rms_rsa_to_blob(key, false, &blob), 0);
    assert_int_equal(rms_secret_len(blob), len);
    assert_memory_equal(rms_secret_bytes(blob), wanted, len);
    rms_secret_free(&blob);
    assert_int_equal(rms_rsa_to_blob(key, true, &blob), 0);
    assert_memory_equal(rms_secret_bytes(blob) + 4, "\x00\x24\x00\x00", 4);
    rms_secret_free(&blob);
    rms_rsa_private_free(&key);
}

static void expect_no_key(const uint8_t *blob, size_t len)
{
    struct rms_rsa_private *key;

    assert_int_equal(rms_rsa_from_blob(rms_view_of(blob, len), &key), RMS_E_BAD_ARGUMENT);
    assert_null(key);
}

/* One bit in each byte of header and numbers, and every other length. */
static void refuses_damaged_blobs(void **state)
{
    uint8_t blob[700] = {0};
    size_t len = rms_test_hex(tool_blob, blob, sizeof blob);

    (void)state;
    for (size_t i = 0; i < len; i++) {
        blob[i] ^= 0x02;
        expect_no_key(blob, len);
        blob[i] ^= 0x02;
        expect_no_key(blob, i);
    }
    expect_no_key(blob, len + 1);
    memset(blob + 20, 0, len - 20);
    expect_no_key(blob, len);
}

static void public_keys_have_rules(void **state)
{
    static const struct {
        size_t len;
        uint8_t low;
        uint8_t high;
        int status;
    } rows[] = {
        {128, 1, 0x80, 0},
        {512, 1, 0x80, 0},
        {129, 1, 0x80, 0},
        {127, 1, 0x80, RMS_E_BAD_LICENSE},
        {513, 1, 0x80, RMS_E_BAD_LICENSE},
        {0, 1, 0x80, RMS_E_BAD_LICENSE},
        {256, 2, 0x80, RMS_E_BAD_LICENSE},
        {256, 1, 0x7f, RMS_E_BAD_LICENSE},
    };
    uint8_t modulus[600];

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        struct rms_rsa_public key;

        memset(modulus, 0x55, sizeof modulus);
        modulus[rows[i].len > 0 ? rows[i].len - 1 : 0] = rows[i].high;
        modulus[0] = rows[i].low;
        assert_int_equal(rms_rsa_public_set(&key, rms_view_of(modulus, rows[i].len)), rows[i].status);
        if (rows[i].status == 0) {
            assert_int_equal(key.bits, rows[i].len * 8);
        }
    }
}

static void public_keys_compare_by_bits_and_modulus(void **state)
{
    struct rms_rsa_public a = real_key();
    struct rms_rsa_public b = a;

    (void)state;
    assert_true(rms_rsa_public_equal(&a, &b));
    b.modulus[255] ^= 1;
    assert_false(rms_rsa_public_equal(&a, &b));
    b = a;
    b.bits = 1024;
    assert_false(rms_rsa_public_equal(&a, &b));
}

static void generates_keys_that_work(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf signature = RMS_BUF_INIT(1000);
    struct rms_rsa_private *key;
    struct rms_rsa_private *again;
    struct rms_secret *blob;
    uint8_t digest[RMS_HASH_MAX] = {1};

    (void)state;
    assert_int_equal(rms_rsa_generate(2048, &key), 0);
    assert_int_equal(rms_rsa_public_of(key)->bits, 2048);
    assert_int_equal(rms_rsa_to_blob(key, false, &blob), 0);
    assert_int_equal(rms_secret_len(blob), 1172);
    assert_int_equal(rms_rsa_from_blob(rms_secret_view(blob), &again), 0);
    assert_true(rms_rsa_public_equal(rms_rsa_public_of(key), rms_rsa_public_of(again)));
    assert_int_equal(rms_rsa_sign(again, RMS_SHA256, digest, &signature), 0);
    assert_int_equal(rms_rsa_verify(rms_rsa_public_of(key), RMS_SHA256, digest, rms_buf_view(&signature)), 0);
    rms_secret_free(&blob);
    rms_rsa_private_free(&again);
    rms_rsa_private_free(&key);
    assert_int_equal(rms_rsa_generate(1024, &key), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_rsa_generate(2047, &key), RMS_E_BAD_ARGUMENT);
    assert_null(key);
}

/* More keys than a thread remembers, in an order that pushes each out before it comes again. */
static void forgotten_keys_still_verify(void **state)
{
    struct rms_rsa_private *key = tool_key();
    RMS_BUF_CLEANUP struct rms_buf signature = RMS_BUF_INIT(1000);
    uint8_t digest[RMS_HASH_MAX] = {7};

    (void)state;
    assert_int_equal(rms_rsa_sign(key, RMS_SHA256, digest, &signature), 0);
    for (unsigned round = 0; round < 3; round++) {
        assert_int_equal(
            rms_rsa_verify(rms_rsa_public_of(key), RMS_SHA256, digest, rms_buf_view(&signature)), 0);
        for (unsigned i = 0; i < 40; i++) {
            struct rms_rsa_public other = *rms_rsa_public_of(key);

            other.modulus[10] = (uint8_t)(other.modulus[10] + i + 1);
            assert_int_equal(
                rms_rsa_verify(&other, RMS_SHA256, digest, rms_buf_view(&signature)), RMS_E_BAD_SIGNATURE);
        }
    }
    rms_rsa_private_free(&key);
}

static void *sign_many(void *argument)
{
    struct rms_rsa_private *key = argument;
    uint8_t digest[RMS_HASH_MAX];

    for (uint8_t i = 0; i < 50; i++) {
        RMS_BUF_CLEANUP struct rms_buf signature = RMS_BUF_INIT(1000);

        memset(digest, i, sizeof digest);
        assert_int_equal(rms_rsa_sign(key, RMS_SHA256, digest, &signature), 0);
        assert_int_equal(
            rms_rsa_verify(rms_rsa_public_of(key), RMS_SHA256, digest, rms_buf_view(&signature)), 0);
    }
    return NULL;
}

static void threads_share_a_key(void **state)
{
    struct rms_rsa_private *key = tool_key();
    pthread_t threads[4];

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, sign_many, key), 0);
    }
    for (size_t i = 0; i < RMS_COUNT(threads); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    rms_rsa_private_free(&key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_real_licence_verifies),
        cmocka_unit_test(every_changed_signature_byte_is_found),
        cmocka_unit_test(signs_what_the_tool_signs),
        cmocka_unit_test(signing_needs_room),
        cmocka_unit_test(digest_info_is_strict),
        cmocka_unit_test(blob_comes_back_byte_for_byte),
        cmocka_unit_test(refuses_damaged_blobs),
        cmocka_unit_test(public_keys_have_rules),
        cmocka_unit_test(public_keys_compare_by_bits_and_modulus),
        cmocka_unit_test(generates_keys_that_work),
        cmocka_unit_test(forgotten_keys_still_verify),
        cmocka_unit_test(threads_share_a_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
