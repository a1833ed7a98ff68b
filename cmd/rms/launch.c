#include "cmd/rms/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int start_quietly(const char *const *command, pid_t *child_out)
{
    posix_spawn_file_actions_t actions;
    int error;

    if (posix_spawn_file_actions_init(&actions) != 0) {
        return RMS_E_NO_MEMORY;
    }
    (void)posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    (void)posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    (void)posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    error = posix_spawnp(child_out, command[0], &actions, NULL, (char *const *)command, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    return error != 0 ? rms_error_from_errno(error) : 0;
}

int launch_start(const char *const *command)
{
    pid_t child;

    return start_quietly(command, &child);
}

static int wait_for(pid_t child)
{
    int status;

    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return rms_error_from_errno(errno);
        }
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int launch_run(const char *const *command)
{
    pid_t child;

    RMS_TRY(start_quietly(command, &child));
    return wait_for(child);
}

int launch_wait(const char *command, const char *path)
{
    char script[4096];
    const char *const words[] = {"sh", "-c", script, "rms", path, NULL};
    pid_t child;
    int error;

    if ((size_t)snprintf(script, sizeof script, "%s \"$1\"", command) >= sizeof script) {
        return RMS_E_LIMIT;
    }
    error = posix_spawnp(&child, "sh", NULL, NULL, (char *const *)words, environ);
    return error != 0 ? rms_error_from_errno(error) : wait_for(child);
}

static bool is_set(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != 0;
}

bool launch_on_path(const char *program)
{
    const char *path = getenv("PATH");

    while (path != NULL && path[0] != 0) {
        size_t len = strcspn(path, ":");
        char file[4096];

        (void)snprintf(file, sizeof file, "%.*s/%s", (int)len, path, program);
        if (access(file, X_OK) == 0) {
            return true;
        }
        path += len + (path[len] == ':');
    }
    return false;
}

bool launch_has_desktop(void)
{
    return (is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")) && launch_on_path("xdg-open");
}
