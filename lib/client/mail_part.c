/* Attachments of protected mails, one in memory at a time. */
#include "client/context.h"
#include "client/mail.h"
#include "format/office.h"
#include "format/rpmsg.h"

/* The form it can be protected in. RMS_CONTAINER_PFILE: none of its own, or the document or the administrator
 * does not allow it. Inside the message it is protected all the same. */
static enum rms_container_kind form_of(
    const struct rms_context *context, const char *name, const struct rms_reader *reader)
{
    struct rms_container RMS_CONTAINER_CLEANUP container = {0};
    enum rms_kind_class class = rms_kind_of(name)->class;
    enum rms_container_kind kind = RMS_CONTAINER_PFILE;

    if (rms_settings_rule(&context->settings, name).setting == RMS_SETTING_OFF ||
        rms_container_open(reader, &container) != RMS_E_NOT_PROTECTED) {
        return RMS_CONTAINER_PFILE;
    }
    if (class == RMS_KIND_OFFICE && rms_office_kind(reader, &kind) == 0) {
        return kind;
    }
    return class == RMS_KIND_PDF && context->settings.pdf_native &&
                   rms_pdf_may_protect(reader, RMS_PDF_NATIVE) == 0
               ? RMS_CONTAINER_PDF
               : RMS_CONTAINER_PFILE;
}

static int write_pdf(
    const struct rms_issued *issued, const struct rms_reader *clear, const struct rms_writer *out)
{
    struct rms_content_cipher RMS_CONTENT_CLEANUP *cipher = NULL;
    struct rms_pdf_job job = {.file = clear, .out = out};
    uint64_t written;

    RMS_TRY(rms_content_cipher_new(issued->key.mode, rms_secret_view(issued->key.key), &cipher));
    job.cipher = cipher;
    return rms_pdf_protect(&job, rms_buf_view(&issued->licence), &written);
}

int rms_mail_write_container(const struct rms_crypt_job *in, const struct rms_container_request *request,
    const struct rms_content_key *issued, const struct rms_writer *file)
{
    struct rms_container_out out;
    struct rms_content_key key = *issued;
    struct rms_crypt_job job = *in;
    uint64_t written;
    int status;

    RMS_TRY(rms_container_begin(request, file, &out));
    key.mode = rms_container_mode(request->kind, RMS_PFILE_MAJOR, key.mode);
    job.in_len = request->size;
    job.encrypt = &key;
    job.clear_size = UINT64_MAX;
    job.threads = 1;
    job.out = out.stream;
    job.out_offset = out.content_offset;
    status = rms_crypt_run(&job, &written);
    status = status == 0 ? rms_container_finish(&out, rms_view_of(NULL, 0)) : status;
    rms_container_abort(&out);
    return status;
}

static int write_part(const struct rms_plan *plan, const struct rms_container_request *request,
    const struct rms_issued *issued, struct rms_buf *made)
{
    const struct rms_writer file = rms_writer_of_buf(made);

    if (request->kind == RMS_CONTAINER_PDF) {
        return write_pdf(issued, request->beside, &file);
    }
    const struct rms_crypt_job job = {.context = plan->context, .in = *request->beside};

    return rms_mail_write_container(&job, request, &issued->key, &file);
}

int rms_mail_protect_part(const struct rms_plan *plan, const char *name, struct rms_buf *data)
{
    struct rms_buf RMS_BUF_CLEANUP made = RMS_BUF_INIT(RMS_RPMSG_MAX);
    struct rms_view view = rms_buf_view(data);
    const struct rms_reader reader = rms_reader_of_view(&view);
    struct rms_buf RMS_BUF_CLEANUP licence = RMS_BUF_INIT(RMS_PFILE_LICENCE_MAX);
    struct rms_container_request request = {
        .kind = form_of(plan->context, name, &reader),
        .extension = rms_kind_extension(name),
        .size = data->len,
        .beside = &reader,
    };
    const struct rms_content_about about = {
        .extension = request.extension, .size = request.size, .mail = true};
    struct rms_issued issued;
    int status;

    if (request.kind == RMS_CONTAINER_PFILE) {
        return 0;
    }
    RMS_TRY(rms_plan_issue(plan, &about, &issued));
    status = rms_container_form(request.kind, rms_buf_view(&issued.licence), &licence);
    request.licence = rms_buf_view(&licence);
    status = status == 0 ? write_part(plan, &request, &issued, &made) : status;
    if (status == 0) {
        rms_buf_fini(&issued.licence);
        issued.licence = licence;
        licence = (struct rms_buf)RMS_BUF_INIT(0);
        rms_plan_keep(plan, &issued);
        rms_buf_fini(data);
        *data = made;
        made = (struct rms_buf)RMS_BUF_INIT(0);
    }
    rms_issued_fini(&issued);
    return status;
}

int rms_mail_read_clear(struct rms_context *context, const struct rms_opened *opened, struct rms_buf *out)
{
    const struct rms_part *content = &opened->container.content;
    const struct rms_crypt_job job = {
        .context = context,
        .in = content->reader,
        .in_offset = content->offset,
        .in_len = content->len,
        .out = rms_writer_of_buf(out),
        .decrypt = &opened->access->key,
        .clear_size = opened->container.original_size,
        .threads = 1,
    };
    uint64_t expected;
    uint64_t written;

    RMS_TRY(rms_opened_size(opened, &expected));
    RMS_TRY(rms_crypt_run(&job, &written));
    return written == expected ? 0 : RMS_E_DAMAGED;
}
