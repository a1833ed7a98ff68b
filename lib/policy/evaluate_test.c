/* The cast is that of service-requirements 0.1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "policy/policy.h"

#define T0  INT64_C(1900000000)
#define DAY INT64_C(86400)

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

#define PERSON(name, ...)                                                                                    \
    static const char *const name##_addresses[] = {__VA_ARGS__};                                             \
    static const struct rms_person name

#define HAS(name) .addresses = name##_addresses, .address_count = COUNT(name##_addresses)
#define IN(list)  .groups = list, .group_count = COUNT(list)
#define OF(list)  .domains = list, .domain_count = COUNT(list)

static const char *const contoso[] = {"contoso-alt.test", "contoso.test"};
static const char *const fabrikam[] = {"fabrikam.test"};
static const char *const mkt[] = {"mkt@contoso.test"};
static const char *const mkt_and_eu[] = {"all@contoso.test", "mkt-eu@contoso.test", "mkt@contoso.test"};

PERSON(alice, "alice@contoso.test") = {HAS(alice), OF(contoso)};
PERSON(bob, "bob@contoso.test") = {HAS(bob), IN(mkt), OF(contoso)};
PERSON(carol, "carol@contoso.test") = {HAS(carol), OF(contoso)};
PERSON(erin, "erin.m@contoso.test", "e.m@contoso-alt.test") = {HAS(erin), IN(mkt_and_eu), OF(contoso)};
PERSON(gina, "gina@partner.test") = {HAS(gina), IN(mkt), OF(contoso), .guest = true};
PERSON(fay, "fay@fabrikam.test") = {HAS(fay), OF(fabrikam)};
PERSON(super, "it@contoso.test") = {HAS(super), OF(contoso), .super_user = true};
static const struct rms_person nobody = {0};

/* What a test changes, starting from: alice protected it at T0, the clock stands there, tenant maximum 30. */
struct scene {
    struct rms_arena *arena;
    struct rms_policy policy;
    struct rms_publication publication;
    struct rms_rules rules;
    struct rms_decision decision;
};

static int setup(void **state)
{
    static struct scene scene;

    scene = (struct scene){
        .arena = rms_arena_new(1 << 20),
        .publication = {.owner = "alice@contoso.test",
            .issuer = "alice@contoso.test",
            .issued_at = T0,
            .owner_proved = true},
        .rules = {.now = T0, .tenant_offline_days = 30},
    };
    rms_policy_init(&scene.policy);
    *state = &scene;
    return scene.arena == NULL;
}

static int teardown(void **state)
{
    struct scene *s = *state;

    rms_arena_free(&s->arena);
    return 0;
}

static void grants(struct scene *s, const struct rms_grant *list, size_t count)
{
    s->policy.grants = list;
    s->policy.grant_count = count;
}

static struct rms_decision *ask(struct scene *s, const struct rms_person *person)
{
    assert_int_equal(
        rms_policy_evaluate(s->arena, &s->policy, &s->publication, person, &s->rules, &s->decision), 0);
    if (s->decision.code != 0) {
        assert_true(rms_rights_empty(&s->decision.rights));
        assert_false(s->decision.offline_allowed);
        assert_true(s->decision.content_valid_until == RMS_TIME_NONE);
    }
    return &s->decision;
}

#define ASSERT_RIGHTS(scene, person, expected)                                                               \
    do {                                                                                                     \
        assert_int_equal(ask((scene), (person))->code, 0);                                                   \
        assert_int_equal((scene)->decision.rights.bits, (expected));                                         \
    } while (0)
#define ASSERT_CODE(scene, person, expected) assert_int_equal(ask((scene), (person))->code, (expected))

#define GRANT(kind, who, what)                                                                               \
    {                                                                                                        \
        .principal = RMS_PRINCIPAL_##kind, .address = (who), .rights = {.bits = (what)},                     \
        .from = RMS_TIME_NONE, .until = RMS_TIME_NONE                                                        \
    }

/* --- who matches --- */

