/* A change is made only to what its author has seen: If-Match (RFC 9110 section 13.1.1) with the ETag of the
 * object, a hash of what is shown of it. Templates have versions instead (admin_template_body.c). */
#include "crypto/digest.h"
#include "service/admin.h"
#include "service/route.h"

#define TAG_BYTES 16
#define TAG_TEXT  (2 * TAG_BYTES + 3)

/* What is changed, and what shows it. */
static const struct {
    rms_handler change;
    rms_handler show;
} pairs[] = {
    {rms_admin_tenant_settings, rms_admin_tenant_show},
    {rms_admin_group_members, rms_admin_group_show},
    {rms_admin_group_remove, rms_admin_group_show},
    {rms_admin_role_add, rms_admin_role_list},
    {rms_admin_role_remove, rms_admin_role_list},
    {rms_admin_super_change, rms_admin_super_show},
    {rms_admin_onboarding_set, rms_admin_onboarding_show},
    {rms_admin_guests_set, rms_admin_guests_state},
    {rms_admin_tracking_set, rms_admin_tracking_state},
    {rms_admin_platform_set, rms_admin_platform_list},
    {rms_admin_migration_set, rms_admin_migration_show},
    {rms_admin_rest_set, rms_admin_rest_state},
    {rms_admin_exclusion_set, rms_admin_exclusion_list},
    {rms_admin_app_change, rms_admin_app_show},
    {rms_admin_app_remove, rms_admin_app_show},
};
#define PAIRS (sizeof pairs / sizeof pairs[0])

static rms_handler show_of(rms_handler change)
{
    for (size_t i = 0; i < PAIRS; i++) {
        if (pairs[i].change == change) {
            return pairs[i].show;
        }
    }
    return NULL;
}

static bool shows(rms_handler handler)
{
    for (size_t i = 0; i < PAIRS; i++) {
        if (pairs[i].show == handler) {
            return true;
        }
    }
    return false;
}

static void tag_of(struct rms_view body, char tag_out[TAG_TEXT])
{
    uint8_t hash[RMS_HASH_MAX];
    rms_hash(RMS_SHA256, body, hash);
    tag_out[0] = '"';
    for (size_t i = 0; i < TAG_BYTES; i++) {
        (void)snprintf(tag_out + 1 + 2 * i, 3, "%02x", hash[i]);
    }
    (void)snprintf(tag_out + TAG_TEXT - 2, 2, "\"");
}

static int show(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    char tag[TAG_TEXT];
    RMS_TRY(request->route->handler(front, request, reply));
    tag_of(rms_buf_view(&reply->body), tag);
    const char *kept = rms_arena_strdup(request->arena, tag);
    if (kept == NULL) {
        return RMS_E_NO_MEMORY;
    }
    rms_reply_header(reply, "ETag", kept);
    return RMS_OK;
}

static int check(struct rms_front *front, struct rms_request *request, rms_handler look, const char *wanted)
{
    struct rms_reply now = {.body = RMS_BUF_INIT(RMS_ADMIN_BODY_MAX)};
    char tag[TAG_TEXT];
    int rc = look(front, request, &now);
    if (rc == RMS_OK) {
        tag_of(rms_buf_view(&now.body), tag);
        rc = strcmp(tag, wanted) == 0 ? RMS_OK
                                      : rms_fail(request, RMS_E_CONFLICT,
                                            "If-Match: somebody has changed it since; read it again");
    }
    rms_buf_fini(&now.body);
    return rc;
}

static int change(
    struct rms_front *front, struct rms_request *request, struct rms_reply *reply, const char *wanted)
{
    RMS_TRY(check(front, request, show_of(request->route->handler), wanted));
    return request->route->handler(front, request, reply);
}

int rms_admin_serve(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    const char *wanted = rms_request_header(request, "If-Match");
    if (shows(request->route->handler)) {
        return show(front, request, reply);
    }
    if (wanted == NULL) {
        return request->route->handler(front, request, reply);
    }
    if (show_of(request->route->handler) == NULL) {
        return rms_fail(request, RMS_E_BAD_ARGUMENT, "If-Match: not for this; templates have a Version");
    }
    /* one transaction: nothing comes between looking and changing */
    RMS_TRY(rms_db_begin(request->worker->db));
    return rms_db_end(request->worker->db, change(front, request, reply, wanted));
}
