#include "format/mime.h"

#include <gmime/gmime.h>
#include <pthread.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/text.h"
#include "format/rpmsg.h"

#define HEAD_BYTES         65536u
#define FIRST_BYTES        256u
#define DEPTH_MAX          32u
#define TYPE               "application", "x-microsoft-rpmsg-message"
#define CLASS              "Content-Class"
#define CLASS_VALUE        "rpmsg.message"
#define PARAMETER_NAME_MAX 40u /* longer than any there is; a line holds 78 */

struct part {
    GMimeObject *object; /* borrowed from the message */
    struct rms_mime_attachment about;
};

struct rms_mime {
    GMimeMessage *message;
    GByteArray *bytes; /* borrowed: the message's stream holds it */
    struct part *parts;
    size_t part_count;
    char **recipients;
    size_t recipient_count;
    GMimeObject *plain, *html, *rtf; /* borrowed */
    char *sender;
};

static void start_library(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT; /* process state: GMime's types */

    (void)pthread_once(&once, g_mime_init);
}

/* --- what a mail looks like -------------------------------------------------------------------------------
 */

/* A field name is of printable ASCII without blank and colon (RFC 5322, 3.6.8). */
static bool begins_with_field(const uint8_t *head, size_t len)
{
    size_t i = 0;

    while (i < len && head[i] > 0x20 && head[i] < 0x7f && head[i] != ':') {
        i++;
    }
    return i > 0 && i < len && head[i] == ':';
}

static bool is_mail_field(const uint8_t *line, size_t left)
{
    static const char *const fields[] = {"mime-version:", "content-type:", "content-class:"};

    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (left >= strlen(fields[i]) && strncasecmp((const char *)line, fields[i], strlen(fields[i])) == 0) {
            return true;
        }
    }
    return false;
}

bool rms_mime_looks(const struct rms_reader *file)
{
    struct rms_buf RMS_BUF_CLEANUP head = RMS_BUF_INIT(HEAD_BYTES);
    uint8_t first[FIRST_BYTES];
    size_t len = file->size < sizeof first ? (size_t)file->size : sizeof first;
    uint8_t *place;

    if (rms_reader_at(file, 0, first, len) != 0 || !begins_with_field(first, len)) {
        return false;
    }
    len = file->size < HEAD_BYTES ? (size_t)file->size : HEAD_BYTES;
    place = rms_buf_reserve(&head, len);
    if (place == NULL || rms_reader_at(file, 0, place, len) != 0) {
        return false;
    }
    for (size_t at = 0; at < len;) {
        const uint8_t *end = memchr(place + at, '\n', len - at);

        if (is_mail_field(place + at, len - at)) {
            return true;
        }
        if (end == NULL || place[at] == '\n' || place[at] == '\r') {
            return false;
        }
        at = (size_t)(end - place) + 1;
    }
    return false;
}

/* --- reading ----------------------------------------------------------------------------------------------
 */

static const char *charset_of(GMimeObject *object)
{
    return g_mime_content_type_get_parameter(g_mime_object_get_content_type(object), "charset");
}

static bool is_attached(GMimeObject *object)
{
    GMimeContentDisposition *disposition = g_mime_object_get_content_disposition(object);

    return disposition != NULL && g_mime_content_disposition_is_attachment(disposition);
}

/* The first text of a kind that is not a file by itself is the body. */
static GMimeObject **body_place(struct rms_mime *mail, GMimeObject *object)
{
    GMimeContentType *type = g_mime_object_get_content_type(object);
    GMimeObject **place = NULL;

    if (g_mime_content_type_is_type(type, "text", "plain")) {
        place = &mail->plain;
    } else if (g_mime_content_type_is_type(type, "text", "html")) {
        place = &mail->html;
    } else if (g_mime_content_type_is_type(type, "text", "rtf")) {
        place = &mail->rtf;
    }
    return place == NULL || *place != NULL || is_attached(object) ? NULL : place;
}

static const char *usual_extension(GMimeObject *object)
{
    if (GMIME_IS_MESSAGE_PART(object)) {
        return ".eml";
    }
    return g_mime_content_type_is_type(g_mime_object_get_content_type(object), "text", "*") ? ".txt" : "";
}

