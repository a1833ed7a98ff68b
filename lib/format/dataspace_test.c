#include "base/test.h"

#include "base/mem.h"
#include "format/dataspace.h"

#define STREAM_MAX ((size_t)1024 * 1024)

static void must(int status)
{
    assert_int_equal(status, 0);
}

/* Bytes as stored in real protected messages and documents (protected-file-formats 5.1 to 5.4). */
static void bytes_as_published(void **state)
{
    struct rms_buf RMS_BUF_CLEANUP stream = RMS_BUF_INIT(STREAM_MAX);
    static const uint8_t head[] = {0x3c, 0, 0, 0, 'M', 0, 'i', 0};
    static const uint8_t versions[] = {1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0};
    static const uint8_t mail_map[] = {
        8, 0, 0, 0, 1, 0, 0, 0, 0x48, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0x16, 0, 0, 0, 9, 0, 'D', 0};
    static const uint8_t package_map[] = {
        8, 0, 0, 0, 1, 0, 0, 0, 0x60, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0x20, 0, 0, 0, 'E', 0};
    static const uint8_t space[] = {8, 0, 0, 0, 1, 0, 0, 0, 0x1a, 0, 0, 0, 9, 0, 'D', 0};
    static const uint8_t primary[] = {0x58, 0, 0, 0, 1, 0, 0, 0, 0x4c, 0, 0, 0, '{', 0, 'C', 0};
    static const uint8_t extensions[] = {4, 0, 0, 0, 7, 0, 0, 0, '<', '?', 'x', 'm', 'l', '/', '>', 0};

    (void)state;
    must(rms_ds_emit_version(&stream));
    assert_int_equal(stream.len, 76);
    assert_memory_equal(stream.data, head, sizeof head);
    assert_memory_equal(stream.data + 64, versions, sizeof versions);
    rms_buf_reset(&stream);
    must(rms_ds_emit_map("\tDRMContent", "\tDRMDataSpace", &stream));
    assert_int_equal(stream.len, 80);
    assert_memory_equal(stream.data, mail_map, sizeof mail_map);
    rms_buf_reset(&stream);
    must(rms_ds_emit_map("EncryptedPackage", "DRMEncryptedDataSpace", &stream));
    assert_int_equal(stream.len, 104);
    assert_memory_equal(stream.data, package_map, sizeof package_map);
    rms_buf_reset(&stream);
    must(rms_ds_emit_space("\tDRMTransform", &stream));
    assert_int_equal(stream.len, 40);
    assert_memory_equal(stream.data, space, sizeof space);
    rms_buf_reset(&stream);
    must(rms_ds_emit_space("DRMEncryptedTransform", &stream));
    assert_int_equal(stream.len, 56);
    rms_buf_reset(&stream);
    must(rms_ds_emit_primary(RMS_VIEW_LITERAL("<?xml/>"), &stream));
    assert_int_equal(stream.len, 176 + 8);
    assert_memory_equal(stream.data, primary, sizeof primary);
    assert_memory_equal(stream.data + 168, extensions, sizeof extensions);
}

static void written_is_read(void **state)
{
    struct rms_buf RMS_BUF_CLEANUP stream = RMS_BUF_INIT(STREAM_MAX);
    struct rms_ds_primary primary;
    struct rms_ds_map maps[2];
    char name[RMS_DS_NAME_MAX];
    size_t count;

    (void)state;
    must(rms_ds_emit_version(&stream));
    must(rms_ds_parse_version(rms_buf_view(&stream)));
    stream.data[64] = 2;
    assert_int_equal(rms_ds_parse_version(rms_buf_view(&stream)), RMS_E_UNSUPPORTED_VERSION);
    rms_buf_reset(&stream);
    must(rms_ds_emit_map("EncryptedPackage", "DRMEncryptedDataSpace", &stream));
    must(rms_ds_parse_map(rms_buf_view(&stream), maps, RMS_COUNT(maps), &count));
    assert_int_equal(count, 1);
    assert_string_equal(maps[0].content, "EncryptedPackage");
    assert_string_equal(maps[0].space, "DRMEncryptedDataSpace");
    rms_buf_reset(&stream);
    must(rms_ds_emit_space("\tDRMTransform", &stream));
    must(rms_ds_parse_space(rms_buf_view(&stream), name));
    assert_string_equal(name, "\tDRMTransform");
    for (size_t len = 1; len < 9; len++) {
        rms_buf_reset(&stream);
        must(rms_ds_emit_primary(rms_view_of("<?xml?><", len), &stream));
        assert_int_equal(stream.len % 4, 0);
        must(rms_ds_parse_primary(rms_buf_view(&stream), &primary));
        assert_true(primary.rights);
        assert_int_equal(primary.licence.len, len);
        assert_memory_equal(primary.licence.data, "<?xml?><", len);
    }
}

