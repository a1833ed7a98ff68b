/* A tree of hashes over the cipher text of a file (doc/format/seal.md): one root stands for all of it, and a
 * part that is read at random is held against the root with the hashes on its way up alone. SHA-256
 * throughout. The shape follows from the length of the content, which is signed together with the root. */
#ifndef RMS_FORMAT_TREE_H
#define RMS_FORMAT_TREE_H

#include "crypto/digest.h"
#include "format/reader.h"

#define RMS_TREE_LEAF_MIN (32u * 1024)
#define RMS_TREE_LEAF_MAX (1024u * 1024)

/* Bytes of the content that one leaf covers: more for a large content, so that what is kept in memory while
 * it is made stays below 8 MiB up to 256 GiB. */
size_t rms_tree_leaf(uint64_t content_len);

/* Bytes of all hashes as stored. */
uint64_t rms_tree_size(uint64_t content_len);

/* --- making: hashes has rms_tree_size bytes --- */

/* Of data at this offset of the content, which begins a leaf; all of that leaf and of those behind it, but
 * for the end of the content. Any number of threads, each with leaves of its own. */
void rms_tree_put(uint8_t *hashes, uint64_t content_len, uint64_t offset, struct rms_view data);
/* When all are put. */
void rms_tree_finish(uint8_t *hashes, uint64_t content_len, uint8_t root_out[RMS_SHA256_BYTES]);

/* --- checking --- */

struct rms_tree {
    uint64_t content_len;
    uint8_t root[RMS_SHA256_BYTES];
    struct rms_reader hashes; /* where they are stored, */
    uint64_t hashes_offset;   /* from here on */
};

/* data as for rms_tree_put. Reads a few hashes for each leaf; any number of threads. RMS_E_BAD_SIGNATURE, or
 * the reader's code. */
RMS_MUST_USE int rms_tree_check(const struct rms_tree *tree, uint64_t offset, struct rms_view data);

/* The root over a content that is read for it, with leaves in memory for a while. */
RMS_MUST_USE int rms_tree_root(
    const struct rms_reader *content, uint64_t offset, uint64_t len, uint8_t root_out[RMS_SHA256_BYTES]);

#endif
