/* Labels of an unprotected Office package (docx, xlsx, pptx and their families): its custom properties, and
 * LabelInfo, which wins when both are there (protected-file-formats 9.2, 9.3). The ZIP container is libzip's
 * business; entries that are not changed are copied as they are stored. */
#ifndef RMS_LABEL_OOXML_H
#define RMS_LABEL_OOXML_H

#include "label/pairs.h"

/* The pairs of the package open for reading at fd. RMS_E_UNSUPPORTED when it is no package. */
RMS_MUST_USE int rms_label_ooxml_read(int fd, struct rms_label_pairs *pairs);

/* Writes the package at fd with exactly these label pairs to the empty file open for writing at out. A
 * LabelInfo part is dropped: its content is in the pairs. */
RMS_MUST_USE int rms_label_ooxml_write(int fd, int out, const struct rms_label_pairs *pairs);

#endif
