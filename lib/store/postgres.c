/* PostgreSQL by libpq: one session a connection, statements prepared by name, values in binary form. The only
 * file that runs statements there.
 *
 * Rows are read as they arrive, so that a log of any length passes in little memory; when another statement
 * needs the session meanwhile, what is left is put aside first.
 *
 * A session that ended (server restarted, network gone) shows as RMS_E_UNREACHABLE at most once: the next use
 * outside a transaction connects again, and statements are prepared anew when they are needed. */
#include <libpq-fe.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "store/engine.h"
#include "store/postgres.h"

#define SQL_MAX       65536u
#define MIGRATION_MAX (4u << 20)
#define RETRY_MS      250          /* after a failed connection nobody tries again for so long, */
#define RETRY_MAX_MS  2000         /* doubled each time up to this */
#define WRITERS_LOCK  "7885646941" /* of advisory locks, which each database has for itself; any number */
#define TEXT_FORMAT   0
#define BINARY_FORMAT 1

/* Of the server's catalogue, fixed for ever. */
enum { TYPE_BOOL = 16, TYPE_BYTEA = 17, TYPE_INT8 = 20, TYPE_INT2 = 21, TYPE_INT4 = 23, TYPE_TEXT = 25 };

struct rms_link {
    PGconn *conn;
    struct rms_statement *streaming; /* its rows are still coming in */
    unsigned session;                /* counts connections: statements of an earlier one are gone */
    unsigned names;                  /* given to statements so far */
    int64_t retry_ms;                /* no new connection before */
    int64_t pause_ms;                /* after the next failure */
    pthread_mutex_t cut;             /* over socket */
    int socket;                      /* the session's, a descriptor of our own; -1: none */
    int64_t changed;
    bool inside;  /* a transaction was begun */
    bool relaxed; /* as asked, for the next session too */
    bool lost;
    bool refused; /* the log has said so */
    bool burst;
};

struct rms_statement {
    struct rms_link *link;
    char *sql;
    char name[16];
    unsigned session; /* it is prepared in */
    bool running;
    int count; /* of parameters */
    const char **values;
    int *lengths;
    int *formats;
    char (*numbers)[24];
    PGresult *row;
    PGresult **aside; /* rows that were put aside; from next on they are to come */
    size_t aside_count, aside_cap, next;
    int aside_end; /* how it went on behind them */
};

/* --- the session ------------------------------------------------------------------------------------- */

static int failed(struct rms_link *link, const char *sqlstate)
{
    int code = PQstatus(link->conn) == CONNECTION_OK ? rms_postgres_outcome(sqlstate) : RMS_E_UNREACHABLE;

    if (code == RMS_E_UNREACHABLE) {
        link->lost = true;
    }
    if (code == RMS_E_INTERNAL || code == RMS_E_DAMAGED) {
        rms_log(RMS_LOG_ERROR, "store.postgresql.failed", "sqlstate", sqlstate, NULL);
    }
    return code;
}

/* Takes the result. */
static int outcome(struct rms_link *link, PGresult *result)
{
    ExecStatusType status = PQresultStatus(result); /* NULL: PGRES_FATAL_ERROR */
    int code = 0;

    if (status == PGRES_COMMAND_OK) {
        link->changed = strtoll(PQcmdTuples(result), NULL, 10);
    } else if (status != PGRES_TUPLES_OK && status != PGRES_SINGLE_TUPLE) {
        code = failed(link, result != NULL ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL);
    }
    PQclear(result);
    return code;
}

static int tell_relaxed(struct rms_link *link)
{
    return outcome(link,
        PQexec(link->conn, link->relaxed ? "SET synchronous_commit = off" : "SET synchronous_commit = on"));
}

/* libpq may close its own descriptor at any time, and the number may come to stand for something else. */
static void keep_socket(struct rms_link *link, int fd)
{
    int old;

    (void)pthread_mutex_lock(&link->cut);
    old = link->socket;
    link->socket = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
    (void)pthread_mutex_unlock(&link->cut);
    if (old >= 0) {
        (void)close(old);
    }
}

static void sever(struct rms_link *link)
{
    (void)pthread_mutex_lock(&link->cut);
    if (link->socket >= 0) {
        (void)shutdown(link->socket, SHUT_RDWR);
    }
    (void)pthread_mutex_unlock(&link->cut);
}

