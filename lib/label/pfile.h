/* Labels of pfiles (.ptxt, .pfile and the like): an XMP packet in the metadata part of their header, in clear
 * text (protected-file-formats 4 and 9.4). Version 2.0 has no such part. */
#ifndef RMS_LABEL_PFILE_H
#define RMS_LABEL_PFILE_H

#include "label/pairs.h"

/* The pairs of the file open for reading at fd. RMS_E_UNSUPPORTED when it is no pfile. */
RMS_MUST_USE int rms_label_pfile_read(int fd, struct rms_label_pairs *pairs);

/* Writes the file at fd with exactly these label pairs to the empty file open for writing at out; licence and
 * content are copied. */
RMS_MUST_USE int rms_label_pfile_write(int fd, int out, const struct rms_label_pairs *pairs);

/* Appends the metadata of a new pfile; nothing when there is no pair. */
RMS_MUST_USE int rms_label_pfile_metadata(const struct rms_label_pairs *pairs, struct rms_buf *out);

#endif
