#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "policy/policy.h"

#define ALL_STAFF_LOWER "allstaff-7184ab3f-ccd1-46f3-8233-3e09e9cf0e66"

static int setup(void **state)
{
    *state = rms_arena_new(1 << 16);
    return *state == NULL;
}

static int teardown(void **state)
{
    rms_arena_free((struct rms_arena **)state);
    return 0;
}

static const struct {
    const char *text;
    enum rms_principal principal;
    const char *address;
    const char *back;
} read[] = {
    {"Bob@Contoso.Test", RMS_PRINCIPAL_ADDRESS, "bob@contoso.test", "bob@contoso.test"},
    {RMS_ALL_STAFF "@contoso.test", RMS_PRINCIPAL_DOMAIN, "contoso.test", RMS_ALL_STAFF "@contoso.test"},
    {ALL_STAFF_LOWER "@FABRIKAM.test", RMS_PRINCIPAL_DOMAIN, "fabrikam.test", RMS_ALL_STAFF "@fabrikam.test"},
    {"Fabrikam.Test", RMS_PRINCIPAL_DOMAIN, "fabrikam.test", RMS_ALL_STAFF "@fabrikam.test"},
    {"any-authenticated", RMS_PRINCIPAL_ANYONE, NULL, "any-authenticated"},
    {"IPC_USER_ID_OWNER", RMS_PRINCIPAL_OWNER, NULL, "IPC_USER_ID_OWNER"},
};

/* touches: S-050, S-054, S-297, C-063 */
static void principals_are_read_and_written(void **state)
{
    size_t i;

    for (i = 0; i < sizeof read / sizeof read[0]; i++) {
        struct rms_grant grant;

        rms_grant_init(&grant);
        assert_int_equal(rms_grant_set_principal(*state, &grant, read[i].text), 0);
        assert_int_equal(grant.principal, read[i].principal);
        if (read[i].address != NULL) {
            assert_string_equal(grant.address, read[i].address);
        } else {
            assert_null(grant.address);
        }
        assert_int_equal(rms_grant_check_principal(&grant), 0);
        assert_string_equal(rms_grant_principal_text(*state, &grant), read[i].back);
    }
}

/* touches: S-050, S-054, S-092, S-297, C-063 */
static void malformed_principals_are_refused(void **state)
{
    static const char *const wrong[] = {"", "@", "bob", "bob@", "@contoso.test", "bob@@contoso.test",
        "localhost", "contoso.test,fabrikam.test", "contoso.test fabrikam.test", ".test", "contoso..test",
        "ANYONE", "Anyone", "bo\nb@contoso.test", RMS_ALL_STAFF "@", RMS_ALL_STAFF "@localhost",
        RMS_ALL_STAFF};
    struct rms_grant grant = {.principal = RMS_PRINCIPAL_ADDRESS, .address = "kept@contoso.test"};
    char endless[400];
    size_t i;

    for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(rms_grant_set_principal(*state, &grant, wrong[i]), RMS_E_BAD_ARGUMENT);
    }
    memset(endless, 'a', sizeof endless);
    memcpy(endless + sizeof endless - 6, ".test", 6);
    assert_int_equal(rms_grant_set_principal(*state, &grant, endless), RMS_E_BAD_ARGUMENT);
    endless[20] = '@';
    assert_int_equal(rms_grant_set_principal(*state, &grant, endless), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_grant_set_principal(*state, &grant, NULL), RMS_E_BAD_ARGUMENT);
    assert_string_equal(grant.address, "kept@contoso.test");
}

static const struct {
    int principal;
    const char *address;
} illegal[] = {
    {RMS_PRINCIPAL_ADDRESS, NULL},
    {RMS_PRINCIPAL_ADDRESS, ""},
    {RMS_PRINCIPAL_ADDRESS, "bob"},
    {RMS_PRINCIPAL_ADDRESS, "Bob@contoso.test"},
    {RMS_PRINCIPAL_ADDRESS, " bob@contoso.test"},
    {RMS_PRINCIPAL_ADDRESS, ALL_STAFF_LOWER "@contoso.test"},
    {RMS_PRINCIPAL_DOMAIN, NULL},
    {RMS_PRINCIPAL_DOMAIN, ""},
    {RMS_PRINCIPAL_DOMAIN, "Contoso.test"},
    {RMS_PRINCIPAL_DOMAIN, "contoso"},
    {RMS_PRINCIPAL_DOMAIN, "bob@contoso.test"},
    {RMS_PRINCIPAL_ANYONE, "bob@contoso.test"},
    {RMS_PRINCIPAL_OWNER, ""},
    {RMS_PRINCIPAL_OWNER + 1, "bob@contoso.test"},
    {-1, NULL},
};

/* touches: S-092 */
static void the_check_wants_the_normal_form(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof illegal / sizeof illegal[0]; i++) {
        struct rms_grant grant;

        rms_grant_init(&grant);
        grant.principal = (enum rms_principal)illegal[i].principal;
        grant.address = illegal[i].address;
        assert_int_equal(rms_grant_check_principal(&grant), RMS_E_BAD_ARGUMENT);
    }
}

static void running_out_of_memory_is_reported(void **state)
{
    struct rms_arena *arena = rms_arena_new(8);
    struct rms_grant grant;
    const struct rms_grant domain = {.principal = RMS_PRINCIPAL_DOMAIN, .address = "contoso.test"};

    (void)state;
    assert_non_null(arena);
    rms_grant_init(&grant);
    assert_int_equal(rms_grant_set_principal(arena, &grant, "bob@contoso.test"), RMS_E_NO_MEMORY);
    assert_int_equal(rms_grant_set_principal(arena, &grant, "contoso.test"), RMS_E_NO_MEMORY);
    assert_null(grant.address);
    assert_null(rms_grant_principal_text(arena, &domain));
    rms_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(principals_are_read_and_written, setup, teardown),
        cmocka_unit_test_setup_teardown(malformed_principals_are_refused, setup, teardown),
        cmocka_unit_test(the_check_wants_the_normal_form),
        cmocka_unit_test(running_out_of_memory_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
