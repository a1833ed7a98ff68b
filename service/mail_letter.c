#include "service/mail_letter.h"

#include <string.h>
#include <unictype.h>
#include <unistr.h>

#include "service/page.h"

#define CLEAN_MAX 200
#define LINE_MAX  2048 /* of what a person wrote */

/* --- words ---------------------------------------------------------------------------------------------- */

/* Another language is another such column. */
static const char *const english[RMS_PHRASES] = {
    [RMS_SAY_OPENED_SUBJECT] = "{1} opened {2}",
    [RMS_SAY_REFUSED_SUBJECT] = "{1} was refused {2}",
    [RMS_SAY_DOCUMENT_SUBJECT] = "{1}: opened {2} times, refused {3} times",
    [RMS_SAY_DOCUMENTS_SUBJECT] = "Activity on {1} of your documents",
    [RMS_SAY_DAILY_SUBJECT] = "Your documents today: opened {1} times, refused {2} times",
    [RMS_SAY_WEEKLY_SUBJECT] = "Your documents this week: opened {1} times, refused {2} times",
    [RMS_SAY_DOCUMENT] = "Content id {1}, protected {2}.",
    [RMS_SAY_COUNTS] = "Since the last message: opened {1} times, refused {2} times.",
    [RMS_SAY_EARLIER] = "Only the newest {1} are listed.",
    [RMS_SAY_MORE_DOCUMENTS] = "There is news of more documents than are listed here.",
    [RMS_SAY_OPENED] = "opened",
    [RMS_SAY_REFUSED] = "refused",
    [RMS_SAY_UNNAMED] = "a document without a name",
    [RMS_SAY_UNKNOWN] = "unknown",
    [RMS_SAY_OFFLINE] = "Opening again within a licence that is kept for offline use does not show here.",
    [RMS_SAY_TRACK] = "Everything that happened to a document, and how to take it back:",
    [RMS_SAY_STOP] = "You get this because you asked for it when you protected the document. To stop it:",
    [RMS_SAY_TIME] = "Time",
    [RMS_SAY_WHO] = "Who",
    [RMS_SAY_WHAT] = "What",
    [RMS_SAY_FROM] = "From",
    [RMS_SAY_WITH] = "Application",
    [RMS_SAY_WHY] = "Why",
    [RMS_SAY_PASSCODE_SUBJECT] = "Your code to sign in at {1}",
    [RMS_SAY_PASSCODE] = "Somebody, probably you, wants to sign in with this address. The code is:",
    [RMS_SAY_REFERENCE] = "Reference {1}: the page where you type the code must show the same.",
    [RMS_SAY_PASSCODE_END] =
        "It is good for {1} minutes and once. Nobody of {2} will ever ask you for it. If you did not ask for "
        "it, do nothing.",
    [RMS_SAY_SIGNUP_SUBJECT] = "Your account at {1}",
    [RMS_SAY_SIGNUP] = "Somebody, probably you, wants an account with this address, to open documents that "
                       "{1} protects. To go "
                       "on, open this address:",
    [RMS_SAY_SIGNUP_END] = "It is good for {1} hours and once. If you did not ask for it, do nothing.",
    [RMS_SAY_RECOVERY_SUBJECT] = "{1} may open documents of yours",
    [RMS_SAY_RECOVERY_ALL] =
        "Two administrators decided that {1} may open every document of yours until {2} (UTC).",
    [RMS_SAY_RECOVERY_ONE] =
        "Two administrators decided that {1} may open your document with the content id {3} until {2} (UTC).",
    [RMS_SAY_RECOVERY_WHY] = "{1} asked for it, {2} approved it. Reason given: {3}",
    [RMS_SAY_BREACH_SUBJECT] = "A breach of the keys of {1} was reported: {2}",
    [RMS_SAY_BREACH_NEW_KEY] = "A new key protects from now on: {1}. This is to be done:",
    [RMS_SAY_BREACH_SAME_KEY] = "The key {1} goes on protecting. This is to be done:",
    [RMS_SAY_BREACH_STEP] = "{1}",
    [RMS_SAY_SUPER_SUBJECT] = "The super users of {1} were changed",
    [RMS_SAY_SUPER] = "{1} changed who is a super user of {2} on {3} (UTC):",
    [RMS_SAY_REGISTERED_SUBJECT] = "{1} is tracked now",
    [RMS_SAY_REGISTERED] = "{1} was registered for tracking. Content id {2}, protected {3}.",
    [RMS_SAY_REVOKED_SUBJECT] = "{1} was revoked",
    [RMS_SAY_REVOKED] =
        "{1} revoked the document {2} (content id {3}) on {4}: it cannot be opened any more. This "
        "was written to its readers:",
    [RMS_SAY_FOOT] = "Sent by the rights management service of {1}. Answers to this message are not read.",
};

