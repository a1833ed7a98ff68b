#include "service/signin_test.h"

/* RFC 7636 appendix B. */
#define VERIFIER  "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

#define REDIRECT "http%3A%2F%2F127.0.0.1%3A8400%2Fcb"
#define CLIENT   "client_id=rms&redirect_uri=" REDIRECT
#define PKCE     "&code_challenge=" CHALLENGE "&code_challenge_method=S256"
#define QUERY    CLIENT "&response_type=code&state=a%20b%26c" PKCE
#define LOGIN    "username=alice%40contoso.test&password=correct+horse&decision=allow"

/* --- a browser -------------------------------------------------------------------------------------- */

struct browser {
    char cookie[128];
    char csrf[128];
};

static int get_page(
    struct call *c, struct house *h, const char *authority, const char *query, struct browser *b)
{
    char value[96];

    call_begin(c, h, authority);
    call_query(c, query);
    (void)call_go(c, rms_signin_authorize);
    between(rms_buf_text(&c->reply.body), "name=\"csrf\" value=\"", "\"", b->csrf, sizeof b->csrf);
    between(reply_header(c, "Set-Cookie"), RMS_CSRF_COOKIE "=", ";", value, sizeof value);
    (void)snprintf(b->cookie, sizeof b->cookie, "%s=%s", RMS_CSRF_COOKIE, value);
    return c->code;
}

static int send_form(
    struct call *c, struct house *h, const char *query, const struct browser *b, const char *form)
{
    call_begin(c, h, h->tenant_id);
    call_query(c, query);
    call_form(c, rms_arena_printf(c->arena, "csrf=%s&%s", b->csrf, form));
    call_header(c, "Cookie", b->cookie);
    return call_go(c, rms_signin_authorize);
}

/* Signs alice in; the code that came back. */
static void get_code(struct house *h, const char *query, char *code_out, size_t size)
{
    CALL_CLEANUP struct call page;
    CALL_CLEANUP struct call c;
    struct browser b;
    char location[4096];

    assert_int_equal(get_page(&page, h, h->tenant_id, query, &b), 0);
    assert_int_equal(send_form(&c, h, query, &b, LOGIN), 0);
    assert_int_equal(c.reply.status, 303);
    (void)snprintf(location, sizeof location, "%s&", reply_header(&c, "Location"));
    between(location, "code=", "&", code_out, size);
    assert_int_equal(strlen(code_out), RMS_OPAQUE_TEXT - 1);
}

static int redeem(struct call *c, struct house *h, const char *code, const char *rest)
{
    char body[1024];

    (void)snprintf(body, sizeof body, "grant_type=authorization_code&code=%s&%s", code, rest);
    return post_token(c, h, body);
}

#define GOOD "client_id=rms&redirect_uri=" REDIRECT "&code_verifier=" VERIFIER

/* --- the way through -------------------------------------------------------------------------------- */

static void the_code_flow_ends_in_tokens(void **state)
{
    struct house *h = *state;
    CALL_CLEANUP struct call page;
    CALL_CLEANUP struct call c;
    CALL_CLEANUP struct call token;
    CALL_CLEANUP struct call use;
    struct browser b;
    char code[64];

    assert_int_equal(get_page(&page, h, h->tenant_id, QUERY "&scope=openid+offline_access&nonce=n1", &b), 0);
    assert_string_equal(page.reply.type, "text/html; charset=utf-8");
    assert_non_null(strstr(reply_header(&page, "Set-Cookie"), "Secure; HttpOnly; SameSite=Strict"));
    assert_non_null(
        strstr(reply_header(&page, "Content-Security-Policy"), "form-action 'self' http://127.0.0.1:8400;"));
    assert_int_equal(send_form(&c, h, QUERY "&scope=openid+offline_access&nonce=n1", &b, LOGIN), 0);
    assert_int_equal(c.reply.status, 303);
    assert_int_equal(strncmp(reply_header(&c, "Location"), "http://127.0.0.1:8400/cb?code=", 30), 0);
    assert_non_null(strstr(reply_header(&c, "Location"), "&state=a%20b%26c"));
    assert_string_equal(reply_header(&c, "Referrer-Policy"), "no-referrer");
    assert_string_equal(reply_header(&c, "Cache-Control"), "no-store");
    between(reply_header(&c, "Location"), "code=", "&", code, sizeof code);
    assert_int_equal(redeem(&token, h, code, GOOD), 0);
    assert_string_equal(call_member(&token, "scope"), "openid offline_access");
    assert_true(strlen(call_member(&token, "id_token")) > 100);
    assert_int_equal(try_bearer(&use, h, call_member(&token, "access_token")), 0);
}

