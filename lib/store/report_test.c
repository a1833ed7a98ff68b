/* Sums over the usage log. */
#include "store/testing.h"

#include "base/test.h"
#include "store/report.h"
#include "store/usage.h"

#define DAY  1893456000 /* 2030-01-01 */
#define DOC1 "11111111-0000-4000-8000-000000000000"
#define DOC2 "22222222-0000-4000-8000-000000000000"
#define T0   "33333333-0000-4000-8000-000000000000"

struct event {
    int64_t time;
    const char *type, *who, *result, *content, *template;
};

static const struct event events[] = {
    {DAY + 60, "FECreatePublishingLicenseV1", "alice@contoso.test", "Success", DOC1, NULL},
    {DAY + 9 * 3600, "FECreateEndUserLicenseV1", "bob@contoso.test", "Success", DOC1, NULL},
    {DAY + 9 * 3600 + 1, "AcquireLicense", "bob@contoso.test", "Success", DOC1, NULL},
    {DAY + 23 * 3600, "AcquireLicense", "mallory@contoso.test", "no-rights", DOC1, NULL},
    {DAY + 86400, "AcquireLicense", "mallory@contoso.test", "revoked", DOC2, T0},
    {DAY + 86401, "AcquireLicense", "mallory@contoso.test", "no-rights", DOC2, T0},
    {DAY + 86402, "FEGetAllTemplates", NULL, "not-authenticated", NULL, NULL},
    {DAY + 3 * 86400, "AcquireLicense", "bob@contoso.test", "Success", DOC2, T0},
};

static void fill(struct lab *lab, const char *tenant, const struct event *list, size_t count)
{
    struct rms_usage_writer *writer = NULL;
    struct rms_usage_row rows[RMS_COUNT(events)] = {0};

    assert_true(count <= RMS_COUNT(events));
    for (size_t i = 0; i < count; i++) {
        rows[i] = (struct rms_usage_row){.tenant_id = tenant,
            .time = list[i].time,
            .row_id = "r",
            .request_type = list[i].type,
            .user_id = list[i].who,
            .result = list[i].result,
            .content_id = list[i].content,
            .template_id = list[i].template,
            .file_name = list[i].content != NULL ? "plan.txt" : NULL,
            .date_published = RMS_TIME_NONE};
    }
    assert_int_equal(rms_usage_writer_new(lab->db, NULL, &writer), 0);
    assert_int_equal(rms_usage_append(writer, DAY, rows, count), 0);
    rms_usage_writer_free(&writer);
}

/* "key requests/opened/published/refused/people/documents;" for each line */
static int collect(const struct rms_report_line *line, void *context)
{
    char *text = context;
    size_t used = strlen(text);

    (void)snprintf(text + used, 2048 - used, "%.20s %d/%d/%d/%d/%d/%d;", line->key, (int)line->requests,
        (int)line->opened, (int)line->published, (int)line->refused, (int)line->people, (int)line->documents);
    return 0;
}

static const char *read_all(struct lab *lab, struct rms_report_query query)
{
    static char text[2048];

    text[0] = '\0';
    query.tenant_id = query.tenant_id != NULL ? query.tenant_id : "t";
    query.to = query.to != 0 ? query.to : RMS_TIME_NONE;
    assert_int_equal(rms_report_read(lab->db, &query, collect, text), 0);
    return text;
}

static void test_kinds(void **state)
{
    struct lab *lab = *state;

    fill(lab, "t", events, RMS_COUNT(events));
    fill(lab, "u", events, 2); /* another tenant */
    assert_string_equal(read_all(lab, (struct rms_report_query){.kind = RMS_REPORT_DAY}),
        "2030-01-01 4/2/1/1/3/1;2030-01-02 3/0/0/3/1/1;2030-01-04 1/1/0/0/1/1;");
    assert_string_equal(read_all(lab, (struct rms_report_query){.kind = RMS_REPORT_HOUR}),
        "00 5/1/1/3/3/2;09 2/2/0/0/1/1;23 1/0/0/1/1/1;");
    assert_string_equal(read_all(lab, (struct rms_report_query){.kind = RMS_REPORT_DOCUMENT}),
        "11111111-0000-4000-8 4/2/1/1/3/1;22222222-0000-4000-8 3/1/0/2/2/1;");
    assert_string_equal(read_all(lab, (struct rms_report_query){.kind = RMS_REPORT_PERSON}),
        "bob@contoso.test 3/3/0/0/1/2;mallory@contoso.test 3/0/0/3/1/2;alice@contoso.test 1/0/1/0/1/1;");
    assert_string_equal(read_all(lab, (struct rms_report_query){.kind = RMS_REPORT_TEMPLATE}),
        "33333333-0000-4000-8 3/1/0/2/2/1;");
    assert_string_equal(read_all(lab, (struct rms_report_query){.kind = RMS_REPORT_REFUSAL}),
        "no-rights 2/0/0/2/1/2;not-authenticated 1/0/0/1/0/0;revoked 1/0/0/1/1/1;");
}

static void test_filters(void **state)
{
    struct lab *lab = *state;

    fill(lab, "t", events, RMS_COUNT(events));
    assert_string_equal(
        read_all(
            lab, (struct rms_report_query){.kind = RMS_REPORT_DAY, .from = DAY + 86400, .to = DAY + 86402}),
        "2030-01-02 2/0/0/2/1/1;");
    assert_string_equal(
        read_all(lab, (struct rms_report_query){.kind = RMS_REPORT_PERSON, .content_id = DOC2}),
        "mallory@contoso.test 2/0/0/2/1/1;bob@contoso.test 1/1/0/0/1/1;");
    assert_string_equal(
        read_all(lab, (struct rms_report_query){.kind = RMS_REPORT_DOCUMENT, .user_id = "bob@contoso.test"}),
        "11111111-0000-4000-8 2/2/0/0/1/1;22222222-0000-4000-8 1/1/0/0/1/1;");
    assert_string_equal(read_all(lab, (struct rms_report_query){.kind = RMS_REPORT_PERSON, .refused = true}),
        "mallory@contoso.test 3/0/0/3/1/2;");
    assert_string_equal(
        read_all(lab, (struct rms_report_query){.kind = RMS_REPORT_DAY, .template_id = T0, .limit = 1}),
        "2030-01-02 2/0/0/2/1/1;");
    assert_string_equal(
        read_all(lab, (struct rms_report_query){.kind = RMS_REPORT_DAY, .content_id = T0}), "");
    assert_string_equal(
        read_all(lab, (struct rms_report_query){.kind = RMS_REPORT_DAY, .tenant_id = "u"}), "");
}

static void test_words(void **state)
{
    (void)state;
    for (enum rms_report_kind kind = 0; kind < RMS_REPORT_COUNT; kind++) {
        assert_int_equal(rms_report_of(rms_report_word(kind)), kind);
    }
    assert_int_equal(rms_report_of("days"), RMS_REPORT_COUNT);
    assert_int_equal(rms_report_of(""), RMS_REPORT_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB_TEST(test_kinds),
        LAB_TEST(test_filters),
        LAB_TEST(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
