/* Tracking for the operator: all documents of a tenant, on behalf of whoever protected them (S-166, S-170).
 */
#include "base/text.h"
#include "crypto/base64.h"
#include "directory/directory.h"
#include "service/admin.h"
#include "service/rest_write.h"
#include "service/role.h"
#include "service/tracking.h"
#include "service/tracking_state.h"

int rms_admin_tracking_list(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tracked_list list;
    struct rms_tenant t;
    char issuer[RMS_ADDRESS_MAX];
    const char *user = rms_request_query(request, "user");
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    if (user != NULL && rms_address_normalise(user, issuer) < 0) {
        return rms_fail(request, RMS_E_BAD_ARGUMENT, "user: not an address");
    }
    const struct rms_tracked_query query = {.tenant_id = t.id,
        .issuer = user != NULL ? issuer : NULL,
        .text = rms_request_query(request, "q"),
        .limit = RMS_TRACKING_LIST_MAX};
    rms_tracking_settle(request);
    RMS_TRY(rms_tracked_list(request->worker->db, request->arena, &query, &list));
    rms_out_open(&reply->body, NULL, '[');
    rms_tracking_write_rows(&reply->body, &list);
    rms_out_close(&reply->body, ']');
    return RMS_OK;
}

/* Content ids are chosen by who protects: two people can have used one. issuer NULL: not said. */
static int choose(struct rms_request *request, const struct rms_tracked_list *list, const char *issuer,
    struct rms_tracked *document_out)
{
    size_t matches = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (issuer == NULL || strcmp(list->items[i].key.issuer, issuer) == 0) {
            *document_out = list->items[i];
            matches++;
        }
    }
    if (matches > 1) {
        return rms_fail(request, RMS_E_CONFLICT, "several people have documents of this id: give --issuer");
    }
    return matches == 1 ? RMS_OK : RMS_E_NOT_REGISTERED;
}

int rms_admin_tracked(
    struct rms_request *request, const char *content_id, const char *issuer, struct rms_tracked *document_out)
{
    struct rms_tracked_list list;
    struct rms_tenant t;
    char normal[RMS_ADDRESS_MAX];
    const char *id;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_tracking_id(request, content_id, &id));
    if (issuer != NULL && rms_address_normalise(issuer, normal) < 0) {
        return rms_fail(request, RMS_E_BAD_ARGUMENT, "Issuer: not an address");
    }
    rms_tracking_settle(request);
    RMS_TRY(rms_tracked_by_content(request->worker->db, request->arena, t.id, id, &list));
    return choose(request, &list, issuer != NULL ? normal : NULL, document_out);
}

int rms_admin_document_of(
    struct rms_request *request, const char *tenant_id, const char *base64, struct rms_tracked *document_out)
{
    RMS_BUF_CLEANUP struct rms_buf licence = RMS_BUF_INIT(RMS_ADMIN_BODY_MAX);
    struct rms_opening facts;
    if (rms_base64_decode(rms_view_str(base64), &licence) < 0) {
        return rms_fail(request, RMS_E_BAD_ARGUMENT, "SerializedPublishingLicense: not base64");
    }
    int rc = rms_licence_read(request, rms_buf_view(&licence), &facts);
    bool foreign = request->note.tenant != NULL && strcmp(request->note.tenant->row.id, tenant_id) != 0;
    request->note.tenant = NULL; /* the row is of the administrator's tenant */
    if (foreign || (rc == RMS_OK && strcmp(facts.tenant_id, tenant_id) != 0)) {
        return rms_fail(request, RMS_E_UNKNOWN_KEY, "the licence is not of this tenant");
    }
    RMS_TRY(rc);
    RMS_TRY(rms_tracking_of_licence(request, &facts, document_out));
    document_out->notify = RMS_NOTIFY_UNCHANGED;
    RMS_TRY(rms_tracked_note(request->worker->db, document_out));
    return rms_tracked_get(request->worker->db, request->arena, &document_out->key, document_out);
}

static int find(struct rms_request *request, const char *issuer, struct rms_tracked *document_out)
{
    return rms_admin_tracked(request, request->params[1], issuer, document_out);
}

int rms_admin_tracking_show(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tracked document;
    (void)front;
    RMS_TRY(find(request, rms_request_query(request, "issuer"), &document));
    return rms_tracking_write_one(request, &document, 0, &reply->body);
}

int rms_admin_tracking_events(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tracked document;
    (void)front;
    RMS_TRY(find(request, rms_request_query(request, "issuer"), &document));
    return rms_tracking_write_events(
        request, &(const struct rms_tracked_scope){document.key, 0}, &reply->body);
}

void rms_admin_act_for(struct rms_request *request, const struct rms_tracked *document, const char *word)
{
    request->note.request_type = word;
    request->note.admin_action = true;
    request->note.user_id = rms_role_actor(request);
    request->note.acting_as = document->key.issuer;
}

