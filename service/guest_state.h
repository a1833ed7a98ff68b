/* How people without an account of the organisation may come in: part of a tenant's settings, all off at
 * first. */
#ifndef RMS_SERVICE_GUEST_STATE_H
#define RMS_SERVICE_GUEST_STATE_H

#include "base/arena.h"

struct rms_guest_state {
    bool passcodes;             /* guests may sign in by a code sent to their address */
    bool documents;             /* documents open for such a sign-in, not only mail (S-058, B-02) */
    bool sign_up;               /* whoever proves an address may make a guest account */
    bool protect;               /* they may also protect (S-056) */
    const char *const *domains; /* of addresses that may sign up; none: all */
    size_t domain_count;
};

/* Memory of the arena; what cannot be read is off. */
RMS_MUST_USE int rms_guest_state_read(
    struct rms_arena *arena, const char *settings, struct rms_guest_state *state_out);
RMS_MUST_USE int rms_guest_state_write(struct rms_arena *arena, const char *settings,
    const struct rms_guest_state *state, const char **settings_out);

/* Whether this normalised address may sign up. */
bool rms_guest_may_sign_up(const struct rms_guest_state *state, const char *address);

/* A domain of a provider where everybody has a mailbox: it says nothing about who he is (S-055). */
bool rms_guest_public_domain(const char *domain);

#endif
