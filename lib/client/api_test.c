/* The public interface as careless programs call it: NULL, handles of another sort, texts without end. And
 * the calls that need no service, with what they are made for. */
#include "base/test.h"

#include "client/api.h"
#include "client/builder.h"
#include "client/context.h"
#include "client/testing/issuer.h"
#include "crypto/random.h"
#include "format/pfile.h"
#include "xrml/testing/world.h"

#define LONG_LEN (2u * 1024 * 1024)

struct fixture {
    struct rms_issuer issuer;
    struct rms_context *alice, *bob;
    struct rms_policy_builder *policy;
    struct rms_document *document;
    char path[4096]; /* of the document */
    char *endless;
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
    f->endless = test_calloc(1, LONG_LEN + 1);
    memset(f->endless, 'a', LONG_LEN);
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
    test_free(f->endless);
    test_free(f);
    return 0;
}

/* --- every call that takes a context, with arguments that are fine as far as they can be --- */

struct places {
    const struct fixture *f;
    const char *text; /* for every text */
};

static int take(void *user_data, const void *data, size_t len)
{
    (void)user_data, (void)data, (void)len;
    return 0;
}

static int take_file(void *user_data, size_t index, int code, const struct rms_file_result *result)
{
    (void)index, (void)result;
    *(int *)user_data = code;
    return 0;
}

#define CALL(name, expression)                                                                               \
    static int call_##name(struct rms_context *context, const struct places *p)                              \
    {                                                                                                        \
        (void)p;                                                                                             \
        return expression;                                                                                   \
    }

static int made_policy(int code, struct rms_policy_builder *policy)
{
    rms_policy_free(&policy);
    return code;
}

static int call_from_template(struct rms_context *context, const struct places *p)
{
    struct rms_policy_builder *policy = NULL;
    int code = rms_policy_from_template(context, p->text, &policy);

    return made_policy(code, policy);
}

static int call_custom(struct rms_context *context, const struct places *p)
{
    struct rms_policy_builder *policy = NULL;
    int code = rms_policy_custom(context, &policy);

    (void)p;
    return made_policy(code, policy);
}

static int call_load(struct rms_context *context, const struct places *p)
{
    struct rms_policy_builder *policy = NULL;
    int code = rms_policy_load(context, p->text, p->text != NULL ? strlen(p->text) : 0, &policy);

    return made_policy(code, policy);
}

static int call_open_file(struct rms_context *context, const struct places *p)
{
    struct rms_document *document = NULL;
    int code = rms_document_open_file(context, p->text, &document);

    rms_document_free(&document);
    return code;
}

static int call_open(struct rms_context *context, const struct places *p)
{
    struct rms_document *document = NULL;

    (void)p;
    return rms_document_open(context, NULL, &document);
}

static int call_protector(struct rms_context *context, const struct places *p)
{
    const struct rms_sink sink = {NULL, take};
    struct rms_protector *protector = NULL;
    int code = rms_protector_new(context, p->f->policy, p->text, UINT64_MAX, &sink, &protector);

    rms_protector_free(&protector);
    return code;
}

static int call_protect_files(struct rms_context *context, const struct places *p)
{
    int code = 0;
    int status = rms_protect_files(context, &p->text, 1, p->f->policy, NULL, take_file, &code);

    return status != 0 ? status : code;
}

static int call_unprotect_files(struct rms_context *context, const struct places *p)
{
    int code = 0;
    int status = rms_unprotect_files(context, &p->text, 1, NULL, take_file, &code);

    return status != 0 ? status : code;
}

CALL(token_set, rms_token_set(context, p->text))
CALL(set_timeout, rms_context_set_timeout(context, 0))
CALL(set_mode, rms_context_set_mode(context, RMS_MODE_CLIENT))
CALL(login_password, rms_login_password(context, p->text, "secret"))
CALL(login_device, rms_login_device(context, p->text))
CALL(login_browser, rms_login_browser(context, p->text))
CALL(login_app, rms_login_app(context, p->text, "secret"))
CALL(logout, rms_logout(context, p->text))
CALL(whoami, rms_whoami(context, &(struct rms_account){0}))
CALL(access_token, rms_access_token(context, &(const char *){NULL}))
CALL(bootstrap, rms_bootstrap(context, true))
CALL(templates, rms_templates(context, false, p->text, &(const struct rms_template *){NULL}, &(size_t){0}))
CALL(protect_file, rms_protect_file(context, p->text, p->f->policy, NULL, NULL))
CALL(unprotect_file, rms_unprotect_file(context, p->text, NULL, NULL))
CALL(file_status, rms_file_status(context, p->text, &(struct rms_file_status){0}))
CALL(track_register, rms_track_register(context, p->text, NULL))
CALL(track_documents, rms_track_documents(context, p->text, take, NULL))
CALL(track_document, rms_track_document(context, p->text, take, NULL))
CALL(track_events, rms_track_events(context, p->text, take, NULL))
CALL(track_notify, rms_track_notify(context, p->text, 0, take, NULL))
CALL(revoke, rms_revoke(context, p->text, p->text, take, NULL))
CALL(revoke_undo, rms_revoke_undo(context, p->text, take, NULL))
CALL(doctor, rms_doctor(context, NULL, NULL))
CALL(cache_clean, rms_cache_clean(context, NULL, NULL))
CALL(reset, rms_reset(context))

