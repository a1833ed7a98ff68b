#include "service/front.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/signalfd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"
#include "crypto/pki.h"
#include "directory/directory.h"
#include "directory/ldap.h"
#include "service/front_handle.h"
#include "service/keyclient.h"
#include "service/licence.h"
#include "service/hand_over.h"
#include "service/meter.h"
#include "service/revocation.h"
#include "service/rotation.h"
#include "service/sandbox.h"
#include "service/settings.h"
#include "service/signin.h"
#include "service/store_wait.h"
#include "service/tenant.h"
#include "service/tenant_make.h"
#include "service/signed_cache.h"
#include "service/token.h"
#include "service/usage.h"
#include "service/lookout.h"
#include "service/mark.h"

#define ARENA_MAX          (256u * 1024 * 1024)
#define QUEUE              4096
#define CONNECTIONS        4000
#define CONNECTIONS_PER_IP 1000 /* a proxy in front is one address */
#define ADMIN_CONNECTIONS  64
#define IDLE_S             60
#define REQUEST_S          60
#define ADMIN_IDLE_S       120
#define PEM_MAX            65536

/* Everything of the process; front is what handlers see of it. */
struct process {
    struct rms_front front;
    struct rms_http *https;
    struct rms_http *admin;
    struct rms_rotation *rotation;
    struct rms_http *management;
    struct rms_buf certificate;
    struct rms_buf key;
    char host[RMS_SETTING_TEXT];
};

bool rms_front_unlogged(const struct rms_front *front)
{
    return strcmp(front->settings->unlogged_service, "yes") == 0;
}

/* --- workers ---------------------------------------------------------------------------------------------
 */

static void worker_fini(void *context, void *state)
{
    struct rms_worker *worker = state;
    (void)context;
    if (worker != NULL) {
        rms_keyclient_free(&worker->keys);
        rms_db_close(&worker->db);
        rms_arena_free(&worker->arena);
        rms_free(worker);
    }
}

static void *worker_init(void *context, size_t index)
{
    struct rms_front *front = context;
    struct rms_worker *worker = rms_calloc(1, sizeof *worker);
    if (worker == NULL) {
        return NULL;
    }
    worker->front = front;
    worker->index = index;
    worker->arena = rms_arena_new(ARENA_MAX);
    int rc = worker->arena != NULL ? rms_db_open(front->store, &worker->db) : RMS_E_NO_MEMORY;
    if (rc == RMS_OK) {
        rc = rms_keyclient_new(front->keylink, worker, &worker->keys);
    }
    if (rc < 0) {
        rms_log(RMS_LOG_ERROR, "front.worker-failed", "reason", rms_error_info(rc)->reason, NULL);
        worker_fini(context, worker);
        return NULL;
    }
    return worker;
}

static void work(void *state, void *argument)
{
    struct rms_worker *worker = state;
    struct rms_exchange *exchange = argument;
    if (worker != NULL) {
        rms_front_work(worker, exchange);
    } else {
        exchange->reply.status = 503; /* the thread could not be set up; the log says why */
    }
    rms_http_finish(exchange);
}

/* --- start ------------------------------------------------------------------------------------------------
 */

/* Beside an SQLite database, where the sandbox lets us write. */
static int start_usage(struct rms_front *front)
{
    const char *database = front->settings->database;
    char path[PATH_MAX];
    if (strncmp(database, "sqlite:", 7) == 0) {
        int len = snprintf(path, sizeof path, "%s-usage", database + 7);
        if (len < 0 || (size_t)len >= sizeof path) {
            return RMS_E_NAME_TOO_LONG;
        }
    } else {
        RMS_TRY(rms_settings_path(front->settings, "db/usage.spool", path));
    }
    return rms_usage_new(front->store, path, front->keylink, &front->usage);
}

/* A backup was put back under our feet, or a standby promoted that lacked commits: what is in memory is of
 * another history. The master starts a front that knows nothing. */
static int went_back(uint64_t from, uint64_t to)
{
    char texts[2][24];
    (void)snprintf(texts[0], sizeof texts[0], "%llu", (unsigned long long)from);
    (void)snprintf(texts[1], sizeof texts[1], "%llu", (unsigned long long)to);
    rms_log(RMS_LOG_ERROR, "store.went-back", "from", texts[0], "to", texts[1], NULL);
    (void)kill(getpid(), SIGTERM);
    return RMS_E_DAMAGED;
}

