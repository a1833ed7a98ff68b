/* Licence keys that are replaced when they are as old as their tenant lets them become
 * (rms admin key rotation): a thread of the front looks for them and does what `rms admin key rotate` does.
 */
#ifndef RMS_SERVICE_ROTATION_H
#define RMS_SERVICE_ROTATION_H

#include "service/front.h"

struct rms_rotation;

/* After everything that requests need is there. */
RMS_MUST_USE int rms_rotation_new(struct rms_front *front, struct rms_rotation **rotation_out);

/* Waits for a rotation under way. */
void rms_rotation_free(struct rms_rotation **rotation);

#endif
