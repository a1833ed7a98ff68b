#include "service/backup_file.h"

#include <errno.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/file.h"
#include "base/mem.h"
#include "crypto/aead.h"
#include "crypto/passphrase.h"
#include "crypto/random.h"

/* Head: magic, version, salt. Piece: length of the box, whose highest bit marks the last one, and the box. */
#define MAGIC     "OpenRMSBackup\n"
#define MAGIC_LEN (sizeof MAGIC - 1)
#define VERSION   1
#define HEAD      (MAGIC_LEN + 2 + RMS_PASSPHRASE_SALT)
#define PIECE     65536u
#define LAST      0x80000000u
#define RECORD    5 /* kind, length */

/* --- what both know ---------------------------------------------------------------------------------- */

struct stream {
    int fd;
    uint8_t head[HEAD];
    struct rms_secret *key;
    uint64_t next; /* piece */
};

/* Head and place are part of every box: no piece stands for another, nor for one of another file. */
static void append_context(struct rms_buf *context, const struct stream *stream, bool last)
{
    rms_buf_append(context, stream->head, sizeof stream->head);
    rms_buf_append_u64(context, stream->next);
    rms_buf_append_byte(context, last);
}

/* --- writing ----------------------------------------------------------------------------------------- */

struct rms_backup_writer {
    struct stream stream;
    struct rms_buf plain; /* of the piece that is being filled */
};

static int write_piece(struct rms_backup_writer *writer, bool last)
{
    RMS_BUF_CLEANUP struct rms_buf context = RMS_BUF_INIT(HEAD + 16);
    RMS_BUF_CLEANUP struct rms_buf box = RMS_BUF_INIT(PIECE + RMS_AEAD_OVERHEAD);
    RMS_BUF_CLEANUP struct rms_buf length = RMS_BUF_INIT(4);

    append_context(&context, &writer->stream, last);
    RMS_TRY(rms_buf_status(&context));
    RMS_TRY(rms_aead_seal(rms_secret_view(writer->stream.key).data, rms_buf_view(&context),
        rms_buf_view(&writer->plain), &box));
    rms_buf_append_u32(&length, (uint32_t)box.len | (last ? LAST : 0));
    RMS_TRY(rms_buf_status(&length));
    RMS_TRY(rms_fd_write_all(writer->stream.fd, length.data, length.len));
    RMS_TRY(rms_fd_write_all(writer->stream.fd, box.data, box.len));
    writer->stream.next++;
    rms_buf_truncate(&writer->plain, 0);
    return 0;
}

static int put_bytes(struct rms_backup_writer *writer, struct rms_view bytes)
{
    while (bytes.len > 0) {
        size_t room = PIECE - writer->plain.len;
        size_t len = bytes.len < room ? bytes.len : room;

        rms_buf_append(&writer->plain, bytes.data, len);
        RMS_TRY(rms_buf_status(&writer->plain));
        bytes = rms_view_of(bytes.data + len, bytes.len - len);
        if (writer->plain.len == PIECE) {
            RMS_TRY(write_piece(writer, false));
        }
    }
    return 0;
}

int rms_backup_put(struct rms_backup_writer *writer, char kind, struct rms_view record)
{
    RMS_BUF_CLEANUP struct rms_buf head = RMS_BUF_INIT(RECORD);

    if (record.len > RMS_BACKUP_RECORD_MAX) {
        return RMS_E_LIMIT;
    }
    rms_buf_append_byte(&head, (uint8_t)kind);
    rms_buf_append_u32(&head, (uint32_t)record.len);
    RMS_TRY(rms_buf_status(&head));
    RMS_TRY(put_bytes(writer, rms_buf_view(&head)));
    return put_bytes(writer, record);
}

int rms_backup_end(struct rms_backup_writer *writer)
{
    return write_piece(writer, true);
}

static int begin_writing(struct rms_backup_writer *writer, struct rms_view passphrase)
{
    RMS_BUF_CLEANUP struct rms_buf head = RMS_BUF_INIT(HEAD);
    uint8_t salt[RMS_PASSPHRASE_SALT];

    rms_random(salt, sizeof salt);
    rms_buf_append(&head, MAGIC, MAGIC_LEN);
    rms_buf_append_u16(&head, VERSION);
    rms_buf_append(&head, salt, sizeof salt);
    RMS_TRY(rms_buf_status(&head));
    memcpy(writer->stream.head, head.data, HEAD);
    RMS_TRY(rms_passphrase_key(passphrase, salt, &writer->stream.key));
    return rms_fd_write_all(writer->stream.fd, head.data, head.len);
}

int rms_backup_writer_new(int fd, struct rms_view passphrase, struct rms_backup_writer **writer_out)
{
    struct rms_backup_writer *writer = rms_calloc(1, sizeof *writer);
    int status;

    *writer_out = NULL;
    if (writer == NULL) {
        return RMS_E_NO_MEMORY;
    }
    writer->stream.fd = fd;
    rms_buf_init(&writer->plain, PIECE);
    status = begin_writing(writer, passphrase);
    if (status < 0) {
        rms_backup_writer_free(&writer);
    }
    *writer_out = writer;
    return status;
}

void rms_backup_writer_free(struct rms_backup_writer **writer)
{
    if (*writer != NULL) {
        rms_secret_free(&(*writer)->stream.key);
        rms_buf_fini(&(*writer)->plain);
        rms_free(*writer);
        *writer = NULL;
    }
}

/* --- reading ----------------------------------------------------------------------------------------- */

struct rms_backup_reader {
    struct stream stream;
    struct rms_buf plain; /* read and not yet taken: less than a record and a piece */
};

