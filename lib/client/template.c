#include "client/template.h"

#include <glob.h>
#include <limits.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "client/anchors.h"
#include "client/api.h"
#include "client/context.h"
#include "client/identity.h"
#include "crypto/base64.h"

#define CACHE_MAX    (16u * 1024 * 1024)
#define ARENA_MAX    (64u * 1024 * 1024)
#define TEMPLATE_MAX (4u * 1024 * 1024)
#define ENTRY        RMS_VIEW_LITERAL("signed")
#define FETCHED      "Fetched"
#define LIST         "List"
#define LICENSOR     "Licensor"
#define FROM_FILE    "File"
#define FILES_MAX    1000

/* What rms_templates handed out last. */
struct rms_template_list {
    struct rms_arena *arena;
    struct rms_template *rows;
    size_t count;
};

void rms_template_list_free(struct rms_template_list **list)
{
    if (*list != NULL) {
        rms_arena_free(&(*list)->arena);
        rms_free(*list);
        *list = NULL;
    }
}

/* --- cache --- */

static int read_cache(struct rms_context *context, const char *address, json_t **cache_out)
{
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(CACHE_MAX);
    const struct rms_vault_place place = {RMS_VAULT_TEMPLATES, address, ENTRY};

    *cache_out = NULL;
    RMS_TRY(rms_vault_get(context->vault, &place, &bytes));
    if (rms_json_parse(rms_buf_view(&bytes), cache_out) != 0 ||
        !json_is_array(json_object_get(*cache_out, LIST))) {
        rms_json_free(cache_out);
        return RMS_E_NOT_FOUND;
    }
    return 0;
}

static int64_t fetched_at(const json_t *cache)
{
    const json_t *fetched = json_object_get(cache, FETCHED);

    return json_is_integer(fetched) ? json_integer_value(fetched) : RMS_TIME_NONE;
}

int64_t rms_templates_fetched(struct rms_context *context, const char *address)
{
    json_t RMS_JSON_CLEANUP *cache = NULL;

    return read_cache(context, address, &cache) == 0 ? fetched_at(cache) : RMS_TIME_NONE;
}

/* --- one template --- */

/* The device's keys, and what they led to when the templates were fetched. */
static int trust_of(const struct rms_identity *identity, const json_t *cache, struct rms_arena *arena,
    struct rms_trust *trust_out)
{
    *trust_out = identity->trust;
    return rms_anchors_extend(arena, json_object_get(cache, LICENSOR), trust_out);
}

/* Unsigned, foreign and unreadable ones are left out with a line in the log (C-036). */
static int parse_template(struct rms_context *context, const struct rms_trust *trust, struct rms_arena *arena,
    const json_t *element, struct rms_template_found *found)
{
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(TEMPLATE_MAX);
    const char *file = rms_json_str(element, FROM_FILE);
    struct rms_erd erd;
    uint8_t *copy;
    int status = rms_api_bytes(element, "Template", &bytes);

    if (status == 0) {
        copy = rms_arena_copy(arena, bytes.data, bytes.len);
        if (copy == NULL) {
            return RMS_E_NO_MEMORY;
        }
        found->text = rms_view_of(copy, bytes.len);
        status = rms_erd_parse(arena, found->text, &erd);
    }
    if (status == 0) {
        status = erd.official ? rms_anchors_verify(trust, &erd.node) : RMS_E_BAD_LICENSE;
    }
    if (status == 0) {
        found->policy = erd.policy;
        found->policy.from_template = true;
    } else if (status != RMS_E_NO_MEMORY) {
        rms_note(context, RMS_LOG_ERROR, "%s was left out: %s", file != NULL ? file : "a template",
            rms_error_info(status)->reason);
    }
    return status;
}

/* --- the folder of the settings (S-118) --- */

