#include "label/propset.h"

#include "base/cursor.h"
#include "base/text.h"

#define BYTE_ORDER_MARK 0xfffe
#define SYSTEM_ID       0x00020006 /* Windows, as other writers put it */
#define HEAD_LEN        28u        /* up to the number of sections */
#define PLACE_LEN       20u        /* format and offset of one */
#define SECTIONS_MAX    16u
#define PROPERTIES_MAX  65536u
#define CLASS_LEN       16u

#define ID_DICTIONARY 0u
#define ID_CODE_PAGE  1u
#define ID_FIRST      2u
#define ID_LAST       0x7fffffffu /* above are reserved ones */
#define ID_TITLE      2u
#define ID_AUTHOR     4u
#define ID_PICTURE    17u

#define TYPE_I2     2u
#define TYPE_LPSTR  30u
#define TYPE_LPWSTR 31u

#define PAGE_UTF16   1200u
#define PAGE_UTF8    65001u
#define PAGE_WINDOWS 1252u

static const uint8_t user_format[16] = {
    0x05, 0xd5, 0xcd, 0xd5, 0x9c, 0x2e, 0x1b, 0x10, 0x93, 0x97, 0x08, 0x00, 0x2b, 0x2c, 0xf9, 0xae};
static const uint8_t document_format[16] = {
    0x02, 0xd5, 0xcd, 0xd5, 0x9c, 0x2e, 0x1b, 0x10, 0x93, 0x97, 0x08, 0x00, 0x2b, 0x2c, 0xf9, 0xae};
static const uint8_t summary_format[16] = {
    0xe0, 0x85, 0x9f, 0xf2, 0xf9, 0x4f, 0x68, 0x10, 0xab, 0x91, 0x08, 0x00, 0x2b, 0x27, 0xb3, 0xd9};

struct property {
    uint32_t id;
    uint32_t offset;       /* in its section */
    struct rms_view value; /* type and value, with what fills it up */
    const char *name;      /* NULL: not in the dictionary */
};

struct section {
    struct property *items;
    size_t count;
    unsigned page; /* of its texts */
};

struct set {
    struct rms_view head;
    struct rms_view formats[SECTIONS_MAX], bodies[SECTIONS_MAX];
    size_t count;
};

/* --- reading -------------------------------------------------------------------------------------------- */

static int parse_set(struct rms_view stream, struct set *set)
{
    struct rms_cursor cursor = rms_cursor_of(stream);
    uint32_t count;

    set->head = rms_cursor_at(&cursor, 0, HEAD_LEN);
    if (rms_cursor_u16(&cursor) != BYTE_ORDER_MARK) {
        return RMS_E_DAMAGED;
    }
    (void)rms_cursor_take(&cursor, HEAD_LEN - 6);
    count = rms_cursor_u32(&cursor);
    if (cursor.bad || count > SECTIONS_MAX) {
        return RMS_E_DAMAGED;
    }
    for (set->count = 0; set->count < count; set->count++) {
        struct rms_cursor body;
        uint32_t offset;

        set->formats[set->count] = rms_cursor_take(&cursor, sizeof user_format);
        offset = rms_cursor_u32(&cursor);
        body = rms_cursor_of(rms_cursor_at(&cursor, offset, 8));
        set->bodies[set->count] = rms_cursor_at(&cursor, offset, rms_cursor_u32(&body));
        if (cursor.bad || set->bodies[set->count].len < 8) {
            return RMS_E_DAMAGED;
        }
    }
    return 0;
}

/* Where a value ends that begins at offset: where the next one begins. */
static size_t end_of(const struct section *section, uint32_t offset, size_t len)
{
    size_t end = len;

    for (size_t i = 0; i < section->count; i++) {
        if (section->items[i].offset > offset && section->items[i].offset < end) {
            end = section->items[i].offset;
        }
    }
    return end;
}

static struct property *find(const struct section *section, uint32_t id)
{
    for (size_t i = 0; i < section->count; i++) {
        if (section->items[i].id == id) {
            return &section->items[i];
        }
    }
    return NULL;
}

/* Text of a code page as UTF-8, without the NUL at its end. What is neither Unicode nor ASCII is taken for
 * Latin: keys of labels are ASCII, and values of other pages were never written by anything that writes
 * labels. */
