#include "client/issue.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "client/api.h"
#include "client/builder_json.h"
#include "client/cache.h"
#include "client/context.h"
#include "crypto/base64.h"
#include "crypto/random.h"

#define LICENCE_MAX (8u * 1024 * 1024)
#define ARENA_MAX   (256u * 1024)
#define EXTRA_MAX   4
#define SEAL_MAX    128

/* --- plan --- */

static bool is_other(const struct rms_policy_builder *policy, const char *address)
{
    return policy->owner != NULL && strcmp(policy->owner, address) != 0;
}

static int plan_online(struct rms_plan *plan)
{
    struct rms_session RMS_SESSION_CLEANUP *session = NULL;

    if (plan->context->settings.offline) {
        return rms_fail(plan->context, RMS_E_NEEDS_ONLINE,
            "only the service can make this licence, and the context is offline");
    }
    RMS_TRY(rms_session_get(plan->context, &session));
    plan->address = rms_arena_strdup(plan->policy->arena,
        plan->on_behalf != NULL ? plan->on_behalf : rms_session_signin(session)->address);
    return plan->address != NULL ? 0 : RMS_E_NO_MEMORY;
}

int rms_plan_make(struct rms_context *context, const struct rms_policy_builder *policy, bool online,
    enum rms_persist persist, struct rms_plan *plan_out)
{
    struct rms_plan *plan = plan_out;

    *plan = (struct rms_plan){.context = context, .policy = policy, .persist = persist};
    if (!context->settings.publishing) { /* S-031 */
        return rms_fail(context, RMS_E_PUBLISH_NOT_ALLOWED, "switched off: publishing in rms.conf");
    }
    RMS_TRY(rms_builder_check(context, policy, rms_clock_now()));
    plan->on_behalf = policy->on_behalf != NULL ? policy->on_behalf : context->settings.on_behalf;
    if (persist > RMS_PERSIST_NONE) {
        return rms_fail(context, RMS_E_BAD_ARGUMENT, "no such choice of what to keep");
    }
    RMS_TRY(rms_ec_generate(&plan->seal_key));
    if (online || plan->on_behalf != NULL) {
        return plan_online(plan);
    }
    RMS_TRY(rms_identity_get(context, RMS_FOR_PUBLISHING, &plan->identity));
    plan->address = plan->identity->address;
    if (is_other(policy, plan->address)) {
        rms_identity_unref(&plan->identity);
        return plan_online(plan);
    }
    rms_seen_note(context, rms_clock_now(), false);
    return 0;
}

void rms_plan_fini(struct rms_plan *plan)
{
    rms_identity_unref(&plan->identity);
    rms_ec_private_free(&plan->seal_key);
}

void rms_issued_fini(struct rms_issued *issued)
{
    rms_buf_fini(&issued->licence);
    rms_content_key_fini(&issued->key);
}

/* --- what the licence says about the container --- */

struct extras {
    struct rms_name_value pairs[EXTRA_MAX];
    size_t count;
    char size[24];
    struct rms_buf seal;
};

/* The key whose signature the file's seal has: x and y, in base64. */
static int describe_seal(const struct rms_ec_private *key, struct extras *extras)
{
    struct rms_ec_public public;

    rms_ec_public_of(key, &public);
    rms_base64_encode(&extras->seal, rms_view_of(&public, sizeof public));
    RMS_TRY(rms_buf_status(&extras->seal));
    extras->pairs[extras->count++] = (struct rms_name_value){RMS_DATA_SEAL, rms_buf_text(&extras->seal)};
    return 0;
}

static int describe(const struct rms_plan *plan, const struct rms_content_about *about, struct extras *extras)
{
    extras->count = 0;
    extras->seal = RMS_BUF_INIT(SEAL_MAX);
    extras->pairs[extras->count++] = (struct rms_name_value){RMS_DATA_EXTENSION, about->extension};
    if (about->size != UINT64_MAX) {
        (void)snprintf(extras->size, sizeof extras->size, "%" PRIu64, about->size);
        extras->pairs[extras->count++] = (struct rms_name_value){RMS_DATA_SIZE, extras->size};
    }
    if (about->mail) {
        extras->pairs[extras->count++] = (struct rms_name_value){RMS_DATA_MAIL, "1"};
    }
    return about->sealed ? describe_seal(plan->seal_key, extras) : 0;
}

/* The policy with the extras before its own signed data: of two with one name the first counts. */
static int extend(struct rms_arena *arena, const struct rms_policy *policy, const struct extras *extras,
    struct rms_policy *out)
{
    size_t count = policy->signed_count + extras->count;
    struct rms_name_value *pairs = rms_arena_array(arena, count, sizeof *pairs);

