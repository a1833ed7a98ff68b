#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

void rms_wipe(void *data, size_t len)
{
    if (len > 0) {
        explicit_bzero(data, len);
    }
}

bool rms_view_equal(struct rms_view a, struct rms_view b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

void rms_buf_init(struct rms_buf *buf, size_t max)
{
    *buf = RMS_BUF_INIT(max);
}

void rms_buf_fini(struct rms_buf *buf)
{
    if (buf->data != NULL) {
        rms_wipe(buf->data, buf->cap);
        rms_free(buf->data);
    }
    *buf = RMS_BUF_INIT(buf->max);
}

void rms_buf_reset(struct rms_buf *buf)
{
    buf->len = 0;
    buf->failed = false;
    if (buf->data != NULL) {
        buf->data[0] = 0;
    }
}

void rms_buf_truncate(struct rms_buf *buf, size_t len)
{
    if (len < buf->len) {
        rms_wipe(buf->data + len, buf->len - len);
        buf->len = len;
    }
}

/* Grows by copying into fresh memory, so that the old bytes can be wiped. */
static bool grow(struct rms_buf *buf, size_t need)
{
    size_t cap = buf->cap > 0 ? buf->cap : 128;
    uint8_t *data;

    while (cap < need) {
        cap = cap <= SIZE_MAX / 2 ? cap * 2 : need;
    }
    data = rms_malloc(cap);
    if (data == NULL) {
        return false;
    }
    if (buf->data != NULL) {
        memcpy(data, buf->data, buf->len);
        rms_wipe(buf->data, buf->cap);
        rms_free(buf->data);
    }
    buf->data = data;
    buf->cap = cap;
    return true;
}

uint8_t *rms_buf_reserve(struct rms_buf *buf, size_t len)
{
    if (buf->failed || len > buf->max || buf->len > buf->max - len || buf->len + len == SIZE_MAX) {
        buf->failed = true;
        return NULL;
    }
    if (buf->cap < buf->len + len + 1 && !grow(buf, buf->len + len + 1)) {
        buf->failed = true;
        return NULL;
    }
    return buf->data + buf->len;
}

void rms_buf_commit(struct rms_buf *buf, size_t len)
{
    buf->len += len;
    buf->data[buf->len] = 0;
}

void rms_buf_append(struct rms_buf *buf, const void *data, size_t len)
{
    uint8_t *place = rms_buf_reserve(buf, len);

    if (place != NULL) {
        if (len > 0) {
            memcpy(place, data, len);
        }
        rms_buf_commit(buf, len);
    }
}

void rms_buf_append_view(struct rms_buf *buf, struct rms_view view)
{
    rms_buf_append(buf, view.data, view.len);
}

void rms_buf_append_str(struct rms_buf *buf, const char *text)
{
    rms_buf_append(buf, text, strlen(text));
}

void rms_buf_append_byte(struct rms_buf *buf, uint8_t byte)
{
    rms_buf_append(buf, &byte, 1);
}

void rms_buf_printf(struct rms_buf *buf, const char *format, ...)
{
    va_list ap;
    va_list again;
    int need;
    uint8_t *place;

    va_start(ap, format);
    va_copy(again, ap);
    need = vsnprintf(NULL, 0, format, ap);
    va_end(ap);
    place = need >= 0 ? rms_buf_reserve(buf, (size_t)need) : NULL;
    if (place != NULL) {
        (void)vsnprintf((char *)place, (size_t)need + 1, format, again);
        rms_buf_commit(buf, (size_t)need);
    } else {
        buf->failed = true;
    }
    va_end(again);
}

static void append_le(struct rms_buf *buf, uint64_t value, size_t bytes)
{
    uint8_t le[8];

    for (size_t i = 0; i < bytes; i++) {
        le[i] = (uint8_t)(value >> (8 * i));
    }
    rms_buf_append(buf, le, bytes);
}

void rms_buf_append_u16(struct rms_buf *buf, uint16_t value)
{
    append_le(buf, value, 2);
}

void rms_buf_append_u32(struct rms_buf *buf, uint32_t value)
{
    append_le(buf, value, 4);
}

void rms_buf_append_u64(struct rms_buf *buf, uint64_t value)
{
    append_le(buf, value, 8);
}

int rms_buf_status(const struct rms_buf *buf)
{
    return buf->failed ? RMS_E_LIMIT : 0;
}