/* Adds the file, if it is a whole template of this service. *ours_out: of this service, whole or not. */
static int add_file(struct rms_context *context, const struct rms_identity *identity, const char *path,
    json_t *list, bool *ours_out)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(TEMPLATE_MAX);
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA_MAX);
    struct rms_template_found found;
    json_t RMS_JSON_CLEANUP *element = NULL;
    int status = arena != NULL ? rms_file_read(path, &text) : RMS_E_NO_MEMORY;

    if (status != 0) {
        rms_note(context, RMS_LOG_ERROR, "%s was left out: %s", path, rms_error_info(status)->reason);
        return status == RMS_E_NO_MEMORY ? status : 0;
    }
    element = json_pack(
        "{s:o, s:o}", "Template", rms_api_base64(rms_buf_view(&text)), FROM_FILE, json_string_nocheck(path));
    status =
        element != NULL ? parse_template(context, &identity->trust, arena, element, &found) : RMS_E_NO_MEMORY;
    *ours_out = *ours_out || status == 0 || status == RMS_E_BAD_SIGNATURE;
    if (status == 0) {
        return json_array_append(list, element) == 0 ? 0 : RMS_E_NO_MEMORY;
    }
    return status == RMS_E_NO_MEMORY ? status : 0;
}

static int find_files(const struct rms_context *context, glob_t *files_out)
{
    struct rms_buf RMS_BUF_CLEANUP pattern = RMS_BUF_INIT(PATH_MAX * 2);

    for (const char *c = context->settings.template_folder; *c != '\0'; c++) {
        rms_buf_printf(&pattern, strchr("*?[\\", *c) != NULL ? "\\%c" : "%c", *c);
    }
    rms_buf_append_str(&pattern, "/*.xml");
    RMS_TRY(rms_buf_status(&pattern));
    return glob(rms_buf_text(&pattern), 0, NULL, files_out) == GLOB_NOSPACE ? RMS_E_NO_MEMORY : 0;
}

/* In the form of the cache; NULL when nothing there is of the person's service, which is asked then. Who
 * signed a file tells whose it is: people of other services share the machine and its settings. */
static int read_folder(struct rms_context *context, const struct rms_identity *identity, json_t **cache_out)
{
    json_t RMS_JSON_CLEANUP *list = json_array();
    glob_t files = {0};
    bool ours = false;
    int status;

    *cache_out = NULL;
    if (context->settings.template_folder == NULL) {
        return 0;
    }
    status = find_files(context, &files);
    for (size_t i = 0; status == 0 && i < files.gl_pathc && i < FILES_MAX; i++) {
        status = add_file(context, identity, files.gl_pathv[i], list, &ours);
    }
    globfree(&files);
    if (status == 0 && ours) {
        *cache_out = json_pack("{s:O}", LIST, list);
        status = *cache_out != NULL ? 0 : RMS_E_NO_MEMORY;
    }
    return status;
}

/* --- from the service --- */

/* The service may have changed its key since this device was prepared. Asked after the templates, so that it
 * is not older than they are; without it those under the known keys count. */
static json_t *fetch_licensor(struct rms_context *context)
{
    const struct rms_api_call call = {.endpoint = RMS_EP_LICENSOR};
    json_t *reply = NULL;

    if (rms_api(context, &call, &reply) != 0) {
        rms_note(context, RMS_LOG_INFO, "the service's certificate could not be fetched");
        return NULL;
    }
    return reply;
}

int rms_templates_refresh(struct rms_context *context, const struct rms_identity *identity)
{
    const struct rms_api_call call = {.endpoint = RMS_EP_SIGNED_TEMPLATES};
    const struct rms_vault_place place = {RMS_VAULT_TEMPLATES, identity->address, ENTRY};
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(CACHE_MAX);
    json_t RMS_JSON_CLEANUP *reply = NULL;
    json_t RMS_JSON_CLEANUP *cache = NULL;

    RMS_TRY(read_folder(context, identity, &cache));
    if (cache != NULL) {
        return 0;
    }
    RMS_TRY(rms_api(context, &call, &reply));
    if (!json_is_array(reply)) {
        return rms_fail(context, RMS_E_UNREACHABLE, "the service's list of templates cannot be read");
    }
    cache = json_pack("{s:I, s:O, s:o*}", FETCHED, (json_int_t)rms_clock_now(), LIST, reply, LICENSOR,
        fetch_licensor(context));
    if (cache == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_json_emit(cache, &bytes));
    return rms_of_store(context, rms_vault_put(context->vault, &place, RMS_TIME_NONE, rms_buf_view(&bytes)));
}

/* Fresh, or refreshed, or (offline) not too old: C-031. A clock before the fetch counts as old. */
static int fresh_cache(
    struct rms_context *context, const struct rms_identity *identity, bool force, json_t **cache_out)
{
    int64_t now = rms_clock_now();
    int64_t fetched = RMS_TIME_NONE;
    int status;
    int refreshed;

