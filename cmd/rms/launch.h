/* Other programs: the browser and the application of a document. */
#ifndef RMS_CMD_LAUNCH_H
#define RMS_CMD_LAUNCH_H

#include <stdbool.h>

#include "base/error.h"

/* Starts a program found on PATH and does not wait; its output goes nowhere. RMS_E_NOT_FOUND. */
RMS_MUST_USE int launch_start(const char *const *command);

/* The same, and waits. Its exit status, or a negative code. */
RMS_MUST_USE int launch_run(const char *const *command);

/* Runs a shell command with path as its argument and waits. Its exit status, or a negative code. */
RMS_MUST_USE int launch_wait(const char *command, const char *path);

/* A program of this name is at hand. */
bool launch_on_path(const char *program);

/* A desktop with a browser or a file opener is at hand. */
bool launch_has_desktop(void);

#endif
