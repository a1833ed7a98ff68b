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
#define GAP         2
#define SCREEN      80
#define SCREEN_MAX  1000
#define BAR_MIN     6
#define BAR_MAX     40
#define EIGHTHS     8

/* The bytes of the first character, and the columns it takes on a terminal; what is none of the locale takes
 * one. */
static size_t character(const char *text, int *columns_out)
{
    mbstate_t state = {0};
    wchar_t wide = 0;
    size_t n = mbrtowc(&wide, text, MB_CUR_MAX, &state);
    int columns = n == 0 || n > MB_CUR_MAX ? 1 : wcwidth(wide);

    *columns_out = columns >= 0 ? columns : 1;
    return n == 0 || n > MB_CUR_MAX ? 1 : n;
}

static int width_of(const char *text)
{
    int width = 0;
    int columns;

    while (*text != 0) {
        text += character(text, &columns);
        width += columns;
    }
    return width;
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

/* How much of text fits into width columns, in bytes: whole words, or what there is room for of one. */
static size_t piece(const char *text, int width)
{
    size_t at = 0;
    size_t blank = 0;
    int used = 0;
    int columns;

    while (text[at] != 0) {
        size_t n = character(text + at, &columns);

        blank = text[at] == ' ' ? at : blank;
        used += columns;
        if (used > width && at > 0) {
            return blank > 0 ? blank : at;
        }
        at += n;
    }
    return at;
}

/* Columns of the longest word: narrower than this it is torn. */
static int word_width(const char *text)
{
    int most = 0;
    int width = 0;
    int columns;

    while (*text != 0) {
        bool blank = *text == ' ';

        text += character(text, &columns);
        width = blank ? 0 : width + columns;
        most = width > most ? width : most;
    }
    return most;
}

struct table {
    const struct column *columns;
    size_t count;
    int widths[COLUMNS_MAX];
    int words[COLUMNS_MAX]; /* of the longest word each */
    struct rms_buf cells[COLUMNS_MAX];
};

/* The cells of a row; NULL: the titles. */
static void take_row(struct table *table, const json_t *row)
{
    for (size_t c = 0; c < table->count; c++) {
        rms_buf_reset(&table->cells[c]);
        if (row != NULL) {
            append_value(&table->cells[c], json_object_get(row, table->columns[c].member));
        } else {
            rms_buf_append_str(&table->cells[c], _(table->columns[c].title));
        }
    }
}

static void measure(struct table *table, const json_t *row)
{
    take_row(table, row);
    for (size_t c = 0; c < table->count; c++) {
        const char *text = rms_buf_text(&table->cells[c]);
        int width = width_of(text);
        int word = word_width(text);

        table->widths[c] = width > table->widths[c] ? width : table->widths[c];
        table->words[c] = word > table->words[c] ? word : table->words[c];
    }
}

/* A line of what is left of the cells; is anything left? */
static bool print_line_of(const struct table *table, const char **left, bool title, bool bar)
{
    bool more = false;

    for (size_t c = 0; c < table->count; c++) {
        size_t len = piece(left[c], table->widths[c]);
        char text[CELL_MAX];

        (void)snprintf(text, sizeof text, "%.*s", (int)len, left[c]);
        left[c] += len + strspn(left[c] + len, " ");
        more = more || *left[c] != 0;
        printf("%s%s%s", title ? style("bold") : "", text, title ? style("off") : "");
        if (c + 1 < table->count || bar) {
            printf("%*s", table->widths[c] - width_of(text) + GAP, "");
        }
    }
    return more;
}

static void print_row(struct table *table, const json_t *row, const struct chart *chart)
{
    const char *left[COLUMNS_MAX];
    bool bar = row != NULL && chart->member != NULL;
    bool more = true;

    take_row(table, row);
    for (size_t c = 0; c < table->count; c++) {
        left[c] = rms_buf_text(&table->cells[c]);
    }
    while (more) {
        more = print_line_of(table, left, row == NULL, bar);
        if (bar) {
            print_bar(chart, row);
            bar = false;
        }
        putchar('\n');
    }
}

/* Takes from the widest column until the table fits; false: not without tearing words. */
static bool fit(struct table *table, int room)
{
    int total = 0;

    for (size_t c = 0; c < table->count; c++) {
        total += table->widths[c] + (c > 0 ? GAP : 0);
    }
    for (; total > room; total--) {
        size_t widest = table->count;

        for (size_t c = 0; c < table->count; c++) {
            bool can = table->widths[c] > table->words[c];

            if (can && (widest == table->count || table->widths[c] > table->widths[widest])) {
                widest = c;
            }
        }
        if (widest == table->count) {
            return false;
        }
        table->widths[widest]--;
    }
    return true;
}

/* A value a line, where a row has no place on one. */
static void print_record(struct table *table, const json_t *row)
{
    int width = 0;

    take_row(table, row);
    for (size_t c = 0; c < table->count; c++) {
        int title = width_of(_(table->columns[c].title));

        width = title > width ? title : width;
    }
    for (size_t c = 0; c < table->count; c++) {
        const char *title = _(table->columns[c].title);

        printf("%s%s%s%*s%s\n", style("bold"), title, style("off"), width - width_of(title) + GAP, "",
            rms_buf_text(&table->cells[c]));
    }
}

/* Only people's screens have a width: what programs read is a line a row. */
static int room_for_rows(void)
{
    return isatty(STDOUT_FILENO) || getenv("COLUMNS") != NULL ? screen_width() : INT_MAX;
}

static void print_table(struct table *table, const json_t *rows, const struct chart *chart)
{
    bool records = !fit(table, room_for_rows());
    size_t i;
    const json_t *row;

    if (!records) {
        print_row(table, NULL, chart);
    }
    json_array_foreach((json_t *)rows, i, row)
    {
        if (!records) {
            print_row(table, row, chart);
            continue;
        }
        fputs(i > 0 ? "\n" : "", stdout);
        print_record(table, row);
    }
}

void output_chart(const json_t *rows, const struct column *columns, const char *member)
{
    struct chart chart = {.member = member};
    struct table table = {.columns = columns};
    size_t i;
    const json_t *row;

    while (columns[table.count].title != NULL && table.count < COLUMNS_MAX) {
        rms_buf_init(&table.cells[table.count++], CELL_MAX - 1);
    }
    measure(&table, NULL);
    json_array_foreach((json_t *)rows, i, row)
    {
        measure(&table, row);
    }
    if (member != NULL) {
        prepare_chart(&chart, rows, columns, table.widths);
    }
    print_table(&table, rows, &chart);
    for (size_t c = 0; c < table.count; c++) {
        rms_buf_fini(&table.cells[c]);
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
