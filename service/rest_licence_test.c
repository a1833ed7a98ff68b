/* Publishing and opening over REST, against a real store and keyd. */
#include "service/front_test.h"

#define ADHOC(grants)                                                                                        \
    "{\"AllowAuditedExtraction\":false,\"PreferDeprecatedAlgorithms\":false,\"Policy\":{"                    \
    "\"UserRights\":" grants ",\"allowOfflineAccess\":true,\"IntervalTimeInDays\":7}}"
#define BOB_VIEWS "[{\"Users\":[\"bob@contoso.test\"],\"Rights\":[\"VIEW\"]}]"

static const char *template_id(const char *name)
{
    assert_int_equal(
        stage_admin(stage_printf("GET /admin/v1/tenants/%s/templates/%s", stage.contoso, name), NULL), 0);
    return stage_printf("%s", stage_text("TemplateId"));
}

/* A template of this test's own, published. */
static const char *new_template(const char *name, const char *more)
{
    assert_int_equal(stage_admin(stage_printf("POST /admin/v1/tenants/%s/templates", stage.contoso),
                         stage_printf("{\"Names\":{\"1033\":\"%s\"},\"Descriptions\":{\"1033\":\"d\"},"
                                      "\"Published\":true%s}",
                             name, more)),
        0);
    return stage_printf("%s", stage_text("TemplateId"));
}

static const char *publish_as(const char *who, const char *body)
{
    assert_int_equal(stage_call(as(who), "POST /my/v2/publishinglicenses", body), 0);
    return stage_printf(
        "{\"SerializedPublishingLicense\":\"%s\"}", stage_text("SerializedPublishingLicense"));
}

static const char *publish_template(const char *who, const char *id)
{
    return publish_as(
        who, stage_printf("{\"AllowAuditedExtraction\":false,\"PreferDeprecatedAlgorithms\":false,"
                          "\"TemplateId\":\"%s\"}",
                 id));
}

static int ask(const char *who, const char *body)
{
    return stage_call(as(who), "POST /my/v2/enduserlicenses", body);
}

static void expect_granted(const char *who, const char *body)
{
    assert_int_equal(ask(who, body), 0);
    assert_string_equal(stage_text("AccessStatus"), "AccessGranted");
    assert_non_null(rms_json_str(json_object_get(stage.reply, "Key"), "Value"));
    assert_int_equal(stage.logged, 0);
}

/* Denied with 200: no key, an empty list of rights, the referrer (rest-protocol 9.1, S-283). */
static void expect_denied(const char *who, const char *body, const char *status, int code)
{
    assert_int_equal(ask(who, body), 0);
    assert_string_equal(stage_text("AccessStatus"), status);
    assert_string_equal(stage_text("Reason"), rms_error_info(code)->reason);
    assert_true(json_is_null(json_object_get(stage.reply, "Key")));
    assert_true(json_is_array(json_object_get(stage.reply, "Rights")));
    assert_int_equal(json_array_size(json_object_get(stage.reply, "Rights")), 0);
    assert_string_equal(stage_text("Referrer"), "mailto:alice@contoso.test");
    assert_true(json_is_null(json_object_get(stage.reply, "Policy")));
    assert_int_equal(stage.logged, code);
}

static bool has_right(const char *right)
{
    size_t i;
    json_t *value;
    json_array_foreach(json_object_get(stage.reply, "Rights"), i, value)
    {
        if (strcmp(json_string_value(value), right) == 0) {
            return true;
        }
    }
    return false;
}

static uint64_t keyd_count(enum rms_keyd_op op)
{
    struct rms_keyd_stats stats;
    assert_int_equal(rms_keyd_stats(stage.worker.keys, &stats), 0);
    return stats.operations[op];
}

