#include "base/test.h"

#include "cmd/rms/csv.h"

static void fields_are_quoted_and_no_formulas(void **state)
{
    static const struct {
        const char *text, *field;
    } rows[] = {
        {"plan.docx", "\"plan.docx\""},
        {"", "\"\""},
        {"a \"b\", c", "\"a \"\"b\"\", c\""},
        {"=1+1.docx", "\"'=1+1.docx\""},
        {"+1", "\"'+1\""},
        {"-1", "\"'-1\""},
        {"@SUM(A1)", "\"'@SUM(A1)\""},
        {"  =1", "\"'  =1\""},
        {"\t=1", "\"'?=1\""},
        {"a\r\nb", "\"a??b\""},
        {"<b>&amp;</b>", "\"<b>&amp;</b>\""},
        {"\xc3\xa4.txt", "\"\xc3\xa4.txt\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(1024);
        json_t *value = json_string(rows[i].text);

        csv_field(&out, value);
        assert_string_equal(rms_buf_text(&out), rows[i].field);
        json_decref(value);
    }
}

static void values_that_are_no_texts(void **state)
{
    struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(1024);
    (void)state;
    csv_field(&out, NULL);
    json_t *null = json_null();
    csv_field(&out, null);
    assert_int_equal(out.len, 0);
    csv_field(&out, json_true());
    csv_field(&out, json_false());
    assert_string_equal(rms_buf_text(&out), "TrueFalse");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_quoted_and_no_formulas),
        cmocka_unit_test(values_that_are_no_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
