#include "base/test.h"

#include "base/mem.h"
#include "crypto/aead.h"

static const uint8_t key[RMS_AEAD_KEY] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18,
    19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31};

/* Made with AESGCM of Python's cryptography 48: key above, nonce 64 65 .. 6f, associated data 01 "tenant/7".
 */
static const char foreign_box[] =
    "016465666768696a6b6c6d6e6f3b7ebf0a1c8d76fc47423e86b511029830e26e6be508944994cd34"
    "013291457ecf9a8cfafe94";

static void opens_a_box_of_another_implementation(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf plain = RMS_BUF_INIT(100);
    uint8_t box[100];
    size_t len = rms_test_hex(foreign_box, box, sizeof box);

    (void)state;
    assert_int_equal(rms_aead_open_buf(key, RMS_VIEW_LITERAL("tenant/7"), rms_view_of(box, len), &plain), 0);
    assert_string_equal(rms_buf_text(&plain), "sealed by another hand");
}

static void seals_and_opens(void **state)
{
    static const size_t lengths[] = {0, 1, 15, 16, 17, 1000};
    static const uint8_t data[1000] = {1, 2, 3};

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(lengths); i++) {
        RMS_BUF_CLEANUP struct rms_buf box = RMS_BUF_INIT(2000);
        RMS_BUF_CLEANUP struct rms_buf plain = RMS_BUF_INIT(2000);
        struct rms_view content = rms_view_of(data, lengths[i]);

        assert_int_equal(rms_aead_seal(key, RMS_VIEW_LITERAL("here"), content, &box), 0);
        assert_int_equal(box.len, lengths[i] + RMS_AEAD_OVERHEAD);
        assert_int_equal(rms_aead_open_buf(key, RMS_VIEW_LITERAL("here"), rms_buf_view(&box), &plain), 0);
        assert_true(rms_view_equal(rms_buf_view(&plain), content));
    }
}

static void opens_into_a_secret(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf box = RMS_BUF_INIT(100);
    RMS_BUF_CLEANUP struct rms_buf empty = RMS_BUF_INIT(100);
    struct rms_secret *plain;

    (void)state;
    assert_int_equal(rms_aead_seal(key, rms_view_of(NULL, 0), rms_view_str("a key"), &box), 0);
    assert_int_equal(rms_aead_open(key, rms_view_of(NULL, 0), rms_buf_view(&box), &plain), 0);
    assert_int_equal(rms_secret_len(plain), 5);
    assert_memory_equal(rms_secret_bytes(plain), "a key", 5);
    rms_secret_free(&plain);
    assert_int_equal(rms_aead_seal(key, rms_view_of(NULL, 0), rms_view_of(NULL, 0), &empty), 0);
    assert_int_equal(rms_aead_open(key, rms_view_of(NULL, 0), rms_buf_view(&empty), &plain), RMS_E_DAMAGED);
    assert_null(plain);
}

static void nonces_differ(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf a = RMS_BUF_INIT(100);
    RMS_BUF_CLEANUP struct rms_buf b = RMS_BUF_INIT(100);

    (void)state;
    assert_int_equal(rms_aead_seal(key, rms_view_of(NULL, 0), rms_view_str("x"), &a), 0);
    assert_int_equal(rms_aead_seal(key, rms_view_of(NULL, 0), rms_view_str("x"), &b), 0);
    assert_memory_not_equal(a.data + 1, b.data + 1, 12);
}

static void expect_damaged(struct rms_view context, struct rms_view box)
{
    RMS_BUF_CLEANUP struct rms_buf plain = RMS_BUF_INIT(100);
    struct rms_secret *secret;

    assert_int_equal(rms_aead_open_buf(key, context, box, &plain), RMS_E_DAMAGED);
    assert_int_equal(plain.len, 0);
    assert_int_equal(rms_aead_open(key, context, box, &secret), RMS_E_DAMAGED);
    assert_null(secret);
}

static void every_changed_byte_and_every_truncation_is_found(void **state)
{
    struct rms_view context = RMS_VIEW_LITERAL("tenant/7");
    uint8_t box[100];
    size_t len = rms_test_hex(foreign_box, box, sizeof box);

    (void)state;
    for (size_t i = 0; i < len; i++) {
        box[i] ^= 0x40;
        expect_damaged(context, rms_view_of(box, len));
        box[i] ^= 0x40;
        expect_damaged(context, rms_view_of(box, i));
    }
    expect_damaged(context, rms_view_of(box, len + 1));
}

static void context_and_key_bind(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf plain = RMS_BUF_INIT(100);
    uint8_t other[RMS_AEAD_KEY] = {9};
    uint8_t box[100];
    size_t len = rms_test_hex(foreign_box, box, sizeof box);

    (void)state;
    expect_damaged(RMS_VIEW_LITERAL("tenant/8"), rms_view_of(box, len));
    expect_damaged(rms_view_of(NULL, 0), rms_view_of(box, len));
    assert_int_equal(
        rms_aead_open_buf(other, RMS_VIEW_LITERAL("tenant/7"), rms_view_of(box, len), &plain), RMS_E_DAMAGED);
}

static void limits_hold(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf tight = RMS_BUF_INIT(20);
    uint8_t box[100];
    size_t len = rms_test_hex(foreign_box, box, sizeof box);
    struct rms_secret *secret;

    (void)state;
    assert_int_equal(rms_aead_seal(key, rms_view_of(NULL, 0), rms_view_str("x"), &tight), RMS_E_LIMIT);
    rms_buf_reset(&tight);
    assert_int_equal(
        rms_aead_open_buf(key, RMS_VIEW_LITERAL("tenant/7"), rms_view_of(box, len), &tight), RMS_E_LIMIT);
    rms_mem_fail_after(0);
    assert_int_equal(
        rms_aead_open(key, RMS_VIEW_LITERAL("tenant/7"), rms_view_of(box, len), &secret), RMS_E_NO_MEMORY);
    rms_mem_fail_never();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_a_box_of_another_implementation),
        cmocka_unit_test(seals_and_opens),
        cmocka_unit_test(opens_into_a_secret),
        cmocka_unit_test(nonces_differ),
        cmocka_unit_test(every_changed_byte_and_every_truncation_is_found),
        cmocka_unit_test(context_and_key_bind),
        cmocka_unit_test(limits_hold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
