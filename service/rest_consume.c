/* Opening content: end user licences (rest-protocol section 9) and use licences for devices
 * (desktop-flow.md). One decision, two forms of the answer. */
#include "service/rest.h"
#include "service/rest_body.h"
#include "service/rest_rac.h"
#include "service/rest_write.h"
#include "service/tenant_key.h"

#define SHOWN_NO_LIMIT 65535 /* IntervalTimeInDays of "no own limit": clients take <= 0 for "never" */
#define UL_MAX         (8u * 1024 * 1024)

/* --- words shared by both forms ------------------------------------------------------------------------ */

static const char *access_status(int code)
{
    if (code == RMS_OK) {
        return "AccessGranted";
    }
    return code == RMS_E_EXPIRED ? "ContentExpired" : "AccessDenied";
}

static void write_grant(struct rms_buf *out, struct rms_arena *arena, const struct rms_grant *grant)
{
    const char *who = rms_grant_principal_text(arena, grant);
    rms_out_open(out, NULL, '{');
    rms_out_texts(out, "Users", &who, who != NULL ? 1 : 0);
    rms_out_rights(out, "Rights", &grant->rights);
    rms_out_close(out, '}');
}

void rms_rest_write_grants(struct rms_buf *out, struct rms_arena *arena, const struct rms_policy *policy)
{
    rms_out_open(out, "UserRights", '[');
    for (size_t i = 0; i < policy->grant_count; i++) {
        write_grant(out, arena, &policy->grants[i]);
    }
    rms_out_close(out, ']');
}

/* The whole policy is shown to those who may see it (S-080, S-282). */
static void write_policy(struct rms_buf *out, struct rms_arena *arena, const struct rms_answer *answer)
{
    const struct rms_policy *policy = answer->shown;
    const struct rms_decision *decision = &answer->decision;
    if (answer->code < 0 || !rms_rights_allow(&decision->rights, RMS_RIGHT_VIEWRIGHTSDATA)) {
        rms_out_null(out, "Policy");
        return;
    }
    int days = policy->offline_days;
    rms_out_open(out, "Policy", '{');
    rms_out_bool(out, "AllowAuditedExtraction", answer->opening->policy.audited_extraction);
    rms_out_bool(out, "allowOfflineAccess", days != 0);
    rms_out_int(out, "IntervalTimeInDays", !decision->offline_allowed ? 0 : days > 0 ? days : SHOWN_NO_LIMIT);
    rms_out_time(out, "LicenseValidUntil", rms_policy_ends(policy, answer->opening->issued_at));
    rms_rest_write_grants(out, arena, policy);
    rms_out_null(out, "UserRoles");
    rms_out_close(out, '}');
}

static void write_application_data(struct rms_buf *out, const struct rms_answer *answer)
{
    const struct rms_policy *own = &answer->opening->policy;
    rms_out_pairs(out, "SignedApplicationData", own->signed_data, own->signed_count);
    rms_out_pairs(out, "EncryptedApplicationData", own->encrypted_data,
        answer->code == RMS_OK ? own->encrypted_count : 0);
}

void rms_rest_write_answer(
    struct rms_buf *out, const struct rms_request *request, const struct rms_answer *answer)
{
    const struct rms_opening *o = answer->opening;
    const struct rms_decision *decision = &answer->decision;
    bool granted = answer->code == RMS_OK;
    static const struct rms_rights none = {0};
    static const char *const removal[] = {"OWNER", "EXPORT", "EXTRACT"};
    rms_out_text(out, "AccessStatus", access_status(answer->code));
    rms_out_text(out, "Reason", granted ? NULL : rms_error_info(answer->code)->reason);
    rms_out_text(out, "Id", o->policy.id);
    rms_out_text(out, "Name", answer->text->name);
    rms_out_text(out, "Description", answer->text->description);
    rms_out_text(out, "Referrer", answer->referrer);
    rms_out_text(out, "Owner", answer->owner);
    rms_out_text(out, "IssuedTo", request->address);
    rms_out_text(out, "ContentId", o->content_id);
    rms_out_rights(out, "Rights", granted ? &decision->rights : &none);
    if (granted && answer->tenant->row.removal_rights_extract) {
        rms_out_texts(out, "RemovalRights", removal, 3); /* S-079; without it OWNER and EXPORT */
    }
    rms_out_texts(out, "Roles", NULL, 0);
    rms_out_time(out, "ContentValidUntil", granted ? decision->content_valid_until : RMS_TIME_NONE);
    rms_out_time(out, "LicenseValidUntil", granted ? decision->licence_valid_until : RMS_TIME_NONE);
    rms_out_bool(out, "FromTemplate", o->from_template);
    rms_out_bool(out, "allowOfflineAccess", granted && decision->offline_allowed);
    rms_out_bool(out, "OnlineAccessOnly", granted && !decision->offline_allowed);
    write_policy(out, request->arena, answer);
    write_application_data(out, answer);
    rms_out_null(out, "DocumentId");
    rms_out_null(out, "LabelId");
    rms_out_text(out, "ErrorMessage", granted ? NULL : rms_error_info(answer->code)->text);
}

