/* rms admin directory */
#include "cmd/rms/admin.h"

#include <time.h>

#include "base/json.h"

#define DIRECTORY    TENANT_PATH "/directories/{0}"
#define WAIT_S       120
#define ASK_EVERY_MS 200

static const struct option_row add_options[] = {
    TEXT("url", "URL", "ldap://HOST[:PORT], which becomes TLS by StartTLS, or ldaps://HOST[:PORT] (needed)"),
    TEXT("base", "DN", "where people, and unless told otherwise groups, are below (needed)"),
    TEXT("group-base", "DN", "where groups are below"),
    TEXT("bind-dn", "DN", "who reads the directory"),
    TEXT("password-file", "NAME", "file with the password, in the service's directory credentials"),
    TEXT("keytab", "NAME", "keytab there, instead of a password: GSSAPI"),
    TEXT("principal", "NAME", "principal of the keytab (default: its first)"),
    TEXT("ca", "FILE", "certificates of the only authorities that the directory is trusted by"),
    TEXT("people-filter", "FILTER", "which entries are people (default: by the kind of directory)"),
    TEXT("group-filter", "FILTER", "which entries are groups"),
    LIST("attribute", "NAME=ATTRIBUTE",
        "id, upn, addresses, mail, name, group or member is called otherwise there (may be repeated)"),
    NUMBER("interval", "seconds between whole readings (default: 900)", 10, 10800),
    NUMBER("look", "seconds between looks for changes (default: 5; 0: none)", 0, 10800),
    NUMBER("max-age", "seconds for which membership counts without a reading (default: 10800)", 60, 10800),
    TENANT_OPTION,
    CHANGE_OPTIONS,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct call_field add_fields[] = {
    {"Name", FIELD_OPERAND, NULL, 0},
    {"Url", FIELD_TEXT, "url", 0},
    {"PeopleBase", FIELD_TEXT, "base", 0},
    {"GroupBase", FIELD_TEXT, "group-base", 0},
    {"BindDn", FIELD_TEXT, "bind-dn", 0},
    {"PasswordFile", FIELD_TEXT, "password-file", 0},
    {"Keytab", FIELD_TEXT, "keytab", 0},
    {"Principal", FIELD_TEXT, "principal", 0},
    {"Certificates", FIELD_FILE, "ca", 0},
    {"PeopleFilter", FIELD_TEXT, "people-filter", 0},
    {"GroupFilter", FIELD_TEXT, "group-filter", 0},
    {"Attributes", FIELD_LIST, "attribute", 0},
    {"IntervalSeconds", FIELD_NUMBER, "interval", 0},
    {"LookSeconds", FIELD_NUMBER, "look", 0},
    {"MaxAgeSeconds", FIELD_NUMBER, "max-age", 0},
    FIELDS_END,
};
static const char *const add_needed[] = {"url", "base", NULL};
static const struct column columns[] = {{"NAME", "Name"}, {"URL", "Url"}, {"STATE", "State"},
    {"LAST READ", "LastReadTime"}, {"OUTCOME", "Outcome"}, {"DETAIL", "Detail"}, {NULL, NULL}};

static const struct call directory_add = {
    .method = "POST", .path = TENANT_PATH "/directories", .fields = add_fields, .needed = add_needed};
static const struct call directory_list = {
    .method = "GET", .path = TENANT_PATH "/directories", .columns = columns};
static const struct call directory_show = {.method = "GET", .path = DIRECTORY};
static const struct call directory_remove = {.method = "DELETE",
    .path = DIRECTORY,
    .done = "The directory is removed: its people are disabled, its groups are empty.",
    .confirm = "Remove the directory? Its people cannot sign in or open anything any more."};

/* --- asking for a reading and waiting for it --------------------------------------------------------------
 */

static const struct option_row wait_options[] = {TENANT_OPTION, SOCKET_OPTION, OPTIONS_END};
static const struct option_row refresh_options[] = {
    FLAG("force", "also when more than half of the people are gone"), WHAT_IF_OPTION, TENANT_OPTION,
    SOCKET_OPTION, OPTIONS_END};

static int wait_for(const struct arguments *arguments, json_t **reply)
{
    const struct admin_exchange ask = {.method = "GET", .path = DIRECTORY};
    const struct timespec pause = {0, ASK_EVERY_MS * 1000000L};
    int status = 0;

    for (int i = 0; i < WAIT_S * 1000 / ASK_EVERY_MS && status == 0; i++) {
        if (!json_is_true(json_object_get(*reply, "Pending"))) {
            return 0;
        }
        (void)nanosleep(&pause, NULL);
        rms_json_free(reply);
        status = admin_exchange(arguments, &ask, reply);
    }
    return status != 0 ? status : output_error(NULL, _("the directory"), RMS_E_UNREACHABLE);
}

/* What it found out, and a status as the reason asks for. */
static int show_report(const json_t *reply)
{
    const json_t *report = json_object_get(reply, "Report");
    const char *outcome = rms_json_str(report, "Outcome");
    int code = rms_error_from_reason(outcome);

    if (output_json()) {
        output_object(json_incref((json_t *)report));
    } else {
        output_members(report);
    }
    return code < 0 ? rms_error_info(code)->exit_status : EXIT_DONE;
}

static int read_now(const struct arguments *arguments, const char *mode)
{
    json_t *RMS_JSON_CLEANUP body = json_pack("{s:s}", "Mode", mode);
    json_t *RMS_JSON_CLEANUP reply = NULL;
    const struct admin_exchange want = {.method = "POST", .path = DIRECTORY "/refresh", .body = body};
    int status = admin_exchange(arguments, &want, &reply);

    if (status == 0 && argument_flag(arguments, "what-if")) {
        return admin_show_change(arguments, &want, reply, _("The directory is read anew."));
    }
    status = status == 0 ? wait_for(arguments, &reply) : status;
    return status == 0 ? show_report(reply) : status;
}

static int run_test(struct arguments *arguments)
{
    return read_now(arguments, "test");
}

static int run_refresh(struct arguments *arguments)
{
    return read_now(arguments, argument_flag(arguments, "force") ? "force" : "all");
}

const struct verb admin_directory_verbs[] = {
    ADMIN_VERB("add", "Take people and groups over from an LDAP directory", "NAME", 1, 1, add_options,
        directory_add,
        "  rms admin directory add head-office --url ldaps://dc1.contoso.test --ca dc1.pem \\\n"
        "      --base dc=contoso,dc=test --bind-dn cn=rms,dc=contoso,dc=test --password-file head-office\n"
        "  rms admin directory add ad --url ldap://dc1.contoso.test --base dc=contoso,dc=test --keytab "
        "ad.keytab"),
    ADMIN_VERB("list", "List the directories, and what came of reading them", NULL, 0, 0, admin_read_options,
        directory_list, "  rms admin directory list"),
    ADMIN_VERB("show", "Show a directory", "NAME", 1, 1, admin_read_options, directory_show,
        "  rms admin directory show head-office"),
    {.name = "test",
        .summary = "Connect, bind and count what would be read; changes nothing",
        .operands = "NAME",
        .examples = "  rms admin directory test head-office",
        .options = wait_options,
        .operands_min = 1,
        .operands_max = 1,
        .run = run_test},
    {.name = "refresh",
        .summary = "Read a directory anew, and wait for it",
        .operands = "NAME",
        .examples = "  rms admin directory refresh head-office",
        .options = refresh_options,
        .operands_min = 1,
        .operands_max = 1,
        .run = run_refresh},
    ADMIN_VERB("remove", "Remove a directory; its people are disabled", "NAME", 1, 1, admin_change_options,
        directory_remove, "  rms admin directory remove head-office"),
    VERBS_END,
};
