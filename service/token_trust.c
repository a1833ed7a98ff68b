#include "service/token_trust.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "crypto/base64.h"
#include "crypto/ec.h"
#include "store/key.h"

#define LIST_BYTES (16u * 1024 * 1024)
#define KEYS_BYTES (1024u * 1024)
#define JWKS_BYTES (256u * 1024)
#define SLOTS      256u

struct rms_trust_list {
    atomic_uint refs;
    uint64_t era;
    struct rms_arena *arena;
    struct rms_issuers issuers;
};

/* Token keys of one tenant. */
struct built_in {
    struct built_in *next;
    char tenant_id[RMS_GUID_TEXT];
    uint64_t era;
    int64_t read_ms;
    struct rms_keyset_ref *ref;
};

struct rms_trust {
    pthread_mutex_t lock;
    struct rms_trust_list *list;   /* NULL until first asked */
    struct built_in *slots[SLOTS]; /* by tenant */
};

int rms_trust_new(struct rms_trust **trust_out)
{
    struct rms_trust *trust = rms_calloc(1, sizeof *trust);

    *trust_out = trust;
    if (trust == NULL) {
        return RMS_E_NO_MEMORY;
    }
    (void)pthread_mutex_init(&trust->lock, NULL);
    return 0;
}

void rms_trust_free(struct rms_trust **trust_ref)
{
    struct rms_trust *trust = *trust_ref;

    if (trust == NULL) {
        return;
    }
    for (size_t i = 0; i < SLOTS; i++) {
        while (trust->slots[i] != NULL) {
            struct built_in *next = trust->slots[i]->next;

            rms_keyset_unref(&trust->slots[i]->ref);
            rms_free(trust->slots[i]);
            trust->slots[i] = next;
        }
    }
    rms_trust_list_unref(&trust->list);
    (void)pthread_mutex_destroy(&trust->lock);
    rms_free(trust);
    *trust_ref = NULL;
}

/* --- issuers of tenants ----------------------------------------------------------------------------- */

const struct rms_issuers *rms_trust_list_issuers(const struct rms_trust_list *list)
{
    return &list->issuers;
}

void rms_trust_list_unref(struct rms_trust_list **list)
{
    if (*list != NULL && atomic_fetch_sub(&(*list)->refs, 1) == 1) {
        rms_arena_free(&(*list)->arena);
        rms_free(*list);
    }
    *list = NULL;
}

static int read_list(struct rms_db *db, uint64_t era, struct rms_trust_list **list_out)
{
    struct rms_trust_list *list = rms_calloc(1, sizeof *list);
    int status = RMS_E_NO_MEMORY;

    *list_out = NULL;
    if (list == NULL) {
        return RMS_E_NO_MEMORY;
    }
    atomic_init(&list->refs, 1);
    list->era = era;
    list->arena = rms_arena_new(LIST_BYTES);
    if (list->arena != NULL) {
        status = rms_issuer_list(db, list->arena, NULL, &list->issuers);
    }
    if (status != 0) {
        rms_trust_list_unref(&list);
    }
    *list_out = list;
    return status;
}

static struct rms_trust_list *current_list(struct rms_trust *trust, uint64_t era)
{
    struct rms_trust_list *list = NULL;

    (void)pthread_mutex_lock(&trust->lock);
    if (trust->list != NULL && trust->list->era == era) {
        list = trust->list;
        (void)atomic_fetch_add(&list->refs, 1);
    }
    (void)pthread_mutex_unlock(&trust->lock);
    return list;
}

int rms_trust_issuers(
    struct rms_trust *trust, struct rms_db *db, uint64_t era, struct rms_trust_list **list_out)
{
    struct rms_trust_list *old;

    *list_out = current_list(trust, era);
    if (*list_out != NULL) {
        return 0;
    }
    RMS_TRY(read_list(db, era, list_out));
    (void)atomic_fetch_add(&(*list_out)->refs, 1);
    (void)pthread_mutex_lock(&trust->lock);
    old = trust->list;
    trust->list = *list_out;
    (void)pthread_mutex_unlock(&trust->lock);
    rms_trust_list_unref(&old);
    return 0;
}

/* --- the built-in sign-in --------------------------------------------------------------------------- */

static int set_coordinate(json_t *jwk, const char *name, const uint8_t *bytes)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(64);

    rms_base64url_encode(&text, rms_view_of(bytes, RMS_EC_COORDINATE));
    RMS_TRY(rms_buf_status(&text));
    return json_object_set_new(jwk, name, json_string(rms_buf_text(&text))) == 0 ? 0 : RMS_E_NO_MEMORY;
}