static void name_part(struct part *part, size_t number)
{
    GMimeObject *object = part->object;
    GMimeMessage *inner =
        GMIME_IS_MESSAGE_PART(object) ? g_mime_message_part_get_message(GMIME_MESSAGE_PART(object)) : NULL;
    const char *name = GMIME_IS_PART(object) ? g_mime_part_get_filename(GMIME_PART(object)) : NULL;
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(HEAD_BYTES);

    name = inner != NULL ? g_mime_message_get_subject(inner) : name;
    if (name != NULL && rms_text_valid(rms_view_str(name))) {
        rms_buf_append_str(&text, name);
    }
    if (text.len == 0) {
        rms_buf_printf(&text, "attachment-%zu%s", number + 1, usual_extension(object));
    } else if (inner != NULL) {
        rms_buf_append_str(&text, ".eml");
    }
    rms_message_file_name(rms_buf_view(&text), (uint32_t)number, part->about.name);
    part->about.content_id = g_mime_object_get_content_id(object);
}

static int add_part(struct rms_mime *mail, GMimeObject *object)
{
    struct part *part = &mail->parts[mail->part_count];

    if (mail->part_count == RMS_MIME_PARTS_MAX) {
        return RMS_E_LIMIT;
    }
    part->object = object;
    name_part(part, mail->part_count++);
    return 0;
}

/* Mails inside are not looked into: they are files of this one. */
static int walk(struct rms_mime *mail, GMimeObject *object, unsigned depth)
{
    GMimeObject **place;

    if (depth > DEPTH_MAX) {
        return RMS_E_LIMIT;
    }
    if (GMIME_IS_MULTIPART(object)) {
        GMimeMultipart *several = GMIME_MULTIPART(object);

        for (int i = 0; i < g_mime_multipart_get_count(several); i++) {
            RMS_TRY(walk(mail, g_mime_multipart_get_part(several, i), depth + 1));
        }
        return 0;
    }
    place = body_place(mail, object);
    if (place != NULL) {
        *place = object;
        return 0;
    }
    return add_part(mail, object);
}

static int add_recipients(struct rms_mime *mail, InternetAddressList *list, unsigned depth)
{
    for (int i = 0; i < internet_address_list_length(list); i++) {
        InternetAddress *address = internet_address_list_get_address(list, i);

        if (mail->recipient_count == RMS_MIME_RECIPIENTS_MAX || depth > DEPTH_MAX) {
            return RMS_E_LIMIT;
        }
        if (INTERNET_ADDRESS_IS_GROUP(address)) {
            InternetAddressGroup *group = INTERNET_ADDRESS_GROUP(address);

            RMS_TRY(add_recipients(mail, internet_address_group_get_members(group), depth + 1));
        } else {
            const char *text = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(address));

            mail->recipients[mail->recipient_count] = rms_strdup(text != NULL ? text : "");
            RMS_TRY(mail->recipients[mail->recipient_count++] != NULL ? 0 : RMS_E_NO_MEMORY);
        }
    }
    return 0;
}

static int take_people(struct rms_mime *mail)
{
    InternetAddressList *from = g_mime_message_get_from(mail->message);
    InternetAddressList *all = g_mime_message_get_all_recipients(mail->message);
    int status = 0;

    if (from != NULL && internet_address_list_length(from) > 0) {
        InternetAddress *address = internet_address_list_get_address(from, 0);

        if (INTERNET_ADDRESS_IS_MAILBOX(address)) {
            mail->sender = rms_strdup(internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(address)));
        }
    }
    if (all != NULL) {
        status = add_recipients(mail, all, 0);
        g_object_unref(all);
    }
    return status;
}

/* The parser borrows from the stream as long as the message lives. */
static int parse(struct rms_mime *mail, const struct rms_reader *file)
{
    GMimeStream *stream;
    GMimeParser *parser;

    mail->bytes = g_byte_array_sized_new((guint)file->size);
    g_byte_array_set_size(mail->bytes, (guint)file->size);
    stream = g_mime_stream_mem_new_with_byte_array(mail->bytes);
    g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), TRUE);
    if (rms_reader_at(file, 0, mail->bytes->data, (size_t)file->size) != 0) {
        g_object_unref(stream);
        return RMS_E_IO;
    }
    parser = g_mime_parser_new_with_stream(stream);
    g_mime_parser_set_persist_stream(parser, TRUE);
    mail->message = g_mime_parser_construct_message(parser, NULL);
    g_object_unref(parser);
    g_object_unref(stream);
    return mail->message != NULL ? 0 : RMS_E_NOT_FOUND;
}

