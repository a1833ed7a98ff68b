/* Documents handed over: whose they are by their records, and the history that nodes follow. */
#include "store/testing.h"

#include "store/hand_over.h"

#define ID_1   "11111111-1111-1111-1111-111111111111"
#define ID_2   "22222222-2222-2222-2222-222222222222"
#define ALICE  "alice@contoso.test"
#define MINUTE (LAB_TIME - LAB_TIME % 60)

static void note(struct lab *lab, const char *tenant_id, const char *content_id, int64_t published_at)
{
    const struct rms_tracked document = {.key = {tenant_id, content_id, ALICE},
        .owner = ALICE,
        .name = "plan.txt",
        .published_at = published_at,
        .registered_at = published_at,
        .notify = RMS_NOTIFY_OPENED};
    assert_int_equal(rms_tracked_register(lab->db, &document, 1), 0);
}

static struct rms_tracked get(struct lab *lab, const char *tenant_id, const char *content_id)
{
    const struct rms_document_key key = {tenant_id, content_id, ALICE};
    struct rms_tracked document;
    assert_int_equal(rms_tracked_get(lab->db, lab->arena, &key, &document), 0);
    return document;
}

static struct rms_hand_over to(const char *tenant_id, const char *account_id, int64_t time)
{
    return (struct rms_hand_over){.key.tenant_id = tenant_id,
        .account_id = account_id,
        .address = account_id,
        .time = time,
        .actor = "root"};
}

static size_t all_of_alice(struct lab *lab, const char *tenant_id, const char *account_id, int64_t time)
{
    static const char *const addresses[] = {ALICE};
    const struct rms_leaver leaver = {.account_id = "a", .addresses = addresses, .address_count = 1};
    const struct rms_hand_over row = to(tenant_id, account_id, time);
    size_t count;
    assert_int_equal(rms_hand_over_all(lab->db, lab->arena, &leaver, &row, &count), 0);
    return count;
}

static void test_document(void **state)
{
    struct lab *lab = *state;
    const char *c = lab_tenant(lab, "contoso.test", NULL);
    const char *f = lab_tenant(lab, "fabrikam.test", NULL);
    struct rms_hand_over row = to(c, "b", LAB_TIME);
    struct rms_tracked_query query = {.tenant_id = c, .holder = "b"};
    struct rms_tracked_list list;
    bool changed = false;

    row.key = (struct rms_document_key){c, ID_1, ALICE};
    assert_int_equal(rms_hand_over_document(lab->db, lab->arena, &row, &changed), RMS_E_NOT_FOUND);
    note(lab, c, ID_1, LAB_TIME);
    note(lab, f, ID_1, LAB_TIME);
    assert_null(get(lab, c, ID_1).holder_id);
    assert_int_equal(rms_hand_over_document(lab->db, lab->arena, &row, &changed), 0);
    assert_true(changed);
    assert_string_equal(get(lab, c, ID_1).holder_id, "b");
    assert_int_equal(get(lab, c, ID_1).notify, 0);
    assert_null(get(lab, f, ID_1).holder_id);
    assert_int_equal(rms_hand_over_document(lab->db, lab->arena, &row, &changed), 0);
    assert_false(changed);
    assert_int_equal(rms_tracked_list(lab->db, lab->arena, &query, &list), 0);
    assert_int_equal(list.count, 1);
    query.holder = "c";
    assert_int_equal(rms_tracked_list(lab->db, lab->arena, &query, &list), 0);
    assert_int_equal(list.count, 0);
}

/* Spans do not overlap; what went before stays with whom it went to, and goes on with him. */
static void test_everything(void **state)
{
    struct lab *lab = *state;
    const char *c = lab_tenant(lab, "contoso.test", NULL);
    static const char *const bob[] = {"b"};
    const struct rms_leaver leaver = {.account_id = "b", .addresses = bob, .address_count = 1};
    struct rms_hand_over row = to(c, "d", MINUTE + 200);
    struct rms_hand_over_list list;
    bool changed;
    size_t count;

    note(lab, c, ID_1, MINUTE + 59);
    note(lab, c, ID_2, MINUTE + 60);
    assert_int_equal(all_of_alice(lab, c, "b", MINUTE + 5), 1);
    assert_int_equal(all_of_alice(lab, c, "c", MINUTE + 10), 0); /* the same minute again */
    assert_string_equal(get(lab, c, ID_1).holder_id, "b");
    assert_null(get(lab, c, ID_2).holder_id);
    assert_true(get(lab, c, ID_2).handed_until == MINUTE + 59);
    assert_int_equal(all_of_alice(lab, c, "c", MINUTE + 100), 1);
    assert_string_equal(get(lab, c, ID_1).holder_id, "b");
    assert_string_equal(get(lab, c, ID_2).holder_id, "c");

    /* one document comes before everything */
    struct rms_hand_over one = to(c, "e", MINUTE + 150);
    one.key = (struct rms_document_key){c, ID_2, ALICE};
    assert_int_equal(rms_hand_over_document(lab->db, lab->arena, &one, &changed), 0);
    assert_string_equal(get(lab, c, ID_2).holder_id, "e");

    assert_int_equal(rms_hand_over_all(lab->db, lab->arena, &leaver, &row, &count), 0);
    assert_int_equal(count, 2); /* his own, and what was handed over to him */
    assert_string_equal(get(lab, c, ID_1).holder_id, "d");
    assert_string_equal(get(lab, c, ID_2).holder_id, "e");
    assert_int_equal(rms_hand_over_list(lab->db, lab->arena, c, &list), 0);
    assert_int_equal(list.count, 5);
    assert_string_equal(list.items[0].former, "b");
}

static int count_rows(const struct rms_hand_over *row, void *context)
{
    (void)row;
    ++*(int *)context;
    return 0;
}

static void test_follow(void **state)
{
    struct lab *lab = *state;
    const char *c = lab_tenant(lab, "contoso.test", NULL);
    int64_t seq = 0;
    int rows = 0;

    assert_int_equal(rms_hand_over_follow(lab->db, &seq, count_rows, &rows), 0);
    assert_int_equal(rows, 0);
    assert_int_equal(all_of_alice(lab, c, "b", LAB_TIME), 1);
    assert_int_equal(rms_hand_over_follow(lab->db, &seq, count_rows, &rows), 0);
    assert_int_equal(rms_hand_over_follow(lab->db, &seq, count_rows, &rows), 0);
    assert_int_equal(rows, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB_TEST(test_document),
        LAB_TEST(test_everything),
        LAB_TEST(test_follow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
