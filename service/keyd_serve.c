/* Connections and threads of keyd.
 *
 * All threads wait at one epoll set. A connection with a request is armed once: the thread that gets it owns
 * it until it has answered and armed it again, so none of its fields needs a lock. Unless set otherwise there
 * are as many threads as the front has workers, and a worker asks one thing at a time: no request waits for a
 * thread, and a cheap one shares the cores with RSA instead of standing behind it. What may have to find
 * prime numbers goes to a pool of lower priority. All threads run before the sandbox closes; it lets nobody
 * start another. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/queue.h"
#include "service/keyd_internal.h"

#define SEND_WAIT_S 5 /* for a peer that does not read a large reply */
#define SLOW_NICE   10
#define KEEP_REPLY  65536 /* a reply buffer that grew beyond is given back */

struct op {
    rms_keyd_handler handler;
    bool slow; /* for the pool of lower priority */
    uint32_t request_max;
    uint32_t reply_max;
    bool when_locked; /* also answered without a master key */
    const char *name;
};

static const struct op ops[RMS_KEYD_OP_COUNT] = {
#define X(name, number, slow, request_max, reply_max, handler)                                               \
    [number] = {rms_keyd_op_##handler, slow, request_max, reply_max, number <= RMS_KEYD_STATS, #name},
    RMS_KEYD_OPS(X)
#undef X
};

struct connection {
    struct connection *previous, *next; /* under the server's lock */
    struct rms_keyd_server *server;
    int fd;
    struct rms_inbox inbox;
    struct rms_message request;
    struct rms_buf reply;
};

struct rms_keyd_server {
    struct rms_keyd *keyd;
    struct rms_pool *makers;
    pthread_t *threads;
    size_t thread_count;
    int epoll;
    int stop; /* eventfd in the set: wakes everybody, for good */
    pthread_mutex_t lock;
    struct connection *connections;
    size_t count;
};

/* --- one connection --------------------------------------------------------------------------------- */

static long request_limit(const struct rms_message *head)
{
    if (head->reply || head->type >= RMS_KEYD_OP_COUNT || ops[head->type].handler == NULL) {
        return -1;
    }
    return ops[head->type].request_max;
}

static void link_connection(struct rms_keyd_server *server, struct connection *connection)
{
    connection->next = server->connections;
    if (connection->next != NULL) {
        connection->next->previous = connection;
    }
    server->connections = connection;
    server->count++;
}

static void unlink_connection(struct rms_keyd_server *server, struct connection *connection)
{
    if (connection->previous != NULL) {
        connection->previous->next = connection->next;
    } else {
        server->connections = connection->next;
    }
    if (connection->next != NULL) {
        connection->next->previous = connection->previous;
    }
    server->count--;
}

/* By the thread that owns it. Closing takes it out of the epoll set. */
static void end_connection(struct connection *connection)
{
    struct rms_keyd_server *server = connection->server;

    (void)pthread_mutex_lock(&server->lock);
    unlink_connection(server, connection);
    (void)pthread_mutex_unlock(&server->lock);
    (void)close(connection->fd);
    rms_inbox_fini(&connection->inbox);
    rms_buf_fini(&connection->reply);
    rms_free(connection);
}

static void log_cut(const struct connection *connection, const char *why)
{
    uint16_t type = connection->request.type;

    rms_log(RMS_LOG_ERROR, "keyd.peer.cut", "reason", why, "operation",
        type < RMS_KEYD_OP_COUNT ? ops[type].name : NULL, NULL);
}

static int handle(struct rms_keyd *keyd, const struct op *op, struct rms_cursor *in, struct rms_buf *reply)
{
    int status;

    if (keyd->locked && !op->when_locked) {
        return RMS_E_KEY_UNAVAILABLE;
    }
    status = op->handler(keyd, in, reply);
    if (status == 0) {
        status = rms_message_end(reply);
    }
    if (status == 0 && reply->len - RMS_MESSAGE_HEAD > op->reply_max) {
        status = RMS_E_LIMIT;
    }
    return status;
}

static unsigned at_most_15(uint8_t count)
{
    return count < 15 ? count : 15;
}

/* For the usage log, which is front's (S-195). Nothing without a token. */
static void report_uses(const struct rms_keyd *keyd, struct rms_buf *reply)
{
    struct rms_hsm_uses uses;

    if (keyd->hsm == NULL) {
        return;
    }
    uses = rms_hsm_take_uses();
    rms_message_set_uses(
        reply, (uint16_t)(at_most_15(uses.decrypted) | at_most_15(uses.decrypt_failed) << 4 |
                          at_most_15(uses.did_sign) << 8 | at_most_15(uses.sign_failed) << 12));
}

/* Runs the handler of the request at hand and leaves the reply in the buffer. RMS_KEYD_MALFORMED: nothing is
 * answered. */
static int answer(struct rms_keyd *keyd, struct connection *connection)
{
    const struct rms_message *request = &connection->request;
    struct rms_message head = {.type = request->type, .reply = true, .sequence = request->sequence};
    struct rms_cursor in = rms_cursor_of(request->body);
    struct rms_buf *reply = &connection->reply;
    int status;

    rms_message_begin(reply, &head);
    status = handle(keyd, &ops[request->type], &in, reply);
    if (status == 0) {
        atomic_fetch_add_explicit(&keyd->operations[request->type], 1, memory_order_relaxed);
    }
    if (status < 0) {
        atomic_fetch_add_explicit(&keyd->failures, 1, memory_order_relaxed);
        head.status = status;
        rms_buf_truncate(reply, 0); /* wipes what the handler may have written */
        rms_message_begin(reply, &head);
        status = rms_message_end(reply);
    }
    if (status == 0) {
        report_uses(keyd, reply);
    }
    return status;
}

static void wipe_reply(struct rms_buf *reply)
{
    if (reply->cap > KEEP_REPLY) {
        rms_buf_fini(reply);
    } else {
        rms_buf_truncate(reply, 0);
    }
}

/* Answers the request at hand. False: the peer is to be cut off. */
static bool exchange(struct connection *connection)
{
    struct rms_keyd *keyd = connection->server->keyd;
    int status = answer(keyd, connection);
    /* Only a reply that may not fit the socket is waited for: a peer that does not read holds no thread. */
    int flags = connection->reply.len > KEEP_REPLY ? 0 : MSG_DONTWAIT;

    if (status == 0) {
        status = rms_message_send(connection->fd, rms_buf_view(&connection->reply), flags);
    }
    rms_inbox_drop(&connection->inbox);
    wipe_reply(&connection->reply);
    if (status == RMS_KEYD_MALFORMED) {
        log_cut(connection, "malformed");
    } else if (status == RMS_E_THROTTLED) {
        log_cut(connection, "does not read");
    }
    return status == 0;
}

/* 1: a request is at hand, 0: none now, -1: the peer is to be cut off or is gone. */
static int next_request(struct connection *connection)
{
    int status = rms_inbox_receive(&connection->inbox, connection->fd, MSG_DONTWAIT, &connection->request);

    if (status == RMS_E_BAD_ARGUMENT) {
        log_cut(connection, "malformed");
    }
    return status < 0 ? -1 : status;
}

/* The connection may be taken by another thread from here on. */
static void arm(struct connection *connection)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.ptr = connection};
    int epoll = connection->server->epoll;
    int fd = connection->fd;

    /* Taken out and put in again, which thread sanitizers know to order the threads; a change they do not. */
    (void)epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        end_connection(connection);
    }
}

