/* Online publishing (rest-protocol section 8, S-280, S-281). */
#include "directory/directory.h"
#include "service/rest.h"
#include "service/rest_body.h"
#include "service/rest_language.h"
#include "service/rest_write.h"
#include "service/tenant_template.h"
#include "service/tracking.h"

#define ERD_MAX RMS_KEYD_TEXT_MAX
#define PL_MAX  RMS_XRML_MAX_BYTES

struct publishing {
    struct rms_request *request;
    const struct rms_live_tenant *tenant;
    struct rms_publish_body body;
    struct rms_policy policy; /* what goes into the licence */
    const char *owner, *issuer;
    int64_t issued_at;
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
    if (!rms_tenant_template_offered(request, t)) {
        return rms_fail(request, RMS_E_PUBLISH_NOT_ALLOWED, /* S-111, S-112 */
            request->person->app ? "the template has a scope and EnableInLegacyApps is off"
                                 : "the template is for others");
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

/* S-082: another owner may be named by a service, for what it protects itself, or by an administrator: those
 * are the super users. */
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
    if (!request->person->app && !rms_directory_is_super(request->person, request->now)) {
        return rms_fail(
            request, RMS_E_ROLE_REQUIRED, "OwnerEmail: only a service or a super user names another owner");
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
        .issuer = p->issuer,
        .issued_at = p->issued_at,
    };
    return rms_pl_draft(&p->tenant->active->server, &wanted, text, draft_out);
}

/* keyd makes the key, completes the licence with it and signs that: one exchange. */
static int seal(struct publishing *p)
{
    const struct rms_live_key *key = p->tenant->active;
    RMS_BUF_CLEANUP struct rms_buf erd = RMS_BUF_INIT(ERD_MAX);
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(PL_MAX);
    struct rms_erd_binding binding = {p->content_id, p->owner, p->issued_at};
    uint8_t owner_bound[RMS_SHA256_BYTES];
    RMS_TRY(rms_pl_owner_bound(key->server.principals_bound, p->content_id, p->owner, owner_bound));
    RMS_TRY(rms_erd_build(&p->policy, &binding, &erd));
    struct rms_publish_request wanted = {
        .key_id = key->id,
        .mode = p->body.cipher->mode, /* section 10; S-128 */
        .key_bits = p->body.cipher->key_bits,
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
    note->issuer = p->issuer;
    note->template_id = p->policy.from_template ? rms_arena_strdup(p->request->arena, p->policy.id) : NULL;
    note->file_name = file_name(&p->policy);
    note->published_at = p->issued_at;
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
    p->issuer = p->request->person->address;
    p->issued_at = p->request->now;
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

/* --- the list of users and rights of an existing licence (S-079, S-080) --------------------------------- */

/* What somebody asks about a licence's list, and what the service decided about him. */
struct listing {
    struct rms_rights_body body;
    const struct rms_opening *opening;
    struct rms_answer answer;
};

static int ask(struct rms_request *request, uint32_t wanted, struct listing *l)
{
    const char *detail = NULL;
    int rc = rms_rest_body_rights(request->arena, request->body, &l->body, &detail);
    if (rc < 0) {
        return rms_fail(request, rc, detail);
    }
    RMS_TRY(rms_licence_open(request, l->body.licence, &l->opening, NULL));
    return rms_licence_decide(request, l->opening, wanted, &l->answer);
}

static bool has(const struct listing *l, uint32_t right)
{
    return l->answer.code == RMS_OK && rms_rights_allow(&l->answer.decision.rights, right);
}

/* Everybody learns his own rights; who else has which, only those with VIEWRIGHTSDATA. */
static void write_listing(struct rms_request *request, const struct listing *l, struct rms_buf *out)
{
    static const struct rms_rights none = {0};
    bool shown = has(l, RMS_RIGHT_VIEWRIGHTSDATA);
    int code = l->answer.code < 0 ? l->answer.code : shown ? RMS_OK : RMS_E_NO_RIGHTS;
    request->note.code = code;
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "ContentId", l->opening->content_id);
    rms_out_text(out, "Owner", l->answer.owner);
    rms_out_text(out, "IssuedTo", request->address);
    rms_out_text(out, "Referrer", l->answer.referrer);
    rms_out_rights(out, "Rights", l->answer.code == RMS_OK ? &l->answer.decision.rights : &none);
    rms_out_text(out, "Reason", code < 0 ? rms_error_info(code)->reason : NULL);
    if (shown) {
        rms_rest_write_grants(out, request->arena, l->answer.shown);
    } else {
        rms_out_null(out, "UserRights");
    }
    rms_out_close(out, '}');
}

int rms_rest_rights_list(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct listing l = {0};
    (void)front;
    int rc = ask(request, RMS_RIGHT_VIEWRIGHTSDATA, &l);
    if (rc == RMS_OK) {
        write_listing(request, &l, &reply->body);
    }
    rms_opening_unref(&l.opening);
    return rc;
}

/* Who may change the list adds no right that he has not got himself: else EDITRIGHTSDATA would be OWNER in
 * two steps, and would remove protection after all. */
static int check_added(struct rms_request *request, const struct listing *l)
{
    const struct rms_rights *own = &l->answer.decision.rights;
    for (size_t i = 0; i < l->body.added_count; i++) {
        const struct rms_rights *more = &l->body.added[i].rights;
        bool held = (more->bits & ~own->bits) == 0 && more->custom_count == 0;
        if (!held && (own->bits & RMS_RIGHT_OWNER) == 0) {
            return rms_fail(request, RMS_E_NO_RIGHTS, "Add: a right that you do not have");
        }
    }
    return RMS_OK;
}

/* The licence is signed anew, and says again who owns the document: so what it says now must be proved, and
 * the document one of the organisation's own. Of a template the service keeps the list. */
static int check_change(struct rms_request *request, const struct listing *l)
{
    if (l->answer.code < 0) {
        return l->answer.code;
    }
    if (!has(l, RMS_RIGHT_EDITRIGHTSDATA)) {
        return rms_fail(request, RMS_E_NO_RIGHTS, "EDITRIGHTSDATA");
    }
    if (l->opening->from_template) {
        return rms_fail(
            request, RMS_E_BAD_ARGUMENT, "the rights are those of a template; an administrator changes it");
    }
    if (!l->opening->owner_proved || l->opening->issuer == NULL ||
        strcmp(l->opening->tenant_id, request->tenant->row.id) != 0) {
        return rms_fail(request, RMS_E_ROLE_REQUIRED,
            "the rights of this licence can be changed by who protected it only");
    }
    return check_added(request, l);
}

static bool is_removed(const struct rms_rights_body *body, const char *who)
{
    for (size_t i = 0; i < body->removed_count && who != NULL; i++) {
        if (strcasecmp(body->removed[i], who) == 0) {
            return true;
        }
    }
    return false;
}

static int change_grants(struct publishing *p, const struct rms_rights_body *body)
{
    struct rms_arena *arena = p->request->arena;
    size_t count = 0;
    struct rms_grant *grants =
        rms_arena_array(arena, p->policy.grant_count + body->added_count + 1, sizeof *grants);
    if (grants == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < p->policy.grant_count; i++) {
        const struct rms_grant *grant = &p->policy.grants[i];
        if (!is_removed(body, rms_grant_principal_text(arena, grant))) {
            grants[count++] = *grant;
        }
    }
    for (size_t i = 0; i < body->added_count; i++) {
        grants[count++] = body->added[i];
    }
    p->policy.grants = grants;
    p->policy.grant_count = count;
    p->policy.only_me = count == 0;
    return RMS_OK;
}

/* The file may have been saved since: what it says of itself comes first, and of two the first counts. */
static int change_data(struct publishing *p, const struct rms_rights_body *body)
{
    size_t count = body->container_count;
    struct rms_name_value *pairs =
        rms_arena_array(p->request->arena, count + p->policy.signed_count + 1, sizeof *pairs);
    if (pairs == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        pairs[i] = body->container[i];
    }
    for (size_t i = 0; i < p->policy.signed_count; i++) {
        const struct rms_name_value *old = &p->policy.signed_data[i];
        bool told = false;
        for (size_t k = 0; k < body->container_count; k++) {
            told = told || strcmp(old->name, body->container[k].name) == 0;
        }
        if (!told) {
            pairs[count++] = *old;
        }
    }
    p->policy.signed_data = pairs;
    p->policy.signed_count = count;
    return RMS_OK;
}

/* Who reads it now goes on reading it; what no package has becomes the default. */
static const struct rms_cipher_package *package_of(const struct rms_opened *opened)
{
    const struct rms_cipher_package *package;
    for (size_t i = 0; (package = rms_cipher_package_row(i)) != NULL; i++) {
        if (package->mode == opened->mode && package->key_bits == opened->key_bytes * 8) {
            return package;
        }
    }
    return rms_cipher_package_row(0);
}

/* Everything but list, key and signature stays: content id, owner, issuer, time, expiry. */
static int change(struct publishing *p, const struct listing *l, struct rms_reply *reply)
{
    struct rms_arena *arena = p->request->arena;
    const char *field = NULL;
    RMS_TRY(check_change(p->request, l));
    p->policy = l->opening->policy;
    p->body.cipher = package_of(&l->opening->opened);
    p->owner = rms_arena_strdup(arena, l->opening->owner); /* the log row outlives the opening */
    p->issuer = rms_arena_strdup(arena, l->opening->issuer);
    if (p->owner == NULL || p->issuer == NULL) {
        return RMS_E_NO_MEMORY;
    }
    p->issued_at = l->opening->issued_at;
    memcpy(p->content_id, l->opening->content_id, sizeof p->content_id);
    RMS_TRY(change_grants(p, &l->body));
    RMS_TRY(change_data(p, &l->body));
    int rc = rms_policy_check(&p->policy, RMS_TIME_NONE, &field);
    if (rc < 0) {
        return rms_fail(p->request, rc, field);
    }
    if (p->tenant->active == NULL) {
        return rms_fail(p->request, RMS_E_KEY_UNAVAILABLE, "the tenant has no active key");
    }
    RMS_TRY(seal(p));
    fill_note(p);
    if (p->request->note.file_name != NULL) {
        p->request->note.file_name = rms_arena_strdup(arena, p->request->note.file_name);
    }
    write_reply(p, &reply->body);
    return RMS_OK;
}

int rms_rest_rights_change(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct publishing p = {.request = request, .tenant = request->tenant, .pl = RMS_BUF_INIT(PL_MAX)};
    struct listing l = {0};
    (void)front;
    int rc = rms_rest_home_serves(request, RMS_TO_PUBLISH);
    if (rc == RMS_OK) {
        rc = ask(request, RMS_RIGHT_EDITRIGHTSDATA, &l);
    }
    if (rc == RMS_OK) {
        rc = change(&p, &l, reply);
    }
    rms_opening_unref(&l.opening);
    rms_published_fini(&p.published);
    rms_buf_fini(&p.pl);
    return rc;
}
