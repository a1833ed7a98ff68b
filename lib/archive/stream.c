/* tar, 7z and rar, by libarchive: every member goes through, and the archive is packed anew. Only what is
 * named here is switched on: libarchive's other filters run programs. xz is unpacked here, since libarchive
 * lets it take a gigabyte. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <lzma.h>
#include <unistd.h>

#include "archive/ops.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#define BLOCK 65536u

struct xz {
    lzma_stream stream;
    bool used, ended;
    uint8_t out[BLOCK];
};

struct state {
    struct archive *in;
    struct archive_entry *entry; /* the current; libarchive's */
    size_t next;                 /* index of the one after it */
    uint64_t at;                 /* in the file */
    int format;                  /* the richest seen so far */
    bool opened;                 /* libarchive knows which format it is */
    int status;                  /* of ours, when a callback failed */
    struct xz xz;
    uint8_t block[BLOCK];
};

/* --- the file ---------------------------------------------------------------------------------------------
 */

/* What is left in the file, at most a block of it. */
static long read_block(struct rms_archive *archive)
{
    struct state *state = archive->state;
    long got = rms_fd_pread_full(archive->fd, state->block, sizeof state->block, state->at);

    if (got < 0) {
        state->status = (int)got;
    } else {
        state->at += (uint64_t)got;
    }
    return got;
}

static long unpack_xz(struct rms_archive *archive)
{
    struct state *state = archive->state;
    struct xz *xz = &state->xz;

    xz->stream.next_out = xz->out;
    xz->stream.avail_out = sizeof xz->out;
    while (!xz->ended && xz->stream.avail_out > 0) {
        lzma_ret result;

        if (xz->stream.avail_in == 0) {
            long got = read_block(archive);

            if (got < 0) {
                return -1;
            }
            xz->stream.next_in = state->block;
            xz->stream.avail_in = (size_t)got;
        }
        result = lzma_code(&xz->stream, xz->stream.avail_in == 0 ? LZMA_FINISH : LZMA_RUN);
        xz->ended = result == LZMA_STREAM_END;
        if (result != LZMA_OK && result != LZMA_STREAM_END) {
            state->status = result == LZMA_MEMLIMIT_ERROR ? RMS_E_ARCHIVE_LIMIT
                            : result == LZMA_MEM_ERROR    ? RMS_E_NO_MEMORY
                                                          : RMS_E_DAMAGED;
            return -1;
        }
    }
    return (long)(sizeof xz->out - xz->stream.avail_out);
}

static la_ssize_t read_file(struct archive *in, void *user, const void **data_out)
{
    struct rms_archive *archive = user;
    struct state *state = archive->state;
    long got = state->xz.used ? unpack_xz(archive) : read_block(archive);

    *data_out = state->xz.used ? state->xz.out : state->block;
    if (got < 0) {
        archive_set_error(in, EIO, "cannot be read");
        return ARCHIVE_FATAL;
    }
    return got;
}

static la_int64_t seek_file(struct archive *in, void *user, la_int64_t offset, int whence)
{
    struct rms_archive *archive = user;
    struct state *state = archive->state;
    la_int64_t from = whence == SEEK_SET ? 0 : (la_int64_t)(whence == SEEK_CUR ? state->at : archive->size);

    if ((offset < 0 && offset < -from) || (offset > 0 && offset > (la_int64_t)archive->size - from)) {
        archive_set_error(in, EINVAL, "outside the file");
        return ARCHIVE_FATAL;
    }
    state->at = (uint64_t)(from + offset);
    return from + offset;
}

/* --- errors -----------------------------------------------------------------------------------------------
 */

static int code_of(struct rms_archive *archive, struct archive *which)
{
    const struct state *state = archive->state;

    if (state->status != 0) {
        return state->status;
    }
    if (which == state->in && state->opened && archive_read_has_encrypted_entries(state->in) > 0) {
        return RMS_E_PASSWORD;
    }
    return archive_errno(which) == ENOMEM ? RMS_E_NO_MEMORY : RMS_E_DAMAGED;
}

/* ARCHIVE_WARN is about what this does not use. */
static bool fine(int result)
{
    return result == ARCHIVE_OK || result == ARCHIVE_WARN;
}

/* --- reading ----------------------------------------------------------------------------------------------
 */

