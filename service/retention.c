#include "service/retention.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/log.h"
#include "service/admin.h"
#include "service/tenant.h"
#include "service/usage_sign.h"
#include "store/stream.h"
#include "store/usage_remove.h"

#define STREAM_DAYS 30

struct log {
    const char *name;
    int (*cut)(const struct rms_usage_removal *removal, int64_t before, uint64_t *rows_out);
};

static const struct log usage_log = {"usage", rms_usage_cut};
static const struct log admin_log = {"admin", rms_admin_log_cut};

/* What nobody ordered is a row of the admin log all the same. */
static void note(struct rms_worker *worker, const struct rms_tenant *t, const char *command, uint64_t rows)
{
    struct rms_request request = {.worker = worker,
        .arena = worker->arena,
        .now = rms_clock_now(),
        .client_ip = "",
        .client_info = "",
        .actor = "schedule",
        .command = command};
    rms_guid_new(request.correlation);
    request.note.detail = rms_arena_printf(worker->arena, "%" PRIu64 " rows", rows);
    request.tenant = t != NULL ? rms_request_tenant(&request, t->id) : NULL;
    if (t == NULL || request.tenant != NULL) {
        rms_admin_note_request(&request, RMS_OK);
    }
    rms_request_unpin(&request);
}

/* t NULL: rows of no tenant. */
static void keep_days(
    struct rms_worker *worker, const struct rms_tenant *t, const struct log *log, unsigned days)
{
    struct rms_usage_signer signer;
    const char *tenant_id = t != NULL ? t->id : NULL;
    int64_t now = rms_clock_now();
    int64_t before = now - (int64_t)days * RMS_DAY_S;
    char time[RMS_TIME_TEXT];
    uint64_t rows = 0;
    rms_usage_signer_init(&signer, worker->db, worker->keys);
    const struct rms_usage_removal removal = {.db = worker->db,
        .signer = &signer.signer,
        .tenant_id = tenant_id,
        .now = now,
        .streamed_only = true};
    int rc = log->cut(&removal, before, &rows);
    if (rc < 0) {
        rms_log(RMS_LOG_ERROR, "retention.failed", "log", log->name, "tenant",
            tenant_id != NULL ? tenant_id : "-", "reason", rms_error_info(rc)->reason, NULL);
    }
    if (rows > 0) {
        rms_time_iso(before, time);
        note(worker, t,
            rms_arena_printf(
                worker->arena, "RemoveOldRows -Log %s -Days %u -Before %s", log->name, days, time),
            rows);
    }
}

/* A node that is gone would hold rows back for ever; one that comes back begins anew. */
static void forget_streams(struct rms_worker *worker)
{
    int64_t now = rms_clock_now();
    const char *name = "";
    int rc = RMS_OK;
    while (rc == RMS_OK && name != NULL) {
        rc = rms_stream_forget(worker->db, worker->arena, now - STREAM_DAYS * RMS_DAY_S, now, &name);
        if (rc == RMS_OK && name != NULL) {
            rms_log(RMS_LOG_INFO, "stream.forgotten", "target", name, NULL);
            note(worker, NULL, rms_arena_printf(worker->arena, "ForgetStream %s", name), 1);
        }
    }
    if (rc < 0) {
        rms_log(
            RMS_LOG_ERROR, "retention.failed", "log", "streams", "reason", rms_error_info(rc)->reason, NULL);
    }
}

void rms_retention_run(struct rms_worker *worker)
{
    struct rms_tenants tenants = {0};
    int rc = rms_tenant_list(worker->db, worker->arena, &tenants);
    if (rc < 0) {
        rms_log(RMS_LOG_ERROR, "retention.failed", "reason", rms_error_info(rc)->reason, NULL);
        return;
    }
    forget_streams(worker);
    for (size_t i = 0; i < tenants.count; i++) {
        const struct rms_tenant *t = &tenants.items[i];
        keep_days(worker, t, &usage_log, t->retention.usage_days);
        keep_days(worker, t, &admin_log, t->retention.admin_days);
    }
    keep_days(worker, NULL, &usage_log, RMS_RETENTION_USAGE_DAYS);
    keep_days(worker, NULL, &admin_log, RMS_RETENTION_ADMIN_DAYS);
    rms_arena_reset(worker->arena, 0);
}
