/* The header of a 7z file, read before libarchive reads it: libarchive reserves what the header asks for,
 * whatever that is, and says of a password only that something failed. Format: 7zFormat.txt of the LZMA SDK.
 */
#include <lzma.h>

#include "archive/ops.h"
#include "base/cursor.h"
#include "base/mem.h"

#define HEADER_MAX (16u << 20) /* 100 000 members with long names */
#define CODERS_MAX 32u

enum {
    END = 0,
    HEADER = 1,
    ARCHIVE_PROPERTIES = 2,
    MAIN_STREAMS = 4,
    FILES = 5,
    PACK = 6,
    UNPACK = 7,
    SUBSTREAMS = 8,
    SIZE = 9,
    DIGESTS = 10,
    FOLDER = 11,
    UNPACK_SIZES = 12,
    STREAM_COUNTS = 13,
    ENCODED_HEADER = 23
};

#define METHOD_COPY  0x00u
#define METHOD_LZMA2 0x21u
#define METHOD_LZMA  0x030101u
#define METHOD_PPMD  0x030401u
#define CLASS_CRYPTO 0x06u /* the first byte */

struct header {
    struct rms_cursor in;
    uint8_t *has_digest; /* of each folder */
    size_t folders, outputs;
    /* for a header that is packed itself */
    uint64_t pack_at, pack_size, unpack_size, method;
    struct rms_view properties; /* of the last coder */
    size_t coders;
};

/* 1 to 9 bytes; the leading ones of the first say how many follow. */
static uint64_t number(struct header *h)
{
    unsigned first = rms_cursor_u8(&h->in);
    uint64_t value = 0;
    unsigned i = 0;

    for (unsigned mask = 0x80; mask != 0; mask >>= 1, i++) {
        if ((first & mask) == 0) {
            return value | (uint64_t)(first & (mask - 1)) << (8 * i);
        }
        value |= (uint64_t)rms_cursor_u8(&h->in) << (8 * i);
    }
    return value;
}

static int count(struct header *h, size_t most, size_t *out)
{
    uint64_t value = number(h);

    *out = (size_t)value;
    if (h->in.bad) {
        return RMS_E_DAMAGED;
    }
    return value <= most ? 0 : RMS_E_ARCHIVE_LIMIT;
}

static int numbers(struct header *h, size_t many)
{
    for (size_t i = 0; i < many && !h->in.bad; i++) {
        (void)number(h);
    }
    return h->in.bad ? RMS_E_DAMAGED : 0;
}

/* flags, when wanted, get one byte for each of many. */
static int digests(struct header *h, size_t many, uint8_t *flags)
{
    bool all = rms_cursor_u8(&h->in) != 0;
    struct rms_view bits = all ? rms_view_of(NULL, 0) : rms_cursor_take(&h->in, (many + 7) / 8);
    size_t defined = 0;

    if (h->in.bad) {
        return RMS_E_DAMAGED;
    }
    for (size_t i = 0; i < many; i++) {
        bool here = all || (bits.data[i / 8] >> (7 - i % 8) & 1) != 0;

        defined += here;
        if (flags != NULL) {
            flags[i] = here;
        }
    }
    (void)rms_cursor_take(&h->in, 4 * defined);
    return h->in.bad ? RMS_E_DAMAGED : 0;
}

static int read_pack(struct header *h)
{
    size_t streams;

    h->pack_at = number(h);
    RMS_TRY(count(h, RMS_ARCHIVE_MEMBERS_MAX, &streams));
    for (;;) {
        switch (rms_cursor_u8(&h->in)) {
        case END:
            return h->in.bad ? RMS_E_DAMAGED : 0;
        case SIZE:
            if (streams > 0) {
                h->pack_size = number(h);
                RMS_TRY(numbers(h, streams - 1));
            }
            break;
        case DIGESTS:
            RMS_TRY(digests(h, streams, NULL));
            break;
        default:
            return RMS_E_DAMAGED;
        }
    }
}

/* --- what a coder takes -----------------------------------------------------------------------------------
 */

