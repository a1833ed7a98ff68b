/* rms admin log verify: is the usage log complete and unchanged? (B-11) */
#include <string.h>

#include "base/json.h"
#include "cmd/rms/admin.h"

#define URL_MAX   4096
#define REPLY_MAX 65536
#define HTTP_OK   200

/* What a finding says of the rows from Row to LastRow. */
static const struct {
    const char *finding;
    const char *text;
} findings[] = {
    {"edited", "is not as it was written"},
    {"deleted", "is missing"},
    {"inserted", "was not written by the service"},
    {"truncated", "is missing at the end"},
    {"rewritten", "is not what was signed"},
    {"effaced", "has a field erased without a signed statement"},
    {"unsigned", "is not covered by a signature of the service"},
};

static const char *text_of(const char *finding)
{
    for (size_t i = 0; i < sizeof findings / sizeof findings[0]; i++) {
        if (finding != NULL && strcmp(findings[i].finding, finding) == 0) {
            return findings[i].text;
        }
    }
    return "is wrong";
}

static void print_finding(const json_t *report)
{
    long long first = json_integer_value(json_object_get(report, "Row"));
    long long last = json_integer_value(json_object_get(report, "LastRow"));
    const char *text = text_of(rms_json_str(report, "Finding"));

    if (last > first) {
        fprintf(stderr, _("rms: usage log: one or more of the rows %lld to %lld %s\n"), first, last, _(text));
    } else {
        fprintf(stderr, _("rms: usage log: row %lld %s\n"), first, _(text));
    }
}

static int show_report(const struct rms_buf *reply)
{
    json_t *RMS_JSON_CLEANUP report = NULL;
    bool intact;

    if (rms_json_parse(rms_buf_view(reply), &report) < 0) {
        return output_error(NULL, _("the service's reply"), RMS_E_INTERNAL);
    }
    intact = json_is_true(json_object_get(report, "Intact"));
    if (output_json()) {
        output_object(json_incref(report));
    } else {
        output_members(report);
    }
    if (!intact) {
        print_finding(report);
    }
    return intact ? EXIT_DONE : EXIT_REFUSED;
}

int admin_run_log_verify(struct arguments *arguments)
{
    struct rms_buf RMS_BUF_CLEANUP url = RMS_BUF_INIT(URL_MAX);
    struct rms_buf RMS_BUF_CLEANUP reply = RMS_BUF_INIT(REPLY_MAX);
    json_t *RMS_JSON_CLEANUP query = json_object();
    struct admin_request request = {.socket = admin_socket(arguments), .method = "GET"};
    const char *expect = argument_text(arguments, "expect");
    long http = 0;
    int code;

    if (expect != NULL) {
        (void)json_object_set_new(query, "expect", text_json(expect));
    }
    if (argument_flag(arguments, "unassigned")) {
        (void)json_object_set_new(query, "unassigned", json_string("1"));
    }
    code = admin_url(arguments, TENANT_PATH "/log/verify", query, &url);
    if (code == 0) {
        request.url = rms_buf_text(&url);
        code = admin_perform(&request, &reply, &http);
    }
    if (code < 0) {
        return admin_unreachable(request.socket, code);
    }
    return http == HTTP_OK ? show_report(&reply) : admin_refused(&reply);
}
