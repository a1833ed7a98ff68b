/* The tree of hashes: shapes, reading at random with few bytes, and everything that does not fit. */
#include "format/tree.h"

#include "base/mem.h"
#include "base/test.h"

#include <stdio.h>

#define KIB  1024ull
#define MIB  (1024 * KIB)
#define GIB  (1024 * MIB)
#define LEAF RMS_TREE_LEAF_MIN

static void shapes(void **state)
{
    static const struct {
        uint64_t len, leaf, size;
    } rows[] = {
        {0, LEAF, 32},
        {1, LEAF, 32},
        {LEAF, LEAF, 32},
        {LEAF + 1, LEAF, 64},
        {4 * MIB, LEAF, 128 * 32},
        {4 * MIB + 1, LEAF, (129 + 2) * 32},
        {8 * GIB - 1, LEAF, (262144 + 2048 + 16) * 32},
        {10 * GIB, 2 * LEAF, (163840 + 1280 + 10) * 32},
        {16 * GIB, 128 * KIB, (131072 + 1024 + 8) * 32},
        {256 * GIB, MIB, (262144 + 2048 + 16) * 32},
        {1024 * GIB, MIB, (1048576 + 8192 + 64) * 32},
    };

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        assert_int_equal(rms_tree_leaf(rows[i].len), rows[i].leaf);
        assert_int_equal(rms_tree_size(rows[i].len), rows[i].size);
    }
    /* any length has a shape */
    assert_true(rms_tree_size(UINT64_MAX) > 0);
}

/* --- hashes in memory that count what is read of them --- */

struct counted {
    const uint8_t *bytes;
    uint64_t read;
};

static int read_counted(void *context, uint64_t offset, void *buffer, size_t len)
{
    struct counted *counted = context;

    memcpy(buffer, counted->bytes + offset, len);
    counted->read += len;
    return 0;
}

struct fixture {
    uint64_t len;
    uint8_t *hashes;
    struct counted counted;
    struct rms_tree tree;
};

static void build(struct fixture *f, uint64_t len)
{
    size_t size = (size_t)rms_tree_size(len);

    f->len = len;
    f->hashes = test_calloc(1, size);
    f->counted = (struct counted){f->hashes, 0};
    f->tree = (struct rms_tree){.content_len = len, .hashes = {&f->counted, size, read_counted}};
}

static struct rms_view content(size_t len)
{
    uint8_t *bytes = test_malloc(len + 1);

    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)(i * 131 >> 3 ^ i ^ i >> 16);
    }
    return rms_view_of(bytes, len);
}

/* Every leaf holds where it is, as one of several too, and nowhere else; a changed byte does not. */
static void check_content(size_t len)
{
    struct rms_view data = content(len);
    struct fixture f;

    build(&f, len);
    for (size_t at = 0; at < len; at += 3 * LEAF) {
        rms_tree_put(
            f.hashes, len, at, rms_view_of(data.data + at, len - at < 3 * LEAF ? len - at : 3 * LEAF));
    }
    if (len == 0) {
        rms_tree_put(f.hashes, 0, 0, data);
    }
    rms_tree_finish(f.hashes, len, f.tree.root);
    assert_int_equal(rms_tree_check(&f.tree, 0, data), 0);
    for (size_t at = 0; at < len; at += LEAF) {
        size_t part = len - at < LEAF ? len - at : LEAF;
        struct rms_view leaf = rms_view_of(data.data + at, part);
        uint8_t *byte = (uint8_t *)(uintptr_t)leaf.data + part / 2;

        assert_int_equal(rms_tree_check(&f.tree, at, leaf), 0);
        *byte ^= 0x10;
        assert_int_equal(rms_tree_check(&f.tree, at, leaf), RMS_E_BAD_SIGNATURE);
        assert_int_equal(rms_tree_check(&f.tree, 0, data), RMS_E_BAD_SIGNATURE);
        *byte ^= 0x10;
        if (at >= 2 * LEAF && part == LEAF) { /* within 64 KiB the leaves are alike */
            assert_int_equal(rms_tree_check(&f.tree, at - 2 * LEAF, leaf), RMS_E_BAD_SIGNATURE);
        }
    }
    for (size_t i = 0; i < f.tree.hashes.size; i += 7) {
        f.hashes[i] ^= 1;
        assert_int_equal(rms_tree_check(&f.tree, 0, data), RMS_E_BAD_SIGNATURE);
        f.hashes[i] ^= 1;
        i += len > MIB ? 500 : 0;
    }
    test_free((void *)(uintptr_t)data.data);
    test_free(f.hashes);
}

