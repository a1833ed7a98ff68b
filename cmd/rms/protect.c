/* rms protect */
#include "cmd/rms/items.h"
#include "cmd/rms/policy.h"
#include "cmd/rms/rendition.h"
#include "cmd/rms/session.h"
#include "cmd/rms/track.h"

#include <string.h>

#include "base/guid.h"
#include "cmd/rms/output.h"

static const char *const persist_choices[] = {"all", "disk", "license", NULL};

static const struct option_row options[] = {
    TEXT("template", "ID|NAME", "use this template of the organisation (see: rms template list)"),
    GRANT_OPTIONS,
    FLAG("do-not-forward",
        "for mails: the recipients may read and answer, not forward, print or copy; the sender owns it"),
    FLAG("encrypt-only", "for mails: the recipients may do everything but change the protection"),
    FLAG("only-me", "nobody but you may open it; expiry and offline days have no effect"),
    TEXT("license", "FILE", "use a licence file of rms license new or rms perms new"),
    ITEM_OPTIONS,
    NAME_OPTIONS,
    TERM_OPTIONS,
    CHOICE("no-persist-key", "all|disk|license",
        "what of your own licence for the files is not kept: on disk, in the file, or both (default: both "
        "are "
        "kept)",
        persist_choices),
    FLAG("enable-msg-file-type",
        "protect mails (.eml) too (default: they are skipped, unless rms.conf says enable_msg_file_type)"),
    FLAG("viewing-copy",
        "beside each Office document, write a protected PDF of it (NAME.ppdf) for readers without an office "
        "suite"),
    FLAG("online", "let the service issue the licence (default: this device does)"),
    FLAG("no-track", "do not tell the service of the files (default: it is told, with their names)"),
    NOTIFY_OPTION,
    TEXT("protect-as", "ADDRESS",
        "for applications: protect as this person, who is then owner and issuer (compare --on-behalf)"),
    OPTIONS_END,
};

static int one(const struct items_work *work, const char *path, const struct rms_file_options *file_options,
    struct rms_file_result *result_out)
{
    return rms_protect_file(work->context, path, work->policy, file_options, result_out);
}

static int many(const struct items_work *work, const char *const *paths, size_t count,
    const struct rms_file_options *file_options, items_each *each, void *user_data)
{
    return rms_protect_files(work->context, paths, count, work->policy, file_options, each, user_data);
}

/* --- viewing copies --- */

/* document: what was made of the Office document. The copy has the same policy and stands beside it. */
static int protect_copy(const struct items_work *work, const struct handoff *copy,
    const struct rms_file_result *document, const struct rms_file_options *file_options)
{
    struct rms_file_options copy_options = *file_options;
    struct rms_file_result result = {.skipped = false};
    const char *slash = strrchr(document->output, '/');
    char folder[sizeof document->output + 2];

    (void)snprintf(folder, sizeof folder, "%.*s/", slash != NULL ? (int)(slash - document->output) : 1,
        slash != NULL ? document->output : ".");
    copy_options.output = folder;
    copy_options.ppdf = true;
    return rms_protect_file(work->context, copy->file, work->policy, &copy_options, &result);
}

/* What cannot be had is said and fails nothing: the document itself is protected. */
static void tell_missing_copy(struct rms_context *context, const char *path, int code)
{
    if (code == RMS_E_UNSUPPORTED) {
        output_note(path, _("warning: no viewing copy: that needs LibreOffice and bubblewrap (packages "
                            "libreoffice-writer, -calc, -impress and bubblewrap)"));
    } else if (code == RMS_E_DAMAGED) {
        output_note(path, _("warning: no viewing copy: LibreOffice made no PDF of it"));
    } else {
        output_note(path, _("warning: no viewing copy:"));
        (void)output_error(context, path, code);
    }
}

/* The copy is made first: the document is not clear any more afterwards. */
static int one_with_copy(const struct items_work *work, const char *path,
    const struct rms_file_options *file_options, struct rms_file_result *result_out)
{
    struct handoff HANDOFF_CLEANUP copy = {.fd = -1};
    int made = rendition_is_for(path) ? rendition_make(path, &copy) : 0;
    bool wanted = copy.directory[0] != 0;

    RMS_TRY(one(work, path, file_options, result_out));
    if (result_out->output[0] != 0 && made == 0 && wanted) {
        made = protect_copy(work, &copy, result_out, file_options);
    }
    if (made < 0) {
        tell_missing_copy(work->context, path, made);
    }
    return 0;
}

static int many_with_copies(const struct items_work *work, const char *const *paths, size_t count,
    const struct rms_file_options *file_options, items_each *each, void *user_data)
{
    struct rms_file_options each_options = *file_options;

    for (size_t i = 0; i < count; i++) {
        struct rms_file_result result = {.skipped = false};
        int code;

        each_options.output = file_options->outputs != NULL ? file_options->outputs[i] : NULL;
        code = one_with_copy(work, paths[i], &each_options, &result);
        if (each(user_data, i, code, &result) != 0) {
            return RMS_E_CANCELLED;
        }
    }
    return 0;
}

