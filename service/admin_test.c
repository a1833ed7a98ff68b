/* The administration interface against a real store. */
#include "service/front_test.h"

#include "base/time.h"

static const char *path(const char *method, const char *rest)
{
    return stage_printf("%s /admin/v1/tenants/%s%s", method, stage.contoso, rest);
}

struct admin_case {
    const char *body;
    int code;
    const char *detail; /* part of it; NULL = any */
};

static void check_cases(const char *line, const struct admin_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(stage_admin(line, cases[i].body), cases[i].code);
        if (cases[i].detail != NULL) {
            assert_non_null(strstr(stage.detail, cases[i].detail));
        }
    }
}

/* touches: S-001, S-002 */
static void tenants(void **state)
{
    static const struct admin_case bad[] = {
        {"{\"Name\":\"C2\",\"Domains\":[\"contoso.test\"]}", RMS_E_CONFLICT, "domain"},
        {"{\"Name\":\"C2\",\"Domains\":[\"CONTOSO.test\"]}", RMS_E_CONFLICT, "domain"},
        {"{\"Name\":\"C2\",\"Domains\":[]}", RMS_E_BAD_ARGUMENT, "Domains"},
        {"{\"Name\":\"C2\",\"Domains\":[\"a b\"]}", RMS_E_BAD_ARGUMENT, "Domains"},
        {"{\"Name\":\"C2\",\"Domains\":[\"x@y.test\"]}", RMS_E_BAD_ARGUMENT, "Domains"},
        {"{\"Name\":\"C2\",\"Domains\":[\"nodot\"]}", RMS_E_BAD_ARGUMENT, "Domains"},
        {"{\"Domains\":[\"x.test\"]}", RMS_E_BAD_ARGUMENT, "Name"},
        {"{\"Name\":\"C2\",\"Domains\":[\"x.test\"],\"DefaultTemplates\":\"foo\"}", RMS_E_BAD_ARGUMENT,
            "DefaultTemplates"},
        {"{\"Name\":\"C2\",\"Domains\":[\"x.test\"],\"Disabled\":\"maybe\"}", RMS_E_BAD_ARGUMENT, "Disabled"},
        {"{\"Name\":\"C2\",\"Domains\":[\"x.test\"],\"Extra\":1}", RMS_E_BAD_ARGUMENT, "Extra"},
        {"nonsense", RMS_E_BAD_ARGUMENT, "body"},
    };
    (void)state;
    check_cases("POST /admin/v1/tenants", bad, RMS_COUNT(bad));
    assert_int_equal(stage_admin("GET /admin/v1/tenants/CONTOSO.test", NULL), 0);
    assert_string_equal(stage_text("TenantId"), stage.contoso);
    assert_string_equal(stage_text("FunctionalState"), "Enabled");
    assert_string_equal(stage_text("SuperUsersEnabled"), "Disabled");
    assert_int_equal(json_integer_value(json_object_get(stage.reply, "MaxUseLicenseValidity")), 30);
    assert_int_equal(json_array_size(json_object_get(stage.reply, "Keys")), 1);
    assert_int_equal(stage_admin("GET /admin/v1/tenants/nobody.test", NULL), RMS_E_NOT_FOUND);
    assert_int_equal(stage_admin("GET /admin/v1/tenants/-", NULL), RMS_E_NOT_FOUND); /* there are two */
    assert_int_equal(stage_admin("GET /admin/v1/tenants", NULL), 0);
    assert_int_equal(json_array_size(stage.reply), 2);
}

