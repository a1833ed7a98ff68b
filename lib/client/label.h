/* Labels in the metadata of files, for the other parts of librms. */
#ifndef RMS_CLIENT_LABEL_H
#define RMS_CLIENT_LABEL_H

#include "label/pairs.h"

/* The label pairs of the file of this name that is open at fd. RMS_E_UNSUPPORTED for kinds without a place
 * for them. */
RMS_MUST_USE int rms_label_pairs_of(const char *name, int fd, struct rms_label_pairs *pairs);

#endif
