/* Unsealing (rsa.h): what opens, and that nobody outside can tell what did not. */
#include "base/test.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <time.h>

#include "crypto/random.h"
#include "crypto/rsa_key.h"
#include "crypto/rsa_vectors.h"

#define KEY_BYTES 128
#define WANT      28

static const uint8_t message[WANT] = {
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27};

static struct rms_rsa_private *key;

static int load_key(void **state)
{
    uint8_t blob[700];
    size_t len = rms_test_hex(tool_blob, blob, sizeof blob);

    (void)state;
    return rms_rsa_from_blob(rms_view_of(blob, len), &key);
}

static int free_key(void **state)
{
    (void)state;
    rms_rsa_private_free(&key);
    return 0;
}

/* Sealed by the openssl program; see rsa_vectors.h. */
static void opens_what_the_tool_sealed(void **state)
{
    static const struct {
        enum rms_rsa_padding padding;
        const char *sealed;
    } rows[] = {
        {RMS_RSA_PKCS1, tool_sealed_pkcs1},
        {RMS_RSA_OAEP, tool_sealed_oaep_sha1},
        {RMS_RSA_OAEP, tool_sealed_oaep_sha256},
    };
    uint8_t sealed[KEY_BYTES];
    uint8_t plain[WANT];

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        assert_int_equal(rms_test_hex(rows[i].sealed, sealed, sizeof sealed), KEY_BYTES);
        assert_int_equal(
            rms_rsa_unseal(key, rows[i].padding, rms_view_of(sealed, KEY_BYTES), plain, WANT), 0);
        assert_memory_equal(plain, message, WANT);
    }
}

static void opens_every_length_we_seal(void **state)
{
    uint8_t data[RMS_RSA_SEAL_MAX];
    uint8_t plain[RMS_RSA_SEAL_MAX];

    (void)state;
    rms_random(data, sizeof data);
    for (enum rms_rsa_padding padding = RMS_RSA_PKCS1; padding <= RMS_RSA_OAEP; padding++) {
        size_t most = padding == RMS_RSA_OAEP ? KEY_BYTES - 42 : RMS_RSA_SEAL_MAX;

        for (size_t len = 1; len <= most; len++) {
            RMS_BUF_CLEANUP struct rms_buf sealed = RMS_BUF_INIT(1000);

            assert_int_equal(
                rms_rsa_seal(rms_rsa_public_of(key), padding, rms_view_of(data, len), &sealed), 0);
            assert_int_equal(sealed.len, KEY_BYTES);
            assert_int_equal(rms_rsa_unseal(key, padding, rms_buf_view(&sealed), plain, len), 0);
            assert_memory_equal(plain, data, len);
        }
    }
}

static void sealing_has_limits(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf sealed = RMS_BUF_INIT(1000);
    RMS_BUF_CLEANUP struct rms_buf tight = RMS_BUF_INIT(100);
    uint8_t data[RMS_RSA_SEAL_MAX + 1] = {0};
    const struct rms_rsa_public *public = rms_rsa_public_of(key);

    (void)state;
    assert_int_equal(
        rms_rsa_seal(public, RMS_RSA_PKCS1, rms_view_of(data, sizeof data), &sealed), RMS_E_BAD_ARGUMENT);
    assert_int_equal(
        rms_rsa_seal(public, RMS_RSA_OAEP, rms_view_of(data, KEY_BYTES - 41), &sealed), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_rsa_seal(public, RMS_RSA_OAEP, rms_view_of(data, 1), &tight), RMS_E_LIMIT);
}

static void wrong_lengths_are_told(void **state)
{
    uint8_t sealed[KEY_BYTES + 1] = {0};
    uint8_t plain[RMS_RSA_SEAL_MAX + 1];

    (void)state;
    for (size_t len = 0; len <= KEY_BYTES + 1; len++) {
        assert_int_equal(rms_rsa_unseal(key, RMS_RSA_OAEP, rms_view_of(sealed, len), plain, WANT),
            len == KEY_BYTES ? 0 : RMS_E_BAD_ARGUMENT);
    }
    assert_int_equal(
        rms_rsa_unseal(key, RMS_RSA_OAEP, rms_view_of(sealed, KEY_BYTES), plain, 0), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_rsa_unseal(key, RMS_RSA_OAEP, rms_view_of(sealed, KEY_BYTES), plain, sizeof plain),
        RMS_E_BAD_ARGUMENT);
}

