#include "base/test.h"

#include <stdlib.h>
#include <stdio.h>
#include "xrml/testing/world.h"

static struct rms_world world;

static int open_world(void **state)
{
    (void)state;
    rms_world_open(&world);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    rms_world_close(&world);
    return 0;
}

static void publish_and_read(bool offline, struct rms_pl *pl)
{
    struct rms_policy policy = rms_world_policy();
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(1 << 20);

    rms_world_publish(&world, &policy, offline, &text);
    if (getenv("SHOW"))
        fwrite(text.data, 1, text.len, stderr);
    print_message("PL %zu bytes\n", text.len);
    assert_int_equal(rms_pl_parse(world.arena, rms_buf_view(&text), pl), 0);
}

static void test_online(void **state)
{
    struct rms_pl pl;

    (void)state;
    publish_and_read(false, &pl);
    assert_int_equal(rms_chain_verify(&pl.chain, &world.trust), 0);
}
static void test_offline(void **state)
{
    struct rms_pl pl;

    (void)state;
    publish_and_read(true, &pl);
    assert_int_equal(rms_chain_verify(&pl.chain, &world.trust), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_online),
        cmocka_unit_test(test_offline),
    };

    return cmocka_run_group_tests(tests, open_world, close_world);
}
