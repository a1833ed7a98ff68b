/* A helper that does what a taken-over or broken one would. Each operation returns RMS_E_PERMISSION when it
 * was refused what it tried, and 0 when it got it. */
#include "sandbox/testing/faults.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "sandbox/helper.h"

static int outcome(long result)
{
    return result >= 0 ? 0 : (errno == EPERM || errno == EACCES ? RMS_E_PERMISSION : RMS_E_IO);
}

/* What it was asked, what it was given, and what it has. */
static int echo(const struct rms_helper_call *call, struct rms_buf *reply)
{
    char byte = '?';

    rms_buf_append_view(reply, call->request);
    if (pread(call->in, &byte, 1, 0) != 1) {
        return RMS_E_IO;
    }
    rms_buf_append_byte(reply, (uint8_t)byte);
    return call->out < 0 || pwrite(call->out, &byte, 1, 0) == 1 ? 0 : RMS_E_IO;
}

static int refuse(const struct rms_helper_call *call, struct rms_buf *reply)
{
    (void)call;
    rms_buf_append_str(reply, "lost");
    return RMS_E_DAMAGED;
}

static int crash(const struct rms_helper_call *call, struct rms_buf *reply)
{
    (void)call;
    (void)reply;
    (void)signal(SIGSEGV, SIG_DFL); /* of a sanitizer, which would only say so at length */
    (void)raise(SIGSEGV);
    return 0;
}

static int spin(const struct rms_helper_call *call, struct rms_buf *reply)
{
    (void)reply;
    for (volatile uint64_t turns = 0; turns < UINT64_MAX; turns = turns + (call->in >= 0)) {
    }
    return 0;
}

static int hang(const struct rms_helper_call *call, struct rms_buf *reply)
{
    char byte;

    (void)call;
    (void)reply;
    return read(3, &byte, 1) < 0 ? RMS_E_IO : 0; /* nobody writes there any more */
}

static int allocate(const struct rms_helper_call *call, struct rms_buf *reply)
{
    (void)call;
    (void)reply;
    for (;;) {
        const size_t len = 16u * 1024 * 1024;
        uint8_t *piece = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (piece == MAP_FAILED) {
            return RMS_E_NO_MEMORY;
        }
        memset(piece, 1, len);
    }
}

static int fill(const struct rms_helper_call *call, struct rms_buf *reply)
{
    static const char block[65536];

    (void)reply;
    for (;;) {
        if (write(call->out, block, sizeof block) < 0) {
            return errno == EFBIG ? RMS_E_LIMIT : RMS_E_IO;
        }
    }
}

static int open_file(const struct rms_helper_call *call, struct rms_buf *reply)
{
    (void)call;
    (void)reply;
    return outcome(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

static int write_input(const struct rms_helper_call *call, struct rms_buf *reply)
{
    (void)reply;
    return pwrite(call->in, "x", 1, 0) < 0 && errno == EBADF ? RMS_E_PERMISSION : 0;
}

static int make_socket(const struct rms_helper_call *call, struct rms_buf *reply)
{
    (void)call;
    (void)reply;
    return outcome(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int run_program(const struct rms_helper_call *call, struct rms_buf *reply)
{
    char *const argv[] = {(char *)(uintptr_t) "true", NULL};

    (void)call;
    (void)reply;
    return outcome(execve("/bin/true", argv, argv + 1));
}

static int make_process(const struct rms_helper_call *call, struct rms_buf *reply)
{
    (void)call;
    (void)reply;
    return outcome(fork());
}

static int signal_asker(const struct rms_helper_call *call, struct rms_buf *reply)
{
    (void)call;
    (void)reply;
    return outcome(kill(getppid(), SIGTERM));
}

static int make_executable(const struct rms_helper_call *call, struct rms_buf *reply)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)call;
    (void)reply;
    return outcome(page == MAP_FAILED ? -1 : 0);
}

/* A descriptor of the asking process that was not given. */
static int use_other(const struct rms_helper_call *call, struct rms_buf *reply)
{
    char byte;

    (void)call;
    (void)reply;
    for (int fd = 5; fd < 1024; fd++) {
        if (pread(fd, &byte, 1, 0) >= 0 || errno != EBADF) {
            return 0;
        }
    }
    return RMS_E_PERMISSION;
}

static int lie(const struct rms_helper_call *call, struct rms_buf *reply)
{
    static const char nonsense[64] = "nonsense that is no answer";

    (void)reply;
    (void)call;
    if (write(3, nonsense, sizeof nonsense) < 0) {
        return RMS_E_IO;
    }
    _exit(0);
}

static int say_too_much(const struct rms_helper_call *call, struct rms_buf *reply)
{
    uint8_t *place = rms_buf_reserve(reply, 1024u * 1024);

    (void)call;
    if (place != NULL) {
        memset(place, 'x', 1024u * 1024);
        rms_buf_commit(reply, 1024u * 1024);
    }
    return 0;
}

static const struct rms_helper_operation operations[FAULTS] = {
    [FAULT_NONE] = {NULL, echo},
    [FAULT_REFUSE] = {NULL, refuse},
    [FAULT_CRASH] = {NULL, crash},
    [FAULT_SPIN] = {NULL, spin},
    [FAULT_HANG] = {NULL, hang},
    [FAULT_ALLOCATE] = {NULL, allocate},
    [FAULT_FILL] = {NULL, fill},
    [FAULT_OPEN] = {NULL, open_file},
    [FAULT_WRITE_INPUT] = {NULL, write_input},
    [FAULT_SOCKET] = {NULL, make_socket},
    [FAULT_EXEC] = {NULL, run_program},
    [FAULT_FORK] = {NULL, make_process},
    [FAULT_SIGNAL] = {NULL, signal_asker},
    [FAULT_EXECUTABLE] = {NULL, make_executable},
    [FAULT_OTHER] = {NULL, use_other},
    [FAULT_LIE] = {NULL, lie},
    [FAULT_TOO_MUCH] = {NULL, say_too_much},
};

int main(void)
{
    rms_helper_serve(operations, FAULTS);
}
