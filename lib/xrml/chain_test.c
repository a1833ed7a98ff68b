/* From a licence to an anchor, and every way not to get there. */
#include "base/test.h"

#include "xrml/testing/world.h"
#include "xrml/xwrite.h"

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

static struct rms_view keep(struct rms_buf *text)
{
    struct rms_view view = {rms_arena_copy(world.arena, text->data, text->len), text->len};

    rms_buf_fini(text);
    return view;
}

static struct rms_view publish(bool offline)
{
    struct rms_policy policy = rms_world_policy();
    struct rms_buf text = RMS_BUF_INIT(1u << 20);

    rms_world_publish(&world, &policy, offline, &text);
    return keep(&text);
}

static struct rms_chain parse(struct rms_view text)
{
    struct rms_chain chain;

    assert_int_equal(rms_chain_parse(world.arena, text, &chain), 0);
    return chain;
}

static int verify(struct rms_view text, const struct rms_trust *trust)
{
    struct rms_chain chain = parse(text);

    return rms_chain_verify(&chain, trust);
}

/* One text of the given nodes' sources. */
static struct rms_view join(const struct rms_view *nodes, size_t count)
{
    struct rms_buf text = RMS_BUF_INIT(4u << 20);

    for (size_t i = 0; i < count; i++) {
        rms_buf_append_view(&text, nodes[i]);
    }
    return keep(&text);
}

static struct rms_view source_of(const struct rms_chain *chain, size_t i)
{
    return chain->nodes[i].xrml->source;
}

/* --- certificates made by hand -------------------------------------------------------------------- */

struct party {
    const char *type;
    const char *id_type;
    const char *id;
    const struct rms_rsa_private *key;
};

struct made {
    const char *body_type; /* NULL = LICENSE */
    const char *descriptor;
    struct party issuer;
    struct party subject;
    int64_t issued_at;
    int64_t from, until; /* right ISSUE; equal: no right */
    const char *extra;   /* at the end of BODY */
    enum rms_hash hash;
};

static void write_party(struct rms_xwriter *w, const struct party *party)
{
    rms_xw_raw(w, "<OBJECT");
    rms_xw_attr(w, "type", party->type);
    rms_xw_raw(w, "><ID");
    rms_xw_attr(w, "type", party->id_type);
    rms_xw_raw(w, ">");
    rms_xw_text(w, party->id);
    rms_xw_raw(w, "</ID><NAME>N</NAME></OBJECT>");
    rms_xw_public_key(w, rms_rsa_public_of(party->key));
}

static void write_made_body(struct rms_xwriter *w, const struct made *made)
{
    rms_xw_raw(w, "<BODY");
    rms_xw_attr(w, "type", made->body_type != NULL ? made->body_type : "LICENSE");
    rms_xw_raw(w, " version=\"3.0\">");
    rms_xw_time(w, "ISSUEDTIME", made->issued_at);
    rms_xw_raw(w, "<DESCRIPTOR><OBJECT");
    if (made->descriptor != NULL) {
        rms_xw_attr(w, "type", made->descriptor);
    }
    rms_xw_raw(
        w, "><ID type=\"MS-GUID\">{6f1d7b3e-0c0f-4d6e-9b0e-0d2f6c2f9a11}</ID></OBJECT></DESCRIPTOR><ISSUER>");
    write_party(w, &made->issuer);
    rms_xw_raw(w, "</ISSUER>");
    if (made->subject.key != NULL) {
        rms_xw_raw(w, "<ISSUEDPRINCIPALS><PRINCIPAL internal-id=\"1\">");
        write_party(w, &made->subject);
        rms_xw_raw(w, "</PRINCIPAL></ISSUEDPRINCIPALS>");
    }
    if (made->from != made->until) {
        rms_xw_raw(w, "<WORK><RIGHTSGROUP name=\"Main-Rights\"><RIGHTSLIST><RIGHT "
                      "name=\"ISSUE\"><CONDITIONLIST><TIME>");
        rms_xw_range(w, "RANGETIME", made->from, made->until);
        rms_xw_raw(w, "</TIME></CONDITIONLIST></RIGHT></RIGHTSLIST></RIGHTSGROUP></WORK>");
    }
    rms_xw_raw(w, made->extra != NULL ? made->extra : "");
    rms_xw_raw(w, "</BODY>");
}

