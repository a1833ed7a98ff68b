/* Licences kept on the device, as time passes and people change. The clock is moved by RMS_CLOCK_FILE, which
 * only builds with RMS_TEST_CLOCK look at. */
#include "base/test.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/time.h"
#include "client/cache.h"
#include "client/context.h"
#include "client/testing/issuer.h"
#include "format/pfile.h"
#include "xrml/testing/world.h"

#define SIZE 3000

struct fixture {
    struct rms_issuer issuer;
    struct rms_context *alice, *bob;
    struct rms_policy_builder *policy;
    char clock[512];
    char file[4096]; /* protected by alice, bob may view and copy */
    int64_t offset;
};

static void move_clock(struct fixture *f, int64_t seconds)
{
    const struct timespec moment = {0, 60 * 1000000L}; /* the file is looked at every 50 ms */
    char text[32];

    f->offset += seconds;
    (void)snprintf(text, sizeof text, "%lld\n", (long long)f->offset);
    rms_test_write(f->clock, text, strlen(text));
    (void)nanosleep(&moment, NULL);
}

static int set_up(void **state)
{
    struct fixture *f = test_calloc(1, sizeof *f);
    struct rms_file_result result;

    rms_issuer_open(&f->issuer);
    (void)snprintf(f->clock, sizeof f->clock, "%s", rms_test_path(&f->issuer, "clock"));
    rms_test_write(f->clock, "0\n", 2);
    (void)setenv("RMS_CLOCK_FILE", f->clock, 1);
    move_clock(f, 0);
    f->alice = rms_issuer_context(&f->issuer, "alice");
    rms_issuer_enrol(&f->issuer, f->alice, RMS_TEST_ALICE, "user", 31);
    f->bob = rms_issuer_context(&f->issuer, "bob");
    rms_issuer_enrol_reader(&f->issuer, f->bob, RMS_TEST_BOB, "stranger");
    rms_must(rms_policy_custom(f->alice, &f->policy));
    rms_must(rms_policy_grant(f->policy, RMS_TEST_BOB, "VIEW,EXTRACT", false));
    rms_test_fill(rms_test_path(&f->issuer, "a.txt"), SIZE);
    rms_must(rms_protect_file(f->alice, rms_test_path(&f->issuer, "a.txt"), f->policy, NULL, &result));
    memcpy(f->file, result.output, sizeof f->file);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    rms_policy_free(&f->policy);
    rms_context_free(&f->alice);
    rms_context_free(&f->bob);
    (void)unsetenv("RMS_CLOCK_FILE");
    rms_issuer_close(&f->issuer);
    test_free(f);
    return 0;
}

static int open_as(struct rms_context *context, const struct fixture *f)
{
    struct rms_document *document = NULL;
    int code = rms_document_open_file(context, f->file, &document);

    rms_document_free(&document);
    return code;
}

static void license_bob(struct fixture *f, int64_t licence_until, int64_t content_until)
{
    const struct rms_test_use use = {
        RMS_TEST_BOB, "stranger", RMS_RIGHT_VIEW | RMS_RIGHT_EXTRACT, licence_until, content_until};

    rms_issuer_license(&f->issuer, f->bob, f->file, &use);
}

static void clock_can_be_moved(void)
{
#ifndef RMS_TEST_CLOCK
    skip();
#endif
}

/* touches: C-027, S-134 */
static void until_the_licence_ends(void **state)
{
    struct fixture *f = *state;

    clock_can_be_moved();
    license_bob(f, rms_clock_now() + 30 * RMS_DAY_S, RMS_TIME_NONE);
    assert_int_equal(open_as(f->bob, f), 0);
    move_clock(f, 29 * RMS_DAY_S);
    assert_int_equal(open_as(f->bob, f), 0);
    move_clock(f, RMS_DAY_S);
    assert_int_equal(open_as(f->bob, f), RMS_E_NEEDS_ONLINE);
    assert_string_not_equal(rms_last_detail(f->bob), "");
    /* and it is gone: turning the clock a little back does not bring it back */
    move_clock(f, -600);
    assert_int_equal(open_as(f->bob, f), RMS_E_NEEDS_ONLINE);
    move_clock(f, 300 * RMS_DAY_S);
    assert_int_equal(open_as(f->alice, f), 0); /* the author always opens */
}

