#include "store/testing.h"

#include "store/template.h"

static const struct rms_policy_text texts[] = {
    {1033, "Confidential \\ All", "For \"us\" <only>"}, {1031, "Vertraulich", "F\xc3\xbcr uns"}};
static const char *const custom[] = {"ACME.MEASURE"};
static const struct rms_grant grants[] = {
    {RMS_PRINCIPAL_ADDRESS, "mkt@contoso.test", {RMS_RIGHT_VIEW | RMS_RIGHT_PRINT, custom, 1}, 1900000000,
        1900000100},
    {RMS_PRINCIPAL_DOMAIN, "contoso.test", {RMS_RIGHT_VIEW, NULL, 0}, RMS_TIME_NONE, RMS_TIME_NONE},
    {RMS_PRINCIPAL_ANYONE, NULL, {RMS_RIGHT_VIEW, NULL, 0}, RMS_TIME_NONE, RMS_TIME_NONE},
    {RMS_PRINCIPAL_OWNER, NULL, {RMS_RIGHT_OWNER, NULL, 0}, RMS_TIME_NONE, RMS_TIME_NONE},
};
static const struct rms_name_value data[] = {{"k", "v"}, {"\xe2\x82\xac", ""}};

/* Every field with a value that is not its default. */
static struct rms_policy full_policy(void)
{
    return (struct rms_policy){
        .id = "7184ab3f-ccd1-46f3-8233-3e09e9cf0e66",
        .from_template = true,
        .texts = texts,
        .text_count = 2,
        .referral = "mailto:it@contoso.test",
        .grants = grants,
        .grant_count = 4,
        .only_me = true,
        .expiry = RMS_EXPIRY_ON_DATE,
        .expires_at = 2000000000,
        .starts_at = 1900000000,
        .expiry_days = 4000000000u,
        .offline_days = -1,
        .audited_extraction = true,
        .author_listed = true,
        .signed_data = data,
        .signed_count = 1,
        .encrypted_data = data,
        .encrypted_count = 2,
    };
}

static void assert_text(const char *a, const char *b)
{
    if (a == NULL || b == NULL) {
        assert_ptr_equal(a, b);
    } else {
        assert_string_equal(a, b);
    }
}

static void assert_grants(const struct rms_policy *a, const struct rms_policy *b)
{
    assert_int_equal(a->grant_count, b->grant_count);
    for (size_t i = 0; i < a->grant_count; i++) {
        assert_int_equal(a->grants[i].principal, b->grants[i].principal);
        assert_text(a->grants[i].address, b->grants[i].address);
        assert_int_equal(a->grants[i].rights.bits, b->grants[i].rights.bits);
        assert_int_equal(a->grants[i].rights.custom_count, b->grants[i].rights.custom_count);
        for (size_t j = 0; j < a->grants[i].rights.custom_count; j++) {
            assert_string_equal(a->grants[i].rights.custom[j], b->grants[i].rights.custom[j]);
        }
        assert_true(a->grants[i].from == b->grants[i].from);
        assert_true(a->grants[i].until == b->grants[i].until);
    }
}

static void assert_data(const struct rms_name_value *a, const struct rms_name_value *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(a[i].name, b[i].name);
        assert_string_equal(a[i].value, b[i].value);
    }
}

static void assert_policy(const struct rms_policy *a, const struct rms_policy *b)
{
    assert_string_equal(a->id, b->id);
    assert_int_equal(a->from_template, b->from_template);
    assert_int_equal(a->text_count, b->text_count);
    for (size_t i = 0; i < a->text_count; i++) {
        assert_int_equal(a->texts[i].lcid, b->texts[i].lcid);
        assert_text(a->texts[i].name, b->texts[i].name);
        assert_text(a->texts[i].description, b->texts[i].description);
    }
    assert_text(a->referral, b->referral);
    assert_grants(a, b);
    assert_int_equal(a->only_me, b->only_me);
    assert_int_equal(a->expiry, b->expiry);
    assert_true(a->expires_at == b->expires_at);
    assert_true(a->starts_at == b->starts_at);
    assert_int_equal(a->expiry_days, b->expiry_days);
    assert_int_equal(a->offline_days, b->offline_days);
    assert_int_equal(a->audited_extraction, b->audited_extraction);
    assert_int_equal(a->author_listed, b->author_listed);
    assert_int_equal(a->signed_count, b->signed_count);
    assert_int_equal(a->encrypted_count, b->encrypted_count);
    assert_data(a->signed_data, b->signed_data, a->signed_count);
    assert_data(a->encrypted_data, b->encrypted_data, a->encrypted_count);
}

