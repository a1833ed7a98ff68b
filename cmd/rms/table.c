/* Tables and member lists (output.h). */
#include "cmd/rms/output.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "base/json.h"

#define COLUMNS_MAX 16
#define CELL_MAX    4096
#define NAME_WIDTH  28
#define INDENT      2
#define WIDE_MAX    512
#define GAP         2
#define SCREEN      80
#define SCREEN_MAX  1000
#define BAR_MIN     6
#define BAR_MAX     40
#define EIGHTHS     8

/* Columns a text takes on a terminal. */
static int width_of(const char *text)
{
    wchar_t wide[WIDE_MAX];
    size_t n = mbstowcs(wide, text, WIDE_MAX - 1);
    int width;

    if (n == (size_t)-1) {
        return (int)strlen(text);
    }
    wide[n] = 0;
    width = wcswidth(wide, n);
    return width >= 0 ? width : (int)n;
}

/* A value for people: texts as they are, lists with commas, the rest as JSON. */
static void append_value(struct rms_buf *out, const json_t *value)
{
    size_t i;
    const json_t *entry;

    if (json_is_string(value)) {
        safe_text(out, json_string_value(value));
    } else if (json_is_boolean(value)) {
        rms_buf_append_str(out, json_is_true(value) ? _("yes") : _("no"));
    } else if (json_is_array(value)) {
        json_array_foreach((json_t *)value, i, entry)
        {
            rms_buf_append_str(out, i > 0 ? ", " : "");
            append_value(out, entry);
        }
    } else if (value != NULL && !json_is_null(value)) {
        struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(CELL_MAX);

        if (rms_json_emit(value, &text) == 0) {
            safe_text(out, rms_buf_text(&text));
        }
    }
}

/* An object of a list, on one line: "Id x, Name y". */
static void append_row(struct rms_buf *out, const json_t *object)
{
    const char *name;
    json_t *value;
    bool first = true;

    json_object_foreach((json_t *)object, name, value)
    {
        if (!json_is_null(value)) {
            rms_buf_printf(out, "%s%s ", first ? "" : "; ", name);
            append_value(out, value);
            first = false;
        }
    }
}

/* --- bars ------------------------------------------------------------------------------------------------
 */

struct chart {
    const char *member; /* NULL: no bars */
    int width;          /* of the longest */
    json_int_t most;
};

static int screen_width(void)
{
    const char *columns = getenv("COLUMNS");
    struct winsize size;
    long width = columns != NULL ? strtol(columns, NULL, 10) : 0;

    if (width <= 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
        width = size.ws_col;
    }
    return width > 0 && width <= SCREEN_MAX ? (int)width : SCREEN;
}

static void prepare_chart(
    struct chart *chart, const json_t *rows, const struct column *columns, const int *widths)
{
    const json_t *row;
    size_t i;

    chart->width = screen_width() - 1;
    for (size_t c = 0; columns[c].title != NULL; c++) {
        chart->width -= widths[c] + GAP;
    }
    chart->width = chart->width > BAR_MAX ? BAR_MAX : chart->width;
    json_array_foreach((json_t *)rows, i, row)
    {
        json_int_t value = json_integer_value(json_object_get(row, chart->member));

        chart->most = value > chart->most ? value : chart->most;
    }
    if (chart->width < BAR_MIN || chart->most == 0) {
        chart->member = NULL;
    }
}

/* In eighths of a column where the terminal can show them. Anything but nothing shows. */
static void print_bar(const struct chart *chart, const json_t *row)
{
    static const char *const parts[EIGHTHS] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    double share = (double)json_integer_value(json_object_get(row, chart->member)) / (double)chart->most;
    int eighths = (int)(share * chart->width * EIGHTHS + 0.5);
    bool plain = MB_CUR_MAX == 1;

    eighths = share > 0 && eighths == 0 ? 1 : eighths;
    for (int i = 0; i < eighths / EIGHTHS; i++) {
        fputs(plain ? "#" : "█", stdout);
    }
    fputs(plain ? (eighths < EIGHTHS && eighths > 0 ? "#" : "") : parts[eighths % EIGHTHS], stdout);
}

