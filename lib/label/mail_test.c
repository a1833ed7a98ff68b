#include "label/mail.h"

#include "label/label_test.h"

/* proves: C-174 - as far as there are mails: the value of the header. */
static void there_and_back(void **state)
{
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA);
    struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(RMS_LABEL_MAIL_MAX);
    struct rms_label_pairs pairs = RMS_LABEL_PAIRS(arena);
    struct rms_label_pairs again = RMS_LABEL_PAIRS(arena);
    struct rms_labelled label = wanted("00000000-0000-4000-8000-000000000001");
    size_t longest = 0;

    (void)state;
    PUT_ALL(&pairs, old_layout);
    assert_int_equal(rms_label_mail_write(&pairs, &out), 0);
    assert_true(out.len > 998);
    for (size_t at = 0; at < out.len; at += 2) {
        size_t len = strcspn(rms_buf_text(&out) + at, "\r");

        longest = len > longest ? len : longest;
        at += len;
    }
    assert_true(longest > 0 && longest < 998);
    assert_int_equal(rms_label_mail_read(rms_buf_view(&out), &again), 0);
    assert_int_equal(again.count, pairs.count - 1); /* but the display text */
    for (size_t i = 0; i < again.count; i++) {
        assert_string_equal(again.items[i].value, rms_label_pairs_get(&pairs, again.items[i].key));
    }
    assert_int_equal(rms_label_set(&again, &label, NULL), 0);
    assert_string_equal(rms_label_pairs_get(&again, KEY(LABEL_X, "Name")), "General");
    assert_null(rms_label_pairs_get(&again, KEY(LABEL_A, "Name")));
}

/* Both forms, folded anywhere between pairs, and what is no pair in between. */
static void reading(void **state)
{
    static const char text[] = "MSIP_Label_" LABEL_A "_Enabled=True;\r\n\tMSIP_Label_" LABEL_A "_SiteId=" OURS
                               ";MSIP_Label_" LABEL_A "_Name = Confidential ;; nonsense; a=b; "
                               "MSIP_Label_" LABEL_B "_Enabled=True;";
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA);
    struct rms_label_pairs pairs = RMS_LABEL_PAIRS(arena);

    (void)state;
    assert_int_equal(rms_label_mail_read(rms_view_str(text), &pairs), 0);
    assert_int_equal(pairs.count, 4);
    assert_string_equal(rms_label_pairs_get(&pairs, KEY(LABEL_A, "Name")), "Confidential");
}

static void untellable(void **state)
{
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA);
    struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(RMS_LABEL_MAIL_MAX);
    struct rms_label_pairs pairs = RMS_LABEL_PAIRS(arena);

    (void)state;
    assert_int_equal(rms_label_pairs_put(&pairs, KEY(LABEL_A, "Name"), "a;b"), 0);
    assert_int_equal(rms_label_mail_write(&pairs, &out), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_label_pairs_put(&pairs, KEY(LABEL_A, "Name"), "a\r\nBcc: eve@evil.test"), 0);
    assert_int_equal(rms_label_mail_write(&pairs, &out), RMS_E_BAD_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back), cmocka_unit_test(reading), cmocka_unit_test(untellable)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
