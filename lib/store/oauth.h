/* What the built-in sign-in keeps: registered clients, authorisation codes, device codes, refresh tokens
 * (doc/protocol/sign-in.md). Codes and tokens come here only as SHA-256 hashes. Taking is atomic: of any
 * number of threads and processes that present the same value, one succeeds. */
#ifndef RMS_STORE_OAUTH_H
#define RMS_STORE_OAUTH_H

#include "store/store.h"

#define RMS_TOKEN_HASH 32

struct rms_oauth_client {
    const char *tenant_id;
    const char *client_id;
    const char *name; /* may be NULL */
    const char *const *redirect_uris;
    size_t redirect_uri_count;
    bool legacy_no_pkce;
    int64_t created_at;
};

struct rms_oauth_clients {
    struct rms_oauth_client *items;
    size_t count;
};

/* RMS_E_CONFLICT when the tenant has the client id. */
RMS_MUST_USE int rms_oauth_client_add(struct rms_db *db, const struct rms_oauth_client *client);
RMS_MUST_USE int rms_oauth_client_get(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const char *client_id, struct rms_oauth_client *client_out);
RMS_MUST_USE int rms_oauth_client_list(
    struct rms_db *db, struct rms_arena *arena, const char *tenant_id, struct rms_oauth_clients *clients_out);

/* Its codes and tokens end with it. */
RMS_MUST_USE int rms_oauth_client_remove(struct rms_db *db, const char *tenant_id, const char *client_id);

/* What a person has agreed to; common to codes and tokens. */
struct rms_oauth_grant {
    const char *tenant_id;
    const char *client_id;
    const char *account_id;
    const char *scope;    /* as granted; may be NULL */
    const char *resource; /* may be NULL */
    const char *nonce;    /* OpenID Connect; may be NULL */
    int64_t auth_time;    /* when the person typed the password */
    bool passcode;        /* no password: a code that was mailed (S-058) */
};

struct rms_auth_code {
    uint8_t hash[RMS_TOKEN_HASH];
    struct rms_oauth_grant grant;
    const char *redirect_uri;
    const char *challenge; /* PKCE S256, base64url; NULL = none */
    const char *family_id; /* GUID for the refresh tokens that will come of it */
    int64_t expires_at;
};

RMS_MUST_USE int rms_auth_code_put(struct rms_db *db, const struct rms_auth_code *code);

/* Once. RMS_E_NOT_FOUND: unknown or expired. RMS_E_CONFLICT: presented a second time; the refresh tokens of
 * its family are ended by this call (RFC 6749 4.1.2). */
RMS_MUST_USE int rms_auth_code_take(struct rms_db *db, struct rms_arena *arena,
    const uint8_t hash[RMS_TOKEN_HASH], int64_t now, struct rms_auth_code *code_out);

/* Device authorisation (RFC 8628) */

enum rms_device_state { RMS_DEVICE_PENDING, RMS_DEVICE_APPROVED, RMS_DEVICE_DENIED };

struct rms_device_code {
    uint8_t hash[RMS_TOKEN_HASH]; /* of the device code */
    const char *user_code;        /* upper case without separators */
    struct rms_oauth_grant grant; /* account_id and auth_time once approved */
    enum rms_device_state state;
    int64_t expires_at;
    unsigned interval_s;
    bool too_fast; /* out: polled before the interval was over; interval_s has grown by 5 */
};

/* RMS_E_CONFLICT when the user code is in use: choose another. */
RMS_MUST_USE int rms_device_code_put(struct rms_db *db, const struct rms_device_code *code);

/* For the page where the person types it. RMS_E_NOT_FOUND: unknown, expired (by base/clock.h) or already
 * decided. */
RMS_MUST_USE int rms_device_code_find(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const char *user_code, struct rms_device_code *code_out);

/* The person's answer, once: account_id NULL denies. now is the time of signing in. RMS_E_NOT_FOUND as above.
 */
RMS_MUST_USE int rms_device_code_decide(
    struct rms_db *db, const char *tenant_id, const char *user_code, const char *account_id, int64_t now);

/* The device asks. state tells; an approved or denied code is handed out once and is gone. RMS_E_NOT_FOUND:
 * unknown; RMS_E_EXPIRED: over. */
RMS_MUST_USE int rms_device_code_poll(struct rms_db *db, struct rms_arena *arena,
    const uint8_t hash[RMS_TOKEN_HASH], int64_t now, struct rms_device_code *code_out);

/* Refresh tokens: each is used once and replaced; all that came of one sign-in are a family. */

struct rms_refresh_token {
    uint8_t hash[RMS_TOKEN_HASH];
    struct rms_oauth_grant grant;
    const char *family_id;
    int64_t issued_at;
    int64_t expires_at;
};

RMS_MUST_USE int rms_refresh_token_put(struct rms_db *db, const struct rms_refresh_token *token);

struct rms_refresh_rotation {
    const char *tenant_id;
    const char *client_id;
    const uint8_t *old_hash;   /* RMS_TOKEN_HASH bytes: the token presented */
    const uint8_t *fresh_hash; /* RMS_TOKEN_HASH bytes: its successor */
    int64_t now;
    int64_t fresh_expires_at;
};

/* Retires the presented token and stores its successor in one step; token_out is the successor with the
 * grant. RMS_E_NOT_FOUND: unknown, expired, of another tenant or client. RMS_E_REVOKED: it had been used
 * before; its family is ended by this call. */
RMS_MUST_USE int rms_refresh_token_rotate(struct rms_db *db, struct rms_arena *arena,
    const struct rms_refresh_rotation *rotation, struct rms_refresh_token *token_out);

/* Ends the family of a token (RFC 7009). RMS_E_NOT_FOUND when it is unknown or another client's. */
RMS_MUST_USE int rms_refresh_token_revoke(
    struct rms_db *db, const char *tenant_id, const char *client_id, const uint8_t hash[RMS_TOKEN_HASH]);

/* Ends all tokens of an account. */
RMS_MUST_USE int rms_refresh_tokens_end(struct rms_db *db, const char *tenant_id, const char *account_id);

/* Drops what has expired: now and then. */
RMS_MUST_USE int rms_oauth_sweep(struct rms_db *db, int64_t now);

#endif
