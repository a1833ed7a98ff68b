/* The whole service in one encrypted file, made while it runs, and back from it on an empty machine (S-216;
 * doc/format/backup.md). For whoever may read master key and database anyway. */
#ifndef RMS_SERVICE_BACKUP_H
#define RMS_SERVICE_BACKUP_H

#include "base/bytes.h"
#include "base/time.h"

struct rms_settings;

#define RMS_BACKUP_PASSPHRASE_MIN 12 /* bytes; whoever has the file may try as often as he likes */

struct rms_backup_info {
    char time[RMS_TIME_TEXT]; /* when it was made */
    unsigned version;         /* of the database's schema */
    uint64_t files;
    uint64_t rows;
};

/* To a descriptor, which nothing else writes to. One row of the admin log, which the backup has too. */
RMS_MUST_USE int rms_backup_write(const struct rms_settings *settings, int fd, struct rms_view passphrase,
    struct rms_backup_info *info_out);

/* Reads it through to its end. RMS_E_PERMISSION: not with this passphrase. RMS_E_DAMAGED: altered or cut off.
 * RMS_E_UNSUPPORTED_VERSION: of a newer program. */
RMS_MUST_USE int rms_backup_check(int fd, struct rms_view passphrase, struct rms_backup_info *info_out);

/* Checks it first. RMS_E_CONFLICT: there is a service in the data directory, or in the database. What fails
 * leaves neither files nor rows; what is cut off by force leaves a mark that keeps the service from starting,
 * and may be repeated. */
RMS_MUST_USE int rms_backup_restore(const struct rms_settings *settings, int fd, struct rms_view passphrase,
    struct rms_backup_info *info_out);

/* Is a restore unfinished? */
bool rms_backup_half_restored(const struct rms_settings *settings);

#endif