/* touches: S-203, S-204, S-208, S-209 */
static void keys(void **state)
{
    static const struct admin_case bad[] = {
        {"{\"Bits\":1024}", RMS_E_BAD_ARGUMENT, "Bits"},
        {"{\"Bits\":2049}", RMS_E_BAD_ARGUMENT, "Bits"},
        {"{\"Bits\":-2048}", RMS_E_BAD_ARGUMENT, "Bits"},
        {"{\"Bits\":4294969344}", RMS_E_BAD_ARGUMENT, "Bits"}, /* 2048 in the lower half */
        {"{\"Bits\":\"2048\"}", RMS_E_BAD_ARGUMENT, "Bits"},
        {"{\"Status\":\"Gone\"}", RMS_E_BAD_ARGUMENT, "Status"},
        {"{\"Activate\":true}", RMS_E_BAD_ARGUMENT, "Activate"},
    };
    static const struct admin_case bad_change[] = {
        {"{}", RMS_E_BAD_ARGUMENT, "Status"},
        {"{\"Status\":\"Archived\"}", RMS_E_CONFLICT, "activating another"},
    };
    char first[RMS_GUID_TEXT];
    char second[RMS_GUID_TEXT];
    (void)state;
    check_cases(path("POST", "/keys"), bad, RMS_COUNT(bad));
    assert_int_equal(stage_admin(path("GET", "/keys"), NULL), 0);
    assert_int_equal(json_array_size(stage.reply), 1);
    rms_guid_copy(first, rms_json_str(json_array_get(stage.reply, 0), "KeyIdentifier"));
    check_cases(path("POST", stage_printf("/keys/%s", first)), bad_change, RMS_COUNT(bad_change));
    assert_int_equal(stage_admin(path("POST", "/keys"), "{}"), 0);
    assert_string_equal(stage_text("Status"), "Archived");
    rms_guid_copy(second, stage_text("KeyIdentifier"));
    /* another tenant's administrator learns nothing of it */
    assert_int_equal(stage_admin(stage_printf("POST /admin/v1/tenants/fabrikam.test/keys/%s", second),
                         "{\"Status\":\"Active\"}"),
        RMS_E_NOT_FOUND);
    assert_int_equal(
        stage_admin(path("POST", stage_printf("/keys/%s", second)), "{\"Status\":\"Active\"}"), 0);
    assert_string_equal(stage_text("Status"), "Active");
    assert_int_equal(
        stage_admin(path("POST", stage_printf("/keys/%s", first)), "{\"Status\":\"Active\"}"), 0);
    assert_int_equal(stage_admin(path("GET", "/keys"), NULL), 0);
    assert_int_equal(json_array_size(stage.reply), 2);
    for (size_t i = 0; i < 2; i++) {
        const json_t *key = json_array_get(stage.reply, i); /* of one second: in either order */
        bool is_first = strcmp(rms_json_str(key, "KeyIdentifier"), first) == 0;
        assert_string_equal(rms_json_str(key, "Status"), is_first ? "Active" : "Archived");
    }
    assert_int_equal(stage_admin(path("POST", "/keys/nonsense"), "{\"Status\":\"Active\"}"), RMS_E_NOT_FOUND);
}

/* touches: S-009 */
static void old_names_and_rights(void **state)
{
    (void)state;
    assert_int_equal(
        stage_admin("POST /admin/v1/tenants", "{\"Name\":\"Oldie\",\"Domains\":[\"old.test\"],"
                                              "\"DefaultTemplates\":\"old\",\"LegacyDefaults\":true,"
                                              "\"Disabled\":true}"),
        0);
    assert_string_equal(stage_text("FunctionalState"), "Disabled");
    assert_int_equal(stage_admin("GET /admin/v1/tenants/old.test/templates", NULL), 0);
    assert_string_equal(rms_json_str(json_array_get(stage.reply, 0), "Name"), "Oldie - Confidential");
    assert_string_equal(
        rms_json_str(json_array_get(stage.reply, 1), "Name"), "Oldie - Confidential View Only");
    const json_t *rights = json_object_get(
        json_array_get(json_object_get(json_array_get(stage.reply, 1), "RightsDefinitions"), 0), "Rights");
    assert_int_equal(json_array_size(rights), 1);
}

/* touches: S-003, S-004, S-008 */
static void states(void **state)
{
    static const struct admin_case bad[] = {
        {"{\"State\":\"Off\"}", RMS_E_BAD_ARGUMENT, "State"}, {"{}", RMS_E_BAD_ARGUMENT, "State"}};
    (void)state;
    check_cases(path("POST", "/state"), bad, RMS_COUNT(bad));
    assert_int_equal(stage_admin(path("POST", "/state"), "{\"State\":\"Enabled\"}"), 0);
    assert_non_null(strstr(stage.detail, "already"));
    assert_int_equal(stage_admin(path("GET", "/state"), NULL), 0);
    assert_string_equal(stage_text("FunctionalState"), "Enabled");
}

