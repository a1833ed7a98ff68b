#include "service/master_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "service/master_process.h"

#define BACKLOG      4096
#define SD_FIRST_FD  3
#define OLDER_SUFFIX ".1"

static int failed(const char *what, const char *name, int err)
{
    rms_log(RMS_LOG_ERROR, "rmsd.socket.failed", "what", what, "name", name, "error", strerror(err), NULL);
    return rms_error_from_errno(err);
}

/* --- listening -------------------------------------------------------------------------------------- */

static bool number_is(const char *text, long least, long most)
{
    char *end;
    long value = strtol(text, &end, 10);

    return end != text && *end == '\0' && value >= least && value <= most;
}

/* sd_listen_fds(3): the variables count only for the process they name. */
static bool from_service_manager(int *fd_out)
{
    const char *pid = getenv("LISTEN_PID");
    const char *count = getenv("LISTEN_FDS");
    int flags;

    if (pid == NULL || count == NULL || !number_is(pid, getpid(), getpid()) ||
        !number_is(count, 1, INT_MAX)) {
        return false;
    }
    flags = fcntl(SD_FIRST_FD, F_GETFL);
    if (flags < 0 || fcntl(SD_FIRST_FD, F_SETFL, flags | O_NONBLOCK) != 0) {
        return false;
    }
    *fd_out = SD_FIRST_FD;
    return true;
}

static int listen_on(const struct addrinfo *address)
{
    const int yes = 1;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
                       bind(fd, address->ai_addr, address->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0)) {
        int err = errno;

        (void)close(fd);
        errno = err;
        return -1;
    }
    return fd;
}

static int listen_at(const char *text, int *fd_out)
{
    const struct addrinfo hints = {
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE, .ai_socktype = SOCK_STREAM};
    struct addrinfo *address;
    char host[RMS_SETTING_TEXT];
    char port[8];
    int err = 0;

    RMS_TRY(rms_settings_split_listen(text, host, port));
    if (getaddrinfo(host, port, &hints, &address) != 0) {
        return failed("listen: not a numeric address", text, EINVAL);
    }
    *fd_out = listen_on(address);
    err = errno;
    freeaddrinfo(address);
    return *fd_out >= 0 ? 0 : failed("listen", text, err);
}

int rms_master_listen(const struct rms_settings *settings, int *fd_out)
{
    return from_service_manager(fd_out) ? 0 : listen_at(settings->listen, fd_out);
}

int rms_master_listen_admin(const struct rms_settings *settings, int *fd_out)
{
    return settings->admin_listen[0] == '\0' ? 0 : listen_at(settings->admin_listen, fd_out);
}

static int bind_admin(int fd, const struct sockaddr_un *address)
{
    mode_t old = umask(0177); /* so that it never exists with a wider mode */
    int result = bind(fd, (const struct sockaddr *)address, sizeof *address);

    (void)umask(old);
    return result == 0 ? listen(fd, BACKLOG) : result;
}

int rms_master_admin_socket(const struct rms_settings *settings, int *fd_out)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char path[PATH_MAX];
    int fd;

    RMS_TRY(rms_settings_path(settings, "admin.sock", path));
    if (strlen(path) >= sizeof address.sun_path) {
        return failed("admin socket: the path of the data directory is too long", path, ENAMETOOLONG);
    }
    memcpy(address.sun_path, path, strlen(path));
    (void)unlink(path); /* of a run before; the pid file says that none is running */
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind_admin(fd, &address) != 0) {
        int err = errno;

        if (fd >= 0) {
            (void)close(fd);
        }
        return failed("admin socket", path, err);
    }
    *fd_out = fd;
    return rms_process_give(settings, path);
}

/* --- pid file --------------------------------------------------------------------------------------- */

int rms_master_pid_file(const struct rms_settings *settings, int *fd_out)
{
    char path[PATH_MAX];
    int fd;

    RMS_TRY(rms_settings_path(settings, "rmsd.pid", path));
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0) {
        return failed("pid file", path, errno);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        (void)close(fd);
        rms_log(RMS_LOG_ERROR, "rmsd.already-running", "dir", settings->dir, NULL);
        return RMS_E_CONFLICT;
    }
    if (ftruncate(fd, 0) != 0 || dprintf(fd, "%d\n", (int)getpid()) < 0) {
        (void)close(fd);
        return failed("pid file", path, errno);
    }
    *fd_out = fd;
    return 0;
}

/* --- log file --------------------------------------------------------------------------------------- */

int rms_master_log_open(const struct rms_settings *settings)
{
    int fd;

    if (settings->log_file[0] == '\0') {
        return 0;
    }
    fd = open(settings->log_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || dup2(fd, STDERR_FILENO) < 0) {
        return failed("log file", settings->log_file, errno);
    }
    return close(fd) == 0 ? 0 : RMS_E_IO;
}

int rms_master_log_rotate(const struct rms_settings *settings)
{
    char older[RMS_SETTING_TEXT + sizeof OLDER_SUFFIX];
    struct stat info;

    if (settings->log_file[0] == '\0' || fstat(STDERR_FILENO, &info) != 0 ||
        info.st_size <= settings->log_max_bytes) {
        return 0;
    }
    (void)snprintf(older, sizeof older, "%s" OLDER_SUFFIX, settings->log_file);
    if (rename(settings->log_file, older) != 0) {
        return failed("log file", older, errno);
    }
    RMS_TRY(rms_master_log_open(settings));
    return 1;
}

/* --- service manager -------------------------------------------------------------------------------- */

void rms_master_notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t len;
    int fd;

    if (path == NULL || path[0] == '\0' || strlen(path) >= sizeof address.sun_path) {
        return;
    }
    memcpy(address.sun_path, path, strlen(path));
    len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    if (path[0] == '@') {
        address.sun_path[0] = '\0'; /* the abstract namespace */
    }
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        (void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address, len);
        (void)close(fd);
    }
}
