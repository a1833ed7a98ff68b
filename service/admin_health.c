/* The state of the service in one answer (S-315). No secrets, no addresses. */
#include "service/admin.h"
#include "service/health.h"
#include "service/master_setup.h"
#include "service/rest_write.h"

static void write_usage_state(struct rms_buf *out, const struct rms_usage_stats *stats)
{
    rms_out_open(out, "UsageLog", '{');
    rms_out_int(out, "Written", (int64_t)stats->written);
    rms_out_int(out, "SpoolPermille", stats->fill_permille);
    rms_out_int(out, "Lost", (int64_t)stats->lost);
    rms_out_close(out, '}');
}

static void write_caches(struct rms_buf *out, const struct rms_health *health)
{
    rms_out_open(out, "LicenceCache", '{');
    rms_out_int(out, "Hits", (int64_t)health->licences.hits);
    rms_out_int(out, "Misses", (int64_t)health->licences.misses);
    rms_out_int(out, "Dropped", (int64_t)health->licences.dropped);
    rms_out_int(out, "Count", (int64_t)health->licences.count);
    rms_out_int(out, "Bytes", (int64_t)health->licences.bytes);
    rms_out_close(out, '}');
    rms_out_open(out, "Directory", '{');
    rms_out_int(out, "Hits", (int64_t)health->people.hits);
    rms_out_int(out, "Misses", (int64_t)health->people.misses);
    rms_out_int(out, "People", (int64_t)health->people.people);
    rms_out_close(out, '}');
}

static void write_keyd(struct rms_buf *out, const struct rms_keyd_stats *stats, int rc)
{
    uint64_t operations = 0;
    for (size_t i = 0; i < RMS_KEYD_OP_COUNT; i++) {
        operations += stats->operations[i];
    }
    rms_out_open(out, "Keyd", '{');
    const char *answering = stats->locked ? "locked" : "ok";
    rms_out_text(out, "State", rc == RMS_OK ? answering : rms_error_info(rc)->reason);
    rms_out_int(out, "Operations", (int64_t)operations);
    rms_out_int(out, "Opens", (int64_t)stats->operations[RMS_KEYD_OPEN]);
    rms_out_int(out, "Releases", (int64_t)stats->operations[RMS_KEYD_RELEASE]);
    rms_out_int(out, "Signatures", (int64_t)stats->operations[RMS_KEYD_SIGN]);
    rms_out_int(out, "Failures", (int64_t)stats->failures);
    rms_out_int(out, "KeysHeld", stats->keys_held);
    rms_out_int(out, "OpenHandles", stats->open_handles);
    rms_out_int(out, "Stock", stats->stock);
    rms_out_int(out, "JournalBytes", (int64_t)stats->journal_bytes);
    if (stats->has_token) {
        rms_out_text(out, "Token", stats->token_problem[0] == '\0' ? "ok" : stats->token_problem);
    }
    rms_out_close(out, '}');
}

static void write_watch(struct rms_buf *out, const struct rms_lookout_state *state)
{
    rms_out_open(out, "Database", '{');
    rms_out_bool(out, "Away", state->away);
    rms_out_int(out, "SeenMsAgo", state->seen_ms_ago);
    rms_out_int(out, "GraceSeconds", state->grace_s);
    rms_out_close(out, '}');
}

/* For people; the command line shows them as warnings. */
static void write_warnings(struct rms_buf *out, const struct rms_health *health, int64_t now)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(1024);
    char until[RMS_TIME_TEXT];
    rms_out_open(out, "Warnings", '[');
    for (size_t i = 0; i < RMS_HEALTH_ENDS; i++) {
        const struct rms_health_end *end = &health->ends[i];
        if (end->until != RMS_TIME_NONE && end->until <= now + (int64_t)RMS_RENEW_BEFORE_DAYS * RMS_DAY_S) {
            rms_time_iso(end->until, until);
            rms_buf_reset(&text);
            rms_buf_printf(
                &text, "%s %s %s; %s", end->name, end->until <= now ? "ended" : "ends", until, end->next);
            rms_out_text(out, NULL, rms_buf_text(&text));
        }
    }
    rms_out_close(out, ']');
}

static void write_clock(struct rms_buf *out, const struct rms_health *health)
{
    if (health->has_clock) {
        rms_out_int(out, "ClockAheadSeconds", health->clock_off_s);
    }
}

int rms_admin_health(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_buf *out = &reply->body;
    struct rms_health health;
    rms_health_take(request->worker, request->now, &health);
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "Status", health.problem_count == 0 ? "ok" : "degraded");
    rms_out_texts(out, "Problems", health.problems, health.problem_count);
    write_warnings(out, &health, request->now);
    rms_out_time(out, "Time", request->now);
    write_clock(out, &health);
    rms_out_int(out, "UptimeSeconds", request->now - front->started_at);
    rms_out_int(out, "StoreVersion", rms_store_version());
    rms_out_time(out, "CertificateUntil", front->certificate_until);
    rms_out_time(out, "AuthorityUntil", front->authority_until);
    write_watch(out, &health.watch);
    write_usage_state(out, &health.usage);
    write_caches(out, &health);
    write_keyd(out, &health.keyd, health.keyd_code);
    if (health.keyd_code < 0) {
        request->note.detail = "keyd does not answer";
    }
    rms_out_close(out, '}');
    return RMS_OK;
}
