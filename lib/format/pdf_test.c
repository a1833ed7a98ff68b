/* touches: C-042 C-069 C-073 */
#include "base/test.h"

#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "crypto/base64.h"
#include "format/pdf.h"
#include "format/pdf_qpdf.h"
#include "format/pdf_wrapper.h"

#define FILE_MAX 8u * 1024 * 1024
#define SECRET   "The yield of plot seven"
#define AUTHOR   "Somebody Nobody Knows"
#define LICENCE  "\xef\xbb\xbf<?xml version=\"1.0\"?><XrML>a (licence) with \\ and \r\n</XrML>"

static const uint8_t key_bytes[32] = "0123456789abcdefghijklmnopqrstu";

/* --- documents written here, not by qpdf -------------------------------------------------------------------
 */

struct made {
    struct rms_buf file;
    uint64_t places[32];
    unsigned size;                     /* the highest object and one more */
    struct rms_content_cipher *cipher; /* of a protected one */
};

static void cleanup(struct made *made)
{
    rms_buf_fini(&made->file);
    rms_content_cipher_free(&made->cipher);
}
#define MADE __attribute__((cleanup(cleanup)))

static struct made begin(const char *header)
{
    struct made made = {.file = RMS_BUF_INIT(FILE_MAX), .size = 1};

    rms_buf_append_str(&made.file, header);
    return made;
}

static struct rms_content_cipher *new_cipher(enum rms_cipher_mode mode)
{
    struct rms_content_cipher *cipher = NULL;

    assert_int_equal(rms_content_cipher_new(mode, rms_view_of(key_bytes, sizeof key_bytes), &cipher), 0);
    return cipher;
}

static void object(struct made *made, unsigned number, const char *text)
{
    made->places[number] = made->file.len;
    made->size = number >= made->size ? number + 1 : made->size;
    rms_buf_printf(&made->file, "%u 0 obj\n%s\nendobj\n", number, text);
}

/* An encrypted item: length, bytes, padding. */
static void append_sealed(struct made *made, struct rms_view clear, struct rms_buf *out)
{
    uint8_t room[4096];
    size_t len = 4 + clear.len;
    size_t out_len;

    assert_true(len + 16 <= sizeof room);
    memset(room, 0, sizeof room);
    room[2] = (uint8_t)(clear.len >> 8);
    room[3] = (uint8_t)clear.len;
    memcpy(room + 4, clear.data, clear.len);
    if (rms_content_cipher_mode(made->cipher) == RMS_MODE_ECB) {
        len = (len + 15) / 16 * 16;
    }
    assert_int_equal(rms_content_encrypt(made->cipher, 0, room, len, true, room, &out_len), 0);
    rms_buf_append(out, room, out_len);
}

static void stream(struct made *made, unsigned number, const char *dictionary, struct rms_view clear)
{
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(FILE_MAX);

    if (made->cipher != NULL) {
        append_sealed(made, clear, &bytes);
    } else {
        rms_buf_append_view(&bytes, clear);
    }
    made->places[number] = made->file.len;
    made->size = number >= made->size ? number + 1 : made->size;
    rms_buf_printf(&made->file, "%u 0 obj\n<< %s /Length %zu >>\nstream\n", number, dictionary, bytes.len);
    rms_buf_append_view(&made->file, rms_buf_view(&bytes));
    rms_buf_append_str(&made->file, "\nendstream\nendobj\n");
}

/* A string in hexadecimal, encrypted when the document is. */
static void append_string(struct made *made, const char *text, struct rms_buf *out)
{
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(FILE_MAX);

    if (made->cipher != NULL) {
        append_sealed(made, rms_view_str(text), &bytes);
    } else {
        rms_buf_append_str(&bytes, text);
    }
    rms_buf_append_byte(out, '<');
    for (size_t i = 0; i < bytes.len; i++) {
        rms_buf_printf(out, "%02X", bytes.data[i]);
    }
    rms_buf_append_byte(out, '>');
}

