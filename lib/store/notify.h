/* Which events their issuers are told of by mail (doc/dev/mail.md). Events are rows of the usage log; here is
 * up to where they were looked through, and up to where they were told. */
#ifndef RMS_STORE_NOTIFY_H
#define RMS_STORE_NOTIFY_H

#include "store/document.h"

/* Notes which documents have new events, and that a mail is due to their issuers. Looks at no more than
 * `rows` of each tenant; *more_out: there are more. Costs one look into an index while nobody wants to be
 * told. */
RMS_MUST_USE int rms_notify_scan(struct rms_db *db, int64_t now, int64_t rows, bool *more_out);

/* Kinds of mail, by how often. */
#define RMS_NOTICE           "notice" /* soon */
#define RMS_NOTICE_DAILY     "daily"
#define RMS_NOTICE_WEEKLY    "weekly"
#define RMS_NOTICE_GIVE_UP_S RMS_DAY_S /* S-169 */

/* When a mail of this kind that becomes due now may go: at once, at the end of the day or of Sunday, UTC. */
int64_t rms_notice_time(const char *kind, int64_t now);

/* Documents of an issuer with something to tell in a mail of this kind, newest event first. */
struct rms_notice_document {
    struct rms_document_key key;
    const char *name; /* NULL */
    int64_t published_at;
    int64_t since; /* the caller's: events of licences issued before are not his (store/document.h) */
    unsigned notify;
    const char *notify_style; /* NULL */
    int64_t notify_from;
    int64_t seen; /* places in the chain: newest event, and up to where it was told */
    int64_t told;
    int64_t handed_until; /* as of struct rms_tracked */
};
struct rms_notice_documents {
    struct rms_notice_document *items;
    size_t count;
};
struct rms_notice_query {
    const char *tenant_id;
    const char *issuer;
    const char *kind;
    size_t limit;
};
RMS_MUST_USE int rms_notice_documents(struct rms_db *db, struct rms_arena *arena,
    const struct rms_notice_query *query, struct rms_notice_documents *list_out);

/* How many of each, and each() for the newest `limit`, in order of time; as rms_usage_read. */
struct rms_notice_counts {
    int64_t opened;
    int64_t refused;
};
RMS_MUST_USE int rms_notice_count(
    struct rms_db *db, const struct rms_notice_document *document, struct rms_notice_counts *counts_out);
RMS_MUST_USE int rms_notice_events(struct rms_db *db, const struct rms_notice_document *document,
    size_t limit, rms_usage_each *each, void *context);

/* Told up to what was seen then. */
RMS_MUST_USE int rms_notice_told(struct rms_db *db, const struct rms_notice_document *document);

#endif
