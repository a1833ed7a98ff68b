#include "base/test.h"

#include <stdlib.h>
#include <time.h>

#include "cmd/rms/date.h"

struct date_case {
    const char *zone, *text;
    bool end;
    int64_t time; /* -1: refused */
};

/* Expected values: date -u -d ... +%s of coreutils. */
static const struct date_case cases[] = {
    {"UTC", "2030-01-31", true, 1896134400},                  /* 2030-02-01T00:00Z */
    {"UTC", "2030-01-31", false, 1896048000},                 /* 2030-01-31T00:00Z */
    {"Pacific/Auckland", "2016-02-02", false, 1454324400},    /* 2016-02-01T11:00Z (S-190) */
    {"Pacific/Auckland", "2016-02-02", true, 1454410800},     /* 2016-02-02T11:00Z */
    {"Europe/Berlin", "2030-03-31", true, 1901224800},        /* the day has 23 hours: 2030-03-31T22:00Z */
    {"Europe/Berlin", "2030-12-31", true, 1924988400},        /* 2030-12-31T23:00Z */
    {"Europe/Berlin", "2030-01-31T12:00", false, 1896087600}, /* local */
    {"Europe/Berlin", "2030-01-31T12:00Z", true, 1896091200},
    {"Europe/Berlin", "2030-01-31T12:00:30Z", false, 1896091230},
    {"Europe/Berlin", "2030-01-31T12:00+02:00", false, 1896084000},
    {"Europe/Berlin", "2030-01-31T12:00:00-05:30", false, 1896111000},
    {"UTC", "2024-02-29", false, 1709164800},
    {"UTC", "2016-02-30", false, -1},
    {"UTC", "2023-02-29", false, -1},
    {"UTC", "2030-13-01", false, -1},
    {"UTC", "2030-00-01", false, -1},
    {"UTC", "2030-01-00", false, -1},
    {"UTC", "2030-1-31", false, -1},
    {"UTC", "2030-01-31 12:00", false, -1},
    {"UTC", "2030-01-31T24:01", false, -1},
    {"UTC", "2030-01-31T12:60", false, -1},
    {"UTC", "2030-01-31T12:00z", false, -1},
    {"UTC", "2030-01-31T12:00+2:00", false, -1},
    {"UTC", "2030-01-31T12:00+15:00", false, -1},
    {"UTC", "2030-01-31T12", false, -1},
    {"UTC", "2030-01-31T", false, -1},
    {"UTC", "2030-01-31x", false, -1},
    {"UTC", "yesterday", false, -1},
    {"UTC", "", false, -1},
};

/* touches: C-064, S-190, S-332 */
static void days_and_times(void **state)
{
    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        int64_t time = 0;
        int code;

        (void)setenv("TZ", cases[i].zone, 1);
        tzset();
        code = date_parse(cases[i].text, cases[i].end, &time);
        if (cases[i].time < 0) {
            assert_int_equal(code, RMS_E_BAD_ARGUMENT);
        } else if (code != 0 || time != cases[i].time) {
            fail_msg("%s in %s: code %d, time %lld", cases[i].text, cases[i].zone, code, (long long)time);
        }
    }
}

static void truncated_at_every_length(void **state)
{
    static const char whole[] = "2030-01-31T12:00:00+02:00";

    (void)state;
    for (size_t len = 0; len < sizeof whole - 1; len++) {
        char text[sizeof whole] = "";
        int64_t time;
        bool fits = len == 10 || len == 16 || len == 19;

        memcpy(text, whole, len);
        assert_int_equal(date_parse(text, false, &time), fits ? 0 : RMS_E_BAD_ARGUMENT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_and_times),
        cmocka_unit_test(truncated_at_every_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
