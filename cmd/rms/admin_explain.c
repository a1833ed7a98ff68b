/* rms admin explain: why somebody may or may not open a document (B-01) */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "cmd/rms/admin.h"
#include "crypto/base64.h"
#include "format/container.h"

#define BASE64_MAX (4 * (RMS_PFILE_LICENCE_MAX / 3 + 1))

const struct option_row admin_explain_options[] = {
    TEXT("user", "ADDRESS", "who is asked about (needed)"),
    TEXT("file", "FILE", "the protected file; only its licence is read and sent, never content"),
    TEXT("licence", "FILE", "a publishing licence by itself"),
    TEXT("content-id", "ID", "a tracked document instead of a file; enough where a template decides"),
    TEXT("issuer", "ADDRESS", "who protected it; needed when several people used the same content id"),
    LIST("right", "RIGHT", "what the person wants to do; tells when the super user right is used"),
    TENANT_OPTION,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct call_field fields[] = {
    {"User", FIELD_TEXT, "user", 0},
    {"ContentId", FIELD_TEXT, "content-id", 0},
    {"Issuer", FIELD_TEXT, "issuer", 0},
    {"Wanted", FIELD_LIST, "right", 0},
    FIELDS_END,
};
static const char *const needed[] = {"user", NULL};
static const struct call explain = {
    .method = "POST", .path = TENANT_PATH "/explain", .fields = fields, .needed = needed};

/* --- the licence ------------------------------------------------------------------------------------------
 */

static int read_at(void *context, uint64_t offset, void *buffer, size_t len)
{
    ssize_t got = pread(*(const int *)context, buffer, len, (off_t)offset);

    return got == (ssize_t)len ? 0 : RMS_E_IO;
}

static int licence_of_file(const char *path, struct rms_buf *licence)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct rms_reader reader = {.context = &fd, .read = read_at};
    struct rms_container RMS_CONTAINER_CLEANUP file = {0};
    off_t size;
    int code;

    if (fd < 0) {
        return rms_error_from_errno(errno);
    }
    size = lseek(fd, 0, SEEK_END);
    reader.size = size > 0 ? (uint64_t)size : 0;
    code = rms_container_open(&reader, &file);
    if (code == 0) {
        code = rms_container_licence(&file, licence);
    }
    (void)close(fd);
    return code;
}

int admin_add_licence(const char *file, const char *licence_file, json_t *body)
{
    struct rms_buf RMS_BUF_CLEANUP licence = RMS_BUF_INIT(RMS_PFILE_LICENCE_MAX);
    struct rms_buf RMS_BUF_CLEANUP base64 = RMS_BUF_INIT(BASE64_MAX);
    const char *path = file != NULL ? file : licence_file;
    int code;

    if (path == NULL) {
        return 0;
    }
    code = file != NULL ? licence_of_file(path, &licence) : rms_file_read(path, &licence);
    if (code < 0) {
        return output_error(NULL, path, code);
    }
    rms_base64_encode(&base64, rms_buf_view(&licence));
    (void)json_object_set_new(body, "SerializedPublishingLicense", json_string(rms_buf_text(&base64)));
    return 0;
}

/* --- showing ----------------------------------------------------------------------------------------------
 */

static void print_pair(const char *name, const char *value)
{
    struct rms_buf RMS_BUF_CLEANUP line = RMS_BUF_INIT(65536);

    if (value != NULL && value[0] != 0) {
        rms_buf_printf(&line, "  %-12s ", name);
        safe_text(&line, value);
        puts(rms_buf_text(&line));
    }
}

static void join(struct rms_buf *out, const json_t *texts, const char *member, const char *between)
{
    const json_t *item;
    size_t i;

    json_array_foreach(texts, i, item)
    {
        const char *text = member != NULL ? rms_json_str(item, member) : json_string_value(item);

        rms_buf_append_str(out, i > 0 ? between : "");
        rms_buf_append_str(out, text != NULL ? text : "?");
    }
}

static void print_person(const json_t *person)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(65536);
    const json_t *ignored;
    size_t i;

    join(&text, json_object_get(person, "Addresses"), NULL, ", ");
    print_pair(_("addresses"), rms_buf_text(&text));
    json_array_foreach(json_object_get(person, "Ignored"), i, ignored)
    {
        struct rms_buf RMS_BUF_CLEANUP line = RMS_BUF_INIT(8192);

        rms_buf_printf(&line, "%s: %s", rms_json_str(ignored, "Value"), rms_json_str(ignored, "Reason"));
        print_pair(_("not used"), rms_buf_text(&line));
    }
    if (json_is_true(json_object_get(person, "External"))) {
        print_pair(_("account"), _("of another organisation: only this address is known here"));
    } else {
        printf(_("  %-12s read %lld s ago, kept for %lld s\n"), _("groups"),
            (long long)json_integer_value(json_object_get(person, "CacheAgeSeconds")),
            (long long)json_integer_value(json_object_get(person, "CacheLimitSeconds")));
    }
}

