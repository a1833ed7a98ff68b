/* Kinds of mail: one table (mailer.c) of name, who writes the letter, and what follows. */
#ifndef RMS_SERVICE_MAIL_KIND_H
#define RMS_SERVICE_MAIL_KIND_H

#include "service/mail_letter.h"
#include "store/mail.h"
#include "store/tenant.h"

struct rms_settings;

/* A row of the table in hand. */
struct rms_mailing {
    const struct rms_settings *settings;
    struct rms_db *db;
    struct rms_arena *arena;
    struct rms_mail mail;
    struct rms_tenant tenant;
    int64_t now;
    void *state; /* of the kind, from write to done */
};

struct rms_mail_kind {
    const char *name;
    /* Writes the letter. RMS_E_NOT_FOUND: there is nothing to say (any more). */
    int (*write)(struct rms_mailing *mailing, struct rms_letter *letter);
    /* It was sent, there was nothing to say, or it is given up; settles or removes the row. In a transaction
     * that holds the row. */
    int (*done)(struct rms_mailing *mailing, bool sent);
};

/* Notices of what happened to documents (mail_notice.c); the row's kind says how often. */
int rms_mail_notice_write(struct rms_mailing *mailing, struct rms_letter *letter);
int rms_mail_notice_done(struct rms_mailing *mailing, bool sent);

/* Passcodes and links (mail_proof.c); the row's ref is the proof. */
int rms_mail_passcode_write(struct rms_mailing *mailing, struct rms_letter *letter);
int rms_mail_signup_write(struct rms_mailing *mailing, struct rms_letter *letter);
int rms_mail_proof_done(struct rms_mailing *mailing, bool sent);

/* An administrator may open what is the recipient's (mail_recovery.c); the row's ref is the request. */
#define RMS_MAIL_RECOVERY "recovery"
int rms_mail_recovery_write(struct rms_mailing *mailing, struct rms_letter *letter);
int rms_mail_recovery_done(struct rms_mailing *mailing, bool sent);

/* The keys of the recipient's tenant were breached (mail_breach.c); the row's ref is the case (breach.h). */
#define RMS_MAIL_BREACH "breach"
int rms_mail_breach_write(struct rms_mailing *mailing, struct rms_letter *letter);
int rms_mail_breach_done(struct rms_mailing *mailing, bool sent);

/* The super user feature or its lists changed (super_alert.c); the row's ref says what. */
#define RMS_MAIL_SUPER_USERS "super-users"
int rms_mail_super_users_write(struct rms_mailing *mailing, struct rms_letter *letter);
int rms_mail_super_users_done(struct rms_mailing *mailing, bool sent);

/* About one document (mail_document.c). A reader is told that it was revoked, the row's ref is content id and
 * issuer; its issuer that it was registered, the row's ref is the content id. */
#define RMS_MAIL_REVOKED    "revoked"
#define RMS_MAIL_REGISTERED "registered"
int rms_mail_revoked_write(struct rms_mailing *mailing, struct rms_letter *letter);
int rms_mail_registered_write(struct rms_mailing *mailing, struct rms_letter *letter);
int rms_mail_document_done(struct rms_mailing *mailing, bool sent);

/* "2026-11-22 09:30", UTC; "" for RMS_TIME_NONE. In the arena. */
const char *rms_mail_time(struct rms_arena *arena, int64_t time);

#endif
