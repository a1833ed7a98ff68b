#include "client/builder.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "client/context.h"
#include "client/identity.h"
#include "client/issue.h"
#include "client/signin.h"
#include "client/template.h"

#define ARENA_MAX    (64u * 1024 * 1024)
#define DATA_MAX     1024 /* entries of application data of each sort */
#define RIGHTS_CHARS ", \t"

struct rms_policy_builder *rms_builder_new(void)
{
    struct rms_policy_builder *builder = rms_calloc(1, sizeof *builder);

    if (builder == NULL) {
        return NULL;
    }
    builder->arena = rms_arena_new(ARENA_MAX);
    if (builder->arena == NULL) {
        rms_free(builder);
        return NULL;
    }
    builder->handle = RMS_HANDLE_POLICY;
    rms_policy_init(&builder->policy);
    return builder;
}

void rms_policy_free(struct rms_policy_builder **policy)
{
    if (policy != NULL && rms_handle_is(*policy, RMS_HANDLE_POLICY)) {
        (*policy)->handle = 0;
        rms_arena_free(&(*policy)->arena);
        rms_free(*policy);
        *policy = NULL;
    }
}

/* Room for one more in a growing arena array; the old one stays behind until the builder ends. */
static void *grow(
    struct rms_policy_builder *builder, const void *old, size_t count, size_t *room, size_t size)
{
    void *larger;

    if (count < *room) {
        return (void *)(uintptr_t)old;
    }
    larger = rms_arena_array(builder->arena, *room * 2 + 8, size);
    if (larger != NULL) {
        if (count > 0) {
            memcpy(larger, old, count * size);
        }
        *room = *room * 2 + 8;
    }
    return larger;
}

