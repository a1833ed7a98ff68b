#include "base/test.h"

#include <stdlib.h>
#include <zlib.h>

#include "format/carrier.h"
#include "format/mime.h"
#include "format/rpmsg.h"

#define FILE_MAX ((size_t)64 * 1024 * 1024)

static void must(int status)
{
    assert_int_equal(status, 0);
}

static void fill(struct rms_buf *out, size_t len)
{
    uint32_t state = 7;

    while (out->len < len) {
        state = state * 1664525u + 1013904223u;
        rms_buf_append_byte(out, (uint8_t)(state >> 24));
    }
}

static int inflate_bytes(struct rms_view packed, struct rms_buf *out)
{
    const struct rms_reader reader = rms_reader_of_view(&packed);

    return rms_rpmsg_inflate(&reader, out);
}

/* Sizes on both sides of every boundary; bytes that pack well and that do not. */
static void there_and_back(void **state)
{
    static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 8192, 100000};

    (void)state;
    for (size_t i = 0; i < 2 * RMS_COUNT(sizes); i++) {
        struct rms_buf RMS_BUF_CLEANUP clear = RMS_BUF_INIT(FILE_MAX);
        struct rms_buf RMS_BUF_CLEANUP packed = RMS_BUF_INIT(FILE_MAX);
        struct rms_buf RMS_BUF_CLEANUP back = RMS_BUF_INIT(FILE_MAX);
        const struct rms_writer out = rms_writer_of_buf(&packed);
        uint64_t written;

        fill(&clear, sizes[i / 2]);
        for (size_t j = 0; i % 2 == 1 && j < clear.len; j++) {
            clear.data[j] &= 1;
        }
        must(rms_rpmsg_deflate(rms_buf_view(&clear), &out, &written));
        assert_int_equal(written, packed.len);
        must(inflate_bytes(rms_buf_view(&packed), &back));
        assert_true(rms_view_equal(rms_buf_view(&back), rms_buf_view(&clear)));
        /* zlib's header is in the first block only, and of the level that others use */
        assert_true(packed.len < 22 || memcmp(packed.data + 20, "\x78\xda", 2) == 0);
    }
}

/* One block of these numbers around these bytes. */
static void block(struct rms_buf *out, uint32_t mark, uint32_t clear, struct rms_view packed)
{
    rms_buf_append_u32(out, mark);
    rms_buf_append_u32(out, clear);
    rms_buf_append_u32(out, (uint32_t)packed.len);
    rms_buf_append_view(out, packed);
}

static const uint8_t magic[] = {0x76, 0xe8, 0x04, 0x60, 0xc4, 0x11, 0xe3, 0x86};

/* What a block says must be what it holds. */
static void wrong_blocks(void **state)
{
    /* "abc" by zlib, flushed, unfinished */
    static const uint8_t abc[] = {0x78, 0xda, 0x4a, 0x4c, 0x4a, 0x06, 0, 0, 0, 0xff, 0xff};
    static const struct {
        uint32_t mark, clear;
        size_t packed;
        int code;
    } cases[] = {{0xfa0, 3, sizeof abc, 0}, {0xfa1, 3, sizeof abc, RMS_E_DAMAGED},
        {0xfa0, 2, sizeof abc, RMS_E_DAMAGED}, {0xfa0, 4, sizeof abc, RMS_E_DAMAGED},
        {0xfa0, 0, sizeof abc, RMS_E_DAMAGED}, {0xfa0, 4097, sizeof abc, RMS_E_DAMAGED},
        {0xfa0, UINT32_MAX, sizeof abc, RMS_E_DAMAGED}, {0xfa0, 3, 0, RMS_E_DAMAGED},
        {0xfa0, 3, 2, RMS_E_DAMAGED}};

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        struct rms_buf RMS_BUF_CLEANUP file = RMS_BUF_INIT(FILE_MAX);
        struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(FILE_MAX);

        rms_buf_append(&file, magic, sizeof magic);
        block(&file, cases[i].mark, cases[i].clear, rms_view_of(abc, cases[i].packed));
        assert_int_equal(inflate_bytes(rms_buf_view(&file), &out), cases[i].code);
        assert_true(cases[i].code != 0 || memcmp(rms_buf_text(&out), "abc", 4) == 0);
    }
}

/* A stream that packs a thousand to one gives what its blocks announce and not a byte more; and the whole is
 * bounded by what the caller has room for. */
static void bombs(void **state)
{
    struct rms_buf RMS_BUF_CLEANUP zeros = RMS_BUF_INIT(FILE_MAX);
    struct rms_buf RMS_BUF_CLEANUP packed = RMS_BUF_INIT(FILE_MAX);
    struct rms_buf RMS_BUF_CLEANUP file = RMS_BUF_INIT(FILE_MAX);
    struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(FILE_MAX);
    struct rms_buf RMS_BUF_CLEANUP small = RMS_BUF_INIT(10000);
    const struct rms_writer to = rms_writer_of_buf(&file);
    uint64_t written;
    uint8_t *place;
    uLongf len;

    (void)state;
    place = rms_buf_reserve(&zeros, 4u << 20);
    memset(place, 0, 4u << 20);
    rms_buf_commit(&zeros, 4u << 20);
    len = compressBound(zeros.len);
    place = rms_buf_reserve(&packed, len);
    assert_int_equal(compress2(place, &len, zeros.data, zeros.len, 9), Z_OK);
    rms_buf_commit(&packed, len);
    assert_true(packed.len < 8192);
    rms_buf_append(&file, magic, sizeof magic);
    block(&file, 0xfa0, 4096, rms_buf_view(&packed));
    assert_int_equal(inflate_bytes(rms_buf_view(&file), &out), RMS_E_DAMAGED);
    assert_int_equal(out.len, 0);
    rms_buf_reset(&file);
    must(rms_rpmsg_deflate(rms_buf_view(&zeros), &to, &written));
    assert_int_equal(inflate_bytes(rms_buf_view(&file), &small), RMS_E_LIMIT);
    assert_true(small.len <= 10000);
}

