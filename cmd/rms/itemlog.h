/* The three logs of bulk verbs (C-218): BASE has every file done or skipped, BASE-failure what failed,
 * BASE-debug everything with details. A line: time, file, action, reason; tab-separated, tabs and line ends
 * escaped. */
#ifndef RMS_CMD_ITEMLOG_H
#define RMS_CMD_ITEMLOG_H

#include <stdio.h>

#include "base/bytes.h"

struct item_log {
    FILE *files[3]; /* NULL: no logs */
};

struct item_log_row {
    const char *path;
    const char *action; /* "Success", "Skipped", "Failed" */
    const char *reason;
    const char *detail; /* for the debug log; may be NULL */
};

/* Empties the three files. RMS_E_CONFLICT while another run writes them, else why they cannot be written. */
RMS_MUST_USE int item_log_open(struct item_log *log, const char *base);
void item_log_write(struct item_log *log, const struct item_log_row *row);
/* RMS_E_IO when something could not be written. Harmless on what is not open. */
int item_log_close(struct item_log *log);

/* Calls each with the file of every line of a log. Stops at the first negative code. */
RMS_MUST_USE int item_log_read(
    const char *path, int (*each)(void *user_data, const char *file), void *user_data);

#endif
