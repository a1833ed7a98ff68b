/* Stores, connections, transactions, migrations, the change counter. */
#include <limits.h>
#include <stdio.h>

#include "base/log.h"
#include "base/mem.h"
#include "store/sql.h"

static const struct rms_engine *const engines[] = {&rms_engine_sqlite, &rms_engine_postgres};

static const struct rms_engine *engine_of(const char *url, const char **place_out)
{
    const char *colon = strchr(url, ':');

    for (size_t i = 0; colon != NULL && i < sizeof engines / sizeof engines[0]; i++) {
        size_t len = strlen(engines[i]->scheme);

        if ((size_t)(colon - url) == len && memcmp(url, engines[i]->scheme, len) == 0) {
            *place_out = colon + 1;
            return engines[i];
        }
    }
    return NULL;
}

int rms_store_files(const char *url, struct rms_store_files *files_out)
{
    const char *place = NULL;
    const struct rms_engine *engine = engine_of(url, &place);

    files_out->count = 0;
    if (engine == NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    return engine->files != NULL ? engine->files(place, files_out) : 0;
}

unsigned rms_store_version(void)
{
    return rms_migration_count;
}

/* The migration that brought change_counter.schema_needed. */
#define NOTES_NEEDED 20

/* The oldest schema whose programs can work on what is there. A reader of the column is never newer than it:
 * a database without it is as old as 0. */
static int read_needed(
    const struct rms_engine *engine, struct rms_link *link, unsigned version, unsigned *needed_out)
{
    struct rms_statement *statement = NULL;
    int status;

    *needed_out = 0;
    if (version < NOTES_NEEDED) {
        return 0;
    }
    RMS_TRY(engine->prepare(link, "SELECT schema_needed FROM change_counter WHERE id = 1", &statement));
    status = engine->step(statement);
    *needed_out = status == 1 ? (unsigned)engine->number(statement, 0) : UINT_MAX;
    engine->finalize(statement);
    return status < 0 ? status : 0;
}

static int note_needed(const struct rms_engine *engine, struct rms_link *link)
{
    char sql[96];

    (void)snprintf(
        sql, sizeof sql, "UPDATE change_counter SET schema_needed = %u WHERE id = 1", rms_migration_released);
    return engine->exec(link, sql);
}

/* What a later program left, S-320: one release later it can be used as it is, otherwise nothing is touched.
 */
static int check_newer(unsigned version, unsigned needed)
{
    bool good = needed <= rms_migration_count;
    char found[16];
    char known[16];

    (void)snprintf(found, sizeof found, "%u", version);
    (void)snprintf(known, sizeof known, "%u", rms_migration_count);
    rms_log(good ? RMS_LOG_INFO : RMS_LOG_ERROR, good ? "store.newer" : "store.too-new", "schema", found,
        "known", known, "text",
        good ? "the next release has used this database; this one can go on with it"
             : "this database is of a later release than the next and was not changed: use that release, or "
               "put back a "
               "backup",
        NULL);
    return good ? 0 : RMS_E_UNSUPPORTED_VERSION;
}

/* From the version found to the wanted one. Runs in a write transaction, so that of several processes
 * that start together one migrates, and a crash leaves the old version whole. */
static int apply_migrations(const struct rms_engine *engine, struct rms_link *link, unsigned wanted)
{
    unsigned version = 0;

    RMS_TRY(engine->version(link, &version));
    if (version > wanted) {
        return RMS_E_UNSUPPORTED_VERSION;
    }
    for (; version < wanted; version++) {
        RMS_TRY(engine->exec(link, rms_migrations[version]));
        RMS_TRY(engine->set_version(link, version + 1));
    }
    return wanted == rms_migration_count ? note_needed(engine, link) : 0;
}

int rms_store_migrate(const struct rms_engine *engine, struct rms_link *link, unsigned wanted)
{
    unsigned version = 0;
    unsigned needed = 0;
    int code;

    RMS_TRY(engine->version(link, &version));
    RMS_TRY(read_needed(engine, link, version, &needed));
    if (version > wanted) {
        return wanted == rms_migration_count ? check_newer(version, needed) : RMS_E_UNSUPPORTED_VERSION;
    }
    if (version == wanted && (wanted < rms_migration_count || needed >= rms_migration_released)) {
        return 0;
    }
    RMS_TRY(engine->begin(link, true));
    code = apply_migrations(engine, link, wanted);
    if (code == 0) {
        code = engine->commit(link);
    }
    if (code < 0) {
        engine->rollback(link);
    }
    return code;
}

static int open_store(const char *url, unsigned how, unsigned version, struct rms_store **store_out)
{
    const char *place = NULL;
    const struct rms_engine *engine = engine_of(url, &place);
    struct rms_link *link = NULL;
    struct rms_store *store;
    int code;

    *store_out = NULL;
    if (engine == NULL || version > rms_migration_count) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(engine->open(place, how, &link));
    code = rms_store_migrate(engine, link, version);
    engine->close(link);
    RMS_TRY(code);
    store = rms_calloc(1, sizeof *store);
    if (store == NULL) {
        return RMS_E_NO_MEMORY;
    }
    store->engine = engine;
    store->place = rms_strdup(place);
    if (store->place == NULL) {
        rms_free(store);
        return RMS_E_NO_MEMORY;
    }
    (void)pthread_mutex_init(&store->writers, NULL);
    (void)pthread_mutex_init(&store->opened, NULL);
    *store_out = store;
    return 0;
}

int rms_store_open(const char *url, struct rms_store **store_out)
{
    return open_store(url, RMS_OPENING_MAKES, rms_migration_count, store_out);
}

int rms_store_open_version(const char *url, unsigned version, struct rms_store **store_out)
{
    return open_store(url, RMS_OPENING_MAKES, version, store_out);
}

int rms_store_open_again(const char *url, struct rms_store **store_out)
{
    return open_store(url, RMS_OPENING_MAKES | RMS_OPENING_AGAIN, rms_migration_count, store_out);
}

void rms_store_free(struct rms_store **store)
{
    if (*store != NULL) {
        (void)pthread_mutex_destroy(&(*store)->writers);
        (void)pthread_mutex_destroy(&(*store)->opened);
        rms_free((*store)->place);
        rms_free(*store);
        *store = NULL;
    }
}

static void add_to_store(struct rms_db *db)
{
    (void)pthread_mutex_lock(&db->store->opened);
    db->next = db->store->dbs;
    db->store->dbs = db;
    (void)pthread_mutex_unlock(&db->store->opened);
}

static void remove_from_store(struct rms_db *db)
{
    struct rms_db **at = &db->store->dbs;

    (void)pthread_mutex_lock(&db->store->opened);
    while (*at != db) {
        at = &(*at)->next;
    }
    *at = db->next;
    (void)pthread_mutex_unlock(&db->store->opened);
}

int rms_db_open(struct rms_store *store, struct rms_db **db_out)
{
    struct rms_db *db = rms_calloc(1, sizeof *db);
    int code;

    *db_out = NULL;
    if (db == NULL) {
        return RMS_E_NO_MEMORY;
    }
    db->store = store;
    db->engine = store->engine;
    code = db->engine->open(store->place, 0, &db->link);
    if (code < 0) {
        rms_free(db);
        return code;
    }
    add_to_store(db);
    *db_out = db;
    return 0;
}

void rms_db_close(struct rms_db **db)
{
    if (*db == NULL) {
        return;
    }
    remove_from_store(*db);
    for (size_t i = 0; i < RMS_SQL_COUNT; i++) {
        if ((*db)->statements[i] != NULL) {
            (*db)->engine->finalize((*db)->statements[i]);
        }
    }
    if ((*db)->depth > 0) {
        (*db)->engine->rollback((*db)->link);
        (void)pthread_mutex_unlock(&(*db)->store->writers);
    }
    (*db)->engine->close((*db)->link);
    rms_free(*db);
    *db = NULL;
}

struct rms_store *rms_db_store(const struct rms_db *db)
{
    return db->store;
}

void rms_db_set_watch(struct rms_db *db)
{
    db->watch = true;
}

void rms_store_set_away(struct rms_store *store, bool away)
{
    atomic_store(&store->away, away);
}

void rms_store_sever(struct rms_store *store)
{
    (void)pthread_mutex_lock(&store->opened);
    for (struct rms_db *db = store->dbs; db != NULL && store->engine->sever != NULL; db = db->next) {
        store->engine->sever(db->link);
    }
    (void)pthread_mutex_unlock(&store->opened);
}

bool rms_store_has_server(const struct rms_store *store)
{
    return store->engine->sever != NULL;
}

int rms_store_server_time(struct rms_db *db, int64_t *time_out)
{
    *time_out = RMS_TIME_NONE;
    if (db->engine->clock == NULL) {
        return RMS_E_UNSUPPORTED;
    }
    RMS_TRY(rms_db_ask(db));
    return rms_db_noted(db, db->engine->clock(db->link, time_out));
}

bool rms_db_was_unreachable(struct rms_db *db)
{
    bool was = db->unreachable;

    db->unreachable = false;
    return was;
}

static int begin_outer(struct rms_db *db, bool relaxed)
{
    int code = 0;

    if (db->reading) {
        return RMS_E_INTERNAL;
    }
    RMS_TRY(rms_db_ask(db));
    (void)pthread_mutex_lock(&db->store->writers);
    if (db->relaxed != relaxed) {
        code = db->engine->relax(db->link, relaxed);
        db->relaxed = code == 0 ? relaxed : db->relaxed;
    }
    if (code == 0) {
        code = db->engine->begin(db->link, true);
    }
    if (code < 0) {
        (void)pthread_mutex_unlock(&db->store->writers);
        return rms_db_noted(db, code);
    }
    db->changed = false;
    db->depth = 1;
    return 0;
}

static int begin_inner(struct rms_db *db)
{
    if (!db->engine->in_transaction(db->link)) {
        return RMS_E_IO;
    }
    RMS_TRY(db->engine->exec(db->link, "SAVEPOINT inner_part"));
    db->depth++;
    return 0;
}

int rms_db_rehearsal_begin(struct rms_db *db)
{
    return db->rehearsal && db->depth == 0 ? begin_outer(db, false) : 0;
}

static int begin(struct rms_db *db, bool relaxed)
{
    RMS_TRY(rms_db_rehearsal_begin(db));
    return db->depth > 0 ? begin_inner(db) : begin_outer(db, relaxed);
}

int rms_db_begin(struct rms_db *db)
{
    return begin(db, false);
}

int rms_db_begin_relaxed(struct rms_db *db)
{
    return begin(db, true);
}

/* A failed undo of the inner part must not become a success of the outer one: the transaction is given up. */
static int end_inner(struct rms_db *db, int code)
{
    db->depth--;
    if (code >= 0) {
        int status = db->engine->exec(db->link, "RELEASE inner_part");

        return status < 0 ? status : code;
    }
    if (db->engine->exec(db->link, "ROLLBACK TO inner_part; RELEASE inner_part") < 0) {
        db->engine->rollback(db->link);
    }
    return code;
}

static int end_outer(struct rms_db *db, int code)
{
    bool changed = db->changed;

    if (code >= 0) {
        int status = db->engine->in_transaction(db->link) ? db->engine->commit(db->link) : RMS_E_IO;

        code = status < 0 ? status : code;
    }
    if (code < 0) {
        db->engine->rollback(db->link);
    }
    db->depth = 0;
    db->changed = false;
    if (code >= 0 && changed) {
        (void)atomic_fetch_add(&db->store->local_changes, 1);
    }
    (void)pthread_mutex_unlock(&db->store->writers);
    return rms_db_noted(db, code);
}

int rms_db_end(struct rms_db *db, int code)
{
    if (db->depth == 0) {
        return RMS_E_INTERNAL;
    }
    return db->depth > 1 ? end_inner(db, code) : end_outer(db, code);
}

void rms_db_rehearse(struct rms_db *db)
{
    db->rehearsal = true;
}

/* What a handler left open by mistake is undone with the rest. */
void rms_db_rehearse_end(struct rms_db *db)
{
    db->rehearsal = false;
    if (db->depth > 0) {
        (void)end_outer(db, RMS_E_INTERNAL);
    }
}

bool rms_db_in_transaction(const struct rms_db *db)
{
    return db->depth > 0;
}

int rms_db_end_change(struct rms_db *db, int code)
{
    if (code >= 0) {
        int status = rms_sql_run_one(db, RMS_SQL_CHANGES_RAISE, NULL, 0);

        db->changed = true;
        code = status < 0 ? status : code;
    }
    return rms_db_end(db, code);
}

int rms_db_read_begin(struct rms_db *db, bool *mine_out)
{
    *mine_out = db->depth == 0 && !db->reading;
    if (*mine_out) {
        RMS_TRY(rms_db_ask(db));
        RMS_TRY(rms_db_noted(db, db->engine->begin(db->link, false)));
        db->reading = true;
    }
    return 0;
}

int rms_db_read_end(struct rms_db *db, bool mine, int code)
{
    if (mine) {
        db->reading = false;
        db->engine->rollback(db->link);
    }
    return code;
}

int rms_changes_read(struct rms_db *db, struct rms_changes *changes_out)
{
    RMS_ROWS(rows, db, NULL);

    RMS_TRY(rms_rows_first(&rows, RMS_SQL_CHANGES_READ, NULL, 0));
    changes_out->changes = (uint64_t)rms_take_int(&rows);
    changes_out->refreshes = (uint64_t)rms_take_int(&rows);
    atomic_store(&db->store->seen_changes, changes_out->changes);
    atomic_store(&db->store->seen_refreshes, changes_out->refreshes);
    return 0;
}

int rms_changes_watch(struct rms_db *db, struct rms_changes *changes_out)
{
    RMS_TRY(rms_changes_read(db, changes_out));
    atomic_store(&db->store->watched, true);
    return 0;
}

int rms_changes_seen(struct rms_db *db, struct rms_changes *changes_out)
{
    struct rms_store *store = db->store;

    if (!atomic_load(&store->watched)) {
        return rms_changes_read(db, changes_out);
    }
    changes_out->changes = atomic_load(&store->seen_changes);
    changes_out->refreshes = atomic_load(&store->seen_refreshes);
    return 0;
}

int rms_changes_refresh(struct rms_db *db)
{
    RMS_TRY(rms_db_begin(db));
    return rms_db_end(db, rms_sql_run_one(db, RMS_SQL_CHANGES_REFRESH, NULL, 0));
}

uint64_t rms_store_local_changes(const struct rms_store *store)
{
    return atomic_load(&store->local_changes);
}
