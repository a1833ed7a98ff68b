/* Office documents in their own protected form, end to end and offline against an issuer made here. */
#include "base/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "client/context.h"
#include "client/testing/people.h"
#include "format/office.h"
#include "label/propset.h"
#include "xrml/testing/world.h"

#define FILE_MAX ((size_t)64 * 1024 * 1024)

static const struct rms_file_options in_place = {.size = sizeof in_place, .in_place = true};

/* --- documents to protect --- */

/* What begins like a package, of a length. Nobody here looks further into it. */
static void make_package(struct rms_buf *out, size_t len)
{
    rms_buf_append_str(out, "PK\003\004");
    while (out->len < len) {
        rms_buf_append_byte(out, (uint8_t)(out->len * 13 + out->len / 255));
    }
}

struct stream {
    const char *name;
    struct rms_view bytes;
};

static void make_compound(struct rms_buf *out, const struct stream *streams, size_t count)
{
    const struct rms_writer to = rms_writer_of_buf(out);
    struct rms_cfb_writer *writer = NULL;

    rms_must(rms_cfb_writer_new(&to, &writer));
    for (size_t i = 0; i < count; i++) {
        rms_must(rms_cfb_put(writer, streams[i].name, streams[i].bytes));
    }
    rms_must(rms_cfb_finish(writer));
    rms_cfb_writer_free(&writer);
}

static const uint8_t word_head[600] = {0xec, 0xa5, 0xc1, 0, 0, 0, 0, 0, 0, 0, 0, 0};
static const uint8_t excel_head[40] = {0x09, 8, 4, 0, 0, 6, 5, 0, 0x0a, 0, 0, 0};
static const uint8_t powerpoint_user[40] = {
    0, 0, 0xf6, 0x0f, 32, 0, 0, 0, 20, 0, 0, 0, 0x5f, 0xc0, 0x91, 0xe3};

#define BYTES(array) rms_view_of(array, sizeof(array))

static void make_word(struct rms_buf *out)
{
    struct rms_buf RMS_BUF_CLEANUP summary = RMS_BUF_INIT(RMS_PROPSET_MAX);

    rms_must(rms_propset_summary("the title", "", &summary));

    const struct stream streams[] = {{"WordDocument", BYTES(word_head)},
        {"1Table", RMS_VIEW_LITERAL("table")}, {RMS_PROPSET_SUMMARY, rms_buf_view(&summary)},
        {"Data", RMS_VIEW_LITERAL("secret data")}};

    make_compound(out, streams, RMS_COUNT(streams));
}

static void make_excel(struct rms_buf *out)
{
    const struct stream streams[] = {{"Workbook", BYTES(excel_head)}};

    make_compound(out, streams, RMS_COUNT(streams));
}

static void make_powerpoint(struct rms_buf *out)
{
    const struct stream streams[] = {
        {"PowerPoint Document", RMS_VIEW_LITERAL("slides")}, {"Current User", BYTES(powerpoint_user)}};

    make_compound(out, streams, RMS_COUNT(streams));
}

static bool holds(const char *path, const struct rms_buf *bytes)
{
    struct rms_buf RMS_BUF_CLEANUP found = RMS_BUF_INIT(FILE_MAX);

    return rms_file_read(path, &found) == 0 && rms_view_equal(rms_buf_view(&found), rms_buf_view(bytes));
}

/* --- there and back --- */

