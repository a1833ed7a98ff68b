#include "store/testing.h"

static void test_create_and_read(void **state)
{
    static const char *const domains[] = {"Contoso.TEST", "b\xc3\xbc"
                                                          "cher.test"};
    struct lab *lab = *state;
    struct rms_tenant tenant;
    struct rms_tenant read;

    assert_int_equal(rms_tenant_init(lab->arena, "Contoso", LAB_TIME, &tenant), 0);
    tenant.domains = domains;
    tenant.domain_count = 2;
    assert_int_equal(rms_tenant_create(lab->db, &tenant), 0);
    assert_int_equal(rms_tenant_get(lab->db, lab->arena, tenant.id, &read), 0);
    assert_string_equal(read.id, tenant.id);
    assert_string_equal(read.service_id, tenant.service_id);
    assert_string_not_equal(read.id, read.service_id);
    assert_string_equal(read.name, "Contoso");
    assert_int_equal(read.state, RMS_TENANT_ENABLED);
    assert_true(read.created_at == LAB_TIME);
    assert_int_equal(read.max_use_licence_days, 30);
    assert_int_equal(read.group_cache_s, 10800);
    assert_false(read.removal_rights_extract);
    assert_false(read.super_users_enabled);
    assert_null(read.super_user_group);
    assert_int_equal(read.key_rollover_count, 0);
    assert_string_equal(read.settings, "{}");
    assert_int_equal(read.domain_count, 2);
    assert_string_equal(read.domains[0], "contoso.test");
    assert_string_equal(read.domains[1], "xn--bcher-kva.test");
}

/* One row of bad input each; nothing may be left behind. */
static void test_refused(void **state)
{
    static const char *const good[] = {"new.test"};
    static const char *const taken[] = {"fresh.test", "CONTOSO.test"};
    static const char *const twice[] = {"fresh.test", "Fresh.test"};
    static const char *const shapes[][1] = {{""}, {"a@b.test"}, {"with blank.test"}, {"a..test"}, {NULL}};
    struct lab *lab = *state;
    const char *first = lab_tenant(lab, "contoso.test", NULL);
    struct rms_tenant tenant;
    struct rms_tenants all;

    assert_int_equal(rms_tenant_init(lab->arena, "New", LAB_TIME, &tenant), 0);
    assert_int_equal(rms_tenant_create(lab->db, &tenant), RMS_E_BAD_ARGUMENT); /* no domain */
    tenant.domains = taken;
    tenant.domain_count = 2;
    assert_int_equal(rms_tenant_create(lab->db, &tenant), RMS_E_CONFLICT);
    tenant.domains = twice;
    assert_int_equal(rms_tenant_create(lab->db, &tenant), RMS_E_CONFLICT);
    tenant.domain_count = 1;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        tenant.domains = shapes[i];
        assert_int_equal(rms_tenant_create(lab->db, &tenant), RMS_E_BAD_ARGUMENT);
    }
    tenant.domains = good;
    tenant.group_cache_s = RMS_GROUP_CACHE_MAX_S + 1;
    assert_int_equal(rms_tenant_create(lab->db, &tenant), RMS_E_BAD_ARGUMENT);
    tenant.group_cache_s = 0;
    tenant.max_use_licence_days = RMS_MAX_USE_LICENCE_DAYS_MAX + 1;
    assert_int_equal(rms_tenant_create(lab->db, &tenant), RMS_E_BAD_ARGUMENT);
    tenant.max_use_licence_days = 0;
    tenant.name = "";
    assert_int_equal(rms_tenant_create(lab->db, &tenant), RMS_E_BAD_ARGUMENT);
    tenant.name = "tab\there";
    assert_int_equal(rms_tenant_create(lab->db, &tenant), RMS_E_BAD_ARGUMENT);
    tenant.name = "New";
    tenant.id = "not-a-guid";
    assert_int_equal(rms_tenant_create(lab->db, &tenant), RMS_E_BAD_ARGUMENT);
    tenant.id = first;
    assert_int_equal(rms_tenant_create(lab->db, &tenant), RMS_E_CONFLICT);

    assert_int_equal(rms_tenant_list(lab->db, lab->arena, &all), 0);
    assert_int_equal(all.count, 1);
    assert_int_equal(all.items[0].domain_count, 1);
}

