/* Recovery with four eyes (B-13): the right of a super user for one document or one owner, asked for by one
 * administrator, approved by another, over after some hours. */
#ifndef RMS_STORE_RECOVERY_H
#define RMS_STORE_RECOVERY_H

#include "store/store.h"

#define RMS_RECOVERY_WAITING  "waiting"
#define RMS_RECOVERY_APPROVED "approved"
#define RMS_RECOVERY_DENIED   "denied"
#define RMS_RECOVERY_ENDED    "ended"

struct rms_recovery {
    const char *id; /* GUID */
    const char *tenant_id;
    const char *account_id; /* who gets the right, and his address then */
    const char *address;
    const char *asked_account; /* NULL: the operator */
    const char *asked_by;
    int64_t asked_at;
    const char *reason;
    const char *ticket;     /* NULL */
    const char *owner;      /* reaches what this address protected or owns; NULL: one document */
    const char *content_id; /* that one, with who protected it */
    const char *issuer;
    int64_t hours;
    const char *recipient; /* the tenant's key instead, for who has this one (export, below); NULL */
    /* only read: */
    const char *state;
    const char *decided_by; /* who approved, denied or ended it; NULL */
    int64_t decided_at;     /* 0 */
    int64_t ends_at;        /* 0 until it is approved */
};

struct rms_recoveries {
    struct rms_recovery *items;
    size_t count;
};

/* A request that waits. */
RMS_MUST_USE int rms_recovery_ask(struct rms_db *db, const struct rms_recovery *recovery);

/* RMS_E_NOT_FOUND. */
RMS_MUST_USE int rms_recovery_get(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const char *id, struct rms_recovery *recovery_out);

/* In this state, or with NULL all, but for exports; the newest first. */
RMS_MUST_USE int rms_recovery_list(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const char *state, struct rms_recoveries *list_out);

/* S-028: a request whose recipient is set (the name of a public key: rms_rsa_fingerprint_text) is for the
 * tenant's own key. It opens no document. The newest first. */
RMS_MUST_USE int rms_export_list(
    struct rms_db *db, struct rms_arena *arena, const char *tenant_id, struct rms_recoveries *list_out);

/* Approved ones of all tenants whose hours are over. */
RMS_MUST_USE int rms_recovery_due(
    struct rms_db *db, struct rms_arena *arena, int64_t now, struct rms_recoveries *list_out);

struct rms_recovery_step {
    const char *from; /* state */
    const char *to;
    const char *by;
    int64_t at;
    int64_t ends_at;
};
/* RMS_E_CONFLICT when it is not in that state (any more). */
RMS_MUST_USE int rms_recovery_change(
    struct rms_db *db, const char *tenant_id, const char *id, const struct rms_recovery_step *step);

/* Switches the option; on: the super user feature goes off, its lists stay. changed_out: false when it was
 * so. */
RMS_MUST_USE int rms_recovery_require(
    struct rms_db *db, const char *tenant_id, bool four_eyes, bool *changed_out);

#endif