static void end(struct made *made, const char *trailer)
{
    size_t table = made->file.len;

    rms_buf_printf(&made->file, "xref\n0 %u\n0000000000 65535 f \n", made->size);
    for (unsigned i = 1; i < made->size; i++) {
        rms_buf_printf(&made->file,
            made->places[i] > 0 ? "%010" PRIu64 " 00000 n \n" : "%010" PRIu64 " 00001 f \n", made->places[i]);
    }
    rms_buf_printf(&made->file, "trailer\n<< /Size %u /Root 1 0 R %s >>\nstartxref\n%zu\n%%%%EOF\n",
        made->size, trailer, table);
    assert_int_equal(rms_buf_status(&made->file), 0);
}

static const char content[] = "BT /F1 12 Tf 72 700 Td (" SECRET ") Tj ET\n";

/* Objects 1 to 6, as every document here has them. extra goes into the catalogue. */
static void pages(struct made *made, const char *extra)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(FILE_MAX);

    rms_buf_printf(&text, "<< /Type /Catalog /Pages 2 0 R %s >>", extra);
    object(made, 1, rms_buf_text(&text));
    object(made, 2, "<< /Type /Pages /Kids [ 3 0 R ] /Count 1 >>");
    object(made, 3,
        "<< /Type /Page /Parent 2 0 R /MediaBox [ 0 0 595 842 ] /Contents 5 0 R "
        "/Resources << /Font << /F1 4 0 R >> >> >>");
    object(made, 4, "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>");
    stream(made, 5, "", rms_view_str(content));
    rms_buf_reset(&text);
    rms_buf_append_str(&text, "<< /Author ");
    append_string(made, AUTHOR, &text);
    rms_buf_append_str(&text, " >>");
    object(made, 6, rms_buf_text(&text));
}

static struct made plain(const char *extra)
{
    struct made made = begin("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n");

    pages(&made, extra);
    end(&made, "/Info 6 0 R");
    return made;
}

/* --- what is tested ----------------------------------------------------------------------------------------
 */

static int protect(struct rms_view clear, struct rms_buf *out)
{
    struct rms_content_cipher RMS_CONTENT_CLEANUP *cipher = new_cipher(RMS_MODE_CBC4K);
    struct rms_reader reader = rms_reader_of_view(&clear);
    struct rms_writer writer = rms_writer_of_buf(out);
    const struct rms_pdf_job job = {.file = &reader, .out = &writer, .cipher = cipher};
    uint64_t written;
    int status = rms_pdf_protect(&job, rms_view_str(LICENCE), &written);

    if (status == 0) {
        assert_int_equal(written, out->len);
    }
    return status;
}

/* Without is_ours it stays open whether OpenRMS wrote it. */
static int unprotect_as(struct rms_view file, enum rms_cipher_mode mode, bool is_ours, struct rms_buf *out)
{
    struct rms_content_cipher RMS_CONTENT_CLEANUP *cipher = new_cipher(mode);
    struct rms_reader reader = rms_reader_of_view(&file);
    struct rms_writer writer = rms_writer_of_buf(out);
    struct rms_pdf RMS_PDF_CLEANUP *pdf = NULL;
    const struct rms_pdf_job job = {.file = &reader, .out = &writer, .cipher = cipher};
    uint64_t written;
    int status = rms_pdf_open(&reader, &pdf);

    if (status == 0 && !rms_view_equal(rms_pdf_licence(pdf), rms_view_str(LICENCE))) {
        return RMS_E_BAD_LICENSE; /* what was changed is the licence, whose signature is held against it */
    }
    return status == 0 ? rms_pdf_unprotect(pdf, &job, is_ours, &written) : status;
}

static int unprotect(struct rms_view file, enum rms_cipher_mode mode, struct rms_buf *out)
{
    return unprotect_as(file, mode, false, out);
}

static bool contains(struct rms_view file, const char *text)
{
    return memmem(file.data, file.len, text, strlen(text)) != NULL;
}