static bool support_tar(struct archive *in)
{
    /* ARCHIVE_WARN would be: by an external program */
    return archive_read_support_format_tar(in) == ARCHIVE_OK &&
           archive_read_support_filter_gzip(in) == ARCHIVE_OK &&
           archive_read_support_filter_bzip2(in) == ARCHIVE_OK &&
           archive_read_support_filter_zstd(in) == ARCHIVE_OK;
}

static bool support(const struct rms_archive *archive, struct archive *in)
{
    switch (archive->sort) {
    case RMS_STREAM_TAR:
        return support_tar(in);
    case RMS_STREAM_7Z:
        return archive_read_support_format_7zip(in) == ARCHIVE_OK;
    default:
        return archive_read_support_format_rar(in) == ARCHIVE_OK &&
               archive_read_support_format_rar5(in) == ARCHIVE_OK;
    }
}

static int begin_xz(struct rms_archive *archive)
{
    static const uint8_t magic[6] = {0xfd, '7', 'z', 'X', 'Z', 0};
    struct state *state = archive->state;
    uint8_t head[sizeof magic];

    state->xz.used = archive->sort == RMS_STREAM_TAR &&
                     rms_archive_pread(archive, 0, head, sizeof head) == 0 &&
                     memcmp(head, magic, sizeof magic) == 0;
    return !state->xz.used || lzma_stream_decoder(
                                  &state->xz.stream, RMS_ARCHIVE_MEMORY_MAX, LZMA_CONCATENATED) == LZMA_OK
               ? 0
               : RMS_E_NO_MEMORY;
}

