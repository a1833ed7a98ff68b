#include "service/usage_spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

#define HEAD_BYTES 4096u
#define ALIGN      8u
#define WRAP       0xffffffffu /* instead of a length: go on at the beginning */
#define MAGIC      "RMSUSE03"

/* First page of the file. head and tail only grow; a place in the ring is their remainder. */
struct head {
    char magic[8];
    uint64_t bytes;
    _Atomic uint64_t head;
    _Atomic uint64_t tail;
};

struct rms_spool {
    int fd;
    size_t bytes; /* of the ring */
    struct head *head;
    uint8_t *ring;
};

/* --- rows as bytes ------------------------------------------------------------------------------------ */

static const size_t text_fields[] = {
    offsetof(struct rms_usage_row, tenant_id),
    offsetof(struct rms_usage_row, row_id),
    offsetof(struct rms_usage_row, request_type),
    offsetof(struct rms_usage_row, user_id),
    offsetof(struct rms_usage_row, result),
    offsetof(struct rms_usage_row, correlation_id),
    offsetof(struct rms_usage_row, content_id),
    offsetof(struct rms_usage_row, owner_email),
    offsetof(struct rms_usage_row, issuer),
    offsetof(struct rms_usage_row, template_id),
    offsetof(struct rms_usage_row, file_name),
    offsetof(struct rms_usage_row, c_info),
    offsetof(struct rms_usage_row, c_ip),
    offsetof(struct rms_usage_row, acting_as_user),
    offsetof(struct rms_usage_row, detail),
    offsetof(struct rms_usage_row, key_id),
};
#define TEXT_FIELDS (sizeof text_fields / sizeof text_fields[0])

/* length, four numbers, flags, and for each text its length (0 = none, else + 1), bytes, NUL */
#define FIXED_BYTES (4u + 4u * 8u + 1u)
#define RECORD_MAX  (FIXED_BYTES + TEXT_FIELDS * (2u + RMS_SPOOL_TEXT_MAX + 1u) + ALIGN)
#define FLAG_ADMIN  1u
#define FLAG_SUPER  2u
#define FLAG_TRACK  4u

static const char **field_of(const struct rms_usage_row *row, size_t i)
{
    return (const char **)((uintptr_t)row + text_fields[i]);
}

static size_t kept_length(const char *text)
{
    size_t len = strnlen(text, RMS_SPOOL_TEXT_MAX + 1);
    if (len <= RMS_SPOOL_TEXT_MAX) {
        return len;
    }
    len = RMS_SPOOL_TEXT_MAX;
    while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80) {
        len--;
    }
    return len;
}

static uint8_t *put_u64(uint8_t *out, uint64_t value)
{
    memcpy(out, &value, sizeof value);
    return out + sizeof value;
}

/* What a client calls text need not be any. */
static void put_utf8(uint8_t *out, const char *text, size_t len)
{
    bool valid = rms_text_valid(rms_view_of(text, len));
    for (size_t i = 0; i < len; i++) {
        out[i] = valid || (unsigned char)text[i] < 0x80 ? (uint8_t)text[i] : '?';
    }
}

static uint8_t *put_text(uint8_t *out, const char *text)
{
    size_t len = text != NULL ? kept_length(text) : 0;
    uint16_t mark = text != NULL ? (uint16_t)(len + 1) : 0;
    memcpy(out, &mark, sizeof mark);
    out += sizeof mark;
    if (text != NULL) {
        put_utf8(out, text, len);
        out[len] = '\0';
        out += len + 1;
    }
    return out;
}

