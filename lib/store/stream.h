/* Reading the usage log in the order in which it was written, of all tenants, to hand it on. */
#ifndef RMS_STORE_STREAM_H
#define RMS_STORE_STREAM_H

#include "store/usage.h"

/* Number of the last row that the stream of this name has; 0: none yet. */
RMS_MUST_USE int rms_stream_position(struct rms_db *db, const char *name, int64_t *seq_out);
RMS_MUST_USE int rms_stream_move(struct rms_db *db, const char *name, int64_t seq);

/* Calls each() for at most limit rows behind a number, in order of numbers: writers take turns, so that no
 * row appears behind one that was read. What it returns other than 0 ends the reading and is returned. The
 * row is borrowed during the call; each() must not use this db. */
typedef int rms_stream_each(int64_t seq, const struct rms_usage_row *row, void *context);
RMS_MUST_USE int rms_stream_read(
    struct rms_db *db, int64_t after, size_t limit, rms_stream_each *each, void *context);

#endif
