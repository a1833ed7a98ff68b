/* Tracked documents: what was registered, who opened it, and whether it is revoked (doc/dev/tracking.md).
 *
 * A document is named by tenant, content id and issuer together: anybody can make a licence with somebody
 * else's content id, nobody one with somebody else's signature. */
#ifndef RMS_STORE_DOCUMENT_H
#define RMS_STORE_DOCUMENT_H

#include "store/usage.h"

struct rms_document_key {
    const char *tenant_id;
    const char *content_id; /* plain GUID */
    const char *issuer;     /* normalised address */
};

struct rms_tracked {
    struct rms_document_key key;
    const char *owner;
    const char *name;        /* NULL: nobody told */
    const char *template_id; /* NULL = ad hoc */
    int64_t published_at;
    const char *previous_id; /* content id it was protected again from; NULL */
    int64_t registered_at;
    unsigned notify;          /* enum rms_notify */
    const char *notify_style; /* culture and time zone of mail (service/notification.h); NULL */
    /* only written: */
    const char *key_id; /* the tenant key its licence is under; NULL: the licence was not seen */
    /* only read: */
    bool revoked;
    int64_t revoked_at;     /* of the newest change; RMS_TIME_NONE = never revoked */
    const char *revoked_by; /* who made it */
    /* handed over (store/hand_over.h) */
    const char *holder_id; /* account that has it; NULL: nobody but who protected it */
    const char *holder;    /* its address then */
    int64_t held_since;    /* what is the holder's: licences issued from then on */
    int64_t handed_until;  /* the issuer keeps licences issued after this; RMS_TIME_NONE: all */
};

#define RMS_TRACKED_NAME_MAX 1024

/* What the issuer is told of by mail, and how often (S-168): at once, unless a pace is set. */
enum rms_notify {
    RMS_NOTIFY_OPENED = 1,
    RMS_NOTIFY_REFUSED = 2,
    RMS_NOTIFY_DAILY = 4,
    RMS_NOTIFY_WEEKLY = 8,
    RMS_NOTIFY_UNCHANGED = 16, /* registering: as it is; nothing at first */
};
#define RMS_NOTIFY_EVENTS (RMS_NOTIFY_OPENED | RMS_NOTIFY_REFUSED)
#define RMS_NOTIFY_PACE   (RMS_NOTIFY_DAILY | RMS_NOTIFY_WEEKLY)

struct rms_tracked_list {
    struct rms_tracked *items;
    size_t count;
};

/* Makes the records, or gives existing ones the name and the previous id where they are set, and notify
 * unless that is RMS_NOTIFY_UNCHANGED: events count from registered_at on. They survive a crash of the
 * process at once and a power failure within seconds. */
RMS_MUST_USE int rms_tracked_register(struct rms_db *db, const struct rms_tracked *documents, size_t count);

/* Makes the record when there is none; corrects the time of one that was registered without its licence. */
RMS_MUST_USE int rms_tracked_note(struct rms_db *db, const struct rms_tracked *document);

/* The same from a usage row, in the transaction that appends it. A row that does not name issuer, owner and
 * content makes none. */
RMS_MUST_USE int rms_tracked_note_row(struct rms_db *db, const struct rms_usage_row *row);

/* RMS_E_NOT_FOUND. */
RMS_MUST_USE int rms_tracked_get(struct rms_db *db, struct rms_arena *arena,
    const struct rms_document_key *key, struct rms_tracked *document_out);

/* All with this content id, the first registered first. */
RMS_MUST_USE int rms_tracked_by_content(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const char *content_id, struct rms_tracked_list *list_out);

/* What the same issuer protected again from this document. */
RMS_MUST_USE int rms_tracked_next(struct rms_db *db, struct rms_arena *arena,
    const struct rms_document_key *key, struct rms_tracked_list *list_out);

struct rms_tracked_query {
    const char *tenant_id;
    const char *issuer;   /* NULL = anybody */
    const char *holder;   /* what was handed over to this account, instead; NULL */
    const char *delegate; /* what this account may follow as a delegate, instead; NULL */
    const char *text;     /* part of the name, any case of A to Z; NULL = any */
    size_t limit;         /* the newest so many; 0 = all */
};

/* Newest first. */
RMS_MUST_USE int rms_tracked_list(struct rms_db *db, struct rms_arena *arena,
    const struct rms_tracked_query *query, struct rms_tracked_list *list_out);

