/* The same files looked at in this process and by rms-inspector: the same answers. And an inspector that
 * dies, lies or is not there. */
#include "base/test.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "client/context.h"
#include "client/inspector.h"
#include "client/testing/people.h"
#include "sandbox/testing/faults.h"

#define FILE_MAX   (8u * 1024 * 1024)
#define ANSWER_MAX (1024u * 1024)
#define GUID       "d5fe813e-0caa-432a-b2ac-d555aa91bd1c"

static const struct rms_label label = {.id = GUID,
    .tenant = GUID,
    .name = "Internal",
    .set_at = "2026-11-22T10:00:00Z",
    .method = "Standard",
    .content_bits = RMS_LABEL_MARKS_HEADER,
    .enabled = true};

/* --- the same answers --- */

static void add_label(void *user_data, const struct rms_label *found, bool in_force)
{
    rms_wire_put_label(user_data, found);
    rms_buf_append_byte(user_data, in_force);
}

static void add_field(void *user_data, enum rms_mail_field field, const char *value)
{
    rms_buf_printf(user_data, "%d %s\n", (int)field, value);
}

/* The status looks at container, licence, seal and labels. */
static void status_of(struct rms_context *context, const char *path, struct rms_buf *out)
{
    struct rms_inspected all = {.status = {.protection = RMS_UNPROTECTED}};

    rms_buf_printf(out, "status %d\n", rms_file_status(context, path, &all.status));
    rms_wire_put_inspected(out, &all);
    rms_buf_printf(out, "%s %s\n", all.status.template_id, all.status.template_name);
}

static void labels_of(struct rms_context *context, const char *path, struct rms_buf *out)
{
    bool doubtful = false;

    rms_buf_printf(out, "labels %d\n", rms_file_labels(context, path, add_label, out, &doubtful));
    rms_buf_printf(out, "doubtful %d\n", doubtful);
}

static void mail_of(struct rms_context *context, const char *path, struct rms_buf *out)
{
    rms_buf_printf(out, "mail %d\n", rms_mail_inspect(context, path, add_field, out));
}

static void licence_of(struct rms_context *context, const char *path, struct rms_buf *out)
{
    char extension[RMS_INSPECT_EXTENSION] = "";
    struct rms_inspect RMS_INSPECT_CLEANUP file = {.fd = -1};
    int code;

    rms_must(rms_inspect_open(path, &file));
    code = rms_look_licence(context, &file, out, extension);
    rms_buf_printf(out, "licence %d %s\n", code, extension);
}

typedef void ask(struct rms_context *context, const char *path, struct rms_buf *out);

static void in_both_ways(struct fixture *f, const char *path, ask *const *asked)
{
    struct rms_buf RMS_BUF_CLEANUP here = RMS_BUF_INIT(ANSWER_MAX);
    struct rms_buf RMS_BUF_CLEANUP there = RMS_BUF_INIT(ANSWER_MAX);

    for (; *asked != NULL; asked++) {
        (*asked)(f->alice, path, &here);
        f->alice->settings.inspector = getenv("RMS_INSPECTOR");
        (*asked)(f->alice, path, &there);
        f->alice->settings.inspector = NULL;
    }
    rms_must(rms_buf_status(&here));
    if (!rms_view_equal(rms_buf_view(&here), rms_buf_view(&there))) {
        fail_msg("%s: %s", path, rms_buf_text(&there));
    }
}

static ask *const everything[] = {status_of, labels_of, licence_of, mail_of, NULL};
static ask *const on_paper[] = {status_of, labels_of, NULL};
static ask *const whole[] = {status_of, NULL};
static ask *const mails[] = {status_of, mail_of, NULL};

/* The label written and removed by each: files that say the same. Not the same bytes, for archives have the
 * time of day in them. */
static void changed_in_both_ways(struct fixture *f, const char *path)
{
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(FILE_MAX);
    struct rms_buf RMS_BUF_CLEANUP here = RMS_BUF_INIT(ANSWER_MAX);
    struct rms_buf RMS_BUF_CLEANUP there = RMS_BUF_INIT(ANSWER_MAX);
    const char *other;
    char name[64];

    (void)snprintf(name, sizeof name, "other%s", strrchr(path, '.'));
    other = rms_test_path(&f->issuer, name);
    rms_must(rms_file_read(path, &bytes));
    rms_test_write(other, bytes.data, bytes.len);
    rms_must(rms_file_label_set(NULL, path, &label, NULL));
    f->alice->settings.inspector = getenv("RMS_INSPECTOR");
    rms_must(rms_file_label_set(f->alice, other, &label, NULL));
    f->alice->settings.inspector = NULL;
    for (ask *const *asked = on_paper; *asked != NULL; asked++) {
        (*asked)(f->alice, path, &here);
        (*asked)(f->alice, other, &there);
    }
    assert_true(rms_view_equal(rms_buf_view(&here), rms_buf_view(&there)));
    in_both_ways(f, path, whole);
    f->alice->settings.inspector = getenv("RMS_INSPECTOR");
    rms_must(rms_file_label_remove(f->alice, other, GUID));
    assert_int_equal(rms_file_label_remove(f->alice, other, GUID), RMS_E_NOT_FOUND);
    f->alice->settings.inspector = NULL;
}

