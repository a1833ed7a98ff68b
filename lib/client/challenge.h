/* The bearer challenge of the service (rest-protocol section 5). */
#ifndef RMS_CLIENT_CHALLENGE_H
#define RMS_CLIENT_CHALLENGE_H

#include "base/arena.h"

struct rms_parsed_challenge {
    const char *authority; /* https URL with at least one path segment */
    const char *resource;
    const char *scope;
    bool step_up;           /* the token was good, the sign-in behind it was not good enough (RFC 9470) */
    const char *acr_values; /* kinds of sign-in that would be; "" for any */
    int64_t max_age_s;      /* -1: of any age */
};

/* header: the value of WWW-Authenticate. Texts go to the arena. RMS_E_NOT_AUTHENTICATED when it is no usable
 * bearer challenge. */
RMS_MUST_USE int rms_challenge_parse(
    struct rms_arena *arena, const char *header, struct rms_parsed_challenge *challenge_out);

/* The endpoint beside the authority: ".../oauth2/authorize" gives ".../oauth2/<name>". NULL when the
 * authority has another form or memory is exhausted. */
char *rms_challenge_endpoint(struct rms_arena *arena, const char *authority, const char *name);

#endif
