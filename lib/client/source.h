/* A file that is going to be protected or opened: the rules for what may be read at all (C-049, C-053), and
 * the proof that it did not change meanwhile (C-054). */
#ifndef RMS_CLIENT_SOURCE_H
#define RMS_CLIENT_SOURCE_H

#include <limits.h>
#include <sys/stat.h>

#include "client/inspect.h"

struct rms_context;

struct rms_file_source {
    int fd;           /* -1 when not open */
    const char *path; /* the caller's */
    const char *name; /* its last part */
    struct stat before;
    struct rms_reader reader; /* over fd; context points to this struct: do not move it */
};

/* Opens a regular file. *skipped_out: it is of a sort that is left alone (link, device, excluded folder); the
 * code then says which. writable: it is going to be replaced, so a read-only file is refused. */
RMS_MUST_USE int rms_source_open(struct rms_context *context, const char *path, bool writable,
    struct rms_file_source *source_out, bool *skipped_out);
void rms_source_close(struct rms_file_source *source);
#define RMS_SOURCE_CLEANUP __attribute__((cleanup(rms_source_close)))

/* RMS_E_FILE_CHANGED when size, times or identity of the file, or what its name stands for, differ from
 * before. */
RMS_MUST_USE int rms_source_unchanged(
    const struct rms_context *context, const struct rms_file_source *source);

#endif
