#include "label/mail.h"

#include <unistd.h>

#include "base/file.h"
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

/* In the file: the field alone changes, whatever its place and the line ends. */
static void in_the_file(void **state)
{
    static const struct {
        const char *before, *after; /* FIELD: where the field is then */
    } cases[] = {
        {"Subject: s\nMIME-Version: 1.0\n\nwords\nmsip_labels: x\n",
            "FIELD\nSubject: s\nMIME-Version: 1.0\n\nwords\nmsip_labels: x\n"},
        {"Subject: s\r\nMSIP_Labels: MSIP_Label_" LABEL_B "_Enabled=True;\r\n a=b\r\nMIME-Version: 1.0\r\n"
         "msip_labels: c=d\r\n\r\nwords",
            "Subject: s\r\nFIELD\r\nMIME-Version: 1.0\r\n\r\nwords"},
    };
    static const char field[] = "msip_labels: MSIP_Label_" LABEL_A "_Enabled=True";
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA);
    struct rms_label_pairs pairs = RMS_LABEL_PAIRS(arena);

    (void)state;
    assert_int_equal(rms_label_pairs_put(&pairs, KEY(LABEL_A, "Enabled"), "True"), 0);
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        struct rms_buf RMS_BUF_CLEANUP wanted_text = RMS_BUF_INIT(4096);
        struct rms_label_pairs found = RMS_LABEL_PAIRS(arena);
        const char *place = strstr(cases[i].after, "FIELD");
        char text[4096] = "";
        int fds[2] = {-1, -1};

        rms_buf_printf(
            &wanted_text, "%.*s%s%s", (int)(place - cases[i].after), cases[i].after, field, place + 5);
        for (size_t k = 0; k < RMS_COUNT(fds); k++) {
            assert_int_equal(rms_file_scratch("/tmp", &fds[k]), 0);
        }
        assert_int_equal(rms_fd_pwrite_all(fds[0], cases[i].before, strlen(cases[i].before), 0), 0);
        assert_int_equal(rms_label_mail_file_write(fds[0], fds[1], &pairs), 0);
        assert_true(rms_fd_pread_full(fds[1], text, sizeof text - 1, 0) > 0);
        assert_string_equal(text, rms_buf_text(&wanted_text));
        assert_int_equal(rms_label_mail_file_read(fds[1], &found), 0);
        assert_int_equal(found.count, 1);
        assert_int_equal(close(fds[0]) | close(fds[1]), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(there_and_back), cmocka_unit_test(reading),
        cmocka_unit_test(untellable), cmocka_unit_test(in_the_file)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
