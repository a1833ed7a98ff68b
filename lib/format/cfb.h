/* Reading compound files (MS-CFB), versions 3 and 4, without trusting a byte of them: every sector number is
 * held against the file, every chain ends, no recursion, memory in proportion to the directory and to the
 * fragments of the streams that are read. Written with base only, so that it also serves where libraries do
 * not. Writing is cfb_write.h. */
#ifndef RMS_FORMAT_CFB_H
#define RMS_FORMAT_CFB_H

#include "format/reader.h"

#define RMS_CFB_ROOT     0u /* index of the root storage */
#define RMS_CFB_NAME_MAX 96 /* bytes of a name with NUL: 31 UTF-16 units */

struct rms_cfb;

struct rms_cfb_entry {
    const char *name; /* UTF-8; the root's means nothing */
    uint32_t parent;  /* index of its storage */
    bool storage;
    uint8_t class_id[16];
    uint64_t size; /* of a stream */
    uint32_t start;
};

/* Does it begin like a compound file? */
bool rms_cfb_looks(const struct rms_reader *file);

/* Reads the directory. file must stay as it is until rms_cfb_close. RMS_E_DAMAGED, RMS_E_UNSUPPORTED_VERSION,
 * RMS_E_LIMIT (more than 65536 entries), or the reader's own code. */
RMS_MUST_USE int rms_cfb_open(const struct rms_reader *file, struct rms_cfb **cfb_out);
void rms_cfb_close(struct rms_cfb **cfb);
#define RMS_CFB_CLEANUP __attribute__((cleanup(rms_cfb_close)))

/* Entries in no particular order but for the root, which is the first; a storage comes before what is in it.
 * NULL behind the last. */
const struct rms_cfb_entry *rms_cfb_entry(const struct rms_cfb *cfb, uint32_t index);

/* By exact name inside a storage. RMS_E_NOT_FOUND; RMS_E_DAMAGED when two have the name: readers would
 * disagree. */
RMS_MUST_USE int rms_cfb_find(
    const struct rms_cfb *cfb, uint32_t storage, const char *name, uint32_t *index_out);

/* Is the entry this storage, or somewhere in it? */
bool rms_cfb_is_inside(const struct rms_cfb *cfb, uint32_t index, uint32_t storage);

/* A stream's bytes. They are known to lie inside the file. The reader is good until rms_cfb_close, for any
 * number of threads. */
RMS_MUST_USE int rms_cfb_stream(struct rms_cfb *cfb, uint32_t index, struct rms_reader *reader_out);

/* Appends a whole stream. RMS_E_LIMIT when it does not fit. */
RMS_MUST_USE int rms_cfb_read(struct rms_cfb *cfb, uint32_t index, struct rms_buf *out);

#endif
