#include "format/placeholder.h"

#define TEXT                                                                                                 \
    "This document is protected. Open it with a program that supports rights management, for example: rms "  \
    "open FILE"
#define TEXT_LEN   (sizeof TEXT - 1)
#define STREAM_MAX 16384u

static void zeros(struct rms_buf *out, size_t up_to)
{
    while (out->len < up_to) {
        rms_buf_append_byte(out, 0);
    }
}

static int put(struct rms_cfb_writer *writer, const char *name, const struct rms_buf *stream)
{
    RMS_TRY(rms_buf_status(stream));
    return rms_cfb_put(writer, name, rms_buf_view(stream));
}

/* --- Word (MS-DOC 2.5) ------------------------------------------------------------------------------------
 */

#define WORD_TEXT  0x800u /* offset of the text */
#define WORD_CLX   33u    /* index of the pair that tells where the piece table is */
#define WORD_PAIRS 93u    /* pairs of the FIB of 97 */
#define CLX_LEN    (1u + 4 + 8 + 8)

/* One piece of 8-bit text. */
static void word_table(struct rms_buf *out)
{
    rms_buf_append_byte(out, 2); /* Pcdt */
    rms_buf_append_u32(out, 16); /* PlcPcd: two places, one piece */
    rms_buf_append_u32(out, 0);
    rms_buf_append_u32(out, TEXT_LEN + 1);
    rms_buf_append_u16(out, 0);
    rms_buf_append_u32(out, (uint32_t)(WORD_TEXT * 2) | 0x40000000u); /* compressed */
    rms_buf_append_u16(out, 0);
}

static void word_document(struct rms_buf *out)
{
    rms_buf_append_u16(out, 0xa5ec);
    rms_buf_append_u16(out, 0x00c1); /* nFib: 97 */
    zeros(out, 10);
    rms_buf_append_u16(out, 0x0200); /* the table is in 1Table */
    rms_buf_append_u16(out, 0x00bf);
    zeros(out, 24);
    rms_buf_append_u32(out, WORD_TEXT);                            /* fcMin */
    rms_buf_append_u32(out, (uint32_t)(WORD_TEXT + TEXT_LEN + 1)); /* fcMac */
    rms_buf_append_u16(out, 14);
    zeros(out, 62);
    rms_buf_append_u16(out, 22);
    rms_buf_append_u32(out, (uint32_t)(WORD_TEXT + TEXT_LEN + 1)); /* cbMac */
    zeros(out, 76);
    rms_buf_append_u32(out, TEXT_LEN + 1); /* ccpText */
    zeros(out, 152);
    rms_buf_append_u16(out, WORD_PAIRS);
    zeros(out, 154 + 8 * WORD_CLX);
    rms_buf_append_u32(out, 0);
    rms_buf_append_u32(out, CLX_LEN);
    zeros(out, WORD_TEXT);
    rms_buf_append(out, TEXT "\r", TEXT_LEN + 1);
    zeros(out, 4096);
}

static int put_word(struct rms_cfb_writer *writer, const char *name)
{
    struct rms_buf RMS_BUF_CLEANUP document = RMS_BUF_INIT(STREAM_MAX);
    struct rms_buf RMS_BUF_CLEANUP table = RMS_BUF_INIT(STREAM_MAX);

    word_document(&document);
    word_table(&table);
    zeros(&table, 4096);
    RMS_TRY(put(writer, name, &document));
    return put(writer, "1Table", &table);
}

/* --- Excel (MS-XLS 2.4) -----------------------------------------------------------------------------------
 */

static void record(struct rms_buf *out, uint16_t type, uint16_t len)
{
    rms_buf_append_u16(out, type);
    rms_buf_append_u16(out, len);
}

/* BOF: 5 the workbook, 16 a sheet. */
static void excel_begin(struct rms_buf *out, uint16_t what)
{
    record(out, 0x0809, 16);
    rms_buf_append_u16(out, 0x0600);
    rms_buf_append_u16(out, what);
    rms_buf_append_u16(out, 0x0dbb);
    rms_buf_append_u16(out, 0x07cc);
    rms_buf_append_u32(out, 0);
    rms_buf_append_u32(out, 6);
}