/* In place under its own name: protected with this content stream, told as such, opened, and back. */
static void round_trip(struct fixture *f, const char *name, const struct rms_buf *bytes, const char *content)
{
    const char *path = rms_test_path(&f->issuer, name);
    struct rms_buf RMS_BUF_CLEANUP made = RMS_BUF_INIT(FILE_MAX);
    struct rms_cfb RMS_CFB_CLEANUP *cfb = NULL;
    struct rms_document *document = NULL;
    struct rms_file_status status;
    struct rms_file_result result;
    struct rms_reader reader;
    struct rms_view view;
    uint32_t index;
    uint64_t size;

    rms_test_write(path, bytes->data, bytes->len);
    assert_int_equal(rms_protect_file(f->alice, path, f->policy, &in_place, &result), 0);
    assert_string_equal(result.output, path);
    rms_must(rms_file_read(path, &made));
    view = rms_buf_view(&made);
    reader = rms_reader_of_view(&view);
    rms_must(rms_cfb_open(&reader, &cfb));
    rms_must(rms_cfb_find(cfb, RMS_CFB_ROOT, "\006DataSpaces", &index));
    rms_must(rms_cfb_find(cfb, RMS_CFB_ROOT, content, &index));
    /* nothing of the clear text is in there: its bytes between the signature and the first table */
    assert_null(memmem(made.data, made.len, "secret data", 11));
    rms_must(rms_file_status(f->alice, path, &status));
    assert_int_equal(status.protection, RMS_PROTECTED_NATIVE);
    assert_int_equal(status.original_size, bytes->len);
    assert_string_equal(status.extension, strrchr(path, '.'));
    assert_string_equal(status.owner, RMS_TEST_ALICE);
    assert_true(status.signature_trusted);
    rms_must(rms_document_open_file(f->alice, path, &document));
    rms_must(rms_document_size(document, &size));
    assert_int_equal(size, bytes->len);
    assert_string_equal(rms_document_info(document)->extension, strrchr(path, '.'));
    rms_document_free(&document);
    assert_int_equal(rms_unprotect_file(f->alice, path, &in_place, &result), 0);
    assert_string_equal(result.output, path);
    assert_true(holds(path, bytes));
    assert_int_equal(unlink(path), 0);
}

/* Names and containers by the table, in both cases. touches: C-042, C-071, C-080 */
static void kinds(void **state)
{
    static const char *const packages[] = {"docx", "docm", "dotx", "dotm", "xlsx", "xlsm", "xlsb", "xltx",
        "xltm", "xlam", "pptx", "pptm", "ppsx", "ppsm", "potx", "potm", "thmx", "vsdx", "vsdm", "vssx",
        "vssm", "vstx", "vstm", "xps", "DOCX", "Xlsx"};
    static const struct {
        const char *extension;
        void (*make)(struct rms_buf *out);
    } binaries[] = {{"doc", make_word}, {"dot", make_word}, {"xls", make_excel}, {"xla", make_excel},
        {"xlt", make_excel}, {"ppt", make_powerpoint}, {"pps", make_powerpoint}, {"DOC", make_word}};
    char name[64];

    for (size_t i = 0; i < RMS_COUNT(packages); i++) {
        struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(FILE_MAX);

        make_package(&bytes, 5000 + i);
        (void)snprintf(name, sizeof name, "a.%s", packages[i]);
        round_trip(*state, name, &bytes, "EncryptedPackage");
    }
    for (size_t i = 0; i < RMS_COUNT(binaries); i++) {
        struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(FILE_MAX);

        binaries[i].make(&bytes);
        (void)snprintf(name, sizeof name, "a.%s", binaries[i].extension);
        round_trip(*state, name, &bytes, "\tDRMContent");
    }
}

/* On both sides of every block, of the chunk threads work on, and of the compound file's small streams. */
static void lengths(void **state)
{
    static const size_t lens[] = {4, 15, 16, 17, 4080, 4087, 4088, 4089, 4095, 4096, 4097, 8192, 65536,
        1048575, 1048576, 1048577, 3145729, 12000001};

    for (size_t i = 0; i < RMS_COUNT(lens); i++) {
        struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(FILE_MAX);

        make_package(&bytes, lens[i]);
        round_trip(*state, "long.xlsx", &bytes, "EncryptedPackage");
    }
}

