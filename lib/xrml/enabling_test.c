/* Sealed keys and rights data. */
#include "base/test.h"

#include <stdlib.h>

#include "base/text.h"
#include "crypto/content.h"
#include "xrml/testing/world.h"

static struct rms_rsa_private *key;
static struct rms_rsa_private *other;
static struct rms_rsa_private *old;
static const uint8_t bound[RMS_SHA256_BYTES] = {1, 2, 3, 4, 5};

static int open_keys(void **state)
{
    (void)state;
    key = rms_world_key("server");
    other = rms_world_key("stranger");
    old = rms_world_key("old-server");
    return 0;
}

static int close_keys(void **state)
{
    (void)state;
    rms_rsa_private_free(&key);
    rms_rsa_private_free(&other);
    rms_rsa_private_free(&old);
    return 0;
}

static const uint8_t content[32] = {0xa0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
    20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31};

static void seal(size_t key_len, enum rms_cipher_mode mode, struct rms_buf *blob)
{
    assert_int_equal(
        rms_enabling_seal_key(rms_rsa_public_of(key), mode, rms_view_of(content, key_len), bound, blob), 0);
}

static int open_blob(struct rms_view blob, const uint8_t *with_bound, struct rms_content_key *out)
{
    const struct rms_enabling_bits bits = {RMS_SEALED_KEY_V2, blob};

    return rms_enabling_open_key(key, &bits, with_bound, out);
}

/* Every key size in every mode; the sizes of real blobs (xrml-licences section 4). */
static void test_round_trip(void **state)
{
    static const struct {
        size_t len;
        size_t blob;
    } sizes[] = {{16, 2688 / 8}, {24, 2752 / 8 + 8}, {32, 2816 / 8}};

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(sizes); i++) {
        for (int mode = 0; mode < RMS_MODE_COUNT; mode++) {
            RMS_BUF_CLEANUP struct rms_buf blob = RMS_BUF_INIT(RMS_ENABLING_MAX);
            struct rms_content_key out = {0};

            seal(sizes[i].len, (enum rms_cipher_mode)mode, &blob);
            assert_int_equal(blob.len, sizes[i].blob);
            assert_int_equal(open_blob(rms_buf_view(&blob), bound, &out), 0);
            assert_int_equal(out.mode, mode);
            assert_int_equal(rms_secret_len(out.key), sizes[i].len);
            assert_memory_equal(rms_secret_bytes(out.key), content, sizes[i].len);
            rms_content_key_fini(&out);
            assert_null(out.key);
        }
    }
}

static void test_sealing_is_random(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf one = RMS_BUF_INIT(RMS_ENABLING_MAX);
    RMS_BUF_CLEANUP struct rms_buf two = RMS_BUF_INIT(RMS_ENABLING_MAX);

    (void)state;
    seal(32, RMS_MODE_CBC4K, &one);
    seal(32, RMS_MODE_CBC4K, &two);
    assert_memory_not_equal(one.data, two.data, 256);
    assert_memory_not_equal(one.data + 256, two.data + 256, 96);
}

static void test_bound(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf blob = RMS_BUF_INIT(RMS_ENABLING_MAX);
    uint8_t wrong[RMS_SHA256_BYTES];
    struct rms_content_key out = {0};

    (void)state;
    memcpy(wrong, bound, sizeof wrong);
    wrong[31] ^= 1;
    seal(32, RMS_MODE_CBC4K, &blob);
    assert_int_equal(open_blob(rms_buf_view(&blob), wrong, &out), RMS_E_BAD_LICENSE);
    assert_null(out.key);
    assert_int_equal(open_blob(rms_buf_view(&blob), NULL, &out), 0);
    rms_content_key_fini(&out);
}

