/* Archives from strangers: the first byte says of which sort. Read to the end and written again with every
 * second member changed; what was written is read again, and has as many members. */
#include <stdlib.h>
#include <unistd.h>

#include "archive/archive.h"
#include "base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BYTES_MAX   (4u << 20)
#define MEMBERS_MAX 64u
#define CONTENT     "From somebody who changed it\n"

static const char *const names[] = {
    "a.zip", "a.7z", "a.tar", "a.tar.gz", "a.tar.xz", "a.rar", "a.mbox", "a.eml", "a.tar.bz2", "a.tar.zst"};

static void check(bool good)
{
    if (!good) {
        abort();
    }
}

static int read_member(struct rms_archive *archive)
{
    uint8_t block[4096];
    size_t got;

    do {
        RMS_TRY(rms_archive_read(archive, block, sizeof block, &got));
    } while (got > 0);
    return 0;
}

/* The members there are; changes may be NULL. */
static int count_members(struct rms_archive *archive, struct rms_archive_change *changes, size_t *count_out)
{
    struct rms_archive_member member;
    int status;

    *count_out = 0;
    while ((status = rms_archive_next(archive, &member)) == 0) {
        check(member.name != NULL);
        status = member.encrypted ? 0 : read_member(archive);
        if (status != 0 && !rms_archive_independent(archive)) {
            return status;
        }
        if (changes != NULL && *count_out < MEMBERS_MAX) {
            changes[*count_out] =
                (struct rms_archive_change){member.index, "old", "old", 0, sizeof CONTENT - 1};
        }
        ++*count_out;
    }
    return status == RMS_E_NOT_FOUND ? 0 : status;
}

static int scratch(void)
{
    int fd = -1;

    check(rms_file_scratch("/tmp", &fd) == 0);
    return fd;
}

static int again(const char *name, int fd, size_t *count_out)
{
    struct rms_archive RMS_ARCHIVE_CLEANUP *archive = NULL;
    struct rms_archive_budget budget;

    rms_archive_budget_init(&budget, 0);
    budget.bytes = 4u * BYTES_MAX;
    RMS_TRY(rms_archive_open(name, fd, &budget, &archive));
    return count_members(archive, NULL, count_out);
}

static void write_again(
    struct rms_archive *archive, const char *name, struct rms_archive_change *changes, size_t count)
{
    size_t kept = 0;
    size_t found;
    struct rms_archive_changes request = {changes, 0, scratch()};
    int out = scratch();

    for (size_t i = 0; i < count && i < MEMBERS_MAX; i += 2) {
        changes[kept++] = changes[i];
    }
    request.count = kept;
    check(rms_fd_pwrite_all(request.from, CONTENT, sizeof CONTENT - 1, 0) == 0);
    if (rms_archive_rewrite(archive, &request, out) == 0 && count > 0 &&
        rms_archive_new_extension(archive)[0] == '\0' && again(name, out, &found) == 0) {
        check(found == count);
    }
    (void)close(request.from);
    (void)close(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rms_archive_change changes[MEMBERS_MAX];
    struct rms_archive RMS_ARCHIVE_CLEANUP *archive = NULL;
    struct rms_archive_budget budget;
    const char *name;
    size_t count;
    int fd;

    if (size == 0) {
        return 0;
    }
    name = names[data[0] % (sizeof names / sizeof names[0])];
    fd = scratch();
    check(rms_fd_pwrite_all(fd, data + 1, size - 1, 0) == 0);
    rms_archive_budget_init(&budget, size);
    budget.bytes = BYTES_MAX;
    budget.members = 1000;
    if (rms_archive_open(name, fd, &budget, &archive) == 0 && count_members(archive, changes, &count) == 0) {
        write_again(archive, name, changes, count);
    }
    (void)close(fd);
    return 0;
}
