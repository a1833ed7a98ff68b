/* Lists as CSV (RFC 4180), safe to open in a spreadsheet. */
#ifndef RMS_CMD_CSV_H
#define RMS_CMD_CSV_H

#include "cmd/rms/output.h"

/* One field with its quotes where it needs them. A text that a spreadsheet would take for a formula gets an
 * apostrophe in front (S-160); control characters become "?". */
void csv_field(struct rms_buf *out, const json_t *value);

/* A header row of the members' names and one row for each object. */
void output_csv(const json_t *rows, const struct column *columns);

#endif
