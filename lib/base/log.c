#include "base/log.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "base/time.h"

#define LINE_MAX_BYTES 16384
#define PATH_BYTES     4096

/* Process state: one log. The level is read on every call and so stands outside the lock. */
static struct {
    pthread_mutex_t lock;
    atomic_int level;
    int fd;
    bool plain;
    bool mask;
    char program[32];
    char path[PATH_BYTES];
    size_t size;
    size_t max;
} state = {.lock = PTHREAD_MUTEX_INITIALIZER, .level = RMS_LOG_OFF, .fd = -1};

static const char *const level_names[] = {"off", "error", "info", "debug", "trace"};

static void open_file(void)
{
    struct stat info;

    state.fd = open(state.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    state.size = state.fd >= 0 && fstat(state.fd, &info) == 0 ? (size_t)info.st_size : 0;
}

static void close_locked(void)
{
    if (state.fd >= 0 && state.path[0] != '\0') {
        (void)close(state.fd);
    }
    state.fd = -1;
    state.path[0] = '\0';
}

void rms_log_open(const char *program, enum rms_log_level level, const char *path, size_t max_bytes)
{
    (void)pthread_mutex_lock(&state.lock);
    close_locked();
    (void)snprintf(state.program, sizeof state.program, "%s", program);
    state.max = max_bytes;
    state.mask = false;
    if (path != NULL && strlen(path) < sizeof state.path - 2) {
        memcpy(state.path, path, strlen(path) + 1);
        open_file();
    }
    if (state.fd < 0) {
        state.path[0] = '\0';
        state.fd = STDERR_FILENO;
    }
    state.plain = isatty(state.fd) == 1;
    (void)pthread_mutex_unlock(&state.lock);
    atomic_store(&state.level, (int)level);
}

void rms_log_mask(void)
{
    (void)pthread_mutex_lock(&state.lock);
    state.mask = true;
    (void)pthread_mutex_unlock(&state.lock);
}

void rms_log_close(void)
{
    atomic_store(&state.level, RMS_LOG_OFF);
    (void)pthread_mutex_lock(&state.lock);
    close_locked();
    (void)pthread_mutex_unlock(&state.lock);
}

enum rms_log_level rms_log_level(void)
{
    return (enum rms_log_level)atomic_load_explicit(&state.level, memory_order_relaxed);
}

int rms_log_level_parse(const char *name, enum rms_log_level *level_out)
{
    for (size_t i = 0; i < sizeof level_names / sizeof level_names[0]; i++) {
        if (rms_text_equal_nocase(name, level_names[i])) {
            *level_out = (enum rms_log_level)i;
            return 0;
        }
    }
    return RMS_E_BAD_ARGUMENT;
}

/* 192.0.2.1:443, [2001:db8::1] */
static bool is_network(const char *word, size_t len)
{
    size_t dots = 0;
    size_t colons = 0;

    for (size_t i = 0; i < len; i++) {
        dots += word[i] == '.';
        colons += word[i] == ':';
    }
    return strspn(word, "0123456789abcdefABCDEF.:[]") >= len && (dots == 3 || colons > 1);
}

/* What a word is of, or NULL. Hosts and files look alike, and both are told by a dot and letters behind it:
 * numbers, versions and ids are none. */
static const char *mask_of(const char *word, size_t len)
{
    static const char settings[] = "rms.conf"; /* the same for everybody */
    const char *dot = memrchr(word, '.', len);
    size_t tail = dot != NULL ? len - (size_t)(dot - word) - 1 : 0;

    if (memchr(word, '@', len) != NULL) {
        return "[address]";
    }
    if (memmem(word, len, "://", 3) != NULL || is_network(word, len)) {
        return "[host]";
    }
    if (memchr(word, '/', len) != NULL) {
        return "[file]";
    }
    return tail > 0 && strcspn(dot + 1, "0123456789") > 0 &&
                   !(len == strlen(settings) && memcmp(word, settings, len) == 0)
               ? "[file]"
               : NULL;
}

/* Names of files may hold blanks, so that those fields are masked whole. */
static void append_masked(struct rms_buf *out, const char *name, const char *value)
{
    static const char between[] = " \t\n\"'()<>,;";

    if (strcmp(name, "file") == 0 || strcmp(name, "subject") == 0) {
        rms_buf_append_str(out, "[file]");
        return;
    }
    while (*value != '\0') {
        size_t gap = strspn(value, between);
        size_t len = strcspn(value + gap, between);
        size_t end = len; /* of a sentence, or a clause */
        const char *mask;

        while (end > 0 && strchr(".:?!", value[gap + end - 1]) != NULL) {
            end--;
        }
        mask = mask_of(value + gap, end);
        rms_buf_append(out, value, gap);
        rms_buf_append_str(out, mask != NULL ? mask : "");
        rms_buf_append(out, value + gap + (mask != NULL ? end : 0), len - (mask != NULL ? end : 0));
        value += gap + len;
    }
}

static void append_pair(struct rms_buf *line, const char *name, const char *value)
{
    RMS_BUF_CLEANUP struct rms_buf masked = RMS_BUF_INIT(LINE_MAX_BYTES);

    if (state.plain) {
        rms_buf_printf(line, " %s=", name);
    } else {
        rms_buf_append_byte(line, ',');
        rms_json_quote(line, rms_view_str(name));
        rms_buf_append_byte(line, ':');
    }
    if (state.mask) {
        append_masked(&masked, name, value);
        value = rms_buf_status(&masked) == 0 ? rms_buf_text(&masked) : "";
    }
    rms_json_quote(line, rms_view_str(value));
}

static void append_head(struct rms_buf *line, enum rms_log_level level, const char *event)
{
    char now[RMS_TIME_TEXT];

    rms_time_iso(rms_clock_now(), now);
    if (state.plain) {
        rms_buf_printf(line, "%s %-5s %s", now, level_names[level], event);
        return;
    }
    rms_buf_printf(line, "{\"time\":\"%s\",\"level\":\"%s\",\"program\":", now, level_names[level]);
    rms_json_quote(line, rms_view_str(state.program));
    rms_buf_printf(line, ",\"pid\":%d,\"event\":", (int)getpid());
    rms_json_quote(line, rms_view_str(event));
}

static void append_end(struct rms_buf *line)
{
    rms_buf_append_str(line, state.plain ? "\n" : "}\n");
}

static void rotate(void)
{
    char older[PATH_BYTES + 3];
    char newer[PATH_BYTES + 3];

    for (int i = RMS_LOG_FILES - 1; i > 0; i--) {
        (void)snprintf(older, sizeof older, "%s.%d", state.path, i);
        (void)snprintf(newer, sizeof newer, "%s.%d", state.path, i - 1);
        (void)rename(i > 1 ? newer : state.path, older);
    }
    (void)close(state.fd);
    open_file();
}

/* A line that cannot be written is lost: logging never stops the work. */
static void write_line(const struct rms_buf *line)
{
    if (state.path[0] != '\0' && state.max > 0 && state.size > 0 && state.size + line->len > state.max) {
        rotate();
    }
    if (state.fd >= 0 && rms_fd_write_all(state.fd, line->data, line->len) == 0) {
        state.size += line->len;
    }
}

static void append_fields(struct rms_buf *line, va_list fields)
{
    const char *name;
    const char *value;

    while ((name = va_arg(fields, const char *)) != NULL) {
        value = va_arg(fields, const char *);
        if (value != NULL) {
            append_pair(line, name, value);
        }
    }
}

void rms_log(enum rms_log_level level, const char *event, ...)
{
    RMS_BUF_CLEANUP struct rms_buf line = RMS_BUF_INIT(LINE_MAX_BYTES);
    va_list fields;

    if (level == RMS_LOG_OFF || level > rms_log_level()) {
        return;
    }
    (void)pthread_mutex_lock(&state.lock);
    append_head(&line, level, event);
    va_start(fields, event);
    append_fields(&line, fields);
    va_end(fields);
    append_end(&line);
    if (rms_buf_status(&line) != 0) {
        /* Better a line without its fields than none. */
        rms_buf_reset(&line);
        append_head(&line, level, event);
        append_pair(&line, "truncated", "true");
        append_end(&line);
    }
    if (rms_buf_status(&line) == 0) {
        write_line(&line);
    }
    (void)pthread_mutex_unlock(&state.lock);
}