    RMS_TRY(read_folder(context, identity, cache_out));
    if (*cache_out != NULL) {
        return 0;
    }
    status = read_cache(context, identity->address, cache_out);
    if (status == 0) {
        fetched = fetched_at(*cache_out);
    } else if (status != RMS_E_NOT_FOUND) {
        return status;
    }
    if (!force && fetched != RMS_TIME_NONE && now >= fetched &&
        now - fetched < context->settings.template_seconds) {
        return 0;
    }
    refreshed = rms_templates_refresh(context, identity);
    if (refreshed == 0) {
        rms_json_free(cache_out);
        return read_cache(context, identity->address, cache_out);
    }
    rms_json_free(cache_out);
    rms_note(context, RMS_LOG_ERROR, "templates not refreshed, the kept ones stay: %s",
        rms_error_info(refreshed)->reason);
    if (refreshed == RMS_E_NEEDS_ONLINE || refreshed == RMS_E_UNREACHABLE) {
        return rms_fail(context, fetched == RMS_TIME_NONE ? refreshed : RMS_E_NEEDS_ONLINE,
            fetched == RMS_TIME_NONE ? "no templates are cached and the service cannot be asked"
                                     : "templates too old: connect to refresh them");
    }
    return refreshed;
}

/* --- finding one --- */

