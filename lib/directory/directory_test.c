/* The rules about groups, domains, guests, tenants, tokens and principals, seen from outside. */
#include "directory/testing.h"

/* touches: S-044
 * The time budget and what is written for members that point to nothing are not looked at here. */
static void test_nested_groups_and_cycles(void **state)
{
    struct cast *cast = *state;
    struct lab *lab = cast->lab;
    const char *inner = cast->mkt_eu;
    char name[32];

    assert_true(cast_opens(cast, "mkt@contoso.test", cast->erin));
    assert_true(cast_opens(cast, "mkt-eu@contoso.test", cast->erin));
    assert_false(cast_opens(cast, "mkt-eu@contoso.test", cast->bob));

    lab_join(lab, cast->c, cast->mkt_eu, cast->mkt);
    assert_int_equal(rms_directory_refresh(cast->directory, lab->db, cast->c, NULL), 0);
    assert_true(cast_opens(cast, "mkt@contoso.test", cast->erin));
    assert_true(cast_opens(cast, "mkt-eu@contoso.test", cast->bob)); /* in the cycle now */

    for (int i = 0; i < 50; i++) {
        const char *outer;

        (void)snprintf(name, sizeof name, "chain%d@contoso.test", i);
        outer = lab_group(lab, cast->c, name, name, RMS_GROUP_SECURITY);
        lab_join(lab, cast->c, outer, inner);
        inner = outer;
    }
    assert_int_equal(rms_directory_refresh(cast->directory, lab->db, cast->c, NULL), 0);
    assert_true(cast_opens(cast, "chain49@contoso.test", cast->erin));
    assert_false(cast_opens(cast, "chain49@contoso.test", cast->carol));
}

static void count_line(const struct rms_members *members, size_t *missing)
{
    *missing = 0;
    for (size_t i = 0; i < members->count; i++) {
        *missing += members->items[i].missing ? 1 : 0;
    }
}

/* A deleted account leaves no member behind; a deleted group between two others breaks the chain. */
static void test_deleted_member_and_group(void **state)
{
    struct cast *cast = *state;
    struct lab *lab = cast->lab;
    struct rms_members members;
    size_t missing;

    assert_int_equal(rms_account_delete(lab->db, cast->c, cast->bob), 0);
    assert_int_equal(rms_group_members(lab->db, lab->arena, cast->c, cast->mkt, &members), 0);
    count_line(&members, &missing);
    assert_int_equal(missing, 0);
    assert_int_equal(members.count, 1);

    assert_true(cast_opens(cast, "mkt@contoso.test", cast->erin));
    assert_int_equal(rms_group_delete(lab->db, cast->c, cast->mkt_eu), 0);
    rms_directory_forget(cast->directory, cast->c, cast->erin);
    assert_false(cast_opens(cast, "mkt@contoso.test", cast->erin));
}

/* touches: S-047 */
static void test_groups_as_principals(void **state)
{
    static const struct {
        const char *name;
        int code;
        enum rms_principal_kind kind;
    } cases[] = {
        {"sec-it", RMS_E_BAD_ARGUMENT, RMS_IS_GROUP},
        {"dl-dyn", RMS_E_NOT_FOUND, RMS_IS_GROUP},
        {"DL-dyn@contoso.test", RMS_E_NOT_FOUND, RMS_IS_GROUP},
        {"mkt", 0, RMS_IS_GROUP},
        {"MKT@contoso.test", 0, RMS_IS_GROUP},
        {"dl-static@contoso.test", 0, RMS_IS_GROUP},
        {"nothing", RMS_E_NOT_FOUND, RMS_IS_UNKNOWN},
        {"bob@contoso.test", 0, RMS_IS_PERSON},
        {"dave@contoso.test", 0, RMS_IS_PERSON},
        {"erin@contoso.test", 0, RMS_IS_UNUSED},
        {"nobody@contoso-alt.test", 0, RMS_IS_UNKNOWN},
        {"fay@fabrikam.test", 0, RMS_IS_EXTERNAL},
        {"", RMS_E_NOT_FOUND, RMS_IS_UNKNOWN},
        {"two@at@contoso.test", RMS_E_NOT_FOUND, RMS_IS_UNKNOWN},
    };
    struct cast *cast = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct rms_principal_question question = {cast->c, cases[i].name, RMS_USE_GRANT};
        struct rms_principal_info info;

        assert_int_equal(
            rms_directory_principal(cast->lab->db, cast->lab->arena, &question, &info), cases[i].code);
        assert_int_equal(info.kind, cases[i].kind);
        if (cases[i].code != 0 && info.kind == RMS_IS_GROUP) {
            assert_non_null(info.why);
        }
    }
}

