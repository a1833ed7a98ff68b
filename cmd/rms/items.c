#include "cmd/rms/items.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/log.h"
#include "cmd/rms/itemlog.h"
#include "cmd/rms/output.h"
#include "cmd/rms/session.h"

enum outcome_state { PENDING, UNTOUCHED, SUCCESS, SKIPPED, FAILED, STATES };

/* Result of one item, kept until the items before it are reported. */
struct outcome {
    enum outcome_state state;
    struct failure failure; /* code 0 when done */
    const char *output;
    const char *content_id;
    struct member *members, **next; /* of an archive, in their order */
};

/* What became of a protected file inside an archive. */
struct member {
    struct member *next;
    const char *path; /* of the archive, and its name in there */
    struct outcome outcome;
};

struct run {
    const struct arguments *arguments;
    struct items_work *work;
    struct item_list list;
    struct outcome *outcomes; /* one for each item */
    size_t *at;               /* item of each path of the batch */
    const char **paths;
    const char **outputs;
    size_t path_count;
    size_t reported; /* items before this are reported */
    size_t counts[STATES];
    bool members;    /* some archive had any */
    int failed_exit; /* exit status of the failures; EXIT_REFUSED when they differ */
    bool named;      /* -o FILE: the result is asked for by name */
    bool stop;
    struct item_log log;
};

static const char *const words[STATES] = {"Pending", "Untouched", "Success", "Skipped", "Failed"};

/* --- reporting -------------------------------------------------------------------------------------------
 */

static void report_json(const struct run *run, const char *path, const struct outcome *outcome)
{
    const struct failure *failure = &outcome->failure;
    const struct rms_error_info *info = rms_error_info(failure->code);
    json_t *object = json_object();

    json_object_set_new(object, "FileName", text_json(path));
    json_object_set_new(object, "Status", json_string(words[outcome->state]));
    json_object_set_new(object, "Reason", failure->code < 0 ? json_string(info->reason) : json_null());
    json_object_set_new(object, "Comment",
        text_json(failure->code == 0                                   ? ""
                  : failure->detail != NULL && failure->detail[0] != 0 ? failure->detail
                                                                       : info->text));
    json_object_set_new(object, "InputFile", text_json(path));
    if (run->work->result_member != NULL) {
        json_object_set_new(object, run->work->result_member, text_json(outcome->output));
    }
    json_object_set_new(object, "OutputFile", text_json(outcome->output));
    json_object_set_new(object, "ContentId", text_json(outcome->content_id));
    if (failure->referrer != NULL && failure->referrer[0] != 0) {
        json_object_set_new(object, "Referrer", text_json(failure->referrer));
    }
    if (failure->correlation != NULL && failure->correlation[0] != 0) {
        json_object_set_new(object, "CorrelationId", text_json(failure->correlation));
    }
    output_object(object);
}

static void report_done(const struct item *item, const struct outcome *outcome)
{
    struct rms_buf RMS_BUF_CLEANUP line = RMS_BUF_INIT(16384);

    if (output_quiet()) {
        return;
    }
    safe_text(&line, item->path);
    if (outcome->output != NULL) {
        rms_buf_append_str(&line, " -> ");
        safe_text(&line, outcome->output);
    }
    puts(rms_buf_text(&line));
}

/* Other names of the same file keep the clear content: replacing one link does not reach them (C-053). */
static void warn_links(const struct run *run, const struct item *item)
{
    if (item->links > 1 && run->work->options.in_place && run->work->policy != NULL) {
        output_note(item->path, _("warning: the file has other hard links, and they stay as they were"));
    }
}

/* path: of an item, or of a member in one. */
static void report_outcome(struct run *run, const char *path, const struct outcome *outcome)
{
    const struct item_log_row row = {.path = path,
        .action = words[outcome->state],
        .reason = outcome->failure.code < 0 ? rms_error_info(outcome->failure.code)->reason : "",
        .detail = outcome->failure.detail};

    item_log_write(&run->log, &row);
    rms_log(RMS_LOG_DEBUG, "rms.item", "file", path, "status", row.action, "reason", row.reason, "content-id",
        outcome->content_id, NULL);
    if (outcome->state == FAILED) {
        output_failure(path, &outcome->failure);
    } else if (outcome->state == SKIPPED) {
        output_skipped(path, &outcome->failure);
    }
    if (output_json()) {
        report_json(run, path, outcome);
    }
}

