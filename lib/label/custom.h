/* Labels among the custom properties of an Office document: the XML of docProps/custom.xml
 * (protected-file-formats 9.3). Text in, text out: every byte that is not of a label stays, but for pid
 * numbers, which run from 2. Errors are those of rms_part_parse. */
#ifndef RMS_LABEL_CUSTOM_H
#define RMS_LABEL_CUSTOM_H

#include "label/pairs.h"

/* Adds the label pairs among the properties; others, and pairs longer than the format allows, are passed
 * over. */
RMS_MUST_USE int rms_label_custom_read(struct rms_view xml, struct rms_label_pairs *pairs);

/* Appends the properties with exactly these label pairs: an unchanged one stays where and as it is, a changed
 * one in its place, new ones come last. xml empty: a new part. */
RMS_MUST_USE int rms_label_custom_write(
    struct rms_view xml, const struct rms_label_pairs *pairs, struct rms_buf *out);

#endif
