/* Licences kept on the device, as time passes and people change. The clock is moved by RMS_CLOCK_FILE, which
 * only builds with RMS_TEST_CLOCK look at. */
#include "base/test.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/time.h"
#include "client/api.h"
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

/* --- licences that are not what they should be --- */

static struct rms_view licence_in(struct fixture *f, const char *path)
{
    struct rms_view file = rms_test_read(&f->issuer, path);
    struct rms_reader reader = rms_reader_of_view(&file);
    struct rms_pfile pfile;

    rms_must(rms_pfile_parse(&reader, &pfile));
    return rms_view_of(file.data + pfile.licence_offset, (size_t)pfile.licence_len);
}

/* Is the byte there between a begin and the next end? */
static bool within(const char *text, size_t at, const char *begin, const char *end)
{
    const char *open = NULL;

    for (const char *p = text; (p = strstr(p, begin)) != NULL && p <= text + at; p++) {
        open = p;
    }
    return open != NULL && strstr(open, end) > text + at;
}

/* Of what the signatures are over, or of the signatures themselves. The rest is mark-up around them. */
static bool counts(const char *text, size_t at)
{
    size_t tag = at;

    while (tag > 0 && text[tag] != '<' && text[tag] != '>') {
        tag--;
    }
    return within(text, at, "<BODY", "</BODY>") ||
           (text[tag] == '>' && at > tag && within(text, at, "<VALUE", "</VALUE>"));
}

/* Each time another bit of the licence that bob holds is another. */
static void flip_bits(struct fixture *f)
{
    struct rms_buf RMS_BUF_CLEANUP chain = RMS_BUF_INIT(1u << 20);
    struct rms_content_key key = {0};
    const struct rms_view pl = licence_in(f, f->file);
    enum rms_cached kind;
    size_t checked = 0;
    const char *text;

    license_bob(f, RMS_TIME_NONE, RMS_TIME_NONE);
    rms_must(rms_cache_get(f->bob, RMS_TEST_BOB, pl, &kind, &chain, &key));
    text = rms_buf_text(&chain);
    for (size_t at = 0; at < chain.len; at += 61) {
        bool signs = counts(text, at);
        uint8_t bit = (uint8_t)(1u << (at % 7));
        int code;

        chain.data[at] ^= bit;
        rms_must(rms_cache_put_licence(f->bob, RMS_TEST_BOB, pl, rms_buf_view(&chain), RMS_TIME_NONE));
        code = open_as(f->bob, f);
        assert_true(code == RMS_E_BAD_SIGNATURE || (!signs && code == 0));
        checked += signs;
        chain.data[at] ^= bit;
    }
    assert_true(checked > 50);
}

/* proves: S-131 (that it is sealed to the account certificate's key: service/rest_device_test) */
static void licences_of_others(void **state)
{
    struct fixture *f = *state;
    const struct rms_test_use alices = {
        RMS_TEST_ALICE, "user", RMS_RIGHT_OWNER, RMS_TIME_NONE, RMS_TIME_NONE};
    struct rms_test_use stolen = alices;

    /* a licence for alice's key in bob's store, under his name */
    stolen.address = RMS_TEST_BOB;
    rms_issuer_license(&f->issuer, f->bob, f->file, &stolen);
    assert_int_equal(open_as(f->bob, f), RMS_E_BAD_LICENSE);
    assert_int_equal(open_as(f->bob, f), RMS_E_NEEDS_ONLINE); /* it is gone */
    license_bob(f, RMS_TIME_NONE, RMS_TIME_NONE);
    assert_int_equal(open_as(f->bob, f), 0);
    flip_bits(f);
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
        pls[i] = licence_in(f, paths[i]);
    }
    rms_must(rms_cache_get(f->bob, RMS_TEST_BOB, pls[0], &kind, &chain, &key));
    assert_int_equal(kind, RMS_CACHED_LICENCE);
    rms_must(rms_cache_put_licence(f->bob, RMS_TEST_BOB, pls[1], rms_buf_view(&chain), RMS_TIME_NONE));
    assert_int_equal(open_as(f->bob, f), 0);
    memcpy(f->file, other.output, sizeof f->file);
    assert_int_equal(open_as(f->bob, f), RMS_E_BAD_LICENSE);
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
    assert_int_equal(open_as(f->bob, f), RMS_E_NEEDS_ONLINE);
    assert_non_null(strstr(rms_last_detail(f->bob), "rms login"));
    assert_int_equal(open_as(f->alice, f), 0);
    assert_int_equal(rms_logout(f->bob, NULL), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(rms_logout(f->bob, "no address"), RMS_E_BAD_ARGUMENT);
}

static struct rms_context *context_of(struct fixture *f, const char *store, const char *user)
{
    const struct rms_options options = {
        .size = sizeof options, .offline = true, .user = user, .store_dir = rms_test_path(&f->issuer, store)};
    struct rms_context *context = NULL;

    rms_must(rms_context_new(&options, &context));
    return context;
}

static size_t licences_in(struct rms_context *context)
{
    size_t kept;

    rms_must(rms_vault_purge(context->vault, RMS_TIME_NONE, false, NULL, &kept));
    return kept;
}

