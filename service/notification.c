#include "service/notification.h"

#include "base/json.h"
#include "service/mail_style.h"
#include "service/rest_write.h"
#include "store/document.h"

#define WORD_MAX 32

struct word {
    const char *name;
    unsigned bits;
};

static const struct word types[] = {{"Disabled", 0}, {"Enabled", RMS_NOTIFY_EVENTS},
    {"DeniedOnly", RMS_NOTIFY_REFUSED}, {"OpenedOnly", RMS_NOTIFY_OPENED},
    {"Unchanged", RMS_NOTIFY_UNCHANGED}, {NULL, 0}};

static const struct word preferences[] = {
    {"Default", 0}, {"Daily", RMS_NOTIFY_DAILY}, {"Weekly", RMS_NOTIFY_WEEKLY}, {NULL, 0}};

static int read_word(struct rms_reader *reader, const json_t *object, const char *member,
    const struct word *words, unsigned *bits_out)
{
    const char *text = NULL;

    RMS_TRY(rms_reader_text(reader, object, member, WORD_MAX, &text));
    if (text == NULL) {
        return words == types ? rms_reader_fail(reader, member, "missing") : RMS_OK;
    }
    for (; words->name != NULL; words++) {
        if (strcmp(words->name, text) == 0) {
            *bits_out = words->bits;
            return RMS_OK;
        }
    }
    return rms_reader_fail(reader, member, "not a known word");
}

int rms_notification_read(struct rms_reader *reader, const json_t *object, unsigned *notify_out)
{
    unsigned pace = 0;

    *notify_out = 0;
    RMS_TRY(read_word(reader, object, "NotificationType", types, notify_out));
    RMS_TRY(read_word(reader, object, "NotificationPreference", preferences, &pace));
    if ((*notify_out & RMS_NOTIFY_EVENTS) != 0) {
        *notify_out |= pace;
    }
    return RMS_OK;
}

/* --- culture and time zone (S-168) ------------------------------------------------------------------------
 */

#define INFO "NotificationInfo"

static const struct style_text {
    const char *name;
    size_t max;
} style_texts[] = {{"Culture", RMS_CULTURE_MAX}, {"TimeZoneId", RMS_ZONE_MAX},
    {"TimeZoneStandardName", RMS_ZONE_MAX}, {"TimeZoneDaylightName", RMS_ZONE_MAX}};

static bool is_culture(const char *text)
{
    return text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

static int copy_text(
    struct rms_reader *reader, const json_t *info, const struct style_text *member, json_t *to)
{
    const char *text = NULL;

    RMS_TRY(rms_reader_text(reader, info, member->name, member->max, &text));
    if (text == NULL) {
        return RMS_OK;
    }
    if (strpbrk(text, "\r\n\t") != NULL || (member == &style_texts[0] && !is_culture(text))) {
        return rms_reader_fail(reader, member->name, "not a name");
    }
    return json_object_set_new(to, member->name, json_string(text)) == 0 ? RMS_OK : RMS_E_NO_MEMORY;
}

static int copy_offset(struct rms_reader *reader, const json_t *info, json_t *to)
{
    int64_t offset = INT64_MIN;

    RMS_TRY(rms_reader_int(reader, info, "TimeZoneOffset", &offset));
    if (offset == INT64_MIN) {
        return RMS_OK;
    }
    if (offset < -RMS_ZONE_OFFSET_MAX || offset > RMS_ZONE_OFFSET_MAX) {
        return rms_reader_fail(reader, "TimeZoneOffset", "not within 18 hours, in minutes");
    }
    return json_object_set_new(to, "TimeZoneOffset", json_integer(offset)) == 0 ? RMS_OK : RMS_E_NO_MEMORY;
}

int rms_notification_style_read(struct rms_reader *reader, const json_t *object, const char **style_out)
{
    static const char *const names[] = {
        "Culture", "TimeZoneId", "TimeZoneOffset", "TimeZoneStandardName", "TimeZoneDaylightName", NULL};
    const json_t *info = json_object_get(object, INFO);
    RMS_JSON_CLEANUP json_t *kept = json_object();
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(4096);

    *style_out = NULL;
    if (info == NULL || json_is_null(info)) {
        return RMS_OK;
    }
    if (!json_is_object(info)) {
        return rms_reader_fail(reader, INFO, "not an object");
    }
    RMS_TRY(rms_reader_only(reader, info, names));
    for (size_t i = 0; i < sizeof style_texts / sizeof style_texts[0]; i++) {
        RMS_TRY(copy_text(reader, info, &style_texts[i], kept));
    }
    RMS_TRY(copy_offset(reader, info, kept));
    RMS_TRY(rms_json_emit(kept, &text));
    *style_out = rms_arena_text(reader->arena, rms_buf_view(&text));
    return *style_out != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

void rms_notification_style_write(struct rms_buf *out, const char *style)
{
    RMS_JSON_CLEANUP json_t *object = NULL;

    if (style == NULL || rms_json_parse(rms_view_str(style), &object) < 0) {
        rms_out_null(out, INFO);
        return;
    }
    rms_out_open(out, INFO, '{');
    for (size_t i = 0; i < sizeof style_texts / sizeof style_texts[0]; i++) {
        rms_out_text(out, style_texts[i].name, rms_json_str(object, style_texts[i].name));
    }
    if (json_is_integer(json_object_get(object, "TimeZoneOffset"))) {
        rms_out_int(out, "TimeZoneOffset", json_integer_value(json_object_get(object, "TimeZoneOffset")));
    } else {
        rms_out_null(out, "TimeZoneOffset");
    }
    rms_out_close(out, '}');
}

static const char *word_of(const struct word *words, unsigned bits)
{
    for (; words->name != NULL; words++) {
        if (words->bits == bits) {
            return words->name;
        }
    }
    return NULL;
}

void rms_notification_write(struct rms_buf *out, unsigned notify)
{
    rms_out_text(out, "NotificationType", word_of(types, notify & RMS_NOTIFY_EVENTS));
    rms_out_text(out, "NotificationPreference", word_of(preferences, notify & RMS_NOTIFY_PACE));
}
