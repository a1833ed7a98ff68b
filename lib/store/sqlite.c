/* The embedded engine: SQLite in WAL mode, one connection a thread. The only file that calls it. */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include "store/engine.h"

#define BUSY_MS 5000

/* Our two handles are SQLite's own. */
static sqlite3 *as_db(struct rms_link *link)
{
    return (sqlite3 *)link;
}

static sqlite3_stmt *as_stmt(struct rms_statement *statement)
{
    return (sqlite3_stmt *)statement;
}

static const struct {
    int sqlite;
    int code;
} outcomes[] = {
    /* extended codes first: they tell more than the primary one in their low byte */
    {SQLITE_CONSTRAINT_UNIQUE, RMS_E_CONFLICT},
    {SQLITE_CONSTRAINT_PRIMARYKEY, RMS_E_CONFLICT},
    {SQLITE_CONSTRAINT_ROWID, RMS_E_CONFLICT},
    {SQLITE_CONSTRAINT_FOREIGNKEY, RMS_E_NOT_FOUND},
    {SQLITE_IOERR_NOMEM, RMS_E_NO_MEMORY},
    {SQLITE_CONSTRAINT, RMS_E_BAD_ARGUMENT},
    {SQLITE_MISMATCH, RMS_E_BAD_ARGUMENT},
    {SQLITE_TOOBIG, RMS_E_LIMIT},
    {SQLITE_BUSY, RMS_E_THROTTLED},
    {SQLITE_LOCKED, RMS_E_THROTTLED},
    {SQLITE_FULL, RMS_E_NO_SPACE},
    {SQLITE_NOMEM, RMS_E_NO_MEMORY},
    {SQLITE_CORRUPT, RMS_E_DAMAGED},
    {SQLITE_NOTADB, RMS_E_DAMAGED},
    {SQLITE_PERM, RMS_E_PERMISSION},
    {SQLITE_READONLY, RMS_E_PERMISSION},
    {SQLITE_AUTH, RMS_E_PERMISSION},
    {SQLITE_CANTOPEN, RMS_E_IO},
    {SQLITE_IOERR, RMS_E_IO},
};

static int outcome(int sqlite)
{
    for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++) {
        if (outcomes[i].sqlite == sqlite || outcomes[i].sqlite == (sqlite & 0xff)) {
            return outcomes[i].code;
        }
    }
    return sqlite == SQLITE_OK ? 0 : RMS_E_INTERNAL;
}

/* SQLite reports a full disk as such only for ENOSPC; a quota or a file size limit is the same to us. */
static int failure(sqlite3 *db, int sqlite)
{
    int err = sqlite3_system_errno(db);

    if ((sqlite & 0xff) == SQLITE_IOERR && (err == ENOSPC || err == EDQUOT || err == EFBIG)) {
        return RMS_E_NO_SPACE;
    }
    return outcome(sqlite);
}

static int run(struct rms_link *link, const char *sql)
{
    sqlite3 *db = as_db(link);
    int status = sqlite3_exec(db, sql, NULL, NULL, NULL);

    return status == SQLITE_OK ? 0 : failure(db, status);
}

/* SQLite gives its side files the mode of the database, so that one is made first, for us alone. */
static int make_file(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);

    if (fd < 0) {
        return rms_error_from_errno(errno);
    }
    (void)close(fd);
    return 0;
}

/* Turning WAL on needs the database alone for a moment, and SQLite does not wait for that by itself when
 * another process does the same. */
static int turn_wal_on(struct rms_link *link)
{
    int code;

    for (int tries = 0;; tries++) {
        code = run(link, "PRAGMA journal_mode=WAL");
        if (code != RMS_E_THROTTLED || tries == 50) {
            return code;
        }
        (void)sqlite3_sleep(20);
    }
}