/* An id_token is for the client: it opens nothing here. */
static void an_id_token_is_no_access_token(void **state)
{
    struct house *h = *state;
    CALL_CLEANUP struct call token;
    CALL_CLEANUP struct call use;
    char code[64];

    get_code(h, QUERY "&scope=openid", code, sizeof code);
    assert_int_equal(redeem(&token, h, code, GOOD), 0);
    assert_int_equal(try_bearer(&use, h, call_member(&token, "id_token")), RMS_E_NOT_AUTHENTICATED);
}

static void codes_are_bound_to_client_redirect_and_verifier(void **state)
{
    static const char *const wrong[] = {
        "client_id=other&redirect_uri=" REDIRECT "&code_verifier=" VERIFIER,
        "client_id=rms&redirect_uri=http%3A%2F%2F127.0.0.1%3A8401%2Fcb&code_verifier=" VERIFIER,
        "client_id=rms&redirect_uri=" REDIRECT "&code_verifier=" CHALLENGE,
        "client_id=rms&redirect_uri=" REDIRECT "&code_verifier=x",
        "client_id=rms&redirect_uri=" REDIRECT,
    };

    for (size_t i = 0; i < RMS_COUNT(wrong); i++) {
        CALL_CLEANUP struct call c;
        CALL_CLEANUP struct call again;
        char code[64];

        get_code(*state, QUERY, code, sizeof code);
        assert_int_equal(redeem(&c, *state, code, wrong[i]), RMS_E_NOT_AUTHENTICATED);
        assert_string_equal(call_member(&c, "error"), "invalid_grant");
        /* one try is all there is: a guesser cannot go on */
        assert_int_equal(redeem(&again, *state, code, GOOD), RMS_E_NOT_AUTHENTICATED);
    }
}

static void a_replayed_code_ends_what_came_of_it(void **state)
{
    struct house *h = *state;
    CALL_CLEANUP struct call first;
    CALL_CLEANUP struct call replay;
    CALL_CLEANUP struct call refresh;
    char code[64];
    char body[256];

    get_code(h, QUERY, code, sizeof code);
    assert_int_equal(redeem(&first, h, code, GOOD), 0);
    assert_int_equal(redeem(&replay, h, code, GOOD), RMS_E_NOT_AUTHENTICATED);
    assert_string_equal(call_member(&replay, "error"), "invalid_grant");
    (void)snprintf(body, sizeof body, "grant_type=refresh_token&client_id=rms&refresh_token=%s",
        call_member(&first, "refresh_token"));
    assert_int_equal(post_token(&refresh, h, body), RMS_E_NOT_AUTHENTICATED);
}

static void codes_expire(void **state)
{
    struct house *h = *state;
    CALL_CLEANUP struct call c;
    char code[64];

    get_code(h, QUERY, code, sizeof code);
    h->now += RMS_AUTH_CODE_S + 1;
    assert_int_equal(redeem(&c, h, code, GOOD), RMS_E_NOT_AUTHENTICATED);
    h->now -= RMS_AUTH_CODE_S + 1;
}

