/* Both logs. */
#include "store/testing.h"

#include "store/admin_log.h"
#include "store/usage.h"

static struct rms_usage_row row_of(const char *tenant_id, int64_t time, const char *row_id)
{
    return (struct rms_usage_row){.tenant_id = tenant_id,
        .time = time,
        .row_id = row_id,
        .request_type = "AcquireLicense",
        .result = "Success",
        .date_published = RMS_TIME_NONE,
        .membership_age_s = -1};
}

/* What the reader was given, as one text. */
struct seen {
    char ids[256];
    size_t count;
    int stop_after;
    struct rms_usage_row last; /* its texts are gone */
};

static int collect(const struct rms_usage_row *row, void *context)
{
    struct seen *seen = context;

    size_t used = strlen(seen->ids);

    (void)snprintf(seen->ids + used, sizeof seen->ids - used, "%s", row->row_id);
    seen->last = *row;
    seen->count++;
    return seen->stop_after > 0 && --seen->stop_after == 0 ? 7 : 0;
}

static const char *read_ids(struct lab *lab, const struct rms_usage_query *query, struct seen *seen)
{
    *seen = (struct seen){0};
    assert_int_equal(rms_usage_read(lab->db, query, collect, seen), 0);
    return seen->ids;
}

static int check_full(const struct rms_usage_row *row, void *context)
{
    const struct rms_usage_row *full = context;

    assert_string_equal(row->user_id, full->user_id);
    assert_string_equal(row->correlation_id, full->correlation_id);
    assert_string_equal(row->content_id, full->content_id);
    assert_string_equal(row->owner_email, full->owner_email);
    assert_string_equal(row->issuer, full->issuer);
    assert_string_equal(row->template_id, full->template_id);
    assert_string_equal(row->file_name, full->file_name);
    assert_true(row->date_published == full->date_published);
    assert_string_equal(row->c_info, full->c_info);
    assert_string_equal(row->c_ip, full->c_ip);
    assert_true(row->admin_action && row->super_user);
    assert_string_equal(row->acting_as_user, full->acting_as_user);
    assert_true(row->membership_age_s == 17);
    assert_string_equal(row->detail, full->detail);
    return 0;
}

static void test_all_fields(void **state)
{
    struct lab *lab = *state;
    struct rms_usage_row row = row_of("t", LAB_TIME, "r");
    const struct rms_usage_query query = {.tenant_id = "t", .from = RMS_TIME_NONE, .to = RMS_TIME_NONE};
    struct seen seen;

    assert_int_equal(lab_append_usage(lab, &row, 1), 0);
    assert_string_equal(read_ids(lab, &query, &seen), "r");
    assert_null(seen.last.user_id);
    assert_true(seen.last.date_published == RMS_TIME_NONE);
    row.tenant_id = "u";
    row.user_id = "joe@contoso.test";
    row.correlation_id = "cor";
    row.content_id = "con";
    row.owner_email = "own";
    row.issuer = "iss";
    row.template_id = "tem";
    row.file_name = "tab\there\nline";
    row.date_published = LAB_TIME - 1;
    row.c_info = "MSIPC;version=1";
    row.c_ip = "::1";
    row.admin_action = row.super_user = true;
    row.acting_as_user = "bob";
    row.membership_age_s = 17;
    row.detail = "why";
    assert_int_equal(lab_append_usage(lab, &row, 1), 0);
    const struct rms_usage_query other = {.tenant_id = "u", .from = RMS_TIME_NONE, .to = RMS_TIME_NONE};
    assert_int_equal(rms_usage_read(lab->db, &other, check_full, &row), 0);
}

