#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define READ_STEP 65536u

int rms_fd_write_all(int fd, const void *data, size_t len)
{
    const uint8_t *bytes = data;

    while (len > 0) {
        ssize_t put = write(fd, bytes, len);

        if (put < 0 && errno != EINTR) {
            return rms_error_from_errno(errno);
        }
        if (put > 0) {
            bytes += put;
            len -= (size_t)put;
        }
    }
    return 0;
}

long rms_fd_read_full(int fd, void *data, size_t len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t got = read(fd, (uint8_t *)data + done, len - done);

        if (got == 0) {
            break;
        }
        if (got < 0 && errno != EINTR) {
            return rms_error_from_errno(errno);
        }
        done += got > 0 ? (size_t)got : 0;
    }
    return (long)done;
}

long rms_fd_pread_full(int fd, void *data, size_t len, uint64_t offset)
{
    size_t done = 0;

    if (offset > INT64_MAX - len) {
        return RMS_E_BAD_ARGUMENT;
    }
    while (done < len) {
        ssize_t got = pread(fd, (uint8_t *)data + done, len - done, (off_t)(offset + done));

        if (got == 0) {
            break;
        }
        if (got < 0 && errno != EINTR) {
            return rms_error_from_errno(errno);
        }
        done += got > 0 ? (size_t)got : 0;
    }
    return (long)done;
}

int rms_fd_pwrite_all(int fd, const void *data, size_t len, uint64_t offset)
{
    const uint8_t *bytes = data;

    if (offset > INT64_MAX - len) {
        return RMS_E_BAD_ARGUMENT;
    }
    while (len > 0) {
        ssize_t put = pwrite(fd, bytes, len, (off_t)offset);

        if (put < 0 && errno != EINTR) {
            return rms_error_from_errno(errno);
        }
        if (put > 0) {
            bytes += put;
            offset += (uint64_t)put;
            len -= (size_t)put;
        }
    }
    return 0;
}

/* Reads to the end, whatever size was announced: the file may be growing. One byte more than the room tells
 * "exactly full" from "too large". */
static int read_to_end(int fd, size_t announced, struct rms_buf *out)
{
    uint8_t probe;

    for (;;) {
        size_t room = out->max - out->len;
        size_t step = announced > 0 ? announced : READ_STEP;
        uint8_t *place;
        long got;

        step = step < room ? step : room;
        if (step == 0) {
            got = rms_fd_read_full(fd, &probe, 1);
            return got > 0 ? RMS_E_LIMIT : (int)got;
        }
        place = rms_buf_reserve(out, step);
        if (place == NULL) {
            return RMS_E_NO_MEMORY;
        }
        got = rms_fd_read_full(fd, place, step);
        if (got < 0) {
            return (int)got;
        }
        rms_buf_commit(out, (size_t)got);
        if ((size_t)got < step) {
            return 0;
        }
        announced = 0;
    }
}

int rms_file_read(const char *path, struct rms_buf *out)
{
    /* O_NONBLOCK: opening a FIFO must not hang; without effect on regular files. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat info;
    int status;

    if (fd < 0) {
        return rms_error_from_errno(errno);
    }
    if (fstat(fd, &info) != 0) {
        status = rms_error_from_errno(errno);
    } else if (!S_ISREG(info.st_mode)) {
        status = RMS_E_BAD_ARGUMENT;
    } else if (info.st_size > 0 && (uint64_t)info.st_size > out->max - out->len) {
        status = RMS_E_LIMIT;
    } else {
        status = read_to_end(fd, (size_t)info.st_size + 1, out);
    }
    (void)close(fd);
    return status;
}

int rms_file_write(const char *path, struct rms_view content, mode_t mode)
{
    struct rms_file_output output;
    int status;

    RMS_TRY(rms_file_output_open(&output, path));
    status = rms_fd_write_all(output.fd, content.data, content.len);
    if (status == 0 && fchmod(output.fd, mode) != 0) {
        status = rms_error_from_errno(errno);
    }
    if (status != 0) {
        rms_file_output_abort(&output);
        return status;
    }
    return rms_file_output_commit(&output, true);
}

/* NFS and older file systems have no files without a name: one that loses it at once. */
static int scratch_by_name(const char *directory)
{
    char path[PATH_MAX];
    int len = snprintf(path, sizeof path, "%s/.rms-XXXXXX", directory);
    int fd = len > 0 && len < (int)sizeof path ? mkostemp(path, O_CLOEXEC) : -1;

    if (fd >= 0) {
        (void)unlink(path);
    }
    return fd;
}

int rms_file_scratch(const char *directory, int *fd_out)
{
    *fd_out = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
    if (*fd_out < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT)) {
        *fd_out = scratch_by_name(directory);
    }
    return *fd_out >= 0 ? 0 : rms_error_from_errno(errno);
}

/* One step of the path; an existing directory is fine. */
static int make_one(const char *path, mode_t mode)
{
    struct stat info;

    if (mkdir(path, mode) == 0) {
        return 0;
    }
    if (errno != EEXIST) {
        return rms_error_from_errno(errno);
    }
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode) ? 0 : RMS_E_CONFLICT;
}

int rms_dir_make(const char *path, mode_t mode)
{
    char part[PATH_MAX];
    size_t len = strlen(path);

    if (len == 0) {
        return RMS_E_BAD_ARGUMENT;
    }
    if (len >= sizeof part) {
        return RMS_E_NAME_TOO_LONG;
    }
    memcpy(part, path, len + 1);
    for (size_t i = 1; i < len; i++) {
        if (part[i] == '/' && part[i - 1] != '/') {
            part[i] = '\0';
            RMS_TRY(make_one(part, mode));
            part[i] = '/';
        }
    }
    return make_one(part, mode);
}