static void report(struct run *run, size_t i)
{
    const struct item *item = &run->list.items[i];
    const struct outcome *outcome = &run->outcomes[i];

    if (outcome->state == UNTOUCHED) {
        return;
    }
    for (const struct member *member = outcome->members; member != NULL; member = member->next) {
        report_outcome(run, member->path, &member->outcome);
    }
    if (outcome->state == SUCCESS) {
        warn_links(run, item);
    }
    report_outcome(run, item->path, outcome);
    if (outcome->state == SUCCESS && !output_json()) {
        report_done(item, outcome);
    }
}

/* Reports what is finished, as far as nothing before it is pending. */
static void report_ready(struct run *run)
{
    for (; run->reported < run->list.count && run->outcomes[run->reported].state != PENDING;
         run->reported++) {
        report(run, run->reported);
    }
}

/* --- results ---------------------------------------------------------------------------------------------
 */

static void count(struct run *run, const struct outcome *outcome)
{
    int exit_status = rms_error_info(outcome->failure.code)->exit_status;

    /* a name that is taken fails the item (C-043); 5 is for what the service refuses to have twice */
    exit_status = exit_status == EXIT_CONFLICT ? EXIT_REFUSED : exit_status;

    if (outcome->state == FAILED) {
        bool first = run->counts[FAILED] == 0;

        run->failed_exit = first || run->failed_exit == exit_status ? exit_status : EXIT_REFUSED;
    }
    run->counts[outcome->state]++;
}

static const char *keep(struct run *run, const char *text)
{
    return text != NULL && text[0] != 0 ? rms_arena_strdup(run->list.arena, text) : NULL;
}

/* What the library has to say about the file just tried. */
static void keep_report(struct run *run, struct failure *failure)
{
    const struct rms_context *context = run->work->context;

    if (context != NULL) {
        failure->detail = keep(run, rms_last_detail(context));
        failure->referrer = keep(run, rms_last_referrer(context));
        failure->correlation = keep(run, rms_last_correlation_id(context));
    }
}

static bool passed_over(const struct items_work *work, int code)
{
    return code < 0 && (code == work->passed_over[0] || code == work->passed_over[1]);
}

static void record(struct run *run, size_t i, int code, const struct rms_file_result *result)
{
    struct outcome *outcome = &run->outcomes[i];
    bool skipped =
        (result != NULL && result->skipped) || (run->list.items[i].found && passed_over(run->work, code));

    outcome->failure.code = code;
    if (code == RMS_E_CANCELLED && was_interrupted()) {
        outcome->state = UNTOUCHED;
    } else if (code < 0 || skipped) {
        /* a result asked for by name and not made is a failure */
        outcome->state = skipped && !run->named ? SKIPPED : FAILED;
        keep_report(run, &outcome->failure);
    } else {
        outcome->state = SUCCESS;
    }
    if (result != NULL && outcome->state == SUCCESS) {
        outcome->output = keep(run, result->output);
        outcome->content_id = keep(run, result->content_id);
    }
    count(run, outcome);
}

/* A failure in an archive counts as one, a success belongs to the archive's own. */
static void record_member(struct run *run, size_t i, const struct rms_member *about)
{
    struct outcome *outcome = &run->outcomes[i];
    struct member *member = rms_arena_alloc(run->list.arena, sizeof *member);

    run->members = true;
    if (member == NULL) { /* counted, not told */
        run->counts[FAILED] += about->code != 0;
        return;
    }
    member->path = rms_arena_printf(run->list.arena, "%s/%s", run->list.items[i].path, about->name);
    member->outcome = (struct outcome){.state = about->code != 0 ? FAILED : SUCCESS,
        .failure = {.code = about->code, .detail = keep(run, about->detail)},
        .content_id = keep(run, about->content_id)};
    if (member->path == NULL) {
        member->path = run->list.items[i].path;
    }
    outcome->next = outcome->members == NULL ? &outcome->members : outcome->next;
    *outcome->next = member;
    outcome->next = &member->next;
    if (about->code != 0) {
        count(run, &member->outcome);
    }
}

