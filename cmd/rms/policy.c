#include "cmd/rms/policy.h"

#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "cmd/rms/date.h"
#include "cmd/rms/output.h"

#define POLICY_FILE_MAX (4u << 20)
#define WHO_MAX         320

static const char *const kinds[] = {
    "template", "license", "perm", "only-me", "do-not-forward", "encrypt-only", NULL};
static const char *const custom_only[] = {"expire-on", "expire-days", "offline-days", "custom-right", NULL};

const char *const cipher_choices[] = {"aes256-cbc4k", "aes128-cbc4k", "aes128-ecb", NULL};

/* --- checks ----------------------------------------------------------------------------------------------
 */

static bool is_principal(const char *who, size_t len)
{
    char text[WHO_MAX];
    char normal[RMS_ADDRESS_MAX];
    static const char *const words[] = {"all-staff", "anyone", "any-authenticated"};

    if (len == 0 || len >= sizeof text - 2) {
        return false;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strlen(words[i]) == len && strncmp(words[i], who, len) == 0) {
            return true;
        }
    }
    if (len > 7 && strncmp(who, "domain:", 7) == 0) {
        (void)snprintf(
            text, sizeof text, "x@%.*s", (int)(len - 7), who + 7); /* a domain is what may follow @ */
    } else {
        (void)snprintf(text, sizeof text, "%.*s", (int)len, who);
    }
    return rms_address_normalise(text, normal) == 0;
}

static int check_grants(const struct arguments *arguments)
{
    size_t count;
    const char *const *grants = argument_list(arguments, "perm", &count);

    for (size_t i = 0; i < count; i++) {
        const char *colon = strrchr(grants[i], ':');

        if (colon == NULL || colon[1] == 0) {
            return usage_error(arguments, _("--perm takes WHO:RIGHTS, not \"%s\""), grants[i]);
        }
        if (!is_principal(grants[i], (size_t)(colon - grants[i]))) {
            return usage_error(arguments,
                _("--perm %s: the recipient is neither an address nor domain:DOMAIN, all-staff or anyone"),
                grants[i]);
        }
    }
    return 0;
}

static int check_expiry(const struct arguments *arguments)
{
    const char *text = argument_text(arguments, "expire-on");
    int64_t until;

    if (text == NULL) {
        return 0;
    }
    if (argument_flag(arguments, "expire-days")) {
        return usage_error(arguments, _("give --expire-on or --expire-days, not both"));
    }
    if (date_parse(text, true, &until) < 0) {
        return usage_error(arguments, _("--expire-on takes %s; not \"%s\""), DATE_FORMS, text);
    }
    if (until <= rms_clock_now()) {
        return usage_error(arguments, _("--expire-on %s has passed"), text);
    }
    return 0;
}

static int check_owner(const struct arguments *arguments)
{
    const char *owner = argument_text(arguments, "owner");
    const char *as = argument_text(arguments, "protect-as");
    char normal[RMS_ADDRESS_MAX];

    if (owner != NULL && rms_address_normalise(owner, normal) < 0) {
        return usage_error(arguments, _("--owner takes a mail address, not \"%s\""), owner);
    }
    if (as != NULL && rms_address_normalise(as, normal) < 0) {
        return usage_error(arguments, _("--protect-as takes a mail address, not \"%s\""), as);
    }
    return 0;
}

/* One name each: "A B" would allow whatever rights A and B are. */
static int check_custom(const struct arguments *arguments)
{
    size_t count;
    const char *const *names = argument_list(arguments, "custom-right", &count);

    for (size_t i = 0; i < count; i++) {
        if (strpbrk(names[i], ", \t\n") != NULL) {
            return usage_error(
                arguments, _("--custom-right takes the name of one right, not \"%s\""), names[i]);
        }
    }
    return 0;
}

int policy_check(const struct arguments *arguments)
{
    size_t given = argument_count_of(arguments, kinds);
    int status;

    if (given != 1) {
        return usage_error(
            arguments, given == 0 ? _("say who may open it: one of --template, --perm, --only-me, --license")
                                  : _("give only one of --template, --perm, --only-me, --license"));
    }
    if ((argument_flag(arguments, "template") || argument_flag(arguments, "license")) &&
        argument_count_of(arguments, custom_only) > 0) {
        return usage_error(
            arguments, _("expiry, offline days and custom rights are the template's or licence file's"));
    }
    status = check_grants(arguments);
    if (status == 0) {
        status = check_custom(arguments);
    }
    if (status == 0) {
        status = check_expiry(arguments);
    }
    return status == 0 ? check_owner(arguments) : status;
}

/* --- making ----------------------------------------------------------------------------------------------
 */

static bool is_custom(const struct arguments *arguments, const char *right, size_t len)
{
    size_t count;
    const char *const *names = argument_list(arguments, "custom-right", &count);

    for (size_t i = 0; i < count; i++) {
        if (strlen(names[i]) == len && strncasecmp(names[i], right, len) == 0) {
            return true;
        }
    }
    return false;
}

