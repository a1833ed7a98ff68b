/* The tenant under the names that the cmdlets of the original show it by (S-022), and commands of theirs that
 * have nothing left to do here (S-199). */
#include "base/json.h"
#include "base/text.h"
#include "service/admin.h"
#include "service/client_state.h"
#include "service/rest_write.h"
#include "service/settings_text.h"
#include "service/tenant.h"
#include "service/tenant_make.h"
#include "service/tracking_state.h"
#include "store/chain.h"
#include "store/role.h"
#include "store/usage.h"

#define HOST_MAX 253

struct config {
    struct rms_request *request;
    struct rms_tenant t;
    struct rms_client_state clients;
    struct rms_tracking_state tracking;
    struct rms_super_users supers;
    struct rms_role_members admins;
    struct rms_templates templates;
    struct rms_key active;
    const char *migration;
};

static int read_config(struct config *c)
{
    struct rms_request *request = c->request;
    struct rms_arena *arena = request->arena;
    struct rms_db *db = request->worker->db;
    RMS_TRY(rms_admin_tenant(request, &c->t));
    RMS_TRY(rms_client_state_read(arena, c->t.settings, &c->clients));
    RMS_TRY(rms_tracking_state_read(arena, c->t.settings, &c->tracking));
    RMS_TRY(rms_settings_text_get(arena, c->t.settings, RMS_MIGRATION_SETTING, &c->migration));
    RMS_TRY(rms_super_user_list(db, arena, c->t.id, &c->supers));
    RMS_TRY(rms_role_list(db, arena, c->t.id, &c->admins));
    RMS_TRY(rms_template_list(db, arena, c->t.id, &c->templates));
    int rc = rms_key_active(db, arena, c->t.id, RMS_KEY_TENANT, &c->active);
    return rc == RMS_E_NOT_FOUND ? RMS_OK : rc;
}

static void write_url(const struct config *c, struct rms_buf *out, const char *name, const char *path)
{
    const char *base = c->request->worker->front->base_url;
    rms_out_text(out, name, rms_arena_printf(c->request->arena, "%s%s", base, path));
}

static void write_people(const struct config *c, struct rms_buf *out)
{
    rms_out_open(out, "SuperUsers", '[');
    for (size_t i = 0; i < c->supers.count; i++) {
        rms_out_text(out, NULL, c->supers.items[i].address);
    }
    rms_out_close(out, ']');
    rms_out_open(out, "AdminRoleMembers", '[');
    for (size_t i = 0; i < c->admins.count; i++) {
        const struct rms_role_member *member = &c->admins.items[i];
        rms_out_open(out, NULL, '{');
        rms_out_text(out, "Role", rms_role_name(member->role));
        rms_out_text(out, "Id", member->id);
        rms_out_text(out, "Address", member->address);
        rms_out_close(out, '}');
    }
    rms_out_close(out, ']');
}

static void write_platforms(const struct config *c, struct rms_buf *out)
{
    rms_out_open(out, "DevicePlatformState", '{');
    for (unsigned i = 0; i < RMS_PLATFORM_COUNT; i++) {
        rms_out_bool(out, rms_platform_name((enum rms_platform)i), (c->clients.platforms_off & 1u << i) == 0);
    }
    rms_out_close(out, '}');
}

static const char *state_word(bool enabled)
{
    return enabled ? "Enabled" : "Disabled";
}

static int write_config(const struct config *c, struct rms_buf *out)
{
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "BPOSId", c->t.id);
    rms_out_text(out, "RightsManagementServiceId", c->t.service_id);
    write_url(c, out, "LicensingIntranetDistributionPointUrl", RMS_LICENSING_PATH);
    write_url(c, out, "LicensingExtranetDistributionPointUrl", RMS_LICENSING_PATH);
    write_url(c, out, "CertificationIntranetDistributionPointUrl", "/_wmcs/certification");
    write_url(c, out, "CertificationExtranetDistributionPointUrl", "/_wmcs/certification");
    write_url(c, out, "AdminConnectionUrl", "/admin/v1");
    write_url(c, out, "AdminV2ConnectionUrl", "/admin/v1");
    rms_out_text(out, "OnPremiseDomainName", c->migration);
    RMS_TRY(rms_admin_write_keys(c->request, out, "Keys", c->t.id));
    rms_out_text(out, "CurrentLicensorCertificateGuid", c->active.id);
    rms_out_open(out, "Templates", '[');
    for (size_t i = 0; i < c->templates.count; i++) {
        rms_out_text(out, NULL, c->templates.items[i].policy.id);
    }
    rms_out_close(out, ']');
    rms_out_text(out, "FunctionalState", rms_tenant_state_name(c->t.state));
    rms_out_text(out, "SuperUsersEnabled", state_word(c->t.super_users_enabled));
    write_people(c, out);
    rms_out_int(out, "KeyRolloverCount", c->t.key_rollover_count);
    rms_out_time(out, "ProvisioningDate", c->t.created_at);
    rms_out_text(out, "IPCv3ServiceFunctionalState", state_word(!c->clients.rest_off));
    write_platforms(c, out);
    rms_out_text(out, "FciEnabledForConnectorAuthorization", state_word(false)); /* there is no connector */
    rms_out_text(out, "DocumentTrackingFeatureState", state_word(c->tracking.enabled));
    rms_out_close(out, '}');
    return rms_buf_status(out);
}

