/* The public interface as careless programs call it: every symbol that the library exports, each with what is
 * fine, with NULL, with a handle of another sort, with texts without end and texts that are none. The table
 * is held against librms.map. That the header alone is C11 and C++11: examples/CMakeLists.txt; many threads:
 * access_test.c. */
#include "client/surface_test.h"

#include "base/text.h"
#include "crypto/random.h"
#include "format/pfile.h"

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
#define LETTER   "LETTER"

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
    ROW(document_embed_license, RMS_E_UNSUPPORTED, HANDLE, FILE_(DOCUMENT)), /* the author's own */
    ROW(document_free, 0, 0),
    ROW(document_info, 0, HANDLE),
    ROW(document_may_unprotect, 0, HANDLE),
    ROW(document_missing, 0, 0),
    ROW(document_open, 0, HANDLE | OUTPUT),
    ROW(document_open_file, 0, HANDLE | OUTPUT, FILE_(DOCUMENT)),
    ROW(document_permits, 0, HANDLE),
    ROW(document_read, 0, HANDLE | OUTPUT),
    ROW(document_refused, RMS_E_BAD_ARGUMENT, HANDLE, NEED("PRINT")), /* she may */
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
    ROW(mail_attachment, 0, HANDLE | OUTPUT),
    ROW(mail_attachment_read, 0, HANDLE | OUTPUT),
    ROW(mail_body, 0, HANDLE | OUTPUT),
    ROW(mail_free, 0, 0),
    ROW(mail_info, 0, HANDLE),
    ROW(mail_inspect, 0, OUTPUT, FILE_(LETTER)),
    ROW(mail_open, 0, HANDLE | OUTPUT),
    ROW(mail_text, 0, HANDLE | OUTPUT),
    ROW(policy_add_data, 0, HANDLE, NEED("name"), NEED("value")),
    ROW(policy_ask, 0, HANDLE | OUTPUT),
    ROW(policy_custom, 0, HANDLE | OUTPUT),
    ROW(policy_for_recipients, 0, HANDLE | OUTPUT, NEED("Do Not Forward")),
    ROW(policy_free, 0, 0),
    ROW(policy_from_template, 0, HANDLE | OUTPUT, NEED(RMS_TEST_TEMPLATE)),
    ROW(policy_grant, 0, HANDLE, NEED(RMS_TEST_BOB), NEED("VIEW,PRINT")),
    ROW(policy_load, 0, HANDLE | OUTPUT, NEED(SAVED)),
    ROW(policy_save, 0, HANDLE | OUTPUT),
    ROW(policy_set_cipher, 0, HANDLE, NEED("AES128-CBC4K")),
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
    ROW(refusals_send, RMS_E_NEEDS_ONLINE, HANDLE),
    ROW(reset, 0, HANDLE | ALONE),
    ROW(revoke, RMS_E_NEEDS_ONLINE, HANDLE | OUTPUT, NEED(GUID), MAY("left")),
    ROW(revoke_telling, RMS_E_NEEDS_ONLINE, HANDLE | OUTPUT, NEED(GUID), MAY("left"), NEED("sorry")),
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
    } places[] = {
        {DOCUMENT, f->path}, {CLEAR, f->clear}, {OFFICE, f->office}, {SAVED, f->saved}, {LETTER, f->eml}};

    for (size_t i = 0; text != NULL && i < RMS_COUNT(places); i++) {
        if (strcmp(places[i].word, text) == 0) {
            return places[i].path;
        }
    }
    return text;
}

static struct given all_fine(struct fixture *f, const struct row *row)
{
    struct given g = {f, f->alice, f->policy, f->document, f->protector, f->mail, {NULL}, false};

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
    g->mail = other;
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
    expect(f, row, what, code, code == RMS_E_BAD_ARGUMENT);
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
        names_out[count++] = at + 1;
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

/* proves: S-291 */
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
