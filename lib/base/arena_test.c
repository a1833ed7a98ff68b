#include "base/test.h"

#include <stdalign.h>

#include "base/arena.h"
#include "base/mem.h"

static void gives_zeroed_aligned_memory(void **state)
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(1 << 20);

    (void)state;
    for (size_t size = 1; size < 3000; size = size * 3 + 1) {
        uint8_t *place = rms_arena_alloc(arena, size);

        assert_non_null(place);
        assert_int_equal((uintptr_t)place % alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++) {
            assert_int_equal(place[i], 0);
        }
        memset(place, 0xff, size);
    }
    assert_true(rms_arena_used(arena) >= 1636);
}

static void copies_text(void **state)
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(1 << 20);

    (void)state;
    assert_string_equal(rms_arena_strdup(arena, "one"), "one");
    assert_string_equal(rms_arena_text(arena, rms_view_of("twofold", 3)), "two");
    assert_string_equal(rms_arena_printf(arena, "%s-%d", "three", 3), "three-3");
    assert_string_equal((char *)rms_arena_copy(arena, NULL, 0), "");
    assert_null(rms_arena_strdup(arena, NULL));
}

static void keeps_its_maximum(void **state)
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(1024);

    (void)state;
    assert_non_null(rms_arena_alloc(arena, 1000));
    assert_null(rms_arena_alloc(arena, 100));
    assert_non_null(rms_arena_alloc(arena, 8));
    assert_true(rms_arena_used(arena) <= 1024);
}

static void sizes_do_not_wrap(void **state)
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(SIZE_MAX);

    (void)state;
    assert_null(rms_arena_array(arena, SIZE_MAX / 2, 3));
    assert_null(rms_arena_alloc(arena, SIZE_MAX));
    assert_null(rms_arena_alloc(arena, SIZE_MAX - 20));
    assert_null(rms_arena_copy(arena, "", SIZE_MAX));
    assert_non_null(rms_arena_array(arena, 10, 10));
}

static void large_pieces_fit(void **state)
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(64u << 20);
    uint8_t *large = rms_arena_alloc(arena, 10u << 20);

    (void)state;
    assert_non_null(large);
    large[(10u << 20) - 1] = 1;
    assert_non_null(rms_arena_alloc(arena, 10));
}

static void memory_may_run_out(void **state)
{
    struct rms_arena *arena;

    (void)state;
    rms_mem_fail_after(0);
    assert_null(rms_arena_new(100));
    rms_mem_fail_after(1);
    arena = rms_arena_new(100);
    assert_non_null(arena);
    assert_null(rms_arena_alloc(arena, 10));
    rms_mem_fail_never();
    assert_non_null(rms_arena_alloc(arena, 10));
    rms_arena_free(&arena);
    assert_null(arena);
    rms_arena_free(&arena);
}

static void starts_anew_after_reset(void **state)
{
    static const size_t keep[] = {0, 5000, 1 << 20};
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(1 << 20);

    (void)state;
    for (size_t round = 0; round < sizeof keep / sizeof keep[0]; round++) {
        for (size_t i = 0; i < 100; i++) {
            uint8_t *place = rms_arena_alloc(arena, 1000);

            assert_non_null(place);
            assert_int_equal(place[0], 0);
            assert_int_equal(place[999], 0);
            memset(place, 0xff, 1000);
        }
        assert_non_null(rms_arena_alloc(arena, 300000));
        rms_arena_reset(arena, keep[round]);
        assert_int_equal(rms_arena_used(arena), 0);
    }
    rms_arena_reset(arena, 0);
    rms_arena_reset(arena, 0);
    assert_string_equal(rms_arena_strdup(arena, "usable"), "usable");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_anew_after_reset),
        cmocka_unit_test(gives_zeroed_aligned_memory),
        cmocka_unit_test(copies_text),
        cmocka_unit_test(keeps_its_maximum),
        cmocka_unit_test(sizes_do_not_wrap),
        cmocka_unit_test(large_pieces_fit),
        cmocka_unit_test(memory_may_run_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