/* touches: S-037, S-050, S-051, S-073, C-063, C-086 */
static void principals_match_the_people_they_name(void **state)
{
    static const struct {
        struct rms_grant grant;
        const struct rms_person *person;
        bool matches;
    } cases[] = {
        {GRANT(ADDRESS, "bob@contoso.test", RMS_RIGHT_PRINT), &bob, true},
        {GRANT(ADDRESS, "bob@contoso.test", RMS_RIGHT_PRINT), &carol, false},
        {GRANT(ADDRESS, "e.m@contoso-alt.test", RMS_RIGHT_PRINT), &erin, true},
        {GRANT(ADDRESS, "erin@contoso.test", RMS_RIGHT_PRINT), &erin, false},
        {GRANT(ADDRESS, "mkt@contoso.test", RMS_RIGHT_PRINT), &bob, true},
        {GRANT(ADDRESS, "mkt@contoso.test", RMS_RIGHT_PRINT), &erin, true},
        {GRANT(ADDRESS, "mkt-eu@contoso.test", RMS_RIGHT_PRINT), &erin, true},
        {GRANT(ADDRESS, "all@contoso.test", RMS_RIGHT_PRINT), &erin, true},
        {GRANT(ADDRESS, "mkt-eu@contoso.test", RMS_RIGHT_PRINT), &bob, false},
        {GRANT(ADDRESS, "contoso.test", RMS_RIGHT_PRINT), &bob, false},
        {GRANT(ADDRESS, NULL, RMS_RIGHT_PRINT), &bob, false},
        {GRANT(ADDRESS, "", RMS_RIGHT_PRINT), &nobody, false},
        {GRANT(DOMAIN, "contoso-alt.test", RMS_RIGHT_PRINT), &bob, true},
        {GRANT(DOMAIN, "contoso.test", RMS_RIGHT_PRINT), &fay, false},
        {GRANT(DOMAIN, "fabrikam.test", RMS_RIGHT_PRINT), &fay, true},
        {GRANT(DOMAIN, "contoso.test", RMS_RIGHT_PRINT), &gina, false},
        {GRANT(DOMAIN, "partner.test", RMS_RIGHT_PRINT), &gina, false},
        {GRANT(DOMAIN, NULL, RMS_RIGHT_PRINT), &bob, false},
        {GRANT(ADDRESS, "gina@partner.test", RMS_RIGHT_PRINT), &gina, true},
        {GRANT(ADDRESS, "mkt@contoso.test", RMS_RIGHT_PRINT), &gina, true},
        {GRANT(ANYONE, NULL, RMS_RIGHT_PRINT), &fay, true},
        {GRANT(ANYONE, NULL, RMS_RIGHT_PRINT), &gina, true},
        {GRANT(ANYONE, NULL, 0), &fay, false},
        {GRANT(ANYONE, NULL, 1u << 20), &fay, false},
        {GRANT(OWNER, NULL, RMS_RIGHT_PRINT), &bob, false},
    };
    struct scene *s = *state;
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        grants(s, &cases[i].grant, 1);
        ASSERT_CODE(s, cases[i].person, cases[i].matches ? 0 : RMS_E_NO_RIGHTS);
        assert_int_equal(s->decision.matched_grants, cases[i].matches);
    }
}

/* touches: S-073 */
static void no_grants_are_no_rights(void **state)
{
    struct scene *s = *state;

    ASSERT_CODE(s, &carol, RMS_E_NO_RIGHTS);
    ASSERT_CODE(s, &nobody, RMS_E_NO_RIGHTS);
}

/* touches: S-086, C-062 */
static void only_me_is_for_the_owner_alone(void **state)
{
    static const struct rms_grant left_over = GRANT(ANYONE, NULL, RMS_RIGHT_VIEW);
    struct scene *s = *state;

    s->policy.only_me = true;
    grants(s, &left_over, 1);
    ASSERT_CODE(s, &bob, RMS_E_NO_RIGHTS);
    ASSERT_RIGHTS(s, &super, RMS_RIGHT_OWNER);
    s->policy.expiry = RMS_EXPIRY_AFTER_DAYS;
    s->policy.expiry_days = 1;
    s->policy.offline_days = 0;
    s->rules.now = T0 + 9 * DAY;
    ASSERT_RIGHTS(s, &alice, RMS_RIGHT_OWNER);
    assert_true(s->decision.offline_allowed);
}

/* --- which rights --- */

