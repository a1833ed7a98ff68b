/* Making a clear mail of a protected one: its header, and what message.rpmsg holds. */
#include <stdio.h>

#include "base/log.h"
#include "client/context.h"
#include "client/mail.h"
#include "client/refusal.h"
#include "format/mime.h"
#include "format/rpmsg.h"

#define ARENA_MAX (4u * 1024 * 1024)

/* What becomes of protected attachments: decrypted down to so many levels below the message (C-077). */
struct depth {
    unsigned left;
    bool strict; /* what is deeper is a failure */
};

static int open_mail(struct rms_context *context, const struct rms_opened *opened,
    const struct rms_reader *carrier, struct depth depth, struct rms_buf *out);

static int clear_content(struct rms_context *context, struct rms_opened *opened,
    const struct rms_reader *carrier, struct depth depth, struct rms_buf *out)
{
    const struct rms_writer to = rms_writer_of_buf(out);
    uint64_t written;

    RMS_TRY(rms_opened_licence(context, RMS_RIGHT_EXPORT, opened));
    if (!rms_access_may_unprotect(opened->access)) {
        rms_refusal_note(context, opened->access, "EXPORT");
        return RMS_E_NO_RIGHTS;
    }
    if (opened->container.kind == RMS_CONTAINER_MESSAGE) {
        return open_mail(context, opened, carrier, depth, out);
    }
    if (opened->container.kind == RMS_CONTAINER_PDF) {
        return rms_opened_write_pdf(opened, &to, &written);
    }
    return rms_mail_read_clear(context, opened, out);
}

/* A protected attachment, decrypted when that can be; else it stays as it is, which is a line in the log. */
static int clear_part(struct rms_context *context, const char *name, struct depth depth, struct rms_buf *data)
{
    struct rms_buf RMS_BUF_CLEANUP clear = RMS_BUF_INIT(RMS_MIME_MAX);
    struct rms_view view = rms_buf_view(data);
    const struct rms_reader reader = rms_reader_of_view(&view);
    struct rms_opened opened = {0};
    int status = rms_container_open(&reader, &opened.container);

    if (status == 0 && depth.left == 0) {
        status = depth.strict ? RMS_E_LIMIT : RMS_E_NOT_PROTECTED;
    }
    if (status == 0) {
        depth.left--;
        status = clear_content(context, &opened, &reader, depth, &clear);
    }
    rms_opened_fini(&opened);
    if (status == 0) {
        rms_buf_fini(data);
        *data = clear;
        clear = (struct rms_buf)RMS_BUF_INIT(0);
    } else if (status == RMS_E_LIMIT) {
        return rms_fail(context, RMS_E_LIMIT, "mails lie too deep inside each other");
    } else if (status == RMS_E_CANCELLED || status == RMS_E_NO_MEMORY) {
        return status;
    } else if (status != RMS_E_NOT_PROTECTED) {
        rms_note(context, RMS_LOG_INFO, "the attachment %s stays protected: %s", name,
            rms_error_info(status)->reason);
    }
    return 0;
}

/* --- the parts of a message -------------------------------------------------------------------------------
 */

struct parts {
    struct rms_arena *arena;
    struct rms_buf *data;
    struct rms_message_part *list;
    size_t count;
};

static void parts_fini(struct parts *parts)
{
    for (size_t i = 0; i < parts->count; i++) {
        rms_buf_fini(&parts->data[i]);
    }
    rms_arena_free(&parts->arena);
}

static const char *part_name(struct parts *parts, const struct rms_message_attachment *attachment)
{
    bool has_dot = strrchr(attachment->name, '.') != NULL;
    const char *extension = attachment->method == RMS_ATTACH_MESSAGE && !has_dot ? ".msg" : "";

    return rms_arena_printf(parts->arena, "%s%s", attachment->name, extension);
}

static int take_parts(
    struct rms_context *context, struct rms_message *message, struct depth depth, struct parts *parts)
{
    size_t count = rms_message_attachment_count(message);

