#include "service/signin_test.h"

#define GRANT "urn:ietf:params:oauth:grant-type:device_code"
#define LOGIN "username=alice%40contoso.test&password=correct+horse"

struct codes {
    char device[64];
    char user[16];
};

static int ask_codes(struct call *c, struct house *h, const char *authority, const char *body)
{
    call_begin(c, h, authority);
    call_form(c, body);
    return call_go(c, rms_signin_devicecode);
}

static void get_codes(struct house *h, struct codes *codes)
{
    CALL_CLEANUP struct call c;

    assert_int_equal(ask_codes(&c, h, h->tenant_id, "client_id=rms&scope=openid"), 0);
    (void)snprintf(codes->device, sizeof codes->device, "%s", call_member(&c, "device_code"));
    (void)snprintf(codes->user, sizeof codes->user, "%s", call_member(&c, "user_code"));
}

static int poll_at(struct call *c, struct house *h, const struct codes *codes, int64_t later_s)
{
    call_begin(c, h, h->tenant_id);
    c->request.now = h->now + later_s;
    call_form(
        c, rms_arena_printf(c->arena, "grant_type=" GRANT "&client_id=rms&device_code=%s", codes->device));
    return call_go(c, rms_signin_token);
}

#define COOKIE "0123456789012345678901234567890123456789012"

/* Sends the page's form with a good anti-forgery token. */
static int send_page(struct call *c, struct house *h, const char *form)
{
    CALL_CLEANUP struct call token;
    const char *csrf;

    call_begin(&token, h, h->tenant_id);
    call_header(&token, "Cookie", RMS_CSRF_COOKIE "=" COOKIE);
    assert_int_equal(rms_csrf_issue(&token.request, &token.reply, "device", &csrf), 0);
    call_begin(c, h, h->tenant_id);
    call_form(c, rms_arena_printf(c->arena, "csrf=%s&%s", csrf, form));
    call_header(c, "Cookie", RMS_CSRF_COOKIE "=" COOKIE);
    return call_go(c, rms_signin_device);
}

static int send_step(
    struct call *c, struct house *h, const struct codes *codes, const char *step, const char *login)
{
    char form[512];

    (void)snprintf(form, sizeof form, "user_code=%s&step=%s&%s", codes->user, step, login);
    return send_page(c, h, form);
}

static void the_device_flow_from_pending_to_token(void **state)
{
    struct house *h = *state;
    CALL_CLEANUP struct call pending;
    CALL_CLEANUP struct call confirm;
    CALL_CLEANUP struct call done;
    CALL_CLEANUP struct call token;
    CALL_CLEANUP struct call use;
    CALL_CLEANUP struct call again;
    struct codes codes;

    get_codes(h, &codes);
    assert_int_equal(strlen(codes.user), 9);
    assert_true(poll_at(&pending, h, &codes, 5) < 0);
    assert_string_equal(call_member(&pending, "error"), "authorization_pending");
    assert_int_equal(send_step(&confirm, h, &codes, "code", ""), 0);
    assert_non_null(strstr(rms_buf_text(&confirm.reply.body), codes.user));
    assert_non_null(strstr(rms_buf_text(&confirm.reply.body), "OpenRMS on your computer"));
    assert_int_equal(send_step(&done, h, &codes, "allow", LOGIN), 0);
    assert_non_null(strstr(rms_buf_text(&done.reply.body), "connected"));
    assert_int_equal(poll_at(&token, h, &codes, 20), 0);
    assert_true(strlen(call_member(&token, "id_token")) > 100);
    assert_int_equal(try_bearer(&use, h, call_member(&token, "access_token")), 0);
    assert_true(poll_at(&again, h, &codes, 40) < 0); /* handed out once */
    assert_string_equal(call_member(&again, "error"), "invalid_grant");
}

