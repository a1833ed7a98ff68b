/* A program that protects a large file in place is killed at random moments: afterwards there is the original
 * or the complete protected file, never neither, and never a broken one under either name (C-044). The same
 * with one that takes the protection off what is in an archive. */
#include "base/test.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "client/testing/issuer.h"
#include "crypto/random.h"
#include "xrml/testing/world.h"

#define SIZE    (12u * 1024 * 1024)
#define ROUNDS  24
#define TAR_MAX (4u * SIZE)

struct fixture {
    struct rms_issuer issuer;
    char clear[512], secret[512], archive[512];
};

static int set_up(void **state)
{
    struct fixture *f = test_calloc(1, sizeof *f);
    struct rms_context *alice;

    rms_issuer_open(&f->issuer);
    alice = rms_issuer_context(&f->issuer, "alice");
    rms_issuer_enrol(&f->issuer, alice, RMS_TEST_ALICE, "user", 31);
    rms_context_free(&alice);
    (void)snprintf(f->clear, sizeof f->clear, "%s", rms_test_path(&f->issuer, "big.txt"));
    (void)snprintf(f->secret, sizeof f->secret, "%s", rms_test_path(&f->issuer, "big.ptxt"));
    (void)snprintf(f->archive, sizeof f->archive, "%s", rms_test_path(&f->issuer, "big.tar"));
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    rms_issuer_close(&f->issuer);
    test_free(f);
    return 0;
}

/* The child: its own context, as a program of its own would have. */
static void protect_and_exit(struct fixture *f)
{
    const struct rms_file_options options = {.size = sizeof options, .in_place = true};
    struct rms_context *alice = rms_issuer_context(&f->issuer, "alice");
    struct rms_policy_builder *policy = NULL;
    int code = rms_policy_custom(alice, &policy);

    if (code == 0) {
        code = rms_protect_file(alice, f->clear, policy, &options, NULL);
    }
    _exit(code == 0 ? 0 : 1);
}

static void unprotect_and_exit(struct fixture *f)
{
    const struct rms_file_options options = {
        .size = sizeof options, .in_place = true, .open_containers = true};
    struct rms_context *alice = rms_issuer_context(&f->issuer, "alice");

    _exit(rms_unprotect_file(alice, f->archive, &options, NULL) == 0 ? 0 : 1);
}

typedef void errand(struct fixture *f);

static int64_t run_child(struct fixture *f, errand *run, int64_t kill_after_us)
{
    const struct timespec pause = {kill_after_us / 1000000, kill_after_us % 1000000 * 1000};
    int64_t began = rms_clock_monotonic_ms();
    pid_t child = fork();
    int status;

    assert_true(child >= 0);
    if (child == 0) {
        run(f);
    }
    if (kill_after_us >= 0) {
        (void)nanosleep(&pause, NULL);
        (void)kill(child, SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
    return rms_clock_monotonic_ms() - began;
}

static bool opens_whole(struct fixture *f)
{
    struct rms_context *alice = rms_issuer_context(&f->issuer, "alice");
    struct rms_file_result result;
    bool whole =
        rms_unprotect_file(alice, f->secret, NULL, &result) == 0 && rms_test_holds(result.output, SIZE);

    if (result.output[0] != '\0') {
        (void)unlink(result.output);
    }
    rms_context_free(&alice);
    return whole;
}

/* What a killed program may leave: a temporary file, which holds nothing in the clear. */
static void remove_leftovers(struct fixture *f)
{
    DIR *folder = opendir(f->issuer.folder);

    assert_non_null(folder);
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (strstr(entry->d_name, ".rms-") != NULL) {
            assert_int_equal(unlink(rms_test_path(&f->issuer, entry->d_name)), 0);
        }
    }
    assert_int_equal(closedir(folder), 0);
}

/* proves: C-044 */
static void killed_at_random(void **state)
{
    struct fixture *f = *state;
    int64_t whole_ms;
    unsigned originals = 0;

    rms_test_fill(f->clear, SIZE);
    whole_ms = run_child(f, protect_and_exit, -1);
    assert_true(opens_whole(f));
    assert_int_equal(unlink(f->secret), 0);
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint32_t random;
        bool original;
        bool complete;

        rms_random(&random, sizeof random);
        rms_test_fill(f->clear, SIZE);
        (void)run_child(f, protect_and_exit, (int64_t)(random % (uint32_t)(whole_ms * 1100 + 1)));
        original = rms_test_holds(f->clear, SIZE);
        complete = rms_test_exists(f->secret) && opens_whole(f);
        assert_int_equal(original, rms_test_exists(f->clear));
        assert_int_equal(complete, rms_test_exists(f->secret));
        assert_true(original != complete);
        originals += original;
        remove_leftovers(f);
        (void)unlink(f->clear);
        (void)unlink(f->secret);
    }
    print_message("%u of %u were killed before the end\n", originals, ROUNDS);
}

