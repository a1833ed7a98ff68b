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

static void append_pair(struct rms_buf *line, const char *name, const char *value)
{
    if (state.plain) {
        rms_buf_printf(line, " %s=", name);
    } else {
        rms_buf_append_byte(line, ',');
        rms_json_quote(line, rms_view_str(name));
        rms_buf_append_byte(line, ':');
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
    char older[PATH_BYTES];

    (void)snprintf(older, sizeof older, "%.*s.1", PATH_BYTES - 3, state.path);
    (void)rename(state.path, older);
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
