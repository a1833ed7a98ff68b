#include "client/vault.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "client/vaultkey.h"
#include "crypto/aead.h"
#include "crypto/digest.h"

#define VERSION   1
#define FILE_NAME "store.db"
#define BUSY_MS   10000
#define VALUE_MAX (16u * 1024 * 1024)
#define OWNER_LEN 16

enum statement { PUT, GET, REMOVE, REMOVE_OWNER, COUNT, PURGE, STATEMENTS };

static const char *const statement_text[STATEMENTS] = {
    [PUT] = "INSERT OR REPLACE INTO entry(name, kind, owner, expires, box) VALUES(?1, ?2, ?3, ?4, ?5)",
    [GET] = "SELECT expires, box FROM entry WHERE name = ?1",
    [REMOVE] = "DELETE FROM entry WHERE name = ?1",
    [REMOVE_OWNER] = "DELETE FROM entry WHERE owner = ?1",
    [COUNT] = "SELECT count(*) FROM entry WHERE kind = ?1",
    [PURGE] = "DELETE FROM entry WHERE expires IS NOT NULL AND expires <= ?1",
};

struct rms_vault {
    const struct rms_settings *settings;
    struct rms_vault_key key;
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
    pthread_mutex_t lock; /* recursive: a transaction holds it around its puts */
    bool in_transaction;
    bool absent;  /* not made yet */
    bool unbound; /* the key cannot be had; nobody is asked for it twice */
};

static int code_of(int sqlite_code)
{
    static const struct {
        int sqlite;
        int code;
    } codes[] = {
        {SQLITE_OK, 0},
        {SQLITE_DONE, 0},
        {SQLITE_NOMEM, RMS_E_NO_MEMORY},
        {SQLITE_FULL, RMS_E_NO_SPACE},
        {SQLITE_READONLY, RMS_E_PERMISSION},
        {SQLITE_CANTOPEN, RMS_E_PERMISSION},
        {SQLITE_PERM, RMS_E_PERMISSION},
        {SQLITE_CORRUPT, RMS_E_DAMAGED},
        {SQLITE_ERROR, RMS_E_DAMAGED}, /* our statements are right: the schema is not ours any more */
        {SQLITE_NOTADB, RMS_E_DAMAGED},
    };

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (codes[i].sqlite == (sqlite_code & 0xff)) {
            return codes[i].code;
        }
    }
    return RMS_E_IO;
}

static int store_path(const struct rms_settings *settings, const char *name, char out[PATH_MAX])
{
    int len = snprintf(out, PATH_MAX, "%s/%s", settings->store_dir, name);

    return len > 0 && len < PATH_MAX ? 0 : RMS_E_NAME_TOO_LONG;
}

static void close_database(struct rms_vault *vault)
{
    for (size_t i = 0; i < STATEMENTS; i++) {
        (void)sqlite3_finalize(vault->statements[i]);
        vault->statements[i] = NULL;
    }
    (void)sqlite3_close(vault->db);
    vault->db = NULL;
}

static void remove_files(const struct rms_settings *settings)
{
    static const char *const names[] = {FILE_NAME, FILE_NAME "-wal", FILE_NAME "-shm", FILE_NAME "-journal"};
    char path[PATH_MAX];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (store_path(settings, names[i], path) == 0) {
            (void)unlink(path);
        }
    }
}

/* The version is kept in the file's header; 0 is a new file. */
static int check_version(sqlite3 *db, bool *fresh_out)
{
    sqlite3_stmt *statement = NULL;
    int status = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &statement, NULL);
    int version = -1;

    if (status == SQLITE_OK) {
        status = sqlite3_step(statement);
    }
    if (status == SQLITE_ROW) {
        version = sqlite3_column_int(statement, 0);
        status = SQLITE_OK;
    }
    (void)sqlite3_finalize(statement);
    if (status != SQLITE_OK) {
        return code_of(status);
    }
    *fresh_out = version == 0;
    return version == 0 || version == VERSION ? 0 : RMS_E_DAMAGED;
}