/* A key sealed for an owner: which digest counts is the blob's to say, and it is the only one that counts. */
static void test_owner_bound(void **state)
{
    static const uint8_t owner[RMS_SHA256_BYTES] = {9, 8, 7};
    static const uint8_t zeros[RMS_SHA256_BYTES];
    static const struct {
        bool owned;
        const uint8_t *bound, *owner_bound;
        int expected;
    } cases[] = {
        {true, bound, owner, 0},
        {true, NULL, owner, 0},
        {true, owner, bound, RMS_E_BAD_LICENSE},
        {true, owner, NULL, RMS_E_BAD_LICENSE},
        {true, NULL, NULL, RMS_E_BAD_LICENSE},
        {true, NULL, bound, RMS_E_BAD_LICENSE},
        {true, NULL, zeros, RMS_E_BAD_LICENSE},
        {false, bound, owner, 0},
        {false, bound, NULL, 0},
        {false, NULL, owner, 0},
        {false, owner, bound, RMS_E_BAD_LICENSE},
        {false, zeros, bound, RMS_E_BAD_LICENSE},
    };
    RMS_BUF_CLEANUP struct rms_buf plain = RMS_BUF_INIT(RMS_ENABLING_MAX);
    RMS_BUF_CLEANUP struct rms_buf owned = RMS_BUF_INIT(RMS_ENABLING_MAX);

    (void)state;
    seal(32, RMS_MODE_CBC4K, &plain);
    assert_int_equal(rms_enabling_seal_owned_key(
                         rms_rsa_public_of(key), RMS_MODE_CBC4K, rms_view_of(content, 32), owner, &owned),
        0);
    assert_int_equal(plain.len, owned.len); /* nothing to tell them by */
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        const struct rms_enabling_bits bits = {
            RMS_SEALED_KEY_V2, rms_buf_view(cases[i].owned ? &owned : &plain)};
        struct rms_content_key out = {0};

        if (rms_enabling_open_owned_key(key, &bits, cases[i].bound, cases[i].owner_bound, &out) !=
            cases[i].expected) {
            fail_msg("case %zu", i);
        }
        assert_true((out.key != NULL) == (cases[i].expected == 0));
        if (out.key != NULL) {
            assert_int_equal(out.owner_bound, cases[i].owned);
            assert_memory_equal(rms_secret_bytes(out.key), content, 32);
        }
        rms_content_key_fini(&out);
    }
}

/* One outcome for every damage: in the sealed session key, in header, key, hash and filling. */
static void test_damaged(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf blob = RMS_BUF_INIT(RMS_ENABLING_MAX);
    struct rms_content_key out = {0};

    (void)state;
    seal(32, RMS_MODE_CBC4K, &blob);
    for (size_t i = 0; i < blob.len; i += 5) {
        int status;

        blob.data[i] ^= 0x10;
        status = open_blob(rms_buf_view(&blob), bound, &out);
        /* ECB without a tag: the third block holds nothing but the key's own bytes, whose truth the signature
         * tells. */
        if (status == 0 && i >= 256 + 16 && i < 256 + 64) {
            rms_content_key_fini(&out);
        } else {
            assert_int_equal(status, RMS_E_BAD_LICENSE);
        }
        blob.data[i] ^= 0x10;
    }
}

static void test_lengths(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf blob = RMS_BUF_INIT(2 * RMS_ENABLING_MAX);
    struct rms_content_key out = {0};

    (void)state;
    seal(32, RMS_MODE_CBC4K, &blob);
    for (size_t len = 0; len < blob.len; len += len < 256 ? 37 : 1) {
        assert_int_equal(open_blob(rms_view_of(blob.data, len), bound, &out), RMS_E_BAD_LICENSE);
    }
    while (blob.len <= RMS_ENABLING_MAX) {
        rms_buf_append(&blob, content, 16);
    }
    assert_int_equal(open_blob(rms_buf_view(&blob), bound, &out), RMS_E_BAD_LICENSE);
}

static void test_wrong_recipient_and_type(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf blob = RMS_BUF_INIT(RMS_ENABLING_MAX);
    struct rms_content_key out = {0};
    struct rms_enabling_bits bits;

    (void)state;
    seal(32, RMS_MODE_CBC4K, &blob);
    bits = (struct rms_enabling_bits){RMS_SEALED_KEY_V2, rms_buf_view(&blob)};
    assert_int_equal(rms_enabling_open_key(other, &bits, bound, &out), RMS_E_BAD_LICENSE);
    bits.type = RMS_SEALED_KEY;
    assert_int_equal(rms_enabling_open_key(key, &bits, bound, &out), RMS_E_BAD_LICENSE);
}