/* Rights named by --custom-right go one by one, so that a slip in the others is still found. */
static int grant(const struct arguments *arguments, struct rms_policy_builder *policy, const char *text)
{
    const char *colon = strrchr(text, ':');
    struct rms_buf RMS_BUF_CLEANUP who = RMS_BUF_INIT(WHO_MAX);
    struct rms_buf RMS_BUF_CLEANUP known = RMS_BUF_INIT(4096);
    struct rms_buf RMS_BUF_CLEANUP own = RMS_BUF_INIT(4096);

    rms_buf_append(&who, text, (size_t)(colon - text));
    for (const char *p = colon + 1; *p != 0; p += strspn(p, ",")) {
        size_t len = strcspn(p, ",");
        struct rms_buf *list = is_custom(arguments, p, len) ? &own : &known;

        rms_buf_append_str(list, list->len > 0 ? "," : "");
        rms_buf_append(list, p, len);
        p += len;
    }
    RMS_TRY(rms_buf_status(&who));
    RMS_TRY(rms_buf_status(&known));
    RMS_TRY(rms_buf_status(&own));
    if (known.len > 0 || own.len == 0) {
        RMS_TRY(rms_policy_grant(policy, rms_buf_text(&who), rms_buf_text(&known), false));
    }
    return own.len > 0 ? rms_policy_grant(policy, rms_buf_text(&who), rms_buf_text(&own), true) : 0;
}

static int set_term(const struct arguments *arguments, struct rms_policy_builder *policy)
{
    const char *text = argument_text(arguments, "expire-on");
    int64_t until;
    long days;

    if (text != NULL) {
        RMS_TRY(date_parse(text, true, &until));
        RMS_TRY(rms_policy_set_expiry(policy, until));
    }
    if (argument_number(arguments, "expire-days", &days)) {
        RMS_TRY(rms_policy_set_expiry_days(policy, (unsigned)days));
    }
    if (argument_number(arguments, "offline-days", &days)) {
        RMS_TRY(rms_policy_set_offline_days(policy, (int)days));
    }
    return 0;
}

static int set_names(const struct arguments *arguments, struct rms_policy_builder *policy)
{
    const char *name = argument_text(arguments, "name");
    const char *description = argument_text(arguments, "description");
    const char *owner = argument_text(arguments, "owner");
    const char *cipher = argument_text(arguments, "cipher");
    const char *as = argument_text(arguments, "protect-as");

    if (cipher != NULL) {
        RMS_TRY(rms_policy_set_cipher(policy, cipher));
    }
    if (owner != NULL) {
        RMS_TRY(rms_policy_set_owner(policy, owner));
    }
    if (as != NULL) {
        RMS_TRY(rms_policy_set_on_behalf(policy, as));
    }
    if (name != NULL || description != NULL) {
        RMS_TRY(rms_policy_set_name(
            policy, name != NULL ? name : "", description != NULL ? description : "", "en-US"));
    }
    return 0;
}

static int load(struct rms_context *context, const char *path, struct rms_policy_builder **policy_out)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(POLICY_FILE_MAX);

    RMS_TRY(rms_file_read(path, &text));
    return rms_policy_load(context, rms_buf_text(&text), text.len, policy_out);
}

static const struct {
    const char *option, *rights;
} mail_sets[] = {{"do-not-forward", "Do Not Forward"}, {"encrypt-only", "Encrypt-Only"}};

/* subject_out: what an error is about. */
static int begin(const struct arguments *arguments, struct rms_context *context,
    struct rms_policy_builder **policy_out, const char **subject_out)
{
    const char *template = argument_text(arguments, "template");
    const char *license = argument_text(arguments, "license");

    if (template != NULL) {
        *subject_out = template;
        return rms_policy_from_template(context, template, policy_out);
    }
    if (license != NULL) {
        *subject_out = license;
        return load(context, license, policy_out);
    }
    for (size_t i = 0; i < sizeof mail_sets / sizeof mail_sets[0]; i++) {
        if (argument_flag(arguments, mail_sets[i].option)) {
            return rms_policy_for_recipients(context, mail_sets[i].rights, policy_out);
        }
    }
    return rms_policy_custom(context, policy_out);
}

static int fill(
    const struct arguments *arguments, struct rms_policy_builder *policy, const char **subject_out)
{
    size_t count;
    const char *const *grants = argument_list(arguments, "perm", &count);

    for (size_t i = 0; i < count; i++) {
        *subject_out = grants[i];
        RMS_TRY(grant(arguments, policy, grants[i]));
    }
    *subject_out = NULL;
    RMS_TRY(set_term(arguments, policy));
    return set_names(arguments, policy);
}

int policy_make(
    const struct arguments *arguments, struct rms_context *context, struct rms_policy_builder **policy_out)
{
    const char *subject = NULL;
    int code = begin(arguments, context, policy_out, &subject);

    if (code == 0) {
        code = fill(arguments, *policy_out, &subject);
    }
    if (code < 0) {
        rms_policy_free(policy_out);
        return output_error(context, subject, code);
    }
    return 0;
}

static int append(void *user_data, const void *data, size_t len)
{
    rms_buf_append(user_data, data, len);
    return rms_buf_status(user_data);
}

int policy_store(struct rms_context *context, const struct rms_policy_builder *policy, const char *path)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(POLICY_FILE_MAX);
    struct rms_file_output output;
    int code = rms_policy_save(policy, append, &text);

    if (code < 0) {
        return output_error(context, path, code);
    }
    code = rms_file_output_open(&output, path);
    if (code == 0) {
        code = rms_fd_write_all(output.fd, text.data, text.len);
        if (code == 0) {
            code = rms_file_output_commit(&output, false);
        }
        rms_file_output_abort(&output);
    }
    return code < 0 ? output_error(NULL, path, code) : 0;
}
