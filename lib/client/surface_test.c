/* The public interface as careless programs call it: the symbols that the library exports but those of mail,
 * each with what is fine, with NULL, with a handle of another sort, with texts without end and texts that are
 * none. The table is held against librms.map. That the header alone is C11 and C++11:
 * examples/CMakeLists.txt. */
#include "base/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "client/context.h"
#include "client/testing/issuer.h"
#include "crypto/random.h"
#include "format/pfile.h"
#include "xrml/testing/world.h"

#define LONG_LEN  (2u * 1024 * 1024)
#define TEXTS_MAX 3
#define DATA      "note"
#define GUID      "6f1d7b3e-0c0f-4d6e-9b0e-0d2f6c2f9a11"

struct fixture {
    struct rms_issuer issuer;
    struct rms_context *alice;
    struct rms_policy_builder *policy;
    struct rms_document *document;
    struct rms_protector *protector;
    char path[4096]; /* of the document */
    char clear[4096];
    char office[4096];
    char saved[4096]; /* a policy as text */
    char *endless;
    unsigned wrong; /* outcomes other than expected: all are told before the test fails */
};

static int take(void *user_data, const void *data, size_t len)
{
    (void)user_data, (void)data, (void)len;
    return 0;
}

static int take_saved(void *user_data, const void *data, size_t len)
{
    struct fixture *f = user_data;
    size_t used = strlen(f->saved);

    assert_true(used + len < sizeof f->saved);
    memcpy(f->saved + used, data, len);
    return 0;
}

static int take_file(void *user_data, size_t index, int code, const struct rms_file_result *result)
{
    (void)index, (void)result;
    *(int *)user_data = code;
    return 0;
}

static void see_label(void *user_data, const struct rms_label *label, bool in_force)
{
    (void)user_data, (void)label, (void)in_force;
}

static void see_check(void *user_data, const struct rms_check *check)
{
    (void)user_data, (void)check;
}

static const struct rms_sink sink = {NULL, take};

/* A document that labels can be set in. */
static void make_office(struct fixture *f)
{
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(1u << 20);
    char path[4096];

    (void)snprintf(path, sizeof path, "%s/test/vectors/files/budget.docx", getenv("RMS_SOURCE_DIR"));
    rms_must(rms_file_read(path, &bytes));
    (void)snprintf(f->office, sizeof f->office, "%s", rms_test_path(&f->issuer, "budget.docx"));
    rms_test_write(f->office, bytes.data, bytes.len);
}

static int set_up(void **state)
{
    struct fixture *f = test_calloc(1, sizeof *f);
    struct rms_file_result result;

    rms_issuer_open(&f->issuer);
    f->alice = rms_issuer_context(&f->issuer, "alice");
    rms_issuer_enrol(&f->issuer, f->alice, RMS_TEST_ALICE, "user", 31);
    rms_must(rms_policy_custom(f->alice, &f->policy));
    rms_must(rms_policy_grant(f->policy, RMS_TEST_BOB, "VIEW,EDIT", false));
    (void)snprintf(f->clear, sizeof f->clear, "%s", rms_test_path(&f->issuer, "a.txt"));
    rms_test_fill(f->clear, 5000);
    rms_must(rms_policy_add_data(f->policy, true, DATA, "value"));
    rms_must(rms_protect_file(f->alice, f->clear, f->policy, NULL, &result));
    memcpy(f->path, result.output, sizeof f->path);
    rms_must(rms_policy_save(f->policy, take_saved, f));
    rms_must(rms_document_open_file(f->alice, f->path, &f->document));
    rms_must(rms_protector_new(f->alice, f->policy, ".txt", UINT64_MAX, &sink, &f->protector));
    make_office(f);
    f->endless = test_calloc(1, LONG_LEN + 1);
    memset(f->endless, 'a', LONG_LEN);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    rms_protector_free(&f->protector);
    rms_document_free(&f->document);
    rms_policy_free(&f->policy);
    rms_context_free(&f->alice);
    rms_issuer_close(&f->issuer);
    test_free(f->endless);
    test_free(f);
    return 0;
}

/* --- a call of each --- */

struct given {
    struct fixture *f;
    struct rms_context *context;
    struct rms_policy_builder *policy;
    struct rms_document *document;
    struct rms_protector *protector;
    const char *text[TEXTS_MAX];
    bool nowhere; /* to put what comes out */
};

