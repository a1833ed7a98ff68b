/* Atomic outputs of file.h. */
#include "base/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/acl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/file.h"

struct place {
    char directory[64];
    char target[128];
    char like[128];
};

static int setup(void **state)
{
    static struct place place;

    memcpy(place.directory, "/tmp/rms-output-XXXXXX", 23);
    if (mkdtemp(place.directory) == NULL) {
        return -1;
    }
    (void)snprintf(place.target, sizeof place.target, "%s/target", place.directory);
    (void)snprintf(place.like, sizeof place.like, "%s/like", place.directory);
    *state = &place;
    return 0;
}

static int teardown(void **state)
{
    struct place *place = *state;

    (void)unlink(place->target);
    (void)unlink(place->like);
    return rmdir(place->directory);
}

static size_t entries(const struct place *place)
{
    DIR *directory = opendir(place->directory);
    size_t count = 0;

    assert_non_null(directory);
    while (readdir(directory) != NULL) {
        count++;
    }
    assert_int_equal(closedir(directory), 0);
    return count - 2;
}

static void expect_content(const char *path, const char *wanted)
{
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(1000);

    assert_int_equal(rms_file_read(path, &out), 0);
    assert_string_equal(rms_buf_text(&out), wanted);
}

static void begin(struct rms_file_output *output, const struct place *place, const char *content)
{
    assert_int_equal(rms_file_output_open(output, place->target), 0);
    assert_int_equal(rms_fd_write_all(output->fd, content, strlen(content)), 0);
}