/* touches: S-132 */
static void settings(void **state)
{
    static const struct admin_case bad[] = {
        {"{\"MaxUseLicenseValidity\":65536}", RMS_E_BAD_ARGUMENT, "MaxUseLicenseValidity"},
        {"{\"MaxUseLicenseValidity\":-1}", RMS_E_BAD_ARGUMENT, "MaxUseLicenseValidity"},
        {"{\"MaxUseLicenseValidity\":\"x\"}", RMS_E_BAD_ARGUMENT, "MaxUseLicenseValidity"},
        {"{\"GroupCacheSeconds\":10801}", RMS_E_BAD_ARGUMENT, "GroupCacheSeconds"},
        {"{\"RemovalRights\":[\"PRINT\"]}", RMS_E_BAD_ARGUMENT, "RemovalRights"},
    };
    (void)state;
    check_cases(path("POST", "/settings"), bad, RMS_COUNT(bad));
    assert_int_equal(stage_admin(path("POST", "/settings"), "{\"MaxUseLicenseValidity\":60}"), 0);
    assert_int_equal(stage_admin(path("GET", "/max-validity"), NULL), 0);
    assert_string_equal(stage_text("MaxUseLicenseValidity"), "60");
    assert_int_equal(
        stage_admin(path("POST", "/settings"), "{\"RemovalRights\":[\"OWNER\",\"extract\"]}"), 0);
    assert_int_equal(json_array_size(json_object_get(stage.reply, "RemovalRights")), 3);
    assert_int_equal(json_integer_value(json_object_get(stage.reply, "MaxUseLicenseValidity")), 60);
}

/* touches: S-025 */
static void domains(void **state)
{
    static const struct admin_case bad[] = {{"{\"Domain\":\"fabrikam.test\"}", RMS_E_CONFLICT, NULL},
        {"{\"Domain\":\"x\"}", RMS_E_BAD_ARGUMENT, NULL}};
    (void)state;
    check_cases(path("POST", "/domains"), bad, RMS_COUNT(bad));
    assert_int_equal(stage_admin(path("POST", "/domains"), "{\"Domain\":\"contoso-alt.test\"}"), 0);
    assert_int_equal(json_array_size(json_object_get(stage.reply, "Domains")), 2);
    assert_int_equal(stage_admin("GET /admin/v1/tenants/contoso-alt.test", NULL), 0);
    assert_string_equal(stage_text("TenantId"), stage.contoso);
}

static void users(void **state)
{
    static const struct admin_case bad[] = {
        {"{\"Address\":\"alice@contoso.test\"}", RMS_E_CONFLICT, NULL},
        {"{\"Address\":\"a@@b\"}", RMS_E_BAD_ARGUMENT, NULL},
        {"{}", RMS_E_BAD_ARGUMENT, "Upn"},
        {"{\"Address\":\"x@contoso.test\",\"Password\":\"\"}", RMS_E_BAD_ARGUMENT, "Password"},
        {"{\"Address\":\"x@contoso.test\",\"Guest\":\"yes\"}", RMS_E_BAD_ARGUMENT, "Guest"},
    };
    (void)state;
    check_cases(path("POST", "/users"), bad, RMS_COUNT(bad));
    assert_int_equal(
        stage_admin(path("POST", "/users"), "{\"Address\":\"erin.m@contoso.test\",\"Upn\":\"erin@contoso."
                                            "test\",\"Aliases\":[\"e.m@contoso.test\"],"
                                            "\"Password\":\"tr0ub4dor&3\"}"),
        0);
    assert_string_equal(stage_text("Upn"), "erin@contoso.test");
    assert_string_equal(stage_text("Address"), "erin.m@contoso.test");
    assert_null(strstr(stage.reply_text, "tr0ub4dor"));
    assert_int_equal(stage_admin(path("GET", "/users/erin%40contoso.test/identity"), NULL), 0);
    assert_int_equal(json_array_size(json_object_get(stage.reply, "Addresses")), 2);
    assert_int_equal(
        stage_admin(path("POST", "/users/erin@contoso.test"), "{\"Enabled\":false,\"DisplayName\":\"E\"}"),
        0);
    assert_true(json_is_false(json_object_get(stage.reply, "Enabled")));
    assert_int_equal(stage_admin(path("POST", "/users/erin@contoso.test"), "{\"Upn\":\"bob@contoso.test\"}"),
        RMS_E_CONFLICT);
    assert_int_equal(stage_admin(path("POST", "/users/nobody@contoso.test"), "{}"), RMS_E_NOT_FOUND);
    assert_int_equal(stage_admin(path("GET", "/users/fay@fabrikam.test"), NULL), RMS_E_NOT_FOUND); /* S-001 */
    assert_int_equal(stage_admin(path("DELETE", "/users/erin@contoso.test"), NULL), 0);
    assert_int_equal(stage_admin(path("GET", "/users/erin@contoso.test"), NULL), RMS_E_NOT_FOUND);
    assert_int_equal(stage_admin(path("GET", "/users"), NULL), 0);
    assert_int_equal(json_array_size(stage.reply), 3);
}