    if (pairs == NULL) {
        return RMS_E_NO_MEMORY;
    }
    memcpy(pairs, extras->pairs, extras->count * sizeof *pairs);
    if (policy->signed_count > 0) {
        memcpy(pairs + extras->count, policy->signed_data, policy->signed_count * sizeof *pairs);
    }
    *out = *policy;
    out->signed_data = pairs;
    out->signed_count = count;
    return 0;
}

/* --- with the device's certificate --- */

/* What one licence needs while it is made. */
struct making {
    const struct rms_plan *plan;
    struct rms_issued *issued;
    int64_t now;
    struct rms_buf bits, erd, ul;
};

static int make_key(const struct rms_cipher_package *cipher, struct rms_issued *issued)
{
    cipher = cipher != NULL ? cipher : rms_cipher_package_row(0);
    issued->key.mode = cipher->mode;
    issued->key.key = rms_secret_new(cipher->key_bits / 8);
    if (issued->key.key == NULL) {
        return RMS_E_NO_MEMORY;
    }
    rms_random(rms_secret_bytes(issued->key.key), cipher->key_bits / 8);
    rms_guid_new(issued->content_id);
    return 0;
}

/* Rights data: the signed template as it is, or the policy bound to this content and owner
 * (xrml-licences 8.2). */
static int make_rights(struct making *making)
{
    const struct rms_policy_builder *policy = making->plan->policy;
    const struct rms_erd_binding binding = {making->issued->content_id, making->plan->address, making->now};
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(LICENCE_MAX);
    struct rms_view plain = policy->template_text;

    if (plain.len == 0) {
        RMS_TRY(rms_erd_build(&policy->policy, &binding, &text));
        plain = rms_buf_view(&text);
    }
    return rms_erd_encrypt(rms_secret_view(making->issued->key.key), plain, &making->erd);
}

/* The author's own use licence: OWNER for him, sealed to his key, signed by his CLC (S-137). None where the
 * template gives authors what is listed: then the service says what that is, as for everybody (B-07). */
static int make_own_licence(struct making *making)
{
    const struct rms_identity *identity = making->plan->identity;
    struct rms_buf RMS_BUF_CLEANUP bits = RMS_BUF_INIT(RMS_ENABLING_MAX);
    const struct rms_rights owner = {.bits = RMS_RIGHT_OWNER};
    struct rms_ul_request request = {
        .content_id = making->issued->content_id,
        .owner = making->plan->address,
        .rac = &identity->rac,
        .rights = &owner,
        .issued_at = making->now,
        .content_valid_until = RMS_TIME_NONE,
        .licence_valid_until = RMS_TIME_NONE,
        .data = making->plan->policy->policy.encrypted_data,
        .data_count = making->plan->policy->policy.encrypted_count,
    };

    if ((making->plan->persist & RMS_PERSIST_NOT_LICENSE) != 0 ||
        making->plan->policy->policy.author_listed) {
        return 0;
    }
    RMS_TRY(rms_enabling_seal_key(&identity->rac.node->subject_key, making->issued->key.mode,
        rms_secret_view(making->issued->key.key), identity->clc_bound, &bits));
    request.bits = rms_buf_view(&bits);
    return rms_ul_build(&identity->server, &identity->clc, &request, &identity->clc_signer, &making->ul);
}

static int make_licence(struct making *making, const struct rms_policy *policy)
{
    const struct rms_identity *identity = making->plan->identity;
    struct rms_pl_request request = {
        .policy = policy,
        .content_id = making->issued->content_id,
        .owner = making->plan->address,
        .issuer = making->plan->address,
        .issued_at = making->now,
        .clc = &identity->clc,
    };
    uint8_t owner_bound[RMS_SHA256_BYTES];

    RMS_TRY(rms_pl_owner_bound(
        identity->server.principals_bound, request.content_id, request.owner, owner_bound));
    RMS_TRY(rms_enabling_seal_owned_key(&identity->server.key, making->issued->key.mode,
        rms_secret_view(making->issued->key.key), owner_bound, &making->bits));
    RMS_TRY(make_rights(making));
    RMS_TRY(make_own_licence(making));
    request.made.bits = rms_buf_view(&making->bits);
    request.made.erd = rms_buf_view(&making->erd);
    request.owner_ul = rms_buf_view(&making->ul);
    return rms_pl_build(&identity->server, &request, &identity->clc_signer, &making->issued->licence);
}