static int set_up(struct rms_link *link)
{
    static const struct {
        int option;
        int value;
    } options[] = {
        {SQLITE_DBCONFIG_ENABLE_FKEY, 1},
        {SQLITE_DBCONFIG_DEFENSIVE, 1},
        {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        {SQLITE_DBCONFIG_DQS_DML, 0},
        {SQLITE_DBCONFIG_DQS_DDL, 0},
    };
    sqlite3 *db = as_db(link);

    (void)sqlite3_busy_timeout(db, BUSY_MS);
    (void)sqlite3_extended_result_codes(db, 1);
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        if (sqlite3_db_config(db, options[i].option, options[i].value, (int *)NULL) != SQLITE_OK) {
            return RMS_E_INTERNAL;
        }
    }
    RMS_TRY(turn_wal_on(link));
    return run(link, "PRAGMA synchronous=FULL; PRAGMA secure_delete=FAST; PRAGMA temp_store=MEMORY;"
                     "PRAGMA cache_size=-8192; PRAGMA journal_size_limit=67108864;"
                     "PRAGMA wal_autocheckpoint=4000");
}

static void close_link(struct rms_link *link)
{
    (void)sqlite3_close_v2(as_db(link));
}

static int open_link(const char *place, unsigned how, struct rms_link **link_out)
{
    sqlite3 *db = NULL;
    int status;
    int code;

    if (place[0] == '\0') {
        return RMS_E_BAD_ARGUMENT;
    }
    if ((how & RMS_OPENING_MAKES) != 0) {
        RMS_TRY(make_file(place));
    }
    status = sqlite3_open_v2(place, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (db == NULL) {
        return RMS_E_NO_MEMORY;
    }
    code = status == SQLITE_OK ? set_up((struct rms_link *)db) : failure(db, status);
    if (code < 0) {
        close_link((struct rms_link *)db);
        return code;
    }
    *link_out = (struct rms_link *)db;
    return 0;
}

static int version(struct rms_link *link, unsigned *version_out)
{
    sqlite3_stmt *statement = NULL;
    sqlite3 *db = as_db(link);
    int status = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &statement, NULL);

    if (status == SQLITE_OK) {
        status = sqlite3_step(statement);
        if (status == SQLITE_ROW) {
            *version_out = (unsigned)sqlite3_column_int(statement, 0);
            status = SQLITE_OK;
        }
    }
    (void)sqlite3_finalize(statement);
    return status == SQLITE_OK ? 0 : failure(db, status);
}

static int set_version(struct rms_link *link, unsigned number)
{
    char sql[64];

    (void)sqlite3_snprintf(sizeof sql, sql, "PRAGMA user_version=%u", number);
    return run(link, sql);
}

static int report_rows(
    struct rms_link *link, const char *sql, void (*tell)(void *context, const char *text), void *context)
{
    sqlite3_stmt *statement = NULL;
    int status = sqlite3_prepare_v2(as_db(link), sql, -1, &statement, NULL);

    while (status == SQLITE_OK && (status = sqlite3_step(statement)) == SQLITE_ROW) {
        tell(context, (const char *)sqlite3_column_text(statement, 0));
        status = SQLITE_OK;
    }
    (void)sqlite3_finalize(statement);
    return status == SQLITE_DONE ? 0 : failure(as_db(link), status);
}

/* A database in which the check itself stumbles is damaged, and that is what it tells. */
static int check(struct rms_link *link, void (*tell)(void *context, const char *text), void *context)
{
    int code = report_rows(link,
        "SELECT integrity_check FROM pragma_integrity_check(50) WHERE integrity_check <> 'ok'", tell,
        context);

    if (code == 0) {
        code = report_rows(link,
            "SELECT 'row ' || COALESCE(rowid, '') || ' of ' || \"table\" || ' points to nothing in ' || "
            "parent"
            " FROM pragma_foreign_key_check()",
            tell, context);
    }
    if (code == RMS_E_DAMAGED) {
        tell(context, "the file is damaged");
        return 0;
    }
    return code;
}

static int backup(struct rms_link *link, const char *path)
{
    sqlite3_stmt *statement = NULL;
    int status = sqlite3_prepare_v2(as_db(link), "VACUUM INTO ?1", -1, &statement, NULL);

    if (status == SQLITE_OK) {
        (void)sqlite3_bind_text(statement, 1, path, -1, SQLITE_STATIC);
        status = sqlite3_step(statement);
    }
    (void)sqlite3_finalize(statement);
    return status == SQLITE_DONE ? 0 : failure(as_db(link), status);
}

