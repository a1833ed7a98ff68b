/* Applications that act as themselves: service identities (S-062). One is an account with RMS_SOURCE_APP as
 * its source and a pseudo-address as its UPN, so that policies, groups, super users, roles and logs know it
 * like anybody else. It has no password; here are its secrets and what it may do beyond what it is granted.
 */
#ifndef RMS_STORE_APP_H
#define RMS_STORE_APP_H

#include "store/account.h"

/* Bits. Names are those of the original. */
enum rms_permission {
    RMS_MAY_WRITE = 1,     /* Content.Writer: protect as itself, and see templates */
    RMS_MAY_READ_ALL = 2,  /* Content.SuperUser: a super user, while the feature is on */
    RMS_MAY_READ_FOR = 4,  /* Content.DelegatedReader: open as a named person */
    RMS_MAY_WRITE_FOR = 8, /* Content.DelegatedWriter: protect as a named person */
};

/* The name of the i-th permission and its bit; NULL behind the last. */
const char *rms_permission_row(size_t i, unsigned *bit_out);

#define RMS_APP_SECRET_HASH 32 /* SHA-256 of the secret; the secret itself is never stored */
#define RMS_APP_SECRETS_MAX 2  /* of one application, at a time */
#define RMS_APP_SECRET_DAYS 365

struct rms_app_secret {
    const char *id; /* GUID */
    const char *tenant_id;
    const char *account_id;
    int64_t created_at;
    int64_t expires_at; /* the first second in which it is no good */
};

struct rms_app_secrets {
    struct rms_app_secret *items;
    size_t count;
};

RMS_MUST_USE int rms_app_permit(
    struct rms_db *db, const char *tenant_id, const char *account_id, unsigned permissions);

/* Makes room by dropping those that have expired. RMS_E_LIMIT when there are two. */
RMS_MUST_USE int rms_app_secret_add(
    struct rms_db *db, const struct rms_app_secret *secret, const uint8_t hash[RMS_APP_SECRET_HASH]);

/* Of the application, oldest first. */
RMS_MUST_USE int rms_app_secret_list(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const char *account_id, struct rms_app_secrets *secrets_out);

/* Across tenants. RMS_E_NOT_FOUND for one that never was, and for one that was removed. The caller looks at
 * expires_at. */
RMS_MUST_USE int rms_app_secret_find(struct rms_db *db, struct rms_arena *arena,
    const uint8_t hash[RMS_APP_SECRET_HASH], struct rms_app_secret *secret_out);

RMS_MUST_USE int rms_app_secret_remove(
    struct rms_db *db, const char *tenant_id, const char *account_id, const char *id);

#endif
