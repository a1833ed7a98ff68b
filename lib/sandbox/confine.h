/* What the kernel keeps from a process: Landlock for files and network, seccomp for system calls. What the
 * kernel does not offer is left out with a line in the log ("sandbox.missing"); nothing that it offers may
 * fail. */
#ifndef RMS_SANDBOX_CONFINE_H
#define RMS_SANDBOX_CONFINE_H

#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum rms_sandbox_access { RMS_SANDBOX_READ, RMS_SANDBOX_WRITE /* and read, create, remove */ };

struct rms_sandbox_path {
    const char *path; /* file or directory with all below; left out when NULL, empty or absent */
    enum rms_sandbox_access access;
};

/* Landlock. Call before the process has threads. network false: no TCP either. No paths: no files at all. */
RMS_MUST_USE int rms_sandbox_files(const struct rms_sandbox_path *paths, size_t count, bool network);

/* --- system calls --- */

/* Where everything else ends the process: builds with sanitizers refuse instead, their runtime makes calls of
 * its own. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RMS_SANDBOX_OTHERWISE SCMP_ACT_ERRNO(EPERM)
#define RMS_SANDBOX_SANITIZED true
#else
#define RMS_SANDBOX_OTHERWISE SCMP_ACT_KILL_PROCESS
#define RMS_SANDBOX_SANITIZED false
#endif

struct rms_sandbox_when {
    int call;
    struct scmp_arg_cmp when;
};

/* What happens to some calls, always or by an argument. */
struct rms_sandbox_rule {
    uint32_t action;
    const int *calls;
    size_t count;
    const struct rms_sandbox_when *when;
    size_t when_count;
};

/* One filter for all threads of the process: the rules, and otherwise that action. A rule that says what
 * happens otherwise anyway is left out. needed: a kernel without seccomp is RMS_E_UNSUPPORTED. */
RMS_MUST_USE int rms_sandbox_calls(
    uint32_t otherwise, const struct rms_sandbox_rule *rules, size_t count, bool needed);

#endif
