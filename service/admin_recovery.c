/* Recovery with four eyes (B-13, doc/dev/roles.md), and the tenant's own key for who leaves (S-028): asking
 * for it, and what a second administrator decides. */
#include "base/guid.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "directory/directory.h"
#include "service/admin.h"
#include "service/mail_kind.h"
#include "service/rest_write.h"
#include "service/role.h"
#include "service/settings.h"
#include "service/tracking.h"
#include "store/hand_over.h"
#include "store/mail.h"
#include "store/recovery.h"

#define HOURS_MAX       (7 * 24)
#define WAIT_MAX_S      (7 * RMS_DAY_S) /* nobody remembers what an older one was about */
#define MAIL_GIVE_UP    RMS_DAY_S
#define EXPORT_HOURS    24
#define FINGERPRINT_LEN (2 * RMS_SHA256_BYTES)

static void write_recovery(struct rms_buf *out, const struct rms_recovery *r)
{
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "Id", r->id);
    rms_out_text(out, "State", r->state);
    rms_out_text(out, "For", r->address);
    rms_out_text(out, "Owner", r->owner);
    rms_out_text(out, "ContentId", r->content_id);
    rms_out_text(out, "Issuer", r->issuer);
    rms_out_text(out, "Recipient", r->recipient);
    rms_out_int(out, "Hours", r->hours);
    rms_out_text(out, "Reason", r->reason);
    rms_out_text(out, "Ticket", r->ticket);
    rms_out_text(out, "AskedBy", r->asked_by);
    rms_out_time(out, "AskedTime", r->asked_at);
    rms_out_text(out, "DecidedBy", r->decided_by);
    rms_out_time(out, "DecidedTime", r->decided_at != 0 ? r->decided_at : RMS_TIME_NONE);
    rms_out_time(out, "EndsTime", r->ends_at != 0 ? r->ends_at : RMS_TIME_NONE);
    rms_out_close(out, '}');
}

/* --- asking ------------------------------------------------------------------------------------------------
 */

/* What the caller gave. */
struct asked {
    const char *whom; /* NULL: himself */
    const char *licence;
    const char *content_id;
    const char *issuer;
    int64_t hours;
};

static int read_asked(struct rms_admin_body *body, struct asked *asked, struct rms_recovery *r)
{
    struct rms_reader *reader = &body->reader;
    RMS_TRY(rms_reader_text(reader, body->object, "For", RMS_ADDRESS_MAX, &asked->whom));
    RMS_TRY(rms_reader_text(reader, body->object, "Owner", RMS_ADDRESS_MAX, &r->owner));
    RMS_TRY(rms_reader_text(
        reader, body->object, "SerializedPublishingLicense", RMS_ADMIN_BODY_MAX, &asked->licence));
    RMS_TRY(rms_reader_text(reader, body->object, "ContentId", RMS_GUID_TEXT + 2, &asked->content_id));
    RMS_TRY(rms_reader_text(reader, body->object, "Issuer", RMS_ADDRESS_MAX, &asked->issuer));
    RMS_TRY(rms_reader_text(reader, body->object, "Ticket", 256, &r->ticket));
    RMS_TRY(rms_admin_need(body, "Reason", RMS_TRACKING_REASON_MAX, &r->reason));
    RMS_TRY(rms_reader_int(reader, body->object, "Hours", &r->hours));
    if (r->hours < 1 || r->hours > HOURS_MAX) {
        return rms_reader_fail(reader, "Hours", "not between 1 and 168");
    }
    int given = (r->owner != NULL) + (asked->licence != NULL) + (asked->content_id != NULL);
    return given == 1
               ? RMS_OK
               : rms_reader_fail(reader, "Owner", "give one of this, ContentId, SerializedPublishingLicense");
}

/* Of the one document, or the owner's address as licences have it. */
static int take_scope(struct rms_request *request, const struct asked *asked, struct rms_recovery *r)
{
    char owner[RMS_ADDRESS_MAX];
    struct rms_tracked document;
    if (r->owner != NULL) {
        if (rms_address_normalise(r->owner, owner) < 0) {
            return rms_fail(request, RMS_E_BAD_ARGUMENT, "Owner: not an address");
        }
        r->owner = rms_arena_strdup(request->arena, owner);
        return r->owner != NULL ? RMS_OK : RMS_E_NO_MEMORY;
    }
    RMS_TRY(asked->licence != NULL ? rms_admin_document_of(request, r->tenant_id, asked->licence, &document)
                                   : rms_admin_tracked(request, asked->content_id, asked->issuer, &document));
    r->content_id = document.key.content_id;
    r->issuer = document.key.issuer;
    return RMS_OK;
}

