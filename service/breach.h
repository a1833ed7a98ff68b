/* What is to be done after a breach of a tenant's keys (S-219): told to who reports it, and by mail to the
 * tenant's administrators. */
#ifndef RMS_SERVICE_BREACH_H
#define RMS_SERVICE_BREACH_H

#include <stdbool.h>
#include <stddef.h>

#define RMS_BREACH_STEPS 5

struct rms_breach {
    const char *name;
    bool new_key;
    bool compromised;                    /* the former key: it may sign nothing any more */
    const char *steps[RMS_BREACH_STEPS]; /* NULL ends them */
};

/* "leaked", "misuse" or "weakness"; NULL for another word. */
const struct rms_breach *rms_breach_named(const char *name);

size_t rms_breach_steps(const struct rms_breach *breach);

#endif
