#include "base/test.h"

#include "base/text.h"
#include "format/html.h"
#include "format/message.h"

#define FILE_MAX ((size_t)64 * 1024 * 1024)

static void must(int status)
{
    assert_int_equal(status, 0);
}

struct opened {
    struct rms_buf bytes;
    struct rms_view view;
    struct rms_reader reader;
    struct rms_message *message;
};

static int open_bytes(struct opened *o)
{
    o->view = rms_buf_view(&o->bytes);
    o->reader = rms_reader_of_view(&o->view);
    return rms_message_open(&o->reader, &o->message);
}

static void end(struct opened *o)
{
    rms_message_close(&o->message);
    rms_buf_fini(&o->bytes);
}

static void body_is(struct rms_message *message, enum rms_message_body form, const char *text)
{
    struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(FILE_MAX);
    int code = rms_message_read_body(message, form, &out);

    assert_int_equal(code, text != NULL ? 0 : RMS_E_NOT_FOUND);
    assert_string_equal(rms_buf_text(&out), text != NULL ? text : "");
}

/* The three forms of a body, with what each has beside it. touches: C-078 */
static void bodies(void **state)
{
    static const struct {
        enum rms_message_body form;
        const char *forms[RMS_MESSAGE_RTF + 1];
    } cases[] = {
        {RMS_MESSAGE_PLAIN,
            {NULL, "<b> & more", "<html><body><pre>&lt;b&gt; &amp; more</pre></body></html>", NULL}},
        {RMS_MESSAGE_HTML, {NULL, NULL, "<p>page</p>", NULL}},
        {RMS_MESSAGE_RTF, {NULL, NULL, "<p>of it</p>", "{\\rtf1 words}"}},
    };

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        struct opened o = {.bytes = RMS_BUF_INIT(FILE_MAX)};
        const struct rms_writer out = rms_writer_of_buf(&o.bytes);
        bool plain = cases[i].form == RMS_MESSAGE_PLAIN;
        const struct rms_message_request request = {.body = cases[i].form,
            .code_page = 1252,
            .main = rms_view_str(cases[i].forms[plain ? RMS_MESSAGE_PLAIN : RMS_MESSAGE_HTML]),
            .rtf = rms_view_str(cases[i].forms[RMS_MESSAGE_RTF])};

        must(rms_message_emit(&request, &out));
        must(open_bytes(&o));
        assert_int_equal(rms_message_body(o.message), cases[i].form);
        assert_int_equal(rms_message_code_page(o.message), 1252);
        assert_int_equal(rms_message_attachment_count(o.message), 0);
        for (int form = RMS_MESSAGE_PLAIN; form <= RMS_MESSAGE_RTF; form++) {
            body_is(o.message, (enum rms_message_body)form, cases[i].forms[form]);
        }
        end(&o);
    }
}

/* More attachments than their list can name, in order, with names of any sort. */
static void attachments(void **state)
{
    enum { COUNT = 40 };
    struct opened o = {.bytes = RMS_BUF_INIT(FILE_MAX)};
    const struct rms_writer out = rms_writer_of_buf(&o.bytes);
    struct rms_message_part parts[COUNT];
    char names[COUNT][32];
    struct rms_message_request request = {
        .body = RMS_MESSAGE_RTF, .code_page = 65001, .parts = parts, .part_count = COUNT};

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        (void)snprintf(names[i], sizeof names[i], "Größe %zu.txt", i);
        parts[i] = (struct rms_message_part){names[i], i == 3 ? "three@x" : NULL, rms_view_str(names[i])};
    }
    must(rms_message_emit(&request, &out));
    must(open_bytes(&o));
    assert_int_equal(rms_message_attachment_count(o.message), COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        const struct rms_message_attachment *found = rms_message_attachment(o.message, i);
        struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(FILE_MAX);
        const struct rms_writer to = rms_writer_of_buf(&bytes);

        assert_string_equal(found->name, names[i]);
        assert_string_equal(found->content_id, i == 3 ? "three@x" : "");
        assert_int_equal(found->method, RMS_ATTACH_VALUE);
        assert_int_equal(found->size, strlen(names[i]));
        must(rms_message_write_attachment(o.message, i, &to));
        assert_string_equal(rms_buf_text(&bytes), names[i]);
    }
    assert_null(rms_message_attachment(o.message, COUNT));
    end(&o);
    request.part_count = RMS_MESSAGE_ATTACHMENTS_MAX + 1;
    o.bytes = (struct rms_buf)RMS_BUF_INIT(FILE_MAX);
    assert_int_equal(rms_message_emit(&request, &out), RMS_E_LIMIT);
}

