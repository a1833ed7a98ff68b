/* The pfile container: .pfile, .ptxt, .ppdf and the like (doc/format/pfile.md).
 *
 * Reads versions 2.0, 2.1 and 3.0, writes 3.0. Nothing outside the licence is signed: what the header says is
 * a claim, and the reader promises only that every part lies inside the file. */
#ifndef RMS_FORMAT_PFILE_H
#define RMS_FORMAT_PFILE_H

#include "format/reader.h"

#define RMS_PFILE_EXTENSION_MAX 256                /* with NUL */
#define RMS_PFILE_LICENCE_MAX   (8u * 1024 * 1024) /* bytes of a licence */
#define RMS_PFILE_METADATA_MAX  (1024u * 1024)
#define RMS_PFILE_SIZE_UNKNOWN  UINT64_MAX
#define RMS_PFILE_MAJOR         3 /* what is written */

struct rms_pfile {
    unsigned major, minor;
    uint32_t header_size;
    char extension[RMS_PFILE_EXTENSION_MAX]; /* of the clear file, with its dot; "" when it had none */
    uint64_t licence_offset, licence_len;
    uint64_t metadata_offset, metadata_len;
    uint64_t seal_offset, seal_len; /* what lies between those and the content; 0 in files of others */
    uint64_t content_offset, content_len;
    uint64_t original_size; /* a hint; RMS_PFILE_SIZE_UNKNOWN when the header does not tell */
};

/* Does it begin as one? */
bool rms_pfile_looks(const struct rms_reader *reader);

/* RMS_E_NOT_PROTECTED when it is no pfile, RMS_E_UNSUPPORTED_VERSION, RMS_E_DAMAGED, or the reader's own
 * code. */
RMS_MUST_USE int rms_pfile_parse(const struct rms_reader *reader, struct rms_pfile *pfile_out);

/* Appends the licence's bytes as stored. */
RMS_MUST_USE int rms_pfile_licence(
    const struct rms_reader *reader, const struct rms_pfile *pfile, struct rms_buf *out);

struct rms_pfile_request {
    const char *extension;   /* with its dot; "" or NULL: none */
    struct rms_view licence; /* exactly as made */
    struct rms_view metadata;
    uint64_t original_size; /* RMS_PFILE_SIZE_UNKNOWN when not known */
    uint64_t seal_len;      /* left free in front of the content */
};

/* Appends everything in front of seal and content; the seal's offset is the length appended to an empty out.
 * RMS_E_BAD_ARGUMENT for an extension that a reader would refuse, RMS_E_LIMIT when something is too long. */
RMS_MUST_USE int rms_pfile_emit(const struct rms_pfile_request *request, struct rms_buf *out);

/* Is this an extension that may be stored and made part of a file name: a dot, then text without path
 * separators and control characters? */
bool rms_pfile_extension_valid(struct rms_view extension);

#endif
