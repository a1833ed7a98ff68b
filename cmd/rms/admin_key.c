/* rms admin key */
#include "cmd/rms/admin.h"

static const struct option_row add_options[] = {
    NUMBER(
        "bits", "its size: 2048, 3072 or 4096 (default: 2048, which old clients understand too)", 2048, 4096),
    TEXT("store", "STORE", "where it is made: software, or pkcs11 (default: key_store of rmsd.conf)"),
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct call_field generate_fields[] = {
    {"Bits", FIELD_NUMBER, "bits", 0}, {"Store", FIELD_TEXT, "store", 0}, FIELDS_END};
static const struct call_field rotate_fields[] = {{"Bits", FIELD_NUMBER, "bits", 0},
    {"Store", FIELD_TEXT, "store", 0}, {"Status", FIELD_CONSTANT, "Active", 0}, FIELDS_END};
static const struct call_field add_fields[] = {{"Reference", FIELD_OPERAND, NULL, 0}, FIELDS_END};
static const struct call_field convert_fields[] = {{"Store", FIELD_CONSTANT, "pkcs11", 0}, FIELDS_END};
static const struct call_field activate_fields[] = {{"Status", FIELD_CONSTANT, "Active", 0}, FIELDS_END};
static const struct column columns[] = {{"ID", "KeyIdentifier"}, {"BITS", "Bits"}, {"STATUS", "Status"},
    {"TYPE", "KeyType"}, {"CREATED", "CreationTime"}, {"USED FOR", "UsedFor"}, {NULL, NULL}};

static const struct call key_list = {.method = "GET", .path = TENANT_PATH "/keys", .columns = columns};
static const struct call key_generate = {
    .method = "POST", .path = TENANT_PATH "/keys", .fields = generate_fields};
static const struct call key_rotate = {
    .method = "POST", .path = TENANT_PATH "/keys", .fields = rotate_fields};
static const struct call key_add = {.method = "POST", .path = TENANT_PATH "/keys", .fields = add_fields};
static const struct call key_convert = {.method = "POST",
    .path = TENANT_PATH "/keys/{0}",
    .fields = convert_fields,
    .done = "The token keeps the key. Backups from before still have it, sealed under the master key.",
    .confirm =
        "The key can then not be exported any more, and nothing opens while the token is away. Go on?"};
static const struct call key_activate = {.method = "POST",
    .path = TENANT_PATH "/keys/{0}",
    .fields = activate_fields,
    .done = "The key is Active; the former one is Archived and goes on opening what it protected."};

const struct verb admin_key_verbs[] = {
    ADMIN_VERB("list", "List the keys of a tenant, oldest first", NULL, 0, 0, admin_read_options, key_list,
        "  rms admin key list\n  rms admin key list --json | jq -r .KeyIdentifier"),
    ADMIN_VERB("generate", "Make a further key, archived until it is activated", NULL, 0, 0, add_options,
        key_generate, "  rms admin key generate --bits 3072"),
    ADMIN_VERB("add", "Take a key that is in the token, archived until it is activated", "REFERENCE", 1, 1,
        admin_change_options, key_add, "  rms admin key add 'pkcs11:token=rights;id=%01%02'"),
    ADMIN_VERB("convert", "Move a key into the token", "KEY", 1, 1, admin_change_options, key_convert,
        "  rms admin key convert 2f5c8a54-8a0e-4b7c-9d38-5a7c4b1d9e60"),
    ADMIN_VERB("rotate", "Make a new key and protect with it from now on", NULL, 0, 0, add_options,
        key_rotate, "  rms admin key rotate"),
    ADMIN_VERB("activate", "Protect with another key of the tenant from now on", "KEY", 1, 1,
        admin_change_options, key_activate, "  rms admin key activate 2f5c8a54-8a0e-4b7c-9d38-5a7c4b1d9e60"),
    VERBS_END,
};
