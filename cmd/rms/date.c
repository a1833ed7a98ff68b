#include "cmd/rms/date.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"

#define DAY_TEXT 10 /* YYYY-MM-DD */

struct parts {
    int year, month, day, hour, minute, second;
};

/* Reads digits at p; their number is fixed. */
static bool digits(const char *p, int count, int *out)
{
    *out = 0;
    for (int i = 0; i < count; i++) {
        if (p[i] < '0' || p[i] > '9') {
            return false;
        }
        *out = *out * 10 + (p[i] - '0');
    }
    return true;
}

/* Checks the calendar by the parser of times. */
static bool exists(const struct parts *p)
{
    char text[64];
    int64_t ignored;

    (void)snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", p->year, p->month, p->day, p->hour,
        p->minute, p->second);
    return rms_time_parse(rms_view_str(text), &ignored) == 0;
}

static int local_time(const struct parts *p, bool next_day, int64_t *time_out)
{
    struct tm tm = {.tm_year = p->year - 1900,
        .tm_mon = p->month - 1,
        .tm_mday = p->day + next_day,
        .tm_hour = p->hour,
        .tm_min = p->minute,
        .tm_sec = p->second,
        .tm_isdst = -1};

    *time_out = mktime(&tm);
    return 0;
}

static int utc_time(const struct parts *p, int offset_s, int64_t *time_out)
{
    struct tm tm = {.tm_year = p->year - 1900,
        .tm_mon = p->month - 1,
        .tm_mday = p->day,
        .tm_hour = p->hour,
        .tm_min = p->minute,
        .tm_sec = p->second};

    *time_out = (int64_t)timegm(&tm) - offset_s;
    return 0;
}

/* What follows the minutes or seconds. */
static int with_zone(const struct parts *p, const char *zone, int64_t *time_out)
{
    int hours;
    int minutes;

    if (zone[0] == 0) {
        return local_time(p, false, time_out);
    }
    if (strcmp(zone, "Z") == 0) {
        return utc_time(p, 0, time_out);
    }
    if ((zone[0] == '+' || zone[0] == '-') && digits(zone + 1, 2, &hours) && zone[3] == ':' &&
        digits(zone + 4, 2, &minutes) && zone[6] == 0 && hours <= 14 && minutes < 60) {
        int offset = hours * 3600 + minutes * 60;

        return utc_time(p, zone[0] == '-' ? -offset : offset, time_out);
    }
    return RMS_E_BAD_ARGUMENT;
}

int date_parse(const char *text, bool end, int64_t *time_out)
{
    struct parts p = {0};
    const char *rest;

    *time_out = 0;
    if (strnlen(text, DAY_TEXT) < DAY_TEXT || !digits(text, 4, &p.year) || text[4] != '-' ||
        !digits(text + 5, 2, &p.month) || text[7] != '-' || !digits(text + 8, 2, &p.day)) {
        return RMS_E_BAD_ARGUMENT;
    }
    rest = text + DAY_TEXT;
    if (rest[0] == 0) {
        return exists(&p) ? local_time(&p, end, time_out) : RMS_E_BAD_ARGUMENT;
    }
    if (rest[0] != 'T' || !digits(rest + 1, 2, &p.hour) || rest[3] != ':' ||
        !digits(rest + 4, 2, &p.minute)) {
        return RMS_E_BAD_ARGUMENT;
    }
    rest += 6;
    if (rest[0] == ':') {
        if (!digits(rest + 1, 2, &p.second)) {
            return RMS_E_BAD_ARGUMENT;
        }
        rest += 3;
    }
    return exists(&p) ? with_zone(&p, rest, time_out) : RMS_E_BAD_ARGUMENT;
}

/* The library takes a zone it does not know for UTC, silently: look first. */
int date_zone(const char *zone)
{
    char path[256];

    if (zone[0] == '/' || strstr(zone, "..") != NULL ||
        (size_t)snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", zone) >= sizeof path ||
        access(path, R_OK) != 0 || setenv("TZ", zone, 1) != 0) {
        return RMS_E_NOT_FOUND;
    }
    tzset();
    return 0;
}
