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

/* What seal_pdf needs. */
struct pdf_seal {
    const struct rms_sealer_about *about;
    const struct rms_ec_private *author;
    const struct rms_buf *made;
};

static int seal_pdf(void *user_data, uint64_t offset, uint64_t len, struct rms_buf *out)
{
    const struct pdf_seal *pdf = user_data;
    struct rms_view made = rms_buf_view(pdf->made);
    const struct rms_part written = {rms_reader_of_view(&made), offset, len};

    return rms_seal_written(pdf->about, pdf->author, &written, out);
}

static struct rms_sealer_about sealed_about(
    const struct rms_container_request *request, const struct rms_issued *issued)
{
    return (struct rms_sealer_about){
        .kind = request->kind,
        .mode = rms_container_mode(request->kind, RMS_PFILE_MAJOR, issued->key.mode),
        .clear_size = request->size,
        .licence = request->licence,
        .content_id = issued->content_id,
    };
}

static int write_pdf(const struct rms_container_request *request, const struct rms_issued *issued,
    const struct rms_ec_private *author, struct rms_buf *made)
{
    struct rms_content_cipher RMS_CONTENT_CLEANUP *cipher = NULL;
    const struct rms_writer out = rms_writer_of_buf(made);
    const struct rms_sealer_about about = sealed_about(request, issued);
    struct rms_pdf_job job = {.file = request->beside,
        .out = &out,
        .seal = seal_pdf,
        .user_data = &(struct pdf_seal){&about, author, made}};
    uint64_t written;

    RMS_TRY(rms_content_cipher_new(issued->key.mode, rms_secret_view(issued->key.key), &cipher));
    job.cipher = cipher;
    return rms_pdf_protect(&job, rms_buf_view(&issued->licence), &written);
}

int rms_mail_write_container(const struct rms_crypt_job *in, const struct rms_container_request *in_request,
    const struct rms_issued *issued, const struct rms_ec_private *author, const struct rms_writer *file)
{
    struct rms_buf RMS_BUF_CLEANUP seal = RMS_BUF_INIT(SIZE_MAX);
    const struct rms_sealer_about about = sealed_about(in_request, issued);
    struct rms_container_request request = *in_request;
    struct rms_sealer RMS_SEALER_CLEANUP sealing = {0};
    struct rms_container_out out;
    struct rms_content_key key = issued->key;
    struct rms_crypt_job job = *in;
    uint64_t written;
    int status;

    RMS_TRY(rms_sealer_begin(&about, &sealing));
    sealing.author = author;
    request.seal_len = rms_sealer_len(&sealing);
    RMS_TRY(rms_container_begin(&request, file, &out));
    key.mode = about.mode;
    job.in_len = request.size;
    job.encrypt = &key;
    job.hashes = sealing.hashes;
    job.hashed_len = sealing.seal.content_len;
    job.clear_size = UINT64_MAX;
    job.threads = 1;
    job.out = out.stream;
    job.out_offset = out.content_offset;
    status = rms_crypt_run(&job, &written);
    status = status == 0 ? rms_sealer_end(&sealing, &seal) : status;
    status = status == 0 ? rms_container_finish(&out, rms_buf_view(&seal)) : status;
    rms_container_abort(&out);
    return status;
}

static int write_part(const struct rms_plan *plan, const struct rms_container_request *request,
    const struct rms_issued *issued, struct rms_buf *made)
{
    const struct rms_writer file = rms_writer_of_buf(made);

    if (request->kind == RMS_CONTAINER_PDF) {
        return write_pdf(request, issued, plan->seal_key, made);
    }
    const struct rms_crypt_job job = {.context = plan->context, .in = *request->beside};

    return rms_mail_write_container(&job, request, issued, plan->seal_key, &file);
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
        .extension = request.extension, .size = request.size, .sealed = true, .mail = true};
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
    struct rms_crypt_job job = {.context = context, .out = rms_writer_of_buf(out), .threads = 1};
    uint64_t written;

    return rms_opened_decrypt(opened, &job, &written);
}
