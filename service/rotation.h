/* What is done on schedule and needs keyd, by a thread of the front: licence keys are replaced when they are
 * as old as their tenant lets them become (rms admin key rotation), as `rms admin key rotate` does it; old
 * rows of the logs go (retention.h). */
#ifndef RMS_SERVICE_ROTATION_H
#define RMS_SERVICE_ROTATION_H

#include "service/front.h"

struct rms_rotation;

/* After everything that requests need is there. */
RMS_MUST_USE int rms_rotation_new(struct rms_front *front, struct rms_rotation **rotation_out);

/* Waits for a rotation under way. */
void rms_rotation_free(struct rms_rotation **rotation);

#endif
