/* Handing the usage log on, row by row: to a file that is rotated, and to a systemd-journald. Done by the
 * jobs process behind a cursor in the database: at least once, in order, and at the speed of whoever takes
 * it; what is not taken stays in the log. Rows carry their id for whoever wants them once (doc/dev/log.md).
 */
#ifndef RMS_SERVICE_STREAM_H
#define RMS_SERVICE_STREAM_H

#include "store/stream.h"

#define RMS_STREAM_NO_TENANT "-" /* for rows that belong to none */

struct rms_settings;
struct rms_streams;

RMS_MUST_USE int rms_streams_new(const struct rms_settings *settings, struct rms_streams **streams_out);
void rms_streams_free(struct rms_streams **streams);

/* A line of JSON, its tenant in front: what files, journals and objects hold. */
void rms_stream_json_row(struct rms_buf *out, const struct rms_usage_row *row);

/* Writes what there is, a bounded part of it. Failures are lines in the log, once until it works again. */
void rms_streams_run(struct rms_streams *streams, struct rms_db *db);

#endif
