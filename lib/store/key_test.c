#include "store/testing.h"

#include <signal.h>
#include <sys/wait.h>

#include "store/issuer.h"
#include "store/key.h"

static const char *add_key(struct lab *lab, const char *tenant_id, enum rms_stored_key kind, bool active)
{
    const char *id = lab_guid(lab);
    const struct rms_key key = {.id = id,
        .tenant_id = tenant_id,
        .kind = kind,
        .active = active,
        .name = "K",
        .bits = 2048,
        .created_at = LAB_TIME,
        .public_key = kind == RMS_KEY_SECRET ? RMS_VIEW_LITERAL("") : rms_view_str(id),
        .sealed = RMS_VIEW_LITERAL("sealed"),
        .certificate = RMS_VIEW_LITERAL("<XrML/>")};

    assert_int_equal(rms_key_add(lab->db, &key), 0);
    return id;
}

static void test_round_trip(void **state)
{
    struct lab *lab = *state;
    const char *c = lab_tenant(lab, "contoso.test", NULL);
    const char *f = lab_tenant(lab, "fabrikam.test", NULL);
    const char *id = add_key(lab, c, RMS_KEY_TENANT, true);
    struct rms_key key;

    assert_int_equal(rms_key_get(lab->db, lab->arena, c, id, &key), 0);
    assert_string_equal(key.id, id);
    assert_true(key.active);
    assert_int_equal(key.bits, 2048);
    assert_true(rms_view_equal(key.public_key, rms_view_str(id)));
    assert_true(rms_view_equal(key.sealed, RMS_VIEW_LITERAL("sealed")));
    assert_true(rms_view_equal(key.certificate, RMS_VIEW_LITERAL("<XrML/>")));
    assert_int_equal(rms_key_get(lab->db, lab->arena, f, id, &key), RMS_E_NOT_FOUND);
    assert_int_equal(rms_key_find(lab->db, lab->arena, id, &key), 0);
    assert_int_equal(rms_key_find(lab->db, lab->arena, c, &key), RMS_E_NOT_FOUND);
    assert_int_equal(rms_key_by_public(lab->db, lab->arena, rms_view_str(id), &key), 0);
    assert_string_equal(key.tenant_id, c);
    assert_int_equal(rms_key_by_public(lab->db, lab->arena, rms_view_str("x"), &key), RMS_E_NOT_FOUND);
    assert_int_equal(rms_key_by_public(lab->db, lab->arena, rms_view_of(NULL, 0), &key), RMS_E_NOT_FOUND);
}

static void test_refused(void **state)
{
    struct lab *lab = *state;
    const char *c = lab_tenant(lab, "contoso.test", NULL);
    const char *f = lab_tenant(lab, "fabrikam.test", NULL);
    const char *id = add_key(lab, c, RMS_KEY_TENANT, true);
    const struct rms_view some = RMS_VIEW_LITERAL("x");
    const struct {
        struct rms_key key;
        int code;
    } cases[] = {
        {{.id = "x", .tenant_id = c, .public_key = some, .sealed = some}, RMS_E_BAD_ARGUMENT},
        {{.id = lab_guid(lab), .tenant_id = c, .public_key = some}, RMS_E_BAD_ARGUMENT},
        {{.id = lab_guid(lab), .tenant_id = c, .sealed = some}, RMS_E_BAD_ARGUMENT},
        {{.id = lab_guid(lab), .tenant_id = c, .kind = RMS_KEY_SECRET, .public_key = some, .sealed = some},
            RMS_E_BAD_ARGUMENT},
        {{.id = id, .tenant_id = c, .public_key = some, .sealed = some}, RMS_E_CONFLICT},
        /* the same key twice, also in another tenant */
        {{.id = lab_guid(lab), .tenant_id = f, .public_key = rms_view_str(id), .sealed = some},
            RMS_E_CONFLICT},
        {{.id = lab_guid(lab), .tenant_id = lab_guid(lab), .public_key = some, .sealed = some},
            RMS_E_NOT_FOUND},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(rms_key_add(lab->db, &cases[i].key), cases[i].code);
    }
}

