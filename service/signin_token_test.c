#include "service/signin_test.h"

#include "crypto/jwt.h"

#define PASSWORD_FORM "grant_type=password&client_id=rms&username=alice%40contoso.test&password=correct+horse"

/* --- password --------------------------------------------------------------------------------------- */

static void the_password_grant_gives_usable_tokens(void **state)
{
    CALL_CLEANUP struct call c;
    CALL_CLEANUP struct call d;

    assert_int_equal(post_token(&c, *state, PASSWORD_FORM "&scope=openid"), 0);
    assert_string_equal(call_member(&c, "token_type"), "Bearer");
    assert_string_equal(call_member(&c, "resource"), BASE "/");
    assert_int_equal(json_integer_value(json_object_get(c.json, "expires_in")), 3600);
    assert_true(strlen(call_member(&c, "refresh_token")) > 43);
    assert_true(strlen(call_member(&c, "id_token")) > 100);
    assert_string_equal(reply_header(&c, "Cache-Control"), "no-store");
    assert_int_equal(try_bearer(&d, *state, call_member(&c, "access_token")), 0);
    assert_string_equal(d.request.address, "alice@contoso.test");
    assert_int_equal(d.request.caller, RMS_CALLER_PERSON);
}

static void tokens_say_who_and_for_whom(void **state)
{
    struct house *h = *state;
    CALL_CLEANUP struct call c;
    RMS_JSON_CLEANUP json_t *header = NULL;
    RMS_JSON_CLEANUP json_t *claims = NULL;
    char issuer[128];

    (void)snprintf(issuer, sizeof issuer, BASE "/%s", h->tenant_id);
    assert_int_equal(post_token(&c, h, PASSWORD_FORM), 0);
    assert_int_equal(rms_token_peek(rms_view_str(call_member(&c, "access_token")), &header, &claims), 0);
    assert_string_equal(rms_json_str(header, "alg"), "ES256");
    assert_non_null(rms_json_str(header, "kid"));
    assert_string_equal(rms_json_str(claims, "iss"), issuer);
    assert_string_equal(rms_json_str(claims, "aud"), BASE "/");
    assert_string_equal(rms_json_str(claims, "oid"), h->alice_id);
    assert_string_equal(rms_json_str(claims, "sub"), h->alice_id);
    assert_string_equal(rms_json_str(claims, "tid"), h->tenant_id);
    assert_string_equal(rms_json_str(claims, "upn"), "alice@contoso.test");
    assert_string_equal(rms_json_str(claims, "email"), "alice@contoso.test");
    assert_string_equal(rms_json_str(claims, "scp"), "user_impersonation");
    assert_string_equal(rms_json_str(claims, "ver"), "1");
    assert_int_equal(json_integer_value(json_object_get(claims, "exp")), h->now + 3600);
    assert_null(json_object_get(c.json, "id_token")); /* openid was not asked for */
}

