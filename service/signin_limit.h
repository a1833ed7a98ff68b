/* How often something may fail before it is refused without a look: passwords per account and per network,
 * user codes, device requests, organisations (S-318). In memory, bounded, forgotten at restart; names are
 * kept as keyed hashes only.
 *
 * Also the gate in front of password checks: each costs tens of milliseconds of a core by design, so only a
 * few run at once and the others are told to come again; licences keep flowing. */
#ifndef RMS_SERVICE_SIGNIN_LIMIT_H
#define RMS_SERVICE_SIGNIN_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct rms_limit;

#define RMS_LIMIT_WINDOW_S 600

/* What is counted, each in a name space of its own, with what passes in a window. A network may be a whole
 * office behind one address: it gets more than an account, whose limit is what stops guessing. */
#define RMS_LIMITS(X)                                                                                        \
    X(ACCOUNT, 10) /* wrong passwords for one address typed */                                               \
    X(NETWORK, 50) /* wrong passwords from one network */                                                    \
    X(CODE, 10)    /* wrong user codes from one network */                                                   \
    X(DEVICE, 50)  /* device sign-ins begun from one network */                                              \
    X(MAIL, 20)    /* passcodes and sign-up links asked for from one network */                              \
    X(APP, 50)     /* wrong secrets of applications from one network */                                      \
    X(TENANT, 50)  /* authorities asked for from one network that are none */                                \
    X(DOMAIN, 50)  /* addresses of domains that are none of ours, as discovery is given them */

enum rms_limit_kind {
#define X(name, most) RMS_LIMIT_##name,
    RMS_LIMITS(X)
#undef X
        RMS_LIMIT_KINDS
};

/* What passes in a window. */
unsigned rms_limit_most(enum rms_limit_kind kind);

RMS_MUST_USE int rms_limit_new(struct rms_limit **limit_out);
void rms_limit_free(struct rms_limit **limit);

/* 0, or the seconds until the name may try again. */
int64_t rms_limit_wait(struct rms_limit *limit, enum rms_limit_kind kind, const char *name, int64_t now);

/* Counts one failure. */
void rms_limit_fail(struct rms_limit *limit, enum rms_limit_kind kind, const char *name, int64_t now);

/* A success forgives what was before. */
void rms_limit_clear(struct rms_limit *limit, enum rms_limit_kind kind, const char *name);

struct rms_gate;

/* At most `places` inside at once. */
RMS_MUST_USE int rms_gate_new(size_t places, struct rms_gate **gate_out);
void rms_gate_free(struct rms_gate **gate);

/* Never waits: RMS_E_THROTTLED when all places are taken. */
RMS_MUST_USE int rms_gate_enter(struct rms_gate *gate);
void rms_gate_leave(struct rms_gate *gate);

#endif
