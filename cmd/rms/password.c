#include "cmd/rms/password.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

/* Signals that end the prompt: the echo is restored before they act. */
static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
#define ENDING_COUNT (sizeof ending / sizeof ending[0])

static volatile sig_atomic_t caught;

static void remember(int signal)
{
    caught = signal;
}

static int read_line(struct rms_buf *out)
{
    char byte = 0;
    ssize_t got;

    while ((got = read(STDIN_FILENO, &byte, 1)) == 1 && byte != '\n') {
        rms_buf_append_byte(out, (uint8_t)byte);
    }
    if (got < 0) {
        return errno == EINTR ? RMS_E_CANCELLED : rms_error_from_errno(errno);
    }
    if (out->len > 0 && out->data[out->len - 1] == '\r') {
        rms_buf_truncate(out, out->len - 1);
    }
    return out->len > 0 && rms_buf_status(out) == 0 ? 0 : RMS_E_BAD_ARGUMENT;
}

/* Until a line is there or a signal came. Signals act only inside: one that comes a moment earlier still ends
 * it. */
static int wait_for_line(const sigset_t *outside)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};

    if (ppoll(&input, 1, NULL, outside) < 0) {
        return errno == EINTR ? RMS_E_CANCELLED : rms_error_from_errno(errno);
    }
    return 0;
}

static int ask_silently(struct rms_buf *out, const struct termios *saved, const sigset_t *outside)
{
    struct termios silent = *saved;
    int code;

    silent.c_lflag &= ~(tcflag_t)ECHO;
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    fputs("Password: ", stderr); /* only now, so that nothing typed in answer is echoed */
    code = wait_for_line(outside);
    if (code == 0) {
        code = read_line(out);
    }
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, saved);
    fputc('\n', stderr);
    return code;
}

static int ask(struct rms_buf *out, const struct termios *saved)
{
    struct sigaction old[ENDING_COUNT];
    struct sigaction action = {.sa_handler = remember};
    sigset_t inside;
    sigset_t outside;
    int code;

    caught = 0;
    (void)sigemptyset(&inside);
    for (size_t i = 0; i < ENDING_COUNT; i++) {
        (void)sigaddset(&inside, ending[i]);
    }
    (void)sigprocmask(SIG_BLOCK, &inside, &outside);
    for (size_t i = 0; i < ENDING_COUNT; i++) {
        (void)sigaction(ending[i], &action, &old[i]);
    }
    code = ask_silently(out, saved, &outside);
    for (size_t i = 0; i < ENDING_COUNT; i++) {
        (void)sigaction(ending[i], &old[i], NULL);
    }
    (void)sigprocmask(SIG_SETMASK, &outside, NULL);
    if (caught != 0) {
        (void)raise(caught);
    }
    return code;
}

int password_read(struct rms_buf *out)
{
    struct termios saved;

    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &saved) != 0) {
        return read_line(out);
    }
    return ask(out, &saved);
}
