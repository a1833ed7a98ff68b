/* The helper's side: nothing hostile is looked at before the process is shut in. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/mem.h"
#include "sandbox/confine.h"
#include "sandbox/helper.h"
#include "sandbox/wire.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct limits {
    uint32_t cpu_s;
    uint64_t memory_bytes, file_bytes;
};

/* --- talking --- */

static int read_all(void *place, size_t len)
{
    uint8_t *at = place;

    while (len > 0) {
        ssize_t got = read(HELPER_SOCKET, at, len);

        if (got <= 0 && !(got < 0 && errno == EINTR)) {
            return RMS_E_IO;
        }
        at += got > 0 ? got : 0;
        len -= got > 0 ? (size_t)got : 0;
    }
    return 0;
}

static void write_all(struct rms_view bytes)
{
    while (bytes.len > 0) {
        ssize_t sent = write(HELPER_SOCKET, bytes.data, bytes.len);

        if (sent <= 0 && !(sent < 0 && errno == EINTR)) {
            _exit(1);
        }
        bytes = rms_view_of(bytes.data + (sent > 0 ? sent : 0), bytes.len - (sent > 0 ? (size_t)sent : 0));
    }
}

static int read_request(
    uint32_t *operation, struct rms_buf *text, struct rms_helper_call *call, struct limits *limits)
{
    uint8_t head[REQUEST_HEAD] = {0};
    struct rms_cursor cursor = rms_cursor_of(rms_view_of(head, sizeof head));
    uint32_t magic;
    uint32_t len;
    uint8_t *place;

    RMS_TRY(read_all(head, sizeof head));
    magic = rms_cursor_u32(&cursor);
    *operation = rms_cursor_u32(&cursor);
    call->in = HELPER_IN;
    call->out = rms_cursor_u32(&cursor) != 0 ? HELPER_OUT : -1;
    limits->cpu_s = rms_cursor_u32(&cursor);
    limits->memory_bytes = rms_cursor_u64(&cursor);
    limits->file_bytes = rms_cursor_u64(&cursor);
    len = rms_cursor_u32(&cursor);
    place = magic == REQUEST_MAGIC ? rms_buf_reserve(text, len) : NULL;
    if (place == NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    RMS_TRY(read_all(place, len));
    rms_buf_commit(text, len);
    call->request = rms_buf_view(text);
    return 0;
}

static void answer(int code, struct rms_buf *reply)
{
    struct rms_buf RMS_BUF_CLEANUP head = RMS_BUF_INIT(REPLY_HEAD);

    if (code == 0) {
        code = rms_buf_status(reply);
    }
    if (code != 0) {
        rms_buf_reset(reply);
    }
    rms_buf_append_u32(&head, REPLY_MAGIC);
    rms_buf_append_u32(&head, (uint32_t)code);
    rms_buf_append_u32(&head, (uint32_t)reply->len);
    write_all(rms_buf_view(&head));
    write_all(rms_buf_view(reply));
}

/* --- shutting in --- */

static int limit(int what, uint64_t soft, uint64_t hard)
{
    struct rlimit value;

    if (getrlimit(what, &value) != 0) {
        return rms_error_from_errno(errno);
    }
    /* those of the asking process may be lower already */
    value.rlim_max = hard < value.rlim_max ? hard : value.rlim_max;
    value.rlim_cur = soft < value.rlim_max ? soft : value.rlim_max;
    return setrlimit(what, &value) == 0 ? 0 : rms_error_from_errno(errno);
}

/* Address space, as the kernel counts it: what the program and its libraries have is not the document's. */
static int address_space(uint64_t *bytes_out)
{
    char text[64] = "";
    unsigned long pages;
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t len = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;

    if (fd >= 0) {
        (void)close(fd);
    }
    if (len <= 0 || sscanf(text, "%lu", &pages) != 1) {
        return RMS_E_UNSUPPORTED;
    }
    *bytes_out = (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
    return 0;
}

static int take_limits(const struct limits *limits)
{
    uint64_t here;

    RMS_TRY(address_space(&here));
    RMS_TRY(limit(RLIMIT_AS, here + limits->memory_bytes, here + limits->memory_bytes));
    RMS_TRY(limit(RLIMIT_CPU, limits->cpu_s, (uint64_t)limits->cpu_s + 1));
    RMS_TRY(limit(RLIMIT_FSIZE, limits->file_bytes, limits->file_bytes));
    RMS_TRY(limit(RLIMIT_NPROC, 0, 0));
    return limit(RLIMIT_CORE, 0, 0);
}

/* What reading bytes, writing bytes and computing need: descriptors that are there, memory that is never
 * executable, the clock, random bytes, and an end. */
static const int allowed[] = {SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev),
    SCMP_SYS(pread64), SCMP_SYS(pwrite64), SCMP_SYS(copy_file_range), SCMP_SYS(lseek), SCMP_SYS(ftruncate),
    SCMP_SYS(fstat), SCMP_SYS(close), SCMP_SYS(futex), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
    SCMP_SYS(mlock), SCMP_SYS(munlock), SCMP_SYS(brk), SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday),
    SCMP_SYS(time), SCMP_SYS(getrandom), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(sigaltstack), SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity), SCMP_SYS(restart_syscall), SCMP_SYS(set_robust_list), SCMP_SYS(rseq),
    SCMP_SYS(exit), SCMP_SYS(exit_group)};

