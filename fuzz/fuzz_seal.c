/* Seals: the record is anybody's bytes. What is taken is written back to the same bytes; a tree of hashes of
 * any length and any content is read within bounds, and holds only by its own root. */
#include <stdlib.h>

#include "base/mem.h"
#include "format/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ID "23090335-566a-4e3f-9ba8-544ca32e5998"

static void check(bool good)
{
    if (!good) {
        abort();
    }
}

static void fuzz_record(struct rms_view input)
{
    struct rms_buf RMS_BUF_CLEANUP again = RMS_BUF_INIT(RMS_SEAL_MAX);
    uint8_t digest[RMS_SHA256_BYTES];
    struct rms_seal seal;
    size_t len;

    if (rms_seal_parse(input, &seal, &len) != 0) {
        return;
    }
    check(len <= input.len && len == rms_seal_len(seal.signature.len, seal.proof.len));
    check(rms_seal_emit(&seal, &again) == 0);
    check(again.len == len && memcmp(again.data, input.data, len) == 0);
    check(rms_seal_digest(&seal, ID, digest) == 0);
}

/* The tree made of the input holds for each of its leaves; the input as the hashes of some content that long
 * never does. */
static void fuzz_tree(struct rms_view input)
{
    struct rms_view stored = input;
    struct rms_tree tree = {.content_len = input.len};
    uint8_t *hashes = rms_malloc((size_t)rms_tree_size(input.len));

    check(hashes != NULL);
    rms_tree_put(hashes, input.len, 0, input);
    rms_tree_finish(hashes, input.len, tree.root);
    stored = rms_view_of(hashes, (size_t)rms_tree_size(input.len));
    tree.hashes = rms_reader_of_view(&stored);
    check(rms_tree_check(&tree, 0, input) == 0);
    tree.root[0] ^= 1;
    check(rms_tree_check(&tree, 0, input) == RMS_E_BAD_SIGNATURE);
    stored = input;
    tree.hashes = rms_reader_of_view(&stored);
    check(rms_tree_check(&tree, 0, input) != 0);
    rms_free(hashes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct rms_view input = rms_view_of(data, size);

    fuzz_record(input);
    fuzz_tree(input);
    return 0;
}