/* Who gets the right: who asks, unless he names somebody. The operator is nobody in particular. */
static int take_person(struct rms_request *request, const char *whom, struct rms_recovery *r)
{
    const char *name = whom != NULL || request->person == NULL ? whom : request->person->account_id;
    const struct rms_tracking_heir heir = {.who = name, .actor = rms_role_actor(request)};
    struct rms_hand_over row;
    if (name == NULL) {
        return rms_fail(request, RMS_E_BAD_ARGUMENT, "For: who shall have the right?");
    }
    RMS_TRY(rms_tracking_heir(request, &heir, r->tenant_id, &row));
    r->account_id = row.account_id;
    r->address = row.address;
    return RMS_OK;
}

static int begin(struct rms_request *request, struct rms_recovery *r)
{
    char id[RMS_GUID_TEXT];
    rms_guid_new(id);
    r->id = rms_arena_strdup(request->arena, id);
    r->asked_account = request->person != NULL ? request->person->account_id : NULL;
    r->asked_by = rms_role_actor(request);
    r->asked_at = request->now;
    request->note.detail = r->id;
    return r->id != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

static int ask(struct rms_request *request, const struct asked *asked, struct rms_recovery *r)
{
    RMS_TRY(begin(request, r));
    RMS_TRY(take_person(request, asked->whom, r));
    RMS_TRY(take_scope(request, asked, r));
    return rms_recovery_ask(request->worker->db, r);
}

int rms_admin_recovery_ask(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {"For", "Owner", "SerializedPublishingLicense", "ContentId", "Issuer",
        "Hours", "Reason", "Ticket", NULL};
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    struct asked asked = {0};
    struct rms_recovery r = {.state = RMS_RECOVERY_WAITING};
    struct rms_tenant t;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_admin_body(request, names, &body));
    if (!t.four_eyes) {
        return rms_fail(
            request, RMS_E_CONFLICT, "four eyes are not required here: rms admin recovery enable");
    }
    int rc = read_asked(&body, &asked, &r);
    if (rc < 0) {
        return rms_admin_fail(request, &body, rc);
    }
    r.tenant_id = t.id;
    RMS_TRY(ask(request, &asked, &r));
    write_recovery(&reply->body, &r);
    return RMS_OK;
}

static void write_list(struct rms_buf *out, const struct rms_recoveries *list)
{
    rms_out_open(out, NULL, '[');
    for (size_t i = 0; i < list->count; i++) {
        write_recovery(out, &list->items[i]);
    }
    rms_out_close(out, ']');
}

int rms_admin_recovery_list(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_recoveries list;
    struct rms_tenant t;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_recovery_list(request->worker->db, request->arena, t.id, NULL, &list));
    write_list(&reply->body, &list);
    return RMS_OK;
}

int rms_admin_export_list(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_recoveries list;
    struct rms_tenant t;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_export_list(request->worker->db, request->arena, t.id, &list));
    write_list(&reply->body, &list);
    return RMS_OK;
}

/* --- deciding ----------------------------------------------------------------------------------------------
 */

/* Neither who asked nor who gets the right; of two acts of the operator nobody can tell that two people did
 * them. */
static int check_second(struct rms_request *request, const struct rms_recovery *r)
{
    const char *self = request->person != NULL ? request->person->account_id : NULL;
    bool asked = self != NULL ? r->asked_account != NULL && strcmp(self, r->asked_account) == 0
                              : r->asked_account == NULL;
    if (asked || (self != NULL && strcmp(self, r->account_id) == 0)) {
        return rms_fail(request, RMS_E_APPROVAL_REQUIRED, "another administrator has to approve this");
    }
    return request->now - r->asked_at <= WAIT_MAX_S
               ? RMS_OK
               : rms_fail(request, RMS_E_CONFLICT, "asked more than 7 days ago: ask again");
}

/* S-169: whose document it is hears of it. */
static int tell_owner(struct rms_request *request, const struct rms_recovery *r)
{
    const struct rms_document_key key = {r->tenant_id, r->content_id, r->issuer};
    struct rms_tracked document;
    struct rms_mail mail = {.tenant_id = r->tenant_id,
        .kind = RMS_MAIL_RECOVERY,
        .recipient = r->owner != NULL ? r->owner : r->issuer,
        .ref = r->id,
        .next_at = request->now,
        .give_up_at = request->now + MAIL_GIVE_UP};
    if (request->worker->front->settings->mail[0] == '\0' || r->recipient != NULL) {
        return RMS_OK;
    }
    if (r->owner == NULL && rms_tracked_get(request->worker->db, request->arena, &key, &document) == RMS_OK &&
        document.holder != NULL) {
        mail.recipient = document.holder;
    }
    return rms_mail_put(request->worker->db, &mail);
}

static int approve(
    struct rms_request *request, const struct rms_recovery *r, const struct rms_recovery_step *step)
{
    RMS_TRY(rms_recovery_change(request->worker->db, r->tenant_id, r->id, step));
    return strcmp(step->to, RMS_RECOVERY_APPROVED) == 0 ? tell_owner(request, r) : RMS_OK;
}

