/* The ends of keys: rotation on schedule, removal, and what to do after a breach (S-205, S-219). */
#include "service/admin.h"
#include "service/breach.h"
#include "service/mail_kind.h"
#include "service/rest_write.h"
#include "service/settings.h"
#include "service/tenant_key.h"
#include "store/document.h"
#include "store/report.h"
#include "store/role.h"

#define ACCESSES_MAX 1000

/* --- rotation on schedule --------------------------------------------------------------------------------
 */

/* The same area as making a key by hand: who may not do that shall not have it done. */
int rms_admin_key_rotation(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {"Days", NULL};
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    struct rms_tenant t;
    int64_t days = -1;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_admin_body(request, names, &body));
    int rc = rms_reader_int(&body.reader, body.object, "Days", &days);
    if (rc == RMS_OK && (days < 0 || days > RMS_KEY_ROTATION_DAYS_MAX)) {
        rc = rms_reader_fail(&body.reader, "Days", "not 0 to 36500");
    }
    if (rc < 0) {
        return rms_admin_fail(request, &body, rc);
    }
    RMS_TRY(rms_tenant_set_rotation(request->worker->db, t.id, (unsigned)days));
    rms_out_open(&reply->body, NULL, '{');
    rms_out_int(&reply->body, "KeyRotationDays", days);
    rms_out_close(&reply->body, '}');
    return RMS_OK;
}

/* --- removing ------------------------------------------------------------------------------------------- */

/* The id typed once more, because nothing brings a key back. */
static int check_confirmed(struct rms_request *request, const struct rms_key *key)
{
    const char *typed = rms_request_query(request, "confirm");
    struct rms_key_documents documents;
    if (typed != NULL && strcmp(typed, key->id) == 0) {
        return RMS_OK;
    }
    RMS_TRY(rms_key_documents(request->worker->db, key, &documents));
    const char *detail = rms_arena_printf(request->arena,
        "confirm: not the key's id. Seen under it: %lld licences, which would never open again. Not seen "
        "yet, and not older than the key: %lld documents",
        (long long)documents.seen, (long long)documents.unseen);
    return rms_fail(request, RMS_E_BAD_ARGUMENT, detail);
}

int rms_admin_key_remove(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    struct rms_key key;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_admin_find_key(request, t.id, &key));
    if (key.active) {
        return rms_fail(request, RMS_E_CONFLICT, "the active key is not removed: activate another first");
    }
    RMS_TRY(check_confirmed(request, &key));
    RMS_TRY(rms_key_remove(request->worker->db, t.id, key.id));
    RMS_TRY(rms_keyd_forget(request->worker->keys, key.id));
    rms_admin_done(reply);
    return RMS_OK;
}

/* --- after a breach ------------------------------------------------------------------------------------- */

struct breach_wish {
    const struct rms_breach *breach;
    struct rms_key_wish key;
    int64_t since; /* of the list of documents or accesses; RMS_TIME_NONE: since the old key was made */
};

static int read_breach(struct rms_admin_body *body, struct breach_wish *wish)
{
    const char *name = NULL;
    int64_t bits = RMS_TENANT_KEY_BITS;
    RMS_TRY(rms_admin_need(body, "Case", 16, &name));
    wish->breach = rms_breach_named(name);
    if (wish->breach == NULL) {
        return rms_reader_fail(&body->reader, "Case", "neither leaked, misuse nor weakness");
    }
    RMS_TRY(rms_reader_int(&body->reader, body->object, "Bits", &bits));
    wish->key.bits = (unsigned)bits;
    if (bits != 2048 && bits != 3072 && bits != 4096) {
        return rms_reader_fail(&body->reader, "Bits", "neither 2048, 3072 nor 4096");
    }
    return rms_reader_time(&body->reader, body->object, "Since", &wish->since);
}

/* New key and mark of the old one in one transaction: a stop leaves both or neither. */
static int replace_key(struct rms_request *request, const struct rms_tenant *t,
    const struct breach_wish *wish, const struct rms_key *former)
{
    struct rms_db *db = request->worker->db;
    struct rms_made_key made = {0};
    RMS_TRY(rms_tenant_key_fits(request, t, wish->key.bits, false));
    int rc = rms_tenant_key_make(request, t, &wish->key, &made);
    if (rc == RMS_OK) {
        rc = rms_db_begin(db);
    }
    if (rc == RMS_OK) {
        rc = rms_tenant_key_store(request, t, &made, true);
        if (rc == RMS_OK && wish->breach->compromised) {
            rc = rms_key_set_compromised(db, t->id, former->id, request->now);
        }
        rc = rms_db_end(db, rc);
    }
    rms_made_key_fini(&made);
    return rc;
}

