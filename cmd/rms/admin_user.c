/* rms admin user, identity, group */
#include "cmd/rms/admin.h"

/* --- user ------------------------------------------------------------------------------------------------
 */

static const struct option_row add_options[] = {
    TEXT("name", "NAME", "name shown to others"),
    TEXT("upn", "UPN", "user principal name (default: the address)"),
    LIST("alias", "ADDRESS", "further address (may be repeated)"),
    FLAG("no-address", "the account has no mail address: its UPN counts"),
    FLAG("guest", "a guest: grants to the whole organisation do not count for it"),
    FLAG("licensed", "with the licence flag that onboarding control may ask for"),
    FLAG("password-stdin", "read the password from standard input; on a terminal it is asked for"),
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct option_row set_options[] = {
    TEXT("name", "NAME", "name shown to others"),
    TEXT("upn", "UPN", "user principal name"),
    FLAG("enable", "let the account work"),
    FLAG("disable", "no more licences and certificates for the account"),
    FLAG("licensed", "give it the licence flag that onboarding control may ask for"),
    FLAG("unlicensed", "take the licence flag away"),
    TEXT("address", "ADDRESS", "primary address (with --alias; default: USER)"),
    LIST("alias", "ADDRESS", "further address; all are replaced (may be repeated)"),
    LIST("proxy-address", "VALUE", "all addresses anew, as SMTP:primary or smtp:other (may be repeated)"),
    FLAG("password-stdin", "read the new password from standard input; on a terminal it is asked for"),
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};

static const struct call_field add_fields[] = {
    {"Address", FIELD_OPERAND, NULL, 0},
    {"DisplayName", FIELD_TEXT, "name", 0},
    {"Upn", FIELD_TEXT, "upn", 0},
    {"Aliases", FIELD_LIST, "alias", 0},
    {"NoAddress", FIELD_TRUE, "no-address", 0},
    {"Guest", FIELD_TRUE, "guest", 0},
    {"Licensed", FIELD_TRUE, "licensed", 0},
    {"Password", FIELD_PASSWORD, "password-stdin", 0},
    FIELDS_END,
};
static const struct call_field set_fields[] = {
    {"DisplayName", FIELD_TEXT, "name", 0},
    {"Upn", FIELD_TEXT, "upn", 0},
    {"Enabled", FIELD_TRUE, "enable", 0},
    {"Enabled", FIELD_FALSE, "disable", 0},
    {"Licensed", FIELD_TRUE, "licensed", 0},
    {"Licensed", FIELD_FALSE, "unlicensed", 0},
    {"ProxyAddresses", FIELD_LIST, "proxy-address", 0},
    {"ProxyAddresses", FIELD_PROXY, NULL, 0},
    {"Password", FIELD_PASSWORD, "password-stdin", 0},
    FIELDS_END,
};
static const struct column user_columns[] = {{"ADDRESS", "Address"}, {"NAME", "DisplayName"},
    {"ENABLED", "Enabled"}, {"GUEST", "Guest"}, {"ID", "Id"}, {NULL, NULL}};

static const struct call user_add = {.method = "POST", .path = TENANT_PATH "/users", .fields = add_fields};
static const struct call user_list = {.method = "GET", .path = TENANT_PATH "/users", .columns = user_columns};
static const struct call user_show = {.method = "GET", .path = TENANT_PATH "/users/{0}"};
static const struct call user_set = {
    .method = "POST", .path = TENANT_PATH "/users/{0}", .fields = set_fields, .changes = true};
static const struct call user_remove = {.method = "DELETE",
    .path = TENANT_PATH "/users/{0}",
    .done = "The account is removed.",
    .confirm = "The person can then not sign in or open anything any more, and the account does not come "
               "back. Remove it?"};

const struct verb admin_user_verbs[] = {
    ADMIN_VERB("add", "Add an account", "ADDRESS", 1, 1, add_options, user_add,
        "  rms admin user add bob@contoso.test --name Bob --password-stdin\n"
        "  rms admin user add gina@mail.test --guest"),
    ADMIN_VERB(
        "list", "List the accounts", NULL, 0, 0, admin_read_options, user_list, "  rms admin user list"),
    ADMIN_VERB("show", "Show an account", "USER", 1, 1, admin_read_options, user_show,
        "  rms admin user show bob@contoso.test"),
    ADMIN_VERB("set", "Change an account", "USER", 1, 1, set_options, user_set,
        "  rms admin user set bob@contoso.test --disable\n"
        "  rms admin user set bob@contoso.test --alias robert@contoso.test"),
    ADMIN_VERB("remove", "Remove an account", "USER", 1, 1, admin_change_options, user_remove,
        "  rms admin user remove bob@contoso.test"),
    VERBS_END,
};

/* --- identity --------------------------------------------------------------------------------------------
 */

static const struct option_row refresh_options[] = {
    TEXT("group", "GROUP", "drop what is kept about this group"),
    TEXT("user", "USER", "drop what is kept about this person"),
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct call_field refresh_fields[] = {
    {"Group", FIELD_TEXT, "group", 0}, {"User", FIELD_TEXT, "user", 0}, FIELDS_END};

static const struct call identity_check = {.method = "GET", .path = TENANT_PATH "/users/{0}/identity"};
static const struct call identity_refresh = {.method = "POST",
    .path = TENANT_PATH "/groups/refresh",
    .fields = refresh_fields,
    .changes = true,
    .done = "Kept membership is dropped; the next request reads it anew."};

const struct verb admin_identity_verbs[] = {
    ADMIN_VERB("check", "Show which addresses authorise a person or group, and why others do not", "WHO", 1,
        1, admin_read_options, identity_check, "  rms admin identity check bob@contoso.test"),
    ADMIN_VERB("refresh", "Drop kept group membership", NULL, 0, 0, refresh_options, identity_refresh,
        "  rms admin identity refresh --user bob@contoso.test"),
    VERBS_END,
};

/* --- group -----------------------------------------------------------------------------------------------
 */

static const char *const group_kinds[] = {"security", "distribution", "collaboration", "dynamic", NULL};

static const struct option_row group_options[] = {
    TEXT("address", "ADDRESS",
        "mail address (default: a NAME that is one); a group without cannot be granted rights"),
    CHOICE(
        "kind", "KIND", "security, distribution, collaboration or dynamic (default: security)", group_kinds),
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct call_field group_fields[] = {
    {"Name", FIELD_OPERAND, NULL, 0},
    {"Address", FIELD_TEXT, "address", 0},
    {"Kind", FIELD_TEXT, "kind", 0},
    FIELDS_END,
};
static const struct column group_columns[] = {
    {"NAME", "Name"}, {"ADDRESS", "Address"}, {"KIND", "Kind"}, {"ID", "Id"}, {NULL, NULL}};
static const struct call_field member_add_fields[] = {{"Add", FIELD_OPERANDS, NULL, 1}, FIELDS_END};
static const struct call_field member_remove_fields[] = {{"Remove", FIELD_OPERANDS, NULL, 1}, FIELDS_END};
static const struct call_field group_refresh_fields[] = {{"Group", FIELD_OPERAND, NULL, 0}, FIELDS_END};

static const struct call group_add = {
    .method = "POST", .path = TENANT_PATH "/groups", .fields = group_fields};
static const struct call group_list = {
    .method = "GET", .path = TENANT_PATH "/groups", .columns = group_columns};
static const struct call group_show = {.method = "GET", .path = TENANT_PATH "/groups/{0}"};
static const struct call group_remove = {.method = "DELETE",
    .path = TENANT_PATH "/groups/{0}",
    .done = "The group is removed.",
    .confirm = "Nobody opens anything through this group any more. Remove it?"};
static const struct call group_refresh = {.method = "POST",
    .path = TENANT_PATH "/groups/refresh",
    .fields = group_refresh_fields,
    .done = "Kept membership is dropped; the next request reads it anew."};
static const struct call member_add = {
    .method = "POST", .path = TENANT_PATH "/groups/{0}/members", .fields = member_add_fields};
static const struct call member_remove = {
    .method = "POST", .path = TENANT_PATH "/groups/{0}/members", .fields = member_remove_fields};

static const struct verb member_verbs[] = {
    ADMIN_VERB("add", "Add people and groups", "GROUP WHO…", 2, OPERANDS_MANY, admin_change_options,
        member_add, "  rms admin group member add marketing bob@contoso.test marketing-eu@contoso.test"),
    ADMIN_VERB("remove", "Remove people and groups", "GROUP WHO…", 2, OPERANDS_MANY, admin_change_options,
        member_remove, "  rms admin group member remove marketing bob@contoso.test"),
    VERBS_END,
};

const struct verb admin_group_verbs[] = {
    ADMIN_VERB("add", "Add a group", "NAME", 1, 1, group_options, group_add,
        "  rms admin group add marketing --address marketing@contoso.test"),
    ADMIN_VERB(
        "list", "List the groups", NULL, 0, 0, admin_read_options, group_list, "  rms admin group list"),
    ADMIN_VERB("show", "Show a group and its members", "GROUP", 1, 1, admin_read_options, group_show,
        "  rms admin group show marketing"),
    ADMIN_GROUP("member", "Members of a group", member_verbs),
    ADMIN_VERB("refresh", "Drop kept membership of a group", "GROUP", 1, 1, admin_change_options,
        group_refresh, "  rms admin group refresh marketing"),
    ADMIN_VERB("remove", "Remove a group", "GROUP", 1, 1, admin_change_options, group_remove,
        "  rms admin group remove marketing"),
    VERBS_END,
};
