#include "service/admin_tracking_odd.h"

#include <arpa/inet.h>

#include "service/admin.h"
#include "service/mail_style.h"
#include "service/location.h"

#define PEOPLE_FIRST 64
#define FAR_KM       300

/* --- what is asked for ---------------------------------------------------------------------------------- */

/* "08:30" */
static int read_minute(const char **at, int *minute_out)
{
    const char *c = *at;
    int hour;

    for (size_t i = 0; i < 5; i++) {
        if (i == 2 ? c[i] != ':' : c[i] < '0' || c[i] > '9') {
            return RMS_E_BAD_ARGUMENT;
        }
    }
    hour = (c[0] - '0') * 10 + c[1] - '0';
    *minute_out = hour * 60 + (c[3] - '0') * 10 + c[4] - '0';
    *at = c + 5;
    return c[3] < '6' && *minute_out <= RMS_DAY_S / 60 ? RMS_OK : RMS_E_BAD_ARGUMENT;
}

static int read_hours(struct rms_request *request, struct rms_odd *odd)
{
    const char *at = rms_request_query(request, "outside");
    const char *zone = rms_request_query(request, "zone");

    if (at == NULL) {
        return zone == NULL ? RMS_OK : rms_fail(request, RMS_E_BAD_ARGUMENT, "zone: goes with outside");
    }
    if (read_minute(&at, &odd->from) < 0 || *at++ != '-' || read_minute(&at, &odd->to) < 0 || *at != '\0') {
        return rms_fail(request, RMS_E_BAD_ARGUMENT, "outside: not HH:MM-HH:MM");
    }
    int rc = rms_zone_clock_open(zone != NULL ? zone : "", &odd->clock);
    return rc == RMS_E_BAD_ARGUMENT ? rms_fail(request, rc, "zone: no such time zone") : rc;
}

static int read_minutes(struct rms_request *request, struct rms_odd *odd)
{
    const char *text = rms_request_query(request, "distant");
    char *end = NULL;
    long minutes = text != NULL ? strtol(text, &end, 10) : 0;

    if (text != NULL && (*text < '0' || *text > '9' || *end != '\0' || minutes < 1 || minutes > 7 * 1440)) {
        return rms_fail(request, RMS_E_BAD_ARGUMENT, "distant: not minutes from 1 to 10080");
    }
    odd->within_s = (int64_t)minutes * 60;
    odd->people = json_object();
    return odd->people != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

int rms_odd_read(struct rms_request *request, struct rms_odd *odd)
{
    *odd = (struct rms_odd){.arena = request->arena};
    RMS_TRY(read_hours(request, odd));
    return read_minutes(request, odd);
}

void rms_odd_fini(struct rms_odd *odd)
{
    rms_zone_clock_free(&odd->clock);
    json_decref(odd->people);
}

/* --- rows ----------------------------------------------------------------------------------------------- */

static bool is_outside(const struct rms_odd *odd, int64_t time)
{
    int minute;
    int weekday;

    rms_zone_clock_read(odd->clock, time, &minute, &weekday);
    bool after = minute >= odd->from;
    bool before = minute < odd->to;
    bool working = odd->from <= odd->to ? after && before : after || before;
    return !working || weekday == 0 || weekday == 6;
}

bool rms_odd_far(const char *one, const char *other)
{
    struct in6_addr a = {0};
    struct in6_addr b = {0};
    int family = strchr(one, ':') != NULL ? AF_INET6 : AF_INET;

    if (inet_pton(family, one, &a) != 1 || inet_pton(family, other, &b) != 1) {
        return strcmp(one, other) != 0;
    }
    return memcmp(&a, &b, family == AF_INET6 ? 4 : 2) != 0;
}

/* By the database of places where it knows both, else by network. */
static bool is_far(const char *one, const char *other)
{
    int kilometres = rms_location_kilometres(one, other);

    return kilometres >= 0 ? kilometres > FAR_KM : rms_odd_far(one, other);
}

/* The person's latest opening; a new one with time 0. */
static struct rms_odd_opening *latest(struct rms_odd *odd, const char *user)
{
    const json_t *place = json_object_get(odd->people, user);

    if (place != NULL) {
        return &odd->last[json_integer_value(place)];
    }
    if (odd->count == odd->room) {
        size_t room = odd->room > 0 ? 2 * odd->room : PEOPLE_FIRST;
        struct rms_odd_opening *more = rms_arena_alloc(odd->arena, room * sizeof *more);

        if (more == NULL) {
            return NULL;
        }
        if (odd->count > 0) {
            memcpy(more, odd->last, odd->count * sizeof *more);
        }
        odd->last = more;
        odd->room = room;
    }
    if (json_object_set_new(odd->people, user, json_integer((json_int_t)odd->count)) != 0) {
        return NULL;
    }
    odd->last[odd->count] = (struct rms_odd_opening){0};
    return &odd->last[odd->count++];
}

static int compare_places(struct rms_odd *odd, const struct rms_usage_row *row)
{
    struct rms_odd_opening *last = latest(odd, row->user_id);

    if (last == NULL) {
        return RMS_E_NO_MEMORY;
    }
    odd->before = (struct rms_odd_opening){0};
    if (last->time != 0 && strcmp(last->ip, row->c_ip) != 0) {
        if (row->time - last->time <= odd->within_s && is_far(last->ip, row->c_ip)) {
            odd->before = *last;
        }
        last->ip = NULL;
    }
    last->time = row->time;
    if (last->ip == NULL) {
        last->ip = rms_arena_strdup(odd->arena, row->c_ip);
    }
    return last->ip != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

int rms_odd_take(struct rms_odd *odd, const struct rms_usage_row *row, bool *odd_out)
{
    bool opened = row->result != NULL && strcmp(row->result, "Success") == 0 && row->user_id != NULL;

    *odd_out = opened && (odd->clock == NULL || is_outside(odd, row->time));
    if (opened && odd->within_s > 0) {
        if (row->c_ip == NULL || row->c_ip[0] == '\0') {
            *odd_out = false;
            return RMS_OK;
        }
        RMS_TRY(compare_places(odd, row));
        *odd_out = *odd_out && odd->before.time != 0;
    }
    return RMS_OK;
}
