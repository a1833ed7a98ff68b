/* Authorisation codes, device codes and refresh tokens. Each step that may happen once is one write
 * transaction: writers take turns, so of several that present the same value the first finds it and the
 * others find it taken. */
#include "store/oauth.h"

#include "base/clock.h"
#include "store/sql.h"

#define SLOW_DOWN_S 5 /* RFC 8628 3.5 */

static struct rms_value hash_value(const uint8_t *hash)
{
    return RMS_BLOB(rms_view_of(hash, RMS_TOKEN_HASH));
}

static void take_grant(struct rms_rows *rows, struct rms_oauth_grant *grant)
{
    grant->tenant_id = rms_take_text(rows);
    grant->client_id = rms_take_text(rows);
    grant->account_id = rms_take_text(rows);
    grant->scope = rms_take_text(rows);
    grant->resource = rms_take_text(rows);
    grant->nonce = rms_take_text(rows);
    grant->auth_time = rms_take_int(rows);
    grant->passcode = rms_take_bool(rows);
}

/* The eight columns of a grant, behind the hash. */
#define GRANT_VALUES(grant)                                                                                  \
    RMS_TEXT((grant)->tenant_id), RMS_TEXT((grant)->client_id), RMS_TEXT((grant)->account_id),               \
        RMS_TEXT((grant)->scope), RMS_TEXT((grant)->resource), RMS_TEXT((grant)->nonce),                     \
        RMS_INT((grant)->auth_time), RMS_INT((grant)->passcode)

static int end_family(struct rms_db *db, const char *tenant_id, const char *family_id)
{
    int code =
        rms_sql_run(db, RMS_SQL_REFRESH_END_FAMILY, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(family_id)));

    return code < 0 ? code : 0;
}

/* Authorisation codes */

int rms_auth_code_put(struct rms_db *db, const struct rms_auth_code *code)
{
    RMS_TRY(rms_check_id(code->family_id));
    RMS_TRY(rms_db_begin(db));
    return rms_db_end(
        db, rms_sql_run_one(db, RMS_SQL_CODE_INSERT,
                RMS_VALUES(hash_value(code->hash), GRANT_VALUES(&code->grant), RMS_TEXT(code->redirect_uri),
                    RMS_TEXT(code->challenge), RMS_TEXT(code->family_id), RMS_INT(code->expires_at))));
}

static int read_code(struct rms_db *db, struct rms_arena *arena, struct rms_auth_code *code, bool *taken_out)
{
    RMS_ROWS(rows, db, arena);

    RMS_TRY(rms_rows_first(&rows, RMS_SQL_CODE_GET, RMS_VALUES(hash_value(code->hash))));
    take_grant(&rows, &code->grant);
    code->redirect_uri = rms_take_text(&rows);
    code->challenge = rms_take_text(&rows);
    code->family_id = rms_take_text(&rows);
    code->expires_at = rms_take_int(&rows);
    *taken_out = rms_take_bool(&rows);
    return rms_rows_status(&rows);
}

/* A code presented twice was stolen, by the first or the second. replayed_out: the family must be ended
 * although the call refuses, so the transaction is kept. */
static int take_code(
    struct rms_db *db, struct rms_arena *arena, int64_t now, struct rms_auth_code *code, bool *replayed_out)
{
    RMS_TRY(read_code(db, arena, code, replayed_out));
    if (*replayed_out) {
        return end_family(db, code->grant.tenant_id, code->family_id);
    }
    if (now >= code->expires_at) {
        return RMS_E_NOT_FOUND;
    }
    return rms_sql_run_one(db, RMS_SQL_CODE_TAKE, RMS_VALUES(hash_value(code->hash)));
}

int rms_auth_code_take(struct rms_db *db, struct rms_arena *arena, const uint8_t hash[RMS_TOKEN_HASH],
    int64_t now, struct rms_auth_code *code_out)
{
    bool replayed = false;
    int code;

    *code_out = (struct rms_auth_code){0};
    memcpy(code_out->hash, hash, RMS_TOKEN_HASH);
    RMS_TRY(rms_db_begin(db));
    code = rms_db_end(db, take_code(db, arena, now, code_out, &replayed));
    return code == 0 && replayed ? RMS_E_CONFLICT : code;
}

/* Device codes */

