#include "base/test.h"

#include "service/route.h"

struct sought {
    const char *path;
    enum rms_method method;
    const char *pattern; /* NULL: not found */
    int code;
    const char *param; /* the first */
};

static const struct sought cases[] = {
    {"/my/v2/templates", RMS_METHOD_GET, "/my/v1|v2/templates", 0, NULL},
    {"/my/v1/templates", RMS_METHOD_GET, "/my/v1|v2/templates", 0, NULL},
    {"/MY/V2/Templates", RMS_METHOD_GET, "/my/v1|v2/templates", 0, NULL},
    {"/my/v2/templates/", RMS_METHOD_GET, "/my/v1|v2/templates", 0, NULL},
    {"/my/v2/templates", RMS_METHOD_HEAD, "/my/v1|v2/templates", 0, NULL},
    {"/my/v2/templates", RMS_METHOD_POST, NULL, RMS_E_METHOD, NULL},
    {"/my/v2/enduserlicenses", RMS_METHOD_GET, NULL, RMS_E_METHOD, NULL},
    {"/my/v2/enduserlicenses", RMS_METHOD_OTHER, NULL, RMS_E_METHOD, NULL},
    {"/my/v3/templates", RMS_METHOD_GET, NULL, RMS_E_NOT_FOUND, NULL},
    {"/my/v1|v2/templates", RMS_METHOD_GET, NULL, RMS_E_NOT_FOUND, NULL},
    {"/my/v2/template", RMS_METHOD_GET, NULL, RMS_E_NOT_FOUND, NULL},
    {"/my/v2/templates/x", RMS_METHOD_GET, NULL, RMS_E_NOT_FOUND, NULL},
    {"/my/v2//templates", RMS_METHOD_GET, NULL, RMS_E_NOT_FOUND, NULL},
    {"//my/v2/templates", RMS_METHOD_GET, NULL, RMS_E_NOT_FOUND, NULL},
    {"/my/v2/%74emplates", RMS_METHOD_GET, NULL, RMS_E_NOT_FOUND, NULL},
    {"/my/v2/../v2/templates", RMS_METHOD_GET, NULL, RMS_E_NOT_FOUND, NULL},
    {"/", RMS_METHOD_GET, NULL, RMS_E_NOT_FOUND, NULL},
    {"/decommission", RMS_METHOD_GET, NULL, RMS_E_NOT_FOUND, NULL}, /* S-032 */
    {"/_wmcs/decommission", RMS_METHOD_POST, NULL, RMS_E_NOT_FOUND, NULL},
    {"/_wmcs/licensing", RMS_METHOD_GET, "/_wmcs/licensing", 0, NULL},
    {"/_wmcs/licensing", RMS_METHOD_POST, NULL, RMS_E_METHOD, NULL},
    {"/my/v2/clientlogs/debug", RMS_METHOD_POST, "/my/v1|v2/clientlogs/debug", 0, NULL},
    {"/contoso.test/oauth2/token", RMS_METHOD_POST, "/{}/oauth2/token", 0, "contoso.test"},
    {"/a%20b/oauth2/token", RMS_METHOD_POST, "/{}/oauth2/token", 0, "a b"},
    {"//oauth2/token", RMS_METHOD_POST, NULL, RMS_E_NOT_FOUND, NULL},
    {"/admin/v1/tenants/T/templates/a%5Cb", RMS_METHOD_GET, "/admin/v1/tenants/{}/templates/{}", 0, "T"},
    {"/admin/v1/tenants/T/groups/refresh", RMS_METHOD_POST, "/admin/v1/tenants/{}/groups/refresh", 0, "T"},
    {"/admin/v1/tenants/T/groups/refresh", RMS_METHOD_GET, "/admin/v1/tenants/{}/groups/{}", 0, "T"},
};

static void paths_find_their_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(65536);
        struct rms_request request = {.path = cases[i].path, .method = cases[i].method, .arena = arena};
        unsigned allowed = 0;
        assert_int_equal(rms_route_find(&request, &allowed), cases[i].code);
        assert_int_equal(allowed != 0, cases[i].code != RMS_E_NOT_FOUND);
        if (cases[i].pattern == NULL) {
            assert_null(request.route);
            continue;
        }
        assert_string_equal(request.route->pattern, cases[i].pattern);
        assert_int_equal(rms_route_params(&request), 0);
        assert_int_equal(request.param_count > 0, cases[i].param != NULL);
        if (cases[i].param != NULL) {
            assert_string_equal(request.params[0], cases[i].param);
        }
    }
}