static int set_up(struct rms_vault *vault)
{
    static const char *const settings[] = {
        "PRAGMA trusted_schema=OFF",
        "PRAGMA journal_mode=WAL", /* stays with a rollback journal where WAL is not possible (network disks)
                                    */
        "PRAGMA synchronous=NORMAL",
        "PRAGMA secure_delete=ON",
        "PRAGMA cache_size=-512",
    };
    static const char schema[] =
        "BEGIN IMMEDIATE;"
        "CREATE TABLE IF NOT EXISTS entry(name BLOB PRIMARY KEY, kind INTEGER NOT NULL, owner BLOB NOT NULL,"
        " expires INTEGER, box BLOB NOT NULL) WITHOUT ROWID;"
        "CREATE INDEX IF NOT EXISTS entry_owner ON entry(owner);"
        "CREATE INDEX IF NOT EXISTS entry_expires ON entry(expires) WHERE expires IS NOT NULL;"
        "PRAGMA user_version=1;"
        "COMMIT";
    bool fresh = false;

    (void)sqlite3_busy_timeout(vault->db, BUSY_MS);
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        int status = sqlite3_exec(vault->db, settings[i], NULL, NULL, NULL);

        if (status != SQLITE_OK) {
            return code_of(status);
        }
    }
    RMS_TRY(check_version(vault->db, &fresh));
    if (fresh && sqlite3_exec(vault->db, schema, NULL, NULL, NULL) != SQLITE_OK) {
        return code_of(sqlite3_errcode(vault->db));
    }
    for (size_t i = 0; i < STATEMENTS; i++) {
        int status = sqlite3_prepare_v3(
            vault->db, statement_text[i], -1, SQLITE_PREPARE_PERSISTENT, &vault->statements[i], NULL);

        if (status != SQLITE_OK) {
            return code_of(status);
        }
    }
    return 0;
}

/* Created by us with its mode, before SQLite would create it with another. */
static int make_file(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0) {
        return rms_error_from_errno(errno);
    }
    (void)close(fd);
    return 0;
}

static int open_database(struct rms_vault *vault)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    bool in_memory = vault->settings->store == RMS_STORE_MEMORY;
    char path[PATH_MAX] = ":memory:";
    int status;

    if (!in_memory) {
        RMS_TRY(store_path(vault->settings, FILE_NAME, path));
        RMS_TRY(make_file(path));
    }
    status = sqlite3_open_v2(path, &vault->db, flags, NULL);
    status = status == SQLITE_OK ? set_up(vault) : code_of(status);
    /* a version in the file's header that this SQLite may read only, in a file that we may write */
    if (status == 0 && sqlite3_db_readonly(vault->db, "main") == 1 && !in_memory && access(path, W_OK) == 0) {
        status = RMS_E_DAMAGED;
    }
    if (status != 0) {
        close_database(vault);
    }
    return status;
}

/* What cannot be read is of no use: a new store is made, as on a new device. */
static int rebuild(struct rms_vault *vault, const char *reason)
{
    rms_log(RMS_LOG_ERROR, "client.store-rebuilt", "reason", reason, NULL);
    close_database(vault);
    if (vault->settings->store != RMS_STORE_MEMORY) {
        remove_files(vault->settings);
    }
    return open_database(vault);
}

static int open_or_rebuild(struct rms_vault *vault)
{
    int status = open_database(vault);

    return status == RMS_E_DAMAGED ? rebuild(vault, "damaged or of another version") : status;
}

static int load_key(struct rms_vault *vault, bool *foreign_out)
{
    int status;

    if (vault->settings->store == RMS_STORE_MEMORY) {
        return rms_vault_key_random(&vault->key);
    }
    status = rms_vault_key_load(vault->settings, &vault->key);
    if (status != RMS_E_NOT_FOUND) {
        return status;
    }
    rms_log(RMS_LOG_ERROR, "client.store-not-bound", NULL);
    *foreign_out = true;
    rms_vault_key_forget(vault->settings);
    remove_files(vault->settings);
    return rms_vault_key_load(vault->settings, &vault->key);
}

/* One process at a time makes or replaces a store: a lock on the directory itself leaves no file behind. */
static int lock_directory(const struct rms_settings *settings, int *fd_out)
{
    *fd_out = -1;
    if (settings->store == RMS_STORE_MEMORY) {
        return 0;
    }
    RMS_TRY(rms_dir_make(settings->store_dir, 0700));
    *fd_out = open(settings->store_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd_out < 0) {
        return rms_error_from_errno(errno);
    }
    while (flock(*fd_out, LOCK_EX) != 0) {
        if (errno != EINTR) {
            break; /* no locks on this file system: go on without */
        }
    }
    return 0;
}

