/* Content keys that keyd holds open, by handle. Bounded: past the maximum the one unused the longest is
 * forgotten, and its handle answers RMS_E_RECHALLENGE. A handle is worth nothing with another tenant's key.
 */
#ifndef RMS_SERVICE_KEYD_CONTENTS_H
#define RMS_SERVICE_KEYD_CONTENTS_H

#include "crypto/content.h"
#include "service/keyd_table.h"

/* A content key on its way; wiped by rms_open_key_wipe, also as a cleanup function. */
struct rms_open_key {
    enum rms_cipher_mode mode;
    size_t len; /* 16, 24 or 32 */
    uint8_t key[RMS_CONTENT_KEY_MAX];
};

void rms_open_key_wipe(struct rms_open_key *key);
#define RMS_OPEN_KEY_CLEANUP __attribute__((cleanup(rms_open_key_wipe)))

struct rms_contents;

RMS_MUST_USE int rms_contents_new(size_t max, struct rms_contents **contents_out);
void rms_contents_free(struct rms_contents **contents);

/* Keeps a copy; handle_out names it. RMS_E_NO_MEMORY. */
RMS_MUST_USE int rms_contents_add(struct rms_contents *contents, const uint8_t tenant_key[RMS_TABLE_ID],
    const struct rms_open_key *key, uint8_t handle_out[RMS_TABLE_ID]);

/* Copies the key out. RMS_E_RECHALLENGE when the handle is not held or belongs to another tenant key. */
RMS_MUST_USE int rms_contents_get(struct rms_contents *contents, const uint8_t handle[RMS_TABLE_ID],
    const uint8_t tenant_key[RMS_TABLE_ID], struct rms_open_key *key_out);

/* Forgets all keys that came with this tenant key. Slow: looks at every one. */
void rms_contents_forget(struct rms_contents *contents, const uint8_t tenant_key[RMS_TABLE_ID]);

void rms_contents_count(struct rms_contents *contents, size_t *held_out, uint64_t *evicted_out);

#endif
