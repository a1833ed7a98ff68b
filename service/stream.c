#include "service/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "service/settings.h"
#include "service/usage.h"

#define PIECE_ROWS 1000
#define PIECES     20 /* a second: what else jobs does need not wait for long */
#define PIECE_MAX  (64u << 20)
#define ROW_MAX    (1u << 20)
#define NAME_MAX_  (RMS_SETTING_TEXT + 256)

struct target;

/* How rows get there. put: negative codes leave the row for later; take: makes durable what was put since. */
struct kind {
    int (*put)(struct target *target, const struct rms_usage_row *row);
    int (*take)(struct target *target, int64_t seq);
};

struct target {
    const struct kind *kind; /* NULL: off */
    const char *path;
    char name[NAME_MAX_]; /* of the cursor: each node has its own file and journal */
    bool json;
    int64_t max_bytes;
    struct rms_buf buf;
    int socket;
    int64_t seen_at;
    int64_t put; /* number of the last row that was put */
    int failure; /* that the log has told of */
};

struct rms_streams {
    struct target file;
    struct target journal;
};

/* --- rows ------------------------------------------------------------------------------------------------
 */

static const char *tenant_of(const struct rms_usage_row *row)
{
    return row->tenant_id != NULL ? row->tenant_id : RMS_STREAM_NO_TENANT;
}

/* The forms of one tenant's log, and whose row it is: behind all other fields (S-186), or in front. */
static void append_text(struct rms_buf *out, const char *more)
{
    if (out->len > 0 && out->data[out->len - 1] == '\n') {
        out->len--;
    }
    rms_buf_printf(out, "\t%s\n", more);
}

void rms_stream_json_row(struct rms_buf *out, const struct rms_usage_row *row)
{
    RMS_BUF_CLEANUP struct rms_buf one = RMS_BUF_INIT(ROW_MAX);
    rms_usage_json_row(&one, row);
    rms_buf_printf(out, "{\"tenant\":\"%s\",", tenant_of(row));
    rms_buf_append(out, one.data + 1, one.len > 0 ? one.len - 1 : 0);
    out->failed |= one.failed;
}

/* --- a file ----------------------------------------------------------------------------------------------
 */

static int put_line(struct target *target, const struct rms_usage_row *row)
{
    if (target->json) {
        rms_stream_json_row(&target->buf, row);
    } else {
        rms_usage_text_row(&target->buf, row);
        append_text(&target->buf, tenant_of(row));
    }
    return rms_buf_status(&target->buf);
}

/* Under the number of its last row: names sort in the order of writing, and none comes twice. */
static int rotate(const struct target *target, int64_t seq)
{
    char older[RMS_SETTING_TEXT + 32];
    (void)snprintf(older, sizeof older, "%s-%019lld", target->path, (long long)seq);
    return rename(target->path, older) == 0 ? RMS_OK : rms_error_from_errno(errno);
}

static int append_whole(struct target *target, int fd, int64_t size)
{
    RMS_BUF_CLEANUP struct rms_buf head = RMS_BUF_INIT(ROW_MAX);
    if (size == 0 && !target->json) {
        rms_usage_text_head(&head);
        append_text(&head, "tenant");
    }
    int rc = rms_fd_write_all(fd, head.data, head.len);
    rc = rc == RMS_OK ? rms_fd_write_all(fd, target->buf.data, target->buf.len) : rc;
    if (rc == RMS_OK && fdatasync(fd) != 0) {
        rc = rms_error_from_errno(errno);
    }
    if (rc < 0 && ftruncate(fd, size) != 0) { /* no half a line */
        rms_log(RMS_LOG_ERROR, "stream.torn", "path", target->path, NULL);
    }
    return rc;
}

static int take_lines(struct target *target, int64_t seq)
{
    struct stat state;
    int fd = open(target->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0) {
        return rms_error_from_errno(errno);
    }
    int rc = fstat(fd, &state) == 0 && S_ISREG(state.st_mode) ? RMS_OK : RMS_E_BAD_ARGUMENT;
    rc = rc == RMS_OK ? append_whole(target, fd, state.st_size) : rc;
    bool full = rc == RMS_OK && state.st_size + (int64_t)target->buf.len >= target->max_bytes;
    (void)close(fd);
    return full ? rotate(target, seq) : rc;
}

static const struct kind to_file = {put_line, take_lines};

/* --- a journal: systemd's native protocol, one datagram a row --------------------------------------------
 */

/* NAME, length, value: whatever is in the value. */
static void entry(struct rms_buf *out, const char *name, const char *value)
{
    uint64_t len = value != NULL ? strlen(value) : 0;
    if (len == 0) {
        return;
    }
    rms_buf_printf(out, "%s\n", name);
    for (unsigned shift = 0; shift < 64; shift += 8) { /* little-endian */
        rms_buf_append_byte(out, (uint8_t)(len >> shift));
    }
    rms_buf_append_str(out, value);
    rms_buf_append_byte(out, '\n');
}

static void append_entries(struct rms_buf *out, const struct rms_usage_row *row)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(ROW_MAX);
    rms_buf_printf(&text, "%s: %s %s", row->request_type, row->user_id != NULL ? row->user_id : "-",
        row->result != NULL ? row->result : "-");
    entry(out, "MESSAGE", rms_buf_text(&text));
    entry(out, "PRIORITY", "6");
    entry(out, "SYSLOG_IDENTIFIER", "rmsd-usage");
    entry(out, "OPENRMS_TENANT", tenant_of(row));
    entry(out, "OPENRMS_ROW_ID", row->row_id);
    entry(out, "OPENRMS_REQUEST_TYPE", row->request_type);
    entry(out, "OPENRMS_USER", row->user_id);
    entry(out, "OPENRMS_RESULT", row->result);
    entry(out, "OPENRMS_CORRELATION_ID", row->correlation_id);
    entry(out, "OPENRMS_CONTENT_ID", row->content_id);
    rms_buf_reset(&text);
    rms_stream_json_row(&text, row);
    entry(out, "OPENRMS_ROW", rms_buf_text(&text));
}

