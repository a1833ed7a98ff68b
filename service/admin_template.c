/* Templates: add, list, show, change, remove (service-requirements section 4). */
#include <stdio.h>

#include "service/admin.h"
#include "service/rest_language.h"
#include "service/rest_write.h"

/* --- showing ------------------------------------------------------------------------------------------- */

static void write_texts(
    struct rms_buf *out, const struct rms_policy *policy, const char *name, bool descriptions)
{
    rms_out_open(out, name, '{');
    for (size_t i = 0; i < policy->text_count; i++) {
        char lcid[16];
        (void)snprintf(lcid, sizeof lcid, "%u", policy->texts[i].lcid);
        rms_out_text(out, lcid, descriptions ? policy->texts[i].description : policy->texts[i].name);
    }
    rms_out_close(out, '}');
}

static void write_grants(struct rms_buf *out, struct rms_arena *arena, const struct rms_policy *policy)
{
    rms_out_open(out, "RightsDefinitions", '[');
    for (size_t i = 0; i < policy->grant_count; i++) {
        rms_out_open(out, NULL, '{');
        rms_out_text(out, "Principal", rms_grant_principal_text(arena, &policy->grants[i]));
        rms_out_rights(out, "Rights", &policy->grants[i].rights);
        rms_out_text(out, "Level", rms_level_name(&policy->grants[i].rights));
        rms_out_close(out, '}');
    }
    rms_out_close(out, ']');
}

static void write_expiry(struct rms_buf *out, const struct rms_policy *policy)
{
    static const char *const names[] = {
        [RMS_EXPIRY_NEVER] = "Never", [RMS_EXPIRY_ON_DATE] = "OnDate", [RMS_EXPIRY_AFTER_DAYS] = "AfterDays"};
    rms_out_text(out, "ContentExpirationOption", names[policy->expiry]);
    if (policy->expiry == RMS_EXPIRY_ON_DATE) {
        rms_out_time(out, "ContentExpirationDate", policy->expires_at);
    } else {
        rms_out_text(out, "ContentExpirationDate", "0001-01-01T00:00:00Z"); /* 4.1: when unused */
    }
    rms_out_int(
        out, "ContentValidityDuration", policy->expiry == RMS_EXPIRY_AFTER_DAYS ? policy->expiry_days : 0);
    rms_out_int(out, "LicenseValidityDuration", policy->offline_days);
}

static void write_members(struct rms_request *request, struct rms_buf *out, const struct rms_template *t)
{
    const struct rms_policy *policy = &t->policy;
    const char *language = rms_request_query(request, "lang");
    const struct rms_policy_text *text = rms_rest_text_for(
        policy, language != NULL ? language : rms_request_header(request, "Accept-Language"));
    rms_out_text(out, "TemplateId", policy->id);
    rms_out_text(out, "Name", text != NULL ? text->name : NULL);
    rms_out_text(out, "Description", text != NULL ? text->description : NULL);
    write_texts(out, policy, "Names", false);
    write_texts(out, policy, "Descriptions", true);
    rms_out_text(out, "Status", t->published ? "Published" : "Archived");
    write_grants(out, request->arena, policy);
    write_expiry(out, policy);
    rms_out_bool(out, "ReadOnly", t->read_only);
    rms_out_texts(out, "ScopedIdentities", t->scope, t->scope_count);
    rms_out_bool(out, "EnableInLegacyApps", t->legacy_apps);
    rms_out_text(out, "LabelId", t->label_id);
    rms_out_time(out, "LastModifiedTimeStamp", t->modified_at);
    rms_out_int(out, "Version", t->version);
}

static void write_template(struct rms_request *request, struct rms_buf *out, const struct rms_template *t)
{
    rms_out_open(out, NULL, '{');
    write_members(request, out, t);
    rms_out_close(out, '}');
}

