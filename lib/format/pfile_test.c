#include "format/pfile.h"

#include "base/test.h"

#include <stdlib.h>

#include "base/file.h"

#define FILE_MAX (1024u * 1024)

/* A container made by hand, field by field. */
struct parts {
    uint32_t major, minor;
    const char *redirect;
    uint32_t header_size;
    const char *extension;
    const char *licence;
    const char *metadata;
    const char *content;
    uint64_t original_size;
};

static const struct parts usual = {3, 0, "\r\nopen me\r\n", 40, ".txt", "<XrML/>", "", "0123456789abcdef", 5};

static bool extended(const struct parts *parts)
{
    return parts->major > 2 || parts->minor > 0;
}

static void build(const struct parts *parts, struct rms_buf *out)
{
    uint32_t redirect = (uint32_t)strlen(parts->redirect);
    uint32_t extension = 18 + redirect + parts->header_size;
    uint32_t licence = extension + (uint32_t)strlen(parts->extension);
    uint32_t metadata = licence + (uint32_t)strlen(parts->licence);
    uint32_t content = metadata + (uint32_t)strlen(parts->metadata);
    size_t start;

    rms_buf_append_str(out, ".pfile");
    rms_buf_append_u32(out, parts->major);
    rms_buf_append_u32(out, parts->minor);
    rms_buf_append_u32(out, redirect);
    rms_buf_append_str(out, parts->redirect);
    start = out->len;
    rms_buf_append_u32(out, parts->header_size);
    rms_buf_append_u32(out, extension);
    rms_buf_append_u32(out, (uint32_t)strlen(parts->extension));
    rms_buf_append_u32(out, licence);
    rms_buf_append_u32(out, (uint32_t)strlen(parts->licence));
    rms_buf_append_u32(out, content);
    if (extended(parts)) {
        rms_buf_append_u64(out, parts->original_size);
        rms_buf_append_u32(out, metadata);
        rms_buf_append_u32(out, (uint32_t)strlen(parts->metadata));
    }
    while (out->len - start < parts->header_size) {
        rms_buf_append_byte(out, 0);
    }
    rms_buf_append_str(out, parts->extension);
    rms_buf_append_str(out, parts->licence);
    rms_buf_append_str(out, parts->metadata);
    rms_buf_append_str(out, parts->content);
    assert_int_equal(rms_buf_status(out), 0);
}

static int parse_bytes(struct rms_view bytes, struct rms_pfile *pfile)
{
    struct rms_reader reader = rms_reader_of_view(&bytes);

    return rms_pfile_parse(&reader, pfile);
}

static int parse_parts(const struct parts *parts, struct rms_pfile *pfile)
{
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(FILE_MAX);

    build(parts, &bytes);
    return parse_bytes(rms_buf_view(&bytes), pfile);
}

static void versions(void **state)
{
    static const struct {
        uint32_t major, minor, header;
        int code;
    } rows[] = {
        {2, 0, 24, 0},
        {2, 0, 40, 0}, /* a larger header than we know is fine */
        {2, 1, 40, 0},
        {2, 1, 48, 0},
        {3, 0, 40, 0},
        {3, 7, 64, 0},
        {2, 0, 23, RMS_E_DAMAGED},
        {2, 1, 24, RMS_E_DAMAGED},
        {3, 0, 39, RMS_E_DAMAGED},
        {1, 0, 24, RMS_E_UNSUPPORTED_VERSION},
        {0, 0, 24, RMS_E_UNSUPPORTED_VERSION},
        {4, 0, 40, RMS_E_UNSUPPORTED_VERSION},
        {255, 255, 40, RMS_E_UNSUPPORTED_VERSION},
        {256, 0, 40, RMS_E_NOT_PROTECTED},
        {3, 256, 40, RMS_E_NOT_PROTECTED},
    };

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        struct parts parts = usual;
        struct rms_pfile pfile;

        parts.major = rows[i].major;
        parts.minor = rows[i].minor;
        parts.header_size = rows[i].header;
        assert_int_equal(parse_parts(&parts, &pfile), rows[i].code);
        if (rows[i].code == 0) {
            assert_string_equal(pfile.extension, ".txt");
            assert_int_equal(pfile.header_size, rows[i].header);
            assert_int_equal(pfile.licence_len, 7);
            assert_int_equal(pfile.content_len, 16);
            assert_true(pfile.original_size == (extended(&parts) ? 5 : RMS_PFILE_SIZE_UNKNOWN));
        }
    }
}

static void redirect_of_any_length(void **state)
{
    struct parts parts = usual;
    struct rms_pfile pfile;

    (void)state;
    parts.redirect = "";
    assert_int_equal(parse_parts(&parts, &pfile), 0);
    parts.redirect = ".pfile.pfile.pfile";
    assert_int_equal(parse_parts(&parts, &pfile), 0);
}

