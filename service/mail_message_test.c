/* Letters and messages: what a name can and cannot do. */
#include "base/test.h"

#include <string.h>

#include "service/mail_message.h"

#define EVIL "a\r\nBcc: eve@evil.test\r\n\r\n<script>x</script>\xe2\x80\xae{1}"

struct made {
    struct rms_arena *arena;
    struct rms_letter letter;
    struct rms_buf message;
};

static void make(struct made *m, const char *name)
{
    const struct rms_envelope envelope = {.sender = "rms@contoso.test",
        .sender_name = rms_letter_clean(m->arena, name),
        .recipient = "alice@contoso.test",
        .message_id = "1-0@contoso.test",
        .time = 1900000000};
    static const enum rms_phrase heads[] = {RMS_SAY_WHO};

    rms_letter_init(&m->letter, m->arena);
    m->message = RMS_BUF_INIT(RMS_LETTER_MAX);
    rms_letter_subject(&m->letter, RMS_SAY_OPENED_SUBJECT, RMS_VALUES_OF("bob@contoso.test", name));
    rms_letter_heading(&m->letter, name);
    rms_letter_table(&m->letter, heads, 1);
    rms_letter_row(&m->letter, &name, 1);
    rms_letter_table_end(&m->letter);
    rms_letter_code(&m->letter, name);
    assert_int_equal(rms_letter_finish(&m->letter), 0);
    assert_int_equal(rms_message_emit(&envelope, &m->letter, &m->message), 0);
}

static int setup(void **state)
{
    static struct made made;

    rms_message_start();
    made.arena = rms_arena_new(1u << 20);
    assert_non_null(made.arena);
    *state = &made;
    return 0;
}

static int teardown(void **state)
{
    struct made *m = *state;

    rms_letter_fini(&m->letter);
    rms_buf_fini(&m->message);
    rms_arena_free(&m->arena);
    return 0;
}

static void says_it_twice(void **state)
{
    struct made *m = *state;
    const char *text;

    make(m, "plan.txt");
    text = rms_buf_text(&m->message);
    assert_non_null(strstr(text, "From: \"plan.txt\" <rms@contoso.test>\r\n"));
    assert_non_null(strstr(text, "To: alice@contoso.test\r\n"));
    assert_non_null(strstr(text, "Subject: bob@contoso.test opened plan.txt\r\n"));
    assert_non_null(strstr(text, "Message-Id: <1-0@contoso.test>\r\n"));
    assert_non_null(strstr(text, "Date: Sun, 17 Mar 2030 17:46:40 +0000\r\n"));
    assert_non_null(strstr(text, "Auto-Submitted: auto-generated\r\n"));
    assert_non_null(strstr(text, "Content-Type: multipart/alternative;"));
    assert_non_null(strstr(text, "Content-Type: text/plain; charset=us-ascii\r\n"));
    assert_non_null(strstr(text, "Content-Type: text/html; charset=us-ascii\r\n"));
}

static void adds_no_header(void **state)
{
    struct made *m = *state;

    make(m, EVIL);
    assert_null(strstr(rms_buf_text(&m->message), "\nBcc"));
    assert_null(strstr(rms_buf_text(&m->message), "\n\n"));
    assert_null(strchr(m->letter.subject, '\n'));
    assert_null(strchr(m->letter.subject, '\r'));
    assert_null(strstr(m->letter.subject, "\xe2\x80\xae"));
    assert_non_null(strstr(m->letter.subject, "{1}")); /* a value is not filled in again */
    assert_null(strstr(rms_buf_text(&m->letter.html), "<script>"));
    assert_non_null(strstr(rms_buf_text(&m->letter.html), "&lt;script&gt;"));
}

static void cuts_what_is_long(void **state)
{
    struct made *m = *state;
    char name[4096];

    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    make(m, name);
    assert_true(strlen(m->letter.subject) < 300);
    for (const char *line = rms_buf_text(&m->message); line[0] != '\0';) {
        size_t len = strcspn(line, "\r\n");
        assert_true(len <= 998); /* RFC 5322 2.1.1 */
        line += len + strspn(line + len, "\r\n");
    }
}

static void takes_plain_addresses(void **state)
{
    static const char *const good[] = {"a@b.test", "first.last+tag@mail.contoso.test", "o'neil@x-y.test"};
    static const char *const bad[] = {"", "a", "@b.test", "a@", ".a@b.test", "a.@b.test", "a b@c.test",
        "a@b.test>", "<a@b.test", "a\"b@c.test", "a,b@c.test", "a;b@c.test", "a(b)@c.test", "a:b@c.test",
        "a\\b@c.test", "a[b]@c.test", "\xc3\xa4@b.test", "a@b@c.test", "a@b.test\r\nRCPT", "a@[1.2.3.4]",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@b.test"};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(rms_mail_address_ok(good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(rms_mail_address_ok(bad[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(says_it_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(adds_no_header, setup, teardown),
        cmocka_unit_test_setup_teardown(cuts_what_is_long, setup, teardown),
        cmocka_unit_test(takes_plain_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
