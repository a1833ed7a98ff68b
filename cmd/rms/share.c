/* rms share: protected copies for other people, and a mail draft that brings them (C-105, C-106, C-108,
 * C-114) */
#include "cmd/rms/share.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "cmd/rms/date.h"
#include "cmd/rms/output.h"
#include "cmd/rms/session.h"
#include "cmd/rms/track.h"

#define FILES_MAX      100
#define RIGHTS_DEFAULT "Reviewer"

static const struct option_row options[] = {
    LIST("to", "ADDRESS", "who shall be able to open it; several with commas (may be repeated)"),
    ALIAS("with", OPTION_LIST, "to"),
    TEXT("level", "LEVEL",
        "Viewer, Reviewer, Co-Author or Co-Owner, or rights with commas (default: Reviewer)"),
    ALIAS("rights", OPTION_TEXT, "level"),
    TEXT("expires", "DATE",
        "cannot be opened any more then: YYYY-MM-DD (at the end of that day) or a time "
        "(default: never)"),
    FLAG("revoke-now",
        "every opening asks the service, so that rms revoke takes effect at once (default: a copy "
        "opened once stays open offline as long as the organisation allows)"),
    NOTIFY_OPTION,
    TEXT("out", "DIR", "write the protected copies into this folder (default: beside the files)"),
    TEXT("draft", "FILE", "write a mail to them with the copies attached, for your mail program (.eml)"),
    TEXT("message", "TEXT", "with --draft: your own words at its beginning"),
    OPTIONS_END,
};

/* --- the command line ------------------------------------------------------------------------------------
 */

static int add_recipient(const struct arguments *arguments, struct sharing *s, const char *text, size_t len)
{
    char address[RMS_ADDRESS_MAX];
    char whole[RMS_ADDRESS_MAX];

    (void)snprintf(whole, sizeof whole, "%.*s", (int)(len < sizeof whole ? len : sizeof whole - 1), text);
    if (len >= sizeof whole || rms_address_normalise(whole, address) < 0) {
        return usage_error(arguments, _("--to takes mail addresses, not \"%s\""), whole);
    }
    for (size_t i = 0; i < s->to_count; i++) {
        if (strcmp(s->to[i], address) == 0) {
            return 0;
        }
    }
    if (s->to_count == SHARE_PEOPLE_MAX) {
        return usage_error(arguments, _("--to: at most %d people; use a group"), SHARE_PEOPLE_MAX);
    }
    (void)snprintf(s->to[s->to_count++], RMS_ADDRESS_MAX, "%s", address);
    return 0;
}

static int read_recipients(const struct arguments *arguments, struct sharing *s)
{
    size_t count;
    const char *const *lists = argument_list(arguments, "to", &count);

    for (size_t i = 0; i < count; i++) {
        for (const char *at = lists[i]; *at != '\0'; at += strspn(at, ", ")) {
            size_t len = strcspn(at, ", ");
            int status = add_recipient(arguments, s, at, len);

            if (status != 0) {
                return status;
            }
            at += len;
        }
    }
    return s->to_count > 0 ? 0 : usage_error(arguments, _("say who shall open it: --to ADDRESS"));
}

static int read_arguments(const struct arguments *arguments, struct sharing *s)
{
    const char *expires = argument_text(arguments, "expires");
    const char *level = argument_text(arguments, "level");
    int status = read_recipients(arguments, s);

    s->level = level != NULL ? level : RIGHTS_DEFAULT;
    s->message = argument_text(arguments, "message");
    s->draft = argument_text(arguments, "draft");
    s->online_only = argument_flag(arguments, "revoke-now");
    s->until = RMS_NEVER;
    if (status == 0 && expires != NULL &&
        (date_parse(expires, true, &s->until) < 0 || s->until <= rms_clock_now())) {
        status =
            usage_error(arguments, _("--expires takes %s, in the future; not \"%s\""), DATE_FORMS, expires);
    }
    if (status == 0 && s->message != NULL && s->draft == NULL) {
        status = usage_error(arguments, _("--message goes with --draft"));
    }
    return status == 0 ? notify_parse(arguments, &s->notify) : status;
}

/* --- protecting ------------------------------------------------------------------------------------------
 */

static int make_policy(
    const struct sharing *s, struct rms_context *context, struct rms_policy_builder **policy_out)
{
    RMS_TRY(rms_policy_custom(context, policy_out));
    for (size_t i = 0; i < s->to_count; i++) {
        RMS_TRY(rms_policy_grant(*policy_out, s->to[i], s->level, false));
    }
    if (s->until != RMS_NEVER) {
        RMS_TRY(rms_policy_set_expiry(*policy_out, s->until));
    }
    return rms_policy_set_offline_days(*policy_out, s->online_only ? 0 : -1);
}

/* All or nothing (C-114): who hears of a failure must not find half of it. */
static void take_back(const struct sharing *s)
{
    for (size_t i = 0; i < s->count; i++) {
        (void)unlink(s->copies[i].output);
    }
}

