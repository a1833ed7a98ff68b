/* The context of librms a verb works with: made of the global options and the environment, cancelled by
 * Ctrl-C. */
#ifndef RMS_CMD_SESSION_H
#define RMS_CMD_SESSION_H

#include "cmd/rms/cli.h"

#define CLOSE_CONTEXT __attribute__((cleanup(close_context)))

/* Prints why and returns an exit status when there is none. From now on SIGINT and SIGTERM cancel it; a
 * second one ends the process. */
int open_context(struct arguments *arguments, struct rms_context **context_out);

/* The same for verbs that need somebody who is signed in: on a desktop, whoever is not yet signs in in the
 * browser first (S-122). Elsewhere the verb's own call tells that nobody is. */
int open_signed_in(struct arguments *arguments, struct rms_context **context_out);

/* The same where a context is welcome but not needed: NULL instead of a message. */
struct rms_context *try_context(struct arguments *arguments);

/* Accepts NULL, clears the caller's pointer. */
void close_context(struct rms_context **context);

/* A clear copy of the open document was refused: who protected it hears of it, at once only where the service
 * has just answered. Prints nothing. */
void session_refused(struct rms_context *context, struct rms_document *document);

/* True after SIGINT or SIGTERM. */
bool was_interrupted(void);

#endif
