/* Names and descriptions of a policy in its languages: records "LCID <n>:NAME <name>:DESCRIPTION <text>;"
 * with a line feed behind each (xrml-licences section 2).
 *
 * The form has no escape. Ours: where a text holds ":DESCRIPTION " or ":NAME " itself, a WORD JOINER (U+2060,
 * invisible) is put behind the colon, one more than stands there already; reading takes one away. */
#include "xrml/texts.h"

#include "xrml/xread.h"

#define JOINER      "\xe2\x81\xa0"
#define JOINER_LEN  ((size_t)3)
#define NAME_WORD   "NAME "
#define TEXT_WORD   "DESCRIPTION "
#define NAME_MARK   ":" NAME_WORD
#define TEXT_MARK   ":" TEXT_WORD
#define LCID_MARK   "LCID "
#define TEXTS_MAX   1000 /* records; a few hundred languages exist */
#define PLAIN_LCID  127  /* invariant: for names that are not in records */
#define MARK_LEN(m) (sizeof(m) - 1)

static bool at(const char *place, const char *end, const char *word, size_t len)
{
    return (size_t)(end - place) >= len && memcmp(place, word, len) == 0;
}

static const char *skip_joiners(const char *place, const char *end)
{
    while (at(place, end, JOINER, JOINER_LEN)) {
        place += JOINER_LEN;
    }
    return place;
}

/* Is the colon at place one that would be read as a mark, joiners not counted? */
static bool is_marked_colon(const char *place, const char *end)
{
    const char *word;

    if (place >= end || *place != ':') {
        return false;
    }
    word = skip_joiners(place + 1, end);
    return at(word, end, TEXT_WORD, MARK_LEN(TEXT_WORD)) || at(word, end, NAME_WORD, MARK_LEN(NAME_WORD));
}

static void append_guarded(struct rms_buf *out, const char *text)
{
    const char *end = text + strlen(text);

    for (; text < end; text++) {
        rms_buf_append_byte(out, (uint8_t)*text);
        if (is_marked_colon(text, end)) {
            rms_buf_append(out, JOINER, JOINER_LEN);
        }
    }
}

static const char *or_empty(const char *text)
{
    return text != NULL ? text : "";
}

static void write_name(struct rms_xwriter *w, const struct rms_policy *policy)
{
    RMS_BUF_CLEANUP struct rms_buf all = RMS_BUF_INIT(RMS_XRML_MAX_BYTES);

    for (size_t i = 0; i < policy->text_count; i++) {
        rms_buf_printf(&all, LCID_MARK "%u" NAME_MARK, policy->texts[i].lcid);
        append_guarded(&all, or_empty(policy->texts[i].name));
        rms_buf_append_str(&all, TEXT_MARK);
        append_guarded(&all, or_empty(policy->texts[i].description));
        rms_buf_append_str(&all, ";\n");
    }
    w->out->failed = w->out->failed || all.failed;
    rms_xw_element(w, "NAME", rms_buf_text(&all));
}

void rms_texts_write(struct rms_xwriter *w, const struct rms_policy *policy)
{
    rms_xw_raw(w, "<DESCRIPTOR><OBJECT><ID type=\"MS-GUID\">");
    rms_xw_guid(w, policy->id);
    rms_xw_close(w, "ID");
    write_name(w, policy);
    rms_xw_raw(w, "</OBJECT></DESCRIPTOR>");
}

static const char *skip_blanks(const char *place, const char *end)
{
    while (place < end && (*place == ' ' || *place == '\n' || *place == '\t' || *place == '\r')) {
        place++;
    }
    return place;
}

/* Behind "LCID <digits>:NAME " at place, with the number; NULL when that is not there. */
static const char *record_head(const char *place, const char *end, unsigned *lcid_out)
{
    unsigned lcid = 0;
    size_t digits = 0;

    if (!at(place, end, LCID_MARK, MARK_LEN(LCID_MARK))) {
        return NULL;
    }
    place += MARK_LEN(LCID_MARK);
    while (place < end && *place >= '0' && *place <= '9' && digits < 9) {
        lcid = lcid * 10 + (unsigned)(*place++ - '0');
        digits++;
    }
    if (digits == 0 || !at(place, end, NAME_MARK, MARK_LEN(NAME_MARK))) {
        return NULL;
    }
    *lcid_out = lcid;
    return place + MARK_LEN(NAME_MARK);
}