/* --- archives --- */

static void add(struct archive *to, const char *name, struct rms_view data)
{
    struct archive_entry *entry = archive_entry_new();

    archive_entry_set_pathname(entry, name);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_size(entry, (la_int64_t)data.len);
    archive_entry_set_mtime(entry, 1700000000, 0);
    assert_int_equal(archive_write_header(to, entry), ARCHIVE_OK);
    assert_int_equal(archive_write_data(to, data.data, data.len), (la_ssize_t)data.len);
    archive_entry_free(entry);
}

/* Two members, one of them protected; *old_out: its bytes. */
static void make_archive(struct fixture *f, struct rms_buf *old_out)
{
    struct rms_buf RMS_BUF_CLEANUP secret = RMS_BUF_INIT(TAR_MAX);
    struct archive *to = archive_write_new();

    rms_test_fill(f->clear, SIZE);
    (void)run_child(f, protect_and_exit, -1);
    rms_must(rms_file_read(f->secret, &secret));
    assert_int_equal(archive_write_set_format_pax_restricted(to), ARCHIVE_OK);
    assert_int_equal(archive_write_open_filename(to, f->archive), ARCHIVE_OK);
    add(to, "big.ptxt", rms_buf_view(&secret));
    add(to, "beside.bin", rms_view_of(secret.data, secret.len / 4));
    assert_int_equal(archive_write_close(to), ARCHIVE_OK);
    archive_write_free(to);
    rms_must(rms_file_read(f->archive, old_out));
    assert_int_equal(unlink(f->secret), 0);
}

/* The old archive or the new one. touches: C-056, S-184 */
static void archive_killed_at_random(void **state)
{
    struct fixture *f = *state;
    struct rms_buf RMS_BUF_CLEANUP old = RMS_BUF_INIT(TAR_MAX);
    struct rms_buf RMS_BUF_CLEANUP new = RMS_BUF_INIT(TAR_MAX);
    int64_t whole_ms;
    unsigned originals = 0;

    make_archive(f, &old);
    whole_ms = run_child(f, unprotect_and_exit, -1);
    rms_must(rms_file_read(f->archive, &new));
    assert_false(rms_view_equal(rms_buf_view(&old), rms_buf_view(&new)));
    for (unsigned round = 0; round < ROUNDS / 2; round++) {
        struct rms_buf RMS_BUF_CLEANUP found = RMS_BUF_INIT(TAR_MAX);
        uint32_t random;
        bool original;

        rms_random(&random, sizeof random);
        rms_test_write(f->archive, old.data, old.len);
        (void)run_child(f, unprotect_and_exit, (int64_t)(random % (uint32_t)(whole_ms * 900 + 1)));
        rms_must(rms_file_read(f->archive, &found));
        original = rms_view_equal(rms_buf_view(&found), rms_buf_view(&old));
        assert_true(original || rms_view_equal(rms_buf_view(&found), rms_buf_view(&new)));
        originals += original;
        remove_leftovers(f);
    }
    print_message("%u of %u were killed before the end\n", originals, ROUNDS / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(killed_at_random, set_up, tear_down),
        cmocka_unit_test_setup_teardown(archive_killed_at_random, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("client kill", tests, NULL, NULL);
}