static int take_parts(struct rms_mime *mail)
{
    GMimeObject *whole = g_mime_message_get_mime_part(mail->message);

    mail->parts = rms_calloc(RMS_MIME_PARTS_MAX, sizeof *mail->parts);
    mail->recipients = rms_calloc(RMS_MIME_RECIPIENTS_MAX, sizeof *mail->recipients);
    if (mail->parts == NULL || mail->recipients == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (whole != NULL) {
        RMS_TRY(walk(mail, whole, 0));
    }
    return take_people(mail);
}

int rms_mime_open(const struct rms_reader *file, struct rms_mime **mail_out)
{
    struct rms_mime *mail;
    int status;

    *mail_out = NULL;
    if (file->size > RMS_MIME_MAX) {
        return RMS_E_LIMIT;
    }
    start_library();
    mail = rms_calloc(1, sizeof *mail);
    if (mail == NULL) {
        return RMS_E_NO_MEMORY;
    }
    *mail_out = mail;
    status = parse(mail, file);
    status = status == 0 ? take_parts(mail) : status;
    if (status != 0) {
        rms_mime_close(mail_out);
    }
    return status;
}

void rms_mime_close(struct rms_mime **mail)
{
    struct rms_mime *gone = *mail;

    if (gone == NULL) {
        return;
    }
    *mail = NULL;
    for (size_t i = 0; i < gone->recipient_count; i++) {
        rms_free(gone->recipients[i]);
    }
    rms_free(gone->recipients);
    rms_free(gone->parts);
    rms_free(gone->sender);
    if (gone->message != NULL) {
        g_object_unref(gone->message);
    }
    rms_free(gone);
}

const char *rms_mime_subject(const struct rms_mime *mail)
{
    const char *subject = g_mime_message_get_subject(mail->message);

    return subject != NULL ? subject : "";
}

const char *rms_mime_sender(const struct rms_mime *mail)
{
    return mail->sender != NULL ? mail->sender : "";
}

const char *rms_mime_recipient(const struct rms_mime *mail, size_t i)
{
    return i < mail->recipient_count ? mail->recipients[i] : NULL;
}

/* --- content ----------------------------------------------------------------------------------------------
 */

/* What a stream in memory holds, into out; the stream ends. */
static int take_stream(GMimeStream *stream, struct rms_buf *out)
{
    GByteArray *bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));

    rms_buf_append(out, bytes->data, bytes->len);
    if (bytes->len > 0) {
        rms_wipe(bytes->data, bytes->len);
    }
    g_object_unref(stream);
    return rms_buf_status(out);
}

static GMimeFormatOptions *format_new(void)
{
    GMimeFormatOptions *format = g_mime_format_options_new();

    g_mime_format_options_set_newline_format(format, GMIME_NEWLINE_FORMAT_DOS);
    return format;
}

static int emit(GMimeObject *object, struct rms_buf *out)
{
    GMimeFormatOptions *format = format_new();
    GMimeStream *stream = g_mime_stream_mem_new();

    (void)g_mime_object_write_to_stream(object, format, stream);
    g_mime_format_options_free(format);
    return take_stream(stream, out);
}

static int decode(GMimeObject *object, struct rms_buf *out)
{
    GMimeDataWrapper *content = GMIME_IS_PART(object) ? g_mime_part_get_content(GMIME_PART(object)) : NULL;
    GMimeStream *stream;

    if (GMIME_IS_MESSAGE_PART(object)) {
        GMimeMessage *inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));

        return inner != NULL ? emit(GMIME_OBJECT(inner), out) : 0;
    }
    if (content == NULL) {
        return 0;
    }
    stream = g_mime_stream_mem_new();
    (void)g_mime_data_wrapper_write_to_stream(content, stream);
    return take_stream(stream, out);
}

size_t rms_mime_attachment_count(const struct rms_mime *mail)
{
    return mail->part_count;
}

const struct rms_mime_attachment *rms_mime_attachment(const struct rms_mime *mail, size_t i)
{
    return i < mail->part_count ? &mail->parts[i].about : NULL;
}