#define OUT(type) (g->nowhere ? NULL : &(type){0})

#define CALL(name, expression)                                                                               \
    static int call_##name(struct given *g)                                                                  \
    {                                                                                                        \
        (void)g;                                                                                             \
        return expression;                                                                                   \
    }
/* What returns nothing to judge by: that it comes back is the test. */
#define CALL_VOID(name, statement)                                                                           \
    static int call_##name(struct given *g)                                                                  \
    {                                                                                                        \
        (void)g;                                                                                             \
        statement;                                                                                           \
        return 0;                                                                                            \
    }
/* "No" and NULL are how these refuse. */
#define CALL_YES(name, expression) CALL(name, (expression) ? 0 : RMS_E_BAD_ARGUMENT)
/* One that makes a handle of the type. */
#define CALL_MAKES(name, type, free_it, call)                                                                \
    static int call_##name(struct given *g)                                                                  \
    {                                                                                                        \
        struct type *made = NULL;                                                                            \
        struct type **out = g->nowhere ? NULL : &made;                                                       \
        int code = call;                                                                                     \
                                                                                                             \
        assert_true(code == 0 ? made != NULL : made == NULL);                                                \
        free_it(&made);                                                                                      \
        return code;                                                                                         \
    }
#define WRITE (g->nowhere ? NULL : take), NULL

static int call_context_new(struct given *g)
{
    const struct rms_options options = {.size = sizeof options,
        .offline = true,
        .store_dir = rms_test_path(&g->f->issuer, "other"),
        .url = g->text[0],
        .user = g->text[1],
        .on_behalf = g->text[2]};
    struct rms_context *made = NULL;
    int code = rms_context_new(&options, g->nowhere ? NULL : &made);

    rms_context_free(&made);
    return code;
}

static int call_context_free(struct given *g)
{
    struct rms_context *context = g->context;

    rms_context_free(&context);
    rms_context_free(NULL);
    return context == NULL ? 0 : RMS_E_BAD_ARGUMENT;
}

static int call_context_set_mode(struct given *g)
{
    struct rms_context *fresh = NULL;
    int code;

    if (g->context != g->f->alice) {
        return rms_context_set_mode(g->context, RMS_MODE_CLIENT);
    }
    fresh = rms_issuer_context(&g->f->issuer, "mode");
    code = rms_context_set_mode(fresh, RMS_MODE_SERVER);
    rms_context_free(&fresh);
    return code;
}

static int call_policy_free(struct given *g)
{
    struct rms_policy_builder *policy = g->policy;

    if (policy == g->f->policy) {
        policy = NULL;
        rms_must(rms_policy_custom(g->context, &policy));
    }
    rms_policy_free(&policy);
    rms_policy_free(NULL);
    return policy == NULL ? 0 : RMS_E_BAD_ARGUMENT;
}

static int call_document_free(struct given *g)
{
    struct rms_document *document = g->document;

    if (document == g->f->document) {
        document = NULL;
        rms_must(rms_document_open_file(g->context, g->f->path, &document));
    }
    rms_document_free(&document);
    rms_document_free(NULL);
    return document == NULL ? 0 : RMS_E_BAD_ARGUMENT;
}

static int call_protector_free(struct given *g)
{
    struct rms_protector *protector = g->protector;

    if (protector == g->f->protector) {
        protector = NULL;
        rms_must(rms_protector_new(g->context, g->policy, NULL, UINT64_MAX, &sink, &protector));
    }
    rms_protector_free(&protector);
    rms_protector_free(NULL);
    return protector == NULL ? 0 : RMS_E_BAD_ARGUMENT;
}

static int64_t read_file(void *user_data, uint64_t offset, void *buffer, size_t len)
{
    return rms_fd_pread_full(*(const int *)user_data, buffer, len, offset);
}

static int call_document_open(struct given *g)
{
    int fd = open(g->f->path, O_RDONLY | O_CLOEXEC);
    const struct rms_source source = {&fd, (uint64_t)lseek(fd, 0, SEEK_END), read_file};
    struct rms_document *made = NULL;
    struct rms_document *none = NULL;
    int code = rms_document_open(g->context, &source, g->nowhere ? NULL : &made);

    assert_int_equal(rms_document_open(g->context, NULL, &none), RMS_E_BAD_ARGUMENT);
    rms_document_free(&made);
    assert_int_equal(close(fd), 0);
    return code;
}

