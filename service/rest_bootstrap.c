/* Bootstrap of devices (desktop-flow.md): the tenant's certificate, account certificates, client licensor
 * certificates. */
#include "directory/directory.h"
#include "service/rest.h"
#include "service/rest_body.h"
#include "service/rest_rac.h"
#include "service/rest_write.h"
#include "service/tenant_key.h"

#define CERTIFICATE_MAX  (256u * 1024)
#define VALID_S          (31 * RMS_DAY_S) /* S-124 */
#define MACHINE_BITS_MIN 2048
#define CROSS_KEYS_MAX   32 /* newest: years of them, and a reply that devices keep */

static int active_key(struct rms_request *request, const struct rms_live_key **key_out)
{
    *key_out = request->tenant->active;
    return *key_out != NULL ? RMS_OK
                            : rms_fail(request, RMS_E_KEY_UNAVAILABLE, "the tenant has no active key");
}

/* A former key whose token is away vouches for nobody; the service of the active one goes on. */
static int write_pair(struct rms_request *request, struct rms_buf *out, const struct rms_live_key *active,
    const struct rms_live_key *other)
{
    struct rms_view certificate;
    int rc = rms_tenant_key_vouch(request, active, other, &certificate);
    if (rc == RMS_OK) {
        rms_out_base64(out, NULL, certificate);
    } else if (rc != RMS_E_KEY_UNAVAILABLE) {
        return rc;
    }
    RMS_TRY(rms_tenant_key_vouch(request, other, active, &certificate));
    rms_out_base64(out, NULL, certificate);
    return RMS_OK;
}

/* From every other key to the active one and back (RFC 4210 section 4.4: newWithOld, oldWithNew), so that
 * devices follow a change of the key without trusting anything new, and read what the old one signed. */
static int write_cross_certificates(struct rms_request *request, struct rms_buf *out)
{
    const struct rms_live_tenant *tenant = request->tenant;
    size_t first = tenant->key_count > CROSS_KEYS_MAX ? tenant->key_count - CROSS_KEYS_MAX : 0;
    rms_out_open(out, "CrossCertificates", '[');
    for (size_t i = first; i < tenant->key_count; i++) {
        const struct rms_live_key *key = &tenant->keys[i];
        if (key != tenant->active && !rms_live_key_weak(key)) {
            RMS_TRY(write_pair(request, out, tenant->active, key));
        }
    }
    rms_out_close(out, ']');
    return RMS_OK;
}

int rms_rest_licensor_certificate(
    struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    const struct rms_live_tenant *tenant = request->tenant;
    const struct rms_live_key *key = NULL;
    struct rms_buf *out = &reply->body;
    (void)front;
    RMS_TRY(rms_rest_home_serves(request, RMS_TO_OPEN));
    RMS_TRY(active_key(request, &key));
    rms_out_open(out, NULL, '{');
    rms_out_int(out, "Version", 1);
    rms_out_text(out, "TenantId", tenant->row.id);
    rms_out_text(out, "Name", tenant->row.name);
    rms_out_base64(out, "LicensorCertificate", key->server.slc_text);
    RMS_TRY(write_cross_certificates(request, out));
    rms_out_text(out, "IntranetUrl", tenant->licensing_url);
    rms_out_text(out, "ExtranetUrl", tenant->licensing_url);
    rms_out_time(out, "Time", request->now);
    rms_out_close(out, '}');
    return RMS_OK;
}

/* --- certificates that come in ---------------------------------------------------------------------------
 */

static int first_node(struct rms_request *request, struct rms_view bytes, enum rms_document_kind kind,
    struct rms_chain *chain, struct rms_certificate *certificate_out)
{
    RMS_TRY(rms_chain_parse(request->arena, bytes, chain));
    if (chain->count == 0 || chain->nodes[0].kind != kind) {
        return rms_fail(request, RMS_E_BAD_LICENSE, "not the certificate that is wanted here");
    }
    return rms_certificate_parse(request->arena, &chain->nodes[0], kind, certificate_out);
}

/* S-145: by the key, or by the device. The log names the device, so that it can be excluded. */
static int check_excluded(struct rms_request *request, const struct rms_certificate *certificate)
{
    char machine[RMS_GUID_TEXT];
    RMS_TRY(rms_certificate_machine(certificate, machine));
    if (rms_key_excluded(&request->tenant->clients, &certificate->node->subject_key, machine)) {
        return rms_fail(request, RMS_E_RAC_EXCLUDED, "excluded by an administrator");
    }
    if (certificate->node->kind == RMS_DOC_SPC) {
        request->note.detail = rms_arena_printf(request->arena, "device %s", machine);
    }
    return RMS_OK;
}

