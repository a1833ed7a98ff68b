/* Publishing licences. */
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

static struct rms_view publish(bool offline)
{
    struct rms_policy policy = rms_world_policy();
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(1u << 20);

    rms_world_publish(&world, &policy, offline, &text);
    return rms_view_of(rms_arena_copy(world.arena, text.data, text.len), text.len);
}

static struct rms_pl parse(struct rms_view text)
{
    struct rms_pl pl;

    assert_int_equal(rms_pl_parse(world.arena, text, &pl), 0);
    return pl;
}

/* The key, the rights data and their policy, as the server opens them. */
static struct rms_erd open_pl(const struct rms_pl *pl)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(1u << 20);
    struct rms_content_key key = {0};
    struct rms_erd erd;

    assert_int_equal(
        rms_enabling_open_owned_key(world.server_key, &pl->bits, pl->bits_bound, pl->owner_bound, &key), 0);
    assert_true(key.owner_bound);
    assert_int_equal(key.mode, RMS_MODE_CBC4K);
    assert_memory_equal(rms_secret_bytes(key.key), world.content_key, 32);
    assert_int_equal(rms_erd_decrypt(rms_secret_view(key.key), pl->erd, &text), 0);
    assert_int_equal(rms_erd_parse(world.arena, rms_buf_view(&text), &erd), 0);
    rms_content_key_fini(&key);
    return erd;
}

static void assert_sample(const struct rms_pl *pl)
{
    assert_string_equal(pl->content_id, RMS_WORLD_CONTENT);
    assert_string_equal(pl->owner, RMS_WORLD_ALICE);
    assert_string_equal(pl->issuer, RMS_WORLD_ALICE);
    assert_string_equal(pl->descriptor_id, RMS_WORLD_POLICY);
    assert_int_equal(pl->text_count, 2);
    assert_string_equal(pl->texts[0].name, "Contract <draft> & notes");
    assert_string_equal(pl->intranet_url, RMS_WORLD_URL);
    assert_string_equal(pl->extranet_url, RMS_WORLD_URL);
    assert_string_equal(pl->referral, "mailto:" RMS_WORLD_ALICE);
    assert_true(pl->valid_from == RMS_TIME_NONE && pl->valid_until == RMS_TIME_NONE);
    assert_true(pl->node->issued_at == RMS_WORLD_NOW);
    assert_int_equal(pl->signed_count, 0);
    assert_memory_equal(pl->bits_bound, world.server.principals_bound, RMS_SHA256_BYTES);
}

static void test_server_signed(void **state)
{
    struct rms_view text = publish(false);
    struct rms_pl pl = parse(text);
    struct rms_erd erd = open_pl(&pl);

    (void)state;
    assert_sample(&pl);
    assert_null(pl.clc);
    assert_null(pl.owner_ul);
    assert_int_equal(rms_chain_verify(&pl.chain, &world.trust), 0);
    assert_int_equal(rms_pl_check_binding(&pl, &erd), 0);
    assert_int_equal(erd.policy.grant_count, 2);
    /* As stored in files: BOM and declaration; and small. */
    assert_memory_equal(text.data, "\xef\xbb\xbf<?xml version=\"1.0\"?><XrML ", 30);
    assert_in_range(text.len, 4000, 9000);
}

static void test_client_signed(void **state)
{
    struct rms_pl pl = parse(publish(true));
    struct rms_erd erd = open_pl(&pl);

    (void)state;
    assert_sample(&pl);
    assert_ptr_equal(pl.clc, &pl.chain.nodes[1]);
    assert_ptr_equal(pl.owner_ul, &pl.chain.nodes[2]);
    assert_int_equal(rms_chain_verify(&pl.chain, &world.trust), 0);
    assert_int_equal(rms_pl_check_binding(&pl, &erd), 0);
}

/* touches: S-137 */
static void test_owner_ul(void **state)
{
    struct rms_pl pl = parse(publish(true));
    struct rms_content_key key = {0};
    struct rms_ul ul;

    (void)state;
    assert_int_equal(rms_ul_parse(world.arena, pl.owner_ul, &ul), 0);
    assert_int_equal(ul.rights.bits, RMS_RIGHT_OWNER);
    assert_string_equal(ul.issued_to, RMS_WORLD_ALICE);
    assert_string_equal(ul.content_id, RMS_WORLD_CONTENT);
    assert_true(ul.licence_valid_until == RMS_TIME_NONE);
    assert_int_equal(rms_enabling_open_key(world.user_key, &ul.bits, ul.bits_bound, &key), 0);
    assert_memory_equal(rms_secret_bytes(key.key), world.content_key, 32);
    rms_content_key_fini(&key);
}

