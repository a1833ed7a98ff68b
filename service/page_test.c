#include "base/test.h"

#include <string.h>

#include "service/page.h"

static void escapes_everything_that_html_reads(void **state)
{
    static const struct {
        const char *text;
        const char *html;
    } cases[] = {
        {"plain", "plain"},
        {"<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"},
        {"\"onfocus=x '&", "&quot;onfocus=x &#39;&amp;"},
        {"&amp;", "&amp;amp;"},
        {"J\xc3\xb6rg \xe2\x82\xac", "J\xc3\xb6rg \xe2\x82\xac"},
        {"a\x01z\x7f", "a\xef\xbf\xbdz\xef\xbf\xbd"},
        {"a\n\t", "a\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xc2\x85", "\xef\xbf\xbd"},             /* C1: next line */
        {"\xff<", "\xef\xbf\xbd&lt;"},            /* a broken byte does not swallow what follows */
        {"\xc3", "\xef\xbf\xbd"},                 /* cut */
        {"\xc0\xbc", "\xef\xbf\xbd\xef\xbf\xbd"}, /* overlong '<' */
        {"", ""},
        {NULL, ""},
    };

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(1024);

        rms_page_escape(&out, cases[i].text);
        assert_string_equal(rms_buf_text(&out), cases[i].html);
    }
}

#define EVIL "\"><script>x</script>'&"

static void check_page(const struct rms_buf *out)
{
    const char *html = rms_buf_text(out);

    assert_int_equal(rms_buf_status(out), 0);
    assert_null(strstr(html, "<script"));
    assert_null(strstr(html, " on"
                             "focus="));
    assert_non_null(strstr(html, "<!DOCTYPE html>"));
    assert_non_null(strstr(html, "<html lang=\"en\">"));
    assert_non_null(strstr(html, "width=device-width"));
    assert_non_null(strstr(html, "<style nonce=\"N0nce\">"));
    assert_null(strstr(html, "style=\"")); /* the policy would ignore it */
}

static void no_text_gets_out_of_its_place(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(RMS_PAGE_MAX);

    (void)state;
    rms_page_signin(&out, &(struct rms_page_signin){"N0nce", EVIL, EVIL, EVIL, EVIL, true, EVIL});
    check_page(&out);
    rms_buf_reset(&out);
    rms_page_device_code(&out, &(struct rms_page_device){"N0nce", EVIL, EVIL, NULL, NULL, EVIL});
    check_page(&out);
    rms_buf_reset(&out);
    rms_page_device_confirm(&out, &(struct rms_page_device){"N0nce", EVIL, EVIL, EVIL, EVIL, EVIL});
    check_page(&out);
    rms_buf_reset(&out);
    rms_page_passcode(&out, &(struct rms_page_passcode){"N0nce", EVIL, EVIL, EVIL, EVIL, EVIL});
    check_page(&out);
    rms_buf_reset(&out);
    rms_page_signup(&out, &(struct rms_page_signup){"N0nce", EVIL, EVIL, EVIL, EVIL, EVIL, EVIL, EVIL, EVIL});
    check_page(&out);
    rms_buf_reset(&out);
    rms_page_signup(&out, &(struct rms_page_signup){"N0nce", EVIL, EVIL, EVIL, EVIL, EVIL, NULL, NULL, EVIL});
    check_page(&out);
    rms_buf_reset(&out);
    rms_page_message(&out, "N0nce", EVIL, EVIL);
    check_page(&out);
}

static size_t count_of(const char *html, const char *word)
{
    size_t count = 0;

    for (const char *at = strstr(html, word); at != NULL; at = strstr(at + 1, word)) {
        count++;
    }
    return count;
}

