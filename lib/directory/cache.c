/* People in memory. A shard is a hash table and a list by last use under one lock; what it holds is
 * immutable, so a hit is a look-up, a comparison of stamps and a reference. Nothing is read from the store
 * under a lock.
 *
 * A stamp says what was known before the person was read: when the change counters have moved since, the
 * account is read again (membership is kept while it is young enough), and when an operator asked for it,
 * membership too. */
#include "directory/cache.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/mem.h"

#define SHARDS_MAX 64
#define POLL_MS    100 /* changes of other processes show after this at most */

struct stamp {
    uint64_t local;   /* rms_store_local_changes */
    uint64_t changes; /* as last polled */
    uint64_t epoch;   /* of membership */
};

struct slot {
    struct slot *chain; /* same bucket */
    struct slot *newer; /* list by last use */
    struct slot *older;
    uint64_t hash;
    struct stamp stamp;
    const struct rms_directory_person *person;
};

struct shard {
    pthread_mutex_t lock;
    struct slot **buckets; /* bucket_count, a power of two */
    size_t bucket_count;
    struct slot *newest;
    struct slot *oldest;
    size_t count;
    size_t capacity;
    uint64_t forgets; /* what was read before the last one does not come in */
    uint64_t hits;
    uint64_t misses;
    uint64_t membership_reads;
};

struct rms_directory {
    struct rms_store *store;
    atomic_int_fast64_t polled_ms;
    pthread_mutex_t poll_lock; /* of the three below, for writing */
    atomic_uint_fast64_t changes;
    atomic_uint_fast64_t refreshes;
    atomic_uint_fast64_t epoch;
    size_t shard_count;
    struct shard shards[SHARDS_MAX];
};

static size_t power_of_two(size_t least)
{
    size_t power = 1;

    while (power < least) {
        power *= 2;
    }
    return power;
}

static int shard_init(struct shard *shard, size_t capacity)
{
    shard->bucket_count = power_of_two(capacity);
    shard->buckets = rms_calloc(shard->bucket_count, sizeof(struct slot *));
    shard->capacity = capacity;
    (void)pthread_mutex_init(&shard->lock, NULL);
    return shard->buckets != NULL ? 0 : RMS_E_NO_MEMORY;
}

int rms_directory_new(struct rms_store *store, size_t capacity, struct rms_directory **directory_out)
{
    struct rms_directory *directory = rms_calloc(1, sizeof *directory);
    int code = 0;

    *directory_out = NULL;
    if (directory == NULL) {
        return RMS_E_NO_MEMORY;
    }
    capacity = capacity > 0 ? capacity : RMS_DIRECTORY_CAPACITY;
    directory->store = store;
    directory->shard_count = capacity >= 1024 ? SHARDS_MAX : 1;
    atomic_init(&directory->polled_ms, INT64_MIN / 2);
    (void)pthread_mutex_init(&directory->poll_lock, NULL);
    for (size_t i = 0; i < directory->shard_count; i++) {
        int status = shard_init(&directory->shards[i], capacity / directory->shard_count);

        code = code < 0 ? code : status;
    }
    if (code < 0) {
        rms_directory_free(&directory);
        return code;
    }
    *directory_out = directory;
    return 0;
}

/* Shards (the lock is held) */

static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (; *text != '\0'; text++) {
        hash = (hash ^ (uint8_t)*text) * 0x100000001b3u; /* FNV-1a */
    }
    return hash;
}

/* Account ids are random, so they alone spread well; the tenant is compared, not hashed. */
static uint64_t hash_key(const struct rms_person_key *key)
{
    return hash_text(0xcbf29ce484222325u, key->account_id);
}

static struct shard *shard_of(struct rms_directory *directory, uint64_t hash)
{
    return &directory->shards[(hash >> 32) % directory->shard_count];
}

static struct slot **bucket_of(struct shard *shard, uint64_t hash)
{
    return &shard->buckets[hash & (shard->bucket_count - 1)];
}

static struct slot *find_slot(struct shard *shard, const struct rms_person_key *key, uint64_t hash)
{
    struct slot *slot;

