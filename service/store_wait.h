/* Starting while the database server is away. */
#ifndef RMS_SERVICE_STORE_WAIT_H
#define RMS_SERVICE_STORE_WAIT_H

#include "store/store.h"

/* rms_store_open; while the server cannot be reached it says so once and tries again until it answers.
 * RMS_E_CANCELLED: there is something to read at signals, and it is left there. */
RMS_MUST_USE int rms_store_wait(const char *url, int signals, struct rms_store **store_out);

#endif