static int connect_journal(struct target *target)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (target->socket >= 0) {
        return RMS_OK;
    }
    if (strlen(target->path) >= sizeof address.sun_path) {
        return RMS_E_NAME_TOO_LONG;
    }
    memcpy(address.sun_path, target->path, strlen(target->path) + 1);
    target->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (target->socket < 0 || connect(target->socket, (struct sockaddr *)&address, sizeof address) != 0) {
        return rms_error_from_errno(errno);
    }
    return RMS_OK;
}

static void disconnect(struct target *target)
{
    if (target->socket >= 0) {
        (void)close(target->socket);
    }
    target->socket = -1;
}

/* A journal that is slow answers EAGAIN: the rest goes a second later. */
static int send_entries(struct target *target, const struct rms_usage_row *row)
{
    int rc = connect_journal(target);
    rms_buf_reset(&target->buf);
    append_entries(&target->buf, row);
    if (rc == RMS_OK && send(target->socket, target->buf.data, target->buf.len, MSG_NOSIGNAL) < 0) {
        rc = errno == EAGAIN || errno == ENOBUFS ? RMS_E_THROTTLED : RMS_E_UNREACHABLE;
    }
    if (rc < 0 && rc != RMS_E_THROTTLED) {
        disconnect(target);
    }
    return rc;
}

static int take_nothing(struct target *target, int64_t seq)
{
    (void)target;
    (void)seq;
    return RMS_OK;
}

static const struct kind to_journal = {send_entries, take_nothing};

/* --- the way there ---------------------------------------------------------------------------------------
 */

static int put_row(int64_t seq, const struct rms_usage_row *row, void *context)
{
    struct target *target = context;
    RMS_TRY(target->kind->put(target, row));
    target->put = seq;
    return RMS_OK;
}

/* What was put before a failure counts. */
static int run_piece(struct target *target, struct rms_db *db, bool *more_out)
{
    int64_t from = 0;
    RMS_TRY(rms_stream_position(db, target->name, &from));
    target->put = from;
    rms_buf_reset(&target->buf);
    int rc = rms_stream_read(db, from, PIECE_ROWS, put_row, target);
    *more_out = rc == RMS_OK && target->put - from >= PIECE_ROWS;
    if (target->put > from) {
        RMS_TRY(target->kind->take(target, target->put));
        RMS_TRY(rms_stream_move(db, target->name, target->put));
    }
    return rc;
}

static void run(struct target *target, struct rms_db *db)
{
    int64_t now = rms_clock_now();
    bool more = true;
    int rc = RMS_OK;
    if (now - target->seen_at >= RMS_STREAM_SEEN_EVERY_S) {
        rc = rms_stream_seen(db, target->name, now);
        target->seen_at = rc == RMS_OK ? now : target->seen_at;
    }
    for (int i = 0; i < PIECES && more && rc == RMS_OK; i++) {
        more = false;
        rc = run_piece(target, db, &more);
    }
    rc = rc == RMS_E_THROTTLED ? RMS_OK : rc;
    if (rc != target->failure) {
        rms_log(rc < 0 ? RMS_LOG_ERROR : RMS_LOG_INFO, rc < 0 ? "stream.broken" : "stream.recovered",
            "target", target->path, "reason", rms_error_info(rc)->reason, NULL);
    }
    target->failure = rc;
}

void rms_streams_run(struct rms_streams *streams, struct rms_db *db)
{
    if (streams->file.kind != NULL) {
        run(&streams->file, db);
    }
    if (streams->journal.kind != NULL) {
        run(&streams->journal, db);
    }
}

/* --- life ------------------------------------------------------------------------------------------------
 */

static void set_up(struct target *target, const struct kind *kind, const char *path)
{
    char host[256] = "";
    (void)gethostname(host, sizeof host - 1);
    *target = (struct target){
        .kind = path[0] != '\0' ? kind : NULL, .path = path, .buf = RMS_BUF_INIT(PIECE_MAX), .socket = -1};
    (void)snprintf(target->name, sizeof target->name, "%s %s", host, path);
}

int rms_streams_new(const struct rms_settings *settings, struct rms_streams **streams_out)
{
    struct rms_streams *streams = rms_calloc(1, sizeof *streams);
    size_t len = strlen(settings->usage_file);
    if (streams == NULL) {
        return RMS_E_NO_MEMORY;
    }
    set_up(&streams->file, &to_file, settings->usage_file);
    set_up(&streams->journal, &to_journal, settings->usage_journal);
    streams->file.json = len > 6 && strcmp(settings->usage_file + len - 6, ".jsonl") == 0;
    streams->file.max_bytes = settings->usage_file_max_bytes;
    *streams_out = streams;
    return RMS_OK;
}

void rms_streams_free(struct rms_streams **streams)
{
    if (*streams == NULL) {
        return;
    }
    disconnect(&(*streams)->journal);
    rms_buf_fini(&(*streams)->file.buf);
    rms_buf_fini(&(*streams)->journal.buf);
    rms_free(*streams);
    *streams = NULL;
}