/* touches: S-073, S-081, S-106, S-281, S-282, S-283 */
static void ad_hoc_opens_for_those_named(void **state)
{
    (void)state;
    const char *pl = publish_as("alice@contoso.test", ADHOC(BOB_VIEWS));
    assert_string_equal(stage_text("Owner"), "alice@contoso.test");
    assert_string_equal(stage_text("Name"), "Restricted Access");
    char *key = strdup(rms_json_str(json_object_get(stage.reply, "Key"), "Value"));
    expect_granted("bob@contoso.test", pl);
    assert_string_equal(rms_json_str(json_object_get(stage.reply, "Key"), "Value"), key);
    assert_string_equal(rms_json_str(json_object_get(stage.reply, "Key"), "CipherMode"), "MICROSOFT.CBC4K");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(stage.reply, "Key"), "Size")), 32);
    assert_int_equal(json_array_size(json_object_get(stage.reply, "Rights")), 1);
    assert_true(has_right("VIEW"));
    assert_true(json_is_null(json_object_get(stage.reply, "Policy"))); /* no VIEWRIGHTSDATA (S-080) */
    expect_granted("alice@contoso.test", pl);
    assert_true(has_right("OWNER"));
    assert_true(json_is_array(json_object_get(json_object_get(stage.reply, "Policy"), "UserRights")));
    expect_denied("carol@contoso.test", pl, "AccessDenied", RMS_E_NO_RIGHTS);
    free(key);
}

static void old_algorithms_on_request(void **state)
{
    (void)state;
    const char *pl = publish_as("alice@contoso.test",
        "{\"PreferDeprecatedAlgorithms\":true,\"Policy\":{\"UserRights\":" BOB_VIEWS "}}");
    expect_granted("bob@contoso.test", pl);
    const json_t *key = json_object_get(stage.reply, "Key");
    assert_string_equal(rms_json_str(key, "CipherMode"), "MICROSOFT.ECB");
    assert_int_equal(json_integer_value(json_object_get(key, "Size")), 16);
    assert_true(
        json_is_false(json_object_get(stage.reply, "allowOfflineAccess"))); /* not said: ask each time */
}

/* touches: S-048, S-267, S-274: another tenant's person, granted by address, opens; the publisher's tenant
 * decides */
static void another_tenants_person_opens(void **state)
{
    (void)state;
    const char *pl = publish_as(
        "alice@contoso.test", ADHOC("[{\"Users\":[\"fay@fabrikam.test\"],\"Rights\":[\"VIEW\",\"PRINT\"]}]"));
    expect_granted("fay@fabrikam.test", pl);
    assert_true(has_right("PRINT"));
    expect_denied("bob@contoso.test", pl, "AccessDenied", RMS_E_NO_RIGHTS);
    pl = publish_as("alice@contoso.test", ADHOC(BOB_VIEWS));
    expect_denied("fay@fabrikam.test", pl, "AccessDenied", RMS_E_NO_RIGHTS);
}

/* touches: S-105 */
static void template_decides_as_it_is_now(void **state)
{
    (void)state;
    const char *id = new_template("Now",
        ",\"RightsDefinitions\":[{\"Principal\":\"bob@contoso.test\",\"Rights\":[\"VIEW\"]}],"
        "\"LicenseValidityDuration\":7");
    const char *path = stage_printf("POST /admin/v1/tenants/%s/templates/%s", stage.contoso, id);
    char *pl = strdup(publish_template("alice@contoso.test", id));
    expect_granted("bob@contoso.test", pl);
    expect_denied("carol@contoso.test", pl, "AccessDenied", RMS_E_NO_RIGHTS);
    assert_int_equal(
        stage_admin(path, "{\"RightsDefinitions\":[{\"Principal\":\"carol@contoso.test\",\"Rights\":"
                          "[\"VIEW\",\"PRINT\"]}],\"LicenseValidityDuration\":0}"),
        0);
    expect_granted("carol@contoso.test", pl);
    assert_true(has_right("PRINT"));
    assert_true(json_is_false(json_object_get(stage.reply, "allowOfflineAccess")));
    expect_denied("bob@contoso.test", pl, "AccessDenied", RMS_E_NO_RIGHTS);
    free(pl);
}