/* What people are told of their documents; the rest is English. */
static const char *const german[RMS_PHRASES] = {
    [RMS_SAY_OPENED_SUBJECT] = "{1} hat {2} geöffnet",
    [RMS_SAY_REFUSED_SUBJECT] = "{1} wurde {2} verweigert",
    [RMS_SAY_DOCUMENT_SUBJECT] = "{1}: {2}-mal geöffnet, {3}-mal verweigert",
    [RMS_SAY_DOCUMENTS_SUBJECT] = "Neues zu {1} Ihrer Dokumente",
    [RMS_SAY_DAILY_SUBJECT] = "Ihre Dokumente heute: {1}-mal geöffnet, {2}-mal verweigert",
    [RMS_SAY_WEEKLY_SUBJECT] = "Ihre Dokumente diese Woche: {1}-mal geöffnet, {2}-mal verweigert",
    [RMS_SAY_DOCUMENT] = "Inhaltskennung {1}, geschützt am {2}.",
    [RMS_SAY_COUNTS] = "Seit der letzten Nachricht: {1}-mal geöffnet, {2}-mal verweigert.",
    [RMS_SAY_EARLIER] = "Nur die neuesten {1} sind aufgeführt.",
    [RMS_SAY_MORE_DOCUMENTS] = "Es gibt Neues zu mehr Dokumenten, als hier stehen.",
    [RMS_SAY_OPENED] = "geöffnet",
    [RMS_SAY_REFUSED] = "verweigert",
    [RMS_SAY_UNNAMED] = "ein Dokument ohne Namen",
    [RMS_SAY_UNKNOWN] = "unbekannt",
    [RMS_SAY_OFFLINE] = "Erneutes Öffnen mit einer Lizenz, die ohne Verbindung gilt, erscheint hier nicht.",
    [RMS_SAY_TRACK] = "Alles, was mit einem Dokument geschah, und wie es zurückgenommen wird:",
    [RMS_SAY_STOP] = "Sie bekommen dies, weil Sie darum gebeten haben. So endet es:",
    [RMS_SAY_TIME] = "Zeit",
    [RMS_SAY_WHO] = "Wer",
    [RMS_SAY_WHAT] = "Was",
    [RMS_SAY_FROM] = "Von wo",
    [RMS_SAY_WITH] = "Anwendung",
    [RMS_SAY_WHY] = "Warum",
    [RMS_SAY_REGISTERED_SUBJECT] = "{1} wird nun verfolgt",
    [RMS_SAY_REGISTERED] = "{1} wurde zur Verfolgung angemeldet. Inhaltskennung {2}, geschützt am {3}.",
    [RMS_SAY_FOOT] = "Gesendet vom Rechtedienst von {1}. Antworten auf diese Nachricht liest niemand.",
};

static const struct {
    const char *language;
    const char *const *words;
} languages[] = {{"en", english}, {"de", german}};

const char *rms_phrase(const struct rms_letter *letter, enum rms_phrase phrase)
{
    return letter->words[phrase] != NULL ? letter->words[phrase] : english[phrase];
}

