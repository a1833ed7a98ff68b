/* Signatures of single nodes. Vectors: test/vectors/licences/README.md. */
#include "base/test.h"

#include <stdio.h>

#include "base/text.h"
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

static void to_hex(const uint8_t *bytes, size_t len, char *hex)
{
    for (size_t i = 0; i < len; i++) {
        (void)snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    }
}

static const struct {
    const char *path;
    size_t body_characters;
    const char *sha256;
} samples[] = {
    {"test/vectors/licences/linuxTest.pl.xml", 39820,
        "55bbb15786332281f519b7c7e08363372793a92c7f39d5edb81bc1ffb90b11be"},
    {"test/vectors/licences/AliceBvt.pl.xml", 39820,
        "0555e3c374afe1492406afd692bf647b5c023261fb56846f6cbdfd6ea72ee3b7"},
    {"test/vectors/licences/android_template_01.pl.xml", 45162,
        "3c16472c51fa85a2e18f6928723257944b830f9032de036471056cfb317689a9"},
};

#define SAMPLE_KEY "57add03990d533a3d07ad2ed7c239a6c7639771ef76025478b4fbec7a33ea756"

static size_t characters(struct rms_view utf8)
{
    size_t count = 0;

    for (size_t i = 0; i < utf8.len; i++) {
        count += (utf8.data[i] & 0xc0) != 0x80;
    }
    return count;
}

static void test_real_licences(void **state)
{
    char hex[2 * RMS_SHA256_BYTES + 1];
    uint8_t print[RMS_SHA256_BYTES];
    struct rms_chain chain;

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(samples); i++) {
        struct rms_view text = rms_world_file(world.arena, samples[i].path);

        assert_int_equal(rms_chain_parse(world.arena, text, &chain), 0);
        assert_int_equal(chain.count, 1);
        assert_int_equal(chain.nodes[0].kind, RMS_DOC_PL);
        assert_int_equal(characters(chain.nodes[0].body_text), samples[i].body_characters);
        to_hex(chain.nodes[0].body_hash, RMS_SHA256_BYTES, hex);
        assert_string_equal(hex, samples[i].sha256);
        to_hex(chain.nodes[0].digest.data, RMS_SHA256_BYTES, hex);
        assert_string_equal(hex, samples[i].sha256);
        rms_rsa_fingerprint(&chain.nodes[0].issuer_key, print);
        to_hex(print, sizeof print, hex);
        assert_string_equal(hex, SAMPLE_KEY);
        assert_int_equal(rms_signed_verify(&chain.nodes[0], &chain.nodes[0].issuer_key, false), 0);
        assert_int_equal(rms_signed_verify(&chain.nodes[0], &world.server.key, false), RMS_E_BAD_SIGNATURE);
    }
}

/* 0 when the bytes still pass as signed by key. */
static int try_verify(const uint8_t *bytes, size_t len, const struct rms_rsa_public *key)
{
    struct rms_arena *arena = rms_arena_new(16u << 20);
    struct rms_chain chain;
    int status = rms_chain_parse(arena, rms_view_of(bytes, len), &chain);

    if (status == 0) {
        status = rms_signed_verify(&chain.nodes[0], key, false);
    }
    rms_arena_free(&arena);
    return status;
}

/* Flips one bit in every step-th byte of region, a part of text. */
static void flip_region(
    struct rms_view text, struct rms_view region, size_t step, const struct rms_rsa_public *key)
{
    uint8_t *copy = rms_arena_copy(world.arena, text.data, text.len);
    size_t start = (size_t)(region.data - text.data);

    for (size_t i = 0; i < region.len; i += step) {
        uint8_t bit = (uint8_t)(1u << (i / step % 8));

        copy[start + i] ^= bit;
        if (try_verify(copy, text.len, key) == 0) {
            fail_msg("bit %u of byte %zu does not count", bit, start + i);
        }
        copy[start + i] ^= bit;
    }
}

/* The characters between the tags of a leaf element. */
static struct rms_view inner(const struct rms_xnode *node)
{
    const uint8_t *open = memchr(node->source.data, '>', node->source.len);

