/* A letter as an Internet message (RFC 5322, MIME), made by GMime: headers encoded, lines folded, no header
 * from inside a value. */
#ifndef RMS_SERVICE_MAIL_MESSAGE_H
#define RMS_SERVICE_MAIL_MESSAGE_H

#include "service/mail_letter.h"

struct rms_envelope {
    const char *sender;      /* address */
    const char *sender_name; /* as shown; may be NULL */
    const char *recipient;   /* address */
    const char *message_id;  /* without angle brackets */
    int64_t time;
};

/* Once in a process, before threads. */
void rms_message_start(void);

/* multipart/alternative, lines ending in CR LF, appended to out. */
RMS_MUST_USE int rms_message_emit(
    const struct rms_envelope *envelope, const struct rms_letter *letter, struct rms_buf *out);

/* An address that may stand in an envelope as it is: printable ASCII, no blanks, quotes, brackets, commas;
 * not longer than SMTP allows. Others exist and are no use for mail. */
bool rms_mail_address_ok(const char *address);

#endif
