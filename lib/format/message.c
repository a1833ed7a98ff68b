#include "format/message.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/cursor.h"
#include "base/mem.h"
#include "base/text.h"

#define ARENA_MAX       (8u * 1024 * 1024)
#define DESC_MAX        (64u * 1024)
#define DESC_VERSION    0x0203u
#define LIST_MAX        255u /* UTF-16 units that its length can tell */
#define TEXT_UNITS_MAX  255u
#define STEP            (64u * 1024)
#define LIST            "Attachment List"
#define STORAGE         "MailAttachment "
#define INFO            "OutlookBodyStreamInfo"
#define MAIN            "BodyPT-HTML"
#define AS_HTML         "BodyPTAsHTML"
#define RTF             "BodyRTF"
#define PROPERTIES      "__properties_version1.0"
#define PROPERTIES_MAX  (1024u * 1024)
#define EMBEDDED_HEADER 24u /* MS-OXMSG 2.4.1: of a message inside another, and what a file's has more */
#define HEADER_MORE     8u

struct rms_message {
    struct rms_cfb *cfb;
    struct rms_arena *arena;
    enum rms_message_body body;
    uint32_t code_page;
    struct rms_message_attachment *list;
    size_t count;
};

/* --- attachments ------------------------------------------------------------------------------------------
 */

/* "MailAttachment 12", and nothing that only looks like it. */
static bool attachment_number(const char *name, uint32_t *number_out)
{
    char again[64];

    if (strncmp(name, STORAGE, sizeof STORAGE - 1) != 0) {
        return false;
    }
    *number_out = (uint32_t)strtoul(name + sizeof STORAGE - 1, NULL, 10);
    (void)snprintf(again, sizeof again, STORAGE "%u", *number_out);
    return *number_out < RMS_MESSAGE_ATTACHMENTS_MAX && strcmp(again, name) == 0;
}

/* A length in a byte, then that many characters of width bytes. */
static struct rms_view take_text(struct rms_cursor *cursor, size_t width)
{
    return rms_cursor_take(cursor, rms_cursor_u8(cursor) * width);
}

/* What is no text is as good as nothing. */
static void keep_text(struct rms_view wide, char out[RMS_MESSAGE_TEXT_MAX])
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(RMS_MESSAGE_TEXT_MAX - 1);

    out[0] = '\0';
    if (rms_text_from_utf16(wide, &text) == 0 && rms_text_printable(rms_buf_view(&text))) {
        memcpy(out, rms_buf_text(&text), text.len + 1);
    }
}

/* Of several names the one for people (long file name), else the best there is. */
static void choose_name(const struct rms_view *wide, struct rms_view ansi, uint32_t number, char *out)
{
    static const size_t order[] = {3, 4, 2};

    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(RMS_MESSAGE_TEXT_MAX);

        if (wide[order[i]].len > 0 && rms_text_from_utf16(wide[order[i]], &text) == 0) {
            rms_message_file_name(rms_buf_view(&text), number, out);
            return;
        }
    }
    rms_message_file_name(rms_text_valid(ansi) ? ansi : rms_view_of(NULL, 0), number, out);
}

static int parse_description(struct rms_view stream, struct rms_message_attachment *attachment)
{
    struct rms_cursor cursor = rms_cursor_of(stream);
    uint16_t version = rms_cursor_u16(&cursor);
    struct rms_view ansi[6];
    struct rms_view wide[6];
    uint32_t method;

    if (cursor.bad || version != DESC_VERSION) {
        return cursor.bad ? RMS_E_DAMAGED : RMS_E_UNSUPPORTED_VERSION;
    }
    for (size_t i = 0; i < 6; i++) {
        ansi[i] = take_text(&cursor, 1);
    }
    (void)rms_cursor_take(&cursor, 16); /* times */
    method = rms_cursor_u32(&cursor);
    keep_text(take_text(&cursor, 2), attachment->content_id);
    (void)take_text(&cursor, 2); /* location */
    for (size_t i = 0; i < 6; i++) {
        wide[i] = take_text(&cursor, 2);
    }
    if (cursor.bad) {
        return RMS_E_DAMAGED;
    }
    attachment->method = (enum rms_message_method)method;
    choose_name(wide, ansi[3], attachment->number, attachment->name);
    return 0;
}

