/* Openings by hash: shards with a lock each, the longest unused first to go. */
#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>

#include "base/mem.h"
#include "service/licence.h"

#define SHARDS  64u
#define BUCKETS 1024u /* of a shard */

struct slot {
    struct slot *chain; /* next in the bucket */
    struct slot *newer; /* by use */
    struct slot *older;
    uint8_t key[RMS_SHA256_BYTES];
    const struct rms_opening *opening;
    size_t bytes;
};

struct shard {
    pthread_mutex_t lock;
    struct slot *buckets[BUCKETS];
    struct slot *newest;
    struct slot *oldest;
    struct rms_licences_stats stats;
};

struct rms_licences {
    size_t shard_bytes;
    struct shard shards[SHARDS];
};

/* An opening with its count in front and its texts behind, one block. */
struct counted {
    atomic_size_t refs;
    size_t bytes;
    struct rms_arena *arena;
    struct rms_opening opening;
};

static struct counted *counted_of(const struct rms_opening *opening)
{
    return (struct counted *)((uintptr_t)opening - offsetof(struct counted, opening));
}

static void opening_ref(const struct rms_opening *opening)
{
    (void)atomic_fetch_add(&counted_of(opening)->refs, 1);
}

void rms_opening_unref(const struct rms_opening **opening)
{
    if (*opening != NULL && atomic_fetch_sub(&counted_of(*opening)->refs, 1) == 1) {
        struct rms_arena *arena = counted_of(*opening)->arena;
        rms_arena_free(&arena);
    }
    *opening = NULL;
}

/* --- copying ------------------------------------------------------------------------------------------ */

#define COPY_MAX (32u * 1024 * 1024)

static int copy_text(struct rms_arena *arena, const char **text)
{
    if (*text == NULL) {
        return RMS_OK;
    }
    *text = rms_arena_strdup(arena, *text);
    return *text != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

static int copy_pairs(struct rms_arena *arena, const struct rms_name_value **pairs, size_t count)
{
    struct rms_name_value *copy = rms_arena_array(arena, count + 1, sizeof *copy);
    if (copy == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        copy[i] = (*pairs)[i];
        RMS_TRY(copy_text(arena, &copy[i].name));
        RMS_TRY(copy_text(arena, &copy[i].value));
    }
    *pairs = copy;
    return RMS_OK;
}

static int copy_rights(struct rms_arena *arena, struct rms_rights *rights)
{
    if (rights->custom_count == 0) {
        return RMS_OK;
    }
    const char **names = rms_arena_array(arena, rights->custom_count, sizeof(const char *));
    if (names == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < rights->custom_count; i++) {
        names[i] = rights->custom[i];
        RMS_TRY(copy_text(arena, &names[i]));
    }
    rights->custom = names;
    return RMS_OK;
}

static int copy_grants(struct rms_arena *arena, struct rms_policy *policy)
{
    struct rms_grant *grants = rms_arena_array(arena, policy->grant_count + 1, sizeof *grants);
    if (grants == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < policy->grant_count; i++) {
        grants[i] = policy->grants[i];
        RMS_TRY(copy_text(arena, &grants[i].address));
        RMS_TRY(copy_rights(arena, &grants[i].rights));
    }
    policy->grants = grants;
    return RMS_OK;
}

static int copy_texts(struct rms_arena *arena, struct rms_policy *policy)
{
    struct rms_policy_text *texts = rms_arena_array(arena, policy->text_count + 1, sizeof *texts);
    if (texts == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < policy->text_count; i++) {
        texts[i] = policy->texts[i];
        RMS_TRY(copy_text(arena, &texts[i].name));
        RMS_TRY(copy_text(arena, &texts[i].description));
    }
    policy->texts = texts;
    return RMS_OK;
}

static int copy_policy(struct rms_arena *arena, struct rms_policy *policy)
{
    RMS_TRY(copy_texts(arena, policy));
    RMS_TRY(copy_grants(arena, policy));
    RMS_TRY(copy_text(arena, &policy->referral));
    RMS_TRY(copy_pairs(arena, &policy->signed_data, policy->signed_count));
    return copy_pairs(arena, &policy->encrypted_data, policy->encrypted_count);
}

static int fill_copy(struct rms_arena *arena, struct rms_opening *copy, const struct rms_opening *from)
{
    *copy = *from;
    RMS_TRY(copy_text(arena, &copy->owner));
    RMS_TRY(copy_text(arena, &copy->issuer));
    RMS_TRY(copy_text(arena, &copy->file_name));
    RMS_TRY(copy_text(arena, &copy->origin_id));
    RMS_TRY(copy_text(arena, &copy->origin_issuer));
    return copy_policy(arena, &copy->policy);
}

/* First in scratch, to know the size: tens of thousands are kept, each in a block of its own that fits. */
int rms_opening_copy(
    struct rms_arena *scratch, const struct rms_opening *from, const struct rms_opening **copy_out)
{
    struct rms_opening trial;
    size_t used = rms_arena_used(scratch);
    RMS_TRY(fill_copy(scratch, &trial, from));
    size_t need = rms_arena_used(scratch) - used + sizeof(struct counted) + alignof(max_align_t);
    struct rms_arena *arena = rms_arena_new_sized(COPY_MAX, need);
    struct counted *counted = arena != NULL ? rms_arena_alloc(arena, sizeof *counted) : NULL;
    int rc = RMS_E_NO_MEMORY;
    if (counted != NULL) {
        counted->arena = arena;
        counted->bytes = need;
        atomic_init(&counted->refs, 1);
        rc = fill_copy(arena, &counted->opening, from);
    }
    if (rc < 0) {
        rms_arena_free(&arena);
        return rc;
    }
    *copy_out = &counted->opening;
    return RMS_OK;
}

/* --- the cache ---------------------------------------------------------------------------------------- */

static struct shard *shard_of(struct rms_licences *licences, const uint8_t *key)
{
    return &licences->shards[key[0] % SHARDS];
}

static struct slot **bucket_of(struct shard *shard, const uint8_t *key)
{
    return &shard->buckets[(key[1] | key[2] << 8) % BUCKETS];
}

static struct slot **find(struct shard *shard, const uint8_t *key)
{
    struct slot **place = bucket_of(shard, key);
    while (*place != NULL && memcmp((*place)->key, key, RMS_SHA256_BYTES) != 0) {
        place = &(*place)->chain;
    }
    return place;
}

static void unlink_use(struct shard *shard, struct slot *slot)
{
    *(slot->newer != NULL ? &slot->newer->older : &shard->newest) = slot->older;
    *(slot->older != NULL ? &slot->older->newer : &shard->oldest) = slot->newer;
}

static void link_newest(struct shard *shard, struct slot *slot)
{
    slot->newer = NULL;
    slot->older = shard->newest;
    *(shard->newest != NULL ? &shard->newest->newer : &shard->oldest) = slot;
    shard->newest = slot;
}

static void remove_at(struct shard *shard, struct slot **place)
{
    struct slot *slot = *place;
    *place = slot->chain;
    unlink_use(shard, slot);
    shard->stats.bytes -= slot->bytes;
    shard->stats.count--;
    rms_opening_unref(&slot->opening);
    rms_free(slot);
}

int rms_licences_new(size_t max_bytes, struct rms_licences **licences_out)
{
    struct rms_licences *licences = rms_calloc(1, sizeof *licences);
    if (licences == NULL) {
        return RMS_E_NO_MEMORY;
    }
    licences->shard_bytes = max_bytes / SHARDS;
    for (size_t i = 0; i < SHARDS; i++) {
        (void)pthread_mutex_init(&licences->shards[i].lock, NULL);
    }
    *licences_out = licences;
    return RMS_OK;
}

void rms_licences_free(struct rms_licences **licences)
{
    struct rms_licences *l = *licences;
    if (l == NULL) {
        return;
    }
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *shard = &l->shards[i];
        while (shard->oldest != NULL) {
            remove_at(shard, find(shard, shard->oldest->key));
        }
        (void)pthread_mutex_destroy(&shard->lock);
    }
    rms_free(l);
    *licences = NULL;
}