int rms_mime_read_attachment(const struct rms_mime *mail, size_t i, struct rms_buf *out)
{
    return i < mail->part_count ? decode(mail->parts[i].object, out) : RMS_E_BAD_ARGUMENT;
}

/* As in the mail when its code page has a number; else as UTF-8. */
static int read_text(GMimeObject *object, uint32_t *code_page_out, struct rms_buf *out)
{
    const char *charset = charset_of(object);
    uint32_t code_page = rms_code_page_of(charset != NULL ? charset : "us-ascii");
    char *text;

    *code_page_out = code_page != 0 ? code_page : 65001;
    if (code_page != 0) {
        return decode(object, out);
    }
    text = g_mime_text_part_get_text(GMIME_TEXT_PART(object));
    rms_buf_append_str(out, text != NULL ? text : "");
    g_free(text);
    return rms_buf_status(out);
}

int rms_mime_read_body(const struct rms_mime *mail, struct rms_mime_body *body_out)
{
    GMimeObject *main = mail->html != NULL ? mail->html : mail->plain;

    *body_out = (struct rms_mime_body){
        RMS_MESSAGE_PLAIN, 65001, RMS_BUF_INIT(RMS_MESSAGE_BODY_MAX), RMS_BUF_INIT(RMS_MESSAGE_BODY_MAX)};
    if (mail->html != NULL) {
        body_out->form = mail->rtf != NULL ? RMS_MESSAGE_RTF : RMS_MESSAGE_HTML;
    }
    if (body_out->form == RMS_MESSAGE_RTF) {
        RMS_TRY(decode(mail->rtf, &body_out->rtf));
    }
    return main != NULL ? read_text(main, &body_out->code_page, &body_out->main) : 0;
}

void rms_mime_body_fini(struct rms_mime_body *body)
{
    rms_buf_fini(&body->main);
    rms_buf_fini(&body->rtf);
}

/* --- the protected part -----------------------------------------------------------------------------------
 */

static unsigned version_of(const struct part *part)
{
    GMimeContentType *type = g_mime_object_get_content_type(part->object);
    char *text = g_mime_content_type_get_mime_type(type);
    unsigned version = rms_rpmsg_version(part->about.name, text);

    g_free(text);
    return version;
}

int rms_mime_protected(const struct rms_mime *mail, unsigned *version_out, struct rms_buf *out)
{
    const struct part *found = NULL;

    *version_out = 0;
    for (size_t i = 0; i < mail->part_count; i++) {
        unsigned version = version_of(&mail->parts[i]);

        if (version != 0 && found != NULL) {
            return RMS_E_DAMAGED;
        }
        if (version != 0) {
            found = &mail->parts[i];
            *version_out = version;
        }
    }
    return found != NULL ? decode(found->object, out) : RMS_E_NOT_FOUND;
}

/* --- writing ----------------------------------------------------------------------------------------------
 */

static GMimeObject *new_part(const char *type, const char *subtype, struct rms_view data)
{
    GMimePart *part = g_mime_part_new_with_type(type, subtype);
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer((const char *)data.data, data.len);
    GMimeDataWrapper *content = g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_DEFAULT);

    g_mime_part_set_content(part, content);
    g_mime_part_set_content_encoding(part, GMIME_CONTENT_ENCODING_BASE64);
    g_object_unref(content);
    g_object_unref(stream);
    return GMIME_OBJECT(part);
}

static void add(GMimeMultipart *to, GMimeObject *part)
{
    g_mime_multipart_add(to, part);
    g_object_unref(part);
}

static GMimeObject *new_text(const char *subtype, const char *charset, struct rms_view data)
{
    GMimeObject *part = new_part("text", subtype, data);

    g_mime_object_set_content_type_parameter(part, "charset", charset);
    return part;
}

static const char notice[] =
    "This message is protected. Only the people it was sent to can read it.\r\n\r\n"
    "A mail program that supports protected messages shows it when you are signed in.\r\n"
    "With OpenRMS: save this mail, sign in with the address it was sent to (rms login), then:\r\n"
    "rms open MAIL.eml\r\n";

static int finish(GMimeMessage *message, GMimeObject *content, struct rms_buf *out)
{
    g_mime_message_set_mime_part(message, content);
    g_object_unref(content);
    return emit(GMIME_OBJECT(message), out);
}

