/* rms admin template export, import, apply, remove: verbs of several calls, and their files. */
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "cmd/rms/admin.h"

#define FILE_MAX  (8u << 20)
#define TEMPLATES TENANT_PATH "/templates"

static const char *operand(const struct arguments *arguments)
{
    size_t count;

    return argument_operands(arguments, &count)[0];
}

/* TEMPLATES/name/rest */
static void template_path(struct rms_buf *path, const char *name, const char *rest)
{
    rms_buf_append_str(path, TEMPLATES "/");
    admin_escape(path, name);
    rms_buf_append_str(path, rest);
}

/* 0, or an exit status with a message. */
static int read_file(const char *path, struct rms_buf *text)
{
    int code = rms_file_read(path, text);

    return code < 0 ? output_error(NULL, path, code) : EXIT_DONE;
}

/* --- export ----------------------------------------------------------------------------------------------
 */

/* What apply reads, in this order. */
static const char *const policy_members[] = {"TemplateId", "Version", "Names", "Descriptions", "Status",
    "RightsDefinitions", "ContentExpirationOption", "ContentExpirationDate", "ContentValidityDuration",
    "LicenseValidityDuration", "AuthorRights", "ScopedIdentities", "EnableInLegacyApps", NULL};

static void drop_unused_expiry(json_t *policy)
{
    const char *option = rms_json_str(policy, "ContentExpirationOption");

    if (option == NULL || strcmp(option, "OnDate") != 0) {
        json_object_del(policy, "ContentExpirationDate");
    }
    if (option == NULL || strcmp(option, "AfterDays") != 0) {
        json_object_del(policy, "ContentValidityDuration");
    }
}

static json_t *policy_of(const json_t *template)
{
    json_t *policy = json_object();
    size_t i;
    json_t *grant;

    for (const char *const *name = policy_members; *name != NULL; name++) {
        json_t *value = json_object_get(template, *name);

        if (value != NULL && !json_is_null(value)) {
            json_object_set_new(policy, *name, json_deep_copy(value));
        }
    }
    json_array_foreach(json_object_get(policy, "RightsDefinitions"), i, grant)
    {
        json_object_del(grant, "Level"); /* follows from the rights */
    }
    drop_unused_expiry(policy);
    return policy;
}

static int append_chunk(const char *chunk, size_t len, void *out)
{
    rms_buf_append(out, chunk, len);
    return rms_buf_status(out);
}

static int policy_text(const json_t *template, struct rms_buf *text)
{
    json_t *RMS_JSON_CLEANUP policy = policy_of(template);

    if (json_dump_callback(policy, append_chunk, text, JSON_INDENT(2)) != 0) {
        return output_error(NULL, _("the policy file"), RMS_E_LIMIT);
    }
    rms_buf_append_byte(text, '\n');
    return EXIT_DONE;
}

int admin_write_out(const struct arguments *arguments, const struct rms_buf *text)
{
    const char *path = argument_text(arguments, "output");
    struct rms_file_output output;
    int code;

    if (path == NULL) {
        return fwrite(rms_buf_text(text), 1, text->len, stdout) == text->len ? EXIT_DONE : EXIT_REFUSED;
    }
    code = rms_file_output_open(&output, path);
    if (code == 0) {
        code = rms_fd_write_all(output.fd, text->data, text->len);
        code = code == 0 ? rms_file_output_commit(&output, argument_flag(arguments, "force")) : code;
        rms_file_output_abort(&output);
    }
    return code < 0 ? output_error(NULL, path, code) : EXIT_DONE;
}

int admin_template_export(struct arguments *arguments)
{
    struct rms_buf RMS_BUF_CLEANUP path = RMS_BUF_INIT(4096);
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(FILE_MAX);
    json_t *RMS_JSON_CLEANUP reply = NULL;
    bool policy_file = argument_flag(arguments, "policy-file");
    struct admin_exchange get = {.method = "GET"};
    int status;

    template_path(&path, operand(arguments), policy_file ? "" : "/export");
    get.path = rms_buf_text(&path);
    status = admin_exchange(arguments, &get, &reply);
    if (status == EXIT_DONE && policy_file) {
        status = policy_text(reply, &text);
    } else if (status == EXIT_DONE) {
        const char *document = rms_json_str(reply, "Template");

        rms_buf_append_str(&text, document != NULL ? document : "");
    }
    return status == EXIT_DONE ? admin_write_out(arguments, &text) : status;
}

