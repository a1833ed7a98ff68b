/* The keys of a service that a device believes: the one it was prepared with, and those that this one leads
 * to. A service that changes its key signs the new certificate with the old key and the old one with the new
 * key (doc/protocol/desktop-flow.md, Bootstrap): so a device follows without trusting anything it did not
 * trust before, and what the old key signed stays good. */
#ifndef RMS_CLIENT_ANCHORS_H
#define RMS_CLIENT_ANCHORS_H

#include "base/json.h"
#include "xrml/licence.h"

/* Adds what the cross certificates of a licensorcertificate reply lead to from the keys of trust; what leads
 * nowhere or cannot be read is passed over. The keys move to the arena. reply NULL: adds nothing. */
RMS_MUST_USE int rms_anchors_extend(struct rms_arena *arena, const json_t *reply, struct rms_trust *trust);

/* The same with one key, which is borrowed; NULL: adds nothing. */
RMS_MUST_USE int rms_anchors_add(
    struct rms_arena *arena, const struct rms_rsa_public *key, struct rms_trust *trust);

bool rms_anchors_have(const struct rms_trust *trust, const struct rms_rsa_public *key);

/* Is the document signed with one of the keys? RMS_E_UNKNOWN_KEY, RMS_E_BAD_SIGNATURE. */
RMS_MUST_USE int rms_anchors_verify(const struct rms_trust *trust, const struct rms_signed *node);

#endif
