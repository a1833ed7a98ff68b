/* rms open, view and cat */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/time.h"
#include "cmd/rms/handoff.h"
#include "cmd/rms/launch.h"
#include "cmd/rms/mail.h"
#include "cmd/rms/output.h"
#include "cmd/rms/session.h"

#define STEP     (256u << 10)
#define TEXT_MAX (16u << 20) /* of what is shown on a terminal */

static const struct option_row options[] = {
    NAMED_TEXT("output", 'o', "FILE", "write the clear content to a new file; - for standard output"),
    TEXT(
        "app", "COMMAND", "start this with the clear copy (default: what the desktop opens such files with)"),
    TEXT("save-attachments", "DIR", "of a mail: write its attachments into this folder"),
    OPTIONS_END,
};

/* Where one opening stands. */
struct opening {
    const struct arguments *arguments;
    struct rms_context *context;
    const char *path;
    struct rms_document *document;
    const struct rms_document_info *info;
};

static int fail(const struct opening *o, int code)
{
    return output_error(o->context, o->path, code);
}

/* --- rights ----------------------------------------------------------------------------------------------
 */

/* Clear bytes leave our hands only for who could have them anyway (C-094, S-090). */
static bool may_copy(const struct opening *o)
{
    return rms_document_may_unprotect(o->document);
}

static int refuse_copy(const struct opening *o)
{
    session_refused(o->context, o->document);
    output_failure(o->path, &(struct failure){.code = RMS_E_NO_RIGHTS,
                                .detail = _("you may view it; a clear copy needs EXPORT or OWNER"),
                                .referrer = o->info->referrer != NULL ? o->info->referrer : o->info->owner});
    return rms_error_info(RMS_E_NO_RIGHTS)->exit_status;
}

/* --- moving bytes ----------------------------------------------------------------------------------------
 */

static int copy_to(const struct opening *o, int fd)
{
    static uint8_t block[STEP]; /* process state: one document at a time */
    uint64_t size = 0;
    uint64_t offset = 0;
    int64_t got;

    RMS_TRY(rms_document_size(o->document, &size));
    while ((got = rms_document_read(o->document, offset, block, sizeof block)) > 0) {
        RMS_TRY(rms_fd_write_all(fd, block, (size_t)got));
        offset += (uint64_t)got;
        progress_show(_("opening"), offset, size);
    }
    rms_wipe(block, sizeof block);
    progress_end();
    if (got < 0) {
        return (int)got;
    }
    return offset == size ? 0 : RMS_E_DAMAGED;
}

static int to_file(const struct opening *o, const char *path)
{
    struct rms_file_output output;
    int code = rms_file_output_open(&output, path);

    if (code < 0) {
        return output_error(NULL, path, code);
    }
    code = copy_to(o, output.fd);
    if (code < 0) {
        rms_file_output_abort(&output);
        return fail(o, code);
    }
    code = rms_file_output_commit(&output, false);
    if (code < 0) {
        return output_error(NULL, path, code);
    }
    if (output_json()) {
        output_object(json_pack("{s:o,s:o,s:s}", "InputFile", text_json(o->path), "OutputFile",
            text_json(path), "Status", "Success"));
    } else if (!output_quiet()) {
        print_line(stdout, path);
    }
    return EXIT_DONE;
}

static int to_stdout(const struct opening *o)
{
    int code;

    fflush(stdout);
    code = copy_to(o, STDOUT_FILENO);
    if (code < 0 && errno == EPIPE) {
        return EXIT_REFUSED; /* who reads has enough, as in "| head" */
    }
    return code < 0 ? fail(o, code) : EXIT_DONE;
}

/* --- on the terminal -------------------------------------------------------------------------------------
 */

static bool is_text(const char *extension)
{
    static const char *const texts[] = {".txt", ".xml", ".csv", ".md", ".log", ".json", NULL};

    for (size_t i = 0; texts[i] != NULL; i++) {
        if (strcasecmp(texts[i], extension) == 0) {
            return true;
        }
    }
    return false;
}

