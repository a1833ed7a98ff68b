/* rms license and rms perms: policies in files, not yet bound to content */
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "cmd/rms/date.h"
#include "cmd/rms/output.h"
#include "cmd/rms/policy.h"
#include "cmd/rms/session.h"
#include "cmd/rms/status.h"

#define LICENSE_FILE_MAX (4u << 20)

static int stored(const char *path)
{
    if (output_json()) {
        output_object(json_pack("{s:o,s:s}", "OutputFile", text_json(path), "Status", "Success"));
    } else if (!output_quiet()) {
        print_line(stdout, path);
    }
    return EXIT_DONE;
}

/* --- license new -----------------------------------------------------------------------------------------
 */

static const struct option_row new_options[] = {
    TEXT("out", "FILE", "the new file (needed)"),
    TEXT("template", "ID|NAME", "as this template of the organisation"),
    GRANT_OPTIONS,
    FLAG("only-me", "nobody but the one who protects"),
    NAME_OPTIONS,
    TERM_OPTIONS,
    OPTIONS_END,
};

static int run_new(struct arguments *arguments)
{
    struct rms_context *CLOSE_CONTEXT context = NULL;
    struct rms_policy_builder *policy = NULL;
    const char *out = argument_text(arguments, "out");
    int status = out == NULL ? usage_error(arguments, _("--out FILE is missing")) : policy_check(arguments);

    status = status == 0 ? open_context(arguments, &context) : status;
    status = status == 0 ? policy_make(arguments, context, &policy) : status;
    status = status == 0 ? policy_store(context, policy, out) : status;
    rms_policy_free(&policy);
    return status == 0 ? stored(out) : status;
}

/* --- license show ----------------------------------------------------------------------------------------
 */

static int print_text(void *user_data, const void *data, size_t len)
{
    (void)user_data;
    return fwrite(data, 1, len, stdout) == len ? 0 : RMS_E_IO;
}

/* A licence file of ours is no protected file: show what it says. False when it is none. */
static bool show_policy(struct rms_context *context, const char *path)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(LICENSE_FILE_MAX);
    struct rms_policy_builder *policy = NULL;
    bool shown = false;

    if (context == NULL || rms_file_read(path, &text) < 0) {
        return false;
    }
    if (rms_policy_load(context, rms_buf_text(&text), text.len, &policy) == 0) {
        shown = rms_policy_save(policy, print_text, NULL) == 0;
        putchar('\n');
    }
    rms_policy_free(&policy);
    return shown;
}

static int run_show(struct arguments *arguments)
{
    struct rms_context *CLOSE_CONTEXT context = try_context(arguments);
    struct rms_file_status status = {.protection = RMS_UNPROTECTED};
    size_t count;
    const char *path = argument_operands(arguments, &count)[0];
    int code = rms_file_status(context, path, &status);

    if (code == 0 && status.content_id[0] == 0) {
        code = RMS_E_NOT_PROTECTED; /* neither in a container nor a licence by itself */
    }
    if (code < 0 && show_policy(context, path)) {
        return EXIT_DONE;
    }
    if (code < 0) {
        return output_error(context, path, code);
    }
    if (output_json()) {
        output_object(status_object(context, path, &status));
    } else {
        status_print(context, path, &status);
    }
    return EXIT_DONE;
}

/* --- license embed ---------------------------------------------------------------------------------------
 */

static int embed_one(struct rms_context *context, const char *path)
{
    struct rms_document *document = NULL;
    int code = rms_document_open_file(context, path, &document);

    if (code == 0) {
        code = rms_document_embed_license(document, path);
    }
    rms_document_free(&document);
    return code == 0 ? stored(path) : output_error(context, path, code);
}

static int run_embed(struct arguments *arguments)
{
    struct rms_context *CLOSE_CONTEXT context = NULL;
    int status = open_context(arguments, &context);
    size_t count;
    const char *const *paths = argument_operands(arguments, &count);

    for (size_t i = 0; i < count && context != NULL; i++) {
        int one = embed_one(context, paths[i]);

        status = one != EXIT_DONE ? one : status;
    }
    return status;
}

