/* rms admin log: the logs as text or JSON lines, and the usage log day by day into files (S-189) */
#include "cmd/rms/admin.h"
#include "cmd/rms/admin_log.h"

#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/queue.h"
#include "base/time.h"

#define DAYS_MAX    3660
#define URL_MAX     4096
#define REPLY_MAX   (1u << 30)
#define HTTP_OK     200
#define THREADS_MAX 32

#define RANGE_OPTIONS                                                                                        \
    TEXT("from", "DATE", "from then: YYYY-MM-DD (local midnight) or a time (default: the first row)"),       \
        TEXT("to", "DATE", "to then: YYYY-MM-DD (to the end of that day) or a time (default: now)"),         \
        NUMBER("limit", "only the newest N of the rows that are wanted", 1, 1000000)

static const struct option_row usage_options[] = {
    RANGE_OPTIONS,
    TEXT("day", "DAY", "that day alone: YYYY-MM-DD, local time"),
    TEXT("for", "DAY", "the 24 hours from local midnight of YYYY-MM-DD; with --path that UTC day"),
    TEXT("user", "ADDRESS", "only requests of this person"),
    TEXT("content", "ID", "only requests about this content"),
    TEXT("about", "ADDRESS", "every row that names this person: requester, owner, issuer, acted for"),
    LOG_WHERE_OPTION,
    LOG_FORMAT_OPTION,
    TEXT("path", "DIR", "write rmslog-YYYY-MM-DD.log for each UTC day from --from to --to"),
    NUMBER("threads", "days fetched at a time with --path (default: 3)", 1, THREADS_MAX),
    FLAG("force", "with --path: replace files"),
    TENANT_OPTION,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct option_row admin_options[] = {RANGE_OPTIONS, TENANT_OPTION, SOCKET_OPTION, OPTIONS_END};

static const struct option_row trim_options[] = {
    TEXT("before", "DATE",
        "rows before then: YYYY-MM-DD (local midnight) or a time, 90 days ago at the latest"),
    FLAG("admin", "the log of administration instead of the usage log"),
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct option_row export_options[] = {
    LOG_FORMAT_OPTION,
    LOG_WHERE_OPTION,
    TEXT("from", "DATE", "from then: YYYY-MM-DD (local midnight) or a time"),
    TEXT("to", "DATE", "to then: YYYY-MM-DD (to the end of that day) or a time (default: now)"),
    TENANT_OPTION,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct option_row verify_options[] = {
    TEXT("expect", "ROW:HASH", "the End that an earlier run printed; it must still be there"),
    FLAG("admin", "the log of administration instead of the usage log"),
    FLAG("unassigned", "the rows that belong to no tenant"),
    TENANT_OPTION,
    SOCKET_OPTION,
    OPTIONS_END,
};

static const struct call_field range_query[] = {
    {"from", FIELD_FROM, "from", 0},
    {"to", FIELD_TO, "to", 0},
    {"limit", FIELD_TEXT, "limit", 0},
    FIELDS_END,
};

static const struct call_field usage_query[] = {
    {"from", FIELD_FROM, "from", 0},
    {"to", FIELD_TO, "to", 0},
    {"from", FIELD_FROM, "day", 0},
    {"to", FIELD_TO, "day", 0},
    {"to", FIELD_DAY, "for", 0},
    {"from", FIELD_FROM, "for", 0},
    {"limit", FIELD_TEXT, "limit", 0},
    {"user", FIELD_TEXT, "user", 0},
    {"content", FIELD_TEXT, "content", 0},
    {"about", FIELD_TEXT, "about", 0},
    FIELDS_END,
};

static const struct call log_usage = {
    .method = "GET", .path = TENANT_PATH "/log/usage", .query = usage_query, .text = true};
static const struct call_field erase_fields[] = {{"Person", FIELD_OPERAND, NULL, 0}, FIELDS_END};
static const struct call log_erase = {.method = "POST",
    .path = TENANT_PATH "/log/erase",
    .fields = erase_fields,
    .confirm = "Erase this person from the usage log? It cannot be undone."};
static const struct call_field trim_fields[] = {
    {"Before", FIELD_FROM, "before", 0}, {"Admin", FIELD_TRUE, "admin", 0}, FIELDS_END};
static const char *const trim_needed[] = {"before", NULL};
static const struct call log_trim = {.method = "POST",
    .path = TENANT_PATH "/log/trim",
    .fields = trim_fields,
    .needed = trim_needed,
    .confirm = "Delete these rows of the log? It cannot be undone."};

static const struct option_row keep_options[] = {
    NUMBER("usage-log", "days that the usage log is kept (90 to 36500; at first 365)", 90, 36500),
    NUMBER(
        "admin-log", "days that the log of administration is kept (90 to 36500; at first 1095)", 90, 36500),
    NUMBER("access",
        "days for which tracking shows who opened a document, at most as long as the usage log is kept "
        "(1 to 36500; at first 365)",
        1, 36500),
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct call_field keep_fields[] = {
    {"UsageLogDays", FIELD_NUMBER, "usage-log", 0},
    {"AdminLogDays", FIELD_NUMBER, "admin-log", 0},
    {"AccessDays", FIELD_NUMBER, "access", 0},
    FIELDS_END,
};
static const struct call retention_show = {.method = "GET", .path = TENANT_PATH "/retention"};
static const struct call retention_set = {.method = "POST",
    .path = TENANT_PATH "/retention",
    .fields = keep_fields,
    .changes = true,
    .confirm = "What is older is deleted within the hour. Go on?"};
static const struct verb retention_verbs[] = {
    ADMIN_VERB("show", "Show how many days are kept", NULL, 0, 0, admin_read_options, retention_show,
        "  rms admin log retention show"),
    ADMIN_VERB("set", "Choose how many days are kept", NULL, 0, 0, keep_options, retention_set,
        "  rms admin log retention set --usage-log 730 --access 180 --force"),
    VERBS_END,
};

static const struct call log_admin = {
    .method = "GET", .path = TENANT_PATH "/log/admin", .query = range_query, .text = true};

/* --- printing --------------------------------------------------------------------------------------------
 */

/* Local midnight is seldom midnight in UTC, which the rows are in: which hours were meant is said (S-190). */
static void tell_day(const json_t *query)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(256);

    rms_buf_printf(&text, _("rows from %s to %s"), rms_json_str(query, "from"), rms_json_str(query, "to"));
    output_note(NULL, rms_buf_text(&text));
}

static int print_log(const struct arguments *arguments, const struct call *call)
{
    struct rms_buf RMS_BUF_CLEANUP url = RMS_BUF_INIT(URL_MAX);
    struct rms_buf RMS_BUF_CLEANUP reply = RMS_BUF_INIT(REPLY_MAX);
    json_t *RMS_JSON_CLEANUP query = json_object();
    struct admin_request request = {.arguments = arguments, .method = call->method};
    struct log_format format;
    long http = 0;
    int code = log_format_open(arguments, &format);

    request.text = format.text;
    code = code == 0 ? admin_query(arguments, call, query) : code;
    if (code > 0) {
        return code;
    }
    if (format.filter_count > 0) { /* the service knows nothing of them: it gives all rows */
        long limit = 0;

        (void)argument_number(arguments, "limit", &limit);
        format.limit = (size_t)limit;
        (void)json_object_del(query, "limit");
    }
    if (argument_flag(arguments, "for") && !output_quiet()) {
        tell_day(query);
    }
    code = admin_url(arguments, call->path, query, &url);
    if (code == 0) {
        request.url = rms_buf_text(&url);
        code = admin_perform(&request, &reply, &http);
    }
    if (code < 0) {
        return admin_unreachable(arguments, code);
    }
    if (http != HTTP_OK) {
        return admin_refused(&reply);
    }
    return log_format_print(&format, &reply);
}

/* --- into files ------------------------------------------------------------------------------------------
 */

struct day {
    const struct arguments *arguments;
    char date[RMS_TIME_TEXT]; /* YYYY-MM-DD */
    int code;
    struct rms_buf reply; /* what went wrong, when the service said so */
    long http;
};

static int fetch_day(struct day *day)
{
    struct rms_buf RMS_BUF_CLEANUP url = RMS_BUF_INIT(URL_MAX);
    json_t *RMS_JSON_CLEANUP query = json_pack("{s:s,s:s}", "from", day->date, "to", day->date);
    struct admin_request request = {.arguments = day->arguments, .method = "GET", .text = true};
    char path[4096];

    RMS_TRY(admin_url(day->arguments, log_usage.path, query, &url));
    request.url = rms_buf_text(&url);
    RMS_TRY(admin_perform(&request, &day->reply, &day->http));
    if (day->http != HTTP_OK) {
        return RMS_E_INTERNAL;
    }
    if ((size_t)snprintf(path, sizeof path, "%s/rmslog-%s.log", argument_text(day->arguments, "path"),
            day->date) >= sizeof path) {
        return RMS_E_NAME_TOO_LONG;
    }
    if (argument_flag(day->arguments, "force")) {
        return rms_file_write(path, rms_buf_view(&day->reply), 0600);
    }
    struct rms_file_output output;
    RMS_TRY(rms_file_output_open(&output, path));
    day->code = rms_fd_write_all(output.fd, day->reply.data, day->reply.len);
    if (day->code < 0) {
        rms_file_output_abort(&output);
        return day->code;
    }
    return rms_file_output_commit(&output, false);
}

static void run_day(void *state, void *argument)
{
    struct day *day = argument;

    (void)state;
    day->code = fetch_day(day);
}

static int report_day(const struct day *day)
{
    char name[64];

    (void)snprintf(name, sizeof name, "rmslog-%s.log", day->date);
    if (day->code == 0) {
        if (!output_quiet()) {
            print_line(stdout, name);
        }
        return EXIT_DONE;
    }
    return day->http != 0 && day->http != HTTP_OK ? admin_refused(&day->reply)
                                                  : output_error(NULL, name, day->code);
}

/* UTC days: YYYY-MM-DD. */
static int read_day(const struct arguments *arguments, const char *option, int64_t *day_out)
{
    const char *text = argument_text(arguments, option);
    char full[64];

    if (text == NULL) {
        *day_out = rms_clock_now() / RMS_DAY_S;
        return 0;
    }
    (void)snprintf(full, sizeof full, "%sT00:00", text);
    if (strlen(text) != 10 || rms_time_parse(rms_view_str(full), day_out) < 0) {
        return usage_error(
            arguments, _("with --path, --%s takes a UTC day: YYYY-MM-DD; not \"%s\""), option, text);
    }
    *day_out /= RMS_DAY_S;
    return 0;
}

static int fetch_days(const struct arguments *arguments, struct day *days, size_t count)
{
    long threads = 3;
    struct rms_pool_options options = {.name = "rms-log", .capacity = THREADS_MAX, .job = run_day};
    struct rms_pool *pool = NULL;
    int code;

    (void)argument_number(arguments, "threads", &threads);
    options.threads = (size_t)threads;
    code = rms_pool_new(&options, &pool);
    if (code < 0) {
        return output_error(NULL, NULL, code);
    }
    for (size_t i = 0; i < count; i++) {
        rms_pool_submit_wait(pool, &days[i]);
    }
    rms_pool_free(&pool);
    code = EXIT_DONE;
    for (size_t i = 0; i < count; i++) {
        int status = report_day(&days[i]);

        code = code == EXIT_DONE ? status : code;
    }
    return code;
}

static int download(const struct arguments *arguments)
{
    static struct day days[DAYS_MAX]; /* process state: one download */
    int64_t first = 0;
    int64_t last = 0;
    size_t count;
    int status;

    bool one = argument_flag(arguments, "for");

    if (!one && argument_text(arguments, "from") == NULL) {
        return usage_error(arguments, _("--path needs --from or --for"));
    }
    status = read_day(arguments, one ? "for" : "from", &first);
    status = status == 0 ? read_day(arguments, one ? "for" : "to", &last) : status;
    if (status != 0) {
        return status;
    }
    if (last < first || last - first >= DAYS_MAX) {
        return usage_error(arguments, _("--from to --to are 1 to %d days"), DAYS_MAX);
    }
    count = (size_t)(last - first) + 1;
    for (size_t i = 0; i < count; i++) {
        days[i] = (struct day){.arguments = arguments, .reply = RMS_BUF_INIT(REPLY_MAX)};
        rms_time_iso((first + (int64_t)i) * RMS_DAY_S, days[i].date);
        days[i].date[10] = 0;
    }
    status = rms_dir_make(argument_text(arguments, "path"), 0700);
    status = status < 0 ? output_error(NULL, argument_text(arguments, "path"), status)
                        : fetch_days(arguments, days, count);
    for (size_t i = 0; i < count; i++) {
        rms_buf_fini(&days[i].reply);
    }
    return status;
}

int admin_run_log(struct arguments *arguments)
{
    const struct call *call = argument_verb(arguments)->data;

    if (argument_flag(arguments, "for") &&
        (argument_flag(arguments, "from") || argument_flag(arguments, "to") ||
            argument_flag(arguments, "day"))) {
        return usage_error(arguments, _("--for goes without --from, --to and --day"));
    }
    if (argument_flag(arguments, "path") &&
        (argument_flag(arguments, "where") || argument_flag(arguments, "format"))) {
        return usage_error(arguments, _("--path goes without --where and --format"));
    }
    if (argument_flag(arguments, "path")) {
        return download(arguments);
    }
    if (argument_flag(arguments, "threads")) {
        return usage_error(arguments, _("--threads goes with --path"));
    }
    return print_log(arguments, call);
}

/* --- of the original's log service ------------------------------------------------------------------------
 */

static const struct call_field on_fields[] = {{"State", FIELD_CONSTANT, "Enabled", 0}, FIELDS_END};
static const struct call_field off_fields[] = {{"State", FIELD_CONSTANT, "Disabled", 0}, FIELDS_END};
static const struct call_field storage_fields[] = {{"Account", FIELD_OPERAND, NULL, 0}, FIELDS_END};
static const struct call feature_status = {.method = "GET", .path = TENANT_PATH "/log/feature", .text = true};
static const struct call feature_enable = {.method = "POST",
    .path = TENANT_PATH "/log/feature",
    .fields = on_fields,
    .done = "The usage log is always on: this has no effect."};
static const struct call feature_disable = {.method = "POST",
    .path = TENANT_PATH "/log/feature",
    .fields = off_fields,
    .done = "The usage log is always on: this has no effect.",
    .confirm = "The usage log is always on: this has no effect. Go on?"};
static const struct call storage_show = {.method = "GET", .path = TENANT_PATH "/log/storage", .text = true};
static const struct call storage_set = {.method = "POST",
    .path = TENANT_PATH "/log/storage",
    .fields = storage_fields,
    .done = "The usage log is in the service's database: this has no effect. rmsd.conf(5) hands it on."};
static const struct call last_number = {
    .method = "GET", .path = TENANT_PATH "/log/last-number", .text = true};

static const struct verb feature_verbs[] = {
    ADMIN_VERB("status", "Print that the usage log is always on", NULL, 0, 0, admin_read_options,
        feature_status, "  rms admin log feature status"),
    ADMIN_VERB("enable", "No effect: it is always on", NULL, 0, 0, admin_change_options, feature_enable,
        "  rms admin log feature enable"),
    ADMIN_VERB("disable", "No effect: it is always on", NULL, 0, 0, admin_change_options, feature_disable,
        "  rms admin log feature disable --force"),
    VERBS_END,
};
static const struct verb storage_verbs[] = {
    ADMIN_VERB("show", "Print where the usage log is kept", NULL, 0, 0, admin_read_options, storage_show,
        "  rms admin log storage show"),
    ADMIN_VERB("set", "No effect: it is in the service's database", "ACCOUNT", 1, 1, admin_change_options,
        storage_set, "  rms admin log storage set contosologs"),
    VERBS_END,
};

static const struct option_row old_options[] = {
    TEXT("path", "DIR", "where the files are (needed)"),
    NUMBER("from-counter", "number of the first file (needed)", 0, 2147483647),
    NUMBER("to-counter", "number of the last file (needed)", 0, 2147483647),
    OPTIONS_END,
};

const struct verb admin_log_verbs[] = {
    {
        .name = "usage",
        .summary = "Print the usage log",
        .details = "W3C extended format, tab-separated, times in UTC; with --json one object a line.",
        .examples =
            "  rms admin log usage --limit 20\n"
            "  rms admin log usage --from 2030-01-01 --to 2030-01-31 --json\n"
            "  rms admin log usage --where user-id=bob@contoso.test --where result!=Success --format csv\n"
            "  rms admin log usage --from 2026-01-01 --to 2026-01-31 --path logs",
        .options = usage_options,
        .run = admin_run_log,
        .data = &log_usage,
    },
    {
        .name = "admin",
        .summary = "Print the log of administration",
        .details =
            "Time, actor, command, Passed or Failed, result; reads are logged too, secrets are masked.",
        .examples = "  rms admin log admin --from 2030-01-31",
        .options = admin_options,
        .run = admin_run_log,
        .data = &log_admin,
    },
    {
        .name = "verify",
        .summary = "Check that a log is complete and unchanged",
        .details =
            "Every row carries a hash over its fields and the row before; the end is signed. Names the first "
            "row\n"
            "that was edited, deleted or inserted. \"End\" is the newest row and its hash: noted elsewhere\n"
            "and given with --expect later, it also shows a log that was put back to an earlier state.\n"
            "Exit status 1 when something is wrong.",
        .examples = "  rms admin log verify\n"
                    "  rms admin log verify --admin\n"
                    "  rms admin log verify --json | jq -r .End",
        .options = verify_options,
        .run = admin_run_log_verify,
    },
    {
        .name = "export",
        .summary = "Write the usage log to standard output, whatever its size",
        .details = "W3C extended format, JSON lines, CSV or syslog messages, oldest row first. Asks the "
                   "service piece by piece.",
        .examples = "  rms admin log export --from 2030-01-01 --to 2030-12-31 --format jsonl | gzip > log.gz",
        .options = export_options,
        .run = admin_run_log_export,
    },
    ADMIN_GROUP("feature", "The original's switch of the usage log", feature_verbs),
    ADMIN_GROUP("storage", "The original's account for the usage log", storage_verbs),
    {
        .name = "import-old",
        .summary = "Print old files of the original's usage log, in the order of their numbers",
        .details = "Reads files whose names begin with a number, as the original's cmdlet downloaded them.\n"
                   "The service's own log is not touched.",
        .examples = "  rms admin log import-old --path old-logs --from-counter 1024 --to-counter 2047",
        .options = old_options,
        .run = admin_run_log_old,
    },
    ADMIN_VERB("last-number", "Print the number of the newest row", NULL, 0, 0, admin_read_options,
        last_number, "  rms admin log last-number"),
    ADMIN_VERB("erase", "Put a pseudonym in place of a person in the usage log", "ADDRESS", 1, 1,
        admin_change_options, log_erase, "  rms admin log erase bob@contoso.test"),
    ADMIN_VERB("trim", "Delete old rows of a log", NULL, 0, 0, trim_options, log_trim,
        "  rms admin log trim --before 2024-01-01\n"
        "  rms admin log trim --admin --before 2024-01-01"),
    ADMIN_GROUP("retention", "How long the logs are kept", retention_verbs),
    VERBS_END,
};
