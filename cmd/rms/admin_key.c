/* rms admin key */
#include "cmd/rms/admin.h"

static const struct option_row add_options[] = {
    NUMBER(
        "bits", "its size: 2048, 3072 or 4096 (default: 2048, which old clients understand too)", 2048, 4096),
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct call_field generate_fields[] = {{"Bits", FIELD_NUMBER, "bits", 0}, FIELDS_END};
static const struct call_field rotate_fields[] = {
    {"Bits", FIELD_NUMBER, "bits", 0}, {"Status", FIELD_CONSTANT, "Active", 0}, FIELDS_END};
static const struct call_field activate_fields[] = {{"Status", FIELD_CONSTANT, "Active", 0}, FIELDS_END};
static const struct column columns[] = {{"ID", "KeyIdentifier"}, {"BITS", "Bits"}, {"STATUS", "Status"},
    {"CREATED", "CreationTime"}, {"USED FOR", "UsedFor"}, {NULL, NULL}};

static const struct call key_list = {.method = "GET", .path = TENANT_PATH "/keys", .columns = columns};
static const struct call key_generate = {
    .method = "POST", .path = TENANT_PATH "/keys", .fields = generate_fields};
static const struct call key_rotate = {
    .method = "POST", .path = TENANT_PATH "/keys", .fields = rotate_fields};
static const struct call key_activate = {.method = "POST",
    .path = TENANT_PATH "/keys/{0}",
    .fields = activate_fields,
    .done = "The key is Active; the former one is Archived and goes on opening what it protected."};

const struct verb admin_key_verbs[] = {
    ADMIN_VERB("list", "List the keys of a tenant, oldest first", NULL, 0, 0, admin_read_options, key_list,
        "  rms admin key list\n  rms admin key list --json | jq -r .KeyIdentifier"),
    ADMIN_VERB("generate", "Make a further key, archived until it is activated", NULL, 0, 0, add_options,
        key_generate, "  rms admin key generate --bits 3072"),
    ADMIN_VERB("rotate", "Make a new key and protect with it from now on", NULL, 0, 0, add_options,
        key_rotate, "  rms admin key rotate"),
    ADMIN_VERB("activate", "Protect with another key of the tenant from now on", "KEY", 1, 1,
        admin_change_options, key_activate, "  rms admin key activate 2f5c8a54-8a0e-4b7c-9d38-5a7c4b1d9e60"),
    VERBS_END,
};