static void groups(void **state)
{
    static const struct admin_case bad[] = {
        {"{\"Name\":\"g\",\"Kind\":\"magic\"}", RMS_E_BAD_ARGUMENT, "Kind"},
        {"{\"Name\":\"g\",\"Address\":\"alice@contoso.test\"}", RMS_E_CONFLICT, NULL},
        {"{\"Name\":\"g\",\"Address\":\"x\"}", RMS_E_BAD_ARGUMENT, "Address"},
        {"{}", RMS_E_BAD_ARGUMENT, "Name"},
    };
    (void)state;
    check_cases(path("POST", "/groups"), bad, RMS_COUNT(bad));
    assert_int_equal(
        stage_admin(path("POST", "/groups"), "{\"Name\":\"mkt\",\"Address\":\"mkt@contoso.test\"}"), 0);
    assert_int_equal(stage_admin(path("POST", "/groups"), "{\"Name\":\"sec-it\"}"), 0);
    assert_int_equal(
        stage_admin(path("POST", "/groups/mkt/members"), "{\"Add\":[\"bob@contoso.test\",\"sec-it\"]}"), 0);
    assert_int_equal(json_array_size(json_object_get(stage.reply, "Members")), 2);
    /* all or nothing */
    assert_int_equal(stage_admin(path("POST", "/groups/mkt/members"),
                         "{\"Remove\":[\"bob@contoso.test\"],\"Add\":[\"ghost\"]}"),
        RMS_E_NOT_FOUND);
    assert_non_null(strstr(stage.detail, "ghost"));
    assert_int_equal(stage_admin(path("GET", "/groups/mkt"), NULL), 0);
    assert_int_equal(json_array_size(json_object_get(stage.reply, "Members")), 2);
    assert_int_equal(stage_admin(path("POST", "/groups/refresh"), "{\"Group\":\"mkt\"}"), 0);
    assert_int_equal(stage_admin(path("POST", "/groups/refresh"), "{\"Group\":\"ghost\"}"), RMS_E_NOT_FOUND);
    assert_int_equal(stage_admin(path("GET", "/groups"), NULL), 0);
    assert_int_equal(json_array_size(stage.reply), 2);
}