static void test_ranges(void **state)
{
    struct lab *lab = *state;
    struct rms_usage_row rows[] = {row_of("t", 30, "c"), row_of("t", 10, "a"), row_of("t", 20, "b"),
        row_of("t", 20, "B"), row_of("x", 20, "foreign"), row_of(NULL, 20, "nobody")};
    static const struct {
        int64_t from;
        int64_t to;
        size_t limit;
        const char *ids;
    } cases[] = {
        {RMS_TIME_NONE, RMS_TIME_NONE, 0, "abBc"},
        {10, 30, 0, "abB"},
        {11, 31, 0, "bBc"},
        {20, 21, 0, "bB"},
        {31, RMS_TIME_NONE, 0, ""},
        {RMS_TIME_NONE, 10, 0, ""},
        {RMS_TIME_NONE, RMS_TIME_NONE, 2, "Bc"},
        {RMS_TIME_NONE, 30, 1, "B"},
        {RMS_TIME_NONE, RMS_TIME_NONE, 100, "abBc"},
    };
    struct seen seen;

    assert_int_equal(lab_append_usage(lab, rows, sizeof rows / sizeof rows[0]), 0);
    assert_int_equal(lab_append_usage(lab, NULL, 0), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct rms_usage_query query = {
            .tenant_id = "t", .from = cases[i].from, .to = cases[i].to, .limit = cases[i].limit};

        assert_string_equal(read_ids(lab, &query, &seen), cases[i].ids);
    }
    const struct rms_usage_query unassigned = {.from = RMS_TIME_NONE, .to = RMS_TIME_NONE};
    assert_string_equal(read_ids(lab, &unassigned, &seen), "nobody");
}

static void test_filters_and_stop(void **state)
{
    struct lab *lab = *state;
    struct rms_usage_row rows[] = {row_of("t", 1, "a"), row_of("t", 2, "b"), row_of("t", 3, "c")};
    struct rms_usage_query query = {.tenant_id = "t", .from = RMS_TIME_NONE, .to = RMS_TIME_NONE};
    struct seen seen = {.stop_after = 2};

    rows[0].content_id = rows[1].content_id = "doc";
    rows[1].user_id = "bob";
    assert_int_equal(lab_append_usage(lab, rows, 3), 0);
    assert_int_equal(rms_usage_read(lab->db, &query, collect, &seen), 7);
    assert_string_equal(seen.ids, "ab");
    query.content_id = "doc";
    assert_string_equal(read_ids(lab, &query, &seen), "ab");
    query.user_id = "bob";
    query.limit = 5;
    assert_string_equal(read_ids(lab, &query, &seen), "b");
    query.user_id = "' OR '1'='1";
    assert_string_equal(read_ids(lab, &query, &seen), "");
}

/* All or none. */
static void test_batch_is_whole(void **state)
{
    struct lab *lab = *state;
    struct rms_usage_row rows[] = {row_of("t", 1, "a"), row_of("t", 2, NULL)};
    const struct rms_usage_query query = {.tenant_id = "t", .from = RMS_TIME_NONE, .to = RMS_TIME_NONE};
    struct seen seen;

    assert_int_equal(lab_append_usage(lab, rows, 2), RMS_E_BAD_ARGUMENT);
    assert_string_equal(read_ids(lab, &query, &seen), "");
}

static void test_many(void **state)
{
    enum { COUNT = 5000 };
    struct lab *lab = *state;
    struct rms_usage_row *rows = calloc(COUNT, sizeof *rows);
    const struct rms_usage_query query = {.tenant_id = "t", .from = RMS_TIME_NONE, .to = RMS_TIME_NONE};
    struct seen seen;

    assert_non_null(rows);
    for (int i = 0; i < COUNT; i++) {
        rows[i] = row_of("t", LAB_TIME + i, "");
    }
    assert_int_equal(lab_append_usage(lab, rows, COUNT), 0);
    (void)read_ids(lab, &query, &seen);
    assert_int_equal(seen.count, COUNT);
    free(rows);
}

static int collect_admin(const struct rms_admin_row *row, void *context)
{
    char *text = context;

    (void)snprintf(text + strlen(text), 2, "%.1s", row->command);
    assert_string_equal(row->actor, "root");
    return 0;
}

