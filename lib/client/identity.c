#include "client/identity.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "client/anchors.h"
#include "client/api.h"
#include "client/auth.h"
#include "client/bootstrap.h"
#include "client/context.h"
#include "client/signin.h"

#define ARENA_MAX     (8u * 1024 * 1024)
#define ENTRY_MAX     (1024u * 1024)
#define RENEW_BEFORE  (3 * (int64_t)RMS_DAY_S)
#define RENEW_PAUSE_S 300

void rms_identity_unref(struct rms_identity **identity)
{
    struct rms_identity *gone = *identity;

    *identity = NULL;
    if (gone == NULL || atomic_fetch_sub(&gone->references, 1) != 1) {
        return;
    }
    rms_rsa_private_free(&gone->clc_key);
    rms_rsa_private_free(&gone->user_key);
    rms_rsa_private_free(&gone->machine_key);
    rms_arena_free(&gone->arena);
    rms_free(gone);
}

/* --- from the store --- */

static int entry(struct rms_context *context, const char *owner, struct rms_view name, struct rms_buf *out)
{
    const struct rms_vault_place place = {
        owner[0] != '\0' ? RMS_VAULT_CERTIFICATE : RMS_VAULT_MACHINE, owner, name};

    return rms_vault_get(context->vault, &place, out);
}

/* A certificate with its issuer behind it, proved by the pinned SLC key. The text moves to the arena. */
static int load_certificate(struct rms_identity *identity, struct rms_view bytes, enum rms_document_kind kind,
    struct rms_certificate *certificate_out)
{
    const struct rms_trust trust = {.keys = &identity->server.key, .key_count = 1};
    uint8_t *copy = rms_arena_copy(identity->arena, bytes.data, bytes.len);
    struct rms_chain chain;

    if (copy == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_chain_parse(identity->arena, rms_view_of(copy, bytes.len), &chain));
    if (kind != RMS_DOC_SPC) {
        RMS_TRY(rms_chain_verify(&chain, &trust));
    }
    if (kind == RMS_DOC_RAC) {
        identity->rac_text = rms_view_of(copy, bytes.len);
    }
    return rms_certificate_parse(identity->arena, &chain.nodes[0], kind, certificate_out);
}

static int load_server(struct rms_context *context, struct rms_identity *identity)
{
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(ENTRY_MAX);
    struct rms_buf RMS_BUF_CLEANUP slc = RMS_BUF_INIT(ENTRY_MAX);
    json_t RMS_JSON_CLEANUP *json = NULL;
    uint8_t *copy;

    RMS_TRY(entry(context, identity->address, RMS_ENTRY_SLC, &bytes));
    RMS_TRY(rms_json_parse(rms_buf_view(&bytes), &json));
    RMS_TRY(rms_api_bytes(json, "LicensorCertificate", &slc));
    copy = rms_arena_copy(identity->arena, slc.data, slc.len);
    identity->tenant_name = rms_arena_strdup(identity->arena, rms_json_str(json, "Name"));
    if (copy == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_server_init(identity->arena, rms_view_of(copy, slc.len), rms_json_str(json, "IntranetUrl"),
        rms_json_str(json, "ExtranetUrl"), &identity->server));
    identity->trust = (struct rms_trust){.keys = &identity->server.key, .key_count = 1};
    return rms_anchors_extend(identity->arena, json, &identity->trust);
}

/* The device's key and certificate: length, key blob, certificate text. */
static int load_machine(struct rms_context *context, struct rms_identity *identity)
{
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(ENTRY_MAX);
    struct rms_view blob;
    struct rms_view spc;

    RMS_TRY(entry(context, "", RMS_ENTRY_MACHINE, &bytes));
    RMS_TRY(rms_machine_parse(rms_buf_view(&bytes), &blob, &spc));
    RMS_TRY(rms_rsa_from_blob(blob, &identity->machine_key));
    return load_certificate(identity, spc, RMS_DOC_SPC, &identity->machine);
}

static int load_account(struct rms_context *context, struct rms_identity *identity)
{
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(ENTRY_MAX);

    RMS_TRY(entry(context, identity->address, RMS_ENTRY_RAC, &bytes));
    RMS_TRY(load_certificate(identity, rms_buf_view(&bytes), RMS_DOC_RAC, &identity->rac));
    return rms_enabling_open_private(
        identity->machine_key, &identity->rac.bits, identity->rac.bits_bound, &identity->user_key);
}