static void test_group_without_verified_address(void **state)
{
    struct cast *cast = *state;
    const struct rms_principal_question question = {cast->c, "old", RMS_USE_GRANT};
    struct rms_principal_info info;

    lab_join(cast->lab, cast->c,
        lab_group(cast->lab, cast->c, "old", "old@contoso.local", RMS_GROUP_SECURITY), cast->bob);
    assert_false(cast_opens(cast, "old@contoso.local", cast->bob));
    assert_int_equal(
        rms_directory_principal(cast->lab->db, cast->lab->arena, &question, &info), RMS_E_BAD_ARGUMENT);
    assert_string_equal(info.why, "the group has no address in a verified domain");
}

/* Table 2.1 of the service requirements, row by row. */
static void test_group_table(void **state)
{
    static const struct {
        enum rms_group_kind kind;
        bool address;
        int uses[6]; /* grant, super user, onboarding, admin role, scope, do not track */
    } rows[] = {
        {RMS_GROUP_SECURITY, true, {0, 0, 0, 0, 0, 0}},
        {RMS_GROUP_DISTRIBUTION, true, {0, 0, 1, 0, 0, 0}},
        {RMS_GROUP_COLLABORATION, true, {0, 0, 1, 0, 0, 0}},
        {RMS_GROUP_SECURITY, false, {1, 1, 0, 0, 1, 1}},
        {RMS_GROUP_DISTRIBUTION, false, {1, 1, 1, 1, 1, 1}},
        {RMS_GROUP_COLLABORATION, false, {1, 1, 1, 1, 1, 1}},
        {RMS_GROUP_DYNAMIC, true, {2, 2, 2, 2, 2, 2}},
        {RMS_GROUP_DYNAMIC, false, {2, 2, 2, 2, 2, 2}},
    };
    static const int codes[] = {0, RMS_E_BAD_ARGUMENT, RMS_E_NOT_FOUND};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int use = 0; use < 6; use++) {
            const char *why = "";
            int code =
                rms_directory_group_check(rows[i].kind, rows[i].address, (enum rms_group_use)use, &why);

            assert_int_equal(code, codes[rows[i].uses[use]]);
            assert_int_equal(why == NULL, code == 0);
        }
    }
}

static void test_same_group_name_twice(void **state)
{
    struct cast *cast = *state;
    const struct rms_principal_question question = {cast->c, "mkt", RMS_USE_GRANT};
    struct rms_principal_info info;

    (void)lab_group(cast->lab, cast->c, "mkt", NULL, RMS_GROUP_SECURITY);
    assert_int_equal(
        rms_directory_principal(cast->lab->db, cast->lab->arena, &question, &info), RMS_E_CONFLICT);
    assert_non_null(info.why);
}

static bool all_staff_opens(struct cast *cast, const char *domain, const char *tenant_id, const char *id)
{
    const struct rms_grant grant = {.principal = RMS_PRINCIPAL_DOMAIN,
        .address = domain,
        .rights = {.bits = RMS_RIGHT_VIEW},
        .from = RMS_TIME_NONE,
        .until = RMS_TIME_NONE};
    const char *const who[2] = {tenant_id, id};

    return cast_opens_for(cast, cast->c, &grant, who);
}

