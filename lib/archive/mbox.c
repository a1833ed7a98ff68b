/* mbox: mails behind each other, each after a line "From somebody, when" (RFC 4155). Whoever writes such a
 * folder puts
 * ">" before lines of a mail that begin so. What is not replaced stays byte for byte. */
#include <ctype.h>
#include <stdio.h>
#include <unistd.h>

#include "archive/ops.h"
#include "base/file.h"
#include "base/mem.h"
#include "format/mime.h"

#define BLOCK    65536u
#define HEAD_MAX 128u
#define ENDS_MAX (8u * RMS_ARCHIVE_MEMBERS_MAX)

struct state {
    size_t next;               /* index of the mail after the current */
    uint64_t line, begin, end; /* of the current: its From line, its first byte, behind its last */
    uint64_t at;               /* read so far */
    char name[32];
    uint8_t block[BLOCK];
};

static bool is_postmark(const char *head, size_t len)
{
    static const char from[] = "From ";
    const size_t skip = sizeof from - 1;

    if (len < skip + 2 || memcmp(head, from, skip) != 0 || isspace((unsigned char)head[skip])) {
        return false;
    }
    for (size_t i = skip; i + 2 < len; i++) { /* somewhere a time of day */
        if (isdigit((unsigned char)head[i]) && head[i + 1] == ':' && isdigit((unsigned char)head[i + 2])) {
            return true;
        }
    }
    return false;
}

struct line {
    char head[HEAD_MAX];
    size_t len; /* of head */
    uint64_t begin;
    bool after_blank;
};

static bool is_blank(const struct line *line)
{
    return line->len == 1 || (line->len == 2 && line->head[0] == '\r');
}

/* One byte more. true: the line that ends with it is a postmark. */
static bool feed(struct line *line, char byte, uint64_t offset)
{
    if (line->len < sizeof line->head) {
        line->head[line->len++] = byte;
    }
    if (byte != '\n') {
        return false;
    }
    if (line->after_blank && is_postmark(line->head, line->len)) {
        return true;
    }
    line->after_blank = is_blank(line);
    line->len = 0;
    line->begin = offset + 1;
    return false;
}

/* The first postmark at or behind `from`, where a line begins: its line and what follows it; the file's size
 * without one. */
static int find(struct rms_archive *archive, uint64_t from, bool after_blank, uint64_t places[2])
{
    struct state *state = archive->state;
    struct line line = {.begin = from, .after_blank = after_blank};
    uint64_t at = from;

    while (at < archive->size) {
        size_t len = archive->size - at < BLOCK ? (size_t)(archive->size - at) : BLOCK;

        RMS_TRY(rms_archive_pread(archive, at, state->block, len));
        for (size_t i = 0; i < len; i++) {
            if (feed(&line, (char)state->block[i], at + i)) {
                places[0] = line.begin;
                places[1] = at + i + 1;
                return rms_archive_spend(archive, i + 1);
            }
        }
        RMS_TRY(rms_archive_spend(archive, len));
        at += len;
    }
    places[0] = places[1] = archive->size;
    return 0;
}

