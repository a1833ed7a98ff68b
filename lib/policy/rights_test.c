#include "policy/rights.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static int setup(void **state)
{
    *state = rms_arena_new(1 << 20);
    return *state == NULL;
}

static int teardown(void **state)
{
    rms_arena_free((struct rms_arena **)state);
    return 0;
}

struct list {
    char text[4096];
};

static void append(const char *name, void *context)
{
    struct list *list = context;
    size_t len = strlen(list->text);

    assert_true(len + strlen(name) + 2 < sizeof list->text);
    memcpy(list->text + len, name, strlen(name) + 1);
    memcpy(list->text + len + strlen(name), " ", 2);
}

static void assert_lists(const struct rms_rights *rights, const char *expected)
{
    struct list list = {""};

    rms_rights_each(rights, append, &list);
    assert_string_equal(list.text, expected);
}

/* Service-requirements table 3.1, and SIGN of xrml-licences section 6, written out a second time. */
static const char *const encodings[] = {"VIEW", "EDIT", "DOCEDIT", "COMMENT", "EXPORT", "FORWARD", "OWNER",
    "PRINT", "REPLY", "REPLYALL", "EXTRACT", "VIEWRIGHTSDATA", "EDITRIGHTSDATA", "OBJMODEL", "AUDITEDEXTRACT",
    "SIGN"};

#define ENCODING_COUNT (sizeof encodings / sizeof encodings[0])

/* touches: S-067, S-068, C-083 */
static void every_right_goes_in_and_out_by_its_encoding(void **state)
{
    struct rms_rights all = {0};
    uint32_t bit = 0;
    size_t i;

    for (i = 0; i < ENCODING_COUNT; i++) {
        struct rms_rights one = {0};
        char lower[32] = "";
        size_t c;

        for (c = 0; encodings[i][c] != '\0'; c++) {
            lower[c] = (char)(encodings[i][c] | 0x20);
        }
        assert_string_equal(rms_right_name(i, &bit), encodings[i]);
        assert_int_equal(rms_rights_add(*state, &one, lower, false), 0);
        assert_int_equal(one.bits, bit);
        assert_int_equal(one.custom_count, 0);
        assert_int_equal(rms_rights_add(*state, &all, encodings[i], true), 0);
    }
    assert_null(rms_right_name(ENCODING_COUNT, &bit));
    assert_int_equal(all.bits, RMS_RIGHTS_ALL);
    assert_lists(&all,
        "VIEW EDIT DOCEDIT COMMENT EXPORT FORWARD OWNER PRINT REPLY REPLYALL EXTRACT VIEWRIGHTSDATA "
        "EDITRIGHTSDATA OBJMODEL AUDITEDEXTRACT SIGN ");
}

/* touches: S-067 */
static void reply_all_has_an_alias(void **state)
{
    struct rms_rights rights = {0};

    assert_int_equal(rms_rights_add(*state, &rights, "reply all", false), 0);
    assert_lists(&rights, "REPLYALL ");
    assert_true(rms_rights_allow_name(&rights, "Reply All"));
    assert_false(rms_rights_allow_name(&rights, "REPLY"));
}

static const char *const malformed[] = {"", " ", "VIEW ", " VIEW", "ACME MEASURE", "A-B", "A/B", "A\nB",
    "\xc3\x84", "REPLY  ALL", "VIEW,EDIT", "\"VIEW\"", "A\x01",
    /* 65 characters */
    "AAAAAAAAAABBBBBBBBBBCCCCCCCCCCDDDDDDDDDDEEEEEEEEEEFFFFFFFFFFGGGGG"};

/* touches: S-067, S-069 */
static void unknown_and_malformed_names_are_refused(void **state)
{
    struct rms_rights rights = {.bits = RMS_RIGHT_VIEW};
    size_t i;

    assert_int_equal(rms_rights_add(*state, &rights, "VIEEW", false), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_rights_add(*state, &rights, "ACME.MEASURE", false), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_rights_add(*state, &rights, NULL, true), RMS_E_BAD_ARGUMENT);
    for (i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        assert_int_equal(rms_rights_add(*state, &rights, malformed[i], true), RMS_E_BAD_ARGUMENT);
        assert_false(rms_rights_allow_name(&rights, malformed[i]));
    }
    assert_lists(&rights, "VIEW ");
}

