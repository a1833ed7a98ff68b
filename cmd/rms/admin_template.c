/* rms admin template, onboarding, superuser */
#include <limits.h>

#include "cmd/rms/admin.h"

/* --- template --------------------------------------------------------------------------------------------
 */

static const char *const truths[] = {"true", "false", NULL};
static const char *const author_rights[] = {"full", "listed", NULL};

#define TEMPLATE_OPTIONS                                                                                     \
    TEXT("name", "NAME", "its name, English"), TEXT("description", "TEXT", "its description, English"),      \
        LIST("name-in", "LANG=NAME", "its name in another language: LCID or tag (may be repeated)"),         \
        LIST("description-in", "LANG=TEXT", "its description there (may be repeated)"),                      \
        LIST("grant", "WHO:RIGHTS",                                                                          \
            "rights of an address, domain:DOMAIN, all-staff, anyone or owner; a level or rights with "       \
            "commas "                                                                                        \
            "(may be repeated)"),                                                                            \
        TEXT("expire-on", "DATE",                                                                            \
            "content ends then: YYYY-MM-DD, as that day begins, or a time (default: never)"),                \
        TEXT("tz", "ZONE", "time zone of --expire-on, as Europe/Berlin (default: local time)"),              \
        NUMBER(                                                                                              \
            "expire-days", "content ends so many days after it was protected (default: never)", 1, 36500),   \
        NUMBER("offline-days",                                                                               \
            "how long readers may work without the service: -1 as the tenant allows, 0 never, else days",    \
            -1, 9999),                                                                                       \
        LIST(                                                                                                \
            "scope", "WHO", "who sees the template: person or group (may be repeated; default: everybody)"), \
        FLAG("no-scope", "everybody sees the template"),                                                     \
        CHOICE("legacy-apps", "true|false",                                                                  \
            "a template with a scope is offered to applications, which cannot tell the person (default: "    \
            "false)",                                                                                        \
            truths),                                                                                         \
        CHOICE("author-rights", "full|listed",                                                               \
            "who protects may do everything with it (full, the default), or what the grants give (listed)",  \
            author_rights)

