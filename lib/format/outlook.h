/* Outlook items (.msg, MS-OXMSG): who wrote to whom about what, and what of it is protected. Read only. */
#ifndef RMS_FORMAT_OUTLOOK_H
#define RMS_FORMAT_OUTLOOK_H

#include "format/cfb.h"

#define RMS_OUTLOOK_RECIPIENTS_MAX  1000u
#define RMS_OUTLOOK_ATTACHMENTS_MAX 2048u /* MS-OXMSG 2.2.2 */

struct rms_outlook;

/* file must stay until rms_outlook_close. RMS_E_NOT_FOUND when it is no compound file or one of another sort;
 * RMS_E_DAMAGED, RMS_E_LIMIT. */
RMS_MUST_USE int rms_outlook_open(const struct rms_reader *file, struct rms_outlook **item_out);
void rms_outlook_close(struct rms_outlook **item);
#define RMS_OUTLOOK_CLEANUP __attribute__((cleanup(rms_outlook_close)))

/* "" when the item does not tell. */
const char *rms_outlook_subject(const struct rms_outlook *item);
const char *rms_outlook_sender(const struct rms_outlook *item);
/* Addresses, else names; NULL behind the last. */
const char *rms_outlook_recipient(const struct rms_outlook *item, size_t i);
const char *rms_outlook_attachment(const struct rms_outlook *item, size_t i); /* name */

/* What is attached, good until rms_outlook_close. RMS_E_NOT_FOUND for what is no file: a message, a link. */
RMS_MUST_USE int rms_outlook_attachment_data(
    const struct rms_outlook *item, size_t i, struct rms_reader *data_out);

/* Appends the one attachment that is message.rpmsg or a later version of it, by its name, its type or how it
 * begins. RMS_E_NOT_FOUND when there is none, RMS_E_DAMAGED for two. *version_out: 1 to 4. */
RMS_MUST_USE int rms_outlook_protected(
    const struct rms_outlook *item, unsigned *version_out, struct rms_buf *out);

#endif