static void the_answer_says_where_to_go(void **state)
{
    struct house *h = *state;
    CALL_CLEANUP struct call c;
    char uri[160];

    assert_int_equal(ask_codes(&c, h, h->tenant_id, "client_id=rms"), 0);
    (void)snprintf(uri, sizeof uri, BASE "/%s/oauth2/device", h->tenant_id);
    assert_string_equal(call_member(&c, "verification_uri"), uri);
    assert_int_equal(strncmp(call_member(&c, "verification_uri_complete"), uri, strlen(uri)), 0);
    assert_int_equal(json_integer_value(json_object_get(c.json, "interval")), 5);
    assert_int_equal(json_integer_value(json_object_get(c.json, "expires_in")), RMS_DEVICE_CODE_S);
}

static void polling_too_fast_is_slowed_down(void **state)
{
    struct house *h = *state;
    CALL_CLEANUP struct call first;
    CALL_CLEANUP struct call second;
    struct codes codes;

    get_codes(h, &codes);
    assert_true(poll_at(&first, h, &codes, 5) < 0);
    assert_true(poll_at(&second, h, &codes, 6) < 0);
    assert_string_equal(call_member(&second, "error"), "slow_down");
}

static void device_codes_expire(void **state)
{
    struct house *h = *state;
    CALL_CLEANUP struct call c;
    struct codes codes;

    get_codes(h, &codes);
    assert_true(poll_at(&c, h, &codes, RMS_DEVICE_CODE_S + 1) < 0);
    assert_string_equal(call_member(&c, "error"), "expired_token");
}

static void refusing_is_told_to_the_device(void **state)
{
    struct house *h = *state;
    CALL_CLEANUP struct call deny;
    CALL_CLEANUP struct call c;
    struct codes codes;

    get_codes(h, &codes);
    assert_int_equal(send_step(&deny, h, &codes, "deny", ""), 0);
    assert_true(poll_at(&c, h, &codes, 5) < 0);
    assert_string_equal(call_member(&c, "error"), "access_denied");
}

static void another_client_gets_nothing(void **state)
{
    struct house *h = *state;
    CALL_CLEANUP struct call allow;
    CALL_CLEANUP struct call c;
    struct codes codes;
    char body[256];

    get_codes(h, &codes);
    assert_int_equal(send_step(&allow, h, &codes, "allow", LOGIN), 0);
    (void)snprintf(body, sizeof body, "grant_type=" GRANT "&client_id=other&device_code=%s", codes.device);
    assert_int_equal(post_token(&c, h, body), RMS_E_NOT_AUTHENTICATED);
    assert_string_equal(call_member(&c, "error"), "invalid_grant");
}

static void approval_needs_the_password(void **state)
{
    static const char *const logins[] = {"", "username=alice%40contoso.test",
        "username=alice%40contoso.test&password=wrong",
        "username=fay%40fabrikam.test&password=correct+horse"};
    struct house *h = *state;
    CALL_CLEANUP struct call pending;
    struct codes codes;

    get_codes(h, &codes);
    for (size_t i = 0; i < RMS_COUNT(logins); i++) {
        CALL_CLEANUP struct call c;

        assert_true(send_step(&c, h, &codes, "allow", logins[i]) < 0);
        assert_non_null(strstr(rms_buf_text(&c.reply.body), "id=\"error\""));
        assert_non_null(strstr(rms_buf_text(&c.reply.body), codes.user));
    }
    assert_true(poll_at(&pending, h, &codes, 5) < 0);
    assert_string_equal(call_member(&pending, "error"), "authorization_pending");
}

static void guessing_codes_is_stopped(void **state)
{
    struct house *h = *state;
    CALL_CLEANUP struct call right;
    struct codes codes;

    get_codes(h, &codes);
    for (int i = 0; i < 10; i++) {
        CALL_CLEANUP struct call c;

        assert_int_equal(send_page(&c, h, "user_code=BCDF-BCDF&step=code"), RMS_E_BAD_ARGUMENT);
    }
    assert_int_equal(send_step(&right, h, &codes, "allow", LOGIN), RMS_E_THROTTLED);
    assert_int_equal(right.reply.status, 429);
    assert_true(right.reply.retry_after_s > 0);
}