/* A document that office programs read (test/vectors/files). */
static void real_document(void **state)
{
    struct rms_buf RMS_BUF_CLEANUP path = RMS_BUF_INIT(4096);
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(FILE_MAX);
    const char *root = getenv("RMS_SOURCE_DIR");

    rms_buf_printf(&path, "%s/test/vectors/files/budget.docx", root != NULL ? root : ".");
    rms_must(rms_file_read(rms_buf_text(&path), &bytes));
    round_trip(*state, "budget.docx", &bytes, "EncryptedPackage");
}

/* By the content, whatever the name says; what only has the name is protected generically. */
static void content_decides(void **state)
{
    struct fixture *f = *state;
    struct rms_buf RMS_BUF_CLEANUP package = RMS_BUF_INIT(FILE_MAX);
    struct rms_buf RMS_BUF_CLEANUP binary = RMS_BUF_INIT(FILE_MAX);
    struct rms_file_result result;
    const char *path;

    make_package(&package, 100);
    make_word(&binary);
    round_trip(f, "new.doc", &package, "EncryptedPackage");
    round_trip(f, "old.docx", &binary, "\tDRMContent");
    path = rms_test_path(&f->issuer, "text.doc");
    rms_test_write(path, "{\\rtf1 text}", 12);
    assert_int_equal(rms_protect_file(f->alice, path, f->policy, &in_place, &result), 0);
    assert_string_equal(result.output, rms_test_path(&f->issuer, "text.doc.pfile"));
    path = rms_test_path(&f->issuer, "empty.docx");
    rms_test_write(path, "", 0);
    assert_int_equal(rms_protect_file(f->alice, path, f->policy, &in_place, &result), 0);
    assert_string_equal(result.output, rms_test_path(&f->issuer, "empty.docx.pfile"));
}

/* --- refusals --- */

static void refused(struct fixture *f, const char *name, const struct rms_buf *bytes, int code)
{
    const char *path = rms_test_path(&f->issuer, name);
    struct rms_file_result result;

    rms_test_write(path, bytes->data, bytes->len);
    assert_int_equal(rms_protect_file(f->alice, path, f->policy, &in_place, &result), code);
    assert_true(holds(path, bytes));
    assert_int_equal(unlink(path), 0);
}

/* Encrypted with a password, each in its application's way. touches: C-051 */
static void passwords(void **state)
{
    static const uint8_t locked_word[600] = {0xec, 0xa5, 0xc1, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    static const uint8_t locked_excel[40] = {0x09, 8, 4, 0, 0, 6, 5, 0, 0x2f, 0, 4, 0, 1, 0, 1, 0};
    static const uint8_t locked_user[40] = {
        0, 0, 0xf6, 0x0f, 32, 0, 0, 0, 20, 0, 0, 0, 0xdf, 0xc4, 0xd1, 0xf3};
    const struct {
        const char *name;
        struct stream streams[2];
    } rows[] = {
        {"agile.docx",
            {{"EncryptionInfo", RMS_VIEW_LITERAL("x")}, {"EncryptedPackage", RMS_VIEW_LITERAL("y")}}},
        {"w.doc", {{"WordDocument", BYTES(locked_word)}, {"1Table", RMS_VIEW_LITERAL("x")}}},
        {"e.xls", {{"Workbook", BYTES(locked_excel)}, {"x", RMS_VIEW_LITERAL("x")}}},
        {"p.ppt", {{"PowerPoint Document", RMS_VIEW_LITERAL("x")}, {"Current User", BYTES(locked_user)}}},
    };

    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(FILE_MAX);

        make_compound(&bytes, rows[i].streams, 2);
        refused(*state, rows[i].name, &bytes, RMS_E_PASSWORD);
    }
}

/* A broken compound file with an Office name is refused; with another name it is somebody else's business. */
static void broken_documents(void **state)
{
    struct fixture *f = *state;
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(FILE_MAX);
    struct rms_file_result result;
    const char *path = rms_test_path(&f->issuer, "b.vsd");

    make_word(&bytes);
    rms_buf_truncate(&bytes, 700);
    refused(f, "b.doc", &bytes, RMS_E_DAMAGED);
    rms_test_write(path, bytes.data, bytes.len);
    assert_int_equal(rms_protect_file(f->alice, path, f->policy, &in_place, &result), 0);
    assert_string_equal(result.output, rms_test_path(&f->issuer, "b.vsd.pfile"));
}

