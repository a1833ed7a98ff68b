#include "service/tenant_key.h"

#include "base/json.h"
#include "crypto/hsm_uri.h"
#include "service/message.h"
#include "service/settings.h"
#include "service/settings_text.h"
#include "service/signed_cache.h"

#define SLC_YEARS  25 /* long-lived (5.1); a key is replaced by activating another */
#define SLC_MAX    65536
#define BITS_TO_BE 2048 /* what signs has as many at least */
#define COMPATIBLE "Compatibility"

static int build_slc(struct rms_request *request, const struct rms_tenant *tenant, struct rms_made_key *made)
{
    const struct rms_new_key *key = &made->key;
    const char *url = rms_arena_printf(request->arena, "%s/_wmcs", request->worker->front->base_url);
    struct rms_slc_request slc = {
        .guid = tenant->service_id,
        .name = tenant->name,
        .url = url,
        .tenant_id = tenant->id,
        .issued_at = made->created_at,
        .valid_until = made->created_at + SLC_YEARS * 365LL * RMS_DAY_S,
    };
    struct rms_keyd_signing signing = {request->worker->keys, key->key.key_id, RMS_SIGN_SLC};
    struct rms_signer signer = rms_keyd_signer(&signing, &key->rsa);
    return url != NULL ? rms_slc_build(&slc, &signer, &made->slc) : RMS_E_NO_MEMORY;
}

/* --- places ----------------------------------------------------------------------------------------------
 */

static int write_reference(struct rms_request *request, struct rms_view id, const char **reference_out)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(RMS_HSM_URI_MAX);
    RMS_TRY(rms_hsm_uri_format(request->worker->front->settings->pkcs11_token, id, &text));
    *reference_out = rms_arena_strdup(request->arena, rms_buf_text(&text));
    return *reference_out != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

/* keyd gives the objects it makes the key's own id. */
static int own_reference(struct rms_request *request, const char *key_id, const char **reference_out)
{
    uint8_t id[RMS_MESSAGE_GUID];
    RMS_TRY(rms_guid_pack(key_id, id));
    return write_reference(request, rms_view_of(id, sizeof id), reference_out);
}

static int need_token(struct rms_request *request)
{
    return request->worker->front->settings->pkcs11_module[0] != '\0'
               ? RMS_OK
               : rms_fail(request, RMS_E_CONFLICT, "no token is configured: see pkcs11_module in rmsd.conf");
}

/* The object of the token that a pkcs11: URI names. */
static int read_object(struct rms_request *request, const char *reference, struct rms_hsm_uri *uri)
{
    if (!request->admin_socket) { /* the token has keys of other tenants, and of nobody yet */
        return rms_fail(
            request, RMS_E_ROLE_REQUIRED, "only the operator gives a key of the token to a tenant");
    }
    if (rms_hsm_uri_parse(reference, uri) < 0) {
        return rms_fail(request, RMS_E_BAD_ARGUMENT, "Reference: no pkcs11: URI, or one with a PIN");
    }
    if (uri->id_len == 0) { /* S-210: a name that may come to mean another key is none */
        return rms_fail(request, RMS_E_BAD_ARGUMENT, "Reference: has no id=, which alone names one key");
    }
    return uri->label[0] == '\0' || strcmp(uri->label, request->worker->front->settings->pkcs11_token) == 0
               ? RMS_OK
               : rms_fail(request, RMS_E_NOT_FOUND, "the service has no such token: see pkcs11_token");
}

static int adopt(struct rms_request *request, const struct rms_tenant *tenant, const char *reference,
    struct rms_made_key *made)
{
    struct rms_hsm_uri uri;
    RMS_TRY(read_object(request, reference, &uri));
    struct rms_view id = rms_view_of(uri.id, uri.id_len);
    int rc = rms_keyd_adopt(request->worker->keys, id, tenant->id, &made->key);
    if (rc == RMS_E_BAD_ARGUMENT) {
        return rms_fail(
            request, rc, "Reference: not an RSA key of 2048 to 4096 bits that cannot be read out");
    }
    return rc < 0 ? rc : write_reference(request, id, &made->reference);
}

