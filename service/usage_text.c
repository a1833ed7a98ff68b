/* The usage log as text: W3C extended format, and JSON lines. Pure. */
#include <stdio.h>

#include "base/json.h"
#include "base/text.h"
#include "service/usage.h"

void rms_usage_text_head(struct rms_buf *out)
{
    rms_buf_append_str(out, "#Software: RMS\n#Version: 1.1\n#Fields: "
                            "date\ttime\trow-id\trequest-type\tuser-id\tresult\tcorrelation-id\tcontent-id\t"
                            "owner-email\tissuer\ttemplate-id\tfile-name\tdate-published\tc-info\tc-ip\t"
                            "admin-action\tacting-as-user\tsuper-user\tgroup-age\tdetail\n");
}

/* Bytes of the UTF-8 character at text, 0 when it is none. */
static size_t character(struct rms_view text)
{
    for (size_t len = 1; len <= 4 && len <= text.len; len++) {
        if (rms_text_valid(rms_view_of(text.data, len))) {
            return len;
        }
    }
    return 0;
}

static void escape_byte(struct rms_buf *out, uint8_t c)
{
    static const char plain[] = "\\'\t\n\r";
    static const char short_form[] = "\\'tnr";
    const char *at = c != 0 ? strchr(plain, c) : NULL;
    if (at != NULL) {
        rms_buf_append_byte(out, '\\');
        rms_buf_append_byte(out, (uint8_t)short_form[at - plain]);
    } else {
        rms_buf_printf(out, "\\x%02x", c);
    }
}

static bool must_escape(struct rms_view one)
{
    uint8_t c = one.data[0];
    bool control = c < 0x20 || c == 0x7f || (c == 0xc2 && one.len == 2 && one.data[1] < 0xa0);
    return control || c == '\\' || c == '\'';
}

static void append_escaped(struct rms_buf *out, const char *value)
{
    struct rms_view rest = rms_view_str(value);
    while (rest.len > 0) {
        size_t len = character(rest);
        struct rms_view one = rms_view_of(rest.data, len > 0 ? len : 1);
        if (len > 0 && !must_escape(one)) {
            rms_buf_append_view(out, one);
        } else {
            for (size_t i = 0; i < one.len; i++) {
                escape_byte(out, one.data[i]);
            }
        }
        rest = rms_view_of(rest.data + one.len, rest.len - one.len);
    }
}

static bool empty(const char *value)
{
    return value == NULL || value[0] == '\0';
}

/* Every field but the first follows a tab; nothing is "-". */
static void field(struct rms_buf *out, const char *open, const char *value, const char *close)
{
    rms_buf_append_byte(out, '\t');
    if (empty(value)) {
        rms_buf_append_byte(out, '-');
        return;
    }
    rms_buf_append_str(out, open);
    append_escaped(out, value);
    rms_buf_append_str(out, close);
}

static void date_and_time(struct rms_buf *out, int64_t time)
{
    char text[RMS_TIME_TEXT];
    rms_time_iso(time, text);
    rms_buf_append(out, text, 10);
    rms_buf_append_byte(out, '\t');
    rms_buf_append(out, text + 11, 8);
}

static void time_field(struct rms_buf *out, int64_t time)
{
    char text[RMS_TIME_TEXT] = "";
    if (time != RMS_TIME_NONE) {
        rms_time_iso(time, text);
        text[19] = '\0'; /* without the Z, as in 8.1 */
    }
    field(out, "", text, "");
}

void rms_usage_text_row(struct rms_buf *out, const struct rms_usage_row *row)
{
    date_and_time(out, row->time);
    field(out, "", row->row_id, "");
    field(out, "", row->request_type, "");
    if (empty(row->user_id)) {
        rms_buf_append_str(out, "\t''"); /* contradiction X-14 */
    } else {
        field(out, "'", row->user_id, "'");
    }
    field(out, "'", row->result, "'");
    field(out, "", row->correlation_id, "");
    field(out, "{", row->content_id, "}");
    field(out, "", row->owner_email, "");
    field(out, "", row->issuer, "");
    field(out, "{", row->template_id, "}");
    field(out, "", row->file_name, "");
    time_field(out, row->date_published);
    field(out, "'", row->c_info, "'");
    field(out, "", row->c_ip, "");
    field(out, "", row->admin_action ? "True" : "", "");
    field(out, "'", row->acting_as_user, "'");
    field(out, "", row->super_user ? "True" : "", "");
    char age[24] = "";
    if (row->membership_age_s >= 0) {
        (void)snprintf(age, sizeof age, "%lld", (long long)row->membership_age_s);
    }
    field(out, "", age, "");
    field(out, "", row->detail, "");
    rms_buf_append_byte(out, '\n');
}

void rms_usage_admin_text_row(struct rms_buf *out, const struct rms_admin_row *row)
{
    char text[RMS_TIME_TEXT];
    rms_time_iso(row->time, text);
    text[19] = '\0';
    rms_buf_append_str(out, text);
    field(out, "", row->actor, "");
    field(out, "", row->command, "");
    field(out, "", row->passed ? "Passed" : "Failed", "");
    field(out, "", row->result, "");
    rms_buf_append_byte(out, '\n');
}

static void json_text(struct rms_buf *out, const char *name, const char *value)
{
    rms_buf_printf(out, ",\"%s\":", name);
    rms_json_quote(out, rms_view_str(value != NULL ? value : ""));
}

void rms_usage_json_row(struct rms_buf *out, const struct rms_usage_row *row)
{
    char text[RMS_TIME_TEXT];
    rms_time_iso(row->time, text);
    rms_buf_printf(out, "{\"time\":\"%s\"", text);
    json_text(out, "row-id", row->row_id);
    json_text(out, "request-type", row->request_type);
    json_text(out, "user-id", row->user_id);
    json_text(out, "result", row->result);
    json_text(out, "correlation-id", row->correlation_id);
    json_text(out, "content-id", row->content_id);
    json_text(out, "owner-email", row->owner_email);
    json_text(out, "issuer", row->issuer);
    json_text(out, "template-id", row->template_id);
    json_text(out, "file-name", row->file_name);
    if (row->date_published != RMS_TIME_NONE) {
        rms_time_iso(row->date_published, text);
    }
    json_text(out, "date-published", row->date_published != RMS_TIME_NONE ? text : "");
    json_text(out, "c-info", row->c_info);
    json_text(out, "c-ip", row->c_ip);
    rms_buf_printf(out, ",\"admin-action\":%s", row->admin_action ? "true" : "false");
    json_text(out, "acting-as-user", row->acting_as_user);
    rms_buf_printf(out, ",\"super-user\":%s,\"group-age\":%lld", row->super_user ? "true" : "false",
        (long long)row->membership_age_s);
    json_text(out, "detail", row->detail);
    rms_buf_append_str(out, "}\n");
}
