/* Names and descriptions of many templates at once, as they come back from translation (S-098): all or none.
 */
#include "service/admin_template.h"
#include "service/rest_write.h"

static int read_id(struct rms_reader *r, const json_t *item, char id_out[RMS_GUID_TEXT])
{
    const char *text = NULL;
    RMS_TRY(rms_reader_text(r, item, "TemplateId", 64, &text));
    return text != NULL && rms_guid_parse(rms_view_str(text), id_out) == RMS_OK
               ? RMS_OK
               : rms_reader_fail(r, "TemplateId", "missing, or not a GUID");
}

/* One element: the body of a change of this template, of which only texts are taken. */
static int change_one(const struct rms_template_edit *all, json_t *item)
{
    static const char *const names[] = {"TemplateId", "Version", "Names", "Descriptions", NULL};
    struct rms_request *request = all->request;
    struct rms_reader *r = &all->body->reader;
    struct rms_admin_body body = {.reader = {request->arena, NULL}, .object = item};
    struct rms_template tpl;
    char id[RMS_GUID_TEXT];
    if (!json_is_object(item)) {
        return rms_reader_fail(r, "Templates", "an element is not an object");
    }
    RMS_TRY(rms_reader_only(r, item, names));
    RMS_TRY(read_id(r, item, id));
    int rc = rms_template_get(request->worker->db, request->arena, all->tenant->id, id, &tpl);
    if (rc == RMS_E_NOT_FOUND) {
        return rms_fail(request, rc, rms_arena_printf(request->arena, "no template %s", id));
    }
    RMS_TRY(rc);
    rc = rms_admin_template_apply(&(struct rms_template_edit){request, all->tenant, &body, false}, &tpl);
    if (rc < 0 && body.reader.detail != NULL) {
        return rms_fail(request, rc, rms_arena_printf(request->arena, "%s: %s", id, body.reader.detail));
    }
    RMS_TRY(rc);
    return rms_admin_template_store(request, &tpl, false);
}

static int change_all(const struct rms_template_edit *all, json_t *list)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        RMS_TRY(change_one(all, item));
    }
    return RMS_OK;
}

int rms_admin_template_texts(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {"Templates", NULL};
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    struct rms_tenant t;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_admin_body(request, names, &body));
    json_t *list = json_object_get(body.object, "Templates");
    if (!json_is_array(list)) {
        return rms_fail(request, RMS_E_BAD_ARGUMENT, "Templates: not a list");
    }
    RMS_TRY(rms_db_begin(request->worker->db));
    int rc = rms_db_end(
        request->worker->db, change_all(&(struct rms_template_edit){request, &t, &body, false}, list));
    if (rc < 0) {
        return body.reader.detail != NULL ? rms_admin_fail(request, &body, rc) : rc;
    }
    rms_out_open(&reply->body, NULL, '{');
    rms_out_int(&reply->body, "Changed", (int64_t)json_array_size(list));
    rms_out_close(&reply->body, '}');
    return RMS_OK;
}
