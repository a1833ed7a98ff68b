/* Many files in one call. Workers prepare files up to their temporary ones; the calling thread takes what is
 * ready, makes the data of the whole group durable at once, puts each in place and reports it. While it waits
 * for the disk the workers go on, so groups grow with the disk's slowness. */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <time.h>

#include "base/log.h"
#include "base/mem.h"
#include "client/context.h"
#include "client/crypt.h"
#include "client/members.h"
#include "client/tracking.h"
#include "client/work.h"

#define READY_MAX   128u /* finished temporary files waiting; each holds two descriptors */
#define GROUP_SYNC  4u   /* from this many on one sync of the file system beats one for each file */
#define GROUP_MIN   32u  /* worth starting a group for at once */
#define GROUP_WAIT  20   /* ms that a smaller group waits for company */
#define WORKERS_MAX 8u

struct item {
    struct item *next;
    size_t index;
    int code;
    struct rms_report_text report;
    struct rms_work work;
    struct rms_file_result result;
};

struct batch {
    const struct rms_errand *errand;
    const char *const *paths;
    size_t count;
    _Atomic size_t next;
    atomic_bool stop;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct item *first, **last; /* ready, in order of completion */
    unsigned ready;
    unsigned running; /* workers */
    atomic_bool no_memory;
    int (*each)(void *user_data, size_t index, int code, const struct rms_file_result *result);
    void *user_data;
    int first_failure;
};

/* --- workers --- */

static void hand_over(struct batch *batch, struct item *item)
{
    (void)pthread_mutex_lock(&batch->lock);
    while (batch->ready >= READY_MAX) {
        (void)pthread_cond_wait(&batch->changed, &batch->lock);
    }
    *batch->last = item;
    batch->last = &item->next;
    batch->ready++;
    (void)pthread_cond_broadcast(&batch->changed);
    (void)pthread_mutex_unlock(&batch->lock);
}

/* The errand for one path, with the output that is its own. */
static int prepare_path(const struct batch *batch, size_t index, struct rms_work *work)
{
    struct rms_errand errand = *batch->errand;

    if (errand.options.outputs != NULL) {
        errand.options.output = errand.options.outputs[index];
    }
    return rms_work_prepare(&errand, batch->paths[index], work);
}

static void *work(void *argument)
{
    struct batch *batch = argument;
    struct rms_context *context = batch->errand->context;

    while (!atomic_load(&batch->stop)) {
        size_t index = atomic_fetch_add(&batch->next, 1);
        struct item *item;

        if (index >= batch->count) {
            break;
        }
        item = rms_malloc(sizeof *item);
        if (item == NULL) {
            atomic_store(&batch->no_memory, true);
            break;
        }
        item->next = NULL;
        item->index = index;
        item->code = rms_call_begin(context);
        rms_work_init(&item->work);
        if (item->code == 0) {
            item->code = prepare_path(batch, index, &item->work);
        }
        rms_report_save(context, &item->report);
        hand_over(batch, item);
    }
    (void)pthread_mutex_lock(&batch->lock);
    batch->running--;
    (void)pthread_cond_broadcast(&batch->changed);
    (void)pthread_mutex_unlock(&batch->lock);
    return NULL;
}

/* Syncs and the store's transactions cost the same for one file as for fifty. Called with the lock held. */
static void wait_for_company(struct batch *batch)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += GROUP_WAIT * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_nsec -= 1000000000L;
        until.tv_sec++;
    }
    while (batch->running > 0 && batch->ready < GROUP_MIN) {
        if (pthread_cond_clockwait(&batch->changed, &batch->lock, CLOCK_MONOTONIC, &until) != 0) {
            return;
        }
    }
}

/* Everything that is ready; NULL when all workers are done and nothing is left. */
static struct item *take_ready(struct batch *batch, unsigned *count_out)
{
    struct item *group;

