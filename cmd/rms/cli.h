/* What every verb of `rms` gets: its parsed arguments, and the tables behind them. */
#ifndef RMS_CMD_CLI_H
#define RMS_CMD_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <openrms/openrms.h>

/* Texts are marked for translation. */
#define _(text) (text)

enum option_kind {
    OPTION_FLAG,
    OPTION_TEXT,   /* one value */
    OPTION_LIST,   /* may be given several times */
    OPTION_NUMBER, /* whole number in [min, max] */
    OPTION_CHOICE, /* one of choices */
};

struct option_row {
    const char *name; /* long name without dashes; stable */
    char letter;      /* 0 = none */
    enum option_kind kind;
    const char *argument; /* how help shows the value */
    const char *help;
    long min, max;
    const char *const *choices; /* NULL-terminated */
    const char *alias_of;       /* another row's name: this one only adds a spelling */
};

/* Rows of option tables. NAMED_ ones have a letter too. */
#define NAMED_FLAG(n, l, h)                                                                                  \
    {                                                                                                        \
        .name = n, .letter = l, .kind = OPTION_FLAG, .help = h                                               \
    }
#define NAMED_TEXT(n, l, a, h)                                                                               \
    {                                                                                                        \
        .name = n, .letter = l, .kind = OPTION_TEXT, .argument = a, .help = h                                \
    }
#define FLAG(n, h)    NAMED_FLAG(n, 0, h)
#define TEXT(n, a, h) NAMED_TEXT(n, 0, a, h)
#define LIST(n, a, h)                                                                                        \
    {                                                                                                        \
        .name = n, .kind = OPTION_LIST, .argument = a, .help = h                                             \
    }
#define NUMBER(n, h, low, high)                                                                              \
    {                                                                                                        \
        .name = n, .kind = OPTION_NUMBER, .argument = "N", .help = h, .min = low, .max = high                \
    }
#define CHOICE(n, a, h, list)                                                                                \
    {                                                                                                        \
        .name = n, .kind = OPTION_CHOICE, .argument = a, .help = h, .choices = list                          \
    }
#define ALIAS(n, k, of)                                                                                      \
    {                                                                                                        \
        .name = n, .kind = k, .alias_of = of                                                                 \
    }
/* Of every verb that changes something at the service (S-329). */
#define WHAT_IF_OPTION FLAG("what-if", "change nothing: have the service try it, and show what would be")
#define OPTIONS_END                                                                                          \
    {                                                                                                        \
        .name = NULL                                                                                         \
    }

struct arguments;

struct verb {
    const char *name;
    const char *summary;  /* one line in lists */
    const char *operands; /* "FILE…" */
    const char *details;  /* a paragraph or two */
    const char *examples; /* lines */
    const struct option_row *options;
    size_t operands_min, operands_max;
    int (*run)(struct arguments *arguments); /* exit status */
    const struct verb *verbs;                /* sub-verbs instead of run; ends with a NULL name */
    const void *data;                        /* for runs shared by several verbs */
};

#define VERBS_END                                                                                            \
    {                                                                                                        \
        .name = NULL                                                                                         \
    }
#define OPERANDS_MANY SIZE_MAX

/* Exit statuses of service-requirements 0.2. */
enum {
    EXIT_DONE = 0,
    EXIT_REFUSED = 1,
    EXIT_USAGE = 2,
    EXIT_SIGN_IN = 3,
    EXIT_MISSING = 4,
    EXIT_CONFLICT = 5,
    EXIT_UNREACHABLE = 6,
    EXIT_SKIPPED = 7
};

bool argument_flag(const struct arguments *arguments, const char *name);
/* The value as given; NULL when not given. */
const char *argument_text(const struct arguments *arguments, const char *name);
const char *const *argument_list(const struct arguments *arguments, const char *name, size_t *count_out);
/* False when not given. The range is checked already. */
bool argument_number(const struct arguments *arguments, const char *name, long *number_out);
const struct verb *argument_verb(const struct arguments *arguments);
const char *const *argument_operands(const struct arguments *arguments, size_t *count_out);

/* How many of the named options are given; names ends with NULL. */
size_t argument_count_of(const struct arguments *arguments, const char *const *names);

/* Says what is wrong with the command line and how to get help; returns EXIT_USAGE. */
int usage_error(const struct arguments *arguments, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The whole command: finds the verb, parses, runs. verbs ends with a NULL name. */
int cli_main(const struct verb *verbs, int argc, char **argv);

/* The table of every verb, for `rms completion`. */
const struct verb *cli_verbs(const struct arguments *arguments);

/* Help for a verb, or with verb NULL for the command; path as typed ("rms admin user"). */
void help_print(FILE *out, const struct verb *verbs, const struct verb *verb, const char *path);

extern const struct option_row global_options[];

/* The verbs, one file each; the table is in main.c. */
extern const struct verb verb_login, verb_logout, verb_whoami, verb_auth, verb_bootstrap, verb_reset,
    verb_template, verb_license, verb_label, verb_perms, verb_protect, verb_unprotect, verb_status, verb_open,
    verb_view, verb_cat, verb_share, verb_track, verb_revoke, verb_doctor, verb_cache, verb_completion,
    verb_admin;

#endif