/* Each visible field has a label; one field has the focus; errors are tied to the fields. */
static void forms_can_be_used_without_looking(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(RMS_PAGE_MAX);
    const char *html;

    (void)state;
    rms_page_signin(&out, &(struct rms_page_signin){"n", "c", "app", NULL, NULL, false, NULL});
    html = rms_buf_text(&out);
    assert_non_null(strstr(html, "<label for=\"username\">"));
    assert_non_null(strstr(html, "<label for=\"password\">"));
    assert_non_null(strstr(html, "autocomplete=\"current-password\""));
    assert_int_equal(count_of(html, "autofocus"), 1);
    assert_true(strstr(html, "autofocus") < strstr(html, "id=\"password\""));
    assert_null(strstr(html, "aria-describedby"));
    rms_buf_reset(&out);
    rms_page_signin(&out, &(struct rms_page_signin){"n", "c", "app", "a@x.test", "Wrong.", false, NULL});
    html = rms_buf_text(&out);
    assert_int_equal(count_of(html, "autofocus"), 1);
    assert_true(strstr(html, "autofocus") > strstr(html, "id=\"password\""));
    assert_non_null(strstr(html, "id=\"error\" role=\"alert\""));
    assert_int_equal(count_of(html, "aria-describedby=\"error\""), 2);
    assert_non_null(strstr(html, "value=\"a@x.test\""));
}

static void the_device_page_names_client_and_code(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(RMS_PAGE_MAX);
    const char *html;

    (void)state;
    rms_page_device_confirm(&out, &(struct rms_page_device){"n", "c", "BCDF-GHJK", "The client", NULL, NULL});
    html = rms_buf_text(&out);
    assert_non_null(strstr(html, ">The client<"));
    assert_non_null(strstr(html, ">BCDF-GHJK<"));
    assert_non_null(strstr(html, "value=\"deny\""));
    assert_non_null(strstr(html, "name=\"user_code\" value=\"BCDF-GHJK\""));
}

static const char *header(const struct rms_reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->header_count; i++) {
        if (strcmp(reply->headers[i].name, name) == 0) {
            return reply->headers[i].value;
        }
    }
    return "";
}

static void pages_are_fenced_in(void **state)
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(65536);
    struct rms_request request = {.arena = arena};
    struct rms_reply reply = {.body = RMS_BUF_INIT(RMS_PAGE_MAX)};
    char nonce[RMS_NONCE_TEXT];
    char other[RMS_NONCE_TEXT];

    (void)state;
    rms_page_nonce_new(nonce);
    rms_page_nonce_new(other);
    assert_int_equal(strlen(nonce), RMS_NONCE_TEXT - 1);
    assert_string_not_equal(nonce, other);
    assert_int_equal(rms_page_reply(&request, &reply, nonce, "http://127.0.0.1:8400"), 0);
    assert_non_null(strstr(header(&reply, "Content-Security-Policy"), "default-src 'none'"));
    assert_non_null(strstr(header(&reply, "Content-Security-Policy"), nonce));
    assert_non_null(
        strstr(header(&reply, "Content-Security-Policy"), "form-action 'self' http://127.0.0.1:8400;"));
    assert_non_null(strstr(header(&reply, "Content-Security-Policy"), "frame-ancestors 'none'"));
    assert_string_equal(header(&reply, "X-Frame-Options"), "DENY");
    assert_string_equal(header(&reply, "Cache-Control"), "no-store");
    assert_string_equal(header(&reply, "Referrer-Policy"), "no-referrer");
    assert_true(reply.page);
}

static void a_page_that_does_not_fit_is_an_error(void **state)
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(65536);
    struct rms_request request = {.arena = arena};
    struct rms_reply reply = {.body = RMS_BUF_INIT(100)};

    (void)state;
    rms_page_message(&reply.body, "n", "heading", "text");
    assert_int_equal(rms_page_reply(&request, &reply, "n", NULL), RMS_E_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes_everything_that_html_reads),
        cmocka_unit_test(no_text_gets_out_of_its_place),
        cmocka_unit_test(forms_can_be_used_without_looking),
        cmocka_unit_test(the_device_page_names_client_and_code),
        cmocka_unit_test(pages_are_fenced_in),
        cmocka_unit_test(a_page_that_does_not_fit_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
