#include "service/tenant_template.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/mem.h"
#include "service/keyclient.h"

#define KEPT_MAX          8192u
#define BUCKETS           1024u
#define TEMPLATE_TEXT_MAX (8u * 1024 * 1024)

struct kept {
    struct kept *next;
    char template_id[RMS_GUID_TEXT];
    char key_id[RMS_GUID_TEXT];
    int64_t version;
    struct rms_buf text;
};

struct rms_signed_templates {
    pthread_mutex_t lock;
    struct kept *buckets[BUCKETS];
    size_t count;
};

int rms_signed_templates_new(struct rms_signed_templates **cache_out)
{
    struct rms_signed_templates *cache = rms_calloc(1, sizeof *cache);
    if (cache == NULL) {
        return RMS_E_NO_MEMORY;
    }
    (void)pthread_mutex_init(&cache->lock, NULL);
    *cache_out = cache;
    return RMS_OK;
}

static void forget_all(struct rms_signed_templates *cache)
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

void rms_signed_templates_free(struct rms_signed_templates **cache)
{
    if (*cache != NULL) {
        forget_all(*cache);
        (void)pthread_mutex_destroy(&(*cache)->lock);
        rms_free(*cache);
        *cache = NULL;
    }
}

/* Under the lock. GUIDs begin with random digits. */
static struct kept **place_of(struct rms_signed_templates *cache, const char *template_id)
{
    size_t bucket = strtoul((char[4]){template_id[0], template_id[1], template_id[2], '\0'}, NULL, 16);
    struct kept **place = &cache->buckets[bucket % BUCKETS];
    while (*place != NULL && strcmp((*place)->template_id, template_id) != 0) {
        place = &(*place)->next;
    }
    return place;
}

static bool get(struct rms_request *request, const struct rms_live_key *key, const struct rms_template *tpl,
    struct rms_view *text_out)
{
    struct rms_signed_templates *cache = request->worker->front->signed_templates;
    bool found = false;
    (void)pthread_mutex_lock(&cache->lock);
    const struct kept *kept = *place_of(cache, tpl->policy.id);
    if (kept != NULL && kept->version == tpl->version && strcmp(kept->key_id, key->id) == 0) {
        uint8_t *copy = rms_arena_copy(request->arena, kept->text.data, kept->text.len);
        *text_out = rms_view_of(copy, kept->text.len);
        found = copy != NULL;
    }
    (void)pthread_mutex_unlock(&cache->lock);
    return found;
}

static void put(struct rms_signed_templates *cache, const struct rms_live_key *key,
    const struct rms_template *tpl, struct rms_buf *text)
{
    (void)pthread_mutex_lock(&cache->lock);
    if (cache->count >= KEPT_MAX) {
        forget_all(cache);
    }
    struct kept **place = place_of(cache, tpl->policy.id);
    if (*place == NULL) {
        *place = rms_calloc(1, sizeof **place);
        cache->count += *place != NULL;
    }
    if (*place != NULL) {
        struct kept *kept = *place;
        rms_guid_copy(kept->template_id, tpl->policy.id);
        rms_guid_copy(kept->key_id, key->id);
        kept->version = tpl->version;
        rms_buf_fini(&kept->text);
        kept->text = *text;
        rms_buf_init(text, 0);
    }
    (void)pthread_mutex_unlock(&cache->lock);
}

int rms_tenant_signed_template(struct rms_request *request, const struct rms_live_tenant *tenant,
    const struct rms_template *tpl, struct rms_view *text_out)
{
    const struct rms_live_key *key = tenant->active;
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(TEMPLATE_TEXT_MAX);
    if (key == NULL) {
        return RMS_E_KEY_UNAVAILABLE;
    }
    if (get(request, key, tpl, text_out)) {
        return RMS_OK;
    }
    struct rms_keyd_signing signing = {request->worker->keys, key->id, RMS_SIGN_TEMPLATE};
    struct rms_signer signer = rms_keyd_signer(&signing, &key->key);
    RMS_TRY(rms_template_build(&key->server, &tpl->policy, request->now, &signer, &text));
    uint8_t *copy = rms_arena_copy(request->arena, text.data, text.len);
    if (copy == NULL) {
        return RMS_E_NO_MEMORY;
    }
    *text_out = rms_view_of(copy, text.len);
    put(request->worker->front->signed_templates, key, tpl, &text);
    return RMS_OK;
}
