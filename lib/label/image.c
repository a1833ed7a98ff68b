#include "label/image.h"

#include <zlib.h>

#include "format/reader.h"
#include "label/splice.h"
#include "label/xmp.h"

#define SPLICES_MAX  2u
#define BLOCKS_MAX   65536u /* chunks or segments in front of the packet */
#define IFD_MAX      4096u  /* entries */
#define ENTRY        12u
#define TIFF_XMP     700u
#define TIFF_UNKNOWN 7u /* type of the tag: bytes */
#define SEGMENT_MAX  65533u

/* Where the packet is, or goes. */
struct place {
    bool found;
    uint64_t at, len;  /* of the packet */
    uint64_t from, to; /* of what holds it and is replaced as a whole; from == to: comes in here */
    uint64_t entry;    /* of a TIFF: its directory's entry, or the directory when not found */
    bool big_endian;
};

struct kind {
    const char *magic;
    size_t magic_len;
    int (*find)(const struct rms_reader *image, struct place *place);
    /* What to replace by a packet of these bytes; the splices' bytes are in out, whose memory does not move.
     */
    int (*put)(const struct rms_reader *image, const struct place *place, struct rms_view packet,
        struct rms_buf *out);
};

static uint32_t big(const uint8_t *bytes, size_t len)
{
    uint32_t value = 0;

    for (size_t i = 0; i < len; i++) {
        value = value << 8 | bytes[i];
    }
    return value;
}

static void put_big(struct rms_buf *out, uint32_t value, size_t len)
{
    while (len-- > 0) {
        rms_buf_append_byte(out, (uint8_t)(value >> (8 * len)));
    }
}

static bool begins(const struct rms_reader *image, uint64_t at, uint64_t len, struct rms_view with)
{
    uint8_t head[64];

    return with.len <= len && with.len <= sizeof head && rms_reader_at(image, at, head, with.len) == 0 &&
           memcmp(head, with.data, with.len) == 0;
}

/* --- PNG ------------------------------------------------------------------------------------------------ */

#define PNG_HEAD  8u  /* signature */
#define PNG_EXTRA 12u /* length, type and checksum of a chunk */
#define PNG_FIRST 33u /* behind the first chunk, which is always the same */
static const uint8_t png_keyword[22] =
    "XML:com.adobe.xmp\0\0\0\0"; /* the last five: not packed, no language */

static int find_png(const struct rms_reader *image, struct place *place)
{
    uint64_t at = PNG_HEAD;

    place->from = place->to = PNG_FIRST;
    for (unsigned i = 0; i < BLOCKS_MAX && at < image->size; i++) {
        uint8_t head[8];
        uint64_t len;

        RMS_TRY(rms_reader_at(image, at, head, sizeof head));
        len = big(head, 4);
        if (i == 0 && (len != 13 || memcmp(head + 4, "IHDR", 4) != 0)) {
            return RMS_E_DAMAGED;
        }
        if (memcmp(head + 4, "iTXt", 4) == 0 &&
            begins(image, at + 8, len, rms_view_of(png_keyword, sizeof png_keyword))) {
            *place = (struct place){.found = true,
                .at = at + 8 + sizeof png_keyword,
                .len = len - sizeof png_keyword,
                .from = at,
                .to = at + PNG_EXTRA + len};
            return 0;
        }
        if (memcmp(head + 4, "IEND", 4) == 0) {
            return 0;
        }
        at += PNG_EXTRA + len;
    }
    return RMS_E_DAMAGED;
}

static int put_png(
    const struct rms_reader *image, const struct place *place, struct rms_view packet, struct rms_buf *out)
{
    size_t start;

    (void)image;
    (void)place;
    put_big(out, (uint32_t)(sizeof png_keyword + packet.len), 4);
    start = out->len;
    rms_buf_append_str(out, "iTXt");
    rms_buf_append(out, png_keyword, sizeof png_keyword);
    rms_buf_append_view(out, packet);
    RMS_TRY(rms_buf_status(out));
    put_big(out, (uint32_t)crc32(0, out->data + start, (uInt)(out->len - start)), 4);
    return rms_buf_status(out);
}

/* --- JPEG ----------------------------------------------------------------------------------------------- */

static const uint8_t jpeg_signature[29] = "http://ns.adobe.com/xap/1.0/";