/* What a library may ask for without harm, or try first: refused, and it goes on. */
static const int refused[] = {SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(stat), SCMP_SYS(lstat),
    SCMP_SYS(statx), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink),
    SCMP_SYS(readlinkat), SCMP_SYS(getcwd), SCMP_SYS(ioctl), SCMP_SYS(uname), SCMP_SYS(sysinfo),
    SCMP_SYS(prlimit64), SCMP_SYS(getrusage), SCMP_SYS(socket), SCMP_SYS(connect)};

static const struct rms_sandbox_when allowed_when[] = {
    {SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)},
    {SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)},
    {SCMP_SYS(newfstatat), SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH)},
    {SCMP_SYS(fcntl), SCMP_A1(SCMP_CMP_EQ, F_GETFL, 0)},
};
static const struct rms_sandbox_when refused_when[] = {
    {SCMP_SYS(newfstatat), SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, 0)},
};

/* The check of C++ objects among the sanitizers looks through a pipe whether memory can be read. */
static const int sanitizers_need[] = {SCMP_SYS(pipe), SCMP_SYS(pipe2)};
#define FILES (RMS_SANDBOX_SANITIZED ? 16 : 0) /* that may be opened: none */

static int shut_in(const struct limits *limits)
{
    /* abort() sends a signal: to this process alone */
    const struct rms_sandbox_when itself = {
        SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0)};
    const struct rms_sandbox_rule rules[] = {
        {SCMP_ACT_ALLOW, allowed, COUNT(allowed), allowed_when, COUNT(allowed_when)},
        {SCMP_ACT_ALLOW, NULL, 0, &itself, 1},
        {SCMP_ACT_ALLOW, sanitizers_need, RMS_SANDBOX_SANITIZED ? COUNT(sanitizers_need) : 0, NULL, 0},
        {SCMP_ACT_ERRNO(EPERM), refused, COUNT(refused), refused_when, COUNT(refused_when)},
    };

    RMS_TRY(take_limits(limits));
    (void)signal(SIGXFSZ, SIG_IGN); /* a file that gets too long is an error, no crash */
    /* no ptrace and no core of it; it ends with whoever asked */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) {
        return rms_error_from_errno(errno);
    }
    RMS_TRY(rms_sandbox_files(NULL, 0, false));
    RMS_TRY(limit(RLIMIT_NOFILE, FILES, FILES)); /* Landlock needed one */
    return rms_sandbox_calls(RMS_SANDBOX_OTHERWISE, rules, COUNT(rules), true);
}

_Noreturn void rms_helper_serve(const struct rms_helper_operation *operations, size_t count)
{
    struct rms_buf request = RMS_BUF_INIT(RMS_HELPER_REQUEST_MAX);
    struct rms_buf reply = RMS_BUF_INIT(RMS_HELPER_REPLY_MAX);
    struct rms_helper_call call = {.in = -1, .out = -1};
    struct limits limits = {0};
    uint32_t operation;
    int code = read_request(&operation, &request, &call, &limits);

    if (code != 0 || operation >= count) {
        _exit(2);
    }
    if (operations[operation].prepare != NULL) {
        operations[operation].prepare();
    }
    code = shut_in(&limits);
    if (code == 0) {
        code = operations[operation].run(&call, &reply);
    }
    answer(code, &reply);
    _exit(0);
}
