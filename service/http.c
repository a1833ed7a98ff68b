#include "service/http.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <sys/socket.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

/* Bodies of all requests in memory at one time. Unauthenticated bodies are never kept, so only holders of
 * something that looks like a token can fill this. */
#define BODY_BUDGET (512u * 1024 * 1024)

#define BODY_EXCESS   (1024u * 1024)
#define REPLY_MAX     (64u * 1024 * 1024)
#define REPLY_MS      120000 /* for the peer to take a reply */
#define READ_STEP     16384u /* one TLS record */
#define DRAIN_STEP_MS 5
#define FIRST_MS      2000 /* at the end, for the first request of a connection just made */

struct rms_http {
    struct rms_http_options options;
    struct MHD_Daemon *daemon;
    struct rms_watch *watch;
    atomic_size_t bodies;
    atomic_size_t exchanges; /* begun and not completed */
    atomic_size_t suspended; /* handed over, or about to be */
    atomic_size_t unasked;   /* connections that have not sent their first request */
    atomic_bool closing;     /* no new connections, and each reply is the last of its connection */
    atomic_bool refusing;    /* nothing is handed over any more */
};

/* --- one exchange ----------------------------------------------------------------------------------- */

static struct rms_watched *watched_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info != NULL ? info->socket_context : NULL;
}

static void count_first(struct rms_http *http, struct rms_watched *watched)
{
    if (rms_watch_asks_first(watched)) {
        (void)atomic_fetch_sub(&http->unasked, 1);
    }
}

/* At the request line: nothing is known yet but the target. NULL makes MHD go on without; the access handler
 * then refuses. */
static void *on_uri(void *context, const char *uri, struct MHD_Connection *connection)
{
    struct rms_http *http = context;
    struct rms_exchange *x = rms_calloc(1, sizeof *x);
    if (x == NULL) {
        return NULL;
    }
    x->http = http;
    x->connection = connection;
    x->uri = rms_strdup(uri);
    x->request.headers = x->headers;
    rms_buf_init(&x->body, 0);
    rms_buf_init(&x->reply.body, REPLY_MAX);
    if (x->uri == NULL) {
        rms_free(x);
        return NULL;
    }
    (void)atomic_fetch_add(&http->exchanges, 1);
    count_first(http, watched_of(connection));
    return x;
}

static void on_completed(
    void *context, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode why)
{
    struct rms_http *http = context;
    struct rms_exchange *x = *state;
    (void)why;
    rms_watch_set(watched_of(connection), (int64_t)http->options.request_s * 1000);
    if (x == NULL) {
        return;
    }
    (void)atomic_fetch_sub(&http->bodies, x->charged);
    if (x->response != NULL) {
        MHD_destroy_response(x->response);
    }
    rms_buf_fini(&x->body);
    rms_buf_fini(&x->reply.body);
    rms_free(x->uri);
    rms_free(x);
    (void)atomic_fetch_sub(&http->exchanges, 1);
    *state = NULL;
}

struct header_walk {
    struct rms_exchange *exchange;
    bool overflow;
};

static enum MHD_Result on_header(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct header_walk *walk = context;
    struct rms_request *request = &walk->exchange->request;
    (void)kind;
    if (request->header_count == RMS_HEADERS_MAX) {
        walk->overflow = true;
        return MHD_NO;
    }
    /* MHD keeps these texts until the reply is sent */
    walk->exchange->headers[request->header_count++] = (struct rms_pair){name, value != NULL ? value : ""};
    return MHD_YES;
}

static void note_ip(struct rms_exchange *x)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *address = info != NULL ? info->client_addr : NULL;
    x->request.client_ip = x->ip;
    if (address == NULL) {
        return;
    }
    if (address->sa_family == AF_INET) {
        (void)inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, x->ip, sizeof x->ip);
    } else if (address->sa_family == AF_INET6) {
        const struct in6_addr *in6 = &((const struct sockaddr_in6 *)address)->sin6_addr;
        bool mapped = IN6_IS_ADDR_V4MAPPED(in6);
        (void)inet_ntop(
            mapped ? AF_INET : AF_INET6, mapped ? (const void *)&in6->s6_addr[12] : in6, x->ip, sizeof x->ip);
    }
}

/* The administration socket: mode 0600 already keeps others out; asking the kernel again costs one call. */
static bool peer_is_operator(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct ucred peer;
    socklen_t len = sizeof peer;
    return info != NULL && getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
           (peer.uid == 0 || peer.uid == geteuid());
}

