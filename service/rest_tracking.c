/* Tracking for people: their own documents, and nobody else's (S-153 to S-165; doc/protocol/rest.md). */
#include "base/json.h"
#include "directory/directory.h"
#include "service/notification.h"
#include "service/rest.h"
#include "service/rest_json.h"
#include "service/rest_write.h"
#include "service/tracking.h"

/* S-152: while tracking is off people see and change nothing. */
static int check_served(struct rms_request *request)
{
    RMS_TRY(rms_rest_home_serves(request, false));
    return request->tenant->tracking.enabled ? RMS_OK : RMS_E_TRACKING_DISABLED;
}

/* The document of the path, if it is the person's. Everything else is one answer. */
static int find_own(struct rms_request *request, struct rms_tracked *document_out)
{
    struct rms_tracked_list list;
    const char *content_id = NULL;
    RMS_TRY(check_served(request));
    RMS_TRY(rms_tracking_id(request, request->params[0], &content_id));
    rms_tracking_settle(request);
    RMS_TRY(rms_tracked_by_content(
        request->worker->db, request->arena, request->tenant->row.id, content_id, &list));
    for (size_t i = 0; i < list.count; i++) {
        if (rms_tracking_is_own(request, &list.items[i])) {
            *document_out = list.items[i];
            return RMS_OK;
        }
    }
    return RMS_E_NOT_REGISTERED;
}

/* --- views -----------------------------------------------------------------------------------------------
 */

/* Those of one of the person's addresses; NULL: those that were handed over to him. */
static int write_own(struct rms_request *request, const char *address, struct rms_buf *out)
{
    const struct rms_tracked_query query = {.tenant_id = request->tenant->row.id,
        .issuer = address,
        .holder = address == NULL ? request->person->account_id : NULL,
        .text = rms_request_query(request, "q"),
        .limit = RMS_TRACKING_LIST_MAX};
    struct rms_tracked_list found;
    struct rms_tracked_list own = {0};
    rms_tracking_settle(request);
    RMS_TRY(rms_tracked_list(request->worker->db, request->arena, &query, &found));
    own.items = found.items;
    for (size_t i = 0; i < found.count; i++) {
        bool held = found.items[i].holder_id != NULL;
        if (held == (address == NULL) && rms_tracking_is_own(request, &found.items[i])) {
            own.items[own.count++] = found.items[i];
        }
    }
    rms_tracking_write_rows(out, &own);
    return RMS_OK;
}

int rms_rest_tracking_list(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    const struct rms_person *person = &request->person->person;
    (void)front;
    RMS_TRY(check_served(request));
    rms_out_open(&reply->body, NULL, '[');
    for (size_t i = 0; i < person->address_count; i++) {
        RMS_TRY(write_own(request, person->addresses[i], &reply->body));
    }
    RMS_TRY(write_own(request, NULL, &reply->body));
    rms_out_close(&reply->body, ']');
    return RMS_OK;
}

int rms_rest_tracking_show(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tracked document;
    (void)front;
    RMS_TRY(find_own(request, &document));
    return rms_tracking_write_one(request, &document, rms_tracking_since(request, &document), &reply->body);
}

int rms_rest_tracking_events(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tracked document;
    (void)front;
    RMS_TRY(find_own(request, &document));
    const struct rms_tracked_scope scope = {document.key, rms_tracking_since(request, &document)};
    return rms_tracking_write_events(request, &scope, &reply->body);
}

/* --- changes ----------------------------------------------------------------------------------------------
 */

static int read_reason(struct rms_request *request, const char **reason_out)
{
    static const char *const names[] = {"Reason", NULL};
    struct rms_reader reader = {request->arena, NULL};
    RMS_JSON_CLEANUP json_t *body = NULL;
    *reason_out = NULL;
    if (request->body.len == 0) {
        return RMS_OK;
    }
    int rc = rms_reader_parse(&reader, request->body, &body);
    if (rc == RMS_OK) {
        rc = rms_reader_only(&reader, body, names);
    }
    if (rc == RMS_OK) {
        rc = rms_reader_text(&reader, body, "Reason", RMS_TRACKING_REASON_MAX, reason_out);
    }
    return rc < 0 ? rms_fail(request, rc, reader.detail) : RMS_OK;
}

static int change(struct rms_request *request, bool revoke, struct rms_reply *reply)
{
    struct rms_tracking_change wanted = {.revoke = revoke, .actor = request->address};
    struct rms_tracked document;
    RMS_TRY(find_own(request, &document));
    wanted.since = rms_tracking_since(request, &document);
    RMS_TRY(read_reason(request, &wanted.reason));
    return rms_tracking_change(request, &document.key, &wanted, &reply->body);
}

/* S-168 */
int rms_rest_tracking_notify(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {"NotificationType", "NotificationPreference", NULL};
    struct rms_reader reader = {request->arena, NULL};
    RMS_JSON_CLEANUP json_t *body = NULL;
    struct rms_tracked document;
    (void)front;
    RMS_TRY(find_own(request, &document));
    if (document.holder_id != NULL) { /* mail goes to who protected it */
        return rms_fail(request, RMS_E_UNSUPPORTED,
            "there is no mail yet about what was handed over; rms track shows it");
    }
    int rc = rms_reader_parse(&reader, request->body, &body);
    if (rc == RMS_OK) {
        rc = rms_reader_only(&reader, body, names);
    }
    if (rc == RMS_OK) {
        rc = rms_notification_read(&reader, body, &document.notify);
    }
    if (rc < 0) {
        return rms_fail(request, rc, reader.detail);
    }
    document.registered_at = request->now;
    RMS_TRY(rms_tracked_register(request->worker->db, &document, 1));
    return rms_rest_tracking_show(front, request, reply);
}

int rms_rest_tracking_revoke(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    (void)front;
    return change(request, true, reply);
}

int rms_rest_tracking_restore(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    (void)front;
    return change(request, false, reply);
}

/* Who has a document may give it to a colleague (B-07). */
int rms_rest_tracking_hand_over(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {"To", "Reason", NULL};
    struct rms_tracking_heir heir = {.actor = request->address};
    struct rms_reader reader = {request->arena, NULL};
    RMS_JSON_CLEANUP json_t *body = NULL;
    struct rms_tracked document;
    bool changed = false;
    (void)front;
    RMS_TRY(find_own(request, &document));
    int rc = rms_reader_parse(&reader, request->body, &body);
    if (rc == RMS_OK) {
        rc = rms_reader_only(&reader, body, names);
    }
    if (rc == RMS_OK) {
        rc = rms_reader_text(&reader, body, "To", RMS_ADDRESS_MAX, &heir.who);
    }
    if (rc == RMS_OK) {
        rc = rms_reader_text(&reader, body, "Reason", RMS_TRACKING_REASON_MAX, &heir.reason);
    }
    if (rc == RMS_OK && heir.who == NULL) {
        rc = rms_reader_fail(&reader, "To", "missing");
    }
    if (rc < 0) {
        return rms_fail(request, rc, reader.detail);
    }
    RMS_TRY(rms_tracking_hand_over(request, &document, &heir, &changed));
    RMS_TRY(rms_tracked_get(request->worker->db, request->arena, &document.key, &document));
    rms_out_open(&reply->body, NULL, '{');
    rms_out_text(&reply->body, "ContentId", document.key.content_id);
    rms_out_text(&reply->body, "Owner", document.holder);
    rms_out_bool(&reply->body, "Changed", changed);
    rms_out_close(&reply->body, '}');
    return RMS_OK;
}
