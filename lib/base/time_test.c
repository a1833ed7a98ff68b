#include "base/test.h"

#include <time.h>

#include "base/time.h"

/* Seconds from date(1) of GNU coreutils. */
static const struct {
    const char *xrml;
    const char *iso;
    int64_t time;
} known[] = {
    {"1970-01-01T00:00", "1970-01-01T00:00:00Z", 0},
    {"2016-02-29T23:59", "2016-02-29T23:59:59Z", 1456790399},
    {"2000-02-29T12:30", "2000-02-29T12:30:15Z", 951827415},
    {"1900-03-01T00:00", "1900-03-01T00:00:00Z", -2203891200},
    {"0001-01-01T00:00", "0001-01-01T00:00:00Z", -62135596800},
    {"9999-12-31T23:59", "9999-12-31T23:59:59Z", 253402300799},
    {"2038-01-19T03:14", "2038-01-19T03:14:08Z", 2147483648},
};

static void known_times_both_ways(void **state)
{
    char text[RMS_TIME_TEXT];
    int64_t time;

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(known); i++) {
        rms_time_xrml(known[i].time, text);
        assert_string_equal(text, known[i].xrml);
        rms_time_iso(known[i].time, text);
        assert_string_equal(text, known[i].iso);
        assert_int_equal(rms_time_parse(rms_view_str(known[i].iso), &time), 0);
        assert_true(time == known[i].time);
        assert_int_equal(rms_time_parse(rms_view_str(known[i].xrml), &time), 0);
        assert_true(time <= known[i].time && time > known[i].time - 60);
    }
}

/* Against the C library, across leap years and centuries. */
static void agrees_with_gmtime(void **state)
{
    char mine[RMS_TIME_TEXT];
    char theirs[RMS_TIME_TEXT];
    struct tm tm;
    int64_t back;

    (void)state;
    for (time_t t = -62135596800; t <= 253402300799; t += 86400 * 97 + 12345) {
        assert_non_null(gmtime_r(&t, &tm));
        (void)strftime(theirs, sizeof theirs, "T%H:%M:%SZ", &tm);
        rms_time_iso(t, mine);
        assert_string_equal(mine + 10, theirs);
        assert_int_equal(rms_time_parse(rms_view_str(mine), &back), 0);
        assert_true(back == t);
    }
}

static void takes_seconds_and_zone_or_not(void **state)
{
    static const char *const good[] = {
        "2020-05-06T07:08", "2020-05-06T07:08Z", "2020-05-06T07:08:00", "2020-05-06T07:08:00Z"};
    int64_t time;

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(good); i++) {
        assert_int_equal(rms_time_parse(rms_view_str(good[i]), &time), 0);
        assert_true(time == 1588748880);
    }
}

static void refuses_everything_else(void **state)
{
    static const char *const bad[] = {"", "2020", "2020-05-06", "2020-05-06 07:08", "2020-5-06T07:08",
        "2020-13-01T00:00", "2020-00-01T00:00", "2020-01-00T00:00", "2020-01-32T00:00", "2019-02-29T00:00",
        "1900-02-29T00:00", "2020-04-31T00:00", "2020-01-01T24:00", "2020-01-01T00:60", "2020-01-01T00:00:60",
        "0000-01-01T00:00", "2020-01-01T00:00:", "2020-01-01T00:00:0", "2020-01-01T00:00ZZ",
        "2020-01-01T00:00:00+01:00", "2020-01-01T00:00:00.5Z", "-020-01-01T00:00", "+020-01-01T00:00",
        "10000-01-01T00:00", "2020-01-01T00:00 ", " 2020-01-01T00:00", "2020-01-01t00:00", "2020-01-01T00-00",
        "2020/01/01T00:00", "20 0-01-01T00:00"};
    int64_t time = 42;

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(bad); i++) {
        assert_int_equal(rms_time_parse(rms_view_str(bad[i]), &time), RMS_E_BAD_ARGUMENT);
        assert_true(time == 42);
    }
}

static void refuses_every_truncation(void **state)
{
    static const char whole[] = "2020-05-06T07:08:09Z";
    int64_t time;

    (void)state;
    for (size_t len = 0; len < 16; len++) {
        assert_int_equal(rms_time_parse(rms_view_of(whole, len), &time), RMS_E_BAD_ARGUMENT);
    }
    assert_int_equal(rms_time_parse(rms_view_of(whole, 17), &time), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_time_parse(rms_view_of(whole, 18), &time), RMS_E_BAD_ARGUMENT);
}

static void prints_the_edges(void **state)
{
    char text[RMS_TIME_TEXT];

    (void)state;
    rms_time_xrml(RMS_TIME_NONE, text);
    assert_string_equal(text, "");
    rms_time_iso(RMS_TIME_NONE, text);
    assert_string_equal(text, "");
    rms_time_iso(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59Z");
    rms_time_iso(INT64_MIN + 1, text);
    assert_string_equal(text, "0001-01-01T00:00:00Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_times_both_ways),
        cmocka_unit_test(agrees_with_gmtime),
        cmocka_unit_test(takes_seconds_and_zone_or_not),
        cmocka_unit_test(refuses_everything_else),
        cmocka_unit_test(refuses_every_truncation),
        cmocka_unit_test(prints_the_edges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
