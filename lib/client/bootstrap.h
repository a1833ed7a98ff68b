/* Preparing the device for a person (doc/protocol/desktop-flow.md, S-122): device key, account certificate,
 * publishing certificate, templates. */
#ifndef RMS_CLIENT_BOOTSTRAP_H
#define RMS_CLIENT_BOOTSTRAP_H

#include "base/bytes.h"

struct rms_context;
struct rms_identity;

/* Asks the service for new certificates and stores them, all or nothing. The caller holds context->prepare.
 */
RMS_MUST_USE int rms_bootstrap_now(struct rms_context *context, struct rms_identity **identity_out);

/* The device's entry in the store: key blob and certificate, and back (views into bytes). */
RMS_MUST_USE int rms_machine_emit(struct rms_view blob, struct rms_view spc, struct rms_buf *out);
RMS_MUST_USE int rms_machine_parse(
    struct rms_view bytes, struct rms_view *blob_out, struct rms_view *spc_out);

#endif