/* proves: S-070 */
static void owner_stands_alone_and_implies_all(void **state)
{
    static const struct rms_grant owner[] = {
        GRANT(ADDRESS, "bob@contoso.test", RMS_RIGHT_OWNER),
        GRANT(ADDRESS, "mkt@contoso.test", RMS_RIGHT_PRINT),
    };
    struct scene *s = *state;
    uint32_t bit = 0;
    size_t i;

    grants(s, owner, 2);
    ASSERT_RIGHTS(s, &bob, RMS_RIGHT_OWNER);
    for (i = 0; rms_right_name(i, &bit) != NULL; i++) {
        assert_true(rms_rights_allow(&s->decision.rights, bit));
    }
    assert_true(rms_rights_allow_name(&s->decision.rights, "ACME.MEASURE"));
    ASSERT_RIGHTS(s, &alice, RMS_RIGHT_OWNER); /* as issuer */
    ASSERT_RIGHTS(s, &erin, RMS_RIGHT_PRINT | RMS_RIGHT_VIEW);
    assert_false(rms_rights_allow(&s->decision.rights, RMS_RIGHT_EXPORT));
}

/* proves: S-071 */
static void any_right_implies_view_and_nothing_else(void **state)
{
    struct rms_grant grant = GRANT(ADDRESS, "bob@contoso.test", RMS_RIGHT_DOCEDIT | RMS_RIGHT_EXTRACT);
    struct scene *s = *state;
    const char *field = NULL;
    uint32_t bit = 0;
    size_t i;

    grants(s, &grant, 1);
    ASSERT_RIGHTS(s, &bob, RMS_RIGHT_VIEW | RMS_RIGHT_DOCEDIT | RMS_RIGHT_EXTRACT);
    for (i = 0; rms_right_name(i, &bit) != NULL; i++) {
        uint32_t expected = bit == RMS_RIGHT_OWNER ? bit : bit | RMS_RIGHT_VIEW;

        grant.rights.bits = bit;
        ASSERT_RIGHTS(s, &bob, expected);
    }
    grant.rights.bits = RMS_RIGHT_EDIT;
    ASSERT_RIGHTS(s, &bob, RMS_RIGHT_EDIT | RMS_RIGHT_VIEW);
    assert_false(rms_rights_allow(&s->decision.rights, RMS_RIGHT_DOCEDIT));
    grant.rights.bits = RMS_RIGHT_PRINT | 1u << 20; /* a bit without a meaning */
    ASSERT_RIGHTS(s, &bob, RMS_RIGHT_PRINT | RMS_RIGHT_VIEW);
    grant.rights.bits = 0;
    assert_int_equal(rms_policy_check(&s->policy, T0, &field), RMS_E_BAD_ARGUMENT);
    assert_string_equal(field, "grants.rights");
    ASSERT_CODE(s, &bob, RMS_E_NO_RIGHTS);
}

/* C-086's and S-072's bob. proves: C-086
 * touches: S-072 */
static void several_entries_give_the_union(void **state)
{
    static const struct rms_grant c086[] = {
        GRANT(ADDRESS, "bob@contoso.test", RMS_RIGHT_VIEW),
        GRANT(ADDRESS, "mkt@contoso.test", RMS_RIGHT_EDIT | RMS_RIGHT_PRINT),
    };
    static const struct rms_grant s072[] = {
        GRANT(ADDRESS, "bob@contoso.test", RMS_RIGHT_VIEW),
        GRANT(ADDRESS, "gone@contoso.test", RMS_RIGHT_OWNER),
        GRANT(ADDRESS, "mkt@contoso.test", RMS_RIGHT_PRINT),
        GRANT(DOMAIN, "contoso.test", RMS_RIGHT_EXTRACT),
    };
    struct scene *s = *state;

    grants(s, c086, COUNT(c086));
    ASSERT_RIGHTS(s, &bob, RMS_RIGHT_VIEW | RMS_RIGHT_EDIT | RMS_RIGHT_PRINT);
    grants(s, s072, COUNT(s072));
    ASSERT_RIGHTS(s, &bob, RMS_RIGHT_VIEW | RMS_RIGHT_PRINT | RMS_RIGHT_EXTRACT);
    assert_int_equal(s->decision.matched_grants, 3);
}

