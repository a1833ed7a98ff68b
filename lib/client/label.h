/* Labels in the metadata of files, for the other parts of librms. */
#ifndef RMS_CLIENT_LABEL_H
#define RMS_CLIENT_LABEL_H

#include <openrms/openrms.h>

#include "label/pairs.h"

/* Can it be set at all? RMS_E_BAD_ARGUMENT. */
RMS_MUST_USE int rms_label_usable(const struct rms_label *label);

/* The label pairs of the file of this name that is open at fd. RMS_E_UNSUPPORTED for kinds without a place
 * for them. */
RMS_MUST_USE int rms_label_pairs_of(const char *name, int fd, struct rms_label_pairs *pairs);

#endif