/* Signed by the issuer's key, in the order clients write a signature. */
static struct rms_view make(const struct made *made)
{
    struct rms_buf text = RMS_BUF_INIT(1u << 20);
    RMS_BUF_CLEANUP struct rms_buf body = RMS_BUF_INIT(1u << 20);
    RMS_BUF_CLEANUP struct rms_buf signature = RMS_BUF_INIT(RMS_RSA_BYTES_MAX);
    struct rms_xwriter w = RMS_XWRITER(&body);
    uint8_t digest[RMS_HASH_MAX];

    write_made_body(&w, made);
    assert_int_equal(rms_xw_status(&w), 0);
    assert_int_equal(rms_hash_utf16(made->hash, rms_buf_view(&body), digest), 0);
    assert_int_equal(rms_rsa_sign(made->issuer.key, made->hash, digest, &signature), 0);
    w = RMS_XWRITER(&text);
    rms_xw_raw(&w, "<XrML version=\"1.2\" xmlns=\"\">");
    rms_xw_view(&w, rms_buf_view(&body));
    rms_xw_raw(&w, "<SIGNATURE><ALGORITHM>RSA PKCS#1-V1.5</ALGORITHM><DIGEST><ALGORITHM>");
    rms_xw_raw(&w, made->hash == RMS_SHA1 ? "SHA1" : "SHA256");
    rms_xw_raw(&w, "</ALGORITHM>");
    rms_xw_value(&w, rms_view_of(digest, rms_hash_size(made->hash)));
    rms_xw_raw(&w, "</DIGEST>");
    rms_xw_value(&w, rms_buf_view(&signature));
    rms_xw_raw(&w, "</SIGNATURE></XrML>");
    return keep(&text);
}

#define SLC_TYPE  "Server-Licensor-Certificate"
#define CA_TYPE   "DRM-CA-Certificate"
#define CLC_TYPE  "Client-Licensor-Certificate"
#define SERVER_ID "{11111111-2222-3333-4444-555555555555}"
#define SERVER                                                                                               \
    {                                                                                                        \
        "MS-DRM-Server", "MS-GUID", SERVER_ID, world.server_key                                              \
    }
#define STRANGER                                                                                             \
    {                                                                                                        \
        "MS-DRM-Server", "MS-GUID", SERVER_ID, world.stranger_key                                            \
    }
#define LONG_AGO  (RMS_WORLD_NOW - 1000 * RMS_DAY_S)
#define FAR_AHEAD (RMS_WORLD_NOW + 1000 * RMS_DAY_S)

/* --- good chains ---------------------------------------------------------------------------------- */

static void test_server_signed(void **state)
{
    struct rms_view text = publish(false);
    uint8_t prints[2][RMS_SHA256_BYTES] = {{0}};
    struct rms_trust by_print = {
        .fingerprints = (const uint8_t(*)[RMS_SHA256_BYTES])prints, .fingerprint_count = 2};

    (void)state;
    assert_int_equal(verify(text, &world.trust), 0);
    assert_int_equal(verify(text, &by_print), RMS_E_UNKNOWN_KEY);
    rms_rsa_fingerprint(&world.server.key, prints[1]);
    assert_int_equal(verify(text, &by_print), 0);
    by_print.fingerprint_count = 1;
    assert_int_equal(verify(text, &by_print), RMS_E_UNKNOWN_KEY);
}

static void test_client_signed(void **state)
{
    struct rms_chain chain = parse(publish(true));

    (void)state;
    assert_int_equal(chain.count, 4);
    assert_int_equal(chain.nodes[0].kind, RMS_DOC_PL);
    assert_int_equal(chain.nodes[1].kind, RMS_DOC_CLC);
    assert_int_equal(chain.nodes[2].kind, RMS_DOC_UL);
    assert_int_equal(chain.nodes[3].kind, RMS_DOC_SLC);
    assert_int_equal(rms_chain_verify(&chain, &world.trust), 0);
    assert_int_equal(rms_signed_issued_by(&chain.nodes[0], &chain.nodes[1], false), 0);
    assert_int_equal(rms_signed_issued_by(&chain.nodes[1], &chain.nodes[3], false), 0);
    assert_int_equal(rms_signed_issued_by(&chain.nodes[0], &chain.nodes[3], false), RMS_E_BAD_SIGNATURE);
}

