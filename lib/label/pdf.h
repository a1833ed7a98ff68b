/* Labels of PDF: entries of the document information, repeated in the XMP packet when there is one
 * (protected-file-formats 9.5). A protected PDF has them in its clear wrapper. */
#ifndef RMS_LABEL_PDF_H
#define RMS_LABEL_PDF_H

#include "format/reader.h"
#include "label/pairs.h"

#define RMS_LABEL_PDF_MAX (4u * 1024 * 1024) /* bytes that a change adds */

/* The pairs of the PDF open for reading at fd. RMS_E_UNSUPPORTED when it is none that can be read,
 * RMS_E_PASSWORD when it is encrypted as a whole. */
RMS_MUST_USE int rms_label_pdf_read(int fd, struct rms_label_pairs *pairs);

/* Writes the PDF at fd with exactly these label pairs to the empty file open for writing at out: its bytes,
 * then an incremental update. RMS_E_SIGNED. */
RMS_MUST_USE int rms_label_pdf_write(int fd, int out, const struct rms_label_pairs *pairs);

/* Appends that update alone. */
RMS_MUST_USE int rms_label_pdf_update(
    const struct rms_reader *file, const struct rms_label_pairs *pairs, struct rms_buf *out);

#endif
