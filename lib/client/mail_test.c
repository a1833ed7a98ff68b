/* Mails: protected with what is attached, taken apart to the depth that the settings say, and read by whoever
 * may. Offline, against an issuer made here. */
#include "base/test.h"

#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "client/context.h"
#include "client/testing/people.h"
#include "crypto/base64.h"
#include "format/mime.h"
#include "format/rpmsg.h"

#define FILE_MAX ((size_t)16 * 1024 * 1024)
#define DOCUMENT "PK\003\004 of level "
#define TENANT   "d5fe813e-0caa-432a-b2ac-d555aa91bd1c"

static const struct rms_file_options in_place = {
    .size = sizeof in_place, .in_place = true, .enable_msg_file_type = true};

/* --- making mails --- */

static void attach(struct rms_buf *mail, const char *name, struct rms_view data)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(FILE_MAX);

    rms_base64_encode(&text, data);
    rms_buf_printf(mail,
        "--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; "
        "filename=%s\r\nContent-Transfer-Encoding: base64\r\n\r\n",
        name);
    for (size_t i = 0; i < text.len; i += 76) {
        rms_buf_printf(mail, "%.76s\r\n", rms_buf_text(&text) + i);
    }
}

static void begin_mail(struct rms_buf *mail, const char *body)
{
    rms_buf_printf(mail,
        "From: " RMS_TEST_ALICE "\r\nTo: " RMS_TEST_BOB "\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n%s\r\n",
        body);
}

static void put_mail(const char *path, struct rms_buf *mail)
{
    rms_buf_append_str(mail, "--b--\r\n");
    rms_must(rms_buf_status(mail));
    rms_test_write(path, mail->data, mail->len);
}

/* Mails inside each other, each protected before it was attached; documents: each has one of those too, which
 * is protected by itself then. */
static void make_chain(struct fixture *f, const char *path, unsigned levels, bool documents)
{
    for (unsigned i = 0; i < levels; i++) {
        struct rms_buf RMS_BUF_CLEANUP mail = RMS_BUF_INIT(FILE_MAX);
        struct rms_buf RMS_BUF_CLEANUP inner = RMS_BUF_INIT(FILE_MAX);
        char document[64];

        (void)snprintf(document, sizeof document, DOCUMENT "%u", i);
        begin_mail(&mail, "Content-Type: text/plain\r\n\r\nwords");
        if (documents) {
            attach(&mail, "plan.docx", rms_view_str(document));
        }
        if (i > 0) {
            rms_must(rms_file_read(path, &inner));
            attach(&mail, "inner.eml", rms_buf_view(&inner));
        }
        put_mail(path, &mail);
        rms_must(rms_protect_file(f->alice, path, f->policy, &in_place, NULL));
    }
}

/* --- what became of them --- */

static bool is_protected(struct rms_view bytes)
{
    const struct rms_reader reader = rms_reader_of_view(&bytes);
    struct rms_container RMS_CONTAINER_CLEANUP container = {0};

    return rms_container_open(&reader, &container) == 0;
}

/* Of each level: d or D for a document that is protected or clear, m or M for a mail. */
static void describe(struct rms_view bytes, struct rms_buf *out)
{
    const struct rms_reader reader = rms_reader_of_view(&bytes);
    struct rms_mime RMS_MIME_CLEANUP *mail = NULL;

    rms_buf_append_byte(out, is_protected(bytes) ? 'm' : 'M');
    if (is_protected(bytes)) {
        return;
    }
    rms_must(rms_mime_open(&reader, &mail));
    for (size_t i = 0; i < rms_mime_attachment_count(mail); i++) {
        struct rms_buf RMS_BUF_CLEANUP part = RMS_BUF_INIT(FILE_MAX);

        rms_must(rms_mime_read_attachment(mail, i, &part));
        if (strcmp(rms_mime_attachment(mail, i)->name, "inner.eml") == 0) {
            describe(rms_buf_view(&part), out);
        } else {
            bool clear = part.len > strlen(DOCUMENT) && memcmp(part.data, DOCUMENT, strlen(DOCUMENT)) == 0;

            assert_true(clear || is_protected(rms_buf_view(&part)));
            rms_buf_append_byte(out, clear ? 'D' : 'd');
        }
    }
}

static enum rms_container_decryption option_of(struct fixture *f, const char *option)
{
    struct rms_settings settings;
    enum rms_container_decryption found;
    const char *detail = NULL;
    const struct rms_options options = {
        .size = sizeof options, .config_file = rms_test_path(&f->issuer, "rms.conf")};
    char text[64];

