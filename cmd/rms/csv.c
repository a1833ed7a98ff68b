#include "cmd/rms/csv.h"

#include <string.h>

#define FIELD_MAX_BYTES 65536

/* Also behind blanks: some programs cut them off first. */
static bool is_formula(const char *text)
{
    text += strspn(text, " \t\r\n");
    return *text != 0 && strchr("=+-@|%", *text) != NULL;
}

static void append_text(struct rms_buf *out, const char *text)
{
    struct rms_buf RMS_BUF_CLEANUP safe = RMS_BUF_INIT(FIELD_MAX_BYTES);

    safe_text(&safe, text);
    rms_buf_append_byte(out, '"');
    if (is_formula(text)) {
        rms_buf_append_byte(out, '\'');
    }
    for (size_t i = 0; i < safe.len; i++) {
        if (safe.data[i] == '"') {
            rms_buf_append_byte(out, '"');
        }
        rms_buf_append_byte(out, safe.data[i]);
    }
    rms_buf_append_byte(out, '"');
}

void csv_field(struct rms_buf *out, const json_t *value)
{
    if (json_is_string(value)) {
        append_text(out, json_string_value(value));
    } else if (json_is_boolean(value)) {
        rms_buf_append_str(out, json_is_true(value) ? "True" : "False");
    } else if (json_is_integer(value)) {
        rms_buf_printf(out, "%lld", (long long)json_integer_value(value));
    }
}

void output_csv(const json_t *rows, const struct column *columns)
{
    const json_t *row;
    size_t i;

    for (size_t c = 0; columns[c].title != NULL; c++) {
        printf("%s%s", c > 0 ? "," : "", columns[c].member);
    }
    fputs("\r\n", stdout);
    json_array_foreach((json_t *)rows, i, row)
    {
        struct rms_buf RMS_BUF_CLEANUP line = RMS_BUF_INIT(16 * FIELD_MAX_BYTES);

        for (size_t c = 0; columns[c].title != NULL; c++) {
            rms_buf_append_str(&line, c > 0 ? "," : "");
            csv_field(&line, json_object_get(row, columns[c].member));
        }
        printf("%s\r\n", rms_buf_text(&line));
    }
}
