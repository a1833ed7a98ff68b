/* Files that hold files: zip, tar, 7z, rar, mbox, mails. Members come in the order of the archive; the same
 * archive is then written again with some of them replaced. Names are text that nobody resolves; links and
 * folders are passed over. What comes out is bounded by a budget that an archive shares with those inside it.
 */
#ifndef RMS_ARCHIVE_ARCHIVE_H
#define RMS_ARCHIVE_ARCHIVE_H

#include "base/bytes.h"

#define RMS_ARCHIVE_DEPTH_MAX   10u            /* archives and mails inside each other (C-056) */
#define RMS_ARCHIVE_MEMBERS_MAX 100000u        /* of all of them together */
#define RMS_ARCHIVE_MEMORY_MAX  (272u << 20)   /* that unpacking may take: dictionaries of 256 MB */
#define RMS_ARCHIVE_SECONDS     3600           /* and time */
#define RMS_ARCHIVE_RATIO       100u           /* bytes that come out for one that is there, */
#define RMS_ARCHIVE_BYTES_MIN   (256ull << 20) /* and what may always come out, */
#define RMS_ARCHIVE_BYTES_MAX   (64ull << 30)  /* and never, but four times the size */

struct rms_archive_budget {
    uint64_t bytes; /* that may still come out */
    size_t members;
    int64_t deadline_ms;           /* by the monotonic clock */
    int (*check)(void *user_data); /* a negative code stops; may be NULL */
    void *user_data;
};

/* What a file of this size may unpack to. */
void rms_archive_budget_init(struct rms_archive_budget *budget, uint64_t file_size);

/* Does the name end as that of an archive does? */
bool rms_archive_named(const char *name);

struct rms_archive;

/* name: only its end counts. fd and budget must stay. RMS_E_NOT_FOUND when the content is not what the name
 * says, RMS_E_PASSWORD, RMS_E_DAMAGED, RMS_E_UNSUPPORTED, RMS_E_ARCHIVE_LIMIT: past the budget or the maxima.
 */
RMS_MUST_USE int rms_archive_open(
    const char *name, int fd, struct rms_archive_budget *budget, struct rms_archive **archive_out);
void rms_archive_close(struct rms_archive **archive);
#define RMS_ARCHIVE_CLEANUP __attribute__((cleanup(rms_archive_close)))

struct rms_archive_member {
    size_t index;
    const char *name; /* as written there; until the next call */
    bool encrypted;   /* with a password: not to be read */
};

/* The next file. RMS_E_NOT_FOUND behind the last. */
RMS_MUST_USE int rms_archive_next(struct rms_archive *archive, struct rms_archive_member *member_out);

/* The next bytes of that file; *got_out 0 at its end. When it fails with RMS_E_DAMAGED, RMS_E_UNSUPPORTED or
 * RMS_E_PASSWORD the other members can be read all the same if rms_archive_independent. */
RMS_MUST_USE int rms_archive_read(struct rms_archive *archive, void *data, size_t len, size_t *got_out);
bool rms_archive_independent(const struct rms_archive *archive);

/* A member's new content: len bytes at offset of the file `from`. */
struct rms_archive_change {
    size_t index;
    const char *old_name, *name;
    uint64_t offset, len;
};
struct rms_archive_changes {
    const struct rms_archive_change *list; /* by rising index */
    size_t count;
    int from;
};

/* Writes the archive with the changes to the empty file out, which may be read too. The last call but close.
 */
RMS_MUST_USE int rms_archive_rewrite(
    struct rms_archive *archive, const struct rms_archive_changes *changes, int out);

/* The extension of what rms_archive_rewrite makes when it is of another sort (rar becomes zip), else "". */
const char *rms_archive_new_extension(const struct rms_archive *archive);

#endif