static bool has_name(const struct rms_policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->text_count; i++) {
        if (policy->texts[i].name != NULL && strcmp(policy->texts[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* The list names each template beside its signed text, so that others need not be verified to be passed over.
 */
static bool is_another(const json_t *element, const char *guid)
{
    const char *id = rms_json_str(element, "Id");
    char normal[RMS_GUID_TEXT];

    return id != NULL && rms_guid_parse(rms_view_str(id), normal) == 0 && strcmp(normal, guid) != 0;
}

/* Is it the one that is looked for, as the list names it? */
static bool is_called(const json_t *element, const char *id_or_name)
{
    const char *const names[] = {rms_json_str(element, "Id"), rms_json_str(element, "Name")};

    for (size_t i = 0; i < 2; i++) {
        if (names[i] != NULL && rms_text_equal_nocase(names[i], id_or_name)) {
            return true;
        }
    }
    return false;
}

static int find_in(struct rms_context *context, const struct rms_identity *identity, struct rms_arena *arena,
    const json_t *cache, const char *id_or_name, struct rms_template_found *found_out)
{
    const json_t *element;
    char guid[RMS_GUID_TEXT];
    bool by_id = rms_guid_parse(rms_view_str(id_or_name), guid) == 0;
    struct rms_trust trust;
    bool changed = false;
    size_t matches = 0;
    size_t i;

    RMS_TRY(trust_of(identity, cache, arena, &trust));
    json_array_foreach(json_object_get(cache, LIST), i, element)
    {
        struct rms_template_found found;
        int status;

        if (by_id && is_another(element, guid)) {
            continue;
        }
        status = parse_template(context, &trust, arena, element, &found);
        if (status == RMS_E_NO_MEMORY) {
            return status;
        }
        if (status == 0 &&
            (by_id ? strcmp(found.policy.id, guid) == 0 : has_name(&found.policy, id_or_name))) {
            *found_out = found;
            matches++;
        }
        changed = changed || (status == RMS_E_BAD_SIGNATURE && is_called(element, id_or_name));
    }
    if (matches > 1) {
        return rms_fail(
            context, RMS_E_CONFLICT, "several templates are called \"%s\"; use the id", id_or_name);
    }
    if (matches == 1) {
        return 0;
    }
    return changed ? rms_fail(context, RMS_E_BAD_SIGNATURE, "the template \"%s\" was changed", id_or_name)
                   : RMS_E_TEMPLATE_NOT_FOUND;
}

int rms_template_find(struct rms_context *context, const struct rms_identity *identity,
    struct rms_arena *arena, const char *id_or_name, struct rms_template_found *found_out)
{
    json_t RMS_JSON_CLEANUP *cache = NULL;
    int status;

    RMS_TRY(fresh_cache(context, identity, false, &cache));
    status = find_in(context, identity, arena, cache, id_or_name, found_out);
    if ((status == RMS_E_TEMPLATE_NOT_FOUND || status == RMS_E_BAD_SIGNATURE) && !context->settings.offline) {
        /* it may be newer than the cache, or whole at the service */
        rms_json_free(&cache);
        if (fresh_cache(context, identity, true, &cache) == 0) {
            status = find_in(context, identity, arena, cache, id_or_name, found_out);
        }
    }
    if (status == RMS_E_TEMPLATE_NOT_FOUND) {
        return rms_fail(context, status, "no template \"%s\" for %s", id_or_name, identity->address);
    }
    return status;
}

int rms_template_known(struct rms_context *context, const struct rms_identity *identity,
    struct rms_arena *arena, const char *id, struct rms_template_found *found_out)
{
    json_t RMS_JSON_CLEANUP *cache = NULL;

    RMS_TRY(read_folder(context, identity, &cache));
    if (cache == NULL && read_cache(context, identity->address, &cache) != 0) {
        return RMS_E_TEMPLATE_NOT_FOUND;
    }
    return find_in(context, identity, arena, cache, id, found_out);
}

/* --- the list for people --- */

/* The language of the person's system, as locales say it. */
static unsigned system_lcid(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *locale = secure_getenv(names[i]);

        if (locale != NULL && locale[0] != 0) {
            return rms_lcid_of(locale);
        }
    }
    return 0;
}

/* S-097: the wanted language, else the system's, else the template's own. */
static const struct rms_policy_text *text_for(const struct rms_policy *policy, unsigned lcid)
{
    const struct rms_policy_text *text = rms_policy_text_for(policy, lcid);

    return text != NULL && text->lcid == lcid ? text : rms_policy_text_for(policy, system_lcid());
}

static int add_row(struct rms_template_list *list, const struct rms_policy *policy, unsigned lcid)
{
    const struct rms_policy_text *text = text_for(policy, lcid);
    struct rms_template *row = &list->rows[list->count];

    row->id = rms_arena_strdup(list->arena, policy->id);
    row->name = rms_arena_strdup(list->arena, text != NULL && text->name != NULL ? text->name : "");
    row->description =
        rms_arena_strdup(list->arena, text != NULL && text->description != NULL ? text->description : "");
    if (row->id == NULL || row->name == NULL || row->description == NULL) {
        return RMS_E_NO_MEMORY;
    }
    list->count++;
    return 0;
}

static int fill_list(struct rms_context *context, const struct rms_identity *identity, const json_t *cache,
    unsigned lcid, struct rms_template_list *list)
{
    const json_t *elements = json_object_get(cache, LIST);
    const json_t *element;
    struct rms_trust trust;
    size_t i;

    list->arena = rms_arena_new(ARENA_MAX);
    list->rows = list->arena != NULL
                     ? rms_arena_array(list->arena, json_array_size(elements) + 1, sizeof *list->rows)
                     : NULL;
    if (list->rows == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(trust_of(identity, cache, list->arena, &trust));
    json_array_foreach(elements, i, element)
    {
        struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA_MAX);
        struct rms_template_found found;
        int status;

        if (arena == NULL) {
            return RMS_E_NO_MEMORY;
        }
        status = parse_template(context, &trust, arena, element, &found);
        if (status == 0) {
            status = add_row(list, &found.policy, lcid);
        }
        if (status == RMS_E_NO_MEMORY) {
            return status;
        }
    }
    return 0;
}

int rms_templates(struct rms_context *context, bool refresh, const char *language,
    const struct rms_template **list_out, size_t *count_out)
{
    struct rms_identity RMS_IDENTITY_CLEANUP *identity = NULL;
    json_t RMS_JSON_CLEANUP *cache = NULL;
    struct rms_template_list *list;
    int status;

    if (list_out == NULL || count_out == NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    *list_out = NULL;
    *count_out = 0;
    RMS_TRY(rms_call_begin(context));
    RMS_TRY(rms_check_text(context, "language", language, true));
    RMS_TRY(rms_identity_get(context, RMS_FOR_OPENING, &identity));
    RMS_TRY(fresh_cache(context, identity, refresh, &cache));
    list = rms_calloc(1, sizeof *list);
    if (list == NULL) {
        return RMS_E_NO_MEMORY;
    }
    status = fill_list(context, identity, cache, language != NULL ? rms_lcid_of(language) : 0, list);
    if (status != 0) {
        rms_template_list_free(&list);
        return status;
    }
    (void)pthread_mutex_lock(&context->lock);
    rms_template_list_free(&context->templates);
    context->templates = list;
    (void)pthread_mutex_unlock(&context->lock);
    *list_out = list->rows;
    *count_out = list->count;
    return 0;
}
