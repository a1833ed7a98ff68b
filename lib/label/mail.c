#include "label/mail.h"

#include "base/text.h"

#define LINE_SOFT 76 /* a new line before the pair that would pass this */

static bool blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static struct rms_view trim(struct rms_view text)
{
    while (text.len > 0 && blank(text.data[0])) {
        text.data++;
        text.len--;
    }
    while (text.len > 0 && blank(text.data[text.len - 1])) {
        text.len--;
    }
    return text;
}

static int take_pair(struct rms_label_pairs *pairs, struct rms_view text)
{
    const uint8_t *equals = text.len > 0 ? memchr(text.data, '=', text.len) : NULL;
    struct rms_view key, value;
    const char *key_text, *value_text;

    if (equals == NULL || !rms_text_valid(text)) {
        return 0;
    }
    key = trim(rms_view_of(text.data, (size_t)(equals - text.data)));
    value = trim(rms_view_of(equals + 1, (size_t)(text.data + text.len - equals - 1)));
    if (key.len >= RMS_LABEL_TEXT_MAX || value.len >= RMS_LABEL_TEXT_MAX) {
        return 0;
    }
    key_text = rms_arena_text(pairs->arena, key);
    value_text = rms_arena_text(pairs->arena, value);
    if (key_text == NULL || value_text == NULL) {
        return RMS_E_NO_MEMORY;
    }
    return rms_label_key(key_text) ? rms_label_pairs_put(pairs, key_text, value_text) : 0;
}

int rms_label_mail_read(struct rms_view value, struct rms_label_pairs *pairs)
{
    if (value.len > RMS_LABEL_MAIL_MAX) {
        return RMS_E_LIMIT;
    }
    while (value.len > 0) {
        const uint8_t *end = memchr(value.data, ';', value.len);
        size_t len = end != NULL ? (size_t)(end - value.data) : value.len;
        size_t step = len + (end != NULL ? 1 : 0);

        RMS_TRY(take_pair(pairs, trim(rms_view_of(value.data, len))));
        value.data += step;
        value.len -= step;
    }
    return 0;
}

int rms_label_mail_write(const struct rms_label_pairs *pairs, struct rms_buf *out)
{
    size_t line = sizeof RMS_LABEL_MAIL_HEADER + 1; /* "msip_labels: " */
    bool first = true;

    for (size_t i = 0; i < pairs->count; i++) {
        const struct rms_label_pair *pair = &pairs->items[i];
        size_t len = strlen(pair->key) + 1 + strlen(pair->value);

        if (rms_text_equal_nocase(pair->key, RMS_LABEL_DISPLAY)) {
            continue;
        }
        if (strchr(pair->value, ';') != NULL || !rms_text_printable(rms_view_str(pair->value))) {
            return RMS_E_BAD_ARGUMENT;
        }
        if (!first) {
            bool fold = line + 2 + len > LINE_SOFT;

            rms_buf_append_str(out, fold ? ";\r\n " : "; ");
            line = fold ? 1 : line + 2;
        }
        rms_buf_printf(out, "%s=%s", pair->key, pair->value);
        line += len;
        first = false;
    }
    return rms_buf_status(out);
}
