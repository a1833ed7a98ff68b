/* Looking for documents and accesses of whomever: `tracking docs` and `tracking log` (S-170, S-197). */
#include "base/text.h"
#include "service/admin.h"
#include "service/admin_tracking_odd.h"
#include "service/rest_write.h"
#include "service/tracking.h"
#include "store/group.h"

/* An address of whatever organisation, but of no group. */
static int read_address(
    struct rms_request *request, const char *tenant_id, const char *name, const char **out)
{
    const char *text = rms_request_query(request, name);
    char address[RMS_ADDRESS_MAX];
    struct rms_group group;
    if (text == NULL) {
        return RMS_OK;
    }
    if (rms_address_normalise(text, address) < 0) {
        return rms_fail(request, RMS_E_BAD_ARGUMENT, "user, owner: not an address");
    }
    int rc = rms_group_find(request->worker->db, request->arena, tenant_id, address, &group);
    if (rc != RMS_E_NOT_FOUND) {
        return rc < 0 ? rc
                      : rms_fail(request, RMS_E_BAD_ARGUMENT, "user, owner: a group; ask for its members");
    }
    *out = rms_arena_strdup(request->arena, address);
    return *out != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

static int read_content(struct rms_request *request, const char **out)
{
    const char *text = rms_request_query(request, "content");
    char id[RMS_GUID_TEXT];
    if (text == NULL) {
        return RMS_OK;
    }
    if (rms_guid_parse(rms_view_str(text), id) < 0) {
        return rms_fail(request, RMS_E_BAD_ARGUMENT, "content: not a GUID");
    }
    *out = rms_arena_strdup(request->arena, id);
    return *out != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

/* any: something else narrows it down. */
static int read_search(struct rms_request *request, bool any, struct rms_tracked_search *search)
{
    struct rms_tenant t;
    struct rms_admin_range range;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_admin_range(request, &range));
    *search = (struct rms_tracked_search){.tenant_id = t.id,
        .text = rms_request_query(request, "q"),
        .from = range.from,
        .to = range.to,
        .limit = range.limit > 0 ? range.limit : RMS_TRACKING_LIST_MAX};
    RMS_TRY(read_address(request, t.id, "user", &search->user));
    RMS_TRY(read_address(request, t.id, "owner", &search->owner));
    RMS_TRY(read_content(request, &search->content_id));
    any = any || search->user != NULL || search->owner != NULL || search->text != NULL ||
          search->content_id != NULL || search->from != RMS_TIME_NONE || search->to != RMS_TIME_NONE;
    rms_tracking_settle(request);
    return any ? RMS_OK : rms_fail(request, RMS_E_BAD_ARGUMENT, "say whose, which or when");
}

int rms_admin_tracking_docs(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tracked_search search;
    struct rms_tracked_list list;
    (void)front;
    RMS_TRY(read_search(request, false, &search));
    RMS_TRY(rms_tracked_find(request->worker->db, request->arena, &search, &list));
    rms_out_open(&reply->body, NULL, '[');
    rms_tracking_write_rows(&reply->body, &list);
    rms_out_close(&reply->body, ']');
    return RMS_OK;
}

struct writing {
    struct rms_arena *arena;
    struct rms_buf *out;
    struct rms_odd odd;
    size_t room; /* what is picked from all of them is not cut silently */
};

/* Where else the person was. */
static void write_before(struct rms_buf *out, const struct rms_odd *odd)
{
    if (odd->within_s > 0) {
        rms_out_time(out, "PreviousTime", odd->before.time);
        rms_out_text(out, "PreviousIp", odd->before.ip);
    }
}

static int write_access(const struct rms_usage_row *row, void *context)
{
    struct writing *w = context;
    struct rms_buf *out = w->out;
    bool wanted = true;
    RMS_TRY(rms_odd_asked(&w->odd) ? rms_odd_take(&w->odd, row, &wanted) : RMS_OK);
    if (!wanted) {
        return RMS_OK;
    }
    if (w->room-- == 0) {
        return RMS_E_LIMIT;
    }
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "ContentId", row->content_id);
    rms_out_text(out, "ContentName", row->file_name);
    rms_out_text(out, "Issuer", row->issuer);
    rms_tracking_write_event(out, w->arena, row);
    write_before(out, &w->odd);
    rms_out_close(out, '}');
    return out->failed ? RMS_E_LIMIT : RMS_OK;
}

int rms_admin_tracking_log(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tracked_search search;
    struct writing w = {.arena = request->arena, .out = &reply->body};
    (void)front;
    int rc = rms_odd_read(request, &w.odd);
    if (rc == RMS_OK) {
        rc = read_search(request, rms_odd_asked(&w.odd), &search);
    }
    if (rc == RMS_OK) {
        w.room = search.limit;
        search.limit = rms_odd_asked(&w.odd) ? INT64_MAX : search.limit;
        rms_out_open(&reply->body, NULL, '[');
        rc = rms_tracked_log(request->worker->db, &search, write_access, &w);
        rms_out_close(&reply->body, ']');
    }
    rms_odd_fini(&w.odd);
    return rc == RMS_E_LIMIT ? rms_fail(request, rc, "too many for one answer: give from, to or limit") : rc;
}
