/* A protected container that is opened: its parts and the access to its content. */
#ifndef RMS_CLIENT_OPENED_H
#define RMS_CLIENT_OPENED_H

#include "client/access.h"
#include "format/pfile.h"

struct rms_opened {
    struct rms_pfile pfile;
    struct rms_access *access;
};

/* For opened->pfile, parsed before: reads the licence, gets access, and holds what the licence says about the
 * container against it (RMS_E_BAD_SIGNATURE). */
RMS_MUST_USE int rms_opened_licence(
    struct rms_context *context, const struct rms_reader *reader, uint32_t wanted, struct rms_opened *opened);

/* Exact size of the clear content: decrypts the last block. RMS_E_DAMAGED when it does not, or does not fit.
 */
RMS_MUST_USE int rms_opened_size(
    const struct rms_reader *reader, const struct rms_opened *opened, uint64_t *size_out);

void rms_opened_fini(struct rms_opened *opened);

#endif