/* touches: S-069 */
static void custom_rights_are_united_too(void **state)
{
    static const char *const first[] = {"B", "D"};
    static const char *const second[] = {"A", "B", "E"};
    static const char *const foreign[] = {"Z"};
    struct rms_grant list[] = {
        GRANT(ANYONE, NULL, 0),
        GRANT(ADDRESS, "mkt@contoso.test", 0),
        GRANT(ADDRESS, "carol@contoso.test", 0),
    };
    static const char *const expected[] = {"A", "B", "D", "E"};
    struct scene *s = *state;
    size_t i;

    list[0].rights = (struct rms_rights){0, first, 2};
    list[1].rights = (struct rms_rights){0, second, 3};
    list[2].rights = (struct rms_rights){RMS_RIGHT_OWNER, foreign, 1};
    grants(s, list, COUNT(list));
    ASSERT_RIGHTS(s, &bob, RMS_RIGHT_VIEW);
    assert_int_equal(s->decision.rights.custom_count, COUNT(expected));
    for (i = 0; i < COUNT(expected); i++) {
        assert_string_equal(s->decision.rights.custom[i], expected[i]);
    }
    ASSERT_RIGHTS(s, &carol, RMS_RIGHT_OWNER);
    assert_int_equal(s->decision.rights.custom_count, 0);
}

/* --- when --- */

/* touches: S-103, S-102 */
static void content_ends_on_the_second(void **state)
{
    static const struct rms_grant grant = GRANT(ANYONE, NULL, RMS_RIGHT_VIEW);
    struct scene *s = *state;

    grants(s, &grant, 1);
    s->policy.expiry = RMS_EXPIRY_AFTER_DAYS;
    s->policy.expiry_days = 10;
    s->rules.now = T0 + 10 * DAY - 1;
    ASSERT_CODE(s, &bob, 0);
    assert_true(s->decision.content_valid_until == T0 + 10 * DAY);
    s->rules.now = T0 + 10 * DAY;
    ASSERT_CODE(s, &bob, RMS_E_EXPIRED);
    s->policy.expiry_days = 20; /* the template was changed */
    ASSERT_CODE(s, &bob, 0);
    s->policy.expiry = RMS_EXPIRY_ON_DATE;
    s->policy.expiry_days = 0;
    s->policy.expires_at = s->rules.now;
    ASSERT_CODE(s, &bob, RMS_E_EXPIRED);
    s->policy.expires_at++;
    ASSERT_CODE(s, &bob, 0);
}

static void content_that_has_not_begun_gives_nothing(void **state)
{
    static const struct rms_grant grant = GRANT(ANYONE, NULL, RMS_RIGHT_OWNER);
    struct scene *s = *state;

    grants(s, &grant, 1);
    s->policy.starts_at = T0 + 5;
    s->rules.now = T0 + 4;
    ASSERT_CODE(s, &bob, RMS_E_NO_RIGHTS);
    ASSERT_RIGHTS(s, &alice, RMS_RIGHT_OWNER);
    ASSERT_RIGHTS(s, &super, RMS_RIGHT_OWNER);
    s->rules.now = T0 + 5;
    ASSERT_CODE(s, &bob, 0);
}

/* touches: S-091 */
static void entries_have_times_of_their_own(void **state)
{
    struct rms_grant list[] = {
        GRANT(ADDRESS, "mkt@contoso.test", RMS_RIGHT_VIEW),
        GRANT(ADDRESS, "bob@contoso.test", RMS_RIGHT_EXTRACT),
    };
    struct scene *s = *state;

    list[0].until = T0 + 5 * DAY;
    list[1].until = T0 + 1 * DAY;
    grants(s, list, 2);
    ASSERT_RIGHTS(s, &bob, RMS_RIGHT_VIEW | RMS_RIGHT_EXTRACT);
    assert_true(s->decision.licence_valid_until == T0 + 1 * DAY);
    s->rules.now = T0 + 2 * DAY;
    ASSERT_RIGHTS(s, &bob, RMS_RIGHT_VIEW);
    assert_true(s->decision.licence_valid_until == T0 + 5 * DAY);
    s->rules.now = T0 + 6 * DAY;
    ASSERT_CODE(s, &bob, RMS_E_EXPIRED);
    ASSERT_CODE(s, &carol, RMS_E_NO_RIGHTS);
    list[1].until = RMS_TIME_NONE;
    list[1].from = T0 + 7 * DAY;
    ASSERT_CODE(s, &bob, RMS_E_EXPIRED); /* mkt's time is over, his own has not come */
    list[0].until = RMS_TIME_NONE;
    list[0].from = T0 + 8 * DAY;
    ASSERT_CODE(s, &bob, RMS_E_NO_RIGHTS);
    s->rules.now = T0 + 7 * DAY;
    ASSERT_RIGHTS(s, &bob, RMS_RIGHT_VIEW | RMS_RIGHT_EXTRACT);
}

