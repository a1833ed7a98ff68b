/* What a reading makes of people and groups, fed without a directory. */
#include "base/test.h"

#include "directory/sync.h"
#include "directory/testing.h"

static struct rms_source add_source(struct cast *cast, const char *tenant, const char *name)
{
    const struct rms_source source = {.id = lab_guid(cast->lab),
        .tenant_id = tenant,
        .name = name,
        .settings = "{}",
        .created_at = LAB_TIME};
    struct rms_source stored;

    assert_int_equal(rms_source_add(cast->lab->db, &source), 0);
    assert_int_equal(rms_source_find(cast->lab->db, cast->lab->arena, tenant, name, &stored), 0);
    return stored;
}

/* A person "key upn [address]", or a group. */
struct fed {
    const char *key;
    const char *name; /* UPN; name of a group */
    const char *address;
    bool disabled;
    const char *members[4]; /* keys */
};

static struct rms_sync_entry entry_of(const struct fed *fed)
{
    return (struct rms_sync_entry){
        .key = fed->key, .dn = fed->key, .dn_name = fed->key, .created_at = LAB_TIME - 5};
}

static void feed_people(struct rms_sync *sync, const struct fed *people, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *const value = people[i].address;
        const struct rms_sync_person person = {.entry = entry_of(&people[i]),
            .upn = people[i].name,
            .proxy_addresses = &value,
            .proxy_address_count = value != NULL ? 1 : 0,
            .enabled = !people[i].disabled};

        assert_int_equal(rms_sync_person(sync, &person), 0);
    }
}

static void feed_groups(struct rms_sync *sync, const struct fed *groups, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct rms_sync_group group = {
            .entry = entry_of(&groups[i]), .name = groups[i].name, .address = groups[i].address};

        assert_int_equal(rms_sync_group(sync, &group), 0);
    }
    for (size_t i = 0; i < count; i++) {
        size_t members = 0;

        while (members < 4 && groups[i].members[members] != NULL) {
            members++;
        }
        assert_int_equal(rms_sync_members(sync, groups[i].key, groups[i].members, members), 0);
    }
}

struct reading {
    struct cast *cast;
    const struct rms_source *source;
    enum rms_source_mode mode;
    const struct fed *people;
    size_t people_count;
    const struct fed *groups;
    size_t group_count;
};

static int read_all(const struct reading *r, struct rms_sync_report *report_out)
{
    RMS_SYNC_CLEANUP struct rms_sync *sync = NULL;
    const struct rms_sync_options options = {r->mode, "node", LAB_TIME};
    bool again = false;
    int status;

    assert_int_equal(rms_sync_new(r->cast->lab->db, r->source, &options, &sync), 0);
    feed_people(sync, r->people, r->people_count);
    status = rms_sync_people_end(sync, &again);
    if (again) {
        feed_people(sync, r->people, r->people_count);
        status = rms_sync_people_end(sync, &again);
        assert_false(again);
    }
    if (status == 0) {
        feed_groups(sync, r->groups, r->group_count);
        status = rms_sync_groups_end(sync);
    }
    *report_out = *rms_sync_report(sync);
    report_out->problem_count = 0; /* their texts are gone */
    return status;
}

#define READ(cast, source, mode, people, groups)                                                             \
    (&(struct reading){cast, source, mode, people, sizeof(people) / sizeof(people)[0], groups,               \
        sizeof(groups) / sizeof(groups)[0]})

static struct rms_account account_named(struct cast *cast, const char *tenant, const char *name)
{
    struct rms_account account;

    assert_int_equal(rms_account_find(cast->lab->db, cast->lab->arena, tenant, name, &account), 0);
    return account;
}

static bool is_in(struct cast *cast, const char *person, const char *group)
{
    struct rms_account account = account_named(cast, cast->c, person);
    struct rms_groups groups;
    bool found = false;

    assert_int_equal(rms_groups_of(cast->lab->db, cast->lab->arena, cast->c, account.id, &groups), 0);
    for (size_t i = 0; i < groups.count; i++) {
        found = found || strcmp(groups.items[i].name, group) == 0;
    }
    return found;
}

