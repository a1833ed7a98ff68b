/* Printing: for people or as JSON lines, colours and progress only on terminals. */
#ifndef RMS_CMD_OUTPUT_H
#define RMS_CMD_OUTPUT_H

#include <stdint.h>

#include <jansson.h>

#include "base/bytes.h"
#include "cmd/rms/cli.h"

/* Reads --json, --quiet, --color, NO_COLOR once for the process. */
void output_configure(const struct arguments *arguments);
bool output_json(void);
bool output_quiet(void);

/* Appends text fit for terminals: control characters and what is not UTF-8 become "?". */
void safe_text(struct rms_buf *out, const char *text);
/* The same with a line end, to a stream. */
void print_line(FILE *out, const char *text);
/* Text of several lines, which are cut apart in place. */
void print_lines(FILE *out, char *text);

/* JSON values that always exist: what is not UTF-8 becomes U+FFFD, NULL and RMS_NEVER become null. */
json_t *text_json(const char *text);
json_t *time_json(int64_t time);

/* One JSON object as one line; takes the reference. */
void output_object(json_t *object);

/* "name   value" lines of an object, in its order. */
void output_members(const json_t *object);

/* "rms: SUBJECT: what happened (reason); next step", and lines with the address to ask and the correlation id
 * where the context has them (may be NULL), for its thread's last failure. subject may be NULL. Returns the
 * exit status of the code. */
int output_error(const struct rms_context *context, const char *subject, int code);

/* The same from texts kept earlier ("" or NULL: none). */
struct failure {
    int code;
    const char *detail, *referrer, *correlation;
};
void output_failure(const char *subject, const struct failure *failure);
/* "rms: SUBJECT: skipped: why (reason)" */
void output_skipped(const char *subject, const struct failure *failure);

/* "rms: SUBJECT: text" on stderr. */
void output_note(const char *subject, const char *text);

/* A table: rows of JSON objects, one column for each (title, member); ends with a NULL title. */
struct column {
    const char *title;
    const char *member;
};
void output_table(const json_t *rows, const struct column *columns);

/* The same with a bar behind each row, as long as its member of that name is large; left out where the
 * terminal (COLUMNS, else 80 columns) has no room. */
void output_chart(const json_t *rows, const struct column *columns, const char *member);

/* A list as a table or, with --json, one object a line. Takes the reference. */
int output_list(json_t *rows, const struct column *columns);

/* The code of "bold", "dim", "good", "bad", "off" when stdout is a terminal, else "". */
const char *style(const char *name);

/* A bar on stderr when that is a terminal and not --quiet; done and total in bytes or items. */
void progress_show(const char *what, unsigned long long done, unsigned long long total);
void progress_end(void);

/* Asks on the terminal; true for yes. Without a terminal: false. */
bool ask_yes(const char *question);

#endif