/* A CLC may be missing: not everybody may publish. */
static int load_licensor(struct rms_context *context, struct rms_identity *identity)
{
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(ENTRY_MAX);
    int status = entry(context, identity->address, RMS_ENTRY_CLC, &bytes);

    if (status == RMS_E_NOT_FOUND) {
        status = entry(context, identity->address, RMS_ENTRY_REFUSAL, &bytes);
        if (status == 0 && bytes.len == sizeof identity->clc_refusal) {
            memcpy(&identity->clc_refusal, bytes.data, sizeof identity->clc_refusal);
        }
        return status == RMS_E_NOT_FOUND ? 0 : status;
    }
    RMS_TRY(status);
    RMS_TRY(load_certificate(identity, rms_buf_view(&bytes), RMS_DOC_CLC, &identity->clc));
    RMS_TRY(rms_enabling_open_private(
        identity->user_key, &identity->clc.bits, identity->clc.bits_bound, &identity->clc_key));
    RMS_TRY(rms_clc_issuer_bound(&identity->clc, identity->clc_bound));
    identity->clc_signer = rms_signer_local(identity->clc_key);
    identity->has_clc = true;
    return 0;
}

static int load_all(struct rms_context *context, struct rms_identity *identity, const char *address)
{
    identity->arena = rms_arena_new(ARENA_MAX);
    if (identity->arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    identity->address = rms_arena_strdup(identity->arena, address);
    if (identity->address == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(load_server(context, identity));
    RMS_TRY(load_machine(context, identity));
    RMS_TRY(load_account(context, identity));
    return load_licensor(context, identity);
}

/* Certificates that do not open or do not fit together are as good as none: they are made anew. */
static bool unusable(int status)
{
    static const int codes[] = {RMS_E_BAD_LICENSE, RMS_E_BAD_SIGNATURE, RMS_E_UNKNOWN_KEY, RMS_E_WEAK_CRYPTO,
        RMS_E_BAD_ARGUMENT, RMS_E_DAMAGED};

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (codes[i] == status) {
            return true;
        }
    }
    return false;
}

int rms_identity_load(struct rms_context *context, const char *address, struct rms_identity **identity_out)
{
    struct rms_identity *identity = rms_calloc(1, sizeof *identity);
    int status;

    *identity_out = NULL;
    if (identity == NULL) {
        return RMS_E_NO_MEMORY;
    }
    atomic_init(&identity->references, 1);
    status = load_all(context, identity, address);
    if (status != 0) {
        rms_identity_unref(&identity);
        return unusable(status) ? RMS_E_NOT_FOUND : status;
    }
    *identity_out = identity;
    return 0;
}

/* --- in the context --- */

static struct rms_identity *current(struct rms_context *context)
{
    struct rms_identity *identity;

    (void)pthread_mutex_lock(&context->lock);
    identity = context->identity;
    if (identity != NULL) {
        (void)atomic_fetch_add(&identity->references, 1);
    }
    (void)pthread_mutex_unlock(&context->lock);
    return identity;
}

static void keep(struct rms_context *context, struct rms_identity *identity)
{
    (void)atomic_fetch_add(&identity->references, 1);
    (void)pthread_mutex_lock(&context->lock);
    rms_identity_unref(&context->identity);
    context->identity = identity;
    (void)pthread_mutex_unlock(&context->lock);
}

void rms_identity_drop(struct rms_context *context)
{
    (void)pthread_mutex_lock(&context->lock);
    rms_identity_unref(&context->identity);
    context->renew_after = 0;
    (void)pthread_mutex_unlock(&context->lock);
}

/* When the certificates that the need asks for end; RMS_TIME_NONE when one is missing. */
static int64_t good_until(const struct rms_identity *identity, enum rms_identity_need need)
{
    int64_t until = identity->rac.valid_until;

    if (need == RMS_FOR_PUBLISHING) {
        if (!identity->has_clc) {
            return RMS_TIME_NONE;
        }
        until = identity->clc.issue_until < until ? identity->clc.issue_until : until;
    }
    return until;
}

/* Has the service been heard, and does it have another time? */
static bool clock_differs(struct rms_context *context)
{
    int64_t ahead = atomic_load(&context->clock_ahead);

    return ahead > RMS_CLOCK_SKEW_S || ahead < -RMS_CLOCK_SKEW_S;
}

/* The certificate to protect with does not count yet: nobody, the author included, could open what it signs.
 */
static bool too_early(const struct rms_identity *identity, enum rms_identity_need need, int64_t now)
{
    return need == RMS_FOR_PUBLISHING && identity->has_clc && now < identity->clc.issue_from;
}

static int judge(struct rms_context *context, const struct rms_identity *identity,
    enum rms_identity_need need, int64_t now)
{
    int64_t until = good_until(identity, need);

    if (need == RMS_FOR_OPENING) {
        return 0;
    }
    if (until == RMS_TIME_NONE) {
        return rms_fail(context, identity->clc_refusal != 0 ? identity->clc_refusal : RMS_E_NEEDS_ONLINE,
            "this device holds no certificate to protect with");
    }
    if (!too_early(identity, need, now) && now < until) {
        return 0;
    }
    if (clock_differs(context)) {
        return rms_fail_clock(context, atomic_load(&context->clock_ahead));
    }
    return now < until ? rms_fail(context, RMS_E_CLOCK, "the certificates of %s here are of a later time",
                             identity->address)
                       : rms_fail(context, RMS_E_NEEDS_ONLINE,
                             "the certificates of %s on this device have expired", identity->address);
}

/* Should the service be asked now? Near the end in good time, and not again at once after a failure. */
static bool renewal_due(struct rms_context *context, const struct rms_identity *identity,
    enum rms_identity_need need, int64_t now)
{
    int64_t until = good_until(identity, need == RMS_FOR_OPENING ? RMS_FOR_ASKING : need);

    if (context->settings.offline ||
        (until != RMS_TIME_NONE && now < until - RENEW_BEFORE && !too_early(identity, need, now))) {
        return false;
    }
    return now >= context->renew_after || now < context->renew_after - RENEW_PAUSE_S;
}

/* Renews when due. A failure counts only for those who cannot do with what there is. */
static int renew(struct rms_context *context, enum rms_identity_need need, struct rms_identity **identity)
{
    struct rms_identity *fresh = NULL;
    int64_t now = rms_clock_now();
    int status;

    if (!renewal_due(context, *identity, need, now)) {
        return judge(context, *identity, need, now);
    }
    context->renew_after = now + RENEW_PAUSE_S;
    status = rms_bootstrap_now(context, &fresh);
    if (status == 0) {
        rms_identity_unref(identity);
        *identity = fresh;
        keep(context, fresh);
        return judge(context, fresh, need, now);
    }
    rms_note(context, RMS_LOG_INFO, "certificates could not be renewed: %s", rms_error_info(status)->reason);
    if (need == RMS_FOR_OPENING || now < good_until(*identity, need)) {
        return judge(context, *identity, need, now);
    }
    return status;
}

/* That of the person who is signed in. */
static int load_signed_in(struct rms_context *context, struct rms_identity **identity_out)
{
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ENTRY_MAX);
    struct rms_signin signin;

    if (arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_signin_load(context, arena, &signin));
    return rms_identity_load(context, signin.address, identity_out);
}

