#include "directory/sync_map.h"

#include <string.h>

#include "base/mem.h"

#define FIRST_SIZE 1024

static uint64_t hash(const char *text)
{
    uint64_t value = 0xcbf29ce484222325u;

    for (; *text != '\0'; text++) {
        value = (value ^ (uint8_t)*text) * 0x100000001b3u; /* FNV-1a */
    }
    return value ^ value >> 32;
}

static struct rms_sync_slot *find(const struct rms_sync_map *map, const char *text)
{
    size_t at = hash(text) & (map->size - 1);

    while (map->slots[at].text != NULL && strcmp(map->slots[at].text, text) != 0) {
        at = (at + 1) & (map->size - 1);
    }
    return &map->slots[at];
}

static int grow(struct rms_sync_map *map)
{
    struct rms_sync_map larger = {.size = map->size > 0 ? map->size * 2 : FIRST_SIZE, .count = map->count};

    larger.slots = rms_calloc(larger.size, sizeof *larger.slots);
    if (larger.slots == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < map->size; i++) {
        if (map->slots[i].text != NULL) {
            *find(&larger, map->slots[i].text) = map->slots[i];
        }
    }
    rms_free(map->slots);
    *map = larger;
    return 0;
}

int rms_sync_map_put(struct rms_sync_map *map, const char *text, uint32_t value)
{
    struct rms_sync_slot *slot;

    if ((map->count + 1) * 2 > map->size) {
        RMS_TRY(grow(map));
    }
    slot = find(map, text);
    map->count += slot->text == NULL ? 1 : 0;
    *slot = (struct rms_sync_slot){text, value};
    return 0;
}

uint32_t rms_sync_map_get(const struct rms_sync_map *map, const char *text)
{
    const struct rms_sync_slot *slot = map->size > 0 ? find(map, text) : NULL;

    return slot != NULL && slot->text != NULL ? slot->value : RMS_SYNC_NONE;
}

void rms_sync_map_fini(struct rms_sync_map *map)
{
    rms_free(map->slots);
    *map = (struct rms_sync_map){0};
}
