#include "service/usage.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "base/log.h"
#include "base/mem.h"
#include "directory/directory.h"
#include "service/rest_error.h"
#include "service/route.h"
#include "service/tenant.h"

#define WAITING_MAX 200000 /* rows kept while nothing can be written */
#define RETRY_MS    1000

struct rows {
    struct rms_usage_row **items;
    size_t count;
    size_t room;
};

struct rms_usage {
    pthread_mutex_t lock;
    pthread_cond_t wake; /* to the writer: many rows, a flush, the end */
    pthread_cond_t done; /* from the writer: a batch is written */
    pthread_t thread;
    struct rms_store *store;
    struct rows waiting;
    uint64_t queued;
    uint64_t written;
    uint64_t lost;
    bool flush;
    bool ending;
    bool broken; /* the last attempt failed */
};

/* --- rows -------------------------------------------------------------------------------------------- */

static const size_t text_fields[] = {
    offsetof(struct rms_usage_row, tenant_id),
    offsetof(struct rms_usage_row, row_id),
    offsetof(struct rms_usage_row, request_type),
    offsetof(struct rms_usage_row, user_id),
    offsetof(struct rms_usage_row, result),
    offsetof(struct rms_usage_row, correlation_id),
    offsetof(struct rms_usage_row, content_id),
    offsetof(struct rms_usage_row, owner_email),
    offsetof(struct rms_usage_row, issuer),
    offsetof(struct rms_usage_row, template_id),
    offsetof(struct rms_usage_row, file_name),
    offsetof(struct rms_usage_row, c_info),
    offsetof(struct rms_usage_row, c_ip),
    offsetof(struct rms_usage_row, acting_as_user),
    offsetof(struct rms_usage_row, detail),
};
#define TEXT_FIELDS    (sizeof text_fields / sizeof text_fields[0])
#define TEXT_FIELD_MAX 1024 /* bytes kept of one value */

static const char **field_of(const struct rms_usage_row *row, size_t i)
{
    return (const char **)((uintptr_t)row + text_fields[i]);
}

/* Cut at a character, never inside one. */
static size_t kept_length(const char *text)
{
    size_t len = strnlen(text, TEXT_FIELD_MAX + 1);
    if (len <= TEXT_FIELD_MAX) {
        return len;
    }
    len = TEXT_FIELD_MAX;
    while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80) {
        len--;
    }
    return len;
}

/* One block: the row, then its texts. */
static struct rms_usage_row *copy_row(const struct rms_usage_row *row)
{
    size_t lengths[TEXT_FIELDS] = {0};
    size_t total = sizeof *row;
    for (size_t i = 0; i < TEXT_FIELDS; i++) {
        const char *text = *field_of(row, i);
        lengths[i] = text != NULL ? kept_length(text) : 0;
        total += lengths[i] + 1;
    }
    struct rms_usage_row *copy = rms_malloc(total);
    if (copy == NULL) {
        return NULL;
    }
    *copy = *row;
    char *place = (char *)(copy + 1);
    for (size_t i = 0; i < TEXT_FIELDS; i++) {
        const char *text = *field_of(row, i);
        if (text != NULL) {
            memcpy(place, text, lengths[i]);
            place[lengths[i]] = '\0';
            *field_of(copy, i) = place;
            place += lengths[i] + 1;
        }
    }
    return copy;
}

static bool push(struct rows *rows, struct rms_usage_row *row)
{
    if (rows->count == rows->room) {
        size_t room = rows->room > 0 ? rows->room * 2 : RMS_USAGE_BATCH_ROWS;
        struct rms_usage_row **items = rms_realloc(rows->items, room * sizeof(struct rms_usage_row *));
        if (items == NULL) {
            return false;
        }
        rows->items = items;
        rows->room = room;
    }
    rows->items[rows->count++] = row;
    return true;
}

static void free_rows(struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        rms_free(rows->items[i]);
    }
    rms_free(rows->items);
    *rows = (struct rows){NULL, 0, 0};
}

void rms_usage_add(struct rms_usage *usage, const struct rms_usage_row *row)
{
    struct rms_usage_row *copy = copy_row(row);
    (void)pthread_mutex_lock(&usage->lock);
    bool taken = copy != NULL && usage->waiting.count < WAITING_MAX && push(&usage->waiting, copy);
    if (taken) {
        usage->queued++;
    } else {
        usage->lost++;
    }
    if (usage->waiting.count == RMS_USAGE_BATCH_ROWS) {
        (void)pthread_cond_signal(&usage->wake);
    }
    (void)pthread_mutex_unlock(&usage->lock);
    if (!taken) {
        rms_free(copy);
    }
}

/* --- the writer -------------------------------------------------------------------------------------- */

/* rms_usage_append takes an array of rows; batches bound its size. */
static int write_rows(struct rms_db *db, const struct rows *rows)
{
    static _Thread_local struct rms_usage_row batch[RMS_USAGE_BATCH_ROWS];
    size_t count = rows->count < RMS_USAGE_BATCH_ROWS ? rows->count : RMS_USAGE_BATCH_ROWS;
    for (size_t i = 0; i < count; i++) {
        batch[i] = *rows->items[i];
    }
    return rms_usage_append(db, batch, count);
}