int rms_mime_make_protected(struct rms_mime *mail, struct rms_view rpmsg, struct rms_buf *out)
{
    GMimeMultipart *mixed = g_mime_multipart_new_with_subtype("mixed");
    GMimeObject *text = new_text("plain", "us-ascii", rms_view_of(notice, sizeof notice - 1));
    GMimeObject *part = new_part(TYPE, rpmsg);

    g_mime_part_set_content_encoding(GMIME_PART(text), GMIME_CONTENT_ENCODING_7BIT);
    g_mime_part_set_filename(GMIME_PART(part), "message.rpmsg");
    g_mime_object_set_disposition(part, GMIME_DISPOSITION_ATTACHMENT);
    add(mixed, text);
    add(mixed, part);
    g_mime_object_set_header(GMIME_OBJECT(mail->message), CLASS, CLASS_VALUE, NULL);
    return finish(mail->message, GMIME_OBJECT(mixed), out);
}

static GMimeObject *new_attachment(const struct rms_message_part *part)
{
    static const struct {
        const char *extension, *type, *subtype;
    } types[] = {
        {".txt", "text", "plain"},
        {".pdf", "application", "pdf"},
        {".png", "image", "png"},
        {".gif", "image", "gif"},
        {".jpg", "image", "jpeg"},
        {".jpeg", "image", "jpeg"},
        {".docx", "application", "vnd.openxmlformats-officedocument.wordprocessingml.document"},
        {".xlsx", "application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
        {".pptx", "application", "vnd.openxmlformats-officedocument.presentationml.presentation"},
        {".msg", "application", "vnd.ms-outlook"},
        {"", "application", "octet-stream"},
    };
    const char *dot = strrchr(part->name, '.');
    GMimeObject *made;
    size_t i = 0;

    while (types[i].extension[0] != '\0' &&
           !rms_text_equal_nocase(types[i].extension, dot != NULL ? dot : ".")) {
        i++;
    }
    made = new_part(types[i].type, types[i].subtype, part->data);
    g_mime_part_set_filename(GMIME_PART(made), part->name);
    g_mime_object_set_disposition(made, GMIME_DISPOSITION_ATTACHMENT);
    if (part->content_id != NULL && part->content_id[0] != '\0') {
        g_mime_object_set_content_id(made, part->content_id);
        g_mime_object_set_disposition(made, GMIME_DISPOSITION_INLINE);
    }
    return made;
}

static GMimeObject *new_body(const struct rms_message_request *content)
{
    const char *charset = rms_code_page_charset(content->code_page);
    const char *subtype = content->body == RMS_MESSAGE_PLAIN ? "plain" : "html";
    GMimeObject *main = new_text(subtype, charset != NULL ? charset : "us-ascii", content->main);
    GMimeMultipart *both;

    if (content->body != RMS_MESSAGE_RTF) {
        return main;
    }
    both = g_mime_multipart_new_with_subtype("alternative");
    add(both, main);
    add(both, new_text("rtf", "us-ascii", content->rtf));
    return GMIME_OBJECT(both);
}

/* What the body shows inside is related to it, everything else is beside it (RFC 2387). */
static GMimeObject *new_content(const struct rms_message_request *content)
{
    GMimeMultipart *related = g_mime_multipart_new_with_subtype("related");
    GMimeMultipart *mixed = g_mime_multipart_new_with_subtype("mixed");
    GMimeObject *body = new_body(content);

    g_mime_multipart_add(related, body);
    for (size_t i = 0; i < content->part_count; i++) {
        const struct rms_message_part *part = &content->parts[i];

        if (part->content_id != NULL && part->content_id[0] != '\0') {
            add(related, new_attachment(part));
        }
    }
    g_mime_multipart_add(mixed, g_mime_multipart_get_count(related) > 1 ? GMIME_OBJECT(related) : body);
    g_object_unref(body);
    g_object_unref(related);
    for (size_t i = 0; i < content->part_count; i++) {
        const struct rms_message_part *part = &content->parts[i];

        if (part->content_id == NULL || part->content_id[0] == '\0') {
            add(mixed, new_attachment(part));
        }
    }
    return GMIME_OBJECT(mixed);
}

int rms_mime_make_clear(struct rms_mime *mail, const struct rms_message_request *content, struct rms_buf *out)
{
    GMimeMessage *message;
    int status;

    start_library();
    message = mail != NULL ? g_object_ref(mail->message) : g_mime_message_new(FALSE);
    (void)g_mime_object_remove_header(GMIME_OBJECT(message), CLASS);
    status = finish(message, new_content(content), out);
    g_object_unref(message);
    return status;
}

/* --- changing ---------------------------------------------------------------------------------------------
 */

static bool is_sealed(const struct rms_mime *mail)
{
    GMimeObject *whole = g_mime_message_get_mime_part(mail->message);
    GMimeContentType *type = whole != NULL ? g_mime_object_get_content_type(whole) : NULL;

    return type != NULL && (g_mime_content_type_is_type(type, "multipart", "signed") ||
                               g_mime_content_type_is_type(type, "multipart", "encrypted") ||
                               g_mime_content_type_is_type(type, "application", "pkcs7-mime"));
}

static int replace_mail(GMimeMessagePart *part, struct rms_view data)
{
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer((const char *)data.data, data.len);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);

    g_object_unref(parser);
    g_object_unref(stream);
    if (message == NULL) {
        return RMS_E_DAMAGED;
    }
    g_mime_message_part_set_message(part, message);
    g_object_unref(message);
    return 0;
}