    return rms_view_of(open + 1, node->text_len);
}

/* touches: S-131 */
static void test_flipped_bits(void **state)
{
    struct rms_chain chain;

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(samples); i++) {
        struct rms_view text = rms_world_file(world.arena, samples[i].path);
        struct rms_rsa_public key;
        const struct rms_xnode *signature;

        assert_int_equal(rms_chain_parse(world.arena, text, &chain), 0);
        key = chain.nodes[0].issuer_key;
        signature = rms_xnode_child(chain.nodes[0].xrml, "SIGNATURE");
        /* The parse works on a copy without BOM: the same text from its start on. */
        text = chain.text.utf8;
        flip_region(text, chain.nodes[0].body_text, 97, &key);
        flip_region(text, inner(rms_xnode_path(signature, "DIGEST/VALUE")), 3, &key);
        flip_region(text, inner(rms_xnode_child(signature, "VALUE")), 7, &key);
    }
}

/* The last character of base64 with filling has bits nothing rests on; they have to be zero all the same. */
static void test_value_ends(void **state)
{
    struct rms_view text = rms_world_file(world.arena, samples[0].path);
    struct rms_chain chain;
    uint8_t *copy;

    (void)state;
    assert_int_equal(rms_chain_parse(world.arena, text, &chain), 0);
    text = chain.text.utf8;
    for (int which = 0; which < 2; which++) {
        const struct rms_xnode *node =
            rms_xnode_path(chain.nodes[0].xrml, which == 0 ? "SIGNATURE/DIGEST/VALUE" : "SIGNATURE/VALUE");
        struct rms_view value = inner(node);
        size_t last = (size_t)(value.data - text.data) + value.len - 1;

        assert_int_equal(text.data[last], '=');
        while (text.data[last] == '=') {
            last--;
        }
        copy = rms_arena_copy(world.arena, text.data, text.len);
        for (int c = 'A'; c <= 'z'; c++) {
            copy[last] = (uint8_t)c;
            if (c != text.data[last] && try_verify(copy, text.len, &chain.nodes[0].issuer_key) == 0) {
                fail_msg("'%c' for '%c' does not count", c, text.data[last]);
            }
        }
    }
}

/* --- shapes --------------------------------------------------------------------------------------- */

static const char *replace(const char *text, const char *old, const char *new)
{
    const char *place = strstr(text, old);

    assert_non_null(place);
    return rms_arena_printf(world.arena, "%.*s%s%s", (int)(place - text), text, new, place + strlen(old));
}

static const char *sample_text(void)
{
    struct rms_policy policy = rms_world_policy();
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(1u << 20);

    rms_world_publish(&world, &policy, false, &text);
    return rms_arena_text(world.arena, rms_buf_view(&text));
}

static int parse_status(const char *text)
{
    struct rms_pl pl;

    return rms_pl_parse(world.arena, rms_view_str(text), &pl);
}

struct change {
    const char *label;
    const char *old;
    const char *new;
};

