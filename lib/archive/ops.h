/* What a sort of archive is made of. */
#ifndef RMS_ARCHIVE_OPS_H
#define RMS_ARCHIVE_OPS_H

#include <locale.h>

#include "archive/archive.h"

struct rms_archive_ops {
    int (*open)(struct rms_archive *archive);
    int (*next)(struct rms_archive *archive, struct rms_archive_member *member_out);
    int (*read)(struct rms_archive *archive, void *data, size_t len, size_t *got_out);
    int (*rewrite)(struct rms_archive *archive, const struct rms_archive_changes *changes, int out);
    void (*close)(struct rms_archive *archive); /* also after a failed open */
    bool independent;                           /* members do not depend on each other */
};

struct rms_archive {
    const struct rms_archive_ops *ops;
    unsigned sort; /* of the ops' own */
    int fd;
    uint64_t size;
    struct rms_archive_budget *budget;
    struct rms_archive_budget again; /* as it was in the beginning: for writing */
    locale_t names;                  /* UTF-8, whatever the program's is */
    void *state;                     /* of the ops */
};

enum rms_archive_stream_sort { RMS_STREAM_TAR, RMS_STREAM_7Z, RMS_STREAM_RAR };

extern const struct rms_archive_ops rms_archive_zip, rms_archive_stream, rms_archive_mbox, rms_archive_mail;

/* Takes bytes from the budget, before or just after they come out. */
RMS_MUST_USE int rms_archive_spend(struct rms_archive *archive, uint64_t bytes);

/* Bytes of the archive's file: all of them or RMS_E_DAMAGED. */
RMS_MUST_USE int rms_archive_pread(
    const struct rms_archive *archive, uint64_t offset, void *data, size_t len);

/* Appends a change's content, to hold it in memory. */
RMS_MUST_USE int rms_archive_load(
    const struct rms_archive_changes *changes, const struct rms_archive_change *change, struct rms_buf *out);

/* The change of a member, NULL: none. */
const struct rms_archive_change *rms_archive_change_of(
    const struct rms_archive_changes *changes, size_t index);

/* Looks at the header of a 7z: RMS_E_ARCHIVE_LIMIT when reading it would take more memory or members than
 * allowed, RMS_E_PASSWORD, RMS_E_DAMAGED, RMS_E_UNSUPPORTED. */
RMS_MUST_USE int rms_sevenzip_check(const struct rms_archive *archive);

#endif