static void print_policy(const json_t *policy)
{
    struct rms_buf RMS_BUF_CLEANUP line = RMS_BUF_INIT(8192);
    const char *source = rms_json_str(policy, "Source");

    if (source != NULL && strcmp(source, "template") == 0) {
        rms_buf_printf(&line, _("template %s, version %lld (%s), as it is now"),
            rms_json_str(policy, "TemplateName"),
            (long long)json_integer_value(json_object_get(policy, "TemplateVersion")),
            rms_json_str(policy, "TemplateStatus"));
    } else if (source != NULL && strcmp(source, "gone") == 0) {
        rms_buf_printf(&line, _("template %s, which is gone"), rms_json_str(policy, "TemplateId"));
    } else if (source != NULL && strcmp(source, "licence") == 0) {
        rms_buf_append_str(&line, _("the licence's own list"));
    }
    print_pair(_("policy"), rms_buf_text(&line));
    print_pair(_("expires"), rms_json_str(policy, "ContentExpires"));
}

static void print_match(const json_t *match)
{
    struct rms_buf RMS_BUF_CLEANUP line = RMS_BUF_INIT(65536);
    const json_t *path = json_object_get(match, "Path");

    rms_buf_printf(&line, "%s (%s, %s): ", rms_json_str(match, "Principal"), rms_json_str(match, "By"),
        rms_json_str(match, "State"));
    join(&line, json_object_get(match, "Rights"), NULL, ",");
    if (json_array_size(path) > 0) {
        rms_buf_append_str(&line, _("; member of "));
        join(&line, path, "Name", " > ");
    } else if (json_is_true(json_object_get(match, "Stale"))) {
        rms_buf_append_str(&line, _("; only by membership as it was kept"));
    }
    print_pair(_("matches"), rms_buf_text(&line));
}

static void print_document(const json_t *document)
{
    print_pair(_("document"), rms_json_str(document, "ContentId"));
    print_pair(_("owner"), rms_json_str(document, "Owner"));
    print_pair(_("issuer"), rms_json_str(document, "Issuer"));
    print_pair(_("protected"), rms_json_str(document, "CreatedTime"));
    print_pair(_("revoked"), rms_json_str(document, "RevokedTime"));
    if (json_is_false(json_object_get(document, "OwnerProved"))) {
        print_pair(
            _("note"), _("its key was first seen with another document: owner and issuer do not count"));
    }
}

static void print_explanation(const json_t *reply)
{
    struct rms_buf RMS_BUF_CLEANUP line = RMS_BUF_INIT(65536);
    const json_t *match;
    const char *reason = rms_json_str(reply, "Reason");
    bool granted = json_is_true(json_object_get(reply, "Granted"));
    size_t i;

    safe_text(&line, rms_json_str(json_object_get(reply, "Person"), "Address"));
    rms_buf_append_str(&line, granted ? _(" may open it: ") : _(" may not open it: "));
    rms_buf_append_str(&line, rms_json_str(reply, "Fact"));
    if (granted) {
        rms_buf_append_str(&line, " (");
        join(&line, json_object_get(reply, "Rights"), NULL, ",");
        rms_buf_append_byte(&line, ')');
    } else {
        rms_buf_printf(&line, " (%s)", reason != NULL ? reason : "?");
    }
    print_line(stdout, rms_buf_text(&line));
    if (!granted) {
        print_pair(_("next step"), rms_json_str(reply, "NextStep"));
    }
    print_pair(_("because"), rms_json_str(reply, "Detail"));
    print_document(json_object_get(reply, "Document"));
    print_policy(json_object_get(reply, "Policy"));
    json_array_foreach(json_object_get(reply, "Matches"), i, match)
    {
        print_match(match);
    }
    print_person(json_object_get(reply, "Person"));
    print_pair(_("service"), rms_json_str(reply, "FunctionalState"));
}

/* --- the verb ----------------------------------------------------------------------------------------------
 */

static int fill(const struct arguments *arguments, json_t *body)
{
    static const char *const sources[] = {"file", "licence", "content-id", NULL};
    int status = admin_body(arguments, &explain, body);

    if (status == 0 && argument_count_of(arguments, sources) != 1) {
        return usage_error(arguments, _("give one of --file, --licence and --content-id"));
    }
    return status == 0 ? admin_add_licence(
                             argument_text(arguments, "file"), argument_text(arguments, "licence"), body)
                       : status;
}

int admin_run_explain(struct arguments *arguments)
{
    json_t *RMS_JSON_CLEANUP body = json_object();
    json_t *RMS_JSON_CLEANUP reply = NULL;
    struct admin_exchange exchange = {.method = explain.method, .path = explain.path, .body = body};
    int status = fill(arguments, body);

    status = status == 0 ? admin_exchange(arguments, &exchange, &reply) : status;
    if (status != 0) {
        return status;
    }
    if (output_json()) {
        output_object(json_incref(reply));
    } else {
        print_explanation(reply);
    }
    return EXIT_DONE;
}
