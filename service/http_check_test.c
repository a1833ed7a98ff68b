#include "base/test.h"

#include <stdlib.h>

#include "service/http.h"

#define FIELDS_MAX 5

/* touches: S-317 */
static void framing_is_checked(void **state)
{
    static const struct {
        struct rms_pair fields[FIELDS_MAX];
        bool good;
    } cases[] = {
        {{{"Host", "rms.contoso.test"}}, true},
        {{{"host", "rms.contoso.test:8443"}, {"Content-Length", "10"}}, true},
        {{{"Host", "[::1]:8443"}, {"Transfer-Encoding", "chunked"}}, true},
        {{{"Host", "x"}, {"Transfer-Encoding", "Chunked"}}, true},
        {{{"Content-Length", "10"}}, false},
        {{{"Host", ""}}, false},
        {{{"Host", "a"}, {"Host", "a"}}, false},
        {{{"Host", "a"}, {"HOST", "b"}}, false},
        {{{"Host", "a b"}}, false},
        {{{"Host", "a/b"}}, false},
        {{{"Host", "user@a"}}, false},
        {{{"Host", "a"}, {"Content-Length", "10"}, {"Content-Length", "10"}}, false},
        {{{"Host", "a"}, {"Content-Length", "10"}, {"content-length", "11"}}, false},
        {{{"Host", "a"}, {"Content-Length", "10"}, {"Transfer-Encoding", "chunked"}}, false},
        {{{"Host", "a"}, {"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}}, false},
        {{{"Host", "a"}, {"Transfer-Encoding", "gzip, chunked"}}, false},
        {{{"Host", "a"}, {"Transfer-Encoding", "identity"}}, false},
        {{{"Host", "a"}, {"Content-Length", "+10"}}, false},
        {{{"Host", "a"}, {"Content-Length", "-1"}}, false},
        {{{"Host", "a"}, {"Content-Length", "0x10"}}, false},
        {{{"Host", "a"}, {"Content-Length", "10 "}}, false},
        {{{"Host", "a"}, {"Content-Length", ""}}, false},
        {{{"Host", "a"}, {"Content-Length", "1234567890123456"}}, false},
        {{{"Host", "a"}, {"Content-Length", "1, 1"}}, false},
        {{{"Host", "a"}, {"Authorization", "Bearer x"}}, true},
        {{{"Host", "a"}, {"Authorization", "Bearer x"}, {"authorization", "Bearer y"}}, false},
    };
    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        size_t count = 0;
        const char *detail = NULL;
        while (count < FIELDS_MAX && cases[i].fields[count].name != NULL) {
            count++;
        }
        int rc = rms_http_check(cases[i].fields, count, &detail);
        assert_int_equal(rc, cases[i].good ? 0 : RMS_E_BAD_ARGUMENT);
        assert_int_equal(detail == NULL, cases[i].good);
    }
}

static void targets_are_split(void **state)
{
    static const struct {
        const char *uri;
        const char *path; /* NULL: refused */
        const char *query;
    } cases[] = {
        {"/", "/", ""},
        {"/my/v2/templates", "/my/v2/templates", ""},
        {"/a?email=x@y", "/a", "email=x@y"},
        {"/a?b?c", "/a", "b?c"},
        {"/a?", "/a", ""},
        {"/a%2f..%2fb", "/a%2f..%2fb", ""},
        {"", NULL, NULL},
        {"*", NULL, NULL},
        {"a/b", NULL, NULL},
        {"https://other.test/my/v2/templates", NULL, NULL},
        {"/a\tb", NULL, NULL},
        {"/a\x01", NULL, NULL},
        {"/a\xff", NULL, NULL},
        {"/a#b", NULL, NULL},
        {"/a\\b", NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        char *uri = strdup(cases[i].uri);
        const char *path = NULL;
        const char *query = NULL;
        int rc = rms_http_split_uri(uri, &path, &query);
        if (cases[i].path == NULL) {
            assert_int_equal(rc, RMS_E_BAD_ARGUMENT);
        } else {
            assert_int_equal(rc, 0);
            assert_string_equal(path, cases[i].path);
            assert_string_equal(query, cases[i].query);
        }
        free(uri);
    }
}

static void long_paths_are_refused(void **state)
{
    char uri[RMS_HTTP_PATH_MAX + 10];
    const char *path = NULL;
    const char *query = NULL;
    (void)state;
    memset(uri, 'a', sizeof uri);
    uri[0] = '/';
    uri[RMS_HTTP_PATH_MAX] = '\0';
    assert_int_equal(rms_http_split_uri(uri, &path, &query), 0);
    uri[RMS_HTTP_PATH_MAX] = 'a';
    uri[RMS_HTTP_PATH_MAX + 1] = '\0';
    assert_int_equal(rms_http_split_uri(uri, &path, &query), RMS_E_BAD_ARGUMENT);
}

static void methods_are_exact(void **state)
{
    (void)state;
    assert_int_equal(rms_http_method("GET"), RMS_METHOD_GET);
    assert_int_equal(rms_http_method("POST"), RMS_METHOD_POST);
    assert_int_equal(rms_http_method("DELETE"), RMS_METHOD_DELETE);
    assert_int_equal(rms_http_method("HEAD"), RMS_METHOD_HEAD);
    assert_int_equal(rms_http_method("get"), RMS_METHOD_OTHER);
    assert_int_equal(rms_http_method("TRACE"), RMS_METHOD_OTHER);
    assert_int_equal(rms_http_method(""), RMS_METHOD_OTHER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(framing_is_checked),
        cmocka_unit_test(targets_are_split),
        cmocka_unit_test(long_paths_are_refused),
        cmocka_unit_test(methods_are_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
