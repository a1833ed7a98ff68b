/* Command lines by table: long options are stable, unknown ones are an error that names the nearest. */
#include "cmd/rms/cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "cmd/rms/output.h"

#define ROWS_MAX  64
#define CODE_BASE 256 /* getopt codes of long options: row number + this */

struct value {
    const char **items;
    size_t count;
};

struct arguments {
    const struct verb *verbs; /* of the whole command */
    const struct verb *verb;
    char path[96]; /* "rms admin user add" */
    const struct option_row *rows[ROWS_MAX];
    size_t row_count;
    struct value values[ROWS_MAX];
    const char *const *operands;
    size_t operand_count;
};

static size_t find_row(const struct arguments *arguments, const char *name)
{
    for (size_t i = 0; i < arguments->row_count; i++) {
        if (strcmp(arguments->rows[i]->name, name) == 0) {
            const char *alias = arguments->rows[i]->alias_of;

            return alias != NULL ? find_row(arguments, alias) : i;
        }
    }
    return SIZE_MAX;
}

static const struct value *value_of(const struct arguments *arguments, const char *name)
{
    size_t i = find_row(arguments, name);

    return i != SIZE_MAX && arguments->values[i].count > 0 ? &arguments->values[i] : NULL;
}

bool argument_flag(const struct arguments *arguments, const char *name)
{
    return value_of(arguments, name) != NULL;
}

const char *argument_text(const struct arguments *arguments, const char *name)
{
    const struct value *value = value_of(arguments, name);

    return value != NULL ? value->items[value->count - 1] : NULL;
}

const char *const *argument_list(const struct arguments *arguments, const char *name, size_t *count_out)
{
    const struct value *value = value_of(arguments, name);

    *count_out = value != NULL ? value->count : 0;
    return value != NULL ? value->items : NULL;
}

bool argument_number(const struct arguments *arguments, const char *name, long *number_out)
{
    const char *text = argument_text(arguments, name);

    if (text == NULL) {
        return false;
    }
    *number_out = strtol(text, NULL, 10);
    return true;
}

const struct verb *argument_verb(const struct arguments *arguments)
{
    return arguments->verb;
}

const struct verb *cli_verbs(const struct arguments *arguments)
{
    return arguments->verbs;
}

const char *const *argument_operands(const struct arguments *arguments, size_t *count_out)
{
    *count_out = arguments->operand_count;
    return arguments->operands;
}

size_t argument_count_of(const struct arguments *arguments, const char *const *names)
{
    size_t count = 0;

    for (; *names != NULL; names++) {
        count += argument_flag(arguments, *names);
    }
    return count;
}

int usage_error(const struct arguments *arguments, const char *format, ...)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(4096);
    char line[2048];
    va_list ap;

    va_start(ap, format);
    (void)vsnprintf(line, sizeof line, format, ap);
    va_end(ap);
    safe_text(&text, line);
    fprintf(stderr, "%s: %s\n", arguments->path, rms_buf_text(&text));
    fprintf(stderr, _("Try: %s --help\n"), arguments->path);
    return EXIT_USAGE;
}

static void add_rows(struct arguments *arguments, const struct option_row *rows)
{
    for (; rows != NULL && rows->name != NULL && arguments->row_count < ROWS_MAX; rows++) {
        arguments->rows[arguments->row_count++] = rows;
    }
}

static int check_number(const struct arguments *arguments, const struct option_row *row, const char *text)
{
    const char *digits = text + (text[0] == '-');
    bool whole = digits[0] != 0 && digits[strspn(digits, "0123456789")] == 0;
    long number = whole ? strtol(text, NULL, 10) : 0;

    if (!whole || number < row->min || number > row->max) {
        return usage_error(arguments, _("--%s takes a whole number from %ld to %ld, not \"%s\""), row->name,
            row->min, row->max, text);
    }
    return 0;
}

static int check_choice(const struct arguments *arguments, const struct option_row *row, const char *text)
{
    struct rms_buf RMS_BUF_CLEANUP list = RMS_BUF_INIT(1024);

    for (const char *const *choice = row->choices; *choice != NULL; choice++) {
        if (strcmp(*choice, text) == 0) {
            return 0;
        }
        rms_buf_printf(&list, "%s%s", list.len > 0 ? ", " : "", *choice);
    }
    return usage_error(
        arguments, _("--%s takes one of: %s; not \"%s\""), row->name, rms_buf_text(&list), text);
}

static int check_value(const struct arguments *arguments, const struct option_row *row, const char *text)
{
    if (row->kind == OPTION_FLAG) {
        return 0;
    }
    if (text[0] == 0) {
        return usage_error(arguments, _("--%s needs a value"), row->name);
    }
    if (!rms_text_valid(rms_view_str(text))) {
        return usage_error(arguments, _("the value of --%s is not valid UTF-8"), row->name);
    }
    if (row->kind == OPTION_NUMBER) {
        return check_number(arguments, row, text);
    }
    return row->kind == OPTION_CHOICE ? check_choice(arguments, row, text) : 0;
}