static void original_sizes(void **state)
{
    static const struct {
        uint64_t written;
        const char *content;
        uint64_t read;
    } rows[] = {
        {0, "0123456789abcdef", 0},                                      /* an empty file */
        {0, "0123456789abcdef0123456789abcdef", RMS_PFILE_SIZE_UNKNOWN}, /* section 11 */
        {UINT64_MAX, "0123456789abcdef", RMS_PFILE_SIZE_UNKNOWN},
        {20, "0123456789abcdef0123456789abcdef", 20},
    };

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        struct parts parts = usual;
        struct rms_pfile pfile;

        parts.original_size = rows[i].written;
        parts.content = rows[i].content;
        assert_int_equal(parse_parts(&parts, &pfile), 0);
        assert_true(pfile.original_size == rows[i].read);
    }
}

static void extensions(void **state)
{
    static const struct {
        const char *stored;
        int code;
        const char *read;
    } rows[] = {
        {".txt", 0, ".txt"},
        {".TXT", 0, ".TXT"},
        {".pfile", 0, ""}, /* no extension */
        {"", 0, ""},
        {".\xc3\xbc", 0, ".\xc3\xbc"},
        {"txt", RMS_E_DAMAGED, ""},
        {".", RMS_E_DAMAGED, ""},
        {"./../../etc/passwd", RMS_E_DAMAGED, ""},
        {".a\\b", RMS_E_DAMAGED, ""},
        {".a\nb", RMS_E_DAMAGED, ""},
        {".\xff", RMS_E_DAMAGED, ""},
    };

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        struct parts parts = usual;
        struct rms_pfile pfile;

        parts.extension = rows[i].stored;
        assert_int_equal(parse_parts(&parts, &pfile), rows[i].code);
        if (rows[i].code == 0) {
            assert_string_equal(pfile.extension, rows[i].read);
        }
    }
}

/* Every field of the header, set to every awkward value: the parts that come out lie inside the file. */
static void wild_fields(void **state)
{
    static const uint32_t values[] = {0, 1, 17, 18, 40, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff};
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(FILE_MAX);
    struct parts parts = usual;
    size_t fields;

    (void)state;
    parts.metadata = "<x/>";
    build(&parts, &bytes);
    fields = 18 + strlen(parts.redirect);
    for (size_t at = 14; at < fields + 40; at = at == 14 ? fields : at + 4) {
        for (size_t i = 0; i < RMS_COUNT(values); i++) {
            uint8_t kept[4];
            struct rms_pfile p;

            memcpy(kept, bytes.data + at, 4);
            memcpy(bytes.data + at, &values[i], 4);
            if (parse_bytes(rms_buf_view(&bytes), &p) == 0) {
                assert_true(p.licence_offset + p.licence_len <= bytes.len);
                assert_true(p.metadata_offset + p.metadata_len <= bytes.len);
                assert_true(p.content_offset + p.content_len == bytes.len);
                assert_true(p.content_offset >= p.metadata_offset + p.metadata_len);
            }
            memcpy(bytes.data + at, kept, 4);
        }
    }
}

static void overlapping_parts(void **state)
{
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(FILE_MAX);
    struct rms_pfile pfile;
    struct parts parts = usual;
    uint32_t content;
    size_t field;

    (void)state;
    /* content in front of the end of the licence */
    parts.major = 2;
    parts.header_size = 24;
    build(&parts, &bytes);
    field = 18 + strlen(parts.redirect) + 20;
    memcpy(&content, bytes.data + field, 4);
    content--;
    memcpy(bytes.data + field, &content, 4);
    assert_int_equal(parse_bytes(rms_buf_view(&bytes), &pfile), RMS_E_DAMAGED);
    /* no licence at all */
    parts.licence = "";
    assert_int_equal(parse_parts(&parts, &pfile), RMS_E_DAMAGED);
}

static void cut_at_every_length(void **state)
{
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(FILE_MAX);
    struct parts parts = usual;
    struct rms_pfile pfile;

    (void)state;
    parts.metadata = "<x/>";
    build(&parts, &bytes);
    for (size_t len = 0; len < bytes.len; len++) {
        /* exact size in memory of its own, so that a read past the end is seen */
        uint8_t *copy = malloc(len + 1);
        int code;

        memcpy(copy, bytes.data, len);
        code = parse_bytes(rms_view_of(copy, len), &pfile);
        free(copy);
        if (len < 6) {
            assert_int_equal(code, RMS_E_NOT_PROTECTED);
        } else if (len < bytes.len - 16) {
            assert_int_equal(code, RMS_E_DAMAGED);
        } else {
            assert_int_equal(code, 0); /* only content is missing: the cipher tells */
        }
    }
}

static void other_files(void **state)
{
    static const char *const others[] = {
        "", "x", ".pfil", ".pfiles and more text here", "PK\x03\x04", "%PDF-1.7"};
    struct rms_pfile pfile;

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(others); i++) {
        assert_int_equal(parse_bytes(rms_view_str(others[i]), &pfile), RMS_E_NOT_PROTECTED);
    }
}

