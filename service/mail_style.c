#include "service/mail_style.h"

#include <inttypes.h>
#include <string.h>
#include <unicode/ucal.h>
#include <unicode/udat.h>
#include <unicode/uloc.h>
#include <unicode/unum.h>
#include <unicode/ures.h>
#include <unicode/ustring.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/time.h"

#define TEXT_MAX 256

/* --- who it is ------------------------------------------------------------------------------------------ */

static void find_culture(struct rms_mail_style *style)
{
    UErrorCode status = U_ZERO_ERROR;
    int32_t used = 0;
    UResourceBundle *known;

    (void)uloc_forLanguageTag(style->culture, style->locale, sizeof style->locale, &used, &status);
    if (U_FAILURE(status) || status == U_STRING_NOT_TERMINATED_WARNING || used == 0) {
        style->locale[0] = '\0';
        return;
    }
    status = U_ZERO_ERROR;
    known = ures_open(NULL, style->locale, &status);
    if (U_FAILURE(status) || status == U_USING_DEFAULT_WARNING) {
        style->locale[0] = '\0';
    }
    ures_close(known);
}

/* By Windows' name, else by the one of the time zone database. */
static bool find_zone(const char *name, char zone_out[64])
{
    UErrorCode status = U_ZERO_ERROR;
    UBool of_system = false;
    UChar wide[RMS_ZONE_MAX + 1];
    UChar id[64];
    int32_t len;

    if (name == NULL || name[0] == '\0') {
        return false;
    }
    (void)u_strFromUTF8(wide, RMS_ZONE_MAX, NULL, name, -1, &status);
    len = ucal_getTimeZoneIDForWindowsID(wide, -1, NULL, id, 64, &status);
    if (U_FAILURE(status) || len <= 0) {
        status = U_ZERO_ERROR;
        (void)u_strFromUTF8(wide, RMS_ZONE_MAX, NULL, name, -1, &status);
        (void)ucal_getCanonicalTimeZoneID(wide, -1, id, 64, &of_system, &status);
        if (U_FAILURE(status) || status == U_STRING_NOT_TERMINATED_WARNING || !of_system) {
            return false;
        }
    }
    (void)u_strToUTF8(zone_out, 64, NULL, id, -1, &status);
    return U_SUCCESS(status) && status != U_STRING_NOT_TERMINATED_WARNING;
}

/* S-168: an id that is not known falls back to the offset. */
static void choose_zone(struct rms_mail_style *style, const json_t *object)
{
    const json_t *offset = json_object_get(object, "TimeZoneOffset");
    int minutes = (int)json_integer_value(offset);

    if (find_zone(rms_json_str(object, "TimeZoneId"), style->zone) || !json_is_integer(offset)) {
        return;
    }
    style->fixed = true;
    (void)snprintf(style->zone, sizeof style->zone, "GMT%c%02d:%02d", minutes < 0 ? '-' : '+',
        (minutes < 0 ? -minutes : minutes) / 60 % 24, (minutes < 0 ? -minutes : minutes) % 60);
}

static const char *keep(struct rms_arena *arena, const char *text)
{
    return text != NULL && text[0] != '\0' ? rms_arena_strdup(arena, text) : NULL;
}

void rms_mail_style_read(struct rms_arena *arena, const char *text, struct rms_mail_style *style_out)
{
    RMS_JSON_CLEANUP json_t *object = NULL;

    *style_out = (struct rms_mail_style){.arena = arena};
    if (text == NULL || rms_json_parse(rms_view_str(text), &object) < 0) {
        return;
    }
    style_out->culture = keep(arena, rms_json_str(object, "Culture"));
    style_out->standard = keep(arena, rms_json_str(object, "TimeZoneStandardName"));
    style_out->daylight = keep(arena, rms_json_str(object, "TimeZoneDaylightName"));
    if (style_out->culture != NULL) {
        find_culture(style_out);
    }
    choose_zone(style_out, object);
}

void rms_mail_style_language(const struct rms_mail_style *style, char language_out[12])
{
    UErrorCode status = U_ZERO_ERROR;

    language_out[0] = '\0';
    if (style->locale[0] != '\0') {
        (void)uloc_getLanguage(style->locale, language_out, 12, &status);
    }
}

/* --- times and numbers ---------------------------------------------------------------------------------- */

static const char *narrow(const struct rms_mail_style *style, const UChar *wide, UErrorCode status)
{
    char text[3 * TEXT_MAX] = "";
    const char *copy;

    if (U_SUCCESS(status)) {
        (void)u_strToUTF8(text, sizeof text - 1, NULL, wide, -1, &status);
    }
    copy = U_SUCCESS(status) ? rms_arena_strdup(style->arena, text) : NULL;
    return copy != NULL ? copy : "";
}

