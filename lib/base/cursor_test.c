#include "base/test.h"

#include "base/cursor.h"

static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

static void reads_in_order(void **state)
{
    struct rms_cursor in = rms_cursor_of(rms_view_of(bytes, sizeof bytes));

    (void)state;
    assert_int_equal(rms_cursor_u8(&in), 1);
    assert_int_equal(rms_cursor_u16(&in), 0x0302);
    assert_int_equal(rms_cursor_u32(&in), 0x07060504);
    assert_true(rms_cursor_u64(&in) == 0x0f0e0d0c0b0a0908);
    assert_true(rms_cursor_done(&in));
}

/* Five reads of 15 bytes in all, at every shorter length. */
static void notices_every_truncation(void **state)
{
    (void)state;
    for (size_t len = 0; len < sizeof bytes; len++) {
        struct rms_cursor in = rms_cursor_of(rms_view_of(bytes, len));

        (void)rms_cursor_u8(&in);
        (void)rms_cursor_u16(&in);
        (void)rms_cursor_u32(&in);
        (void)rms_cursor_u64(&in);
        assert_true(in.bad);
        assert_false(rms_cursor_done(&in));
    }
}

static void stays_bad(void **state)
{
    struct rms_cursor in = rms_cursor_of(rms_view_of(bytes, 2));

    (void)state;
    assert_int_equal(rms_cursor_u32(&in), 0);
    assert_int_equal(rms_cursor_u8(&in), 0);
    assert_int_equal(in.pos, 0);
    assert_null(rms_cursor_take(&in, 0).data);
}

static void looks_aside_within_bounds(void **state)
{
    struct rms_cursor in = rms_cursor_of(rms_view_of(bytes, sizeof bytes));

    (void)state;
    assert_int_equal(rms_cursor_at(&in, 14, 1).data[0], 15);
    assert_int_equal(rms_cursor_at(&in, 15, 0).len, 0);
    assert_false(in.bad);
    assert_int_equal(in.pos, 0);
    assert_int_equal(rms_cursor_at(&in, 14, 2).len, 0);
    assert_true(in.bad);
}

static void offsets_do_not_wrap(void **state)
{
    struct rms_cursor in = rms_cursor_of(rms_view_of(bytes, sizeof bytes));

    (void)state;
    assert_int_equal(rms_cursor_at(&in, SIZE_MAX, 2).len, 0);
    in.bad = false;
    assert_int_equal(rms_cursor_at(&in, 2, SIZE_MAX).len, 0);
    assert_true(in.bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_in_order),
        cmocka_unit_test(notices_every_truncation),
        cmocka_unit_test(stays_bad),
        cmocka_unit_test(looks_aside_within_bounds),
        cmocka_unit_test(offsets_do_not_wrap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
