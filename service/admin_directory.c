/* Directories outside that people and groups come from (doc/dev/directory.md). Secrets never come this way:
 * settings name files that only the jobs can read. */
#include "base/json.h"
#include "base/time.h"
#include "directory/ldap_settings.h"
#include "service/admin.h"
#include "store/source.h"

#define NAME_MAX_BYTES 64
#define REPLY_MAX      (1024u * 1024)

/* --- showing ------------------------------------------------------------------------------------------- */

static const char *state_of(const struct rms_source *source)
{
    if (source->stale) {
        return "expired";
    }
    if (source->tried_at > source->looked_at) {
        return "failing";
    }
    return source->read_at == 0 ? "new" : "ok";
}

static json_t *time_json(int64_t time)
{
    char text[RMS_TIME_TEXT];

    rms_time_iso(time, text);
    return time > 0 ? json_string(text) : json_null();
}

/* Numbers of seconds inside, the text of a time outside. */
static json_t *report_json(const struct rms_source *source)
{
    json_t *report = NULL;

    if (source->report == NULL || rms_json_parse(rms_view_str(source->report), &report) < 0) {
        return json_null();
    }
    (void)json_object_set_new(report, "Time", time_json(json_integer_value(json_object_get(report, "Time"))));
    return report;
}

static json_t *source_json(const struct rms_source *source)
{
    json_t *report = report_json(source);
    json_t *json = json_pack("{s:s, s:s, s:s, s:s*, s:s*, s:o, s:o, s:o, s:b}", "Id", source->id, "Name",
        source->name, "State", state_of(source), "Outcome", rms_json_str(report, "Outcome"), "Detail",
        rms_json_str(report, "Detail"), "LastReadTime", time_json(source->read_at), "LastLookTime",
        time_json(source->looked_at), "ValidUntilTime", time_json(source->valid_until), "Pending",
        source->wanted > source->served);
    json_t *settings = NULL;

    if (json != NULL && rms_json_parse(rms_view_str(source->settings), &settings) == 0) {
        (void)json_object_update_missing(json, settings);
    }
    rms_json_free(&settings);
    (void)json_object_set_new(json, "Report", report);
    return json;
}

static int answer(struct rms_buf *out, json_t *json)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(REPLY_MAX);
    int rc = json != NULL ? rms_json_emit(json, &text) : RMS_E_NO_MEMORY;

    rms_json_free(&json);
    if (rc == RMS_OK) {
        rms_buf_append_view(out, rms_buf_view(&text));
    }
    return rc;
}

static int find_source(struct rms_request *request, struct rms_tenant *t, struct rms_source *source)
{
    RMS_TRY(rms_admin_tenant(request, t));
    int rc = rms_source_find(request->worker->db, request->arena, t->id, request->params[1], source);
    return rc == RMS_E_NOT_FOUND ? rms_fail(request, rc, "no such directory") : rc;
}

int rms_admin_directory_list(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    struct rms_sources sources;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_source_list(request->worker->db, request->arena, t.id, &sources));
    json_t *list = json_array();
    for (size_t i = 0; i < sources.count; i++) {
        (void)json_array_append_new(list, source_json(&sources.items[i]));
    }
    return answer(&reply->body, list);
}

int rms_admin_directory_show(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    struct rms_source source;
    (void)front;
    RMS_TRY(find_source(request, &t, &source));
    return answer(&reply->body, source_json(&source));
}

/* --- changing ------------------------------------------------------------------------------------------ */

/* The settings are the body without the name, checked. */
static int read_settings(struct rms_request *request, struct rms_admin_body *body, const char **settings_out)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(REPLY_MAX);
    struct rms_ldap_settings settings;
    const char *why = NULL;

    (void)json_object_del(body->object, "Name");
    int rc = rms_ldap_settings_read(request->arena, body->object, &settings, &why);
    if (rc < 0) {
        return rms_fail(request, rc, why);
    }
    RMS_TRY(rms_json_emit(body->object, &text));
    *settings_out = rms_arena_text(request->arena, rms_buf_view(&text));
    return *settings_out != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