/* touches: S-069, C-083 */
static void custom_rights_are_kept_sorted_once_and_upper_case(void **state)
{
    struct rms_rights rights = {0};
    struct rms_rights copy;

    assert_int_equal(rms_rights_add(*state, &rights, "foo", true), 0);
    assert_int_equal(rms_rights_add(*state, &rights, "Acme.Measure_1", true), 0);
    copy = rights;
    assert_int_equal(rms_rights_add(*state, &rights, "BAR", true), 0);
    assert_int_equal(rms_rights_add(*state, &rights, "Foo", true), 0);
    assert_int_equal(rms_rights_add(*state, &rights, "print", true), 0);
    assert_lists(&rights, "PRINT ACME.MEASURE_1 BAR FOO ");
    assert_lists(&copy, "ACME.MEASURE_1 FOO ");
    assert_true(rms_rights_allow_name(&rights, "fOO"));
    assert_true(rms_rights_allow_name(&rights, "ACME.MEASURE_1"));
    assert_false(rms_rights_allow_name(&rights, "ACME.MEASURE"));
    assert_false(rms_rights_allow_name(&rights, "VIEW"));
    assert_false(rms_rights_allow_name(&rights, NULL));
}

static void the_longest_custom_name_has_64_characters(void **state)
{
    static const char longest[] = "AAAAAAAAAABBBBBBBBBBCCCCCCCCCCDDDDDDDDDDEEEEEEEEEEFFFFFFFFFFGGGG";
    struct rms_rights rights = {0};

    assert_int_equal(sizeof longest - 1, RMS_CUSTOM_RIGHT_MAX);
    assert_int_equal(rms_rights_add(*state, &rights, longest, true), 0);
    assert_true(rms_rights_allow_name(&rights, longest));
}

static void custom_rights_of_a_set_are_limited(void **state)
{
    struct rms_rights rights = {0};
    char name[8] = "R000";
    int i;

    for (i = 0; i < RMS_CUSTOM_RIGHTS_MAX; i++) {
        name[1] = (char)('0' + i / 100);
        name[2] = (char)('0' + i / 10 % 10);
        name[3] = (char)('0' + i % 10);
        assert_int_equal(rms_rights_add(*state, &rights, name, true), 0);
    }
    assert_int_equal(rms_rights_add(*state, &rights, "X", true), RMS_E_LIMIT);
    assert_int_equal(rms_rights_add(*state, &rights, "R007", true), 0);
    assert_int_equal(rms_rights_add(*state, &rights, "PRINT", true), 0);
    assert_int_equal(rights.custom_count, RMS_CUSTOM_RIGHTS_MAX);
}

static void merging_is_the_union(void **state)
{
    static const char *const left[] = {"A", "C", "E"};
    static const char *const right[] = {"B", "C", "F", "G"};
    struct rms_rights rights = {RMS_RIGHT_VIEW, left, 3};
    const struct rms_rights more = {RMS_RIGHT_PRINT, right, 4};
    const struct rms_rights none = {0};
    struct rms_rights empty = {0};

    assert_int_equal(rms_rights_merge(*state, &rights, &more), 0);
    assert_lists(&rights, "VIEW PRINT A B C E F G ");
    assert_int_equal(rms_rights_merge(*state, &rights, &none), 0);
    assert_lists(&rights, "VIEW PRINT A B C E F G ");
    assert_int_equal(rms_rights_merge(*state, &empty, &more), 0);
    assert_lists(&empty, "PRINT B C F G ");
    assert_ptr_not_equal(empty.custom[0], right[0]);
}

static void a_set_with_anything_is_not_empty(void **state)
{
    static const char *const custom[] = {"A"};

    (void)state;
    assert_true(rms_rights_empty(&(struct rms_rights){0}));
    assert_true(rms_rights_empty(&(struct rms_rights){.bits = 1u << 20}));
    assert_false(rms_rights_empty(&(struct rms_rights){.bits = RMS_RIGHT_SIGN}));
    assert_false(rms_rights_empty(&(struct rms_rights){.custom = custom, .custom_count = 1}));
}

