#include "format/reader.h"

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
