#include "base/test.h"

#include "xrml/node.h"

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

static int parse(const char *text, struct rms_xtext *out)
{
    return rms_xtext_parse(arena, rms_view_str(text), out);
}

static void assert_source(const struct rms_xnode *node, const char *expected)
{
    assert_non_null(node);
    assert_int_equal(node->source.len, strlen(expected));
    assert_memory_equal(node->source.data, expected, node->source.len);
}

static void test_slices_are_the_characters_as_written(void **state)
{
    static const char *const text =
        "<X a='1'><Y  b = \"&amp;\" /><Z/><W></W ><Y>t&lt;&#10;u</Y></X><X>\xc3\xbc</X>";
    struct rms_xtext out;
    const struct rms_xnode *x;

    (void)state;
    assert_int_equal(parse(text, &out), 0);
    x = out.root->first;
    assert_source(out.root, text);
    assert_source(x, "<X a='1'><Y  b = \"&amp;\" /><Z/><W></W ><Y>t&lt;&#10;u</Y></X>");
    assert_source(rms_xnode_child(x, "Y"), "<Y  b = \"&amp;\" />");
    assert_source(rms_xnode_child(x, "Z"), "<Z/>");
    assert_source(rms_xnode_child(x, "W"), "<W></W >");
    assert_source(rms_xnode_sibling(rms_xnode_child(x, "Y"), "Y"), "<Y>t&lt;&#10;u</Y>");
    assert_source(x->next, "<X>\xc3\xbc</X>");
    assert_null(x->next->next);
}

static void test_values_are_decoded(void **state)
{
    struct rms_xtext out;
    const struct rms_xnode *x;

    (void)state;
    assert_int_equal(parse("<X n=\"a&quot;b\" m='&#x41;'>one<Y>in</Y>t&amp;o\nthree</X>", &out), 0);
    x = out.root->first;
    assert_string_equal(rms_xnode_attr(x, "n"), "a\"b");
    assert_string_equal(rms_xnode_attr(x, "m"), "A");
    assert_null(rms_xnode_attr(x, "k"));
    assert_null(rms_xnode_attr(NULL, "k"));
    assert_string_equal(x->text, "onet&o\nthree");
    assert_int_equal(x->text_len, 12);
    assert_string_equal(x->first->text, "in");
    assert_ptr_equal(x->first->parent, x);
}

static void test_finding(void **state)
{
    struct rms_xtext out;
    const struct rms_xnode *x;

    (void)state;
    assert_int_equal(parse("<X><A><B>1</B><B>2</B><BB/></A><A/></X>", &out), 0);
    x = out.root->first;
    assert_string_equal(rms_xnode_path(x, "A/B")->text, "1");
    assert_null(rms_xnode_path(x, "A/C/D"));
    assert_null(rms_xnode_path(NULL, "A"));
    assert_int_equal(rms_xnode_count(x, "A"), 2);
    assert_int_equal(rms_xnode_count(rms_xnode_child(x, "A"), "B"), 2);
    assert_int_equal(rms_xnode_count(NULL, "B"), 0);
    assert_null(rms_xnode_sibling(NULL, "B"));
}

struct form {
    const char *label;
    const char *bytes;
    size_t len;
};

#define FORM(label, literal)                                                                                 \
    {                                                                                                        \
        label, literal, sizeof(literal) - 1                                                                  \
    }

static void test_every_stored_form(void **state)
{
    static const struct form forms[] = {
        FORM("plain", "<X>\xc3\xa9</X>"),
        FORM("BOM", "\xef\xbb\xbf<X>\xc3\xa9</X>"),
        FORM("BOM, declaration", "\xef\xbb\xbf<?xml version=\"1.0\"?><X>\xc3\xa9</X>"),
        FORM("declaration, line feed", "<?xml version=\"1.0\" encoding=\"utf-16\"?>\n<X>\xc3\xa9</X>"),
        FORM("trailing NUL", "<X>\xc3\xa9</X>\0"),
        FORM("trailing NULs and blanks", "  <X>\xc3\xa9</X>\n\0\0\0"),
        FORM("UTF-16LE", "<\0X\0>\0\xe9\0<\0/\0X\0>\0"),
        FORM("UTF-16LE, NUL", "<\0X\0>\0\xe9\0<\0/\0X\0>\0\0\0"),
        FORM("UTF-16LE, BOM", "\xff\xfe<\0X\0>\0\xe9\0<\0/\0X\0>\0"),
    };
    struct rms_xtext out;

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(forms); i++) {
        int status = rms_xtext_parse(arena, rms_view_of(forms[i].bytes, forms[i].len), &out);

        if (status != 0) {
            fail_msg("%s: %d", forms[i].label, status);
        }
        assert_source(out.root, "<X>\xc3\xa9</X>");
        assert_string_equal(out.root->first->text, "\xc3\xa9");
    }
}

