#include "client/challenge.h"

#include "base/test.h"

#define AUTHORITY "https://login.contoso.example/5d1b/oauth2/authorize"

/* The grammar and the table of rest-protocol section 5. */
static void accepted(void **state)
{
    static const struct {
        const char *header, *authority, *resource, *scope;
    } rows[] = {
        {"Bearer authorization_uri=\"" AUTHORITY "\", realm=\"rms.contoso.example\", "
         "resource=\"https://rms.contoso.example/\"",
            AUTHORITY, "https://rms.contoso.example/", "rms.contoso.example"},
        {"bearer authorization=" AUTHORITY ",realm=r,scope=s", AUTHORITY, "r", "s"},
        {"BEARER Authorization_URI = \"" AUTHORITY "\" , Resource = x", AUTHORITY, "x", ""},
        {"Bearer authorization=\"" AUTHORITY "?flow=passcode\", resource=x", AUTHORITY "?flow=passcode", "x",
            ""},
        {"Bearer authorization=" AUTHORITY ",,broken,realm=r", AUTHORITY, "r", ""},
        {"Bearer authorization=" AUTHORITY ", authorization=https://evil.example/x", AUTHORITY, "", ""},
    };

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(65536);
        struct rms_parsed_challenge challenge;

        assert_int_equal(rms_challenge_parse(arena, rows[i].header, &challenge), 0);
        assert_string_equal(challenge.authority, rows[i].authority);
        assert_string_equal(challenge.resource, rows[i].resource);
        assert_string_equal(challenge.scope, rows[i].scope);
    }
}

static void refused(void **state)
{
    static const char *const rows[] = {
        "",
        "Bearer",
        "Bearer,realm=x",
        "Basic realm=x",
        "Negotiate",
        "Bearer realm=x",
        "Bearer authorization=",
        "Bearer authorization=http://login.contoso.example/a/oauth2/authorize",
        "Bearer authorization=https://login.contoso.example",
        "Bearer authorization=ftp://x/y",
        "Bearer authorization=https://login.contoso.example/a\nb",
    };

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(65536);
        struct rms_parsed_challenge challenge;

        assert_int_equal(rms_challenge_parse(arena, rows[i], &challenge), RMS_E_NOT_AUTHENTICATED);
    }
}

static void endpoints(void **state)
{
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(65536);

    (void)state;
    assert_string_equal(
        rms_challenge_endpoint(arena, AUTHORITY, "token"), "https://login.contoso.example/5d1b/oauth2/token");
    assert_string_equal(rms_challenge_endpoint(arena, "https://a.example/t/authorize?x=/y", "token"),
        "https://a.example/t/token");
    assert_null(rms_challenge_endpoint(arena, "https://a.example", "token"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepted),
        cmocka_unit_test(refused),
        cmocka_unit_test(endpoints),
    };

    return cmocka_run_group_tests_name("client challenge", tests, NULL, NULL);
}
