#include "base/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "cmd/rms/itemlog.h"

static char place[] = "/tmp/rms-itemlog-XXXXXX";

static int make_place(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(place));
    return chdir(place);
}

static int remove_place(void **state)
{
    static const char *const names[] = {"a", "a-failure", "a-debug", "in"};

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(names); i++) {
        (void)unlink(names[i]);
    }
    assert_int_equal(chdir("/"), 0);
    return rmdir(place);
}

struct seen {
    char names[256]; /* each followed by | */
};

static int append(void *user_data, const char *file)
{
    struct seen *seen = user_data;
    size_t used = strlen(seen->names);

    (void)snprintf(seen->names + used, sizeof seen->names - used, "%s|", file);
    return 0;
}

/* touches: C-218 */
static void names_come_back_as_they_were(void **state)
{
    static const char *const names[] = {"plain", "with space", "tab\there", "line\nend", "back\\slash\\n"};
    struct item_log log;
    struct seen seen = {""};

    (void)state;
    assert_int_equal(item_log_open(&log, "a"), 0);
    for (size_t i = 0; i < RMS_COUNT(names); i++) {
        item_log_write(&log, &(struct item_log_row){names[i], "Failed", "damaged", "tab\tin detail"});
    }
    assert_int_equal(item_log_close(&log), 0);
    assert_int_equal(item_log_read("a-failure", append, &seen), 0);
    assert_string_equal(seen.names, "plain|with space|tab\there|line\nend|back\\slash\\n|");
}

/* touches: C-217 */
static void another_run_is_refused(void **state)
{
    struct item_log log;
    struct item_log other;

    (void)state;
    assert_int_equal(item_log_open(&log, "a"), 0);
    item_log_write(&log, &(struct item_log_row){"x", "Success", "", NULL});
    assert_int_equal(item_log_open(&other, "a"), RMS_E_CONFLICT);
    assert_int_equal(item_log_close(&other), 0);
    assert_int_equal(item_log_close(&log), 0);
    assert_int_equal(item_log_open(&log, "a"), 0);
    assert_int_equal(item_log_close(&log), 0);
    assert_int_equal(item_log_open(&log, "no/such/place"), RMS_E_NOT_FOUND);
}

static void what_is_no_log_is_refused(void **state)
{
    static const struct {
        const char *text;
        int code;
        const char *names;
    } cases[] = {
        {"", 0, ""},
        {"t\tfile\tFailed\tio\n", 0, "file|"},
        {"t\tfile\tFailed\tio", 0, "file|"},
        {"t\tfile\tFailed", 0, "file|"},
        {"t\tfile", RMS_E_BAD_ARGUMENT, ""},
        {"t\t\tFailed\tio\n", RMS_E_BAD_ARGUMENT, ""},
        {"no tabs at all\n", RMS_E_BAD_ARGUMENT, ""},
        {"\n", RMS_E_BAD_ARGUMENT, ""},
        {"t\tone\tFailed\tio\nbroken\n", RMS_E_BAD_ARGUMENT, "one|"},
        {"t\tends in \\\tFailed\tio\n", 0, "ends in \\|"},
    };

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        struct seen seen = {""};

        assert_int_equal(rms_file_write("in", rms_view_str(cases[i].text), 0600), 0);
        assert_int_equal(item_log_read("in", append, &seen), cases[i].code);
        assert_string_equal(seen.names, cases[i].names);
    }
    assert_int_equal(item_log_read("missing", append, NULL), RMS_E_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_come_back_as_they_were),
        cmocka_unit_test(another_run_is_refused),
        cmocka_unit_test(what_is_no_log_is_refused),
    };

    return cmocka_run_group_tests(tests, make_place, remove_place);
}
