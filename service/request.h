/* One request on its way through the front: what the wire said, who asks, what is answered, what is logged.
 *
 * A request lives on one worker thread from the first byte of handling to the reply. Everything in it lives
 * in its arena and ends with the reply. Handlers never run on the pollers. */
#ifndef RMS_SERVICE_REQUEST_H
#define RMS_SERVICE_REQUEST_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/guid.h"
#include "base/time.h"

struct rms_front;            /* service/front.h */
struct rms_worker;           /* service/front.h */
struct rms_route;            /* service/route.h */
struct rms_live_tenant;      /* service/tenant.h: a tenant as the front keeps it in memory */
struct rms_directory_person; /* directory/directory.h: with his addresses and groups */
struct rms_matches;          /* policy/policy.h */

enum rms_method {
    RMS_METHOD_GET = 1,
    RMS_METHOD_POST = 2,
    RMS_METHOD_PUT = 4,
    RMS_METHOD_DELETE = 8,
    RMS_METHOD_HEAD = 16,
    RMS_METHOD_PATCH = 32,
    RMS_METHOD_OTHER = 64,
};

enum rms_caller {
    RMS_CALLER_NONE,     /* nobody proved anything */
    RMS_CALLER_PERSON,   /* a bearer token was accepted */
    RMS_CALLER_OPERATOR, /* the administration socket, peer checked */
    RMS_CALLER_PUSHER,   /* a directory of the tenant, by its SCIM token */
};

struct rms_pair {
    const char *name;
    const char *value; /* never NULL */
};

#define RMS_PARAMS_MAX  4  /* variable parts of a path */
#define RMS_HEADERS_MAX 64 /* fields of one request */
#define RMS_TENANTS_MAX 4  /* tenants one request can touch */

/* What the usage log says beyond the wire (service-requirements 8.1). Texts live in the request's arena or
 * longer; NULL is "not known". The owner of each field is the handler; defaults are filled in afterwards. */
struct rms_usage_note {
    const struct rms_live_tenant *tenant; /* whose log; NULL: request->tenant, else the service's own log */
    int code;                 /* outcome when it differs from what the handler returned (denied with 200) */
    const char *request_type; /* NULL: the route's */
    const char *user_id;
    const char *content_id; /* plain GUID */
    const char *owner;
    const char *issuer;
    const char *template_id; /* plain GUID */
    const char *file_name;
    int64_t published_at;  /* RMS_TIME_NONE = unknown */
    const char *detail;    /* precise cause, static text or arena: for the log only */
    bool super_user;       /* opened by super user right */
    int64_t offline_until; /* end of the licence given; 0: none that can be kept */
    bool track;            /* the document is recorded for tracking */
    const char *key_id;    /* with it: the tenant key that its licence is under */
    bool admin_action;
    const char *acting_as;
};

struct rms_request {
    struct rms_worker *worker;     /* this thread's store and keyd connections */
    const struct rms_route *route; /* NULL before routing and for unknown paths */
    struct rms_arena *arena;

    enum rms_method method;
    const char *method_text;
    const char *path;                   /* as received, without query, never percent-decoded */
    const char *params[RMS_PARAMS_MAX]; /* variable parts of the path, percent-decoded, in order */
    size_t param_count;
    const struct rms_pair *query; /* percent-decoded, in order of appearance */
    size_t query_count;
    const char *raw_query; /* as received, without '?'; NULL: not kept. For forms, where '+' is a blank */
    const struct rms_pair *headers; /* as received */
    size_t header_count;
    struct rms_view body;

    char correlation[RMS_GUID_TEXT]; /* the client's when it sent a GUID, else new (S-193) */
    const char *client_ip;           /* numeric text; "" on the administration socket */
    const char *client_info;         /* x-ms-rms-platform-id, else User-Agent, else "" */
    int64_t now;                     /* clock at the start: one time for the whole decision */
    bool admin_socket;
    bool
        what_if; /* a rehearsal: the store undoes what the handler does; the rest is the handler's to leave */
    bool management; /* it came by the address for administration and monitoring */

    enum rms_caller caller;
    const struct rms_live_tenant
        *tenant; /* home tenant of the person, or the one named in the path; pinned */
    const struct rms_directory_person *person; /* NULL for none and operator; released with the request */
    unsigned roles;                            /* of an administrator: bits of enum rms_role (store/role.h) */
    bool passcode;                             /* he proved no more than that he reads his mail (S-058) */
    const char *deputy;  /* the application that acts as the person; NULL: he himself (on_behalf.h) */
    const char *address; /* the person's address for logs and certificates: person->address, else the UPN */

    struct rms_usage_note note;
    struct rms_matches *why; /* set where a decision is to be explained (admin_explain.c), else NULL */
    const char *step_up;     /* what the challenge asks for beyond a token (RFC 9470); NULL: nothing */
    const char *told;        /* a detail that the refusal tells whoever asked; NULL: none */
    const char *actor;       /* of the admin log; NULL: the operator */
    const char *command;     /* of the admin log; NULL: made from path, query and body */

    const struct rms_live_tenant *pinned[RMS_TENANTS_MAX]; /* released with the request */
    size_t pinned_count;
};

#define RMS_REPLY_HEADERS_MAX 8

/* Handlers fill body (and type when it is not JSON). Status is 200 unless set. When a handler returns an
 * error code, the front discards the body and writes the error form of errors.def itself, unless `final` is
 * set. */
struct rms_reply {
    int status;
    const char *type;                               /* "application/json" unless set; static text */
    struct rms_pair headers[RMS_REPLY_HEADERS_MAX]; /* extra; values in the arena or static */
    size_t header_count;
    struct rms_buf body;
    bool final;        /* the body stands even when the handler returned an error */
    bool page;         /* a page for people: the handler sends its own Content-Security-Policy */
    int retry_after_s; /* sent with 429 and 503 when > 0 */
};

/* A GUID in its plain form from one place to another. */
static inline void rms_guid_copy(char out[RMS_GUID_TEXT], const char *guid)
{
    memcpy(out, guid, RMS_GUID_TEXT);
}

typedef int (*rms_handler)(struct rms_front *front, struct rms_request *request, struct rms_reply *reply);

/* First field of that name (any case), or NULL. */
const char *rms_request_header(const struct rms_request *request, const char *name);

/* First query parameter of that name (exact case), or NULL. */
const char *rms_request_query(const struct rms_request *request, const char *name);

/* Notes the cause for the log and returns code: return rms_fail(request, RMS_E_BAD_ARGUMENT, "x: not a
 * GUID"); detail: static text or in the arena. Never key bytes, tokens, policies. */
RMS_MUST_USE int rms_fail(struct rms_request *request, int code, const char *detail);

/* Adds a header to the reply; value must live as long as the arena. Full: ignored with an assert in debug. */
void rms_reply_header(struct rms_reply *reply, const char *name, const char *value);

/* Percent-decoding into the arena: RMS_E_BAD_ARGUMENT for bad escapes, encoded NUL and text that is not
 * UTF-8. form: '+' is a blank (application/x-www-form-urlencoded). */
RMS_MUST_USE int rms_percent_decode(
    struct rms_arena *arena, struct rms_view text, bool form, const char **decoded_out);

/* name=value pairs joined with &, as in a query or a form body; at most max pairs. */
RMS_MUST_USE int rms_form_parse(struct rms_arena *arena, struct rms_view text, bool form,
    const struct rms_pair **pairs_out, size_t *count_out);

#define RMS_FORM_PAIRS_MAX 64

#endif
