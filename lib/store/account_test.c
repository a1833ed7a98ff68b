#include "store/testing.h"

#include <pthread.h>

#include "store/oauth.h"

static void test_create_and_read(void **state)
{
    struct lab *lab = *state;
    const char *c = lab_tenant(lab, "contoso.test", NULL);
    const char *values[] = {"SMTP:Erin.M@contoso.test", "SIP:erin@contoso.test", ""};
    const struct rms_account account = {.id = lab_guid(lab),
        .tenant_id = c,
        .upn = "Erin@Contoso.test",
        .display_name = "Erin M\xc3\xbcller",
        .enabled = true,
        .created_at = LAB_TIME,
        .proxy_addresses = values,
        .proxy_address_count = 3};
    struct rms_account read;
    const char *hash = "x";

    assert_int_equal(rms_account_create(lab->db, &account, "$y$hash"), 0);
    assert_int_equal(rms_account_get(lab->db, lab->arena, c, account.id, &read), 0);
    assert_string_equal(read.upn, "Erin@Contoso.test");
    assert_string_equal(read.display_name, "Erin M\xc3\xbcller");
    assert_true(read.enabled);
    assert_false(read.guest);
    assert_int_equal(read.proxy_address_count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(read.proxy_addresses[i], values[i]);
    }
    assert_int_equal(rms_account_password(lab->db, lab->arena, c, account.id, &hash), 0);
    assert_string_equal(hash, "$y$hash");
}

static void test_refused(void **state)
{
    static const char *const upns[] = {"", "noat", "a@b@c", "a b@contoso.test", "a@", NULL};
    struct lab *lab = *state;
    const char *c = lab_tenant(lab, "contoso.test", NULL);
    const char *many[RMS_PROXY_ADDRESSES_MAX + 1];
    const char *broken[] = {"smtp:\xff@contoso.test"};
    struct rms_account account = {.id = lab_guid(lab), .tenant_id = c, .enabled = true};
    struct rms_accounts all;

    for (size_t i = 0; i < sizeof upns / sizeof upns[0]; i++) {
        account.upn = upns[i];
        assert_int_equal(rms_account_create(lab->db, &account, NULL), RMS_E_BAD_ARGUMENT);
    }
    account.upn = "a@contoso.test";
    account.display_name = "line\nbreak";
    assert_int_equal(rms_account_create(lab->db, &account, NULL), RMS_E_BAD_ARGUMENT);
    account.display_name = NULL;
    account.id = "x";
    assert_int_equal(rms_account_create(lab->db, &account, NULL), RMS_E_BAD_ARGUMENT);
    account.id = lab_guid(lab);
    account.tenant_id = lab_guid(lab);
    assert_int_equal(rms_account_create(lab->db, &account, NULL), RMS_E_NOT_FOUND);
    account.tenant_id = c;
    account.proxy_addresses = broken;
    account.proxy_address_count = 1;
    assert_int_equal(rms_account_create(lab->db, &account, NULL), RMS_E_BAD_ARGUMENT);
    for (size_t i = 0; i <= RMS_PROXY_ADDRESSES_MAX; i++) {
        many[i] = "sip:x";
    }
    account.proxy_addresses = many;
    account.proxy_address_count = RMS_PROXY_ADDRESSES_MAX + 1;
    assert_int_equal(rms_account_create(lab->db, &account, NULL), RMS_E_LIMIT);
    account.proxy_address_count = RMS_PROXY_ADDRESSES_MAX;
    assert_int_equal(rms_account_create(lab->db, &account, NULL), 0);
    assert_int_equal(rms_account_list(lab->db, lab->arena, c, NULL, &all), 0);
    assert_int_equal(all.count, 1);
}

