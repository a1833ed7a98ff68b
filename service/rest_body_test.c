/* Bodies: what real clients send, what nobody should, and every truncation of it. */
#include "base/test.h"

#include "service/rest_body.h"

static struct rms_arena *arena;

static int open_arena(void **state)
{
    (void)state;
    arena = rms_arena_new(64u << 20);
    return arena == NULL;
}

static int close_arena(void **state)
{
    (void)state;
    rms_arena_free(&arena);
    return 0;
}

static int parse(const char *text, struct rms_publish_body *out, const char **detail)
{
    return rms_rest_body_publish(arena, rms_view_str(text), out, detail);
}

/* rest-protocol section 8.1 and 8.2, the examples. */
static const char by_template[] =
    "{\"AllowAuditedExtraction\": false,\"PreferDeprecatedAlgorithms\": false,"
    "\"TemplateId\": \"6f1d7b3e-0c0f-4d6e-9b0e-0d2f6c2f9a11\","
    "\"SignedApplicationData\": {\"MS.Content.Name\":\"plan.txt\",\"MS.Notify.Enabled\":\"true\"}}";
static const char ad_hoc[] =
    "{\"AllowAuditedExtraction\": true,\"PreferDeprecatedAlgorithms\": true,"
    "\"ReferralInfo\": \"mailto:alice@contoso.example\",\"SignedApplicationData\": "
    "{\"MS.Content.Name\":\"plan.docx\"},"
    "\"Policy\": {\"Descriptors\": [{\"Name\":\"Plan reviewers\",\"Description\":\"Reviewers may read and "
    "comment.\","
    "\"Language\":\"en-US\"}],\"UserRights\": "
    "[{\"Users\":[\"Bob@Fabrikam.example\",\"carol@contoso.example\"],"
    "\"Rights\":[\"VIEW\",\"comment\",\"ACME.MEASURE\"]},"
    "{\"Users\":[\"AllStaff-7184AB3F-CCD1-46F3-8233-3E09E9CF0E66@contoso.example\"],\"Rights\":[\"VIEW\"]}],"
    "\"allowOfflineAccess\": true,\"IntervalTimeInDays\": 30,\"LicenseValidUntil\": \"2031-01-31T12:00:00Z\","
    "\"EncryptedApplicationData\": {\"CaseNumber\":\"1138\"}}}";

static void template_example(void **state)
{
    struct rms_publish_body body;
    const char *detail = NULL;
    (void)state;
    assert_int_equal(parse(by_template, &body, &detail), 0);
    assert_null(detail);
    assert_string_equal(body.template_id, "6f1d7b3e-0c0f-4d6e-9b0e-0d2f6c2f9a11");
    assert_string_equal(body.cipher->name, "AES256-CBC4K");
    assert_int_equal(body.policy.signed_count, 2);
    assert_string_equal(body.policy.signed_data[0].name, "MS.Content.Name");
    assert_string_equal(body.policy.signed_data[0].value, "plan.txt");
}

/* touches: S-281 */
static void ad_hoc_example(void **state)
{
    struct rms_publish_body body;
    const char *detail = NULL;
    (void)state;
    assert_int_equal(parse(ad_hoc, &body, &detail), 0);
    assert_null(body.template_id);
    assert_string_equal(body.cipher->name, "AES128-ECB");
    const struct rms_policy *p = &body.policy;
    assert_true(p->audited_extraction);
    assert_string_equal(p->referral, "mailto:alice@contoso.example");
    assert_int_equal(p->text_count, 1);
    assert_string_equal(p->texts[0].name, "Plan reviewers");
    assert_int_equal(p->texts[0].lcid, 1033);
    assert_int_equal(p->grant_count, 3);
    assert_string_equal(p->grants[0].address, "bob@fabrikam.example");
    assert_int_equal(p->grants[0].rights.bits, RMS_RIGHT_VIEW | RMS_RIGHT_COMMENT);
    assert_string_equal(p->grants[0].rights.custom[0], "ACME.MEASURE");
    assert_int_equal(p->grants[2].principal, RMS_PRINCIPAL_DOMAIN);
    assert_string_equal(p->grants[2].address, "contoso.example");
    assert_int_equal(p->offline_days, 30);
    assert_int_equal(p->expiry, RMS_EXPIRY_ON_DATE);
    assert_int_equal(p->expires_at, 1927627200);
    assert_string_equal(p->encrypted_data[0].value, "1138");
}

