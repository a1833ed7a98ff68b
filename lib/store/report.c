#include "store/report.h"

#include <stdlib.h>

#include "store/sql.h"

static const struct {
    const char *word;
    enum rms_sql sql;
} kinds[RMS_REPORT_COUNT] = {
    [RMS_REPORT_DAY] = {"day", RMS_SQL_REPORT_DAY},
    [RMS_REPORT_HOUR] = {"hour", RMS_SQL_REPORT_HOUR},
    [RMS_REPORT_DOCUMENT] = {"document", RMS_SQL_REPORT_DOCUMENT},
    [RMS_REPORT_PERSON] = {"person", RMS_SQL_REPORT_PERSON},
    [RMS_REPORT_TEMPLATE] = {"template", RMS_SQL_REPORT_TEMPLATE},
    [RMS_REPORT_REFUSAL] = {"refusal", RMS_SQL_REPORT_REFUSAL},
};

const char *rms_report_word(enum rms_report_kind kind)
{
    return kinds[kind].word;
}

enum rms_report_kind rms_report_of(const char *word)
{
    enum rms_report_kind kind = 0;

    while (kind < RMS_REPORT_COUNT && strcmp(kinds[kind].word, word) != 0) {
        kind++;
    }
    return kind;
}

static void take_line(struct rms_rows *rows, struct rms_report_line *line)
{
    line->key = rms_take_text(rows);
    line->name = rms_take_text(rows);
    line->requests = rms_take_int(rows);
    line->opened = rms_take_int(rows);
    line->published = rms_take_int(rows);
    line->refused = rms_take_int(rows);
    line->people = rms_take_int(rows);
    line->documents = rms_take_int(rows);
    line->last = rms_take_time(rows);
}

/* The engines know no common words for dates. */
static void name_day(struct rms_report_line *line, char text[RMS_TIME_TEXT])
{
    rms_time_iso(strtoll(line->key, NULL, 10) * RMS_DAY_S, text);
    text[10] = '\0';
    line->key = text;
}

int rms_report_read(
    struct rms_db *db, const struct rms_report_query *query, rms_report_each *each, void *context)
{
    RMS_ROWS(rows, db, NULL);
    char day[RMS_TIME_TEXT];
    int64_t to = query->to == RMS_TIME_NONE ? INT64_MAX : query->to;
    int64_t limit = query->limit > 0 ? (int64_t)query->limit : INT64_MAX;
    bool refused = query->refused || query->kind == RMS_REPORT_REFUSAL;
    int code;

    RMS_TRY(rms_rows_open(&rows, kinds[query->kind].sql,
        RMS_VALUES(RMS_TEXT(query->tenant_id), RMS_INT(query->from), RMS_INT(to), RMS_TEXT(query->content_id),
            RMS_TEXT(query->user_id), RMS_TEXT(query->template_id), RMS_INT(refused ? 1 : 0),
            RMS_INT(limit))));
    while ((code = rms_rows_next(&rows)) > 0) {
        struct rms_report_line line;

        take_line(&rows, &line);
        if (query->kind == RMS_REPORT_DAY) {
            name_day(&line, day);
        }
        code = each(&line, context);
        if (code != 0) {
            return code;
        }
    }
    return code;
}