/* touches: S-050 */
static void test_domain_means_organisation(void **state)
{
    struct cast *cast = *state;

    assert_true(all_staff_opens(cast, "contoso-alt.test", cast->c, cast->bob));
    assert_true(all_staff_opens(cast, "contoso.test", cast->c, cast->frank));
    assert_false(all_staff_opens(cast, "contoso.test", cast->f, cast->fay));
    assert_true(all_staff_opens(cast, "fabrikam.test", cast->f, cast->fay));
    assert_false(all_staff_opens(cast, "fabrikam.test", cast->c, cast->bob));
}

/* proves: S-051 */
static void test_guest(void **state)
{
    struct cast *cast = *state;

    assert_false(all_staff_opens(cast, "contoso.test", cast->c, cast->gina));
    assert_true(cast_opens(cast, "gina@partner.test", cast->gina));
    assert_false(cast_opens(cast, "mkt@contoso.test", cast->gina));
    lab_join(cast->lab, cast->c, cast->mkt, cast->gina);
    assert_int_equal(rms_directory_refresh(cast->directory, cast->lab->db, cast->c, cast->gina), 0);
    assert_true(cast_opens(cast, "mkt@contoso.test", cast->gina));
}

static bool opens_abroad(struct cast *cast, const char *address, const char *tenant_id, const char *id)
{
    const struct rms_grant grant = {.principal = RMS_PRINCIPAL_ADDRESS,
        .address = address,
        .rights = {.bits = RMS_RIGHT_VIEW},
        .from = RMS_TIME_NONE,
        .until = RMS_TIME_NONE};
    const char *const who[2] = {tenant_id, id};

    return cast_opens_for(cast, strcmp(tenant_id, cast->c) == 0 ? cast->f : cast->c, &grant, who);
}

/* touches: S-048, S-049
 * Within one deployment; the sign-in is the service's. */
static void test_people_of_another_tenant(void **state)
{
    struct cast *cast = *state;

    assert_true(opens_abroad(cast, "fay.s@fabrikam.test", cast->f, cast->fay));
    assert_false(opens_abroad(cast, "fay@fabrikam.test", cast->f, cast->fay)); /* the UPN beside an address */
    assert_true(opens_abroad(cast, "fab-sales@fabrikam.test", cast->f, cast->fay));
    assert_false(opens_abroad(cast, "mkt@contoso.test", cast->f, cast->fay));
    assert_true(opens_abroad(cast, "bob@contoso.test", cast->c, cast->bob));
}

/* What the administrators of one tenant say of a guest means nothing to another: else they could make
 * themselves anybody. */
static void test_guest_abroad(void **state)
{
    struct cast *cast = *state;
    const char *impostor = cast_guest(cast, "fay@contoso.test", "SMTP:fay.s@fabrikam.test");
    RMS_DIRECTORY_PERSON_CLEANUP const struct rms_directory_person *person =
        cast_person(cast, cast->c, impostor);

    assert_false(opens_abroad(cast, "fay.s@fabrikam.test", cast->c, impostor));
    assert_int_equal(person->abroad.address_count, 0);
    assert_int_equal(person->abroad.group_count, 0);
    assert_int_equal(person->abroad.domain_count, 0);
    assert_true(cast_opens(cast, "fay.s@fabrikam.test", impostor)); /* C's own content is C's affair */
}

/* No object of one tenant is visible to another. touches: S-001 */
static void test_other_tenants_people_do_not_exist(void **state)
{
    struct cast *cast = *state;
    const struct rms_directory_person *person = NULL;
    struct rms_explanation *explanation = NULL;
    struct rms_db *db = cast->lab->db;

    assert_int_equal(rms_directory_person(cast->directory, db, cast->c, cast->fay, &person), RMS_E_NOT_FOUND);
    assert_int_equal(
        rms_directory_find(cast->directory, db, cast->c, "fay@fabrikam.test", &person), RMS_E_NOT_FOUND);
    assert_int_equal(
        rms_directory_explain(cast->directory, db, cast->c, cast->fab_sales, &explanation), RMS_E_NOT_FOUND);
    assert_int_equal(rms_directory_refresh(cast->directory, db, cast->c, "fab-sales"), RMS_E_NOT_FOUND);
    assert_null(person);
    assert_null(explanation);
}

