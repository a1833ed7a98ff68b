/* Online publishing (rest-protocol section 8, S-280, S-281). */
#include "directory/directory.h"
#include "service/rest.h"
#include "service/rest_body.h"
#include "service/rest_language.h"
#include "service/rest_write.h"
#include "service/tracking.h"

#define ERD_MAX RMS_KEYD_TEXT_MAX
#define PL_MAX  RMS_XRML_MAX_BYTES

struct publishing {
    struct rms_request *request;
    const struct rms_live_tenant *tenant;
    struct rms_publish_body body;
    struct rms_policy policy; /* what goes into the licence */
    const char *owner;
    bool owner_is_group;
    char content_id[RMS_GUID_TEXT];
    struct rms_published published;
    struct rms_buf pl;
};

/* --- the policy ------------------------------------------------------------------------------------ */

static int choose_template(struct publishing *p)
{
    struct rms_request *request = p->request;
    const struct rms_template *t = rms_live_template(p->tenant, p->body.template_id);
    request->note.template_id = p->body.template_id;
    if (t == NULL) {
        return RMS_E_TEMPLATE_NOT_FOUND;
    }
    if (t->scope_count > 0 && !rms_directory_in_scope(request->person, t->scope, t->scope_count)) {
        return rms_fail(request, RMS_E_PUBLISH_NOT_ALLOWED, "the template is for others"); /* S-111 */
    }
    if (!t->published) {
        return RMS_E_TEMPLATE_ARCHIVED;
    }
    p->policy = t->policy;
    p->policy.from_template = true;
    p->policy.signed_data = p->body.policy.signed_data;
    p->policy.signed_count = p->body.policy.signed_count;
    p->policy.audited_extraction |= p->body.policy.audited_extraction;
    return RMS_OK;
}

static int own_policy(struct publishing *p)
{
    const char *field = NULL;
    p->policy = p->body.policy;
    rms_guid_new(p->policy.id);
    int rc = rms_policy_check(&p->policy, p->request->now, &field);
    return rc < 0 ? rms_fail(p->request, rc, field) : RMS_OK;
}

/* S-082: another owner may be named by a service or an administrator; so far those are the super users. */
static int choose_owner(struct publishing *p)
{
    struct rms_request *request = p->request;
    p->owner = request->person->address;
    if (p->owner == NULL) {
        return rms_fail(request, RMS_E_PUBLISH_NOT_ALLOWED, "the account has no address that authorises");
    }
    if (p->body.owner == NULL || rms_directory_owns(request->person, p->body.owner)) {
        return RMS_OK;
    }
    if (!rms_directory_is_super(request->person, request->now)) {
        return rms_fail(request, RMS_E_ROLE_REQUIRED, "OwnerEmail: only a super user names another owner");
    }
    struct rms_principal_question question = {p->tenant->row.id, p->body.owner, RMS_USE_GRANT};
    struct rms_principal_info info = {0};
    int rc = rms_directory_principal(request->worker->db, request->arena, &question, &info);
    p->owner_is_group = rc == RMS_OK && info.kind == RMS_IS_GROUP; /* S-083: warned about */
    p->owner = p->body.owner;
    return RMS_OK;
}

static int choose_policy(struct publishing *p)
{
    struct rms_request *request = p->request;
    const char *detail = NULL;
    int rc = rms_rest_body_publish(request->arena, request->body, &p->body, &detail);
    if (rc < 0) {
        return rms_fail(request, rc, detail);
    }
    RMS_TRY(choose_owner(p));
    return p->body.template_id != NULL ? choose_template(p) : own_policy(p);
}

/* --- the licence ----------------------------------------------------------------------------------- */

static int draft(struct publishing *p, struct rms_buf *text, struct rms_pl_draft *draft_out)
{
    struct rms_pl_request wanted = {
        .policy = &p->policy,
        .content_id = p->content_id,
        .owner = p->owner,
        .issuer = p->request->person->address,
        .issued_at = p->request->now,
    };
    return rms_pl_draft(&p->tenant->active->server, &wanted, text, draft_out);
}

