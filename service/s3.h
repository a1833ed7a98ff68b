/* Putting objects into an object store that speaks Amazon's S3 interface: one PUT an object, signed by
 * libcurl (Signature Version 4), its content under the signature. Used by one thread. */
#ifndef RMS_SERVICE_S3_H
#define RMS_SERVICE_S3_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/bytes.h"

struct rms_s3;
struct rms_settings;

/* settings (usage_s3*) and stop are borrowed; when stop becomes true, what is on its way ends. */
RMS_MUST_USE int rms_s3_new(
    const struct rms_settings *settings, const atomic_bool *stop, struct rms_s3 **s3_out);
void rms_s3_free(struct rms_s3 **s3);

/* Under usage_s3/name; name needs no escaping. What is there under that name is replaced, so that a doubtful
 * try is repeated. RMS_E_NOT_AUTHENTICATED (the store refuses), RMS_E_NOT_FOUND (no bucket), what
 * rms_credential_pair_read gives, RMS_E_THROTTLED, RMS_E_TLS, RMS_E_CANCELLED, RMS_E_UNREACHABLE: everything
 * else. */
RMS_MUST_USE int rms_s3_put(struct rms_s3 *s3, const char *name, struct rms_view content);

/* What the last failure was in detail; "" after a success. */
const char *rms_s3_detail(const struct rms_s3 *s3);

#endif
