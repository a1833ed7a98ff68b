/* What every child of the master does first. */
#ifndef RMS_SERVICE_MASTER_PROCESS_H
#define RMS_SERVICE_MASTER_PROCESS_H

#include <stddef.h>
#include <sys/types.h>

#include "service/settings.h"

/* Names the process, ends it when the master ends, gives signals their standard meaning. Ends at once when
 * the master is already gone. */
void rms_process_begin(const char *name, pid_t master);

/* Closes every descriptor above standard error that is not in the list. */
void rms_process_keep_only(const int *keep, size_t count);

/* Becomes the account of settings->user for good, when there is one and the process is root. */
RMS_MUST_USE int rms_process_become(const struct rms_settings *settings);

/* Makes files that root created belong to the account of settings->user. Nothing to do when not root. */
RMS_MUST_USE int rms_process_give(const struct rms_settings *settings, const char *path);

/* No core dumps, not traceable (base/secret.h); not in a sanitized build, whose leak check must trace itself.
 */
void rms_process_harden(void);

/* Landlock for a server that uses the database: reads what libraries need, writes beside the database; for
 * jobs also what mail and directories need. Call before threads start; the process calls
 * rms_sandbox_calls_server when they all run. */
RMS_MUST_USE int rms_process_shut_in(const struct rms_settings *settings, bool jobs);

#endif