/* The ; that ends the record at place: the one before another record, else the last. */
static const char *record_end(const char *place, const char *end)
{
    const char *mark = place;
    const char *last = end;
    unsigned lcid;

    while ((mark = memchr(mark, ';', (size_t)(end - mark))) != NULL) {
        if (record_head(skip_blanks(mark + 1, end), end, &lcid) != NULL) {
            return mark;
        }
        if (skip_blanks(mark + 1, end) == end) {
            last = mark;
        }
        mark++;
    }
    return last;
}

static const char *take_guarded(struct rms_arena *arena, const char *text, size_t len)
{
    const char *end = text + len;
    char *copy = (char *)rms_arena_copy(arena, text, len);
    char *to = copy;

    if (copy == NULL) {
        return NULL;
    }
    while (text < end) {
        bool marked = is_marked_colon(text, end) && at(text + 1, end, JOINER, JOINER_LEN);

        *to++ = *text++;
        text += marked ? JOINER_LEN : 0;
    }
    *to = 0;
    return copy;
}

static int take_record(
    struct rms_arena *arena, const char *place, const char *end, struct rms_policy_text *text)
{
    const char *mark = memmem(place, (size_t)(end - place), TEXT_MARK, MARK_LEN(TEXT_MARK));
    const char *name_end = mark != NULL ? mark : end;
    const char *description = mark != NULL ? mark + MARK_LEN(TEXT_MARK) : end;

    text->name = take_guarded(arena, place, (size_t)(name_end - place));
    text->description = take_guarded(arena, description, (size_t)(end - description));
    return text->name != NULL && text->description != NULL ? 0 : RMS_E_NO_MEMORY;
}

/* Some producers write a bare name. */
static int take_plain(struct rms_arena *arena, const char *name, struct rms_texts *texts_out)
{
    struct rms_policy_text *text;

    if (*name == 0) {
        return 0;
    }
    text = rms_arena_alloc(arena, sizeof *text);
    if (text == NULL) {
        return RMS_E_NO_MEMORY;
    }
    *text = (struct rms_policy_text){PLAIN_LCID, name, ""};
    *texts_out = (struct rms_texts){text, 1};
    return 0;
}

/* An upper bound: every record begins so. */
static size_t most_records(const char *place, const char *end)
{
    size_t count = 0;

    while ((place = memmem(place, (size_t)(end - place), LCID_MARK, MARK_LEN(LCID_MARK))) != NULL) {
        place += MARK_LEN(LCID_MARK);
        count++;
    }
    return count;
}

static int read_name(struct rms_arena *arena, const struct rms_xnode *name, struct rms_texts *texts_out)
{
    const char *end = name->text + name->text_len;
    struct rms_policy_text *texts;
    unsigned lcid;
    size_t most;
    size_t count = 0;
    const char *place = record_head(skip_blanks(name->text, end), end, &lcid);

    if (place == NULL) {
        return take_plain(arena, name->text, texts_out);
    }
    most = most_records(name->text, end);
    if (most > TEXTS_MAX) {
        return RMS_E_BAD_LICENSE;
    }
    texts = rms_arena_array(arena, most, sizeof *texts);
    if (texts == NULL) {
        return RMS_E_NO_MEMORY;
    }
    while (place != NULL) {
        const char *stop = record_end(place, end);

        texts[count].lcid = lcid;
        RMS_TRY(take_record(arena, place, stop, &texts[count++]));
        place = stop < end ? record_head(skip_blanks(stop + 1, end), end, &lcid) : NULL;
    }
    *texts_out = (struct rms_texts){texts, count};
    return 0;
}

int rms_texts_read(struct rms_arena *arena, const struct rms_xnode *body, char id_out[RMS_GUID_TEXT],
    struct rms_texts *texts_out)
{
    const struct rms_xnode *descriptor;
    const struct rms_xnode *name;

    *texts_out = (struct rms_texts){NULL, 0};
    RMS_TRY(rms_xread_single(body, "DESCRIPTOR", &descriptor));
    RMS_TRY(rms_xread_object_guid(descriptor, id_out));
    RMS_TRY(rms_xread_path(descriptor, "OBJECT/NAME", &name));
    return name != NULL ? read_name(arena, name, texts_out) : 0;
}
