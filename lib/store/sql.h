/* How the files of this directory run the statements of statements.def.
 *
 *     RMS_ROWS(rows, db, arena);
 *     RMS_TRY(rms_rows_open(&rows, RMS_SQL_TENANT_LIST, RMS_VALUES(RMS_TEXT(id))));
 *     while ((code = rms_rows_next(&rows)) > 0) {
 *         name = rms_take_text(&rows);     columns from left to right
 *     }
 *     return code;
 */
#ifndef RMS_STORE_SQL_H
#define RMS_STORE_SQL_H

#include <pthread.h>
#include <stdatomic.h>

#include "store/engine.h"
#include "store/store.h"

enum rms_sql {
#define RMS_SQL(id, text) RMS_SQL_##id,
#include "store/statements.def"
#undef RMS_SQL
    RMS_SQL_COUNT
};

struct rms_store {
    const struct rms_engine *engine;
    char *place;
    pthread_mutex_t writers; /* writers of this process queue here, not in the engine's polling lock */
    atomic_uint_fast64_t local_changes;

    pthread_mutex_t opened; /* over the list of connections */
    struct rms_db *dbs;
    atomic_bool away;
    atomic_bool watched; /* somebody reads the two below again and again */
    atomic_uint_fast64_t seen_changes;
    atomic_uint_fast64_t seen_refreshes;
};

struct rms_db {
    struct rms_store *store;
    struct rms_db *next; /* of the store's list */
    bool watch;          /* asks also while the server is away */
    bool unreachable;    /* it was, since somebody asked */
    const struct rms_engine *engine;
    struct rms_link *link;
    unsigned depth;                                  /* of write transactions */
    bool reading;                                    /* in a read transaction */
    bool relaxed;                                    /* what the engine was told last */
    bool changed;                                    /* this transaction raised the change counter */
    bool rehearsal;                                  /* the outermost transaction ends with it, undone */
    struct rms_statement *statements[RMS_SQL_COUNT]; /* prepared at first use */
    bool in_use[RMS_SQL_COUNT];
};

/* Keeps in mind that the server could not be reached. */
static inline int rms_db_noted(struct rms_db *db, int code)
{
    db->unreachable |= code == RMS_E_UNREACHABLE;
    return code;
}

/* RMS_E_UNREACHABLE when there is no use in asking. */
static inline int rms_db_ask(struct rms_db *db)
{
    bool away = !db->watch && atomic_load_explicit(&db->store->away, memory_order_relaxed);
    return rms_db_noted(db, away ? RMS_E_UNREACHABLE : RMS_OK);
}

/* Parameters. Everything they point to must live until the rows are closed. */
static inline struct rms_value RMS_INT(int64_t number) {
    return (struct rms_value){.type = RMS_VALUE_INT, .number = number};
}

/* RMS_TIME_NONE is stored as NULL. */
static inline struct rms_value
RMS_TIME(int64_t time) {
    return time == RMS_TIME_NONE ? (struct rms_value){.type = RMS_VALUE_NULL} : RMS_INT(time);
}

static inline struct rms_value
RMS_TEXT(const char *text) {
    return text == NULL ? (struct rms_value){.type = RMS_VALUE_NULL}
                        : (struct rms_value){.type = RMS_VALUE_TEXT, .bytes = rms_view_str(text)};
}

/* Never NULL: an empty view is an empty blob. */
static inline struct rms_value
RMS_BLOB(struct rms_view view) {
    return (struct rms_value){.type = RMS_VALUE_BLOB, .bytes = view.len > 0 ? view : rms_view_of("", 0)};
}

#define RMS_VALUES(...)                                                                                      \
    (const struct rms_value[]){__VA_ARGS__},                                                                 \
        sizeof((const struct rms_value[]){__VA_ARGS__}) / sizeof(struct rms_value)

/* Runs a statement that gives no rows; the number of rows it changed, or a negative code. */
RMS_MUST_USE int
rms_sql_run(struct rms_db *db, enum rms_sql id, const struct rms_value *values, size_t count);

/* The same for a change of exactly one row: RMS_E_NOT_FOUND when there was none. */
RMS_MUST_USE int rms_sql_run_one(
    struct rms_db *db, enum rms_sql id, const struct rms_value *values, size_t count);

/* For many rows of one such statement, inside a transaction: between the two, rms_sql_run answers 0 without
 * waiting, and no other statement may run. The end takes what went wrong in between, and gives that or the
 * first failure of a row. */
RMS_MUST_USE int rms_sql_burst(struct rms_db *db, enum rms_sql id);
RMS_MUST_USE int rms_sql_burst_end(struct rms_db *db, int code);

struct rms_rows {
    struct rms_db *db;
    struct rms_arena *arena;         /* NULL: taken texts and blobs are borrowed until the next row */
    struct rms_statement *statement; /* NULL while closed */
    enum rms_sql id;
    int column;
    int code; /* first failure of a take */
};

