#include "service/jobs_directory.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "directory/ldap_read.h"
#include "service/settings.h"

#define LOOK_EVERY_MS 500
#define ARENA_MAX     (64u * 1024 * 1024)
#define RETRY_S       10 /* after a failure, unless somebody asks */

struct rms_directories {
    const struct rms_settings *settings;
    struct rms_db *db;
    pthread_t thread;
    atomic_bool stop;
    char credentials[PATH_MAX];
    char holder[RMS_GUID_TEXT]; /* of leases */
};

/* --- what came of it ----------------------------------------------------------------------------------- */

static json_t *problems_json(const struct rms_sync_report *report)
{
    json_t *list = json_array();

    for (size_t i = 0; i < report->problem_count; i++) {
        (void)json_array_append_new(list,
            json_pack("{s:s, s:s}", "Dn", report->problems[i].dn, "Reason", report->problems[i].reason));
    }
    return list;
}

static const char *mode_name(enum rms_source_mode mode)
{
    static const char *const names[] = {[RMS_SOURCE_TEST] = "test",
        [RMS_SOURCE_CHANGES] = "changes",
        [RMS_SOURCE_ALL] = "all",
        [RMS_SOURCE_FORCE] = "all"};

    return names[mode];
}

static const char *result_of(const struct rms_ldap_outcome *outcome)
{
    return outcome->code == 0 ? "success" : rms_error_info(outcome->code)->reason;
}

struct telling {
    const struct rms_source *source;
    const struct rms_ldap_outcome *outcome;
    enum rms_source_mode mode;
    int64_t now;
};

/* In the arena; NULL without memory. */
static const char *report_text(struct rms_arena *arena, const struct telling *t)
{
    RMS_BUF_CLEANUP struct rms_buf text = RMS_BUF_INIT(1024u * 1024);
    const struct rms_sync_report *r = &t->outcome->report;
    RMS_JSON_CLEANUP json_t *json =
        json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "Mode",
            mode_name(t->mode), "Outcome", result_of(t->outcome), "Detail", t->outcome->why, "Time",
            (json_int_t)t->now, "People", (json_int_t)r->people, "Groups", (json_int_t)r->groups, "Members",
            (json_int_t)r->members, "Added", (json_int_t)r->added, "Changed", (json_int_t)r->changed,
            "Vanished", (json_int_t)r->vanished, "Skipped", (json_int_t)r->skipped, "Unresolved",
            (json_int_t)r->unresolved, "Problems", problems_json(r));

    if (json == NULL || rms_json_emit(json, &text) < 0) {
        return NULL;
    }
    return rms_arena_text(arena, rms_buf_view(&text));
}

static void log_outcome(const struct telling *t)
{
    const struct rms_sync_report *r = &t->outcome->report;
    char counts[5][24];
    const size_t numbers[] = {r->people, r->groups, r->added + r->changed, r->vanished, r->skipped};

    for (size_t i = 0; i < 5; i++) {
        (void)snprintf(counts[i], sizeof counts[i], "%zu", numbers[i]);
    }
    rms_log(t->outcome->code == 0 ? RMS_LOG_INFO : RMS_LOG_ERROR,
        t->outcome->code == 0 ? "directory.read" : "directory.failed", "directory", t->source->name, "tenant",
        t->source->tenant_id, "mode", mode_name(t->mode), "outcome", result_of(t->outcome), "detail",
        t->outcome->why[0] != '\0' ? t->outcome->why : NULL, "people", counts[0], "groups", counts[1],
        "written", counts[2], "vanished", counts[3], "skipped", counts[4], NULL);
    for (size_t i = 0; i < r->problem_count; i++) {
        rms_log(RMS_LOG_INFO, "directory.skipped", "directory", t->source->name, "dn", r->problems[i].dn,
            "reason", r->problems[i].reason, NULL);
    }
}

/* --- one reading --------------------------------------------------------------------------------------- */

