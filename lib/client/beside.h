/* What a protected file says in clear beside its content: the label of the clear file, of an Office package
 * its title and author, of an older document its summary without the picture of the first page (C-059,
 * C-172). */
#ifndef RMS_CLIENT_BESIDE_H
#define RMS_CLIENT_BESIDE_H

#include "client/work.h"
#include "format/container.h"

struct rms_beside {
    struct rms_buf summary, document; /* property streams */
    struct rms_buf metadata;          /* of a pfile */
};
void rms_beside_fini(struct rms_beside *beside);
#define RMS_BESIDE_CLEANUP __attribute__((cleanup(rms_beside_fini)))

/* Fills the request's properties and metadata from the source of the work, in the form of its container;
 * they live in beside. A source whose metadata cannot be read has nothing to say. */
RMS_MUST_USE int rms_beside_take(
    const struct rms_work *work, struct rms_beside *beside, struct rms_container_request *request);

/* Appends the summary of a document of the older form to what is empty now; nothing when it has none that can
 * be read. */
RMS_MUST_USE int rms_beside_summary(const struct rms_reader *document, struct rms_buf *out);

/* The same behind a protected PDF that is written up to here. */
RMS_MUST_USE int rms_beside_pdf(struct rms_work *work, uint64_t written);

#endif