static void test_find(void **state)
{
    static const struct {
        const char *name;
        bool found;
    } cases[] = {{"erin@contoso.test", true}, {"E.M@Contoso-ALT.test", true}, {" erin.m@contoso.test ", true},
        {"nobody@contoso.test", false}, {"mkt@contoso.test", false}, {"erin", false}, {"", false}};
    struct cast *cast = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int global = 0; global < 2; global++) {
            const struct rms_directory_person *person = NULL;
            int code = rms_directory_find(
                cast->directory, cast->lab->db, global ? NULL : cast->c, cases[i].name, &person);

            assert_int_equal(code, cases[i].found ? 0 : RMS_E_NOT_FOUND);
            assert_int_equal(person != NULL, cases[i].found);
            if (person != NULL) {
                assert_string_equal(person->account_id, cast->erin);
                assert_string_equal(person->address, "erin.m@contoso.test");
            }
            rms_directory_unref(&person);
        }
    }
}

static void test_owns_in_group_in_scope(void **state)
{
    static const char *const eu[] = {"x@contoso.test", "mkt-eu@contoso.test"};
    static const char *const self[] = {"e.m@contoso-alt.test"};
    static const char *const others[] = {"bob@contoso.test", "erin@contoso.test"};
    struct cast *cast = *state;
    RMS_DIRECTORY_PERSON_CLEANUP const struct rms_directory_person *erin =
        cast_person(cast, cast->c, cast->erin);

    assert_true(rms_directory_owns(erin, "erin.m@contoso.test"));
    assert_true(rms_directory_owns(erin, "erin@contoso.test"));
    assert_false(rms_directory_owns(erin, "bob@contoso.test"));
    assert_true(rms_directory_in_group(erin, cast->mkt));
    assert_true(rms_directory_in_group(erin, cast->mkt_eu));
    assert_false(rms_directory_in_group(erin, cast->sec_it));
    assert_true(rms_directory_in_scope(erin, eu, 2));
    assert_true(rms_directory_in_scope(erin, self, 1));
    assert_false(rms_directory_in_scope(erin, others, 2));
    assert_false(rms_directory_in_scope(erin, NULL, 0));
}

static void test_claims(void **state)
{
    static const char *const erins[] = {"SMTP:erin.m@contoso.test", "sip:bob@contoso.test"};
    static const char *const bobs[] = {"smtp:bob@contoso.test"};
    struct cast *cast = *state;
    const struct {
        struct rms_claims claims;
        const char *who; /* NULL: not authenticated */
    } cases[] = {
        {{.email = "e.m@contoso-alt.test"}, cast->erin},
        {{.upn = "erin@contoso.test"}, cast->erin},
        {{.preferred_username = "FRANK@contoso.local"}, cast->frank},
        {{.email = "erin.m@contoso.test", .upn = "erin@contoso.test"}, cast->erin},
        {{.email = "unknown@elsewhere.test", .upn = "erin@contoso.test"}, cast->erin},
        {{.proxy_addresses = erins, .proxy_address_count = 2}, cast->erin},
        {{.email = "bob@contoso.test", .upn = "erin@contoso.test"}, NULL},
        {{.upn = "erin@contoso.test", .proxy_addresses = bobs, .proxy_address_count = 1}, NULL},
        {{.upn = "bob@contoso.test", .email = "erin@contoso.test", .preferred_username = "bob@contoso.test"},
            NULL},
        {{.email = cast->bob}, NULL}, /* an account id is no claim */
        {{.email = "mkt@contoso.test"}, NULL},
        {{.email = "fay@fabrikam.test"}, NULL},
        {{.preferred_username = "erin"}, NULL},
        {{.email = ""}, NULL},
        {{0}, NULL},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct rms_directory_person *person = NULL;
        int code =
            rms_directory_match_claims(cast->directory, cast->lab->db, cast->c, &cases[i].claims, &person);

        assert_int_equal(code, cases[i].who != NULL ? 0 : RMS_E_NOT_AUTHENTICATED);
        if (person != NULL) {
            assert_string_equal(person->account_id, cases[i].who);
        }
        rms_directory_unref(&person);
    }
}

