/* What is encrypted in a message.rpmsg: a compound file with the body of a mail and its attachments
 * (doc/format/rpmsg.md). The reader takes it from anybody who could encrypt, so it trusts nothing. */
#ifndef RMS_FORMAT_MESSAGE_H
#define RMS_FORMAT_MESSAGE_H

#include "format/cfb_write.h"

#define RMS_MESSAGE_ATTACHMENTS_MAX 1024u
#define RMS_MESSAGE_TEXT_MAX        768 /* bytes of a name with NUL: 255 UTF-16 units */
#define RMS_MESSAGE_BODY_MAX        (64u * 1024 * 1024)

enum rms_message_body { RMS_MESSAGE_PLAIN = 1, RMS_MESSAGE_HTML, RMS_MESSAGE_RTF };

enum rms_message_method {
    RMS_ATTACH_VALUE = 1,
    RMS_ATTACH_MESSAGE = 5, /* a mail, in the form of MS-OXMSG */
    RMS_ATTACH_OLE = 6,
};

struct rms_message_attachment {
    char name[RMS_MESSAGE_TEXT_MAX]; /* fit for a file: see rms_message_file_name; never "" */
    char content_id[RMS_MESSAGE_TEXT_MAX];
    enum rms_message_method method;
    uint32_t number;  /* of its storage */
    uint32_t content; /* index in the compound file: a stream, else a storage */
    uint64_t size;    /* RMS_ATTACH_VALUE: in bytes; else 0 */
};

struct rms_message;

/* --- reading --- */

/* content must stay until rms_message_close. RMS_E_DAMAGED; RMS_E_UNSUPPORTED_VERSION for attachments of an
 * unknown form; RMS_E_LIMIT for more than RMS_MESSAGE_ATTACHMENTS_MAX. */
RMS_MUST_USE int rms_message_open(const struct rms_reader *content, struct rms_message **message_out);
void rms_message_close(struct rms_message **message);
#define RMS_MESSAGE_CLEANUP __attribute__((cleanup(rms_message_close)))

enum rms_message_body rms_message_body(const struct rms_message *message);
uint32_t rms_message_code_page(const struct rms_message *message);

/* Appends a form of the body, in the code page (RTF is in its own). RMS_E_NOT_FOUND when the message has none
 * of that form: plain text has HTML where the writer made one, RTF always, and HTML itself alone. */
RMS_MUST_USE int rms_message_read_body(
    struct rms_message *message, enum rms_message_body form, struct rms_buf *out);

size_t rms_message_attachment_count(const struct rms_message *message);
/* In the order of their numbers. */
const struct rms_message_attachment *rms_message_attachment(const struct rms_message *message, size_t i);

/* The bytes of an attachment by value; the reader is good until rms_message_close. RMS_E_UNSUPPORTED for
 * other attachments. */
RMS_MUST_USE int rms_message_attachment_stream(
    struct rms_message *message, size_t i, struct rms_reader *reader_out);

/* An attachment as a file: its bytes, for a mail an Outlook item (.msg), for an OLE object a compound file.
 */
RMS_MUST_USE int rms_message_write_attachment(
    struct rms_message *message, size_t i, const struct rms_writer *out);

/* --- writing --- */

struct rms_message_part {
    const char *name, *content_id; /* UTF-8; content_id NULL: none */
    struct rms_view data;
};

struct rms_message_request {
    enum rms_message_body body;
    uint32_t code_page;
    struct rms_view main; /* plain text or HTML in the code page; of RTF its HTML */
    struct rms_view rtf;  /* of RTF */
    const struct rms_message_part *parts;
    size_t part_count;
};

/* RMS_E_LIMIT for more attachments than a reader takes. */
RMS_MUST_USE int rms_message_emit(const struct rms_message_request *request, const struct rms_writer *out);

/* --- names and characters --- */

/* The name of a file that lies where it is put: the last part of any path, without control characters, marks
 * that turn the direction of writing, or leading dots; "attachment-N" when nothing is left. */
void rms_message_file_name(struct rms_view name, uint32_t number, char out[RMS_MESSAGE_TEXT_MAX]);

/* The name of a code page for MIME and iconv, NULL for an unknown one; and the other way, 0. */
const char *rms_code_page_charset(uint32_t code_page);
uint32_t rms_code_page_of(const char *charset);

/* Appends UTF-8; what is no character becomes U+FFFD. RMS_E_UNSUPPORTED for an unknown code page. */
RMS_MUST_USE int rms_code_page_text(uint32_t code_page, struct rms_view bytes, struct rms_buf *out);

#endif