static void until_the_content_ends(void **state)
{
    struct fixture *f = *state;

    clock_can_be_moved();
    license_bob(f, rms_clock_now() + 30 * RMS_DAY_S, rms_clock_now() + 2 * RMS_DAY_S);
    assert_int_equal(open_as(f->bob, f), 0);
    move_clock(f, 3 * RMS_DAY_S);
    assert_int_equal(open_as(f->bob, f), RMS_E_NEEDS_ONLINE);
    assert_int_equal(open_as(f->alice, f), 0);
}

/* touches: S-136 */
static void clock_set_back(void **state)
{
    struct fixture *f = *state;

    clock_can_be_moved();
    license_bob(f, rms_clock_now() + 30 * RMS_DAY_S, RMS_TIME_NONE);
    move_clock(f, 5 * RMS_DAY_S);
    assert_int_equal(open_as(f->bob, f), 0);
    assert_int_equal(open_as(f->alice, f), 0);
    move_clock(f, -600);
    assert_int_equal(open_as(f->bob, f), 0); /* within the tolerance */
    move_clock(f, -4 * RMS_DAY_S);
    assert_int_equal(open_as(f->bob, f), RMS_E_NEEDS_ONLINE);
    assert_int_equal(open_as(f->alice, f), RMS_E_NEEDS_ONLINE);
    move_clock(f, 4 * RMS_DAY_S);
    assert_int_equal(open_as(f->bob, f), 0);
}

/* touches: C-031 */
static void templates_grow_old(void **state)
{
    struct fixture *f = *state;
    struct rms_policy_builder *policy = NULL;

    clock_can_be_moved();
    move_clock(f, 23 * 3600);
    assert_int_equal(rms_policy_from_template(f->alice, RMS_TEST_TEMPLATE, &policy), 0);
    rms_policy_free(&policy);
    move_clock(f, 2 * 3600);
    assert_int_equal(rms_policy_from_template(f->alice, RMS_TEST_TEMPLATE, &policy), RMS_E_NEEDS_ONLINE);
    assert_non_null(strstr(rms_last_detail(f->alice), "templates too old"));
}

/* touches: S-124 */
static void certificates_end(void **state)
{
    struct fixture *f = *state;
    struct rms_file_result result;

    clock_can_be_moved();
    license_bob(f, rms_clock_now() + 60 * RMS_DAY_S, RMS_TIME_NONE);
    move_clock(f, 32 * RMS_DAY_S);
    assert_int_equal(rms_protect_file(f->alice, rms_test_path(&f->issuer, "a.txt"), f->policy, NULL, &result),
        RMS_E_NEEDS_ONLINE);
    assert_int_equal(open_as(f->alice, f), 0);
    assert_int_equal(open_as(f->bob, f), 0); /* a cached licence obeys its own validity */
}

/* touches: S-131 */
static void licences_of_others(void **state)
{
    struct fixture *f = *state;
    const struct rms_test_use alices = {
        RMS_TEST_ALICE, "user", RMS_RIGHT_OWNER, RMS_TIME_NONE, RMS_TIME_NONE};
    struct rms_test_use stolen = alices;

    /* a licence for alice's key in bob's store, under his name */
    stolen.address = RMS_TEST_BOB;
    rms_issuer_license(&f->issuer, f->bob, f->file, &stolen);
    assert_int_equal(open_as(f->bob, f), RMS_E_NEEDS_ONLINE);
    license_bob(f, RMS_TIME_NONE, RMS_TIME_NONE);
    assert_int_equal(open_as(f->bob, f), 0);
}