static void test_refused(void **state)
{
    static const struct form forms[] = {
        FORM("nothing", ""),
        FORM("blanks", " \n"),
        FORM("NULs", "\0\0"),
        FORM("a BOM", "\xef\xbb\xbf"),
        FORM("text only, closing the wrapper", "</r>"),
        FORM("closing and opening the wrapper", "<X/></r><r><X/>"),
        FORM("closing the wrapper, open comment", "<X/></r><!--"),
        FORM("not closed", "<X>"),
        FORM("closed wrongly", "<X></Y>"),
        FORM("comment", "<X><!-- a --></X>"),
        FORM("comment between", "<X/><!-- a --><X/>"),
        FORM("CDATA", "<X><![CDATA[a]]></X>"),
        FORM("instruction", "<X><?a b?></X>"),
        FORM("second declaration", "<X/><?xml version=\"1.0\"?><X/>"),
        FORM("declaration only", "<?xml version=\"1.0\"?>"),
        FORM("declaration not closed", "<?xml version=\"1.0\"><X/>"),
        FORM("stylesheet instead", "<?xml-stylesheet a?><X/>"),
        FORM("DOCTYPE", "<!DOCTYPE X [<!ENTITY e \"a\">]><X>&e;</X>"),
        FORM("DOCTYPE behind the declaration", "<?xml version=\"1.0\"?><!DOCTYPE X><X/>"),
        FORM("unknown entity", "<X>&e;</X>"),
        FORM("unknown entity in attribute", "<X a=\"&e;\"/>"),
        FORM("attribute twice", "<X a=\"1\" a=\"2\"/>"),
        FORM("NUL inside", "<X>a\0b</X>"),
        FORM("bad UTF-8", "<X>\xc3</X>"),
        FORM("surrogate in UTF-8", "<X>\xed\xa0\x80</X>"),
        FORM("control character", "<X>\x01</X>"),
        FORM("control character by reference", "<X>&#1;</X>"),
        FORM("UTF-16LE of odd length", "<\0X\0/\0>\0\0"),
        FORM("UTF-16LE with a lone surrogate", "<\0X\0>\0\x00\xd8<\0/\0X\0>\0"),
        FORM("UTF-16BE", "\0<\0X\0/\0>"),
    };
    struct rms_xtext out;

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(forms); i++) {
        if (rms_xtext_parse(arena, rms_view_of(forms[i].bytes, forms[i].len), &out) != RMS_E_BAD_LICENSE) {
            fail_msg("accepted: %s", forms[i].label);
        }
    }
}

/* Depth levels of <D>, as one text. */
static int parse_deep(size_t depth)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(1u << 20);
    struct rms_xtext out;

    for (size_t i = 0; i < depth; i++) {
        rms_buf_append_str(&text, "<D>");
    }
    for (size_t i = 0; i < depth; i++) {
        rms_buf_append_str(&text, "</D>");
    }
    return rms_xtext_parse(arena, rms_buf_view(&text), &out);
}

static int parse_many(size_t count)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(4u << 20);
    struct rms_xtext out;

    for (size_t i = 0; i < count; i++) {
        rms_buf_append_str(&text, "<D/>");
    }
    return rms_xtext_parse(arena, rms_buf_view(&text), &out);
}

static void test_limits(void **state)
{
    (void)state;
    assert_int_equal(parse_deep(RMS_XRML_MAX_DEPTH), 0);
    assert_int_equal(parse_deep(RMS_XRML_MAX_DEPTH + 1), RMS_E_BAD_LICENSE);
    assert_int_equal(parse_many(RMS_XRML_MAX_NODES), 0);
    assert_int_equal(parse_many(RMS_XRML_MAX_NODES + 1), RMS_E_BAD_LICENSE);
}

static void test_too_long(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(RMS_XRML_MAX_BYTES + 64);
    struct rms_xtext out;

    (void)state;
    rms_buf_append_str(&text, "<D>");
    while (text.len <= RMS_XRML_MAX_BYTES) {
        rms_buf_append_str(&text, "0123456789abcdef");
    }
    rms_buf_append_str(&text, "</D>");
    assert_int_equal(rms_xtext_parse(arena, rms_buf_view(&text), &out), RMS_E_BAD_LICENSE);
}

static void test_truncated_everywhere(void **state)
{
    static const char text[] = "\xef\xbb\xbf<?xml version=\"1.0\"?><X a=\"1\"><Y>t&amp;\xc3\xbc</Y><Z /></X>";
    struct rms_xtext out;

    (void)state;
    for (size_t len = 0; len < sizeof text - 1; len++) {
        assert_int_equal(rms_xtext_parse(arena, rms_view_of(text, len), &out), RMS_E_BAD_LICENSE);
    }
    assert_int_equal(rms_xtext_parse(arena, rms_view_of(text, sizeof text - 1), &out), 0);
}

static void test_small_arena(void **state)
{
    struct rms_arena *small = rms_arena_new(300);
    struct rms_xtext out;

    (void)state;
    assert_int_equal(rms_xtext_parse(small, rms_view_str("<X><Y/><Y/><Y/></X>"), &out), RMS_E_NO_MEMORY);
    rms_arena_free(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_slices_are_the_characters_as_written, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(test_values_are_decoded, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(test_finding, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(test_every_stored_form, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(test_refused, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(test_limits, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(test_too_long, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(test_truncated_everywhere, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(test_small_arena, open_arena, close_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
