#include "service/hand_over.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/mem.h"
#include "directory/directory.h"

#define ROOM_LEAST 16u

/* A row with its texts, one block. */
struct entry {
    struct rms_hand_over row;
    char texts[];
};

struct list {
    struct entry **items;
    size_t count;
    size_t room;
};

struct rms_hand_overs {
    pthread_mutex_t following; /* one thread reads the history */
    int64_t seq;               /* of the newest row taken */

    pthread_rwlock_t lock;
    struct list list;    /* sorted: tenant, issuer, content id, since; of each the newest */
    atomic_bool nothing; /* what requests look at first */
};

/* --- the table: changes are rare, and few ----------------------------------------------------------------
 */

static int compare_keys(const struct rms_document_key *a, const struct rms_document_key *b)
{
    int order = strcmp(a->tenant_id, b->tenant_id);
    order = order != 0 ? order : strcmp(a->issuer, b->issuer);
    return order != 0 ? order : strcmp(a->content_id, b->content_id);
}

/* The newest of the same thing first. */
static int compare(const void *left, const void *right)
{
    const struct rms_hand_over *a = &(*(struct entry *const *)left)->row;
    const struct rms_hand_over *b = &(*(struct entry *const *)right)->row;
    int order = compare_keys(&a->key, &b->key);
    order = order != 0 ? order : (a->since > b->since) - (a->since < b->since);
    return order != 0 ? order : (a->seq < b->seq) - (a->seq > b->seq);
}

static char *put(char *at, const char *text, const char **copy)
{
    size_t size = strlen(text) + 1;
    memcpy(at, text, size);
    *copy = at;
    return at + size;
}

static struct entry *entry_of(const struct rms_hand_over *row)
{
    size_t size = strlen(row->key.tenant_id) + strlen(row->key.content_id) + strlen(row->key.issuer) +
                  strlen(row->account_id) + strlen(row->address) + 5;
    struct entry *entry = rms_malloc(sizeof *entry + size);
    if (entry != NULL) {
        char *at = entry->texts;
        entry->row = (struct rms_hand_over){.since = row->since, .until = row->until, .seq = row->seq};
        at = put(at, row->key.tenant_id, &entry->row.key.tenant_id);
        at = put(at, row->key.content_id, &entry->row.key.content_id);
        at = put(at, row->key.issuer, &entry->row.key.issuer);
        at = put(at, row->account_id, &entry->row.account_id);
        (void)put(at, row->address, &entry->row.address);
    }
    return entry;
}

static int make_room(struct list *list, size_t more)
{
    size_t need = list->count + more;
    if (need <= list->room) {
        return RMS_OK;
    }
    size_t room = need * 2 + ROOM_LEAST;
    struct entry **items = rms_realloc(list->items, room * sizeof(struct entry *));
    if (items == NULL) {
        return RMS_E_NO_MEMORY;
    }
    list->items = items;
    list->room = room;
    return RMS_OK;
}

static int take(const struct rms_hand_over *row, void *context)
{
    struct list *list = context;
    RMS_TRY(make_room(list, 1));
    struct entry *entry = entry_of(row);
    if (entry == NULL) {
        return RMS_E_NO_MEMORY;
    }
    list->items[list->count++] = entry;
    return RMS_OK;
}

static void forget(struct list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        rms_free(list->items[i]);
    }
    rms_free(list->items);
    *list = (struct list){0};
}

static bool same_thing(const struct rms_hand_over *a, const struct rms_hand_over *b)
{
    return compare_keys(&a->key, &b->key) == 0 && a->since == b->since;
}

static void sort(struct list *list)
{
    size_t kept = 0;
    qsort(list->items, list->count, sizeof(struct entry *), compare);
    for (size_t i = 0; i < list->count; i++) {
        if (kept > 0 && same_thing(&list->items[kept - 1]->row, &list->items[i]->row)) {
            rms_free(list->items[i]);
        } else {
            list->items[kept++] = list->items[i];
        }
    }
    list->count = kept;
}