/* libpq's message names host, port, account and database, not the password (rms_postgres_check_url). */
static int report_refusal(struct rms_link *link)
{
    struct rms_view message = rms_view_str(PQerrorMessage(link->conn));
    char text[512];

    while (message.len > 0 && message.data[message.len - 1] == '\n') {
        message.len--;
    }
    (void)snprintf(text, sizeof text, "%.*s", (int)(message.len < 500 ? message.len : 500), message.data);
    rms_log(
        link->refused ? RMS_LOG_DEBUG : RMS_LOG_ERROR, "store.postgresql.unreachable", "text", text, NULL);
    link->refused = true;
    link->lost = true;
    link->retry_ms = rms_clock_monotonic_ms() + link->pause_ms;
    link->pause_ms = 2 * link->pause_ms < RETRY_MAX_MS ? 2 * link->pause_ms : RETRY_MAX_MS;
    return RMS_E_UNREACHABLE;
}

/* What a fresh session needs. A transaction that its client forgot must not keep the other nodes waiting. */
static int begin_session(struct rms_link *link)
{
    const char *encoding = PQparameterStatus(link->conn, "server_encoding");

    if (PQstatus(link->conn) != CONNECTION_OK) {
        return report_refusal(link);
    }
    if (encoding == NULL || strcmp(encoding, "UTF8") != 0) {
        rms_log(
            RMS_LOG_ERROR, "store.postgresql.encoding", "text", "the database must have encoding UTF8", NULL);
        return RMS_E_UNSUPPORTED;
    }
    keep_socket(link, PQsocket(link->conn));
    link->session++;
    link->pause_ms = RETRY_MS;
    link->lost = link->refused = false;
    RMS_TRY(outcome(
        link, PQexec(link->conn, "SET client_min_messages = warning; SET lock_timeout = '5s';"
                                 "SET idle_in_transaction_session_timeout = '30s'; SET TimeZone = 'UTC'")));
    return tell_relaxed(link);
}

static int connect_again(struct rms_link *link)
{
    if (rms_clock_monotonic_ms() < link->retry_ms) {
        return RMS_E_UNREACHABLE;
    }
    keep_socket(link, -1);
    PQreset(link->conn);
    return begin_session(link);
}

/* Has the server said goodbye? A session without a transaction can be replaced before that costs anybody a
 * failure. Its last words come first, the end of the connection behind them. */
static bool is_gone(struct rms_link *link)
{
    struct pollfd fd = {.events = POLLIN};

    while (!link->lost && PQstatus(link->conn) == CONNECTION_OK) {
        fd.fd = PQsocket(link->conn);
        if (poll(&fd, 1, 0) <= 0) {
            return false;
        }
        (void)PQconsumeInput(link->conn);
    }
    return true;
}

static void put_aside(struct rms_link *link);

/* Before anything is sent. */
static int ready(struct rms_link *link)
{
    put_aside(link);
    if (!is_gone(link)) {
        return 0;
    }
    link->lost = true;
    return link->inside ? RMS_E_UNREACHABLE : connect_again(link);
}

static int run(struct rms_link *link, const char *sql)
{
    RMS_TRY(ready(link));
    return outcome(link, PQexec(link->conn, sql));
}

/* The program's own texts fit: what fails is memory. */
static int translate(const char *sql, struct rms_buf *out)
{
    rms_postgres_translate(sql, out);
    return rms_buf_status(out) < 0 ? RMS_E_NO_MEMORY : 0;
}

static int exec(struct rms_link *link, const char *sql)
{
    RMS_BUF_CLEANUP struct rms_buf translated = RMS_BUF_INIT(MIGRATION_MAX);

    RMS_TRY(translate(sql, &translated));
    return run(link, rms_buf_text(&translated));
}

static void ignore_notice(void *context, const char *message)
{
    (void)context;
    (void)message;
}

static void close_link(struct rms_link *link)
{
    keep_socket(link, -1);
    PQfinish(link->conn);
    (void)pthread_mutex_destroy(&link->cut);
    rms_free(link);
}

/* What the URL says wins. Without a word from it: over a network only a server that proves its name, and not
 * for long one that has become silent. */