/* A licence of one document does not open another. */
static void licence_of_another_document(void **state)
{
    struct fixture *f = *state;
    struct rms_buf RMS_BUF_CLEANUP chain = RMS_BUF_INIT(1u << 20);
    struct rms_content_key key = {0};
    struct rms_file_result other;
    enum rms_cached kind;
    struct rms_view pls[2];
    const char *paths[2] = {f->file, other.output};

    rms_must(rms_protect_file(f->alice, rms_test_path(&f->issuer, "a.txt"), f->policy, NULL, &other));
    license_bob(f, RMS_TIME_NONE, RMS_TIME_NONE);
    for (size_t i = 0; i < 2; i++) {
        struct rms_view file = rms_test_read(&f->issuer, paths[i]);
        struct rms_reader reader = rms_reader_of_view(&file);
        struct rms_pfile pfile;

        rms_must(rms_pfile_parse(&reader, &pfile));
        pls[i] = rms_view_of(file.data + pfile.licence_offset, (size_t)pfile.licence_len);
    }
    rms_must(rms_cache_get(f->bob, RMS_TEST_BOB, pls[0], &kind, &chain, &key));
    assert_int_equal(kind, RMS_CACHED_LICENCE);
    rms_must(rms_cache_put_licence(f->bob, RMS_TEST_BOB, pls[1], rms_buf_view(&chain), RMS_TIME_NONE));
    assert_int_equal(open_as(f->bob, f), 0);
    memcpy(f->file, other.output, sizeof f->file);
    assert_int_equal(open_as(f->bob, f), RMS_E_NEEDS_ONLINE);
}

/* touches: C-006, S-144 */
static void who_is_signed_in(void **state)
{
    struct fixture *f = *state;
    struct rms_account account;

    license_bob(f, RMS_TIME_NONE, RMS_TIME_NONE);
    assert_int_equal(rms_whoami(f->bob, &account), 0);
    assert_string_equal(account.address, RMS_TEST_BOB);
    assert_string_equal(account.service_url, RMS_TEST_ROOT);
    assert_string_equal(account.tenant_name, "Contoso");
    assert_false(account.can_publish_offline);
    assert_true(account.certificate_until > rms_clock_now());
    assert_int_equal(rms_whoami(f->alice, &account), 0);
    assert_true(account.can_publish_offline);
    assert_int_equal(rms_logout(f->bob, NULL), 0);
    assert_int_equal(rms_whoami(f->bob, &account), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(open_as(f->bob, f), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(open_as(f->alice, f), 0);
    assert_int_equal(rms_logout(f->bob, NULL), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(rms_logout(f->bob, "no address"), RMS_E_BAD_ARGUMENT);
}

static void readers_cannot_protect(void **state)
{
    struct fixture *f = *state;
    struct rms_file_result result;

    assert_int_equal(rms_protect_file(f->bob, rms_test_path(&f->issuer, "a.txt"), f->policy, NULL, &result),
        RMS_E_NEEDS_ONLINE);
    assert_true(rms_test_holds(rms_test_path(&f->issuer, "a.txt"), SIZE));
}

/* --- one context, many threads --- */

struct crowd {
    struct fixture *fixture;
    _Atomic int failures;
    _Atomic int next;
};

static void *work(void *argument)
{
    struct crowd *crowd = argument;
    int number = crowd->next++;
    char name[64];
    char path[600];

    (void)snprintf(name, sizeof name, "t%d.txt", number);
    (void)snprintf(path, sizeof path, "%s/%s", crowd->fixture->issuer.folder, name);
    rms_test_fill(path, 1000);
    for (int i = 0; i < 5; i++) {
        struct rms_file_result result;
        struct rms_account account;

        crowd->failures +=
            rms_protect_file(crowd->fixture->alice, path, crowd->fixture->policy, NULL, &result) != 0;
        crowd->failures += open_as(crowd->fixture->alice, crowd->fixture) != 0;
        crowd->failures += rms_unprotect_file(crowd->fixture->alice, result.output, NULL, &result) != 0;
        crowd->failures += rms_whoami(crowd->fixture->alice, &account) != 0;
        crowd->failures +=
            rms_unprotect_file(crowd->fixture->alice, path, NULL, &result) != RMS_E_NOT_PROTECTED;
        crowd->failures += rms_last_detail(crowd->fixture->alice)[0] == '\0';
    }
    return NULL;
}

static void many_threads(void **state)
{
    struct crowd crowd = {.fixture = *state};
    pthread_t threads[6];

    for (size_t i = 0; i < RMS_COUNT(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, work, &crowd), 0);
    }
    for (size_t i = 0; i < RMS_COUNT(threads); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(crowd.failures, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(until_the_licence_ends),
        TEST(until_the_content_ends),
        TEST(clock_set_back),
        TEST(templates_grow_old),
        TEST(certificates_end),
        TEST(licences_of_others),
        TEST(licence_of_another_document),
        TEST(who_is_signed_in),
        TEST(readers_cannot_protect),
        TEST(many_threads),
    };

    return cmocka_run_group_tests_name("client access", tests, NULL, NULL);
}