static void test_refused_to_seal(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf blob = RMS_BUF_INIT(RMS_ENABLING_MAX);

    (void)state;
    assert_int_equal(
        rms_enabling_seal_key(rms_rsa_public_of(key), RMS_MODE_ECB, rms_view_of(content, 8), bound, &blob),
        RMS_E_BAD_ARGUMENT);
    assert_int_equal(
        rms_enabling_seal_key(rms_rsa_public_of(old), RMS_MODE_ECB, rms_view_of(content, 16), bound, &blob),
        RMS_E_WEAK_CRYPTO);
    /* nor the key of a new PL, unless a migration keeps the 1024 bits in use (S-128) */
    assert_int_equal(rms_enabling_seal_owned_key(
                         rms_rsa_public_of(old), RMS_MODE_CBC4K, rms_view_of(content, 16), bound, &blob),
        RMS_E_WEAK_CRYPTO);
    assert_int_equal(rms_enabling_seal_migrated_key(
                         rms_rsa_public_of(old), RMS_MODE_CBC4K, rms_view_of(content, 16), bound, &blob),
        0);
}

static void test_private_key(void **state)
{
    RMS_SECRET_CLEANUP struct rms_secret *secret = NULL;
    RMS_BUF_CLEANUP struct rms_buf blob = RMS_BUF_INIT(RMS_ENABLING_MAX);
    struct rms_rsa_private *out = NULL;
    struct rms_enabling_bits bits;
    uint8_t wrong[RMS_SHA256_BYTES] = {0};

    (void)state;
    assert_int_equal(rms_rsa_to_blob(other, true, &secret), 0);
    assert_int_equal(
        rms_enabling_seal_private(rms_rsa_public_of(key), rms_secret_view(secret), bound, &blob), 0);
    assert_int_equal(blob.len, 11904 / 8);
    bits = (struct rms_enabling_bits){RMS_SEALED_KEY_V2, rms_buf_view(&blob)};
    assert_int_equal(rms_enabling_open_private(key, &bits, wrong, &out), RMS_E_BAD_LICENSE);
    assert_int_equal(rms_enabling_open_private(key, &bits, bound, &out), 0);
    assert_true(rms_rsa_public_equal(rms_rsa_public_of(out), rms_rsa_public_of(other)));
    rms_rsa_private_free(&out);
    blob.data[300] ^= 1;
    assert_int_equal(rms_enabling_open_private(key, &bits, bound, &out), RMS_E_BAD_LICENSE);
}

/* A content key is no private key, and the other way round. */
static void test_mixed_payloads(void **state)
{
    RMS_SECRET_CLEANUP struct rms_secret *secret = NULL;
    RMS_BUF_CLEANUP struct rms_buf private_blob = RMS_BUF_INIT(RMS_ENABLING_MAX);
    RMS_BUF_CLEANUP struct rms_buf key_blob = RMS_BUF_INIT(RMS_ENABLING_MAX);
    struct rms_rsa_private *out = NULL;
    struct rms_content_key content_out = {0};
    struct rms_enabling_bits bits;

    (void)state;
    seal(32, RMS_MODE_CBC4K, &key_blob);
    bits = (struct rms_enabling_bits){RMS_SEALED_KEY_V2, rms_buf_view(&key_blob)};
    assert_int_equal(rms_enabling_open_private(key, &bits, bound, &out), RMS_E_BAD_LICENSE);
    assert_int_equal(rms_rsa_to_blob(other, true, &secret), 0);
    assert_int_equal(
        rms_enabling_seal_private(rms_rsa_public_of(key), rms_secret_view(secret), bound, &private_blob), 0);
    assert_int_equal(open_blob(rms_buf_view(&private_blob), bound, &content_out), RMS_E_BAD_LICENSE);
}

/* --- Mode 1 ---------------------------------------------------------------------------------------- */

/* A blob as old servers make it (section 4): PKCS #1 v1.5, SHA-1, version 1. session_len chooses the session
 * key. */
