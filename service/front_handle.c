/* The way of every request: route, caller, handler, reply, log. What a request meets, in this order:
 *   poller: framing (http.c), correlation id, route and body limit (here, rms_front_begin)
 *   worker: log healthy, query, caller, content type, handler (here, rms_front_work) */
#include "service/front_handle.h"

#include <stdio.h>
#include <strings.h>

#include "base/clock.h"
#include "service/admin.h"
#include "service/meter.h"
#include "service/on_behalf.h"
#include "service/rest.h"
#include "service/rest_error.h"
#include "service/route.h"
#include "service/scim.h"
#include "service/settings.h"
#include "service/tenant.h"
#include "service/token.h"
#include "service/usage.h"
#include "service/lookout.h"
#include "service/mark.h"

/* Memory a worker keeps between requests. With sanitizers none, so that they see what is used too late. */
#ifdef __SANITIZE_ADDRESS__
#define ARENA_KEPT 0
#else
#define ARENA_KEPT (256u * 1024)
#endif

/* S-193. The SDK sends "{scenario};{correlation}", others one GUID, with or without braces. */
static void take_correlation(struct rms_request *request)
{
    const char *text = rms_request_header(request, "x-ms-rms-request-id");
    if (text != NULL) {
        const char *second = strchr(text, ';');
        struct rms_view id = rms_view_str(second != NULL ? second + 1 : text);
        while (id.len > 0 && (id.data[id.len - 1] == ';' || id.data[id.len - 1] == ' ')) {
            id.len--;
        }
        if (rms_guid_parse(id, request->correlation) == RMS_OK) {
            return;
        }
    }
    rms_guid_new(request->correlation);
}

static void take_client_info(struct rms_request *request)
{
    const char *platform = rms_request_header(request, "x-ms-rms-platform-id");
    const char *agent = rms_request_header(request, "User-Agent");
    request->client_info = platform != NULL && platform[0] != '\0' ? platform : agent != NULL ? agent : "";
}

static void name_methods(unsigned allowed, char *out, size_t size)
{
    static const struct {
        unsigned bit;
        const char *name;
    } names[] = {
        {RMS_METHOD_GET, "GET"},
        {RMS_METHOD_POST, "POST"},
        {RMS_METHOD_PUT, "PUT"},
        {RMS_METHOD_PATCH, "PATCH"},
        {RMS_METHOD_DELETE, "DELETE"},
    };
    size_t len = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if ((allowed & names[i].bit) != 0) {
            len += (size_t)snprintf(out + len, size - len, "%s%s", len > 0 ? ", " : "", names[i].name);
        }
    }
}

/* Which rows there are depends on where somebody comes in. Administration has an address of its own when the
 * operator gave one, and is then nowhere else (S-319). */
static bool visible(const struct rms_front *front, const struct rms_request *request)
{
    enum rms_who who = request->route->who;
    if (request->admin_socket) {
        return true;
    }
    if (request->management) {
        return who == RMS_WHO_MONITOR || who == RMS_WHO_ADMIN;
    }
    bool apart = front->settings->admin_listen[0] != '\0';
    return who != RMS_WHO_OPERATOR && who != RMS_WHO_MONITOR && (who != RMS_WHO_ADMIN || !apart);
}

static bool takes_token(const struct rms_exchange *x)
{
    enum rms_who who = x->request.route->who;
    return who == RMS_WHO_BEARER || who == RMS_WHO_PUSHER ||
           (who == RMS_WHO_ADMIN && !x->request.admin_socket);
}

int rms_front_begin(void *context, struct rms_exchange *x)
{
    struct rms_request *request = &x->request;
    unsigned allowed = 0;
    x->began_ms = rms_clock_monotonic_ms();
    take_correlation(request);
    take_client_info(request);
    request->now = rms_clock_now();
    request->note.published_at = RMS_TIME_NONE;
    int rc = rms_route_find(request, &allowed);
    if (rc == RMS_E_METHOD) {
        name_methods(allowed, x->allow, sizeof x->allow);
    }
    RMS_TRY(rc);
    if (!visible(context, request)) {
        request->route = NULL;
        return RMS_E_NOT_FOUND;
    }
    x->body_max = request->route->body_max;
    /* no licence is so long (S-317) */
    x->long_code = x->body_max == RMS_REST_LICENCE_BODY_MAX ? RMS_E_BAD_LICENSE : RMS_E_LIMIT;
    /* the probe of a POST carries its whole body (rest-protocol section 1): read, never kept */
    x->body_discard = takes_token(x) && rms_request_header(request, "Authorization") == NULL;
    return RMS_OK;
}

