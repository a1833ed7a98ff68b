/* The only place that calls malloc. Tests inject failures here: after rms_mem_fail_after(n) the n-th
 * allocation from now (0 = the next) and all later ones return NULL, until rms_mem_fail_never(). The switch
 * is per thread and costs one compare. */
#ifndef RMS_BASE_MEM_H
#define RMS_BASE_MEM_H

#include <stddef.h>

void *rms_malloc(size_t size) __attribute__((malloc));
void *rms_calloc(size_t count, size_t size) __attribute__((malloc));
void *rms_realloc(void *old, size_t size); /* not for secrets: the old bytes stay in freed memory */
char *rms_strdup(const char *text);        /* NULL in, NULL out */
void rms_free(void *memory);

/* For a long-lived process with many requests: freed memory stays with the process instead of going back to
 * the kernel and being asked for, page by page, at the next request. Call once at start. */
void rms_mem_tune_for_service(void);

void rms_mem_fail_after(long count);
void rms_mem_fail_never(void);

/* Allocations of this thread since rms_mem_fail_after or start; lets a test find how far to go. */
long rms_mem_count(void);

#endif
