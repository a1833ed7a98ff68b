#include "store/testing.h"

#include "store/sql.h"

static void test_create_and_find(void **state)
{
    struct lab *lab = *state;
    const char *c = lab_tenant(lab, "contoso.test", NULL);
    const char *f = lab_tenant(lab, "fabrikam.test", NULL);
    const char *mkt = lab_group(lab, c, "Marketing", "MKT@Contoso.test", RMS_GROUP_COLLABORATION);
    const char *names[] = {mkt, "Marketing", "mkt@contoso.test"};
    struct rms_group group;

    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(rms_group_find(lab->db, lab->arena, c, names[i], &group), 0);
        assert_string_equal(group.id, mkt);
        assert_string_equal(group.address, "mkt@contoso.test");
        assert_int_equal(group.kind, RMS_GROUP_COLLABORATION);
        assert_int_equal(rms_group_find(lab->db, lab->arena, f, names[i], &group), RMS_E_NOT_FOUND);
    }
    assert_int_equal(rms_group_find(lab->db, lab->arena, c, "marketing", &group), RMS_E_NOT_FOUND);
    (void)lab_group(lab, c, "Marketing", NULL, RMS_GROUP_SECURITY);
    assert_int_equal(rms_group_find(lab->db, lab->arena, c, "Marketing", &group), RMS_E_CONFLICT);
}

static void test_refused(void **state)
{
    struct lab *lab = *state;
    const char *c = lab_tenant(lab, "contoso.test", NULL);
    const struct {
        struct rms_group group;
        int code;
    } cases[] = {
        {{.id = "x", .tenant_id = c, .name = "g"}, RMS_E_BAD_ARGUMENT},
        {{.id = lab_guid(lab), .tenant_id = c, .name = ""}, RMS_E_BAD_ARGUMENT},
        {{.id = lab_guid(lab), .tenant_id = c, .name = NULL}, RMS_E_BAD_ARGUMENT},
        {{.id = lab_guid(lab), .tenant_id = c, .name = "g", .address = "noat"}, RMS_E_BAD_ARGUMENT},
        {{.id = lab_guid(lab), .tenant_id = c, .name = "g", .kind = (enum rms_group_kind)4},
            RMS_E_BAD_ARGUMENT},
        {{.id = lab_guid(lab), .tenant_id = lab_guid(lab), .name = "g"}, RMS_E_NOT_FOUND},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(rms_group_create(lab->db, &cases[i].group), cases[i].code);
    }
}

static void test_kinds(void **state)
{
    static const char *const names[] = {"security", "Distribution", "COLLABORATION", "dynamic"};
    enum rms_group_kind kind;

    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(rms_group_kind_parse(names[i], &kind), 0);
        assert_int_equal(kind, i);
        assert_int_equal(rms_group_kind_parse(rms_group_kind_name(kind), &kind), 0);
    }
    assert_int_equal(rms_group_kind_parse("office", &kind), RMS_E_BAD_ARGUMENT);
    assert_string_equal(rms_group_kind_name((enum rms_group_kind)7), "");
}

static void test_members(void **state)
{
    struct lab *lab = *state;
    const char *c = lab_tenant(lab, "contoso.test", NULL);
    const char *f = lab_tenant(lab, "fabrikam.test", NULL);
    const char *bob = lab_account(lab, c, "bob@contoso.test", NULL, NULL);
    const char *fay = lab_account(lab, f, "fay@fabrikam.test", NULL, NULL);
    const char *mkt = lab_group(lab, c, "mkt", NULL, RMS_GROUP_SECURITY);
    const char *dyn = lab_group(lab, c, "dyn", NULL, RMS_GROUP_DYNAMIC);
    struct rms_members members;
    bool changed;

    assert_int_equal(rms_group_add_member(lab->db, c, mkt, bob, &changed), 0);
    assert_true(changed);
    assert_int_equal(rms_group_add_member(lab->db, c, mkt, bob, &changed), 0);
    assert_false(changed);
    assert_int_equal(rms_group_add_member(lab->db, c, mkt, dyn, &changed), 0);
    assert_int_equal(rms_group_add_member(lab->db, c, mkt, fay, &changed), RMS_E_NOT_FOUND);
    assert_int_equal(rms_group_add_member(lab->db, f, mkt, fay, &changed), RMS_E_NOT_FOUND);
    assert_int_equal(rms_group_add_member(lab->db, c, mkt, "unknown", &changed), RMS_E_NOT_FOUND);
    assert_int_equal(rms_group_add_member(lab->db, c, "unknown", bob, &changed), RMS_E_NOT_FOUND);
    assert_int_equal(rms_group_add_member(lab->db, c, dyn, bob, &changed), RMS_E_BAD_ARGUMENT);
    assert_false(changed);

    assert_int_equal(rms_group_members(lab->db, lab->arena, c, mkt, &members), 0);
    assert_int_equal(members.count, 2);
    for (size_t i = 0; i < 2; i++) {
        bool is_bob = strcmp(members.items[i].id, bob) == 0;

        assert_int_equal(members.items[i].is_group, !is_bob);
        assert_false(members.items[i].missing);
        if (is_bob) {
            assert_string_equal(members.items[i].address, "bob@contoso.test");
        }
    }
    assert_int_equal(rms_group_members(lab->db, lab->arena, f, mkt, &members), RMS_E_NOT_FOUND);
    assert_int_equal(rms_group_remove_member(lab->db, f, mkt, bob, &changed), RMS_E_NOT_FOUND);
    assert_int_equal(rms_group_remove_member(lab->db, c, mkt, bob, &changed), 0);
    assert_true(changed);
    assert_int_equal(rms_group_remove_member(lab->db, c, mkt, bob, &changed), 0);
    assert_false(changed);
}

