#include "archive/archive.h"

#include <sys/stat.h>

#include "archive/ops.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

static const struct row {
    const char *end;
    const struct rms_archive_ops *ops;
    unsigned sort;
} rows[] = {
    {".zip", &rms_archive_zip, 0},
    {".7z", &rms_archive_stream, RMS_STREAM_7Z},
    {".rar", &rms_archive_stream, RMS_STREAM_RAR},
    {".tar", &rms_archive_stream, RMS_STREAM_TAR},
    {".tgz", &rms_archive_stream, RMS_STREAM_TAR},
    {".tar.gz", &rms_archive_stream, RMS_STREAM_TAR},
    {".tbz2", &rms_archive_stream, RMS_STREAM_TAR},
    {".tar.bz2", &rms_archive_stream, RMS_STREAM_TAR},
    {".txz", &rms_archive_stream, RMS_STREAM_TAR},
    {".tar.xz", &rms_archive_stream, RMS_STREAM_TAR},
    {".tzst", &rms_archive_stream, RMS_STREAM_TAR},
    {".tar.zst", &rms_archive_stream, RMS_STREAM_TAR},
    {".mbox", &rms_archive_mbox, 0},
    {".eml", &rms_archive_mail, 0},
};

static const struct row *row_of(const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t need = strlen(rows[i].end);

        if (len >= need && rms_text_equal_nocase(name + len - need, rows[i].end)) {
            return &rows[i];
        }
    }
    return NULL;
}

bool rms_archive_named(const char *name)
{
    return row_of(name) != NULL;
}

void rms_archive_budget_init(struct rms_archive_budget *budget, uint64_t file_size)
{
    uint64_t most = file_size > RMS_ARCHIVE_BYTES_MAX / 4 ? file_size * 4 : RMS_ARCHIVE_BYTES_MAX;
    uint64_t bytes = file_size < most / RMS_ARCHIVE_RATIO ? file_size * RMS_ARCHIVE_RATIO : most;

    *budget = (struct rms_archive_budget){
        .bytes = bytes > RMS_ARCHIVE_BYTES_MIN ? bytes : RMS_ARCHIVE_BYTES_MIN,
        .members = RMS_ARCHIVE_MEMBERS_MAX,
        .deadline_ms = rms_clock_monotonic_ms() + RMS_ARCHIVE_SECONDS * 1000ll,
    };
}

int rms_archive_spend(struct rms_archive *archive, uint64_t bytes)
{
    struct rms_archive_budget *budget = archive->budget;

    if (bytes > budget->bytes || rms_clock_monotonic_ms() > budget->deadline_ms) {
        budget->bytes = 0;
        return RMS_E_ARCHIVE_LIMIT;
    }
    budget->bytes -= bytes;
    return budget->check != NULL ? budget->check(budget->user_data) : 0;
}

int rms_archive_pread(const struct rms_archive *archive, uint64_t offset, void *data, size_t len)
{
    long got = rms_fd_pread_full(archive->fd, data, len, offset);

    if (got < 0) {
        return (int)got;
    }
    return (size_t)got == len ? 0 : RMS_E_DAMAGED;
}

int rms_archive_load(
    const struct rms_archive_changes *changes, const struct rms_archive_change *change, struct rms_buf *out)
{
    uint8_t *place = rms_buf_reserve(out, (size_t)change->len);
    long got;

    if (place == NULL) {
        return RMS_E_LIMIT;
    }
    got = rms_fd_pread_full(changes->from, place, (size_t)change->len, change->offset);
    if (got < 0 || (uint64_t)got != change->len) {
        return got < 0 ? (int)got : RMS_E_IO;
    }
    rms_buf_commit(out, (size_t)change->len);
    return 0;
}

const struct rms_archive_change *rms_archive_change_of(
    const struct rms_archive_changes *changes, size_t index)
{
    size_t low = 0;
    size_t high = changes->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (changes->list[middle].index < index) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < changes->count && changes->list[low].index == index ? &changes->list[low] : NULL;
}

/* --- the interface: every call with names in UTF-8, as libarchive converts them by the thread's locale ----
 */

int rms_archive_open(
    const char *name, int fd, struct rms_archive_budget *budget, struct rms_archive **archive_out)
{
    const struct row *row = row_of(name);
    struct rms_archive *archive;
    struct stat info;
    locale_t before;
    int status;

    *archive_out = NULL;
    if (row == NULL || fstat(fd, &info) != 0) {
        return RMS_E_NOT_FOUND;
    }
    archive = rms_calloc(1, sizeof *archive);
    if (archive == NULL) {
        return RMS_E_NO_MEMORY;
    }
    *archive = (struct rms_archive){.ops = row->ops,
        .sort = row->sort,
        .fd = fd,
        .size = (uint64_t)info.st_size,
        .budget = budget,
        .again = *budget,
        .names = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL)};
    *archive_out = archive;
    if (archive->names == NULL) {
        rms_archive_close(archive_out);
        return RMS_E_UNSUPPORTED;
    }
    before = uselocale(archive->names);
    status = row->ops->open(archive);
    (void)uselocale(before);
    if (status != 0) {
        rms_archive_close(archive_out);
    }
    return status;
}

void rms_archive_close(struct rms_archive **archive)
{
    struct rms_archive *gone = *archive;

    if (gone == NULL) {
        return;
    }
    *archive = NULL;
    gone->ops->close(gone);
    if (gone->names != NULL) {
        freelocale(gone->names);
    }
    rms_free(gone);
}

int rms_archive_next(struct rms_archive *archive, struct rms_archive_member *member_out)
{
    locale_t before = uselocale(archive->names);
    int status;

    *member_out = (struct rms_archive_member){0};
    status = archive->ops->next(archive, member_out);
    (void)uselocale(before);
    if (status == 0 && archive->budget->members-- == 0) {
        archive->budget->members = 0;
        return RMS_E_ARCHIVE_LIMIT;
    }
    return status;
}

int rms_archive_read(struct rms_archive *archive, void *data, size_t len, size_t *got_out)
{
    locale_t before = uselocale(archive->names);
    int status = archive->ops->read(archive, data, len, got_out);

    (void)uselocale(before);
    return status == 0 ? rms_archive_spend(archive, *got_out) : status;
}

bool rms_archive_independent(const struct rms_archive *archive)
{
    return archive->ops->independent;
}

int rms_archive_rewrite(struct rms_archive *archive, const struct rms_archive_changes *changes, int out)
{
    locale_t before = uselocale(archive->names);
    int status;

    archive->budget = &archive->again;
    status = archive->ops->rewrite(archive, changes, out);
    (void)uselocale(before);
    return status;
}

const char *rms_archive_new_extension(const struct rms_archive *archive)
{
    return archive->ops == &rms_archive_stream && archive->sort == RMS_STREAM_RAR ? ".zip" : "";
}
