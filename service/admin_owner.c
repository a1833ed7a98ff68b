/* Handing documents over to another owner (B-07, doc/dev/tracking.md): one document, or all that somebody
 * has. */
#include "base/text.h"
#include "directory/directory.h"
#include "service/admin.h"
#include "service/hand_over.h"
#include "service/rest_write.h"
#include "service/role.h"
#include "service/tracking.h"

/* What the caller gave. */
struct asked {
    struct rms_tracking_heir heir;
    const char *from;    /* everything of this person */
    const char *licence; /* base64 */
    const char *content_id;
    const char *issuer;
};

static int read_asked(struct rms_admin_body *body, struct asked *asked)
{
    struct rms_reader *r = &body->reader;
    RMS_TRY(rms_admin_need(body, "To", RMS_ADDRESS_MAX, &asked->heir.who));
    RMS_TRY(rms_reader_text(r, body->object, "From", RMS_ADDRESS_MAX, &asked->from));
    RMS_TRY(rms_reader_text(r, body->object, "Reason", RMS_TRACKING_REASON_MAX, &asked->heir.reason));
    RMS_TRY(
        rms_reader_text(r, body->object, "SerializedPublishingLicense", RMS_ADMIN_BODY_MAX, &asked->licence));
    RMS_TRY(rms_reader_text(r, body->object, "ContentId", RMS_GUID_TEXT + 2, &asked->content_id));
    RMS_TRY(rms_reader_text(r, body->object, "Issuer", RMS_ADDRESS_MAX, &asked->issuer));
    int given = (asked->from != NULL) + (asked->licence != NULL) + (asked->content_id != NULL);
    return given == 1
               ? RMS_OK
               : rms_reader_fail(r, "From", "give one of this, ContentId, SerializedPublishingLicense");
}

/* Who administers does not come to content by himself (S-020): another one must do it, and be seen in the
 * log. */
static int check_heir(struct rms_request *request, const struct rms_hand_over *row)
{
    if (request->person != NULL && request->tenant->row.four_eyes) { /* B-13: not a way around it */
        return rms_fail(request, RMS_E_APPROVAL_REQUIRED,
            "four eyes are required here: the operator hands over, on the service's machine");
    }
    bool himself = request->person != NULL && strcmp(request->person->account_id, row->account_id) == 0;
    return himself
               ? rms_fail(request, RMS_E_ROLE_REQUIRED, "To: nobody gives himself the documents of others")
               : RMS_OK;
}

/* --- everything of somebody
 * ----------------------------------------------------------------------------------
 */

/* An account with all its addresses; one that is gone by its address alone. */
static int find_leaver(
    struct rms_request *request, const char *tenant_id, const char *text, struct rms_leaver *leaver)
{
    RMS_DIRECTORY_PERSON_CLEANUP const struct rms_directory_person *person = NULL;
    struct rms_worker *worker = request->worker;
    struct rms_arena *arena = request->arena;
    char address[RMS_ADDRESS_MAX];
    int rc = rms_directory_find(worker->front->directory, worker->db, tenant_id, text, &person);
    if (rc < 0 && rc != RMS_E_NOT_FOUND) {
        return rc;
    }
    if (person == NULL && rms_address_normalise(text, address) < 0) {
        return rms_fail(request, RMS_E_BAD_ARGUMENT, "From: not an address");
    }
    size_t count = person != NULL ? person->person.address_count : 1;
    const char **addresses = rms_arena_array(arena, count + 1, sizeof *addresses);
    if (addresses == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        addresses[i] = rms_arena_strdup(arena, person != NULL ? person->person.addresses[i] : address);
        if (addresses[i] == NULL) {
            return RMS_E_NO_MEMORY;
        }
    }
    *leaver = (struct rms_leaver){
        .account_id = person != NULL ? rms_arena_strdup(arena, person->account_id) : NULL,
        .addresses = addresses,
        .address_count = count,
        .since = person != NULL ? person->created_at - RMS_ACCOUNT_TOLERANCE_S : 0,
    };
    return person == NULL || leaver->account_id != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

/* Somebody of whom nothing is known is rather a slip of the pen. */
static int check_known(struct rms_request *request, const char *tenant_id, const struct rms_leaver *leaver)
{
    struct rms_tracked_list list;
    const struct rms_tracked_query query = {
        .tenant_id = tenant_id, .issuer = leaver->addresses[0], .limit = 1};
    if (leaver->account_id != NULL) {
        return RMS_OK;
    }
    rms_tracking_settle(request);
    RMS_TRY(rms_tracked_list(request->worker->db, request->arena, &query, &list));
    return list.count > 0
               ? RMS_OK
               : rms_fail(request, RMS_E_NOT_FOUND, "From: no such account, and no documents of it");
}

static int hand_over_all(
    struct rms_request *request, const struct asked *asked, const char *tenant_id, struct rms_buf *out)
{
    struct rms_worker *worker = request->worker;
    struct rms_hand_over row;
    struct rms_leaver leaver;
    size_t count = 0;
    RMS_TRY(rms_tracking_heir(request, &asked->heir, tenant_id, &row));
    RMS_TRY(check_heir(request, &row));
    RMS_TRY(find_leaver(request, tenant_id, asked->from, &leaver));
    RMS_TRY(check_known(request, tenant_id, &leaver));
    if (leaver.account_id != NULL && strcmp(leaver.account_id, row.account_id) == 0) {
        return rms_fail(request, RMS_E_BAD_ARGUMENT, "From and To are the same person");
    }
    if (leaver.address_count == 0) {
        return rms_fail(request, RMS_E_NOT_FOUND, "From: the account has no address to protect with");
    }
    row.key.tenant_id = tenant_id;
    RMS_TRY(rms_hand_over_all(worker->db, request->arena, &leaver, &row, &count));
    RMS_TRY(rms_hand_overs_follow(worker->front->hand_overs, worker->db));
    request->note.detail =
        rms_arena_printf(request->arena, "everything from %s to %s", leaver.addresses[0], row.address);
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "From", leaver.addresses[0]);
    rms_out_text(out, "To", row.address);
    rms_out_bool(out, "Changed", count > 0);
    rms_out_close(out, '}');
    return RMS_OK;
}