/* touches: S-104, S-107, S-280 */
static void archived_and_removed_templates(void **state)
{
    (void)state;
    const char *id = new_template(
        "Old", ",\"RightsDefinitions\":[{\"Principal\":\"bob@contoso.test\",\"Rights\":[\"VIEW\"]}]");
    const char *path = stage_printf("/admin/v1/tenants/%s/templates/%s", stage.contoso, id);
    char *pl = strdup(publish_template("alice@contoso.test", id));
    const char *body = stage_printf("{\"TemplateId\":\"%s\"}", id);
    assert_int_equal(stage_admin(stage_printf("POST %s", path), "{\"Status\":\"Archived\"}"), 0);
    assert_int_equal(stage_call(as("alice@contoso.test"), "POST /my/v2/publishinglicenses", body),
        RMS_E_TEMPLATE_ARCHIVED);
    expect_granted("bob@contoso.test", pl);
    assert_int_equal(stage_admin(stage_printf("DELETE %s", path), NULL), RMS_E_CONFLICT); /* in use */
    assert_int_equal(stage_admin(stage_printf("DELETE %s?force=true", path), NULL), 0);
    assert_int_equal(stage_call(as("alice@contoso.test"), "POST /my/v2/publishinglicenses", body),
        RMS_E_TEMPLATE_NOT_FOUND);
    expect_denied("bob@contoso.test", pl, "AccessDenied", RMS_E_TEMPLATE_NOT_FOUND);
    expect_granted("alice@contoso.test", pl);
    free(pl);
}

/* proves: S-103 */
static void content_expires_but_not_for_its_owner(void **state)
{
    (void)state;
    int64_t now = stage.now;
    const char *id = new_template("Ten",
        ",\"RightsDefinitions\":[{\"Principal\":\"bob@contoso.test\",\"Rights\":[\"VIEW\"]}],"
        "\"ContentValidityDuration\":10");
    char *pl = strdup(publish_template("alice@contoso.test", id));
    int64_t published = now - now % 60; /* licences count minutes */
    stage.now = published + 10 * RMS_DAY_S - 1;
    expect_granted("bob@contoso.test", pl);
    stage.now = published + 10 * RMS_DAY_S;
    expect_denied("bob@contoso.test", pl, "ContentExpired", RMS_E_EXPIRED);
    expect_granted("alice@contoso.test", pl);
    assert_int_equal(stage_admin(stage_printf("POST /admin/v1/tenants/%s/templates/%s", stage.contoso, id),
                         "{\"ContentValidityDuration\":20}"),
        0);
    expect_granted("bob@contoso.test", pl);
    stage.now = now;
    free(pl);
}

/* proves: S-111 */
static void scoped_templates_are_for_their_scope(void **state)
{
    (void)state;
    assert_int_equal(stage_admin(stage_printf("POST /admin/v1/tenants/%s/groups", stage.contoso),
                         "{\"Name\":\"mkt-eu\",\"Address\":\"mkt-eu@contoso.test\",\"Kind\":\"security\"}"),
        0);
    assert_int_equal(
        stage_admin(stage_printf("POST /admin/v1/tenants/%s/groups/mkt-eu/members", stage.contoso),
            "{\"Add\":[\"carol@contoso.test\"]}"),
        0);
    /* what is known of her may be three hours old */
    assert_int_equal(stage_admin(stage_printf("POST /admin/v1/tenants/%s/groups/refresh", stage.contoso),
                         "{\"User\":\"carol@contoso.test\"}"),
        0);
    const char *id =
        new_template("Scoped", ",\"ScopedIdentities\":[\"mkt-eu@contoso.test\"],\"RightsDefinitions\":"
                               "[{\"Principal\":\"bob@contoso.test\",\"Rights\":[\"VIEW\"]}]");
    const char *body = stage_printf("{\"TemplateId\":\"%s\"}", id);
    assert_int_equal(stage_call(as("bob@contoso.test"), "GET /my/v2/templates", NULL), 0);
    assert_null(strstr(stage.reply_text, id));
    assert_int_equal(stage_call(as("bob@contoso.test"), "POST /my/v2/publishinglicenses", body),
        RMS_E_PUBLISH_NOT_ALLOWED);
    assert_int_equal(stage_call(as("carol@contoso.test"), "GET /my/v2/templates/", NULL), 0);
    assert_non_null(strstr(stage.reply_text, id));
    expect_granted("bob@contoso.test", publish_template("carol@contoso.test", id));
}

