/* HTTP by libmicrohttpd: reads requests, checks framing, hands each to the worker pool, writes the reply.
 *
 * A connection is suspended while a worker has its request, so pollers never block (dependencies.md section
 * 1, pitfall 1). Framing that MHD lets pass is refused here (pitfall 2). Connections that trickle are cut by
 * a watch thread: the idle time-out alone would let one byte a second live forever. */
#ifndef RMS_SERVICE_HTTP_H
#define RMS_SERVICE_HTTP_H

#include <netinet/in.h>
#include <stdatomic.h>

#include "base/queue.h"
#include "service/request.h"

struct MHD_Connection;
struct MHD_Response;
struct rms_http;

#define RMS_HTTP_CONNECTION_BYTES                                                                            \
    81920u /* pitfall 3: 60 kB tokens pass; MHD wipes all of it after each request */
#define RMS_HTTP_PATH_MAX 2048u

/* A request, its reply, and the connection they travel on. */
struct rms_exchange {
    struct rms_request request;
    struct rms_reply reply;
    struct rms_http *http;
    struct MHD_Connection *connection;
    struct MHD_Response *response; /* made of reply; NULL until then */
    char *uri;                     /* as received */
    const char *raw_query;
    char ip[INET6_ADDRSTRLEN];
    struct rms_pair headers[RMS_HEADERS_MAX];
    struct rms_buf body;
    size_t body_max;   /* begin sets it, */
    int long_code;     /* and what a longer one is: RMS_E_LIMIT unless said otherwise */
    size_t body_seen;  /* bytes received, kept or not */
    bool body_discard; /* begin: the body is read and thrown away */
    bool begun;
    bool close;       /* the connection cannot be used after this reply */
    int late_code;    /* why the body could not be taken; answered at its end */
    int64_t began_ms; /* when its head was there */
    size_t charged;   /* of the budget for bodies in memory */
    atomic_bool done; /* the reply is ready */
    char allow[32];   /* value of Allow; "" = none */
};

/* What the front supplies. begin and refuse run on pollers and must not block; there is no arena yet. */
struct rms_http_calls {
    void *context;
    /* Headers are known: routes, sets body_max and body_discard. An error is answered through refuse. */
    int (*begin)(void *context, struct rms_exchange *exchange);
    /* Fills the reply for a request that no worker will see, and logs it. */
    void (*refuse)(void *context, struct rms_exchange *exchange, int code);
};

struct rms_http_options {
    int listen;      /* listening socket; stays the caller's to close, after rms_http_free */
    bool admin;      /* Unix socket: plain, the peer must be our user or root */
    bool management; /* administration and monitoring alone */
    const char *cert_pem;
    const char *key_pem;
    unsigned pollers;
    unsigned connections_max;
    unsigned connections_per_ip;
    unsigned idle_s;       /* nothing at all from the peer */
    unsigned request_s;    /* a whole request, from its first byte to its last */
    struct rms_pool *pool; /* job argument: struct rms_exchange */
    struct rms_http_calls calls;
};

RMS_MUST_USE int rms_http_new(const struct rms_http_options *options, struct rms_http **http_out);

/* Stops taking connections; those that are open end with the reply in hand or the next one. */
void rms_http_close(struct rms_http *http);

/* Closes, and waits until every request that has begun is answered, and for a moment for those of connections
 * that were just made, at most until then (monotonic clock). */
void rms_http_drain(struct rms_http *http, int64_t until_ms);

/* Ends what is left; the pool must still run, for the requests it has. Accepts NULL. */
void rms_http_free(struct rms_http **http);

/* Makes the response of what the reply says by now. Afterwards neither the request's arena nor its body is
 * needed. Any thread. */
void rms_http_prepare(struct rms_exchange *exchange);

/* The worker is finished with the exchange: the poller sends the reply. The exchange must not be touched
 * afterwards. */
void rms_http_finish(struct rms_exchange *exchange);

/* Framing that must not pass (RFC 9112 sections 3.2 and 6.3): exactly one sound Host, at most one
 * Content-Length, digits only, never beside Transfer-Encoding; only "chunked" there; one Authorization.
 * RMS_E_BAD_ARGUMENT with a detail. */
RMS_MUST_USE int rms_http_check(const struct rms_pair *headers, size_t count, const char **detail_out);

/* Splits a request target: origin form only. path_out ends where the query begins (the '?' is overwritten).
 */
RMS_MUST_USE int rms_http_split_uri(char *uri, const char **path_out, const char **query_out);

enum rms_method rms_http_method(const char *text);

/* --- connections under watch ----------------------------------------------------------------------- */

struct rms_watch;
struct rms_watched;

/* A thread that cuts connections past their deadline. */
RMS_MUST_USE int rms_watch_new(struct rms_watch **watch_out);
void rms_watch_free(struct rms_watch **watch);

struct rms_watched *rms_watch_add(struct rms_watch *watch, int fd, int64_t within_ms);
void rms_watch_set(struct rms_watched *watched, int64_t within_ms); /* < 0: no deadline */
/* True once: a connection that was made is about to ask, or ends without having asked. */
bool rms_watch_asks_first(struct rms_watched *watched);
void rms_watch_remove(struct rms_watch *watch, struct rms_watched **watched);

#endif
