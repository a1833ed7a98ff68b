/* rms status */
#include "cmd/rms/items.h"
#include "cmd/rms/mail.h"
#include "cmd/rms/output.h"
#include "cmd/rms/session.h"
#include "cmd/rms/status.h"

#include "base/time.h"

static const struct option_row options[] = {
    NAMED_FLAG("recursive", 'r', "folders with everything below them; only needed with --protection"),
    FLAG("protection", "only whether and how each file is protected"),
    FLAG("follow", "look at what symbolic links in folders point to (default: they are skipped)"),
    FLAG("stdin0", "read more paths from standard input, separated by NUL"),
    OPTIONS_END,
};

const char *protection_word(enum rms_protection protection)
{
    static const char *const words[] = {"Unprotected", "Protected (Native)", "Protected (Generic)"};

    return words[protection];
}

static void keep_label(void *user_data, const struct rms_label *label, bool in_force)
{
    struct rms_label *kept = user_data;

    if (in_force && kept->id[0] == 0) {
        *kept = *label;
    }
}

/* The label that counts; of several organisations the first in the file. Empty where there is none, or where
 * labels cannot be read. */
static struct rms_label label_of(struct rms_context *context, const char *path)
{
    struct rms_label label = {.enabled = false};

    if (rms_file_labels(context, path, keep_label, &label, NULL) != 0) {
        label.id[0] = 0;
    }
    return label;
}

static void add_label(json_t *object, const struct rms_label *label)
{
    bool sub = label->parent[0] != 0;

    json_object_set_new(object, "IsLabeled", json_boolean(label->id[0] != 0));
    json_object_set_new(object, "MainLabelId", text_json(sub ? label->parent : label->id));
    json_object_set_new(object, "MainLabelName", text_json(sub ? "" : label->name));
    json_object_set_new(object, "SubLabelId", text_json(sub ? label->id : ""));
    json_object_set_new(object, "SubLabelName", text_json(sub ? label->name : ""));
    json_object_set_new(object, "LabelingSiteId", text_json(label->tenant));
    json_object_set_new(object, "Owner", text_json(label->owner));
    json_object_set_new(object, "LabelingMethod", text_json(label->method));
    json_object_set_new(object, "LabelDate", text_json(label->set_at));
}

static json_t *urls_json(const struct rms_file_status *status)
{
    const char *const urls[] = {status->intranet_url, status->service_url};
    json_t *list = json_array();

    for (size_t i = 0; i < 2; i++) {
        if (urls[i][0] != '\0' && (i == 0 || strcmp(urls[0], urls[1]) != 0)) {
            (void)json_array_append_new(list, text_json(urls[i]));
        }
    }
    return list;
}

static void add_seal(json_t *object, const struct rms_file_status *status)
{
    static const char *const words[] = {"none", "unchanged", "broken"};
    bool protected = status->protection != RMS_UNPROTECTED;
    bool good = status->seal == RMS_SEAL_UNCHANGED;

    json_object_set_new(object, "Seal", protected ? json_string(words[status->seal]) : json_null());
    json_object_set_new(object, "SealedBy", text_json(status->sealed_by));
    json_object_set_new(object, "SealedTime", good ? time_json(status->sealed_at) : json_string(""));
    json_object_set_new(object, "EditedSinceProtected", good ? json_boolean(status->edited) : json_null());
}

/* The members of C-219, and what else the file tells. */
json_t *status_object(struct rms_context *context, const char *path, const struct rms_file_status *status)
{
    const struct rms_label label = label_of(context, path);
    bool protected = status->protection != RMS_UNPROTECTED;
    bool licence = status->content_id[0] != 0;
    json_t *mail = mail_json(context, path);
    json_t *object = json_object();

    json_object_set_new(object, "FileName", text_json(path));
    json_object_set_new(object, "Status", json_string(protection_word(status->protection)));
    add_label(object, &label);
    json_object_set_new(object, "IsRMSProtected", json_boolean(protected));
    json_object_set_new(object, "RMSTemplateId", text_json(status->template_id));
    json_object_set_new(object, "RMSTemplateName", text_json(status->template_name));
    json_object_set_new(object, "RMSIssuedTime", licence ? time_json(status->issued_at) : json_string(""));
    json_object_set_new(object, "RMSOwner", text_json(status->owner));
    json_object_set_new(object, "RMSIssuer", text_json(status->issuer));
    json_object_set_new(object, "ContentId", text_json(status->content_id));
    json_object_set_new(object, "ServiceUrl", text_json(status->service_url));
    json_object_set_new(object, "OriginalExtension", text_json(status->extension));
    json_object_set_new(object, "OriginalSize",
        protected && status->original_size <= INT64_MAX ? json_integer((json_int_t)status->original_size)
                                                        : json_null());
    json_object_set_new(
        object, "SignatureConsistent", licence ? json_boolean(status->signature_consistent) : json_null());
    json_object_set_new(
        object, "SignatureTrusted", licence ? json_boolean(status->signature_trusted) : json_null());
    json_object_set_new(
        object, "SignatureJudged", licence ? json_boolean(status->signature_judged) : json_null());
    add_seal(object, status);
    json_object_set_new(object, "ContainsProtectedObjects", json_boolean(status->contains_protected));
    json_object_set_new(object, "LicensingUrls", urls_json(status));
    if (mail != NULL) {
        json_object_set_new(object, "Mail", mail);
    }
    return object;
}

static void print_if(const char *name, const char *text)
{
    struct rms_buf RMS_BUF_CLEANUP line = RMS_BUF_INIT(8192);

    if (text[0] != 0) {
        safe_text(&line, text);
        printf("  %-14s %s\n", name, rms_buf_text(&line));
    }
}