static size_t record_length(const struct rms_usage_row *row)
{
    size_t len = FIXED_BYTES;
    for (size_t i = 0; i < TEXT_FIELDS; i++) {
        const char *text = *field_of(row, i);
        len += 2 + (text != NULL ? kept_length(text) + 1 : 0);
    }
    return (len + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

static void write_record(uint8_t *out, size_t len, const struct rms_usage_row *row)
{
    uint32_t length = (uint32_t)len;
    memcpy(out, &length, sizeof length);
    out += sizeof length;
    out = put_u64(out, (uint64_t)row->time);
    out = put_u64(out, (uint64_t)row->date_published);
    out = put_u64(out, (uint64_t)row->membership_age_s);
    out = put_u64(out, (uint64_t)row->offline_until);
    *out++ = (uint8_t)((row->admin_action ? FLAG_ADMIN : 0) | (row->super_user ? FLAG_SUPER : 0) |
                       (row->track ? FLAG_TRACK : 0));
    for (size_t i = 0; i < TEXT_FIELDS; i++) {
        out = put_text(out, *field_of(row, i));
    }
}

static const char *take_text(struct rms_cursor *in)
{
    uint16_t mark = rms_cursor_u16(in);
    struct rms_view text = rms_cursor_take(in, mark);
    if (mark == 0 || in->bad) {
        return NULL;
    }
    in->bad |= text.data[mark - 1] != '\0' || memchr(text.data, 0, mark - 1u) != NULL;
    return (const char *)text.data;
}

/* False for anything that rms_spool_put cannot have written. */
static bool read_record(struct rms_view record, struct rms_usage_row *row)
{
    struct rms_cursor in = rms_cursor_of(record);
    (void)rms_cursor_u32(&in);
    row->time = (int64_t)rms_cursor_u64(&in);
    row->date_published = (int64_t)rms_cursor_u64(&in);
    row->membership_age_s = (int64_t)rms_cursor_u64(&in);
    row->offline_until = (int64_t)rms_cursor_u64(&in);
    uint8_t flags = rms_cursor_u8(&in);
    row->admin_action = (flags & FLAG_ADMIN) != 0;
    row->super_user = (flags & FLAG_SUPER) != 0;
    row->track = (flags & FLAG_TRACK) != 0;
    for (size_t i = 0; i < TEXT_FIELDS; i++) {
        *field_of(row, i) = take_text(&in);
    }
    return !in.bad && rms_cursor_left(&in) < ALIGN && row->row_id != NULL && row->request_type != NULL;
}

/* --- the ring ------------------------------------------------------------------------------------------ */

int rms_spool_put(struct rms_spool *spool, const struct rms_usage_row *row)
{
    size_t len = record_length(row);
    uint64_t head = atomic_load_explicit(&spool->head->head, memory_order_relaxed);
    uint64_t tail = atomic_load_explicit(&spool->head->tail, memory_order_acquire);
    size_t at = (size_t)(head % spool->bytes);
    size_t to_end = spool->bytes - at;
    size_t skip = to_end < len ? to_end : 0;
    if (head - tail + skip + len > spool->bytes) {
        return RMS_E_LIMIT;
    }
    if (skip > 0) {
        const uint32_t wrap = WRAP;
        memcpy(spool->ring + at, &wrap, sizeof wrap);
        at = 0;
    }
    write_record(spool->ring + at, len, row);
    atomic_store_explicit(&spool->head->head, head + skip + len, memory_order_release);
    return RMS_OK;
}

/* The record at an offset; length 0 when it cannot be one. Moves the offset over a wrap. */
static struct rms_view record_at(const struct rms_spool *spool, uint64_t *offset, uint64_t head)
{
    struct rms_view none = {NULL, 0};
    uint32_t len = 0;
    size_t at = (size_t)(*offset % spool->bytes);
    memcpy(&len, spool->ring + at, sizeof len);
    if (len == WRAP) {
        *offset += spool->bytes - at;
        at = 0;
        memcpy(&len, spool->ring, sizeof len);
    }
    bool fits = *offset < head && len >= FIXED_BYTES && len <= RECORD_MAX && len % ALIGN == 0 &&
                len <= spool->bytes - at && len <= head - *offset;
    return fits ? rms_view_of(spool->ring + at, len) : none;
}

size_t rms_spool_peek(struct rms_spool *spool, struct rms_usage_row *rows, size_t max, uint64_t *end_out)
{
    uint64_t head = atomic_load_explicit(&spool->head->head, memory_order_acquire);
    uint64_t offset = atomic_load_explicit(&spool->head->tail, memory_order_relaxed);
    size_t count = 0;
    while (offset < head && count < max) {
        struct rms_view record = record_at(spool, &offset, head);
        if (record.len == 0 || !read_record(record, &rows[count])) {
            rms_log(RMS_LOG_ERROR, "usage.spool.damaged", NULL);
            offset = head;
            break;
        }
        offset += record.len;
        count++;
    }
    *end_out = offset;
    return count;
}

void rms_spool_take(struct rms_spool *spool, uint64_t end)
{
    atomic_store_explicit(&spool->head->tail, end, memory_order_release);
}

uint64_t rms_spool_head(const struct rms_spool *spool)
{
    return atomic_load_explicit(&spool->head->head, memory_order_relaxed);
}

uint64_t rms_spool_tail(const struct rms_spool *spool)
{
    return atomic_load_explicit(&spool->head->tail, memory_order_relaxed);
}

unsigned rms_spool_fill(const struct rms_spool *spool)
{
    uint64_t used = rms_spool_head(spool) - rms_spool_tail(spool);
    return (unsigned)(used * 1000 / spool->bytes);
}

/* --- the file ------------------------------------------------------------------------------------------ */

/* The whole length is reserved: a full disk must show here, not as a signal at some later write. */
static int open_file(const char *path, size_t bytes, int *fd_out)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return rms_error_from_errno(errno);
    }
    struct stat state;
    int err = 0;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        (void)close(fd);
        return RMS_E_CONFLICT;
    }
    if (fstat(fd, &state) == 0 && state.st_size != (off_t)bytes) {
        err = ftruncate(fd, 0) == 0 ? posix_fallocate(fd, 0, (off_t)bytes) : errno;
    }
    if (err != 0) {
        (void)close(fd);
        return rms_error_from_errno(err);
    }
    *fd_out = fd;
    return RMS_OK;
}

