/* Bearer tokens for SCIM. */
#include "store/scim.h"

#include "base/text.h"
#include "store/sql.h"

static int require_room(struct rms_db *db, const char *tenant_id)
{
    RMS_ROWS(rows, db, NULL);

    RMS_TRY(rms_rows_first(&rows, RMS_SQL_SCIM_TOKEN_COUNT, RMS_VALUES(RMS_TEXT(tenant_id))));
    return rms_take_int(&rows) < RMS_SCIM_TOKENS_MAX ? 0 : RMS_E_LIMIT;
}

static int insert(struct rms_db *db, const struct rms_scim_token *token, const uint8_t *hash)
{
    RMS_TRY(require_room(db, token->tenant_id));
    return rms_sql_run_one(db, RMS_SQL_SCIM_TOKEN_INSERT,
        RMS_VALUES(RMS_TEXT(token->id), RMS_TEXT(token->tenant_id), RMS_TEXT(token->name),
            RMS_BLOB(rms_view_of(hash, RMS_SCIM_TOKEN_HASH)), RMS_INT(token->created_at),
            RMS_INT(token->expires_at)));
}

int rms_scim_token_add(
    struct rms_db *db, const struct rms_scim_token *token, const uint8_t hash[RMS_SCIM_TOKEN_HASH])
{
    RMS_TRY(rms_check_id(token->id));
    if (token->name == NULL || token->name[0] == '\0' || !rms_text_printable(rms_view_str(token->name))) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(rms_db_begin(db));
    return rms_db_end(db, insert(db, token, hash));
}

static void read_token(struct rms_rows *rows, struct rms_scim_token *token)
{
    token->id = rms_take_text(rows);
    token->tenant_id = rms_take_text(rows);
    token->name = rms_take_text(rows);
    token->created_at = rms_take_int(rows);
    token->expires_at = rms_take_int(rows);
}

int rms_scim_token_list(
    struct rms_db *db, struct rms_arena *arena, const char *tenant_id, struct rms_scim_tokens *tokens_out)
{
    RMS_ROWS(rows, db, arena);
    struct rms_list list = RMS_LIST(arena, struct rms_scim_token);
    int code;

    *tokens_out = (struct rms_scim_tokens){0};
    RMS_TRY(rms_rows_open(&rows, RMS_SQL_SCIM_TOKEN_LIST, RMS_VALUES(RMS_TEXT(tenant_id))));
    while ((code = rms_rows_next(&rows)) > 0) {
        struct rms_scim_token *token = rms_list_add(&list);

        if (token == NULL) {
            return RMS_E_NO_MEMORY;
        }
        read_token(&rows, token);
    }
    *tokens_out = (struct rms_scim_tokens){list.items, list.count};
    return code;
}

int rms_scim_token_find(struct rms_db *db, struct rms_arena *arena, const uint8_t hash[RMS_SCIM_TOKEN_HASH],
    struct rms_scim_token *token_out)
{
    RMS_ROWS(rows, db, arena);

    *token_out = (struct rms_scim_token){0};
    RMS_TRY(rms_rows_first(
        &rows, RMS_SQL_SCIM_TOKEN_FIND, RMS_VALUES(RMS_BLOB(rms_view_of(hash, RMS_SCIM_TOKEN_HASH)))));
    read_token(&rows, token_out);
    return rms_rows_status(&rows);
}

int rms_scim_token_remove(struct rms_db *db, const char *tenant_id, const char *id)
{
    RMS_TRY(rms_db_begin(db));
    return rms_db_end(
        db, rms_sql_run_one(db, RMS_SQL_SCIM_TOKEN_DELETE, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(id))));
}
