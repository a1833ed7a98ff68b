#include "service/signed_cache.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/guid.h"
#include "base/mem.h"
#include "service/request.h"

#define KEPT_MAX 8192u
#define BUCKETS  1024u

struct kept {
    struct kept *next;
    char id[RMS_GUID_TEXT];
    char key_id[RMS_GUID_TEXT];
    int64_t version;
    struct rms_buf text;
};

struct rms_signed_cache {
    pthread_mutex_t lock;
    struct kept *buckets[BUCKETS];
    size_t count;
};

int rms_signed_cache_new(struct rms_signed_cache **cache_out)
{
    struct rms_signed_cache *cache = rms_calloc(1, sizeof *cache);
    if (cache == NULL) {
        return RMS_E_NO_MEMORY;
    }
    (void)pthread_mutex_init(&cache->lock, NULL);
    *cache_out = cache;
    return RMS_OK;
}

static void forget_all(struct rms_signed_cache *cache)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        while (cache->buckets[i] != NULL) {
            struct kept *kept = cache->buckets[i];
            cache->buckets[i] = kept->next;
            rms_buf_fini(&kept->text);
            rms_free(kept);
        }
    }
    cache->count = 0;
}

void rms_signed_cache_free(struct rms_signed_cache **cache)
{
    if (*cache != NULL) {
        forget_all(*cache);
        (void)pthread_mutex_destroy(&(*cache)->lock);
        rms_free(*cache);
        *cache = NULL;
    }
}

static bool is(const struct kept *kept, const struct rms_signed_name *name)
{
    return strcmp(kept->id, name->id) == 0 && strcmp(kept->key_id, name->key_id) == 0;
}

/* Under the lock. GUIDs begin with random digits. */
static struct kept **place_of(struct rms_signed_cache *cache, const struct rms_signed_name *name)
{
    size_t bucket = strtoul((char[4]){name->id[0], name->id[1], name->id[2], '\0'}, NULL, 16);
    struct kept **place = &cache->buckets[bucket % BUCKETS];
    while (*place != NULL && !is(*place, name)) {
        place = &(*place)->next;
    }
    return place;
}

bool rms_signed_cache_get(struct rms_signed_cache *cache, struct rms_arena *arena,
    const struct rms_signed_name *name, struct rms_view *text_out)
{
    bool found = false;
    (void)pthread_mutex_lock(&cache->lock);
    const struct kept *kept = *place_of(cache, name);
    if (kept != NULL && kept->version == name->version) {
        uint8_t *copy = rms_arena_copy(arena, kept->text.data, kept->text.len);
        *text_out = rms_view_of(copy, kept->text.len);
        found = copy != NULL;
    }
    (void)pthread_mutex_unlock(&cache->lock);
    return found;
}

void rms_signed_cache_put(
    struct rms_signed_cache *cache, const struct rms_signed_name *name, struct rms_buf *text)
{
    (void)pthread_mutex_lock(&cache->lock);
    if (cache->count >= KEPT_MAX) {
        forget_all(cache);
    }
    struct kept **place = place_of(cache, name);
    if (*place == NULL) {
        *place = rms_calloc(1, sizeof **place);
        cache->count += *place != NULL;
    }
    if (*place != NULL) {
        struct kept *kept = *place;
        rms_guid_copy(kept->id, name->id);
        rms_guid_copy(kept->key_id, name->key_id);
        kept->version = name->version;
        rms_buf_fini(&kept->text);
        kept->text = *text;
        rms_buf_init(text, 0);
    }
    (void)pthread_mutex_unlock(&cache->lock);
}
