#include "service/tracking.h"

#include "directory/directory.h"
#include "service/hand_over.h"
#include "service/notification.h"
#include "service/location.h"
#include "service/rest_write.h"
#include "service/revocation.h"
#include "service/route.h"
#include "service/settings.h"
#include "service/tenant.h"
#include "service/tenant_key.h"
#include "service/tracking_state.h"
#include "service/usage.h"
#include "store/delegate.h"

#define FLUSH_MS 2000 /* for documents, events and licences of a moment ago */

int rms_tracking_id(struct rms_request *request, const char *text, const char **id_out)
{
    char id[RMS_GUID_TEXT];
    if (rms_guid_parse(rms_view_str(text), id) < 0) {
        return rms_fail(request, RMS_E_NOT_REGISTERED, "not a content id");
    }
    *id_out = rms_arena_strdup(request->arena, id);
    return *id_out != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

int rms_tracking_of_licence(
    struct rms_request *request, const struct rms_opening *opening, struct rms_tracked *document_out)
{
    char issuer[RMS_ADDRESS_MAX];
    if (opening->issuer == NULL || rms_address_normalise(opening->issuer, issuer) < 0) {
        return rms_fail(request, RMS_E_NOT_REGISTERED, "the licence does not say who protected it");
    }
    struct rms_arena *arena = request->arena;
    *document_out = (struct rms_tracked){
        .key = {rms_arena_strdup(arena, opening->tenant_id), rms_arena_strdup(arena, opening->content_id),
            rms_arena_strdup(arena, issuer)},
        .owner = rms_arena_strdup(arena, opening->owner),
        .name = rms_arena_strdup(arena, opening->file_name),
        .template_id = opening->from_template ? rms_arena_strdup(arena, opening->policy.id) : NULL,
        .published_at = opening->issued_at,
        .key_id = rms_arena_strdup(arena, opening->key_id),
        .registered_at = request->now,
    };
    const struct rms_document_key *key = &document_out->key;
    bool complete = key->tenant_id != NULL && key->content_id != NULL && key->issuer != NULL;
    return complete && document_out->owner != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

void rms_tracking_keep(
    struct rms_request *request, const struct rms_live_tenant *tenant, const struct rms_live_key *key)
{
    request->note.track = tenant->tracking.automatic;
    request->note.key_id = key != NULL ? key->id : NULL;
}

void rms_tracking_note(struct rms_request *request, const struct rms_opening *opening)
{
    const struct rms_live_tenant *tenant = rms_request_tenant(request, opening->tenant_id);
    if (opening->owner_proved && opening->issuer != NULL && tenant != NULL &&
        !rms_directory_owns(request->person, opening->issuer)) {
        rms_tracking_keep(request, tenant, rms_live_key_named(tenant, opening->key_id));
    }
}

int rms_tracking_place(struct rms_request *request, struct rms_tracked *document)
{
    const struct rms_hand_over *row = NULL;
    RMS_TRY(rms_hand_overs_find(
        request->worker->front->hand_overs, request->arena, &document->key, document->published_at, &row));
    document->holder_id = row != NULL ? row->account_id : NULL;
    document->holder = row != NULL ? row->address : NULL;
    document->held_since = row != NULL ? row->since : RMS_TIME_NONE;
    return RMS_OK;
}

int64_t rms_tracking_since(const struct rms_request *request, const struct rms_tracked *document)
{
    int64_t since = request->person->created_at - RMS_ACCOUNT_TOLERANCE_S;
    if (document->holder_id != NULL) {
        return document->held_since;
    }
    return document->handed_until >= since ? document->handed_until + 1 : since;
}

/* S-085: whoever protected it, under any of his addresses; not an account made later (S-042), and not when
 * somebody else has it now. */
bool rms_tracking_is_own(const struct rms_request *request, const struct rms_tracked *document)
{
    const struct rms_person *person = &request->person->person;
    if (document->holder_id != NULL) {
        return strcmp(document->holder_id, request->person->account_id) == 0;
    }
    if (document->published_at < request->person->created_at - RMS_ACCOUNT_TOLERANCE_S) {
        return false;
    }
    for (size_t i = 0; i < person->address_count; i++) {
        if (strcmp(person->addresses[i], document->key.issuer) == 0) {
            return true;
        }
    }
    return false;
}

void rms_tracking_settle(struct rms_request *request)
{
    if (!rms_db_in_transaction(request->worker->db)) { /* in one it would wait for itself */
        rms_usage_flush(request->worker->front->usage, FLUSH_MS);
    }
}

/* --- documents ---------------------------------------------------------------------------------------------
 */

static void write_members(struct rms_buf *out, const struct rms_tracked *document)
{
    rms_out_text(out, "ContentId", document->key.content_id);
    rms_out_text(out, "ContentName", document->name);
    rms_out_text(out, "Issuer", document->key.issuer);
    rms_out_text(out, "Owner", document->holder != NULL ? document->holder : document->owner);
    rms_out_time(out, "CreatedTime", document->published_at);
    rms_out_text(out, "TemplateId", document->template_id);
    rms_out_text(out, "PreviousContentId", document->previous_id);
    rms_out_bool(out, "Revoked", document->revoked);
    rms_out_time(out, "RevokedTime", document->revoked ? document->revoked_at : RMS_TIME_NONE);
    rms_out_text(out, "RevokedBy", document->revoked ? document->revoked_by : NULL);
    rms_notification_write(out, document->notify);
}

void rms_tracking_write_rows(struct rms_buf *out, const struct rms_tracked_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        rms_out_open(out, NULL, '{');
        write_members(out, &list->items[i]);
        rms_out_close(out, '}');
    }
}

/* S-167: whoever is not tracked sees his own activity, and administrators everybody's. */
static bool sees(const struct rms_request *request, const char *user, bool hidden)
{
    bool administrator = request->route != NULL && request->route->log == RMS_LOG_ADMIN;
    bool own = request->person != NULL && user != NULL && rms_directory_owns(request->person, user);
    return !hidden || administrator || own;
}

/* S-162: who opened it lately may go on until the end of his licence, whatever is decided now. */
static int write_holders(
    struct rms_request *request, const struct rms_tracked_scope *scope, struct rms_buf *out)
{
    struct rms_holders holders;
    rms_tracking_settle(request);
    RMS_TRY(rms_tracked_holders(request->worker->db, request->arena, scope, request->now, &holders));
    rms_out_open(out, "OfflineLicenses", '[');
    for (size_t i = 0; i < holders.count; i++) {
        int64_t until = holders.items[i].until;
        if (!sees(request, holders.items[i].user, holders.items[i].hidden)) {
            continue;
        }
        rms_out_open(out, NULL, '{');
        rms_out_text(out, "User", holders.items[i].user);
        rms_out_time(out, "Until", until == RMS_USAGE_NO_END ? RMS_TIME_NONE : until);
        rms_out_close(out, '}');
    }
    rms_out_close(out, ']');
    return RMS_OK;
}

static int write_history(struct rms_request *request, const struct rms_document_key *key, struct rms_buf *out)
{
    struct rms_revocation_list history;
    RMS_TRY(rms_revocation_history(request->worker->db, request->arena, key, &history));
    rms_out_open(out, "History", '[');
    for (size_t i = 0; i < history.count; i++) {
        rms_out_open(out, NULL, '{');
        rms_out_time(out, "Time", history.items[i].time);
        rms_out_text(out, "Action", history.items[i].revoked ? "Revoked" : "Restored");
        rms_out_text(out, "Actor", history.items[i].actor);
        rms_out_text(out, "Reason", history.items[i].reason);
        rms_out_close(out, '}');
    }
    rms_out_close(out, ']');
    return RMS_OK;
}

static int write_successors(
    struct rms_request *request, const struct rms_document_key *key, struct rms_buf *out)
{
    struct rms_tracked_list next;
    RMS_TRY(rms_tracked_next(request->worker->db, request->arena, key, &next));
    rms_out_open(out, "Successors", '[');
    for (size_t i = 0; i < next.count; i++) {
        rms_out_text(out, NULL, next.items[i].key.content_id);
    }
    rms_out_close(out, ']');
    return RMS_OK;
}

static int write_delegates(
    struct rms_request *request, const struct rms_tracked *document, struct rms_buf *out)
{
    struct rms_delegates list;
    RMS_TRY(rms_delegate_list(request->worker->db, request->arena, document, &list));
    rms_out_open(out, "Delegates", '[');
    for (size_t i = 0; i < list.count; i++) {
        rms_out_open(out, NULL, '{');
        rms_out_text(out, "Delegate", list.items[i].address);
        rms_out_text(out, "Rights", list.items[i].may_revoke ? "Revoke" : "See");
        rms_out_time(out, "AddedTime", list.items[i].added_at);
        rms_out_text(out, "AddedBy", list.items[i].added_by);
        rms_out_close(out, '}');
    }
    rms_out_close(out, ']');
    return RMS_OK;
}

int rms_tracking_write_one(
    struct rms_request *request, const struct rms_tracked *document, int64_t since, struct rms_buf *out)
{
    const struct rms_tracked_scope scope = {document->key, since};
    rms_out_open(out, NULL, '{');
    write_members(out, document);
    RMS_TRY(write_successors(request, &document->key, out));
    RMS_TRY(write_history(request, &document->key, out));
    RMS_TRY(write_delegates(request, document, out));
    rms_notification_style_write(out, document->notify_style);
    rms_out_bool(out, "MailAvailable", request->worker->front->settings->mail[0] != '\0');
    RMS_TRY(write_holders(request, &scope, out));
    rms_out_close(out, '}');
    return RMS_OK;
}

/* --- events ------------------------------------------------------------------------------------------------
 */

/* "PRINT" or "PRINT 2026-11-22T20:00:00Z" (rest_tracking_refusal.c). */
const char *rms_tracking_refused(struct rms_arena *arena, const struct rms_usage_row *row, int64_t *time_out)
{
    *time_out = RMS_TIME_NONE;
    if (row->detail == NULL || strcmp(row->request_type, RMS_TRACKING_REFUSAL) != 0) {
        return NULL;
    }
    size_t len = strcspn(row->detail, " ");
    if (row->detail[len] == '\0' || rms_time_parse(rms_view_str(row->detail + len + 1), time_out) < 0) {
        *time_out = row->time;
    }
    return rms_arena_text(arena, rms_view_of(row->detail, len));
}

struct looking {
    const struct rms_request *request;
    const struct rms_tracking_state *tracking;
    int64_t from;
    rms_usage_each *each;
    void *context;
};

static int look(const struct rms_usage_row *row, void *context)
{
    const struct looking *l = context;
    bool shown = row->time >= l->from && !rms_tracking_paused(l->tracking, row->time) &&
                 sees(l->request, row->user_id, row->hidden);
    return shown ? l->each(row, l->context) : RMS_OK;
}

int rms_tracking_each_event(
    struct rms_request *request, const struct rms_tracked_scope *scope, rms_usage_each *each, void *context)
{
    const struct rms_live_tenant *tenant = rms_request_tenant(request, scope->key.tenant_id);
    if (tenant == NULL) {
        return RMS_E_NOT_REGISTERED;
    }
    struct looking l = {.request = request,
        .tracking = &tenant->tracking,
        .from = request->now - (int64_t)tenant->row.retention.access_days * RMS_DAY_S,
        .each = each,
        .context = context};
    rms_tracking_settle(request);
    return rms_tracked_events(request->worker->db, scope, RMS_TRACKING_LIST_MAX, look, &l);
}

void rms_tracking_write_event(struct rms_buf *out, struct rms_arena *arena, const struct rms_usage_row *row)
{
    bool done = row->result != NULL && strcmp(row->result, "Success") == 0;
    int64_t until = row->offline_until;
    int64_t tried = RMS_TIME_NONE;
    const char *right = rms_tracking_refused(arena, row, &tried);
    rms_out_time(out, "RequestTime", row->time);
    rms_out_text(out, "RequesterEmail", row->user_id);
    rms_out_bool(out, "Successful", done);
    rms_out_text(out, "Result", row->result);
    rms_out_text(out, "Right", right);
    rms_out_time(out, "TriedTime", tried);
    rms_out_text(out, "RequesterIp", row->c_ip);
    rms_location_write(out, row->c_ip);
    rms_out_text(out, "Application", row->c_info);
    rms_out_bool(out, "SuperUser", row->super_user);
    rms_out_bool(out, "IsHiddenInfo", row->hidden);
    rms_out_bool(out, "Offline", until != 0);
    rms_out_time(out, "OfflineUntil", until == 0 || until == RMS_USAGE_NO_END ? RMS_TIME_NONE : until);
}

struct writing {
    struct rms_arena *arena;
    struct rms_buf *out;
};

static int write_event(const struct rms_usage_row *row, void *context)
{
    const struct writing *w = context;
    rms_out_open(w->out, NULL, '{');
    rms_tracking_write_event(w->out, w->arena, row);
    rms_out_close(w->out, '}');
    return w->out->failed ? RMS_E_LIMIT : RMS_OK;
}

int rms_tracking_write_events(
    struct rms_request *request, const struct rms_tracked_scope *scope, struct rms_buf *out)
{
    struct writing w = {request->arena, out};
    rms_out_open(out, NULL, '[');
    RMS_TRY(rms_tracking_each_event(request, scope, write_event, &w));
    rms_out_close(out, ']');
    return RMS_OK;
}

/* --- changes -----------------------------------------------------------------------------------------------
 */

void rms_tracking_tell(struct rms_request *request, const struct rms_tracked *document)
{
    struct rms_usage_note *note = &request->note;
    note->content_id = document->key.content_id;
    note->issuer = document->key.issuer;
    note->owner = document->holder != NULL ? document->holder : document->owner;
    note->template_id = document->template_id;
    note->file_name = document->name;
    note->published_at = document->published_at;
}

int rms_tracking_change(struct rms_request *request, const struct rms_document_key *key,
    const struct rms_tracking_change *change, struct rms_buf *out)
{
    struct rms_worker *worker = request->worker;
    struct rms_tracked document;
    struct rms_holders readers;
    bool changed = false;
    const struct rms_revocation row = {
        .key = *key,
        .revoked = change->revoke,
        .time = request->now,
        .actor = change->actor,
        .reason = change->reason,
        .since = change->since > 0 ? change->since : 0,
        .message = change->message,
    };
    const struct rms_tracked_scope scope = {*key, change->since};
    RMS_TRY(rms_tracking_readers(request, &scope, change, &readers));
    RMS_TRY(rms_db_begin(worker->db));
    int rc = rms_revocation_add(worker->db, &row, &changed);
    if (rc == RMS_OK && changed && change->message != NULL) {
        rc = rms_tracking_tell_readers(request, key, &readers);
    }
    RMS_TRY(rms_db_end(worker->db, rc));
    RMS_TRY(rms_revocations_follow(worker->front->revocations, worker->db));
    RMS_TRY(rms_tracked_get(worker->db, request->arena, key, &document));
    rms_tracking_tell(request, &document);
    if (!changed && !change->revoke) {
        return rms_fail(request, RMS_E_CONFLICT, "the document is not revoked");
    }
    return rms_tracking_write_one(request, &document, change->since, out);
}

/* --- another owner -----------------------------------------------------------------------------------------
 */

int rms_tracking_heir(struct rms_request *request, const struct rms_tracking_heir *heir,
    const char *tenant_id, struct rms_hand_over *row_out)
{
    RMS_DIRECTORY_PERSON_CLEANUP const struct rms_directory_person *person = NULL;
    struct rms_worker *worker = request->worker;
    int rc = rms_directory_find(worker->front->directory, worker->db, tenant_id, heir->who, &person);
    if (rc == RMS_E_NOT_FOUND) {
        return rms_fail(request, rc, "no such account of this organisation");
    }
    RMS_TRY(rc);
    if (person->guest || person->app || !person->enabled) {
        return rms_fail(request, RMS_E_BAD_ARGUMENT, "the account is a guest, an application or disabled");
    }
    *row_out = (struct rms_hand_over){
        .account_id = rms_arena_strdup(request->arena, person->account_id),
        .address = rms_arena_strdup(request->arena, person->address != NULL ? person->address : person->upn),
        .time = request->now,
        .actor = heir->actor,
        .reason = heir->reason,
    };
    return row_out->account_id != NULL && row_out->address != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

int rms_tracking_hand_over(struct rms_request *request, const struct rms_tracked *document,
    const struct rms_tracking_heir *heir, bool *changed_out)
{
    struct rms_worker *worker = request->worker;
    struct rms_hand_over row;
    const char *former = document->holder != NULL ? document->holder : document->key.issuer;
    RMS_TRY(rms_tracking_heir(request, heir, document->key.tenant_id, &row));
    row.key = document->key;
    RMS_TRY(rms_hand_over_document(worker->db, request->arena, &row, changed_out));
    RMS_TRY(rms_hand_overs_follow(worker->front->hand_overs, worker->db));
    rms_tracking_tell(request, document);
    request->note.detail = *changed_out
                               ? rms_arena_printf(request->arena, "from %s to %s", former, row.address)
                               : "it was so already";
    return RMS_OK;
}
