/* How a protected PDF gives its original back byte by byte (doc/format/pdf.md): qpdf writes every stream of a
 * document as it was and everything else anew. What stood between the streams is therefore kept, and with it
 * the digest of the whole file. */
#ifndef RMS_FORMAT_PDF_ORIGINAL_H
#define RMS_FORMAT_PDF_ORIGINAL_H

#include "format/pdf_qpdf.h"

/* RMS_E_LIMIT when more than RMS_PDF_ORIGINAL_MAX bytes are not in spans. */
#define RMS_PDF_ORIGINAL_MAX (256u * 1024 * 1024)
RMS_MUST_USE int rms_pdf_original_make(
    const struct rms_reader *file, const struct rms_qpdf_span *spans, size_t count, struct rms_buf *out);

/* For an unlocked document: RMS_E_NOT_FOUND when it keeps no original, RMS_E_DAMAGED when what comes out is
 * not what went in. */
RMS_MUST_USE int rms_pdf_original_restore(
    struct rms_qpdf *doc, const struct rms_writer *out, uint64_t *len_out);

#endif