static int add_jwk(json_t *keys, const struct rms_key *key)
{
    json_t *jwk = json_pack("{s:s, s:s, s:s, s:s, s:s}", "kty", "EC", "crv", "P-256", "use", "sig", "alg",
        "ES256", "kid", key->id);

    if (jwk == NULL || json_array_append_new(keys, jwk) != 0) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(set_coordinate(jwk, "x", key->public_key.data));
    return set_coordinate(jwk, "y", key->public_key.data + RMS_EC_COORDINATE);
}

/* Archived keys stay in the set: tokens that they signed live on for an hour. */
static int add_keys(const struct rms_keys *keys, json_t *array)
{
    for (size_t i = 0; i < keys->count; i++) {
        const struct rms_key *key = &keys->items[i];

        if (key->kind == RMS_KEY_TOKEN && key->public_key.len == 2 * RMS_EC_COORDINATE) {
            RMS_TRY(add_jwk(array, key));
        }
    }
    return json_array_size(array) > 0 ? 0 : RMS_E_NOT_FOUND;
}

int rms_trust_jwks(struct rms_db *db, const char *tenant_id, struct rms_buf *json_out)
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(KEYS_BYTES);
    RMS_JSON_CLEANUP json_t *document = json_pack("{s:[]}", "keys");
    struct rms_keys keys;

    if (arena == NULL || document == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_key_list(db, arena, tenant_id, &keys));
    RMS_TRY(add_keys(&keys, json_object_get(document, "keys")));
    return rms_json_emit(document, json_out);
}

static struct built_in **slot_of(struct rms_trust *trust, const char *tenant_id)
{
    uint32_t hash = 2166136261u; /* FNV-1a; tenant ids are ours, nobody can choose them */

    for (const char *c = tenant_id; *c != '\0'; c++) {
        hash = (hash ^ (uint8_t)*c) * 16777619u;
    }
    return &trust->slots[hash % SLOTS];
}

static struct built_in *find(struct built_in *first, const char *tenant_id)
{
    while (first != NULL && strcmp(first->tenant_id, tenant_id) != 0) {
        first = first->next;
    }
    return first;
}

static struct rms_keyset_ref *known(struct rms_trust *trust, const struct rms_trust_question *question)
{
    struct rms_keyset_ref *ref = NULL;
    const struct built_in *entry;

    (void)pthread_mutex_lock(&trust->lock);
    entry = find(*slot_of(trust, question->tenant_id), question->tenant_id);
    if (entry != NULL && entry->era == question->era &&
        (!question->anew || rms_clock_monotonic_ms() - entry->read_ms < 1000)) {
        ref = rms_keyset_keep(entry->ref);
    }
    (void)pthread_mutex_unlock(&trust->lock);
    return ref;
}

/* Takes a reference of its own. Forgetting to remember costs a query, nothing else. */
static void remember(
    struct rms_trust *trust, const struct rms_trust_question *question, struct rms_keyset_ref *ref)
{
    struct built_in **slot = slot_of(trust, question->tenant_id);
    struct built_in *entry;

    (void)pthread_mutex_lock(&trust->lock);
    entry = find(*slot, question->tenant_id);
    if (entry == NULL) {
        entry = rms_calloc(1, sizeof *entry);
        if (entry != NULL) {
            memcpy(entry->tenant_id, question->tenant_id, strnlen(question->tenant_id, RMS_GUID_TEXT - 1));
            entry->next = *slot;
            *slot = entry;
        }
    }
    if (entry != NULL) {
        rms_keyset_unref(&entry->ref);
        entry->ref = rms_keyset_keep(ref);
        entry->era = question->era;
        entry->read_ms = rms_clock_monotonic_ms();
    }
    (void)pthread_mutex_unlock(&trust->lock);
}

int rms_trust_built_in(struct rms_trust *trust, struct rms_db *db, const struct rms_trust_question *question,
    struct rms_keyset_ref **ref_out)
{
    RMS_BUF_CLEANUP struct rms_buf json = RMS_BUF_INIT(JWKS_BYTES);

    *ref_out = known(trust, question);
    if (*ref_out != NULL) {
        return 0;
    }
    RMS_TRY(rms_trust_jwks(db, question->tenant_id, &json));
    RMS_TRY(rms_keyset_of(rms_buf_view(&json), ref_out));
    remember(trust, question, *ref_out);
    return 0;
}
