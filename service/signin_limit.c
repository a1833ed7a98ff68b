#include "service/signin_limit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/digest.h"
#include "crypto/random.h"

#define SETS       4096u
#define WAYS       4u
#define NAME_BYTES 16
#define RING       50u /* the largest of the limits */

/* Times of the latest failures, a ring: the oldest that counts tells whether the window is full. */
struct entry {
    uint8_t name[NAME_BYTES];
    int64_t failed_at[RING];
    uint8_t next;
    uint8_t count;
};

static const unsigned most_of[RMS_LIMIT_KINDS] = {
#define X(name, most) [RMS_LIMIT_##name] = (most),
    RMS_LIMITS(X)
#undef X
};

#define X(name, most) _Static_assert((most) <= RING, "the ring must hold a window");
RMS_LIMITS(X)
#undef X

unsigned rms_limit_most(enum rms_limit_kind kind)
{
    return most_of[kind];
}

struct rms_limit {
    pthread_mutex_t lock;
    uint8_t key[RMS_SHA256_BYTES]; /* random: nobody can aim at a set */
    struct entry entries[SETS][WAYS];
};

int rms_limit_new(struct rms_limit **limit_out)
{
    struct rms_limit *limit = rms_calloc(1, sizeof *limit);

    *limit_out = limit;
    if (limit == NULL) {
        return RMS_E_NO_MEMORY;
    }
    rms_random(limit->key, sizeof limit->key);
    (void)pthread_mutex_init(&limit->lock, NULL);
    return 0;
}

void rms_limit_free(struct rms_limit **limit)
{
    if (*limit != NULL) {
        (void)pthread_mutex_destroy(&(*limit)->lock);
        rms_free(*limit);
        *limit = NULL;
    }
}

/* The hash of kind and name, keyed; its first bytes choose the set. */
static void digest_of(const struct rms_limit *limit, enum rms_limit_kind kind, const char *name,
    uint8_t digest[RMS_SHA256_BYTES])
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(4096);

    rms_buf_append_byte(&text, (uint8_t)kind);
    rms_buf_append(&text, name, strnlen(name, 4000));
    rms_hmac_sha256(rms_view_of(limit->key, sizeof limit->key), rms_buf_view(&text), digest);
}

static struct entry *set_of(struct rms_limit *limit, const uint8_t digest[RMS_SHA256_BYTES])
{
    uint32_t index;

    memcpy(&index, digest + NAME_BYTES, sizeof index);
    return limit->entries[index % SETS];
}

static struct entry *find(struct entry *set, const uint8_t *name)
{
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].count > 0 && memcmp(set[i].name, name, NAME_BYTES) == 0) {
            return &set[i];
        }
    }
    return NULL;
}

/* The failure `back` places before the next free one: 1 is the latest. */
static int64_t failure(const struct entry *entry, unsigned back)
{
    return entry->failed_at[(entry->next + RING - back) % RING];
}

static int64_t latest(const struct entry *entry)
{
    return entry->count == 0 ? INT64_MIN : failure(entry, 1);
}

/* The way to give away: empty, else the one that failed longest ago. */
static struct entry *victim(struct entry *set)
{
    struct entry *best = &set[0];

    for (size_t i = 1; i < WAYS; i++) {
        if (latest(&set[i]) < latest(best)) {
            best = &set[i];
        }
    }
    return best;
}

int64_t rms_limit_wait(struct rms_limit *limit, enum rms_limit_kind kind, const char *name, int64_t now)
{
    uint8_t digest[RMS_SHA256_BYTES];
    const struct entry *entry;
    int64_t wait = 0;

    digest_of(limit, kind, name, digest);
    (void)pthread_mutex_lock(&limit->lock);
    entry = find(set_of(limit, digest), digest);
    if (entry != NULL && entry->count >= most_of[kind]) {
        wait = failure(entry, most_of[kind]) + RMS_LIMIT_WINDOW_S - now;
    }
    (void)pthread_mutex_unlock(&limit->lock);
    if (wait <= 0) {
        return 0;
    }
    return wait < RMS_LIMIT_WINDOW_S ? wait : RMS_LIMIT_WINDOW_S;
}

void rms_limit_fail(struct rms_limit *limit, enum rms_limit_kind kind, const char *name, int64_t now)
{
    uint8_t digest[RMS_SHA256_BYTES];
    struct entry *set;
    struct entry *entry;

    digest_of(limit, kind, name, digest);
    (void)pthread_mutex_lock(&limit->lock);
    set = set_of(limit, digest);
    entry = find(set, digest);
    if (entry == NULL) {
        entry = victim(set);
        *entry = (struct entry){.count = 0};
        memcpy(entry->name, digest, NAME_BYTES);
    }
    entry->failed_at[entry->next] = now;
    entry->next = (uint8_t)((entry->next + 1) % RING);
    entry->count = (uint8_t)(entry->count < RING ? entry->count + 1 : entry->count);
    (void)pthread_mutex_unlock(&limit->lock);
}

void rms_limit_clear(struct rms_limit *limit, enum rms_limit_kind kind, const char *name)
{
    uint8_t digest[RMS_SHA256_BYTES];
    struct entry *entry;

    digest_of(limit, kind, name, digest);
    (void)pthread_mutex_lock(&limit->lock);
    entry = find(set_of(limit, digest), digest);
    if (entry != NULL) {
        *entry = (struct entry){.count = 0};
    }
    (void)pthread_mutex_unlock(&limit->lock);
}

struct rms_gate {
    atomic_size_t free_places;
};

int rms_gate_new(size_t places, struct rms_gate **gate_out)
{
    struct rms_gate *gate = rms_calloc(1, sizeof *gate);

    *gate_out = gate;
    if (gate == NULL) {
        return RMS_E_NO_MEMORY;
    }
    atomic_init(&gate->free_places, places);
    return 0;
}

void rms_gate_free(struct rms_gate **gate)
{
    rms_free(*gate);
    *gate = NULL;
}

int rms_gate_enter(struct rms_gate *gate)
{
    size_t free_places = atomic_load(&gate->free_places);

    while (free_places > 0) {
        if (atomic_compare_exchange_weak(&gate->free_places, &free_places, free_places - 1)) {
            return 0;
        }
    }
    return RMS_E_THROTTLED;
}

void rms_gate_leave(struct rms_gate *gate)
{
    (void)atomic_fetch_add(&gate->free_places, 1);
}
