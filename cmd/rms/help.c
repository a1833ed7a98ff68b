/* Help from the same tables that parse, so that it cannot be wrong about options. */
#include <string.h>

#include "cmd/rms/cli.h"

#define TEXT_COLUMN 32
#define LINE_WIDTH  100

/* Breaks help text at blanks and indents what follows the first line. */
static void print_wrapped(FILE *out, const char *text)
{
    size_t room = LINE_WIDTH - TEXT_COLUMN;

    while (strlen(text) > room) {
        size_t cut = room;

        while (cut > 0 && text[cut] != ' ') {
            cut--;
        }
        if (cut == 0) {
            break;
        }
        fprintf(out, "%.*s\n%*s", (int)cut, text, TEXT_COLUMN, "");
        text += cut + 1;
    }
    fprintf(out, "%s\n", text);
}

static const struct option_row *row_named(const struct option_row *rows, const char *name)
{
    for (; rows->name != NULL; rows++) {
        if (strcmp(rows->name, name) == 0) {
            return rows;
        }
    }
    return NULL;
}

static void print_option(FILE *out, const struct option_row *rows, const struct option_row *row)
{
    const struct option_row *shown = row->alias_of != NULL ? row_named(rows, row->alias_of) : row;
    char left[96];
    char letter[8] = "    ";

    if (row->letter != 0) {
        (void)snprintf(letter, sizeof letter, "-%c, ", row->letter);
    }
    (void)snprintf(left, sizeof left, "  %s--%s%s%s", letter, row->name,
        shown != NULL && shown->argument != NULL ? " " : "",
        shown != NULL && shown->argument != NULL ? shown->argument : "");
    if (strlen(left) + 2 <= TEXT_COLUMN) {
        fprintf(out, "%-*s", TEXT_COLUMN, left);
    } else {
        fprintf(out, "%s\n%*s", left, TEXT_COLUMN, "");
    }
    if (row->alias_of != NULL) {
        fprintf(out, _("the same as --%s\n"), row->alias_of);
    } else {
        print_wrapped(out, _(row->help));
    }
}

static void print_options(FILE *out, const char *title, const struct option_row *rows)
{
    if (rows == NULL || rows->name == NULL) {
        return;
    }
    fprintf(out, "\n%s\n", title);
    for (const struct option_row *row = rows; row->name != NULL; row++) {
        print_option(out, rows, row);
    }
}

static void print_exits(FILE *out)
{
    fputs(
        _("\nExit status: 0 done; 1 refused or failed; 2 usage; 3 not signed in, or role missing; 4 no such "
          "object;\n5 conflict or limit; 6 service unreachable; 7 nothing failed, something skipped.\n"),
        out);
}

static void print_group(FILE *out, const struct verb *verbs, const struct verb *verb, const char *path)
{
    fprintf(out, _("Usage: %s VERB [OPTION…] [ARGUMENT…]\n\n"), path);
    if (verb == NULL) {
        fputs(_("Protect documents, open them, and administer the service that decides who may.\n"), out);
    } else {
        fprintf(out, "%s.\n", _(verb->summary));
        if (verb->details != NULL) {
            fprintf(out, "%s\n", _(verb->details));
        }
    }
    fputs(_("\nVerbs:\n"), out);
    for (const struct verb *v = verb != NULL ? verb->verbs : verbs; v->name != NULL; v++) {
        fprintf(out, "  %-14s %s\n", v->name, _(v->summary));
    }
    fprintf(out, _("\n%s VERB --help tells more about one.\n"), path);
    if (verb == NULL) {
        print_options(out, _("Options of every verb:"), global_options);
        print_exits(out);
    }
}

void help_print(FILE *out, const struct verb *verbs, const struct verb *verb, const char *path)
{
    if (verb == NULL || verb->verbs != NULL) {
        print_group(out, verbs, verb, path);
        return;
    }
    fprintf(out, _("Usage: %s [OPTION…]%s%s\n\n%s.\n"), path, verb->operands != NULL ? " " : "",
        verb->operands != NULL ? verb->operands : "", _(verb->summary));
    if (verb->details != NULL) {
        fprintf(out, "%s\n", _(verb->details));
    }
    print_options(out, _("Options:"), verb->options);
    print_options(out, _("Options of every verb:"), global_options);
    if (verb->examples != NULL) {
        fprintf(out, _("\nExamples:\n%s\n"), verb->examples);
    }
    print_exits(out);
}
