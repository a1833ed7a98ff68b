/* rms admin log export: the usage log of any length, piece by piece */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/time.h"
#include "cmd/rms/admin.h"
#include "cmd/rms/admin_log.h"
#include "cmd/rms/date.h"

#define URL_MAX   4096
#define REPLY_MAX (128u << 20)
#define HTTP_OK   200

struct export
{
    const struct arguments *arguments;
    struct log_format format;
};

static bool too_much(const struct rms_buf *reply)
{
    json_t *RMS_JSON_CLEANUP parsed = NULL;
    const char *reason =
        rms_json_parse(rms_buf_view(reply), &parsed) == 0 ? rms_json_str(parsed, "Reason") : NULL;

    return reason != NULL && strcmp(reason, "limit") == 0;
}

static int fetch(const struct export *e, int64_t from, int64_t to, struct rms_buf *reply, long *http_out)
{
    struct rms_buf RMS_BUF_CLEANUP url = RMS_BUF_INIT(URL_MAX);
    struct admin_request request = {.arguments = e->arguments, .method = "GET", .text = e->format.text};
    json_t *RMS_JSON_CLEANUP query = json_object();

    (void)json_object_set_new(query, "from", time_json(from));
    (void)json_object_set_new(query, "to", time_json(to));
    RMS_TRY(admin_url(e->arguments, TENANT_PATH "/log/usage", query, &url));
    request.url = rms_buf_text(&url);
    return admin_perform(&request, reply, http_out);
}

/* Pieces that are too long for one answer are halved, down to a second. */
static int export_range(struct export *e, int64_t from, int64_t to)
{
    struct rms_buf RMS_BUF_CLEANUP reply = RMS_BUF_INIT(REPLY_MAX);
    int64_t middle = from + (to - from) / 2;
    long http = 0;
    int code = fetch(e, from, to, &reply, &http);

    if (code < 0) {
        return admin_unreachable(e->arguments, code);
    }
    if (http == HTTP_OK) {
        return log_format_print(&e->format, &reply);
    }
    if (from == to || !too_much(&reply)) {
        return admin_refused(&reply);
    }
    rms_buf_fini(&reply);
    code = export_range(e, from, middle);
    return code == EXIT_DONE ? export_range(e, middle + 1, to) : code;
}

static int read_date(const struct arguments *arguments, const char *option, bool end, int64_t *time_out)
{
    const char *text = argument_text(arguments, option);

    if (text == NULL && end) {
        *time_out = rms_clock_now();
        return 0;
    }
    if (text == NULL) {
        return usage_error(arguments, _("--%s is needed"), option);
    }
    if (date_parse(text, end, time_out) < 0) {
        return usage_error(arguments, _("--%s takes %s; not \"%s\""), option, DATE_FORMS, text);
    }
    *time_out -= end && strchr(text, 'T') == NULL ? 1 : 0;
    return 0;
}

int admin_run_log_export(struct arguments *arguments)
{
    struct export e = {.arguments = arguments};
    int64_t from = 0;
    int64_t to = 0;
    int code = log_format_open(arguments, &e.format);

    code = code == 0 ? read_date(arguments, "from", false, &from) : code;
    code = code == 0 ? read_date(arguments, "to", true, &to) : code;
    if (code == 0 && from > to) {
        code = usage_error(arguments, _("--from is after --to"));
    }
    if (code != 0) {
        return code;
    }
    for (int64_t at = from; at <= to && code == EXIT_DONE; at += RMS_DAY_S) {
        code = export_range(&e, at, at + RMS_DAY_S - 1 < to ? at + RMS_DAY_S - 1 : to);
    }
    return code;
}
