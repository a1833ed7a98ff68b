/* What an administrator should know about a tenant's keys (S-209), and whether they and the implementation of
 * the algorithms meet the standards (S-223). */
#include "crypto/module.h"
#include "service/admin.h"
#include "service/rest_write.h"
#include "service/tenant_key.h"

static bool is_compliant(const struct rms_key *key)
{
    return key->bits >= RMS_TENANT_KEY_BITS;
}

static void write_warnings(struct rms_buf *out, const struct rms_keys *keys)
{
    rms_out_open(out, "Warnings", '[');
    for (size_t i = 0; i < keys->count; i++) {
        const struct rms_key *key = &keys->items[i];
        RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(512);
        if (key->kind == RMS_KEY_TENANT && key->active && !is_compliant(key)) {
            rms_buf_printf(&text,
                "the active key %s has %u bits, for a migration only: rms admin key rotate ends it", key->id,
                key->bits);
            rms_out_text(out, NULL, rms_buf_text(&text));
        }
    }
    rms_out_close(out, ']');
}

static void write_module(struct rms_buf *out)
{
    struct rms_crypto_module module;
    rms_crypto_module(&module);
    rms_out_text(out, "Provider", module.version);
    rms_out_texts(out, "Modules", module.providers, module.provider_count);
    rms_out_bool(out, "ValidatedModule", module.fips);
}

/* All keys count: what was protected under a short one is protected by no more than that. */
static void write_keys(struct rms_buf *out, const struct rms_keys *keys)
{
    bool all = true;
    rms_out_open(out, "Keys", '[');
    for (size_t i = 0; i < keys->count; i++) {
        const struct rms_key *key = &keys->items[i];
        if (key->kind != RMS_KEY_TENANT) {
            continue;
        }
        rms_out_open(out, NULL, '{');
        rms_out_text(out, "KeyIdentifier", key->id);
        rms_out_text(out, "Status", key->active ? "Active" : "Archived");
        rms_out_int(out, "Bits", key->bits);
        rms_out_bool(out, "Compliant", is_compliant(key));
        rms_out_close(out, '}');
        all &= is_compliant(key);
    }
    rms_out_close(out, ']');
    rms_out_bool(out, "Compliant", all);
}

int rms_admin_doctor(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    const char *fips = rms_request_query(request, "fips");
    struct rms_keys keys;
    struct rms_tenant t;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    if (fips != NULL && strcmp(fips, "true") != 0) {
        return rms_fail(request, RMS_E_BAD_ARGUMENT, "fips: not true");
    }
    RMS_TRY(rms_key_list(request->worker->db, request->arena, t.id, &keys));
    rms_out_open(&reply->body, NULL, '{');
    write_warnings(&reply->body, &keys);
    if (fips != NULL) {
        write_module(&reply->body);
        write_keys(&reply->body, &keys);
    }
    rms_out_close(&reply->body, '}');
    return RMS_OK;
}
