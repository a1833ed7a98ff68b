/* Any bytes as licences: chains, every typed reading of their nodes, rights data, encrypted rights data.
 * Nothing may crash; slices lie in the text; what was read as a policy can be written and read again. */
#include <stdlib.h>

#include "xrml/licence.h"

#define ARENA_MAX    (64u * 1024 * 1024)
#define DESCRIBE_MAX 3 /* nodes: each costs signatures */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static bool is_inside(struct rms_view part, struct rms_view whole)
{
    return part.data >= whole.data && part.len <= whole.len &&
           (size_t)(part.data - whole.data) <= whole.len - part.len;
}

/* An element's slice begins and ends with its tags and lies in its parent's. */
static void check_tree(const struct rms_xnode *node, struct rms_view whole)
{
    const struct rms_xnode *child;

    check(is_inside(node->source, whole));
    check(node->text[node->text_len] == 0);
    for (child = node->first; child != NULL; child = child->next) {
        check(child->parent == node);
        check(child->source.len >= 4 && child->source.data[0] == '<');
        check(child->source.data[child->source.len - 1] == '>');
        check_tree(child, node->source);
    }
}

static void read_node(struct rms_arena *arena, const struct rms_signed *node)
{
    struct rms_certificate certificate;
    struct rms_ul ul;

    check(is_inside(node->body_text, node->xrml->source));
    if (rms_certificate_parse(arena, node, node->kind, &certificate) == 0) {
        check(certificate.bits.blob.len <= RMS_ENABLING_MAX);
    }
    if (rms_ul_parse(arena, node, &ul) == 0) {
        check(!rms_rights_empty(&ul.rights) && ul.content_id[0] != 0);
    }
}

static void read_chain(struct rms_arena *arena, struct rms_view input)
{
    RMS_BUF_CLEANUP struct rms_buf words = RMS_BUF_INIT(1u << 20);
    const struct rms_trust trust = {.allow_legacy = true};
    struct rms_chain chain;

    if (rms_chain_parse(arena, input, &chain) != 0) {
        return;
    }
    check(chain.count > 0 && chain.count <= RMS_CHAIN_MAX);
    check_tree(chain.text.root, chain.text.utf8);
    for (size_t i = 0; i < chain.count; i++) {
        read_node(arena, &chain.nodes[i]);
    }
    check(rms_chain_verify(&chain, &trust) != 0);
    if (chain.count <= DESCRIBE_MAX) {
        rms_chain_describe(&chain, &words);
    }
}

static void read_pl(struct rms_arena *arena, struct rms_view input)
{
    struct rms_erd erd = {0};
    struct rms_pl pl;

    if (rms_pl_parse(arena, input, &pl) == 0) {
        check(pl.content_id[0] != 0 && pl.owner != NULL);
        check(pl.owner_ul == NULL || pl.clc != NULL);
        (void)!rms_pl_check_binding(&pl, &erd);
    }
}

/* Writing may refuse what was read (an id that is none); but what is written can be read. */
static void read_policy(struct rms_arena *arena, struct rms_view input)
{
    static const struct rms_erd_binding binding = {
        "2a5c7e90-41b3-4a58-8f7d-8f3f1f3a0c44", "alice@contoso.example", 1750000020};
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(RMS_XRML_MAX_BYTES);
    struct rms_erd erd;
    struct rms_erd again;

    if (rms_erd_parse(arena, input, &erd) != 0) {
        return;
    }
    if (rms_erd_build(&erd.policy, &binding, &text) == 0) {
        check(rms_erd_parse(arena, rms_buf_view(&text), &again) == 0);
        check(again.policy.text_count == erd.policy.text_count);
        check(again.policy.encrypted_count == erd.policy.encrypted_count);
    }
}

static void read_encrypted(struct rms_view input)
{
    static const uint8_t key[16] = "0123456789abcde";
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(1u << 20);

    if (rms_erd_decrypt(rms_view_of(key, sizeof key), input, &text) == 0) {
        check(text.len > 0 && text.data[text.len - 1] == '>');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rms_view input = {data, size};
    struct rms_arena *arena = rms_arena_new(ARENA_MAX);

    read_chain(arena, input);
    read_pl(arena, input);
    read_policy(arena, input);
    read_encrypted(input);
    rms_arena_free(&arena);
    return 0;
}
