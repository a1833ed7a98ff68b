/* rms admin tenant, service, domain, license */
#include "cmd/rms/admin.h"

/* --- tenant ----------------------------------------------------------------------------------------------
 */

static const char *const name_styles[] = {"new", "old", NULL};

#define REMOVAL_OPTION                                                                                       \
    LIST("removal-right", "RIGHT",                                                                           \
        "rights that allow to remove protection: OWNER and EXPORT always, EXTRACT only when given")

static const struct option_row create_options[] = {
    TEXT("name", "NAME", "name of the organisation (needed)"),
    LIST("domain", "DOMAIN", "a domain of it (needed, may be repeated)"),
    FLAG("disabled", "create it disabled, so that keys can be imported first"),
    FLAG("legacy-defaults", "default templates with the rights of before October 2017"),
    CHOICE("default-templates", "new|old", "how the default templates are named (default: new)", name_styles),
    REMOVAL_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct option_row list_options[] = {SOCKET_OPTION, OPTIONS_END};

static const struct call_field create_fields[] = {
    {"Name", FIELD_TEXT, "name", 0},
    {"Domains", FIELD_LIST, "domain", 0},
    {"Disabled", FIELD_TRUE, "disabled", 0},
    {"LegacyDefaults", FIELD_TRUE, "legacy-defaults", 0},
    {"DefaultTemplates", FIELD_TEXT, "default-templates", 0},
    {"RemovalRights", FIELD_LIST, "removal-right", 0},
    FIELDS_END,
};
static const char *const create_needed[] = {"name", "domain", NULL};
static const struct column tenant_columns[] = {
    {"ID", "TenantId"}, {"NAME", "Name"}, {"STATE", "FunctionalState"}, {"DOMAINS", "Domains"}, {NULL, NULL}};

static const struct call tenant_create = {
    .method = "POST", .path = "/admin/v1/tenants", .fields = create_fields, .needed = create_needed};
static const struct call tenant_list = {
    .method = "GET", .path = "/admin/v1/tenants", .columns = tenant_columns};
static const struct call tenant_show = {.method = "GET", .path = TENANT_PATH};

static const char *const on_off[] = {"true", "false", NULL};
static const struct option_row settings_options[] = {
    TEXT("name", "NAME", "name of the organisation; rms admin key refresh-name puts it into certificates"),
    NUMBER("group-cache", "seconds that group membership is kept (0 to 86400)", 0, 86400),
    REMOVAL_OPTION,
    CHOICE("compatibility", "true|false",
        "the compatibility profile: keys of 2048 bits, for clients of any age", on_off),
    CHOICE("add-objmodel", "true|false",
        "saving a template adds OBJMODEL to every grant, as the original's portal does", on_off),
    TEXT("contact", "ADDRESS", "whom people may ask about what a service protected (none: nobody)"),
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct call_field settings_fields[] = {
    {"Name", FIELD_TEXT, "name", 0},
    {"GroupCacheSeconds", FIELD_NUMBER, "group-cache", 0},
    {"RemovalRights", FIELD_LIST, "removal-right", 0},
    {"Compatibility", FIELD_BOOL, "compatibility", 0},
    {"AddObjectModel", FIELD_BOOL, "add-objmodel", 0},
    {"ServiceContact", FIELD_TEXT, "contact", 0},
    FIELDS_END,
};
static const struct call tenant_settings = {
    .method = "POST", .path = TENANT_PATH "/settings", .fields = settings_fields, .changes = true};

static const struct option_row config_options[] = {
    TEXT("field", "FIELD", "this one alone"),
    TENANT_OPTION,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct call_field config_query[] = {{"field", FIELD_TEXT, "field", 0}, FIELDS_END};
static const struct call tenant_config = {
    .method = "GET", .path = TENANT_PATH "/config", .query = config_query};

const struct verb admin_tenant_verbs[] = {
    ADMIN_VERB("create", "Create a tenant with its keys and default templates", NULL, 0, 0, create_options,
        tenant_create, "  rms admin tenant create --name Contoso --domain contoso.test"),
    ADMIN_VERB("list", "List the tenants", NULL, 0, 0, list_options, tenant_list, "  rms admin tenant list"),
    ADMIN_VERB("show", "Show a tenant: state, domains, settings, keys", NULL, 0, 0, admin_read_options,
        tenant_show, "  rms admin tenant show --tenant contoso.test --json"),
    ADMIN_VERB("config", "Show the configuration under the names of the original's cmdlets", NULL, 0, 0,
        config_options, tenant_config,
        "  rms admin tenant config --json\n  rms admin tenant config --field KeyRolloverCount"),
    ADMIN_VERB("set", "Change settings of a tenant", NULL, 0, 0, settings_options, tenant_settings,
        "  rms admin tenant set --removal-right EXTRACT"),
    VERBS_END,
};

/* --- service ---------------------------------------------------------------------------------------------
 */

static const struct call_field enable_fields[] = {{"State", FIELD_CONSTANT, "Enabled", 0}, FIELDS_END};
static const struct call_field disable_fields[] = {{"State", FIELD_CONSTANT, "Disabled", 0}, FIELDS_END};
static const struct call_field consume_fields[] = {{"State", FIELD_CONSTANT, "ConsumeOnly", 0}, FIELDS_END};

static const struct call service_status = {.method = "GET", .path = TENANT_PATH "/state", .text = true};
static const struct call service_enable = {.method = "POST",
    .path = TENANT_PATH "/state",
    .fields = enable_fields,
    .done = "The service is Enabled."};
static const struct call service_disable = {.method = "POST",
    .path = TENANT_PATH "/state",
    .fields = disable_fields,
    .done = "The service is Disabled: without a licence they have, people open nothing until it is enabled.",
    .confirm = "People can then neither protect nor open, except what they have a valid licence for. Go on?"};
static const struct call service_consume = {.method = "POST",
    .path = TENANT_PATH "/state",
    .fields = consume_fields,
    .done = "The service opens what is protected, and protects nothing new.",
    .confirm = "People can then protect nothing new. Go on?"};

const struct verb admin_service_verbs[] = {
    ADMIN_VERB("status", "Print the state in one word", NULL, 0, 0, admin_read_options, service_status,
        "  rms admin service status"),
    ADMIN_VERB("enable", "Switch the service on", NULL, 0, 0, admin_change_options, service_enable,
        "  rms admin service enable"),
    ADMIN_VERB("disable", "Switch the service off; nothing is lost", NULL, 0, 0, admin_change_options,
        service_disable, "  rms admin service disable --force"),
    ADMIN_VERB("consume-only", "Open what is protected, protect nothing new", NULL, 0, 0,
        admin_change_options, service_consume, "  rms admin service consume-only"),
    VERBS_END,
};

/* --- domain ----------------------------------------------------------------------------------------------
 */

static const struct call_field domain_fields[] = {{"Domain", FIELD_OPERAND, NULL, 0}, FIELDS_END};
static const struct call domain_add = {.method = "POST",
    .path = TENANT_PATH "/domains",
    .fields = domain_fields,
    .done = "The domain belongs to the tenant."};

const struct verb admin_domain_verbs[] = {
    ADMIN_VERB("add", "Add a domain, verified on the operator's word", "DOMAIN", 1, 1, admin_change_options,
        domain_add, "  rms admin domain add fabrikam.test"),
    VERBS_END,
};

/* --- license ---------------------------------------------------------------------------------------------
 */

static const struct call validity_get = {.method = "GET", .path = TENANT_PATH "/max-validity", .text = true};
static const struct call_field validity_fields[] = {
    {"MaxUseLicenseValidity", FIELD_DAYS, NULL, 0}, FIELDS_END};
static const struct call validity_set = {.method = "POST",
    .path = TENANT_PATH "/settings",
    .fields = validity_fields,
    .done = "The longest validity of use licences is set; licences already issued keep theirs.",
    .confirm = "Readers can then work without the service for no longer than that. Go on?"};

static const struct verb validity_verbs[] = {
    ADMIN_VERB("get", "Print the longest validity of use licences, in days", NULL, 0, 0, admin_read_options,
        validity_get, "  rms admin license max-validity get"),
    ADMIN_VERB("set", "Set it: 0 to 65535 days; with 0 every opening asks the service", "N", 1, 1,
        admin_change_options, validity_set, "  rms admin license max-validity set 30 --force"),
    VERBS_END,
};

const struct verb admin_license_verbs[] = {
    ADMIN_GROUP("max-validity", "The longest validity of use licences", validity_verbs),
    VERBS_END,
};

/* --- migration -------------------------------------------------------------------------------------------
 */

static const struct call_field migration_fields[] = {
    {"Domain", FIELD_OPERAND, NULL, 0}, {"Replace", FIELD_TRUE, "force", 0}, FIELDS_END};
static const struct call_field migration_none[] = {{"Domain", FIELD_CONSTANT, "", 0}, FIELDS_END};
static const struct call migration_show = {.method = "GET", .path = TENANT_PATH "/migration", .text = true};
static const struct call migration_set = {.method = "POST",
    .path = TENANT_PATH "/migration",
    .fields = migration_fields,
    .done = "What is protected from now on names that host; devices follow with their next certificate."};
static const struct call migration_clear = {.method = "POST",
    .path = TENANT_PATH "/migration",
    .fields = migration_none,
    .done = "What is protected from now on names this service."};

static const struct verb migration_url_verbs[] = {
    ADMIN_VERB("show", "Print the host; an empty line when there is none", NULL, 0, 0, admin_read_options,
        migration_show, "  rms admin migration url show"),
    ADMIN_VERB("set", "Have new licences name another host, where they will be opened", "HOST", 1, 1,
        admin_change_options, migration_set, "  rms admin migration url set rms2.contoso.test"),
    ADMIN_VERB("clear", "Have them name this service again", NULL, 0, 0, admin_change_options,
        migration_clear, "  rms admin migration url clear"),
    VERBS_END,
};

const struct verb admin_migration_verbs[] = {
    ADMIN_GROUP("url", "The host that new licences name", migration_url_verbs),
    VERBS_END,
};