static void contents(void **state)
{
    static const size_t lens[] = {0, 1, LEAF - 1, LEAF, LEAF + 1, 5 * LEAF + 16, 8 * MIB + 4096};

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(lens); i++) {
        check_content(lens[i]);
    }
}

/* One leaf of 10 GiB: three nodes are read, whatever else is in the tree. */
static void few_bytes(void **state)
{
    enum { BIG = 2 * LEAF };
    static const uint64_t at[] = {0, BIG, 5 * GIB, 10 * GIB - BIG};
    struct rms_view leaf = content(BIG);
    struct fixture f;

    (void)state;
    build(&f, 10 * GIB);
    for (uint64_t i = 0; i < 163840; i++) {
        memcpy(f.hashes + i * 32, &i, sizeof i);
    }
    for (size_t i = 0; i < RMS_COUNT(at); i++) {
        rms_hash(RMS_SHA256, leaf, f.hashes + at[i] / BIG * 32);
    }
    rms_tree_finish(f.hashes, f.len, f.tree.root);
    for (size_t i = 0; i < RMS_COUNT(at); i++) {
        f.counted.read = 0;
        assert_int_equal(rms_tree_check(&f.tree, at[i], leaf), 0);
        assert_true(f.counted.read <= 3 * 4096);
    }
    assert_int_equal(rms_tree_check(&f.tree, 2 * BIG, leaf), RMS_E_BAD_SIGNATURE);
    f.tree.root[31] ^= 1;
    assert_int_equal(rms_tree_check(&f.tree, 0, leaf), RMS_E_BAD_SIGNATURE);
    test_free((void *)(uintptr_t)leaf.data);
    test_free(f.hashes);
}

/* Callers' mistakes, and a store of hashes that ends early. */
static void does_not_fit(void **state)
{
    struct rms_view data = content(3 * LEAF);
    struct fixture f;

    (void)state;
    build(&f, 3 * LEAF - 1);
    rms_tree_put(f.hashes, f.len, 0, rms_view_of(data.data, (size_t)f.len));
    rms_tree_finish(f.hashes, f.len, f.tree.root);
    assert_int_equal(rms_tree_check(&f.tree, 1, rms_view_of(data.data, LEAF)), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_tree_check(&f.tree, 0, rms_view_of(data.data, LEAF - 1)), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_tree_check(&f.tree, 0, rms_view_of(data.data, 0)), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_tree_check(&f.tree, 0, data), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_tree_check(&f.tree, 4 * LEAF, rms_view_of(data.data, LEAF)), RMS_E_BAD_ARGUMENT);
    f.tree.hashes.size--;
    assert_int_equal(rms_tree_check(&f.tree, 0, rms_view_of(data.data, LEAF)), RMS_E_DAMAGED);
    test_free((void *)(uintptr_t)data.data);
    test_free(f.hashes);
}

/* The same in steps of another program's: Python's hashlib over the bytes of content(). */
static void vectors(void **state)
{
    static const struct {
        size_t len;
        const char *root;
    } rows[] = {
        {0, "5df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c9456"},
        {16, "960fa5264c27efe2c3886c7d5d77646316aad1966c083bf2a336f69822ece573"},
        {65552, "9239fe85b8dd6efeb985ee3624545ce76246ce3bae8ba4b77b5845379872f8f6"},
        {9437184, "36cbb889ebf2caa6220a56aa3f563c2cf2a9886aa5172fb3d11448041e4ecc2e"},
    };
    char hex[2 * RMS_SHA256_BYTES + 1];

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        struct rms_view data = content(rows[i].len);
        const struct rms_reader reader = rms_reader_of_view(&data);
        uint8_t root[RMS_HASH_MAX];

        assert_int_equal(rms_tree_root(&reader, 0, data.len, root), 0);
        for (size_t k = 0; k < RMS_SHA256_BYTES; k++) {
            (void)snprintf(hex + 2 * k, 3, "%02x", root[k]);
        }
        assert_string_equal(hex, rows[i].root);
        test_free((void *)(uintptr_t)data.data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes),
        cmocka_unit_test(contents),
        cmocka_unit_test(few_bytes),
        cmocka_unit_test(does_not_fit),
        cmocka_unit_test(vectors),
    };

    return cmocka_run_group_tests_name("format tree", tests, NULL, NULL);
}
