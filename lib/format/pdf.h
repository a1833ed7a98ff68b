/* Protected PDF (doc/format/pdf.md): an encrypted PDF whose encryption dictionary holds the licence, inside a
 * clear PDF of one page that tells what it is. Reads versions 1 and 2, wrapped and bare; writes version 2.
 * All parsing is qpdf's. */
#ifndef RMS_FORMAT_PDF_H
#define RMS_FORMAT_PDF_H

#include "crypto/content.h"
#include "format/reader.h"
#include "format/writer.h"

#define RMS_PDF_LICENCE_MAX (8u * 1024 * 1024)
#define RMS_PDF_PACKED_MAX  (256u * 1024 * 1024) /* of a payload that its wrapper stores compressed */

/* --- a clear document --- */

enum rms_pdf_way {
    RMS_PDF_NATIVE, /* this format */
    RMS_PDF_WHOLE,  /* as any file in a pfile container of its own kind, .ppdf */
};

/* May it be protected (C-051)? RMS_E_NOT_FOUND: it is no PDF that can be read. RMS_E_PASSWORD,
 * RMS_E_SIGNED (native), RMS_E_FORM (whole; dynamic ones in both ways). */
RMS_MUST_USE int rms_pdf_may_protect(const struct rms_reader *file, enum rms_pdf_way way);

struct rms_pdf_job {
    const struct rms_reader *file;
    const struct rms_writer *out;
    struct rms_content_cipher *cipher;
    /* Protecting, may be NULL: appends the seal over the encrypted document, which lies here in out. */
    int (*seal)(void *user_data, uint64_t offset, uint64_t len, struct rms_buf *out_record);
    void *user_data;
};

/* file: clear. */
RMS_MUST_USE int rms_pdf_protect(
    const struct rms_pdf_job *job, struct rms_view licence, uint64_t *written_out);

/* Does what was written give the original back? A document that is damaged itself may not; then
 * RMS_E_DAMAGED.
 */
RMS_MUST_USE int rms_pdf_verify(const struct rms_reader *file, struct rms_content_cipher *cipher);

/* --- a protected one --- */

struct rms_pdf;

/* Does it begin as a PDF? */
bool rms_pdf_looks(const struct rms_reader *file);

/* RMS_E_NOT_PROTECTED when it is none of ours. The reader, with what it reads from, must stay until
 * rms_pdf_close. */
RMS_MUST_USE int rms_pdf_open(const struct rms_reader *file, struct rms_pdf **pdf_out);
void rms_pdf_close(struct rms_pdf **pdf);
#define RMS_PDF_CLEANUP __attribute__((cleanup(rms_pdf_close)))

unsigned rms_pdf_version(const struct rms_pdf *pdf);

/* The encrypted document as it is in the file, and its seal; that is empty in files of others. */
struct rms_reader rms_pdf_payload(const struct rms_pdf *pdf);
struct rms_view rms_pdf_seal(const struct rms_pdf *pdf);

/* Unpacked, else as stored. */
struct rms_view rms_pdf_licence(const struct rms_pdf *pdf);

/* The original file, byte by byte, when OpenRMS protected it; else the document as qpdf writes it. is_ours:
 * the licence says that OpenRMS did, so that nothing but the original will do. job->file is not used. */
RMS_MUST_USE int rms_pdf_unprotect(
    const struct rms_pdf *pdf, const struct rms_pdf_job *job, bool is_ours, uint64_t *written_out);

#endif
