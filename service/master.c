#include "service/master.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "service/mark.h"
#include "service/master_child.h"
#include "service/master_process.h"
#include "service/master_setup.h"
#include "service/master_socket.h"
#include "service/message.h"

#define SPARE_CONNECTIONS 4    /* beside one for each worker */
#define MORE_EVERY_MS     1000 /* how often a front may ask for more connections */
#define LOG_LOOK_EVERY_MS 5000
#define KEYD_STOP_MS      2000 /* kept for keyd out of RMS_STOP_WITHIN_MS */
#define RETIRED_MAX       8

/* A front of before a reload, ending its requests. */
struct retired {
    pid_t pid;
    int control; /* open while it lives: to it, the end of this socket is the end of the master */
    int64_t kill_at;
};

struct master {
    const struct rms_master_options *options;
    struct rms_settings settings; /* as last read */
    struct rms_child children[RMS_CHILD_COUNT];
    struct retired retired[RETIRED_MAX];
    int https;
    int admin;
    int management; /* the same over HTTPS, when it has an address of its own; else -1 */
    int pid_file;
    int signals;
    int64_t more_at; /* when more connections were last handed out */
    int64_t log_looked_at;
    bool stopping;
    int64_t stop_by; /* fronts and jobs end until then, keyd until RMS_STOP_WITHIN_MS */
    int status;
};

static struct rms_child *child_of(struct master *master, enum rms_child_kind kind)
{
    return &master->children[kind];
}

/* --- the children's side ---------------------------------------------------------------------------- */

static int run_front(struct master *master, int control)
{
    const struct rms_front_sockets sockets = {
        .https = master->https, .admin = master->admin, .management = master->management, .control = control};

    rms_process_keep_only((const int[]){master->https, master->admin, master->management, control}, 4);
    RMS_TRY(rms_process_become(&master->settings));
    RMS_TRY(rms_process_shut_in(&master->settings, false));
    return master->options->front(&master->settings, &sockets);
}

static int run_jobs(struct master *master, int control)
{
    rms_process_keep_only((const int[]){control}, 1);
    RMS_TRY(rms_process_become(&master->settings));
    RMS_TRY(rms_process_shut_in(&master->settings, true));
    return master->options->jobs(&master->settings, control);
}

/* keyd leaves without exit handlers: behind its sandbox there is nothing they could do. */
static int run_keyd(struct master *master, int control)
{
    rms_process_keep_only((const int[]){control}, 1);
    _exit(master->options->keyd(&master->settings, control));
}

_Noreturn static void run_child(struct master *master, enum rms_child_kind kind, int control, pid_t parent)
{
    static int (*const mains[RMS_CHILD_COUNT])(struct master *, int) = {run_keyd, run_front, run_jobs};
    const char *name = rms_child_name(kind);
    int status;

    rms_process_begin(name, parent);
    rms_log_open(name, rms_log_level(), NULL, 0);
    status = mains[kind](master, control);
    if (status != 0) {
        rms_log(RMS_LOG_ERROR, "rmsd.child.failed", "child", name, "reason", rms_error_info(status)->reason,
            "text", rms_error_info(status)->text, NULL);
    }
    exit(status == 0 ? 0 : 1);
}

/* --- connections ------------------------------------------------------------------------------------ */

static void close_all(const int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)close(fds[i]);
    }
}

/* One message's worth of socket pairs: one end of each to keyd, the other to the front. */
static int hand_out(int keyd, int front, size_t count)
{
    int ends[2][RMS_CONTROL_FDS_MAX];
    size_t made = 0;
    int status = 0;

    while (made < count && status == 0) {
        int pair[2];

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
            status = rms_error_from_errno(errno);
        } else {
            ends[0][made] = pair[0];
            ends[1][made++] = pair[1];
        }
    }
    if (status == 0) {
        status = rms_control_send(keyd, RMS_CONTROL_CONNECTIONS, ends[0], made);
    }
    if (status == 0) {
        status = rms_control_send(front, RMS_CONTROL_CONNECTIONS, ends[1], made);
    }
    close_all(ends[0], made);
    close_all(ends[1], made);
    return status;
}

