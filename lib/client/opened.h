/* A protected container that is opened: its parts and the access to its content. */
#ifndef RMS_CLIENT_OPENED_H
#define RMS_CLIENT_OPENED_H

#include "client/crypt.h"
#include "client/seal.h"

struct rms_opened {
    struct rms_container container;
    struct rms_access *access;
    struct rms_sealed sealed;
    uint64_t saved_size;     /* after an edited document was saved: what counts instead of the size that the
                                licence signs; else UINT64_MAX */
    int clear_fd;            /* open when clear.read is set */
    struct rms_reader clear; /* of the whole content; set by rms_opened_clear, do not move the struct then */
};

/* For opened->container, opened before: reads the licence, gets access, and holds what the licence says about
 * the container against it, the seal too (RMS_E_BAD_SIGNATURE). */
RMS_MUST_USE int rms_opened_licence(struct rms_context *context, uint32_t wanted, struct rms_opened *opened);

/* What the content is held against as it is read; NULL without a seal. */
const struct rms_tree *rms_opened_tree(const struct rms_opened *opened);

/* PDF has no content that can be read in pieces: decrypts it as a whole into memory. Other containers stay as
 * they are. */
RMS_MUST_USE int rms_opened_clear(struct rms_context *context, struct rms_opened *opened);

/* Nothing but the clear file is lost with the protected one. Of older documents others encrypt only a part,
 * and what stands beside it would be (macros, for one); ours hold all of it, and say so by a signed size. */
bool rms_opened_is_whole(const struct rms_opened *opened);

/* The content of a PDF, decrypted into out. */
RMS_MUST_USE int rms_opened_write_pdf(
    const struct rms_opened *opened, const struct rms_writer *out, uint64_t *written_out);

/* Exact size of the clear content: by rms_opened_clear, by the last block, or as the container says.
 * RMS_E_DAMAGED when the block does not decrypt, or the size does not fit. */
RMS_MUST_USE int rms_opened_size(const struct rms_opened *opened, uint64_t *size_out);

/* The whole clear content but that of a PDF: job tells where to and with how many threads. RMS_E_DAMAGED when
 * it is not as long as it should be. */
RMS_MUST_USE int rms_opened_decrypt(
    const struct rms_opened *opened, struct rms_crypt_job *job, uint64_t *written_out);

/* The extension of the clear content whose protected file has this name now: as stored, as signed, or the
 * name's own. */
const char *rms_opened_extension(const struct rms_opened *opened, const char *name);

void rms_opened_fini(struct rms_opened *opened);

#endif
