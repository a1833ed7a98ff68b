/* rms admin log: rows chosen by their fields, as JSON lines, CSV or syslog messages */
#include "cmd/rms/admin_log.h"

#include <string.h>

#include "base/json.h"
#include "cmd/rms/csv.h"

#define LINE_MAX_BYTES (1u << 20)

/* As a row of the log has them (doc/protocol/admin.md), and in their order. */
static const char *const fields[] = {"time", "row-id", "request-type", "user-id", "result", "correlation-id",
    "content-id", "owner-email", "issuer", "template-id", "file-name", "date-published", "c-info", "c-ip",
    "admin-action", "acting-as-user", "super-user", "group-age", "detail"};

#define FIELDS (sizeof fields / sizeof fields[0])

/* As the JSON lines show it, without quotes. */
static const char *value_of(const json_t *row, size_t field, char number[32])
{
    const json_t *value = json_object_get(row, fields[field]);

    if (json_is_boolean(value)) {
        return json_is_true(value) ? "true" : "false";
    }
    if (json_is_integer(value)) {
        (void)snprintf(number, 32, "%lld", (long long)json_integer_value(value));
        return number;
    }
    return json_is_string(value) ? json_string_value(value) : "";
}

/* --- CSV -------------------------------------------------------------------------------------------------
 */

static void csv_head(struct rms_buf *out)
{
    for (size_t i = 0; i < FIELDS; i++) {
        rms_buf_printf(out, "%s%s", i > 0 ? "," : "", fields[i]);
    }
    rms_buf_append_str(out, "\r\n");
}

static void csv_row(struct rms_buf *out, const json_t *row)
{
    for (size_t i = 0; i < FIELDS; i++) {
        rms_buf_append_str(out, i > 0 ? "," : "");
        csv_field(out, json_object_get(row, fields[i]));
    }
    rms_buf_append_str(out, "\r\n");
}

/* --- syslog (RFC 5424) ------------------------------------------------------------------------------------
 */

#define SYSLOG_DONE    110 /* log audit, informational */
#define SYSLOG_REFUSED 109 /* log audit, notice */

/* 32473 is the number that stands for nobody in particular (RFC 5612). */
#define SYSLOG_ELEMENT "openrms@32473"

/* A line is a message: what would end one becomes "?", as everything that is not to be shown. */
static void syslog_value(struct rms_buf *out, const char *text)
{
    struct rms_buf RMS_BUF_CLEANUP safe = RMS_BUF_INIT(LINE_MAX_BYTES);

    safe_text(&safe, text);
    for (size_t i = 0; i < safe.len; i++) {
        if (memchr("\"\\]", safe.data[i], 3) != NULL) {
            rms_buf_append_byte(out, '\\');
        }
        rms_buf_append_byte(out, safe.data[i]);
    }
}

/* Printable ASCII without blanks, at most 32. */
static void syslog_name(struct rms_buf *out, const char *text)
{
    size_t len = 0;

    for (; text[len] > ' ' && text[len] < 0x7f && len < 32; len++) {
        rms_buf_append_byte(out, (uint8_t)text[len]);
    }
    rms_buf_append_str(out, len == 0 ? "-" : "");
}

static void syslog_row(struct rms_buf *out, const json_t *row)
{
    const char *result = rms_json_str(row, "result");
    const char *time = rms_json_str(row, "time");
    const char *type = rms_json_str(row, "request-type");
    bool done = result != NULL && strcmp(result, "Success") == 0;
    char number[32];

    rms_buf_printf(out, "<%d>1 ", done ? SYSLOG_DONE : SYSLOG_REFUSED);
    syslog_name(out, time != NULL ? time : "");
    rms_buf_append_str(out, " - rmsd - ");
    syslog_name(out, type != NULL ? type : "");
    rms_buf_append_str(out, " [" SYSLOG_ELEMENT);
    for (size_t i = 0; i < FIELDS; i++) {
        rms_buf_printf(out, " %s=\"", fields[i]);
        syslog_value(out, value_of(row, i, number));
        rms_buf_append_byte(out, '"');
    }
    rms_buf_append_str(out, "]\n");
}

/* --- choosing ---------------------------------------------------------------------------------------------
 */

static bool is_wanted(const struct log_format *format, const json_t *row)
{
    char number[32];

    for (size_t i = 0; i < format->filter_count; i++) {
        const struct log_filter *filter = &format->filters[i];

        if ((strcmp(value_of(row, filter->field, number), filter->value) == 0) == filter->unequal) {
            return false;
        }
    }
    return true;
}

static int print_row(const struct log_format *format, const json_t *row, struct rms_view line)
{
    struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(2 * LINE_MAX_BYTES);

    if (format->row != NULL) {
        format->row(&out, row);
    } else {
        rms_buf_append(&out, line.data, line.len);
        rms_buf_append_byte(&out, '\n');
    }
    RMS_TRY(rms_buf_status(&out));
    return fwrite(out.data, 1, out.len, stdout) == out.len ? 0 : RMS_E_IO;
}

/* The next line, which at moves behind. */
static struct rms_view take_line(const char **at)
{
    const char *begin = *at;
    size_t len = strcspn(begin, "\n");