static bool names_group(const struct rms_explanation *explanation, const char *name)
{
    for (size_t i = 0; i < explanation->group_count; i++) {
        if (strcmp(explanation->groups[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* touches: S-064
 * What the administrator's command shows of it is the service's. */
static void test_explain(void **state)
{
    struct cast *cast = *state;
    struct rms_db *db = cast->lab->db;
    struct rms_explanation *explanation = NULL;

    assert_int_equal(
        rms_directory_explain(cast->directory, db, cast->c, "erin@contoso.test", &explanation), 0);
    assert_false(explanation->is_group);
    assert_int_equal(explanation->usable_count, 2);
    assert_string_equal(explanation->usable[0], "erin.m@contoso.test");
    assert_string_equal(explanation->usable[1], "e.m@contoso-alt.test");
    assert_int_equal(explanation->ignored_count, 1);
    assert_string_equal(explanation->ignored[0].value, "erin@contoso.test");
    assert_int_equal(explanation->group_count, 2);
    assert_true(names_group(explanation, "mkt") && names_group(explanation, "mkt-eu"));
    assert_in_range(explanation->membership_age_s, 0, 60);
    rms_explanation_free(&explanation);

    assert_int_equal(
        rms_directory_explain(cast->directory, db, cast->c, "frank@contoso.local", &explanation), 0);
    assert_int_equal(explanation->usable_count, 0);
    assert_int_equal(explanation->ignored_count, 1);
    assert_string_equal(explanation->ignored[0].reason, "domain not verified");
    rms_explanation_free(&explanation);

    assert_int_equal(rms_directory_explain(cast->directory, db, cast->c, "mkt-eu", &explanation), 0);
    assert_true(explanation->is_group);
    assert_string_equal(explanation->usable[0], "mkt-eu@contoso.test");
    assert_true(names_group(explanation, "mkt"));
    rms_explanation_free(&explanation);

    assert_int_equal(rms_directory_explain(cast->directory, db, cast->c, "sec-it", &explanation), 0);
    assert_int_equal(explanation->usable_count, 0);
    rms_explanation_free(&explanation);

    assert_int_equal(rms_directory_explain(cast->directory, db, cast->c, "dl-dyn", &explanation), 0);
    assert_int_equal(explanation->usable_count, 0);
    assert_int_equal(explanation->ignored_count, 1);
    rms_explanation_free(&explanation);

    assert_int_equal(
        rms_directory_explain(cast->directory, db, cast->c, "x@contoso.test", &explanation), RMS_E_NOT_FOUND);
    assert_null(explanation);
    rms_explanation_free(&explanation);
}

static bool is_super(struct cast *cast, const char *id)
{
    RMS_DIRECTORY_PERSON_CLEANUP const struct rms_directory_person *person = cast_person(cast, cast->c, id);

    assert_false(person->abroad.super_user);
    return person->person.super_user;
}

static void enable(struct cast *cast, bool on, bool expect_change)
{
    bool changed = !expect_change;

    assert_int_equal(rms_super_users_enable(cast->lab->db, cast->c, on, &changed), 0);
    assert_int_equal(changed, expect_change);
}

/* touches: S-173, S-174, S-175, S-176, S-177
 * Who counts as super user; commands and licences are the service's. */
static void test_super_users(void **state)
{
    struct cast *cast = *state;
    struct rms_db *db = cast->lab->db;
    const struct rms_super_user entry = {"Carol@contoso.test", cast->carol, LAB_TIME, 0, NULL, NULL};
    const struct rms_super_user foreign = {"fay.s@fabrikam.test", cast->fay, LAB_TIME, 0, NULL, NULL};
    struct rms_super_users list;

    assert_int_equal(rms_super_user_add(db, cast->c, &entry), 0);
    assert_int_equal(rms_super_user_add(db, cast->c, &entry), RMS_E_CONFLICT);
    assert_int_equal(rms_super_user_add(db, cast->c, &foreign), RMS_E_NOT_FOUND);
    assert_false(is_super(cast, cast->carol)); /* listed, but the feature is off */
    enable(cast, true, true);
    assert_true(is_super(cast, cast->carol));
    assert_false(is_super(cast, cast->bob));

    /* by group, nested */
    assert_int_equal(rms_super_user_set_group(db, cast->c, cast->mkt), 0);
    assert_true(is_super(cast, cast->erin));
    assert_true(is_super(cast, cast->bob));
    assert_int_equal(rms_super_user_set_group(db, cast->c, cast->mkt_eu), 0);
    assert_true(is_super(cast, cast->erin));
    assert_false(is_super(cast, cast->bob));
    assert_int_equal(rms_super_user_set_group(db, cast->c, cast->fab_sales), RMS_E_NOT_FOUND);
    assert_int_equal(rms_super_user_set_group(db, cast->c, NULL), 0);
    assert_false(is_super(cast, cast->erin));

    /* disabling keeps the list */
    enable(cast, false, true);
    enable(cast, false, false);
    assert_false(is_super(cast, cast->carol));
    assert_int_equal(rms_super_user_list(db, cast->lab->arena, cast->c, &list), 0);
    assert_int_equal(list.count, 1);
    assert_string_equal(list.items[0].address, "carol@contoso.test");
    enable(cast, true, true);
    assert_true(is_super(cast, cast->carol));

    assert_int_equal(rms_super_user_remove(db, cast->c, "CAROL@contoso.test"), 0);
    assert_int_equal(rms_super_user_remove(db, cast->c, "carol@contoso.test"), RMS_E_NOT_FOUND);
    assert_false(is_super(cast, cast->carol));
}

/* Whoever gets the address of a former super user does not get the right with it. */
static void test_super_user_address_recycled(void **state)
{
    struct cast *cast = *state;
    struct rms_db *db = cast->lab->db;
    const struct rms_super_user entry = {"carol@contoso.test", cast->carol, LAB_TIME, 0, NULL, NULL};
    const char *second;

    enable(cast, true, true);
    assert_int_equal(rms_super_user_add(db, cast->c, &entry), 0);
    assert_int_equal(rms_account_delete(db, cast->c, cast->carol), 0);
    second = lab_account(cast->lab, cast->c, "carol@contoso.test", "SMTP:carol@contoso.test", NULL);
    assert_false(is_super(cast, second));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CAST_TEST(test_nested_groups_and_cycles),
        CAST_TEST(test_deleted_member_and_group),
        CAST_TEST(test_groups_as_principals),
        CAST_TEST(test_group_without_verified_address),
        cmocka_unit_test(test_group_table),
        CAST_TEST(test_same_group_name_twice),
        CAST_TEST(test_domain_means_organisation),
        CAST_TEST(test_guest),
        CAST_TEST(test_people_of_another_tenant),
        CAST_TEST(test_guest_abroad),
        CAST_TEST(test_other_tenants_people_do_not_exist),
        CAST_TEST(test_find),
        CAST_TEST(test_owns_in_group_in_scope),
        CAST_TEST(test_claims),
        CAST_TEST(test_explain),
        CAST_TEST(test_super_users),
        CAST_TEST(test_super_user_address_recycled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