static int find_jpeg(const struct rms_reader *image, struct place *place)
{
    uint64_t at = 2;
    bool first = true;

    place->from = place->to = at;
    for (unsigned i = 0; i < BLOCKS_MAX; i++) {
        uint8_t head[4];
        uint64_t len;

        RMS_TRY(rms_reader_at(image, at, head, sizeof head));
        if (head[0] != 0xff) {
            return RMS_E_DAMAGED;
        }
        if (head[1] == 0xff) { /* filling */
            at++;
            continue;
        }
        if (head[1] == 0xda || head[1] == 0xd9) { /* the picture begins */
            return 0;
        }
        len = big(head + 2, 2);
        if (len < 2) {
            return RMS_E_DAMAGED;
        }
        if (head[1] == 0xe1 &&
            begins(image, at + 4, len - 2, rms_view_of(jpeg_signature, sizeof jpeg_signature))) {
            *place = (struct place){.found = true,
                .at = at + 4 + sizeof jpeg_signature,
                .len = len - 2 - sizeof jpeg_signature,
                .from = at,
                .to = at + 2 + len};
            return 0;
        }
        /* behind what readers want to see first: JFIF and Exif */
        first = first && (head[1] == 0xe0 || head[1] == 0xe1);
        at += 2 + len;
        if (first) {
            place->from = place->to = at;
        }
    }
    return RMS_E_DAMAGED;
}

static int put_jpeg(
    const struct rms_reader *image, const struct place *place, struct rms_view packet, struct rms_buf *out)
{
    (void)image;
    (void)place;
    if (packet.len > SEGMENT_MAX - sizeof jpeg_signature) {
        return RMS_E_LIMIT;
    }
    put_big(out, 0xffe1, 2);
    put_big(out, (uint32_t)(2 + sizeof jpeg_signature + packet.len), 2);
    rms_buf_append(out, jpeg_signature, sizeof jpeg_signature);
    rms_buf_append_view(out, packet);
    return rms_buf_status(out);
}

/* --- TIFF ----------------------------------------------------------------------------------------------- */

static uint32_t number(const struct place *place, const uint8_t *bytes, size_t len)
{
    uint32_t value = 0;

    if (place->big_endian) {
        return big(bytes, len);
    }
    while (len-- > 0) {
        value = value << 8 | bytes[len];
    }
    return value;
}

static void put_number(const struct place *place, struct rms_buf *out, uint32_t value, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        rms_buf_append_byte(out, (uint8_t)(value >> (8 * (place->big_endian ? len - 1 - i : i))));
    }
}

/* The entry of the first directory. */
static int find_tiff(const struct rms_reader *image, struct place *place)
{
    uint8_t head[8];
    uint32_t count;

    RMS_TRY(rms_reader_at(image, 0, head, sizeof head));
    place->big_endian = head[0] == 'M';
    place->entry = number(place, head + 4, 4);
    RMS_TRY(rms_reader_at(image, place->entry, head, 2));
    count = number(place, head, 2);
    if (count > IFD_MAX) {
        return RMS_E_LIMIT;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint8_t entry[ENTRY];
        uint64_t at = place->entry + 2 + (uint64_t)i * ENTRY;

        RMS_TRY(rms_reader_at(image, at, entry, sizeof entry));
        if (number(place, entry, 2) == TIFF_XMP) {
            place->found = true;
            place->entry = at;
            place->len = number(place, entry + 4, 4);
            place->at = place->len > 4 ? number(place, entry + 8, 4) : at + 8;
            return 0;
        }
    }
    return 0;
}

static void put_entry(const struct place *place, uint64_t at, size_t len, struct rms_buf *out)
{
    put_number(place, out, TIFF_XMP, 2);
    put_number(place, out, TIFF_UNKNOWN, 2);
    put_number(place, out, (uint32_t)len, 4);
    put_number(place, out, (uint32_t)at, 4);
}

/* A copy of the directory with one entry more, in the order of tags. */
static int put_directory(const struct rms_reader *image, const struct place *place, uint64_t packet_at,
    size_t len, struct rms_buf *out)
{
    uint8_t entry[ENTRY];
    uint32_t count;
    bool done = false;

    RMS_TRY(rms_reader_at(image, place->entry, entry, 2));
    count = number(place, entry, 2);
    put_number(place, out, count + 1, 2);
    for (uint32_t i = 0; i < count; i++) {
        RMS_TRY(rms_reader_at(image, place->entry + 2 + (uint64_t)i * ENTRY, entry, sizeof entry));
        if (!done && number(place, entry, 2) > TIFF_XMP) {
            put_entry(place, packet_at, len, out);
            done = true;
        }
        rms_buf_append(out, entry, sizeof entry);
    }
    if (!done) {
        put_entry(place, packet_at, len, out);
    }
    RMS_TRY(rms_reader_at(image, place->entry + 2 + (uint64_t)count * ENTRY, entry, 4)); /* the next one */
    rms_buf_append(out, entry, 4);
    return rms_buf_status(out);
}