static void a_code_ends_with_the_account(void **state)
{
    struct house *h = *state;
    CALL_CLEANUP struct call c;
    bool no = false;
    bool yes = true;
    char code[64];

    get_code(h, QUERY, code, sizeof code);
    assert_int_equal(
        rms_account_change(h->db, h->tenant_id, h->alice_id, &(struct rms_account_change){.enabled = &no}),
        0);
    assert_int_equal(redeem(&c, h, code, GOOD), RMS_E_NOT_AUTHENTICATED);
    assert_string_equal(call_member(&c, "error"), "invalid_grant");
    assert_int_equal(
        rms_account_change(h->db, h->tenant_id, h->alice_id, &(struct rms_account_change){.enabled = &yes}),
        0);
}

/* --- refusals --------------------------------------------------------------------------------------- */

/* Nothing may be sent to an address that is not proved: a page, no Location. */
static void unproved_clients_get_a_page(void **state)
{
    static const char *const queries[] = {
        "",
        "response_type=code" PKCE,
        "client_id=nobody&redirect_uri=" REDIRECT "&response_type=code" PKCE,
        "client_id=rms&response_type=code" PKCE,
        "client_id=rms&redirect_uri=https%3A%2F%2Fevil.test%2F&response_type=code" PKCE,
        "client_id=rms&redirect_uri=http%3A%2F%2F127.0.0.1%3A80%40evil.test%2F&response_type=code" PKCE,
        "client_id=rms&redirect_uri=javascript%3Aalert(1)&response_type=code" PKCE,
        CLIENT "&client_id=rms&response_type=code" PKCE,
        CLIENT "&redirect_uri=https%3A%2F%2Fevil.test%2F&response_type=code" PKCE,
        CLIENT "&response_type=code&state=a%0d%0aX:y" PKCE,
    };

    for (size_t i = 0; i < RMS_COUNT(queries); i++) {
        CALL_CLEANUP struct call c;
        struct browser b;

        if (get_page(&c, *state, ((struct house *)*state)->tenant_id, queries[i], &b) >= 0) {
            fail_msg("%s", queries[i]);
        }
        assert_int_equal(c.reply.status, 400);
        assert_string_equal(reply_header(&c, "Location"), "");
        assert_true(c.reply.page);
        assert_string_equal(b.csrf, "");
    }
}

static void proved_clients_get_the_error_back(void **state)
{
    static const struct {
        const char *query;
        const char *error;
    } cases[] = {
        {CLIENT PKCE, "unsupported_response_type"},
        {CLIENT "&response_type=token" PKCE, "unsupported_response_type"},
        {CLIENT "&response_type=code%20id_token" PKCE, "unsupported_response_type"},
        {CLIENT "&response_type=code", "invalid_request"},                           /* no PKCE */
        {CLIENT "&response_type=code&code_challenge=" CHALLENGE, "invalid_request"}, /* plain by default */
        {CLIENT "&response_type=code&code_challenge_method=plain&code_challenge=" CHALLENGE,
            "invalid_request"},
        {CLIENT "&response_type=code&code_challenge_method=S256&code_challenge=short", "invalid_request"},
        {CLIENT "&response_type=code&response_mode=fragment" PKCE, "invalid_request"},
        {CLIENT "&response_type=code&resource=https%3A%2F%2Fother.test" PKCE, "invalid_target"},
        {CLIENT "&response_type=code&prompt=none" PKCE, "login_required"},
        {CLIENT "&response_type=code&prompt=attempt_none" PKCE, "login_required"},
        {CLIENT "&response_type=code&request=x.y.z" PKCE, "request_not_supported"},
    };

    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        CALL_CLEANUP struct call c;
        struct browser b;
        char query[1024];
        char error[64];

        (void)snprintf(query, sizeof query, "%s&state=s%%2B1", cases[i].query);
        assert_true(get_page(&c, *state, ((struct house *)*state)->tenant_id, query, &b) < 0);
        assert_int_equal(c.reply.status, 303);
        assert_true(c.reply.final);
        between(reply_header(&c, "Location"), "?error=", "&", error, sizeof error);
        assert_string_equal(error, cases[i].error);
        assert_non_null(strstr(reply_header(&c, "Location"), "&state=s%2B1"));
    }
}

