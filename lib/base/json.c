#include "base/json.h"

#include <unistr.h>

/* jansson allows a nesting of 2048, deep enough for trouble with small thread stacks. Counting brackets
 * outside strings may overcount in malformed text only, which fails anyway. */
static bool too_deep(struct rms_view text)
{
    size_t depth = 0;
    bool in_string = false;

    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];

        if (in_string) {
            i += c == '\\';
            in_string = c != '"';
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > RMS_JSON_DEPTH_MAX) {
                return true;
            }
        } else if ((c == ']' || c == '}') && depth > 0) {
            depth--;
        }
    }
    return false;
}

int rms_json_parse_line(struct rms_view text, json_t **json_out, int *line_out)
{
    json_error_t error;

    *json_out = NULL;
    *line_out = 0;
    if (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0) {
        text = rms_view_of(text.data + 3, text.len - 3);
    }
    if (text.len == 0 || text.len > RMS_JSON_MAX || too_deep(text)) {
        return RMS_E_BAD_ARGUMENT;
    }
    *json_out =
        json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (*json_out != NULL) {
        return 0;
    }
    *line_out = error.line > 0 ? error.line : 0;
    return json_error_code(&error) == json_error_out_of_memory ? RMS_E_NO_MEMORY : RMS_E_BAD_ARGUMENT;
}

int rms_json_parse(struct rms_view text, json_t **json_out)
{
    int line;

    return rms_json_parse_line(text, json_out, &line);
}

void rms_json_free(json_t **json)
{
    json_decref(*json);
    *json = NULL;
}

const char *rms_json_str(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static int append_chunk(const char *chunk, size_t len, void *out)
{
    rms_buf_append(out, chunk, len);
    return ((struct rms_buf *)out)->failed ? -1 : 0;
}

int rms_json_texts(
    struct rms_arena *arena, const json_t *list, const char *const **texts_out, size_t *count_out)
{
    const char **texts = rms_arena_array(arena, json_array_size(list) + 1, sizeof *texts);
    const json_t *item;
    size_t i;

    if (texts == NULL) {
        return RMS_E_NO_MEMORY;
    }
    json_array_foreach(list, i, item)
    {
        texts[i] = rms_arena_strdup(arena, json_is_string(item) ? json_string_value(item) : "");
        if (texts[i] == NULL) {
            return RMS_E_NO_MEMORY;
        }
    }
    *texts_out = texts;
    *count_out = json_array_size(list);
    return 0;
}

int rms_json_emit(const json_t *json, struct rms_buf *out)
{
    if (json_dump_callback(json, append_chunk, out, JSON_COMPACT | JSON_ENCODE_ANY) != 0) {
        return out->failed ? RMS_E_LIMIT : RMS_E_BAD_ARGUMENT;
    }
    return 0;
}

static bool plain(uint8_t c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static void quote_ascii(struct rms_buf *out, uint8_t c)
{
    static const char short_form[0x20] = {
        ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    char escaped = c < 0x20 ? short_form[c] : c == 0x7f ? '\0' : (char)c;

    if (escaped != '\0') {
        rms_buf_append(out, (const char[]){'\\', escaped}, 2);
    } else {
        rms_buf_printf(out, "\\u%04x", c);
    }
}

/* One multi-byte character. C1 controls are escaped (terminals act on them), ill-formed bytes replaced.
 * Returns the bytes consumed. */
static size_t quote_wide(struct rms_buf *out, const uint8_t *text, size_t len)
{
    ucs4_t c;
    int used = u8_mbtoucr(&c, text, len);

    if (used <= 0) {
        rms_buf_append_str(out, "\\ufffd");
        return 1;
    }
    if (c < 0xa0) {
        rms_buf_printf(out, "\\u%04x", (unsigned)c);
    } else {
        rms_buf_append(out, text, (size_t)used);
    }
    return (size_t)used;
}

void rms_json_quote(struct rms_buf *out, struct rms_view text)
{
    size_t pos = 0;
    size_t run;

    rms_buf_append_byte(out, '"');
    while (pos < text.len) {
        for (run = pos; run < text.len && plain(text.data[run]); run++) {
        }
        rms_buf_append(out, text.data + pos, run - pos);
        pos = run;
        if (pos < text.len && text.data[pos] >= 0x80) {
            pos += quote_wide(out, text.data + pos, text.len - pos);
        } else if (pos < text.len) {
            quote_ascii(out, text.data[pos++]);
        }
    }
    rms_buf_append_byte(out, '"');
}