/* The output has no name, and is gone when it is closed. */
static int call_document_save_to(struct given *g)
{
    int in = open(g->f->clear, O_RDONLY | O_CLOEXEC);
    int fd = open(g->f->issuer.folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    const struct rms_source source = {&in, (uint64_t)lseek(in, 0, SEEK_END), read_file};
    int code = rms_document_save_to(g->document, &source, g->nowhere ? -1 : fd);

    assert_int_equal(rms_document_save_to(g->document, NULL, fd), RMS_E_BAD_ARGUMENT);
    assert_int_equal(close(in), 0);
    assert_int_equal(close(fd), 0);
    return code;
}

static int call_protect_files(struct given *g)
{
    int one = 0;
    int code =
        rms_protect_files(g->context, &g->text[0], 1, g->policy, NULL, g->nowhere ? NULL : take_file, &one);

    return code != 0 ? code : one;
}

static int call_unprotect_files(struct given *g)
{
    int one = 0;
    int code = rms_unprotect_files(g->context, &g->text[0], 1, NULL, g->nowhere ? NULL : take_file, &one);

    return code != 0 ? code : one;
}

static int call_file_label_set(struct given *g)
{
    struct rms_label label = {.id = GUID, .tenant = GUID, .name = "Internal", .enabled = true};
    struct rms_label open_end;

    memset(&open_end, 'a', sizeof open_end);
    memcpy(open_end.id, label.id, sizeof label.id);
    memcpy(open_end.tenant, label.tenant, sizeof label.tenant);
    assert_int_equal(rms_file_label_set(g->text[0], &open_end, NULL), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_file_label_set(g->text[0], NULL, NULL), RMS_E_BAD_ARGUMENT);
    return rms_file_label_set(g->text[0], &label, g->text[1]);
}

static int call_failure_get(struct given *g)
{
    struct rms_failure failure = {.code = 1};

    rms_failure_get(g->context, RMS_E_EXPIRED, g->nowhere ? NULL : &failure);
    return failure.code == RMS_E_EXPIRED ? 0 : RMS_E_BAD_ARGUMENT;
}

static int call_document_read(struct given *g)
{
    char byte;
    int64_t got = rms_document_read(g->document, 0, g->nowhere ? NULL : &byte, 1);

    return got == 1 ? 0 : (int)got;
}

static int call_templates(struct given *g)
{
    const struct rms_template *list;
    size_t count;

    assert_int_equal(rms_templates(g->context, false, NULL, NULL, &count), RMS_E_BAD_ARGUMENT);
    return rms_templates(g->context, false, g->text[0], &list, g->nowhere ? NULL : &count);
}

static int call_protector_new(struct given *g)
{
    static const struct rms_sink none = {NULL, NULL};
    struct rms_protector *made = NULL;
    int code =
        rms_protector_new(g->context, g->policy, g->text[0], UINT64_MAX, &sink, g->nowhere ? NULL : &made);

    rms_protector_free(&made);
    assert_int_equal(
        rms_protector_new(g->context, g->policy, NULL, UINT64_MAX, &none, &made), RMS_E_BAD_ARGUMENT);
    assert_int_equal(
        rms_protector_new(g->context, g->policy, NULL, UINT64_MAX, NULL, &made), RMS_E_BAD_ARGUMENT);
    return code;
}

#define VIEW_LEN(text) ((text) != NULL ? strlen(text) : 0)

CALL(access_token, rms_access_token(g->context, OUT(const char *)))
CALL_YES(action_name, rms_action_name(g->nowhere ? RMS_ACTION_COUNT : RMS_ACTION_LOAD) != NULL)
CALL_YES(action_permitted,
    rms_action_permitted(RMS_ACTION_LOAD, g->nowhere ? NULL : (const char *const[]){"VIEW", NULL}))
CALL(bootstrap, rms_bootstrap(g->context, false))
CALL(cache_clean, rms_cache_clean(g->context, OUT(size_t), OUT(size_t)))
CALL_YES(category_name, rms_category_name(g->nowhere ? RMS_CATEGORY_COUNT : RMS_CATEGORY_EXPIRED) != NULL)
CALL_VOID(context_cancel, rms_context_cancel(g->context))
CALL_VOID(context_resume, rms_context_resume(g->context))
CALL(context_set_timeout, rms_context_set_timeout(g->context, 1000))
CALL(doctor, rms_doctor(g->context, see_check, NULL))
CALL_YES(document_allows, rms_document_allows(g->document, g->text[0]))
CALL_YES(document_data, rms_document_data(g->document, g->text[0]) != NULL)
CALL_YES(document_info, rms_document_info(g->document) != NULL)
CALL_MAKES(
    document_open_file, rms_document, rms_document_free, rms_document_open_file(g->context, g->text[0], out))
CALL_YES(document_may_unprotect, rms_document_may_unprotect(g->document))
CALL_YES(document_permits, rms_document_permits(g->document, RMS_ACTION_LOAD))
CALL(document_save, rms_document_save(g->document, g->text[0], g->text[1]))
CALL(document_size, rms_document_size(g->document, OUT(uint64_t)))
CALL_YES(error_category,
    rms_error_category(RMS_E_EXPIRED) == RMS_CATEGORY_EXPIRED && rms_error_category(1) == RMS_CATEGORY_OTHER)
CALL_YES(error_from_reason, rms_error_from_reason(g->text[0]) == RMS_E_EXPIRED)
CALL_YES(error_info, rms_error_info(RMS_E_EXPIRED)->reason != NULL && rms_error_info(1) != NULL)
CALL_YES(error_row, rms_error_row(g->nowhere ? SIZE_MAX : 0) != NULL)
CALL(file_label_remove, rms_file_label_remove(g->text[0], g->text[1]))
CALL(file_labels, rms_file_labels(g->text[0], g->nowhere ? NULL : see_label, NULL, NULL))
CALL(file_status, rms_file_status(g->context, g->text[0], OUT(struct rms_file_status)))
CALL_VOID(last_correlation_id, assert_non_null(rms_last_correlation_id(g->context)))
CALL_VOID(last_detail, assert_non_null(rms_last_detail(g->context)))
CALL_VOID(last_referrer, assert_non_null(rms_last_referrer(g->context)))
CALL(login_app, rms_login_app(g->context, g->text[0], g->text[1]))
CALL(login_browser, rms_login_browser(g->context, g->text[0]))
CALL(login_device, rms_login_device(g->context, g->text[0]))
CALL(login_password, rms_login_password(g->context, g->text[0], g->text[1]))
CALL(logout, rms_logout(g->context, g->text[0]))
CALL(policy_add_data, rms_policy_add_data(g->policy, true, g->text[0], g->text[1]))
CALL_MAKES(policy_ask, rms_policy_builder, rms_policy_free, rms_policy_ask(g->context, out))
CALL_MAKES(policy_custom, rms_policy_builder, rms_policy_free, rms_policy_custom(g->context, out))
CALL_MAKES(policy_from_template, rms_policy_builder, rms_policy_free,
    rms_policy_from_template(g->context, g->text[0], out))
CALL(policy_grant, rms_policy_grant(g->policy, g->text[0], g->text[1], false))
CALL_MAKES(policy_load, rms_policy_builder, rms_policy_free,
    rms_policy_load(g->context, g->text[0], VIEW_LEN(g->text[0]), out))
CALL(policy_save, rms_policy_save(g->policy, WRITE))
CALL(policy_set_expiry, rms_policy_set_expiry(g->policy, RMS_NEVER))
CALL(policy_set_expiry_days, rms_policy_set_expiry_days(g->policy, 3))
CALL(policy_set_name, rms_policy_set_name(g->policy, g->text[0], g->text[1], g->text[2]))
CALL(policy_set_offline_days, rms_policy_set_offline_days(g->policy, 3))
CALL(policy_set_on_behalf, rms_policy_set_on_behalf(g->policy, g->text[0]))
CALL(policy_set_owner, rms_policy_set_owner(g->policy, g->text[0]))
CALL(policy_set_referral, rms_policy_set_referral(g->policy, g->text[0]))
CALL(protect_file, rms_protect_file(g->context, g->text[0], g->policy, NULL, OUT(struct rms_file_result)))
CALL(protector_finish, rms_protector_finish(g->protector))
CALL(protector_write, rms_protector_write(g->protector, g->nowhere ? NULL : "x", 1))
CALL(reset, rms_reset(g->context))
CALL(revoke, rms_revoke(g->context, g->text[0], g->text[1], WRITE))
CALL(revoke_undo, rms_revoke_undo(g->context, g->text[0], WRITE))
CALL(rights_change, rms_rights_change(g->context, g->text[0], g->policy, NULL, 0))
CALL(rights_list, rms_rights_list(g->context, g->text[0], WRITE))
CALL(token_set, rms_token_set(g->context, g->text[0]))
CALL(track_delegate, rms_track_delegate(g->context, g->text[0], g->text[1], RMS_DELEGATE_SEE, WRITE))
CALL(track_document, rms_track_document(g->context, g->text[0], WRITE))
CALL(track_documents, rms_track_documents(g->context, g->text[0], WRITE))
CALL(track_events, rms_track_events(g->context, g->text[0], WRITE))
CALL(track_hand_over, rms_track_hand_over(g->context, g->text[0], g->text[1], WRITE))
CALL(track_notify, rms_track_notify(g->context, g->text[0], 0, WRITE))
CALL(track_register, rms_track_register(g->context, g->text[0], g->text[1]))
CALL(unprotect_file, rms_unprotect_file(g->context, g->text[0], NULL, OUT(struct rms_file_result)))
CALL_YES(version, rms_version() != NULL)
CALL(whoami, rms_whoami(g->context, OUT(struct rms_account)))

/* --- the table --- */

enum flags {
    HANDLE = 1, /* refuses without one, and one of another sort */
    OUTPUT = 2, /* refuses when there is nowhere to put what comes out */
    SPARE = 16, /* does without that place */
    LOOSE = 4,  /* NULL does as a handle, another sort does not */
    ALONE = 8,  /* ends what it is called with: gets a context of its own */
};

enum text_flags {
    OPTIONAL = 1, /* may be NULL */
    PATH = 2,     /* a name of a file: bytes */
    TYPED = 4,    /* a password: any characters */
};

#define DOCUMENT "DOCUMENT" /* stand for what the fixture made */
#define CLEAR    "CLEAR"
#define OFFICE   "OFFICE"
#define SAVED    "SAVED"

struct text_row {
    const char *fine;
    unsigned flags;
};

struct row {
    const char *symbol;
    int (*call)(struct given *g);
    int fine; /* what it returns when all is well; there is no service here */
    unsigned flags;
    struct text_row text[TEXTS_MAX];
};

/* A text that must be there, one that need not be, a name of a file, a password. */
#define NEED(text)                                                                                           \
    {                                                                                                        \
        .fine = (text)                                                                                       \
    }
#define MAY(text)                                                                                            \
    {                                                                                                        \
        .fine = (text), .flags = OPTIONAL                                                                    \
    }
#define FILE_(text)                                                                                          \
    {                                                                                                        \
        .fine = (text), .flags = PATH                                                                        \
    }
#define SECRET(text)                                                                                         \
    {                                                                                                        \
        .fine = (text), .flags = TYPED                                                                       \
    }

#define ROW(name, fine_code, flags_of, ...)                                                                  \
    {                                                                                                        \
        .symbol = "rms_" #name, .call = call_##name, .fine = (fine_code), .flags = (flags_of), .text = {     \
            __VA_ARGS__                                                                                      \
        }                                                                                                    \
    }

