#include "policy/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define NOW INT64_C(1900000000)
#define DAY INT64_C(86400)

static const struct rms_policy_text english = {1033, "Plan", "Plans of the year"};

/* A policy that passes, for tests to break in one place. */
struct sample {
    struct rms_policy policy;
    struct rms_grant grant;
    struct rms_policy_text text;
};

static void make(struct sample *sample)
{
    rms_policy_init(&sample->policy);
    rms_grant_init(&sample->grant);
    sample->text = english;
    sample->grant.address = "bob@contoso.test";
    sample->grant.rights.bits = RMS_RIGHT_VIEW;
    sample->policy.grants = &sample->grant;
    sample->policy.grant_count = 1;
    sample->policy.texts = &sample->text;
    sample->policy.text_count = 1;
    sample->policy.from_template = true;
}

static void assert_refused(const struct rms_policy *policy, int64_t now, const char *expected)
{
    const char *field = NULL;

    assert_int_equal(rms_policy_check(policy, now, &field), RMS_E_BAD_ARGUMENT);
    assert_non_null(field);
    assert_string_equal(field, expected);
    assert_int_equal(rms_policy_check(policy, now, NULL), RMS_E_BAD_ARGUMENT);
}

static void assert_accepted(const struct rms_policy *policy, int64_t now)
{
    const char *field = "unset";

    assert_int_equal(rms_policy_check(policy, now, &field), 0);
    assert_null(field);
}

static void a_sound_policy_passes(void **state)
{
    struct sample s;

    (void)state;
    make(&s);
    assert_accepted(&s.policy, NOW);
    memcpy(s.policy.id, "d6e29a02-6d46-4b4b-9b2c-0f3c3ad1b7a4", RMS_GUID_TEXT);
    s.policy.referral = "mailto:alice@contoso.test";
    assert_accepted(&s.policy, NOW);
}

/* S-101 and C-064, each wrong combination. */
static const struct {
    int expiry;
    int64_t at, starts;
    unsigned days;
    const char *field; /* NULL = accepted */
} expiries[] = {
    {RMS_EXPIRY_NEVER, RMS_TIME_NONE, RMS_TIME_NONE, 0, NULL},
    {RMS_EXPIRY_NEVER, NOW + DAY, RMS_TIME_NONE, 0, "expires_at"},
    {RMS_EXPIRY_NEVER, RMS_TIME_NONE, RMS_TIME_NONE, 5, "expiry_days"},
    {RMS_EXPIRY_NEVER, RMS_TIME_NONE, NOW + DAY, 0, NULL},
    {RMS_EXPIRY_ON_DATE, NOW + 1, RMS_TIME_NONE, 0, NULL},
    {RMS_EXPIRY_ON_DATE, NOW, RMS_TIME_NONE, 0, "expires_at"},
    {RMS_EXPIRY_ON_DATE, NOW - DAY, RMS_TIME_NONE, 0, "expires_at"},
    {RMS_EXPIRY_ON_DATE, RMS_TIME_NONE, RMS_TIME_NONE, 0, "expires_at"},
    {RMS_EXPIRY_ON_DATE, NOW + DAY, RMS_TIME_NONE, 3, "expiry_days"},
    {RMS_EXPIRY_ON_DATE, INT64_MAX, RMS_TIME_NONE, 0, "expires_at"},
    {RMS_EXPIRY_ON_DATE, NOW + DAY, NOW - DAY, 0, NULL},
    {RMS_EXPIRY_ON_DATE, NOW + DAY, NOW + DAY, 0, "starts_at"},
    {RMS_EXPIRY_ON_DATE, NOW + DAY, NOW + DAY + 1, 0, "starts_at"},
    {RMS_EXPIRY_AFTER_DAYS, RMS_TIME_NONE, RMS_TIME_NONE, 1, NULL},
    {RMS_EXPIRY_AFTER_DAYS, RMS_TIME_NONE, RMS_TIME_NONE, 36500, NULL},
    {RMS_EXPIRY_AFTER_DAYS, RMS_TIME_NONE, RMS_TIME_NONE, 36501, "expiry_days"},
    {RMS_EXPIRY_AFTER_DAYS, RMS_TIME_NONE, RMS_TIME_NONE, 0, "expiry_days"},
    {RMS_EXPIRY_AFTER_DAYS, NOW + DAY, RMS_TIME_NONE, 5, "expires_at"},
    {RMS_EXPIRY_AFTER_DAYS, RMS_TIME_NONE, INT64_MAX, 5, "starts_at"},
    {RMS_EXPIRY_AFTER_DAYS + 1, RMS_TIME_NONE, RMS_TIME_NONE, 0, "expiry"},
};