/* One name, one owner: whichever way round, whatever the case. */
static void test_names_are_unique(void **state)
{
    static const struct {
        const char *upn;
        const char *proxy;
        int code;
    } cases[] = {
        {"BOB@contoso.test", NULL, RMS_E_CONFLICT},
        {"x@contoso.test", "smtp:bob@contoso.test", RMS_E_CONFLICT},
        {"robert@contoso.test", NULL, RMS_E_CONFLICT},
        {"x@contoso.test", "SMTP:Robert@contoso.test", RMS_E_CONFLICT},
        {"x@contoso.test", "smtp:mkt@contoso.test", RMS_E_CONFLICT},
        {"mkt@contoso.test", NULL, RMS_E_CONFLICT}, {"x@contoso.test", "SIP:bob@contoso.test", 0},
        {"y@contoso.test", "smtp:Y@contoso.test", 0}, /* his own UPN */
    };
    struct lab *lab = *state;
    const char *c = lab_tenant(lab, "contoso.test", NULL);
    const char *f = lab_tenant(lab, "fabrikam.test", NULL);
    struct rms_group group = {
        .id = lab_guid(lab), .tenant_id = c, .name = "g", .address = "bob@contoso.test"};

    (void)lab_account(lab, c, "bob@contoso.test", "SMTP:robert@contoso.test", NULL);
    (void)lab_group(lab, c, "mkt", "MKT@contoso.test", RMS_GROUP_SECURITY);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct rms_account account = {.id = lab_guid(lab),
            .tenant_id = c,
            .upn = cases[i].upn,
            .proxy_addresses = &cases[i].proxy,
            .proxy_address_count = cases[i].proxy != NULL ? 1 : 0};

        assert_int_equal(rms_account_create(lab->db, &account, NULL), cases[i].code);
    }
    assert_int_equal(rms_group_create(lab->db, &group), RMS_E_CONFLICT);
    (void)lab_account(lab, f, "bob@contoso.test", NULL, NULL); /* another tenant's names are its own */
}

static void test_find(void **state)
{
    struct lab *lab = *state;
    const char *c = lab_tenant(lab, "contoso.test", NULL);
    const char *f = lab_tenant(lab, "fabrikam.test", NULL);
    const char *bob = lab_account(lab, c, "bob@contoso.test", "SMTP:robert@contoso.test", NULL);
    const char *names[] = {bob, "BOB@contoso.test", " robert@CONTOSO.test"};
    static const char *const unknown[] = {"", "bob", "x@contoso.test", "mkt@contoso.test"};
    struct rms_account account;

    (void)lab_group(lab, c, "mkt", "mkt@contoso.test", RMS_GROUP_SECURITY);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(rms_account_find(lab->db, lab->arena, c, names[i], &account), 0);
        assert_string_equal(account.id, bob);
        assert_int_equal(rms_account_find(lab->db, lab->arena, f, names[i], &account), RMS_E_NOT_FOUND);
    }
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        assert_int_equal(rms_account_find(lab->db, lab->arena, c, unknown[i], &account), RMS_E_NOT_FOUND);
    }
}

static void test_change(void **state)
{
    static const bool off = false;
    struct lab *lab = *state;
    const char *c = lab_tenant(lab, "contoso.test", NULL);
    const char *f = lab_tenant(lab, "fabrikam.test", NULL);
    const char *bob = lab_account(lab, c, "bob@contoso.test", "SMTP:robert@contoso.test", NULL);
    const char *values[] = {"SMTP:b2@contoso.test"};
    const struct rms_account_change none = {0};
    const struct rms_account_change all = {.enabled = &off,
        .upn = "b3@contoso.test",
        .display_name = "Bob",
        .password_hash = "$y$1",
        .proxy_addresses = values,
        .proxy_address_count = 1,
        .set_proxy_addresses = true};
    const struct rms_account_change no_password = {.password_hash = ""};
    const struct rms_account_change taken = {.upn = "carol@contoso.test"};
    struct rms_account account;
    const char *hash;

    (void)lab_account(lab, c, "carol@contoso.test", NULL, NULL);
    assert_int_equal(rms_account_change(lab->db, c, bob, &none), 0);
    assert_int_equal(rms_account_get(lab->db, lab->arena, c, bob, &account), 0);
    assert_true(account.enabled);
    assert_int_equal(account.proxy_address_count, 1);

    assert_int_equal(rms_account_change(lab->db, c, bob, &all), 0);
    assert_int_equal(rms_account_get(lab->db, lab->arena, c, bob, &account), 0);
    assert_false(account.enabled);
    assert_string_equal(account.upn, "b3@contoso.test");
    assert_string_equal(account.display_name, "Bob");
    assert_string_equal(account.proxy_addresses[0], "SMTP:b2@contoso.test");
    assert_int_equal(rms_account_password(lab->db, lab->arena, c, bob, &hash), 0);
    assert_string_equal(hash, "$y$1");
    assert_int_equal(
        rms_account_find(lab->db, lab->arena, c, "robert@contoso.test", &account), RMS_E_NOT_FOUND);

    assert_int_equal(rms_account_change(lab->db, c, bob, &no_password), 0);
    assert_int_equal(rms_account_password(lab->db, lab->arena, c, bob, &hash), 0);
    assert_null(hash);
    assert_int_equal(rms_account_change(lab->db, c, bob, &taken), RMS_E_CONFLICT);
    assert_int_equal(rms_account_change(lab->db, f, bob, &none), RMS_E_NOT_FOUND);
    assert_int_equal(rms_account_password(lab->db, lab->arena, f, bob, &hash), RMS_E_NOT_FOUND);

    /* the names set free can be taken */
    (void)lab_account(lab, c, "bob@contoso.test", "smtp:robert@contoso.test", NULL);
}

