#include "base/test.h"

#include <stdlib.h>

#include "base/mem.h"
#include "crypto/content.h"
#include "crypto/random.h"

#define SIZE_MOST (3 * RMS_CONTENT_BLOCK)

static const uint8_t counting[32] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
    21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31};

static struct rms_content_cipher *cipher_with(enum rms_cipher_mode mode, size_t key_len)
{
    struct rms_content_cipher *cipher;

    assert_int_equal(rms_content_cipher_new(mode, rms_view_of(counting, key_len), &cipher), 0);
    return cipher;
}

static void fill(uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        data[i] = (uint8_t)(i % 251);
    }
}

/* protected-file-formats 3, "Test vectors"; plaintext byte i is i mod 251. */
static const struct {
    enum rms_cipher_mode mode;
    size_t key_len;
    size_t len;
    size_t size;
    const char *first;
    const char *last;
} vectors[] = {
    {RMS_MODE_CBC4K, 16, 0, 16, "b1a29273be2c4207a5ace393398cb6fb", "b1a29273be2c4207a5ace393398cb6fb"},
    {RMS_MODE_CBC4K, 16, 16, 32, "b58a1064d8aca99bd9b0405b8545f5bb", "b85c0d5fa953bf572a125c9479b2e862"},
    {RMS_MODE_CBC4K, 16, 4095, 4096, "b58a1064d8aca99bd9b0405b8545f5bb", "462e58733d4bf2c8d44d0a8015891b90"},
    {RMS_MODE_CBC4K, 16, 4096, 4112, "b58a1064d8aca99bd9b0405b8545f5bb", "83c57652a81838b64ef6c2db62f0052a"},
    {RMS_MODE_CBC4K, 16, 4097, 4112, "b58a1064d8aca99bd9b0405b8545f5bb", "21c8927960297ed0d801dc5a20f95782"},
    {RMS_MODE_CBC4K, 16, 10000, 10016, "b58a1064d8aca99bd9b0405b8545f5bb",
        "a9de301962ffd3cb7680c4475749ba68"},
    {RMS_MODE_CBC4K, 32, 0, 16, "53c8742d0ea29b2712f6c7af4048f4b4", "53c8742d0ea29b2712f6c7af4048f4b4"},
    {RMS_MODE_CBC4K, 32, 8192, 8208, "9ae5938fd55ac626f850863ea37099d4", "89d56e6348532d7878fcd2adac436cc2"},
    {RMS_MODE_CBC4K, 32, 10000, 10016, "9ae5938fd55ac626f850863ea37099d4",
        "4e94ed2d24eb86808d21da77146ebf38"},
    {RMS_MODE_CBC512, 16, 1024, 1024, "b58a1064d8aca99bd9b0405b8545f5bb", "7ea579da9ddf93841c3c47dbce4801f3"},
    {RMS_MODE_CBC512, 32, 1024, 1024, "9ae5938fd55ac626f850863ea37099d4", "48727196823e21ab7ec3cffbbf3ced0d"},
    {RMS_MODE_ECB, 16, 20, 32, "0a940bb5416ef045f1c39458c653ea5a", "6abfb8b0f4c93f0884e4b438ef4e47d1"},
};

static void expect_hex(const uint8_t *found, const char *hex)
{
    uint8_t wanted[16];

    assert_int_equal(rms_test_hex(hex, wanted, sizeof wanted), 16);
    assert_memory_equal(found, wanted, sizeof wanted);
}

static void check_vector(size_t i)
{
    struct rms_content_cipher *cipher = cipher_with(vectors[i].mode, vectors[i].key_len);
    static uint8_t plain[SIZE_MOST];
    static uint8_t out[SIZE_MOST + 16];
    static uint8_t back[SIZE_MOST + 16];
    size_t len;

    fill(plain, vectors[i].len);
    assert_int_equal(rms_content_encrypt(cipher, 0, plain, vectors[i].len, true, out, &len), 0);
    assert_int_equal(len, vectors[i].size);
    assert_int_equal(rms_content_encrypted_len(vectors[i].mode, vectors[i].len), vectors[i].size);
    expect_hex(out, vectors[i].first);
    expect_hex(out + len - 16, vectors[i].last);
    assert_int_equal(rms_content_decrypt(cipher, 0, out, len, true, back, &len), 0);
    if (vectors[i].mode == RMS_MODE_ECB) {
        assert_int_equal(len, vectors[i].size);
        assert_memory_equal(back + vectors[i].len, "\0\0\0\0\0\0\0\0\0\0\0\0", 12);
    } else {
        assert_int_equal(len, vectors[i].len);
    }
    assert_memory_equal(back, plain, vectors[i].len);
    rms_content_cipher_free(&cipher);
}

