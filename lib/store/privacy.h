/* What is stored about one person (S-322): every place that holds addresses, one list of them. The usage log
 * has readers of its own (store/usage.h). */
#ifndef RMS_STORE_PRIVACY_H
#define RMS_STORE_PRIVACY_H

#include "store/store.h"

enum rms_privacy_kind { RMS_PRIVACY_TEXT, RMS_PRIVACY_NUMBER, RMS_PRIVACY_TIME, RMS_PRIVACY_FLAG };

struct rms_privacy_cell {
    const char *name;
    enum rms_privacy_kind kind;
    const char *text; /* NULL: not set */
    int64_t number;
};

/* Where people stand. Also the order of the list. */
enum rms_privacy_place {
    RMS_PRIVACY_ACCOUNT,
    RMS_PRIVACY_ADDRESS,
    RMS_PRIVACY_GROUP,
    RMS_PRIVACY_DIRECTORY,
    RMS_PRIVACY_SIGN_IN,
    RMS_PRIVACY_SESSION,
    RMS_PRIVACY_ROLE,
    RMS_PRIVACY_SUPER_USER,
    RMS_PRIVACY_TEMPLATE,
    RMS_PRIVACY_DOCUMENT,
    RMS_PRIVACY_REVOCATION,
    RMS_PRIVACY_CONTENT,
    RMS_PRIVACY_MAIL,
    RMS_PRIVACY_PROOF,
    RMS_PRIVACY_ADMIN_LOG,
    RMS_PRIVACY_PLACES
};

/* "Accounts", "Templates", ...: the member of the export. */
const char *rms_privacy_name(enum rms_privacy_place place);

/* A row is borrowed during the call; what it returns other than 0 ends the reading and is returned. */
typedef int rms_privacy_each(const struct rms_privacy_cell *cells, size_t count, void *context);

/* All rows of a place that name this address (normalised). */
RMS_MUST_USE int rms_privacy_read(struct rms_db *db, enum rms_privacy_place place, const char *tenant_id,
    const char *address, rms_privacy_each *each, void *context);

/* Takes away what nothing depends on: the documents that this address tracks (not their revocations: they
 * would open again), mail that waits, proofs of the address. The rest has commands of its own. */
RMS_MUST_USE int rms_privacy_remove(
    struct rms_db *db, const char *tenant_id, const char *address, int64_t *rows_out);

#endif