static void replaces_only_at_the_end(void **state)
{
    struct place *place = *state;
    struct rms_file_output output;
    struct stat info;

    assert_int_equal(rms_file_write(place->target, rms_view_str("old"), 0644), 0);
    begin(&output, place, "new");
    expect_content(place->target, "old");
    assert_int_equal(stat(output.temp, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(strncmp(strrchr(output.temp, '/'), "/.target.rms-", 13), 0);
    assert_int_equal(rms_file_output_commit(&output, true), 0);
    expect_content(place->target, "new");
    assert_int_equal(entries(place), 1);
    rms_file_output_abort(&output);
    assert_int_equal(entries(place), 1);
}

static void does_not_replace_unasked(void **state)
{
    struct place *place = *state;
    struct rms_file_output output;

    begin(&output, place, "first");
    assert_int_equal(rms_file_output_commit(&output, false), 0);
    begin(&output, place, "second");
    assert_int_equal(rms_file_output_commit(&output, false), RMS_E_CONFLICT);
    expect_content(place->target, "first");
    assert_int_equal(entries(place), 1);
}

static void abort_leaves_nothing(void **state)
{
    struct place *place = *state;
    struct rms_file_output output;

    begin(&output, place, "never seen");
    rms_file_output_abort(&output);
    assert_int_equal(output.fd, -1);
    assert_int_equal(entries(place), 0);
    rms_file_output_abort(&output);
}

static void publishes_after_one_sync(void **state)
{
    struct place *place = *state;
    struct rms_file_output output;

    begin(&output, place, "text");
    assert_int_equal(rms_file_sync_all(output.fd), 0);
    assert_int_equal(rms_file_output_publish(&output, true), 0);
    assert_int_equal(output.fd, -1);
    expect_content(place->target, "text");
    assert_int_equal(rms_file_sync_all(-1), RMS_E_IO);
}

static void failure_at_the_end_cleans_up(void **state)
{
    struct place *place = *state;
    struct rms_file_output output;

    begin(&output, place, "text");
    assert_int_equal(mkdir(place->target, 0700), 0);
    assert_int_not_equal(rms_file_output_commit(&output, true), 0);
    assert_int_equal(entries(place), 1);
    assert_int_equal(rmdir(place->target), 0);
}

static void refuses_impossible_targets(void **state)
{
    struct place *place = *state;
    struct rms_file_output output;
    char path[5000];

    assert_int_equal(rms_file_output_open(&output, ""), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_file_output_open(&output, "/tmp/"), RMS_E_BAD_ARGUMENT);
    (void)snprintf(path, sizeof path, "%s/absent/x", place->directory);
    assert_int_equal(rms_file_output_open(&output, path), RMS_E_NOT_FOUND);
    assert_int_equal(output.fd, -1);
    memset(path, 'x', sizeof path);
    path[sizeof path - 1] = '\0';
    assert_int_equal(rms_file_output_open(&output, path), RMS_E_NAME_TOO_LONG);
    path[256] = '\0';
    assert_int_equal(rms_file_output_open(&output, path), RMS_E_NAME_TOO_LONG);
    rms_file_output_abort(&output);
}

static void the_longest_name_works(void **state)
{
    struct place *place = *state;
    struct rms_file_output output;
    char path[400];
    int len = snprintf(path, sizeof path, "%s/", place->directory);

    memset(path + len, 'n', 255);
    path[len + 255] = '\0';
    assert_int_equal(rms_file_output_open(&output, path), 0);
    assert_int_equal(rms_file_output_commit(&output, false), 0);
    assert_int_equal(unlink(path), 0);
}

static int open_like(const struct place *place, mode_t mode)
{
    int fd;

    assert_int_equal(rms_file_write(place->like, rms_view_str("like me"), mode), 0);
    fd = open(place->like, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static void takes_mode_and_attributes_of_another(void **state)
{
    struct place *place = *state;
    struct rms_file_output output;
    char value[16] = "";
    struct stat info;
    int like = open_like(place, 0754);
    int has_xattrs = setxattr(place->like, "user.rms", "value", 5, 0) == 0;

    begin(&output, place, "text");
    assert_int_equal(rms_file_output_like(&output, like), 0);
    assert_int_equal(rms_file_output_commit(&output, false), 0);
    assert_int_equal(close(like), 0);
    assert_int_equal(stat(place->target, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0754);
    if (has_xattrs) {
        assert_int_equal(getxattr(place->target, "user.rms", value, sizeof value), 5);
        assert_string_equal(value, "value");
    }
}

/* Skipped in effect where the file system has no ACLs. */
static void takes_the_acl_of_another(void **state)
{
    struct place *place = *state;
    struct rms_file_output output;
    acl_t acl = acl_from_text("u::rw,u:12345:r,g::r,m::r,o::-");
    int like = open_like(place, 0640);
    int has_acl = acl_set_fd(like, acl) == 0;
    acl_t copied;

    begin(&output, place, "text");
    assert_int_equal(rms_file_output_like(&output, like), 0);
    assert_int_equal(rms_file_output_commit(&output, false), 0);
    copied = acl_get_file(place->target, ACL_TYPE_ACCESS);
    if (has_acl) {
        char *text = acl_to_text(copied, NULL);

        assert_non_null(strstr(text, "user:12345:r--"));
        (void)acl_free(text);
    }
    (void)acl_free(copied);
    (void)acl_free(acl);
    assert_int_equal(close(like), 0);
}

static void like_needs_a_descriptor(void **state)
{
    struct place *place = *state;
    struct rms_file_output output;

    begin(&output, place, "text");
    assert_int_equal(rms_file_output_like(&output, -1), RMS_E_IO);
    rms_file_output_abort(&output);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(replaces_only_at_the_end, setup, teardown),
        cmocka_unit_test_setup_teardown(does_not_replace_unasked, setup, teardown),
        cmocka_unit_test_setup_teardown(abort_leaves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(publishes_after_one_sync, setup, teardown),
        cmocka_unit_test_setup_teardown(failure_at_the_end_cleans_up, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_impossible_targets, setup, teardown),
        cmocka_unit_test_setup_teardown(the_longest_name_works, setup, teardown),
        cmocka_unit_test_setup_teardown(takes_mode_and_attributes_of_another, setup, teardown),
        cmocka_unit_test_setup_teardown(takes_the_acl_of_another, setup, teardown),
        cmocka_unit_test_setup_teardown(like_needs_a_descriptor, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
