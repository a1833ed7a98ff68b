/* Memory fails at every allocation in turn, on the way from a policy to a protected file and back: each try
 * ends with a code, leaves the original as it was or a complete result, and no temporary file. The sanitizers
 * see leaks. */
#include "base/test.h"

#include <dirent.h>
#include <unistd.h>

#include "base/mem.h"
#include "client/context.h"
#include "client/identity.h"
#include "client/testing/issuer.h"
#include "xrml/testing/world.h"

#define TRIES_MAX 20000
#define SIZE      5000

struct fixture {
    struct rms_issuer issuer;
    struct rms_context *alice;
    struct rms_policy_builder *policy;
};

static struct rms_context *seen_by; /* whose detail is shown with an unexpected code */

static int set_up(void **state)
{
    struct fixture *f = test_calloc(1, sizeof *f);

    rms_issuer_open(&f->issuer);
    f->alice = rms_issuer_context(&f->issuer, "alice");
    f->alice->settings.sync = false; /* thousands of files: the disk is not what is tested */
    rms_issuer_enrol(&f->issuer, f->alice, RMS_TEST_ALICE, "user", 31);
    seen_by = f->alice;
    rms_must(rms_policy_custom(f->alice, &f->policy));
    rms_must(rms_policy_grant(f->policy, RMS_TEST_BOB, "VIEW,FOO", true));
    rms_must(rms_policy_add_data(f->policy, true, "Case", "1138"));
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    rms_policy_free(&f->policy);
    rms_context_free(&f->alice);
    rms_issuer_close(&f->issuer);
    test_free(f);
    return 0;
}

static void no_temporary_files(const char *folder)
{
    DIR *stream = opendir(folder);

    assert_non_null(stream);
    for (struct dirent *entry = readdir(stream); entry != NULL; entry = readdir(stream)) {
        assert_null(strstr(entry->d_name, ".rms-"));
    }
    assert_int_equal(closedir(stream), 0);
}

static int protect(struct fixture *f, const char *path)
{
    const struct rms_file_options options = {.size = sizeof options, .in_place = true};

    return rms_protect_file(f->alice, path, f->policy, &options, NULL);
}

static bool is_memory_code(int code)
{
    /* a buffer that cannot grow says "limit" */
    /* lib/policy names the field it could not check, whatever the cause */
    if (code == RMS_E_BAD_ARGUMENT && strncmp(rms_last_detail(seen_by), "the permissions", 15) == 0) {
        return true;
    }
    if (code != RMS_E_NO_MEMORY && code != RMS_E_LIMIT) {
        print_error("unexpected: %s (%s)\n", rms_error_info(code)->reason, rms_last_detail(seen_by));
        return false;
    }
    return true;
}

static void protecting(void **state)
{
    struct fixture *f = *state;
    const char *clear = rms_test_path(&f->issuer, "a.txt");
    const char *secret = rms_test_path(&f->issuer, "a.ptxt");
    const char *copy = rms_test_path(&f->issuer, "a-Copy.txt");
    int code = -1;

    for (long n = 0; n < TRIES_MAX && code != 0; n++) {
        rms_test_fill(clear, SIZE);
        rms_identity_drop(f->alice);
        rms_mem_fail_after(n);
        code = protect(f, clear);
        rms_mem_fail_never();
        no_temporary_files(f->issuer.folder);
        if (code != 0) {
            assert_true(is_memory_code(code));
            assert_true(rms_test_holds(clear, SIZE) != rms_test_exists(secret));
        }
        if (rms_test_exists(secret)) {
            rms_must(rms_unprotect_file(f->alice, secret, NULL, NULL));
            assert_true(rms_test_holds(copy, SIZE));
            assert_int_equal(unlink(copy), 0);
            assert_int_equal(unlink(secret), 0);
        }
    }
    assert_int_equal(code, 0);
}

static void opening(void **state)
{
    struct fixture *f = *state;
    const char *clear = rms_test_path(&f->issuer, "b.txt");
    const char *secret = rms_test_path(&f->issuer, "b.ptxt");
    int code = -1;

    rms_test_fill(clear, SIZE);
    rms_must(protect(f, clear));
    for (long n = 0; n < TRIES_MAX && code != 0; n++) {
        struct rms_file_result result;

        rms_identity_drop(f->alice);
        rms_mem_fail_after(n);
        code = rms_unprotect_file(f->alice, secret, NULL, &result);
        rms_mem_fail_never();
        no_temporary_files(f->issuer.folder);
        if (code != 0) {
            assert_true(is_memory_code(code));
            assert_string_equal(result.output, "");
        } else {
            assert_true(rms_test_holds(result.output, SIZE));
        }
    }
    assert_int_equal(code, 0);
}

static void reading(void **state)
{
    struct fixture *f = *state;
    const char *clear = rms_test_path(&f->issuer, "c.txt");
    const char *secret = rms_test_path(&f->issuer, "c.ptxt");
    int code = -1;

    rms_test_fill(clear, SIZE);
    rms_must(protect(f, clear));
    for (long n = 0; n < TRIES_MAX && code != 0; n++) {
        struct rms_document *document = NULL;

        rms_mem_fail_after(n);
        code = rms_document_open_file(f->alice, secret, &document);
        rms_mem_fail_never();
        assert_true((document != NULL) == (code == 0));
        assert_true(code == 0 || is_memory_code(code));
        rms_document_free(&document);
    }
    assert_int_equal(code, 0);
}

static void contexts(void **state)
{
    struct fixture *f = *state;
    struct rms_options options = {
        .size = sizeof options, .offline = true, .store_dir = rms_test_path(&f->issuer, "alice")};
    int code = -1;

    for (long n = 0; n < TRIES_MAX && code != 0; n++) {
        struct rms_context *context = NULL;
        struct rms_account account;

        rms_mem_fail_after(n);
        code = rms_context_new(&options, &context);
        if (code == 0) {
            code = rms_whoami(context, &account);
        }
        rms_mem_fail_never();
        assert_true(code == 0 || is_memory_code(code));
        rms_context_free(&context);
    }
    assert_int_equal(code, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(protecting),
        TEST(opening),
        TEST(reading),
        TEST(contexts),
    };

    return cmocka_run_group_tests_name("client sweep", tests, NULL, NULL);
}
