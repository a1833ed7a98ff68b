/* Sums over the usage log: what a person wants to see of it, computed when asked from the rows there are. */
#ifndef RMS_STORE_REPORT_H
#define RMS_STORE_REPORT_H

#include "store/store.h"

enum rms_report_kind {
    RMS_REPORT_DAY,      /* a line a UTC day, in order */
    RMS_REPORT_HOUR,     /* a line an hour of the day, 00 to 23 UTC */
    RMS_REPORT_DOCUMENT, /* from here on the busiest first */
    RMS_REPORT_PERSON,
    RMS_REPORT_TEMPLATE,
    RMS_REPORT_REFUSAL, /* a line a reason; refused requests only */
    RMS_REPORT_COUNT
};

/* "day", "hour" …; the other way round: RMS_REPORT_COUNT for no such word. */
const char *rms_report_word(enum rms_report_kind kind);
enum rms_report_kind rms_report_of(const char *word);

struct rms_report_query {
    enum rms_report_kind kind;
    const char *tenant_id;
    int64_t from; /* included */
    int64_t to;   /* not included; RMS_TIME_NONE = to the last */
    const char *content_id;
    const char *user_id;
    const char *template_id; /* NULL = any, all three */
    bool refused;            /* refused requests only */
    size_t limit;            /* lines; 0 = all */
};

struct rms_report_line {
    const char *key;  /* 2030-01-31, 09, a content id, an address, a template id, a reason */
    const char *name; /* of the file, for documents; may be NULL */
    int64_t requests;
    int64_t opened;
    int64_t published;
    int64_t refused;
    int64_t people;
    int64_t documents;
    int64_t last; /* time of the newest request */
};

/* Calls each() for every line. What it returns other than 0 ends the reading and is returned. The line is
 * borrowed during the call; each() must not use this db. */
typedef int rms_report_each(const struct rms_report_line *line, void *context);
RMS_MUST_USE int rms_report_read(
    struct rms_db *db, const struct rms_report_query *query, rms_report_each *each, void *context);

#endif
