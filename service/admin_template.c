/* Templates: add, list, show, change, remove (service-requirements section 4). */
#include "service/admin_template.h"
#include "service/rest_write.h"
#include "service/tracking.h"
#include "store/usage.h"
#include "xrml/licence.h"

#define LICENCE_TEXT_MAX (3u * 1024 * 1024) /* with what publishing adds, keyd and clients take it */

/* --- finding ------------------------------------------------------------------------------------------- */

bool rms_admin_template_named(const struct rms_policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->text_count; i++) {
        if (strcmp(policy->texts[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static int ambiguous(struct rms_request *request, const char *tenant_id)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(64u * 1024);
    struct rms_templates all;
    RMS_TRY(rms_template_list(request->worker->db, request->arena, tenant_id, &all));
    rms_buf_append_str(&text, "several templates have this name, give the GUID:");
    for (size_t i = 0; i < all.count; i++) {
        if (rms_admin_template_named(&all.items[i].policy, request->params[1])) {
            rms_buf_printf(&text, " %s", all.items[i].policy.id);
        }
    }
    return rms_fail(request, RMS_E_CONFLICT, rms_arena_text(request->arena, rms_buf_view(&text)));
}

int rms_admin_template_find(
    struct rms_request *request, struct rms_tenant *tenant_out, struct rms_template *template_out)
{
    RMS_TRY(rms_admin_tenant(request, tenant_out));
    int rc = rms_template_find(
        request->worker->db, request->arena, tenant_out->id, request->params[1], template_out);
    if (rc == RMS_E_CONFLICT) {
        return ambiguous(request, tenant_out->id);
    }
    return rc == RMS_E_NOT_FOUND ? rms_fail(request, rc, "no such template") : rc;
}

int rms_admin_template_list(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    struct rms_templates templates;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_template_list(request->worker->db, request->arena, t.id, &templates));
    rms_out_open(&reply->body, NULL, '[');
    for (size_t i = 0; i < templates.count; i++) {
        rms_admin_template_write(request, &reply->body, &templates.items[i]);
    }
    rms_out_close(&reply->body, ']');
    return RMS_OK;
}

int rms_admin_template_show(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    struct rms_template tpl;
    (void)front;
    RMS_TRY(rms_admin_template_find(request, &t, &tpl));
    rms_admin_template_write(request, &reply->body, &tpl);
    return RMS_OK;
}

/* --- changing ------------------------------------------------------------------------------------------ */

void rms_admin_template_init(struct rms_request *request, const struct rms_tenant *tenant, const char *id,
    struct rms_template *template_out)
{
    *template_out = (struct rms_template){
        .tenant_id = tenant->id, .created_at = request->now, .modified_at = request->now, .version = 1};
    rms_policy_init(&template_out->policy);
    if (id != NULL) {
        rms_guid_copy(template_out->policy.id, id);
    } else {
        rms_guid_new(template_out->policy.id);
    }
    template_out->policy.from_template = true;
    template_out->policy.only_me = true; /* 4.1: no rights definitions are "Just for me" */
}

/* What cannot be written as a licence would spoil the list of everybody. */
static int check_form(struct rms_request *request, const struct rms_policy *policy)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(LICENCE_TEXT_MAX);
    struct rms_erd_binding binding = {policy->id, "owner@example.test", request->now};
    int rc = rms_erd_build(policy, &binding, &text);
    if (rc == RMS_E_LIMIT) {
        return rms_fail(request, rc, "its licences would be too large: grant to groups, or fewer rights");
    }
    return rc == RMS_E_BAD_ARGUMENT ? rms_fail(request, rc, "a text has characters a licence cannot carry")
                                    : rc;
}

int rms_admin_template_store(struct rms_request *request, struct rms_template *tpl, bool add)
{
    RMS_TRY(check_form(request, &tpl->policy));
    tpl->modified_at = request->now;
    int rc =
        add ? rms_template_create(request->worker->db, tpl) : rms_template_update(request->worker->db, tpl);
    if (rc == RMS_E_LIMIT) {
        return rms_fail(request, rc, "500 templates are the most: export and remove some"); /* S-094 */
    }
    if (rc == RMS_E_CONFLICT) {
        return rms_fail(request, rc,
            add ? "a template with this GUID exists" : "somebody else changed the template meanwhile");
    }
    return rc;
}

int rms_admin_template_settle(struct rms_request *request, const struct rms_tenant *tenant,
    struct rms_template *tpl, bool add, struct rms_reply *reply)
{
    struct rms_template stored;
    struct rms_buf *out = &reply->body;
    RMS_TRY(rms_admin_template_store(request, tpl, add));
    RMS_TRY(rms_template_get(request->worker->db, request->arena, tenant->id, tpl->policy.id, &stored));
    rms_out_open(out, NULL, '{');
    rms_admin_template_members_write(request, out, &stored);
    RMS_TRY(rms_admin_template_warnings_write(request, out, tenant, &stored));
    rms_out_close(out, '}');
    return RMS_OK;
}

/* A template that comes back keeps the GUID that content names. */
static int read_id(struct rms_admin_body *body, char id_out[RMS_GUID_TEXT])
{
    const char *text = NULL;
    RMS_TRY(rms_reader_text(&body->reader, body->object, "TemplateId", 64, &text));
    if (text == NULL) {
        rms_guid_new(id_out);
        return RMS_OK;
    }
    return rms_guid_parse(rms_view_str(text), id_out) == RMS_OK
               ? RMS_OK
               : rms_reader_fail(&body->reader, "TemplateId", "not a GUID");
}

int rms_admin_template_add(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    struct rms_tenant t;
    struct rms_template tpl;
    char id[RMS_GUID_TEXT];
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_admin_body(request, rms_admin_template_members, &body));
    int rc = read_id(&body, id);
    if (rc == RMS_OK) {
        rms_admin_template_init(request, &t, id, &tpl);
        rc = rms_admin_template_apply(&(struct rms_template_edit){request, &t, &body, true}, &tpl);
    }
    if (rc < 0) {
        return rms_admin_fail(request, &body, rc);
    }
    return rms_admin_template_settle(request, &t, &tpl, true, reply);
}

