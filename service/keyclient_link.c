/* The process's supply of connections to keyd. */
#include "service/keyclient_internal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#define SPARES_MAX    512
#define ASK_EVERY_MS  1000
#define REPLY_WAIT_S  60 /* a pair of keys may be made while every core is busy */
#define BROKEN_STATUS 70 /* EX_SOFTWARE */

struct rms_keylink {
    int control;
    rms_key_fetch fetch;
    int wait_ms;
    pthread_t thread;
    bool started;
    pthread_mutex_t lock;
    pthread_cond_t arrived;
    struct rms_keylink_connection spares[SPARES_MAX];
    size_t count;
    uint64_t generation;
    int64_t asked_at; /* monotonic ms */
    bool ending;
};

void rms_keylink_broken(const char *what)
{
    rms_log(RMS_LOG_ERROR, "keylink.broken", "reason", what, NULL);
    _exit(BROKEN_STATUS);
}

int rms_keylink_fetch(
    struct rms_keylink *link, void *worker, const char *key_id, struct rms_sealed_key *key_out)
{
    return link->fetch != NULL ? link->fetch(worker, key_id, key_out) : RMS_E_NOT_FOUND;
}

/* --- arrivals --------------------------------------------------------------------------------------- */

static bool peer_alive(int fd)
{
    uint8_t byte;
    ssize_t got = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

/* Those of a keyd that is gone make room for the new ones. Needs the lock. */
static void drop_dead(struct rms_keylink *link)
{
    size_t kept = 0;

    for (size_t i = 0; i < link->count; i++) {
        if (peer_alive(link->spares[i].fd)) {
            link->spares[kept++] = link->spares[i];
        } else {
            (void)close(link->spares[i].fd);
        }
    }
    link->count = kept;
}

/* Needs the lock. */
static void add_spare(struct rms_keylink *link, int fd)
{
    const struct timeval wait = {.tv_sec = REPLY_WAIT_S};

    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    link->spares[link->count++] = (struct rms_keylink_connection){fd, link->generation};
}

int rms_keylink_attach(struct rms_keylink *link, const int *fds, size_t count)
{
    int status = 0;

    (void)pthread_mutex_lock(&link->lock);
    drop_dead(link);
    link->generation++;
    for (size_t i = 0; i < count; i++) {
        if (link->count < SPARES_MAX) {
            add_spare(link, fds[i]);
        } else {
            (void)close(fds[i]);
            status = RMS_E_LIMIT;
        }
    }
    (void)pthread_cond_broadcast(&link->arrived);
    (void)pthread_mutex_unlock(&link->lock);
    return status;
}

static void take_connections(struct rms_keylink *link, const struct rms_control_message *message)
{
    if (rms_keylink_attach(link, message->fds, message->count) != 0) {
        rms_log(RMS_LOG_ERROR, "keylink.too-many-connections", NULL);
    }
}

static void take_log(const struct rms_control_message *message)
{
    if (message->count == 1) {
        (void)dup2(message->fds[0], STDERR_FILENO);
    }
    for (size_t i = 0; i < message->count; i++) {
        (void)close(message->fds[i]);
    }
}

static bool is_ending(struct rms_keylink *link)
{
    bool ending;

    (void)pthread_mutex_lock(&link->lock);
    ending = link->ending;
    (void)pthread_mutex_unlock(&link->lock);
    return ending;
}

/* Until the master is gone or the link ends. */
static void *listen_to_master(void *argument)
{
    struct rms_keylink *link = argument;
    struct rms_control_message message;
    int status;

    (void)pthread_setname_np(pthread_self(), "keylink");
    while ((status = rms_control_receive(link->control, &message)) == 0) {
        if (message.kind == RMS_CONTROL_CONNECTIONS) {
            take_connections(link, &message);
        } else if (message.kind == RMS_CONTROL_LOG) {
            take_log(&message);
        } else {
            rms_keylink_broken("message from the master");
        }
    }
    if (status != RMS_E_IO) {
        rms_keylink_broken("message from the master");
    }
    if (!is_ending(link)) {
        rms_log(RMS_LOG_ERROR, "keylink.master-gone", NULL);
        (void)kill(getpid(), SIGTERM);
    }
    return NULL;
}

/* --- life ------------------------------------------------------------------------------------------- */

static int start(struct rms_keylink *link)
{
    sigset_t all;
    sigset_t old;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    link->started = pthread_create(&link->thread, NULL, listen_to_master, link) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    return link->started ? 0 : RMS_E_NO_MEMORY;
}

int rms_keylink_new(int control, rms_key_fetch fetch, struct rms_keylink **link_out)
{
    struct rms_keylink *link = rms_calloc(1, sizeof *link);
    pthread_condattr_t attributes;

    *link_out = NULL;
    if (link == NULL) {
        return RMS_E_NO_MEMORY;
    }
    link->control = control;
    link->fetch = fetch;
    link->wait_ms = RMS_KEYLINK_WAIT_MS;
    link->asked_at = -ASK_EVERY_MS;
    (void)pthread_mutex_init(&link->lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&link->arrived, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    if (control >= 0 && start(link) != 0) {
        rms_keylink_free(&link);
        return RMS_E_NO_MEMORY;
    }
    *link_out = link;
    return 0;
}

void rms_keylink_free(struct rms_keylink **link_ref)
{
    struct rms_keylink *link = *link_ref;

    if (link == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&link->lock);
    link->ending = true;
    (void)pthread_mutex_unlock(&link->lock);
    if (link->started) {
        (void)shutdown(link->control, SHUT_RDWR);
        (void)pthread_join(link->thread, NULL);
    }
    if (link->control >= 0) {
        (void)close(link->control);
    }
    while (link->count > 0) {
        (void)close(link->spares[--link->count].fd);
    }
    (void)pthread_cond_destroy(&link->arrived);
    (void)pthread_mutex_destroy(&link->lock);
    rms_free(link);
    *link_ref = NULL;
}

void rms_keylink_set_wait(struct rms_keylink *link, int milliseconds)
{
    link->wait_ms = milliseconds;
}

void rms_keylink_ready(struct rms_keylink *link)
{
    if (link->control >= 0 && rms_control_send(link->control, RMS_CONTROL_READY, NULL, 0) != 0) {
        rms_log(RMS_LOG_ERROR, "keylink.ready-not-sent", NULL);
    }
}

/* --- taking one ------------------------------------------------------------------------------------- */

/* Needs the lock. False when there is none that lives. What is not of a later generation is given up: it
 * leads to the keyd that was just lost. */
static bool pop_live(struct rms_keylink *link, uint64_t after, struct rms_keylink_connection *connection_out)
{
    while (link->count > 0) {
        *connection_out = link->spares[--link->count];
        if (connection_out->generation > after && peer_alive(connection_out->fd)) {
            return true;
        }
        (void)close(connection_out->fd);
    }
    return false;
}

/* After a restart of keyd the master sends connections on its own; this is for the one that keyd closed.
 * Needs the lock. */
static void ask_for_more(struct rms_keylink *link)
{
    int64_t now = rms_clock_monotonic_ms();

    if (link->control >= 0 && now - link->asked_at >= ASK_EVERY_MS) {
        link->asked_at = now;
        if (rms_control_send(link->control, RMS_CONTROL_MORE, NULL, 0) != 0) {
            rms_log(RMS_LOG_ERROR, "keylink.not-asked", NULL);
        }
    }
}

/* Sleeps until something arrives, or a while; false after the end. Needs the lock. */
static bool wait_a_while(struct rms_keylink *link, int64_t end)
{
    int64_t left = end - rms_clock_monotonic_ms();
    struct timespec until;

    if (left <= 0) {
        return false;
    }
    left = left < ASK_EVERY_MS ? left : ASK_EVERY_MS;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += left / 1000;
    until.tv_nsec += left % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    (void)pthread_cond_timedwait(&link->arrived, &link->lock, &until);
    return true;
}

int rms_keylink_take(struct rms_keylink *link, uint64_t after, struct rms_keylink_connection *connection_out)
{
    int64_t end = rms_clock_monotonic_ms() + link->wait_ms;
    bool found;

    (void)pthread_mutex_lock(&link->lock);
    while (!(found = pop_live(link, after, connection_out))) {
        ask_for_more(link);
        if (!wait_a_while(link, end)) {
            break;
        }
    }
    (void)pthread_mutex_unlock(&link->lock);
    if (!found) {
        connection_out->fd = -1;
        return RMS_E_KEY_UNAVAILABLE;
    }
    return 0;
}
