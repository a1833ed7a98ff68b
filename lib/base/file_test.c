#include "base/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

struct place {
    char directory[64];
    char path[128];
};

static const char *in(struct place *place, const char *name)
{
    (void)snprintf(place->path, sizeof place->path, "%s/%s", place->directory, name);
    return place->path;
}

static int setup(void **state)
{
    static struct place place;

    memcpy(place.directory, "/tmp/rms-file-XXXXXX", 21);
    *state = &place;
    return mkdtemp(place.directory) != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    struct place *place = *state;

    (void)rmdir(in(place, "a/b/c"));
    (void)rmdir(in(place, "a/b"));
    (void)rmdir(in(place, "a"));
    (void)unlink(in(place, "file"));
    return rmdir(place->directory);
}

static void writes_and_reads_back(void **state)
{
    struct place *place = *state;
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(100);
    struct stat info;

    assert_int_equal(rms_file_write(in(place, "file"), rms_view_str("content"), 0640), 0);
    assert_int_equal(stat(place->path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0640);
    rms_buf_append_str(&out, "and ");
    assert_int_equal(rms_file_read(place->path, &out), 0);
    assert_string_equal(rms_buf_text(&out), "and content");
    assert_int_equal(rms_file_write(place->path, rms_view_of(NULL, 0), 0600), 0);
    assert_int_equal(stat(place->path, &info), 0);
    assert_int_equal(info.st_size, 0);
}

static void reads_up_to_the_limit(void **state)
{
    struct place *place = *state;
    RMS_BUF_CLEANUP struct rms_buf exact = RMS_BUF_INIT(7);
    RMS_BUF_CLEANUP struct rms_buf tight = RMS_BUF_INIT(6);

    assert_int_equal(rms_file_write(in(place, "file"), rms_view_str("content"), 0600), 0);
    assert_int_equal(rms_file_read(place->path, &exact), 0);
    assert_int_equal(exact.len, 7);
    assert_int_equal(rms_file_read(place->path, &tight), RMS_E_LIMIT);
}

static void reads_files_without_a_size(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(100000);
    RMS_BUF_CLEANUP struct rms_buf tight = RMS_BUF_INIT(10);

    (void)state;
    assert_int_equal(rms_file_read("/proc/self/status", &out), 0);
    assert_true(out.len > 100);
    assert_int_equal(rms_file_read("/proc/self/status", &tight), RMS_E_LIMIT);
}

static void refuses_what_is_no_file(void **state)
{
    struct place *place = *state;
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(100);

    assert_int_equal(rms_file_read(in(place, "absent"), &out), RMS_E_NOT_FOUND);
    assert_int_equal(rms_file_read(place->directory, &out), RMS_E_BAD_ARGUMENT);
    assert_int_equal(mkfifo(in(place, "file"), 0600), 0);
    assert_int_equal(rms_file_read(place->path, &out), RMS_E_BAD_ARGUMENT);
}

static void reading_survives_exhausted_memory(void **state)
{
    struct place *place = *state;
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(1000);

    assert_int_equal(rms_file_write(in(place, "file"), rms_view_str("content"), 0600), 0);
    rms_mem_fail_after(0);
    assert_int_equal(rms_file_read(place->path, &out), RMS_E_NO_MEMORY);
    rms_mem_fail_never();
}

static void makes_directories(void **state)
{
    struct place *place = *state;
    struct stat info;
    char long_path[5000];

    assert_int_equal(rms_dir_make(in(place, "a/b//c/"), 0700), 0);
    assert_int_equal(stat(in(place, "a/b/c"), &info), 0);
    assert_true(S_ISDIR(info.st_mode));
    assert_int_equal(info.st_mode & 0777, 0700);
    assert_int_equal(rms_dir_make(in(place, "a/b"), 0755), 0);
    assert_int_equal(rms_file_write(in(place, "file"), rms_view_str("x"), 0600), 0);
    assert_int_equal(rms_dir_make(place->path, 0700), RMS_E_CONFLICT);
    assert_int_equal(rms_dir_make(in(place, "file/x"), 0700), RMS_E_CONFLICT);
    assert_int_equal(rms_dir_make("", 0700), RMS_E_BAD_ARGUMENT);
    memset(long_path, 'x', sizeof long_path);
    long_path[sizeof long_path - 1] = '\0';
    assert_int_equal(rms_dir_make(long_path, 0700), RMS_E_NAME_TOO_LONG);
}

static void descriptors_read_fully(void **state)
{
    char data[10];
    int pipes[2];

    (void)state;
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(rms_fd_write_all(pipes[1], "abc", 3), 0);
    assert_int_equal(rms_fd_write_all(pipes[1], "def", 3), 0);
    assert_int_equal(close(pipes[1]), 0);
    assert_int_equal(rms_fd_read_full(pipes[0], data, 4), 4);
    assert_memory_equal(data, "abcd", 4);
    assert_int_equal(rms_fd_read_full(pipes[0], data, 10), 2);
    assert_int_equal(rms_fd_read_full(pipes[0], data, 10), 0);
    assert_int_equal(rms_fd_pread_full(pipes[0], data, 1, 0), RMS_E_IO);
    assert_int_equal(close(pipes[0]), 0);
    assert_int_equal(rms_fd_read_full(-1, data, 1), RMS_E_IO);
    assert_int_equal(rms_fd_write_all(-1, data, 1), RMS_E_IO);
}

static void reads_at_an_offset(void **state)
{
    struct place *place = *state;
    char data[10];
    int fd;

    assert_int_equal(rms_file_write(in(place, "file"), rms_view_str("0123456789"), 0600), 0);
    fd = open(place->path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(rms_fd_pread_full(fd, data, 3, 5), 3);
    assert_memory_equal(data, "567", 3);
    assert_int_equal(rms_fd_pread_full(fd, data, 5, 8), 2);
    assert_int_equal(rms_fd_pread_full(fd, data, 5, 100), 0);
    assert_int_equal(rms_fd_pread_full(fd, data, 5, UINT64_MAX - 2), RMS_E_BAD_ARGUMENT);
    assert_int_equal(close(fd), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(writes_and_reads_back, setup, teardown),
        cmocka_unit_test_setup_teardown(reads_up_to_the_limit, setup, teardown),
        cmocka_unit_test(reads_files_without_a_size),
        cmocka_unit_test_setup_teardown(refuses_what_is_no_file, setup, teardown),
        cmocka_unit_test_setup_teardown(reading_survives_exhausted_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(makes_directories, setup, teardown),
        cmocka_unit_test(descriptors_read_fully),
        cmocka_unit_test_setup_teardown(reads_at_an_offset, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