static void check_round_trip(struct rms_view clear)
{
    struct rms_content_cipher RMS_CONTENT_CLEANUP *cipher = new_cipher(RMS_MODE_CBC4K);
    struct rms_buf RMS_BUF_CLEANUP hidden = RMS_BUF_INIT(FILE_MAX);
    struct rms_buf RMS_BUF_CLEANUP again = RMS_BUF_INIT(FILE_MAX);
    struct rms_reader reader;
    struct rms_view view;

    assert_int_equal(protect(clear, &hidden), 0);
    view = rms_buf_view(&hidden);
    reader = rms_reader_of_view(&view);
    assert_int_equal(rms_pdf_verify(&reader, cipher), 0);
    assert_false(contains(rms_buf_view(&hidden), SECRET));
    assert_false(contains(rms_buf_view(&hidden), AUTHOR));
    assert_int_equal(unprotect(rms_buf_view(&hidden), RMS_MODE_CBC4K, &again), 0);
    assert_true(rms_view_equal(rms_buf_view(&again), clear));
}

/* --- other programs ----------------------------------------------------------------------------------------
 */

static char directory[] = "/tmp/pdf_test_XXXXXX";

static int make_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) != NULL ? 0 : -1;
}

static int remove_directory(void **state)
{
    static const char *const names[] = {"in.pdf", "out.pdf", "said"};
    char path[64];

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(names); i++) {
        (void)snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        (void)unlink(path);
    }
    return rmdir(directory);
}

/* Writes the file, runs a command of at most six words with IN and OUT in their places, and reads what came
 * out: the file OUT, or what the command said. */
static int run(const char *const *words, struct rms_view file, const char *result, struct rms_buf *out)
{
    extern char **environ;
    char in[64], made[64], said[64], want[64];
    const char *argv[12] = {NULL};
    posix_spawn_file_actions_t actions;
    int status;
    pid_t pid;

    (void)snprintf(in, sizeof in, "%s/in.pdf", directory);
    (void)snprintf(made, sizeof made, "%s/out.pdf", directory);
    (void)snprintf(said, sizeof said, "%s/said", directory);
    (void)snprintf(want, sizeof want, "%s/%s", directory, result);
    assert_int_equal(rms_file_write(in, file, 0600), 0);
    for (size_t i = 0; words[i] != NULL && i + 1 < RMS_COUNT(argv); i++) {
        argv[i] = strcmp(words[i], "IN") == 0 ? in : (strcmp(words[i], "OUT") == 0 ? made : words[i]);
    }
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(
        posix_spawn_file_actions_addopen(&actions, 1, said, O_WRONLY | O_CREAT | O_TRUNC, 0600), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, 1, 2), 0);
    assert_int_equal(posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)argv, environ), 0);
    (void)posix_spawn_file_actions_destroy(&actions);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(rms_file_read(want, out), 0);
    return WEXITSTATUS(status);
}

#define RUN(file, result, out, ...)                                                                          \
    run((const char *const[]){__VA_ARGS__, NULL}, rms_buf_view(file), result, out)

/* --- tests: there and back ---------------------------------------------------------------------------------
 */

static void test_round_trip(void **state)
{
    struct made MADE made = plain("");

    (void)state;
    check_round_trip(rms_buf_view(&made.file));
}

static void test_updated(void **state)
{
    struct made MADE made = plain("");
    size_t first = made.file.len;

    (void)state;
    /* a new page text behind the old one; the old stays in the file */
    stream(&made, 5, "", rms_view_str("BT /F1 12 Tf 72 700 Td (Corrected) Tj ET\n"));
    rms_buf_printf(&made.file,
        "xref\n5 1\n%010" PRIu64 " 00000 n \ntrailer\n<< /Size 7 /Root 1 0 R /Info 6 0 R "
        "/Prev %zu >>\nstartxref\n%zu\n%%%%EOF\n",
        made.places[5], first - 30, made.file.len);
    check_round_trip(rms_buf_view(&made.file));
}

/* As other programs write: object streams, a linearized file; what qpdf makes of it is the original here. */
static void test_shapes(void **state)
{
    static const char *const options[] = {"--object-streams=generate", "--linearize", "--qdf"};
    struct made MADE made = plain("/Lang (en)");

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(options); i++) {
        struct rms_buf RMS_BUF_CLEANUP shaped = RMS_BUF_INIT(FILE_MAX);

        assert_int_equal(RUN(&made.file, "out.pdf", &shaped, "qpdf", options[i], "IN", "OUT"), 0);
        check_round_trip(rms_buf_view(&shaped));
    }
}