static PGconn *connect_to(const char *url)
{
    static const char *const names[] = {"application_name", "connect_timeout", "keepalives_idle",
        "keepalives_interval", "keepalives_count", "tcp_user_timeout", "target_session_attrs", "gssencmode",
        "sslmode", "sslrootcert", "dbname", "client_encoding", NULL};
    const char *const values[] = {"rmsd", "5", "5", "2", "3", "10000", "read-write", "disable", "verify-full",
        "/etc/ssl/certs/ca-certificates.crt", url, "UTF8", NULL};

    return PQconnectdbParams(names, values, 1);
}

#define URL_MAX 2048

static int url_of(const char *place, char url[URL_MAX])
{
    int len = snprintf(url, URL_MAX, "postgresql:%s", place);

    return len > 0 && len < URL_MAX ? rms_postgres_check_url(url) : RMS_E_LIMIT;
}

static int files(const char *place, struct rms_store_files *files_out)
{
    char url[URL_MAX];

    RMS_TRY(url_of(place, url));
    return rms_postgres_files(url, files_out);
}

static int open_link(const char *place, unsigned how, struct rms_link **link_out)
{
    struct rms_link *link;
    char url[URL_MAX];
    int code;

    RMS_TRY(url_of(place, url));
    link = rms_calloc(1, sizeof *link);
    if (link == NULL) {
        return RMS_E_NO_MEMORY;
    }
    (void)pthread_mutex_init(&link->cut, NULL);
    link->socket = -1;
    link->pause_ms = RETRY_MS;
    link->refused = (how & RMS_OPENING_AGAIN) != 0;
    link->conn = connect_to(url);
    rms_wipe(url, sizeof url);
    if (link->conn == NULL) {
        close_link(link);
        return RMS_E_NO_MEMORY;
    }
    (void)PQsetNoticeProcessor(link->conn, ignore_notice, NULL);
    code = begin_session(link);
    if (code < 0) {
        close_link(link);
        return code;
    }
    *link_out = link;
    return 0;
}

/* --- version ----------------------------------------------------------------------------------------- */

static int ask_number(struct rms_link *link, const char *sql, int64_t *number_out)
{
    PGresult *result;

    RMS_TRY(ready(link));
    result = PQexec(link->conn, sql);
    if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1) {
        *number_out = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    }
    return outcome(link, result);
}

static int server_clock(struct rms_link *link, int64_t *time_out)
{
    return ask_number(link, "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS BIGINT)", time_out);
}

static int version(struct rms_link *link, unsigned *version_out)
{
    int64_t number = 0;

    RMS_TRY(ask_number(link, "SELECT COUNT(to_regclass('schema_version'))", &number));
    if (number > 0) {
        RMS_TRY(ask_number(link, "SELECT version FROM schema_version", &number));
    }
    *version_out = (unsigned)number;
    return 0;
}

static int set_version(struct rms_link *link, unsigned number)
{
    char sql[384];

    (void)snprintf(sql, sizeof sql,
        "CREATE TABLE IF NOT EXISTS schema_version (id BIGINT PRIMARY KEY CHECK (id = 1), version BIGINT NOT "
        "NULL);"
        "INSERT INTO schema_version (id, version) VALUES (1, %u)"
        " ON CONFLICT (id) DO UPDATE SET version = EXCLUDED.version",
        number);
    return run(link, sql);
}

static int check(struct rms_link *link, void (*tell)(void *context, const char *text), void *context)
{
    PGresult *result;

    RMS_TRY(ready(link));
    result = PQexec(link->conn,
        "SELECT 'index ' || c.relname || ' is not valid' FROM pg_index i JOIN pg_class c ON c.oid = "
        "i.indexrelid"
        " WHERE NOT i.indisvalid"
        " UNION ALL SELECT 'constraint ' || conname || ' is not proven' FROM pg_constraint WHERE NOT "
        "convalidated"
        " UNION ALL SELECT checksum_failures || ' pages failed their checksum' FROM pg_stat_database"
        " WHERE datname = current_database() AND checksum_failures > 0");
    for (int i = 0; i < PQntuples(result); i++) {
        tell(context, PQgetvalue(result, i, 0));
    }
    return outcome(link, result);
}

static int renumber(struct rms_link *link, const char *table, const char *column)
{
    char sql[512];
    int len = snprintf(sql, sizeof sql,
        "SELECT setval(pg_get_serial_sequence('%s', '%s'), (SELECT COALESCE(MAX(%s), 0) + 1 FROM %s), false)",
        table, column, column, table);

    return len > 0 && len < (int)sizeof sql ? run(link, sql) : RMS_E_LIMIT;
}