/* Seals a block made here, padding and all: what an attacker can send. */
static void seal_block(const uint8_t block[KEY_BYTES], uint8_t sealed_out[KEY_BYTES])
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    size_t len = KEY_BYTES;

    assert_int_equal(EVP_PKEY_encrypt_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING), 1);
    assert_int_equal(EVP_PKEY_encrypt(ctx, sealed_out, &len, block, KEY_BYTES), 1);
    EVP_PKEY_CTX_free(ctx);
}

/* 00 02, padding, 00, message; changed in one place by each row. */
static const struct {
    size_t at;
    uint8_t value;
    bool opens;
} pkcs1_changes[] = {
    {50, 0x77, true},                    /* another padding byte */
    {0, 1, false},                       /* first byte */
    {1, 1, false},                       /* block type */
    {1, 0, false},                       /* */
    {2, 0, false},                       /* padding ends at once */
    {9, 0, false},                       /* after seven bytes */
    {10, 0, false},                      /* after eight: message too long */
    {KEY_BYTES - WANT - 2, 0, false},    /* message one byte too long */
    {KEY_BYTES - WANT - 1, 0x55, false}, /* no end */
    {KEY_BYTES - 1, 27, true},           /* unchanged */
};

static void pkcs1_block(size_t row, uint8_t block[KEY_BYTES])
{
    memset(block, 0x11, KEY_BYTES);
    block[0] = 0;
    block[1] = 2;
    block[KEY_BYTES - WANT - 1] = 0;
    memcpy(block + KEY_BYTES - WANT, message, WANT);
    block[pkcs1_changes[row].at] = pkcs1_changes[row].value;
}

static void pkcs1_padding_is_checked_whole(void **state)
{
    uint8_t block[KEY_BYTES];
    uint8_t sealed[KEY_BYTES];
    uint8_t plain[WANT];

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(pkcs1_changes); i++) {
        pkcs1_block(i, block);
        seal_block(block, sealed);
        assert_int_equal(rms_rsa_unseal(key, RMS_RSA_PKCS1, rms_view_of(sealed, KEY_BYTES), plain, WANT), 0);
        assert_int_equal(memcmp(plain, message, WANT) == 0, pkcs1_changes[i].opens);
    }
}

/* A message shorter or longer than wanted is a failure like others: nothing of it comes out. */
static void other_message_lengths_fail_alike(void **state)
{
    uint8_t data[WANT + 2];
    uint8_t plain[WANT];

    (void)state;
    memset(data, 0xee, sizeof data);
    for (enum rms_rsa_padding padding = RMS_RSA_PKCS1; padding <= RMS_RSA_OAEP; padding++) {
        for (size_t len = WANT - 2; len <= WANT + 2; len++) {
            RMS_BUF_CLEANUP struct rms_buf sealed = RMS_BUF_INIT(1000);

            assert_int_equal(
                rms_rsa_seal(rms_rsa_public_of(key), padding, rms_view_of(data, len), &sealed), 0);
            assert_int_equal(rms_rsa_unseal(key, padding, rms_buf_view(&sealed), plain, WANT), 0);
            assert_int_equal(memcmp(plain, data, WANT) == 0, len == WANT);
            assert_int_equal(memcmp(plain, data, WANT / 2) == 0, len == WANT);
        }
    }
}

/* Every failure: status 0, bytes that look random, the same for the same question, no trace in the error
 * queue. */
static void failures_look_like_messages(void **state)
{
    uint8_t sealed[KEY_BYTES];
    uint8_t first[RMS_RSA_SEAL_MAX];
    uint8_t again[RMS_RSA_SEAL_MAX];
    uint8_t other[RMS_RSA_SEAL_MAX];

    (void)state;
    for (enum rms_rsa_padding padding = RMS_RSA_PKCS1; padding <= RMS_RSA_OAEP; padding++) {
        for (int i = 0; i < 50; i++) {
            rms_random(sealed, sizeof sealed);
            assert_int_equal(rms_rsa_unseal(key, padding, rms_view_of(sealed, KEY_BYTES), first, WANT), 0);
            assert_int_equal(rms_rsa_unseal(key, padding, rms_view_of(sealed, KEY_BYTES), again, WANT), 0);
            assert_memory_equal(first, again, WANT);
            sealed[KEY_BYTES - 1] ^= 1;
            assert_int_equal(rms_rsa_unseal(key, padding, rms_view_of(sealed, KEY_BYTES), other, WANT), 0);
            assert_memory_not_equal(first, other, WANT);
            assert_int_equal(ERR_peek_error(), 0);
        }
        assert_int_equal(rms_rsa_unseal(key, padding, rms_view_of(sealed, KEY_BYTES), first, 100), 0);
        assert_memory_not_equal(first, first + 32, 32);
        assert_memory_not_equal(first + 32, first + 64, 32);
    }
}