static const char *source_path(const char *name)
{
    static char path[1024];

    (void)snprintf(path, sizeof path, "%s/%s", getenv("RMS_SOURCE_DIR"), name);
    return path;
}

/* Documents as people have them: clear, labelled, protected, labelled again, damaged. */
static void of_every_kind(void **state)
{
    static const char *const names[] = {
        "budget.docx", "figures.xlsx", "pitch.pptx", "report.pdf", "chart.png", "README.md"};
    static const struct rms_file_options in_place = {.size = sizeof in_place, .in_place = true};
    struct fixture *f = *state;

    for (size_t i = 0; i < RMS_COUNT(names); i++) {
        struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(FILE_MAX);
        const char *path = rms_test_path(&f->issuer, names[i]);
        struct rms_file_result result;
        char name[64];

        (void)snprintf(name, sizeof name, "test/vectors/files/%s", names[i]);
        rms_must(rms_file_read(source_path(name), &bytes));
        rms_test_write(path, bytes.data, bytes.len);
        if (strcmp(names[i], "README.md") != 0) {
            changed_in_both_ways(f, path);
        }
        rms_must(rms_protect_file(f->alice, path, f->policy, &in_place, &result));
        in_both_ways(f, result.output, everything);
        changed_in_both_ways(f, result.output);
        rms_must(rms_file_read(result.output, (rms_buf_reset(&bytes), &bytes)));
        bytes.data[bytes.len / 2] ^= 1;
        rms_test_write(result.output, bytes.data, bytes.len / 8 * 7);
        in_both_ways(f, result.output, whole);
    }
}

/* What the fuzzers keep, under a name that its bytes may belong to. Of large corpora every so many. */
static void of_hostile_files(void **state)
{
    static const struct {
        const char *folder, *extension;
        size_t step;
        ask *const *asked;
    } corpora[] = {{"test/vectors/pfile", ".pfile", 2, whole}, {"fuzz/corpus/pfile", ".ptxt", 2, whole},
        {"fuzz/corpus/office", ".doc", 3, whole}, {"fuzz/corpus/pdf", ".pdf", 2, whole},
        {"fuzz/corpus/rpmsg", ".eml", 2, mails}, {"fuzz/corpus/seal", ".docx", 6, whole},
        {"fuzz/corpus/label", ".docx", 100, whole}, {"fuzz/corpus/places", ".png", 100, whole}};
    struct fixture *f = *state;
    bool all = getenv("RMS_TEST_WHOLE_CORPUS") != NULL;

    for (size_t i = 0; i < RMS_COUNT(corpora); i++) {
        DIR *folder = opendir(source_path(corpora[i].folder));
        size_t step = all ? 1 : corpora[i].step;
        const struct dirent *entry;

        assert_non_null(folder);
        for (size_t at = 0; (entry = readdir(folder)) != NULL;) {
            struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(FILE_MAX);
            char name[512];

            if (entry->d_name[0] == '.' || at++ % step != 0) {
                continue;
            }
            (void)snprintf(name, sizeof name, "%s/%s", corpora[i].folder, entry->d_name);
            rms_must(rms_file_read(source_path(name), &bytes));
            (void)snprintf(name, sizeof name, "file%s", corpora[i].extension);
            rms_test_write(rms_test_path(&f->issuer, name), bytes.data, bytes.len);
            in_both_ways(f, rms_test_path(&f->issuer, name), corpora[i].asked);
        }
        (void)closedir(folder);
    }
}

/* Character sets are modules, which the inspector cannot load when it meets one. */
static void of_mails_in_old_characters(void **state)
{
    static const char mail[] =
        "From: =?iso-8859-1?Q?J=FCrgen?= <j@contoso.test>\r\n"
        "To: =?koi8-r?B?4c7OwQ==?= <anna@contoso.test>\r\n"
        "Subject: =?windows-1252?Q?Preis_=80_5?= =?iso-2022-jp?B?GyRCRnxLXBsoQg==?=\r\n"
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain; charset=shift_jis\r\n\r\n\x93\xfa\r\n"
        "--b\r\nContent-Type: text/plain; name=\"=?gb18030?B?1tA=?=.txt\"\r\n"
        "Content-Disposition: attachment\r\n\r\nx\r\n--b--\r\n";
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(ANSWER_MAX);
    struct fixture *f = *state;
    const char *path = rms_test_path(&f->issuer, "mail.eml");

    rms_test_write(path, mail, sizeof mail - 1);
    in_both_ways(f, path, mails);
    rms_must(rms_mail_inspect(f->alice, path, add_field, &text));
    assert_non_null(strstr(rms_buf_text(&text), "\xe2\x82\xac 5"));           /* the sign of the euro */
    assert_non_null(strstr(rms_buf_text(&text), "\xe6\x97\xa5\xe6\x9c\xac")); /* Japan */
}

