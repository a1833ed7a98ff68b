/* Tenants and their domains. */
#include "store/tenant.h"

#include "base/text.h"
#include "store/sql.h"

static const char *const state_names[] = {
    [RMS_TENANT_ENABLED] = "Enabled",
    [RMS_TENANT_DISABLED] = "Disabled",
    [RMS_TENANT_CONSUME_ONLY] = "ConsumeOnly",
};

#define STATES (sizeof state_names / sizeof state_names[0])

const char *rms_tenant_state_name(enum rms_tenant_state state)
{
    return (size_t)state < STATES ? state_names[state] : "";
}

int rms_tenant_state_parse(const char *name, enum rms_tenant_state *state_out)
{
    for (size_t i = 0; i < STATES; i++) {
        if (rms_text_equal_nocase(name, state_names[i])) {
            *state_out = (enum rms_tenant_state)i;
            return 0;
        }
    }
    if (rms_text_equal_nocase(name, "consume-only")) {
        *state_out = RMS_TENANT_CONSUME_ONLY;
        return 0;
    }
    return RMS_E_BAD_ARGUMENT;
}

static const char *const scope_names[] = {
    [RMS_ONBOARD_ALL] = "All",
    [RMS_ONBOARD_DESKTOP] = "WindowsApp",
    [RMS_ONBOARD_REST] = "MobileApp",
};

#define SCOPES (sizeof scope_names / sizeof scope_names[0])

const char *rms_onboarding_scope_name(enum rms_onboarding_scope scope)
{
    return (size_t)scope < SCOPES ? scope_names[scope] : "";
}

int rms_onboarding_scope_parse(const char *name, enum rms_onboarding_scope *scope_out)
{
    for (size_t i = 0; i < SCOPES; i++) {
        if (rms_text_equal_nocase(name, scope_names[i])) {
            *scope_out = (enum rms_onboarding_scope)i;
            return 0;
        }
    }
    return RMS_E_BAD_ARGUMENT;
}

int rms_tenant_init(
    struct rms_arena *arena, const char *name, int64_t created_at, struct rms_tenant *tenant_out)
{
    char id[RMS_GUID_TEXT];
    char service_id[RMS_GUID_TEXT];

    rms_guid_new(id);
    rms_guid_new(service_id);
    *tenant_out = (struct rms_tenant){
        .id = rms_arena_strdup(arena, id),
        .service_id = rms_arena_strdup(arena, service_id),
        .name = rms_arena_strdup(arena, name),
        .state = RMS_TENANT_ENABLED,
        .created_at = created_at,
        .max_use_licence_days = RMS_MAX_USE_LICENCE_DAYS,
        .group_cache_s = RMS_GROUP_CACHE_MAX_S,
        .settings = "{}",
    };
    return tenant_out->id != NULL && tenant_out->service_id != NULL && tenant_out->name != NULL
               ? 0
               : RMS_E_NO_MEMORY;
}

