/* rms admin scim */
#include "cmd/rms/admin.h"

static const struct option_row create_options[] = {
    NUMBER("days", "how long it is good, 1 to 730 (default: 365)", 1, 730),
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct call_field create_fields[] = {
    {"Name", FIELD_OPERAND, NULL, 0},
    {"Days", FIELD_NUMBER, "days", 0},
    FIELDS_END,
};
static const struct column columns[] = {
    {"NAME", "Name"}, {"CREATED", "CreatedTime"}, {"EXPIRES", "ExpiresTime"}, {"ID", "Id"}, {NULL, NULL}};

static const struct call token_create = {
    .method = "POST", .path = TENANT_PATH "/scim/tokens", .fields = create_fields};
static const struct call token_list = {
    .method = "GET", .path = TENANT_PATH "/scim/tokens", .columns = columns};
static const struct call token_revoke = {.method = "DELETE",
    .path = TENANT_PATH "/scim/tokens/{0}",
    .done = "The token is revoked: the next request with it is refused.",
    .confirm = "The directory that uses it can then change nothing here any more. Revoke it?"};

static const struct verb token_verbs[] = {
    ADMIN_VERB("create", "Make a token for a directory; it is shown once", "NAME", 1, 1, create_options,
        token_create, "  rms admin scim token create entra\n  rms admin scim token create okta --days 90"),
    ADMIN_VERB("list", "List the tokens, without the secrets", NULL, 0, 0, admin_read_options, token_list,
        "  rms admin scim token list"),
    ADMIN_VERB("revoke", "End a token at once", "NAME", 1, 1, admin_change_options, token_revoke,
        "  rms admin scim token revoke entra"),
    VERBS_END,
};

const struct verb admin_scim_verbs[] = {
    ADMIN_GROUP("token", "Tokens of the directories that push", token_verbs),
    VERBS_END,
};
