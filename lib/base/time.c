#include "base/time.h"

#include <stdio.h>

#define YEAR_MIN 1
#define YEAR_MAX 9999
#define TIME_MIN (-62135596800) /* 0001-01-01T00:00:00Z */
#define TIME_MAX 253402300799   /* 9999-12-31T23:59:59Z */

struct civil {
    int year;
    int month;
    int day;
    int hour;
    int minute;
    int second;
};

static bool leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return month == 2 && leap(year) ? 29 : days[month - 1];
}

/* Days since 1970-01-01 in the proleptic Gregorian calendar. Counting years from March puts the leap day at
 * the end of the year; 146097 days make 400 years, 719468 lie between 0000-03-01 and 1970-01-01. */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = y / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static struct civil civil_of(int64_t time)
{
    int64_t days = (time - TIME_MIN) / RMS_DAY_S + 306; /* since 0000-03-01 */
    int second = (int)((time - TIME_MIN) % RMS_DAY_S);
    int64_t era = days / 146097;
    int64_t day = days - era * 146097;
    int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    int64_t of_year = day - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153; /* March = 0 */
    struct civil c;

    c.month = (int)(month < 10 ? month + 3 : month - 9);
    c.year = (int)(year + era * 400 + (c.month <= 2));
    c.day = (int)(of_year - (153 * month + 2) / 5 + 1);
    c.hour = second / 3600;
    c.minute = second / 60 % 60;
    c.second = second % 60;
    return c;
}

/* The decimal number of exactly `digits` digits at *pos, or -1. */
static int number(struct rms_view text, size_t *pos, size_t digits)
{
    int value = 0;

    if (text.len - *pos < digits) {
        return -1;
    }
    for (size_t i = 0; i < digits; i++) {
        uint8_t c = text.data[(*pos)++];

        if (c < '0' || c > '9') {
            return -1;
        }
        value = value * 10 + (c - '0');
    }
    return value;
}

static bool mark(struct rms_view text, size_t *pos, char wanted)
{
    if (*pos >= text.len || text.data[*pos] != (uint8_t)wanted) {
        return false;
    }
    (*pos)++;
    return true;
}

static bool parse_fields(struct rms_view text, struct civil *c)
{
    size_t pos = 0;

    c->year = number(text, &pos, 4);
    if (c->year < 0 || !mark(text, &pos, '-')) {
        return false;
    }
    c->month = number(text, &pos, 2);
    if (c->month < 0 || !mark(text, &pos, '-')) {
        return false;
    }
    c->day = number(text, &pos, 2);
    if (c->day < 0 || !mark(text, &pos, 'T')) {
        return false;
    }
    c->hour = number(text, &pos, 2);
    if (c->hour < 0 || !mark(text, &pos, ':')) {
        return false;
    }
    c->minute = number(text, &pos, 2);
    if (c->minute < 0) {
        return false;
    }
    c->second = mark(text, &pos, ':') ? number(text, &pos, 2) : 0;
    (void)mark(text, &pos, 'Z');
    return c->second >= 0 && pos == text.len;
}

int rms_time_parse(struct rms_view text, int64_t *time_out)
{
    struct civil c;

    if (!parse_fields(text, &c)) {
        return RMS_E_BAD_ARGUMENT;
    }
    if (c.year < YEAR_MIN || c.year > YEAR_MAX || c.month < 1 || c.month > 12 || c.day < 1 ||
        c.day > days_in_month(c.year, c.month) || c.hour > 23 || c.minute > 59 || c.second > 59) {
        return RMS_E_BAD_ARGUMENT;
    }
    *time_out = days_of(c.year, c.month, c.day) * RMS_DAY_S + c.hour * 3600 + c.minute * 60 + c.second;
    return 0;
}

static bool printable(int64_t time, struct civil *c)
{
    if (time == RMS_TIME_NONE) {
        return false;
    }
    time = time < TIME_MIN ? TIME_MIN : time;
    time = time > TIME_MAX ? TIME_MAX : time;
    *c = civil_of(time);
    return true;
}

/* The masks tell the compiler that the fields cannot outgrow their columns. */
void rms_time_xrml(int64_t time, char text_out[RMS_TIME_TEXT])
{
    struct civil c;

    if (!printable(time, &c)) {
        text_out[0] = '\0';
        return;
    }
    (void)snprintf(text_out, RMS_TIME_TEXT, "%04u-%02u-%02uT%02u:%02u", c.year & 0x3fffu, c.month & 0xfu,
        c.day & 0x1fu, c.hour & 0x1fu, c.minute & 0x3fu);
}

void rms_time_iso(int64_t time, char text_out[RMS_TIME_TEXT])
{
    struct civil c;

    if (!printable(time, &c)) {
        text_out[0] = '\0';
        return;
    }
    (void)snprintf(text_out, RMS_TIME_TEXT, "%04u-%02u-%02uT%02u:%02u:%02uZ", c.year & 0x3fffu,
        c.month & 0xfu, c.day & 0x1fu, c.hour & 0x1fu, c.minute & 0x3fu, c.second & 0x3fu);
}