static void put_token(struct lab *lab, const char *tenant_id, const char *account_id, uint8_t mark)
{
    struct rms_refresh_token token = {.hash = {mark},
        .grant = {.tenant_id = tenant_id, .client_id = "rms", .account_id = account_id},
        .family_id = lab_guid(lab),
        .issued_at = LAB_TIME,
        .expires_at = LAB_TIME + 100};

    assert_int_equal(rms_refresh_token_put(lab->db, &token), 0);
}

static int end_token(struct lab *lab, const char *tenant_id, uint8_t mark)
{
    const uint8_t hash[RMS_TOKEN_HASH] = {mark};

    return rms_refresh_token_revoke(lab->db, tenant_id, "rms", hash);
}

/* A new password and disabling end the tokens; a new name does not. */
static void test_change_ends_tokens(void **state)
{
    static const bool off = false;
    const struct rms_account_change changes[] = {
        {.display_name = "x"}, {.password_hash = "$y$2"}, {.enabled = &off}};
    static const int left[] = {0, RMS_E_NOT_FOUND, RMS_E_NOT_FOUND};
    struct lab *lab = *state;
    const char *c = lab_tenant(lab, "contoso.test", NULL);
    const char *bob = lab_account(lab, c, "bob@contoso.test", NULL, NULL);

    for (uint8_t i = 0; i < 3; i++) {
        put_token(lab, c, bob, i);
        assert_int_equal(rms_account_change(lab->db, c, bob, &changes[i]), 0);
        assert_int_equal(end_token(lab, c, i), left[i]);
    }
}

static void test_delete(void **state)
{
    struct lab *lab = *state;
    const char *c = lab_tenant(lab, "contoso.test", NULL);
    const char *f = lab_tenant(lab, "fabrikam.test", NULL);
    const char *bob = lab_account(lab, c, "bob@contoso.test", NULL, NULL);
    const char *mkt = lab_group(lab, c, "mkt", NULL, RMS_GROUP_SECURITY);
    const struct rms_super_user super = {"bob@contoso.test", bob, LAB_TIME, 0, NULL, NULL};
    struct rms_super_users supers;
    struct rms_members members;

    lab_join(lab, c, mkt, bob);
    put_token(lab, c, bob, 1);
    assert_int_equal(rms_super_user_add(lab->db, c, &super), 0);
    assert_int_equal(rms_account_delete(lab->db, f, bob), RMS_E_NOT_FOUND);
    assert_int_equal(rms_account_delete(lab->db, c, bob), 0);
    assert_int_equal(rms_account_delete(lab->db, c, bob), RMS_E_NOT_FOUND);
    assert_int_equal(rms_group_members(lab->db, lab->arena, c, mkt, &members), 0);
    assert_int_equal(members.count, 0);
    assert_int_equal(rms_super_user_list(lab->db, lab->arena, c, &supers), 0);
    assert_int_equal(supers.count, 0);
    assert_int_equal(end_token(lab, c, 1), RMS_E_NOT_FOUND);
    (void)lab_account(lab, c, "bob@contoso.test", NULL, NULL);
}