/* RFC 6749 section 4.1.2: exactly the value that came, however it was encoded. */
static void the_state_comes_back_as_it_was(void **state)
{
    static const struct {
        const char *sent;
        const char *back;
    } cases[] = {
        {"s+1", "state=s%201"},
        {"s%201", "state=s%201"},
        {"s%2B1", "state=s%2B1"},
        {"%3D%26%23%3F", "state=%3D%26%23%3F"},
        {"%C3%A4", "state=%C3%A4"},
    };

    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        CALL_CLEANUP struct call c;
        struct browser b;
        char query[256];

        (void)snprintf(query, sizeof query, "%s&response_type=token&state=%s", CLIENT, cases[i].sent);
        assert_true(get_page(&c, *state, ((struct house *)*state)->tenant_id, query, &b) < 0);
        assert_string_equal(strstr(reply_header(&c, "Location"), "state="), cases[i].back);
    }
}

/* The companion library writes addresses as they are. */
static void a_plus_in_an_address_stays(void **state)
{
    struct house *h = *state;
    CALL_CLEANUP struct call c;
    struct browser b;

    assert_int_equal(get_page(&c, h, h->tenant_id, QUERY "&login_hint=a+b@contoso.test", &b), 0);
    assert_non_null(strstr(rms_buf_text(&c.reply.body), "value=\"a+b@contoso.test\""));
}

static void resources_of_this_service(void **state)
{
    static const char *const good[] = {"https://" HOST "/", "https://" HOST, HOST, HOST ":443"};
    static const char *const bad[] = {"http://" HOST "/", "https://" HOST "/x", HOST ".evil.test", HOST ":",
        HOST ":443x", "https://evil.test/"};
    struct house *h = *state;

    assert_true(rms_signin_resource_ok(&h->front, NULL));
    for (size_t i = 0; i < RMS_COUNT(good); i++) {
        assert_true(rms_signin_resource_ok(&h->front, good[i]));
    }
    for (size_t i = 0; i < RMS_COUNT(bad); i++) {
        assert_false(rms_signin_resource_ok(&h->front, bad[i]));
    }
}

static void forged_forms_do_nothing(void **state)
{
    struct house *h = *state;
    CALL_CLEANUP struct call page;
    struct browser good;
    struct browser forged[4];

    assert_int_equal(get_page(&page, h, h->tenant_id, QUERY, &good), 0);
    for (size_t i = 0; i < RMS_COUNT(forged); i++) {
        forged[i] = good;
    }
    forged[0].cookie[0] = '\0';
    forged[1].csrf[0] = '\0';
    forged[2].csrf[0] = (char)(forged[2].csrf[0] == 'A' ? 'B' : 'A');
    (void)snprintf(forged[3].cookie, sizeof forged[3].cookie, RMS_CSRF_COOKIE "=%043d", 1);
    for (size_t i = 0; i < RMS_COUNT(forged); i++) {
        CALL_CLEANUP struct call c;

        assert_int_equal(send_form(&c, h, QUERY, &forged[i], LOGIN), RMS_E_BAD_ARGUMENT);
        assert_string_equal(reply_header(&c, "Location"), "");
        assert_non_null(strstr(rms_buf_text(&c.reply.body), "open for too long"));
    }
}

/* The token of one form does not fit another. */
static void form_tokens_have_a_purpose(void **state)
{
    struct house *h = *state;
    CALL_CLEANUP struct call c;
    const char *authorize;
    const char *device;

    call_begin(&c, h, h->tenant_id);
    call_header(&c, "Cookie", RMS_CSRF_COOKIE "=0123456789012345678901234567890123456789012");
    assert_int_equal(rms_csrf_issue(&c.request, &c.reply, "authorize", &authorize), 0);
    assert_int_equal(rms_csrf_issue(&c.request, &c.reply, "device", &device), 0);
    assert_string_not_equal(authorize, device);
    assert_string_equal(reply_header(&c, "Set-Cookie"), ""); /* it has one */
}

