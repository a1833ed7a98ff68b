#include "cmd/rms/mail.h"

#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "cmd/rms/output.h"
#include "cmd/rms/session.h"

#define TEXT_MAX     (64u << 20)
#define PATH_BYTES   4096
#define ATTEMPTS_MAX 1000

static int append(void *user_data, const void *data, size_t len)
{
    rms_buf_append(user_data, data, len);
    return rms_buf_status(user_data);
}

static int fail(const struct mail_opening *o, int code)
{
    return output_error(o->context, o->path, code);
}

bool mail_is(struct rms_document *document)
{
    struct rms_mail *mail = NULL;
    int code = rms_mail_open(document, &mail);

    rms_mail_free(&mail);
    return code != RMS_E_UNSUPPORTED;
}

/* --- the body --------------------------------------------------------------------------------------------
 */

static int refuse(const struct mail_opening *o)
{
    const struct rms_document_info *info = rms_document_info(o->document);

    session_refused(o->context, o->document);
    output_failure(
        o->path, &(struct failure){.code = RMS_E_NO_RIGHTS,
                     .detail = _("you may read it on a terminal; a clear copy needs EXPORT or OWNER"),
                     .referrer = info->referrer != NULL ? info->referrer : info->owner});
    return rms_error_info(RMS_E_NO_RIGHTS)->exit_status;
}

static int write_new(const char *path, const struct rms_buf *bytes)
{
    struct rms_file_output output;
    int code = rms_file_output_open(&output, path);

    if (code == 0) {
        code = rms_fd_write_all(output.fd, bytes->data, bytes->len);
        code = code == 0 ? rms_file_output_commit(&output, false) : code;
        rms_file_output_abort(&output);
    }
    return code;
}

/* The bytes as they were written. */
static int put_body(const struct mail_opening *o, struct rms_mail *mail)
{
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(TEXT_MAX);
    int code = rms_mail_body(mail, rms_mail_info(mail)->body, append, &bytes);

    if (code < 0) {
        return fail(o, code);
    }
    if (strcmp(o->output, "-") == 0) {
        fflush(stdout);
        code = rms_fd_write_all(STDOUT_FILENO, bytes.data, bytes.len);
        return code < 0 ? fail(o, code) : EXIT_DONE;
    }
    code = write_new(o->output, &bytes);
    return code < 0 ? output_error(NULL, o->output, code) : EXIT_DONE;
}

/* Its words. */
static int print_body(const struct mail_opening *o, struct rms_mail *mail)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(TEXT_MAX);
    int code = rms_mail_text(mail, append, &text);

    if (code < 0) {
        return fail(o, code);
    }
    if (isatty(STDOUT_FILENO)) {
        if (text.len > 0) {
            print_lines(stdout, (char *)text.data);
        }
        return EXIT_DONE;
    }
    fflush(stdout);
    code = rms_fd_write_all(STDOUT_FILENO, text.data, text.len);
    return code < 0 ? fail(o, code) : EXIT_DONE;
}

/* --- attachments -----------------------------------------------------------------------------------------
 */

/* "DIR/a.txt", then "DIR/a-Copy.txt", "DIR/a-Copy(2).txt" (C-043). The name is the library's: no path in it.
 */
static void path_of(const struct mail_opening *o, const char *name, unsigned attempt, char *path)
{
    const char *dot = strrchr(name, '.');
    int stem = dot != NULL && dot != name ? (int)(dot - name) : (int)strlen(name);
    const char *end = name + stem;

    if (attempt == 0) {
        (void)snprintf(path, PATH_BYTES, "%s/%s", o->folder, name);
    } else if (attempt == 1) {
        (void)snprintf(path, PATH_BYTES, "%s/%.*s-Copy%s", o->folder, stem, name, end);
    } else {
        (void)snprintf(path, PATH_BYTES, "%s/%.*s-Copy(%u)%s", o->folder, stem, name, attempt, end);
    }
}

static int save(const struct mail_opening *o, struct rms_mail *mail, size_t i, char path[PATH_BYTES])
{
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(SIZE_MAX / 2);
    struct rms_mail_attachment attachment;
    int code = rms_mail_attachment(mail, i, &attachment);

    code = code == 0 ? rms_mail_attachment_read(mail, i, append, &bytes) : code;
    code = code == 0 ? rms_dir_make(o->folder, 0700) : code;
    if (code < 0) {
        return code;
    }
    for (unsigned attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        path_of(o, attachment.name, attempt, path);
        code = write_new(path, &bytes);
        if (code != RMS_E_CONFLICT) {
            return code;
        }
    }
    return code;
}