static void test_policy_round_trip(void **state)
{
    const struct rms_policy policies[] = {full_policy(),
        {.id = "a", .expires_at = RMS_TIME_NONE, .starts_at = RMS_TIME_NONE},
        {.expiry = RMS_EXPIRY_AFTER_DAYS, .expiry_days = 10, .expires_at = RMS_TIME_NONE, .starts_at = -5}};

    (void)state;
    for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++) {
        RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(1u << 20);
        RMS_BUF_CLEANUP struct rms_buf json = RMS_BUF_INIT(1u << 20);
        struct rms_policy read;

        assert_int_equal(rms_policy_to_json(&policies[i], &json), 0);
        assert_int_equal(rms_policy_from_json(arena, rms_buf_view(&json), &read), 0);
        assert_policy(&read, &policies[i]);
    }
}

/* The form that version 1 is, written out: a later build must still read it. */
static void test_policy_version_1(void **state)
{
    static const char form[] =
        "{\"version\":1,\"id\":\"x\",\"from_template\":true,\"texts\":[{\"lcid\":1033,\"name\":\"N\","
        "\"description\":\"D\"}],\"grants\":[{\"to\":\"address\",\"address\":\"a@b.test\","
        "\"rights\":[\"VIEW\",\"EDIT\"],\"until\":5}],\"only_me\":false,\"expiry\":\"after-days\","
        "\"expiry_days\":10,\"offline_days\":7,\"audited_extraction\":false,\"signed_data\":[],"
        "\"encrypted_data\":[]}";
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(1u << 20);
    struct rms_policy policy;

    (void)state;
    assert_int_equal(rms_policy_from_json(arena, RMS_VIEW_LITERAL(form), &policy), 0);
    assert_int_equal(policy.grants[0].rights.bits, RMS_RIGHT_VIEW | RMS_RIGHT_EDIT);
    assert_true(policy.grants[0].from == RMS_TIME_NONE);
    assert_int_equal(policy.grants[0].until, 5);
    assert_int_equal(policy.expiry, RMS_EXPIRY_AFTER_DAYS);
    assert_int_equal(policy.offline_days, 7);
    assert_true(policy.starts_at == RMS_TIME_NONE);
}

static void test_policy_damaged(void **state)
{
    static const struct {
        const char *json;
        int code;
    } cases[] = {
        {"", RMS_E_DAMAGED},
        {"[]", RMS_E_DAMAGED},
        {"{}", RMS_E_DAMAGED},
        {"{\"version\":\"1\"}", RMS_E_DAMAGED},
        {"{\"version\":1}", RMS_E_DAMAGED},
        {"{\"version\":2}", RMS_E_UNSUPPORTED_VERSION},
        {"{\"version\":0}", RMS_E_UNSUPPORTED_VERSION},
        {"{\"version\":1,\"version\":1}", RMS_E_DAMAGED},
    };
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(1u << 20);
    struct rms_policy policy;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(rms_policy_from_json(arena, rms_view_str(cases[i].json), &policy), cases[i].code);
    }
}

