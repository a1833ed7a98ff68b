#include "base/test.h"

#include "base/json.h"
#include "base/mem.h"

static const char sample[] = "{\"a\":\"text\",\"n\":null,\"i\":7,\"list\":[1,2.5,true,{\"x\":\"\\u20ac\"}]}";

static void reads_members(void **state)
{
    RMS_JSON_CLEANUP json_t *json = NULL;

    (void)state;
    assert_int_equal(rms_json_parse(rms_view_str(sample), &json), 0);
    assert_string_equal(rms_json_str(json, "a"), "text");
    assert_null(rms_json_str(json, "n"));
    assert_null(rms_json_str(json, "i"));
    assert_null(rms_json_str(json, "absent"));
    assert_null(rms_json_str(NULL, "a"));
}

static void lists_of_texts(void **state)
{
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(4096);
    RMS_JSON_CLEANUP json_t *json = NULL;
    const char *const *texts;
    size_t count;

    (void)state;
    assert_int_equal(rms_json_parse(rms_view_str("[\"one\",2,\"three\"]"), &json), 0);
    assert_int_equal(rms_json_texts(arena, json, &texts, &count), 0);
    assert_int_equal(count, 3);
    assert_string_equal(texts[0], "one");
    assert_string_equal(texts[1], "");
    assert_string_equal(texts[2], "three");
    assert_int_equal(rms_json_texts(arena, NULL, &texts, &count), 0);
    assert_int_equal(count, 0);
}

static void skips_a_byte_order_mark(void **state)
{
    RMS_JSON_CLEANUP json_t *json = NULL;

    (void)state;
    assert_int_equal(rms_json_parse(rms_view_str("\xef\xbb\xbf{}"), &json), 0);
    assert_true(json_is_object(json));
}

static void refuses_bad_input(void **state)
{
    static const char *const bad[] = {"", " ", "\xef\xbb\xbf", "{", "{}{}", "{} x", "{\"a\":1,\"a\":2}",
        "[1,]", "{a:1}", "'x'", "\"\xff\"", "\"\\ud800\"", "\"a\\u0000b\"", "[1e999]", "nul", "{\"a\" 1}",
        "\"\n\"", "]", "}{"};
    json_t *json;

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(bad); i++) {
        assert_int_equal(rms_json_parse(rms_view_str(bad[i]), &json), RMS_E_BAD_ARGUMENT);
        assert_null(json);
    }
}

static void refuses_every_truncation(void **state)
{
    json_t *json;

    (void)state;
    for (size_t len = 0; len < sizeof sample - 1; len++) {
        assert_int_equal(rms_json_parse(rms_view_of(sample, len), &json), RMS_E_BAD_ARGUMENT);
    }
}

static int parse_nested(size_t depth)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(10000);
    RMS_JSON_CLEANUP json_t *json = NULL;

    for (size_t i = 0; i < depth; i++) {
        rms_buf_append_byte(&text, '[');
    }
    for (size_t i = 0; i < depth; i++) {
        rms_buf_append_byte(&text, ']');
    }
    return rms_json_parse(rms_buf_view(&text), &json);
}

static void bounds_the_depth(void **state)
{
    RMS_JSON_CLEANUP json_t *json = NULL;
    char brackets[] =
        "[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[[\"]";

    (void)state;
    assert_int_equal(parse_nested(RMS_JSON_DEPTH_MAX), 0);
    assert_int_equal(parse_nested(RMS_JSON_DEPTH_MAX + 1), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_json_parse(rms_view_str(brackets), &json), 0);
}

static void bounds_the_size(void **state)
{
    char *text = rms_malloc(RMS_JSON_MAX + 1);
    json_t *json;

    (void)state;
    memset(text, ' ', RMS_JSON_MAX + 1);
    text[0] = '1';
    assert_int_equal(rms_json_parse(rms_view_of(text, RMS_JSON_MAX + 1), &json), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_json_parse(rms_view_of(text, 1000), &json), 0);
    rms_json_free(&json);
    rms_free(text);
}

static void emits_compact_text(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(1000);
    RMS_BUF_CLEANUP struct rms_buf tight = RMS_BUF_INIT(10);
    RMS_JSON_CLEANUP json_t *json = NULL;

    (void)state;
    assert_int_equal(rms_json_parse(rms_view_str("{ \"a\" : [ 1, \"x\" ] }"), &json), 0);
    assert_int_equal(rms_json_emit(json, &out), 0);
    assert_string_equal(rms_buf_text(&out), "{\"a\":[1,\"x\"]}");
    assert_int_equal(rms_json_emit(json, &tight), RMS_E_LIMIT);
    assert_int_equal(rms_json_emit(NULL, &out), RMS_E_BAD_ARGUMENT);
}

static void quotes(void **state)
{
    static const struct {
        const char *text;
        const char *wanted;
    } rows[] = {
        {"", "\"\""},
        {"plain", "\"plain\""},
        {"a\"b\\c/", "\"a\\\"b\\\\c/\""},
        {"\b\f\n\r\t\x01\x1f\x7f", "\"\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\""},
        {"\xc2\x80\xc2\x9f\xc2\xa0", "\"\\u0080\\u009f\xc2\xa0\""},
        {"\xe2\x82\xac\xf0\x9f\x94\x91", "\"\xe2\x82\xac\xf0\x9f\x94\x91\""},
        {"a\xff"
         "b\xc3",
            "\"a\\ufffd"
            "b\\ufffd\""},
    };
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(1000);

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(rows); i++) {
        rms_buf_reset(&out);
        rms_json_quote(&out, rms_view_str(rows[i].text));
        assert_string_equal(rms_buf_text(&out), rows[i].wanted);
    }
}

static void quoted_text_reads_back(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(1000);
    char text[256];

    (void)state;
    for (int i = 1; i < 128; i++) {
        text[i - 1] = (char)i;
    }
    text[127] = '\0';
    rms_json_quote(&out, rms_view_str(text));
    json_t *json = NULL;
    assert_int_equal(rms_json_parse(rms_buf_view(&out), &json), 0);
    assert_string_equal(json_string_value(json), text);
    rms_json_free(&json);
}

/* jansson is given our allocator here only, to make each of its allocations fail once. */
static void every_allocation_may_fail(void **state)
{
    json_t *json = NULL;
    int status = RMS_E_NO_MEMORY;
    long count = 0;

    (void)state;
    json_set_alloc_funcs(rms_malloc, rms_free);
    while (status != 0) {
        rms_mem_fail_after(count++);
        status = rms_json_parse(rms_view_str(sample), &json);
        rms_mem_fail_never();
        assert_true((status == 0) == (json != NULL));
        assert_true(count < 1000);
    }
    assert_true(count > 10);
    rms_json_free(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_members),
        cmocka_unit_test(lists_of_texts),
        cmocka_unit_test(skips_a_byte_order_mark),
        cmocka_unit_test(refuses_bad_input),
        cmocka_unit_test(refuses_every_truncation),
        cmocka_unit_test(bounds_the_depth),
        cmocka_unit_test(bounds_the_size),
        cmocka_unit_test(emits_compact_text),
        cmocka_unit_test(quotes),
        cmocka_unit_test(quoted_text_reads_back),
        cmocka_unit_test(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