static const char *text_of(struct rms_arena *arena, struct rms_view bytes, unsigned page)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(RMS_PROPSET_MAX);

    if (page == PAGE_UTF16) {
        return rms_text_from_utf16(bytes, &text) == 0 ? rms_arena_strdup(arena, rms_buf_text(&text)) : "";
    }
    for (size_t i = 0; i < bytes.len && bytes.data[i] != 0; i++) {
        uint8_t byte = bytes.data[i];

        if (byte >= 0x80 && page != PAGE_UTF8) {
            rms_buf_append_byte(&text, (uint8_t)(0xc0 | (byte >> 6)));
            byte = (uint8_t)(0x80 | (byte & 0x3f));
        }
        rms_buf_append_byte(&text, byte);
    }
    return rms_arena_strdup(arena, rms_buf_text(&text));
}

static int take_name(struct rms_arena *arena, struct section *section, struct rms_cursor *cursor)
{
    bool wide = section->page == PAGE_UTF16;
    struct property *property = find(section, rms_cursor_u32(cursor));
    uint32_t len = rms_cursor_u32(cursor);
    struct rms_view name = rms_cursor_take(cursor, wide && len <= RMS_PROPSET_MAX ? (size_t)len * 2 : len);

    if (wide && name.len % 4 != 0) {
        (void)rms_cursor_take(cursor, 2);
    }
    if (cursor->bad) {
        return RMS_E_DAMAGED;
    }
    if (property != NULL && property->id >= ID_FIRST) {
        property->name = text_of(arena, name, section->page);
        return property->name != NULL ? 0 : RMS_E_NO_MEMORY;
    }
    return 0;
}

static int take_names(struct rms_arena *arena, struct section *section)
{
    const struct property *dictionary = find(section, ID_DICTIONARY);
    const struct property *page = find(section, ID_CODE_PAGE);
    struct rms_cursor cursor;
    uint32_t count;

    section->page = PAGE_WINDOWS;
    if (page != NULL) {
        cursor = rms_cursor_of(page->value);
        (void)rms_cursor_u32(&cursor);
        section->page = rms_cursor_u16(&cursor);
    }
    if (dictionary == NULL) {
        return 0;
    }
    cursor = rms_cursor_of(dictionary->value);
    count = rms_cursor_u32(&cursor);
    if (count > PROPERTIES_MAX) {
        return RMS_E_DAMAGED;
    }
    for (uint32_t i = 0; i < count; i++) {
        RMS_TRY(take_name(arena, section, &cursor));
    }
    return 0;
}

static int parse_section(struct rms_arena *arena, struct rms_view body, struct section *section)
{
    struct rms_cursor cursor = rms_cursor_of(body);
    uint32_t count;

    (void)rms_cursor_u32(&cursor);
    count = rms_cursor_u32(&cursor);
    if (cursor.bad || count > rms_cursor_left(&cursor) / 8 || count > PROPERTIES_MAX) {
        return RMS_E_DAMAGED;
    }
    section->items = rms_arena_array(arena, (size_t)count + 1, sizeof *section->items);
    if (section->items == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (section->count = 0; section->count < count; section->count++) {
        section->items[section->count].id = rms_cursor_u32(&cursor);
        section->items[section->count].offset = rms_cursor_u32(&cursor);
    }
    for (size_t i = 0; i < section->count; i++) {
        struct property *item = &section->items[i];

        if (item->offset < 8 + 8 * (size_t)count || item->offset > body.len) {
            return RMS_E_DAMAGED;
        }
        item->value =
            rms_view_of(body.data + item->offset, end_of(section, item->offset, body.len) - item->offset);
    }
    return take_names(arena, section);
}

/* The user-defined section; -1 when there is none. */
static int index_of(const struct set *set, const uint8_t format[16])
{
    for (size_t i = 0; i < set->count; i++) {
        if (memcmp(set->formats[i].data, format, sizeof user_format) == 0) {
            return (int)i;
        }
    }
    return -1;
}

/* The text of a property; NULL when it is none. */
static const char *value_of(struct rms_arena *arena, const struct property *item, unsigned page)
{
    struct rms_cursor cursor = rms_cursor_of(item->value);
    uint32_t type = rms_cursor_u32(&cursor);
    uint32_t len = rms_cursor_u32(&cursor);
    struct rms_view text;

    if ((type != TYPE_LPSTR && type != TYPE_LPWSTR) || len > RMS_PROPSET_MAX) {
        return NULL;
    }
    text = rms_cursor_take(&cursor, type == TYPE_LPWSTR ? (size_t)len * 2 : len);
    return cursor.bad ? NULL : text_of(arena, text, type == TYPE_LPWSTR ? PAGE_UTF16 : page);
}

static const char *label_name(const struct property *item)
{
    return item->name != NULL && rms_label_key(item->name) ? item->name : NULL;
}

int rms_propset_read(struct rms_view document, struct rms_label_pairs *pairs)
{
    struct section section = {0};
    struct set set;
    int index;

    RMS_TRY(parse_set(document, &set));
    index = index_of(&set, user_format);
    if (index < 0) {
        return 0;
    }
    RMS_TRY(parse_section(pairs->arena, set.bodies[index], &section));
    for (size_t i = 0; i < section.count; i++) {
        const char *name = label_name(&section.items[i]);
        const char *value = name != NULL ? value_of(pairs->arena, &section.items[i], section.page) : NULL;
        int code = value != NULL ? rms_label_pairs_put(pairs, name, value) : 0;

        if (code != RMS_E_LIMIT) {
            RMS_TRY(code);
        }
    }
    return 0;
}

/* --- writing -------------------------------------------------------------------------------------------- */

struct writer {
    struct rms_arena *arena;
    struct property *items;
    size_t count;
    unsigned page;
};

static void fill_up(struct rms_buf *out)
{
    while (out->len % 4 != 0) {
        rms_buf_append_byte(out, 0);
    }
}

static bool is_ascii(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((uint8_t)*text >= 0x80) {
            return false;
        }
    }
    return true;
}

