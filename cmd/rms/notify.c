/* --notify of rms protect and rms track. */
#include "cmd/rms/track.h"

#include <string.h>

static const struct {
    const char *word;
    unsigned bits;
} words[] = {{"opened", RMS_NOTIFICATION_OPENED}, {"refused", RMS_NOTIFICATION_REFUSED},
    {"daily", RMS_NOTIFICATION_DAILY}, {"weekly", RMS_NOTIFICATION_WEEKLY}, {"none", 0}};

#define EVENTS (RMS_NOTIFICATION_OPENED | RMS_NOTIFICATION_REFUSED)
#define PACES  (RMS_NOTIFICATION_DAILY | RMS_NOTIFICATION_WEEKLY)

static bool take_word(const char *text, size_t len, unsigned *bits, bool *none)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strlen(words[i].word) == len && memcmp(words[i].word, text, len) == 0) {
            *bits |= words[i].bits;
            *none = *none || words[i].bits == 0;
            return true;
        }
    }
    return false;
}

int notify_parse(const struct arguments *arguments, unsigned *bits_out)
{
    const char *text = argument_text(arguments, "notify");
    bool none = false;

    *bits_out = 0;
    while (text != NULL && *text != '\0') {
        size_t len = strcspn(text, ",");

        if (!take_word(text, len, bits_out, &none)) {
            return usage_error(arguments,
                _("--notify: \"%.*s\" is none of opened, refused, daily, weekly, none"), (int)len, text);
        }
        text += len + (text[len] == ',');
    }
    if ((none && *bits_out != 0) || (*bits_out & PACES) == PACES) {
        return usage_error(arguments, _("--notify: these words exclude each other"));
    }
    if (argument_flag(arguments, "notify") && !none && (*bits_out & EVENTS) == 0) {
        return usage_error(arguments, _("--notify: opened, refused or none is needed"));
    }
    return 0;
}
