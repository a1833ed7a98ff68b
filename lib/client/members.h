/* What is protected inside archives and clear mails (C-056). */
#ifndef RMS_CLIENT_MEMBERS_H
#define RMS_CLIENT_MEMBERS_H

#include "client/work.h"

struct rms_members; /* what became of each */

/* The steps of rms_work_unprotect for a file that is not protected itself: opens it when it is an archive,
 * and makes the new one. RMS_E_NOT_PROTECTED, and skipped, when nothing in it is protected; the first
 * member's code, and skipped, when all of them stay as they are. */
RMS_MUST_USE int rms_members_unprotect(const struct rms_errand *errand, struct rms_work *work);

/* Tells the caller of each member. code: of the file as a whole; when that failed, nothing became clear. */
void rms_members_tell(const struct rms_errand *errand, size_t index, const struct rms_work *work, int code);
void rms_members_free(struct rms_members **members);

#endif