/* In the order of librms.map. */
static const struct row rows[] = {
    ROW(access_token, RMS_E_NOT_AUTHENTICATED, HANDLE | OUTPUT),
    ROW(action_name, 0, OUTPUT),
    ROW(action_permitted, 0, OUTPUT),
    ROW(bootstrap, 0, HANDLE),
    ROW(cache_clean, 0, HANDLE | SPARE),
    ROW(category_name, 0, 0),
    ROW(context_cancel, 0, 0),
    ROW(context_free, 0, ALONE),
    ROW(context_new, 0, OUTPUT, MAY(RMS_TEST_ROOT), MAY(RMS_TEST_ALICE), MAY(NULL)),
    ROW(context_resume, 0, 0),
    ROW(context_set_mode, 0, HANDLE),
    ROW(context_set_timeout, 0, HANDLE),
    ROW(doctor, RMS_E_NEEDS_ONLINE, HANDLE),
    ROW(document_allows, 0, HANDLE, NEED("VIEW")),
    ROW(document_data, 0, HANDLE, NEED(DATA)),
    ROW(document_free, 0, 0),
    ROW(document_info, 0, HANDLE),
    ROW(document_may_unprotect, 0, HANDLE),
    ROW(document_open, 0, HANDLE | OUTPUT),
    ROW(document_open_file, 0, HANDLE | OUTPUT, FILE_(DOCUMENT)),
    ROW(document_permits, 0, HANDLE),
    ROW(document_read, 0, HANDLE | OUTPUT),
    ROW(document_save, 0, HANDLE, FILE_(CLEAR), FILE_(DOCUMENT)),
    ROW(document_save_to, 0, HANDLE | OUTPUT),
    ROW(document_size, 0, HANDLE | OUTPUT),
    ROW(error_category, 0, 0),
    ROW(error_from_reason, 0, 0, NEED("expired")),
    ROW(error_info, 0, 0),
    ROW(error_row, 0, OUTPUT),
    ROW(failure_get, 0, OUTPUT),
    ROW(file_label_remove, RMS_E_NOT_FOUND, 0, FILE_(OFFICE), NEED(GUID)),
    ROW(file_label_set, 0, 0, FILE_(OFFICE), MAY("Internal")),
    ROW(file_labels, 0, OUTPUT, FILE_(OFFICE)),
    ROW(file_status, 0, LOOSE | OUTPUT, FILE_(DOCUMENT)),
    ROW(last_correlation_id, 0, 0),
    ROW(last_detail, 0, 0),
    ROW(last_referrer, 0, 0),
    ROW(login_app, RMS_E_UNREACHABLE, HANDLE, NEED(GUID), NEED("secret")),
    ROW(login_browser, RMS_E_UNSUPPORTED, HANDLE, MAY(RMS_TEST_ALICE)),
    ROW(login_device, RMS_E_UNSUPPORTED, HANDLE, MAY(RMS_TEST_ALICE)),
    ROW(login_password, RMS_E_NEEDS_ONLINE, HANDLE, NEED(RMS_TEST_ALICE), SECRET("secret")),
    ROW(logout, 0, HANDLE | ALONE, MAY(RMS_TEST_ALICE)),
    ROW(policy_add_data, 0, HANDLE, NEED("name"), NEED("value")),
    ROW(policy_ask, 0, HANDLE | OUTPUT),
    ROW(policy_custom, 0, HANDLE | OUTPUT),
    ROW(policy_free, 0, 0),
    ROW(policy_from_template, 0, HANDLE | OUTPUT, NEED(RMS_TEST_TEMPLATE)),
    ROW(policy_grant, 0, HANDLE, NEED(RMS_TEST_BOB), NEED("VIEW,PRINT")),
    ROW(policy_load, 0, HANDLE | OUTPUT, NEED(SAVED)),
    ROW(policy_save, 0, HANDLE | OUTPUT),
    ROW(policy_set_expiry, 0, HANDLE),
    ROW(policy_set_expiry_days, 0, HANDLE),
    ROW(policy_set_name, 0, HANDLE, NEED("Plan"), MAY("For us"), MAY("en")),
    ROW(policy_set_offline_days, 0, HANDLE),
    ROW(policy_set_on_behalf, 0, HANDLE, NEED(RMS_TEST_BOB)),
    ROW(policy_set_owner, 0, HANDLE, NEED(RMS_TEST_ALICE)),
    ROW(policy_set_referral, 0, HANDLE, MAY(RMS_TEST_ALICE)),
    ROW(protect_file, 0, HANDLE | SPARE, FILE_(CLEAR)),
    ROW(protect_files, 0, HANDLE, FILE_(CLEAR)),
    ROW(protector_finish, 0, HANDLE),
    ROW(protector_free, 0, 0),
    ROW(protector_new, 0, HANDLE | OUTPUT, MAY(".txt")),
    ROW(protector_write, 0, HANDLE | OUTPUT),
    ROW(reset, 0, HANDLE | ALONE),
    ROW(revoke, RMS_E_NEEDS_ONLINE, HANDLE | OUTPUT, NEED(GUID), MAY("left")),
    ROW(revoke_undo, RMS_E_NEEDS_ONLINE, HANDLE | OUTPUT, NEED(GUID)),
    ROW(rights_change, RMS_E_NEEDS_ONLINE, HANDLE, FILE_(DOCUMENT)),
    ROW(rights_list, RMS_E_NEEDS_ONLINE, HANDLE | OUTPUT, FILE_(DOCUMENT)),
    ROW(templates, 0, HANDLE | OUTPUT, MAY("de")),
    ROW(token_set, 0, HANDLE, NEED("a.b.c")),
    ROW(track_delegate, RMS_E_NEEDS_ONLINE, HANDLE | OUTPUT, NEED(GUID), NEED(RMS_TEST_BOB)),
    ROW(track_document, RMS_E_NEEDS_ONLINE, HANDLE | OUTPUT, NEED(GUID)),
    ROW(track_documents, RMS_E_NEEDS_ONLINE, HANDLE | OUTPUT, MAY("plan")),
    ROW(track_events, RMS_E_NEEDS_ONLINE, HANDLE | OUTPUT, NEED(GUID)),
    ROW(track_hand_over, RMS_E_NEEDS_ONLINE, HANDLE | OUTPUT, NEED(GUID), NEED(RMS_TEST_BOB)),
    ROW(track_notify, RMS_E_NEEDS_ONLINE, HANDLE | OUTPUT, NEED(GUID)),
    ROW(track_register, RMS_E_NEEDS_ONLINE, HANDLE, FILE_(DOCUMENT), MAY("Plan")),
    ROW(unprotect_file, 0, HANDLE | SPARE, FILE_(DOCUMENT)),
    ROW(unprotect_files, 0, HANDLE, FILE_(DOCUMENT)),
    ROW(version, 0, 0),
    ROW(whoami, 0, HANDLE | OUTPUT),
};

