/* What a publisher asks for (rest-protocol section 8). */
#include "base/json.h"
#include "base/text.h"
#include "crypto/base64.h"
#include "service/rest_body.h"
#include "service/rest_json.h"

#define NAME_MAX_BYTES   256
#define TEXT_MAX_BYTES   4096
#define OFFLINE_DAYS_MAX 65535
#define LCID_DEFAULT     1033
#define LICENCE_MAX      (8u * 1024 * 1024)
#define CONTAINER        "Container."

/* --- descriptors ------------------------------------------------------------------------------------ */

static int take_descriptor(struct rms_reader *r, const json_t *item, struct rms_policy_text *text)
{
    static const char *const names[] = {"Name", "Description", "Language", NULL};
    const char *language = NULL;
    text->name = "";
    text->description = "";
    if (!json_is_object(item)) {
        return rms_reader_fail(r, "Policy.Descriptors", "an element is not an object");
    }
    RMS_TRY(rms_reader_only(r, item, names));
    RMS_TRY(rms_reader_text(r, item, "Name", NAME_MAX_BYTES, &text->name));
    RMS_TRY(rms_reader_text(r, item, "Description", TEXT_MAX_BYTES, &text->description));
    RMS_TRY(rms_reader_text(r, item, "Language", 64, &language));
    text->lcid = rms_lcid_of(language);
    text->lcid = text->lcid != 0 ? text->lcid : LCID_DEFAULT;
    if (text->name[0] == '\0') {
        text->name = RMS_POLICY_UNNAMED;
    }
    if (text->description[0] == '\0') {
        text->description = text->name; /* clients refuse empty texts */
    }
    return RMS_OK;
}

static bool has_lcid(const struct rms_policy_text *texts, size_t count, unsigned lcid)
{
    for (size_t i = 0; i < count; i++) {
        if (texts[i].lcid == lcid) {
            return true;
        }
    }
    return false;
}

static int take_descriptors(struct rms_reader *r, const json_t *policy, struct rms_policy *out)
{
    static const struct rms_policy_text plain = {LCID_DEFAULT, RMS_POLICY_UNNAMED, RMS_POLICY_UNNAMED};
    const json_t *list = json_object_get(policy, "Descriptors");
    size_t count = json_array_size(list);
    if (list != NULL && !json_is_null(list) && !json_is_array(list)) {
        return rms_reader_fail(r, "Policy.Descriptors", "not a list");
    }
    out->texts = &plain;
    out->text_count = 1;
    if (count == 0) {
        return RMS_OK;
    }
    struct rms_policy_text *texts = rms_arena_array(r->arena, count, sizeof *texts);
    if (texts == NULL) {
        return RMS_E_NO_MEMORY;
    }
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        RMS_TRY(take_descriptor(r, json_array_get(list, i), &texts[used]));
        used += !has_lcid(texts, used, texts[used].lcid); /* the first of a language counts */
    }
    out->texts = texts;
    out->text_count = used;
    return RMS_OK;
}

/* --- grants ----------------------------------------------------------------------------------------- */

static int add_right(struct rms_reader *r, const char *name, struct rms_rights *rights)
{
    int rc = rms_rights_add(r->arena, rights, name, true);
    return rc == RMS_E_BAD_ARGUMENT
               ? rms_reader_fail(r, "Policy.UserRights.Rights", "a right has a name that cannot be one")
               : rc;
}

static int add_role(struct rms_reader *r, const char *name, struct rms_rights *rights)
{
    struct rms_rights level = {0};
    if (rms_level_rights(name, &level) < 0) {
        return rms_reader_fail(r, "Policy.UserRoles.Roles", "unknown role");
    }
    return rms_rights_merge(r->arena, rights, &level);
}

/* The two spellings of section 8.2. */
struct grant_form {
    const char *list;
    const char *what;
    const char *const *members;
    int (*add)(struct rms_reader *r, const char *name, struct rms_rights *rights);
};