static void connect_children(struct master *master, size_t count)
{
    int keyd = child_of(master, RMS_CHILD_KEYD)->control;
    int front = child_of(master, RMS_CHILD_FRONT)->control;

    master->more_at = rms_clock_monotonic_ms();
    while (keyd >= 0 && front >= 0 && count > 0) {
        size_t part = count < RMS_CONTROL_FDS_MAX ? count : RMS_CONTROL_FDS_MAX;
        int status = hand_out(keyd, front, part);

        if (status == RMS_E_IO) {
            return; /* one of them is gone; its successor gets new ones */
        }
        if (status != 0) {
            rms_log(RMS_LOG_ERROR, "rmsd.connections.failed", "reason", rms_error_info(status)->reason, NULL);
            return;
        }
        count -= part;
    }
}

static void send_log(struct master *master)
{
    const int log = STDERR_FILENO;

    for (size_t i = 0; i < RMS_CHILD_COUNT; i++) {
        int control = master->children[i].control;

        if (control >= 0 && rms_control_send(control, RMS_CONTROL_LOG, &log, 1) != 0) {
            rms_log(RMS_LOG_ERROR, "rmsd.log.not-handed-over", "child",
                rms_child_name((enum rms_child_kind)i), NULL);
        }
    }
}

/* --- starting --------------------------------------------------------------------------------------- */

static void on_started(struct master *master, struct rms_child *child)
{
    if (child->kind != RMS_CHILD_JOBS) {
        connect_children(master, (size_t)master->settings.workers + SPARE_CONNECTIONS);
    }
}

static int start_child(struct master *master, struct rms_child *child)
{
    pid_t parent = getpid();
    int ends[2];
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return rms_error_from_errno(errno);
    }
    pid = fork();
    if (pid == 0) {
        run_child(master, child->kind, ends[1], parent);
    }
    (void)close(ends[1]);
    if (pid < 0) {
        (void)close(ends[0]);
        return rms_error_from_errno(errno);
    }
    child->pid = pid;
    child->control = ends[0];
    child->ready = false;
    child->started_at = rms_clock_monotonic_ms();
    on_started(master, child);
    return 0;
}

static void start_what_is_due(struct master *master)
{
    for (size_t i = 0; i < RMS_CHILD_COUNT; i++) {
        struct rms_child *child = &master->children[i];

        if (child->wanted && child->pid == 0 && rms_clock_monotonic_ms() >= child->start_at &&
            start_child(master, child) != 0) {
            rms_log(RMS_LOG_ERROR, "rmsd.start.failed", "child", rms_child_name(child->kind), NULL);
            child->start_at = rms_clock_monotonic_ms() + 1000;
        }
    }
}

/* --- stopping --------------------------------------------------------------------------------------- */

static void send_signal(const struct rms_child *child, int number)
{
    if (child->pid > 0) {
        (void)kill(child->pid, number);
    }
}

static int64_t drain_ms(const struct master *master)
{
    int64_t drain = (int64_t)master->settings.drain_s * 1000 + 1000;
    int64_t most = RMS_STOP_WITHIN_MS - KEYD_STOP_MS;

    return drain < most ? drain : most;
}

static void stop(struct master *master, int status)
{
    if (master->stopping) {
        return;
    }
    rms_log(RMS_LOG_INFO, "rmsd.stopping", NULL);
    rms_master_notify("STOPPING=1");
    master->stopping = true;
    master->status = status;
    master->stop_by = rms_clock_monotonic_ms() + drain_ms(master);
    for (size_t i = 0; i < RMS_CHILD_COUNT; i++) {
        master->children[i].wanted = false;
    }
    send_signal(child_of(master, RMS_CHILD_FRONT), SIGTERM);
    send_signal(child_of(master, RMS_CHILD_JOBS), SIGTERM);
}

static bool any_retired(const struct master *master)
{
    for (size_t i = 0; i < RETIRED_MAX; i++) {
        if (master->retired[i].pid != 0) {
            return true;
        }
    }
    return false;
}