/* --- one document
 * --------------------------------------------------------------------------------------------
 */

static int hand_over_one(
    struct rms_request *request, const struct asked *asked, const char *tenant_id, struct rms_buf *out)
{
    struct rms_tracked document;
    struct rms_hand_over row;
    bool changed = false;
    RMS_TRY(rms_tracking_heir(request, &asked->heir, tenant_id, &row));
    RMS_TRY(check_heir(request, &row));
    if (asked->licence != NULL) {
        RMS_TRY(rms_admin_document_of(request, tenant_id, asked->licence, &document));
    } else {
        RMS_TRY(rms_admin_tracked(request, asked->content_id, asked->issuer, &document));
    }
    RMS_TRY(rms_tracking_hand_over(request, &document, &asked->heir, &changed));
    rms_admin_act_for(request, &document, "TransferOwnership");
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "ContentId", document.key.content_id);
    rms_out_text(out, "ContentName", document.name);
    rms_out_text(out, "From", document.holder != NULL ? document.holder : document.key.issuer);
    rms_out_text(out, "To", row.address);
    rms_out_bool(out, "Changed", changed);
    rms_out_close(out, '}');
    return RMS_OK;
}

int rms_admin_owner_transfer(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {
        "To", "From", "Reason", "SerializedPublishingLicense", "ContentId", "Issuer", NULL};
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    struct asked asked = {.heir.actor = rms_role_actor(request)};
    struct rms_tenant t;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_admin_body(request, names, &body));
    int rc = read_asked(&body, &asked);
    if (rc < 0) {
        return rms_admin_fail(request, &body, rc);
    }
    return asked.from != NULL ? hand_over_all(request, &asked, t.id, &reply->body)
                              : hand_over_one(request, &asked, t.id, &reply->body);
}

int rms_admin_owner_list(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_hand_over_list list;
    struct rms_buf *out = &reply->body;
    struct rms_tenant t;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_hand_over_list(request->worker->db, request->arena, t.id, &list));
    rms_out_open(out, NULL, '[');
    for (size_t i = 0; i < list.count; i++) {
        const struct rms_hand_over *row = &list.items[i];
        bool all = row->key.content_id[0] == '\0';
        rms_out_open(out, NULL, '{');
        rms_out_time(out, "Time", row->time);
        rms_out_text(out, "ContentId", all ? NULL : row->key.content_id);
        rms_out_text(out, "Issuer", row->key.issuer);
        rms_out_text(out, "From", row->former);
        rms_out_text(out, "To", row->address);
        rms_out_time(out, "ProtectedSince", all && row->since > 0 ? row->since : RMS_TIME_NONE);
        rms_out_time(out, "ProtectedUntil", all ? row->until : RMS_TIME_NONE);
        rms_out_text(out, "Actor", row->actor);
        rms_out_text(out, "Reason", row->reason);
        rms_out_close(out, '}');
    }
    rms_out_close(out, ']');
    return RMS_OK;
}
