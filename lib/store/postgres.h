/* Inside of the PostgreSQL engine. */
#ifndef RMS_STORE_POSTGRES_H
#define RMS_STORE_POSTGRES_H

#include "base/bytes.h"
#include "store/store.h"

/* Appends the portable SQL of statements.def and migrations in PostgreSQL's words: ?1 becomes $1, and the
 * types of a schema become those that hold the same values and sort the same way. What stands in quotes or in
 * comments stays as it is. */
void rms_postgres_translate(const char *sql, struct rms_buf *out);

/* RMS_E_BAD_ARGUMENT unless the URL is well-formed, with no part of a password in its host, port, user or
 * database name, where messages of libpq would show it (a raw @ or / in the password). */
RMS_MUST_USE int rms_postgres_check_url(const char *url);

/* The files a URL names, and those of the environment (PGPASSFILE and the like). RMS_E_LIMIT. */
RMS_MUST_USE int rms_postgres_files(const char *url, struct rms_store_files *files_out);

/* Outcome of an SQLSTATE; NULL is a failure of libpq itself. */
RMS_MUST_USE int rms_postgres_outcome(const char *sqlstate);

#endif