static const struct {
    const char *name;
    int (*call)(struct rms_context *context, const struct places *p);
    bool text;     /* its text may not be endless */
    bool optional; /* its text may be NULL */
    bool loose;    /* does without a context */
} calls[] = {
    {"token_set", call_token_set, true, false, false},
    {"set_timeout", call_set_timeout, false, true, false},
    {"set_mode", call_set_mode, false, true, false},
    {"login_password", call_login_password, true, false, false},
    {"login_device", call_login_device, true, true, false},
    {"login_browser", call_login_browser, true, true, false},
    {"login_app", call_login_app, true, false, false},
    {"logout", call_logout, true, true, false},
    {"whoami", call_whoami, false, true, false},
    {"access_token", call_access_token, false, true, false},
    {"bootstrap", call_bootstrap, false, true, false},
    {"templates", call_templates, true, true, false},
    {"policy_from_template", call_from_template, true, false, false},
    {"policy_custom", call_custom, false, true, false},
    {"policy_load", call_load, true, false, false},
    {"protect_file", call_protect_file, true, false, false},
    {"unprotect_file", call_unprotect_file, true, false, false},
    {"protect_files", call_protect_files, true, false, false},
    {"unprotect_files", call_unprotect_files, true, false, false},
    {"file_status", call_file_status, true, false, true},
    {"track_register", call_track_register, true, false, false},
    {"track_documents", call_track_documents, true, true, false},
    {"track_document", call_track_document, true, false, false},
    {"track_events", call_track_events, true, false, false},
    {"track_notify", call_track_notify, true, false, false},
    {"revoke", call_revoke, true, false, false},
    {"revoke_undo", call_revoke_undo, true, false, false},
    {"document_open", call_open, false, false, false},
    {"document_open_file", call_open_file, true, false, false},
    {"protector_new", call_protector, true, true, false},
    {"doctor", call_doctor, false, true, false},
    {"cache_clean", call_cache_clean, false, true, false},
    {"reset", call_reset, false, true, false},
};

/* A name that is too long is told as such where files are meant. */
static bool is_bad(int code)
{
    return code == RMS_E_BAD_ARGUMENT || code == RMS_E_NAME_TOO_LONG || code == RMS_E_LIMIT;
}

/* touches: S-291 */
static void bad_arguments(void **state)
{
    struct fixture *f = *state;
    const struct places fine = {f, f->path};
    const struct places missing = {f, NULL};
    const struct places endless = {f, f->endless};

    for (size_t i = 0; i < RMS_COUNT(calls); i++) {
        int none = calls[i].call(NULL, &fine);
        int wrong = calls[i].call((struct rms_context *)(void *)f->policy, &fine);

        print_message("%s\n", calls[i].name);
        assert_true(calls[i].loose || none == RMS_E_BAD_ARGUMENT);
        assert_int_equal(wrong, RMS_E_BAD_ARGUMENT);
        if (!calls[i].optional) {
            assert_int_equal(calls[i].call(f->alice, &missing), RMS_E_BAD_ARGUMENT);
        }
        if (calls[i].text) {
            assert_true(is_bad(calls[i].call(f->alice, &endless)));
        }
    }
}