static size_t active_count(struct lab *lab, const char *tenant_id, enum rms_stored_key kind)
{
    struct rms_keys keys;
    size_t count = 0;

    assert_int_equal(rms_key_list(lab->db, lab->arena, tenant_id, &keys), 0);
    for (size_t i = 0; i < keys.count; i++) {
        count += keys.items[i].active && keys.items[i].kind == kind ? 1 : 0;
    }
    return count;
}

/* touches: S-204 */
static void test_activate(void **state)
{
    struct lab *lab = *state;
    const char *c = lab_tenant(lab, "contoso.test", NULL);
    const char *f = lab_tenant(lab, "fabrikam.test", NULL);
    const char *k1 = add_key(lab, c, RMS_KEY_TENANT, true);
    const char *k2 = add_key(lab, c, RMS_KEY_TENANT, false);
    const char *token = add_key(lab, c, RMS_KEY_TOKEN, true);
    struct rms_tenant tenant;
    struct rms_key key;

    (void)add_key(lab, c, RMS_KEY_SECRET, true);
    (void)add_key(lab, f, RMS_KEY_SECRET, true);           /* two empty public keys are no conflict */
    assert_int_equal(rms_key_activate(lab->db, c, k1), 0); /* no change */
    assert_int_equal(rms_key_activate(lab->db, f, k2), RMS_E_NOT_FOUND);
    assert_int_equal(rms_key_activate(lab->db, c, k2), 0);
    assert_int_equal(rms_key_active(lab->db, lab->arena, c, RMS_KEY_TENANT, &key), 0);
    assert_string_equal(key.id, k2);
    assert_int_equal(rms_key_active(lab->db, lab->arena, c, RMS_KEY_TOKEN, &key), 0);
    assert_string_equal(key.id, token);
    assert_int_equal(rms_key_active(lab->db, lab->arena, f, RMS_KEY_TENANT, &key), RMS_E_NOT_FOUND);
    assert_int_equal(active_count(lab, c, RMS_KEY_TENANT), 1);
    assert_int_equal(rms_tenant_get(lab->db, lab->arena, c, &tenant), 0);
    assert_int_equal(tenant.key_rollover_count, 1);

    assert_int_equal(rms_key_remove(lab->db, c, k2), RMS_E_CONFLICT);
    assert_int_equal(rms_key_remove(lab->db, f, k1), RMS_E_NOT_FOUND);
    assert_int_equal(rms_key_remove(lab->db, c, k1), 0);
    assert_int_equal(rms_key_get(lab->db, lab->arena, c, k1, &key), RMS_E_NOT_FOUND);

    (void)add_key(lab, c, RMS_KEY_TENANT, true); /* added as the active one */
    assert_int_equal(active_count(lab, c, RMS_KEY_TENANT), 1);
    assert_int_equal(rms_tenant_get(lab->db, lab->arena, c, &tenant), 0);
    assert_int_equal(tenant.key_rollover_count, 2);
}

static void test_set(void **state)
{
    struct lab *lab = *state;
    const char *c = lab_tenant(lab, "contoso.test", NULL);
    const char *f = lab_tenant(lab, "fabrikam.test", NULL);
    const char *id = add_key(lab, c, RMS_KEY_TENANT, true);
    struct rms_key key;

    assert_int_equal(rms_key_set_certificate(lab->db, c, id, RMS_VIEW_LITERAL("new")), 0);
    assert_int_equal(rms_key_set_sealed(lab->db, c, id, RMS_VIEW_LITERAL("again")), 0);
    assert_int_equal(rms_key_get(lab->db, lab->arena, c, id, &key), 0);
    assert_true(rms_view_equal(key.certificate, RMS_VIEW_LITERAL("new")));
    assert_true(rms_view_equal(key.sealed, RMS_VIEW_LITERAL("again")));
    assert_int_equal(rms_key_set_certificate(lab->db, f, id, RMS_VIEW_LITERAL("x")), RMS_E_NOT_FOUND);
    assert_int_equal(rms_key_set_sealed(lab->db, c, id, rms_view_of(NULL, 0)), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_key_set_certificate(lab->db, c, id, rms_view_of(NULL, 0)), 0);
}

