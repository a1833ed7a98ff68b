#include "service/keyd_contents.h"

#include <pthread.h>

#include "base/mem.h"
#include "base/secret.h"
#include "crypto/random.h"

/* The keys lie in few large secrets: one guarded region each would cost three pages a key. */
#define KEYS_A_CHUNK (RMS_SECRET_MAX / RMS_CONTENT_KEY_MAX)

struct slot {
    struct rms_table_entry entry;
    uint8_t tenant_key[RMS_TABLE_ID];
    uint8_t mode;
    uint8_t len;
};

struct rms_contents {
    pthread_mutex_t lock;
    struct rms_table table;
    struct slot *slots;
    size_t max;
    size_t used; /* slots ever used; they are only reused, never given back */
    struct rms_secret **chunks;
    size_t chunk_count;
    uint64_t evicted;
};

void rms_open_key_wipe(struct rms_open_key *key)
{
    rms_wipe(key, sizeof *key);
}

int rms_contents_new(size_t max, struct rms_contents **contents_out)
{
    struct rms_contents *contents = rms_calloc(1, sizeof *contents);

    *contents_out = NULL;
    if (contents == NULL) {
        return RMS_E_NO_MEMORY;
    }
    (void)pthread_mutex_init(&contents->lock, NULL);
    contents->max = max > 0 ? max : 1;
    contents->chunk_count = (contents->max + KEYS_A_CHUNK - 1) / KEYS_A_CHUNK;
    contents->slots = rms_calloc(contents->max, sizeof *contents->slots);
    contents->chunks = rms_calloc(contents->chunk_count, sizeof(struct rms_secret *));
    if (contents->slots == NULL || contents->chunks == NULL ||
        rms_table_init(&contents->table, contents->max) != 0) {
        rms_contents_free(&contents);
        return RMS_E_NO_MEMORY;
    }
    *contents_out = contents;
    return 0;
}

void rms_contents_free(struct rms_contents **contents_ref)
{
    struct rms_contents *contents = *contents_ref;

    if (contents == NULL) {
        return;
    }
    for (size_t i = 0; contents->chunks != NULL && i < contents->chunk_count; i++) {
        rms_secret_free(&contents->chunks[i]);
    }
    rms_table_fini(&contents->table);
    rms_free(contents->chunks);
    rms_free(contents->slots);
    (void)pthread_mutex_destroy(&contents->lock);
    rms_free(contents);
    *contents_ref = NULL;
}

static uint8_t *key_place(struct rms_contents *contents, const struct slot *slot)
{
    size_t index = (size_t)(slot - contents->slots);

    return rms_secret_bytes(contents->chunks[index / KEYS_A_CHUNK]) +
           index % KEYS_A_CHUNK * RMS_CONTENT_KEY_MAX;
}

/* A free slot, by taking the oldest away when all are used. NULL when memory for the next chunk is exhausted.
 */
static struct slot *slot_take(struct rms_contents *contents)
{
    struct rms_secret **chunk = &contents->chunks[contents->used / KEYS_A_CHUNK % contents->chunk_count];
    struct slot *slot;

    if (contents->used == contents->max) {
        slot = (struct slot *)contents->table.oldest;
        rms_table_remove(&contents->table, &slot->entry);
        contents->evicted++;
        return slot;
    }
    if (*chunk == NULL) {
        *chunk = rms_secret_new(RMS_SECRET_MAX);
    }
    return *chunk != NULL ? &contents->slots[contents->used++] : NULL;
}

int rms_contents_add(struct rms_contents *contents, const uint8_t tenant_key[RMS_TABLE_ID],
    const struct rms_open_key *key, uint8_t handle_out[RMS_TABLE_ID])
{
    struct slot *slot;

    rms_random(handle_out, RMS_TABLE_ID);
    (void)pthread_mutex_lock(&contents->lock);
    slot = slot_take(contents);
    if (slot != NULL) {
        memcpy(slot->entry.id, handle_out, RMS_TABLE_ID);
        memcpy(slot->tenant_key, tenant_key, RMS_TABLE_ID);
        slot->mode = (uint8_t)key->mode;
        slot->len = (uint8_t)key->len;
        memcpy(key_place(contents, slot), key->key, RMS_CONTENT_KEY_MAX);
        rms_table_add(&contents->table, &slot->entry);
    }
    (void)pthread_mutex_unlock(&contents->lock);
    return slot != NULL ? 0 : RMS_E_NO_MEMORY;
}

int rms_contents_get(struct rms_contents *contents, const uint8_t handle[RMS_TABLE_ID],
    const uint8_t tenant_key[RMS_TABLE_ID], struct rms_open_key *key_out)
{
    struct slot *slot;
    int status = RMS_E_RECHALLENGE;

    (void)pthread_mutex_lock(&contents->lock);
    slot = (struct slot *)rms_table_find(&contents->table, handle);
    if (slot != NULL && slot->len > 0 && memcmp(slot->tenant_key, tenant_key, RMS_TABLE_ID) == 0) {
        key_out->mode = (enum rms_cipher_mode)slot->mode;
        key_out->len = slot->len;
        memcpy(key_out->key, key_place(contents, slot), RMS_CONTENT_KEY_MAX);
        status = 0;
    }
    (void)pthread_mutex_unlock(&contents->lock);
    return status;
}

/* The slots stay in the table, of no tenant key, until they are the oldest: they are only reused. */
void rms_contents_forget(struct rms_contents *contents, const uint8_t tenant_key[RMS_TABLE_ID])
{
    (void)pthread_mutex_lock(&contents->lock);
    for (size_t i = 0; i < contents->used; i++) {
        struct slot *slot = &contents->slots[i];

        if (memcmp(slot->tenant_key, tenant_key, RMS_TABLE_ID) == 0) {
            rms_wipe(key_place(contents, slot), RMS_CONTENT_KEY_MAX);
            memset(slot->tenant_key, 0, RMS_TABLE_ID);
            slot->len = 0; /* whoever asks with that id */
        }
    }
    (void)pthread_mutex_unlock(&contents->lock);
}

void rms_contents_count(struct rms_contents *contents, size_t *held_out, uint64_t *evicted_out)
{
    (void)pthread_mutex_lock(&contents->lock);
    *held_out = contents->table.count;
    *evicted_out = contents->evicted;
    (void)pthread_mutex_unlock(&contents->lock);
}
