/* Walking, order, summary and exit status, with work that only pretends. */
#include "base/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/json.h"
#include "cmd/rms/capture.h"
#include "cmd/rms/items.h"

static const struct option_row rows[] = {ITEM_OPTIONS, OPTIONS_END};

/* --- pretended work --------------------------------------------------------------------------------------
 */

/* What becomes of a file is told by its name. */
static int outcome_of(const char *path, struct rms_file_result *result)
{
    *result = (struct rms_file_result){.skipped = strstr(path, "skip") != NULL};
    if (result->skipped) {
        return RMS_E_FILE_BLOCKED;
    }
    if (strstr(path, "damaged") != NULL) {
        return RMS_E_DAMAGED;
    }
    if (strstr(path, "signed-out") != NULL) {
        return RMS_E_NOT_AUTHENTICATED;
    }
    (void)snprintf(result->output, sizeof result->output, "%.100s.done", path);
    return 0;
}

static int one(const struct items_work *work, const char *path, const struct rms_file_options *options,
    struct rms_file_result *result_out)
{
    int code = outcome_of(path, result_out);

    (void)work;
    if (code == 0 && options->output != NULL) {
        (void)snprintf(result_out->output, sizeof result_out->output, "%s*", options->output);
    }
    return code;
}

/* Finishes in the opposite order, as many threads might. */
static int many(const struct items_work *work, const char *const *paths, size_t count,
    const struct rms_file_options *options, items_each *each, void *user_data)
{
    (void)work;
    for (size_t i = count; i-- > 0;) {
        struct rms_file_result result;
        int code = outcome_of(paths[i], &result);

        if (code == 0 && options->outputs != NULL) {
            (void)snprintf(result.output, sizeof result.output, "%s*", options->outputs[i]);
        }
        if (each(user_data, i, code, &result) != 0) {
            return RMS_E_CANCELLED;
        }
    }
    return 0;
}

static int run_work(struct arguments *arguments)
{
    struct items_work work = {.name = "working", .result_member = "EncryptedFile", .one = one, .many = many};
    int status = items_check(arguments);

    return status == 0 ? items_run(arguments, &work) : status;
}

static const struct verb verbs[] = {
    {.name = "work",
        .operands = "FILE",
        .options = rows,
        .operands_min = 1,
        .operands_max = OPERANDS_MANY,
        .run = run_work},
    VERBS_END,
};

/* --- a tree ----------------------------------------------------------------------------------------------
 */

static void make_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT, 0600);

    assert_true(fd >= 0);
    (void)close(fd);
}

static int make_tree(void **state)
{
    static const char *const files[] = {"t/1.txt", "t/2.txt", "t/x/3.txt", "t/x/y/4.txt", "damaged.txt",
        "skip.exe", "signed-out.txt", "signed-out2.txt", "-rf.txt"};
    static char place[] = "/tmp/rms-items-XXXXXX";

    assert_non_null(mkdtemp(place));
    assert_int_equal(chdir(place), 0);
    assert_int_equal(mkdir("t", 0700) | mkdir("t/x", 0700) | mkdir("t/x/y", 0700), 0);
    for (size_t i = 0; i < RMS_COUNT(files); i++) {
        make_file(files[i]);
    }
    assert_int_equal(
        symlink("t/1.txt", "link.txt") | symlink("t", "folder-link") | symlink("nowhere", "broken"), 0);
    assert_int_equal(symlink("..", "t/x/loop") | mkfifo("pipe", 0600), 0);
    *state = place;
    return 0;
}

static int remove_tree(void **state)
{
    static const char *const names[] = {"t/x/y/4.txt", "t/x/y", "t/x/3.txt", "t/x/loop", "t/x", "t/1.txt",
        "t/2.txt", "t", "damaged.txt", "skip.exe", "signed-out.txt", "signed-out2.txt", "-rf.txt", "link.txt",
        "folder-link", "broken", "pipe", "L", "L-failure", "L-debug", "M", "M-failure", "M-debug"};

    for (size_t i = 0; i < RMS_COUNT(names); i++) {
        (void)remove(names[i]);
    }
    assert_int_equal(chdir("/"), 0);
    return rmdir(*state);
}

/* --- cases -----------------------------------------------------------------------------------------------
 */

struct run_case {
    const char *words[10];
    int status;
    const char *out; /* whole */
    const char *err; /* a part */
};

