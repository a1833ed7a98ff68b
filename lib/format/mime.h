/* Mails (RFC 5322, MIME): what a clear one says and holds, and making the protected one that carries
 * message.rpmsg, and the other way. All parsing and writing is GMime's, which ends the process when memory is
 * exhausted, as GLib does. */
#ifndef RMS_FORMAT_MIME_H
#define RMS_FORMAT_MIME_H

#include "format/message.h"

#define RMS_MIME_MAX            (220u * 1024 * 1024) /* bytes of a mail: RMS_RPMSG_MAX in base64 */
#define RMS_MIME_PARTS_MAX      RMS_MESSAGE_ATTACHMENTS_MAX
#define RMS_MIME_RECIPIENTS_MAX 1000u

struct rms_mime;

/* Does it begin with the header of a mail? A guess, for files of any name. */
bool rms_mime_looks(const struct rms_reader *file);

/* Reads the whole mail. RMS_E_NOT_FOUND when it is none; RMS_E_LIMIT for more bytes, parts or recipients than
 * above, or parts inside each other deeper than any mail program makes them. */
RMS_MUST_USE int rms_mime_open(const struct rms_reader *file, struct rms_mime **mail_out);
void rms_mime_close(struct rms_mime **mail);
#define RMS_MIME_CLEANUP __attribute__((cleanup(rms_mime_close)))

/* Decoded, as UTF-8; "" when there is none. */
const char *rms_mime_subject(const struct rms_mime *mail);
const char *rms_mime_sender(const struct rms_mime *mail); /* address of the first From */

/* To, Cc and Bcc, addresses alone; NULL behind the last. */
const char *rms_mime_recipient(const struct rms_mime *mail, size_t i);

/* Appends what of a mail is protected: the one attachment that is message.rpmsg or a later version of it.
 * RMS_E_NOT_FOUND when there is none, RMS_E_DAMAGED for two. *version_out: 1 to 4. */
RMS_MUST_USE int rms_mime_protected(const struct rms_mime *mail, unsigned *version_out, struct rms_buf *out);

/* The body: the best form there is, in the code page of the mail or in UTF-8. Appends to main, and for RTF
 * also to rtf. A mail without any has an empty plain one. */
struct rms_mime_body {
    enum rms_message_body form;
    uint32_t code_page;
    struct rms_buf main, rtf;
};
RMS_MUST_USE int rms_mime_read_body(const struct rms_mime *mail, struct rms_mime_body *body_out);
void rms_mime_body_fini(struct rms_mime_body *body);
#define RMS_MIME_BODY_CLEANUP __attribute__((cleanup(rms_mime_body_fini)))

/* Everything but the body; attached mails are files ".eml". */
struct rms_mime_attachment {
    char name[RMS_MESSAGE_TEXT_MAX]; /* fit for a file */
    const char *content_id;          /* NULL: none */
};
size_t rms_mime_attachment_count(const struct rms_mime *mail);
const struct rms_mime_attachment *rms_mime_attachment(const struct rms_mime *mail, size_t i);
RMS_MUST_USE int rms_mime_read_attachment(const struct rms_mime *mail, size_t i, struct rms_buf *out);

/* Appends the mail as it is sent protected: its header fields, a notice for programs that know nothing of
 * protection, and rpmsg. Changes mail: only rms_mime_close may follow. */
RMS_MUST_USE int rms_mime_make_protected(struct rms_mime *mail, struct rms_view rpmsg, struct rms_buf *out);

/* Appends the clear mail of a protected one: its header fields, and this body with these attachments. mail
 * NULL: without header fields of its own. Changes mail as above. */
RMS_MUST_USE int rms_mime_make_clear(
    struct rms_mime *mail, const struct rms_message_request *content, struct rms_buf *out);

/* The same mail with another attachment in the place of one: a mail where a mail was, else a file.
 * RMS_E_SIGNED when the mail is signed or encrypted as a whole (S/MIME, PGP): it must not change. */
RMS_MUST_USE int rms_mime_replace_attachment(
    struct rms_mime *mail, size_t i, const char *name, struct rms_view data);
/* Appends the mail as it is now. */
RMS_MUST_USE int rms_mime_emit(const struct rms_mime *mail, struct rms_buf *out);

#endif