static int relax(struct rms_link *link, bool relaxed)
{
    return run(link, relaxed ? "PRAGMA synchronous=NORMAL" : "PRAGMA synchronous=FULL");
}

static int begin(struct rms_link *link, bool write)
{
    return run(link, write ? "BEGIN IMMEDIATE" : "BEGIN");
}

static int commit(struct rms_link *link)
{
    return run(link, "COMMIT");
}

static void rollback(struct rms_link *link)
{
    (void)sqlite3_exec(as_db(link), "ROLLBACK", NULL, NULL, NULL);
}

static bool in_transaction(struct rms_link *link)
{
    return sqlite3_get_autocommit(as_db(link)) == 0;
}

static int prepare(struct rms_link *link, const char *sql, struct rms_statement **statement_out)
{
    sqlite3_stmt *statement = NULL;
    int status = sqlite3_prepare_v3(as_db(link), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);

    if (status != SQLITE_OK) {
        return failure(as_db(link), status);
    }
    *statement_out = (struct rms_statement *)statement;
    return 0;
}

static void finalize(struct rms_statement *statement)
{
    (void)sqlite3_finalize(as_stmt(statement));
}

static int bind(struct rms_statement *statement, int index, const struct rms_value *value)
{
    sqlite3_stmt *stmt = as_stmt(statement);
    const void *data = value->bytes.data;
    int status = SQLITE_INTERNAL;

    switch (value->type) {
    case RMS_VALUE_INT:
        status = sqlite3_bind_int64(stmt, index, value->number);
        break;
    case RMS_VALUE_TEXT:
        status = sqlite3_bind_text64(stmt, index, data, value->bytes.len, SQLITE_STATIC, SQLITE_UTF8);
        break;
    case RMS_VALUE_BLOB:
        status = sqlite3_bind_blob64(stmt, index, data, value->bytes.len, SQLITE_STATIC);
        break;
    case RMS_VALUE_NULL:
        status = sqlite3_bind_null(stmt, index);
        break;
    }
    return status == SQLITE_OK ? 0 : outcome(status);
}

static int step(struct rms_statement *statement)
{
    int status = sqlite3_step(as_stmt(statement));

    if (status == SQLITE_ROW) {
        return 1;
    }
    return status == SQLITE_DONE ? 0 : failure(sqlite3_db_handle(as_stmt(statement)), status);
}

/* Bound texts are the caller's and may be gone when the statement is used again. */
static void reset(struct rms_statement *statement)
{
    (void)sqlite3_reset(as_stmt(statement));
    (void)sqlite3_clear_bindings(as_stmt(statement));
}

static int64_t changed(struct rms_link *link)
{
    return sqlite3_changes64(as_db(link));
}

static bool is_null(struct rms_statement *statement, int column)
{
    return sqlite3_column_type(as_stmt(statement), column) == SQLITE_NULL;
}

static int64_t number(struct rms_statement *statement, int column)
{
    return sqlite3_column_int64(as_stmt(statement), column);
}

static struct rms_view text(struct rms_statement *statement, int column)
{
    const unsigned char *data = sqlite3_column_text(as_stmt(statement), column);

    return rms_view_of(data, data != NULL ? (size_t)sqlite3_column_bytes(as_stmt(statement), column) : 0);
}

static struct rms_view blob(struct rms_statement *statement, int column)
{
    const void *data = sqlite3_column_blob(as_stmt(statement), column);

    return rms_view_of(data, data != NULL ? (size_t)sqlite3_column_bytes(as_stmt(statement), column) : 0);
}

const struct rms_engine rms_engine_sqlite = {
    .scheme = "sqlite",
    .open = open_link,
    .close = close_link,
    .exec = run,
    .version = version,
    .set_version = set_version,
    .check = check,
    .backup = backup,
    .relax = relax,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .in_transaction = in_transaction,
    .prepare = prepare,
    .finalize = finalize,
    .bind = bind,
    .step = step,
    .reset = reset,
    .changed = changed,
    .is_null = is_null,
    .number = number,
    .text = text,
    .blob = blob,
};
