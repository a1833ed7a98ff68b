/* Which accesses are out of the ordinary (S-197): openings outside working hours, and by one person from
 * addresses far apart within a short time. */
#ifndef RMS_SERVICE_ADMIN_TRACKING_ODD_H
#define RMS_SERVICE_ADMIN_TRACKING_ODD_H

#include <jansson.h>

#include "service/request.h"
#include "store/usage.h"

struct rms_zone_clock;

struct rms_odd {
    struct rms_arena *arena;
    struct rms_zone_clock *clock; /* NULL: hours do not matter */
    int from, to;                 /* working hours, minutes after midnight; to may be before from */
    int64_t within_s;             /* 0: places do not matter */
    json_t *people;               /* address -> where in `last` */
    struct rms_odd_opening {
        int64_t time;
        const char *ip;
    } * last;
    size_t count, room;
    struct rms_odd_opening before; /* of the row taken last: the opening it is far from; time 0: none */
};

/* From the query: `outside` (HH:MM-HH:MM), `zone`, `distant` (minutes). */
RMS_MUST_USE int rms_odd_read(struct rms_request *request, struct rms_odd *odd_out);
void rms_odd_fini(struct rms_odd *odd);
static inline bool rms_odd_asked(const struct rms_odd *odd)
{
    return odd->clock != NULL || odd->within_s > 0;
}

/* Rows come in order of time. *odd_out: this one is what is asked for. */
RMS_MUST_USE int rms_odd_take(struct rms_odd *odd, const struct rms_usage_row *row, bool *odd_out);

/* May one person be at both within minutes? Of IPv4 the first 16 bits, of IPv6 the first 32 tell. */
bool rms_odd_far(const char *one, const char *other);

#endif