static void takes_over_and_costs_nothing_again(void **state)
{
    static const struct fed people[] = {{"k1", "zoe@contoso.test", "SMTP:zoe.z@contoso.test", false, {0}},
        {"k2", "yan@contoso.test", NULL, true, {0}}};
    static const struct fed groups[] = {{"g1", "outer", "outer@contoso.test", false, {"g2", "nowhere"}},
        {"g2", "inner", NULL, false, {"k1", "g1", "k1"}}};
    struct cast *cast = *state;
    struct rms_source source = add_source(cast, cast->c, "office");
    struct rms_sync_report report;

    assert_int_equal(read_all(READ(cast, &source, RMS_SOURCE_ALL, people, groups), &report), 0);
    assert_int_equal(report.added, 4);
    assert_int_equal(report.unresolved, 1);
    assert_true(report.membership);
    assert_true(account_named(cast, cast->c, "zoe.z@contoso.test").enabled);
    assert_int_equal(account_named(cast, cast->c, "zoe@contoso.test").created_at, LAB_TIME - 5);
    assert_false(account_named(cast, cast->c, "yan@contoso.test").enabled);
    assert_true(is_in(cast, "zoe@contoso.test", "outer")); /* by the inner one, in a circle */
    assert_false(is_in(cast, "yan@contoso.test", "outer"));
    assert_int_equal(read_all(READ(cast, &source, RMS_SOURCE_ALL, people, groups), &report), 0);
    assert_int_equal(report.added + report.changed + report.vanished, 0);
    assert_false(report.membership);
}

/* touches: S-042, S-043 */
static void who_is_gone_is_shut_out(void **state)
{
    static const struct fed before[] = {
        {"k1", "zoe@contoso.test", NULL, false, {0}}, {"k2", "yan@contoso.test", NULL, false, {0}}};
    static const struct fed groups[] = {{"g1", "outer", "outer@contoso.test", false, {"k1", "k2"}}};
    static const struct fed after[] = {
        {"k2", "yan@contoso.test", NULL, false, {0}}, {"k3", "zoe@contoso.test", NULL, false, {0}}};
    static const struct fed other[] = {{"g2", "other", "outer@contoso.test", false, {"k2"}}};
    struct cast *cast = *state;
    struct rms_source source = add_source(cast, cast->c, "office");
    struct rms_sync_report report;
    struct rms_account zoe;
    struct rms_account fresh;

    assert_int_equal(read_all(READ(cast, &source, RMS_SOURCE_ALL, before, groups), &report), 0);
    zoe = account_named(cast, cast->c, "zoe@contoso.test");
    /* A look for changes that does not see somebody says nothing about him. */
    assert_int_equal(
        read_all(&(struct reading){cast, &source, RMS_SOURCE_CHANGES, NULL, 0, NULL, 0}, &report), 0);
    assert_int_equal(report.vanished, 0);
    /* Another entry with the name is another person; a group that is gone has nobody in it, and its address
     * is free. */
    assert_int_equal(read_all(READ(cast, &source, RMS_SOURCE_ALL, after, other), &report), 0);
    assert_int_equal(report.vanished, 2);
    fresh = account_named(cast, cast->c, "zoe@contoso.test");
    assert_string_not_equal(fresh.id, zoe.id);
    assert_true(fresh.enabled);
    assert_false(account_named(cast, cast->c, zoe.id).enabled);
    assert_false(is_in(cast, "yan@contoso.test", "outer"));
    assert_true(is_in(cast, "yan@contoso.test", "other"));
    assert_false(is_in(cast, "zoe@contoso.test", "other"));
}

static void names_of_others_are_not_taken(void **state)
{
    /* alice, mkt are of here; fay is fabrikam's */
    static const struct fed people[] = {{"k1", "alice@contoso.test", NULL, false, {0}},
        {"k2", "zoe@contoso.test", "SMTP:mkt@contoso.test", false, {0}},
        {"k3", "fay.s@fabrikam.test", "SMTP:fay.s@fabrikam.test", false, {0}},
        {"k4", "no address", NULL, false, {0}}};
    static const struct fed groups[] = {{"g1", "outer", "bob@contoso.test", false, {"k1", "k2"}}};
    struct cast *cast = *state;
    struct rms_source source = add_source(cast, cast->c, "office");
    struct rms_account zoe;
    struct rms_sync_report report;
    struct rms_group group;

    assert_int_equal(read_all(READ(cast, &source, RMS_SOURCE_ALL, people, groups), &report), 0);
    assert_int_equal(report.skipped, 4);
    assert_string_equal(account_named(cast, cast->c, "alice@contoso.test").id, cast->alice);
    zoe = account_named(cast, cast->c, "zoe@contoso.test");
    assert_string_equal(zoe.proxy_addresses[0], "TAKEN:mkt@contoso.test");
    assert_int_equal(rms_group_find(cast->lab->db, cast->lab->arena, cast->c, "outer", &group), 0);
    assert_null(group.address);
    /* The tenant next door is not touched: its addresses are no verified ones here. */
    assert_string_equal(account_named(cast, cast->f, "fay.s@fabrikam.test").id, cast->fay);
    assert_false(is_in(cast, "alice@contoso.test", "outer"));
}