/* One byte above the limit is refused by its size, before anything is read or written. touches: C-052 */
static void too_large(void **state)
{
    struct fixture *f = *state;
    const char *path = rms_test_path(&f->issuer, "large.docx");
    struct rms_file_result result;

    rms_test_write(path, "PK\003\004", 4);
    assert_int_equal(truncate(path, 512L * 1024 * 1024 + 1), 0);
    assert_int_equal(rms_protect_file(f->alice, path, f->policy, &in_place, &result), RMS_E_LIMIT);
    assert_non_null(strstr(rms_last_detail(f->alice), "512 MB"));
    path = rms_test_path(&f->issuer, "large.xlsx");
    rms_test_write(path, "PK\003\004", 4);
    assert_int_equal(truncate(path, 2048L * 1024 * 1024), 0);
    assert_int_equal(rms_protect_file(f->alice, path, f->policy, &in_place, &result), RMS_E_LIMIT);
}

/* --- protected again --- */

static struct rms_view find_stream(struct rms_cfb *cfb, const char *name, struct rms_buf *out)
{
    uint32_t index;

    rms_must(rms_cfb_find(cfb, RMS_CFB_ROOT, name, &index));
    rms_must(rms_cfb_read(cfb, index, out));
    return rms_buf_view(out);
}

/* Another licence and key, the same form, and what stood in clear beside it stays. touches: C-065 */
static void again(void **state)
{
    struct fixture *f = *state;
    const char *path = rms_test_path(&f->issuer, "again.doc");
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(FILE_MAX);
    struct rms_buf RMS_BUF_CLEANUP summary = RMS_BUF_INIT(RMS_PROPSET_MAX);
    char first[sizeof((struct rms_file_result *)0)->content_id];
    struct rms_file_result result;

    make_word(&bytes);
    rms_must(rms_propset_summary("the title", "", &summary));
    rms_test_write(path, bytes.data, bytes.len);
    rms_must(rms_protect_file(f->alice, path, f->policy, &in_place, &result));
    memcpy(first, result.content_id, sizeof first);
    for (int i = 0; i < 2; i++) {
        struct rms_buf RMS_BUF_CLEANUP made = RMS_BUF_INIT(FILE_MAX);
        struct rms_buf RMS_BUF_CLEANUP title = RMS_BUF_INIT(FILE_MAX);
        struct rms_cfb RMS_CFB_CLEANUP *cfb = NULL;
        struct rms_reader reader;
        struct rms_view view;
        uint32_t index;

        rms_must(rms_file_read(path, &made));
        view = rms_buf_view(&made);
        reader = rms_reader_of_view(&view);
        rms_must(rms_cfb_open(&reader, &cfb));
        assert_true(rms_view_equal(find_stream(cfb, RMS_PROPSET_SUMMARY, &title), rms_buf_view(&summary)));
        assert_int_equal(rms_cfb_find(cfb, RMS_CFB_ROOT, "Data", &index), RMS_E_NOT_FOUND);
        rms_must(rms_cfb_find(cfb, RMS_CFB_ROOT, "WordDocument", &index)); /* the placeholder */
        if (i == 0) {
            rms_must(rms_protect_file(f->alice, path, f->policy, &in_place, &result));
            assert_string_not_equal(result.content_id, first);
        }
    }
    rms_must(rms_unprotect_file(f->alice, path, &in_place, &result));
    assert_true(holds(path, &bytes));
}

/* --- saved --- */