static void test_attachment(void **state)
{
    struct made MADE made = begin("%PDF-1.7\n");
    uint8_t bytes[3000];

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 7);
    }
    pages(&made, "/Names << /EmbeddedFiles << /Names [ (a.bin) 7 0 R ] >> >>");
    object(&made, 7, "<< /Type /Filespec /F (a.bin) /EF << /F 8 0 R >> >>");
    stream(&made, 8, "/Type /EmbeddedFile", rms_view_of(bytes, sizeof bytes));
    end(&made, "/Info 6 0 R");
    check_round_trip(rms_buf_view(&made.file));
}

/* Bytes in front of the header and behind the end, which readers skip, come back too. */
static void test_surrounded(void **state)
{
    struct made MADE made = plain("");

    (void)state;
    rms_buf_append_str(&made.file, "\r\nsomething behind the end\n");
    check_round_trip(rms_buf_view(&made.file));
}

/* A clear document that says of itself what a wrapper says, but is none of ours. */
static void test_like_a_wrapper(void **state)
{
    struct made MADE made =
        plain("/AF [ << /AFRelationship /EncryptedPayload /EP << /Subtype /Other >> /EF << /F 5 0 R >> >> ]");

    (void)state;
    check_round_trip(rms_buf_view(&made.file));
}

/* A broken table of objects: qpdf finds the objects by itself. */
static void test_repaired(void **state)
{
    struct made MADE made = plain("");
    uint8_t *table = memmem(made.file.data, made.file.len, "xref\n0", 6);

    (void)state;
    assert_non_null(table);
    memcpy(table, "xxxx", 4);
    check_round_trip(rms_buf_view(&made.file));
}

static void test_wrapper_opens(void **state)
{
    struct made MADE made = plain("");
    struct rms_buf RMS_BUF_CLEANUP hidden = RMS_BUF_INIT(FILE_MAX);
    struct rms_buf RMS_BUF_CLEANUP said = RMS_BUF_INIT(FILE_MAX);
    struct rms_buf RMS_BUF_CLEANUP payload = RMS_BUF_INIT(FILE_MAX);

    (void)state;
    assert_int_equal(protect(rms_buf_view(&made.file), &hidden), 0);
    assert_int_equal(RUN(&hidden, "said", &said, "qpdf", "--check", "IN"), 0);
    rms_buf_reset(&said);
    assert_int_equal(RUN(&hidden, "said", &said, "pdftotext", "IN", "-"), 0);
    assert_true(contains(rms_buf_view(&said), "This document is protected."));
    rms_buf_reset(&said);
    assert_int_equal(RUN(&hidden, "said", &said, "pdfinfo", "IN"), 0);
    assert_true(contains(rms_buf_view(&said), "PDF version:     2.0"));
    assert_true(contains(rms_buf_view(&said), "Encrypted:       no"));
    /* the payload is there under its name, and says that it is encrypted */
    assert_int_equal(RUN(&hidden, "said", &payload, "qpdf",
                         "--show-attachment=MicrosoftIRMServices Protected PDF.pdf", "IN"),
        0);
    rms_buf_reset(&said);
    assert_int_not_equal(RUN(&payload, "said", &said, "qpdf", "--check", "IN"), 0);
    assert_true(contains(rms_buf_view(&payload), "/Filter /MicrosoftIRMServices"));
}

/* --- tests: what is refused --------------------------------------------------------------------------------
 */

static int may(struct rms_view file, enum rms_pdf_way way)
{
    struct rms_reader reader = rms_reader_of_view(&file);

    return rms_pdf_may_protect(&reader, way);
}