static int change(struct rms_request *request, bool revoke, struct rms_reply *reply)
{
    static const char *const names[] = {"Issuer", "Reason", "Message", NULL};
    struct rms_tracking_change wanted = {.revoke = revoke, .actor = rms_role_actor(request)};
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    struct rms_tracked document;
    const char *issuer = NULL;
    RMS_TRY(rms_admin_body(request, names, &body));
    int rc = rms_reader_text(&body.reader, body.object, "Issuer", RMS_ADDRESS_MAX, &issuer);
    if (rc == RMS_OK) {
        rc = rms_reader_text(&body.reader, body.object, "Reason", RMS_TRACKING_REASON_MAX, &wanted.reason);
    }
    if (rc == RMS_OK && revoke) {
        rc = rms_reader_text(&body.reader, body.object, "Message", RMS_TRACKING_REASON_MAX, &wanted.message);
    }
    if (rc < 0) {
        return rms_admin_fail(request, &body, rc);
    }
    RMS_TRY(find(request, issuer, &document));
    rms_admin_act_for(request, &document, revoke ? "RevokeAccess" : "RestoreAccess");
    return rms_tracking_change(request, &document.key, &wanted, &reply->body);
}

int rms_admin_tracking_revoke(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    (void)front;
    return change(request, true, reply);
}

int rms_admin_tracking_restore(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    (void)front;
    return change(request, false, reply);
}

/* --- whose activity others do not see (S-167) -------------------------------------------------------------
 */

static int write_hidden(struct rms_request *request, const char *tenant_id, struct rms_buf *out)
{
    struct rms_tenant t;
    struct rms_group group = {0};
    RMS_TRY(rms_tenant_get(request->worker->db, request->arena, tenant_id, &t));
    if (t.no_track_group != NULL) {
        RMS_TRY(rms_group_get(request->worker->db, request->arena, t.id, t.no_track_group, &group));
    }
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "DoNotTrackGroup", t.no_track_group);
    rms_out_text(out, "Name", group.name);
    rms_out_text(out, "Address", group.address);
    rms_out_close(out, '}');
    return RMS_OK;
}

int rms_admin_no_track_show(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    return write_hidden(request, t.id, &reply->body);
}

static int find_hidden(
    struct rms_request *request, const char *tenant_id, const char *text, const char **id_out)
{
    const struct rms_principal_question question = {tenant_id, text, RMS_USE_DO_NOT_TRACK};
    struct rms_principal_info info = {0};
    int rc = rms_directory_principal(request->worker->db, request->arena, &question, &info);
    if (rc == RMS_OK && info.kind == RMS_IS_UNKNOWN) {
        rc = RMS_E_NOT_FOUND;
    } else if (rc == RMS_OK && info.kind != RMS_IS_GROUP) {
        return rms_fail(request, RMS_E_BAD_ARGUMENT, "Group: this is no group; put people into one");
    }
    *id_out = info.id;
    return rc < 0 ? rms_fail(request, rc, info.why != NULL ? info.why : "Group: no such group") : RMS_OK;
}

int rms_admin_no_track_set(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {"Group", NULL};
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    struct rms_tenant t;
    const char *text = NULL;
    const char *id = NULL;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_admin_body(request, names, &body));
    int rc = rms_reader_text(&body.reader, body.object, "Group", 512, &text);
    if (rc == RMS_OK && text == NULL) {
        rc = rms_reader_fail(&body.reader, "Group", "missing; an empty text clears it");
    }
    if (rc < 0) {
        return rms_admin_fail(request, &body, rc);
    }
    if (text[0] != '\0') {
        RMS_TRY(find_hidden(request, t.id, text, &id));
    }
    RMS_TRY(rms_tenant_set_no_track(request->worker->db, t.id, id));
    return write_hidden(request, t.id, &reply->body);
}

/* --- on and off ------------------------------------------------------------------------------------------
 */

static int write_state(struct rms_request *request, const char *settings, struct rms_buf *out)
{
    struct rms_tracking_state state;
    RMS_TRY(rms_tracking_state_read(request->arena, settings, &state));
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "Tracking", state.enabled ? "Enabled" : "Disabled");
    rms_out_bool(out, "Automatic", state.automatic);
    rms_out_close(out, '}');
    return RMS_OK;
}

int rms_admin_tracking_state(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    return write_state(request, t.settings, &reply->body);
}

static int read_state(struct rms_admin_body *body, struct rms_tracking_state *state)
{
    const char *word = NULL;
    RMS_TRY(rms_reader_text(&body->reader, body->object, "Tracking", 16, &word));
    if (word != NULL && strcmp(word, "Enabled") != 0 && strcmp(word, "Disabled") != 0) {
        return rms_reader_fail(&body->reader, "Tracking", "not Enabled or Disabled");
    }
    state->enabled = word != NULL ? strcmp(word, "Enabled") == 0 : state->enabled;
    return rms_reader_bool(&body->reader, body->object, "Automatic", &state->automatic);
}

static int set_state(struct rms_request *request, struct rms_admin_body *body, struct rms_tenant *t)
{
    struct rms_tracking_state state;
    RMS_TRY(rms_tracking_state_read(request->arena, t->settings, &state));
    RMS_TRY(read_state(body, &state));
    return rms_tracking_state_write(request->arena, t->settings, &state, request->now, &t->settings);
}

int rms_admin_tracking_set(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {"Tracking", "Automatic", NULL};
    struct rms_tenant t;
    (void)front;
    RMS_TRY(rms_admin_edit_tenant(request, names, set_state, &t));
    return write_state(request, t.settings, &reply->body);
}
