#include "service/mark.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"
#include "service/master_process.h"
#include "service/settings.h"
#include "store/admin_log.h"
#include "store/tenant.h"

#define ARENA_MAX (4u << 20)

static const char mark_name[] = "store.mark";

/* Numbers in a line of fixed length, so that writing it anew cannot leave half of it. The third, the time,
 * came later: a line may be without. */
#define LINE       63
#define LINE_SHORT 42

#define CLOCK_BACK_S (15 * 60) /* S-328 */
#define TIME_EVERY_S 60

struct rms_mark {
    pthread_mutex_t lock;
    int fd;
    bool embedded;
    bool looked; /* at least once */
    struct rms_mark_place noted;
    struct rms_mark_place seen;
    int64_t newest; /* time that the service has seen */
    bool told;      /* that the clock is behind it */
    bool accepted;  /* by who started the service so */
    atomic_bool went_back;
};

int rms_mark_make(const struct rms_settings *settings)
{
    char path[PATH_MAX];
    int fd;

    RMS_TRY(rms_settings_path(settings, mark_name, path));
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return rms_error_from_errno(errno);
    }
    (void)close(fd);
    return rms_process_give(settings, path);
}

/* What cannot be read counts for nothing: whoever may write here may write the database too. */
static void read_line(int fd, struct rms_mark_place *noted, int64_t *newest)
{
    char line[LINE + 1] = "";

    *newest = 0;
    if (rms_fd_pread_full(fd, line, LINE, 0) < LINE_SHORT ||
        sscanf(line, "%20" SCNu64 " %20" SCNu64 " %20" SCNd64, &noted->changes, &noted->revocations, newest) <
            2) {
        *noted = (struct rms_mark_place){0};
    }
}

/* Not synced: after a power failure the mark is a little behind, which harms nobody. */
static void write_line(struct rms_mark *mark)
{
    char line[LINE + 1];

    (void)snprintf(line, sizeof line, "%020" PRIu64 " %020" PRIu64 " %020" PRId64 "\n", mark->noted.changes,
        mark->noted.revocations, mark->newest);
    if (pwrite(mark->fd, line, LINE, 0) != LINE) {
        rms_log(RMS_LOG_ERROR, "store.mark.failed", "reason",
            rms_error_info(rms_error_from_errno(errno))->reason, NULL);
    }
}

int rms_mark_open(const struct rms_settings *settings, struct rms_mark **mark_out)
{
    struct rms_mark *mark = rms_calloc(1, sizeof *mark);
    char path[PATH_MAX];
    int status;

    *mark_out = NULL;
    if (mark == NULL) {
        return RMS_E_NO_MEMORY;
    }
    status = rms_settings_path(settings, mark_name, path);
    mark->fd = status == 0 ? open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (mark->fd < 0) {
        status = status < 0 ? status : rms_error_from_errno(errno);
        rms_free(mark);
        return status;
    }
    (void)pthread_mutex_init(&mark->lock, NULL);
    mark->embedded = strncmp(settings->database, "sqlite:", 7) == 0;
    mark->accepted = settings->accept_clock;
    read_line(mark->fd, &mark->noted, &mark->newest);
    *mark_out = mark;
    return 0;
}

void rms_mark_free(struct rms_mark **mark)
{
    if (*mark != NULL) {
        (void)close((*mark)->fd);
        (void)pthread_mutex_destroy(&(*mark)->lock);
        rms_free(*mark);
        *mark = NULL;
    }
}

/* --- what is found ----------------------------------------------------------------------------------- */

static int note_all(struct rms_db *db, struct rms_arena *arena, const char *command, const char *result)
{
    struct rms_tenants tenants;

    RMS_TRY(rms_tenant_list(db, arena, &tenants));
    for (size_t i = 0; i < tenants.count; i++) {
        const struct rms_admin_row row = {.tenant_id = tenants.items[i].id,
            .time = rms_clock_now(),
            .actor = "service",
            .command = command,
            .passed = false,
            .result = result};

        RMS_TRY(rms_admin_log_append(db, &row));
    }
    return 0;
}

/* In every tenant's log. */
static void note(struct rms_db *db, const char *command, const char *text)
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(ARENA_MAX);
    int status = arena != NULL ? note_all(db, arena, command, text) : RMS_E_NO_MEMORY;

    if (status < 0) {
        rms_log(RMS_LOG_ERROR, "admin-log.lost", "reason", rms_error_info(status)->reason, NULL);
    }
}