/* touches: S-291 */
static void nowhere_to_put_it(void **state)
{
    struct fixture *f = *state;
    const struct rms_template *list;
    size_t count;

    assert_int_equal(rms_context_new(NULL, NULL), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_whoami(f->alice, NULL), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_access_token(f->alice, NULL), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_templates(f->alice, false, NULL, NULL, &count), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_templates(f->alice, false, NULL, &list, NULL), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_policy_custom(f->alice, NULL), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_policy_from_template(f->alice, "x", NULL), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_policy_load(f->alice, "{}", 2, NULL), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_policy_save(f->policy, NULL, NULL), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_file_status(f->alice, f->path, NULL), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_document_open_file(f->alice, f->path, NULL), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_document_open(f->alice, NULL, NULL), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_document_size(f->document, NULL), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_protector_new(f->alice, f->policy, NULL, 0, NULL, NULL), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_track_documents(f->alice, NULL, NULL, NULL), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_track_document(f->alice, f->path, NULL, NULL), RMS_E_BAD_ARGUMENT);
    rms_failure_get(f->alice, 0, NULL);
    rms_context_free(NULL);
    rms_policy_free(NULL);
    rms_document_free(NULL);
    rms_protector_free(NULL);
    rms_context_cancel(NULL);
    rms_context_resume(NULL);
}

/* Every call on a policy, a document, a protector. touches: S-291 */
static void wrong_handles(void **state)
{
    struct fixture *f = *state;
    void *const wrong[] = {NULL, f->alice};
    char byte;
    uint64_t size;

    for (size_t i = 0; i < RMS_COUNT(wrong); i++) {
        struct rms_policy_builder *policy = wrong[i];
        struct rms_document *document = wrong[i];
        struct rms_protector *protector = wrong[i];

        assert_int_equal(rms_policy_grant(policy, RMS_TEST_BOB, "VIEW", false), RMS_E_BAD_ARGUMENT);
        assert_int_equal(rms_policy_set_name(policy, "n", "d", NULL), RMS_E_BAD_ARGUMENT);
        assert_int_equal(rms_policy_set_owner(policy, RMS_TEST_BOB), RMS_E_BAD_ARGUMENT);
        assert_int_equal(rms_policy_set_on_behalf(policy, RMS_TEST_BOB), RMS_E_BAD_ARGUMENT);
        assert_int_equal(rms_policy_set_referral(policy, RMS_TEST_BOB), RMS_E_BAD_ARGUMENT);
        assert_int_equal(rms_policy_set_expiry(policy, RMS_NEVER), RMS_E_BAD_ARGUMENT);
        assert_int_equal(rms_policy_set_expiry_days(policy, 1), RMS_E_BAD_ARGUMENT);
        assert_int_equal(rms_policy_set_offline_days(policy, 1), RMS_E_BAD_ARGUMENT);
        assert_int_equal(rms_policy_add_data(policy, false, "n", "v"), RMS_E_BAD_ARGUMENT);
        assert_int_equal(rms_policy_save(policy, take, NULL), RMS_E_BAD_ARGUMENT);
        assert_int_equal(rms_protect_file(f->alice, f->path, policy, NULL, NULL), RMS_E_BAD_ARGUMENT);
        rms_policy_free(&policy);
        assert_int_equal(rms_document_read(document, 0, &byte, 1), RMS_E_BAD_ARGUMENT);
        assert_int_equal(rms_document_size(document, &size), RMS_E_BAD_ARGUMENT);
        assert_int_equal(rms_document_save(document, f->path, f->path), RMS_E_BAD_ARGUMENT);
        assert_int_equal(rms_document_save_to(document, NULL, 0), RMS_E_BAD_ARGUMENT);
        assert_false(rms_document_allows(document, "VIEW"));
        assert_false(rms_document_permits(document, RMS_ACTION_LOAD));
        assert_null(rms_document_info(document));
        assert_null(rms_document_data(document, "n"));
        rms_document_free(&document);
        assert_int_equal(rms_protector_write(protector, "x", 1), RMS_E_BAD_ARGUMENT);
        assert_int_equal(rms_protector_finish(protector), RMS_E_BAD_ARGUMENT);
        rms_protector_free(&protector);
    }
    assert_string_equal(rms_last_detail((const struct rms_context *)(void *)f->policy), "");
    assert_string_equal(rms_last_referrer((const struct rms_context *)(void *)f->policy), "");
    assert_string_equal(rms_last_correlation_id((const struct rms_context *)(void *)f->policy), "");
}

/* touches: S-291 */
static void texts_without_end(void **state)
{
    struct fixture *f = *state;

    assert_true(is_bad(rms_policy_grant(f->policy, f->endless, "VIEW", false)));
    assert_true(is_bad(rms_policy_grant(f->policy, RMS_TEST_BOB, f->endless, true)));
    assert_true(is_bad(rms_policy_set_owner(f->policy, f->endless)));
    assert_true(is_bad(rms_policy_set_on_behalf(f->policy, f->endless)));
    assert_true(is_bad(rms_policy_set_referral(f->policy, f->endless)));
    assert_true(is_bad(rms_document_save(f->document, f->endless, f->path)));
    assert_int_equal(rms_document_save_to(f->document, NULL, -1), RMS_E_BAD_ARGUMENT);
    assert_false(rms_document_allows(f->document, NULL));
    assert_null(rms_document_data(f->document, f->endless));
}