/* S-133: days a licence lasts for tenant maximum x own allowance x content end. Worked out by hand. */
static const struct {
    int tenant, own;
    int without_end, with_three_days;
} offline[] = {
    {0, -1, 0, 0},
    {0, 0, 0, 0},
    {0, 7, 0, 0},
    {0, 9999, 0, 0},
    {7, -1, 7, 3},
    {7, 0, 0, 0},
    {7, 7, 7, 3},
    {7, 9999, 7, 3},
    {30, -1, 30, 3},
    {30, 0, 0, 0},
    {30, 7, 7, 3},
    {30, 9999, 30, 3},
};

static void assert_lasts(struct scene *s, int days)
{
    ASSERT_CODE(s, &bob, 0);
    assert_true(s->decision.licence_valid_until == s->rules.now + days * DAY);
    assert_int_equal(s->decision.offline_allowed, days > 0);
}

/* touches: S-132, S-133 */
static void licences_end_as_the_24_results_say(void **state)
{
    static const struct rms_grant grant = GRANT(ANYONE, NULL, RMS_RIGHT_VIEW);
    struct scene *s = *state;
    size_t i;

    grants(s, &grant, 1);
    for (i = 0; i < COUNT(offline); i++) {
        s->rules.tenant_offline_days = offline[i].tenant;
        s->policy.offline_days = offline[i].own;
        s->policy.expiry = RMS_EXPIRY_NEVER;
        s->policy.expires_at = RMS_TIME_NONE;
        assert_lasts(s, offline[i].without_end);
        s->policy.expiry = RMS_EXPIRY_ON_DATE;
        s->policy.expires_at = s->rules.now + 3 * DAY;
        assert_lasts(s, offline[i].with_three_days);
        assert_int_equal(rms_policy_check(&s->policy, s->rules.now, NULL), 0);
    }
}

static void numbers_out_of_range_allow_nothing_offline(void **state)
{
    static const struct rms_grant grant = GRANT(ANYONE, NULL, RMS_RIGHT_VIEW);
    struct scene *s = *state;

    grants(s, &grant, 1);
    s->policy.offline_days = -2;
    assert_lasts(s, 0);
    s->policy.offline_days = -1;
    s->rules.tenant_offline_days = -1;
    assert_lasts(s, 0);
    s->rules.tenant_offline_days = RMS_TENANT_DAYS_MAX;
    assert_lasts(s, 65535);
    s->rules.now = INT64_MAX - 5;
    ASSERT_CODE(s, &bob, 0);
    assert_true(s->decision.licence_valid_until == INT64_MAX);
}

/* --- table 3.5: who is above the policy --- */

enum who { GRANTED_OWNER, OWNER, ISSUER, SUPER, GRANTED, WHO_COUNT };

