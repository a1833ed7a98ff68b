/* In what language a person reads his mail, and how times and numbers are written for him (S-168). ICU knows
 * cultures and time zones, those by Windows' names too. */
#ifndef RMS_SERVICE_MAIL_STYLE_H
#define RMS_SERVICE_MAIL_STYLE_H

#include "base/arena.h"

#define RMS_CULTURE_MAX     35
#define RMS_ZONE_MAX        64
#define RMS_ZONE_OFFSET_MAX (18 * 60) /* minutes */

struct rms_mail_style {
    struct rms_arena *arena;
    const char *culture;             /* as asked for; NULL: none */
    char locale[64];                 /* ICU's name of it; "": none, or one that is not known */
    char zone[64];                   /* ICU's name; "": UTC */
    bool fixed;                      /* an offset, without daylight saving */
    const char *standard, *daylight; /* names of the zone; NULL */
};

/* From the stored text (service/notification.h); NULL or one that cannot be read: English, UTC. */
void rms_mail_style_read(struct rms_arena *arena, const char *text, struct rms_mail_style *style_out);

/* "de" for "de-AT"; "" when the culture is not known. */
void rms_mail_style_language(const struct rms_mail_style *style, char language_out[12]);

/* In the arena; "" when memory is exhausted. RMS_TIME_NONE: "". */
const char *rms_mail_style_time(const struct rms_mail_style *style, int64_t time);
const char *rms_mail_style_number(const struct rms_mail_style *style, int64_t value);

/* Minutes after local midnight, and the day of the week (0: Sunday), of a time in a zone by whatever name
 * ("": UTC). RMS_E_BAD_ARGUMENT: there is no such zone. */
struct rms_zone_clock;
RMS_MUST_USE int rms_zone_clock_open(const char *zone, struct rms_zone_clock **clock_out);
void rms_zone_clock_free(struct rms_zone_clock **clock);
void rms_zone_clock_read(struct rms_zone_clock *clock, int64_t time, int *minute_out, int *weekday_out);

#endif