#define RMS_ROWS(name, database, memory)                                                                     \
    __attribute__((cleanup(rms_rows_close))) struct rms_rows name = {.db = (database), .arena = (memory)}

/* A statement cannot be opened a second time before its rows are closed (RMS_E_INTERNAL). */
RMS_MUST_USE int rms_rows_open(
    struct rms_rows *rows, enum rms_sql id, const struct rms_value *values, size_t count);

/* 1: at a row, 0: no more, negative: failed (a take that ran out of memory included). */
RMS_MUST_USE int rms_rows_next(struct rms_rows *rows);

/* Opens and goes to the first row; RMS_E_NOT_FOUND without one. */
RMS_MUST_USE int rms_rows_first(
    struct rms_rows *rows, enum rms_sql id, const struct rms_value *values, size_t count);

/* The failure of a take on the last row, if any. */
static inline int rms_rows_status(const struct rms_rows *rows)
{
    return rows->code;
}

void rms_rows_close(struct rms_rows *rows);

/* The next column. */
int64_t rms_take_int(struct rms_rows *rows);
bool rms_take_bool(struct rms_rows *rows);
int64_t rms_take_time(struct rms_rows *rows);     /* NULL: RMS_TIME_NONE */
const char *rms_take_text(struct rms_rows *rows); /* NULL: NULL */
struct rms_view rms_take_blob(struct rms_rows *rows);
void rms_take_bytes(
    struct rms_rows *rows, uint8_t *out, size_t len); /* fails with RMS_E_DAMAGED for another size */

/* JSON array of texts, as some columns hold; a NULL follows the last text. Damage is RMS_E_DAMAGED. */
void rms_take_texts(struct rms_rows *rows, const char *const **texts_out, size_t *count_out);
RMS_MUST_USE int rms_texts_to_json(const char *const *texts, size_t count, struct rms_buf *out);

/* A list that grows in an arena. */
struct rms_list {
    struct rms_arena *arena;
    size_t size; /* of an element */
    void *items;
    size_t count;
    size_t cap;
};

#define RMS_LIST(memory, type) ((struct rms_list){.arena = (memory), .size = sizeof(type)})

/* A zeroed element at the end; NULL when memory is exhausted. */
void *rms_list_add(struct rms_list *list);

/* Transactions beyond rms_db_begin and rms_db_end. relaxed counts for an outermost transaction only. */
RMS_MUST_USE int rms_db_begin_relaxed(struct rms_db *db);

/* Before a change in a rehearsal: its transaction begins. */
RMS_MUST_USE int rms_db_rehearsal_begin(struct rms_db *db);

/* Raises the change counter when code is 0 (or positive), then rms_db_end. */
RMS_MUST_USE int rms_db_end_change(struct rms_db *db, int code);

/* Several reads that shall see one moment. Harmless inside another transaction. */
RMS_MUST_USE int rms_db_read_begin(struct rms_db *db, bool *mine_out);
RMS_MUST_USE int rms_db_read_end(struct rms_db *db, bool mine, int code);

/* 0 for a GUID in the form stored here, else RMS_E_BAD_ARGUMENT. */
RMS_MUST_USE int rms_check_id(const char *id);

/* RMS_E_NOT_FOUND unless the tenant, or the tenant's group, exists. */
RMS_MUST_USE int rms_tenant_require(struct rms_db *db, const char *id);
RMS_MUST_USE int rms_group_require(struct rms_db *db, const char *tenant_id, const char *id);

/* The names of an account or group (directory_name). set replaces all of them; RMS_E_CONFLICT when one is
 * somebody else's. find: RMS_E_NOT_FOUND. */
struct rms_name_owner {
    const char *tenant_id;
    const char *id;
    bool is_group;
};
RMS_MUST_USE int rms_names_set(
    struct rms_db *db, const struct rms_name_owner *owner, const char *const *names, size_t count);
RMS_MUST_USE int rms_names_find(struct rms_db *db, struct rms_arena *arena, const char *tenant_id,
    const char *name, struct rms_name_owner *owner_out);

/* A row of the usage log, from the columns USAGE_COLUMNS. */
struct rms_usage_row;
void rms_usage_take(struct rms_rows *rows, struct rms_usage_row *row);

/* Numbered migrations, compiled in: migration i (from 0) leads to version i + 1. */
extern const char *const rms_migrations[];
extern const unsigned rms_migration_count;
/* The schema of the last release, whose programs can go on with what later migrations leave. */
extern const unsigned rms_migration_released;

/* Applies those that are missing up to that version. */
RMS_MUST_USE int rms_store_migrate(const struct rms_engine *engine, struct rms_link *link, unsigned wanted);

#endif