static void test_signed_data(void **state)
{
    static const struct rms_name_value data[] = {{"MS.Content.Name", "plan <1>.txt"}, {"ms.x", ""},
        {"VIEWER", "1"}, {"NOLICCACHE", "1"}, {"free", "a\nb"}};
    struct rms_policy policy = rms_world_policy();
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(1u << 20);
    struct rms_pl pl;

    (void)state;
    policy.signed_data = data;
    policy.signed_count = RMS_COUNT(data);
    rms_world_publish(&world, &policy, false, &text);
    pl = parse(rms_buf_view(&text));
    assert_int_equal(pl.signed_count, RMS_COUNT(data));
    for (size_t i = 0; i < RMS_COUNT(data); i++) {
        assert_string_equal(pl.signed_data[i].name, data[i].name);
        assert_string_equal(pl.signed_data[i].value, data[i].value);
    }
    assert_non_null(
        strstr(rms_buf_text(&text), "<AUTHENTICATEDDATA id=\"LICENSEMETADATA\" name=\"MS.Content.Name\">"));
    assert_non_null(strstr(rms_buf_text(&text), "<AUTHENTICATEDDATA id=\"APPSPECIFIC\" name=\"VIEWER\">"));
}

/* --- who protected -------------------------------------------------------------------------------- */

static int build(struct rms_pl_request *request, const struct rms_signer *signer, struct rms_buf *out)
{
    static struct rms_policy policy;

    policy = rms_world_policy();
    request->policy = request->policy != NULL ? request->policy : &policy;
    return rms_pl_build(&world.server, request, signer, out);
}

static struct rms_pl_request request_of(const char *owner)
{
    return (struct rms_pl_request){
        .content_id = RMS_WORLD_CONTENT,
        .owner = owner,
        .issuer = "Mallory@Contoso.Example",
        .issued_at = RMS_WORLD_NOW,
        .made.bits = rms_view_of(world.rac.bits.blob.data, world.rac.bits.blob.len),
        .made.erd = RMS_VIEW_LITERAL("0123456789abcdef"),
    };
}

/* Only the server's own licences have one, and it is none of the application's data. */
static void test_key_box(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(1u << 20);
    struct rms_pl_request request = request_of(RMS_WORLD_ALICE);
    struct rms_pl pl;

    (void)state;
    request.made.key_box = RMS_VIEW_LITERAL("a box");
    assert_int_equal(build(&request, &world.server_signer, &out), 0);
    pl = parse(rms_buf_view(&out));
    assert_true(rms_view_equal(pl.key_box, RMS_VIEW_LITERAL("a box")));
    assert_int_equal(pl.signed_count, 0);
    rms_buf_reset(&out);
    request.clc = &world.clc;
    assert_int_equal(build(&request, &world.client_signer, &out), 0);
    assert_int_equal(parse(rms_buf_view(&out)).key_box.len, 0);
    assert_null(strstr(rms_buf_text(&out), "KeyBox"));
}

static struct rms_pl built(const char *owner, const struct rms_certificate *clc)
{
    struct rms_pl_request request = request_of(owner);
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(1u << 20);

    request.clc = clc;
    assert_int_equal(build(&request, clc != NULL ? &world.client_signer : &world.server_signer, &out), 0);
    return parse(rms_buf_view(&out));
}

static void test_issuer(void **state)
{
    (void)state;
    assert_string_equal(built(RMS_WORLD_BOB, NULL).issuer, "mallory@contoso.example");
    assert_string_equal(built(RMS_WORLD_BOB, NULL).owner, RMS_WORLD_BOB);
    /* A client says what it likes; its certificate says who it is. */
    assert_string_equal(built(RMS_WORLD_BOB, &world.clc).issuer, RMS_WORLD_ALICE);
}

/* --- the transplant defence ----------------------------------------------------------------------- */

