/* A load generator for the licence path: keep-alive TLS connections from one thread, real bodies and tokens.
 *
 *   load --connect HOST:PORT --ca FILE --path P --tokens FILE --bodies FILE [--connections N] [--seconds S]
 *        [--rate R] [--once] [--expect TEXT] [--save FILE]
 *
 * tokens: one a line. bodies: repeated (u32 little-endian length, bytes). Requests walk through both lists
 * side by side; an empty body is a GET; --once ends after each body was sent one time. --rate R sends R
 * requests a second on schedule and measures from the planned moment (no co-ordinated omission); without it
 * every connection sends as fast as it is answered.
 * --expect: text that a good answer contains; anything else counts as an error. --save: bodies of the answers
 * in the form of --bodies. Prints one JSON object. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define REPLY_MAX (1u << 20)

struct list {
    char **item;
    size_t *len;
    size_t count;
};

enum phase { PHASE_CONNECT, PHASE_IDLE, PHASE_SEND, PHASE_RECEIVE };

struct connection {
    SSL *tls;
    int fd;
    enum phase phase;
    char *out;
    size_t out_len;
    size_t out_cap;
    char *in;
    size_t in_len;
    size_t want; /* whole reply; 0 until its head is known */
    double begun;
};

struct load {
    const char *host, *port, *path, *expect;
    struct list tokens, bodies;
    size_t connection_count;
    double seconds, rate;
    bool once;
    FILE *save;
    SSL_CTX *tls;
    int epoll;
    struct connection *connections;
    size_t sent, done, errors, idle_count;
    struct connection **idle;
    float *latency;
    size_t latency_cap;
    double began, planned;
};