/* touches: S-101, C-064 */
static void expiry_fields_are_consistent(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof expiries / sizeof expiries[0]; i++) {
        struct sample s;

        make(&s);
        s.policy.expiry = (enum rms_expiry)expiries[i].expiry;
        s.policy.expires_at = expiries[i].at;
        s.policy.starts_at = expiries[i].starts;
        s.policy.expiry_days = expiries[i].days;
        if (expiries[i].field != NULL) {
            assert_refused(&s.policy, NOW, expiries[i].field);
        } else {
            assert_accepted(&s.policy, NOW);
        }
    }
}

static void a_template_may_be_kept_after_its_end(void **state)
{
    struct sample s;

    (void)state;
    make(&s);
    s.policy.expiry = RMS_EXPIRY_ON_DATE;
    s.policy.expires_at = NOW;
    assert_accepted(&s.policy, RMS_TIME_NONE);
}

/* touches: S-133 */
static void offline_days_have_a_range(void **state)
{
    static const int good[] = {-1, 0, 1, 30, 9999};
    static const int bad[] = {-2, 10000, INT32_MIN, INT32_MAX};
    struct sample s;
    size_t i;

    (void)state;
    make(&s);
    for (i = 0; i < sizeof good / sizeof good[0]; i++) {
        s.policy.offline_days = good[i];
        assert_accepted(&s.policy, NOW);
    }
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        s.policy.offline_days = bad[i];
        assert_refused(&s.policy, NOW, "offline_days");
    }
}

/* touches: S-068, S-092 */
static void grants_are_needed_unless_only_me(void **state)
{
    struct sample s;

    (void)state;
    make(&s);
    s.policy.only_me = true;
    assert_refused(&s.policy, NOW, "grants");
    s.policy.grant_count = 0;
    assert_accepted(&s.policy, NOW);
    s.policy.only_me = false;
    assert_refused(&s.policy, NOW, "grants");
}

/* touches: S-092 */
static void grants_are_at_most_10000(void **state)
{
    static struct rms_grant grants[RMS_GRANTS_MAX + 1];
    struct sample s;
    size_t i;

    (void)state;
    make(&s);
    for (i = 0; i <= RMS_GRANTS_MAX; i++) {
        grants[i] = s.grant;
    }
    s.policy.grants = grants;
    s.policy.grant_count = RMS_GRANTS_MAX;
    assert_accepted(&s.policy, NOW);
    s.policy.grant_count++;
    assert_refused(&s.policy, NOW, "grants");
}

/* touches: S-068, S-071, S-092 */
static void each_grant_is_checked(void **state)
{
    struct rms_grant pair[2];
    struct sample s;

    (void)state;
    make(&s);
    pair[0] = s.grant;
    pair[1] = s.grant;
    s.policy.grants = pair;
    s.policy.grant_count = 2;
    assert_accepted(&s.policy, NOW);
    pair[1].address = "bob";
    assert_refused(&s.policy, NOW, "grants.address");
    pair[1] = s.grant;
    pair[1].rights.bits = 0;
    assert_refused(&s.policy, NOW, "grants.rights");
    pair[1].rights.bits = RMS_RIGHT_VIEW | 1u << 20;
    assert_refused(&s.policy, NOW, "grants.rights");
    pair[1] = s.grant;
    pair[1].from = NOW;
    pair[1].until = NOW;
    assert_refused(&s.policy, NOW, "grants.until");
    pair[1].until = NOW + 1;
    assert_accepted(&s.policy, NOW);
    pair[1].from = RMS_TIME_NONE;
    pair[1].until = NOW - DAY; /* over, but harmless */
    assert_accepted(&s.policy, NOW);
}

static const struct {
    size_t count;
    struct rms_policy_text texts[2];
    const char *field;
} text_cases[] = {
    {0, {{1033, "a", "b"}}, "texts"},
    {1, {{1033, NULL, "b"}}, "texts.name"},
    {1, {{1033, "", "b"}}, "texts.name"},
    {1, {{1033, "a", ""}}, "texts.description"},
    {1, {{1033, "a", NULL}}, "texts.description"},
    {1, {{1033, "a\nb", "b"}}, "texts.name"},
    {1, {{1033, "a", "\xff"}}, "texts.description"},
    {1, {{99999, "a", "b"}}, "texts.lcid"},
    {1, {{0, "a", "b"}}, "texts.lcid"},
    {2, {{1034, "a", "b"}, {1034, "c", "d"}}, "texts.lcid"},
};

