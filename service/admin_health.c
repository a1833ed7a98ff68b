/* The state of the service in one answer (S-315). No secrets, no addresses. */
#include "directory/directory.h"
#include "service/admin.h"
#include "service/keyclient.h"
#include "service/licence.h"
#include "service/rest_write.h"
#include "service/usage.h"

static void write_usage_state(struct rms_buf *out, struct rms_usage *usage)
{
    struct rms_usage_stats stats;
    rms_usage_stats(usage, &stats);
    rms_out_open(out, "UsageLog", '{');
    rms_out_int(out, "Written", (int64_t)stats.written);
    rms_out_int(out, "SpoolPermille", stats.fill_permille);
    rms_out_int(out, "Lost", (int64_t)stats.lost);
    rms_out_close(out, '}');
}

static void write_caches(struct rms_buf *out, struct rms_front *front)
{
    struct rms_licences_stats licences;
    struct rms_directory_stats people;
    rms_licences_stats(front->licences, &licences);
    rms_directory_stats(front->directory, &people);
    rms_out_open(out, "LicenceCache", '{');
    rms_out_int(out, "Hits", (int64_t)licences.hits);
    rms_out_int(out, "Misses", (int64_t)licences.misses);
    rms_out_int(out, "Dropped", (int64_t)licences.dropped);
    rms_out_int(out, "Count", (int64_t)licences.count);
    rms_out_int(out, "Bytes", (int64_t)licences.bytes);
    rms_out_close(out, '}');
    rms_out_open(out, "Directory", '{');
    rms_out_int(out, "Hits", (int64_t)people.hits);
    rms_out_int(out, "Misses", (int64_t)people.misses);
    rms_out_int(out, "People", (int64_t)people.people);
    rms_out_close(out, '}');
}

static int write_keyd(struct rms_buf *out, struct rms_request *request)
{
    struct rms_keyd_stats stats = {0};
    int rc = rms_keyd_stats(request->worker->keys, &stats);
    uint64_t operations = 0;
    for (size_t i = 0; i < RMS_KEYD_OP_COUNT; i++) {
        operations += stats.operations[i];
    }
    rms_out_open(out, "Keyd", '{');
    rms_out_text(out, "State", rc == RMS_OK ? "ok" : rms_error_info(rc)->reason);
    rms_out_int(out, "Operations", (int64_t)operations);
    rms_out_int(out, "Opens", (int64_t)stats.operations[RMS_KEYD_OPEN]);
    rms_out_int(out, "Releases", (int64_t)stats.operations[RMS_KEYD_RELEASE]);
    rms_out_int(out, "Signatures", (int64_t)stats.operations[RMS_KEYD_SIGN]);
    rms_out_int(out, "Failures", (int64_t)stats.failures);
    rms_out_int(out, "KeysHeld", stats.keys_held);
    rms_out_int(out, "OpenHandles", stats.open_handles);
    rms_out_int(out, "Stock", stats.stock);
    rms_out_close(out, '}');
    return rc;
}

int rms_admin_health(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_buf *out = &reply->body;
    bool log_ok = rms_usage_healthy(front->usage);
    bool keys_ok = rms_keyd_ping(request->worker->keys) == RMS_OK;
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "Status", log_ok && keys_ok ? "ok" : "degraded");
    rms_out_open(out, "Problems", '[');
    if (!log_ok) {
        rms_out_text(out, NULL, "log"); /* S-188 */
    }
    if (!keys_ok) {
        rms_out_text(out, NULL, "key store"); /* S-214 */
    }
    rms_out_close(out, ']');
    rms_out_time(out, "Time", request->now);
    rms_out_int(out, "UptimeSeconds", request->now - front->started_at);
    rms_out_int(out, "StoreVersion", rms_store_version());
    write_usage_state(out, front->usage);
    write_caches(out, front);
    if (write_keyd(out, request) < 0) {
        request->note.detail = "keyd does not answer";
    }
    rms_out_close(out, '}');
    return RMS_OK;
}