/* Zl, Zp, Cc and Cf: what breaks lines, hides or turns around. */
static bool is_plain(ucs4_t c)
{
    const uint32_t refused = UC_CATEGORY_MASK_Cc | UC_CATEGORY_MASK_Cf | UC_CATEGORY_MASK_Zl |
                             UC_CATEGORY_MASK_Zp | UC_CATEGORY_MASK_Cs;

    return !uc_is_general_category_withtable(c, refused);
}

static const char *clean(struct rms_arena *arena, struct rms_view rest, size_t max)
{
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(2 * max);

    while (rest.len > 0 && out.len < max) {
        ucs4_t c;
        int used = u8_mbtoucr(&c, rest.data, rest.len);

        if (used > 0 && is_plain(c)) {
            rms_buf_append(&out, rest.data, (size_t)used);
        } else {
            rms_buf_append_byte(&out, ' ');
        }
        used = used > 0 ? used : 1;
        rest = rms_view_of(rest.data + used, rest.len - (size_t)used);
    }
    if (rest.len > 0) {
        rms_buf_append_str(&out, "…");
    }
    return rms_buf_status(&out) == 0 ? rms_arena_text(arena, rms_buf_view(&out)) : NULL;
}

const char *rms_letter_clean(struct rms_arena *arena, const char *text)
{
    return clean(arena, rms_view_str(text != NULL ? text : ""), CLEAN_MAX);
}

typedef void append_value(struct rms_buf *out, const char *text);

/* "{1}" to "{4}" of the phrase. */
static void fill(struct rms_buf *out, struct rms_arena *arena, const char *phrase, const char *const *values,
    append_value *append)
{
    for (const char *at = phrase; *at != '\0'; at++) {
        if (at[0] == '{' && at[1] >= '1' && at[1] <= '4' && at[2] == '}') {
            const char *value = rms_letter_clean(arena, values[at[1] - '1']);

            append(out, value != NULL ? value : "");
            at += 2;
        } else {
            rms_buf_append_byte(out, (uint8_t)*at);
        }
    }
}

/* --- building ------------------------------------------------------------------------------------------- */

static const char head[] = "<!DOCTYPE html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\"></head>\n"
                           "<body style=\"font-family:sans-serif;max-width:44em\">\n";

void rms_letter_language(struct rms_letter *letter, const char *language)
{
    for (size_t i = 0; i < sizeof languages / sizeof languages[0]; i++) {
        if (strcmp(languages[i].language, language) == 0) {
            letter->words = languages[i].words;
            rms_buf_fini(&letter->html);
            letter->html = RMS_BUF_INIT(RMS_LETTER_MAX);
            rms_buf_printf(&letter->html, head, languages[i].language);
        }
    }
}

void rms_letter_init(struct rms_letter *letter, struct rms_arena *arena)
{
    *letter = (struct rms_letter){
        .arena = arena, .text = RMS_BUF_INIT(RMS_LETTER_MAX), .html = RMS_BUF_INIT(RMS_LETTER_MAX)};
    rms_letter_language(letter, "en");
}

void rms_letter_fini(struct rms_letter *letter)
{
    rms_buf_fini(&letter->text);
    rms_buf_fini(&letter->html);
}

void rms_letter_subject(struct rms_letter *letter, enum rms_phrase phrase, const char *const *values)
{
    RMS_BUF_CLEANUP struct rms_buf out = RMS_BUF_INIT(8 * CLEAN_MAX);

    fill(&out, letter->arena, rms_phrase(letter, phrase), values, rms_buf_append_str);
    if (rms_buf_status(&out) == 0) {
        letter->subject = rms_arena_text(letter->arena, rms_buf_view(&out));
    }
}

/* The same between marks in both forms. */
struct frame {
    const char *text_before, *text_after, *html_before, *html_after;
};

static void put(
    struct rms_letter *letter, const struct frame *frame, const char *phrase, const char *const *values)
{
    rms_buf_append_str(&letter->text, frame->text_before);
    fill(&letter->text, letter->arena, phrase, values, rms_buf_append_str);
    rms_buf_append_str(&letter->text, frame->text_after);
    rms_buf_append_str(&letter->html, frame->html_before);
    fill(&letter->html, letter->arena, phrase, values, rms_page_escape);
    rms_buf_append_str(&letter->html, frame->html_after);
}

