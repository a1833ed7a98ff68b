#include "base/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"

struct place {
    char directory[64];
    char path[80];
    char older[84];
};

static int setup(void **state)
{
    static struct place place;

    memcpy(place.directory, "/tmp/rms-log-XXXXXX", 20);
    if (mkdtemp(place.directory) == NULL) {
        return -1;
    }
    (void)snprintf(place.path, sizeof place.path, "%s/log", place.directory);
    (void)snprintf(place.older, sizeof place.older, "%s.1", place.path);
    *state = &place;
    return 0;
}

static int teardown(void **state)
{
    struct place *place = *state;

    rms_log_close();
    (void)unlink(place->path);
    (void)unlink(place->older);
    return rmdir(place->directory);
}

static json_t *only_line(const struct place *place)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(100000);
    json_t *json = NULL;

    assert_int_equal(rms_file_read(place->path, &text), 0);
    assert_int_equal(text.data[text.len - 1], '\n');
    assert_int_equal(rms_json_parse(rms_buf_view(&text), &json), 0);
    return json;
}

static void writes_one_object_a_line(void **state)
{
    struct place *place = *state;
    const char *none = NULL;
    struct stat info;
    json_t *line;

    rms_log_open("test", RMS_LOG_INFO, place->path, 0);
    rms_log(RMS_LOG_INFO, "test.event", "name", "a\nb\x1b[31m\"", "left-out", none, "count", "3", NULL);
    line = only_line(place);
    assert_string_equal(rms_json_str(line, "level"), "info");
    assert_string_equal(rms_json_str(line, "program"), "test");
    assert_string_equal(rms_json_str(line, "event"), "test.event");
    assert_string_equal(rms_json_str(line, "name"), "a\nb\x1b[31m\"");
    assert_string_equal(rms_json_str(line, "count"), "3");
    assert_null(json_object_get(line, "left-out"));
    assert_int_equal(json_integer_value(json_object_get(line, "pid")), getpid());
    assert_int_equal(strlen(rms_json_str(line, "time")), 20);
    rms_json_free(&line);
    assert_int_equal(stat(place->path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
}

static void leaves_out_what_is_below_the_level(void **state)
{
    struct place *place = *state;
    struct stat info;

    rms_log_open("test", RMS_LOG_ERROR, place->path, 0);
    assert_int_equal(rms_log_level(), RMS_LOG_ERROR);
    rms_log(RMS_LOG_INFO, "no", NULL);
    rms_log(RMS_LOG_OFF, "no", NULL);
    assert_int_equal(stat(place->path, &info), 0);
    assert_int_equal(info.st_size, 0);
    rms_log(RMS_LOG_ERROR, "yes", NULL);
    assert_int_equal(stat(place->path, &info), 0);
    assert_true(info.st_size > 0);
}

static void says_nothing_before_open_and_after_close(void **state)
{
    struct place *place = *state;
    struct stat info;

    rms_log_open("test", RMS_LOG_TRACE, place->path, 0);
    rms_log_close();
    rms_log(RMS_LOG_ERROR, "no", NULL);
    assert_int_equal(rms_log_level(), RMS_LOG_OFF);
    assert_int_equal(stat(place->path, &info), 0);
    assert_int_equal(info.st_size, 0);
}

static void rotates_and_keeps_nine_older_files(void **state)
{
    struct place *place = *state;
    struct stat info;

    rms_log_open("test", RMS_LOG_INFO, place->path, 1000);
    for (int i = 0; i < 100; i++) {
        rms_log(RMS_LOG_INFO, "test.event", "filling", "0123456789", NULL);
    }
    assert_int_equal(stat(place->path, &info), 0);
    assert_true(info.st_size > 0 && info.st_size <= 1000);
    assert_int_equal(stat(place->older, &info), 0);
    assert_true(info.st_size > 0 && info.st_size <= 1000);
    for (int i = 1; i <= RMS_LOG_FILES; i++) {
        char older[90];

        (void)snprintf(older, sizeof older, "%s.%d", place->path, i);
        assert_int_equal(stat(older, &info), i < RMS_LOG_FILES ? 0 : -1);
        (void)unlink(older);
    }
}

/* touches: S-304 */
static void masks_what_is_of_people(void **state)
{
    static const char *const texts[][2] = {
        {"bob@contoso.test opens", "[address] opens"},
        {"to <mailto:bob@contoso.test>, asked", "to <[address]>, asked"},
        {"https://rms.contoso.test:8443/x: no answer (127.0.0.1:443)", "[host]: no answer ([host])"},
        {"/srv/docs/plan.ptxt: damaged", "[file]: damaged"},
        {"cannot read plan.ptxt.", "cannot read [file]."},
        {"version 1.2.3, 5 of 10: 3f6b0a52-7d0f-4f6d-8a50-0c8e3e1a9d11", NULL},
        {"ends.", NULL},
        {"rms.conf: x is out of range", NULL},
        {"", NULL},
    };
    struct place *place = *state;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        json_t *line;

        rms_log_open("test", RMS_LOG_INFO, place->path, 0);
        rms_log_mask();
        rms_log(RMS_LOG_INFO, "test.event", "text", texts[i][0], "file", "my plan.txt", NULL);
        line = only_line(place);
        assert_string_equal(rms_json_str(line, "text"), texts[i][texts[i][1] != NULL]);
        assert_string_equal(rms_json_str(line, "file"), "[file]");
        rms_json_free(&line);
        assert_int_equal(unlink(place->path), 0);
    }
}

static void overlong_lines_lose_their_fields(void **state)
{
    struct place *place = *state;
    static char value[20000];
    json_t *line;

    memset(value, 'x', sizeof value - 1);
    rms_log_open("test", RMS_LOG_INFO, place->path, 0);
    rms_log(RMS_LOG_INFO, "test.event", "value", value, NULL);
    line = only_line(place);
    assert_string_equal(rms_json_str(line, "truncated"), "true");
    assert_null(rms_json_str(line, "value"));
    rms_json_free(&line);
}

static void does_not_follow_links(void **state)
{
    struct place *place = *state;
    struct stat info;

    assert_int_equal(symlink(place->older, place->path), 0);
    rms_log_open("test", RMS_LOG_OFF, place->path, 0);
    assert_int_not_equal(stat(place->older, &info), 0);
}

static void knows_the_level_names(void **state)
{
    enum rms_log_level level;

    (void)state;
    assert_int_equal(rms_log_level_parse("Debug", &level), 0);
    assert_int_equal(level, RMS_LOG_DEBUG);
    assert_int_equal(rms_log_level_parse("off", &level), 0);
    assert_int_equal(level, RMS_LOG_OFF);
    assert_int_equal(rms_log_level_parse("loud", &level), RMS_E_BAD_ARGUMENT);
    assert_int_equal(rms_log_level_parse("", &level), RMS_E_BAD_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(writes_one_object_a_line, setup, teardown),
        cmocka_unit_test_setup_teardown(leaves_out_what_is_below_the_level, setup, teardown),
        cmocka_unit_test_setup_teardown(says_nothing_before_open_and_after_close, setup, teardown),
        cmocka_unit_test_setup_teardown(rotates_and_keeps_nine_older_files, setup, teardown),
        cmocka_unit_test_setup_teardown(masks_what_is_of_people, setup, teardown),
        cmocka_unit_test_setup_teardown(overlong_lines_lose_their_fields, setup, teardown),
        cmocka_unit_test_setup_teardown(does_not_follow_links, setup, teardown),
        cmocka_unit_test(knows_the_level_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
