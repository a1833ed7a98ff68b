#include "label/splice.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/file.h"

#define STEP 65536

struct copy {
    int fd, out;
    uint64_t from, to;
};

static int copy_until(struct copy *copy, uint64_t end)
{
    uint8_t step[STEP];

    while (copy->from < end) {
        size_t len = end - copy->from < STEP ? (size_t)(end - copy->from) : STEP;
        long got = rms_fd_pread_full(copy->fd, step, len, copy->from);

        if (got < 0) {
            return (int)got;
        }
        if ((size_t)got != len) {
            return RMS_E_DAMAGED; /* it was cut meanwhile */
        }
        RMS_TRY(rms_fd_pwrite_all(copy->out, step, len, copy->to));
        copy->from += len;
        copy->to += len;
    }
    return 0;
}

int rms_splice(int fd, int out, const struct rms_splice *splices, size_t count)
{
    struct copy copy = {.fd = fd, .out = out};
    struct stat info;

    if (fstat(fd, &info) != 0) {
        return rms_error_from_errno(errno);
    }
    for (size_t i = 0; i < count; i++) {
        RMS_TRY(copy_until(&copy, splices[i].at));
        RMS_TRY(rms_fd_pwrite_all(out, splices[i].put.data, splices[i].put.len, copy.to));
        copy.to += splices[i].put.len;
        copy.from += splices[i].gone;
    }
    return copy_until(&copy, (uint64_t)info.st_size);
}
