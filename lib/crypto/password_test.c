#include "base/test.h"

#include "base/clock.h"
#include "base/mem.h"
#include "crypto/password.h"

static void hashes_and_checks(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf hash = RMS_BUF_INIT(400);
    RMS_BUF_CLEANUP struct rms_buf again = RMS_BUF_INIT(400);

    (void)state;
    assert_int_equal(rms_password_hash("correct horse", &hash), 0);
    assert_int_equal(strncmp(rms_buf_text(&hash), "$y$", 3), 0);
    assert_true(rms_password_check("correct horse", rms_buf_text(&hash)));
    assert_false(rms_password_check("correct horsf", rms_buf_text(&hash)));
    assert_false(rms_password_check("correct hors", rms_buf_text(&hash)));
    assert_false(rms_password_check("", rms_buf_text(&hash)));
    assert_int_equal(rms_password_hash("correct horse", &again), 0);
    assert_string_not_equal(rms_buf_text(&hash), rms_buf_text(&again));
}

/* The first example of the SHA-crypt specification: settings of another scheme work as well. */
static void checks_imported_hashes(void **state)
{
    static const char hash[] = "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJu"
                               "esI68u4OTLiBFdcbYEdFCoEOfaS35inz1";

    (void)state;
    assert_true(rms_password_check("Hello world!", hash));
    assert_false(rms_password_check("Hello world?", hash));
}

static void broken_hashes_never_match(void **state)
{
    static const char *const broken[] = {
        "", "*", "*0", "*1", "x", "$y$", "$y$j9T$", "$y$j9T$abcdefghijklmnopqrstu.", "$9$abc", "!"};

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(broken); i++) {
        assert_false(rms_password_check("*0", broken[i]));
        assert_false(rms_password_check("x", broken[i]));
    }
}

static void refuses_unusable_passwords(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf hash = RMS_BUF_INIT(400);
    char text[RMS_PASSWORD_MAX + 2];

    (void)state;
    memset(text, 'x', sizeof text);
    text[RMS_PASSWORD_MAX + 1] = '\0';
    assert_int_equal(rms_password_hash(text, &hash), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_password_hash("", &hash), RMS_E_BAD_ARGUMENT);
    text[RMS_PASSWORD_MAX] = '\0';
    assert_int_equal(rms_password_hash(text, &hash), 0);
    assert_true(rms_password_check(text, rms_buf_text(&hash)));
    text[RMS_PASSWORD_MAX - 1] = 'y';
    assert_false(rms_password_check(text, rms_buf_text(&hash)));
}

static int64_t time_of_check(const char *password, const char *hash)
{
    int64_t best = INT64_MAX;

    for (int i = 0; i < 5; i++) {
        int64_t start = rms_clock_monotonic_ms();
        int64_t took;

        (void)rms_password_check(password, hash);
        took = rms_clock_monotonic_ms() - start;
        best = took < best ? took : best;
    }
    return best;
}

/* No such account, or an impossible password, must take about as long as a wrong password. */
static void absent_accounts_take_as_long(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf hash = RMS_BUF_INIT(400);
    int64_t real;

    (void)state;
    assert_int_equal(rms_password_hash("password", &hash), 0);
    real = time_of_check("guess", rms_buf_text(&hash));
    assert_true(real >= 4);
    assert_true(time_of_check("guess", NULL) * 2 > real);
    assert_true(time_of_check("", rms_buf_text(&hash)) * 2 > real);
    assert_false(rms_password_check("guess", NULL));
}

static void memory_may_run_out(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf hash = RMS_BUF_INIT(400);

    (void)state;
    for (long count = 0; count < 2; count++) {
        rms_mem_fail_after(count);
        assert_int_equal(rms_password_hash("password", &hash), RMS_E_NO_MEMORY);
        rms_mem_fail_after(count);
        assert_false(rms_password_check("password", "$6$saltstring$x"));
        rms_mem_fail_never();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_and_checks),
        cmocka_unit_test(checks_imported_hashes),
        cmocka_unit_test(broken_hashes_never_match),
        cmocka_unit_test(refuses_unusable_passwords),
        cmocka_unit_test(absent_accounts_take_as_long),
        cmocka_unit_test(memory_may_run_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
