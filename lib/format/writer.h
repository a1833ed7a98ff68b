/* Where a format writer puts its bytes: places in a file or in a stream of it. */
#ifndef RMS_FORMAT_WRITER_H
#define RMS_FORMAT_WRITER_H

#include "base/bytes.h"

struct rms_writer {
    void *context;
    /* All len bytes at offset, or a negative code. */
    int (*write)(void *context, uint64_t offset, const void *data, size_t len);
    bool in_order; /* each piece must follow the one before it */
};

/* A writer into a buffer, for tests and small things. */
struct rms_writer rms_writer_of_buf(struct rms_buf *buf);

#endif
