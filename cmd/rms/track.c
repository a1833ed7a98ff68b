/* rms track */
#include "cmd/rms/track.h"

#include <unistd.h>

#include "base/json.h"
#include "cmd/rms/csv.h"
#include "cmd/rms/session.h"

/* --- showing ----------------------------------------------------------------------------------------------
 */

static const struct column document_columns[] = {{"NAME", "ContentName"}, {"CONTENT ID", "ContentId"},
    {"PROTECTED", "CreatedTime"}, {"REVOKED", "Revoked"}, {NULL, NULL}};
static const struct column document_csv[] = {{"", "ContentId"}, {"", "ContentName"}, {"", "Issuer"},
    {"", "Owner"}, {"", "CreatedTime"}, {"", "TemplateId"}, {"", "PreviousContentId"}, {"", "Revoked"},
    {"", "RevokedTime"}, {"", "RevokedBy"}, {NULL, NULL}};
static const struct column event_columns[] = {{"TIME", "RequestTime"}, {"WHO", "RequesterEmail"},
    {"OPENED", "Successful"}, {"WHY", "Result"}, {"RIGHT", "Right"}, {"FROM", "RequesterIp"},
    {"PLACE", "Place"}, {"OFFLINE UNTIL", "OfflineUntil"}, {"APPLICATION", "Application"}, {NULL, NULL}};

int track_show_list(const json_t *documents, bool csv)
{
    if (csv) {
        output_csv(documents, document_csv);
        return EXIT_DONE;
    }
    return output_list(json_incref((json_t *)documents), document_columns);
}

static void print_document(const json_t *document, const json_t *events)
{
    output_members(document);
    if (json_array_size(events) == 0) {
        puts(_("Nobody has asked for a licence yet."));
        return;
    }
    putchar('\n');
    output_table(events, event_columns);
    puts(_("Opening again within a licence that is kept for offline use does not show here."));
}

int track_show_document(json_t *document, json_t *events, bool csv)
{
    if (csv) {
        output_csv(events, event_columns);
    } else if (output_json()) {
        json_object_set(document, "Events", events);
        output_object(json_incref(document));
    } else {
        print_document(document, events);
    }
    return EXIT_DONE;
}

void track_print_holders(const json_t *document)
{
    const json_t *holder;
    size_t i;

    json_array_foreach(json_object_get(document, "OfflineLicenses"), i, holder)
    {
        struct rms_buf RMS_BUF_CLEANUP line = RMS_BUF_INIT(8192);
        const char *user = rms_json_str(holder, "User");
        const char *until = rms_json_str(holder, "Until");

        safe_text(&line, user != NULL ? user : "?");
        rms_buf_append_str(
            &line, until != NULL ? _(" may still open it offline until ") : _(" may still open it offline"));
        safe_text(&line, until != NULL ? until : "");
        printf("  %s\n", rms_buf_text(&line));
    }
    if (i == 0) {
        puts(_("  Nobody holds a licence that opens it offline."));
    }
}

void track_head_what_if(const struct arguments *arguments)
{
    if (argument_flag(arguments, "what-if") && !output_json()) {
        puts(_("Nothing was changed. Without --what-if:"));
    }
}

static void print_successors(const json_t *document)
{
    const json_t *id;
    size_t i;

    json_array_foreach(json_object_get(document, "Successors"), i, id)
    {
        printf(_("  Protected again as %s, which is a document of its own; --family takes it along.\n"),
            json_string_value(id));
    }
}

int track_show_change(const json_t *document, bool revoked)
{
    const char *name = rms_json_str(document, "ContentName");
    const char *id = rms_json_str(document, "ContentId");
    struct rms_buf RMS_BUF_CLEANUP line = RMS_BUF_INIT(8192);

    if (output_json()) {
        output_object(json_incref((json_t *)document));
        return EXIT_DONE;
    }
    if (output_quiet()) {
        return EXIT_DONE;
    }
    safe_text(&line, name != NULL ? name : id != NULL ? id : "");
    printf("%s: %s\n", rms_buf_text(&line),
        revoked ? _("revoked: only you and super users get a licence now") : _("restored: opens as before"));
    if (revoked) {
        track_print_holders(document);
        print_successors(document);
    }
    return EXIT_DONE;
}

/* --- asking librms ----------------------------------------------------------------------------------------
 */

int track_collect(void *user_data, const void *data, size_t len)
{
    rms_buf_append(user_data, data, len);
    return rms_buf_status(user_data);
}

int track_parse(const struct rms_buf *text, int code, json_t **json_out)
{
    return code == 0 ? rms_json_parse(rms_buf_view(text), json_out) : code;
}