static int write_documents(
    struct rms_request *request, struct rms_buf *out, const char *tenant_id, int64_t since)
{
    const struct rms_tracked_query query = {.tenant_id = tenant_id};
    struct rms_tracked_list list;
    RMS_TRY(rms_tracked_list(request->worker->db, request->arena, &query, &list));
    rms_out_open(out, "Documents", '[');
    for (size_t i = 0; i < list.count && list.items[i].published_at >= since; i++) {
        const struct rms_tracked *d = &list.items[i];
        rms_out_open(out, NULL, '{');
        rms_out_text(out, "ContentId", d->key.content_id);
        rms_out_text(out, "Owner", d->owner);
        rms_out_text(out, "Name", d->name != NULL ? d->name : "");
        rms_out_time(out, "PublishedTime", d->published_at);
        rms_out_close(out, '}');
    }
    rms_out_close(out, ']');
    return RMS_OK;
}

/* Who did what, the busiest first: among them is who should not have. */
static int write_accesses(
    struct rms_request *request, struct rms_buf *out, const char *tenant_id, int64_t since)
{
    const struct rms_report_query query = {.kind = RMS_REPORT_PERSON,
        .tenant_id = tenant_id,
        .from = since,
        .to = RMS_TIME_NONE,
        .limit = ACCESSES_MAX};
    return rms_admin_write_report(request, out, "Accesses", &query);
}

static int tell_administrators(
    struct rms_request *request, const struct rms_tenant *t, const struct rms_breach *breach)
{
    struct rms_role_members members;
    if (request->worker->front->settings->mail[0] == '\0') {
        return RMS_OK;
    }
    RMS_TRY(rms_role_list(request->worker->db, request->arena, t->id, &members));
    for (size_t i = 0; i < members.count; i++) {
        const struct rms_mail mail = {.tenant_id = t->id,
            .kind = RMS_MAIL_BREACH,
            .recipient = members.items[i].address,
            .ref = breach->name,
            .next_at = request->now,
            .give_up_at = request->now + RMS_DAY_S};
        if (members.items[i].role == RMS_ROLE_GLOBAL) {
            RMS_TRY(rms_mail_put(request->worker->db, &mail));
        }
    }
    return RMS_OK;
}

static int respond(struct rms_request *request, const struct rms_tenant *t, const struct breach_wish *wish,
    struct rms_buf *out)
{
    const struct rms_breach *breach = wish->breach;
    struct rms_key former;
    struct rms_key now;
    RMS_TRY(rms_key_active(request->worker->db, request->arena, t->id, RMS_KEY_TENANT, &former));
    if (breach->new_key) {
        RMS_TRY(replace_key(request, t, wish, &former));
    }
    RMS_TRY(rms_key_active(request->worker->db, request->arena, t->id, RMS_KEY_TENANT, &now));
    RMS_TRY(tell_administrators(request, t, breach));
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "Case", breach->name);
    rms_out_text(out, "ActiveKey", now.id);
    rms_out_text(out, "FormerKey", breach->new_key ? former.id : "");
    rms_out_texts(out, "Steps", breach->steps, rms_breach_steps(breach));
    int64_t since = wish->since != RMS_TIME_NONE ? wish->since : former.created_at;
    RMS_TRY(breach->new_key ? write_documents(request, out, t->id, since)
                            : write_accesses(request, out, t->id, since));
    rms_out_close(out, '}');
    return RMS_OK;
}

int rms_admin_key_breach(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {"Case", "Bits", "Since", NULL};
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    struct breach_wish wish = {
        .key.in_token = rms_settings_token_first(front->settings), .since = RMS_TIME_NONE};
    struct rms_tenant t;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_admin_body(request, names, &body));
    int rc = read_breach(&body, &wish);
    return rc < 0 ? rms_admin_fail(request, &body, rc) : respond(request, &t, &wish, &reply->body);
}
