/* What an application did not let a person do with a document that is open: print it, copy from it, change
 * it. The service refused nothing and saw nothing; it believes people what they say of themselves about
 * documents it has opened for them, and nothing else: the facts of the log row are those of that opening. */
#include "base/json.h"
#include "directory/directory.h"
#include "service/rest.h"
#include "service/rest_json.h"
#include "service/rest_write.h"
#include "service/tracking.h"

#define APPLICATION_MAX 128
#define HOUR_S          3600
#define HOURLY_MAX      100 /* rows of a person in the log of one tenant */

struct refusal {
    const char *right;
    const char *application; /* NULL: the one that tells it */
    int64_t time;            /* by the person's clock; RMS_TIME_NONE: now */
};

static void take_name(const char *name, void *context)
{
    *(const char **)context = name;
}

static int read_right(struct rms_reader *reader, const json_t *body, struct refusal *refusal)
{
    struct rms_rights rights = {0};
    const char *text = NULL;
    RMS_TRY(rms_reader_text(reader, body, "Right", RMS_CUSTOM_RIGHT_MAX, &text));
    if (text == NULL || rms_rights_add(reader->arena, &rights, text, true) < 0) {
        return rms_reader_fail(reader, "Right", "not the name of a right");
    }
    rms_rights_each(&rights, take_name, &refusal->right);
    return RMS_OK;
}

static int read_refusal(struct rms_request *request, struct refusal *refusal)
{
    static const char *const names[] = {"Right", "Application", "Time", NULL};
    struct rms_reader reader = {request->arena, NULL};
    RMS_JSON_CLEANUP json_t *body = NULL;
    *refusal = (struct refusal){.time = RMS_TIME_NONE};
    int rc = rms_reader_parse(&reader, request->body, &body);
    if (rc == RMS_OK) {
        rc = rms_reader_only(&reader, body, names);
    }
    if (rc == RMS_OK) {
        rc = read_right(&reader, body, refusal);
    }
    if (rc == RMS_OK) {
        rc = rms_reader_text(&reader, body, "Application", APPLICATION_MAX, &refusal->application);
    }
    if (rc == RMS_OK) {
        rc = rms_reader_time(&reader, body, "Time", &refusal->time);
    }
    return rc < 0 ? rms_fail(request, rc, reader.detail) : RMS_OK;
}

/* Not what somebody opened who had the address before (S-042). One answer for what he has not opened, what is
 * another's and what there is not. */
static int find_opening(struct rms_request *request, struct rms_tracked_opening *opening)
{
    const char *content_id = NULL;
    RMS_TRY(rms_rest_home_serves(request, RMS_TO_OPEN));
    RMS_TRY(rms_tracking_id(request, request->params[0], &content_id));
    rms_tracking_settle(request);
    int rc = rms_tracked_opened(request->worker->db, request->arena,
        &(struct rms_tracked_reader){content_id, request->address, request->person->created_at}, opening);
    return rc == RMS_E_NOT_FOUND ? RMS_E_NOT_REGISTERED : rc;
}

static int check_tenant(struct rms_request *request, const struct rms_tracked_opening *opening)
{
    const char *tenant_id = opening->document.key.tenant_id;
    const struct rms_live_tenant *tenant = rms_request_tenant(request, tenant_id);
    int64_t count = 0;
    if (tenant == NULL) {
        return RMS_E_NOT_REGISTERED;
    }
    if (!tenant->tracking.enabled) {
        return RMS_E_TRACKING_DISABLED;
    }
    RMS_TRY(rms_tracked_refusals(
        request->worker->db, tenant_id, request->address, request->now - HOUR_S, &count));
    if (count >= HOURLY_MAX) {
        return rms_fail(request, RMS_E_LIMIT, "too many refusals told within an hour");
    }
    request->note.tenant = tenant;
    return RMS_OK;
}

/* When it was is told where it can be true: since the opening, and not now. */
static int tell(
    struct rms_request *request, const struct rms_tracked_opening *opening, const struct refusal *refusal)
{
    char time[RMS_TIME_TEXT] = "";
    if (refusal->time != RMS_TIME_NONE && refusal->time >= opening->time && refusal->time < request->now) {
        rms_time_iso(refusal->time, time);
    }
    rms_tracking_tell(request, &opening->document);
    request->note.code = RMS_E_NO_RIGHTS;
    request->note.detail =
        rms_arena_printf(request->arena, "%s%s%s", refusal->right, time[0] != '\0' ? " " : "", time);
    if (refusal->application != NULL) {
        request->client_info = refusal->application;
    }
    return request->note.detail != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

int rms_rest_tracking_refusal(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tracked_opening opening;
    struct refusal refusal;
    (void)front;
    RMS_TRY(read_refusal(request, &refusal));
    RMS_TRY(find_opening(request, &opening));
    RMS_TRY(check_tenant(request, &opening));
    RMS_TRY(tell(request, &opening, &refusal));
    rms_out_open(&reply->body, NULL, '{');
    rms_out_text(&reply->body, "ContentId", opening.document.key.content_id);
    rms_out_text(&reply->body, "Right", refusal.right);
    rms_out_close(&reply->body, '}');
    return RMS_OK;
}