/* touches: S-095 */
static void templates_need_sound_texts(void **state)
{
    size_t i;
    struct sample s;

    (void)state;
    make(&s);
    for (i = 0; i < sizeof text_cases / sizeof text_cases[0]; i++) {
        s.policy.texts = text_cases[i].texts;
        s.policy.text_count = text_cases[i].count;
        s.policy.from_template = true;
        assert_refused(&s.policy, NOW, text_cases[i].field);
    }
    s.policy.from_template = false;
    s.policy.text_count = 0;
    assert_accepted(&s.policy, NOW);
}

static void ids_and_referrals_are_checked(void **state)
{
    static const char *const good[] = {"alice@contoso.test", "mailto:alice@contoso.test",
        "MAILTO:alice@contoso.test?subject=access", "https://contoso.test/ask"};
    static const char *const bad[] = {"", "alice", "mailto:", "mailto:alice", "javascript:alert(1)",
        "https://a\nb", "a@b.test\r\nBcc: x@y.test"};
    struct sample s;
    size_t i;

    (void)state;
    make(&s);
    for (i = 0; i < sizeof good / sizeof good[0]; i++) {
        s.policy.referral = good[i];
        assert_accepted(&s.policy, NOW);
    }
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        s.policy.referral = bad[i];
        assert_refused(&s.policy, NOW, "referral");
    }
    make(&s);
    memcpy(s.policy.id, "not a guid", 11);
    assert_refused(&s.policy, NOW, "id");
    memset(s.policy.id, 'a', sizeof s.policy.id); /* no NUL */
    assert_refused(&s.policy, NOW, "id");
}

static const struct {
    int expiry;
    int64_t at;
    unsigned days;
    int64_t issued, end;
} ends[] = {
    {RMS_EXPIRY_NEVER, RMS_TIME_NONE, 0, NOW, RMS_TIME_NONE},
    {RMS_EXPIRY_ON_DATE, NOW + 7, 0, NOW, NOW + 7},
    {RMS_EXPIRY_AFTER_DAYS, RMS_TIME_NONE, 10, NOW, NOW + 10 * DAY},
    {RMS_EXPIRY_AFTER_DAYS, RMS_TIME_NONE, 0, NOW, NOW},
    {RMS_EXPIRY_AFTER_DAYS, RMS_TIME_NONE, UINT32_MAX, INT64_MAX - 5, INT64_MAX},
    /* damaged: over at once, never "never" */
    {RMS_EXPIRY_ON_DATE, RMS_TIME_NONE, 0, NOW, INT64_MIN + 1},
    {RMS_EXPIRY_AFTER_DAYS, RMS_TIME_NONE, 0, RMS_TIME_NONE, INT64_MIN + 1},
    {77, RMS_TIME_NONE, 0, NOW, INT64_MIN + 1},
};

/* touches: S-102, S-103 */
static void the_end_follows_from_expiry_and_publishing(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct rms_policy policy;

        rms_policy_init(&policy);
        policy.expiry = (enum rms_expiry)ends[i].expiry;
        policy.expires_at = ends[i].at;
        policy.expiry_days = ends[i].days;
        assert_true(rms_policy_ends(&policy, ends[i].issued) == ends[i].end);
    }
}

/* touches: S-097 */
static void the_text_is_the_wanted_else_english_else_the_first(void **state)
{
    static const struct rms_policy_text texts[] = {
        {1034, "uno", "u"}, {1033, "one", "o"}, {1036, "un", "n"}, {1033, "again", "a"}};
    struct rms_policy policy;

    (void)state;
    rms_policy_init(&policy);
    assert_null(rms_policy_text_for(&policy, 1033));
    policy.texts = texts;
    policy.text_count = 4;
    assert_string_equal(rms_policy_text_for(&policy, 1036)->name, "un");
    assert_string_equal(rms_policy_text_for(&policy, 1034)->name, "uno");
    assert_string_equal(rms_policy_text_for(&policy, 1031)->name, "one");
    assert_string_equal(rms_policy_text_for(&policy, 0)->name, "one");
    policy.text_count = 1;
    assert_string_equal(rms_policy_text_for(&policy, 1031)->name, "uno");
}

#define MAIL (RMS_RIGHT_FORWARD | RMS_RIGHT_REPLY | RMS_RIGHT_REPLYALL)