static void token_requests_that_are_refused(void **state)
{
    static const struct {
        const char *body;
        const char *error;
    } cases[] = {
        {"", "invalid_client"},
        {"client_id=rms", "invalid_request"},
        {"client_id=rms&grant_type=client_credentials", "invalid_client"},
        {"client_id=rms&grant_type=client_credentials&client_secret=rms_app_x", "invalid_client"},
        {"client_id=rms&grant_type=implicit", "unsupported_grant_type"},
        {"client_id=rms&client_id=rms&grant_type=password", "invalid_request"},
        {"client_id=rms&grant_type=password&username=alice%40contoso.test", "invalid_request"},
        {"client_id=rms&grant_type=password&username=alice%40contoso.test&password=wrong", "invalid_grant"},
        {"client_id=rms&grant_type=password&username=nobody%40contoso.test&password=wrong", "invalid_grant"},
        {"client_id=rms&grant_type=password&username=not+an+address&password=wrong", "invalid_grant"},
        {"client_id=other&grant_type=password&username=alice%40contoso.test&password=correct+horse",
            "unauthorized_client"},
        {PASSWORD_FORM "&resource=https%3A%2F%2Fother.test%2F", "invalid_target"},
        {"client_id=rms&grant_type=authorization_code", "invalid_request"},
        {"client_id=rms&grant_type=authorization_code&code=x&redirect_uri=http%3A%2F%2F127.0.0.1%3A1",
            "invalid_grant"},
        {"client_id=rms&grant_type=refresh_token", "invalid_request"},
        {"client_id=rms&grant_type=refresh_token&refresh_token=x", "invalid_grant"},
        {"client_id=rms&grant_type=refresh_token&refresh_token=00000000-0000-0000-0000-000000000000.x",
            "invalid_grant"},
        {"client_id=rms&grant_type=urn:ietf:params:oauth:grant-type:device_code", "invalid_request"},
        {"client_id=rms&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=x",
            "invalid_grant"},
        {"client_id=rms&grant_type=%zz", "invalid_request"},
    };

    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        CALL_CLEANUP struct call c;

        if (post_token(&c, *state, cases[i].body) >= 0 ||
            strcmp(call_member(&c, "error"), cases[i].error) != 0) {
            fail_msg("%s: %s", cases[i].body, call_member(&c, "error"));
        }
        assert_int_equal(c.reply.status, 400);
        assert_true(c.reply.final);
        assert_string_equal(reply_header(&c, "Cache-Control"), "no-store");
    }
}

static void a_body_of_another_type_is_refused(void **state)
{
    struct house *h = *state;
    CALL_CLEANUP struct call c;

    call_begin(&c, h, h->tenant_id);
    call_form(&c, PASSWORD_FORM);
    c.headers[0].value = "application/json";
    assert_true(call_go(&c, rms_signin_token) < 0);
    assert_string_equal(call_member(&c, "error"), "invalid_request");
}

/* touches: S-318 */
static void wrong_passwords_are_slowed_down_alike(void **state)
{
    static const char *const names[] = {"alice%40contoso.test", "nobody%40contoso.test"};
    char body[256];

    for (size_t i = 0; i < RMS_COUNT(names); i++) {
        assert_int_equal(house_calm(state), 0);
        (void)snprintf(
            body, sizeof body, "grant_type=password&client_id=rms&username=%s&password=wrong", names[i]);
        for (int n = 0; n < 10; n++) {
            CALL_CLEANUP struct call c;

            assert_int_equal(post_token(&c, *state, body), RMS_E_NOT_AUTHENTICATED);
        }
        CALL_CLEANUP struct call last;
        assert_int_equal(post_token(&last, *state, body), RMS_E_THROTTLED);
        assert_int_equal(last.reply.status, 429);
        assert_in_range(last.reply.retry_after_s, 1, 600);
    }
}

/* Throttled means that even the right password is not looked at; another network and another account are
 * free. */
static void throttling_is_by_account_and_by_network(void **state)
{
    struct house *h = *state;
    CALL_CLEANUP struct call c;
    CALL_CLEANUP struct call other_network;
    CALL_CLEANUP struct call other_account;

    for (int n = 0; n < 10; n++) {
        rms_limit_fail(h->front.signin->limit, RMS_LIMIT_ACCOUNT, "alice@contoso.test", h->now);
    }
    assert_int_equal(post_token(&c, h, PASSWORD_FORM), RMS_E_THROTTLED);
    call_begin(&other_network, h, h->tenant_id);
    other_network.request.client_ip = "198.51.100.1";
    call_form(&other_network, PASSWORD_FORM);
    assert_int_equal(call_go(&other_network, rms_signin_token), RMS_E_THROTTLED);
    assert_int_equal(
        post_token(&other_account, h,
            "grant_type=password&client_id=rms&username=fay%40fabrikam.test&password=correct+horse"),
        0);
}

