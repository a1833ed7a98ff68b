/* Memory with one lifetime: a request, a document. Nothing in it outlives rms_arena_free.
 *
 * An arena has a hard maximum; past it, or out of memory, allocations return NULL. Functions that build
 * something in an arena take it first and turn NULL into RMS_E_NO_MEMORY. Blocks are wiped on free: an arena
 * may carry opened policies. Not safe to share between threads without a lock. */
#ifndef RMS_BASE_ARENA_H
#define RMS_BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct rms_arena;

#define RMS_ARENA_CLEANUP __attribute__((cleanup(rms_arena_free)))

/* NULL when memory is exhausted. max_bytes bounds the sum of all allocations. */
struct rms_arena *rms_arena_new(size_t max_bytes);

/* The same for things kept in large numbers whose size is known: the first block takes just first_bytes of
 * allocations. */
struct rms_arena *rms_arena_new_sized(size_t max_bytes, size_t first_bytes);

/* Accepts NULL, clears the caller's pointer. */
void rms_arena_free(struct rms_arena **arena);

/* Forgets and wipes everything handed out, and keeps at most keep_bytes of memory for the next round: for one
 * arena per worker thread instead of one per request. */
void rms_arena_reset(struct rms_arena *arena, size_t keep_bytes);

/* Zeroed, aligned for any type. */
void *rms_arena_alloc(struct rms_arena *arena, size_t size) __attribute__((malloc));

/* Array of count elements; NULL when count * size overflows. */
void *rms_arena_array(struct rms_arena *arena, size_t count, size_t size) __attribute__((malloc));

/* Copies; the copy of a view is followed by a NUL. NULL text gives NULL. */
uint8_t *rms_arena_copy(struct rms_arena *arena, const void *data, size_t len);
char *rms_arena_strdup(struct rms_arena *arena, const char *text);
char *rms_arena_text(struct rms_arena *arena, struct rms_view view);
char *rms_arena_printf(struct rms_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Bytes handed out so far. */
size_t rms_arena_used(const struct rms_arena *arena);

#endif
