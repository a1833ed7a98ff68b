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

/* --- the table; PowerPoint's smallest document is not small, and has none here
 * -------------------------------------------------------------------------------------------- */

int rms_placeholder_put(struct rms_cfb_writer *writer, const char *main_stream)
{
    static const struct {
        const char *main;
        int (*put)(struct rms_cfb_writer *writer, const char *name);
    } makers[] = {{"WordDocument", put_word}, {"Workbook", put_excel}};

    for (size_t i = 0; i < sizeof makers / sizeof makers[0]; i++) {
        if (strcmp(main_stream, makers[i].main) == 0) {
            return makers[i].put(writer, main_stream);
        }
    }
    return 0;
}
