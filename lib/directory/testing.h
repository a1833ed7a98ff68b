/* The people of service-requirements 0.1, for tests of the directory. */
#ifndef RMS_DIRECTORY_TESTING_H
#define RMS_DIRECTORY_TESTING_H

#include "directory/directory.h"
#include "store/testing.h"

struct cast {
    struct lab *lab;
    struct rms_directory *directory;
    const char *c; /* tenants */
    const char *f;
    const char *alice, *bob, *carol, *dave, *erin, *frank, *gina, *fay;
    const char *mkt, *mkt_eu, *sec_it, *dl_static, *dl_dyn, *fab_sales;
};

static inline const char *cast_guest(struct cast *cast, const char *upn, const char *address)
{
    const struct rms_account account = {.id = lab_guid(cast->lab),
        .tenant_id = cast->c,
        .upn = upn,
        .enabled = true,
        .guest = true,
        .created_at = LAB_TIME,
        .proxy_addresses = &address,
        .proxy_address_count = 1};

    assert_int_equal(rms_account_create(cast->lab->db, &account, NULL), 0);
    return account.id;
}

static inline void cast_people(struct cast *cast)
{
    struct lab *lab = cast->lab;

    cast->alice = lab_account(lab, cast->c, "alice@contoso.test", "SMTP:alice@contoso.test", NULL);
    cast->bob = lab_account(lab, cast->c, "bob@contoso.test", "SMTP:bob@contoso.test", NULL);
    cast->carol = lab_account(lab, cast->c, "carol@contoso.test", "SMTP:carol@contoso.test", NULL);
    cast->dave = lab_account(lab, cast->c, "dave@contoso.test", NULL, NULL);
    cast->erin = lab_account(
        lab, cast->c, "erin@contoso.test", "SMTP:erin.m@contoso.test", "smtp:e.m@contoso-alt.test");
    cast->frank = lab_account(lab, cast->c, "frank@contoso.local", NULL, NULL);
    cast->gina = cast_guest(cast, "gina_partner.test@contoso.test", "SMTP:gina@partner.test");
    cast->fay = lab_account(lab, cast->f, "fay@fabrikam.test", "SMTP:fay.s@fabrikam.test", NULL);
}

static inline void cast_groups(struct cast *cast)
{
    struct lab *lab = cast->lab;

    cast->mkt = lab_group(lab, cast->c, "mkt", "mkt@contoso.test", RMS_GROUP_SECURITY);
    cast->mkt_eu = lab_group(lab, cast->c, "mkt-eu", "mkt-eu@contoso.test", RMS_GROUP_SECURITY);
    cast->sec_it = lab_group(lab, cast->c, "sec-it", NULL, RMS_GROUP_SECURITY);
    cast->dl_static = lab_group(lab, cast->c, "dl-static", "dl-static@contoso.test", RMS_GROUP_DISTRIBUTION);
    cast->dl_dyn = lab_group(lab, cast->c, "dl-dyn", "dl-dyn@contoso.test", RMS_GROUP_DYNAMIC);
    cast->fab_sales = lab_group(lab, cast->f, "fab-sales", "fab-sales@fabrikam.test", RMS_GROUP_SECURITY);
    lab_join(lab, cast->c, cast->mkt, cast->bob);
    lab_join(lab, cast->c, cast->mkt, cast->mkt_eu);
    lab_join(lab, cast->c, cast->mkt_eu, cast->erin);
    lab_join(lab, cast->f, cast->fab_sales, cast->fay);
}

static inline int cast_setup(void **state)
{
    struct cast *cast = rms_calloc(1, sizeof *cast);
    void *lab = NULL;

    assert_non_null(cast);
    assert_int_equal(lab_setup(&lab), 0);
    cast->lab = lab;
    cast->c = lab_tenant(cast->lab, "contoso.test", "contoso-alt.test");
    cast->f = lab_tenant(cast->lab, "fabrikam.test", NULL);
    cast_people(cast);
    cast_groups(cast);
    assert_int_equal(rms_directory_new(cast->lab->store, 0, &cast->directory), 0);
    *state = cast;
    return 0;
}

static inline int cast_teardown(void **state)
{
    struct cast *cast = *state;
    void *lab = cast->lab;

    rms_directory_free(&cast->directory);
    rms_free(cast);
    return lab_teardown(&lab);
}

#define CAST_TEST(function) cmocka_unit_test_setup_teardown(function, cast_setup, cast_teardown)

static inline const struct rms_directory_person *cast_person(
    struct cast *cast, const char *tenant_id, const char *id)
{
    const struct rms_directory_person *person = NULL;

    assert_int_equal(rms_directory_person(cast->directory, cast->lab->db, tenant_id, id, &person), 0);
    assert_non_null(person);
    return person;
}

/* Does a grant of VIEW to the address (of tenant C's content) open for the person? As lib/policy decides. */
static inline bool cast_opens_for(
    struct cast *cast, const char *content_tenant, const struct rms_grant *grant, const char *const who[2])
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(1u << 20);
    RMS_DIRECTORY_PERSON_CLEANUP const struct rms_directory_person *person =
        cast_person(cast, who[0], who[1]);
    const struct rms_policy policy = {.grants = grant,
        .grant_count = 1,
        .expires_at = RMS_TIME_NONE,
        .starts_at = RMS_TIME_NONE,
        .offline_days = -1};
    const struct rms_publication publication = {.owner = "alice@contoso.test", .issued_at = LAB_TIME};
    const struct rms_rules rules = {.now = LAB_TIME, .tenant_offline_days = 30};
    struct rms_decision decision;

    assert_int_equal(rms_policy_evaluate(arena, &policy, &publication,
                         rms_directory_person_for(person, content_tenant), &rules, &decision),
        0);
    return decision.code == 0;
}

static inline bool cast_opens(struct cast *cast, const char *address, const char *account_id)
{
    const struct rms_grant grant = {.principal = RMS_PRINCIPAL_ADDRESS,
        .address = address,
        .rights = {.bits = RMS_RIGHT_VIEW},
        .from = RMS_TIME_NONE,
        .until = RMS_TIME_NONE};
    const char *const who[2] = {cast->c, account_id};

    return cast_opens_for(cast, cast->c, &grant, who);
}

#endif
