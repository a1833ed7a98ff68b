#include "service/usage.h"

#include <pthread.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "directory/directory.h"
#include "service/keyclient.h"
#include "service/rest_error.h"
#include "service/route.h"
#include "service/tenant.h"
#include "service/tenant_key.h"
#include "service/usage_sign.h"
#include "service/usage_spool.h"

#define RETRY_MS  1000
#define FULL      875 /* thousandths of the spool: above, no new requests */
#define LOCK_MS   5000
#define LOCK_STEP 50

struct rms_usage {
    pthread_mutex_t lock;
    pthread_cond_t wake; /* to the writer: many rows, a flush, the end */
    pthread_cond_t done; /* from the writer: a batch is written */
    pthread_t thread;
    struct rms_store *store;
    struct rms_keylink *keylink;
    struct rms_spool *spool;
    size_t fresh; /* rows since the writer looked */
    uint64_t written;
    uint64_t lost;
    bool flush;
    bool ending;
    int failure; /* of the last attempt, 0 = none */
};

void rms_usage_add(struct rms_usage *usage, const struct rms_usage_row *row)
{
    (void)pthread_mutex_lock(&usage->lock);
    if (rms_spool_put(usage->spool, row) < 0) {
        usage->lost++;
    } else if (++usage->fresh == RMS_USAGE_WAKE_ROWS) {
        (void)pthread_cond_signal(&usage->wake);
    }
    (void)pthread_mutex_unlock(&usage->lock);
}

/* --- the writer -------------------------------------------------------------------------------------- */

/* Of the writer's thread. */
struct writer {
    struct rms_usage *usage;
    struct rms_db *db;
    struct rms_keyclient *keys;
    struct rms_usage_signer signer;
    struct rms_usage_writer *chain;
    bool adopted; /* no rows are left from before there were chains */
    bool resumed; /* no rows of the spool can be in the store already */
};

static int same_row(const struct rms_usage_row *row, void *context)
{
    return strcmp(row->row_id, context) == 0 ? 1 : 0;
}

/* 1: it is, 0: it is not. */
static int is_stored(struct rms_db *db, const struct rms_usage_row *row)
{
    struct rms_usage_query query = {.tenant_id = row->tenant_id, .from = row->time, .to = row->time + 1};
    return rms_usage_read(db, &query, same_row, (void *)(uintptr_t)row->row_id);
}

/* A process that died between the commit of a batch and its removal from the spool left rows in both, and so
 * does a database server whose answer to the commit was lost. Batches are whole or absent, so the stored ones
 * are a run at the beginning. */
static int count_stored(struct rms_db *db, const struct rms_usage_row *rows, size_t count, size_t *stored_out)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int found = is_stored(db, &rows[middle]);
        if (found < 0) {
            return found;
        }
        low = found > 0 ? middle + 1 : low;
        high = found > 0 ? high : middle;
    }
    *stored_out = low;
    return RMS_OK;
}

static int write_batch(struct writer *w, const struct rms_usage_row *rows, size_t count)
{
    size_t stored = 0;
    if (!w->resumed) {
        RMS_TRY(count_stored(w->db, rows, count, &stored));
    }
    int rc = rms_usage_append(w->chain, rms_clock_now(), rows + stored, count - stored);
    w->resumed = rc == RMS_OK; /* one batch is all that can have been in between */
    return rc;
}

/* Without the lock: rows that are in the spool stay as they are until taken. What comes while a batch is
 * written waits for the next: small batches cost far more a row, and the spool has the rows already. */
static int write_all(struct writer *w)
{
    struct rms_usage *usage = w->usage;
    static _Thread_local struct rms_usage_row rows[RMS_USAGE_BATCH_ROWS];
    uint64_t end = 0;
    size_t count;
    RMS_TRY(w->adopted ? 0 : rms_usage_adopt(w->chain, rms_clock_now()));
    w->adopted = true;
    do {
        count = rms_spool_peek(usage->spool, rows, RMS_USAGE_BATCH_ROWS, &end);
        RMS_TRY(count > 0 ? write_batch(w, rows, count) : RMS_OK);
        (void)pthread_mutex_lock(&usage->lock);
        rms_spool_take(usage->spool, end); /* with what could not be read */
        usage->written += count;
        (void)pthread_mutex_unlock(&usage->lock);
    } while (count == RMS_USAGE_BATCH_ROWS);
    return RMS_OK;
}

static void wait_some(struct rms_usage *usage)
{
    struct timespec until;
    int64_t ms = usage->failure < 0 ? RETRY_MS : RMS_USAGE_BATCH_MS;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += ms * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    if (!usage->flush && !usage->ending) {
        (void)pthread_cond_timedwait(&usage->wake, &usage->lock, &until);
    }
    usage->flush = false;
}

static void note_health(struct rms_usage *usage, int code)
{
    bool broken = code < 0;
    if (code != usage->failure) {
        rms_log(broken ? RMS_LOG_ERROR : RMS_LOG_INFO, broken ? "usage.broken" : "usage.recovered", "reason",
            rms_error_info(code)->reason, NULL);
    }
    usage->failure = code;
}