static void two_people_may_swap_addresses(void **state)
{
    static const struct fed before[] = {{"k1", "zoe@contoso.test", "SMTP:a@contoso.test", false, {0}},
        {"k2", "yan@contoso.test", "SMTP:b@contoso.test", false, {0}}};
    static const struct fed after[] = {{"k1", "zoe@contoso.test", "SMTP:b@contoso.test", false, {0}},
        {"k2", "yan@contoso.test", "SMTP:a@contoso.test", false, {0}}};
    struct cast *cast = *state;
    struct rms_source source = add_source(cast, cast->c, "office");
    struct rms_sync_report report;
    const char *zoe;

    assert_int_equal(
        read_all(&(struct reading){cast, &source, RMS_SOURCE_ALL, before, 2, NULL, 0}, &report), 0);
    zoe = account_named(cast, cast->c, "a@contoso.test").id;
    assert_int_equal(
        read_all(&(struct reading){cast, &source, RMS_SOURCE_ALL, after, 2, NULL, 0}, &report), 0);
    assert_string_equal(account_named(cast, cast->c, "b@contoso.test").id, zoe);
    assert_int_equal(report.skipped, 0);
}

static void an_empty_directory_is_a_mistake(void **state)
{
    struct cast *cast = *state;
    struct rms_source source = add_source(cast, cast->c, "office");
    struct fed people[30];
    char names[30][32];
    struct rms_sync_report report;

    for (size_t i = 0; i < 30; i++) {
        (void)snprintf(names[i], sizeof names[i], "p%zu@contoso.test", i);
        people[i] = (struct fed){.key = names[i], .name = names[i]};
    }
    assert_int_equal(
        read_all(&(struct reading){cast, &source, RMS_SOURCE_ALL, people, 30, NULL, 0}, &report), 0);
    assert_int_equal(read_all(&(struct reading){cast, &source, RMS_SOURCE_ALL, people, 14, NULL, 0}, &report),
        RMS_E_LIMIT);
    assert_true(account_named(cast, cast->c, "p29@contoso.test").enabled);
    assert_int_equal(
        read_all(&(struct reading){cast, &source, RMS_SOURCE_ALL, people, 16, NULL, 0}, &report), 0);
    assert_false(account_named(cast, cast->c, "p29@contoso.test").enabled);
    assert_int_equal(
        read_all(&(struct reading){cast, &source, RMS_SOURCE_FORCE, people, 1, NULL, 0}, &report), 0);
    assert_int_equal(report.vanished, 15);
}

/* The same entry is the same person after its directory was removed and added; an entry has one directory
 * only. */
static void outlives_its_directory(void **state)
{
    static const struct fed people[] = {{"k1", "zoe@contoso.test", NULL, false, {0}}};
    static const struct fed groups[] = {{"g1", "outer", NULL, false, {"k1"}}};
    struct cast *cast = *state;
    struct rms_source first = add_source(cast, cast->c, "office");
    struct rms_source second;
    struct rms_sync_report report;
    const char *zoe;

    assert_int_equal(read_all(READ(cast, &first, RMS_SOURCE_ALL, people, groups), &report), 0);
    zoe = account_named(cast, cast->c, "zoe@contoso.test").id;
    second = add_source(cast, cast->c, "other");
    assert_int_equal(read_all(READ(cast, &second, RMS_SOURCE_ALL, people, groups), &report), 0);
    assert_true(report.skipped > 0);
    assert_int_equal(report.added, 0);
    assert_int_equal(rms_source_remove(cast->lab->db, cast->c, first.id), 0);
    assert_false(account_named(cast, cast->c, "zoe@contoso.test").enabled);
    assert_false(is_in(cast, "zoe@contoso.test", "outer"));
    assert_int_equal(read_all(READ(cast, &second, RMS_SOURCE_ALL, people, groups), &report), 0);
    assert_true(account_named(cast, cast->c, "zoe@contoso.test").enabled);
    assert_string_equal(account_named(cast, cast->c, "zoe@contoso.test").id, zoe);
    assert_true(is_in(cast, "zoe@contoso.test", "outer"));
}

