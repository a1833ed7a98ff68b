#include "store/testing.h"

#include <pthread.h>

#include "store/content.h"

static struct rms_content content_of(const char *tenant_id, uint8_t mark, const char *id, const char *owner)
{
    return (struct rms_content){.tenant_id = tenant_id,
        .content_id = id,
        .owner = owner,
        .issuer = "alice@contoso.test",
        .fingerprint = {mark},
        .published_at = LAB_TIME - 10,
        .seen_at = LAB_TIME};
}

/* xrml-licences 8.2: the key of one content brought along with another owner or content id is noticed. */
static void test_transplant(void **state)
{
    struct lab *lab = *state;
    const char *c = lab_tenant(lab, "contoso.test", NULL);
    const char *f = lab_tenant(lab, "fabrikam.test", NULL);
    struct rms_content first = content_of(c, 1, "{id-1}", "alice@contoso.test");
    struct rms_content changed;
    struct rms_content existing;

    assert_int_equal(rms_content_pair(lab->db, lab->arena, &first, &existing), 0);
    assert_string_equal(existing.content_id, "{id-1}");
    assert_true(existing.published_at == LAB_TIME - 10);
    assert_null(existing.template_id);
    assert_int_equal(rms_content_pair(lab->db, lab->arena, &first, NULL), 0);

    changed = first;
    changed.owner = "mallory@contoso.test";
    assert_int_equal(rms_content_pair(lab->db, lab->arena, &changed, &existing), RMS_E_CONFLICT);
    assert_string_equal(existing.owner, "alice@contoso.test");
    changed = first;
    changed.content_id = "{id-2}";
    assert_int_equal(rms_content_pair(lab->db, lab->arena, &changed, &existing), RMS_E_CONFLICT);
    assert_string_equal(existing.content_id, "{id-1}");

    /* other facts do not matter, and do not change the record */
    changed = first;
    changed.issuer = "bob@contoso.test";
    changed.seen_at = LAB_TIME + 100;
    assert_int_equal(rms_content_pair(lab->db, lab->arena, &changed, &existing), 0);
    assert_string_equal(existing.issuer, "alice@contoso.test");
    assert_true(existing.seen_at == LAB_TIME);

    /* another tenant has fingerprints of its own */
    changed = content_of(f, 1, "{id-9}", "fay@fabrikam.test");
    assert_int_equal(rms_content_pair(lab->db, lab->arena, &changed, &existing), 0);
}

static void test_pair_survives(void **state)
{
    struct lab *lab = *state;
    const char *c = lab_tenant(lab, "contoso.test", NULL);
    const struct rms_content first = content_of(c, 1, "{id-1}", "alice@contoso.test");
    const struct rms_content other = content_of(c, 1, "{id-1}", "mallory@contoso.test");

    assert_int_equal(rms_content_pair(lab->db, lab->arena, &first, NULL), 0);
    lab_close(lab);
    lab_open(lab);
    assert_int_equal(rms_content_pair(lab->db, lab->arena, &other, NULL), RMS_E_CONFLICT);
}

static void test_list(void **state)
{
    struct lab *lab = *state;
    const char *c = lab_tenant(lab, "contoso.test", NULL);
    const char *f = lab_tenant(lab, "fabrikam.test", NULL);
    struct rms_content one = content_of(c, 1, "{id-1}", "alice@contoso.test");
    struct rms_content two = content_of(c, 2, "{id-1}", "alice@contoso.test");
    struct rms_contents list;

    two.seen_at = LAB_TIME - 1;
    two.published_at = RMS_TIME_NONE;
    two.template_id = "t";
    two.file_name = "a.docx";
    assert_int_equal(rms_content_pair(lab->db, lab->arena, &one, NULL), 0);
    assert_int_equal(rms_content_pair(lab->db, lab->arena, &two, NULL), 0);
    assert_int_equal(rms_content_list(lab->db, lab->arena, c, "{id-1}", &list), 0);
    assert_int_equal(list.count, 2);
    assert_int_equal(list.items[0].fingerprint[0], 2);
    assert_true(list.items[0].published_at == RMS_TIME_NONE);
    assert_string_equal(list.items[0].file_name, "a.docx");
    assert_int_equal(rms_content_list(lab->db, lab->arena, f, "{id-1}", &list), 0);
    assert_int_equal(list.count, 0);
}

static void test_refused(void **state)
{
    struct lab *lab = *state;
    struct rms_content content = content_of(NULL, 1, "x", "y");

    assert_int_equal(rms_content_pair(lab->db, lab->arena, &content, NULL), RMS_E_BAD_ARGUMENT);
    content = content_of("t", 1, NULL, "y");
    assert_int_equal(rms_content_pair(lab->db, lab->arena, &content, NULL), RMS_E_BAD_ARGUMENT);
    content = content_of("t", 1, "x", NULL);
    assert_int_equal(rms_content_pair(lab->db, lab->arena, &content, NULL), RMS_E_BAD_ARGUMENT);
}

/* Two owners claim the same keys at once: for each key one wins, and all agree who. */
#define KEYS 40

struct claimant {
    struct lab *lab;
    const char *tenant_id;
    const char *owner;
    bool won[KEYS];
    int failures;
};

static void *claim(void *argument)
{
    struct claimant *claimant = argument;
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(1u << 20);
    struct rms_db *db = NULL;

    if (rms_db_open(claimant->lab->store, &db) < 0) {
        claimant->failures++;
        return NULL;
    }
    for (uint8_t i = 0; i < KEYS; i++) {
        const struct rms_content content = content_of(claimant->tenant_id, i, "{id}", claimant->owner);
        int code = rms_content_pair(db, arena, &content, NULL);

        claimant->won[i] = code == 0;
        claimant->failures += code != 0 && code != RMS_E_CONFLICT ? 1 : 0;
    }
    rms_db_close(&db);
    return NULL;
}

static void test_race(void **state)
{
    static const char *const owners[4] = {"a@b.test", "b@b.test", "c@b.test", "d@b.test"};
    struct lab *lab = *state;
    const char *c = lab_tenant(lab, "contoso.test", NULL);
    struct claimant claimants[4];
    pthread_t threads[4];

    for (int i = 0; i < 4; i++) {
        claimants[i] = (struct claimant){.lab = lab, .tenant_id = c, .owner = owners[i]};
        assert_int_equal(pthread_create(&threads[i], NULL, claim, &claimants[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(claimants[i].failures, 0);
    }
    for (int key = 0; key < KEYS; key++) {
        int winners = 0;

        for (int i = 0; i < 4; i++) {
            winners += claimants[i].won[key] ? 1 : 0;
        }
        assert_int_equal(winners, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB_TEST(test_transplant),
        LAB_TEST(test_pair_survives),
        LAB_TEST(test_list),
        LAB_TEST(test_refused),
        LAB_TEST(test_race),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