/* Where the first entry of the key is, or would be. */
static size_t first_of(const struct list *list, const struct rms_document_key *key)
{
    size_t low = 0;
    size_t high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_keys(&list->items[middle]->row.key, key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static const struct rms_hand_over *look_up(
    const struct list *list, const struct rms_document_key *key, int64_t issued_at)
{
    for (size_t i = first_of(list, key); i < list->count; i++) {
        const struct rms_hand_over *row = &list->items[i]->row;
        if (compare_keys(&row->key, key) != 0) {
            break;
        }
        if (issued_at >= row->since && issued_at <= row->until) {
            return row;
        }
    }
    return NULL;
}

/* --- following and asking --------------------------------------------------------------------------------
 */

/* Takes the entries of fresh over. */
static int merge(struct rms_hand_overs *set, struct list *fresh)
{
    (void)pthread_rwlock_wrlock(&set->lock);
    int rc = make_room(&set->list, fresh->count);
    for (size_t i = 0; i < fresh->count && rc == RMS_OK; i++) {
        set->list.items[set->list.count++] = fresh->items[i];
    }
    if (rc == RMS_OK) {
        fresh->count = 0;
        sort(&set->list);
        atomic_store(&set->nothing, false);
    }
    (void)pthread_rwlock_unlock(&set->lock);
    return rc;
}

/* All that is new, or nothing of it. */
int rms_hand_overs_follow(struct rms_hand_overs *set, struct rms_db *db)
{
    struct list fresh = {0};
    if (rms_db_in_transaction(db)) { /* what it sees may never come true */
        return RMS_OK;
    }
    (void)pthread_mutex_lock(&set->following);
    int64_t seq = set->seq;
    int rc = rms_hand_over_follow(db, &seq, take, &fresh);
    if (rc == RMS_OK && fresh.count > 0) {
        rc = merge(set, &fresh);
    }
    if (rc == RMS_OK) {
        set->seq = seq;
    }
    (void)pthread_mutex_unlock(&set->following);
    forget(&fresh);
    return rc;
}

static int copy_out(
    struct rms_arena *arena, const struct rms_hand_over *row, const struct rms_hand_over **found_out)
{
    struct rms_hand_over *copy = rms_arena_alloc(arena, sizeof *copy);
    if (copy == NULL) {
        return RMS_E_NO_MEMORY;
    }
    *copy = (struct rms_hand_over){
        .key = {rms_arena_strdup(arena, row->key.tenant_id), rms_arena_strdup(arena, row->key.content_id),
            NULL},
        .since = row->since,
        .until = row->until,
        .account_id = rms_arena_strdup(arena, row->account_id),
        .address = rms_arena_strdup(arena, row->address),
    };
    *found_out = copy;
    bool complete = copy->key.tenant_id != NULL && copy->key.content_id != NULL && copy->account_id != NULL;
    return complete && copy->address != NULL ? RMS_OK : RMS_E_NO_MEMORY;
}

int rms_hand_overs_find(struct rms_hand_overs *set, struct rms_arena *arena,
    const struct rms_document_key *key, int64_t issued_at, const struct rms_hand_over **found_out)
{
    const struct rms_document_key everything = {key->tenant_id, "", key->issuer};
    *found_out = NULL;
    if (atomic_load_explicit(&set->nothing, memory_order_relaxed)) {
        return RMS_OK;
    }
    (void)pthread_rwlock_rdlock(&set->lock);
    const struct rms_hand_over *row = look_up(&set->list, key, issued_at);
    row = row != NULL ? row : look_up(&set->list, &everything, issued_at);
    int rc = row != NULL ? copy_out(arena, row, found_out) : RMS_OK;
    (void)pthread_rwlock_unlock(&set->lock);
    return rc;
}

bool rms_hand_overs_of(struct rms_hand_overs *set, const struct rms_document_key *key)
{
    const struct rms_document_key everything = {key->tenant_id, "", key->issuer};
    if (atomic_load_explicit(&set->nothing, memory_order_relaxed)) {
        return false;
    }
    (void)pthread_rwlock_rdlock(&set->lock);
    size_t at = first_of(&set->list, &everything);
    bool there = at < set->list.count && compare_keys(&set->list.items[at]->row.key, &everything) == 0;
    (void)pthread_rwlock_unlock(&set->lock);
    return there;
}

bool rms_hand_over_is_of(const struct rms_hand_over *row, const struct rms_request *request)
{
    const struct rms_directory_person *person = request->person;
    return strcmp(person->tenant_id, row->key.tenant_id) == 0 &&
           strcmp(person->account_id, row->account_id) == 0;
}

/* --- life ------------------------------------------------------------------------------------------------
 */

int rms_hand_overs_new(struct rms_hand_overs **set_out)
{
    struct rms_hand_overs *set = rms_calloc(1, sizeof *set);
    if (set == NULL) {
        return RMS_E_NO_MEMORY;
    }
    (void)pthread_mutex_init(&set->following, NULL);
    (void)pthread_rwlock_init(&set->lock, NULL);
    atomic_init(&set->nothing, true);
    *set_out = set;
    return RMS_OK;
}

void rms_hand_overs_free(struct rms_hand_overs **set)
{
    if (*set != NULL) {
        forget(&(*set)->list);
        (void)pthread_mutex_destroy(&(*set)->following);
        (void)pthread_rwlock_destroy(&(*set)->lock);
        rms_free(*set);
        *set = NULL;
    }
}
