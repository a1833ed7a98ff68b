/* rms admin app */
#include "cmd/rms/admin.h"

#define PERMISSION_OPTION                                                                                    \
    LIST("permission", "NAME",                                                                               \
        "Content.Writer (protect), Content.SuperUser (open everything), Content.DelegatedReader and "        \
        "Content.DelegatedWriter (open, protect as a named person); may be repeated")

static const struct option_row add_options[] = {
    PERMISSION_OPTION,
    TEXT("alias", "TEXT",
        "before the @ of its address, like rmsservice for integrated services (default: its GUID)"),
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct option_row set_options[] = {
    TEXT("name", "NAME", "what it is called"),
    PERMISSION_OPTION,
    FLAG("no-permissions", "take all permissions away"),
    FLAG("enable", "let it work"),
    FLAG("disable", "it signs in no more, and tokens it has count no more"),
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct call_field add_fields[] = {
    {"Name", FIELD_OPERAND, NULL, 0},
    {"Alias", FIELD_TEXT, "alias", 0},
    {"Permissions", FIELD_LIST, "permission", 0},
    FIELDS_END,
};
static const struct call_field set_fields[] = {
    {"Name", FIELD_TEXT, "name", 0},
    {"Permissions", FIELD_EMPTY, "no-permissions", 0},
    {"Permissions", FIELD_LIST, "permission", 0},
    {"Enabled", FIELD_TRUE, "enable", 0},
    {"Enabled", FIELD_FALSE, "disable", 0},
    FIELDS_END,
};
static const struct call_field no_fields[] = {FIELDS_END};
static const struct column columns[] = {{"NAME", "Name"}, {"ADDRESS", "Address"}, {"ENABLED", "Enabled"},
    {"PERMISSIONS", "Permissions"}, {"ID", "Id"}, {NULL, NULL}};

#define APPS TENANT_PATH "/apps"
static const struct call app_add = {.method = "POST", .path = APPS, .fields = add_fields};
static const struct call app_list = {.method = "GET", .path = APPS, .columns = columns};
static const struct call app_show = {.method = "GET", .path = APPS "/{0}"};
static const struct call app_set = {
    .method = "POST", .path = APPS "/{0}", .fields = set_fields, .changes = true};
static const struct call app_remove = {.method = "DELETE",
    .path = APPS "/{0}",
    .done = "The application is removed.",
    .confirm = "The application can then do nothing any more. Remove it?"};
static const struct call secret_add = {.method = "POST", .path = APPS "/{0}/secrets", .fields = no_fields};
static const struct call secret_show = {.method = "GET", .path = APPS "/{0}/secrets/{1}"};
static const struct call secret_remove = {.method = "DELETE",
    .path = APPS "/{0}/secrets/{1}",
    .confirm = "Whoever signs in with this secret cannot any more. Remove it?"};

static const struct verb secret_verbs[] = {
    ADMIN_VERB("add", "Make a second secret; it is shown once", "APP", 1, 1, admin_change_options, secret_add,
        "  rms admin app secret add 6f1d7b3e-0c0f-4d6e-9b0e-0d2f6c2f9a11"),
    ADMIN_VERB("show", "Always refused: secrets are shown when they are made, and not kept", "APP SECRET", 2,
        2, admin_read_options, secret_show,
        "  rms admin app secret show 6f1d7b3e-0c0f-4d6e-9b0e-0d2f6c2f9a11 "
        "0e6b6d84-4b8d-4a55-b0b6-9d0f3bd5d3cc"),
    ADMIN_VERB("remove", "Make a secret worthless", "APP SECRET", 2, 2, admin_change_options, secret_remove,
        "  rms admin app secret remove 6f1d7b3e-0c0f-4d6e-9b0e-0d2f6c2f9a11 "
        "0e6b6d84-4b8d-4a55-b0b6-9d0f3bd5d3cc"),
    VERBS_END,
};

const struct verb admin_app_verbs[] = {
    ADMIN_VERB("add", "Add an application; its first secret is shown once", "NAME", 1, 1, add_options,
        app_add,
        "  rms admin app add Indexer --permission Content.SuperUser\n"
        "  rms admin app add Gateway --alias rmsservice --permission Content.Writer"),
    ADMIN_VERB(
        "list", "List the applications", NULL, 0, 0, admin_read_options, app_list, "  rms admin app list"),
    ADMIN_VERB("show", "Show an application and when its secrets end", "APP", 1, 1, admin_read_options,
        app_show, "  rms admin app show 6f1d7b3e-0c0f-4d6e-9b0e-0d2f6c2f9a11"),
    ADMIN_VERB("set", "Change an application", "APP", 1, 1, set_options, app_set,
        "  rms admin app set 6f1d7b3e-0c0f-4d6e-9b0e-0d2f6c2f9a11 --no-permissions"),
    ADMIN_VERB("remove", "Remove an application", "APP", 1, 1, admin_change_options, app_remove,
        "  rms admin app remove 6f1d7b3e-0c0f-4d6e-9b0e-0d2f6c2f9a11"),
    ADMIN_GROUP("secret", "Secrets of an application, two at most, good for a year", secret_verbs),
    VERBS_END,
};