/* touches: S-047, S-067, S-068, S-095, S-096, S-099, S-100, S-101, S-111 */
static void template_refusals(void **state)
{
#define T(more)        "{\"Names\":{\"1033\":\"n\"}," more "}"
#define G(who, rights) T("\"RightsDefinitions\":[{\"Principal\":\"" who "\",\"Rights\":[" rights "]}]")
    static const struct admin_case bad[] = {
        {"{}", RMS_E_BAD_ARGUMENT, "Names"},
        {"{\"Names\":{},\"Descriptions\":{}}", RMS_E_BAD_ARGUMENT, "Names"},
        {"{\"Names\":{\"1033\":\"a\",\"1034\":\"b\"},\"Descriptions\":{\"1033\":\"a\"}}", RMS_E_BAD_ARGUMENT,
            "Descriptions"},
        {"{\"Names\":{\"1033\":\"\"}}", RMS_E_BAD_ARGUMENT, "Names"},
        {"{\"Names\":{\"99999\":\"a\"}}", RMS_E_BAD_ARGUMENT, "Names"},
        {"{\"Names\":{\"tlh\":\"a\"}}", RMS_E_BAD_ARGUMENT, "Names"},
        {"{\"Names\":{\"en\":\"a\",\"1033\":\"b\"}}", RMS_E_BAD_ARGUMENT, NULL},
        {"{\"Names\":{\"1033\":\"a<b\"}}", RMS_E_BAD_ARGUMENT, "<"},
        {"{\"Names\":{\"1033\":\"a\\\\b\"}}", RMS_E_BAD_ARGUMENT, "\\"},
        {G("bob@contoso.test", "\"VIEEW\""), RMS_E_BAD_ARGUMENT, "VIEW"},
        {G("bob@contoso.test", ""), RMS_E_BAD_ARGUMENT, "RightsDefinitions"},
        {G("sec-it", "\"VIEW\""), RMS_E_BAD_ARGUMENT, "sec-it"},
        {G("ghost", "\"VIEW\""), RMS_E_NOT_FOUND, "ghost"},
        {G("a@@b", "\"VIEW\""), RMS_E_NOT_FOUND, NULL},
        {T("\"ContentExpirationOption\":\"OnDate\""), RMS_E_BAD_ARGUMENT, "OnDate"},
        {T("\"ContentExpirationOption\":\"AfterDays\",\"ContentValidityDuration\":0"), RMS_E_BAD_ARGUMENT,
            "AfterDays"},
        {T("\"ContentExpirationOption\":\"Never\",\"ContentExpirationDate\":\"2030-01-01\""),
            RMS_E_BAD_ARGUMENT, "Never"},
        {T("\"ContentExpirationOption\":\"Soon\""), RMS_E_BAD_ARGUMENT, "ContentExpirationOption"},
        {T("\"ContentExpirationDate\":\"2030-02-30\""), RMS_E_BAD_ARGUMENT, "ContentExpirationDate"},
        {T("\"LicenseValidityDuration\":-2"), RMS_E_BAD_ARGUMENT, "LicenseValidityDuration"},
        {T("\"LicenseValidityDuration\":10000"), RMS_E_BAD_ARGUMENT, "LicenseValidityDuration"},
        {T("\"Status\":\"Draft\""), RMS_E_BAD_ARGUMENT, "Status"},
        {T("\"ScopedIdentities\":[\"ghost@contoso.test\"]"), RMS_E_NOT_FOUND, NULL},
        {T("\"Colour\":\"red\""), RMS_E_BAD_ARGUMENT, "Colour"},
    };
    (void)state;
    check_cases(path("POST", "/templates"), bad, RMS_COUNT(bad));
}

