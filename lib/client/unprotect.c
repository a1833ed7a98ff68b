/* Writing the clear file (client-requirements 2.3). */
#include "base/log.h"
#include "base/text.h"
#include "client/context.h"
#include "client/crypt.h"
#include "client/mail.h"
#include "client/members.h"
#include "client/opened.h"
#include "client/refusal.h"
#include "client/work.h"
#include "format/office.h"

/* Whom to ask (C-073): the licence's own word, else its owner. */
static void tell_referrer(struct rms_context *context, const struct rms_access *access)
{
    struct rms_report *report = rms_report_of(context);
    const char *referrer = access->referrer != NULL ? access->referrer : access->owner;

    if (referrer != NULL && strlen(referrer) < sizeof report->referrer &&
        rms_text_printable(rms_view_str(referrer))) {
        memcpy(report->referrer, referrer, strlen(referrer) + 1);
    }
}

static int may_write_clear(struct rms_context *context, const struct rms_access *access, const char *path)
{
    if (rms_access_may_unprotect(access)) {
        return 0;
    }
    rms_refusal_note(context, access, "EXPORT");
    tell_referrer(context, access);
    return rms_fail(context, RMS_E_NO_RIGHTS,
        "%s: removing the protection needs the right EXPORT or OWNER, which you do not have", path);
}

static int write_content(
    const struct rms_errand *errand, struct rms_work *work, const struct rms_opened *opened)
{
    struct rms_crypt_job job = {
        .context = errand->context,
        .out = rms_target_writer(&work->target),
        .threads = errand->threads,
        .progress = errand->options.progress,
        .user_data = errand->options.user_data,
    };
    uint64_t written;
    int status = rms_opened_decrypt(opened, &job, &written);

    if (status != 0 && rms_last_detail(errand->context)[0] == '\0') {
        return rms_fail(errand->context, status, "%s", work->source.path);
    }
    return status;
}

static int check_whole(
    const struct rms_errand *errand, const struct rms_work *work, const struct rms_opened *opened)
{
    if (rms_opened_is_whole(opened)) {
        return 0;
    }
    if (work->target.way == RMS_TARGET_IN_PLACE) {
        return rms_fail(errand->context, RMS_E_UNSUPPORTED,
            "%s: parts of this document stand beside its protected content and would be lost; write a copy",
            work->source.path);
    }
    rms_note(errand->context, RMS_LOG_INFO,
        "%s: properties, and macros if there are any, stay in the protected file", work->source.path);
    return 0;
}

static int write_pdf(const struct rms_errand *errand, struct rms_work *work, const struct rms_opened *opened)
{
    struct rms_watched watched;
    const struct rms_writer out = rms_watched_writer(&watched, errand, work);
    uint64_t written;
    int status = rms_watched_begin(&watched, work->source.reader.size);

    if (status == 0) {
        status = rms_opened_write_pdf(opened, &out, &written);
    }
    if (status != 0 && rms_last_detail(errand->context)[0] == '\0') {
        return rms_fail(errand->context, status, "%s", work->source.path);
    }
    return status;
}

static int make(const struct rms_errand *errand, struct rms_work *work, struct rms_opened *opened)
{
    struct rms_context *context = errand->context;

    RMS_TRY(rms_opened_licence(context, RMS_RIGHT_EXPORT, opened));
    RMS_TRY(may_write_clear(context, opened->access, work->source.path));
    if (opened->container.kind == RMS_CONTAINER_MESSAGE) {
        return rms_mail_unprotect(errand, work, opened);
    }
    RMS_TRY(check_whole(errand, work, opened));
    memcpy(work->content_id, opened->access->pl.content_id, sizeof work->content_id);
    memcpy(work->target.extension, opened->container.extension, sizeof work->target.extension);
    work->target.change = opened->container.keeps_name ? RMS_NAME_KEEP : RMS_NAME_CLEAR;
    RMS_TRY(rms_target_open(context, &work->target));
    RMS_TRY(opened->container.pdf != NULL ? write_pdf(errand, work, opened)
                                          : write_content(errand, work, opened));
    RMS_TRY(rms_source_unchanged(context, &work->source));
    return rms_target_like(&work->target, &work->source, errand->options.preserve_times);
}

int rms_work_unprotect(const struct rms_errand *errand, const char *path, struct rms_work *work)
{
    struct rms_context *context = errand->context;
    struct rms_opened opened = {0};
    int status;

    RMS_TRY(rms_source_open(context, path, errand->options.in_place && errand->options.output == NULL,
        &work->source, &work->skipped));
    RMS_TRY(rms_target_init(context, &work->source, &errand->options, &work->target));
    status = rms_container_open(&work->source.reader, &opened.container);
    if (status == RMS_E_NOT_PROTECTED && errand->options.open_containers) {
        return rms_members_unprotect(errand, work);
    }
    if (status != 0) {
        work->skipped = status == RMS_E_NOT_PROTECTED;
        return rms_fail(context, status, "%s", path);
    }
    status = make(errand, work, &opened);
    rms_opened_fini(&opened);
    return status;
}

int rms_unprotect_file(struct rms_context *context, const char *path, const struct rms_file_options *options,
    struct rms_file_result *result_out)
{
    struct rms_errand errand = {.context = context, .threads = rms_crypt_threads()};

    RMS_TRY(rms_errand_begin(context, options, result_out, &errand.options));
    return rms_work_run(&errand, path, result_out);
}
