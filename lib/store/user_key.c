/* The key pair of each account. */
#include "store/account.h"
#include "store/sql.h"

static int read_one(struct rms_rows *rows, struct rms_user_key *key_out)
{
    key_out->id = rms_take_text(rows);
    key_out->tenant_id = rms_take_text(rows);
    key_out->account_id = rms_take_text(rows);
    key_out->bits = (unsigned)rms_take_int(rows);
    key_out->modulus = rms_take_blob(rows);
    key_out->sealed = rms_take_blob(rows);
    key_out->created_at = rms_take_int(rows);
    return rms_rows_status(rows);
}

int rms_user_key_get(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const char *account_id, struct rms_user_key *key_out)
{
    RMS_ROWS(rows, db, arena);

    *key_out = (struct rms_user_key){0};
    RMS_TRY(
        rms_rows_first(&rows, RMS_SQL_USER_KEY_GET, RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(account_id))));
    return read_one(&rows, key_out);
}

int rms_user_key_find(
    struct rms_db *db, struct rms_arena *arena, const char *id, struct rms_user_key *key_out)
{
    RMS_ROWS(rows, db, arena);

    *key_out = (struct rms_user_key){0};
    RMS_TRY(rms_rows_first(&rows, RMS_SQL_USER_KEY_FIND, RMS_VALUES(RMS_TEXT(id))));
    return read_one(&rows, key_out);
}

int rms_user_key_remove(struct rms_db *db, const char *id)
{
    int code = rms_sql_run(db, RMS_SQL_USER_KEY_REMOVE, RMS_VALUES(RMS_TEXT(id)));

    return code < 0 ? code : 0;
}

static int settle(struct rms_db *db, struct rms_arena *arena, const struct rms_user_key *fresh,
    struct rms_user_key *key_out)
{
    int code = rms_user_key_get(db, arena, fresh->tenant_id, fresh->account_id, key_out);

    if (code != RMS_E_NOT_FOUND) {
        return code;
    }
    code = rms_sql_run(db, RMS_SQL_USER_KEY_INSERT,
        RMS_VALUES(RMS_TEXT(fresh->id), RMS_TEXT(fresh->tenant_id), RMS_TEXT(fresh->account_id),
            RMS_INT(fresh->bits), RMS_BLOB(fresh->modulus), RMS_BLOB(fresh->sealed),
            RMS_INT(fresh->created_at)));
    return code < 0 ? code : rms_user_key_get(db, arena, fresh->tenant_id, fresh->account_id, key_out);
}

int rms_user_key_settle(struct rms_db *db, struct rms_arena *arena, const struct rms_user_key *fresh,
    struct rms_user_key *key_out)
{
    *key_out = (struct rms_user_key){0};
    RMS_TRY(rms_check_id(fresh->id));
    if (fresh->modulus.len == 0 || fresh->sealed.len == 0) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(rms_db_begin(db));
    return rms_db_end(db, settle(db, arena, fresh, key_out));
}