static void print_path(const char *path)
{
    struct rms_buf RMS_BUF_CLEANUP line = RMS_BUF_INIT(16384);

    safe_text(&line, path);
    fputs(rms_buf_text(&line), stdout);
}

static void print_mail(struct rms_context *context, const char *path)
{
    static const struct {
        const char *member, *name;
    } lines[] = {
        {"Subject", _("subject")}, {"From", _("from")}, {"To", _("to")}, {"Attachments", _("attachment")}};
    json_t *mail = mail_json(context, path);

    for (size_t i = 0; mail != NULL && i < sizeof lines / sizeof lines[0]; i++) {
        const json_t *member = json_object_get(mail, lines[i].member);

        print_if(lines[i].name, json_is_string(member) ? json_string_value(member) : "");
        for (size_t j = 0; j < json_array_size(member); j++) {
            print_if(lines[i].name, json_string_value(json_array_get(member, j)));
        }
    }
    json_decref(mail);
}

static const char *signature_words(const struct rms_file_status *status)
{
    if (!status->signature_consistent) {
        return _("NOT consistent: the licence was changed");
    }
    if (!status->signature_judged) {
        return _("consistent; this device has not asked your service yet, so it cannot tell whose it is "
                 "(run: rms bootstrap)");
    }
    return status->signature_trusted ? _("consistent, made with your organisation's service")
                                     : _("consistent, made with another service than yours");
}

/* "sealed by alice@contoso.test 2026-11-22T10:00:00Z, unchanged". */
static void print_seal(const struct rms_file_status *status)
{
    struct rms_buf RMS_BUF_CLEANUP words = RMS_BUF_INIT(1024);
    char at[RMS_TIME_TEXT] = "";

    if (status->protection == RMS_UNPROTECTED) {
        return;
    }
    if (status->seal != RMS_SEAL_UNCHANGED) {
        print_if(_("seal"), status->seal == RMS_SEAL_NONE
                                ? _("none: nobody vouches that the content is what its author wrote")
                                : _("BROKEN: the file is damaged, or was changed after it was sealed"));
        return;
    }
    rms_time_iso(status->sealed_at, at);
    rms_buf_printf(&words,
        status->edited ? _("saved and sealed by %s, %s, unchanged") : _("sealed by %s, %s, unchanged"),
        status->sealed_by, at);
    print_if(_("seal"), rms_buf_text(&words));
}

void status_print(struct rms_context *context, const char *path, const struct rms_file_status *status)
{
    char issued[RMS_TIME_TEXT] = "";
    bool protected = status->protection != RMS_UNPROTECTED;
    bool bare = !protected && status->content_id[0] != 0; /* a licence by itself */
    const struct rms_label label = label_of(context, path);

    print_path(path);
    printf(": %s%s%s\n", style(protected ? "good" : "dim"),
        bare ? _("Licence") : protection_word(status->protection), style("off"));
    print_if(_("label"), label.name);
    print_mail(context, path);
    if (!protected && !bare) {
        return;
    }
    if (status->issued_at != RMS_NEVER) {
        rms_time_iso(status->issued_at, issued);
    }
    print_if(_("policy"), status->template_name);
    print_if(_("template id"), status->template_id);
    print_if(_("owner"), status->owner);
    print_if(_("protected by"), status->issuer);
    print_if(_("protected at"), issued);
    print_if(_("content id"), status->content_id);
    print_if(_("service"), status->service_url);
    print_if(_("extension"), status->extension);
    print_if(_("signature"), signature_words(status));
    print_seal(status);
}

static void show(const struct arguments *arguments, struct rms_context *context, const char *path,
    const struct rms_file_status *status)
{
    if (output_json() && argument_flag(arguments, "protection")) {
        output_object(json_pack(
            "{s:o,s:s}", "FileName", text_json(path), "Status", protection_word(status->protection)));
    } else if (output_json()) {
        output_object(status_object(context, path, status));
    } else if (argument_flag(arguments, "protection")) {
        print_path(path);
        printf(": %s\n", protection_word(status->protection));
    } else {
        status_print(context, path, status);
    }
}

struct looking {
    const struct arguments *arguments;
    struct rms_context *context;
};

static int status_one(void *user_data, const struct item *item)
{
    const struct looking *looking = user_data;
    struct rms_file_status status = {.protection = RMS_UNPROTECTED};
    int code = item->code != 0 ? item->code : rms_file_status(looking->context, item->path, &status);

    if (code < 0) {
        return items_refuse(looking->context, item, code);
    }
    show(looking->arguments, looking->context, item->path, &status);
    return EXIT_DONE;
}

/* A folder counts whole, as for everything of the label family, unless only the protection is asked (C-213).
 */
static int run(struct arguments *arguments)
{
    struct rms_context *CLOSE_CONTEXT context = try_context(arguments);
    struct looking looking = {arguments, context};
    bool whole = argument_flag(arguments, "recursive") || !argument_flag(arguments, "protection");

    return items_look(arguments, whole, status_one, &looking);
}

const struct verb verb_status = {
    .name = "status",
    .summary = "Show how files are protected",
    .operands = "FILE|FOLDER…",
    .details =
        "Reads what the file itself tells: no rights, no sign-in and no service are needed, and nothing is\n"
        "changed. With --json: one object a file, names as in the status lists of existing tools.",
    .examples = "  rms status plan.ptxt\n"
                "  rms status --json archive\n"
                "  find . -name '*.pfile' -print0 | rms status --stdin0 --protection",
    .options = options,
    .operands_min = 1,
    .operands_max = OPERANDS_MANY,
    .run = run,
};
