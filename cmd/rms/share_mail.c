/* The mail of rms share. Nothing in it but the user's own words, checked addresses and encoded names, so that
 * no name of a file becomes a header. */
#include <string.h>

#include "base/file.h"
#include "base/time.h"
#include "cmd/rms/output.h"
#include "cmd/rms/share.h"
#include "crypto/base64.h"

#define BOUNDARY "=_openrms_part"
#define LINE     76
#define MAIL_MAX (256u << 20)

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

void share_conditions(const struct sharing *sharing, struct rms_buf *out)
{
    char until[RMS_TIME_TEXT];

    for (size_t i = 0; i < sharing->to_count; i++) {
        rms_buf_append_str(out, i > 0 ? ", " : "");
        safe_text(out, sharing->to[i]);
    }
    rms_buf_append_str(out, _(" may open it as "));
    safe_text(out, sharing->level);
    if (sharing->until != RMS_NEVER) {
        rms_time_iso(sharing->until, until);
        rms_buf_printf(out, _(" until %s"), until);
    }
    rms_buf_append_str(
        out, sharing->online_only
                 ? _(".\nEvery opening asks the service: taken back, it opens no more.\n")
                 : _(".\nOpened once it stays open offline for a while, also when it is taken back.\n"));
}

/* In lines of 76 characters (RFC 2045 section 6.8). */
static void append_base64(struct rms_buf *out, struct rms_view data)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(MAIL_MAX);

    rms_base64_encode(&text, data);
    for (size_t at = 0; at < text.len; at += LINE) {
        rms_buf_append(out, text.data + at, text.len - at < LINE ? text.len - at : LINE);
        rms_buf_append_str(out, "\r\n");
    }
    out->failed |= text.failed;
}

/* RFC 2231: every byte that is not a letter or digit as %XX. */
static void append_name(struct rms_buf *out, const char *name)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";

    rms_buf_append_str(out, "filename*=UTF-8''");
    for (; *name != '\0'; name++) {
        if (strchr(plain, *name) != NULL) {
            rms_buf_append_byte(out, (uint8_t)*name);
        } else {
            rms_buf_printf(out, "%%%02X", (unsigned)(unsigned char)*name);
        }
    }
}

static void append_head(struct rms_buf *out, const struct sharing *sharing)
{
    rms_buf_append_str(out, "To: ");
    for (size_t i = 0; i < sharing->to_count; i++) {
        rms_buf_printf(out, "%s%s", i > 0 ? ",\r\n " : "", sharing->to[i]);
    }
    rms_buf_append_str(out, "\r\nSubject: =?UTF-8?B?");
    struct rms_buf RMS_BUF_CLEANUP subject = RMS_BUF_INIT(4096);
    rms_buf_append_str(
        &subject, sharing->count == 1 ? _("A protected file for you") : _("Protected files for you"));
    rms_base64_encode(out, rms_buf_view(&subject));
    rms_buf_append_str(out, "?=\r\nX-Unsent: 1\r\nMIME-Version: 1.0\r\n"
                            "Content-Type: multipart/mixed; boundary=\"" BOUNDARY "\"\r\n\r\n");
}

static void append_words(struct rms_buf *out, const struct sharing *sharing)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(1u << 20);

    if (sharing->message != NULL) {
        rms_buf_printf(&text, "%s\n\n", sharing->message);
    }
    rms_buf_append_str(&text, _("Attached and protected: only the people named here can open it.\n\n"));
    for (size_t i = 0; i < sharing->count; i++) {
        rms_buf_append_str(&text, "  ");
        safe_text(&text, name_of(sharing->copies[i].output));
        rms_buf_append_byte(&text, '\n');
    }
    rms_buf_append_byte(&text, '\n');
    share_conditions(sharing, &text);
    rms_buf_append_str(
        &text, _("\nTo open it: install OpenRMS, sign in with the address this mail was sent to\n"
                 "(rms login), then: rms open FILE\n"));
    rms_buf_append_str(out, "--" BOUNDARY "\r\nContent-Type: text/plain; charset=utf-8\r\n"
                            "Content-Transfer-Encoding: base64\r\n\r\n");
    append_base64(out, rms_buf_view(&text));
    out->failed |= text.failed;
}

static int append_file(struct rms_buf *out, const char *path)
{
    struct rms_buf RMS_BUF_CLEANUP data = RMS_BUF_INIT(MAIL_MAX / 2);

    RMS_TRY(rms_file_read(path, &data));
    rms_buf_append_str(out, "--" BOUNDARY "\r\nContent-Type: application/octet-stream\r\n"
                            "Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; ");
    append_name(out, name_of(path));
    rms_buf_append_str(out, "\r\n\r\n");
    append_base64(out, rms_buf_view(&data));
    return 0;
}

int share_write_draft(const struct sharing *sharing)
{
    struct rms_buf RMS_BUF_CLEANUP mail = RMS_BUF_INIT(MAIL_MAX);
    struct rms_file_output output;
    int code;

    append_head(&mail, sharing);
    append_words(&mail, sharing);
    for (size_t i = 0; i < sharing->count; i++) {
        RMS_TRY(append_file(&mail, sharing->copies[i].output));
    }
    rms_buf_append_str(&mail, "--" BOUNDARY "--\r\n");
    RMS_TRY(rms_buf_status(&mail));
    RMS_TRY(rms_file_output_open(&output, sharing->draft));
    code = rms_fd_write_all(output.fd, mail.data, mail.len);
    code = code == 0 ? rms_file_output_commit(&output, false) : code;
    rms_file_output_abort(&output);
    return code;
}
