#include "client/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "client/context.h"

#define ATTEMPTS_MAX 10000u

int rms_name_copy(const char *name, unsigned n, char out[RMS_NAME_MAX])
{
    const char *extension = rms_kind_extension(name);
    int stem = (int)(extension - name);
    int len = n == 1 ? snprintf(out, RMS_NAME_MAX, "%.*s-Copy%s", stem, name, extension)
                     : snprintf(out, RMS_NAME_MAX, "%.*s-Copy(%u)%s", stem, name, n, extension);

    return len > 0 && len < RMS_NAME_MAX ? 0 : RMS_E_NAME_TOO_LONG;
}

static int set_folder(struct rms_target *target, const char *path, size_t len)
{
    bool slash = len == 0 || path[len - 1] == '/';

    if (len + 2 > sizeof target->folder) {
        return RMS_E_NAME_TOO_LONG;
    }
    memcpy(target->folder, path, len);
    if (!slash) {
        target->folder[len++] = '/';
    }
    target->folder[len] = '\0';
    return 0;
}

static bool is_folder(const char *path)
{
    struct stat info;
    size_t len = strlen(path);

    return (len > 0 && path[len - 1] == '/') || (stat(path, &info) == 0 && S_ISDIR(info.st_mode));
}

int rms_target_init(struct rms_context *context, const struct rms_file_source *source,
    const struct rms_file_options *options, struct rms_target *target_out)
{
    struct rms_target *target = target_out;
    size_t folder = (size_t)(source->name - source->path);
    int status = 0;

    target->output.fd = -1;
    target->output.temp[0] = '\0';
    target->output.path[0] = '\0';
    target->same_name = false;
    target->extension[0] = '\0';
    target->attempt = 0;
    if (strlen(source->name) >= sizeof target->source_name) {
        return rms_fail(context, RMS_E_NAME_TOO_LONG, "%s", source->path);
    }
    memcpy(target->source_name, source->name, strlen(source->name) + 1);
    if (options->output != NULL) {
        /* an output wins over in place (client-requirements 7.1) */
        target->way = is_folder(options->output) ? RMS_TARGET_FOLDER : RMS_TARGET_EXACT;
        status = set_folder(target, options->output, strlen(options->output));
    } else {
        target->way = options->in_place ? RMS_TARGET_IN_PLACE : RMS_TARGET_COPY;
        target->attempt = options->in_place ? 0 : 1;
        status = set_folder(target, source->path, folder);
    }
    return status == 0 ? 0 : rms_fail(context, status, "%s", source->path);
}

static int changed_name(const struct rms_target *target, const char *name, char out[RMS_NAME_MAX])
{
    switch (target->change) {
    case RMS_NAME_PROTECT:
        return rms_kind_protected_name(name, target->form, out);
    case RMS_NAME_CLEAR:
        return rms_kind_clear_name(name, target->extension, out);
    default:
        memcpy(out, name, strlen(name) + 1);
        return 0;
    }
}

/* "-Copy" belongs to the clear name: a.txt becomes a-Copy.ptxt, and a.ptxt becomes a-Copy.txt. */
static int attempted_name(const struct rms_target *target, char out[RMS_NAME_MAX])
{
    char other[RMS_NAME_MAX];

    if (target->attempt == 0) {
        return changed_name(target, target->source_name, out);
    }
    if (target->change == RMS_NAME_CLEAR) {
        RMS_TRY(changed_name(target, target->source_name, other));
        return rms_name_copy(other, target->attempt, out);
    }
    RMS_TRY(rms_name_copy(target->source_name, target->attempt, other));
    return changed_name(target, other, out);
}

static int target_path(struct rms_target *target, char out[PATH_MAX])
{
    char name[RMS_NAME_MAX];
    int len;

    if (target->way == RMS_TARGET_EXACT) {
        /* set_folder put a slash behind the path */
        memcpy(out, target->folder, strlen(target->folder));
        out[strlen(target->folder) - 1] = '\0';
        return 0;
    }
    RMS_TRY(attempted_name(target, name));
    len = snprintf(out, PATH_MAX, "%s%s", target->folder, name);
    target->same_name = target->way == RMS_TARGET_IN_PLACE && strcmp(name, target->source_name) == 0;
    return len > 0 && len < PATH_MAX ? 0 : RMS_E_NAME_TOO_LONG;
}

static bool may_try_again(const struct rms_target *target)
{
    return target->way == RMS_TARGET_COPY || target->way == RMS_TARGET_FOLDER;
}