static const struct verb license_verbs[] = {
    {
        .name = "embed",
        .summary = "Put your use licence into protected Office documents",
        .operands = "FILE…",
        .details = "The document then also opens where the service cannot be reached, on any device that is\n"
                   "prepared for you, for as long as the licence says. Content and seal stay as they are.",
        .examples = "  rms license embed plan.docx",
        .operands_min = 1,
        .operands_max = OPERANDS_MANY,
        .run = run_embed,
    },
    {
        .name = "new",
        .summary = "Write a licence file to protect with later",
        .details =
            "The file says who may do what; each file protected with it gets a key and a content id of its\n"
            "own. --valid-days counts from protection, not from now. An existing file is not replaced.",
        .examples = "  rms license new --out board.lic --perm board@contoso.test:Co-Author --valid-days 30\n"
                    "  rms protect minutes.docx --license board.lic",
        .options = new_options,
        .run = run_new,
    },
    {
        .name = "show",
        .summary = "Show what a licence, licence file or protected file says",
        .operands = "FILE",
        .details =
            "Who issued it, for which service, and whether its signatures hold together and lead to an\n"
            "issuer this device knows. Needs no rights and no service.",
        .examples = "  rms license show board.lic\n  rms license show plan.ptxt --json",
        .operands_min = 1,
        .operands_max = 1,
        .run = run_show,
    },
    VERBS_END,
};

const struct verb verb_license = {
    .name = "license", .summary = "Licence files: who may do what, for later use", .verbs = license_verbs};

/* --- perms new -------------------------------------------------------------------------------------------
 */

static const char *const levels[] = {"Viewer", "Reviewer", "CoAuthor", "CoOwner", "OnlyMe", NULL};

static const struct option_row perms_options[] = {
    TEXT("out", "FILE", "the new file (needed)"),
    LIST("users", "A,B", "addresses with commas; with every level but OnlyMe (may be repeated)"),
    CHOICE("permissions", "LEVEL", "Viewer, Reviewer, CoAuthor, CoOwner or OnlyMe (needed)", levels),
    TEXT("expire-on", "DATE",
        "content ends then: YYYY-MM-DD, to the end of that day, or a time (default: never)"),
    OPTIONS_END,
};

static int perms_check(const struct arguments *arguments)
{
    const char *level = argument_text(arguments, "permissions");
    const char *date = argument_text(arguments, "expire-on");
    int64_t until;

    if (argument_text(arguments, "out") == NULL || level == NULL) {
        return usage_error(arguments, _("--out FILE and --permissions LEVEL are needed"));
    }
    if ((strcmp(level, "OnlyMe") == 0) == argument_flag(arguments, "users")) {
        return usage_error(arguments, _("--users is needed with every level but OnlyMe"));
    }
    if (date != NULL && date_parse(date, true, &until) < 0) {
        return usage_error(arguments, _("--expire-on takes %s; not \"%s\""), DATE_FORMS, date);
    }
    return 0;
}

static const char *level_name(const char *choice)
{
    return strcmp(choice, "CoAuthor") == 0  ? "Co-Author"
           : strcmp(choice, "CoOwner") == 0 ? "Co-Owner"
                                            : choice;
}

/* One value of --users: addresses with commas. */
static int grant_users(struct rms_policy_builder *policy, const char *users, const char *level)
{
    for (const char *p = users; *p != 0; p += strspn(p, ",; ")) {
        size_t len = strcspn(p, ",; ");
        struct rms_buf RMS_BUF_CLEANUP who = RMS_BUF_INIT(RMS_ADDRESS_MAX);

        rms_buf_append(&who, p, len);
        RMS_TRY(rms_buf_status(&who));
        RMS_TRY(rms_policy_grant(policy, rms_buf_text(&who), level, false));
        p += len;
    }
    return 0;
}

static int fill_perms(const struct arguments *arguments, struct rms_policy_builder *policy)
{
    const char *level = level_name(argument_text(arguments, "permissions"));
    const char *date = argument_text(arguments, "expire-on");
    size_t count;
    const char *const *users = argument_list(arguments, "users", &count);
    int64_t until;

    for (size_t i = 0; i < count; i++) {
        RMS_TRY(grant_users(policy, users[i], level));
    }
    if (date != NULL) {
        RMS_TRY(date_parse(date, true, &until));
        return rms_policy_set_expiry(policy, until);
    }
    return 0;
}

static int run_perms(struct arguments *arguments)
{
    struct rms_context *CLOSE_CONTEXT context = NULL;
    struct rms_policy_builder *policy = NULL;
    int status = perms_check(arguments);
    int code;

    status = status == 0 ? open_context(arguments, &context) : status;
    if (status != 0) {
        return status;
    }
    code = rms_policy_custom(context, &policy);
    if (code == 0) {
        code = fill_perms(arguments, policy);
    }
    status = code < 0 ? output_error(context, NULL, code)
                      : policy_store(context, policy, argument_text(arguments, "out"));
    rms_policy_free(&policy);
    return status == 0 ? stored(argument_text(arguments, "out")) : status;
}

/* --- perms list, perms set -------------------------------------------------------------------------------
 */

static int keep(void *user_data, const void *data, size_t len)
{
    rms_buf_append(user_data, data, len);
    return rms_buf_status(user_data);
}

