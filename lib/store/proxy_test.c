#include "store/testing.h"

static const struct {
    const char *value;
    enum rms_proxy kind;
    const char *address;
} cases[] = {
    {"SMTP:A@contoso.test", RMS_PROXY_PRIMARY, "a@contoso.test"},
    {"smtp:b@contoso.test", RMS_PROXY_ALIAS, "b@contoso.test"},
    {"Smtp:b@contoso.test", RMS_PROXY_ALIAS, "b@contoso.test"},
    {" smtp: b@contoso.test ", RMS_PROXY_ALIAS, "b@contoso.test"},
    {"\tSMTP:\tb@contoso.test\t", RMS_PROXY_PRIMARY, "b@contoso.test"},
    {"plain@contoso.test", RMS_PROXY_ALIAS, "plain@contoso.test"},
    {"SIP:c@contoso.test", RMS_PROXY_PREFIX, ""},
    {"X500:/o=contoso/ou=x", RMS_PROXY_PREFIX, ""},
    {"x500:/o=contoso/cn=a@b", RMS_PROXY_PREFIX, ""},
    {"smtpx:c@contoso.test", RMS_PROXY_PREFIX, ""},
    {":c@contoso.test", RMS_PROXY_PREFIX, ""},
    {"smtp:smtp:c@contoso.test", RMS_PROXY_ALIAS, "smtp:c@contoso.test"},
    {"", RMS_PROXY_EMPTY, ""},
    {"   ", RMS_PROXY_EMPTY, ""},
    {"SMTP:", RMS_PROXY_EMPTY, ""},
    {"smtp:  ", RMS_PROXY_EMPTY, ""},
    {"smtp:none", RMS_PROXY_SHAPE, ""},
    {"smtp:@contoso.test", RMS_PROXY_SHAPE, ""},
    {"smtp:a@", RMS_PROXY_SHAPE, ""},
    {"smtp:a@b@contoso.test", RMS_PROXY_SHAPE, ""},
    {"smtp:a b@contoso.test", RMS_PROXY_SHAPE, ""},
    {"smtp:a\x01@contoso.test", RMS_PROXY_SHAPE, ""},
    {"smtp:\xff\xfe@contoso.test", RMS_PROXY_SHAPE, ""},
};

static void test_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char address[RMS_ADDRESS_MAX];

        assert_int_equal(rms_proxy_parse(cases[i].value, address), cases[i].kind);
        assert_string_equal(address, cases[i].address);
    }
}

/* Cut short anywhere, a value is still classified, within its bounds. */
static void test_truncated(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t len = 0; len <= strlen(cases[i].value); len++) {
            char *part = strndup(cases[i].value, len);
            char address[RMS_ADDRESS_MAX];
            enum rms_proxy kind = rms_proxy_parse(part, address);

            assert_int_equal(kind >= RMS_PROXY_EMPTY, address[0] == '\0');
            free(part);
        }
    }
}

static void test_long(void **state)
{
    char value[400];
    char address[RMS_ADDRESS_MAX];

    (void)state;
    memset(value, 'a', sizeof value);
    memcpy(value, "smtp:", 5);
    memcpy(value + sizeof value - 8, "@b.test", 8);
    assert_int_equal(rms_proxy_parse(value, address), RMS_PROXY_SHAPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