static void take_licence(const char *path, struct rms_buf *out)
{
    struct rms_buf RMS_BUF_CLEANUP file = RMS_BUF_INIT(FILE_MAX);
    struct rms_container RMS_CONTAINER_CLEANUP container = {0};
    struct rms_reader reader;
    struct rms_view view;

    rms_must(rms_file_read(path, &file));
    view = rms_buf_view(&file);
    reader = rms_reader_of_view(&view);
    rms_must(rms_container_open(&reader, &container));
    rms_must(rms_container_licence(&container, out));
}

static int64_t read_buf(void *user_data, uint64_t offset, void *buffer, size_t len)
{
    const struct rms_buf *buf = user_data;
    size_t left = buf->len - (size_t)offset;

    len = len < left ? len : left;
    memcpy(buffer, buf->data + offset, len);
    return (int64_t)len;
}

/* Saves what is edited as this person, into a file of its own that then is where path was. */
static int save_as(
    struct rms_context *person, const char *path, const struct rms_buf *edited, const char *content_id)
{
    const struct rms_source source = {(void *)edited, edited->len, read_buf};
    struct rms_document *document = NULL;
    char made[4096];
    int fd;
    int status;

    (void)snprintf(made, sizeof made, "%s.made", path);
    fd = open(made, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    rms_must(rms_document_open_file(person, path, &document));
    assert_string_equal(rms_document_info(document)->content_id, content_id);
    status = rms_document_save_to(document, &source, fd);
    if (status == 0) {
        assert_int_equal(rms_document_save_to(document, &source, fd), RMS_E_BAD_ARGUMENT); /* not empty */
        assert_int_equal(rename(made, path), 0);
    } else {
        assert_int_equal(lseek(fd, 0, SEEK_END), 0);
        assert_int_equal(unlink(made), 0);
    }
    rms_document_free(&document);
    assert_int_equal(close(fd), 0);
    return status;
}

/* In both forms, twice over: the licence byte for byte, so owner, issuer and content id with it, and the key.
 * proves: C-075 */
static void saved(void **state)
{
    struct fixture *f = *state;
    const struct {
        const char *name;
        void (*make)(struct rms_buf *out);
        void (*other)(struct rms_buf *out);
    } rows[] = {{"saved.docx", NULL, make_excel}, {"saved.xls", make_excel, NULL}};
    struct rms_test_use use = {RMS_TEST_BOB, "stranger", RMS_RIGHT_VIEW, RMS_TIME_NONE, RMS_TIME_NONE};

    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        struct rms_buf RMS_BUF_CLEANUP before = RMS_BUF_INIT(FILE_MAX);
        struct rms_buf RMS_BUF_CLEANUP after = RMS_BUF_INIT(FILE_MAX);
        struct rms_buf RMS_BUF_CLEANUP edited = RMS_BUF_INIT(FILE_MAX);
        struct rms_buf RMS_BUF_CLEANUP other = RMS_BUF_INIT(FILE_MAX);
        const char *path = rms_test_path(&f->issuer, rows[i].name);
        struct rms_file_result result;

        rows[i].make != NULL ? rows[i].make(&edited) : make_package(&edited, 9000);
        rows[i].other != NULL ? rows[i].other(&other) : make_package(&other, 100);
        rms_test_write(path, edited.data, edited.len);
        rms_must(rms_protect_file(f->alice, path, f->policy, &in_place, &result));
        take_licence(path, &before);
        use.rights = RMS_RIGHT_VIEW;
        rms_issuer_license(&f->issuer, f->bob, path, &use);
        assert_int_equal(save_as(f->bob, path, &edited, result.content_id), RMS_E_NO_RIGHTS);
        use.rights = RMS_RIGHT_VIEW | RMS_RIGHT_EDIT;
        rms_issuer_license(&f->issuer, f->bob, path, &use);
        assert_int_equal(save_as(f->bob, path, &other, result.content_id), RMS_E_BAD_ARGUMENT);
        for (int times = 0; times < 2; times++) {
            if (rows[i].make == NULL) {
                make_package(&edited, edited.len + 5000);
            }
            assert_int_equal(save_as(f->bob, path, &edited, result.content_id), 0);
        }
        take_licence(path, &after);
        assert_true(rms_view_equal(rms_buf_view(&before), rms_buf_view(&after)));
        rms_must(rms_unprotect_file(f->alice, path, &in_place, &result));
        assert_true(holds(path, &edited));
        assert_int_equal(unlink(path), 0);
    }
}