static int make_key(struct rms_request *request, const struct rms_tenant *tenant,
    const struct rms_key_wish *wish, struct rms_made_key *made)
{
    struct rms_keyclient *keys = request->worker->keys;
    if (wish->adopt == NULL && !wish->in_token) {
        return rms_keyd_generate(keys, RMS_KEY_TENANT_RSA, wish->bits, tenant->id, &made->key);
    }
    RMS_TRY(need_token(request));
    if (wish->adopt != NULL) {
        return adopt(request, tenant, wish->adopt, made);
    }
    /* of a rehearsal nothing stays in the token, from which nobody would take it away */
    RMS_TRY(request->what_if ? rms_keyd_generate(keys, RMS_KEY_TENANT_RSA, wish->bits, tenant->id, &made->key)
                             : rms_keyd_make_in_token(keys, wish->bits, tenant->id, &made->key));
    return own_reference(request, made->key.key.key_id, &made->reference);
}

int rms_tenant_key_make(struct rms_request *request, const struct rms_tenant *tenant,
    const struct rms_key_wish *wish, struct rms_made_key *made_out)
{
    *made_out =
        (struct rms_made_key){.slc = RMS_BUF_INIT(SLC_MAX), .reference = "", .created_at = request->now};
    RMS_TRY(make_key(request, tenant, wish, made_out));
    /* the key is not in the store yet, so keyd could not have it fetched */
    RMS_TRY(rms_keyd_load(request->worker->keys, &made_out->key.key));
    return build_slc(request, tenant, made_out);
}

/* The certificate of a key that is there, signed with it once more. */
static int certify_anew(struct rms_request *request, const struct rms_tenant *tenant,
    const struct rms_key *key, struct rms_made_key *made_out)
{
    *made_out = (struct rms_made_key){.slc = RMS_BUF_INIT(SLC_MAX), .created_at = key->created_at};
    rms_guid_copy(made_out->key.key.key_id, key->id);
    RMS_TRY(rms_rsa_public_set(&made_out->key.rsa, key->public_key));
    return build_slc(request, tenant, made_out);
}

/* Licences are trusted by the key, and what is sealed is bound to the text that its own licence has: what was
 * made under the certificate of before goes on. */
int rms_tenant_key_rename(
    struct rms_request *request, const struct rms_tenant *tenant, const struct rms_key *key)
{
    struct rms_made_key made;
    struct rms_key renamed = *key;
    int rc = certify_anew(request, tenant, key, &made);
    renamed.name = tenant->name;
    renamed.certificate = rms_buf_view(&made.slc);
    rc = rc < 0 ? rc : rms_key_rename(request->worker->db, &renamed);
    rms_made_key_fini(&made);
    return rc;
}

int rms_tenant_key_reach(
    struct rms_request *request, const struct rms_tenant *tenant, const struct rms_key *key)
{
    struct rms_made_key made;
    if (key->reference[0] == '\0') {
        return RMS_OK;
    }
    int rc = certify_anew(request, tenant, key, &made); /* what it signs is no other than it signed before */
    rms_made_key_fini(&made);
    return rc;
}

/* Where it will be: under its own id, or as an object that is there. */
static int new_place(struct rms_request *request, const struct rms_key *key, const struct rms_hsm_uri *uri,
    const char **reference_out)
{
    RMS_TRY(uri->id_len == 0 ? own_reference(request, key->id, reference_out)
                             : write_reference(request, rms_view_of(uri->id, uri->id_len), reference_out));
    if (strcmp(*reference_out, key->reference) == 0 || (uri->id_len == 0 && key->reference[0] != '\0')) {
        return rms_fail(request, RMS_E_CONFLICT, "the key is in the token already");
    }
    return RMS_OK;
}

/* The token has the key before the store says so, and keyd forgets the other form after: cut off anywhere,
 * the key works. */
int rms_tenant_key_move(struct rms_request *request, const struct rms_key *key, const char *to)
{
    RMS_BUF_CLEANUP struct rms_buf sealed = RMS_BUF_INIT(RMS_KEY_SEALED_MAX);
    struct rms_hsm_uri uri = {.id_len = 0};
    struct rms_key moved = *key;
    RMS_TRY(need_token(request));
    if (to != NULL) {
        RMS_TRY(read_object(request, to, &uri));
    }
    RMS_TRY(new_place(request, key, &uri, &moved.reference));
    if (request->what_if) { /* the token undoes nothing */
        return RMS_OK;
    }
    int rc = rms_keyd_move_to_token(request->worker->keys, key->id, rms_view_of(uri.id, uri.id_len), &sealed);
    if (rc == RMS_E_BAD_ARGUMENT && to != NULL) {
        return rms_fail(request, rc, "Reference: not this key, or one that can be read out");
    }
    RMS_TRY(rc);
    moved.sealed = rms_buf_view(&sealed);
    RMS_TRY(rms_key_move(request->worker->db, &moved));
    return rms_keyd_forget(request->worker->keys, key->id);
}