/* Leaf first; what follows comes in any order, twice, or without the certificate above the anchor. */
static void test_client_signed_layouts(void **state)
{
    struct rms_chain chain = parse(publish(true));
    static const size_t layouts[][6] = {
        {0, 1, 9},
        {0, 3, 1, 9},
        {0, 1, 2, 1, 3, 9},
        {0, 2, 1, 9},
        {0, 3, 2, 1, 9},
    };

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(layouts); i++) {
        struct rms_view nodes[6];
        size_t count = 0;

        while (layouts[i][count] != 9) {
            nodes[count] = source_of(&chain, layouts[i][count]);
            count++;
        }
        assert_int_equal(verify(join(nodes, count), &world.trust), 0);
    }
}

/* The shape of a Mode 1 licence (section 1.4), with a root known by its fingerprint. */
struct old_chain {
    struct rms_rsa_private *ca, *server, *client;
    struct rms_view nodes[8];
};

static void make_old_chain(struct old_chain *old, enum rms_hash hash)
{
    const struct party root = {"DRM-Certificate-Authority", "ascii-tag", "Test Root", world.stranger_key};
    const struct party ca = {"DRM-Certificate-Authority", "ascii-tag", "Test CA", world.machine_key};
    const struct party enrolment_ca = {
        "DRM-Certificate-Authority", "ascii-tag", "Enrolment CA", world.user_key};
    const struct party enrolment = {
        "MS-DRM-Server", "MS-GUID", "{aaaaaaaa-2222-3333-4444-555555555555}", old->ca};
    const struct party slc = {"MS-DRM-Server", "MS-GUID", SERVER_ID, old->server};
    const struct party slc_lower = {
        "MS-DRM-Server", "MS-GUID", "11111111-2222-3333-4444-555555555555", old->server};
    const struct party clc = {"Group-Identity", "Windows", "S-1-5-21-1-2-3-1000", old->client};
    const struct party reader = {"Group-Identity", "Windows", "S-1-5-21-1-2-3-1000", world.client_key};
    const struct made made[] = {
        {"Microsoft Rights Label", NULL, clc, slc, RMS_WORLD_NOW, 0, 0, NULL, hash},
        {NULL, CLC_TYPE, slc_lower, clc, RMS_WORLD_NOW, RMS_WORLD_NOW - RMS_DAY_S, FAR_AHEAD, NULL, hash},
        {NULL, "Content-License", clc, reader, RMS_WORLD_NOW, 0, 0, NULL, hash},
        {NULL, CLC_TYPE, slc_lower, clc, RMS_WORLD_NOW, RMS_WORLD_NOW - RMS_DAY_S, FAR_AHEAD, NULL, hash},
        {NULL, SLC_TYPE, enrolment, slc, LONG_AGO + 60, LONG_AGO, FAR_AHEAD, NULL, hash},
        {NULL, SLC_TYPE, enrolment_ca, enrolment, LONG_AGO + 60, LONG_AGO, FAR_AHEAD, NULL, hash},
        {NULL, CA_TYPE, ca, enrolment_ca, LONG_AGO + 60, LONG_AGO, LONG_AGO + RMS_DAY_S, NULL, hash},
        {NULL, CA_TYPE, root, ca, LONG_AGO, LONG_AGO, LONG_AGO + RMS_DAY_S, NULL, hash},
    };

    for (size_t i = 0; i < RMS_COUNT(made); i++) {
        old->nodes[i] = make(&made[i]);
    }
}

static void open_old_chain(struct old_chain *old, enum rms_hash hash)
{
    old->ca = rms_world_key("old-ca");
    old->server = rms_world_key("old-server");
    old->client = rms_world_key("old-client");
    make_old_chain(old, hash);
}

static void close_old_chain(struct old_chain *old)
{
    rms_rsa_private_free(&old->ca);
    rms_rsa_private_free(&old->server);
    rms_rsa_private_free(&old->client);
}

