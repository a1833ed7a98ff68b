/* Rows of the logs that are older than their tenant keeps them are deleted (S-200; rms admin log retention),
 * with a signed statement in their place: doc/dev/log.md. */
#ifndef RMS_SERVICE_RETENTION_H
#define RMS_SERVICE_RETENTION_H

#include "service/front.h"

/* Once over all tenants, for which the worker's connections are used. What cannot be deleted now, since keyd
 * does not sign or a stream does not have it yet, is the next time. */
void rms_retention_run(struct rms_worker *worker);

#endif
