/* The encrypted file of a backup: records, in pieces that open with the passphrase only, in their order, and
 * all of them (doc/format/backup.md). Writer and reader; what the records say is backup.c's. */
#ifndef RMS_SERVICE_BACKUP_FILE_H
#define RMS_SERVICE_BACKUP_FILE_H

#include "base/secret.h"

#define RMS_BACKUP_RECORD_MAX (64u << 20)

struct rms_backup_writer;

/* Writes the head. fd: borrowed; any that can be written to. */
RMS_MUST_USE int rms_backup_writer_new(
    int fd, struct rms_view passphrase, struct rms_backup_writer **writer_out);
void rms_backup_writer_free(struct rms_backup_writer **writer);

RMS_MUST_USE int rms_backup_put(struct rms_backup_writer *writer, char kind, struct rms_view record);

/* Writes the end: without it the file is refused. */
RMS_MUST_USE int rms_backup_end(struct rms_backup_writer *writer);

struct rms_backup_reader;

/* fd: borrowed, of a regular file. RMS_E_BAD_ARGUMENT: no backup; RMS_E_UNSUPPORTED_VERSION. */
RMS_MUST_USE int rms_backup_reader_new(
    int fd, struct rms_view passphrase, struct rms_backup_reader **reader_out);
void rms_backup_reader_free(struct rms_backup_reader **reader);

/* Takes a record; what it returns below 0 ends the reading. */
typedef int rms_backup_take(void *context, char kind, struct rms_view record);

/* From the beginning to the end; may be called again. RMS_E_PERMISSION: the passphrase does not open it.
 * RMS_E_DAMAGED: altered, or cut off; records before that place were taken. */
RMS_MUST_USE int rms_backup_each(struct rms_backup_reader *reader, rms_backup_take *take, void *context);

#endif