static int put_excel(struct rms_cfb_writer *writer, const char *name)
{
    static const char sheet[] = "Protected";
    struct rms_buf RMS_BUF_CLEANUP book = RMS_BUF_INIT(STREAM_MAX);

    excel_begin(&book, 5);
    record(&book, 0x0042, 2); /* code page */
    rms_buf_append_u16(&book, 1200);
    record(&book, 0x0085, (uint16_t)(8 + sizeof sheet - 1)); /* where the sheet is, visible, its name */
    rms_buf_append_u32(&book, (uint32_t)(book.len + 8 + sizeof sheet - 1 + 4));
    rms_buf_append_u16(&book, 0);
    rms_buf_append_byte(&book, sizeof sheet - 1);
    rms_buf_append_byte(&book, 0);
    rms_buf_append_str(&book, sheet);
    record(&book, 0x000a, 0);
    excel_begin(&book, 16);
    record(&book, 0x0204, (uint16_t)(9 + TEXT_LEN)); /* a label in the first cell */
    rms_buf_append_u32(&book, 0);
    rms_buf_append_u16(&book, 0);
    rms_buf_append_u16(&book, TEXT_LEN);
    rms_buf_append_byte(&book, 0);
    rms_buf_append_str(&book, TEXT);
    record(&book, 0x000a, 0);
    zeros(&book, 4096);
    return put(writer, name, &book);
}

/* --- PowerPoint (MS-PPT 2) --------------------------------------------------------------------------------
 *
 * A presentation of one slide with one box of text, over an empty master: records in records, which the
 * directory at the end finds. */

#define MASTER_ID  0x80000000u
#define SLIDE_ID   256u
#define CONTAINER  0xfu /* version of a record that holds others */
#define SHAPES_OF  1024 /* numbers of the shapes of a drawing begin with it, times its number */
#define BOX        (202u << 4 | 2)
#define BACKGROUND (1u << 4 | 2)

/* Version and instance, type; the length is filled in by leave. */
static size_t enter(struct rms_buf *out, uint32_t version, uint16_t type)
{
    rms_buf_append_u16(out, (uint16_t)version);
    rms_buf_append_u16(out, type);
    rms_buf_append_u32(out, 0);
    return out->len;
}

static void leave(struct rms_buf *out, size_t begin)
{
    uint32_t len = (uint32_t)(out->len - begin);

    for (size_t i = 0; i < 4 && !out->failed; i++) {
        out->data[begin - 4 + i] = (uint8_t)(len >> (8 * i));
    }
}

/* A record of numbers of 32 bits. */
static void slide_record(
    struct rms_buf *out, uint32_t version, uint16_t type, const uint32_t *numbers, size_t count)
{
    size_t begin = enter(out, version, type);