int rms_admin_template_change(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    struct rms_tenant t;
    struct rms_template tpl;
    (void)front;
    RMS_TRY(rms_admin_template_find(request, &t, &tpl));
    RMS_TRY(rms_admin_body(request, rms_admin_template_members, &body));
    int rc = rms_admin_template_apply(&(struct rms_template_edit){request, &t, &body, false}, &tpl);
    if (rc < 0) {
        return rms_admin_fail(request, &body, rc);
    }
    return rms_admin_template_settle(request, &t, &tpl, false, reply);
}

/* --- removing ------------------------------------------------------------------------------------------ */

#define RECENT_DAYS 90 /* S-108 */

/* How often and when it was used since a time, as far as the log goes back. */
static int read_use(struct rms_request *request, const struct rms_template *tpl, int64_t since,
    struct rms_usage_of_template *use)
{
    rms_tracking_settle(request); /* a use of a moment ago counts */
    return rms_usage_of_template(request->worker->db, tpl->tenant_id, tpl->policy.id, since, use);
}

int rms_admin_template_usage(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    struct rms_template tpl;
    struct rms_usage_of_template use;
    struct rms_buf *out = &reply->body;
    (void)front;
    RMS_TRY(rms_admin_template_find(request, &t, &tpl));
    RMS_TRY(read_use(request, &tpl, 0, &use));
    rms_out_open(out, NULL, '{');
    rms_out_int(out, "Published", use.published);
    rms_out_int(out, "Opened", use.opened);
    rms_out_time(out, "LastUsed", use.last);
    rms_out_close(out, '}');
    return RMS_OK;
}

static int check_use(struct rms_request *request, const struct rms_template *tpl)
{
    struct rms_usage_of_template use;
    char last[RMS_TIME_TEXT];
    int64_t since = request->now - RECENT_DAYS * RMS_DAY_S;
    RMS_TRY(read_use(request, tpl, since, &use));
    if (use.published + use.opened == 0) {
        return RMS_OK;
    }
    rms_time_iso(use.last, last);
    return rms_fail(request, RMS_E_CONFLICT,
        rms_arena_printf(request->arena,
            "used within %d days: protected with %lld times, opened %lld times, last at %s; archive it, or "
            "force the removal",
            RECENT_DAYS, (long long)use.published, (long long)use.opened, last));
}

int rms_admin_template_remove(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    struct rms_template tpl;
    (void)front;
    RMS_TRY(rms_admin_template_find(request, &t, &tpl));
    if (!tpl.read_only && rms_request_query(request, "force") == NULL) {
        RMS_TRY(check_use(request, &tpl));
    }
    int rc = rms_template_delete(request->worker->db, t.id, tpl.policy.id);
    if (rc == RMS_E_CONFLICT) {
        return rms_fail(request, rc, "a default template can be archived, not removed"); /* S-107 */
    }
    RMS_TRY(rc);
    rms_admin_done(reply);
    return RMS_OK;
}
