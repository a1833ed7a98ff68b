#include "base/test.h"

#include "directory/ldap_entry.h"
#include "directory/ldap_read.h"
#include "directory/sync_map.h"

static const char whole[] =
    "{\"Url\":\"ldaps://dc1.contoso.test:636\",\"PeopleBase\":\"dc=contoso,dc=test\",\"BindDn\":\"cn=rms\","
    "\"PasswordFile\":\"office\",\"PeopleFilter\":\"(&(a=b)(!(c=\\\\2a*)))\",\"Attributes\":[\"mail="
    "mainMail\"],"
    "\"LookSeconds\":0}";

static void reads_what_is_stored(void **state)
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(1u << 20);
    struct rms_ldap_settings s;
    struct rms_ldap_layout layout;

    (void)state;
    assert_int_equal(rms_ldap_settings_parse(arena, whole, &s), 0);
    assert_string_equal(s.url, "ldaps://dc1.contoso.test:636");
    assert_string_equal(s.attributes[RMS_LDAP_MAIL], "mainMail");
    assert_int_equal(s.interval_s, 900);
    assert_int_equal(s.look_s, 0);
    assert_int_equal(s.max_age_s, 10800);
    rms_ldap_layout(&s, true, &layout);
    assert_string_equal(layout.names[RMS_LDAP_ID], "objectGUID");
    assert_string_equal(layout.people_filter, "(&(a=b)(!(c=\\2a*)))");
    rms_ldap_layout(&s, false, &layout);
    assert_string_equal(layout.names[RMS_LDAP_ID], "entryUUID");
    assert_int_equal(rms_ldap_settings_parse(arena, "{\"Url\":1}", &s), RMS_E_DAMAGED);
    assert_int_equal(rms_ldap_settings_parse(arena, NULL, &s), RMS_E_DAMAGED);
}

static void knows_addresses(void **state)
{
    static const struct {
        const char *url;
        bool fits;
    } cases[] = {{"ldap://a", true}, {"ldap://a:389", true}, {"ldaps://[::1]:636", true},
        {"LDAPS://a", false}, {"ldap://", false}, {"ldapi:///", false}, {"http://a", false},
        {"ldap://a/dc=x", false}, {"ldap://a b", false}, {"ldap://a ldap://b", false},
        {"ldap://a/??sub", false}, {"", false}, {"a", false}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (rms_ldap_url_fits(cases[i].url) != cases[i].fits) {
            fail_msg("%s", cases[i].url);
        }
    }
}

static void reads_values(void **state)
{
    static const uint8_t guid[16] = {
        0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(1u << 20);
    const char *one;
    const char *other;

    (void)state;
    assert_string_equal(
        rms_ldap_key(arena, rms_view_of(guid, 16), true), "00112233-4455-6677-8899-aabbccddeeff");
    assert_null(rms_ldap_key(arena, rms_view_of(guid, 15), true));
    assert_null(rms_ldap_key(arena, rms_view_of(guid, 16), false));
    assert_null(rms_ldap_key(arena, rms_view_of("", 0), false));
    assert_string_equal(rms_ldap_key(arena, rms_view_str("x-1"), false), "x-1");
    assert_int_equal(rms_ldap_time("20300317174640Z"), 1900000000);
    assert_int_equal(rms_ldap_time("20300317174640.0Z"), 1900000000);
    assert_int_equal(rms_ldap_time("2030031717464"), RMS_TIME_NONE);
    assert_int_equal(rms_ldap_time("20301317174640Z"), RMS_TIME_NONE);
    assert_int_equal(rms_ldap_time(NULL), RMS_TIME_NONE);
    assert_int_equal(rms_ldap_dn(arena, "CN=Bob\\2C B , OU=People,DC=x", &one), 0);
    assert_int_equal(rms_ldap_dn(arena, "cn=bob\\, b,ou=people,dc=x", &other), 0);
    assert_string_equal(one, other);
    assert_int_equal(rms_ldap_dn(arena, "no name", &one), RMS_E_BAD_ARGUMENT);
}

/* RFC 4513 5.1.2: the server would say yes. There is none here to be asked. */
static void sends_no_empty_password(void **state)
{
    const struct rms_ldap_server nowhere = {.url = "ldap://127.0.0.1:1"};

    (void)state;
    assert_int_equal(rms_ldap_check_password(&nowhere, "cn=bob", ""), RMS_E_NOT_AUTHENTICATED);
    assert_int_equal(rms_ldap_check_password(&nowhere, "cn=bob", "x"), RMS_E_UNREACHABLE);
}

static void keeps_many_texts(void **state)
{
    struct rms_sync_map map = {0};
    static char texts[5000][8];

    (void)state;
    assert_int_equal(rms_sync_map_get(&map, "x"), RMS_SYNC_NONE);
    for (uint32_t i = 0; i < 5000; i++) {
        (void)snprintf(texts[i], sizeof texts[i], "%u", i);
        assert_int_equal(rms_sync_map_put(&map, texts[i], i), 0);
    }
    assert_int_equal(rms_sync_map_put(&map, texts[7], 70), 0);
    for (uint32_t i = 0; i < 5000; i++) {
        assert_int_equal(rms_sync_map_get(&map, texts[i]), i == 7 ? 70 : i);
    }
    assert_int_equal(map.count, 5000);
    rms_sync_map_fini(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_is_stored),
        cmocka_unit_test(knows_addresses),
        cmocka_unit_test(reads_values),
        cmocka_unit_test(sends_no_empty_password),
        cmocka_unit_test(keeps_many_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
