/* Any bytes as a PDF: as a protected one, whose licence and content come out or not; and as a clear one,
 * which when it may be protected comes back byte by byte. */
#include <stdlib.h>

#include "format/pdf.h"

#define OUT_MAX (64u * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t key[32] = "0123456789abcdefghijklmnopqrstu";

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static int unprotect(struct rms_view file, struct rms_content_cipher *cipher, struct rms_buf *out)
{
    struct rms_pdf RMS_PDF_CLEANUP *pdf = NULL;
    struct rms_reader reader = rms_reader_of_view(&file);
    struct rms_writer writer = rms_writer_of_buf(out);
    const struct rms_pdf_job job = {.file = &reader, .out = &writer, .cipher = cipher};
    uint64_t written;

    RMS_TRY(rms_pdf_open(&reader, &pdf));
    check(rms_pdf_version(pdf) >= 1 && rms_pdf_version(pdf) <= 2);
    return rms_pdf_unprotect(pdf, &job, false, &written);
}

static void check_round_trip(struct rms_view file, struct rms_content_cipher *cipher)
{
    struct rms_buf RMS_BUF_CLEANUP hidden = RMS_BUF_INIT(OUT_MAX);
    struct rms_buf RMS_BUF_CLEANUP again = RMS_BUF_INIT(OUT_MAX);
    struct rms_reader reader = rms_reader_of_view(&file);
    struct rms_writer writer = rms_writer_of_buf(&hidden);
    const struct rms_pdf_job job = {.file = &reader, .out = &writer, .cipher = cipher};
    uint64_t written;

    /* what qpdf can read it need not be able to write */
    if (rms_pdf_may_protect(&reader, RMS_PDF_NATIVE) == 0 &&
        rms_pdf_protect(&job, RMS_VIEW_LITERAL("<XrML/>"), &written) == 0) {
        struct rms_view made = rms_buf_view(&hidden);
        const struct rms_reader back = rms_reader_of_view(&made);

        if (rms_pdf_verify(&back, cipher) == 0) {
            check(unprotect(made, cipher, &again) == 0);
            check(rms_view_equal(rms_buf_view(&again), file));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rms_buf RMS_BUF_CLEANUP clear = RMS_BUF_INIT(OUT_MAX);
    struct rms_content_cipher RMS_CONTENT_CLEANUP *cipher = NULL;
    struct rms_view file = rms_view_of(data, size);
    struct rms_reader reader = rms_reader_of_view(&file);

    check(rms_content_cipher_new(RMS_MODE_CBC4K, rms_view_of(key, sizeof key), &cipher) == 0);
    if (unprotect(file, cipher, &clear) != 0) {
        check_round_trip(file, cipher);
    }
    (void)!rms_pdf_may_protect(&reader, RMS_PDF_WHOLE);
    return 0;
}
