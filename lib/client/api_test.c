/* Calls of the public interface that need no service, with what they are made for. What careless programs do
 * with all of them is surface_test.c. */
#include "base/test.h"

#include "client/api.h"
#include "client/builder.h"
#include "client/context.h"
#include "client/testing/issuer.h"
#include "crypto/random.h"
#include "format/pfile.h"
#include "xrml/testing/world.h"

struct fixture {
    struct rms_issuer issuer;
    struct rms_context *alice, *bob;
    struct rms_policy_builder *policy;
    struct rms_document *document;
    char path[4096]; /* of the document */
};

static int set_up(void **state)
{
    struct fixture *f = test_calloc(1, sizeof *f);
    struct rms_file_result result;

    rms_issuer_open(&f->issuer);
    f->alice = rms_issuer_context(&f->issuer, "alice");
    rms_issuer_enrol(&f->issuer, f->alice, RMS_TEST_ALICE, "user", 31);
    f->bob = rms_issuer_context(&f->issuer, "bob");
    rms_issuer_enrol_reader(&f->issuer, f->bob, RMS_TEST_BOB, "stranger");
    rms_must(rms_policy_custom(f->alice, &f->policy));
    rms_must(rms_policy_grant(f->policy, RMS_TEST_BOB, "VIEW,EDIT", false));
    rms_test_fill(rms_test_path(&f->issuer, "a.txt"), 5000);
    rms_must(rms_protect_file(f->alice, rms_test_path(&f->issuer, "a.txt"), f->policy, NULL, &result));
    memcpy(f->path, result.output, sizeof f->path);
    rms_must(rms_document_open_file(f->alice, f->path, &f->document));
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    rms_document_free(&f->document);
    rms_policy_free(&f->policy);
    rms_context_free(&f->alice);
    rms_context_free(&f->bob);
    rms_issuer_close(&f->issuer);
    test_free(f);
    return 0;
}

/* proves: S-297 */
static void permissions_that_are_asked_for(void **state)
{
    struct fixture *f = *state;
    const struct rms_erd_binding binding = {
        "11111111-2222-4333-8444-555555555555", RMS_TEST_ALICE, 1700000000};
    struct rms_buf RMS_BUF_CLEANUP rights_data = RMS_BUF_INIT(1u << 20);
    struct rms_policy_builder *policy = NULL;
    struct rms_file_result result;
    char clear[4096];

    (void)snprintf(clear, sizeof clear, "%s", rms_test_path(&f->issuer, "ask.txt"));
    rms_test_fill(clear, 10);
    assert_int_equal(rms_policy_ask(f->alice, &policy), 0);
    assert_int_equal(rms_protect_file(f->alice, clear, policy, NULL, &result), RMS_E_ADHOC_REQUIRED);
    assert_false(rms_test_exists(rms_test_path(&f->issuer, "ask-Copy.ptxt")));
    assert_int_equal(rms_policy_grant(policy, "fabrikam", "VIEW", false), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_policy_grant(policy, "domain:fabrikam", "VIEW", false), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_protect_file(f->alice, clear, policy, NULL, &result), RMS_E_ADHOC_REQUIRED);
    assert_int_equal(rms_policy_grant(policy, "fabrikam.test", "VIEW,PRINT", false), 0); /* by rights */
    assert_int_equal(rms_policy_grant(policy, RMS_TEST_BOB, "REVIEWER", false), 0);      /* by role */
    rms_must(rms_erd_build(&policy->policy, &binding, &rights_data));
    assert_non_null(strstr(rms_buf_text(&rights_data), RMS_ALL_STAFF "@fabrikam.test"));
    assert_int_equal(rms_protect_file(f->alice, clear, policy, NULL, &result), 0);
    rms_policy_free(&policy);
}

/* --- modes --- */

static int never(void *user_data, const struct rms_challenge *challenge, struct rms_context *context)
{
    (void)challenge, (void)context;
    *(int *)user_data += 1;
    return RMS_E_CANCELLED;
}

static int never_show(void *user_data, const char *uri)
{
    (void)uri;
    *(int *)user_data += 1;
    return 1;
}

