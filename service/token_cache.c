#include "service/token_cache.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/mem.h"

#define SHARDS 16u
#define WAYS   8u
#define SETS   (RMS_TOKEN_CACHE_ENTRIES / SHARDS / WAYS)

struct entry {
    uint8_t digest[RMS_SHA256_BYTES];
    uint64_t era; /* 0: empty */
    uint64_t used;
    struct rms_token_hit hit;
};

struct shard {
    pthread_mutex_t lock;
    uint64_t clock; /* counts uses, to find the one used longest ago */
    struct entry entries[SETS][WAYS];
};

struct rms_token_cache {
    atomic_uint_fast64_t era;
    struct shard shards[SHARDS];
};

int rms_token_cache_new(struct rms_token_cache **cache_out)
{
    struct rms_token_cache *cache = rms_calloc(1, sizeof *cache);

    *cache_out = cache;
    if (cache == NULL) {
        return RMS_E_NO_MEMORY;
    }
    atomic_init(&cache->era, 1);
    for (size_t i = 0; i < SHARDS; i++) {
        (void)pthread_mutex_init(&cache->shards[i].lock, NULL);
    }
    return 0;
}

void rms_token_cache_free(struct rms_token_cache **cache)
{
    if (*cache == NULL) {
        return;
    }
    for (size_t i = 0; i < SHARDS; i++) {
        (void)pthread_mutex_destroy(&(*cache)->shards[i].lock);
    }
    rms_free(*cache);
    *cache = NULL;
}

uint64_t rms_token_cache_era(const struct rms_token_cache *cache)
{
    return atomic_load(&cache->era);
}

void rms_token_cache_drop(struct rms_token_cache *cache)
{
    (void)atomic_fetch_add(&cache->era, 1);
}

/* The digest is uniform: its first bytes choose the place, and nobody can aim at one without making tokens
 * that verify. */
static struct shard *shard_of(struct rms_token_cache *cache, const uint8_t *digest)
{
    return &cache->shards[digest[0] % SHARDS];
}

static struct entry *set_of(struct shard *shard, const uint8_t *digest)
{
    return shard->entries[(digest[1] | (unsigned)digest[2] << 8) % SETS];
}

static struct entry *find(struct entry *set, const uint8_t *digest)
{
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].era != 0 && memcmp(set[i].digest, digest, RMS_SHA256_BYTES) == 0) {
            return &set[i];
        }
    }
    return NULL;
}

bool rms_token_cache_get(struct rms_token_cache *cache, const uint8_t digest[RMS_SHA256_BYTES], int64_t now,
    struct rms_token_hit *hit_out)
{
    struct shard *shard = shard_of(cache, digest);
    struct entry *entry;
    bool good;

    (void)pthread_mutex_lock(&shard->lock);
    entry = find(set_of(shard, digest), digest);
    good = entry != NULL && entry->era == rms_token_cache_era(cache) && now <= entry->hit.expires_at;
    if (good) {
        entry->used = ++shard->clock;
        *hit_out = entry->hit;
    } else if (entry != NULL) {
        entry->era = 0;
    }
    (void)pthread_mutex_unlock(&shard->lock);
    return good;
}

static struct entry *victim(struct entry *set, uint64_t era)
{
    struct entry *best = &set[0];

    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].era != era) {
            return &set[i];
        }
        if (set[i].used < best->used) {
            best = &set[i];
        }
    }
    return best;
}

void rms_token_cache_put(struct rms_token_cache *cache, const uint8_t digest[RMS_SHA256_BYTES], uint64_t era,
    const struct rms_token_hit *hit)
{
    struct shard *shard = shard_of(cache, digest);
    struct entry *entry;

    if (era != rms_token_cache_era(cache)) {
        return;
    }
    (void)pthread_mutex_lock(&shard->lock);
    entry = find(set_of(shard, digest), digest);
    if (entry == NULL) {
        entry = victim(set_of(shard, digest), era);
    }
    memcpy(entry->digest, digest, RMS_SHA256_BYTES);
    entry->era = era;
    entry->used = ++shard->clock;
    entry->hit = *hit;
    (void)pthread_mutex_unlock(&shard->lock);
}
