/* rms revoke */
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "cmd/rms/session.h"
#include "cmd/rms/track.h"

#define FAMILY_MAX 1000

static const struct option_row options[] = {
    FLAG("undo", "let it be opened again as before"),
    FLAG("family", "also what was protected again from it, and what it was protected again from"),
    TEXT("reason", "TEXT", "kept in the document's history"),
    TEXT("message", "TEXT", "sent by mail to who opened it; of a file also to colleagues whom it names"),
    FLAG("force", "do not ask"),
    ALIAS("yes", OPTION_FLAG, "force"),
    WHAT_IF_OPTION,
    OPTIONS_END,
};

struct revoking {
    const struct arguments *arguments;
    struct rms_context *context;
    bool undo;
};

static int look_up(const struct revoking *r, const char *what, json_t **document_out)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(TRACK_REPLY_MAX);

    return track_parse(&text, rms_track_document(r->context, what, track_collect, &text), document_out);
}

static int change(const struct revoking *r, const char *what, json_t **document_out)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(TRACK_REPLY_MAX);
    const char *reason = argument_text(r->arguments, "reason");
    const char *message = argument_text(r->arguments, "message");
    int code = r->undo           ? rms_revoke_undo(r->context, what, track_collect, &text)
               : message != NULL ? rms_revoke_telling(r->context, what, reason, message, track_collect, &text)
                                 : rms_revoke(r->context, what, reason, track_collect, &text);

    return track_parse(&text, code, document_out);
}

static int show_change(const struct revoking *r, const json_t *document)
{
    track_head_what_if(r->arguments);
    return track_show_change(document, !r->undo);
}

static int change_one(const struct revoking *r, const char *what)
{
    json_t RMS_JSON_CLEANUP *document = NULL;
    int code = change(r, what, &document);

    return code < 0 ? output_error(r->context, what, code) : show_change(r, document);
}

/* --- the family (B-04) ------------------------------------------------------------------------------------
 */

static void add_member(json_t *family, const json_t *id)
{
    const json_t *known;
    size_t i;

    json_array_foreach(family, i, known)
    {
        if (json_equal(known, id)) {
            return;
        }
    }
    if (json_is_string(id) && json_array_size(family) < FAMILY_MAX) {
        json_array_append(family, (json_t *)id);
    }
}

static void add_relatives(json_t *family, const json_t *document)
{
    const json_t *id;
    size_t i;

    add_member(family, json_object_get(document, "PreviousContentId"));
    json_array_foreach(json_object_get(document, "Successors"), i, id)
    {
        add_member(family, id);
    }
}

/* What it was protected again from may be another person's: that one is left out. */
static int change_member(const struct revoking *r, json_t *family, size_t i)
{
    json_t RMS_JSON_CLEANUP *document = NULL;
    json_t RMS_JSON_CLEANUP *changed = NULL;
    const char *id = json_string_value(json_array_get(family, i));
    int code = look_up(r, id, &document);

    if (code == RMS_E_NOT_REGISTERED && i > 0) {
        return EXIT_DONE;
    }
    if (code == 0) {
        add_relatives(family, document);
        if (r->undo && !json_is_true(json_object_get(document, "Revoked"))) {
            return EXIT_DONE;
        }
        code = change(r, id, &changed);
    }
    return code < 0 ? output_error(r->context, id, code) : show_change(r, changed);
}

static int change_family(const struct revoking *r, const char *what)
{
    json_t RMS_JSON_CLEANUP *family = json_array();
    json_t RMS_JSON_CLEANUP *document = NULL;
    int code = look_up(r, what, &document);
    int status = EXIT_DONE;

    if (code < 0) {
        return output_error(r->context, what, code);
    }
    add_member(family, json_object_get(document, "ContentId"));
    for (size_t i = 0; i < json_array_size(family) && status == EXIT_DONE; i++) {
        status = change_member(r, family, i);
    }
    return status;
}

/* --- the verb ---------------------------------------------------------------------------------------------
 */

/* C-117: until when licences last is said before, not only afterwards. */
static int confirm(const struct revoking *r, const char *what)
{
    json_t RMS_JSON_CLEANUP *document = NULL;
    int code;

    if (argument_flag(r->arguments, "force") || argument_flag(r->arguments, "what-if") || r->undo) {
        return 0;
    }
    if (!isatty(STDIN_FILENO)) {
        return usage_error(r->arguments, _("this needs a yes: give --force"));
    }
    code = look_up(r, what, &document);
    if (code < 0) {
        return output_error(r->context, what, code);
    }
    puts(_("Nobody but you and super users will get a licence any more."));
    track_print_holders(document);
    fflush(stdout);
    if (!ask_yes(_("Revoke it?"))) {
        output_note(NULL, _("nothing was changed"));
        return EXIT_USAGE;
    }
    return 0;
}

static int run(struct arguments *arguments)
{
    struct rms_context *CLOSE_CONTEXT context = NULL;
    struct revoking r = {.arguments = arguments, .undo = argument_flag(arguments, "undo")};
    size_t count;
    const char *what = argument_operands(arguments, &count)[0];
    int status = 0;

    if (r.undo && argument_text(arguments, "reason") != NULL) {
        return usage_error(arguments, _("--reason is for revoking"));
    }
    if (r.undo && argument_text(arguments, "message") != NULL) {
        return usage_error(arguments, _("--message is for revoking"));
    }
    status = open_context(arguments, &context);
    r.context = context;
    status = status == 0 ? confirm(&r, what) : status;
    if (status != 0) {
        return status;
    }
    return argument_flag(arguments, "family") ? change_family(&r, what) : change_one(&r, what);
}

const struct verb verb_revoke = {
    .name = "revoke",
    .summary = "Take back a document that you protected",
    .operands = "FILE|CONTENT-ID",
    .details =
        "From the next request on nobody but you and super users gets a licence for the document, for any "
        "of\n"
        "its copies. Licences that readers keep for offline use stay valid until they end: who holds one, "
        "and\n"
        "until when, is said. What was protected again from it is a document of its own, unless --family.",
    .examples = "  rms revoke plan.ptxt --reason 'superseded'\n"
                "  rms revoke 6f1d7b3e-0c0f-4d6e-9b0e-0d2f6c2f9a11 --family --force\n"
                "  rms revoke plan.ptxt --undo",
    .options = options,
    .operands_min = 1,
    .operands_max = 1,
    .run = run,
};