/* --- track ------------------------------------------------------------------------------------------------
 */

static const struct option_row track_options[] = {
    FLAG("register", "make the file a tracked document, or give it another name"),
    TEXT("name", "NAME", "with --register: the name shown in lists (default: the file's)"),
    TEXT("search", "TEXT", "only documents with this in their name"),
    NOTIFY_OPTION,
    TEXT("delegate", "ADDRESS", "let this colleague follow the document"),
    FLAG("may-revoke", "with --delegate: and revoke it"),
    TEXT("undelegate", "ADDRESS", "end that"),
    TEXT("hand-over", "ADDRESS", "give it to this colleague, who owns it from now on"),
    FLAG("yes", "with --hand-over: do not ask"),
    FLAG("csv", "as CSV: the documents, or what happened to the one named"),
    WHAT_IF_OPTION,
    OPTIONS_END,
};

static int list(const struct arguments *arguments, struct rms_context *context)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(TRACK_REPLY_MAX);
    json_t RMS_JSON_CLEANUP *documents = NULL;
    int code = rms_track_documents(context, argument_text(arguments, "search"), track_collect, &text);

    code = track_parse(&text, code, &documents);
    return code < 0 ? output_error(context, NULL, code)
                    : track_show_list(documents, argument_flag(arguments, "csv"));
}

static int show(const struct arguments *arguments, struct rms_context *context, const char *what)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(TRACK_REPLY_MAX);
    struct rms_buf RMS_BUF_CLEANUP more = RMS_BUF_INIT(TRACK_REPLY_MAX);
    json_t RMS_JSON_CLEANUP *document = NULL;
    json_t RMS_JSON_CLEANUP *events = NULL;
    int code = track_parse(&text, rms_track_document(context, what, track_collect, &text), &document);

    if (code == 0) {
        code = track_parse(&more, rms_track_events(context, what, track_collect, &more), &events);
    }
    return code < 0 ? output_error(context, what, code)
                    : track_show_document(document, events, argument_flag(arguments, "csv"));
}

/* What would be there now; takes it. */
static int show_tried(const struct arguments *arguments, json_t *document)
{
    track_head_what_if(arguments);
    if (output_json()) {
        output_object(document);
    } else {
        output_members(document);
        json_decref(document);
    }
    return EXIT_DONE;
}

static int register_file(const struct arguments *arguments, struct rms_context *context, const char *path)
{
    int code = rms_track_register(context, path, argument_text(arguments, "name"));

    if (code < 0) {
        int status = output_error(context, path, code);

        return code == RMS_E_NOT_PROTECTED ? EXIT_USAGE : status; /* S-171: there is nothing to track */
    }
    if (argument_flag(arguments, "what-if")) {
        return show_tried(arguments, json_pack("{s:o,s:b}", "FileName", text_json(path), "Registered", 1));
    }
    return show(arguments, context, path);
}

/* Mail that nobody sends would be waited for in vain. */
static void warn_without_mail(const json_t *document, unsigned notify)
{
    if (notify != 0 && json_is_false(json_object_get(document, "MailAvailable"))) {
        fputs(_("rms: note: this service sends no mail; its operator can change that (rmsd.conf: mail)\n"),
            stderr);
    }
}

static int notify_about(
    const struct arguments *arguments, struct rms_context *context, const char *what, unsigned notify)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(TRACK_REPLY_MAX);
    json_t RMS_JSON_CLEANUP *document = NULL;
    int code = track_parse(&text, rms_track_notify(context, what, notify, track_collect, &text), &document);

    if (code < 0) {
        return output_error(context, what, code);
    }
    warn_without_mail(document, notify);
    if (argument_flag(arguments, "what-if")) {
        return show_tried(arguments, json_incref(document));
    }
    return show(arguments, context, what);
}

static int delegate(const struct arguments *arguments, struct rms_context *context, const char *what)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(TRACK_REPLY_MAX);
    const char *who = argument_text(arguments, "delegate");
    enum rms_delegation may = argument_flag(arguments, "may-revoke") ? RMS_DELEGATE_REVOKE : RMS_DELEGATE_SEE;
    int code;

    if (who == NULL) {
        who = argument_text(arguments, "undelegate");
        may = RMS_DELEGATE_NONE;
    }
    code = rms_track_delegate(context, what, who, may, track_collect, &text);
    return code < 0 ? output_error(context, what, code) : show(arguments, context, what);
}