/* One attachment's row: what it is, and where it went. *worst_out: the worst exit status so far. */
static json_t *attachment_json(const struct mail_opening *o, struct rms_mail *mail, size_t i, int *worst_out)
{
    struct rms_mail_attachment attachment;
    char path[PATH_BYTES] = "";
    json_t *row;
    int code = rms_mail_attachment(mail, i, &attachment);

    if (code < 0) {
        *worst_out = fail(o, code);
        return json_object();
    }
    row = json_pack("{s:o,s:I,s:b,s:o}", "Name", text_json(attachment.name), "Size",
        (json_int_t)attachment.size, "IsRMSProtected", attachment.is_protected, "ContentId",
        text_json(attachment.content_id));
    if (o->folder == NULL) {
        return row;
    }
    code = o->may_copy || attachment.is_protected ? save(o, mail, i, path) : RMS_E_NO_RIGHTS;
    if (code == RMS_E_NO_RIGHTS) {
        session_refused(o->context, o->document);
    }
    if (code < 0) {
        output_failure(attachment.name, &(struct failure){.code = code, .detail = _("not saved")});
        *worst_out = rms_error_info(code)->exit_status;
    } else {
        json_object_set_new(row, "OutputFile", text_json(path));
    }
    return row;
}

static void print_attachment(const json_t *row)
{
    const char *name = json_string_value(json_object_get(row, "Name"));
    const char *saved = json_string_value(json_object_get(row, "OutputFile"));
    struct rms_buf RMS_BUF_CLEANUP line = RMS_BUF_INIT(4 * PATH_BYTES);

    rms_buf_append_str(&line, _("attachment: "));
    rms_buf_append_str(&line, name != NULL ? name : "");
    rms_buf_append_str(
        &line, json_is_true(json_object_get(row, "IsRMSProtected")) ? _(" (protected by itself)") : "");
    if (saved != NULL) {
        rms_buf_append_str(&line, " -> ");
        rms_buf_append_str(&line, saved);
    }
    print_line(stderr, rms_buf_text(&line));
}

static int list_attachments(const struct mail_opening *o, struct rms_mail *mail, json_t *rows)
{
    int worst = EXIT_DONE;

    for (size_t i = 0; i < rms_mail_info(mail)->attachment_count; i++) {
        json_t *row = attachment_json(o, mail, i, &worst);

        if (!output_json()) {
            print_attachment(row);
        }
        (void)json_array_append_new(rows, row);
    }
    return worst;
}

/* --- a mail ----------------------------------------------------------------------------------------------
 */

static int show_json(const struct mail_opening *o, struct rms_mail *mail)
{
    static const char *const forms[] = {"", "Text", "HTML", "RTF"};
    const struct rms_mail_info *info = rms_mail_info(mail);
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(TEXT_MAX);
    json_t *rows = json_array();
    int status = list_attachments(o, mail, rows);
    int code = rms_mail_text(mail, append, &text);

    output_object(json_pack("{s:o,s:s,s:i,s:o,s:o}", "InputFile", text_json(o->path), "BodyType",
        forms[info->body], "CodePage", (int)info->code_page, "Body",
        code == 0 ? text_json(rms_buf_text(&text)) : json_null(), "Attachments", rows));
    return code < 0 ? fail(o, code) : status;
}

/* On a terminal, VIEW is enough to read. Everything that leaves it is a copy. */
static int show(const struct mail_opening *o, struct rms_mail *mail)
{
    bool copies = o->output != NULL || output_json() || !isatty(STDOUT_FILENO);
    json_t *rows;
    int body;
    int status;

    if (copies && !o->may_copy && (o->folder == NULL || o->output != NULL || output_json())) {
        return refuse(o);
    }
    if (output_json()) {
        return show_json(o, mail);
    }
    body = o->output != NULL ? put_body(o, mail) : (copies && !o->may_copy ? EXIT_DONE : print_body(o, mail));
    rows = json_array();
    status = list_attachments(o, mail, rows);
    json_decref(rows);
    return body != EXIT_DONE ? body : status;
}

int mail_show(const struct mail_opening *opening)
{
    struct rms_mail *mail = NULL;
    int code = rms_mail_open(opening->document, &mail);
    int status = code < 0 ? fail(opening, code) : show(opening, mail);

    rms_mail_free(&mail);
    return status;
}

/* --- in clear --------------------------------------------------------------------------------------------
 */

static void add_field(void *user_data, enum rms_mail_field field, const char *value)
{
    static const char *const names[] = {"Subject", "From", "To", "Attachments"};
    json_t *place = json_object_get(user_data, names[field]);

    if (json_is_array(place)) {
        (void)json_array_append_new(place, text_json(value));
    } else {
        json_object_set_new(user_data, names[field], text_json(value));
    }
}

json_t *mail_json(struct rms_context *context, const char *path)
{
    json_t *mail = json_pack("{s:s,s:s,s:[],s:[]}", "Subject", "", "From", "", "To", "Attachments");

    if (rms_mail_inspect(context, path, add_field, mail) != 0) {
        json_decref(mail);
        return NULL;
    }
    return mail;
}
