/* A program that protects a large file in place is killed at random moments: afterwards there is the original
 * or the complete protected file, never neither, and never a broken one under either name (C-044). */
#include "base/test.h"

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "client/testing/issuer.h"
#include "crypto/random.h"
#include "xrml/testing/world.h"

#define SIZE   (12u * 1024 * 1024)
#define ROUNDS 24

struct fixture {
    struct rms_issuer issuer;
    char clear[512], secret[512];
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

static int64_t run_child(struct fixture *f, int64_t kill_after_us)
{
    const struct timespec pause = {kill_after_us / 1000000, kill_after_us % 1000000 * 1000};
    int64_t began = rms_clock_monotonic_ms();
    pid_t child = fork();
    int status;

    assert_true(child >= 0);
    if (child == 0) {
        protect_and_exit(f);
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
    whole_ms = run_child(f, -1);
    assert_true(opens_whole(f));
    assert_int_equal(unlink(f->secret), 0);
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint32_t random;
        bool original;
        bool complete;

        rms_random(&random, sizeof random);
        rms_test_fill(f->clear, SIZE);
        (void)run_child(f, (int64_t)(random % (uint32_t)(whole_ms * 1100 + 1)));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(killed_at_random, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("client kill", tests, NULL, NULL);
}