/* Idle looks are told neither to the log nor to the report: there are thousands a day. */
static bool worth_telling(const struct telling *t)
{
    const struct rms_sync_report *r = &t->outcome->report;

    return t->outcome->code < 0 || t->mode != RMS_SOURCE_CHANGES || r->added + r->changed > 0 ||
           r->membership;
}

static int finish(struct rms_directories *d, struct rms_arena *arena, const struct telling *t)
{
    const struct rms_source *s = t->source;
    const struct rms_ldap_outcome *o = t->outcome;
    bool all = o->code == 0 && t->mode >= RMS_SOURCE_ALL;
    bool looked = o->code == 0 && t->mode >= RMS_SOURCE_CHANGES;
    struct rms_ldap_settings settings;
    struct rms_source_result result = {.source_id = s->id,
        .served = s->wanted,
        .read_at = all ? t->now : s->read_at,
        .looked_at = looked ? t->now : s->looked_at,
        .valid_until = s->valid_until,
        .tried_at = t->mode == RMS_SOURCE_TEST ? s->tried_at : t->now,
        .changed_since = o->code == 0 ? o->changed_since : NULL,
        .report = worth_telling(t) ? report_text(arena, t) : NULL};

    if (looked && rms_ldap_settings_parse(arena, s->settings, &settings) == 0) {
        result.valid_until = t->now + settings.max_age_s;
    }
    /* Caches of membership may be hours old (S-045): whoever was added or removed counts now (B-06). */
    if (o->report.membership || (looked && s->stale)) {
        RMS_TRY(rms_changes_refresh(d->db));
    }
    return rms_source_done(d->db, &result);
}

/* As if it had not been begun. */
static void give_back(struct rms_directories *d, const struct rms_source *s)
{
    const struct rms_source_result result = {.source_id = s->id,
        .served = s->served,
        .read_at = s->read_at,
        .looked_at = s->looked_at,
        .valid_until = s->valid_until,
        .tried_at = s->tried_at};

    if (rms_source_done(d->db, &result) < 0) {
        rms_log(RMS_LOG_ERROR, "directory.report-lost", "directory", s->name, NULL);
    }
}

static void read_one(struct rms_directories *d, const struct rms_source *source, enum rms_source_mode mode)
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(ARENA_MAX);
    int64_t now = rms_clock_now();
    const struct rms_source_lease lease = {source->id, d->holder, now, now + RMS_SYNC_LEASE_S};
    struct rms_ldap_settings settings;
    struct rms_ldap_outcome outcome = {0};
    struct rms_ldap_reading reading = {.db = d->db,
        .source = source,
        .settings = &settings,
        .options = {mode, d->holder, now},
        .credentials = d->credentials,
        .ca_file = d->settings->ca_file,
        .stop = &d->stop};
    const struct telling telling = {source, &outcome,
        mode == RMS_SOURCE_CHANGES && source->changed_since == NULL ? RMS_SOURCE_ALL : mode, now};

    if (arena == NULL || rms_source_lease(d->db, &lease) < 0) {
        return; /* another node reads it */
    }
    outcome.code = rms_ldap_settings_parse(arena, source->settings, &settings);
    if (outcome.code == 0) {
        rms_ldap_read(arena, &reading, &outcome);
    }
    if (outcome.code == RMS_E_CANCELLED) {
        give_back(d, source);
        return;
    }
    if (worth_telling(&telling)) {
        log_outcome(&telling);
    }
    if (finish(d, arena, &telling) < 0) {
        rms_log(RMS_LOG_ERROR, "directory.report-lost", "directory", source->name, NULL);
    }
}

/* --- when ---------------------------------------------------------------------------------------------- */

static bool is_due(int64_t last, int64_t every, int64_t now)
{
    return now - last >= every || now < last;
}