/* Each value replaced by one of another type, and the text cut short at every length: never accepted. */
static void test_policy_mutated(void **state)
{
    static const struct {
        const char *from;
        const char *to;
    } changes[] = {
        {"\"from_template\":true", "\"from_template\":1"},
        {"\"only_me\":true", "\"only_me\":null"},
        {"\"lcid\":1033", "\"lcid\":\"1033\""},
        {"\"lcid\":1033", "\"lcid\":-2"},
        {"\"expiry\":\"on-date\"", "\"expiry\":\"sometimes\""},
        {"\"expiry_days\":4000000000", "\"expiry_days\":40000000000"},
        {"\"offline_days\":-1", "\"offline_days\":-2"},
        {"\"to\":\"address\"", "\"to\":\"everyone\""},
        {"\"rights\":[\"VIEW\",\"PRINT\"", "\"rights\":[1,\"PRINT\""},
        {"\"ACME.MEASURE\"", "\"not a right!\""},
        {"\"until\":1900000100", "\"until\":true"},
        {"\"texts\":[", "\"texts\":{},\"x\":["},
        {"\"signed_data\":[", "\"signed_data\":0,\"x\":["},
        {"\"name\":\"k\"", "\"nome\":\"k\""},
        {"\"id\":\"7184ab3f", "\"id\":\"00000007184ab3f"},
    };
    const struct rms_policy policy = full_policy();
    RMS_BUF_CLEANUP struct rms_buf json = RMS_BUF_INIT(1u << 20);

    (void)state;
    assert_int_equal(rms_policy_to_json(&policy, &json), 0);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(1u << 20);
        RMS_BUF_CLEANUP struct rms_buf other = RMS_BUF_INIT(1u << 20);
        const char *at = strstr(rms_buf_text(&json), changes[i].from);
        struct rms_policy read;

        if (at == NULL) {
            fail_msg("%s is not in the form", changes[i].from);
        }
        rms_buf_append(&other, json.data, (size_t)(at - rms_buf_text(&json)));
        rms_buf_append_str(&other, changes[i].to);
        rms_buf_append_str(&other, at + strlen(changes[i].from));
        assert_int_equal(rms_policy_from_json(arena, rms_buf_view(&other), &read), RMS_E_DAMAGED);
    }
    for (size_t len = 0; len < json.len; len++) {
        RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(1u << 20);
        struct rms_policy read;

        assert_int_equal(rms_policy_from_json(arena, rms_view_of(json.data, len), &read), RMS_E_DAMAGED);
    }
}

/* What would not come back as it was is refused. */
static void test_policy_not_text(void **state)
{
    static const struct rms_name_value bad_data[] = {{"k", "\xff"}};
    static const struct rms_policy_text bad_texts[] = {{1033, "\xff", "d"}};
    struct rms_policy policies[] = {full_policy(), full_policy(), full_policy()};
    RMS_BUF_CLEANUP struct rms_buf json = RMS_BUF_INIT(1u << 20);

    (void)state;
    policies[0].signed_data = bad_data;
    policies[1].texts = bad_texts;
    policies[1].text_count = 1;
    policies[2].expiry = (enum rms_expiry)3;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(rms_policy_to_json(&policies[i], &json), RMS_E_BAD_ARGUMENT);
    }
}

static void test_policy_small_arena(void **state)
{
    const struct rms_policy policy = full_policy();
    RMS_BUF_CLEANUP struct rms_buf json = RMS_BUF_INIT(1u << 20);
    int code = RMS_E_NO_MEMORY;

    (void)state;
    assert_int_equal(rms_policy_to_json(&policy, &json), 0);
    for (size_t size = 16; code == RMS_E_NO_MEMORY && size < 65536; size += 16) {
        RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(size);
        struct rms_policy read;

        code = rms_policy_from_json(arena, rms_buf_view(&json), &read);
    }
    assert_int_equal(code, 0);
}

/* Templates */

static struct rms_template make(struct lab *lab, const char *tenant_id)
{
    struct rms_template tpl = {.tenant_id = tenant_id,
        .published = true,
        .policy = full_policy(),
        .created_at = LAB_TIME,
        .modified_at = LAB_TIME};

    memcpy(tpl.policy.id, lab_guid(lab), RMS_GUID_TEXT);
    return tpl;
}

static void test_template_round_trip(void **state)
{
    static const char *const scope[] = {"mkt-eu@contoso.test", "bob@contoso.test"};
    struct lab *lab = *state;
    struct rms_template tpl = make(lab, lab_tenant(lab, "contoso.test", NULL));
    struct rms_template read;

    tpl.scope = scope;
    tpl.scope_count = 2;
    tpl.legacy_apps = true;
    tpl.label_id = lab_guid(lab);
    tpl.read_only = true;
    assert_int_equal(rms_template_create(lab->db, &tpl), 0);
    assert_int_equal(rms_template_create(lab->db, &tpl), RMS_E_CONFLICT);
    assert_int_equal(rms_template_get(lab->db, lab->arena, tpl.tenant_id, tpl.policy.id, &read), 0);
    assert_policy(&read.policy, &tpl.policy);
    assert_true(read.published && read.read_only && read.legacy_apps);
    assert_string_equal(read.label_id, tpl.label_id);
    assert_int_equal(read.scope_count, 2);
    assert_string_equal(read.scope[1], "bob@contoso.test");
    assert_int_equal(read.version, 1);
    assert_true(read.modified_at == LAB_TIME);
}

