/* The HTTP layer on a Unix socket: whole requests, broken ones, too large ones, slow ones, and the end. */
#include "base/test.h"

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "service/http.h"

static struct {
    char dir[64];
    char path[96];
    int listen;
    struct rms_pool *pool;
    struct rms_http *http;
    sem_t gate; /* the worker waits here for paths that end in /slow */
} house;

/* --- the front of this test: echoes bodies ------------------------------------------------------------- */

static int on_begin(void *context, struct rms_exchange *x)
{
    (void)context;
    memcpy(x->request.correlation, "id", 3);
    x->body_max = 1000;
    x->body_discard = strcmp(x->request.path, "/discard") == 0;
    return strcmp(x->request.path, "/missing") == 0 ? RMS_E_NOT_FOUND : 0;
}

static void on_refuse(void *context, struct rms_exchange *x, int code)
{
    (void)context;
    memcpy(x->request.correlation, "id", 3);
    x->reply.status = rms_error_info(code)->http_status;
    rms_buf_append_str(&x->reply.body, "refused");
}

static void on_work(void *state, void *argument)
{
    struct rms_exchange *x = argument;
    (void)state;
    if (strcmp(x->request.path, "/slow") == 0) {
        (void)sem_wait(&house.gate);
    }
    rms_buf_printf(&x->reply.body, "%s %s?%s %zu:", x->request.method_text, x->request.path, x->raw_query,
        x->request.body.len);
    rms_buf_append_view(&x->reply.body, x->request.body);
    rms_http_finish(x);
}

static int open_all(void **state)
{
    const struct rms_pool_options pool = {.name = "test", .threads = 1, .capacity = 1, .job = on_work};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)state;
    (void)snprintf(house.dir, sizeof house.dir, "/tmp/rms-http-XXXXXX");
    assert_non_null(mkdtemp(house.dir));
    (void)snprintf(house.path, sizeof house.path, "%s/s", house.dir);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", house.path);
    (void)sem_init(&house.gate, 0, 0);
    house.listen = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(house.listen, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(house.listen, 16), 0);
    assert_int_equal(rms_pool_new(&pool, &house.pool), 0);
    const struct rms_http_options options = {.listen = house.listen,
        .admin = true,
        .pollers = 1,
        .connections_max = 16,
        .idle_s = 30,
        .request_s = 1,
        .pool = house.pool,
        .calls = {NULL, on_begin, on_refuse}};
    assert_int_equal(rms_http_new(&options, &house.http), 0);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    rms_http_close(house.http);
    rms_pool_drain(house.pool);
    rms_http_free(&house.http);
    rms_pool_free(&house.pool);
    (void)close(house.listen);
    (void)unlink(house.path);
    (void)rmdir(house.dir);
    return 0;
}

/* --- the peer --------------------------------------------------------------------------------------------
 */

static int dial(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", house.path);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    (void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

/* What comes until `until` was seen, the end, or five seconds. */
static const char *hear(int fd, const char *until)
{
    static char text[65536];
    size_t len = 0;
    text[0] = '\0';
    while (len < sizeof text - 1 && (until == NULL || strstr(text, until) == NULL)) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        if (poll(&ready, 1, 5000) <= 0) {
            break;
        }
        ssize_t got = recv(fd, text + len, sizeof text - 1 - len, 0);
        if (got <= 0) {
            break;
        }
        len += (size_t)got;
        text[len] = '\0';
    }
    return text;
}

static const char *ask(const char *request, const char *until)
{
    int fd = dial();
    say(fd, request);
    const char *answer = hear(fd, until);
    (void)close(fd);
    return answer;
}

static void expect(const char *request, const char *status, const char *part)
{
    const char *answer = ask(request, part);
    assert_memory_equal(answer, "HTTP/1.1 ", 9);
    assert_memory_equal(answer + 9, status, 3);
    assert_non_null(strstr(answer, part));
}

#define HOST "Host: rms\r\n"

static void whole_requests(void **state)
{
    (void)state;
    expect("GET /a/b?c=%41 HTTP/1.1\r\n" HOST "\r\n", "200", "GET /a/b?c=%41 0:");
    expect("POST /p HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello", "200", "POST /p? 5:hello");
    expect("POST /p HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
        "200", "5:hello");
    expect("POST /discard HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello", "200", "POST /discard? 0:");
    expect("GET /%2e%2e/x%00 HTTP/1.1\r\n" HOST "\r\n", "200", "GET /%2e%2e/x%00? 0:"); /* not decoded here */
    const char *answer = ask("HEAD /a HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", NULL);
    assert_memory_equal(answer, "HTTP/1.1 200", 12);
    assert_null(strstr(answer, "HEAD /a"));
}

static void connections_are_kept(void **state)
{
    int fd = dial();
    (void)state;
    for (int i = 0; i < 3; i++) {
        say(fd, "POST /p HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhi");
        assert_non_null(strstr(hear(fd, "2:hi"), "2:hi"));
    }
    say(fd, "GET /1 HTTP/1.1\r\n" HOST "\r\nGET /2 HTTP/1.1\r\n" HOST "\r\n"); /* pipelined */
    assert_non_null(strstr(hear(fd, "GET /2"), "GET /2"));
    (void)close(fd);
}

