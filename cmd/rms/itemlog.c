#include "cmd/rms/itemlog.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/time.h"

#define LOG_READ_MAX (1u << 30)
#define LINE_MAX     (64u << 10)

enum { LOG_ALL, LOG_FAILURE, LOG_DEBUG };

static const char *const suffixes[] = {"", "-failure", "-debug"};

static int open_one(const char *base, const char *suffix, FILE **file_out)
{
    char path[4096];
    int fd;

    if ((size_t)snprintf(path, sizeof path, "%s%s", base, suffix) >= sizeof path) {
        return RMS_E_NAME_TOO_LONG;
    }
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return rms_error_from_errno(errno);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        (void)close(fd);
        return RMS_E_CONFLICT;
    }
    *file_out = ftruncate(fd, 0) == 0 ? fdopen(fd, "a") : NULL;
    if (*file_out == NULL) {
        (void)close(fd);
        return RMS_E_IO;
    }
    return 0;
}

int item_log_open(struct item_log *log, const char *base)
{
    *log = (struct item_log){{NULL}};
    for (size_t i = 0; i < 3; i++) {
        int code = open_one(base, suffixes[i], &log->files[i]);

        if (code < 0) {
            (void)item_log_close(log);
            return code;
        }
    }
    return 0;
}

static void append_escaped(struct rms_buf *line, const char *text)
{
    for (; *text != 0; text++) {
        switch (*text) {
        case '\t':
            rms_buf_append_str(line, "\\t");
            break;
        case '\n':
            rms_buf_append_str(line, "\\n");
            break;
        case '\\':
            rms_buf_append_str(line, "\\\\");
            break;
        default:
            rms_buf_append_byte(line, (uint8_t)*text);
        }
    }
}

void item_log_write(struct item_log *log, const struct item_log_row *row)
{
    struct rms_buf RMS_BUF_CLEANUP line = RMS_BUF_INIT(LINE_MAX);
    bool failed = strcmp(row->action, "Failed") == 0;
    char now[RMS_TIME_TEXT];

    if (log->files[LOG_ALL] == NULL) {
        return;
    }
    rms_time_iso(rms_clock_now(), now);
    rms_buf_printf(&line, "%s\t", now);
    append_escaped(&line, row->path);
    rms_buf_printf(&line, "\t%s\t%s", row->action, row->reason);
    fprintf(log->files[failed ? LOG_FAILURE : LOG_ALL], "%s\n", rms_buf_text(&line));
    rms_buf_append_byte(&line, '\t');
    append_escaped(&line, row->detail != NULL ? row->detail : "");
    fprintf(log->files[LOG_DEBUG], "%s\n", rms_buf_text(&line));
}

int item_log_close(struct item_log *log)
{
    int code = 0;

    for (size_t i = 0; i < 3; i++) {
        if (log->files[i] != NULL && fclose(log->files[i]) != 0) {
            code = RMS_E_IO;
        }
        log->files[i] = NULL;
    }
    return code;
}

/* Undoes append_escaped in place. */
static void unescape(char *text)
{
    char *to = text;

    for (; *text != 0; text++) {
        if (*text == '\\' && text[1] != 0) {
            text++;
            *to++ = *text == 't' ? '\t' : *text == 'n' ? '\n' : *text;
        } else {
            *to++ = *text;
        }
    }
    *to = 0;
}

/* The second field of a line; NULL when it has none. */
static char *file_of(char *line)
{
    char *file = strchr(line, '\t');
    char *end = file != NULL ? strchr(file + 1, '\t') : NULL;

    if (end == NULL || end == file + 1) {
        return NULL;
    }
    *end = 0;
    unescape(file + 1);
    return file + 1;
}

int item_log_read(const char *path, int (*each)(void *user_data, const char *file), void *user_data)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(LOG_READ_MAX);
    char *line;

    RMS_TRY(rms_file_read(path, &text));
    rms_buf_append_byte(&text, 0);
    RMS_TRY(rms_buf_status(&text));
    for (line = (char *)text.data; *line != 0;) {
        size_t len = strcspn(line, "\n");
        char *next = line + len + (line[len] == '\n');
        char *file;

        line[len] = 0;
        file = file_of(line);
        if (file == NULL) {
            return RMS_E_BAD_ARGUMENT;
        }
        RMS_TRY(each(user_data, file));
        line = next;
    }
    return 0;
}
