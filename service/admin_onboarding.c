/* Onboarding control: who may protect (S-011 to S-014). */
#include "directory/directory.h"
#include "service/admin.h"
#include "service/rest_write.h"

static int show(struct rms_request *request, struct rms_reply *reply, const char *tenant_id)
{
    struct rms_tenant t;
    struct rms_buf *out = &reply->body;
    RMS_TRY(rms_tenant_get(request->worker->db, request->arena, tenant_id, &t));
    rms_out_open(out, NULL, '{');
    rms_out_bool(out, "License", t.onboarding.licence);
    rms_out_text(out, "SecurityGroupObjectId", t.onboarding.group_id != NULL ? t.onboarding.group_id : "");
    rms_out_text(out, "Scope", rms_onboarding_scope_name(t.onboarding.scope));
    rms_out_close(out, '}');
    return RMS_OK;
}

int rms_admin_onboarding_show(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    return show(request, reply, t.id);
}

/* S-012: a security group, with or without an address; never a person. */
static int find_group(struct rms_request *request, const char *tenant_id, const char *name, const char **id)
{
    struct rms_principal_question question = {tenant_id, name, RMS_USE_ONBOARDING};
    struct rms_principal_info info = {0};
    int rc = rms_directory_principal(request->worker->db, request->arena, &question, &info);
    if (rc == RMS_E_NOT_FOUND && info.why == NULL) {
        return rms_fail(request, rc, "SecurityGroupObjectId: no such group");
    }
    if (info.kind == RMS_IS_PERSON || info.kind == RMS_IS_UNUSED) {
        return rms_fail(
            request, RMS_E_BAD_ARGUMENT, "SecurityGroupObjectId: individual users cannot be named");
    }
    if (rc < 0) {
        return rms_fail(request, rc,
            rms_arena_printf(request->arena, "SecurityGroupObjectId: %s", info.why != NULL ? info.why : ""));
    }
    if (info.kind != RMS_IS_GROUP) {
        return rms_fail(request, RMS_E_NOT_FOUND, "SecurityGroupObjectId: no such group");
    }
    *id = info.id;
    return RMS_OK;
}

static int read_scope(struct rms_admin_body *body, struct rms_onboarding *wanted)
{
    const char *text = NULL;
    RMS_TRY(rms_reader_text(&body->reader, body->object, "Scope", 32, &text));
    if (text == NULL) {
        return RMS_OK;
    }
    return rms_onboarding_scope_parse(text, &wanted->scope) == RMS_OK
               ? RMS_OK
               : rms_reader_fail(&body->reader, "Scope", "not All, WindowsApp or MobileApp");
}

/* The policy is replaced as a whole: what is not named is off. */
static int read_policy(struct rms_request *request, const char *tenant_id, struct rms_admin_body *body,
    struct rms_onboarding *wanted)
{
    const char *group = NULL;
    RMS_TRY(rms_reader_bool(&body->reader, body->object, "UseRmsUserLicense", &wanted->licence));
    RMS_TRY(rms_reader_text(&body->reader, body->object, "SecurityGroupObjectId", 512, &group));
    RMS_TRY(read_scope(body, wanted));
    return group != NULL && group[0] != '\0' ? find_group(request, tenant_id, group, &wanted->group_id)
                                             : RMS_OK;
}

int rms_admin_onboarding_set(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {"UseRmsUserLicense", "SecurityGroupObjectId", "Scope", NULL};
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    struct rms_onboarding wanted = {0};
    struct rms_tenant t;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_admin_body(request, names, &body));
    int rc = read_policy(request, t.id, &body, &wanted);
    if (rc < 0) {
        return body.reader.detail != NULL ? rms_admin_fail(request, &body, rc) : rc;
    }
    RMS_TRY(rms_tenant_set_onboarding(request->worker->db, t.id, &wanted));
    return show(request, reply, t.id);
}
