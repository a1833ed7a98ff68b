/* Asking a helper: starting it with three descriptors, waiting no longer than allowed, seeing what became of
 * it. */
#include "sandbox/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cursor.h"
#include "sandbox/wire.h"

#define STEP      65536u
#define ABOVE     16   /* where descriptors are put aside, above those of the helper */
#define ENDING_MS 1000 /* for a process that hung up to end by itself, so that its status tells why */

struct helper {
    const struct rms_helper_errand *errand;
    int socket;
    pid_t pid;
    int pidfd;
    bool late;
    int64_t deadline_ms;
};

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- starting --- */

struct aside {
    int socket, in, out;
};

static void close_aside(struct aside *aside)
{
    const int all[] = {aside->socket, aside->in, aside->out};

    for (size_t i = 0; i < 3; i++) {
        if (all[i] >= 0) {
            (void)close(all[i]);
        }
    }
}
#define CLOSE_ASIDE __attribute__((cleanup(close_aside)))

static int put_aside(int fd, int *out)
{
    *out = fcntl(fd, F_DUPFD_CLOEXEC, ABOVE);
    return *out >= 0 ? 0 : rms_error_from_errno(errno);
}

/* Nothing else goes along: not even what others forgot to mark. */
static int list_actions(posix_spawn_file_actions_t *actions, const struct aside *aside)
{
    int failed = 0;

    for (int fd = 0; fd < HELPER_SOCKET; fd++) {
        failed |= posix_spawn_file_actions_addopen(actions, fd, "/dev/null", O_RDWR, 0);
    }
    failed |= posix_spawn_file_actions_adddup2(actions, aside->socket, HELPER_SOCKET);
    failed |= posix_spawn_file_actions_adddup2(actions, aside->in, HELPER_IN);
    if (aside->out >= 0) {
        failed |= posix_spawn_file_actions_adddup2(actions, aside->out, HELPER_OUT);
    }
    failed |=
        posix_spawn_file_actions_addclosefrom_np(actions, aside->out >= 0 ? HELPER_OUT + 1 : HELPER_OUT);
    return failed == 0 ? 0 : RMS_E_NO_MEMORY;
}

static int set_signals(posix_spawnattr_t *attributes)
{
    sigset_t none;
    sigset_t all;
    int failed;

    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    failed = posix_spawnattr_setsigmask(attributes, &none) | posix_spawnattr_setsigdefault(attributes, &all) |
             posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return failed == 0 ? 0 : RMS_E_NO_MEMORY;
}

static int spawn(struct helper *helper, const struct aside *aside)
{
    char *const argv[] = {(char *)(uintptr_t)helper->errand->program, NULL};
    char *const environment[] = {NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int status;

    if (posix_spawn_file_actions_init(&actions) != 0) {
        return RMS_E_NO_MEMORY;
    }
    if (posix_spawnattr_init(&attributes) != 0) {
        (void)posix_spawn_file_actions_destroy(&actions);
        return RMS_E_NO_MEMORY;
    }
    status = list_actions(&actions, aside);
    status = status == 0 ? set_signals(&attributes) : status;
    if (status == 0 &&
        posix_spawn(&helper->pid, helper->errand->program, &actions, &attributes, argv, environment) != 0) {
        status = RMS_E_UNSUPPORTED;
    }
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    return status;
}

static int start(struct helper *helper)
{
    CLOSE_ASIDE struct aside aside = {-1, -1, -1};
    int pair[2];
    int status;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        return rms_error_from_errno(errno);
    }
    helper->socket = pair[0];
    status = put_aside(pair[1], &aside.socket);
    (void)close(pair[1]);
    RMS_TRY(status);
    RMS_TRY(put_aside(helper->errand->in, &aside.in));
    if (helper->errand->out >= 0) {
        RMS_TRY(put_aside(helper->errand->out, &aside.out));
    }
    RMS_TRY(spawn(helper, &aside));
    helper->pidfd = pidfd_open(helper->pid, 0);
    return 0;
}

/* --- talking --- */

/* 0 when there is something to do for the socket, RMS_E_READER_DIED when the time is over. */
static int wait_for(struct helper *helper, short what)
{
    for (;;) {
        struct pollfd watched = {.fd = helper->socket, .events = what};
        int64_t left = helper->deadline_ms - now_ms();
        int ready = left > 0 ? poll(&watched, 1, (int)left) : 0;

        if (ready > 0) {
            return 0;
        }
        if (ready == 0) {
            helper->late = true;
            return RMS_E_READER_DIED;
        }
        if (errno != EINTR) {
            return rms_error_from_errno(errno);
        }
    }
}

