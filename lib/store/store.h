/* Persistent state behind one interface. A store is a database; a db is one connection to it, used by one
 * thread at a time. Subjects have a header each: tenant.h, account.h, group.h, template.h, key.h, issuer.h,
 * oauth.h, content.h, document.h, usage.h, admin_log.h.
 *
 * Common rules
 * - Results live in the caller's arena. Texts that are not set are NULL.
 * - Every query by id takes the tenant id: what belongs to another tenant is RMS_E_NOT_FOUND, as if it did
 * not exist (S-001).
 * - Writers of one process take turns; a change is complete and durable when the call returns, unless the
 * header says less. Called between rms_db_begin and rms_db_end it is part of that transaction instead.
 * - Besides the outcomes named in the headers every call may return RMS_E_NO_MEMORY (arena or heap),
 *   RMS_E_NO_SPACE, RMS_E_IO, RMS_E_DAMAGED, RMS_E_PERMISSION, RMS_E_UNREACHABLE when the database server is
 * gone (later calls connect again), and RMS_E_THROTTLED when another process held the database for longer
 * than 5 seconds. RMS_E_BAD_ARGUMENT: a GUID, address or domain that is none.
 * - Times come from the caller (base/clock.h), UTC seconds. */
#ifndef RMS_STORE_STORE_H
#define RMS_STORE_STORE_H

#include "base/arena.h"
#include "base/guid.h"
#include "base/time.h"

struct rms_store;
struct rms_db;

/* "sqlite:/path/to/file": created with mode 0600 when missing, then brought to the current version by the
 * numbered migrations. "postgresql://...": a URL as libpq knows it, of a database that exists; several nodes
 * may share it. RMS_E_UNSUPPORTED_VERSION for a database that a release
 * later than the next has used (it is left untouched).
 * Several processes may open one database; a process opens it after fork, never before. */
RMS_MUST_USE int rms_store_open(const char *url, struct rms_store **store_out);

/* Brings it to an older version only, for what is to be filled with rows of that version (store/dump.h);
 * rms_upkeep_migrate does the rest. */
RMS_MUST_USE int rms_store_open_version(const char *url, unsigned version, struct rms_store **store_out);
/* The same once more, after RMS_E_UNREACHABLE: that the server is still away is not told again. */
RMS_MUST_USE int rms_store_open_again(const char *url, struct rms_store **store_out);

/* Files that opening it, and every connection, may read besides the database (passwords, certificates): for
 * the sandbox of the process, which is made before. Absolute paths. RMS_E_BAD_ARGUMENT for a URL that is
 * none. */
#define RMS_STORE_FILES_MAX 12
struct rms_store_files {
    char paths[RMS_STORE_FILES_MAX][1024];
    size_t count;
};
RMS_MUST_USE int rms_store_files(const char *url, struct rms_store_files *files_out);

/* All its connections must be closed before. Accepts NULL, clears the caller's pointer. */
void rms_store_free(struct rms_store **store);

/* A connection for the calling thread: open it once per thread and keep it. */
RMS_MUST_USE int rms_db_open(struct rms_store *store, struct rms_db **db_out);
void rms_db_close(struct rms_db **db);
struct rms_store *rms_db_store(const struct rms_db *db);

/* A server that is away (doc/dev/fail-over.md)
 *
 * One thread of the process looks at it again and again, with a connection marked so, and tells what it
 * found: while the server is away every other connection answers RMS_E_UNREACHABLE at once instead of waiting
 * for it. */
void rms_db_set_watch(struct rms_db *db);
void rms_store_set_away(struct rms_store *store, bool away);

/* Ends all sessions, also where somebody waits for an answer. Any thread. */
void rms_store_sever(struct rms_store *store);

/* Is there a server at all? */
bool rms_store_has_server(const struct rms_store *store);

/* What time it is for the server; RMS_E_UNSUPPORTED without one. */
RMS_MUST_USE int rms_store_server_time(struct rms_db *db, int64_t *time_out);

/* Has a call on this connection met RMS_E_UNREACHABLE since this was asked last? */
bool rms_db_was_unreachable(struct rms_db *db);

/* Several changes as one:
 *     RMS_TRY(rms_db_begin(db));
 *     code = create_everything(db);
 *     return rms_db_end(db, code);
 * rms_db_end keeps the changes when code is 0, undoes them when it is negative, and returns code or why
 * keeping failed. Pairs may nest; an inner failure undoes the inner part only. Other writers wait meanwhile:
 * no network, no key operations in between. */
RMS_MUST_USE int rms_db_begin(struct rms_db *db);
RMS_MUST_USE int rms_db_end(struct rms_db *db, int code);

/* A rehearsal: what this connection changes from now on is seen by itself alone, and undone at the end. The
 * transaction lasts from the first change to the end, and other writers wait meanwhile. */
void rms_db_rehearse(struct rms_db *db);
void rms_db_rehearse_end(struct rms_db *db);

/* Between the two: what this connection reads may yet be undone. */
bool rms_db_in_transaction(const struct rms_db *db);

/* Version of the schema of this build, for health and backups. */
unsigned rms_store_version(void);

/* Caches above the store
 *
 * Every administrative change (tenants, domains, accounts, groups, templates, keys, issuers, clients, super
 * users) raises `changes`. `refreshes` rises when an operator asks for cached group membership to be dropped
 * (S-046). One indexed read. */
struct rms_changes {
    uint64_t changes;
    uint64_t refreshes;
};
RMS_MUST_USE int rms_changes_read(struct rms_db *db, struct rms_changes *changes_out);
RMS_MUST_USE int rms_changes_refresh(struct rms_db *db);

/* The same read by one thread for all: from the first time on, rms_changes_seen gives what it found and does
 * no I/O. Before, and without such a thread, rms_changes_seen reads. */
RMS_MUST_USE int rms_changes_watch(struct rms_db *db, struct rms_changes *changes_out);
RMS_MUST_USE int rms_changes_seen(struct rms_db *db, struct rms_changes *changes_out);

/* Changes committed by this process so far: no I/O, seen at once by its other threads. A cache is stale when
 * this or rms_changes_read (polled now and then, for other processes) differs from what was read before
 * filling it. */
uint64_t rms_store_local_changes(const struct rms_store *store);

/* Where an account or group comes from. What a directory pushed, only that directory changes. */
#define RMS_SOURCE_LOCAL "local"
#define RMS_SOURCE_SCIM  "scim"
#define RMS_SOURCE_LDAP  "ldap" /* which directory: store/source.h */
#define RMS_SOURCE_APP   "app"  /* no person: store/app.h */
#define RMS_SOURCE_SELF  "self" /* who signed up: he opens, and more only where the tenant says so (S-056) */

/* What of one source is sought. */
enum rms_search_by {
    RMS_SEARCH_ALL,
    RMS_SEARCH_ID,
    RMS_SEARCH_EXTERNAL, /* the source's own id */
    RMS_SEARCH_NAME,     /* exactly as it is shown */
    RMS_SEARCH_ADDRESS,  /* normalised */
    RMS_SEARCH_UPN,      /* of accounts, normalised */
    RMS_SEARCH_MEMBER,   /* groups that have this id as a direct member */
    RMS_SEARCHES,
};
struct rms_search {
    const char *source;
    enum rms_search_by by;
    const char *value; /* NULL for all */
    size_t offset;
    size_t limit;
};

/* A part of a list ordered by `after`'s column; page NULL = all of it. */
struct rms_page {
    const char *after; /* last value of the part before; NULL = from the start */
    size_t limit;      /* 0 = no limit */
};

#endif
