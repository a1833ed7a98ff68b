/* Use licences that travel in a document, so that it opens where no service is (doc/format/office.md): the
 * published form of EUL streams. What comes out of one was not checked by anybody yet. */
#ifndef RMS_CLIENT_EUL_H
#define RMS_CLIENT_EUL_H

#include "base/arena.h"
#include "format/container.h"

struct rms_opened;

/* What the document is going to carry: the person's own licence, and those of others that it has now. The
 * stream, which lives in out, stays empty for the author, whose own is in the publishing licence, where
 * opening offline is not allowed, and where the licence is larger than readers take. */
RMS_MUST_USE int rms_eul_make(const struct rms_opened *opened, struct rms_buf *out, struct rms_eul *eul_out);

/* Appends the chain that the XML text of a stream holds. RMS_E_BAD_LICENSE. */
RMS_MUST_USE int rms_eul_chain(struct rms_arena *arena, struct rms_view text, struct rms_buf *chain_out);

#endif
