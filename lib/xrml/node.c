#include "xrml/node.h"

#include <expat.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"

/* The chain has no single root (xrml-licences section 1.4): the parser is shown one around it. All is given
 * to it at once, as the last piece: after any other it goes over the text again to count lines. */
#define WRAP_HEAD "<r>"
#define WRAP_TAIL "</r>"
#define WRAP_LEN  (sizeof WRAP_HEAD - 1)
#define TAIL_LEN  (sizeof WRAP_TAIL - 1)

/* One open element. Its text so far lies in the scratch from text_start on; a child's text lies behind it
 * until the child closes. */
struct frame {
    struct rms_xnode *node;
    struct rms_xnode *last;
    size_t text_start;
};

struct builder {
    XML_Parser parser;
    struct rms_arena *arena;
    struct rms_view utf8;
    struct rms_buf scratch;
    struct frame frames[RMS_XRML_MAX_DEPTH + 1]; /* the wrapper is the first */
    size_t depth;
    size_t count;
    struct rms_xnode *root;
    int status;
};

static void stop(struct builder *b, int status)
{
    if (b->status == 0) {
        b->status = status;
        (void)XML_StopParser(b->parser, XML_FALSE);
    }
}

/* Position in the text of the token at hand. */
static size_t token_start(const struct builder *b)
{
    return (size_t)XML_GetCurrentByteIndex(b->parser) - WRAP_LEN;
}

static struct rms_xnode *new_node(struct builder *b, const char *name)
{
    size_t len = strlen(name) + 1;
    struct rms_xnode *node = rms_arena_alloc(b->arena, sizeof *node + len);

    if (node != NULL) {
        node->name = memcpy(node + 1, name, len);
        node->text = "";
    }
    return node;
}

static struct rms_xattr *new_attr(struct builder *b, const char *name, const char *value)
{
    size_t name_len = strlen(name) + 1;
    size_t value_len = strlen(value) + 1;
    struct rms_xattr *attr = rms_arena_alloc(b->arena, sizeof *attr + name_len + value_len);
    char *place;

    if (attr != NULL) {
        place = (char *)(attr + 1);
        attr->name = memcpy(place, name, name_len);
        attr->value = memcpy(place + name_len, value, value_len);
    }
    return attr;
}

static bool add_attrs(struct builder *b, struct rms_xnode *node, const XML_Char **atts)
{
    const struct rms_xattr **tail = &node->attrs;
    struct rms_xattr *attr;

    for (size_t i = 0; atts[i] != NULL; i += 2) {
        attr = new_attr(b, atts[i], atts[i + 1]);
        if (attr == NULL) {
            return false;
        }
        *tail = attr;
        tail = &attr->next;
    }
    return true;
}

static void link_node(struct builder *b, struct rms_xnode *node)
{
    struct frame *parent;

    if (b->depth == 0) {
        b->root = node;
        return;
    }
    parent = &b->frames[b->depth - 1];
    node->parent = parent->node;
    if (parent->last != NULL) {
        parent->last->next = node;
    } else {
        parent->node->first = node;
    }
    parent->last = node;
}

static void XMLCALL on_start(void *user, const XML_Char *name, const XML_Char **atts)
{
    struct builder *b = user;
    struct rms_xnode *node;

    if (b->status != 0) {
        return;
    }
    if (b->depth > RMS_XRML_MAX_DEPTH || b->count++ > RMS_XRML_MAX_NODES) {
        stop(b, RMS_E_BAD_LICENSE);
        return;
    }
    node = new_node(b, name);
    if (node == NULL || !add_attrs(b, node, atts)) {
        stop(b, RMS_E_NO_MEMORY);
        return;
    }
    link_node(b, node);
    if (b->depth > 0) {
        node->source.data = b->utf8.data + token_start(b);
    }
    b->frames[b->depth] = (struct frame){node, NULL, b->scratch.len};
    b->depth++;
}

/* The text directly inside the closing element moves from the scratch into the arena. */
static void take_text(struct builder *b, const struct frame *frame)
{
    size_t len = b->scratch.len - frame->text_start;
    uint8_t *copy;

    if (len == 0) {
        return;
    }
    copy = rms_arena_copy(b->arena, b->scratch.data + frame->text_start, len);
    if (copy == NULL) {
        stop(b, RMS_E_NO_MEMORY);
        return;
    }
    frame->node->text = (const char *)copy;
    frame->node->text_len = len;
    b->scratch.len = frame->text_start;
}

static void XMLCALL on_end(void *user, const XML_Char *name)
{
    struct builder *b = user;
    struct frame *frame;
    size_t end;

    (void)name;
    if (b->status != 0) {
        return;
    }
    frame = &b->frames[b->depth - 1];
    take_text(b, frame);
    if (b->depth == 1) {
        /* Only our own tail may close the wrapper. */
        if (token_start(b) != b->utf8.len) {
            stop(b, RMS_E_BAD_LICENSE);
        }
    } else {
        /* At <X /> expat stands behind the tag already, with a count of 0. */
        end = token_start(b) + (size_t)XML_GetCurrentByteCount(b->parser);
        frame->node->source.len = (size_t)(b->utf8.data + end - frame->node->source.data);
    }
    b->depth--;
}

