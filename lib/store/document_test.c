/* Tracked documents, their events and their revocation. */
#include "store/testing.h"

#include "store/document.h"

#define ID_1 "11111111-1111-1111-1111-111111111111"
#define ID_2 "22222222-2222-2222-2222-222222222222"

static struct rms_tracked document_of(const char *tenant_id, const char *content_id, const char *issuer)
{
    return (struct rms_tracked){.key = {tenant_id, content_id, issuer},
        .owner = issuer,
        .name = "plan.txt",
        .published_at = LAB_TIME,
        .registered_at = LAB_TIME + 5};
}

static void test_register(void **state)
{
    struct lab *lab = *state;
    const char *c = lab_tenant(lab, "contoso.test", NULL);
    const char *f = lab_tenant(lab, "fabrikam.test", NULL);
    struct rms_tracked first = document_of(c, ID_1, "alice@contoso.test");
    struct rms_tracked got;

    assert_int_equal(rms_tracked_get(lab->db, lab->arena, &first.key, &got), RMS_E_NOT_FOUND);
    assert_int_equal(rms_tracked_register(lab->db, &first, 1), 0);
    assert_int_equal(rms_tracked_get(lab->db, lab->arena, &first.key, &got), 0);
    assert_string_equal(got.name, "plan.txt");
    assert_string_equal(got.owner, "alice@contoso.test");
    assert_null(got.template_id);
    assert_null(got.previous_id);
    assert_false(got.revoked);
    assert_true(got.revoked_at == RMS_TIME_NONE && got.registered_at == LAB_TIME + 5);

    /* again: the name changes, the rest stays; without a name nothing does */
    first.name = "other.txt";
    first.previous_id = ID_2;
    first.registered_at = LAB_TIME + 50;
    assert_int_equal(rms_tracked_register(lab->db, &first, 1), 0);
    first.name = NULL;
    first.previous_id = NULL;
    assert_int_equal(rms_tracked_register(lab->db, &first, 1), 0);
    first.name = "third.txt";
    assert_int_equal(rms_tracked_note(lab->db, &first), 0);
    assert_int_equal(rms_tracked_get(lab->db, lab->arena, &first.key, &got), 0);
    assert_string_equal(got.name, "other.txt");
    assert_string_equal(got.previous_id, ID_2);
    assert_true(got.registered_at == LAB_TIME + 5);

    /* the licence tells that it is older than who registered it said */
    first.published_at -= 10 * RMS_DAY_S;
    assert_int_equal(rms_tracked_note(lab->db, &first), 0);
    assert_int_equal(rms_tracked_get(lab->db, lab->arena, &first.key, &got), 0);
    assert_true(got.published_at == first.published_at);
    assert_string_equal(got.name, "other.txt");

    /* every part of the key counts */
    struct rms_document_key other = first.key;
    other.issuer = "mallory@contoso.test";
    assert_int_equal(rms_tracked_get(lab->db, lab->arena, &other, &got), RMS_E_NOT_FOUND);
    other = first.key;
    other.tenant_id = f;
    assert_int_equal(rms_tracked_get(lab->db, lab->arena, &other, &got), RMS_E_NOT_FOUND);
}