static void init_lock(pthread_mutex_t *lock)
{
    pthread_mutexattr_t attributes;

    (void)pthread_mutexattr_init(&attributes);
    (void)pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    (void)pthread_mutex_init(lock, &attributes);
    (void)pthread_mutexattr_destroy(&attributes);
}

static int open_locked(struct rms_vault *vault, bool *foreign_out)
{
    int lock = -1;
    int status = lock_directory(vault->settings, &lock);

    if (status == 0) {
        status = load_key(vault, foreign_out);
    }
    if (status == 0) {
        status = open_or_rebuild(vault);
    }
    if (lock >= 0) {
        (void)close(lock);
    }
    return status;
}

/* A store is made when there is something to keep: a first use that fails leaves nothing behind (C-001). */
static bool nothing_there(const struct rms_settings *settings)
{
    char path[PATH_MAX];

    return settings->store != RMS_STORE_MEMORY && store_path(settings, FILE_NAME, path) == 0 &&
           access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

int rms_vault_open(const struct rms_settings *settings, struct rms_vault **vault_out, bool *was_foreign_out)
{
    struct rms_vault *vault = rms_calloc(1, sizeof *vault);
    bool foreign = false;
    int status = 0;

    *vault_out = NULL;
    if (vault == NULL) {
        return RMS_E_NO_MEMORY;
    }
    vault->settings = settings;
    init_lock(&vault->lock);
    vault->absent = nothing_there(settings);
    if (!vault->absent) {
        status = open_locked(vault, &foreign);
    }
    if (status == RMS_E_STORE_NOT_BOUND) {
        vault->unbound = true;
        status = 0;
    }
    if (was_foreign_out != NULL) {
        *was_foreign_out = foreign;
    }
    if (status != 0) {
        rms_vault_close(&vault);
    }
    *vault_out = vault;
    return status;
}

void rms_vault_close(struct rms_vault **vault)
{
    if (*vault == NULL) {
        return;
    }
    close_database(*vault);
    rms_vault_key_fini(&(*vault)->key);
    (void)pthread_mutex_destroy(&(*vault)->lock);
    rms_free(*vault);
    *vault = NULL;
}

const char *rms_vault_protection(const struct rms_vault *vault)
{
    return vault->key.where != NULL ? vault->key.where : "none yet";
}

/* --- entries --- */

struct row_name {
    uint8_t name[RMS_SHA256_BYTES];
    uint8_t owner[RMS_SHA256_BYTES]; /* the first OWNER_LEN are used */
    uint8_t bound[1 + RMS_SHA256_BYTES + 8];
};

static int owner_hash(const struct rms_vault *vault, const char *owner, uint8_t out[RMS_SHA256_BYTES])
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(1024);

    rms_buf_append_str(&text, "owner|");
    rms_buf_append_str(&text, owner);
    RMS_TRY(rms_buf_status(&text));
    rms_hmac_sha256(rms_secret_view(vault->key.names), rms_buf_view(&text), out);
    return 0;
}

/* What the sealed value is bound to. */
static void bind_row(struct row_name *row, enum rms_vault_kind kind, int64_t expires)
{
    row->bound[0] = (uint8_t)kind;
    memcpy(row->bound + 1, row->name, RMS_SHA256_BYTES);
    for (unsigned i = 0; i < 8; i++) {
        row->bound[1 + RMS_SHA256_BYTES + i] = (uint8_t)((uint64_t)expires >> (8 * i));
    }
}

/* The row's name tells nothing: it is a keyed hash of kind, owner and name. */
static int name_row(
    const struct rms_vault *vault, const struct rms_vault_place *place, int64_t expires, struct row_name *row)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(2048);

    RMS_TRY(owner_hash(vault, place->owner, row->owner));
    rms_buf_append_byte(&text, (uint8_t)place->kind);
    rms_buf_append(&text, row->owner, OWNER_LEN);
    rms_buf_append_view(&text, place->name);
    RMS_TRY(rms_buf_status(&text));
    rms_hmac_sha256(rms_secret_view(vault->key.names), rms_buf_view(&text), row->name);
    bind_row(row, place->kind, expires);
    return 0;
}

