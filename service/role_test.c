/* Every administrative route against every role: who gets through, and where he does not. */
#include "service/front_test.h"

#include "service/role.h"
#include "store/role.h"

#define SECRET_TEXT "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* One account for each role, then one without. */
static const char *const people[RMS_ROLE_COUNT + 1] = {
    [RMS_ROLE_GLOBAL] = "root@contoso.test",
    [RMS_ROLE_CONNECTOR] = "conadm@contoso.test",
    [RMS_ROLE_PROTECTION] = "ipadm@contoso.test",
    [RMS_ROLE_READER] = "aud@contoso.test",
    [RMS_ROLE_COUNT] = "bob@contoso.test",
};

/* doc/dev/roles.md, written down a second time: r root, p protection, a reader, c connector. */
static const char *const reached_by[RMS_AREA_COUNT] = {
    [RMS_AREA_NONE] = "",
    [RMS_AREA_SESSION] = "rpac",
    [RMS_AREA_REPORT] = "rpa",
    [RMS_AREA_SERVICE] = "rp",
    [RMS_AREA_TEMPLATE] = "rp",
    [RMS_AREA_SUPER] = "rp",
    [RMS_AREA_HELP] = "rp",
    [RMS_AREA_PEOPLE] = "r",
    [RMS_AREA_TRACKING] = "r",
};
static const char letters[RMS_ROLE_COUNT + 1] = {[RMS_ROLE_GLOBAL] = 'r',
    [RMS_ROLE_CONNECTOR] = 'c',
    [RMS_ROLE_PROTECTION] = 'p',
    [RMS_ROLE_READER] = 'a',
    'x'};

/* What is checked behind the token. session NULL: no header. */
struct attempt {
    const struct rms_route *route;
    const char *who;
    const char *tenant;
    const char *session;
    int64_t now;
};

static int check(const struct attempt *a)
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(1u << 20);
    const struct rms_pair header = {RMS_ADMIN_SESSION_HEADER, a->session};
    struct rms_request request = {.worker = &stage.worker,
        .arena = arena,
        .route = a->route,
        .headers = &header,
        .header_count = a->session != NULL,
        .params = {a->tenant},
        .param_count = strstr(a->route->pattern, "{}") != NULL,
        .now = a->now != 0 ? a->now : stage.now};
    const struct stage_who who = as(a->who);
    stage_person(&request, &who);
    int code = rms_role_check(&request);
    rms_request_unpin(&request);
    rms_directory_unref(&request.person);
    return code;
}

static const char *account_id(const char *address)
{
    assert_int_equal(
        stage_admin(stage_printf("GET /admin/v1/tenants/%s/users/%s", stage.contoso, address), NULL), 0);
    return stage_printf("%s", stage_text("Id"));
}

static void begin_session(const char *address)
{
    struct rms_admin_session session = {.tenant_id = stage.contoso, .account_id = account_id(address)};
    /* a secret for each: the hash is the key */
    rms_hash(RMS_SHA256,
        rms_view_str(stage_printf("%.*s%s", 64 - (int)strlen(address), SECRET_TEXT, address)), session.hash);
    assert_int_equal(rms_admin_session_begin(stage.worker.db, &session, stage.now), 0);
}

static const char *secret_of(const char *address)
{
    return stage_printf("%.*s%s", 64 - (int)strlen(address), SECRET_TEXT, address);
}

static int role_call(const char *how, const char *who, const char *role)
{
    return stage_admin(stage_printf("POST /admin/v1/tenants/%s/roles%s", stage.contoso, how),
        stage_printf("{\"Member\":\"%s\",\"Role\":\"%s\"}", who, role));
}

static int open_people(void **state)
{
    RMS_TRY(stage_open(state));
    for (unsigned i = 0; i < RMS_ROLE_COUNT; i++) {
        stage_user(stage.contoso, people[i]);
        assert_int_equal(role_call("", people[i], rms_role_name((enum rms_role)i)), 0);
        begin_session(people[i]);
    }
    return 0;
}

/* touches: S-001, S-018, S-019, S-022 */
static void every_route_and_every_role(void **state)
{
    size_t rows = 0;
    (void)state;
    for (const struct rms_route *row = rms_routes; row->pattern != NULL; row++) {
        if (row->who != RMS_WHO_ADMIN) {
            continue;
        }
        rows++;
        for (unsigned i = 0; i <= RMS_ROLE_COUNT; i++) {
            bool may = strchr(reached_by[row->area], letters[i]) != NULL;
            struct attempt a = {
                .route = row, .who = people[i], .tenant = "contoso.test", .session = secret_of(people[i])};
            bool begins = row->area == RMS_AREA_SESSION;
            assert_int_equal(check(&a), may ? 0 : RMS_E_ROLE_REQUIRED);
            a.tenant = "-"; /* his own, whatever else there is */
            assert_int_equal(check(&a), may ? 0 : RMS_E_ROLE_REQUIRED);
            /* somebody else's tenant, and none: one answer, and none at all without the role */
            a.tenant = "fabrikam.test";
            assert_int_equal(check(&a), !may ? RMS_E_ROLE_REQUIRED : begins ? 0 : RMS_E_NOT_FOUND);
            a.tenant = "nobody.test";
            assert_int_equal(check(&a), !may ? RMS_E_ROLE_REQUIRED : begins ? 0 : RMS_E_NOT_FOUND);
            /* no session, a wrong one, another administrator's */
            a.tenant = "contoso.test";
            for (size_t k = 0; k < 3; k++) {
                a.session = k == 0   ? NULL
                            : k == 1 ? SECRET_TEXT
                                     : secret_of(people[(i + 1) % RMS_ROLE_COUNT]);
                assert_int_equal(check(&a), !may     ? RMS_E_ROLE_REQUIRED
                                            : begins ? 0
                                                     : RMS_E_NOT_AUTHENTICATED);
            }
        }
        /* a person of the other organisation, in whatever tenant he names */
        struct attempt a = {.route = row,
            .who = "fay@fabrikam.test",
            .tenant = "contoso.test",
            .session = secret_of(people[0])};
        assert_int_equal(check(&a), RMS_E_ROLE_REQUIRED);
    }
    assert_true(rows > 40);
}

static const struct rms_route *templates_route(void)
{
    const struct rms_route *row = rms_routes;
    while (row->pattern != NULL && (row->area != RMS_AREA_TEMPLATE || row->methods != RMS_METHOD_GET)) {
        row++;
    }
    return row;
}

/* touches: S-021 */
static void sessions_end_by_themselves(void **state)
{
    struct attempt a = {.route = templates_route(),
        .who = "root@contoso.test",
        .tenant = "-",
        .session = secret_of("root@contoso.test")};
    (void)state;
    for (int64_t t = 0; t < RMS_ADMIN_LONGEST_S; t += 14 * 60) { /* busy: it goes on */
        a.now = stage.now + t;
        assert_int_equal(check(&a), 0);
    }
    a.now = stage.now + RMS_ADMIN_LONGEST_S; /* but not for ever */
    assert_int_equal(check(&a), RMS_E_NOT_AUTHENTICATED);
    a.who = "ipadm@contoso.test";
    a.session = secret_of(a.who);
    a.now = stage.now + 15 * 60; /* idle since it began */
    assert_int_equal(check(&a), RMS_E_NOT_AUTHENTICATED);
    a.now = stage.now;
    assert_int_equal(check(&a), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_and_every_role),
        cmocka_unit_test(sessions_end_by_themselves),
    };
    return cmocka_run_group_tests(tests, open_people, stage_close);
}
