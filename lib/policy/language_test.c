#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "policy/policy.h"

/* Pairs from the locale tables of [MS-LCID], also in Python's locale.windows_locale. */
static const struct {
    unsigned lcid;
    const char *tag;
} pairs[] = {{1025, "ar-SA"}, {1028, "zh-TW"}, {1031, "de-DE"}, {1033, "en-US"}, {1034, "es-ES"},
    {1036, "fr-FR"}, {1041, "ja-JP"}, {1044, "nb-NO"}, {1046, "pt-BR"}, {1049, "ru-RU"}, {2052, "zh-CN"},
    {2055, "de-CH"}, {2057, "en-GB"}, {2068, "nn-NO"}, {2070, "pt-PT"}, {3084, "fr-CA"}, {9242, "sr-Latn-RS"},
    {10266, "sr-Cyrl-RS"}, {127, "und"}};

static void identifiers_and_tags_translate_both_ways(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        assert_int_equal(rms_lcid_of(pairs[i].tag), pairs[i].lcid);
        assert_string_equal(rms_language_of(pairs[i].lcid), pairs[i].tag);
    }
    assert_string_equal(rms_language_of(3082), "es-ES");
}

static const struct {
    const char *tag;
    unsigned lcid;
} loose[] = {
    {"de", 1031},
    {"EN", 1033},
    {"es", 1034},
    {"fr-fr", 1036},
    {"zh", 2052},
    {"zh-Hans", 2052},
    {"zh-Hant", 1028},
    {"zh-Hant-HK", 1028},
    {"no", 1044},
    {"pt", 1046},
    {"sr", 9242},
    {"sr-Cyrl", 3098},
    {"de_AT.UTF-8", 3079},
    {"sr_RS@latin", 9242},
    {"de-DE-1996", 1031},
    {"en-XX", 1033},
    {"und", 127},
};

static void a_language_without_its_region_is_its_main_form(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof loose / sizeof loose[0]; i++) {
        assert_int_equal(rms_lcid_of(loose[i].tag), loose[i].lcid);
    }
}

/* touches: S-095 */
static void unknown_ones_are_nothing(void **state)
{
    static const char *const wrong[] = {"", "-", "C", "POSIX", "xx", "xx-YY", "d", "deu", "-DE", "\xff",
        "a-very-long-tag-that-does-not-fit-anywhere-at-all", ".UTF-8", "0", "99999", "1031x", "70000000000",
        "1031-de"};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(rms_lcid_of(wrong[i]), 0);
    }
    assert_int_equal(rms_lcid_of("1031"), 1031);
    assert_int_equal(rms_lcid_of(NULL), 0);
    assert_null(rms_language_of(0));
    assert_null(rms_language_of(99999));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identifiers_and_tags_translate_both_ways),
        cmocka_unit_test(a_language_without_its_region_is_its_main_form),
        cmocka_unit_test(unknown_ones_are_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