static bool has_long_name(GMimeParamList *list)
{
    int count = list != NULL ? g_mime_param_list_length(list) : 0;

    for (int i = 0; i < count; i++) {
        if (strlen(g_mime_param_get_name(g_mime_param_list_get_parameter_at(list, i))) > PARAMETER_NAME_MAX) {
            return true;
        }
    }
    return false;
}

static void find_long_name(GMimeObject *parent, GMimeObject *part, gpointer user_data)
{
    GMimeContentType *type = g_mime_object_get_content_type(part);
    GMimeContentDisposition *disposition = g_mime_object_get_content_disposition(part);
    bool *found = user_data;

    (void)parent;
    if ((type != NULL && has_long_name(g_mime_content_type_get_parameters(type))) ||
        (disposition != NULL && has_long_name(g_mime_content_disposition_get_parameters(disposition)))) {
        *found = true;
    }
    if (GMIME_IS_MESSAGE_PART(part) && g_mime_message_part_get_message(GMIME_MESSAGE_PART(part)) != NULL) {
        g_mime_message_foreach(
            g_mime_message_part_get_message(GMIME_MESSAGE_PART(part)), find_long_name, user_data);
    }
}

/* GMime never ends folding a parameter whose name fills the line; whatever it writes anew is written so. */
static bool can_be_folded(const struct rms_mime *mail)
{
    bool found = false;

    g_mime_message_foreach(mail->message, find_long_name, &found);
    return !found;
}

int rms_mime_replace_attachment(struct rms_mime *mail, size_t i, const char *name, struct rms_view data)
{
    GMimeObject *object = i < mail->part_count ? mail->parts[i].object : NULL;
    GMimeStream *stream;
    GMimeDataWrapper *content;

    if (is_sealed(mail)) {
        return RMS_E_SIGNED;
    }
    if (!can_be_folded(mail)) {
        return RMS_E_DAMAGED;
    }
    if (object != NULL && GMIME_IS_MESSAGE_PART(object)) {
        return replace_mail(GMIME_MESSAGE_PART(object), data);
    }
    if (object == NULL || !GMIME_IS_PART(object)) {
        return RMS_E_BAD_ARGUMENT;
    }
    stream = g_mime_stream_mem_new_with_buffer((const char *)data.data, data.len);
    content = g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_DEFAULT);
    g_mime_part_set_content(GMIME_PART(object), content);
    g_mime_part_set_content_encoding(GMIME_PART(object), GMIME_CONTENT_ENCODING_BASE64);
    if (strcmp(name, mail->parts[i].about.name) != 0) {
        g_mime_part_set_filename(GMIME_PART(object), name);
    }
    g_object_unref(content);
    g_object_unref(stream);
    return 0;
}

int rms_mime_emit(const struct rms_mime *mail, struct rms_buf *out)
{
    return emit(GMIME_OBJECT(mail->message), out);
}
