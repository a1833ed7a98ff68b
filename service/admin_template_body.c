/* What an administrator says of a template (4.1): read, checked, applied. What is not named stays. */
#include <stdlib.h>

#include "base/text.h"
#include "directory/directory.h"
#include "service/admin.h"

#define NAME_MAX_BYTES        256
#define DESCRIPTION_MAX_BYTES 4096
#define DAYS_MAX              36500
#define OFFLINE_DAYS_MAX      9999 /* S-133, X-12 */
#define RIGHT_NAMES_MAX       40
#define FORBIDDEN_IN_NAMES    "<>%&/?;+\\:#" /* S-096 */

const char *const rms_admin_template_members[] = {"Names", "Descriptions", "RightsDefinitions",
    "ContentExpirationOption", "ContentExpirationDate", "ContentValidityDuration", "LicenseValidityDuration",
    "Status", "Published", "ScopedIdentities", "EnableInLegacyApps", "Version", NULL};

/* --- names and descriptions ---------------------------------------------------------------------------- */

static int read_lcid(struct rms_reader *r, const char *field, const char *text, unsigned *lcid_out)
{
    char *end = NULL;
    unsigned long lcid = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || lcid > 65535 ||
        rms_language_of((unsigned)lcid) == NULL) {
        return rms_reader_fail(r, field, "a language is not a known LCID"); /* S-095 */
    }
    *lcid_out = (unsigned)lcid;
    return RMS_OK;
}

static int check_name(struct rms_reader *r, const char *name)
{
    if (name[0] == '\0') {
        return rms_reader_fail(r, "Names", "an empty text");
    }
    size_t at = strcspn(name, FORBIDDEN_IN_NAMES);
    if (name[at] == '\0') {
        return RMS_OK;
    }
    const char *problem = rms_arena_printf(r->arena, "the character %c is not allowed", name[at]);
    return rms_reader_fail(r, "Names", problem != NULL ? problem : "a character is not allowed");
}

static const char *find_description(const struct rms_name_value *pairs, size_t count, const char *lcid)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(pairs[i].name, lcid) == 0) {
            return pairs[i].value;
        }
    }
    return NULL;
}

/* Both maps must have the same languages. */
static int join_texts(struct rms_reader *r, const struct rms_name_value *names, size_t count,
    const struct rms_name_value *descriptions, struct rms_policy_text *texts)
{
    for (size_t i = 0; i < count; i++) {
        RMS_TRY(read_lcid(r, "Names", names[i].name, &texts[i].lcid));
        texts[i].name = names[i].value;
        RMS_TRY(check_name(r, texts[i].name));
        texts[i].description = find_description(descriptions, count, names[i].name);
        if (texts[i].description == NULL || texts[i].description[0] == '\0') {
            return rms_reader_fail(r, "Descriptions", "a language of Names is missing or empty");
        }
    }
    return RMS_OK;
}

/* The texts there are, as pairs, for an update that names only one of the maps. */
static int pairs_of(struct rms_arena *arena, const struct rms_policy *policy, bool descriptions,
    const struct rms_name_value **pairs_out)
{
    struct rms_name_value *pairs = rms_arena_array(arena, policy->text_count + 1, sizeof *pairs);
    if (pairs == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < policy->text_count; i++) {
        pairs[i].name = rms_arena_printf(arena, "%u", policy->texts[i].lcid);
        pairs[i].value = descriptions ? policy->texts[i].description : policy->texts[i].name;
        if (pairs[i].name == NULL) {
            return RMS_E_NO_MEMORY;
        }
    }
    *pairs_out = pairs;
    return RMS_OK;
}

static int read_maps(struct rms_admin_body *body, const struct rms_name_value **names, size_t *name_count,
    const struct rms_name_value **descriptions, size_t *description_count)
{
    struct rms_reader *r = &body->reader;
    RMS_TRY(rms_reader_pairs(r, body->object, "Names", names, name_count));
    return rms_reader_pairs(r, body->object, "Descriptions", descriptions, description_count);
}

