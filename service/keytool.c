#include "service/keytool.h"

#include "base/clock.h"
#include "crypto/rsa_file.h"
#include "service/keyd_keys.h"
#include "service/message.h"
#include "service/settings.h"
#include "service/tool.h"
#include "store/key.h"
#include "store/tenant.h"
#include "xrml/licence.h"

#define SLC_MAX   65536
#define SLC_YEARS 25

static int name_key(const char *key_id, const char *tenant_id, struct rms_key_name *name_out)
{
    *name_out = (struct rms_key_name){.kind = RMS_KEY_TENANT_RSA};
    RMS_TRY(rms_guid_pack(key_id, name_out->id));
    return rms_guid_pack(tenant_id, name_out->tenant);
}

/* --- out ------------------------------------------------------------------------------------------------ */

static int find_key(const struct rms_tool *tool, const char *text, struct rms_key *key_out)
{
    char id[RMS_GUID_TEXT];

    if (rms_guid_parse(rms_view_str(text), id) != 0) {
        return RMS_E_NOT_FOUND;
    }
    RMS_TRY(rms_key_find(tool->db, tool->arena, id, key_out));
    if (key_out->kind != RMS_KEY_TENANT) {
        return RMS_E_NOT_FOUND;
    }
    return key_out->reference[0] == '\0' ? 0 : RMS_E_CONFLICT;
}

int rms_keytool_open(const struct rms_tool *tool, const struct rms_key *key, struct rms_secret **blob_out)
{
    const struct rms_key_opener opener = {tool->sealing_key, NULL};
    struct rms_key_name name;
    struct rms_held_key *held;
    int status;

    *blob_out = NULL;
    RMS_TRY(name_key(key->id, key->tenant_id, &name));
    RMS_TRY(rms_key_unseal(&opener, &name, key->sealed, &held));
    status = rms_rsa_to_blob(held->rsa, true, blob_out);
    rms_held_key_free(held);
    return status;
}

/* The log has the row before anybody has the key. */
static int export_key(
    const struct rms_tool *tool, const char *key_id, struct rms_view passphrase, struct rms_buf *pem_out)
{
    const struct rms_key_opener opener = {tool->sealing_key, NULL};
    struct rms_key_name name;
    struct rms_held_key *held;
    struct rms_key key;
    int status;

    RMS_TRY(find_key(tool, key_id, &key));
    RMS_TRY(name_key(key.id, key.tenant_id, &name));
    RMS_TRY(rms_key_unseal(&opener, &name, key.sealed, &held));
    status = rms_rsa_to_file(held->rsa, passphrase, pem_out);
    rms_held_key_free(held);
    RMS_TRY(status);
    return rms_tool_note(tool, key.tenant_id, "ExportKey", key.id);
}

int rms_keytool_export(const struct rms_settings *settings, const char *key_id, struct rms_view passphrase,
    struct rms_buf *pem_out)
{
    struct rms_tool tool;
    int status = rms_tool_begin(settings, &tool);

    if (status == 0) {
        status = rms_tool_open(&tool);
    }
    if (status == 0) {
        status = export_key(&tool, key_id, passphrase, pem_out);
    }
    rms_tool_close(&tool);
    return status;
}

/* --- in ------------------------------------------------------------------------------------------------- */

static int sign(void *context, enum rms_hash hash, const uint8_t *digest, struct rms_buf *signature)
{
    return rms_rsa_sign(context, hash, digest, signature);
}

static int build_slc(const struct rms_tool *tool, const struct rms_tenant *tenant,
    struct rms_rsa_private *key, struct rms_buf *slc_out)
{
    const struct rms_signer signer = {
        .key = *rms_rsa_public_of(key), .sign = sign, .context = key, .legacy = true};
    const struct rms_slc_request slc = {
        .guid = tenant->service_id,
        .name = tenant->name,
        .url = rms_arena_printf(tool->arena, "%s/_wmcs", tool->settings->url),
        .tenant_id = tenant->id,
        .issued_at = rms_clock_now(),
        .valid_until = rms_clock_now() + SLC_YEARS * 365LL * RMS_DAY_S,
    };

    return slc.url != NULL ? rms_slc_build(&slc, &signer, slc_out) : RMS_E_NO_MEMORY;
}

static int seal(const struct rms_tool *tool, const struct rms_key *row, const struct rms_rsa_private *key,
    struct rms_buf *box_out)
{
    RMS_SECRET_CLEANUP struct rms_secret *blob = NULL;
    struct rms_key_name name;

    RMS_TRY(name_key(row->id, row->tenant_id, &name));
    RMS_TRY(rms_rsa_to_blob(key, true, &blob));
    return rms_key_seal(tool->sealing_key, &name, rms_secret_view(blob), box_out);
}

static int store_key(
    const struct rms_tool *tool, const struct rms_tenant *tenant, const char *id, struct rms_rsa_private *key)
{
    RMS_BUF_CLEANUP struct rms_buf box = RMS_BUF_INIT(RMS_KEY_SEALED_MAX);
    RMS_BUF_CLEANUP struct rms_buf slc = RMS_BUF_INIT(SLC_MAX);
    const struct rms_rsa_public *public = rms_rsa_public_of(key);
    struct rms_key row = {.id = id,
        .tenant_id = tenant->id,
        .kind = RMS_KEY_TENANT,
        .name = tenant->name,
        .bits = public->bits,
        .created_at = rms_clock_now(),
        .public_key = rms_view_of(public->modulus, public->bits / 8)};

    RMS_TRY(build_slc(tool, tenant, key, &slc));
    RMS_TRY(seal(tool, &row, key, &box));
    row.sealed = rms_buf_view(&box);
    row.certificate = rms_buf_view(&slc);
    RMS_TRY(rms_key_add(tool->db, &row));
    return rms_tool_note(tool, tenant->id, "ImportKey", id);
}

int rms_keytool_add(const struct rms_tool *tool, const struct rms_tenant *tenant, struct rms_view blob,
    char key_id_out[RMS_GUID_TEXT])
{
    struct rms_rsa_private *key;
    int status;

    RMS_TRY(rms_rsa_from_blob(blob, &key));
    rms_guid_new(key_id_out);
    status = store_key(tool, tenant, key_id_out, key);
    rms_rsa_private_free(&key);
    return status;
}

static int import_key(const struct rms_tool *tool, const char *tenant_text, struct rms_rsa_private *key,
    char key_id_out[RMS_GUID_TEXT])
{
    struct rms_tenant tenant;

    RMS_TRY(rms_tenant_find(tool->db, tool->arena, tenant_text, &tenant));
    rms_guid_new(key_id_out);
    return store_key(tool, &tenant, key_id_out, key);
}

int rms_keytool_import(const struct rms_settings *settings, const char *tenant, struct rms_view pem,
    struct rms_view passphrase, char key_id_out[RMS_GUID_TEXT])
{
    struct rms_tool tool;
    struct rms_rsa_private *key;
    int status;

    RMS_TRY(rms_rsa_from_file(pem, passphrase, &key));
    status = rms_tool_begin(settings, &tool);
    if (status == 0) {
        status = rms_tool_open(&tool);
    }
    if (status == 0) {
        status = import_key(&tool, tenant, key, key_id_out);
    }
    rms_rsa_private_free(&key);
    rms_tool_close(&tool);
    return status;
}