/* With a request at hand; whatever else was read already follows. */
static void serve_on(struct connection *connection, bool in_pool)
{
    int next = 1;

    while (next > 0) {
        if (!in_pool && ops[connection->request.type].slow) {
            rms_pool_submit_wait(connection->server->makers, connection);
            return;
        }
        next = exchange(connection) ? 0 : -1;
        if (next == 0 && connection->inbox.bytes.len > 0) {
            next = next_request(connection);
        }
    }
    if (next == 0) {
        arm(connection);
    } else {
        end_connection(connection);
    }
}

static void serve_in_pool(void *state, void *argument)
{
    (void)state;
    serve_on(argument, true);
}

static void serve(struct connection *connection)
{
    int next = next_request(connection);
    if (next > 0) {
        serve_on(connection, false);
    } else if (next == 0) {
        arm(connection);
    } else {
        end_connection(connection);
    }
}

/* --- threads ---------------------------------------------------------------------------------------- */

static void *serve_connections(void *argument)
{
    struct rms_keyd_server *server = argument;
    struct epoll_event event;

    (void)pthread_setname_np(pthread_self(), "keys");
    for (;;) {
        if (epoll_wait(server->epoll, &event, 1, -1) == 1) {
            if (event.data.ptr == NULL) {
                return NULL; /* the stop event */
            }
            serve(event.data.ptr);
        }
    }
}

static int start_threads(struct rms_keyd_server *server, size_t count)
{
    sigset_t all;
    sigset_t old;
    int err = 0;

    server->threads = rms_calloc(count, sizeof *server->threads);
    if (server->threads == NULL) {
        return RMS_E_NO_MEMORY;
    }
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    while (server->thread_count < count && err == 0) {
        err = pthread_create(&server->threads[server->thread_count], NULL, serve_connections, server);
        server->thread_count += err == 0;
    }
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    return err == 0 ? 0 : RMS_E_NO_MEMORY;
}

