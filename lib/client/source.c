#include "client/source.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "client/context.h"
#include "client/exclude.h"

static int read_fd(void *context, uint64_t offset, void *buffer, size_t len)
{
    const struct rms_file_source *source = context;
    long got = rms_fd_pread_full(source->fd, buffer, len, offset);

    if (got < 0) {
        return (int)got;
    }
    return (size_t)got == len ? 0 : RMS_E_FILE_CHANGED;
}

static int check_folder(struct rms_context *context, const char *path, bool *skipped)
{
    char real[PATH_MAX];

    if (realpath(path, real) == NULL) {
        return rms_fail(context, rms_error_from_errno(errno), "%s", path);
    }
    if (rms_path_excluded(real, context->settings.store_dir, secure_getenv("HOME"))) {
        *skipped = true;
        return rms_fail(context, RMS_E_FILE_BLOCKED, "%s: files in this folder are left alone", path);
    }
    return 0;
}

/* Links are not followed, everything that is no regular file is left alone (C-053). */
static int open_regular(struct rms_context *context, struct rms_file_source *source, bool *skipped)
{
    /* O_NONBLOCK: a FIFO must not hang */
    source->fd = open(source->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (source->fd < 0) {
        int err = errno;

        if (err == ELOOP) {
            *skipped = true;
            return rms_fail(context, RMS_E_FILE_BLOCKED, "%s is a symbolic link", source->path);
        }
        if (err == ENXIO) {
            *skipped = true;
            return rms_fail(context, RMS_E_FILE_BLOCKED, "%s is no regular file", source->path);
        }
        return rms_fail(context, rms_error_from_errno(err), "%s cannot be opened", source->path);
    }
    if (fstat(source->fd, &source->before) != 0) {
        return rms_fail(context, rms_error_from_errno(errno), "%s", source->path);
    }
    if (!S_ISREG(source->before.st_mode)) {
        *skipped = true;
        return rms_fail(context, RMS_E_FILE_BLOCKED, "%s is no regular file", source->path);
    }
    return 0;
}

/* A read lease is refused while somebody has the file open for writing; it is given back at once. */
static bool open_for_writing_elsewhere(int fd)
{
    /* a broken lease would send SIGIO, which ends programs; SIGURG is ignored by default */
    if (fcntl(fd, F_SETSIG, SIGURG) != 0 || fcntl(fd, F_SETLEASE, F_RDLCK) != 0) {
        return errno == EAGAIN;
    }
    (void)fcntl(fd, F_SETLEASE, F_UNLCK);
    return false;
}

static bool locked_elsewhere(int fd)
{
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};

    return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

static int check_use(struct rms_context *context, const struct rms_file_source *source, bool writable)
{
    if (open_for_writing_elsewhere(source->fd)) {
        return rms_fail(
            context, RMS_E_FILE_CHANGED, "%s is open for writing in another program", source->path);
    }
    if (locked_elsewhere(source->fd)) {
        return rms_fail(context, RMS_E_FILE_CHANGED, "%s is locked by another program", source->path);
    }
    if (!writable) {
        return 0;
    }
    if ((source->before.st_mode & (S_IWUSR | S_IWGRP | S_IWOTH)) == 0) {
        return rms_fail(context, RMS_E_PERMISSION, "%s is read-only", source->path);
    }
    if (source->before.st_nlink > 1) {
        rms_note(context, RMS_LOG_INFO, "%s has other names (hard links); only this one is replaced",
            source->path);
    }
    return 0;
}

int rms_source_open(struct rms_context *context, const char *path, bool writable,
    struct rms_file_source *source_out, bool *skipped_out)
{
    struct rms_file_source *source = source_out;
    const char *slash;
    int status;

    *source = (struct rms_file_source){.fd = -1, .path = path};
    *skipped_out = false;
    if (!rms_path_usable(path)) {
        return rms_fail(context, RMS_E_BAD_ARGUMENT, "no file is named");
    }
    slash = strrchr(path, '/');
    source->name = slash != NULL ? slash + 1 : path;
    status = open_regular(context, source, skipped_out);
    if (status == 0) {
        status = check_folder(context, path, skipped_out);
    }
    if (status == 0) {
        status = check_use(context, source, writable);
    }
    if (status != 0) {
        rms_source_close(source);
        return status;
    }
    source->reader = (struct rms_reader){source, (uint64_t)source->before.st_size, read_fd};
    return 0;
}

void rms_source_close(struct rms_file_source *source)
{
    if (source->fd >= 0) {
        (void)close(source->fd);
        source->fd = -1;
    }
}

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

int rms_source_unchanged(const struct rms_context *context, const struct rms_file_source *source)
{
    struct stat now;
    struct stat named;

    if (fstat(source->fd, &now) != 0 || lstat(source->path, &named) != 0) {
        return rms_fail(
            context, RMS_E_FILE_CHANGED, "%s was changed or removed while it was read", source->path);
    }
    if (now.st_size != source->before.st_size || !same_time(now.st_mtim, source->before.st_mtim) ||
        named.st_ino != source->before.st_ino || named.st_dev != source->before.st_dev) {
        return rms_fail(context, RMS_E_FILE_CHANGED, "%s was changed while it was read", source->path);
    }
    return 0;
}