int rms_device_code_put(struct rms_db *db, const struct rms_device_code *code)
{
    RMS_TRY(rms_db_begin(db));
    return rms_db_end(
        db, rms_sql_run_one(db, RMS_SQL_DEVICE_INSERT,
                RMS_VALUES(hash_value(code->hash), GRANT_VALUES(&code->grant), RMS_TEXT(code->user_code),
                    RMS_INT(code->interval_s), RMS_INT(code->expires_at))));
}

static void take_device(struct rms_rows *rows, struct rms_device_code *code, int64_t *polled_at_out)
{
    rms_take_bytes(rows, code->hash, sizeof code->hash);
    take_grant(rows, &code->grant);
    code->user_code = rms_take_text(rows);
    code->state = (enum rms_device_state)rms_take_int(rows);
    code->interval_s = (unsigned)rms_take_int(rows);
    *polled_at_out = rms_take_int(rows);
    code->expires_at = rms_take_int(rows);
}

int rms_device_code_find(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const char *user_code, struct rms_device_code *code_out)
{
    RMS_ROWS(rows, db, arena);
    int64_t polled_at;

    *code_out = (struct rms_device_code){0};
    RMS_TRY(rms_rows_first(&rows, RMS_SQL_DEVICE_BY_USER_CODE,
        RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(user_code), RMS_INT(rms_clock_now()))));
    take_device(&rows, code_out, &polled_at);
    return rms_rows_status(&rows);
}

int rms_device_code_decide(
    struct rms_db *db, const char *tenant_id, const char *user_code, const char *account_id, int64_t now)
{
    enum rms_device_state state = account_id != NULL ? RMS_DEVICE_APPROVED : RMS_DEVICE_DENIED;

    RMS_TRY(rms_db_begin(db));
    return rms_db_end(db, rms_sql_run_one(db, RMS_SQL_DEVICE_DECIDE,
                              RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(user_code), RMS_INT(now),
                                  RMS_TEXT(account_id), RMS_INT(state))));
}

static int read_device(
    struct rms_db *db, struct rms_arena *arena, struct rms_device_code *code, int64_t *polled_at_out)
{
    RMS_ROWS(rows, db, arena);

    RMS_TRY(rms_rows_first(&rows, RMS_SQL_DEVICE_GET, RMS_VALUES(hash_value(code->hash))));
    take_device(&rows, code, polled_at_out);
    return rms_rows_status(&rows);
}

static int poll(struct rms_db *db, struct rms_arena *arena, int64_t now, struct rms_device_code *code)
{
    int64_t polled_at;

    RMS_TRY(read_device(db, arena, code, &polled_at));
    if (now >= code->expires_at) {
        return RMS_E_EXPIRED;
    }
    if (code->state != RMS_DEVICE_PENDING) {
        return rms_sql_run_one(db, RMS_SQL_DEVICE_DELETE, RMS_VALUES(hash_value(code->hash)));
    }
    code->too_fast = polled_at > 0 && now - polled_at < (int64_t)code->interval_s;
    code->interval_s += code->too_fast ? SLOW_DOWN_S : 0;
    return rms_sql_run_one(db, RMS_SQL_DEVICE_POLLED,
        RMS_VALUES(hash_value(code->hash), RMS_INT(now), RMS_INT(code->interval_s)));
}

/* Relaxed: most polls only note their time. A decided code's deletion becomes durable at the latest with the
 * refresh token that comes of it. */
int rms_device_code_poll(struct rms_db *db, struct rms_arena *arena, const uint8_t hash[RMS_TOKEN_HASH],
    int64_t now, struct rms_device_code *code_out)
{
    *code_out = (struct rms_device_code){0};
    memcpy(code_out->hash, hash, RMS_TOKEN_HASH);
    RMS_TRY(rms_db_begin_relaxed(db));
    return rms_db_end(db, poll(db, arena, now, code_out));
}

/* Refresh tokens */

static int insert_token(struct rms_db *db, const struct rms_refresh_token *token)
{
    return rms_sql_run_one(db, RMS_SQL_REFRESH_INSERT,
        RMS_VALUES(hash_value(token->hash), GRANT_VALUES(&token->grant), RMS_TEXT(token->family_id),
            RMS_INT(token->issued_at), RMS_INT(token->expires_at)));
}

int rms_refresh_token_put(struct rms_db *db, const struct rms_refresh_token *token)
{
    RMS_TRY(rms_check_id(token->family_id));
    RMS_TRY(rms_db_begin(db));
    return rms_db_end(db, insert_token(db, token));
}

