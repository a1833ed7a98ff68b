/* Taking something out of the logs for good: old rows, and what names a person. Each leaves a signed
 * statement, so that the chain still verifies and says what is gone (doc/format/usage-log.md). */
#ifndef RMS_STORE_USAGE_REMOVE_H
#define RMS_STORE_USAGE_REMOVE_H

#include "store/chain.h"

struct rms_usage_removal {
    struct rms_db *db;
    const struct rms_chain_signer *signer;
    const char *tenant_id; /* NULL, of old rows: those of no tenant */
    int64_t now;
    bool streamed_only; /* old rows of the usage log that a stream does not have yet stay (store/stream.h) */
};

/* Removes the beginning of the chain up to the last row before this time; a row that is older but stands
 * behind a newer one stays. rows_out: how many. */
RMS_MUST_USE int rms_usage_cut(const struct rms_usage_removal *removal, int64_t before, uint64_t *rows_out);

/* The same of the log of administration. */
RMS_MUST_USE int rms_admin_log_cut(
    const struct rms_usage_removal *removal, int64_t before, uint64_t *rows_out);

/* Puts a pseudonym, the same in all rows, in place of this address wherever it is the requester, owner,
 * issuer or the person acted for, and of what goes with it: the requester's address and client, the owner's
 * file name, the detail. rows_out: how many. */
RMS_MUST_USE int rms_usage_erase(
    const struct rms_usage_removal *removal, const char *address, uint64_t *rows_out);

#endif
