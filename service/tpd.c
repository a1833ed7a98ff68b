#include "service/tpd.h"

#include <jansson.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/time.h"
#include "crypto/base64.h"
#include "crypto/rsa_file.h"
#include "service/backup_file.h"
#include "service/keytool.h"
#include "service/settings.h"
#include "service/tool.h"
#include "store/key.h"
#include "store/recovery.h"
#include "store/template.h"
#include "store/tenant.h"

#define FORMAT       1
#define RECORD_HEAD  'P' /* JSON; the first record */
#define RECORD_KEY   'K' /* a PRIVATEKEYBLOB; at most one, behind it */
#define TEXT_MAX     (32u << 20)
#define CERT_MAX     (1u << 20)
#define KEY_BLOB_MAX 8192

/* --- writing ------------------------------------------------------------------------------------------- */

static int set_base64(json_t *object, const char *name, struct rms_view data)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(CERT_MAX);

    rms_base64_encode(&text, data);
    RMS_TRY(rms_buf_status(&text));
    return json_object_set_new(object, name, json_string(rms_buf_text(&text))) == 0 ? 0 : RMS_E_NO_MEMORY;
}

static json_t *texts_json(const char *const *texts, size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++) {
        (void)json_array_append_new(list, json_string(texts[i]));
    }
    return list;
}

static int add_template(json_t *list, const struct rms_template *tpl)
{
    RMS_BUF_CLEANUP struct rms_buf policy = RMS_BUF_INIT(TEXT_MAX);
    json_t *form = NULL;
    json_t *object;

    RMS_TRY(rms_policy_to_json(&tpl->policy, &policy));
    RMS_TRY(rms_json_parse(rms_buf_view(&policy), &form));
    object =
        json_pack("{s:o, s:o, s:b, s:I}", "Policy", form, "Scope", texts_json(tpl->scope, tpl->scope_count),
            "EnableInLegacyApps", tpl->legacy_apps, "CreationTime", (json_int_t)tpl->created_at);
    return object != NULL && json_array_append_new(list, object) == 0 ? 0 : RMS_E_NO_MEMORY;
}

static int add_templates(const struct rms_tool *tool, const char *tenant_id, json_t *head)
{
    struct rms_templates templates;
    json_t *list = json_array();

    if (json_object_set_new(head, "Templates", list) != 0) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_template_list(tool->db, tool->arena, tenant_id, &templates));
    for (size_t i = 0; i < templates.count; i++) {
        RMS_TRY(add_template(list, &templates.items[i]));
    }
    return 0;
}

static int make_head(const struct rms_tool *tool, const struct rms_tenant *tenant, const struct rms_key *key,
    struct rms_buf *text_out)
{
    char time[RMS_TIME_TEXT];
    RMS_JSON_CLEANUP json_t *head = NULL;

    rms_time_iso(rms_clock_now(), time);
    head = json_pack("{s:i, s:s, s:s, s:s, s:o, s:s, s:s, s:i}", "Format", FORMAT, "Time", time, "Name",
        tenant->name, "ServiceId", tenant->service_id, "Domains",
        texts_json(tenant->domains, tenant->domain_count), "Url", tool->settings->url, "KeyIdentifier",
        key->id, "Bits", (int)key->bits);
    if (head == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(set_base64(head, "PublicKey", key->public_key));
    RMS_TRY(set_base64(head, "Certificate", key->certificate));
    RMS_TRY(add_templates(tool, tenant->id, head));
    return rms_json_emit(head, text_out);
}

static int put_key(const struct rms_tool *tool, const struct rms_key *key, struct rms_backup_writer *writer)
{
    RMS_SECRET_CLEANUP struct rms_secret *blob = NULL;

    RMS_TRY(rms_keytool_open(tool, key, &blob));
    return rms_backup_put(writer, RECORD_KEY, rms_secret_view(blob));
}

/* --- exporting ----------------------------------------------------------------------------------------- */

static int find_key(const struct rms_tool *tool, const struct rms_tenant *tenant, struct rms_tpd_wish *wish,
    struct rms_key *key_out)
{
    char id[RMS_GUID_TEXT];