/* --- what others write --- */

static void lpw(struct rms_buf *out, const char *text)
{
    rms_buf_append_byte(out, (uint8_t)strlen(text));
    for (; *text != '\0'; text++) {
        rms_buf_append_u16(out, (uint8_t)*text);
    }
}

static void description(struct rms_buf *out, uint16_t version, uint32_t method, const char *name)
{
    rms_buf_append_u16(out, version);
    rms_buf_append(out, "\0\0\0\0\0\0", 6);
    rms_buf_append_u64(out, 0);
    rms_buf_append_u64(out, 0);
    rms_buf_append_u32(out, method);
    for (int i = 0; i < 8; i++) {
        lpw(out, i == 5 ? name : "");
    }
    rms_buf_append_str(out, "more that nobody knows");
}

struct foreign {
    const char *storage; /* "MailAttachment 0" */
    uint16_t version;
    uint32_t method;
    const char *name;
    bool content;
};

static void begin_foreign(const struct rms_writer *to, struct rms_cfb_writer **writer)
{
    static const uint8_t info[] = {2, 0, 0xe9, 0xfd, 0, 0};

    must(rms_cfb_writer_new(to, writer));
    must(rms_cfb_put(*writer, "OutlookBodyStreamInfo", rms_view_of(info, sizeof info)));
    must(rms_cfb_put(*writer, "BodyPT-HTML", RMS_VIEW_LITERAL("<p>x")));
    must(rms_cfb_enter(*writer, "Attachment List"));
}

static void put_content(struct rms_cfb_writer *writer, uint32_t method)
{
    static const uint8_t properties[40] = {1, 2, 3};

    if (method == RMS_ATTACH_VALUE) {
        must(rms_cfb_put(writer, "AttachContents", RMS_VIEW_LITERAL("bytes")));
    } else if (method == RMS_ATTACH_MESSAGE) {
        must(rms_cfb_enter(writer, "MAPIMessage"));
        must(rms_cfb_put(writer, "__properties_version1.0", rms_view_of(properties, sizeof properties)));
        must(rms_cfb_put(writer, "__substg1.0_0037001F", RMS_VIEW_LITERAL("S\0u\0b\0")));
        must(rms_cfb_leave(writer));
    } else {
        must(rms_cfb_put(writer, "\003MailStream", RMS_VIEW_LITERAL("ole")));
    }
}

static int open_foreign(struct opened *o, const struct foreign *list, size_t count)
{
    const struct rms_writer to = rms_writer_of_buf(&o->bytes);
    struct rms_cfb_writer *writer = NULL;

    begin_foreign(&to, &writer);
    for (size_t i = 0; i < count; i++) {
        struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(FILE_MAX);

        description(&text, list[i].version, list[i].method, list[i].name);
        must(rms_cfb_enter(writer, list[i].storage));
        must(rms_cfb_put(writer, "AttachDesc", rms_buf_view(&text)));
        if (list[i].content) {
            put_content(writer, list[i].method);
        }
        must(rms_cfb_leave(writer));
    }
    must(rms_cfb_leave(writer));
    must(rms_cfb_finish(writer));
    rms_cfb_writer_free(&writer);
    return open_bytes(o);
}