/* What the walk found unfit is finished already. */
static void record_refused(struct run *run, size_t i)
{
    const struct item *item = &run->list.items[i];
    struct outcome *outcome = &run->outcomes[i];

    outcome->state = item->skipped && !run->named ? SKIPPED : FAILED;
    outcome->failure = (struct failure){.code = item->code, .detail = item->comment};
    count(run, outcome);
}

/* --- working ---------------------------------------------------------------------------------------------
 */

static int prepare(struct run *run)
{
    size_t n = run->list.count;

    if (n == 0) {
        return 0;
    }
    run->outcomes = rms_arena_array(run->list.arena, n, sizeof *run->outcomes);
    run->at = rms_arena_array(run->list.arena, n, sizeof *run->at);
    run->paths = rms_arena_array(run->list.arena, n, sizeof *run->paths);
    run->outputs = rms_arena_array(run->list.arena, n, sizeof *run->outputs);
    if (run->outcomes == NULL || run->at == NULL || run->paths == NULL || run->outputs == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < n; i++) {
        const struct item *item = &run->list.items[i];

        if (item->code < 0) {
            record_refused(run, i);
            if (run->stop && run->outcomes[i].state == FAILED) {
                break; /* nothing behind it is begun */
            }
            continue;
        }
        run->at[run->path_count] = i;
        run->outputs[run->path_count] = item->target;
        run->paths[run->path_count++] = item->path;
    }
    return 0;
}

static int finished(void *user_data, size_t index, int code, const struct rms_file_result *result)
{
    struct run *run = user_data;
    size_t i = run->at[index];

    record(run, i, code, result);
    report_ready(run);
    progress_show(
        run->work->name, run->counts[SUCCESS] + run->counts[FAILED] + run->counts[SKIPPED], run->list.count);
    return (run->stop && run->outcomes[i].state == FAILED) || was_interrupted();
}

static void member_finished(void *user_data, size_t index, const struct rms_member *member)
{
    struct run *run = user_data;

    record_member(run, run->at[index], member);
}

static int show_bytes(void *user_data, uint64_t done, uint64_t total)
{
    const struct run *run = user_data;

    progress_show(run->work->name, done, total);
    return was_interrupted();
}

static int work_on_one(struct run *run)
{
    struct rms_file_options options = run->work->options;
    struct rms_file_result result = {.skipped = false};
    int code;

    options.progress = show_bytes;
    options.user_data = run;
    if (run->outputs[0] != NULL) {
        options.output = run->outputs[0];
    }
    code = run->work->one(run->work, run->paths[0], &options, &result);
    record(run, run->at[0], code, &result);
    report_ready(run);
    return code == RMS_E_CANCELLED ? code : 0;
}

static int work_on_all(struct run *run)
{
    struct rms_file_options options = run->work->options;

    report_ready(run);
    if (run->path_count == 0) {
        return 0;
    }
    if (run->path_count == 1) {
        return work_on_one(run);
    }
    if (argument_text(run->arguments, "out") != NULL) {
        options.outputs = run->outputs;
    }
    return run->work->many(run->work, run->paths, run->path_count, &options, finished, run);
}

/* What was begun before and after a stop is reported; the rest is only counted. */
static size_t give_up_rest(struct run *run)
{
    size_t rest = 0;

    for (size_t i = 0; i < run->list.count; i++) {
        if (run->outcomes[i].state == PENDING) {
            run->outcomes[i].state = UNTOUCHED;
        }
        rest += run->outcomes[i].state == UNTOUCHED;
    }
    report_ready(run);
    return rest;
}

