/* Any bytes as a message.rpmsg, a mail or an Outlook item; or, behind a first byte of 0 to 2, as what is
 * encrypted in a message, as a page, or as the name of an attachment. What comes out can be read and given
 * out, and names are fit for files. */
#include <stdlib.h>

#include "base/text.h"
#include "format/html.h"
#include "format/mime.h"
#include "format/outlook.h"
#include "format/rpmsg.h"

#define OUT_MAX (8u * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void check_name(const char *name)
{
    check(name[0] != '\0' && name[0] != '.' && strlen(name) <= 220 && strchr(name, '/') == NULL &&
          rms_text_printable(rms_view_str(name)));
}

static void try_content(const struct rms_reader *reader)
{
    struct rms_message RMS_MESSAGE_CLEANUP *message = NULL;

    if (rms_message_open(reader, &message) != 0) {
        return;
    }
    for (size_t i = 0; i < rms_message_attachment_count(message); i++) {
        struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(OUT_MAX);
        const struct rms_writer to = rms_writer_of_buf(&out);

        check_name(rms_message_attachment(message, i)->name);
        check(rms_message_write_attachment(message, i, &to) <= 0);
    }
    for (int form = RMS_MESSAGE_PLAIN; form <= RMS_MESSAGE_RTF; form++) {
        struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(OUT_MAX);
        struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(4u * OUT_MAX);

        if (rms_message_read_body(message, (enum rms_message_body)form, &out) == 0 &&
            rms_code_page_text(rms_message_code_page(message), rms_buf_view(&out), &text) == 0) {
            check(rms_text_valid(rms_buf_view(&text)) || memchr(text.data, 0, text.len) != NULL);
        }
    }
}

static void try_page(struct rms_view html)
{
    struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(OUT_MAX);

    check(rms_html_text(html, &out) <= 0);
}

static void try_name(struct rms_view name)
{
    char out[RMS_MESSAGE_TEXT_MAX];

    rms_message_file_name(name, 3, out);
    check_name(out);
}

/* A mail that is read can be made into a protected and a clear one. */
static void try_mail(const struct rms_reader *reader)
{
    struct rms_mime RMS_MIME_CLEANUP *mail = NULL;
    struct rms_mime_body RMS_MIME_BODY_CLEANUP body = {.form = RMS_MESSAGE_PLAIN};
    struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(OUT_MAX);

    if (rms_mime_open(reader, &mail) != 0) {
        return;
    }
    for (size_t i = 0; i < rms_mime_attachment_count(mail); i++) {
        struct rms_buf RMS_BUF_CLEANUP part = RMS_BUF_INIT(OUT_MAX);

        check_name(rms_mime_attachment(mail, i)->name);
        check(rms_mime_read_attachment(mail, i, &part) <= 0);
    }
    if (rms_mime_read_body(mail, &body) == 0) {
        check(rms_mime_make_protected(mail, rms_buf_view(&body.main), &out) == 0);
    }
}

static void try_item(const struct rms_reader *reader)
{
    struct rms_outlook RMS_OUTLOOK_CLEANUP *item = NULL;

    if (rms_outlook_open(reader, &item) == 0) {
        check(rms_text_valid(rms_view_str(rms_outlook_subject(item))));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rms_container RMS_CONTAINER_CLEANUP container = {0};
    struct rms_buf RMS_BUF_CLEANUP inflated = RMS_BUF_INIT(OUT_MAX);
    bool marked = size > 0 && data[0] < 3;
    struct rms_view view = marked ? rms_view_of(data + 1, size - 1) : rms_view_of(data, size);
    struct rms_reader reader = rms_reader_of_view(&view);

    if (marked && data[0] == 0) {
        try_content(&reader);
    } else if (marked && data[0] == 1) {
        try_page(view);
    } else if (marked) {
        try_name(view);
    } else {
        /* a block of at most 4096 bytes costs at least 13 */
        check(rms_rpmsg_inflate(&reader, &inflated) != 0 || inflated.len <= size / 13 * 4096);
        check(rms_container_open(&reader, &container) <= 0);
        try_mail(&reader);
        try_item(&reader);
    }
    return 0;
}
