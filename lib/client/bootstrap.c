#include "client/bootstrap.h"

#include "base/clock.h"
#include "base/cursor.h"
#include "base/json.h"
#include "base/log.h"
#include "client/anchors.h"
#include "client/api.h"
#include "client/context.h"
#include "client/identity.h"
#include "client/template.h"

#define MACHINE_BITS 2048
#define ENTRY_MAX    (1024u * 1024)
#define ARENA_MAX    (8u * 1024 * 1024)

int rms_machine_emit(struct rms_view blob, struct rms_view spc, struct rms_buf *out)
{
    rms_buf_append_u32(out, (uint32_t)blob.len);
    rms_buf_append_view(out, blob);
    rms_buf_append_view(out, spc);
    return rms_buf_status(out);
}

int rms_machine_parse(struct rms_view bytes, struct rms_view *blob_out, struct rms_view *spc_out)
{
    struct rms_cursor cursor = rms_cursor_of(bytes);
    uint32_t len = rms_cursor_u32(&cursor);

    *blob_out = rms_cursor_take(&cursor, len);
    *spc_out = rms_cursor_take(&cursor, rms_cursor_left(&cursor));
    return cursor.bad || spc_out->len == 0 ? RMS_E_NOT_FOUND : 0;
}

/* What one run collects before anything is stored. */
struct harvest {
    struct rms_buf machine; /* entry of the device; empty when the stored one stays */
    struct rms_buf spc;
    struct rms_buf slc_json;
    struct rms_buf slc, rac, clc;
    int clc_refusal;
};

static void harvest_init(struct harvest *harvest)
{
    *harvest = (struct harvest){RMS_BUF_INIT(ENTRY_MAX), RMS_BUF_INIT(ENTRY_MAX), RMS_BUF_INIT(ENTRY_MAX),
        RMS_BUF_INIT(ENTRY_MAX), RMS_BUF_INIT(ENTRY_MAX), RMS_BUF_INIT(ENTRY_MAX), 0};
}

static void harvest_fini(struct harvest *harvest)
{
    rms_buf_fini(&harvest->machine);
    rms_buf_fini(&harvest->spc);
    rms_buf_fini(&harvest->slc_json);
    rms_buf_fini(&harvest->slc);
    rms_buf_fini(&harvest->rac);
    rms_buf_fini(&harvest->clc);
}

/* --- the device --- */

static int make_machine(struct harvest *harvest)
{
    struct rms_secret RMS_SECRET_CLEANUP *blob = NULL;
    struct rms_rsa_private *key = NULL;
    struct rms_signer signer;
    char guid[RMS_GUID_TEXT];
    int status;

    RMS_TRY(rms_rsa_generate(MACHINE_BITS, &key));
    signer = rms_signer_local(key);
    rms_guid_new(guid);
    status = rms_spc_build(guid, rms_clock_now(), &signer, &harvest->spc);
    if (status == 0) {
        status = rms_rsa_to_blob(key, false, &blob);
    }
    rms_rsa_private_free(&key);
    RMS_TRY(status);
    return rms_machine_emit(rms_secret_view(blob), rms_buf_view(&harvest->spc), &harvest->machine);
}

/* One key a device, whoever uses it. */
static int find_machine(struct rms_context *context, struct harvest *harvest)
{
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(ENTRY_MAX);
    const struct rms_vault_place place = {RMS_VAULT_MACHINE, "", RMS_ENTRY_MACHINE};
    struct rms_view blob;
    struct rms_view spc;
    int status = rms_vault_get(context->vault, &place, &bytes);

    if (status == 0) {
        status = rms_machine_parse(rms_buf_view(&bytes), &blob, &spc);
    }
    if (status == 0) {
        rms_buf_append_view(&harvest->spc, spc);
        return rms_buf_status(&harvest->spc);
    }
    return status == RMS_E_NOT_FOUND ? make_machine(harvest) : status;
}

/* --- the anchor --- */