static int store_value(struct arguments *arguments, size_t given, const char *text)
{
    size_t i = find_row(arguments, arguments->rows[given]->name);
    struct option_row row = *arguments->rows[i];
    struct value *value = &arguments->values[i];
    const char **items;
    int status;

    row.name = arguments->rows[given]->name; /* messages speak of the spelling that was used */
    status = check_value(arguments, &row, text);

    if (status != 0) {
        return status;
    }
    if (value->count > 0 && row.kind != OPTION_LIST && row.kind != OPTION_FLAG) {
        return usage_error(arguments, _("--%s is given twice"), row.name);
    }
    items = rms_realloc(value->items, (value->count + 1) * sizeof *items);
    if (items == NULL) {
        return usage_error(arguments, _("memory is exhausted"));
    }
    items[value->count++] = text != NULL ? text : "";
    value->items = items;
    return 0;
}

/* Who types a beginning means the whole name. */
static const char *option_beginning(const char *const *names, const char *beginning)
{
    for (; *names != NULL; names++) {
        if (strncmp(*names, beginning, strlen(beginning)) == 0 && beginning[0] != 0) {
            return *names;
        }
    }
    return NULL;
}

static int unknown_option(const struct arguments *arguments, const char *word)
{
    const char *names[ROWS_MAX + 1];
    const char *bare = word + strspn(word, "-");
    const char *nearest;
    char name[64];

    for (size_t i = 0; i < arguments->row_count; i++) {
        names[i] = arguments->rows[i]->name;
    }
    names[arguments->row_count] = NULL;
    (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(bare, "="), bare);
    nearest = option_beginning(names, name);
    nearest = nearest != NULL ? nearest : rms_text_nearest(name, names);
    if (nearest != NULL && strcmp(nearest, name) == 0) {
        return usage_error(arguments, _("--%s takes no value"), name);
    }
    if (nearest != NULL) {
        return usage_error(arguments, _("unknown option %s; did you mean --%s?"), word, nearest);
    }
    return usage_error(arguments, _("unknown option %s"), word);
}

/* getopt_long's tables from ours. */
static void make_getopt(const struct arguments *arguments, struct option *longs, char *shorts)
{
    *shorts++ = ':';
    for (size_t i = 0; i < arguments->row_count; i++) {
        const struct option_row *row = arguments->rows[i];

        longs[i] = (struct option){row->name, row->kind == OPTION_FLAG ? no_argument : required_argument,
            NULL, (int)(CODE_BASE + i)};
        if (row->letter != 0) {
            *shorts++ = row->letter;
            if (row->kind != OPTION_FLAG) {
                *shorts++ = ':';
            }
        }
    }
    longs[arguments->row_count] = (struct option){NULL, 0, NULL, 0};
    *shorts = 0;
}

static size_t row_of_getopt(const struct arguments *arguments, int code)
{
    if (code >= CODE_BASE) {
        return (size_t)(code - CODE_BASE);
    }
    for (size_t i = 0; i < arguments->row_count; i++) {
        if (arguments->rows[i]->letter == code) {
            return i;
        }
    }
    return SIZE_MAX;
}

/* getopt_long takes any unambiguous beginning of a name; scripts that rely on one would break when an option
 * is added, so only whole names count. word: the argument as given. */
static bool is_whole_name(const struct option_row *row, const char *word)
{
    size_t len = strlen(row->name);

    return strncmp(word + 2, row->name, len) == 0 && (word[2 + len] == 0 || word[2 + len] == '=');
}

static int take_option(struct arguments *arguments, int code, char **argv)
{
    const char *last = argv[optind - 1];
    size_t i;

    if (code == ':') {
        return usage_error(arguments, _("%s needs a value"), last);
    }
    if (code == '?') {
        char letter[3] = {'-', (char)optopt, 0};

        return unknown_option(arguments, optopt > 0 && optopt < CODE_BASE ? letter : last);
    }
    i = row_of_getopt(arguments, code);
    if (code >= CODE_BASE) {
        const char *word = optarg == last ? argv[optind - 2] : last;

        if (!is_whole_name(arguments->rows[i], word)) {
            return unknown_option(arguments, word);
        }
    }
    return store_value(arguments, i, optarg);
}

