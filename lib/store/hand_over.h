/* Documents handed over to another owner (doc/dev/tracking.md). The files stay as they are: what changes is
 * who takes the place of the owner and issuer that their licences name. */
#ifndef RMS_STORE_HAND_OVER_H
#define RMS_STORE_HAND_OVER_H

#include "store/document.h"

struct rms_hand_over {
    /* content_id "": everything its issuer protected from since to until, both included; of an owner who is
     * not the issuer the place as owner. What a row of a document says comes before that. */
    struct rms_document_key key;
    int64_t since, until;
    const char *account_id; /* who has it now: an account, no address, so that nobody inherits it */
    const char *address;    /* his, as it was then: shown, and asked for access */
    const char *former;     /* address of who had it */
    int64_t time;
    const char *actor;
    const char *reason; /* NULL: none given */
    int64_t seq;        /* only read */
};

struct rms_hand_over_list {
    struct rms_hand_over *items;
    size_t count;
};

/* One document; since, until and former of `row` are set here. Nobody is told by mail of it any more.
 * *changed_out: false when he has it already. */
RMS_MUST_USE int rms_hand_over_document(
    struct rms_db *db, struct rms_arena *arena, const struct rms_hand_over *row, bool *changed_out);

/* Everything somebody has: what his addresses protected up to the end of this minute, and what was handed
 * over to him. */
struct rms_leaver {
    const char *account_id; /* NULL: the account is gone, and the address alone says who it was */
    const char *const *addresses;
    size_t address_count;
    int64_t since; /* his addresses are his from then on (S-042) */
};
RMS_MUST_USE int rms_hand_over_all(struct rms_db *db, struct rms_arena *arena,
    const struct rms_leaver *leaver, const struct rms_hand_over *row, size_t *count_out);

/* The history, newest first. */
RMS_MUST_USE int rms_hand_over_list(
    struct rms_db *db, struct rms_arena *arena, const char *tenant_id, struct rms_hand_over_list *list_out);

/* As rms_revocation_follow. */
typedef int rms_hand_over_each(const struct rms_hand_over *row, void *context);
RMS_MUST_USE int rms_hand_over_follow(
    struct rms_db *db, int64_t *seq, rms_hand_over_each *each, void *context);

#endif