/* --- with what --- */

static const char *fine_text(struct fixture *f, const char *text)
{
    const struct {
        const char *word, *path;
    } places[] = {{DOCUMENT, f->path}, {CLEAR, f->clear}, {OFFICE, f->office}, {SAVED, f->saved}};

    for (size_t i = 0; text != NULL && i < RMS_COUNT(places); i++) {
        if (strcmp(places[i].word, text) == 0) {
            return places[i].path;
        }
    }
    return text;
}

static struct given all_fine(struct fixture *f, const struct row *row)
{
    struct given g = {f, f->alice, f->policy, f->document, f->protector, {NULL}, false};

    for (size_t i = 0; i < TEXTS_MAX; i++) {
        g.text[i] = fine_text(f, row->text[i].fine);
    }
    return g;
}

static void all_handles(struct given *g, void *context, void *other)
{
    g->context = context;
    g->policy = other;
    g->document = other;
    g->protector = other;
}

/* A name that is too long is told as such where files are meant. */
static bool is_bad(int code)
{
    return code == RMS_E_BAD_ARGUMENT || code == RMS_E_NAME_TOO_LONG || code == RMS_E_LIMIT;
}

static void expect(struct fixture *f, const struct row *row, const char *what, int code, bool good)
{
    if (!good) {
        print_message("%s with %s: %d\n", row->symbol, what, code);
        f->wrong++;
    }
}