/* --- the worker's part ------------------------------------------------------------------------------- */

/* Whatever parameters follow. */
static bool is_type(const char *header, const char *type)
{
    size_t len = strlen(type);
    return strncasecmp(header, type, len) == 0 && strchr("; \t", header[len]) != NULL;
}

static int check_type(const struct rms_request *request)
{
    const char *type = rms_request_header(request, "Content-Type");
    if (request->body.len == 0 || type == NULL) {
        return RMS_OK;
    }
    const char *own = request->route->who == RMS_WHO_PUSHER ? RMS_SCIM_TYPE : "application/json";
    return is_type(type, "application/json") || is_type(type, own) ? RMS_OK : RMS_E_TYPE;
}

static int act_on_behalf(struct rms_front *front, struct rms_request *request)
{
    const char *name = rms_request_header(request, RMS_ON_BEHALF_HEADER);
    return name != NULL ? rms_on_behalf(front, request, name) : RMS_OK;
}

/* Rights that were taken away since are back in a database that is older than it was: the operator decides.
 */
static int check_mark(struct rms_front *front, const struct rms_request *request)
{
    return request->admin_socket || !rms_mark_blocks(front->mark) ? RMS_OK : RMS_E_ROLLED_BACK;
}

static int accept_caller(struct rms_front *front, struct rms_request *request)
{
    switch (request->route->who) {
    case RMS_WHO_OPERATOR:
    case RMS_WHO_ADMIN:
        RMS_TRY(rms_role_admit(front, request));
        RMS_TRY(check_mark(front, request));
        return check_type(request);
    case RMS_WHO_BEARER:
        RMS_TRY(rms_lookout_current(front->lookout));
        RMS_TRY(rms_token_accept(front, request));
        RMS_TRY(rms_rest_client(request));
        RMS_TRY(act_on_behalf(front, request));
        RMS_TRY(check_mark(front, request));
        return check_type(request);
    case RMS_WHO_PUSHER:
        RMS_TRY(rms_scim_accept(request));
        RMS_TRY(check_mark(front, request));
        return check_type(request);
    case RMS_WHO_ANYONE:
    case RMS_WHO_MONITOR:
        break;
    }
    return RMS_OK;
}

/* S-329. Refused where nothing is rehearsed: who asked for a rehearsal must not change anything. */
static int read_what_if(struct rms_request *request)
{
    const char *text = rms_request_query(request, "what-if");
    if (text == NULL || request->route->who == RMS_WHO_ANYONE) {
        return RMS_OK;
    }
    request->what_if = true;
    if (!request->route->rehearsed) {
        return rms_fail(request, RMS_E_BAD_ARGUMENT, "what-if: this request is not rehearsed");
    }
    return strcmp(text, "true") == 0 ? RMS_OK : rms_fail(request, RMS_E_BAD_ARGUMENT, "what-if: not true");
}

static int dispatch(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    bool admin = request->route->who == RMS_WHO_ADMIN || request->route->who == RMS_WHO_OPERATOR;
    return (admin ? rms_admin_serve : request->route->handler)(front, request, reply);
}

/* The handler as ever, for the same caller; what it did to the store is undone. Its note is of what did not
 * happen. */
static int rehearse(struct rms_front *front, struct rms_request *request, struct rms_reply *reply)
{
    rms_db_rehearse(request->worker->db);
    int rc = dispatch(front, request, reply);
    rms_db_rehearse_end(request->worker->db);
    request->note = (struct rms_usage_note){
        .published_at = RMS_TIME_NONE, .request_type = "WhatIf", .detail = request->note.detail};
    if (request->param_count == 0) {
        request->tenant = request->person != NULL ? request->tenant : NULL; /* one that was made is none */
    }
    return rc;
}