    (void)pthread_mutex_lock(&batch->lock);
    while (batch->first == NULL && batch->running > 0) {
        (void)pthread_cond_wait(&batch->changed, &batch->lock);
    }
    wait_for_company(batch);
    group = batch->first;
    *count_out = batch->ready;
    batch->first = NULL;
    batch->last = &batch->first;
    batch->ready = 0;
    (void)pthread_cond_broadcast(&batch->changed);
    (void)pthread_mutex_unlock(&batch->lock);
    return group;
}

/* --- the calling thread --- */

static void fail_item(struct batch *batch, struct item *item, int code)
{
    item->code = code;
    rms_report_save(batch->errand->context, &item->report);
}

/* One sync for every file system the group touches: usually one. */
static void sync_group(struct batch *batch, struct item *group, unsigned count)
{
    dev_t synced = 0;
    bool any = false;
    int status = 0;

    for (struct item *item = group; item != NULL; item = item->next) {
        struct stat info;

        if (item->code != 0) {
            continue;
        }
        if (count < GROUP_SYNC || fstat(item->work.target.output.fd, &info) != 0) {
            status = rms_work_sync(batch->errand, &item->work);
        } else if (!any || info.st_dev != synced) {
            status = rms_file_sync_all(item->work.target.output.fd);
            synced = info.st_dev;
            any = true;
        }
        if (status != 0) {
            fail_item(batch, item, status);
        }
    }
}

static void publish_group(struct batch *batch, struct item *group)
{
    for (struct item *item = group; item != NULL; item = item->next) {
        if (item->code == 0) {
            int status = rms_work_publish(batch->errand, &item->work);

            if (status != 0) {
                fail_item(batch, item, status);
            }
        }
    }
}

/* Names become durable a folder at a time; neighbours usually share one. */
static void sync_folders(struct batch *batch, struct item *group)
{
    const struct item *before = NULL;

    for (struct item *item = group; item != NULL; item = item->next) {
        int status = 0;

        if (item->code != 0) {
            continue;
        }
        if (before == NULL || strcmp(before->work.target.folder, item->work.target.folder) != 0) {
            status = rms_file_sync_directory(item->work.target.output.path);
        }
        if (status != 0) {
            fail_item(batch, item, status);
        }
        before = item;
    }
}

/* The store takes the keys of a group in one transaction. Not being able to keep one is no reason to call the
 * file failed: it is protected. */
static void remember_group(struct batch *batch, struct item *group)
{
    struct rms_context *context = batch->errand->context;
    const struct rms_plan *plan = batch->errand->plan;
    int status;
    int ended;

    if (plan == NULL || (plan->persist & RMS_PERSIST_NOT_DISK) != 0) {
        return;
    }
    status = rms_vault_begin(context->vault);
    if (status == 0) {
        for (struct item *item = group; item != NULL && status == 0; item = item->next) {
            if (item->code == 0) {
                status = rms_plan_remember(plan, &item->work.issued);
            }
        }
        ended = rms_vault_end(context->vault, status == 0);
        status = status != 0 ? status : ended;
    }
    if (status != 0) {
        rms_note(context, RMS_LOG_ERROR, RMS_NOT_KEPT ": %s", rms_error_info(status)->text);
    }
}

static void announce_group(struct batch *batch, const struct item *group)
{
    const struct rms_work *works[READY_MAX];
    size_t count = 0;

    for (; group != NULL && count < READY_MAX; group = group->next) {
        if (group->code == 0) {
            works[count++] = &group->work;
        }
    }
    rms_tracking_announce(batch->errand, works, count);
}

static void report_group(struct batch *batch, struct item *group)
{
    struct rms_context *context = batch->errand->context;

    while (group != NULL) {
        struct item *item = group;

        group = item->next;
        rms_work_result(&item->work, item->code, &item->result);
        rms_members_tell(batch->errand, item->index, &item->work, item->code);
        rms_report_restore(context, &item->report);
        if (item->code != 0 && batch->first_failure == 0) {
            batch->first_failure = item->code;
        }
        if (batch->each != NULL &&
            batch->each(batch->user_data, item->index, item->code, &item->result) != 0) {
            atomic_store(&batch->stop, true);
        }
        rms_work_fini(&item->work);
        rms_free(item);
    }
}