static int begin(struct rms_archive *archive)
{
    struct state *state = archive->state;

    state->xz.stream = (lzma_stream)LZMA_STREAM_INIT;
    RMS_TRY(begin_xz(archive));
    state->in = archive_read_new();
    if (state->in == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (!support(archive, state->in)) {
        return RMS_E_UNSUPPORTED;
    }
    (void)archive_read_set_read_callback(state->in, read_file);
    if (archive->sort != RMS_STREAM_TAR) {
        (void)archive_read_set_seek_callback(state->in, seek_file);
    }
    (void)archive_read_set_callback_data(state->in, archive);
    state->opened = fine(archive_read_open1(state->in));
    if (state->opened) {
        return 0;
    }
    /* of the others the first bytes were looked at */
    return archive->sort == RMS_STREAM_TAR && state->status == 0 ? RMS_E_NOT_FOUND
                                                                 : code_of(archive, state->in);
}

static void end(struct state *state)
{
    (void)archive_read_free(state->in);
    lzma_end(&state->xz.stream);
    *state = (struct state){.format = state->format};
}

static bool looks_rar(const struct rms_archive *archive)
{
    uint8_t head[6];

    return rms_archive_pread(archive, 0, head, sizeof head) == 0 &&
           memcmp(head, "Rar!\x1a\x07", sizeof head) == 0;
}

static int open_stream(struct rms_archive *archive)
{
    struct state *state = rms_calloc(1, sizeof *state);

    archive->state = state;
    if (state == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (archive->sort == RMS_STREAM_7Z) {
        RMS_TRY(rms_sevenzip_check(archive));
    } else if (archive->sort == RMS_STREAM_RAR && !looks_rar(archive)) {
        return RMS_E_NOT_FOUND;
    }
    return begin(archive);
}

static void close_stream(struct rms_archive *archive)
{
    struct state *state = archive->state;

    if (state != NULL) {
        end(state);
        rms_free(state);
    }
}

/* What nobody read of the current member comes out too. */
static int drain(struct rms_archive *archive)
{
    struct state *state = archive->state;
    const void *data;
    la_int64_t offset;
    size_t len;
    int result = ARCHIVE_OK;

    while (state->entry != NULL && fine(result)) {
        result = archive_read_data_block(state->in, &data, &len, &offset);
        if (fine(result)) {
            RMS_TRY(rms_archive_spend(archive, len));
        }
    }
    return fine(result) || result == ARCHIVE_EOF ? 0 : code_of(archive, state->in);
}

/* The next entry of any kind. RMS_E_NOT_FOUND behind the last. */
static int next_entry(struct rms_archive *archive)
{
    struct state *state = archive->state;
    int result;

    RMS_TRY(drain(archive));
    state->entry = NULL;
    result = archive_read_next_header(state->in, &state->entry);
    if (result == ARCHIVE_EOF) {
        return RMS_E_NOT_FOUND;
    }
    if (!fine(result)) {
        state->entry = NULL;
        return code_of(archive, state->in);
    }
    state->next++;
    if (archive_entry_is_data_encrypted(state->entry)) {
        return RMS_E_PASSWORD; /* as a whole: it could not be packed again */
    }
    return rms_archive_spend(archive, 0);
}

/* Which tar holds everything that was seen: the plain one, GNU's, pax. */
static void note_format(struct state *state)
{
    int format = archive_format(state->in);
    bool pax = format == ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE || format == ARCHIVE_FORMAT_TAR_PAX_RESTRICTED;

    if (pax || (format == ARCHIVE_FORMAT_TAR_GNUTAR && state->format != ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE)) {
        state->format = pax ? ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE : format;
    }
}

static int next_stream(struct rms_archive *archive, struct rms_archive_member *member_out)
{
    struct state *state = archive->state;
    const char *name;

    do {
        RMS_TRY(next_entry(archive));
        note_format(state);
        name = archive_entry_pathname(state->entry);
    } while (archive_entry_filetype(state->entry) != AE_IFREG ||
             archive_entry_hardlink(state->entry) != NULL || name == NULL);
    *member_out = (struct rms_archive_member){state->next - 1, name, false};
    return 0;
}

static int read_stream(struct rms_archive *archive, void *data, size_t len, size_t *got_out)
{
    struct state *state = archive->state;
    la_ssize_t got = archive_read_data(state->in, data, len);

    *got_out = got > 0 ? (size_t)got : 0;
    return got >= 0 || fine((int)got) ? 0 : code_of(archive, state->in);
}

/* --- writing ----------------------------------------------------------------------------------------------
 */

struct rewriting {
    struct rms_archive *archive;
    const struct rms_archive_changes *changes;
    struct archive *to;
    int out;
    int status; /* of writing the file; not 0: nothing more is written */
};

static la_ssize_t write_file(struct archive *to, void *user, const void *data, size_t len)
{
    struct rewriting *rewriting = user;

    if (rewriting->status == 0) {
        rewriting->status = rms_fd_write_all(rewriting->out, data, len);
    }
    if (rewriting->status != 0) {
        archive_set_error(to, EIO, "cannot be written");
        return ARCHIVE_FATAL;
    }
    return (la_ssize_t)len;
}

static int write_code(const struct rewriting *rewriting)
{
    if (rewriting->status != 0) {
        return rewriting->status;
    }
    return archive_errno(rewriting->to) == ENOMEM ? RMS_E_NO_MEMORY : RMS_E_UNSUPPORTED;
}

static int add_filter(const struct rms_archive *archive, struct archive *to)
{
    static const int known[] = {ARCHIVE_FILTER_NONE, ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_BZIP2,
        ARCHIVE_FILTER_ZSTD, ARCHIVE_FILTER_XZ};
    const struct state *state = archive->state;
    int filter = state->xz.used ? ARCHIVE_FILTER_XZ : archive_filter_code(state->in, 0);

    (void)archive_write_set_bytes_in_last_block(to, filter == ARCHIVE_FILTER_NONE ? 0 : 1);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i] == filter && archive_filter_count(state->in) <= 2) {
            return archive_write_add_filter(to, filter) == ARCHIVE_OK ? 0 : RMS_E_UNSUPPORTED;
        }
    }
    return RMS_E_UNSUPPORTED;
}

static bool set_format(const struct rms_archive *archive, struct archive *to)
{
    const struct state *state = archive->state;

    if (archive->sort == RMS_STREAM_7Z) {
        return archive_write_set_format_7zip(to) == ARCHIVE_OK;
    }
    if (archive->sort == RMS_STREAM_RAR) {
        return archive_write_set_format_zip(to) == ARCHIVE_OK;
    }
    return archive_write_set_format(to, state->format != 0 ? state->format : ARCHIVE_FORMAT_TAR_USTAR) ==
           ARCHIVE_OK;
}

