/* Labels of images: their XMP packet (protected-file-formats 9.4). Where it lies in JPEG, PNG and TIFF files
 * (DNG among them) is read here, so that not a byte of anything else changes; what is in it, xmp.h. */
#ifndef RMS_LABEL_IMAGE_H
#define RMS_LABEL_IMAGE_H

#include "label/pairs.h"

/* The pairs of the image open for reading at fd, told by its content. RMS_E_UNSUPPORTED when it is none of
 * these. */
RMS_MUST_USE int rms_label_image_read(int fd, struct rms_label_pairs *pairs);

/* Writes the image at fd with exactly these label pairs to the empty file open for writing at out. */
RMS_MUST_USE int rms_label_image_write(int fd, int out, const struct rms_label_pairs *pairs);

#endif
