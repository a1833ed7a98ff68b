/* The usage log (service-requirements section 8): rows collected in memory, written by one thread in batches;
 * and its W3C text form.
 *
 * A row is taken after the reply is made and never waits for a disk. When the writer cannot write, rows are
 * kept up to a bound and the service refuses requests until it can again (S-188). */
#ifndef RMS_SERVICE_USAGE_H
#define RMS_SERVICE_USAGE_H

#include "service/request.h"
#include "store/admin_log.h"
#include "store/store.h"
#include "store/usage.h"

struct rms_keylink; /* service/keyclient.h */
struct rms_usage;

#define RMS_USAGE_BATCH_ROWS 1000
#define RMS_USAGE_BATCH_MS   100
#define RMS_USAGE_WAKE_ROWS  250 /* so many are written at once: few enough not to hold a core for long */

/* Starts the writer with connections of its own; it chains rows from before there were chains, then begins
 * with what a former process left in the spool. spool_path NULL: in memory only. keylink NULL: what is
 * written is not signed (tests). A row without a signature over its place is not written: while keyd cannot
 * sign, rows stay in the spool. */
RMS_MUST_USE int rms_usage_new(struct rms_store *store, const char *spool_path, struct rms_keylink *keylink,
    struct rms_usage **usage_out);

/* Writes what is left, then ends the writer. */
void rms_usage_free(struct rms_usage **usage);

/* Queues a copy of the row. Any thread. */
void rms_usage_add(struct rms_usage *usage, const struct rms_usage_row *row);

/* The row of a finished request; code is what the caller was answered. */
void rms_usage_note_request(struct rms_usage *usage, const struct rms_request *request, int code);

/* A row for every operation that a token did for the request with a key of the tenant (S-195), in the log of
 * whose key it is. Nothing when there was none. */
void rms_usage_note_keys(struct rms_usage *usage, const struct rms_request *request);

/* False while rows cannot be written. */
bool rms_usage_healthy(struct rms_usage *usage);

/* Waits until all rows queued so far are written, at most this long and not for a server that is away:
 * reading the log sees what came before.
 */
void rms_usage_flush(struct rms_usage *usage, int within_ms);

struct rms_usage_stats {
    uint64_t written;
    uint64_t lost;          /* no room in the spool */
    unsigned fill_permille; /* of the spool */
};
void rms_usage_stats(struct rms_usage *usage, struct rms_usage_stats *stats_out);

/* --- text form (S-186) ------------------------------------------------------------------------------- */

/* The three header lines. */
void rms_usage_text_head(struct rms_buf *out);

/* One record with its line end. Tabs, line ends, backslashes, quotes and control characters inside values are
 * escaped, so that one row is one line with a fixed number of fields. */
void rms_usage_text_row(struct rms_buf *out, const struct rms_usage_row *row);

/* A line of the admin log: time, actor, command, Passed or Failed, result (S-194). */
void rms_usage_admin_text_row(struct rms_buf *out, const struct rms_admin_row *row);

/* A usage row as one JSON object and a line end. */
void rms_usage_json_row(struct rms_buf *out, const struct rms_usage_row *row);

#endif