static int send_all(struct helper *helper, struct rms_view bytes)
{
    while (bytes.len > 0) {
        ssize_t sent = send(helper->socket, bytes.data, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (sent > 0) {
            bytes = rms_view_of(bytes.data + sent, bytes.len - (size_t)sent);
        } else if (errno == EAGAIN || errno == EINTR) {
            RMS_TRY(wait_for(helper, POLLOUT));
        } else {
            return RMS_E_READER_DIED;
        }
    }
    return 0;
}

static int receive(struct helper *helper, uint8_t *place, size_t len)
{
    while (len > 0) {
        ssize_t got = recv(helper->socket, place, len, MSG_DONTWAIT);

        if (got > 0) {
            place += got;
            len -= (size_t)got;
        } else if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
            RMS_TRY(wait_for(helper, POLLIN));
        } else {
            return RMS_E_READER_DIED;
        }
    }
    return 0;
}

static int ask(struct helper *helper)
{
    const struct rms_helper_errand *errand = helper->errand;
    struct rms_buf RMS_BUF_CLEANUP head = RMS_BUF_INIT(REQUEST_HEAD);

    rms_buf_append_u32(&head, REQUEST_MAGIC);
    rms_buf_append_u32(&head, errand->operation);
    rms_buf_append_u32(&head, errand->out >= 0);
    rms_buf_append_u32(&head, errand->limits.cpu_s);
    rms_buf_append_u64(&head, errand->limits.memory_bytes);
    rms_buf_append_u64(&head, errand->limits.file_bytes);
    rms_buf_append_u32(&head, (uint32_t)errand->request.len);
    RMS_TRY(rms_buf_status(&head));
    RMS_TRY(send_all(helper, rms_buf_view(&head)));
    return send_all(helper, errand->request);
}

static int hear(struct helper *helper, struct rms_buf *reply)
{
    uint8_t head[REPLY_HEAD] = {0};
    struct rms_cursor cursor = rms_cursor_of(rms_view_of(head, sizeof head));
    uint32_t magic;
    int32_t code;
    size_t left;

    RMS_TRY(receive(helper, head, sizeof head));
    magic = rms_cursor_u32(&cursor);
    code = (int32_t)rms_cursor_u32(&cursor);
    left = rms_cursor_u32(&cursor);
    if (magic != REPLY_MAGIC || code > 0 || left > reply->max - reply->len ||
        (code != 0 && rms_error_info(code)->code != code)) {
        return RMS_E_READER_DIED;
    }
    while (left > 0) {
        size_t len = left < STEP ? left : STEP;
        uint8_t *place = rms_buf_reserve(reply, len);

        if (place == NULL) {
            return RMS_E_NO_MEMORY;
        }
        RMS_TRY(receive(helper, place, len));
        rms_buf_commit(reply, len);
        left -= len;
    }
    return code;
}

/* --- the end --- */

static void describe(const struct helper *helper, int status, char why[RMS_HELPER_WHY])
{
    int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

    if (helper->late) {
        (void)snprintf(why, RMS_HELPER_WHY, "it took longer than %u seconds",
            (unsigned)(helper->errand->limits.wall_ms + 999) / 1000);
    } else if (signal == SIGXCPU) {
        (void)snprintf(why, RMS_HELPER_WHY, "it used more than %u seconds of processor time",
            (unsigned)helper->errand->limits.cpu_s);
    } else if (signal == SIGSYS) {
        (void)snprintf(why, RMS_HELPER_WHY, "it tried what it may not");
    } else if (signal != 0) {
        (void)snprintf(why, RMS_HELPER_WHY, "it crashed (signal %d)", signal);
    } else {
        (void)snprintf(why, RMS_HELPER_WHY, "it gave no answer that is one");
    }
}

/* Killed in any case: an answer was all that it was for. By the pidfd, in case somebody else reaps all
 * children of the program. */
static void end(struct helper *helper, bool died, char why[RMS_HELPER_WHY])
{
    struct pollfd watched = {.fd = helper->pidfd, .events = POLLIN};
    int status = 0;

    if (died && !helper->late && helper->pidfd >= 0) {
        (void)poll(&watched, 1, ENDING_MS);
    }
    if (helper->pidfd < 0) {
        (void)kill(helper->pid, SIGKILL);
    } else {
        (void)pidfd_send_signal(helper->pidfd, SIGKILL, NULL, 0);
        (void)close(helper->pidfd);
    }
    while (waitpid(helper->pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (died) {
        describe(helper, status, why);
    }
}

int rms_helper_run(
    const struct rms_helper_errand *errand, struct rms_buf *reply, char why_out[RMS_HELPER_WHY])
{
    struct helper helper = {.errand = errand,
        .socket = -1,
        .pid = -1,
        .pidfd = -1,
        .deadline_ms = now_ms() + errand->limits.wall_ms};
    int status;

    why_out[0] = '\0';
    if (errand->request.len > RMS_HELPER_REQUEST_MAX) {
        return RMS_E_LIMIT;
    }
    status = start(&helper);
    if (status == 0) {
        status = ask(&helper);
        status = status == 0 ? hear(&helper, reply) : status;
    }
    if (helper.socket >= 0) {
        (void)close(helper.socket);
    }
    if (helper.pid > 0) {
        end(&helper, status == RMS_E_READER_DIED, why_out);
    }
    if (status == RMS_E_READER_DIED) {
        rms_buf_reset(reply);
    }
    return status;
}