static void die(const char *what)
{
    fprintf(stderr, "load: %s\n", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void list_add(struct list *list, const char *data, size_t len)
{
    if ((list->count & (list->count - 1)) == 0) {
        size_t cap = list->count > 0 ? list->count * 2 : 1;

        list->item = realloc(list->item, cap * sizeof *list->item);
        list->len = realloc(list->len, cap * sizeof *list->len);
    }
    list->item[list->count] = malloc(len + 1);
    if (list->item[list->count] == NULL) {
        die("out of memory");
    }
    memcpy(list->item[list->count], data, len);
    list->item[list->count][len] = 0;
    list->len[list->count++] = len;
}

static void read_lines(const char *path, struct list *list)
{
    char line[65536];
    FILE *file = fopen(path, "r");

    if (file == NULL) {
        die(path);
    }
    while (fgets(line, sizeof line, file) != NULL) {
        list_add(list, line, strcspn(line, "\r\n"));
    }
    fclose(file);
}

static void read_bodies(const char *path, struct list *list)
{
    FILE *file = fopen(path, "rb");
    uint32_t len;
    char *data;

    if (file == NULL) {
        die(path);
    }
    while (fread(&len, sizeof len, 1, file) == 1) {
        data = malloc(len + 1);
        if (data == NULL || fread(data, 1, len, file) != len) {
            die("the file of bodies is cut short");
        }
        list_add(list, data, len);
        free(data);
    }
    fclose(file);
}

static void watch(struct load *load, struct connection *connection, uint32_t events, int operation)
{
    struct epoll_event event = {.events = events, .data.ptr = connection};

    if (epoll_ctl(load->epoll, operation, connection->fd, &event) != 0) {
        die("epoll_ctl");
    }
}

static int dial(const struct load *load)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    int fd;
    int one = 1;

    if (getaddrinfo(load->host, load->port, &hints, &found) != 0) {
        die("name not found");
    }
    fd = socket(found->ai_family, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
        struct addrinfo *next = found->ai_next;

        if (next == NULL || (fd = socket(next->ai_family, SOCK_STREAM, 0)) < 0 ||
            connect(fd, next->ai_addr, next->ai_addrlen) != 0) {
            die("cannot connect");
        }
    }
    freeaddrinfo(found);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

/* Handshakes are done in order and blocking before the clock starts: keep-alive is what is measured. */
static void open_connection(struct load *load, struct connection *connection)
{
    connection->fd = dial(load);
    connection->tls = SSL_new(load->tls);
    connection->in = malloc(REPLY_MAX);
    SSL_set_fd(connection->tls, connection->fd);
    SSL_set_tlsext_host_name(connection->tls, load->host);
    SSL_set1_host(connection->tls, load->host);
    if (connection->in == NULL || SSL_connect(connection->tls) != 1) {
        die("TLS handshake");
    }
    fcntl(connection->fd, F_SETFL, O_NONBLOCK);
    watch(load, connection, EPOLLIN, EPOLL_CTL_ADD);
    connection->phase = PHASE_IDLE;
    load->idle[load->idle_count++] = connection;
}

static void push(struct load *load, struct connection *connection)
{
    int n = SSL_write(connection->tls, connection->out, (int)connection->out_len);

    if (n == (int)connection->out_len) {
        if (connection->phase == PHASE_SEND) {
            watch(load, connection, EPOLLIN, EPOLL_CTL_MOD);
        }
        connection->phase = PHASE_RECEIVE;
        return;
    }
    if (SSL_get_error(connection->tls, n) != SSL_ERROR_WANT_WRITE) {
        die("the connection broke while sending");
    }
    connection->phase = PHASE_SEND;
    watch(load, connection, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
}

static void send_next(struct load *load, double planned)
{
    struct connection *connection = load->idle[--load->idle_count];
    size_t body = load->sent % load->bodies.count;
    const char *token = load->tokens.item[load->sent % load->tokens.count];
    size_t need = load->bodies.len[body] + strlen(token) + strlen(load->path) + 512;
    int head;

    if (connection->out_cap < need) {
        free(connection->out);
        connection->out = malloc(need);
        connection->out_cap = need;
    }
    head = snprintf(connection->out, need,
        "%s %s HTTP/1.1\r\nHost: %s:%s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"
        "Content-Length: %zu\r\n\r\n",
        load->bodies.len[body] > 0 ? "POST" : "GET", load->path, load->host, load->port, token,
        load->bodies.len[body]);
    memcpy(connection->out + head, load->bodies.item[body], load->bodies.len[body]);
    connection->out_len = (size_t)head + load->bodies.len[body];
    connection->in_len = 0;
    connection->want = 0;
    connection->begun = planned;
    load->sent++;
    push(load, connection);
}

static void learn_length(struct connection *connection)
{
    char *end;
    char *length;

    connection->in[connection->in_len] = 0;
    end = strstr(connection->in, "\r\n\r\n");
    if (end == NULL) {
        return;
    }
    length = strcasestr(connection->in, "\r\ncontent-length:");
    if (length == NULL || length > end) {
        die("a reply without Content-Length");
    }
    connection->want = (size_t)(end + 4 - connection->in) + strtoul(length + 17, NULL, 10);
    if (connection->want >= REPLY_MAX) {
        die("a reply that is too long");
    }
}

static void finish(struct load *load, struct connection *connection)
{
    bool good = strncmp(connection->in, "HTTP/1.1 200", 12) == 0 &&
                (load->expect == NULL || strstr(connection->in, load->expect) != NULL);

    if (!good && load->errors++ == 0) {
        fprintf(stderr, "load: first error: %.*s\n", 800, connection->in);
    }
    if (good && load->save != NULL) {
        char *body = strstr(connection->in, "\r\n\r\n") + 4;
        uint32_t len = (uint32_t)(connection->want - (size_t)(body - connection->in));

        fwrite(&len, sizeof len, 1, load->save);
        fwrite(body, 1, len, load->save);
    }
    if (load->done == load->latency_cap) {
        load->latency_cap = load->latency_cap > 0 ? load->latency_cap * 2 : 65536;
        load->latency = realloc(load->latency, load->latency_cap * sizeof *load->latency);
    }
    load->latency[load->done++] = (float)(now() - connection->begun);
    connection->phase = PHASE_IDLE;
    load->idle[load->idle_count++] = connection;
}

static void pull(struct load *load, struct connection *connection)
{
    int n;

    while ((n = SSL_read(connection->tls, connection->in + connection->in_len,
                (int)(REPLY_MAX - 1 - connection->in_len))) > 0) {
        connection->in_len += (size_t)n;
        if (connection->want == 0) {
            learn_length(connection);
        }
        if (connection->want > 0 && connection->in_len >= connection->want) {
            connection->in[connection->in_len] = 0;
            finish(load, connection);
            return;
        }
    }
    if (SSL_get_error(connection->tls, n) != SSL_ERROR_WANT_READ) {
        die("the connection broke while receiving");
    }
}

static bool more(const struct load *load)
{
    return load->once ? load->sent < load->bodies.count : now() - load->began < load->seconds;
}

static void feed(struct load *load)
{
    if (load->rate <= 0) {
        while (load->idle_count > 0 && more(load)) {
            send_next(load, now());
        }
        return;
    }
    while (load->idle_count > 0 && more(load) && load->planned <= now()) {
        send_next(load, load->planned);
        load->planned += 1.0 / load->rate;
    }
}

/* Until the next planned moment, asleep: the generator shares its cores with the service. */
static struct timespec patience(const struct load *load)
{
    double left = load->rate > 0 && load->idle_count > 0 && more(load) ? load->planned - now() : 0.001;

    left = left < 0 ? 0 : left > 0.001 ? 0.001 : left;
    return (struct timespec){0, (long)(left * 1e9)};
}

static void run(struct load *load)
{
    struct epoll_event events[64];

    prctl(PR_SET_TIMERSLACK, 1);
    load->began = load->planned = now();
    while (more(load) || load->idle_count < load->connection_count) {
        struct timespec wait;
        int n;

        feed(load);
        wait = patience(load);
        n = epoll_pwait2(load->epoll, events, 64, &wait, NULL);
        for (int i = 0; i < n; i++) {
            struct connection *connection = events[i].data.ptr;

            if (connection->phase == PHASE_SEND) {
                push(load, connection);
            }
            if (connection->phase == PHASE_RECEIVE) {
                pull(load, connection);
            }
        }
    }
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a;
    float y = *(const float *)b;

    return (x > y) - (x < y);
}

static void report(struct load *load)
{
    double seconds = now() - load->began;
    size_t n = load->done;

    qsort(load->latency, n, sizeof *load->latency, by_value);
    printf("{\"requests\":%zu,\"errors\":%zu,\"seconds\":%.3f,\"rate\":%.1f,\"p50_ms\":%.3f,\"p95_ms\":%.3f,"
           "\"p99_ms\":%.3f,\"max_ms\":%.3f}\n",
        n, load->errors, seconds, (double)n / seconds, n ? load->latency[n / 2] * 1e3 : 0,
        n ? load->latency[n * 95 / 100] * 1e3 : 0, n ? load->latency[n * 99 / 100] * 1e3 : 0,
        n ? load->latency[n - 1] * 1e3 : 0);
}

static void usage(void)
{
    fprintf(stderr,
        "usage: load --connect HOST:PORT --ca FILE --path P --tokens FILE --bodies FILE\n"
        "            [--connections N] [--seconds S] [--rate R] [--once] [--expect T] [--save FILE]\n");
    exit(2);
}

static void parse(struct load *load, int argc, char **argv)
{
    static const struct option options[] = {{"connect", 1, NULL, 'c'}, {"ca", 1, NULL, 'a'},
        {"path", 1, NULL, 'p'}, {"tokens", 1, NULL, 't'}, {"bodies", 1, NULL, 'b'},
        {"connections", 1, NULL, 'n'}, {"seconds", 1, NULL, 's'}, {"rate", 1, NULL, 'r'},
        {"once", 0, NULL, 'o'}, {"expect", 1, NULL, 'e'}, {"save", 1, NULL, 'w'}, {NULL, 0, NULL, 0}};
    int option;
    char *colon;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            colon = strrchr(optarg, ':');
            if (colon == NULL) {
                usage();
            }
            *colon = 0;
            load->host = optarg;
            load->port = colon + 1;
            break;
        case 'a':
            if (SSL_CTX_load_verify_locations(load->tls, optarg, NULL) != 1) {
                die(optarg);
            }
            break;
        case 'p':
            load->path = optarg;
            break;
        case 't':
            read_lines(optarg, &load->tokens);
            break;
        case 'b':
            read_bodies(optarg, &load->bodies);
            break;
        case 'n':
            load->connection_count = strtoul(optarg, NULL, 10);
            break;
        case 's':
            load->seconds = strtod(optarg, NULL);
            break;
        case 'r':
            load->rate = strtod(optarg, NULL);
            break;
        case 'o':
            load->once = true;
            break;
        case 'e':
            load->expect = optarg;
            break;
        case 'w':
            load->save = fopen(optarg, "wb");
            break;
        default:
            usage();
        }
    }
    if (load->host == NULL || load->path == NULL || load->tokens.count == 0 || load->bodies.count == 0) {
        usage();
    }
}

int main(int argc, char **argv)
{
    struct load load = {.connection_count = 16, .seconds = 5};

    load.tls = SSL_CTX_new(TLS_client_method());
    if (load.tls == NULL) {
        die("TLS");
    }
    SSL_CTX_set_verify(load.tls, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(load.tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_clear_mode(load.tls, SSL_MODE_ENABLE_PARTIAL_WRITE);
    SSL_CTX_set_read_ahead(load.tls, 1); /* a record with one call of the system instead of two */
    parse(&load, argc, argv);
    load.epoll = epoll_create1(0);
    load.connections = calloc(load.connection_count, sizeof *load.connections);
    load.idle = calloc(load.connection_count, sizeof(struct connection *));
    if (load.connections == NULL || load.idle == NULL) {
        die("out of memory");
    }
    for (size_t i = 0; i < load.connection_count; i++) {
        open_connection(&load, &load.connections[i]);
    }
    run(&load);
    report(&load);
    if (load.save != NULL && fclose(load.save) != 0) {
        die("saving");
    }
    return load.errors > 0;
}