/* Numbers at and above the modulus, and 0 and 1. */
static void odd_numbers_are_failures_too(void **state)
{
    uint8_t sealed[KEY_BYTES];
    uint8_t plain[WANT];

    (void)state;
    for (int i = 0; i < 5; i++) {
        rms_rsa_reverse(sealed, rms_rsa_public_of(key)->modulus, KEY_BYTES);
        sealed[KEY_BYTES - 1] = (uint8_t)(sealed[KEY_BYTES - 1] + (i == 1) - (i == 2));
        if (i >= 3) {
            memset(sealed, 0, sizeof sealed);
            sealed[KEY_BYTES - 1] = (uint8_t)(i - 3);
        }
        memset(plain, 0, sizeof plain);
        assert_int_equal(rms_rsa_unseal(key, RMS_RSA_OAEP, rms_view_of(sealed, KEY_BYTES), plain, WANT), 0);
        assert_memory_not_equal(plain, message, WANT);
        assert_int_equal(ERR_peek_error(), 0);
    }
}

static void the_substitute_survives_a_restart(void **state)
{
    struct rms_rsa_private *ours = key;
    uint8_t sealed[KEY_BYTES] = {0};
    uint8_t before[WANT];
    uint8_t after[WANT];

    assert_int_equal(rms_rsa_unseal(key, RMS_RSA_OAEP, rms_view_of(sealed, KEY_BYTES), before, WANT), 0);
    assert_int_equal(load_key(state), 0);
    assert_int_equal(rms_rsa_unseal(key, RMS_RSA_OAEP, rms_view_of(sealed, KEY_BYTES), after, WANT), 0);
    assert_memory_equal(before, after, WANT);
    rms_rsa_private_free(&key);
    key = ours;
}

/* ---- Time. Pairs of questions, one that opens and one that does not, in random order: what the machine does
 * besides hits both alike. The middle half of the differences is judged. */

#define QUESTIONS 32
#define PAIRS     3000
#define RETRIES   4

struct question_set {
    enum rms_rsa_padding padding;
    uint8_t sealed[2][QUESTIONS][KEY_BYTES]; /* [0] opens, [1] does not */
};

typedef void (*unseal_fn)(enum rms_rsa_padding padding, const uint8_t *sealed);

static void honest(enum rms_rsa_padding padding, const uint8_t *sealed)
{
    uint8_t plain[WANT];

    assert_int_equal(rms_rsa_unseal(key, padding, rms_view_of(sealed, KEY_BYTES), plain, WANT), 0);
}

/* The mistake of an implementation that makes the substitute only when it is needed. */
static void substitutes_on_failure_only(enum rms_rsa_padding padding, const uint8_t *sealed)
{
    uint8_t plain[WANT];
    uint8_t mac[RMS_SHA256_BYTES];

    assert_int_equal(rms_rsa_unseal(key, padding, rms_view_of(sealed, KEY_BYTES), plain, WANT), 0);
    if (memcmp(plain, message, WANT) != 0) {
        rms_hmac_sha256(rms_secret_view(key->decoy), rms_view_of(sealed, KEY_BYTES), mac);
    }
}

/* The mistake of one that tries the second hash by a second private operation. */
static void decrypts_again_on_failure(enum rms_rsa_padding padding, const uint8_t *sealed)
{
    uint8_t plain[WANT];

    assert_int_equal(rms_rsa_unseal(key, padding, rms_view_of(sealed, KEY_BYTES), plain, WANT), 0);
    if (memcmp(plain, message, WANT) != 0) {
        honest(padding, sealed);
    }
}