/* True, and how: somebody asked; the time between two whole readings is over; or it is time for a look. */
static bool is_wanted(
    struct rms_arena *arena, const struct rms_source *s, int64_t now, enum rms_source_mode *mode_out)
{
    struct rms_ldap_settings settings;
    bool failing = s->tried_at > s->looked_at;

    if (s->wanted > s->served) {
        *mode_out = s->wanted_mode;
        return true;
    }
    if (rms_ldap_settings_parse(arena, s->settings, &settings) < 0 ||
        (failing && !is_due(s->tried_at, RETRY_S, now))) {
        return false;
    }
    *mode_out = is_due(s->read_at, settings.interval_s, now) ? RMS_SOURCE_ALL : RMS_SOURCE_CHANGES;
    return *mode_out == RMS_SOURCE_ALL || (settings.look_s > 0 && is_due(s->looked_at, settings.look_s, now));
}

static void expire(struct rms_directories *d)
{
    int count = 0;
    int status = rms_source_expire(d->db, rms_clock_now(), &count);

    if (status < 0 || count > 0) {
        rms_log(RMS_LOG_ERROR, "directory.membership-expired", "outcome",
            status < 0 ? rms_error_info(status)->reason : NULL, "why",
            "no reading succeeded for as long as membership may count", NULL);
    }
}

static void look(struct rms_directories *d)
{
    RMS_ARENA_CLEANUP struct rms_arena *arena = rms_arena_new(ARENA_MAX);
    struct rms_sources sources = {0};

    if (arena == NULL || rms_source_list(d->db, arena, NULL, &sources) < 0 || sources.count == 0) {
        return;
    }
    expire(d);
    for (size_t i = 0; i < sources.count && !atomic_load(&d->stop); i++) {
        enum rms_source_mode mode;

        if (is_wanted(arena, &sources.items[i], rms_clock_now(), &mode)) {
            read_one(d, &sources.items[i], mode);
        }
    }
}

static void *run(void *argument)
{
    struct rms_directories *d = argument;
    const struct timespec pause = {0, LOOK_EVERY_MS * 1000000L};

    while (!atomic_load(&d->stop)) {
        look(d);
        (void)nanosleep(&pause, NULL);
    }
    return NULL;
}

/* --- start and end ------------------------------------------------------------------------------------- */

/* Kerberos has one configuration in a process: that of the machine, unless there is one among the
 * credentials. */
static int prepare(struct rms_directories *d)
{
    char krb5[PATH_MAX + 16];

    RMS_TRY(rms_settings_path(d->settings, "credentials", d->credentials));
    (void)snprintf(krb5, sizeof krb5, "%s/krb5.conf", d->credentials);
    if (access(krb5, R_OK) == 0 && setenv("KRB5_CONFIG", krb5, 1) != 0) {
        return RMS_E_NO_MEMORY;
    }
    return rms_ldap_start();
}

static int begin(struct rms_directories *d, struct rms_store *store)
{
    RMS_TRY(prepare(d));
    RMS_TRY(rms_db_open(store, &d->db));
    rms_guid_new(d->holder);
    return rms_error_from_errno(pthread_create(&d->thread, NULL, run, d));
}

int rms_directories_start(
    const struct rms_settings *settings, struct rms_store *store, struct rms_directories **directories_out)
{
    struct rms_directories *d = rms_calloc(1, sizeof *d);
    int status;

    *directories_out = NULL;
    if (d == NULL) {
        return RMS_E_NO_MEMORY;
    }
    d->settings = settings;
    atomic_init(&d->stop, false);
    status = begin(d, store);
    if (status < 0) {
        rms_db_close(&d->db);
        rms_free(d);
        return status;
    }
    *directories_out = d;
    return 0;
}

void rms_directories_stop(struct rms_directories **directories)
{
    if (*directories == NULL) {
        return;
    }
    atomic_store(&(*directories)->stop, true);
    (void)pthread_join((*directories)->thread, NULL);
    rms_db_close(&(*directories)->db);
    rms_free(*directories);
    *directories = NULL;
}