    if (wish->key_id == NULL) {
        RMS_TRY(rms_key_active(tool->db, tool->arena, tenant->id, RMS_KEY_TENANT, key_out));
    } else if (rms_guid_parse(rms_view_str(wish->key_id), id) != 0) {
        return RMS_E_NOT_FOUND;
    } else {
        RMS_TRY(rms_key_get(tool->db, tool->arena, tenant->id, id, key_out));
    }
    if (key_out->kind != RMS_KEY_TENANT) {
        return RMS_E_NOT_FOUND;
    }
    memcpy(wish->exported, key_out->id, RMS_GUID_TEXT);
    return key_out->reference[0] == '\0' || wish->keyless ? 0 : RMS_E_CONFLICT;
}

/* Where four eyes are required: the passphrases of two, or a request that another administrator approved, for
 * this recipient, which is used up by it. */
static int require_two(
    const struct rms_tool *tool, const struct rms_tenant *tenant, const struct rms_tpd_wish *wish)
{
    char name[RMS_FINGERPRINT_TEXT];
    struct rms_recoveries requests = {0};
    int64_t now = rms_clock_now();

    if (!tenant->four_eyes || wish->keyless || wish->several) {
        return 0;
    }
    if (wish->recipient != NULL) {
        rms_rsa_fingerprint_text(wish->recipient, name);
        RMS_TRY(rms_export_list(tool->db, tool->arena, tenant->id, &requests));
    }
    for (size_t i = 0; i < requests.count; i++) {
        const struct rms_recovery *r = &requests.items[i];
        const struct rms_recovery_step used = {
            RMS_RECOVERY_APPROVED, RMS_RECOVERY_ENDED, r->decided_by, now, now};

        if (strcmp(r->state, used.from) == 0 && strcmp(r->recipient, name) == 0 && now < r->ends_at) {
            return rms_recovery_change(tool->db, tenant->id, r->id, &used);
        }
    }
    return RMS_E_APPROVAL_REQUIRED;
}

/* The log has the row before anybody has the key. */
static int export(const struct rms_tool *tool, struct rms_tpd_wish *wish, struct rms_backup_writer *writer)
{
    RMS_BUF_CLEANUP struct rms_buf head = RMS_BUF_INIT(TEXT_MAX);
    struct rms_tenant tenant;
    struct rms_key key;

    RMS_TRY(rms_tenant_find(tool->db, tool->arena, wish->tenant, &tenant));
    RMS_TRY(find_key(tool, &tenant, wish, &key));
    RMS_TRY(require_two(tool, &tenant, wish));
    RMS_TRY(make_head(tool, &tenant, &key, &head));
    RMS_TRY(rms_tool_note(tool, tenant.id, wish->keyless ? "ExportTpd -Keyless" : "ExportTpd", key.id));
    RMS_TRY(rms_backup_put(writer, RECORD_HEAD, rms_buf_view(&head)));
    RMS_TRY(wish->keyless ? 0 : put_key(tool, &key, writer));
    return rms_backup_end(writer);
}

int rms_tpd_export(const struct rms_settings *settings, struct rms_tpd_wish *wish, int fd)
{
    RMS_SECRET_CLEANUP struct rms_secret *password = NULL;
    struct rms_backup_writer *writer = NULL;
    struct rms_tool tool;
    int status = rms_tool_begin(settings, &tool);

    if (status == 0) {
        status = rms_tool_open(&tool);
    }
    if (status == 0 && wish->recipient != NULL) {
        status = rms_tpd_envelope_begin(fd, wish->recipient, &password);
    }
    if (status == 0) {
        status = rms_backup_writer_new(
            fd, password != NULL ? rms_secret_view(password) : wish->passphrase, &writer);
    }
    if (status == 0) {
        status = export(&tool, wish, writer);
    }
    rms_backup_writer_free(&writer);
    rms_tool_close(&tool);
    return status;
}

/* --- reading ------------------------------------------------------------------------------------------- */

struct package {
    json_t *head;
    struct rms_secret *blob; /* NULL: keyless */
};

static void package_fini(struct package *package)
{
    rms_json_free(&package->head);
    rms_secret_free(&package->blob);
}

static int take(void *context, char kind, struct rms_view record)
{
    struct package *package = context;

    if (package->head == NULL) {
        return kind == RECORD_HEAD ? rms_json_parse(record, &package->head) : RMS_E_BAD_ARGUMENT;
    }
    if (kind != RECORD_KEY || package->blob != NULL || record.len > KEY_BLOB_MAX) {
        return RMS_E_BAD_ARGUMENT;
    }
    package->blob = rms_secret_new(record.len);
    if (package->blob == NULL) {
        return RMS_E_NO_MEMORY;
    }
    memcpy(rms_secret_bytes(package->blob), record.data, record.len);
    return 0;
}

/* Through to its end, before anything is believed. */
static int read_package(int fd, struct rms_view passphrase, struct package *package_out)
{
    struct rms_backup_reader *reader;
    int status;

    *package_out = (struct package){0};
    RMS_TRY(rms_backup_reader_new(fd, passphrase, &reader));
    status = rms_backup_each(reader, take, package_out);
    rms_backup_reader_free(&reader);
    if (status == 0 && json_integer_value(json_object_get(package_out->head, "Format")) != FORMAT) {
        status = RMS_E_BAD_ARGUMENT;
    }
    return status == RMS_E_DAMAGED ? RMS_E_BAD_ARGUMENT : status;
}

int rms_tpd_inspect(int fd, struct rms_view passphrase, struct rms_buf *json_out)
{
    __attribute__((cleanup(package_fini))) struct package package;

    RMS_TRY(read_package(fd, passphrase, &package));
    if (json_object_set_new(package.head, "PrivateKey", json_boolean(package.blob != NULL)) != 0) {
        return RMS_E_NO_MEMORY;
    }
    return rms_json_emit(package.head, json_out);
}

/* --- importing ----------------------------------------------------------------------------------------- */

static int add_read(const struct rms_tool *tool, const char *tenant_id, const json_t *object)
{
    RMS_BUF_CLEANUP struct rms_buf policy = RMS_BUF_INIT(TEXT_MAX);
    const json_t *form = json_object_get(object, "Policy");
    struct rms_template tpl = {.tenant_id = tenant_id,
        .legacy_apps = json_is_true(json_object_get(object, "EnableInLegacyApps")),
        .created_at = json_integer_value(json_object_get(object, "CreationTime")),
        .modified_at = rms_clock_now()};
    const char *field;
    int status;

    if (!json_is_object(form)) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(rms_json_emit(form, &policy));
    RMS_TRY(rms_policy_from_json(tool->arena, rms_buf_view(&policy), &tpl.policy));
    RMS_TRY(rms_policy_check(&tpl.policy, RMS_TIME_NONE, &field));
    RMS_TRY(rms_json_texts(tool->arena, json_object_get(object, "Scope"), &tpl.scope, &tpl.scope_count));
    status = rms_template_create(tool->db, &tpl);
    return status == RMS_E_CONFLICT ? 0 : status; /* another package brought it */
}

static int import(const struct rms_tool *tool, const struct rms_tenant *tenant, const struct package *package,
    char key_id_out[RMS_GUID_TEXT])
{
    const json_t *templates = json_object_get(package->head, "Templates");
    const json_t *object;
    size_t i;

    RMS_TRY(rms_keytool_add(tool, tenant, rms_secret_view(package->blob), key_id_out));
    json_array_foreach(templates, i, object)
    {
        RMS_TRY(add_read(tool, tenant->id, object));
    }
    return rms_tool_note(tool, tenant->id, "ImportTpd", key_id_out);
}

static int import_into(const struct rms_tool *tool, const char *tenant_text, const struct package *package,
    char key_id_out[RMS_GUID_TEXT])
{
    struct rms_tenant tenant;

    RMS_TRY(rms_tenant_find(tool->db, tool->arena, tenant_text, &tenant));
    RMS_TRY(rms_db_begin(tool->db));
    return rms_db_end(tool->db, import(tool, &tenant, package, key_id_out));
}

int rms_tpd_import(const struct rms_settings *settings, const char *tenant, int fd,
    struct rms_view passphrase, char key_id_out[RMS_GUID_TEXT])
{
    __attribute__((cleanup(package_fini))) struct package package;
    struct rms_tool tool;
    int status;

    RMS_TRY(read_package(fd, passphrase, &package));
    if (package.blob == NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    status = rms_tool_begin(settings, &tool);
    if (status == 0) {
        status = rms_tool_open(&tool);
    }
    if (status == 0) {
        status = import_into(&tool, tenant, &package, key_id_out);
    }
    rms_tool_close(&tool);
    return status;
}