static void test_shapes_refused(void **state)
{
    static const struct change changes[] = {
        {"second BODY", "<SIGNATURE>", "<BODY type=\"Microsoft Rights Label\"></BODY><SIGNATURE>"},
        {"BODY of another name", "<SIGNATURE>", "<OBJECT></OBJECT><SIGNATURE>"},
        {"second SIGNATURE", "</SIGNATURE>", "</SIGNATURE><SIGNATURE></SIGNATURE>"},
        {"XrML of another name", "<XrML xmlns=\"\" version=\"1.2\">", "<XRML><XrML>"},
        {"second DIGEST", "</DIGEST>", "</DIGEST><DIGEST></DIGEST>"},
        {"second signature value", "</DIGEST><ALGORITHM>", "</DIGEST><VALUE></VALUE><ALGORITHM>"},
        {"unknown hash", "SHA256<", "SHA512<"},
        {"SHA-1 named, SHA-256 given", "SHA256<", "SHA1<"},
        {"unknown signature algorithm", "RSA PKCS#1-V1.5", "RSA PSS"},
        {"unknown coding", "surface-coding", "canonical-coding"},
        {"digest of wrong size", "size=\"256\"", "size=\"160\""},
        {"no DIGEST", "<DIGEST>", "<DIGES>"},
        {"second ISSUEDPRINCIPALS", "<ISSUEDPRINCIPALS>",
            "<ISSUEDPRINCIPALS></ISSUEDPRINCIPALS><ISSUEDPRINCIPALS>"},
        {"second PRINCIPAL", "</PRINCIPAL>", "</PRINCIPAL><PRINCIPAL></PRINCIPAL>"},
        {"second ISSUER", "<ISSUER>", "<ISSUER></ISSUER><ISSUER>"},
        {"second key", "<PUBLICKEY>", "<PUBLICKEY></PUBLICKEY><PUBLICKEY>"},
        {"second modulus", "<PARAMETER name=\"public-exponent\">",
            "<PARAMETER name=\"modulus\"><VALUE>AAAA</VALUE></PARAMETER><PARAMETER "
            "name=\"public-exponent\">"},
        {"another exponent", "65537", "3"},
        {"modulus of another size", "size=\"2048\"", "size=\"1024\""},
        {"another key algorithm", "<ALGORITHM>RSA</ALGORITHM>", "<ALGORITHM>DSA</ALGORITHM>"},
        {"second WORK", "<WORK>", "<WORK></WORK><WORK>"},
        {"second rights data", "<AUTHENTICATEDDATA id=\"Encrypted-Rights-Data\">",
            "<AUTHENTICATEDDATA id=\"Encrypted-Rights-Data\">AAAA</AUTHENTICATEDDATA>"
            "<AUTHENTICATEDDATA id=\"Encrypted-Rights-Data\">"},
        {"second enabling bits", "<ENABLINGBITS ",
            "<ENABLINGBITS type=\"sealed-key-v2\"></ENABLINGBITS><ENABLINGBITS "},
        {"second owner", "<OWNER>", "<OWNER></OWNER><OWNER>"},
        {"second owner name", "<NAME>alice", "<NAME>mallory</NAME><NAME>alice"},
        {"second DESCRIPTOR", "<DESCRIPTOR>", "<DESCRIPTOR></DESCRIPTOR><DESCRIPTOR>"},
        {"second issue time", "<ISSUEDTIME>", "<ISSUEDTIME>2020-01-01T00:00</ISSUEDTIME><ISSUEDTIME>"},
        {"bad issue time", "<ISSUEDTIME>2025-06", "<ISSUEDTIME>2025-16"},
        {"no WORK", "<WORK>", "<WORC>"},
        {"content id of another form", "{" RMS_WORLD_CONTENT "}", "{}"},
        {"no rights data", "Encrypted-Rights-Data", "Encrypted-Rights"},
        {"unknown sealing", "sealed-key-v2", "sealed-key-v3"},
        {"text between the nodes", "</XrML>", "</XrML>x"},
        {"other element between the nodes", "</XrML>", "</XrML><X/>"},
        {"unclosed node", "</XrML>", "</XrML><XrML>"},
        {"node without BODY", "</XrML>", "</XrML><XrML></XrML>"},
        {"no BODY", "<BODY type=\"Microsoft Rights Label\"", "<BODI type=\"x\""},
        {"another document", "Microsoft Rights Label", "Microsoft Rights Template"},
        {"unknown document", "Microsoft Rights Label", "Microsoft Rights"},
    };
    const char *text = sample_text();

    (void)state;
    assert_int_equal(parse_status(text), 0);
    for (size_t i = 0; i < RMS_COUNT(changes); i++) {
        if (parse_status(replace(text, changes[i].old, changes[i].new)) != RMS_E_BAD_LICENSE) {
            fail_msg("accepted: %s", changes[i].label);
        }
    }
}

