#include "base/test.h"

#include <string.h>

#include "service/signin_form.h"

static int parse(struct rms_arena *arena, const char *text, struct rms_form *form)
{
    const struct rms_pair headers[] = {{"Content-Type", "application/x-www-form-urlencoded"}};
    struct rms_request request = {
        .arena = arena, .headers = headers, .header_count = 1, .body = rms_view_str(text)};

    return rms_form_of_body(&request, form);
}

static void reads_values(void **state)
{
    static const struct {
        const char *text;
        const char *name;
        const char *value; /* NULL: not there */
    } cases[] = {
        {"a=1&b=2", "a", "1"},
        {"a=1&b=2", "b", "2"},
        {"a=1&b=2", "c", NULL},
        {"a=x+y%20z%2B", "a", "x y z+"},
        {"a=%c3%A4", "a", "\xc3\xa4"},
        {"a=b=c", "a", "b=c"},
        {"a=", "a", NULL}, /* RFC 6749 3.1: as if omitted */
        {"a", "a", NULL},
        {"&&a=1&", "a", "1"},
        {"", "a", NULL},
        {"A=1", "a", NULL},
        {"%61=1", "a", "1"},
        {"password=a%09b%0a", "password", "a\tb\n"},
    };

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(65536);
        struct rms_form form;
        const char *value;

        assert_int_equal(parse(arena, cases[i].text, &form), 0);
        value = rms_form_get(&form, cases[i].name);
        if (cases[i].value == NULL) {
            assert_null(value);
        } else {
            assert_string_equal(value, cases[i].value);
        }
    }
}

static void refuses_what_two_readers_could_read_differently(void **state)
{
    static const char *const cases[] = {"a=1&a=2", "a=1&%61=2", "a=&a=1", "a=%", "a=%4", "a=%zz", "a=%00",
        "%00=1", "a=%ff", "a=%c3", "a=%c0%80", "a=%0d%0aSet-Cookie:x", "a=%7f", "a=%c2%85", "%0a=1", "=1",
        "a=1&=2"};

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(65536);
        struct rms_form form;

        if (parse(arena, cases[i], &form) == 0) {
            fail_msg("%s", cases[i]);
        }
    }
}

static void survives_every_cut(void **state)
{
    static const char whole[] = "grant_type=password&username=a%40x.test&password=%C3%A4+b&x=%41";
    char part[sizeof whole];

    (void)state;
    for (size_t len = 0; len < sizeof whole; len++) {
        RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(65536);
        struct rms_form form;

        memcpy(part, whole, len);
        part[len] = '\0';
        if (parse(arena, part, &form) == 0) {
            (void)rms_form_get(&form, "password");
        }
    }
}

static void refuses_too_many_pairs(void **state)
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(1u << 20);
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(65536);
    struct rms_form form;

    (void)state;
    for (int i = 0; i <= RMS_FORM_PAIRS_MAX; i++) {
        rms_buf_printf(&text, "a%d=1&", i);
    }
    assert_true(parse(arena, rms_buf_text(&text), &form) < 0);
}

static void wants_the_right_content_type(void **state)
{
    static const struct {
        const char *type;
        int code;
    } cases[] = {
        {"application/x-www-form-urlencoded", 0},
        {"application/x-www-form-urlencoded; charset=UTF-8", 0},
        {"Application/X-WWW-Form-Urlencoded", 0},
        {"application/x-www-form-urlencodedx", RMS_E_TYPE},
        {"application/json", RMS_E_TYPE},
        {"", RMS_E_TYPE},
    };
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(65536);
    struct rms_request request = {.arena = arena, .body = RMS_VIEW_LITERAL("a=1")};
    struct rms_form form;

    (void)state;
    assert_int_equal(rms_form_of_body(&request, &form), RMS_E_TYPE);
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        const struct rms_pair headers[] = {{"content-type", cases[i].type}};

        request.headers = headers;
        request.header_count = 1;
        assert_int_equal(rms_form_of_body(&request, &form), cases[i].code);
    }
}

static void writes_what_it_reads(void **state)
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(65536);
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(4096);
    struct rms_form form;

    (void)state;
    rms_form_append(&text, "code", "a-b_c.d~e");
    rms_form_append(&text, "gone", NULL);
    rms_form_append(&text, "state", "x y+&=#%\xc3\xa4/?\"<");
    assert_string_equal(rms_buf_text(&text), "code=a-b_c.d~e&state=x%20y%2B%26%3D%23%25%C3%A4%2F%3F%22%3C");
    assert_int_equal(parse(arena, rms_buf_text(&text), &form), 0);
    assert_string_equal(rms_form_get(&form, "state"), "x y+&=#%\xc3\xa4/?\"<");
}

static void finds_cookies(void **state)
{
    static const struct {
        const char *header;
        const char *value;
    } cases[] = {
        {"form=abc", "abc"},
        {"x=1; form=abc; y=2", "abc"},
        {"x=1;form=abc", "abc"},
        {"xform=abc", NULL},
        {"form", NULL},
        {"formx=abc", NULL},
        {"", NULL},
        {";;;", NULL},
    };
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(65536);
    struct rms_request request = {.arena = arena};

    (void)state;
    assert_null(rms_form_cookie(&request, "form"));
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        const struct rms_pair headers[] = {{"Cookie", cases[i].header}};
        const char *value;

        request.headers = headers;
        request.header_count = 1;
        value = rms_form_cookie(&request, "form");
        assert_true((value == NULL) == (cases[i].value == NULL));
        assert_true(value == NULL || strcmp(value, cases[i].value) == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_values),
        cmocka_unit_test(refuses_what_two_readers_could_read_differently),
        cmocka_unit_test(survives_every_cut),
        cmocka_unit_test(refuses_too_many_pairs),
        cmocka_unit_test(wants_the_right_content_type),
        cmocka_unit_test(writes_what_it_reads),
        cmocka_unit_test(finds_cookies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
