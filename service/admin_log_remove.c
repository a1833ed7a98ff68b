/* Taking old rows and personal data out of the logs (S-200, S-324), and how long they are kept. */
#include <stddef.h>

#include "service/admin.h"
#include "service/rest_write.h"
#include "service/usage.h"
#include "service/usage_sign.h"
#include "store/usage_remove.h"

#define FLUSH_MS    10000
#define ADDRESS_MAX 320

/* What a removal needs beside the request; the signer works with the worker's own connections. */
struct removing {
    struct rms_usage_signer signer;
    struct rms_tenant tenant;
    struct rms_usage_removal removal;
};

static int begin(struct rms_front *front, struct rms_request *request, struct removing *r)
{
    struct rms_worker *worker = request->worker;
    RMS_TRY(rms_admin_tenant(request, &r->tenant));
    rms_usage_signer_init(&r->signer, worker->db, worker->keys);
    r->removal = (struct rms_usage_removal){
        .db = worker->db, .signer = &r->signer.signer, .tenant_id = r->tenant.id, .now = request->now};
    rms_usage_flush(front->usage, FLUSH_MS);
    return RMS_OK;
}

static int finish(struct rms_request *request, struct rms_reply *reply, uint64_t rows)
{
    request->note.detail = rms_arena_printf(request->arena, "%llu rows", (unsigned long long)rows);
    rms_out_open(&reply->body, NULL, '{');
    rms_out_int(&reply->body, "Rows", (int64_t)rows);
    rms_out_close(&reply->body, '}');
    return RMS_OK;
}

int rms_admin_log_erase(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {"Person", NULL};
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    struct removing r;
    const char *person = NULL;
    uint64_t rows = 0;
    RMS_TRY(rms_admin_body(request, names, &body));
    int rc = rms_admin_need(&body, "Person", ADDRESS_MAX, &person);
    if (rc < 0) {
        return rms_admin_fail(request, &body, rc);
    }
    RMS_TRY(begin(front, request, &r));
    RMS_TRY(rms_usage_erase(&r.removal, person, &rows));
    return finish(request, reply, rows);
}

int rms_admin_log_trim(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {"Before", "Admin", NULL};
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    struct removing r;
    int64_t before = RMS_TIME_NONE;
    bool admin = false;
    uint64_t rows = 0;
    RMS_TRY(rms_admin_body(request, names, &body));
    int rc = rms_reader_time(&body.reader, body.object, "Before", &before);
    if (rc == RMS_OK) {
        rc = rms_reader_bool(&body.reader, body.object, "Admin", &admin);
    }
    if (rc == RMS_OK && (before == RMS_TIME_NONE ||
                            before > request->now - RMS_RETENTION_LOG_DAYS_MIN * (int64_t)RMS_DAY_S)) {
        rc = rms_reader_fail(&body.reader, "Before", "rows are kept for 90 days at least");
    }
    if (rc < 0) {
        return rms_admin_fail(request, &body, rc);
    }
    RMS_TRY(begin(front, request, &r));
    RMS_TRY((admin ? rms_admin_log_cut : rms_usage_cut)(&r.removal, before, &rows));
    return finish(request, reply, rows);
}

/* --- how long they are kept ------------------------------------------------------------------------------
 */

static const struct {
    const char *name;
    size_t offset; /* in struct rms_retention: an unsigned */
    int64_t least;
    const char *why;
} terms[] = {
    {"UsageLogDays", offsetof(struct rms_retention, usage_days), RMS_RETENTION_LOG_DAYS_MIN,
        "not 90 to 36500"},
    {"AdminLogDays", offsetof(struct rms_retention, admin_days), RMS_RETENTION_LOG_DAYS_MIN,
        "not 90 to 36500"},
    {"AccessDays", offsetof(struct rms_retention, access_days), 1, "not 1 to 36500"},
};

#define TERMS (sizeof terms / sizeof terms[0])

static unsigned *term_of(struct rms_retention *retention, size_t i)
{
    return (unsigned *)((char *)retention + terms[i].offset);
}

static void write_retention(struct rms_buf *out, struct rms_retention *retention)
{
    rms_out_open(out, NULL, '{');
    for (size_t i = 0; i < TERMS; i++) {
        rms_out_int(out, terms[i].name, *term_of(retention, i));
    }
    rms_out_close(out, '}');
}

int rms_admin_retention_show(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    write_retention(&reply->body, &t.retention);
    return RMS_OK;
}

static int set_retention(struct rms_request *request, struct rms_admin_body *body, struct rms_tenant *t)
{
    for (size_t i = 0; i < TERMS; i++) {
        int64_t days = *term_of(&t->retention, i);
        RMS_TRY(rms_reader_int(&body->reader, body->object, terms[i].name, &days));
        if (days < terms[i].least || days > RMS_RETENTION_DAYS_MAX) {
            return rms_reader_fail(&body->reader, terms[i].name, terms[i].why);
        }
        *term_of(&t->retention, i) = (unsigned)days;
    }
    return rms_tenant_set_retention(request->worker->db, t->id, &t->retention);
}

int rms_admin_retention_set(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {"UsageLogDays", "AdminLogDays", "AccessDays", NULL};
    struct rms_tenant t;
    (void)front;
    RMS_TRY(rms_admin_edit_tenant(request, names, set_retention, &t));
    write_retention(&reply->body, &t.retention);
    return RMS_OK;
}
