/* rms admin: the groups of verbs */
#include "cmd/rms/admin.h"

const struct option_row admin_read_options[] = {TENANT_OPTION, SOCKET_OPTION, OPTIONS_END};
const struct option_row admin_change_options[] = {TENANT_OPTION, CHANGE_OPTIONS, SOCKET_OPTION, OPTIONS_END};

static const struct option_row health_options[] = {SOCKET_OPTION, OPTIONS_END};
static const struct option_row doctor_options[] = {
    FLAG("fips", "report on standards: OpenSSL's provider, and each key"),
    TENANT_OPTION,
    SOCKET_OPTION,
    OPTIONS_END,
};
static const struct call_field doctor_query[] = {{"fips", FIELD_TRUE, "fips", 0}, FIELDS_END};
static const struct call doctor = {.method = "GET", .path = TENANT_PATH "/doctor", .query = doctor_query};
static const struct call health = {.method = "GET", .path = "/admin/v1/health"};

static const struct option_row session_options[] = {OPTIONS_END};

static const struct verb verbs[] = {
    {
        .name = "login",
        .summary = "Begin a session on a service elsewhere",
        .details =
            "For people with a role there (rms admin role), signed in with rms login. Until rms admin logout "
            "the\n"
            "commands go to that service over HTTPS, not to the socket of this machine. The session ends by\n"
            "itself after 15 minutes without a command, and after 8 hours.",
        .examples = "  rms login --email root@contoso.test\n"
                    "  rms admin login --url https://rms.contoso.test",
        .options = session_options,
        .run = admin_run_login,
    },
    {
        .name = "logout",
        .summary = "End the session",
        .examples = "  rms admin logout",
        .options = session_options,
        .run = admin_run_logout,
    },
    ADMIN_GROUP("tenant", "Organisations", admin_tenant_verbs),
    ADMIN_GROUP("service", "State of the service for a tenant", admin_service_verbs),
    ADMIN_GROUP("key", "Keys of a tenant", admin_key_verbs),
    ADMIN_GROUP("domain", "Domains of a tenant", admin_domain_verbs),
    ADMIN_GROUP("role", "Administrators and their roles", admin_role_verbs),
    ADMIN_GROUP("user", "Accounts", admin_user_verbs),
    ADMIN_GROUP("group", "Groups and their members", admin_group_verbs),
    ADMIN_GROUP("app", "Applications that act as themselves", admin_app_verbs),
    ADMIN_GROUP("directory", "LDAP directories that people and groups come from", admin_directory_verbs),
    ADMIN_GROUP("identity", "How a person is matched to rights", admin_identity_verbs),
    {
        .name = "explain",
        .summary = "Show why a person may or may not open a document",
        .details = "Has the service decide as if the person opened it now, and shows what it went by: "
                   "addresses, groups\n"
                   "and how the person is in them, template and version, expiry, revocation, owner, issuer, "
                   "super user;\n"
                   "and what to do about a refusal. Nothing is opened, and no key is handed out.",
        .examples =
            "  rms admin explain --user bob@contoso.test --file plan.ptxt\n"
            "  rms admin explain --user bob@contoso.test --content-id 6f1d7b3e-0c0f-4d6e-9b0e-0d2f6c2f9a11",
        .options = admin_explain_options,
        .run = admin_run_explain,
    },
    ADMIN_GROUP("template", "Templates", admin_template_verbs),
    ADMIN_GROUP("onboarding", "Who may protect", admin_onboarding_verbs),
    ADMIN_GROUP("platform", "Kinds of devices that are served", admin_platform_verbs),
    ADMIN_GROUP("api", "Interfaces for clients", admin_api_verbs),
    ADMIN_GROUP("exclusion", "Keys and versions of clients that are refused", admin_exclusion_verbs),
    ADMIN_GROUP("migration", "Moving to another service", admin_migration_verbs),
    ADMIN_GROUP("superuser", "Super users", admin_super_verbs),
    ADMIN_GROUP("recovery", "Opening what is others', decided by two administrators", admin_recovery_verbs),
    ADMIN_GROUP("tpd", "The tenant's key, to leave", admin_tpd_verbs),
    ADMIN_GROUP("issuer", "OpenID Connect issuers whose tokens are accepted", admin_issuer_verbs),
    ADMIN_GROUP("tud", "Services of partners whose account certificates are accepted", admin_tud_verbs),
    ADMIN_GROUP("scim", "Directories that push people and groups", admin_scim_verbs),
    ADMIN_GROUP("client", "Applications of the built-in sign-in", admin_client_verbs),
    ADMIN_GROUP("license", "Rules for use licences", admin_license_verbs),
    ADMIN_GROUP("guests", "How people from outside sign in", admin_guests_verbs),
    ADMIN_GROUP("tracking", "Documents, who opened them, and their revocation", admin_tracking_verbs),
    ADMIN_GROUP("owner", "Documents handed over to another owner", admin_owner_verbs),
    ADMIN_GROUP("log", "Usage log and log of administration", admin_log_verbs),
    ADMIN_GROUP("privacy", "What is stored about a person", admin_privacy_verbs),
    ADMIN_GROUP("report", "Sums over the usage log", admin_report_verbs),
    ADMIN_GROUP("db", "The database as a whole", admin_db_verbs),
    ADMIN_VERB("health", "Show whether everything works", NULL, 0, 0, health_options, health,
        "  rms admin health\n  rms admin health --json | jq -r .Status"),
    ADMIN_VERB("doctor", "Find what should be mended in a tenant's keys", NULL, 0, 0, doctor_options, doctor,
        "  rms admin doctor\n  rms admin doctor --fips"),
    VERBS_END,
};

const struct verb verb_admin = {
    .name = "admin",
    .summary = "Administer the service",
    .details =
        "Talks to rmsd through its administration socket: whoever may open that is the operator; or, after\n"
        "rms admin login, over HTTPS as a person with a role.\n"
        "--tenant may be left out while there is one tenant.",
    .verbs = verbs,
};
