#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"

#define FIRST_BLOCK 4096u
#define LAST_BLOCK  (1024u * 1024u)

struct block {
    struct block *next;
    size_t cap;
    size_t used;
    alignas(max_align_t) uint8_t data[];
};

struct rms_arena {
    struct block *blocks;
    size_t used;
    size_t max;
    size_t next_cap;
};

struct rms_arena *rms_arena_new_sized(size_t max_bytes, size_t first_bytes)
{
    struct rms_arena *arena = rms_calloc(1, sizeof *arena);

    if (arena != NULL) {
        arena->max = max_bytes;
        arena->next_cap = first_bytes;
    }
    return arena;
}

struct rms_arena *rms_arena_new(size_t max_bytes)
{
    return rms_arena_new_sized(max_bytes, FIRST_BLOCK);
}

void rms_arena_free(struct rms_arena **arena)
{
    struct block *block;
    struct block *next;

    if (*arena == NULL) {
        return;
    }
    for (block = (*arena)->blocks; block != NULL; block = next) {
        next = block->next;
        rms_wipe(block->data, block->used);
        rms_free(block);
    }
    rms_free(*arena);
    *arena = NULL;
}

void rms_arena_reset(struct rms_arena *arena, size_t keep_bytes)
{
    struct block *kept = NULL;
    struct block *next;

    for (struct block *block = arena->blocks; block != NULL; block = next) {
        struct block *spare = block;

        next = block->next;
        rms_wipe(block->data, block->used);
        block->used = 0;
        block->next = NULL;
        if (block->cap <= keep_bytes && (kept == NULL || block->cap > kept->cap)) {
            spare = kept;
            kept = block;
        }
        rms_free(spare);
    }
    arena->blocks = kept;
    arena->used = 0;
    arena->next_cap = FIRST_BLOCK;
}

static struct block *add_block(struct rms_arena *arena, size_t size)
{
    size_t cap = size > arena->next_cap ? size : arena->next_cap;
    struct block *block = cap <= SIZE_MAX - sizeof *block ? rms_malloc(sizeof *block + cap) : NULL;

    if (block == NULL) {
        return NULL;
    }
    block->next = arena->blocks;
    block->cap = cap;
    block->used = 0;
    arena->blocks = block;
    if (arena->next_cap < LAST_BLOCK) {
        arena->next_cap = arena->next_cap < FIRST_BLOCK ? FIRST_BLOCK : 2 * arena->next_cap;
    }
    return block;
}

void *rms_arena_alloc(struct rms_arena *arena, size_t size)
{
    struct block *block = arena->blocks;
    void *place;

    if (size > SIZE_MAX - alignof(max_align_t)) {
        return NULL;
    }
    size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if (size > arena->max || arena->used > arena->max - size) {
        return NULL;
    }
    if (block == NULL || block->cap - block->used < size) {
        block = add_block(arena, size);
        if (block == NULL) {
            return NULL;
        }
    }
    place = block->data + block->used;
    memset(place, 0, size);
    block->used += size;
    arena->used += size;
    return place;
}

void *rms_arena_array(struct rms_arena *arena, size_t count, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(count, size, &total)) {
        return NULL;
    }
    return rms_arena_alloc(arena, total);
}

uint8_t *rms_arena_copy(struct rms_arena *arena, const void *data, size_t len)
{
    uint8_t *copy = len < SIZE_MAX ? rms_arena_alloc(arena, len + 1) : NULL;

    if (copy != NULL && len > 0) {
        memcpy(copy, data, len);
    }
    return copy;
}

char *rms_arena_text(struct rms_arena *arena, struct rms_view view)
{
    return (char *)rms_arena_copy(arena, view.data, view.len);
}

char *rms_arena_strdup(struct rms_arena *arena, const char *text)
{
    return text != NULL ? rms_arena_text(arena, rms_view_str(text)) : NULL;
}

char *rms_arena_printf(struct rms_arena *arena, const char *format, ...)
{
    va_list ap;
    va_list again;
    int need;
    char *text;

    va_start(ap, format);
    va_copy(again, ap);
    need = vsnprintf(NULL, 0, format, ap);
    va_end(ap);
    text = need >= 0 ? rms_arena_alloc(arena, (size_t)need + 1) : NULL;
    if (text != NULL) {
        (void)vsnprintf(text, (size_t)need + 1, format, again);
    }
    va_end(again);
    return text;
}

size_t rms_arena_used(const struct rms_arena *arena)
{
    return arena->used;
}