static const struct option_row add_options[] = {
    TEMPLATE_OPTIONS,
    FLAG("published", "offer it at once (default: archived until published)"),
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct option_row set_options[] = {
    TEMPLATE_OPTIONS,
    LIST("grant-add", "WHO:RIGHTS", "rights in addition to those there are (may be repeated)"),
    LIST("grant-remove", "WHO", "takes all rights from somebody (may be repeated)"),
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct option_row restore_options[] = {
    NUMBER("to-version", "the version to go back to, of those that history shows (needed)", 1, INT_MAX),
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct option_row export_options[] = {
    NAMED_TEXT("output", 'o', "FILE", "write it there (default: standard output)"),
    FLAG("policy-file", "as a policy file for apply: JSON to read and edit, not signed"),
    FLAG("force", "replace FILE"),
    TENANT_OPTION,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct option_row import_options[] = {
    FLAG("force", "replace the template that has the GUID; its history keeps what it was"),
    FLAG("foreign", "accept a template that another tenant of this service signed; it comes archived"),
    WHAT_IF_OPTION,
    TENANT_OPTION,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct option_row apply_options[] = {
    CHANGE_OPTIONS,
    TENANT_OPTION,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct option_row lint_options[] = {
    FLAG("strict", "exit 1 when something is found"),
    TENANT_OPTION,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct option_row texts_export_options[] = {
    NAMED_TEXT("output", 'o', "FILE", "the archive (needed)"),
    FLAG("force", "replace FILE"),
    TENANT_OPTION,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct option_row texts_import_options[] = {
    FLAG("atomic", "all files or none"),
    WHAT_IF_OPTION,
    TENANT_OPTION,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct option_row remove_options[] = {
    FLAG("yes", "do not ask"),
    FLAG("force", "do not ask, and remove it even when it was used within 90 days"),
    WHAT_IF_OPTION,
    TENANT_OPTION,
    SOCKET_OPTION,
    OPTIONS_END,
};

#define TEMPLATE_FIELDS                                                                                      \
    {"Names", FIELD_NAMES, "name", 0}, {"Descriptions", FIELD_NAMES, "description", 0},                      \
        {"RightsDefinitions", FIELD_GRANTS, "grant", 0},                                                     \
        {"ContentExpirationDate", FIELD_START, "expire-on", 0},                                              \
        {"ContentValidityDuration", FIELD_NUMBER, "expire-days", 0},                                         \
        {"LicenseValidityDuration", FIELD_NUMBER, "offline-days", 0},                                        \
        {"ScopedIdentities", FIELD_LIST, "scope", 0}, {"ScopedIdentities", FIELD_EMPTY, "no-scope", 0},      \
        {"EnableInLegacyApps", FIELD_BOOL, "legacy-apps", 0},                                                \
    {                                                                                                        \
        "AuthorRights", FIELD_TEXT, "author-rights", 0                                                       \
    }

static const struct call_field add_fields[] = {
    TEMPLATE_FIELDS, {"Published", FIELD_TRUE, "published", 0}, FIELDS_END};
static const char *const add_any[] = {"name", "name-in", NULL};
static const struct call_field set_fields[] = {TEMPLATE_FIELDS, {"GrantAdd", FIELD_GRANTS, "grant-add", 0},
    {"GrantRemove", FIELD_LIST, "grant-remove", 0}, FIELDS_END};
static const struct call_field restore_fields[] = {{"Version", FIELD_NUMBER, "to-version", 0}, FIELDS_END};
static const char *const restore_needed[] = {"to-version", NULL};
static const struct call_field publish_fields[] = {{"Status", FIELD_CONSTANT, "Published", 0}, FIELDS_END};
static const struct call_field archive_fields[] = {{"Status", FIELD_CONSTANT, "Archived", 0}, FIELDS_END};
static const struct column columns[] = {{"NAME", "Name"}, {"STATUS", "Status"},
    {"OFFLINE DAYS", "LicenseValidityDuration"}, {"ID", "TemplateId"}, {NULL, NULL}};

static const struct call_field language_query[] = {{"lang", FIELD_TEXT, "lang", 0}, FIELDS_END};
static const struct call template_list = {
    .method = "GET", .path = TENANT_PATH "/templates", .query = language_query, .columns = columns};
static const struct call template_show = {
    .method = "GET", .path = TENANT_PATH "/templates/{0}", .query = language_query};
static const struct call template_add = {
    .method = "POST", .path = TENANT_PATH "/templates", .fields = add_fields, .any_of = add_any};
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
static const struct column history_columns[] = {{"VERSION", "Version"}, {"SINCE", "LastModifiedTimeStamp"},
    {"NAME", "Name"}, {"STATUS", "Status"}, {NULL, NULL}};
static const struct call template_history = {
    .method = "GET", .path = TENANT_PATH "/templates/{0}/history", .columns = history_columns};
static const struct call template_usage = {.method = "GET", .path = TENANT_PATH "/templates/{0}/usage"};
static const struct call template_restore = {.method = "POST",
    .path = TENANT_PATH "/templates/{0}/restore",
    .fields = restore_fields,
    .needed = restore_needed};

#define FILE_VERB(n, s, o, d, opts, r, ex)                                                                   \
    {                                                                                                        \
        .name = n, .summary = s, .operands = o, .details = d, .examples = ex, .options = opts,               \
        .operands_min = 1, .operands_max = 1, .run = r                                                       \
    }

static const struct verb texts_verbs[] = {
    {
        .name = "export",
        .summary = "Write names and descriptions of all templates to an archive, a file a language",
        .details = "A zip with 1033.xml, 1036.xml …: copy one under another LCID to add a language.",
        .examples = "  rms admin template texts export -o texts.zip",
        .options = texts_export_options,
        .run = admin_template_texts_export,
    },
    FILE_VERB("import", "Take names and descriptions from such an archive", "FILE",
        "Only what the files name changes. A file that is broken or refused is named, and the others are\n"
        "imported; with --atomic none is.",
        texts_import_options, admin_template_texts_import,
        "  rms admin template texts import texts.zip --atomic"),
    VERBS_END,
};

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
    ADMIN_VERB("history", "List what a template was before, also a removed one by its GUID", "TEMPLATE", 1, 1,
        admin_read_options, template_history, "  rms admin template history 'Board only'"),
    ADMIN_VERB("restore", "Make an earlier version the current one", "TEMPLATE", 1, 1, restore_options,
        template_restore, "  rms admin template restore 'Board only' --to-version 3"),
    ADMIN_VERB("usage", "Show how often and when a template was last used", "TEMPLATE", 1, 1,
        admin_read_options, template_usage, "  rms admin template usage 'Board only'"),
    FILE_VERB("lint", "Check a template for what is perhaps not meant", "TEMPLATE",
        "Shows code and text of each finding: names that others have, all members of another\n"
        "organisation, rights that mail programs cannot follow.",
        lint_options, admin_template_lint, "  rms admin template lint 'Board only' --strict"),
    ADMIN_GROUP("texts", "Names and descriptions, for translation", texts_verbs),
    FILE_VERB("export", "Write a template to a file", "TEMPLATE",
        "The signed form is for import, here or after a loss; the policy file for reading, editing and "
        "apply.",
        export_options, admin_template_export,
        "  rms admin template export 'Board only' -o board.xml\n"
        "  rms admin template export 'Board only' --policy-file -o board.json"),
    FILE_VERB("import", "Take a template from a signed file", "FILE",
        "The signature must be one of this tenant. The template keeps its GUID, so content that names it "
        "opens\n"
        "again.",
        import_options, admin_template_import, "  rms admin template import board.xml"),
    FILE_VERB("apply", "Make a template what a policy file says", "FILE",
        "Shows what would change and asks. The file names the template by TemplateId, else by its first "
        "name;\n"
        "one that does not exist is added. What the file does not name stays. With the Version that was\n"
        "exported, a template that somebody else changed meanwhile is refused.",
        apply_options, admin_template_apply, "  rms admin template apply board.json --yes"),
    FILE_VERB("remove", "Remove a template", "TEMPLATE",
        "Shows it and asks. Content protected with it then opens for its owner and super users only, until "
        "the\n"
        "template is imported again. A template used within 90 days is refused.",
        remove_options, admin_template_remove, "  rms admin template remove 'Board only' --force"),
    VERBS_END,
};

/* --- onboarding ------------------------------------------------------------------------------------------
 */

static const char *const scopes[] = {"All", "WindowsApp", "MobileApp", NULL};
static const struct option_row onboarding_options[] = {
    CHOICE("use-license", "true|false", "whoever protects needs the licence flag (default: false)", truths),
    TEXT("group", "GROUP", "whoever protects is in this security group: its id or name (default: none)"),
    CHOICE("scope", "SCOPE",
        "All, WindowsApp (prepared devices) or MobileApp (public protocol) (default: All)", scopes),
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct call_field onboarding_fields[] = {
    {"UseRmsUserLicense", FIELD_BOOL, "use-license", 0},
    {"SecurityGroupObjectId", FIELD_TEXT, "group", 0},
    {"Scope", FIELD_TEXT, "scope", 0},
    FIELDS_END,
};
static const struct call onboarding_get = {.method = "GET", .path = TENANT_PATH "/onboarding"};
static const struct call onboarding_set = {.method = "POST",
    .path = TENANT_PATH "/onboarding",
    .fields = onboarding_fields,
    .changes = true,
    .confirm = "This replaces who may protect; opening is not restricted. Go on?"};

const struct verb admin_onboarding_verbs[] = {
    ADMIN_VERB("get", "Show who may protect", NULL, 0, 0, admin_read_options, onboarding_get,
        "  rms admin onboarding get"),
    ADMIN_VERB("set", "Set who may protect: conditions not given are off", NULL, 0, 0, onboarding_options,
        onboarding_set,
        "  rms admin onboarding set --group sec-it --force\n"
        "  rms admin onboarding set --use-license false --force    # nobody is restricted"),
    VERBS_END,
};

/* --- superuser -------------------------------------------------------------------------------------------
 */

static const struct call_field on_fields[] = {{"Enabled", FIELD_CONSTANT, "true", 0}, FIELDS_END};
static const struct call_field off_fields[] = {{"Enabled", FIELD_CONSTANT, "false", 0}, FIELDS_END};
static const struct option_row super_add_options[] = {
    LIST("app", "APP", "an application, by its GUID (may be repeated)"),
    TEXT("until", "DATE", "the right ends then (default: when it is taken away)"),
    TEXT("reason", "TEXT", "kept with the entry and in the log"),
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct call_field super_add_fields[] = {
    {"Add", FIELD_OPERANDS, NULL, 0},
    {"Add", FIELD_LIST, "app", 0},
    {"Until", FIELD_DATE, "until", 0},
    {"Reason", FIELD_TEXT, "reason", 0},
    FIELDS_END,
};
static const struct call_field super_remove_fields[] = {{"Remove", FIELD_OPERANDS, NULL, 0}, FIELDS_END};
static const struct call_field group_set_fields[] = {{"Group", FIELD_OPERAND, NULL, 0}, FIELDS_END};
static const struct call_field group_clear_fields[] = {{"Group", FIELD_CONSTANT, "", 0}, FIELDS_END};

static const struct call_field alert_fields[] = {{"Alerts", FIELD_OPERANDS, NULL, 0}, FIELDS_END};
static const struct call_field alert_clear_fields[] = {{"Alerts", FIELD_CONSTANT, "", 0}, FIELDS_END};

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
static const struct call super_add = {
    .method = "POST", .path = SUPER, .fields = super_add_fields, .changes = true};
static const struct call super_remove = {.method = "POST", .path = SUPER, .fields = super_remove_fields};
static const struct call group_set = {.method = "POST", .path = SUPER, .fields = group_set_fields};
static const struct call group_clear = {.method = "POST", .path = SUPER, .fields = group_clear_fields};

static const struct call alert_set = {.method = "POST", .path = SUPER, .fields = alert_fields};
static const struct call alert_clear = {.method = "POST", .path = SUPER, .fields = alert_clear_fields};

static const struct verb feature_verbs[] = {
    ADMIN_VERB("status", "Show whether it is on, and who is listed", NULL, 0, 0, admin_read_options,
        super_list, "  rms admin superuser feature status"),
    ADMIN_VERB("enable", "Switch the feature on", NULL, 0, 0, admin_change_options, feature_on,
        "  rms admin superuser feature enable"),
    ADMIN_VERB("disable", "Switch the feature off; the list is kept", NULL, 0, 0, admin_change_options,
        feature_off, "  rms admin superuser feature disable"),
    VERBS_END,
};
static const struct call group_show = {
    .method = "GET", .path = TENANT_PATH "/superusers/group", .text = true};
static const struct verb group_verbs[] = {
    ADMIN_VERB("show", "Print the group; an empty line when there is none", NULL, 0, 0, admin_read_options,
        group_show, "  rms admin superuser group show"),
    ADMIN_VERB("set", "Make the members of a group super users", "GROUP", 1, 1, admin_change_options,
        group_set, "  rms admin superuser group set recovery@contoso.test"),
    ADMIN_VERB("clear", "No group any more; people listed by name stay", NULL, 0, 0, admin_change_options,
        group_clear, "  rms admin superuser group clear"),
    VERBS_END,
};

static const struct verb alert_verbs[] = {
    ADMIN_VERB("set", "Tell these addresses, and no others, by mail of each change", "ADDRESS…", 1,
        OPERANDS_MANY, admin_change_options, alert_set,
        "  rms admin superuser alert set security@contoso.test"),
    ADMIN_VERB("clear", "Tell nobody any more; the addresses are told of that", NULL, 0, 0,
        admin_change_options, alert_clear, "  rms admin superuser alert clear"),
    VERBS_END,
};

const struct verb admin_super_verbs[] = {
    ADMIN_GROUP("alert", "Who is told of changes by mail", alert_verbs),
    ADMIN_GROUP("feature", "The feature as a whole", feature_verbs),
    ADMIN_GROUP("group", "A group whose members are super users", group_verbs),
    ADMIN_VERB("list", "Show the super users", NULL, 0, 0, admin_read_options, super_list,
        "  rms admin superuser list --json"),
    ADMIN_VERB("add", "Add people; they open everything of the tenant while the feature is on", "[ADDRESS…]",
        0, OPERANDS_MANY, super_add_options, super_add,
        "  rms admin superuser add recover@contoso.test --until 2030-01-02 --reason 'case 17'"),
    ADMIN_VERB("remove", "Remove people and applications, by address or GUID", "WHO…", 1, OPERANDS_MANY,
        admin_change_options, super_remove, "  rms admin superuser remove recover@contoso.test"),
    VERBS_END,
};
