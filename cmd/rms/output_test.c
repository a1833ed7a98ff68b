#include "base/test.h"

#include <locale.h>
#include <stdlib.h>

#include "base/json.h"
#include "cmd/rms/capture.h"
#include "cmd/rms/output.h"

/* --- texts -----------------------------------------------------------------------------------------------
 */

static void terminals_get_no_commands(void **state)
{
    static const struct {
        const char *text, *safe;
    } cases[] = {
        {"plain", "plain"},
        {"übergrößen 中文", "übergrößen 中文"},
        {"red\033[31m", "red?[31m"},
        {"line\nend\ttab\rcr", "line?end?tab?cr"},
        {"del\x7f", "del?"},
        {"c1\xc2\x9b", "c1?"},
        {"bad\xff\xfe.", "bad??."},
        {"cut\xe4\xb8", "cut??"},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        struct rms_buf RMS_BUF_CLEANUP out = RMS_BUF_INIT(256);

        safe_text(&out, cases[i].text);
        assert_string_equal(rms_buf_text(&out), cases[i].safe);
    }
}

static void json_values_always_exist(void **state)
{
    json_t *RMS_JSON_CLEANUP bad = text_json("bad\xff.");
    json_t *RMS_JSON_CLEANUP none = text_json(NULL);
    json_t *RMS_JSON_CLEANUP never = time_json(RMS_NEVER);
    json_t *RMS_JSON_CLEANUP time = time_json(1896091200);

    (void)state;
    assert_string_equal(json_string_value(bad), "bad\xef\xbf\xbd.");
    assert_true(json_is_null(none) && json_is_null(never));
    assert_string_equal(json_string_value(time), "2030-01-31T12:00:00Z");
}

/* --- messages --------------------------------------------------------------------------------------------
 */

/* The sentences are those of errors.def; what stands around them is tested here. */
#define NO_RIGHTS "rms: plan.ptxt: you have no rights to this content"

static const struct {
    const char *subject;
    struct failure failure;
    const char *begins, *ends;
} messages[] = {
    {"plan.ptxt", {RMS_E_NO_RIGHTS, NULL, NULL, NULL}, NO_RIGHTS " (no-rights); ", "\n"},
    {"plan.ptxt", {RMS_E_NO_RIGHTS, "", "mailto:alice@contoso.test", "c-1"}, NO_RIGHTS " (no-rights); ",
        "\n     to ask for access: alice@contoso.test\n     correlation id: c-1\n"},
    {"plan.ptxt",
        {RMS_E_NO_RIGHTS, "you have no rights to this content; groups are slow", "alice@contoso.test", NULL},
        NO_RIGHTS "; groups are slow (no-rights); ", "\n     to ask for access: alice@contoso.test\n"},
    {"plan.ptxt", {RMS_E_NO_RIGHTS, "plan.ptxt: only VIEW", NULL, NULL},
        NO_RIGHTS ": only VIEW (no-rights); ", "\n"},
    {"plan.ptxt", {RMS_E_NO_RIGHTS, "plan.ptxt", NULL, NULL}, NO_RIGHTS " (no-rights); ", "\n"},
    {NULL, {RMS_E_NOT_AUTHENTICATED, NULL, NULL, NULL}, "rms: you are not signed in", "run: rms login\n"},
    {"evil\033[2J\nname", {RMS_E_IO, "and\033 detail", NULL, NULL}, "rms: evil?[2J?name: ", "\n"},
};

static int print_messages(struct arguments *arguments)
{
    size_t count;
    long i = strtol(argument_operands(arguments, &count)[0], NULL, 10);

    output_failure(messages[i].subject, &messages[i].failure);
    return EXIT_DONE;
}

/* --- tables ----------------------------------------------------------------------------------------------
 */

static int print_table(struct arguments *arguments)
{
    static const struct column columns[] = {{"NAME", "Name"}, {"LIST", "List"}, {"ON", "On"}, {NULL, NULL}};

    (void)arguments;
    return output_list(json_pack("[{s:s,s:[s,s],s:b},{s:s,s:[],s:n}]", "Name", "größe", "List", "a", "b",
                           "On", 1, "Name", "x\033y", "List", "On"),
        columns);
}

