/* rms admin tracking: the operator's view of documents, and revocation on behalf of who protected them */
#include "cmd/rms/admin.h"

#include "base/json.h"
#include "cmd/rms/csv.h"
#include "cmd/rms/track.h"

#define ISSUER_OPTION                                                                                        \
    TEXT("issuer", "ADDRESS", "who protected it; needed when several people used the same content id")

static const struct option_row list_options[] = {
    TEXT("user", "ADDRESS", "only what this person protected"),
    TEXT("search", "TEXT", "only documents with this in their name"),
    FLAG("csv", "as CSV"),
    TENANT_OPTION,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct option_row show_options[] = {
    ISSUER_OPTION,
    FLAG("csv", "what happened to it, as CSV"),
    TENANT_OPTION,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct option_row revoke_options[] = {
    ISSUER_OPTION,
    TEXT("reason", "TEXT", "kept in the document's history"),
    TEXT("message", "TEXT", "sent by mail to everybody who opened it"),
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct option_row restore_options[] = {
    ISSUER_OPTION, TENANT_OPTION, CHANGE_OPTIONS, SOCKET_OPTION, OPTIONS_END};

#define SEARCH_OPTIONS                                                                                       \
    TEXT("from", "DATE", "from then: YYYY-MM-DD (local midnight) or a time"),                                \
        TEXT("to", "DATE", "to then: YYYY-MM-DD (to the end of that day) or a time"),                        \
        NUMBER("limit", "only the newest N (default: 10000)", 1, 1000000), FLAG("csv", "as CSV"),            \
        TENANT_OPTION, SOCKET_OPTION, OPTIONS_END
#define SEARCH_FIELDS                                                                                        \
    {"user", FIELD_TEXT, "user", 0}, {"from", FIELD_FROM, "from", 0}, {"to", FIELD_TO, "to", 0},             \
        {"limit", FIELD_TEXT, "limit", 0}, FIELDS_END

static const struct option_row docs_options[] = {
    TEXT("user", "ADDRESS", "documents that this person protected, owns or has now"),
    TEXT("owner", "ADDRESS", "documents of this owner"),
    TEXT("search", "TEXT", "documents with this in their name"),
    SEARCH_OPTIONS,
};
static const struct option_row log_options[] = {
    TEXT("user", "ADDRESS", "accesses by this person, and to what he protected"),
    TEXT("content", "ID", "accesses to this content"),
    TEXT("outside-hours", "HH:MM-HH:MM", "openings outside these working hours, and at weekends"),
    TEXT("zone", "NAME", "of those hours, as Europe/Berlin (default: UTC)"),
    NUMBER("distant", "openings within N minutes of another by the same person from an address far away", 1,
        10080),
    SEARCH_OPTIONS,
};
static const struct call_field docs_query[] = {
    {"owner", FIELD_TEXT, "owner", 0}, {"q", FIELD_TEXT, "search", 0}, SEARCH_FIELDS};
static const struct call_field log_query[] = {{"content", FIELD_TEXT, "content", 0},
    {"outside", FIELD_TEXT, "outside-hours", 0}, {"zone", FIELD_TEXT, "zone", 0},
    {"distant", FIELD_TEXT, "distant", 0}, SEARCH_FIELDS};
static const struct call docs = {.method = "GET", .path = TENANT_PATH "/tracking/docs", .query = docs_query};
static const struct call accesses = {
    .method = "GET", .path = TENANT_PATH "/tracking/log", .query = log_query};

static const struct call_field list_query[] = {
    {"user", FIELD_TEXT, "user", 0},
    {"q", FIELD_TEXT, "search", 0},
    FIELDS_END,
};
static const struct call_field show_query[] = {
    {"issuer", FIELD_TEXT, "issuer", 0},
    FIELDS_END,
};
static const struct call_field change_fields[] = {
    {"Issuer", FIELD_TEXT, "issuer", 0},
    {"Reason", FIELD_TEXT, "reason", 0},
    {"Message", FIELD_TEXT, "message", 0},
    FIELDS_END,
};
static const struct call_field restore_fields[] = {
    {"Issuer", FIELD_TEXT, "issuer", 0},
    FIELDS_END,
};

#define DOCUMENTS TENANT_PATH "/documents"
static const struct call documents = {.method = "GET", .path = DOCUMENTS, .query = list_query};
static const struct call document = {.method = "GET", .path = DOCUMENTS "/{0}", .query = show_query};
static const struct call events = {.method = "GET", .path = DOCUMENTS "/{0}/events", .query = show_query};
static const struct call revoke = {.method = "POST",
    .path = DOCUMENTS "/{0}/revoke",
    .fields = change_fields,
    .confirm = "Nobody but its issuer and super users will open it any more. Revoke it?"};
static const struct call restore = {
    .method = "POST", .path = DOCUMENTS "/{0}/restore", .fields = restore_fields};

static const struct call_field enable_fields[] = {{"Tracking", FIELD_CONSTANT, "Enabled", 0}, FIELDS_END};
static const struct call_field disable_fields[] = {{"Tracking", FIELD_CONSTANT, "Disabled", 0}, FIELDS_END};
static const struct option_row automatic_options[] = {
    FLAG("off", "only documents are tracked that somebody registers"),
    FLAG("on", "documents are tracked when they are protected"),
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct call_field automatic_fields[] = {
    {"Automatic", FIELD_TRUE, "on", 0},
    {"Automatic", FIELD_FALSE, "off", 0},
    FIELDS_END,
};
static const struct call state_show = {.method = "GET", .path = TENANT_PATH "/tracking"};
static const struct call state_enable = {.method = "POST",
    .path = TENANT_PATH "/tracking",
    .fields = enable_fields,
    .done = "Tracking is on. What happened while it was off is in the usage log only."};
static const struct call state_disable = {.method = "POST",
    .path = TENANT_PATH "/tracking",
    .fields = disable_fields,
    .done = "Tracking is off: people see nothing and revoke nothing; what is revoked stays revoked.",
    .confirm = "People can then neither see who opens their documents nor revoke them. Go on?"};
static const struct call state_automatic = {
    .method = "POST", .path = TENANT_PATH "/tracking", .fields = automatic_fields, .changes = true};

static const struct call no_track_show = {.method = "GET", .path = TENANT_PATH "/tracking/group"};
static const struct call_field no_track_fields[] = {{"Group", FIELD_OPERAND, NULL, 0}, FIELDS_END};
static const struct call no_track_set = {
    .method = "POST", .path = TENANT_PATH "/tracking/group", .fields = no_track_fields};
static const struct call_field no_track_none[] = {{"Group", FIELD_CONSTANT, "", 0}, FIELDS_END};
static const struct call no_track_clear = {.method = "POST",
    .path = TENANT_PATH "/tracking/group",
    .fields = no_track_none,
    .done = "Everybody's activity is shown, also from before."};
static const struct verb no_track_verbs[] = {
    ADMIN_VERB("show", "Show the group", NULL, 0, 0, admin_read_options, no_track_show,
        "  rms admin tracking notrack show"),
    ADMIN_VERB("set", "Choose the group, instead of the former", "GROUP", 1, 1, admin_change_options,
        no_track_set, "  rms admin tracking notrack set board@contoso.test"),
    ADMIN_VERB("clear", "Choose none", NULL, 0, 0, admin_change_options, no_track_clear,
        "  rms admin tracking notrack clear"),
    VERBS_END,
};

/* The reply of a reading call; an exit status, with a message, when there is none. */
static int fetch(const struct arguments *arguments, const struct call *call, json_t **reply_out)
{
    json_t *RMS_JSON_CLEANUP query = json_object();
    const struct admin_exchange exchange = {.method = call->method, .path = call->path, .query = query};
    int status = admin_query(arguments, call, query);

    return status == 0 ? admin_exchange(arguments, &exchange, reply_out) : status;
}

static int run_list(struct arguments *arguments)
{
    json_t *RMS_JSON_CLEANUP list = NULL;
    int status = fetch(arguments, &documents, &list);

    return status != 0 ? status : track_show_list(list, argument_flag(arguments, "csv"));
}

static int run_show(struct arguments *arguments)
{
    json_t *RMS_JSON_CLEANUP one = NULL;
    json_t *RMS_JSON_CLEANUP happened = NULL;
    int status = fetch(arguments, &document, &one);

    status = status == 0 ? fetch(arguments, &events, &happened) : status;
    return status != 0 ? status : track_show_document(one, happened, argument_flag(arguments, "csv"));
}

static int run_docs(struct arguments *arguments)
{
    json_t *RMS_JSON_CLEANUP list = NULL;
    int status = fetch(arguments, &docs, &list);

    return status != 0 ? status : track_show_list(list, argument_flag(arguments, "csv"));
}

static const struct column access_columns[] = {{"TIME", "RequestTime"}, {"WHO", "RequesterEmail"},
    {"OPENED", "Successful"}, {"WHY", "Result"}, {"DOCUMENT", "ContentName"}, {"CONTENT ID", "ContentId"},
    {"FROM", "RequesterIp"}, {"PLACE", "Place"}, {NULL, NULL}};
static const struct column distant_columns[] = {{"TIME", "RequestTime"}, {"WHO", "RequesterEmail"},
    {"FROM", "RequesterIp"}, {"BEFORE", "PreviousTime"}, {"FROM", "PreviousIp"}, {"DOCUMENT", "ContentName"},
    {"CONTENT ID", "ContentId"}, {NULL, NULL}};
static const struct column access_csv[] = {{"", "ContentId"}, {"", "ContentName"}, {"", "Issuer"},
    {"", "RequestTime"}, {"", "RequesterEmail"}, {"", "RequesterIp"}, {"", "Country"}, {"", "City"},
    {"", "Position"}, {"", "Place"}, {"", "Successful"}, {"", "Result"}, {"", "Application"},
    {"", "SuperUser"}, {"", "IsHiddenInfo"}, {"", "OfflineUntil"}, {"", "PreviousTime"}, {"", "PreviousIp"},
    {NULL, NULL}};

static int run_accesses(struct arguments *arguments)
{
    json_t *RMS_JSON_CLEANUP list = NULL;
    int status = fetch(arguments, &accesses, &list);

    if (status == 0 && argument_flag(arguments, "csv")) {
        output_csv(list, access_csv);
        return EXIT_DONE;
    }
    return status != 0 ? status
                       : output_list(json_incref(list),
                             argument_flag(arguments, "distant") ? distant_columns : access_columns);
}

/* S-151: the option that every verb has must not seem to choose a person here. */
static int run_switch(struct arguments *arguments)
{
    return argument_flag(arguments, "user")
               ? usage_error(
                     arguments, _("tracking is switched for the whole organisation, not for a person"))
               : admin_run(arguments);
}

const struct verb admin_tracking_verbs[] = {
    ADMIN_VERB("status", "Show whether documents are tracked", NULL, 0, 0, admin_read_options, state_show,
        "  rms admin tracking status"),
    {
        .name = "enable",
        .summary = "Switch tracking on for the organisation",
        .examples = "  rms admin tracking enable",
        .options = admin_change_options,
        .run = run_switch,
        .data = &state_enable,
    },
    {
        .name = "disable",
        .summary = "Switch it off; operators can revoke all the same",
        .examples = "  rms admin tracking disable --force",
        .options = admin_change_options,
        .run = run_switch,
        .data = &state_disable,
    },
    ADMIN_VERB("automatic", "Choose whether protecting is enough to be tracked", NULL, 0, 0,
        automatic_options, state_automatic, "  rms admin tracking automatic --off"),
    ADMIN_GROUP("notrack", "A group whose activity others do not see", no_track_verbs),
    {
        .name = "list",
        .summary = "List the documents of the organisation",
        .examples = "  rms admin tracking list --user alice@contoso.test\n"
                    "  rms admin tracking list --search merger --csv",
        .options = list_options,
        .run = run_list,
    },
    {
        .name = "show",
        .summary = "Show a document and who opened, or tried to open, it",
        .operands = "CONTENT-ID",
        .examples = "  rms admin tracking show 6f1d7b3e-0c0f-4d6e-9b0e-0d2f6c2f9a11",
        .options = show_options,
        .operands_min = 1,
        .operands_max = 1,
        .run = run_show,
    },
    {
        .name = "docs",
        .summary = "Find documents by person, owner, name or time",
        .details = "Says for any address what it protected, owns, or has now; at least one option is needed.",
        .examples = "  rms admin tracking docs --user alice@contoso.test --from 2030-01-01\n"
                    "  rms admin tracking docs --search merger --csv",
        .options = docs_options,
        .run = run_docs,
    },
    {
        .name = "log",
        .summary = "Find accesses by person, content or time",
        .details = "Also by addresses outside of the organisation; at least one option is needed.",
        .examples = "  rms admin tracking log --user bob@contoso.test\n"
                    "  rms admin tracking log --content 6f1d7b3e-0c0f-4d6e-9b0e-0d2f6c2f9a11 --csv\n"
                    "  rms admin tracking log --outside-hours 08:00-18:00 --zone Europe/Berlin\n"
                    "  rms admin tracking log --distant 60 --from 2030-01-01",
        .options = log_options,
        .run = run_accesses,
    },
    ADMIN_VERB("revoke", "Revoke a document for whoever protected it", "CONTENT-ID", 1, 1, revoke_options,
        revoke,
        "  rms admin tracking revoke 6f1d7b3e-0c0f-4d6e-9b0e-0d2f6c2f9a11 --reason 'left the company'"),
    ADMIN_VERB("restore", "Undo a revocation", "CONTENT-ID", 1, 1, restore_options, restore,
        "  rms admin tracking restore 6f1d7b3e-0c0f-4d6e-9b0e-0d2f6c2f9a11"),
    VERBS_END,
};