/* touches: C-213, C-214, C-215, C-053 */
static const struct run_case run_cases[] = {
    {{"rms", "work", "t/1.txt"}, 0, "t/1.txt -> t/1.txt.done\n", ""},
    {{"rms", "work", "t/2.txt", "t/1.txt"}, 0,
        "t/2.txt -> t/2.txt.done\nt/1.txt -> t/1.txt.done\n2 done, 0 skipped, 0 failed\n", ""},
    {{"rms", "work", "t"}, 0,
        "t/1.txt -> t/1.txt.done\nt/2.txt -> t/2.txt.done\n2 done, 0 skipped, 0 failed\n", ""},
    {{"rms", "work", "-q", "-r", "t/x/y/"}, 0, "", ""},
    {{"rms", "work", "t/1.txt", "damaged.txt", "t/2.txt"}, 1,
        "t/1.txt -> t/1.txt.done\nt/2.txt -> t/2.txt.done\n2 done, 0 skipped, 1 failed\n", "(damaged); "},
    {{"rms", "work", "--stop", "nothing", "t/1.txt"}, 1, "0 done, 0 skipped, 1 failed, 1 not tried\n",
        "rms: nothing: "},
    {{"rms", "work", "damaged.txt"}, 1, "", "(damaged)"},
    {{"rms", "work", "signed-out.txt"}, 3, "", "(not-authenticated); run: rms login"},
    {{"rms", "work", "signed-out.txt", "signed-out2.txt"}, 3, "0 done, 0 skipped, 2 failed\n", ""},
    {{"rms", "work", "signed-out.txt", "t/1.txt"}, 1,
        "t/1.txt -> t/1.txt.done\n1 done, 0 skipped, 1 failed\n", ""},
    {{"rms", "work", "missing.txt"}, 4, "", "(not-found)"},
    {{"rms", "work", "*.txt"}, 4, "", "rms: *.txt: "},
    {{"rms", "work", "missing.txt", "t/1.txt"}, 1, "t/1.txt -> t/1.txt.done\n1 done, 0 skipped, 1 failed\n",
        ""},
    {{"rms", "work", "skip.exe"}, 7, "", "rms: skip.exe: skipped: "},
    {{"rms", "work", "skip.exe", "-o", "out"}, 1, "", "(file-blocked)"},
    {{"rms", "work", "skip.exe", "t/1.txt"}, 7, "t/1.txt -> t/1.txt.done\n1 done, 1 skipped, 0 failed\n", ""},
    {{"rms", "work", "skip.exe", "damaged.txt"}, 1, "0 done, 1 skipped, 1 failed\n", ""},
    {{"rms", "work", "link.txt"}, 7, "", "symbolic link"},
    {{"rms", "work", "folder-link"}, 7, "", "symbolic link"},
    {{"rms", "work", "--follow", "link.txt"}, 0, "link.txt -> link.txt.done\n", ""},
    {{"rms", "work", "--follow", "broken"}, 4, "", "points to nothing"},
    {{"rms", "work", "--follow", "-r", "t/x"}, 7, NULL, "a folder above it"},
    {{"rms", "work", "pipe"}, 7, "", "device, pipe or socket"},
    {{"rms", "work", "--", "-rf.txt"}, 0, "-rf.txt -> -rf.txt.done\n", ""},
    {{"rms", "work", "t/1.txt", "-o", "x"}, 0, "t/1.txt -> x*\n", ""},
    {{"rms", "work", "t/1.txt", "--out", "d"}, 0, "t/1.txt -> d/*\n", ""},
    {{"rms", "work", "t", "--out", "d", "-r"}, 7,
        "t/1.txt -> d/t/*\nt/2.txt -> d/t/*\nt/x/3.txt -> d/t/x/*\nt/x/y/4.txt -> d/t/x/y/*\n"
        "4 done, 1 skipped, 0 failed\n",
        "t/x/loop: skipped"},
    {{"rms", "work", "t/x/y/", "t/1.txt", "--out", "d/"}, 0,
        "t/x/y/4.txt -> d//y/*\nt/1.txt -> d//*\n2 done, 0 skipped, 0 failed\n", ""},
    {{"rms", "work", "t/x/y/../y/.", "--out", "d"}, 0,
        "t/x/y/../y/./4.txt -> d/y/*\n1 done, 0 skipped, 0 failed\n", ""},
    {{"rms", "work", "t", "-o", "x"}, 2, "", "names one result"},
    {{"rms", "work", "a", "b", "-o", "x"}, 2, "", "names one result"},
    {{"rms", "work", "a", "--in-place", "-o", "x"}, 2, "", "neither"},
    {{"rms", "work", "a", "--out", "d", "-o", "x"}, 2, "", "neither"},
    {{"rms", "work", "https://dav.contoso.test/a.txt"}, 2, "", "web address"},
    {{"rms", "work", "t/1.txt", "--log", "no/such/place"}, 2, "", "not-found"},
    {{"rms", "work", "--retry", "no-log"}, 2, "", "not-found"},
};

static void order_summary_and_exit_status(void **state)
{
    struct captured got;

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(run_cases); i++) {
        const struct run_case *c = &run_cases[i];

        capture(verbs, c->words, &got);
        if (got.status != c->status || (c->out != NULL && strcmp(got.out, c->out) != 0) ||
            strstr(got.err, c->err) == NULL) {
            fail_msg("case %zu: exit %d, out \"%s\", err \"%s\"", i, got.status, got.out, got.err);
        }
    }
}

