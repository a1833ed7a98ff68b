/* A ZIP archive read from one descriptor and, when changed, written to another: for libzip, which by itself
 * would replace the file. */
#ifndef RMS_LABEL_ZIPIO_H
#define RMS_LABEL_ZIPIO_H

#include <zip.h>

#include "base/bytes.h"

#define RMS_ZIP_ENTRIES_MAX 100000

/* Opens the archive at fd; out -1: for reading only. Both stay the caller's and open until it is closed.
 * RMS_E_UNSUPPORTED when it is no archive, RMS_E_DAMAGED. */
RMS_MUST_USE int rms_zip_open(int fd, int out, zip_t **archive_out);
/* The same for archives whose tables agree only as far as libzip needs it: names twice, sizes behind the
 * content. */
RMS_MUST_USE int rms_zip_open_any(int fd, int out, zip_t **archive_out);

/* Writes the changes and frees the archive, and frees it without writing when that fails. */
RMS_MUST_USE int rms_zip_finish(zip_t **archive);

/* Frees it without writing; for cleanup. */
void rms_zip_discard(zip_t **archive);
#define RMS_ZIP_CLEANUP __attribute__((cleanup(rms_zip_discard)))

/* Appends an entry's content. RMS_E_NOT_FOUND, RMS_E_LIMIT when it does not fit into out. */
RMS_MUST_USE int rms_zip_read(zip_t *archive, const char *name, struct rms_buf *out);

/* Replaces or adds an entry. The content must stay until the archive is finished. */
RMS_MUST_USE int rms_zip_put(zip_t *archive, const char *name, struct rms_view content);

#endif
