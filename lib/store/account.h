/* Accounts of the embedded directory and the key pair of each (service-requirements section 2). Which
 * addresses authorise is decided in lib/directory; here is what was entered and what it can be found by.
 *
 * Names: a UPN and the SMTP addresses of an account, and the address of a group, are unique in a tenant, so
 * that one name never means two people. The same account may have its UPN as an address too (S-039). */
#ifndef RMS_STORE_ACCOUNT_H
#define RMS_STORE_ACCOUNT_H

#include "base/text.h"
#include "store/store.h"

/* What a value of proxyAddresses is (S-038). */
enum rms_proxy {
    RMS_PROXY_PRIMARY, /* SMTP: */
    RMS_PROXY_ALIAS,   /* smtp:, or no prefix */
    RMS_PROXY_EMPTY,   /* from here on: ignored, and why */
    RMS_PROXY_PREFIX,  /* another kind of address: SIP:, X500: ... */
    RMS_PROXY_SHAPE,   /* not exactly one @ with text around it, blanks, too long */
};

/* Classifies a value and writes its normalised address ("" when ignored). */
enum rms_proxy rms_proxy_parse(const char *value, char address_out[RMS_ADDRESS_MAX]);

struct rms_account {
    const char *id; /* GUID */
    const char *tenant_id;
    const char *upn; /* as entered; must have the shape of an address */
    const char *display_name;
    bool enabled;
    bool guest;    /* not a member of the organisation (S-051) */
    bool licensed; /* for protecting, where onboarding control asks for it (S-011) */
    int64_t created_at;
    const char *const *proxy_addresses; /* as entered, ignored values included */
    size_t proxy_address_count;
    const char *source;      /* NULL when created: RMS_SOURCE_LOCAL */
    const char *external_id; /* of the source; NULL: none */
    unsigned permissions;    /* of an application (store/app.h) */
};

/* Is it an application, and nobody? */
bool rms_account_is_app(const struct rms_account *account);

/* Did he make it himself? */
bool rms_account_is_self_made(const struct rms_account *account);

struct rms_accounts {
    struct rms_account *items;
    size_t count;
};

#define RMS_PROXY_ADDRESSES_MAX 500 /* of one account */

/* password_hash (crypto/password.h) may be NULL: no sign-in with a password. RMS_E_CONFLICT when the id or a
 * name is taken; RMS_E_NOT_FOUND without such a tenant; RMS_E_LIMIT past the number of addresses. */
RMS_MUST_USE int rms_account_create(
    struct rms_db *db, const struct rms_account *account, const char *password_hash);

RMS_MUST_USE int rms_account_get(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const char *id, struct rms_account *account_out);

/* By id, UPN or any address, in any form. */
RMS_MUST_USE int rms_account_find(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const char *name, struct rms_account *account_out);

/* People, in the order of the normalised UPN; page->after is a UPN. */
RMS_MUST_USE int rms_account_list(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const struct rms_page *page, struct rms_accounts *accounts_out);

/* In the order of ids; total_out: how many fit in all. RMS_E_BAD_ARGUMENT for a search that is for groups. */
RMS_MUST_USE int rms_account_search(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const struct rms_search *search, struct rms_accounts *accounts_out, size_t *total_out);

/* What is NULL stays. */
struct rms_account_change {
    const bool *enabled;
    const bool *licensed;
    const bool *guest;
    const char *upn;
    const char *display_name;
    const char *external_id;            /* "" removes it */
    const char *password_hash;          /* "" removes it */
    const char *const *proxy_addresses; /* replaced as a whole when set_proxy_addresses */
    size_t proxy_address_count;
    bool set_proxy_addresses;
};

/* A new password and disabling end all refresh tokens and administration sessions of the account.
 * RMS_E_CONFLICT as for create. */
RMS_MUST_USE int rms_account_change(
    struct rms_db *db, const char *tenant_id, const char *id, const struct rms_account_change *change);

/* With its key pair, memberships, super user entries and tokens. */
RMS_MUST_USE int rms_account_delete(struct rms_db *db, const char *tenant_id, const char *id);

/* *hash_out is NULL for an account without a password. For checking only: never log it. */
RMS_MUST_USE int rms_account_password(
    struct rms_db *db, struct rms_arena *arena, const char *tenant_id, const char *id, const char **hash_out);

/* The key pair of a user, the same on all devices; the private half sealed by keyd. */
struct rms_user_key {
    const char *id; /* GUID: the key's name towards keyd, to which its sealed form is bound */
    const char *tenant_id;
    const char *account_id;
    unsigned bits;
    struct rms_view modulus; /* little-endian, as in licences */
    struct rms_view sealed;
    int64_t created_at;
};

/* RMS_E_NOT_FOUND until there is one. */
RMS_MUST_USE int rms_user_key_get(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const char *account_id, struct rms_user_key *key_out);

/* By the key's id, across tenants: keyd asks by it. */
RMS_MUST_USE int rms_user_key_find(
    struct rms_db *db, struct rms_arena *arena, const char *id, struct rms_user_key *key_out);

/* Gone, or not there any more. */
RMS_MUST_USE int rms_user_key_remove(struct rms_db *db, const char *id);

/* Stores a fresh pair unless there is one already; either way key_out is the pair that counts from now on.
 * Two devices that arrive together thus get one pair. */
RMS_MUST_USE int rms_user_key_settle(struct rms_db *db, struct rms_arena *arena,
    const struct rms_user_key *fresh, struct rms_user_key *key_out);

#endif