static double nanoseconds(unseal_fn unseal, enum rms_rsa_padding padding, const uint8_t *sealed)
{
    struct timespec start;
    struct timespec end;

    (void)clock_gettime(CLOCK_MONOTONIC, &start);
    unseal(padding, sealed);
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    return (double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

/* How much longer the question takes that does not open. */
static double difference_of_pair(unseal_fn unseal, const struct question_set *set)
{
    double took[2];
    uint8_t draw[3];

    rms_random(draw, sizeof draw);
    for (int i = 0; i < 2; i++) {
        int class = (draw[0] & 1) ^ i;

        took[class] = nanoseconds(unseal, set->padding, set->sealed[class][draw[1 + class] % QUESTIONS]);
    }
    return took[1] - took[0];
}

/* One measurement: is the mean difference more than chance (t = 8), and more than 300 ns? The second bound is
 * a third of the cheapest mistake below and far over what placement in caches makes. */
static bool times_differ(unseal_fn unseal, const struct question_set *set)
{
    static double differences[PAIRS];
    const size_t kept = PAIRS / 2;
    double mean = 0;
    double variance = 0;
    double t_squared;

    for (size_t i = 0; i < PAIRS; i++) {
        differences[i] = difference_of_pair(unseal, set);
    }
    qsort(differences, PAIRS, sizeof differences[0], by_size);
    for (size_t i = PAIRS / 4; i < PAIRS / 4 + kept; i++) {
        mean += differences[i] / (double)kept;
    }
    for (size_t i = PAIRS / 4; i < PAIRS / 4 + kept; i++) {
        variance += (differences[i] - mean) * (differences[i] - mean) / (double)kept;
    }
    t_squared = mean * mean / (variance / (double)kept);
    print_message("failing takes %+.0f ns, t^2 = %.1f\n", mean, t_squared);
    return t_squared > 64 && (mean > 300 || mean < -300);
}

/* A busy machine can make a difference once; a real one is there every time. */
static bool times_differ_every_time(unseal_fn unseal, const struct question_set *set)
{
    for (int i = 0; i < RETRIES; i++) {
        if (!times_differ(unseal, set)) {
            return false;
        }
    }
    return true;
}

static bool times_differ_once(unseal_fn unseal, const struct question_set *set)
{
    for (int i = 0; i < RETRIES; i++) {
        if (times_differ(unseal, set)) {
            return true;
        }
    }
    return false;
}

static void fill_good(struct question_set *set)
{
    for (size_t i = 0; i < QUESTIONS; i++) {
        RMS_BUF_CLEANUP struct rms_buf sealed = RMS_BUF_INIT(1000);

        assert_int_equal(
            rms_rsa_seal(rms_rsa_public_of(key), set->padding, rms_view_of(message, WANT), &sealed), 0);
        memcpy(set->sealed[0][i], sealed.data, KEY_BYTES);
    }
}

/* Random numbers: nearly all have a wrong first byte. */
static void fill_random(struct question_set *set)
{
    for (size_t i = 0; i < QUESTIONS; i++) {
        rms_random(set->sealed[1][i], KEY_BYTES);
        set->sealed[1][i][0] &= 0x3f;
    }
}

/* Right first byte, wrong inside: Manger's question for OAEP, Bleichenbacher's for PKCS#1. */
static void fill_nearly_good(struct question_set *set)
{
    uint8_t block[KEY_BYTES];

    for (size_t i = 0; i < QUESTIONS; i++) {
        rms_random(block, sizeof block);
        block[0] = 0;
        block[1] = 2;
        seal_block(block, set->sealed[1][i]);
    }
}

static void takes_the_same_time(void **state)
{
    static struct question_set set;

    (void)state;
    for (set.padding = RMS_RSA_PKCS1; set.padding <= RMS_RSA_OAEP; set.padding++) {
        fill_good(&set);
        fill_random(&set);
        assert_false(times_differ_every_time(honest, &set));
        fill_nearly_good(&set);
        assert_false(times_differ_every_time(honest, &set));
    }
}

/* The measurement is worth nothing unless it finds the mistakes it is there for. */
static void the_measurement_finds_mistakes(void **state)
{
    static struct question_set set = {.padding = RMS_RSA_OAEP};

    (void)state;
    fill_good(&set);
    fill_random(&set);
    assert_true(times_differ_once(substitutes_on_failure_only, &set));
    assert_true(times_differ_once(decrypts_again_on_failure, &set));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_what_the_tool_sealed),
        cmocka_unit_test(opens_every_length_we_seal),
        cmocka_unit_test(sealing_has_limits),
        cmocka_unit_test(wrong_lengths_are_told),
        cmocka_unit_test(pkcs1_padding_is_checked_whole),
        cmocka_unit_test(other_message_lengths_fail_alike),
        cmocka_unit_test(failures_look_like_messages),
        cmocka_unit_test(odd_numbers_are_failures_too),
        cmocka_unit_test(the_substitute_survives_a_restart),
        cmocka_unit_test(takes_the_same_time),
        cmocka_unit_test(the_measurement_finds_mistakes),
    };

    return cmocka_run_group_tests(tests, load_key, free_key);
}
