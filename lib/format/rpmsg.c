#include "format/rpmsg.h"

#include <zlib.h>

#include "base/cursor.h"
#include "base/mem.h"
#include "base/text.h"
#include "format/office.h"

#define MAGIC_BYTES 8u
#define HEAD_BYTES  12u
#define MARK        0x0fa0u /* every block begins with it */
#define CLEAR_MAX   4096u   /* of a block */
#define PACKED_MAX  8192u   /* what zlib makes of 4096 bytes is never near it */

static const uint8_t magic[MAGIC_BYTES] = {0x76, 0xe8, 0x04, 0x60, 0xc4, 0x11, 0xe3, 0x86};

unsigned rms_rpmsg_version(const char *name, const char *type)
{
    static const char *const names[] = {
        "message.rpmsg", "message_v2.rpmsg", "message_v3.rpmsg", "message_v4.rpmsg"};

    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (rms_text_equal_nocase(name, names[i])) {
            return i + 1;
        }
    }
    return rms_text_equal_nocase(type, "application/x-microsoft-rpmsg-message") ? 1 : 0;
}

bool rms_rpmsg_looks(const struct rms_reader *file)
{
    uint8_t head[MAGIC_BYTES];

    return rms_reader_at(file, 0, head, sizeof head) == 0 && memcmp(head, magic, sizeof magic) == 0;
}

/* --- reading ----------------------------------------------------------------------------------------------
 */

/* zlib keeps history from block to block, but no block gives more than it announces: what a stream can grow
 * to is bounded by what was read of it. */
static int inflate_block(
    z_stream *stream, uint8_t *packed, uint32_t packed_len, uint32_t clear_len, struct rms_buf *out)
{
    uint8_t clear[CLEAR_MAX + 1];
    int status;

    stream->next_in = packed;
    stream->avail_in = packed_len;
    stream->next_out = clear;
    stream->avail_out = sizeof clear;
    status = inflate(stream, Z_SYNC_FLUSH);
    if ((status != Z_OK && status != Z_STREAM_END) || stream->avail_in != 0 ||
        sizeof clear - stream->avail_out != clear_len) {
        return RMS_E_DAMAGED;
    }
    rms_buf_append(out, clear, clear_len);
    rms_wipe(clear, sizeof clear);
    return rms_buf_status(out);
}

static int read_blocks(const struct rms_reader *file, z_stream *stream, struct rms_buf *out)
{
    uint64_t at = MAGIC_BYTES;

    while (at < file->size) {
        uint8_t bytes[PACKED_MAX];
        struct rms_cursor head = rms_cursor_of(rms_view_of(bytes, HEAD_BYTES));
        uint32_t mark;
        uint32_t clear_len;
        uint32_t packed_len;

        RMS_TRY(rms_reader_at(file, at, bytes, HEAD_BYTES));
        mark = rms_cursor_u32(&head);
        clear_len = rms_cursor_u32(&head);
        packed_len = rms_cursor_u32(&head);
        if (mark != MARK || clear_len == 0 || clear_len > CLEAR_MAX || packed_len == 0 ||
            packed_len > PACKED_MAX) {
            return RMS_E_DAMAGED;
        }
        RMS_TRY(rms_reader_at(file, at + HEAD_BYTES, bytes, packed_len));
        RMS_TRY(inflate_block(stream, bytes, packed_len, clear_len, out));
        at += HEAD_BYTES + packed_len;
    }
    return 0;
}

int rms_rpmsg_inflate(const struct rms_reader *file, struct rms_buf *out)
{
    z_stream stream = {0};
    int status;

    if (!rms_rpmsg_looks(file)) {
        return RMS_E_NOT_PROTECTED;
    }
    if (inflateInit(&stream) != Z_OK) {
        return RMS_E_NO_MEMORY;
    }
    status = read_blocks(file, &stream, out);
    (void)inflateEnd(&stream);
    return status;
}

/* --- writing ----------------------------------------------------------------------------------------------
 */

static int deflate_block(z_stream *stream, struct rms_view clear, uint8_t packed[PACKED_MAX], size_t *len_out)
{
    struct rms_buf RMS_BUF_CLEANUP head = RMS_BUF_INIT(HEAD_BYTES);

    stream->next_in = (uint8_t *)(uintptr_t)clear.data;
    stream->avail_in = (unsigned)clear.len;
    stream->next_out = packed + HEAD_BYTES;
    stream->avail_out = PACKED_MAX - HEAD_BYTES;
    if (deflate(stream, Z_SYNC_FLUSH) != Z_OK || stream->avail_in != 0 || stream->avail_out == 0) {
        return RMS_E_INTERNAL;
    }
    *len_out = PACKED_MAX - stream->avail_out;
    rms_buf_append_u32(&head, MARK);
    rms_buf_append_u32(&head, (uint32_t)clear.len);
    rms_buf_append_u32(&head, (uint32_t)(*len_out - HEAD_BYTES));
    RMS_TRY(rms_buf_status(&head));
    memcpy(packed, head.data, HEAD_BYTES);
    return 0;
}

