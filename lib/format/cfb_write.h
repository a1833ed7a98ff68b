/* Writing compound files through libgsf: one stream after the other, each big one straight to its place, so
 * memory does not grow with the file. Only the writer is libgsf's; hostile files are read by cfb.h. libgsf
 * ends the process when memory is exhausted, as GLib does. */
#ifndef RMS_FORMAT_CFB_WRITE_H
#define RMS_FORMAT_CFB_WRITE_H

#include "format/cfb.h"
#include "format/writer.h"

#define RMS_CFB_DEPTH_MAX  24                                     /* storages inside each other */
#define RMS_CFB_STREAM_MAX ((uint64_t)2 * 1024 * 1024 * 1024 - 1) /* what version 3 allows */

struct rms_cfb_writer;

/* file must stay until rms_cfb_writer_free. It is written from offset 0, not in order. */
RMS_MUST_USE int rms_cfb_writer_new(const struct rms_writer *file, struct rms_cfb_writer **writer_out);

/* The class of the document (16 bytes) for the storage that is open now. */
void rms_cfb_set_class(struct rms_cfb_writer *writer, const uint8_t class_id[16]);

/* Storages are entered and left; what is put goes into the innermost. Names are UTF-8, at most 31 UTF-16
 * units. */
RMS_MUST_USE int rms_cfb_enter(struct rms_cfb_writer *writer, const char *name);
RMS_MUST_USE int rms_cfb_leave(struct rms_cfb_writer *writer);

/* A whole stream. */
RMS_MUST_USE int rms_cfb_put(struct rms_cfb_writer *writer, const char *name, struct rms_view data);

/* A stream in pieces: begin, append any number of times, end. */
RMS_MUST_USE int rms_cfb_begin(struct rms_cfb_writer *writer, const char *name);
RMS_MUST_USE int rms_cfb_append(struct rms_cfb_writer *writer, const void *data, size_t len);
RMS_MUST_USE int rms_cfb_end(struct rms_cfb_writer *writer);

/* The stream that is begun, as a writer in order. */
struct rms_writer rms_cfb_stream_writer(struct rms_cfb_writer *writer);

/* The same for what is going to be at least RMS_CFB_SPREAD_MIN bytes more: in any order, and by several
 * threads when the file may be written so. Nothing else is done with writer until rms_cfb_end. */
#define RMS_CFB_SPREAD_MIN 4096u /* from there on a stream lies in one piece */
RMS_MUST_USE int rms_cfb_spread(struct rms_cfb_writer *writer, struct rms_writer *stream_out);

/* An entry of another file with everything in it, under its own name. */
RMS_MUST_USE int rms_cfb_copy(struct rms_cfb_writer *writer, struct rms_cfb *from, uint32_t index);

/* Writes tables and header: the file is complete. Everything must be ended and left. */
RMS_MUST_USE int rms_cfb_finish(struct rms_cfb_writer *writer);
void rms_cfb_writer_free(struct rms_cfb_writer **writer);

#endif