/* --- summary and exit status -----------------------------------------------------------------------------
 */

static void summarise(const struct run *run, size_t rest)
{
    if (output_json()) {
        output_object(json_pack("{s:{s:I,s:I,s:I,s:I}}", "Summary", "Success",
            (json_int_t)run->counts[SUCCESS], "Skipped", (json_int_t)run->counts[SKIPPED], "Failed",
            (json_int_t)run->counts[FAILED], "Untouched", (json_int_t)rest));
    } else if (!output_quiet()) {
        printf(_("%zu done, %zu skipped, %zu failed"), run->counts[SUCCESS], run->counts[SKIPPED],
            run->counts[FAILED]);
        printf(rest > 0 ? _(", %zu not tried\n") : "\n", rest);
    }
}

/* Service-requirements 0.2. One item speaks for itself; many that all failed because nobody is signed in or
 * the service is away say so. */
static int exit_status(const struct run *run, size_t rest)
{
    bool all = run->counts[SUCCESS] + run->counts[SKIPPED] == 0 && rest == 0;

    if (run->counts[FAILED] > 0) {
        bool same = run->failed_exit == EXIT_SIGN_IN || run->failed_exit == EXIT_UNREACHABLE;

        return run->list.count == 1 || (all && same) ? run->failed_exit : EXIT_REFUSED;
    }
    if (rest > 0) {
        return EXIT_REFUSED;
    }
    return run->counts[SKIPPED] > 0 ? EXIT_SKIPPED : EXIT_DONE;
}

static int finish(struct run *run, int code)
{
    size_t rest = give_up_rest(run);
    char detail[64];

    progress_end();
    if (was_interrupted()) {
        (void)snprintf(detail, sizeof detail, _("%zu files were not touched"), rest);
        output_failure(NULL, &(struct failure){.code = RMS_E_CANCELLED, .detail = detail});
        rest = rest > 0 ? rest : 1;
    } else if (code < 0 && code != RMS_E_CANCELLED) {
        int status = output_error(run->work->context, NULL, code);

        return run->counts[SUCCESS] > 0 ? EXIT_REFUSED : status;
    }
    if (run->list.count != 1 || run->list.folders || run->members) {
        summarise(run, rest);
    }
    return exit_status(run, rest);
}

/* --- the whole -------------------------------------------------------------------------------------------
 */

int items_check(const struct arguments *arguments)
{
    static const char *const places[] = {"in-place", "output", NULL};
    static const char *const named[] = {"out", "output", NULL};
    size_t operands;

    (void)argument_operands(arguments, &operands);
    if (argument_count_of(arguments, places) > 1 || argument_count_of(arguments, named) > 1) {
        return usage_error(arguments, _("--output goes with neither --in-place nor --out"));
    }
    if (argument_flag(arguments, "output") &&
        (operands > 1 || argument_flag(arguments, "stdin0") || argument_flag(arguments, "retry"))) {
        return usage_error(arguments, _("--output names one result: give one file, or --out DIR"));
    }
    return walk_check(arguments);
}

struct retry {
    struct item_list *list;
    const struct walk_options *options;
};

/* The archive whose member a row of the log is about: the longest beginning of the path that is a file. */
static const char *archive_of(struct rms_arena *arena, const char *path)
{
    char *shorter = rms_arena_strdup(arena, path);
    struct stat info;
    char *slash;

    while (shorter != NULL && lstat(shorter, &info) != 0 && (errno == ENOTDIR || errno == ENAMETOOLONG) &&
           (slash = strrchr(shorter, '/')) != NULL && slash != shorter) {
        *slash = 0;
    }
    return shorter;
}

