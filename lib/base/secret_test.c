#include "base/test.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/secret.h"

static const size_t sizes[] = {1, 16, 32, 63, 64, 65, 100, 4095, 4096, 4097, RMS_SECRET_MAX};

static void is_zeroed_and_usable(void **state)
{
    (void)state;
    for (size_t i = 0; i < RMS_COUNT(sizes); i++) {
        struct rms_secret *secret = rms_secret_new(sizes[i]);

        assert_non_null(secret);
        assert_int_equal(rms_secret_len(secret), sizes[i]);
        for (size_t j = 0; j < sizes[i]; j++) {
            assert_int_equal(rms_secret_bytes(secret)[j], 0);
        }
        memset(rms_secret_bytes(secret), 0xa5, sizes[i]);
        assert_int_equal(rms_secret_view(secret).data[sizes[i] - 1], 0xa5);
        rms_secret_free(&secret);
        assert_null(secret);
        rms_secret_free(&secret);
    }
}

static void keeps_its_limits(void **state)
{
    (void)state;
    assert_null(rms_secret_new(0));
    assert_null(rms_secret_new(RMS_SECRET_MAX + 1));
}

static void taking_wipes_the_source(void **state)
{
    uint8_t source[4] = {1, 2, 3, 4};
    RMS_SECRET_CLEANUP struct rms_secret *secret = rms_secret_take(source, sizeof source);

    (void)state;
    assert_memory_equal(source, "\0\0\0\0", 4);
    assert_memory_equal(rms_secret_bytes(secret), "\1\2\3\4", 4);
}

static void taking_wipes_the_source_when_memory_is_out(void **state)
{
    uint8_t source[4] = {1, 2, 3, 4};
    struct rms_secret *secret;

    (void)state;
    rms_mem_fail_after(0);
    secret = rms_secret_take(source, sizeof source);
    rms_mem_fail_never();
    assert_null(secret);
    assert_memory_equal(source, "\0\0\0\0", 4);
}

/* More than one slab, freed in another order; no two overlap and none loses its bytes. */
static void many_small_ones_stay_apart(void **state)
{
    static struct rms_secret *secrets[1000];

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(secrets); i++) {
        secrets[i] = rms_secret_new(1 + i % 64);
        assert_non_null(secrets[i]);
        memset(rms_secret_bytes(secrets[i]), (int)(i % 251), 1 + i % 64);
    }
    for (size_t i = 0; i < RMS_COUNT(secrets); i++) {
        size_t at = i * 7 % RMS_COUNT(secrets);

        for (size_t j = 0; j < rms_secret_len(secrets[at]); j++) {
            assert_int_equal(rms_secret_bytes(secrets[at])[j], at % 251);
        }
        rms_secret_free(&secrets[at]);
    }
}

/* A freed place is wiped: the next secret, which gets the same place, starts with zeros. */
static void freed_places_are_wiped(void **state)
{
    struct rms_secret *secret = rms_secret_new(32);
    uint8_t *place = rms_secret_bytes(secret);

    (void)state;
    memset(place, 0xff, 32);
    rms_secret_free(&secret);
    secret = rms_secret_new(32);
    assert_ptr_equal(rms_secret_bytes(secret), place);
    for (size_t i = 0; i < 32; i++) {
        assert_int_equal(place[i], 0);
    }
    rms_secret_free(&secret);
}

static int signal_of_child(void (*act)(uint8_t *), uint8_t *argument)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        (void)signal(SIGSEGV, SIG_DFL);
        (void)signal(SIGBUS, SIG_DFL);
        act(argument);
        _exit(0);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

__attribute__((no_sanitize("address", "undefined"))) static void touch(uint8_t *place)
{
    *(volatile uint8_t *)place = 1;
}

static void guard_pages_stop_overruns(void **state)
{
    RMS_SECRET_CLEANUP struct rms_secret *large = rms_secret_new(4096);

    (void)state;
    assert_int_equal(signal_of_child(touch, rms_secret_bytes(large) + 4095), 0);
    assert_int_equal(signal_of_child(touch, rms_secret_bytes(large) + 4096), SIGSEGV);
    assert_int_equal(signal_of_child(touch, rms_secret_bytes(large) - 1), SIGSEGV);
}

static void check_hardened(uint8_t *unused)
{
    struct rlimit core;

    (void)unused;
    rms_secret_harden_process();
    if (prctl(PR_GET_DUMPABLE) != 0 || getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_cur != 0) {
        abort();
    }
}

static void hardened_process_leaves_no_core(void **state)
{
    (void)state;
    assert_int_equal(signal_of_child(check_hardened, NULL), 0);
}

static void memory_may_run_out(void **state)
{
    struct rms_secret *secret;

    (void)state;
    for (long allowed = 0; allowed < 2; allowed++) {
        rms_mem_fail_after(allowed);
        secret = rms_secret_new(allowed == 0 ? 32 : 5000);
        rms_mem_fail_never();
        assert_true((secret != NULL) == (allowed == 1));
        rms_secret_free(&secret);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_zeroed_and_usable),
        cmocka_unit_test(keeps_its_limits),
        cmocka_unit_test(taking_wipes_the_source),
        cmocka_unit_test(taking_wipes_the_source_when_memory_is_out),
        cmocka_unit_test(many_small_ones_stay_apart),
        cmocka_unit_test(freed_places_are_wiped),
        cmocka_unit_test(guard_pages_stop_overruns),
        cmocka_unit_test(hardened_process_leaves_no_core),
        cmocka_unit_test(memory_may_run_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
