#include "cmd/rms/handoff.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define PREFIX "rms-open-" /* then the process id, "-", six random letters */

/* Memory-backed where the system offers it. */
static const char *place(void)
{
    const char *runtime = secure_getenv("XDG_RUNTIME_DIR");
    const char *temp = secure_getenv("TMPDIR");

    if (runtime != NULL && runtime[0] == '/' && access(runtime, W_OK) == 0) {
        return runtime;
    }
    return temp != NULL && temp[0] == '/' && access(temp, W_OK) == 0 ? temp : "/tmp";
}

/* Zeros over the content, then the name goes. */
static void shred(int directory, const char *name)
{
    static const char zeros[65536];
    int fd = openat(directory, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat info;

    if (fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) {
        for (off_t left = info.st_size; left > 0; left -= (off_t)sizeof zeros) {
            size_t len = left < (off_t)sizeof zeros ? (size_t)left : sizeof zeros;

            if (rms_fd_write_all(fd, zeros, len) < 0) {
                break;
            }
        }
        (void)fdatasync(fd);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    (void)unlinkat(directory, name, 0);
}

/* The application may have put files beside ours: they hold clear text too. */
static void remove_directory(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;

    if (directory == NULL) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return;
    }
    while ((entry = readdir(directory)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            shred(fd, entry->d_name);
        }
    }
    (void)closedir(directory);
    (void)rmdir(path);
}

/* A directory of ours whose process is gone. */
static bool is_stale(int parent, const char *name)
{
    struct stat info;
    long pid;

    if (strncmp(name, PREFIX, sizeof PREFIX - 1) != 0) {
        return false;
    }
    pid = strtol(name + sizeof PREFIX - 1, NULL, 10);
    return pid > 0 && fstatat(parent, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(info.st_mode) &&
           info.st_uid == geteuid() && kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

static void sweep(const char *base)
{
    DIR *directory = opendir(base);
    const struct dirent *entry;
    char path[4096];

    if (directory == NULL) {
        return;
    }
    while ((entry = readdir(directory)) != NULL) {
        if (is_stale(dirfd(directory), entry->d_name)) {
            (void)snprintf(path, sizeof path, "%s/%s", base, entry->d_name);
            remove_directory(path);
        }
    }
    (void)closedir(directory);
}

int handoff_open(struct handoff *handoff, const char *name)
{
    const char *base = place();

    *handoff = (struct handoff){.fd = -1};
    sweep(base);
    if ((size_t)snprintf(handoff->directory, sizeof handoff->directory, "%s/" PREFIX "%ld-XXXXXX", base,
            (long)getpid()) >= sizeof handoff->directory) {
        handoff->directory[0] = 0;
        return RMS_E_NAME_TOO_LONG;
    }
    if (mkdtemp(handoff->directory) == NULL) {
        handoff->directory[0] = 0;
        return rms_error_from_errno(errno);
    }
    if ((size_t)snprintf(handoff->file, sizeof handoff->file, "%s/%s", handoff->directory, name) >=
        sizeof handoff->file) {
        return RMS_E_NAME_TOO_LONG;
    }
    handoff->fd = open(handoff->file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    return handoff->fd >= 0 ? 0 : rms_error_from_errno(errno);
}

void handoff_close(struct handoff *handoff)
{
    if (handoff->fd >= 0) {
        (void)close(handoff->fd);
        handoff->fd = -1;
    }
    if (handoff->directory[0] != 0) {
        remove_directory(handoff->directory);
        handoff->directory[0] = 0;
    }
}
