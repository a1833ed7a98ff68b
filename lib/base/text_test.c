#include "base/test.h"

#include "base/text.h"

static void knows_well_formed_utf8(void **state)
{
    static const char *const good[] = {"", "plain", "gr\xc3\xbc\xc3\x9f", "\xe2\x82\xac", "\xf0\x9f\x94\x91",
        "0123456789012345678901234567890123456789012345678901234567890123456789\xc3\xbc"};
    static const char *const bad[] = {"\x80", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xfe",
        "0123456789012345678901234567890123456789012345678901234567890123456789\xc3", "\xe2\x82"};

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(good); i++) {
        assert_true(rms_text_valid(rms_view_str(good[i])));
    }
    for (size_t i = 0; i < RMS_COUNT(bad); i++) {
        assert_false(rms_text_valid(rms_view_str(bad[i])));
    }
}

/* A NUL at every position of several strides. */
static void finds_nul_anywhere(void **state)
{
    char text[200];

    (void)state;
    memset(text, 'x', sizeof text);
    assert_true(rms_text_valid(rms_view_of(text, sizeof text)));
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = '\0';
        assert_false(rms_text_valid(rms_view_of(text, sizeof text)));
        text[i] = (char)0xff;
        assert_false(rms_text_valid(rms_view_of(text, sizeof text)));
        text[i] = 'x';
    }
}

static void printable_has_no_controls(void **state)
{
    static const char *const bad[] = {"a\nb", "\t", "\x7f", "\x1b[2J", "\xc2\x80", "\xc2\x9f", "\xff"};

    (void)state;
    assert_true(rms_text_printable(rms_view_str("Zo\xc3\xab \xc2\xa0 \xe2\x82\xac")));
    for (size_t i = 0; i < RMS_COUNT(bad); i++) {
        assert_false(rms_text_printable(rms_view_str(bad[i])));
    }
}

/* UTF-8, and the same as UTF-16LE: examples of RFC 2781 and the Unicode standard, table 3-4. */
static const struct {
    const char *utf8;
    size_t utf8_len;
    const char *utf16;
    size_t utf16_len;
} pairs[] = {
    {"", 0, "", 0},
    {"Az", 2, "A\0z\0", 4},
    {"\xc3\xa9", 2, "\xe9\x00", 2},
    {"\xe4\xba\x8c", 3, "\x8c\x4e", 2},
    {"\xf0\x90\x8c\x82", 4, "\x00\xd8\x02\xdf", 4},
    {"\xf4\x8f\xbf\xbf", 4, "\xff\xdb\xff\xdf", 4},
    {"\xef\xbf\xbf", 3, "\xff\xff", 2},
    {"a\0b", 3, "a\0\0\0b\0", 6},
};

static void converts_both_ways(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf wide = RMS_BUF_INIT(100);
    RMS_BUF_CLEANUP struct rms_buf back = RMS_BUF_INIT(100);

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(pairs); i++) {
        rms_buf_reset(&wide);
        rms_buf_reset(&back);
        assert_int_equal(rms_text_to_utf16(rms_view_of(pairs[i].utf8, pairs[i].utf8_len), &wide), 0);
        assert_true(rms_view_equal(rms_buf_view(&wide), rms_view_of(pairs[i].utf16, pairs[i].utf16_len)));
        assert_int_equal(rms_text_from_utf16(rms_buf_view(&wide), &back), 0);
        assert_true(rms_view_equal(rms_buf_view(&back), rms_view_of(pairs[i].utf8, pairs[i].utf8_len)));
    }
}

/* A euro sign moved through several strides, in one piece and by the smallest chunks. */
static void wide_characters_cross_strides(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf wide = RMS_BUF_INIT(1000);
    uint8_t text[203];

    (void)state;
    for (size_t at = 0; at < 200; at++) {
        struct rms_cursor in = rms_cursor_of(rms_view_of(text, sizeof text));
        uint8_t pieces[512 + RMS_UTF16_CHUNK_MIN];
        size_t len = 0;

        memset(text, 'x', sizeof text);
        memcpy(text + at, "\xe2\x82\xac", 3);
        rms_buf_reset(&wide);
        assert_int_equal(rms_text_to_utf16(rms_view_of(text, sizeof text), &wide), 0);
        assert_int_equal(wide.len, 402);
        assert_memory_equal(wide.data + 2 * at, "\xac\x20", 2);
        while (in.pos < in.len) {
            len += rms_text_utf16_chunk(&in, pieces + len, RMS_UTF16_CHUNK_MIN);
        }
        assert_false(in.bad);
        assert_true(rms_view_equal(rms_buf_view(&wide), rms_view_of(pieces, len)));
    }
}

