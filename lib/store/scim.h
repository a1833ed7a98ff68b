/* Bearer tokens of the directories that push people and groups (doc/protocol/scim.md). What they push are
 * accounts and groups like others, with RMS_SOURCE_SCIM as their source. */
#ifndef RMS_STORE_SCIM_H
#define RMS_STORE_SCIM_H

#include "store/store.h"

#define RMS_SCIM_TOKEN_HASH 32 /* SHA-256 of the token; the token itself is never stored */
#define RMS_SCIM_TOKENS_MAX 16 /* of one tenant */

struct rms_scim_token {
    const char *id; /* GUID */
    const char *tenant_id;
    const char *name; /* unique in the tenant */
    int64_t created_at;
    int64_t expires_at; /* the first second in which it is no good */
};

struct rms_scim_tokens {
    struct rms_scim_token *items;
    size_t count;
};

/* RMS_E_CONFLICT when the tenant has one of that name; RMS_E_LIMIT past their number. */
RMS_MUST_USE int rms_scim_token_add(
    struct rms_db *db, const struct rms_scim_token *token, const uint8_t hash[RMS_SCIM_TOKEN_HASH]);

/* Of the tenant, oldest first. */
RMS_MUST_USE int rms_scim_token_list(
    struct rms_db *db, struct rms_arena *arena, const char *tenant_id, struct rms_scim_tokens *tokens_out);

/* Across tenants. RMS_E_NOT_FOUND for one that never was, and for one that was revoked. The caller looks at
 * expires_at. */
RMS_MUST_USE int rms_scim_token_find(struct rms_db *db, struct rms_arena *arena,
    const uint8_t hash[RMS_SCIM_TOKEN_HASH], struct rms_scim_token *token_out);

/* id or name. In force when the call returns: tokens are looked up with every request. */
RMS_MUST_USE int rms_scim_token_remove(struct rms_db *db, const char *tenant_id, const char *id);

#endif