int rms_identity_here(struct rms_context *context, struct rms_identity **identity_out)
{
    int status;

    *identity_out = current(context);
    if (*identity_out != NULL) {
        return 0;
    }
    /* whoever prepares the device may be busy with the network: then what was read is used, not kept */
    if (pthread_mutex_trylock(&context->prepare) != 0) {
        return load_signed_in(context, identity_out);
    }
    status = load_signed_in(context, identity_out);
    if (status == 0) {
        keep(context, *identity_out);
    }
    (void)pthread_mutex_unlock(&context->prepare);
    return status;
}

static int find_locked(
    struct rms_context *context, enum rms_identity_need need, struct rms_identity **identity_out)
{
    int status;

    *identity_out = current(context);
    if (*identity_out == NULL) {
        status = load_signed_in(context, identity_out);
        if (status == RMS_E_NOT_FOUND ||
            ((status == RMS_E_NOT_AUTHENTICATED || status == RMS_E_STORE_NOT_BOUND) &&
                rms_auth_supplied(context))) {
            status = rms_bootstrap_now(context, identity_out);
        }
        RMS_TRY(status);
        keep(context, *identity_out);
    }
    return renew(context, need, identity_out);
}

int rms_identity_get(
    struct rms_context *context, enum rms_identity_need need, struct rms_identity **identity_out)
{
    int64_t now = rms_clock_now();
    int status;

    *identity_out = current(context);
    if (*identity_out != NULL && !renewal_due(context, *identity_out, need, now) &&
        judge(context, *identity_out, need, now) == 0) {
        return 0;
    }
    rms_identity_unref(identity_out);
    (void)pthread_mutex_lock(&context->prepare);
    status = find_locked(context, need, identity_out);
    (void)pthread_mutex_unlock(&context->prepare);
    if (status != 0) {
        rms_identity_unref(identity_out);
    }
    return status;
}