/* Steps a statement that returns no row, and makes it ready for the next time. */
static int run(struct rms_vault *vault, enum statement which)
{
    int status = sqlite3_step(vault->statements[which]);

    (void)sqlite3_reset(vault->statements[which]);
    (void)sqlite3_clear_bindings(vault->statements[which]);
    status = status == SQLITE_ROW ? SQLITE_DONE : status;
    if (code_of(status) == RMS_E_DAMAGED) {
        /* inside a transaction the caller ends it first */
        return vault->in_transaction ? RMS_E_DAMAGED : rebuild(vault, "damaged");
    }
    return code_of(status);
}

static int put_locked(
    struct rms_vault *vault, const struct rms_vault_place *place, int64_t expires, struct rms_view value)
{
    struct rms_buf RMS_BUF_CLEANUP box = RMS_BUF_INIT(VALUE_MAX + RMS_AEAD_OVERHEAD);
    sqlite3_stmt *statement = vault->statements[PUT];
    struct row_name row;

    RMS_TRY(name_row(vault, place, expires, &row));
    RMS_TRY(rms_aead_seal(
        rms_secret_bytes(vault->key.seal), rms_view_of(row.bound, sizeof row.bound), value, &box));
    (void)sqlite3_bind_blob(statement, 1, row.name, sizeof row.name, SQLITE_STATIC);
    (void)sqlite3_bind_int(statement, 2, (int)place->kind);
    (void)sqlite3_bind_blob(statement, 3, row.owner, OWNER_LEN, SQLITE_STATIC);
    if (expires != RMS_TIME_NONE) {
        (void)sqlite3_bind_int64(statement, 4, expires);
    }
    (void)sqlite3_bind_blob(statement, 5, box.data, (int)box.len, SQLITE_STATIC);
    return run(vault, PUT);
}

/* Takes the lock and makes sure that there is a store. One that could not be opened again after damage has
 * none. */
static int lock_for_writing(struct rms_vault *vault)
{
    bool foreign = false;
    int status = 0;

    (void)pthread_mutex_lock(&vault->lock);
    if (vault->unbound) {
        status = RMS_E_STORE_NOT_BOUND;
    } else if (vault->absent) {
        status = open_locked(vault, &foreign);
        vault->absent = status != 0;
    } else if (vault->db == NULL) {
        status = RMS_E_IO;
    }
    if (status != 0) {
        (void)pthread_mutex_unlock(&vault->lock);
    }
    return status;
}

/* The same for those who only look: RMS_E_NOT_FOUND while there is no store, also when another process has
 * just made one. */
static int lock_for_reading(struct rms_vault *vault)
{
    (void)pthread_mutex_lock(&vault->lock);
    if (vault->db != NULL) {
        return 0;
    }
    if (vault->unbound || (vault->absent && !nothing_there(vault->settings))) {
        (void)pthread_mutex_unlock(&vault->lock);
        return lock_for_writing(vault);
    }
    (void)pthread_mutex_unlock(&vault->lock);
    return vault->absent ? RMS_E_NOT_FOUND : RMS_E_IO;
}

/* Nothing there is nothing to remove. */
static int fine_when_absent(int status)
{
    return status == RMS_E_NOT_FOUND ? 0 : status;
}

int rms_vault_check(struct rms_vault *vault)
{
    int status = lock_for_reading(vault);

    if (status == 0) {
        (void)pthread_mutex_unlock(&vault->lock);
    }
    return fine_when_absent(status);
}

int rms_vault_put(
    struct rms_vault *vault, const struct rms_vault_place *place, int64_t expires, struct rms_view value)
{
    int status;

    if (value.len > VALUE_MAX) {
        return RMS_E_LIMIT;
    }
    RMS_TRY(lock_for_writing(vault));
    status = put_locked(vault, place, expires, value);
    (void)pthread_mutex_unlock(&vault->lock);
    return status;
}

static int remove_locked(struct rms_vault *vault, const uint8_t name[RMS_SHA256_BYTES])
{
    (void)sqlite3_bind_blob(vault->statements[REMOVE], 1, name, RMS_SHA256_BYTES, SQLITE_STATIC);
    return run(vault, REMOVE);
}