static void seal_old(
    const struct rms_rsa_public *to, size_t session_len, uint32_t version, struct rms_buf *blob)
{
    RMS_CONTENT_CLEANUP struct rms_content_cipher *cipher = NULL;
    RMS_BUF_CLEANUP struct rms_buf head = RMS_BUF_INIT(64);
    RMS_BUF_CLEANUP struct rms_buf inner = RMS_BUF_INIT(256);
    uint8_t session[32] = {7};
    size_t written = 0;

    rms_buf_append_u16(&head, (uint16_t)(12 + session_len));
    rms_buf_append_u16(&head, 0xffff);
    rms_buf_append_u16(&head, (uint16_t)(8 * session_len));
    rms_buf_append_u16(&head, 16);
    rms_buf_append_u32(&head, 0x1001);
    rms_buf_append(&head, session, session_len);
    assert_int_equal(rms_rsa_seal(to, RMS_RSA_PKCS1, rms_buf_view(&head), blob), 0);
    rms_buf_append_u32(&inner, version);
    rms_buf_append_u32(&inner, 12 + 16 + 20);
    rms_buf_append_u64(&inner, 0);
    rms_buf_append_u16(&inner, 28);
    rms_buf_append_u16(&inner, 0xffff);
    rms_buf_append_u16(&inner, 128);
    rms_buf_append_u16(&inner, 16);
    rms_buf_append_u32(&inner, 0);
    rms_buf_append(&inner, content, 16);
    rms_buf_append(&inner, bound, 20);
    assert_int_equal(rms_content_cipher_new(RMS_MODE_ECB, rms_view_of(session, session_len), &cipher), 0);
    assert_non_null(rms_buf_reserve(blob, inner.len + 16));
    assert_int_equal(
        rms_content_encrypt(cipher, 0, inner.data, inner.len, true, blob->data + blob->len, &written), 0);
    rms_buf_commit(blob, written);
}

static void test_old_blobs(void **state)
{
    static const size_t sessions[] = {16, 24, 32};
    uint8_t wrong[RMS_SHA256_BYTES] = {9};

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(sessions); i++) {
        RMS_BUF_CLEANUP struct rms_buf blob = RMS_BUF_INIT(RMS_ENABLING_MAX);
        struct rms_enabling_bits bits;
        struct rms_content_key out = {0};

        seal_old(rms_rsa_public_of(old), sessions[i], 1, &blob);
        assert_int_equal(blob.len, 1536 / 8);
        bits = (struct rms_enabling_bits){RMS_SEALED_KEY, rms_buf_view(&blob)};
        assert_int_equal(rms_enabling_open_key(old, &bits, bound, &out), 0);
        assert_int_equal(out.mode, RMS_MODE_ECB);
        assert_memory_equal(rms_secret_bytes(out.key), content, 16);
        rms_content_key_fini(&out);
        assert_int_equal(rms_enabling_open_key(old, &bits, wrong, &out), RMS_E_BAD_LICENSE);
        assert_int_equal(rms_enabling_open_key(old, &bits, NULL, &out), 0);
        rms_content_key_fini(&out);
        blob.data[3] ^= 1;
        assert_int_equal(rms_enabling_open_key(old, &bits, bound, &out), RMS_E_BAD_LICENSE);
    }
}

static void test_old_blob_of_wrong_version(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf blob = RMS_BUF_INIT(RMS_ENABLING_MAX);
    struct rms_enabling_bits bits;
    struct rms_content_key out = {0};

    (void)state;
    seal_old(rms_rsa_public_of(old), 16, 2, &blob);
    bits = (struct rms_enabling_bits){RMS_SEALED_KEY, rms_buf_view(&blob)};
    assert_int_equal(rms_enabling_open_key(old, &bits, bound, &out), RMS_E_BAD_LICENSE);
}

/* --- rights data ----------------------------------------------------------------------------------- */

static void encrypt_raw(const uint8_t *plain, size_t len, struct rms_buf *out)
{
    RMS_CONTENT_CLEANUP struct rms_content_cipher *cipher = NULL;
    size_t written = 0;

    assert_int_equal(rms_content_cipher_new(RMS_MODE_ECB, rms_view_of(content, 32), &cipher), 0);
    assert_non_null(rms_buf_reserve(out, len + 16));
    assert_int_equal(rms_content_encrypt(cipher, 0, plain, len, true, out->data, &written), 0);
    rms_buf_commit(out, written);
}

static void test_rights_data_round_trip(void **state)
{
    (void)state;
    for (size_t extra = 0; extra < 20; extra++) {
        RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(256);
        RMS_BUF_CLEANUP struct rms_buf cipher = RMS_BUF_INIT(1024);
        RMS_BUF_CLEANUP struct rms_buf back = RMS_BUF_INIT(256);

        rms_buf_printf(&text, "<XrML>\xc3\xbc%.*s</XrML>", (int)extra, "abcdefghijklmnopqrst");
        assert_int_equal(rms_erd_encrypt(rms_view_of(content, 32), rms_buf_view(&text), &cipher), 0);
        assert_int_equal(cipher.len % 16, 0);
        assert_true(cipher.len < 2 * text.len + 16);
        assert_int_equal(rms_erd_decrypt(rms_view_of(content, 32), rms_buf_view(&cipher), &back), 0);
        assert_string_equal(rms_buf_text(&back), rms_buf_text(&text));
    }
}

