/* One child of the master: starting it, and when to start it again. */
#ifndef RMS_SERVICE_MASTER_CHILD_H
#define RMS_SERVICE_MASTER_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

enum rms_child_kind { RMS_CHILD_KEYD, RMS_CHILD_FRONT, RMS_CHILD_JOBS, RMS_CHILD_COUNT };

struct rms_child {
    enum rms_child_kind kind;
    pid_t pid;   /* 0 while it does not run */
    int control; /* the master's end; -1 when closed */
    bool wanted; /* to be started, and again when it ends */
    bool ready;  /* it said that it answers requests */
    bool ever_ready;
    int64_t started_at; /* monotonic ms */
    int64_t start_at;   /* not before */
    unsigned failures;  /* quick ones in a row */
};

const char *rms_child_name(enum rms_child_kind kind);

/* Notes that the child ended and when it may start again: at once after a good while, then with growing
 * pauses. False: it fails again and again and should be given up. */
bool rms_child_ended(struct rms_child *child, int64_t now);

/* Failures in a row after which a child is given up: before it was ever ready, and later. */
#define RMS_CHILD_FIRST_TRIES 4
#define RMS_CHILD_TRIES       10

/* Lived this long: what ends it now is no failure to start. */
#define RMS_CHILD_SETTLED_MS 2000

#endif
