/* Bytes travel as a view (borrowed) or a buf (owned).
 *
 * A buf has a hard maximum. Appending past it, or running out of memory, sets `failed` and leaves the
 * content as it was; the writer appends twenty fields and tests once with rms_buf_status(). Contents are
 * wiped when freed, so a buf may carry secrets for a moment; keys at rest in memory belong in
 * base/secret.h. */
#ifndef RMS_BASE_BYTES_H
#define RMS_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"

struct rms_view {
    const uint8_t *data;
    size_t len;
};

static inline struct rms_view rms_view_of(const void *data, size_t len)
{
    return (struct rms_view){(const uint8_t *)data, len};
}

static inline struct rms_view rms_view_str(const char *text)
{
    return (struct rms_view){(const uint8_t *)text, text != NULL ? strlen(text) : 0};
}

#define RMS_VIEW_LITERAL(text) ((struct rms_view){(const uint8_t *)(text), sizeof(text) - 1})

/* Byte equality; not for secrets (rms_equal_ct in crypto/digest.h). */
bool rms_view_equal(struct rms_view a, struct rms_view b);

struct rms_buf {
    uint8_t *data; /* NUL-terminated behind len, for convenience; NULL until something is appended */
    size_t len;
    size_t cap;
    size_t max;
    bool failed;
};

#define RMS_BUF_CLEANUP __attribute__((cleanup(rms_buf_fini)))

/* Caller's storage. max is the most bytes it will ever hold. */
void rms_buf_init(struct rms_buf *buf, size_t max);
#define RMS_BUF_INIT(max_bytes) ((struct rms_buf){NULL, 0, 0, (max_bytes), false})

/* Wipes and frees; the buf is empty and usable again. */
void rms_buf_fini(struct rms_buf *buf);

/* Empties without freeing. */
void rms_buf_reset(struct rms_buf *buf);

/* Cuts back to an earlier length; the cut bytes are wiped. */
void rms_buf_truncate(struct rms_buf *buf, size_t len);

void rms_buf_append(struct rms_buf *buf, const void *data, size_t len);
void rms_buf_append_view(struct rms_buf *buf, struct rms_view view);
void rms_buf_append_str(struct rms_buf *buf, const char *text);
void rms_buf_append_byte(struct rms_buf *buf, uint8_t byte);
void rms_buf_printf(struct rms_buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Little-endian integers, as file formats and process messages use them. */
void rms_buf_append_u16(struct rms_buf *buf, uint16_t value);
void rms_buf_append_u32(struct rms_buf *buf, uint32_t value);
void rms_buf_append_u64(struct rms_buf *buf, uint64_t value);

/* Room for len more bytes to be written at the returned place, then counted with rms_buf_commit; NULL when
 * the maximum is passed. */
uint8_t *rms_buf_reserve(struct rms_buf *buf, size_t len);
void rms_buf_commit(struct rms_buf *buf, size_t len);

/* 0, or RMS_E_LIMIT when something did not fit or memory was exhausted. */
RMS_MUST_USE int rms_buf_status(const struct rms_buf *buf);

static inline struct rms_view rms_buf_view(const struct rms_buf *buf)
{
    return (struct rms_view){buf->data, buf->len};
}

/* The text collected so far; "" while empty. */
static inline const char *rms_buf_text(const struct rms_buf *buf)
{
    return buf->data != NULL ? (const char *)buf->data : "";
}

/* Overwrites in a way the compiler keeps. */
void rms_wipe(void *data, size_t len);

#endif
