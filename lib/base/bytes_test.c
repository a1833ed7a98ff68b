#include "base/test.h"

#include "base/bytes.h"
#include "base/mem.h"

static void views_compare_by_content(void **state)
{
    (void)state;
    assert_true(rms_view_equal(rms_view_str("abc"), RMS_VIEW_LITERAL("abc")));
    assert_false(rms_view_equal(rms_view_str("abc"), rms_view_str("abd")));
    assert_false(rms_view_equal(rms_view_str("abc"), rms_view_str("abcd")));
    assert_true(rms_view_equal(rms_view_str(NULL), rms_view_of(NULL, 0)));
}

static void buf_collects_and_terminates(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf buf = RMS_BUF_INIT(1000);

    (void)state;
    assert_string_equal(rms_buf_text(&buf), "");
    rms_buf_append_str(&buf, "one");
    rms_buf_append_byte(&buf, ' ');
    rms_buf_append_view(&buf, RMS_VIEW_LITERAL("two"));
    rms_buf_printf(&buf, " %d%s", 3, "!");
    rms_buf_append(&buf, NULL, 0);
    assert_int_equal(rms_buf_status(&buf), 0);
    assert_string_equal(rms_buf_text(&buf), "one two 3!");
    assert_int_equal(rms_buf_view(&buf).len, 10);
}

static void buf_writes_little_endian(void **state)
{
    static const uint8_t wanted[] = {0x02, 0x01, 0x06, 0x05, 0x04, 0x03, 8, 7, 6, 5, 4, 3, 2, 1};
    RMS_BUF_CLEANUP struct rms_buf buf = RMS_BUF_INIT(100);

    (void)state;
    rms_buf_append_u16(&buf, 0x0102);
    rms_buf_append_u32(&buf, 0x03040506);
    rms_buf_append_u64(&buf, 0x0102030405060708);
    assert_int_equal(buf.len, sizeof wanted);
    assert_memory_equal(buf.data, wanted, sizeof wanted);
}

static void buf_keeps_its_maximum_and_its_content(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf buf = RMS_BUF_INIT(4);

    (void)state;
    rms_buf_append_str(&buf, "abcd");
    assert_int_equal(rms_buf_status(&buf), 0);
    rms_buf_append_byte(&buf, 'e');
    assert_int_equal(rms_buf_status(&buf), RMS_E_LIMIT);
    assert_string_equal(rms_buf_text(&buf), "abcd");
    rms_buf_printf(&buf, "x");
    assert_null(rms_buf_reserve(&buf, 0));
    rms_buf_reset(&buf);
    assert_int_equal(rms_buf_status(&buf), 0);
    rms_buf_append_str(&buf, "xy");
    assert_string_equal(rms_buf_text(&buf), "xy");
}

static void buf_refuses_absurd_sizes(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf buf = RMS_BUF_INIT(SIZE_MAX);

    (void)state;
    assert_null(rms_buf_reserve(&buf, SIZE_MAX));
    assert_int_equal(rms_buf_status(&buf), RMS_E_LIMIT);
}

static void buf_truncates_with_a_wipe(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf buf = RMS_BUF_INIT(100);

    (void)state;
    rms_buf_append_str(&buf, "keep-secret");
    rms_buf_truncate(&buf, 4);
    assert_string_equal(rms_buf_text(&buf), "keep");
    for (size_t i = 4; i < 11; i++) {
        assert_int_equal(buf.data[i], 0);
    }
    rms_buf_truncate(&buf, 50);
    assert_int_equal(buf.len, 4);
}

static void buf_reports_exhausted_memory(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf buf = RMS_BUF_INIT(100000);

    (void)state;
    rms_buf_append_str(&buf, "first");
    rms_mem_fail_after(0);
    assert_null(rms_buf_reserve(&buf, 50000));
    rms_mem_fail_never();
    assert_int_equal(rms_buf_status(&buf), RMS_E_LIMIT);
    assert_string_equal(rms_buf_text(&buf), "first");
}

static void wipe_zeroes(void **state)
{
    uint8_t bytes[] = {1, 2, 3};

    (void)state;
    rms_wipe(bytes, sizeof bytes);
    assert_memory_equal(bytes, "\0\0\0", 3);
    rms_wipe(NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_compare_by_content),
        cmocka_unit_test(buf_collects_and_terminates),
        cmocka_unit_test(buf_writes_little_endian),
        cmocka_unit_test(buf_keeps_its_maximum_and_its_content),
        cmocka_unit_test(buf_refuses_absurd_sizes),
        cmocka_unit_test(buf_truncates_with_a_wipe),
        cmocka_unit_test(buf_reports_exhausted_memory),
        cmocka_unit_test(wipe_zeroes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