static int open_mbox(struct rms_archive *archive)
{
    struct state *state = rms_calloc(1, sizeof *state);
    uint64_t first[2];

    archive->state = state;
    if (state == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(find(archive, 0, true, first));
    return first[0] == 0 && archive->size > 0 ? 0 : RMS_E_NOT_FOUND;
}

static void close_mbox(struct rms_archive *archive)
{
    rms_free(archive->state);
}

static int next_mbox(struct rms_archive *archive, struct rms_archive_member *member_out)
{
    struct state *state = archive->state;
    uint64_t places[2];

    if (state->end >= archive->size) {
        return RMS_E_NOT_FOUND;
    }
    state->line = state->end;
    RMS_TRY(find(archive, state->line, true, places));
    state->begin = state->at = places[1];
    RMS_TRY(find(archive, state->begin, false, places));
    state->end = places[0];
    (void)snprintf(state->name, sizeof state->name, "%zu.eml", state->next + 1);
    *member_out = (struct rms_archive_member){state->next++, state->name, false};
    return 0;
}

static int read_mbox(struct rms_archive *archive, void *data, size_t len, size_t *got_out)
{
    struct state *state = archive->state;
    uint64_t left = state->end - state->at;

    *got_out = len < left ? len : (size_t)left;
    RMS_TRY(rms_archive_pread(archive, state->at, data, *got_out));
    state->at += *got_out;
    return 0;
}

/* --- writing ----------------------------------------------------------------------------------------------
 */

static int copy(struct rms_archive *archive, uint64_t from, uint64_t to, int out)
{
    struct state *state = archive->state;

    while (from < to) {
        size_t len = to - from < BLOCK ? (size_t)(to - from) : BLOCK;

        RMS_TRY(rms_archive_spend(archive, len));
        RMS_TRY(rms_archive_pread(archive, from, state->block, len));
        RMS_TRY(rms_fd_write_all(out, state->block, len));
        from += len;
    }
    return 0;
}

static bool needs_mark(const uint8_t *line, size_t len)
{
    size_t marks = 0;

    while (marks < len && line[marks] == '>') {
        marks++;
    }
    return len - marks >= 5 && memcmp(line + marks, "From ", 5) == 0;
}

/* Says how long the mail was, which is no longer so. */
static bool tells_length(const uint8_t *line, size_t len)
{
    static const char *const fields[] = {"content-length:", "lines:"};

    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (len >= strlen(fields[i]) && strncasecmp((const char *)line, fields[i], strlen(fields[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* A mail as the folder holds it: with its line ends, and a blank line behind. */
static int fold(struct rms_view mail, bool dos, struct rms_buf *out)
{
    const char *end = dos ? "\r\n" : "\n";
    bool header = true;

    for (size_t at = 0; at < mail.len;) {
        const uint8_t *line = mail.data + at;
        const uint8_t *stop = memchr(line, '\n', mail.len - at);
        size_t len = stop != NULL ? (size_t)(stop - line) : mail.len - at;

        at += len + 1;
        len -= len > 0 && line[len - 1] == '\r';
        header = header && len > 0;
        if (header && tells_length(line, len)) {
            continue;
        }
        rms_buf_append_str(out, needs_mark(line, len) ? ">" : "");
        rms_buf_append(out, line, len);
        rms_buf_append_str(out, end);
    }
    rms_buf_append_str(out, end);
    return rms_buf_status(out);
}

static int write_change(struct rms_archive *archive, const struct rms_archive_changes *changes,
    const struct rms_archive_change *change, int out)
{
    struct rms_buf RMS_BUF_CLEANUP mail = RMS_BUF_INIT(RMS_MIME_MAX);
    struct rms_buf RMS_BUF_CLEANUP folded = RMS_BUF_INIT(2u * RMS_MIME_MAX);
    const struct state *state = archive->state;
    uint8_t last[2] = {0};

    RMS_TRY(copy(archive, state->line, state->begin, out));
    RMS_TRY(rms_archive_pread(archive, state->begin - sizeof last, last, sizeof last));
    RMS_TRY(rms_archive_load(changes, change, &mail));
    RMS_TRY(fold(rms_buf_view(&mail), last[0] == '\r', &folded));
    return rms_fd_write_all(out, folded.data, folded.len);
}

/* The ends of the mails, as numbers of 64 bits. */
static int write_mails(
    struct rms_archive *archive, const struct rms_archive_changes *changes, int out, struct rms_buf *ends)
{
    struct state *state = archive->state;
    struct rms_archive_member member;
    int status;

    state->next = 0;
    state->end = 0;
    while ((status = next_mbox(archive, &member)) == 0) {
        const struct rms_archive_change *change = rms_archive_change_of(changes, member.index);
        uint64_t end;

        RMS_TRY(change != NULL ? write_change(archive, changes, change, out)
                               : copy(archive, state->line, state->end, out));
        end = (uint64_t)lseek(out, 0, SEEK_CUR);
        rms_buf_append(ends, &end, sizeof end);
        RMS_TRY(rms_buf_status(ends));
    }
    return status == RMS_E_NOT_FOUND ? 0 : status;
}

/* Read again: the same mails, each where it was put. */
static int check_written(int out, struct rms_archive_budget *budget, struct rms_view ends)
{
    struct state state = {0};
    struct rms_archive written = {
        .fd = out, .size = (uint64_t)lseek(out, 0, SEEK_CUR), .budget = budget, .state = &state};
    struct rms_archive_member member;
    size_t at = 0;
    int status;

    while ((status = next_mbox(&written, &member)) == 0) {
        if (ends.len - at < sizeof state.end || memcmp(ends.data + at, &state.end, sizeof state.end) != 0) {
            return RMS_E_DAMAGED;
        }
        at += sizeof state.end;
    }
    return status == RMS_E_NOT_FOUND ? (at == ends.len ? 0 : RMS_E_DAMAGED) : status;
}

static int rewrite_mbox(struct rms_archive *archive, const struct rms_archive_changes *changes, int out)
{
    struct rms_buf RMS_BUF_CLEANUP ends = RMS_BUF_INIT(ENDS_MAX);
    struct rms_archive_budget budget = *archive->budget; /* for reading it again, as for writing */

    RMS_TRY(write_mails(archive, changes, out, &ends));
    return check_written(out, &budget, rms_buf_view(&ends));
}

const struct rms_archive_ops rms_archive_mbox = {
    open_mbox, next_mbox, read_mbox, rewrite_mbox, close_mbox, .independent = true};
