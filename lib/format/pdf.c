#include "format/pdf.h"

#include "base/mem.h"
#include "crypto/base64.h"
#include "crypto/digest.h"
#include "format/pdf_original.h"
#include "format/pdf_wrapper.h"

#define HEAD_BYTES 1024 /* in which a PDF begins */
#define WINDOW     65536u

/* --- is it one at all? -------------------------------------------------------------------------------------
 */

static int has_header(const struct rms_reader *file)
{
    uint8_t head[HEAD_BYTES];
    size_t len = file->size < sizeof head ? (size_t)file->size : sizeof head;

    RMS_TRY(rms_reader_at(file, 0, head, len));
    return len > 0 && memmem(head, len, "%PDF-", 5) != NULL;
}

bool rms_pdf_looks(const struct rms_reader *file)
{
    return has_header(file) > 0;
}

/* For what cannot be read: was it a protected one before it was damaged? */
static int names_filter(const struct rms_reader *file)
{
    static const char name[] = "/MicrosoftIRMServices";
    uint8_t window[WINDOW];
    uint64_t at = 0;

    while (at < file->size) {
        size_t len = file->size - at < sizeof window ? (size_t)(file->size - at) : sizeof window;

        RMS_TRY(rms_reader_at(file, at, window, len));
        if (memmem(window, len, name, sizeof name - 1) != NULL) {
            return 1;
        }
        if (at + len == file->size) {
            break;
        }
        at += len - sizeof name;
    }
    return 0;
}

/* --- a clear document --------------------------------------------------------------------------------------
 */

int rms_pdf_may_protect(const struct rms_reader *file, enum rms_pdf_way way)
{
    struct rms_qpdf RMS_QPDF_CLEANUP *doc = NULL;
    struct rms_qpdf_traits traits;
    int status = has_header(file);

    if (status < 0) {
        return status;
    }
    if (status == 0) {
        return RMS_E_NOT_FOUND;
    }
    status = rms_qpdf_open(file, RMS_QPDF_CLEAR, &doc);
    if (status == RMS_E_DAMAGED) {
        return RMS_E_NOT_FOUND;
    }
    /* what qpdf does not support is another kind of encryption */
    if (status == RMS_E_UNSUPPORTED) {
        return RMS_E_PASSWORD;
    }
    RMS_TRY(status);
    RMS_TRY(rms_qpdf_examine(doc, &traits));
    if (way == RMS_PDF_NATIVE) {
        return traits.is_signed ? RMS_E_SIGNED : (traits.dynamic_form ? RMS_E_FORM : 0);
    }
    return traits.has_form ? RMS_E_FORM : 0;
}

static int write_payload(const struct rms_pdf_job *job, struct rms_view licence, uint64_t *len_out)
{
    struct rms_buf RMS_BUF_CLEANUP original = RMS_BUF_INIT(RMS_PDF_ORIGINAL_MAX);
    struct rms_qpdf RMS_QPDF_CLEANUP *doc = NULL;
    struct rms_qpdf_span *spans = NULL;
    struct rms_qpdf_write write = {
        .cipher = job->cipher,
        .licence = licence,
        .out = job->out,
        .offset = rms_pdf_wrapper_payload(),
    };
    int status;

    RMS_TRY(rms_qpdf_open(job->file, RMS_QPDF_CLEAR, &doc));
    RMS_TRY(rms_qpdf_spans(doc, &spans, &write.span_count));
    status = rms_pdf_original_make(job->file, spans, write.span_count, &original);
    if (status == 0) {
        write.spans = spans;
        write.original = rms_buf_view(&original);
        status = rms_qpdf_write_encrypted(doc, &write, len_out);
    }
    rms_free(spans);
    return status;
}

int rms_pdf_protect(const struct rms_pdf_job *job, struct rms_view licence, uint64_t *written_out)
{
    struct rms_buf RMS_BUF_CLEANUP seal = RMS_BUF_INIT(RMS_PDF_SEAL_MAX);
    uint8_t id[RMS_HASH_MAX];
    struct rms_pdf_wrap wrap = {.id = id};

    *written_out = 0;
    RMS_TRY(write_payload(job, licence, &wrap.payload_len));
    if (job->seal != NULL) {
        RMS_TRY(job->seal(job->user_data, rms_pdf_wrapper_payload(), wrap.payload_len, &seal));
    }
    wrap.seal = rms_buf_view(&seal);
    rms_hash(RMS_SHA256, licence, id);
    return rms_pdf_wrapper_write(job->out, &wrap, written_out);
}

/* --- a protected one ---------------------------------------------------------------------------------------
 */

struct rms_pdf {
    unsigned version;
    struct rms_reader file;
    uint64_t offset; /* of the payload in the file */
    struct rms_buf unpacked;
    struct rms_view view; /* of what is unpacked */
    struct rms_reader payload;
    struct rms_buf licence, seal;
};

void rms_pdf_close(struct rms_pdf **pdf)
{
    if (*pdf != NULL) {
        rms_buf_fini(&(*pdf)->unpacked);
        rms_buf_fini(&(*pdf)->licence);
        rms_buf_fini(&(*pdf)->seal);
        rms_free(*pdf);
        *pdf = NULL;
    }
}

unsigned rms_pdf_version(const struct rms_pdf *pdf)
{
    return pdf->version;
}

struct rms_reader rms_pdf_payload(const struct rms_pdf *pdf)
{
    return pdf->payload;
}

struct rms_view rms_pdf_seal(const struct rms_pdf *pdf)
{
    return rms_buf_view(&pdf->seal);
}

struct rms_view rms_pdf_licence(const struct rms_pdf *pdf)
{
    return rms_buf_view(&pdf->licence);
}

