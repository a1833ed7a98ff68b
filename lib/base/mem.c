#include "base/mem.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Test state, per thread; LONG-term negative means never. */
static _Thread_local long fail_at = -1;
static _Thread_local long allocations;

static int refused(void)
{
    long now = allocations++;

    return fail_at >= 0 && now >= fail_at;
}

void rms_mem_fail_after(long count)
{
    allocations = 0;
    fail_at = count;
}

void rms_mem_fail_never(void)
{
    fail_at = -1;
    allocations = 0;
}

long rms_mem_count(void)
{
    return allocations;
}

void *rms_malloc(size_t size)
{
    return refused() ? NULL : malloc(size > 0 ? size : 1);
}

void *rms_calloc(size_t count, size_t size)
{
    return refused() ? NULL : calloc(count > 0 ? count : 1, size > 0 ? size : 1);
}

void *rms_realloc(void *old, size_t size)
{
    return refused() ? NULL : realloc(old, size > 0 ? size : 1);
}

char *rms_strdup(const char *text)
{
    size_t size;
    char *copy;

    if (text == NULL) {
        return NULL;
    }
    size = strlen(text) + 1;
    copy = rms_malloc(size);
    if (copy != NULL) {
        memcpy(copy, text, size);
    }
    return copy;
}

void rms_free(void *memory)
{
    free(memory);
}

void rms_mem_tune_for_service(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, 8 << 20);
    (void)mallopt(M_TRIM_THRESHOLD, 64 << 20);
    (void)mallopt(M_TOP_PAD, 1 << 20);
}
