#include "format/cfb_write.h"

#include <gsf/gsf.h>
#include <pthread.h>

#include "base/mem.h"

#define COPY_STEP (64u * 1024)

/* --- libgsf's sink: our writer ----------------------------------------------------------------------------
 */

typedef struct {
    GsfOutput base;
    const struct rms_writer *to;
    int status; /* the first failure; nothing is written behind it */
} Sink;

typedef GsfOutputClass SinkClass;

static GType sink_get_type(void);
G_DEFINE_TYPE(Sink, sink, GSF_OUTPUT_TYPE)

/* libgsf pads its tables in loops that wait for a write to succeed: to it every write does, and ours fails.
 */
static gboolean sink_write(GsfOutput *output, size_t len, const guint8 *data)
{
    Sink *sink = (Sink *)(void *)output;

    if (sink->status == 0) {
        sink->status = sink->to->write(sink->to->context, (uint64_t)gsf_output_tell(output), data, len);
    }
    return TRUE;
}

/* Places are given with each write. */
static gboolean sink_seek(GsfOutput *output, gsf_off_t offset, GSeekType whence)
{
    (void)output;
    (void)offset;
    (void)whence;
    return TRUE;
}

static gboolean sink_close(GsfOutput *output)
{
    (void)output;
    return TRUE;
}

static void sink_class_init(SinkClass *class)
{
    class->Write = sink_write;
    class->Seek = sink_seek;
    class->Close = sink_close;
}

static void sink_init(Sink *sink)
{
    sink->status = 0;
}

/* libgsf registers its types on first use without a lock: all of them here, once. */
static void start_library(void)
{
    gsf_init();
    (void)gsf_outfile_msole_get_type();
    (void)sink_get_type();
}

/* --- the writer -------------------------------------------------------------------------------------------
 */

struct rms_cfb_writer {
    Sink *sink;
    GsfOutput *open[RMS_CFB_DEPTH_MAX + 1]; /* storages from the root on */
    unsigned depth;                         /* of the innermost */
    GsfOutput *stream;                      /* the one that is begun, or NULL */
    /* of a stream that is spread */
    pthread_mutex_t lock;
    uint64_t base; /* where it lies in the file */
    uint64_t end;  /* behind the furthest byte so far; 0: it is not spread */
    uint8_t last;  /* that byte */
};

/* The sink knows better than libgsf why something failed. */
static int failed(const struct rms_cfb_writer *writer)
{
    return writer->sink->status != 0 ? writer->sink->status : RMS_E_INTERNAL;
}

int rms_cfb_writer_new(const struct rms_writer *file, struct rms_cfb_writer **writer_out)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT; /* process state: libgsf's types */
    struct rms_cfb_writer *writer = rms_calloc(1, sizeof *writer);

    *writer_out = writer;
    if (writer == NULL) {
        return RMS_E_NO_MEMORY;
    }
    (void)pthread_once(&once, start_library);
    (void)pthread_mutex_init(&writer->lock, NULL);
    writer->sink = g_object_new(sink_get_type(), NULL);
    writer->sink->to = file;
    writer->open[0] = GSF_OUTPUT(gsf_outfile_msole_new(GSF_OUTPUT(writer->sink)));
    if (writer->open[0] == NULL) {
        rms_cfb_writer_free(writer_out);
        return RMS_E_INTERNAL;
    }
    return 0;
}

static GsfOutput *innermost(const struct rms_cfb_writer *writer)
{
    return writer->open[writer->depth];
}

void rms_cfb_set_class(struct rms_cfb_writer *writer, const uint8_t class_id[16])
{
    (void)gsf_outfile_msole_set_class_id(GSF_OUTFILE_MSOLE(innermost(writer)), class_id);
}

int rms_cfb_enter(struct rms_cfb_writer *writer, const char *name)
{
    GsfOutput *child;

    if (writer->depth == RMS_CFB_DEPTH_MAX) {
        return RMS_E_LIMIT;
    }
    child = gsf_outfile_new_child(GSF_OUTFILE(innermost(writer)), name, TRUE);
    if (child == NULL) {
        return failed(writer);
    }
    writer->open[++writer->depth] = child;
    return 0;
}

static int close_and_drop(struct rms_cfb_writer *writer, GsfOutput **output)
{
    bool good = gsf_output_close(*output);

    g_object_unref(*output);
    *output = NULL;
    return good && writer->sink->status == 0 ? 0 : failed(writer);
}

int rms_cfb_leave(struct rms_cfb_writer *writer)
{
    return close_and_drop(writer, &writer->open[writer->depth--]);
}

int rms_cfb_begin(struct rms_cfb_writer *writer, const char *name)
{
    writer->stream = gsf_outfile_new_child(GSF_OUTFILE(innermost(writer)), name, FALSE);
    return writer->stream != NULL ? 0 : failed(writer);
}

int rms_cfb_append(struct rms_cfb_writer *writer, const void *data, size_t len)
{
    if (len == 0) {
        return 0;
    }
    if ((uint64_t)gsf_output_tell(writer->stream) + len > RMS_CFB_STREAM_MAX) {
        return RMS_E_LIMIT;
    }
    return gsf_output_write(writer->stream, len, data) && writer->sink->status == 0 ? 0 : failed(writer);
}