static int write_blocks(
    struct rms_view compound, z_stream *stream, const struct rms_writer *out, uint64_t *written_out)
{
    uint64_t at = MAGIC_BYTES;

    RMS_TRY(out->write(out->context, 0, magic, sizeof magic));
    for (size_t done = 0; done < compound.len;) {
        uint8_t packed[PACKED_MAX];
        size_t len = compound.len - done < CLEAR_MAX ? compound.len - done : CLEAR_MAX;
        size_t packed_len;

        RMS_TRY(deflate_block(stream, rms_view_of(compound.data + done, len), packed, &packed_len));
        RMS_TRY(out->write(out->context, at, packed, packed_len));
        at += packed_len;
        done += len;
    }
    *written_out = at;
    return 0;
}

int rms_rpmsg_deflate(struct rms_view compound, const struct rms_writer *out, uint64_t *written_out)
{
    z_stream stream = {0};
    int status;

    /* the level that gives the header 78 DA, as others write it */
    if (deflateInit(&stream, Z_BEST_COMPRESSION) != Z_OK) {
        return RMS_E_NO_MEMORY;
    }
    status = write_blocks(compound, &stream, out, written_out);
    (void)deflateEnd(&stream);
    return status;
}

/* --- as a container ---------------------------------------------------------------------------------------
 */

struct rms_rpmsg {
    struct rms_buf compound;
    struct rms_view view;
    struct rms_reader reader;
    struct rms_writer writer, file; /* when it is written: of the compound file, and of what comes of it */
};

void rms_rpmsg_close(struct rms_rpmsg **rpmsg)
{
    if (*rpmsg != NULL) {
        rms_buf_fini(&(*rpmsg)->compound);
        rms_free(*rpmsg);
        *rpmsg = NULL;
    }
}

static struct rms_rpmsg *new_rpmsg(void)
{
    struct rms_rpmsg *rpmsg = rms_calloc(1, sizeof *rpmsg);

    if (rpmsg != NULL) {
        rms_buf_init(&rpmsg->compound, RMS_RPMSG_MAX);
    }
    return rpmsg;
}

static int open_compound(struct rms_container *container)
{
    struct rms_rpmsg *rpmsg = container->rpmsg;
    int status;

    rpmsg->view = rms_buf_view(&rpmsg->compound);
    rpmsg->reader = rms_reader_of_view(&rpmsg->view);
    status = rms_office_open(&rpmsg->reader, container);
    if (status == 0 && container->kind == RMS_CONTAINER_BINARY) {
        container->kind = RMS_CONTAINER_MESSAGE;
        return 0;
    }
    /* the magic said that there is protected content */
    return status == 0 || status == RMS_E_NOT_PROTECTED ? RMS_E_DAMAGED : status;
}

int rms_rpmsg_open(const struct rms_reader *file, struct rms_container *container)
{
    int status;

    if (!rms_rpmsg_looks(file)) {
        return RMS_E_NOT_PROTECTED;
    }
    container->rpmsg = new_rpmsg();
    if (container->rpmsg == NULL) {
        return RMS_E_NO_MEMORY;
    }
    status = rms_rpmsg_inflate(file, &container->rpmsg->compound);
    status = status == 0 ? open_compound(container) : status;
    if (status != 0) {
        rms_container_close(container);
        container->kind = RMS_CONTAINER_MESSAGE;
    }
    return status;
}

int rms_rpmsg_open_bytes(struct rms_buf *packed, struct rms_container *container)
{
    struct rms_view view = rms_buf_view(packed);
    const struct rms_reader reader = rms_reader_of_view(&view);
    int status = rms_rpmsg_open(&reader, container);

    rms_buf_fini(packed);
    return status;
}

int rms_rpmsg_begin(
    const struct rms_container_request *request, const struct rms_writer *file, struct rms_container_out *out)
{
    struct rms_container_request inner = *request;

    out->rpmsg = new_rpmsg();
    if (out->rpmsg == NULL) {
        return RMS_E_NO_MEMORY;
    }
    inner.kind = RMS_CONTAINER_BINARY;
    inner.beside = NULL;
    out->rpmsg->file = *file;
    out->rpmsg->writer = rms_writer_of_buf(&out->rpmsg->compound);
    RMS_TRY(rms_office_begin(&inner, &out->rpmsg->writer, out));
    out->stream.in_order = true; /* the buffer grows as it is written */
    return 0;
}

int rms_rpmsg_finish(struct rms_container_out *out)
{
    uint64_t written;

    return rms_rpmsg_deflate(rms_buf_view(&out->rpmsg->compound), &out->rpmsg->file, &written);
}
