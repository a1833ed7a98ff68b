/* The admin log: one row for every administrative command, reads included (S-194). */
#ifndef RMS_STORE_ADMIN_LOG_H
#define RMS_STORE_ADMIN_LOG_H

#include "store/usage_verify.h"

struct rms_admin_row {
    const char *tenant_id; /* NULL: concerns the whole deployment */
    int64_t time;
    const char *actor;
    const char *command; /* with its arguments, secrets masked by the caller */
    bool passed;
    const char *result;
    const char *correlation_id; /* may be NULL */
};

RMS_MUST_USE int rms_admin_log_append(struct rms_db *db, const struct rms_admin_row *row);

/* Chains the rows of a tenant (NULL: of none) that wait, in their order, and signs the new end. Not inside of
 * a transaction. What the signer returns is returned, and the rows go on waiting. */
RMS_MUST_USE int rms_admin_chain_seal(
    struct rms_db *db, const char *tenant_id, const struct rms_chain_signer *signer, int64_t now);

/* Statements name the chain by a GUID of its own: those of the usage log are never those of this one. */
void rms_admin_chain_name(const char *tenant_id, char out[RMS_GUID_TEXT]);

/* As rms_usage_verify. Rows that wait are not looked at. */
RMS_MUST_USE int rms_admin_chain_verify(
    struct rms_db *db, const struct rms_usage_check *check, struct rms_usage_report *report_out);

struct rms_admin_query {
    const char *tenant_id; /* NULL = the rows of no tenant */
    bool all_tenants;      /* for the operator */
    int64_t from;          /* included; RMS_TIME_NONE = from the first */
    int64_t to;            /* included (S-194); RMS_TIME_NONE = to the last */
    size_t limit;          /* 0 = all; else the newest `limit` of the range */
};

/* As rms_usage_read. */
typedef int rms_admin_each(const struct rms_admin_row *row, void *context);
RMS_MUST_USE int rms_admin_log_read(
    struct rms_db *db, const struct rms_admin_query *query, rms_admin_each *each, void *context);

#endif
