#include "service/mail_message.h"

#include <gmime/gmime.h>
#include <string.h>

#define LOCAL_MAX 64 /* RFC 5321 4.5.3.1.1 */

void rms_message_start(void)
{
    g_mime_init();
}

/* RFC 5321's Dot-string in front of the @. */
bool rms_mail_address_ok(const char *address)
{
    static const char atext[] = "!#$%&'*+-/=?^_`{|}~.";
    const char *at = strrchr(address, '@');

    if (at == NULL || at == address || at - address > LOCAL_MAX || at[1] == '\0' || address[0] == '.' ||
        at[-1] == '.') {
        return false;
    }
    for (const char *c = address; *c != '\0'; c++) {
        bool word = (*c >= '0' && *c <= '9') || ((*c | 0x20) >= 'a' && (*c | 0x20) <= 'z');
        bool here = c < at ? strchr(atext, *c) != NULL : strchr("-._", *c) != NULL;

        if (!word && !here && c != at) {
            return false;
        }
    }
    return true;
}

static GMimeObject *text_part(const char *subtype, const struct rms_buf *text)
{
    GMimeTextPart *part = g_mime_text_part_new_with_subtype(subtype);

    g_mime_text_part_set_text(part, rms_buf_text(text));
    g_mime_part_set_content_encoding(GMIME_PART(part), GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
    return GMIME_OBJECT(part);
}

static void add_part(GMimeMultipart *body, GMimeObject *part)
{
    g_mime_multipart_add(body, part);
    g_object_unref(part);
}

static void set_body(GMimeMessage *message, const struct rms_letter *letter)
{
    GMimeMultipart *body = g_mime_multipart_new_with_subtype("alternative");

    add_part(body, text_part("plain", &letter->text));
    add_part(body, text_part("html", &letter->html));
    g_mime_message_set_mime_part(message, GMIME_OBJECT(body));
    g_object_unref(body);
}

/* Auto-Submitted (RFC 3834) keeps absence notices away. */
static void set_headers(
    GMimeMessage *message, const struct rms_envelope *envelope, const struct rms_letter *letter)
{
    GDateTime *date = g_date_time_new_from_unix_utc(envelope->time);

    g_mime_message_add_mailbox(message, GMIME_ADDRESS_TYPE_FROM, envelope->sender_name, envelope->sender);
    g_mime_message_add_mailbox(message, GMIME_ADDRESS_TYPE_TO, NULL, envelope->recipient);
    g_mime_message_set_subject(message, letter->subject, "utf-8");
    g_mime_message_set_message_id(message, envelope->message_id);
    if (date != NULL) {
        g_mime_message_set_date(message, date);
        g_date_time_unref(date);
    }
    g_mime_object_set_header(GMIME_OBJECT(message), "Auto-Submitted", "auto-generated", NULL);
}

int rms_message_emit(
    const struct rms_envelope *envelope, const struct rms_letter *letter, struct rms_buf *out)
{
    GMimeMessage *message = g_mime_message_new(TRUE);
    GMimeFormatOptions *format = g_mime_format_options_new();
    char *text;

    set_headers(message, envelope, letter);
    set_body(message, letter);
    g_mime_format_options_set_newline_format(format, GMIME_NEWLINE_FORMAT_DOS);
    text = g_mime_object_to_string(GMIME_OBJECT(message), format);
    rms_buf_append_str(out, text);
    g_free(text);
    g_mime_format_options_free(format);
    g_object_unref(message);
    return rms_buf_status(out);
}