/* "<XrML>a</XrML>" in UTF-16LE is 28 bytes: 4 of filling. */
static int decrypt_filled(const char *filling, size_t len)
{
    RMS_BUF_CLEANUP struct rms_buf plain = RMS_BUF_INIT(256);
    RMS_BUF_CLEANUP struct rms_buf cipher = RMS_BUF_INIT(1024);
    RMS_BUF_CLEANUP struct rms_buf back = RMS_BUF_INIT(256);
    int status;

    assert_int_equal(rms_text_to_utf16(RMS_VIEW_LITERAL("<XrML>a</XrML>"), &plain), 0);
    rms_buf_append(&plain, filling, len);
    encrypt_raw(plain.data, plain.len, &cipher);
    status = rms_erd_decrypt(rms_view_of(content, 32), rms_buf_view(&cipher), &back);
    if (status == 0) {
        assert_string_equal(rms_buf_text(&back), "<XrML>a</XrML>");
    }
    return status;
}

static void test_fillings(void **state)
{
    (void)state;
    assert_int_equal(decrypt_filled("\0\0\0\0", 4), 0);
    assert_int_equal(decrypt_filled(" \0 \0", 4), 0);
    assert_int_equal(decrypt_filled("\4\4\4\4", 4), 0);
    assert_int_equal(decrypt_filled("    ", 4), 0);
    assert_int_equal(decrypt_filled("\4\4\4\3", 4), RMS_E_BAD_LICENSE);
    assert_int_equal(decrypt_filled("\1\2\3\4", 4), RMS_E_BAD_LICENSE);
    assert_int_equal(decrypt_filled("a\0b\0", 4), RMS_E_BAD_LICENSE);
}

static void test_rights_data_refused(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf cipher = RMS_BUF_INIT(1024);
    RMS_BUF_CLEANUP struct rms_buf back = RMS_BUF_INIT(256);
    static const uint8_t lone_surrogate[] = "\x00\xd8<\0/\0X\0r\0M\0L\0>";

    (void)state;
    assert_int_equal(
        rms_erd_encrypt(rms_view_of(content, 32), RMS_VIEW_LITERAL("<XrML>\xff</XrML>"), &cipher),
        RMS_E_BAD_ARGUMENT);
    rms_buf_reset(&cipher);
    assert_int_equal(
        rms_erd_encrypt(rms_view_of(content, 32), RMS_VIEW_LITERAL("<XrML>a</XrML>"), &cipher), 0);
    assert_int_equal(
        rms_erd_decrypt(rms_view_of(content, 16), rms_buf_view(&cipher), &back), RMS_E_BAD_LICENSE);
    for (size_t len = 0; len < cipher.len; len++) {
        assert_int_equal(rms_erd_decrypt(rms_view_of(content, 32), rms_view_of(cipher.data, len), &back),
            RMS_E_BAD_LICENSE);
    }
    rms_buf_reset(&cipher);
    encrypt_raw(lone_surrogate, sizeof lone_surrogate, &cipher);
    assert_int_equal(
        rms_erd_decrypt(rms_view_of(content, 32), rms_buf_view(&cipher), &back), RMS_E_BAD_LICENSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_sealing_is_random),
        cmocka_unit_test(test_bound),
        cmocka_unit_test(test_owner_bound),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_wrong_recipient_and_type),
        cmocka_unit_test(test_refused_to_seal),
        cmocka_unit_test(test_private_key),
        cmocka_unit_test(test_mixed_payloads),
        cmocka_unit_test(test_old_blobs),
        cmocka_unit_test(test_old_blob_of_wrong_version),
        cmocka_unit_test(test_rights_data_round_trip),
        cmocka_unit_test(test_fillings),
        cmocka_unit_test(test_rights_data_refused),
    };

    return cmocka_run_group_tests(tests, open_keys, close_keys);
}