/* A name that nothing has now. Whether it is still free is settled when the file is put in place. */
static int free_path(struct rms_context *context, struct rms_target *target, char path[PATH_MAX])
{
    struct stat info;

    for (; target->attempt < ATTEMPTS_MAX; target->attempt++) {
        int status = target_path(target, path);

        if (status != 0) {
            return rms_fail(context, status, "%s: the new name would be too long", target->source_name);
        }
        if (target->same_name || (lstat(path, &info) != 0 && errno == ENOENT)) {
            return 0;
        }
        if (!may_try_again(target)) {
            break;
        }
    }
    return rms_fail(context, RMS_E_CONFLICT, "%s exists already", path);
}

int rms_target_open(struct rms_context *context, struct rms_target *target)
{
    char path[PATH_MAX];
    int status;

    RMS_TRY(free_path(context, target, path));
    status = rms_file_output_open(&target->output, path);
    if (status == RMS_E_NOT_FOUND && target->way == RMS_TARGET_FOLDER) {
        /* the folder is made when there is something to put into it */
        status = rms_dir_make(target->folder, 0777);
        status = status == 0 ? rms_file_output_open(&target->output, path) : status;
    }
    return status == 0 ? 0 : rms_fail(context, status, "%s cannot be written", path);
}

static int write_target(void *context, uint64_t offset, const void *data, size_t len)
{
    const struct rms_target *target = context;

    return rms_fd_pwrite_all(target->output.fd, data, len, offset);
}

static int read_target(void *context, uint64_t offset, void *buffer, size_t len)
{
    const struct rms_target *target = context;
    long got = rms_fd_pread_full(target->output.fd, buffer, len, offset);

    return got < 0 ? (int)got : ((size_t)got == len ? 0 : RMS_E_IO);
}

struct rms_reader rms_target_reader(struct rms_target *target, uint64_t size)
{
    return (struct rms_reader){target, size, read_target};
}

struct rms_writer rms_target_writer(struct rms_target *target)
{
    return (struct rms_writer){target, write_target, false};
}

int rms_target_like(struct rms_target *target, const struct rms_file_source *source, bool preserve_times)
{
    const struct timespec times[2] = {source->before.st_atim, source->before.st_mtim};

    RMS_TRY(rms_file_output_like(&target->output, source->fd));
    if (preserve_times && futimens(target->output.fd, times) != 0) {
        return rms_error_from_errno(errno);
    }
    return 0;
}

/* The name was taken meanwhile: the next one. */
static int next_path(struct rms_context *context, struct rms_target *target)
{
    char path[PATH_MAX];

    target->attempt++;
    RMS_TRY(free_path(context, target, path));
    memcpy(target->output.path, path, strlen(path) + 1);
    return 0;
}

/* Without replacing. A taken name keeps the temporary file for another try, which rms_file_output_publish
 * does not. */
static int place_new(struct rms_context *context, struct rms_target *target)
{
    for (;;) {
        struct rms_file_output *output = &target->output;
        int status;

        if (renameat2(AT_FDCWD, output->temp, AT_FDCWD, output->path, RENAME_NOREPLACE) == 0) {
            output->temp[0] = '\0';
            rms_file_output_abort(output);
            return 0;
        }
        if (errno != EEXIST) {
            status = rms_file_output_publish(output, false);
            return status == 0 ? 0 : rms_fail(context, status, "%s cannot be written", output->path);
        }
        if (!may_try_again(target)) {
            rms_file_output_abort(output);
            return rms_fail(context, RMS_E_CONFLICT, "%s exists already", output->path);
        }
        status = next_path(context, target);
        if (status != 0) {
            rms_file_output_abort(&target->output);
            return status;
        }
    }
}

int rms_target_publish(
    struct rms_context *context, struct rms_target *target, const struct rms_file_source *source)
{
    if (target->way != RMS_TARGET_IN_PLACE) {
        return place_new(context, target);
    }
    if (target->same_name) {
        int status = rms_file_output_publish(&target->output, true);

        return status == 0 ? 0 : rms_fail(context, status, "%s cannot be replaced", source->path);
    }
    RMS_TRY(place_new(context, target));
    /* The new file's data are on the disk already, and both names are changes of one directory that
     * journalling file systems keep in order: nothing needs to be waited for between them, so that hardly
     * ever both files are there. */
    if (unlink(source->path) != 0) {
        int status = rms_error_from_errno(errno);

        (void)unlink(target->output.path);
        return rms_fail(context, status, "%s cannot be replaced", source->path);
    }
    return 0;
}