/* Where its content is: the streams and storages of each method. An OLE object has its own in the
 * attachment's storage. */
static int find_content(const struct rms_message *message, uint32_t storage, struct rms_message_attachment *a)
{
    static const struct {
        enum rms_message_method method;
        const char *name;
        bool storage;
    } places[] = {{RMS_ATTACH_VALUE, "AttachContents", false}, {RMS_ATTACH_MESSAGE, "MAPIMessage", true}};
    const struct rms_cfb_entry *entry;
    int status;

    a->content = storage;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (places[i].method != a->method) {
            continue;
        }
        status = rms_cfb_find(message->cfb, storage, places[i].name, &a->content);
        if (status != 0) {
            return status == RMS_E_NOT_FOUND ? RMS_E_DAMAGED : status;
        }
        entry = rms_cfb_entry(message->cfb, a->content);
        a->size = entry->storage ? 0 : entry->size;
        return entry->storage == places[i].storage ? 0 : RMS_E_DAMAGED;
    }
    return a->method == RMS_ATTACH_OLE ? 0 : RMS_E_UNSUPPORTED_VERSION;
}

static int read_attachment(struct rms_message *message, uint32_t storage, uint32_t number)
{
    struct rms_message_attachment *attachment = &message->list[message->count];
    struct rms_buf RMS_BUF_CLEANUP stream = RMS_BUF_INIT(DESC_MAX);
    uint32_t index;
    int status = rms_cfb_find(message->cfb, storage, "AttachDesc", &index);

    if (status != 0) {
        return status == RMS_E_NOT_FOUND ? RMS_E_DAMAGED : status;
    }
    attachment->number = number;
    status = rms_cfb_read(message->cfb, index, &stream);
    if (status != 0) {
        return status == RMS_E_LIMIT ? RMS_E_DAMAGED : status;
    }
    RMS_TRY(parse_description(rms_buf_view(&stream), attachment));
    RMS_TRY(find_content(message, storage, attachment));
    message->count++;
    return 0;
}

static int by_number(const void *a, const void *b)
{
    const struct rms_message_attachment *one = a;
    const struct rms_message_attachment *other = b;

    return one->number < other->number ? -1 : one->number > other->number;
}