static int read_body(struct rms_request *request, struct rms_admin_body *body, struct rms_source *source)
{
    *body = (struct rms_admin_body){.reader = {request->arena, NULL}};
    int rc = rms_reader_parse(&body->reader, request->body, &body->object);
    if (rc == RMS_OK) {
        rc = rms_admin_need(body, "Name", NAME_MAX_BYTES, &source->name);
    }
    return rc < 0 ? rms_admin_fail(request, body, rc) : read_settings(request, body, &source->settings);
}

int rms_admin_directory_add(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    struct rms_tenant t;
    char id[RMS_GUID_TEXT];
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    rms_guid_new(id);
    struct rms_source source = {.id = id, .tenant_id = t.id, .created_at = request->now};
    RMS_TRY(read_body(request, &body, &source));
    int rc = rms_source_add(request->worker->db, &source);
    if (rc == RMS_E_CONFLICT) {
        return rms_fail(request, rc, "the tenant has a directory of this name");
    }
    RMS_TRY(rc);
    RMS_TRY(rms_source_find(request->worker->db, request->arena, t.id, id, &source));
    return answer(&reply->body, source_json(&source));
}

int rms_admin_directory_remove(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    struct rms_source source;
    (void)front;
    RMS_TRY(find_source(request, &t, &source));
    RMS_TRY(rms_source_remove(request->worker->db, t.id, source.id));
    rms_admin_done(reply);
    return RMS_OK;
}

/* Who asked waits by asking for the directory until nothing is pending: no worker here does. */
int rms_admin_directory_refresh(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {"Mode", NULL};
    static const char *const modes[] = {[RMS_SOURCE_TEST] = "test",
        [RMS_SOURCE_CHANGES] = "changes",
        [RMS_SOURCE_ALL] = "all",
        [RMS_SOURCE_FORCE] = "force"};
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    struct rms_tenant t;
    struct rms_source source;
    const char *word = "all";
    size_t mode = 0;
    (void)front;
    RMS_TRY(find_source(request, &t, &source));
    RMS_TRY(rms_admin_body(request, names, &body));
    int rc = rms_reader_text(&body.reader, body.object, "Mode", 16, &word);
    while (rc == RMS_OK && mode < sizeof modes / sizeof modes[0] && strcmp(word, modes[mode]) != 0) {
        mode++;
    }
    if (rc < 0 || mode == sizeof modes / sizeof modes[0]) {
        return rms_fail(request, RMS_E_BAD_ARGUMENT, "Mode: not test, changes, all or force");
    }
    RMS_TRY(rms_source_want(request->worker->db, t.id, source.id, (enum rms_source_mode)mode));
    RMS_TRY(rms_source_find(request->worker->db, request->arena, t.id, source.id, &source));
    return answer(&reply->body, source_json(&source));
}

/* --- what belongs to a directory ----------------------------------------------------------------------- */

int rms_admin_directory_of(
    struct rms_request *request, const char *tenant_id, const char *id, const char **name_out)
{
    struct rms_entry entry;
    struct rms_source source;
    *name_out = NULL;
    int rc = rms_entry_of(request->worker->db, request->arena, tenant_id, id, &entry);
    if (rc == RMS_E_NOT_FOUND || (rc == RMS_OK && entry.source_id == NULL)) {
        return RMS_OK;
    }
    RMS_TRY(rc);
    RMS_TRY(rms_source_find(request->worker->db, request->arena, tenant_id, entry.source_id, &source));
    *name_out = source.name;
    return RMS_OK;
}

int rms_admin_not_of_directory(struct rms_request *request, const char *tenant_id, const char *id)
{
    const char *name = NULL;
    RMS_TRY(rms_admin_directory_of(request, tenant_id, id, &name));
    return name == NULL ? RMS_OK
                        : rms_fail(request, RMS_E_CONFLICT,
                              rms_arena_printf(
                                  request->arena, "it comes from the directory %s: change it there", name));
}