/* The sealed bytes of a row, and the expiry they are bound to. */
static int fetch(
    struct rms_vault *vault, const struct row_name *row, struct rms_buf *box, int64_t *expires_out)
{
    sqlite3_stmt *statement = vault->statements[GET];
    int status;

    (void)sqlite3_bind_blob(statement, 1, row->name, sizeof row->name, SQLITE_STATIC);
    status = sqlite3_step(statement);
    if (status == SQLITE_ROW) {
        bool endless = sqlite3_column_type(statement, 0) == SQLITE_NULL;

        *expires_out = endless ? RMS_TIME_NONE : sqlite3_column_int64(statement, 0);
        rms_buf_append(box, sqlite3_column_blob(statement, 1), (size_t)sqlite3_column_bytes(statement, 1));
    }
    (void)sqlite3_reset(statement);
    (void)sqlite3_clear_bindings(statement);
    if (status == SQLITE_ROW) {
        return rms_buf_status(box);
    }
    if (code_of(status) == RMS_E_DAMAGED && !vault->in_transaction) {
        RMS_TRY(rebuild(vault, "damaged"));
        return RMS_E_NOT_FOUND;
    }
    return status == SQLITE_DONE ? RMS_E_NOT_FOUND : code_of(status);
}

static int get_locked(struct rms_vault *vault, const struct rms_vault_place *place, struct rms_buf *out)
{
    struct rms_buf RMS_BUF_CLEANUP box = RMS_BUF_INIT(VALUE_MAX + RMS_AEAD_OVERHEAD);
    int64_t expires = RMS_TIME_NONE;
    struct row_name row;
    int status;

    RMS_TRY(name_row(vault, place, expires, &row));
    RMS_TRY(fetch(vault, &row, &box, &expires));
    RMS_TRY(name_row(vault, place, expires, &row));
    status = rms_aead_open_buf(
        rms_secret_bytes(vault->key.seal), rms_view_of(row.bound, sizeof row.bound), rms_buf_view(&box), out);
    if (status == RMS_E_DAMAGED) {
        rms_log(RMS_LOG_ERROR, "client.store-entry-dropped", NULL);
        RMS_TRY(remove_locked(vault, row.name));
        return RMS_E_NOT_FOUND;
    }
    return status;
}

int rms_vault_get(struct rms_vault *vault, const struct rms_vault_place *place, struct rms_buf *out)
{
    int status;

    RMS_TRY(lock_for_reading(vault));
    status = get_locked(vault, place, out);
    (void)pthread_mutex_unlock(&vault->lock);
    return status;
}

static int remove_place_locked(struct rms_vault *vault, const struct rms_vault_place *place)
{
    struct row_name row;

    RMS_TRY(name_row(vault, place, RMS_TIME_NONE, &row));
    return remove_locked(vault, row.name);
}

int rms_vault_remove(struct rms_vault *vault, const struct rms_vault_place *place)
{
    int status = lock_for_reading(vault);

    if (status != 0) {
        return fine_when_absent(status);
    }
    status = remove_place_locked(vault, place);
    (void)pthread_mutex_unlock(&vault->lock);
    return status;
}

static int remove_owner_locked(struct rms_vault *vault, const char *owner)
{
    uint8_t hash[RMS_SHA256_BYTES];

    RMS_TRY(owner_hash(vault, owner, hash));
    (void)sqlite3_bind_blob(vault->statements[REMOVE_OWNER], 1, hash, OWNER_LEN, SQLITE_STATIC);
    return run(vault, REMOVE_OWNER);
}

int rms_vault_remove_owner(struct rms_vault *vault, const char *owner)
{
    int status = lock_for_reading(vault);

    if (status != 0) {
        return fine_when_absent(status);
    }
    status = remove_owner_locked(vault, owner);
    (void)pthread_mutex_unlock(&vault->lock);
    return status;
}