static void test_refused(void **state)
{
    static const struct {
        const char *catalogue;
        int native, whole;
    } rows[] = {
        {"", 0, 0},
        {"/AcroForm << /Fields [ 6 0 R ] >>", 0, RMS_E_FORM},
        {"/AcroForm << /Fields [ 6 0 R ] /SigFlags 3 >>", RMS_E_SIGNED, RMS_E_FORM},
        {"/AcroForm << /Fields [ ] /SigFlags 3 >>", RMS_E_SIGNED, 0},
        {"/Perms << /DocMDP << /ByteRange [ 0 1 2 3 ] /Contents <00> >> >>", RMS_E_SIGNED, 0},
        {"/AcroForm << /XFA [ (a) 5 0 R ] >> /NeedsRendering true", RMS_E_FORM, RMS_E_FORM},
        {"/AcroForm << /XFA [ (a) 5 0 R ] >>", 0, RMS_E_FORM},
    };

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        struct made MADE made = plain(rows[i].catalogue);

        assert_int_equal(may(rms_buf_view(&made.file), RMS_PDF_NATIVE), rows[i].native);
        assert_int_equal(may(rms_buf_view(&made.file), RMS_PDF_WHOLE), rows[i].whole);
    }
    assert_int_equal(may(RMS_VIEW_LITERAL("no PDF at all"), RMS_PDF_NATIVE), RMS_E_NOT_FOUND);
    assert_int_equal(may(RMS_VIEW_LITERAL("%PDF-1.7\nand nothing else"), RMS_PDF_NATIVE), RMS_E_NOT_FOUND);
    assert_int_equal(may(RMS_VIEW_LITERAL(""), RMS_PDF_NATIVE), RMS_E_NOT_FOUND);
}

/* Also one that opens without a password, and one encrypted by something else. */
static void test_encrypted_refused(void **state)
{
    static const char *const passwords[] = {"word", ""};
    struct made MADE made = plain("");
    struct made MADE other = begin("%PDF-1.7\n");

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(passwords); i++) {
        struct rms_buf RMS_BUF_CLEANUP locked = RMS_BUF_INIT(FILE_MAX);

        assert_int_equal(RUN(&made.file, "out.pdf", &locked, "qpdf", "--encrypt", passwords[i], "owner",
                             "256", "--", "IN", "OUT"),
            0);
        assert_int_equal(may(rms_buf_view(&locked), RMS_PDF_NATIVE), RMS_E_PASSWORD);
        assert_int_equal(protect(rms_buf_view(&locked), &(struct rms_buf){.max = FILE_MAX}), RMS_E_PASSWORD);
    }
    pages(&other, "");
    end(&other, "/Encrypt << /Filter /Somebody.Else /V 5 >>");
    assert_int_equal(may(rms_buf_view(&other.file), RMS_PDF_NATIVE), RMS_E_PASSWORD);
}

/* --- tests: the files of other programs --------------------------------------------------------------------
 */

static void encryption(struct made *made, unsigned number, unsigned version)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(FILE_MAX);
    struct rms_buf RMS_BUF_CLEANUP licence = RMS_BUF_INIT(FILE_MAX);

    if (version == 1) {
        /* deflated by zlib at its lowest level: stored */
        static const uint8_t head[] = {0x78, 0x01, 0x01};
        uint32_t a = 1, b = 0;
        struct rms_buf RMS_BUF_CLEANUP packed = RMS_BUF_INIT(FILE_MAX);

        rms_buf_append(&packed, head, sizeof head);
        rms_buf_append_u16(&packed, sizeof LICENCE - 1);
        rms_buf_append_u16(&packed, (uint16_t) ~(sizeof LICENCE - 1));
        rms_buf_append_str(&packed, LICENCE);
        for (size_t i = 0; i < sizeof LICENCE - 1; i++) {
            a = (a + (uint8_t)LICENCE[i]) % 65521;
            b = (b + a) % 65521;
        }
        for (int shift = 24; shift >= 0; shift -= 8) {
            rms_buf_append_byte(&packed, (uint8_t)((b << 16 | a) >> shift));
        }
        rms_base64_encode(&licence, rms_buf_view(&packed));
    } else {
        rms_buf_append_str(&licence, LICENCE);
    }
    rms_buf_printf(
        &text, "<< /Filter /microsoftirmservices /V 5 /MicrosoftIRMVersion %u /PublishingLicense <", version);
    for (size_t i = 0; i < licence.len; i++) {
        rms_buf_printf(&text, "%02x", licence.data[i]);
    }
    rms_buf_append_str(&text, "> >>");
    object(made, number, rms_buf_text(&text));
}

