/* Labels in XMP packets (protected-file-formats 9.4): of images and pfiles, and as PDF repeats them. All
 * parsing and writing of XMP is exempi's. */
#ifndef RMS_LABEL_XMP_H
#define RMS_LABEL_XMP_H

#include "label/pairs.h"

#define RMS_XMP_MAX (1024u * 1024) /* bytes of a packet */

/* Whose properties. */
enum rms_xmp_space {
    RMS_XMP_MSIP, /* images and pfiles */
    RMS_XMP_PDFX, /* PDF */
};

/* Adds the label pairs of a packet, in the flat form and in that of pfiles of 2017. RMS_E_DAMAGED when it
 * cannot be parsed. */
RMS_MUST_USE int rms_label_xmp_read(
    struct rms_view packet, enum rms_xmp_space space, struct rms_label_pairs *pairs);

/* Appends the packet with exactly these label pairs, in the flat form; other properties keep their values.
 * packet empty: a new one. */
RMS_MUST_USE int rms_label_xmp_write(struct rms_view packet, enum rms_xmp_space space,
    const struct rms_label_pairs *pairs, struct rms_buf *out);

#endif