static void set_state(const char *name)
{
    assert_int_equal(stage_admin(stage_printf("POST /admin/v1/tenants/%s/state", stage.contoso),
                         stage_printf("{\"State\":\"%s\"}", name)),
        0);
}

/* touches: S-006, S-007, S-130 */
static void tenant_state_comes_first(void **state)
{
    (void)state;
    char *pl = strdup(publish_as("alice@contoso.test", ADHOC(BOB_VIEWS)));
    set_state("Disabled");
    assert_int_equal(ask("bob@contoso.test", pl), RMS_E_TENANT_DISABLED);
    assert_int_equal(
        ask("bob@contoso.test", "{\"SerializedPublishingLicense\":\"aGVsbG8=\"}"), RMS_E_TENANT_DISABLED);
    assert_int_equal(ask("fay@fabrikam.test", pl), RMS_E_TENANT_DISABLED);
    assert_int_equal(stage_call(as("bob@contoso.test"), "GET /my/v2/templates", NULL), RMS_E_TENANT_DISABLED);
    assert_int_equal(
        stage_call(as("bob@contoso.test"), "GET /my/v2/licensorcertificate", NULL), RMS_E_TENANT_DISABLED);
    set_state("ConsumeOnly");
    assert_int_equal(ask("bob@contoso.test", pl), 0);
    assert_int_equal(stage_call(as("bob@contoso.test"), "POST /my/v2/publishinglicenses", ADHOC(BOB_VIEWS)),
        RMS_E_PUBLISH_NOT_ALLOWED);
    assert_int_equal(stage_call(as("bob@contoso.test"), "GET /my/v2/templates", NULL), 0);
    assert_int_equal(json_array_size(stage.reply), 0);
    set_state("Enabled");
    expect_granted("bob@contoso.test", pl);
    free(pl);
}

static void super_users(const char *body)
{
    assert_int_equal(
        stage_admin(stage_printf("POST /admin/v1/tenants/%s/superusers", stage.contoso), body), 0);
}

/* touches: S-173, S-174, S-180, S-181 */
static void super_users_open_everything_of_their_tenant(void **state)
{
    (void)state;
    char *pl = strdup(publish_as(
        "alice@contoso.test", ADHOC("[{\"Users\":[\"carol@contoso.test\"],\"Rights\":[\"VIEW\"]}]")));
    char *other = strdup(
        publish_as("fay@fabrikam.test", ADHOC("[{\"Users\":[\"x@fabrikam.test\"],\"Rights\":[\"VIEW\"]}]")));
    super_users("{\"Add\":[\"bob@contoso.test\",\"carol@contoso.test\"]}");
    expect_denied("bob@contoso.test", pl, "AccessDenied", RMS_E_NO_RIGHTS);
    super_users("{\"Enabled\":true}");
    expect_granted("bob@contoso.test", pl);
    assert_true(has_right("OWNER"));
    assert_true(stage.super_user);
    assert_true(json_is_false(json_object_get(stage.reply, "allowOfflineAccess")));
    assert_int_equal(stage_call(as("carol@contoso.test"), "POST /my/v2/enduserlicenses?wanted=VIEW", pl), 0);
    assert_false(stage.super_user);
    assert_true(has_right("VIEW"));
    assert_int_equal(
        stage_call(as("carol@contoso.test"), "POST /my/v2/enduserlicenses?wanted=EXPORT,view", pl), 0);
    assert_true(stage.super_user);
    assert_int_equal(stage_call(as("carol@contoso.test"), "POST /my/v2/enduserlicenses?wanted=FLY", pl),
        RMS_E_BAD_ARGUMENT);
    assert_int_equal(ask("bob@contoso.test", other), 0);
    assert_string_equal(stage_text("AccessStatus"), "AccessDenied");
    super_users("{\"Enabled\":\"false\",\"Remove\":[\"bob@contoso.test\",\"carol@contoso.test\"]}");
    expect_denied("bob@contoso.test", pl, "AccessDenied", RMS_E_NO_RIGHTS);
    free(pl);
    free(other);
}