/* "WHO: RIGHT RIGHT" */
static void print_rights(const char *who, const json_t *rights)
{
    struct rms_buf RMS_BUF_CLEANUP line = RMS_BUF_INIT(65536);
    const json_t *right;
    size_t i;

    rms_buf_append_str(&line, who);
    rms_buf_append_str(&line, ":");
    json_array_foreach(rights, i, right)
    {
        rms_buf_append_str(&line, " ");
        rms_buf_append_str(&line, json_string_value(right) != NULL ? json_string_value(right) : "");
    }
    print_line(stdout, rms_buf_text(&line));
}

static void print_listing(const struct rms_buf *text)
{
    json_t *listing = json_loadb((const char *)text->data, text->len, 0, NULL);
    const json_t *grant;
    size_t i;

    if (listing != NULL && output_json()) {
        output_object(listing);
        return;
    }
    print_rights(_("your rights"), json_object_get(listing, "Rights"));
    json_array_foreach(json_object_get(listing, "UserRights"), i, grant)
    {
        const char *who = json_string_value(json_array_get(json_object_get(grant, "Users"), 0));

        print_rights(who != NULL ? who : "?", json_object_get(grant, "Rights"));
    }
    json_decref(listing);
}

static int run_list(struct arguments *arguments)
{
    struct rms_context *CLOSE_CONTEXT context = NULL;
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(32u << 20);
    size_t count;
    const char *path = argument_operands(arguments, &count)[0];
    int status = open_context(arguments, &context);
    int code;

    if (status != 0) {
        return status;
    }
    code = rms_rights_list(context, path, keep, &text);
    if (text.len > 0) {
        print_listing(&text);
    }
    return code < 0 ? output_error(context, path, code) : EXIT_DONE;
}

static const struct option_row set_options[] = {
    GRANT_OPTIONS,
    LIST("remove", "WHO", "take everything from this recipient (may be repeated)"),
    OPTIONS_END,
};

static int run_set(struct arguments *arguments)
{
    struct rms_context *CLOSE_CONTEXT context = NULL;
    struct rms_policy_builder *policy = NULL;
    size_t grants;
    size_t removed_count;
    size_t count;
    const char *path = argument_operands(arguments, &count)[0];
    const char *const *removed = argument_list(arguments, "remove", &removed_count);
    int status;
    int code;

    (void)argument_list(arguments, "perm", &grants);
    if (grants + removed_count == 0) {
        return usage_error(arguments, _("give --perm WHO:RIGHTS, --remove WHO, or both"));
    }
    status = grants > 0 ? policy_check(arguments) : 0;
    status = status == 0 ? open_context(arguments, &context) : status;
    status = status == 0 && grants > 0 ? policy_make(arguments, context, &policy) : status;
    if (status != 0) {
        return status;
    }
    code = grants > 0 ? 0 : rms_policy_custom(context, &policy);
    code = code == 0 ? rms_rights_change(context, path, policy, removed, removed_count) : code;
    rms_policy_free(&policy);
    return code < 0 ? output_error(context, path, code) : stored(path);
}

static const struct verb perms_verbs[] = {
    {
        .name = "list",
        .summary = "Show who may do what with a protected file",
        .operands = "FILE",
        .details =
            "Asks the service. Your own rights are always shown, those of others with VIEWRIGHTSDATA or\n"
            "OWNER; groups are not expanded.",
        .examples = "  rms perms list plan.ptxt",
        .operands_min = 1,
        .operands_max = 1,
        .run = run_list,
    },
    {
        .name = "set",
        .summary = "Change who may do what with a protected file, in place",
        .operands = "FILE",
        .details =
            "Needs EDITRIGHTSDATA or OWNER; with EDITRIGHTSDATA alone nobody gets more than you have.\n"
            "Content, owner, issuer and expiry stay, and so does tracking. What was protected with a\n"
            "template follows the template. Copies elsewhere keep the list they have.",
        .examples = "  rms perms set plan.ptxt --perm carol@contoso.test:VIEW\n"
                    "  rms perms set plan.ptxt --remove bob@contoso.test",
        .options = set_options,
        .operands_min = 1,
        .operands_max = 1,
        .run = run_set,
    },
    {
        .name = "new",
        .summary = "Write a licence file from a level and people",
        .details = "A short form of rms license new; the file is used by rms protect --license.",
        .examples = "  rms perms new --out team.lic --users bob@contoso.test,carol@contoso.test "
                    "--permissions CoAuthor",
        .options = perms_options,
        .run = run_perms,
    },
    VERBS_END,
};

const struct verb verb_perms = {
    .name = "perms", .summary = "Who may do what: of a file, and as a licence file", .verbs = perms_verbs};