    (void)snprintf(text, sizeof text, "container_decryption_option = %s\n", option);
    rms_test_write(options.config_file, text, strlen(text));
    rms_must(rms_settings_load(&options, &settings, &detail));
    found = settings.container_decryption;
    rms_settings_fini(&settings);
    return found;
}

/* Message, then what is attached: a document, and a mail with the same, and one with the same. */
static void on_three_levels(struct fixture *f)
{
    static const struct {
        const char *option, *left;
    } cases[] = {{"All", "MDMDMD"}, {"Default", "MDMdm"}, {"Msg", "MDMdm"}, {"Top", "Mdm"}};
    char path[512];
    char out[512];
    const struct rms_file_options options = {.size = sizeof options, .output = out};

    (void)snprintf(path, sizeof path, "%s", rms_test_path(&f->issuer, "three.eml"));
    (void)snprintf(out, sizeof out, "%s", rms_test_path(&f->issuer, "clear.eml"));
    make_chain(f, path, 3, true);
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        struct rms_buf RMS_BUF_CLEANUP found = RMS_BUF_INIT(64);

        f->alice->settings.container_decryption = option_of(f, cases[i].option);
        rms_must(rms_unprotect_file(f->alice, path, &options, NULL));
        describe(rms_test_read(&f->issuer, out), &found);
        assert_string_equal(rms_buf_text(&found), cases[i].left);
        assert_int_equal(unlink(out), 0);
    }
}

static void below_ten_levels(struct fixture *f)
{
    char path[512];
    char out[512];
    const struct rms_file_options options = {.size = sizeof options, .output = out};

    (void)snprintf(path, sizeof path, "%s", rms_test_path(&f->issuer, "deep.eml"));
    (void)snprintf(out, sizeof out, "%s", rms_test_path(&f->issuer, "clear.eml"));
    f->alice->settings.container_decryption = RMS_DECRYPT_ALL;
    for (unsigned levels = 11; levels <= 12; levels++) { /* with the message itself */
        struct rms_view before;
        int code;

        make_chain(f, path, levels, false);
        before = rms_test_read(&f->issuer, path);
        code = rms_unprotect_file(f->alice, path, &options, NULL);
        assert_int_equal(code, levels > 11 ? RMS_E_LIMIT : 0);
        assert_int_equal(rms_test_exists(out), code == 0);
        assert_true(rms_view_equal(rms_test_read(&f->issuer, path), before));
        (void)unlink(out);
    }
}

static void count_label(void *user_data, const struct rms_label *label, bool in_force)
{
    assert_true(in_force);
    assert_string_equal(label->id, TENANT);
    ++*(unsigned *)user_data;
}

static unsigned labels_of(const char *path)
{
    unsigned count = 0;

    rms_must(rms_file_labels(NULL, path, count_label, &count, NULL));
    return count;
}

/* The attachment gets the protection, and not the label. Protecting again is refused until it is unprotected.
 */
static void labelled_and_protected(struct fixture *f)
{
    static const struct rms_label label = {.id = TENANT,
        .tenant = TENANT,
        .name = "Internal",
        .set_at = "2026-11-22T10:00:00Z",
        .method = "Standard",
        .enabled = true};
    struct rms_buf RMS_BUF_CLEANUP mail = RMS_BUF_INIT(FILE_MAX);
    struct rms_buf RMS_BUF_CLEANUP part = RMS_BUF_INIT(FILE_MAX);
    struct rms_mime RMS_MIME_CLEANUP *mime = NULL;
    struct rms_view bytes;
    struct rms_reader reader;
    char path[512];
    char document[512];

    (void)snprintf(path, sizeof path, "%s", rms_test_path(&f->issuer, "labelled.eml"));
    (void)snprintf(document, sizeof document, "%s", rms_test_path(&f->issuer, "plan.docx"));
    begin_mail(&mail, "Content-Type: text/plain\r\n\r\nwords");
    attach(&mail, "plan.docx", rms_view_str(DOCUMENT "0"));
    put_mail(path, &mail);
    assert_int_equal(rms_file_label_set(f->alice, path, &label, NULL), RMS_E_UNSUPPORTED);
    f->alice->settings.mail_files = true;
    rms_must(rms_file_label_set(f->alice, path, &label, NULL));
    rms_must(rms_protect_file(f->alice, path, f->policy, &in_place, NULL));
    assert_int_equal(labels_of(path), 1);
    assert_int_equal(rms_protect_file(f->alice, path, f->policy, &in_place, NULL), RMS_E_ALREADY_PROTECTED);
    f->alice->settings.container_decryption = RMS_DECRYPT_TOP;
    rms_must(rms_unprotect_file(f->alice, path, &in_place, NULL));
    assert_int_equal(labels_of(path), 1);
    bytes = rms_test_read(&f->issuer, path);
    reader = rms_reader_of_view(&bytes);
    rms_must(rms_mime_open(&reader, &mime));
    rms_must(rms_mime_read_attachment(mime, 0, &part));
    assert_true(is_protected(rms_buf_view(&part)));
    rms_test_write(document, part.data, part.len);
    assert_int_equal(labels_of(document), 0);
    rms_must(rms_protect_file(f->alice, path, f->policy, &in_place, NULL));
    rms_must(rms_file_label_remove(f->alice, path, TENANT));
    assert_int_equal(labels_of(path), 0);
    rms_must(rms_unprotect_file(f->alice, path, &in_place, NULL));
}

