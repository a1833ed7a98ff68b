/* Server, machine, account and client certificates. */
#include "base/test.h"

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

static int verify_under(const struct rms_signed *node, const struct rms_trust *trust)
{
    const struct rms_chain chain = {.nodes = node, .count = 1};

    return rms_chain_verify(&chain, trust);
}

static bool contains(struct rms_view text, const char *part)
{
    return memmem(text.data, text.len, part, strlen(part)) != NULL;
}

static void test_server(void **state)
{
    const struct rms_certificate *slc = &world.server.slc;

    (void)state;
    assert_int_equal(slc->node->kind, RMS_DOC_SLC);
    assert_string_equal(world.server.guid, "11111111-2222-3333-4444-555555555555");
    assert_string_equal(world.server.name, "Contoso & Sons");
    assert_string_equal(world.server.intranet_url, RMS_WORLD_URL);
    assert_true(slc->issue_from == RMS_WORLD_NOW - 2 * RMS_DAY_S);
    assert_true(slc->issue_until == RMS_WORLD_NOW + 3650ll * RMS_DAY_S);
    assert_true(slc->valid_until == slc->issue_until);
    assert_true(rms_rsa_public_equal(&world.server.key, rms_rsa_public_of(world.server_key)));
    assert_int_equal(rms_signed_verify(slc->node, &world.server.key, false), 0);
    assert_int_equal(verify_under(slc->node, &world.trust), 0);
    assert_true(contains(world.server.slc_text, "value=\"{99999999-8888-7777-6666-555555555555}\""));
    assert_non_null(strstr(world.server.issuer_text, "Contoso &amp; Sons"));
}

/* What the principal says is repeated to the character, and the bound digests are of just these texts. */
static void test_server_texts(void **state)
{
    uint8_t digest[RMS_HASH_MAX];
    const char *both =
        rms_arena_printf(world.arena, "%s%s", world.server.principals_head, world.server.principals_tail);

    (void)state;
    assert_int_equal(rms_hash_utf16(RMS_SHA256, rms_view_str(world.server.issuer_text), digest), 0);
    assert_memory_equal(digest, world.server.issuer_bound, RMS_SHA256_BYTES);
    assert_int_equal(rms_hash_utf16(RMS_SHA256, rms_view_str(both), digest), 0);
    assert_memory_equal(digest, world.server.principals_bound, RMS_SHA256_BYTES);
    assert_null(strstr(both, "ENABLINGBITS"));
    assert_int_equal(strncmp(world.server.principals_tail, "<SECURITYLEVEL ", 15), 0);
}

static void test_server_refused(void **state)
{
    struct rms_server server;
    const char *slc = rms_arena_text(world.arena, world.server.slc_text);
    char *damaged = rms_arena_strdup(world.arena, slc);

    (void)state;
    *strstr(damaged, "Contoso") = 'c';
    assert_int_equal(rms_server_init(world.arena, rms_view_str(damaged), RMS_WORLD_URL, NULL, &server),
        RMS_E_BAD_SIGNATURE);
    assert_int_equal(rms_server_init(world.arena, world.rac.node->xrml->source, RMS_WORLD_URL, NULL, &server),
        RMS_E_BAD_LICENSE);
    assert_int_equal(
        rms_server_init(world.arena, rms_view_str(""), RMS_WORLD_URL, NULL, &server), RMS_E_BAD_LICENSE);
    assert_int_equal(rms_server_init(world.arena, rms_view_str(slc), RMS_WORLD_URL, NULL, &server), 0);
    assert_null(server.extranet_url);
}

/* A certificate of the same server for another key leads from the one to the other, and no further. */
static void test_slc_of_another_key(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(1u << 16);
    struct rms_rsa_private *next = rms_world_key("machine");
    const struct rms_slc_request request = {.guid = "99999999-8888-7777-6666-555555555555",
        .name = "Contoso",
        .issued_at = RMS_WORLD_NOW,
        .valid_until = RMS_WORLD_NOW + RMS_DAY_S,
        .key = rms_rsa_public_of(next)};
    struct rms_trust of_next = {.keys = rms_rsa_public_of(next), .key_count = 1};
    struct rms_chain chain;

    (void)state;
    assert_int_equal(rms_slc_build(&request, &world.server_signer, &out), 0);
    assert_int_equal(rms_chain_parse(world.arena, rms_buf_view(&out), &chain), 0);
    assert_true(rms_rsa_public_equal(&chain.nodes[0].subject_key, rms_rsa_public_of(next)));
    assert_true(rms_rsa_public_equal(&chain.nodes[0].issuer_key, &world.server.key));
    assert_int_equal(rms_chain_verify(&chain, &world.trust), 0);
    assert_int_equal(rms_chain_verify(&chain, &of_next), RMS_E_UNKNOWN_KEY);
    rms_rsa_private_free(&next);
}