static void vectors_with_the_best_engine(void **state)
{
    (void)state;
    for (size_t i = 0; i < RMS_COUNT(vectors); i++) {
        check_vector(i);
    }
}

static void vectors_with_openssl(void **state)
{
    (void)state;
    assert_int_equal(setenv("RMS_AES", "openssl", 1), 0);
    assert_string_equal(rms_content_engine(), "openssl");
    for (size_t i = 0; i < RMS_COUNT(vectors); i++) {
        check_vector(i);
    }
    assert_int_equal(unsetenv("RMS_AES"), 0);
}

/* protected-file-formats 3, first row: published with the SDK. */
static void vector_of_the_sdk(void **state)
{
    struct rms_content_cipher *cipher;
    uint8_t out[32];
    uint8_t key[16];
    size_t len;

    (void)state;
    (void)rms_test_hex("7bddca3c7ff9bdc8eea7a8eb63d01f11", key, sizeof key);
    assert_int_equal(rms_content_cipher_new(RMS_MODE_CBC4K, rms_view_of(key, sizeof key), &cipher), 0);
    assert_int_equal(rms_content_encrypt(cipher, 0, (const uint8_t *)"Plain Text", 10, true, out, &len), 0);
    assert_int_equal(len, 16);
    expect_hex(out, "ea21b48f530be23b6d654db9302dd1ff");
    assert_int_equal(rms_content_decrypt(cipher, 0, out, len, true, out, &len), 0);
    assert_int_equal(len, 10);
    assert_memory_equal(out, "Plain Text", 10);
    rms_content_cipher_free(&cipher);
}

/* protected-file-formats 3, "IVs under k128": a block of zeros encrypts to E(IV); shown by decrypting the
 * 16 zero bytes of ciphertext, which gives D(0) XOR IV. */
static void vectors_of_the_ivs(void **state)
{
    static const struct {
        enum rms_cipher_mode mode;
        uint64_t block;
        const char *iv;
    } rows[] = {
        {RMS_MODE_CBC4K, 0, "c6a13b37878f5b826f4f8162a1c8d879"},
        {RMS_MODE_CBC512, 0, "c6a13b37878f5b826f4f8162a1c8d879"},
        {RMS_MODE_CBC4K, 1, "e37cd363dd7c87a09aff0e3e60e09c82"},
        {RMS_MODE_CBC512, 1, "6fa7bcfefed6668273a24904694d7264"},
    };
    struct rms_content_cipher *ecb = cipher_with(RMS_MODE_ECB, 16);
    static const uint8_t zeros[16];
    uint8_t raw[16];
    uint8_t out[16];
    size_t len;

    (void)state;
    assert_int_equal(rms_content_decrypt(ecb, 0, zeros, 16, true, raw, &len), 0);
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        enum rms_cipher_mode mode = rows[i].mode == RMS_MODE_CBC4K ? RMS_MODE_CBC4K_NOPAD : rows[i].mode;
        struct rms_content_cipher *cipher = cipher_with(mode, 16);

        assert_int_equal(rms_content_decrypt(cipher, rows[i].block, zeros, 16, true, out, &len), 0);
        for (size_t j = 0; j < 16; j++) {
            out[j] ^= raw[j];
        }
        expect_hex(out, rows[i].iv);
        rms_content_cipher_free(&cipher);
    }
    rms_content_cipher_free(&ecb);
}

struct both {
    struct rms_content_cipher *best;
    struct rms_content_cipher *openssl;
    size_t unit; /* lengths the mode allows are multiples of this */
};

static struct both both_engines(enum rms_cipher_mode mode, size_t key_len)
{
    struct both both = {.best = cipher_with(mode, key_len),
        .unit = mode == RMS_MODE_CBC512 || mode == RMS_MODE_CBC4K_NOPAD ? 16 : 1};

