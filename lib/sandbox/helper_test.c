/* A helper that works, and one that does what a taken-over one would. In builds with sanitizers what is
 * forbidden is refused, in others some of it ends the helper: both are seen here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/test.h"
#include "sandbox/confine.h"
#include "sandbox/helper.h"
#include "sandbox/testing/faults.h"

#define MEMORY     (64u * 1024 * 1024)
#define FILE_MAX   1000000u
#define PATIENT_MS 60000u

static int make_file(void)
{
    int fd = memfd_create("in", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, "!", 1), 1);
    return fd;
}

/* As documents are given: for reading alone. */
static int readable(int fd)
{
    char name[64];
    int in;

    (void)snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    in = open(name, O_RDONLY | O_CLOEXEC);
    assert_true(in >= 0);
    return in;
}

static int run_within(
    uint32_t fault, const struct rms_helper_limits *limits, struct rms_buf *reply, char why[RMS_HELPER_WHY])
{
    int file = make_file();
    struct rms_helper_errand errand = {.program = FAULTS_PROGRAM,
        .operation = fault,
        .request = RMS_VIEW_LITERAL("hello"),
        .in = readable(file),
        .out = fault == FAULT_FILL ? make_file() : -1,
        .limits = *limits};
    int code = rms_helper_run(&errand, reply, why);

    (void)close(errand.in);
    (void)close(file);
    if (errand.out >= 0) {
        assert_true(lseek(errand.out, 0, SEEK_END) <= (off_t)FILE_MAX);
        (void)close(errand.out);
    }
    return code;
}

static const struct rms_helper_limits usual = {MEMORY, 20, PATIENT_MS, FILE_MAX};

static int run(uint32_t fault, char why[RMS_HELPER_WHY])
{
    struct rms_buf RMS_BUF_CLEANUP reply = RMS_BUF_INIT(4096);

    return run_within(fault, &usual, &reply, why);
}

static void an_errand_is_done_in_a_process_of_its_own(void **state)
{
    struct rms_buf RMS_BUF_CLEANUP reply = RMS_BUF_INIT(4096);
    char why[RMS_HELPER_WHY];

    (void)state;
    assert_int_equal(run_within(FAULT_NONE, &usual, &reply, why), 0);
    assert_string_equal(rms_buf_text(&reply), "hello!");
    assert_string_equal(why, "");
    rms_buf_reset(&reply);
    assert_int_equal(run_within(FAULT_REFUSE, &usual, &reply, why), RMS_E_DAMAGED); /* a code of its own */
    assert_int_equal(reply.len, 0);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nothing is left of them */
    assert_int_equal(errno, ECHILD);
}

static void what_dies_or_lies_is_one_reason(void **state)
{
    static const struct {
        uint32_t fault;
        struct rms_helper_limits limits;
        const char *why;
    } cases[] = {
        {FAULT_CRASH, {MEMORY, 20, PATIENT_MS, FILE_MAX}, "it crashed (signal 11)"},
        {FAULT_SPIN, {MEMORY, 1, PATIENT_MS, FILE_MAX}, "it used more than 1 seconds of processor time"},
        {FAULT_HANG, {MEMORY, 20, 1000, FILE_MAX}, "it took longer than 1 seconds"},
        {FAULT_LIE, {MEMORY, 20, PATIENT_MS, FILE_MAX}, "it gave no answer that is one"},
        {FAULT_TOO_MUCH, {MEMORY, 20, PATIENT_MS, FILE_MAX}, NULL}, /* it may be killed while it talks */
        {FAULTS, {MEMORY, 20, PATIENT_MS, FILE_MAX}, "it gave no answer that is one"},
    };

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        struct rms_buf RMS_BUF_CLEANUP reply = RMS_BUF_INIT(4096);
        char why[RMS_HELPER_WHY];

        assert_int_equal(run_within(cases[i].fault, &cases[i].limits, &reply, why), RMS_E_READER_DIED);
        assert_int_equal(reply.len, 0);
        if (cases[i].why != NULL) {
            assert_string_equal(why, cases[i].why);
        }
    }
}

static void memory_and_files_end_somewhere(void **state)
{
    char why[RMS_HELPER_WHY];

    (void)state;
    assert_int_equal(run(FAULT_ALLOCATE, why), RMS_E_NO_MEMORY);
    assert_int_equal(run(FAULT_FILL, why), RMS_E_LIMIT);
}

/* Refused, or the end of the helper: never had. */
static void nothing_of_the_world_is_to_be_had(void **state)
{
    static const struct {
        uint32_t fault;
        bool ends; /* where no sanitizer needs calls of its own */
    } cases[] = {{FAULT_OPEN, false}, {FAULT_WRITE_INPUT, false}, {FAULT_SOCKET, false}, {FAULT_OTHER, false},
        {FAULT_EXEC, true}, {FAULT_FORK, true}, {FAULT_SIGNAL, true}, {FAULT_EXECUTABLE, true}};

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        char why[RMS_HELPER_WHY];
        int code = run(cases[i].fault, why);

        if (cases[i].ends && !RMS_SANDBOX_SANITIZED) {
            assert_int_equal(code, RMS_E_READER_DIED);
            assert_string_equal(why, "it tried what it may not");
        } else {
            assert_int_equal(code, RMS_E_PERMISSION);
        }
    }
}

static void what_cannot_be_started_is_said(void **state)
{
    struct rms_buf RMS_BUF_CLEANUP reply = RMS_BUF_INIT(4096);
    struct rms_helper_errand errand = {.program = "/does/not/exist", .in = 0, .out = -1, .limits = usual};
    char why[RMS_HELPER_WHY];

    (void)state;
    assert_int_equal(rms_helper_run(&errand, &reply, why), RMS_E_UNSUPPORTED);
    errand.program = "/bin/true"; /* no helper at all */
    assert_int_equal(rms_helper_run(&errand, &reply, why), RMS_E_READER_DIED);
    errand.request.len = RMS_HELPER_REQUEST_MAX + 1;
    assert_int_equal(rms_helper_run(&errand, &reply, why), RMS_E_LIMIT);
}

static void *run_some(void *failed)
{
    char why[RMS_HELPER_WHY];

    for (int i = 0; i < 4; i++) {
        *(int *)failed |= run(FAULT_NONE, why) | (run(FAULT_CRASH, why) != RMS_E_READER_DIED);
    }
    return NULL;
}

static void several_threads_ask_at_once(void **state)
{
    pthread_t threads[4];
    int failed[4] = {0};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, run_some, &failed[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(failed[i], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_errand_is_done_in_a_process_of_its_own),
        cmocka_unit_test(what_dies_or_lies_is_one_reason),
        cmocka_unit_test(memory_and_files_end_somewhere),
        cmocka_unit_test(nothing_of_the_world_is_to_be_had),
        cmocka_unit_test(what_cannot_be_started_is_said),
        cmocka_unit_test(several_threads_ask_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
