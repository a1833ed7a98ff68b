/* rms admin issuer, client */
#include "cmd/rms/admin.h"

static const struct option_row issuer_options[] = {
    LIST("audience", "TEXT",
        "audience accepted in its tokens (may be repeated; default: the service's address)"),
    LIST("algorithm", "ALG", "RS256, PS256 or ES256 (may be repeated; default: all three)"),
    TEXT("jwks-uri", "URL", "its key set (default: from its discovery document)"),
    LIST("acr", "VALUE", "take only sign-ins of this kind: its acr, or one of its amr (may be repeated)"),
    NUMBER("max-age", "take only sign-ins of the last N seconds, by auth_time", 1, 2592000),
    LIST("domain", "DOMAIN", "mail domain that it speaks for, and no other (may be repeated; default: any)"),
    TEXT("use", "USE", "accounts: of those that there are; guests: people of the domains come in as guests"),
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct call_field issuer_fields[] = {
    {"Issuer", FIELD_OPERAND, NULL, 0},
    {"Audience", FIELD_LIST, "audience", 0},
    {"Algorithms", FIELD_LIST, "algorithm", 0},
    {"JwksUri", FIELD_TEXT, "jwks-uri", 0},
    {"AcrValues", FIELD_LIST, "acr", 0},
    {"MaxAge", FIELD_NUMBER, "max-age", 0},
    {"Domains", FIELD_LIST, "domain", 0},
    {"Use", FIELD_TEXT, "use", 0},
    FIELDS_END,
};
static const struct column issuer_columns[] = {{"ISSUER", "Issuer"}, {"AUDIENCE", "Audience"},
    {"ALGORITHMS", "Algorithms"}, {"DOMAINS", "Domains"}, {"USE", "Use"}, {"ID", "Id"}, {NULL, NULL}};

static const struct call issuer_add = {
    .method = "POST", .path = TENANT_PATH "/issuers", .fields = issuer_fields};
static const struct call issuer_list = {
    .method = "GET", .path = TENANT_PATH "/issuers", .columns = issuer_columns};
static const struct call issuer_remove = {.method = "DELETE",
    .path = TENANT_PATH "/issuers/{0}",
    .done = "The issuer is removed: its tokens are not accepted.",
    .confirm = "Whoever signs in there is then not let in any more. Remove the issuer?"};

const struct verb admin_issuer_verbs[] = {
    ADMIN_VERB("add", "Accept tokens of an OpenID Connect issuer", "URL", 1, 1, issuer_options, issuer_add,
        "  rms admin issuer add https://login.contoso.test/ --audience https://rms.contoso.test/\n"
        "  rms admin issuer add https://login.partner.test/ --acr mfa --max-age 3600\n"
        "  rms admin issuer add https://rms.partner.test/6f1d7b3e-0c0f-4d6e-9b0e-0d2f6c2f9a11 --domain "
        "partner.test --use guests"),
    ADMIN_VERB(
        "list", "List the issuers", NULL, 0, 0, admin_read_options, issuer_list, "  rms admin issuer list"),
    ADMIN_VERB("remove", "Remove an issuer", "ID", 1, 1, admin_change_options, issuer_remove,
        "  rms admin issuer remove 6f1d7b3e-0c0f-4d6e-9b0e-0d2f6c2f9a11"),
    VERBS_END,
};

static const struct option_row client_options[] = {
    LIST("redirect", "URI", "where sign-in may lead back to (needed, may be repeated)"),
    TEXT("name", "NAME", "name shown at sign-in"),
    FLAG("legacy-no-pkce", "the application sends no PKCE"),
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct call_field client_fields[] = {
    {"ClientId", FIELD_OPERAND, NULL, 0},
    {"Name", FIELD_TEXT, "name", 0},
    {"RedirectUris", FIELD_LIST, "redirect", 0},
    {"LegacyNoPkce", FIELD_TRUE, "legacy-no-pkce", 0},
    FIELDS_END,
};
static const char *const client_needed[] = {"redirect", NULL};
static const struct column client_columns[] = {
    {"CLIENT", "ClientId"}, {"NAME", "Name"}, {"REDIRECT URIS", "RedirectUris"}, {NULL, NULL}};

static const struct call client_add = {
    .method = "POST", .path = TENANT_PATH "/clients", .fields = client_fields, .needed = client_needed};
static const struct call client_list = {
    .method = "GET", .path = TENANT_PATH "/clients", .columns = client_columns};
static const struct call client_remove = {.method = "DELETE",
    .path = TENANT_PATH "/clients/{0}",
    .done = "The application is removed.",
    .confirm = "Nobody signs in with this application any more. Remove it?"};

const struct verb admin_client_verbs[] = {
    ADMIN_VERB("add", "Register an application for the built-in sign-in", "ID", 1, 1, client_options,
        client_add, "  rms admin client add viewer --redirect http://127.0.0.1:7777/done"),
    ADMIN_VERB("list", "List the applications", NULL, 0, 0, admin_read_options, client_list,
        "  rms admin client list"),
    ADMIN_VERB("remove", "Remove an application", "ID", 1, 1, admin_change_options, client_remove,
        "  rms admin client remove viewer"),
    VERBS_END,
};
