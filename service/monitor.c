/* What machines ask that watch the service: is it alive, is it ready, what does it do (S-315). Answered on
 * the administration socket and the administration address only; no secrets, nothing that names anybody. */
#include "base/queue.h"
#include "service/health.h"
#include "service/meter.h"
#include "service/rest.h"
#include "service/rest_write.h"

/* A process that answers is alive. */
int rms_rest_alive(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    (void)front;
    (void)request;
    rms_out_open(&reply->body, NULL, '{');
    rms_out_text(&reply->body, "Status", "ok");
    rms_out_close(&reply->body, '}');
    return RMS_OK;
}

/* degraded: it gives licences, and something needs looking after; down (503): it gives none. */
static const char *word_of(const struct rms_health *health)
{
    if (!health->serving) {
        return "down";
    }
    return health->problem_count > 0 ? "degraded" : "ok";
}

int rms_rest_ready(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_health health;
    (void)front;
    rms_health_take(request->worker, request->now, &health);
    reply->status = health.serving ? 200 : 503;
    rms_out_open(&reply->body, NULL, '{');
    rms_out_text(&reply->body, "Status", word_of(&health));
    rms_out_texts(&reply->body, "Problems", health.problems, health.problem_count);
    rms_out_close(&reply->body, '}');
    return RMS_OK;
}

/* --- metrics ---------------------------------------------------------------------------------------------
 */

static void write_problems(struct rms_buf *out, const struct rms_health *health)
{
    rms_meter_gauge(out, "rms_ready", "1: licences are given.", health->serving);
    rms_meter_head(out, "rms_problem", "gauge", "1 for each problem there is.");
    for (size_t i = 0; i < health->problem_count; i++) {
        rms_buf_printf(out, "rms_problem{name=\"%s\"} 1\n", health->problems[i]);
    }
    if (health->has_clock) {
        rms_meter_gauge(
            out, "rms_clock_ahead_seconds", "Of the database server's clock.", health->clock_off_s);
    }
}

static void write_caches(struct rms_buf *out, const struct rms_health *health)
{
    const struct {
        const char *name;
        uint64_t hits, misses;
    } caches[] = {{"licence", health->licences.hits, health->licences.misses},
        {"directory", health->people.hits, health->people.misses}};
    rms_meter_head(out, "rms_cache_lookups_total", "counter", "Lookups in caches, by outcome.");
    for (size_t i = 0; i < sizeof caches / sizeof caches[0]; i++) {
        rms_buf_printf(out,
            "rms_cache_lookups_total{cache=\"%s\",outcome=\"hit\"} %llu\n"
            "rms_cache_lookups_total{cache=\"%s\",outcome=\"miss\"} %llu\n",
            caches[i].name, (unsigned long long)caches[i].hits, caches[i].name,
            (unsigned long long)caches[i].misses);
    }
}

#define X(name, number, slow, request_max, reply_max, handler) {#handler, number},
static const struct {
    const char *name;
    size_t number;
} operations[] = {RMS_KEYD_OPS(X)};
#undef X

static void write_keys(struct rms_buf *out, const struct rms_health *health)
{
    rms_meter_gauge(out, "rms_keyd_up", "1: the process with the keys answers.", health->keyd_code == RMS_OK);
    if (health->keyd_code < 0) {
        return;
    }
    rms_meter_head(out, "rms_key_operations_total", "counter", "Operations of the process with the keys.");
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        rms_buf_printf(out, "rms_key_operations_total{operation=\"%s\"} %llu\n", operations[i].name,
            (unsigned long long)health->keyd.operations[operations[i].number]);
    }
    rms_meter_counter(out, "rms_key_failures_total", "Of those, how many failed.", health->keyd.failures);
    rms_meter_gauge(out, "rms_key_stock", "Fresh key pairs kept ready.", health->keyd.stock);
    rms_meter_gauge(out, "rms_content_keys_open", "Content keys held.", health->keyd.open_handles);
}

static void write_queues(struct rms_buf *out, const struct rms_front *front, const struct rms_health *health)
{
    rms_meter_gauge(out, "rms_requests_waiting", "Requests that wait for a thread.",
        front->pool != NULL ? (int64_t)rms_pool_waiting(front->pool) : 0);
    rms_meter_counter(out, "rms_log_rows_total", "Rows written to the usage log.", health->usage.written);
    rms_meter_counter(out, "rms_log_rows_lost_total", "Rows there was no room for.", health->usage.lost);
    rms_meter_gauge(out, "rms_log_spool_permille", "How full the spool of rows is, in thousandths.",
        health->usage.fill_permille);
    rms_meter_gauge(
        out, "rms_database_seen_ms_ago", "Last good look at the database.", health->watch.seen_ms_ago);
}

int rms_rest_metrics(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_health health;
    rms_health_take(request->worker, request->now, &health);
    reply->type = "text/plain; version=0.0.4; charset=utf-8";
    if (front->meter != NULL) {
        rms_meter_write(front->meter, &reply->body);
    }
    write_problems(&reply->body, &health);
    write_caches(&reply->body, &health);
    write_keys(&reply->body, &health);
    write_queues(&reply->body, front, &health);
    return RMS_OK;
}