/* --- tables ----------------------------------------------------------------------------------------------
 */

static void print_row(
    const json_t *row, const struct column *columns, const int *widths, const struct chart *chart)
{
    struct rms_buf RMS_BUF_CLEANUP cell = RMS_BUF_INIT(CELL_MAX);

    for (size_t c = 0; columns[c].title != NULL; c++) {
        rms_buf_reset(&cell);
        if (row != NULL) {
            append_value(&cell, json_object_get(row, columns[c].member));
        } else {
            rms_buf_append_str(&cell, _(columns[c].title));
        }
        fputs(row == NULL ? style("bold") : "", stdout);
        fputs(rms_buf_text(&cell), stdout);
        fputs(row == NULL ? style("off") : "", stdout);
        if (columns[c + 1].title != NULL || (row != NULL && chart->member != NULL)) {
            printf("%*s", widths[c] - width_of(rms_buf_text(&cell)) + GAP, "");
        }
    }
    if (row != NULL && chart->member != NULL) {
        print_bar(chart, row);
    }
    putchar('\n');
}

static void measure(const json_t *row, const struct column *columns, int *widths)
{
    struct rms_buf RMS_BUF_CLEANUP cell = RMS_BUF_INIT(CELL_MAX);

    for (size_t c = 0; columns[c].title != NULL; c++) {
        int width;

        rms_buf_reset(&cell);
        append_value(&cell, json_object_get(row, columns[c].member));
        width = width_of(rms_buf_text(&cell));
        widths[c] = width > widths[c] ? width : widths[c];
    }
}

void output_chart(const json_t *rows, const struct column *columns, const char *member)
{
    struct chart chart = {.member = member};
    int widths[COLUMNS_MAX] = {0};
    size_t i;
    const json_t *row;

    for (size_t c = 0; columns[c].title != NULL && c < COLUMNS_MAX; c++) {
        widths[c] = width_of(_(columns[c].title));
    }
    json_array_foreach((json_t *)rows, i, row)
    {
        measure(row, columns, widths);
    }
    if (member != NULL) {
        prepare_chart(&chart, rows, columns, widths);
    }
    print_row(NULL, columns, widths, &chart);
    json_array_foreach((json_t *)rows, i, row)
    {
        print_row(row, columns, widths, &chart);
    }
}

void output_table(const json_t *rows, const struct column *columns)
{
    output_chart(rows, columns, NULL);
}

int output_list(json_t *rows, const struct column *columns)
{
    size_t i;
    json_t *row;

    if (output_json()) {
        json_array_foreach(rows, i, row)
        {
            output_object(json_incref(row));
        }
    } else {
        output_table(rows, columns);
    }
    json_decref(rows);
    return EXIT_DONE;
}

static void print_members(const json_t *object, int indent);

/* A value on the line of its name; objects, and lists of them, on lines of their own below it. */
static void print_member(const char *name, const json_t *value, int indent)
{
    bool objects = json_is_array(value) && json_is_object(json_array_get(value, 0));
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(LONG_MAX);
    size_t i;
    const json_t *entry;

    if (!objects && !json_is_object(value)) {
        append_value(&text, value);
        printf("%*s%-*s %s\n", indent, "", NAME_WIDTH - indent, name, rms_buf_text(&text));
        return;
    }
    printf("%*s%s\n", indent, "", name);
    if (!objects) {
        print_members(value, indent + INDENT);
        return;
    }
    json_array_foreach((json_t *)value, i, entry)
    {
        rms_buf_reset(&text);
        append_row(&text, entry);
        printf("%*s- %s\n", indent + INDENT, "", rms_buf_text(&text));
    }
}

static void print_members(const json_t *object, int indent)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)object, name, value)
    {
        print_member(name, value, indent);
    }
}

void output_members(const json_t *object)
{
    print_members(object, 0);
}
