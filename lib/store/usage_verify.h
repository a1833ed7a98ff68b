/* Is the usage log what the service wrote? (doc/format/usage-log.md, doc/dev/log.md) */
#ifndef RMS_STORE_USAGE_VERIFY_H
#define RMS_STORE_USAGE_VERIFY_H

#include "store/chain.h"

enum rms_usage_finding {
    RMS_USAGE_INTACT,
    RMS_USAGE_EDITED,    /* a row is not as it was written, or not the row that was written there */
    RMS_USAGE_DELETED,   /* rows are missing between others */
    RMS_USAGE_INSERTED,  /* a row the service did not write */
    RMS_USAGE_TRUNCATED, /* the newest rows are missing */
    RMS_USAGE_REWRITTEN, /* somewhere in this range the chain was made anew */
    RMS_USAGE_EFFACED,   /* a field was erased, or its pseudonym set, without a signed statement */
    RMS_USAGE_UNSIGNED,  /* a statement about the chain is missing or not the service's */
    RMS_USAGE_FINDINGS
};

/* The word for it: "intact", "edited", ... */
const char *rms_usage_finding_word(enum rms_usage_finding finding);

struct rms_usage_report {
    enum rms_usage_finding finding;
    int64_t seq;                /* the first wrong row, counted in the chain; 0 = none in particular */
    int64_t until;              /* deleted, truncated, rewritten: the last of the range, else seq */
    char row_id[RMS_GUID_TEXT]; /* of the wrong row when there is one, else "" */
    int64_t time;               /* its, RMS_TIME_NONE without one */

    int64_t first; /* number of the oldest row that the chain holds: 1, or behind a cut */
    int64_t rows;  /* seen until the end or the finding */
    int64_t erased;
    int64_t cut_time;   /* RMS_TIME_NONE: nothing was cut */
    int64_t adopted;    /* rows up to this one were taken over from before there were chains */
    int64_t adopted_at; /* RMS_TIME_NONE: none */
    struct rms_chain_place head;
    int64_t head_time; /* RMS_TIME_NONE: no chain, and no rows */
    char key_id[RMS_GUID_TEXT];
};

/* Before anything was read. */
#define RMS_USAGE_REPORT                                                                                     \
    ((struct rms_usage_report){.first = 1,                                                                   \
        .time = RMS_TIME_NONE,                                                                               \
        .cut_time = RMS_TIME_NONE,                                                                           \
        .adopted_at = RMS_TIME_NONE,                                                                         \
        .head_time = RMS_TIME_NONE})

/* trust: asked once for each key that signed something, after its signature was found good; not 0 = the key
 * is not the service's. NULL: every key of the database is. */
struct rms_usage_trust {
    int (*trust)(void *context, const char *key_id);
    void *context;
};

/* expect: a place noted elsewhere, which must be in the chain: finds a log that was put back to an earlier
 * state, head and all; NULL = none. 0 with what was found, or why it could not look. Reads one moment. */
struct rms_usage_check {
    const char *tenant_id; /* NULL: the rows of no tenant */
    const struct rms_usage_trust *trust;
    const struct rms_chain_place *expect;
};
RMS_MUST_USE int rms_usage_verify(
    struct rms_db *db, const struct rms_usage_check *check, struct rms_usage_report *report_out);

#endif
