#include "base/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

static void runs_with_the_system(void **state)
{
    (void)state;
    assert_true(llabs((long long)(rms_clock_now() - time(NULL))) <= 1);
}

static void monotonic_grows(void **state)
{
    int64_t before = rms_clock_monotonic_ms();

    (void)state;
    (void)usleep(5000);
    assert_true(rms_clock_monotonic_ms() >= before + 4);
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    (void)fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

/* In a build without the test clock the variable must have no effect. */
static void file_moves_the_clock_in_test_builds_only(void **state)
{
    static const struct {
        const char *text;
        long offset;
    } rows[] = {{"86400\n", 86400}, {"-3600", -3600}, {"", -3600}, {"junk", -3600}, {"0\n", 0}};
    char path[] = "/tmp/rms-clock-XXXXXX";
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(setenv("RMS_CLOCK_FILE", path, 1), 0);
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        long offset = rows[i].offset;

#ifndef RMS_TEST_CLOCK
        offset = 0;
#endif
        write_text(path, rows[i].text);
        (void)usleep(60000);
        assert_true(llabs((long long)(rms_clock_now() - time(NULL) - offset)) <= 1);
    }
    (void)unlink(path);
    (void)unsetenv("RMS_CLOCK_FILE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_with_the_system),
        cmocka_unit_test(monotonic_grows),
        cmocka_unit_test(file_moves_the_clock_in_test_builds_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