void rms_letter_heading(struct rms_letter *letter, const char *text)
{
    static const struct frame frame = {"", "\n\n", "<h2 style=\"font-size:1.1em\">", "</h2>\n"};

    put(letter, &frame, "{1}", RMS_VALUES_OF(text));
}

void rms_letter_paragraph(struct rms_letter *letter, enum rms_phrase phrase, const char *const *values)
{
    static const struct frame frame = {"", "\n\n", "<p>", "</p>\n"};

    put(letter, &frame, rms_phrase(letter, phrase), values);
}

void rms_letter_text(struct rms_letter *letter, const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        const char *line = clean(letter->arena, rms_view_of(text, len), LINE_MAX);

        line = line != NULL ? line : "";
        rms_buf_printf(&letter->text, "    %s\n", line);
        rms_buf_append_str(&letter->html, "<p style=\"margin:0 0 0 2em\">");
        rms_page_escape(&letter->html, line);
        rms_buf_append_str(&letter->html, "</p>\n");
        text += len + (text[len] == '\n');
    }
    rms_buf_append_byte(&letter->text, '\n');
}

void rms_letter_code(struct rms_letter *letter, const char *text)
{
    static const struct frame frame = {"    ", "\n\n", "<p style=\"font-family:monospace\">", "</p>\n"};

    put(letter, &frame, "{1}", RMS_VALUES_OF(text));
}

void rms_letter_link(struct rms_letter *letter, const char *url)
{
    url = url != NULL ? url : "";
    rms_buf_printf(&letter->text, "    %s\n\n", url);
    rms_buf_append_str(&letter->html, "<p><a href=\"");
    rms_page_escape(&letter->html, url);
    rms_buf_append_str(&letter->html, "\">");
    rms_page_escape(&letter->html, url);
    rms_buf_append_str(&letter->html, "</a></p>\n");
}

static void html_cell(struct rms_letter *letter, const char *tag, const char *text)
{
    rms_buf_printf(&letter->html, "<%s style=\"text-align:left;padding:.2em .8em .2em 0\">", tag);
    rms_page_escape(&letter->html, text);
    rms_buf_printf(&letter->html, "</%s>", tag);
}

void rms_letter_table(struct rms_letter *letter, const enum rms_phrase *heads, size_t columns)
{
    rms_buf_append_str(&letter->html, "<table style=\"border-collapse:collapse\">\n<tr>");
    for (size_t i = 0; i < columns; i++) {
        html_cell(letter, "th", rms_phrase(letter, heads[i]));
    }
    rms_buf_append_str(&letter->html, "</tr>\n");
}

void rms_letter_row(struct rms_letter *letter, const char *const *cells, size_t columns)
{
    rms_buf_append_str(&letter->html, "<tr>");
    for (size_t i = 0; i < columns; i++) {
        const char *cell = rms_letter_clean(letter->arena, cells[i]);

        cell = cell != NULL ? cell : "";
        html_cell(letter, "td", cell);
        rms_buf_append_str(&letter->text, i == 0 || cell[0] == '\0' ? "" : "  ");
        rms_buf_append_str(&letter->text, cell);
    }
    rms_buf_append_str(&letter->html, "</tr>\n");
    rms_buf_append_byte(&letter->text, '\n');
}

void rms_letter_table_end(struct rms_letter *letter)
{
    rms_buf_append_str(&letter->html, "</table>\n");
    rms_buf_append_byte(&letter->text, '\n');
}

int rms_letter_finish(struct rms_letter *letter)
{
    rms_buf_append_str(&letter->html, "</body></html>\n");
    RMS_TRY(rms_buf_status(&letter->text));
    RMS_TRY(rms_buf_status(&letter->html));
    return letter->subject != NULL ? 0 : RMS_E_NO_MEMORY;
}