/* A text with its NUL, as bytes where every code page has the same ones, else as UTF-16. */
static int emit_value(struct rms_buf *out, const char *text, unsigned page)
{
    struct rms_buf RMS_BUF_CLEANUP wide = RMS_BUF_INIT(RMS_PROPSET_MAX);

    if (page != PAGE_UTF16 && (is_ascii(text) || page == PAGE_UTF8)) {
        rms_buf_append_u32(out, TYPE_LPSTR);
        rms_buf_append_u32(out, (uint32_t)strlen(text) + 1);
        rms_buf_append(out, text, strlen(text) + 1);
    } else {
        RMS_TRY(rms_text_to_utf16(rms_view_str(text), &wide));
        rms_buf_append_u16(&wide, 0);
        rms_buf_append_u32(out, TYPE_LPWSTR);
        rms_buf_append_u32(out, (uint32_t)(wide.len / 2));
        rms_buf_append_view(out, rms_buf_view(&wide));
    }
    fill_up(out);
    return rms_buf_status(out);
}

static int add_text(struct writer *w, uint32_t id, const char *name, const char *text)
{
    struct rms_buf RMS_BUF_CLEANUP value = RMS_BUF_INIT(RMS_PROPSET_MAX);
    const uint8_t *copy;

    RMS_TRY(emit_value(&value, text, w->page));
    copy = rms_arena_copy(w->arena, value.data, value.len);
    if (copy == NULL) {
        return RMS_E_NO_MEMORY;
    }
    w->items[w->count++] = (struct property){.id = id, .name = name, .value = {copy, value.len}};
    return 0;
}

static int add_page(struct writer *w)
{
    const uint8_t value[8] = {TYPE_I2, 0, 0, 0, (uint8_t)w->page, (uint8_t)(w->page >> 8), 0, 0};
    const uint8_t *copy = rms_arena_copy(w->arena, value, sizeof value);

    w->items[w->count++] = (struct property){.id = ID_CODE_PAGE, .value = {copy, sizeof value}};
    return copy != NULL ? 0 : RMS_E_NO_MEMORY;
}

/* With its NUL, in the code page: what text_of took for Latin goes back to what it was. */
static int emit_name(struct rms_buf *out, const char *text, unsigned page)
{
    struct rms_buf RMS_BUF_CLEANUP name = RMS_BUF_INIT(RMS_PROPSET_MAX);

    if (page == PAGE_UTF16) {
        RMS_TRY(rms_text_to_utf16(rms_view_str(text), &name));
        rms_buf_append_u16(&name, 0);
        rms_buf_append_u32(out, (uint32_t)(name.len / 2));
        rms_buf_append_view(out, rms_buf_view(&name));
        fill_up(out);
        return rms_buf_status(out);
    }
    for (; *text != '\0'; text++) {
        uint8_t byte = (uint8_t)*text;

        if (page != PAGE_UTF8 && (byte & 0xe0u) == 0xc0 && text[1] != '\0') {
            byte = (uint8_t)((byte << 6) | ((uint8_t) * ++text & 0x3fu));
        }
        rms_buf_append_byte(&name, byte);
    }
    rms_buf_append_byte(&name, 0);
    rms_buf_append_u32(out, (uint32_t)name.len);
    rms_buf_append_view(out, rms_buf_view(&name));
    return rms_buf_status(out);
}