/* Text is UTF-8, names of files alone are what the system has. */
static bool takes_path(size_t i)
{
    static const char *const names[] = {"protect_file", "unprotect_file", "protect_files", "unprotect_files",
        "file_status", "document_open_file"};

    for (size_t k = 0; k < RMS_COUNT(names); k++) {
        if (strcmp(calls[i].name, names[k]) == 0) {
            return true;
        }
    }
    return false;
}

static void check_blob(struct fixture *f, const uint8_t *blob, size_t len)
{
    const struct rms_pfile_request request = {".txt", rms_view_of(blob, len), {NULL, 0}, 16};
    struct rms_buf RMS_BUF_CLEANUP file = RMS_BUF_INIT(1u << 20);
    struct rms_document *document = NULL;
    struct rms_file_status status;
    const char *path = rms_test_path(&f->issuer, "blob.ptxt");

    rms_must(rms_pfile_emit(&request, &file));
    rms_buf_append_str(&file, "0123456789abcdef0123456789abcdef");
    rms_test_write(path, file.data, file.len);
    assert_int_equal(rms_document_open_file(f->alice, path, &document), RMS_E_BAD_LICENSE);
    assert_int_equal(rms_file_status(NULL, path, &status), RMS_E_BAD_LICENSE);
    assert_int_equal(status.protection, RMS_PROTECTED_NATIVE);
}

/* proves: C-097 */
static void text_that_is_none(void **state)
{
    static const char *const wrong[] = {"a\xc0\xaf", "\xed\xa0\x80", "\xe2\x82", "\xff", "a\nb", "a\x01"};
    static const char nul[] = "{\"OpenRMS\":\"permissions\",\"Name\":\"a\\u0000b\"}";
    struct fixture *f = *state;
    struct rms_policy_builder *policy = NULL;
    uint8_t blob[700];

    for (size_t i = 0; i < RMS_COUNT(wrong); i++) {
        const struct places bad = {f, wrong[i]};

        for (size_t k = 0; k < RMS_COUNT(calls); k++) {
            assert_true(!calls[k].text || takes_path(k) || is_bad(calls[k].call(f->alice, &bad)));
        }
        assert_int_equal(rms_policy_grant(f->policy, wrong[i], "VIEW", false), RMS_E_BAD_ARGUMENT);
        assert_int_equal(rms_policy_grant(f->policy, RMS_TEST_BOB, wrong[i], true), RMS_E_BAD_ARGUMENT);
        assert_int_equal(rms_policy_set_name(f->policy, wrong[i], NULL, NULL), RMS_E_BAD_ARGUMENT);
        assert_int_equal(rms_policy_set_name(f->policy, "n", wrong[i], NULL), RMS_E_BAD_ARGUMENT);
        assert_int_equal(rms_policy_set_owner(f->policy, wrong[i]), RMS_E_BAD_ARGUMENT);
        assert_int_equal(rms_policy_set_referral(f->policy, wrong[i]), RMS_E_BAD_ARGUMENT);
        assert_int_equal(rms_policy_add_data(f->policy, false, wrong[i], "v"), RMS_E_BAD_ARGUMENT);
        assert_int_equal(rms_policy_add_data(f->policy, true, "n", wrong[i]), RMS_E_BAD_ARGUMENT);
    }
    assert_int_equal(rms_policy_load(f->alice, nul, sizeof nul - 1, &policy), RMS_E_BAD_ARGUMENT);
    for (unsigned round = 0; round < 64; round++) {
        rms_random(blob, sizeof blob);
        check_blob(f, blob, 1 + round * (sizeof blob - 1) / 64);
    }
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
        {400, "{\"Reason\":\"not-registered\"}", RMS_E_NOT_REGISTERED, RMS_CATEGORY_NOT_REGISTERED,
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
    assert_int_equal(rms_document_open_file(f->alice, f->path, &document), RMS_E_DAMAGED);
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
        TEST(bad_arguments),
        TEST(nowhere_to_put_it),
        TEST(wrong_handles),
        TEST(texts_without_end),
        TEST(text_that_is_none),
        TEST(permissions_that_are_asked_for),
        TEST(modes),
        TEST(failures),
        TEST(saving_keeps_the_licence),
        TEST(a_saved_document_is_no_easier_to_cut),
    };

    return cmocka_run_group_tests_name("client interface", tests, NULL, NULL);
}
