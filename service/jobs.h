/* The jobs process: what nobody waits for. Removes what has expired from the database (authorisation and
 * device codes, refresh tokens), finds events that somebody wants to hear of, sends mail (mailer.h). Holds no
 * key, has no listening socket. */
#ifndef RMS_SERVICE_JOBS_H
#define RMS_SERVICE_JOBS_H

#include "base/error.h"

struct rms_settings;

/* Until SIGTERM, or until the master is gone. 0 or why it could not start. */
RMS_MUST_USE int rms_jobs_main(const struct rms_settings *settings, int control);

#endif