    *at = begin + len + (begin[len] != '\0' ? 1 : 0);
    return rms_view_of(begin, len);
}

static int take_wanted(const struct log_format *format, struct rms_view line, json_t **row_out)
{
    *row_out = NULL;
    RMS_TRY(rms_json_parse(line, row_out));
    if (!is_wanted(format, *row_out)) {
        rms_json_free(row_out);
    }
    return 0;
}

/* How many of the rows that were asked for are too many: the newest are wanted. */
static int count_older(const struct log_format *format, const struct rms_buf *reply, size_t *older_out)
{
    size_t count = 0;

    *older_out = 0;
    for (const char *at = rms_buf_text(reply); format->limit > 0 && *at != '\0';) {
        json_t RMS_JSON_CLEANUP *row = NULL;

        RMS_TRY(take_wanted(format, take_line(&at), &row));
        count += row != NULL;
    }
    *older_out = count > format->limit ? count - format->limit : 0;
    return 0;
}

static int print_rows(const struct log_format *format, const struct rms_buf *reply)
{
    size_t older;

    RMS_TRY(count_older(format, reply, &older));
    for (const char *at = rms_buf_text(reply); *at != '\0';) {
        struct rms_view line = take_line(&at);
        json_t RMS_JSON_CLEANUP *row = NULL;

        RMS_TRY(take_wanted(format, line, &row));
        if (row != NULL && older > 0) {
            older--;
        } else if (row != NULL) {
            RMS_TRY(print_row(format, row, line));
        }
    }
    return 0;
}

/* The head stands in front of every piece, and is wanted once. */
static int print_text(const struct log_format *format, const struct rms_buf *reply)
{
    const char *at = rms_buf_text(reply);

    while (format->begun && at[0] == '#') {
        const char *end = strchr(at, '\n');

        at = end != NULL ? end + 1 : "";
    }
    return fputs(at, stdout) >= 0 ? 0 : RMS_E_IO;
}

static int print_head(const struct log_format *format)
{
    struct rms_buf RMS_BUF_CLEANUP head = RMS_BUF_INIT(LINE_MAX_BYTES);

    if (format->begun || format->head == NULL) {
        return 0;
    }
    format->head(&head);
    return fputs(rms_buf_text(&head), stdout) >= 0 ? 0 : RMS_E_IO;
}

int log_format_print(struct log_format *format, const struct rms_buf *reply)
{
    bool whole = format->text || (format->row == NULL && format->filter_count == 0);
    int code = print_head(format);

    if (code == 0) {
        code = whole ? print_text(format, reply) : print_rows(format, reply);
    }
    format->begun = true;
    return code < 0 ? output_error(NULL, NULL, code) : EXIT_DONE;
}

/* --- what the command line wants --------------------------------------------------------------------------
 */

const char *const log_formats[] = {"w3c", "jsonl", "csv", "syslog", NULL};

static const struct {
    const char *name;
    void (*head)(struct rms_buf *out);
    void (*row)(struct rms_buf *out, const json_t *row);
} kinds[] = {
    {"w3c", NULL, NULL},
    {"jsonl", NULL, NULL},
    {"csv", csv_head, csv_row},
    {"syslog", NULL, syslog_row},
};

static int take_filter(const struct arguments *arguments, const char *text, struct log_filter *filter)
{
    size_t len = strcspn(text, "=");

    filter->unequal = len > 0 && text[len] == '=' && text[len - 1] == '!';
    filter->value = text + len + (text[len] == '=');
    filter->field = 0;
    if (text[len] != '=') {
        return usage_error(arguments, _("--where takes FIELD=VALUE or FIELD!=VALUE; not \"%s\""), text);
    }
    len -= filter->unequal;
    while (filter->field < FIELDS &&
           (strlen(fields[filter->field]) != len || memcmp(fields[filter->field], text, len) != 0)) {
        filter->field++;
    }
    return filter->field < FIELDS
               ? 0
               : usage_error(arguments, _("--where: \"%.*s\" is no field of the log"), (int)len, text);
}

static int take_filters(const struct arguments *arguments, struct log_format *format)
{
    const char *const *texts = argument_list(arguments, "where", &format->filter_count);
    int status = 0;

    if (format->filter_count > LOG_FILTERS_MAX) {
        return usage_error(arguments, _("--where: at most %d times"), LOG_FILTERS_MAX);
    }
    for (size_t i = 0; i < format->filter_count && status == 0; i++) {
        status = take_filter(arguments, texts[i], &format->filters[i]);
    }
    return status;
}

int log_format_open(const struct arguments *arguments, struct log_format *format_out)
{
    const char *name = argument_text(arguments, "format");
    bool choosing = argument_flag(arguments, "where");
    size_t kind = 0;

    *format_out = (struct log_format){0};
    if (name == NULL) {
        name = output_json() || choosing ? "jsonl" : "w3c";
    }
    while (strcmp(kinds[kind].name, name) != 0) {
        kind++;
    }
    format_out->text = kind == 0;
    format_out->head = kinds[kind].head;
    format_out->row = kinds[kind].row;
    if (choosing && format_out->text) {
        return usage_error(arguments, _("--where goes with --format jsonl, csv or syslog"));
    }
    return take_filters(arguments, format_out);
}
