/* Usage rows on their way to the store, in a file mapped into memory: a row that was put survives the death
 * of the process (kill -9, a crash), at the price of copying it once. A ring with one reader; rows are
 * contiguous.
 *
 * Not against power failure: what was not written back by then is lost, as with the store's own batches. The
 * file is for this machine and this build; another format is put aside and begun anew. */
#ifndef RMS_SERVICE_USAGE_SPOOL_H
#define RMS_SERVICE_USAGE_SPOOL_H

#include "store/usage.h"

struct rms_spool;

#define RMS_SPOOL_BYTES    (16u * 1024 * 1024)
#define RMS_SPOOL_TEXT_MAX 1024 /* bytes kept of one text, cut at a character */

/* path NULL: memory only. bytes: a multiple of 4096, at least 65536. RMS_E_CONFLICT while another process has
 * it; RMS_E_NO_SPACE. Rows left by a former process are there to be taken. */
RMS_MUST_USE int rms_spool_open(const char *path, size_t bytes, struct rms_spool **spool_out);

/* Rows inside stay in the file. Accepts NULL. */
void rms_spool_close(struct rms_spool **spool);

/* Copies the row in. RMS_E_LIMIT when there is no room. One caller at a time. */
RMS_MUST_USE int rms_spool_put(struct rms_spool *spool, const struct rms_usage_row *row);

/* The oldest rows, at most max; their texts are borrowed until rms_spool_take. end_out: what take needs. What
 * cannot be read (left by a power failure) is dropped. The one reader; may run beside rms_spool_put. */
size_t rms_spool_peek(struct rms_spool *spool, struct rms_usage_row *rows, size_t max, uint64_t *end_out);

/* Forgets everything before end. The one reader. */
void rms_spool_take(struct rms_spool *spool, uint64_t end);

/* Offset behind the newest row, and of the oldest: a row is gone when the second has reached the first as it
 * was then. */
uint64_t rms_spool_head(const struct rms_spool *spool);
uint64_t rms_spool_tail(const struct rms_spool *spool);

/* How full, in thousandths. */
unsigned rms_spool_fill(const struct rms_spool *spool);

#endif
