/* Labels in the header of a mail: `msip_labels: KEY=VALUE; KEY=VALUE` (protected-file-formats 9.6). */
#ifndef RMS_LABEL_MAIL_H
#define RMS_LABEL_MAIL_H

#include "label/pairs.h"

#define RMS_LABEL_MAIL_HEADER "msip_labels"
#define RMS_LABEL_MAIL_MAX    65536 /* bytes of a value */

/* Adds the pairs of a value, folded or not; what is no pair of a label is passed over. */
RMS_MUST_USE int rms_label_mail_read(struct rms_view value, struct rms_label_pairs *pairs);

/* Appends the value, folded so that no line is longer than 998 bytes (RFC 5322, 2.1.1). The display text is
 * not part of it. A value with ';' or a control character cannot be told: RMS_E_BAD_ARGUMENT. */
RMS_MUST_USE int rms_label_mail_write(const struct rms_label_pairs *pairs, struct rms_buf *out);

/* The pairs of the mail open for reading at fd; RMS_E_UNSUPPORTED when it is none. And the mail with exactly
 * these, to the empty file open for writing at out. */
RMS_MUST_USE int rms_label_mail_file_read(int fd, struct rms_label_pairs *pairs);
RMS_MUST_USE int rms_label_mail_file_write(int fd, int out, const struct rms_label_pairs *pairs);

#endif
