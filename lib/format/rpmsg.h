/* message.rpmsg, the protected part of a mail (doc/format/rpmsg.md): blocks of one zlib stream, in which lies
 * a compound file with data spaces. What is encrypted in that is message.h's. */
#ifndef RMS_FORMAT_RPMSG_H
#define RMS_FORMAT_RPMSG_H

#include "format/container.h"

#define RMS_RPMSG_MAX (160u * 1024 * 1024) /* bytes of the compound file, more than any mail server takes */

/* Does an attachment of this name and type hold one? 1 for message.rpmsg, 2 to 4 for message_v2.rpmsg and so
 * on, 0 for anything else. */
unsigned rms_rpmsg_version(const char *name, const char *type);

/* Does it begin like one? */
bool rms_rpmsg_looks(const struct rms_reader *file);

/* Appends what the blocks hold. RMS_E_NOT_PROTECTED without the magic; RMS_E_DAMAGED for blocks that do not
 * hold exactly what they announce, or end too early; RMS_E_LIMIT. */
RMS_MUST_USE int rms_rpmsg_inflate(const struct rms_reader *file, struct rms_buf *out);

/* The other way, from offset 0 of out. */
RMS_MUST_USE int rms_rpmsg_deflate(
    struct rms_view compound, const struct rms_writer *out, uint64_t *written_out);

/* For the table of containers. */
RMS_MUST_USE int rms_rpmsg_open(const struct rms_reader *file, struct rms_container *container);
RMS_MUST_USE int rms_rpmsg_begin(const struct rms_container_request *request, const struct rms_writer *file,
    struct rms_container_out *out);
RMS_MUST_USE int rms_rpmsg_finish(struct rms_container_out *out);

/* The same for bytes in memory, which are taken over: *packed is empty then. */
RMS_MUST_USE int rms_rpmsg_open_bytes(struct rms_buf *packed, struct rms_container *container);

/* What a container over a message holds, and what is being written of one. */
void rms_rpmsg_close(struct rms_rpmsg **rpmsg);

#endif