static void serve(struct batch *batch)
{
    bool sync = batch->errand->context->settings.sync;
    struct item *group;
    unsigned count;

    while ((group = take_ready(batch, &count)) != NULL) {
        if (sync) {
            sync_group(batch, group, count);
        }
        publish_group(batch, group);
        if (sync) {
            sync_folders(batch, group);
        }
        remember_group(batch, group);
        announce_group(batch, group);
        report_group(batch, group);
    }
}

static int run(struct batch *batch)
{
    pthread_t threads[WORKERS_MAX];
    unsigned wanted = rms_crypt_threads();
    unsigned started = 0;

    wanted = wanted < WORKERS_MAX ? wanted : WORKERS_MAX;
    wanted = batch->count < wanted ? (unsigned)batch->count : wanted;
    batch->running = wanted;
    while (started < wanted && pthread_create(&threads[started], NULL, work, batch) == 0) {
        started++;
    }
    if (started < wanted) {
        (void)pthread_mutex_lock(&batch->lock);
        batch->running -= wanted - started;
        (void)pthread_mutex_unlock(&batch->lock);
    }
    serve(batch);
    for (unsigned i = 0; i < started; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    if (atomic_load(&batch->no_memory) || (started == 0 && wanted > 0)) {
        return RMS_E_NO_MEMORY;
    }
    return atomic_load(&batch->stop) ? RMS_E_CANCELLED : 0;
}

struct request {
    const char *const *paths;
    size_t count;
    int (*each)(void *user_data, size_t index, int code, const struct rms_file_result *result);
    void *user_data;
};

static int run_request(struct rms_errand *errand, const struct request *request)
{
    struct batch batch = {
        .errand = errand,
        .paths = request->paths,
        .count = request->count,
        .each = request->each,
        .user_data = request->user_data,
    };
    int status;

    /* with several files at work each keeps to one core, and progress is told by file */
    errand->threads = request->count < rms_crypt_threads() ? rms_crypt_threads() : 1;
    errand->options.progress = NULL;
    batch.last = &batch.first;
    (void)pthread_mutex_init(&batch.lock, NULL);
    (void)pthread_cond_init(&batch.changed, NULL);
    status = run(&batch);
    (void)pthread_cond_destroy(&batch.changed);
    (void)pthread_mutex_destroy(&batch.lock);
    if (status == 0 && request->each == NULL) {
        return batch.first_failure;
    }
    return status;
}

static int check_request(struct rms_context *context, const struct request *request,
    const struct rms_file_options *options, struct rms_errand *errand)
{
    RMS_TRY(rms_call_begin(context));
    if (request->paths == NULL && request->count > 0) {
        return rms_fail(context, RMS_E_BAD_ARGUMENT, "no files are named");
    }
    return rms_errand_options(context, options, &errand->options);
}

int rms_protect_files(struct rms_context *context, const char *const *paths, size_t count,
    const struct rms_policy_builder *policy, const struct rms_file_options *options,
    int (*each)(void *user_data, size_t index, int code, const struct rms_file_result *result),
    void *user_data)
{
    const struct request request = {paths, count, each, user_data};
    struct rms_errand errand = {.context = context};
    struct rms_plan plan;
    int status;

    RMS_TRY(check_request(context, &request, options, &errand));
    status = rms_plan_make(context, policy, errand.options.online, errand.options.persist, &plan);
    if (status == 0) {
        errand.plan = &plan;
        status = run_request(&errand, &request);
    }
    rms_plan_fini(&plan);
    return status;
}

int rms_unprotect_files(struct rms_context *context, const char *const *paths, size_t count,
    const struct rms_file_options *options,
    int (*each)(void *user_data, size_t index, int code, const struct rms_file_result *result),
    void *user_data)
{
    const struct request request = {paths, count, each, user_data};
    struct rms_errand errand = {.context = context};

    RMS_TRY(check_request(context, &request, options, &errand));
    return run_request(&errand, &request);
}