static struct rms_erd erd_of(const char *content_id, const char *owner)
{
    return (struct rms_erd){.binding = {content_id, owner, RMS_WORLD_NOW}};
}

static void test_binding(void **state)
{
    static const char other[] = "00000000-0000-0000-0000-000000000001";
    const struct rms_pl online = built("Alice@Contoso.Example", NULL);
    const struct rms_pl offline = built("Alice@Contoso.Example", &world.clc);
    const struct rms_pl alias = built("A.Smith@contoso.example", &world.clc);
    const struct rms_pl foreign = built(RMS_WORLD_BOB, &world.clc);
    struct rms_erd official = {.official = true};
    const struct {
        const struct rms_pl *pl;
        const char *content_id, *owner;
        int expected;
    } cases[] = {
        {&online, RMS_WORLD_CONTENT, RMS_WORLD_ALICE, 0},
        {&online, other, RMS_WORLD_ALICE, RMS_E_BAD_LICENSE},
        {&online, RMS_WORLD_CONTENT, RMS_WORLD_BOB, RMS_E_BAD_LICENSE},
        {&online, RMS_WORLD_CONTENT, "", RMS_E_BAD_LICENSE},
        {&online, NULL, NULL, 0},
        {&offline, RMS_WORLD_CONTENT, RMS_WORLD_ALICE, 0},
        {&offline, other, RMS_WORLD_ALICE, RMS_E_BAD_LICENSE},
        {&offline, NULL, RMS_WORLD_ALICE, RMS_E_BAD_LICENSE},
        {&offline, RMS_WORLD_CONTENT, NULL, RMS_E_BAD_LICENSE},
        {&alias, RMS_WORLD_CONTENT, "a.smith@contoso.example", 0},
        {&alias, RMS_WORLD_CONTENT, RMS_WORLD_ALICE, RMS_E_BAD_LICENSE},
        {&foreign, RMS_WORLD_CONTENT, RMS_WORLD_BOB, RMS_E_BAD_LICENSE},
    };

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        struct rms_erd erd = erd_of(cases[i].content_id, cases[i].owner);

        if (rms_pl_check_binding(cases[i].pl, &erd) != cases[i].expected) {
            fail_msg("case %zu", i);
        }
    }
    assert_int_equal(rms_pl_check_binding(&online, &official), 0);
    assert_int_equal(rms_pl_check_binding(&offline, &official), 0);
    assert_int_equal(rms_pl_check_binding(&foreign, &official), RMS_E_BAD_LICENSE);
}

/* An unsigned PL has nobody's word behind it. */
static void test_binding_of_unsigned(void **state)
{
    struct rms_signed node = *built(RMS_WORLD_ALICE, NULL).node;
    struct rms_pl pl = built(RMS_WORLD_ALICE, NULL);
    struct rms_erd erd = erd_of(NULL, NULL);

    (void)state;
    node.has_signature = false;
    pl.node = &node;
    assert_int_equal(rms_pl_check_binding(&pl, &erd), RMS_E_BAD_LICENSE);
}

#define OTHER_CONTENT "00000000-0000-0000-0000-000000000001"

/* The fixed form, so that other programs can make it. */
static void test_owner_bound(void **state)
{
    static const uint8_t principals[RMS_SHA256_BYTES] = "0123456789abcdef0123456789abcde";
    static const char text[] = "0123456789abcdef0123456789abcde\0" RMS_WORLD_CONTENT "\0" RMS_WORLD_ALICE;
    uint8_t expected[RMS_SHA256_BYTES];
    uint8_t bound[RMS_SHA256_BYTES];

    (void)state;
    rms_hash(RMS_SHA256, rms_view_of(text, sizeof text - 1), expected);
    assert_int_equal(rms_pl_owner_bound(principals, RMS_WORLD_CONTENT, RMS_WORLD_ALICE, bound), 0);
    assert_memory_equal(bound, expected, sizeof bound);
    assert_int_equal(rms_pl_owner_bound(principals, "{2A5C7E90-41B3-4A58-8F7D-8F3F1F3A0C44}",
                         " Alice@CONTOSO.example", bound),
        0);
    assert_memory_equal(bound, expected, sizeof bound);
    assert_int_equal(rms_pl_owner_bound(principals, OTHER_CONTENT, RMS_WORLD_ALICE, bound), 0);
    assert_memory_not_equal(bound, expected, sizeof bound);
    assert_int_equal(rms_pl_owner_bound(principals, RMS_WORLD_CONTENT, RMS_WORLD_BOB, bound), 0);
    assert_memory_not_equal(bound, expected, sizeof bound);
    assert_int_equal(rms_pl_owner_bound(principals, RMS_WORLD_CONTENT, "alice", bound), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_pl_owner_bound(principals, RMS_WORLD_CONTENT, NULL, bound), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_pl_owner_bound(principals, "1", RMS_WORLD_ALICE, bound), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_pl_owner_bound(principals, NULL, RMS_WORLD_ALICE, bound), RMS_E_BAD_ARGUMENT);
}