static void test_old_chain(void **state)
{
    uint8_t prints[1][RMS_SHA256_BYTES];
    struct rms_trust trust = {.fingerprints = (const uint8_t(*)[RMS_SHA256_BYTES])prints,
        .fingerprint_count = 1,
        .allow_legacy = true};
    struct rms_trust server = {.key_count = 1, .allow_legacy = true};
    struct old_chain old;
    struct rms_view text;

    (void)state;
    open_old_chain(&old, RMS_SHA1);
    rms_rsa_fingerprint(rms_rsa_public_of(world.stranger_key), prints[0]);
    text = join(old.nodes, 8);
    assert_int_equal(verify(text, &trust), 0);
    trust.allow_legacy = false;
    assert_int_equal(verify(text, &trust), RMS_E_WEAK_CRYPTO);
    server.keys = rms_rsa_public_of(old.server);
    assert_int_equal(verify(text, &server), 0);
    assert_int_equal(verify(join(old.nodes, 2), &server), 0);
    server.keys = rms_rsa_public_of(old.client);
    assert_int_equal(verify(join(old.nodes, 1), &server), 0);
    assert_int_equal(verify(text, &world.trust), RMS_E_WEAK_CRYPTO);
    close_old_chain(&old);
}

/* Every missing link ends the way to the root. */
static void test_old_chain_broken(void **state)
{
    uint8_t prints[1][RMS_SHA256_BYTES];
    struct rms_trust trust = {.fingerprints = (const uint8_t(*)[RMS_SHA256_BYTES])prints,
        .fingerprint_count = 1,
        .allow_legacy = true};
    struct old_chain old;
    struct rms_view some[8];

    (void)state;
    open_old_chain(&old, RMS_SHA256);
    rms_rsa_fingerprint(rms_rsa_public_of(world.stranger_key), prints[0]);
    assert_int_equal(verify(join(old.nodes, 8), &trust), 0);
    for (size_t left_out = 4; left_out < 8; left_out++) {
        size_t count = 0;

        for (size_t i = 0; i < 8; i++) {
            if (i != left_out) {
                some[count++] = old.nodes[i];
            }
        }
        assert_int_equal(verify(join(some, count), &trust), RMS_E_UNKNOWN_KEY);
    }
    close_old_chain(&old);
}

/* --- strangers ------------------------------------------------------------------------------------ */

static void test_self_declared_keys_prove_nothing(void **state)
{
    const struct made pl = {
        "Microsoft Rights Label", NULL, STRANGER, SERVER, RMS_WORLD_NOW, 0, 0, NULL, RMS_SHA256};
    const struct made slc = {
        NULL, SLC_TYPE, STRANGER, STRANGER, LONG_AGO, LONG_AGO, FAR_AHEAD, NULL, RMS_SHA256};
    const struct rms_view nodes[] = {make(&pl), make(&slc)};
    const struct rms_trust nobody = {0};

    (void)state;
    assert_int_equal(verify(nodes[0], &world.trust), RMS_E_UNKNOWN_KEY);
    assert_int_equal(verify(join(nodes, 2), &world.trust), RMS_E_UNKNOWN_KEY);
    assert_int_equal(verify(nodes[1], &world.trust), RMS_E_UNKNOWN_KEY);
    assert_int_equal(verify(publish(false), &nobody), RMS_E_UNKNOWN_KEY);
}

/* Names the server's key, signed with another. */
static void test_claimed_issuer(void **state)
{
    struct rms_signer liar = world.stranger_signer;
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(1u << 20);
    struct rms_chain chain = parse(publish(false));

    (void)state;
    assert_int_equal(rms_xw_signed(&liar, chain.nodes[0].body_text, NULL, &text), 0);
    assert_int_equal(verify(rms_buf_view(&text), &world.trust), RMS_E_BAD_SIGNATURE);
}

static void test_spliced_signature(void **state)
{
    struct rms_chain one = parse(publish(false));
    struct rms_chain two = parse(publish(false));
    const struct rms_xnode *other = rms_xnode_child(two.nodes[0].xrml, "SIGNATURE");
    const struct rms_view parts[] = {
        RMS_VIEW_LITERAL("<XrML>"), one.nodes[0].body_text, other->source, RMS_VIEW_LITERAL("</XrML>")};

    (void)state;
    assert_int_equal(verify(join(parts, 4), &world.trust), RMS_E_BAD_SIGNATURE);
}

