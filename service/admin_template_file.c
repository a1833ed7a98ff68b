/* Templates outside the service: signed export, import, and what they were before (S-109, S-110). */
#include "base/json.h"
#include "service/admin_template.h"
#include "service/keyclient.h"
#include "service/rest_write.h"
#include "service/tenant.h"

#define FILE_TEXT_MAX (4u * 1024 * 1024)
#define SETTINGS_MAX  (1024u * 1024)

/* What a licence has no place for travels as a pair of application data, under the same signature. */
#define SETTINGS_NAME "Template-Settings"

/* --- export -------------------------------------------------------------------------------------------- */

static void write_settings(struct rms_buf *out, const struct rms_template *tpl)
{
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "Status", tpl->published ? "Published" : "Archived");
    rms_out_texts(out, "ScopedIdentities", tpl->scope, tpl->scope_count);
    rms_out_bool(out, "EnableInLegacyApps", tpl->legacy_apps);
    rms_out_int(out, "Version", tpl->version);
    rms_out_close(out, '}');
}

static int build(struct rms_request *request, const struct rms_template *tpl, struct rms_buf *text)
{
    const struct rms_live_key *key = request->tenant->active;
    RMS_BUF_CLEANUP struct rms_buf settings = RMS_BUF_INIT(SETTINGS_MAX);
    if (key == NULL) {
        return rms_fail(request, RMS_E_KEY_UNAVAILABLE, "the tenant has no active key");
    }
    write_settings(&settings, tpl);
    RMS_TRY(rms_buf_status(&settings));
    struct rms_policy policy = tpl->policy;
    struct rms_name_value *pairs = rms_arena_array(request->arena, policy.signed_count + 1, sizeof *pairs);
    if (pairs == NULL) {
        return RMS_E_NO_MEMORY;
    }
    pairs[0] = (struct rms_name_value){SETTINGS_NAME, rms_buf_text(&settings)};
    for (size_t i = 0; i < policy.signed_count; i++) {
        pairs[i + 1] = tpl->policy.signed_data[i];
    }
    policy.signed_data = pairs;
    policy.signed_count++;
    struct rms_keyd_signing signing = {request->worker->keys, key->id, RMS_SIGN_TEMPLATE};
    struct rms_signer signer = rms_keyd_signer(&signing, &key->key);
    return rms_template_build(&key->server, &policy, request->now, &signer, text);
}

int rms_admin_template_export(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(FILE_TEXT_MAX);
    struct rms_tenant t;
    struct rms_template tpl;
    (void)front;
    RMS_TRY(rms_admin_template_find(request, &t, &tpl));
    RMS_TRY(build(request, &tpl, &text));
    rms_out_open(&reply->body, NULL, '{');
    rms_out_text(&reply->body, "TemplateId", tpl.policy.id);
    rms_out_text(&reply->body, "Template", rms_buf_text(&text));
    rms_out_close(&reply->body, '}');
    return RMS_OK;
}

/* --- import -------------------------------------------------------------------------------------------- */

struct import {
    struct rms_request *request;
    const struct rms_tenant *tenant;
    bool force;   /* replace what has the GUID */
    bool foreign; /* another tenant of this service may have signed it */
    bool is_foreign;
    bool is_ours; /* exported with its settings, not of another product or the list for devices */
    struct rms_erd erd;
    struct rms_template tpl;
    bool exists;
};

static int read_body(struct import *in, struct rms_admin_body *body, const char **text)
{
    RMS_TRY(rms_admin_need(body, "Template", FILE_TEXT_MAX, text));
    RMS_TRY(rms_reader_bool(&body->reader, body->object, "Force", &in->force));
    return rms_reader_bool(&body->reader, body->object, "Foreign", &in->foreign);
}

/* A file is an argument: whatever is wrong with its text is the same to the caller, and said in words. */
static int refuse_text(struct rms_request *request, int rc, const char *why)
{
    return rc == RMS_E_NO_MEMORY ? rc : rms_fail(request, RMS_E_BAD_ARGUMENT, why);
}

static int refuse_signature(struct rms_request *request, int rc)
{
    if (rc == RMS_E_WEAK_CRYPTO) {
        return rms_fail(request, rc, "Template: signed with algorithms that are not accepted");
    }
    return refuse_text(request, rc, "Template: the signature does not hold, the file was changed");
}

/* Signed by a key of this tenant; by one of another tenant of this service only when that is wanted; by
 * nobody else. */
