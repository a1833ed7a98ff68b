/* The attachments of a clear mail, mails among them. */
#include "archive/ops.h"
#include "base/file.h"
#include "base/mem.h"
#include "format/mime.h"

struct state {
    struct rms_mime *mail;
    size_t next;         /* index of the attachment after the current */
    struct rms_buf part; /* the current, decoded; */
    size_t at;           /* and how much of it was read */
    bool decoded;
};

static int read_file(void *context, uint64_t offset, void *buffer, size_t len)
{
    return rms_archive_pread(context, offset, buffer, len);
}

static int open_mail(struct rms_archive *archive)
{
    struct state *state = rms_calloc(1, sizeof *state);
    const struct rms_reader reader = {archive, archive->size, read_file};

    archive->state = state;
    if (state == NULL) {
        return RMS_E_NO_MEMORY;
    }
    rms_buf_init(&state->part, RMS_MIME_MAX);
    if (!rms_mime_looks(&reader)) {
        return RMS_E_NOT_FOUND;
    }
    return rms_mime_open(&reader, &state->mail);
}

static void close_mail(struct rms_archive *archive)
{
    struct state *state = archive->state;

    if (state != NULL) {
        rms_mime_close(&state->mail);
        rms_buf_fini(&state->part);
        rms_free(state);
    }
}

static int next_mail(struct rms_archive *archive, struct rms_archive_member *member_out)
{
    struct state *state = archive->state;
    const struct rms_mime_attachment *about = rms_mime_attachment(state->mail, state->next);

    if (about == NULL) {
        return RMS_E_NOT_FOUND;
    }
    rms_buf_fini(&state->part);
    state->at = 0;
    state->decoded = false;
    *member_out = (struct rms_archive_member){state->next++, about->name, false};
    return 0;
}

static int read_mail(struct rms_archive *archive, void *data, size_t len, size_t *got_out)
{
    struct state *state = archive->state;
    size_t left;

    *got_out = 0;
    if (!state->decoded) {
        RMS_TRY(rms_mime_read_attachment(state->mail, state->next - 1, &state->part));
        state->decoded = true;
    }
    left = state->part.len - state->at;
    *got_out = len < left ? len : left;
    if (*got_out > 0) {
        memcpy(data, state->part.data + state->at, *got_out);
    }
    state->at += *got_out;
    return 0;
}

/* Lines end as mails have them once they are written. */
static bool same_but_line_ends(const struct rms_buf *a, const struct rms_buf *b)
{
    size_t i = 0;
    size_t k = 0;

    for (;;) {
        i += i < a->len && a->data[i] == '\r';
        k += k < b->len && b->data[k] == '\r';
        if (i == a->len || k == b->len) {
            return i == a->len && k == b->len;
        }
        if (a->data[i++] != b->data[k++]) {
            return false;
        }
    }
}

/* Boundaries are the mail's own: one that stands inside a part, too, would make other parts of what is
 * written. So that is read again. */
static int check_written(
    const struct state *state, const struct rms_archive_changes *changes, struct rms_view made)
{
    const struct rms_reader reader = rms_reader_of_view(&made);
    const size_t count = rms_mime_attachment_count(state->mail);
    struct rms_mime RMS_MIME_CLEANUP *again = NULL;

    if (rms_mime_open(&reader, &again) != 0 || rms_mime_attachment_count(again) != count) {
        return RMS_E_DAMAGED;
    }
    for (size_t i = 0; i < count; i++) {
        struct rms_buf RMS_BUF_CLEANUP meant = RMS_BUF_INIT(RMS_MIME_MAX);
        struct rms_buf RMS_BUF_CLEANUP found = RMS_BUF_INIT(RMS_MIME_MAX);
        const char *name = rms_mime_attachment(state->mail, i)->name;

        RMS_TRY(rms_mime_read_attachment(state->mail, i, &meant));
        RMS_TRY(rms_mime_read_attachment(again, i, &found));
        if (!same_but_line_ends(&meant, &found) ||
            (rms_archive_change_of(changes, i) == NULL &&
                strcmp(name, rms_mime_attachment(again, i)->name) != 0)) {
            return RMS_E_DAMAGED;
        }
    }
    return 0;
}

static int rewrite_mail(struct rms_archive *archive, const struct rms_archive_changes *changes, int out)
{
    struct rms_buf RMS_BUF_CLEANUP made = RMS_BUF_INIT(RMS_MIME_MAX);
    struct state *state = archive->state;

    for (size_t i = 0; i < changes->count; i++) {
        const struct rms_archive_change *change = &changes->list[i];
        struct rms_buf RMS_BUF_CLEANUP part = RMS_BUF_INIT(RMS_MIME_MAX);

        RMS_TRY(rms_archive_load(changes, change, &part));
        RMS_TRY(rms_mime_replace_attachment(state->mail, change->index, change->name, rms_buf_view(&part)));
    }
    RMS_TRY(rms_mime_emit(state->mail, &made));
    RMS_TRY(check_written(state, changes, rms_buf_view(&made)));
    return rms_fd_write_all(out, made.data, made.len);
}

const struct rms_archive_ops rms_archive_mail = {
    open_mail, next_mail, read_mail, rewrite_mail, close_mail, .independent = true};
