/* Labels in each kind of place, on the smallest files that have one. */
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "label/image.h"
#include "label/label_test.h"
#include "label/ole.h"
#include "label/pdf.h"
#include "label/pfile.h"
#include "label/propset.h"
#include "label/xmp.h"

#include "format/cfb_write.h"
#include "format/pfile.h"

#define FILE_MAX   (1024u * 1024)
#define must(call) assert_int_equal(call, 0)

struct place {
    const char *name;
    int (*make)(struct rms_buf *out);
    int (*read)(int fd, struct rms_label_pairs *pairs);
    int (*write)(int fd, int out, const struct rms_label_pairs *pairs);
};

/* --- files ---------------------------------------------------------------------------------------------- */

#define PNG_HEAD "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\0\0\0\0\x3a\x7e\x9b\x55"
#define PNG_REST "\0\0\0\nIDAT\x78\x9c\x63\x60\0\0\0\2\0\1\x48\xaf\xa4\x71\0\0\0\0IEND\xae\x42\x60\x82"

static int make_png(struct rms_buf *out)
{
    rms_buf_append(out, PNG_HEAD PNG_REST, sizeof(PNG_HEAD PNG_REST) - 1);
    return 0;
}

static int make_jpeg(struct rms_buf *out)
{
    static const char bytes[] = "\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xdb\0\4ab"
                                "\xff\xda\0\4cd picture \xff\xd9";

    rms_buf_append(out, bytes, sizeof bytes - 1);
    return 0;
}

static int make_tiff(struct rms_buf *out)
{
    static const char bytes[] = "II*\0\x0a\0\0\0xy" /* a directory of two entries at 10 */
                                "\2\0\0\1\3\0\1\0\0\0\1\0\0\0\x53\x87\1\0\1\0\0\0\7\0\0\0\0\0\0\0";

    rms_buf_append(out, bytes, sizeof bytes - 1);
    return 0;
}

static int make_big_tiff(struct rms_buf *out)
{
    static const char bytes[] = "MM\0*\0\0\0\x08\0\1\1\0\0\3\0\0\0\1\0\1\0\0\0\0\0\0z"; /* of odd length */

    rms_buf_append(out, bytes, sizeof bytes - 1);
    return 0;
}

static int make_pdf(struct rms_buf *out)
{
    static const char text[] = "%%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n"
                               "<< /Type /Pages /Kids [ ] /Count 0 >>\nendobj\n"
                               "xref\n0 3\n0000000000 65535 f \n0000000009 00000 n \n0000000058 00000 n \n"
                               "trailer\n<< /Size 3 /Root 1 0 R >>\nstartxref\n%u\n%%%%EOF\n";

    rms_buf_printf(out, text, 111u);
    return 0;
}

static int make_ole(struct rms_buf *out)
{
    const struct rms_writer to = rms_writer_of_buf(out);
    struct rms_cfb_writer *writer = NULL;

    must(rms_cfb_writer_new(&to, &writer));
    must(rms_cfb_put(writer, "WordDocument", RMS_VIEW_LITERAL("the text")));
    must(rms_cfb_enter(writer, "Macros"));
    must(rms_cfb_put(writer, "PROJECT", RMS_VIEW_LITERAL("a macro")));
    must(rms_cfb_leave(writer));
    must(rms_cfb_finish(writer));
    rms_cfb_writer_free(&writer);
    return 0;
}

static int make_pfile(struct rms_buf *out)
{
    const struct rms_pfile_request request = {
        ".txt", RMS_VIEW_LITERAL("<XrML/>"), RMS_VIEW_LITERAL("OpenRMS.Saved 1\n5\n00\n"), 5, 0};

    must(rms_pfile_emit(&request, out));
    rms_buf_append_str(out, "sixteen bytes !!");
    return 0;
}

static const struct place places[] = {
    {"png", make_png, rms_label_image_read, rms_label_image_write},
    {"jpeg", make_jpeg, rms_label_image_read, rms_label_image_write},
    {"tiff", make_tiff, rms_label_image_read, rms_label_image_write},
    {"big-endian tiff", make_big_tiff, rms_label_image_read, rms_label_image_write},
    {"pdf", make_pdf, rms_label_pdf_read, rms_label_pdf_write},
    {"ole", make_ole, rms_label_ole_read, rms_label_ole_write},
    {"pfile", make_pfile, rms_label_pfile_read, rms_label_pfile_write},
};