static int emit_dictionary(struct rms_buf *out, const struct writer *w)
{
    uint32_t count = 0;

    for (size_t i = 0; i < w->count; i++) {
        count += w->items[i].name != NULL;
    }
    rms_buf_append_u32(out, count);
    for (size_t i = 0; i < w->count; i++) {
        if (w->items[i].name != NULL) {
            rms_buf_append_u32(out, w->items[i].id);
            RMS_TRY(emit_name(out, w->items[i].name, w->page));
        }
    }
    fill_up(out);
    return rms_buf_status(out);
}

/* with_names: a dictionary comes first. */
static int emit_section(const struct writer *w, bool with_names, struct rms_buf *out)
{
    struct rms_buf RMS_BUF_CLEANUP values = RMS_BUF_INIT(RMS_PROPSET_MAX);
    uint32_t count = (uint32_t)w->count + with_names;
    size_t head = 8 + 8 * (size_t)count;
    size_t *places = rms_arena_array(w->arena, w->count + 1, sizeof *places);

    if (places == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (with_names) {
        RMS_TRY(emit_dictionary(&values, w));
    }
    for (size_t i = 0; i < w->count; i++) {
        places[i] = head + values.len;
        rms_buf_append_view(&values, w->items[i].value);
        fill_up(&values);
    }
    rms_buf_append_u32(out, (uint32_t)(head + values.len));
    rms_buf_append_u32(out, count);
    if (with_names) {
        rms_buf_append_u32(out, ID_DICTIONARY);
        rms_buf_append_u32(out, (uint32_t)head);
    }
    for (size_t i = 0; i < w->count; i++) {
        rms_buf_append_u32(out, w->items[i].id);
        rms_buf_append_u32(out, (uint32_t)places[i]);
    }
    rms_buf_append_view(out, rms_buf_view(&values));
    return rms_buf_status(&values) != 0 ? RMS_E_LIMIT : rms_buf_status(out);
}

/* What the section keeps: everything but labels that changed or are gone. */
static void keep(struct writer *w, const struct section *old, const struct rms_label_pairs *pairs, bool *kept)
{
    for (size_t i = 0; i < old->count; i++) {
        const struct property *item = &old->items[i];
        const char *name = label_name(item);
        bool stays = name == NULL && item->id != ID_DICTIONARY;

        for (size_t k = 0; name != NULL && k < pairs->count; k++) {
            if (rms_text_equal_nocase(pairs->items[k].key, name) && !kept[k]) {
                const char *value = value_of(w->arena, item, old->page);

                kept[k] = stays = value != NULL && strcmp(value, pairs->items[k].value) == 0;
            }
        }
        if (stays) {
            w->items[w->count++] = *item;
        }
    }
}

static int new_section(const struct section *old, const struct rms_label_pairs *pairs, struct rms_buf *out)
{
    struct writer w = {.arena = pairs->arena, .page = old->page};
    bool *kept = rms_arena_array(pairs->arena, pairs->count + 1, sizeof *kept);
    uint32_t id = ID_FIRST - 1;

    w.items = rms_arena_array(pairs->arena, old->count + pairs->count + 1, sizeof *w.items);
    if (kept == NULL || w.items == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (find(old, ID_CODE_PAGE) == NULL) {
        RMS_TRY(add_page(&w));
    }
    keep(&w, old, pairs, kept);
    for (size_t i = 0; i < w.count; i++) {
        id = w.items[i].id > id && w.items[i].id < ID_LAST - RMS_LABEL_PAIRS_MAX ? w.items[i].id : id;
    }
    for (size_t i = 0; i < pairs->count; i++) {
        if (!kept[i]) {
            RMS_TRY(add_text(&w, ++id, pairs->items[i].key, pairs->items[i].value));
        }
    }
    return emit_section(&w, true, out);
}

static void emit_head(struct rms_buf *out, struct rms_view head, uint32_t count)
{
    if (head.len == HEAD_LEN) {
        rms_buf_append(out, head.data, HEAD_LEN - 4);
    } else {
        rms_buf_append_u16(out, BYTE_ORDER_MARK);
        rms_buf_append_u16(out, 0);
        rms_buf_append_u32(out, SYSTEM_ID);
        for (size_t i = 0; i < CLASS_LEN; i++) {
            rms_buf_append_byte(out, 0);
        }
    }
    rms_buf_append_u32(out, count);
}

static int emit_set(const struct set *set, struct rms_buf *out)
{
    size_t offset = HEAD_LEN + set->count * PLACE_LEN;

    emit_head(out, set->head, (uint32_t)set->count);
    for (size_t i = 0; i < set->count; i++) {
        rms_buf_append_view(out, set->formats[i]);
        rms_buf_append_u32(out, (uint32_t)offset);
        offset += (set->bodies[i].len + 3) / 4 * 4;
    }
    for (size_t i = 0; i < set->count; i++) {
        rms_buf_append_view(out, set->bodies[i]);
        fill_up(out);
    }
    return rms_buf_status(out);
}

/* A new stream has a section of the document's own first, as Windows does not look for others without it. */
static const uint8_t empty_section[] = {
    24, 0, 0, 0, 1, 0, 0, 0, ID_CODE_PAGE, 0, 0, 0, 16, 0, 0, 0, TYPE_I2, 0, 0, 0, 0xe4, 4, 0, 0};

int rms_propset_write(struct rms_view document, const struct rms_label_pairs *pairs, struct rms_buf *out)
{
    struct rms_buf RMS_BUF_CLEANUP body = RMS_BUF_INIT(RMS_PROPSET_MAX);
    struct section old = {.page = PAGE_WINDOWS};
    struct set set = {.count = 1,
        .formats = {rms_view_of(document_format, sizeof document_format)},
        .bodies = {rms_view_of(empty_section, sizeof empty_section)}};
    int index;

    if (document.len > 0) {
        RMS_TRY(parse_set(document, &set));
    }
    index = index_of(&set, user_format);
    if (index >= 0) {
        RMS_TRY(parse_section(pairs->arena, set.bodies[index], &old));
    } else if (set.count == SECTIONS_MAX) {
        return RMS_E_LIMIT;
    } else {
        index = (int)set.count++;
        set.formats[index] = rms_view_of(user_format, sizeof user_format);
    }
    RMS_TRY(new_section(&old, pairs, &body));
    set.bodies[index] = rms_buf_view(&body);
    return emit_set(&set, out);
}

int rms_propset_summary(const char *title, const char *author, struct rms_buf *out)
{
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(RMS_PROPSET_MAX);
    struct rms_buf RMS_BUF_CLEANUP body = RMS_BUF_INIT(RMS_PROPSET_MAX);
    struct property items[3];
    struct writer w = {.arena = arena, .items = items, .page = PAGE_UTF8};
    struct set set = {.count = 1, .formats = {rms_view_of(summary_format, sizeof summary_format)}};

    if (arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(add_page(&w));
    if (title[0] != '\0') {
        RMS_TRY(add_text(&w, ID_TITLE, NULL, title));
    }
    if (author[0] != '\0') {
        RMS_TRY(add_text(&w, ID_AUTHOR, NULL, author));
    }
    RMS_TRY(emit_section(&w, false, &body));
    set.bodies[0] = rms_buf_view(&body);
    return emit_set(&set, out);
}

int rms_propset_summary_of(struct rms_view old, struct rms_buf *out)
{
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(2 * RMS_PROPSET_MAX);
    struct rms_buf RMS_BUF_CLEANUP body = RMS_BUF_INIT(RMS_PROPSET_MAX);
    struct writer w = {.arena = arena};
    struct section section = {0};
    struct set set;
    int index;

    if (arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(parse_set(old, &set));
    index = index_of(&set, summary_format);
    if (index < 0) {
        return RMS_E_NOT_FOUND;
    }
    RMS_TRY(parse_section(arena, set.bodies[index], &section));
    w.items = section.items;
    for (size_t i = 0; i < section.count; i++) {
        if (section.items[i].id != ID_PICTURE) {
            w.items[w.count++] = section.items[i];
        }
    }
    RMS_TRY(emit_section(&w, false, &body));
    set = (struct set){.head = set.head,
        .count = 1,
        .formats = {rms_view_of(summary_format, sizeof summary_format)},
        .bodies = {rms_buf_view(&body)}};
    return emit_set(&set, out);
}
