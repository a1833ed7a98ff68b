#include "service/tenant_template.h"

#include "directory/directory.h"
#include "service/keyclient.h"
#include "service/signed_cache.h"

#define TEMPLATE_TEXT_MAX (8u * 1024 * 1024)

/* An application on its own account works for people whom nobody can tell: EnableInLegacyApps decides, for
 * members of the scope too (S-112, S-261). One that acts for a named person is that person here. */
bool rms_tenant_template_offered(const struct rms_request *request, const struct rms_template *tpl)
{
    if (tpl->scope_count == 0) {
        return true;
    }
    return request->person->app ? tpl->legacy_apps
                                : rms_directory_in_scope(request->person, tpl->scope, tpl->scope_count);
}

int rms_tenant_signed_template(struct rms_request *request, const struct rms_live_tenant *tenant,
    const struct rms_template *tpl, struct rms_view *text_out)
{
    struct rms_signed_cache *cache = request->worker->front->signed_cache;
    const struct rms_live_key *key = tenant->active;
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(TEMPLATE_TEXT_MAX);
    if (key == NULL) {
        return RMS_E_KEY_UNAVAILABLE;
    }
    const struct rms_signed_name name = {tpl->policy.id, key->id, tpl->version};
    if (rms_signed_cache_get(cache, request->arena, &name, text_out)) {
        return RMS_OK;
    }
    struct rms_keyd_signing signing = {request->worker->keys, key->id, RMS_SIGN_TEMPLATE};
    struct rms_signer signer = rms_keyd_signer(&signing, &key->key);
    RMS_TRY(rms_template_build(&key->server, &tpl->policy, request->now, &signer, &text));
    uint8_t *copy = rms_arena_copy(request->arena, text.data, text.len);
    if (copy == NULL) {
        return RMS_E_NO_MEMORY;
    }
    *text_out = rms_view_of(copy, text.len);
    rms_signed_cache_put(cache, &name, &text);
    return RMS_OK;
}
