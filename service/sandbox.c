#include "service/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <sys/mman.h>
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

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OTHERWISE SCMP_ACT_ERRNO(EPERM)
#define SANITIZED true
#else
#define OTHERWISE SCMP_ACT_KILL_PROCESS
#define SANITIZED false
#endif

/* What keyd does: its sockets, its journal and log, its threads, its memory, the clock, random bytes. */
static const int keyd_allowed[] = {SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev),
    SCMP_SYS(recvfrom), SCMP_SYS(sendto), SCMP_SYS(recvmsg), SCMP_SYS(sendmsg), SCMP_SYS(setsockopt),
    SCMP_SYS(getsockopt), SCMP_SYS(shutdown), SCMP_SYS(close), SCMP_SYS(dup2), SCMP_SYS(dup3),
    SCMP_SYS(fcntl), SCMP_SYS(fstat), SCMP_SYS(lseek), SCMP_SYS(ftruncate), SCMP_SYS(fsync),
    SCMP_SYS(fdatasync), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_pwait2), SCMP_SYS(epoll_ctl), SCMP_SYS(futex), SCMP_SYS(munmap), SCMP_SYS(mremap),
    SCMP_SYS(madvise), SCMP_SYS(mlock), SCMP_SYS(mlock2), SCMP_SYS(munlock), SCMP_SYS(brk),
    SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep), SCMP_SYS(getrandom), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(tgkill),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(sigaltstack),
    SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(restart_syscall), SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq), SCMP_SYS(exit), SCMP_SYS(exit_group)};

/* What only somebody else's code would try: refused, not fatal. */
static const int keyd_refused[] = {SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(openat2), SCMP_SYS(creat),
    SCMP_SYS(open_by_handle_at), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(statx), SCMP_SYS(access),
    SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(unlink),
    SCMP_SYS(unlinkat), SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(link),
    SCMP_SYS(linkat), SCMP_SYS(symlink), SCMP_SYS(symlinkat), SCMP_SYS(mkdir), SCMP_SYS(mkdirat),
    SCMP_SYS(chmod), SCMP_SYS(fchmod), SCMP_SYS(fchmodat), SCMP_SYS(chown), SCMP_SYS(fchown),
    SCMP_SYS(fchownat), SCMP_SYS(truncate), SCMP_SYS(getcwd), SCMP_SYS(chdir), SCMP_SYS(chroot),
    SCMP_SYS(mount), SCMP_SYS(socket), SCMP_SYS(socketpair), SCMP_SYS(connect), SCMP_SYS(bind),
    SCMP_SYS(listen), SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(execve), SCMP_SYS(execveat),
    SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(clone), SCMP_SYS(clone3), SCMP_SYS(ptrace), SCMP_SYS(kill),
    SCMP_SYS(tkill), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(pidfd_open),
    SCMP_SYS(pidfd_getfd), SCMP_SYS(memfd_create), SCMP_SYS(io_uring_setup), SCMP_SYS(ioctl), SCMP_SYS(uname),
    SCMP_SYS(sysinfo), SCMP_SYS(setpriority), SCMP_SYS(prlimit64), SCMP_SYS(setrlimit)};

static const int server_refused[] = {SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev), SCMP_SYS(pidfd_getfd), SCMP_SYS(mount), SCMP_SYS(umount2),
    SCMP_SYS(move_mount), SCMP_SYS(open_tree), SCMP_SYS(fsopen), SCMP_SYS(pivot_root), SCMP_SYS(chroot),
    SCMP_SYS(setns), SCMP_SYS(unshare), SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd),
    SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(keyctl), SCMP_SYS(init_module), SCMP_SYS(finit_module),
    SCMP_SYS(delete_module), SCMP_SYS(kexec_load), SCMP_SYS(kexec_file_load), SCMP_SYS(reboot),
    SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(acct), SCMP_SYS(settimeofday), SCMP_SYS(clock_settime),
    SCMP_SYS(adjtimex), SCMP_SYS(open_by_handle_at), SCMP_SYS(io_uring_setup)};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A call this machine does not have is no failure. */
static int add_calls(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int status = seccomp_rule_add(filter, action, calls[i], 0);

        if (status != 0 && status != -EDOM) {
            return rms_error_from_errno(-status);
        }
    }
    return 0;
}

struct condition {
    int call;
    struct scmp_arg_cmp when;
};

/* Memory may be had, but never made executable; the name of a thread may be set, nothing else by prctl; a
 * descriptor may be asked for its size (fstat is newfstatat with an empty path in glibc). */
