/* Policies: building, checking, text form and request. */
#include "client/builder.h"

#include "base/test.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "client/builder_json.h"
#include "client/testing/issuer.h"
#include "xrml/testing/world.h"

#define HEAD "{\"OpenRMS\":\"permissions\",\"Version\":1"

struct fixture {
    struct rms_issuer issuer;
    struct rms_context *alice;
    struct rms_policy_builder *policy;
};

static int set_up(void **state)
{
    struct fixture *f = test_calloc(1, sizeof *f);

    rms_issuer_open(&f->issuer);
    f->alice = rms_issuer_context(&f->issuer, "alice");
    rms_issuer_enrol(&f->issuer, f->alice, RMS_TEST_ALICE, "user", 31);
    rms_must(rms_policy_custom(f->alice, &f->policy));
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    rms_policy_free(&f->policy);
    rms_context_free(&f->alice);
    rms_issuer_close(&f->issuer);
    test_free(f);
    return 0;
}

/* touches: C-063, C-083 */
static void grants(void **state)
{
    static const struct {
        const char *who, *rights;
        int code;
        enum rms_principal principal;
        const char *address;
        uint32_t bits;
    } rows[] = {
        {"Bob@Contoso.Example", "VIEW", 0, RMS_PRINCIPAL_ADDRESS, "bob@contoso.example", RMS_RIGHT_VIEW},
        {"bob@contoso.example", "VIEW, PRINT edit", 0, RMS_PRINCIPAL_ADDRESS, "bob@contoso.example",
            RMS_RIGHT_VIEW | RMS_RIGHT_PRINT | RMS_RIGHT_EDIT},
        {"domain:fabrikam.example", "VIEW", 0, RMS_PRINCIPAL_DOMAIN, "fabrikam.example", RMS_RIGHT_VIEW},
        {"all-staff", "VIEW", 0, RMS_PRINCIPAL_DOMAIN, "contoso.example", RMS_RIGHT_VIEW},
        {"anyone", "VIEW", 0, RMS_PRINCIPAL_ANYONE, NULL, RMS_RIGHT_VIEW},
        {"not an address", "VIEW", RMS_E_BAD_ARGUMENT, 0, NULL, 0},
        {"a@b@c", "VIEW", RMS_E_BAD_ARGUMENT, 0, NULL, 0},
        {"domain:a@b", "VIEW", RMS_E_BAD_ARGUMENT, 0, NULL, 0},
        {"bob@contoso.example", "", RMS_E_BAD_ARGUMENT, 0, NULL, 0},
        {"bob@contoso.example", " , ", RMS_E_BAD_ARGUMENT, 0, NULL, 0},
        {"bob@contoso.example", "VEIW", RMS_E_BAD_ARGUMENT, 0, NULL, 0},
        {"bob@contoso.example\n", "VIEW", RMS_E_BAD_ARGUMENT, 0, NULL, 0},
        {"b\xff@contoso.example", "VIEW", RMS_E_BAD_ARGUMENT, 0, NULL, 0},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        size_t before = f->policy->policy.grant_count;
        const struct rms_grant *grant;

        assert_int_equal(rms_policy_grant(f->policy, rows[i].who, rows[i].rights, false), rows[i].code);
        if (rows[i].code != 0) {
            assert_int_equal(f->policy->policy.grant_count, before);
            continue;
        }
        grant = &f->policy->policy.grants[before];
        assert_int_equal(grant->principal, rows[i].principal);
        assert_int_equal(grant->rights.bits, rows[i].bits);
        if (rows[i].address != NULL) {
            assert_string_equal(grant->address, rows[i].address);
        }
    }
    assert_int_equal(rms_policy_grant(f->policy, "bob@contoso.example", "FOO", true), 0);
    assert_int_equal(rms_policy_grant(f->policy, "bob@contoso.example", "Co-Author", false), 0);
    assert_int_equal(rms_policy_grant(NULL, "bob@contoso.example", "VIEW", false), RMS_E_BAD_ARGUMENT);
}

/* touches: C-062 */
static void only_for_me(void **state)
{
    struct fixture *f = *state;

    assert_true(f->policy->policy.only_me);
    assert_int_equal(rms_builder_check(f->alice, f->policy, rms_clock_now()), 0);
    rms_must(rms_policy_grant(f->policy, "anyone", "VIEW", false));
    assert_false(f->policy->policy.only_me);
}