/* touches: S-042 */
static void recycled_addresses_inherit_nothing(void **state)
{
    (void)state;
    int64_t now = stage.now;
    char *pl = strdup(publish_as(
        "alice@contoso.test", ADHOC("[{\"Users\":[\"sam@contoso.test\"],\"Rights\":[\"VIEW\"]}]")));
    stage.now = now + 14 * RMS_DAY_S;
    stage_user(stage.contoso, "sam@contoso.test");
    expect_granted("sam@contoso.test", pl);
    assert_int_equal(
        stage_admin(stage_printf("DELETE /admin/v1/tenants/%s/users/sam@contoso.test", stage.contoso), NULL),
        0);
    stage.now = now + 16 * RMS_DAY_S;
    stage_user(stage.contoso, "sam@contoso.test");
    expect_denied("sam@contoso.test", pl, "AccessDenied", RMS_E_ACCOUNT_NEWER);
    assert_int_equal(
        stage_admin(stage_printf("DELETE /admin/v1/tenants/%s/users/sam@contoso.test", stage.contoso), NULL),
        0);
    stage.now = now;
    free(pl);
}

/* --- caching ----------------------------------------------------------------------------------------- */

/* The promise of the licence path: one private-key operation for a licence never seen, none for a cached one.
 */
static void warm_requests_need_no_private_key(void **state)
{
    (void)state;
    char *pl = strdup(publish_as("alice@contoso.test", ADHOC(BOB_VIEWS)));
    uint64_t opens = keyd_count(RMS_KEYD_OPEN);
    uint64_t signs = keyd_count(RMS_KEYD_SIGN);
    expect_granted("bob@contoso.test", pl);
    assert_int_equal(keyd_count(RMS_KEYD_OPEN), opens + 1);
    for (int i = 0; i < 5; i++) {
        expect_granted("bob@contoso.test", pl);
        expect_granted("alice@contoso.test", pl);
        expect_denied("carol@contoso.test", pl, "AccessDenied", RMS_E_NO_RIGHTS);
    }
    assert_int_equal(keyd_count(RMS_KEYD_OPEN), opens + 1);
    assert_int_equal(keyd_count(RMS_KEYD_SIGN), signs);
    free(pl);
}

/* keyd holds 16 keys in this test: more licences push the first one out, and it is opened again. */
static void forgotten_handles_are_opened_again(void **state)
{
    (void)state;
    char *pl = strdup(publish_as("alice@contoso.test", ADHOC(BOB_VIEWS)));
    expect_granted("bob@contoso.test", pl);
    for (int i = 0; i < 20; i++) {
        (void)publish_as("alice@contoso.test", ADHOC(BOB_VIEWS));
    }
    expect_granted("bob@contoso.test", pl);
    free(pl);
}

/* --- what is not a good licence ------------------------------------------------------------------------ */

