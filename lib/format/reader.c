#include "format/reader.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/file.h"

int rms_reader_at(const struct rms_reader *reader, uint64_t offset, void *buffer, size_t len)
{
    if (offset > reader->size || len > reader->size - offset) {
        return RMS_E_DAMAGED;
    }
    return len == 0 ? 0 : reader->read(reader->context, offset, buffer, len);
}

static int read_view(void *context, uint64_t offset, void *buffer, size_t len)
{
    const struct rms_view *view = context;

    memcpy(buffer, view->data + offset, len);
    return 0;
}

struct rms_reader rms_reader_of_view(struct rms_view *view)
{
    return (struct rms_reader){view, view->len, read_view};
}

static int read_fd(void *context, uint64_t offset, void *buffer, size_t len)
{
    long got = rms_fd_pread_full(*(const int *)context, buffer, len, offset);

    return got < 0 ? (int)got : ((size_t)got == len ? 0 : RMS_E_DAMAGED);
}

int rms_reader_of_fd(const int *fd, struct rms_reader *reader_out)
{
    struct stat info;

    if (fstat(*fd, &info) != 0) {
        return rms_error_from_errno(errno);
    }
    *reader_out = (struct rms_reader){(void *)(uintptr_t)fd, (uint64_t)info.st_size, read_fd};
    return 0;
}