/* touches: S-093, S-100, S-102, S-113 */
static void template_life(void **state)
{
    (void)state;
    assert_int_equal(stage_admin(path("POST", "/templates"),
                         "{\"Names\":{\"1033\":\"Life\",\"1031\":\"Leben\"},\"Descriptions\":{\"1033\":\"d\","
                         "\"1031\":\"b\"},"
                         "\"RightsDefinitions\":[{\"Principal\":\"all-staff\",\"Rights\":[\"Viewer\"]},"
                         "{\"Principal\":\"domain:fabrikam.test\",\"Rights\":[\"view\",\"Reply All\"]},"
                         "{\"Principal\":\"anyone\",\"Rights\":[\"VIEW\"]},{\"Principal\":\"mkt\",\"Rights\":"
                         "[\"Co-Owner\"]}],"
                         "\"ContentExpirationDate\":\"2031-06-01T10:00:00Z\",\"ScopedIdentities\":[\"mkt@"
                         "contoso.test\"]}"),
        0);
    assert_string_equal(stage_text("Status"), "Archived"); /* 4.1: unless said otherwise */
    assert_string_equal(stage_text("ContentExpirationOption"), "OnDate");
    assert_string_equal(stage_text("ContentExpirationDate"), "2031-06-01T10:00:00Z");
    const json_t *grants = json_object_get(stage.reply, "RightsDefinitions");
    assert_int_equal(json_array_size(grants), 4);
    assert_string_equal(rms_json_str(json_array_get(grants, 0), "Level"), "Viewer");
    assert_string_equal(rms_json_str(json_array_get(grants, 1), "Level"), "Custom");
    assert_string_equal(rms_json_str(json_array_get(grants, 3), "Principal"), "mkt@contoso.test");
    assert_int_equal(stage_admin(path("GET", "/templates/Leben?lang=de"), NULL), 0);
    assert_string_equal(stage_text("Name"), "Leben");
    assert_int_equal(stage_admin(path("POST", "/templates/Life"), "{\"Names\":{\"1033\":\"Life 2\"}}"),
        RMS_E_BAD_ARGUMENT);
    assert_int_equal(
        stage_admin(path("POST", "/templates/Life"),
            "{\"Names\":{\"1033\":\"Life 2\",\"1031\":\"Leben 2\"},\"ContentExpirationOption\":\"Never\"}"),
        0);
    assert_int_equal(json_integer_value(json_object_get(stage.reply, "Version")), 2);
    assert_string_equal(stage_text("ContentExpirationOption"), "Never");
    assert_int_equal(json_array_size(json_object_get(stage.reply, "ScopedIdentities")), 1); /* S-113 */
    assert_int_equal(json_array_size(json_object_get(stage.reply, "RightsDefinitions")), 4);
    assert_int_equal(
        stage_admin(path("POST", "/templates/Life%202"), "{\"Status\":\"Published\",\"Version\":1}"),
        RMS_E_CONFLICT);
    assert_int_equal(
        stage_admin(path("POST", "/templates/Life%202"), "{\"Status\":\"Published\",\"Version\":2}"), 0);
    assert_int_equal(stage_admin(path("DELETE", "/templates/Life%202"), NULL), 0);
    assert_int_equal(stage_admin(path("GET", "/templates/Life%202"), NULL), RMS_E_NOT_FOUND);
    assert_int_equal(stage_admin(path("DELETE", "/templates/Confidential%20%5C%20All%20Employees"), NULL),
        RMS_E_CONFLICT); /* S-107 */
}

/* touches: S-173, S-175, S-176, S-177 */
static void super_users(void **state)
{
    static const struct admin_case bad[] = {
        {"{\"Add\":[\"ghost@contoso.test\"]}", RMS_E_NOT_FOUND, NULL},
        {"{\"Add\":[\"mkt@contoso.test\"]}", RMS_E_BAD_ARGUMENT, "Group"},
        {"{\"Add\":[\"fay@fabrikam.test\"]}", RMS_E_NOT_FOUND, NULL},
        {"{\"Remove\":[\"bob@contoso.test\"]}", RMS_E_NOT_FOUND, NULL},
        {"{\"Group\":\"sec-it\"}", RMS_E_BAD_ARGUMENT, NULL},
        {"{\"Group\":\"ghost\"}", RMS_E_NOT_FOUND, NULL},
        {"{\"Enabled\":3}", RMS_E_BAD_ARGUMENT, "Enabled"},
    };
    (void)state;
    check_cases(path("POST", "/superusers"), bad, RMS_COUNT(bad));
    assert_int_equal(stage_admin(path("POST", "/superusers"),
                         "{\"Enabled\":true,\"Add\":[\"bob@contoso.test\"],\"Group\":\"mkt\"}"),
        0);
    assert_string_equal(stage_text("SuperUsersEnabled"), "Enabled");
    assert_non_null(stage_text("SuperUserGroup"));
    assert_int_equal(
        stage_admin(path("POST", "/superusers"), "{\"Add\":[\"bob@contoso.test\"]}"), RMS_E_CONFLICT);
    assert_int_equal(stage_admin(path("POST", "/superusers"), "{\"Enabled\":false,\"Group\":\"\"}"), 0);
    assert_int_equal(stage_admin(path("GET", "/superusers"), NULL), 0);
    assert_string_equal(stage_text("SuperUsersEnabled"), "Disabled");
    assert_int_equal(json_array_size(json_object_get(stage.reply, "SuperUsers")), 1);
    assert_null(stage_text("SuperUserGroup"));
}