/* touches: C-064 */
static void limits(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(rms_policy_set_expiry(f->policy, rms_clock_now() - 1), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_policy_set_expiry(f->policy, rms_clock_now() + 100), 0);
    assert_int_equal(rms_policy_set_expiry_days(f->policy, 0), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_policy_set_expiry_days(f->policy, 36501), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_policy_set_expiry_days(f->policy, 36500), 0);
    assert_int_equal(rms_policy_set_offline_days(f->policy, -2), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_policy_set_offline_days(f->policy, 10000), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_policy_set_offline_days(f->policy, 0), 0);
    assert_int_equal(rms_policy_set_owner(f->policy, "nobody"), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_policy_set_referral(f->policy, "nobody"), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_policy_set_referral(f->policy, "mailto:a@b.example"), 0);
    assert_int_equal(rms_policy_set_name(f->policy, "", "x", NULL), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_policy_set_name(f->policy, "x", "x", "xx"), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_policy_add_data(f->policy, false, "a", "b\x01"), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_policy_add_data(f->policy, false, "a", NULL), RMS_E_BAD_ARGUMENT);
}

/* What the library writes itself and believes when it opens cannot be given: the file would be lost. */
static void reserved_names(void **state)
{
    static const char *const names[] = {"OpenRMS.Issuer", "openrms.x", "Container.Size",
        "Container.Extension", "container.size", "CONTAINER.", "Container.Later"};
    static const char *const free_names[] = {
        "Container", "Containers", "My.Container.Size", "MS.Content.Name"};
    struct fixture *f = *state;
    struct rms_policy_builder *policy = NULL;
    struct rms_policy_builder *template = NULL;

    rms_must(rms_policy_from_template(f->alice, RMS_TEST_TEMPLATE, &template));
    for (size_t i = 0; i < RMS_COUNT(names); i++) {
        char text[256];

        assert_int_equal(rms_policy_add_data(f->policy, false, names[i], "1"), RMS_E_BAD_ARGUMENT);
        assert_int_equal(rms_policy_add_data(f->policy, true, names[i], "1"), RMS_E_BAD_ARGUMENT);
        assert_int_equal(rms_policy_add_data(template, false, names[i], "1"), RMS_E_BAD_ARGUMENT);
        (void)snprintf(
            text, sizeof text, HEAD ",\"Policy\":{},\"SignedApplicationData\":{\"%s\":\"1\"}}", names[i]);
        assert_int_equal(rms_policy_load(f->alice, text, strlen(text), &policy), RMS_E_BAD_ARGUMENT);
        assert_null(policy);
    }
    for (size_t i = 0; i < RMS_COUNT(free_names); i++) {
        assert_int_equal(rms_policy_add_data(f->policy, false, free_names[i], "1"), 0);
    }
    rms_policy_free(&template);
}

static void a_template_stays_as_it_is(void **state)
{
    struct fixture *f = *state;
    struct rms_policy_builder *policy = NULL;

    rms_must(rms_policy_from_template(f->alice, RMS_TEST_TEMPLATE, &policy));
    assert_int_equal(rms_policy_grant(policy, "anyone", "VIEW", false), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_policy_set_expiry_days(policy, 3), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_policy_set_offline_days(policy, 3), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_policy_add_data(policy, true, "a", "b"), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_policy_add_data(policy, false, "a", "b"), 0);
    rms_policy_free(&policy);
}

static int collect(void *user_data, const void *data, size_t len)
{
    rms_buf_append(user_data, data, len);
    return rms_buf_status(user_data);
}

static void fill(struct rms_policy_builder *policy)
{
    rms_must(rms_policy_grant(policy, RMS_TEST_BOB, "VIEW PRINT", false));
    rms_must(rms_policy_grant(policy, "domain:fabrikam.example", "Reviewer", false));
    rms_must(rms_policy_grant(policy, "anyone", "FOO", true));
    rms_must(rms_policy_set_name(policy, "Plan", "Only a plan", "en-US"));
    rms_must(rms_policy_set_name(policy, "Entwurf", "Nur ein Entwurf", "de-DE"));
    rms_must(rms_policy_set_expiry_days(policy, 30));
    rms_must(rms_policy_set_offline_days(policy, 7));
    rms_must(rms_policy_set_owner(policy, "carol@contoso.example"));
    rms_must(rms_policy_set_referral(policy, RMS_TEST_ALICE));
    rms_must(rms_policy_add_data(policy, false, "Project", "Blue"));
    rms_must(rms_policy_add_data(policy, true, "Case", "1138"));
}

/* touches: C-228, C-229 */
static void text_and_back(void **state)
{
    struct fixture *f = *state;
    struct rms_buf RMS_BUF_CLEANUP first = RMS_BUF_INIT(65536);
    struct rms_buf RMS_BUF_CLEANUP second = RMS_BUF_INIT(65536);
    struct rms_policy_builder *again = NULL;

    fill(f->policy);
    assert_int_equal(rms_policy_save(f->policy, collect, &first), 0);
    assert_int_equal(rms_policy_load(f->alice, first.data, first.len, &again), 0);
    assert_int_equal(rms_policy_save(again, collect, &second), 0);
    assert_string_equal(rms_buf_text(&first), rms_buf_text(&second));
    assert_int_equal(again->policy.expiry, RMS_EXPIRY_AFTER_DAYS);
    assert_int_equal(again->policy.expiry_days, 30);
    assert_int_equal(again->policy.offline_days, 7);
    assert_int_equal(again->policy.grant_count, 3);
    assert_string_equal(again->owner, "carol@contoso.example");
    rms_policy_free(&again);
}