/* However the service hands it out, one form is stored (5.4). */
static void licence_forms(void **state)
{
    static const struct rms_view rows[] = {
        RMS_VIEW_LITERAL("<?xml version=\"1.0\"?><X/>"),
        RMS_VIEW_LITERAL("\xef\xbb\xbf<?xml version=\"1.0\"?><X/>"),
        RMS_VIEW_LITERAL("\xef\xbb\xbf<?xml version=\"1.0\"?><X/>\0"),
        RMS_VIEW_LITERAL("<X/>"),
        RMS_VIEW_LITERAL("\xef\xbb\xbf<X/>"),
    };

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        struct rms_buf RMS_BUF_CLEANUP form = RMS_BUF_INIT(STREAM_MAX);

        must(rms_ds_licence(rows[i], &form));
        assert_string_equal(rms_buf_text(&form), "<?xml version=\"1.0\"?><X/>");
    }
    for (int mark = 0; mark < 2; mark++) {
        struct rms_buf RMS_BUF_CLEANUP form = RMS_BUF_INIT(STREAM_MAX);
        static const char wide[] = "\xff\xfe<\0X\0/\0>\0";

        must(rms_ds_licence(rms_view_of(wide + (mark == 0 ? 2 : 0), mark == 0 ? 8 : 10), &form));
        assert_string_equal(rms_buf_text(&form), "<?xml version=\"1.0\"?><X/>");
    }
}

static void parse_all(struct rms_view stream)
{
    struct rms_ds_primary primary;
    struct rms_ds_map maps[3];
    char name[RMS_DS_NAME_MAX];
    size_t count;

    if (rms_ds_parse_primary(stream, &primary) == 0 && primary.rights) {
        assert_true(primary.licence.data >= stream.data &&
                    primary.licence.data + primary.licence.len <= stream.data + stream.len);
    }
    if (rms_ds_parse_map(stream, maps, RMS_COUNT(maps), &count) == 0) {
        assert_true(count <= RMS_COUNT(maps));
    }
    if (rms_ds_parse_space(stream, name) == 0) {
        assert_true(strlen(name) < sizeof name);
    }
    (void)(rms_ds_parse_version(stream) == 0);
}

/* Cut at every length, and every byte changed: codes, and nothing outside the stream. */
static void cut_and_changed(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct rms_buf RMS_BUF_CLEANUP stream = RMS_BUF_INIT(STREAM_MAX);

        must(i == 0   ? rms_ds_emit_version(&stream)
             : i == 1 ? rms_ds_emit_map("EncryptedPackage", "DRMEncryptedDataSpace", &stream)
             : i == 2 ? rms_ds_emit_space("DRMEncryptedTransform", &stream)
                      : rms_ds_emit_primary(RMS_VIEW_LITERAL("<?xml version=\"1.0\"?><XrML/>"), &stream));
        for (size_t len = 0; len < stream.len; len++) {
            uint8_t *copy = rms_malloc(len + 1);

            memcpy(copy, stream.data, len);
            parse_all(rms_view_of(copy, len));
            rms_free(copy);
        }
        for (size_t at = 0; at < stream.len; at++) {
            for (unsigned bit = 0; bit < 8; bit++) {
                stream.data[at] ^= (uint8_t)(1u << bit);
                parse_all(rms_buf_view(&stream));
                stream.data[at] ^= (uint8_t)(1u << bit);
            }
        }
    }
}

/* A password's transform is somebody else's. */
static void other_transforms(void **state)
{
    struct rms_buf RMS_BUF_CLEANUP stream = RMS_BUF_INIT(STREAM_MAX);
    struct rms_ds_primary primary;

    (void)state;
    must(rms_ds_emit_primary(RMS_VIEW_LITERAL("<?xml?>"), &stream));
    stream.data[14] = 'F'; /* {FF9A3F03-... in its first place */
    must(rms_ds_parse_primary(rms_buf_view(&stream), &primary));
    assert_false(primary.rights);
    assert_int_equal(primary.licence.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_as_published),
        cmocka_unit_test(written_is_read),
        cmocka_unit_test(licence_forms),
        cmocka_unit_test(cut_and_changed),
        cmocka_unit_test(other_transforms),
    };

    return cmocka_run_group_tests_name("format dataspace", tests, NULL, NULL);
}