static void expect_bad(struct fixture *f, const struct row *row, const char *what, int code)
{
    expect(f, row, what, code, is_bad(code));
}

static void with_bad_texts(struct fixture *f, const struct row *row)
{
    for (size_t i = 0; i < TEXTS_MAX && (row->text[i].fine != NULL || row->text[i].flags != 0); i++) {
        struct given g = all_fine(f, row);

        g.text[i] = NULL;
        if ((row->text[i].flags & OPTIONAL) == 0) {
            expect_bad(f, row, "no text", row->call(&g));
        }
        g.text[i] = f->endless;
        expect_bad(f, row, "an endless text", row->call(&g));
    }
}

static void with_bad_handles(struct fixture *f, const struct row *row)
{
    struct given g = all_fine(f, row);
    int code;

    all_handles(&g, f->policy, f->alice);
    if ((row->flags & (HANDLE | LOOSE)) != 0) {
        expect_bad(f, row, "a handle of another sort", row->call(&g));
    } else {
        (void)row->call(&g);
    }
    all_handles(&g, NULL, NULL);
    if ((row->flags & HANDLE) != 0) {
        expect_bad(f, row, "no handle", row->call(&g));
    } else {
        (void)row->call(&g);
    }
    g = all_fine(f, row);
    g.nowhere = true;
    if ((row->flags & OUTPUT) != 0) {
        expect_bad(f, row, "nowhere to put it", row->call(&g));
    } else if ((row->flags & SPARE) != 0) {
        code = row->call(&g);
        expect(f, row, "nowhere to put it", code, code == row->fine);
    }
}

