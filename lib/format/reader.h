/* Where a format reader gets its bytes: exact reads at an offset, so that no reader holds a whole file. */
#ifndef RMS_FORMAT_READER_H
#define RMS_FORMAT_READER_H

#include "base/bytes.h"

struct rms_reader {
    void *context;
    uint64_t size; /* of the whole file */
    /* Exactly len bytes at offset, or a negative code. The caller has checked that they are inside size. */
    int (*read)(void *context, uint64_t offset, void *buffer, size_t len);
};

/* Checks the range against the size: RMS_E_DAMAGED outside. */
RMS_MUST_USE int rms_reader_at(const struct rms_reader *reader, uint64_t offset, void *buffer, size_t len);

/* A reader over bytes in memory; the view must stay. */
struct rms_reader rms_reader_of_view(struct rms_view *view);

/* A reader of the file open at *fd, which must stay. What was cut off meanwhile is RMS_E_DAMAGED. */
RMS_MUST_USE int rms_reader_of_fd(const int *fd, struct rms_reader *reader_out);

#endif