/* --- transactions ------------------------------------------------------------------------------------ */

static int relax(struct rms_link *link, bool relaxed)
{
    link->relaxed = relaxed;
    RMS_TRY(ready(link));
    return tell_relaxed(link);
}

static void rollback(struct rms_link *link)
{
    put_aside(link);
    if (link->inside && !link->lost) {
        PQclear(PQexec(link->conn, "ROLLBACK"));
    }
    link->inside = false;
}

/* Writers of all nodes take turns, as those of one SQLite file do: what a transaction has read stays true
 * until it has written. Each statement behind the lock sees everything that was committed before. */
static int begin(struct rms_link *link, bool write)
{
    int code = run(link, write ? "BEGIN; SELECT pg_advisory_xact_lock(" WRITERS_LOCK ")"
                               : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");

    link->inside = true;
    if (code < 0) {
        rollback(link);
    }
    return code;
}

/* The server answers the COMMIT of a failed transaction with ROLLBACK, and calls that a success. */
static int commit(struct rms_link *link)
{
    PGresult *result;
    bool kept;
    int code;

    RMS_TRY(ready(link));
    result = PQexec(link->conn, "COMMIT");
    kept = strcmp(PQcmdStatus(result), "COMMIT") == 0;
    code = outcome(link, result);
    link->inside = code < 0;
    return code == 0 && !kept ? RMS_E_IO : code;
}

static bool in_transaction(struct rms_link *link)
{
    PGTransactionStatusType status = PQtransactionStatus(link->conn);

    return link->inside && !link->lost && (status == PQTRANS_INTRANS || status == PQTRANS_ACTIVE);
}

/* --- statements -------------------------------------------------------------------------------------- */

/* The highest $n. */
static int count_parameters(const char *sql)
{
    long highest = 0;

    for (const char *at = strchr(sql, '$'); at != NULL; at = strchr(at + 1, '$')) {
        long n = strtol(at + 1, NULL, 10);

        highest = n > highest ? n : highest;
    }
    return (int)highest;
}

static void free_statement(struct rms_statement *statement)
{
    if (statement != NULL) {
        rms_free(statement->sql);
        rms_free(statement->values);
        rms_free(statement->lengths);
        rms_free(statement->formats);
        rms_free(statement->numbers);
        rms_free(statement->aside);
        rms_free(statement);
    }
}

static struct rms_statement *new_statement(struct rms_link *link, const char *sql)
{
    struct rms_statement *statement = rms_calloc(1, sizeof *statement);
    size_t count;

    if (statement == NULL) {
        return NULL;
    }
    statement->link = link;
    statement->count = count_parameters(sql);
    count = (size_t)statement->count + 1; /* never an allocation of nothing */
    statement->sql = rms_strdup(sql);
    statement->values = rms_calloc(count, sizeof *statement->values);
    statement->lengths = rms_calloc(count, sizeof *statement->lengths);
    statement->formats = rms_calloc(count, sizeof *statement->formats);
    statement->numbers = rms_calloc(count, sizeof *statement->numbers);
    if (statement->sql == NULL || statement->values == NULL || statement->lengths == NULL ||
        statement->formats == NULL || statement->numbers == NULL) {
        free_statement(statement);
        return NULL;
    }
    (void)snprintf(statement->name, sizeof statement->name, "s%u", link->names++);
    return statement;
}

static bool readable(const PGresult *description)
{
    for (int i = 0; i < PQnfields(description); i++) {
        Oid type = PQftype(description, i);

        if (type != TYPE_TEXT && type != TYPE_BYTEA && type != TYPE_INT8 && type != TYPE_INT4 &&
            type != TYPE_INT2 && type != TYPE_BOOL) {
            return false;
        }
    }
    return true;
}

/* Columns of types that are not read here (numeric, as SUM gives) show at once, not as wrong numbers. */
static int prepare_in_session(struct rms_statement *statement)
{
    struct rms_link *link = statement->link;
    PGresult *description;
    bool good;

    RMS_TRY(outcome(link, PQprepare(link->conn, statement->name, statement->sql, 0, NULL)));
    description = PQdescribePrepared(link->conn, statement->name);
    good = readable(description);
    RMS_TRY(outcome(link, description));
    statement->session = link->session;
    return good ? 0 : RMS_E_UNSUPPORTED;
}

static int prepare(struct rms_link *link, const char *sql, struct rms_statement **statement_out)
{
    RMS_BUF_CLEANUP struct rms_buf translated = RMS_BUF_INIT(SQL_MAX);
    struct rms_statement *statement;
    int code;

    RMS_TRY(translate(sql, &translated));
    RMS_TRY(ready(link));
    statement = new_statement(link, rms_buf_text(&translated));
    if (statement == NULL) {
        return RMS_E_NO_MEMORY;
    }
    code = prepare_in_session(statement);
    if (code < 0) {
        free_statement(statement);
        return code;
    }
    *statement_out = statement;
    return 0;
}

static int bind_value(struct rms_statement *statement, int index, const struct rms_value *value)
{
    int i = index - 1;

    if (i < 0 || i >= statement->count) {
        return RMS_E_INTERNAL;
    }
    if (value->bytes.len > INT32_MAX) {
        return RMS_E_LIMIT;
    }
    if (value->type == RMS_VALUE_TEXT && !rms_text_valid(value->bytes)) {
        return RMS_E_BAD_ARGUMENT; /* said by the server it would end the transaction */
    }
    statement->lengths[i] = (int)value->bytes.len;
    statement->formats[i] = BINARY_FORMAT;
    statement->values[i] = value->type == RMS_VALUE_NULL ? NULL : (const char *)value->bytes.data;
    if (value->type == RMS_VALUE_INT) {
        /* as text: the server may want 2, 4 or 8 bytes */
        (void)snprintf(statement->numbers[i], sizeof statement->numbers[i], "%lld", (long long)value->number);
        statement->values[i] = statement->numbers[i];
        statement->formats[i] = TEXT_FORMAT;
    }
    return 0;
}

/* --- rows -------------------------------------------------------------------------------------------- */

/* The next row of the session's current statement (1), its end (0) or failure. */
static int receive(struct rms_link *link, PGresult **row_out)
{
    PGresult *result = PQgetResult(link->conn);
    int code = 0;

    if (PQresultStatus(result) == PGRES_SINGLE_TUPLE) {
        *row_out = result;
        return 1;
    }
    link->streaming = NULL;
    code = outcome(link, result);
    while ((result = PQgetResult(link->conn)) != NULL) {
        PQclear(result);
    }
    return code;
}

static int keep_aside(struct rms_statement *statement, PGresult *row)
{
    if (statement->aside_count == statement->aside_cap) {
        size_t cap = statement->aside_cap > 0 ? 2 * statement->aside_cap : 8;
        PGresult **more = rms_realloc(statement->aside, cap * sizeof *more);

        if (more == NULL) {
            PQclear(row);
            return RMS_E_NO_MEMORY;
        }
        statement->aside = more;
        statement->aside_cap = cap;
    }
    statement->aside[statement->aside_count++] = row;
    return 0;
}

static void put_aside(struct rms_link *link)
{
    struct rms_statement *statement = link->streaming;
    PGresult *row = NULL;
    int kept = 0;
    int code;

    if (statement == NULL) {
        return;
    }
    while ((code = receive(link, &row)) > 0) {
        if (kept < 0) {
            PQclear(row);
        } else {
            kept = keep_aside(statement, row);
        }
    }
    statement->aside_end = kept < 0 ? kept : code;
}

static int send_values(struct rms_statement *statement)
{
    int sent = PQsendQueryPrepared(statement->link->conn, statement->name, statement->count,
        statement->values, statement->lengths, statement->formats, BINARY_FORMAT);

    return sent == 1 ? 0 : failed(statement->link, NULL);
}

static int start(struct rms_statement *statement)
{
    struct rms_link *link = statement->link;

    RMS_TRY(ready(link));
    if (statement->session != link->session) {
        RMS_TRY(prepare_in_session(statement));
    }
    RMS_TRY(send_values(statement));
    (void)PQsetSingleRowMode(link->conn);
    link->streaming = statement;
    statement->running = true;
    return 0;
}

static int step(struct rms_statement *statement)
{
    PQclear(statement->row);
    statement->row = NULL;
    if (statement->link->burst) {
        return send_values(statement);
    }
    if (!statement->running) {
        RMS_TRY(start(statement));
    }
    if (statement->next < statement->aside_count) {
        statement->row = statement->aside[statement->next];
        statement->aside[statement->next++] = NULL;
        return 1;
    }
    return statement->link->streaming == statement ? receive(statement->link, &statement->row)
                                                   : statement->aside_end;
}

static void reset(struct rms_statement *statement)
{
    PGresult *row = NULL;

    PQclear(statement->row);
    statement->row = NULL;
    while (statement->link->streaming == statement && receive(statement->link, &row) > 0) {
        PQclear(row);
    }
    for (; statement->next < statement->aside_count; statement->next++) {
        PQclear(statement->aside[statement->next]);
    }
    statement->aside_count = statement->next = 0;
    statement->aside_end = 0;
    statement->running = false;
    memset(statement->values, 0, (size_t)statement->count * sizeof *statement->values);
}

/* libpq's pipeline mode: a network's delay is paid once instead of for every row. */
static int burst(struct rms_statement *statement)
{
    struct rms_link *link = statement->link;

    RMS_TRY(ready(link));
    if (statement->session != link->session) {
        RMS_TRY(prepare_in_session(statement));
    }
    link->burst = PQenterPipelineMode(link->conn) == 1;
    return link->burst ? 0 : RMS_E_INTERNAL;
}

/* Behind the result of each step, and of what follows a failed one, stands a NULL; last comes the sync. */
static int burst_end(struct rms_link *link)
{
    bool coming = PQpipelineSync(link->conn) == 1;
    ExecStatusType status = PGRES_EMPTY_QUERY;
    int code = 0;

    while (coming && status != PGRES_PIPELINE_SYNC && PQstatus(link->conn) == CONNECTION_OK) {
        PGresult *result = PQgetResult(link->conn);

        status = PQresultStatus(result);
        if (result != NULL && status != PGRES_PIPELINE_SYNC && status != PGRES_PIPELINE_ABORTED &&
            code == 0) {
            code = outcome(link, result);
        } else {
            PQclear(result);
        }
    }
    link->burst = false;
    if (status != PGRES_PIPELINE_SYNC || PQexitPipelineMode(link->conn) != 1) {
        link->lost = true; /* whatever state it is in, it is not used again */
        return code < 0 ? code : RMS_E_UNREACHABLE;
    }
    return code;
}

static void finalize(struct rms_statement *statement)
{
    reset(statement);
    free_statement(statement); /* on the server it goes with the session */
}

static int64_t changed(struct rms_link *link)
{
    return link->changed;
}

/* --- columns ----------------------------------------------------------------------------------------- */

static bool is_null(struct rms_statement *statement, int column)
{
    return PQgetisnull(statement->row, 0, column) == 1;
}

/* Big-endian, of 1 to 8 bytes. */
static int64_t number(struct rms_statement *statement, int column)
{
    const uint8_t *bytes = (const uint8_t *)PQgetvalue(statement->row, 0, column);
    int len = PQgetlength(statement->row, 0, column);
    uint64_t value = len > 0 && (bytes[0] & 0x80) != 0 ? UINT64_MAX : 0;

    for (int i = 0; i < len; i++) {
        value = value << 8 | bytes[i];
    }
    return (int64_t)value;
}

static struct rms_view bytes(struct rms_statement *statement, int column)
{
    int len = PQgetlength(statement->row, 0, column);

    return rms_view_of(len > 0 ? PQgetvalue(statement->row, 0, column) : NULL, (size_t)len);
}

static struct rms_view text(struct rms_statement *statement, int column)
{
    return rms_view_of(PQgetvalue(statement->row, 0, column), (size_t)PQgetlength(statement->row, 0, column));
}

const struct rms_engine rms_engine_postgres = {
    .scheme = "postgresql",
    .files = files,
    .open = open_link,
    .close = close_link,
    .sever = sever,
    .exec = exec,
    .clock = server_clock,
    .version = version,
    .set_version = set_version,
    .check = check,
    .renumber = renumber,
    .relax = relax,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .in_transaction = in_transaction,
    .prepare = prepare,
    .finalize = finalize,
    .bind = bind_value,
    .step = step,
    .reset = reset,
    .burst = burst,
    .burst_end = burst_end,
    .changed = changed,
    .is_null = is_null,
    .number = number,
    .text = text,
    .blob = bytes,
};
