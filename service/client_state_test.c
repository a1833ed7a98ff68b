/* Which clients are served. */
#include "base/test.h"

#include "base/mem.h"
#include "service/client_state.h"

static struct rms_arena *arena;

static struct rms_client_state state_of(const char *settings)
{
    struct rms_client_state state;
    assert_int_equal(rms_client_state_read(arena, settings, &state), 0);
    return state;
}

static bool served(const char *settings, const char *info)
{
    const struct rms_client_state state = state_of(settings);
    const char *why = NULL;
    int rc = rms_client_check(&state, info, &why);
    assert_true(rc == 0 || rc == RMS_E_PLATFORM_DISABLED);
    assert_int_equal(rc == 0, why == NULL);
    return rc == 0;
}

static void everything_is_served_at_first(void **state)
{
    static const char *const texts[] = {
        NULL, "{}", "{\"GuestPasscodes\":true}", "{\"PlatformsDisabled\":[]}"};
    (void)state;
    for (size_t i = 0; i < RMS_COUNT(texts); i++) {
        assert_true(served(texts[i], "AppName=x;AppVersion=0;DevicePlatform=iOS;"));
        assert_false(state_of(texts[i]).any_client);
    }
    assert_true(served("{\"PlatformsDisabled\":[\"Amiga\"]}", "DevicePlatform=Amiga"));
}

/* What cannot be read is not "everything is served". */
static void damage_is_an_error(void **state)
{
    static const char *const texts[] = {
        "{", "x", "{\"KeysExcluded\":[[\"x\",1,null]]}", "{\"KeysExcluded\":[1]}"};
    struct rms_client_state got;
    (void)state;
    for (size_t i = 0; i < RMS_COUNT(texts); i++) {
        assert_int_equal(rms_client_state_read(arena, texts[i], &got), RMS_E_DAMAGED);
    }
}

static void kinds_of_devices(void **state)
{
    static const char off[] = "{\"PlatformsDisabled\":[\"iOS\",\"Web\",\"Windows\"]}";
    static const struct {
        const char *info;
        bool served;
    } rows[] = {
        {"AppName=a;DevicePlatform=iOS;SDKVersion=4", false},
        {"deviceplatform=IOS", false},
        {"DevicePlatform=Windows;", false},
        {"DevicePlatform=WindowsStore;", true},
        {"DevicePlatform=;", true},
        {"DevicePlatform", true},
        {"XDevicePlatform=iOS", true},
        {"AppName=DevicePlatform=iOS;", true},
        {";;;DevicePlatform=Web", false},
        {"curl/8", true},
        {"", true},
    };
    (void)state;
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        if (served(off, rows[i].info) != rows[i].served) {
            fail_msg("%s", rows[i].info);
        }
    }
    assert_false(served("{\"RestDisabled\":true}", ""));
}

static void rules_for_versions(void **state)
{
    static const char *const valid[] = {"1.0-1.4", "1-1", "0-999", "Reader 1.0-1.4", "My Reader 10.4-11"};
    static const char *const invalid[] = {"", "-", "1", "1-", "-1", "1.4-1.0", "1.-2", ".1-2", "1..0-2",
        "a-b", " 1-2", "1-2 ", "Reader 1 - 2", "1-2-3"};
    (void)state;
    for (size_t i = 0; i < RMS_COUNT(valid); i++) {
        assert_true(rms_version_rule_valid(valid[i]));
    }
    for (size_t i = 0; i < RMS_COUNT(invalid); i++) {
        if (rms_version_rule_valid(invalid[i])) {
            fail_msg("%s", invalid[i]);
        }
    }
    static const char rules[] = "{\"ClientVersionsExcluded\":[\"1.0-1.4\",\"Old 0-99\"],"
                                "\"SystemVersionsExcluded\":[\"win 10.0-10.0.19044\"]}";
    static const struct {
        const char *info;
        bool served;
    } rows[] = {
        {"AppVersion=1.0", false},
        {"AppVersion=1.4.99", false},
        {"AppVersion=1.5", true},
        {"AppVersion=0.9.9", true},
        {"AppVersion=99999999999999999999999999", true},
        {"AppName=old;AppVersion=7", false},
        {"AppName=older;AppVersion=7", true},
        {"AppVersion=;", true},
        {"OsName=win;OsVersion=10-0-19044", false},
        {"OsName=win;OsVersion=10-0-19045", true},
        {"OsName=mac;OsVersion=10-0-1", true},
        {"OSVersion=10.0.1;DevicePlatform=win", false},
    };
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        if (served(rules, rows[i].info) != rows[i].served) {
            fail_msg("%s", rows[i].info);
        }
    }
}

static void written_is_read_again(void **state)
{
    static const char *clients[] = {"1.0-1.4"};
    struct rms_rsa_public key = {.bits = 2048};
    struct rms_excluded_key keys[2] = {{.time = 12}, {.time = 13, .account_id = "someone"}};
    struct rms_client_state wanted = {.rest_off = true,
        .platforms_off = 1u << RMS_PLATFORM_MAC,
        .clients = clients,
        .client_count = 1,
        .keys = keys,
        .key_count = 2};
    const char *text = NULL;
    (void)state;
    memset(key.modulus, 0xa5, 256);
    rms_key_text(&key, keys[0].key);
    assert_int_equal(rms_key_text_parse("6F1D7B3E-0C0F-4D6E-9B0E-0D2F6C2F9A11", keys[1].key), 0);
    assert_int_equal(rms_client_state_write(arena, "{\"Other\":1}", &wanted, &text), 0);
    assert_non_null(strstr(text, "\"Other\":1"));
    struct rms_client_state got = state_of(text);
    assert_true(got.rest_off && got.any_client && got.platforms_off == wanted.platforms_off);
    assert_string_equal(got.clients[0], "1.0-1.4");
    assert_int_equal(got.system_count, 0);
    assert_null(got.keys[0].account_id);
    assert_string_equal(got.keys[1].account_id, "someone");
    assert_true(rms_key_excluded(&got, &key, ""));
    key.modulus[0] ^= 1;
    assert_false(rms_key_excluded(&got, &key, ""));
    assert_true(rms_key_excluded(&got, &key, "6f1d7b3e-0c0f-4d6e-9b0e-0d2f6c2f9a11"));
}

static int open_arena(void **state)
{
    (void)state;
    arena = rms_arena_new(1u << 20);
    return arena != NULL ? 0 : -1;
}

static int close_arena(void **state)
{
    (void)state;
    rms_arena_free(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_served_at_first),
        cmocka_unit_test(damage_is_an_error),
        cmocka_unit_test(kinds_of_devices),
        cmocka_unit_test(rules_for_versions),
        cmocka_unit_test(written_is_read_again),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
