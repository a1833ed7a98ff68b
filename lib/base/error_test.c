#include "base/test.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"

static void codes_and_reasons_are_unique(void **state)
{
    const struct rms_error_info *a;
    const struct rms_error_info *b;

    (void)state;
    for (size_t i = 0; (a = rms_error_row(i)) != NULL; i++) {
        for (size_t j = i + 1; (b = rms_error_row(j)) != NULL; j++) {
            assert_int_not_equal(a->code, b->code);
            assert_string_not_equal(a->reason, b->reason);
        }
    }
}

static void rows_are_complete(void **state)
{
    const struct rms_error_info *row;

    (void)state;
    for (size_t i = 0; (row = rms_error_row(i)) != NULL; i++) {
        assert_true(row->code < 0);
        assert_true(row->http_status >= 200 && row->http_status <= 599);
        assert_true(row->exit_status >= 1 && row->exit_status <= 6);
        assert_int_equal(strspn(row->reason, "abcdefghijklmnopqrstuvwxyz-"), strlen(row->reason));
        assert_true(strlen(row->wire) > 9);
        assert_true(strlen(row->text) > 5);
        assert_true(strlen(row->next) > 4);
    }
}

/* The words of service-requirements 0.2. */
static void every_stable_reason_is_there(void **state)
{
    static const char *const reasons[] = {"no-rights", "expired", "revoked", "not-authenticated",
        "account-disabled", "account-newer-than-content", "rac-expired", "rac-untrusted", "rac-excluded",
        "unknown-key", "key-unavailable", "tenant-disabled", "publish-not-allowed", "platform-disabled",
        "template-archived", "template-not-found", "not-registered", "bad-license", "bad-signature",
        "weak-crypto", "needs-online", "consent-refused", "throttled", "role-required", "limit",
        "bad-argument", "adhoc-required", "unknown-recipient"};

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(reasons); i++) {
        int code = rms_error_from_reason(reasons[i]);

        assert_true(code < 0);
        assert_string_equal(rms_error_info(code)->reason, reasons[i]);
    }
}

/* The exit codes of service-requirements 0.2. */
static void exit_codes_follow_the_vocabulary(void **state)
{
    static const struct {
        int code;
        int exit_status;
    } rows[] = {{0, 0}, {RMS_E_NO_RIGHTS, 1}, {RMS_E_BAD_ARGUMENT, 2}, {RMS_E_NOT_AUTHENTICATED, 3},
        {RMS_E_ROLE_REQUIRED, 3}, {RMS_E_NOT_FOUND, 4}, {RMS_E_TEMPLATE_NOT_FOUND, 4}, {RMS_E_CONFLICT, 5},
        {RMS_E_LIMIT, 5}, {RMS_E_UNREACHABLE, 6}, {RMS_E_KEY_UNAVAILABLE, 6}};

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        assert_int_equal(rms_error_info(rows[i].code)->exit_status, rows[i].exit_status);
    }
}

static void unknown_things_have_answers(void **state)
{
    (void)state;
    assert_string_equal(rms_error_info(0)->reason, "ok");
    assert_string_equal(rms_error_info(-9999)->reason, "unknown");
    assert_string_equal(rms_error_info(5)->reason, "unknown");
    assert_int_equal(rms_error_from_reason("no-such-reason"), 0);
    assert_int_equal(rms_error_from_reason(NULL), 0);
    assert_null(rms_error_row(100000));
}

static void errno_maps_into_the_list(void **state)
{
    static const int pairs[][2] = {{0, 0}, {ENOMEM, RMS_E_NO_MEMORY}, {ENOSPC, RMS_E_NO_SPACE},
        {EDQUOT, RMS_E_NO_SPACE}, {EACCES, RMS_E_PERMISSION}, {EPERM, RMS_E_PERMISSION},
        {EROFS, RMS_E_PERMISSION}, {ENOENT, RMS_E_NOT_FOUND}, {EEXIST, RMS_E_CONFLICT},
        {ENAMETOOLONG, RMS_E_NAME_TOO_LONG}, {EIO, RMS_E_IO}, {EBADF, RMS_E_IO}};

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(pairs); i++) {
        assert_int_equal(rms_error_from_errno(pairs[i][0]), pairs[i][1]);
    }
}

/* Whoever reads the category, or the sentence, can tell these apart. touches: S-148, S-294 */
static void outcomes_are_told_apart(void **state)
{
    static const struct {
        int code;
        enum rms_category category;
        const char *name;
    } rows[] = {
        {RMS_E_NO_RIGHTS, RMS_CATEGORY_NO_RIGHTS, "no-rights"},
        {RMS_E_EXPIRED, RMS_CATEGORY_EXPIRED, "expired"},
        {RMS_E_REVOKED, RMS_CATEGORY_REVOKED, "revoked"},
        {RMS_E_ROLE_REQUIRED, RMS_CATEGORY_NOT_OWNER, "not-owner"},
        {RMS_E_NOT_AUTHENTICATED, RMS_CATEGORY_IDENTITY, "identity"},
        {RMS_E_TEMPLATE_ARCHIVED, RMS_CATEGORY_TEMPLATE, "template"},
        {RMS_E_NOT_REGISTERED, RMS_CATEGORY_NOT_REGISTERED, "not-registered"},
        {RMS_E_THROTTLED, RMS_CATEGORY_THROTTLED, "throttled"},
        {RMS_E_UNREACHABLE, RMS_CATEGORY_NETWORK, "network"},
        {RMS_E_CONSENT_REFUSED, RMS_CATEGORY_CONSENT, "consent"},
        {RMS_E_NEEDS_ONLINE, RMS_CATEGORY_NEEDS_ONLINE, "needs-online"},
        {RMS_E_OTHER, RMS_CATEGORY_OTHER, "other"},
    };

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        assert_int_equal(rms_error_category(rows[i].code), rows[i].category);
        assert_string_equal(rms_category_name(rows[i].category), rows[i].name);
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(rms_error_info(rows[i].code)->text, rms_error_info(rows[k].code)->text);
        }
    }
    assert_int_equal(rms_error_category(0), RMS_CATEGORY_NONE);
    assert_int_equal(rms_error_category(-9999), RMS_CATEGORY_OTHER);
    assert_string_equal(rms_category_name(RMS_CATEGORY_NONE), "none");
    assert_string_equal(rms_category_name((enum rms_category)99), "other");
}

static int tries(int value)
{
    RMS_TRY(value);
    return 7;
}

static void try_returns_errors_only(void **state)
{
    (void)state;
    assert_int_equal(tries(0), 7);
    assert_int_equal(tries(3), 7);
    assert_int_equal(tries(RMS_E_IO), RMS_E_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_and_reasons_are_unique),
        cmocka_unit_test(rows_are_complete),
        cmocka_unit_test(every_stable_reason_is_there),
        cmocka_unit_test(exit_codes_follow_the_vocabulary),
        cmocka_unit_test(unknown_things_have_answers),
        cmocka_unit_test(errno_maps_into_the_list),
        cmocka_unit_test(outcomes_are_told_apart),
        cmocka_unit_test(try_returns_errors_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