static bool is_sound(const struct rms_spool *spool)
{
    const struct head *head = spool->head;
    uint64_t h = atomic_load(&head->head);
    uint64_t t = atomic_load(&head->tail);
    return memcmp(head->magic, MAGIC, sizeof head->magic) == 0 && head->bytes == spool->bytes && t <= h &&
           h - t <= spool->bytes && h % ALIGN == 0 && t % ALIGN == 0;
}

static void begin_anew(struct rms_spool *spool)
{
    static const char none[sizeof spool->head->magic];
    if (memcmp(spool->head->magic, none, sizeof none) != 0) {
        rms_log(RMS_LOG_ERROR, "usage.spool.unknown", NULL);
    }
    atomic_store(&spool->head->head, 0);
    atomic_store(&spool->head->tail, 0);
    spool->head->bytes = spool->bytes;
    memcpy(spool->head->magic, MAGIC, sizeof spool->head->magic);
}

int rms_spool_open(const char *path, size_t bytes, struct rms_spool **spool_out)
{
    struct rms_spool *spool = rms_calloc(1, sizeof *spool);
    if (spool == NULL) {
        return RMS_E_NO_MEMORY;
    }
    spool->fd = -1;
    spool->bytes = bytes - HEAD_BYTES;
    int rc = path != NULL ? open_file(path, bytes, &spool->fd) : RMS_OK;
    if (rc < 0) {
        rms_free(spool);
        return rc;
    }
    int flags = path != NULL ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;
    void *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, spool->fd, 0);
    if (map == MAP_FAILED) {
        rms_spool_close(&spool);
        return RMS_E_NO_MEMORY;
    }
    spool->head = map;
    spool->ring = (uint8_t *)map + HEAD_BYTES;
    if (!is_sound(spool)) {
        begin_anew(spool);
    }
    *spool_out = spool;
    return RMS_OK;
}

void rms_spool_close(struct rms_spool **spool)
{
    struct rms_spool *s = *spool;
    if (s == NULL) {
        return;
    }
    if (s->head != NULL) {
        (void)munmap(s->head, s->bytes + HEAD_BYTES);
    }
    if (s->fd >= 0) {
        (void)close(s->fd);
    }
    rms_free(s);
    *spool = NULL;
}