/* Mails and OLE objects come out as files of their own; numbers count, not the order in the file. */
static void by_other_methods(void **state)
{
    static const struct foreign list[] = {{"MailAttachment 10", 0x203, 6, "drawing", true},
        {"MailAttachment 2", 0x203, 5, "A mail", true}, {"MailAttachment 1", 0x203, 1, "..\\a.txt", true},
        {"MailAttachment 02", 0x203, 1, "not one", true}, {"Mail", 0x203, 1, "nor this", true}};
    static const char *const names[] = {"a.txt", "A mail", "drawing"};
    struct opened o = {.bytes = RMS_BUF_INIT(FILE_MAX)};

    (void)state;
    must(open_foreign(&o, list, RMS_COUNT(list)));
    assert_int_equal(rms_message_attachment_count(o.message), 3);
    for (size_t i = 0; i < 3; i++) {
        struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(FILE_MAX);
        struct rms_buf RMS_BUF_CLEANUP stream = RMS_BUF_INIT(FILE_MAX);
        const struct rms_writer to = rms_writer_of_buf(&bytes);
        struct rms_cfb RMS_CFB_CLEANUP *cfb = NULL;
        struct rms_view view;
        struct rms_reader reader;
        uint32_t index;

        assert_string_equal(rms_message_attachment(o.message, i)->name, names[i]);
        must(rms_message_write_attachment(o.message, i, &to));
        if (i == 0) {
            assert_string_equal(rms_buf_text(&bytes), "bytes");
            continue;
        }
        view = rms_buf_view(&bytes);
        reader = rms_reader_of_view(&view);
        must(rms_cfb_open(&reader, &cfb));
        must(rms_cfb_find(cfb, RMS_CFB_ROOT, i == 1 ? "__properties_version1.0" : "\003MailStream", &index));
        must(rms_cfb_read(cfb, index, &stream));
        assert_int_equal(stream.len, i == 1 ? 48 : 3);
        assert_int_equal(rms_cfb_find(cfb, RMS_CFB_ROOT, "AttachDesc", &index), RMS_E_NOT_FOUND);
    }
    end(&o);
}

static void what_does_not_add_up(void **state)
{
    static const struct {
        struct foreign attachment;
        int code;
    } cases[] = {{{"MailAttachment 0", 0x203, 1, "a", false}, RMS_E_DAMAGED},
        {{"MailAttachment 0", 0x203, 5, "a", false}, RMS_E_DAMAGED},
        {{"MailAttachment 0", 0x204, 1, "a", true}, RMS_E_UNSUPPORTED_VERSION},
        {{"MailAttachment 0", 0x203, 2, "a", false}, RMS_E_UNSUPPORTED_VERSION},
        {{"MailAttachment 0", 0x203, 6, "a", false}, 0}};
    struct rms_buf RMS_BUF_CLEANUP good = RMS_BUF_INIT(FILE_MAX);
    const struct rms_writer to = rms_writer_of_buf(&good);
    const struct rms_message_part part = {"a.txt", NULL, RMS_VIEW_LITERAL("x")};
    const struct rms_message_request request = {.body = RMS_MESSAGE_HTML,
        .code_page = 65001,
        .main = RMS_VIEW_LITERAL("<p>"),
        .parts = &part,
        .part_count = 1};

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        struct opened o = {.bytes = RMS_BUF_INIT(FILE_MAX)};

        assert_int_equal(open_foreign(&o, &cases[i].attachment, 1), cases[i].code);
        end(&o);
    }
    must(rms_message_emit(&request, &to));
    for (size_t len = 0; len < good.len; len += 1 + len / 50) {
        struct rms_view view = rms_view_of(good.data, len);
        const struct rms_reader reader = rms_reader_of_view(&view);
        struct rms_message *message = NULL;

        assert_int_equal(rms_message_open(&reader, &message), RMS_E_DAMAGED);
    }
}

/* --- names, characters, pages --- */