    assert_int_equal(setenv("RMS_AES", "openssl", 1), 0);
    both.openssl = cipher_with(mode, key_len);
    assert_int_equal(unsetenv("RMS_AES"), 0);
    return both;
}

static void both_free(struct both *both)
{
    rms_content_cipher_free(&both->best);
    rms_content_cipher_free(&both->openssl);
}

/* One length: the same bytes from both engines, and back again in place. */
static void compare(const struct both *both, uint64_t first_block, const uint8_t *plain, size_t size)
{
    static uint8_t a[SIZE_MOST * 40];
    static uint8_t b[SIZE_MOST * 40];
    size_t a_len;
    size_t b_len;

    assert_int_equal(rms_content_encrypt(both->best, first_block, plain, size, true, a, &a_len), 0);
    memcpy(b, plain, size);
    assert_int_equal(rms_content_encrypt(both->openssl, first_block, b, size, true, b, &b_len), 0);
    assert_int_equal(a_len, b_len);
    assert_memory_equal(a, b, a_len);
    assert_int_equal(rms_content_decrypt(both->best, first_block, a, a_len, true, a, &a_len), 0);
    assert_true(a_len == size || rms_content_cipher_mode(both->best) == RMS_MODE_ECB);
    assert_memory_equal(a, plain, size);
}

static void engines_agree_on_every_size(void **state)
{
    static uint8_t plain[SIZE_MOST + 16];

    (void)state;
    rms_random(plain, sizeof plain);
    for (int mode = 0; mode < RMS_MODE_COUNT; mode++) {
        for (size_t key_len = 16; key_len <= 32; key_len += 8) {
            struct both both = both_engines((enum rms_cipher_mode)mode, key_len);
            size_t step = mode == RMS_MODE_CBC4K && key_len == 32 ? 1 : 16;

            for (size_t size = both.unit > 1 ? both.unit : 0; size <= SIZE_MOST; size += step) {
                compare(&both, 0, plain, size);
            }
            both_free(&both);
        }
    }
}

/* Long enough for several runs and batches, at random block numbers beyond 32 bits too. */
static void engines_agree_on_random_sizes(void **state)
{
    static uint8_t plain[SIZE_MOST * 39];

    (void)state;
    rms_random(plain, sizeof plain);
    for (int mode = 0; mode < RMS_MODE_COUNT; mode++) {
        struct both both = both_engines((enum rms_cipher_mode)mode, 32);

        for (int i = 0; i < 30; i++) {
            uint64_t number;
            uint32_t size;

            rms_random(&number, sizeof number);
            rms_random(&size, sizeof size);
            compare(&both, number >> (i * 2), plain, size % sizeof plain / both.unit * both.unit);
        }
        both_free(&both);
    }
}

/* A content given in pieces of whole blocks has the same bytes as in one call. */
static void pieces_join(void **state)
{
    static uint8_t plain[10000];
    static uint8_t whole[10016];
    static uint8_t pieces[10016];
    struct rms_content_cipher *cipher = cipher_with(RMS_MODE_CBC4K, 32);
    size_t len;
    size_t part;

    (void)state;
    fill(plain, sizeof plain);
    assert_int_equal(rms_content_encrypt(cipher, 0, plain, sizeof plain, true, whole, &len), 0);
    assert_int_equal(rms_content_encrypt(cipher, 0, plain, 4096, false, pieces, &part), 0);
    assert_int_equal(part, 4096);
    assert_int_equal(rms_content_encrypt(cipher, 1, plain + 4096, 4096, false, pieces + 4096, &part), 0);
    assert_int_equal(
        rms_content_encrypt(cipher, 2, plain + 8192, sizeof plain - 8192, true, pieces + 8192, &part), 0);
    assert_memory_equal(pieces, whole, len);
    assert_int_equal(rms_content_decrypt(cipher, 1, whole + 4096, 4096, false, pieces, &part), 0);
    assert_int_equal(part, 4096);
    assert_memory_equal(pieces, plain + 4096, 4096);
    assert_int_equal(rms_content_decrypt(cipher, 2, whole + 8192, len - 8192, true, pieces, &part), 0);
    assert_int_equal(part, sizeof plain - 8192);
    assert_memory_equal(pieces, plain + 8192, part);
    rms_content_cipher_free(&cipher);
}