static void test_owner_bound_of_parsed(void **state)
{
    static const uint8_t zeros[RMS_SHA256_BYTES];
    struct rms_pl pl = built("Alice@Contoso.Example", NULL);
    uint8_t bound[RMS_SHA256_BYTES];

    (void)state;
    assert_int_equal(
        rms_pl_owner_bound(world.server.principals_bound, RMS_WORLD_CONTENT, RMS_WORLD_ALICE, bound), 0);
    assert_memory_equal(pl.owner_bound, bound, sizeof bound);
    assert_memory_equal(built("nobody", NULL).owner_bound, zeros, sizeof zeros);
}

/* A blob of a victim in a licence of one's own does not open, whoever signed the victim's and whatever the
 * thief changes: owner, content id or both; with the principals' digest or without (section 8.2). */
static void test_transplant(void **state)
{
    static const struct {
        bool offline;
        const char *content_id, *owner;
        int expected;
    } cases[] = {
        {false, RMS_WORLD_CONTENT, RMS_WORLD_ALICE, 0},
        {false, RMS_WORLD_CONTENT, RMS_WORLD_BOB, RMS_E_BAD_LICENSE},
        {false, OTHER_CONTENT, RMS_WORLD_ALICE, RMS_E_BAD_LICENSE},
        {false, OTHER_CONTENT, RMS_WORLD_BOB, RMS_E_BAD_LICENSE},
        {false, RMS_WORLD_CONTENT, "nobody", RMS_E_BAD_LICENSE},
        {true, RMS_WORLD_CONTENT, RMS_WORLD_ALICE, 0},
        {true, RMS_WORLD_CONTENT, RMS_WORLD_BOB, RMS_E_BAD_LICENSE},
        {true, OTHER_CONTENT, RMS_WORLD_ALICE, RMS_E_BAD_LICENSE},
    };

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        struct rms_pl victim = parse(publish(cases[i].offline));
        struct rms_pl_request request = request_of(cases[i].owner);
        RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(1u << 20);
        struct rms_content_key key = {0};
        struct rms_pl pl;

        request.content_id = cases[i].content_id;
        request.made.bits = victim.bits.blob;
        request.made.erd = victim.erd;
        request.clc = &world.clc;
        assert_int_equal(build(&request, &world.client_signer, &out), 0);
        pl = parse(rms_buf_view(&out));
        assert_int_equal(rms_chain_verify(&pl.chain, &world.trust), 0);
        for (int given = 0; given <= 1; given++) {
            int status = rms_enabling_open_owned_key(
                world.server_key, &pl.bits, given != 0 ? pl.bits_bound : NULL, pl.owner_bound, &key);

            if (status != cases[i].expected) {
                fail_msg("case %zu", i);
            }
            rms_content_key_fini(&key);
        }
        assert_int_equal(
            rms_enabling_open_key(world.server_key, &pl.bits, pl.bits_bound, &key), RMS_E_BAD_LICENSE);
    }
}

/* The blob of a client of others opens anywhere, that is the known weakness; what the rights data name
 * tells. */
