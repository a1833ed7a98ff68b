/* Tracking for people: their own documents, and nobody else's (S-153 to S-165; doc/protocol/rest.md). */
#include "base/json.h"
#include "crypto/base64.h"
#include "directory/directory.h"
#include "service/notification.h"
#include "service/rest.h"
#include "service/rest_json.h"
#include "service/rest_tracking.h"
#include "service/rest_write.h"
#include "service/tracking.h"
#include "store/delegate.h"

/* The document of the path that the person may see: his own, or one he follows for its owner, which the log
 * says. revoke: and revoke. */
static int find_visible(struct rms_request *request, bool revoke, struct rms_tracked_scope *scope_out)
{
    struct rms_tracked document;
    struct rms_delegate delegate;
    int rc = rms_rest_tracking_own(request, &document);
    if (rc == RMS_OK) {
        *scope_out = (struct rms_tracked_scope){document.key, rms_tracking_since(request, &document)};
        return RMS_OK;
    }
    if (rc != RMS_E_NOT_REGISTERED) {
        return rc;
    }
    RMS_TRY(rms_rest_tracking_delegated(request, &document, &delegate));
    request->note.acting_as = document.holder != NULL ? document.holder : document.key.issuer;
    if (revoke && !delegate.may_revoke) {
        return rms_fail(request, RMS_E_ROLE_REQUIRED, "you may follow this document, not revoke it");
    }
    *scope_out = (struct rms_tracked_scope){document.key, delegate.since};
    return RMS_OK;
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

/* Those he follows for others. */
static int write_delegated(struct rms_request *request, struct rms_buf *out)
{
    const struct rms_tracked_query query = {.tenant_id = request->tenant->row.id,
        .delegate = request->person->account_id,
        .text = rms_request_query(request, "q"),
        .limit = RMS_TRACKING_LIST_MAX};
    struct rms_tracked_list list;
    RMS_TRY(rms_tracked_list(request->worker->db, request->arena, &query, &list));
    rms_tracking_write_rows(out, &list);
    return RMS_OK;
}

int rms_rest_tracking_list(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    const struct rms_person *person = &request->person->person;
    (void)front;
    RMS_TRY(rms_rest_tracking_served(request));
    rms_out_open(&reply->body, NULL, '[');
    for (size_t i = 0; i < person->address_count; i++) {
        RMS_TRY(write_own(request, person->addresses[i], &reply->body));
    }
    RMS_TRY(write_own(request, NULL, &reply->body));
    RMS_TRY(write_delegated(request, &reply->body));
    rms_out_close(&reply->body, ']');
    return RMS_OK;
}

int rms_rest_tracking_show(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tracked document;
    struct rms_tracked_scope scope;
    (void)front;
    RMS_TRY(find_visible(request, false, &scope));
    RMS_TRY(rms_tracked_get(request->worker->db, request->arena, &scope.key, &document));
    return rms_tracking_write_one(request, &document, scope.since, &reply->body);
}

int rms_rest_tracking_events(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tracked_scope scope;
    (void)front;
    RMS_TRY(find_visible(request, false, &scope));
    return rms_tracking_write_events(request, &scope, &reply->body);
}

static int write_view(struct rms_request *request, enum rms_tracking_view view, struct rms_buf *out)
{
    struct rms_tracked_scope scope;
    RMS_TRY(find_visible(request, false, &scope));
    return rms_tracking_write_view(request, &scope, view, out);
}

int rms_rest_tracking_summary(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    (void)front;
    return write_view(request, RMS_VIEW_SUMMARY, &reply->body);
}

int rms_rest_tracking_people(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    (void)front;
    return write_view(request, RMS_VIEW_PEOPLE, &reply->body);
}

int rms_rest_tracking_map(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    (void)front;
    return write_view(request, RMS_VIEW_MAP, &reply->body);
}

/* --- changes ----------------------------------------------------------------------------------------------
 */

/* S-163: readers are told when there is a message. */
static int read_message(struct rms_request *request, struct rms_reader *reader, const json_t *body,
    struct rms_tracking_change *wanted)
{
    const char *licence = rms_json_str(body, "SerializedPublishingLicense");
    RMS_BUF_CLEANUP struct rms_buf bytes = RMS_BUF_INIT(RMS_XRML_MAX_BYTES);
    RMS_TRY(rms_reader_text(reader, body, "Message", RMS_TRACKING_REASON_MAX, &wanted->message));
    if (licence == NULL) {
        return RMS_OK;
    }
    if (rms_base64_decode(rms_view_str(licence), &bytes) < 0) {
        return rms_reader_fail(reader, "SerializedPublishingLicense", "not base64");
    }
    uint8_t *copy = rms_arena_copy(request->arena, bytes.data, bytes.len);
    wanted->licence = rms_view_of(copy, bytes.len);
    return copy != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

static int read_change(struct rms_request *request, struct rms_tracking_change *wanted)
{
    static const char *const names[] = {"Reason", "Message", "SerializedPublishingLicense", NULL};
    struct rms_reader reader = {request->arena, NULL};
    RMS_JSON_CLEANUP json_t *body = NULL;
    if (request->body.len == 0) {
        return RMS_OK;
    }
    int rc = rms_reader_parse(&reader, request->body, &body);
    if (rc == RMS_OK) {
        rc = rms_reader_only(&reader, body, wanted->revoke ? names : &names[3]);
    }
    if (rc == RMS_OK) {
        rc = rms_reader_text(&reader, body, "Reason", RMS_TRACKING_REASON_MAX, &wanted->reason);
    }
    if (rc == RMS_OK) {
        rc = read_message(request, &reader, body, wanted);
    }
    return rc < 0 ? rms_fail(request, rc, reader.detail) : RMS_OK;
}

static int change(struct rms_request *request, bool revoke, struct rms_reply *reply)
{
    struct rms_tracking_change wanted = {.revoke = revoke, .actor = request->address};
    struct rms_tracked_scope scope;
    RMS_TRY(find_visible(request, true, &scope));
    wanted.since = scope.since;
    RMS_TRY(read_change(request, &wanted));
    return rms_tracking_change(request, &scope.key, &wanted, &reply->body);
}

/* S-168 */
int rms_rest_tracking_notify(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {
        "NotificationType", "NotificationPreference", "NotificationInfo", NULL};
    struct rms_reader reader = {request->arena, NULL};
    RMS_JSON_CLEANUP json_t *body = NULL;
    struct rms_tracked document;
    (void)front;
    RMS_TRY(rms_rest_tracking_own(request, &document));
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
    if (rc == RMS_OK) {
        rc = rms_notification_style_read(&reader, body, &document.notify_style);
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