/* The packet goes to the end of the file, behind it a directory when there was no entry. */
static int put_tiff(
    const struct rms_reader *image, const struct place *place, struct rms_view packet, struct rms_buf *out)
{
    uint64_t at = (image->size + 1) & ~(uint64_t)1;

    if (at + packet.len + IFD_MAX * (uint64_t)ENTRY > UINT32_MAX) {
        return RMS_E_LIMIT;
    }
    if (at != image->size) {
        rms_buf_append_byte(out, 0);
    }
    rms_buf_append_view(out, packet);
    if (packet.len % 2 != 0) {
        rms_buf_append_byte(out, 0);
    }
    return place->found ? rms_buf_status(out) : put_directory(image, place, at, packet.len, out);
}

/* --- the table ------------------------------------------------------------------------------------------ */

static const struct kind kinds[] = {
    {"\x89PNG\r\n\x1a\n", 8, find_png, put_png},
    {"\xff\xd8\xff", 3, find_jpeg, put_jpeg},
    {"II*\0", 4, find_tiff, put_tiff},
    {"MM\0*", 4, find_tiff, put_tiff},
};

static int find_place(const struct rms_reader *image, const struct kind **kind_out, struct place *place)
{
    *place = (struct place){.found = false};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (begins(image, 0, image->size, rms_view_of(kinds[i].magic, kinds[i].magic_len))) {
            *kind_out = &kinds[i];
            return kinds[i].find(image, place);
        }
    }
    return RMS_E_UNSUPPORTED;
}

static int read_packet(const struct rms_reader *image, const struct place *place, struct rms_buf *out)
{
    uint8_t *bytes;

    if (!place->found || place->len == 0) {
        return 0;
    }
    if (place->len > RMS_XMP_MAX) {
        return RMS_E_LIMIT;
    }
    bytes = rms_buf_reserve(out, (size_t)place->len);
    if (bytes == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_reader_at(image, place->at, bytes, (size_t)place->len));
    rms_buf_commit(out, (size_t)place->len);
    return 0;
}

int rms_label_image_read(int fd, struct rms_label_pairs *pairs)
{
    struct rms_buf RMS_BUF_CLEANUP packet = RMS_BUF_INIT(RMS_XMP_MAX);
    const struct kind *kind;
    struct rms_reader image;
    struct place place;

    RMS_TRY(rms_reader_of_fd(&fd, &image));
    RMS_TRY(find_place(&image, &kind, &place));
    RMS_TRY(read_packet(&image, &place, &packet));
    return packet.len > 0 ? rms_label_xmp_read(rms_buf_view(&packet), RMS_XMP_MSIP, pairs) : 0;
}

/* Of a TIFF the bytes go to its end, and what points there changes: the entry's type, length and place, or
 * the place of the first directory. */
static int splice_tiff(int fd, int out, const struct rms_reader *image, const struct place *place,
    const struct rms_buf *bytes, size_t packet_len)
{
    struct rms_buf RMS_BUF_CLEANUP pointer = RMS_BUF_INIT(ENTRY);
    uint64_t packet_at = (image->size + 1) & ~(uint64_t)1;
    struct rms_splice splices[SPLICES_MAX] = {
        {.at = place->found ? place->entry : 4}, {.at = image->size, .put = rms_buf_view(bytes)}};

    if (place->found) {
        put_entry(place, packet_at, packet_len, &pointer);
    } else {
        put_number(place, &pointer, (uint32_t)(packet_at + ((packet_len + 1) & ~(size_t)1)), 4);
    }
    splices[0].gone = pointer.len;
    splices[0].put = rms_buf_view(&pointer);
    return rms_splice(fd, out, splices, SPLICES_MAX);
}

int rms_label_image_write(int fd, int out, const struct rms_label_pairs *pairs)
{
    struct rms_buf RMS_BUF_CLEANUP old = RMS_BUF_INIT(RMS_XMP_MAX);
    struct rms_buf RMS_BUF_CLEANUP new = RMS_BUF_INIT(RMS_XMP_MAX);
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(2 * RMS_XMP_MAX);
    const struct kind *kind;
    struct rms_reader image;
    struct place place;

    RMS_TRY(rms_reader_of_fd(&fd, &image));
    RMS_TRY(find_place(&image, &kind, &place));
    RMS_TRY(read_packet(&image, &place, &old));
    RMS_TRY(rms_label_xmp_write(rms_buf_view(&old), RMS_XMP_MSIP, pairs, &new));
    RMS_TRY(kind->put(&image, &place, rms_buf_view(&new), &bytes));
    if (kind->find == find_tiff) {
        return splice_tiff(fd, out, &image, &place, &bytes, new.len);
    }
    return rms_splice(
        fd, out, &(struct rms_splice){place.from, place.to - place.from, rms_buf_view(&bytes)}, 1);
}
