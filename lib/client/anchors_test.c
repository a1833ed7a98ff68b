#include "client/anchors.h"

#include "base/test.h"
#include "base/time.h"
#include "crypto/base64.h"
#include "xrml/testing/world.h"

#define NOW 1900000000

enum { FIRST, SECOND, THIRD, STRANGER, KEYS };

static struct rms_rsa_private *keys[KEYS];
static struct rms_arena *arena;
static json_t *reply;

static const struct rms_rsa_public *public_of(int key)
{
    return rms_rsa_public_of(keys[key]);
}

static void add_text(struct rms_view text)
{
    RMS_BUF_CLEANUP struct rms_buf base64 = RMS_BUF_INIT(1u << 20);

    rms_base64_encode(&base64, text);
    assert_int_equal(json_array_append_new(json_object_get(reply, "CrossCertificates"),
                         json_stringn(rms_buf_text(&base64), base64.len)),
        0);
}

static void build_cross(int key, int by, struct rms_buf *text)
{
    struct rms_signer signer = rms_signer_local(keys[by]);
    const struct rms_slc_request request = {.guid = "99999999-8888-7777-6666-555555555555",
        .name = "Contoso",
        .url = "https://rms.contoso.test/_wmcs",
        .issued_at = NOW,
        .valid_until = NOW + RMS_DAY_S,
        .key = public_of(key)};

    assert_int_equal(rms_slc_build(&request, &signer, text), 0);
}

static void add_cross(int key, int by)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(65536);

    build_cross(key, by, &text);
    add_text(rms_buf_view(&text));
}

static struct rms_trust extended(int from)
{
    struct rms_trust trust = {.keys = public_of(from), .key_count = 1};

    assert_int_equal(rms_anchors_extend(arena, reply, &trust), 0);
    return trust;
}

static int set_up(void **state)
{
    (void)state;
    arena = rms_arena_new(16u << 20);
    reply = json_pack("{s:[]}", "CrossCertificates");
    return arena != NULL && reply != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    json_decref(reply);
    rms_arena_free(&arena);
    return 0;
}

/* From whatever key the device has, over keys between, in any order. */
static void follows_changes_of_the_key(void **state)
{
    struct rms_trust trust;

    (void)state;
    add_cross(THIRD, SECOND);
    add_cross(SECOND, FIRST);
    trust = extended(FIRST);
    assert_int_equal(trust.key_count, 3);
    assert_true(rms_anchors_have(&trust, public_of(THIRD)));
    trust = extended(SECOND);
    assert_int_equal(trust.key_count, 2);
    assert_false(rms_anchors_have(&trust, public_of(FIRST)));
    trust = extended(THIRD);
    assert_int_equal(trust.key_count, 1);
}

/* What a stranger between device and service could show. */
static void believes_no_stranger(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf two = RMS_BUF_INIT(1u << 18);
    RMS_BUF_CLEANUP struct rms_buf changed = RMS_BUF_INIT(65536);
    struct rms_trust trust;

    (void)state;
    add_cross(STRANGER, STRANGER);
    add_cross(FIRST, STRANGER); /* he vouches for us: nothing to us */
    build_cross(STRANGER, STRANGER, &two);
    build_cross(SECOND, FIRST, &two); /* behind another document */
    add_text(rms_buf_view(&two));
    build_cross(SECOND, FIRST, &changed);
    changed.data[changed.len / 2] ^= 1;
    add_text(rms_buf_view(&changed));
    add_text(RMS_VIEW_LITERAL("nonsense"));
    json_array_append_new(json_object_get(reply, "CrossCertificates"), json_integer(7));
    json_array_append_new(json_object_get(reply, "CrossCertificates"), json_string("!"));
    trust = extended(FIRST);
    assert_int_equal(trust.key_count, 1);
}

/* A certificate of the right key but for something else leads nowhere: a person's, a device's. */
static void only_servers_certificates_lead_on(void **state)
{
    struct rms_world world;
    struct rms_trust trust;

    (void)state;
    rms_world_open(&world);
    add_text(world.clc.node->xrml->source);
    add_text(world.rac.node->xrml->source);
    add_text(world.spc.node->xrml->source);
    trust = (struct rms_trust){.keys = &world.server.key, .key_count = 1};
    assert_int_equal(rms_anchors_extend(arena, reply, &trust), 0);
    assert_int_equal(trust.key_count, 1);
    rms_world_close(&world);
}

static void replies_without_any_add_nothing(void **state)
{
    struct rms_trust trust = {.keys = public_of(FIRST), .key_count = 1};
    json_t *odd = json_pack("{s:s}", "CrossCertificates", "none");

    (void)state;
    assert_int_equal(rms_anchors_extend(arena, NULL, &trust), 0);
    assert_int_equal(rms_anchors_extend(arena, odd, &trust), 0);
    assert_int_equal(rms_anchors_add(arena, NULL, &trust), 0);
    assert_int_equal(rms_anchors_add(arena, public_of(FIRST), &trust), 0);
    assert_int_equal(trust.key_count, 1);
    assert_int_equal(rms_anchors_add(arena, public_of(SECOND), &trust), 0);
    assert_int_equal(trust.key_count, 2);
    json_decref(odd);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(follows_changes_of_the_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(believes_no_stranger, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_servers_certificates_lead_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(replies_without_any_add_nothing, set_up, tear_down),
    };
    int failed;

    for (int i = 0; i < KEYS; i++) {
        if (rms_rsa_generate(2048, &keys[i]) != 0) {
            return 1;
        }
    }
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    for (int i = 0; i < KEYS; i++) {
        rms_rsa_private_free(&keys[i]);
    }
    return failed;
}