/* The front and the jobs first, so that the last requests still find keyd; then keyd. */
static void go_on_stopping(struct master *master)
{
    int64_t now = rms_clock_monotonic_ms();
    bool over = now >= master->stop_by;

    if (over) {
        send_signal(child_of(master, RMS_CHILD_FRONT), SIGKILL);
        send_signal(child_of(master, RMS_CHILD_JOBS), SIGKILL);
    }
    if (child_of(master, RMS_CHILD_FRONT)->pid == 0 && child_of(master, RMS_CHILD_JOBS)->pid == 0 &&
        (over || !any_retired(master))) {
        send_signal(child_of(master, RMS_CHILD_KEYD),
            over && now >= master->stop_by + KEYD_STOP_MS ? SIGKILL : SIGTERM);
    }
}

static bool all_ended(const struct master *master)
{
    for (size_t i = 0; i < RMS_CHILD_COUNT; i++) {
        if (master->children[i].pid != 0) {
            return false;
        }
    }
    return !any_retired(master);
}

static void kill_late_fronts(struct master *master)
{
    int64_t now = rms_clock_monotonic_ms();

    for (size_t i = 0; i < RETIRED_MAX; i++) {
        struct retired *retired = &master->retired[i];

        if (retired->pid != 0 && (now >= retired->kill_at || (master->stopping && now >= master->stop_by))) {
            (void)kill(retired->pid, SIGKILL);
        }
    }
}

/* --- events ----------------------------------------------------------------------------------------- */

static void give_up(struct master *master, const struct rms_child *child)
{
    rms_log(RMS_LOG_ERROR, "rmsd.giving-up", "child", rms_child_name(child->kind), "text",
        "the process fails again and again; its lines above tell why", NULL);
    stop(master, 1);
}

static void log_ended(const char *name, int wait_status)
{
    bool killed = WIFSIGNALED(wait_status);
    char number[16];

    (void)snprintf(number, sizeof number, "%d", killed ? WTERMSIG(wait_status) : WEXITSTATUS(wait_status));
    rms_log(RMS_LOG_ERROR, "rmsd.child.ended", "child", name, killed ? "signal" : "status", number, NULL);
}

static void on_ended(struct master *master, pid_t pid, int wait_status)
{
    for (size_t i = 0; i < RETIRED_MAX; i++) {
        if (master->retired[i].pid == pid) {
            (void)close(master->retired[i].control);
            master->retired[i].pid = 0;
            if (wait_status != 0) {
                log_ended("front, retired", wait_status);
            }
            return;
        }
    }
    for (size_t i = 0; i < RMS_CHILD_COUNT; i++) {
        struct rms_child *child = &master->children[i];

        if (child->pid != pid) {
            continue;
        }
        if (!master->stopping || wait_status != 0) {
            log_ended(rms_child_name(child->kind), wait_status);
        }
        if (!rms_child_ended(child, rms_clock_monotonic_ms()) && !master->stopping) {
            give_up(master, child);
        }
    }
}

static void reap(struct master *master)
{
    int wait_status;
    pid_t pid;

    while ((pid = waitpid(-1, &wait_status, WNOHANG)) > 0) {
        on_ended(master, pid, wait_status);
    }
}

static void on_ready(struct master *master, struct rms_child *child)
{
    bool first = !child->ever_ready;

    child->ready = true;
    child->ever_ready = true;
    if (child->kind != RMS_CHILD_FRONT || master->stopping) {
        return;
    }
    rms_log(RMS_LOG_INFO, "rmsd.ready", "url", master->settings.url, "listen", master->settings.listen, NULL);
    rms_master_notify("READY=1");
    if (first) {
        child_of(master, RMS_CHILD_JOBS)->wanted = true; /* the database is there now */
    }
}