static int read_head(struct rms_exchange *x, const char *method)
{
    struct rms_request *request = &x->request;
    struct header_walk walk = {x, false};
    request->method_text = method;
    request->method = rms_http_method(method);
    (void)MHD_get_connection_values(x->connection, MHD_HEADER_KIND, on_header, &walk);
    note_ip(x);
    x->close = true; /* until the framing is known to be sound */
    RMS_TRY(rms_http_split_uri(x->uri, &request->path, &x->raw_query));
    if (walk.overflow) {
        return rms_fail(request, RMS_E_BAD_ARGUMENT, "too many header fields");
    }
    const char *detail = NULL;
    int rc = rms_http_check(x->headers, request->header_count, &detail);
    if (rc < 0) {
        return rms_fail(request, rc, detail);
    }
    x->close = false;
    return RMS_OK;
}

/* --- bodies ----------------------------------------------------------------------------------------- */

static int charge_body(struct rms_exchange *x, size_t more)
{
    size_t total = atomic_fetch_add(&x->http->bodies, more) + more;
    x->charged += more;
    return total <= BODY_BUDGET ? RMS_OK
                                : rms_fail(&x->request, RMS_E_THROTTLED, "too many bodies in memory");
}

static int too_long(struct rms_exchange *x)
{
    int code = x->long_code != RMS_OK ? x->long_code : RMS_E_LIMIT;
    return rms_fail(&x->request, code, "the body is longer than this resource takes");
}

static int keep_body(struct rms_exchange *x, const char *data, size_t len)
{
    if (x->body_seen > x->body_max) {
        return too_long(x);
    }
    RMS_TRY(charge_body(x, len));
    rms_buf_append(&x->body, data, len);
    return rms_buf_status(&x->body);
}

/* MHD takes no reply in the middle of a body: what is too much is read and thrown away, up to a bound, and
 * the refusal sent at the end. */
static enum MHD_Result take_body(struct rms_exchange *x, const char *data, size_t len)
{
    x->body_seen += len;
    if (x->body_seen > x->body_max + BODY_EXCESS) {
        return MHD_NO;
    }
    if (!x->body_discard && x->late_code == RMS_OK) {
        x->late_code = keep_body(x, data, len);
    } else if (x->body_seen > x->body_max && x->late_code == RMS_OK) {
        x->late_code = too_long(x);
    }
    return MHD_YES;
}

static void plan_body(struct rms_exchange *x)
{
    const char *length = rms_request_header(&x->request, "Content-Length");
    unsigned long long announced = length != NULL ? strtoull(length, NULL, 10) : 0;
    x->body.max = x->body_max;
    if (!x->body_discard && announced > 0 && announced <= x->body_max) {
        (void)rms_buf_reserve(&x->body, (size_t)announced);
    }
}

static int check_announced(struct rms_exchange *x)
{
    const char *length = rms_request_header(&x->request, "Content-Length");
    if (length != NULL && strtoull(length, NULL, 10) > x->body_max) {
        return too_long(x);
    }
    return RMS_OK;
}

/* --- replies ---------------------------------------------------------------------------------------- */

static void add_own_headers(struct MHD_Response *response, const struct rms_exchange *x)
{
    const struct rms_reply *reply = &x->reply;
    for (size_t i = 0; i < reply->header_count; i++) {
        (void)MHD_add_response_header(response, reply->headers[i].name, reply->headers[i].value);
    }
    if (x->allow[0] != '\0') {
        (void)MHD_add_response_header(response, "Allow", x->allow);
    }
    if (reply->retry_after_s > 0) {
        char seconds[16];
        (void)snprintf(seconds, sizeof seconds, "%d", reply->retry_after_s);
        (void)MHD_add_response_header(response, "Retry-After", seconds);
    }
    /* no server behind it: an exchange made by a test */
    if (x->close || (x->http != NULL && atomic_load(&x->http->closing))) {
        (void)MHD_add_response_header(response, "Connection", "close");
    }
}

/* From the clock that decides, so that clients can compare it with theirs. Process locale: C. */
static void add_date(struct MHD_Response *response)
{
    time_t now = (time_t)rms_clock_now();
    struct tm parts;
    char text[48];
    if (gmtime_r(&now, &parts) != NULL &&
        strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts) > 0) {
        (void)MHD_add_response_header(response, "Date", text);
    }
}