static int file_of(const struct rms_buf *bytes)
{
    int fd = memfd_create("file", MFD_CLOEXEC);

    assert_true(fd >= 0);
    must(rms_fd_pwrite_all(fd, bytes->data, bytes->len, 0));
    return fd;
}

/* Replaces the bytes by the same file with these pairs. */
static int rewrite(const struct place *place, struct rms_buf *bytes, const struct rms_label_pairs *pairs)
{
    struct rms_buf none = RMS_BUF_INIT(1);
    int from = file_of(bytes);
    int to = file_of(&none);
    int code = place->write(from, to, pairs);
    off_t len = lseek(to, 0, SEEK_END);
    uint8_t *room;

    if (code == 0) {
        rms_buf_reset(bytes);
        room = rms_buf_reserve(bytes, (size_t)len);
        assert_non_null(room);
        assert_int_equal(rms_fd_pread_full(to, room, (size_t)len, 0), len);
        rms_buf_commit(bytes, (size_t)len);
    }
    (void)close(from);
    (void)close(to);
    return code;
}

static int read_pairs(const struct place *place, const struct rms_buf *bytes, struct rms_label_pairs *pairs)
{
    int fd = file_of(bytes);
    int code = place->read(fd, pairs);

    (void)close(fd);
    return code;
}

static void same(const struct rms_label_pairs *a, const struct rms_label_pairs *b, const char *name)
{
    if (a->count != b->count) {
        fail_msg("%s: %zu pairs, not %zu", name, b->count, a->count);
    }
    for (size_t i = 0; i < a->count; i++) {
        const char *value = rms_label_pairs_get(b, a->items[i].key);

        assert_non_null(value);
        assert_string_equal(value, a->items[i].value);
    }
}

/* --- tests ---------------------------------------------------------------------------------------------- */

/* Both layouts in, another label over them, and gone again. touches: C-170, C-171, C-172 */
static void every_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < RMS_COUNT(places); i++) {
        struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA);
        struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(FILE_MAX);
        struct rms_label_pairs pairs = RMS_LABEL_PAIRS(arena);
        struct rms_label_pairs found = RMS_LABEL_PAIRS(arena);
        struct rms_label_pairs again = RMS_LABEL_PAIRS(arena);
        struct rms_label_pairs last = RMS_LABEL_PAIRS(arena);
        struct rms_labelled label = wanted(LABEL_B);

        must(places[i].make(&bytes));
        assert_int_equal(read_pairs(&places[i], &bytes, &found), 0);
        assert_int_equal(found.count, 0);
        PUT_ALL(&pairs, old_layout);
        assert_int_equal(rewrite(&places[i], &bytes, &pairs), 0);
        assert_int_equal(read_pairs(&places[i], &bytes, &found), 0);
        same(&pairs, &found, places[i].name);
        label.name = "Geheim über <alles> & \"mehr\"";
        must(rms_label_set(&found, &label, "Übung"));
        assert_int_equal(rewrite(&places[i], &bytes, &found), 0);
        assert_int_equal(read_pairs(&places[i], &bytes, &again), 0);
        same(&found, &again, places[i].name);
        assert_null(rms_label_pairs_get(&again, KEY(LABEL_A, "Enabled")));
        assert_string_equal(rms_label_pairs_get(&again, KEY(LABEL_X, "SiteId")), THEIRS);
        must(rms_label_remove(&again, OURS));
        must(rms_label_remove(&again, THEIRS));
        assert_int_equal(rewrite(&places[i], &bytes, &again), 0);
        assert_int_equal(read_pairs(&places[i], &bytes, &last), 0);
        assert_int_equal(last.count, 0);
    }
}