static const char *const rights_members[] = {"Users", "Rights", NULL};
static const char *const roles_members[] = {"Users", "Roles", NULL};
static const struct grant_form rights_form = {"UserRights", "Rights", rights_members, add_right};
static const struct grant_form roles_form = {"UserRoles", "Roles", roles_members, add_role};

static int read_users(struct rms_reader *r, const json_t *item, const struct grant_form *form,
    const char *const **users_out, size_t *count_out)
{
    if (!json_is_object(item)) {
        return rms_reader_fail(r, form->list, "an element is not an object");
    }
    RMS_TRY(rms_reader_only(r, item, form->members));
    RMS_TRY(rms_reader_texts(r, item, "Users", users_out, count_out));
    return *count_out > 0 ? RMS_OK : rms_reader_fail(r, form->list, "an element names no users");
}

static int read_rights(
    struct rms_reader *r, const json_t *item, const struct grant_form *form, struct rms_rights *rights)
{
    const char *const *words = NULL;
    size_t count = 0;
    RMS_TRY(rms_reader_texts(r, item, form->what, &words, &count));
    for (size_t i = 0; i < count; i++) {
        RMS_TRY(form->add(r, words[i], rights));
    }
    return count > 0 ? RMS_OK : rms_reader_fail(r, form->list, "an element gives no rights"); /* S-071 */
}

/* One element is one grant a user. */
static int take_grants(struct rms_reader *r, const json_t *item, const struct grant_form *form,
    struct rms_grant *grants, size_t *used)
{
    const char *const *users = NULL;
    size_t count = 0;
    struct rms_rights rights = {0};
    RMS_TRY(read_users(r, item, form, &users, &count));
    RMS_TRY(read_rights(r, item, form, &rights));
    for (size_t i = 0; i < count; i++) {
        struct rms_grant *grant = &grants[(*used)++];
        rms_grant_init(grant);
        int rc = rms_grant_set_principal(r->arena, grant, users[i]);
        if (rc < 0) {
            return rc == RMS_E_BAD_ARGUMENT ? rms_reader_fail(r, form->list, "a user is not an address") : rc;
        }
        grant->rights = rights;
    }
    return RMS_OK;
}

static size_t count_users(const json_t *list)
{
    size_t total = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        total += json_array_size(json_object_get(json_array_get(list, i), "Users"));
    }
    return total;
}

static int take_list(
    struct rms_reader *r, const json_t *list, const struct grant_form *form, struct rms_policy *out)
{
    size_t room = count_users(list);
    if (room > RMS_GRANTS_MAX) {
        return rms_reader_fail(r, form->list, "more than 10000 grants"); /* S-092 */
    }
    struct rms_grant *grants = rms_arena_array(r->arena, room + 1, sizeof *grants);
    if (grants == NULL) {
        return RMS_E_NO_MEMORY;
    }
    size_t used = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        RMS_TRY(take_grants(r, json_array_get(list, i), form, grants, &used));
    }
    out->grants = grants;
    out->grant_count = used;
    return RMS_OK;
}

/* UserRights wins when both are there; neither, or empty ones, is "Just for me" (S-281). */
static int take_policy_grants(struct rms_reader *r, const json_t *policy, struct rms_policy *out)
{
    const struct grant_form *forms[] = {&rights_form, &roles_form};
    for (size_t i = 0; i < 2; i++) {
        const json_t *list = json_object_get(policy, forms[i]->list);
        if (list != NULL && !json_is_null(list) && !json_is_array(list)) {
            return rms_reader_fail(r, forms[i]->list, "not a list");
        }
        if (json_array_size(list) > 0) {
            return take_list(r, list, forms[i], out);
        }
    }
    out->only_me = true;
    return RMS_OK;
}

/* --- the rest of the policy --------------------------------------------------------------------------- */

/* Section 8.2: 0 days and "not allowed" mean asking every time; without a number an allowed licence has no
 * limit of its own. */