static const struct condition keyd_allowed_when[] = {
    {SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)},
    {SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)},
    {SCMP_SYS(prctl), SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME, 0)},
    {SCMP_SYS(newfstatat), SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH)},
};
static const struct condition keyd_refused_when[] = {
    {SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC)},
    {SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC)},
    {SCMP_SYS(prctl), SCMP_A0(SCMP_CMP_NE, PR_SET_NAME, 0)},
    {SCMP_SYS(newfstatat), SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, 0)},
};

static int add_conditions(
    scmp_filter_ctx filter, uint32_t action, const struct condition *conditions, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int status = seccomp_rule_add_array(filter, action, conditions[i].call, 1, &conditions[i].when);

        if (status != 0) {
            return rms_error_from_errno(-status);
        }
    }
    return 0;
}

/* What the module of a token may do besides. */
static const int token_allowed[] = {SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(creat), SCMP_SYS(stat),
    SCMP_SYS(lstat), SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(statfs), SCMP_SYS(fstatfs),
    SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink), SCMP_SYS(readlinkat),
    SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2),
    SCMP_SYS(getdents), SCMP_SYS(getdents64), SCMP_SYS(flock), SCMP_SYS(pread64), SCMP_SYS(pwrite64),
    SCMP_SYS(chmod), SCMP_SYS(fchmod), SCMP_SYS(umask), SCMP_SYS(getcwd), SCMP_SYS(getuid), SCMP_SYS(geteuid),
    SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(getppid), SCMP_SYS(uname), SCMP_SYS(ioctl)};
static const int network_allowed[] = {SCMP_SYS(socket), SCMP_SYS(connect), SCMP_SYS(getsockname),
    SCMP_SYS(getpeername), SCMP_SYS(sendmmsg), SCMP_SYS(select), SCMP_SYS(pselect6)};

/* One filter for all threads; a kernel without seccomp is reported. */
static int load(scmp_filter_ctx filter)
{
    int status = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);

    if (status == 0) {
        status = seccomp_load(filter);
    }
    if (status == -ENOSYS || status == -EINVAL || status == -EOPNOTSUPP) {
        log_missing("seccomp");
        return 0;
    }
    return rms_error_from_errno(-status);
}

/* Where everything else is refused anyway, a rule that says so is an error to libseccomp. */
static int fill_keyd(scmp_filter_ctx filter)
{
    const uint32_t no = SCMP_ACT_ERRNO(EPERM);

    RMS_TRY(add_calls(filter, SCMP_ACT_ALLOW, keyd_allowed, COUNT(keyd_allowed)));
    RMS_TRY(add_conditions(filter, SCMP_ACT_ALLOW, keyd_allowed_when, COUNT(keyd_allowed_when)));
    if (SANITIZED) {
        return 0;
    }
    RMS_TRY(add_calls(filter, no, keyd_refused, COUNT(keyd_refused)));
    return add_conditions(filter, no, keyd_refused_when, COUNT(keyd_refused_when));
}

static int fill_token(scmp_filter_ctx filter)
{
    RMS_TRY(add_calls(filter, SCMP_ACT_ALLOW, keyd_allowed, COUNT(keyd_allowed)));
    RMS_TRY(add_calls(filter, SCMP_ACT_ALLOW, token_allowed, COUNT(token_allowed)));
    return add_conditions(filter, SCMP_ACT_ALLOW, keyd_allowed_when, COUNT(keyd_allowed_when));
}

static int fill_network_token(scmp_filter_ctx filter)
{
    RMS_TRY(fill_token(filter));
    return add_calls(filter, SCMP_ACT_ALLOW, network_allowed, COUNT(network_allowed));
}

static int fill_server(scmp_filter_ctx filter)
{
    static const int tracing[] = {SCMP_SYS(ptrace)};
    const uint32_t no = SCMP_ACT_ERRNO(EPERM);

    RMS_TRY(add_calls(filter, no, server_refused, COUNT(server_refused)));
    /* The leak check at the end of a sanitized program traces its own threads. */
    return SANITIZED ? 0 : add_calls(filter, no, tracing, COUNT(tracing));
}

static int shut(uint32_t otherwise, int (*fill)(scmp_filter_ctx))
{
    scmp_filter_ctx filter = seccomp_init(otherwise);
    int status;

    if (filter == NULL) {
        return RMS_E_NO_MEMORY;
    }
    status = fill(filter);
    if (status == 0) {
        status = load(filter);
    }
    seccomp_release(filter);
    return status;
}

int rms_sandbox_calls_keyd(void)
{
    return shut(OTHERWISE, fill_keyd);
}

int rms_sandbox_calls_token(bool network)
{
    return shut(SCMP_ACT_ERRNO(EPERM), network ? fill_network_token : fill_token);
}

int rms_sandbox_calls_server(void)
{
    return shut(SCMP_ACT_ALLOW, fill_server);
}
