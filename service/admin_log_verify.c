/* Is the usage log what the service wrote? (B-11) */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "service/admin.h"
#include "service/rest_write.h"
#include "service/usage.h"
#include "service/usage_sign.h"
#include "store/admin_log.h"

#define FLUSH_MS 10000
#define HEX      (2 * RMS_CHAIN_HASH + 1)

static void to_hex(const uint8_t bytes[RMS_CHAIN_HASH], char out[HEX])
{
    for (size_t i = 0; i < RMS_CHAIN_HASH; i++) {
        (void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    }
}

static bool from_hex(const char *text, uint8_t out[RMS_CHAIN_HASH])
{
    if (strlen(text) != HEX - 1 || strspn(text, "0123456789abcdef") != HEX - 1) {
        return false;
    }
    for (size_t i = 0; i < RMS_CHAIN_HASH; i++) {
        char pair[] = {text[2 * i], text[2 * i + 1], '\0'};
        out[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return true;
}

/* ROW:HASH, as an earlier report gave it. */
static int read_expected(
    struct rms_request *request, struct rms_chain_place *place, const struct rms_chain_place **expect_out)
{
    const char *text = rms_request_query(request, "expect");
    char *end = NULL;
    *expect_out = NULL;
    if (text == NULL) {
        return RMS_OK;
    }
    place->seq = strtoll(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != ':' || place->seq <= 0 || !from_hex(end + 1, place->hash)) {
        return rms_fail(request, RMS_E_BAD_ARGUMENT, "expect: not ROW:HASH of an earlier report");
    }
    *expect_out = place;
    return RMS_OK;
}

static int trust(void *context, const char *key_id)
{
    struct rms_worker *worker = context;
    return rms_usage_key_prove(worker->db, worker->keys, key_id);
}

/* For whoever keeps the public key elsewhere: SHA-256 of x and y. */
static void write_key(struct rms_buf *out, struct rms_request *request, const char *key_id)
{
    struct rms_log_key key;
    uint8_t print[RMS_SHA256_BYTES];
    char hex[HEX];
    if (key_id[0] == '\0' || rms_log_key_find(request->worker->db, request->arena, key_id, &key) < 0) {
        return;
    }
    rms_hash(RMS_SHA256, rms_view_of(&key.public_key, sizeof key.public_key), print);
    to_hex(print, hex);
    rms_out_text(out, "Key", key_id);
    rms_out_text(out, "KeyFingerprint", hex);
}

static void write_finding(struct rms_buf *out, const struct rms_usage_report *report)
{
    rms_out_bool(out, "Intact", report->finding == RMS_USAGE_INTACT);
    rms_out_text(out, "Finding", rms_usage_finding_word(report->finding));
    if (report->finding == RMS_USAGE_INTACT) {
        return;
    }
    rms_out_int(out, "Row", report->seq);
    rms_out_int(out, "LastRow", report->until);
    if (report->row_id[0] != '\0') {
        rms_out_text(out, "RowId", report->row_id);
        rms_out_time(out, "RowTime", report->time);
    }
}

static void write_report(
    struct rms_buf *out, struct rms_request *request, const struct rms_usage_report *report)
{
    char hex[HEX];
    rms_out_open(out, NULL, '{');
    write_finding(out, report);
    rms_out_int(out, "Rows", report->rows);
    rms_out_int(out, "FirstRow", report->first);
    if (report->cut_time != RMS_TIME_NONE) {
        rms_out_time(out, "CutTime", report->cut_time);
    }
    if (report->adopted > 0) {
        rms_out_int(out, "AdoptedRows", report->adopted);
        rms_out_time(out, "AdoptedTime", report->adopted_at);
    }
    rms_out_int(out, "ErasedRows", report->erased);
    if (report->head_time != RMS_TIME_NONE) {
        to_hex(report->head.hash, hex);
        rms_out_text(
            out, "End", rms_arena_printf(request->arena, "%lld:%s", (long long)report->head.seq, hex));
        rms_out_time(out, "SignedTime", report->head_time);
        write_key(out, request, report->key_id);
    }
    rms_out_close(out, '}');
}

int rms_admin_log_verify(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    struct rms_chain_place place;
    struct rms_usage_report report;
    const struct rms_usage_trust ours = {trust, request->worker};
    struct rms_usage_check check = {.trust = &ours};
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(read_expected(request, &place, &check.expect));
    check.tenant_id = rms_request_query(request, "unassigned") == NULL ? t.id : NULL;
    if (check.tenant_id == NULL && request->person != NULL) {
        return rms_fail(request, RMS_E_ROLE_REQUIRED, "rows of no tenant are the operator's");
    }
    rms_usage_flush(front->usage, FLUSH_MS);
    bool admin = rms_request_query(request, "admin") != NULL;
    RMS_TRY((admin ? rms_admin_chain_verify : rms_usage_verify)(request->worker->db, &check, &report));
    write_report(&reply->body, request, &report);
    if (report.finding != RMS_USAGE_INTACT) {
        rms_log(RMS_LOG_ERROR, admin ? "admin.chain.damaged" : "usage.chain.damaged", "tenant", t.id,
            "finding", rms_usage_finding_word(report.finding), NULL);
        request->note.detail = rms_arena_printf(
            request->arena, "%s at row %lld", rms_usage_finding_word(report.finding), (long long)report.seq);
    }
    return RMS_OK;
}