/* A domain has the form of the right half of an address. */
static int normalise_domain(const char *domain, char out[RMS_ADDRESS_MAX])
{
    char address[RMS_ADDRESS_MAX];
    char normal[RMS_ADDRESS_MAX];
    size_t len = domain != NULL ? strlen(domain) : 0;

    if (len == 0 || len + 3 > sizeof address || strchr(domain, '@') != NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    memcpy(address, "x@", 2);
    memcpy(address + 2, domain, len + 1);
    RMS_TRY(rms_address_normalise(address, normal));
    domain = rms_address_domain(normal);
    memcpy(out, domain, strlen(domain) + 1);
    return 0;
}

static int insert_domain(struct rms_db *db, const char *id, const char *domain)
{
    char normal[RMS_ADDRESS_MAX];
    int code;

    RMS_TRY(normalise_domain(domain, normal));
    code = rms_sql_run(db, RMS_SQL_DOMAIN_INSERT, RMS_VALUES(RMS_TEXT(normal), RMS_TEXT(id)));
    return code < 0 ? code : 0;
}

static int check_values(const struct rms_tenant *tenant)
{
    bool named =
        tenant->name != NULL && tenant->name[0] != '\0' && rms_text_printable(rms_view_str(tenant->name));

    if (!named || tenant->max_use_licence_days > RMS_MAX_USE_LICENCE_DAYS_MAX ||
        tenant->group_cache_s > RMS_GROUP_CACHE_MAX_S) {
        return RMS_E_BAD_ARGUMENT;
    }
    return 0;
}

static const char *settings_of(const struct rms_tenant *tenant)
{
    return tenant->settings != NULL ? tenant->settings : "{}";
}

static int insert(struct rms_db *db, const struct rms_tenant *tenant)
{
    int code = rms_sql_run(db, RMS_SQL_TENANT_INSERT,
        RMS_VALUES(RMS_TEXT(tenant->id), RMS_TEXT(tenant->service_id), RMS_TEXT(tenant->name),
            RMS_INT(tenant->state), RMS_INT(tenant->created_at), RMS_INT(tenant->max_use_licence_days),
            RMS_INT(tenant->group_cache_s), RMS_INT(tenant->removal_rights_extract),
            RMS_INT(tenant->super_users_enabled), RMS_TEXT(settings_of(tenant))));

    for (size_t i = 0; code >= 0 && i < tenant->domain_count; i++) {
        code = insert_domain(db, tenant->id, tenant->domains[i]);
    }
    return code < 0 ? code : 0;
}

int rms_tenant_create(struct rms_db *db, const struct rms_tenant *tenant)
{
    RMS_TRY(rms_check_id(tenant->id));
    RMS_TRY(rms_check_id(tenant->service_id));
    RMS_TRY(check_values(tenant));
    if (tenant->domain_count == 0) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(db, insert(db, tenant));
}

static void read_tenant(struct rms_rows *rows, struct rms_tenant *tenant)
{
    tenant->id = rms_take_text(rows);
    tenant->service_id = rms_take_text(rows);
    tenant->name = rms_take_text(rows);
    tenant->state = (enum rms_tenant_state)rms_take_int(rows);
    tenant->created_at = rms_take_int(rows);
    tenant->max_use_licence_days = (unsigned)rms_take_int(rows);
    tenant->group_cache_s = (unsigned)rms_take_int(rows);
    tenant->removal_rights_extract = rms_take_bool(rows);
    tenant->super_users_enabled = rms_take_bool(rows);
    tenant->super_user_group = rms_take_text(rows);
    tenant->key_rollover_count = (unsigned)rms_take_int(rows);
    tenant->settings = rms_take_text(rows);
    tenant->onboarding.licence = rms_take_bool(rows);
    tenant->onboarding.group_id = rms_take_text(rows);
    tenant->onboarding.scope = (enum rms_onboarding_scope)rms_take_int(rows);
    tenant->key_rotation_days = (unsigned)rms_take_int(rows);
    tenant->four_eyes = rms_take_bool(rows);
    tenant->retention.usage_days = (unsigned)rms_take_int(rows);
    tenant->retention.admin_days = (unsigned)rms_take_int(rows);
    tenant->retention.access_days = (unsigned)rms_take_int(rows);
    tenant->no_track_group = rms_take_text(rows);
}

static int read_domains(struct rms_db *db, struct rms_arena *arena, struct rms_tenant *tenant)
{
    RMS_ROWS(rows, db, arena);
    struct rms_list list = RMS_LIST(arena, const char *);
    int code;

    RMS_TRY(rms_rows_open(&rows, RMS_SQL_DOMAIN_LIST, RMS_VALUES(RMS_TEXT(tenant->id))));
    while ((code = rms_rows_next(&rows)) > 0) {
        const char **domain = rms_list_add(&list);

        if (domain == NULL) {
            return RMS_E_NO_MEMORY;
        }
        *domain = rms_take_text(&rows);
    }
    tenant->domains = list.items;
    tenant->domain_count = list.count;
    return code;
}

static int get(struct rms_db *db, struct rms_arena *arena, const char *id, struct rms_tenant *tenant_out)
{
    RMS_ROWS(rows, db, arena);

    RMS_TRY(rms_rows_first(&rows, RMS_SQL_TENANT_GET, RMS_VALUES(RMS_TEXT(id))));
    read_tenant(&rows, tenant_out);
    RMS_TRY(rms_rows_status(&rows));
    return read_domains(db, arena, tenant_out);
}

int rms_tenant_get(struct rms_db *db, struct rms_arena *arena, const char *id, struct rms_tenant *tenant_out)
{
    bool mine;

    *tenant_out = (struct rms_tenant){0};
    RMS_TRY(rms_db_read_begin(db, &mine));
    return rms_db_read_end(db, mine, get(db, arena, id, tenant_out));
}

static int look_up(struct rms_db *db, enum rms_sql id, const char *value, char id_out[RMS_GUID_TEXT])
{
    RMS_ROWS(rows, db, NULL);
    const char *found;

    RMS_TRY(rms_rows_first(&rows, id, RMS_VALUES(RMS_TEXT(value))));
    found = rms_take_text(&rows);
    if (strlen(found) >= RMS_GUID_TEXT) {
        return RMS_E_DAMAGED;
    }
    memcpy(id_out, found, strlen(found) + 1);
    return 0;
}

int rms_tenant_find(
    struct rms_db *db, struct rms_arena *arena, const char *text, struct rms_tenant *tenant_out)
{
    char id[RMS_GUID_TEXT];
    char plain[RMS_GUID_TEXT];
    char domain[RMS_ADDRESS_MAX];
    int code;

    *tenant_out = (struct rms_tenant){0};
    if (rms_guid_parse(rms_view_str(text), plain) == 0) {
        code = look_up(db, RMS_SQL_TENANT_BY_SERVICE, plain, id);
        return code == RMS_E_NOT_FOUND ? rms_tenant_get(db, arena, plain, tenant_out)
               : code < 0              ? code
                                       : rms_tenant_get(db, arena, id, tenant_out);
    }
    if (normalise_domain(text, domain) < 0) {
        return RMS_E_NOT_FOUND;
    }
    RMS_TRY(look_up(db, RMS_SQL_DOMAIN_TENANT, domain, id));
    return rms_tenant_get(db, arena, id, tenant_out);
}

int rms_domain_is_owned(struct rms_db *db, const char *domain, bool *owned_out)
{
    char id[RMS_GUID_TEXT];
    int code = look_up(db, RMS_SQL_DOMAIN_TENANT, domain, id);

    *owned_out = code == 0;
    return code == RMS_E_NOT_FOUND ? 0 : code;
}

static int list_tenants(struct rms_db *db, struct rms_arena *arena, struct rms_list *list)
{
    RMS_ROWS(rows, db, arena);
    int code;

    RMS_TRY(rms_rows_open(&rows, RMS_SQL_TENANT_LIST, NULL, 0));
    while ((code = rms_rows_next(&rows)) > 0) {
        struct rms_tenant *tenant = rms_list_add(list);

        if (tenant == NULL) {
            return RMS_E_NO_MEMORY;
        }
        read_tenant(&rows, tenant);
    }
    return code;
}

static int list_with_domains(struct rms_db *db, struct rms_arena *arena, struct rms_tenants *tenants_out)
{
    struct rms_list list = RMS_LIST(arena, struct rms_tenant);

    RMS_TRY(list_tenants(db, arena, &list));
    *tenants_out = (struct rms_tenants){list.items, list.count};
    for (size_t i = 0; i < tenants_out->count; i++) {
        RMS_TRY(read_domains(db, arena, &tenants_out->items[i]));
    }
    return 0;
}

int rms_tenant_list(struct rms_db *db, struct rms_arena *arena, struct rms_tenants *tenants_out)
{
    bool mine;

    *tenants_out = (struct rms_tenants){0};
    RMS_TRY(rms_db_read_begin(db, &mine));
    return rms_db_read_end(db, mine, list_with_domains(db, arena, tenants_out));
}

int rms_tenant_require(struct rms_db *db, const char *id)
{
    RMS_ROWS(rows, db, NULL);

    return rms_rows_first(&rows, RMS_SQL_TENANT_EXISTS, RMS_VALUES(RMS_TEXT(id)));
}

static int set_state(struct rms_db *db, const char *id, enum rms_tenant_state state, bool *changed_out)
{
    int changed;

    RMS_TRY(rms_tenant_require(db, id));
    changed = rms_sql_run(db, RMS_SQL_TENANT_SET_STATE, RMS_VALUES(RMS_TEXT(id), RMS_INT(state)));
    *changed_out = changed > 0;
    return changed < 0 ? changed : 0;
}

int rms_tenant_set_state(struct rms_db *db, const char *id, enum rms_tenant_state state, bool *changed_out)
{
    *changed_out = false;
    if ((size_t)state >= STATES) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(db, set_state(db, id, state, changed_out));
}

int rms_tenant_update(struct rms_db *db, const struct rms_tenant *tenant)
{
    RMS_TRY(check_values(tenant));
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(
        db, rms_sql_run_one(db, RMS_SQL_TENANT_UPDATE,
                RMS_VALUES(RMS_TEXT(tenant->id), RMS_TEXT(tenant->name),
                    RMS_INT(tenant->max_use_licence_days), RMS_INT(tenant->group_cache_s),
                    RMS_INT(tenant->removal_rights_extract), RMS_TEXT(settings_of(tenant)))));
}

int rms_tenant_set_onboarding(struct rms_db *db, const char *id, const struct rms_onboarding *onboarding)
{
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(db, rms_sql_run_one(db, RMS_SQL_TENANT_SET_ONBOARDING,
                                     RMS_VALUES(RMS_TEXT(id), RMS_INT(onboarding->licence),
                                         RMS_TEXT(onboarding->group_id), RMS_INT(onboarding->scope))));
}

int rms_tenant_set_rotation(struct rms_db *db, const char *id, unsigned days)
{
    if (days > RMS_KEY_ROTATION_DAYS_MAX) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(
        db, rms_sql_run_one(db, RMS_SQL_TENANT_SET_ROTATION, RMS_VALUES(RMS_TEXT(id), RMS_INT(days))));
}

static bool days_ok(unsigned days, unsigned least)
{
    return days >= least && days <= RMS_RETENTION_DAYS_MAX;
}

int rms_tenant_set_retention(struct rms_db *db, const char *id, const struct rms_retention *retention)
{
    if (!days_ok(retention->usage_days, RMS_RETENTION_LOG_DAYS_MIN) ||
        !days_ok(retention->admin_days, RMS_RETENTION_LOG_DAYS_MIN) || !days_ok(retention->access_days, 1)) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(db, rms_sql_run_one(db, RMS_SQL_TENANT_SET_RETENTION,
                                     RMS_VALUES(RMS_TEXT(id), RMS_INT(retention->usage_days),
                                         RMS_INT(retention->admin_days), RMS_INT(retention->access_days))));
}

static int set_no_track(struct rms_db *db, const char *id, const char *group_id)
{
    if (group_id != NULL) {
        RMS_TRY(rms_group_require(db, id, group_id));
    }
    return rms_sql_run_one(db, RMS_SQL_TENANT_SET_NO_TRACK, RMS_VALUES(RMS_TEXT(id), RMS_TEXT(group_id)));
}

int rms_tenant_set_no_track(struct rms_db *db, const char *id, const char *group_id)
{
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(db, set_no_track(db, id, group_id));
}

static int add_domain(struct rms_db *db, const char *id, const char *domain)
{
    RMS_TRY(rms_tenant_require(db, id));
    return insert_domain(db, id, domain);
}

int rms_tenant_add_domain(struct rms_db *db, const char *id, const char *domain)
{
    RMS_TRY(rms_db_begin(db));
    return rms_db_end_change(db, add_domain(db, id, domain));
}
