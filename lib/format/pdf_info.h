/* What a PDF says about itself in clear: entries of its document information, and its XMP packet. Changes are
 * written as an incremental update (ISO 32000-2, 7.5.6): every byte of the file stays, the new ones come
 * behind. The wrapper of a protected PDF is such a file too. */
#ifndef RMS_FORMAT_PDF_INFO_H
#define RMS_FORMAT_PDF_INFO_H

#include "format/pdf_qpdf.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rms_pdf_entry {
    const char *key, *value; /* without the slash; UTF-8 */
};

/* Calls take for each text of the document information. */
RMS_MUST_USE int rms_pdf_info_each(
    struct rms_qpdf *doc, int (*take)(void *context, const char *key, const char *value), void *context);

/* Appends the packet; RMS_E_NOT_FOUND when the document has none of its own. */
RMS_MUST_USE int rms_pdf_info_packet(struct rms_qpdf *doc, struct rms_buf *out);

struct rms_pdf_info {
    bool (*replaced)(const char *key); /* entries that go */
    const struct rms_pdf_entry *entries;
    size_t count;
    struct rms_view packet; /* "": stays as it is */
};

/* Appends what makes the change when it is written behind the file. RMS_E_SIGNED: a signature would show it
 * as changed; RMS_E_DAMAGED: only readable by guessing. */
RMS_MUST_USE int rms_pdf_info_update(struct rms_qpdf *doc, const struct rms_reader *file,
    const struct rms_pdf_info *change, struct rms_buf *out);

#ifdef __cplusplus
}
#endif

#endif