static int read_payload(void *context, uint64_t offset, void *buffer, size_t len)
{
    const struct rms_pdf *pdf = context;

    return rms_reader_at(&pdf->file, pdf->offset + offset, buffer, len);
}

static int take_payload(struct rms_qpdf *doc, const struct rms_qpdf_found *found, struct rms_pdf *pdf)
{
    if (found->in_place) {
        pdf->offset = found->offset;
        pdf->payload = (struct rms_reader){pdf, found->len, read_payload};
        return 0;
    }
    RMS_TRY(rms_qpdf_payload(doc, &pdf->unpacked));
    pdf->view = rms_buf_view(&pdf->unpacked);
    pdf->payload = rms_reader_of_view(&pdf->view);
    return 0;
}

/* Version 1 stores base64 of deflated data. */
static int take_licence(struct rms_qpdf *doc, struct rms_pdf *pdf)
{
    struct rms_buf RMS_BUF_CLEANUP stored = RMS_BUF_INIT(RMS_PDF_LICENCE_MAX);
    struct rms_buf RMS_BUF_CLEANUP packed = RMS_BUF_INIT(RMS_PDF_LICENCE_MAX);

    if (pdf->version > 1) {
        return rms_qpdf_licence(doc, &pdf->licence);
    }
    RMS_TRY(rms_qpdf_licence(doc, &stored));
    if (rms_base64_decode_spaced(rms_buf_view(&stored), &packed) != 0) {
        return RMS_E_DAMAGED;
    }
    return rms_qpdf_inflate(rms_buf_view(&packed), &pdf->licence);
}

/* The document that the licence is in: the file itself or the one in it, never one in that. */
static int open_payload(struct rms_qpdf *outer, const struct rms_qpdf_found *outer_found, struct rms_pdf *pdf)
{
    struct rms_qpdf RMS_QPDF_CLEANUP *doc = NULL;
    struct rms_qpdf_found found;

    RMS_TRY(take_payload(outer, outer_found, pdf));
    RMS_TRY(rms_qpdf_seal(outer, &pdf->seal));
    RMS_TRY(rms_qpdf_open(&pdf->payload, RMS_QPDF_PROTECTED, &doc));
    RMS_TRY(rms_qpdf_find(doc, &found));
    if (found.form != RMS_QPDF_BARE) {
        return RMS_E_DAMAGED;
    }
    pdf->version = found.version;
    return take_licence(doc, pdf);
}

static int open_found(const struct rms_reader *file, struct rms_pdf *pdf)
{
    struct rms_qpdf RMS_QPDF_CLEANUP *doc = NULL;
    struct rms_qpdf_found found;

    RMS_TRY(rms_qpdf_open(file, RMS_QPDF_PROTECTED, &doc));
    RMS_TRY(rms_qpdf_find(doc, &found));
    if (found.form == RMS_QPDF_PLAIN) {
        return RMS_E_NOT_PROTECTED;
    }
    pdf->version = found.version;
    if (found.version > 2) {
        return RMS_E_UNSUPPORTED_VERSION;
    }
    if (found.form == RMS_QPDF_WRAPPER) {
        return open_payload(doc, &found, pdf);
    }
    pdf->payload = *file;
    return take_licence(doc, pdf);
}

int rms_pdf_open(const struct rms_reader *file, struct rms_pdf **pdf_out)
{
    struct rms_pdf *pdf;
    int status = has_header(file);

    *pdf_out = NULL;
    if (status <= 0) {
        return status < 0 ? status : RMS_E_NOT_PROTECTED;
    }
    pdf = rms_calloc(1, sizeof *pdf);
    if (pdf == NULL) {
        return RMS_E_NO_MEMORY;
    }
    pdf->file = *file;
    pdf->unpacked = RMS_BUF_INIT(RMS_PDF_PACKED_MAX);
    pdf->licence = RMS_BUF_INIT(RMS_PDF_LICENCE_MAX);
    pdf->seal = RMS_BUF_INIT(RMS_PDF_SEAL_MAX);
    status = open_found(file, pdf);
    if (status == RMS_E_DAMAGED || status == RMS_E_UNSUPPORTED || status == RMS_E_LIMIT) {
        int ours = names_filter(file);

        status = ours < 0 ? ours : (ours == 0 ? RMS_E_NOT_PROTECTED : RMS_E_DAMAGED);
    }
    if (status != 0) {
        rms_pdf_close(&pdf);
    }
    *pdf_out = pdf;
    return status;
}

int rms_pdf_unprotect(
    const struct rms_pdf *pdf, const struct rms_pdf_job *job, bool is_ours, uint64_t *written_out)
{
    struct rms_qpdf RMS_QPDF_CLEANUP *doc = NULL;
    int status;

    *written_out = 0;
    RMS_TRY(rms_qpdf_unlock(&pdf->payload, job->cipher, &doc));
    status = rms_pdf_original_restore(doc, job->out, written_out);
    if (status == RMS_E_NOT_FOUND) {
        status = is_ours ? RMS_E_DAMAGED : rms_qpdf_write_clear(doc, job->out, 0, written_out);
    }
    return status;
}

static int write_nowhere(void *context, uint64_t offset, const void *data, size_t len)
{
    (void)context;
    (void)offset;
    (void)data;
    (void)len;
    return 0;
}

int rms_pdf_verify(const struct rms_reader *file, struct rms_content_cipher *cipher)
{
    static const struct rms_writer nowhere = {NULL, write_nowhere, false};
    const struct rms_pdf_job job = {.out = &nowhere, .cipher = cipher};
    struct rms_pdf RMS_PDF_CLEANUP *pdf = NULL;
    uint64_t written;

    RMS_TRY(rms_pdf_open(file, &pdf));
    return rms_pdf_unprotect(pdf, &job, true, &written);
}
