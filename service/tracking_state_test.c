#include "base/test.h"

#include "base/arena.h"
#include "service/tracking_state.h"

static void on_unless_switched_off(void **state)
{
    static const struct {
        const char *text;
        bool automatic;
    } cases[] = {{NULL, true}, {"{}", true}, {"{\"TrackingPauses\":7}", true},
        {"{\"TrackingPauses\":[]}", true}, {"{\"TrackingManual\":\"yes\"}", true}, {"", false}, {"[]", false},
        {"nonsense", false}};
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(1u << 20);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rms_tracking_state read;
        assert_int_equal(rms_tracking_state_read(arena, cases[i].text, &read), 0);
        assert_true(read.enabled && read.automatic == cases[i].automatic);
        assert_false(rms_tracking_paused(&read, 1));
    }
}

static const char *switched(struct rms_arena *arena, const char *settings, bool enabled, int64_t now)
{
    const struct rms_tracking_state wanted = {.enabled = enabled, .automatic = true};
    const char *text = NULL;
    assert_int_equal(rms_tracking_state_write(arena, settings, &wanted, now, &text), 0);
    return text;
}

static void off_and_on_again(void **state)
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(1u << 20);
    struct rms_tracking_state read;
    const char *text = switched(arena, "{\"Other\":[1]}", true, 5);
    (void)state;
    text = switched(arena, text, false, 10);
    text = switched(arena, text, false, 12); /* it was so already */
    assert_int_equal(rms_tracking_state_read(arena, text, &read), 0);
    assert_false(read.enabled);
    assert_true(!rms_tracking_paused(&read, 9) && rms_tracking_paused(&read, 10));
    assert_true(rms_tracking_paused(&read, INT64_MAX - 1));
    text = switched(arena, text, true, 20);
    text = switched(arena, text, false, 30);
    text = switched(arena, text, true, 40);
    assert_int_equal(rms_tracking_state_read(arena, text, &read), 0);
    assert_true(read.enabled && read.pause_count == 2);
    assert_true(rms_tracking_paused(&read, 19) && !rms_tracking_paused(&read, 20));
    assert_true(rms_tracking_paused(&read, 30) && !rms_tracking_paused(&read, 40));
    assert_non_null(strstr(text, "\"Other\""));
}

static void not_by_itself(void **state)
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(1u << 20);
    const struct rms_tracking_state wanted = {.enabled = true, .automatic = false};
    struct rms_tracking_state read;
    const char *text = NULL;
    (void)state;
    assert_int_equal(rms_tracking_state_write(arena, "{}", &wanted, 1, &text), 0);
    assert_int_equal(rms_tracking_state_read(arena, text, &read), 0);
    assert_true(read.enabled && !read.automatic);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_unless_switched_off),
        cmocka_unit_test(off_and_on_again),
        cmocka_unit_test(not_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