/* The signed original is kept somewhere in the text while another body takes its place. */
static void test_wrapped_signature(void **state)
{
    struct rms_chain good = parse(publish(false));
    const struct rms_xnode *signature = rms_xnode_child(good.nodes[0].xrml, "SIGNATURE");
    const struct rms_view evil = RMS_VIEW_LITERAL("<BODY type=\"Microsoft Rights Label\"></BODY>");
    const struct rms_view inside[] = {RMS_VIEW_LITERAL("<XrML><BODY type=\"Microsoft Rights Label\">"),
        rms_view_str(world.server.issuer_text), source_of(&good, 0), RMS_VIEW_LITERAL("</BODY>"),
        signature->source, RMS_VIEW_LITERAL("</XrML>")};
    const struct rms_view two_bodies[] = {RMS_VIEW_LITERAL("<XrML>"), evil, good.nodes[0].body_text,
        signature->source, RMS_VIEW_LITERAL("</XrML>")};
    const struct rms_view first[] = {
        RMS_VIEW_LITERAL("<XrML>"), evil, RMS_VIEW_LITERAL("</XrML>"), source_of(&good, 0)};
    const struct rms_view behind[] = {
        source_of(&good, 0), RMS_VIEW_LITERAL("<XrML>"), evil, RMS_VIEW_LITERAL("</XrML>")};
    struct rms_chain chain;

    (void)state;
    assert_int_equal(verify(join(inside, 6), &world.trust), RMS_E_BAD_SIGNATURE);
    assert_int_equal(rms_chain_parse(world.arena, join(two_bodies, 5), &chain), RMS_E_BAD_LICENSE);
    assert_int_equal(verify(join(first, 4), &world.trust), RMS_E_BAD_SIGNATURE);
    assert_int_equal(verify(join(behind, 4), &world.trust), RMS_E_BAD_SIGNATURE);
}

/* A key is its modulus and its size. */
static void test_same_modulus_other_size(void **state)
{
    struct rms_rsa_public key = world.server.key;
    struct rms_trust trust = {.keys = &key, .key_count = 1, .allow_legacy = true};
    struct rms_view text = publish(false);

    (void)state;
    assert_int_equal(verify(text, &trust), 0);
    key.bits = 1024;
    assert_int_equal(verify(text, &trust), RMS_E_UNKNOWN_KEY);
}

/* --- rights of the issuer ------------------------------------------------------------------------- */

static void test_clc_must_not_certify(void **state)
{
    struct rms_chain chain = parse(publish(true));
    const struct party client = {
        "Group-Identity", "Federation", "{bbbbbbbb-0000-0000-0000-000000000001}", world.client_key};
    const char *const kinds[] = {
        "Group-Identity-Credential", SLC_TYPE, CLC_TYPE, CA_TYPE, "Machine-Certificate"};
    struct made made = {.issuer = client,
        .subject = {"Group-Identity", "Federation", "{cccccccc-0000-0000-0000-000000000001}",
            world.stranger_key},
        .issued_at = RMS_WORLD_NOW,
        .from = LONG_AGO,
        .until = FAR_AHEAD,
        .hash = RMS_SHA256};

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(kinds); i++) {
        struct rms_view nodes[3] = {{0}, source_of(&chain, 1), source_of(&chain, 3)};

        made.descriptor = kinds[i];
        nodes[0] = make(&made);
        assert_int_equal(verify(join(nodes, 3), &world.trust), RMS_E_BAD_SIGNATURE);
    }
    made.descriptor = "Content-License";
    assert_int_equal(
        verify(join((struct rms_view[]){make(&made), source_of(&chain, 1)}, 2), &world.trust), 0);
}