/* A device certifies itself; what matters is that it holds the key. */
static int read_machine(struct rms_request *request, struct rms_view bytes, struct rms_certificate *machine)
{
    struct rms_chain chain;
    RMS_TRY(first_node(request, bytes, RMS_DOC_SPC, &chain, machine));
    const struct rms_signed *node = machine->node;
    if (!node->has_subject_key) {
        return rms_fail(request, RMS_E_BAD_LICENSE, "the device certificate has no key");
    }
    RMS_TRY(rms_signed_verify(node, &node->subject_key, false));
    RMS_TRY(node->subject_key.bits >= MACHINE_BITS_MIN ? RMS_OK : RMS_E_WEAK_CRYPTO);
    return check_excluded(request, machine);
}

static int check_rac_time(struct rms_request *request, const struct rms_certificate *rac)
{
    bool early = rac->valid_from != RMS_TIME_NONE && request->now < rac->valid_from;
    bool late = rac->valid_until == RMS_TIME_NONE || request->now >= rac->valid_until;
    return early || late ? RMS_E_RAC_EXPIRED : RMS_OK;
}

int rms_rest_rac(
    struct rms_request *request, struct rms_view bytes, bool partners, struct rms_certificate *rac)
{
    struct rms_chain chain;
    RMS_TRY(first_node(request, bytes, RMS_DOC_RAC, &chain, rac));
    int rc = rms_chain_verify(&chain, &request->tenant->trust);
    if (rc == RMS_E_UNKNOWN_KEY && partners && request->person->guest) {
        rc = rms_partners_verify(&request->tenant->partners, &chain, rac);
    }
    RMS_TRY(rc == RMS_E_UNKNOWN_KEY ? RMS_OK : rc);
    RMS_TRY(check_rac_time(request, rac)); /* S-130: signature, time, trust, exclusion */
    if (rc == RMS_E_UNKNOWN_KEY) {
        return rms_fail(request, RMS_E_RAC_UNTRUSTED, "issued by another server");
    }
    if (rac->address == NULL || !rms_directory_owns(request->person, rac->address)) {
        return rms_fail(request, RMS_E_RAC_UNTRUSTED, "of another account");
    }
    if (!rac->node->has_subject_key) {
        return rms_fail(request, RMS_E_BAD_LICENSE, "the account certificate has no key");
    }
    RMS_TRY(check_excluded(request, rac));
    return rac->node->subject_key.bits >= MACHINE_BITS_MIN ? RMS_OK : RMS_E_WEAK_CRYPTO;
}

static int read_one(struct rms_request *request, const char *member, struct rms_view *bytes_out)
{
    const char *detail = NULL;
    int rc = rms_rest_body_blobs(request->arena, request->body, &member, 1, bytes_out, &detail);
    return rc < 0 ? rms_fail(request, rc, detail) : RMS_OK;
}

static void write_one(struct rms_buf *out, const char *member, struct rms_view bytes)
{
    rms_out_open(out, NULL, '{');
    rms_out_base64(out, member, bytes);
    rms_out_close(out, '}');
}

/* --- account certificates --------------------------------------------------------------------------------
 */

/* The stored pair; one that was excluded is gone (S-145), and use licences for it open nothing any more. */
static int stored_key(struct rms_request *request, struct rms_user_key *key_out)
{
    const struct rms_directory_person *person = request->person;
    struct rms_db *db = request->worker->db;
    struct rms_rsa_public key;
    RMS_TRY(rms_user_key_get(db, request->arena, person->tenant_id, person->account_id, key_out));
    RMS_TRY(rms_rsa_public_set(&key, key_out->modulus));
    if (!rms_key_excluded(&request->tenant->clients, &key, "")) {
        return RMS_OK;
    }
    RMS_TRY(rms_user_key_remove(db, key_out->id));
    return RMS_E_NOT_FOUND;
}

/* One pair a user, the same on all devices (S-125); made at the first device. */
static int user_key(struct rms_request *request, struct rms_user_key *key_out)
{
    const struct rms_directory_person *person = request->person;
    struct rms_worker *worker = request->worker;
    int rc = stored_key(request, key_out);
    if (rc != RMS_E_NOT_FOUND) {
        return rc;
    }
    struct rms_new_key made = {0};
    rc = rms_keyd_generate(worker->keys, RMS_KEY_USER_RSA, RMS_USER_KEY_BITS, person->tenant_id, &made);
    if (rc == RMS_OK) {
        struct rms_user_key fresh = {
            .id = made.key.key_id,
            .tenant_id = person->tenant_id,
            .account_id = person->account_id,
            .bits = made.rsa.bits,
            .modulus = rms_view_of(made.rsa.modulus, made.rsa.bits / 8),
            .sealed = rms_buf_view(&made.key.sealed),
            .created_at = request->now,
        };
        rc = rms_user_key_settle(worker->db, request->arena, &fresh, key_out);
    }
    rms_new_key_fini(&made);
    return rc;
}

