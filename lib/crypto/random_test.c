#include "base/test.h"

#include <string.h>

#include "crypto/random.h"

static void bytes_differ(void **state)
{
    uint8_t a[32] = {0};
    uint8_t b[32] = {0};

    (void)state;
    rms_random(a, sizeof a);
    rms_random(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    rms_random(a, 0);
}

/* A coarse check that all of a large request is filled: each byte value about 256 times. */
static void large_requests_are_filled(void **state)
{
    static uint8_t bytes[65536];
    size_t counts[256] = {0};

    (void)state;
    rms_random(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        counts[bytes[i]]++;
    }
    for (size_t i = 0; i < 256; i++) {
        assert_true(counts[i] > 128 && counts[i] < 400);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_differ),
        cmocka_unit_test(large_requests_are_filled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