static int write_data(struct rewriting *rewriting, const uint8_t *data, size_t len)
{
    while (len > 0) {
        la_ssize_t done = archive_write_data(rewriting->to, data, len);

        if (done <= 0) {
            return write_code(rewriting);
        }
        data += done;
        len -= (size_t)done;
    }
    return 0;
}

static int copy_member(struct rewriting *rewriting, uint8_t *block)
{
    size_t got;

    do {
        RMS_TRY(read_stream(rewriting->archive, block, BLOCK, &got));
        RMS_TRY(rms_archive_spend(rewriting->archive, got));
        RMS_TRY(write_data(rewriting, block, got));
    } while (got > 0);
    return 0;
}

static int write_change(struct rewriting *rewriting, const struct rms_archive_change *change, uint8_t *block)
{
    uint64_t done = 0;

    while (done < change->len) {
        size_t len = change->len - done < BLOCK ? (size_t)(change->len - done) : BLOCK;
        long got = rms_fd_pread_full(rewriting->changes->from, block, len, change->offset + done);

        if (got < 0 || (size_t)got != len) {
            return got < 0 ? (int)got : RMS_E_IO;
        }
        RMS_TRY(write_data(rewriting, block, len));
        done += len;
    }
    return 0;
}

/* A hard link to what has another name now. */
static void follow_link(const struct rewriting *rewriting, struct archive_entry *entry)
{
    const char *link = archive_entry_hardlink(entry);

    for (size_t i = 0; link != NULL && i < rewriting->changes->count; i++) {
        const struct rms_archive_change *change = &rewriting->changes->list[i];

        if (strcmp(change->old_name, link) == 0) {
            archive_entry_copy_hardlink(entry, change->name);
            return;
        }
    }
}

static int write_entry(struct rewriting *rewriting, uint8_t *block)
{
    struct state *state = rewriting->archive->state;
    const struct rms_archive_change *change = rms_archive_change_of(rewriting->changes, state->next - 1);

    archive_entry_sparse_clear(state->entry); /* holes come out as zeros */
    follow_link(rewriting, state->entry);
    if (change != NULL) {
        archive_entry_set_size(state->entry, (la_int64_t)change->len);
        archive_entry_copy_pathname(state->entry, change->name);
    }
    if (!fine(archive_write_header(rewriting->to, state->entry))) {
        return write_code(rewriting);
    }
    return change != NULL ? write_change(rewriting, change, block) : copy_member(rewriting, block);
}

static int write_all(struct rewriting *rewriting)
{
    uint8_t *block;
    int status = RMS_E_UNSUPPORTED;

    if (!set_format(rewriting->archive, rewriting->to) ||
        !fine(archive_write_open2(rewriting->to, rewriting, NULL, write_file, NULL, NULL))) {
        return write_code(rewriting);
    }
    block = rms_malloc(BLOCK);
    if (block == NULL) {
        return RMS_E_NO_MEMORY;
    }
    while ((status = next_entry(rewriting->archive)) == 0) {
        status = write_entry(rewriting, block);
        if (status != 0) {
            break;
        }
    }
    rms_free(block);
    if (status != RMS_E_NOT_FOUND) {
        return status;
    }
    return fine(archive_write_close(rewriting->to)) ? 0 : write_code(rewriting);
}

/* Neither fills up the member nor finishes the archive, as freeing alone would; closed all the same, as a
 * failed one is freed without its buffer. */
static void give_up(struct rewriting *rewriting, int status)
{
    rewriting->status = status;
    (void)archive_write_fail(rewriting->to);
    (void)archive_write_close(rewriting->to);
}

static int rewrite_stream(struct rms_archive *archive, const struct rms_archive_changes *changes, int out)
{
    struct rewriting rewriting = {.archive = archive, .changes = changes, .out = out};
    int status;

    rewriting.to = archive_write_new();
    if (rewriting.to == NULL) {
        return RMS_E_NO_MEMORY;
    }
    status = add_filter(archive, rewriting.to); /* as it was read the first time */
    end(archive->state);
    status = status == 0 ? begin(archive) : status;
    status = status == 0 ? write_all(&rewriting) : status;
    if (status != 0) {
        give_up(&rewriting, status);
    }
    (void)archive_write_free(rewriting.to);
    return status;
}

const struct rms_archive_ops rms_archive_stream = {
    open_stream, next_stream, read_stream, rewrite_stream, close_stream, .independent = false};
