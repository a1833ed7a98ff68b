/* Property sets of compound files (MS-OLEPS): the labels among the user-defined properties of an Office
 * document, and what programs show of one without opening it. Bytes in, bytes out: every property that is not
 * of a label stays as it is. RMS_E_DAMAGED for what does not add up. */
#ifndef RMS_LABEL_PROPSET_H
#define RMS_LABEL_PROPSET_H

#include "label/pairs.h"

#define RMS_PROPSET_MAX      (8u * 1024 * 1024)
#define RMS_PROPSET_SUMMARY  "\005SummaryInformation"
#define RMS_PROPSET_DOCUMENT "\005DocumentSummaryInformation"

/* Adds the label pairs among the user-defined properties; others, and pairs longer than the format allows,
 * are passed over. */
RMS_MUST_USE int rms_propset_read(struct rms_view document, struct rms_label_pairs *pairs);

/* Appends the stream with exactly these label pairs: an unchanged one stays as it is, others come last.
 * document empty: a new stream. */
RMS_MUST_USE int rms_propset_write(
    struct rms_view document, const struct rms_label_pairs *pairs, struct rms_buf *out);

/* Appends a new \005SummaryInformation. "" leaves a property out. */
RMS_MUST_USE int rms_propset_summary(const char *title, const char *author, struct rms_buf *out);

/* Appends an old \005SummaryInformation without the picture of the first page. RMS_E_NOT_FOUND when it has no
 * summary. */
RMS_MUST_USE int rms_propset_summary_of(struct rms_view old, struct rms_buf *out);

#endif