/* After a change: also what of it does not count as it stands (S-133). */
static void write_changed(struct rms_request *request, struct rms_buf *out, const struct rms_tenant *tenant,
    const struct rms_template *t)
{
    int longest = (int)tenant->max_use_licence_days;
    rms_out_open(out, NULL, '{');
    write_members(request, out, t);
    if (t->policy.offline_days > longest) {
        rms_out_open(out, "Warnings", '[');
        rms_out_text(out, NULL,
            rms_arena_printf(request->arena,
                "licences will end after %d days, the tenant's longest validity, and not after %d", longest,
                t->policy.offline_days));
        rms_out_close(out, ']');
    }
    rms_out_close(out, '}');
}

static int find_template(struct rms_request *request, struct rms_tenant *t, struct rms_template *tpl)
{
    RMS_TRY(rms_admin_tenant(request, t));
    int rc = rms_template_find(request->worker->db, request->arena, t->id, request->params[1], tpl);
    if (rc == RMS_E_CONFLICT) {
        return rms_fail(request, rc, "several templates have this name: give the GUID"); /* S-099 */
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
        write_template(request, &reply->body, &templates.items[i]);
    }
    rms_out_close(&reply->body, ']');
    return RMS_OK;
}

int rms_admin_template_show(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    struct rms_template tpl;
    (void)front;
    RMS_TRY(find_template(request, &t, &tpl));
    write_template(request, &reply->body, &tpl);
    return RMS_OK;
}

/* --- changing ------------------------------------------------------------------------------------------ */

static int store_new(struct rms_request *request, const struct rms_template *tpl)
{
    int rc = rms_template_create(request->worker->db, tpl);
    if (rc == RMS_E_LIMIT) {
        return rms_fail(request, rc, "500 templates are the most: export and remove some"); /* S-094 */
    }
    return rc;
}

int rms_admin_template_add(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    struct rms_tenant t;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_admin_body(request, rms_admin_template_members, &body));
    struct rms_template tpl = {
        .tenant_id = t.id, .created_at = request->now, .modified_at = request->now, .version = 1};
    rms_policy_init(&tpl.policy);
    rms_guid_new(tpl.policy.id);
    tpl.policy.from_template = true;
    tpl.policy.only_me = true; /* 4.1: no rights definitions are "Just for me" */
    int rc = rms_admin_template_apply(&(struct rms_template_edit){request, &t, &body, true}, &tpl);
    if (rc < 0) {
        return rms_admin_fail(request, &body, rc);
    }
    RMS_TRY(store_new(request, &tpl));
    write_changed(request, &reply->body, &t, &tpl);
    return RMS_OK;
}

int rms_admin_template_change(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    struct rms_tenant t;
    struct rms_template tpl;
    (void)front;
    RMS_TRY(find_template(request, &t, &tpl));
    RMS_TRY(rms_admin_body(request, rms_admin_template_members, &body));
    int rc = rms_admin_template_apply(&(struct rms_template_edit){request, &t, &body, false}, &tpl);
    if (rc < 0) {
        return rms_admin_fail(request, &body, rc);
    }
    tpl.modified_at = request->now;
    rc = rms_template_update(request->worker->db, &tpl);
    if (rc == RMS_E_CONFLICT) {
        return rms_fail(request, rc, "somebody else changed the template meanwhile"); /* S-100 */
    }
    RMS_TRY(rc);
    struct rms_template stored;
    RMS_TRY(rms_template_get(request->worker->db, request->arena, t.id, tpl.policy.id, &stored));
    write_changed(request, &reply->body, &t, &stored);
    return RMS_OK;
}

int rms_admin_template_remove(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    struct rms_template tpl;
    (void)front;
    RMS_TRY(find_template(request, &t, &tpl));
    int rc = rms_template_delete(request->worker->db, t.id, tpl.policy.id);
    if (rc == RMS_E_CONFLICT) {
        return rms_fail(request, rc, "a default template can be archived, not removed"); /* S-107 */
    }
    RMS_TRY(rc);
    rms_admin_done(reply);
    return RMS_OK;
}
