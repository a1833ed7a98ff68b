#include "label/pfile.h"

#include "base/cursor.h"
#include "format/pfile.h"
#include "label/splice.h"
#include "label/xmp.h"

#define REDIRECT_AT 14u /* its length; behind the text the header */
#define EXTENSION   4u  /* fields in the header: place and length */
#define CONTENT     20u
#define METADATA    32u

static int parse(const struct rms_reader *file, struct rms_pfile *pfile)
{
    int code = rms_pfile_parse(file, pfile);

    return code == RMS_E_NOT_PROTECTED ? RMS_E_UNSUPPORTED : code;
}

/* Where the packet begins: behind the note of whoever saved the content last (doc/format/pfile.md). */
static struct rms_view packet_in(const struct rms_buf *metadata)
{
    static const char note[] = "OpenRMS.";
    const uint8_t *from = metadata->data;

    if (metadata->len >= sizeof note - 1 && memcmp(from, note, sizeof note - 1) == 0) {
        from = memchr(from, '<', metadata->len);
    }
    return from != NULL ? rms_view_of(from, (size_t)(metadata->data + metadata->len - from))
                        : rms_view_of(NULL, 0);
}

/* Without the NULs that some writers put behind it. */
static int read_metadata(const struct rms_reader *file, const struct rms_pfile *pfile, struct rms_buf *out)
{
    uint8_t *bytes;
    size_t len = (size_t)pfile->metadata_len;

    if (len == 0) {
        return 0;
    }
    bytes = len <= RMS_PFILE_METADATA_MAX ? rms_buf_reserve(out, len) : NULL;
    if (bytes == NULL) {
        return RMS_E_LIMIT;
    }
    RMS_TRY(rms_reader_at(file, pfile->metadata_offset, bytes, len));
    while (len > 0 && bytes[len - 1] == 0) {
        len--;
    }
    rms_buf_commit(out, len);
    return 0;
}

int rms_label_pfile_read(int fd, struct rms_label_pairs *pairs)
{
    struct rms_buf RMS_BUF_CLEANUP metadata = RMS_BUF_INIT(RMS_PFILE_METADATA_MAX);
    struct rms_pfile pfile;
    struct rms_reader file;
    struct rms_view packet;

    RMS_TRY(rms_reader_of_fd(&fd, &file));
    RMS_TRY(parse(&file, &pfile));
    RMS_TRY(read_metadata(&file, &pfile, &metadata));
    packet = packet_in(&metadata);
    return packet.len > 0 ? rms_label_xmp_read(packet, RMS_XMP_MSIP, pairs) : 0;
}

int rms_label_pfile_metadata(const struct rms_label_pairs *pairs, struct rms_buf *out)
{
    return pairs->count > 0 ? rms_label_xmp_write(rms_view_of(NULL, 0), RMS_XMP_MSIP, pairs, out) : 0;
}

static uint32_t number(const uint8_t bytes[4])
{
    struct rms_cursor cursor = rms_cursor_of(rms_view_of(bytes, 4));

    return rms_cursor_u32(&cursor);
}

/* The new values of the header's fields about the metadata, and the metadata itself. */
static int splice(
    int fd, int out, const struct rms_reader *file, const struct rms_pfile *pfile, struct rms_view metadata)
{
    struct rms_buf RMS_BUF_CLEANUP content = RMS_BUF_INIT(4);
    struct rms_buf RMS_BUF_CLEANUP len = RMS_BUF_INIT(4);
    uint8_t redirect[4], extension[8];
    uint64_t header;
    uint64_t moved = pfile->content_offset - pfile->metadata_len + metadata.len;

    RMS_TRY(rms_reader_at(file, REDIRECT_AT, redirect, sizeof redirect));
    header = REDIRECT_AT + 4 + (uint64_t)number(redirect);
    RMS_TRY(rms_reader_at(file, header + EXTENSION, extension, sizeof extension));
    /* in another order than every writer's, what comes behind would have to be moved too */
    if (pfile->metadata_offset < (uint64_t)number(extension) + number(extension + 4) ||
        pfile->metadata_offset < pfile->licence_offset + pfile->licence_len ||
        pfile->metadata_offset < header + pfile->header_size || moved > UINT32_MAX) {
        return RMS_E_UNSUPPORTED;
    }
    rms_buf_append_u32(&content, (uint32_t)moved);
    rms_buf_append_u32(&len, (uint32_t)metadata.len);
    return rms_splice(fd, out,
        (const struct rms_splice[]){{header + CONTENT, 4, rms_buf_view(&content)},
            {header + METADATA + 4, 4, rms_buf_view(&len)},
            {pfile->metadata_offset, pfile->metadata_len, metadata}},
        3);
}

int rms_label_pfile_write(int fd, int out, const struct rms_label_pairs *pairs)
{
    struct rms_buf RMS_BUF_CLEANUP old = RMS_BUF_INIT(RMS_PFILE_METADATA_MAX);
    struct rms_buf RMS_BUF_CLEANUP new = RMS_BUF_INIT(RMS_PFILE_METADATA_MAX);
    struct rms_pfile pfile;
    struct rms_reader file;
    struct rms_view packet;

    RMS_TRY(rms_reader_of_fd(&fd, &file));
    RMS_TRY(parse(&file, &pfile));
    if (pfile.major == 2 && pfile.minor == 0) {
        return RMS_E_UNSUPPORTED;
    }
    RMS_TRY(read_metadata(&file, &pfile, &old));
    packet = packet_in(&old);
    rms_buf_append(&new, old.data, old.len - packet.len);
    RMS_TRY(rms_label_xmp_write(packet, RMS_XMP_MSIP, pairs, &new));
    return splice(fd, out, &file, &pfile, rms_buf_view(&new));
}
