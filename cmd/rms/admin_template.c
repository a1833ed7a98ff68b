/* rms admin template, superuser */
#include "cmd/rms/admin.h"

/* --- template --------------------------------------------------------------------------------------------
 */

#define TEMPLATE_OPTIONS                                                                                     \
    TEXT("name", "NAME", "its name, English"), TEXT("description", "TEXT", "its description, English"),      \
        LIST("grant", "WHO:RIGHTS",                                                                          \
            "rights of an address, domain:DOMAIN, all-staff or anyone; a level or rights with commas (may "  \
            "be repeated)"),                                                                                 \
        TEXT("expire-on", "DATE",                                                                            \
            "content ends then: YYYY-MM-DD, to the end of that day, local time, or a time (default: "        \
            "never)"),                                                                                       \
        NUMBER(                                                                                              \
            "expire-days", "content ends so many days after it was protected (default: never)", 1, 36500),   \
        NUMBER("offline-days",                                                                               \
            "how long readers may work without the service: -1 as the tenant allows, 0 never, else days",    \
            -1, 9999),                                                                                       \
        LIST("scope", "WHO", "who sees the template: person or group (may be repeated; default: everybody)")

static const struct option_row add_options[] = {
    TEMPLATE_OPTIONS,
    FLAG("published", "offer it at once (default: archived until published)"),
    TENANT_OPTION,
    FLAG("what-if", "show what would be sent to the service, and send nothing"),
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct option_row set_options[] = {
    TEMPLATE_OPTIONS, TENANT_OPTION, CHANGE_OPTIONS, SOCKET_OPTION, OPTIONS_END};

#define TEMPLATE_FIELDS                                                                                      \
    {"Names", FIELD_NAMES, "name", 0}, {"Descriptions", FIELD_NAMES, "description", 0},                      \
        {"RightsDefinitions", FIELD_GRANTS, "grant", 0},                                                     \
        {"ContentExpirationDate", FIELD_DATE, "expire-on", 0},                                               \
        {"ContentValidityDuration", FIELD_NUMBER, "expire-days", 0},                                         \
        {"LicenseValidityDuration", FIELD_NUMBER, "offline-days", 0},                                        \
    {                                                                                                        \
        "ScopedIdentities", FIELD_LIST, "scope", 0                                                           \
    }

static const struct call_field add_fields[] = {
    TEMPLATE_FIELDS, {"Published", FIELD_TRUE, "published", 0}, FIELDS_END};
static const struct call_field set_fields[] = {TEMPLATE_FIELDS, FIELDS_END};
static const struct call_field publish_fields[] = {{"Status", FIELD_CONSTANT, "Published", 0}, FIELDS_END};
static const struct call_field archive_fields[] = {{"Status", FIELD_CONSTANT, "Archived", 0}, FIELDS_END};
static const char *const add_needed[] = {"name", NULL};
static const struct column columns[] = {{"NAME", "Name"}, {"STATUS", "Status"},
    {"OFFLINE DAYS", "LicenseValidityDuration"}, {"ID", "TemplateId"}, {NULL, NULL}};

static const struct call_field language_query[] = {{"lang", FIELD_TEXT, "lang", 0}, FIELDS_END};
static const struct call template_list = {
    .method = "GET", .path = TENANT_PATH "/templates", .query = language_query, .columns = columns};
static const struct call template_show = {
    .method = "GET", .path = TENANT_PATH "/templates/{0}", .query = language_query};
static const struct call template_add = {
    .method = "POST", .path = TENANT_PATH "/templates", .fields = add_fields, .needed = add_needed};
static const struct call template_set = {
    .method = "POST", .path = TENANT_PATH "/templates/{0}", .fields = set_fields, .changes = true};
static const struct call template_publish = {.method = "POST",
    .path = TENANT_PATH "/templates/{0}",
    .fields = publish_fields,
    .done = "The template is Published."};
static const struct call template_archive = {.method = "POST",
    .path = TENANT_PATH "/templates/{0}",
    .fields = archive_fields,
    .done = "The template is Archived: what it protects still opens, and it is not offered any more."};
static const struct call template_remove = {.method = "DELETE",
    .path = TENANT_PATH "/templates/{0}",
    .done = "The template is removed.",
    .confirm = "Nobody but the owner can then open what this template protects. Go on?"};

const struct verb admin_template_verbs[] = {
    ADMIN_VERB("list", "List the templates", NULL, 0, 0, admin_read_options, template_list,
        "  rms admin template list"),
    ADMIN_VERB("show", "Show a template", "TEMPLATE", 1, 1, admin_read_options, template_show,
        "  rms admin template show 'Confidential \\ All Employees'"),
    ADMIN_VERB("add", "Add a template", NULL, 0, 0, add_options, template_add,
        "  rms admin template add --name 'Board only' --description 'For the board' \\\n"
        "      --grant board@contoso.test:Co-Author --offline-days 7 --published"),
    ADMIN_VERB("set", "Change a template; it holds for existing content at the next licence", "TEMPLATE", 1,
        1, set_options, template_set, "  rms admin template set 'Board only' --offline-days 0"),
    ADMIN_VERB("publish", "Offer a template for protecting", "TEMPLATE", 1, 1, admin_change_options,
        template_publish, "  rms admin template publish 'Board only'"),
    ADMIN_VERB("archive", "Stop offering a template", "TEMPLATE", 1, 1, admin_change_options,
        template_archive, "  rms admin template archive 'Board only'"),
    ADMIN_VERB("remove", "Remove a template", "TEMPLATE", 1, 1, admin_change_options, template_remove,
        "  rms admin template remove 'Board only' --force"),
    VERBS_END,
};

/* --- superuser -------------------------------------------------------------------------------------------
 */

static const struct call_field on_fields[] = {{"Enabled", FIELD_CONSTANT, "true", 0}, FIELDS_END};
static const struct call_field off_fields[] = {{"Enabled", FIELD_CONSTANT, "false", 0}, FIELDS_END};
static const struct call_field super_add_fields[] = {{"Add", FIELD_OPERANDS, NULL, 0}, FIELDS_END};
static const struct call_field super_remove_fields[] = {{"Remove", FIELD_OPERANDS, NULL, 0}, FIELDS_END};
static const struct call_field group_set_fields[] = {{"Group", FIELD_OPERAND, NULL, 0}, FIELDS_END};
static const struct call_field group_clear_fields[] = {{"Group", FIELD_CONSTANT, "", 0}, FIELDS_END};

#define SUPER TENANT_PATH "/superusers"
static const struct call feature_on = {.method = "POST",
    .path = SUPER,
    .fields = on_fields,
    .done = "The super user feature is on; every use is logged."};
static const struct call feature_off = {.method = "POST",
    .path = SUPER,
    .fields = off_fields,
    .done = "The super user feature is off; the list is kept."};
static const struct call super_list = {.method = "GET", .path = SUPER};
static const struct call super_add = {.method = "POST", .path = SUPER, .fields = super_add_fields};
static const struct call super_remove = {.method = "POST", .path = SUPER, .fields = super_remove_fields};
static const struct call group_set = {.method = "POST", .path = SUPER, .fields = group_set_fields};
static const struct call group_clear = {.method = "POST", .path = SUPER, .fields = group_clear_fields};

static const struct verb feature_verbs[] = {
    ADMIN_VERB("status", "Show whether it is on, and who is listed", NULL, 0, 0, admin_read_options,
        super_list, "  rms admin superuser feature status"),
    ADMIN_VERB("enable", "Switch the feature on", NULL, 0, 0, admin_change_options, feature_on,
        "  rms admin superuser feature enable"),
    ADMIN_VERB("disable", "Switch the feature off; the list is kept", NULL, 0, 0, admin_change_options,
        feature_off, "  rms admin superuser feature disable"),
    VERBS_END,
};
static const struct verb group_verbs[] = {
    ADMIN_VERB("set", "Make the members of a group super users", "GROUP", 1, 1, admin_change_options,
        group_set, "  rms admin superuser group set recovery@contoso.test"),
    ADMIN_VERB("clear", "No group any more; people listed by name stay", NULL, 0, 0, admin_change_options,
        group_clear, "  rms admin superuser group clear"),
    VERBS_END,
};

const struct verb admin_super_verbs[] = {
    ADMIN_GROUP("feature", "The feature as a whole", feature_verbs),
    ADMIN_GROUP("group", "A group whose members are super users", group_verbs),
    ADMIN_VERB("list", "Show the super users", NULL, 0, 0, admin_read_options, super_list,
        "  rms admin superuser list --json"),
    ADMIN_VERB("add", "Add people; they open everything of the tenant while the feature is on", "ADDRESS…", 1,
        OPERANDS_MANY, admin_change_options, super_add, "  rms admin superuser add recover@contoso.test"),
    ADMIN_VERB("remove", "Remove people", "ADDRESS…", 1, OPERANDS_MANY, admin_change_options, super_remove,
        "  rms admin superuser remove recover@contoso.test"),
    VERBS_END,
};