static void issuers_and_clients(void **state)
{
    static const struct admin_case bad_issuers[] = {
        {"{\"Issuer\":\"http://idp.test\"}", RMS_E_BAD_ARGUMENT, "Issuer"},
        {"{\"Issuer\":\"https://idp.test\",\"Algorithms\":[\"HS256\"]}", RMS_E_BAD_ARGUMENT, "Algorithms"},
        {"{\"Issuer\":\"https://idp.test\",\"Algorithms\":[\"none\"]}", RMS_E_BAD_ARGUMENT, "Algorithms"},
        {"{\"Issuer\":\"https://idp.test\",\"JwksUri\":\"ftp://x\"}", RMS_E_BAD_ARGUMENT, "JwksUri"},
    };
    static const struct admin_case bad_clients[] = {
        {"{\"ClientId\":\"app\"}", RMS_E_BAD_ARGUMENT, "RedirectUris"},
        {"{\"ClientId\":\"app\",\"RedirectUris\":[\"nonsense\"]}", RMS_E_BAD_ARGUMENT, "RedirectUris"},
        {"{\"ClientId\":\"app\",\"RedirectUris\":[\"https://a/#x\"]}", RMS_E_BAD_ARGUMENT, "RedirectUris"},
    };
    (void)state;
    check_cases(path("POST", "/issuers"), bad_issuers, RMS_COUNT(bad_issuers));
    check_cases(path("POST", "/clients"), bad_clients, RMS_COUNT(bad_clients));
    assert_int_equal(stage_admin(path("POST", "/issuers"), "{\"Issuer\":\"https://idp.test\"}"), 0);
    assert_string_equal(json_string_value(json_array_get(json_object_get(stage.reply, "Audience"), 0)),
        "https://rms.contoso.test/");
    const char *id = stage_printf("/issuers/%s", stage_text("Id"));
    assert_int_equal(
        stage_admin(path("POST", "/issuers"), "{\"Issuer\":\"https://idp.test\"}"), RMS_E_CONFLICT);
    assert_int_equal(stage_admin(path("GET", "/issuers"), NULL), 0);
    assert_int_equal(json_array_size(stage.reply), 1);
    assert_int_equal(stage_admin(path("DELETE", id), NULL), 0);
    assert_int_equal(stage_admin(path("DELETE", id), NULL), RMS_E_NOT_FOUND);
    assert_int_equal(
        stage_admin(path("POST", "/clients"), "{\"ClientId\":\"app\",\"RedirectUris\":[\"https://a/cb\"]}"),
        0);
    assert_int_equal(stage_admin(path("GET", "/clients"), NULL), 0);
    assert_int_equal(json_array_size(stage.reply), 1);
    assert_int_equal(stage_admin(path("DELETE", "/clients/app"), NULL), 0);
    assert_int_equal(stage_admin(path("DELETE", "/clients/app"), NULL), RMS_E_NOT_FOUND);
}

/* touches: S-194: every call one row, secrets masked, reads included */
static void calls_are_logged(void **state)
{
    (void)state;
    assert_int_equal(stage_admin(path("POST", "/users"),
                         "{\"Address\":\"log@contoso.test\",\"Password\":\"hunter2hunter2\"}"),
        0);
    assert_int_equal(
        stage_admin(path("POST", "/users"), "{\"Address\":\"log@contoso.test\"}"), RMS_E_CONFLICT);
    assert_int_equal(stage_admin(path("GET", "/users/log@contoso.test"), NULL), 0);
    assert_int_equal(stage_admin(path("GET", "/log/admin?limit=3"), NULL), 0);
    assert_null(strstr(stage.reply_text, "hunter2"));
    assert_non_null(strstr(stage.reply_text, "***"));
    assert_non_null(strstr(stage.reply_text, "\"status\":\"Failed\",\"result\":\"conflict"));
    assert_non_null(strstr(stage.reply_text, "GetUser "));
}

