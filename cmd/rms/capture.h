/* For tests: runs a command line and keeps what it printed. */
#ifndef RMS_CMD_CAPTURE_H
#define RMS_CMD_CAPTURE_H

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/rms/cli.h"

#define CAPTURE_MAX  65536
#define CAPTURE_ARGS 16

struct captured {
    int status;
    char out[CAPTURE_MAX];
    char err[CAPTURE_MAX];
};

static inline void capture_end(FILE *file, int stream, int saved, char *text)
{
    size_t got;

    (void)fflush(stream == STDOUT_FILENO ? stdout : stderr);
    (void)dup2(saved, stream);
    (void)close(saved);
    rewind(file);
    got = fread(text, 1, CAPTURE_MAX - 1, file);
    text[got] = 0;
    (void)fclose(file);
}

/* words ends with NULL and begins with "rms". */
static inline void capture(const struct verb *verbs, const char *const *words, struct captured *result)
{
    FILE *out = tmpfile();
    FILE *err = tmpfile();
    int saved_out = dup(STDOUT_FILENO);
    int saved_err = dup(STDERR_FILENO);
    char *argv[CAPTURE_ARGS] = {NULL};
    int argc = 0;

    for (; words[argc] != NULL && argc < CAPTURE_ARGS - 1; argc++) {
        argv[argc] = (char *)words[argc];
    }
    (void)fflush(stdout);
    (void)dup2(fileno(out), STDOUT_FILENO);
    (void)dup2(fileno(err), STDERR_FILENO);
    result->status = cli_main(verbs, argc, argv);
    capture_end(out, STDOUT_FILENO, saved_out, result->out);
    capture_end(err, STDERR_FILENO, saved_err, result->err);
}

#define CAPTURE(verbs, result, ...) capture(verbs, (const char *const[]){"rms", __VA_ARGS__, NULL}, result)

#endif
