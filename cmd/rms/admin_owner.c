/* rms admin owner: documents handed over (B-07) */
#include "cmd/rms/admin.h"

static const struct option_row transfer_options[] = {
    TEXT("to", "ADDRESS", "who has it from now on (needed)"),
    TEXT("from", "ADDRESS", "instead of a document: everything that this person has"),
    TEXT("issuer", "ADDRESS", "who protected it; needed when several people used the same content id"),
    TEXT("reason", "TEXT", "kept with it"),
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct call_field transfer_fields[] = {
    {"To", FIELD_TEXT, "to", 0},
    {"ContentId", FIELD_DOCUMENT, NULL, 0},
    {"From", FIELD_TEXT, "from", 0},
    {"Issuer", FIELD_TEXT, "issuer", 0},
    {"Reason", FIELD_TEXT, "reason", 0},
    FIELDS_END,
};
static const char *const needed[] = {"to", NULL};
static const struct call transfer = {.method = "POST",
    .path = TENANT_PATH "/handovers",
    .fields = transfer_fields,
    .needed = needed,
    .confirm = "The new owner has Full Control then, and the old one only what the policy gives. Go on?"};

static const struct column list_columns[] = {{"TIME", "Time"}, {"FROM", "From"}, {"TO", "To"},
    {"DOCUMENT", "ContentId"}, {"PROTECTED BY", "Issuer"}, {"UNTIL", "ProtectedUntil"}, {"BY", "Actor"},
    {"REASON", "Reason"}, {NULL, NULL}};
static const struct call list = {.method = "GET", .path = TENANT_PATH "/handovers", .columns = list_columns};

const struct verb admin_owner_verbs[] = {
    {
        .name = "transfer",
        .summary = "Give a document, or all that somebody has, to another owner",
        .operands = "[FILE|CONTENT-ID]",
        .details =
            "The new owner opens, tracks and revokes it as if he had protected it; whoever is refused is "
            "told to\n"
            "ask him. The old one keeps what the policy gives him. Files stay as they are: the service "
            "knows.\n"
            "With --from: what the person protected up to now, and what was handed over to him; not what he\n"
            "protects later. Licences for offline use that were given before stay valid until they end.",
        .examples =
            "  rms admin owner transfer plan.ptxt --to bob@contoso.test\n"
            "  rms admin owner transfer --from alice@contoso.test --to bob@contoso.test --reason 'left'",
        .options = transfer_options,
        .operands_max = 1,
        .run = admin_run,
        .data = &transfer,
    },
    ADMIN_VERB("list", "List what was handed over, the newest first", NULL, 0, 0, admin_read_options, list,
        "  rms admin owner list"),
    VERBS_END,
};