/* proves: C-077 */
static void attachments_by_depth(void **state)
{
    struct fixture *f = *state;

    on_three_levels(f);
    below_ten_levels(f);
    labelled_and_protected(f);
}

/* --- reading with rights --- */

static int append(void *user_data, const void *data, size_t len)
{
    rms_buf_append(user_data, data, len);
    return rms_buf_status(user_data);
}

static const struct body {
    const char *part; /* of the mail */
    enum rms_mail_body form;
    uint32_t code_page;
    const char *texts[RMS_MAIL_RTF + 1]; /* by form; NULL: none */
} bodies[] = {
    {"Content-Type: text/plain; charset=iso-8859-1\r\n\r\nGr\xfc\xdf"
     "e",
        RMS_MAIL_PLAIN, 28591, {NULL, "Gr\xfc\xdf\x65", NULL, NULL}},
    {"Content-Type: text/html; charset=utf-8\r\n\r\n<p>Gr\xc3\xbc\xc3\x9f"
     "e</p>",
        RMS_MAIL_HTML, 65001, {NULL, NULL, "<p>Gr\xc3\xbc\xc3\x9f\x65</p>", NULL}},
    {"Content-Type: multipart/alternative; boundary=c\r\n\r\n--c\r\nContent-Type: text/html; "
     "charset=windows-1252"
     "\r\n\r\n<p>\x80 5</p>\r\n--c\r\nContent-Type: text/rtf\r\n\r\n{\\rtf1 5}\r\n--c--",
        RMS_MAIL_RTF, 1252, {NULL, NULL, "<p>\x80 5</p>", "{\\rtf1 5}"}},
};

static void inspect(struct rms_document *document, const struct body *body)
{
    struct rms_mail_attachment attachment;
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(FILE_MAX);
    struct rms_mail *mail = NULL;

    rms_must(rms_mail_open(document, &mail));
    assert_int_equal(rms_mail_info(mail)->body, body->form);
    assert_int_equal(rms_mail_info(mail)->code_page, body->code_page);
    assert_int_equal(rms_mail_info(mail)->attachment_count, 1);
    for (int form = RMS_MAIL_PLAIN; form <= RMS_MAIL_RTF; form++) {
        struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(FILE_MAX);

        if (body->texts[form] != NULL) {
            rms_must(rms_mail_body(mail, (enum rms_mail_body)form, append, &text));
            assert_string_equal(rms_buf_text(&text), body->texts[form]);
        }
    }
    rms_must(rms_mail_attachment(mail, 0, &attachment));
    assert_string_equal(attachment.name, "note.bin");
    rms_must(rms_mail_attachment_read(mail, 0, append, &bytes));
    assert_string_equal(rms_buf_text(&bytes), "attached");
    rms_mail_free(&mail);
}

/* The protected part of the mail at path. */
static void take_message(struct fixture *f, const char *path, struct rms_buf *packed)
{
    struct rms_view view = rms_test_read(&f->issuer, path);
    const struct rms_reader reader = rms_reader_of_view(&view);
    struct rms_mime RMS_MIME_CLEANUP *mime = NULL;
    unsigned version;

    rms_must(rms_mime_open(&reader, &mime));
    rms_must(rms_mime_protected(mime, &version, packed));
}

/* By itself under its name, and carried by a mail; not protected again. */
static void inspect_named(
    struct fixture *f, const char *name, const struct rms_buf *packed, const struct body *body)
{
    struct rms_buf RMS_BUF_CLEANUP carrier = RMS_BUF_INIT(FILE_MAX);
    char paths[2][512];

