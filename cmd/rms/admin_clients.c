/* rms admin platform, api, exclusion: which clients are served */
#include "cmd/rms/admin.h"

/* --- platform
 * ------------------------------------------------------------------------------------------------
 */

static const struct option_row platform_options[] = {
    LIST("platform", "NAME",
        "Windows, WindowsStore, WindowsPhone, Mac, iOS, Android or Web (may be repeated)"),
    FLAG("all", "all of them"),
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const char *const platform_any[] = {"platform", "all", NULL};
static const struct call_field enable_fields[] = {
    {"Enable", FIELD_LIST, "platform", 0}, {"EnableAll", FIELD_TRUE, "all", 0}, FIELDS_END};
static const struct call_field disable_fields[] = {
    {"Disable", FIELD_LIST, "platform", 0}, {"DisableAll", FIELD_TRUE, "all", 0}, FIELDS_END};
static const struct column platform_columns[] = {{"PLATFORM", "Platform"}, {"STATE", "State"}, {NULL, NULL}};

static const struct call platform_list = {
    .method = "GET", .path = TENANT_PATH "/platforms", .columns = platform_columns};
static const struct call platform_enable = {.method = "POST",
    .path = TENANT_PATH "/platforms",
    .fields = enable_fields,
    .any_of = platform_any,
    .columns = platform_columns};
static const struct call platform_disable = {.method = "POST",
    .path = TENANT_PATH "/platforms",
    .fields = disable_fields,
    .any_of = platform_any,
    .columns = platform_columns,
    .confirm = "People can then neither protect nor open on such devices. Go on?"};

const struct verb admin_platform_verbs[] = {
    ADMIN_VERB("list", "List the kinds of devices, and which are served", NULL, 0, 0, admin_read_options,
        platform_list, "  rms admin platform list"),
    ADMIN_VERB("enable", "Serve a kind of device", NULL, 0, 0, platform_options, platform_enable,
        "  rms admin platform enable --platform iOS\n  rms admin platform enable --all"),
    ADMIN_VERB("disable", "Serve a kind of device no more", NULL, 0, 0, platform_options, platform_disable,
        "  rms admin platform disable --platform WindowsPhone --platform Web --force"),
    VERBS_END,
};

/* --- api
 * -----------------------------------------------------------------------------------------------------
 */

static const struct call_field rest_on[] = {{"State", FIELD_CONSTANT, "Enabled", 0}, FIELDS_END};
static const struct call_field rest_off[] = {{"State", FIELD_CONSTANT, "Disabled", 0}, FIELDS_END};
static const struct call rest_status = {.method = "GET", .path = TENANT_PATH "/rest", .text = true};
static const struct call rest_enable = {.method = "POST",
    .path = TENANT_PATH "/rest",
    .fields = rest_on,
    .done = "The REST interface is Enabled."};
static const struct call rest_disable = {.method = "POST",
    .path = TENANT_PATH "/rest",
    .fields = rest_off,
    .done = "The REST interface is Disabled.",
    .confirm = "All clients of the REST interface, this product's among them, are refused then. Go on?"};

static const struct verb rest_verbs[] = {
    ADMIN_VERB("status", "Print the state in one word", NULL, 0, 0, admin_read_options, rest_status,
        "  rms admin api rest status"),
    ADMIN_VERB("enable", "Serve clients of the REST interface", NULL, 0, 0, admin_change_options, rest_enable,
        "  rms admin api rest enable"),
    ADMIN_VERB("disable", "Refuse all clients of the REST interface", NULL, 0, 0, admin_change_options,
        rest_disable, "  rms admin api rest disable --force"),
    VERBS_END,
};

const struct verb admin_api_verbs[] = {
    ADMIN_GROUP("rest", "The REST interface for clients", rest_verbs),
    VERBS_END,
};

/* --- exclusion
 * -----------------------------------------------------------------------------------------------
 */

#define RANGE_HELP " from FROM to TO, of NAME alone or of any (may be repeated)"
#define RULE_OPTIONS                                                                                         \
    LIST("client", "[NAME ]FROM-TO", "versions of clients" RANGE_HELP),                                      \
        LIST("os", "[NAME ]FROM-TO", "versions of the devices' system" RANGE_HELP),                          \
        LIST("key", "KEY", "SHA-256 of a user's or device's key, or the id of a device in the usage log")

static const struct option_row add_options[] = {
    LIST("user", "USER", "the key that a user's certificates have now; a new bootstrap issues another"),
    RULE_OPTIONS,
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct option_row remove_options[] = {
    RULE_OPTIONS,
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct call_field add_fields[] = {{"AddUsers", FIELD_LIST, "user", 0},
    {"AddKeys", FIELD_LIST, "key", 0}, {"AddClients", FIELD_LIST, "client", 0},
    {"AddSystems", FIELD_LIST, "os", 0}, FIELDS_END};
static const struct call_field remove_fields[] = {{"RemoveKeys", FIELD_LIST, "key", 0},
    {"RemoveClients", FIELD_LIST, "client", 0}, {"RemoveSystems", FIELD_LIST, "os", 0}, FIELDS_END};
static const struct call exclusion_list = {.method = "GET", .path = TENANT_PATH "/exclusions"};
static const struct call exclusion_add = {
    .method = "POST", .path = TENANT_PATH "/exclusions", .fields = add_fields, .changes = true};
static const struct call exclusion_remove = {
    .method = "POST", .path = TENANT_PATH "/exclusions", .fields = remove_fields, .changes = true};

const struct verb admin_exclusion_verbs[] = {
    ADMIN_VERB("list", "List the keys and versions that are refused", NULL, 0, 0, admin_read_options,
        exclusion_list, "  rms admin exclusion list"),
    ADMIN_VERB("add", "Refuse a key, or versions of clients", NULL, 0, 0, add_options, exclusion_add,
        "  rms admin exclusion add --user alice@contoso.test\n"
        "  rms admin exclusion add --key 6f1d7b3e-0c0f-4d6e-9b0e-0d2f6c2f9a11\n"
        "  rms admin exclusion add --client 1.0-1.4 --os 'Mac 10.0-10.13'"),
    ADMIN_VERB("remove", "Accept them again", NULL, 0, 0, remove_options, exclusion_remove,
        "  rms admin exclusion remove --client 1.0-1.4"),
    VERBS_END,
};