/* Table 3.4, row by row. */
static const struct {
    unsigned which;
    bool legacy;
    const char *name;
    uint32_t bits;
} default_cases[] = {
    {0, false, "Confidential \\ All Employees",
        RMS_RIGHT_VIEW | RMS_RIGHT_EXPORT | RMS_RIGHT_EXTRACT | RMS_RIGHT_VIEWRIGHTSDATA |
            RMS_RIGHT_EDITRIGHTSDATA | RMS_RIGHT_OBJMODEL | RMS_RIGHT_PRINT | MAIL | RMS_RIGHT_EDIT |
            RMS_RIGHT_DOCEDIT | RMS_RIGHT_OWNER},
    {0, true, "Confidential \\ All Employees",
        RMS_RIGHT_VIEW | RMS_RIGHT_EXPORT | RMS_RIGHT_DOCEDIT | RMS_RIGHT_VIEWRIGHTSDATA |
            RMS_RIGHT_OBJMODEL | MAIL},
    {1, false, "Highly Confidential \\ All Employees",
        RMS_RIGHT_VIEW | RMS_RIGHT_EXTRACT | RMS_RIGHT_VIEWRIGHTSDATA | RMS_RIGHT_OBJMODEL | RMS_RIGHT_PRINT |
            MAIL | RMS_RIGHT_EDIT | RMS_RIGHT_DOCEDIT},
    {1, true, "Highly Confidential \\ All Employees", RMS_RIGHT_VIEW},
};

/* touches: S-009, C-034 */
static void default_templates_are_those_of_the_table(void **state)
{
    struct rms_arena *arena = rms_arena_new(1 << 16);
    size_t i;

    (void)state;
    assert_non_null(arena);
    for (i = 0; i < sizeof default_cases / sizeof default_cases[0]; i++) {
        struct rms_policy policy;

        assert_int_equal(rms_policy_default(
                             arena, default_cases[i].which, "Contoso.test", default_cases[i].legacy, &policy),
            0);
        assert_accepted(&policy, NOW);
        assert_string_equal(rms_policy_text_for(&policy, 1033)->name, default_cases[i].name);
        assert_int_equal(policy.offline_days, 7);
        assert_int_equal(policy.expiry, RMS_EXPIRY_NEVER);
        assert_int_equal(policy.grant_count, 1);
        assert_int_equal(policy.grants[0].principal, RMS_PRINCIPAL_DOMAIN);
        assert_string_equal(policy.grants[0].address, "contoso.test");
        assert_int_equal(policy.grants[0].rights.bits, default_cases[i].bits);
    }
    rms_arena_free(&arena);
}

static void a_default_template_needs_a_domain(void **state)
{
    static const char *const wrong[] = {"", "contoso", "bob@contoso.test", RMS_ALL_STAFF "@contoso.test",
        "any-authenticated", "IPC_USER_ID_OWNER"};
    struct rms_arena *arena = rms_arena_new(1 << 16);
    struct rms_arena *tiny = rms_arena_new(8);
    struct rms_policy policy;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(rms_policy_default(arena, 0, wrong[i], false, &policy), RMS_E_BAD_ARGUMENT);
    }
    assert_int_equal(rms_policy_default(arena, 0, NULL, false, &policy), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_policy_default(arena, 2, "contoso.test", false, &policy), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_policy_default(tiny, 0, "contoso.test", false, &policy), RMS_E_NO_MEMORY);
    rms_arena_free(&arena);
    rms_arena_free(&tiny);
}

/* Every right by itself, as it is and where the tenant lets EXTRACT do. touches: S-077, S-079, C-070 */
static void removal_needs_owner_or_export(void **state)
{
    struct rms_rights one = {0};
    size_t i;

    (void)state;
    for (i = 0; rms_right_name(i, &one.bits) != NULL; i++) {
        bool strict = one.bits == RMS_RIGHT_OWNER || one.bits == RMS_RIGHT_EXPORT;

        assert_int_equal(rms_may_unprotect(&one, false), strict);
        assert_int_equal(rms_may_unprotect(&one, true), strict || one.bits == RMS_RIGHT_EXTRACT);
    }
    assert_false(rms_may_unprotect(&(struct rms_rights){.bits = RMS_RIGHTS_ENCRYPT_ONLY}, false));
    assert_false(rms_may_unprotect(&(struct rms_rights){0}, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_policy_passes),
        cmocka_unit_test(expiry_fields_are_consistent),
        cmocka_unit_test(a_template_may_be_kept_after_its_end),
        cmocka_unit_test(offline_days_have_a_range),
        cmocka_unit_test(grants_are_needed_unless_only_me),
        cmocka_unit_test(grants_are_at_most_10000),
        cmocka_unit_test(each_grant_is_checked),
        cmocka_unit_test(templates_need_sound_texts),
        cmocka_unit_test(ids_and_referrals_are_checked),
        cmocka_unit_test(the_end_follows_from_expiry_and_publishing),
        cmocka_unit_test(the_text_is_the_wanted_else_english_else_the_first),
        cmocka_unit_test(default_templates_are_those_of_the_table),
        cmocka_unit_test(a_default_template_needs_a_domain),
        cmocka_unit_test(removal_needs_owner_or_export),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
