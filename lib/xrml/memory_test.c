/* Memory that runs out at every single allocation: an error each time, and nothing lost. */
#include "base/test.h"

#include "base/mem.h"
#include "xrml/testing/world.h"

static struct rms_world world;
static struct rms_view pl_text;  /* client-signed, the whole chain */
static struct rms_view erd_text; /* of a policy with everything in it */

static struct rms_policy rich_policy(void)
{
    static const char *const custom[] = {"COMPANY.SEAL"};
    static const struct rms_name_value data[] = {{"a", "1"}, {"b", "2"}};
    static const struct rms_grant grants[] = {
        {RMS_PRINCIPAL_ADDRESS, RMS_WORLD_BOB, {RMS_RIGHT_VIEW, custom, 1}, RMS_WORLD_NOW, RMS_TIME_NONE},
        {RMS_PRINCIPAL_DOMAIN, "fabrikam.example", {RMS_RIGHT_PRINT, NULL, 0}, RMS_TIME_NONE, RMS_TIME_NONE},
    };
    struct rms_policy policy = rms_world_policy();

    policy.grants = grants;
    policy.grant_count = 2;
    policy.encrypted_data = data;
    policy.encrypted_count = 2;
    policy.signed_data = data;
    policy.signed_count = 2;
    return policy;
}

static struct rms_view keep(const struct rms_buf *text)
{
    return rms_view_of(rms_arena_copy(world.arena, text->data, text->len), text->len);
}

static int open_world(void **state)
{
    const struct rms_erd_binding binding = {RMS_WORLD_CONTENT, RMS_WORLD_ALICE, RMS_WORLD_NOW};
    struct rms_policy policy = rich_policy();
    RMS_BUF_CLEANUP struct rms_buf pl = RMS_BUF_INIT(1u << 20);
    RMS_BUF_CLEANUP struct rms_buf erd = RMS_BUF_INIT(1u << 20);

    (void)state;
    rms_world_open(&world);
    rms_world_publish(&world, &policy, true, &pl);
    rms_must(rms_erd_build(&policy, &binding, &erd));
    pl_text = keep(&pl);
    erd_text = keep(&erd);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    rms_world_close(&world);
    return 0;
}

/* Runs what until it gets through, failing one allocation later each time. Only then may it succeed. */
static void sweep(int (*what)(void))
{
    int status;
    long at = 0;

    do {
        rms_mem_fail_after(at++);
        status = what();
        rms_mem_fail_never();
        if (status != 0 && status != RMS_E_NO_MEMORY && status != RMS_E_LIMIT) {
            fail_msg("allocation %ld: %s", at - 1, rms_error_info(status)->reason);
        }
    } while (status != 0 && at < 5000);
    assert_int_equal(status, 0);
    assert_true(at > 1);
}

static int parse_all(struct rms_arena *arena)
{
    struct rms_pl pl;
    struct rms_ul ul;
    struct rms_certificate clc;

    RMS_TRY(rms_pl_parse(arena, pl_text, &pl));
    RMS_TRY(rms_ul_parse(arena, pl.owner_ul, &ul));
    return rms_certificate_parse(arena, pl.clc, RMS_DOC_CLC, &clc);
}

static int parse_pl(void)
{
    struct rms_arena *arena = rms_arena_new(1u << 20);
    int status = arena != NULL ? parse_all(arena) : RMS_E_NO_MEMORY;

    rms_arena_free(&arena);
    return status;
}

static int parse_erd(void)
{
    struct rms_arena *arena = rms_arena_new(1u << 20);
    struct rms_erd erd;
    int status = arena != NULL ? rms_erd_parse(arena, erd_text, &erd) : RMS_E_NO_MEMORY;

    rms_arena_free(&arena);
    return status;
}

static int init_server(void)
{
    struct rms_arena *arena = rms_arena_new(1u << 20);
    struct rms_server server;
    int status = arena != NULL
                     ? rms_server_init(arena, world.server.slc_text, RMS_WORLD_URL, RMS_WORLD_URL, &server)
                     : RMS_E_NO_MEMORY;

    rms_arena_free(&arena);
    return status;
}

static int build_erd(void)
{
    const struct rms_erd_binding binding = {RMS_WORLD_CONTENT, RMS_WORLD_ALICE, RMS_WORLD_NOW};
    struct rms_policy policy = rich_policy();
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(1u << 20);

    return rms_erd_build(&policy, &binding, &out);
}

static int build_pl(void)
{
    struct rms_policy policy = rich_policy();
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(1u << 20);
    const struct rms_pl_request request = {.policy = &policy,
        .content_id = RMS_WORLD_CONTENT,
        .owner = RMS_WORLD_ALICE,
        .issued_at = RMS_WORLD_NOW,
        .made.bits = RMS_VIEW_LITERAL("0123456789abcdef"),
        .made.erd = RMS_VIEW_LITERAL("0123456789abcdef"),
        .clc = &world.clc};

    return rms_pl_build(&world.server, &request, &world.client_signer, &out);
}

static int seal_and_open(void)
{
    uint8_t bound[RMS_SHA256_BYTES] = {0};
    RMS_BUF_CLEANUP struct rms_buf blob = RMS_BUF_INIT(RMS_ENABLING_MAX);
    struct rms_content_key key = {0};
    struct rms_enabling_bits bits = {RMS_SEALED_KEY_V2, {0}};

    RMS_TRY(rms_enabling_seal_key(
        &world.server.key, RMS_MODE_CBC4K, rms_view_of(world.content_key, 32), bound, &blob));
    bits.blob = rms_buf_view(&blob);
    RMS_TRY(rms_enabling_open_key(world.server_key, &bits, bound, &key));
    rms_content_key_fini(&key);
    return 0;
}

static int hide_rights(void)
{
    RMS_BUF_CLEANUP struct rms_buf cipher = RMS_BUF_INIT(1u << 20);
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(1u << 20);
    const struct rms_view key = {world.content_key, 32};

    RMS_TRY(rms_erd_encrypt(key, erd_text, &cipher));
    return rms_erd_decrypt(key, rms_buf_view(&cipher), &text);
}

static void test_parse_pl(void **state)
{
    (void)state;
    sweep(parse_pl);
}

static void test_parse_erd(void **state)
{
    (void)state;
    sweep(parse_erd);
}

static void test_init_server(void **state)
{
    (void)state;
    sweep(init_server);
}

static void test_build(void **state)
{
    (void)state;
    sweep(build_erd);
    sweep(build_pl);
}

static void test_seal(void **state)
{
    (void)state;
    sweep(seal_and_open);
    sweep(hide_rights);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_pl),
        cmocka_unit_test(test_parse_erd),
        cmocka_unit_test(test_init_server),
        cmocka_unit_test(test_build),
        cmocka_unit_test(test_seal),
    };

    return cmocka_run_group_tests(tests, open_world, close_world);
}