/* touches: S-045 */
static void membership_has_an_end(void **state)
{
    static const struct fed people[] = {{"k1", "zoe@contoso.test", NULL, false, {0}}};
    static const struct fed groups[] = {{"g1", "outer", NULL, false, {"k1"}}};
    struct cast *cast = *state;
    struct rms_source source = add_source(cast, cast->c, "office");
    struct rms_source_result result = {.source_id = source.id,
        .served = 1,
        .read_at = LAB_TIME,
        .looked_at = LAB_TIME,
        .tried_at = LAB_TIME,
        .valid_until = LAB_TIME + 100};
    struct rms_sync_report report;
    int count = -1;

    assert_int_equal(read_all(READ(cast, &source, RMS_SOURCE_ALL, people, groups), &report), 0);
    assert_int_equal(rms_source_done(cast->lab->db, &result), 0);
    assert_int_equal(rms_source_expire(cast->lab->db, LAB_TIME + 100, &count), 0);
    assert_int_equal(count, 0);
    assert_true(is_in(cast, "zoe@contoso.test", "outer"));
    assert_int_equal(rms_source_expire(cast->lab->db, LAB_TIME + 101, &count), 0);
    assert_int_equal(count, 1);
    assert_false(is_in(cast, "zoe@contoso.test", "outer"));
    result.tried_at = LAB_TIME + 200; /* tried, in vain */
    assert_int_equal(rms_source_done(cast->lab->db, &result), 0);
    assert_false(is_in(cast, "zoe@contoso.test", "outer"));
    result.valid_until = LAB_TIME + 300;
    assert_int_equal(rms_source_done(cast->lab->db, &result), 0);
    assert_true(is_in(cast, "zoe@contoso.test", "outer"));
}

static void one_node_reads(void **state)
{
    struct cast *cast = *state;
    struct rms_source source = add_source(cast, cast->c, "office");
    struct rms_source_lease mine = {source.id, "me", 1000, 1120};
    struct rms_source_lease theirs = {source.id, "they", 1100, 1220};
    struct rms_db *db = cast->lab->db;

    assert_int_equal(rms_source_lease(db, &mine), 0);
    assert_int_equal(rms_source_lease(db, &theirs), RMS_E_CONFLICT);
    assert_int_equal(rms_source_lease(db, &mine), 0);
    theirs.now = 1121;
    assert_int_equal(rms_source_lease(db, &theirs), 0);
    assert_int_equal(rms_source_lease(db, &mine), RMS_E_CONFLICT);
    /* Wishes: the one that does more wins. */
    assert_int_equal(rms_source_want(db, cast->c, source.id, RMS_SOURCE_FORCE), 0);
    assert_int_equal(rms_source_want(db, cast->c, NULL, RMS_SOURCE_TEST), 0);
    assert_int_equal(rms_source_want(db, cast->f, source.id, RMS_SOURCE_ALL), 0); /* not theirs */
    assert_int_equal(rms_source_find(db, cast->lab->arena, cast->c, source.id, &source), 0);
    assert_int_equal(source.wanted, 3);
    assert_int_equal(source.wanted_mode, RMS_SOURCE_FORCE);
    assert_int_equal(rms_source_find(db, cast->lab->arena, cast->f, source.id, &source), RMS_E_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CAST_TEST(takes_over_and_costs_nothing_again),
        CAST_TEST(who_is_gone_is_shut_out),
        CAST_TEST(names_of_others_are_not_taken),
        CAST_TEST(two_people_may_swap_addresses),
        CAST_TEST(an_empty_directory_is_a_mistake),
        CAST_TEST(outlives_its_directory),
        CAST_TEST(membership_has_an_end),
        CAST_TEST(one_node_reads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
