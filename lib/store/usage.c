/* The usage log: rows in, rows out. */
#include "store/usage.h"

#include "base/text.h"
#include "store/sql.h"

/* Some texts are as a client sent them. What is none must not keep the row from the log, nor all behind it.
 */
static struct rms_value log_text(const char *text)
{
    return RMS_TEXT(text == NULL || rms_text_valid(rms_view_str(text)) ? text : "?");
}

static int insert(struct rms_db *db, const struct rms_usage_row *row)
{
    int code = rms_sql_run(db, RMS_SQL_USAGE_INSERT,
        RMS_VALUES(log_text(row->tenant_id), RMS_INT(row->time), log_text(row->row_id),
            log_text(row->request_type), log_text(row->user_id), log_text(row->result),
            log_text(row->correlation_id), log_text(row->content_id), log_text(row->owner_email),
            log_text(row->issuer), log_text(row->template_id), log_text(row->file_name),
            RMS_TIME(row->date_published), log_text(row->c_info), log_text(row->c_ip),
            RMS_INT(row->admin_action), log_text(row->acting_as_user), RMS_INT(row->super_user),
            RMS_INT(row->membership_age_s), log_text(row->detail), RMS_INT(row->offline_until)));

    return code < 0 ? code : 0;
}

static int insert_all(struct rms_db *db, const struct rms_usage_row *rows, size_t count)
{
    int code = 0;

    RMS_TRY(rms_sql_burst(db, RMS_SQL_USAGE_INSERT));
    for (size_t i = 0; i < count && code == 0; i++) {
        code = insert(db, &rows[i]);
    }
    return rms_sql_burst_end(db, code);
}

int rms_usage_append(struct rms_db *db, const struct rms_usage_row *rows, size_t count)
{
    if (count == 0) {
        return 0;
    }
    RMS_TRY(rms_db_begin(db));
    return rms_db_end(db, insert_all(db, rows, count));
}

void rms_usage_take(struct rms_rows *rows, struct rms_usage_row *row)
{
    row->tenant_id = rms_take_text(rows);
    row->time = rms_take_int(rows);
    row->row_id = rms_take_text(rows);
    row->request_type = rms_take_text(rows);
    row->user_id = rms_take_text(rows);
    row->result = rms_take_text(rows);
    row->correlation_id = rms_take_text(rows);
    row->content_id = rms_take_text(rows);
    row->owner_email = rms_take_text(rows);
    row->issuer = rms_take_text(rows);
    row->template_id = rms_take_text(rows);
    row->file_name = rms_take_text(rows);
    row->date_published = rms_take_time(rows);
    row->c_info = rms_take_text(rows);
    row->c_ip = rms_take_text(rows);
    row->admin_action = rms_take_bool(rows);
    row->acting_as_user = rms_take_text(rows);
    row->super_user = rms_take_bool(rows);
    row->membership_age_s = rms_take_int(rows);
    row->detail = rms_take_text(rows);
    row->offline_until = rms_take_int(rows);
}

static enum rms_sql statement_for(const struct rms_usage_query *query)
{
    if (query->tenant_id == NULL) {
        return RMS_SQL_USAGE_READ_UNASSIGNED;
    }
    return query->limit > 0 ? RMS_SQL_USAGE_READ_NEWEST : RMS_SQL_USAGE_READ_ALL;
}

/* RMS_TIME_NONE as `from` is INT64_MIN: before the first. */
int rms_usage_read(
    struct rms_db *db, const struct rms_usage_query *query, rms_usage_each *each, void *context)
{
    RMS_ROWS(rows, db, NULL);
    struct rms_usage_row row;
    int64_t limit = query->limit > 0 ? (int64_t)query->limit : INT64_MAX;
    int64_t to = query->to == RMS_TIME_NONE ? INT64_MAX : query->to;
    enum rms_sql sql = statement_for(query);
    const struct rms_value values[] = {RMS_TEXT(query->tenant_id), RMS_INT(query->from), RMS_INT(to),
        RMS_TEXT(query->content_id), RMS_TEXT(query->user_id), RMS_INT(limit)};
    int code;

    RMS_TRY(rms_rows_open(&rows, sql, values, sql == RMS_SQL_USAGE_READ_ALL ? 5 : 6));
    while ((code = rms_rows_next(&rows)) > 0) {
        rms_usage_take(&rows, &row);
        code = each(&row, context);
        if (code != 0) {
            return code;
        }
    }
    return code;
}