/* touches: S-075 */
static void roles_expand(void **state)
{
    struct rms_publish_body body;
    struct rms_rights want = {0};
    const char *detail = NULL;
    (void)state;
    assert_int_equal(
        parse(
            "{\"Policy\":{\"UserRoles\":[{\"Users\":[\"bob@fabrikam.example\"],\"Roles\":[\"REVIEWER\"]}]}}",
            &body, &detail),
        0);
    assert_int_equal(rms_level_rights("REVIEWER", &want), 0);
    assert_int_equal(body.policy.grants[0].rights.bits, want.bits);
    assert_int_equal(
        parse("{\"Policy\":{\"UserRoles\":[{\"Users\":[\"b@f.example\"],\"Roles\":[\"EDITOR\"]}]}}", &body,
            &detail),
        RMS_E_BAD_ARGUMENT);
    assert_non_null(strstr(detail, "Roles"));
}

static void empty_lists_are_just_for_me(void **state)
{
    static const char *const bodies[] = {"{\"Policy\":{}}", "{\"Policy\":{\"UserRoles\":[]}}",
        "{\"Policy\":{\"UserRights\":[],\"UserRoles\":[]}}", "{\"Policy\":{\"UserRights\":null}}"};
    (void)state;
    for (size_t i = 0; i < RMS_COUNT(bodies); i++) {
        struct rms_publish_body body;
        const char *detail = NULL;
        assert_int_equal(parse(bodies[i], &body, &detail), 0);
        assert_true(body.policy.only_me);
        assert_int_equal(body.policy.grant_count, 0);
        assert_string_equal(body.policy.texts[0].name, "Restricted Access");
    }
}

static void rights_win_over_roles(void **state)
{
    struct rms_publish_body body;
    const char *detail = NULL;
    (void)state;
    assert_int_equal(parse("{\"Policy\":{\"UserRoles\":[{\"Users\":[\"a@b.c\"],\"Roles\":[\"COOWNER\"]}],"
                           "\"UserRights\":[{\"Users\":[\"a@b.c\"],\"Rights\":[\"VIEW\"]}]}}",
                         &body, &detail),
        0);
    assert_int_equal(body.policy.grants[0].rights.bits, RMS_RIGHT_VIEW);
}

static void offline_days(void **state)
{
    static const struct {
        const char *fields;
        int days; /* -2: refused */
    } cases[] = {
        {"\"allowOfflineAccess\":true,\"IntervalTimeInDays\":30", 30},
        {"\"allowOfflineAccess\":true,\"IntervalTimeInDays\":30.0", 30},
        {"\"allowOfflineAccess\":true,\"IntervalTimeInDays\":0", 0},
        {"\"allowOfflineAccess\":true", -1},
        {"\"allowOfflineAccess\":true,\"IntervalTimeInDays\":-1", -1},
        {"\"allowOfflineAccess\":false,\"IntervalTimeInDays\":30", 0},
        {"\"IntervalTimeInDays\":30", 0},
        {"\"allowOfflineAccess\":true,\"IntervalTimeInDays\":-2", -2},
        {"\"allowOfflineAccess\":true,\"IntervalTimeInDays\":1.5", -2},
        {"\"allowOfflineAccess\":true,\"IntervalTimeInDays\":65536", -2},
        {"\"allowOfflineAccess\":true,\"IntervalTimeInDays\":1e300", -2},
        {"\"allowOfflineAccess\":1", -2},
        {"\"allowOfflineAccess\":\"true\"", -2},
    };
    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        struct rms_publish_body body;
        const char *detail = NULL;
        const char *text = rms_arena_printf(arena, "{\"Policy\":{%s}}", cases[i].fields);
        int rc = parse(text, &body, &detail);
        assert_int_equal(rc, cases[i].days == -2 ? RMS_E_BAD_ARGUMENT : 0);
        if (rc == 0) {
            assert_int_equal(body.policy.offline_days, cases[i].days);
        } else {
            assert_non_null(detail);
        }
    }
}

