#include "service/tenant_key.h"

#include "service/signed_cache.h"

#define SLC_YEARS  25 /* long-lived (5.1); a key is replaced by activating another */
#define SLC_MAX    65536
#define BITS_TO_BE 2048 /* what signs has as many at least */

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
    /* the key is not in the store yet, so keyd could not have it fetched */
    RMS_TRY(rms_keyd_load(request->worker->keys, &key->key));
    struct rms_signer signer = rms_keyd_signer(&signing, &key->rsa);
    return url != NULL ? rms_slc_build(&slc, &signer, &made->slc) : RMS_E_NO_MEMORY;
}

int rms_tenant_key_make(struct rms_request *request, const struct rms_tenant *tenant, unsigned bits,
    struct rms_made_key *made_out)
{
    *made_out = (struct rms_made_key){.slc = RMS_BUF_INIT(SLC_MAX), .created_at = request->now};
    RMS_TRY(rms_keyd_generate(request->worker->keys, RMS_KEY_TENANT_RSA, bits, tenant->id, &made_out->key));
    return build_slc(request, tenant, made_out);
}

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
    return key->key.bits < BITS_TO_BE;
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