/* Addresses behind the first, which is the one in the certificate's name. */
static int aliases_of(struct rms_request *request, struct rms_rac_request *rac)
{
    const struct rms_person *person = &request->person->person;
    const char **aliases = rms_arena_array(request->arena, person->address_count + 1, sizeof(const char *));
    if (aliases == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < person->address_count; i++) {
        if (strcmp(person->addresses[i], rac->address) != 0) {
            aliases[rac->alias_count++] = person->addresses[i];
        }
    }
    rac->aliases = aliases;
    return RMS_OK;
}

static int build_rac(struct rms_request *request, const struct rms_certificate *machine, struct rms_buf *bits,
    struct rms_buf *out)
{
    const struct rms_live_key *active = NULL;
    struct rms_user_key key;
    RMS_TRY(active_key(request, &active));
    RMS_TRY(user_key(request, &key));
    struct rms_seal_target target = {&machine->node->subject_key, active->server.issuer_bound};
    RMS_TRY(rms_keyd_wrap_user_key(request->worker->keys, key.id, &target, bits));
    struct rms_rac_request rac = {
        .user_guid = request->person->account_id,
        .address = request->address,
        .issued_at = request->now,
        .valid_until = request->now + VALID_S,
        .account_created_at = request->person->created_at,
        .machine = machine,
        .bits = rms_buf_view(bits),
    };
    RMS_TRY(rms_rsa_public_set(&rac.user_key, key.modulus));
    RMS_TRY(aliases_of(request, &rac));
    struct rms_keyd_signing signing = {request->worker->keys, active->id, RMS_SIGN_RAC};
    struct rms_signer signer = rms_keyd_signer(&signing, &active->key);
    RMS_TRY(rms_rac_build(&active->server, &rac, &signer, out));
    rms_buf_append_view(out, active->server.slc_text);
    return rms_buf_status(out);
}

int rms_rest_account_certificate(
    struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_view bytes;
    struct rms_certificate machine;
    RMS_BUF_CLEANUP struct rms_buf bits = RMS_BUF_INIT(RMS_ENABLING_MAX);
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(CERTIFICATE_MAX);
    (void)front;
    RMS_TRY(rms_rest_home_serves(request, RMS_TO_OPEN));
    RMS_TRY(read_one(request, "MachineCertificate", &bytes));
    RMS_TRY(read_machine(request, bytes, &machine));
    RMS_TRY(build_rac(request, &machine, &bits, &text));
    write_one(&reply->body, "AccountCertificate", rms_buf_view(&text));
    return RMS_OK;
}

/* --- client licensor certificates --------------------------------------------------------------------------
 */

static int build_clc(
    struct rms_request *request, const struct rms_certificate *rac, struct rms_buf *bits, struct rms_buf *out)
{
    const struct rms_live_key *active = NULL;
    RMS_TRY(active_key(request, &active));
    struct rms_seal_target target = {&rac->node->subject_key, active->server.issuer_bound};
    struct rms_clc_request clc = {
        .rac = rac, .issued_at = request->now, .valid_until = request->now + VALID_S};
    RMS_TRY(rms_keyd_new_wrapped_pair(request->worker->keys, &target, &clc.key, bits));
    clc.bits = rms_buf_view(bits);
    struct rms_keyd_signing signing = {request->worker->keys, active->id, RMS_SIGN_CLC};
    struct rms_signer signer = rms_keyd_signer(&signing, &active->key);
    RMS_TRY(rms_clc_build(&active->server, &clc, &signer, out));
    rms_buf_append_view(out, active->server.slc_text);
    return rms_buf_status(out);
}

int rms_rest_client_licensor(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_view bytes;
    struct rms_certificate rac;
    RMS_BUF_CLEANUP struct rms_buf bits = RMS_BUF_INIT(RMS_ENABLING_MAX);
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(CERTIFICATE_MAX);
    (void)front;
    RMS_TRY(rms_rest_home_serves(request, RMS_TO_PREPARE));
    if (request->person->address == NULL) {
        return rms_fail(request, RMS_E_PUBLISH_NOT_ALLOWED, "the account has no address that authorises");
    }
    RMS_TRY(read_one(request, "AccountCertificate", &bytes));
    RMS_TRY(rms_rest_rac(request, bytes, false, &rac));
    RMS_TRY(build_clc(request, &rac, &bits, &text));
    write_one(&reply->body, "ClientLicensorCertificate", rms_buf_view(&text));
    return RMS_OK;
}