/* touches: S-081, S-082, S-130, S-173, S-174, S-181, C-062, C-068, C-072, C-085 */
static void those_above_the_policy_are_those_of_table_3_5(void **state)
{
    static const struct rms_grant list[] = {
        GRANT(ADDRESS, "bob@contoso.test", RMS_RIGHT_OWNER),
        GRANT(ADDRESS, "carol@contoso.test", RMS_RIGHT_VIEW),
    };
    static const struct {
        const struct rms_person *person;
        uint32_t bits;
        int expired, revoked, both;
        bool offline_when_forbidden;
    } rows[WHO_COUNT] = {
        [GRANTED_OWNER] = {&bob, RMS_RIGHT_OWNER, RMS_E_EXPIRED, RMS_E_REVOKED, RMS_E_REVOKED, false},
        [OWNER] = {&erin, RMS_RIGHT_OWNER, 0, RMS_E_REVOKED, RMS_E_REVOKED, true},
        [ISSUER] = {&alice, RMS_RIGHT_OWNER, 0, 0, 0, true},
        [SUPER] = {&super, RMS_RIGHT_OWNER, 0, 0, 0, false},
        [GRANTED] = {&carol, RMS_RIGHT_VIEW, RMS_E_EXPIRED, RMS_E_REVOKED, RMS_E_REVOKED, false},
    };
    struct scene *s = *state;
    size_t i;

    s->publication.owner = "e.m@contoso-alt.test";
    grants(s, list, COUNT(list));
    s->policy.offline_days = 0;
    s->policy.expiry = RMS_EXPIRY_AFTER_DAYS;
    s->policy.expiry_days = 3;
    for (i = 0; i < WHO_COUNT; i++) {
        s->rules.now = T0;
        s->publication.revoked = false;
        ASSERT_RIGHTS(s, rows[i].person, rows[i].bits);
        assert_int_equal(s->decision.offline_allowed, rows[i].offline_when_forbidden);
        assert_int_equal(s->decision.as_owner, i == OWNER);
        assert_int_equal(s->decision.as_issuer, i == ISSUER);
        assert_int_equal(s->decision.as_super_user, i == SUPER);
        s->publication.revoked = true;
        ASSERT_CODE(s, rows[i].person, rows[i].revoked);
        s->rules.now = T0 + 3 * DAY;
        ASSERT_CODE(s, rows[i].person, rows[i].both);
        s->publication.revoked = false;
        ASSERT_CODE(s, rows[i].person, rows[i].expired);
    }
}

/* S-137: the issuer's own licence has no end; a super user's is for one opening. touches: S-137, S-181 */
static void licences_of_those_above_have_their_own_end(void **state)
{
    struct scene *s = *state;

    s->rules.tenant_offline_days = 0;
    ASSERT_CODE(s, &alice, 0);
    assert_true(s->decision.licence_valid_until == RMS_TIME_NONE);
    assert_true(s->decision.content_valid_until == RMS_TIME_NONE);
    s->rules.tenant_offline_days = 30;
    ASSERT_CODE(s, &super, 0);
    assert_true(s->decision.licence_valid_until == s->rules.now);
    assert_false(s->decision.offline_allowed);
}

/* Authors without a place of their own: what the grants give, the one to the owner among them; revoked and
 * ended as for everybody. touches: B-07 */
static void authors_have_what_is_listed(void **state)
{
    static const struct rms_grant list[] = {
        GRANT(ADDRESS, "bob@contoso.test", RMS_RIGHT_OWNER), GRANT(OWNER, NULL, RMS_RIGHT_PRINT)};
    struct scene *s = *state;

    s->policy.author_listed = true;
    ASSERT_CODE(s, &alice, RMS_E_NO_RIGHTS);
    grants(s, list, COUNT(list));
    ASSERT_RIGHTS(s, &alice, RMS_RIGHT_VIEW | RMS_RIGHT_PRINT);
    assert_false(s->decision.as_owner || s->decision.as_issuer);
    assert_true(s->decision.licence_valid_until == T0 + 30 * DAY);
    ASSERT_RIGHTS(s, &bob, RMS_RIGHT_OWNER);
    ASSERT_RIGHTS(s, &super, RMS_RIGHT_OWNER);
    ASSERT_CODE(s, &carol, RMS_E_NO_RIGHTS);
    s->publication.owner = "carol@contoso.test"; /* alice is the issuer alone */
    ASSERT_CODE(s, &alice, RMS_E_NO_RIGHTS);
    ASSERT_RIGHTS(s, &carol, RMS_RIGHT_VIEW | RMS_RIGHT_PRINT);
    s->publication.owner_place = RMS_PLACE_OTHER; /* handed over */
    ASSERT_CODE(s, &carol, RMS_E_NO_RIGHTS);
    s->publication.owner_place = RMS_PLACE_OWN;
    ASSERT_RIGHTS(s, &carol, RMS_RIGHT_VIEW | RMS_RIGHT_PRINT);
    s->publication.revoked = true;
    ASSERT_CODE(s, &carol, RMS_E_REVOKED);
    ASSERT_CODE(s, &alice, RMS_E_REVOKED);
    ASSERT_CODE(s, &super, 0);
    s->publication.revoked = false;
    s->policy.expiry = RMS_EXPIRY_AFTER_DAYS;
    s->policy.expiry_days = 1;
    s->rules.now = T0 + DAY;
    ASSERT_CODE(s, &carol, RMS_E_EXPIRED);
    s->publication.owner_proved = false;
    ASSERT_CODE(s, &carol, RMS_E_NO_RIGHTS);
}