/* touches: S-092, S-129, S-281: each names its field */
static void bad_bodies(void **state)
{
    static const struct {
        const char *text;
        const char *named;
    } cases[] = {
        {"", "body"},
        {"[]", "body"},
        {"{", "body"},
        {"{}", "TemplateId, Policy"},
        {"{\"TemplateId\":\"6f1d7b3e-0c0f-4d6e-9b0e-0d2f6c2f9a11\",\"Policy\":{}}", "TemplateId, Policy"},
        {"{\"TemplateId\":\"x\"}", "TemplateId"},
        {"{\"TemplateId\":7}", "TemplateId"},
        {"{\"Content\":\"UEsDBA==\",\"Policy\":{}}", "Content"},
        {"{\"policy\":{}}", "policy"},
        {"{\"Policy\":[]}", "Policy"},
        {"{\"Policy\":{\"AllowOfflineAccess\":true}}", "AllowOfflineAccess"},
        {"{\"Policy\":{\"UserRights\":{}}}", "UserRights"},
        {"{\"Policy\":{\"UserRights\":[1]}}", "UserRights"},
        {"{\"Policy\":{\"UserRights\":[{}]}}", "UserRights"},
        {"{\"Policy\":{\"UserRights\":[{\"Users\":[\"a@b.c\"],\"Rights\":[]}]}}", "UserRights"},
        {"{\"Policy\":{\"UserRights\":[{\"Users\":[],\"Rights\":[\"VIEW\"]}]}}", "UserRights"},
        {"{\"Policy\":{\"UserRights\":[{\"Users\":[\"a@@b.c\"],\"Rights\":[\"VIEW\"]}]}}", "UserRights"},
        {"{\"Policy\":{\"UserRights\":[{\"Users\":[\"nobody at all\"],\"Rights\":[\"VIEW\"]}]}}",
            "UserRights"},
        {"{\"Policy\":{\"UserRights\":[{\"Users\":[\"a@b.c\"],\"Rights\":[\"no such/right\"]}]}}", "Rights"},
        {"{\"Policy\":{\"UserRights\":[{\"Users\":[\"a@b.c\"],\"Rights\":[7]}]}}", "Rights"},
        {"{\"Policy\":{\"UserRights\":[{\"Users\":[\"a@b.c\"],\"Rights\":[\"VIEW\"],\"X\":1}]}}", "X"},
        {"{\"Policy\":{\"Descriptors\":{}}}", "Descriptors"},
        {"{\"Policy\":{\"Descriptors\":[{\"Name\":1}]}}", "Name"},
        {"{\"Policy\":{\"LicenseValidUntil\":\"tomorrow\"}}", "LicenseValidUntil"},
        {"{\"Policy\":{\"LicenseValidUntil\":5}}", "LicenseValidUntil"},
        {"{\"Policy\":{\"EncryptedApplicationData\":[]}}", "EncryptedApplicationData"},
        {"{\"SignedApplicationData\":{\"a\":1},\"Policy\":{}}", "SignedApplicationData"},
        {"{\"SignedApplicationData\":{\"\":\"x\"},\"Policy\":{}}", "SignedApplicationData"},
        {"{\"SignedApplicationData\":{\"a\":\"\\u0001\"},\"Policy\":{}}", "SignedApplicationData"},
        {"{\"ReferralInfo\":\"a\\u0007\",\"Policy\":{}}", "ReferralInfo"},
        {"{\"OwnerEmail\":\"mkt\",\"Policy\":{}}", "OwnerEmail"},
        {"{\"Policy\":{},\"Policy\":{}}", "body"},
    };
    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        struct rms_publish_body body;
        const char *detail = NULL;
        assert_int_equal(parse(cases[i].text, &body, &detail), RMS_E_BAD_ARGUMENT);
        assert_non_null(detail);
        assert_non_null(strstr(detail, cases[i].named));
    }
}