static void test_find(void **state)
{
    struct lab *lab = *state;
    const char *id = lab_tenant(lab, "contoso.test", "contoso-alt.test");
    struct rms_tenant tenant;
    char upper[64];
    const char *names[4];

    (void)lab_tenant(lab, "fabrikam.test", NULL);
    assert_int_equal(rms_tenant_get(lab->db, lab->arena, id, &tenant), 0);
    (void)snprintf(upper, sizeof upper, "{%s}", id);
    for (char *c = upper; *c != '\0'; c++) {
        *c = *c >= 'a' && *c <= 'f' ? (char)(*c - 32) : *c;
    }
    names[0] = id;
    names[1] = upper;
    names[2] = tenant.service_id;
    names[3] = "CONTOSO-ALT.test";
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(rms_tenant_find(lab->db, lab->arena, names[i], &tenant), 0);
        assert_string_equal(tenant.id, id);
    }
    static const char *const unknown[] = {
        "other.test", "", "a@contoso.test", "contoso", "00000000-0000-0000-0000-000000000000", "' OR 1=1 --"};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        assert_int_equal(rms_tenant_find(lab->db, lab->arena, unknown[i], &tenant), RMS_E_NOT_FOUND);
    }
    assert_int_equal(rms_tenant_get(lab->db, lab->arena, "nothing", &tenant), RMS_E_NOT_FOUND);
}

static void test_states(void **state)
{
    static const struct {
        const char *name;
        int code;
        enum rms_tenant_state state;
    } names[] = {
        {"Enabled", 0, RMS_TENANT_ENABLED},
        {"disabled", 0, RMS_TENANT_DISABLED},
        {"ConsumeOnly", 0, RMS_TENANT_CONSUME_ONLY},
        {"consume-only", 0, RMS_TENANT_CONSUME_ONLY},
        {"foo", RMS_E_BAD_ARGUMENT, RMS_TENANT_ENABLED},
        {"", RMS_E_BAD_ARGUMENT, RMS_TENANT_ENABLED},
    };
    struct lab *lab = *state;
    const char *id = lab_tenant(lab, "contoso.test", NULL);
    struct rms_tenant tenant;
    bool changed = true;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        enum rms_tenant_state parsed = RMS_TENANT_ENABLED;

        assert_int_equal(rms_tenant_state_parse(names[i].name, &parsed), names[i].code);
        assert_int_equal(parsed, names[i].state);
    }
    assert_string_equal(rms_tenant_state_name(RMS_TENANT_CONSUME_ONLY), "ConsumeOnly");
    assert_string_equal(rms_tenant_state_name((enum rms_tenant_state)9), "");

    assert_int_equal(rms_tenant_set_state(lab->db, id, RMS_TENANT_ENABLED, &changed), 0);
    assert_false(changed); /* S-004: enabling twice changes nothing */
    assert_int_equal(rms_tenant_set_state(lab->db, id, RMS_TENANT_DISABLED, &changed), 0);
    assert_true(changed);
    assert_int_equal(rms_tenant_get(lab->db, lab->arena, id, &tenant), 0);
    assert_int_equal(tenant.state, RMS_TENANT_DISABLED);
    assert_int_equal(
        rms_tenant_set_state(lab->db, "unknown", RMS_TENANT_DISABLED, &changed), RMS_E_NOT_FOUND);
    assert_int_equal(
        rms_tenant_set_state(lab->db, id, (enum rms_tenant_state)3, &changed), RMS_E_BAD_ARGUMENT);
}

static void test_update(void **state)
{
    struct lab *lab = *state;
    const char *id = lab_tenant(lab, "contoso.test", NULL);
    struct rms_tenant tenant;

    assert_int_equal(rms_tenant_get(lab->db, lab->arena, id, &tenant), 0);
    tenant.name = "Contoso \xc3\xa9t\xc3\xa9";
    tenant.max_use_licence_days = 65535;
    tenant.group_cache_s = 60;
    tenant.removal_rights_extract = true;
    tenant.settings = "{\"a\":1}";
    assert_int_equal(rms_tenant_update(lab->db, &tenant), 0);
    assert_int_equal(rms_tenant_get(lab->db, lab->arena, id, &tenant), 0);
    assert_string_equal(tenant.name, "Contoso \xc3\xa9t\xc3\xa9");
    assert_int_equal(tenant.max_use_licence_days, 65535);
    assert_int_equal(tenant.group_cache_s, 60);
    assert_true(tenant.removal_rights_extract);
    assert_string_equal(tenant.settings, "{\"a\":1}");
    tenant.id = "unknown";
    assert_int_equal(rms_tenant_update(lab->db, &tenant), RMS_E_NOT_FOUND);
}