static void test_lists(void **state)
{
    struct lab *lab = *state;
    const char *c = lab_tenant(lab, "contoso.test", NULL);
    struct rms_tracked rows[] = {document_of(c, ID_1, "alice@contoso.test"),
        document_of(c, ID_2, "alice@contoso.test"), document_of(c, ID_1, "mallory@contoso.test")};
    struct rms_tracked_query query = {.tenant_id = c, .issuer = "alice@contoso.test"};
    struct rms_tracked_list list;

    rows[1].published_at++;
    rows[1].name = "100% Plan_B\\x.txt";
    rows[1].previous_id = ID_1;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(rms_tracked_note(lab->db, &rows[i]), 0);
    }
    assert_int_equal(rms_tracked_list(lab->db, lab->arena, &query, &list), 0);
    assert_int_equal(list.count, 2);
    assert_string_equal(list.items[0].key.content_id, ID_2);
    query.limit = 1;
    assert_int_equal(rms_tracked_list(lab->db, lab->arena, &query, &list), 0);
    assert_int_equal(list.count, 1);
    query = (struct rms_tracked_query){.tenant_id = c};
    assert_int_equal(rms_tracked_list(lab->db, lab->arena, &query, &list), 0);
    assert_int_equal(list.count, 3);

    static const struct {
        const char *text;
        size_t count;
    } searches[] = {{"pLAN", 3}, {"0%", 1}, {"n_b", 1}, {"nxb", 0}, {"\\X", 1}, {"%", 1}, {"_", 1}, {"", 3}};
    for (size_t i = 0; i < sizeof searches / sizeof searches[0]; i++) {
        query.text = searches[i].text;
        assert_int_equal(rms_tracked_list(lab->db, lab->arena, &query, &list), 0);
        assert_int_equal(list.count, searches[i].count);
    }
    assert_int_equal(rms_tracked_by_content(lab->db, lab->arena, c, ID_1, &list), 0);
    assert_int_equal(list.count, 2);
    assert_int_equal(rms_tracked_next(lab->db, lab->arena, &rows[0].key, &list), 0);
    assert_int_equal(list.count, 1);
    assert_string_equal(list.items[0].key.content_id, ID_2);
    assert_int_equal(rms_tracked_next(lab->db, lab->arena, &rows[2].key, &list), 0);
    assert_int_equal(list.count, 0); /* of the same issuer only */
}

/* --- events ----------------------------------------------------------------------------------------------
 */

static int count_rows(const struct rms_usage_row *row, void *context)
{
    (void)row;
    ++*(size_t *)context;
    return 0;
}

static void test_events_and_holders(void **state)
{
    struct lab *lab = *state;
    const char *c = lab_tenant(lab, "contoso.test", NULL);
    struct rms_tracked_scope scope = {{c, ID_1, "alice@contoso.test"}, 0};
    const struct rms_usage_row base = {.tenant_id = c,
        .time = LAB_TIME,
        .row_id = "r",
        .request_type = "AcquireLicense",
        .user_id = "bob@contoso.test",
        .result = "Success",
        .content_id = ID_1,
        .issuer = "alice@contoso.test",
        .date_published = LAB_TIME - 100,
        .offline_until = LAB_TIME + 100};
    struct rms_usage_row rows[] = {base, base, base, base, base, base, base};
    struct rms_holders holders;
    size_t count = 0;

    rows[1].offline_until = LAB_TIME + 50;
    rows[2].user_id = "carol@contoso.test";
    rows[2].offline_until = RMS_USAGE_NO_END;
    rows[3].user_id = "dan@contoso.test";
    rows[3].offline_until = 0;
    rows[4].request_type = "RevokeAccess";
    rows[4].offline_until = 0;
    rows[5].issuer = "mallory@contoso.test"; /* who used alice's content id */
    rows[5].user_id = "mallory@contoso.test";
    rows[6].tenant_id = "another";
    rows[6].user_id = "fay@fabrikam.test";
    assert_int_equal(lab_append_usage(lab, rows, 7), 0);

    assert_int_equal(rms_tracked_events(lab->db, &scope, 0, count_rows, &count), 0);
    assert_int_equal(count, 4);
    count = 0;
    assert_int_equal(rms_tracked_events(lab->db, &scope, 3, count_rows, &count), 0);
    assert_int_equal(count, 3);

    assert_int_equal(rms_tracked_holders(lab->db, lab->arena, &scope, LAB_TIME, &holders), 0);
    assert_int_equal(holders.count, 2);
    assert_string_equal(holders.items[0].user, "carol@contoso.test");
    assert_true(holders.items[0].until == RMS_USAGE_NO_END);
    assert_string_equal(holders.items[1].user, "bob@contoso.test");
    assert_true(holders.items[1].until == LAB_TIME + 100);
    assert_int_equal(rms_tracked_holders(lab->db, lab->arena, &scope, LAB_TIME + 100, &holders), 0);
    assert_int_equal(holders.count, 1);

    /* published before the account existed */
    scope.since = LAB_TIME - 99;
    count = 0;
    assert_int_equal(rms_tracked_events(lab->db, &scope, 0, count_rows, &count), 0);
    assert_int_equal(rms_tracked_holders(lab->db, lab->arena, &scope, LAB_TIME, &holders), 0);
    assert_true(count == 0 && holders.count == 0);
}