static void tell(const struct rms_mark *mark, struct rms_db *db)
{
    char text[160];

    (void)snprintf(text, sizeof text,
        "the database is older than it was: changes %" PRIu64 " after %" PRIu64 ", revocations %" PRIu64
        " after %" PRIu64,
        mark->seen.changes, mark->noted.changes, mark->seen.revocations, mark->noted.revocations);
    rms_log(RMS_LOG_ERROR, "store.rolled-back", "text", text, "next",
        "put the right one back, or: rms admin db accept-restore", NULL);
    note(db, "DetectRollback", text);
}

/* --- the clock ---------------------------------------------------------------------------------------- */

static void describe_clock(char *text, size_t size, int64_t now, int64_t newest)
{
    char times[2][RMS_TIME_TEXT];

    rms_time_iso(now, times[0]);
    rms_time_iso(newest, times[1]);
    (void)snprintf(text, size, "the clock says %s, and the service was there at %s", times[0], times[1]);
}

int rms_mark_check_clock(const struct rms_settings *settings)
{
    struct rms_mark_place place;
    char text[160];
    char path[PATH_MAX];
    int64_t newest;
    int64_t now = rms_clock_now();
    int fd;

    RMS_TRY(rms_settings_path(settings, mark_name, path));
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return 0; /* the first start */
    }
    read_line(fd, &place, &newest);
    (void)close(fd);
    if (newest - now <= CLOCK_BACK_S || settings->accept_clock) {
        return 0;
    }
    describe_clock(text, sizeof text, now, newest);
    rms_log(RMS_LOG_ERROR, "clock.back", "text", text, "next",
        "set the clock right; where that earlier time was the wrong one: rmsd --accept-clock", NULL);
    return RMS_E_CONFLICT;
}

/* Under the lock. Is there something to tell? */
static bool follow_clock(struct rms_mark *mark, int64_t now, char *text, size_t size)
{
    bool back = mark->newest - now > CLOCK_BACK_S;
    bool tell_now = back && !mark->told;

    mark->told = back;
    if (tell_now) {
        describe_clock(text, size, now, mark->newest);
    }
    if (now - mark->newest >= TIME_EVERY_S || (back && mark->accepted)) {
        mark->newest = now;
        write_line(mark);
    }
    return tell_now;
}

static void tell_clock(const struct rms_mark *mark, struct rms_db *db, const char *text)
{
    rms_log(RMS_LOG_ERROR, mark->accepted ? "clock.accepted" : "clock.back", "text", text, NULL);
    if (mark->accepted) {
        note(db, "AcceptClock", text);
    }
}

static bool is_behind(const struct rms_mark_place *place, const struct rms_mark_place *noted)
{
    return place->changes < noted->changes || place->revocations < noted->revocations;
}

void rms_mark_follow(struct rms_mark *mark, struct rms_db *db, const struct rms_mark_place *place)
{
    char text[160];
    bool first;
    bool found;
    bool back;

    (void)pthread_mutex_lock(&mark->lock);
    first = !mark->looked;
    mark->looked = true;
    mark->seen = *place;
    found = first && is_behind(place, &mark->noted);
    if (found) {
        atomic_store(&mark->went_back, true);
    } else if (!atomic_load(&mark->went_back) &&
               (place->changes > mark->noted.changes || place->revocations > mark->noted.revocations)) {
        mark->noted = *place;
        write_line(mark);
    }
    back = follow_clock(mark, rms_clock_now(), text, sizeof text);
    (void)pthread_mutex_unlock(&mark->lock);
    if (found) {
        tell(mark, db);
    }
    if (back) {
        tell_clock(mark, db, text);
    }
}

bool rms_mark_went_back(const struct rms_mark *mark)
{
    return mark != NULL && atomic_load_explicit(&mark->went_back, memory_order_relaxed);
}

bool rms_mark_blocks(const struct rms_mark *mark)
{
    return rms_mark_went_back(mark) && mark->embedded;
}

bool rms_mark_accept(struct rms_mark *mark)
{
    bool was;

    (void)pthread_mutex_lock(&mark->lock);
    was = atomic_load(&mark->went_back);
    if (was) {
        mark->noted = mark->seen;
        write_line(mark);
        atomic_store(&mark->went_back, false);
    }
    (void)pthread_mutex_unlock(&mark->lock);
    return was;
}
