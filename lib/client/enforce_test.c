/* The enforcement contract, right by right. */
#include "base/test.h"

#include <openrms/openrms.h>

#define ACTIONS (RMS_ACTION_COUNT + 1)

/* The list of S-089, written down a second time: what each right alone enables. */
static const struct {
    const char *right;
    enum rms_action enables[ACTIONS]; /* ended by RMS_ACTION_COUNT */
} single[] = {
    {"VIEW", {RMS_ACTION_LOAD, RMS_ACTION_COUNT}},
    {"EDIT", {RMS_ACTION_MODIFY, RMS_ACTION_CUT, RMS_ACTION_PASTE, RMS_ACTION_SAVE, RMS_ACTION_COUNT}},
    {"DOCEDIT", {RMS_ACTION_MODIFY, RMS_ACTION_CUT, RMS_ACTION_PASTE, RMS_ACTION_COUNT}},
    {"COMMENT", {RMS_ACTION_COMMENT_ONLY, RMS_ACTION_COUNT}},
    {"EXPORT", {RMS_ACTION_SAVE_AS, RMS_ACTION_OFFER_CLEAR, RMS_ACTION_COUNT}},
    {"FORWARD", {RMS_ACTION_COUNT}},
    {"PRINT", {RMS_ACTION_PRINT, RMS_ACTION_COUNT}},
    {"REPLY", {RMS_ACTION_COUNT}},
    {"REPLYALL", {RMS_ACTION_COUNT}},
    {"EXTRACT", {RMS_ACTION_COPY, RMS_ACTION_SCREEN_CAPTURE, RMS_ACTION_COUNT}},
    {"VIEWRIGHTSDATA", {RMS_ACTION_COUNT}},
    {"EDITRIGHTSDATA", {RMS_ACTION_EDIT_POLICY, RMS_ACTION_COUNT}},
    {"OBJMODEL", {RMS_ACTION_MACROS, RMS_ACTION_COUNT}},
    {"SIGN", {RMS_ACTION_COUNT}},
    {"AUDITEDEXTRACT", {RMS_ACTION_COUNT}},
    {"SOMETHING.OF.OURS", {RMS_ACTION_COUNT}},
};

static bool listed(const enum rms_action *list, enum rms_action action)
{
    while (*list != RMS_ACTION_COUNT && *list != action) {
        list++;
    }
    return *list == action;
}

/* touches: S-089, C-088 */
static void single_rights(void **state)
{
    (void)state;
    for (size_t i = 0; i < RMS_COUNT(single); i++) {
        const char *const rights[] = {single[i].right, NULL};

        for (int action = 0; action < RMS_ACTION_COUNT; action++) {
            assert_int_equal(rms_action_permitted((enum rms_action)action, rights),
                listed(single[i].enables, (enum rms_action)action));
        }
    }
}

static void several_and_none(void **state)
{
    static const char *const owner[] = {"owner", NULL};
    static const char *const editor[] = {"view", "Edit", "COMMENT", NULL};
    static const char *const none[] = {NULL};

    (void)state;
    for (int action = 0; action < RMS_ACTION_COUNT; action++) {
        assert_true(rms_action_permitted((enum rms_action)action, owner));
        assert_false(rms_action_permitted((enum rms_action)action, none));
        assert_false(rms_action_permitted((enum rms_action)action, NULL));
        assert_non_null(rms_action_name((enum rms_action)action));
    }
    assert_true(rms_action_permitted(RMS_ACTION_COMMENT, editor));
    assert_false(rms_action_permitted(RMS_ACTION_PRINT, editor));
    assert_false(rms_action_permitted(RMS_ACTION_COUNT, owner));
    assert_false(rms_action_permitted((enum rms_action)1000, owner));
    assert_null(rms_action_name(RMS_ACTION_COUNT));
    assert_false(rms_document_permits(NULL, RMS_ACTION_LOAD));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(single_rights),
        cmocka_unit_test(several_and_none),
    };

    return cmocka_run_group_tests_name("client enforce", tests, NULL, NULL);
}