/* --- import ----------------------------------------------------------------------------------------------
 */

int admin_template_import(struct arguments *arguments)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(FILE_MAX);
    json_t *RMS_JSON_CLEANUP body = NULL;
    json_t *RMS_JSON_CLEANUP reply = NULL;
    const char *file = operand(arguments);
    struct admin_exchange post = {.method = "POST", .path = TEMPLATES "/import"};
    int status = read_file(file, &text);

    if (status != EXIT_DONE) {
        return status;
    }
    body = json_pack("{s:s%,s:b,s:b}", "Template", rms_buf_text(&text), text.len, "Force",
        argument_flag(arguments, "force"), "Foreign", argument_flag(arguments, "foreign"));
    if (body == NULL) {
        output_failure(
            file, &(struct failure){.code = RMS_E_BAD_ARGUMENT, .detail = _("not a signed template")});
        return EXIT_USAGE;
    }
    post.body = body;
    status = admin_exchange(arguments, &post, &reply);
    return status == EXIT_DONE ? admin_show_change(arguments, &post, reply, _("The template is imported."))
                               : status;
}

/* --- lint ------------------------------------------------------------------------------------------------
 */

int admin_template_lint(struct arguments *arguments)
{
    static const struct column columns[] = {{"CODE", "Code"}, {"WHAT", "Text"}, {NULL, NULL}};
    struct rms_buf RMS_BUF_CLEANUP path = RMS_BUF_INIT(4096);
    json_t *findings = NULL;
    struct admin_exchange get = {.method = "GET"};
    int status;
    bool strict;

    template_path(&path, operand(arguments), "/lint");
    get.path = rms_buf_text(&path);
    status = admin_exchange(arguments, &get, &findings);
    if (status != EXIT_DONE) {
        return status;
    }
    strict = argument_flag(arguments, "strict") && json_array_size(findings) > 0;
    if (json_array_size(findings) == 0 && !output_json()) {
        json_decref(findings);
        if (!output_quiet()) {
            puts(_("Nothing was found: the template can stay as it is."));
        }
        return EXIT_DONE;
    }
    status = output_list(findings, columns);
    return strict ? EXIT_REFUSED : status;
}

/* --- apply -----------------------------------------------------------------------------------------------
 */

static int read_policy(const char *path, json_t **policy_out)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(FILE_MAX);
    char detail[64] = "";
    int line;
    int status = read_file(path, &text);

    if (status != EXIT_DONE) {
        return status;
    }
    if (rms_json_parse_line(rms_buf_view(&text), policy_out, &line) == 0 && json_is_object(*policy_out)) {
        return EXIT_DONE;
    }
    (void)snprintf(
        detail, sizeof detail, *policy_out != NULL ? _("not an object") : _("line %d is not JSON"), line);
    output_failure(path, &(struct failure){.code = RMS_E_BAD_ARGUMENT, .detail = detail});
    return EXIT_USAGE;
}

/* By GUID, else by the first name. */
static const char *name_of(const json_t *policy)
{
    const char *id = rms_json_str(policy, "TemplateId");
    json_t *names = json_object_get(policy, "Names");

    return id != NULL ? id : json_string_value(json_object_iter_value(json_object_iter(names)));
}

/* A setting a line, so that two forms of a template can be compared: "Names.1033", "Rights of WHO". */
static void set_line(json_t *lines, const char *name, const char *part, const json_t *value)
{
    struct rms_buf RMS_BUF_CLEANUP key = RMS_BUF_INIT(4096);
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(FILE_MAX);

    rms_buf_printf(&key, part != NULL ? "%s %s" : "%s", name, part);
    if (json_is_string(value)) {
        rms_buf_append_str(&text, json_string_value(value));
    } else if (rms_json_emit(value, &text) < 0) {
        rms_buf_append_str(&text, "?");
    }
    json_object_set_new(lines, rms_buf_text(&key), text_json(rms_buf_text(&text)));
}