static void names_of_files(void **state)
{
    static const struct {
        const char *given, *made;
    } cases[] = {{"plan.docx", "plan.docx"}, {"../../etc/passwd", "passwd"}, {"C:\\temp\\x.txt", "x.txt"},
        {"/", "attachment-8"}, {"", "attachment-8"}, {"..", "attachment-8"}, {".", "attachment-8"},
        {".bashrc", "bashrc"}, {"a\nb\x1b[31m.txt", "ab[31m.txt"}, {"a\xc2\x9b.txt", "a.txt"},
        {"photo\xe2\x80\xaegpj.exe", "photogpj.exe"}, {"\xe2\x81\xa6x", "x"}, {" . a", "a"}, {"a. ", "a"},
        {"\xff\xfe", "attachment-8"}, {"Größe 中.txt", "Größe 中.txt"}, {"con/./..", "attachment-8"},
        {"-rf", "-rf"}};
    char out[RMS_MESSAGE_TEXT_MAX];
    char longest[RMS_MESSAGE_TEXT_MAX * 2];

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        rms_message_file_name(rms_view_str(cases[i].given), 7, out);
        assert_string_equal(out, cases[i].made);
    }
    for (size_t i = 0; i + 2 < sizeof longest; i += 2) {
        memcpy(longest + i, "\xc3\xa4", 3);
    }
    memcpy(longest + 700, ".docx", 6);
    rms_message_file_name(rms_view_str(longest), 0, out);
    assert_true(strlen(out) <= 200 && rms_text_valid(rms_view_str(out)));
    assert_string_equal(out + strlen(out) - 5, ".docx");
}

static void code_pages(void **state)
{
    static const struct {
        uint32_t code_page;
        const char *bytes, *text;
    } cases[] = {{65001, "Gr\xc3\xbc\xc3\x9f", "Grüß"}, {1252, "Gr\xfc\xdf \x80", "Grüß €"},
        {28591, "\xe9", "é"}, {20127, "a\xff", "a\xef\xbf\xbd"}, {932, "\x93\xfa", "日"},
        {65001, "a\xc3", "a\xef\xbf\xbd"}};
    struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(4096);

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        rms_buf_reset(&out);
        must(rms_code_page_text(cases[i].code_page, rms_view_str(cases[i].bytes), &out));
        assert_string_equal(rms_buf_text(&out), cases[i].text);
    }
    assert_int_equal(rms_code_page_text(4711, RMS_VIEW_LITERAL("x"), &out), RMS_E_UNSUPPORTED);
    assert_int_equal(rms_code_page_of("Windows-1252"), 1252);
    assert_int_equal(rms_code_page_of("klingon"), 0);
    assert_int_equal(rms_code_page_of(NULL), 0);
}

/* Words stay, everything that acts goes. */
static void pages(void **state)
{
    static const struct {
        const char *html, *text;
    } cases[] = {{"", ""}, {"just text", "just text\n"},
        {"<html><head><title>t</title><style>p{}</style></head><body><p>one\n two</p><p>three<br>four</p>"
         "<script>alert(1)</script><img src=x onerror=y><ul><li>a<li>b</ul></body></html>",
            "one two\nthree\nfour\na\nb\n"},
        {"<pre>a\n  b</pre>", "a\n  b\n"}, {"&lt;b&gt; &eacute;", "<b> é\n"},
        {"<!--[if x]>hidden<![endif]--><div>seen</div>", "seen\n"},
        {"<p>open <b>never closed", "open never closed\n"}};
    struct rms_buf RMS_BUF_CLEANUP deep = RMS_BUF_INIT(FILE_MAX);
    struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(FILE_MAX);

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        rms_buf_reset(&out);
        must(rms_html_text(rms_view_str(cases[i].html), &out));
        assert_string_equal(rms_buf_text(&out), cases[i].text);
    }
    while (deep.len < 200000) {
        rms_buf_append_str(&deep, "<div>");
    }
    assert_true(rms_html_text(rms_buf_view(&deep), &out) <= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies),
        cmocka_unit_test(attachments),
        cmocka_unit_test(by_other_methods),
        cmocka_unit_test(what_does_not_add_up),
        cmocka_unit_test(names_of_files),
        cmocka_unit_test(code_pages),
        cmocka_unit_test(pages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