static void test_pages(void **state)
{
    struct lab *lab = *state;
    const char *c = lab_tenant(lab, "contoso.test", NULL);
    struct rms_page page = {NULL, 3};
    struct rms_accounts accounts;
    size_t seen = 0;
    char upn[64];

    for (int i = 0; i < 10; i++) {
        (void)snprintf(upn, sizeof upn, "User%02d@contoso.test", 9 - i);
        (void)lab_account(lab, c, upn, i % 2 ? "sip:x" : NULL, NULL);
    }
    do {
        assert_int_equal(rms_account_list(lab->db, lab->arena, c, &page, &accounts), 0);
        for (size_t i = 0; i < accounts.count; i++, seen++) {
            (void)snprintf(upn, sizeof upn, "User%02zu@contoso.test", seen);
            assert_string_equal(accounts.items[i].upn, upn);
            page.after = accounts.items[i].upn;
        }
    } while (accounts.count == 3);
    assert_int_equal(seen, 10);
    page.after = "no address";
    assert_int_equal(rms_account_list(lab->db, lab->arena, c, &page, &accounts), RMS_E_BAD_ARGUMENT);
}

/* Two devices that arrive together get one pair. */
struct device {
    struct lab *lab;
    const char *tenant_id;
    const char *account_id;
    uint8_t mark;
    uint8_t got;
};

static void *settle(void *argument)
{
    struct device *device = argument;
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(65536);
    struct rms_db *db = NULL;
    struct rms_user_key key;
    char id[RMS_GUID_TEXT];
    const struct rms_user_key fresh = {.id = id,
        .tenant_id = device->tenant_id,
        .account_id = device->account_id,
        .bits = 2048,
        .modulus = {&device->mark, 1},
        .sealed = {&device->mark, 1},
        .created_at = LAB_TIME};

    rms_guid_new(id);
    if (rms_db_open(device->lab->store, &db) == 0 && rms_user_key_settle(db, arena, &fresh, &key) == 0) {
        device->got = key.sealed.data[0];
    }
    rms_db_close(&db);
    return NULL;
}

static void test_user_key(void **state)
{
    struct lab *lab = *state;
    const char *c = lab_tenant(lab, "contoso.test", NULL);
    const char *f = lab_tenant(lab, "fabrikam.test", NULL);
    const char *bob = lab_account(lab, c, "bob@contoso.test", NULL, NULL);
    struct device devices[6];
    pthread_t threads[6];
    struct rms_user_key key;
    struct rms_user_key again;

    assert_int_equal(rms_user_key_get(lab->db, lab->arena, c, bob, &key), RMS_E_NOT_FOUND);
    for (uint8_t i = 0; i < 6; i++) {
        devices[i] = (struct device){lab, c, bob, (uint8_t)(i + 1), 0};
        assert_int_equal(pthread_create(&threads[i], NULL, settle, &devices[i]), 0);
    }
    for (int i = 0; i < 6; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(rms_user_key_get(lab->db, lab->arena, c, bob, &key), 0);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(devices[i].got, key.sealed.data[0]);
    }
    assert_int_equal(rms_user_key_find(lab->db, lab->arena, key.id, &again), 0);
    assert_string_equal(again.account_id, bob);
    assert_int_equal(rms_user_key_find(lab->db, lab->arena, bob, &again), RMS_E_NOT_FOUND);
    assert_int_equal(rms_user_key_get(lab->db, lab->arena, f, bob, &key), RMS_E_NOT_FOUND);
}

static void test_user_key_refused(void **state)
{
    struct lab *lab = *state;
    const char *c = lab_tenant(lab, "contoso.test", NULL);
    const char *f = lab_tenant(lab, "fabrikam.test", NULL);
    const char *bob = lab_account(lab, c, "bob@contoso.test", NULL, NULL);
    struct rms_user_key fresh = {.id = lab_guid(lab), .tenant_id = f, .account_id = bob, .bits = 2048};
    struct rms_user_key key;

    assert_int_equal(rms_user_key_settle(lab->db, lab->arena, &fresh, &key), RMS_E_BAD_ARGUMENT);
    fresh.modulus = fresh.sealed = RMS_VIEW_LITERAL("x");
    assert_int_equal(rms_user_key_settle(lab->db, lab->arena, &fresh, &key), RMS_E_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB_TEST(test_create_and_read),
        LAB_TEST(test_refused),
        LAB_TEST(test_names_are_unique),
        LAB_TEST(test_find),
        LAB_TEST(test_change),
        LAB_TEST(test_change_ends_tokens),
        LAB_TEST(test_delete),
        LAB_TEST(test_pages),
        LAB_TEST(test_user_key),
        LAB_TEST(test_user_key_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
