/* Sums over the usage log (doc/protocol/admin.md, "report"). */
#include "service/admin.h"
#include "service/rest_write.h"
#include "service/usage.h"
#include "store/report.h"

#define FLUSH_MS 2000

static int write_line(const struct rms_report_line *line, void *context)
{
    struct rms_buf *out = context;
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "Key", line->key);
    rms_out_text(out, "Name", line->name);
    rms_out_int(out, "Requests", line->requests);
    rms_out_int(out, "Opened", line->opened);
    rms_out_int(out, "Published", line->published);
    rms_out_int(out, "Refused", line->refused);
    rms_out_int(out, "People", line->people);
    rms_out_int(out, "Documents", line->documents);
    rms_out_time(out, "Last", line->last);
    rms_out_close(out, '}');
    return out->failed ? RMS_E_LIMIT : RMS_OK;
}

/* GUIDs in any form, as everywhere. */
static int read_id(struct rms_request *request, const char *name, const char *detail, const char **out)
{
    const char *text = rms_request_query(request, name);
    char *plain = rms_arena_alloc(request->arena, RMS_GUID_TEXT);
    if (plain == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (text != NULL && rms_guid_parse(rms_view_str(text), plain) < 0) {
        return rms_fail(request, RMS_E_BAD_ARGUMENT, detail);
    }
    *out = text != NULL ? plain : NULL;
    return RMS_OK;
}

static int read_query(struct rms_request *request, struct rms_report_query *query)
{
    struct rms_admin_range range;
    const char *refused = rms_request_query(request, "refused");
    RMS_TRY(rms_admin_range(request, &range));
    RMS_TRY(read_id(request, "content", "content: not a GUID", &query->content_id));
    RMS_TRY(read_id(request, "template", "template: not a GUID", &query->template_id));
    if (refused != NULL && strcmp(refused, "true") != 0) {
        return rms_fail(request, RMS_E_BAD_ARGUMENT, "refused: only true");
    }
    query->user_id = rms_request_query(request, "user");
    query->refused = refused != NULL;
    query->from = range.from;
    query->to = range.to != RMS_TIME_NONE ? range.to + 1 : RMS_TIME_NONE;
    query->limit = range.limit;
    return RMS_OK;
}

int rms_admin_write_report(
    struct rms_request *request, struct rms_buf *out, const char *name, const struct rms_report_query *query)
{
    rms_usage_flush(request->worker->front->usage, FLUSH_MS);
    rms_out_open(out, name, '[');
    int rc = rms_report_read(request->worker->db, query, write_line, out);
    rms_out_close(out, ']');
    return rc;
}

int rms_admin_report(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_buf *out = &reply->body;
    struct rms_report_query query = {.kind = rms_report_of(request->params[1])};
    struct rms_tenant t;
    RMS_TRY(rms_admin_tenant(request, &t));
    if (query.kind == RMS_REPORT_COUNT) {
        return RMS_E_NOT_FOUND;
    }
    RMS_TRY(read_query(request, &query));
    query.tenant_id = t.id;
    (void)front;
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "Kind", rms_report_word(query.kind));
    rms_out_time(out, "From", query.from);
    rms_out_time(out, "To", query.to != RMS_TIME_NONE ? query.to - 1 : request->now);
    int rc = rms_admin_write_report(request, out, "Lines", &query);
    if (rc == RMS_E_LIMIT) {
        return rms_fail(request, rc, "too many lines for one answer: give from, to or limit");
    }
    rms_out_close(out, '}');
    return rc;
}