static int apply_texts(const struct rms_template_edit *e, struct rms_policy *policy)
{
    struct rms_reader *r = &e->body->reader;
    const struct rms_name_value *names = NULL;
    const struct rms_name_value *descriptions = NULL;
    size_t name_count = 0;
    size_t description_count = 0;
    RMS_TRY(read_maps(e->body, &names, &name_count, &descriptions, &description_count));
    if (names == NULL && descriptions == NULL) {
        return e->add ? rms_reader_fail(r, "Names", "at least one is needed") : RMS_OK;
    }
    if (names == NULL) {
        RMS_TRY(pairs_of(r->arena, policy, false, &names));
        name_count = policy->text_count;
    }
    if (descriptions == NULL && e->add) {
        descriptions = names; /* a name describes itself */
        description_count = name_count;
    } else if (descriptions == NULL) {
        RMS_TRY(pairs_of(r->arena, policy, true, &descriptions));
        description_count = policy->text_count;
    }
    if (name_count == 0 || name_count != description_count) {
        return rms_reader_fail(r, "Names, Descriptions", "not the same languages in both");
    }
    struct rms_policy_text *texts = rms_arena_array(r->arena, name_count, sizeof *texts);
    if (texts == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(join_texts(r, names, name_count, descriptions, texts));
    policy->texts = texts;
    policy->text_count = name_count;
    return RMS_OK;
}

/* --- rights -------------------------------------------------------------------------------------------- */

static int unknown_right(struct rms_reader *r, const char *word)
{
    const char *names[RIGHT_NAMES_MAX + 1] = {NULL};
    uint32_t bit;
    char upper[65];
    for (size_t i = 0; i < RIGHT_NAMES_MAX && (names[i] = rms_right_name(i, &bit)) != NULL; i++) {
    }
    size_t len = strnlen(word, sizeof upper - 1);
    for (size_t i = 0; i < len; i++) {
        upper[i] = word[i] >= 'a' && word[i] <= 'z' ? (char)(word[i] - 32) : word[i];
    }
    upper[len] = '\0';
    const char *nearest = rms_text_nearest(upper, names);
    const char *problem = nearest != NULL
                              ? rms_arena_printf(r->arena, "unknown right; did you mean %s?", nearest)
                              : "unknown right or level (Viewer, Reviewer, Co-Author, Co-Owner)";
    return rms_reader_fail(r, "RightsDefinitions", problem != NULL ? problem : "unknown right");
}

static int add_word(struct rms_reader *r, const char *word, struct rms_rights *rights)
{
    struct rms_rights level = {0};
    if (rms_level_rights(word, &level) == RMS_OK) {
        return rms_rights_merge(r->arena, rights, &level);
    }
    int rc = rms_rights_add(r->arena, rights, word, false);
    return rc == RMS_E_BAD_ARGUMENT ? unknown_right(r, word) : rc;
}

/* Names an administrator may write beside addresses; the rest is looked up, so that a group without address
 * is refused here and not found useless later (S-047). */
static int resolve(const struct rms_template_edit *e, const char *text, const char **who_out)
{
    struct rms_request *request = e->request;
    if (rms_text_equal_nocase(text, "all-staff")) {
        *who_out = e->tenant->domains[0];
        return RMS_OK;
    }
    if (rms_text_equal_nocase(text, "anyone") || rms_text_equal_nocase(text, "any-authenticated")) {
        *who_out = "any-authenticated";
        return RMS_OK;
    }
    if (strncmp(text, "domain:", 7) == 0) {
        *who_out = text + 7;
        return strchr(*who_out, '@') == NULL
                   ? RMS_OK
                   : rms_reader_fail(&e->body->reader, "RightsDefinitions", "not a domain");
    }
    if (strncmp(text, "AllStaff-", 9) == 0 || strcmp(text, "IPC_USER_ID_OWNER") == 0) {
        *who_out = text;
        return RMS_OK;
    }
    struct rms_principal_question question = {e->tenant->id, text, RMS_USE_GRANT};
    struct rms_principal_info info = {0};
    int rc = rms_directory_principal(request->worker->db, request->arena, &question, &info);
    if (rc < 0) {
        const char *why = info.why != NULL ? info.why : "no such person or group";
        return rms_fail(
            request, rc, rms_arena_printf(request->arena, "RightsDefinitions: %.100s: %s", text, why));
    }
    *who_out = info.address;
    return RMS_OK;
}

static int read_words(struct rms_reader *r, const json_t *item, struct rms_rights *rights)
{
    const char *const *words = NULL;
    size_t count = 0;
    RMS_TRY(rms_reader_texts(r, item, "Rights", &words, &count));
    for (size_t i = 0; i < count; i++) {
        RMS_TRY(add_word(r, words[i], rights));
    }
    return count > 0 ? RMS_OK : rms_reader_fail(r, "RightsDefinitions", "an element gives no rights");
}

static int read_grant(const struct rms_template_edit *e, const json_t *item, struct rms_grant *grant)
{
    static const char *const names[] = {"Principal", "Rights", "Level", NULL};
    struct rms_reader *r = &e->body->reader;
    const char *text = NULL;
    const char *who = NULL;
    if (!json_is_object(item)) {
        return rms_reader_fail(r, "RightsDefinitions", "an element is not an object");
    }
    RMS_TRY(rms_reader_only(r, item, names));
    RMS_TRY(rms_reader_text(r, item, "Principal", 512, &text));
    if (text == NULL) {
        return rms_reader_fail(r, "RightsDefinitions", "an element names nobody");
    }
    rms_grant_init(grant);
    RMS_TRY(read_words(r, item, &grant->rights));
    RMS_TRY(resolve(e, text, &who));
    int rc = rms_grant_set_principal(r->arena, grant, who);
    return rc == RMS_E_BAD_ARGUMENT
               ? rms_reader_fail(r, "RightsDefinitions", "a principal is neither address nor domain")
               : rc;
}

static int apply_grants(const struct rms_template_edit *e, struct rms_policy *policy)
{
    struct rms_reader *r = &e->body->reader;
    const json_t *list = json_object_get(e->body->object, "RightsDefinitions");
    if (list == NULL || json_is_null(list)) {
        return RMS_OK;
    }
    if (!json_is_array(list) || json_array_size(list) > RMS_GRANTS_MAX) {
        return rms_reader_fail(r, "RightsDefinitions", "not a list of at most 10000");
    }
    size_t count = json_array_size(list);
    struct rms_grant *grants = rms_arena_array(r->arena, count + 1, sizeof *grants);
    if (grants == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        RMS_TRY(read_grant(e, json_array_get(list, i), &grants[i]));
    }
    policy->grants = grants;
    policy->grant_count = count;
    policy->only_me = count == 0;
    return RMS_OK;
}

/* --- expiry, offline use, status, scope ------------------------------------------------------------------
 */

static int read_date(struct rms_admin_body *body, int64_t *date)
{
    const char *text = NULL;
    RMS_TRY(rms_reader_text(&body->reader, body->object, "ContentExpirationDate", 64, &text));
    if (text == NULL || text[0] == '\0' || strncmp(text, "0001-01-01", 10) == 0) {
        return RMS_OK;
    }
    if (strlen(text) == 10) { /* a day begins at midnight, UTC (S-102) */
        text = rms_arena_printf(body->reader.arena, "%sT00:00", text);
    }
    return text != NULL && rms_time_parse(rms_view_str(text), date) == RMS_OK
               ? RMS_OK
               : rms_reader_fail(&body->reader, "ContentExpirationDate", "not a date");
}

static const char *expiry_problem(enum rms_expiry option, int64_t date, int64_t days)
{
    switch (option) {
    case RMS_EXPIRY_ON_DATE:
        return date == RMS_TIME_NONE || days > 0 ? "OnDate needs ContentExpirationDate only" : NULL;
    case RMS_EXPIRY_AFTER_DAYS:
        return date != RMS_TIME_NONE || days < 1 || days > DAYS_MAX
                   ? "AfterDays needs ContentValidityDuration of at least 1 only"
                   : NULL;
    case RMS_EXPIRY_NEVER:
        return date != RMS_TIME_NONE || days > 0 ? "Never goes with neither date nor days" : NULL;
    }
    return "unknown";
}

static int read_option(struct rms_admin_body *body, int64_t date, int64_t days, enum rms_expiry *option)
{
    const char *text = NULL;
    RMS_TRY(rms_reader_text(&body->reader, body->object, "ContentExpirationOption", 32, &text));
    if (text == NULL) { /* what was given tells */
        *option = date != RMS_TIME_NONE ? RMS_EXPIRY_ON_DATE
                  : days > 0            ? RMS_EXPIRY_AFTER_DAYS
                                        : RMS_EXPIRY_NEVER;
        return RMS_OK;
    }
    static const char *const names[] = {
        [RMS_EXPIRY_NEVER] = "Never", [RMS_EXPIRY_ON_DATE] = "OnDate", [RMS_EXPIRY_AFTER_DAYS] = "AfterDays"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (rms_text_equal_nocase(text, names[i])) {
            *option = (enum rms_expiry)i;
            return RMS_OK;
        }
    }
    return rms_reader_fail(&body->reader, "ContentExpirationOption", "not Never, OnDate or AfterDays");
}

/* S-101. */
static int apply_expiry(struct rms_admin_body *body, struct rms_policy *policy)
{
    int64_t date = RMS_TIME_NONE;
    int64_t days = 0;
    enum rms_expiry option = RMS_EXPIRY_NEVER;
    const json_t *object = body->object;
    bool named = json_object_get(object, "ContentExpirationOption") != NULL ||
                 json_object_get(object, "ContentExpirationDate") != NULL ||
                 json_object_get(object, "ContentValidityDuration") != NULL;
    if (!named) {
        return RMS_OK;
    }
    RMS_TRY(read_date(body, &date));
    RMS_TRY(rms_reader_int(&body->reader, object, "ContentValidityDuration", &days));
    RMS_TRY(read_option(body, date, days, &option));
    const char *problem = expiry_problem(option, date, days);
    if (problem != NULL) {
        return rms_reader_fail(&body->reader, "ContentExpirationOption", problem);
    }
    policy->expiry = option;
    policy->expires_at = date;
    policy->expiry_days = option == RMS_EXPIRY_AFTER_DAYS ? (unsigned)days : 0;
    return RMS_OK;
}

static int apply_offline(struct rms_admin_body *body, struct rms_policy *policy)
{
    int64_t days = policy->offline_days;
    RMS_TRY(rms_reader_int(&body->reader, body->object, "LicenseValidityDuration", &days));
    if (days < -1 || days > OFFLINE_DAYS_MAX) {
        return rms_reader_fail(&body->reader, "LicenseValidityDuration", "not between -1 and 9999");
    }
    policy->offline_days = (int)days;
    return RMS_OK;
}

static int apply_status(struct rms_admin_body *body, struct rms_template *tpl)
{
    const char *text = NULL;
    RMS_TRY(rms_reader_bool(&body->reader, body->object, "Published", &tpl->published));
    RMS_TRY(rms_reader_text(&body->reader, body->object, "Status", 32, &text));
    if (text == NULL) {
        return RMS_OK;
    }
    tpl->published = rms_text_equal_nocase(text, "Published");
    return tpl->published || rms_text_equal_nocase(text, "Archived")
               ? RMS_OK
               : rms_reader_fail(&body->reader, "Status", "neither Published nor Archived");
}

static int apply_scope(const struct rms_template_edit *e, struct rms_template *tpl)
{
    struct rms_request *request = e->request;
    const char *const *texts = NULL;
    size_t count = 0;
    RMS_TRY(rms_reader_texts(&e->body->reader, e->body->object, "ScopedIdentities", &texts, &count));
    if (texts == NULL) {
        return RMS_OK; /* S-113: not named, not touched */
    }
    const char **scope = rms_arena_array(request->arena, count + 1, sizeof(const char *));
    if (scope == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        struct rms_principal_question question = {e->tenant->id, texts[i], RMS_USE_SCOPE};
        struct rms_principal_info info = {0};
        int rc = rms_directory_principal(request->worker->db, request->arena, &question, &info);
        if (rc == RMS_OK && info.kind != RMS_IS_PERSON && info.kind != RMS_IS_GROUP) {
            rc = RMS_E_NOT_FOUND;
        }
        if (rc < 0) {
            return rms_fail(request, rc, "ScopedIdentities: no such person, or a group that does not fit");
        }
        scope[i] = info.address;
    }
    tpl->scope = scope;
    tpl->scope_count = count;
    return RMS_OK;
}

/* S-100: a caller that read a version may insist on it. */
static int check_version(struct rms_admin_body *body, const struct rms_template *tpl)
{
    int64_t version = tpl->version;
    RMS_TRY(rms_reader_int(&body->reader, body->object, "Version", &version));
    return version == tpl->version ? RMS_OK : RMS_E_CONFLICT;
}

int rms_admin_template_apply(const struct rms_template_edit *edit, struct rms_template *tpl)
{
    const char *field = NULL;
    RMS_TRY(check_version(edit->body, tpl));
    RMS_TRY(apply_texts(edit, &tpl->policy));
    RMS_TRY(apply_grants(edit, &tpl->policy));
    RMS_TRY(apply_expiry(edit->body, &tpl->policy));
    RMS_TRY(apply_offline(edit->body, &tpl->policy));
    RMS_TRY(apply_status(edit->body, tpl));
    RMS_TRY(apply_scope(edit, tpl));
    RMS_TRY(
        rms_reader_bool(&edit->body->reader, edit->body->object, "EnableInLegacyApps", &tpl->legacy_apps));
    int rc = rms_policy_check(&tpl->policy, RMS_TIME_NONE, &field);
    return rc < 0 ? rms_reader_fail(&edit->body->reader, field != NULL ? field : "template", "not valid")
                  : RMS_OK;
}
