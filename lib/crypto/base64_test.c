#include "base/test.h"

#include "base/mem.h"
#include "crypto/base64.h"

/* RFC 4648, section 10; the last rows use the characters in which the alphabets differ. */
static const struct {
    const char *plain;
    const char *standard;
    const char *url;
} rows[] = {
    {"", "", ""},
    {"f", "Zg==", "Zg"},
    {"fo", "Zm8=", "Zm8"},
    {"foo", "Zm9v", "Zm9v"},
    {"foob", "Zm9vYg==", "Zm9vYg"},
    {"fooba", "Zm9vYmE=", "Zm9vYmE"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
    {"\xfb\xff\xbf", "+/+/", "-_-_"},
    {"\xff\xfe", "//4=", "__4"},
};

static void known_answers(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(100);

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        rms_buf_reset(&out);
        rms_base64_encode(&out, rms_view_str(rows[i].plain));
        assert_string_equal(rms_buf_text(&out), rows[i].standard);
        rms_buf_reset(&out);
        rms_base64url_encode(&out, rms_view_str(rows[i].plain));
        assert_string_equal(rms_buf_text(&out), rows[i].url);
        rms_buf_reset(&out);
        assert_int_equal(rms_base64_decode(rms_view_str(rows[i].standard), &out), 0);
        assert_string_equal(rms_buf_text(&out), rows[i].plain);
        rms_buf_reset(&out);
        assert_int_equal(rms_base64url_decode(rms_view_str(rows[i].url), &out), 0);
        assert_string_equal(rms_buf_text(&out), rows[i].plain);
    }
}

static void standard_is_strict(void **state)
{
    static const char *const bad[] = {"Z", "Zg", "Zg=", "Zg===", "Zm8", "=",
        "==", "====", "Z===", "Zm9v=", "Zm9v====", "Zg==Zg==", "Z=g=", "Zm9 ", " Zm9v", "Zm9v\n", "\nZm9",
        "Zm\n9v", "Zm9-", "Zm9_", "Zm9.", "Zm9\x80", "Zm9v-", "-Zm9", "---v",
        "Zh==", "Zm9=", "Zm9vYmF=", "Zm9vYh=="};
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(100);

    (void)state;
    rms_buf_append_str(&out, "kept");
    for (size_t i = 0; i < RMS_COUNT(bad); i++) {
        assert_int_equal(rms_base64_decode(rms_view_str(bad[i]), &out), RMS_E_BAD_ARGUMENT);
        assert_string_equal(rms_buf_text(&out), "kept");
    }
    assert_int_equal(rms_base64_decode(rms_view_of("Zm\0v", 4), &out), RMS_E_BAD_ARGUMENT);
}

static void url_is_strict(void **state)
{
    static const char *const bad[] = {
        "Z", "Zg==", "Zm8=", "Zm9vY", "+/+/", "Zm 9", "Zm9v\n", "Zh", "Zm9", "Zm9vYmF", "Zm.v"};
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(100);

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(bad); i++) {
        assert_int_equal(rms_base64url_decode(rms_view_str(bad[i]), &out), RMS_E_BAD_ARGUMENT);
        assert_int_equal(out.len, 0);
    }
}

static void spaced_skips_blanks_only(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(100);

    (void)state;
    assert_int_equal(rms_base64_decode_spaced(rms_view_str(" Zm9v\r\n\tYm Fy\n"), &out), 0);
    assert_string_equal(rms_buf_text(&out), "foobar");
    assert_int_equal(rms_base64_decode_spaced(rms_view_str("Zm9v-"), &out), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_base64_decode_spaced(rms_view_str("\xc2\xa0Zm9v"), &out), RMS_E_BAD_ARGUMENT);
}

/* Lengths across the steps of the coder. */
static void long_data_comes_back(void **state)
{
    static const size_t lengths[] = {3071, 3072, 3073, 12287, 12288, 12289, 50000};
    static uint8_t data[50000];

    (void)state;
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 7 + i / 256);
    }
    for (size_t i = 0; i < RMS_COUNT(lengths); i++) {
        RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(100000);
        RMS_BUF_CLEANUP struct rms_buf url = RMS_BUF_INIT(100000);
        RMS_BUF_CLEANUP struct rms_buf back = RMS_BUF_INIT(100000);
        RMS_BUF_CLEANUP struct rms_buf url_back = RMS_BUF_INIT(100000);

        rms_base64_encode(&text, rms_view_of(data, lengths[i]));
        rms_base64url_encode(&url, rms_view_of(data, lengths[i]));
        assert_int_equal(text.len, RMS_BASE64_LEN(lengths[i]));
        assert_int_equal(rms_base64_decode(rms_buf_view(&text), &back), 0);
        assert_int_equal(rms_base64url_decode(rms_buf_view(&url), &url_back), 0);
        assert_true(rms_view_equal(rms_buf_view(&back), rms_view_of(data, lengths[i])));
        assert_true(rms_view_equal(rms_buf_view(&url_back), rms_view_of(data, lengths[i])));
    }
}

static void limits_hold(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf tight = RMS_BUF_INIT(5);

    (void)state;
    assert_int_equal(rms_base64_decode(rms_view_str("Zm9vYmFy"), &tight), RMS_E_LIMIT);
    assert_int_equal(tight.len, 0);
    rms_buf_reset(&tight);
    rms_base64_encode(&tight, rms_view_str("foobar"));
    assert_int_equal(rms_buf_status(&tight), RMS_E_LIMIT);
    rms_buf_reset(&tight);
    rms_base64url_encode(&tight, rms_view_str("foobar"));
    assert_int_equal(rms_buf_status(&tight), RMS_E_LIMIT);
}

static void every_allocation_may_fail(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(100);
    int status = -1;

    (void)state;
    for (long count = 0; status != 0; count++) {
        assert_true(count < 10);
        rms_mem_fail_after(count);
        status = rms_base64url_decode(rms_view_str("Zm9vYg"), &out);
        rms_mem_fail_never();
        rms_buf_fini(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(standard_is_strict),
        cmocka_unit_test(url_is_strict),
        cmocka_unit_test(spaced_skips_blanks_only),
        cmocka_unit_test(long_data_comes_back),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
