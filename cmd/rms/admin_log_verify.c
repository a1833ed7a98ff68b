/* rms admin log verify: is the usage log complete and unchanged? (B-11) */
#include <string.h>

#include "base/json.h"
#include "cmd/rms/admin.h"

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
        fprintf(stderr, _("rms: log: one or more of the rows %lld to %lld %s\n"), first, last, _(text));
    } else {
        fprintf(stderr, _("rms: log: row %lld %s\n"), first, _(text));
    }
}

static int show_report(const json_t *report)
{
    bool intact = json_is_true(json_object_get(report, "Intact"));

    if (output_json()) {
        output_object(json_incref((json_t *)report));
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
    json_t *RMS_JSON_CLEANUP query = json_object();
    json_t *RMS_JSON_CLEANUP report = NULL;
    const struct admin_exchange exchange = {
        .method = "GET", .path = TENANT_PATH "/log/verify", .query = query};
    const char *expect = argument_text(arguments, "expect");
    int status;

    if (expect != NULL) {
        (void)json_object_set_new(query, "expect", text_json(expect));
    }
    if (argument_flag(arguments, "unassigned")) {
        (void)json_object_set_new(query, "unassigned", json_string("1"));
    }
    if (argument_flag(arguments, "admin")) {
        (void)json_object_set_new(query, "admin", json_string("1"));
    }
    status = admin_exchange(arguments, &exchange, &report);
    return status == 0 ? show_report(report) : status;
}