static const char *zone_name(const struct rms_mail_style *style, const UChar *zone, int64_t time)
{
    UErrorCode status = U_ZERO_ERROR;
    UChar wide[TEXT_MAX] = {0};
    UCalendar *calendar;
    const char *name;
    bool daylight;

    if (style->zone[0] == '\0') {
        return "UTC";
    }
    if (style->fixed) {
        return style->standard != NULL ? style->standard : style->zone;
    }
    calendar = ucal_open(zone, -1, style->locale, UCAL_GREGORIAN, &status);
    ucal_setMillis(calendar, (double)time * 1000, &status);
    daylight = U_SUCCESS(status) && ucal_inDaylightTime(calendar, &status);
    name = daylight ? style->daylight : style->standard;
    if (name == NULL && U_SUCCESS(status)) {
        (void)ucal_getTimeZoneDisplayName(calendar, daylight ? UCAL_DST : UCAL_STANDARD,
            style->locale[0] != '\0' ? style->locale : "en", wide, TEXT_MAX - 1, &status);
        name = narrow(style, wide, status);
    }
    ucal_close(calendar);
    return name != NULL ? name : style->zone;
}

const char *rms_mail_style_time(const struct rms_mail_style *style, int64_t time)
{
    static const UChar plain[] = u"yyyy-MM-dd HH:mm";
    bool known = style->locale[0] != '\0';
    UErrorCode status = U_ZERO_ERROR;
    UChar zone[64] = {0};
    UChar wide[TEXT_MAX] = {0};
    UDateFormat *format;
    const char *text;

    if (time == RMS_TIME_NONE) {
        return "";
    }
    (void)u_strFromUTF8(zone, 63, NULL, style->zone[0] != '\0' ? style->zone : "UTC", -1, &status);
    format = udat_open(known ? UDAT_SHORT : UDAT_PATTERN, known ? UDAT_MEDIUM : UDAT_PATTERN,
        known ? style->locale : "en", zone, -1, known ? NULL : plain, -1, &status);
    if (U_SUCCESS(status)) {
        (void)udat_format(format, (double)time * 1000, wide, TEXT_MAX - 1, NULL, &status);
        udat_close(format);
    }
    text = rms_arena_printf(style->arena, "%s %s", narrow(style, wide, status), zone_name(style, zone, time));
    return text != NULL ? text : "";
}

const char *rms_mail_style_number(const struct rms_mail_style *style, int64_t value)
{
    UErrorCode status = U_ZERO_ERROR;
    UChar wide[TEXT_MAX] = {0};
    UNumberFormat *format =
        unum_open(UNUM_DECIMAL, NULL, 0, style->locale[0] != '\0' ? style->locale : "en", NULL, &status);

    if (U_SUCCESS(status)) {
        (void)unum_formatInt64(format, value, wide, TEXT_MAX - 1, NULL, &status);
    }
    unum_close(format);
    return narrow(style, wide, status);
}

/* --- clocks --------------------------------------------------------------------------------------------- */

struct rms_zone_clock {
    UCalendar *calendar;
};

int rms_zone_clock_open(const char *zone, struct rms_zone_clock **clock_out)
{
    struct rms_zone_clock *clock = rms_calloc(1, sizeof *clock);
    UErrorCode status = U_ZERO_ERROR;
    UChar wide[64] = {0};
    char id[64] = "UTC";

    *clock_out = NULL;
    if (clock == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (zone[0] == '\0' || find_zone(zone, id)) {
        (void)u_strFromUTF8(wide, 63, NULL, id, -1, &status);
        clock->calendar = ucal_open(wide, -1, "en", UCAL_GREGORIAN, &status);
    }
    if (clock->calendar == NULL || U_FAILURE(status)) {
        rms_zone_clock_free(&clock);
        return RMS_E_BAD_ARGUMENT;
    }
    *clock_out = clock;
    return RMS_OK;
}

void rms_zone_clock_free(struct rms_zone_clock **clock)
{
    if (*clock != NULL && (*clock)->calendar != NULL) {
        ucal_close((*clock)->calendar);
    }
    rms_free(*clock);
    *clock = NULL;
}

void rms_zone_clock_read(struct rms_zone_clock *clock, int64_t time, int *minute_out, int *weekday_out)
{
    UErrorCode status = U_ZERO_ERROR;

    ucal_setMillis(clock->calendar, (double)time * 1000, &status);
    *minute_out = ucal_get(clock->calendar, UCAL_HOUR_OF_DAY, &status) * 60 +
                  ucal_get(clock->calendar, UCAL_MINUTE, &status);
    *weekday_out = ucal_get(clock->calendar, UCAL_DAY_OF_WEEK, &status) - UCAL_SUNDAY;
}