/* Rows of one archive stand together: it is tried once. */
static int retry_one(void *user_data, const char *file)
{
    const struct retry *retry = user_data;
    struct item_list *list = retry->list;
    const char *path = archive_of(list->arena, file);

    if (path == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (list->count > 0 && strcmp(list->items[list->count - 1].path, path) == 0) {
        return 0;
    }
    return walk_path(list, retry->options, path);
}

/* Everything that is an error of usage is found here, before a file is touched. */
static int collect(struct run *run)
{
    const struct arguments *arguments = run->arguments;
    const struct walk_options options = {
        .recursive = argument_flag(arguments, "recursive") || run->work->recursive,
        .follow = argument_flag(arguments, "follow"),
        .directory = argument_text(arguments, "out")};
    struct retry retry = {&run->list, &options};
    const char *failures = argument_text(arguments, "retry");
    const char *base = argument_text(arguments, "log");
    int status = walk_arguments(arguments, &options, &run->list);
    int code = 0;

    if (status == 0 && failures != NULL) {
        code = item_log_read(failures, retry_one, &retry);
        if (code < 0) {
            (void)output_error(NULL, failures, code);
            return EXIT_USAGE;
        }
    }
    if (status == 0 && run->named && (run->list.folders || run->list.count > 1)) {
        return usage_error(arguments, _("--output names one result: give one file, or --out DIR"));
    }
    if (status == 0 && base != NULL) {
        code = item_log_open(&run->log, base);
        if (code < 0) {
            (void)output_error(NULL, base, code);
            return EXIT_USAGE;
        }
    }
    return status;
}

int items_run(const struct arguments *arguments, struct items_work *work)
{
    struct run run = {.arguments = arguments,
        .work = work,
        .named = argument_flag(arguments, "output"),
        .stop = argument_flag(arguments, "stop")};
    int status;

    work->options.size = sizeof work->options;
    work->options.output = argument_text(arguments, "output");
    /* an output folder wins over in-place (section 7.1) */
    work->options.in_place = argument_flag(arguments, "in-place") && !argument_flag(arguments, "out");
    work->options.preserve_times = argument_flag(arguments, "preserve");
    work->options.member = member_finished;
    work->options.user_data = &run;
    status = collect(&run);
    if (status == 0) {
        int code = prepare(&run);

        if (code == 0) {
            code = work_on_all(&run);
        } else {
            run.list.count = 0;
        }
        status = finish(&run, code);
    }
    if (item_log_close(&run.log) < 0) {
        status = output_error(NULL, argument_text(arguments, "log"), RMS_E_IO);
    }
    item_list_free(&run.list);
    return status;
}

/* --- only looking ----------------------------------------------------------------------------------------
 */

int items_refuse(const struct rms_context *context, const struct item *item, int code)
{
    const struct rms_error_info *info = rms_error_info(code);
    const struct failure failure = {.code = code, .detail = item->comment};

    if (output_json()) {
        output_object(json_pack("{s:o,s:s,s:s,s:s}", "FileName", text_json(item->path), "Status",
            item->skipped ? "Skipped" : "Failed", "Reason", info->reason, "Comment",
            item->comment != NULL ? item->comment : info->text));
    }
    if (item->skipped) {
        output_skipped(item->path, &failure);
        return EXIT_SKIPPED;
    }
    if (item->code == 0) {
        return output_error(context, item->path, code);
    }
    output_failure(item->path, &failure);
    return info->exit_status;
}

int items_look(const struct arguments *arguments, bool recursive,
    int (*one)(void *user_data, const struct item *item), void *user_data)
{
    struct item_list ITEMS_CLEANUP list = {0};
    const struct walk_options walk = {
        .recursive = recursive, .follow = argument_flag(arguments, "follow"), .follow_named = true};
    int worst = walk_check(arguments);

    worst = worst == 0 ? walk_arguments(arguments, &walk, &list) : worst;
    if (worst != 0) {
        return worst;
    }
    for (size_t i = 0; i < list.count && !was_interrupted(); i++) {
        int status = one(user_data, &list.items[i]);

        if (status == EXIT_SKIPPED) {
            worst = worst == EXIT_DONE ? status : worst;
        } else if (status != EXIT_DONE) {
            worst = list.count == 1 ? status : EXIT_REFUSED;
        }
    }
    return was_interrupted() ? output_error(NULL, NULL, RMS_E_CANCELLED) : worst;
}