static void malformed_bodies_are_refused(void **state)
{
    static const char *const bodies[] = {"", "{", "[]", "null", "{}", "{\"SerializedPublishingLicense\":1}",
        "{\"SerializedPublishingLicense\":\"\"}", "{\"SerializedPublishingLicense\":\"?\"}",
        "{\"SerializedPublishingLicense\":\"aGVsbG8=\",\"More\":\"x\"}",
        "{\"SerializedPublishingLicense\":\"aGVsbG8=\"} x"};
    (void)state;
    for (size_t i = 0; i < RMS_COUNT(bodies); i++) {
        assert_int_equal(ask("bob@contoso.test", bodies[i]), RMS_E_BAD_ARGUMENT);
    }
    assert_int_equal(
        ask("bob@contoso.test", "{\"SerializedPublishingLicense\":\"aGVsbG8=\"}"), RMS_E_BAD_LICENSE);
}

/* Decodes the licence of a body, lets edit change it, and asks with the result. */
static int ask_changed(const char *body, void (*edit)(char *text))
{
    RMS_BUF_CLEANUP struct rms_buf bytes = RMS_BUF_INIT(1u << 20);
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(2u << 20);
    RMS_JSON_CLEANUP json_t *json = NULL;
    assert_int_equal(rms_json_parse(rms_view_str(body), &json), 0);
    assert_int_equal(
        rms_base64_decode(rms_view_str(rms_json_str(json, "SerializedPublishingLicense")), &bytes), 0);
    edit((char *)bytes.data);
    rms_buf_append_str(&text, "{\"SerializedPublishingLicense\":\"");
    rms_base64_encode(&text, rms_view_str((char *)bytes.data));
    rms_buf_append_str(&text, "\"}");
    return ask("bob@contoso.test", rms_buf_text(&text));
}

static void change_owner(char *text)
{
    char *at = strstr(text, "alice@contoso.test");
    assert_non_null(at);
    memcpy(at, "carol", 5);
}

/* Another server's key: the first character of the modulus inside ISSUEDPRINCIPALS. */
static void change_principal(char *text)
{
    char *at = strstr(text, "<ISSUEDPRINCIPALS>");
    assert_non_null(at);
    at = strstr(at, "<VALUE encoding=\"base64\"");
    assert_non_null(at);
    at = strchr(at, '>') + 1;
    *at = *at == 'B' ? 'C' : 'B';
}

static void change_nothing(char *text)
{
    (void)text;
}

/* touches: S-065, S-130 */
static void changed_licences_are_refused(void **state)
{
    (void)state;
    char *pl = strdup(publish_as("alice@contoso.test", ADHOC(BOB_VIEWS)));
    assert_int_equal(ask_changed(pl, change_nothing), 0);
    assert_int_equal(ask_changed(pl, change_owner), RMS_E_BAD_SIGNATURE);
    assert_int_equal(ask_changed(pl, change_principal), RMS_E_BAD_SIGNATURE); /* before the key */
    free(pl);
}

static void publishing_refusals(void **state)
{
    static const struct {
        const char *body;
        int code;
    } cases[] = {
        {"{}", RMS_E_BAD_ARGUMENT},
        {"{\"TemplateId\":\"zzz\"}", RMS_E_BAD_ARGUMENT},
        {"{\"TemplateId\":\"6f1d7b3e-0c0f-4d6e-9b0e-0d2f6c2f9a11\"}", RMS_E_TEMPLATE_NOT_FOUND},
        {"{\"Policy\":{\"UserRights\":" BOB_VIEWS ",\"LicenseValidUntil\":\"2001-01-01T00:00:00Z\"}}",
            RMS_E_BAD_ARGUMENT},
        {"{\"OwnerEmail\":\"bob@contoso.test\",\"Policy\":{\"UserRights\":" BOB_VIEWS "}}",
            RMS_E_ROLE_REQUIRED},
    };
    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        assert_int_equal(
            stage_call(as("alice@contoso.test"), "POST /my/v2/publishinglicenses", cases[i].body),
            cases[i].code);
    }
}

