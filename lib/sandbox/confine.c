#include "sandbox/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"

static void log_missing(const char *what)
{
    rms_log(RMS_LOG_INFO, "sandbox.missing", "what", what, NULL);
}

/* --- Landlock --------------------------------------------------------------------------------------- */

/* Debian 12's header ends at version 2 of the interface; the rest of linux/landlock.h is restated here. */
#define FS_V1        ((1ull << 13) - 1)
#define FS_REFER     (1ull << 13) /* version 2 */
#define FS_TRUNCATE  (1ull << 14) /* version 3 */
#define FS_IOCTL_DEV (1ull << 15) /* version 5 */
#define NET_TCP      3ull         /* version 4: bind, connect */
#define SCOPE_ALL    3ull         /* version 6: abstract sockets, signals to the outside */

struct ruleset_attr {
    uint64_t handled_access_fs;
    uint64_t handled_access_net;
    uint64_t scoped;
};

#define READ_RIGHTS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE_RIGHTS                                                                                         \
    (READ_RIGHTS | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |                          \
        LANDLOCK_ACCESS_FS_MAKE_REG | FS_TRUNCATE)
#define FILE_RIGHTS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE)

static uint64_t handled_rights(long version)
{
    uint64_t rights = FS_V1;

    rights |= version >= 2 ? FS_REFER : 0;
    rights |= version >= 3 ? FS_TRUNCATE : 0;
    rights |= version >= 5 ? FS_IOCTL_DEV : 0;
    return rights;
}

static int make_ruleset(long version, bool network)
{
    struct ruleset_attr attr = {.handled_access_fs = handled_rights(version),
        .handled_access_net = version >= 4 && !network ? NET_TCP : 0,
        .scoped = version >= 6 ? SCOPE_ALL : 0};
    size_t size = version >= 6 ? sizeof attr : version >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);

    return (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
}

static int add_path(int ruleset, const struct rms_sandbox_path *path, uint64_t handled)
{
    struct landlock_path_beneath_attr rule = {
        .allowed_access = path->access == RMS_SANDBOX_WRITE ? WRITE_RIGHTS : READ_RIGHTS};
    struct stat info;
    int status = 0;

    rule.parent_fd = open(path->path, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0) {
        return errno == ENOENT ? 0 : rms_error_from_errno(errno);
    }
    if (fstat(rule.parent_fd, &info) != 0) {
        status = rms_error_from_errno(errno);
    } else {
        rule.allowed_access &= handled & (S_ISDIR(info.st_mode) ? UINT64_MAX : FILE_RIGHTS);
        if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0) {
            status = rms_error_from_errno(errno);
        }
    }
    (void)close(rule.parent_fd);
    return status;
}

static int restrict_files(int ruleset, const struct rms_sandbox_path *paths, size_t count, uint64_t handled)
{
    for (size_t i = 0; i < count; i++) {
        if (paths[i].path != NULL && paths[i].path[0] != '\0') {
            RMS_TRY(add_path(ruleset, &paths[i], handled));
        }
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) {
        return rms_error_from_errno(errno);
    }
    return 0;
}

int rms_sandbox_files(const struct rms_sandbox_path *paths, size_t count, bool network)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    int ruleset;
    int status;

    if (version < 1) {
        log_missing("landlock");
        return 0;
    }
    if (version < 4 && !network) {
        log_missing("landlock network rules");
    }
    ruleset = make_ruleset(version, network);
    if (ruleset < 0) {
        return rms_error_from_errno(errno);
    }
    status = restrict_files(ruleset, paths, count, handled_rights(version));
    (void)close(ruleset);
    return status;
}

/* --- seccomp ---------------------------------------------------------------------------------------- */

static int add_rule(scmp_filter_ctx filter, const struct rms_sandbox_rule *rule)
{
    for (size_t i = 0; i < rule->count; i++) {
        int status = seccomp_rule_add(filter, rule->action, rule->calls[i], 0);

        if (status != 0 && status != -EDOM) { /* a call this machine does not have is no failure */
            return rms_error_from_errno(-status);
        }
    }
    for (size_t i = 0; i < rule->when_count; i++) {
        int status = seccomp_rule_add_array(filter, rule->action, rule->when[i].call, 1, &rule->when[i].when);

        if (status != 0) {
            return rms_error_from_errno(-status);
        }
    }
    return 0;
}

/* One filter for all threads; a kernel without seccomp is reported. */
static int load(scmp_filter_ctx filter, bool needed)
{
    int status = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);

    if (status == 0) {
        status = seccomp_load(filter);
    }
    if (status == -ENOSYS || status == -EINVAL || status == -EOPNOTSUPP) {
        log_missing("seccomp");
        return needed ? RMS_E_UNSUPPORTED : 0;
    }
    return rms_error_from_errno(-status);
}

int rms_sandbox_calls(uint32_t otherwise, const struct rms_sandbox_rule *rules, size_t count, bool needed)
{
    scmp_filter_ctx filter = seccomp_init(otherwise);
    int status = 0;

    if (filter == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < count && status == 0; i++) {
        /* libseccomp calls such a rule an error */
        status = rules[i].action == otherwise ? 0 : add_rule(filter, &rules[i]);
    }
    if (status == 0) {
        status = load(filter, needed);
    }
    seccomp_release(filter);
    return status;
}
