/* Office documents protected in their own form: a compound file with data spaces (doc/format/office.md). A
 * package (docx and its family) lies encrypted in the stream EncryptedPackage, an older document in
 * \011DRMContent beside a placeholder that programs without rights management show. */
#ifndef RMS_FORMAT_OFFICE_H
#define RMS_FORMAT_OFFICE_H

#include "format/container.h"
#include "format/dataspace.h"

/* For the table of containers. */
RMS_MUST_USE int rms_office_open(const struct rms_reader *file, struct rms_container *container);
RMS_MUST_USE int rms_office_begin(const struct rms_container_request *request, const struct rms_writer *file,
    struct rms_container_out *out);

RMS_MUST_USE int rms_office_finish(struct rms_container_out *out, struct rms_view seal);

/* Which container a clear file gets that has the name of an Office document: by its content, as applications
 * go by it too. RMS_CONTAINER_PFILE for what only has the name. RMS_E_PASSWORD when it is encrypted with a
 * password, RMS_E_DAMAGED. */
RMS_MUST_USE int rms_office_kind(const struct rms_reader *file, enum rms_container_kind *kind_out);

/* Does something stand in clear beside the content that belongs to the clear document (macros, properties)?
 * Other writers leave it out of the content. */
bool rms_office_has_beside(const struct rms_container *container);

/* The next use licence of this person (its XML text) behind *at, which is 0 at first. RMS_E_NOT_FOUND. What
 * cannot be read, and what is longer than a use licence can be, is passed over. */
#define RMS_EUL_MAX (256u * 1024)
RMS_MUST_USE int rms_office_eul(
    const struct rms_container *container, const char *user, uint32_t *at, struct rms_buf *licence_out);

/* The file of a container once more with this use licence in it; every other stream keeps its bytes.
 * eul->others is the container. */
RMS_MUST_USE int rms_office_embed(const struct rms_eul *eul, const struct rms_writer *file);

#endif
