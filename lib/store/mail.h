/* Mail to send (doc/dev/mail.md). A row says what is to be said to whom, never the words: codes, links and
 * activity are put in when the message is made. One row for each tenant, kind, recipient and reference:
 * asking again while it waits changes nothing, so that the table does not grow with what happens. */
#ifndef RMS_STORE_MAIL_H
#define RMS_STORE_MAIL_H

#include "store/store.h"

struct rms_mail {
    const char *id; /* GUID; out */
    const char *tenant_id;
    const char *kind;
    const char *recipient; /* normalised address */
    const char *ref;       /* what it is about; "" */
    int64_t next_at;       /* not before */
    int64_t give_up_at;
    /* only read: */
    int64_t attempts;
    int64_t sent_at; /* of this row, the last time; 0 = never */
    int64_t sent_count;
    int64_t pause_s; /* pace of this row */
};

/* Wants it sent. One that waits already stays as it is; one that was sent before keeps its pace: not before
 * its own next_at. */
RMS_MUST_USE int rms_mail_put(struct rms_db *db, const struct rms_mail *mail);

/* The one whose end is nearest among those that may go now, claimed: until `until` nobody else gets it, and
 * who dies meanwhile has lost nothing. RMS_E_NOT_FOUND when there is none. */
RMS_MUST_USE int rms_mail_claim(
    struct rms_db *db, struct rms_arena *arena, int64_t now, int64_t until, struct rms_mail *mail_out);

/* It was not sent: again at `next_at`. */
RMS_MUST_USE int rms_mail_later(struct rms_db *db, const char *id, int64_t next_at);

/* It was sent (or there was nothing to say, or it is given up). The row stays for its pace: waiting says
 * whether there is more. */
struct rms_mail_pace {
    bool sent;
    bool waiting;
    int64_t now;
    int64_t next_at;
    int64_t give_up_at; /* of what waits */
    int64_t pause_s;
};
RMS_MUST_USE int rms_mail_settle(struct rms_db *db, const char *id, const struct rms_mail_pace *pace);

/* The row is gone. */
RMS_MUST_USE int rms_mail_remove(struct rms_db *db, const char *id);

/* Others wait until this transaction ends: what is read behind it is what counts. RMS_E_NOT_FOUND. */
RMS_MUST_USE int rms_mail_lock(struct rms_db *db, const char *id);

/* Of one kind, waiting. */
RMS_MUST_USE int rms_mail_count(
    struct rms_db *db, const char *tenant_id, const char *kind, int64_t *count_out);

/* For operators: what waits, the next first; tenant_id NULL: of all. */
struct rms_mails {
    struct rms_mail *items;
    size_t count;
};
RMS_MUST_USE int rms_mail_list(
    struct rms_db *db, struct rms_arena *arena, const char *tenant_id, struct rms_mails *list_out);

/* Drops rows that kept a pace nobody needs any more. */
RMS_MUST_USE int rms_mail_sweep(struct rms_db *db, int64_t before);

#endif