static void on_control(struct master *master, struct rms_child *child)
{
    struct rms_control_message message;
    int status = rms_control_receive(child->control, &message);

    if (status != 0 || message.count != 0) {
        if (status == 0) {
            close_all(message.fds, message.count);
        }
        if (status != RMS_E_IO) {
            rms_log(RMS_LOG_ERROR, "rmsd.child.malformed", "child", rms_child_name(child->kind), NULL);
            send_signal(child, SIGKILL);
        }
        (void)close(child->control);
        child->control = -1;
        return;
    }
    if (message.kind == RMS_CONTROL_READY) {
        on_ready(master, child);
    } else if (message.kind == RMS_CONTROL_MORE && child->kind == RMS_CHILD_FRONT &&
               rms_clock_monotonic_ms() - master->more_at >= MORE_EVERY_MS) {
        connect_children(master, SPARE_CONNECTIONS);
    }
}

/* --- reload ----------------------------------------------------------------------------------------- */

static bool retire_front(struct master *master)
{
    struct rms_child *front = child_of(master, RMS_CHILD_FRONT);

    for (size_t i = 0; i < RETIRED_MAX && front->pid != 0; i++) {
        if (master->retired[i].pid == 0) {
            master->retired[i] = (struct retired){
                front->pid, front->control, rms_clock_monotonic_ms() + drain_ms(master) + KEYD_STOP_MS};
            (void)kill(front->pid, SIGTERM);
            front->control = -1;
            front->pid = 0;
            return true;
        }
    }
    return front->pid == 0;
}

/* What only a restart can change keeps its old value. */
static void keep_fixed(const struct rms_settings *old, struct rms_settings *fresh)
{
    memcpy(fresh->dir, old->dir, sizeof fresh->dir);
    memcpy(fresh->listen, old->listen, sizeof fresh->listen);
    memcpy(fresh->admin_listen, old->admin_listen, sizeof fresh->admin_listen);
    memcpy(fresh->user, old->user, sizeof fresh->user);
}

/* Setup runs in a child of its own: it makes keys, and the master never touches one. */
static int run_setup(const struct rms_settings *settings)
{
    int wait_status;
    pid_t pid = fork();

    if (pid == 0) {
        rms_log_open("setup", rms_log_level(), NULL, 0);
        exit(rms_setup(settings) == 0 ? 0 : 1);
    }
    if (pid < 0) {
        return rms_error_from_errno(errno);
    }
    while (waitpid(pid, &wait_status, 0) < 0) {
        if (errno != EINTR) {
            return rms_error_from_errno(errno);
        }
    }
    return wait_status == 0 ? 0 : RMS_E_IO;
}

/* A new front with the new settings and certificates takes over the listening sockets at once; the old one
 * ends its requests. A configuration that does not read leaves everything as it is. */
static void reload(struct master *master)
{
    struct rms_settings fresh;
    char message[1024];
    enum rms_log_level level = rms_log_level();

    if (master->options->reload(master->options->context, &fresh, message, sizeof message) != 0) {
        rms_log(RMS_LOG_ERROR, "rmsd.reload.refused", "text", message, NULL);
        return;
    }
    keep_fixed(&master->settings, &fresh);
    if (run_setup(&fresh) != 0) {
        rms_log(RMS_LOG_ERROR, "rmsd.reload.refused", "text", "set-up failed", NULL);
        return;
    }
    master->settings = fresh;
    if (rms_master_log_open(&master->settings) == 0) {
        send_log(master);
    }
    if (rms_log_level_parse(master->settings.log_level, &level) == 0) {
        rms_log_open("rmsd", level, NULL, 0);
    }
    rms_log(RMS_LOG_INFO, "rmsd.reloaded", NULL);
    if (!retire_front(master)) {
        rms_log(RMS_LOG_ERROR, "rmsd.reload.busy", NULL);
    }
}

/* --- the loop --------------------------------------------------------------------------------------- */