    parts->arena = rms_arena_new(ARENA_MAX);
    if (parts->arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    parts->data = rms_arena_array(parts->arena, count + 1, sizeof *parts->data);
    parts->list = rms_arena_array(parts->arena, count + 1, sizeof *parts->list);
    if (parts->data == NULL || parts->list == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        const struct rms_message_attachment *attachment = rms_message_attachment(message, i);
        struct rms_buf *data = &parts->data[parts->count++];
        const struct rms_writer to = rms_writer_of_buf(data);
        const char *name = part_name(parts, attachment);

        rms_buf_init(data, RMS_RPMSG_MAX);
        RMS_TRY(name != NULL ? rms_message_write_attachment(message, i, &to) : RMS_E_NO_MEMORY);
        RMS_TRY(clear_part(context, name, depth, data));
        parts->list[i] = (struct rms_message_part){name, attachment->content_id, rms_buf_view(data)};
    }
    return 0;
}

static int write_clear(struct rms_message *message, const struct parts *parts,
    const struct rms_reader *carrier, struct rms_buf *out)
{
    struct rms_mime RMS_MIME_CLEANUP *mail = NULL;
    struct rms_buf RMS_BUF_CLEANUP main = RMS_BUF_INIT(RMS_MESSAGE_BODY_MAX);
    struct rms_buf RMS_BUF_CLEANUP rtf = RMS_BUF_INIT(RMS_MESSAGE_BODY_MAX);
    struct rms_message_request content = {.body = rms_message_body(message),
        .code_page = rms_message_code_page(message),
        .parts = parts->list,
        .part_count = parts->count};

    if (carrier != NULL && rms_mime_looks(carrier)) {
        RMS_TRY(rms_mime_open(carrier, &mail));
    }
    /* the first stream is HTML for RTF, else the body itself */
    RMS_TRY(rms_message_read_body(
        message, content.body == RMS_MESSAGE_PLAIN ? RMS_MESSAGE_PLAIN : RMS_MESSAGE_HTML, &main));
    if (content.body == RMS_MESSAGE_RTF) {
        RMS_TRY(rms_message_read_body(message, RMS_MESSAGE_RTF, &rtf));
    }
    content.main = rms_buf_view(&main);
    content.rtf = rms_buf_view(&rtf);
    return rms_mime_make_clear(mail, &content, out);
}

static int open_mail(struct rms_context *context, const struct rms_opened *opened,
    const struct rms_reader *carrier, struct depth depth, struct rms_buf *out)
{
    struct rms_buf RMS_BUF_CLEANUP clear = RMS_BUF_INIT(RMS_RPMSG_MAX);
    struct rms_message RMS_MESSAGE_CLEANUP *message = NULL;
    struct parts parts = {0};
    struct rms_view view;
    struct rms_reader reader;
    int status;

    RMS_TRY(rms_mail_read_clear(context, opened, &clear));
    view = rms_buf_view(&clear);
    reader = rms_reader_of_view(&view);
    RMS_TRY(rms_message_open(&reader, &message));
    status = take_parts(context, message, depth, &parts);
    status = status == 0 ? write_clear(message, &parts, carrier, out) : status;
    parts_fini(&parts);
    return status;
}

/* --- a file -----------------------------------------------------------------------------------------------
 */

int rms_mail_clear(struct rms_context *context, const struct rms_opened *opened,
    const struct rms_reader *carrier, struct rms_buf *out)
{
    static const struct depth depths[] = {
        [RMS_DECRYPT_TOP] = {0, false}, [RMS_DECRYPT_MSG] = {1, false}, [RMS_DECRYPT_ALL] = {10, true}};

    if (rms_cfb_looks(carrier)) {
        return rms_fail(context, RMS_E_UNSUPPORTED,
            "Outlook items are only read; rms open shows the message and saves its attachments");
    }
    return open_mail(context, opened, carrier, depths[context->settings.container_decryption], out);
}

int rms_mail_unprotect(const struct rms_errand *errand, struct rms_work *work, struct rms_opened *opened)
{
    struct rms_context *context = errand->context;
    struct rms_buf RMS_BUF_CLEANUP mail = RMS_BUF_INIT(RMS_MIME_MAX);
    struct rms_writer file;
    int status;

    if (rms_cfb_looks(&work->source.reader)) {
        return rms_fail(context, RMS_E_UNSUPPORTED,
            "%s: Outlook items are only read; rms open shows the message and saves its attachments",
            work->source.path);
    }
    work->target.change = rms_mime_looks(&work->source.reader) ? RMS_NAME_KEEP : RMS_NAME_CLEAR;
    (void)snprintf(work->target.extension, sizeof work->target.extension, ".eml");
    memcpy(work->content_id, opened->access->pl.content_id, sizeof work->content_id);
    RMS_TRY(rms_target_open(context, &work->target));
    status = rms_mail_clear(context, opened, &work->source.reader, &mail);
    if (status == 0) {
        file = rms_target_writer(&work->target);
        status = file.write(file.context, 0, mail.data, mail.len);
    }
    if (status != 0 && rms_last_detail(context)[0] == '\0') {
        return rms_fail(context, status, "%s", work->source.path);
    }
    RMS_TRY(status);
    RMS_TRY(rms_source_unchanged(context, &work->source));
    return rms_target_like(&work->target, &work->source, errand->options.preserve_times);
}