static void test_slc_requests_refused(void **state)
{
    const struct rms_slc_request good = {.guid = RMS_WORLD_POLICY,
        .name = "n",
        .url = "https://x/_wmcs",
        .issued_at = RMS_WORLD_NOW,
        .valid_until = RMS_WORLD_NOW + 1};
    struct rms_slc_request request = good;
    struct rms_signer weak;
    struct rms_rsa_private *old = rms_world_key("old-server");
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(1u << 16);

    (void)state;
    assert_int_equal(rms_slc_build(&request, &world.server_signer, &out), 0);
    request.guid = "";
    assert_int_equal(rms_slc_build(&request, &world.server_signer, &out), RMS_E_BAD_ARGUMENT);
    request = good;
    request.valid_until = RMS_WORLD_NOW;
    assert_int_equal(rms_slc_build(&request, &world.server_signer, &out), RMS_E_BAD_ARGUMENT);
    request = good;
    request.issued_at = RMS_TIME_NONE;
    assert_int_equal(rms_slc_build(&request, &world.server_signer, &out), RMS_E_BAD_ARGUMENT);
    request = good;
    request.name = "\x01";
    assert_int_equal(rms_slc_build(&request, &world.server_signer, &out), RMS_E_BAD_ARGUMENT);
    weak = rms_signer_local(old);
    assert_int_equal(rms_slc_build(&good, &weak, &out), RMS_E_WEAK_CRYPTO);
    rms_rsa_private_free(&old);
}

static void test_machine(void **state)
{
    (void)state;
    assert_int_equal(world.spc.node->kind, RMS_DOC_SPC);
    assert_int_equal(rms_signed_verify(world.spc.node, &world.spc.node->subject_key, false), 0);
    assert_true(rms_rsa_public_equal(&world.spc.node->subject_key, &world.machine_signer.key));
    assert_string_equal(world.spc.node->subject.type, "Machine-Unique-Identifier");
    /* It certifies itself; that is no proof to anybody. */
    assert_int_equal(verify_under(world.spc.node, &world.trust), RMS_E_UNKNOWN_KEY);
}

/* touches: S-125 (the user's key pair reaches this machine, and no other) */
static void test_account(void **state)
{
    struct rms_rsa_private *key = NULL;

    (void)state;
    assert_int_equal(verify_under(world.rac.node, &world.trust), 0);
    assert_string_equal(world.rac.address, RMS_WORLD_ALICE);
    assert_int_equal(world.rac.node->subject.address_count, 1);
    assert_string_equal(world.rac.node->subject.addresses[0].value, "a.smith@contoso.example");
    assert_true(world.rac.valid_from == RMS_WORLD_NOW - 900);
    assert_true(world.rac.valid_until == RMS_WORLD_NOW + 31 * RMS_DAY_S);
    assert_true(world.rac.issue_from == RMS_TIME_NONE);
    assert_string_equal(world.rac.created_at_text, "2025-03-07T15:07");
    assert_memory_equal(world.rac.bits_bound, world.server.issuer_bound, RMS_SHA256_BYTES);
    assert_int_equal(
        rms_enabling_open_private(world.machine_key, &world.rac.bits, world.rac.bits_bound, &key), 0);
    assert_true(rms_rsa_public_equal(rms_rsa_public_of(key), &world.rac.node->subject_key));
    rms_rsa_private_free(&key);
    assert_int_equal(
        rms_enabling_open_private(world.stranger_key, &world.rac.bits, world.rac.bits_bound, &key),
        RMS_E_BAD_LICENSE);
    assert_true(contains(world.rac.node->xrml->source, "https://rms.contoso.example/_wmcs/certification"));
}

/* The shape pre-certification returns (section 3.3): no machine, no private key. */
static void test_account_without_machine(void **state)
{
    struct rms_rac_request request = {.user_guid = RMS_WORLD_POLICY,
        .address = RMS_WORLD_BOB,
        .issued_at = RMS_WORLD_NOW,
        .valid_until = RMS_WORLD_NOW + RMS_DAY_S,
        .account_created_at = RMS_TIME_NONE,
        .user_key = world.stranger_signer.key};
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(1u << 16);
    struct rms_certificate rac;

    (void)state;
    assert_int_equal(rms_rac_build(&world.server, &request, &world.server_signer, &out), 0);
    assert_int_equal(
        rms_certificate_parse(world.arena, rms_world_node(&world, rms_buf_view(&out)), RMS_DOC_RAC, &rac), 0);
    assert_int_equal(rac.bits.blob.len, 0);
    assert_null(rac.created_at_text);
    assert_string_equal(rac.address, RMS_WORLD_BOB);
    request.machine = &world.spc;
    assert_int_equal(rms_rac_build(&world.server, &request, &world.server_signer, &out), RMS_E_BAD_ARGUMENT);
    request.machine = NULL;
    request.valid_until = request.issued_at;
    assert_int_equal(rms_rac_build(&world.server, &request, &world.server_signer, &out), RMS_E_BAD_ARGUMENT);
}