static void forged_confirmations_do_nothing(void **state)
{
    struct house *h = *state;
    CALL_CLEANUP struct call c;
    CALL_CLEANUP struct call pending;
    struct codes codes;

    get_codes(h, &codes);
    call_begin(&c, h, h->tenant_id);
    call_form(&c, rms_arena_printf(c.arena, "csrf=x&user_code=%s&step=allow&%s", codes.user, LOGIN));
    call_header(&c, "Cookie", RMS_CSRF_COOKIE "=" COOKIE);
    assert_int_equal(call_go(&c, rms_signin_device), RMS_E_BAD_ARGUMENT);
    assert_true(poll_at(&pending, h, &codes, 5) < 0);
    assert_string_equal(call_member(&pending, "error"), "authorization_pending");
}

static void a_link_fills_in_the_code_and_does_not_confirm(void **state)
{
    struct house *h = *state;
    CALL_CLEANUP struct call c;

    call_begin(&c, h, h->tenant_id);
    call_query(&c, "user_code=BCDF-GHJK%22%3E");
    assert_int_equal(call_go(&c, rms_signin_device), 0);
    assert_non_null(strstr(rms_buf_text(&c.reply.body), "value=\"BCDF-GHJK&quot;&gt;\""));
    assert_null(strstr(rms_buf_text(&c.reply.body), "password"));
}

static void device_requests_that_are_refused(void **state)
{
    struct house *h = *state;
    CALL_CLEANUP struct call client;
    CALL_CLEANUP struct call resource;
    CALL_CLEANUP struct call neutral;
    CALL_CLEANUP struct call hinted;

    assert_true(ask_codes(&client, h, h->tenant_id, "client_id=nobody") < 0);
    assert_string_equal(call_member(&client, "error"), "invalid_client");
    assert_true(ask_codes(&resource, h, h->tenant_id, "client_id=rms&resource=https%3A%2F%2Fx.test") < 0);
    assert_string_equal(call_member(&resource, "error"), "invalid_target");
    assert_true(ask_codes(&neutral, h, "common", "client_id=rms") < 0);
    assert_string_equal(call_member(&neutral, "error"), "invalid_request");
    assert_int_equal(ask_codes(&hinted, h, "common", "client_id=rms&login_hint=fay%40fabrikam.test"), 0);
    assert_non_null(strstr(call_member(&hinted, "verification_uri"), h->other_id));
}

static void a_flood_of_device_requests_is_stopped(void **state)
{
    struct house *h = *state;
    CALL_CLEANUP struct call last;

    for (unsigned i = 0; i < rms_limit_most(RMS_LIMIT_DEVICE); i++) {
        struct codes codes;

        get_codes(h, &codes);
    }
    assert_int_equal(ask_codes(&last, h, h->tenant_id, "client_id=rms"), RMS_E_THROTTLED);
    assert_int_equal(last.reply.status, 429);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_device_flow_from_pending_to_token, house_calm),
        cmocka_unit_test_setup(the_answer_says_where_to_go, house_calm),
        cmocka_unit_test_setup(polling_too_fast_is_slowed_down, house_calm),
        cmocka_unit_test_setup(device_codes_expire, house_calm),
        cmocka_unit_test_setup(refusing_is_told_to_the_device, house_calm),
        cmocka_unit_test_setup(another_client_gets_nothing, house_calm),
        cmocka_unit_test_setup(approval_needs_the_password, house_calm),
        cmocka_unit_test_setup(guessing_codes_is_stopped, house_calm),
        cmocka_unit_test_setup(forged_confirmations_do_nothing, house_calm),
        cmocka_unit_test_setup(a_link_fills_in_the_code_and_does_not_confirm, house_calm),
        cmocka_unit_test_setup(device_requests_that_are_refused, house_calm),
        cmocka_unit_test_setup(a_flood_of_device_requests_is_stopped, house_calm),
    };

    return cmocka_run_group_tests(tests, house_open, house_close);
}
