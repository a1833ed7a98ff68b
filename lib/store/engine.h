/* What an SQL engine must do for the store: only this directory uses it. The store speaks a portable subset
 * of SQL with ?1 parameters; everything that differs between engines is a function here. One connection
 * serves one thread at a time. */
#ifndef RMS_STORE_ENGINE_H
#define RMS_STORE_ENGINE_H

#include "base/bytes.h"
#include "store/store.h"

struct rms_link;      /* a connection; each engine has its own */
struct rms_statement; /* a prepared statement */

/* A parameter. NULL text and a NULL blob are SQL's NULL. */
enum rms_value_type { RMS_VALUE_INT, RMS_VALUE_TEXT, RMS_VALUE_BLOB, RMS_VALUE_NULL };

struct rms_value {
    enum rms_value_type type;
    int64_t number;
    struct rms_view bytes; /* borrowed until the statement is reset */
};

/* Errors are of the common list: RMS_E_CONFLICT for a violated uniqueness, RMS_E_NOT_FOUND for a reference to
 * nothing, RMS_E_BAD_ARGUMENT for other constraints, RMS_E_THROTTLED when locked for too long, and
 * RMS_E_UNREACHABLE when the server is gone: an open transaction is lost with it, the next use outside of one
 * tries to connect again. A transaction in which a statement failed may be good for nothing but its end. */
enum rms_engine_opening {
    RMS_OPENING_MAKES = 1, /* may make a new database */
    RMS_OPENING_AGAIN = 2, /* that the server is away was said already */
};

struct rms_engine {
    const char *scheme; /* in front of the colon of a store URL */

    /* Files outside the database that open reads for itself, absolute paths; NULL: none. */
    int (*files)(const char *place, struct rms_store_files *files_out);

    /* place: what follows the colon. how: enum rms_engine_opening. */
    int (*open)(const char *place, unsigned how, struct rms_link **link_out);
    void (*close)(struct rms_link *link);

    /* From any thread while the link lives: ends the session, so that whoever waits for the server's answer
     * has RMS_E_UNREACHABLE at once. NULL where there is no server. */
    void (*sever)(struct rms_link *link);

    /* The server's clock; NULL where there is no server. */
    int (*clock)(struct rms_link *link, int64_t *time_out);

    /* Several statements without parameters. */
    int (*exec)(struct rms_link *link, const char *sql);

    /* The version a migration left in the database, 0 = empty. Setting it is part of the transaction. */
    int (*version)(struct rms_link *link, unsigned *version_out);
    int (*set_version)(struct rms_link *link, unsigned version);

    /* Tells what is wrong with the database, a text each. */
    int (*check)(struct rms_link *link, void (*tell)(void *context, const char *text), void *context);

    /* Outside transactions. Fills the empty file with a copy of the database as it is now; NULL: that is for
     * the server's own tools. */
    int (*backup)(struct rms_link *link, const char *path);

    /* After rows came with numbers of their own: the next one of this INTEGER PRIMARY KEY is behind them.
     * NULL where the engine looks for itself. */
    int (*renumber)(struct rms_link *link, const char *table, const char *column);

    /* relaxed: a commit survives a crash of the process, but a power failure only once a later strict one, or
     * the engine, has synced. Outside transactions. */
    int (*relax)(struct rms_link *link, bool relaxed);

    /* A transaction that may write, alone among writers; one that sees a single moment; and their end. */
    int (*begin)(struct rms_link *link, bool write);
    int (*commit)(struct rms_link *link);
    void (*rollback)(struct rms_link *link);
    bool (*in_transaction)(struct rms_link *link); /* engines may have rolled back by themselves */

    int (*prepare)(struct rms_link *link, const char *sql, struct rms_statement **statement_out);
    void (*finalize)(struct rms_statement *statement);
    int (*bind)(struct rms_statement *statement, int index, const struct rms_value *value); /* from 1 */

    /* 1: there is a row; 0: done; negative: failed. */
    int (*step)(struct rms_statement *statement);
    void (*reset)(struct rms_statement *statement);

    /* Many runs of one statement that gives no rows, inside a transaction: from burst to burst_end its steps
     * may answer 0 before they are done, and nothing else runs. burst_end gives the first failure. NULL where
     * there is nothing to wait for. */
    int (*burst)(struct rms_statement *statement);
    int (*burst_end)(struct rms_link *link);
    int64_t (*changed)(struct rms_link *link); /* rows by the last finished statement */

    /* Of the current row, columns from 0; borrowed until the next step, texts with a NUL behind them. NULL
     * reads as 0 or empty. */
    bool (*is_null)(struct rms_statement *statement, int column);
    int64_t (*number)(struct rms_statement *statement, int column);
    struct rms_view (*text)(struct rms_statement *statement, int column);
    struct rms_view (*blob)(struct rms_statement *statement, int column);
};

extern const struct rms_engine rms_engine_sqlite;
extern const struct rms_engine rms_engine_postgres;

#endif
