#include "service/stream_s3.h"

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"
#include "service/s3.h"
#include "service/settings.h"
#include "service/stream.h"

#define BATCH_ROWS   1000       /* never fewer: there are batches that an older release began */
#define BATCH_BYTES  (8u << 20) /* of lines; a batch ends behind the row that passes it */
#define OBJECT_MAX   (64u << 20)
#define FOLDER_TEXT  64
#define NAME_TEXT    160
#define PAUSE_MS     1000 /* after a failure; doubles */
#define PAUSE_MAX_MS 300000
#define BATCH_FULL   1 /* ends the reading of rows */

/* The rows of one tenant and day. */
struct object {
    char folder[FOLDER_TEXT];
    struct rms_buf lines;
};

struct rms_stream_s3 {
    const struct rms_settings *settings;
    struct rms_store *store;
    struct rms_db *db;
    struct rms_s3 *s3;
    char name[RMS_SETTING_TEXT]; /* of the cursor: one for all nodes, they share the store */
    int64_t seen_at;
    struct rms_stream_batch batch;
    int64_t last; /* number of the last row that was read */
    size_t bytes;
    struct object objects[BATCH_ROWS]; /* the first object_count */
    size_t object_count;
    int failure; /* that the log has told of */
    pthread_t thread;
    atomic_bool stop;
    int wake; /* eventfd: readable at the end */
};

/* --- a batch -------------------------------------------------------------------------------------------- */

static void clear_objects(struct rms_stream_s3 *stream)
{
    for (size_t i = 0; i < stream->object_count; i++) {
        rms_buf_fini(&stream->objects[i].lines);
    }
    stream->object_count = 0;
    stream->bytes = 0;
    stream->last = 0;
}

/* A tenant's identifier is part of a path: nothing but a GUID gets there. */
static int folder_of(const struct rms_usage_row *row, char folder_out[FOLDER_TEXT])
{
    char tenant[RMS_GUID_TEXT] = RMS_STREAM_NO_TENANT;
    char time[RMS_TIME_TEXT];

    if (row->tenant_id != NULL) {
        RMS_TRY(rms_guid_parse(rms_view_str(row->tenant_id), tenant));
    }
    rms_time_iso(row->time, time);
    (void)snprintf(folder_out, FOLDER_TEXT, "%s/%.10s", tenant, time);
    return 0;
}

static struct object *object_of(struct rms_stream_s3 *stream, const char *folder)
{
    struct object *object = stream->objects;
    struct object *end = object + stream->object_count;

    while (object < end && strcmp(object->folder, folder) != 0) {
        object++;
    }
    if (object == end) { /* there is one for each row of a batch */
        stream->object_count++;
        object->lines = RMS_BUF_INIT(OBJECT_MAX);
        memcpy(object->folder, folder, strlen(folder) + 1);
    }
    return object;
}

static int add_row(int64_t seq, const struct rms_usage_row *row, void *context)
{
    struct rms_stream_s3 *stream = context;
    bool begun = stream->batch.last > stream->batch.after;
    char folder[FOLDER_TEXT];
    struct object *object;
    size_t before;

    if (begun && seq > stream->batch.last) {
        return BATCH_FULL;
    }
    RMS_TRY(folder_of(row, folder));
    object = object_of(stream, folder);
    before = object->lines.len;
    rms_stream_json_row(&object->lines, row);
    RMS_TRY(rms_buf_status(&object->lines));
    stream->bytes += object->lines.len - before;
    stream->last = seq;
    return !begun && stream->bytes >= BATCH_BYTES ? BATCH_FULL : 0;
}

/* Rows of the batch that is on its way; without one, those that the next will have. */
static int read_rows(struct rms_stream_s3 *stream)
{
    int rc;

    clear_objects(stream);
    rc = rms_stream_read(stream->db, stream->batch.after, BATCH_ROWS, add_row, stream);
    return rc == BATCH_FULL ? 0 : rc;
}

static int begin_batch(struct rms_stream_s3 *stream)
{
    stream->batch.last = stream->last;
    rms_guid_new(stream->batch.id);
    return rms_stream_batch_begin(stream->db, stream->name, &stream->batch);
}

static int put_objects(struct rms_stream_s3 *stream)
{
    for (size_t i = 0; i < stream->object_count; i++) {
        const struct object *object = &stream->objects[i];
        char name[NAME_TEXT];

        (void)snprintf(name, sizeof name, "%s/%019" PRId64 "-%s.jsonl", object->folder,
            stream->batch.after + 1, stream->batch.id);
        RMS_TRY(rms_s3_put(stream->s3, name, rms_buf_view(&object->lines)));
    }
    return rms_stream_batch_done(stream->db, stream->name, &stream->batch);
}

