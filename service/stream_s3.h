/* Handing the usage log on to an object store (usage_s3), by a thread of its own: a store that is slow or
 * away holds up nothing else. Every usage_s3_interval seconds what was written since goes there as a batch,
 * one object of JSON lines for each tenant and day in it:
 *
 *     TENANT/YYYY-MM-DD/NUMBER-BATCH.jsonl
 *
 * NUMBER is the batch's first in the log, so that names sort in the order of writing. What a batch holds is
 * settled in the database before it leaves (store/stream.h), so that an object that is written again is the
 * same. */
#ifndef RMS_SERVICE_STREAM_S3_H
#define RMS_SERVICE_STREAM_S3_H

#include "base/error.h"

struct rms_settings;
struct rms_store;
struct rms_stream_s3;

/* NULL when usage_s3 is "". Both are borrowed. */
RMS_MUST_USE int rms_stream_s3_start(
    const struct rms_settings *settings, struct rms_store *store, struct rms_stream_s3 **stream_out);

/* Ends what is under way; the rest goes after the next start. Accepts NULL. */
void rms_stream_s3_stop(struct rms_stream_s3 **stream);

#endif
