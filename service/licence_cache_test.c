#include "base/test.h"

#include <pthread.h>

#include "service/licence.h"

static const struct rms_opening *make_opening(const char *content_id)
{
    static const struct rms_policy_text text = {1033, "n", "d"};
    static const char *const custom[] = {"ACME.MEASURE"};
    static const struct rms_grant grant = {
        .principal = RMS_PRINCIPAL_ADDRESS, .address = "a@b.c", .rights = {1, custom, 1}};
    static const struct rms_name_value pair = {"n", "v"};
    struct rms_opening o = {.owner = "a@b.c",
        .policy = {.texts = &text,
            .text_count = 1,
            .grants = &grant,
            .grant_count = 1,
            .signed_data = &pair,
            .signed_count = 1,
            .encrypted_data = &pair,
            .encrypted_count = 1}};
    const struct rms_opening *copy = NULL;
    (void)snprintf(o.content_id, sizeof o.content_id, "%s", content_id);
    RMS_ARENA_CLEANUP struct rms_arena *scratch = rms_arena_new(65536);
    assert_int_equal(rms_opening_copy(scratch, &o, &copy), 0);
    return copy;
}

static void key_of(unsigned number, uint8_t key[RMS_SHA256_BYTES])
{
    rms_hash(RMS_SHA256, rms_view_of(&number, sizeof number), key);
}

static void copies_are_deep(void **state)
{
    const struct rms_opening *o = make_opening("c");
    (void)state;
    assert_string_equal(o->policy.grants[0].address, "a@b.c");
    assert_string_equal(o->policy.grants[0].rights.custom[0], "ACME.MEASURE");
    assert_string_equal(o->policy.texts[0].name, "n");
    assert_string_equal(o->policy.signed_data[0].value, "v");
    assert_null(o->issuer);
    rms_opening_unref(&o);
    assert_null(o);
    rms_opening_unref(&o);
}

static void keeps_and_drops(void **state)
{
    struct rms_licences *licences = NULL;
    struct rms_licences_stats stats;
    uint8_t key[RMS_SHA256_BYTES];
    (void)state;
    assert_int_equal(rms_licences_new(1u << 20, &licences), 0);
    key_of(1, key);
    assert_null(rms_licences_get(licences, key));
    const struct rms_opening *o = make_opening("one");
    rms_licences_put(licences, key, o);
    rms_opening_unref(&o);
    const struct rms_opening *found = rms_licences_get(licences, key);
    assert_string_equal(found->content_id, "one");
    o = make_opening("two"); /* replaces */
    rms_licences_put(licences, key, o);
    rms_opening_unref(&o);
    assert_string_equal(found->content_id, "one"); /* still ours */
    rms_opening_unref(&found);
    found = rms_licences_get(licences, key);
    assert_string_equal(found->content_id, "two");
    rms_licences_drop(licences, key);
    rms_licences_drop(licences, key);
    assert_string_equal(found->content_id, "two");
    rms_opening_unref(&found);
    assert_null(rms_licences_get(licences, key));
    rms_licences_stats(licences, &stats);
    assert_int_equal(stats.count, 0);
    assert_int_equal(stats.bytes, 0);
    assert_int_equal(stats.hits, 2);
    assert_int_equal(stats.misses, 2);
    rms_licences_free(&licences);
    rms_licences_free(&licences);
}

static void is_bounded_and_forgets_the_oldest(void **state)
{
    struct rms_licences *licences = NULL;
    struct rms_licences_stats stats;
    uint8_t key[RMS_SHA256_BYTES];
    uint8_t first[RMS_SHA256_BYTES];
    (void)state;
    assert_int_equal(rms_licences_new(1u << 20, &licences), 0);
    key_of(0, first);
    for (unsigned i = 0; i < 5000; i++) {
        const struct rms_opening *o = make_opening("x");
        key_of(i, key);
        rms_licences_put(licences, key, o);
        rms_opening_unref(&o);
        const struct rms_opening *hot = rms_licences_get(licences, first);
        assert_non_null(hot); /* used all the time: never the oldest */
        rms_opening_unref(&hot);
    }
    rms_licences_stats(licences, &stats);
    assert_true(stats.bytes <= 1u << 20);
    assert_true(stats.dropped > 0);
    assert_int_equal(stats.count + stats.dropped, 5000);
    rms_licences_free(&licences);
}

static void *hammer(void *argument)
{
    struct rms_licences *licences = argument;
    uint8_t key[RMS_SHA256_BYTES];
    for (unsigned i = 0; i < 3000; i++) {
        key_of(i % 97, key);
        const struct rms_opening *found = rms_licences_get(licences, key);
        if (found == NULL) {
            found = make_opening("y");
            rms_licences_put(licences, key, found);
        } else if (i % 31 == 0) {
            rms_licences_drop(licences, key);
        }
        rms_opening_unref(&found);
    }
    return NULL;
}

static void threads_share_it(void **state)
{
    struct rms_licences *licences = NULL;
    pthread_t threads[4];
    (void)state;
    assert_int_equal(rms_licences_new(1u << 18, &licences), 0);
    for (size_t i = 0; i < RMS_COUNT(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, licences), 0);
    }
    for (size_t i = 0; i < RMS_COUNT(threads); i++) {
        (void)pthread_join(threads[i], NULL);
    }
    rms_licences_free(&licences);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_are_deep),
        cmocka_unit_test(keeps_and_drops),
        cmocka_unit_test(is_bounded_and_forgets_the_oldest),
        cmocka_unit_test(threads_share_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