/* touches: S-082, S-083 */
static void super_users_may_name_another_owner(void **state)
{
    (void)state;
    assert_int_equal(stage_admin(stage_printf("POST /admin/v1/tenants/%s/groups", stage.contoso),
                         "{\"Name\":\"mkt\",\"Address\":\"mkt@contoso.test\"}"),
        0);
    super_users("{\"Enabled\":true,\"Add\":[\"carol@contoso.test\"]}");
    char *pl = strdup(
        publish_as("carol@contoso.test", "{\"OwnerEmail\":\"Bob@Contoso.test\",\"Policy\":{\"UserRights\":[{"
                                         "\"Users\":[\"x@y.test\"],\"Rights\":[\"VIEW\"]}]}}"));
    assert_string_equal(stage_text("Owner"), "bob@contoso.test");
    assert_null(json_object_get(stage.reply, "Warnings"));
    (void)publish_as("carol@contoso.test",
        "{\"OwnerEmail\":\"mkt@contoso.test\",\"Policy\":{\"UserRights\":" BOB_VIEWS "}}");
    assert_non_null(json_object_get(stage.reply, "Warnings"));
    super_users("{\"Enabled\":false,\"Remove\":[\"carol@contoso.test\"]}");
    expect_granted("bob@contoso.test", pl);
    assert_true(has_right("OWNER"));
    expect_granted("carol@contoso.test", pl); /* the issuer */
    assert_true(has_right("OWNER"));
    free(pl);
}

/* touches: S-284 */
static void templates_in_the_language_asked_for(void **state)
{
    static const struct {
        const char *header;
        const char *name;
    } cases[] = {{"fr-FR", "Secret"}, {"fr", "Secret"}, {"de, fr;q=0.5", "Secret"}, {"zz", "Classified"},
        {"En-en", "Classified"}};
    (void)state;
    assert_int_equal(stage_admin(stage_printf("POST /admin/v1/tenants/%s/templates", stage.contoso),
                         "{\"Names\":{\"1033\":\"Classified\",\"1036\":\"Secret\"},\"Descriptions\":{"
                         "\"1033\":\"d\",\"1036\":\"d\"},"
                         "\"Status\":\"Published\"}"),
        0);
    const char *id = stage_printf("%s", stage_text("TemplateId"));
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        struct stage_who who = as("bob@contoso.test");
        who.language = cases[i].header;
        assert_int_equal(stage_call(who, "GET /my/v1/templates", NULL), 0);
        assert_non_null(
            strstr(stage.reply_text, stage_printf("\"Id\":\"%s\",\"Name\":\"%s\"", id, cases[i].name)));
    }
}

static bool lists(const json_t *texts, const char *text)
{
    for (size_t i = 0; i < json_array_size(texts); i++) {
        if (strcmp(json_string_value(json_array_get(texts, i)), text) == 0) {
            return true;
        }
    }
    return false;
}

