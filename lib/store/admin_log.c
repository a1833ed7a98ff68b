/* The admin log: rows in, rows out. */
#include "store/admin_log.h"

#include "store/sql.h"

int rms_admin_log_append(struct rms_db *db, const struct rms_admin_row *row)
{
    RMS_TRY(rms_db_begin(db));
    return rms_db_end(db, rms_sql_run_one(db, RMS_SQL_ADMIN_INSERT,
                              RMS_VALUES(RMS_TEXT(row->tenant_id), RMS_INT(row->time), RMS_TEXT(row->actor),
                                  RMS_TEXT(row->command), RMS_INT(row->passed), RMS_TEXT(row->result),
                                  RMS_TEXT(row->correlation_id))));
}

static void read_row(struct rms_rows *rows, struct rms_admin_row *row)
{
    row->tenant_id = rms_take_text(rows);
    row->time = rms_take_int(rows);
    row->actor = rms_take_text(rows);
    row->command = rms_take_text(rows);
    row->passed = rms_take_bool(rows);
    row->result = rms_take_text(rows);
    row->correlation_id = rms_take_text(rows);
}

int rms_admin_log_read(
    struct rms_db *db, const struct rms_admin_query *query, rms_admin_each *each, void *context)
{
    RMS_ROWS(rows, db, NULL);
    struct rms_admin_row row;
    int64_t to = query->to == RMS_TIME_NONE ? INT64_MAX : query->to;
    int64_t limit = query->limit > 0 ? (int64_t)query->limit : INT64_MAX;
    int code;

    RMS_TRY(rms_rows_open(&rows, RMS_SQL_ADMIN_READ,
        RMS_VALUES(RMS_TEXT(query->tenant_id), RMS_INT(query->all_tenants), RMS_INT(query->from), RMS_INT(to),
            RMS_INT(limit))));
    while ((code = rms_rows_next(&rows)) > 0) {
        read_row(&rows, &row);
        code = each(&row, context);
        if (code != 0) {
            return code;
        }
    }
    return code;
}