/* What is not of the label stays where it is. */
static void the_rest_stays(void **state)
{
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA);
    struct rms_label_pairs pairs = RMS_LABEL_PAIRS(arena);

    (void)state;
    PUT_ALL(&pairs, old_layout);
    for (size_t i = 0; i < RMS_COUNT(places); i++) {
        struct rms_buf RMS_BUF_CLEANUP before = RMS_BUF_INIT(FILE_MAX);
        struct rms_buf RMS_BUF_CLEANUP after = RMS_BUF_INIT(FILE_MAX);
        struct rms_label_pairs none = RMS_LABEL_PAIRS(arena);

        must(places[i].make(&before));
        must(places[i].make(&after));
        assert_int_equal(rewrite(&places[i], &after, &pairs), 0);
        if (i == 0) { /* the chunks behind the first one */
            assert_memory_equal(after.data + after.len - sizeof PNG_REST + 1, PNG_REST, sizeof PNG_REST - 1);
            assert_memory_equal(after.data, before.data, sizeof PNG_HEAD - 1);
        } else if (i == 4) { /* all of it */
            assert_memory_equal(after.data, before.data, before.len);
        } else if (i == 5) {
            assert_non_null(memmem(after.data, after.len, "the text", 8));
            assert_non_null(memmem(after.data, after.len, "a macro", 7));
        } else if (i == 6) {
            assert_memory_equal(after.data + after.len - 16, "sixteen bytes !!", 16);
            assert_non_null(memmem(after.data, after.len, "<XrML/>OpenRMS.Saved 1\n5\n00\n<?xpacket", 37));
        }
        assert_int_equal(rewrite(&places[i], &after, &none), 0);
    }
}

/* Other properties of an Office document, in a section whose texts are UTF-16. */
static void other_properties(void **state)
{
    static const uint8_t stream[] = {0xfe, 0xff, 0, 0, 6, 0, 2, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
        14, 15, 16, 1, 0, 0, 0, 0x05, 0xd5, 0xcd, 0xd5, 0x9c, 0x2e, 0x1b, 0x10, 0x93, 0x97, 0x08, 0x00, 0x2b,
        0x2c, 0xf9, 0xae, 48, 0, 0, 0, 72, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 32, 0, 0, 0, 0, 0, 0, 0, 40, 0, 0,
        0, 5, 0, 0, 0, 64, 0, 0, 0, 2, 0, 0, 0, 0xb0, 4, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0, 3, 0, 0, 0, 'D', 0,
        0xfc, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11, 0, 0, 0, 0xff, 0xff, 0, 0};
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA);
    struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(RMS_PROPSET_MAX);
    struct rms_buf RMS_BUF_CLEANUP back = RMS_BUF_INIT(RMS_PROPSET_MAX);
    struct rms_label_pairs pairs = RMS_LABEL_PAIRS(arena);
    struct rms_label_pairs found = RMS_LABEL_PAIRS(arena);
    struct rms_label_pairs none = RMS_LABEL_PAIRS(arena);

    (void)state;
    PUT_ALL(&pairs, old_layout);
    must(rms_propset_read(rms_view_of(stream, sizeof stream), &found));
    assert_int_equal(found.count, 0);
    must(rms_propset_write(rms_view_of(stream, sizeof stream), &pairs, &out));
    must(rms_propset_read(rms_buf_view(&out), &found));
    same(&pairs, &found, "utf-16");
    assert_memory_equal(out.data, stream, 28);                                   /* system and class */
    assert_non_null(memmem(out.data, out.len, "\5\0\0\0\3\0\0\0D\0\xfc\0", 12)); /* the name */
    assert_non_null(memmem(out.data, out.len, "\x0b\0\0\0\xff\xff\0\0", 8));     /* the value */
    must(rms_propset_write(rms_buf_view(&out), &none, &back));
    assert_non_null(memmem(back.data, back.len, "\5\0\0\0\3\0\0\0D\0\xfc\0", 12));
    assert_null(memmem(back.data, back.len, "M\0S\0I\0P", 7));
}

/* Whoever may not open a document does not see its first page; the rest of its summary stays. */
static void without_its_picture(void **state)
{
    static const uint8_t stream[] = {0xfe, 0xff, 0, 0, 6, 0, 2, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
        14, 15, 16, 1, 0, 0, 0, 0xe0, 0x85, 0x9f, 0xf2, 0xf9, 0x4f, 0x68, 0x10, 0xab, 0x91, 0x08, 0x00, 0x2b,
        0x27, 0xb3, 0xd9, 48, 0, 0, 0, 52, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 24, 0, 0, 0, 17, 0, 0, 0, 36, 0,
        0, 0, 30, 0, 0, 0, 4, 0, 0, 0, 'o', 'n', 'e', 0, 71, 0, 0, 0, 8, 0, 0, 0, 'P', 'I', 'C', 'T', 'U',
        'R', 'E', '!'};
    struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(RMS_PROPSET_MAX);
    struct rms_buf RMS_BUF_CLEANUP back = RMS_BUF_INIT(RMS_PROPSET_MAX);

    (void)state;
    must(rms_propset_summary_of(rms_view_of(stream, sizeof stream), &out));
    assert_memory_equal(out.data, stream, 28); /* system and class */
    assert_non_null(memmem(out.data, out.len, "\x1e\0\0\0\4\0\0\0one", 12));
    assert_null(memmem(out.data, out.len, "PICTURE", 7));
    must(rms_propset_summary_of(rms_buf_view(&out), &back));
    assert_true(rms_view_equal(rms_buf_view(&out), rms_buf_view(&back)));
    for (size_t len = 0; len < sizeof stream; len++) {
        rms_buf_reset(&out);
        assert_true(rms_propset_summary_of(rms_view_of(stream, len), &out) < 0);
    }
}

