/* rms admin privacy: what is stored about one address, and taking it away */
#include "cmd/rms/admin.h"

static const struct option_row delete_options[] = {
    TEXT("confirm", "ADDRESS", "the address once more; nothing is deleted without"),
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct call_field show_query[] = {{"about", FIELD_OPERAND, NULL, 0}, FIELDS_END};
static const struct call_field delete_fields[] = {
    {"Person", FIELD_OPERAND, NULL, 0}, {"Confirm", FIELD_TEXT, "confirm", 0}, FIELDS_END};
static const char *const delete_needed[] = {"confirm", NULL};

static const struct call show = {
    .method = "GET", .path = TENANT_PATH "/privacy", .query = show_query, .text = true};
static const struct call delete = {.method = "POST",
    .path = TENANT_PATH "/privacy/delete",
    .fields = delete_fields,
    .needed = delete_needed,
    .confirm = "Take this person out of the usage log and the tracked documents? It cannot be undone."};

static const struct call_field replace_fields[] = {
    {"Person", FIELD_OPERAND, NULL, 0}, {"New", FIELD_OPERAND, NULL, 1}, FIELDS_END};
static const struct call replace = {
    .method = "POST", .path = TENANT_PATH "/privacy/replace", .fields = replace_fields};

const struct verb admin_privacy_verbs[] = {
    {
        .name = "export",
        .summary = "Write everything that is stored about an address, as JSON",
        .operands = "ADDRESS",
        .details = "Accounts, groups, roles, super users, templates, documents, mail, both logs; and under\n"
                   "NotHere what the service cannot see. The search is logged, the address is not.",
        .examples = "  rms admin privacy export bob@contoso.test | jq .UsageLog",
        .options = admin_read_options,
        .operands_min = 1,
        .operands_max = 1,
        .run = admin_run,
        .data = &show,
    },
    ADMIN_VERB("delete", "Delete what is stored about an address and needed no more", "ADDRESS", 1, 1,
        delete_options, delete, "  rms admin privacy delete bob@contoso.test --confirm bob@contoso.test"),
    ADMIN_VERB("replace", "Put one address in place of another in all templates, and tell where it stays",
        "OLD NEW", 2, 2, admin_change_options, replace,
        "  rms admin privacy replace bob@contoso.test bob.roe@contoso.test --what-if"),
    VERBS_END,
};
