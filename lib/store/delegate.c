/* Delegates of documents. */
#include "store/delegate.h"

#include "store/sql.h"

#define KEY_VALUES(key) RMS_TEXT((key)->tenant_id), RMS_TEXT((key)->content_id), RMS_TEXT((key)->issuer)

static int count_others(
    struct rms_db *db, const struct rms_document_key *key, const char *account_id, int64_t *count_out)
{
    RMS_ROWS(rows, db, NULL);

    RMS_TRY(rms_rows_first(&rows, RMS_SQL_DELEGATE_COUNT, RMS_VALUES(KEY_VALUES(key), RMS_TEXT(account_id))));
    *count_out = rms_take_int(&rows);
    return rms_rows_status(&rows);
}

static int put(struct rms_db *db, const struct rms_document_key *key, const struct rms_delegate *delegate)
{
    int64_t others;

    RMS_TRY(count_others(db, key, delegate->account_id, &others));
    if (others >= RMS_DELEGATES_MAX) {
        return RMS_E_LIMIT;
    }
    return rms_sql_run_one(db, RMS_SQL_DELEGATE_PUT,
        RMS_VALUES(KEY_VALUES(key), RMS_TEXT(delegate->account_id), RMS_TEXT(delegate->address),
            RMS_TEXT(delegate->by_account), RMS_TEXT(delegate->added_by), RMS_INT(delegate->added_at),
            RMS_INT(delegate->may_revoke), RMS_INT(delegate->since)));
}

int rms_delegate_put(
    struct rms_db *db, const struct rms_document_key *key, const struct rms_delegate *delegate)
{
    RMS_TRY(rms_db_begin(db));
    return rms_db_end(db, put(db, key, delegate));
}

int rms_delegate_remove(struct rms_db *db, const struct rms_document_key *key, const char *account_id)
{
    return rms_sql_run_one(db, RMS_SQL_DELEGATE_REMOVE, RMS_VALUES(KEY_VALUES(key), RMS_TEXT(account_id)));
}

static int read_list(struct rms_rows *rows, struct rms_delegates *list_out)
{
    struct rms_list list = RMS_LIST(rows->arena, struct rms_delegate);
    int code;

    while ((code = rms_rows_next(rows)) > 0) {
        struct rms_delegate *delegate = rms_list_add(&list);

        if (delegate == NULL) {
            return RMS_E_NO_MEMORY;
        }
        delegate->account_id = rms_take_text(rows);
        delegate->address = rms_take_text(rows);
        delegate->by_account = rms_take_text(rows);
        delegate->added_by = rms_take_text(rows);
        delegate->added_at = rms_take_int(rows);
        delegate->may_revoke = rms_take_bool(rows);
        delegate->since = rms_take_int(rows);
    }
    *list_out = (struct rms_delegates){list.items, list.count};
    return code;
}

int rms_delegate_list(struct rms_db *db, struct rms_arena *arena, const struct rms_tracked *document,
    struct rms_delegates *list_out)
{
    RMS_ROWS(rows, db, arena);

    *list_out = (struct rms_delegates){0};
    RMS_TRY(rms_rows_open(
        &rows, RMS_SQL_DELEGATE_LIST, RMS_VALUES(KEY_VALUES(&document->key), RMS_TEXT(document->holder_id))));
    return read_list(&rows, list_out);
}
