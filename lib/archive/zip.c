/* zip, by libzip: what is not replaced is copied packed as it is, with its attributes, comments and fields.
 */
#include <sys/stat.h>

#include "archive/ops.h"
#include "base/file.h"
#include "base/mem.h"
#include "label/zipio.h"

struct state {
    zip_t *zip;
    zip_uint64_t count, next; /* entries; the one after the current */
    zip_file_t *file;         /* of the current, open while it is read */
};

static int open_zip(struct rms_archive *archive)
{
    struct state *state = rms_calloc(1, sizeof *state);
    uint8_t magic[2] = {0};

    archive->state = state;
    if (state == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (rms_archive_pread(archive, 0, magic, sizeof magic) != 0 || memcmp(magic, "PK", 2) != 0) {
        return RMS_E_NOT_FOUND;
    }
    RMS_TRY(rms_zip_open_any(archive->fd, -1, &state->zip));
    state->count = (zip_uint64_t)zip_get_num_entries(state->zip, 0);
    return 0;
}

static void close_zip(struct rms_archive *archive)
{
    struct state *state = archive->state;

    if (state == NULL) {
        return;
    }
    if (state->file != NULL) {
        (void)zip_fclose(state->file);
    }
    rms_zip_discard(&state->zip);
    rms_free(state);
}

/* Folders, links and devices are no files. */
static bool is_file(zip_t *zip, zip_uint64_t i, const char *name)
{
    size_t len = strlen(name);
    zip_uint8_t system = 0;
    zip_uint32_t attributes = 0;
    mode_t mode;

    if (len == 0 || name[len - 1] == '/') {
        return false;
    }
    if (zip_file_get_external_attributes(zip, i, 0, &system, &attributes) != 0 || system != ZIP_OPSYS_UNIX) {
        return true;
    }
    mode = (mode_t)(attributes >> 16);
    return (mode & S_IFMT) == 0 || S_ISREG(mode);
}

static int next_zip(struct rms_archive *archive, struct rms_archive_member *member_out)
{
    struct state *state = archive->state;

    if (state->file != NULL) {
        (void)zip_fclose(state->file);
        state->file = NULL;
    }
    while (state->next < state->count) {
        zip_uint64_t i = state->next++;
        const char *name = zip_get_name(state->zip, i, 0);
        zip_stat_t info;

        if (name == NULL || zip_stat_index(state->zip, i, 0, &info) != 0) {
            return RMS_E_DAMAGED;
        }
        if (is_file(state->zip, i, name)) {
            bool known = (info.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0;

            *member_out =
                (struct rms_archive_member){(size_t)i, name, known && info.encryption_method != ZIP_EM_NONE};
            return 0;
        }
    }
    return RMS_E_NOT_FOUND;
}

static int read_code(const zip_error_t *error)
{
    switch (zip_error_code_zip(error)) {
    case ZIP_ER_NOPASSWD:
        return RMS_E_PASSWORD;
    case ZIP_ER_COMPNOTSUPP:
    case ZIP_ER_ENCRNOTSUPP:
        return RMS_E_UNSUPPORTED;
    case ZIP_ER_MEMORY:
        return RMS_E_NO_MEMORY;
    default:
        return RMS_E_DAMAGED;
    }
}

static int read_zip(struct rms_archive *archive, void *data, size_t len, size_t *got_out)
{
    struct state *state = archive->state;
    zip_int64_t got;

    *got_out = 0;
    if (state->file == NULL) {
        state->file = zip_fopen_index(state->zip, state->next - 1, 0);
        if (state->file == NULL) {
            return read_code(zip_get_error(state->zip));
        }
    }
    got = zip_fread(state->file, data, len);
    if (got < 0) {
        return read_code(zip_file_get_error(state->file));
    }
    *got_out = (size_t)got;
    return 0;
}

/* --- a change as libzip wants it --------------------------------------------------------------------------
 */

struct range {
    int fd;
    uint64_t offset, len, at;
    time_t changed; /* the member's own time */
    zip_error_t error;
};

static zip_int64_t read_range(struct range *range, void *data, zip_uint64_t len)
{
    uint64_t left = range->len - range->at;
    size_t wanted = len < left ? (size_t)len : (size_t)left;
    long got = rms_fd_pread_full(range->fd, data, wanted, range->offset + range->at);

    if (got < 0 || (size_t)got != wanted) {
        zip_error_set(&range->error, ZIP_ER_READ, 0);
        return -1;
    }
    range->at += wanted;
    return (zip_int64_t)wanted;
}

static zip_int64_t stat_range(const struct range *range, void *data)
{
    zip_stat_t *info = data;

    zip_stat_init(info);
    info->valid = ZIP_STAT_SIZE | ZIP_STAT_MTIME;
    info->size = range->len;
    info->mtime = range->changed;
    return sizeof *info;
}

static zip_int64_t call_range(void *user, void *data, zip_uint64_t len, zip_source_cmd_t command)
{
    struct range *range = user;

    switch (command) {
    case ZIP_SOURCE_SUPPORTS:
        return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE,
            ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE, ZIP_SOURCE_SUPPORTS, -1);
    case ZIP_SOURCE_OPEN:
        range->at = 0;
        return 0;
    case ZIP_SOURCE_READ:
        return read_range(range, data, len);
    case ZIP_SOURCE_STAT:
        return stat_range(range, data);
    case ZIP_SOURCE_ERROR:
        return zip_error_to_data(&range->error, data, len);
    case ZIP_SOURCE_FREE:
        zip_error_fini(&range->error);
        rms_free(range);
        return 0;
    case ZIP_SOURCE_CLOSE:
        return 0;
    default:
        zip_error_set(&range->error, ZIP_ER_OPNOTSUPP, 0);
        return -1;
    }
}

static int replace(
    zip_t *zip, const struct rms_archive_changes *changes, const struct rms_archive_change *change)
{
    struct range *range = rms_calloc(1, sizeof *range);
    zip_source_t *source;
    zip_stat_t info;

    if (range == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (zip_stat_index(zip, change->index, 0, &info) != 0) {
        rms_free(range);
        return RMS_E_FILE_CHANGED;
    }
    *range = (struct range){changes->from, change->offset, change->len, 0, info.mtime, {0}};
    zip_error_init(&range->error);
    source = zip_source_function(zip, call_range, range);
    if (source == NULL) {
        rms_free(range);
        return RMS_E_NO_MEMORY;
    }
    if (zip_file_replace(zip, change->index, source, 0) != 0) {
        zip_source_free(source);
        return RMS_E_NO_MEMORY;
    }
    (void)zip_set_file_compression(zip, change->index, info.comp_method, 0); /* else the usual one */
    if (strcmp(change->name, change->old_name) != 0 &&
        zip_file_rename(zip, change->index, change->name, ZIP_FL_ENC_UTF_8) != 0) {
        return zip_error_code_zip(zip_get_error(zip)) == ZIP_ER_EXISTS ? RMS_E_CONFLICT : RMS_E_NAME_TOO_LONG;
    }
    return 0;
}

static int rewrite_zip(struct rms_archive *archive, const struct rms_archive_changes *changes, int out)
{
    zip_t RMS_ZIP_CLEANUP *zip = NULL;

    RMS_TRY(rms_zip_open_any(archive->fd, out, &zip));
    for (size_t i = 0; i < changes->count; i++) {
        RMS_TRY(replace(zip, changes, &changes->list[i]));
    }
    return rms_zip_finish(&zip);
}

const struct rms_archive_ops rms_archive_zip = {
    open_zip, next_zip, read_zip, rewrite_zip, close_zip, .independent = true};
