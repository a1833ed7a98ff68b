/* Rows of the usage log chosen and converted (S-196), for the verbs that print it. */
#ifndef RMS_CMD_ADMIN_LOG_H
#define RMS_CMD_ADMIN_LOG_H

#include <jansson.h>

#include "base/bytes.h"
#include "cmd/rms/output.h"

extern const char *const log_formats[];

#define LOG_FORMAT_OPTION                                                                                    \
    CHOICE("format", "FORMAT", "w3c (default), jsonl, csv or syslog (RFC 5424)", log_formats)
#define LOG_WHERE_OPTION                                                                                     \
    LIST("where", "FIELD=VALUE",                                                                             \
        "only rows with this value of a field, or with FIELD!=VALUE another one (may be repeated: all of "   \
        "them)")

#define LOG_FILTERS_MAX 32

struct log_filter {
    size_t field;
    bool unequal;
    const char *value;
};

struct log_format {
    bool text; /* what the service is asked for: W3C, else JSON lines */
    bool begun;
    void (*head)(struct rms_buf *out);                   /* NULL: none */
    void (*row)(struct rms_buf *out, const json_t *row); /* NULL: lines go as they come */
    struct log_filter filters[LOG_FILTERS_MAX];
    size_t filter_count;
    size_t limit; /* of the rows that pass the filters, the newest; 0: all */
};

/* What the command line wants. 0 or an exit status, with a message. */
RMS_MUST_USE int log_format_open(const struct arguments *arguments, struct log_format *format_out);

/* Prints a reply of the service, or one more piece of it; the exit status. */
int log_format_print(struct log_format *format, const struct rms_buf *reply);

#endif