static void add_headers(struct MHD_Response *response, const struct rms_exchange *x)
{
    static const struct rms_pair always[] = {
        {"Cache-Control", "no-store"},
        {"X-Content-Type-Options", "nosniff"},
        {"Strict-Transport-Security", "max-age=31536000"},
        {"Referrer-Policy", "no-referrer"},
    };
    const struct rms_reply *reply = &x->reply;
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++) {
        (void)MHD_add_response_header(response, always[i].name, always[i].value);
    }
    if (!reply->page) {
        (void)MHD_add_response_header(
            response, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    }
    if (reply->body.len > 0 || reply->type != NULL) {
        const char *type = reply->type != NULL ? reply->type : "application/json";
        (void)MHD_add_response_header(response, "Content-Type", type);
    }
    (void)MHD_add_response_header(response, "x-ms-rms-request-id", x->request.correlation);
    add_date(response);
    add_own_headers(response, x);
}

/* The exchange outlives the response (on_completed frees it), so the body is not copied. */
void rms_http_prepare(struct rms_exchange *x)
{
    struct rms_reply *reply = &x->reply;
    x->response = MHD_create_response_from_buffer(reply->body.len, reply->body.data, MHD_RESPMEM_PERSISTENT);
    if (x->response != NULL) {
        add_headers(x->response, x);
    }
}

static enum MHD_Result send_reply(struct rms_exchange *x)
{
    rms_watch_set(watched_of(x->connection), REPLY_MS);
    if (x->response == NULL) {
        rms_http_prepare(x);
    }
    if (x->response == NULL) {
        return MHD_NO;
    }
    unsigned status = x->reply.status != 0 ? (unsigned)x->reply.status : 200u;
    return MHD_queue_response(x->connection, status, x->response);
}

static enum MHD_Result send_refusal(struct rms_exchange *x, int code)
{
    const struct rms_http_calls *calls = &x->http->options.calls;
    calls->refuse(calls->context, x, code);
    return send_reply(x);
}

/* --- MHD's callbacks -------------------------------------------------------------------------------- */

static enum MHD_Result begin(struct rms_exchange *x, const char *method)
{
    struct rms_http *http = x->http;
    const struct rms_http_calls *calls = &http->options.calls;
    x->begun = true;
    x->request.admin_socket = http->options.admin;
    x->request.management = http->options.management;
    if (http->options.admin && !peer_is_operator(x->connection)) {
        return MHD_NO;
    }
    int rc = read_head(x, method);
    if (rc == RMS_OK) {
        rc = calls->begin(calls->context, x);
    }
    if (rc == RMS_OK) {
        rc = check_announced(x);
    }
    if (rc < 0) {
        x->close = true; /* the body was not read */
        return send_refusal(x, rc);
    }
    plan_body(x);
    return MHD_YES;
}

static enum MHD_Result hand_over(struct rms_exchange *x)
{
    /* counted first: rms_http_free refuses, then waits for the count */
    (void)atomic_fetch_add(&x->http->suspended, 1);
    if (atomic_load(&x->http->refusing)) {
        /* Cut without an answer: nothing was done, so that the client may ask again elsewhere. */
        (void)atomic_fetch_sub(&x->http->suspended, 1);
        return MHD_NO;
    }
    rms_watch_set(watched_of(x->connection), -1);
    x->request.body = rms_buf_view(&x->body);
    MHD_suspend_connection(x->connection);
    if (rms_pool_submit(x->http->options.pool, x) < 0) {
        const struct rms_http_calls *calls = &x->http->options.calls;
        calls->refuse(calls->context, x, RMS_E_UNREACHABLE);
        rms_http_finish(x);
    }
    return MHD_YES;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *data, size_t *len, void **state)
{
    struct rms_exchange *x = *state;
    (void)context;
    (void)connection;
    (void)url;
    (void)version;
    if (x == NULL) {
        return MHD_NO;
    }
    if (!x->begun) {
        return begin(x, method);
    }
    if (*len > 0) {
        enum MHD_Result result = take_body(x, data, *len);
        *len = 0;
        return result;
    }
    if (x->late_code < 0) {
        return send_refusal(x, x->late_code);
    }
    return atomic_load_explicit(&x->done, memory_order_acquire) ? send_reply(x) : hand_over(x);
}

static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
    enum MHD_ConnectionNotificationCode code)
{
    struct rms_http *http = context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        *socket_context = info == NULL ? NULL
                                       : rms_watch_add(http->watch, info->connect_fd,
                                             (int64_t)http->options.request_s * 1000);
        (void)atomic_fetch_add(&http->unasked, *socket_context != NULL);
        return;
    }
    struct rms_watched *watched = *socket_context;
    count_first(http, watched);
    rms_watch_remove(http->watch, &watched);
    *socket_context = NULL;
}

/* Paths stay as received: the router decodes single segments, the query is ours to decode. */
static size_t no_unescape(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context;
    (void)connection;
    return strlen(text);
}

