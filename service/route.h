/* The one table of what the front answers: method, path, who may call, how long the body may be, handler, and
 * the word of the usage log. Start reading the service here. */
#ifndef RMS_SERVICE_ROUTE_H
#define RMS_SERVICE_ROUTE_H

#include "service/request.h"
#include "service/role.h"

enum rms_who {
    RMS_WHO_ANYONE, /* sign-in, redirects, information pages */
    RMS_WHO_BEARER, /* a valid token; without one 401 and the bearer challenge, the body unread by handlers */
    RMS_WHO_PUSHER, /* a SCIM token of the tenant that the path names */
    RMS_WHO_MONITOR,  /* the administration socket and the administration address; elsewhere 404 */
    RMS_WHO_OPERATOR, /* the administration socket only; elsewhere 404 as if it did not exist */
    RMS_WHO_ADMIN,    /* there the operator; over HTTPS administrators whose roles reach the area */
};

enum rms_log_class {
    RMS_LOG_USAGE, /* one usage-log row */
    RMS_LOG_ADMIN, /* one admin-log row */
    RMS_LOG_NONE,  /* health, keys and other documents that name nobody */
};

/* pattern: segments separated by '/', "{}" takes one segment as a parameter. The whole path compares without
 * regard to case; a trailing slash is ignored. */
struct rms_route {
    unsigned methods; /* enum rms_method bits */
    const char *pattern;
    enum rms_who who;
    enum rms_area area; /* of RMS_WHO_ADMIN; of RMS_WHO_BEARER what may be done on behalf of others */
    size_t body_max;
    rms_handler handler;
    enum rms_log_class log;
    const char *request_type; /* usage log (service-requirements 8.2), or the command name of the admin log */
    bool rehearsed;           /* takes what-if=true (S-329) */
};

/* The rows, ended by one without pattern. */
extern const struct rms_route rms_routes[];

/* Finds the row: request->route. RMS_E_NOT_FOUND when no pattern fits, RMS_E_METHOD when only other methods
 * do (allowed_out: their bits). Needs no arena. */
RMS_MUST_USE int rms_route_find(struct rms_request *request, unsigned *allowed_out);

/* Fills the parameters of the route found, decoded into the arena. RMS_E_BAD_ARGUMENT. */
RMS_MUST_USE int rms_route_params(struct rms_request *request);

#endif
