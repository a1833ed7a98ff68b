/* Atomic outputs (file.h): written beside the target, then renamed over it. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/acl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/mem.h"

#define SUFFIX     ".rms-XXXXXX"
#define XATTRS_MAX 65536
#define COMPONENT  (NAME_MAX - sizeof SUFFIX) /* of the target's name that fit into the temporary one */

/* The directory part of a path, "." when there is none. */
static int directory_of(const char *path, char out[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    size_t len = slash != NULL ? (size_t)(slash - path) : 0;

    if (slash == path) {
        len = 1;
    }
    if (len >= PATH_MAX) {
        return RMS_E_NAME_TOO_LONG;
    }
    if (slash == NULL) {
        memcpy(out, ".", 2);
        return 0;
    }
    memcpy(out, path, len);
    out[len] = '\0';
    return 0;
}

int rms_file_output_open(struct rms_file_output *output, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    int dir_len = (int)(name - path);
    int need;

    output->fd = -1;
    output->temp[0] = '\0';
    if (name[0] == '\0') {
        return RMS_E_BAD_ARGUMENT;
    }
    if (strlen(path) >= sizeof output->path || strlen(name) > NAME_MAX) {
        return RMS_E_NAME_TOO_LONG;
    }
    memcpy(output->path, path, strlen(path) + 1);
    need =
        snprintf(output->temp, sizeof output->temp, "%.*s.%.*s" SUFFIX, dir_len, path, (int)COMPONENT, name);
    if (need < 0 || (size_t)need >= sizeof output->temp) {
        output->temp[0] = '\0';
        return RMS_E_NAME_TOO_LONG;
    }
    output->fd = mkostemp(output->temp, O_CLOEXEC);
    if (output->fd < 0) {
        output->temp[0] = '\0';
        return rms_error_from_errno(errno);
    }
    return 0;
}

void rms_file_output_abort(struct rms_file_output *output)
{
    int saved = errno;

    if (output->fd >= 0) {
        (void)close(output->fd);
        output->fd = -1;
    }
    if (output->temp[0] != '\0') {
        (void)unlink(output->temp);
        output->temp[0] = '\0';
    }
    errno = saved;
}

/* Attributes that describe the old content or that acl_set_fd has written already. */
static bool attribute_stays(const char *name)
{
    static const char *const left_out[] = {
        "system.posix_acl_", "security.capability", "security.ima", "security.evm"};

    for (size_t i = 0; i < sizeof left_out / sizeof left_out[0]; i++) {
        if (strncmp(name, left_out[i], strlen(left_out[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* scratch: two times XATTRS_MAX, for the names and one value. */
static void copy_attributes(int from, int to, char *scratch)
{
    char *names = scratch;
    char *value = scratch + XATTRS_MAX;
    ssize_t total = flistxattr(from, names, XATTRS_MAX);
    const char *end = names + (total > 0 ? total : 0);

    for (const char *name = names; name < end; name += strlen(name) + 1) {
        ssize_t len = attribute_stays(name) ? -1 : fgetxattr(from, name, value, XATTRS_MAX);

        if (len >= 0) {
            (void)fsetxattr(to, name, value, (size_t)len, 0);
        }
    }
}

static void copy_acl(int from, int to)
{
    acl_t acl = acl_get_fd(from);

    if (acl != NULL) {
        (void)acl_set_fd(to, acl);
        (void)acl_free(acl);
    }
}

/* Mode bits that are safe under the owner and group the new file really got: rights meant for the old owner
 * or group go to nobody else. */
static mode_t safe_mode(const struct stat *old, const struct stat *now)
{
    mode_t mode = old->st_mode & 07777;

    if (now->st_uid != old->st_uid || now->st_gid != old->st_gid) {
        mode &= (mode_t) ~(S_ISUID | S_ISGID);
    }
    if (now->st_gid != old->st_gid) {
        mode = (mode & ~(mode_t)S_IRWXG) | (mode & S_IRWXG & (mode & S_IRWXO) << 3);
    }
    return mode;
}

int rms_file_output_like(struct rms_file_output *output, int like)
{
    struct stat old;
    struct stat now;
    char *scratch = rms_malloc(2 * (size_t)XATTRS_MAX);

    if (scratch == NULL) {
        return RMS_E_NO_MEMORY;
    }
    copy_attributes(like, output->fd, scratch);
    rms_free(scratch);
    if (fstat(like, &old) != 0) {
        return rms_error_from_errno(errno);
    }
    if (fchown(output->fd, old.st_uid, old.st_gid) != 0 && fchown(output->fd, (uid_t)-1, old.st_gid) != 0) {
        /* not permitted: the file stays ours; safe_mode takes back what that would open */
    }
    if (fstat(output->fd, &now) != 0) {
        return rms_error_from_errno(errno);
    }
    if (fchmod(output->fd, safe_mode(&old, &now)) != 0) {
        return rms_error_from_errno(errno);
    }
    if (now.st_gid == old.st_gid) {
        copy_acl(like, output->fd);
    }
    return 0;
}

/* Not every file system knows RENAME_NOREPLACE; a hard link refuses existing names as well. */
static int rename_new(const char *from, const char *to)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) {
        return 0;
    }
    if (errno != EINVAL && errno != ENOSYS) {
        return rms_error_from_errno(errno);
    }
    if (link(from, to) != 0) {
        return rms_error_from_errno(errno);
    }
    (void)unlink(from);
    return 0;
}

int rms_file_output_publish(struct rms_file_output *output, bool replace)
{
    int status = 0;

    if (!replace) {
        status = rename_new(output->temp, output->path);
    } else if (rename(output->temp, output->path) != 0) {
        status = rms_error_from_errno(errno);
    }
    if (status == 0) {
        output->temp[0] = '\0';
    }
    rms_file_output_abort(output);
    return status;
}

int rms_file_sync_directory(const char *path)
{
    char directory[PATH_MAX];
    int status = 0;
    int fd;

    RMS_TRY(directory_of(path, directory));
    fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        /* a directory that may be written but not read cannot be synced */
        return errno == EACCES ? 0 : rms_error_from_errno(errno);
    }
    if (fsync(fd) != 0 && errno != EINVAL) {
        status = rms_error_from_errno(errno);
    }
    (void)close(fd);
    return status;
}

int rms_file_output_commit(struct rms_file_output *output, bool replace)
{
    if (fsync(output->fd) != 0) {
        int status = rms_error_from_errno(errno);

        rms_file_output_abort(output);
        return status;
    }
    RMS_TRY(rms_file_output_publish(output, replace));
    return rms_file_sync_directory(output->path);
}

int rms_file_sync_all(int fd)
{
    return syncfs(fd) == 0 ? 0 : rms_error_from_errno(errno);
}
