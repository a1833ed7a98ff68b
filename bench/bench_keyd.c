/* What keyd does in a second: it and its clients in two processes, over the sockets that rmsd uses, keyd
 * behind its seccomp filter. bench_keyd [CLIENT THREADS [SECONDS]]. One line a figure: name, per second,
 * latency of one call. */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "service/keyclient.h"
#include "service/keyd.h"
#include "service/sandbox.h"

#define THREADS_MAX 16
#define CALLS       16 /* more connections a thread than there are figures below */

static struct rms_keylink *link_to_keyd;
static struct rms_new_key tenant, user;
static struct rms_rsa_private *machine;
static struct rms_published published;
static atomic_bool stop;

static const uint8_t bound[RMS_SHA256_BYTES];

struct worker {
    pthread_t thread;
    int (*operation)(struct rms_keyclient *client);
    unsigned long done;
};

static int fetch(void *worker, const char *key_id, struct rms_sealed_key *key_out)
{
    const struct rms_new_key *key = strcmp(key_id, user.key.key_id) == 0 ? &user : &tenant;

    (void)worker;
    memcpy(key_out->tenant_id, key->key.tenant_id, sizeof key_out->tenant_id);
    key_out->kind = key->key.kind;
    rms_buf_append_view(&key_out->sealed, rms_buf_view(&key->key.sealed));
    return 0;
}

/* --- operations ------------------------------------------------------------------------------------- */

static int do_ping(struct rms_keyclient *client)
{
    return rms_keyd_ping(client);
}

static int do_release(struct rms_keyclient *client)
{
    RMS_RELEASED_CLEANUP struct rms_released released;

    return rms_keyd_release(client, tenant.key.key_id, published.opened.handle, &released);
}

static int do_open(struct rms_keyclient *client)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(65536);
    const struct rms_open_request ask = {.key_id = tenant.key.key_id,
        .bits = {RMS_SEALED_KEY_V2, rms_buf_view(&published.bits)},
        .bound = bound,
        .owner_bound = bound,
        .erd = rms_buf_view(&published.erd)};
    struct rms_opened opened;

    return rms_keyd_open(client, &ask, &opened, &text);
}

static int do_publish(struct rms_keyclient *client)
{
    static const char erd[] = "<XrML>a policy</XrML>";
    const struct rms_publish_request ask = {.key_id = tenant.key.key_id,
        .mode = RMS_MODE_CBC4K,
        .key_bits = 256,
        .owner_bound = bound,
        .erd = rms_view_str(erd)};
    RMS_PUBLISHED_CLEANUP struct rms_published out;

    return rms_keyd_publish(client, &ask, &out);
}

static int do_sign(struct rms_keyclient *client)
{
    RMS_BUF_CLEANUP struct rms_buf signature = RMS_BUF_INIT(1024);
    const struct rms_keyd_signing signing = {client, tenant.key.key_id, RMS_SIGN_UL};

    return rms_keyd_sign(&signing, RMS_SHA256, bound, &signature);
}

static int do_seal(struct rms_keyclient *client)
{
    RMS_BUF_CLEANUP struct rms_buf bits = RMS_BUF_INIT(4096);
    const struct rms_seal_target target = {rms_rsa_public_of(machine), bound};

    return rms_keyd_seal_to(client, tenant.key.key_id, published.opened.handle, &target, &bits);
}

static int do_wrap(struct rms_keyclient *client)
{
    RMS_BUF_CLEANUP struct rms_buf bits = RMS_BUF_INIT(4096);
    const struct rms_seal_target target = {rms_rsa_public_of(machine), bound};

    return rms_keyd_wrap_user_key(client, user.key.key_id, &target, &bits);
}

static int do_pair(struct rms_keyclient *client)
{
    RMS_BUF_CLEANUP struct rms_buf bits = RMS_BUF_INIT(4096);
    const struct rms_seal_target target = {rms_rsa_public_of(machine), bound};
    struct rms_rsa_public key;

    return rms_keyd_new_wrapped_pair(client, &target, &key, &bits);
}

/* --- measuring -------------------------------------------------------------------------------------- */

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct rms_keyclient *client;

    if (rms_keyclient_new(link_to_keyd, NULL, &client) != 0) {
        abort();
    }
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        if (worker->operation(client) != 0) {
            abort();
        }
        worker->done++;
    }
    rms_keyclient_free(&client);
    return NULL;
}

static double measure(
    int (*const *operations)(struct rms_keyclient *), int threads, int seconds, double *last_out)
{
    static struct worker workers[THREADS_MAX];
    int64_t start = rms_clock_monotonic_ms();
    double passed;
    double sum = 0;

    atomic_store(&stop, false);
    for (int i = 0; i < threads; i++) {
        workers[i] = (struct worker){.operation = operations[i]};
        (void)pthread_create(&workers[i].thread, NULL, work, &workers[i]);
    }
    (void)sleep((unsigned)seconds);
    atomic_store(&stop, true);
    for (int i = 0; i < threads; i++) {
        (void)pthread_join(workers[i].thread, NULL);
    }
    passed = (double)(rms_clock_monotonic_ms() - start) / 1000;
    for (int i = 0; i < threads; i++) {
        sum += (double)workers[i].done / passed;
    }
    *last_out = (double)workers[threads - 1].done / passed;
    return sum;
}

