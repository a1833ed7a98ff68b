#include "base/test.h"

#include "store/scim.h"
#include "store/testing.h"

static void hash_of(uint8_t hash[RMS_SCIM_TOKEN_HASH], uint8_t value)
{
    memset(hash, value, RMS_SCIM_TOKEN_HASH);
}

static struct rms_scim_token token_of(struct lab *lab, const char *tenant_id, const char *name)
{
    return (struct rms_scim_token){.id = lab_guid(lab),
        .tenant_id = tenant_id,
        .name = name,
        .created_at = LAB_TIME,
        .expires_at = LAB_TIME + 60};
}

static void tokens_belong_to_a_tenant(void **state)
{
    struct lab *lab = *state;
    const char *contoso = lab_tenant(lab, "contoso.test", NULL);
    const char *fabrikam = lab_tenant(lab, "fabrikam.test", NULL);
    struct rms_scim_token token = token_of(lab, contoso, "entra");
    struct rms_scim_token same = token_of(lab, contoso, "entra");
    struct rms_scim_token unnamed = token_of(lab, contoso, "a\nb");
    struct rms_scim_token found;
    struct rms_scim_tokens tokens;
    uint8_t hash[RMS_SCIM_TOKEN_HASH];

    hash_of(hash, 1);
    assert_int_equal(rms_scim_token_add(lab->db, &token, hash), 0);
    assert_int_equal(rms_scim_token_find(lab->db, lab->arena, hash, &found), 0);
    assert_string_equal(found.id, token.id);
    assert_string_equal(found.tenant_id, contoso);
    assert_int_equal(found.expires_at, LAB_TIME + 60);
    hash_of(hash, 2);
    assert_int_equal(rms_scim_token_find(lab->db, lab->arena, hash, &found), RMS_E_NOT_FOUND);
    assert_int_equal(rms_scim_token_add(lab->db, &same, hash), RMS_E_CONFLICT);
    assert_int_equal(rms_scim_token_add(lab->db, &unnamed, hash), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_scim_token_list(lab->db, lab->arena, fabrikam, &tokens), 0);
    assert_int_equal(tokens.count, 0);
    assert_int_equal(rms_scim_token_remove(lab->db, fabrikam, token.id), RMS_E_NOT_FOUND);
    assert_int_equal(rms_scim_token_remove(lab->db, fabrikam, "entra"), RMS_E_NOT_FOUND);
    assert_int_equal(rms_scim_token_remove(lab->db, contoso, "entra"), 0);
    hash_of(hash, 1);
    assert_int_equal(rms_scim_token_find(lab->db, lab->arena, hash, &found), RMS_E_NOT_FOUND);
}

static void tokens_are_few(void **state)
{
    struct lab *lab = *state;
    const char *contoso = lab_tenant(lab, "contoso.test", NULL);
    uint8_t hash[RMS_SCIM_TOKEN_HASH];

    for (uint8_t i = 0; i <= RMS_SCIM_TOKENS_MAX; i++) {
        char name[] = {(char)('a' + i), '\0'};
        struct rms_scim_token token = token_of(lab, contoso, name);

        hash_of(hash, i);
        assert_int_equal(
            rms_scim_token_add(lab->db, &token, hash), i < RMS_SCIM_TOKENS_MAX ? 0 : RMS_E_LIMIT);
    }
}

static const char *pushed(struct lab *lab, const char *tenant_id, const char *upn, const char *external_id)
{
    const struct rms_account account = {.id = lab_guid(lab),
        .tenant_id = tenant_id,
        .upn = upn,
        .display_name = "Twin",
        .enabled = true,
        .created_at = LAB_TIME,
        .source = RMS_SOURCE_SCIM,
        .external_id = external_id};

    assert_int_equal(rms_account_create(lab->db, &account, NULL), 0);
    return account.id;
}

