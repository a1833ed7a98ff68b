/* Who may administer what (doc/dev/roles.md): the area of each administrative route, and the roles that reach
 * it. */
#ifndef RMS_SERVICE_ROLE_H
#define RMS_SERVICE_ROLE_H

#include "service/front.h"

enum rms_area {
    RMS_AREA_NONE,     /* not for people: the administration socket only */
    RMS_AREA_SESSION,  /* beginning and ending a session: any role */
    RMS_AREA_REPORT,   /* logs and their proofs */
    RMS_AREA_SERVICE,  /* state, settings, onboarding, keys as a list */
    RMS_AREA_TEMPLATE, /* templates */
    RMS_AREA_SUPER,    /* super users */
    RMS_AREA_HELP,     /* looking at people, groups, explanations */
    RMS_AREA_PEOPLE, /* what gives power over others: accounts, groups, guests, roles, keys, personal data */
    RMS_AREA_TRACKING, /* documents of others */
    RMS_AREA_OPEN,     /* no administration: what applications may do on behalf of people (on_behalf.h) */
    RMS_AREA_PROTECT,
    RMS_AREA_COUNT
};

/* Bits (1 << enum rms_role) of the roles that reach an area. */
unsigned rms_area_roles(enum rms_area area);

/* What a session is shown by: sent with the bearer token, of no use without it. */
#define RMS_ADMIN_SESSION_HEADER "X-RMS-Admin-Session"
#define RMS_ADMIN_SESSION_BYTES  32

/* Of an administrative route, before its handler: the operator on the socket, or a person with a token, a
 * session, a role that reaches the route's area, and of his own tenant only. RMS_E_NOT_AUTHENTICATED,
 * RMS_E_ROLE_REQUIRED, RMS_E_NOT_FOUND for another tenant's paths, there or not. */
RMS_MUST_USE int rms_role_admit(struct rms_front *front, struct rms_request *request);

/* The part of it behind the token: request->person and tenant are set. */
RMS_MUST_USE int rms_role_check(struct rms_request *request);

/* SHA-256 of the session the request shows. RMS_E_NOT_AUTHENTICATED without one. */
struct rms_admin_session;
RMS_MUST_USE int rms_role_session(struct rms_request *request, struct rms_admin_session *session_out);

/* Who acts, for logs: the person's address, or "operator". */
const char *rms_role_actor(const struct rms_request *request);

#endif
