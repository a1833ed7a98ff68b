/* Reading protected mails (rms_mail_*), and what mails tell in clear. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "client/context.h"
#include "client/save.h"
#include "client/source.h"
#include "format/html.h"
#include "format/message.h"
#include "format/mime.h"
#include "format/outlook.h"

#define TEXT_MAX (4u * RMS_HTML_MAX)

typedef int write_result(void *user_data, const void *data, size_t len);

struct rms_mail {
    enum rms_handle handle;
    struct rms_document *document;
    struct rms_reader reader;
    struct rms_message *message;
    struct rms_mail_info info;
};

static struct rms_context *context_of(const struct rms_mail *mail)
{
    return rms_document_context(mail->document);
}

static int read_document(void *context, uint64_t offset, void *buffer, size_t len)
{
    int64_t got = rms_document_read(context, offset, buffer, len);

    return got < 0 ? (int)got : ((size_t)got == len ? 0 : RMS_E_DAMAGED);
}

static int open_message(struct rms_mail *mail)
{
    RMS_TRY(rms_document_size(mail->document, &mail->reader.size));
    mail->reader.context = mail->document;
    mail->reader.read = read_document;
    RMS_TRY(rms_message_open(&mail->reader, &mail->message));
    mail->info = (struct rms_mail_info){
        .body = (enum rms_mail_body)rms_message_body(mail->message),
        .code_page = rms_message_code_page(mail->message),
        .attachment_count = rms_message_attachment_count(mail->message),
    };
    return 0;
}

int rms_mail_open(struct rms_document *document, struct rms_mail **mail_out)
{
    struct rms_mail *mail;
    int status;

    if (mail_out == NULL || !rms_handle_is(document, RMS_HANDLE_DOCUMENT)) {
        return RMS_E_BAD_ARGUMENT;
    }
    *mail_out = NULL;
    RMS_TRY(rms_call_begin(rms_document_context(document)));
    if (rms_document_opened(document)->container.kind != RMS_CONTAINER_MESSAGE) {
        return rms_fail(rms_document_context(document), RMS_E_UNSUPPORTED, "the document is no mail");
    }
    mail = rms_calloc(1, sizeof *mail);
    if (mail == NULL) {
        return RMS_E_NO_MEMORY;
    }
    mail->handle = RMS_HANDLE_MAIL;
    mail->document = document;
    status = open_message(mail);
    if (status != 0) {
        rms_mail_free(&mail);
        return rms_fail(rms_document_context(document), status, "the message cannot be read");
    }
    *mail_out = mail;
    return 0;
}

void rms_mail_free(struct rms_mail **mail)
{
    struct rms_mail *gone = mail != NULL ? *mail : NULL;

    if (!rms_handle_is(gone, RMS_HANDLE_MAIL)) {
        return;
    }
    *mail = NULL;
    gone->handle = 0;
    rms_message_close(&gone->message);
    rms_free(gone);
}

const struct rms_mail_info *rms_mail_info(const struct rms_mail *mail)
{
    return rms_handle_is(mail, RMS_HANDLE_MAIL) ? &mail->info : NULL;
}

/* --- the body --- */

static int read_body(struct rms_mail *mail, enum rms_mail_body form, struct rms_buf *out)
{
    RMS_TRY(rms_call_begin(context_of(mail)));
    if (form < RMS_MAIL_PLAIN || form > RMS_MAIL_RTF) {
        return RMS_E_BAD_ARGUMENT;
    }
    return rms_message_read_body(mail->message, (enum rms_message_body)form, out);
}

int rms_mail_body(struct rms_mail *mail, enum rms_mail_body form, write_result *write, void *user_data)
{
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(RMS_MESSAGE_BODY_MAX);

    if (!rms_handle_is(mail, RMS_HANDLE_MAIL) || write == NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(read_body(mail, form, &bytes));
    return bytes.len > 0 ? write(user_data, bytes.data, bytes.len) : 0;
}

int rms_mail_text(struct rms_mail *mail, write_result *write, void *user_data)
{
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(RMS_MESSAGE_BODY_MAX);
    struct rms_buf RMS_BUF_CLEANUP utf8 = RMS_BUF_INIT(TEXT_MAX);
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(TEXT_MAX);
    bool plain;

    if (!rms_handle_is(mail, RMS_HANDLE_MAIL) || write == NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    plain = mail->info.body == RMS_MAIL_PLAIN;
    RMS_TRY(read_body(mail, plain ? RMS_MAIL_PLAIN : RMS_MAIL_HTML, &bytes));
    RMS_TRY(rms_code_page_text(mail->info.code_page, rms_buf_view(&bytes), &utf8));
    if (!plain) {
        RMS_TRY(rms_html_text(rms_buf_view(&utf8), &text));
    }
    if (plain) {
        return utf8.len > 0 ? write(user_data, utf8.data, utf8.len) : 0;
    }
    return text.len > 0 ? write(user_data, text.data, text.len) : 0;
}

/* --- attachments --- */

/* Whatever it is, if it is protected it stays so in a copy. */
static bool is_protected(struct rms_mail *mail, size_t i)
{
    struct rms_container RMS_CONTAINER_CLEANUP container = {0};
    struct rms_reader reader;

    return rms_message_attachment_stream(mail->message, i, &reader) == 0 &&
           rms_container_open(&reader, &container) == 0;
}

int rms_mail_attachment(struct rms_mail *mail, size_t i, struct rms_mail_attachment *attachment_out)
{
    const struct rms_message_attachment *found;

    if (!rms_handle_is(mail, RMS_HANDLE_MAIL) || attachment_out == NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(rms_call_begin(context_of(mail)));
    found = rms_message_attachment(mail->message, i);
    if (found == NULL) {
        return RMS_E_NOT_FOUND;
    }
    *attachment_out = (struct rms_mail_attachment){
        .name = found->name,
        .content_id = found->content_id,
        .kind = found->method == RMS_ATTACH_VALUE
                    ? RMS_MAIL_FILE
                    : (found->method == RMS_ATTACH_MESSAGE ? RMS_MAIL_MESSAGE : RMS_MAIL_OBJECT),
        .size = found->size,
        .is_protected = is_protected(mail, i),
    };
    return 0;
}

int rms_mail_attachment_read(struct rms_mail *mail, size_t i, write_result *write, void *user_data)
{
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(RMS_CFB_STREAM_MAX);
    const struct rms_writer out = rms_writer_of_buf(&bytes);
    int status;

    if (!rms_handle_is(mail, RMS_HANDLE_MAIL) || write == NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(rms_call_begin(context_of(mail)));
    status = rms_message_write_attachment(mail->message, i, &out);
    if (status != 0) {
        return rms_fail(context_of(mail), status, "the attachment cannot be read");
    }
    return bytes.len > 0 ? write(user_data, bytes.data, bytes.len) : 0;
}