static void drop_first(struct rows *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        rms_free(rows->items[i]);
    }
    rows->count -= count;
    memmove(rows->items, rows->items + count, rows->count * sizeof(struct rms_usage_row *));
}

/* Outside the lock: only the writer touches the rows it took. */
static int write_all(struct rms_usage *usage, struct rms_db *db, struct rows *rows)
{
    while (rows->count > 0) {
        size_t count = rows->count < RMS_USAGE_BATCH_ROWS ? rows->count : RMS_USAGE_BATCH_ROWS;
        RMS_TRY(write_rows(db, rows));
        drop_first(rows, count);
        (void)pthread_mutex_lock(&usage->lock);
        usage->written += count;
        (void)pthread_mutex_unlock(&usage->lock);
    }
    return RMS_OK;
}

/* What could not be written goes back in front of what came meanwhile. */
static void give_back(struct rms_usage *usage, struct rows *rows)
{
    for (size_t i = 0; i < usage->waiting.count; i++) {
        if (!push(rows, usage->waiting.items[i])) {
            rms_free(usage->waiting.items[i]);
            usage->lost++;
        }
    }
    rms_free(usage->waiting.items);
    usage->waiting = *rows;
    *rows = (struct rows){NULL, 0, 0};
}

static void wait_some(struct rms_usage *usage)
{
    struct timespec until;
    int64_t ms = usage->broken ? RETRY_MS : RMS_USAGE_BATCH_MS;
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
    if (broken != usage->broken) {
        rms_log(broken ? RMS_LOG_ERROR : RMS_LOG_INFO, broken ? "usage.broken" : "usage.recovered", "reason",
            rms_error_info(code)->reason, NULL);
    }
    usage->broken = broken;
}

static void write_until_end(struct rms_usage *usage, struct rms_db *db)
{
    bool ended = false;
    (void)pthread_mutex_lock(&usage->lock);
    while (!ended) {
        wait_some(usage);
        ended = usage->ending;
        struct rows rows = usage->waiting;
        usage->waiting = (struct rows){NULL, 0, 0};
        (void)pthread_mutex_unlock(&usage->lock);
        int rc = write_all(usage, db, &rows);
        (void)pthread_mutex_lock(&usage->lock);
        if (rc < 0) {
            give_back(usage, &rows);
        }
        free_rows(&rows);
        note_health(usage, rc);
        (void)pthread_cond_broadcast(&usage->done);
    }
    (void)pthread_mutex_unlock(&usage->lock);
}

static void *writer_main(void *argument)
{
    struct rms_usage *usage = argument;
    struct rms_db *db = NULL;
    (void)pthread_setname_np(pthread_self(), "usage-log");
    int rc = rms_db_open(usage->store, &db);
    if (rc < 0) {
        (void)pthread_mutex_lock(&usage->lock);
        note_health(usage, rc);
        (void)pthread_mutex_unlock(&usage->lock);
        return NULL;
    }
    write_until_end(usage, db);
    rms_db_close(&db);
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

int rms_usage_new(struct rms_store *store, struct rms_usage **usage_out)
{
    struct rms_usage *usage = rms_calloc(1, sizeof *usage);
    if (usage == NULL) {
        return RMS_E_NO_MEMORY;
    }
    usage->store = store;
    (void)pthread_mutex_init(&usage->lock, NULL);
    init_condition(&usage->wake);
    init_condition(&usage->done);
    int err = pthread_create(&usage->thread, NULL, writer_main, usage);
    if (err != 0) {
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
    if (u->waiting.count > 0) {
        rms_log(RMS_LOG_ERROR, "usage.lost-at-end", NULL);
    }
    free_rows(&u->waiting);
    (void)pthread_cond_destroy(&u->wake);
    (void)pthread_cond_destroy(&u->done);
    (void)pthread_mutex_destroy(&u->lock);
    rms_free(u);
    *usage = NULL;
}

bool rms_usage_healthy(struct rms_usage *usage)
{
    (void)pthread_mutex_lock(&usage->lock);
    bool healthy = !usage->broken;
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
    uint64_t wanted = usage->queued;
    int err = 0;
    while (usage->written < wanted && err == 0) {
        usage->flush = true;
        (void)pthread_cond_signal(&usage->wake);
        err = pthread_cond_timedwait(&usage->done, &usage->lock, &until);
    }
    (void)pthread_mutex_unlock(&usage->lock);
}

void rms_usage_stats(struct rms_usage *usage, struct rms_usage_stats *stats_out)
{
    (void)pthread_mutex_lock(&usage->lock);
    *stats_out = (struct rms_usage_stats){usage->written, usage->lost, usage->waiting.count};
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
    if (request->route != NULL && request->route->log != RMS_LOG_USAGE) {
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
    };
    rms_usage_add(usage, &row);
}
