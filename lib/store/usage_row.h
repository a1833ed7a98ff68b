/* A usage row as cells, for the files usage*.c of this directory: one table of columns serves reading,
 * writing and the hash that chains rows (doc/format/usage-log.md). */
#ifndef RMS_STORE_USAGE_ROW_H
#define RMS_STORE_USAGE_ROW_H

#include "store/chain.h"
#include "store/sql.h"
#include "store/usage.h"

#define RMS_USAGE_CELLS    21
#define RMS_USAGE_PERSONAL 8 /* columns that may name or point to a person */
#define RMS_USAGE_SALT     16

enum rms_usage_kind { RMS_CELL_TEXT, RMS_CELL_PERSONAL, RMS_CELL_NUMBER, RMS_CELL_TIME, RMS_CELL_FLAG };

struct rms_usage_column {
    const char *name; /* in the database */
    enum rms_usage_kind kind;
    size_t offset; /* in struct rms_usage_row */
};
extern const struct rms_usage_column rms_usage_columns[RMS_USAGE_CELLS];

/* The cells borrow the texts of the row, or of the rows until the next one. */
void rms_usage_to_cells(const struct rms_usage_row *row, struct rms_value cells[RMS_USAGE_CELLS]);
void rms_usage_take_cells(struct rms_rows *rows, struct rms_value cells[RMS_USAGE_CELLS]);
void rms_usage_from_cells(const struct rms_value cells[RMS_USAGE_CELLS], struct rms_usage_row *row);

/* --- hashes ----------------------------------------------------------------------------------------------
 */

/* What opens the commitments to the personal cells: as written, the row's salt. */
struct rms_usage_field {
    bool erased;
    uint8_t bytes[RMS_CHAIN_HASH]; /* salt of the field; erased: the commitment itself */
};
struct rms_usage_opening {
    struct rms_usage_field fields[RMS_USAGE_PERSONAL];
    unsigned erased; /* bit i: field i */
};

/* RMS_E_DAMAGED: neither form. */
RMS_MUST_USE int rms_usage_opening_parse(struct rms_view bytes, struct rms_usage_opening *opening_out);

/* Appends the long form, which a row has after something was erased from it. */
void rms_usage_opening_emit(const struct rms_usage_opening *opening, struct rms_buf *out);

/* Index among the personal columns of column i, or -1. */
int rms_usage_personal(size_t column);

void rms_usage_commit(
    const struct rms_usage_field *field, size_t column, struct rms_view text, uint8_t out[RMS_CHAIN_HASH]);

/* Moves a place from one row to this next one. scratch: an empty buffer, for use again and again. */
RMS_MUST_USE int rms_usage_chain(struct rms_chain_place *place, const struct rms_value cells[RMS_USAGE_CELLS],
    const struct rms_usage_opening *opening, struct rms_buf *scratch);

#endif