/* Everything in memory that other processes may change. */
static int look(void *context, struct rms_db *db)
{
    struct rms_front *front = context;
    struct rms_changes changes;
    uint64_t before = front->changes_seen;
    RMS_TRY(rms_changes_watch(db, &changes));
    if (changes.changes < before) {
        return went_back(before, changes.changes);
    }
    front->changes_seen = changes.changes;
    RMS_TRY(rms_tenancy_poll(front->tenancy, db));
    RMS_TRY(rms_revocations_follow(front->revocations, db));
    RMS_TRY(rms_hand_overs_follow(front->hand_overs, db));
    const struct rms_mark_place place = {changes.changes, rms_revocations_newest(front->revocations)};
    rms_mark_follow(front->mark, db, &place);
    return RMS_OK;
}

static int start_lookout(struct rms_front *front)
{
    const struct rms_lookout_options options = {
        .store = front->store,
        .look = look,
        .context = front,
        .grace_s = front->settings->database_grace_s,
    };
    return rms_lookout_new(&options, &front->lookout);
}

static int start_state(struct process *p)
{
    struct rms_front *front = &p->front;
    json_object_seed(0); /* before there are threads */
    RMS_TRY(rms_meter_new(&front->meter));
    RMS_TRY(rms_directory_new(front->store, 0, &front->directory));
    RMS_TRY(rms_tenancy_new(front, &front->tenancy));
    RMS_TRY(rms_revocations_new(&front->revocations));
    RMS_TRY(rms_hand_overs_new(&front->hand_overs));
    RMS_TRY(rms_mark_open(front->settings, &front->mark));
    RMS_TRY(start_lookout(front));
    RMS_TRY(rms_licences_new(RMS_LICENCES_MAX_BYTES, &front->licences));
    RMS_TRY(rms_signed_cache_new(&front->signed_cache));
    RMS_TRY(rms_tokens_new(front, &front->tokens));
    return rms_signin_new(front, &front->signin);
}

static int start_workers(struct process *p)
{
    struct rms_pool_options options = {
        .name = "front-work",
        .threads = (size_t)p->front.settings->workers,
        .capacity = QUEUE,
        .thread_init = worker_init,
        .thread_fini = worker_fini,
        .job = work,
        .context = &p->front,
    };
    return rms_pool_new(&options, &p->front.pool);
}

static int start_http(struct process *p, const struct rms_front_sockets *sockets)
{
    struct rms_http_options options = {
        .listen = sockets->https,
        .cert_pem = rms_buf_text(&p->certificate),
        .key_pem = rms_buf_text(&p->key),
        .pollers = (unsigned)p->front.settings->pollers,
        .connections_max = CONNECTIONS,
        .connections_per_ip = CONNECTIONS_PER_IP,
        .idle_s = IDLE_S,
        .request_s = REQUEST_S,
        .pool = p->front.pool,
        .calls = {&p->front, rms_front_begin, rms_front_refuse},
    };
    RMS_TRY(rms_http_new(&options, &p->https));
    options.pollers = 1;
    options.connections_max = ADMIN_CONNECTIONS;
    options.idle_s = options.request_s = ADMIN_IDLE_S;
    if (sockets->management >= 0) {
        options.listen = sockets->management;
        options.management = true;
        RMS_TRY(rms_http_new(&options, &p->management));
    }
    if (sockets->admin < 0) {
        return RMS_OK;
    }
    options.listen = sockets->admin;
    options.management = false;
    options.admin = true;
    return rms_http_new(&options, &p->admin);
}

static int64_t ends_at(const struct rms_buf *certificate)
{
    static const char *const none[] = {NULL};
    const struct rms_view no_key = {NULL, 0};
    struct rms_pki_state state;
    return rms_pki_inspect(rms_buf_view(certificate), no_key, none, &state) == RMS_OK ? state.valid_until
                                                                                      : RMS_TIME_NONE;
}

/* For health: whoever asks there need not go through TLS. */
static int note_ends(struct process *p)
{
    RMS_BUF_CLEANUP struct rms_buf authority = RMS_BUF_INIT(PEM_MAX);
    const struct rms_settings *settings = p->front.settings;
    char path[PATH_MAX];
    p->front.certificate_until = ends_at(&p->certificate);
    p->front.authority_until = RMS_TIME_NONE;
    if (rms_settings_self_made(settings)) {
        RMS_TRY(rms_settings_path(settings, "ca.pem", path));
        if (rms_file_read(path, &authority) == RMS_OK) {
            p->front.authority_until = ends_at(&authority);
        }
    }
    return RMS_OK;
}

