/* For surface_test.c: what it is called with, and a call of each symbol of the public interface. */
#ifndef RMS_CLIENT_SURFACE_TEST_H
#define RMS_CLIENT_SURFACE_TEST_H

#include "base/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "client/testing/issuer.h"
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
    struct rms_document *letter; /* a mail, and the message in it */
    struct rms_mail *mail;
    char path[4096]; /* of the document */
    char clear[4096];
    char office[4096];
    char eml[4096];
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

static void see_field(void *user_data, enum rms_mail_field field, const char *value)
{
    (void)user_data, (void)field, (void)value;
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

/* A protected mail with a file attached, which its sender opens. */
static void make_letter(struct fixture *f)
{
    static const char mail[] = "From: " RMS_TEST_ALICE "\r\nTo: " RMS_TEST_BOB "\r\nMIME-Version: 1.0\r\n"
                               "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
                               "--b\r\nContent-Type: text/plain\r\n\r\nwords\r\n"
                               "--b\r\nContent-Type: application/octet-stream\r\n"
                               "Content-Disposition: attachment; filename=a.bin\r\n\r\ndata\r\n--b--\r\n";
    const struct rms_file_options options = {.size = sizeof options, .enable_msg_file_type = true};
    struct rms_policy_builder *policy = NULL;
    struct rms_file_result result;

    (void)snprintf(f->eml, sizeof f->eml, "%s", rms_test_path(&f->issuer, "a.eml"));
    rms_test_write(f->eml, mail, sizeof mail - 1);
    rms_must(rms_policy_for_recipients(f->alice, "Encrypt-Only", &policy));
    rms_must(rms_protect_file(f->alice, f->eml, policy, &options, &result));
    rms_policy_free(&policy);
    rms_must(rms_document_open_file(f->alice, result.output, &f->letter));
    rms_must(rms_mail_open(f->letter, &f->mail));
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
    make_letter(f);
    f->endless = test_calloc(1, LONG_LEN + 1);
    memset(f->endless, 'a', LONG_LEN);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    rms_protector_free(&f->protector);
    rms_mail_free(&f->mail);
    rms_document_free(&f->letter);
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
    struct rms_mail *mail;
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

static int call_mail_open(struct given *g)
{
    struct rms_document *document = g->document == g->f->document ? g->f->letter : g->document;
    struct rms_mail *made = NULL;
    int code = rms_mail_open(document, g->nowhere ? NULL : &made);

    assert_true(code == 0 ? made != NULL : made == NULL);
    rms_mail_free(&made);
    return code;
}

static int call_mail_free(struct given *g)
{
    struct rms_mail *mail = g->mail;

    if (mail == g->f->mail) {
        mail = NULL;
        rms_must(rms_mail_open(g->f->letter, &mail));
    }
    rms_mail_free(&mail);
    rms_mail_free(NULL);
    return mail == NULL ? 0 : RMS_E_BAD_ARGUMENT;
}

static int call_mail_body(struct given *g)
{
    assert_int_equal(rms_mail_body(g->mail, (enum rms_mail_body)0, take, NULL), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_mail_body(g->mail, (enum rms_mail_body)99, take, NULL), RMS_E_BAD_ARGUMENT);
    return rms_mail_body(g->mail, RMS_MAIL_PLAIN, g->nowhere ? NULL : take, NULL);
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
    assert_int_equal(rms_file_label_set(NULL, g->text[0], &open_end, NULL), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_file_label_set(NULL, g->text[0], NULL, NULL), RMS_E_BAD_ARGUMENT);
    return rms_file_label_set(NULL, g->text[0], &label, g->text[1]);
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
CALL_VOID(document_missing, assert_null(rms_document_missing(g->document, RMS_ACTION_LOAD)))
CALL_YES(document_permits, rms_document_permits(g->document, RMS_ACTION_LOAD))
CALL(document_refused, rms_document_refused(g->document, g->text[0]))
CALL(document_embed_license, rms_document_embed_license(g->document, g->text[0]))
CALL(document_save, rms_document_save(g->document, g->text[0], g->text[1]))
CALL(document_size, rms_document_size(g->document, OUT(uint64_t)))
CALL_YES(error_category,
    rms_error_category(RMS_E_EXPIRED) == RMS_CATEGORY_EXPIRED && rms_error_category(1) == RMS_CATEGORY_OTHER)
CALL_YES(error_from_reason, rms_error_from_reason(g->text[0]) == RMS_E_EXPIRED)
CALL_YES(error_info, rms_error_info(RMS_E_EXPIRED)->reason != NULL && rms_error_info(1) != NULL)
CALL_YES(error_row, rms_error_row(g->nowhere ? SIZE_MAX : 0) != NULL)
CALL(file_label_remove, rms_file_label_remove(NULL, g->text[0], g->text[1]))
CALL(file_labels, rms_file_labels(NULL, g->text[0], g->nowhere ? NULL : see_label, NULL, NULL))
CALL(file_status, rms_file_status(g->context, g->text[0], OUT(struct rms_file_status)))
CALL_VOID(last_correlation_id, assert_non_null(rms_last_correlation_id(g->context)))
CALL_VOID(last_detail, assert_non_null(rms_last_detail(g->context)))
CALL_VOID(last_referrer, assert_non_null(rms_last_referrer(g->context)))
CALL(login_app, rms_login_app(g->context, g->text[0], g->text[1]))
CALL(login_browser, rms_login_browser(g->context, g->text[0]))
CALL(login_device, rms_login_device(g->context, g->text[0]))
CALL(login_password, rms_login_password(g->context, g->text[0], g->text[1]))
CALL(logout, rms_logout(g->context, g->text[0]))
CALL(mail_attachment, rms_mail_attachment(g->mail, 0, OUT(struct rms_mail_attachment)))
CALL(mail_attachment_read, rms_mail_attachment_read(g->mail, 0, WRITE))
CALL_YES(mail_info, rms_mail_info(g->mail) != NULL)
CALL(mail_inspect, rms_mail_inspect(NULL, g->text[0], g->nowhere ? NULL : see_field, NULL))
CALL(mail_text, rms_mail_text(g->mail, WRITE))
CALL(policy_add_data, rms_policy_add_data(g->policy, true, g->text[0], g->text[1]))
CALL_MAKES(policy_ask, rms_policy_builder, rms_policy_free, rms_policy_ask(g->context, out))
CALL_MAKES(policy_custom, rms_policy_builder, rms_policy_free, rms_policy_custom(g->context, out))
CALL_MAKES(policy_for_recipients, rms_policy_builder, rms_policy_free,
    rms_policy_for_recipients(g->context, g->text[0], out))
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
CALL(policy_set_cipher, rms_policy_set_cipher(g->policy, g->text[0]))
CALL(policy_set_owner, rms_policy_set_owner(g->policy, g->text[0]))
CALL(policy_set_referral, rms_policy_set_referral(g->policy, g->text[0]))
CALL(protect_file, rms_protect_file(g->context, g->text[0], g->policy, NULL, OUT(struct rms_file_result)))
CALL(protector_finish, rms_protector_finish(g->protector))
CALL(protector_write, rms_protector_write(g->protector, g->nowhere ? NULL : "x", 1))
CALL(refusals_send, rms_refusals_send(g->context))
CALL(reset, rms_reset(g->context))
CALL(revoke, rms_revoke(g->context, g->text[0], g->text[1], WRITE))
CALL(revoke_telling, rms_revoke_telling(g->context, g->text[0], g->text[1], g->text[2], WRITE))
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

#endif