static void test_client(void **state)
{
    struct rms_rsa_private *key = NULL;

    (void)state;
    assert_int_equal(verify_under(world.clc.node, &world.trust), 0);
    assert_string_equal(world.clc.address, RMS_WORLD_ALICE);
    assert_string_equal(world.clc.licensing_url, RMS_WORLD_URL);
    assert_true(world.clc.issue_from == RMS_WORLD_NOW - RMS_DAY_S);
    assert_true(world.clc.issue_until == RMS_WORLD_NOW + 31 * RMS_DAY_S);
    /* Its principal is the RAC's, to the character (section 3.4). */
    assert_true(rms_view_equal(world.clc.node->subject.source, world.rac.node->subject.source));
    assert_int_equal(
        rms_enabling_open_private(world.user_key, &world.clc.bits, world.clc.bits_bound, &key), 0);
    assert_true(rms_rsa_public_equal(rms_rsa_public_of(key), &world.clc.node->subject_key));
    rms_rsa_private_free(&key);
    assert_int_equal(
        rms_enabling_open_private(world.machine_key, &world.clc.bits, world.clc.bits_bound, &key),
        RMS_E_BAD_LICENSE);
}

static void test_client_refused(void **state)
{
    struct rms_clc_request request = {.rac = &world.rac,
        .key = world.stranger_signer.key,
        .issued_at = RMS_WORLD_NOW,
        .valid_until = RMS_WORLD_NOW + RMS_DAY_S};
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(1u << 16);

    (void)state;
    assert_int_equal(rms_clc_build(&world.server, &request, &world.server_signer, &out), RMS_E_BAD_ARGUMENT);
    request.bits = world.clc.bits.blob;
    request.issued_at = RMS_TIME_NONE;
    assert_int_equal(rms_clc_build(&world.server, &request, &world.server_signer, &out), RMS_E_BAD_ARGUMENT);
}

static void test_kind_must_fit(void **state)
{
    static const enum rms_document_kind kinds[] = {RMS_DOC_SLC, RMS_DOC_SPC, RMS_DOC_RAC, RMS_DOC_CLC};
    const struct rms_signed *nodes[] = {
        world.server.slc.node, world.spc.node, world.rac.node, world.clc.node};
    struct rms_certificate out;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        for (size_t j = 0; j < 4; j++) {
            assert_int_equal(
                rms_certificate_parse(world.arena, nodes[i], kinds[j], &out), i == j ? 0 : RMS_E_BAD_LICENSE);
        }
    }
}

/* Signing may happen elsewhere, and fail there. */
static int refuse(void *context, enum rms_hash hash, const uint8_t *digest, struct rms_buf *signature)
{
    (void)hash;
    (void)digest;
    rms_buf_append_str(signature, "short");
    return *(const int *)context;
}

static void test_failing_signer(void **state)
{
    int status = RMS_E_KEY_UNAVAILABLE;
    struct rms_signer signer = {.key = world.server.key, .sign = refuse, .context = &status};
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(1u << 16);

    (void)state;
    assert_int_equal(rms_spc_build(RMS_WORLD_POLICY, RMS_WORLD_NOW, &signer, &out), RMS_E_KEY_UNAVAILABLE);
    status = 0;
    assert_int_equal(rms_spc_build(RMS_WORLD_POLICY, RMS_WORLD_NOW, &signer, &out), RMS_E_INTERNAL);
    assert_int_equal(out.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_server),
        cmocka_unit_test(test_server_texts),
        cmocka_unit_test(test_server_refused),
        cmocka_unit_test(test_slc_of_another_key),
        cmocka_unit_test(test_slc_requests_refused),
        cmocka_unit_test(test_machine),
        cmocka_unit_test(test_account),
        cmocka_unit_test(test_account_without_machine),
        cmocka_unit_test(test_client),
        cmocka_unit_test(test_client_refused),
        cmocka_unit_test(test_kind_must_fit),
        cmocka_unit_test(test_failing_signer),
    };

    return cmocka_run_group_tests(tests, open_world, close_world);
}