/* A CLC forged by a client for itself does not carry a PL. */
static void test_two_steps_of_clc(void **state)
{
    struct rms_chain chain = parse(publish(true));
    const struct party client = {
        "Group-Identity", "Federation", "{bbbbbbbb-0000-0000-0000-000000000001}", world.client_key};
    const struct party forged = {
        "Group-Identity", "Federation", "{cccccccc-0000-0000-0000-000000000001}", world.stranger_key};
    const struct made clc = {
        NULL, CLC_TYPE, client, forged, RMS_WORLD_NOW, LONG_AGO, FAR_AHEAD, NULL, RMS_SHA256};
    const struct made pl = {
        "Microsoft Rights Label", NULL, forged, SERVER, RMS_WORLD_NOW, 0, 0, NULL, RMS_SHA256};
    const struct rms_view nodes[] = {make(&pl), make(&clc), source_of(&chain, 1), source_of(&chain, 3)};

    (void)state;
    assert_int_equal(verify(join(nodes, 4), &world.trust), RMS_E_BAD_SIGNATURE);
}

static void test_issue_time_in_range(void **state)
{
    static const struct {
        int64_t issued_at;
        int expected;
    } cases[] = {
        {RMS_WORLD_NOW - RMS_DAY_S - 60, RMS_E_BAD_SIGNATURE},
        {RMS_WORLD_NOW - RMS_DAY_S, 0},
        {RMS_WORLD_NOW, 0},
        {RMS_WORLD_NOW + 31 * RMS_DAY_S - 60, 0},
        {RMS_WORLD_NOW + 31 * RMS_DAY_S, RMS_E_BAD_SIGNATURE},
    };
    struct rms_chain chain = parse(publish(true));
    struct made pl = {"Microsoft Rights Label", NULL,
        {"Group-Identity", "Federation", "{BBBBBBBB-0000-0000-0000-000000000001}", world.client_key}, SERVER,
        RMS_WORLD_NOW, 0, 0, NULL, RMS_SHA256};

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        pl.issued_at = cases[i].issued_at;
        assert_int_equal(verify(join((struct rms_view[]){make(&pl), source_of(&chain, 1)}, 2), &world.trust),
            cases[i].expected);
    }
}

static void test_issuer_is_the_certified_one(void **state)
{
    static const struct {
        const char *type, *id_type, *id;
    } wrong[] = {
        {"Group-Identity", "Federation", "{cccccccc-0000-0000-0000-000000000001}"},
        {"Group-Identity", "Windows", "{bbbbbbbb-0000-0000-0000-000000000001}"},
        {"MS-DRM-Server", "Federation", "{bbbbbbbb-0000-0000-0000-000000000001}"},
        {"Group-Identity", "Federation", ""},
    };
    struct rms_chain chain = parse(publish(true));

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(wrong); i++) {
        const struct made pl = {"Microsoft Rights Label", NULL,
            {wrong[i].type, wrong[i].id_type, wrong[i].id, world.client_key}, SERVER, RMS_WORLD_NOW, 0, 0,
            NULL, RMS_SHA256};

        assert_int_equal(verify(join((struct rms_view[]){make(&pl), source_of(&chain, 1)}, 2), &world.trust),
            RMS_E_BAD_SIGNATURE);
    }
}

/* No right ISSUE, no time in it, or two of them: no issuer. */
static void test_right_to_issue(void **state)
{
    static const char *const works[] = {
        "",
        "<WORK><RIGHTSGROUP><RIGHTSLIST><RIGHT "
        "name=\"VIEW\"><CONDITIONLIST><TIME><RANGETIME><FROM>2000-01-01T00:00"
        "</FROM><UNTIL>2050-01-01T00:00</UNTIL></RANGETIME></TIME></CONDITIONLIST></RIGHT></RIGHTSLIST></"
        "RIGHTSGROUP></WORK>",
        "<WORK><RIGHTSGROUP><RIGHTSLIST><RIGHT name=\"ISSUE\"></RIGHT></RIGHTSLIST></RIGHTSGROUP></WORK>",
        "<WORK><RIGHTSGROUP><RIGHTSLIST><RIGHT "
        "name=\"ISSUE\"><CONDITIONLIST><TIME><RANGETIME><FROM>2000-01-01T00:00"
        "</FROM></RANGETIME></TIME></CONDITIONLIST></RIGHT></RIGHTSLIST></RIGHTSGROUP></WORK>",
        "<WORK><RIGHTSGROUP><RIGHTSLIST><RIGHT name=\"ISSUE\"><TIME><RANGETIME><FROM>2000-01-01T00:00</FROM>"
        "<UNTIL>2050-01-01T00:00</UNTIL></RANGETIME></TIME></RIGHT><RIGHT "
        "name=\"ISSUE\"></RIGHT></RIGHTSLIST>"
        "</RIGHTSGROUP></WORK>",
    };
    const struct party forged = {
        "Group-Identity", "Federation", "{cccccccc-0000-0000-0000-000000000001}", world.stranger_key};
    const struct made pl = {
        "Microsoft Rights Label", NULL, forged, SERVER, RMS_WORLD_NOW, 0, 0, NULL, RMS_SHA256};

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(works); i++) {
        const struct made clc = {NULL, CLC_TYPE, SERVER, forged, RMS_WORLD_NOW, 0, 0, works[i], RMS_SHA256};

        assert_int_equal(
            verify(join((struct rms_view[]){make(&pl), make(&clc)}, 2), &world.trust), RMS_E_BAD_SIGNATURE);
    }
}