const struct rms_opening *rms_licences_get(struct rms_licences *licences, const uint8_t key[RMS_SHA256_BYTES])
{
    struct shard *shard = shard_of(licences, key);
    const struct rms_opening *opening = NULL;
    (void)pthread_mutex_lock(&shard->lock);
    struct slot *slot = *find(shard, key);
    if (slot != NULL) {
        unlink_use(shard, slot);
        link_newest(shard, slot);
        opening = slot->opening;
        opening_ref(opening);
        shard->stats.hits++;
    } else {
        shard->stats.misses++;
    }
    (void)pthread_mutex_unlock(&shard->lock);
    return opening;
}

static void make_room(struct shard *shard, size_t limit)
{
    while (shard->stats.bytes > limit && shard->oldest != NULL) {
        remove_at(shard, find(shard, shard->oldest->key));
        shard->stats.dropped++;
    }
}

void rms_licences_put(
    struct rms_licences *licences, const uint8_t key[RMS_SHA256_BYTES], const struct rms_opening *opening)
{
    struct shard *shard = shard_of(licences, key);
    struct slot *slot = rms_calloc(1, sizeof *slot);
    if (slot == NULL) {
        return;
    }
    memcpy(slot->key, key, RMS_SHA256_BYTES);
    slot->bytes = sizeof *slot + counted_of(opening)->bytes;
    (void)pthread_mutex_lock(&shard->lock);
    struct slot **old = find(shard, key);
    if (*old != NULL) {
        remove_at(shard, old);
    }
    slot->opening = opening;
    opening_ref(opening);
    slot->chain = *bucket_of(shard, key);
    *bucket_of(shard, key) = slot;
    link_newest(shard, slot);
    shard->stats.bytes += slot->bytes;
    shard->stats.count++;
    make_room(shard, licences->shard_bytes);
    (void)pthread_mutex_unlock(&shard->lock);
}

void rms_licences_drop(struct rms_licences *licences, const uint8_t key[RMS_SHA256_BYTES])
{
    struct shard *shard = shard_of(licences, key);
    (void)pthread_mutex_lock(&shard->lock);
    struct slot **place = find(shard, key);
    if (*place != NULL) {
        remove_at(shard, place);
    }
    (void)pthread_mutex_unlock(&shard->lock);
}

void rms_licences_stats(struct rms_licences *licences, struct rms_licences_stats *stats_out)
{
    *stats_out = (struct rms_licences_stats){0};
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *shard = &licences->shards[i];
        (void)pthread_mutex_lock(&shard->lock);
        stats_out->hits += shard->stats.hits;
        stats_out->misses += shard->stats.misses;
        stats_out->dropped += shard->stats.dropped;
        stats_out->count += shard->stats.count;
        stats_out->bytes += shard->stats.bytes;
        (void)pthread_mutex_unlock(&shard->lock);
    }
}