/* By name, as rms_document_save does it, and what the note is for: a saved document cannot be cut either. */
static void saved_in_place(void **state)
{
    struct fixture *f = *state;
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(FILE_MAX);
    struct rms_buf RMS_BUF_CLEANUP made = RMS_BUF_INIT(FILE_MAX);
    struct rms_document *document = NULL;
    struct rms_file_result result;
    char path[4096];
    char edited[4096];
    uint8_t *note;

    (void)snprintf(path, sizeof path, "%s", rms_test_path(&f->issuer, "place.docx"));
    (void)snprintf(edited, sizeof edited, "%s", rms_test_path(&f->issuer, "edited.docx"));
    make_package(&bytes, 9000);
    rms_test_write(path, bytes.data, bytes.len);
    rms_must(rms_protect_file(f->alice, path, f->policy, &in_place, &result));
    make_package(&bytes, 20000);
    rms_test_write(edited, bytes.data, bytes.len);
    rms_must(rms_document_open_file(f->alice, path, &document));
    assert_int_equal(rms_document_save(document, edited, edited), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_document_save(document, edited, path), 0);
    rms_document_free(&document);
    rms_must(rms_file_read(path, &made));
    note = memmem(made.data, made.len, "OpenRMS.Saved 1\n20000\n", 22);
    assert_non_null(note);
    note[16] = '1';
    rms_test_write(path, made.data, made.len);
    assert_int_equal(rms_document_open_file(f->alice, path, &document), RMS_E_BAD_SIGNATURE);
    note[16] = '2';
    rms_test_write(path, made.data, made.len);
    rms_must(rms_unprotect_file(f->alice, path, &in_place, &result));
    assert_true(holds(path, &bytes));
}

/* --- damage --- */

/* Cut anywhere, a protected document is damaged or no longer one, never garbage; a flipped bit in what stands
 * around the content neither. touches: C-069 */
static void damage(void **state)
{
    struct fixture *f = *state;
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(FILE_MAX);
    struct rms_buf RMS_BUF_CLEANUP made = RMS_BUF_INIT(FILE_MAX);
    const char *path = rms_test_path(&f->issuer, "d.docx");
    struct rms_file_result result;

    make_package(&bytes, 9000);
    rms_test_write(path, bytes.data, bytes.len);
    rms_must(rms_protect_file(f->alice, path, f->policy, &in_place, &result));
    rms_must(rms_file_read(path, &made));
    for (size_t len = 0; len + 1 < made.len; len += 509) {
        rms_test_write(path, made.data, len);
        assert_int_not_equal(rms_unprotect_file(f->alice, path, &in_place, &result), 0);
    }
    for (size_t at = 0; at < made.len; at += 67) {
        made.data[at] ^= 0x20;
        rms_test_write(path, made.data, made.len);
        if (rms_unprotect_file(f->alice, path, &in_place, &result) == 0) {
            struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(FILE_MAX);

            /* in the cipher text, or in bytes that nobody reads */
            rms_must(rms_file_read(path, &out));
            assert_int_equal(out.len, bytes.len);
        }
        made.data[at] ^= 0x20;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds),
        cmocka_unit_test(lengths),
        cmocka_unit_test(real_document),
        cmocka_unit_test(content_decides),
        cmocka_unit_test(passwords),
        cmocka_unit_test(broken_documents),
        cmocka_unit_test(too_large),
        cmocka_unit_test(again),
        cmocka_unit_test(saved),
        cmocka_unit_test(saved_in_place),
        cmocka_unit_test(damage),
    };

    return cmocka_run_group_tests_name("client office", tests, set_up, tear_down);
}