/* touches: S-100 */
static void test_template_update(void **state)
{
    struct lab *lab = *state;
    const char *f = lab_tenant(lab, "fabrikam.test", NULL);
    struct rms_template tpl = make(lab, lab_tenant(lab, "contoso.test", NULL));
    struct rms_template one;
    struct rms_template two;

    assert_int_equal(rms_template_create(lab->db, &tpl), 0);
    assert_int_equal(rms_template_get(lab->db, lab->arena, tpl.tenant_id, tpl.policy.id, &one), 0);
    two = one;
    one.published = false;
    one.modified_at = LAB_TIME + 1;
    one.policy.grant_count = 1;
    assert_int_equal(rms_template_update(lab->db, &one), 0);
    assert_int_equal(rms_template_update(lab->db, &two), RMS_E_CONFLICT); /* no lost update */
    assert_int_equal(rms_template_get(lab->db, lab->arena, tpl.tenant_id, tpl.policy.id, &two), 0);
    assert_int_equal(two.version, 2);
    assert_false(two.published);
    assert_int_equal(two.policy.grant_count, 1);
    assert_true(two.created_at == LAB_TIME && two.modified_at == LAB_TIME + 1);
    two.tenant_id = f;
    assert_int_equal(rms_template_update(lab->db, &two), RMS_E_NOT_FOUND);
}

/* touches: S-099 */
static void test_template_find(void **state)
{
    struct lab *lab = *state;
    const char *c = lab_tenant(lab, "contoso.test", NULL);
    const char *f = lab_tenant(lab, "fabrikam.test", NULL);
    struct rms_template tpl = make(lab, c);
    struct rms_template second = make(lab, c);
    struct rms_template found;
    const char *names[] = {tpl.policy.id, "Vertraulich", "Confidential \\ All"};

    assert_int_equal(rms_template_create(lab->db, &tpl), 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(rms_template_find(lab->db, lab->arena, c, names[i], &found), 0);
        assert_string_equal(found.policy.id, tpl.policy.id);
        assert_int_equal(rms_template_find(lab->db, lab->arena, f, names[i], &found), RMS_E_NOT_FOUND);
    }
    assert_int_equal(rms_template_find(lab->db, lab->arena, c, "Confidential", &found), RMS_E_NOT_FOUND);
    assert_int_equal(rms_template_create(lab->db, &second), 0);
    assert_int_equal(rms_template_find(lab->db, lab->arena, c, "Vertraulich", &found), RMS_E_CONFLICT);
    assert_int_equal(rms_template_find(lab->db, lab->arena, c, second.policy.id, &found), 0);
}

/* touches: S-107 */
static void test_template_delete(void **state)
{
    struct lab *lab = *state;
    const char *f = lab_tenant(lab, "fabrikam.test", NULL);
    struct rms_template tpl = make(lab, lab_tenant(lab, "contoso.test", NULL));
    struct rms_template standard = make(lab, tpl.tenant_id);
    struct rms_templates all;

    standard.read_only = true;
    assert_int_equal(rms_template_create(lab->db, &tpl), 0);
    assert_int_equal(rms_template_create(lab->db, &standard), 0);
    assert_int_equal(rms_template_delete(lab->db, f, tpl.policy.id), RMS_E_NOT_FOUND);
    assert_int_equal(rms_template_delete(lab->db, tpl.tenant_id, standard.policy.id), RMS_E_CONFLICT);
    assert_int_equal(rms_template_delete(lab->db, tpl.tenant_id, tpl.policy.id), 0);
    assert_int_equal(rms_template_delete(lab->db, tpl.tenant_id, tpl.policy.id), RMS_E_NOT_FOUND);
    assert_int_equal(rms_template_list(lab->db, lab->arena, tpl.tenant_id, &all), 0);
    assert_int_equal(all.count, 1);
    assert_int_equal(rms_template_list(lab->db, lab->arena, f, &all), 0);
    assert_int_equal(all.count, 0);
}

