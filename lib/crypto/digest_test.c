#include "base/test.h"

#include <pthread.h>

#include "base/text.h"
#include "crypto/digest.h"
#include "crypto/random.h"

static void expect(const uint8_t *found, const char *hex)
{
    uint8_t wanted[128];
    size_t len = rms_test_hex(hex, wanted, sizeof wanted);

    assert_memory_equal(found, wanted, len);
}

/* FIPS 180-4 examples. */
static void hashes_known_messages(void **state)
{
    static const struct {
        enum rms_hash hash;
        const char *text;
        const char *hex;
    } rows[] = {
        {RMS_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {RMS_SHA1, "", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
        {RMS_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {RMS_SHA256, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {RMS_SHA256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    };
    uint8_t out[RMS_HASH_MAX];

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        rms_hash(rows[i].hash, rms_view_str(rows[i].text), out);
        expect(out, rows[i].hex);
    }
    assert_int_equal(rms_hash_size(RMS_SHA1), 20);
    assert_int_equal(rms_hash_size(RMS_SHA256), 32);
}

/* Against the stored UTF-16 form, with lengths around the conversion's chunks. */
static void hashes_the_utf16_form(void **state)
{
    static const size_t lengths[] = {0, 1, 63, 64, 65, 4031, 4032, 4096, 4097, 20000};
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(100000);
    RMS_BUF_CLEANUP struct rms_buf wide = RMS_BUF_INIT(100000);

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(lengths); i++) {
        uint8_t direct[RMS_HASH_MAX];
        uint8_t stored[RMS_HASH_MAX];

        rms_buf_reset(&text);
        rms_buf_reset(&wide);
        while (text.len < lengths[i]) {
            rms_buf_append_str(&text, text.len % 100 == 99 ? "\xf0\x9f\x94\x91" : "a");
        }
        assert_int_equal(rms_text_to_utf16(rms_buf_view(&text), &wide), 0);
        for (enum rms_hash hash = RMS_SHA1; hash <= RMS_SHA256; hash++) {
            rms_hash(hash, rms_buf_view(&wide), stored);
            assert_int_equal(rms_hash_utf16(hash, rms_buf_view(&text), direct), 0);
            assert_memory_equal(direct, stored, rms_hash_size(hash));
        }
    }
}

static void utf16_hash_refuses_ill_formed_text(void **state)
{
    uint8_t out[RMS_HASH_MAX];

    (void)state;
    assert_int_equal(rms_hash_utf16(RMS_SHA256, rms_view_str("a\xff"), out), RMS_E_BAD_ARGUMENT);
    rms_hash(RMS_SHA256, rms_view_str("abc"), out);
    expect(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* RFC 4231, test cases 1, 2 and 6; then the empty key and message. */
static void hmac_known_answers(void **state)
{
    static const char long_key_text[] = "Test Using Larger Than Block-Size Key - Hash Key First";
    uint8_t key[131];
    uint8_t out[RMS_SHA256_BYTES];

    (void)state;
    memset(key, 0x0b, 20);
    rms_hmac_sha256(rms_view_of(key, 20), rms_view_str("Hi There"), out);
    expect(out, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    rms_hmac_sha256(rms_view_str("Jefe"), rms_view_str("what do ya want for nothing?"), out);
    expect(out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    rms_hmac_sha256(rms_view_of(key, sizeof key), rms_view_str(long_key_text), out);
    expect(out, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    rms_hmac_sha256(rms_view_of(NULL, 0), rms_view_of(NULL, 0), out);
    expect(out, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

/* RFC 5869, A.1 and A.3. */
static void hkdf_known_answers(void **state)
{
    uint8_t secret[22];
    uint8_t salt[13];
    uint8_t info[10];
    uint8_t out[42];

    (void)state;
    memset(secret, 0x0b, sizeof secret);
    (void)rms_test_hex("000102030405060708090a0b0c", salt, sizeof salt);
    (void)rms_test_hex("f0f1f2f3f4f5f6f7f8f9", info, sizeof info);
    rms_hkdf_sha256(rms_view_of(secret, sizeof secret), rms_view_of(salt, sizeof salt),
        rms_view_of(info, sizeof info), out, sizeof out);
    expect(out, "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
    rms_hkdf_sha256(
        rms_view_of(secret, sizeof secret), rms_view_of(NULL, 0), rms_view_of(NULL, 0), out, sizeof out);
    expect(out, "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

/* As many pieces as go side by side, fewer, and a last one that is shorter. */
static void hashes_pieces_like_each_alone(void **state)
{
    static const size_t pieces[] = {64, 1000, 32768, 65534, 65535, 131072};
    static const size_t counts[] = {1, 7, 8, 33};
    size_t most = 33 * 131072;
    uint8_t *data = test_malloc(most);
    uint8_t hashes[33 * RMS_SHA256_BYTES];
    uint8_t alone[RMS_HASH_MAX];

    (void)state;
    rms_random(data, most);
    for (size_t i = 0; i < RMS_COUNT(pieces) * RMS_COUNT(counts); i++) {
        size_t piece = pieces[i / RMS_COUNT(counts)];
        size_t count = counts[i % RMS_COUNT(counts)];
        size_t len = piece * count - i % 5;

        rms_hash_pieces(rms_view_of(data, len), piece, hashes);
        for (size_t k = 0; k < count; k++) {
            rms_hash(
                RMS_SHA256, rms_view_of(data + k * piece, k + 1 < count ? piece : len - k * piece), alone);
            assert_memory_equal(hashes + k * RMS_SHA256_BYTES, alone, RMS_SHA256_BYTES);
        }
    }
    test_free(data);
}

static void compares(void **state)
{
    (void)state;
    assert_true(rms_equal_ct("abc", "abc", 3));
    assert_false(rms_equal_ct("abc", "abd", 3));
    assert_true(rms_equal_ct("abc", "xyz", 0));
}

static void *hash_in_thread(void *unused)
{
    uint8_t out[RMS_HASH_MAX];

    (void)unused;
    for (int i = 0; i < 1000; i++) {
        rms_hash(RMS_SHA256, rms_view_str("abc"), out);
        expect(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
    return NULL;
}

/* Each thread has a state of its own, freed when it ends (a leak would show under the sanitizer). */
static void threads_do_not_disturb_each_other(void **state)
{
    pthread_t threads[4];

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, hash_in_thread, NULL), 0);
    }
    for (size_t i = 0; i < RMS_COUNT(threads); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_known_messages),
        cmocka_unit_test(hashes_the_utf16_form),
        cmocka_unit_test(utf16_hash_refuses_ill_formed_text),
        cmocka_unit_test(hmac_known_answers),
        cmocka_unit_test(hkdf_known_answers),
        cmocka_unit_test(hashes_pieces_like_each_alone),
        cmocka_unit_test(compares),
        cmocka_unit_test(threads_do_not_disturb_each_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
