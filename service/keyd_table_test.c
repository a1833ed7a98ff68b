#include "base/test.h"

#include <string.h>

#include "service/keyd_contents.h"
#include "service/keyd_table.h"

/* --- the table -------------------------------------------------------------------------------------- */

#define ENTRIES 200

static void finds_adds_and_removes(void **state)
{
    static struct rms_table_entry entries[ENTRIES];
    struct rms_table table;

    (void)state;
    assert_int_equal(rms_table_init(&table, 4), 0); /* few buckets: long chains */
    for (size_t i = 0; i < ENTRIES; i++) {
        entries[i].id[0] = (uint8_t)i;
        entries[i].id[RMS_TABLE_ID - 1] = 1; /* behind what the bucket is chosen by */
        rms_table_add(&table, &entries[i]);
    }
    assert_int_equal(table.count, ENTRIES);
    for (size_t i = 0; i < ENTRIES; i += 2) {
        rms_table_remove(&table, &entries[i]);
    }
    for (size_t i = 0; i < ENTRIES; i++) {
        struct rms_table_entry *found = rms_table_find(&table, entries[i].id);

        assert_ptr_equal(found, i % 2 == 0 ? NULL : &entries[i]);
    }
    assert_int_equal(table.count, ENTRIES / 2);
    rms_table_fini(&table);
}

static void keeps_the_order_of_use(void **state)
{
    struct rms_table_entry entries[4] = {0};
    static const size_t expected[] = {3, 2, 0, 1}; /* oldest first */
    struct rms_table table;

    (void)state;
    assert_int_equal(rms_table_init(&table, 4), 0);
    for (size_t i = 4; i > 0; i--) {
        entries[i - 1].id[3] = (uint8_t)i;
        rms_table_add(&table, &entries[i - 1]);
    }
    (void)rms_table_find(&table, entries[0].id);
    (void)rms_table_find(&table, entries[1].id);
    for (size_t i = 0; i < RMS_COUNT(expected); i++) {
        assert_ptr_equal(table.oldest, &entries[expected[i]]);
        rms_table_remove(&table, table.oldest);
    }
    assert_null(table.newest);
    assert_null(table.oldest);
    rms_table_fini(&table);
}

/* --- content keys ------------------------------------------------------------------------------------- */

static const uint8_t tenant[RMS_TABLE_ID] = {1};
static const uint8_t stranger[RMS_TABLE_ID] = {2};

/* More than one chunk of key memory, and around the whole table once more. */
static void holds_as_many_keys_as_told(void **state)
{
    enum { MAX = 5000, ADDED = 7000 };
    static uint8_t handles[ADDED][RMS_TABLE_ID];
    struct rms_open_key key = {.mode = RMS_MODE_CBC4K, .len = 32};
    struct rms_contents *contents;
    uint64_t evicted;
    size_t held;

    (void)state;
    assert_int_equal(rms_contents_new(MAX, &contents), 0);
    for (size_t i = 0; i < ADDED; i++) {
        memcpy(key.key, &i, sizeof i);
        assert_int_equal(rms_contents_add(contents, tenant, &key, handles[i]), 0);
    }
    for (size_t i = 0; i < ADDED; i++) {
        int status = rms_contents_get(contents, handles[i], tenant, &key);

        assert_int_equal(status, i < ADDED - MAX ? RMS_E_RECHALLENGE : 0);
        if (status == 0) {
            assert_memory_equal(key.key, &i, sizeof i);
        }
    }
    rms_contents_count(contents, &held, &evicted);
    assert_int_equal(held, MAX);
    assert_int_equal(evicted, ADDED - MAX);
    rms_contents_free(&contents);
}

static void gives_a_key_to_its_tenant_only(void **state)
{
    struct rms_open_key key = {.mode = RMS_MODE_CBC4K, .len = 16, .key = {9}};
    struct rms_open_key out = {0};
    struct rms_contents *contents;
    uint8_t handle[RMS_TABLE_ID];

    (void)state;
    assert_int_equal(rms_contents_new(4, &contents), 0);
    assert_int_equal(rms_contents_add(contents, tenant, &key, handle), 0);
    assert_int_equal(rms_contents_get(contents, handle, stranger, &out), RMS_E_RECHALLENGE);
    assert_int_equal(out.len, 0);
    assert_int_equal(rms_contents_get(contents, handle, tenant, &out), 0);
    assert_int_equal(out.len, 16);
    assert_int_equal(out.mode, RMS_MODE_CBC4K);
    rms_contents_free(&contents);
    rms_contents_free(&contents);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_adds_and_removes),
        cmocka_unit_test(keeps_the_order_of_use),
        cmocka_unit_test(holds_as_many_keys_as_told),
        cmocka_unit_test(gives_a_key_to_its_tenant_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