static void bad_escapes_in_parameters_are_refused(void **state)
{
    static const char *const paths[] = {"/%00/oauth2/token", "/%zz/oauth2/token", "/%ff/oauth2/token"};
    (void)state;
    for (size_t i = 0; i < RMS_COUNT(paths); i++) {
        RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(65536);
        struct rms_request request = {.path = paths[i], .method = RMS_METHOD_POST, .arena = arena};
        unsigned allowed = 0;
        assert_int_equal(rms_route_find(&request, &allowed), 0);
        assert_int_equal(rms_route_params(&request), RMS_E_BAD_ARGUMENT);
    }
}

/* What every row must say, so that a forgotten field cannot open a door. */
static void the_table_is_complete(void **state)
{
    (void)state;
    for (const struct rms_route *row = rms_routes; row->pattern != NULL; row++) {
        assert_non_null(row->handler);
        assert_int_not_equal(row->methods, 0);
        assert_int_equal(row->pattern[0], '/');
        bool admin = strncmp(row->pattern, "/admin/", 7) == 0;
        bool my = strncmp(row->pattern, "/my/", 4) == 0;
        assert_int_equal(row->who == RMS_WHO_OPERATOR || row->who == RMS_WHO_ADMIN, admin);
        bool for_others = row->area == RMS_AREA_OPEN || row->area == RMS_AREA_PROTECT;
        assert_true(!for_others || row->who == RMS_WHO_BEARER);
        assert_int_equal(row->area != RMS_AREA_NONE && !for_others, row->who == RMS_WHO_ADMIN);
        assert_int_equal(rms_area_roles(row->area) != 0, row->who == RMS_WHO_ADMIN);
        if (row->who == RMS_WHO_ADMIN && row->area != RMS_AREA_SESSION) { /* whose, is always in the path */
            assert_memory_equal(row->pattern, "/admin/v1/tenants/{}", strlen("/admin/v1/tenants/{}"));
        }
        bool scim = strncmp(row->pattern, "/{}/scim/", 9) == 0;
        bool changes = (row->methods & ~(unsigned)RMS_METHOD_GET) != 0;
        assert_int_equal(row->who == RMS_WHO_PUSHER, scim);
        assert_int_equal(row->log == RMS_LOG_ADMIN, admin || (scim && changes));
        assert_int_equal(row->who == RMS_WHO_BEARER, my);
        assert_int_equal(row->log == RMS_LOG_USAGE, my);
        bool own = strncmp(row->pattern, "/my/v1|v2/documents", strlen("/my/v1|v2/documents")) == 0;
        bool told = strcmp(row->pattern, "/my/v1|v2/documents/{}/refusals") == 0; /* what was, is no change */
        assert_int_equal(
            row->rehearsed, admin || (own && changes && !told)); /* nothing that hands out a licence */
        if (row->log != RMS_LOG_NONE) {
            assert_non_null(row->request_type);
        }
        if ((row->methods & RMS_METHOD_POST) != 0) {
            assert_true(row->body_max > 0);
        }
    }
}

/* The table for the test of bad input (test/scenario/badinput), a row a line: who, methods, longest body,
 * pattern. */
static int print_table(void)
{
    static const char *const who[] = {[RMS_WHO_ANYONE] = "anyone",
        [RMS_WHO_BEARER] = "bearer",
        [RMS_WHO_PUSHER] = "pusher",
        [RMS_WHO_MONITOR] = "operator",
        [RMS_WHO_OPERATOR] = "operator",
        [RMS_WHO_ADMIN] = "operator"}; /* at its socket */
    static const struct {
        unsigned bit;
        const char *name;
    } methods[] = {{RMS_METHOD_GET, "GET"}, {RMS_METHOD_POST, "POST"}, {RMS_METHOD_PUT, "PUT"},
        {RMS_METHOD_PATCH, "PATCH"}, {RMS_METHOD_DELETE, "DELETE"}};
    for (const struct rms_route *row = rms_routes; row->pattern != NULL; row++) {
        printf("%s ", who[row->who]);
        for (size_t i = 0; i < RMS_COUNT(methods); i++) {
            printf("%s", (row->methods & methods[i].bit) != 0 ? methods[i].name : "");
            printf("%s", (row->methods & methods[i].bit) != 0 ? "," : "");
        }
        printf(" %zu %s\n", row->body_max, row->pattern);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--print") == 0) {
        return print_table();
    }

    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_find_their_row),
        cmocka_unit_test(bad_escapes_in_parameters_are_refused),
        cmocka_unit_test(the_table_is_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
