/* Reading the usage log. */
#include "store/usage_row.h"

void rms_usage_take(struct rms_rows *rows, struct rms_usage_row *row)
{
    struct rms_value cells[RMS_USAGE_CELLS];

    rms_usage_take_cells(rows, cells);
    rms_usage_from_cells(cells, row);
}

static enum rms_sql statement_for(const struct rms_usage_query *query)
{
    if (query->tenant_id == NULL) {
        return RMS_SQL_USAGE_READ_UNASSIGNED;
    }
    if (query->user_id != NULL) {
        return query->about ? RMS_SQL_USAGE_READ_PERSON : RMS_SQL_USAGE_READ_USER;
    }
    if (query->content_id != NULL) {
        return RMS_SQL_USAGE_READ_CONTENT;
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

int rms_usage_of_template(struct rms_db *db, const char *tenant_id, const char *template_id, int64_t since,
    struct rms_usage_of_template *use_out)
{
    RMS_ROWS(rows, db, NULL);

    RMS_TRY(rms_rows_first(&rows, RMS_SQL_USAGE_OF_TEMPLATE,
        RMS_VALUES(RMS_TEXT(tenant_id), RMS_TEXT(template_id), RMS_INT(since))));
    use_out->published = rms_take_int(&rows);
    use_out->opened = rms_take_int(&rows);
    use_out->last = rms_take_time(&rows);
    return rms_rows_status(&rows);
}
