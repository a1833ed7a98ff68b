/* Texts to numbers: for hundreds of thousands of entries of one reading. The texts stay the caller's. */
#ifndef RMS_DIRECTORY_SYNC_MAP_H
#define RMS_DIRECTORY_SYNC_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct rms_sync_slot {
    const char *text; /* NULL: free */
    uint32_t value;
};

struct rms_sync_map {
    struct rms_sync_slot *slots; /* a power of two */
    size_t size;
    size_t count;
};

#define RMS_SYNC_NONE UINT32_MAX

/* Replaces the value of a text that is there. */
RMS_MUST_USE int rms_sync_map_put(struct rms_sync_map *map, const char *text, uint32_t value);
uint32_t rms_sync_map_get(const struct rms_sync_map *map, const char *text);
void rms_sync_map_fini(struct rms_sync_map *map);

#endif
