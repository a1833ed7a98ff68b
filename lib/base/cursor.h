/* Reading input: a bounds-checked cursor with a sticky error. Read twenty fields, test once. A read past the
 * end gives zeros or an empty view and marks the cursor bad. */
#ifndef RMS_BASE_CURSOR_H
#define RMS_BASE_CURSOR_H

#include "base/bytes.h"

struct rms_cursor {
    const uint8_t *data;
    size_t len;
    size_t pos;
    bool bad;
};

static inline struct rms_cursor rms_cursor_of(struct rms_view view)
{
    return (struct rms_cursor){view.data, view.len, 0, false};
}

/* The next len bytes, borrowed. */
struct rms_view rms_cursor_take(struct rms_cursor *cursor, size_t len);

/* Little-endian integers. */
uint8_t rms_cursor_u8(struct rms_cursor *cursor);
uint16_t rms_cursor_u16(struct rms_cursor *cursor);
uint32_t rms_cursor_u32(struct rms_cursor *cursor);
uint64_t rms_cursor_u64(struct rms_cursor *cursor);

/* len bytes at an absolute offset, without moving; marks bad when outside. */
struct rms_view rms_cursor_at(struct rms_cursor *cursor, size_t offset, size_t len);

static inline size_t rms_cursor_left(const struct rms_cursor *cursor)
{
    return cursor->len - cursor->pos;
}

/* True when everything was read and nothing went past the end. */
static inline bool rms_cursor_done(const struct rms_cursor *cursor)
{
    return !cursor->bad && cursor->pos == cursor->len;
}

#endif