static void write_until_end(struct writer *w)
{
    struct rms_usage *usage = w->usage;
    bool ended = false;
    (void)pthread_mutex_lock(&usage->lock);
    while (!ended) {
        wait_some(usage);
        ended = usage->ending;
        usage->fresh = 0;
        (void)pthread_mutex_unlock(&usage->lock);
        int rc = write_all(w);
        (void)pthread_mutex_lock(&usage->lock);
        note_health(usage, rc);
        (void)pthread_cond_broadcast(&usage->done);
    }
    (void)pthread_mutex_unlock(&usage->lock);
}

static int open_writer(struct writer *w)
{
    RMS_TRY(rms_db_open(w->usage->store, &w->db));
    if (w->usage->keylink == NULL) {
        return rms_usage_writer_new(w->db, NULL, &w->chain);
    }
    RMS_TRY(rms_keyclient_new(w->usage->keylink, &w->signer.worker, &w->keys));
    rms_usage_signer_init(&w->signer, w->db, w->keys);
    return rms_usage_writer_new(w->db, &w->signer.signer, &w->chain);
}

static void *writer_main(void *argument)
{
    struct rms_usage *usage = argument;
    struct writer w = {.usage = usage};
    (void)pthread_setname_np(pthread_self(), "usage-log");
    int rc = open_writer(&w);
    if (rc == RMS_OK) {
        write_until_end(&w);
    } else {
        (void)pthread_mutex_lock(&usage->lock);
        note_health(usage, rc);
        (void)pthread_mutex_unlock(&usage->lock);
    }
    rms_usage_writer_free(&w.chain);
    rms_keyclient_free(&w.keys);
    rms_db_close(&w.db);
    return NULL;
}

/* --- life and state ---------------------------------------------------------------------------------- */

static void init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(condition, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

/* A process that is being replaced may still hold the file for a moment. */
static int open_spool(const char *path, struct rms_spool **spool_out)
{
    const struct timespec step = {0, LOCK_STEP * 1000000L};
    int rc = rms_spool_open(path, RMS_SPOOL_BYTES, spool_out);
    for (int waited = 0; rc == RMS_E_CONFLICT && waited < LOCK_MS; waited += LOCK_STEP) {
        (void)nanosleep(&step, NULL);
        rc = rms_spool_open(path, RMS_SPOOL_BYTES, spool_out);
    }
    return rc;
}

int rms_usage_new(struct rms_store *store, const char *spool_path, struct rms_keylink *keylink,
    struct rms_usage **usage_out)
{
    struct rms_usage *usage = rms_calloc(1, sizeof *usage);
    if (usage == NULL) {
        return RMS_E_NO_MEMORY;
    }
    int rc = open_spool(spool_path, &usage->spool);
    if (rc < 0) {
        rms_free(usage);
        return rc;
    }
    usage->store = store;
    usage->keylink = keylink;
    (void)pthread_mutex_init(&usage->lock, NULL);
    init_condition(&usage->wake);
    init_condition(&usage->done);
    int err = pthread_create(&usage->thread, NULL, writer_main, usage);
    if (err != 0) {
        rms_spool_close(&usage->spool);
        rms_free(usage);
        return rms_error_from_errno(err);
    }
    *usage_out = usage;
    return RMS_OK;
}

void rms_usage_free(struct rms_usage **usage)
{
    struct rms_usage *u = *usage;
    if (u == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&u->lock);
    u->ending = true;
    (void)pthread_cond_signal(&u->wake);
    (void)pthread_mutex_unlock(&u->lock);
    (void)pthread_join(u->thread, NULL);
    if (rms_spool_fill(u->spool) > 0) {
        rms_log(RMS_LOG_ERROR, "usage.left-in-spool", NULL); /* for the next process */
    }
    rms_spool_close(&u->spool);
    (void)pthread_cond_destroy(&u->wake);
    (void)pthread_cond_destroy(&u->done);
    (void)pthread_mutex_destroy(&u->lock);
    rms_free(u);
    *usage = NULL;
}

/* Without keyd nobody gets a licence anyway, and should hear why; the spool holds what is refused meanwhile.
 * So does it while the database server is away (service/lookout.h). */
bool rms_usage_healthy(struct rms_usage *usage)
{
    (void)pthread_mutex_lock(&usage->lock);
    bool broken =
        usage->failure < 0 && usage->failure != RMS_E_KEY_UNAVAILABLE && usage->failure != RMS_E_UNREACHABLE;
    bool healthy = !broken && rms_spool_fill(usage->spool) < FULL;
    (void)pthread_mutex_unlock(&usage->lock);
    return healthy;
}

void rms_usage_flush(struct rms_usage *usage, int within_ms)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += within_ms / 1000;
    until.tv_nsec += (long)(within_ms % 1000) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    (void)pthread_mutex_lock(&usage->lock);
    uint64_t wanted = rms_spool_head(usage->spool);
    int err = 0;
    while (rms_spool_tail(usage->spool) < wanted && err == 0 && usage->failure != RMS_E_UNREACHABLE) {
        usage->flush = true;
        (void)pthread_cond_signal(&usage->wake);
        err = pthread_cond_timedwait(&usage->done, &usage->lock, &until);
    }
    (void)pthread_mutex_unlock(&usage->lock);
}