/* --- lengths ---------------------------------------------------------------------------------------------
 */

int rms_compatibility_read(const struct rms_tenant *tenant, bool *compatible_out)
{
    RMS_JSON_CLEANUP json_t *json = rms_settings_text_open(tenant->settings);
    *compatible_out = json_is_true(json_object_get(json, COMPATIBLE));
    return json != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

int rms_compatibility_write(struct rms_arena *arena, struct rms_tenant *tenant, bool compatible)
{
    RMS_JSON_CLEANUP json_t *json = rms_settings_text_open(tenant->settings);
    return json_object_set_new(json, COMPATIBLE, json_boolean(compatible)) == 0
               ? rms_settings_text_close(arena, json, &tenant->settings)
               : RMS_E_NO_MEMORY;
}

int rms_tenant_key_fits(
    struct rms_request *request, const struct rms_tenant *tenant, unsigned bits, bool migration)
{
    bool compatible;
    RMS_TRY(rms_compatibility_read(tenant, &compatible));
    if (bits < BITS_TO_BE && !migration) {
        return rms_fail(
            request, RMS_E_CONFLICT, "a key this short only opens what it protected, unless for a migration");
    }
    return bits > BITS_TO_BE && compatible
               ? rms_fail(request, RMS_E_CONFLICT,
                     "the compatibility profile is on: old clients do not understand a key this long")
               : RMS_OK;
}

/* --- storing ---------------------------------------------------------------------------------------------
 */

void rms_made_key_fini(struct rms_made_key *made)
{
    rms_new_key_fini(&made->key);
    rms_buf_fini(&made->slc);
}

int rms_tenant_key_store(struct rms_request *request, const struct rms_tenant *tenant,
    const struct rms_made_key *made, bool active)
{
    const struct rms_rsa_public *rsa = &made->key.rsa;
    const struct rms_key row = {
        .id = made->key.key.key_id,
        .tenant_id = tenant->id,
        .kind = RMS_KEY_TENANT,
        .active = active,
        .name = tenant->name,
        .bits = rsa->bits,
        .created_at = made->created_at,
        .public_key = rms_view_of(rsa->modulus, rsa->bits / 8),
        .sealed = rms_buf_view(&made->key.key.sealed),
        .certificate = rms_buf_view(&made->slc),
        .reference = made->reference,
    };
    return rms_key_add(request->worker->db, &row);
}

const struct rms_live_key *rms_live_key_named(const struct rms_live_tenant *tenant, const char *id)
{
    for (size_t i = 0; i < tenant->key_count; i++) {
        if (strcmp(tenant->keys[i].id, id) == 0) {
            return &tenant->keys[i];
        }
    }
    return NULL;
}

bool rms_live_key_weak(const struct rms_live_key *key)
{
    return key->compromised || key->key.bits < BITS_TO_BE;
}

static int build_vouch(struct rms_request *request, const struct rms_live_key *key,
    const struct rms_live_key *by, struct rms_buf *slc_out)
{
    const struct rms_live_tenant *tenant = request->tenant;
    const struct rms_certificate *own = &key->server.slc;
    struct rms_slc_request slc = {
        .guid = tenant->row.service_id,
        .name = tenant->row.name,
        .url = rms_arena_printf(request->arena, "%s/_wmcs", request->worker->front->base_url),
        .tenant_id = tenant->row.id,
        .issued_at = own->node->issued_at,
        .valid_until = own->valid_until,
        .key = &key->key,
    };
    struct rms_keyd_signing signing = {request->worker->keys, by->id, RMS_SIGN_SLC};
    struct rms_signer signer = rms_keyd_signer(&signing, &by->key);
    return slc.url != NULL ? rms_slc_build(&slc, &signer, slc_out) : RMS_E_NO_MEMORY;
}

int rms_tenant_key_vouch(struct rms_request *request, const struct rms_live_key *key,
    const struct rms_live_key *by, struct rms_view *slc_out)
{
    struct rms_signed_cache *cache = request->worker->front->signed_cache;
    const struct rms_signed_name name = {key->id, by->id, 0};
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(SLC_MAX);
    if (rms_signed_cache_get(cache, request->arena, &name, slc_out)) {
        return RMS_OK;
    }
    RMS_TRY(build_vouch(request, key, by, &text));
    uint8_t *copy = rms_arena_copy(request->arena, text.data, text.len);
    if (copy == NULL) {
        return RMS_E_NO_MEMORY;
    }
    *slc_out = rms_view_of(copy, text.len);
    rms_signed_cache_put(cache, &name, &text);
    return RMS_OK;
}