/* An end exactly on a block: the padding is a block of its own. */
static void an_empty_last_piece_is_the_padding(void **state)
{
    struct rms_content_cipher *cipher = cipher_with(RMS_MODE_CBC4K, 16);
    uint8_t out[16];
    size_t len;

    (void)state;
    assert_int_equal(rms_content_encrypt(cipher, 1, NULL, 0, true, out, &len), 0);
    assert_int_equal(len, 16);
    expect_hex(out, "83c57652a81838b64ef6c2db62f0052a");
    assert_int_equal(rms_content_decrypt(cipher, 1, out, 16, true, out, &len), 0);
    assert_int_equal(len, 0);
    rms_content_cipher_free(&cipher);
}

static void refuses_lengths_the_mode_has_not(void **state)
{
    static const struct {
        enum rms_cipher_mode mode;
        size_t len;
        bool last;
    } bad[] = {
        {RMS_MODE_CBC4K, 0, false},
        {RMS_MODE_CBC4K, 4095, false},
        {RMS_MODE_CBC4K, 16, false},
        {RMS_MODE_CBC4K_NOPAD, 15, true},
        {RMS_MODE_CBC4K_NOPAD, 512, false},
        {RMS_MODE_CBC512, 0, true},
        {RMS_MODE_CBC512, 17, true},
        {RMS_MODE_CBC512, 16, false},
        {RMS_MODE_ECB, 17, false},
        {RMS_MODE_ECB, 0, false},
    };
    static uint8_t data[8192];
    size_t len;

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(bad); i++) {
        struct rms_content_cipher *cipher = cipher_with(bad[i].mode, 16);

        assert_int_equal(
            rms_content_encrypt(cipher, 0, data, bad[i].len, bad[i].last, data, &len), RMS_E_BAD_ARGUMENT);
        rms_content_cipher_free(&cipher);
    }
}

/* Every length that is no ciphertext length: damage when it is the end, a caller's mistake before. */
static void refuses_truncated_ciphertext(void **state)
{
    struct rms_content_cipher *cipher = cipher_with(RMS_MODE_CBC4K, 32);
    static uint8_t data[4112];
    uint8_t out[4112];
    size_t len;

    (void)state;
    for (size_t size = 0; size < 200; size++) {
        if (size == 0 || size % 16 != 0) {
            assert_int_equal(rms_content_decrypt(cipher, 0, data, size, true, out, &len), RMS_E_DAMAGED);
            assert_int_equal(len, 0);
        }
        assert_int_equal(rms_content_decrypt(cipher, 0, data, size, false, out, &len), RMS_E_BAD_ARGUMENT);
    }
    rms_content_cipher_free(&cipher);
}

/* Whatever ends the last 16 bytes but 1 to 16 equal bytes of that number is damage. */
static void checks_the_padding(void **state)
{
    struct rms_content_cipher *pad = cipher_with(RMS_MODE_CBC4K, 32);
    struct rms_content_cipher *raw = cipher_with(RMS_MODE_CBC4K_NOPAD, 32);
    uint8_t plain[16];
    uint8_t cipher[16];
    size_t len;

    (void)state;
    for (unsigned value = 0; value < 256; value++) {
        bool good = value >= 1 && value <= 16;

        memset(plain, (int)value, sizeof plain);
        assert_int_equal(rms_content_encrypt(raw, 7, plain, 16, true, cipher, &len), 0);
        assert_int_equal(
            rms_content_decrypt(pad, 7, cipher, 16, true, plain, &len), good ? 0 : RMS_E_DAMAGED);
        assert_int_equal(len, good ? 16 - value : 0);
        if (value >= 2 && good) {
            plain[16 - value] ^= 1;
            assert_int_equal(rms_content_encrypt(raw, 7, plain, 16, true, cipher, &len), 0);
            assert_int_equal(rms_content_decrypt(pad, 7, cipher, 16, true, plain, &len), RMS_E_DAMAGED);
        }
    }
    rms_content_cipher_free(&pad);
    rms_content_cipher_free(&raw);
}

