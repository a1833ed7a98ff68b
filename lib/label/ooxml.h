/* Labels of an unprotected Office package (docx, xlsx, pptx and their families): its custom properties, and
 * LabelInfo, which wins when both are there (protected-file-formats 9.2, 9.3). The ZIP container is libzip's
 * business; entries that are not changed are copied as they are stored. */
#ifndef RMS_LABEL_OOXML_H
#define RMS_LABEL_OOXML_H

#include "label/pairs.h"

/* The pairs of the package open for reading at fd. RMS_E_UNSUPPORTED when it is no package. */
RMS_MUST_USE int rms_label_ooxml_read(int fd, struct rms_label_pairs *pairs);

/* The same, and its title and author, "" when it has none. */
RMS_MUST_USE int rms_label_ooxml_about(
    int fd, struct rms_label_pairs *pairs, const char **title_out, const char **author_out);

/* Writes the package at fd with exactly these label pairs to the empty file open for writing at out. A
 * LabelInfo part is dropped: its content is in the pairs. */
RMS_MUST_USE int rms_label_ooxml_write(int fd, int out, const struct rms_label_pairs *pairs);

/* The labels of a LabelInfo part or stream: what their tenants have among the pairs goes. One that is damaged
 * does not count. */
RMS_MUST_USE int rms_label_info_read(struct rms_view xml, struct rms_label_pairs *pairs);

#endif