static int verify(struct import *in, const struct rms_chain *chain)
{
    struct rms_request *request = in->request;
    const struct rms_live_tenant *signer = NULL;
    const struct rms_live_key *key = NULL;
    if (!chain->nodes[0].has_issuer_key) {
        return refuse_text(request, RMS_E_BAD_LICENSE, "Template: not signed");
    }
    int rc = rms_request_tenant_of_key(request, &chain->nodes[0].issuer_key, &signer, &key);
    if (rc == RMS_E_UNKNOWN_KEY) {
        return refuse_text(request, rc, "Template: not signed by a key of this service, or changed");
    }
    RMS_TRY(rc);
    in->is_foreign = strcmp(signer->row.id, in->tenant->id) != 0;
    if (in->is_foreign && !in->foreign) {
        return rms_fail(request, RMS_E_UNKNOWN_KEY,
            "the template is one of another tenant; to take it over all the same, say so (--foreign)");
    }
    rc = rms_chain_verify(chain, &signer->trust);
    return rc < 0 ? refuse_signature(request, rc) : RMS_OK;
}

static int parse(struct import *in, struct rms_view text)
{
    struct rms_request *request = in->request;
    struct rms_chain chain;
    int rc = rms_chain_parse(request->arena, text, &chain);
    if (rc < 0 || chain.count != 1 || chain.nodes[0].kind != RMS_DOC_TEMPLATE) {
        return refuse_text(request, rc, "Template: not a signed template");
    }
    RMS_TRY(verify(in, &chain));
    rc = rms_erd_parse(request->arena, text, &in->erd);
    return rc < 0 ? refuse_text(request, rc, "Template: cannot be read") : RMS_OK;
}

/* A template of this GUID, or a new one. */
static int find_place(struct import *in)
{
    struct rms_request *request = in->request;
    const char *id = in->erd.policy.id;
    int rc = rms_template_get(request->worker->db, request->arena, in->tenant->id, id, &in->tpl);
    in->exists = rc == RMS_OK;
    if (rc == RMS_E_NOT_FOUND) {
        rms_admin_template_init(request, in->tenant, id, &in->tpl);
        return RMS_OK;
    }
    RMS_TRY(rc);
    return in->force ? RMS_OK
                     : rms_fail(request, RMS_E_CONFLICT,
                           "a template with this GUID exists; --force replaces it, and its history keeps it");
}

/* Files of the list for devices have no settings: status and scope stay as they are then, so that nobody
 * makes a template public with a copy he got as a reader. Another tenant's template comes archived, for
 * review. */
static int take_settings(struct import *in)
{
    struct rms_reader r = {in->request->arena, NULL};
    RMS_JSON_CLEANUP json_t *object = NULL;
    const struct rms_policy *policy = &in->erd.policy;
    const char *status = NULL;
    const char *const *scope = NULL;
    size_t count = 0;
    if (policy->signed_count == 0 || strcmp(policy->signed_data[0].name, SETTINGS_NAME) != 0) {
        return RMS_OK;
    }
    RMS_TRY(rms_reader_parse(&r, rms_view_str(policy->signed_data[0].value), &object));
    RMS_TRY(rms_reader_text(&r, object, "Status", 32, &status));
    RMS_TRY(rms_reader_texts(&r, object, "ScopedIdentities", &scope, &count));
    RMS_TRY(rms_reader_bool(&r, object, "EnableInLegacyApps", &in->tpl.legacy_apps));
    in->is_ours = true;
    in->tpl.scope = scope;
    in->tpl.scope_count = count;
    in->tpl.published = !in->is_foreign && status != NULL && strcmp(status, "Published") == 0;
    return RMS_OK;
}

/* AD RMS wrote ANYONE for everybody of an organisation. Who the whole world is here is not decided by a
 * file of that time: the grant is kept to be seen, and gives nothing. */
static int calm_anyone(struct import *in, struct rms_policy *policy)
{
    struct rms_grant *grants = rms_arena_array(in->request->arena, policy->grant_count + 1, sizeof *grants);
    if (grants == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < policy->grant_count; i++) {
        grants[i] = policy->grants[i];
        if (grants[i].principal == RMS_PRINCIPAL_ANYONE) {
            grants[i].principal = RMS_PRINCIPAL_ADDRESS;
            grants[i].address = RMS_INACTIVE_ANYONE;
        }
    }
    policy->grants = grants;
    return RMS_OK;
}