static int take_head(struct rms_backup_reader *reader, struct rms_view passphrase)
{
    struct rms_cursor in = rms_cursor_of(rms_view_of(reader->stream.head, HEAD));
    long len = rms_fd_pread_full(reader->stream.fd, reader->stream.head, HEAD, 0);

    if (len < 0) {
        return (int)len;
    }
    if (len < (long)HEAD || !rms_view_equal(rms_cursor_take(&in, MAGIC_LEN), rms_view_of(MAGIC, MAGIC_LEN))) {
        return RMS_E_BAD_ARGUMENT;
    }
    if (rms_cursor_u16(&in) != VERSION) {
        return RMS_E_UNSUPPORTED_VERSION;
    }
    return rms_passphrase_key(
        passphrase, rms_cursor_take(&in, RMS_PASSPHRASE_SALT).data, &reader->stream.key);
}

int rms_backup_reader_new(int fd, struct rms_view passphrase, struct rms_backup_reader **reader_out)
{
    struct rms_backup_reader *reader = rms_calloc(1, sizeof *reader);
    int status;

    *reader_out = NULL;
    if (reader == NULL) {
        return RMS_E_NO_MEMORY;
    }
    reader->stream.fd = fd;
    rms_buf_init(&reader->plain, RMS_BACKUP_RECORD_MAX + RECORD + PIECE);
    status = take_head(reader, passphrase);
    if (status < 0) {
        rms_backup_reader_free(&reader);
    }
    *reader_out = reader;
    return status;
}

void rms_backup_reader_free(struct rms_backup_reader **reader)
{
    if (*reader != NULL) {
        rms_secret_free(&(*reader)->stream.key);
        rms_buf_fini(&(*reader)->plain);
        rms_free(*reader);
        *reader = NULL;
    }
}

/* A piece of the file from `at` on, which moves behind it. */
static int read_box(struct rms_backup_reader *reader, uint64_t *at, struct rms_buf *box, bool *last_out)
{
    uint8_t length[4] = {0};
    struct rms_cursor in = rms_cursor_of(rms_view_of(length, sizeof length));
    long got = rms_fd_pread_full(reader->stream.fd, length, sizeof length, *at);
    uint32_t len = got == sizeof length ? rms_cursor_u32(&in) : 0;
    uint8_t *place = NULL;

    *last_out = (len & LAST) != 0;
    len &= ~LAST;
    if (got >= 0 && len >= RMS_AEAD_OVERHEAD && len <= PIECE + RMS_AEAD_OVERHEAD) {
        place = rms_buf_reserve(box, len);
    }
    if (place == NULL) {
        return got < 0 ? (int)got : RMS_E_DAMAGED;
    }
    got = rms_fd_pread_full(reader->stream.fd, place, len, *at + sizeof length);
    if (got < (long)len) {
        return got < 0 ? (int)got : RMS_E_DAMAGED;
    }
    rms_buf_commit(box, len);
    *at += sizeof length + len;
    return 0;
}

/* That the first one does not open is more often the passphrase than the file. */
static int open_piece(struct rms_backup_reader *reader, uint64_t *at, bool *last_out)
{
    RMS_BUF_CLEANUP struct rms_buf context = RMS_BUF_INIT(HEAD + 16);
    RMS_BUF_CLEANUP struct rms_buf box = RMS_BUF_INIT(PIECE + RMS_AEAD_OVERHEAD);
    int status;

    RMS_TRY(read_box(reader, at, &box, last_out));
    append_context(&context, &reader->stream, *last_out);
    RMS_TRY(rms_buf_status(&context));
    status = rms_aead_open_buf(
        rms_secret_view(reader->stream.key).data, rms_buf_view(&context), rms_buf_view(&box), &reader->plain);
    if (status == RMS_E_DAMAGED && reader->stream.next == 0) {
        return RMS_E_PERMISSION;
    }
    reader->stream.next++;
    return status;
}

/* The whole records that are there. */
static int take_records(struct rms_backup_reader *reader, rms_backup_take *take, void *context)
{
    struct rms_cursor in = rms_cursor_of(rms_buf_view(&reader->plain));
    size_t taken = 0;

    while (rms_cursor_left(&in) >= RECORD) {
        char kind = (char)rms_cursor_u8(&in);
        uint32_t len = rms_cursor_u32(&in);

        if (len > RMS_BACKUP_RECORD_MAX) {
            return RMS_E_DAMAGED;
        }
        if (rms_cursor_left(&in) < len) {
            break;
        }
        RMS_TRY(take(context, kind, rms_cursor_take(&in, len)));
        taken = in.pos;
    }
    if (taken > 0) {
        size_t left = reader->plain.len - taken;

        memmove(reader->plain.data, reader->plain.data + taken, left);
        rms_buf_truncate(&reader->plain, left);
    }
    return 0;
}

static int check_end(const struct rms_backup_reader *reader, uint64_t at)
{
    uint8_t more;
    long got = rms_fd_pread_full(reader->stream.fd, &more, 1, at);

    if (got < 0) {
        return (int)got;
    }
    return got == 0 && reader->plain.len == 0 ? 0 : RMS_E_DAMAGED;
}

int rms_backup_each(struct rms_backup_reader *reader, rms_backup_take *take, void *context)
{
    uint64_t at = HEAD;
    bool last = false;

    reader->stream.next = 0;
    rms_buf_truncate(&reader->plain, 0);
    while (!last) {
        RMS_TRY(open_piece(reader, &at, &last));
        RMS_TRY(take_records(reader, take, context));
    }
    return check_end(reader, at);
}