/* S-092: 10 000 grants are the most. */
static void too_many_grants(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(1u << 20);
    struct rms_publish_body body;
    const char *detail = NULL;
    (void)state;
    rms_buf_append_str(&text, "{\"Policy\":{\"UserRights\":[{\"Rights\":[\"VIEW\"],\"Users\":[\"a@b.c\"");
    for (int i = 1; i < RMS_GRANTS_MAX; i++) {
        rms_buf_append_str(&text, ",\"a@b.c\"");
    }
    size_t full = text.len;
    rms_buf_append_str(&text, "]}]}}");
    assert_int_equal(parse(rms_buf_text(&text), &body, &detail), 0);
    assert_int_equal(body.policy.grant_count, RMS_GRANTS_MAX);
    text.len = full;
    rms_buf_append_str(&text, ",\"a@b.c\"]}]}}");
    assert_int_equal(parse(rms_buf_text(&text), &body, &detail), RMS_E_BAD_ARGUMENT);
}

static void every_truncation_is_refused(void **state)
{
    const char *const texts[] = {by_template, ad_hoc};
    (void)state;
    for (size_t t = 0; t < RMS_COUNT(texts); t++) {
        for (size_t len = 0; len < strlen(texts[t]); len++) {
            struct rms_publish_body body;
            const char *detail = NULL;
            assert_int_equal(
                rms_rest_body_publish(arena, rms_view_of(texts[t], len), &body, &detail), RMS_E_BAD_ARGUMENT);
        }
    }
}

/* --- licences in base64 -------------------------------------------------------------------------------- */

static const char *const one[] = {"SerializedPublishingLicense"};
static const char *const two[] = {"AccountCertificate", "SerializedPublishingLicense"};

static void blobs(void **state)
{
    struct rms_view values[2];
    const char *detail = NULL;
    (void)state;
    const char *text = "\xef\xbb\xbf { \"SerializedPublishingLicense\" : \"aGVs\\u0062G8=\" }\r\n";
    assert_int_equal(rms_rest_body_blobs(arena, rms_view_str(text), one, 1, values, &detail), 0);
    assert_true(rms_view_equal(values[0], RMS_VIEW_LITERAL("hello")) || values[0].len == 5);
    text = "{\"SerializedPublishingLicense\":\"aGVsbG8=\",\"AccountCertificate\":\"d29ybGQ=\"}";
    assert_int_equal(rms_rest_body_blobs(arena, rms_view_str(text), two, 2, values, &detail), 0);
    assert_true(rms_view_equal(values[0], RMS_VIEW_LITERAL("world")));
    assert_true(rms_view_equal(values[1], RMS_VIEW_LITERAL("hello")));
    for (size_t len = 0; len < strlen(text); len++) {
        assert_int_equal(
            rms_rest_body_blobs(arena, rms_view_of(text, len), two, 2, values, &detail), RMS_E_BAD_ARGUMENT);
    }
}