/* What is presented to whom. */
struct presented {
    const char *tenant_id;
    const char *client_id;
    const uint8_t *hash;
};

static int read_token(struct rms_db *db, struct rms_arena *arena, const struct presented *presented,
    struct rms_refresh_token *token, bool *rotated_out)
{
    RMS_ROWS(rows, db, arena);

    RMS_TRY(rms_rows_first(&rows, RMS_SQL_REFRESH_GET,
        RMS_VALUES(
            hash_value(presented->hash), RMS_TEXT(presented->tenant_id), RMS_TEXT(presented->client_id))));
    take_grant(&rows, &token->grant);
    token->family_id = rms_take_text(&rows);
    token->issued_at = rms_take_int(&rows);
    token->expires_at = rms_take_int(&rows);
    *rotated_out = rms_take_bool(&rows);
    return rms_rows_status(&rows);
}

/* As for codes: a replay ends the family and is kept, although the call refuses. */
static int rotate(struct rms_db *db, struct rms_arena *arena, const struct rms_refresh_rotation *rotation,
    struct rms_refresh_token *token, bool *replayed_out)
{
    const struct presented presented = {rotation->tenant_id, rotation->client_id, rotation->old_hash};

    RMS_TRY(read_token(db, arena, &presented, token, replayed_out));
    if (*replayed_out) {
        return end_family(db, token->grant.tenant_id, token->family_id);
    }
    if (rotation->now >= token->expires_at) {
        return RMS_E_NOT_FOUND;
    }
    RMS_TRY(rms_sql_run_one(db, RMS_SQL_REFRESH_RETIRE, RMS_VALUES(hash_value(rotation->old_hash))));
    memcpy(token->hash, rotation->fresh_hash, RMS_TOKEN_HASH);
    token->issued_at = rotation->now;
    token->expires_at = rotation->fresh_expires_at;
    return insert_token(db, token);
}

int rms_refresh_token_rotate(struct rms_db *db, struct rms_arena *arena,
    const struct rms_refresh_rotation *rotation, struct rms_refresh_token *token_out)
{
    bool replayed = false;
    int code;

    *token_out = (struct rms_refresh_token){0};
    RMS_TRY(rms_db_begin(db));
    code = rms_db_end(db, rotate(db, arena, rotation, token_out, &replayed));
    return code == 0 && replayed ? RMS_E_REVOKED : code;
}

static int revoke(struct rms_db *db, struct rms_arena *arena, const struct presented *presented)
{
    struct rms_refresh_token token;
    bool rotated;

    RMS_TRY(read_token(db, arena, presented, &token, &rotated));
    return end_family(db, presented->tenant_id, token.family_id);
}

int rms_refresh_token_revoke(
    struct rms_db *db, const char *tenant_id, const char *client_id, const uint8_t hash[RMS_TOKEN_HASH])
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(65536);
    const struct presented presented = {tenant_id, client_id, hash};

    if (arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_db_begin(db));
    return rms_db_end(db, revoke(db, arena, &presented));
}

static int end_account(struct rms_db *db, const char *tenant_id, const char *account_id)
{
    static const enum rms_sql ends[] = {
        RMS_SQL_CODE_END_ACCOUNT, RMS_SQL_DEVICE_END_ACCOUNT, RMS_SQL_REFRESH_END_ACCOUNT};

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        int code = rms_sql_run(db, ends[i], RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(account_id)));

        RMS_TRY(code);
    }
    return 0;
}

int rms_refresh_tokens_end(struct rms_db *db, const char *tenant_id, const char *account_id)
{
    RMS_TRY(rms_db_begin(db));
    return rms_db_end(db, end_account(db, tenant_id, account_id));
}

static int sweep(struct rms_db *db, int64_t now)
{
    static const enum rms_sql sweeps[] = {RMS_SQL_CODE_SWEEP, RMS_SQL_DEVICE_SWEEP, RMS_SQL_REFRESH_SWEEP};

    for (size_t i = 0; i < sizeof sweeps / sizeof sweeps[0]; i++) {
        int code = rms_sql_run(db, sweeps[i], RMS_VALUES(RMS_INT(now)));

        RMS_TRY(code);
    }
    return 0;
}

int rms_oauth_sweep(struct rms_db *db, int64_t now)
{
    RMS_TRY(rms_db_begin_relaxed(db));
    return rms_db_end(db, sweep(db, now));
}
