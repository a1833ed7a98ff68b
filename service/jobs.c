#include "service/jobs.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "service/jobs_directory.h"
#include "service/mailer.h"
#include "service/message.h"
#include "service/sandbox.h"
#include "service/settings.h"
#include "service/store_wait.h"
#include "service/stream.h"
#include "service/stream_s3.h"
#include "store/admin_log.h"
#include "store/mail.h"
#include "store/notify.h"
#include "store/oauth.h"
#include "store/proof.h"
#include "store/recovery.h"
#include "store/store.h"

/* Also with a test clock that jumps, rows go soon after their time. */
#define LOOK_EVERY_MS 1000

/* Codes and tokens that have expired are still known for a while: whoever comes late with one hears that, and
 * not that nobody knows it. */
#define KEEP_EXPIRED_S 3600

/* Pieces of the usage log that are looked through for notices: small, so that nothing else waits for long. */
#define SCAN_ROWS  5000
#define SCAN_TIMES 20

#define RECOVERIES_ARENA (16u << 20)

static void complain(const char *event, int status)
{
    if (status != 0) {
        rms_log(RMS_LOG_ERROR, event, "reason", rms_error_info(status)->reason, NULL);
    }
}

static void sweep(struct rms_db *db)
{
    complain("jobs.sweep.failed", rms_oauth_sweep(db, rms_clock_now() - KEEP_EXPIRED_S));
    complain("jobs.sweep.failed", rms_mail_sweep(db, rms_clock_now() - RMS_DAY_S));
    complain("jobs.sweep.failed", rms_proof_sweep(db, rms_clock_now() - 2 * RMS_DAY_S));
}

static void scan(struct rms_db *db)
{
    bool more = true;
    int status = 0;

    for (int i = 0; i < SCAN_TIMES && more && status == 0; i++) {
        status = rms_notify_scan(db, rms_clock_now(), SCAN_ROWS, &more);
    }
    complain("jobs.scan.failed", status);
}

/* B-13: the hours of what was approved are over; nobody was let in since, and the log says when it ended. */
static void end_recoveries(struct rms_db *db)
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(RECOVERIES_ARENA);
    int64_t now = rms_clock_now();
    struct rms_recoveries due = {0};
    int status = arena != NULL ? rms_recovery_due(db, arena, now, &due) : RMS_E_NO_MEMORY;

    for (size_t i = 0; i < due.count && status == 0; i++) {
        const struct rms_recovery *r = &due.items[i];
        const struct rms_recovery_step step = {
            RMS_RECOVERY_APPROVED, RMS_RECOVERY_ENDED, r->decided_by, now, r->ends_at};
        const struct rms_admin_row row = {.tenant_id = r->tenant_id,
            .time = now,
            .actor = "rmsd",
            .command = rms_arena_printf(arena, "EndRecovery %s", r->id),
            .passed = true,
            .result = "its hours are over"};

        status = rms_recovery_change(db, r->tenant_id, r->id, &step);
        if (status == 0) {
            status = rms_admin_log_append(db, &row);
        }
        status = status == RMS_E_CONFLICT ? 0 : status; /* another node did it */
    }
    complain("jobs.recovery.failed", status);
}

/* A new log file, or the end. */
static int take_message(int control)
{
    struct rms_control_message message;

    RMS_TRY(rms_control_receive(control, &message));
    for (size_t i = 0; i < message.count; i++) {
        if (message.kind == RMS_CONTROL_LOG) {
            (void)dup2(message.fds[i], STDERR_FILENO);
        }
        (void)close(message.fds[i]);
    }
    return 0;
}

/* What runs every second. */
struct tasks {
    const struct rms_settings *settings;
    struct rms_db *db;
    struct rms_streams *streams;
};

static void work(const struct tasks *tasks, int control, int signals)
{
    const struct rms_settings *settings = tasks->settings;
    struct rms_db *db = tasks->db;
    struct pollfd events[] = {{.fd = control, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
    int64_t swept = rms_clock_now() - settings->purge_interval_s;
    int status = 0;

    while (status == 0 && events[1].revents == 0) {
        int64_t now = rms_clock_now();

        if (now - swept >= settings->purge_interval_s || now < swept) {
            sweep(db);
            swept = now;
        }
        if (settings->mail[0] != '\0') {
            scan(db);
        }
        end_recoveries(db);
        rms_streams_run(tasks->streams, db);
        if (poll(events, 2, LOOK_EVERY_MS) > 0 && events[0].revents != 0) {
            status = take_message(control);
        }
    }
}

static int open_signals(void)
{
    sigset_t wanted;

    (void)sigemptyset(&wanted);
    (void)sigaddset(&wanted, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &wanted, NULL);
    return signalfd(-1, &wanted, SFD_CLOEXEC);
}

int rms_jobs_main(const struct rms_settings *settings, int control)
{
    struct rms_store *store = NULL;
    struct rms_db *db = NULL;
    struct rms_mailer *mailer = NULL;
    struct rms_directories *directories = NULL;
    struct rms_streams *streams = NULL;
    struct rms_stream_s3 *objects = NULL;
    int signals = open_signals();
    int status = signals >= 0 ? rms_store_wait(settings->database, signals, &store) : RMS_E_IO;

    if (status == 0) {
        status = rms_db_open(store, &db);
    }
    if (status == 0) {
        status = rms_directories_start(settings, store, &directories);
    }
    if (status == 0 && settings->mail[0] != '\0') {
        status = rms_mailer_start(settings, store, &mailer);
    }
    if (status == 0) {
        status = rms_streams_new(settings, &streams);
    }
    if (status == 0) {
        status = rms_stream_s3_start(settings, store, &objects);
    }
    if (status == 0) {
        status = rms_sandbox_calls_server();
    }
    if (status == 0) {
        status = rms_control_send(control, RMS_CONTROL_READY, NULL, 0);
    }
    if (status == 0) {
        rms_log(RMS_LOG_INFO, "jobs.started", NULL);
        work(&(struct tasks){settings, db, streams}, control, signals);
    }
    rms_stream_s3_stop(&objects);
    rms_streams_free(&streams);
    rms_mailer_stop(&mailer);
    rms_directories_stop(&directories);
    rms_db_close(&db);
    rms_store_free(&store);
    return status == RMS_E_CANCELLED ? 0 : status;
}