/* The list in front of the storages is cut off where it is long, so they are counted themselves. */
static int read_attachments(struct rms_message *message)
{
    const struct rms_cfb_entry *entry;
    uint32_t list;
    uint32_t number;
    size_t count = 0;
    int status = rms_cfb_find(message->cfb, RMS_CFB_ROOT, LIST, &list);

    if (status != 0) {
        return status == RMS_E_NOT_FOUND ? 0 : status;
    }
    for (uint32_t i = 1; (entry = rms_cfb_entry(message->cfb, i)) != NULL; i++) {
        count += entry->parent == list && entry->storage && attachment_number(entry->name, &number);
    }
    if (count > RMS_MESSAGE_ATTACHMENTS_MAX) {
        return RMS_E_LIMIT;
    }
    message->list = rms_arena_array(message->arena, count + 1, sizeof *message->list);
    if (message->list == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (uint32_t i = 1; (entry = rms_cfb_entry(message->cfb, i)) != NULL; i++) {
        if (entry->parent == list && entry->storage && attachment_number(entry->name, &number)) {
            RMS_TRY(read_attachment(message, i, number));
        }
    }
    qsort(message->list, message->count, sizeof *message->list, by_number);
    return 0;
}

/* --- the message ------------------------------------------------------------------------------------------
 */

static int read_body_info(struct rms_message *message)
{
    struct rms_buf RMS_BUF_CLEANUP stream = RMS_BUF_INIT(DESC_MAX);
    struct rms_cursor cursor;
    uint32_t index;
    uint16_t body;

    if (rms_cfb_find(message->cfb, RMS_CFB_ROOT, INFO, &index) != 0 ||
        rms_cfb_read(message->cfb, index, &stream) != 0 ||
        rms_cfb_find(message->cfb, RMS_CFB_ROOT, MAIN, &index) != 0) {
        return RMS_E_DAMAGED;
    }
    cursor = rms_cursor_of(rms_buf_view(&stream));
    body = rms_cursor_u16(&cursor);
    message->code_page = rms_cursor_u32(&cursor);
    if (cursor.bad || body < RMS_MESSAGE_PLAIN || body > RMS_MESSAGE_RTF) {
        return RMS_E_DAMAGED;
    }
    message->body = (enum rms_message_body)body;
    return 0;
}

int rms_message_open(const struct rms_reader *content, struct rms_message **message_out)
{
    struct rms_message *message = rms_calloc(1, sizeof *message);
    int status;

    *message_out = message;
    if (message == NULL) {
        return RMS_E_NO_MEMORY;
    }
    message->arena = rms_arena_new(ARENA_MAX);
    status = message->arena != NULL ? rms_cfb_open(content, &message->cfb) : RMS_E_NO_MEMORY;
    status = status == 0 ? read_body_info(message) : status;
    status = status == 0 ? read_attachments(message) : status;
    if (status != 0) {
        rms_message_close(message_out);
    }
    return status;
}

void rms_message_close(struct rms_message **message)
{
    if (*message != NULL) {
        rms_cfb_close(&(*message)->cfb);
        rms_arena_free(&(*message)->arena);
        rms_free(*message);
        *message = NULL;
    }
}

enum rms_message_body rms_message_body(const struct rms_message *message)
{
    return message->body;
}

uint32_t rms_message_code_page(const struct rms_message *message)
{
    return message->code_page;
}

int rms_message_read_body(struct rms_message *message, enum rms_message_body form, struct rms_buf *out)
{
    static const char *const streams[][RMS_MESSAGE_RTF + 1] = {
        [RMS_MESSAGE_PLAIN] = {NULL, MAIN, AS_HTML, NULL},
        [RMS_MESSAGE_HTML] = {NULL, NULL, MAIN, NULL},
        [RMS_MESSAGE_RTF] = {NULL, NULL, MAIN, RTF},
    };
    const char *name = streams[message->body][form];
    uint32_t index;

    if (name == NULL) {
        return RMS_E_NOT_FOUND;
    }
    RMS_TRY(rms_cfb_find(message->cfb, RMS_CFB_ROOT, name, &index));
    return rms_cfb_read(message->cfb, index, out);
}

size_t rms_message_attachment_count(const struct rms_message *message)
{
    return message->count;
}

const struct rms_message_attachment *rms_message_attachment(const struct rms_message *message, size_t i)
{
    return i < message->count ? &message->list[i] : NULL;
}

/* --- attachments as files ---------------------------------------------------------------------------------
 */

static int copy_stream(struct rms_message *message, uint32_t index, const struct rms_writer *out)
{
    struct rms_buf RMS_BUF_CLEANUP step = RMS_BUF_INIT(STEP);
    uint8_t *place = rms_buf_reserve(&step, STEP);
    struct rms_reader reader;

    if (place == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_cfb_stream(message->cfb, index, &reader));
    for (uint64_t at = 0; at < reader.size; at += STEP) {
        size_t len = reader.size - at < STEP ? (size_t)(reader.size - at) : STEP;

        RMS_TRY(rms_reader_at(&reader, at, place, len));
        RMS_TRY(out->write(out->context, at, place, len));
    }
    rms_wipe(place, STEP);
    return 0;
}

int rms_message_attachment_stream(struct rms_message *message, size_t i, struct rms_reader *reader_out)
{
    const struct rms_message_attachment *attachment = rms_message_attachment(message, i);

    if (attachment == NULL || attachment->method != RMS_ATTACH_VALUE) {
        return RMS_E_UNSUPPORTED;
    }
    return rms_cfb_stream(message->cfb, attachment->content, reader_out);
}

/* A message by itself has a longer header of its properties than one inside another (MS-OXMSG 2.4.1.1 and
 * 2.4.1.2). */
static int copy_properties(struct rms_cfb_writer *writer, struct rms_cfb *from, uint32_t index)
{
    static const uint8_t more[HEADER_MORE];
    struct rms_buf RMS_BUF_CLEANUP stream = RMS_BUF_INIT(PROPERTIES_MAX);

    RMS_TRY(rms_cfb_read(from, index, &stream));
    if (stream.len < EMBEDDED_HEADER) {
        return RMS_E_DAMAGED;
    }
    RMS_TRY(rms_cfb_begin(writer, PROPERTIES));
    RMS_TRY(rms_cfb_append(writer, stream.data, EMBEDDED_HEADER));
    RMS_TRY(rms_cfb_append(writer, more, sizeof more));
    RMS_TRY(rms_cfb_append(writer, stream.data + EMBEDDED_HEADER, stream.len - EMBEDDED_HEADER));
    return rms_cfb_end(writer);
}

static int copy_storage(
    struct rms_message *message, const struct rms_message_attachment *a, struct rms_cfb_writer *writer)
{
    const struct rms_cfb_entry *entry;
    bool mail = a->method == RMS_ATTACH_MESSAGE;

    rms_cfb_set_class(writer, rms_cfb_entry(message->cfb, a->content)->class_id);
    for (uint32_t i = 1; (entry = rms_cfb_entry(message->cfb, i)) != NULL; i++) {
        bool about = !mail && strcmp(entry->name, "AttachDesc") == 0;

        if (entry->parent != a->content || about) {
            continue;
        }
        if (mail && !entry->storage && strcmp(entry->name, PROPERTIES) == 0) {
            RMS_TRY(copy_properties(writer, message->cfb, i));
        } else {
            RMS_TRY(rms_cfb_copy(writer, message->cfb, i));
        }
    }
    return 0;
}

int rms_message_write_attachment(struct rms_message *message, size_t i, const struct rms_writer *out)
{
    const struct rms_message_attachment *attachment = rms_message_attachment(message, i);
    struct rms_cfb_writer *writer = NULL;
    int status;

    if (attachment == NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    if (attachment->method == RMS_ATTACH_VALUE) {
        return copy_stream(message, attachment->content, out);
    }
    RMS_TRY(rms_cfb_writer_new(out, &writer));
    status = copy_storage(message, attachment, writer);
    status = status == 0 ? rms_cfb_finish(writer) : status;
    rms_cfb_writer_free(&writer);
    return status;
}

/* --- writing ----------------------------------------------------------------------------------------------
 */

/* At most 255 characters, none of them halved. */
static int emit_wide(const char *text, struct rms_buf *out)
{
    struct rms_buf RMS_BUF_CLEANUP wide = RMS_BUF_INIT(RMS_CFB_STREAM_MAX);
    size_t len;

    RMS_TRY(rms_text_to_utf16(rms_view_str(text), &wide));
    len = wide.len < 2 * TEXT_UNITS_MAX ? wide.len : 2 * (size_t)TEXT_UNITS_MAX;
    if (len >= 2 && (wide.data[len - 1] & 0xfc) == 0xd8) {
        len -= 2;
    }
    rms_buf_append_byte(out, (uint8_t)(len / 2));
    rms_buf_append(out, wide.data, len);
    return rms_buf_status(out);
}

/* For readers of long ago: what is not ASCII becomes "_". */
static void emit_ansi(const char *text, struct rms_buf *out)
{
    size_t len = strlen(text) < TEXT_UNITS_MAX ? strlen(text) : TEXT_UNITS_MAX;

    rms_buf_append_byte(out, (uint8_t)len);
    for (size_t i = 0; i < len; i++) {
        rms_buf_append_byte(out, (uint8_t)text[i] < 0x80 ? (uint8_t)text[i] : '_');
    }
}

static int emit_description(const struct rms_message_part *part, struct rms_buf *out)
{
    const char *dot = strrchr(part->name, '.');
    const char *const names[] = {"", "", part->name, part->name, part->name, dot != NULL ? dot : ""};

    rms_buf_append_u16(out, DESC_VERSION);
    for (size_t i = 0; i < 6; i++) {
        emit_ansi(names[i], out);
    }
    rms_buf_append_u64(out, 0); /* times: not told */
    rms_buf_append_u64(out, 0);
    rms_buf_append_u32(out, RMS_ATTACH_VALUE);
    RMS_TRY(emit_wide(part->content_id != NULL ? part->content_id : "", out));
    RMS_TRY(emit_wide("", out));
    for (size_t i = 0; i < 6; i++) {
        RMS_TRY(emit_wide(names[i], out));
    }
    return rms_buf_status(out);
}

static int put_list(struct rms_cfb_writer *writer, const struct rms_message_request *request)
{
    struct rms_buf RMS_BUF_CLEANUP names = RMS_BUF_INIT(64u * RMS_MESSAGE_ATTACHMENTS_MAX);
    struct rms_buf RMS_BUF_CLEANUP stream = RMS_BUF_INIT(64u * RMS_MESSAGE_ATTACHMENTS_MAX);
    bool rtf = request->body == RMS_MESSAGE_RTF;

    for (size_t i = 0; i < request->part_count; i++) {
        struct rms_buf RMS_BUF_CLEANUP name = RMS_BUF_INIT(64);

        rms_buf_printf(&name, STORAGE "%zu|", i);
        if (names.len + name.len <= LIST_MAX) {
            rms_buf_append_view(&names, rms_buf_view(&name));
        }
    }
    rms_buf_append_u32(&stream, rtf ? UINT32_MAX : (uint32_t)request->part_count);
    RMS_TRY(emit_wide(rms_buf_text(&names), &stream));
    if (rtf) {
        rms_buf_append_u32(&stream, (uint32_t)request->part_count);
    }
    RMS_TRY(rms_buf_status(&stream));
    return rms_cfb_put(writer, "Attachment Info", rms_buf_view(&stream));
}

static int put_attachment(struct rms_cfb_writer *writer, const struct rms_message_part *part, size_t i)
{
    struct rms_buf RMS_BUF_CLEANUP stream = RMS_BUF_INIT(DESC_MAX);
    char name[64];

    (void)snprintf(name, sizeof name, STORAGE "%zu", i);
    RMS_TRY(emit_description(part, &stream));
    RMS_TRY(rms_cfb_enter(writer, name));
    RMS_TRY(rms_cfb_put(writer, "AttachDesc", rms_buf_view(&stream)));
    RMS_TRY(rms_cfb_put(writer, "AttachContents", part->data));
    return rms_cfb_leave(writer);
}

static int put_body(struct rms_cfb_writer *writer, const struct rms_message_request *request)
{
    struct rms_buf RMS_BUF_CLEANUP info = RMS_BUF_INIT(DESC_MAX);

    rms_buf_append_u16(&info, (uint16_t)request->body);
    rms_buf_append_u32(&info, request->code_page);
    RMS_TRY(rms_cfb_put(writer, INFO, rms_buf_view(&info)));
    RMS_TRY(rms_cfb_put(writer, MAIN, request->main));
    if (request->body == RMS_MESSAGE_RTF) {
        return rms_cfb_put(writer, RTF, request->rtf);
    }
    if (request->body == RMS_MESSAGE_PLAIN) {
        struct rms_buf RMS_BUF_CLEANUP html = RMS_BUF_INIT(2 * RMS_MESSAGE_BODY_MAX);

        rms_buf_append_str(&html, "<html><body><pre>");
        rms_text_xml_escape(&html, request->main);
        rms_buf_append_str(&html, "</pre></body></html>");
        RMS_TRY(rms_buf_status(&html));
        return rms_cfb_put(writer, AS_HTML, rms_buf_view(&html));
    }
    return 0;
}

static int put_all(struct rms_cfb_writer *writer, const struct rms_message_request *request)
{
    RMS_TRY(put_body(writer, request));
    if (request->part_count > 0) {
        RMS_TRY(rms_cfb_enter(writer, LIST));
        RMS_TRY(put_list(writer, request));
        for (size_t i = 0; i < request->part_count; i++) {
            RMS_TRY(put_attachment(writer, &request->parts[i], i));
        }
        RMS_TRY(rms_cfb_leave(writer));
    }
    return rms_cfb_finish(writer);
}

int rms_message_emit(const struct rms_message_request *request, const struct rms_writer *out)
{
    struct rms_cfb_writer *writer = NULL;
    int status;

    if (request->part_count > RMS_MESSAGE_ATTACHMENTS_MAX || request->main.len > RMS_MESSAGE_BODY_MAX) {
        return RMS_E_LIMIT;
    }
    RMS_TRY(rms_cfb_writer_new(out, &writer));
    status = put_all(writer, request);
    rms_cfb_writer_free(&writer);
    return status;
}

/* --- names ------------------------------------------------------------------------------------------------
 */

/* Marks and overrides of direction (U+200E, U+200F, U+202A to 202E, U+2066 to 2069) make "exe" look like
 * "txt". */
static size_t direction_mark(const uint8_t *at, size_t left)
{
    bool mark = left >= 3 && at[0] == 0xe2 &&
                ((at[1] == 0x80 && (at[2] == 0x8e || at[2] == 0x8f || (at[2] >= 0xaa && at[2] <= 0xae))) ||
                    (at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9));

    return mark ? 3 : 0;
}

/* C0, DEL, and C1 as UTF-8. */
static size_t control(const uint8_t *at, size_t left)
{
    if (at[0] < 0x20 || at[0] == 0x7f) {
        return 1;
    }
    return left >= 2 && at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f ? 2 : 0;
}

#define NAME_BYTES_MAX 200u /* leaves room for what protection and copies add */

/* Cuts in front of the extension when there is one of a usual length, never inside a character. */
static size_t shorten(char *name, size_t len)
{
    const char *dot = strrchr(name, '.');
    char tail[32] = "";
    size_t keep = NAME_BYTES_MAX;

    if (len <= NAME_BYTES_MAX) {
        return len;
    }
    if (dot != NULL && strlen(dot) < sizeof tail) {
        memcpy(tail, dot, strlen(dot) + 1);
        keep -= strlen(tail);
    }
    while (keep > 0 && ((uint8_t)name[keep] & 0xc0) == 0x80) {
        keep--;
    }
    memcpy(name + keep, tail, strlen(tail) + 1);
    return keep + strlen(tail);
}

void rms_message_file_name(struct rms_view name, uint32_t number, char out[RMS_MESSAGE_TEXT_MAX])
{
    size_t start = 0;
    size_t len = 0;

    for (size_t i = 0; i < name.len; i++) {
        start = name.data[i] == '/' || name.data[i] == '\\' ? i + 1 : start;
    }
    for (size_t i = start; i < name.len && len < RMS_MESSAGE_TEXT_MAX - 4;) {
        size_t skip = control(name.data + i, name.len - i);

        skip = skip > 0 ? skip : direction_mark(name.data + i, name.len - i);
        if (skip == 0 && (len > 0 || (name.data[i] != '.' && name.data[i] != ' '))) {
            out[len++] = (char)name.data[i];
        }
        i += skip > 0 ? skip : 1;
    }
    while (len > 0 && (out[len - 1] == ' ' || out[len - 1] == '.')) {
        len--;
    }
    out[len] = '\0';
    len = shorten(out, len);
    if (len == 0 || !rms_text_printable(rms_view_of(out, len))) {
        (void)snprintf(out, RMS_MESSAGE_TEXT_MAX, "attachment-%u", number + 1);
    }
}
