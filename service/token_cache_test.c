#include "base/test.h"

#include <stdio.h>

#include "base/clock.h"
#include "service/token_cache.h"

#define NOW 1700000000

static int setup(void **state)
{
    struct rms_token_cache *cache;
    int status = rms_token_cache_new(&cache);

    *state = cache;
    return status;
}

static int teardown(void **state)
{
    struct rms_token_cache *cache = *state;

    rms_token_cache_free(&cache);
    return 0;
}

static void digest_of(int number, uint8_t digest[RMS_HASH_MAX])
{
    rms_hash(RMS_SHA256, rms_view_of(&number, sizeof number), digest);
}

static struct rms_token_hit hit_of(int number)
{
    struct rms_token_hit hit = {.expires_at = NOW + 60};

    (void)snprintf(hit.account_id, sizeof hit.account_id, "account-%d", number);
    (void)snprintf(hit.tenant_id, sizeof hit.tenant_id, "tenant");
    return hit;
}

static void put(struct rms_token_cache *cache, int number)
{
    uint8_t digest[RMS_HASH_MAX];
    struct rms_token_hit hit = hit_of(number);

    digest_of(number, digest);
    rms_token_cache_put(cache, digest, rms_token_cache_era(cache), &hit);
}

static bool get(struct rms_token_cache *cache, int number, int64_t now, struct rms_token_hit *hit)
{
    uint8_t digest[RMS_HASH_MAX];

    digest_of(number, digest);
    return rms_token_cache_get(cache, digest, now, hit);
}

static void serves_what_was_put(void **state)
{
    struct rms_token_hit hit;

    put(*state, 1);
    assert_true(get(*state, 1, NOW, &hit));
    assert_string_equal(hit.account_id, "account-1");
    assert_string_equal(hit.tenant_id, "tenant");
    assert_false(get(*state, 2, NOW, &hit));
}

static void never_past_the_expiry(void **state)
{
    struct rms_token_hit hit;

    put(*state, 3);
    assert_true(get(*state, 3, NOW + 60, &hit));
    assert_false(get(*state, 3, NOW + 61, &hit));
    assert_false(get(*state, 3, NOW, &hit)); /* it was thrown away */
}

static void drop_forgets_all(void **state)
{
    struct rms_token_hit hit;

    put(*state, 4);
    rms_token_cache_drop(*state);
    assert_false(get(*state, 4, NOW, &hit));
}

/* Keys changed between verifying and putting: the result must not be kept. */
static void an_old_era_is_not_kept(void **state)
{
    struct rms_token_cache *cache = *state;
    struct rms_token_hit hit = hit_of(5);
    uint64_t era = rms_token_cache_era(cache);
    uint8_t digest[RMS_HASH_MAX];

    digest_of(5, digest);
    rms_token_cache_drop(cache);
    rms_token_cache_put(cache, digest, era, &hit);
    assert_false(get(cache, 5, NOW, &hit));
}

static void a_flood_is_bounded_and_new_ones_stay(void **state)
{
    struct rms_token_hit hit;
    int kept = 0;

    for (int i = 1000; i < 1000 + 2 * (int)RMS_TOKEN_CACHE_ENTRIES; i++) {
        put(*state, i);
    }
    assert_true(get(*state, 999 + 2 * (int)RMS_TOKEN_CACHE_ENTRIES, NOW, &hit));
    for (int i = 1000; i < 1000 + 2 * (int)RMS_TOKEN_CACHE_ENTRIES; i++) {
        kept += get(*state, i, NOW, &hit);
    }
    assert_in_range(kept, RMS_TOKEN_CACHE_ENTRIES / 2, RMS_TOKEN_CACHE_ENTRIES);
}

/* Prints the warm cost; sanitizers make it several times what it is. */
static void warm_cost(void **state)
{
    uint8_t token[1024] = {1};
    uint8_t digest[RMS_HASH_MAX];
    struct rms_token_hit hit = hit_of(6);
    int64_t start;
    int found = 0;

    rms_hash(RMS_SHA256, rms_view_of(token, sizeof token), digest);
    rms_token_cache_put(*state, digest, rms_token_cache_era(*state), &hit);
    start = rms_clock_monotonic_ms();
    for (int i = 0; i < 20000; i++) {
        rms_hash(RMS_SHA256, rms_view_of(token, sizeof token), digest);
        found += rms_token_cache_get(*state, digest, NOW, &hit);
    }
    print_message("20000 warm look-ups of a 1 kB token: %d ms\n", (int)(rms_clock_monotonic_ms() - start));
    assert_int_equal(found, 20000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(serves_what_was_put),
        cmocka_unit_test(never_past_the_expiry),
        cmocka_unit_test(drop_forgets_all),
        cmocka_unit_test(an_old_era_is_not_kept),
        cmocka_unit_test(a_flood_is_bounded_and_new_ones_stay),
        cmocka_unit_test(warm_cost),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
