/* What applications did not let a person do, told to who protected the document: kept until the service is
 * talked to anyway. */
#ifndef RMS_CLIENT_REFUSAL_H
#define RMS_CLIENT_REFUSAL_H

struct rms_access;
struct rms_context;

#define RMS_REFUSALS_MAX  64 /* kept; the oldest go first */
#define RMS_REFUSALS_STEP 8  /* sent along with one call */

/* librms itself refused this right (a name of policy/rights.h) in a call that may use the network: kept, and
 * told at once where the service has just answered. */
void rms_refusal_note(struct rms_context *context, const struct rms_access *access, const char *right);

/* The service has just answered: tells it some of what is kept for this person, in brief calls, and leaves
 * the rest when it does not answer again. Nobody waits for it, so nothing of it is a failure. */
void rms_refusals_follow(struct rms_context *context, const char *address);

#endif