/* touches: S-109 */
static void test_template_history(void **state)
{
    struct lab *lab = *state;
    const char *f = lab_tenant(lab, "fabrikam.test", NULL);
    struct rms_template tpl = make(lab, lab_tenant(lab, "contoso.test", NULL));
    struct rms_template read;
    struct rms_templates old;

    assert_int_equal(rms_template_create(lab->db, &tpl), 0);
    assert_int_equal(rms_template_history(lab->db, lab->arena, tpl.tenant_id, tpl.policy.id, &old), 0);
    assert_int_equal(old.count, 0);
    for (int i = 0; i < RMS_TEMPLATE_VERSIONS + 5; i++) {
        assert_int_equal(rms_template_get(lab->db, lab->arena, tpl.tenant_id, tpl.policy.id, &read), 0);
        read.modified_at = LAB_TIME + i;
        assert_int_equal(rms_template_update(lab->db, &read), 0);
    }
    read.version = 3;
    assert_int_equal(rms_template_update(lab->db, &read), RMS_E_CONFLICT); /* keeps nothing */
    assert_int_equal(rms_template_history(lab->db, lab->arena, tpl.tenant_id, tpl.policy.id, &old), 0);
    assert_int_equal(old.count, RMS_TEMPLATE_VERSIONS);
    assert_int_equal(old.items[0].version, 6);
    assert_int_equal(old.items[old.count - 1].version, RMS_TEMPLATE_VERSIONS + 5);
    assert_policy(&old.items[0].policy, &tpl.policy);
    assert_int_equal(rms_template_history(lab->db, lab->arena, f, tpl.policy.id, &old), 0);
    assert_int_equal(old.count, 0);
    assert_int_equal(rms_template_delete(lab->db, tpl.tenant_id, tpl.policy.id), 0);
    assert_int_equal(rms_template_create(lab->db, &tpl), 0);
    assert_int_equal(rms_template_get(lab->db, lab->arena, tpl.tenant_id, tpl.policy.id, &read), 0);
    assert_int_equal(read.version, RMS_TEMPLATE_VERSIONS + 7); /* a number never means two forms */
}

/* touches: S-094 */
static void test_template_limit(void **state)
{
    struct lab *lab = *state;
    struct rms_template tpl = make(lab, lab_tenant(lab, "contoso.test", NULL));

    tpl.policy.grant_count = 0;
    tpl.read_only = true;
    assert_int_equal(rms_template_create(lab->db, &tpl), 0); /* does not count */
    tpl.read_only = false;
    assert_int_equal(rms_db_begin(lab->db), 0);
    for (int i = 0; i < RMS_TEMPLATES_MAX; i++) {
        memcpy(tpl.policy.id, lab_guid(lab), RMS_GUID_TEXT);
        tpl.published = i % 2 == 0;
        assert_int_equal(rms_template_create(lab->db, &tpl), 0);
    }
    assert_int_equal(rms_db_end(lab->db, 0), 0);
    memcpy(tpl.policy.id, lab_guid(lab), RMS_GUID_TEXT);
    assert_int_equal(rms_template_create(lab->db, &tpl), RMS_E_LIMIT);
    tpl.tenant_id = lab_tenant(lab, "fabrikam.test", NULL);
    assert_int_equal(rms_template_create(lab->db, &tpl), 0);
}

static void test_template_refused(void **state)
{
    struct lab *lab = *state;
    struct rms_template tpl = make(lab, lab_guid(lab));

    assert_int_equal(rms_template_create(lab->db, &tpl), RMS_E_NOT_FOUND); /* no such tenant */
    tpl.policy.id[0] = 'X';
    assert_int_equal(rms_template_create(lab->db, &tpl), RMS_E_BAD_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policy_round_trip),
        cmocka_unit_test(test_policy_version_1),
        cmocka_unit_test(test_policy_damaged),
        cmocka_unit_test(test_policy_mutated),
        cmocka_unit_test(test_policy_not_text),
        cmocka_unit_test(test_policy_small_arena),
        LAB_TEST(test_template_round_trip),
        LAB_TEST(test_template_update),
        LAB_TEST(test_template_find),
        LAB_TEST(test_template_delete),
        LAB_TEST(test_template_history),
        LAB_TEST(test_template_limit),
        LAB_TEST(test_template_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
