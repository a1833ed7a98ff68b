/* rms completion: scripts for shells, made of the tables */
#include <string.h>

#include "cmd/rms/output.h"

/* Calls each for every verb and group, deepest last; path is "" for the command, else "admin user add". */
static void walk_verbs(
    const struct verb *verbs, const char *path, void (*each)(const struct verb *, const char *))
{
    for (const struct verb *verb = verbs; verb->name != NULL; verb++) {
        char below[128];

        (void)snprintf(below, sizeof below, "%s%s%s", path, path[0] != 0 ? " " : "", verb->name);
        each(verb, below);
        if (verb->verbs != NULL) {
            walk_verbs(verb->verbs, below, each);
        }
    }
}

static void print_names(const struct verb *verbs)
{
    for (const struct verb *verb = verbs; verb->name != NULL; verb++) {
        printf("%s%s", verb == verbs ? "" : " ", verb->name);
    }
}

/* "a:--x --y": with_value keeps only options that take a value. */
static void print_rows(const struct option_row *rows, bool with_value)
{
    for (; rows != NULL && rows->name != NULL; rows++) {
        if (!with_value || rows->kind != OPTION_FLAG) {
            printf(" --%s", rows->name);
        }
        if (with_value && rows->kind != OPTION_FLAG && rows->letter != 0) {
            printf(" -%c", rows->letter);
        }
    }
}

static void words_case(const struct verb *verb, const char *path)
{
    printf("    '%s') echo '", path);
    if (verb->verbs != NULL) {
        print_names(verb->verbs);
    } else {
        print_rows(verb->options, false);
        print_rows(global_options, false);
    }
    puts("' ;;");
}

static void values_case(const struct verb *verb, const char *path)
{
    if (verb->verbs == NULL) {
        printf("    '%s') echo '", path);
        print_rows(verb->options, true);
        print_rows(global_options, true);
        puts(" ' ;;");
    }
}

static void choices_case(const struct verb *verb, const char *path)
{
    for (const struct option_row *row = verb->options; row != NULL && row->name != NULL; row++) {
        if (row->kind == OPTION_CHOICE && row->alias_of == NULL) {
            printf("    '%s --%s') echo '", path, row->name);
            for (const char *const *choice = row->choices; *choice != NULL; choice++) {
                printf("%s%s", choice == row->choices ? "" : " ", *choice);
            }
            puts("' ;;");
        }
    }
}

/* The functions both shells use: what may follow a path of verbs, which options take a value, and which
 * values. */
static void print_tables(const struct verb *verbs)
{
    puts("_rms_words() {\n    case \"$1\" in");
    fputs("    '') echo '", stdout);
    print_names(verbs);
    print_rows(global_options, false);
    puts("' ;;");
    walk_verbs(verbs, "", words_case);
    puts("    esac\n}\n\n_rms_valued() {\n    case \"$1\" in");
    walk_verbs(verbs, "", values_case);
    fputs("    *) echo '", stdout);
    print_rows(global_options, true);
    puts(" ' ;;\n    esac\n}\n\n_rms_choices() {\n    case \"$1\" in");
    walk_verbs(verbs, "", choices_case);
    puts("    'completion completion') echo 'bash zsh' ;;\n"
         "    *' --color') echo 'auto always never' ;;\n"
         "    *' --log-level') echo 'off error info debug trace' ;;\n"
         "    esac\n}\n");
}

/* Shared too: finds the verbs typed so far. $@: the words before the one to complete, without "rms". */
static const char find_path[] =
    "_rms_path() {\n"
    "    local typed= word skip=0\n"
    "    for word in \"$@\"; do\n"
    "        if [ \"$skip\" = 1 ]; then skip=0; continue; fi\n"
    "        case \"$word\" in\n"
    "        -*) case \"$(_rms_valued \"$typed\")\" in *\" $word \"*) skip=1 ;; esac ;;\n"
    "        *) case \" $(_rms_words \"$typed\") \" in\n"
    "            *\" $word \"*) typed=\"${typed:+$typed }$word\" ;;\n"
    "            esac ;;\n"
    "        esac\n"
    "    done\n"
    "    echo \"$typed\"\n"
    "}\n";

static const char bash_end[] =
    "_rms() {\n"
    "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} path words\n"
    "    path=$(_rms_path \"${COMP_WORDS[@]:1:COMP_CWORD-1}\")\n"
    "    words=$(_rms_choices \"$path $previous\")\n"
    "    if [ -z \"$words\" ]; then\n"
    "        case \"$(_rms_valued \"$path\")\" in\n"
    "        *\" $previous \"*) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$current\"); "
    "return ;;\n"
    "        esac\n"
    "        words=$(_rms_words \"$path\")\n"
    "    fi\n"
    "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
    "    case \"$words\" in\n"
    "    *--json*) case \"$current\" in -*) ;; *)\n"
    "        if [ -n \"$path\" ]; then compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "
    "\"$current\"); fi ;;\n"
    "        esac ;;\n"
    "    esac\n"
    "}\n"
    "complete -F _rms rms\n";

static const char zsh_end[] =
    "_rms() {\n"
    "    local typed previous=${words[CURRENT-1]} list\n"
    "    typed=$(_rms_path \"${(@)words[2,CURRENT-1]}\")\n"
    "    list=$(_rms_choices \"$typed $previous\")\n"
    "    if [[ -z $list ]]; then\n"
    "        case \"$(_rms_valued \"$typed\")\" in *\" $previous \"*) _files; return ;; esac\n"
    "        list=$(_rms_words \"$typed\")\n"
    "        if [[ -n $typed && $list == *--json* && ${words[CURRENT]} != -* ]]; then _files; return; fi\n"
    "    fi\n"
    "    compadd -- ${=list}\n"
    "}\n"
    "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _rms \"$@\"; else compdef _rms rms; fi\n";

static void print_bash(const struct verb *verbs)
{
    puts("# bash completion for rms; made by: rms completion bash");
    print_tables(verbs);
    puts(find_path);
    fputs(bash_end, stdout);
}

static void print_zsh(const struct verb *verbs)
{
    puts("#compdef rms\n# zsh completion for rms; made by: rms completion zsh");
    print_tables(verbs);
    puts(find_path);
    fputs(zsh_end, stdout);
}

static int run(struct arguments *arguments)
{
    size_t count;
    const char *shell = argument_operands(arguments, &count)[0];

    if (strcmp(shell, "bash") == 0) {
        print_bash(cli_verbs(arguments));
    } else if (strcmp(shell, "zsh") == 0) {
        print_zsh(cli_verbs(arguments));
    } else {
        return usage_error(arguments, _("SHELL is bash or zsh, not \"%s\""), shell);
    }
    return EXIT_DONE;
}

const struct verb verb_completion = {
    .name = "completion",
    .summary = "Print a script that completes rms commands in a shell",
    .operands = "SHELL",
    .details = "SHELL is bash or zsh.",
    .examples = "  source <(rms completion bash)\n  rms completion zsh >~/.zfunc/_rms",
    .operands_min = 1,
    .operands_max = 1,
    .run = run,
};