/* As clients of 2017 wrote it into pfiles (protected-file-formats 9.4). touches: C-170 */
static void list_form(void **state)
{
    static const char packet[] =
        "<?xpacket begin=\"\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?><x:xmpmeta xmlns:x=\"adobe:ns:meta/\">"
        "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description rdf:about=\"\" "
        "xmlns:msip=\"http://www.microsoft.com/msip/1.0/\" "
        "xmlns:msip-label=\"http://www.microsoft.com/msip/label/1.0/\" "
        "xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><dc:source>kept</dc:source>"
        "<msip:sensitivity/><msip:labels><rdf:Bag><rdf:li rdf:parseType=\"Resource\">"
        "<msip-label:Name>General</msip-label:Name><msip-label:Id>" LABEL_A "</msip-label:Id>"
        "<msip-label:Enabled>True</msip-label:Enabled><msip-label:ParentId>" LABEL_B "</msip-label:ParentId>"
        "<msip-label:SiteId>" OURS "</msip-label:SiteId></rdf:li></rdf:Bag></msip:labels>"
        "</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end=\"w\"?>";
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA);
    struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(RMS_XMP_MAX);
    struct rms_label_pairs pairs = RMS_LABEL_PAIRS(arena);
    struct rms_label_pairs again = RMS_LABEL_PAIRS(arena);
    struct rms_labelled label;
    bool doubtful;

    (void)state;
    must(rms_label_xmp_read(rms_view_str(packet), RMS_XMP_MSIP, &pairs));
    must(rms_label_in_force(&pairs, OURS, &label, &doubtful));
    assert_string_equal(label.id, LABEL_A);
    assert_string_equal(label.name, "General");
    assert_string_equal(label.parent, LABEL_B);
    must(rms_label_xmp_write(rms_view_str(packet), RMS_XMP_MSIP, &pairs, &out));
    assert_null(strstr(rms_buf_text(&out), "msip:labels"));
    assert_non_null(strstr(rms_buf_text(&out), "<dc:source>kept</dc:source>"));
    must(rms_label_xmp_read(rms_buf_view(&out), RMS_XMP_MSIP, &again));
    same(&pairs, &again, "flat");
}

/* Changed anywhere, a file gives the same result twice, and no crash. touches: C-177 */
static void mutated(void **state)
{
    uint32_t seed = 7;

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(places); i++) {
        struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA);
        struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(FILE_MAX);
        struct rms_label_pairs pairs = RMS_LABEL_PAIRS(arena);

        must(places[i].make(&bytes));
        PUT_ALL(&pairs, old_layout);
        assert_int_equal(rewrite(&places[i], &bytes, &pairs), 0);
        for (int round = 0; round < 300; round++) {
            struct rms_arena RMS_ARENA_CLEANUP *room = rms_arena_new(ARENA);
            struct rms_label_pairs first = RMS_LABEL_PAIRS(room);
            struct rms_label_pairs second = RMS_LABEL_PAIRS(room);
            uint8_t old;
            size_t at;

            seed = seed * 1664525 + 1013904223;
            at = (seed >> 8) % bytes.len;
            old = bytes.data[at];
            bytes.data[at] ^= (uint8_t)(1 + seed % 255);
            assert_int_equal(read_pairs(&places[i], &bytes, &first), read_pairs(&places[i], &bytes, &second));
            same(&first, &second, places[i].name);
            bytes.data[at] = old;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_place),
        cmocka_unit_test(the_rest_stays),
        cmocka_unit_test(other_properties),
        cmocka_unit_test(without_its_picture),
        cmocka_unit_test(list_form),
        cmocka_unit_test(mutated),
    };

    return cmocka_run_group_tests_name("label places", tests, NULL, NULL);
}