/* What is not signed may differ, and so may what real documents vary in. */
static void test_variations_accepted(void **state)
{
    static const struct change changes[] = {
        {"no declaration", "<?xml version=\"1.0\"?>", ""},
        {"attributes of XrML", "<XrML xmlns=\"\" version=\"1.2\">", "<XrML version='9' purpose=\"x\">"},
        {"hash with a hyphen", "SHA256<", "SHA-256<"},
        {"no coding type",
            "<PARAMETER name=\"codingtype\"><VALUE encoding=\"string\">surface-coding</VALUE></PARAMETER>",
            ""},
        {"blanks around", "</XrML>", "</XrML>\n  \n"},
        {"blanks in XrML", "<SIGNATURE>", "\n <SIGNATURE>\n"},
        {"value without size", " size=\"256\"", ""},
    };
    const char *text = sample_text();
    struct rms_chain chain;

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(changes); i++) {
        const char *changed = replace(text, changes[i].old, changes[i].new);

        if (rms_chain_parse(world.arena, rms_view_str(changed), &chain) != 0 ||
            rms_signed_verify(&chain.nodes[0], &world.server.key, false) != 0) {
            fail_msg("refused: %s", changes[i].label);
        }
    }
}

/* The order of the signature's parts differs between producers (section 2). */
static void test_signature_in_client_order(void **state)
{
    const char *text = sample_text();
    struct rms_chain chain;

    (void)state;
    text = replace(text, "<ALGORITHM>RSA PKCS#1-V1.5</ALGORITHM>", "");
    text = replace(text, "<SIGNATURE>", "<SIGNATURE><ALGORITHM>RSA PKCS#1-V1.5</ALGORITHM>");
    assert_int_equal(rms_chain_parse(world.arena, rms_view_str(text), &chain), 0);
    assert_int_equal(rms_signed_verify(&chain.nodes[0], &world.server.key, false), 0);
}

/* Same characters in UTF-16: the same signature. */
static void test_stored_as_utf16(void **state)
{
    struct rms_view text = rms_world_file(world.arena, samples[2].path);
    RMS_BUF_CLEANUP struct rms_buf wide = RMS_BUF_INIT(1u << 20);
    struct rms_chain chain;

    (void)state;
    assert_int_equal(rms_text_to_utf16(rms_view_of(text.data + 3, text.len - 3), &wide), 0);
    rms_buf_append(&wide, "\0\0", 2);
    assert_int_equal(rms_chain_parse(world.arena, rms_buf_view(&wide), &chain), 0);
    assert_int_equal(rms_signed_verify(&chain.nodes[0], &chain.nodes[0].issuer_key, false), 0);
}

static void test_unsigned(void **state)
{
    const char *text = sample_text();
    const char *start = strstr(text, "<SIGNATURE>");
    struct rms_chain chain;

    (void)state;
    text = rms_arena_printf(world.arena, "%.*s</XrML>", (int)(start - text), text);
    assert_int_equal(rms_chain_parse(world.arena, rms_view_str(text), &chain), 0);
    assert_false(chain.nodes[0].has_signature);
    assert_int_equal(rms_signed_verify(&chain.nodes[0], &world.server.key, true), RMS_E_BAD_SIGNATURE);
    assert_int_equal(rms_chain_verify(&chain, &world.trust), RMS_E_BAD_SIGNATURE);
}

static void test_too_many_nodes(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(1u << 20);
    struct rms_chain chain;

    (void)state;
    for (size_t i = 0; i < RMS_CHAIN_MAX; i++) {
        rms_buf_append_str(&text, "<XrML><BODY></BODY></XrML>");
    }
    assert_int_equal(rms_chain_parse(world.arena, rms_buf_view(&text), &chain), 0);
    assert_int_equal(chain.count, RMS_CHAIN_MAX);
    rms_buf_append_str(&text, "<XrML><BODY></BODY></XrML>");
    assert_int_equal(rms_chain_parse(world.arena, rms_buf_view(&text), &chain), RMS_E_BAD_LICENSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_real_licences),
        cmocka_unit_test(test_flipped_bits),
        cmocka_unit_test(test_value_ends),
        cmocka_unit_test(test_shapes_refused),
        cmocka_unit_test(test_variations_accepted),
        cmocka_unit_test(test_signature_in_client_order),
        cmocka_unit_test(test_stored_as_utf16),
        cmocka_unit_test(test_unsigned),
        cmocka_unit_test(test_too_many_nodes),
    };

    return cmocka_run_group_tests(tests, open_world, close_world);
}