/* Entries of one person with different times are lines of their own. */
static void grant_line(json_t *lines, const char *name, const json_t *grant)
{
    struct rms_buf RMS_BUF_CLEANUP who = RMS_BUF_INIT(4096);
    const char *from = rms_json_str(grant, "From");
    const char *until = rms_json_str(grant, "Until");
    const char *principal = rms_json_str(grant, "Principal");

    rms_buf_append_str(&who, principal != NULL ? principal : "?");
    if (from != NULL) {
        rms_buf_printf(&who, " from %s", from);
    }
    if (until != NULL) {
        rms_buf_printf(&who, " until %s", until);
    }
    set_line(lines, name, rms_buf_text(&who), json_object_get(grant, "Rights"));
}

static void add_lines(json_t *lines, const char *name, const json_t *value)
{
    const char *key;
    json_t *element;
    size_t i;

    json_object_foreach((json_t *)value, key, element)
    {
        set_line(lines, name, key, element);
    }
    json_array_foreach((json_t *)value, i, element)
    {
        if (json_is_object(element)) {
            grant_line(lines, name, element);
        } else {
            set_line(lines, name, json_string_value(element), json_true());
        }
    }
    if (!json_is_object(value) && !json_is_array(value)) {
        set_line(lines, name, NULL, value);
    }
}

static json_t *lines_of(const json_t *template)
{
    json_t *RMS_JSON_CLEANUP policy = policy_of(template);
    json_t *lines = json_object();
    const char *name;
    json_t *value;

    json_object_del(policy, "TemplateId");
    json_object_del(policy, "Version");
    json_object_foreach(policy, name, value)
    {
        add_lines(lines, name, value);
    }
    return lines;
}

static void add_change(json_t *changes, const char *name, const json_t *before, const json_t *after)
{
    const char *old = json_string_value(before);
    const char *new = json_string_value(after);

    if (old == NULL || new == NULL || strcmp(old, new) != 0) {
        json_array_append_new(
            changes, json_pack("{s:s,s:s?,s:s?}", "Setting", name, "Before", old, "After", new));
    }
}

static json_t *changes_between(const json_t *before, const json_t *after)
{
    json_t *RMS_JSON_CLEANUP old = lines_of(before);
    json_t *RMS_JSON_CLEANUP new = lines_of(after);
    json_t *changes = json_array();
    const char *name;
    json_t *value;

    json_object_foreach(old, name, value)
    {
        add_change(changes, name, value, json_object_get(new, name));
    }
    json_object_foreach(new, name, value)
    {
        if (json_object_get(old, name) == NULL) {
            add_change(changes, name, NULL, value);
        }
    }
    return changes;
}

static void print_side(const char *mark, const json_t *change, const char *side)
{
    struct rms_buf RMS_BUF_CLEANUP line = RMS_BUF_INIT(FILE_MAX);
    const char *text = rms_json_str(change, side);

    if (text != NULL) {
        rms_buf_printf(&line, "%s %s: %s", mark, rms_json_str(change, "Setting"), text);
        print_line(stdout, rms_buf_text(&line));
    }
}

static void show_changes(const json_t *changes, const char *name)
{
    size_t i;
    json_t *change;

    if (output_json()) {
        output_object(json_pack("{s:s,s:O}", "Template", name, "Changes", (json_t *)changes));
        return;
    }
    print_line(stdout, name);
    json_array_foreach((json_t *)changes, i, change)
    {
        print_side("-", change, "Before");
        print_side("+", change, "After");
    }
    if (json_array_size(changes) == 0) {
        puts(_("nothing to change"));
    }
    fflush(stdout);
}

/* Nobody there to ask, and no yes given. */
static int nobody_to_ask(const struct arguments *arguments)
{
    return isatty(STDIN_FILENO) ? EXIT_DONE : usage_error(arguments, _("this needs a yes: give --yes"));
}