static void conversion_needs_exactly_the_room(void **state)
{
    struct rms_view euros = rms_view_str("\xe2\x82\xac\xe2\x82\xac");
    RMS_BUF_CLEANUP struct rms_buf fits = RMS_BUF_INIT(4);
    RMS_BUF_CLEANUP struct rms_buf tight = RMS_BUF_INIT(3);

    (void)state;
    assert_int_equal(rms_text_to_utf16(euros, &fits), 0);
    assert_int_equal(fits.len, 4);
    assert_int_equal(rms_text_to_utf16(euros, &tight), RMS_E_LIMIT);
}

static void conversion_refuses_ill_formed_text(void **state)
{
    static const struct {
        const char *text;
        size_t len;
    } bad16[] = {
        {"a", 1}, {"a\0b", 3}, {"\x00\xd8", 2}, {"\x00\xd8z\0", 4}, {"\x00\xdc", 2}, {"\x00\xdc\x00\xd8", 4}};
    static const char *const bad8[] = {"ok\xff", "\xed\xa0\x80", "\xc3", "\xe2\x82"};
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(100);

    (void)state;
    rms_buf_append_str(&out, "before");
    for (size_t i = 0; i < RMS_COUNT(bad16); i++) {
        assert_int_equal(
            rms_text_from_utf16(rms_view_of(bad16[i].text, bad16[i].len), &out), RMS_E_BAD_ARGUMENT);
        assert_string_equal(rms_buf_text(&out), "before");
    }
    for (size_t i = 0; i < RMS_COUNT(bad8); i++) {
        assert_int_equal(rms_text_to_utf16(rms_view_str(bad8[i]), &out), RMS_E_BAD_ARGUMENT);
        assert_int_equal(out.len, 6);
    }
}

static void compares_without_case(void **state)
{
    (void)state;
    assert_true(rms_text_equal_nocase("OWNER", "Owner"));
    assert_true(rms_text_equal_nocase("", ""));
    assert_false(rms_text_equal_nocase("OWNER", "OWNERS"));
    assert_false(rms_text_equal_nocase("OWNERS", "OWNER"));
    assert_false(rms_text_equal_nocase("[", "{"));
}

static void escapes_xml(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(100);

    (void)state;
    rms_text_xml_escape(&out, rms_view_str("a<b>&\"c'"));
    rms_text_xml_escape(&out, rms_view_of(NULL, 0));
    assert_string_equal(rms_buf_text(&out), "a&lt;b&gt;&amp;&quot;c'");
}

static void finds_the_nearest_word(void **state)
{
    static const char *const verbs[] = {"protect", "unprotect", "inspect", "template", NULL};
    static const char long_word[] =
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    (void)state;
    assert_string_equal(rms_text_nearest("protcet", verbs), "protect");
    assert_string_equal(rms_text_nearest("PROTECT", verbs), "protect");
    assert_string_equal(rms_text_nearest("tempalte", verbs), "template");
    assert_string_equal(rms_text_nearest("nspct", verbs), "inspect");
    assert_null(rms_text_nearest("copy", verbs));
    assert_null(rms_text_nearest("", verbs));
    assert_null(rms_text_nearest(long_word, verbs));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_well_formed_utf8),
        cmocka_unit_test(finds_nul_anywhere),
        cmocka_unit_test(printable_has_no_controls),
        cmocka_unit_test(converts_both_ways),
        cmocka_unit_test(wide_characters_cross_strides),
        cmocka_unit_test(conversion_needs_exactly_the_room),
        cmocka_unit_test(conversion_refuses_ill_formed_text),
        cmocka_unit_test(compares_without_case),
        cmocka_unit_test(escapes_xml),
        cmocka_unit_test(finds_the_nearest_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
