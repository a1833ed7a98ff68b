/* How far the database had come, kept outside of it (DIR/store.mark): a copy of it that is put back while the
 * service is stopped is older than that, and shows (doc/dev/fail-over.md). Revocations, removed people and
 * compromised keys would be as if they had never been. */
#ifndef RMS_SERVICE_MARK_H
#define RMS_SERVICE_MARK_H

#include "store/store.h"

struct rms_settings;
struct rms_mark;

/* Makes the file when it is missing; before the sandbox, which then lets the front write it. */
RMS_MUST_USE int rms_mark_make(const struct rms_settings *settings);

/* S-328: is the clock more than 15 minutes behind the newest time that the service has seen? Then nothing may
 * start: what has ended would begin again. RMS_E_CONFLICT, and why in the log, unless the settings accept it.
 */
RMS_MUST_USE int rms_mark_check_clock(const struct rms_settings *settings);

RMS_MUST_USE int rms_mark_open(const struct rms_settings *settings, struct rms_mark **mark_out);
void rms_mark_free(struct rms_mark **mark);

/* How far a database has come: numbers that only rise. */
struct rms_mark_place {
    uint64_t changes;     /* store.h */
    uint64_t revocations; /* of the newest one */
};

/* After each look at the database, the first included. Notes the place; one behind what is noted is told in
 * the log and in the admin log of every tenant, once, and kept in mind until it is accepted. */
void rms_mark_follow(struct rms_mark *mark, struct rms_db *db, const struct rms_mark_place *place);

/* Is the database older than it was? Any thread, no lock. */
bool rms_mark_went_back(const struct rms_mark *mark);

/* Is nobody to be served until that is accepted? So with an embedded database. A server's may lose its last
 * commits when it fails over, which is its administrator's choice: there it is told only. */
bool rms_mark_blocks(const struct rms_mark *mark);

/* The database is right as it is. False: there was nothing to accept. */
bool rms_mark_accept(struct rms_mark *mark);

#endif