/* A server is never asked anything, and a mode once used stays. proves: S-293 touches: S-292 */
static void modes(void **state)
{
    struct fixture *f = *state;
    int asked = 0;
    const struct rms_options options = {.size = sizeof options,
        .url = RMS_TEST_ROOT,
        .store_dir = rms_test_path(&f->issuer, "server-mode"),
        .callbacks = {.user_data = &asked, .token = never, .browser = never_show, .consent = never_show}};
    struct rms_context *context = NULL;
    struct rms_account account;
    const char *token;

    assert_int_equal(rms_context_new(&options, &context), 0);
    assert_int_equal(rms_context_set_mode(context, (enum rms_mode)7), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_context_set_mode(context, RMS_MODE_SERVER), 0);
    assert_int_equal(rms_access_token(context, &token), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(rms_bootstrap(context, true), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(rms_login_browser(context, NULL), RMS_E_UNSUPPORTED);
    assert_int_equal(rms_whoami(context, &account), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(asked, 0);
    assert_int_equal(rms_context_set_mode(context, RMS_MODE_CLIENT), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_context_set_mode(context, RMS_MODE_SERVER), RMS_E_BAD_ARGUMENT);
    rms_context_free(&context);

    assert_int_equal(rms_context_new(&options, &context), 0);
    assert_int_equal(rms_whoami(context, &account), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(rms_context_set_mode(context, RMS_MODE_SERVER), RMS_E_BAD_ARGUMENT);
    rms_context_free(&context);
    assert_int_equal(rms_context_set_timeout(f->alice, RMS_TIMEOUT_MAX_MS), 0);
    assert_int_equal(rms_context_set_timeout(f->alice, RMS_TIMEOUT_MAX_MS + 1), RMS_E_BAD_ARGUMENT);
}

/* --- failures --- */

/* What the service answers, and what the program is told. touches: S-148, S-294 */
static void failures(void **state)
{
    static const struct {
        long http;
        const char *body;
        int code;
        enum rms_category category;
        const char *reason;
    } rows[] = {
        {400, "{\"Reason\":\"no-rights\",\"Message\":\"m\"}", RMS_E_NO_RIGHTS, RMS_CATEGORY_NO_RIGHTS,
            "no-rights"},
        {400, "{\"Reason\":\"expired\"}", RMS_E_EXPIRED, RMS_CATEGORY_EXPIRED, "expired"},
        {400, "{\"Reason\":\"revoked\"}", RMS_E_REVOKED, RMS_CATEGORY_REVOKED, "revoked"},
        {403, "{\"Reason\":\"role-required\"}", RMS_E_ROLE_REQUIRED, RMS_CATEGORY_NOT_OWNER, "role-required"},
        {401, "{}", RMS_E_NOT_AUTHENTICATED, RMS_CATEGORY_IDENTITY, "not-authenticated"},
        {400, "{\"Code\":\"Microsoft.RightsManagement.Exceptions.TemplateArchivedException\"}",
            RMS_E_TEMPLATE_ARCHIVED, RMS_CATEGORY_TEMPLATE, "template-archived"},
        {404, "{\"Reason\":\"not-registered\"}", RMS_E_NOT_REGISTERED, RMS_CATEGORY_NOT_REGISTERED,
            "not-registered"},
        {429, "", RMS_E_THROTTLED, RMS_CATEGORY_THROTTLED, "throttled"},
        {503, "", RMS_E_UNREACHABLE, RMS_CATEGORY_NETWORK, "unreachable"},
        {400, "{\"Reason\":\"consent-refused\"}", RMS_E_CONSENT_REFUSED, RMS_CATEGORY_CONSENT,
            "consent-refused"},
        {400, "{\"Reason\":\"needs-online\"}", RMS_E_NEEDS_ONLINE, RMS_CATEGORY_NEEDS_ONLINE, "needs-online"},
        {400, "{\"Reason\":\"moon-phase\",\"Message\":\"not today\"}", RMS_E_OTHER, RMS_CATEGORY_OTHER,
            "moon-phase"},
        {403, "{\"Code\":\"Microsoft.RightsManagement.Exceptions.MoonException\"}", RMS_E_OTHER,
            RMS_CATEGORY_OTHER, "Microsoft.RightsManagement.Exceptions.MoonException"},
        {400, "{\"Reason\":\"moon\\u0007phase\"}", RMS_E_OTHER, RMS_CATEGORY_OTHER, "other"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        struct rms_failure failure;

        rms_must(rms_call_begin(f->alice));
        assert_int_equal(rms_api_error(f->alice, rows[i].http, rms_view_str(rows[i].body)), rows[i].code);
        rms_failure_get(f->alice, rows[i].code, &failure);
        assert_int_equal(failure.category, rows[i].category);
        assert_string_equal(failure.reason, rows[i].reason);
        assert_non_null(failure.service_text);
    }
    rms_must(rms_call_begin(f->alice));
    assert_int_equal(
        rms_api_error(f->alice, 400, rms_view_str("{\"Reason\":\"moon\",\"Message\":\"not today\"}")),
        RMS_E_OTHER);
    rms_failure_get(f->alice, RMS_E_OTHER, &(struct rms_failure){0});
    assert_non_null(strstr(rms_last_detail(f->alice), "moon"));
}

/* --- saving --- */

static void check_saved(struct fixture *f, size_t len)
{
    struct rms_file_result result;
    const struct rms_file_options options = {
        .size = sizeof options, .output = rms_test_path(&f->issuer, "back.txt")};
    struct rms_document *document = NULL;
    uint64_t size;

    assert_int_equal(rms_document_open_file(f->alice, f->path, &document), 0);
    assert_int_equal(rms_document_size(document, &size), 0);
    assert_int_equal(size, len);
    assert_string_equal(rms_document_info(document)->content_id, rms_document_info(f->document)->content_id);
    assert_string_equal(rms_document_info(document)->owner, RMS_TEST_ALICE);
    rms_document_free(&document);
    assert_int_equal(rms_unprotect_file(f->alice, f->path, &options, &result), 0);
    assert_true(rms_test_holds(result.output, len));
    assert_int_equal(remove(result.output), 0);
}

/* proves: S-299 touches: S-127 */
static void saving_keeps_the_licence(void **state)
{
    static const size_t lens[] = {0, 1, 4095, 4096, 70000, 300000};
    struct fixture *f = *state;
    struct rms_policy_builder *policy = NULL;
    struct rms_file_result other;
    struct rms_test_use use = {RMS_TEST_BOB, "stranger", RMS_RIGHT_VIEW, RMS_TIME_NONE, RMS_TIME_NONE};
    struct rms_document *reader = NULL;
    char edited[4096];
    struct rms_view before;

    (void)snprintf(edited, sizeof edited, "%s", rms_test_path(&f->issuer, "edited.txt"));
    for (size_t i = 0; i < RMS_COUNT(lens); i++) {
        rms_test_fill(edited, lens[i]);
        assert_int_equal(rms_document_save(f->document, edited, f->path), 0);
        check_saved(f, lens[i]);
    }
    /* another document of the same person */
    rms_must(rms_policy_custom(f->alice, &policy));
    rms_must(rms_protect_file(f->alice, edited, policy, NULL, &other));
    before = rms_test_read(&f->issuer, other.output);
    assert_int_equal(rms_document_save(f->document, edited, other.output), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_document_save(f->document, edited, edited), RMS_E_BAD_ARGUMENT);
    assert_true(rms_view_equal(before, rms_test_read(&f->issuer, other.output)));
    rms_policy_free(&policy);
    /* without EDIT */
    before = rms_test_read(&f->issuer, f->path);
    rms_issuer_license(&f->issuer, f->bob, f->path, &use);
    assert_int_equal(rms_document_open_file(f->bob, f->path, &reader), 0);
    assert_int_equal(rms_document_save(reader, edited, f->path), RMS_E_NO_RIGHTS);
    assert_true(rms_view_equal(before, rms_test_read(&f->issuer, f->path)));
    rms_document_free(&reader);
    use.rights = RMS_RIGHT_VIEW | RMS_RIGHT_EDIT;
    rms_issuer_license(&f->issuer, f->bob, f->path, &use);
    assert_int_equal(rms_document_open_file(f->bob, f->path, &reader), 0);
    assert_int_equal(rms_document_save(reader, edited, f->path), 0);
    rms_document_free(&reader);
    assert_int_equal(rms_document_save(f->document, edited, NULL), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_document_save(f->document, NULL, f->path), RMS_E_BAD_ARGUMENT);
}

/* Who has no key can neither cut a saved document nor take the note off or make one. */
static void a_saved_document_is_no_easier_to_cut(void **state)
{
    struct fixture *f = *state;
    struct rms_document *document = NULL;
    struct rms_view good;
    uint8_t *note;
    uint8_t *bad;

    rms_test_fill(rms_test_path(&f->issuer, "edited.txt"), 20000);
    rms_must(rms_document_save(f->document, rms_test_path(&f->issuer, "edited.txt"), f->path));
    good = rms_test_read(&f->issuer, f->path);
    bad = test_calloc(1, good.len);
    memcpy(bad, good.data, good.len);
    note = memmem(bad, good.len, "OpenRMS.Saved 1\n20000\n", 22);
    assert_non_null(note);
    rms_test_write(f->path, bad, good.len - 16);
    assert_int_equal(rms_document_open_file(f->alice, f->path, &document), RMS_E_BAD_SIGNATURE);
    note[16] = '1'; /* another size, the same tag */
    rms_test_write(f->path, bad, good.len);
    assert_int_equal(rms_document_open_file(f->alice, f->path, &document), RMS_E_BAD_SIGNATURE);
    note[16] = '2';
    note[0] = 'X'; /* no note of ours: then the signed size counts */
    rms_test_write(f->path, bad, good.len);
    assert_int_equal(rms_document_open_file(f->alice, f->path, &document), RMS_E_BAD_SIGNATURE);
    note[0] = 'O';
    rms_test_write(f->path, bad, good.len);
    assert_int_equal(rms_document_open_file(f->alice, f->path, &document), 0);
    rms_document_free(&document);
    test_free(bad);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(permissions_that_are_asked_for),
        TEST(modes),
        TEST(failures),
        TEST(saving_keeps_the_licence),
        TEST(a_saved_document_is_no_easier_to_cut),
    };

    return cmocka_run_group_tests_name("client interface", tests, NULL, NULL);
}
