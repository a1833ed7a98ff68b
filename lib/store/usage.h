/* The usage log: one row for every request (service-requirements 8.1, S-185), the rows of a tenant chained
 * (doc/format/usage-log.md). */
#ifndef RMS_STORE_USAGE_H
#define RMS_STORE_USAGE_H

#include "store/store.h"

/* Texts without quotes or braces; NULL or "" = empty. The W3C form is made by the reader. */
struct rms_usage_row {
    const char *tenant_id; /* NULL: the request could not be assigned */
    int64_t time;
    const char *row_id; /* GUID */
    const char *request_type;
    const char *user_id; /* NULL = anonymous */
    const char *result;  /* "Success" or error type */
    const char *correlation_id;
    const char *content_id;
    const char *owner_email;
    const char *issuer;
    const char *template_id;
    const char *file_name;
    int64_t date_published; /* RMS_TIME_NONE = empty */
    const char *c_info;
    const char *c_ip;
    bool admin_action;
    const char *acting_as_user;
    /* fields of this product, appended behind the others (S-186) */
    bool super_user;          /* the super user right was used (S-179) */
    int64_t membership_age_s; /* age of the cached group membership (S-045); -1 = none used */
    const char *detail;       /* precise cause of a refusal, for the operator only; NULL = none */
    int64_t offline_until;    /* end of the licence that was given; 0 = none that can be kept */
    bool track;               /* no column: its document is recorded with it (store/document.h) */
    const char *key_id;       /* no column: for that record, the tenant key the licence is under */
    bool hidden; /* no column, only of rms_tracked_events: by somebody whose activity others do not see */
};

#define RMS_USAGE_NO_END INT64_MAX /* offline_until of a licence without end */

/* Who appends: one a connection, and one a process for one log. It remembers what it wrote last, so that a
 * chain that was shortened or made anew under it is noticed and never signed (log line usage.chain.broken);
 * it then goes on from what it knows, and the gap shows. db is borrowed; signer NULL: nothing is signed. */
struct rms_usage_writer;
struct rms_chain_signer; /* store/chain.h */
RMS_MUST_USE int rms_usage_writer_new(
    struct rms_db *db, const struct rms_chain_signer *signer, struct rms_usage_writer **writer_out);
void rms_usage_writer_free(struct rms_usage_writer **writer);

/* All rows or none, in one transaction, each at the end of its tenant's chain, the new ends signed before.
 * now: for what is signed. What the signer returns is returned and nothing is written. */
RMS_MUST_USE int rms_usage_append(
    struct rms_usage_writer *writer, int64_t now, const struct rms_usage_row *rows, size_t count);

/* Rows from before there were chains become the beginning of their tenant's chain, and the head says how many
 * and when. Nothing to do: 0. */
RMS_MUST_USE int rms_usage_adopt(struct rms_usage_writer *writer, int64_t now);

struct rms_usage_query {
    const char *tenant_id;  /* NULL = rows that could not be assigned to one */
    int64_t from;           /* included; RMS_TIME_NONE = from the first */
    int64_t to;             /* not included; RMS_TIME_NONE = to the last */
    size_t limit;           /* 0 = all; else the newest `limit` of the range */
    const char *content_id; /* NULL = any */
    const char *user_id;    /* NULL = any */
    bool about;             /* rows that name user_id in any part: requester, owner, issuer, acted for */
};

/* Calls each() for the rows in order of time. What it returns other than 0 ends the reading and is returned.
 * The row is borrowed during the call; each() must not use this db. */
typedef int rms_usage_each(const struct rms_usage_row *row, void *context);
RMS_MUST_USE int rms_usage_read(
    struct rms_db *db, const struct rms_usage_query *query, rms_usage_each *each, void *context);

/* How often a template was protected with and opened since a time, refusals left out (S-108). */
struct rms_usage_of_template {
    int64_t published;
    int64_t opened;
    int64_t last; /* RMS_TIME_NONE when never */
};
RMS_MUST_USE int rms_usage_of_template(struct rms_db *db, const char *tenant_id, const char *template_id,
    int64_t since, struct rms_usage_of_template *use_out);

#endif
