/* The set of revoked documents in memory (doc/dev/tracking.md): what every licence request asks.
 *
 * It follows the history in the store, row by row, so that a change costs as much as it is large, on this
 * node and on all others. 24 bytes a document and room to spare: a million of them take 48 MB and a look-up
 * takes a hash. */
#ifndef RMS_SERVICE_REVOCATION_H
#define RMS_SERVICE_REVOCATION_H

#include "store/document.h"

struct rms_revocations;

RMS_MUST_USE int rms_revocations_new(struct rms_revocations **set_out);
void rms_revocations_free(struct rms_revocations **set);

/* Takes what was added to the history. About every 100 ms, and after a change of one's own. */
RMS_MUST_USE int rms_revocations_follow(struct rms_revocations *set, struct rms_db *db);

/* Number of the newest one that was taken over. */
uint64_t rms_revocations_newest(struct rms_revocations *set);

/* Is the document revoked, as far as it was issued at `issued_at`? A failure is "not known", never "no". How
 * old the answer may be is decided before a request gets here (rms_lookout_current). */
RMS_MUST_USE int rms_revocations_has(
    struct rms_revocations *set, const struct rms_document_key *key, int64_t issued_at, bool *revoked_out);

struct rms_revocations_stats {
    size_t count;
    size_t bytes;
};
void rms_revocations_stats(struct rms_revocations *set, struct rms_revocations_stats *stats_out);

#endif