void rms_rest_write_key(struct rms_buf *out, enum rms_cipher_mode mode, const struct rms_released *released)
{
    rms_out_open(out, "Key", '{');
    rms_out_base64(out, "Value", rms_view_of(released->key, released->len));
    rms_out_text(out, "CipherMode", rms_mode_wire(mode));
    rms_out_text(out, "Algorithm", "AES");
    rms_out_int(out, "Size", (int64_t)released->len);
    rms_out_close(out, '}');
}

int rms_rest_wanted(struct rms_request *request, uint32_t *wanted_out)
{
    const char *text = rms_request_query(request, "wanted");
    *wanted_out = 0;
    while (text != NULL && *text != '\0') {
        size_t len = strcspn(text, ",");
        struct rms_rights right = {0};
        const char *name = rms_arena_text(request->arena, rms_view_of(text, len));
        if (name == NULL) {
            return RMS_E_NO_MEMORY;
        }
        if (rms_rights_add(request->arena, &right, name, false) < 0) {
            return rms_fail(request, RMS_E_BAD_ARGUMENT, "wanted: unknown right");
        }
        *wanted_out |= right.bits;
        text += len + (text[len] == ',');
    }
    return RMS_OK;
}

/* --- end user licences: the key travels in the reply -----------------------------------------------------
 */

static const char *const pl_member = "SerializedPublishingLicense";

/* Warm, this is one hash: body, JSON, base64 and XML are not looked at. The key is the whole body's hash, so
 * an entry can only be found by the very bytes that were verified. */
static int find_or_open(
    struct rms_request *request, const uint8_t key[RMS_SHA256_BYTES], const struct rms_opening **opening_out)
{
    struct rms_licences *licences = request->worker->front->licences;
    *opening_out = rms_licences_get(licences, key);
    if (*opening_out != NULL) {
        return RMS_OK;
    }
    struct rms_view pl;
    const char *detail = NULL;
    int rc = rms_rest_body_blobs(request->arena, request->body, &pl_member, 1, &pl, &detail);
    if (rc < 0) {
        return rms_fail(request, rc, detail);
    }
    RMS_TRY(rms_licence_open(request, pl, opening_out, NULL));
    rms_licences_put(licences, key, *opening_out);
    return RMS_OK;
}

static int answer_with_key(
    struct rms_request *request, const struct rms_opening *opening, uint32_t wanted, struct rms_buf *out)
{
    struct rms_answer answer;
    RMS_RELEASED_CLEANUP struct rms_released released = {0};
    RMS_TRY(rms_licence_decide(request, opening, wanted, &answer));
    if (answer.code == RMS_OK) {
        RMS_TRY(rms_keyd_release(request->worker->keys, opening->key_id, opening->opened.handle, &released));
    }
    rms_out_open(out, NULL, '{');
    rms_rest_write_answer(out, request, &answer);
    if (answer.code == RMS_OK) {
        rms_rest_write_key(out, opening->opened.mode, &released);
    } else {
        rms_out_null(out, "Key");
    }
    rms_out_close(out, '}');
    return RMS_OK;
}

static int end_user_licence(
    struct rms_request *request, const uint8_t key[RMS_SHA256_BYTES], uint32_t wanted, struct rms_buf *out)
{
    RMS_OPENING_CLEANUP const struct rms_opening *opening = NULL;
    RMS_TRY(find_or_open(request, key, &opening));
    int rc = answer_with_key(request, opening, wanted, out);
    if (rc == RMS_E_RECHALLENGE) {
        rms_licences_drop(request->worker->front->licences, key); /* keyd forgot the handle */
    }
    return rc;
}

int rms_rest_end_user_licence(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    uint8_t key[RMS_HASH_MAX];
    uint32_t wanted = 0;
    (void)front;
    RMS_TRY(rms_rest_wanted(request, &wanted));
    rms_hash(RMS_SHA256, request->body, key);
    int rc = end_user_licence(request, key, wanted, &reply->body);
    if (rc == RMS_E_RECHALLENGE) { /* nothing is written before the key is there */
        rc = end_user_licence(request, key, wanted, &reply->body);
    }
    return rc == RMS_E_RECHALLENGE ? RMS_E_KEY_UNAVAILABLE : rc;
}

/* --- use licences: the key is sealed to the account certificate --------------------------------------------
 */

struct using
{
    struct rms_request *request;
    struct rms_certificate rac;
    struct rms_view pl_bytes;
    uint8_t key[RMS_HASH_MAX]; /* of the licence in the cache */
    struct rms_pl pl;
    struct rms_answer answer;
    struct rms_buf bits;
    struct rms_buf ul;
};