    for (size_t i = 0; i < count; i++) {
        rms_buf_append_u32(out, numbers[i]);
    }
    leave(out, begin);
}
#define RECORD(out, version, type, ...)                                                                      \
    slide_record(out, version, type, (const uint32_t[]){__VA_ARGS__},                                        \
        sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

static void slide_text(struct rms_buf *out, uint32_t shape)
{
    size_t box = enter(out, CONTAINER, 0xf004);
    size_t text;
    size_t bytes;

    RECORD(out, BOX, 0xf00a, shape, 0xa00);
    RECORD(
        out, 0, 0xf010, 480u << 16 | 1440, 2400u << 16 | 5280); /* top, left, right, bottom: master units */
    text = enter(out, CONTAINER, 0xf00d);
    RECORD(out, 0, 0x0f9f, 4); /* text of no special kind */
    bytes = enter(out, 0, 0x0fa8);
    rms_buf_append(out, TEXT, TEXT_LEN);
    leave(out, bytes);
    leave(out, text);
    leave(out, box);
}

/* The drawing of a master (1) or a slide (2): a group, what is in it, a background. */
static void slide_drawing(struct rms_buf *out, uint32_t number)
{
    uint32_t shape = number * SHAPES_OF;
    uint32_t boxes = number - 1;
    size_t drawing = enter(out, CONTAINER, 0x040c);
    size_t content = enter(out, CONTAINER, 0xf002);
    size_t group;
    size_t first;

    RECORD(out, number << 4, 0xf008, 2 + boxes, shape + 1 + boxes); /* shapes, the last one's number */
    group = enter(out, CONTAINER, 0xf003);
    first = enter(out, CONTAINER, 0xf004);
    RECORD(out, 1, 0xf009, 0, 0, 0, 0);
    RECORD(out, 2, 0xf00a, shape, 5);
    leave(out, first);
    if (boxes > 0) {
        slide_text(out, shape + 1);
    }
    leave(out, group);
    first = enter(out, CONTAINER, 0xf004);
    RECORD(out, BACKGROUND, 0xf00a, shape + 1 + boxes, 0xc00);
    leave(out, first);
    leave(out, content);
    leave(out, drawing);
}

static void slide_colours(struct rms_buf *out)
{
    RECORD(out, 1 << 4, 0x07f0, 0xffffff, 0, 0x808080, 0, 0x99cc00, 0xcc3333, 0xffcccc, 0xb2b2b2);
}

static void put_master(struct rms_buf *out)
{
    size_t master = enter(out, CONTAINER, 0x03f8);

    RECORD(out, 2, 0x03ef, 0, 0, 0, 0, 0, 0);
    slide_colours(out);
    slide_drawing(out, 1);
    slide_colours(out);
    leave(out, master);
}

static void put_slide(struct rms_buf *out)
{
    size_t slide = enter(out, CONTAINER, 0x03ee);

    RECORD(
        out, 2, 0x03ef, 0x10, 0, 0, MASTER_ID, 0, 7); /* blank; objects, colours, background of the master */
    slide_drawing(out, 2);
    slide_colours(out);
    leave(out, slide);
}

static void put_fonts(struct rms_buf *out)
{
    static const char name[] = "Arial";
    size_t environment = enter(out, CONTAINER, 0x03f2);
    size_t fonts = enter(out, CONTAINER, 0x07d5);
    size_t font = enter(out, 0, 0x0fb7);

    for (size_t i = 0; i < 32; i++) {
        rms_buf_append_u16(out, i < sizeof name ? (uint8_t)name[i] : 0);
    }
    rms_buf_append_u32(out, 0x22040000);
    leave(out, font);
    leave(out, fonts);
    leave(out, environment);
}

static void put_list(struct rms_buf *out, uint32_t instance, uint32_t persist, uint32_t id)
{
    size_t list = enter(out, instance << 4 | CONTAINER, 0x0ff0);

    RECORD(out, 0, 0x03f3, persist, 0, 0, id, 0);
    leave(out, list);
}

static void put_presentation(struct rms_buf *out)
{
    size_t document = enter(out, CONTAINER, 0x03e8);
    size_t drawings;
    size_t group;

    /* sizes of slides and notes, zoom 5:10, no notes master, first number 1, show comments */
    RECORD(out, 1, 0x03e9, 5760, 4320, 4320, 5760, 5, 10, 0, 0, 1, 0x01000000);
    put_fonts(out);
    drawings = enter(out, CONTAINER, 0x040b);
    group = enter(out, CONTAINER, 0xf000);
    RECORD(out, 0, 0xf006, 3 * SHAPES_OF + 1, 3, 6, 2, 1, 3, 2, 4);
    leave(out, group);
    leave(out, drawings);
    put_list(out, 1, 2, MASTER_ID);
    put_list(out, 0, 3, SLIDE_ID);
    leave(out, enter(out, 0, 0x03ea));
    leave(out, document);
}

/* The stream that tells where to begin, with the name of who saved. */
static void put_user(struct rms_buf *out, uint32_t edit)
{
    static const char user[] = "OpenRMS";
    size_t begin = enter(out, 0, 0x0ff6);

    rms_buf_append_u32(out, 20);
    rms_buf_append_u32(out, 0xe391c05f); /* not encrypted */
    rms_buf_append_u32(out, edit);
    rms_buf_append_u16(out, sizeof user - 1);
    rms_buf_append_u16(out, 0x03f4); /* version 3.0 of the format */
    rms_buf_append_u32(out, 3);
    rms_buf_append_str(out, user);
    rms_buf_append_u32(out, 8);
    leave(out, begin);
}

static int put_powerpoint(struct rms_cfb_writer *writer, const char *name)
{
    static void (*const parts[])(struct rms_buf * out) = {put_presentation, put_master, put_slide};
    struct rms_buf RMS_BUF_CLEANUP document = RMS_BUF_INIT(STREAM_MAX);
    struct rms_buf RMS_BUF_CLEANUP user = RMS_BUF_INIT(STREAM_MAX);
    uint32_t at[3];
    uint32_t directory;
    uint32_t edit;

    for (size_t i = 0; i < 3; i++) {
        at[i] = (uint32_t)document.len;
        parts[i](&document);
    }
    directory = (uint32_t)document.len;
    RECORD(&document, 0, 0x1772, 3u << 20 | 1, at[0], at[1], at[2]); /* three, from number 1 on */
    edit = (uint32_t)document.len;
    RECORD(&document, 0, 0x0ff5, SLIDE_ID, 0x03000000, 0, directory, 1, 4, 1);
    put_user(&user, edit);
    zeros(&document, 4096);
    RMS_TRY(put(writer, name, &document));
    return put(writer, "Current User", &user);
}

/* --- the table --------------------------------------------------------------------------------------------
 */

int rms_placeholder_put(struct rms_cfb_writer *writer, const char *main_stream)
{
    static const struct {
        const char *main;
        int (*put)(struct rms_cfb_writer *writer, const char *name);
    } makers[] = {
        {"WordDocument", put_word}, {"Workbook", put_excel}, {"PowerPoint Document", put_powerpoint}};

    for (size_t i = 0; i < sizeof makers / sizeof makers[0]; i++) {
        if (strcmp(main_stream, makers[i].main) == 0) {
            return makers[i].put(writer, main_stream);
        }
    }
    return 0;
}
