#include "service/notification.h"

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