static void XMLCALL on_text(void *user, const XML_Char *text, int len)
{
    struct builder *b = user;

    if (b->status != 0) {
        return;
    }
    rms_buf_append(&b->scratch, text, (size_t)len);
    if (b->scratch.failed) {
        stop(b, RMS_E_NO_MEMORY);
    }
}

/* What no licence contains and what could make two readers see different things (section 8.1). */
static void XMLCALL on_comment(void *user, const XML_Char *text)
{
    (void)text;
    stop(user, RMS_E_BAD_LICENSE);
}

static void XMLCALL on_instruction(void *user, const XML_Char *target, const XML_Char *text)
{
    (void)target;
    (void)text;
    stop(user, RMS_E_BAD_LICENSE);
}

static void XMLCALL on_cdata(void *user)
{
    stop(user, RMS_E_BAD_LICENSE);
}

static void XMLCALL on_doctype(void *user, const XML_Char *name, const XML_Char *system_id,
    const XML_Char *public_id, int internal_subset)
{
    (void)name;
    (void)system_id;
    (void)public_id;
    (void)internal_subset;
    stop(user, RMS_E_BAD_LICENSE);
}

static void set_handlers(struct builder *b)
{
    XML_SetUserData(b->parser, b);
    XML_SetElementHandler(b->parser, on_start, on_end);
    XML_SetCharacterDataHandler(b->parser, on_text);
    XML_SetCommentHandler(b->parser, on_comment);
    XML_SetProcessingInstructionHandler(b->parser, on_instruction);
    XML_SetStartCdataSectionHandler(b->parser, on_cdata);
    XML_SetStartDoctypeDeclHandler(b->parser, on_doctype);
}

static int run(struct builder *b)
{
    const char *wrapped = (const char *)b->utf8.data - WRAP_LEN;
    int len = (int)(WRAP_LEN + b->utf8.len + TAIL_LEN);

    if (XML_Parse(b->parser, wrapped, len, 1) != XML_STATUS_OK && b->status == 0) {
        b->status = XML_GetErrorCode(b->parser) == XML_ERROR_NO_MEMORY ? RMS_E_NO_MEMORY : RMS_E_BAD_LICENSE;
    }
    return b->status;
}

/* utf8 stands between head and tail of the wrapper. */
/* One parser a thread, reset for each text: making one costs as much as parsing a small licence. A large text
 * does not leave its buffers behind. */
#define KEPT_TEXT_MAX (256u * 1024)

static pthread_key_t parser_key;

static void free_parser(void *parser)
{
    XML_ParserFree(parser);
}

static void make_parser_key(void)
{
    if (pthread_key_create(&parser_key, free_parser) != 0) {
        abort();
    }
}

static XML_Parser take_parser(void)
{
    static const XML_Memory_Handling_Suite memory = {rms_malloc, rms_realloc, rms_free};
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    XML_Parser parser;

    (void)pthread_once(&once, make_parser_key);
    parser = pthread_getspecific(parser_key);
    if (parser != NULL) {
        (void)pthread_setspecific(parser_key, NULL);
        if (XML_ParserReset(parser, "UTF-8")) {
            return parser;
        }
        XML_ParserFree(parser);
    }
    return XML_ParserCreate_MM("UTF-8", &memory, NULL);
}

/* A parser that met an error is not kept: what it held was chosen to break it. */
static void return_parser(XML_Parser parser, bool keep)
{
    if (!keep || pthread_setspecific(parser_key, parser) != 0) {
        XML_ParserFree(parser);
    }
}

