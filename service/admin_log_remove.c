/* Taking old rows and personal data out of the usage log (S-200, S-324). */
#include "service/admin.h"
#include "service/rest_write.h"
#include "service/usage.h"
#include "service/usage_sign.h"
#include "store/usage_remove.h"

#define FLUSH_MS      10000
#define KEEP_DAYS_MIN 90 /* S-200 */
#define ADDRESS_MAX   320

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
    r->removal = (struct rms_usage_removal){worker->db, &r->signer.signer, r->tenant.id, request->now};
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
    static const char *const names[] = {"Before", NULL};
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    struct removing r;
    int64_t before = RMS_TIME_NONE;
    uint64_t rows = 0;
    RMS_TRY(rms_admin_body(request, names, &body));
    int rc = rms_reader_time(&body.reader, body.object, "Before", &before);
    if (rc == RMS_OK && (before == RMS_TIME_NONE || before > request->now - KEEP_DAYS_MIN * RMS_DAY_S)) {
        rc = rms_reader_fail(&body.reader, "Before", "rows are kept for 90 days at least");
    }
    if (rc < 0) {
        return rms_admin_fail(request, &body, rc);
    }
    RMS_TRY(begin(front, request, &r));
    RMS_TRY(rms_usage_cut(&r.removal, before, &rows));
    return finish(request, reply, rows);
}