static void append_admin(struct lab *lab, const char *tenant_id, int64_t time, const char *command)
{
    const struct rms_admin_row row = {.tenant_id = tenant_id,
        .time = time,
        .actor = "root",
        .command = command,
        .passed = true,
        .result = "True"};

    assert_int_equal(rms_admin_log_append(lab->db, &row), 0);
}

/* touches: S-194
 * from and to are both included. */
static void test_admin_log(void **state)
{
    struct lab *lab = *state;
    const struct {
        struct rms_admin_query query;
        const char *commands;
    } cases[] = {
        {{.tenant_id = "t", .from = RMS_TIME_NONE, .to = RMS_TIME_NONE}, "abc"},
        {{.tenant_id = "t", .from = 10, .to = 20}, "ab"},
        {{.tenant_id = "t", .from = 11, .to = 19}, ""},
        {{.tenant_id = "t", .from = RMS_TIME_NONE, .to = RMS_TIME_NONE, .limit = 2}, "bc"},
        {{.tenant_id = NULL, .from = RMS_TIME_NONE, .to = RMS_TIME_NONE}, "n"},
        {{.all_tenants = true, .from = RMS_TIME_NONE, .to = RMS_TIME_NONE}, "anbxc"},
    };

    append_admin(lab, "t", 10, "a");
    append_admin(lab, "t", 20, "b");
    append_admin(lab, "t", 30, "c");
    append_admin(lab, "x", 25, "x");
    append_admin(lab, NULL, 15, "n");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char commands[16] = "";

        assert_int_equal(rms_admin_log_read(lab->db, &cases[i].query, collect_admin, commands), 0);
        assert_string_equal(commands, cases[i].commands);
    }
}

/* A client may call anything text; its row is kept all the same, and those behind it. */
static void test_no_text(void **state)
{
    struct lab *lab = *state;
    const char *tenant_id = lab_tenant(lab, "contoso.test", NULL);
    struct rms_usage_query query = {.tenant_id = tenant_id, .from = RMS_TIME_NONE, .to = RMS_TIME_NONE};
    struct rms_usage_row rows[] = {row_of(tenant_id, 1, "a"), row_of(tenant_id, 2, "b")};
    struct seen seen;

    rows[0].c_info = "\xff\xfe";
    rows[0].file_name = "caf\xe9.txt";
    assert_int_equal(lab_append_usage(lab, rows, 2), 0);
    assert_string_equal(read_ids(lab, &query, &seen), "ab");
}

/* touches: S-108 */
static void test_use_of_a_template(void **state)
{
    struct lab *lab = *state;
    struct rms_usage_of_template use;
    struct rms_usage_row rows[] = {row_of("t", 5, "a"), row_of("t", 20, "b"), row_of("t", 30, "c"),
        row_of("t", 40, "d"), row_of("t", 50, "e"), row_of("u", 60, "f"), row_of("t", 70, "g")};

    for (size_t i = 0; i < 7; i++) {
        rows[i].template_id = i == 6 ? "another" : "one";
        rows[i].request_type = i == 1   ? "FECreatePublishingLicenseV1"
                               : i == 2 ? "AcquireLicense"
                                        : "FECreateEndUserLicenseV1";
        rows[i].result = i == 4 ? "AccessDeniedException" : "Success";
    }
    assert_int_equal(lab_append_usage(lab, rows, 7), 0);
    assert_int_equal(rms_usage_of_template(lab->db, "t", "one", 20, &use), 0);
    assert_int_equal(use.published, 1);
    assert_int_equal(use.opened, 2);
    assert_int_equal(use.last, 40);
    assert_int_equal(rms_usage_of_template(lab->db, "t", "one", 41, &use), 0);
    assert_int_equal(use.published + use.opened, 0);
    assert_true(use.last == RMS_TIME_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB_TEST(test_all_fields),
        LAB_TEST(test_ranges),
        LAB_TEST(test_filters_and_stop),
        LAB_TEST(test_batch_is_whole),
        LAB_TEST(test_many),
        LAB_TEST(test_admin_log),
        LAB_TEST(test_no_text),
        LAB_TEST(test_use_of_a_template),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