static void log_ranges(void **state)
{
    static const char *const bad[] = {"from=yesterday", "to=2016-02-30", "limit=0", "limit=x",
        "limit=1000001", "from=2030-01-02&to=2030-01-01"};
    (void)state;
    for (size_t i = 0; i < RMS_COUNT(bad); i++) {
        assert_int_equal(
            stage_admin(path("GET", stage_printf("/log/usage?%s", bad[i])), NULL), RMS_E_BAD_ARGUMENT);
        assert_int_equal(
            stage_admin(path("GET", stage_printf("/log/admin?%s", bad[i])), NULL), RMS_E_BAD_ARGUMENT);
    }
    assert_int_equal(stage_admin(path("GET", "/log/usage?from=2030-01-01&to=2030-01-01"), NULL), 0);
    assert_string_equal(stage.reply_text, "");
}

/* touches: S-216 */
static void database(void **state)
{
    (void)state;
    assert_int_equal(stage_admin("GET /admin/v1/db", NULL), 0);
    assert_string_equal(stage_text("Status"), "ok");
    assert_string_equal(stage_text("Engine"), test_server() != NULL ? "postgresql" : "sqlite");
    assert_int_equal(stage_admin("POST /admin/v1/db/migrate", "{}"), 0);
    assert_int_equal(json_integer_value(json_object_get(stage.reply, "Before")), rms_store_version());
    if (test_server() != NULL) {
        assert_int_equal(stage_admin("POST /admin/v1/db/backup", "{}"), RMS_E_UNSUPPORTED);
        assert_non_null(strstr(stage.detail, "pg_dump"));
        return;
    }
    assert_int_equal(stage_admin("POST /admin/v1/db/backup", "{}"), 0);
    assert_memory_equal(stage_text("Path"), stage.dir, strlen(stage.dir));
    assert_int_equal(unlink(stage_text("Path")), 0);
}

static void health(void **state)
{
    static const int64_t day = RMS_DAY_S;
    static const struct {
        int64_t certificate, authority; /* seconds from now; RMS_TIME_NONE: none */
        const char *problem, *warning;
    } cases[] = {
        {RMS_TIME_NONE, RMS_TIME_NONE, NULL, NULL},
        {31 * day, 31 * day, NULL, NULL},
        {29 * day, 1000 * day, NULL, "the TLS certificate ends 2"},
        {29 * day, RMS_TIME_NONE, NULL, "give rmsd a new one"},
        {-1, 1000 * day, "certificate", "the TLS certificate ended 2"},
        {300 * day, 29 * day, NULL, "the certification authority ends 2"},
        {300 * day, 0, "authority", "give ca.pem to all clients"},
    };

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        const json_t *problems;
        const json_t *warnings;

        stage.front.certificate_until =
            cases[i].certificate == RMS_TIME_NONE ? RMS_TIME_NONE : stage.now + cases[i].certificate;
        stage.front.authority_until =
            cases[i].authority == RMS_TIME_NONE ? RMS_TIME_NONE : stage.now + cases[i].authority;
        assert_int_equal(stage_admin("GET /admin/v1/health", NULL), 0);
        assert_string_equal(stage_text("Status"), cases[i].problem == NULL ? "ok" : "degraded");
        problems = json_object_get(stage.reply, "Problems");
        warnings = json_object_get(stage.reply, "Warnings");
        assert_int_equal(json_array_size(problems), cases[i].problem != NULL);
        assert_int_equal(json_array_size(warnings), cases[i].warning != NULL);
        if (cases[i].problem != NULL) {
            assert_string_equal(json_string_value(json_array_get(problems, 0)), cases[i].problem);
        }
        if (cases[i].warning != NULL) {
            assert_non_null(strstr(json_string_value(json_array_get(warnings, 0)), cases[i].warning));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tenants),
        cmocka_unit_test(keys),
        cmocka_unit_test(old_names_and_rights),
        cmocka_unit_test(states),
        cmocka_unit_test(settings),
        cmocka_unit_test(domains),
        cmocka_unit_test(users),
        cmocka_unit_test(groups),
        cmocka_unit_test(template_refusals),
        cmocka_unit_test(template_life),
        cmocka_unit_test(super_users),
        cmocka_unit_test(issuers_and_clients),
        cmocka_unit_test(calls_are_logged),
        cmocka_unit_test(log_ranges),
        cmocka_unit_test(database),
        cmocka_unit_test(health),
    };
    return cmocka_run_group_tests(tests, stage_open, stage_close);
}
