#include "base/text.h"

#include <endian.h>
#include <unistr.h>

/* Inner loops over this many bytes have a constant length and no exit, so the compiler makes vectors. */
#define STRIDE 64u

static bool stride_ascii(const uint8_t *text)
{
    uint8_t all = 0;

    for (size_t i = 0; i < STRIDE; i++) {
        all |= text[i];
    }
    return all < 0x80;
}

static bool stride_has_nul(const uint8_t *text)
{
    uint8_t found = 0;

    for (size_t i = 0; i < STRIDE; i++) {
        found |= (uint8_t)(text[i] == 0);
    }
    return found != 0;
}

bool rms_text_valid(struct rms_view utf8)
{
    size_t pos = 0;

    if (utf8.len == 0) {
        return true;
    }
    while (utf8.len - pos >= STRIDE && stride_ascii(utf8.data + pos)) {
        if (stride_has_nul(utf8.data + pos)) {
            return false;
        }
        pos += STRIDE;
    }
    utf8 = rms_view_of(utf8.data + pos, utf8.len - pos);
    return utf8.len == 0 || (memchr(utf8.data, 0, utf8.len) == NULL && u8_check(utf8.data, utf8.len) == NULL);
}

bool rms_text_printable(struct rms_view utf8)
{
    if (!rms_text_valid(utf8)) {
        return false;
    }
    for (size_t i = 0; i < utf8.len; i++) {
        uint8_t c = utf8.data[i];

        /* U+0080 to U+009F are C2 80 to C2 9F; valid text has a byte behind C2. */
        if (c < 0x20 || c == 0x7f || (c == 0xc2 && utf8.data[i + 1] < 0xa0)) {
            return false;
        }
    }
    return true;
}

static void widen_stride(const uint8_t *text, uint8_t *out)
{
    uint16_t wide[STRIDE];

    for (size_t i = 0; i < STRIDE; i++) {
        wide[i] = htole16(text[i]);
    }
    memcpy(out, wide, sizeof wide);
}

static size_t put_utf16(ucs4_t c, uint8_t *out)
{
    uint32_t high;

    if (c < 0x10000) {
        out[0] = (uint8_t)c;
        out[1] = (uint8_t)(c >> 8);
        return 2;
    }
    high = 0xd800u + ((c - 0x10000) >> 10);
    out[0] = (uint8_t)high;
    out[1] = (uint8_t)(high >> 8);
    out[2] = (uint8_t)c;
    out[3] = (uint8_t)(0xdc | ((c >> 8) & 3));
    return 4;
}

/* One stride at most; a stride with other characters in it is done one by one. */
static size_t convert_some(struct rms_cursor *in, uint8_t *out)
{
    size_t end = in->pos + (rms_cursor_left(in) < STRIDE ? rms_cursor_left(in) : STRIDE);
    size_t written = 0;
    ucs4_t c;
    int used;

    if (end - in->pos == STRIDE && stride_ascii(in->data + in->pos)) {
        widen_stride(in->data + in->pos, out);
        in->pos = end;
        return (size_t)STRIDE * 2;
    }
    while (in->pos < end && !in->bad) {
        used = in->data[in->pos] < 0x80 ? 1 : u8_mbtoucr(&c, in->data + in->pos, rms_cursor_left(in));
        if (used <= 0) {
            in->bad = true;
            break;
        }
        written += put_utf16(used == 1 ? in->data[in->pos] : c, out + written);
        in->pos += (size_t)used;
    }
    return written;
}

size_t rms_text_utf16_chunk(struct rms_cursor *utf8, uint8_t *out, size_t cap)
{
    size_t written = 0;

    while (utf8->pos < utf8->len && !utf8->bad && cap - written >= RMS_UTF16_CHUNK_MIN) {
        written += convert_some(utf8, out + written);
    }
    return written;
}

int rms_text_to_utf16(struct rms_view utf8, struct rms_buf *out)
{
    struct rms_cursor in = rms_cursor_of(utf8);
    uint8_t chunk[RMS_UTF16_CHUNK_MIN];
    size_t room = utf8.len <= out->max / 2 ? utf8.len * 2 : 0;
    uint8_t *place;

    /* Two bytes for each are always enough; only near the buffer's maximum does the exact count matter. */
    if (room > 0 && room <= out->max - out->len && (place = rms_buf_reserve(out, room)) != NULL) {
        while (in.pos < in.len && !in.bad) {
            place += convert_some(&in, place);
        }
        if (!in.bad) {
            rms_buf_commit(out, (size_t)(place - (out->data + out->len)));
        }
        return in.bad ? RMS_E_BAD_ARGUMENT : 0;
    }
    while (in.pos < in.len && !in.bad) {
        rms_buf_append(out, chunk, rms_text_utf16_chunk(&in, chunk, sizeof chunk));
    }
    return in.bad ? RMS_E_BAD_ARGUMENT : rms_buf_status(out);
}

