#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "policy/rights.h"

#define V RMS_RIGHT_VIEW
#define D RMS_RIGHT_VIEWRIGHTSDATA
#define O RMS_RIGHT_OBJMODEL
#define R RMS_RIGHT_REPLY
#define A RMS_RIGHT_REPLYALL

/* Table 3.2, column by column. */
static const struct {
    const char *spellings[4];
    const char *name;
    uint32_t bits;
} table[] = {
    {{"Viewer", "VIEWER", "viewer", "vIEWER"}, "Viewer", V | D | O | R | A},
    {{"Reviewer", "REVIEWER", "reviewer", "rEVIEWER"}, "Reviewer",
        V | D | O | R | A | RMS_RIGHT_EDIT | RMS_RIGHT_DOCEDIT | RMS_RIGHT_FORWARD},
    {{"Co-Author", "AUTHOR", "CoAuthor", "co-author"}, "Co-Author",
        V | D | O | R | A | RMS_RIGHT_EDIT | RMS_RIGHT_DOCEDIT | RMS_RIGHT_FORWARD | RMS_RIGHT_EXTRACT |
            RMS_RIGHT_PRINT},
    {{"Co-Owner", "COOWNER", "CoOwner", "co-owner"}, "Co-Owner",
        V | D | O | R | A | RMS_RIGHT_EDIT | RMS_RIGHT_DOCEDIT | RMS_RIGHT_FORWARD | RMS_RIGHT_EXTRACT |
            RMS_RIGHT_PRINT | RMS_RIGHT_EXPORT | RMS_RIGHT_EDITRIGHTSDATA | RMS_RIGHT_OWNER},
};

#define TABLE_COUNT (sizeof table / sizeof table[0])

/* touches: S-074, S-075, C-083 */
static void levels_and_roles_expand_to_the_table(void **state)
{
    size_t i;
    size_t k;

    (void)state;
    for (i = 0; i < TABLE_COUNT; i++) {
        for (k = 0; k < 4; k++) {
            struct rms_rights rights = {.bits = RMS_RIGHT_SIGN};

            assert_int_equal(rms_level_rights(table[i].spellings[k], &rights), 0);
            assert_int_equal(rights.bits, table[i].bits);
            assert_int_equal(rights.custom_count, 0);
            assert_string_equal(rms_level_name(&rights), table[i].name);
        }
    }
}

/* touches: S-074, S-075 */
static void other_names_are_refused(void **state)
{
    static const char *const wrong[] = {
        "Contributor", "EDITOR", "", "View", "Co Author", "Viewer ", "Custom", "OWNER", "Do Not Forward"};
    struct rms_rights rights = {.bits = RMS_RIGHT_SIGN};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(rms_level_rights(wrong[i], &rights), RMS_E_BAD_ARGUMENT);
    }
    assert_int_equal(rms_level_rights(NULL, &rights), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rights.bits, RMS_RIGHT_SIGN);
}

static void messages_list_the_four_names(void **state)
{
    const char *const *names = rms_level_names();
    size_t i;

    (void)state;
    for (i = 0; i < TABLE_COUNT; i++) {
        assert_string_equal(names[i], table[i].name);
    }
    assert_null(names[TABLE_COUNT]);
}

/* One right less or more than a level, or a custom one, is Custom. touches: S-074 */
static void only_the_exact_set_has_the_name(void **state)
{
    static const char *const custom[] = {"ACME"};
    size_t i;
    unsigned bit;

    (void)state;
    for (i = 0; i < TABLE_COUNT; i++) {
        struct rms_rights rights = {table[i].bits, custom, 1};

        assert_string_equal(rms_level_name(&rights), "Custom");
        for (bit = 0; bit < 16; bit++) {
            rights = (struct rms_rights){.bits = table[i].bits ^ 1u << bit};
            assert_string_equal(rms_level_name(&rights), "Custom");
        }
    }
    assert_string_equal(rms_level_name(&(struct rms_rights){0}), "Custom");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_and_roles_expand_to_the_table),
        cmocka_unit_test(other_names_are_refused),
        cmocka_unit_test(messages_list_the_four_names),
        cmocka_unit_test(only_the_exact_set_has_the_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
