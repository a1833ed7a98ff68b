/* One address in place of another in all templates (S-323): a person has a new name, or a successor. All or
 * none; what it does not reach is told. */
#include "base/text.h"
#include "directory/directory.h"
#include "service/admin_privacy.h"
#include "service/admin_template.h"
#include "service/rest_write.h"

struct replacement {
    struct rms_request *request;
    const struct rms_tenant *tenant;
    const char *old;
    const char *grantee; /* whom the new address means in grants */
};

static bool is_old(const struct replacement *r, const struct rms_grant *grant)
{
    return grant->principal == RMS_PRINCIPAL_ADDRESS && strcmp(grant->address, r->old) == 0;
}

/* Rights join those the new one has for the same time, as with GrantAdd. */
static int append(struct rms_arena *arena, struct rms_grant *grants, size_t *used, struct rms_grant grant)
{
    for (size_t i = 0; i < *used; i++) {
        if (grants[i].principal == grant.principal && grant.address != NULL &&
            strcmp(grants[i].address, grant.address) == 0 && grants[i].from == grant.from &&
            grants[i].until == grant.until) {
            return rms_rights_merge(arena, &grants[i].rights, &grant.rights);
        }
    }
    grants[(*used)++] = grant;
    return RMS_OK;
}

static int change_grants(const struct replacement *r, struct rms_policy *policy, bool *changed)
{
    struct rms_arena *arena = r->request->arena;
    struct rms_grant *grants = rms_arena_array(arena, policy->grant_count + 1, sizeof *grants);
    size_t used = 0;
    if (grants == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < policy->grant_count; i++) {
        struct rms_grant grant = policy->grants[i];
        if (is_old(r, &grant)) {
            RMS_TRY(rms_grant_set_principal(arena, &grant, r->grantee));
            *changed = true;
        }
        RMS_TRY(append(arena, grants, &used, grant));
    }
    policy->grants = grants;
    policy->grant_count = used;
    return RMS_OK;
}

/* A scope has people and groups of the tenant only. */
static int find_scope(const struct replacement *r, const char **address_out)
{
    struct rms_principal_question question = {r->tenant->id, r->grantee, RMS_USE_SCOPE};
    struct rms_principal_info info = {0};
    int rc = rms_directory_principal(r->request->worker->db, r->request->arena, &question, &info);
    if (rc == RMS_OK && info.kind != RMS_IS_PERSON && info.kind != RMS_IS_GROUP) {
        rc = RMS_E_NOT_FOUND;
    }
    *address_out = info.address;
    return rc < 0 ? rms_fail(r->request, rc, "New: a scope names the old address, and takes no such one")
                  : rc;
}

static int change_scope(const struct replacement *r, struct rms_template *tpl, bool *changed)
{
    const char **scope = rms_arena_array(r->request->arena, tpl->scope_count + 1, sizeof *scope);
    if (scope == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < tpl->scope_count; i++) {
        scope[i] = tpl->scope[i];
        if (strcmp(scope[i], r->old) == 0) {
            RMS_TRY(find_scope(r, &scope[i]));
            *changed = true;
        }
    }
    tpl->scope = scope;
    return RMS_OK;
}

static int change_all(const struct replacement *r, struct rms_buf *out, size_t *count_out)
{
    struct rms_request *request = r->request;
    struct rms_templates all;
    RMS_TRY(rms_template_list(request->worker->db, request->arena, r->tenant->id, &all));
    for (size_t i = 0; i < all.count; i++) {
        struct rms_template *tpl = &all.items[i];
        bool changed = false;
        RMS_TRY(change_grants(r, &tpl->policy, &changed));
        RMS_TRY(change_scope(r, tpl, &changed));
        if (changed) {
            RMS_TRY(rms_admin_template_store(request, tpl, false));
            rms_out_text(out, NULL, tpl->policy.id);
            ++*count_out;
        }
    }
    return RMS_OK;
}

/* Addresses alone: nobody becomes everybody by a replacement. */
static int read_addresses(struct replacement *r)
{
    static const char *const names[] = {"Person", "New", NULL};
    struct rms_request *request = r->request;
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    char normal[2][RMS_ADDRESS_MAX];
    struct rms_principal_info info = {0};
    RMS_TRY(rms_admin_body(request, names, &body));
    for (size_t i = 0; i < 2; i++) {
        const char *text = NULL;
        int rc = rms_admin_need(&body, names[i], RMS_ADDRESS_MAX, &text);
        if (rc == RMS_OK && rms_address_normalise(text, normal[i]) < 0) {
            rc = rms_reader_fail(&body.reader, names[i], "not an address");
        }
        if (rc < 0) {
            return rms_admin_fail(request, &body, rc);
        }
    }
    struct rms_principal_question question = {r->tenant->id, normal[1], RMS_USE_GRANT};
    int rc = rms_directory_principal(request->worker->db, request->arena, &question, &info);
    if (rc < 0) {
        return rms_fail(request, rc, info.why != NULL ? info.why : "New: no such person or group");
    }
    r->old = rms_arena_strdup(request->arena, normal[0]);
    r->grantee = info.address;
    if (r->old == NULL) {
        return RMS_E_NO_MEMORY;
    }
    return strcmp(r->old, r->grantee) != 0 ? RMS_OK
                                           : rms_fail(request, RMS_E_BAD_ARGUMENT, "New: the same address");
}

int rms_admin_privacy_replace(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant tenant;
    struct replacement r = {.request = request, .tenant = &tenant};
    struct rms_buf *out = &reply->body;
    size_t count = 0;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &tenant));
    RMS_TRY(read_addresses(&r));
    rms_out_open(out, NULL, '{');
    rms_out_open(out, "Templates", '[');
    RMS_TRY(rms_db_begin(request->worker->db));
    RMS_TRY(rms_db_end(request->worker->db, change_all(&r, out, &count)));
    rms_out_close(out, ']');
    RMS_TRY(rms_admin_privacy_rest_write(request, tenant.id, r.old, out));
    rms_out_close(out, '}');
    request->note.detail = rms_arena_printf(request->arena, "%zu templates", count);
    return RMS_OK;
}