static void with_what_is_fine(struct fixture *f, const struct row *row)
{
    struct given g = all_fine(f, row);
    int code;

    if ((row->flags & ALONE) != 0) {
        g.context = rms_issuer_context(&f->issuer, "spare");
        rms_issuer_enrol_reader(&f->issuer, g.context, RMS_TEST_ALICE, "user");
    }
    code = row->call(&g);
    rms_context_resume(f->alice);
    expect(f, row, "what is fine", code, code == row->fine);
    if ((row->flags & ALONE) != 0 && row->call != call_context_free) {
        rms_context_free(&g.context);
    }
}

#define MAIL       "rms_mail_" /* these have no row yet */
#define RECIPIENTS "rms_policy_for_recipients"

/* What librms.map lists, in its order. */
static size_t exported(struct rms_buf *map, const char *names_out[RMS_COUNT(rows) + 1])
{
    char path[4096];
    size_t count = 0;
    char *at;

    (void)snprintf(path, sizeof path, "%s/lib/client/librms.map", getenv("RMS_SOURCE_DIR"));
    rms_must(rms_file_read(path, map));
    rms_buf_append_byte(map, 0);
    at = strstr((char *)map->data, "global:");
    assert_non_null(at);
    while ((at = strstr(at, " rms_")) != NULL && count <= RMS_COUNT(rows)) {
        char *end = strchr(at, ';');

        assert_non_null(end);
        *end = '\0';
        if (strncmp(at + 1, MAIL, strlen(MAIL)) != 0 && strcmp(at + 1, RECIPIENTS) != 0) {
            names_out[count++] = at + 1;
        }
        at = end + 1;
    }
    return count;
}