/* --- as containers --- */

#define LICENCE "<XrML>licence</XrML>"

/* A message of one block of cipher text. */
static void make_message(struct rms_buf *out)
{
    const struct rms_writer file = rms_writer_of_buf(out);
    struct rms_buf RMS_BUF_CLEANUP content = RMS_BUF_INIT(FILE_MAX);
    struct rms_buf RMS_BUF_CLEANUP form = RMS_BUF_INIT(FILE_MAX);
    struct rms_container_request request = {.kind = RMS_CONTAINER_MESSAGE, .extension = "", .size = 4000};
    struct rms_container_out made;

    must(rms_container_form(request.kind, RMS_VIEW_LITERAL(LICENCE), &form));
    request.licence = rms_buf_view(&form);
    fill(&content, 4096);
    must(rms_container_begin(&request, &file, &made));
    must(made.stream.write(made.stream.context, made.content_offset, content.data, content.len));
    must(rms_container_finish(&made, rms_view_of(NULL, 0)));
}

static int open_as(struct rms_view bytes, size_t *content_out)
{
    struct rms_container RMS_CONTAINER_CLEANUP container = {0};
    struct rms_buf RMS_BUF_CLEANUP licence = RMS_BUF_INIT(FILE_MAX);
    const struct rms_reader reader = rms_reader_of_view(&bytes);

    RMS_TRY(rms_container_open(&reader, &container));
    assert_int_equal(container.kind, RMS_CONTAINER_MESSAGE);
    must(rms_container_licence(&container, &licence));
    assert_non_null(strstr(rms_buf_text(&licence), LICENCE));
    assert_int_equal(container.original_size, 4000);
    *content_out = (size_t)container.content.len;
    return 0;
}

/* Cut at every byte, and at every place one byte is another: a named reason or the same message, nothing
 * else. touches: C-392 */
static void cut_and_changed(void **state)
{
    struct rms_buf RMS_BUF_CLEANUP file = RMS_BUF_INIT(FILE_MAX);
    size_t content = 0;

    (void)state;
    make_message(&file);
    must(open_as(rms_buf_view(&file), &content));
    assert_int_equal(content, 4096);
    for (size_t len = 0; len < file.len; len += 1 + len / 97) {
        int code = open_as(rms_view_of(file.data, len), &content);

        assert_int_equal(code, len < sizeof magic ? RMS_E_NOT_PROTECTED : RMS_E_DAMAGED);
    }
    for (size_t at = 0; at < file.len; at += 1 + at / 61) {
        int code;

        file.data[at] ^= 0x10;
        code = open_as(rms_buf_view(&file), &content);
        file.data[at] ^= 0x10;
        assert_true(code == 0 || code == RMS_E_DAMAGED || code == RMS_E_NOT_PROTECTED ||
                    code == RMS_E_UNSUPPORTED_VERSION);
    }
}

static void attach(struct rms_buf *mail, const char *name, struct rms_view bytes)
{
    rms_buf_printf(mail,
        "--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n"
        "Content-Disposition: attachment; filename=\"%s\"\r\n\r\n",
        name);
    rms_buf_append_view(mail, bytes);
    rms_buf_append_str(mail, "\r\n");
}

#define HEAD                                                                                                 \
    "From: a@contoso.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"

/* The one attachment that is the message, under each of its names, wherever it stands. */
static void mails(void **state)
{
    static const struct {
        const char *names[2];
        bool message; /* else other bytes */
        int code;
    } cases[] = {{{"message.rpmsg"}, true, 0}, {{"MESSAGE.RPMSG"}, true, 0}, {{"message_v2.rpmsg"}, true, 0},
        {{"message_v4.rpmsg"}, true, 0}, {{"x.bin", "message.rpmsg"}, true, 0},
        {{"message_v5.rpmsg"}, true, RMS_E_NOT_PROTECTED}, {{"x.bin"}, true, RMS_E_NOT_PROTECTED},
        {{"message.rpmsg", "message_v2.rpmsg"}, true, RMS_E_DAMAGED},
        {{"message.rpmsg"}, false, RMS_E_DAMAGED}, {{"message_v3.rpmsg"}, false, RMS_E_UNSUPPORTED_VERSION}};
    struct rms_buf RMS_BUF_CLEANUP message = RMS_BUF_INIT(FILE_MAX);
    size_t content;

    (void)state;
    make_message(&message);
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        struct rms_buf RMS_BUF_CLEANUP mail = RMS_BUF_INIT(FILE_MAX);

        rms_buf_append_str(&mail, HEAD);
        for (size_t j = 0; j < 2 && cases[i].names[j] != NULL; j++) {
            attach(&mail, cases[i].names[j],
                cases[i].message ? rms_buf_view(&message) : RMS_VIEW_LITERAL("something else"));
        }
        rms_buf_append_str(&mail, "--b--\r\n");
        assert_int_equal(open_as(rms_buf_view(&mail), &content), cases[i].code);
    }
    /* in a mail inside the mail it is that one's */
    assert_int_equal(
        open_as(RMS_VIEW_LITERAL("Subject: x\r\n\r\nno mail by far"), &content), RMS_E_NOT_PROTECTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(wrong_blocks),
        cmocka_unit_test(bombs),
        cmocka_unit_test(cut_and_changed),
        cmocka_unit_test(mails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