static uint64_t little32(struct rms_view bytes, size_t at)
{
    return bytes.len < at + 4 ? UINT64_MAX
                              : bytes.data[at] | (uint64_t)bytes.data[at + 1] << 8 |
                                    (uint64_t)bytes.data[at + 2] << 16 | (uint64_t)bytes.data[at + 3] << 24;
}

static uint64_t lzma2_dictionary(struct rms_view bytes)
{
    unsigned code = bytes.len > 0 ? bytes.data[0] : 40;

    return code >= 40 ? UINT32_MAX : (uint64_t)(2 | (code & 1)) << (code / 2 + 11);
}

static uint64_t memory_of(uint64_t method, struct rms_view properties)
{
    switch (method) {
    case METHOD_LZMA:
    case METHOD_PPMD:
        return little32(properties, 1);
    case METHOD_LZMA2:
        return lzma2_dictionary(properties);
    default: /* filters, deflate, bzip2: little */
        return 0;
    }
}

static int read_coder(struct header *h, uint64_t *memory, size_t *inputs, size_t *outputs)
{
    unsigned flags = rms_cursor_u8(&h->in);
    struct rms_view id = rms_cursor_take(&h->in, flags & 0x0f);
    size_t in = 1;
    size_t out = 1;
    size_t len = 0;

    if ((flags & 0xc0) != 0 || id.len > 8) {
        return RMS_E_UNSUPPORTED;
    }
    h->method = 0;
    for (size_t i = 0; i < id.len; i++) {
        h->method = h->method << 8 | id.data[i];
    }
    if ((flags & 0x10) != 0) {
        RMS_TRY(count(h, CODERS_MAX, &in));
        RMS_TRY(count(h, CODERS_MAX, &out));
    }
    if ((flags & 0x20) != 0) {
        RMS_TRY(count(h, 1024, &len));
    }
    h->properties = rms_cursor_take(&h->in, len);
    if (h->in.bad) {
        return RMS_E_DAMAGED;
    }
    if (id.len > 1 && id.data[0] == CLASS_CRYPTO) {
        return RMS_E_PASSWORD;
    }
    *memory += memory_of(h->method, h->properties);
    *inputs += in;
    *outputs += out;
    return *memory <= RMS_ARCHIVE_MEMORY_MAX ? 0 : RMS_E_ARCHIVE_LIMIT;
}

static int read_folder(struct header *h)
{
    uint64_t memory = 0;
    size_t inputs = 0;
    size_t outputs = 0;
    size_t packed;

    RMS_TRY(count(h, CODERS_MAX, &h->coders));
    for (size_t i = 0; i < h->coders; i++) {
        RMS_TRY(read_coder(h, &memory, &inputs, &outputs));
    }
    if (outputs == 0 || inputs < outputs) {
        return RMS_E_DAMAGED;
    }
    packed = inputs - (outputs - 1);
    RMS_TRY(numbers(h, 2 * (outputs - 1) + (packed > 1 ? packed : 0)));
    h->outputs += outputs;
    return 0;
}

static int read_unpack(struct header *h)
{
    if (rms_cursor_u8(&h->in) != FOLDER) {
        return RMS_E_DAMAGED;
    }
    RMS_TRY(count(h, RMS_ARCHIVE_MEMBERS_MAX, &h->folders));
    if (rms_cursor_u8(&h->in) != 0) { /* described elsewhere: nobody writes that */
        return RMS_E_UNSUPPORTED;
    }
    rms_free(h->has_digest);
    h->has_digest = rms_calloc(h->folders + 1, 1);
    if (h->has_digest == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < h->folders; i++) {
        RMS_TRY(read_folder(h));
    }
    for (;;) {
        switch (rms_cursor_u8(&h->in)) {
        case END:
            return h->in.bad ? RMS_E_DAMAGED : 0;
        case UNPACK_SIZES:
            if (h->outputs > 0) {
                h->unpack_size = number(h);
                RMS_TRY(numbers(h, h->outputs - 1));
            }
            break;
        case DIGESTS:
            RMS_TRY(digests(h, h->folders, h->has_digest));
            break;
        default:
            return RMS_E_DAMAGED;
        }
    }
}