/* What a row may use up. */
static void renew(struct fixture *f)
{
    rms_policy_free(&f->policy);
    rms_protector_free(&f->protector);
    rms_must(rms_policy_custom(f->alice, &f->policy));
    rms_must(rms_policy_grant(f->policy, RMS_TEST_BOB, "VIEW,EDIT", false));
    rms_must(rms_protector_new(f->alice, f->policy, ".txt", UINT64_MAX, &sink, &f->protector));
}

/* touches: S-291 */
static void every_symbol(void **state)
{
    struct fixture *f = *state;
    struct rms_buf RMS_BUF_CLEANUP map = RMS_BUF_INIT(65536);
    const char *names[RMS_COUNT(rows) + 1];

    assert_int_equal(exported(&map, names), RMS_COUNT(rows));
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        assert_string_equal(rows[i].symbol, names[i]);
        renew(f);
        with_bad_handles(f, &rows[i]);
        with_bad_texts(f, &rows[i]);
        with_what_is_fine(f, &rows[i]);
    }
    assert_int_equal(f->wrong, 0);
}

/* --- text that is none --- */

static void check_blob(struct fixture *f, const uint8_t *blob, size_t len)
{
    const struct rms_pfile_request request = {".txt", rms_view_of(blob, len), {NULL, 0}, 16, 0};
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

static void with_text(struct fixture *f, const struct row *row, const char *text)
{
    for (size_t i = 0; i < TEXTS_MAX && (row->text[i].fine != NULL || row->text[i].flags != 0); i++) {
        struct given g = all_fine(f, row);

        g.text[i] = text;
        if ((row->text[i].flags & PATH) == 0 &&
            ((row->text[i].flags & TYPED) == 0 || !rms_text_valid(rms_view_str(text)))) {
            expect_bad(f, row, "what is no text", row->call(&g));
        }
    }
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
        for (size_t k = 0; k < RMS_COUNT(rows); k++) {
            with_text(f, &rows[k], wrong[i]);
        }
    }
    assert_int_equal(f->wrong, 0);
    assert_int_equal(rms_policy_load(f->alice, nul, sizeof nul - 1, &policy), RMS_E_BAD_ARGUMENT);
    for (unsigned round = 0; round < 64; round++) {
        rms_random(blob, sizeof blob);
        check_blob(f, blob, 1 + round * (sizeof blob - 1) / 64);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(every_symbol),
        TEST(text_that_is_none),
    };

    return cmocka_run_group_tests_name("client surface", tests, NULL, NULL);
}