/* The character at the cursor; marks it bad for a lone surrogate. */
static ucs4_t take_utf16(struct rms_cursor *in)
{
    uint32_t unit = rms_cursor_u16(in);
    uint32_t low;

    if (unit < 0xd800 || unit > 0xdfff) {
        return unit;
    }
    low = rms_cursor_u16(in);
    if (unit > 0xdbff || low < 0xdc00 || low > 0xdfff) {
        in->bad = true;
        return 0;
    }
    return 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
}

int rms_text_from_utf16(struct rms_view utf16le, struct rms_buf *out)
{
    struct rms_cursor in = rms_cursor_of(utf16le);
    size_t start = out->len;
    uint8_t chunk[1024];
    size_t used = 0;
    ucs4_t c;

    while (rms_cursor_left(&in) > 0 && !in.bad) {
        c = take_utf16(&in);
        if (c < 0x80) {
            chunk[used++] = (uint8_t)c;
        } else {
            used += (size_t)u8_uctomb(chunk + used, c, (ptrdiff_t)(sizeof chunk - used));
        }
        if (used > sizeof chunk - 8) {
            rms_buf_append(out, chunk, used);
            used = 0;
        }
    }
    if (in.bad) {
        rms_buf_truncate(out, start);
        return RMS_E_BAD_ARGUMENT;
    }
    rms_buf_append(out, chunk, used);
    return rms_buf_status(out);
}

static uint8_t ascii_lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

bool rms_text_equal_nocase(const char *a, const char *b)
{
    while (*a != '\0' && ascii_lower((uint8_t)*a) == ascii_lower((uint8_t)*b)) {
        a++;
        b++;
    }
    return ascii_lower((uint8_t)*a) == ascii_lower((uint8_t)*b);
}

static const char *xml_entity(uint8_t c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    default:
        return NULL;
    }
}

void rms_text_xml_escape(struct rms_buf *out, struct rms_view text)
{
    size_t start = 0;
    const char *entity;

    for (size_t i = 0; i < text.len; i++) {
        entity = xml_entity(text.data[i]);
        if (entity != NULL) {
            rms_buf_append(out, text.data + start, i - start);
            rms_buf_append_str(out, entity);
            start = i + 1;
        }
    }
    if (start < text.len) {
        rms_buf_append(out, text.data + start, text.len - start);
    }
}

#define WORD_MAX 64

/* Edit distance of optimal string alignment: insert, delete, replace, swap of neighbours, without case. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    uint8_t rows[3][WORD_MAX + 1];
    uint8_t *before = rows[0]; /* row i - 2 */
    uint8_t *last = rows[1];
    uint8_t *row = rows[2];
    uint8_t *turn;

    for (size_t j = 0; j <= b_len; j++) {
        last[j] = (uint8_t)j;
        before[j] = 0;
    }
    for (size_t i = 1; i <= a_len; i++) {
        row[0] = (uint8_t)i;
        for (size_t j = 1; j <= b_len; j++) {
            bool same = ascii_lower((uint8_t)a[i - 1]) == ascii_lower((uint8_t)b[j - 1]);
            size_t best = (size_t)last[j - 1] + !same;

            best = last[j] + 1u < best ? last[j] + 1u : best;
            best = row[j - 1] + 1u < best ? row[j - 1] + 1u : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1u < best) {
                best = before[j - 2] + 1u;
            }
            row[j] = (uint8_t)best;
        }
        turn = before;
        before = last;
        last = row;
        row = turn;
    }
    return last[b_len];
}

const char *rms_text_nearest(const char *word, const char *const *list)
{
    size_t len = strlen(word);
    const char *best = NULL;
    size_t best_distance = 3;
    size_t found;

    if (len > WORD_MAX) {
        return NULL;
    }
    for (; *list != NULL; list++) {
        if (strlen(*list) > WORD_MAX) {
            continue;
        }
        found = distance(word, len, *list, strlen(*list));
        if (found < best_distance) {
            best_distance = found;
            best = *list;
        }
    }
    return best;
}