/* proves: C-084 */
static void owner_implies_every_check(void **state)
{
    const struct rms_rights owner = {.bits = RMS_RIGHT_OWNER};
    uint32_t bit = 0;
    size_t i;

    (void)state;
    for (i = 0; i < ENCODING_COUNT; i++) {
        assert_true(rms_rights_allow_name(&owner, encodings[i]));
        assert_non_null(rms_right_name(i, &bit));
        assert_true(rms_rights_allow(&owner, bit));
    }
    assert_true(rms_rights_allow_name(&owner, "ACME.MEASURE"));
    assert_true(rms_rights_allow_name(&owner, "never_heard_of"));
    assert_false(rms_rights_allow_name(&owner, ""));
    assert_false(rms_rights_allow(&owner, 0));
}

/* touches: S-070, S-071 */
static void no_other_right_implies_another(void **state)
{
    size_t i;
    size_t j;

    (void)state;
    for (i = 0; i < ENCODING_COUNT; i++) {
        struct rms_rights one = {0};

        assert_non_null(rms_right_name(i, &one.bits));
        for (j = 0; j < ENCODING_COUNT; j++) {
            bool expected = i == j || one.bits == RMS_RIGHT_OWNER;

            assert_int_equal(rms_rights_allow_name(&one, encodings[j]), expected);
        }
    }
    assert_false(rms_rights_allow(
        &(struct rms_rights){.bits = RMS_RIGHT_VIEW}, (uint32_t)(RMS_RIGHT_VIEW | RMS_RIGHT_EDIT)));
}

/* Every allocation fails once: a code, and the set as it was. */
static void running_out_of_memory_changes_nothing(void **state)
{
    static const char *const names[] = {"B", "D"};
    const struct rms_rights more = {RMS_RIGHT_PRINT, names, 2};
    struct rms_arena *arena = NULL;
    long fail;

    (void)state;
    for (fail = 0; fail < 2; fail++) {
        struct rms_rights rights = {.bits = RMS_RIGHT_VIEW};

        arena = rms_arena_new(fail == 0 ? 4 : 20);
        assert_non_null(arena);
        assert_int_equal(rms_rights_add(arena, &rights, "LONGER.THAN.THE.ARENA", true), RMS_E_NO_MEMORY);
        assert_int_equal(rms_rights_merge(arena, &rights, &more), RMS_E_NO_MEMORY);
        assert_lists(&rights, "VIEW ");
        rms_arena_free(&arena);
    }
}

/* Table 3.3: what Do Not Forward and Encrypt-Only must not hold. touches: S-076, S-077 */
static void special_sets_are_those_of_the_table(void **state)
{
    const struct rms_rights message = {.bits = RMS_RIGHTS_DO_NOT_FORWARD};
    const struct rms_rights attachment = {.bits = RMS_RIGHTS_DO_NOT_FORWARD_ATTACHMENT};
    const struct rms_rights encrypt = {.bits = RMS_RIGHTS_ENCRYPT_ONLY};

    (void)state;
    assert_lists(&message, "VIEW EDIT DOCEDIT REPLY REPLYALL VIEWRIGHTSDATA OBJMODEL ");
    assert_lists(&attachment, "VIEW EDIT DOCEDIT OBJMODEL ");
    assert_lists(&encrypt, "VIEW EDIT DOCEDIT COMMENT FORWARD PRINT REPLY REPLYALL EXTRACT VIEWRIGHTSDATA "
                           "EDITRIGHTSDATA OBJMODEL ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_right_goes_in_and_out_by_its_encoding, setup, teardown),
        cmocka_unit_test_setup_teardown(reply_all_has_an_alias, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_and_malformed_names_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(custom_rights_are_kept_sorted_once_and_upper_case, setup, teardown),
        cmocka_unit_test_setup_teardown(the_longest_custom_name_has_64_characters, setup, teardown),
        cmocka_unit_test_setup_teardown(custom_rights_of_a_set_are_limited, setup, teardown),
        cmocka_unit_test_setup_teardown(merging_is_the_union, setup, teardown),
        cmocka_unit_test(a_set_with_anything_is_not_empty),
        cmocka_unit_test(owner_implies_every_check),
        cmocka_unit_test(no_other_right_implies_another),
        cmocka_unit_test(running_out_of_memory_changes_nothing),
        cmocka_unit_test(special_sets_are_those_of_the_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