static void report(const char *name, int (*operation)(struct rms_keyclient *), int threads, int seconds)
{
    int (*operations[THREADS_MAX])(struct rms_keyclient *);
    double last;
    double rate;

    for (int i = 0; i < threads; i++) {
        operations[i] = operation;
    }
    rate = measure(operations, threads, seconds, &last);
    (void)printf("keyd %-24s %9.0f /s %8.1f us\n", name, rate, 1e6 * threads / rate);
}

/* One operation by one thread while all others keep doing another: does it wait behind them? */
static void report_beside(const char *name, int (*operation)(struct rms_keyclient *),
    int (*other)(struct rms_keyclient *), int threads, int seconds)
{
    int (*operations[THREADS_MAX])(struct rms_keyclient *);
    double last;
    double rate;

    if (threads < 2) {
        return;
    }
    for (int i = 0; i < threads; i++) {
        operations[i] = i < threads - 1 ? other : operation;
    }
    rate = measure(operations, threads, seconds, &last);
    (void)printf("keyd %-24s %9.0f /s %8.1f us (others: %.0f /s)\n", name, last, 1e6 / last, rate - last);
}

static pid_t start_keyd(int *ends, int count)
{
    struct rms_keyd_options options = {.threads = (size_t)sysconf(_SC_NPROCESSORS_ONLN),
        .makers = 1,
        .stock = 0,
        .open_keys_max = 65536,
        .user_keys_max = 1024};
    struct rms_secret *master = rms_secret_new(RMS_MASTER_KEY_BYTES);
    struct rms_keyd *keyd;
    pid_t pid = fork();

    if (pid != 0) {
        return pid;
    }
    options.master_key = master;
    if (rms_keyd_new(&options, &keyd) != 0) {
        _exit(1);
    }
    for (int i = 0; i < count; i++) {
        if (rms_keyd_attach(keyd, ends[i]) != 0) {
            _exit(1);
        }
    }
    if (rms_sandbox_calls_keyd() != 0) {
        _exit(1);
    }
    (void)poll(NULL, 0, -1);
    _exit(0);
}

static void prepare(struct rms_keyclient *client)
{
    static const char erd[] = "<XrML>a policy</XrML>";
    struct rms_publish_request ask = {
        .mode = RMS_MODE_CBC4K, .key_bits = 256, .owner_bound = bound, .erd = rms_view_str(erd)};

    if (rms_keyd_generate(client, RMS_KEY_TENANT_RSA, RMS_TENANT_KEY_BITS, NULL, &tenant) != 0 ||
        rms_keyd_generate(client, RMS_KEY_USER_RSA, RMS_USER_KEY_BITS, NULL, &user) != 0 ||
        rms_rsa_generate(2048, &machine) != 0) {
        abort();
    }
    ask.key_id = tenant.key.key_id;
    if (rms_keyd_publish(client, &ask, &published) != 0) {
        abort();
    }
}

int main(int argc, char **argv)
{
    int threads = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 4;
    int seconds = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 2;
    int ours[THREADS_MAX * CALLS];
    int theirs[THREADS_MAX * CALLS];
    int count = (threads > 0 && threads <= THREADS_MAX ? threads : 4) * CALLS;
    struct rms_keyclient *client;
    pid_t pid;

    threads = count / CALLS;
    for (int i = 0; i < count; i++) {
        int ends[2];

        if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) {
            return 1;
        }
        ours[i] = ends[0];
        theirs[i] = ends[1];
    }
    pid = start_keyd(theirs, count);
    if (rms_keylink_new(-1, fetch, &link_to_keyd) != 0) {
        return 1;
    }
    for (int i = 0; i < count; i++) {
        (void)close(theirs[i]);
    }
    if (rms_keylink_attach(link_to_keyd, ours, (size_t)count) != 0) {
        return 1;
    }
    if (rms_keyclient_new(link_to_keyd, NULL, &client) != 0) {
        return 1;
    }
    prepare(client);
    report("ping", do_ping, threads, seconds);
    report("release", do_release, threads, seconds);
    report("open", do_open, threads, seconds);
    report_beside("release-beside-open", do_release, do_open, threads, seconds);
    report_beside("sign-beside-new-pair", do_sign, do_pair, threads, seconds);
    report("publish", do_publish, threads, seconds);
    report("sign", do_sign, threads, seconds);
    report("seal-to", do_seal, threads, seconds);
    report("wrap-user-key", do_wrap, threads, seconds);
    report("new-wrapped-pair", do_pair, threads, seconds);
    rms_keyclient_free(&client);
    rms_keylink_free(&link_to_keyd);
    (void)kill(pid, SIGTERM);
    (void)waitpid(pid, NULL, 0);
    return 0;
}