/* Entries that do not open cannot be told from their names: every box is tried. */
static int drop_broken(struct rms_vault *vault, size_t *dropped_out)
{
    sqlite3_stmt *list = NULL;
    int status = sqlite3_prepare_v2(vault->db, "SELECT name, kind, expires, box FROM entry", -1, &list, NULL);

    while (status == SQLITE_OK || status == SQLITE_ROW) {
        struct rms_buf RMS_BUF_CLEANUP plain = RMS_BUF_INIT(VALUE_MAX);
        struct row_name row = {0};
        int64_t expires;

        status = sqlite3_step(list);
        if (status != SQLITE_ROW || sqlite3_column_bytes(list, 0) != RMS_SHA256_BYTES) {
            continue;
        }
        expires = sqlite3_column_type(list, 2) == SQLITE_NULL ? RMS_TIME_NONE : sqlite3_column_int64(list, 2);
        memcpy(row.name, sqlite3_column_blob(list, 0), sizeof row.name);
        bind_row(&row, (enum rms_vault_kind)sqlite3_column_int(list, 1), expires);
        if (rms_aead_open_buf(rms_secret_bytes(vault->key.seal), rms_view_of(row.bound, sizeof row.bound),
                rms_view_of(sqlite3_column_blob(list, 3), (size_t)sqlite3_column_bytes(list, 3)),
                &plain) == RMS_E_DAMAGED &&
            remove_locked(vault, row.name) == 0) {
            (*dropped_out)++;
        }
    }
    (void)sqlite3_finalize(list);
    return code_of(status);
}

static int count_licences(struct rms_vault *vault, size_t *count_out)
{
    sqlite3_stmt *statement = vault->statements[COUNT];
    int status;

    (void)sqlite3_bind_int(statement, 1, RMS_VAULT_LICENCE);
    status = sqlite3_step(statement);
    if (status == SQLITE_ROW) {
        *count_out = (size_t)sqlite3_column_int64(statement, 0);
    }
    (void)sqlite3_reset(statement);
    return status == SQLITE_ROW ? 0 : code_of(status);
}

static int purge_locked(struct rms_vault *vault, int64_t now, bool check, size_t *removed, size_t *kept)
{
    (void)sqlite3_bind_int64(vault->statements[PURGE], 1, now);
    RMS_TRY(run(vault, PURGE));
    *removed += (size_t)sqlite3_changes(vault->db);
    if (check) {
        RMS_TRY(drop_broken(vault, removed));
    }
    return count_licences(vault, kept);
}

int rms_vault_purge(struct rms_vault *vault, int64_t now, bool check, size_t *removed_out, size_t *kept_out)
{
    size_t removed = 0;
    size_t kept = 0;
    int status = lock_for_reading(vault);

    if (status == 0) {
        status = purge_locked(vault, now, check, &removed, &kept);
        (void)pthread_mutex_unlock(&vault->lock);
    } else {
        status = fine_when_absent(status);
    }
    if (removed_out != NULL) {
        *removed_out = removed;
    }
    if (kept_out != NULL) {
        *kept_out = kept;
    }
    return status;
}

int rms_vault_begin(struct rms_vault *vault)
{
    int status;

    RMS_TRY(lock_for_writing(vault));
    status = sqlite3_exec(vault->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (status != SQLITE_OK) {
        (void)pthread_mutex_unlock(&vault->lock);
        return code_of(status);
    }
    vault->in_transaction = true;
    return 0;
}

int rms_vault_end(struct rms_vault *vault, bool commit)
{
    int status = sqlite3_exec(vault->db, commit ? "COMMIT" : "ROLLBACK", NULL, NULL, NULL);

    if (status != SQLITE_OK && commit) {
        (void)sqlite3_exec(vault->db, "ROLLBACK", NULL, NULL, NULL);
    }
    vault->in_transaction = false;
    (void)pthread_mutex_unlock(&vault->lock);
    return code_of(status);
}

/* The next thing to keep makes a new store with a new key. */
int rms_vault_reset(struct rms_vault *vault)
{
    int lock = -1;
    int status;

    (void)pthread_mutex_lock(&vault->lock);
    status = lock_directory(vault->settings, &lock);
    if (status == 0) {
        close_database(vault);
        if (vault->settings->store != RMS_STORE_MEMORY) {
            remove_files(vault->settings);
            rms_vault_key_forget(vault->settings);
        }
        rms_vault_key_fini(&vault->key);
        vault->unbound = false;
        vault->absent = true;
    }
    if (lock >= 0) {
        (void)close(lock);
    }
    (void)pthread_mutex_unlock(&vault->lock);
    return status;
}
