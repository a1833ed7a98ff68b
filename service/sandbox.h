/* Which system calls the processes of rmsd are left (sandbox/confine.h).
 *
 * keyd: no files, no network, no new processes, no new threads. Calls that a taken-over program would try
 * (open, socket, connect, execve, fork, ptrace, ...) answer EPERM, so that a library that merely asks goes
 * on; every call on neither list ends the process (builds with sanitizers: EPERM too, their runtime makes
 * calls of its own). front: network, and files where it is told to. jobs: the same without listening. */
#ifndef RMS_SERVICE_SANDBOX_H
#define RMS_SERVICE_SANDBOX_H

#include "sandbox/confine.h"

/* seccomp, for all threads of the process. Call when all threads run. */
RMS_MUST_USE int rms_sandbox_calls_keyd(void);

/* The same for a keyd that holds the module of a token in its process: calls on files, which Landlock narrows
 * to what rms_sandbox_files was told, and with network also on sockets. No executable memory, no new programs
 * or threads; calls on no list are refused, not fatal, for nobody knows what a module tries. */
RMS_MUST_USE int rms_sandbox_calls_token(bool network);

/* Refuses what a network server never needs: execve, ptrace, mount, kernel modules, keyrings and the like. */
RMS_MUST_USE int rms_sandbox_calls_server(void);

#endif