static void test_transplant_of_unbound(void **state)
{
    struct rms_pl victim = parse(publish(false));
    struct rms_pl_request request = request_of(RMS_WORLD_ALICE);
    RMS_BUF_CLEANUP struct rms_buf bits = RMS_BUF_INIT(RMS_ENABLING_MAX);
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(1u << 20);
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(1u << 20);
    struct rms_content_key key = {0};
    struct rms_pl pl;
    struct rms_erd erd;

    (void)state;
    assert_int_equal(rms_enabling_seal_key(&world.server.key, RMS_MODE_CBC4K,
                         rms_view_of(world.content_key, 32), world.server.principals_bound, &bits),
        0);
    request.content_id = OTHER_CONTENT;
    request.made.bits = rms_buf_view(&bits);
    request.made.erd = victim.erd;
    request.clc = &world.clc;
    assert_int_equal(build(&request, &world.client_signer, &out), 0);
    pl = parse(rms_buf_view(&out));
    assert_int_equal(rms_chain_verify(&pl.chain, &world.trust), 0);
    assert_int_equal(
        rms_enabling_open_owned_key(world.server_key, &pl.bits, pl.bits_bound, pl.owner_bound, &key), 0);
    assert_false(key.owner_bound);
    assert_int_equal(rms_erd_decrypt(rms_secret_view(key.key), pl.erd, &text), 0);
    assert_int_equal(rms_erd_parse(world.arena, rms_buf_view(&text), &erd), 0);
    assert_int_equal(rms_pl_check_binding(&pl, &erd), RMS_E_BAD_LICENSE);
    rms_content_key_fini(&key);
}

/* --- relatives ------------------------------------------------------------------------------------ */

static void test_owner_ul_must_fit(void **state)
{
    struct rms_pl good = parse(publish(true));
    struct rms_pl_request request = request_of(RMS_WORLD_ALICE);
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(1u << 20);
    struct rms_pl pl;

    (void)state;
    request.clc = &world.clc;
    request.owner_ul = good.owner_ul->xrml->source;
    assert_int_equal(build(&request, &world.client_signer, &out), 0);
    assert_non_null(parse(rms_buf_view(&out)).owner_ul);
    /* The same UL beside other content. */
    rms_buf_reset(&out);
    request.content_id = "00000000-0000-0000-0000-000000000001";
    assert_int_equal(build(&request, &world.client_signer, &out), 0);
    pl = parse(rms_buf_view(&out));
    assert_null(pl.owner_ul);
    assert_non_null(pl.clc);
    /* And beside a PL that the server signed. */
    rms_buf_reset(&out);
    request = request_of(RMS_WORLD_ALICE);
    assert_int_equal(build(&request, &world.server_signer, &out), 0);
    rms_buf_append_view(&out, good.owner_ul->xrml->source);
    pl = parse(rms_buf_view(&out));
    assert_null(pl.owner_ul);
    assert_null(pl.clc);
}

static void test_cache_key(void **state)
{
    struct rms_view text = publish(false);
    struct rms_pl one = parse(text);
    struct rms_pl same = parse(text);
    struct rms_pl other = parse(publish(false));
    uint8_t *copy = rms_arena_copy(world.arena, text.data, text.len);
    struct rms_pl damaged;

    (void)state;
    assert_memory_equal(one.key, same.key, RMS_SHA256_BYTES);
    assert_memory_not_equal(one.key, other.key, RMS_SHA256_BYTES);
    /* Another body under the same signature has another key. */
    *(char *)memmem(copy, text.len, "alice@", 6) = 'A';
    damaged = parse(rms_view_of(copy, text.len));
    assert_memory_not_equal(one.key, damaged.key, RMS_SHA256_BYTES);
}

/* Without the CLC a client's PL reads as if a server had signed it: it must not pass for the verified one. */
static void test_cache_key_without_clc(void **state)
{
    struct rms_pl whole = parse(publish(true));
    struct rms_pl bare = parse(whole.node->xrml->source);

    (void)state;
    assert_null(bare.clc);
    assert_memory_equal(whole.node->body_hash, bare.node->body_hash, RMS_SHA256_BYTES);
    assert_memory_not_equal(whole.key, bare.key, RMS_SHA256_BYTES);
    assert_int_equal(rms_chain_verify(&bare.chain, &world.trust), RMS_E_UNKNOWN_KEY);
}

/* --- real licences -------------------------------------------------------------------------------- */