static size_t groups_of(struct lab *lab, const char *tenant_id, const char *id)
{
    struct rms_groups groups;

    assert_int_equal(rms_groups_of(lab->db, lab->arena, tenant_id, id, &groups), 0);
    return groups.count;
}

/* Cycles end, entries to and through nothing are skipped (S-044), dynamic lists do not count. */
static void test_groups_of(void **state)
{
    struct lab *lab = *state;
    const char *c = lab_tenant(lab, "contoso.test", NULL);
    const char *f = lab_tenant(lab, "fabrikam.test", NULL);
    const char *bob = lab_account(lab, c, "bob@contoso.test", NULL, NULL);
    const char *a = lab_group(lab, c, "a", NULL, RMS_GROUP_SECURITY);
    const char *b = lab_group(lab, c, "b", NULL, RMS_GROUP_SECURITY);
    const char *d = lab_group(lab, c, "d", NULL, RMS_GROUP_SECURITY);
    const char *ghost = lab_guid(lab);
    struct rms_members members;
    char *sql;

    assert_int_equal(groups_of(lab, c, bob), 0);
    lab_join(lab, c, a, bob);
    lab_join(lab, c, b, a);
    lab_join(lab, c, a, b);
    lab_join(lab, c, a, a); /* itself */
    assert_int_equal(groups_of(lab, c, bob), 2);
    assert_int_equal(groups_of(lab, f, bob), 0);

    /* bob in a ghost, the ghost in d, as an import may leave it; a ghost in d by itself is listed as missing
     */
    sql = rms_arena_printf(lab->arena, "INSERT INTO group_member VALUES ('%s', '%s', '%s', 1)", c, d, ghost);
    assert_int_equal(lab->db->engine->exec(lab->db->link, sql), 0);
    assert_int_equal(groups_of(lab, c, bob), 2);
    assert_int_equal(rms_group_members(lab->db, lab->arena, c, d, &members), 0);
    assert_int_equal(members.count, 1);
    assert_true(members.items[0].missing);
    assert_null(members.items[0].name);
}

static void test_delete(void **state)
{
    struct lab *lab = *state;
    const char *c = lab_tenant(lab, "contoso.test", NULL);
    const char *f = lab_tenant(lab, "fabrikam.test", NULL);
    const char *bob = lab_account(lab, c, "bob@contoso.test", NULL, NULL);
    const char *outer = lab_group(lab, c, "outer", NULL, RMS_GROUP_SECURITY);
    const char *inner = lab_group(lab, c, "inner", "inner@contoso.test", RMS_GROUP_SECURITY);
    struct rms_tenant tenant;

    lab_join(lab, c, outer, inner);
    lab_join(lab, c, inner, bob);
    assert_int_equal(rms_super_user_set_group(lab->db, c, inner), 0);
    assert_int_equal(groups_of(lab, c, bob), 2);
    assert_int_equal(rms_group_delete(lab->db, f, inner), RMS_E_NOT_FOUND);
    assert_int_equal(rms_group_delete(lab->db, c, inner), 0);
    assert_int_equal(groups_of(lab, c, bob), 0);
    assert_int_equal(rms_tenant_get(lab->db, lab->arena, c, &tenant), 0);
    assert_null(tenant.super_user_group);
    (void)lab_group(lab, c, "again", "inner@contoso.test", RMS_GROUP_SECURITY);
}

static void test_pages(void **state)
{
    struct lab *lab = *state;
    const char *c = lab_tenant(lab, "contoso.test", NULL);
    struct rms_page page = {NULL, 4};
    struct rms_groups groups;
    size_t seen = 0;

    for (int i = 0; i < 10; i++) {
        (void)lab_group(lab, c, "g", NULL, RMS_GROUP_SECURITY);
    }
    do {
        assert_int_equal(rms_group_list(lab->db, lab->arena, c, &page, &groups), 0);
        seen += groups.count;
        page.after = groups.count > 0 ? groups.items[groups.count - 1].id : page.after;
    } while (groups.count > 0);
    assert_int_equal(seen, 10);
    assert_int_equal(rms_group_list(lab->db, lab->arena, c, NULL, &groups), 0);
    assert_int_equal(groups.count, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB_TEST(test_create_and_find),
        LAB_TEST(test_refused),
        cmocka_unit_test(test_kinds),
        LAB_TEST(test_members),
        LAB_TEST(test_groups_of),
        LAB_TEST(test_delete),
        LAB_TEST(test_pages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