/* proves: S-009 */
static void default_templates_exist(void **state)
{
    /* table 3.4 */
    static const struct {
        const char *name, *shown;
        const char *rights[14];
    } rows[] = {
        {"Confidential%20%5C%20All%20Employees", "Confidential \\ All Employees",
            {"VIEW", "EXPORT", "EXTRACT", "VIEWRIGHTSDATA", "EDITRIGHTSDATA", "OBJMODEL", "PRINT", "FORWARD",
                "REPLY", "REPLYALL", "EDIT", "DOCEDIT", "OWNER"}},
        {"Highly%20Confidential%20%5C%20All%20Employees", "Highly Confidential \\ All Employees",
            {"VIEW", "EXTRACT", "VIEWRIGHTSDATA", "OBJMODEL", "PRINT", "FORWARD", "REPLY", "REPLYALL", "EDIT",
                "DOCEDIT"}},
    };

    (void)state;
    assert_int_equal(stage_admin(stage_printf("POST /admin/v1/tenants/%s/users", stage.contoso),
                         "{\"Address\":\"gina@partner.test\",\"Guest\":true}"),
        0);
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        const char *id = template_id(rows[i].name);
        const json_t *grant = json_array_get(json_object_get(stage.reply, "RightsDefinitions"), 0);
        const json_t *rights = json_object_get(grant, "Rights");
        size_t count = 0;

        assert_string_equal(rms_json_str(json_object_get(stage.reply, "Names"), "1033"), rows[i].shown);
        assert_string_equal(stage_text("Status"), "Published");
        assert_string_equal(stage_text("ContentExpirationOption"), "Never");
        assert_int_equal(json_integer_value(json_object_get(stage.reply, "LicenseValidityDuration")), 7);
        assert_true(json_is_true(json_object_get(stage.reply, "ReadOnly")));
        assert_int_equal(json_array_size(json_object_get(stage.reply, "RightsDefinitions")), 1);
        assert_string_equal(
            rms_json_str(grant, "Principal"), "AllStaff-7184AB3F-CCD1-46F3-8233-3E09E9CF0E66@contoso.test");
        while (rows[i].rights[count] != NULL) {
            assert_true(lists(rights, rows[i].rights[count++]));
        }
        assert_int_equal(json_array_size(rights), count);
        expect_granted("bob@contoso.test", publish_template("alice@contoso.test", id));
        expect_denied(
            "fay@fabrikam.test", publish_template("alice@contoso.test", id), "AccessDenied", RMS_E_NO_RIGHTS);
        expect_denied(
            "gina@partner.test", publish_template("alice@contoso.test", id), "AccessDenied", RMS_E_NO_RIGHTS);
    }
    assert_int_equal(stage_admin("POST /admin/v1/tenants",
                         "{\"Name\":\"X\",\"Domains\":[\"x.test\"],\"DefaultTemplates\":\"foo\"}"),
        RMS_E_BAD_ARGUMENT);
}

static void discovery_lists_what_clients_need(void **state)
{
    static const char *const names[] = {
        "enduserlicenses", "publishinglicenses", "templates", "clientdebuglogs", "clientperformancelogs"};
    (void)state;
    assert_int_equal(stage_call(as("bob@contoso.test"), "GET /My/V2/ServiceDiscovery", NULL), 0);
    for (size_t i = 0; i < RMS_COUNT(names); i++) {
        assert_non_null(strstr(stage.reply_text,
            stage_printf("{\"Name\":\"%s\",\"Uri\":\"https://rms.contoso.test/my/v2/", names[i])));
    }
    assert_int_equal(stage_call(as("bob@contoso.test"), "GET /my/v1/servicediscovery/", NULL), 0);
    assert_non_null(strstr(stage.reply_text, "/my/v1/enduserlicenses"));
    assert_int_equal(stage_call(as("bob@contoso.test"), "POST /my/v2/clientlogs/debug", "x"), 0);
    assert_string_equal(stage.reply_text, "{}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ad_hoc_opens_for_those_named),
        cmocka_unit_test(old_algorithms_on_request),
        cmocka_unit_test(another_tenants_person_opens),
        cmocka_unit_test(template_decides_as_it_is_now),
        cmocka_unit_test(archived_and_removed_templates),
        cmocka_unit_test(content_expires_but_not_for_its_owner),
        cmocka_unit_test(scoped_templates_are_for_their_scope),
        cmocka_unit_test(tenant_state_comes_first),
        cmocka_unit_test(super_users_open_everything_of_their_tenant),
        cmocka_unit_test(recycled_addresses_inherit_nothing),
        cmocka_unit_test(warm_requests_need_no_private_key),
        cmocka_unit_test(forgotten_handles_are_opened_again),
        cmocka_unit_test(malformed_bodies_are_refused),
        cmocka_unit_test(changed_licences_are_refused),
        cmocka_unit_test(publishing_refusals),
        cmocka_unit_test(super_users_may_name_another_owner),
        cmocka_unit_test(templates_in_the_language_asked_for),
        cmocka_unit_test(default_templates_exist),
        cmocka_unit_test(discovery_lists_what_clients_need),
    };
    return cmocka_run_group_tests(tests, stage_open, stage_close);
}
