#include "service/rest_write.h"

#include "base/json.h"
#include "crypto/base64.h"

static void begin(struct rms_buf *out, const char *name)
{
    uint8_t last = out->len > 0 ? out->data[out->len - 1] : '{';
    if (last != '{' && last != '[' && last != '\n') {
        rms_buf_append_byte(out, ',');
    }
    if (name != NULL) {
        rms_buf_append_byte(out, '"');
        rms_buf_append_str(out, name);
        rms_buf_append(out, "\":", 2);
    }
}

void rms_out_open(struct rms_buf *out, const char *name, char bracket)
{
    begin(out, name);
    rms_buf_append_byte(out, (uint8_t)bracket);
}

void rms_out_close(struct rms_buf *out, char bracket)
{
    rms_buf_append_byte(out, (uint8_t)bracket);
}

void rms_out_text(struct rms_buf *out, const char *name, const char *text)
{
    if (text == NULL) {
        rms_out_null(out, name);
        return;
    }
    begin(out, name);
    rms_json_quote(out, rms_view_str(text));
}

void rms_out_bool(struct rms_buf *out, const char *name, bool value)
{
    begin(out, name);
    rms_buf_append_str(out, value ? "true" : "false");
}

void rms_out_int(struct rms_buf *out, const char *name, int64_t value)
{
    begin(out, name);
    rms_buf_printf(out, "%lld", (long long)value);
}

void rms_out_time(struct rms_buf *out, const char *name, int64_t time)
{
    char text[RMS_TIME_TEXT];
    if (time == RMS_TIME_NONE) {
        rms_out_null(out, name);
        return;
    }
    rms_time_iso(time, text);
    rms_out_text(out, name, text);
}

void rms_out_null(struct rms_buf *out, const char *name)
{
    begin(out, name);
    rms_buf_append_str(out, "null");
}

void rms_out_base64(struct rms_buf *out, const char *name, struct rms_view bytes)
{
    begin(out, name);
    rms_buf_append_byte(out, '"');
    rms_base64_encode(out, bytes);
    rms_buf_append_byte(out, '"');
}

void rms_out_pairs(struct rms_buf *out, const char *name, const struct rms_name_value *pairs, size_t count)
{
    if (count == 0) {
        rms_out_null(out, name);
        return;
    }
    rms_out_open(out, name, '{');
    for (size_t i = 0; i < count; i++) {
        begin(out, NULL);
        rms_json_quote(out, rms_view_str(pairs[i].name));
        rms_buf_append_byte(out, ':');
        rms_json_quote(out, rms_view_str(pairs[i].value));
    }
    rms_out_close(out, '}');
}

static void write_right(const char *name, void *context)
{
    rms_out_text(context, NULL, name);
}

void rms_out_rights(struct rms_buf *out, const char *name, const struct rms_rights *rights)
{
    rms_out_open(out, name, '[');
    rms_rights_each(rights, write_right, out);
    rms_out_close(out, ']');
}

void rms_out_texts(struct rms_buf *out, const char *name, const char *const *texts, size_t count)
{
    rms_out_open(out, name, '[');
    for (size_t i = 0; i < count; i++) {
        rms_out_text(out, NULL, texts[i]);
    }
    rms_out_close(out, ']');
}