    for (slot = *bucket_of(shard, hash); slot != NULL; slot = slot->chain) {
        if (slot->hash == hash && strcmp(slot->person->account_id, key->account_id) == 0 &&
            strcmp(slot->person->tenant_id, key->tenant_id) == 0) {
            return slot;
        }
    }
    return NULL;
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

static void touch(struct shard *shard, struct slot *slot)
{
    if (shard->newest != slot) {
        unlink_use(shard, slot);
        link_newest(shard, slot);
    }
}

static void drop_slot(struct shard *shard, struct slot *slot)
{
    struct slot **link = bucket_of(shard, slot->hash);

    while (*link != slot) {
        link = &(*link)->chain;
    }
    *link = slot->chain;
    unlink_use(shard, slot);
    shard->count--;
    rms_directory_unref(&slot->person);
    rms_free(slot);
}

static struct slot *add_slot(struct shard *shard, uint64_t hash)
{
    struct slot *slot = rms_calloc(1, sizeof *slot);

    if (slot == NULL) {
        return NULL;
    }
    if (shard->count >= shard->capacity) {
        drop_slot(shard, shard->oldest);
    }
    slot->hash = hash;
    slot->chain = *bucket_of(shard, hash);
    *bucket_of(shard, hash) = slot;
    link_newest(shard, slot);
    shard->count++;
    return slot;
}

static void drop_all(struct shard *shard)
{
    while (shard->oldest != NULL) {
        drop_slot(shard, shard->oldest);
    }
}

void rms_directory_free(struct rms_directory **directory)
{
    if (*directory == NULL) {
        return;
    }
    for (size_t i = 0; i < (*directory)->shard_count; i++) {
        struct shard *shard = &(*directory)->shards[i];

        drop_all(shard);
        rms_free(shard->buckets);
        (void)pthread_mutex_destroy(&shard->lock);
    }
    (void)pthread_mutex_destroy(&(*directory)->poll_lock);
    rms_free(*directory);
    *directory = NULL;
}

/* Staying current */

typedef int (*read_changes)(struct rms_db *db, struct rms_changes *changes_out);

/* own: the one refresh that this process asked for itself and has served already; it makes nobody else's
 * membership old. */
static int read_counters(struct rms_directory *directory, struct rms_db *db, read_changes read, uint64_t own)
{
    struct rms_changes now;
    int code;

    (void)pthread_mutex_lock(&directory->poll_lock);
    code = read(db, &now);
    if (code == 0) {
        atomic_store(&directory->changes, now.changes);
        if (now.refreshes != atomic_load(&directory->refreshes) + own) {
            (void)atomic_fetch_add(&directory->epoch, 1);
        }
        atomic_store(&directory->refreshes, now.refreshes);
    }
    (void)pthread_mutex_unlock(&directory->poll_lock);
    return code;
}

static int poll_counters(struct rms_directory *directory, struct rms_db *db)
{
    int64_t now = rms_clock_monotonic_ms();
    int_fast64_t last = atomic_load_explicit(&directory->polled_ms, memory_order_relaxed);
    int code;

    if (now - last < POLL_MS || !atomic_compare_exchange_strong(&directory->polled_ms, &last, now)) {
        return 0;
    }
    code = read_counters(directory, db, rms_changes_seen, 0);
    if (code < 0) {
        atomic_store(&directory->polled_ms, INT64_MIN / 2);
    }
    return code;
}

static struct stamp stamp_now(struct rms_directory *directory)
{
    return (struct stamp){
        .local = rms_store_local_changes(directory->store),
        .changes = atomic_load(&directory->changes),
        .epoch = atomic_load(&directory->epoch),
    };
}

/* The way of a request */

struct visit {
    struct shard *shard;
    struct rms_person_key key;
    uint64_t hash;
    struct stamp stamp;
    uint64_t forgets;
    const struct rms_directory_person *old; /* its membership may be taken over; NULL = read */
};

/* True for a hit. Else visit->old is what can be built upon. */
static bool look_up(struct visit *visit, const struct rms_directory_person **person_out)
{
    struct shard *shard = visit->shard;
    bool hit = false;
    struct slot *slot;

    (void)pthread_mutex_lock(&shard->lock);
    visit->forgets = shard->forgets;
    slot = find_slot(shard, &visit->key, visit->hash);
    if (slot != NULL && slot->stamp.epoch == visit->stamp.epoch) {
        hit = slot->stamp.local == visit->stamp.local && slot->stamp.changes == visit->stamp.changes &&
              rms_membership_is_fresh(slot->person);
        *(hit ? person_out : &visit->old) = rms_directory_ref(slot->person);
        touch(shard, slot);
    }
    shard->hits += hit ? 1 : 0;
    shard->misses += hit ? 0 : 1;
    (void)pthread_mutex_unlock(&shard->lock);
    return hit;
}

/* Without memory for a slot the person is handed out all the same. */
static void keep(const struct visit *visit, const struct rms_directory_person *person, bool read_groups)
{
    struct shard *shard = visit->shard;
    struct slot *slot;

    (void)pthread_mutex_lock(&shard->lock);
    shard->membership_reads += read_groups ? 1 : 0;
    if (shard->forgets == visit->forgets) {
        slot = find_slot(shard, &visit->key, visit->hash);
        slot = slot != NULL ? slot : add_slot(shard, visit->hash);
        if (slot != NULL) {
            rms_directory_unref(&slot->person);
            slot->person = rms_directory_ref(person);
            slot->stamp = visit->stamp;
        }
    }
    (void)pthread_mutex_unlock(&shard->lock);
}

static void forget_one(struct rms_directory *directory, const struct rms_person_key *key)
{
    uint64_t hash = hash_key(key);
    struct shard *shard = shard_of(directory, hash);
    struct slot *slot;

    (void)pthread_mutex_lock(&shard->lock);
    shard->forgets++;
    slot = find_slot(shard, key, hash);
    if (slot != NULL) {
        drop_slot(shard, slot);
    }
    (void)pthread_mutex_unlock(&shard->lock);
}

int rms_directory_person(struct rms_directory *directory, struct rms_db *db, const char *tenant_id,
    const char *account_id, const struct rms_directory_person **person_out)
{
    struct visit visit = {.key = {tenant_id, account_id}};
    bool read_groups = false;
    int code;

    *person_out = NULL;
    if (rms_db_in_transaction(db)) { /* what it sees may never come true: not for others */
        return rms_person_build(db, &visit.key, NULL, &read_groups, person_out);
    }
    RMS_TRY(poll_counters(directory, db));
    visit.hash = hash_key(&visit.key);
    visit.shard = shard_of(directory, visit.hash);
    visit.stamp = stamp_now(directory);
    if (look_up(&visit, person_out)) {
        return 0;
    }
    code = rms_person_build(db, &visit.key, visit.old, &read_groups, person_out);
    rms_directory_unref(&visit.old);
    if (code == 0) {
        keep(&visit, *person_out, read_groups);
    } else if (code == RMS_E_NOT_FOUND) {
        forget_one(directory, &visit.key);
    }
    return code;
}

void rms_directory_forget(struct rms_directory *directory, const char *tenant_id, const char *account_id)
{
    if (account_id != NULL) {
        const struct rms_person_key key = {tenant_id, account_id};

        forget_one(directory, &key);
        return;
    }
    for (size_t i = 0; i < directory->shard_count; i++) {
        struct shard *shard = &directory->shards[i];

        (void)pthread_mutex_lock(&shard->lock);
        shard->forgets++;
        drop_all(shard);
        (void)pthread_mutex_unlock(&shard->lock);
    }
}

/* A group concerns whoever is in it now or was before: everybody's membership is read again. One account is
 * forgotten here by itself; other processes, which see only the counter, forget everybody. */
int rms_directory_refresh_counter(
    struct rms_directory *directory, struct rms_db *db, const struct rms_person_key *account)
{
    RMS_TRY(rms_changes_refresh(db));
    if (account != NULL) {
        forget_one(directory, account);
    }
    return read_counters(directory, db, rms_changes_read, account != NULL ? 1 : 0);
}

void rms_directory_stats(struct rms_directory *directory, struct rms_directory_stats *stats_out)
{
    *stats_out = (struct rms_directory_stats){0};
    for (size_t i = 0; i < directory->shard_count; i++) {
        struct shard *shard = &directory->shards[i];

        (void)pthread_mutex_lock(&shard->lock);
        stats_out->hits += shard->hits;
        stats_out->misses += shard->misses;
        stats_out->membership_reads += shard->membership_reads;
        stats_out->people += shard->count;
        (void)pthread_mutex_unlock(&shard->lock);
    }
}