/* Of whoever they are: what administrators ask for (S-170). NULL and RMS_TIME_NONE: whatever. */
struct rms_tracked_search {
    const char *tenant_id;
    const char *user;       /* issuer, owner, or who has it now; of events: issuer, or who asked */
    const char *owner;      /* or who has it now (documents) */
    const char *text;       /* part of the name (documents) */
    const char *content_id; /* events */
    int64_t from, to;       /* both included; of documents when they were protected */
    size_t limit;           /* the newest so many */
};

/* Newest first. */
RMS_MUST_USE int rms_tracked_find(struct rms_db *db, struct rms_arena *arena,
    const struct rms_tracked_search *search, struct rms_tracked_list *list_out);

/* Attempts to get a licence, in order of time; as rms_tracked_events. */
RMS_MUST_USE int rms_tracked_log(
    struct rms_db *db, const struct rms_tracked_search *search, rms_usage_each *each, void *context);

/* What was done with a document, as far as it was published at `since` or later: an account that inherited an
 * address learns nothing of what was protected before it. */
struct rms_tracked_scope {
    struct rms_document_key key;
    int64_t since;
};

/* Attempts to get a licence, and what applications refused: rows of the usage log in order of time, the
 * newest `limit` of them, hidden set. As rms_usage_read. */
RMS_MUST_USE int rms_tracked_events(struct rms_db *db, const struct rms_tracked_scope *scope, size_t limit,
    rms_usage_each *each, void *context);

/* The newest opening of a document by a person, since his account is there: for what he says of it. */
struct rms_tracked_reader {
    const char *content_id;
    const char *user; /* as in the usage log */
    int64_t since;
};
struct rms_tracked_opening {
    struct rms_tracked document; /* key, owner, name, template_id, published_at */
    int64_t time;
};

/* Of any tenant. RMS_E_NOT_FOUND. */
RMS_MUST_USE int rms_tracked_opened(struct rms_db *db, struct rms_arena *arena,
    const struct rms_tracked_reader *reader, struct rms_tracked_opening *opening_out);

/* How much applications told of refusing a person, in the log of a tenant, after a time. */
RMS_MUST_USE int rms_tracked_refusals(
    struct rms_db *db, const char *tenant_id, const char *user, int64_t after, int64_t *count_out);

/* Who holds a licence that still opens offline after `now`, the longest first. */
struct rms_holder {
    const char *user;
    bool hidden;   /* his activity others do not see (S-167) */
    int64_t until; /* RMS_USAGE_NO_END = without end */
};
struct rms_holders {
    struct rms_holder *items;
    size_t count;
};
RMS_MUST_USE int rms_tracked_holders(struct rms_db *db, struct rms_arena *arena,
    const struct rms_tracked_scope *scope, int64_t now, struct rms_holders *holders_out);

/* Who got a licence for it, `user` alone set; the newest `limit`. */
RMS_MUST_USE int rms_tracked_readers(struct rms_db *db, struct rms_arena *arena,
    const struct rms_tracked_scope *scope, size_t limit, struct rms_holders *readers_out);

/* --- revocation ----------------------------------------------------------------------------------------- */

struct rms_revocation {
    struct rms_document_key key;
    bool revoked; /* false: restored */
    int64_t time;
    const char *actor;
    const char *reason;  /* NULL: none given */
    const char *message; /* to its readers (S-163); NULL: none */
    int64_t since;       /* reaches licences issued from then on; 0 = all */
};

/* Adds to the history when that changes something (changed_out). Of a document that is not registered:
 * RMS_E_NOT_FOUND. */
RMS_MUST_USE int rms_revocation_add(
    struct rms_db *db, const struct rms_revocation *revocation, bool *changed_out);

struct rms_revocation_list {
    struct rms_revocation *items;
    size_t count;
};

/* The history of a document, oldest first. */
RMS_MUST_USE int rms_revocation_history(struct rms_db *db, struct rms_arena *arena,
    const struct rms_document_key *key, struct rms_revocation_list *list_out);

/* Everything that was added behind *seq, in order; *seq moves along with the rows each() took with 0. The row
 * is borrowed, without actor and reason; each() must not use this db. */
typedef int rms_revocation_each(const struct rms_revocation *revocation, void *context);
RMS_MUST_USE int rms_revocation_follow(
    struct rms_db *db, int64_t *seq, rms_revocation_each *each, void *context);

#endif