static void template_and_back(void **state)
{
    struct fixture *f = *state;
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(65536);
    struct rms_policy_builder *policy = NULL;
    struct rms_policy_builder *again = NULL;

    rms_must(rms_policy_from_template(f->alice, RMS_TEST_TEMPLATE, &policy));
    assert_int_equal(rms_policy_save(policy, collect, &text), 0);
    assert_int_equal(rms_policy_load(f->alice, text.data, text.len, &again), 0);
    assert_string_equal(again->policy.id, RMS_TEST_TEMPLATE);
    assert_true(again->template_text.len > 0);
    rms_policy_free(&policy);
    rms_policy_free(&again);
}

static void texts_that_are_refused(void **state)
{
    static const struct {
        const char *text;
        int code;
    } rows[] = {
        {"", RMS_E_BAD_ARGUMENT},
        {"{", RMS_E_BAD_ARGUMENT},
        {"[]", RMS_E_BAD_ARGUMENT},
        {"{\"OpenRMS\":\"label\",\"Version\":1}", RMS_E_BAD_ARGUMENT},
        {"{\"OpenRMS\":\"permissions\",\"Version\":2,\"Policy\":{}}", RMS_E_UNSUPPORTED_VERSION},
        {HEAD "}", RMS_E_BAD_ARGUMENT},
        {HEAD ",\"Policy\":{\"UserRights\":[{\"Users\":[\"nobody\"],\"Rights\":[\"VIEW\"]}]}}",
            RMS_E_BAD_ARGUMENT},
        {HEAD ",\"Policy\":{\"UserRights\":[{\"Users\":[7],\"Rights\":[\"VIEW\"]}]}}", RMS_E_BAD_ARGUMENT},
        {HEAD ",\"Policy\":{},\"ExpiryDays\":0}", RMS_E_BAD_ARGUMENT},
        {HEAD ",\"Policy\":{\"LicenseValidUntil\":\"2001-01-01T00:00:00Z\"}}", RMS_E_BAD_ARGUMENT},
        {HEAD ",\"Policy\":{\"IntervalTimeInDays\":-7}}", RMS_E_BAD_ARGUMENT},
        {HEAD ",\"TemplateId\":\"00000000-0000-0000-0000-000000000000\"}", RMS_E_TEMPLATE_NOT_FOUND},
        {HEAD ",\"Policy\":{}}", 0},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        struct rms_policy_builder *policy = NULL;

        assert_int_equal(
            rms_policy_load(f->alice, rows[i].text, strlen(rows[i].text), &policy), rows[i].code);
        assert_true((policy != NULL) == (rows[i].code == 0));
        rms_policy_free(&policy);
    }
}

/* The body of online publishing (rest-protocol section 8). */
static void request(void **state)
{
    static const struct rms_name_value more[] = {{"Container.Size", "7"}};
    struct fixture *f = *state;
    json_t RMS_JSON_CLEANUP *body = NULL;
    const json_t *policy;

    fill(f->policy);
    body = rms_builder_request(f->policy, 1000000000, more, 1);
    policy = json_object_get(body, "Policy");
    assert_int_equal(json_array_size(json_object_get(policy, "UserRights")), 3);
    assert_int_equal(json_array_size(json_object_get(policy, "Descriptors")), 2);
    assert_true(json_is_true(json_object_get(policy, "allowOfflineAccess")));
    assert_int_equal(json_integer_value(json_object_get(policy, "IntervalTimeInDays")), 7);
    assert_string_equal(rms_json_str(policy, "LicenseValidUntil"), "2001-10-09T01:46:40Z");
    assert_string_equal(rms_json_str(json_object_get(policy, "EncryptedApplicationData"), "Case"), "1138");
    assert_string_equal(rms_json_str(json_object_get(body, "SignedApplicationData"), "Project"), "Blue");
    assert_string_equal(rms_json_str(json_object_get(body, "SignedApplicationData"), "Container.Size"), "7");
    assert_string_equal(rms_json_str(body, "OwnerEmail"), "carol@contoso.example");
    assert_true(json_is_false(json_object_get(body, "PreferDeprecatedAlgorithms")));
    assert_null(json_object_get(body, "TemplateId"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(grants),
        TEST(only_for_me),
        TEST(limits),
        TEST(reserved_names),
        TEST(a_template_stays_as_it_is),
        TEST(text_and_back),
        TEST(template_and_back),
        TEST(texts_that_are_refused),
        TEST(request),
    };

    return cmocka_run_group_tests_name("client builder", tests, NULL, NULL);
}