static void check_foreign(struct rms_view file, enum rms_cipher_mode mode)
{
    struct rms_buf RMS_BUF_CLEANUP clear = RMS_BUF_INIT(FILE_MAX);
    struct rms_buf RMS_BUF_CLEANUP said = RMS_BUF_INIT(FILE_MAX);

    assert_int_equal(unprotect(file, mode, &clear), 0);
    assert_int_equal(RUN(&clear, "said", &said, "qpdf", "--check", "IN"), 0);
    rms_buf_reset(&said);
    assert_int_equal(RUN(&clear, "said", &said, "pdftotext", "IN", "-"), 0);
    assert_true(contains(rms_buf_view(&said), SECRET));
    rms_buf_reset(&said);
    assert_int_equal(RUN(&clear, "said", &said, "pdfinfo", "IN"), 0);
    assert_true(contains(rms_buf_view(&said), AUTHOR));
}

static struct made foreign(enum rms_cipher_mode mode, unsigned version)
{
    struct made made = begin("%PDF-1.7\n");

    made.cipher = new_cipher(mode);
    pages(&made, "");
    encryption(&made, 7, version);
    end(&made, "/Info 6 0 R /Encrypt 7 0 R");
    return made;
}

static void test_bare(void **state)
{
    static const enum rms_cipher_mode modes[] = {RMS_MODE_CBC4K, RMS_MODE_ECB};

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(modes); i++) {
        for (unsigned version = 1; version <= 2; version++) {
            struct made MADE made = foreign(modes[i], version);

            check_foreign(rms_buf_view(&made.file), modes[i]);
        }
    }
}

/* The encrypted file, then a wrapper whose offsets count from the beginning. */
static void test_old_wrapper(void **state)
{
    struct made MADE made = foreign(RMS_MODE_CBC4K, 1);
    size_t payload = made.file.len;
    char trailer[256];

    (void)state;
    rms_content_cipher_free(&made.cipher);
    pages(&made, "");
    (void)snprintf(trailer, sizeof trailer,
        "/Wrapper << /Type /MicrosoftIRMServices /Version 1 >> /WrapperOffset %zu", payload);
    made.places[7] = 0;
    end(&made, trailer);
    check_foreign(rms_buf_view(&made.file), RMS_MODE_CBC4K);
}

/* Catalogue and pages in an encrypted object stream, the table of objects in a stream, which is clear. */
static void test_object_stream(void **state)
{
    static const char *const objects[] = {
        "<< /Type /Catalog /Pages 2 0 R >> ",
        "<< /Type /Pages /Kids [ 3 0 R ] /Count 1 >> ",
        "<< /Type /Page /Parent 2 0 R /MediaBox [ 0 0 595 842 ] /Contents 5 0 R /Resources << /Font << /F1 "
        "4 0 R >> >> >> ",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    };
    struct rms_buf RMS_BUF_CLEANUP packed = RMS_BUF_INIT(FILE_MAX);
    size_t place = 0;
    struct made MADE made = begin("%PDF-1.7\n");
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(FILE_MAX);
    uint64_t table;

    (void)state;
    made.cipher = new_cipher(RMS_MODE_CBC4K);
    stream(&made, 5, "", rms_view_str(content));
    rms_buf_append_str(&text, "<< /Author ");
    append_string(&made, AUTHOR, &text);
    rms_buf_append_str(&text, " >>");
    object(&made, 6, rms_buf_text(&text));
    encryption(&made, 7, 2);
    for (unsigned i = 0; i < RMS_COUNT(objects); i++) {
        rms_buf_printf(&packed, "%u %04zu ", i + 1, place);
        place += strlen(objects[i]);
    }
    for (size_t i = 0; i < RMS_COUNT(objects); i++) {
        rms_buf_append_str(&packed, objects[i]);
    }
    stream(&made, 8, "/Type /ObjStm /N 4 /First 28", rms_buf_view(&packed));
    table = made.file.len;
    rms_buf_printf(&made.file,
        "9 0 obj\n<< /Type /XRef /W [ 1 4 1 ] /Size 10 /Root 1 0 R /Info 6 0 R /Encrypt 7 0 R /Length 60 "
        ">>\nstream\n");
    for (unsigned i = 0; i < 10; i++) {
        bool inside = i >= 1 && i <= 4;
        uint64_t field = inside ? 8 : (i == 9 ? table : made.places[i]);

        rms_buf_append_byte(&made.file, i == 0 ? 0 : (inside ? 2 : 1));
        for (int shift = 24; shift >= 0; shift -= 8) {
            rms_buf_append_byte(&made.file, (uint8_t)(field >> shift));
        }
        rms_buf_append_byte(&made.file, inside ? (uint8_t)(i - 1) : 0);
    }
    rms_buf_printf(&made.file, "\nendstream\nendobj\nstartxref\n%" PRIu64 "\n%%%%EOF\n", table);
    check_foreign(rms_buf_view(&made.file), RMS_MODE_CBC4K);
}