static int confirm(const struct arguments *arguments, const char *question)
{
    if (argument_flag(arguments, "yes")) {
        return EXIT_DONE;
    }
    if (nobody_to_ask(arguments) != EXIT_DONE) {
        return EXIT_USAGE;
    }
    if (!ask_yes(question)) {
        output_note(NULL, _("nothing was changed"));
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

/* The change is what was shown: of the version read, or the one the file insists on. */
static int apply_to(struct arguments *arguments, const char *path, json_t *policy, const json_t *before)
{
    json_t *RMS_JSON_CLEANUP after = NULL;
    json_t *RMS_JSON_CLEANUP changes = NULL;
    json_t *RMS_JSON_CLEANUP reply = NULL;
    struct admin_exchange post = {.method = "POST", .path = path, .body = policy, .what_if = true};
    int status;

    if (before != NULL && json_object_get(policy, "Version") == NULL) {
        json_object_set(policy, "Version", json_object_get(before, "Version"));
    }
    status = admin_exchange(arguments, &post, &after);
    if (status != EXIT_DONE) {
        return status;
    }
    changes = changes_between(before, after);
    show_changes(changes, rms_json_str(after, "TemplateId"));
    if ((json_array_size(changes) == 0 && before != NULL) || argument_flag(arguments, "what-if")) {
        return EXIT_DONE;
    }
    status = confirm(arguments, _("Make these changes?"));
    if (status == EXIT_DONE) {
        post.what_if = false;
        status = admin_exchange(arguments, &post, &reply);
    }
    return status == EXIT_DONE ? admin_show_change(arguments, &post, reply, _("The template is changed."))
                               : status;
}

int admin_template_apply(struct arguments *arguments)
{
    struct rms_buf RMS_BUF_CLEANUP path = RMS_BUF_INIT(4096);
    json_t *RMS_JSON_CLEANUP policy = NULL;
    json_t *RMS_JSON_CLEANUP before = NULL;
    struct admin_exchange get = {.method = "GET", .may_miss = true};
    int status = read_policy(operand(arguments), &policy);
    const char *name = status == EXIT_DONE ? name_of(policy) : NULL;

    if (status != EXIT_DONE) {
        return status;
    }
    if (name == NULL || name[0] == 0) {
        return usage_error(arguments, _("the file names neither TemplateId nor Names"));
    }
    template_path(&path, name, "");
    get.path = rms_buf_text(&path);
    status = admin_exchange(arguments, &get, &before);
    if (status == EXIT_MISSING) {
        return apply_to(arguments, TEMPLATES, policy, NULL);
    }
    return status == EXIT_DONE ? apply_to(arguments, rms_buf_text(&path), policy, before) : status;
}

/* --- remove ----------------------------------------------------------------------------------------------
 */

/* S-108: as far as the usage log goes back. */
static void show_usage(const struct arguments *arguments, const char *path)
{
    struct rms_buf RMS_BUF_CLEANUP usage_path = RMS_BUF_INIT(4096);
    json_t *RMS_JSON_CLEANUP usage = NULL;
    struct admin_exchange get = {.method = "GET"};

    rms_buf_printf(&usage_path, "%s/usage", path);
    get.path = rms_buf_text(&usage_path);
    if (admin_exchange(arguments, &get, &usage) == EXIT_DONE) {
        output_members(usage);
    }
}

/* S-107: what goes is seen before it goes. */
static int show_and_ask(struct arguments *arguments, const char *path)
{
    static const char *const surely[] = {"force", "yes", "what-if", NULL};
    json_t *RMS_JSON_CLEANUP template = NULL;
    struct admin_exchange get = {.method = "GET", .path = path};
    int status;

    if (argument_count_of(arguments, surely) > 0) {
        return EXIT_DONE;
    }
    status = nobody_to_ask(arguments);
    status = status == EXIT_DONE ? admin_exchange(arguments, &get, &template) : status;
    if (status != EXIT_DONE) {
        return status;
    }
    if (!output_json()) {
        output_members(template);
        show_usage(arguments, path);
        fflush(stdout);
    }
    output_note(_("warning"), _("nobody but the owner and super users can then open what it protects"));
    return confirm(arguments, _("Remove the template?"));
}

int admin_template_remove(struct arguments *arguments)
{
    struct rms_buf RMS_BUF_CLEANUP path = RMS_BUF_INIT(4096);
    json_t *RMS_JSON_CLEANUP query = json_pack("{s:s}", "force", "true");
    json_t *RMS_JSON_CLEANUP reply = NULL;
    struct admin_exchange call = {.method = "DELETE"};
    int status;

    template_path(&path, operand(arguments), "");
    call.path = rms_buf_text(&path);
    call.query = argument_flag(arguments, "force") ? query : NULL;
    status = show_and_ask(arguments, call.path);
    if (status == EXIT_DONE) {
        status = admin_exchange(arguments, &call, &reply);
    }
    return status == EXIT_DONE ? admin_show_change(arguments, &call, reply, _("The template is removed."))
                               : status;
}