/* counts: files in each folder. */
static int read_substream(struct header *h, uint32_t *counts, bool *more)
{
    size_t all = 0;
    size_t undigested = 0;
    unsigned id = rms_cursor_u8(&h->in);

    *more = id != END;
    for (size_t i = 0; i < h->folders; i++) {
        if (id == STREAM_COUNTS) {
            size_t files;

            RMS_TRY(count(h, RMS_ARCHIVE_MEMBERS_MAX - all, &files));
            counts[i] = (uint32_t)files;
        } else if (id == SIZE) {
            RMS_TRY(numbers(h, counts[i] > 0 ? counts[i] - 1 : 0));
        }
        all += counts[i];
        undigested += counts[i] == 1 && h->has_digest[i] ? 0 : counts[i];
    }
    if (id == DIGESTS) {
        return digests(h, undigested, NULL);
    }
    return h->in.bad || (id != END && id != STREAM_COUNTS && id != SIZE) ? RMS_E_DAMAGED : 0;
}

static int read_substreams(struct header *h)
{
    uint32_t *counts = rms_calloc(h->folders + 1, sizeof *counts);
    bool more = true;
    int status = counts != NULL && h->has_digest != NULL ? 0 : RMS_E_DAMAGED;

    for (size_t i = 0; status == 0 && i < h->folders; i++) {
        counts[i] = 1;
    }
    while (status == 0 && more) {
        status = read_substream(h, counts, &more);
    }
    rms_free(counts);
    return status;
}

static int read_streams(struct header *h)
{
    for (;;) {
        unsigned id = rms_cursor_u8(&h->in);

        if (id == PACK) {
            RMS_TRY(read_pack(h));
        } else if (id == UNPACK) {
            RMS_TRY(read_unpack(h));
        } else if (id == SUBSTREAMS) {
            RMS_TRY(read_substreams(h));
        } else {
            return id == END && !h->in.bad ? 0 : RMS_E_DAMAGED;
        }
    }
}

static int read_properties(struct header *h)
{
    while (rms_cursor_u8(&h->in) != END) {
        size_t len;

        RMS_TRY(count(h, HEADER_MAX, &len));
        (void)rms_cursor_take(&h->in, len);
    }
    return h->in.bad ? RMS_E_DAMAGED : 0;
}

/* As far as the number of files: what follows is no longer than the header itself. */
static int read_header(struct header *h)
{
    for (;;) {
        unsigned id = rms_cursor_u8(&h->in);
        size_t files;

        if (id == ARCHIVE_PROPERTIES) {
            RMS_TRY(read_properties(h));
        } else if (id == MAIN_STREAMS) {
            RMS_TRY(read_streams(h));
        } else if (id == FILES) {
            return count(h, RMS_ARCHIVE_MEMBERS_MAX, &files);
        } else {
            return id == END && !h->in.bad ? 0 : (h->in.bad ? RMS_E_DAMAGED : RMS_E_UNSUPPORTED);
        }
    }
}

/* --- a header that is packed ------------------------------------------------------------------------------
 */

static int decode(const struct header *h, struct rms_view packed, uint8_t *place)
{
    lzma_stream stream = LZMA_STREAM_INIT;
    unsigned code = h->properties.len == 5 ? h->properties.data[0] : 255;
    lzma_options_lzma options = {.dict_size = (uint32_t)little32(h->properties, 1),
        .lc = code % 9,
        .lp = code / 9 % 5,
        .pb = code / 45};
    const lzma_filter filters[] = {{LZMA_FILTER_LZMA1, &options}, {LZMA_VLI_UNKNOWN, NULL}};
    lzma_ret result;

    if (code >= 225 || lzma_raw_decoder(&stream, filters) != LZMA_OK) {
        return RMS_E_DAMAGED;
    }
    stream.next_in = packed.data;
    stream.avail_in = packed.len;
    stream.next_out = place;
    stream.avail_out = (size_t)h->unpack_size;
    result = lzma_code(&stream, LZMA_RUN);
    code = stream.avail_out == 0;
    lzma_end(&stream);
    return code != 0 && (result == LZMA_OK || result == LZMA_STREAM_END) ? 0 : RMS_E_DAMAGED;
}