static int serve(struct rms_front *front, struct rms_exchange *x)
{
    struct rms_request *request = &x->request;
    RMS_TRY(rms_route_params(request));
    request->raw_query = x->raw_query;
    RMS_TRY(rms_form_parse(
        request->arena, rms_view_str(x->raw_query), false, &request->query, &request->query_count));
    RMS_TRY(accept_caller(front, request));
    /* S-188: no service that cannot be logged; the operator gets in to repair it */
    if (request->route->log == RMS_LOG_USAGE && !rms_usage_healthy(front->usage) &&
        !rms_front_unlogged(front)) {
        return rms_fail(request, RMS_E_UNREACHABLE, "the usage log cannot be written");
    }
    RMS_TRY(read_what_if(request));
    rms_handler handler = request->what_if ? rehearse : dispatch;
    RMS_TRY(handler(front, request, &x->reply));
    return rms_buf_status(&x->reply.body) < 0 ? RMS_E_INTERNAL : RMS_OK;
}

/* Whose log a request of nobody belongs to: the tenant of the address it names, or the only one there is. */
static const struct rms_live_tenant *asked_tenant(struct rms_request *request)
{
    const char *email = rms_request_query(request, "email");
    return email != NULL ? rms_request_tenant_of_address(request, email) : rms_request_only_tenant(request);
}

static void challenge(struct rms_front *front, struct rms_exchange *x)
{
    x->request.note.tenant = asked_tenant(&x->request);
    const char *value = NULL;
    if (rms_token_challenge(front, &x->request, &value) == RMS_OK) {
        rms_reply_header(&x->reply, "WWW-Authenticate", value);
    }
}

/* In the form of the protocol that was asked. */
static void refuse(struct rms_exchange *x, int code)
{
    bool scim = x->request.route != NULL && x->request.route->who == RMS_WHO_PUSHER;
    (scim ? rms_scim_error : rms_rest_error)(&x->request, code, &x->reply);
}

static void fill_failure(struct rms_front *front, struct rms_exchange *x, int code)
{
    if (!x->reply.final) {
        x->reply.header_count = 0;
        refuse(x, code);
    }
    if (code == RMS_E_NOT_AUTHENTICATED && takes_token(x) && x->request.route->who != RMS_WHO_PUSHER) {
        challenge(front, x);
    }
}

static void count(struct rms_front *front, const struct rms_exchange *x, int code)
{
    int outcome = x->request.note.code != 0 ? x->request.note.code : code;
    int64_t ms = x->began_ms != 0 ? rms_clock_monotonic_ms() - x->began_ms : 0;
    rms_meter_count(front->meter, x->request.route, outcome, ms);
}

void rms_front_work(struct rms_worker *worker, struct rms_exchange *x)
{
    struct rms_front *front = worker->front;
    struct rms_request *request = &x->request;
    request->worker = worker;
    request->arena = worker->arena;
    (void)rms_db_was_unreachable(worker->db);
    int rc = serve(front, x);
    if (rc < 0) {
        /* what could not be looked up is not known; a handler may have taken it for "there is none" */
        rc = rms_db_was_unreachable(worker->db) ? RMS_E_UNREACHABLE : rc;
        fill_failure(front, x, rc);
    }
    rms_usage_note_request(front->usage, request, rc);
    rms_usage_note_keys(front->usage, request);
    if (request->route->log == RMS_LOG_ADMIN) {
        rms_admin_note_request(request, rc);
    }
    count(front, x, rc);
    rms_request_unpin(request);
    rms_http_prepare(x);
    rms_buf_fini(&x->body);
    rms_arena_reset(worker->arena, ARENA_KEPT);
    request->arena = NULL;
}

void rms_front_refuse(void *context, struct rms_exchange *x, int code)
{
    struct rms_front *front = context;
    if (x->request.correlation[0] == '\0') {
        take_correlation(&x->request);
        take_client_info(&x->request);
        x->request.now = rms_clock_now();
        x->request.note.published_at = RMS_TIME_NONE;
    }
    refuse(x, code);
    rms_usage_note_request(front->usage, &x->request, code);
    count(front, x, code);
}