/* A network that guesses at many accounts is stopped too; others are not. */
static void a_network_that_tries_many_accounts_is_stopped(void **state)
{
    struct house *h = *state;
    CALL_CLEANUP struct call here;
    CALL_CLEANUP struct call elsewhere;
    char network[RMS_NETWORK_TEXT];

    rms_signin_network("192.0.2.7", network);
    for (unsigned n = 0; n < rms_limit_most(RMS_LIMIT_NETWORK); n++) {
        rms_limit_fail(h->front.signin->limit, RMS_LIMIT_NETWORK, network, h->now);
    }
    assert_int_equal(post_token(&here, h, PASSWORD_FORM), RMS_E_THROTTLED);
    call_begin(&elsewhere, h, h->tenant_id);
    elsewhere.request.client_ip = "198.51.100.1";
    call_form(&elsewhere, PASSWORD_FORM);
    assert_int_equal(call_go(&elsewhere, rms_signin_token), 0);
}

/* Guesses from many networks count for the account all the same. */
static void guesses_from_everywhere_are_added_up(void **state)
{
    struct house *h = *state;
    char ip[32];

    for (int n = 0; n < 11; n++) {
        CALL_CLEANUP struct call c;

        (void)snprintf(ip, sizeof ip, "198.51.100.%d", n);
        call_begin(&c, h, h->tenant_id);
        c.request.client_ip = ip;
        call_form(&c, PASSWORD_FORM "x");
        assert_int_equal(call_go(&c, rms_signin_token), n < 10 ? RMS_E_NOT_AUTHENTICATED : RMS_E_THROTTLED);
    }
}

