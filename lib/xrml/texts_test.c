/* Localised names (xrml-licences section 2). */
#include "base/test.h"

#include "xrml/testing/world.h"
#include "xrml/texts.h"

static struct rms_arena *arena;

static int open_arena(void **state)
{
    (void)state;
    arena = rms_arena_new(64u << 20);
    return arena != NULL ? 0 : -1;
}

static int close_arena(void **state)
{
    (void)state;
    rms_arena_free(&arena);
    return 0;
}

static struct rms_texts read_body(const char *body)
{
    struct rms_xtext text;
    struct rms_texts texts;
    char id[RMS_GUID_TEXT];

    assert_int_equal(rms_xtext_parse(arena, rms_view_str(body), &text), 0);
    assert_int_equal(rms_texts_read(arena, text.root->first, id, &texts), 0);
    return texts;
}

static struct rms_texts read_name(const char *name)
{
    return read_body(
        rms_arena_printf(arena, "<B><DESCRIPTOR><OBJECT><NAME>%s</NAME></OBJECT></DESCRIPTOR></B>", name));
}

static void assert_text(
    const struct rms_texts *texts, size_t i, unsigned lcid, const char *name, const char *description)
{
    assert_true(i < texts->count);
    assert_int_equal(texts->texts[i].lcid, lcid);
    assert_string_equal(texts->texts[i].name, name);
    assert_string_equal(texts->texts[i].description, description);
}

static void test_real_forms(void **state)
{
    struct rms_texts texts;

    (void)state;
    texts = read_name("LCID 1033:NAME A:DESCRIPTION b.;\nLCID 127:NAME C: d:DESCRIPTION e; f;\n");
    assert_int_equal(texts.count, 2);
    assert_text(&texts, 0, 1033, "A", "b.");
    assert_text(&texts, 1, 127, "C: d", "e; f");
    texts = read_name("LCID 1033:NAME A:DESCRIPTION b");
    assert_text(&texts, 0, 1033, "A", "b");
    texts = read_name("LCID 1033:NAME A:DESCRIPTION b;LCID 1031:NAME C:DESCRIPTION d;");
    assert_int_equal(texts.count, 2);
    assert_text(&texts, 1, 1031, "C", "d");
    texts = read_name("LCID 1033:NAME A only;\n");
    assert_text(&texts, 0, 1033, "A only", "");
    texts = read_name("LCID 1033:NAME :DESCRIPTION ;\n");
    assert_text(&texts, 0, 1033, "", "");
    texts = read_name("LCID 1033:NAME a;LCID b:DESCRIPTION LCID 5 :NAME c;\n");
    assert_int_equal(texts.count, 1);
    assert_text(&texts, 0, 1033, "a;LCID b", "LCID 5 :NAME c");
}

static void test_other_forms(void **state)
{
    struct rms_texts texts;

    (void)state;
    texts = read_name("Company Confidential");
    assert_int_equal(texts.count, 1);
    assert_text(&texts, 0, 127, "Company Confidential", "");
    assert_int_equal(read_name("").count, 0);
    assert_int_equal(read_body("<B/>").count, 0);
    assert_int_equal(read_body("<B><DESCRIPTOR/></B>").count, 0);
    assert_text(&(struct rms_texts){read_name("LCID :NAME a").texts, 1}, 0, 127, "LCID :NAME a", "");
    assert_int_equal(read_name("LCID 1234567890:NAME a").texts[0].lcid, 127);
}

static void round_trip(const struct rms_policy_text *in, size_t count)
{
    const struct rms_policy policy = {.id = RMS_WORLD_POLICY, .texts = in, .text_count = count};
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(1u << 20);
    struct rms_xwriter w = RMS_XWRITER(&out);
    struct rms_texts texts;

    rms_xw_open(&w, "B");
    rms_texts_write(&w, &policy);
    rms_xw_close(&w, "B");
    assert_int_equal(rms_xw_status(&w), 0);
    texts = read_body(rms_buf_text(&out));
    assert_int_equal(texts.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_text(&texts, i, in[i].lcid, in[i].name, in[i].description);
    }
}

#define WJ "\xe2\x81\xa0"

/* Texts that look like the form itself. */
static const char *const tricky[] = {
    "",
    "plain",
    ":",
    ";",
    ";\n",
    ":DESCRIPTION ",
    "a:DESCRIPTION b",
    ":NAME ",
    ";\nLCID 7:NAME x:DESCRIPTION y;\n",
    "LCID 1033:NAME x",
    ":DESCRIPTION",
    "x:" WJ "DESCRIPTION y",
    ":" WJ WJ "NAME z",
    WJ ":DESCRIPTION " WJ,
    (":" WJ),
    "::DESCRIPTION :DESCRIPTION ",
    "a\tb\nc\rd & <e> \"f\" 'g'",
    "; LCID 5",
    "f\xc3\xbcr \xe6\xa9\x9f",
};

static void test_lossless(void **state)
{
    struct rms_policy_text texts[2];

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(tricky); i++) {
        for (size_t j = 0; j < RMS_COUNT(tricky); j++) {
            texts[0] = (struct rms_policy_text){1033, tricky[i], tricky[j]};
            texts[1] = (struct rms_policy_text){999999999, tricky[j], tricky[i]};
            round_trip(texts, 2);
            round_trip(texts + 1, 1);
        }
    }
    round_trip(NULL, 0);
}

static int read_many(size_t count)
{
    RMS_BUF_CLEANUP struct rms_buf body = RMS_BUF_INIT(1u << 20);
    struct rms_xtext text;
    struct rms_texts texts;
    char id[RMS_GUID_TEXT];

    rms_buf_append_str(&body, "<B><DESCRIPTOR><OBJECT><NAME>");
    for (size_t i = 0; i < count; i++) {
        rms_buf_append_str(&body, "LCID 1:NAME a:DESCRIPTION b;\n");
    }
    rms_buf_append_str(&body, "</NAME></OBJECT></DESCRIPTOR></B>");
    assert_int_equal(rms_xtext_parse(arena, rms_buf_view(&body), &text), 0);
    return rms_texts_read(arena, text.root->first, id, &texts);
}

static void test_too_many(void **state)
{
    (void)state;
    assert_int_equal(read_many(1000), 0);
    assert_int_equal(read_many(1001), RMS_E_BAD_LICENSE);
}

/* What XML cannot carry is refused when writing. */
static void test_not_writable(void **state)
{
    static const char *const bad[] = {"a\x01", "\xff", "\xef\xbf\xbf", "\xed\xa0\x80", "\x1b[0m"};

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(bad); i++) {
        const struct rms_policy_text text = {1033, bad[i], ""};
        const struct rms_policy policy = {.id = RMS_WORLD_POLICY, .texts = &text, .text_count = 1};
        RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(1u << 20);
        struct rms_xwriter w = RMS_XWRITER(&out);

        rms_texts_write(&w, &policy);
        assert_int_equal(rms_xw_status(&w), RMS_E_BAD_ARGUMENT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_real_forms, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(test_other_forms, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(test_lossless, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(test_too_many, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(test_not_writable, open_arena, close_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