/* The object with this member alone. */
static int keep_member(struct rms_request *request, struct rms_buf *out, const char *name)
{
    RMS_JSON_CLEANUP json_t *json = NULL;
    RMS_JSON_CLEANUP json_t *one = json_object();
    RMS_TRY(rms_json_parse(rms_buf_view(out), &json));
    json_t *value = json_object_get(json, name);
    if (value == NULL) {
        return rms_fail(request, RMS_E_BAD_ARGUMENT, "field: the configuration has none of this name");
    }
    if (json_object_set(one, name, value) != 0) {
        return RMS_E_NO_MEMORY;
    }
    rms_buf_reset(out);
    return rms_json_emit(one, out);
}

int rms_admin_tenant_config(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    const char *field = rms_request_query(request, "field");
    struct config config = {.request = request};
    (void)front;
    RMS_TRY(read_config(&config));
    RMS_TRY(write_config(&config, &reply->body));
    return field != NULL ? keep_member(request, &reply->body, field) : RMS_OK;
}

/* --- where licences are asked for from now on ------------------------------------------------------------
 */

int rms_admin_migration_show(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    const char *host = NULL;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_settings_text_get(request->arena, t.settings, RMS_MIGRATION_SETTING, &host));
    rms_admin_write_word(request, reply, "MigrationUrl", host != NULL ? host : "");
    return RMS_OK;
}

/* A name of letters, digits, hyphens and dots, as in addresses. */
static int read_host(struct rms_admin_body *body, const char **host_out)
{
    struct rms_arena *arena = body->reader.arena;
    const char *text = NULL;
    char address[RMS_ADDRESS_MAX];
    RMS_TRY(rms_reader_text(&body->reader, body->object, "Domain", HOST_MAX, &text));
    if (text == NULL || text[0] == '\0') {
        return RMS_OK;
    }
    const char *whole = rms_arena_printf(arena, "x@%s", text);
    if (whole == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (strpbrk(text, "@ \t") != NULL || strchr(text, '.') == NULL ||
        rms_address_normalise(whole, address) < 0) {
        return rms_reader_fail(&body->reader, "Domain", "not a name of a host, like rms.contoso.test");
    }
    *host_out = rms_arena_strdup(arena, rms_address_domain(address));
    return *host_out != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

static int set_migration(struct rms_request *request, struct rms_admin_body *body, struct rms_tenant *t)
{
    const char *before = NULL;
    const char *host = NULL;
    bool replace = false;
    RMS_TRY(read_host(body, &host));
    RMS_TRY(rms_reader_bool(&body->reader, body->object, "Replace", &replace));
    RMS_TRY(rms_settings_text_get(request->arena, t->settings, RMS_MIGRATION_SETTING, &before));
    if (before != NULL && host != NULL && !replace) {
        return rms_fail(request, RMS_E_CONFLICT, "there is one already; --force replaces it");
    }
    return rms_settings_text_set(request->arena, &t->settings, RMS_MIGRATION_SETTING, host);
}

int rms_admin_migration_set(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {"Domain", "Replace", NULL};
    struct rms_tenant t;
    RMS_TRY(rms_admin_edit_tenant(request, names, set_migration, &t));
    return rms_admin_migration_show(front, request, reply);
}

/* --- the original's log service --------------------------------------------------------------------------
 */

/* Whatever is asked for: it is as it is. */
static int answer_word(
    struct rms_request *request, struct rms_reply *reply, const char *name, const char *word)
{
    static const char *const names[] = {"State", "Account", NULL};
    struct rms_tenant t;
    RMS_TRY(rms_admin_tenant(request, &t));
    if (request->body.len > 0) {
        RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
        RMS_TRY(rms_admin_body(request, names, &body));
        request->note.detail = "it has no effect";
    }
    rms_admin_write_word(request, reply, name, word);
    return RMS_OK;
}

int rms_admin_log_feature(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    (void)front;
    return answer_word(request, reply, "UsageLogFeatureState", "always on");
}

int rms_admin_log_storage(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    (void)front;
    return answer_word(request, reply, "UsageLogStorage", "the service's database");
}

/* Of the newest row: there are no files that could be counted. */
int rms_admin_log_number(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    struct rms_chain_statement head = {0};
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    int rc = rms_chain_head(request->worker->db, request->arena, t.id, &head);
    RMS_TRY(rc == RMS_E_NOT_FOUND ? RMS_OK : rc);
    const char *number = rms_arena_printf(request->arena, "%lld", (long long)head.seq);
    rms_admin_write_word(request, reply, "LastCounterValue", number != NULL ? number : "");
    return RMS_OK;
}
