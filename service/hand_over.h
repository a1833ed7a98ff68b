/* The set of hand-overs in memory (doc/dev/tracking.md): whose place who has taken. Every licence request
 * asks, so that asking costs nothing while there are none. It follows the history in the store, like the set
 * of revoked documents. */
#ifndef RMS_SERVICE_HAND_OVER_H
#define RMS_SERVICE_HAND_OVER_H

#include "service/request.h"
#include "store/hand_over.h"

struct rms_hand_overs;

RMS_MUST_USE int rms_hand_overs_new(struct rms_hand_overs **set_out);
void rms_hand_overs_free(struct rms_hand_overs **set);

/* Takes what was added to the history. About every 100 ms, and after a change of one's own. */
RMS_MUST_USE int rms_hand_overs_follow(struct rms_hand_overs *set, struct rms_db *db);

/* Who has taken the place of key->issuer in this document, as far as it was issued at `issued_at`:
 * account_id, address and content_id ("": it went with everything else) in the arena; NULL: nobody.
 * content_id "" of the key asks for the latter alone.
 */
RMS_MUST_USE int rms_hand_overs_find(struct rms_hand_overs *set, struct rms_arena *arena,
    const struct rms_document_key *key, int64_t issued_at, const struct rms_hand_over **found_out);

/* Was everything of key->issuer handed over, at any time? */
bool rms_hand_overs_of(struct rms_hand_overs *set, const struct rms_document_key *key);

/* Is it this person who has taken it? By account: whoever gets his address later has nothing of it. */
bool rms_hand_over_is_of(const struct rms_hand_over *row, const struct rms_request *request);

#endif
