#include "cmd/rms/output.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <unistr.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "base/time.h"

#define LINE_MAX_BYTES (1u << 20)
#define BAR_PERIOD_MS  100

/* How this process prints; set once before the verb runs. */
static struct {
    bool json;
    bool quiet;
    bool color;
    bool progress;
    bool bar_open;
    long long shown_ms;
} state;

void output_configure(const struct arguments *arguments)
{
    const char *color = argument_text(arguments, "color");
    bool wanted = color != NULL && strcmp(color, "always") == 0;
    const char *refused = getenv("NO_COLOR");

    if (color == NULL || strcmp(color, "auto") == 0) {
        wanted = isatty(STDOUT_FILENO) && (refused == NULL || refused[0] == 0);
    }
    state.json = argument_flag(arguments, "json");
    state.quiet = argument_flag(arguments, "quiet");
    state.color = wanted && !state.json;
    state.progress = isatty(STDERR_FILENO) && !state.quiet;
}

bool output_json(void)
{
    return state.json;
}

bool output_quiet(void)
{
    return state.quiet;
}

/* --- text ------------------------------------------------------------------------------------------------
 */

static bool is_control(ucs4_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

/* Copies what is UTF-8; bad bytes, and with no_controls control characters, become the replacement. */
static void replace_bad(struct rms_buf *out, const char *text, const char *replacement, bool no_controls)
{
    const uint8_t *p = (const uint8_t *)text;
    size_t left = strlen(text);

    while (left > 0) {
        ucs4_t c = 0;
        int used = u8_mbtoucr(&c, p, left);

        if (used <= 0 || (no_controls && is_control(c))) {
            rms_buf_append_str(out, replacement);
            used = used > 0 ? used : 1;
        } else {
            rms_buf_append(out, p, (size_t)used);
        }
        p += used;
        left -= (size_t)used;
    }
}

void safe_text(struct rms_buf *out, const char *text)
{
    if (rms_text_printable(rms_view_str(text))) {
        rms_buf_append_str(out, text);
    } else {
        replace_bad(out, text, "?", true);
    }
}

static void print_safe(FILE *out, const char *text)
{
    struct rms_buf RMS_BUF_CLEANUP safe = RMS_BUF_INIT(LINE_MAX_BYTES);

    safe_text(&safe, text);
    fputs(rms_buf_text(&safe), out);
}

void print_line(FILE *out, const char *text)
{
    print_safe(out, text);
    putc('\n', out);
}

void print_lines(FILE *out, char *text)
{
    for (char *line = text; *line != 0;) {
        size_t len = strcspn(line, "\n");
        bool last = line[len] == 0;

        line[len] = 0;
        for (char *tab = strchr(line, '\t'); tab != NULL; tab = strchr(tab, '\t')) {
            *tab = ' ';
        }
        if (len > 0 && line[len - 1] == '\r') {
            line[len - 1] = 0;
        }
        print_line(out, line);
        line += len + !last;
    }
}

/* --- JSON ------------------------------------------------------------------------------------------------
 */

json_t *text_json(const char *text)
{
    struct rms_buf RMS_BUF_CLEANUP whole = RMS_BUF_INIT(LINE_MAX_BYTES);
    json_t *value = text != NULL ? json_string(text) : json_null();

    if (value != NULL) {
        return value;
    }
    replace_bad(&whole, text, "\xef\xbf\xbd", false);
    value = json_string(rms_buf_text(&whole));
    return value != NULL ? value : json_null();
}

json_t *time_json(int64_t time)
{
    char text[RMS_TIME_TEXT];

    if (time == RMS_NEVER) {
        return json_null();
    }
    rms_time_iso(time, text);
    return json_string(text);
}

void output_object(json_t *object)
{
    (void)json_dumpf(object, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(object);
}

/* --- messages --------------------------------------------------------------------------------------------
 */

static void append_subject(struct rms_buf *line, const char *subject)
{
    rms_buf_append_str(line, "rms: ");
    if (subject != NULL) {
        safe_text(line, subject);
        rms_buf_append_str(line, ": ");
    }
}

static void print_message(const struct rms_buf *line)
{
    progress_end();
    if (isatty(STDOUT_FILENO)) {
        fflush(stdout); /* both streams share the screen: keep their order */
    }
    fputs(rms_buf_text(line), stderr);
}

static void append_more(struct rms_buf *line, const char *name, const char *text)
{
    if (text != NULL && text[0] != 0) {
        rms_buf_printf(line, "     %s: ", name);
        safe_text(line, text);
        rms_buf_append_byte(line, '\n');
    }
}

/* What happened: the library's sentence where it says more than the table's. "FILE: " in front of it is the
 * subject again. */
static void append_what(struct rms_buf *line, const char *subject, const struct failure *failure)
{
    const char *text = _(rms_error_info(failure->code)->text);
    const char *detail = failure->detail != NULL ? failure->detail : "";
    size_t len = subject != NULL ? strlen(subject) : 0;

    if (len > 0 && strncmp(detail, subject, len) == 0 && strncmp(detail + len, ": ", 2) == 0) {
        detail += len + 2;
    } else if (len > 0 && strcmp(detail, subject) == 0) {
        detail = "";
    }
    if (strncmp(detail, text, strlen(text)) != 0) {
        rms_buf_append_str(line, text);
        rms_buf_append_str(line, detail[0] != 0 ? ": " : "");
    }
    safe_text(line, detail);
}

static const char *without_mailto(const char *referrer)
{
    return referrer != NULL && strncmp(referrer, "mailto:", 7) == 0 ? referrer + 7 : referrer;
}

/* The correlation id finds the service's rows of this failure (S-193). */
static void log_failure(const char *subject, const struct failure *failure)
{
    rms_log(RMS_LOG_ERROR, "rms.failed", "subject", subject, "reason", rms_error_info(failure->code)->reason,
        "detail", failure->detail, "correlation", failure->correlation, NULL);
}

void output_failure(const char *subject, const struct failure *failure)
{
    const struct rms_error_info *info = rms_error_info(failure->code);
    struct rms_buf RMS_BUF_CLEANUP line = RMS_BUF_INIT(LINE_MAX_BYTES);

    append_subject(&line, subject);
    append_what(&line, subject, failure);
    rms_buf_printf(&line, " (%s); %s\n", info->reason, _(info->next));
    append_more(&line, _("to ask for access"), without_mailto(failure->referrer));
    append_more(&line, _("correlation id"), failure->correlation);
    print_message(&line);
    log_failure(subject, failure);
}

void output_skipped(const char *subject, const struct failure *failure)
{
    struct rms_buf RMS_BUF_CLEANUP line = RMS_BUF_INIT(LINE_MAX_BYTES);

    append_subject(&line, subject);
    rms_buf_append_str(&line, _("skipped: "));
    append_what(&line, subject, failure);
    rms_buf_printf(&line, " (%s)\n", rms_error_info(failure->code)->reason);
    print_message(&line);
}

int output_error(const struct rms_context *context, const char *subject, int code)
{
    struct failure failure = {.code = code};

    if (context != NULL) {
        failure.detail = rms_last_detail(context);
        failure.referrer = rms_last_referrer(context);
        failure.correlation = rms_last_correlation_id(context);
    }
    output_failure(subject, &failure);
    return rms_error_info(code)->exit_status;
}

void output_note(const char *subject, const char *text)
{
    struct rms_buf RMS_BUF_CLEANUP line = RMS_BUF_INIT(LINE_MAX_BYTES);

    append_subject(&line, subject);
    safe_text(&line, text);
    rms_buf_append_byte(&line, '\n');
    print_message(&line);
}

bool ask_yes(const char *question)
{
    char answer[16] = "";

    if (!isatty(STDIN_FILENO)) {
        return false;
    }
    fprintf(stderr, "%s [y/N] ", question);
    return fgets(answer, sizeof answer, stdin) != NULL && (answer[0] == 'y' || answer[0] == 'Y');
}

/* --- progress --------------------------------------------------------------------------------------------
 */

const char *style(const char *name)
{
    static const struct {
        const char *name, *code;
    } styles[] = {{"bold", "\033[1m"}, {"dim", "\033[2m"}, {"good", "\033[32m"}, {"bad", "\033[31m"},
        {"off", "\033[0m"}};

    for (size_t i = 0; state.color && i < sizeof styles / sizeof styles[0]; i++) {
        if (strcmp(styles[i].name, name) == 0) {
            return styles[i].code;
        }
    }
    return "";
}

void progress_show(const char *what, unsigned long long done, unsigned long long total)
{
    enum { CELLS = 30 };
    double share = total > 0 ? (double)done / (double)total : 0;
    long long now;

    if (!state.progress) {
        return;
    }
    now = rms_clock_monotonic_ms();
    if (now - state.shown_ms < BAR_PERIOD_MS) {
        return;
    }
    state.shown_ms = now;
    state.bar_open = true;
    fprintf(stderr, "\r\033[K%.40s [", what);
    for (int i = 0; i < CELLS; i++) {
        fputc(i < (int)(share * CELLS) ? '#' : '.', stderr);
    }
    fprintf(stderr, "] %3d %%", (int)(share * 100));
}

void progress_end(void)
{
    if (state.bar_open) {
        fputs("\r\033[K", stderr);
        state.bar_open = false;
    }
}