/* The first failure in the order of S-130. touches: S-130 */
static void revocation_comes_before_rights_and_rights_before_expiry(void **state)
{
    static const struct rms_grant grant = GRANT(ADDRESS, "bob@contoso.test", RMS_RIGHT_VIEW);
    struct scene *s = *state;

    grants(s, &grant, 1);
    s->policy.expiry = RMS_EXPIRY_AFTER_DAYS;
    s->policy.expiry_days = 1;
    s->rules.now = T0 + DAY;
    ASSERT_CODE(s, &carol, RMS_E_NO_RIGHTS);
    ASSERT_CODE(s, &bob, RMS_E_EXPIRED);
    s->publication.revoked = true;
    ASSERT_CODE(s, &carol, RMS_E_REVOKED);
    ASSERT_CODE(s, &bob, RMS_E_REVOKED);
}

/* xrml-licences 8.2: names nobody vouches for give nothing. */
static void names_that_are_not_proved_do_not_count(void **state)
{
    static const struct rms_grant to_owner = GRANT(OWNER, NULL, RMS_RIGHT_OWNER);
    struct scene *s = *state;

    grants(s, &to_owner, 1);
    s->publication.owner_proved = false;
    ASSERT_CODE(s, &alice, RMS_E_NO_RIGHTS);
    assert_false(s->decision.as_owner);
    assert_false(s->decision.as_issuer);
    assert_int_equal(s->decision.matched_grants, 0);
    s->publication.owner_proved = true;
    s->publication.owner = NULL;
    s->publication.issuer = NULL;
    ASSERT_CODE(s, &alice, RMS_E_NO_RIGHTS);
    ASSERT_CODE(s, &nobody, RMS_E_NO_RIGHTS);
}

/* touches: S-082, S-083 */
static void a_group_as_owner_gives_its_members_nothing(void **state)
{
    static const struct rms_grant to_owner = GRANT(OWNER, NULL, RMS_RIGHT_PRINT);
    struct scene *s = *state;

    s->publication.owner = "mkt@contoso.test";
    grants(s, &to_owner, 1);
    ASSERT_CODE(s, &erin, RMS_E_NO_RIGHTS);
    s->publication.owner = "erin.m@contoso.test";
    ASSERT_RIGHTS(s, &erin, RMS_RIGHT_OWNER);
    assert_int_equal(s->decision.matched_grants, 1);
}

/* touches: S-180 */
static void the_super_user_right_is_used_only_when_needed(void **state)
{
    static const struct rms_grant list[] = {GRANT(ADDRESS, "it@contoso.test", RMS_RIGHT_PRINT)};
    struct scene *s = *state;

    grants(s, list, 1);
    s->rules.wanted = RMS_RIGHT_VIEW;
    ASSERT_RIGHTS(s, &super, RMS_RIGHT_VIEW | RMS_RIGHT_PRINT);
    assert_false(s->decision.as_super_user);
    assert_true(s->decision.offline_allowed);
    s->rules.wanted = RMS_RIGHT_VIEW | RMS_RIGHT_EXPORT;
    ASSERT_RIGHTS(s, &super, RMS_RIGHT_OWNER);
    assert_true(s->decision.as_super_user);
    s->rules.wanted = 0;
    ASSERT_RIGHTS(s, &super, RMS_RIGHT_OWNER);
    assert_true(s->decision.as_super_user);
    s->publication.owner = "it@contoso.test";
    ASSERT_RIGHTS(s, &super, RMS_RIGHT_OWNER);
    assert_false(s->decision.as_super_user);
    assert_true(s->decision.as_owner && s->decision.offline_allowed);
    s->publication.revoked = true; /* the owner is denied, the super user is not */
    ASSERT_RIGHTS(s, &super, RMS_RIGHT_OWNER);
    assert_true(s->decision.as_super_user && s->decision.as_owner);
    assert_false(s->decision.offline_allowed);
}

