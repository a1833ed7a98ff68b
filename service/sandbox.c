#include "service/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>

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

/* Memory may be had, but never made executable; the name of a thread may be set, nothing else by prctl; a
 * descriptor may be asked for its size (fstat is newfstatat with an empty path in glibc). */
static const struct rms_sandbox_when keyd_allowed_when[] = {
    {SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)},
    {SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)},
    {SCMP_SYS(prctl), SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME, 0)},
    {SCMP_SYS(newfstatat), SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH)},
};
static const struct rms_sandbox_when keyd_refused_when[] = {
    {SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC)},
    {SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC)},
    {SCMP_SYS(prctl), SCMP_A0(SCMP_CMP_NE, PR_SET_NAME, 0)},
    {SCMP_SYS(newfstatat), SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, 0)},
};

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

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define CALLS(list)  .calls = (list), .count = COUNT(list)
#define WHEN(list)   .when = (list), .when_count = COUNT(list)
#define REFUSE       SCMP_ACT_ERRNO(EPERM)

int rms_sandbox_calls_keyd(void)
{
    const struct rms_sandbox_rule rules[] = {
        {SCMP_ACT_ALLOW, CALLS(keyd_allowed), WHEN(keyd_allowed_when)},
        {REFUSE, CALLS(keyd_refused), WHEN(keyd_refused_when)},
    };

    return rms_sandbox_calls(RMS_SANDBOX_OTHERWISE, rules, COUNT(rules), false);
}

int rms_sandbox_calls_token(bool network)
{
    const struct rms_sandbox_rule rules[] = {
        {SCMP_ACT_ALLOW, CALLS(keyd_allowed), WHEN(keyd_allowed_when)},
        {SCMP_ACT_ALLOW, CALLS(token_allowed)},
        {SCMP_ACT_ALLOW, CALLS(network_allowed)},
    };

    return rms_sandbox_calls(REFUSE, rules, network ? 3 : 2, false);
}

int rms_sandbox_calls_server(void)
{
    static const int tracing[] = {SCMP_SYS(ptrace)};
    const struct rms_sandbox_rule rules[] = {
        {REFUSE, CALLS(server_refused)},
        {REFUSE, CALLS(tracing)},
    };

    /* The leak check at the end of a sanitized program traces its own threads. */
    return rms_sandbox_calls(SCMP_ACT_ALLOW, rules, RMS_SANDBOX_SANITIZED ? 1 : 2, false);
}
