/* rms admin report: sums over the usage log, as a table with bars, JSON lines or CSV */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/time.h"
#include "cmd/rms/admin.h"
#include "cmd/rms/csv.h"

#define DAYS_SHOWN  30
#define LINES_SHOWN 20 /* of a long list, for people */
#define NAME_SHOWN  32

static const struct option_row report_options[] = {
    TEXT("from", "DATE", "from then: YYYY-MM-DD (local midnight) or a time (default: 30 days ago)"),
    TEXT("to", "DATE", "to then: YYYY-MM-DD (to the end of that day) or a time (default: now)"),
    TEXT("day", "DAY", "that day alone: YYYY-MM-DD, local time"),
    TEXT("user", "ADDRESS", "only requests of this person"),
    TEXT("content", "ID", "only requests about this content"),
    TEXT("template", "ID", "only requests about content of this template"),
    FLAG("refused", "only what was refused"),
    NUMBER("limit",
        "only the first N lines (default: 20 of a list of documents, people or templates; all with "
        "--json and --csv)",
        1, 1000000),
    FLAG("csv", "as CSV"),
    TENANT_OPTION,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct call_field report_query[] = {
    {"from", FIELD_FROM, "from", 0},
    {"to", FIELD_TO, "to", 0},
    {"from", FIELD_FROM, "day", 0},
    {"to", FIELD_TO, "day", 0},
    {"user", FIELD_TEXT, "user", 0},
    {"content", FIELD_TEXT, "content", 0},
    {"template", FIELD_TEXT, "template", 0},
    FIELDS_END,
};

#define SUMS                                                                                                 \
    {"OPENED", "Opened"}, {"PROTECTED", "Published"},                                                        \
    {                                                                                                        \
        "REFUSED", "Refused"                                                                                 \
    }
#define COLUMNS_END                                                                                          \
    {                                                                                                        \
        NULL, NULL                                                                                           \
    }
static const struct column day_columns[] = {{"DAY", "Key"}, {"REQUESTS", "Requests"}, SUMS,
    {"PEOPLE", "People"}, {"DOCUMENTS", "Documents"}, COLUMNS_END};
static const struct column hour_columns[] = {
    {"HOUR", "Key"}, {"REQUESTS", "Requests"}, SUMS, {"PEOPLE", "People"}, COLUMNS_END};
static const struct column document_columns[] = {{"CONTENT ID", "Key"}, {"NAME", "Name"},
    {"OPENED", "Opened"}, {"REFUSED", "Refused"}, {"PEOPLE", "People"}, {"LAST", "Last"}, COLUMNS_END};
static const struct column person_columns[] = {
    {"PERSON", "Key"}, SUMS, {"DOCUMENTS", "Documents"}, {"LAST", "Last"}, COLUMNS_END};
static const struct column template_columns[] = {
    {"TEMPLATE", "Key"}, SUMS, {"PEOPLE", "People"}, {"LAST", "Last"}, COLUMNS_END};
static const struct column refusal_columns[] = {{"REASON", "Key"}, {"REFUSED", "Refused"},
    {"PEOPLE", "People"}, {"DOCUMENTS", "Documents"}, {"LAST", "Last"}, COLUMNS_END};
static const struct column csv_columns[] = {{"", "Key"}, {"", "Name"}, {"", "Requests"}, {"", "Opened"},
    {"", "Published"}, {"", "Refused"}, {"", "People"}, {"", "Documents"}, {"", "Last"}, COLUMNS_END};

struct report {
    const char *path;
    const struct column *columns;
    bool is_long;
};

static const struct report day = {TENANT_PATH "/reports/day", day_columns, false};
static const struct report hour = {TENANT_PATH "/reports/hour", hour_columns, false};
static const struct report document = {TENANT_PATH "/reports/document", document_columns, true};
static const struct report person = {TENANT_PATH "/reports/person", person_columns, true};
static const struct report template = {TENANT_PATH "/reports/template", template_columns, true};
static const struct report refusal = {TENANT_PATH "/reports/refusal", refusal_columns, false};

/* How many lines a person is shown; 0: all. */
static size_t lines_wanted(const struct arguments *arguments)
{
    const struct report *report = argument_verb(arguments)->data;
    bool whole = output_json() || argument_flag(arguments, "csv") || !report->is_long;
    long limit = whole ? 0 : LINES_SHOWN;

    (void)argument_number(arguments, "limit", &limit);
    return (size_t)limit;
}

/* One line more than is shown, to know whether there is one. */
static int make_query(const struct arguments *arguments, json_t *query)
{
    static const struct call call = {.query = report_query};
    size_t wanted = lines_wanted(arguments);
    char limit[24];
    int status = admin_query(arguments, &call, query);

    if (status != 0) {
        return status;
    }
    if (json_object_get(query, "from") == NULL) {
        int64_t today = rms_clock_now() / RMS_DAY_S;

        (void)json_object_set_new(query, "from", time_json((today - DAYS_SHOWN) * RMS_DAY_S));
    }
    if (argument_flag(arguments, "refused")) {
        (void)json_object_set_new(query, "refused", json_string("true"));
    }
    if (wanted > 0) {
        (void)snprintf(limit, sizeof limit, "%zu", wanted < 1000000 ? wanted + 1 : wanted);
        (void)json_object_set_new(query, "limit", json_string(limit));
    }
    return 0;
}

/* Names are as long as people make them: a table keeps its shape. */
static void shorten_names(json_t *lines)
{
    json_t *line;
    size_t i;

    json_array_foreach(lines, i, line)
    {
        struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(8192);
        const char *name = rms_json_str(line, "Name");
        size_t points = 0;
        size_t len = 0;

        for (; name != NULL && name[len] != '\0' && points < NAME_SHOWN; points++) {
            for (len++; (name[len] & 0xc0) == 0x80; len++) {
            }
        }
        if (name != NULL && name[len] != '\0') {
            rms_buf_append(&text, name, len);
            rms_buf_append_str(&text, "…");
            (void)json_object_set_new(line, "Name", text_json(rms_buf_text(&text)));
        }
    }
}

static void show(const struct arguments *arguments, const json_t *reply, json_t *lines, bool more)
{
    const struct report *report = argument_verb(arguments)->data;
    const char *bar = strcmp(report->columns[1].member, "Requests") == 0 ? "Requests" : "Opened";

    printf("%s  %s\n\n", rms_json_str(reply, "From"), rms_json_str(reply, "To"));
    if (json_array_size(lines) == 0) {
        puts(_("Nothing happened."));
        return;
    }
    shorten_names(lines);
    bar = argument_flag(arguments, "refused") || report == &refusal ? "Refused" : bar;
    output_chart(lines, report->columns, bar);
    if (more) {
        puts(_("… and more: --limit N shows N of them, --json and --csv all"));
    }
}

static int run_report(struct arguments *arguments)
{
    const struct report *report = argument_verb(arguments)->data;
    json_t *RMS_JSON_CLEANUP query = json_object();
    json_t *RMS_JSON_CLEANUP reply = NULL;
    const struct admin_exchange exchange = {.method = "GET", .path = report->path, .query = query};
    size_t wanted = lines_wanted(arguments);
    int status = make_query(arguments, query);
    json_t *lines;
    bool more;

    status = status == 0 ? admin_exchange(arguments, &exchange, &reply) : status;
    if (status != 0) {
        return status;
    }
    lines = json_object_get(reply, "Lines");
    more = wanted > 0 && json_array_size(lines) > wanted;
    if (more) {
        (void)json_array_remove(lines, wanted);
    }
    if (argument_flag(arguments, "csv")) {
        output_csv(lines, csv_columns);
    } else if (output_json()) {
        return output_list(json_incref(lines), report->columns);
    } else {
        show(arguments, reply, lines, more);
    }
    return EXIT_DONE;
}

#define REPORT(n, s, d, ex)                                                                                  \
    {                                                                                                        \
        .name = n, .summary = s, .examples = ex, .options = report_options, .run = run_report, .data = &(d)  \
    }

const struct verb admin_report_verbs[] = {
    REPORT("day", "What was done, day by day (UTC)", day,
        "  rms admin report day\n  rms admin report day --user bob@contoso.test --from 2030-01-01"),
    REPORT(
        "hour", "At which hours of the day (UTC)", hour, "  rms admin report hour --user bob@contoso.test"),
    REPORT("document", "Which content, the busiest first", document,
        "  rms admin report document --day 2030-01-31\n"
        "  rms admin report document --user bob@contoso.test --json"),
    REPORT("person", "Who, the busiest first", person,
        "  rms admin report person --content 6f1d7b3e-0c0f-4d6e-9b0e-0d2f6c2f9a11\n"
        "  rms admin report person --refused --csv"),
    REPORT("template", "Which templates, the busiest first", template, "  rms admin report template"),
    REPORT("refusal", "Why requests were refused", refusal, "  rms admin report refusal --day 2030-01-31"),
    VERBS_END,
};
