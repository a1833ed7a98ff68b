/* The one door to qpdf: all parsing of PDF happens behind it (pdf_qpdf.cc, C++). No exception comes out. What
 * is read may be anybody's: every function may return RMS_E_DAMAGED, RMS_E_LIMIT or RMS_E_NO_MEMORY.
 *
 * Memory: the objects of a document that are no stream data (up to twice), and the largest stream three
 * times. */
#ifndef RMS_FORMAT_PDF_QPDF_H
#define RMS_FORMAT_PDF_QPDF_H

#include "crypto/content.h"
#include "format/reader.h"
#include "format/writer.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rms_qpdf;

enum rms_qpdf_view {
    RMS_QPDF_CLEAR,     /* as every reader sees it: RMS_E_PASSWORD when it is encrypted in any way */
    RMS_QPDF_PROTECTED, /* without regard to an encryption dictionary: strings and streams as stored */
};

/* The reader, with what it reads from, must stay until rms_qpdf_close. */
RMS_MUST_USE int rms_qpdf_open(
    const struct rms_reader *file, enum rms_qpdf_view view, struct rms_qpdf **doc_out);
void rms_qpdf_close(struct rms_qpdf **doc);
#define RMS_QPDF_CLEANUP __attribute__((cleanup(rms_qpdf_close)))

/* --- a clear document --- */

struct rms_qpdf_traits {
    bool is_signed;
    bool has_form;
    bool dynamic_form; /* its pages are made by the program that shows it */
};
RMS_MUST_USE int rms_qpdf_examine(struct rms_qpdf *doc, struct rms_qpdf_traits *out);

/* Where the raw data of a stream lie in the file. */
struct rms_qpdf_span {
    uint64_t offset, len;
    int object, generation;
};

/* In the order of the file, none overlapping another. Freed by rms_free. */
RMS_MUST_USE int rms_qpdf_spans(struct rms_qpdf *doc, struct rms_qpdf_span **spans_out, size_t *count_out);

struct rms_qpdf_write {
    struct rms_content_cipher *cipher;
    struct rms_view licence;
    struct rms_view original; /* what restores the file from spans, see pdf_original.h */
    const struct rms_qpdf_span *spans;
    size_t span_count;
    const struct rms_writer *out;
    uint64_t offset; /* in out */
};

/* Writes the document encrypted. doc is not usable afterwards. */
RMS_MUST_USE int rms_qpdf_write_encrypted(
    struct rms_qpdf *doc, const struct rms_qpdf_write *job, uint64_t *len_out);

/* --- a protected one --- */

enum rms_qpdf_form { RMS_QPDF_PLAIN, RMS_QPDF_WRAPPER, RMS_QPDF_BARE };

struct rms_qpdf_found {
    enum rms_qpdf_form form;
    unsigned version;
    bool in_place;        /* of a wrapper: the payload are these bytes of the file, */
    uint64_t offset, len; /* else rms_qpdf_payload unpacks it */
};

/* In the order of protected-file-formats 7.4. */
RMS_MUST_USE int rms_qpdf_find(struct rms_qpdf *doc, struct rms_qpdf_found *found_out);
RMS_MUST_USE int rms_qpdf_payload(struct rms_qpdf *doc, struct rms_buf *out);
/* Of a wrapper; nothing when it has none, or one that out has no room for. */
RMS_MUST_USE int rms_qpdf_seal(struct rms_qpdf *doc, struct rms_buf *out);
RMS_MUST_USE int rms_qpdf_licence(struct rms_qpdf *doc, struct rms_buf *out); /* as stored */
RMS_MUST_USE int rms_qpdf_inflate(struct rms_view packed, struct rms_buf *out);

/* Opens a bare document with its key. */
RMS_MUST_USE int rms_qpdf_unlock(
    const struct rms_reader *file, struct rms_content_cipher *cipher, struct rms_qpdf **doc_out);

/* What rms_qpdf_write.original was; RMS_E_NOT_FOUND in the documents of other programs. */
RMS_MUST_USE int rms_qpdf_original(struct rms_qpdf *doc, struct rms_buf *out);

/* The clear data of the span with this index, in one piece, valid during the call. */
RMS_MUST_USE int rms_qpdf_span_data(struct rms_qpdf *doc, size_t index,
    int (*take)(void *context, const uint8_t *data, size_t len), void *context);

/* Writes the document without encryption, as qpdf does. doc is not usable afterwards. */
RMS_MUST_USE int rms_qpdf_write_clear(
    struct rms_qpdf *doc, const struct rms_writer *out, uint64_t offset, uint64_t *len_out);

#ifdef __cplusplus
}
#endif

#endif
