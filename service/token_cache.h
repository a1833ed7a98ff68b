/* Tokens that were verified already: a bearer token is the same for an hour, its signature costs 50 to 100
 * us, looking it up about 1 us. Key: SHA-256 of the token, so the cache holds none. Bounded, sharded, each
 * shard with its own lock; nothing is served past its expiry or after rms_token_cache_drop. */
#ifndef RMS_SERVICE_TOKEN_CACHE_H
#define RMS_SERVICE_TOKEN_CACHE_H

#include "base/guid.h"
#include "crypto/digest.h"

#define RMS_TOKEN_CACHE_ENTRIES 65536u

struct rms_token_cache;

struct rms_token_hit {
    char tenant_id[RMS_GUID_TEXT];
    char account_id[RMS_GUID_TEXT];
    bool passcode;      /* the sign-in was by a mailed code (S-058) */
    int64_t expires_at; /* the last second in which the token counts, skew included */
};

RMS_MUST_USE int rms_token_cache_new(struct rms_token_cache **cache_out);
void rms_token_cache_free(struct rms_token_cache **cache);

/* The number of the present era. Take it before verifying and hand it to put: what was verified with keys
 * that changed meanwhile is then never served. */
uint64_t rms_token_cache_era(const struct rms_token_cache *cache);

bool rms_token_cache_get(struct rms_token_cache *cache, const uint8_t digest[RMS_SHA256_BYTES], int64_t now,
    struct rms_token_hit *hit_out);
void rms_token_cache_put(struct rms_token_cache *cache, const uint8_t digest[RMS_SHA256_BYTES], uint64_t era,
    const struct rms_token_hit *hit);

/* Forgets everything: issuers, keys or accounts changed. */
void rms_token_cache_drop(struct rms_token_cache *cache);

#endif
