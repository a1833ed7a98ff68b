#include "base/test.h"

#include "base/json.h"
#include "service/usage.h"

#define FIELDS 20

static const struct rms_usage_row full = {
    .time = 1372197568, /* 2013-06-25T21:59:28Z */
    .row_id = "1c3fe7a9-d9e0-4654-97b7-14fafa72ea63",
    .request_type = "AcquireLicense",
    .user_id = "joe@contoso.com",
    .result = "Success",
    .correlation_id = "cab52088-8925-4371-be34-4b71a3112356",
    .content_id = "bb4af47b-cfed-4719-831d-71b98191a4f2",
    .owner_email = "alice@contoso.com",
    .issuer = "alice@contoso.com",
    .template_id = "6d9371a6-4e2d-4e97-9a38-202233fed26e",
    .file_name = "TopSecretDocument.docx",
    .date_published = 1444945020, /* 2015-10-15T21:37:00Z */
    .c_info = "MSIPC;version=1.0.623.47;AppName=WINWORD.EXE",
    .c_ip = "64.51.202.144",
    .admin_action = true,
    .acting_as_user = "joe@contoso.com",
    .super_user = true,
    .membership_age_s = 17,
    .detail = "why",
};

/* proves: S-186: the three lines, byte by byte */
static void head_is_exact(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(4096);
    (void)state;
    rms_usage_text_head(&out);
    assert_string_equal(rms_buf_text(&out),
        "#Software: RMS\n"
        "#Version: 1.1\n"
        "#Fields: "
        "date\ttime\trow-id\trequest-type\tuser-id\tresult\tcorrelation-id\tcontent-id\towner-email\tissuer\t"
        "template-id\tfile-name\tdate-published\tc-info\tc-ip\tadmin-action\tacting-as-user\tsuper-"
        "user\tgroup-age\t"
        "detail\n");
}

/* The examples of service-requirements 8.1. */
static void a_full_row(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(4096);
    (void)state;
    rms_usage_text_row(&out, &full);
    assert_string_equal(rms_buf_text(&out),
        "2013-06-25\t21:59:28\t1c3fe7a9-d9e0-4654-97b7-14fafa72ea63\tAcquireLicense\t'joe@contoso.com'\t'"
        "Success'\t"
        "cab52088-8925-4371-be34-4b71a3112356\t{bb4af47b-cfed-4719-831d-71b98191a4f2}\talice@contoso.com\t"
        "alice@contoso.com\t{6d9371a6-4e2d-4e97-9a38-202233fed26e}\tTopSecretDocument.docx\t2015-10-15T21:37:"
        "00\t"
        "'MSIPC;version=1.0.623.47;AppName=WINWORD.EXE'\t64.51.202.144\tTrue\t'joe@contoso.com'"
        "\tTrue\t17\twhy\n");
}

static void an_empty_row(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(4096);
    const struct rms_usage_row row = {.row_id = "r", .date_published = RMS_TIME_NONE, .membership_age_s = -1};
    (void)state;
    rms_usage_text_row(&out, &row);
    assert_string_equal(
        rms_buf_text(&out), "1970-01-01\t00:00:00\tr\t-\t''\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\n");
}

static size_t count_byte(const char *text, char byte)
{
    size_t count = 0;
    for (; *text != '\0'; text++) {
        count += *text == byte;
    }
    return count;
}

/* proves: S-186: nothing a client sends makes a second row or another number of fields */
static void hostile_values_stay_in_their_field(void **state)
{
    static const char *const values[] = {"a\tb", "a\nb", "a\r\nb", "it's", "back\\slash", "\x01\x1b[31m",
        "\x7f", "\xc2\x85", "\xff\xfe", "\xe2\x82", "\xc3\xa9\xe2\x82\xac", "'\t'Success'\t",
        "#Software: x\n#Version: 9"};
    (void)state;
    for (size_t i = 0; i < RMS_COUNT(values); i++) {
        RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(65536);
        struct rms_usage_row row = full;
        row.user_id = row.file_name = row.c_info = row.detail = row.owner_email = values[i];
        rms_usage_text_row(&out, &row);
        assert_int_equal(count_byte(rms_buf_text(&out), '\t'), FIELDS - 1);
        assert_int_equal(count_byte(rms_buf_text(&out), '\n'), 1);
        assert_int_equal(count_byte(rms_buf_text(&out), '\r'), 0);
        assert_int_equal(count_byte(rms_buf_text(&out), '\x1b'), 0);
        assert_int_equal(out.data[out.len - 1], '\n');
    }
}

static void escapes_are_readable(void **state)
{
    static const struct {
        const char *value;
        const char *shown;
    } cases[] = {{"a\tb\nc", "a\\tb\\nc"}, {"it's\\", "it\\'s\\\\"}, {"\x01", "\\x01"}, {"\xff", "\\xff"},
        {"\xc2\x85", "\\xc2\\x85"}, {"\xc3\xa9", "\xc3\xa9"}};
    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(65536);
        RMS_BUF_CLEANUP struct rms_buf want = RMS_BUF_INIT(65536);
        struct rms_usage_row row = full;
        row.file_name = cases[i].value;
        rms_usage_text_row(&out, &row);
        rms_buf_printf(&want, "\t%s\t2015", cases[i].shown);
        assert_non_null(strstr(rms_buf_text(&out), rms_buf_text(&want)));
    }
}

static void json_rows_parse(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(65536);
    RMS_JSON_CLEANUP json_t *json = NULL;
    struct rms_usage_row row = full;
    (void)state;
    row.c_info = "\"quoted\"\n\xff";
    rms_usage_json_row(&out, &row);
    assert_int_equal(count_byte(rms_buf_text(&out), '\n'), 1);
    assert_int_equal(rms_json_parse(rms_buf_view(&out), &json), 0);
    assert_string_equal(rms_json_str(json, "user-id"), "joe@contoso.com");
    assert_string_equal(rms_json_str(json, "time"), "2013-06-25T21:59:28Z");
    assert_string_equal(rms_json_str(json, "date-published"), "2015-10-15T21:37:00Z");
    assert_true(json_is_true(json_object_get(json, "super-user")));
}

/* touches: S-194 */
static void admin_rows(void **state)
{
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(65536);
    const struct rms_admin_row row = {.time = 1438455584,
        .actor = "admin@contoso.com",
        .command = "AddSuperUser -id rsimone@contoso.com\tx",
        .passed = true,
        .result = "True"};
    (void)state;
    rms_usage_admin_text_row(&out, &row);
    assert_string_equal(rms_buf_text(&out),
        "2015-08-01T18:59:44\tadmin@contoso.com\tAddSuperUser -id rsimone@contoso.com\\tx\tPassed\tTrue\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(head_is_exact),
        cmocka_unit_test(a_full_row),
        cmocka_unit_test(an_empty_row),
        cmocka_unit_test(hostile_values_stay_in_their_field),
        cmocka_unit_test(escapes_are_readable),
        cmocka_unit_test(json_rows_parse),
        cmocka_unit_test(admin_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