static int parse_options(struct arguments *arguments, int argc, char **argv)
{
    struct option longs[ROWS_MAX + 1];
    char shorts[2 * ROWS_MAX + 2];
    int code;

    make_getopt(arguments, longs, shorts);
    opterr = 0;
    optind = 0;
    while ((code = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        int status = take_option(arguments, code, argv);

        if (status != 0) {
            return status;
        }
    }
    arguments->operands = (const char *const *)(argv + optind);
    arguments->operand_count = (size_t)(argc - optind);
    return 0;
}

static int check_operands(const struct arguments *arguments)
{
    const struct verb *verb = arguments->verb;

    for (size_t i = 0; i < arguments->operand_count; i++) {
        if (!rms_text_valid(rms_view_str(arguments->operands[i]))) {
            return usage_error(arguments, _("an argument is not valid UTF-8"));
        }
        if (arguments->operands[i][0] == 0) {
            return usage_error(arguments, _("an argument is empty"));
        }
    }
    if (arguments->operand_count > verb->operands_max) {
        return usage_error(arguments, _("too many arguments: %s"), arguments->operands[verb->operands_max]);
    }
    /* --stdin0 and --retry bring the operands another way */
    if (arguments->operand_count < verb->operands_min && !argument_flag(arguments, "stdin0") &&
        !argument_flag(arguments, "retry")) {
        return usage_error(arguments, _("%s is missing"), verb->operands);
    }
    return 0;
}

static void print_version(void)
{
    printf("rms %s\n", rms_version());
}

static int run_parsed(const struct verb *verbs, struct arguments *arguments)
{
    int status;

    if (argument_flag(arguments, "help")) {
        help_print(stdout, verbs, arguments->verb, arguments->path);
        return EXIT_DONE;
    }
    if (argument_flag(arguments, "version")) {
        print_version();
        return EXIT_DONE;
    }
    status = check_operands(arguments);
    if (status == 0) {
        output_configure(arguments);
        status = arguments->verb->run(arguments);
    }
    return status;
}

static int run_verb(const struct verb *verbs, struct arguments *arguments, int argc, char **argv)
{
    int status;

    add_rows(arguments, arguments->verb->options);
    add_rows(arguments, global_options);
    status = parse_options(arguments, argc, argv);
    if (status == 0) {
        status = run_parsed(verbs, arguments);
    }
    for (size_t i = 0; i < arguments->row_count; i++) {
        rms_free(arguments->values[i].items);
    }
    return status;
}

static const struct verb *find_verb(const struct verb *verbs, const char *name)
{
    for (; verbs->name != NULL; verbs++) {
        if (strcmp(verbs->name, name) == 0) {
            return verbs;
        }
    }
    return NULL;
}

static int unknown_verb(const struct arguments *arguments, const struct verb *verbs, const char *word)
{
    const char *names[ROWS_MAX + 1];
    const char *nearest;
    size_t n = 0;

    for (const struct verb *verb = verbs; verb->name != NULL && n < ROWS_MAX; verb++) {
        names[n++] = verb->name;
    }
    names[n] = NULL;
    nearest = rms_text_nearest(word, names);
    if (nearest != NULL) {
        return usage_error(arguments, _("there is no \"%s\"; did you mean \"%s\"?"), word, nearest);
    }
    return usage_error(arguments, _("there is no \"%s\""), word);
}

static bool global_takes_value(const char *word)
{
    const char *name = word + strspn(word, "-");

    for (const struct option_row *row = global_options; row->name != NULL; row++) {
        bool matches = word[1] == '-' ? strcmp(row->name, name) == 0
                                      : row->letter != 0 && name[0] == row->letter && name[1] == 0;

        if (matches) {
            return row->kind != OPTION_FLAG;
        }
    }
    return false;
}

/* Where the verb stands: global options may come before it ("rms --json status F"). */
static int verb_index(int argc, char **argv)
{
    int i = 1;

    while (i < argc && argv[i][0] == '-' && argv[i][1] != 0) {
        i += global_takes_value(argv[i]) ? 2 : 1;
    }
    return i;
}

/* No verb: help, the version, or an error. */
static int without_verb(const struct verb *verbs, const struct arguments *arguments, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--version") == 0) {
            print_version();
            return EXIT_DONE;
        }
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            help_print(stdout, verbs, arguments->verb, arguments->path);
            return EXIT_DONE;
        }
    }
    if (argc > 1) {
        return usage_error(arguments, _("a verb is missing"));
    }
    help_print(stderr, verbs, arguments->verb, arguments->path);
    return EXIT_USAGE;
}

static int descend(const struct verb *verbs, struct arguments *arguments, int argc, char **argv)
{
    int at = verb_index(argc, argv);
    const struct verb *verb;
    size_t used = strlen(arguments->path);
    char *word;

    if (at >= argc) {
        return without_verb(verbs, arguments, argc, argv);
    }
    word = argv[at];
    verb = find_verb(verbs, word);
    if (verb == NULL) {
        return unknown_verb(arguments, verbs, word);
    }
    /* the options before the verb move behind it */
    memmove(argv + 2, argv + 1, (size_t)(at - 1) * sizeof *argv);
    argv[1] = argv[0];
    arguments->verb = verb;
    (void)snprintf(arguments->path + used, sizeof arguments->path - used, " %s", word);
    if (verb->verbs != NULL) {
        return descend(verb->verbs, arguments, argc - 1, argv + 1);
    }
    return run_verb(verbs, arguments, argc - 1, argv + 1);
}

int cli_main(const struct verb *verbs, int argc, char **argv)
{
    struct arguments arguments = {.path = "rms", .verbs = verbs};

    return descend(verbs, &arguments, argc, argv);
}