static int protect_all(const struct arguments *arguments, struct sharing *s, struct rms_context *context,
    const struct rms_policy_builder *policy)
{
    struct rms_buf RMS_BUF_CLEANUP folder = RMS_BUF_INIT(4096);
    struct rms_file_options file_options = {.size = sizeof file_options, .notify = s->notify};
    const char *out = argument_text(arguments, "out");
    size_t count;
    const char *const *paths = argument_operands(arguments, &count);

    if (out != NULL) {
        rms_buf_printf(&folder, "%s/", out);
        file_options.output = rms_buf_text(&folder);
    }
    while (s->count < count) {
        int code = rms_protect_file(context, paths[s->count], policy, &file_options, &s->copies[s->count]);

        if (code < 0) {
            return output_error(context, paths[s->count], code);
        }
        s->sources[s->count] = paths[s->count];
        s->count++;
    }
    return 0;
}

/* --- telling ---------------------------------------------------------------------------------------------
 */

static void tell_json(const struct sharing *s, size_t i)
{
    json_t *to = json_array();
    json_t *object = json_object();

    for (size_t p = 0; p < s->to_count; p++) {
        (void)json_array_append_new(to, text_json(s->to[p]));
    }
    (void)json_object_set_new(object, "InputFile", text_json(s->sources[i]));
    (void)json_object_set_new(object, "SharedFile", text_json(s->copies[i].output));
    (void)json_object_set_new(object, "ContentId", text_json(s->copies[i].content_id));
    (void)json_object_set_new(object, "To", to);
    (void)json_object_set_new(object, "Rights", text_json(s->level));
    (void)json_object_set_new(object, "Expires", time_json(s->until));
    (void)json_object_set_new(object, "OnlineOnly", json_boolean(s->online_only));
    output_object(object);
}

static void tell(const struct sharing *s)
{
    struct rms_buf RMS_BUF_CLEANUP line = RMS_BUF_INIT(65536);

    for (size_t i = 0; i < s->count; i++) {
        if (output_json()) {
            tell_json(s, i);
        } else if (!output_quiet()) {
            rms_buf_reset(&line);
            safe_text(&line, s->sources[i]);
            rms_buf_append_str(&line, _(": shared as "));
            safe_text(&line, s->copies[i].output);
            puts(rms_buf_text(&line));
        }
    }
    if (!output_json() && !output_quiet()) {
        rms_buf_reset(&line);
        share_conditions(s, &line);
        fputs(rms_buf_text(&line), stdout);
        puts(_("rms track FILE shows who opens it; rms revoke FILE takes it back."));
    }
}

static int work(const struct arguments *arguments, struct sharing *s, struct rms_context *context)
{
    struct rms_policy_builder *policy = NULL;
    int code = make_policy(s, context, &policy);
    int status = code < 0 ? output_error(context, s->level, code) : 0;

    status = status == 0 ? protect_all(arguments, s, context, policy) : status;
    rms_policy_free(&policy);
    if (status == 0 && s->draft != NULL) {
        code = share_write_draft(s);
        status = code < 0 ? output_error(NULL, s->draft, code) : 0;
    }
    if (status == 0) {
        tell(s);
    } else {
        take_back(s);
    }
    return status;
}

static int run(struct arguments *arguments)
{
    struct rms_context *CLOSE_CONTEXT context = NULL;
    struct sharing *s = rms_calloc(1, sizeof *s);
    size_t count;
    int status;

    (void)argument_operands(arguments, &count);
    if (s == NULL) {
        return output_error(NULL, NULL, RMS_E_NO_MEMORY);
    }
    s->copies = rms_calloc(count, sizeof *s->copies);
    s->sources = rms_calloc(count, sizeof *s->sources);
    status = s->copies != NULL && s->sources != NULL ? 0 : output_error(NULL, NULL, RMS_E_NO_MEMORY);
    status = status == 0 ? read_arguments(arguments, s) : status;
    status = status == 0 ? open_context(arguments, &context) : status;
    status = status == 0 ? work(arguments, s, context) : status;
    rms_free(s->copies);
    rms_free(s->sources);
    rms_free(s);
    return status;
}

const struct verb verb_share = {
    .name = "share",
    .summary = "Make protected copies for other people",
    .operands = "FILE…",
    .details =
        "The files themselves stay as they are. All copies are made, or none: when one file cannot be\n"
        "protected, nothing is left. With --draft they are attached to a mail that says how to open them.",
    .examples = "  rms share offer.docx --to dave@fabrikam.test --level Viewer --expires 2030-01-31\n"
                "  rms share plan.txt --to bob@contoso.test,carol@contoso.test --draft mail.eml --revoke-now",
    .options = options,
    .operands_min = 1,
    .operands_max = FILES_MAX,
    .run = run,
};