static enum rms_persist persist(const struct arguments *arguments)
{
    static const enum rms_persist values[] = {
        RMS_PERSIST_NONE, RMS_PERSIST_NOT_DISK, RMS_PERSIST_NOT_LICENSE};
    const char *choice = argument_text(arguments, "no-persist-key");

    for (size_t i = 0; choice != NULL && persist_choices[i] != NULL; i++) {
        if (strcmp(choice, persist_choices[i]) == 0) {
            return values[i];
        }
    }
    return RMS_PERSIST_ALL;
}

static int check(const struct arguments *arguments, unsigned *notify_out)
{
    int status = notify_parse(arguments, notify_out);

    status = status == 0 ? policy_check(arguments) : status;
    status = status == 0 ? items_check(arguments) : status;
    if (status == 0 && argument_flag(arguments, "no-track") && *notify_out != 0) {
        return usage_error(arguments, _("--notify and --no-track exclude each other"));
    }
    return status;
}

/* An application's address: before the @ what it is called, behind it the GUID of its tenant's service. */
static bool is_service(const char *address)
{
    const char *at = strrchr(address, '@');
    char guid[RMS_GUID_TEXT];

    return at != NULL && strlen(at + 1) > RMS_GUID_TEXT - 1 && at[RMS_GUID_TEXT] == '.' &&
           rms_guid_parse(rms_view_of(at + 1, RMS_GUID_TEXT - 1), guid) == 0;
}

/* Everybody who is named is who protects. */
static bool only_own(const struct arguments *arguments, const char *address)
{
    size_t count;
    const char *const *grants = argument_list(arguments, "perm", &count);
    size_t len = strlen(address);

    for (size_t i = 0; i < count; i++) {
        if (strncasecmp(grants[i], address, len) != 0 || grants[i][len] != ':') {
            return false;
        }
    }
    return count > 0;
}

/* What is allowed and seldom meant (S-086). */
static void warn(const struct arguments *arguments, struct rms_context *context)
{
    struct rms_account account;

    if (argument_flag(arguments, "protect-as") || rms_whoami(context, &account) < 0) {
        return;
    }
    if (only_own(arguments, account.address)) {
        output_note(
            NULL, _("warning: the policy grants nobody else anything; you open it as its issuer anyway"));
    }
    if (is_service(account.address) && !argument_flag(arguments, "owner")) {
        output_note(
            NULL, _("warning: a service is issuer and owner: give --owner ADDRESS to name who answers "
                    "for the files"));
    }
}

static int run(struct arguments *arguments)
{
    struct rms_context *CLOSE_CONTEXT context = NULL;
    struct rms_policy_builder *policy = NULL;
    struct items_work work = {
        .name = _("protecting"), .result_member = "EncryptedFile", .one = one, .many = many};
    unsigned notify;
    int status = check(arguments, &notify);

    status = status == 0 ? open_signed_in(arguments, &context) : status;
    status = status == 0 ? policy_make(arguments, context, &policy) : status;
    if (status == 0) {
        warn(arguments, context);
        if (argument_flag(arguments, "viewing-copy")) {
            work.one = one_with_copy;
            work.many = many_with_copies;
        }
        work.context = context;
        work.policy = policy;
        work.options.enable_msg_file_type = argument_flag(arguments, "enable-msg-file-type");
        work.options.online = argument_flag(arguments, "online");
        work.options.persist = persist(arguments);
        work.options.no_track = argument_flag(arguments, "no-track");
        work.options.notify = notify;
        status = items_run(arguments, &work);
    }
    rms_policy_free(&policy);
    return status;
}

const struct verb verb_protect = {
    .name = "protect",
    .summary = "Protect files",
    .operands = "FILE|FOLDER…",
    .details =
        "Encrypts each file and binds it to a policy: who may open it, with which rights, until when.\n"
        "Texts and pictures become .ptxt, .ppng and so on, Office documents and PDF keep their name, other "
        "kinds "
        "become\n"
        "NAME.pfile. The original stays as it\n"
        "was until the result is complete. A file that is protected already gets the new policy, if you may.",
    .examples =
        "  rms protect plan.txt --perm bob@contoso.test:Reviewer\n"
        "  rms protect board -r --template 'Confidential \\ All Employees' --in-place\n"
        "  rms protect offer.docx --perm domain:fabrikam.test:VIEW,PRINT --expire-on 2030-01-31 --out sent\n"
        "  rms protect offer.docx --perm bob@contoso.test:Reviewer --viewing-copy --out sent\n"
        "  rms protect mail.eml --do-not-forward --enable-msg-file-type -o protected.eml",
    .options = options,
    .operands_min = 1,
    .operands_max = OPERANDS_MANY,
    .run = run,
};
