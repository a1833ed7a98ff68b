/* The whole database as records that any engine takes back: for backups (doc/format/backup.md). What tables
 * and columns there are comes from the migrations, never from the records or the database. */
#ifndef RMS_STORE_DUMP_H
#define RMS_STORE_DUMP_H

#include "store/store.h"

#define RMS_DUMP_TABLE 'T' /* "name (column, column)": rows of it follow */
#define RMS_DUMP_ROW   'R'

#define RMS_DUMP_RECORD_MAX (64u << 20)

/* Takes a record; what it returns below 0 ends the dump. */
typedef int rms_dump_put(void *context, char kind, struct rms_view record);

/* All rows as of one moment, while others write. Outside transactions. */
RMS_MUST_USE int rms_dump_write(struct rms_db *db, rms_dump_put *put, void *context);

struct rms_dump_load;

/* Loads records of a database of this version into one of the same version, in a transaction that replaces
 * what is there; db NULL: only looks whether they are whole and in order. */
RMS_MUST_USE int rms_dump_load_new(struct rms_db *db, unsigned version, struct rms_dump_load **load_out);

/* RMS_E_DAMAGED for records that are none of that version. */
RMS_MUST_USE int rms_dump_load_put(struct rms_dump_load *load, char kind, struct rms_view record);

/* Ends the transaction, undoing it when code is negative; RMS_E_DAMAGED when a table is missing. Frees. */
RMS_MUST_USE int rms_dump_load_end(struct rms_dump_load **load, int code);

/* Has anybody used it? A tenant, or a row of the admin log. */
RMS_MUST_USE int rms_dump_is_empty(struct rms_db *db, bool *empty_out);

#endif
