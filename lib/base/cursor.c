#include "base/cursor.h"

struct rms_view rms_cursor_at(struct rms_cursor *cursor, size_t offset, size_t len)
{
    if (offset > cursor->len || len > cursor->len - offset) {
        cursor->bad = true;
        return rms_view_of(NULL, 0);
    }
    return rms_view_of(cursor->data + offset, len);
}

struct rms_view rms_cursor_take(struct rms_cursor *cursor, size_t len)
{
    struct rms_view view = rms_cursor_at(cursor, cursor->pos, len);

    if (cursor->bad) {
        return rms_view_of(NULL, 0);
    }
    cursor->pos += len;
    return view;
}

static uint64_t take_le(struct rms_cursor *cursor, size_t bytes)
{
    struct rms_view view = rms_cursor_take(cursor, bytes);
    uint64_t value = 0;

    for (size_t i = view.len; i > 0; i--) {
        value = value << 8 | view.data[i - 1];
    }
    return value;
}

uint8_t rms_cursor_u8(struct rms_cursor *cursor)
{
    return (uint8_t)take_le(cursor, 1);
}

uint16_t rms_cursor_u16(struct rms_cursor *cursor)
{
    return (uint16_t)take_le(cursor, 2);
}

uint32_t rms_cursor_u32(struct rms_cursor *cursor)
{
    return (uint32_t)take_le(cursor, 4);
}

uint64_t rms_cursor_u64(struct rms_cursor *cursor)
{
    return take_le(cursor, 8);
}
