/* Saving an edited document under the licence it has (service-requirements S-127, S-299). */
#ifndef RMS_CLIENT_SAVE_H
#define RMS_CLIENT_SAVE_H

#include <openrms/openrms.h>

#include "client/opened.h"

/* What a document handle holds. */
struct rms_opened *rms_document_opened(struct rms_document *document);
struct rms_context *rms_document_context(const struct rms_document *document);
const struct rms_reader *rms_document_reader(const struct rms_document *document); /* the protected file */

/* What an application gave, as a reader; source must stay where it is. */
struct rms_reader rms_document_source_reader(struct rms_source *source);

/* The licence of a saved document still signs the size from before. So whoever saves leaves a note in the
 * container's metadata: the size now, under a key made from the content key (doc/format/pfile.md). Sets
 * *size_out when there is such a note, else leaves it. RMS_E_BAD_SIGNATURE when it does not hold. */
RMS_MUST_USE int rms_saved_size(const struct rms_opened *opened, uint64_t *size_out);

#endif
