#include "format/tree.h"

#include "base/mem.h"

#define HASH       ((uint64_t)RMS_SHA256_BYTES)
#define FAN_OUT    128u /* hashes in a node: 4096 bytes */
#define LEVELS_MAX 8u   /* 2^64 bytes have 7 */
#define LEAVES     (256u * 1024)

size_t rms_tree_leaf(uint64_t content_len)
{
    size_t leaf = RMS_TREE_LEAF_MIN;

    while (leaf < RMS_TREE_LEAF_MAX && content_len / leaf >= LEAVES) {
        leaf *= 2;
    }
    return leaf;
}

/* Level 0 has a hash for each leaf, the next one for each node of that; the last is one node, whose hash is
 * the root. */
struct shape {
    unsigned levels;
    uint64_t count[LEVELS_MAX]; /* hashes of the level */
    uint64_t place[LEVELS_MAX]; /* of its first, in bytes */
    uint64_t size;
};

static struct shape shape_of(uint64_t content_len)
{
    size_t leaf = rms_tree_leaf(content_len);
    uint64_t count = content_len == 0 ? 1 : (content_len - 1) / leaf + 1;
    struct shape shape = {0};

    for (;;) {
        shape.count[shape.levels] = count;
        shape.place[shape.levels] = shape.size;
        shape.size += count * HASH;
        shape.levels++;
        if (count <= FAN_OUT) {
            return shape;
        }
        count = (count - 1) / FAN_OUT + 1;
    }
}

uint64_t rms_tree_size(uint64_t content_len)
{
    return shape_of(content_len).size;
}

/* Hashes in this node of a level. */
static size_t node_len(const struct shape *shape, unsigned level, uint64_t node)
{
    uint64_t left = shape->count[level] - node * FAN_OUT;

    return left < FAN_OUT ? (size_t)left : FAN_OUT;
}

/* --- making --- */

void rms_tree_put(uint8_t *hashes, uint64_t content_len, uint64_t offset, struct rms_view data)
{
    size_t leaf = rms_tree_leaf(content_len);

    if (data.len > 0 || content_len == 0) {
        rms_hash_pieces(data, leaf, hashes + offset / leaf * HASH);
    }
}

void rms_tree_finish(uint8_t *hashes, uint64_t content_len, uint8_t root_out[RMS_SHA256_BYTES])
{
    const struct shape shape = shape_of(content_len);
    unsigned top = shape.levels - 1;

    for (unsigned level = 0; level < top; level++) {
        for (uint64_t node = 0; node < shape.count[level + 1]; node++) {
            const uint8_t *from = hashes + shape.place[level] + node * FAN_OUT * HASH;

            rms_hash(RMS_SHA256, rms_view_of(from, node_len(&shape, level, node) * HASH),
                hashes + shape.place[level + 1] + node * HASH);
        }
    }
    rms_hash(RMS_SHA256, rms_view_of(hashes + shape.place[top], (size_t)(shape.count[top] * HASH)), root_out);
}

/* --- checking --- */

static int read_node(const struct rms_tree *tree, const struct shape *shape, unsigned level, uint64_t node,
    uint8_t out[FAN_OUT * HASH])
{
    uint64_t at = tree->hashes_offset + shape->place[level] + node * FAN_OUT * HASH;

    return rms_reader_at(&tree->hashes, at, out, node_len(shape, level, node) * HASH);
}

/* From a node of level 0 up to the root. */
static int check_path(const struct rms_tree *tree, const struct shape *shape, uint64_t node,
    const uint8_t bytes[FAN_OUT * HASH])
{
    uint8_t parent[FAN_OUT * HASH];
    uint8_t hash[RMS_HASH_MAX];

    rms_hash(RMS_SHA256, rms_view_of(bytes, node_len(shape, 0, node) * HASH), hash);
    for (unsigned level = 1; level < shape->levels; level++) {
        RMS_TRY(read_node(tree, shape, level, node / FAN_OUT, parent));
        if (memcmp(parent + node % FAN_OUT * HASH, hash, HASH) != 0) {
            return RMS_E_BAD_SIGNATURE;
        }
        node /= FAN_OUT;
        rms_hash(RMS_SHA256, rms_view_of(parent, node_len(shape, level, node) * HASH), hash);
    }
    return memcmp(hash, tree->root, HASH) == 0 ? 0 : RMS_E_BAD_SIGNATURE;
}

/* A leaf is whole, or the content ends in it. */
static bool fits(const struct rms_tree *tree, uint64_t offset, size_t len, size_t leaf)
{
    if (offset % leaf != 0 || offset > tree->content_len || len > tree->content_len - offset) {
        return false;
    }
    return len % leaf == 0 ? len > 0 || tree->content_len == 0 : offset + len == tree->content_len;
}

/* Leaves from that index on, of one node. */
static int check_leaves(
    const struct rms_tree *tree, const struct shape *shape, uint64_t index, struct rms_view data)
{
    size_t leaf = rms_tree_leaf(tree->content_len);
    size_t count = data.len == 0 ? 1 : (data.len - 1) / leaf + 1;
    uint8_t kept[FAN_OUT * HASH];
    uint8_t hashes[FAN_OUT * HASH];

    RMS_TRY(read_node(tree, shape, 0, index / FAN_OUT, kept));
    RMS_TRY(check_path(tree, shape, index / FAN_OUT, kept));
    rms_hash_pieces(data, leaf, hashes);
    return memcmp(kept + index % FAN_OUT * HASH, hashes, count * HASH) == 0 ? 0 : RMS_E_BAD_SIGNATURE;
}

int rms_tree_check(const struct rms_tree *tree, uint64_t offset, struct rms_view data)
{
    const struct shape shape = shape_of(tree->content_len);
    size_t leaf = rms_tree_leaf(tree->content_len);
    uint64_t index = offset / leaf;
    size_t done = 0;

    if (!fits(tree, offset, data.len, leaf)) {
        return RMS_E_BAD_ARGUMENT;
    }
    do {
        size_t room = (size_t)(FAN_OUT - index % FAN_OUT) * leaf;
        size_t len = data.len - done < room ? data.len - done : room;

        RMS_TRY(check_leaves(tree, &shape, index, rms_view_of(data.data + done, len)));
        index += FAN_OUT - index % FAN_OUT;
        done += len;
    } while (done < data.len);
    return 0;
}

/* --- a content that is there already --- */

static int hash_all(
    const struct rms_reader *content, uint64_t offset, uint64_t len, uint8_t *buffer, uint8_t *hashes)
{
    uint64_t done = 0;

    do {
        size_t step = len - done < RMS_TREE_LEAF_MAX ? (size_t)(len - done) : RMS_TREE_LEAF_MAX;

        RMS_TRY(rms_reader_at(content, offset + done, buffer, step));
        rms_tree_put(hashes, len, done, rms_view_of(buffer, step));
        done += step;
    } while (done < len);
    return 0;
}

int rms_tree_root(
    const struct rms_reader *content, uint64_t offset, uint64_t len, uint8_t root_out[RMS_SHA256_BYTES])
{
    uint8_t *buffer = rms_malloc(RMS_TREE_LEAF_MAX);
    uint8_t *hashes = rms_malloc((size_t)rms_tree_size(len));
    int status =
        buffer != NULL && hashes != NULL ? hash_all(content, offset, len, buffer, hashes) : RMS_E_NO_MEMORY;

    if (status == 0) {
        rms_tree_finish(hashes, len, root_out);
    }
    rms_free(buffer);
    rms_free(hashes);
    return status;
}
