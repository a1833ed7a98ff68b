#include "client/work.h"

#include <errno.h>
#include <unistd.h>

#include "client/context.h"
#include "client/members.h"
#include "client/tracking.h"

void rms_work_init(struct rms_work *work)
{
    work->source.fd = -1;
    work->target.output.fd = -1;
    work->target.output.temp[0] = '\0';
    work->target.output.path[0] = '\0';
    work->issued = (struct rms_issued){0};
    work->skipped = false;
    work->mail = false;
    work->content_id[0] = '\0';
    work->previous_id[0] = '\0';
    work->extension[0] = '\0';
    work->members = NULL;
}

void rms_work_fini(struct rms_work *work)
{
    rms_file_output_abort(&work->target.output);
    rms_source_close(&work->source);
    rms_issued_fini(&work->issued);
    rms_members_free(&work->members);
}

static int tell_progress(const struct rms_watched *watched)
{
    const struct rms_file_options *options = &watched->errand->options;

    RMS_TRY(rms_check_cancelled(watched->errand->context));
    if (options->progress != NULL &&
        options->progress(options->user_data, watched->done, watched->total) != 0) {
        return rms_fail(watched->errand->context, RMS_E_CANCELLED, "cancelled");
    }
    return 0;
}

static int write_watched(void *context, uint64_t offset, const void *data, size_t len)
{
    struct rms_watched *watched = context;

    RMS_TRY(watched->out.write(watched->out.context, offset, data, len));
    /* what is written is not what was read: near enough for a person */
    watched->done = watched->done + len < watched->total ? watched->done + len : watched->total;
    return tell_progress(watched);
}

struct rms_writer rms_watched_writer(
    struct rms_watched *watched, const struct rms_errand *errand, struct rms_work *work)
{
    *watched = (struct rms_watched){.errand = errand, .out = rms_target_writer(&work->target)};
    return (struct rms_writer){watched, write_watched, false};
}

int rms_watched_begin(struct rms_watched *watched, uint64_t total)
{
    watched->total = total;
    return tell_progress(watched);
}

int rms_work_sync(const struct rms_errand *errand, struct rms_work *work)
{
    if (!errand->context->settings.sync) {
        return 0;
    }
    if (fsync(work->target.output.fd) != 0) {
        return rms_fail(errand->context, rms_error_from_errno(errno), "%s", work->target.output.path);
    }
    return 0;
}

int rms_work_publish(const struct rms_errand *errand, struct rms_work *work)
{
    int status = rms_source_unchanged(errand->context, &work->source);

    if (status == 0) {
        status = rms_target_publish(errand->context, &work->target, &work->source);
    }
    return status;
}

int rms_work_prepare(const struct rms_errand *errand, const char *path, struct rms_work *work)
{
    int status;

    rms_work_init(work);
    status =
        errand->plan != NULL ? rms_work_protect(errand, path, work) : rms_work_unprotect(errand, path, work);
    if (status != 0) {
        struct rms_members *members = work->members; /* what failed in it is still told */

        work->members = NULL;
        rms_work_fini(work);
        work->members = members;
    }
    return status;
}

static int finish(const struct rms_errand *errand, struct rms_work *work)
{
    RMS_TRY(rms_work_sync(errand, work));
    RMS_TRY(rms_work_publish(errand, work));
    if (errand->context->settings.sync) {
        RMS_TRY(rms_file_sync_directory(work->target.output.path));
    }
    if (errand->plan != NULL) {
        rms_plan_keep(errand->plan, &work->issued);
    }
    rms_tracking_announce(errand, &(const struct rms_work *){work}, 1);
    return 0;
}

int rms_work_run(const struct rms_errand *errand, const char *path, struct rms_file_result *result_out)
{
    struct rms_work work;
    int status = rms_work_prepare(errand, path, &work);

    if (status == 0) {
        status = finish(errand, &work);
    }
    rms_members_tell(errand, 0, &work, status);
    rms_work_result(&work, status, result_out);
    rms_work_fini(&work);
    return status;
}

void rms_work_result(const struct rms_work *work, int code, struct rms_file_result *result_out)
{
    if (result_out == NULL) {
        return;
    }
    result_out->output[0] = '\0';
    result_out->content_id[0] = '\0';
    result_out->skipped = code != 0 && work != NULL && work->skipped;
    if (code == 0 && work != NULL) {
        memcpy(result_out->output, work->target.output.path, strlen(work->target.output.path) + 1);
        memcpy(result_out->content_id, work->content_id, sizeof work->content_id);
    }
}

int rms_errand_options(
    struct rms_context *context, const struct rms_file_options *given, struct rms_file_options *out)
{
    *out = (struct rms_file_options){.size = sizeof *out};
    if (given == NULL) {
        return 0;
    }
    if (given->size < offsetof(struct rms_file_options, in_place)) {
        return rms_fail(context, RMS_E_BAD_ARGUMENT, "the size of the options is not set");
    }
    memcpy(out, given, given->size < sizeof *out ? given->size : sizeof *out);
    if (out->output != NULL && out->output[0] == '\0') {
        return rms_fail(context, RMS_E_BAD_ARGUMENT, "the output has no name");
    }
    if (!rms_tracking_notify_ok(out->notify)) {
        return rms_fail(context, RMS_E_BAD_ARGUMENT, "notify: no such combination");
    }
    return 0;
}

int rms_errand_begin(struct rms_context *context, const struct rms_file_options *given,
    struct rms_file_result *result_out, struct rms_file_options *out)
{
    int status = rms_call_begin(context);

    if (status == 0) {
        status = rms_errand_options(context, given, out);
    }
    if (status != 0) {
        rms_work_result(NULL, status, result_out);
    }
    return status;
}
