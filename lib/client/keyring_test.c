/* The store's key in the desktop's keyring, with testing/secret_service.c in libsecret's place. */
#include "client/keyring.h"

#include "base/test.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/bytes.h"
#include "client/testing/issuer.h"
#include "client/vault.h"
#include "xrml/testing/world.h"

static void entries(void **state)
{
    char text[64] = "";

    (void)state;
    assert_true(rms_keyring_available());
    assert_int_equal(rms_keyring_lookup("one", text, sizeof text), RMS_E_NOT_FOUND);
    assert_int_equal(rms_keyring_store("one", "secret"), 0);
    assert_int_equal(rms_keyring_lookup("one", text, sizeof text), 0);
    assert_string_equal(text, "secret");
    assert_int_equal(rms_keyring_lookup("one", text, 3), RMS_E_DAMAGED);
    rms_keyring_remove("one");
    assert_int_equal(rms_keyring_lookup("one", text, sizeof text), RMS_E_NOT_FOUND);
}

static void without_a_session(void **state)
{
    char text[64];

    (void)state;
    (void)unsetenv("DBUS_SESSION_BUS_ADDRESS");
    assert_false(rms_keyring_available());
    assert_int_equal(rms_keyring_lookup("one", text, sizeof text), RMS_E_UNSUPPORTED);
    assert_int_equal(rms_keyring_store("one", "secret"), RMS_E_UNSUPPORTED);
    rms_keyring_remove("one");
    (void)setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere", 1);
}

static void put(struct rms_vault *vault, const char *value)
{
    const struct rms_vault_place place = {RMS_VAULT_LICENCE, "alice", RMS_VIEW_LITERAL("a")};

    assert_int_equal(rms_vault_put(vault, &place, RMS_TIME_NONE, rms_view_str(value)), 0);
}

static int get(struct rms_vault *vault)
{
    const struct rms_vault_place place = {RMS_VAULT_LICENCE, "alice", RMS_VIEW_LITERAL("a")};
    struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(64);

    return rms_vault_get(vault, &place, &out);
}

/* touches: C-004 */
static void a_store_with_its_key_in_the_keyring(void **state)
{
    struct rms_issuer issuer;
    struct rms_settings settings = {.keyring = true};
    struct rms_vault *vault = NULL;
    struct rms_view key;
    char folder[512];
    bool foreign = false;

    (void)state;
    rms_issuer_open(&issuer);
    (void)snprintf(folder, sizeof folder, "%s", rms_test_path(&issuer, "store"));
    settings.store_dir = folder;
    assert_int_equal(rms_vault_open(&settings, &vault, &foreign), 0);
    put(vault, "one");
    assert_string_equal(rms_vault_protection(vault), "keyring");
    rms_vault_close(&vault);
    /* 32 zero bytes where a store without keyring has its random ones */
    key = rms_test_read(&issuer, rms_test_path(&issuer, "store/device.key"));
    assert_int_equal(key.len, 94);
    for (size_t i = 30; i < 62; i++) {
        assert_int_equal(key.data[i], 0);
    }
    assert_int_equal(rms_vault_open(&settings, &vault, &foreign), 0);
    assert_int_equal(get(vault), 0);
    rms_vault_close(&vault);

    /* a keyring that does not answer: not now, and nothing is lost */
    (void)setenv("RMS_TEST_KEYRING", "locked", 1);
    assert_int_equal(rms_vault_open(&settings, &vault, &foreign), RMS_E_STORE_NOT_BOUND);
    assert_null(vault);
    (void)unsetenv("RMS_TEST_KEYRING");
    (void)unsetenv("DBUS_SESSION_BUS_ADDRESS");
    assert_int_equal(rms_vault_open(&settings, &vault, &foreign), RMS_E_STORE_NOT_BOUND);
    (void)setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere", 1);
    assert_int_equal(rms_vault_open(&settings, &vault, &foreign), 0);
    assert_int_equal(get(vault), 0);
    assert_int_equal(rms_vault_reset(vault), 0);
    put(vault, "two");
    rms_vault_close(&vault);

    /* the entry is gone from the keyring: a store nobody can open is made anew */
    key = rms_test_read(&issuer, rms_test_path(&issuer, "store/device.key"));
    assert_int_equal(key.data[13], 1);
    rms_issuer_close(&issuer);
}

static void a_keyring_that_refuses_at_first(void **state)
{
    struct rms_issuer issuer;
    struct rms_settings settings = {.keyring = true};
    struct rms_vault *vault = NULL;

    (void)state;
    rms_issuer_open(&issuer);
    settings.store_dir = rms_test_path(&issuer, "store");
    (void)setenv("RMS_TEST_KEYRING", "locked", 1);
    assert_int_equal(rms_vault_open(&settings, &vault, NULL), 0);
    put(vault, "one");
    assert_string_equal(rms_vault_protection(vault), "file");
    rms_vault_close(&vault);
    (void)unsetenv("RMS_TEST_KEYRING");
    rms_issuer_close(&issuer);
}

/* The library path counts only from a program's start on. */
static void start_with_the_stand_in(char **argv)
{
    const char *path = getenv("LD_LIBRARY_PATH");

    if (path == NULL || strcmp(path, STAND_IN) != 0) {
        (void)setenv("LD_LIBRARY_PATH", STAND_IN, 1);
        (void)execv("/proc/self/exe", argv);
        abort();
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries),
        cmocka_unit_test(without_a_session),
        cmocka_unit_test(a_store_with_its_key_in_the_keyring),
        cmocka_unit_test(a_keyring_that_refuses_at_first),
    };

    (void)argc;
    start_with_the_stand_in(argv);
    (void)setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere", 1);
    return cmocka_run_group_tests_name("client keyring", tests, NULL, NULL);
}
