/* The clear PDF of one page around an encrypted one (protected-file-formats 7.3). */
#ifndef RMS_FORMAT_PDF_WRAPPER_H
#define RMS_FORMAT_PDF_WRAPPER_H

#include "format/writer.h"

/* Where the payload goes. */
uint64_t rms_pdf_wrapper_payload(void);

struct rms_pdf_wrap {
    uint64_t payload_len;
    const uint8_t *id;    /* 16 bytes that name the document */
    struct rms_view seal; /* at most RMS_PDF_SEAL_MAX bytes; may be empty */
};
#define RMS_PDF_SEAL_MAX 512

/* Writes everything before and behind the payload. */
RMS_MUST_USE int rms_pdf_wrapper_write(
    const struct rms_writer *out, const struct rms_pdf_wrap *wrap, uint64_t *len_out);

#endif
