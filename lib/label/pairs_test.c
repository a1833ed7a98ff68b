#include "label/label_test.h"

static void keys(void **state)
{
    static const char *const good[] = {KEY(LABEL_A, "Enabled"), "msip_label_" LABEL_A "_enabled",
        KEY(LABEL_A, "Extended_MSFT_Method"), "Sensitivity",
        "MSIP_Label_3DE9FAA6-9FE1-49B3-9A08-227A296B54A6_Name"};
    static const char *const bad[] = {"", "Title", "MSIP_Label_", "MSIP_Label_" LABEL_A,
        "MSIP_Label_" LABEL_A "_", "MSIP_Label_3de9faa6_Enabled", "XMSIP_Label_" LABEL_A "_Enabled",
        "MSIP_Label_{" LABEL_A "}_Enabled", KEY(LABEL_A, "a\r\nBcc: eve@evil.test"), KEY(LABEL_A, "a=b"),
        KEY(LABEL_A, "a;b")};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(rms_label_key(good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(rms_label_key(bad[i]));
    }
}

/* touches: C-170 - both layouts, a sublabel by its own set alone, case ignored. */
static void reading(void **state)
{
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA);
    struct rms_label_pairs pairs = RMS_LABEL_PAIRS(arena);
    struct rms_labelled label;
    bool doubtful;

    (void)state;
    PUT_ALL(&pairs, old_layout);
    assert_int_equal(rms_label_in_force(&pairs, OURS, &label, &doubtful), 0);
    assert_string_equal(label.id, LABEL_B);
    assert_string_equal(label.site, OURS); /* of its Ref */
    assert_string_equal(label.parent, LABEL_A);
    assert_string_equal(label.name, "Finance");
    assert_string_equal(label.method, "Automatic");
    assert_false(doubtful);
    assert_int_equal(rms_label_in_force(&pairs, THEIRS, &label, &doubtful), 0);
    assert_string_equal(label.id, LABEL_X);
    assert_int_equal(rms_label_in_force(&pairs, LABEL_A, &label, &doubtful), RMS_E_NOT_FOUND);
    assert_int_equal(rms_label_pairs_put(&pairs, "msip_label_" LABEL_B "_ENABLED", "FALSE"), 0);
    assert_int_equal(rms_label_in_force(&pairs, OURS, &label, &doubtful), 0);
    assert_string_equal(label.id, LABEL_A); /* the other was removed */
    assert_string_equal(label.owner, "alice@contoso.test");
}

static size_t count_of(const struct rms_label_pairs *pairs, const char *id)
{
    size_t count = 0;

    for (size_t i = 0; i < pairs->count; i++) {
        count += strstr(pairs->items[i].key, id) != NULL;
    }
    return count;
}

/* touches: C-171 - nothing of the tenant's older labels stays, everything of others does. */
static void setting(void **state)
{
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA);
    struct rms_label_pairs pairs = RMS_LABEL_PAIRS(arena);
    struct rms_labelled label = wanted("00000000-0000-4000-8000-000000000001");
    struct rms_labelled found;
    bool doubtful;

    (void)state;
    PUT_ALL(&pairs, old_layout);
    assert_int_equal(rms_label_set(&pairs, &label, NULL), 0);
    assert_int_equal(count_of(&pairs, LABEL_A), 0);
    assert_int_equal(count_of(&pairs, LABEL_B), 0);
    assert_int_equal(count_of(&pairs, LABEL_X), 4);
    assert_int_equal(rms_label_in_force(&pairs, OURS, &found, &doubtful), 0);
    assert_string_equal(found.id, label.id);
    assert_string_equal(found.name, "Internal");
    assert_int_equal(found.content_bits, PROTECTED_BIT);
    assert_string_equal(rms_label_pairs_get(&pairs, "sensitivity"), "Internal");
    assert_int_equal(rms_label_remove(&pairs, OURS), 0);
    assert_int_equal(pairs.count, 4);
    assert_int_equal(rms_label_remove(&pairs, OURS), RMS_E_NOT_FOUND);
}

/* proves: C-175 */
static void unknown_attributes(void **state)
{
    static const char *const rows[][2] = {{KEY(LABEL_A, "Enabled"), "true"}, {KEY(LABEL_A, "SiteId"), OURS},
        {KEY(LABEL_A, "EnabledV2"), "true"}, {KEY(LABEL_A, "Foo"), "bar"}};
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA);
    struct rms_label_pairs pairs = RMS_LABEL_PAIRS(arena);
    struct rms_labelled label = wanted(LABEL_A);

    (void)state;
    PUT_ALL(&pairs, rows);
    assert_int_equal(rms_label_set(&pairs, &label, NULL), 0);
    assert_string_equal(rms_label_pairs_get(&pairs, KEY(LABEL_A, "EnabledV2")), "true");
    assert_string_equal(rms_label_pairs_get(&pairs, KEY(LABEL_A, "Foo")), "bar");
    label = wanted(LABEL_B);
    assert_int_equal(rms_label_set(&pairs, &label, NULL), 0);
    assert_int_equal(count_of(&pairs, LABEL_A), 0);
}

/* touches: C-177 - the same answer in whichever order the pairs stand. */
static void several(void **state)
{
    static const char *const rows[][2] = {{KEY(LABEL_A, "Enabled"), "true"}, {KEY(LABEL_A, "SiteId"), OURS},
        {KEY(LABEL_A, "SetDate"), "2026-01-01T00:00:00Z"}, {KEY(LABEL_B, "Enabled"), "true"},
        {KEY(LABEL_B, "SiteId"), OURS}, {KEY(LABEL_B, "SetDate"), "2025-01-01T00:00:00Z"}};
    const size_t count = sizeof rows / sizeof rows[0];
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA);
    struct rms_labelled found;
    bool doubtful;

    (void)state;
    for (size_t turn = 0; turn < count; turn++) {
        struct rms_label_pairs pairs = RMS_LABEL_PAIRS(arena);

        for (size_t i = 0; i < count; i++) {
            const char *const *row = rows[(i + turn) % count];

            assert_int_equal(rms_label_pairs_put(&pairs, row[0], row[1]), 0);
        }
        assert_int_equal(rms_label_in_force(&pairs, NULL, &found, &doubtful), 0);
        assert_string_equal(found.id, LABEL_A);
        assert_true(doubtful);
    }
}

static void limits(void **state)
{
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA);
    struct rms_label_pairs pairs = RMS_LABEL_PAIRS(arena);
    struct rms_labelled label = wanted(LABEL_A);
    char text[RMS_LABEL_TEXT_MAX + 1];

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(rms_label_pairs_put(&pairs, KEY(LABEL_A, "Name"), text), RMS_E_LIMIT);
    assert_int_equal(rms_label_pairs_put(&pairs, "Title", "x"), RMS_E_BAD_ARGUMENT);
    label.name = text;
    assert_int_equal(rms_label_set(&pairs, &label, NULL), RMS_E_BAD_ARGUMENT);
    label.name = "two\nlines";
    assert_int_equal(rms_label_set(&pairs, &label, NULL), RMS_E_BAD_ARGUMENT);
    label.name = "x";
    assert_int_equal(rms_label_set(&pairs, &label, "\x1b[2J"), RMS_E_BAD_ARGUMENT);
    assert_int_equal(pairs.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(keys), cmocka_unit_test(reading),
        cmocka_unit_test(setting), cmocka_unit_test(unknown_attributes), cmocka_unit_test(several),
        cmocka_unit_test(limits)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
