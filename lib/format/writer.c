#include "format/writer.h"

static int write_buf(void *context, uint64_t offset, const void *data, size_t len)
{
    struct rms_buf *buf = context;

    if (offset > buf->max || len > buf->max - offset) {
        return RMS_E_LIMIT;
    }
    while (buf->len < offset + len) {
        uint8_t zeros[512] = {0};
        size_t gap = (size_t)(offset + len - buf->len);

        rms_buf_append(buf, zeros, gap < sizeof zeros ? gap : sizeof zeros);
        RMS_TRY(rms_buf_status(buf));
    }
    if (len > 0) {
        memcpy(buf->data + offset, data, len);
    }
    return 0;
}

struct rms_writer rms_writer_of_buf(struct rms_buf *buf)
{
    return (struct rms_writer){buf, write_buf, false};
}