static int unpack_header(const struct rms_archive *archive, const struct header *h, struct rms_buf *out)
{
    struct rms_buf RMS_BUF_CLEANUP packed = RMS_BUF_INIT(HEADER_MAX);
    uint8_t *from;
    uint8_t *to;

    if (h->folders != 1 || h->coders != 1 || (h->method != METHOD_LZMA && h->method != METHOD_COPY)) {
        return RMS_E_UNSUPPORTED;
    }
    if (h->pack_size > HEADER_MAX || h->unpack_size > HEADER_MAX || h->pack_at > archive->size) {
        return RMS_E_ARCHIVE_LIMIT;
    }
    from = rms_buf_reserve(&packed, (size_t)h->pack_size);
    to = rms_buf_reserve(out, (size_t)h->unpack_size);
    if (from == NULL || to == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_archive_pread(archive, 32 + h->pack_at, from, (size_t)h->pack_size));
    if (h->method == METHOD_LZMA) {
        RMS_TRY(decode(h, rms_view_of(from, (size_t)h->pack_size), to));
    } else if (h->pack_size != h->unpack_size) {
        return RMS_E_DAMAGED;
    } else {
        memcpy(to, from, (size_t)h->unpack_size);
    }
    rms_buf_commit(out, (size_t)h->unpack_size);
    return 0;
}

static int check_header(const struct rms_archive *archive, struct rms_view bytes, bool may_be_packed);

static int check_packed(const struct rms_archive *archive, struct header *h)
{
    struct rms_buf RMS_BUF_CLEANUP clear = RMS_BUF_INIT(HEADER_MAX);

    RMS_TRY(read_streams(h));
    RMS_TRY(unpack_header(archive, h, &clear));
    return check_header(archive, rms_buf_view(&clear), false);
}

static int check_header(const struct rms_archive *archive, struct rms_view bytes, bool may_be_packed)
{
    struct header h = {.in = rms_cursor_of(bytes)};
    unsigned id = rms_cursor_u8(&h.in);
    int status = RMS_E_DAMAGED;

    if (id == HEADER) {
        status = read_header(&h);
    } else if (id == ENCODED_HEADER && may_be_packed) {
        status = check_packed(archive, &h);
    }
    rms_free(h.has_digest);
    return status;
}

int rms_sevenzip_check(const struct rms_archive *archive)
{
    static const uint8_t magic[6] = {'7', 'z', 0xbc, 0xaf, 0x27, 0x1c};
    struct rms_buf RMS_BUF_CLEANUP header = RMS_BUF_INIT(HEADER_MAX);
    uint8_t start[32] = {0};
    struct rms_cursor in = rms_cursor_of(rms_view_of(start, sizeof start));
    uint64_t at;
    uint64_t len;
    uint8_t *place;

    if (rms_archive_pread(archive, 0, start, sizeof start) != 0 || memcmp(start, magic, sizeof magic) != 0) {
        return RMS_E_NOT_FOUND;
    }
    (void)rms_cursor_take(&in, 12);
    at = rms_cursor_u64(&in);
    len = rms_cursor_u64(&in);
    if (len == 0) {
        return 0; /* no members */
    }
    if (at > archive->size || len > archive->size - at) {
        return RMS_E_DAMAGED;
    }
    place = len <= HEADER_MAX ? rms_buf_reserve(&header, (size_t)len) : NULL;
    if (place == NULL) {
        return RMS_E_ARCHIVE_LIMIT;
    }
    RMS_TRY(rms_archive_pread(archive, sizeof start + at, place, (size_t)len));
    rms_buf_commit(&header, (size_t)len);
    return check_header(archive, rms_buf_view(&header), true);
}
