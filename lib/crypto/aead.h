/* AES-256-GCM boxes for things at rest: keys under the master key, the client's store.
 * Box: version byte 1, nonce (12), ciphertext, tag (16). */
#ifndef RMS_CRYPTO_AEAD_H
#define RMS_CRYPTO_AEAD_H

#include "base/secret.h"

#define RMS_AEAD_KEY      32
#define RMS_AEAD_OVERHEAD 29

/* context binds the box to its place (name, id): opening needs the same bytes. */
RMS_MUST_USE int rms_aead_seal(
    const uint8_t key[RMS_AEAD_KEY], struct rms_view context, struct rms_view plain, struct rms_buf *box);

/* RMS_E_DAMAGED for anything that does not open. plain_out: a secret of 1 to RMS_SECRET_MAX bytes, or with
 * the _buf form plain bytes, appended. */
RMS_MUST_USE int rms_aead_open(const uint8_t key[RMS_AEAD_KEY], struct rms_view context, struct rms_view box,
    struct rms_secret **plain_out);
RMS_MUST_USE int rms_aead_open_buf(
    const uint8_t key[RMS_AEAD_KEY], struct rms_view context, struct rms_view box, struct rms_buf *plain_out);

#endif