/* Killed at any moment of activating back and forth, exactly one key is active afterwards (S-204). */
static void test_killed_while_activating(void **state)
{
    struct lab *lab = *state;
    const char *c = lab_tenant(lab, "contoso.test", NULL);
    const char *k1 = add_key(lab, c, RMS_KEY_TENANT, true);
    const char *k2 = add_key(lab, c, RMS_KEY_TENANT, false);
    int status;

    for (useconds_t round = 0; round < 8; round++) {
        pid_t pid;

        lab_close(lab);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            lab_open(lab);
            for (int i = 0;; i++) {
                if (rms_key_activate(lab->db, c, i % 2 ? k1 : k2) < 0) {
                    _exit(1);
                }
            }
        }
        (void)usleep(20000 + round * 1700);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        lab_open(lab);
        assert_int_equal(active_count(lab, c, RMS_KEY_TENANT), 1);
    }
}

static void test_list(void **state)
{
    struct lab *lab = *state;
    const char *c = lab_tenant(lab, "contoso.test", NULL);
    const char *f = lab_tenant(lab, "fabrikam.test", NULL);
    struct rms_keys keys;

    (void)add_key(lab, c, RMS_KEY_TENANT, true);
    (void)add_key(lab, f, RMS_KEY_TENANT, true);
    assert_int_equal(rms_key_list(lab->db, lab->arena, c, &keys), 0);
    assert_int_equal(keys.count, 1);
    assert_int_equal(rms_key_list(lab->db, lab->arena, NULL, &keys), 0);
    assert_int_equal(keys.count, 2);
}

static void test_issuers(void **state)
{
    static const char *const audiences[] = {"https://rms.test/", "api://\"quoted\""};
    struct lab *lab = *state;
    const char *c = lab_tenant(lab, "contoso.test", NULL);
    const char *f = lab_tenant(lab, "fabrikam.test", NULL);
    struct rms_issuer issuer = {.id = lab_guid(lab),
        .tenant_id = c,
        .issuer = "https://idp.test/",
        .audiences = audiences,
        .audience_count = 2,
        .algorithms = 5,
        .jwks_uri = "https://idp.test/keys",
        .created_at = LAB_TIME};
    struct rms_issuers list;

    assert_int_equal(rms_issuer_add(lab->db, &issuer), 0);
    issuer.id = lab_guid(lab);
    assert_int_equal(rms_issuer_add(lab->db, &issuer), RMS_E_CONFLICT);
    issuer.tenant_id = f;
    issuer.jwks_uri = NULL;
    assert_int_equal(rms_issuer_add(lab->db, &issuer), 0);
    issuer.audience_count = 0;
    issuer.issuer = "https://other.test/";
    assert_int_equal(rms_issuer_add(lab->db, &issuer), RMS_E_BAD_ARGUMENT);

    assert_int_equal(rms_issuer_list(lab->db, lab->arena, c, &list), 0);
    assert_int_equal(list.count, 1);
    assert_string_equal(list.items[0].issuer, "https://idp.test/");
    assert_int_equal(list.items[0].audience_count, 2);
    assert_string_equal(list.items[0].audiences[1], "api://\"quoted\"");
    assert_null(list.items[0].audiences[2]);
    assert_int_equal(list.items[0].algorithms, 5);
    assert_string_equal(list.items[0].jwks_uri, "https://idp.test/keys");
    assert_int_equal(rms_issuer_list(lab->db, lab->arena, NULL, &list), 0);
    assert_int_equal(list.count, 2);

    assert_int_equal(rms_issuer_remove(lab->db, c, issuer.id), RMS_E_NOT_FOUND); /* the other tenant's */
    assert_int_equal(rms_issuer_remove(lab->db, c, "https://idp.test/"), 0);
    assert_int_equal(rms_issuer_remove(lab->db, f, issuer.id), 0);
    assert_int_equal(rms_issuer_list(lab->db, lab->arena, NULL, &list), 0);
    assert_int_equal(list.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB_TEST(test_round_trip),
        LAB_TEST(test_refused),
        LAB_TEST(test_activate),
        LAB_TEST(test_set),
        LAB_TEST(test_killed_while_activating),
        LAB_TEST(test_list),
        LAB_TEST(test_issuers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