    (void)snprintf(paths[0], sizeof paths[0], "%s", rms_test_path(&f->issuer, name));
    (void)snprintf(paths[1], sizeof paths[1], "%s", rms_test_path(&f->issuer, "carrier.eml"));
    rms_test_write(paths[0], packed->data, packed->len);
    begin_mail(&carrier, "Content-Type: text/plain\r\n\r\nsee the attachment");
    attach(&carrier, name, rms_buf_view(packed));
    put_mail(paths[1], &carrier);
    for (size_t i = 0; i < RMS_COUNT(paths); i++) {
        struct rms_document *document = NULL;

        rms_must(rms_document_open_file(f->bob, paths[i], &document));
        inspect(document, body);
        rms_document_free(&document);
        assert_int_equal(
            rms_protect_file(f->alice, paths[i], f->policy, &in_place, NULL), RMS_E_ALREADY_PROTECTED);
    }
}

/* Nothing comes out of a file that is no message any more. */
static void refuse_spoilt(struct fixture *f, const struct rms_buf *packed)
{
    static const struct {
        size_t at;
        uint8_t bytes[4];
        int code;
    } cases[] = {
        {0, {0x77, 0xe8, 4, 0x60}, RMS_E_NOT_PROTECTED}, /* another magic */
        {8, {0xa1, 0x0f, 0, 0}, RMS_E_DAMAGED},          /* another mark of a block */
        {12, {1, 0x10, 0, 0}, RMS_E_DAMAGED},            /* a block longer than can be */
        {12, {0xff, 0x0f, 0, 0}, RMS_E_DAMAGED},         /* or shorter than it is */
        {12, {0, 0, 0, 0}, RMS_E_DAMAGED},
        {16, {0, 0, 0, 0}, RMS_E_DAMAGED},
        {16, {0xff, 0xff, 0xff, 0xff}, RMS_E_DAMAGED},
    };
    char path[512];
    struct rms_document *document = NULL;

    (void)snprintf(path, sizeof path, "%s", rms_test_path(&f->issuer, "message.rpmsg"));
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        uint8_t before[4];

        memcpy(before, packed->data + cases[i].at, sizeof before);
        memcpy(packed->data + cases[i].at, cases[i].bytes, sizeof before);
        rms_test_write(path, packed->data, packed->len);
        memcpy(packed->data + cases[i].at, before, sizeof before);
        assert_int_equal(rms_document_open_file(f->alice, path, &document), cases[i].code);
        assert_null(document);
    }
    for (size_t len = packed->len; len-- > 8; len -= len / 16) { /* truncated */
        rms_test_write(path, packed->data, len);
        assert_int_equal(rms_document_open_file(f->alice, path, &document), RMS_E_DAMAGED);
    }
}

/* Whoever has no licence for it sees nothing. proves: C-078 */
static void messages_inspected(void **state)
{
    static const char *const names[] = {
        "message.rpmsg", "message_v2.rpmsg", "message_v3.rpmsg", "message_v4.rpmsg"};
    static const struct rms_test_use may_view = {
        RMS_TEST_BOB, "stranger", RMS_RIGHT_VIEW, RMS_TIME_NONE, RMS_TIME_NONE};
    struct fixture *f = *state;
    char path[512];

    (void)snprintf(path, sizeof path, "%s", rms_test_path(&f->issuer, "mail.eml"));
    for (size_t i = 0; i < RMS_COUNT(bodies); i++) {
        struct rms_buf RMS_BUF_CLEANUP mail = RMS_BUF_INIT(FILE_MAX);
        struct rms_buf RMS_BUF_CLEANUP packed = RMS_BUF_INIT(FILE_MAX);
        struct rms_document *document = NULL;

        begin_mail(&mail, bodies[i].part);
        attach(&mail, "note.bin", RMS_VIEW_LITERAL("attached"));
        put_mail(path, &mail);
        rms_must(rms_protect_file(f->alice, path, f->policy, &in_place, NULL));
        assert_int_equal(rms_document_open_file(f->bob, path, &document), RMS_E_NEEDS_ONLINE);
        rms_issuer_license(&f->issuer, f->bob, path, &may_view);
        take_message(f, path, &packed);
        for (size_t k = 0; k < RMS_COUNT(names); k++) {
            inspect_named(f, names[k], &packed, &bodies[i]);
        }
        refuse_spoilt(f, &packed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(attachments_by_depth, set_up, tear_down),
        cmocka_unit_test_setup_teardown(messages_inspected, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("client mail", tests, NULL, NULL);
}