/* Another node that began a batch first sees to it; here it is looked for at the next turn. */
static int hand_on(struct rms_stream_s3 *stream, bool *more_out)
{
    *more_out = false;
    RMS_TRY(rms_stream_batch(stream->db, stream->name, &stream->batch));
    bool begun = stream->batch.last > stream->batch.after;
    RMS_TRY(read_rows(stream));
    if (!begun) {
        if (stream->last == 0) {
            return 0;
        }
        int rc = begin_batch(stream);
        if (rc != 0) {
            return rc == RMS_E_CONFLICT ? 0 : rc;
        }
    }
    RMS_TRY(put_objects(stream));
    *more_out =
        begun || stream->bytes >= BATCH_BYTES || stream->batch.last - stream->batch.after >= BATCH_ROWS;
    return 0;
}

/* --- the thread ----------------------------------------------------------------------------------------- */

static void wait_ms(struct rms_stream_s3 *stream, int ms)
{
    struct pollfd event = {.fd = stream->wake, .events = POLLIN};

    (void)poll(&event, 1, ms);
}

static void tell(struct rms_stream_s3 *stream, int rc)
{
    if (rc != stream->failure && rc != RMS_E_CANCELLED) {
        rms_log(rc < 0 ? RMS_LOG_ERROR : RMS_LOG_INFO, rc < 0 ? "stream.broken" : "stream.recovered",
            "target", stream->settings->usage_s3, "reason", rms_error_info(rc)->reason, "detail",
            rms_s3_detail(stream->s3), NULL);
        stream->failure = rc;
    }
}

static int say_seen(struct rms_stream_s3 *stream)
{
    int64_t now = rms_clock_now();

    if (now - stream->seen_at < RMS_STREAM_SEEN_EVERY_S) {
        return 0;
    }
    RMS_TRY(rms_stream_seen(stream->db, stream->name, now));
    stream->seen_at = now;
    return 0;
}

static void *run(void *context)
{
    struct rms_stream_s3 *stream = context;
    int pause = PAUSE_MS;

    while (!atomic_load(&stream->stop)) {
        bool more = false;
        int rc = say_seen(stream);

        rc = rc == 0 ? hand_on(stream, &more) : rc;

        clear_objects(stream);
        tell(stream, rc);
        if (rc < 0) {
            wait_ms(stream, pause);
            pause = 2 * pause < PAUSE_MAX_MS ? 2 * pause : PAUSE_MAX_MS;
        } else {
            pause = PAUSE_MS;
            wait_ms(stream, more ? 0 : 1000 * stream->settings->usage_s3_interval_s);
        }
    }
    return NULL;
}

/* --- life ----------------------------------------------------------------------------------------------- */

static int start(struct rms_stream_s3 *stream)
{
    stream->wake = eventfd(0, EFD_CLOEXEC);
    if (stream->wake < 0) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_s3_new(stream->settings, &stream->stop, &stream->s3));
    RMS_TRY(rms_db_open(stream->store, &stream->db));
    return pthread_create(&stream->thread, NULL, run, stream) == 0 ? 0 : RMS_E_NO_MEMORY;
}

static void fini(struct rms_stream_s3 *stream)
{
    clear_objects(stream);
    rms_db_close(&stream->db);
    rms_s3_free(&stream->s3);
    if (stream->wake >= 0) {
        (void)close(stream->wake);
    }
}

int rms_stream_s3_start(
    const struct rms_settings *settings, struct rms_store *store, struct rms_stream_s3 **stream_out)
{
    struct rms_stream_s3 *stream;
    int status;

    *stream_out = NULL;
    if (settings->usage_s3[0] == '\0') {
        return 0;
    }
    stream = rms_calloc(1, sizeof *stream);
    if (stream == NULL) {
        return RMS_E_NO_MEMORY;
    }
    stream->settings = settings;
    stream->store = store;
    stream->wake = -1;
    memcpy(stream->name, settings->usage_s3, sizeof stream->name);
    atomic_init(&stream->stop, false);
    status = start(stream);
    if (status != 0) {
        fini(stream);
        rms_free(stream);
        return status;
    }
    *stream_out = stream;
    return 0;
}

void rms_stream_s3_stop(struct rms_stream_s3 **stream)
{
    static const uint64_t one = 1;

    if (*stream == NULL) {
        return;
    }
    atomic_store(&(*stream)->stop, true);
    (void)!write((*stream)->wake, &one, sizeof one);
    (void)pthread_join((*stream)->thread, NULL);
    fini(*stream);
    rms_free(*stream);
    *stream = NULL;
}