static int key_of(
    struct rms_arena *arena, struct rms_view slc, struct rms_chain *chain, struct rms_rsa_public *key_out)
{
    RMS_TRY(rms_chain_parse(arena, slc, chain));
    if (chain->count == 0 || chain->nodes[0].kind != RMS_DOC_SLC || !chain->nodes[0].has_subject_key) {
        return RMS_E_BAD_LICENSE;
    }
    *key_out = chain->nodes[0].subject_key;
    return 0;
}

static bool may_repin(struct rms_context *context, const char *address)
{
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(16);
    const struct rms_vault_place place = {RMS_VAULT_CERTIFICATE, address, RMS_ENTRY_REPIN};

    return rms_vault_get(context->vault, &place, &bytes) == 0;
}

/* The SLC came over verified TLS from the service the person chose. A later one must have the same key, one
 * that the old key leads to, or follow a new sign-in. */
static int check_pin(
    struct rms_context *context, const char *address, struct rms_view slc, const json_t *reply)
{
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA_MAX);
    struct rms_identity RMS_IDENTITY_CLEANUP *known = NULL;
    struct rms_trust trust;
    struct rms_rsa_public key;
    struct rms_chain chain;

    if (arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(key_of(arena, slc, &chain, &key));
    if (rms_identity_load(context, address, &known) != 0 || may_repin(context, address)) {
        return 0;
    }
    trust = known->trust;
    RMS_TRY(rms_anchors_extend(arena, reply, &trust));
    if (rms_anchors_have(&trust, &key)) {
        return 0;
    }
    return rms_fail(
        context, RMS_E_UNKNOWN_KEY, "the service shows another key than before; sign in again to accept it");
}

static int fetch_slc(struct rms_context *context, const char *address, struct harvest *harvest)
{
    const struct rms_api_call call = {.endpoint = RMS_EP_LICENSOR};
    json_t RMS_JSON_CLEANUP *reply = NULL;
    const char *time_text;
    int64_t time;

    RMS_TRY(rms_api(context, &call, &reply));
    RMS_TRY(rms_api_bytes(reply, "LicensorCertificate", &harvest->slc));
    RMS_TRY(check_pin(context, address, rms_buf_view(&harvest->slc), reply));
    time_text = rms_json_str(reply, "Time");
    if (time_text != NULL && rms_time_parse(rms_view_str(time_text), &time) == 0) {
        rms_seen_note(context, time, true);
    }
    return rms_json_emit(reply, &harvest->slc_json);
}

/* --- certificates --- */

static int fetch_certificate(struct rms_context *context, enum rms_endpoint endpoint, const char *given_name,
    const struct rms_buf *given, const char *wanted_name, struct rms_buf *out)
{
    json_t RMS_JSON_CLEANUP *body = json_object();
    json_t RMS_JSON_CLEANUP *reply = NULL;
    const struct rms_api_call call = {.endpoint = endpoint, .body = body};

    if (body == NULL || json_object_set_new(body, given_name, rms_api_base64(rms_buf_view(given))) != 0) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_api(context, &call, &reply));
    if (rms_api_bytes(reply, wanted_name, out) != 0) {
        return rms_fail(context, RMS_E_BAD_LICENSE, "the service's certificate cannot be read");
    }
    return 0;
}

static int fetch_certificates(struct rms_context *context, struct harvest *harvest)
{
    int status;

    RMS_TRY(fetch_certificate(
        context, RMS_EP_ACCOUNT, "MachineCertificate", &harvest->spc, "AccountCertificate", &harvest->rac));
    status = fetch_certificate(context, RMS_EP_CLIENT_LICENSOR, "AccountCertificate", &harvest->rac,
        "ClientLicensorCertificate", &harvest->clc);
    if (status == RMS_E_PUBLISH_NOT_ALLOWED) {
        harvest->clc_refusal = status; /* may still open */
        return 0;
    }
    return status;
}

/* --- storing --- */