/* --- an inspector that is none --- */

static void lies_and_deaths_are_refused(void **state)
{
    struct fixture *f = *state;
    const char *path = rms_test_path(&f->issuer, "plan.docx");
    struct rms_inspect RMS_INSPECT_CLEANUP file = {.fd = -1};
    char extension[RMS_INSPECT_EXTENSION];
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(ANSWER_MAX);
    struct rms_file_status status;

    /* operations by number: FAULT_NONE answers what it was asked, FAULT_CRASH crashes */
    assert_int_equal(RMS_INSPECT_STATUS, FAULT_NONE);
    assert_int_equal(RMS_INSPECT_LICENCE, FAULT_REFUSE);
    assert_int_equal(RMS_INSPECT_LABELS, FAULT_CRASH);
    rms_test_write(path, "PK\003\004 and so on", 14);
    f->alice->settings.inspector = FAULTS_PROGRAM;
    assert_int_equal(rms_file_status(f->alice, path, &status), RMS_E_READER_DIED);
    assert_int_equal(status.protection, RMS_UNPROTECTED);
    assert_string_equal(rms_last_detail(f->alice), "plan.docx: it gave no answer that is one");
    rms_must(rms_inspect_open(path, &file));
    assert_int_equal(rms_look_licence(f->alice, &file, &text, extension), RMS_E_DAMAGED);
    assert_int_equal(rms_file_labels(f->alice, path, add_label, &text, NULL), RMS_E_READER_DIED);
    assert_string_equal(rms_last_detail(f->alice), "plan.docx: it crashed (signal 11)");
    assert_int_equal(text.len, 0);
    f->alice->settings.inspector = "/bin/true";
    assert_int_equal(rms_file_label_set(f->alice, path, &label, NULL), RMS_E_READER_DIED);
    assert_int_equal(rms_test_read(&f->issuer, path).len, 14); /* the file is as it was */
    f->alice->settings.inspector = "/does/not/exist";
    assert_int_equal(rms_file_status(f->alice, path, &status), RMS_E_UNSUPPORTED); /* never in this process */
    assert_string_equal(rms_last_detail(f->alice), "/does/not/exist cannot be started");
    f->alice->settings.inspector = NULL;
}

/* Fields that cannot be. */
static void every_field_is_checked(void **state)
{
    struct rms_buf RMS_BUF_CLEANUP good = RMS_BUF_INIT(ANSWER_MAX);
    struct rms_inspected inspected = {.status = rms_status_unknown()};
    struct rms_inspected taken;

    (void)state;
    (void)snprintf(inspected.status.owner, sizeof inspected.status.owner, "alice@contoso.test");
    inspected.status.edited = true;
    rms_wire_put_inspected(&good, &inspected);
    for (size_t i = 0; i <= good.len; i++) { /* too short everywhere */
        struct rms_cursor cursor = rms_cursor_of(rms_view_of(good.data, i));

        rms_wire_take_inspected(&cursor, &taken);
        assert_int_equal(rms_cursor_done(&cursor), i == good.len);
    }
    assert_string_equal(taken.status.owner, "alice@contoso.test");
    assert_true(taken.status.edited);
    for (size_t i = 0; i < good.len; i++) { /* every byte as large as can be: never read past its place */
        struct rms_cursor cursor = rms_cursor_of(rms_buf_view(&good));
        uint8_t byte = good.data[i];

        good.data[i] = 0xff;
        rms_wire_take_inspected(&cursor, &taken);
        assert_true(taken.status.protection <= RMS_PROTECTED_GENERIC && taken.status.seal <= RMS_SEAL_BROKEN);
        assert_true(strlen(taken.status.owner) < sizeof taken.status.owner);
        good.data[i] = byte;
    }
}

/* As programs ask for it. */
static void by_the_options_of_a_context(void **state)
{
    struct fixture *f = *state;
    struct rms_options options = {.size = sizeof options,
        .store = RMS_STORE_MEMORY,
        .offline = true,
        .store_dir = f->issuer.folder,
        .isolate = true};
    const char *path = rms_test_path(&f->issuer, "clear.txt");
    struct rms_context *context;
    struct rms_file_status status;

    rms_test_write(path, "hello", 5);
    rms_must(rms_context_new(&options, &context));
    assert_string_equal(context->settings.inspector, getenv("RMS_INSPECTOR"));
    assert_int_equal(rms_file_status(context, path, &status), 0);
    rms_context_free(&context);
    options.isolate = false;
    rms_must(rms_context_new(&options, &context));
    assert_null(context->settings.inspector);
    rms_context_free(&context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(of_every_kind, set_up, tear_down),
        cmocka_unit_test_setup_teardown(of_hostile_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(of_mails_in_old_characters, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lies_and_deaths_are_refused, set_up, tear_down),
        cmocka_unit_test(every_field_is_checked),
        cmocka_unit_test_setup_teardown(by_the_options_of_a_context, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("client inspector", tests, NULL, NULL);
}
