/* Many files in one call. */
#include "base/test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/testing/issuer.h"
#include "xrml/testing/world.h"

#define COUNT 150

struct fixture {
    struct rms_issuer issuer;
    struct rms_context *alice;
    struct rms_policy_builder *policy;
    char names[COUNT][128];
    const char *paths[COUNT];
};

static int set_up(void **state)
{
    struct fixture *f = test_calloc(1, sizeof *f);

    rms_issuer_open(&f->issuer);
    f->alice = rms_issuer_context(&f->issuer, "alice");
    rms_issuer_enrol(&f->issuer, f->alice, RMS_TEST_ALICE, "user", 31);
    rms_must(rms_policy_custom(f->alice, &f->policy));
    for (size_t i = 0; i < COUNT; i++) {
        (void)snprintf(f->names[i], sizeof f->names[i], "%s/f%zu.txt", f->issuer.folder, i);
        f->paths[i] = f->names[i];
    }
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

static void fill_files(struct fixture *f)
{
    for (size_t i = 0; i < COUNT; i++) {
        rms_test_fill(f->paths[i], i * 37);
    }
}

struct tally {
    struct rms_context *context;
    unsigned calls, failures, skipped;
    unsigned seen[COUNT];
    int codes[COUNT];
    char outputs[COUNT][128];
    unsigned stop_after;
};

static int note(void *user_data, size_t index, int code, const struct rms_file_result *result)
{
    struct tally *tally = user_data;

    tally->calls++;
    tally->seen[index]++;
    tally->codes[index] = code;
    tally->failures += code != 0;
    tally->skipped += result->skipped;
    if (strlen(result->output) < sizeof tally->outputs[0]) {
        memcpy(tally->outputs[index], result->output, strlen(result->output) + 1);
    }
    assert_true(code == 0 || rms_last_detail(tally->context)[0] != '\0');
    return tally->stop_after != 0 && tally->calls >= tally->stop_after;
}

static void there_and_back(void **state)
{
    const struct rms_file_options options = {.size = sizeof options, .in_place = true};
    struct fixture *f = *state;
    struct tally *tally = test_calloc(1, sizeof *tally);
    const char *secrets[COUNT];

    tally->context = f->alice;
    fill_files(f);
    assert_int_equal(rms_protect_files(f->alice, f->paths, COUNT, f->policy, &options, note, tally), 0);
    assert_int_equal(tally->calls, COUNT);
    assert_int_equal(tally->failures, 0);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(tally->seen[i], 1);
        assert_false(rms_test_exists(f->paths[i]));
        secrets[i] = tally->outputs[i];
    }
    assert_int_equal(rms_unprotect_files(f->alice, secrets, COUNT, &options, NULL, NULL), 0);
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(rms_test_holds(f->paths[i], i * 37));
    }
    test_free(tally);
}

/* touches: C-214 */
static void one_failure_stops_no_other(void **state)
{
    const struct rms_file_options options = {.size = sizeof options, .in_place = true};
    struct fixture *f = *state;
    struct tally *tally = test_calloc(1, sizeof *tally);

    tally->context = f->alice;
    fill_files(f);
    assert_int_equal(unlink(f->paths[10]), 0);
    assert_int_equal(unlink(f->paths[20]), 0);
    assert_int_equal(symlink(f->paths[0], f->paths[20]), 0);
    assert_int_equal(chmod(f->paths[30], 0400), 0);
    assert_int_equal(rms_protect_files(f->alice, f->paths, COUNT, f->policy, &options, note, tally), 0);
    assert_int_equal(tally->calls, COUNT);
    assert_int_equal(tally->failures, 3);
    assert_int_equal(tally->skipped, 1);
    assert_int_equal(tally->codes[10], RMS_E_NOT_FOUND);
    assert_int_equal(tally->codes[20], RMS_E_FILE_BLOCKED);
    assert_int_equal(tally->codes[30], RMS_E_PERMISSION);
    test_free(tally);
}

static void the_same_file_many_times(void **state)
{
    struct fixture *f = *state;
    struct tally *tally = test_calloc(1, sizeof *tally);

    tally->context = f->alice;
    rms_test_fill(f->paths[0], 1000);
    for (size_t i = 1; i < COUNT; i++) {
        f->paths[i] = f->paths[0];
    }
    assert_int_equal(rms_protect_files(f->alice, f->paths, COUNT, f->policy, NULL, note, tally), 0);
    assert_int_equal(tally->failures, 0);
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(rms_test_exists(tally->outputs[i]));
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(tally->outputs[i], tally->outputs[k]);
        }
    }
    test_free(tally);
}