__attribute__((format(printf, 2, 0))) static void on_log(void *context, const char *format, va_list ap)
{
    char line[256];
    (void)context;
    (void)vsnprintf(line, sizeof line, format, ap);
    line[strcspn(line, "\n")] = '\0';
    rms_log(RMS_LOG_DEBUG, "http.library", "text", line, NULL);
}

/* --- life ------------------------------------------------------------------------------------------- */

/* TLS 1.2 and 1.3, forward secrecy, AEAD only (S-290, S-316). */
#define TLS_PRIORITIES                                                                                       \
    "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-DHE-RSA:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:"     \
    "+CHACHA20-POLY1305:-SHA1:%SERVER_PRECEDENCE"

static int start_daemon(struct rms_http *http)
{
    const struct rms_http_options *o = &http->options;
    bool tls = !o->admin;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    /* a single poller needs no pool; MHD grumbles at a size of 1 */
    struct MHD_OptionItem pool = {MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)o->pollers, NULL};
    struct MHD_OptionItem end = {MHD_OPTION_END, 0, NULL};
    struct MHD_OptionItem items[] = {
        {MHD_OPTION_LISTEN_SOCKET, (intptr_t)o->listen, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, RMS_HTTP_CONNECTION_BYTES, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_INCREMENT, READ_STEP, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, (intptr_t)o->connections_max, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t)o->idle_s, NULL},
        {MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
        {MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, NULL},
        {MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)no_unescape, http},
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)on_uri, http},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_completed, http},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, http},
        o->pollers > 1 ? pool : end,
        end,
    };
    struct MHD_OptionItem secure[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)o->cert_pem},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)o->key_pem},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_PRIORITIES},
        {MHD_OPTION_PER_IP_CONNECTION_LIMIT, (intptr_t)o->connections_per_ip, NULL},
        end,
    };
    http->daemon = MHD_start_daemon(flags | (tls ? MHD_USE_TLS : 0u), 0, NULL, NULL, on_request, http,
        MHD_OPTION_EXTERNAL_LOGGER, on_log, http, MHD_OPTION_ARRAY, items, MHD_OPTION_ARRAY,
        tls ? secure : &end, MHD_OPTION_END);
    return http->daemon != NULL ? RMS_OK : RMS_E_IO;
}

int rms_http_new(const struct rms_http_options *options, struct rms_http **http_out)
{
    struct rms_http *http = rms_calloc(1, sizeof *http);
    if (http == NULL) {
        return RMS_E_NO_MEMORY;
    }
    http->options = *options;
    int rc = rms_watch_new(&http->watch);
    if (rc == RMS_OK) {
        rc = start_daemon(http);
    }
    if (rc < 0) {
        rms_http_free(&http);
        return rc;
    }
    *http_out = http;
    return RMS_OK;
}

void rms_http_close(struct rms_http *http)
{
    if (http->daemon != NULL && !atomic_exchange(&http->closing, true)) {
        (void)MHD_quiesce_daemon(http->daemon); /* MHD would close the listening socket otherwise */
    }
}

static void wait_a_little(void)
{
    const struct timespec step = {0, DRAIN_STEP_MS * 1000000L};
    (void)nanosleep(&step, NULL);
}

void rms_http_drain(struct rms_http *http, int64_t until_ms)
{
    int64_t first_until_ms = rms_clock_monotonic_ms() + FIRST_MS;
    int64_t now;
    rms_http_close(http);
    while ((now = rms_clock_monotonic_ms()) < until_ms &&
           (atomic_load(&http->exchanges) > 0 || (atomic_load(&http->unasked) > 0 && now < first_until_ms))) {
        wait_a_little();
    }
}

void rms_http_free(struct rms_http **http)
{
    struct rms_http *h = *http;
    if (h == NULL) {
        return;
    }
    rms_http_close(h);
    atomic_store(&h->refusing, true);
    while (atomic_load(&h->suspended) > 0) { /* MHD ends the process when it is stopped with such */
        wait_a_little();
    }
    if (h->daemon != NULL) {
        MHD_stop_daemon(h->daemon);
    }
    rms_watch_free(&h->watch);
    rms_free(h);
    *http = NULL;
}

void rms_http_finish(struct rms_exchange *exchange)
{
    struct MHD_Connection *connection = exchange->connection;
    struct rms_http *http = exchange->http;
    atomic_store_explicit(&exchange->done, true, memory_order_release);
    MHD_resume_connection(connection);
    (void)atomic_fetch_sub(&http->suspended, 1);
}