static int take_offline(struct rms_reader *r, const json_t *policy, struct rms_policy *out)
{
    bool allowed = false;
    int64_t days = -1;
    RMS_TRY(rms_reader_bool(r, policy, "allowOfflineAccess", &allowed));
    RMS_TRY(rms_reader_int(r, policy, "IntervalTimeInDays", &days));
    if (days < -1 || days > OFFLINE_DAYS_MAX) {
        return rms_reader_fail(r, "IntervalTimeInDays", "not between -1 and 65535");
    }
    out->offline_days = allowed ? (int)days : 0;
    return RMS_OK;
}

static int take_expiry(struct rms_reader *r, const json_t *policy, struct rms_policy *out)
{
    int64_t until = RMS_TIME_NONE;
    RMS_TRY(rms_reader_time(r, policy, "LicenseValidUntil", &until));
    if (until != RMS_TIME_NONE) {
        out->expiry = RMS_EXPIRY_ON_DATE;
        out->expires_at = until;
    }
    return RMS_OK;
}

static int take_policy(struct rms_reader *r, const json_t *policy, struct rms_policy *out)
{
    static const char *const names[] = {"Descriptors", "UserRights", "UserRoles", "allowOfflineAccess",
        "IntervalTimeInDays", "LicenseValidUntil", "EncryptedApplicationData", NULL};
    if (!json_is_object(policy)) {
        return rms_reader_fail(r, "Policy", "not an object");
    }
    RMS_TRY(rms_reader_only(r, policy, names));
    RMS_TRY(take_descriptors(r, policy, out));
    RMS_TRY(take_policy_grants(r, policy, out));
    RMS_TRY(take_offline(r, policy, out));
    RMS_TRY(take_expiry(r, policy, out));
    return rms_reader_pairs(
        r, policy, "EncryptedApplicationData", &out->encrypted_data, &out->encrypted_count);
}

/* --- the body ----------------------------------------------------------------------------------------- */

