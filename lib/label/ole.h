/* Labels of compound files: Office documents in their older form, and protected ones of either form, whose
 * properties stand in clear beside the content (protected-file-formats 9.3). The stream LabelInfo of a
 * protected one wins over its properties (9.2). */
#ifndef RMS_LABEL_OLE_H
#define RMS_LABEL_OLE_H

#include "label/pairs.h"

/* The pairs of the file open for reading at fd. RMS_E_UNSUPPORTED when it is no compound file. */
RMS_MUST_USE int rms_label_ole_read(int fd, struct rms_label_pairs *pairs);

/* Writes the file at fd with exactly these label pairs to the empty file open for writing at out; every other
 * stream is copied. LabelInfo is dropped: its content is in the pairs. */
RMS_MUST_USE int rms_label_ole_write(int fd, int out, const struct rms_label_pairs *pairs);

#endif