static void stopped_and_cancelled(void **state)
{
    const struct rms_file_options options = {.size = sizeof options, .in_place = true};
    struct fixture *f = *state;
    struct tally *tally = test_calloc(1, sizeof *tally);
    unsigned clear = 0;
    unsigned done = 0;

    tally->context = f->alice;
    tally->stop_after = 1;
    fill_files(f);
    assert_int_equal(
        rms_protect_files(f->alice, f->paths, COUNT, f->policy, &options, note, tally), RMS_E_CANCELLED);
    for (size_t i = 0; i < COUNT; i++) {
        clear += rms_test_exists(f->paths[i]);
        done += tally->outputs[i][0] != '\0' && rms_test_exists(tally->outputs[i]);
    }
    assert_int_equal(clear + done, COUNT); /* each file is one or the other */
    assert_int_equal(done, tally->calls);
    rms_context_cancel(f->alice);
    assert_int_equal(
        rms_protect_files(f->alice, f->paths, COUNT, f->policy, &options, note, tally), RMS_E_CANCELLED);
    rms_context_resume(f->alice);
    test_free(tally);
}

static void nothing_to_do(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(rms_protect_files(f->alice, NULL, 0, f->policy, NULL, note, NULL), 0);
    assert_int_equal(rms_protect_files(f->alice, NULL, 1, f->policy, NULL, note, NULL), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_protect_files(f->alice, f->paths, 1, NULL, NULL, note, NULL), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_protect_files(NULL, f->paths, 1, f->policy, NULL, note, NULL), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_protect_files(f->alice, f->paths, 1, f->policy, NULL, NULL, NULL), RMS_E_NOT_FOUND);
}

static bool same_tail(struct fixture *f, const char *one, const char *other)
{
    struct rms_view first = rms_test_read(&f->issuer, one);
    struct rms_view second = rms_test_read(&f->issuer, other);

    return memcmp(first.data + first.len - 4096, second.data + second.len - 4096, 4096) == 0;
}

/* proves: C-228 */
static void one_licence_file_many_keys(void **state)
{
    const struct rms_file_options options = {.size = sizeof options};
    struct fixture *f = *state;
    static const char ended[] = "{\"OpenRMS\":\"permissions\",\"Version\":1,\"Policy\":{\"UserRights\":[],"
                                "\"LicenseValidUntil\":\"2001-01-01T00:00:00Z\"}}";
    struct rms_policy_builder *policy = NULL;
    struct rms_file_status first;
    struct rms_file_status second;
    uint8_t contents[2][4097];
    struct tally *tally = test_calloc(1, sizeof *tally);

    tally->context = f->alice;
    rms_test_fill(f->paths[0], 4096);
    rms_test_fill(f->paths[1], 4096);
    assert_int_equal(rms_protect_files(f->alice, f->paths, 2, f->policy, &options, note, tally), 0);
    rms_must(rms_file_status(NULL, tally->outputs[0], &first));
    rms_must(rms_file_status(NULL, tally->outputs[1], &second));
    assert_string_not_equal(first.content_id, second.content_id);
    /* the same content under the same key would be the same bytes */
    assert_false(same_tail(f, tally->outputs[0], tally->outputs[1]));
    for (size_t i = 0; i < 2; i++) {
        struct rms_document *document = NULL;

        rms_must(rms_document_open_file(f->alice, tally->outputs[i], &document));
        assert_int_equal(rms_document_read(document, 0, contents[i], sizeof contents[i]), 4096);
        assert_true(rms_document_allows(document, "OWNER"));
        rms_document_free(&document);
    }
    assert_memory_equal(contents[0], contents[1], 4096);
    assert_int_equal(rms_policy_load(f->alice, ended, sizeof ended - 1, &policy), RMS_E_BAD_ARGUMENT);
    test_free(tally);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(there_and_back),
        TEST(one_failure_stops_no_other),
        TEST(the_same_file_many_times),
        TEST(stopped_and_cancelled),
        TEST(nothing_to_do),
        TEST(one_licence_file_many_keys),
    };

    return cmocka_run_group_tests_name("client batch", tests, NULL, NULL);
}
