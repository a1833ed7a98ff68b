/* The field in the header of a mail file; nothing else of the file changes. */
#include "base/file.h"
#include "format/mime.h"
#include "label/mail.h"
#include "label/splice.h"

#define HEADER_MAX (1024u * 1024)
#define FIELDS_MAX 8u

struct header {
    struct rms_buf text;                /* with the blank line, when there is one */
    struct rms_view fields[FIELDS_MAX]; /* of labels: lines with their ends, folded ones too */
    size_t count;
    bool dos; /* lines end with CR LF */
};

/* The end of the line that begins at `at`, behind its line feed. */
static size_t line_end(const struct rms_buf *text, size_t at)
{
    const uint8_t *feed = memchr(text->data + at, '\n', text->len - at);

    return feed != NULL ? (size_t)(feed - text->data) + 1 : text->len;
}

static bool is_field(const struct rms_buf *text, size_t at)
{
    static const char name[] = RMS_LABEL_MAIL_HEADER ":";

    return text->len - at >= sizeof name - 1 &&
           strncasecmp((const char *)text->data + at, name, sizeof name - 1) == 0;
}

static bool is_folded(const struct rms_buf *text, size_t at)
{
    return at < text->len && (text->data[at] == ' ' || text->data[at] == '\t');
}

static int find_fields(struct header *header)
{
    const struct rms_buf *text = &header->text;

    for (size_t at = 0; at < text->len;) {
        size_t end = line_end(text, at);

        if (text->data[at] == '\n' || text->data[at] == '\r') {
            return 0;
        }
        while (is_folded(text, end)) {
            end = line_end(text, end);
        }
        if (is_field(text, at) && header->count == FIELDS_MAX) {
            return RMS_E_LIMIT;
        }
        if (is_field(text, at)) {
            header->fields[header->count++] = rms_view_of(text->data + at, end - at);
        }
        at = end;
    }
    /* a header that does not end within what was read */
    return text->len < HEADER_MAX ? 0 : RMS_E_LIMIT;
}

static int read_header(int fd, struct header *header)
{
    struct rms_reader file;
    uint8_t *place;
    size_t len;

    *header = (struct header){.text = RMS_BUF_INIT(HEADER_MAX)};
    RMS_TRY(rms_reader_of_fd(&fd, &file));
    if (!rms_mime_looks(&file)) {
        return RMS_E_UNSUPPORTED;
    }
    len = file.size < HEADER_MAX ? (size_t)file.size : HEADER_MAX;
    place = rms_buf_reserve(&header->text, len);
    if (place == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_reader_at(&file, 0, place, len));
    rms_buf_commit(&header->text, len);
    len = line_end(&header->text, 0);
    header->dos = len > 1 && place[len - 2] == '\r';
    return find_fields(header);
}

int rms_label_mail_file_read(int fd, struct rms_label_pairs *pairs)
{
    struct header header;
    int status = read_header(fd, &header);

    for (size_t i = 0; status == 0 && i < header.count; i++) {
        size_t name = sizeof RMS_LABEL_MAIL_HEADER; /* and the colon */

        status = rms_label_mail_read(
            rms_view_of(header.fields[i].data + name, header.fields[i].len - name), pairs);
    }
    rms_buf_fini(&header.text);
    return status;
}

/* The field with the line ends of the file; nothing when there is no pair. */
static int make_field(const struct rms_label_pairs *pairs, bool dos, struct rms_buf *out)
{
    struct rms_buf RMS_BUF_CLEANUP value = RMS_BUF_INIT(RMS_LABEL_MAIL_MAX);

    RMS_TRY(rms_label_mail_write(pairs, &value));
    if (value.len == 0) {
        return 0;
    }
    rms_buf_append_str(out, RMS_LABEL_MAIL_HEADER ": ");
    for (size_t i = 0; i < value.len; i++) {
        if (dos || value.data[i] != '\r') {
            rms_buf_append_byte(out, value.data[i]);
        }
    }
    rms_buf_append_str(out, dos ? "\r\n" : "\n");
    return rms_buf_status(out);
}

/* In the place of the first, else in front of all. */
static int write_field(int fd, int out, const struct header *header, struct rms_view field)
{
    struct rms_splice splices[FIELDS_MAX] = {{0, 0, field}};

    for (size_t i = 0; i < header->count; i++) {
        splices[i].at = (uint64_t)(header->fields[i].data - header->text.data);
        splices[i].gone = header->fields[i].len;
    }
    return rms_splice(fd, out, splices, header->count > 0 ? header->count : 1);
}

int rms_label_mail_file_write(int fd, int out, const struct rms_label_pairs *pairs)
{
    struct rms_buf RMS_BUF_CLEANUP field = RMS_BUF_INIT(2u * RMS_LABEL_MAIL_MAX);
    struct header header;
    int status = read_header(fd, &header);

    status = status == 0 ? make_field(pairs, header.dos, &field) : status;
    status = status == 0 ? write_field(fd, out, &header, rms_buf_view(&field)) : status;
    rms_buf_fini(&header.text);
    return status;
}
