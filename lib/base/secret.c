#include "base/secret.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/mem.h"

/* Keys are small and come by the thousand, so they share slabs: one guarded region of SLOTS equal places.
 * Anything larger gets a region of its own, its end against the rear guard page. */
#define SLOT_BYTES 64u
#define SLOTS      256u
#define ALIGNMENT  16u

struct region {
    uint8_t *map; /* guard page, usable bytes, guard page */
    size_t map_bytes;
};

struct slab {
    struct slab *next;
    struct region region;
    uint8_t *slots;
    uint64_t busy[SLOTS / 64];
    unsigned used;
};

struct rms_secret {
    uint8_t *data;
    size_t len;
    struct slab *slab; /* NULL: region is its own */
    struct region region;
};

static pthread_mutex_t slabs_lock = PTHREAD_MUTEX_INITIALIZER;
static struct slab *slabs;

static size_t page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static size_t round_up(size_t value, size_t unit)
{
    return (value + unit - 1) / unit * unit;
}

/* usable is a multiple of the page size. Returns the first usable byte or NULL. */
static uint8_t *region_map(struct region *region, size_t usable)
{
    size_t page = page_bytes();
    void *map = mmap(NULL, usable + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (map == MAP_FAILED) {
        return NULL;
    }
    region->map = map;
    region->map_bytes = usable + 2 * page;
    if (mprotect(region->map + page, usable, PROT_READ | PROT_WRITE) != 0) {
        (void)munmap(region->map, region->map_bytes);
        return NULL;
    }
    /* Both are best effort: RLIMIT_MEMLOCK may be small for a person's own program. */
    (void)mlock(region->map + page, usable);
    (void)madvise(region->map + page, usable, MADV_DONTDUMP);
    return region->map + page;
}

static void region_unmap(struct region *region)
{
    (void)munmap(region->map, region->map_bytes);
}

static struct slab *slab_new(void)
{
    struct slab *slab = rms_calloc(1, sizeof *slab);

    if (slab == NULL) {
        return NULL;
    }
    slab->slots = region_map(&slab->region, round_up((size_t)SLOTS * SLOT_BYTES, page_bytes()));
    if (slab->slots == NULL) {
        rms_free(slab);
        return NULL;
    }
    slab->next = slabs;
    slabs = slab;
    return slab;
}

static uint8_t *slot_take(struct slab *slab)
{
    unsigned word = 0;
    unsigned bit;

    while (slab->busy[word] == UINT64_MAX) {
        word++;
    }
    bit = (unsigned)__builtin_ctzll(~slab->busy[word]);
    slab->busy[word] |= 1ull << bit;
    slab->used++;
    return slab->slots + (size_t)(word * 64 + bit) * SLOT_BYTES;
}

static bool small_init(struct rms_secret *secret)
{
    struct slab *slab;

    (void)pthread_mutex_lock(&slabs_lock);
    for (slab = slabs; slab != NULL && slab->used == SLOTS; slab = slab->next) {
    }
    slab = slab != NULL ? slab : slab_new();
    if (slab != NULL) {
        secret->data = slot_take(slab);
        secret->slab = slab;
    }
    (void)pthread_mutex_unlock(&slabs_lock);
    return slab != NULL;
}

static void slab_unlink(struct slab *slab)
{
    struct slab **place = &slabs;

    while (*place != slab) {
        place = &(*place)->next;
    }
    *place = slab->next;
    region_unmap(&slab->region);
    rms_free(slab);
}

/* One empty slab is kept, so that a lone secret coming and going costs no system call. */
static void small_fini(struct rms_secret *secret)
{
    struct slab *slab = secret->slab;
    size_t slot = (size_t)(secret->data - slab->slots) / SLOT_BYTES;

    (void)pthread_mutex_lock(&slabs_lock);
    slab->busy[slot / 64] &= ~(1ull << slot % 64);
    slab->used--;
    if (slab->used == 0 && slabs->next != NULL) {
        slab_unlink(slab);
    }
    (void)pthread_mutex_unlock(&slabs_lock);
}

static bool large_init(struct rms_secret *secret)
{
    size_t usable = round_up(secret->len, page_bytes());
    uint8_t *first = region_map(&secret->region, usable);

    if (first != NULL) {
        secret->data = first + usable - round_up(secret->len, ALIGNMENT);
    }
    return first != NULL;
}

struct rms_secret *rms_secret_new(size_t len)
{
    struct rms_secret *secret;

    if (len == 0 || len > RMS_SECRET_MAX) {
        return NULL;
    }
    secret = rms_calloc(1, sizeof *secret);
    if (secret == NULL) {
        return NULL;
    }
    secret->len = len;
    if (!(len <= SLOT_BYTES ? small_init(secret) : large_init(secret))) {
        rms_free(secret);
        return NULL;
    }
    return secret;
}

struct rms_secret *rms_secret_take(void *data, size_t len)
{
    struct rms_secret *secret = rms_secret_new(len);

    if (secret != NULL) {
        memcpy(secret->data, data, len);
    }
    rms_wipe(data, len);
    return secret;
}

void rms_secret_free(struct rms_secret **secret)
{
    if (*secret == NULL) {
        return;
    }
    rms_wipe((*secret)->data, (*secret)->len);
    if ((*secret)->slab != NULL) {
        small_fini(*secret);
    } else {
        region_unmap(&(*secret)->region);
    }
    rms_free(*secret);
    *secret = NULL;
}

uint8_t *rms_secret_bytes(struct rms_secret *secret)
{
    return secret->data;
}

struct rms_view rms_secret_view(const struct rms_secret *secret)
{
    return rms_view_of(secret->data, secret->len);
}

size_t rms_secret_len(const struct rms_secret *secret)
{
    return secret->len;
}

void rms_secret_harden_process(void)
{
    static const struct rlimit none = {0, 0};

    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