/* libgsf hears how long the stream became by its last byte. */
int rms_cfb_end(struct rms_cfb_writer *writer)
{
    uint64_t end = writer->end;

    writer->end = 0;
    if (end > 0) {
        (void)gsf_output_seek(writer->stream, (gsf_off_t)(end - 1), G_SEEK_SET);
        RMS_TRY(rms_cfb_append(writer, &writer->last, 1));
    }
    return close_and_drop(writer, &writer->stream);
}

static int append_at(void *context, uint64_t offset, const void *data, size_t len)
{
    struct rms_cfb_writer *writer = context;

    if (offset != (uint64_t)gsf_output_tell(writer->stream)) {
        return RMS_E_INTERNAL;
    }
    return rms_cfb_append(writer, data, len);
}

struct rms_writer rms_cfb_stream_writer(struct rms_cfb_writer *writer)
{
    return (struct rms_writer){writer, append_at, true};
}

static int put_at(void *context, uint64_t offset, const void *data, size_t len)
{
    struct rms_cfb_writer *writer = context;
    const struct rms_writer *to = writer->sink->to;

    if (offset > RMS_CFB_STREAM_MAX || len > RMS_CFB_STREAM_MAX - offset) {
        return RMS_E_LIMIT;
    }
    if (len == 0) {
        return 0;
    }
    (void)pthread_mutex_lock(&writer->lock);
    if (offset + len >= writer->end) {
        writer->end = offset + len;
        writer->last = ((const uint8_t *)data)[len - 1];
    }
    (void)pthread_mutex_unlock(&writer->lock);
    return to->write(to->context, writer->base + offset, data, len);
}

int rms_cfb_spread(struct rms_cfb_writer *writer, struct rms_writer *stream_out)
{
    static const uint8_t zeros[RMS_CFB_SPREAD_MIN];

    RMS_TRY(rms_cfb_append(writer, zeros, sizeof zeros));
    writer->end = (uint64_t)gsf_output_tell(writer->stream);
    writer->base = (uint64_t)gsf_output_tell(GSF_OUTPUT(writer->sink)) - writer->end;
    writer->last = 0;
    *stream_out = (struct rms_writer){writer, put_at, false};
    return 0;
}

int rms_cfb_put(struct rms_cfb_writer *writer, const char *name, struct rms_view data)
{
    RMS_TRY(rms_cfb_begin(writer, name));
    RMS_TRY(rms_cfb_append(writer, data.data, data.len));
    return rms_cfb_end(writer);
}

/* --- copying ----------------------------------------------------------------------------------------------
 */

static int copy_stream(struct rms_cfb_writer *writer, struct rms_cfb *from, uint32_t index)
{
    struct rms_reader reader;
    uint8_t step[COPY_STEP];

    RMS_TRY(rms_cfb_stream(from, index, &reader));
    RMS_TRY(rms_cfb_begin(writer, rms_cfb_entry(from, index)->name));
    for (uint64_t at = 0; at < reader.size; at += sizeof step) {
        size_t len = reader.size - at < sizeof step ? (size_t)(reader.size - at) : sizeof step;

        RMS_TRY(rms_reader_at(&reader, at, step, len));
        RMS_TRY(rms_cfb_append(writer, step, len));
    }
    return rms_cfb_end(writer);
}

/* Storages nest no deeper than rms_cfb_enter allows, so this recursion ends. */
int rms_cfb_copy(struct rms_cfb_writer *writer, struct rms_cfb *from, uint32_t index)
{
    const struct rms_cfb_entry *entry = rms_cfb_entry(from, index);

    if (!entry->storage) {
        return copy_stream(writer, from, index);
    }
    RMS_TRY(rms_cfb_enter(writer, entry->name));
    rms_cfb_set_class(writer, entry->class_id);
    for (uint32_t i = 1; rms_cfb_entry(from, i) != NULL; i++) {
        if (rms_cfb_entry(from, i)->parent == index) {
            RMS_TRY(rms_cfb_copy(writer, from, i));
        }
    }
    return rms_cfb_leave(writer);
}

/* --- the end ----------------------------------------------------------------------------------------------
 */

int rms_cfb_finish(struct rms_cfb_writer *writer)
{
    if (writer->depth != 0 || writer->stream != NULL) {
        return RMS_E_INTERNAL;
    }
    return close_and_drop(writer, &writer->open[0]);
}

static void drop(GsfOutput **output)
{
    if (*output != NULL) {
        if (!gsf_output_is_closed(*output)) {
            (void)gsf_output_close(*output);
        }
        g_object_unref(*output);
        *output = NULL;
    }
}

void rms_cfb_writer_free(struct rms_cfb_writer **writer)
{
    struct rms_cfb_writer *gone = *writer;

    if (gone == NULL) {
        return;
    }
    *writer = NULL;
    gone->sink->status = gone->sink->status != 0 ? gone->sink->status : RMS_E_CANCELLED;
    drop(&gone->stream);
    for (unsigned i = gone->depth + 1; i-- > 0;) {
        drop(&gone->open[i]);
    }
    g_object_unref(gone->sink);
    (void)pthread_mutex_destroy(&gone->lock);
    rms_free(gone);
}
