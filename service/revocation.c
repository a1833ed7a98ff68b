#include "service/revocation.h"

#include <pthread.h>

#include "base/mem.h"
#include "crypto/digest.h"
#include "crypto/random.h"

#define MARK_BYTES 16u /* two documents share one with a chance of 2^-128 */
#define SLOTS_MIN  1024u
#define TEXT_MAX   1024u /* of a key: two GUIDs and an address */

struct mark {
    uint64_t low; /* both 0: a free slot */
    uint64_t high;
};

struct slot {
    struct mark mark;
    int64_t since; /* reaches licences issued from then on */
};

struct rms_revocations {
    pthread_mutex_t following; /* one thread reads the history */
    int64_t seq;               /* of the newest row taken */
    uint8_t salt[MARK_BYTES];  /* nobody outside can choose content ids that meet in one slot */

    pthread_rwlock_t lock; /* over the table */
    struct slot *slots;
    size_t slot_count; /* a power of two */
    size_t count;
};

/* --- the table: open addressing, linear probing --------------------------------------------------------- */

static bool is_free(const struct mark *mark)
{
    return mark->low == 0 && mark->high == 0;
}

static bool same_mark(const struct mark *a, const struct mark *b)
{
    return a->low == b->low && a->high == b->high;
}

/* Where the mark is, or the free slot where it would be. */
static size_t slot_of(const struct slot *slots, size_t slot_count, const struct mark *mark)
{
    size_t at = (size_t)mark->low & (slot_count - 1);
    while (!is_free(&slots[at].mark) && !same_mark(&slots[at].mark, mark)) {
        at = (at + 1) & (slot_count - 1);
    }
    return at;
}

static int grow(struct rms_revocations *set)
{
    size_t slot_count = set->slot_count * 2;
    struct slot *slots = rms_calloc(slot_count, sizeof *slots);
    if (slots == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < set->slot_count; i++) {
        if (!is_free(&set->slots[i].mark)) {
            slots[slot_of(slots, slot_count, &set->slots[i].mark)] = set->slots[i];
        }
    }
    rms_free(set->slots);
    set->slots = slots;
    set->slot_count = slot_count;
    return RMS_OK;
}

static int insert(struct rms_revocations *set, const struct slot *slot)
{
    if (set->count >= set->slot_count / 4 * 3) {
        RMS_TRY(grow(set));
    }
    size_t at = slot_of(set->slots, set->slot_count, &slot->mark);
    set->count += is_free(&set->slots[at].mark);
    set->slots[at] = *slot;
    return RMS_OK;
}

/* What stands behind it moves up, so that no search ends at the gap. */
static void erase(struct rms_revocations *set, const struct mark *mark)
{
    size_t mask = set->slot_count - 1;
    size_t gap = slot_of(set->slots, set->slot_count, mark);
    if (is_free(&set->slots[gap].mark)) {
        return;
    }
    for (size_t at = (gap + 1) & mask; !is_free(&set->slots[at].mark); at = (at + 1) & mask) {
        size_t home = (size_t)set->slots[at].mark.low & mask;
        if (((at - home) & mask) >= ((at - gap) & mask)) {
            set->slots[gap] = set->slots[at];
            gap = at;
        }
    }
    set->slots[gap] = (struct slot){0};
    set->count--;
}

/* --- documents -------------------------------------------------------------------------------------------
 */

/* Each text with its end, so that no two keys run together the same way. */
static int mark_of(
    const struct rms_revocations *set, const struct rms_document_key *key, struct mark *mark_out)
{
    const char *const parts[] = {key->tenant_id, key->content_id, key->issuer};
    uint8_t text[TEXT_MAX];
    uint8_t hash[RMS_HASH_MAX];
    size_t len = sizeof set->salt;
    memcpy(text, set->salt, len);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        size_t size = strlen(parts[i]) + 1;
        if (size > sizeof text - len) {
            return RMS_E_NAME_TOO_LONG;
        }
        memcpy(text + len, parts[i], size);
        len += size;
    }
    rms_hash(RMS_SHA256, rms_view_of(text, len), hash);
    memcpy(mark_out, hash, sizeof *mark_out);
    mark_out->high |= 1; /* not a free slot */
    return RMS_OK;
}

static int take(const struct rms_revocation *row, void *context)
{
    struct rms_revocations *set = context;
    struct slot slot = {.since = row->since};
    RMS_TRY(mark_of(set, &row->key, &slot.mark));
    (void)pthread_rwlock_wrlock(&set->lock);
    int rc = RMS_OK;
    if (row->revoked) {
        rc = insert(set, &slot);
    } else {
        erase(set, &slot.mark);
    }
    (void)pthread_rwlock_unlock(&set->lock);
    return rc;
}

int rms_revocations_follow(struct rms_revocations *set, struct rms_db *db)
{
    if (rms_db_in_transaction(db)) { /* what it sees may never come true */
        return RMS_OK;
    }
    (void)pthread_mutex_lock(&set->following);
    int rc = rms_revocation_follow(db, &set->seq, take, set);
    (void)pthread_mutex_unlock(&set->following);
    return rc;
}

uint64_t rms_revocations_newest(struct rms_revocations *set)
{
    (void)pthread_mutex_lock(&set->following);
    uint64_t seq = (uint64_t)set->seq;
    (void)pthread_mutex_unlock(&set->following);
    return seq;
}

int rms_revocations_has(
    struct rms_revocations *set, const struct rms_document_key *key, int64_t issued_at, bool *revoked_out)
{
    struct mark mark;
    RMS_TRY(mark_of(set, key, &mark));
    (void)pthread_rwlock_rdlock(&set->lock);
    const struct slot *slot = &set->slots[slot_of(set->slots, set->slot_count, &mark)];
    *revoked_out = !is_free(&slot->mark) && issued_at >= slot->since;
    (void)pthread_rwlock_unlock(&set->lock);
    return RMS_OK;
}

/* --- life ------------------------------------------------------------------------------------------------
 */

int rms_revocations_new(struct rms_revocations **set_out)
{
    struct rms_revocations *set = rms_calloc(1, sizeof *set);
    if (set == NULL) {
        return RMS_E_NO_MEMORY;
    }
    set->slots = rms_calloc(SLOTS_MIN, sizeof *set->slots);
    if (set->slots == NULL) {
        rms_free(set);
        return RMS_E_NO_MEMORY;
    }
    set->slot_count = SLOTS_MIN;
    rms_random(set->salt, sizeof set->salt);
    (void)pthread_mutex_init(&set->following, NULL);
    (void)pthread_rwlock_init(&set->lock, NULL);
    *set_out = set;
    return RMS_OK;
}

void rms_revocations_free(struct rms_revocations **set)
{
    if (*set != NULL) {
        (void)pthread_mutex_destroy(&(*set)->following);
        (void)pthread_rwlock_destroy(&(*set)->lock);
        rms_free((*set)->slots);
        rms_free(*set);
        *set = NULL;
    }
}

void rms_revocations_stats(struct rms_revocations *set, struct rms_revocations_stats *stats_out)
{
    (void)pthread_rwlock_rdlock(&set->lock);
    *stats_out = (struct rms_revocations_stats){set->count, set->slot_count * sizeof *set->slots};
    (void)pthread_rwlock_unlock(&set->lock);
}
