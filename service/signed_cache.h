/* Texts that a tenant key signed and that many people get: official templates (S-114), certificates of one
 * key under another. Made at first need and kept. */
#ifndef RMS_SERVICE_SIGNED_CACHE_H
#define RMS_SERVICE_SIGNED_CACHE_H

#include "base/arena.h"
#include "base/bytes.h"

struct rms_signed_cache;

RMS_MUST_USE int rms_signed_cache_new(struct rms_signed_cache **cache_out);
void rms_signed_cache_free(struct rms_signed_cache **cache);

/* What it is of (a GUID), and the key that signed it. */
struct rms_signed_name {
    const char *id;
    const char *key_id;
    int64_t version;
};

/* A copy in the arena; false when there is none of that version. */
bool rms_signed_cache_get(struct rms_signed_cache *cache, struct rms_arena *arena,
    const struct rms_signed_name *name, struct rms_view *text_out);

/* Takes the text over, in place of another version. */
void rms_signed_cache_put(
    struct rms_signed_cache *cache, const struct rms_signed_name *name, struct rms_buf *text);

#endif
