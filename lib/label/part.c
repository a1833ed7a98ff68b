#include "label/part.h"

#include <expat.h>

#include "base/mem.h"
#include "base/text.h"

struct builder {
    XML_Parser parser;
    struct rms_arena *arena;
    struct rms_part *part;
    struct rms_part_item *item, *last; /* open, and the latest closed */
    struct rms_buf text;               /* of the open item */
    size_t depth, count;
    int status;
};

static void stop(struct builder *b, int status)
{
    if (b->status == 0) {
        b->status = status;
        (void)XML_StopParser(b->parser, XML_FALSE);
    }
}

static size_t here(const struct builder *b)
{
    return (size_t)XML_GetCurrentByteIndex(b->parser);
}

/* Behind the token at hand. At <X/> expat tells the end as empty, behind the tag. */
static size_t behind(const struct builder *b)
{
    return here(b) + (size_t)XML_GetCurrentByteCount(b->parser);
}

static const char *const *copy_attrs(struct rms_arena *arena, const XML_Char **atts)
{
    const char **copy;
    size_t count = 0;

    while (atts[count] != NULL) {
        count++;
    }
    copy = rms_arena_array(arena, count + 1, sizeof *copy);
    for (size_t i = 0; i < count && copy != NULL; i++) {
        copy[i] = rms_arena_strdup(arena, atts[i]);
        copy = copy[i] != NULL ? copy : NULL;
    }
    return copy;
}

static void open_item(struct builder *b, const XML_Char *name, const XML_Char **atts)
{
    struct rms_part_item *item = rms_arena_alloc(b->arena, sizeof *item);

    if (item == NULL || ++b->count > RMS_PART_ITEMS) {
        stop(b, item == NULL ? RMS_E_NO_MEMORY : RMS_E_LIMIT);
        return;
    }
    item->name = rms_arena_strdup(b->arena, name);
    item->attrs = copy_attrs(b->arena, atts);
    item->source.data = b->part->text.data + here(b);
    if (item->name == NULL || item->attrs == NULL) {
        stop(b, RMS_E_NO_MEMORY);
        return;
    }
    rms_buf_reset(&b->text);
    b->item = item;
}

/* The root's name as it stands in the text: up to a blank, a slash or the end of the tag. */
static void take_root(struct builder *b)
{
    const char *tag = (const char *)b->part->text.data + here(b) + 1;
    size_t len = strcspn(tag, " \t\r\n/>"); /* the text ends with NUL: it was copied */

    b->part->root = rms_arena_text(b->arena, rms_view_of(tag, len));
    if (b->part->root == NULL) {
        stop(b, RMS_E_NO_MEMORY);
    }
}

static void XMLCALL on_start(void *user, const XML_Char *name, const XML_Char **atts)
{
    struct builder *b = user;

    if (b->status != 0) {
        return;
    }
    if (b->depth == RMS_PART_DEPTH) {
        stop(b, RMS_E_LIMIT);
        return;
    }
    if (b->depth == 0) {
        take_root(b);
    } else if (b->depth == 1) {
        open_item(b, name, atts);
    }
    b->depth++;
}

static void close_item(struct builder *b)
{
    const uint8_t *end = b->part->text.data + behind(b);

    b->item->source.len = (size_t)(end - b->item->source.data);
    b->item->text = rms_arena_text(b->arena, rms_buf_view(&b->text));
    if (b->item->text == NULL || b->text.failed) {
        stop(b, RMS_E_NO_MEMORY);
        return;
    }
    if (b->last == NULL) {
        b->part->first = b->item;
    } else {
        b->last->next = b->item;
    }
    b->last = b->item;
    b->item = NULL;
}

static void XMLCALL on_end(void *user, const XML_Char *name)
{
    struct builder *b = user;

    (void)name;
    if (b->status != 0) {
        return;
    }
    b->depth--;
    if (b->depth == 1) {
        close_item(b);
    } else if (b->depth == 0) {
        b->part->empty = XML_GetCurrentByteCount(b->parser) == 0;
        b->part->end = here(b) - (b->part->empty ? 2 : 0);
    }
}

static void XMLCALL on_text(void *user, const XML_Char *text, int len)
{
    struct builder *b = user;

    if (b->status == 0 && b->item != NULL) {
        rms_buf_append(&b->text, text, (size_t)len);
    }
}

static void XMLCALL on_doctype(
    void *user, const XML_Char *name, const XML_Char *system, const XML_Char *public, int internal)
{
    (void)name;
    (void)system;
    (void)public;
    (void)internal;
    stop(user, RMS_E_UNSUPPORTED);
}

static void XMLCALL on_declaration(
    void *user, const XML_Char *version, const XML_Char *encoding, int standalone)
{
    (void)version;
    (void)standalone;
    if (encoding != NULL && !rms_text_equal_nocase(encoding, "utf-8") &&
        !rms_text_equal_nocase(encoding, "us-ascii")) {
        stop(user, RMS_E_UNSUPPORTED);
    }
}

static int parse(struct builder *b)
{
    struct rms_view text = b->part->text;

    XML_SetUserData(b->parser, b);
    XML_SetElementHandler(b->parser, on_start, on_end);
    XML_SetCharacterDataHandler(b->parser, on_text);
    XML_SetStartDoctypeDeclHandler(b->parser, on_doctype);
    XML_SetXmlDeclHandler(b->parser, on_declaration);
    if (XML_Parse(b->parser, (const char *)text.data, (int)text.len, XML_TRUE) == XML_STATUS_OK) {
        return b->status;
    }
    return b->status != 0                                       ? b->status
           : XML_GetErrorCode(b->parser) == XML_ERROR_NO_MEMORY ? RMS_E_NO_MEMORY
                                                                : RMS_E_DAMAGED;
}

int rms_part_parse(struct rms_arena *arena, struct rms_view text, struct rms_part *part_out)
{
    const XML_Memory_Handling_Suite memory = {rms_malloc, rms_realloc, rms_free};
    RMS_BUF_CLEANUP struct rms_buf scratch = RMS_BUF_INIT(RMS_PART_MAX);
    struct builder b = {.arena = arena, .part = part_out};
    int code;

    *part_out = (struct rms_part){0};
    if (text.len > RMS_PART_MAX) {
        return RMS_E_LIMIT;
    }
    part_out->text = rms_view_of(rms_arena_text(arena, text), text.len);
    b.parser = XML_ParserCreate_MM("UTF-8", &memory, "|");
    if (part_out->text.data == NULL || b.parser == NULL) {
        code = RMS_E_NO_MEMORY;
    } else {
        b.text = scratch;
        code = parse(&b);
        scratch = b.text;
    }
    if (b.parser != NULL) {
        XML_ParserFree(b.parser);
    }
    return code;
}

const char *rms_part_attr(const struct rms_part_item *item, const char *name)
{
    for (size_t i = 0; item->attrs[i] != NULL; i += 2) {
        if (strcmp(item->attrs[i], name) == 0) {
            return item->attrs[i + 1];
        }
    }
    return NULL;
}

/* <X/> becomes <X></X>. */
void rms_part_open(const struct rms_part *part, struct rms_buf *out)
{
    if (part->empty) {
        rms_buf_append_str(out, ">");
    }
}

void rms_part_close(const struct rms_part *part, struct rms_buf *out)
{
    size_t from = part->end;

    if (part->empty) {
        rms_buf_printf(out, "</%s>", part->root);
        from += sizeof "/>" - 1;
    }
    rms_buf_append(out, part->text.data + from, part->text.len - from);
}