/* There is no way back but through the new owner. */
static int confirm(const struct arguments *arguments)
{
    if (argument_flag(arguments, "yes")) {
        return 0;
    }
    if (!isatty(STDIN_FILENO)) {
        return usage_error(arguments, _("this needs a yes: give --yes"));
    }
    puts(_("The new owner can do anything with it; you keep what its policy gives you."));
    fflush(stdout);
    if (!ask_yes(_("Hand it over?"))) {
        output_note(NULL, _("nothing was changed"));
        return EXIT_USAGE;
    }
    return 0;
}

static int hand_over(const struct arguments *arguments, struct rms_context *context, const char *what)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(TRACK_REPLY_MAX);
    json_t RMS_JSON_CLEANUP *document = NULL;
    const char *to = argument_text(arguments, "hand-over");
    int status = confirm(arguments);
    int code;

    if (status != 0) {
        return status;
    }
    code = track_parse(&text, rms_track_hand_over(context, what, to, track_collect, &text), &document);
    if (code < 0) {
        return output_error(context, what, code);
    }
    if (output_json()) {
        output_object(json_incref(document));
    } else if (!output_quiet()) {
        output_members(document);
    }
    return EXIT_DONE;
}

static int check_track(const struct arguments *arguments, size_t count)
{
    static const char *const changes[] = {"delegate", "undelegate", "hand-over", NULL};
    bool registering = argument_flag(arguments, "register");

    if (registering && count == 0) {
        return usage_error(arguments, _("--register needs a file"));
    }
    if (argument_flag(arguments, "notify") && count == 0) {
        return usage_error(arguments, _("--notify needs a file or a content id"));
    }
    if (argument_count_of(arguments, changes) > 0 && count == 0) {
        return usage_error(arguments, _("this needs a file or a content id"));
    }
    if (argument_count_of(arguments, changes) > 1) {
        return usage_error(arguments, _("--delegate, --undelegate and --hand-over are steps of their own"));
    }
    if (argument_flag(arguments, "may-revoke") && !argument_flag(arguments, "delegate")) {
        return usage_error(arguments, _("--may-revoke goes with --delegate"));
    }
    if (argument_flag(arguments, "notify") && argument_flag(arguments, "name")) {
        return usage_error(arguments, _("--notify and --name are two steps"));
    }
    if (argument_flag(arguments, "name") && !registering) {
        return usage_error(arguments, _("--name goes with --register"));
    }
    if (argument_flag(arguments, "what-if") && !registering && !argument_flag(arguments, "notify")) {
        return usage_error(
            arguments, _("--what-if goes with --register or --notify: the rest changes nothing"));
    }
    if (argument_flag(arguments, "search") && count > 0) {
        return usage_error(arguments, _("--search is for the list"));
    }
    return 0;
}

static int run_track(struct arguments *arguments)
{
    struct rms_context *CLOSE_CONTEXT context = NULL;
    size_t count;
    const char *const *operands = argument_operands(arguments, &count);
    unsigned notify;
    int status = notify_parse(arguments, &notify);

    status = status == 0 ? check_track(arguments, count) : status;
    status = status == 0 ? open_context(arguments, &context) : status;
    if (status != 0) {
        return status;
    }
    if (count == 0) {
        return list(arguments, context);
    }
    if (argument_flag(arguments, "delegate") || argument_flag(arguments, "undelegate")) {
        return delegate(arguments, context, operands[0]);
    }
    if (argument_flag(arguments, "hand-over")) {
        return hand_over(arguments, context, operands[0]);
    }
    if (argument_flag(arguments, "notify")) {
        return notify_about(arguments, context, operands[0], notify);
    }
    return argument_flag(arguments, "register") ? register_file(arguments, context, operands[0])
                                                : show(arguments, context, operands[0]);
}

const struct verb verb_track = {
    .name = "track",
    .summary = "Show who opened, or tried to open, what you protected",
    .operands = "[FILE|CONTENT-ID]",
    .details =
        "Without operand: the documents you protected. With one: its state, who may still open it offline,\n"
        "and every request for a licence: who, when, from where, with which application, and the outcome.\n"
        "Only who protected a document, or has it now, sees it, and whom he lets follow it.",
    .examples = "  rms track\n"
                "  rms track plan.ptxt\n"
                "  rms track plan.ptxt --notify opened,refused\n"
                "  rms track plan.ptxt --delegate bob@contoso.test --may-revoke\n"
                "  rms track plan.ptxt --hand-over bob@contoso.test\n"
                "  rms track 6f1d7b3e-0c0f-4d6e-9b0e-0d2f6c2f9a11 --csv",
    .options = track_options,
    .operands_max = 1,
    .run = run_track,
};