/* Of one kind only: who may decide about recovery (SUPER) may not give the tenant's key away (PEOPLE). */
static int find(
    struct rms_request *request, const struct rms_tenant *t, bool export, struct rms_recovery *recovery_out)
{
    char id[RMS_GUID_TEXT];
    if (rms_guid_parse(rms_view_str(request->params[1]), id) < 0 ||
        rms_recovery_get(request->worker->db, request->arena, t->id, id, recovery_out) != RMS_OK ||
        (recovery_out->recipient != NULL) != export) {
        return rms_fail(request, RMS_E_NOT_FOUND, "no such request");
    }
    return RMS_OK;
}

struct decision {
    bool export;
    const char *from;
    const char *to;
};

static int decide(struct rms_request *request, const struct decision *decision, struct rms_reply *reply)
{
    const char *from = decision->from;
    const char *to = decision->to;
    struct rms_db *db = request->worker->db;
    struct rms_recovery r;
    struct rms_tenant t;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_admin_no_members(request));
    RMS_TRY(find(request, &t, decision->export, &r));
    bool approval = strcmp(to, RMS_RECOVERY_APPROVED) == 0;
    if (strcmp(r.state, from) != 0) {
        return rms_fail(request, RMS_E_CONFLICT, approval ? "it is not waiting any more" : r.state);
    }
    if (approval) {
        RMS_TRY(check_second(request, &r));
    }
    const struct rms_recovery_step step = {.from = from,
        .to = to,
        .by = rms_role_actor(request),
        .at = request->now,
        .ends_at = approval ? request->now + r.hours * 3600 : request->now};
    RMS_TRY(rms_db_begin(db));
    RMS_TRY(rms_db_end(db, approve(request, &r, &step)));
    RMS_TRY(rms_recovery_get(db, request->arena, t.id, r.id, &r));
    request->note.detail = rms_arena_printf(request->arena, "%s for %s", r.state, r.address);
    write_recovery(&reply->body, &r);
    return RMS_OK;
}

#define DECISION(name, export, from, to)                                                                     \
    int rms_admin_##name(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)      \
    {                                                                                                        \
        static const struct decision decision = {export, from, to};                                          \
        (void)front;                                                                                         \
        return decide(request, &decision, reply);                                                            \
    }

DECISION(recovery_approve, false, RMS_RECOVERY_WAITING, RMS_RECOVERY_APPROVED)
DECISION(recovery_deny, false, RMS_RECOVERY_WAITING, RMS_RECOVERY_DENIED)
DECISION(recovery_end, false, RMS_RECOVERY_APPROVED, RMS_RECOVERY_ENDED)
DECISION(export_approve, true, RMS_RECOVERY_WAITING, RMS_RECOVERY_APPROVED)
DECISION(export_deny, true, RMS_RECOVERY_WAITING, RMS_RECOVERY_DENIED)
DECISION(export_end, true, RMS_RECOVERY_APPROVED, RMS_RECOVERY_ENDED)

/* --- the tenant's own key ----------------------------------------------------------------------------------
 */

/* The name of the key that the package will be encrypted to: rms_rsa_fingerprint_text. */
static int read_recipient(struct rms_admin_body *body, struct rms_recovery *r)
{
    RMS_TRY(rms_admin_need(body, "Recipient", FINGERPRINT_LEN, &r->recipient));
    RMS_TRY(rms_reader_text(&body->reader, body->object, "Reason", RMS_TRACKING_REASON_MAX, &r->reason));
    return strlen(r->recipient) == FINGERPRINT_LEN &&
                   strspn(r->recipient, "0123456789abcdef") == FINGERPRINT_LEN
               ? RMS_OK
               : rms_reader_fail(&body->reader, "Recipient", "not the SHA-256 of a public key");
}

/* Where one is enough, it is approved with that. */
static int ask_export(struct rms_request *request, const struct rms_tenant *t, struct rms_recovery *r)
{
    const struct rms_recovery_step step = {.from = RMS_RECOVERY_WAITING,
        .to = RMS_RECOVERY_APPROVED,
        .by = r->asked_by,
        .at = request->now,
        .ends_at = request->now + r->hours * 3600};
    RMS_TRY(rms_recovery_ask(request->worker->db, r));
    RMS_TRY(t->four_eyes ? RMS_OK : rms_recovery_change(request->worker->db, t->id, r->id, &step));
    return rms_recovery_get(request->worker->db, request->arena, t->id, r->id, r);
}

int rms_admin_export_ask(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {"Recipient", "Reason", NULL};
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    struct rms_recovery r = {.hours = EXPORT_HOURS, .reason = ""};
    struct rms_tenant t;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_admin_body(request, names, &body));
    int rc = read_recipient(&body, &r);
    if (rc < 0) {
        return rms_admin_fail(request, &body, rc);
    }
    RMS_TRY(begin(request, &r));
    r.tenant_id = t.id;
    r.account_id = r.asked_account != NULL ? r.asked_account : "";
    r.address = r.asked_by;
    RMS_TRY(rms_db_begin(request->worker->db));
    RMS_TRY(rms_db_end(request->worker->db, ask_export(request, &t, &r)));
    write_recovery(&reply->body, &r);
    return RMS_OK;
}