static int print_object(struct arguments *arguments)
{
    json_t *RMS_JSON_CLEANUP object = json_pack("{s:s,s:i,s:n,s:{s:b},s:[{s:s,s:n},{s:s}]}", "Text", "t",
        "Number", 5, "Null", "Inner", "Flag", 0, "Rows", "A", "1", "B", "A", "2");

    (void)arguments;
    output_members(object);
    return EXIT_DONE;
}

static int print_wide(struct arguments *arguments)
{
    static const struct column columns[] = {{"ID", "Id"}, {"WHAT", "What"}, {NULL, NULL}};

    (void)arguments;
    return output_list(json_pack("[{s:s,s:s},{s:s,s:s}]", "Id", "1f0c3a52", "What",
                           "größere Pläne für das Jahr", "Id", "2b", "What", "x"),
        columns);
}

static const struct verb verbs[] = {
    {.name = "wide", .run = print_wide},
    {.name = "message", .operands = "N", .operands_min = 1, .operands_max = 1, .run = print_messages},
    {.name = "table", .run = print_table},
    {.name = "object", .run = print_object},
    VERBS_END,
};

/* touches: C-073 */
static void messages_say_what_why_and_next(void **state)
{
    struct captured got;

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(messages); i++) {
        char number[24];

        (void)snprintf(number, sizeof number, "%zu", i);
        CAPTURE(verbs, &got, "message", number);
        assert_memory_equal(got.err, messages[i].begins, strlen(messages[i].begins));
        assert_string_equal(got.err + strlen(got.err) - strlen(messages[i].ends), messages[i].ends);
        assert_null(strchr(got.err, '\033'));
        assert_string_equal(got.out, "");
    }
}

static void tables_line_up(void **state)
{
    struct captured got;

    (void)state;
    CAPTURE(verbs, &got, "table");
    assert_string_equal(got.out, "NAME   LIST  ON\ngröße  a, b  yes\nx?y          \n");
    CAPTURE(verbs, &got, "table", "--json");
    assert_string_equal(got.out, "{\"Name\":\"größe\",\"List\":[\"a\",\"b\"],\"On\":true}\n{\"Name\":"
                                 "\"x\\u001By\",\"List\":[],\"On\":null}\n");
    CAPTURE(verbs, &got, "table", "--color", "always");
    assert_non_null(strstr(got.out, "\033[1mNAME\033[0m"));
}

/* Whole words in the columns, else a value a line; nothing is left out, and programs get a line a row. */
static void tables_fit_the_screen(void **state)
{
    static const struct {
        const char *columns, *out;
    } screens[] = {
        {NULL, "ID        WHAT\n1f0c3a52  größere Pläne für das Jahr\n2b        x\n"},
        {"36", "ID        WHAT\n1f0c3a52  größere Pläne für das Jahr\n2b        x\n"},
        {"27", "ID        WHAT\n1f0c3a52  größere Pläne für\n          das Jahr\n2b        x\n"},
        {"17", "ID        WHAT\n1f0c3a52  größere\n          Pläne\n          für das\n          Jahr\n"
               "2b        x\n"},
        {"16", "ID    1f0c3a52\nWHAT  größere Pläne für das Jahr\n\nID    2b\nWHAT  x\n"},
    };
    struct captured got;

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(screens); i++) {
        if (screens[i].columns != NULL) {
            assert_int_equal(setenv("COLUMNS", screens[i].columns, 1), 0);
        }
        CAPTURE(verbs, &got, "wide");
        assert_string_equal(got.out, screens[i].out);
        assert_int_equal(unsetenv("COLUMNS"), 0);
    }
}

static void members_are_indented(void **state)
{
    struct captured got;

    (void)state;
    CAPTURE(verbs, &got, "object");
    assert_string_equal(got.out, "Text                         t\n"
                                 "Number                       5\n"
                                 "Null                         \n"
                                 "Inner\n"
                                 "  Flag                       no\n"
                                 "Rows\n"
                                 "  - A 1\n"
                                 "  - A 2\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(terminals_get_no_commands),
        cmocka_unit_test(json_values_always_exist),
        cmocka_unit_test(messages_say_what_why_and_next),
        cmocka_unit_test(tables_line_up),
        cmocka_unit_test(tables_fit_the_screen),
        cmocka_unit_test(members_are_indented),
    };

    (void)setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