static void a_wrong_password_shows_the_page_again(void **state)
{
    struct house *h = *state;
    CALL_CLEANUP struct call page;
    CALL_CLEANUP struct call c;
    struct browser b;

    assert_int_equal(get_page(&page, h, h->tenant_id, QUERY, &b), 0);
    assert_int_equal(
        send_form(&c, h, QUERY, &b, "username=%22%3E%3Cb%3E%40x.test&password=p"), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(c.reply.status, 400);
    assert_string_equal(reply_header(&c, "Location"), "");
    assert_non_null(strstr(rms_buf_text(&c.reply.body), "address or the password is wrong"));
    assert_null(strstr(rms_buf_text(&c.reply.body), "<b>"));
    assert_null(strstr(rms_buf_text(&c.reply.body), "value=\"p\"")); /* the password is not echoed */
}

static void cancelling_goes_back_to_the_client(void **state)
{
    struct house *h = *state;
    CALL_CLEANUP struct call page;
    CALL_CLEANUP struct call c;
    struct browser b;

    assert_int_equal(get_page(&page, h, h->tenant_id, QUERY, &b), 0);
    assert_int_equal(send_form(&c, h, QUERY, &b, "decision=deny"), RMS_E_CANCELLED);
    assert_int_equal(c.reply.status, 303);
    assert_non_null(strstr(reply_header(&c, "Location"), "error=access_denied"));
}

/* --- registered clients ----------------------------------------------------------------------------- */

static void add_client(struct house *h, const char *id, const char *uri, bool legacy)
{
    assert_int_equal(rms_oauth_client_add(h->db, &(struct rms_oauth_client){.tenant_id = h->tenant_id,
                                                     .client_id = id,
                                                     .name = "Their <App>",
                                                     .redirect_uris = &uri,
                                                     .redirect_uri_count = 1,
                                                     .legacy_no_pkce = legacy,
                                                     .created_at = h->now}),
        0);
}

/* touches: S-279. The companion library of the public SDK: no PKCE, no state, nothing encoded
 * (rest-protocol 5.1). */
static void legacy_clients_need_no_pkce(void **state)
{
    static const char query[] =
        "response_type=code&client_id=legacy&resource=" BASE "/&redirect_uri="
        "com.example.app://authorize&login_hint=alice@contoso.test&client-request-id=1&"
        "prompt=login&amr_values=pwd";
    struct house *h = *state;
    CALL_CLEANUP struct call page;
    CALL_CLEANUP struct call token;
    CALL_CLEANUP struct call downgrade;
    struct browser b;
    char code[64];

    add_client(h, "legacy", "com.example.app://authorize", true);
    assert_int_equal(get_page(&page, h, h->tenant_id, query, &b), 0);
    assert_non_null(strstr(rms_buf_text(&page.reply.body), "Their &lt;App&gt;"));
    assert_non_null(strstr(rms_buf_text(&page.reply.body), "value=\"alice@contoso.test\""));
    get_code(h, query, code, sizeof code);
    assert_int_equal(redeem(&token, h, code,
                         "redirect_uri=com.example.app://authorize&client_id=legacy&resource=" BASE "/"),
        0);
    assert_string_equal(call_member(&token, "resource"), BASE "/");
    /* a verifier where no challenge was: somebody stripped it */
    get_code(h, query, code, sizeof code);
    assert_int_equal(redeem(&downgrade, h, code,
                         "redirect_uri=com.example.app://authorize&client_id=legacy&code_verifier=" VERIFIER),
        RMS_E_NOT_AUTHENTICATED);
}

static void clients_belong_to_their_tenant(void **state)
{
    static const char query[] =
        "client_id=theirs&redirect_uri=https%3A%2F%2Fapp.test%2Fcb&response_type=code" PKCE;
    struct house *h = *state;
    CALL_CLEANUP struct call own;
    CALL_CLEANUP struct call other;
    CALL_CLEANUP struct call neutral;
    CALL_CLEANUP struct call hinted;
    struct browser b;

    add_client(h, "theirs", "https://app.test/cb", false);
    assert_int_equal(get_page(&own, h, h->tenant_id, query, &b), 0);
    assert_int_equal(get_page(&other, h, h->other_id, query, &b), RMS_E_BAD_ARGUMENT);
    assert_int_equal(get_page(&neutral, h, "common", query, &b), RMS_E_BAD_ARGUMENT);
    assert_int_equal(get_page(&hinted, h, "common",
                         "client_id=theirs&redirect_uri=https%3A%2F%2Fapp.test%2Fcb&response_type=code"
                         "&login_hint=x%40contoso.test" PKCE,
                         &b),
        0);
}

/* Nobody knows the tenant: the address that is typed decides. */
static void the_neutral_authority_finds_the_home(void **state)
{
    struct house *h = *state;
    CALL_CLEANUP struct call page;
    CALL_CLEANUP struct call c;
    CALL_CLEANUP struct call token;
    CALL_CLEANUP struct call use;
    struct browser b;
    char code[64];

    assert_int_equal(get_page(&page, h, "common", QUERY, &b), 0);
    call_begin(&c, h, "common");
    call_query(&c, QUERY);
    call_form(&c,
        rms_arena_printf(c.arena, "csrf=%s&username=fay%%40fabrikam.test&password=correct+horse", b.csrf));
    call_header(&c, "Cookie", b.cookie);
    assert_int_equal(call_go(&c, rms_signin_authorize), 0);
    between(reply_header(&c, "Location"), "code=", "&", code, sizeof code);
    call_begin(&token, h, "common");
    call_form(&token, rms_arena_printf(token.arena, "grant_type=authorization_code&code=%s&%s", code, GOOD));
    assert_int_equal(call_go(&token, rms_signin_token), 0);
    assert_int_equal(try_bearer(&use, h, call_member(&token, "access_token")), 0);
    assert_string_equal(use.request.tenant->row.id, h->other_id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_code_flow_ends_in_tokens, house_calm),
        cmocka_unit_test_setup(an_id_token_is_no_access_token, house_calm),
        cmocka_unit_test_setup(codes_are_bound_to_client_redirect_and_verifier, house_calm),
        cmocka_unit_test_setup(a_replayed_code_ends_what_came_of_it, house_calm),
        cmocka_unit_test_setup(codes_expire, house_calm),
        cmocka_unit_test_setup(a_code_ends_with_the_account, house_calm),
        cmocka_unit_test_setup(unproved_clients_get_a_page, house_calm),
        cmocka_unit_test_setup(proved_clients_get_the_error_back, house_calm),
        cmocka_unit_test_setup(the_state_comes_back_as_it_was, house_calm),
        cmocka_unit_test_setup(a_plus_in_an_address_stays, house_calm),
        cmocka_unit_test_setup(resources_of_this_service, house_calm),
        cmocka_unit_test_setup(forged_forms_do_nothing, house_calm),
        cmocka_unit_test_setup(form_tokens_have_a_purpose, house_calm),
        cmocka_unit_test_setup(a_wrong_password_shows_the_page_again, house_calm),
        cmocka_unit_test_setup(cancelling_goes_back_to_the_client, house_calm),
        cmocka_unit_test_setup(legacy_clients_need_no_pkce, house_calm),
        cmocka_unit_test_setup(clients_belong_to_their_tenant, house_calm),
        cmocka_unit_test_setup(the_neutral_authority_finds_the_home, house_calm),
    };

    return cmocka_run_group_tests(tests, house_open, house_close);
}