static int read_body(struct using *u)
{
    static const char *const members[] = {"AccountCertificate", "SerializedPublishingLicense"};
    struct rms_request *request = u->request;
    struct rms_view values[2];
    const char *detail = NULL;
    int rc = rms_rest_body_blobs(request->arena, request->body, members, 2, values, &detail);
    if (rc < 0) {
        return rms_fail(request, rc, detail);
    }
    rc = rms_rest_rac(request, values[0], true, &u->rac);
    if (rc < 0) {
        return rms_licence_refuse(request, values[1], rc);
    }
    u->pl_bytes = values[1];
    rms_hash(RMS_SHA256, u->pl_bytes, u->key);
    u->key[0] ^= 0x80; /* not a body: a key space of its own */
    return RMS_OK;
}

/* The use licence repeats parts of the PL, so it is parsed even when its opening is at hand; its bytes are
 * then those that were verified. */
static int open_licence(struct using *u, const struct rms_opening **opening_out)
{
    struct rms_licences *licences = u->request->worker->front->licences;
    *opening_out = rms_licences_get(licences, u->key);
    if (*opening_out != NULL) {
        return rms_pl_parse(u->request->arena, u->pl_bytes, &u->pl);
    }
    RMS_TRY(rms_licence_open(u->request, u->pl_bytes, opening_out, &u->pl));
    rms_licences_put(licences, u->key, *opening_out);
    return RMS_OK;
}

/* What the device can check: the key that its account certificate is under, as long as that is not renewed
 * (S-206); of another tenant's content the key that its licence names. */
static const struct rms_live_key *signing_key(const struct using *u)
{
    const struct rms_live_tenant *tenant = u->answer.tenant;
    const struct rms_live_key *key = rms_live_key_of(tenant, &u->rac.node->issuer_key);
    if (key == NULL) {
        key = rms_live_key_named(tenant, u->answer.opening->key_id);
    }
    return key != NULL && !rms_live_key_weak(key) ? key : tenant->active;
}

static int build_licence(struct using *u)
{
    struct rms_request *request = u->request;
    const struct rms_opening *opening = u->answer.opening;
    const struct rms_live_key *key = signing_key(u);
    const struct rms_decision *decision = &u->answer.decision;
    if (key == NULL) {
        return rms_fail(request, RMS_E_KEY_UNAVAILABLE, "the tenant has no active key");
    }
    struct rms_seal_target target = {&u->rac.node->subject_key, key->server.issuer_bound};
    RMS_TRY(
        rms_keyd_seal_to(request->worker->keys, opening->key_id, opening->opened.handle, &target, &u->bits));
    struct rms_keyd_signing signing = {request->worker->keys, key->id, RMS_SIGN_UL};
    struct rms_signer signer = rms_keyd_signer(&signing, &key->key);
    struct rms_ul_request wanted = {
        .pl = &u->pl,
        .content_id = opening->content_id,
        .owner = opening->owner,
        .rac = &u->rac,
        .rights = &decision->rights,
        .bits = rms_buf_view(&u->bits),
        .issued_at = request->now,
        .content_valid_until = decision->content_valid_until,
        .licence_valid_until = decision->licence_valid_until,
        .data = opening->policy.encrypted_data,
        .data_count = opening->policy.encrypted_count,
        .removal_extract = u->answer.tenant->row.removal_rights_extract,
    };
    RMS_TRY(rms_ul_build(&key->server, NULL, &wanted, &signer, &u->ul));
    rms_buf_append_view(&u->ul, key->server.slc_text);
    return rms_buf_status(&u->ul);
}

static int use_licence(struct using *u, uint32_t wanted, struct rms_buf *out)
{
    RMS_OPENING_CLEANUP const struct rms_opening *opening = NULL;
    RMS_TRY(open_licence(u, &opening));
    RMS_TRY(rms_licence_decide(u->request, opening, wanted, &u->answer));
    bool granted = u->answer.code == RMS_OK;
    if (granted) {
        int rc = build_licence(u);
        if (rc == RMS_E_RECHALLENGE) {
            rms_licences_drop(u->request->worker->front->licences, u->key);
        }
        RMS_TRY(rc);
    }
    rms_out_open(out, NULL, '{');
    rms_rest_write_answer(out, u->request, &u->answer);
    if (granted) {
        rms_out_base64(out, "UseLicense", rms_buf_view(&u->ul));
    } else {
        rms_out_null(out, "UseLicense");
    }
    rms_out_text(out, "Issuer", opening->issuer);
    rms_out_close(out, '}');
    return RMS_OK;
}

int rms_rest_use_licence(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct using u = {
        .request = request,
        .bits = RMS_BUF_INIT(RMS_ENABLING_MAX),
        .ul = RMS_BUF_INIT(UL_MAX),
    };
    uint32_t wanted = 0;
    (void)front;
    RMS_TRY(rms_rest_wanted(request, &wanted));
    int rc = read_body(&u);
    if (rc == RMS_OK) {
        rc = use_licence(&u, wanted, &reply->body);
    }
    if (rc == RMS_E_RECHALLENGE) {
        rms_buf_reset(&u.bits);
        rc = use_licence(&u, wanted, &reply->body);
    }
    rms_buf_fini(&u.bits);
    rms_buf_fini(&u.ul);
    return rc == RMS_E_RECHALLENGE ? RMS_E_KEY_UNAVAILABLE : rc;
}
