/* Key boxes: the content key of a licence that keyd itself made, sealed a second time under a secret derived
 * from the tenant's private key (doc/format/xrml.md section 5). Opening one costs no private-key operation.
 *
 * A box is as strong as the owner-bound enabling bits beside it: it opens for one owner and content only, and
 * nobody without the tenant's private key makes one. Where it is absent or does not open, the bits decide. */
#ifndef RMS_SERVICE_KEYD_BOX_H
#define RMS_SERVICE_KEYD_BOX_H

#include "crypto/aead.h"
#include "crypto/digest.h"
#include "service/keyd_contents.h"
#include "service/keyd_ops.h"

/* The secret of one tenant key, from its PRIVATEKEYBLOB. NULL when memory is exhausted. */
struct rms_secret *rms_key_box_derive(struct rms_view private_blob);

/* Appends the box, at most RMS_KEY_BOX_MAX bytes. */
RMS_MUST_USE int rms_key_box_seal(const struct rms_secret *box_key,
    const uint8_t owner_bound[RMS_SHA256_BYTES], const struct rms_open_key *key, struct rms_buf *box_out);

/* RMS_E_DAMAGED when the box is not one of this key, owner and content. */
RMS_MUST_USE int rms_key_box_open(const struct rms_secret *box_key,
    const uint8_t owner_bound[RMS_SHA256_BYTES], struct rms_view box, struct rms_open_key *key_out);

#endif