static void test_not_ours(void **state)
{
    struct made MADE clear = plain("");
    struct made MADE other = begin("%PDF-1.7\n");
    struct made MADE newer = foreign(RMS_MODE_CBC4K, 3);
    struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(FILE_MAX);

    (void)state;
    assert_int_equal(unprotect(rms_buf_view(&clear.file), RMS_MODE_CBC4K, &out), RMS_E_NOT_PROTECTED);
    assert_int_equal(unprotect(RMS_VIEW_LITERAL(""), RMS_MODE_CBC4K, &out), RMS_E_NOT_PROTECTED);
    assert_int_equal(unprotect(RMS_VIEW_LITERAL("%PDF-1.7"), RMS_MODE_CBC4K, &out), RMS_E_NOT_PROTECTED);
    pages(&other, "");
    end(&other, "/Encrypt << /Filter /Standard /V 5 >>");
    assert_int_equal(unprotect(rms_buf_view(&other.file), RMS_MODE_CBC4K, &out), RMS_E_NOT_PROTECTED);
    assert_int_equal(unprotect(rms_buf_view(&newer.file), RMS_MODE_CBC4K, &out), RMS_E_UNSUPPORTED_VERSION);
}

/* --- tests: hostile ----------------------------------------------------------------------------------------
 */

/* Whatever becomes of the file, what comes out is the original or nothing. */
static void check_changed(struct rms_view file, struct rms_view clear)
{
    struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(FILE_MAX);
    int status = unprotect_as(file, RMS_MODE_CBC4K, true, &out);

    if (status == 0 && !rms_view_equal(rms_buf_view(&out), clear)) {
        fail_msg("another document came out of %zu bytes", file.len);
    }
}

static void test_truncated(void **state)
{
    struct made MADE made = plain("");
    struct rms_buf RMS_BUF_CLEANUP hidden = RMS_BUF_INIT(FILE_MAX);

    (void)state;
    assert_int_equal(protect(rms_buf_view(&made.file), &hidden), 0);
    for (size_t len = 0; len < hidden.len; len++) {
        check_changed(rms_view_of(hidden.data, len), rms_buf_view(&made.file));
    }
}

static void test_flipped(void **state)
{
    struct made MADE made = plain("");
    struct rms_buf RMS_BUF_CLEANUP hidden = RMS_BUF_INIT(FILE_MAX);

    (void)state;
    assert_int_equal(protect(rms_buf_view(&made.file), &hidden), 0);
    for (size_t i = 0; i < hidden.len; i++) {
        hidden.data[i] ^= (uint8_t)(1u << i % 8);
        check_changed(rms_buf_view(&hidden), rms_buf_view(&made.file));
        hidden.data[i] ^= (uint8_t)(1u << i % 8);
    }
}

static void test_deep(void **state)
{
    struct made MADE made = begin("%PDF-1.7\n");
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(FILE_MAX);
    struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(FILE_MAX);
    struct rms_reader reader;
    struct rms_view view;
    int status;

    (void)state;
    pages(&made, "");
    for (int i = 0; i < 10000; i++) {
        rms_buf_append_str(&text, i % 2 == 0 ? "[ " : "<< /A ");
    }
    for (int i = 9999; i >= 0; i--) {
        rms_buf_append_str(&text, i % 2 == 0 ? "] " : ">> ");
    }
    object(&made, 7, rms_buf_text(&text));
    end(&made, "/Info 6 0 R");
    view = rms_buf_view(&made.file);
    reader = rms_reader_of_view(&view);
    status = rms_pdf_may_protect(&reader, RMS_PDF_NATIVE);
    assert_true(status == 0 || status == RMS_E_NOT_FOUND || status == RMS_E_LIMIT);
    if (status == 0) {
        check_round_trip(view);
    }
}

