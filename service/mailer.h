/* Sends what waits in the table of mail (store/mail.h), on a thread of the jobs process (doc/dev/mail.md): a
 * server that stalls holds up nothing but mail. */
#ifndef RMS_SERVICE_MAILER_H
#define RMS_SERVICE_MAILER_H

#include "base/error.h"

struct rms_settings;
struct rms_store;
struct rms_mailer;

/* Borrowed until rms_mailer_stop. */
RMS_MUST_USE int rms_mailer_start(
    const struct rms_settings *settings, struct rms_store *store, struct rms_mailer **mailer_out);

/* Gives up what is under way; it goes out after the next start. Accepts NULL, clears the caller's pointer. */
void rms_mailer_stop(struct rms_mailer **mailer);

#endif