static void test_domains(void **state)
{
    struct lab *lab = *state;
    const char *c = lab_tenant(lab, "contoso.test", NULL);
    const char *f = lab_tenant(lab, "fabrikam.test", NULL);
    struct rms_tenant tenant;

    assert_int_equal(rms_tenant_add_domain(lab->db, c, "second.test"), 0);
    assert_int_equal(rms_tenant_add_domain(lab->db, c, "Second.TEST"), RMS_E_CONFLICT);
    assert_int_equal(rms_tenant_add_domain(lab->db, f, "second.test"), RMS_E_CONFLICT);
    assert_int_equal(rms_tenant_add_domain(lab->db, "unknown", "third.test"), RMS_E_NOT_FOUND);
    assert_int_equal(rms_tenant_add_domain(lab->db, c, "no domain"), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_tenant_get(lab->db, lab->arena, c, &tenant), 0);
    assert_int_equal(tenant.domain_count, 2);
    assert_string_equal(tenant.domains[1], "second.test");
}

/* Survives restart. touches: S-035 */
static void test_survives_restart(void **state)
{
    struct lab *lab = *state;
    const char *id = lab_tenant(lab, "contoso.test", NULL);
    struct rms_tenant tenant;

    lab_close(lab);
    lab_open(lab);
    assert_int_equal(rms_tenant_get(lab->db, lab->arena, id, &tenant), 0);
    assert_string_equal(tenant.domains[0], "contoso.test");
}

static void test_small_arena(void **state)
{
    struct lab *lab = *state;
    const char *id = lab_tenant(lab, "contoso.test", NULL);
    struct rms_tenant tenant;
    int code = RMS_E_NO_MEMORY;

    for (size_t size = 16; code == RMS_E_NO_MEMORY && size < 4096; size += 16) {
        RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(size);

        code = rms_tenant_get(lab->db, arena, id, &tenant);
    }
    assert_int_equal(code, 0);
}

/* touches: S-011, S-013 */
static void test_onboarding(void **state)
{
    struct lab *lab = *state;
    const char *id = lab_tenant(lab, "contoso.test", NULL);
    const struct rms_onboarding set = {true, lab_guid(lab), RMS_ONBOARD_REST};
    enum rms_onboarding_scope scope;
    struct rms_tenant read;

    assert_int_equal(rms_tenant_get(lab->db, lab->arena, id, &read), 0);
    assert_true(!read.onboarding.licence && read.onboarding.group_id == NULL);
    assert_int_equal(rms_tenant_set_onboarding(lab->db, id, &set), 0);
    assert_int_equal(rms_tenant_update(lab->db, &read), 0); /* of other settings: leaves it alone */
    assert_int_equal(rms_tenant_get(lab->db, lab->arena, id, &read), 0);
    assert_true(read.onboarding.licence);
    assert_string_equal(read.onboarding.group_id, set.group_id);
    assert_int_equal(read.onboarding.scope, RMS_ONBOARD_REST);
    assert_int_equal(rms_tenant_set_onboarding(lab->db, lab_guid(lab), &set), RMS_E_NOT_FOUND);
    assert_int_equal(rms_onboarding_scope_parse("windowsAPP", &scope), 0);
    assert_int_equal(scope, RMS_ONBOARD_DESKTOP);
    assert_int_equal(rms_onboarding_scope_parse("Phone", &scope), RMS_E_BAD_ARGUMENT);
    assert_string_equal(rms_onboarding_scope_name((enum rms_onboarding_scope)9), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB_TEST(test_create_and_read),
        LAB_TEST(test_refused),
        LAB_TEST(test_find),
        LAB_TEST(test_states),
        LAB_TEST(test_update),
        LAB_TEST(test_domains),
        LAB_TEST(test_onboarding),
        LAB_TEST(test_survives_restart),
        LAB_TEST(test_small_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