void rms_usage_stats(struct rms_usage *usage, struct rms_usage_stats *stats_out)
{
    (void)pthread_mutex_lock(&usage->lock);
    *stats_out = (struct rms_usage_stats){usage->written, usage->lost, rms_spool_fill(usage->spool)};
    (void)pthread_mutex_unlock(&usage->lock);
}

/* --- requests ---------------------------------------------------------------------------------------- */

static const char *type_of(const struct rms_request *request)
{
    if (request->note.request_type != NULL) {
        return request->note.request_type;
    }
    return request->route != NULL ? request->route->request_type : "UnknownRequest";
}

static int64_t membership_age(const struct rms_request *request)
{
    return request->person != NULL ? request->now - request->person->groups_read_at : -1;
}

void rms_usage_note_request(struct rms_usage *usage, const struct rms_request *request, int code)
{
    const struct rms_usage_note *note = &request->note;
    const struct rms_live_tenant *tenant = note->tenant != NULL ? note->tenant : request->tenant;
    char row_id[RMS_GUID_TEXT];
    /* an operator who acts for a person is in both logs (S-166) */
    if (request->route != NULL && request->route->log != RMS_LOG_USAGE && !note->admin_action) {
        return;
    }
    rms_guid_new(row_id);
    struct rms_usage_row row = {
        .tenant_id = tenant != NULL ? tenant->row.id : NULL,
        .time = request->now,
        .row_id = row_id,
        .request_type = type_of(request),
        .user_id = note->user_id != NULL ? note->user_id : request->address,
        .result = rms_rest_result(note->code != 0 ? note->code : code),
        .correlation_id = request->correlation,
        .content_id = note->content_id,
        .owner_email = note->owner,
        .issuer = note->issuer,
        .template_id = note->template_id,
        .file_name = note->file_name,
        .date_published = note->published_at,
        .c_info = request->client_info,
        .c_ip = request->client_ip,
        .admin_action = note->admin_action,
        .acting_as_user = note->acting_as,
        .super_user = note->super_user,
        .membership_age_s = membership_age(request),
        .detail = note->detail,
        .offline_until = note->offline_until,
        .track = note->track,
        .key_id = note->key_id,
    };
    rms_usage_add(usage, &row);
}

/* --- keys in a token ----------------------------------------------------------------------------------- */

/* A key that is not stored yet is made for the tenant at hand. */
static const struct rms_live_tenant *tenant_of_key(const struct rms_request *request, const char *key_id)
{
    for (size_t i = 0; i < request->pinned_count; i++) {
        if (rms_live_key_named(request->pinned[i], key_id) != NULL) {
            return request->pinned[i];
        }
    }
    return request->note.tenant != NULL ? request->note.tenant : request->tenant;
}

struct key_rows {
    struct rms_usage *usage;
    const struct rms_request *request;
    const char *key_id;
};

static void add_key_rows(const struct key_rows *rows, const char *type, int code, unsigned count)
{
    const struct rms_request *request = rows->request;
    const struct rms_live_tenant *tenant = tenant_of_key(request, rows->key_id);
    char row_id[RMS_GUID_TEXT];
    const struct rms_usage_row row = {
        .tenant_id = tenant != NULL ? tenant->row.id : NULL,
        .time = request->now,
        .row_id = row_id,
        .request_type = type,
        .user_id = request->note.user_id != NULL ? request->note.user_id : request->address,
        .result = rms_rest_result(code),
        .correlation_id = request->correlation,
        .date_published = RMS_TIME_NONE,
        .c_info = request->client_info,
        .c_ip = request->client_ip,
        .membership_age_s = -1,
        .detail = rows->key_id,
    };
    for (unsigned i = 0; i < count; i++) {
        rms_guid_new(row_id);
        rms_usage_add(rows->usage, &row);
    }
}

void rms_usage_note_keys(struct rms_usage *usage, const struct rms_request *request)
{
    struct rms_token_uses uses;
    rms_keyclient_take_uses(request->worker->keys, &uses);
    for (size_t i = 0; i < uses.count; i++) {
        const struct rms_token_use *use = &uses.items[i];
        const struct key_rows rows = {usage, request, use->key_id};
        add_key_rows(&rows, "KeyVaultDecryptRequest", RMS_OK, use->decrypted);
        add_key_rows(&rows, "KeyVaultDecryptRequest", RMS_E_KEY_UNAVAILABLE, use->decrypt_failed);
        add_key_rows(&rows, "KeyVaultSignDigest", RMS_OK, use->did_sign);
        add_key_rows(&rows, "KeyVaultSignDigest", RMS_E_KEY_UNAVAILABLE, use->sign_failed);
    }
}
