/* The clear copy that an application is given: in a directory of its own, for the person alone, gone
 * afterwards. */
#ifndef RMS_CMD_HANDOFF_H
#define RMS_CMD_HANDOFF_H

#include "base/error.h"

struct handoff {
    char directory[3072]; /* "" when none */
    char file[4096];
    int fd; /* open for writing; -1 */
};

/* name: of the file, without its protected suffix. Also removes what runs that were killed left behind. */
RMS_MUST_USE int handoff_open(struct handoff *handoff, const char *name);

/* Overwrites and removes the copy and its directory. Also a cleanup function; harmless on what is not open.
 */
void handoff_close(struct handoff *handoff);

#define HANDOFF_CLEANUP __attribute__((cleanup(handoff_close)))

#endif
