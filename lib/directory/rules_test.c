#include "directory/testing.h"

#include "directory/rules.h"

/* proves: S-037
 * erin's two proxyAddresses open for her, her UPN does not; dave, who has none, opens by his UPN. */
static void test_proxy_addresses_else_upn(void **state)
{
    struct cast *cast = *state;

    assert_true(cast_opens(cast, "erin.m@contoso.test", cast->erin));
    assert_true(cast_opens(cast, "e.m@contoso-alt.test", cast->erin));
    assert_false(cast_opens(cast, "erin@contoso.test", cast->erin));
    assert_true(cast_opens(cast, "dave@contoso.test", cast->dave));
    assert_false(cast_opens(cast, "dave@contoso.test", cast->erin));
}

static void set_proxies(struct cast *cast, const char *id, const char *const *values, size_t count)
{
    const struct rms_account_change change = {
        .set_proxy_addresses = true, .proxy_addresses = values, .proxy_address_count = count};

    assert_int_equal(rms_account_change(cast->lab->db, cast->c, id, &change), 0);
}

static const char *reason_of(const struct rms_explanation *explanation, const char *value)
{
    for (size_t i = 0; i < explanation->ignored_count; i++) {
        if (strcmp(explanation->ignored[i].value, value) == 0) {
            return explanation->ignored[i].reason;
        }
    }
    return "(not listed)";
}

/* proves: S-038 */
static void test_prefixes_case_blanks(void **state)
{
    static const char *const values[] = {"SMTP:A@contoso.test", " smtp: b@contoso.test", "SIP:c@contoso.test",
        "X500:/o=contoso/cn=d", "", "smtp:noat.contoso.test", "smtp:two@at@contoso.test",
        "smtp:x@elsewhere.test"};
    struct cast *cast = *state;
    struct rms_explanation *explanation = NULL;

    set_proxies(cast, cast->dave, values, sizeof values / sizeof values[0]);
    assert_true(cast_opens(cast, "a@contoso.test", cast->dave));
    assert_true(cast_opens(cast, "b@contoso.test", cast->dave));
    assert_false(cast_opens(cast, "c@contoso.test", cast->dave));
    assert_false(cast_opens(cast, "dave@contoso.test", cast->dave));
    assert_false(cast_opens(cast, "x@elsewhere.test", cast->dave));

    assert_int_equal(
        rms_directory_explain(cast->directory, cast->lab->db, cast->c, cast->dave, &explanation), 0);
    assert_int_equal(explanation->usable_count, 2);
    assert_string_equal(reason_of(explanation, "SIP:c@contoso.test"), "not an SMTP address");
    assert_string_equal(reason_of(explanation, "X500:/o=contoso/cn=d"), "not an SMTP address");
    assert_string_equal(reason_of(explanation, ""), "empty value");
    assert_string_equal(reason_of(explanation, "smtp:noat.contoso.test"), "not an e-mail address");
    assert_string_equal(reason_of(explanation, "smtp:two@at@contoso.test"), "not an e-mail address");
    assert_string_equal(reason_of(explanation, "smtp:x@elsewhere.test"), "domain not verified");
    assert_string_equal(reason_of(explanation, "dave@contoso.test"), "not used: proxyAddresses is not empty");
    rms_explanation_free(&explanation);
    assert_null(explanation);
}

/* proves: S-039 */
static void test_upn_as_address_and_group_for_unverified(void **state)
{
    static const char *const values[] = {
        "SMTP:erin.m@contoso.test", "smtp:e.m@contoso-alt.test", "smtp:erin@contoso.test"};
    struct cast *cast = *state;

    set_proxies(cast, cast->erin, values, 3);
    assert_true(cast_opens(cast, "erin@contoso.test", cast->erin));

    assert_false(cast_opens(cast, "frank@contoso.local", cast->frank));
    assert_false(cast_opens(cast, "mkt@contoso.test", cast->frank));
    lab_join(cast->lab, cast->c, cast->mkt, cast->frank);
    assert_int_equal(rms_directory_refresh(cast->directory, cast->lab->db, cast->c, "mkt"), 0);
    assert_true(cast_opens(cast, "mkt@contoso.test", cast->frank));
    assert_false(cast_opens(cast, "frank@contoso.local", cast->frank));
}

/* touches: S-041
 * Grants by address only; re-protecting and templates are the service's. */
static void test_renamed(void **state)
{
    static const char *const with_alias[] = {"SMTP:robert@contoso.test", "smtp:bob@contoso.test"};
    static const char *const without[] = {"SMTP:robert@contoso.test"};
    struct cast *cast = *state;

    set_proxies(cast, cast->bob, with_alias, 2);
    assert_true(cast_opens(cast, "bob@contoso.test", cast->bob));
    set_proxies(cast, cast->bob, without, 1);
    assert_false(cast_opens(cast, "bob@contoso.test", cast->bob));
    assert_true(cast_opens(cast, "robert@contoso.test", cast->bob));
}

