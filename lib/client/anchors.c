#include "client/anchors.h"

#include <string.h>

#include "crypto/base64.h"

#define CROSS_MAX       256 /* certificates looked at */
#define CERTIFICATE_MAX (64u * 1024)
#define BITS_MIN        2048

static const struct rms_rsa_public *find(const struct rms_trust *trust, const struct rms_rsa_public *key)
{
    for (size_t i = 0; i < trust->key_count; i++) {
        if (rms_rsa_public_equal(&trust->keys[i], key)) {
            return &trust->keys[i];
        }
    }
    return NULL;
}

bool rms_anchors_have(const struct rms_trust *trust, const struct rms_rsa_public *key)
{
    return find(trust, key) != NULL;
}

int rms_anchors_verify(const struct rms_trust *trust, const struct rms_signed *node)
{
    const struct rms_rsa_public *key = node->has_issuer_key ? find(trust, &node->issuer_key) : NULL;

    return key != NULL ? rms_signed_verify(node, key, false) : RMS_E_UNKNOWN_KEY;
}

/* A copy of the keys with room for more. */
static struct rms_rsa_public *widen(struct rms_arena *arena, struct rms_trust *trust, size_t more)
{
    struct rms_rsa_public *keys = rms_arena_array(arena, trust->key_count + more, sizeof *keys);

    if (keys != NULL) {
        memcpy(keys, trust->keys, trust->key_count * sizeof *keys);
        trust->keys = keys;
    }
    return keys;
}

int rms_anchors_add(struct rms_arena *arena, const struct rms_rsa_public *key, struct rms_trust *trust)
{
    struct rms_rsa_public *keys;

    if (key == NULL || rms_anchors_have(trust, key)) {
        return 0;
    }
    keys = widen(arena, trust, 1);
    if (keys == NULL) {
        return RMS_E_NO_MEMORY;
    }
    keys[trust->key_count++] = *key;
    return 0;
}

/* One certificate alone; of a server, and with a key that may sign. */
static int read_cross(struct rms_arena *arena, const json_t *element, const struct rms_signed **node_out)
{
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(CERTIFICATE_MAX);
    const char *text = json_string_value(element);
    const uint8_t *copy;
    struct rms_chain chain;

    if (text == NULL) {
        return RMS_E_BAD_LICENSE;
    }
    RMS_TRY(rms_base64_decode(rms_view_str(text), &bytes));
    copy = rms_arena_copy(arena, bytes.data, bytes.len);
    if (copy == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_chain_parse(arena, rms_view_of(copy, bytes.len), &chain));
    if (chain.count != 1 || chain.nodes[0].kind != RMS_DOC_SLC || !chain.nodes[0].has_subject_key ||
        chain.nodes[0].subject_key.bits < BITS_MIN) {
        return RMS_E_BAD_LICENSE;
    }
    *node_out = &chain.nodes[0];
    return 0;
}

static int read_all(
    struct rms_arena *arena, const json_t *list, const struct rms_signed **nodes, size_t *count)
{
    size_t i;
    const json_t *element;

    json_array_foreach(list, i, element)
    {
        int status = *count < CROSS_MAX ? read_cross(arena, element, &nodes[*count]) : RMS_E_LIMIT;

        if (status == RMS_E_NO_MEMORY) {
            return status;
        }
        *count += status == 0;
    }
    return 0;
}

/* One round; each certificate that leads on is used up. */
static bool follow(
    const struct rms_signed **nodes, size_t count, struct rms_rsa_public *keys, struct rms_trust *trust)
{
    bool any = false;

    for (size_t i = 0; i < count; i++) {
        if (nodes[i] != NULL && rms_anchors_verify(trust, nodes[i]) == 0) {
            if (!rms_anchors_have(trust, &nodes[i]->subject_key)) {
                keys[trust->key_count++] = nodes[i]->subject_key;
                any = true;
            }
            nodes[i] = NULL;
        }
    }
    return any;
}

int rms_anchors_extend(struct rms_arena *arena, const json_t *reply, struct rms_trust *trust)
{
    const struct rms_signed **nodes = rms_arena_array(arena, CROSS_MAX, sizeof *nodes);
    struct rms_rsa_public *keys;
    size_t count = 0;

    if (nodes == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(read_all(arena, json_object_get(reply, "CrossCertificates"), nodes, &count));
    keys = widen(arena, trust, count);
    if (keys == NULL) {
        return RMS_E_NO_MEMORY;
    }
    while (follow(nodes, count, keys, trust)) {
    }
    return 0;
}
