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
    {"Store", FIELD_TEXT, "store", 0}, {"OlderDays", FIELD_NUMBER, "older-than", 0},
    {"Status", FIELD_CONSTANT, "Active", 0}, FIELDS_END};
static const struct call_field add_fields[] = {{"Reference", FIELD_OPERAND, NULL, 0}, FIELDS_END};
static const struct call_field convert_fields[] = {
    {"Store", FIELD_CONSTANT, "pkcs11", 0}, {"Reference", FIELD_TEXT, "to", 0}, FIELDS_END};
static const struct call_field activate_fields[] = {
    {"Status", FIELD_CONSTANT, "Active", 0}, {"Migration", FIELD_TRUE, "migration", 0}, FIELDS_END};
static const struct column columns[] = {{"ID", "KeyIdentifier"}, {"BITS", "Bits"}, {"STATUS", "Status"},
    {"TYPE", "KeyType"}, {"CREATED", "CreationTime"}, {"USED FOR", "UsedFor"}, {NULL, NULL}};

static const struct call_field list_query[] = {{"sort", FIELD_TEXT, "sort", 0}, FIELDS_END};
static const struct call_field remove_query[] = {{"confirm", FIELD_TEXT, "confirm", 0}, FIELDS_END};
static const struct call_field archive_fields[] = {{"Status", FIELD_CONSTANT, "Archived", 0}, FIELDS_END};
static const struct call_field breach_fields[] = {{"Case", FIELD_TEXT, "case", 0},
    {"Bits", FIELD_NUMBER, "bits", 0}, {"Since", FIELD_FROM, "since", 0}, FIELDS_END};
static const char *const breach_needed[] = {"case", NULL};

