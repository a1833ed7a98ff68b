/* Files: whole small files in, atomic replacement out. Every write of a user's file goes through an atomic
 * output: a temporary file in the target's directory (0600 until finished), written, synced, renamed; the
 * directory synced. A crash leaves the old file or the new one, and at most a temporary file named
 * ".NAME.rms-XXXXXX". */
#ifndef RMS_BASE_FILE_H
#define RMS_BASE_FILE_H

#include <sys/stat.h>

#include "base/bytes.h"

/* Appends a regular file that fits into out. RMS_E_LIMIT when it does not, RMS_E_BAD_ARGUMENT when it is not
 * a regular file. */
RMS_MUST_USE int rms_file_read(const char *path, struct rms_buf *out);

/* Atomic replacement with the given mode. */
RMS_MUST_USE int rms_file_write(const char *path, struct rms_view content, mode_t mode);

struct rms_file_output {
    int fd;          /* open for writing; -1 when not */
    char temp[4096]; /* the temporary file's path; "" when none */
    char path[4096]; /* the target */
};

/* Creates the temporary file. Its mode stays 0600 unless the caller uses rms_file_output_like or fchmod. */
RMS_MUST_USE int rms_file_output_open(struct rms_file_output *output, const char *path);

/* Copies owner, mode, ACL and extended attributes of `like` (a descriptor) where permitted; bits that would
 * open the file to another group than the old one are dropped. */
RMS_MUST_USE int rms_file_output_like(struct rms_file_output *output, int like);

/* Sync, rename, sync the directory. replace false: RMS_E_CONFLICT when the target exists. On failure the
 * temporary file is gone and the target as it was (only when syncing the directory failed may it be the new
 * one). */
RMS_MUST_USE int rms_file_output_commit(struct rms_file_output *output, bool replace);

/* The same in two steps for many files at once: the caller makes the data of all durable in between with one
 * rms_file_sync_all (syncfs), then publishes each. Names are durable after one more rms_file_sync_all: call
 * it before removing originals. */
RMS_MUST_USE int rms_file_output_publish(struct rms_file_output *output, bool replace);
RMS_MUST_USE int rms_file_sync_all(int fd);

/* Makes names in the directory of a file durable. */
RMS_MUST_USE int rms_file_sync_directory(const char *path);

/* Removes the temporary file; harmless after commit. Also a cleanup function. */
void rms_file_output_abort(struct rms_file_output *output);

/* A file without a name in the directory, for reading and writing; nothing of it outlives the descriptor. */
RMS_MUST_USE int rms_file_scratch(const char *directory, int *fd_out);

/* Creates a directory and its parents with mode for each new one; existing ones are left as they are. */
RMS_MUST_USE int rms_dir_make(const char *path, mode_t mode);

/* Whole write and read with EINTR and short counts handled; read returns bytes or a negative code. */
RMS_MUST_USE int rms_fd_write_all(int fd, const void *data, size_t len);
long rms_fd_read_full(int fd, void *data, size_t len);
long rms_fd_pread_full(int fd, void *data, size_t len, uint64_t offset);
RMS_MUST_USE int rms_fd_pwrite_all(int fd, const void *data, size_t len, uint64_t offset);

#endif