static void broken_requests(void **state)
{
    static const char *const requests[] = {
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST HOST "\r\n",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: x\r\n\r\n",
        "GET http://rms/ HTTP/1.1\r\n" HOST "\r\n",
        "GET / HTTP/1.1\r\nHost : rms\r\n\r\n",
    };
    (void)state;
    for (size_t i = 0; i < RMS_COUNT(requests); i++) {
        const char *answer = ask(requests[i], NULL);
        assert_memory_equal(answer, "HTTP/1.1 400", 12);
        assert_non_null(strstr(answer, "close"));
    }
}

static void too_large(void **state)
{
    char body[4000];
    char request[5000];
    (void)state;
    memset(body, 'x', sizeof body);
    body[sizeof body - 1] = '\0';
    expect("POST /p HTTP/1.1\r\n" HOST "Content-Length: 1001\r\n\r\n", "413", "refused");
    expect("POST /p HTTP/1.1\r\n" HOST "Content-Length: 99999999999999\r\n\r\n", "413", "refused");
    (void)snprintf(request, sizeof request,
        "POST /p HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nf9f\r\n%s\r\n0\r\n\r\n", body);
    expect(request, "413", "refused");
    (void)snprintf(request, sizeof request,
        "POST /discard HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nf9f\r\n%s\r\n0\r\n\r\n", body);
    expect(request, "413", "refused");
    expect("GET /missing HTTP/1.1\r\n" HOST "\r\n", "404", "refused");
}

static void many_headers(void **state)
{
    char request[4000] = "GET /a HTTP/1.1\r\n" HOST;
    size_t len = strlen(request);
    (void)state;
    for (int i = 0; i < RMS_HEADERS_MAX - 1; i++) {
        len += (size_t)snprintf(request + len, sizeof request - len, "X-%d: y\r\n", i);
    }
    (void)snprintf(request + len, sizeof request - len, "\r\n");
    expect(request, "200", "GET /a");
    (void)snprintf(request + len, sizeof request - len, "X: y\r\n\r\n");
    expect(request, "400", "refused");
}

/* One byte now and then: cut, although the connection is never idle. */
static void trickling_is_cut(void **state)
{
    int fd = dial();
    int64_t began = rms_clock_monotonic_ms();
    bool cut = false;
    (void)state;
    say(fd, "GET /a HTTP/1.1\r\n" HOST);
    while (!cut && rms_clock_monotonic_ms() - began < 8000) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        say(fd, "X");
        cut = poll(&ready, 1, 200) == 1 && recv(fd, (char[8]){0}, 8, 0) <= 0;
    }
    assert_true(cut);
    assert_true(rms_clock_monotonic_ms() - began >= 900);
    (void)close(fd);
}

/* One worker, one place in the queue: the third request is told to come again. */
static void a_full_queue_says_so(void **state)
{
    int fds[3];
    (void)state;
    for (size_t i = 0; i < RMS_COUNT(fds); i++) {
        fds[i] = dial();
        say(fds[i], "GET /slow HTTP/1.1\r\n" HOST "\r\n");
        (void)usleep(200000);
    }
    assert_non_null(strstr(hear(fds[2], "refused"), "HTTP/1.1 503"));
    (void)sem_post(&house.gate);
    (void)sem_post(&house.gate);
    assert_non_null(strstr(hear(fds[0], "GET /slow"), "HTTP/1.1 200"));
    assert_non_null(strstr(hear(fds[1], "GET /slow"), "HTTP/1.1 200"));
    for (size_t i = 0; i < RMS_COUNT(fds); i++) {
        (void)close(fds[i]);
    }
}

/* A peer that goes while its request is at work. */
static void lost_peers_do_no_harm(void **state)
{
    int fd = dial();
    (void)state;
    say(fd, "GET /slow HTTP/1.1\r\n" HOST "\r\n");
    (void)usleep(100000);
    (void)close(fd);
    (void)sem_post(&house.gate);
    expect("GET /after HTTP/1.1\r\n" HOST "\r\n", "200", "GET /after");
}

/* Last: a request on an open connection is answered, and is the last of it; draining waits for that. */
static void closing_ends_connections(void **state)
{
    int fd = dial();
    (void)state;
    say(fd, "GET /1 HTTP/1.1\r\n" HOST "\r\n");
    assert_non_null(strstr(hear(fd, "GET /1"), "GET /1"));
    rms_http_close(house.http);
    say(fd, "GET /2 HTTP/1.1\r\n" HOST "\r\n");
    const char *answer = hear(fd, "GET /2");
    assert_non_null(strstr(answer, "HTTP/1.1 200"));
    assert_non_null(strstr(answer, "Connection: close"));
    (void)close(fd);
    rms_http_drain(house.http, rms_clock_monotonic_ms() + 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_requests),
        cmocka_unit_test(connections_are_kept),
        cmocka_unit_test(broken_requests),
        cmocka_unit_test(too_large),
        cmocka_unit_test(many_headers),
        cmocka_unit_test(trickling_is_cut),
        cmocka_unit_test(a_full_queue_says_so),
        cmocka_unit_test(lost_peers_do_no_harm),
        cmocka_unit_test(closing_ends_connections),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
