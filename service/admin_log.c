/* Reading the logs (S-186, S-189, S-194). */
#include <stdlib.h>

#include "service/admin.h"
#include "service/rest_write.h"
#include "service/usage.h"
#include "store/admin_log.h"

#define FLUSH_MS  2000
#define LIMIT_MAX 1000000

/* Whose rows, or about which content. */
static int read_filters(struct rms_request *request, struct rms_usage_query *query)
{
    const char *content = rms_request_query(request, "content");
    const char *about = rms_request_query(request, "about");
    char *plain = rms_arena_alloc(request->arena, RMS_GUID_TEXT);
    if (plain == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (content != NULL && rms_guid_parse(rms_view_str(content), plain) < 0) {
        return rms_fail(request, RMS_E_BAD_ARGUMENT, "content: not a GUID");
    }
    query->content_id = content != NULL ? plain : NULL;
    query->user_id = about != NULL ? about : rms_request_query(request, "user");
    query->about = about != NULL;
    return RMS_OK;
}

/* A day ("2030-01-31") or a time. last: a day means its last second. */
static int read_moment(struct rms_request *request, const char *name, bool last, int64_t *out)
{
    const char *text = rms_request_query(request, name);
    if (text == NULL) {
        return RMS_OK;
    }
    bool day = strlen(text) == 10;
    const char *full = day ? rms_arena_printf(request->arena, "%sT00:00", text) : text;
    if (full == NULL || rms_time_parse(rms_view_str(full), out) < 0) {
        return rms_fail(request, RMS_E_BAD_ARGUMENT,
            last ? "to: not a day (2030-01-31) or time" : "from: not a day (2030-01-31) or time");
    }
    *out += day && last ? RMS_DAY_S - 1 : 0;
    return RMS_OK;
}

int rms_admin_range(struct rms_request *request, struct rms_admin_range *range)
{
    const char *limit = rms_request_query(request, "limit");
    *range = (struct rms_admin_range){RMS_TIME_NONE, RMS_TIME_NONE, 0};
    RMS_TRY(read_moment(request, "from", false, &range->from));
    RMS_TRY(read_moment(request, "to", true, &range->to));
    if (range->from != RMS_TIME_NONE && range->to != RMS_TIME_NONE && range->from > range->to) {
        return rms_fail(request, RMS_E_BAD_ARGUMENT, "from is after to");
    }
    if (limit != NULL) {
        char *end = NULL;
        unsigned long number = strtoul(limit, &end, 10);
        if (limit[0] < '0' || limit[0] > '9' || *end != '\0' || number == 0 || number > LIMIT_MAX) {
            return rms_fail(request, RMS_E_BAD_ARGUMENT, "limit: not between 1 and 1000000");
        }
        range->limit = number;
    }
    return RMS_OK;
}

struct printing {
    struct rms_buf *out;
    bool text;
};

static int print_usage(const struct rms_usage_row *row, void *context)
{
    const struct printing *p = context;
    (p->text ? rms_usage_text_row : rms_usage_json_row)(p->out, row);
    return p->out->failed ? RMS_E_LIMIT : RMS_OK;
}

static void set_type(struct rms_reply *reply, bool text)
{
    reply->type = text ? "text/plain; charset=utf-8" : "application/x-ndjson";
}

int rms_admin_log_usage(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    struct rms_admin_range range;
    struct printing p = {&reply->body, rms_admin_wants_text(request)};
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_admin_range(request, &range));
    rms_usage_flush(front->usage, FLUSH_MS);
    if (p.text) {
        rms_usage_text_head(&reply->body);
    }
    struct rms_usage_query query = {
        .tenant_id = t.id,
        .from = range.from,
        .to = range.to != RMS_TIME_NONE ? range.to + 1 : RMS_TIME_NONE,
        .limit = range.limit,
    };
    RMS_TRY(read_filters(request, &query));
    set_type(reply, p.text);
    int rc = rms_usage_read(request->worker->db, &query, print_usage, &p);
    return rc == RMS_E_LIMIT ? rms_fail(request, rc, "too many rows for one answer: give from, to or limit")
                             : rc;
}

/* S-194: time, actor, command, Passed or Failed, result; tab-separated. */
static int print_admin(const struct rms_admin_row *row, void *context)
{
    const struct printing *p = context;
    if (p->text) {
        rms_usage_admin_text_row(p->out, row);
    } else {
        rms_out_open(p->out, NULL, '{');
        rms_out_time(p->out, "time", row->time);
        rms_out_text(p->out, "actor", row->actor);
        rms_out_text(p->out, "command", row->command);
        rms_out_text(p->out, "status", row->passed ? "Passed" : "Failed");
        rms_out_text(p->out, "result", row->result);
        rms_out_text(p->out, "correlation-id", row->correlation_id);
        rms_buf_append_str(p->out, "}\n");
    }
    return p->out->failed ? RMS_E_LIMIT : RMS_OK;
}

int rms_admin_log_admin(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    struct rms_admin_range range;
    struct printing p = {&reply->body, rms_admin_wants_text(request)};
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_admin_range(request, &range));
    struct rms_admin_query query = {
        .tenant_id = t.id, .from = range.from, .to = range.to, .limit = range.limit};
    set_type(reply, p.text);
    int rc = rms_admin_log_read(request->worker->db, &query, print_admin, &p);
    return rc == RMS_E_LIMIT ? rms_fail(request, rc, "too many rows for one answer: give from, to or limit")
                             : rc;
}
