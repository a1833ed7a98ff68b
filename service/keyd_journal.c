#include "service/keyd_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/time.h"

#define CONTINUES  "continues"
#define CHAIN_HEX  (2 * RMS_SHA256_BYTES)
#define LINE_LEAST (CHAIN_HEX + 3) /* blank, chain, newline and something before */

struct rms_journal {
    pthread_mutex_t lock;
    int fd;
    struct rms_secret *key;
    uint64_t lines;
    uint8_t chain[RMS_SHA256_BYTES];
};

/* --- one line --------------------------------------------------------------------------------------- */

static void chain_of(const struct rms_view key, const uint8_t previous[RMS_SHA256_BYTES],
    struct rms_view text, uint8_t out[RMS_SHA256_BYTES])
{
    RMS_BUF_CLEANUP struct rms_buf all = RMS_BUF_INIT(RMS_SHA256_BYTES + RMS_JOURNAL_LINE_MAX);

    rms_buf_append(&all, previous, RMS_SHA256_BYTES);
    rms_buf_append_view(&all, text);
    rms_hmac_sha256(key, rms_buf_view(&all), out);
}

static void to_hex(const uint8_t bytes[RMS_SHA256_BYTES], char out[RMS_JOURNAL_CHAIN])
{
    for (size_t i = 0; i < RMS_SHA256_BYTES; i++) {
        (void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    }
}

static int nibble(uint8_t digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* Splits off the chain of a line without its newline. */
static bool split(struct rms_view line, struct rms_view *text_out, uint8_t chain_out[RMS_SHA256_BYTES])
{
    const uint8_t *hex;

    if (line.len < LINE_LEAST - 1 || line.data[line.len - CHAIN_HEX - 1] != ' ') {
        return false;
    }
    hex = line.data + line.len - CHAIN_HEX;
    for (size_t i = 0; i < RMS_SHA256_BYTES; i++) {
        int high = nibble(hex[2 * i]);
        int low = nibble(hex[2 * i + 1]);

        if (high < 0 || low < 0) {
            return false;
        }
        chain_out[i] = (uint8_t)(high << 4 | low);
    }
    *text_out = rms_view_of(line.data, line.len - CHAIN_HEX - 1);
    return true;
}

/* Does the line follow the chain? Then chain moves on to it. */
static bool follows(struct rms_view key, uint8_t chain[RMS_SHA256_BYTES], struct rms_view line)
{
    uint8_t claimed[RMS_SHA256_BYTES];
    uint8_t right[RMS_SHA256_BYTES];
    struct rms_view text;

    if (line.len > RMS_JOURNAL_LINE_MAX || !split(line, &text, claimed)) {
        return false;
    }
    chain_of(key, chain, text, right);
    if (!rms_equal_ct(claimed, right, sizeof right)) {
        return false;
    }
    memcpy(chain, right, sizeof right);
    return true;
}

/* --- reading ---------------------------------------------------------------------------------------- */

/* Walks the whole lines of the file. bytes_out: where the last good one ends. */
static int walk(
    FILE *file, struct rms_view key, struct rms_journal *journal, off_t *bytes_out, bool *torn_out)
{
    char line[RMS_JOURNAL_LINE_MAX + 2];

    *bytes_out = 0;
    *torn_out = false;
    while (fgets(line, sizeof line, file) != NULL) {
        size_t len = strlen(line);

        if (len == 0 || line[len - 1] != '\n') {
            *torn_out = feof(file) != 0;
            return *torn_out ? 0 : RMS_E_DAMAGED;
        }
        if (!follows(key, journal->chain, rms_view_of(line, len - 1))) {
            return RMS_E_DAMAGED;
        }
        journal->lines++;
        *bytes_out += (off_t)len;
    }
    return ferror(file) ? RMS_E_IO : 0;
}

/* The first line of a file that goes on where another ended. The line was verified. */
static void read_continues(FILE *file, char chain_out[RMS_JOURNAL_CHAIN])
{
    char line[RMS_JOURNAL_LINE_MAX + 2];
    json_t RMS_JSON_CLEANUP *json = NULL;
    uint8_t chain[RMS_SHA256_BYTES];
    struct rms_view text;
    const char *event;
    const char *before;

    rewind(file);
    if (fgets(line, sizeof line, file) == NULL ||
        !split(rms_view_of(line, strcspn(line, "\n")), &text, chain) || rms_json_parse(text, &json) != 0) {
        return;
    }
    event = rms_json_str(json, "event");
    before = rms_json_str(json, "chain");
    if (event != NULL && strcmp(event, CONTINUES) == 0 && before != NULL && strlen(before) == CHAIN_HEX) {
        memcpy(chain_out, before, RMS_JOURNAL_CHAIN);
    }
}

int rms_journal_verify(const char *path, struct rms_view key, struct rms_journal_report *report_out)
{
    struct rms_journal state = {.fd = -1};
    FILE *file = fopen(path, "re");
    off_t bytes;
    int status;

    *report_out = (struct rms_journal_report){0};
    if (file == NULL) {
        return rms_error_from_errno(errno);
    }
    status = walk(file, key, &state, &bytes, &report_out->torn);
    if (state.lines > 0) {
        read_continues(file, report_out->continues);
    }
    (void)fclose(file);
    report_out->lines = state.lines;
    to_hex(state.chain, report_out->chain);
    return status;
}

/* --- writing ---------------------------------------------------------------------------------------- */

static int resume(struct rms_journal *journal, const char *path)
{
    FILE *file;
    off_t bytes;
    bool torn;
    int status;

    journal->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (journal->fd < 0) {
        return rms_error_from_errno(errno);
    }
    file = fopen(path, "re");
    if (file == NULL) {
        return rms_error_from_errno(errno);
    }
    status = walk(file, rms_secret_view(journal->key), journal, &bytes, &torn);
    (void)fclose(file);
    RMS_TRY(status);
    if (!torn) {
        return 0;
    }
    if (ftruncate(journal->fd, bytes) != 0) {
        return rms_error_from_errno(errno);
    }
    return rms_journal_note(journal, RMS_JOURNAL_DURABLE, "torn-line-removed", NULL);
}

int rms_journal_open(const char *path, struct rms_view key, struct rms_journal **journal_out)
{
    struct rms_journal *journal = rms_calloc(1, sizeof *journal);
    int status;

    *journal_out = NULL;
    if (journal == NULL) {
        return RMS_E_NO_MEMORY;
    }
    journal->fd = -1;
    (void)pthread_mutex_init(&journal->lock, NULL);
    journal->key = rms_secret_new(RMS_SHA256_BYTES);
    if (journal->key == NULL) {
        rms_journal_free(&journal);
        return RMS_E_NO_MEMORY;
    }
    memcpy(rms_secret_bytes(journal->key), key.data, RMS_SHA256_BYTES);
    status = resume(journal, path);
    if (status != 0) {
        rms_journal_free(&journal);
        return status;
    }
    *journal_out = journal;
    return 0;
}

void rms_journal_free(struct rms_journal **journal)
{
    if (*journal == NULL) {
        return;
    }
    if ((*journal)->fd >= 0) {
        (void)close((*journal)->fd);
    }
    rms_secret_free(&(*journal)->key);
    (void)pthread_mutex_destroy(&(*journal)->lock);
    rms_free(*journal);
    *journal = NULL;
}

static void append_text(struct rms_buf *line, uint64_t number, const char *event, va_list fields)
{
    char now[RMS_TIME_TEXT];
    const char *name;
    const char *value;

    rms_time_iso(rms_clock_now(), now);
    rms_buf_printf(line, "{\"n\":%llu,\"time\":\"%s\",\"event\":", (unsigned long long)number, now);
    rms_json_quote(line, rms_view_str(event));
    while ((name = va_arg(fields, const char *)) != NULL) {
        value = va_arg(fields, const char *);
        if (value != NULL) {
            rms_buf_append_byte(line, ',');
            rms_json_quote(line, rms_view_str(name));
            rms_buf_append_byte(line, ':');
            rms_json_quote(line, rms_view_str(value));
        }
    }
    rms_buf_append_byte(line, '}');
}

/* All of the line or nothing of it. */
static int put(struct rms_journal *journal, struct rms_view line, enum rms_journal_need need)
{
    struct stat before;
    int status;

    if (fstat(journal->fd, &before) != 0) {
        return RMS_E_IO;
    }
    status = rms_fd_write_all(journal->fd, line.data, line.len);
    if (status == 0 && need == RMS_JOURNAL_DURABLE && fdatasync(journal->fd) != 0) {
        status = rms_error_from_errno(errno);
    }
    if (status != 0 && ftruncate(journal->fd, before.st_size) != 0) {
        return RMS_E_IO;
    }
    return status;
}

static int note_locked(
    struct rms_journal *journal, enum rms_journal_need need, const char *event, va_list fields)
{
    RMS_BUF_CLEANUP struct rms_buf line = RMS_BUF_INIT(RMS_JOURNAL_LINE_MAX);
    uint8_t chain[RMS_SHA256_BYTES];
    char hex[RMS_JOURNAL_CHAIN];

    append_text(&line, journal->lines + 1, event, fields);
    RMS_TRY(rms_buf_status(&line));
    chain_of(rms_secret_view(journal->key), journal->chain, rms_buf_view(&line), chain);
    to_hex(chain, hex);
    rms_buf_printf(&line, " %s\n", hex);
    RMS_TRY(rms_buf_status(&line));
    RMS_TRY(put(journal, rms_buf_view(&line), need));
    memcpy(journal->chain, chain, sizeof chain);
    journal->lines++;
    return 0;
}

int rms_journal_note(struct rms_journal *journal, enum rms_journal_need need, const char *event, ...)
{
    va_list fields;
    int status;

    if (journal == NULL) {
        return 0;
    }
    va_start(fields, event);
    (void)pthread_mutex_lock(&journal->lock);
    status = note_locked(journal, need, event, fields);
    (void)pthread_mutex_unlock(&journal->lock);
    va_end(fields);
    return status;
}

void rms_journal_head(struct rms_journal *journal, uint64_t *lines_out, char chain_out[RMS_JOURNAL_CHAIN])
{
    (void)pthread_mutex_lock(&journal->lock);
    *lines_out = journal->lines;
    to_hex(journal->chain, chain_out);
    (void)pthread_mutex_unlock(&journal->lock);
}

uint64_t rms_journal_bytes(struct rms_journal *journal)
{
    struct stat info;

    return journal != NULL && fstat(journal->fd, &info) == 0 ? (uint64_t)info.st_size : 0;
}

/* --- a new file ------------------------------------------------------------------------------------- */

/* The new file with its first line, on the disk before it takes the place of the old one. */
static int begin_next(
    struct rms_journal *old, const char *path, const char *aside, struct rms_journal **next_out)
{
    const char *name = strrchr(aside, '/');
    char chain[RMS_JOURNAL_CHAIN];
    char count[24];
    uint64_t lines;

    if (unlink(path) != 0 && errno != ENOENT) {
        return rms_error_from_errno(errno);
    }
    rms_journal_head(old, &lines, chain);
    (void)snprintf(count, sizeof count, "%llu", (unsigned long long)lines);
    RMS_TRY(rms_journal_open(path, rms_secret_view(old->key), next_out));
    return rms_journal_note(*next_out, RMS_JOURNAL_DURABLE, CONTINUES, "file",
        name != NULL ? name + 1 : aside, "lines", count, "chain", chain, NULL);
}

int rms_journal_rotate(struct rms_journal **journal, const char *path, const char *aside)
{
    struct rms_journal *next = NULL;
    char fresh[PATH_MAX];
    int status = snprintf(fresh, sizeof fresh, "%s.new", path) < (int)sizeof fresh ? 0 : RMS_E_NAME_TOO_LONG;

    RMS_TRY(status);
    status = begin_next(*journal, fresh, aside, &next);
    /* a second name first: at every moment path is one of the two files, and the old one has a name */
    if (status == 0 && (link(path, aside) != 0 || rename(fresh, path) != 0)) {
        status = rms_error_from_errno(errno);
    }
    if (status != 0) {
        rms_journal_free(&next);
        (void)unlink(fresh);
        return status;
    }
    rms_journal_free(journal);
    *journal = next;
    return rms_file_sync_directory(path);
}