static void accounts_are_found_by_source(void **state)
{
    struct lab *lab = *state;
    const char *contoso = lab_tenant(lab, "contoso.test", NULL);
    const char *fabrikam = lab_tenant(lab, "fabrikam.test", NULL);
    const char *ann = pushed(lab, contoso, "ann@contoso.test", "x");
    const struct {
        enum rms_search_by by;
        const char *value;
        size_t total;
    } cases[] = {
        {RMS_SEARCH_ALL, NULL, 2},
        {RMS_SEARCH_ID, ann, 1},
        {RMS_SEARCH_UPN, "ann@contoso.test", 1},
        {RMS_SEARCH_UPN, "local@contoso.test", 0},
        {RMS_SEARCH_EXTERNAL, "x", 1},
        {RMS_SEARCH_EXTERNAL, "' OR 1=1 --", 0},
        {RMS_SEARCH_NAME, "Twin", 2},
        {RMS_SEARCH_ADDRESS, "ann@contoso.test", 0},
        {RMS_SEARCH_ADDRESS, "local@contoso.test", 0},
    };
    struct rms_accounts found;
    size_t total;

    (void)pushed(lab, contoso, "ben@contoso.test", NULL);
    (void)pushed(lab, fabrikam, "fay@fabrikam.test", "x");
    (void)lab_account(lab, contoso, "local@contoso.test", "SMTP:local@contoso.test", NULL);
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        const struct rms_search search = {RMS_SOURCE_SCIM, cases[i].by, cases[i].value, 0, 10};

        assert_int_equal(rms_account_search(lab->db, lab->arena, contoso, &search, &found, &total), 0);
        assert_int_equal(total, cases[i].total);
        assert_int_equal(found.count, cases[i].total);
    }
    const struct rms_search second = {RMS_SOURCE_SCIM, RMS_SEARCH_ALL, NULL, 1, 10};
    const struct rms_search past = {RMS_SOURCE_SCIM, RMS_SEARCH_ALL, NULL, 7, 10};
    const struct rms_search groups_only = {RMS_SOURCE_SCIM, RMS_SEARCH_MEMBER, ann, 0, 10};
    assert_int_equal(rms_account_search(lab->db, lab->arena, contoso, &second, &found, &total), 0);
    assert_int_equal(found.count, 1);
    assert_int_equal(total, 2);
    assert_int_equal(rms_account_search(lab->db, lab->arena, contoso, &past, &found, &total), 0);
    assert_int_equal(found.count, 0);
    assert_int_equal(total, 2);
    assert_int_equal(
        rms_account_search(lab->db, lab->arena, contoso, &groups_only, &found, &total), RMS_E_BAD_ARGUMENT);
}

static void members_are_of_the_same_source(void **state)
{
    struct lab *lab = *state;
    const char *contoso = lab_tenant(lab, "contoso.test", NULL);
    const char *ann = pushed(lab, contoso, "ann@contoso.test", NULL);
    const char *ben = pushed(lab, contoso, "ben@contoso.test", NULL);
    const char *local = lab_account(lab, contoso, "local@contoso.test", NULL, NULL);
    struct rms_group group = {.id = lab_guid(lab),
        .tenant_id = contoso,
        .name = "g",
        .address = "g@contoso.test",
        .created_at = LAB_TIME,
        .source = RMS_SOURCE_SCIM};
    const char *both[] = {ann, ben, ann};
    const char *mixed[] = {ann, local};
    const char *unknown = NULL;
    struct rms_members members;

    assert_int_equal(rms_group_create(lab->db, &group), 0);
    struct rms_member_change change = {.add = mixed, .add_count = 2};
    assert_int_equal(rms_group_change_members(lab->db, &group, &change, &unknown), RMS_E_NOT_FOUND);
    assert_ptr_equal(unknown, local);
    assert_int_equal(rms_group_members(lab->db, lab->arena, contoso, group.id, &members), 0);
    assert_int_equal(members.count, 0);
    change = (struct rms_member_change){.add = both, .add_count = 3, .remove = mixed, .remove_count = 2};
    assert_int_equal(rms_group_change_members(lab->db, &group, &change, &unknown), 0);
    assert_int_equal(rms_group_members(lab->db, lab->arena, contoso, group.id, &members), 0);
    assert_int_equal(members.count, 2);
    change = (struct rms_member_change){.clear = true, .add = both, .add_count = 1};
    assert_int_equal(rms_group_change_members(lab->db, &group, &change, &unknown), 0);
    assert_int_equal(rms_group_members(lab->db, lab->arena, contoso, group.id, &members), 0);
    assert_int_equal(members.count, 1);

    const struct rms_search of_ann = {RMS_SOURCE_SCIM, RMS_SEARCH_MEMBER, ann, 0, 10};
    struct rms_groups found;
    size_t total;
    assert_int_equal(rms_group_search(lab->db, lab->arena, contoso, &of_ann, &found, &total), 0);
    assert_int_equal(total, 1);
    group.name = "h";
    group.address = "ann@contoso.test";
    assert_int_equal(rms_group_change(lab->db, &group), RMS_E_CONFLICT);
    group.address = NULL;
    assert_int_equal(rms_group_change(lab->db, &group), 0);
    assert_int_equal(rms_group_find(lab->db, lab->arena, contoso, "g@contoso.test", &group), RMS_E_NOT_FOUND);
    assert_int_equal(rms_group_find(lab->db, lab->arena, contoso, "h", &group), 0);
    assert_null(group.address);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB_TEST(tokens_belong_to_a_tenant),
        LAB_TEST(tokens_are_few),
        LAB_TEST(accounts_are_found_by_source),
        LAB_TEST(members_are_of_the_same_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
