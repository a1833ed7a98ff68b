#include "service/signin_test.h"

#include <strings.h>

#include "service/token_challenge.h"

/* The public SDK's reader of the challenge (rest-protocol section 5, grammar): splits at every comma, drops
 * pairs that do not have exactly one '=', trims blanks and quotes. */
struct sdk {
    char authority[512];
    char realm[512];
    char resource[512];
};

static void sdk_trim(char *text)
{
    size_t len = strlen(text);
    size_t skip = strspn(text, " \"");

    while (len > skip && strchr(" \"", text[len - 1]) != NULL) {
        len--;
    }
    memmove(text, text + skip, len - skip);
    text[len - skip] = '\0';
}

static void sdk_pair(struct sdk *sdk, char *pair)
{
    char *equals = strchr(pair, '=');

    if (equals == NULL || strchr(equals + 1, '=') != NULL) {
        return;
    }
    *equals = '\0';
    sdk_trim(pair);
    sdk_trim(equals + 1);
    if (strcasecmp(pair, "authorization_uri") == 0 || strcasecmp(pair, "authorization") == 0) {
        (void)snprintf(sdk->authority, sizeof sdk->authority, "%s", equals + 1);
    } else if (strcasecmp(pair, "realm") == 0) {
        (void)snprintf(sdk->realm, sizeof sdk->realm, "%s", equals + 1);
    } else if (strcasecmp(pair, "resource") == 0) {
        (void)snprintf(sdk->resource, sizeof sdk->resource, "%s", equals + 1);
    }
}

static void sdk_read(const char *header, struct sdk *sdk)
{
    char text[4096];
    char *rest = text;
    char *pair;

    *sdk = (struct sdk){.authority = ""};
    assert_int_equal(strncasecmp(header, "Bearer ", 7), 0);
    (void)snprintf(text, sizeof text, "%s", header + 7);
    while ((pair = strsep(&rest, ",")) != NULL) {
        sdk_pair(sdk, pair);
    }
}

static void the_sdk_reads_what_is_written(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(4096);
    struct rms_challenge challenge = {"https://h.test/t/oauth2/authorize", "h.test", "https://h.test/"};
    struct sdk sdk;

    (void)state;
    assert_int_equal(rms_challenge_write(&challenge, &out), 0);
    assert_string_equal(rms_buf_text(&out), "Bearer authorization_uri=\"https://h.test/t/oauth2/authorize\", "
                                            "realm=\"h.test\", resource=\"https://h.test/\"");
    sdk_read(rms_buf_text(&out), &sdk);
    assert_string_equal(sdk.authority, challenge.authority);
    assert_string_equal(sdk.realm, challenge.realm);
    assert_string_equal(sdk.resource, challenge.resource);
}

static void what_the_sdk_would_drop_is_refused(void **state)
{
    static const char *const bad[] = {"", "a,b", "a=b", "a\"b", "a b", "a\r\nX: y", "a\\b", "a\x7f"};

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(bad); i++) {
        RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(4096);
        struct rms_challenge challenges[] = {{bad[i], "h", "r"}, {"a", bad[i], "r"}, {"a", "h", bad[i]}};

        for (size_t n = 0; n < RMS_COUNT(challenges); n++) {
            assert_int_equal(rms_challenge_write(&challenges[n], &out), RMS_E_BAD_ARGUMENT);
        }
    }
}

#define GUID "5d1b6f0e-7a40-4f5e-9f60-1f4a2c3d4e5f"

static void guids_of_a_licensing_url(void **state)
{
    static const struct {
        const char *url;
        int code;
    } cases[] = {
        {"https://" GUID ".rms.contoso.test/_wmcs/licensing", 0},
        {"https://rms.contoso.test/" GUID "/_wmcs/licensing", 0},
        {"https://rms.contoso.test:443/_wmcs/licensing?t=" GUID, 0},
        {"https://rms.contoso.test/_wmcs/licensing", RMS_E_NOT_FOUND},
        {"https://rms.contoso.test/x" GUID, RMS_E_NOT_FOUND},
        {"", RMS_E_NOT_FOUND},
        {"////", RMS_E_NOT_FOUND},
    };
    char guid[RMS_GUID_TEXT];

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        assert_int_equal(rms_challenge_guid(cases[i].url, 0, guid), cases[i].code);
        assert_int_equal(rms_challenge_guid(cases[i].url, 1, guid), RMS_E_NOT_FOUND);
    }
}

/* The authority's segment for a request with this query and header. */
static void segment_of(struct house *h, const char *query, const char *header, char *out, size_t size)
{
    CALL_CLEANUP struct call c;
    const char *value = NULL;
    struct sdk sdk;

    call_begin(&c, h, h->tenant_id);
    call_query(&c, query);
    if (header != NULL) {
        call_header(&c, "x-ms-rms-service-url", header);
    }
    assert_int_equal(rms_token_challenge(&h->front, &c.request, &value), 0);
    sdk_read(value, &sdk);
    assert_string_equal(sdk.realm, HOST);
    assert_string_equal(sdk.resource, BASE "/");
    between(sdk.authority, BASE "/", "/oauth2/authorize", out, size);
}

/* touches: S-279 */
static void the_challenge_names_the_tenant(void **state)
{
    struct house *h = *state;
    char segment[128];
    char url[256];

    segment_of(h, "email=alice@contoso.test", NULL, segment, sizeof segment);
    assert_string_equal(segment, h->tenant_id);
    segment_of(h, "email=FAY%40Fabrikam.test", NULL, segment, sizeof segment);
    assert_string_equal(segment, h->other_id);
    (void)snprintf(url, sizeof url, "https://%s.rms.test/_wmcs/licensing", h->other_id);
    segment_of(h, "", url, segment, sizeof segment);
    assert_string_equal(segment, h->other_id);
    (void)snprintf(url, sizeof url, "service=https://rms.test/%s/_wmcs/licensing", h->other_id);
    segment_of(h, url, NULL, segment, sizeof segment);
    assert_string_equal(segment, h->other_id);
}

/* Missing and existing accounts look alike, and so do unknown domains and no hint at all. */
static void the_challenge_tells_nothing_more(void **state)
{
    static const char *const neutral[] = {"", "email=x@unknown.test", "email=", "email=@",
        "email=contoso.test", "service=https://rms.contoso.test/_wmcs/licensing",
        "service=https://" GUID ".x/"};
    struct house *h = *state;
    char segment[128];

    segment_of(h, "email=nobody@contoso.test", NULL, segment, sizeof segment);
    assert_string_equal(segment, h->tenant_id);
    for (size_t i = 0; i < RMS_COUNT(neutral); i++) {
        segment_of(h, neutral[i], NULL, segment, sizeof segment);
        assert_string_equal(segment, RMS_AUTHORITY_COMMON);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sdk_reads_what_is_written),
        cmocka_unit_test(what_the_sdk_would_drop_is_refused),
        cmocka_unit_test(guids_of_a_licensing_url),
        cmocka_unit_test(the_challenge_names_the_tenant),
        cmocka_unit_test(the_challenge_tells_nothing_more),
    };

    return cmocka_run_group_tests(tests, house_open, house_close);
}