/* The next line of out as JSON; moves out behind it. */
static json_t *next_object(const char **out)
{
    size_t len = strcspn(*out, "\n");
    json_t *object = NULL;

    assert_int_equal(rms_json_parse(rms_view_of(*out, len), &object), 0);
    *out += len + 1;
    return object;
}

static void json_has_one_object_an_item_and_a_summary(void **state)
{
    static const struct {
        const char *file, *status, *reason, *result;
    } wanted[] = {{"t/1.txt", "Success", NULL, "t/1.txt.done"}, {"damaged.txt", "Failed", "damaged", NULL},
        {"skip.exe", "Skipped", "file-blocked", NULL}};
    struct captured got;
    const char *out = got.out;
    json_t *RMS_JSON_CLEANUP summary = NULL;
    json_t *RMS_JSON_CLEANUP counts =
        json_pack("{s:i,s:i,s:i,s:i}", "Success", 1, "Skipped", 1, "Failed", 1, "Untouched", 0);

    (void)state;
    CAPTURE(verbs, &got, "--json", "work", "t/1.txt", "damaged.txt", "skip.exe");
    assert_int_equal(got.status, 1);
    for (size_t i = 0; i < RMS_COUNT(wanted); i++) {
        json_t *RMS_JSON_CLEANUP object = next_object(&out);
        const char *reason = rms_json_str(object, "Reason");
        const char *result = rms_json_str(object, "EncryptedFile");

        assert_string_equal(rms_json_str(object, "FileName"), wanted[i].file);
        assert_string_equal(rms_json_str(object, "InputFile"), wanted[i].file);
        assert_string_equal(rms_json_str(object, "Status"), wanted[i].status);
        assert_true((reason == NULL) == (wanted[i].reason == NULL));
        assert_string_equal(reason != NULL ? reason : "", wanted[i].reason != NULL ? wanted[i].reason : "");
        assert_string_equal(result != NULL ? result : "", wanted[i].result != NULL ? wanted[i].result : "");
        assert_true((rms_json_str(object, "Comment")[0] == 0) == (reason == NULL));
    }
    summary = next_object(&out);
    assert_true(json_equal(json_object_get(summary, "Summary"), counts));
    assert_string_equal(out, "");
}

/* The last file fails first; what was not begun is counted. */
static void stop_leaves_the_rest(void **state)
{
    struct captured got;

    (void)state;
    CAPTURE(verbs, &got, "work", "--stop", "t/1.txt", "t/2.txt", "damaged.txt");
    assert_int_equal(got.status, 1);
    assert_string_equal(got.out, "0 done, 0 skipped, 1 failed, 2 not tried\n");
}

static size_t lines_of(const char *path)
{
    FILE *file = fopen(path, "r");
    size_t lines = 0;
    int c;

    assert_non_null(file);
    while ((c = getc(file)) != EOF) {
        lines += c == '\n';
    }
    (void)fclose(file);
    return lines;
}

/* touches: C-218, C-217 */
static void failure_log_is_enough_to_retry(void **state)
{
    struct captured got;

    (void)state;
    CAPTURE(verbs, &got, "work", "--log", "L", "t/1.txt", "damaged.txt", "t/2.txt", "missing\ttab\nline.txt");
    assert_int_equal(got.status, 1);
    assert_int_equal(lines_of("L"), 2);
    assert_int_equal(lines_of("L-failure"), 2);
    assert_int_equal(lines_of("L-debug"), 4);
    CAPTURE(verbs, &got, "work", "--json", "--retry", "L-failure", "--log", "M");
    assert_int_equal(got.status, 1);
    assert_non_null(strstr(got.out, "\"FileName\":\"damaged.txt\""));
    assert_non_null(strstr(got.out, "\"FileName\":\"missing\\ttab\\nline.txt\""));
    assert_non_null(strstr(got.out, "\"Failed\":2"));
    assert_int_equal(lines_of("M-failure"), 2);
}

static void names_on_standard_input(void **state)
{
    static const char names[] = "t/1.txt\0damaged.txt\0bad\xff";
    FILE *input = tmpfile();
    int saved = dup(STDIN_FILENO);
    struct captured got;

    (void)state;
    assert_int_equal(fwrite(names, 1, sizeof names - 1, input), sizeof names - 1);
    rewind(input);
    (void)dup2(fileno(input), STDIN_FILENO);
    CAPTURE(verbs, &got, "work", "--stdin0");
    (void)dup2(saved, STDIN_FILENO);
    (void)close(saved);
    (void)fclose(input);
    assert_int_equal(got.status, 1);
    assert_string_equal(got.out, "t/1.txt -> t/1.txt.done\n1 done, 0 skipped, 2 failed\n");
    assert_non_null(strstr(got.err, "rms: bad?: "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_summary_and_exit_status),
        cmocka_unit_test(json_has_one_object_an_item_and_a_summary),
        cmocka_unit_test(stop_leaves_the_rest),
        cmocka_unit_test(failure_log_is_enough_to_retry),
        cmocka_unit_test(names_on_standard_input),
    };

    return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