/* --- what stands beside --------------------------------------------------------------------------- */

static void test_loops(void **state)
{
    const struct party a = {"DRM-Certificate-Authority", "ascii-tag", "A", world.stranger_key};
    const struct party b = {"DRM-Certificate-Authority", "ascii-tag", "B", world.user_key};
    const struct made a_by_b = {NULL, CA_TYPE, b, a, RMS_WORLD_NOW, LONG_AGO, FAR_AHEAD, NULL, RMS_SHA256};
    const struct made b_by_a = {NULL, CA_TYPE, a, b, RMS_WORLD_NOW, LONG_AGO, FAR_AHEAD, NULL, RMS_SHA256};
    const struct made a_by_a = {NULL, CA_TYPE, a, a, RMS_WORLD_NOW, LONG_AGO, FAR_AHEAD, NULL, RMS_SHA256};
    const struct rms_view nodes[] = {make(&a_by_b), make(&b_by_a), make(&a_by_a)};
    struct rms_trust trust = {.keys = rms_rsa_public_of(world.stranger_key), .key_count = 1};

    (void)state;
    assert_int_equal(verify(join(nodes, 3), &world.trust), RMS_E_UNKNOWN_KEY);
    assert_int_equal(verify(nodes[2], &world.trust), RMS_E_UNKNOWN_KEY);
    assert_int_equal(verify(join(nodes, 3), &trust), 0);
}

/* Licences put behind a good one have to be proved like it. */
static void test_appended_licences(void **state)
{
    struct rms_chain good = parse(publish(true));
    const struct party forged = {
        "Group-Identity", "Federation", "{bbbbbbbb-0000-0000-0000-000000000001}", world.user_key};
    const struct made ul = {NULL, "Content-License", forged, forged, RMS_WORLD_NOW, 0, 0, NULL, RMS_SHA256};
    const struct made clc = {
        NULL, CLC_TYPE, STRANGER, forged, RMS_WORLD_NOW, LONG_AGO, FAR_AHEAD, NULL, RMS_SHA256};
    const struct made slc = {
        NULL, SLC_TYPE, STRANGER, STRANGER, LONG_AGO, LONG_AGO, FAR_AHEAD, NULL, RMS_SHA256};
    const struct rms_view base[] = {
        source_of(&good, 0), source_of(&good, 1), make(&ul), make(&clc), make(&slc)};

    (void)state;
    assert_int_equal(verify(join(base, 3), &world.trust), RMS_E_UNKNOWN_KEY);
    assert_int_equal(verify(join(base, 4), &world.trust), RMS_E_UNKNOWN_KEY);
    assert_int_equal(verify(join(base, 5), &world.trust), RMS_E_UNKNOWN_KEY);
    /* A certificate alone proves nothing and harms nothing. */
    assert_int_equal(verify(join((struct rms_view[]){base[0], base[1], base[4]}, 3), &world.trust), 0);
}