/* --- revocation -------------------------------------------------------------------------------------------
 */

struct followed {
    char text[64]; /* + revoked, - restored */
    int stop_at;
};

static int follow(const struct rms_revocation *row, void *context)
{
    struct followed *f = context;
    size_t len = strlen(f->text);

    if (f->stop_at > 0 && --f->stop_at == 0) {
        return RMS_E_NO_MEMORY;
    }
    f->text[len] = row->revoked ? '+' : '-';
    f->text[len + 1] = '\0';
    return 0;
}

static int change(struct lab *lab, const struct rms_document_key *key, bool revoked, bool *changed)
{
    const struct rms_revocation row = {
        .key = *key, .revoked = revoked, .time = LAB_TIME, .actor = "alice@contoso.test", .reason = "r"};

    return rms_revocation_add(lab->db, &row, changed);
}

static void test_revocation(void **state)
{
    struct lab *lab = *state;
    const char *c = lab_tenant(lab, "contoso.test", NULL);
    struct rms_tracked one = document_of(c, ID_1, "alice@contoso.test");
    struct rms_tracked two = document_of(c, ID_2, "alice@contoso.test");
    struct followed f = {0};
    struct rms_revocation_list history;
    struct rms_tracked got;
    int64_t seq = 0;
    bool changed = false;

    assert_int_equal(change(lab, &one.key, true, &changed), RMS_E_NOT_FOUND);
    assert_int_equal(rms_tracked_register(lab->db, &one, 1), 0);
    assert_int_equal(rms_tracked_register(lab->db, &two, 1), 0);
    assert_int_equal(change(lab, &one.key, false, &changed), 0);
    assert_false(changed);
    assert_int_equal(change(lab, &one.key, true, &changed), 0);
    assert_true(changed);
    assert_int_equal(change(lab, &one.key, true, &changed), 0);
    assert_false(changed);
    assert_int_equal(change(lab, &two.key, true, &changed), 0);
    assert_int_equal(rms_tracked_get(lab->db, lab->arena, &one.key, &got), 0);
    assert_true(got.revoked && got.revoked_at == LAB_TIME);
    assert_string_equal(got.revoked_by, "alice@contoso.test");

    assert_int_equal(rms_revocation_follow(lab->db, &seq, follow, &f), 0);
    assert_string_equal(f.text, "++");
    assert_int_equal(change(lab, &one.key, false, &changed), 0);
    assert_true(changed);
    assert_int_equal(change(lab, &two.key, false, &changed), 0);
    f = (struct followed){.stop_at = 2};
    assert_int_equal(rms_revocation_follow(lab->db, &seq, follow, &f), RMS_E_NO_MEMORY);
    assert_string_equal(f.text, "-"); /* and goes on there */
    assert_int_equal(rms_revocation_follow(lab->db, &seq, follow, &f), 0);
    assert_string_equal(f.text, "--");
    assert_int_equal(rms_revocation_follow(lab->db, &seq, follow, &f), 0);
    assert_string_equal(f.text, "--");

    assert_int_equal(rms_tracked_get(lab->db, lab->arena, &one.key, &got), 0);
    assert_false(got.revoked);
    assert_int_equal(rms_revocation_history(lab->db, lab->arena, &one.key, &history), 0);
    assert_int_equal(history.count, 2);
    assert_true(history.items[0].revoked && !history.items[1].revoked);
    assert_string_equal(history.items[0].reason, "r");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB_TEST(test_register),
        LAB_TEST(test_lists),
        LAB_TEST(test_events_and_holders),
        LAB_TEST(test_revocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
