#include "base/test.h"

#include "service/request.h"

static struct rms_arena *arena;

static int open_arena(void **state)
{
    (void)state;
    arena = rms_arena_new(1u << 20);
    return arena == NULL;
}

static int close_arena(void **state)
{
    (void)state;
    rms_arena_free(&arena);
    return 0;
}

static void percent_decoding(void **state)
{
    static const struct {
        const char *text;
        bool form;
        const char *decoded; /* NULL: refused */
    } cases[] = {
        {"", false, ""},
        {"abc", false, "abc"},
        {"a%20b", false, "a b"},
        {"a+b", false, "a+b"},
        {"a+b", true, "a b"},
        {"alice@contoso.test", false, "alice@contoso.test"},
        {"https://rms.contoso.test/_wmcs/licensing", false, "https://rms.contoso.test/_wmcs/licensing"},
        {"%41%6a%C3%A9", false, "Aj\xc3\xa9"},
        {"%2541", false, "%41"}, /* once only */
        {"%", false, NULL},
        {"%4", false, NULL},
        {"%zz", false, NULL},
        {"%4g", false, NULL},
        {"%00", false, NULL},
        {"a%00b", true, NULL},
        {"%ff", false, NULL},
        {"%c3", false, NULL},
    };
    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        const char *out = NULL;
        int rc = rms_percent_decode(arena, rms_view_str(cases[i].text), cases[i].form, &out);
        assert_int_equal(rc, cases[i].decoded != NULL ? 0 : RMS_E_BAD_ARGUMENT);
        if (cases[i].decoded != NULL) {
            assert_string_equal(out, cases[i].decoded);
        }
    }
}

static void forms(void **state)
{
    const struct rms_pair *pairs = NULL;
    size_t count = 9;
    (void)state;
    assert_int_equal(rms_form_parse(arena, rms_view_str(""), false, &pairs, &count), 0);
    assert_int_equal(count, 0);
    assert_int_equal(rms_form_parse(arena, rms_view_str("service=https://a/b?c=d&email=x%40y&&flag&e="),
                         false, &pairs, &count),
        0);
    assert_int_equal(count, 4);
    assert_string_equal(pairs[0].name, "service");
    assert_string_equal(pairs[0].value, "https://a/b?c=d");
    assert_string_equal(pairs[1].value, "x@y");
    assert_string_equal(pairs[2].name, "flag");
    assert_string_equal(pairs[2].value, "");
    assert_string_equal(pairs[3].value, "");
    assert_int_equal(rms_form_parse(arena, rms_view_str("a=%0"), false, &pairs, &count), RMS_E_BAD_ARGUMENT);
}

static void too_many_pairs_are_refused(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(4096);
    const struct rms_pair *pairs = NULL;
    size_t count = 0;
    (void)state;
    for (int i = 0; i < RMS_FORM_PAIRS_MAX; i++) {
        rms_buf_append_str(&text, i == 0 ? "a=b" : "&a=b");
    }
    assert_int_equal(rms_form_parse(arena, rms_buf_view(&text), true, &pairs, &count), 0);
    assert_int_equal(count, RMS_FORM_PAIRS_MAX);
    rms_buf_append_str(&text, "&a=b");
    assert_int_equal(rms_form_parse(arena, rms_buf_view(&text), true, &pairs, &count), RMS_E_BAD_ARGUMENT);
}

static void lookups(void **state)
{
    const struct rms_pair headers[] = {{"Accept", "a"}, {"X-Ms-Rms-Slc-Key", "k"}, {"accept", "b"}};
    const struct rms_pair query[] = {{"email", "x"}, {"Email", "y"}};
    const struct rms_request request = {
        .headers = headers, .header_count = 3, .query = query, .query_count = 2};
    (void)state;
    assert_string_equal(rms_request_header(&request, "ACCEPT"), "a");
    assert_string_equal(rms_request_header(&request, "x-ms-rms-slc-key"), "k");
    assert_null(rms_request_header(&request, "Host"));
    assert_string_equal(rms_request_query(&request, "Email"), "y");
    assert_null(rms_request_query(&request, "EMAIL"));
}

static void the_first_cause_counts(void **state)
{
    struct rms_request request = {0};
    (void)state;
    assert_int_equal(rms_fail(&request, RMS_E_BAD_ARGUMENT, "first"), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_fail(&request, RMS_E_IO, "second"), RMS_E_IO);
    assert_string_equal(request.note.detail, "first");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percent_decoding),
        cmocka_unit_test(forms),
        cmocka_unit_test(too_many_pairs_are_refused),
        cmocka_unit_test(lookups),
        cmocka_unit_test(the_first_cause_counts),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