/* A domain counts from the moment it is verified, for addresses entered before too. touches: S-025 */
static void test_domain_verified_later(void **state)
{
    static const char *const values[] = {"SMTP:bob@contoso.test", "smtp:bob@new.test"};
    struct cast *cast = *state;

    set_proxies(cast, cast->bob, values, 2);
    assert_false(cast_opens(cast, "bob@new.test", cast->bob));
    assert_int_equal(rms_tenant_add_domain(cast->lab->db, cast->c, "new.test"), 0);
    assert_true(cast_opens(cast, "bob@new.test", cast->bob));
    assert_int_equal(rms_tenant_add_domain(cast->lab->db, cast->c, "fabrikam.test"), RMS_E_CONFLICT);
}

/* An account cannot take an address in a domain of another tenant. */
static void test_foreign_domain(void **state)
{
    static const char *const values[] = {"SMTP:fay.s@fabrikam.test", "smtp:bob@contoso.test"};
    struct cast *cast = *state;

    set_proxies(cast, cast->bob, values, 2);
    assert_false(cast_opens(cast, "fay.s@fabrikam.test", cast->bob));
    assert_true(cast_opens(cast, "bob@contoso.test", cast->bob));
}

static struct rms_addresses addresses_of(
    struct rms_arena *arena, const struct rms_account *account, const char *const *values, size_t count)
{
    static const char *const domains[] = {"contoso.test"};
    const struct rms_tenant tenant = {.domains = domains, .domain_count = 1};
    struct rms_account filled = *account;
    struct rms_addresses addresses;

    filled.proxy_addresses = values;
    filled.proxy_address_count = count;
    assert_int_equal(rms_addresses_of(arena, &filled, &tenant, &addresses), 0);
    return addresses;
}

static void test_primary(void **state)
{
    static const struct {
        const char *values[3];
        const char *primary;
        size_t usable;
    } cases[] = {
        {{"SMTP:a@contoso.test", "smtp:b@contoso.test"}, "a@contoso.test", 2},
        {{"smtp:b@contoso.test", "SMTP:a@contoso.test"}, "a@contoso.test", 2},
        {{"smtp:b@contoso.test", "smtp:a@contoso.test"}, "b@contoso.test", 2},
        {{"SMTP:a@contoso.test", "SMTP:b@contoso.test"}, "a@contoso.test", 2},
        {{"SMTP:a@other.test", "smtp:b@contoso.test"}, "b@contoso.test", 1},
        {{"smtp:a@contoso.test", "SMTP:A@CONTOSO.test"}, "a@contoso.test", 1},
        {{"a@contoso.test"}, "a@contoso.test", 1},
        {{"SMTP:a@other.test"}, NULL, 0},
        {{"  "}, "u@contoso.test", 1},
        {{"sip:a@contoso.test"}, NULL, 0},
    };
    const struct rms_account account = {.upn = "U@contoso.test"};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(1u << 16);
        size_t count = 0;

        while (count < 3 && cases[i].values[count] != NULL) {
            count++;
        }
        struct rms_addresses addresses = addresses_of(arena, &account, cases[i].values, count);
        assert_int_equal(addresses.usable_count, cases[i].usable);
        if (cases[i].primary == NULL) {
            assert_null(addresses.primary);
        } else {
            assert_string_equal(addresses.primary, cases[i].primary);
        }
    }
}

static void test_guest_addresses(void **state)
{
    static const char *const values[] = {"SMTP:gina@partner.test"};
    const struct rms_account guest = {.upn = "gina_partner@contoso.test", .guest = true};
    const struct rms_account bare = {.upn = "gina@partner.test", .guest = true};
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(1u << 16);

    (void)state;
    assert_string_equal(addresses_of(arena, &guest, values, 1).primary, "gina@partner.test");
    assert_int_equal(addresses_of(arena, &guest, values, 1).usable_count, 1);
    assert_string_equal(addresses_of(arena, &bare, NULL, 0).primary, "gina@partner.test");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CAST_TEST(test_proxy_addresses_else_upn),
        CAST_TEST(test_prefixes_case_blanks),
        CAST_TEST(test_upn_as_address_and_group_for_unverified),
        CAST_TEST(test_renamed),
        CAST_TEST(test_domain_verified_later),
        CAST_TEST(test_foreign_domain),
        cmocka_unit_test(test_primary),
        cmocka_unit_test(test_guest_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