static void written_is_read(void **state)
{
    static const char *const rows[] = {".txt", "", NULL, ".\xe2\x82\xac", ".pfile"};

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(FILE_MAX);
        struct rms_buf RMS_BUF_CLEANUP licence = RMS_BUF_INIT(FILE_MAX);
        const struct rms_pfile_request request = {
            rows[i], RMS_VIEW_LITERAL("\xef\xbb\xbf<XrML/>"), RMS_VIEW_LITERAL("meta"), 123456789012, 0};
        struct rms_view view;
        struct rms_reader reader;
        struct rms_pfile pfile;

        assert_int_equal(rms_pfile_emit(&request, &bytes), 0);
        view = rms_buf_view(&bytes);
        reader = rms_reader_of_view(&view);
        assert_int_equal(rms_pfile_parse(&reader, &pfile), 0);
        assert_int_equal(pfile.major, 3);
        assert_int_equal(pfile.minor, 0);
        assert_int_equal(pfile.header_size, 40);
        assert_string_equal(pfile.extension, i == 0 || i == 3 ? rows[i] : "");
        assert_int_equal(pfile.content_offset, bytes.len);
        assert_int_equal(pfile.content_len, 0);
        assert_int_equal(pfile.original_size, 123456789012);
        assert_int_equal(rms_pfile_licence(&reader, &pfile, &licence), 0);
        assert_true(rms_view_equal(rms_buf_view(&licence), request.licence));
        assert_memory_equal(bytes.data + pfile.metadata_offset, "meta", 4);
    }
}

static void refused_requests(void **state)
{
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(64u * 1024 * 1024);
    struct rms_pfile_request request = {"noext", RMS_VIEW_LITERAL("<XrML/>"), {NULL, 0}, 1, 0};
    struct rms_buf RMS_BUF_CLEANUP small = RMS_BUF_INIT(100);

    (void)state;
    assert_int_equal(rms_pfile_emit(&request, &bytes), RMS_E_BAD_ARGUMENT);
    request.extension = ".a/b";
    assert_int_equal(rms_pfile_emit(&request, &bytes), RMS_E_BAD_ARGUMENT);
    request.extension = ".txt";
    request.licence.len = RMS_PFILE_LICENCE_MAX + 1;
    assert_int_equal(rms_pfile_emit(&request, &bytes), RMS_E_LIMIT);
    request.licence = RMS_VIEW_LITERAL("<XrML/>");
    assert_int_equal(rms_pfile_emit(&request, &small), RMS_E_LIMIT);
}

/* Files of other writers (test/vectors/pfile). */
static void samples(void **state)
{
    static const struct {
        const char *name;
        unsigned major;
        const char *extension;
        uint64_t content_len;
        const char *licence; /* the same licence, taken out by somebody else */
    } rows[] = {
        {"linuxTest.txt.pfile", 3, ".txt", 16, "linuxTest.pl.xml"},
        {"AliceBvt.txt.pfile", 3, ".txt", 32, "AliceBvt.pl.xml"},
        {"android_template_01.ptxt", 2, ".txt", 0, "android_template_01.pl.xml"},
    };
    const char *root = getenv("RMS_SOURCE_DIR");

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        struct rms_buf RMS_BUF_CLEANUP path = RMS_BUF_INIT(4096);
        struct rms_buf RMS_BUF_CLEANUP file = RMS_BUF_INIT(FILE_MAX);
        struct rms_buf RMS_BUF_CLEANUP licence = RMS_BUF_INIT(FILE_MAX);
        struct rms_buf RMS_BUF_CLEANUP known = RMS_BUF_INIT(FILE_MAX);
        struct rms_view view;
        struct rms_reader reader;
        struct rms_pfile pfile;

        rms_buf_printf(&path, "%s/test/vectors/pfile/%s", root != NULL ? root : ".", rows[i].name);
        assert_int_equal(rms_file_read(rms_buf_text(&path), &file), 0);
        rms_buf_reset(&path);
        rms_buf_printf(&path, "%s/test/vectors/licences/%s", root != NULL ? root : ".", rows[i].licence);
        assert_int_equal(rms_file_read(rms_buf_text(&path), &known), 0);
        view = rms_buf_view(&file);
        reader = rms_reader_of_view(&view);
        assert_int_equal(rms_pfile_parse(&reader, &pfile), 0);
        assert_int_equal(pfile.major, rows[i].major);
        assert_string_equal(pfile.extension, rows[i].extension);
        assert_true(pfile.original_size == RMS_PFILE_SIZE_UNKNOWN);
        assert_int_equal(pfile.content_len % 16, 0);
        assert_true(pfile.content_len > 0);
        if (rows[i].content_len > 0) {
            assert_int_equal(pfile.content_len, rows[i].content_len);
        }
        assert_int_equal(rms_pfile_licence(&reader, &pfile, &licence), 0);
        assert_true(rms_view_equal(rms_buf_view(&licence), rms_buf_view(&known)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions),
        cmocka_unit_test(redirect_of_any_length),
        cmocka_unit_test(original_sizes),
        cmocka_unit_test(extensions),
        cmocka_unit_test(wild_fields),
        cmocka_unit_test(overlapping_parts),
        cmocka_unit_test(cut_at_every_length),
        cmocka_unit_test(other_files),
        cmocka_unit_test(written_is_read),
        cmocka_unit_test(refused_requests),
        cmocka_unit_test(samples),
    };

    return cmocka_run_group_tests_name("format pfile", tests, NULL, NULL);
}
