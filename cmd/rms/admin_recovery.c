/* rms admin recovery: opening what is others', decided by two (B-13); rms admin tpd: the tenant's key (S-028)
 */
#include "cmd/rms/admin.h"

static const struct option_row request_options[] = {
    TEXT("owner", "ADDRESS", "instead of a document: everything that this person owns"),
    TEXT("issuer", "ADDRESS", "who protected it; needed when several people used the same content id"),
    NUMBER("hours", "how long it lasts from its approval (needed)", 1, 168),
    TEXT("reason", "TEXT", "why (needed); the owner and the log are told"),
    TEXT("ticket", "TEXT", "where it is kept track of"),
    TEXT("for", "ADDRESS", "who shall have the right (default: you)"),
    TENANT_OPTION,
    WHAT_IF_OPTION,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct call_field request_fields[] = {
    {"ContentId", FIELD_DOCUMENT, NULL, 0},
    {"Owner", FIELD_TEXT, "owner", 0},
    {"Issuer", FIELD_TEXT, "issuer", 0},
    {"Hours", FIELD_NUMBER, "hours", 0},
    {"Reason", FIELD_TEXT, "reason", 0},
    {"Ticket", FIELD_TEXT, "ticket", 0},
    {"For", FIELD_TEXT, "for", 0},
    FIELDS_END,
};
static const char *const request_needed[] = {"hours", "reason", NULL};
static const struct call_field no_fields[] = {FIELDS_END};
static const struct call_field on_fields[] = {{"FourEyes", FIELD_CONSTANT, "true", 0}, FIELDS_END};
static const struct call_field off_fields[] = {{"FourEyes", FIELD_CONSTANT, "false", 0}, FIELDS_END};

#define RECOVERIES TENANT_PATH "/recoveries"
static const struct column columns[] = {{"ID", "Id"}, {"STATE", "State"}, {"FOR", "For"}, {"OWNER", "Owner"},
    {"DOCUMENT", "ContentId"}, {"ENDS", "EndsTime"}, {"ASKED BY", "AskedBy"}, {"DECIDED BY", "DecidedBy"},
    {"REASON", "Reason"}, {NULL, NULL}};
static const struct call enable = {.method = "POST",
    .path = TENANT_PATH "/superusers",
    .fields = on_fields,
    .done =
        "Nobody opens what is others' any more but by an approved request; the super user feature is off."};
static const struct call disable = {.method = "POST",
    .path = TENANT_PATH "/superusers",
    .fields = off_fields,
    .done = "One administrator can add super users again; the feature is off until it is switched on.",
    .confirm = "One administrator alone can then open everything again. Go on?"};
static const struct call request = {
    .method = "POST", .path = RECOVERIES, .fields = request_fields, .needed = request_needed};
static const struct call list = {.method = "GET", .path = RECOVERIES, .columns = columns};
static const struct call approve = {.method = "POST", .path = RECOVERIES "/{0}/approve", .fields = no_fields};
static const struct call deny = {.method = "POST", .path = RECOVERIES "/{0}/deny", .fields = no_fields};
static const struct call end = {.method = "POST", .path = RECOVERIES "/{0}/end", .fields = no_fields};

const struct verb admin_recovery_verbs[] = {
    ADMIN_VERB("enable", "Require two administrators for opening what is others'", NULL, 0, 0,
        admin_change_options, enable, "  rms admin recovery enable"),
    ADMIN_VERB("disable", "Require it no more; on the service's machine only", NULL, 0, 0,
        admin_change_options, disable, "  rms admin recovery disable"),
    {
        .name = "request",
        .summary = "Ask for the right to open a document, or all of an owner",
        .operands = "[FILE|CONTENT-ID]",
        .details = "Another administrator approves it; then it is the right of a super user, for what was "
                   "asked for, "
                   "for some\n"
                   "hours. Every opening is marked in the usage log, and the owner is told by mail.",
        .examples = "  rms admin recovery request plan.ptxt --hours 1 --reason 'court order' --ticket 4711\n"
                    "  rms admin recovery request --owner alice@contoso.test --hours 8 --reason 'left'",
        .options = request_options,
        .operands_max = 1,
        .run = admin_run,
        .data = &request,
    },
    ADMIN_VERB("list", "List requests and what became of them", NULL, 0, 0, admin_read_options, list,
        "  rms admin recovery list"),
    ADMIN_VERB("approve", "Approve somebody else's request", "ID", 1, 1, admin_change_options, approve,
        "  rms admin recovery approve 6f1d7b3e-0c0f-4d6e-9b0e-0d2f6c2f9a11"),
    ADMIN_VERB("deny", "Deny a request, or take back one's own", "ID", 1, 1, admin_change_options, deny,
        "  rms admin recovery deny 6f1d7b3e-0c0f-4d6e-9b0e-0d2f6c2f9a11"),
    ADMIN_VERB("end", "End an approved one before its hours are over", "ID", 1, 1, admin_change_options, end,
        "  rms admin recovery end 6f1d7b3e-0c0f-4d6e-9b0e-0d2f6c2f9a11"),
    VERBS_END,
};

/* --- tpd -------------------------------------------------------------------------------------------------
 */

static const struct option_row export_options[] = {
    TEXT("to", "FILE", "public key that the package is for, of rmsd tpd keypair (needed)"),
    TEXT("reason", "TEXT", "why; the log is told"),
    TENANT_OPTION,
    WHAT_IF_OPTION,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct call_field export_fields[] = {
    {"Recipient", FIELD_RECIPIENT, "to", 0}, {"Reason", FIELD_TEXT, "reason", 0}, FIELDS_END};
static const char *const export_needed[] = {"to", NULL};
static const struct column export_columns[] = {{"ID", "Id"}, {"STATE", "State"}, {"RECIPIENT", "Recipient"},
    {"ENDS", "EndsTime"}, {"ASKED BY", "AskedBy"}, {"DECIDED BY", "DecidedBy"}, {"REASON", "Reason"},
    {NULL, NULL}};

#define EXPORTS TENANT_PATH "/exports"
static const struct call export_ask = {.method = "POST",
    .path = EXPORTS,
    .fields = export_fields,
    .needed = export_needed,
    .next =
        "Where four eyes are required, another administrator approves it: rms admin tpd approve. Then, on "
        "the service's machine: rmsd tpd export TENANT --to FILE. Disable the tenant at once afterwards: "
        "rms admin service disable."};
static const struct call export_list = {.method = "GET", .path = EXPORTS, .columns = export_columns};
static const struct call export_approve = {
    .method = "POST", .path = EXPORTS "/{0}/approve", .fields = no_fields};
static const struct call export_deny = {.method = "POST", .path = EXPORTS "/{0}/deny", .fields = no_fields};
static const struct call export_end = {.method = "POST", .path = EXPORTS "/{0}/end", .fields = no_fields};

const struct verb admin_tpd_verbs[] = {
    {
        .name = "export",
        .summary = "Ask for the tenant's key, to leave",
        .details = "The key itself never comes through here: rmsd tpd export writes the package, on the "
                   "service's machine.",
        .examples = "  rms admin tpd export --to recipient.pem.pub --reason 'moving to another service'",
        .options = export_options,
        .run = admin_run,
        .data = &export_ask,
    },
    ADMIN_VERB("list", "List requests and what became of them", NULL, 0, 0, admin_read_options, export_list,
        "  rms admin tpd list"),
    ADMIN_VERB("approve", "Approve another administrator's request, for 24 hours", "ID", 1, 1,
        admin_change_options, export_approve, "  rms admin tpd approve 6f1d7b3e-0c0f-4d6e-9b0e-0d2f6c2f9a11"),
    ADMIN_VERB("deny", "Deny a request, or take back one's own", "ID", 1, 1, admin_change_options,
        export_deny, "  rms admin tpd deny 6f1d7b3e-0c0f-4d6e-9b0e-0d2f6c2f9a11"),
    ADMIN_VERB("end", "End an approved one before it is used", "ID", 1, 1, admin_change_options, export_end,
        "  rms admin tpd end 6f1d7b3e-0c0f-4d6e-9b0e-0d2f6c2f9a11"),
    VERBS_END,
};