static void print_banner(const struct opening *o)
{
    const struct rms_document_info *info = o->info;
    struct rms_buf RMS_BUF_CLEANUP line = RMS_BUF_INIT(65536);
    char until[RMS_TIME_TEXT];

    safe_text(&line, o->path);
    rms_buf_append_str(&line, _(": protected"));
    if (info->owner != NULL && info->owner[0] != 0) {
        rms_buf_append_str(&line, _(" by "));
        safe_text(&line, info->owner);
    }
    rms_buf_append_str(&line, _(". Your rights:"));
    for (const char *const *right = info->rights; right != NULL && *right != NULL; right++) {
        rms_buf_append_byte(&line, ' ');
        safe_text(&line, *right);
    }
    if (info->content_valid_until != RMS_NEVER) {
        rms_time_iso(info->content_valid_until, until);
        rms_buf_printf(&line, _(". Ends %s"), until);
    }
    fprintf(stderr, "%s\n", rms_buf_text(&line));
}

static int to_screen(const struct opening *o)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(TEXT_MAX + 1);
    uint64_t size = 0;
    uint8_t *place;
    int64_t got;
    int code = rms_document_size(o->document, &size);

    if (code == 0 && size > TEXT_MAX) {
        code = RMS_E_LIMIT;
    }
    if (code < 0) {
        return fail(o, code);
    }
    place = rms_buf_reserve(&text, (size_t)size + 1);
    if (place == NULL) {
        return output_error(NULL, o->path, RMS_E_NO_MEMORY);
    }
    got = rms_document_read(o->document, 0, place, (size_t)size);
    if (got < 0) {
        return fail(o, (int)got);
    }
    place[got] = 0;
    rms_buf_commit(&text, (size_t)got);
    print_lines(stdout, (char *)text.data);
    return EXIT_DONE;
}

/* --- in an application -----------------------------------------------------------------------------------
 */

/* The file's current name with the original extension (C-071): "b.pfile" holding a .txt is "b.txt". */
static void clear_name(const struct opening *o, char *name, size_t size)
{
    const char *slash = strrchr(o->path, '/');
    const char *base = slash != NULL ? slash + 1 : o->path;
    const char *extension = o->info->extension != NULL ? o->info->extension : "";
    const char *dot = strrchr(base, '.');
    size_t stem = dot != NULL && dot != base ? (size_t)(dot - base) : strlen(base);
    size_t len = strlen(extension);

    /* "a.txt.pfile": the stem ends with the extension already */
    if (stem > len && strncasecmp(base + stem - len, extension, len) == 0) {
        stem -= len;
    }
    (void)snprintf(name, size, "%.*s%s", (int)stem, base, extension);
}

static int run_application(const struct opening *o, const struct handoff *copy)
{
    const char *const opener[] = {"xdg-open", copy->file, NULL};
    const char *app = argument_text(o->arguments, "app");
    char line[16];
    int code;

    if (app != NULL) {
        code = launch_wait(app, copy->file);
        if (code > 0) {
            output_note(app, _("the application ended with an error"));
        }
        return code < 0 ? output_error(NULL, app, code) : code > 0 ? EXIT_REFUSED : EXIT_DONE;
    }
    code = launch_start(opener);
    if (code < 0) {
        return output_error(NULL, "xdg-open", code);
    }
    /* xdg-open does not wait for the application: the person says when the copy may go */
    fputs(_("Press Enter when you are done: the clear copy is then removed.\n"), stderr);
    return fgets(line, sizeof line, stdin) != NULL || feof(stdin) ? EXIT_DONE : EXIT_REFUSED;
}

static int to_application(const struct opening *o)
{
    struct handoff HANDOFF_CLEANUP copy = {.fd = -1};
    char name[512];
    int code;

    clear_name(o, name, sizeof name);
    code = handoff_open(&copy, name);
    if (code < 0) {
        return output_error(NULL, o->path, code);
    }
    code = copy_to(o, copy.fd);
    if (code == 0 && fchmod(copy.fd, 0400) != 0) {
        code = rms_error_from_errno(errno);
    }
    (void)close(copy.fd);
    copy.fd = -1;
    return code < 0 ? fail(o, code) : run_application(o, &copy);
}

/* --- the verbs -------------------------------------------------------------------------------------------
 */

/* A generic container enforces who opens, not what the application lets them do: people are told their
 * rights, and the application gets the file (C-046). Native kinds belong to viewers that enforce; without one
 * here, only who may copy gets more than the text on a terminal (C-045). */
static bool is_generic(const struct opening *o)
{
    struct rms_file_status status = {.protection = RMS_UNPROTECTED};

    return rms_file_status(o->context, o->path, &status) == 0 && status.protection == RMS_PROTECTED_GENERIC;
}

