#include "service/rotation.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "service/admin.h"
#include "service/rest_error.h"
#include "service/retention.h"
#include "service/route.h"
#include "service/tenant.h"
#include "service/tenant_key.h"
#include "service/usage.h"

#define LOOK_EVERY_S 5   /* also with a test clock that jumps, soon after the time */
#define PAUSE_S      600 /* after a failure: the log shall tell of it, and not be full of it */
#define LOGS_EVERY_S 3600
#define ARENA_MAX    (16u << 20)

struct rms_rotation {
    struct rms_front *front;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    bool ending;
};

/* --- one tenant -------------------------------------------------------------------------------------- */

/* Like the key it replaces: in the same place, and as long. */
static void wish_like(const struct rms_key *former, struct rms_key_wish *wish)
{
    *wish = (struct rms_key_wish){.bits = former->bits, .in_token = former->reference[0] != '\0'};
    if (wish->bits < RMS_TENANT_KEY_BITS) {
        wish->bits = RMS_TENANT_KEY_BITS;
    }
}

/* Another node, or an administrator, may have been faster: the active key is the one that was due, or nothing
 * changes. 1: stored. */
static int store_instead(struct rms_request *request, const struct rms_tenant *t,
    const struct rms_key *former, const struct rms_made_key *made)
{
    struct rms_key now;
    RMS_TRY(rms_key_active(request->worker->db, request->arena, t->id, RMS_KEY_TENANT, &now));
    if (strcmp(now.id, former->id) != 0) {
        return 0;
    }
    RMS_TRY(rms_tenant_key_store(request, t, made, true));
    return 1;
}

/* The key is made outside of the transaction: it takes long. */
static int replace(struct rms_request *request, const struct rms_tenant *t, const struct rms_key *former)
{
    struct rms_db *db = request->worker->db;
    struct rms_made_key made = {0};
    struct rms_key_wish wish;
    wish_like(former, &wish);
    int rc = rms_tenant_key_make(request, t, &wish, &made);
    if (rc == RMS_OK) {
        rc = rms_db_begin(db);
    }
    if (rc == RMS_OK) {
        rc = rms_db_end(db, store_instead(request, t, former, &made));
    }
    rms_made_key_fini(&made);
    return rc;
}

static int rotate(struct rms_request *request)
{
    struct rms_db *db = request->worker->db;
    struct rms_tenant t;
    struct rms_key former;
    RMS_TRY(rms_tenant_get(db, request->arena, request->tenant->row.id, &t));
    RMS_TRY(rms_key_active(db, request->arena, t.id, RMS_KEY_TENANT, &former));
    request->command =
        rms_arena_printf(request->arena, "RotateKey %s -Days %u", former.id, t.key_rotation_days);
    return replace(request, &t, &former);
}

static int rotate_tenant(struct rms_worker *worker, const char *tenant_id)
{
    struct rms_request request = {.worker = worker,
        .arena = worker->arena,
        .now = rms_clock_now(),
        .client_ip = "",
        .client_info = "",
        .actor = "schedule"};
    rms_guid_new(request.correlation);
    request.tenant = rms_request_tenant(&request, tenant_id);
    int rc = request.tenant != NULL ? rotate(&request) : RMS_E_NOT_FOUND;
    if (rc != 0) { /* 0: somebody else did it, and noted it */
        rms_admin_note_request(&request, rc > 0 ? RMS_OK : rc);
        rms_log(rc > 0 ? RMS_LOG_INFO : RMS_LOG_ERROR, rc > 0 ? "key.rotated" : "key.not-rotated", "tenant",
            tenant_id, "reason", rms_error_info(rc > 0 ? RMS_OK : rc)->reason, NULL);
    }
    rms_usage_note_keys(worker->front->usage, &request);
    rms_request_unpin(&request);
    return rc < 0 ? rc : RMS_OK;
}

/* --- the thread -------------------------------------------------------------------------------------- */

static int rotate_all(struct rms_worker *worker)
{
    struct rms_key_due due;
    int rc = rms_key_due(worker->db, worker->arena, rms_clock_now(), &due);
    for (size_t i = 0; rc == RMS_OK && i < due.count; i++) {
        rc = rotate_tenant(worker, due.tenants[i]);
    }
    rms_arena_reset(worker->arena, 0);
    return rc;
}

/* Old rows of the logs need keyd's signature too. By the clock of the logs, which in tests jumps. */
static void clean_logs(struct rms_worker *worker, int64_t *last)
{
    int64_t now = rms_clock_now();
    if (now - *last >= LOGS_EVERY_S || now < *last) {
        *last = now;
        rms_retention_run(worker);
    }
}

/* False when it is time to end. */
static bool wait_for(struct rms_rotation *rotation, int seconds)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += seconds;
    (void)pthread_mutex_lock(&rotation->lock);
    int err = 0;
    while (!rotation->ending && err == 0) {
        err = pthread_cond_timedwait(&rotation->wake, &rotation->lock, &until);
    }
    bool go_on = !rotation->ending;
    (void)pthread_mutex_unlock(&rotation->lock);
    return go_on;
}

static int open_worker(struct rms_worker *worker)
{
    worker->arena = rms_arena_new(ARENA_MAX);
    if (worker->arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_db_open(worker->front->store, &worker->db));
    return rms_keyclient_new(worker->front->keylink, worker, &worker->keys);
}

static void *rotation_main(void *argument)
{
    struct rms_rotation *rotation = argument;
    struct rms_worker worker = {.front = rotation->front};
    (void)pthread_setname_np(pthread_self(), "key-rotation");
    int rc = open_worker(&worker);
    if (rc < 0) {
        rms_log(RMS_LOG_ERROR, "key.rotation-failed", "reason", rms_error_info(rc)->reason, NULL);
    }
    bool ready = rc == RMS_OK;
    int64_t cleaned = rms_clock_now() - LOGS_EVERY_S;
    while (ready && wait_for(rotation, rc < 0 ? PAUSE_S : LOOK_EVERY_S)) {
        rc = rotate_all(&worker);
        clean_logs(&worker, &cleaned);
    }
    rms_keyclient_free(&worker.keys);
    rms_db_close(&worker.db);
    rms_arena_free(&worker.arena);
    return NULL;
}

int rms_rotation_new(struct rms_front *front, struct rms_rotation **rotation_out)
{
    struct rms_rotation *rotation = rms_calloc(1, sizeof *rotation);
    pthread_condattr_t attributes;
    if (rotation == NULL) {
        return RMS_E_NO_MEMORY;
    }
    rotation->front = front;
    (void)pthread_mutex_init(&rotation->lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&rotation->wake, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    int err = pthread_create(&rotation->thread, NULL, rotation_main, rotation);
    if (err != 0) {
        rms_free(rotation);
        return rms_error_from_errno(err);
    }
    *rotation_out = rotation;
    return RMS_OK;
}

void rms_rotation_free(struct rms_rotation **rotation)
{
    struct rms_rotation *r = *rotation;
    if (r == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&r->lock);
    r->ending = true;
    (void)pthread_cond_signal(&r->wake);
    (void)pthread_mutex_unlock(&r->lock);
    (void)pthread_join(r->thread, NULL);
    (void)pthread_cond_destroy(&r->wake);
    (void)pthread_mutex_destroy(&r->lock);
    rms_free(r);
    *rotation = NULL;
}