static void refuses_other_key_lengths(void **state)
{
    struct rms_content_cipher *cipher;

    (void)state;
    for (size_t len = 0; len <= 33; len++) {
        uint8_t key[33] = {0};
        int wanted = len == 16 || len == 24 || len == 32 ? 0 : RMS_E_BAD_ARGUMENT;

        assert_int_equal(rms_content_cipher_new(RMS_MODE_CBC4K, rms_view_of(key, len), &cipher), wanted);
        assert_true((cipher != NULL) == (wanted == 0));
        rms_content_cipher_free(&cipher);
    }
}

static void names_and_codes_of_the_modes(void **state)
{
    static const struct {
        enum rms_cipher_mode mode;
        const char *wire;
        uint16_t code;
        size_t block;
    } rows[] = {
        {RMS_MODE_ECB, "MICROSOFT.ECB", 0xffff, 4096},
        {RMS_MODE_CBC4K_NOPAD, "MICROSOFT.CBC4K.NOPADDING", 0xfffe, 4096},
        {RMS_MODE_CBC4K, "MICROSOFT.CBC4K", 0xfffd, 4096},
        {RMS_MODE_CBC512, "MICROSOFT.CBC512.NOPADDING", 0xfffc, 512},
    };
    enum rms_cipher_mode mode;

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        struct rms_content_cipher *cipher = cipher_with(rows[i].mode, 16);

        assert_string_equal(rms_mode_wire(rows[i].mode), rows[i].wire);
        assert_int_equal(rms_mode_code(rows[i].mode), rows[i].code);
        assert_int_equal(rms_mode_from_wire(rows[i].wire, &mode), 0);
        assert_int_equal(mode, rows[i].mode);
        assert_int_equal(rms_mode_from_code(rows[i].code, &mode), 0);
        assert_int_equal(mode, rows[i].mode);
        assert_int_equal(rms_content_block(cipher), rows[i].block);
        assert_int_equal(rms_content_cipher_mode(cipher), rows[i].mode);
        rms_content_cipher_free(&cipher);
    }
    assert_int_equal(rms_mode_from_wire("MICROSOFT.CBC", &mode), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_mode_from_wire("", &mode), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_mode_from_code(0xfffb, &mode), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_mode_from_code(0, &mode), RMS_E_BAD_ARGUMENT);
}

static void tells_ciphertext_lengths(void **state)
{
    (void)state;
    assert_int_equal(rms_content_encrypted_len(RMS_MODE_CBC4K, 15), 16);
    assert_int_equal(rms_content_encrypted_len(RMS_MODE_CBC4K, 4080), 4096);
    assert_int_equal(rms_content_encrypted_len(RMS_MODE_ECB, 0), 0);
    assert_int_equal(rms_content_encrypted_len(RMS_MODE_ECB, 17), 32);
    assert_int_equal(rms_content_encrypted_len(RMS_MODE_CBC512, 512), 512);
    assert_true(rms_content_encrypted_len(RMS_MODE_CBC4K, 1ull << 40) == (1ull << 40) + 16);
}

static void memory_may_run_out(void **state)
{
    struct rms_content_cipher *cipher;

    (void)state;
    rms_content_cipher_free(&(struct rms_content_cipher *){NULL});
    for (long count = 0; count < 2; count++) {
        rms_mem_fail_after(count);
        assert_int_equal(
            rms_content_cipher_new(RMS_MODE_CBC4K, rms_view_of(counting, 32), &cipher), RMS_E_NO_MEMORY);
        rms_mem_fail_never();
        assert_null(cipher);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_with_the_best_engine),
        cmocka_unit_test(vectors_with_openssl),
        cmocka_unit_test(vector_of_the_sdk),
        cmocka_unit_test(vectors_of_the_ivs),
        cmocka_unit_test(engines_agree_on_every_size),
        cmocka_unit_test(engines_agree_on_random_sizes),
        cmocka_unit_test(pieces_join),
        cmocka_unit_test(an_empty_last_piece_is_the_padding),
        cmocka_unit_test(refuses_lengths_the_mode_has_not),
        cmocka_unit_test(refuses_truncated_ciphertext),
        cmocka_unit_test(checks_the_padding),
        cmocka_unit_test(refuses_other_key_lengths),
        cmocka_unit_test(names_and_codes_of_the_modes),
        cmocka_unit_test(tells_ciphertext_lengths),
        cmocka_unit_test(memory_may_run_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