static int show(const struct opening *o)
{
    bool app = argument_flag(o->arguments, "app");
    bool terminal = isatty(STDOUT_FILENO);

    if (!app && terminal && is_text(o->info->extension != NULL ? o->info->extension : "")) {
        print_banner(o);
        return to_screen(o);
    }
    if (!may_copy(o) && !is_generic(o)) {
        return refuse_copy(o);
    }
    if (app || launch_has_desktop()) {
        print_banner(o);
        if (!may_copy(o)) {
            output_note(
                o->path, _("the application that shows it does not hold you to these rights; keep to them"));
        }
        return to_application(o);
    }
    if (!terminal) {
        return may_copy(o) ? to_stdout(o) : refuse_copy(o);
    }
    return usage_error(o->arguments, _("there is no desktop to open it with: give --app COMMAND or -o FILE"));
}

static int show_mail(const struct opening *o, const char *output)
{
    const struct mail_opening opening = {.context = o->context,
        .path = o->path,
        .document = o->document,
        .may_copy = may_copy(o),
        .folder = argument_text(o->arguments, "save-attachments"),
        .output = output};

    if (argument_flag(o->arguments, "app")) {
        return usage_error(o->arguments, _("--app is for documents; this is a mail"));
    }
    if (output == NULL && !output_json()) {
        print_banner(o);
    }
    return mail_show(&opening);
}

static int dispatch(const struct opening *o, const char *output)
{
    if (mail_is(o->document)) {
        return show_mail(o, output);
    }
    if (argument_flag(o->arguments, "save-attachments")) {
        return usage_error(o->arguments, _("--save-attachments is for mails"));
    }
    if (output == NULL) {
        return show(o);
    }
    if (!may_copy(o)) {
        return refuse_copy(o);
    }
    return strcmp(output, "-") == 0 ? to_stdout(o) : to_file(o, output);
}

static int open_and(struct arguments *arguments, const char *output)
{
    struct rms_context *CLOSE_CONTEXT context = NULL;
    size_t count;
    struct opening o = {.arguments = arguments, .path = argument_operands(arguments, &count)[0]};
    int status = open_signed_in(arguments, &context);
    int code;

    if (status != 0) {
        return status;
    }
    o.context = context;
    code = rms_document_open_file(context, o.path, &o.document);
    if (code < 0) {
        return fail(&o, code);
    }
    o.info = rms_document_info(o.document);
    status = dispatch(&o, output);
    rms_document_free(&o.document);
    return status;
}

static int run_open(struct arguments *arguments)
{
    const char *output = argument_text(arguments, "output");

    if (output != NULL && argument_flag(arguments, "app")) {
        return usage_error(arguments, _("give --output or --app"));
    }
    return open_and(arguments, output);
}

static int run_cat(struct arguments *arguments)
{
    return open_and(arguments, "-");
}

#define OPEN_DETAILS                                                                                         \
    "Asks the service for a licence unless a valid one is kept. A text is shown on the terminal with "       \
    "VIEW.\n"                                                                                                \
    "Other kinds are given to an application as a private copy that is removed afterwards. --output needs\n" \
    "the right EXPORT or OWNER; without it nothing is written. Of a mail the body is shown and the\n"        \
    "attachments are listed; those that are protected by themselves may be saved with VIEW."

const struct verb verb_open = {
    .name = "open",
    .summary = "Open a protected file",
    .operands = "FILE",
    .details = OPEN_DETAILS,
    .examples = "  rms open plan.ptxt\n"
                "  rms open budget.docx -o clear.docx\n"
                "  rms open chart.ppng --app feh\n"
                "  rms open sent.eml --save-attachments parts",
    .options = options,
    .operands_min = 1,
    .operands_max = 1,
    .run = run_open,
};

const struct verb verb_view = {
    .name = "view",
    .summary = "The same as open",
    .operands = "FILE",
    .details = OPEN_DETAILS,
    .examples = "  rms view plan.ptxt",
    .options = options,
    .operands_min = 1,
    .operands_max = 1,
    .run = run_open,
};

const struct verb verb_cat = {
    .name = "cat",
    .summary = "Write the clear content of a protected file to standard output",
    .operands = "FILE",
    .details = "The same as rms open --output -. Needs the right EXPORT or OWNER.",
    .examples = "  rms cat figures.csv.pfile | wc -l",
    .operands_min = 1,
    .operands_max = 1,
    .run = run_cat,
};
