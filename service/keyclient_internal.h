/* Between the two parts of the client: connections (keyclient_link.c) and operations (keyclient.c). */
#ifndef RMS_SERVICE_KEYCLIENT_INTERNAL_H
#define RMS_SERVICE_KEYCLIENT_INTERNAL_H

#include "service/keyclient.h"
#include "service/message.h"

/* Our own peer broke the protocol: nothing it said can be trusted any more. */
_Noreturn void rms_keylink_broken(const char *what);

/* A connection to keyd, fd the caller's to close. Those that came together have one generation: when one of
 * them was lost, the others may be about to be. */
struct rms_keylink_connection {
    int fd; /* -1: none */
    uint64_t generation;
};

/* A live connection of a later generation than `after`. Waits; RMS_E_KEY_UNAVAILABLE when none came. */
RMS_MUST_USE int rms_keylink_take(
    struct rms_keylink *link, uint64_t after, struct rms_keylink_connection *connection_out);

int rms_keylink_fetch(
    struct rms_keylink *link, void *worker, const char *key_id, struct rms_sealed_key *key_out);

#endif