static int issue_offline(const struct rms_plan *plan, const struct extras *extras, struct rms_issued *issued)
{
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA_MAX);
    struct making making = {plan, issued, rms_clock_now(), RMS_BUF_INIT(RMS_ENABLING_MAX),
        RMS_BUF_INIT(LICENCE_MAX), RMS_BUF_INIT(LICENCE_MAX)};
    struct rms_policy policy;
    int status;

    if (arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(extend(arena, &plan->policy->policy, extras, &policy));
    status = make_key(plan->policy->cipher, issued);
    if (status == 0) {
        status = make_licence(&making, &policy);
    }
    rms_buf_fini(&making.bits);
    rms_buf_fini(&making.erd);
    rms_buf_fini(&making.ul);
    return status;
}

/* --- by the service --- */

static int take_key(const json_t *reply, struct rms_issued *issued)
{
    const json_t *key = json_object_get(reply, "Key");
    const char *mode = rms_json_str(key, "CipherMode");
    struct rms_buf RMS_BUF_CLEANUP value = RMS_BUF_INIT(RMS_CONTENT_KEY_MAX);

    if (mode == NULL || rms_mode_from_wire(mode, &issued->key.mode) != 0 ||
        rms_api_bytes(key, "Value", &value) != 0 || (value.len != 16 && value.len != 24 && value.len != 32)) {
        return RMS_E_BAD_LICENSE;
    }
    issued->key.key = rms_secret_take(value.data, value.len);
    return issued->key.key != NULL ? 0 : RMS_E_NO_MEMORY;
}

static json_t *request_of(
    const struct rms_plan *plan, const struct rms_content_about *about, const struct extras *extras)
{
    const struct rms_rights_change *change = plan->change;

    if (change == NULL) {
        return rms_builder_request(plan->policy, rms_clock_now(), extras->pairs, extras->count);
    }
    return rms_builder_change(plan->policy, change, about->licence, extras->pairs, extras->count);
}

static int issue_online(const struct rms_plan *plan, const struct rms_content_about *about,
    const struct extras *extras, struct rms_issued *issued)
{
    json_t RMS_JSON_CLEANUP *body = request_of(plan, about, extras);
    json_t RMS_JSON_CLEANUP *reply = NULL;
    const struct rms_api_call call = {.endpoint = RMS_EP_PUBLISHING,
        .body = body,
        .path = plan->change != NULL ? "/rights/change" : NULL,
        .on_behalf = plan->on_behalf};
    const char *content_id;
    int status;

    if (body == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_api(plan->context, &call, &reply));
    status = take_key(reply, issued);
    if (status == 0) {
        status = rms_api_bytes(reply, "SerializedPublishingLicense", &issued->licence);
    }
    content_id = rms_json_str(reply, "ContentId");
    if (status == 0 && content_id != NULL) {
        status = rms_guid_parse(rms_view_str(content_id), issued->content_id);
    }
    if (status != 0 && status != RMS_E_NO_MEMORY) {
        return rms_fail(plan->context, RMS_E_BAD_LICENSE, "the service's licence cannot be read");
    }
    return status;
}

int rms_plan_issue(
    const struct rms_plan *plan, const struct rms_content_about *about, struct rms_issued *issued_out)
{
    struct extras extras;
    int status;

    *issued_out = (struct rms_issued){.licence = RMS_BUF_INIT(LICENCE_MAX)};
    status = describe(plan, about, &extras);
    if (status == 0) {
        status = plan->identity != NULL ? issue_offline(plan, &extras, issued_out)
                                        : issue_online(plan, about, &extras, issued_out);
    }
    rms_buf_fini(&extras.seal);
    if (status != 0) {
        rms_issued_fini(issued_out);
    }
    return status;
}

void rms_plan_keep(const struct rms_plan *plan, const struct rms_issued *issued)
{
    int status = rms_plan_remember(plan, issued);

    if (status != 0) {
        rms_note(plan->context, RMS_LOG_ERROR, RMS_NOT_KEPT ": %s", rms_error_info(status)->text);
    }
}

int rms_plan_remember(const struct rms_plan *plan, const struct rms_issued *issued)
{
    if ((plan->persist & RMS_PERSIST_NOT_DISK) != 0 || plan->on_behalf != NULL ||
        plan->policy->policy.author_listed || !plan->context->settings.cache_licences) {
        return 0; /* what is another's is not kept here */
    }
    return rms_cache_put_own(plan->context, plan->address, rms_buf_view(&issued->licence), &issued->key);
}
