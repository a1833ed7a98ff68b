#include "client/refusal.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/guid.h"
#include "base/json.h"
#include "base/log.h"
#include "client/api.h"
#include "client/context.h"
#include "client/save.h"
#include "policy/rights.h"

#define LIST_MAX  (64u * 1024)
#define KEPT_S    (30 * (int64_t)RMS_DAY_S)
#define SAME_S    60 /* the same again within this time is one refusal */
#define ARENA_MAX 4096
#define LIST_NAME RMS_VIEW_LITERAL("refusals")

/* --- the list: what the service is going to be told, with the content id ---------------------------------
 */

static struct rms_vault_place place_of(const char *address)
{
    return (struct rms_vault_place){RMS_VAULT_REFUSALS, address, LIST_NAME};
}

/* An empty one when nothing is kept, or nothing that can be read. */
static json_t *load(struct rms_context *context, const char *address)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(LIST_MAX);
    const struct rms_vault_place place = place_of(address);
    json_t *list = NULL;

    if (rms_vault_get(context->vault, &place, &text) != 0 ||
        rms_json_parse(rms_buf_view(&text), &list) != 0 || !json_is_array(list)) {
        json_decref(list);
        list = json_array();
    }
    return list;
}

/* NULL is not. */
static bool is_old(const json_t *entry)
{
    return entry != NULL && json_integer_value(json_object_get(entry, "At")) < rms_clock_now() - KEPT_S;
}

static int store(struct rms_context *context, const char *address, json_t *list)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(LIST_MAX);
    const struct rms_vault_place place = place_of(address);

    while (json_array_size(list) > RMS_REFUSALS_MAX || is_old(json_array_get(list, 0))) {
        (void)json_array_remove(list, 0);
    }
    if (json_array_size(list) == 0) {
        return rms_vault_remove(context->vault, &place);
    }
    RMS_TRY(rms_json_emit(list, &text));
    return rms_vault_put(context->vault, &place, rms_clock_now() + KEPT_S, rms_buf_view(&text));
}

static bool is_repeated(const json_t *list, const json_t *entry)
{
    static const char *const same[] = {"ContentId", "Right", "Application"};
    const json_t *last = json_array_get(list, json_array_size(list) - 1);
    int64_t since =
        json_integer_value(json_object_get(entry, "At")) - json_integer_value(json_object_get(last, "At"));

    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        if (!json_equal(json_object_get(last, same[i]), json_object_get(entry, same[i]))) {
            return false;
        }
    }
    return since >= 0 && since < SAME_S;
}

typedef int change(json_t *list, json_t *entry);

static int add_to(json_t *list, json_t *entry)
{
    return is_repeated(list, entry) || json_array_append(list, entry) == 0 ? 0 : RMS_E_NO_MEMORY;
}

static int remove_from(json_t *list, json_t *entry)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (json_equal(json_array_get(list, i), entry)) {
            return json_array_remove(list, i) == 0 ? 0 : RMS_E_NO_MEMORY;
        }
    }
    return 0;
}

/* Other programs of the person use the same list. */
static int change_list(struct rms_context *context, const char *address, json_t *entry, change *how)
{
    json_t RMS_JSON_CLEANUP *list = NULL;
    int status;
    int ended;

    RMS_TRY(rms_vault_begin(context->vault));
    list = load(context, address);
    status = list != NULL ? how(list, entry) : RMS_E_NO_MEMORY;
    if (status == 0) {
        status = store(context, address, list);
    }
    ended = rms_vault_end(context->vault, status == 0);
    return status != 0 ? status : ended;
}

/* --- keeping ----------------------------------------------------------------------------------------------
 */

static void take_name(const char *name, void *context)
{
    *(const char **)context = name;
}

/* The service is told only of what it gave a licence for, and where settings want that. */
static bool may_tell(const struct rms_context *context, const struct rms_access *access)
{
    return context->settings.track && !context->settings.what_if && context->settings.on_behalf == NULL &&
           access->by_licence && !access->is_owner;
}

static json_t *make_entry(
    const struct rms_context *context, const struct rms_access *access, const char *right)
{
    const struct rms_settings *settings = &context->settings;
    char application[128];
    int64_t now = rms_clock_now();

    (void)snprintf(application, sizeof application, "%.80s%s%.40s",
        settings->application != NULL ? settings->application : "librms",
        settings->application_version != NULL ? " " : "",
        settings->application_version != NULL ? settings->application_version : "");
    return json_pack("{s:s, s:s, s:s, s:I}", "ContentId", access->pl.content_id, "Right", right,
        "Application", application, "At", (json_int_t)now);
}

static int keep(struct rms_context *context, const struct rms_access *access, const char *right)
{
    json_t RMS_JSON_CLEANUP *entry = make_entry(context, access, right);

    if (entry == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_of_store(context, change_list(context, access->address, entry, add_to)));
    atomic_store(&context->refusals_told, false);
    return 0;
}