/* S-121: who has every right without an end is said by an entry there; what counts for nothing here is kept.
 */
static int take_extras(struct import *in, struct rms_policy *policy)
{
    struct rms_template_extras extras;
    RMS_TRY(rms_template_extras_read(in->request->arena, &in->erd, &extras));
    policy->author_listed |= !extras.owner_entry;
    policy->signed_data = extras.unsupported;
    policy->signed_count = extras.unsupported_count;
    return calm_anyone(in, policy);
}

static int take_policy(struct import *in)
{
    const char *field = NULL;
    struct rms_policy *policy = &in->tpl.policy;
    RMS_TRY(take_settings(in));
    *policy = in->erd.policy;
    if (in->is_ours) {
        policy->signed_data++; /* behind the settings */
        policy->signed_count--;
    } else {
        RMS_TRY(take_extras(in, policy));
    }
    policy->from_template = true;
    if (rms_policy_check(policy, RMS_TIME_NONE, &field) < 0) {
        return refuse_text(in->request, RMS_E_BAD_ARGUMENT,
            rms_arena_printf(
                in->request->arena, "Template: %s: not valid", field != NULL ? field : "policy"));
    }
    return RMS_OK;
}

int rms_admin_template_import(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {"Template", "Force", "Foreign", NULL};
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    const char *text = NULL;
    struct rms_tenant t;
    struct import in = {.request = request, .tenant = &t};
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_admin_body(request, names, &body));
    int rc = read_body(&in, &body, &text);
    if (rc < 0) {
        return rms_admin_fail(request, &body, rc);
    }
    RMS_TRY(parse(&in, rms_view_str(text)));
    RMS_TRY(find_place(&in));
    RMS_TRY(take_policy(&in));
    return rms_admin_template_settle(request, &t, &in.tpl, !in.exists, reply);
}

/* --- history ------------------------------------------------------------------------------------------- */

/* By GUID also one that is removed; what it was, and what it is. */
static int read_history(struct rms_request *request, struct rms_tenant *t, struct rms_template *current,
    struct rms_templates *history)
{
    char id[RMS_GUID_TEXT];
    RMS_TRY(rms_admin_tenant(request, t)); /* so that what is not found below is the template */
    int rc = rms_admin_template_find(request, t, current);
    if (rc == RMS_E_NOT_FOUND && rms_guid_parse(rms_view_str(request->params[1]), id) == RMS_OK) {
        *current = (struct rms_template){0};
        RMS_TRY(rms_template_history(request->worker->db, request->arena, t->id, id, history));
        return history->count > 0 ? RMS_OK : rc;
    }
    RMS_TRY(rc);
    return rms_template_history(request->worker->db, request->arena, t->id, current->policy.id, history);
}

int rms_admin_template_history(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    struct rms_template current;
    struct rms_templates history;
    (void)front;
    RMS_TRY(read_history(request, &t, &current, &history));
    request->note.detail = NULL;
    rms_out_open(&reply->body, NULL, '[');
    for (size_t i = 0; i < history.count; i++) {
        rms_admin_template_write(request, &reply->body, &history.items[i]);
    }
    if (current.tenant_id != NULL) {
        rms_admin_template_write(request, &reply->body, &current);
    }
    rms_out_close(&reply->body, ']');
    return RMS_OK;
}

/* The old form becomes the newest version. */
static int restore(struct rms_request *request, const struct rms_tenant *t,
    const struct rms_template *current, struct rms_template *old, struct rms_reply *reply)
{
    bool add = current->tenant_id == NULL;
    if (!add) {
        old->version = current->version;
        old->read_only = current->read_only;
    }
    return rms_admin_template_settle(request, t, old, add, reply);
}

int rms_admin_template_restore(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {"Version", NULL};
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    struct rms_tenant t;
    struct rms_template current;
    struct rms_templates history;
    int64_t version = 0;
    (void)front;
    RMS_TRY(read_history(request, &t, &current, &history));
    request->note.detail = NULL;
    RMS_TRY(rms_admin_body(request, names, &body));
    int rc = rms_reader_int(&body.reader, body.object, "Version", &version);
    if (rc < 0) {
        return rms_admin_fail(request, &body, rc);
    }
    for (size_t i = 0; i < history.count; i++) {
        if (history.items[i].version == version) {
            return restore(request, &t, &current, &history.items[i], reply);
        }
    }
    return rms_fail(request, RMS_E_NOT_FOUND, "no such version is kept");
}
