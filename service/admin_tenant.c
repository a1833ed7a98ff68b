/* Tenants: add, list, show, state, settings, domains. */
#include "base/text.h"
#include "service/admin_template.h"
#include "service/contact_state.h"
#include "service/tracking_state.h"
#include "service/rest_write.h"
#include "service/settings_text.h"
#include "service/tenant.h"
#include "service/tenant_key.h"
#include "service/tenant_make.h"

#define NAME_MAX_BYTES   256
#define DOMAIN_MAX_BYTES 253

static void write_removal(struct rms_buf *out, const struct rms_tenant *t)
{
    static const char *const rights[] = {"OWNER", "EXPORT", "EXTRACT"};
    rms_out_texts(out, "RemovalRights", rights, t->removal_rights_extract ? 3 : 2);
}

static int write_tenant(struct rms_request *request, struct rms_buf *out, const struct rms_tenant *t)
{
    struct rms_tracking_state tracking;
    bool compatible;
    const char *url =
        rms_arena_printf(request->arena, "%s" RMS_LICENSING_PATH, request->worker->front->base_url);
    rms_out_open(out, NULL, '{');
    rms_out_text(out, "TenantId", t->id);
    rms_out_text(out, "RightsManagementServiceId", t->service_id);
    rms_out_text(out, "Name", t->name);
    rms_out_text(out, "FunctionalState", rms_tenant_state_name(t->state));
    rms_out_texts(out, "Domains", t->domains, t->domain_count);
    rms_out_time(out, "ProvisioningDate", t->created_at);
    rms_out_text(out, "LicensingUrl", url);
    rms_out_int(out, "MaxUseLicenseValidity", t->max_use_licence_days);
    rms_out_int(out, "GroupCacheSeconds", t->group_cache_s);
    write_removal(out, t);
    RMS_TRY(rms_compatibility_read(t, &compatible));
    rms_out_text(out, "CompatibilityProfile", compatible ? "Enabled" : "Disabled");
    const char *contact = NULL;
    const char *object_model = NULL;
    RMS_TRY(rms_settings_text_get(request->arena, t->settings, RMS_ADD_OBJECT_MODEL, &object_model));
    rms_out_bool(out, "AddObjectModel", object_model != NULL);
    RMS_TRY(rms_contact_read(request->arena, t->settings, &contact));
    if (contact != NULL) {
        rms_out_text(out, "ServiceContact", contact);
    }
    rms_out_text(out, "SuperUsersEnabled", t->super_users_enabled ? "Enabled" : "Disabled");
    RMS_TRY(rms_tracking_state_read(request->arena, t->settings, &tracking));
    rms_out_text(out, "DocumentTrackingFeatureState", tracking.enabled ? "Enabled" : "Disabled");
    rms_out_text(out, "UsageLogFeatureState", "Enabled"); /* always (section 16) */
    rms_out_int(out, "KeyRolloverCount", t->key_rollover_count);
    rms_out_int(out, "KeyRotationDays", t->key_rotation_days);
    RMS_TRY(rms_admin_write_keys(request, out, "Keys", t->id));
    rms_out_close(out, '}');
    return RMS_OK;
}

static int show_stored(struct rms_request *request, struct rms_reply *reply, const char *id)
{
    struct rms_tenant t;
    RMS_TRY(rms_tenant_get(request->worker->db, request->arena, id, &t));
    return write_tenant(request, &reply->body, &t);
}

/* --- adding -------------------------------------------------------------------------------------------- */

