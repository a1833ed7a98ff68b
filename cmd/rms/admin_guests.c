/* rms admin guests */
#include "cmd/rms/admin.h"

static const struct option_row passcodes_options[] = {
    FLAG("on", "guests may sign in by a code that is mailed to them"),
    FLAG("off", "they may not; codes under way are void"),
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct call_field passcodes_fields[] = {
    {"Passcodes", FIELD_TRUE, "on", 0},
    {"Passcodes", FIELD_FALSE, "off", 0},
    FIELDS_END,
};
static const struct option_row documents_options[] = {
    FLAG("on", "documents open for whoever signed in by a mailed code"),
    FLAG("off", "only mail does"),
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct call_field documents_fields[] = {
    {"PasscodeDocuments", FIELD_TRUE, "on", 0},
    {"PasscodeDocuments", FIELD_FALSE, "off", 0},
    FIELDS_END,
};
static const struct option_row protecting_options[] = {
    FLAG("on", "who signed up may protect, too"),
    FLAG("off", "he opens what others protected"),
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct call_field protecting_fields[] = {
    {"SignUpProtect", FIELD_TRUE, "on", 0},
    {"SignUpProtect", FIELD_FALSE, "off", 0},
    FIELDS_END,
};
static const struct option_row sign_up_options[] = {
    FLAG("on", "whoever proves an address by a mailed link gets a guest account"),
    FLAG("off", "nobody signs up"),
    LIST("domain", "DOMAIN", "only addresses of this domain (may be repeated; replaces the list)"),
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct call_field sign_up_fields[] = {
    {"SignUp", FIELD_TRUE, "on", 0},
    {"SignUp", FIELD_FALSE, "off", 0},
    {"Domains", FIELD_LIST, "domain", 0},
    FIELDS_END,
};

static const struct call guests_show = {.method = "GET", .path = TENANT_PATH "/guests"};
static const struct call guests_passcodes = {
    .method = "POST", .path = TENANT_PATH "/guests", .fields = passcodes_fields, .changes = true};
static const struct call guests_documents = {
    .method = "POST", .path = TENANT_PATH "/guests", .fields = documents_fields, .changes = true};
static const struct call guests_protecting = {
    .method = "POST", .path = TENANT_PATH "/guests", .fields = protecting_fields, .changes = true};
static const struct call guests_sign_up = {
    .method = "POST", .path = TENANT_PATH "/guests", .fields = sign_up_fields, .changes = true};

const struct verb admin_guests_verbs[] = {
    ADMIN_VERB("status", "Show how guests come in", NULL, 0, 0, admin_read_options, guests_show,
        "  rms admin guests status"),
    ADMIN_VERB("passcodes", "Choose whether guests sign in by mailed codes", NULL, 0, 0, passcodes_options,
        guests_passcodes, "  rms admin guests passcodes --on"),
    ADMIN_VERB("documents", "Choose whether documents open for whoever signed in by a mailed code", NULL, 0,
        0, documents_options, guests_documents, "  rms admin guests documents --on"),
    ADMIN_VERB("sign-up", "Choose whether people make guest accounts themselves", NULL, 0, 0, sign_up_options,
        guests_sign_up,
        "  rms admin guests sign-up --on --domain partner.test\n"
        "  rms admin guests sign-up --off"),
    ADMIN_VERB("protecting", "Choose whether people who signed up themselves may protect", NULL, 0, 0,
        protecting_options, guests_protecting, "  rms admin guests protecting --on"),
    VERBS_END,
};
