/* What an administrator says of a template (4.1): read, checked, applied. What is not named stays. */
#include "base/text.h"
#include "directory/directory.h"
#include "service/admin_template.h"
#include "service/settings_text.h"

#define NAME_MAX_BYTES   256
#define DAYS_MAX         36500
#define OFFLINE_DAYS_MAX 9999 /* S-133, X-12 */
#define RIGHT_NAMES_MAX  40

const char *const rms_admin_template_members[] = {"TemplateId", "Names", "Descriptions", "RightsDefinitions",
    "GrantAdd", "GrantRemove", "ContentExpirationOption", "ContentExpirationDate", "ContentValidityDuration",
    "LicenseValidityDuration", "Status", "Published", "ScopedIdentities", "EnableInLegacyApps", "Version",
    "AuthorRights", NULL};

/* --- names and descriptions ---------------------------------------------------------------------------- */

/* A name that is there already is not the matter: built-in and imported ones have what they have (S-096). */
static bool has_text(const struct rms_policy *policy, unsigned lcid, const char *name)
{
    for (size_t i = 0; i < policy->text_count; i++) {
        if (policy->texts[i].lcid == lcid && strcmp(policy->texts[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static int check_name(struct rms_reader *r, const char *name)
{
    if (name[0] == '\0') {
        return rms_reader_fail(r, "Names", "an empty text");
    }
    if (strlen(name) > NAME_MAX_BYTES || !rms_text_printable(rms_view_str(name))) {
        return rms_reader_fail(r, "Names", "too long, or control characters");
    }
    size_t at = strcspn(name, RMS_TEMPLATE_NAME_FORBIDDEN);
    if (name[at] == '\0') {
        return RMS_OK;
    }
    const char *problem = rms_arena_printf(r->arena, "the character %c is not allowed", name[at]);
    return rms_reader_fail(r, "Names", problem != NULL ? problem : "a character is not allowed");
}

static const char *find_description(const struct rms_name_value *pairs, size_t count, unsigned lcid)
{
    for (size_t i = 0; i < count; i++) {
        if (rms_lcid_of(pairs[i].name) == lcid) {
            return pairs[i].value;
        }
    }
    return NULL;
}

struct maps {
    const struct rms_name_value *names;
    const struct rms_name_value *descriptions;
    size_t name_count;
    size_t description_count;
};

/* Both maps must have the same languages. */
static int join_texts(struct rms_reader *r, const struct maps *maps, const struct rms_policy *old,
    struct rms_policy_text *texts)
{
    for (size_t i = 0; i < maps->name_count; i++) {
        texts[i].lcid = rms_lcid_of(maps->names[i].name);
        if (texts[i].lcid == 0) {
            return rms_reader_fail(r, "Names", "a language is not a known LCID or tag"); /* S-095 */
        }
        texts[i].name = maps->names[i].value;
        if (!has_text(old, texts[i].lcid, texts[i].name)) {
            RMS_TRY(check_name(r, texts[i].name));
        }
        texts[i].description = find_description(maps->descriptions, maps->description_count, texts[i].lcid);
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

static int read_maps(struct rms_admin_body *body, struct maps *maps)
{
    struct rms_reader *r = &body->reader;
    RMS_TRY(rms_reader_pairs(r, body->object, "Names", &maps->names, &maps->name_count));
    return rms_reader_pairs(r, body->object, "Descriptions", &maps->descriptions, &maps->description_count);
}

/* What is not named of the two is as it was; a new template's name describes itself. */
static int fill_maps(const struct rms_template_edit *e, const struct rms_policy *policy, struct maps *maps)
{
    struct rms_arena *arena = e->body->reader.arena;
    if (maps->names == NULL) {
        RMS_TRY(pairs_of(arena, policy, false, &maps->names));
        maps->name_count = policy->text_count;
    }
    if (maps->descriptions == NULL && e->add) {
        maps->descriptions = maps->names;
        maps->description_count = maps->name_count;
    } else if (maps->descriptions == NULL) {
        RMS_TRY(pairs_of(arena, policy, true, &maps->descriptions));
        maps->description_count = policy->text_count;
    }
    return RMS_OK;
}

static int apply_texts(const struct rms_template_edit *e, struct rms_policy *policy)
{
    struct rms_reader *r = &e->body->reader;
    struct maps maps = {0};
    RMS_TRY(read_maps(e->body, &maps));
    if (maps.names == NULL && maps.descriptions == NULL) {
        return e->add ? rms_reader_fail(r, "Names", "at least one is needed") : RMS_OK;
    }
    RMS_TRY(fill_maps(e, policy, &maps));
    if (maps.name_count == 0 || maps.name_count != maps.description_count) {
        return rms_reader_fail(r, "Names, Descriptions", "not the same languages in both");
    }
    struct rms_policy_text *texts = rms_arena_array(r->arena, maps.name_count, sizeof *texts);
    if (texts == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(join_texts(r, &maps, policy, texts));
    policy->texts = texts;
    policy->text_count = maps.name_count;
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
    if (rms_text_equal_nocase(text, "owner")) {
        *who_out = "IPC_USER_ID_OWNER";
        return RMS_OK;
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

/* S-091: an entry may have a time of its own, within that of the template. */
static int read_times(struct rms_reader *r, const json_t *item, struct rms_grant *grant)
{
    RMS_TRY(rms_reader_time(r, item, "From", &grant->from));
    RMS_TRY(rms_reader_time(r, item, "Until", &grant->until));
    bool both = grant->from != RMS_TIME_NONE && grant->until != RMS_TIME_NONE;
    return !both || grant->from < grant->until
               ? RMS_OK
               : rms_reader_fail(r, "RightsDefinitions", "an element ends before it begins");
}

static int read_grant(const struct rms_template_edit *e, const json_t *item, struct rms_grant *grant)
{
    static const char *const names[] = {"Principal", "Rights", "Level", "From", "Until", NULL};
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
    RMS_TRY(read_times(r, item, grant));
    RMS_TRY(resolve(e, text, &who));
    int rc = rms_grant_set_principal(r->arena, grant, who);
    return rc == RMS_E_BAD_ARGUMENT
               ? rms_reader_fail(r, "RightsDefinitions", "a principal is neither address nor domain")
               : rc;
}

/* A list of grants; NULL when the body has none. */
static int read_grants(
    const struct rms_template_edit *e, const char *member, struct rms_grant **grants_out, size_t *count_out)
{
    struct rms_reader *r = &e->body->reader;
    const json_t *list = json_object_get(e->body->object, member);
    *grants_out = NULL;
    *count_out = 0;
    if (list == NULL || json_is_null(list)) {
        return RMS_OK;
    }
    if (!json_is_array(list) || json_array_size(list) > RMS_GRANTS_MAX) {
        return rms_reader_fail(r, member, "not a list of at most 10000");
    }
    size_t count = json_array_size(list);
    struct rms_grant *grants = rms_arena_array(r->arena, count + 1, sizeof *grants);
    if (grants == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        RMS_TRY(read_grant(e, json_array_get(list, i), &grants[i]));
    }
    *grants_out = grants;
    *count_out = count;
    return RMS_OK;
}

/* A grant with a time of its own stays apart from one with another or none. */
static bool same_principal(const struct rms_grant *a, const struct rms_grant *b)
{
    bool same_address = a->address == b->address ||
                        (a->address != NULL && b->address != NULL && strcmp(a->address, b->address) == 0);
    return same_address && a->principal == b->principal;
}

static bool same_times(const struct rms_grant *a, const struct rms_grant *b)
{
    return a->from == b->from && a->until == b->until;
}

/* Rights join those the principal has (S-100). */
static int add_grants(const struct rms_template_edit *e, struct rms_policy *policy)
{
    struct rms_arena *arena = e->body->reader.arena;
    struct rms_grant *more = NULL;
    size_t count = 0;
    RMS_TRY(read_grants(e, "GrantAdd", &more, &count));
    struct rms_grant *grants = rms_arena_array(arena, policy->grant_count + count + 1, sizeof *grants);
    if (grants == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < policy->grant_count; i++) {
        grants[i] = policy->grants[i];
    }
    size_t used = policy->grant_count;
    for (size_t i = 0; i < count; i++) {
        size_t at = 0;
        while (at < used && !(same_principal(&grants[at], &more[i]) && same_times(&grants[at], &more[i]))) {
            at++;
        }
        if (at == used) {
            grants[used++] = more[i];
        } else {
            RMS_TRY(rms_rights_merge(arena, &grants[at].rights, &more[i].rights));
        }
    }
    policy->grants = grants;
    policy->grant_count = used;
    policy->only_me = used == 0;
    return RMS_OK;
}

/* Whom to remove: as written in the grant, also somebody who is gone from the directory. */
static int read_removed(const struct rms_template_edit *e, const char *text, struct rms_grant *grant)
{
    struct rms_request *request = e->request;
    const char *who = NULL;
    int rc = resolve(e, text, &who);
    if (rc == RMS_E_NOT_FOUND || rc == RMS_E_BAD_ARGUMENT) {
        request->note.detail = NULL;
        who = text;
    } else {
        RMS_TRY(rc);
    }
    rms_grant_init(grant);
    rc = rms_grant_set_principal(request->arena, grant, who);
    return rc == RMS_E_BAD_ARGUMENT
               ? rms_fail(request, RMS_E_NOT_FOUND, "GrantRemove: nobody of that name has rights")
               : rc;
}

static int remove_grant(const struct rms_template_edit *e, const char *text, struct rms_policy *policy)
{
    struct rms_grant *grants = rms_arena_array(e->request->arena, policy->grant_count + 1, sizeof *grants);
    struct rms_grant removed;
    size_t used = 0;
    if (grants == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(read_removed(e, text, &removed));
    for (size_t i = 0; i < policy->grant_count; i++) {
        if (!same_principal(&policy->grants[i], &removed)) {
            grants[used++] = policy->grants[i];
        }
    }
    if (used == policy->grant_count) {
        return rms_fail(e->request, RMS_E_NOT_FOUND, "GrantRemove: nobody of that name has rights");
    }
    policy->grants = grants;
    policy->grant_count = used;
    return RMS_OK;
}

/* The last grant cannot go: that would silently make it a template for the owner alone. */
static int remove_grants(const struct rms_template_edit *e, struct rms_policy *policy)
{
    struct rms_reader *r = &e->body->reader;
    const char *const *texts = NULL;
    size_t count = 0;
    RMS_TRY(rms_reader_texts(r, e->body->object, "GrantRemove", &texts, &count));
    for (size_t i = 0; i < count; i++) {
        RMS_TRY(remove_grant(e, texts[i], policy));
    }
    return count == 0 || policy->grant_count > 0
               ? RMS_OK
               : rms_reader_fail(r, "GrantRemove", "nobody would have rights: archive the template instead");
}

static int apply_grants(const struct rms_template_edit *e, struct rms_policy *policy)
{
    struct rms_grant *grants = NULL;
    size_t count = 0;
    RMS_TRY(read_grants(e, "RightsDefinitions", &grants, &count));
    if (grants != NULL) {
        policy->grants = grants;
        policy->grant_count = count;
        policy->only_me = count == 0;
    }
    if (json_object_get(e->body->object, "GrantAdd") != NULL) {
        RMS_TRY(add_grants(e, policy));
    }
    return remove_grants(e, policy);
}

/* S-088: as the original portal does, for who wants it so. */
static int add_object_model(const struct rms_template_edit *e, struct rms_policy *policy)
{
    const char *on = NULL;
    struct rms_grant *grants = rms_arena_array(e->request->arena, policy->grant_count + 1, sizeof *grants);
    RMS_TRY(rms_settings_text_get(e->request->arena, e->tenant->settings, RMS_ADD_OBJECT_MODEL, &on));
    if (on == NULL || grants == NULL) {
        return grants != NULL ? RMS_OK : RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < policy->grant_count; i++) {
        grants[i] = policy->grants[i];
        grants[i].rights.bits |= RMS_RIGHT_OBJMODEL;
    }
    policy->grants = grants;
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

/* B-07. */
static int apply_author(struct rms_admin_body *body, struct rms_policy *policy)
{
    const char *text = NULL;
    RMS_TRY(rms_reader_text(&body->reader, body->object, "AuthorRights", 32, &text));
    if (text == NULL) {
        return RMS_OK;
    }
    policy->author_listed = rms_text_equal_nocase(text, "Listed");
    return policy->author_listed || rms_text_equal_nocase(text, "Full")
               ? RMS_OK
               : rms_reader_fail(&body->reader, "AuthorRights", "neither Full nor Listed");
}

/* Somebody who is in the scope already may be gone from the directory meanwhile. */
static const char *known_scope(const struct rms_template *tpl, const char *text)
{
    for (size_t i = 0; i < tpl->scope_count; i++) {
        if (strcmp(tpl->scope[i], text) == 0) {
            return tpl->scope[i];
        }
    }
    return NULL;
}

static int find_scope(const struct rms_template_edit *e, const char *text, const char **address_out)
{
    struct rms_request *request = e->request;
    struct rms_principal_question question = {e->tenant->id, text, RMS_USE_SCOPE};
    struct rms_principal_info info = {0};
    int rc = rms_directory_principal(request->worker->db, request->arena, &question, &info);
    if (rc == RMS_OK && info.kind != RMS_IS_PERSON && info.kind != RMS_IS_GROUP) {
        rc = RMS_E_NOT_FOUND;
    }
    *address_out = info.address;
    return rc < 0 ? rms_fail(request, rc, "ScopedIdentities: no such person, or a group that does not fit")
                  : RMS_OK;
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
        scope[i] = known_scope(tpl, texts[i]);
        if (scope[i] == NULL) {
            RMS_TRY(find_scope(e, texts[i], &scope[i]));
        }
    }
    tpl->scope = scope;
    tpl->scope_count = count;
    return RMS_OK;
}

/* S-100: a caller that read a template may insist on what he read. */
static int check_read(const struct rms_template_edit *e, const struct rms_template *tpl)
{
    struct rms_admin_body *body = e->body;
    const char *text = NULL;
    char id[RMS_GUID_TEXT];
    int64_t version = tpl->version;
    RMS_TRY(rms_reader_text(&body->reader, body->object, "TemplateId", 64, &text));
    if (text != NULL && (rms_guid_parse(rms_view_str(text), id) < 0 || strcmp(id, tpl->policy.id) != 0)) {
        return rms_reader_fail(&body->reader, "TemplateId", "of another template");
    }
    RMS_TRY(rms_reader_int(&body->reader, body->object, "Version", &version));
    if (e->add || version == tpl->version) {
        return RMS_OK;
    }
    return rms_fail(e->request, RMS_E_CONFLICT,
        rms_arena_printf(e->request->arena, "the template has version %lld meanwhile, not %lld",
            (long long)tpl->version, (long long)version));
}

int rms_admin_template_apply(const struct rms_template_edit *edit, struct rms_template *tpl)
{
    const char *field = NULL;
    RMS_TRY(check_read(edit, tpl));
    RMS_TRY(apply_texts(edit, &tpl->policy));
    RMS_TRY(apply_grants(edit, &tpl->policy));
    RMS_TRY(add_object_model(edit, &tpl->policy));
    RMS_TRY(apply_expiry(edit->body, &tpl->policy));
    RMS_TRY(apply_offline(edit->body, &tpl->policy));
    RMS_TRY(apply_author(edit->body, &tpl->policy));
    RMS_TRY(apply_status(edit->body, tpl));
    RMS_TRY(apply_scope(edit, tpl));
    RMS_TRY(
        rms_reader_bool(&edit->body->reader, edit->body->object, "EnableInLegacyApps", &tpl->legacy_apps));
    int rc = rms_policy_check(&tpl->policy, RMS_TIME_NONE, &field);
    return rc < 0 ? rms_reader_fail(&edit->body->reader, field != NULL ? field : "template", "not valid")
                  : RMS_OK;
}