/* On Linux a nice value belongs to the thread. */
static void *yield_to_others(void *context, size_t index)
{
    (void)context;
    (void)index;
    (void)setpriority(PRIO_PROCESS, 0, SLOW_NICE);
    return NULL;
}

static int start_makers(struct rms_keyd_server *server, size_t threads)
{
    const struct rms_pool_options options = {.name = "makers",
        .threads = threads,
        .capacity = RMS_KEYD_CONNECTION_MAX, /* one job a connection: never full */
        .thread_init = yield_to_others,
        .job = serve_in_pool};

    return rms_pool_new(&options, &server->makers);
}

static int open_set(struct rms_keyd_server *server)
{
    struct epoll_event stop = {.events = EPOLLIN, .data.ptr = NULL};

    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    server->stop = eventfd(0, EFD_CLOEXEC);
    if (server->epoll < 0 || server->stop < 0 ||
        epoll_ctl(server->epoll, EPOLL_CTL_ADD, server->stop, &stop) != 0) {
        return rms_error_from_errno(errno);
    }
    return 0;
}

int rms_keyd_server_new(
    struct rms_keyd *keyd, const struct rms_keyd_options *options, struct rms_keyd_server **server_out)
{
    struct rms_keyd_server *server = rms_calloc(1, sizeof *server);
    int status;

    *server_out = NULL;
    if (server == NULL) {
        return RMS_E_NO_MEMORY;
    }
    server->keyd = keyd;
    (void)pthread_mutex_init(&server->lock, NULL);
    server->epoll = server->stop = -1;
    status = open_set(server);
    if (status == 0) {
        status = start_makers(server, options->makers);
    }
    if (status == 0) {
        status = start_threads(server, options->threads);
    }
    if (status != 0) {
        rms_keyd_server_free(&server);
        return status;
    }
    *server_out = server;
    return 0;
}

static void stop_threads(struct rms_keyd_server *server)
{
    const uint64_t one = 1;

    if (server->stop >= 0 && write(server->stop, &one, sizeof one) != (ssize_t)sizeof one) {
        rms_log(RMS_LOG_ERROR, "keyd.stop.failed", NULL);
    }
    for (size_t i = 0; i < server->thread_count; i++) {
        (void)pthread_join(server->threads[i], NULL);
    }
}

/* The threads end first, then the pool finishes what it has; then nobody owns a connection any more. */
void rms_keyd_server_free(struct rms_keyd_server **server_ref)
{
    struct rms_keyd_server *server = *server_ref;

    if (server == NULL) {
        return;
    }
    stop_threads(server);
    rms_pool_free(&server->makers);
    while (server->connections != NULL) {
        end_connection(server->connections);
    }
    if (server->epoll >= 0) {
        (void)close(server->epoll);
    }
    if (server->stop >= 0) {
        (void)close(server->stop);
    }
    (void)pthread_mutex_destroy(&server->lock);
    rms_free(server->threads);
    rms_free(server);
    *server_ref = NULL;
}

/* False when there are too many connections. */
static bool register_connection(struct rms_keyd_server *server, struct connection *connection)
{
    bool room;

    (void)pthread_mutex_lock(&server->lock);
    room = server->count < RMS_KEYD_CONNECTION_MAX;
    if (room) {
        connection->server = server;
        link_connection(server, connection);
    }
    (void)pthread_mutex_unlock(&server->lock);
    return room;
}

int rms_keyd_server_attach(struct rms_keyd_server *server, int fd)
{
    const struct timeval wait = {.tv_sec = SEND_WAIT_S};
    struct connection *connection = rms_calloc(1, sizeof *connection);
    struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.ptr = connection};

    if (connection == NULL) {
        (void)close(fd);
        return RMS_E_NO_MEMORY;
    }
    connection->fd = fd;
    rms_inbox_init(&connection->inbox, request_limit);
    rms_buf_init(&connection->reply, RMS_KEYD_REPLY_MAX + RMS_MESSAGE_HEAD);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    if (!register_connection(server, connection)) {
        (void)close(fd);
        rms_free(connection);
        return RMS_E_LIMIT;
    }
    if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        int status = rms_error_from_errno(errno);

        end_connection(connection);
        return status;
    }
    return 0;
}

size_t rms_keyd_server_connections(struct rms_keyd_server *server)
{
    size_t count;

    (void)pthread_mutex_lock(&server->lock);
    count = server->count;
    (void)pthread_mutex_unlock(&server->lock);
    return count;
}
