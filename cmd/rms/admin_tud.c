/* rms admin tud: trusted user domains */
#include "cmd/rms/admin.h"

static const struct option_row import_options[] = {
    TEXT("certificate", "FILE", "the server certificate of the partner's service (needed)"),
    LIST("domain", "DOMAIN", "mail domain that it speaks for, and no other (may be repeated; default: any)"),
    TEXT("name", "NAME", "whose it is"),
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct call_field import_fields[] = {
    {"Certificate", FIELD_FILE, "certificate", 0},
    {"Domains", FIELD_LIST, "domain", 0},
    {"Name", FIELD_TEXT, "name", 0},
    FIELDS_END,
};
static const char *const import_needed[] = {"certificate", NULL};
static const struct column columns[] = {
    {"NAME", "Name"}, {"DOMAINS", "Domains"}, {"IMPORTED", "ImportedTime"}, {"KEY", "Key"}, {NULL, NULL}};

static const struct call tud_import = {.method = "POST",
    .path = TENANT_PATH "/userdomains",
    .fields = import_fields,
    .needed = import_needed,
    .columns = columns};
static const struct call tud_export = {.method = "GET", .path = TENANT_PATH "/userdomains/own", .text = true};
static const struct call tud_list = {.method = "GET", .path = TENANT_PATH "/userdomains", .columns = columns};
static const struct call tud_remove = {.method = "DELETE",
    .path = TENANT_PATH "/userdomains/{0}",
    .done = "The trusted user domain is removed: its account certificates are not accepted.",
    .confirm =
        "People with account certificates of this service then open nothing here with them. Remove it?"};

const struct verb admin_tud_verbs[] = {
    ADMIN_VERB("import", "Accept the account certificates of a partner's service", NULL, 0, 0, import_options,
        tud_import, "  rms admin tud import --certificate partner.xml --domain partner.test"),
    ADMIN_VERB("export", "Print one's own server certificate, for a partner to import", NULL, 0, 0,
        admin_read_options, tud_export, "  rms admin tud export"),
    ADMIN_VERB("list", "List the partners' services", NULL, 0, 0, admin_read_options, tud_list,
        "  rms admin tud list"),
    ADMIN_VERB("remove", "Accept them no more", "KEY", 1, 1, admin_change_options, tud_remove,
        "  rms admin tud remove 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
    VERBS_END,
};
