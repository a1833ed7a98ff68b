/* Reading directories outside (doc/dev/directory.md): a thread of the jobs process, with its own connection
 * to the database. Directories that hang hold up only each other. */
#ifndef RMS_SERVICE_JOBS_DIRECTORY_H
#define RMS_SERVICE_JOBS_DIRECTORY_H

#include "base/error.h"

struct rms_settings;
struct rms_store;
struct rms_directories;

/* Call before the process has other threads: prepares the libraries too. */
RMS_MUST_USE int rms_directories_start(
    const struct rms_settings *settings, struct rms_store *store, struct rms_directories **directories_out);

/* Ends a reading under way within a second or so. Accepts NULL. */
void rms_directories_stop(struct rms_directories **directories);

#endif