/* Loops of references, a wrapper in itself, sizes beyond the file, far too many encryption dictionaries. */
static void test_odd(void **state)
{
    static const char *const trailers[] = {
        "/Encrypt 1 0 R",
        "/Encrypt 99 0 R",
        "/Encrypt << /Filter /MicrosoftIRMServices >>",
        "/Encrypt << /Filter /MicrosoftIRMServices /MicrosoftIRMVersion 2 /PublishingLicense 5 0 R >>",
        "/Encrypt << /Filter /MicrosoftIRMServices /MicrosoftIRMVersion 99999999999999999999 >>",
        "/Wrapper << /Type /MicrosoftIRMServices >> /WrapperOffset 99999999999",
        "/Wrapper << /Type /MicrosoftIRMServices >> /WrapperOffset -1",
        "/Wrapper << /Type /MicrosoftIRMServices >> /WrapperOffset 0",
        "/Wrapper << /Type /MicrosoftIRMServices >>",
    };
    static const char *const catalogues[] = {
        "/AF [ << /AFRelationship /EncryptedPayload /EP << /Subtype /MicrosoftIRMServices >> >> ]",
        "/AF [ << /AFRelationship /EncryptedPayload /EP << /Subtype /MicrosoftIRMServices >> /EF << /F 5 0 R "
        ">> >> ]",
        "/AF [ << /AFRelationship /EncryptedPayload /EP 1 0 R /EF 1 0 R >> ]",
        "/AF 1 0 R",
    };
    struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(FILE_MAX);

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(trailers); i++) {
        struct made MADE made = begin("%PDF-1.7\n");

        pages(&made, "");
        end(&made, trailers[i]);
        assert_int_not_equal(unprotect(rms_buf_view(&made.file), RMS_MODE_CBC4K, &out), 0);
    }
    for (size_t i = 0; i < RMS_COUNT(catalogues); i++) {
        struct made MADE made = plain(catalogues[i]);

        assert_int_not_equal(unprotect(rms_buf_view(&made.file), RMS_MODE_CBC4K, &out), 0);
    }
}

static void test_many_dictionaries(void **state)
{
    struct made MADE made = begin("%PDF-1.7\n");
    struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(FILE_MAX);

    (void)state;
    for (int i = 0; i < 100000; i++) {
        rms_buf_append_str(&made.file, "/Encrypt ");
    }
    pages(&made, "");
    end(&made, "");
    assert_int_equal(unprotect(rms_buf_view(&made.file), RMS_MODE_CBC4K, &out), RMS_E_NOT_PROTECTED);
}

static int stop(void *context, uint64_t offset, const void *data, size_t len)
{
    (void)context;
    (void)offset;
    (void)data;
    (void)len;
    return RMS_E_CANCELLED;
}

static void test_cancelled(void **state)
{
    struct rms_content_cipher RMS_CONTENT_CLEANUP *cipher = new_cipher(RMS_MODE_CBC4K);
    struct made MADE made = plain("");
    struct rms_view view = rms_buf_view(&made.file);
    struct rms_reader reader = rms_reader_of_view(&view);
    const struct rms_writer writer = {NULL, stop, false};
    const struct rms_pdf_job job = {.file = &reader, .out = &writer, .cipher = cipher};
    uint64_t written;

    (void)state;
    assert_int_equal(rms_pdf_protect(&job, rms_view_str(LICENCE), &written), RMS_E_CANCELLED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_updated),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_attachment),
        cmocka_unit_test(test_surrounded),
        cmocka_unit_test(test_like_a_wrapper),
        cmocka_unit_test(test_repaired),
        cmocka_unit_test(test_wrapper_opens),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_encrypted_refused),
        cmocka_unit_test(test_bare),
        cmocka_unit_test(test_old_wrapper),
        cmocka_unit_test(test_object_stream),
        cmocka_unit_test(test_not_ours),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_flipped),
        cmocka_unit_test(test_deep),
        cmocka_unit_test(test_odd),
        cmocka_unit_test(test_many_dictionaries),
        cmocka_unit_test(test_cancelled),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
