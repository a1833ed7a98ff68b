#include "cmd/rms/password.h"

#include <errno.h>
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

static int ask(struct rms_buf *out, const struct termios *saved)
{
    struct sigaction old[ENDING_COUNT];
    struct sigaction action = {.sa_handler = remember};
    struct termios silent = *saved;
    int code;

    caught = 0;
    for (size_t i = 0; i < ENDING_COUNT; i++) {
        (void)sigaction(ending[i], &action, &old[i]);
    }
    silent.c_lflag &= ~(tcflag_t)ECHO;
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    fputs("Password: ", stderr); /* only now, so that nothing typed in answer is echoed */
    code = read_line(out);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, saved);
    fputc('\n', stderr);
    for (size_t i = 0; i < ENDING_COUNT; i++) {
        (void)sigaction(ending[i], &old[i], NULL);
    }
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
