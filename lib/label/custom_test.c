#include "label/custom.h"

#include "label/label_test.h"
#include "label/part.h"

#define OUT_MAX (2 * RMS_PART_MAX)
#define PROPERTY(pid, name, value)                                                                           \
    "<property fmtid=\"{D5CDD505-2E9C-101B-9397-08002B2CF9AE}\" pid=\"" pid "\" name=\"" name                \
    "\"><vt:lpwstr>" value "</vt:lpwstr></property>"
#define HEAD                                                                                                 \
    "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<!-- kept --><Properties "               \
    "xmlns=\"http://schemas.openxmlformats.org/officeDocument/2006/custom-properties\" "                     \
    "xmlns:vt=\"http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes\">"
#define FOREIGN PROPERTY("7", "Client pid='9'", "A &amp; B")
#define THEIR   PROPERTY("8", "MSIP_Label_" LABEL_X "_SiteId", THEIRS)

static const char document[] = HEAD PROPERTY("2", "MSIP_Label_" LABEL_A "_Enabled", "True") PROPERTY("3",
    "MSIP_Label_" LABEL_A "_SiteId", OURS) FOREIGN THEIR PROPERTY("9", "Sensitivity", "Old") "</Properties>";

static void read_it(struct rms_view xml, struct rms_label_pairs *pairs)
{
    assert_int_equal(rms_label_custom_read(xml, pairs), 0);
}

/* touches: C-171 - other properties stay as they are, but for their numbers. */
static void setting(void **state)
{
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA);
    struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(OUT_MAX);
    struct rms_label_pairs pairs = RMS_LABEL_PAIRS(arena);
    struct rms_label_pairs again = RMS_LABEL_PAIRS(arena);
    struct rms_labelled label = wanted(LABEL_B);

    (void)state;
    read_it(rms_view_str(document), &pairs);
    assert_int_equal(pairs.count, 4);
    assert_int_equal(rms_label_set(&pairs, &label, "Contoso <Internal>"), 0);
    assert_int_equal(rms_label_custom_write(rms_view_str(document), &pairs, &out), 0);
    assert_non_null(strstr(rms_buf_text(&out), HEAD));
    assert_non_null(strstr(rms_buf_text(&out), PROPERTY("2", "Client pid='9'", "A &amp; B")));
    assert_non_null(strstr(rms_buf_text(&out), PROPERTY("3", "MSIP_Label_" LABEL_X "_SiteId", THEIRS)));
    assert_non_null(strstr(rms_buf_text(&out), "pid=\"10\""));
    assert_null(strstr(rms_buf_text(&out), "pid=\"11\""));
    assert_null(strstr(rms_buf_text(&out), LABEL_A));
    read_it(rms_buf_view(&out), &again);
    assert_int_equal(again.count, pairs.count);
    assert_string_equal(rms_label_pairs_get(&again, "Sensitivity"), "Contoso <Internal>");
}

/* What does not change is the same byte for byte, and writing it twice changes nothing. */
static void the_same(void **state)
{
    static const char even[] = HEAD PROPERTY("2", "MSIP_Label_" LABEL_A "_Enabled", "True")
        PROPERTY("3", "Sensitivity", "Old") "\n</Properties>\n<!-- end -->";
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA);
    struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(OUT_MAX);
    struct rms_label_pairs pairs = RMS_LABEL_PAIRS(arena);

    (void)state;
    read_it(rms_view_str(even), &pairs);
    assert_int_equal(rms_label_custom_write(rms_view_str(even), &pairs, &out), 0);
    assert_string_equal(rms_buf_text(&out), even);
}

static void new_part(void **state)
{
    static const char *const starts[] = {"",
        "<p:Properties xmlns:p='http://schemas.openxmlformats.org/officeDocument/2006/custom-properties' />",
        "\xef\xbb\xbf<p:Properties "
        "xmlns:p='http://schemas.openxmlformats.org/officeDocument/2006/custom-properties'/>"};
    struct rms_labelled label = wanted(LABEL_A);

    (void)state;
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA);
        struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(OUT_MAX);
        struct rms_label_pairs pairs = RMS_LABEL_PAIRS(arena);
        struct rms_label_pairs again = RMS_LABEL_PAIRS(arena);

        assert_int_equal(rms_label_set(&pairs, &label, NULL), 0);
        assert_int_equal(rms_label_custom_write(rms_view_str(starts[i]), &pairs, &out), 0);
        read_it(rms_buf_view(&out), &again);
        assert_int_equal(again.count, 7);
    }
}

static void refused(void **state)
{
    static const struct {
        const char *text;
        int code;
    } rows[] = {{"", RMS_E_DAMAGED}, {"<a", RMS_E_DAMAGED}, {"<a/><b/>", RMS_E_DAMAGED},
        {"<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", RMS_E_UNSUPPORTED},
        {"<?xml version='1.0' encoding='iso-8859-1'?><a/>", RMS_E_UNSUPPORTED},
        {"<a>\xff</a>", RMS_E_DAMAGED}};
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA);
    struct rms_buf RMS_BUF_CLEANUP deep = RMS_BUF_INIT(100000);
    struct rms_label_pairs pairs = RMS_LABEL_PAIRS(arena);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(rms_label_custom_read(rms_view_str(rows[i].text), &pairs), rows[i].code);
    }
    for (size_t i = 0; i < 10000; i++) {
        rms_buf_append_str(&deep, "<a>");
    }
    assert_int_equal(rms_label_custom_read(rms_buf_view(&deep), &pairs), RMS_E_LIMIT);
}

/* touches: C-177 - 10,000 mutations: no crash, the same result twice, and what can be read can be written. */
static void mutations(void **state)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(8192);
    uint32_t random = 1;

    (void)state;
    for (size_t turn = 0; turn < 10000; turn++) {
        struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA);
        struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(OUT_MAX);
        struct rms_label_pairs pairs = RMS_LABEL_PAIRS(arena);
        struct rms_label_pairs again = RMS_LABEL_PAIRS(arena);
        int code;

        rms_buf_reset(&text);
        rms_buf_append_str(&text, document);
        for (size_t i = 0; i < 1 + turn % 3; i++) {
            random = random * 1664525u + 1013904223u;
            text.data[(random >> 8) % text.len] ^= (uint8_t)(1u << (random >> 29));
        }
        code = rms_label_custom_read(rms_buf_view(&text), &pairs);
        assert_int_equal(rms_label_custom_read(rms_buf_view(&text), &again), code);
        assert_int_equal(pairs.count, again.count);
        if (code == 0) {
            assert_int_equal(rms_label_custom_write(rms_buf_view(&text), &pairs, &out), 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(setting), cmocka_unit_test(the_same),
        cmocka_unit_test(new_part), cmocka_unit_test(refused), cmocka_unit_test(mutations)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
