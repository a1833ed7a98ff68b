/* One errand in a process of its own, which is shut in before it looks at hostile bytes.
 *
 * The helper is a program, started anew for each errand: nothing of the asking process is in its memory, and
 * it has the descriptors it is given and no others. It reads the request, takes its limits, drops everything
 * else (no new privileges, Landlock without any path, a list of system calls), does the errand, and answers.
 * The answer is bounded; what is in it is the caller's to check, field by field, for a taken-over helper
 * answers what it likes. A helper that dies, or takes too long, is one reason: RMS_E_READER_DIED. */
#ifndef RMS_SANDBOX_HELPER_H
#define RMS_SANDBOX_HELPER_H

#include "base/bytes.h"

#define RMS_HELPER_REQUEST_MAX (1024u * 1024)
#define RMS_HELPER_REPLY_MAX   (64u * 1024 * 1024)

struct rms_helper_limits {
    uint64_t memory_bytes; /* more than the program has when it starts */
    uint32_t cpu_s, wall_ms;
    uint64_t file_bytes; /* that any file of its may become long */
};

/* --- asking --- */

struct rms_helper_errand {
    const char *program; /* its file */
    uint32_t operation;
    struct rms_view request;
    int in;  /* open for reading */
    int out; /* open for writing; -1: none */
    struct rms_helper_limits limits;
};

#define RMS_HELPER_WHY 96

/* Returns the helper's own code, with its answer appended to reply (whose maximum holds). RMS_E_READER_DIED
 * when it gave no answer that is one; why_out then tells what became of it, for people. RMS_E_UNSUPPORTED
 * when the program cannot be started. From any thread; SIGCHLD is sent as for every child. */
RMS_MUST_USE int rms_helper_run(
    const struct rms_helper_errand *errand, struct rms_buf *reply, char why_out[RMS_HELPER_WHY]);

/* --- being asked --- */

struct rms_helper_call {
    struct rms_view request;
    int in, out; /* out -1 when none was given */
};

struct rms_helper_operation {
    /* Before the process is shut in, and before anything hostile is read: opens what is needed later. May be
     * NULL. */
    void (*prepare)(void);
    int (*run)(const struct rms_helper_call *call, struct rms_buf *reply);
};

/* The whole life of a helper: its main calls it first of all. Does not return. */
_Noreturn void rms_helper_serve(const struct rms_helper_operation *operations, size_t count);

#endif
