#include "base/test.h"

#include "cmd/rms/capture.h"

/* A verb with one option of each kind that prints what it got. */
static const char *const colors[] = {"red", "green", NULL};
static const struct option_row rows[] = {
    NAMED_FLAG("flag", 'f', "a flag"),
    NAMED_TEXT("text", 't', "TEXT", "a text"),
    LIST("list", "ITEM", "a list"),
    ALIAS("items", OPTION_LIST, "list"),
    NUMBER("number", "a number", -1, 10),
    CHOICE("choice", "COLOR", "a choice", colors),
    OPTIONS_END,
};

static int print_all(struct arguments *arguments)
{
    size_t count;
    const char *const *items = argument_list(arguments, "list", &count);
    const char *text = argument_text(arguments, "text");
    long number = 99;

    (void)argument_number(arguments, "number", &number);
    printf("flag=%d text=%s number=%ld json=%d list=", argument_flag(arguments, "flag"),
        text != NULL ? text : "-", number, argument_flag(arguments, "json"));
    for (size_t i = 0; i < count; i++) {
        printf("[%s]", items[i]);
    }
    items = argument_operands(arguments, &count);
    for (size_t i = 0; i < count; i++) {
        printf(" %s", items[i]);
    }
    return EXIT_DONE;
}

static const struct verb inner[] = {
    {.name = "leaf",
        .summary = "A leaf",
        .operands = "A",
        .options = rows,
        .operands_min = 1,
        .operands_max = 2,
        .run = print_all},
    VERBS_END,
};
static const struct verb verbs[] = {
    {.name = "plain", .summary = "A plain verb", .options = rows, .run = print_all},
    {.name = "group", .summary = "A group", .verbs = inner},
    VERBS_END,
};

/* touches: C-212 */
static void what_is_accepted(void **state)
{
    static const struct {
        const char *words[10];
        const char *out;
    } cases[] = {
        {{"rms", "plain"}, "flag=0 text=- number=99 json=0 list="},
        {{"rms", "plain", "-f", "--text", "a b", "--number=-1"}, "flag=1 text=a b number=-1 json=0 list="},
        {{"rms", "plain", "-tx", "--list", "1", "--items", "2"},
            "flag=0 text=x number=99 json=0 list=[1][2]"},
        {{"rms", "--json", "plain", "--choice", "red"}, "flag=0 text=- number=99 json=1 list="},
        {{"rms", "--url", "u", "-q", "group", "--json", "leaf", "A"},
            "flag=0 text=- number=99 json=1 list= A"},
        {{"rms", "group", "leaf", "A", "-f", "B"}, "flag=1 text=- number=99 json=0 list= A B"},
        {{"rms", "group", "leaf", "--", "-f", "--text"}, "flag=0 text=- number=99 json=0 list= -f --text"},
        {{"rms", "group", "leaf", "-"}, "flag=0 text=- number=99 json=0 list= -"},
    };
    struct captured got;

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        capture(verbs, cases[i].words, &got);
        assert_string_equal(got.out, cases[i].out);
        assert_string_equal(got.err, "");
        assert_int_equal(got.status, EXIT_DONE);
    }
}

/* touches: C-212, C-097 */
static void what_is_refused(void **state)
{
    static const struct {
        const char *words[8];
        const char *err; /* a part */
    } cases[] = {
        {{"rms", "plain", "--nothing"}, "unknown option --nothing"},
        {{"rms", "plain", "--tex", "x"}, "did you mean --text?"},
        {{"rms", "plain", "--txet", "x"}, "did you mean --text?"},
        {{"rms", "plain", "-z"}, "unknown option -z"},
        {{"rms", "plain", "--text"}, "--text needs a value"},
        {{"rms", "plain", "-t"}, "-t needs a value"},
        {{"rms", "plain", "--text="}, "--text needs a value"},
        {{"rms", "plain", "--flag=1"}, "--flag takes no value"},
        {{"rms", "plain", "-t", "1", "-t", "2"}, "--text is given twice"},
        {{"rms", "plain", "--text", "\xc0\xaf"}, "not valid UTF-8"},
        {{"rms", "plain", "--number", "11"}, "from -1 to 10"},
        {{"rms", "plain", "--number", "-2"}, "from -1 to 10"},
        {{"rms", "plain", "--number", "1x"}, "from -1 to 10"},
        {{"rms", "plain", "--number", " 1"}, "from -1 to 10"},
        {{"rms", "plain", "--number", "99999999999999999999"}, "from -1 to 10"},
        {{"rms", "plain", "--choice", "blue"}, "red, green"},
        {{"rms", "plain", "--color", "blue"}, "auto, always, never"},
        {{"rms", "plain", "extra"}, "too many arguments: extra"},
        {{"rms", "group", "leaf"}, "A is missing"},
        {{"rms", "group", "leaf", "1", "2", "3"}, "too many arguments: 3"},
        {{"rms", "group", "leaf", ""}, "empty"},
        {{"rms", "group", "leaf", "\xed\xa0\x80"}, "not valid UTF-8"},
        {{"rms", "group", "lef"}, "did you mean \"leaf\"?"},
        {{"rms", "grop"}, "did you mean \"group\"?"},
        {{"rms", "xyzzy"}, "there is no \"xyzzy\""},
        {{"rms", "group"}, "Usage: rms group"},
        {{"rms", "--json"}, "a verb is missing"},
        {{"rms", "bad\033[2Jverb"}, "bad?[2Jverb"},
    };
    struct captured got;

    (void)state;
    for (size_t i = 0; i < RMS_COUNT(cases); i++) {
        capture(verbs, cases[i].words, &got);
        if (strstr(got.err, cases[i].err) == NULL || got.out[0] != 0 || got.status != EXIT_USAGE) {
            fail_msg("case %zu: exit %d, out \"%s\", err \"%s\"", i, got.status, got.out, got.err);
        }
    }
}

static void help_and_version(void **state)
{
    struct captured got;

    (void)state;
    CAPTURE(verbs, &got, "group", "leaf", "--help");
    assert_int_equal(got.status, EXIT_DONE);
    for (const struct option_row *row = rows; row->name != NULL; row++) {
        assert_non_null(strstr(got.out, row->name));
    }
    for (const struct option_row *row = global_options; row->name != NULL; row++) {
        assert_non_null(strstr(got.out, row->name));
    }
    assert_non_null(strstr(got.out, "Usage: rms group leaf [OPTION…] A"));
    assert_non_null(strstr(got.out, "Exit status: 0 done"));
    CAPTURE(verbs, &got, "--help");
    assert_int_equal(got.status, EXIT_DONE);
    assert_non_null(strstr(got.out, "A plain verb"));
    CAPTURE(verbs, &got, "--version");
    assert_int_equal(got.status, EXIT_DONE);
    assert_memory_equal(got.out, "rms ", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_accepted),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(help_and_version),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