static int put(struct rms_context *context, const char *owner, struct rms_view name, struct rms_view value)
{
    const struct rms_vault_place place = {
        owner[0] != '\0' ? RMS_VAULT_CERTIFICATE : RMS_VAULT_MACHINE, owner, name};

    return value.len > 0 ? rms_vault_put(context->vault, &place, RMS_TIME_NONE, value)
                         : rms_vault_remove(context->vault, &place);
}

static int store_all(struct rms_context *context, const char *address, const struct harvest *harvest)
{
    struct rms_view refusal = rms_view_of(&harvest->clc_refusal, harvest->clc_refusal != 0 ? sizeof(int) : 0);

    if (harvest->machine.len > 0) {
        RMS_TRY(put(context, "", RMS_ENTRY_MACHINE, rms_buf_view(&harvest->machine)));
    }
    RMS_TRY(put(context, address, RMS_ENTRY_SLC, rms_buf_view(&harvest->slc_json)));
    RMS_TRY(put(context, address, RMS_ENTRY_RAC, rms_buf_view(&harvest->rac)));
    RMS_TRY(put(context, address, RMS_ENTRY_CLC, rms_buf_view(&harvest->clc)));
    RMS_TRY(put(context, address, RMS_ENTRY_REFUSAL, refusal));
    return put(context, address, RMS_ENTRY_REPIN, (struct rms_view){0});
}

/* Stored together and opened before it counts: a certificate that does not open leaves the store as it was.
 */
static int store_and_load(struct rms_context *context, const char *address, const struct harvest *harvest,
    struct rms_identity **identity_out)
{
    int status;
    int ended;

    RMS_TRY(rms_of_store(context, rms_vault_begin(context->vault)));
    status = store_all(context, address, harvest);
    if (status == 0) {
        status = rms_identity_load(context, address, identity_out);
    }
    ended = rms_vault_end(context->vault, status == 0);
    if (status == RMS_E_NOT_FOUND) {
        return rms_fail(
            context, RMS_E_BAD_LICENSE, "the certificates from the service do not fit this device");
    }
    if (status == 0 && ended != 0) {
        rms_identity_unref(identity_out);
    }
    return rms_of_store(context, status != 0 ? status : ended);
}

static int run(struct rms_context *context, const char *address, struct harvest *harvest,
    struct rms_identity **identity_out)
{
    RMS_TRY(fetch_slc(context, address, harvest));
    RMS_TRY(find_machine(context, harvest));
    RMS_TRY(fetch_certificates(context, harvest));
    return store_and_load(context, address, harvest, identity_out);
}

int rms_bootstrap_now(struct rms_context *context, struct rms_identity **identity_out)
{
    struct rms_session RMS_SESSION_CLEANUP *session = NULL;
    struct harvest harvest;
    int status;

    *identity_out = NULL;
    if (context->settings.offline) {
        return rms_fail(
            context, RMS_E_NEEDS_ONLINE, "this device is not prepared yet, and the context is offline");
    }
    RMS_TRY(rms_session_get(context, &session));
    harvest_init(&harvest);
    status = run(context, rms_session_signin(session)->address, &harvest, identity_out);
    if (status == RMS_E_BAD_LICENSE) {
        /* once more: the service's key may have been changed between two of the calls */
        harvest_fini(&harvest);
        harvest_init(&harvest);
        status = run(context, rms_session_signin(session)->address, &harvest, identity_out);
    }
    harvest_fini(&harvest);
    RMS_TRY(status);
    /* templates are wanted soon; without them the device works all the same */
    if (rms_templates_refresh(context, *identity_out) != 0) {
        rms_note(context, RMS_LOG_INFO, "templates could not be fetched");
    }
    return 0;
}

int rms_bootstrap(struct rms_context *context, bool force)
{
    struct rms_identity RMS_IDENTITY_CLEANUP *identity = NULL;
    int status;

    RMS_TRY(rms_call_begin(context));
    if (!force) {
        return rms_identity_get(context, RMS_FOR_ASKING, &identity);
    }
    (void)pthread_mutex_lock(&context->prepare);
    rms_identity_drop(context);
    status = rms_bootstrap_now(context, &identity);
    (void)pthread_mutex_unlock(&context->prepare);
    return status;
}