/* A domain in its normal form, by way of an address in it. */
static int normal_domain(struct rms_admin_body *body, const char *text, const char **out)
{
    struct rms_arena *arena = body->reader.arena;
    char normal[RMS_ADDRESS_MAX];
    const char *address = rms_arena_printf(arena, "x@%s", text);
    if (address == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (strlen(text) > DOMAIN_MAX_BYTES || strchr(text, '.') == NULL ||
        rms_address_normalise(address, normal) < 0) {
        return rms_reader_fail(&body->reader, "Domains", "not a domain");
    }
    *out = rms_arena_strdup(arena, rms_address_domain(normal));
    return *out != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

static int read_domains(struct rms_admin_body *body, struct rms_tenant_request *wanted)
{
    const char *const *texts = NULL;
    RMS_TRY(rms_reader_texts(&body->reader, body->object, "Domains", &texts, &wanted->domain_count));
    if (wanted->domain_count == 0) {
        return rms_reader_fail(&body->reader, "Domains", "at least one is needed");
    }
    const char **domains = rms_arena_array(body->reader.arena, wanted->domain_count, sizeof(const char *));
    if (domains == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < wanted->domain_count; i++) {
        RMS_TRY(normal_domain(body, texts[i], &domains[i]));
    }
    wanted->domains = domains;
    return RMS_OK;
}

/* "new" or "old", or the flag OldTemplateNames. */
static int read_style(struct rms_admin_body *body, struct rms_tenant_request *wanted)
{
    const char *style = NULL;
    RMS_TRY(rms_reader_bool(&body->reader, body->object, "OldTemplateNames", &wanted->old_template_names));
    RMS_TRY(rms_reader_text(&body->reader, body->object, "DefaultTemplates", 16, &style));
    if (style == NULL) {
        return RMS_OK;
    }
    wanted->old_template_names = strcmp(style, "old") == 0;
    return wanted->old_template_names || strcmp(style, "new") == 0
               ? RMS_OK
               : rms_reader_fail(&body->reader, "DefaultTemplates", "neither new nor old");
}

/* S-079: OWNER and EXPORT always; EXTRACT may be added. */
static int read_removal(struct rms_admin_body *body, bool *extract)
{
    const char *const *rights = NULL;
    size_t count = 0;
    RMS_TRY(rms_reader_texts(&body->reader, body->object, "RemovalRights", &rights, &count));
    if (rights == NULL) {
        return RMS_OK;
    }
    *extract = false;
    for (size_t i = 0; i < count; i++) {
        bool is_extract = rms_text_equal_nocase(rights[i], "EXTRACT");
        if (!is_extract && !rms_text_equal_nocase(rights[i], "OWNER") &&
            !rms_text_equal_nocase(rights[i], "EXPORT")) {
            return rms_reader_fail(&body->reader, "RemovalRights", "not OWNER, EXPORT or EXTRACT");
        }
        *extract |= is_extract;
    }
    return RMS_OK;
}

static int read_tenant(struct rms_admin_body *body, struct rms_tenant_request *wanted)
{
    RMS_TRY(rms_admin_need(body, "Name", NAME_MAX_BYTES, &wanted->name));
    RMS_TRY(read_domains(body, wanted));
    RMS_TRY(rms_reader_bool(&body->reader, body->object, "Disabled", &wanted->disabled));
    RMS_TRY(rms_reader_bool(&body->reader, body->object, "LegacyDefaults", &wanted->legacy_rights));
    RMS_TRY(read_removal(body, &wanted->removal_extract));
    return read_style(body, wanted);
}

int rms_admin_tenant_add(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {"Name", "Domains", "Disabled", "LegacyDefaults", "OldTemplateNames",
        "DefaultTemplates", "RemovalRights", NULL};
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    struct rms_tenant_request wanted = {0};
    const char *id = NULL;
    (void)front;
    RMS_TRY(rms_admin_body(request, names, &body));
    int rc = read_tenant(&body, &wanted);
    if (rc < 0) {
        return rms_admin_fail(request, &body, rc);
    }
    rc = rms_tenant_make(request, &wanted, &id);
    if (rc == RMS_E_CONFLICT) {
        return rms_fail(request, rc, "a tenant has one of the domains");
    }
    RMS_TRY(rc);
    request->tenant = rms_request_tenant(request, id);
    return show_stored(request, reply, id);
}

/* --- reading ------------------------------------------------------------------------------------------- */

int rms_admin_tenant_list(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenants tenants;
    (void)front;
    RMS_TRY(rms_tenant_list(request->worker->db, request->arena, &tenants));
    rms_out_open(&reply->body, NULL, '[');
    for (size_t i = 0; i < tenants.count; i++) {
        RMS_TRY(write_tenant(request, &reply->body, &tenants.items[i]));
    }
    rms_out_close(&reply->body, ']');
    return RMS_OK;
}

int rms_admin_tenant_show(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    return write_tenant(request, &reply->body, &t);
}

int rms_admin_tenant_state(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    rms_admin_write_word(request, reply, "FunctionalState", rms_tenant_state_name(t.state));
    return RMS_OK;
}

int rms_admin_tenant_validity(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    struct rms_tenant t;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    const char *days = rms_arena_printf(request->arena, "%u", t.max_use_licence_days);
    rms_admin_write_word(request, reply, "MaxUseLicenseValidity", days != NULL ? days : "");
    return RMS_OK;
}

/* --- changing ------------------------------------------------------------------------------------------ */

int rms_admin_tenant_set_state(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {"State", NULL};
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    struct rms_tenant t;
    const char *text = NULL;
    enum rms_tenant_state state;
    bool changed = false;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_admin_body(request, names, &body));
    int rc = rms_admin_need(&body, "State", 32, &text);
    if (rc == RMS_OK && rms_tenant_state_parse(text, &state) < 0) {
        rc = rms_reader_fail(&body.reader, "State", "not Enabled, Disabled or ConsumeOnly");
    }
    if (rc < 0) {
        return rms_admin_fail(request, &body, rc);
    }
    RMS_TRY(rms_tenant_set_state(request->worker->db, t.id, state, &changed));
    if (!changed) {
        request->note.detail = "it had that state already";
    }
    return show_stored(request, reply, t.id);
}

static int read_number(struct rms_admin_body *body, const char *name, int64_t max, unsigned *out)
{
    int64_t number = -1;
    RMS_TRY(rms_reader_int(&body->reader, body->object, name, &number));
    if (number == -1 && json_object_get(body->object, name) == NULL) {
        return RMS_OK;
    }
    if (number < 0 || number > max) {
        const char *range = rms_arena_printf(body->reader.arena, "not between 0 and %lld", (long long)max);
        return rms_reader_fail(&body->reader, name, range != NULL ? range : "out of range");
    }
    *out = (unsigned)number;
    return RMS_OK;
}

/* The profile is a promise about the key in use too. */
static int read_compatibility(struct rms_request *request, struct rms_admin_body *body, struct rms_tenant *t)
{
    struct rms_key active;
    bool wanted;
    RMS_TRY(rms_compatibility_read(t, &wanted));
    bool before = wanted;
    RMS_TRY(rms_reader_bool(&body->reader, body->object, "Compatibility", &wanted));
    if (wanted == before) {
        return RMS_OK;
    }
    RMS_TRY(rms_compatibility_write(request->arena, t, wanted));
    RMS_TRY(rms_key_active(request->worker->db, request->arena, t->id, RMS_KEY_TENANT, &active));
    return rms_tenant_key_fits(request, t, active.bits, true);
}

static int read_object_model(struct rms_request *request, struct rms_admin_body *body, struct rms_tenant *t)
{
    bool wanted = false;
    if (json_object_get(body->object, "AddObjectModel") == NULL) {
        return RMS_OK;
    }
    RMS_TRY(rms_reader_bool(&body->reader, body->object, "AddObjectModel", &wanted));
    return rms_settings_text_set(request->arena, &t->settings, RMS_ADD_OBJECT_MODEL, wanted ? "true" : NULL);
}

/* "none" takes it away. */
static int read_contact(struct rms_request *request, struct rms_admin_body *body, struct rms_tenant *t)
{
    const char *text = NULL;
    char address[RMS_ADDRESS_MAX];
    RMS_TRY(rms_reader_text(&body->reader, body->object, "ServiceContact", RMS_ADDRESS_MAX, &text));
    if (text == NULL) {
        return RMS_OK;
    }
    bool none = strcmp(text, "none") == 0;
    if (!none && rms_address_normalise(text, address) < 0) {
        return rms_reader_fail(&body->reader, "ServiceContact", "not an address");
    }
    return rms_contact_write(request->arena, t->settings, none ? NULL : address, &t->settings);
}

static int read_settings(struct rms_request *request, struct rms_admin_body *body, struct rms_tenant *t)
{
    RMS_TRY(rms_reader_text(&body->reader, body->object, "Name", NAME_MAX_BYTES, &t->name));
    RMS_TRY(read_compatibility(request, body, t));
    RMS_TRY(read_object_model(request, body, t));
    RMS_TRY(read_contact(request, body, t));
    RMS_TRY(
        read_number(body, "MaxUseLicenseValidity", RMS_MAX_USE_LICENCE_DAYS_MAX, &t->max_use_licence_days));
    RMS_TRY(read_number(body, "GroupCacheSeconds", RMS_GROUP_CACHE_MAX_S, &t->group_cache_s));
    return read_removal(body, &t->removal_rights_extract);
}

int rms_admin_tenant_settings(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {"Name", "MaxUseLicenseValidity", "GroupCacheSeconds", "RemovalRights",
        "Compatibility", "AddObjectModel", "ServiceContact", NULL};
    struct rms_tenant t;
    (void)front;
    RMS_TRY(rms_admin_edit_tenant(request, names, read_settings, &t));
    return show_stored(request, reply, t.id);
}

int rms_admin_domain_add(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    static const char *const names[] = {"Domain", NULL};
    RMS_ADMIN_BODY_CLEANUP struct rms_admin_body body = {0};
    struct rms_tenant t;
    const char *text = NULL;
    const char *domain = NULL;
    (void)front;
    RMS_TRY(rms_admin_tenant(request, &t));
    RMS_TRY(rms_admin_body(request, names, &body));
    int rc = rms_admin_need(&body, "Domain", DOMAIN_MAX_BYTES, &text);
    if (rc == RMS_OK) {
        rc = normal_domain(&body, text, &domain);
    }
    if (rc < 0) {
        return rms_admin_fail(request, &body, rc);
    }
    rc = rms_tenant_add_domain(request->worker->db, t.id, domain);
    if (rc == RMS_E_CONFLICT) {
        return rms_fail(request, rc, "a tenant has this domain");
    }
    RMS_TRY(rc);
    return show_stored(request, reply, t.id);
}