int rms_policy_custom(struct rms_context *context, struct rms_policy_builder **policy_out)
{
    struct rms_policy_builder *builder;
    struct rms_signin signin;
    int status;

    if (policy_out == NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    *policy_out = NULL;
    RMS_TRY(rms_call_begin(context));
    builder = rms_builder_new();
    if (builder == NULL) {
        return RMS_E_NO_MEMORY;
    }
    status = rms_signin_load(context, builder->arena, &signin);
    if (status == 0) {
        builder->own_domain = rms_address_domain(signin.address);
    } else if (status != RMS_E_NOT_AUTHENTICATED && status != RMS_E_STORE_NOT_BOUND) {
        rms_policy_free(&builder);
        return status;
    }
    rms_guid_new(builder->policy.id);
    builder->policy.only_me = true; /* until somebody is granted something */
    *policy_out = builder;
    return rms_call_begin(context); /* nobody being signed in is no failure here */
}

int rms_policy_ask(struct rms_context *context, struct rms_policy_builder **policy_out)
{
    RMS_TRY(rms_policy_custom(context, policy_out));
    (*policy_out)->must_grant = true;
    return 0;
}

int rms_policy_for_recipients(
    struct rms_context *context, const char *rights, struct rms_policy_builder **policy_out)
{
    struct rms_rights set = {0};

    RMS_TRY(rms_policy_custom(context, policy_out));
    if (rights == NULL || rms_mail_rights(rights, &set) != 0) {
        rms_policy_free(policy_out);
        return rms_fail(context, RMS_E_BAD_ARGUMENT, "no set of rights for the recipients of a mail");
    }
    (*policy_out)->for_recipients = set.bits == RMS_RIGHTS_DO_NOT_FORWARD ? "Do Not Forward" : "Encrypt-Only";
    return 0;
}

int rms_policy_from_template(
    struct rms_context *context, const char *id_or_name, struct rms_policy_builder **policy_out)
{
    struct rms_identity RMS_IDENTITY_CLEANUP *identity = NULL;
    struct rms_template_found found;
    struct rms_policy_builder *builder;
    int status;

    if (policy_out == NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    *policy_out = NULL;
    RMS_TRY(rms_call_begin(context));
    RMS_TRY(rms_check_text(context, "template", id_or_name, false));
    RMS_TRY(rms_identity_get(context, RMS_FOR_OPENING, &identity));
    builder = rms_builder_new();
    if (builder == NULL) {
        return RMS_E_NO_MEMORY;
    }
    status = rms_template_find(context, identity, builder->arena, id_or_name, &found);
    if (status == RMS_E_TEMPLATE_NOT_FOUND && !identity->has_clc && identity->clc_refusal != 0) {
        /* who may not protect is offered none at all: that is the answer, not this one name (S-120) */
        status = rms_fail(context, identity->clc_refusal, "this device holds no certificate to protect with");
    }
    if (status != 0) {
        rms_policy_free(&builder);
        return status;
    }
    builder->policy = found.policy;
    builder->template_text = found.text;
    *policy_out = builder;
    return 0;
}

/* Permissions of a template are the service's; only what is beside them can be set. */
static int custom_only(const struct rms_policy_builder *policy)
{
    return !rms_handle_is(policy, RMS_HANDLE_POLICY) || policy->policy.from_template ? RMS_E_BAD_ARGUMENT : 0;
}

/* As rms_check_text, where there is no context to tell. */
static bool is_text(const char *text)
{
    return text != NULL && strnlen(text, RMS_TEXT_MAX + 1) <= RMS_TEXT_MAX &&
           rms_text_printable(rms_view_str(text));
}

/* --- grants --- */

static int set_principal(struct rms_policy_builder *policy, const char *who, struct rms_grant *grant)
{
    if (rms_text_equal_nocase(who, "anyone")) {
        grant->principal = RMS_PRINCIPAL_ANYONE;
        grant->address = NULL;
        return 0;
    }
    if (rms_text_equal_nocase(who, "all-staff")) {
        if (policy->own_domain == NULL) {
            return RMS_E_NOT_AUTHENTICATED;
        }
        grant->principal = RMS_PRINCIPAL_DOMAIN;
        grant->address = policy->own_domain;
        return 0;
    }
    if (strncasecmp(who, "domain:", 7) == 0) {
        who += 7;
        if (strchr(who, '@') != NULL) {
            return RMS_E_BAD_ARGUMENT;
        }
    }
    return rms_grant_set_principal(policy->arena, grant, who);
}

static int add_rights(
    struct rms_policy_builder *policy, const char *text, bool allow_custom, struct rms_rights *rights)
{
    bool any = false;

    /* a level or a set of mail is one name, possibly with a blank; otherwise a list */
    if (rms_level_rights(text, rights) == 0 || rms_mail_rights(text, rights) == 0) {
        return 0;
    }
    while (*text != '\0') {
        size_t len = strcspn(text, RIGHTS_CHARS);

        if (len > 0) {
            const char *word = rms_arena_text(policy->arena, rms_view_of(text, len));
            struct rms_rights level = {0};

            if (word == NULL) {
                return RMS_E_NO_MEMORY;
            }
            if (rms_level_rights(word, &level) == 0) {
                RMS_TRY(rms_rights_merge(policy->arena, rights, &level));
            } else {
                RMS_TRY(rms_rights_add(policy->arena, rights, word, allow_custom));
            }
            any = true;
        }
        text += len + (text[len] != '\0');
    }
    return any ? 0 : RMS_E_BAD_ARGUMENT;
}

int rms_policy_grant(
    struct rms_policy_builder *policy, const char *who, const char *rights, bool allow_custom_rights)
{
    struct rms_grant *grants;
    struct rms_grant grant;

    RMS_TRY(custom_only(policy));
    if (!is_text(who) || !is_text(rights)) {
        return RMS_E_BAD_ARGUMENT;
    }
    if (policy->policy.grant_count >= RMS_GRANTS_MAX) {
        return RMS_E_LIMIT;
    }
    rms_grant_init(&grant);
    RMS_TRY(set_principal(policy, who, &grant));
    RMS_TRY(add_rights(policy, rights, allow_custom_rights, &grant.rights));
    grants =
        grow(policy, policy->policy.grants, policy->policy.grant_count, &policy->grant_room, sizeof *grants);
    if (grants == NULL) {
        return RMS_E_NO_MEMORY;
    }
    grants[policy->policy.grant_count++] = grant;
    policy->policy.grants = grants;
    policy->policy.only_me = false;
    policy->must_grant = false;
    return 0;
}

/* --- the rest --- */

int rms_policy_set_name(
    struct rms_policy_builder *policy, const char *name, const char *description, const char *language)
{
    unsigned lcid = language != NULL ? rms_lcid_of(language) : 1033;
    struct rms_policy_text *texts;
    struct rms_policy_text text;

    RMS_TRY(custom_only(policy));
    if (!is_text(name) || name[0] == '\0' || lcid == 0 || (description != NULL && !is_text(description))) {
        return RMS_E_BAD_ARGUMENT;
    }
    text.lcid = lcid;
    text.name = rms_arena_strdup(policy->arena, name);
    text.description = rms_arena_strdup(policy->arena, description != NULL ? description : "");
    texts = grow(policy, policy->policy.texts, policy->policy.text_count, &policy->text_room, sizeof *texts);
    if (text.name == NULL || text.description == NULL || texts == NULL) {
        return RMS_E_NO_MEMORY;
    }
    policy->policy.texts = texts;
    for (size_t i = 0; i < policy->policy.text_count; i++) {
        if (texts[i].lcid == lcid) {
            texts[i] = text;
            return 0;
        }
    }
    texts[policy->policy.text_count++] = text;
    return 0;
}

static int set_address(struct rms_policy_builder *policy, const char **place, const char *address)
{
    char normal[RMS_ADDRESS_MAX];

    if (address == NULL || rms_address_normalise(address, normal) != 0) {
        return RMS_E_BAD_ARGUMENT;
    }
    *place = rms_arena_strdup(policy->arena, normal);
    return *place != NULL ? 0 : RMS_E_NO_MEMORY;
}

int rms_policy_set_owner(struct rms_policy_builder *policy, const char *address)
{
    return rms_handle_is(policy, RMS_HANDLE_POLICY) ? set_address(policy, &policy->owner, address)
                                                    : RMS_E_BAD_ARGUMENT;
}

int rms_policy_set_on_behalf(struct rms_policy_builder *policy, const char *address)
{
    return rms_handle_is(policy, RMS_HANDLE_POLICY) ? set_address(policy, &policy->on_behalf, address)
                                                    : RMS_E_BAD_ARGUMENT;
}

int rms_policy_set_cipher(struct rms_policy_builder *policy, const char *name)
{
    const struct rms_cipher_package *cipher = rms_cipher_package_named(name);

    if (!rms_handle_is(policy, RMS_HANDLE_POLICY) || cipher == NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    policy->cipher = cipher;
    return 0;
}

int rms_policy_set_referral(struct rms_policy_builder *policy, const char *address_or_uri)
{
    char normal[RMS_ADDRESS_MAX];
    const char *kept = address_or_uri;

    RMS_TRY(custom_only(policy));
    if (!is_text(kept) || kept[0] == '\0') {
        return RMS_E_BAD_ARGUMENT;
    }
    if (strchr(kept, ':') == NULL) {
        RMS_TRY(rms_address_normalise(kept, normal));
        kept = normal;
    }
    policy->policy.referral = rms_arena_strdup(policy->arena, kept);
    return policy->policy.referral != NULL ? 0 : RMS_E_NO_MEMORY;
}

int rms_policy_set_expiry(struct rms_policy_builder *policy, int64_t until)
{
    RMS_TRY(custom_only(policy));
    if (until != RMS_NEVER && until <= rms_clock_now()) {
        return RMS_E_BAD_ARGUMENT; /* C-064: a past date is refused */
    }
    policy->policy.expiry = until == RMS_NEVER ? RMS_EXPIRY_NEVER : RMS_EXPIRY_ON_DATE;
    policy->policy.expires_at = until;
    policy->policy.expiry_days = 0;
    return 0;
}

int rms_policy_set_expiry_days(struct rms_policy_builder *policy, unsigned days)
{
    RMS_TRY(custom_only(policy));
    if (days < 1 || days > RMS_EXPIRY_DAYS_MAX) {
        return RMS_E_BAD_ARGUMENT;
    }
    policy->policy.expiry = RMS_EXPIRY_AFTER_DAYS;
    policy->policy.expiry_days = days;
    policy->policy.expires_at = RMS_TIME_NONE;
    return 0;
}

int rms_policy_set_offline_days(struct rms_policy_builder *policy, int days)
{
    RMS_TRY(custom_only(policy));
    if (days < -1 || days > RMS_OFFLINE_DAYS_MAX) {
        return RMS_E_BAD_ARGUMENT;
    }
    policy->policy.offline_days = days;
    return 0;
}

/* What the library itself writes and believes when it opens: an application's word in its place would make
 * a file that nobody can open again. */
static bool reserved(const char *name)
{
    static const char *const prefixes[] = {RMS_DATA_PREFIX, "OpenRMS."};

    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        if (strncasecmp(name, prefixes[i], strlen(prefixes[i])) == 0) {
            return true;
        }
    }
    return false;
}

int rms_policy_add_data(
    struct rms_policy_builder *policy, bool encrypted, const char *name, const char *value)
{
    const struct rms_name_value **list;
    struct rms_name_value *pairs;
    size_t *count;
    size_t *room;

    if (!rms_handle_is(policy, RMS_HANDLE_POLICY) || (encrypted && custom_only(policy) != 0)) {
        return RMS_E_BAD_ARGUMENT;
    }
    if (!is_text(name) || name[0] == '\0' || reserved(name) || !is_text(value)) {
        return RMS_E_BAD_ARGUMENT;
    }
    list = encrypted ? &policy->policy.encrypted_data : &policy->policy.signed_data;
    count = encrypted ? &policy->policy.encrypted_count : &policy->policy.signed_count;
    room = encrypted ? &policy->encrypted_room : &policy->signed_room;
    if (*count >= DATA_MAX) {
        return RMS_E_LIMIT;
    }
    pairs = grow(policy, *list, *count, room, sizeof *pairs);
    if (pairs == NULL) {
        return RMS_E_NO_MEMORY;
    }
    pairs[*count].name = rms_arena_strdup(policy->arena, name);
    pairs[*count].value = rms_arena_strdup(policy->arena, value);
    if (pairs[*count].name == NULL || pairs[*count].value == NULL) {
        return RMS_E_NO_MEMORY;
    }
    *list = pairs;
    (*count)++;
    return 0;
}

int rms_builder_check(
    const struct rms_context *context, const struct rms_policy_builder *builder, int64_t now)
{
    const char *field = NULL;
    int status;

    if (!rms_handle_is(builder, RMS_HANDLE_POLICY)) {
        return rms_fail(context, RMS_E_BAD_ARGUMENT, "no policy was given");
    }
    if (builder->must_grant) {
        return rms_fail(context, RMS_E_ADHOC_REQUIRED, "nobody is granted anything yet");
    }
    if (builder->policy.from_template) {
        return 0; /* the service's own; checked by its signature */
    }
    status = rms_policy_check(&builder->policy, now, &field);
    if (status == RMS_E_BAD_ARGUMENT) {
        return rms_fail(
            context, status, "the permissions are not complete or not valid: %s", field != NULL ? field : "");
    }
    return status;
}
