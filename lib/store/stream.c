#include "store/stream.h"

#include "store/sql.h"

int rms_stream_position(struct rms_db *db, const char *name, int64_t *seq_out)
{
    RMS_ROWS(rows, db, NULL);
    int code = rms_rows_first(&rows, RMS_SQL_STREAM_POSITION, RMS_VALUES(RMS_TEXT(name)));

    *seq_out = code == 0 ? rms_take_int(&rows) : 0;
    return code == RMS_E_NOT_FOUND ? 0 : code;
}

int rms_stream_move(struct rms_db *db, const char *name, int64_t seq)
{
    RMS_TRY(rms_db_begin(db));
    return rms_db_end(db, rms_sql_run_one(db, RMS_SQL_STREAM_MOVE, RMS_VALUES(RMS_TEXT(name), RMS_INT(seq))));
}

int rms_stream_seen(struct rms_db *db, const char *name, int64_t now)
{
    RMS_TRY(rms_db_begin(db));
    int code = rms_sql_run(db, RMS_SQL_STREAM_SEEN, RMS_VALUES(RMS_TEXT(name), RMS_INT(now)));

    return rms_db_end(db, code < 0 ? code : 0);
}

static int forget(
    struct rms_db *db, struct rms_arena *arena, int64_t since, int64_t now, const char **name_out)
{
    int code = rms_sql_run(db, RMS_SQL_STREAM_BEGIN, RMS_VALUES(RMS_INT(now)));

    if (code >= 0) {
        RMS_ROWS(rows, db, arena);

        code = rms_rows_first(&rows, RMS_SQL_STREAM_SILENT, RMS_VALUES(RMS_INT(since)));
        *name_out = code == 0 ? rms_take_text(&rows) : NULL;
        code = code == 0 ? rms_rows_status(&rows) : code;
    }
    if (code != 0) {
        return code == RMS_E_NOT_FOUND ? 0 : code;
    }
    return rms_sql_run_one(db, RMS_SQL_STREAM_FORGET, RMS_VALUES(RMS_TEXT(*name_out), RMS_INT(since)));
}

int rms_stream_forget(
    struct rms_db *db, struct rms_arena *arena, int64_t since, int64_t now, const char **name_out)
{
    *name_out = NULL;
    RMS_TRY(rms_db_begin(db));
    return rms_db_end(db, forget(db, arena, since, now, name_out));
}

int rms_stream_batch(struct rms_db *db, const char *name, struct rms_stream_batch *batch_out)
{
    RMS_ROWS(rows, db, NULL);
    int code = rms_rows_first(&rows, RMS_SQL_STREAM_BATCH, RMS_VALUES(RMS_TEXT(name)));
    const char *id;

    *batch_out = (struct rms_stream_batch){0};
    if (code != 0) {
        return code == RMS_E_NOT_FOUND ? 0 : code;
    }
    batch_out->after = rms_take_int(&rows);
    batch_out->last = rms_take_int(&rows);
    id = rms_take_text(&rows);
    return batch_out->last > batch_out->after ? rms_guid_parse(rms_view_str(id), batch_out->id) : 0;
}

/* One change of one row; other is what it means when there was none. */
static int change(struct rms_db *db, enum rms_sql id, const struct rms_value *values, size_t count, int other)
{
    int code;

    RMS_TRY(rms_db_begin(db));
    code = rms_sql_run_one(db, id, values, count);
    return rms_db_end(db, code == RMS_E_NOT_FOUND ? other : code);
}

int rms_stream_batch_begin(struct rms_db *db, const char *name, const struct rms_stream_batch *batch)
{
    return change(db, RMS_SQL_STREAM_BATCH_BEGIN,
        RMS_VALUES(RMS_TEXT(name), RMS_INT(batch->after), RMS_INT(batch->last), RMS_TEXT(batch->id)),
        RMS_E_CONFLICT);
}

int rms_stream_batch_done(struct rms_db *db, const char *name, const struct rms_stream_batch *batch)
{
    return change(db, RMS_SQL_STREAM_BATCH_DONE, RMS_VALUES(RMS_TEXT(name), RMS_TEXT(batch->id)), 0);
}

int rms_stream_read(struct rms_db *db, int64_t after, size_t limit, rms_stream_each *each, void *context)
{
    RMS_ROWS(rows, db, NULL);
    struct rms_usage_row row;
    int code;

    RMS_TRY(rms_rows_open(&rows, RMS_SQL_STREAM_READ, RMS_VALUES(RMS_INT(after), RMS_INT((int64_t)limit))));
    while ((code = rms_rows_next(&rows)) > 0) {
        rms_usage_take(&rows, &row);
        code = each(rms_take_int(&rows), &row, context);
        if (code != 0) {
            return code;
        }
    }
    return code;
}
