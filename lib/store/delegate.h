/* Delegates: who may follow one document of somebody else, and perhaps revoke it (B-05, doc/dev/tracking.md).
 */
#ifndef RMS_STORE_DELEGATE_H
#define RMS_STORE_DELEGATE_H

#include "store/document.h"

#define RMS_DELEGATES_MAX 100 /* of a document */

struct rms_delegate {
    const char *account_id;
    const char *address;    /* his, as it was then */
    const char *by_account; /* who made him one: counts while the document is that one's */
    const char *added_by;   /* address of that one */
    int64_t added_at;
    bool may_revoke;
    int64_t since; /* what is his business: licences issued from then on */
};

struct rms_delegates {
    struct rms_delegate *items;
    size_t count;
};

/* Makes him one, or changes what he may. RMS_E_LIMIT. */
RMS_MUST_USE int rms_delegate_put(
    struct rms_db *db, const struct rms_document_key *key, const struct rms_delegate *delegate);

/* RMS_E_NOT_FOUND when he is none. */
RMS_MUST_USE int rms_delegate_remove(
    struct rms_db *db, const struct rms_document_key *key, const char *account_id);

/* Those that count, in the order of their addresses. */
RMS_MUST_USE int rms_delegate_list(struct rms_db *db, struct rms_arena *arena,
    const struct rms_tracked *document, struct rms_delegates *list_out);

#endif