static int take_template(struct rms_reader *r, const json_t *body, struct rms_publish_body *out)
{
    const char *text = NULL;
    RMS_TRY(rms_reader_text(r, body, "TemplateId", 64, &text));
    if (text == NULL) {
        return RMS_OK;
    }
    char *id = rms_arena_alloc(r->arena, RMS_GUID_TEXT);
    if (id == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (rms_guid_parse(rms_view_str(text), id) < 0) {
        return rms_reader_fail(r, "TemplateId", "not a GUID");
    }
    out->template_id = id;
    return RMS_OK;
}

static int take_owner(struct rms_reader *r, const json_t *body, struct rms_publish_body *out)
{
    const char *text = NULL;
    char normal[RMS_ADDRESS_MAX];
    RMS_TRY(rms_reader_text(r, body, "OwnerEmail", RMS_ADDRESS_MAX, &text));
    if (text == NULL) {
        return RMS_OK;
    }
    if (rms_address_normalise(text, normal) < 0) {
        return rms_reader_fail(r, "OwnerEmail", "not an address");
    }
    out->owner = rms_arena_strdup(r->arena, normal);
    return out->owner != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

/* PreferDeprecatedAlgorithms of the public protocol, or ours by name. */
static int take_cipher(struct rms_reader *r, const json_t *body, struct rms_publish_body *out)
{
    const char *name = "AES256-CBC4K";
    bool old = false;
    RMS_TRY(rms_reader_bool(r, body, "PreferDeprecatedAlgorithms", &old));
    name = old ? "AES128-ECB" : name;
    RMS_TRY(rms_reader_text(r, body, "EncryptionPackage", 64, &name));
    out->cipher = rms_cipher_package_named(name);
    return out->cipher != NULL
               ? RMS_OK
               : rms_reader_fail(r, "EncryptionPackage", "not AES256-CBC4K, AES128-CBC4K or AES128-ECB");
}

static int take_body(struct rms_reader *r, const json_t *body, struct rms_publish_body *out)
{
    static const char *const names[] = {"PreferDeprecatedAlgorithms", "AllowAuditedExtraction", "TemplateId",
        "SignedApplicationData", "ReferralInfo", "Policy", "OwnerEmail", "EncryptionPackage", NULL};
    const json_t *policy = json_object_get(body, "Policy");
    bool has_policy = policy != NULL && !json_is_null(policy);
    RMS_TRY(rms_reader_only(r, body, names));
    RMS_TRY(take_cipher(r, body, out));
    RMS_TRY(rms_reader_bool(r, body, "AllowAuditedExtraction", &out->policy.audited_extraction));
    RMS_TRY(take_template(r, body, out));
    RMS_TRY(take_owner(r, body, out));
    RMS_TRY(rms_reader_pairs(
        r, body, "SignedApplicationData", &out->policy.signed_data, &out->policy.signed_count));
    RMS_TRY(rms_reader_text(r, body, "ReferralInfo", TEXT_MAX_BYTES, &out->policy.referral));
    if (has_policy == (out->template_id != NULL)) {
        return rms_reader_fail(r, "TemplateId, Policy", "exactly one of them is needed");
    }
    return has_policy ? take_policy(r, policy, &out->policy) : RMS_OK;
}

int rms_rest_body_publish(struct rms_arena *arena, struct rms_view body, struct rms_publish_body *publish_out,
    const char **detail_out)
{
    struct rms_reader reader = {arena, NULL};
    RMS_JSON_CLEANUP json_t *json = NULL;
    *publish_out = (struct rms_publish_body){0};
    rms_policy_init(&publish_out->policy);
    int rc = rms_reader_parse(&reader, body, &json);
    if (rc == RMS_OK) {
        rc = take_body(&reader, json, publish_out);
    }
    *detail_out = reader.detail;
    return rc;
}

/* --- the list of an existing licence ------------------------------------------------------------------ */

static int take_licence(struct rms_reader *r, const json_t *body, struct rms_view *licence_out)
{
    static const char name[] = "SerializedPublishingLicense";
    const char *text = json_string_value(json_object_get(body, name));
    RMS_BUF_CLEANUP struct rms_buf bytes = RMS_BUF_INIT(LICENCE_MAX);
    if (text == NULL || rms_base64_decode(rms_view_str(text), &bytes) < 0) {
        return rms_reader_fail(r, name, "not base64");
    }
    const uint8_t *copy = rms_arena_copy(r->arena, bytes.data, bytes.len);
    *licence_out = rms_view_of(copy, bytes.len);
    return copy != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

static int take_container(struct rms_reader *r, const json_t *body, struct rms_rights_body *out)
{
    RMS_TRY(rms_reader_pairs(r, body, "SignedApplicationData", &out->container, &out->container_count));
    for (size_t i = 0; i < out->container_count; i++) {
        if (strncmp(out->container[i].name, CONTAINER, sizeof CONTAINER - 1) != 0) {
            return rms_reader_fail(
                r, "SignedApplicationData", "only what the file says of itself can change");
        }
    }
    return RMS_OK;
}

static int take_change(struct rms_reader *r, const json_t *body, struct rms_rights_body *out)
{
    static const char *const names[] = {
        "SerializedPublishingLicense", "Add", "Remove", "SignedApplicationData", NULL};
    const json_t *added = json_object_get(body, "Add");
    struct rms_policy list = {0};
    RMS_TRY(rms_reader_only(r, body, names));
    RMS_TRY(take_licence(r, body, &out->licence));
    if (added != NULL && !json_is_array(added)) {
        return rms_reader_fail(r, "Add", "not a list");
    }
    if (json_array_size(added) > 0) {
        RMS_TRY(take_list(r, added, &rights_form, &list));
    }
    out->added = list.grants;
    out->added_count = list.grant_count;
    RMS_TRY(rms_reader_texts(r, body, "Remove", &out->removed, &out->removed_count));
    return take_container(r, body, out);
}

int rms_rest_body_rights(struct rms_arena *arena, struct rms_view body, struct rms_rights_body *rights_out,
    const char **detail_out)
{
    struct rms_reader reader = {arena, NULL};
    RMS_JSON_CLEANUP json_t *json = NULL;
    *rights_out = (struct rms_rights_body){0};
    int rc = rms_reader_parse(&reader, body, &json);
    if (rc == RMS_OK) {
        rc = take_change(&reader, json, rights_out);
    }
    *detail_out = reader.detail;
    return rc;
}
