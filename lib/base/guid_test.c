#include "base/test.h"

#include "base/guid.h"

static void new_ones_are_version_4_and_differ(void **state)
{
    char a[RMS_GUID_TEXT];
    char b[RMS_GUID_TEXT];
    char again[RMS_GUID_TEXT];

    (void)state;
    rms_guid_new(a);
    for (int i = 0; i < 200; i++) {
        rms_guid_new(b);
        assert_string_not_equal(a, b);
        assert_int_equal(b[14], '4');
        assert_non_null(strchr("89ab", b[19]));
        assert_int_equal(rms_guid_parse(rms_view_str(b), again), 0);
        assert_string_equal(again, b);
    }
}

static void parses_every_spelling(void **state)
{
    static const char *const good[] = {"0f45fd50-383b-43ee-90a4-ed013cd0cfe5",
        "0F45FD50-383B-43EE-90A4-ED013CD0CFE5", "{0F45FD50-383B-43EE-90A4-ED013CD0CFE5}",
        "{0f45fd50-383B-43ee-90A4-ed013CD0cfe5}"};
    char guid[RMS_GUID_TEXT];

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(good); i++) {
        assert_int_equal(rms_guid_parse(rms_view_str(good[i]), guid), 0);
        assert_string_equal(guid, good[0]);
    }
}

static void refuses_everything_else(void **state)
{
    static const char *const bad[] = {"", "{}", "0f45fd50383b43ee90a4ed013cd0cfe5",
        "{0f45fd50-383b-43ee-90a4-ed013cd0cfe5", "0f45fd50-383b-43ee-90a4-ed013cd0cfe5}",
        "(0f45fd50-383b-43ee-90a4-ed013cd0cfe5)", "0g45fd50-383b-43ee-90a4-ed013cd0cfe5",
        "0f45fd5-0383b-43ee-90a4-ed013cd0cfe5", "0f45fd50-383b-43ee-90a4-ed013cd0cfe",
        "{{0f45fd50-383b-43ee-90a4-ed013cd0cfe5}}", "0f45fd50-383b-43ee-90a4-ed013cd0cfe5 ",
        "0f45fd50-383b-43ee-90a4 ed013cd0cfe5", "-f45fd50-383b-43ee-90a4-ed013cd0cfe5",
        "0f45fd50a383b-43ee-90a4-ed013cd0cfe5"};
    char guid[RMS_GUID_TEXT] = "untouched";

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(bad); i++) {
        assert_int_equal(rms_guid_parse(rms_view_str(bad[i]), guid), RMS_E_BAD_ARGUMENT);
        assert_string_equal(guid, "untouched");
    }
    assert_int_equal(rms_guid_parse(rms_view_of(NULL, 0), guid), RMS_E_BAD_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_ones_are_version_4_and_differ),
        cmocka_unit_test(parses_every_spelling),
        cmocka_unit_test(refuses_everything_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