/* touches: B-01 */
static void an_explanation_names_the_entries_and_changes_nothing(void **state)
{
    static const struct rms_grant list[] = {
        GRANT(ADDRESS, "carol@contoso.test", RMS_RIGHT_PRINT),
        GRANT(ADDRESS, "e.m@contoso-alt.test", RMS_RIGHT_VIEW),
        {.principal = RMS_PRINCIPAL_ADDRESS,
            .address = "mkt-eu@contoso.test",
            .rights = {.bits = RMS_RIGHT_EDIT},
            .from = RMS_TIME_NONE,
            .until = T0},
        {.principal = RMS_PRINCIPAL_DOMAIN,
            .address = "contoso.test",
            .rights = {.bits = RMS_RIGHT_PRINT},
            .from = T0 + 1,
            .until = RMS_TIME_NONE},
        GRANT(ANYONE, NULL, RMS_RIGHT_EXTRACT),
    };
    static const struct {
        size_t grant;
        enum rms_match_kind kind;
        enum rms_match_state state;
    } expected[] = {{1, RMS_MATCH_ADDRESS, RMS_MATCH_IN_FORCE}, {2, RMS_MATCH_GROUP, RMS_MATCH_ENDED},
        {3, RMS_MATCH_DOMAIN, RMS_MATCH_NOT_BEGUN}, {4, RMS_MATCH_ANYONE, RMS_MATCH_IN_FORCE}};
    struct rms_matches matches = {.count = 7}; /* of an earlier evaluation */
    struct scene *s = *state;
    struct rms_decision plain;

    grants(s, list, COUNT(list));
    plain = *ask(s, &erin);
    s->rules.matches = &matches;
    ASSERT_RIGHTS(s, &erin, plain.rights.bits);
    assert_int_equal(s->decision.matched_grants, plain.matched_grants);
    assert_int_equal(matches.count, COUNT(expected));
    for (size_t i = 0; i < COUNT(expected); i++) {
        assert_ptr_equal(matches.items[i].grant, &list[expected[i].grant]);
        assert_int_equal(matches.items[i].kind, expected[i].kind);
        assert_int_equal(matches.items[i].state, expected[i].state);
    }
    ASSERT_CODE(s, &nobody, 0); /* anyone */
    assert_int_equal(matches.count, 1);
}

static void running_out_of_memory_is_a_denial_with_a_code(void **state)
{
    static const char *const names[] = {"A", "B"};
    struct rms_grant grant = GRANT(ANYONE, NULL, RMS_RIGHT_VIEW);
    struct rms_decision decision;
    struct scene *s = *state;
    size_t room;

    grant.rights.custom = names;
    grant.rights.custom_count = 2;
    grants(s, &grant, 1);
    for (room = 0; room < 48; room += 16) {
        struct rms_arena *small = rms_arena_new(room);

        assert_non_null(small);
        assert_int_equal(rms_policy_evaluate(small, &s->policy, &s->publication, &bob, &s->rules, &decision),
            RMS_E_NO_MEMORY);
        assert_int_equal(decision.code, RMS_E_NO_RIGHTS);
        assert_true(rms_rights_empty(&decision.rights));
        rms_arena_free(&small);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(principals_match_the_people_they_name),
        TEST(no_grants_are_no_rights),
        TEST(only_me_is_for_the_owner_alone),
        TEST(owner_stands_alone_and_implies_all),
        TEST(any_right_implies_view_and_nothing_else),
        TEST(several_entries_give_the_union),
        TEST(custom_rights_are_united_too),
        TEST(content_ends_on_the_second),
        TEST(content_that_has_not_begun_gives_nothing),
        TEST(entries_have_times_of_their_own),
        TEST(licences_end_as_the_24_results_say),
        TEST(numbers_out_of_range_allow_nothing_offline),
        TEST(those_above_the_policy_are_those_of_table_3_5),
        TEST(licences_of_those_above_have_their_own_end),
        TEST(authors_have_what_is_listed),
        TEST(revocation_comes_before_rights_and_rights_before_expiry),
        TEST(names_that_are_not_proved_do_not_count),
        TEST(a_group_as_owner_gives_its_members_nothing),
        TEST(the_super_user_right_is_used_only_when_needed),
        TEST(an_explanation_names_the_entries_and_changes_nothing),
        TEST(running_out_of_memory_is_a_denial_with_a_code),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
