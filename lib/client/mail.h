/* Mails as files: making a protected one of a clear one, and the other way (doc/format/rpmsg.md). */
#ifndef RMS_CLIENT_MAIL_H
#define RMS_CLIENT_MAIL_H

#include "client/crypt.h"
#include "client/opened.h"
#include "client/work.h"

/* Is the file of this name a mail that verbs for files may work on (C-050, C-077)? */
bool rms_mail_wanted(const struct rms_errand *errand, const char *name);

/* The steps of rms_work_protect and rms_work_unprotect for a mail: up to a complete temporary file. */
RMS_MUST_USE int rms_mail_protect(const struct rms_errand *errand, struct rms_work *work);
RMS_MUST_USE int rms_mail_unprotect(
    const struct rms_errand *errand, struct rms_work *work, struct rms_opened *opened);

/* The clear mail of an opened one; carrier: the protected file. RMS_E_UNSUPPORTED for Outlook items. */
RMS_MUST_USE int rms_mail_clear(struct rms_context *context, const struct rms_opened *opened,
    const struct rms_reader *carrier, struct rms_buf *out);

/* An attachment in memory: Office documents and PDF in their own form when they can be protected so, anything
 * else stays as it is. plan: whose policy it gets. */
RMS_MUST_USE int rms_mail_protect_part(const struct rms_plan *plan, const char *name, struct rms_buf *data);

/* Encrypts job's input, for which context, in and progress are set, into a container in memory, and seals it
 * with the author's key. */
RMS_MUST_USE int rms_mail_write_container(const struct rms_crypt_job *job,
    const struct rms_container_request *request, const struct rms_issued *issued,
    const struct rms_ec_private *author, const struct rms_writer *file);

/* The clear content of what is opened, as a whole: of mails only. */
RMS_MUST_USE int rms_mail_read_clear(
    struct rms_context *context, const struct rms_opened *opened, struct rms_buf *out);

#endif
