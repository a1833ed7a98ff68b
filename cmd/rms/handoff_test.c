#include "base/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "cmd/rms/handoff.h"

static char place[] = "/tmp/rms-handoff-XXXXXX";

static int make_place(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(place));
    return setenv("XDG_RUNTIME_DIR", place, 1);
}

static int remove_place(void **state)
{
    (void)state;
    return rmdir(place); /* fails when anything is left */
}

static void copy_is_private_and_goes(void **state)
{
    struct handoff handoff;
    struct stat info;
    char beside[8192];
    char witness[128];
    char left[8] = "";
    int fd;

    (void)state;
    assert_int_equal(handoff_open(&handoff, "plan.txt"), 0);
    assert_int_equal(stat(handoff.directory, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    assert_int_equal(fstat(handoff.fd, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(rms_fd_write_all(handoff.fd, "clear", 5), 0);
    /* what an application leaves beside it goes too */
    (void)snprintf(beside, sizeof beside, "%s/.plan.txt.swp", handoff.directory);
    assert_int_equal(rms_file_write(beside, RMS_VIEW_LITERAL("clear"), 0600), 0);
    /* another name of it shows what became of the bytes */
    (void)snprintf(witness, sizeof witness, "%s/witness", place);
    assert_int_equal(link(handoff.file, witness), 0);
    handoff_close(&handoff);
    assert_int_not_equal(stat(beside, &info), 0);
    assert_int_not_equal(stat(handoff.file, &info), 0);
    fd = open(witness, O_RDONLY | O_CLOEXEC);
    assert_int_equal(read(fd, left, sizeof left), sizeof "clear" - 1);
    assert_memory_equal(left, "\0\0\0\0\0", sizeof "clear" - 1);
    assert_int_equal(close(fd) | unlink(witness), 0);
    handoff_close(&handoff);
}

static void bad_names_leave_nothing(void **state)
{
    struct handoff handoff;
    char name[5000];

    (void)state;
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = 0;
    assert_int_equal(handoff_open(&handoff, name), RMS_E_NAME_TOO_LONG);
    handoff_close(&handoff);
    assert_int_equal(handoff_open(&handoff, "no/such"), RMS_E_NOT_FOUND);
    handoff_close(&handoff);
}

static unsigned copies(void)
{
    DIR *directory = opendir(place);
    unsigned count = 0;

    assert_non_null(directory);
    for (const struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        count += strncmp(entry->d_name, "rms-open-", strlen("rms-open-")) == 0;
    }
    assert_int_equal(closedir(directory), 0);
    return count;
}

static pid_t start_and_kill(void)
{
    struct handoff handoff;
    int ready[2];
    char byte;
    pid_t child;

    assert_int_equal(pipe(ready), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (handoff_open(&handoff, "plan.txt") == 0 && rms_fd_write_all(handoff.fd, "clear", 5) == 0 &&
            write(ready[1], "", 1) == 1) {
            (void)pause();
        }
        _exit(1);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(kill(child, SIGKILL) | close(ready[0]) | close(ready[1]), 0);
    return child;
}

/* Closed, nothing is left; killed, what is left goes when the next one starts. proves: C-074 */
static void closed_or_killed(void **state)
{
    struct handoff handoff;
    pid_t child;

    copy_is_private_and_goes(state);
    assert_int_equal(copies(), 0);
    child = start_and_kill();
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(copies(), 1);
    assert_int_equal(handoff_open(&handoff, "other.txt"), 0);
    assert_int_equal(copies(), 1); /* its own */
    handoff_close(&handoff);
    assert_int_equal(copies(), 0);
}

static void leftovers_of_the_dead_are_removed(void **state)
{
    char dead[128];
    char alive[128];
    char foreign[128];
    char file[192];
    struct handoff handoff;
    struct stat info;

    (void)state;
    (void)snprintf(dead, sizeof dead, "%s/rms-open-999999999-abcdef", place); /* beyond any process id */
    (void)snprintf(alive, sizeof alive, "%s/rms-open-%d-abcdef", place, (int)getpid());
    (void)snprintf(foreign, sizeof foreign, "%s/rms-other-999999999", place);
    assert_int_equal(mkdir(dead, 0700) | mkdir(alive, 0700) | mkdir(foreign, 0700), 0);
    (void)snprintf(file, sizeof file, "%s/clear.txt", dead);
    assert_int_equal(rms_file_write(file, RMS_VIEW_LITERAL("clear"), 0600), 0);
    assert_int_equal(handoff_open(&handoff, "x"), 0);
    assert_int_not_equal(stat(dead, &info), 0);
    assert_int_equal(stat(alive, &info), 0);
    assert_int_equal(stat(foreign, &info), 0);
    handoff_close(&handoff);
    assert_int_equal(rmdir(alive) | rmdir(foreign), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closed_or_killed),
        cmocka_unit_test(bad_names_leave_nothing),
        cmocka_unit_test(leftovers_of_the_dead_are_removed),
    };

    return cmocka_run_group_tests(tests, make_place, remove_place);
}