static int build_tree(struct rms_arena *arena, struct rms_xtext *text)
{
    struct builder b = {.arena = arena, .utf8 = text->utf8};
    int status;

    b.parser = take_parser();
    if (b.parser == NULL) {
        return RMS_E_NO_MEMORY;
    }
    rms_buf_init(&b.scratch, text->utf8.len);
    set_handlers(&b);
    status = run(&b);
    return_parser(b.parser, status == 0 && text->utf8.len <= KEPT_TEXT_MAX);
    rms_buf_fini(&b.scratch);
    if (status == 0) {
        b.root->source = text->utf8;
        text->root = b.root;
    }
    return status;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct rms_view trim(struct rms_view view)
{
    while (view.len > 0 && (view.data[view.len - 1] == 0 || is_blank(view.data[view.len - 1]))) {
        view.len--;
    }
    while (view.len > 0 && is_blank(view.data[0])) {
        view.data++;
        view.len--;
    }
    return view;
}

static bool starts_with(struct rms_view view, const char *head, size_t len)
{
    return view.len >= len && memcmp(view.data, head, len) == 0;
}

static struct rms_view skip(struct rms_view view, size_t len)
{
    return rms_view_of(view.data + len, view.len - len);
}

/* The declaration is not signed and may name an encoding that no longer holds: it is stepped over. */
static int skip_declaration(struct rms_view *view)
{
    const uint8_t *end;

    if (!starts_with(*view, "<?xml", 5)) {
        return 0;
    }
    end = view->len > 5 && is_blank(view->data[5]) ? memmem(view->data, view->len, "?>", 2) : NULL;
    if (end == NULL || memchr(view->data + 1, '<', (size_t)(end - view->data) - 1) != NULL) {
        return RMS_E_BAD_LICENSE;
    }
    *view = trim(skip(*view, (size_t)(end - view->data) + 2));
    return 0;
}

/* What is to be parsed, without all that is not signed and may differ. */
static int strip(struct rms_view *utf8)
{
    if (starts_with(*utf8, "\xef\xbb\xbf", 3)) {
        *utf8 = skip(*utf8, 3);
    }
    *utf8 = trim(*utf8);
    RMS_TRY(skip_declaration(utf8));
    return utf8->len > 0 && utf8->len <= RMS_XRML_MAX_BYTES ? 0 : RMS_E_BAD_LICENSE;
}

static int parse_utf8(struct rms_arena *arena, struct rms_view utf8, struct rms_xtext *text)
{
    uint8_t *place;

    RMS_TRY(strip(&utf8));
    place = rms_arena_alloc(arena, WRAP_LEN + utf8.len + TAIL_LEN);
    if (place == NULL) {
        return RMS_E_NO_MEMORY;
    }
    memcpy(place, WRAP_HEAD, WRAP_LEN);
    memcpy(place + WRAP_LEN, utf8.data, utf8.len);
    memcpy(place + WRAP_LEN + utf8.len, WRAP_TAIL, TAIL_LEN);
    text->utf8 = rms_view_of(place + WRAP_LEN, utf8.len);
    return build_tree(arena, text);
}

static int parse_utf16(struct rms_arena *arena, struct rms_view bytes, struct rms_xtext *text)
{
    RMS_BUF_CLEANUP struct rms_buf utf8 = RMS_BUF_INIT(bytes.len * 2 + 16);
    int status = rms_text_from_utf16(bytes, &utf8);

    if (status != 0) {
        return status == RMS_E_BAD_ARGUMENT ? RMS_E_BAD_LICENSE : RMS_E_NO_MEMORY;
    }
    return parse_utf8(arena, rms_buf_view(&utf8), text);
}

int rms_xtext_parse(struct rms_arena *arena, struct rms_view bytes, struct rms_xtext *text_out)
{
    struct rms_xtext text = {0};

    if (bytes.len > 2 * (size_t)RMS_XRML_MAX_BYTES) {
        return RMS_E_BAD_LICENSE;
    }
    if (starts_with(bytes, "\xff\xfe", 2)) {
        RMS_TRY(parse_utf16(arena, skip(bytes, 2), &text));
    } else if (starts_with(bytes, "<\0", 2)) {
        RMS_TRY(parse_utf16(arena, bytes, &text));
    } else {
        RMS_TRY(parse_utf8(arena, bytes, &text));
    }
    *text_out = text;
    return 0;
}

static const struct rms_xnode *named(const struct rms_xnode *node, const char *name, size_t len)
{
    while (node != NULL && (strncmp(node->name, name, len) != 0 || node->name[len] != 0)) {
        node = node->next;
    }
    return node;
}

const struct rms_xnode *rms_xnode_child(const struct rms_xnode *node, const char *name)
{
    return node != NULL ? named(node->first, name, strlen(name)) : NULL;
}

const struct rms_xnode *rms_xnode_sibling(const struct rms_xnode *node, const char *name)
{
    return node != NULL ? named(node->next, name, strlen(name)) : NULL;
}

const struct rms_xnode *rms_xnode_path(const struct rms_xnode *node, const char *slash_path)
{
    size_t len;

    while (node != NULL && *slash_path != 0) {
        len = strcspn(slash_path, "/");
        node = named(node->first, slash_path, len);
        slash_path += len;
        slash_path += *slash_path == '/';
    }
    return node;
}

const char *rms_xnode_attr(const struct rms_xnode *node, const char *name)
{
    const struct rms_xattr *attr = node != NULL ? node->attrs : NULL;

    while (attr != NULL && strcmp(attr->name, name) != 0) {
        attr = attr->next;
    }
    return attr != NULL ? attr->value : NULL;
}

size_t rms_xnode_count(const struct rms_xnode *node, const char *name)
{
    size_t count = 0;

    for (node = rms_xnode_child(node, name); node != NULL; node = rms_xnode_sibling(node, name)) {
        count++;
    }
    return count;
}