int rms_document_refused(struct rms_document *document, const char *right)
{
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA_MAX);
    struct rms_rights rights = {0};
    const struct rms_access *access;
    struct rms_context *context;
    const char *name = NULL;

    if (!rms_handle_is(document, RMS_HANDLE_DOCUMENT)) {
        return RMS_E_BAD_ARGUMENT;
    }
    context = rms_document_context(document);
    access = rms_document_opened(document)->access;
    RMS_TRY(rms_call_begin(context));
    if (arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (right == NULL || rms_rights_add(arena, &rights, right, true) != 0) {
        return rms_fail(context, RMS_E_BAD_ARGUMENT, "right: not the name of a right");
    }
    rms_rights_each(&rights, take_name, &name);
    if (rms_rights_allow_name(&access->rights, name)) {
        return rms_fail(context, RMS_E_BAD_ARGUMENT, "right: the person has it");
    }
    return may_tell(context, access) ? keep(context, access, name) : 0;
}

/* --- telling ----------------------------------------------------------------------------------------------
 */

/* Answers after which telling it again is in vain. */
static bool is_final(int status)
{
    static const int codes[] = {0, RMS_E_NOT_REGISTERED, RMS_E_LIMIT, RMS_E_BAD_ARGUMENT,
        RMS_E_TRACKING_DISABLED, RMS_E_ROLE_REQUIRED};

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (codes[i] == status) {
            return true;
        }
    }
    return false;
}

static int tell(struct rms_context *context, const json_t *entry)
{
    const char *id = rms_json_str(entry, "ContentId");
    char content_id[RMS_GUID_TEXT];
    char time[RMS_TIME_TEXT];
    char path[64];
    json_t RMS_JSON_CLEANUP *reply = NULL;
    json_t RMS_JSON_CLEANUP *body = NULL;

    if (id == NULL || rms_guid_parse(rms_view_str(id), content_id) != 0) {
        return RMS_E_BAD_ARGUMENT;
    }
    rms_time_iso(json_integer_value(json_object_get(entry, "At")), time);
    body = json_pack("{s:O, s:O, s:s}", "Right", json_object_get(entry, "Right"), "Application",
        json_object_get(entry, "Application"), "Time", time);
    (void)snprintf(path, sizeof path, "/%s/refusals", content_id);
    const struct rms_api_call call = {
        .endpoint = RMS_EP_DOCUMENTS, .path = path, .body = body, .brief = true};

    return body != NULL ? rms_api(context, &call, &reply) : RMS_E_BAD_ARGUMENT;
}

/* The oldest first, up to one that does not arrive. What was told goes off the list afterwards: a program
 * that ends in between tells it twice rather than never. */
static int tell_some(struct rms_context *context, const char *address, size_t most, bool *more_out)
{
    json_t RMS_JSON_CLEANUP *list = load(context, address);

    *more_out = json_array_size(list) > most;
    for (size_t i = 0; i < json_array_size(list) && i < most; i++) {
        json_t *entry = json_array_get(list, i);
        int status = tell(context, entry);

        if (!is_final(status)) {
            return status;
        }
        RMS_TRY(rms_of_store(context, change_list(context, address, entry, remove_from)));
    }
    return list != NULL ? 0 : RMS_E_NO_MEMORY;
}

static void follow_locked(struct rms_context *context, const char *address)
{
    struct rms_report_text report;
    bool more = false;
    int status;

    rms_report_save(context, &report);
    status = tell_some(context, address, RMS_REFUSALS_STEP, &more);
    if (status != 0) {
        rms_note(context, RMS_LOG_INFO, "refusals are not told yet: %s", rms_error_info(status)->reason);
    } else if (more) {
        atomic_store(&context->refusals_told, false);
    }
    rms_report_restore(context, &report);
}

void rms_refusals_follow(struct rms_context *context, const char *address)
{
    if (context->settings.track && !context->settings.what_if && context->settings.on_behalf == NULL &&
        RMS_ASKED(context, token) == NULL && !atomic_exchange(&context->refusals_told, true) &&
        pthread_mutex_trylock(&context->telling) == 0) {
        follow_locked(context, address);
        (void)pthread_mutex_unlock(&context->telling);
    }
}

void rms_refusal_note(struct rms_context *context, const struct rms_access *access, const char *right)
{
    int status = may_tell(context, access) ? keep(context, access, right) : 0;

    if (status != 0) {
        rms_note(context, RMS_LOG_INFO, "a refusal could not be kept: %s", rms_error_info(status)->reason);
    } else if (!access->from_cache && !context->settings.offline) {
        rms_refusals_follow(context, access->address);
    }
}

static int send_all(struct rms_context *context)
{
    struct rms_session RMS_SESSION_CLEANUP *session = NULL;
    bool more = true;

    RMS_TRY(rms_session_get(context, &session));
    while (more) {
        RMS_TRY(tell_some(context, rms_session_signin(session)->address, RMS_REFUSALS_STEP, &more));
    }
    return 0;
}

int rms_refusals_send(struct rms_context *context)
{
    int status;

    RMS_TRY(rms_call_begin(context));
    if (context->settings.offline) {
        return rms_fail(context, RMS_E_NEEDS_ONLINE, "this is an offline context");
    }
    (void)pthread_mutex_lock(&context->telling);
    status = send_all(context);
    (void)pthread_mutex_unlock(&context->telling);
    return status;
}