static void on_signal(struct master *master)
{
    struct signalfd_siginfo info;

    while (read(master->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        switch (info.ssi_signo) {
        case SIGCHLD:
            reap(master);
            break;
        case SIGHUP:
            if (!master->stopping) {
                reload(master);
                reap(master);
            }
            break;
        default:
            stop(master, 0);
        }
    }
}

static void look_after_log(struct master *master)
{
    int64_t now = rms_clock_monotonic_ms();

    if (now - master->log_looked_at >= LOG_LOOK_EVERY_MS) {
        master->log_looked_at = now;
        if (rms_master_log_rotate(&master->settings) == 1) {
            send_log(master);
        }
    }
}

static int next_wait_ms(const struct master *master)
{
    int64_t now = rms_clock_monotonic_ms();
    int64_t wait = master->stopping || any_retired(master) ? 100 : 1000;

    for (size_t i = 0; i < RMS_CHILD_COUNT; i++) {
        const struct rms_child *child = &master->children[i];
        int64_t due = child->start_at - now;

        if (child->wanted && child->pid == 0 && due < wait) {
            wait = due > 0 ? due : 0;
        }
    }
    return (int)wait;
}

static void wait_and_handle(struct master *master)
{
    struct pollfd events[1 + RMS_CHILD_COUNT] = {{.fd = master->signals, .events = POLLIN}};

    for (size_t i = 0; i < RMS_CHILD_COUNT; i++) {
        events[1 + i] = (struct pollfd){.fd = master->children[i].control, .events = POLLIN};
    }
    if (poll(events, 1 + RMS_CHILD_COUNT, next_wait_ms(master)) <= 0) {
        return;
    }
    for (size_t i = 0; i < RMS_CHILD_COUNT; i++) {
        if (events[1 + i].revents != 0) {
            on_control(master, &master->children[i]);
        }
    }
    if (events[0].revents != 0) {
        on_signal(master);
    }
}

static void run_loop(struct master *master)
{
    while (!master->stopping || !all_ended(master)) {
        start_what_is_due(master);
        wait_and_handle(master);
        look_after_log(master);
        kill_late_fronts(master);
        if (master->stopping) {
            go_on_stopping(master);
        }
    }
}

static int open_signals(void)
{
    static const int wanted[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP};
    sigset_t set;

    (void)sigemptyset(&set);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        (void)sigaddset(&set, wanted[i]);
    }
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int prepare(struct master *master)
{
    RMS_TRY(rms_master_log_open(&master->settings));
    RMS_TRY(rms_mark_check_clock(&master->settings));
    RMS_TRY(run_setup(&master->settings));
    RMS_TRY(rms_master_pid_file(&master->settings, &master->pid_file));
    RMS_TRY(rms_master_listen(&master->settings, &master->https));
    RMS_TRY(rms_master_listen_admin(&master->settings, &master->management));
    RMS_TRY(rms_master_admin_socket(&master->settings, &master->admin));
    master->signals = open_signals();
    return master->signals >= 0 ? 0 : rms_error_from_errno(errno);
}

static void close_all_of(struct master *master)
{
    const int fds[] = {master->https, master->admin, master->management, master->pid_file, master->signals};
    char path[PATH_MAX];

    if (master->admin >= 0 && rms_settings_path(&master->settings, "admin.sock", path) == 0) {
        (void)unlink(path);
    }
    if (master->pid_file >= 0 && rms_settings_path(&master->settings, "rmsd.pid", path) == 0) {
        (void)unlink(path);
    }
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        if (fds[i] >= 0) {
            (void)close(fds[i]);
        }
    }
}

int rms_master_run(const struct rms_master_options *options)
{
    static struct master master; /* one a process; large */

    master = (struct master){.options = options,
        .settings = *options->settings,
        .https = -1,
        .admin = -1,
        .management = -1,
        .pid_file = -1,
        .signals = -1,
        .status = 1};
    for (size_t i = 0; i < RMS_CHILD_COUNT; i++) {
        master.children[i] =
            (struct rms_child){.kind = (enum rms_child_kind)i, .control = -1, .wanted = i != RMS_CHILD_JOBS};
    }
    if (prepare(&master) == 0) {
        rms_log(RMS_LOG_INFO, "rmsd.starting", "dir", master.settings.dir, NULL);
        run_loop(&master);
        rms_log(RMS_LOG_INFO, "rmsd.stopped", NULL);
    }
    close_all_of(&master);
    return master.status;
}