/* Licences of a thousand documents, which end tomorrow. */
static void fill_store(struct rms_context *context)
{
    char name[32];

    rms_must(rms_vault_begin(context->vault));
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(name, sizeof name, "licence %d", i);
        rms_must(rms_cache_put_licence(
            context, RMS_TEST_BOB, rms_view_str(name), rms_view_str(name), rms_clock_now() + RMS_DAY_S));
    }
    rms_must(rms_vault_end(context->vault, true));
}

/* One store, two people. proves: S-144 */
static void one_of_two_signs_out(void **state)
{
    struct fixture *f = *state;
    const struct rms_test_use bobs = {RMS_TEST_BOB, "stranger", RMS_RIGHT_VIEW, RMS_TIME_NONE, RMS_TIME_NONE};
    struct rms_context *alice = context_of(f, "shared", RMS_TEST_ALICE);
    struct rms_context *bob = context_of(f, "shared", RMS_TEST_BOB);
    struct rms_account account;

    rms_issuer_enrol(&f->issuer, alice, RMS_TEST_ALICE, "user", 31);
    rms_issuer_enrol_reader(&f->issuer, bob, RMS_TEST_BOB, "stranger");
    rms_issuer_license(&f->issuer, bob, f->file, &bobs);
    assert_int_equal(open_as(alice, f), 0);
    assert_int_equal(open_as(bob, f), 0);
    assert_int_equal(rms_logout(alice, RMS_TEST_ALICE), 0);
    rms_context_free(&alice);
    rms_context_free(&bob);
    alice = context_of(f, "shared", RMS_TEST_ALICE);
    bob = context_of(f, "shared", RMS_TEST_BOB);
    assert_int_equal(open_as(alice, f), RMS_E_NEEDS_ONLINE);
    assert_int_equal(rms_whoami(alice, &account), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(open_as(bob, f), 0);
    assert_int_equal(rms_whoami(bob, &account), 0);
    assert_true(account.certificate_until > rms_clock_now());
    assert_int_equal(licences_in(bob), 1);

    clock_can_be_moved();
    fill_store(bob);
    assert_int_equal(licences_in(bob), 1001);
    move_clock(f, 2 * RMS_DAY_S);
    rms_context_free(&bob);
    bob = context_of(f, "shared", RMS_TEST_BOB);
    assert_int_equal(licences_in(bob), 1);
    assert_int_equal(open_as(bob, f), 0);
    rms_context_free(&alice);
    rms_context_free(&bob);
}

/* What keeps templates is sealed; it is changed here as if it were not. touches: S-114 */
static void a_changed_template(void **state)
{
    static const char text[] = "6f1d7b3e-0c0f-4d6e-9b0e-0d2f6c2f9a11";
    struct fixture *f = *state;
    const struct rms_vault_place place = {RMS_VAULT_TEMPLATES, RMS_TEST_ALICE, RMS_VIEW_LITERAL("signed")};
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(1u << 20);
    struct rms_buf RMS_BUF_CLEANUP changed = RMS_BUF_INIT(1u << 20);
    struct rms_buf RMS_BUF_CLEANUP xml = RMS_BUF_INIT(1u << 20);
    struct rms_policy_builder *policy = NULL;
    json_t *cache = NULL;
    json_t *row;
    uint8_t *at;

    rms_must(rms_vault_get(f->alice->vault, &place, &bytes));
    rms_must(rms_json_parse(rms_buf_view(&bytes), &cache));
    row = json_array_get(json_object_get(cache, "List"), 0);
    rms_must(rms_api_bytes(row, "Template", &xml));
    at = memmem(xml.data, xml.len, RMS_TEST_BOB, strlen(RMS_TEST_BOB));
    assert_non_null(at);
    memcpy(at, "eve", 3);
    json_object_set_new(row, "Template", rms_api_base64(rms_buf_view(&xml)));
    rms_must(rms_json_emit(cache, &changed));
    rms_json_free(&cache);
    rms_must(rms_vault_put(f->alice->vault, &place, RMS_TIME_NONE, rms_buf_view(&changed)));
    assert_int_equal(rms_policy_from_template(f->alice, text, &policy), RMS_E_BAD_SIGNATURE);
    assert_int_equal(rms_policy_from_template(f->alice, "Confidential", &policy), RMS_E_BAD_SIGNATURE);
    assert_int_equal(rms_policy_from_template(f->alice, "Other", &policy), RMS_E_TEMPLATE_NOT_FOUND);
}

static void readers_cannot_protect(void **state)
{
    struct fixture *f = *state;
    struct rms_file_result result;

    assert_int_equal(rms_protect_file(f->bob, rms_test_path(&f->issuer, "a.txt"), f->policy, NULL, &result),
        RMS_E_NEEDS_ONLINE);
    assert_true(rms_test_holds(rms_test_path(&f->issuer, "a.txt"), SIZE));
}

/* --- one context, many threads (also under TSan: S-291) --- */

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
        TEST(one_of_two_signs_out),
        TEST(a_changed_template),
        TEST(readers_cannot_protect),
        TEST(many_threads),
    };

    return cmocka_run_group_tests_name("client access", tests, NULL, NULL);
}
