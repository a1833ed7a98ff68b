#include "base/test.h"

#include <string.h>

#include "service/signin_rule.h"

/* RFC 7636 appendix B. */
#define VERIFIER  "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

static void pkce_accepts_the_rfc_vector(void **state)
{
    (void)state;
    assert_true(rms_pkce_challenge_valid(CHALLENGE));
    assert_true(rms_pkce_verify(VERIFIER, CHALLENGE));
}

static void pkce_refuses(void **state)
{
    static const struct {
        const char *verifier;
        const char *challenge;
    } cases[] = {
        {"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl", CHALLENGE}, /* another verifier */
        {CHALLENGE, CHALLENGE},                                     /* "plain" */
        {"", CHALLENGE},
        {"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjX", CHALLENGE},  /* 42 characters */
        {"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjX=", CHALLENGE}, /* not unreserved */
        {VERIFIER, ""},
        {VERIFIER, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c"},
        {VERIFIER, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c="},
        {VERIFIER, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cMM"},
    };
    char longest[130];

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        assert_false(rms_pkce_verify(cases[i].verifier, cases[i].challenge));
    }
    memset(longest, 'a', 129);
    longest[129] = '\0';
    assert_false(rms_pkce_verify(longest, CHALLENGE));
}

static void redirects_match(void **state)
{
    static const struct {
        const char *registered;
        const char *uri;
        bool match;
    } cases[] = {
        {"https://app.test/cb", "https://app.test/cb", true},
        {"https://app.test/cb", "https://app.test/cb/", false},
        {"https://app.test/cb", "https://app.test/cb?x=1", false},
        {"https://app.test/cb", "https://app.test/CB", false},
        {"https://app.test/cb", "https://app.test/cb#x", false},
        {"https://app.test/cb", "http://app.test/cb", false},
        {"https://app.test/cb", "https://app.test:443/cb", false},
        {"https://app.test/cb", "https://app.test/cb\r\nX: y", false},
        {"https://app.test/cb", "", false},
        {"com.example.app:/cb", "com.example.app:/cb", true},
        {"com.example.app:/cb", "com.example.app:/cc", false},
        {"http://127.0.0.1:*", "http://127.0.0.1:49152", true},
        {"http://127.0.0.1:*", "http://127.0.0.1:1/", true},
        {"http://127.0.0.1:*", "http://127.0.0.1:65535/callback", true},
        {"http://127.0.0.1:*", "http://127.0.0.1:123456/", false},
        {"http://127.0.0.1:*", "http://127.0.0.1:/", false},
        {"http://127.0.0.1:*", "http://127.0.0.1/", false},
        {"http://127.0.0.1:*", "https://127.0.0.1:80/", false},
        {"http://127.0.0.1:*", "http://127.0.0.1:80@evil.test/", false},
        {"http://127.0.0.1:*", "http://127.0.0.1:80.evil.test/", false},
        {"http://127.0.0.1:*", "http://127.0.0.1:80/?x=1", false},
        {"http://127.0.0.1:*", "http://127.0.0.1:80/%0d", false},
        {"http://127.0.0.1:*", "http://127.0.0.2:80/", false},
        {"http://127.0.0.1:*", "http://localhost:80/", false},
        {"http://127.0.0.1:*", "http://127.0.0.1:*", false},
        {"http://localhost:*", "http://localhost:8400/", true},
        {"http://[::1]:*", "http://[::1]:8400/x", true},
        {"http://localhost:*/cb", "http://localhost:8400/cb", true},
        {"http://localhost:*/cb", "http://localhost:8400/", false},
        {"https://app.test:*", "https://app.test:8400", false},
        {"http://app.test:*", "http://app.test:8400", false},
    };

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        if (rms_redirect_match(cases[i].registered, cases[i].uri) != cases[i].match) {
            fail_msg("%s against %s", cases[i].uri, cases[i].registered);
        }
    }
}

static void only_safe_redirects_are_registered(void **state)
{
    static const char *const good[] = {"https://app.test/cb", "https://app.test", "http://127.0.0.1:*",
        "http://localhost:8080/cb", "http://[::1]:*/cb", "com.example.app:/cb", "com.example.app://cb"};
    static const char *const bad[] = {"", "http://app.test/cb", "https://", "https:cb", "https://u@app.test/",
        "https://app.test/#f", "https://app.test:*/", "javascript:alert(1)", "data:text/html,x", "app:/cb",
        "http://127.0.0.1:80@evil.test/", "//app.test/cb", "/cb", "https://app.test/ x", "HTTPS://app.test/",
        "com.example.*:/cb"};

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(good); i++) {
        if (!rms_redirect_acceptable(good[i])) {
            fail_msg("%s", good[i]);
        }
    }
    for (size_t i = 0; i < RMS_COUNT(bad); i++) {
        if (rms_redirect_acceptable(bad[i])) {
            fail_msg("%s", bad[i]);
        }
    }
}

static void redirect_sources(void **state)
{
    static const struct {
        const char *uri;
        const char *source;
    } cases[] = {
        {"https://app.test/cb?x", "https://app.test"},
        {"https://app.test", "https://app.test"},
        {"http://127.0.0.1:8400/", "http://127.0.0.1:8400"},
        {"http://[::1]:8400/", "http:"}, /* no form for IPv6 in a source expression */
        {"https://a;script-src x/", "https:"},
        {"com.example.app:/cb", "com.example.app:"},
        {"com.example.app://cb", "com.example.app:"},
        {"", ""},
        {"x", ""},
    };

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(2048);

        rms_redirect_source(cases[i].uri, &out);
        assert_string_equal(rms_buf_text(&out), cases[i].source);
    }
}

static void scopes(void **state)
{
    (void)state;
    assert_true(rms_scope_has("openid profile", "openid"));
    assert_true(rms_scope_has("profile  openid", "openid"));
    assert_false(rms_scope_has("openidx", "openid"));
    assert_false(rms_scope_has("xopenid", "openid"));
    assert_false(rms_scope_has("", "openid"));
    assert_false(rms_scope_has(NULL, "openid"));
}

static void user_codes(void **state)
{
    static const char *const bad[] = {
        "", "BCDF", "BCDF-GHJKL", "BCDF-GHJA", "BCDF-GHJ1", "BCDF_GHJK", "BCDF-GHJ\xc3\x84"};
    char code[RMS_USER_CODE_TEXT];
    char again[RMS_USER_CODE_TEXT];
    char shown[RMS_USER_CODE_SHOWN];

    (void)state;
    assert_int_equal(rms_user_code_parse(" bcdf-ghjk ", code), 0);
    assert_string_equal(code, "BCDFGHJK");
    rms_user_code_show(code, shown);
    assert_string_equal(shown, "BCDF-GHJK");
    for (size_t i = 0; i < RMS_COUNT(bad); i++) {
        assert_int_equal(rms_user_code_parse(bad[i], code), RMS_E_BAD_ARGUMENT);
    }
    for (size_t i = 0; i < 100; i++) {
        rms_user_code_new(code);
        assert_int_equal(rms_user_code_parse(code, again), 0);
        assert_string_equal(code, again);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pkce_accepts_the_rfc_vector),
        cmocka_unit_test(pkce_refuses),
        cmocka_unit_test(redirects_match),
        cmocka_unit_test(only_safe_redirects_are_registered),
        cmocka_unit_test(redirect_sources),
        cmocka_unit_test(scopes),
        cmocka_unit_test(user_codes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