static const struct option_row list_options[] = {
    TEXT("sort", "FIELD", "created: oldest first, which is how they come anyway"),
    TENANT_OPTION,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct option_row rotate_options[] = {
    NUMBER(
        "bits", "its size: 2048, 3072 or 4096 (default: 2048, which old clients understand too)", 2048, 4096),
    TEXT("store", "STORE", "where it is made: software, or pkcs11 (default: key_store of rmsd.conf)"),
    NUMBER("older-than", "only when the active key is that many days old: for a timer", 1, 36500),
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct option_row rotation_options[] = {
    TEXT("every", "DAYS|off", "how old the active key may become; off: replaced by hand only (needed)"),
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct call_field rotation_fields[] = {{"Days", FIELD_EVERY, "every", 0}, FIELDS_END};
static const char *const rotation_needed[] = {"every", NULL};
static const struct option_row remove_options[] = {
    TEXT("confirm", "KEY", "its id once more: nothing brings a removed key back"),
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct option_row breach_options[] = {
    TEXT("case", "CASE", "leaked, misuse (somebody used it, but it did not leak) or weakness"),
    TEXT("since", "DATE",
        "list documents, or for misuse accesses, since then (default: since the key was made)"),
    NUMBER("bits", "size of the new key: 2048, 3072 or 4096 (default: 2048)", 2048, 4096),
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};

static const struct option_row convert_options[] = {
    TEXT("to", "REFERENCE", "the same key, put into the token by other tools (default: it is put there)"),
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct option_row activate_options[] = {
    FLAG("migration", "a key of 1024 bits too: until all has moved here; rms admin doctor warns until then"),
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};

static const struct call key_list = {
    .method = "GET", .path = TENANT_PATH "/keys", .query = list_query, .columns = columns};
static const struct call key_archive = {
    .method = "POST", .path = TENANT_PATH "/keys/{0}", .fields = archive_fields};
static const struct call key_remove = {.method = "DELETE",
    .path = TENANT_PATH "/keys/{0}",
    .query = remove_query,
    .done = "The key is removed. An object of it in the token stays there."};
static const struct call key_breach = {.method = "POST",
    .path = TENANT_PATH "/breach",
    .fields = breach_fields,
    .needed = breach_needed,
    .confirm = "Unless it was misuse, a new key takes over; one that leaked vouches for nobody any more, and "
               "people sign in again. Go on?"};
static const struct call key_generate = {
    .method = "POST", .path = TENANT_PATH "/keys", .fields = generate_fields};
static const struct call key_rotate = {.method = "POST",
    .path = TENANT_PATH "/keys",
    .fields = rotate_fields,
    .confirm = "What is protected from now on is under a new key, which stays for ever. Go on?"};
static const struct call key_rotation = {.method = "POST",
    .path = TENANT_PATH "/rotation",
    .fields = rotation_fields,
    .needed = rotation_needed,
    .done = "The setting is stored. A key that is that old already is replaced within a minute."};
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

static const struct call_field refresh_fields[] = {{"RefreshName", FIELD_ALWAYS, NULL, 0}, FIELDS_END};
static const struct call key_refresh_name = {
    .method = "POST", .path = TENANT_PATH "/keys/{0}", .fields = refresh_fields};

const struct verb admin_key_verbs[] = {
    ADMIN_VERB("list", "List the keys of a tenant, oldest first", NULL, 0, 0, list_options, key_list,
        "  rms admin key list\n  rms admin key list --json | jq -r .KeyIdentifier"),
    ADMIN_VERB("generate", "Make a further key, archived until it is activated", NULL, 0, 0, add_options,
        key_generate, "  rms admin key generate --bits 3072"),
    ADMIN_VERB("add", "Take a key that is in the token, archived until it is activated", "REFERENCE", 1, 1,
        admin_change_options, key_add, "  rms admin key add 'pkcs11:token=rights;id=%01%02'"),
    ADMIN_VERB("use", "The same: the original's name for it", "REFERENCE", 1, 1, admin_change_options,
        key_add, "  rms admin key use 'pkcs11:token=rights;id=%01%02'"),
    ADMIN_VERB("refresh-name", "Put the name that the tenant has now into a key's certificate", "KEY", 1, 1,
        admin_change_options, key_refresh_name,
        "  rms admin key refresh-name 2f5c8a54-8a0e-4b7c-9d38-5a7c4b1d9e60"),
    ADMIN_VERB("convert", "Move a key into the token, or to another place in it", "KEY", 1, 1,
        convert_options, key_convert,
        "  rms admin key convert 2f5c8a54-8a0e-4b7c-9d38-5a7c4b1d9e60\n"
        "  rms admin key convert 2f5c8a54-8a0e-4b7c-9d38-5a7c4b1d9e60 --to 'pkcs11:token=rights;id=%01%02'"),
    ADMIN_VERB("rotate", "Make a new key and protect with it from now on", NULL, 0, 0, rotate_options,
        key_rotate, "  rms admin key rotate\n  rms admin key rotate --older-than 365 --force"),
    ADMIN_VERB("rotation", "Let the service replace the active key when it is old enough", NULL, 0, 0,
        rotation_options, key_rotation,
        "  rms admin key rotation --every 365\n  rms admin key rotation --every off"),
    ADMIN_VERB("archive", "Refused: a key is archived by activating another", "KEY", 1, 1,
        admin_change_options, key_archive, "  rms admin key archive 2f5c8a54-8a0e-4b7c-9d38-5a7c4b1d9e60"),
    ADMIN_VERB("remove", "Remove an archived key, with all that needs it", "KEY", 1, 1, remove_options,
        key_remove,
        "  rms admin key remove 2f5c8a54-8a0e-4b7c-9d38-5a7c4b1d9e60 --confirm "
        "2f5c8a54-8a0e-4b7c-9d38-5a7c4b1d9e60"),
    ADMIN_VERB("breach", "Respond to a breach: the steps, and a new key where it helps", NULL, 0, 0,
        breach_options, key_breach, "  rms admin key breach --case leaked --since 2026-01-01"),
    ADMIN_VERB("activate", "Protect with another key of the tenant from now on", "KEY", 1, 1,
        activate_options, key_activate, "  rms admin key activate 2f5c8a54-8a0e-4b7c-9d38-5a7c4b1d9e60"),
    VERBS_END,
};
