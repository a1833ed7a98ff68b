#include "base/test.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/text.h"

static void normalises(void **state)
{
    static const struct {
        const char *in;
        const char *out;
    } rows[] = {
        {"Alice@Example.COM", "alice@example.com"},
        {"  bob@example.com\t", "bob@example.com"},
        {"first.last+tag@sub.example.org", "first.last+tag@sub.example.org"},
        {"o'brien@example.com", "o'brien@example.com"},
        {"x@b\xc3\xbc"
         "cher.example",
            "x@xn--bcher-kva.example"}, /* RFC 3492, section 7 style */
        {"x@B\xc3\x9c"
         "CHER.example",
            "x@xn--bcher-kva.example"},
        {"x@XN--BCHER-KVA.example", "x@xn--bcher-kva.example"},
        {"x@fa\xc3\x9f.de", "x@xn--fa-hia.de"}, /* UTS 46, non-transitional */
        {"Z\xc3\x96\xc3\x8b@example.com", "z\xc3\xb6\xc3\xab@example.com"},
        {"zo\xcc\x88@example.com", "z\xc3\xb6@example.com"}, /* decomposed, composed */
        {"a@host_1", "a@host_1"},
    };
    char out[RMS_ADDRESS_MAX];

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        assert_int_equal(rms_address_normalise(rows[i].in, out), 0);
        assert_string_equal(out, rows[i].out);
        assert_int_equal(rms_address_normalise(rows[i].out, out), 0);
        assert_string_equal(out, rows[i].out);
    }
}

static void refuses(void **state)
{
    static const char *const bad[] = {"", " ", "@", "a", "a@", "@b", "a@b@c", "a b@c", "a@b c", "a\n@b",
        "a@b\r\n", "a\x7f@b.c", "a@.b", "a@b..c", "a@b.", "<a@b.c>", "a@b,c", "a@[1.2.3.4]", "a@b/c",
        "\xff@b.c", "a@\xc3", "a\xc2\xa0@b.c", "a\xe2\x80\x8b@b.c", "a\xe2\x80\xae@b.c", "a@b\xe3\x80\x80.c"};
    char out[RMS_ADDRESS_MAX] = "untouched";

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(bad); i++) {
        assert_int_equal(rms_address_normalise(bad[i], out), RMS_E_BAD_ARGUMENT);
        assert_string_equal(out, "untouched");
    }
}

static void keeps_the_maximum_length(void **state)
{
    char text[300];
    char out[RMS_ADDRESS_MAX];

    (void)state;
    memset(text, 'a', sizeof text);
    memcpy(text + 254 - 4, "@b.c", 5);
    assert_int_equal(rms_address_normalise(text, out), 0);
    assert_int_equal(strlen(out), 254);
    memset(text, 'a', sizeof text);
    memcpy(text + 255 - 4, "@b.c", 5);
    assert_int_equal(rms_address_normalise(text, out), RMS_E_BAD_ARGUMENT);
}

/* The A-label form is longer than the text it comes from. */
static void converted_domains_count_too(void **state)
{
    char text[300];
    char out[RMS_ADDRESS_MAX];

    (void)state;
    memset(text, 'a', sizeof text);
    (void)snprintf(text + 240, sizeof text - 240, "@b\xc3\xbc%s", "cher.de");
    assert_int_equal(rms_address_normalise(text, out), RMS_E_BAD_ARGUMENT);
}

static void gives_the_domain(void **state)
{
    (void)state;
    assert_string_equal(rms_address_domain("a@example.com"), "example.com");
    assert_string_equal(rms_address_domain("none"), "");
}

static void memory_may_run_out(void **state)
{
    char out[RMS_ADDRESS_MAX];

    (void)state;
    rms_mem_fail_after(0);
    assert_int_not_equal(rms_address_normalise("a@b.c", out), 0);
    rms_mem_fail_never();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(normalises),
        cmocka_unit_test(refuses),
        cmocka_unit_test(keeps_the_maximum_length),
        cmocka_unit_test(converted_domains_count_too),
        cmocka_unit_test(gives_the_domain),
        cmocka_unit_test(memory_may_run_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
