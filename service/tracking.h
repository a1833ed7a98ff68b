/* Tracking and revocation (doc/dev/tracking.md): what the routes for people and those for the operator share.
 * Whose document it is has been decided before any of this is called. */
#ifndef RMS_SERVICE_TRACKING_H
#define RMS_SERVICE_TRACKING_H

#include "service/front.h"
#include "service/licence.h"
#include "store/document.h"

#define RMS_TRACKING_LIST_MAX   10000 /* documents, events: the newest */
#define RMS_TRACKING_REASON_MAX 1024
#define RMS_TRACKING_REFUSAL    "RefuseAction" /* log rows of what applications refused */

/* A content id of a path or body in its plain form, in the arena; RMS_E_NOT_REGISTERED for anything else. */
RMS_MUST_USE int rms_tracking_id(struct rms_request *request, const char *text, const char **id_out);

/* The record that an opened or verified licence leads to; RMS_E_NOT_REGISTERED when nobody signed for it. */
RMS_MUST_USE int rms_tracking_of_licence(
    struct rms_request *request, const struct rms_opening *opening, struct rms_tracked *document_out);

/* The document that the request's log row names is recorded with that row, where the tenant wants that: what
 * is protected and opened does not wait for it. */
void rms_tracking_keep(
    struct rms_request *request, const struct rms_live_tenant *tenant, const struct rms_live_key *key);

/* The same for a document that somebody else opens. */
void rms_tracking_note(struct rms_request *request, const struct rms_opening *opening);

/* S-191: the document's facts in the log row of the request. */
void rms_tracking_tell(struct rms_request *request, const struct rms_tracked *document);

/* Of such a row: the right that was missing, in the arena, and when; of others NULL. */
const char *rms_tracking_refused(struct rms_arena *arena, const struct rms_usage_row *row, int64_t *time_out);

/* Waits for rows of a moment ago, before records or events are read. */
void rms_tracking_settle(struct rms_request *request);

/* Sets who has it now in a record that does not come from the store. */
RMS_MUST_USE int rms_tracking_place(struct rms_request *request, struct rms_tracked *document);

/* Is it a document of the person who asks: protected by him and not handed over, or handed over to him? */
bool rms_tracking_is_own(const struct rms_request *request, const struct rms_tracked *document);

/* Of a document of his: from when on its licences are his business (S-042, and what was handed over). */
int64_t rms_tracking_since(const struct rms_request *request, const struct rms_tracked *document);

/* Hands the document over, on this node at once; `who` is an account of the tenant by any name. Tells the log
 * of it; *changed_out: false when he has it already. */
struct rms_tracking_heir {
    const char *who;
    const char *actor;
    const char *reason; /* NULL: none */
};
RMS_MUST_USE int rms_tracking_hand_over(struct rms_request *request, const struct rms_tracked *document,
    const struct rms_tracking_heir *heir, bool *changed_out);

/* The account that an heir is; text in the arena, of `row` account_id, address, actor, reason and time are
 * set. RMS_E_NOT_FOUND, RMS_E_BAD_ARGUMENT for guests, disabled accounts and groups. */
struct rms_hand_over;
RMS_MUST_USE int rms_tracking_heir(struct rms_request *request, const struct rms_tracking_heir *heir,
    const char *tenant_id, struct rms_hand_over *row_out);

/* Documents, without the brackets; one with its history, what became of it, and who may still open it
 * offline; an array of events. `since`: rms_tracking_since, or 0 for whoever may see all. */
void rms_tracking_write_rows(struct rms_buf *out, const struct rms_tracked_list *list);
RMS_MUST_USE int rms_tracking_write_one(
    struct rms_request *request, const struct rms_tracked *document, int64_t since, struct rms_buf *out);
void rms_tracking_write_event(
    struct rms_buf *out, struct rms_arena *arena, const struct rms_usage_row *row); /* its members */
RMS_MUST_USE int rms_tracking_write_events(
    struct rms_request *request, const struct rms_tracked_scope *scope, struct rms_buf *out);

/* Calls each() for the events that are shown: not what happened while tracking was off, nor what is older
 * than the tenant keeps it (S-172), nor, but for administrators, what others do who are not tracked (S-167).
 */
RMS_MUST_USE int rms_tracking_each_event(
    struct rms_request *request, const struct rms_tracked_scope *scope, rms_usage_each *each, void *context);

/* The same events put together: in short, by person, by place. */
enum rms_tracking_view { RMS_VIEW_SUMMARY, RMS_VIEW_PEOPLE, RMS_VIEW_MAP };
RMS_MUST_USE int rms_tracking_write_view(struct rms_request *request, const struct rms_tracked_scope *scope,
    enum rms_tracking_view view, struct rms_buf *out);

/* Revokes or restores, on this node at once, and writes the document as it is then. Revoking again changes
 * nothing; restoring what is not revoked is RMS_E_CONFLICT. */
struct rms_tracking_change {
    bool revoke;
    const char *actor;
    const char *reason; /* NULL: none */
    int64_t since;
    const char *message;     /* to its readers (S-163); NULL: none */
    struct rms_view licence; /* with it: who was given rights in it is a reader too; may be empty */
};
RMS_MUST_USE int rms_tracking_change(struct rms_request *request, const struct rms_document_key *key,
    const struct rms_tracking_change *change, struct rms_buf *out);

/* Addresses of those who opened it and those who were given rights by name: none without a message, or when
 * the service sends no mail. And a mail to them, within the transaction of revoking. */
RMS_MUST_USE int rms_tracking_readers(struct rms_request *request, const struct rms_tracked_scope *scope,
    const struct rms_tracking_change *change, struct rms_holders *readers_out);
RMS_MUST_USE int rms_tracking_tell_readers(
    struct rms_request *request, const struct rms_document_key *key, const struct rms_holders *readers);

#endif
