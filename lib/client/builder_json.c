#include "client/builder_json.h"

#include "base/json.h"
#include "base/text.h"
#include "client/api.h"
#include "client/context.h"
#include "crypto/base64.h"

#define FORM     "permissions"
#define VERSION  1
#define TEXT_MAX (16u * 1024 * 1024)

/* --- writing --- */

static void add_name(const char *name, void *context)
{
    json_t **list = context;

    if (*list != NULL && json_array_append_new(*list, json_string(name)) != 0) {
        json_decref(*list);
        *list = NULL;
    }
}

static json_t *rights_list(const struct rms_rights *rights)
{
    json_t *list = json_array();

    rms_rights_each(rights, add_name, &list);
    return list;
}

/* Scratch memory of its own: several threads may publish with one builder. */
static json_t *grants_json(const struct rms_policy_builder *builder)
{
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(TEXT_MAX);
    json_t *list = arena != NULL ? json_array() : NULL;

    for (size_t i = 0; i < builder->policy.grant_count && list != NULL; i++) {
        const struct rms_grant *grant = &builder->policy.grants[i];
        const char *who = rms_grant_principal_text(arena, grant);
        json_t *entry =
            json_pack("{s:[s], s:o}", "Users", who != NULL ? who : "", "Rights", rights_list(&grant->rights));

        if (who == NULL || json_array_append_new(list, entry) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

static json_t *pairs_json(
    const struct rms_name_value *pairs, size_t count, const struct rms_name_value *more, size_t more_count)
{
    json_t *object = json_object();
    int failed = object == NULL;

    for (size_t i = 0; i < count && !failed; i++) {
        failed = json_object_set_new(object, pairs[i].name, json_string(pairs[i].value)) != 0;
    }
    for (size_t i = 0; i < more_count && !failed; i++) {
        failed = json_object_set_new(object, more[i].name, json_string(more[i].value)) != 0;
    }
    if (failed) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static json_t *texts_json(const struct rms_policy *policy)
{
    json_t *list = json_array();

    for (size_t i = 0; i < policy->text_count && list != NULL; i++) {
        const struct rms_policy_text *text = &policy->texts[i];
        const char *language = rms_language_of(text->lcid);
        json_t *entry = json_pack("{s:s, s:s, s:s}", "Name", text->name, "Description",
            text->description != NULL ? text->description : "", "Language",
            language != NULL ? language : "en-US");

        if (json_array_append_new(list, entry) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

/* Section 8.2's Policy. A length of -1 (as long as the tenant allows) is sent by leaving the number out. */
static json_t *policy_json(const struct rms_policy_builder *builder)
{
    const struct rms_policy *policy = &builder->policy;
    json_t *object = json_pack(
        "{s:o, s:b}", "UserRights", grants_json(builder), "allowOfflineAccess", policy->offline_days != 0);
    int failed = object == NULL;

    if (!failed && policy->text_count > 0) {
        failed = json_object_set_new(object, "Descriptors", texts_json(policy)) != 0;
    }
    if (!failed && policy->offline_days >= 0) {
        failed = json_object_set_new(object, "IntervalTimeInDays", json_integer(policy->offline_days)) != 0;
    }
    if (!failed && policy->encrypted_count > 0) {
        failed = json_object_set_new(object, "EncryptedApplicationData",
                     pairs_json(policy->encrypted_data, policy->encrypted_count, NULL, 0)) != 0;
    }
    if (failed) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static int set_until(json_t *policy, int64_t until)
{
    char text[RMS_TIME_TEXT];

    if (until == RMS_TIME_NONE) {
        return 0;
    }
    rms_time_iso(until, text);
    return json_object_set_new(policy, "LicenseValidUntil", json_string(text));
}

/* What both forms have in common: template or policy, referral, owner, signed data. */
static json_t *common_json(
    const struct rms_policy_builder *builder, const struct rms_name_value *more, size_t more_count)
{
    const struct rms_policy *policy = &builder->policy;
    json_t *object = json_object();
    int failed = object == NULL;

    if (!failed && policy->from_template) {
        failed = json_object_set_new(object, "TemplateId", json_string(policy->id)) != 0;
    } else if (!failed) {
        failed = json_object_set_new(object, "Policy", policy_json(builder)) != 0;
        if (!failed && policy->referral != NULL) {
            failed = json_object_set_new(object, "ReferralInfo", json_string(policy->referral)) != 0;
        }
    }
    if (!failed && builder->owner != NULL) {
        failed = json_object_set_new(object, "OwnerEmail", json_string(builder->owner)) != 0;
    }
    if (!failed && builder->cipher != NULL) {
        failed = json_object_set_new(object, "EncryptionPackage", json_string(builder->cipher->name)) != 0;
    }
    if (!failed && policy->signed_count + more_count > 0) {
        failed = json_object_set_new(object, "SignedApplicationData",
                     pairs_json(policy->signed_data, policy->signed_count, more, more_count)) != 0;
    }
    if (failed) {
        json_decref(object);
        return NULL;
    }
    return object;
}

json_t *rms_builder_request(const struct rms_policy_builder *builder, int64_t now,
    const struct rms_name_value *more, size_t more_count)
{
    json_t *body = common_json(builder, more, more_count);
    int failed = body == NULL;

    if (!failed && !builder->policy.from_template) {
        failed = set_until(json_object_get(body, "Policy"), rms_policy_ends(&builder->policy, now)) != 0;
    }
    if (!failed) {
        failed = json_object_set_new(body, "PreferDeprecatedAlgorithms", json_false()) != 0 ||
                 json_object_set_new(
                     body, "AllowAuditedExtraction", json_boolean(builder->policy.audited_extraction)) != 0;
    }
    if (failed) {
        json_decref(body);
        return NULL;
    }
    return body;
}

static json_t *names_json(const char *const *texts, size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++) {
        if (json_array_append_new(list, json_string(texts[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

json_t *rms_builder_change(const struct rms_policy_builder *builder, const struct rms_rights_change *change,
    struct rms_view licence, const struct rms_name_value *more, size_t more_count)
{
    return json_pack("{s:o, s:o, s:o, s:o}", "SerializedPublishingLicense", rms_api_base64(licence), "Add",
        grants_json(builder), "Remove", names_json(change->removed, change->removed_count),
        "SignedApplicationData", pairs_json(NULL, 0, more, more_count));
}

static int emit(const struct rms_policy_builder *policy, struct rms_buf *out)
{
    json_t RMS_JSON_CLEANUP *json = common_json(policy, NULL, 0);
    int failed = json == NULL || json_object_set_new(json, "OpenRMS", json_string(FORM)) != 0 ||
                 json_object_set_new(json, "Version", json_integer(VERSION)) != 0;

    if (!failed && policy->policy.expiry == RMS_EXPIRY_AFTER_DAYS) {
        /* C-229: counted from protection, so the days are kept, not a date */
        failed = json_object_set_new(json, "ExpiryDays", json_integer(policy->policy.expiry_days)) != 0;
    } else if (!failed && policy->policy.expiry == RMS_EXPIRY_ON_DATE) {
        failed = set_until(json_object_get(json, "Policy"), policy->policy.expires_at) != 0;
    }
    return failed ? RMS_E_NO_MEMORY : rms_json_emit(json, out);
}

int rms_policy_save(const struct rms_policy_builder *policy,
    int (*write)(void *user_data, const void *data, size_t len), void *user_data)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(TEXT_MAX);

    if (!rms_handle_is(policy, RMS_HANDLE_POLICY) || write == NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(emit(policy, &text));
    rms_buf_append_byte(&text, '\n');
    RMS_TRY(rms_buf_status(&text));
    return write(user_data, text.data, text.len);
}

/* --- reading --- */

static int load_grants(struct rms_policy_builder *builder, const json_t *list)
{
    const json_t *entry;
    size_t i;

    json_array_foreach(list, i, entry)
    {
        const json_t *users = json_object_get(entry, "Users");
        const json_t *rights = json_object_get(entry, "Rights");
        struct rms_buf RMS_BUF_CLEANUP names = RMS_BUF_INIT(64u * 1024);

        for (size_t k = 0; k < json_array_size(rights); k++) {
            const char *name = json_string_value(json_array_get(rights, k));

            rms_buf_append_str(&names, name != NULL ? name : "");
            rms_buf_append_byte(&names, ' ');
        }
        RMS_TRY(rms_buf_status(&names));
        for (size_t k = 0; k < json_array_size(users); k++) {
            RMS_TRY(rms_policy_grant(
                builder, json_string_value(json_array_get(users, k)), rms_buf_text(&names), true));
        }
    }
    return 0;
}

static int load_texts(struct rms_policy_builder *builder, const json_t *list)
{
    const json_t *entry;
    size_t i;

    json_array_foreach(list, i, entry)
    {
        RMS_TRY(rms_policy_set_name(builder, rms_json_str(entry, "Name"), rms_json_str(entry, "Description"),
            rms_json_str(entry, "Language")));
    }
    return 0;
}

static int load_pairs(struct rms_policy_builder *builder, const json_t *object, bool encrypted)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        RMS_TRY(rms_policy_add_data(builder, encrypted, name, json_string_value(value)));
    }
    return 0;
}

static int load_expiry(struct rms_policy_builder *builder, const json_t *json, const json_t *policy)
{
    const json_t *days = json_object_get(json, "ExpiryDays");
    const char *until = rms_json_str(policy, "LicenseValidUntil");
    int64_t time;

    if (days != NULL) {
        json_int_t count = json_integer_value(days);

        return count >= 1 && count <= RMS_EXPIRY_DAYS_MAX
                   ? rms_policy_set_expiry_days(builder, (unsigned)count)
                   : RMS_E_BAD_ARGUMENT;
    }
    if (until != NULL) {
        RMS_TRY(rms_time_parse(rms_view_str(until), &time));
        return rms_policy_set_expiry(builder, time);
    }
    return 0;
}

static int load_custom(struct rms_policy_builder *builder, const json_t *json)
{
    const json_t *policy = json_object_get(json, "Policy");
    const json_t *offline = json_object_get(policy, "IntervalTimeInDays");

    if (!json_is_object(policy)) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(load_grants(builder, json_object_get(policy, "UserRights")));
    RMS_TRY(load_texts(builder, json_object_get(policy, "Descriptors")));
    RMS_TRY(load_pairs(builder, json_object_get(policy, "EncryptedApplicationData"), true));
    RMS_TRY(load_expiry(builder, json, policy));
    if (json_is_integer(offline)) {
        RMS_TRY(rms_policy_set_offline_days(builder, (int)json_integer_value(offline)));
    } else if (json_is_false(json_object_get(policy, "allowOfflineAccess"))) {
        RMS_TRY(rms_policy_set_offline_days(builder, 0));
    }
    if (rms_json_str(json, "ReferralInfo") != NULL) {
        RMS_TRY(rms_policy_set_referral(builder, rms_json_str(json, "ReferralInfo")));
    }
    return 0;
}

static int load(struct rms_context *context, const json_t *json, struct rms_policy_builder **policy_out)
{
    const char *template_id = rms_json_str(json, "TemplateId");
    const char *owner = rms_json_str(json, "OwnerEmail");

    if (template_id != NULL) {
        RMS_TRY(rms_policy_from_template(context, template_id, policy_out));
    } else {
        RMS_TRY(rms_policy_custom(context, policy_out));
        RMS_TRY(load_custom(*policy_out, json));
    }
    if (owner != NULL) {
        RMS_TRY(rms_policy_set_owner(*policy_out, owner));
    }
    if (rms_json_str(json, "EncryptionPackage") != NULL) {
        RMS_TRY(rms_policy_set_cipher(*policy_out, rms_json_str(json, "EncryptionPackage")));
    }
    return load_pairs(*policy_out, json_object_get(json, "SignedApplicationData"), false);
}

int rms_policy_load(
    struct rms_context *context, const void *text, size_t len, struct rms_policy_builder **policy_out)
{
    json_t RMS_JSON_CLEANUP *json = NULL;
    const char *form;
    int status;

    if (policy_out == NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    *policy_out = NULL;
    RMS_TRY(rms_call_begin(context));
    if (text == NULL || len > TEXT_MAX || rms_json_parse(rms_view_of(text, len), &json) != 0) {
        return rms_fail(context, RMS_E_BAD_ARGUMENT, "that is no licence file");
    }
    form = rms_json_str(json, "OpenRMS");
    if (form == NULL || strcmp(form, FORM) != 0) {
        return rms_fail(context, RMS_E_BAD_ARGUMENT, "that is no licence file");
    }
    if (json_integer_value(json_object_get(json, "Version")) != VERSION) {
        return rms_fail(context, RMS_E_UNSUPPORTED_VERSION, "the licence file has another version");
    }
    status = load(context, json, policy_out);
    if (status != 0) {
        rms_policy_free(policy_out);
        if (rms_last_detail(context)[0] == '\0') {
            (void)rms_fail(context, status, "the licence file holds a value that is not valid");
        }
    }
    return status;
}