static void test_real_licences(void **state)
{
    struct rms_pl pl = parse(rms_world_file(world.arena, "test/vectors/licences/AliceBvt.pl.xml"));

    (void)state;
    assert_string_equal(pl.content_id, "23090335-566a-4e3f-9ba8-544ca32e5998");
    assert_string_equal(pl.descriptor_id, "760cb90e-8715-4dcb-bf42-806b012d70f2");
    assert_string_equal(pl.owner, "alice@isvtenant999.onmicrosoft.com");
    assert_null(pl.issuer);
    assert_null(pl.referral);
    assert_int_equal(pl.text_count, 1);
    assert_int_equal(pl.texts[0].lcid, 1033);
    assert_string_equal(pl.texts[0].name, "Microsoft Corporation - Confidential Change All without Copy");
    assert_string_equal(
        pl.intranet_url, "https://c04a2344-eae8-4d4f-89dc-036792332149.rms.na.aadrm.com/_wmcs/licensing");
    assert_int_equal(pl.bits.type, RMS_SEALED_KEY_V2);
    assert_int_equal(pl.bits.blob.len, 2816 / 8);
    assert_int_equal(pl.erd.len, 26960);
    pl = parse(rms_world_file(world.arena, "test/vectors/licences/android_template_01.pl.xml"));
    assert_int_equal(pl.text_count, 40);
    assert_int_equal(pl.signed_count, 1);
    assert_string_equal(pl.signed_data[0].name, "Microsoft.MSIPC.RequireRmsAwareApplication");
    assert_string_equal(pl.signed_data[0].value, "true");
    assert_int_equal(pl.bits.blob.len, 2688 / 8);
}

/* --- refused -------------------------------------------------------------------------------------- */

static void test_truncated_everywhere(void **state)
{
    struct rms_view text = publish(false);
    struct rms_pl pl;

    (void)state;
    for (size_t len = 0; len < text.len; len++) {
        struct rms_arena *arena = rms_arena_new(1u << 20);

        assert_int_equal(rms_pl_parse(arena, rms_view_of(text.data, len), &pl), RMS_E_BAD_LICENSE);
        rms_arena_free(&arena);
    }
}

static void test_not_writable(void **state)
{
    struct rms_pl_request request = request_of(RMS_WORLD_ALICE);
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(1u << 20);

    (void)state;
    request.content_id = NULL;
    assert_int_equal(build(&request, &world.server_signer, &out), RMS_E_BAD_ARGUMENT);
    request = request_of(NULL);
    assert_int_equal(build(&request, &world.server_signer, &out), RMS_E_BAD_ARGUMENT);
    request = request_of(RMS_WORLD_ALICE);
    request.made.bits.len = 0;
    assert_int_equal(build(&request, &world.server_signer, &out), RMS_E_BAD_ARGUMENT);
    request = request_of(RMS_WORLD_ALICE);
    request.made.erd.len = 0;
    assert_int_equal(build(&request, &world.server_signer, &out), RMS_E_BAD_ARGUMENT);
    request = request_of(RMS_WORLD_ALICE);
    request.issued_at = RMS_TIME_NONE;
    assert_int_equal(build(&request, &world.server_signer, &out), RMS_E_BAD_ARGUMENT);
    request = request_of(RMS_WORLD_ALICE);
    request.clc = &world.rac;
    assert_int_equal(build(&request, &world.client_signer, &out), RMS_E_BAD_ARGUMENT);
    assert_int_equal(out.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_server_signed),
        cmocka_unit_test(test_client_signed),
        cmocka_unit_test(test_owner_ul),
        cmocka_unit_test(test_signed_data),
        cmocka_unit_test(test_key_box),
        cmocka_unit_test(test_issuer),
        cmocka_unit_test(test_binding),
        cmocka_unit_test(test_binding_of_unsigned),
        cmocka_unit_test(test_owner_bound),
        cmocka_unit_test(test_owner_bound_of_parsed),
        cmocka_unit_test(test_transplant),
        cmocka_unit_test(test_transplant_of_unbound),
        cmocka_unit_test(test_owner_ul_must_fit),
        cmocka_unit_test(test_cache_key),
        cmocka_unit_test(test_cache_key_without_clc),
        cmocka_unit_test(test_real_licences),
        cmocka_unit_test(test_truncated_everywhere),
        cmocka_unit_test(test_not_writable),
    };

    return cmocka_run_group_tests(tests, open_world, close_world);
}
