/* Reading the usage log in the order in which it was written, of all tenants, to hand it on. */
#ifndef RMS_STORE_STREAM_H
#define RMS_STORE_STREAM_H

#include "base/guid.h"
#include "store/usage.h"

/* Number of the last row that the stream of this name has; 0: none yet. */
RMS_MUST_USE int rms_stream_position(struct rms_db *db, const char *name, int64_t *seq_out);
RMS_MUST_USE int rms_stream_move(struct rms_db *db, const char *name, int64_t seq);

/* The stream goes on, whether there is something for it or not: said every hour. */
#define RMS_STREAM_SEEN_EVERY_S 3600
RMS_MUST_USE int rms_stream_seen(struct rms_db *db, const char *name, int64_t now);

/* Forgets one of which nothing was heard since then: it holds back no removal of old rows any more. name_out:
 * in the arena; NULL when there is none. */
RMS_MUST_USE int rms_stream_forget(
    struct rms_db *db, struct rms_arena *arena, int64_t since, int64_t now, const char **name_out);

/* Rows that are handed on together. What a batch holds is settled in the database before it is on its way:
 * every try, of this node or another, hands on the same rows under the same id. */
struct rms_stream_batch {
    int64_t after; /* number of the last row that the stream has */
    int64_t last;  /* up to this one; not behind after: no batch is on its way */
    char id[RMS_GUID_TEXT];
};

RMS_MUST_USE int rms_stream_batch(struct rms_db *db, const char *name, struct rms_stream_batch *batch_out);

/* RMS_E_CONFLICT: another node began one, or ended one. */
RMS_MUST_USE int rms_stream_batch_begin(
    struct rms_db *db, const char *name, const struct rms_stream_batch *batch);

/* The stream has it; nothing changes when another node said so before. */
RMS_MUST_USE int rms_stream_batch_done(
    struct rms_db *db, const char *name, const struct rms_stream_batch *batch);

/* Calls each() for at most limit rows behind a number, in order of numbers: writers take turns, so that no
 * row appears behind one that was read. What it returns other than 0 ends the reading and is returned. The
 * row is borrowed during the call; each() must not use this db. */
typedef int rms_stream_each(int64_t seq, const struct rms_usage_row *row, void *context);
RMS_MUST_USE int rms_stream_read(
    struct rms_db *db, int64_t after, size_t limit, rms_stream_each *each, void *context);

#endif