static int start(struct process *p, const struct rms_front_sockets *sockets)
{
    const struct rms_settings *settings = p->front.settings;
    RMS_TRY(rms_settings_host(settings, p->host, sizeof p->host));
    p->front.host = p->host;
    p->front.base_url = settings->url;
    p->front.started_at = rms_clock_now();
    RMS_TRY(rms_file_read(settings->tls_certificate, &p->certificate));
    RMS_TRY(rms_file_read(settings->tls_key, &p->key));
    RMS_TRY(note_ends(p));
    RMS_TRY(start_state(p));
    RMS_TRY(rms_keylink_new(sockets->control, rms_tenant_fetch_key, &p->front.keylink));
    RMS_TRY(start_usage(&p->front));
    RMS_TRY(start_workers(p));
    RMS_TRY(rms_rotation_new(&p->front, &p->rotation));
    RMS_TRY(start_http(p, sockets));
    return rms_sandbox_calls_server(); /* now that all threads run */
}

/* --- end --------------------------------------------------------------------------------------------------
 */

/* In the order of dependence: no new requests, those in flight to their end, then what they used. */
static void stop(struct process *p)
{
    struct rms_front *front = &p->front;
    struct rms_http *const servers[] = {p->https, p->admin, p->management};
    const size_t count = sizeof servers / sizeof servers[0];
    int64_t until = rms_clock_monotonic_ms() + (int64_t)front->settings->drain_s * 1000;
    for (size_t i = 0; i < count; i++) {
        if (servers[i] != NULL) {
            rms_http_close(servers[i]);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (servers[i] != NULL) {
            rms_http_drain(servers[i], until);
        }
    }
    rms_http_free(&p->https);
    rms_http_free(&p->admin);
    rms_http_free(&p->management);
    rms_pool_free(&front->pool);
    rms_rotation_free(&p->rotation);
    rms_usage_free(&front->usage);
    rms_lookout_free(&front->lookout);
    rms_mark_free(&front->mark);
    rms_signin_free(&front->signin);
    rms_tokens_free(&front->tokens);
    rms_signed_cache_free(&front->signed_cache);
    rms_licences_free(&front->licences);
    rms_hand_overs_free(&front->hand_overs);
    rms_revocations_free(&front->revocations);
    rms_tenancy_free(&front->tenancy);
    rms_directory_free(&front->directory);
    rms_keylink_free(&front->keylink);
    rms_store_free(&front->store);
    rms_meter_free(&front->meter);
    rms_buf_fini(&p->certificate);
    rms_buf_fini(&p->key);
}

/* Until SIGTERM or SIGINT. */
static void wait_for_end(struct process *p, int signals)
{
    struct pollfd fd = {.fd = signals, .events = POLLIN};
    while (poll(&fd, 1, RMS_LOOKOUT_EVERY_MS) <= 0) {
        rms_lookout_tick(p->front.lookout);
    }
}

/* Blocked before there are threads, so that they all inherit it; the keylink raises SIGTERM when the master
 * is gone. */
static int take_signals(void)
{
    sigset_t ends;
    (void)sigemptyset(&ends);
    (void)sigaddset(&ends, SIGTERM);
    (void)sigaddset(&ends, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &ends, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
}

int rms_front_run(const struct rms_settings *settings, const struct rms_front_sockets *sockets)
{
    struct process p = {
        .front = {.settings = settings},
        .certificate = RMS_BUF_INIT(PEM_MAX),
        .key = RMS_BUF_INIT(PEM_MAX),
    };
    int signals = take_signals();
    if (signals < 0) {
        return RMS_E_IO;
    }
    rms_mem_tune_for_service();
    int rc = rms_ldap_start();
    if (rc == RMS_OK) {
        rc = rms_store_wait(settings->database, signals, &p.front.store);
    }
    if (rc == RMS_OK) {
        rc = start(&p, sockets);
    }
    if (rc == RMS_E_CANCELLED) {
        rc = RMS_OK; /* told to end before there was a database */
    } else if (rc == RMS_OK) {
        rms_keylink_ready(p.front.keylink);
        rms_log(RMS_LOG_INFO, "front.started", "url", settings->url, NULL);
        wait_for_end(&p, signals);
        rms_log(RMS_LOG_INFO, "front.ending", NULL);
    } else {
        rms_log(RMS_LOG_ERROR, "front.failed", "reason", rms_error_info(rc)->reason, NULL);
    }
    stop(&p);
    (void)close(sockets->https);
    if (sockets->admin >= 0) {
        (void)close(sockets->admin);
    }
    if (sockets->management >= 0) {
        (void)close(sockets->management);
    }
    (void)close(signals);
    return rc;
}