/* The short way for plain bodies and the long way agree. */
static void plain_blobs(void **state)
{
    static const struct {
        const char *text;
        bool good;
    } cases[] = {
        {"{\"SerializedPublishingLicense\":\"aGVsbG8=\"}", true},
        {"{\"SerializedPublishingLicense\": \"aGVsbG8=\"}", true},
        {"{\"SerializedPublishingLicense\":  \"aGVsbG8=\"}", true},
        {"{ \"SerializedPublishingLicense\":\"aGVsbG8=\"}", true},
        {"{\"SerializedPublishingLicense\":\"aGVsbG8=\"} ", true},
        {"{\"SerializedPublishingLicense\":\"aGVsbG8=\",\"x\":\"aGVsbG8=\"}", false},
        {"{\"SerializedPublishingLicense\":\"\\u0061GVsbG8=\"}", true},
        {"{\"SerializedPublishingLicense\":\"aGVsbG8=\"\"}", false},
        {"{\"SerializedPublishingLicense\":\"\"}", false},
        {"{\"SerializedPublishingLicense\":\"}", false},
        {"{\"SerializedPublishingLicense\":\"aGVsbG8\"}", false},
        {"{\"SerializedPublishingLicens\":\"aGVsbG8=\"}", false},
    };
    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        struct rms_view value = {NULL, 0};
        const char *detail = NULL;
        int rc = rms_rest_body_blobs(arena, rms_view_str(cases[i].text), one, 1, &value, &detail);
        assert_int_equal(rc, cases[i].good ? 0 : RMS_E_BAD_ARGUMENT);
        if (cases[i].good) {
            assert_true(rms_view_equal(value, RMS_VIEW_LITERAL("hello")));
        }
    }
}

static void bad_blobs(void **state)
{
    static const char *const texts[] = {
        "",
        "null",
        "7",
        "\"x\"",
        "[]",
        "{}",
        "{\"SerializedPublishingLicense\":null}",
        "{\"SerializedPublishingLicense\":7}",
        "{\"SerializedPublishingLicense\":[\"aGVsbG8=\"]}",
        "{\"SerializedPublishingLicense\":\"\"}",
        "{\"SerializedPublishingLicense\":\"aGVsbG8\"}",
        "{\"SerializedPublishingLicense\":\"aGVs bG8=\"}",
        "{\"SerializedPublishingLicense\":\"aGVsbG8=\\u0000\"}",
        "{\"SerializedPublishingLicense\":\"aGVsbG8=\\n\"}",
        "{\"serializedPublishingLicense\":\"aGVsbG8=\"}",
        "{\"SerializedPublishingLicense\":\"aGVsbG8=\",\"SignatureEncoding\":\"utf-8\"}",
        "{\"SerializedPublishingLicense\":\"aGVsbG8=\"}{}",
        "{\"SerializedPublishingLicense\":\"aGVsbG8=\",}",
        "{'SerializedPublishingLicense':'aGVsbG8='}",
        "{\"SerializedPublishingLicense\":\"\xff\xff\"}",
        "/**/{\"SerializedPublishingLicense\":\"aGVsbG8=\"}",
    };
    (void)state;
    for (size_t i = 0; i < RMS_COUNT(texts); i++) {
        struct rms_view value;
        const char *detail = NULL;
        assert_int_equal(
            rms_rest_body_blobs(arena, rms_view_str(texts[i]), one, 1, &value, &detail), RMS_E_BAD_ARGUMENT);
        assert_non_null(detail);
    }
}

static void deep_nesting_is_refused(void **state)
{
    char text[4000];
    struct rms_view value;
    struct rms_publish_body body;
    const char *detail = NULL;
    (void)state;
    memset(text, '[', sizeof text);
    assert_int_equal(rms_rest_body_blobs(arena, rms_view_of(text, sizeof text), one, 1, &value, &detail),
        RMS_E_BAD_ARGUMENT);
    assert_int_equal(
        rms_rest_body_publish(arena, rms_view_of(text, sizeof text), &body, &detail), RMS_E_BAD_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(template_example),
        cmocka_unit_test(ad_hoc_example),
        cmocka_unit_test(roles_expand),
        cmocka_unit_test(empty_lists_are_just_for_me),
        cmocka_unit_test(rights_win_over_roles),
        cmocka_unit_test(offline_days),
        cmocka_unit_test(bad_bodies),
        cmocka_unit_test(too_many_grants),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(blobs),
        cmocka_unit_test(plain_blobs),
        cmocka_unit_test(bad_blobs),
        cmocka_unit_test(deep_nesting_is_refused),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