/* keyd makes the key, completes the licence with it and signs that: one exchange. */
static int seal(struct publishing *p)
{
    const struct rms_live_key *key = p->tenant->active;
    RMS_BUF_CLEANUP struct rms_buf erd = RMS_BUF_INIT(ERD_MAX);
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(PL_MAX);
    struct rms_erd_binding binding = {p->content_id, p->owner, p->request->now};
    uint8_t owner_bound[RMS_SHA256_BYTES];
    RMS_TRY(rms_pl_owner_bound(key->server.principals_bound, p->content_id, p->owner, owner_bound));
    RMS_TRY(rms_erd_build(&p->policy, &binding, &erd));
    bool old = p->body.deprecated_algorithms;
    struct rms_publish_request wanted = {
        .key_id = key->id,
        .mode = old ? RMS_MODE_ECB : RMS_MODE_CBC4K, /* section 10; S-128 */
        .key_bits = old ? 128 : 256,
        .owner_bound = owner_bound, /* no transplant (xrml-licences 8.2) */
        .erd = rms_buf_view(&erd),
    };
    RMS_TRY(draft(p, &text, &wanted.draft));
    RMS_TRY(rms_keyd_publish(p->request->worker->keys, &wanted, &p->published));
    const struct rms_signed_body body = {
        rms_buf_view(&p->published.body), p->published.digest, rms_buf_view(&p->published.signature)};
    return body.signature.len == key->key.bits / 8 ? rms_pl_finish(&body, &p->pl) : RMS_E_INTERNAL;
}

static const char *file_name(const struct rms_policy *policy)
{
    for (size_t i = 0; i < policy->signed_count; i++) {
        if (strcmp(policy->signed_data[i].name, "MS.Content.Name") == 0) {
            return policy->signed_data[i].value;
        }
    }
    return NULL;
}

static void fill_note(const struct publishing *p)
{
    struct rms_usage_note *note = &p->request->note;
    note->content_id = rms_arena_strdup(p->request->arena, p->content_id);
    note->owner = p->owner;
    note->issuer = p->request->person->address;
    note->template_id = p->policy.from_template ? rms_arena_strdup(p->request->arena, p->policy.id) : NULL;
    note->file_name = file_name(&p->policy);
    note->published_at = p->request->now;
}

/* --- the reply ------------------------------------------------------------------------------------- */

static const char *referrer(struct publishing *p)
{
    const char *referral = p->policy.referral;
    return referral != NULL && referral[0] != '\0' ? referral : NULL;
}

static void write_reply(struct publishing *p, struct rms_buf *out)
{
    const struct rms_policy_text *text =
        rms_rest_text_for(&p->policy, rms_request_header(p->request, "Accept-Language"));
    rms_out_open(out, NULL, '{');
    rms_out_base64(out, "SerializedPublishingLicense", rms_buf_view(&p->pl));
    rms_out_text(out, "Id", p->policy.id);
    rms_out_text(out, "Name", text != NULL ? text->name : "");
    rms_out_text(out, "Description", text != NULL ? text->description : "");
    rms_out_text(out, "Referrer", referrer(p));
    rms_out_text(out, "Owner", p->owner);
    rms_out_text(out, "ContentId", p->content_id);
    rms_rest_write_key(out, p->published.opened.mode, &p->published.key);
    rms_out_pairs(out, "SignedApplicationData", p->policy.signed_data, p->policy.signed_count);
    rms_out_pairs(out, "EncryptedApplicationData", p->policy.encrypted_data, p->policy.encrypted_count);
    if (p->owner_is_group) {
        rms_out_open(out, "Warnings", '[');
        rms_out_text(out, NULL, "owner-is-group");
        rms_out_close(out, ']');
    }
    rms_out_close(out, '}');
}

static int publish(struct publishing *p, struct rms_reply *reply)
{
    RMS_TRY(choose_policy(p));
    if (p->tenant->active == NULL) {
        return rms_fail(p->request, RMS_E_KEY_UNAVAILABLE, "the tenant has no active key");
    }
    rms_guid_new(p->content_id);
    RMS_TRY(seal(p));
    fill_note(p);
    rms_tracking_keep(
        p->request, p->tenant, p->tenant->active); /* the service sees this one being protected */
    write_reply(p, &reply->body);
    return RMS_OK;
}

int rms_rest_publish(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct publishing p = {.request = request, .tenant = request->tenant, .pl = RMS_BUF_INIT(PL_MAX)};
    (void)front;
    int rc = rms_rest_home_serves(request, RMS_TO_PUBLISH);
    if (rc == RMS_OK) {
        rc = publish(&p, reply);
    }
    rms_published_fini(&p.published);
    rms_buf_fini(&p.pl);
    return rc;
}