/* Flips a bit in every 97th byte of what is signed or signs, in every node of a chain. */
static void test_flipped_bits(void **state)
{
    struct rms_chain chain = parse(publish(true));
    struct rms_view text = chain.text.utf8;
    uint8_t *copy = rms_arena_copy(world.arena, text.data, text.len);
    size_t flips = 0;

    (void)state;
    for (size_t n = 0; n < chain.count; n++) {
        size_t start = (size_t)(chain.nodes[n].body_text.data - text.data);

        for (size_t i = 0; i < chain.nodes[n].body_text.len; i += 97) {
            struct rms_arena *arena = rms_arena_new(16u << 20);
            struct rms_chain damaged;
            uint8_t bit = (uint8_t)(1u << (i / 97 % 8));
            int status;

            copy[start + i] ^= bit;
            status = rms_chain_parse(arena, rms_view_of(copy, text.len), &damaged);
            assert_true(status != 0 || rms_chain_verify(&damaged, &world.trust) != 0);
            copy[start + i] ^= bit;
            rms_arena_free(&arena);
            flips++;
        }
    }
    assert_true(flips > 150);
}

static void test_empty_chain(void **state)
{
    const struct rms_chain none = {0};

    (void)state;
    assert_int_equal(rms_chain_verify(&none, &world.trust), RMS_E_BAD_LICENSE);
}

static void test_description(void **state)
{
    struct rms_chain chain = parse(publish(true));
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(1u << 16);
    struct old_chain old;

    (void)state;
    rms_chain_describe(&chain, &out);
    assert_non_null(strstr(rms_buf_text(&out),
        "1. publishing licence of 2025-06-15T15:07, issued by \"alice@contoso.example\", RSA-2048 "));
    assert_non_null(strstr(rms_buf_text(&out), ", SHA-256: signature consistent, issued by certificate 2\n"));
    assert_non_null(strstr(rms_buf_text(&out), "4. server licensor certificate"));
    assert_non_null(strstr(rms_buf_text(&out), "signature consistent with the key it names\n"));
    rms_buf_reset(&out);
    open_old_chain(&old, RMS_SHA1);
    chain = parse(old.nodes[0]);
    rms_chain_describe(&chain, &out);
    assert_non_null(strstr(rms_buf_text(&out), "RSA-1024 "));
    assert_non_null(strstr(rms_buf_text(&out), ", SHA-1: signature consistent with the key it names\n"));
    close_old_chain(&old);
}

static void test_description_of_strange_ones(void **state)
{
    struct rms_chain chain = parse(RMS_VIEW_LITERAL(
        "<XrML><BODY "
        "type=\"LICENSE\"><ISSUER><OBJECT><ID/><NAME>\x7f[2J</NAME></OBJECT></ISSUER></BODY></XrML>"
        "<XrML><BODY></BODY></XrML>"));
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(1u << 16);

    (void)state;
    rms_chain_describe(&chain, &out);
    assert_string_equal(rms_buf_text(&out),
        "1. unknown document, issued by an issuer with an unprintable name: not signed\n"
        "2. unknown document, issued by an unnamed issuer: not signed\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_server_signed),
        cmocka_unit_test(test_client_signed),
        cmocka_unit_test(test_client_signed_layouts),
        cmocka_unit_test(test_old_chain),
        cmocka_unit_test(test_old_chain_broken),
        cmocka_unit_test(test_self_declared_keys_prove_nothing),
        cmocka_unit_test(test_claimed_issuer),
        cmocka_unit_test(test_spliced_signature),
        cmocka_unit_test(test_wrapped_signature),
        cmocka_unit_test(test_same_modulus_other_size),
        cmocka_unit_test(test_clc_must_not_certify),
        cmocka_unit_test(test_two_steps_of_clc),
        cmocka_unit_test(test_issue_time_in_range),
        cmocka_unit_test(test_issuer_is_the_certified_one),
        cmocka_unit_test(test_right_to_issue),
        cmocka_unit_test(test_loops),
        cmocka_unit_test(test_appended_licences),
        cmocka_unit_test(test_flipped_bits),
        cmocka_unit_test(test_empty_chain),
        cmocka_unit_test(test_description),
        cmocka_unit_test(test_description_of_strange_ones),
    };

    return cmocka_run_group_tests(tests, open_world, close_world);
}