static void an_account_without_a_password_has_no_password(void **state)
{
    struct house *h = *state;
    CALL_CLEANUP struct call c;
    CALL_CLEANUP struct call empty;
    char id[RMS_GUID_TEXT];
    struct rms_account account = {.id = id,
        .tenant_id = h->tenant_id,
        .upn = "nopass@contoso.test",
        .enabled = true,
        .created_at = h->now};

    rms_guid_new(id);
    assert_int_equal(rms_account_create(h->db, &account, NULL), 0);
    assert_int_equal(
        post_token(&c, h, "grant_type=password&client_id=rms&username=nopass%40contoso.test&password=x"),
        RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(
        post_token(&empty, h, "grant_type=password&client_id=rms&username=nopass%40contoso.test&password="),
        RMS_E_BAD_ARGUMENT);
}

static void a_taken_gate_answers_at_once(void **state)
{
    struct house *h = *state;
    CALL_CLEANUP struct call c;

    assert_int_equal(rms_gate_enter(h->front.signin->gate), 0);
    assert_int_equal(post_token(&c, h, PASSWORD_FORM), RMS_E_THROTTLED);
    assert_int_equal(c.reply.retry_after_s, 1);
    rms_gate_leave(h->front.signin->gate);
}

static void ipv6_is_counted_by_its_network(void **state)
{
    char a[RMS_NETWORK_TEXT];
    char b[RMS_NETWORK_TEXT];

    (void)state;
    rms_signin_network("2001:db8:1:2::1", a);
    rms_signin_network("2001:db8:1:2:ffff::9", b);
    assert_string_equal(a, b);
    rms_signin_network("2001:db8:1:3::1", b);
    assert_string_not_equal(a, b);
    rms_signin_network("192.0.2.1", a);
    rms_signin_network("192.0.2.2", b);
    assert_string_not_equal(a, b);
}

static void a_disabled_account_is_told_so_only_with_its_password(void **state)
{
    struct house *h = *state;
    bool no = false;
    bool yes = true;
    CALL_CLEANUP struct call right;
    CALL_CLEANUP struct call wrong;

    assert_int_equal(
        rms_account_change(h->db, h->tenant_id, h->alice_id, &(struct rms_account_change){.enabled = &no}),
        0);
    assert_int_equal(post_token(&right, h, PASSWORD_FORM), RMS_E_NOT_AUTHENTICATED);
    assert_non_null(strstr(call_member(&right, "error_description"), "disabled"));
    assert_int_equal(post_token(&wrong, h, PASSWORD_FORM "x"), RMS_E_NOT_AUTHENTICATED);
    assert_null(strstr(call_member(&wrong, "error_description"), "disabled"));
    assert_int_equal(
        rms_account_change(h->db, h->tenant_id, h->alice_id, &(struct rms_account_change){.enabled = &yes}),
        0);
}

/* touches: S-048 */
static void a_person_of_another_tenant_signs_in_at_home(void **state)
{
    struct house *h = *state;
    CALL_CLEANUP struct call c;
    CALL_CLEANUP struct call d;

    assert_int_equal(
        post_token(
            &c, h, "grant_type=password&client_id=rms&username=fay%40fabrikam.test&password=correct+horse"),
        0);
    assert_int_equal(try_bearer(&d, h, call_member(&c, "access_token")), 0);
    assert_string_equal(d.request.tenant->row.id, h->other_id);
}

/* --- refresh tokens --------------------------------------------------------------------------------- */

static int refresh(struct call *c, struct house *h, const char *token)
{
    char body[256];

    (void)snprintf(body, sizeof body, "grant_type=refresh_token&client_id=rms&refresh_token=%s", token);
    return post_token(c, h, body);
}

static void refresh_tokens_rotate(void **state)
{
    CALL_CLEANUP struct call first;
    CALL_CLEANUP struct call second;
    CALL_CLEANUP struct call third;
    CALL_CLEANUP struct call use;

    assert_int_equal(post_token(&first, *state, PASSWORD_FORM), 0);
    assert_int_equal(refresh(&second, *state, call_member(&first, "refresh_token")), 0);
    assert_string_not_equal(call_member(&first, "refresh_token"), call_member(&second, "refresh_token"));
    assert_int_equal(try_bearer(&use, *state, call_member(&second, "access_token")), 0);
    assert_int_equal(refresh(&third, *state, call_member(&second, "refresh_token")), 0);
}

static void a_replayed_refresh_token_ends_its_family(void **state)
{
    CALL_CLEANUP struct call first;
    CALL_CLEANUP struct call second;
    CALL_CLEANUP struct call replay;
    CALL_CLEANUP struct call victim;

    assert_int_equal(post_token(&first, *state, PASSWORD_FORM), 0);
    assert_int_equal(refresh(&second, *state, call_member(&first, "refresh_token")), 0);
    assert_int_equal(refresh(&replay, *state, call_member(&first, "refresh_token")), RMS_E_NOT_AUTHENTICATED);
    assert_string_equal(call_member(&replay, "error"), "invalid_grant");
    assert_int_equal(
        refresh(&victim, *state, call_member(&second, "refresh_token")), RMS_E_NOT_AUTHENTICATED);
    assert_string_equal(call_member(&victim, "error"), "invalid_grant");
}

static void another_client_cannot_refresh(void **state)
{
    struct house *h = *state;
    CALL_CLEANUP struct call first;
    CALL_CLEANUP struct call other;
    CALL_CLEANUP struct call own;
    char body[256];

    assert_int_equal(post_token(&first, h, PASSWORD_FORM), 0);
    (void)snprintf(body, sizeof body, "grant_type=refresh_token&client_id=other&refresh_token=%s",
        call_member(&first, "refresh_token"));
    assert_int_equal(post_token(&other, h, body), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(refresh(&own, h, call_member(&first, "refresh_token")), 0);
}

static void refresh_tokens_expire_and_end_with_the_account(void **state)
{
    struct house *h = *state;
    CALL_CLEANUP struct call first;
    CALL_CLEANUP struct call late;
    CALL_CLEANUP struct call after;
    bool no = false;
    bool yes = true;

    assert_int_equal(post_token(&first, h, PASSWORD_FORM), 0);
    h->now += RMS_REFRESH_TOKEN_S + 1;
    assert_int_equal(refresh(&late, h, call_member(&first, "refresh_token")), RMS_E_NOT_AUTHENTICATED);
    h->now -= RMS_REFRESH_TOKEN_S + 1;
    assert_int_equal(
        rms_account_change(h->db, h->tenant_id, h->alice_id, &(struct rms_account_change){.enabled = &no}),
        0);
    assert_int_equal(
        rms_account_change(h->db, h->tenant_id, h->alice_id, &(struct rms_account_change){.enabled = &yes}),
        0);
    assert_int_equal(refresh(&after, h, call_member(&first, "refresh_token")), RMS_E_NOT_AUTHENTICATED);
}

/* While no token can be signed the presented one is not spent. */
static void a_refresh_token_survives_an_absent_keyd(void **state)
{
    CALL_CLEANUP struct call first;
    CALL_CLEANUP struct call away;
    CALL_CLEANUP struct call back;

    assert_int_equal(post_token(&first, *state, PASSWORD_FORM), 0);
    house_keyd_away = true;
    assert_true(refresh(&away, *state, call_member(&first, "refresh_token")) < 0);
    house_keyd_away = false;
    assert_string_equal(call_member(&away, "error"), "server_error");
    assert_int_equal(away.reply.status, 503);
    assert_int_equal(refresh(&back, *state, call_member(&first, "refresh_token")), 0);
}

static int revoke_token(struct call *c, struct house *h, const char *client, const char *token)
{
    call_begin(c, h, h->tenant_id);
    call_form(c, rms_arena_printf(c->arena, "client_id=%s&token=%s", client, token));
    return call_go(c, rms_signin_revoke);
}

static void revocation_always_says_yes(void **state)
{
    struct house *h = *state;
    CALL_CLEANUP struct call first;
    CALL_CLEANUP struct call unknown;
    CALL_CLEANUP struct call foreign;
    CALL_CLEANUP struct call still;
    CALL_CLEANUP struct call done;
    CALL_CLEANUP struct call after;

    assert_int_equal(post_token(&first, h, PASSWORD_FORM), 0);
    assert_int_equal(revoke_token(&unknown, h, "rms", "nonsense"), 0);
    assert_int_equal(revoke_token(&foreign, h, "other", call_member(&first, "refresh_token")), 0);
    assert_int_equal(refresh(&still, h, call_member(&first, "refresh_token")), 0);
    assert_int_equal(revoke_token(&done, h, "rms", call_member(&still, "refresh_token")), 0);
    assert_int_equal(refresh(&after, h, call_member(&still, "refresh_token")), RMS_E_NOT_AUTHENTICATED);
}

/* --- documents -------------------------------------------------------------------------------------- */

static void discovery_names_every_endpoint(void **state)
{
    static const char *const urls[] = {"authorization_endpoint", "token_endpoint", "jwks_uri",
        "device_authorization_endpoint", "revocation_endpoint"};
    struct house *h = *state;
    CALL_CLEANUP struct call c;
    char issuer[128];

    call_begin(&c, h, "CONTOSO.test"); /* the domain works too; the issuer is the one form */
    assert_int_equal(call_go(&c, rms_signin_configuration), 0);
    (void)snprintf(issuer, sizeof issuer, BASE "/%s", h->tenant_id);
    assert_string_equal(call_member(&c, "issuer"), issuer);
    for (size_t i = 0; i < RMS_COUNT(urls); i++) {
        assert_int_equal(strncmp(call_member(&c, urls[i]), issuer, strlen(issuer)), 0);
    }
    assert_string_equal(
        json_string_value(json_array_get(json_object_get(c.json, "code_challenge_methods_supported"), 0)),
        "S256");
}

static void keys_are_public_halves_only(void **state)
{
    struct house *h = *state;
    CALL_CLEANUP struct call c;
    CALL_CLEANUP struct call neutral;
    const json_t *key;

    call_begin(&c, h, h->tenant_id);
    assert_int_equal(call_go(&c, rms_signin_keys), 0);
    key = json_array_get(json_object_get(c.json, "keys"), 0);
    assert_string_equal(rms_json_str(key, "kty"), "EC");
    assert_string_equal(rms_json_str(key, "use"), "sig");
    assert_null(json_object_get(key, "d"));
    call_begin(&neutral, h, "common");
    assert_int_equal(call_go(&neutral, rms_signin_keys), 0);
    assert_int_equal(json_array_size(json_object_get(neutral.json, "keys")), 0);
}

static void unknown_authorities_are_not_found(void **state)
{
    static const char *const names[] = {"nobody.test", "00000000-0000-0000-0000-000000000000", "..", "x'--"};
    static const rms_handler handlers[] = {rms_signin_configuration, rms_signin_keys, rms_signin_authorize,
        rms_signin_token, rms_signin_revoke, rms_signin_devicecode, rms_signin_device};

    for (size_t i = 0; i < RMS_COUNT(names); i++) {
        for (size_t n = 0; n < RMS_COUNT(handlers); n++) {
            CALL_CLEANUP struct call c;

            call_begin(&c, *state, names[i]);
            assert_int_equal(call_go(&c, handlers[n]), RMS_E_NOT_FOUND);
        }
    }
}

static void the_realm_tells_nothing(void **state)
{
    static const char *const users[] = {
        "alice@contoso.test", "nobody@contoso.test", "x@unknown.test", "none"};

    for (size_t i = 0; i < RMS_COUNT(users); i++) {
        CALL_CLEANUP struct call c;

        call_begin(&c, *state, users[i]);
        assert_int_equal(call_go(&c, rms_signin_realm), 0);
        assert_string_equal(call_member(&c, "account_type"), "Managed");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_password_grant_gives_usable_tokens, house_calm),
        cmocka_unit_test_setup(tokens_say_who_and_for_whom, house_calm),
        cmocka_unit_test_setup(token_requests_that_are_refused, house_calm),
        cmocka_unit_test_setup(a_body_of_another_type_is_refused, house_calm),
        cmocka_unit_test_setup(wrong_passwords_are_slowed_down_alike, house_calm),
        cmocka_unit_test_setup(throttling_is_by_account_and_by_network, house_calm),
        cmocka_unit_test_setup(a_network_that_tries_many_accounts_is_stopped, house_calm),
        cmocka_unit_test_setup(guesses_from_everywhere_are_added_up, house_calm),
        cmocka_unit_test_setup(an_account_without_a_password_has_no_password, house_calm),
        cmocka_unit_test_setup(a_taken_gate_answers_at_once, house_calm),
        cmocka_unit_test_setup(ipv6_is_counted_by_its_network, house_calm),
        cmocka_unit_test_setup(a_disabled_account_is_told_so_only_with_its_password, house_calm),
        cmocka_unit_test_setup(a_person_of_another_tenant_signs_in_at_home, house_calm),
        cmocka_unit_test_setup(refresh_tokens_rotate, house_calm),
        cmocka_unit_test_setup(a_replayed_refresh_token_ends_its_family, house_calm),
        cmocka_unit_test_setup(another_client_cannot_refresh, house_calm),
        cmocka_unit_test_setup(refresh_tokens_expire_and_end_with_the_account, house_calm),
        cmocka_unit_test_setup(a_refresh_token_survives_an_absent_keyd, house_calm),
        cmocka_unit_test_setup(revocation_always_says_yes, house_calm),
        cmocka_unit_test_setup(discovery_names_every_endpoint, house_calm),
        cmocka_unit_test_setup(keys_are_public_halves_only, house_calm),
        cmocka_unit_test_setup(unknown_authorities_are_not_found, house_calm),
        cmocka_unit_test_setup(the_realm_tells_nothing, house_calm),
    };

    return cmocka_run_group_tests(tests, house_open, house_close);
}
