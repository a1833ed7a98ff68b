/* Protecting a file (client-requirements 2.2), and protecting a protected one again (C-065). */
#include "client/access.h"
#include "client/context.h"
#include "client/crypt.h"
#include "client/opened.h"
#include "client/work.h"

#define HEAD_MAX (16u * 1024 * 1024)

/* --- what is going to be made of it --- */

/* The administrator's setting and the table decide the form; AllowPFILEEncryption=0 forbids the generic one
 * (C-047). */
static int choose_form(struct rms_context *context, struct rms_work *work)
{
    const struct rms_kind *kind = rms_kind_of(work->source.name);
    struct rms_extension_rule rule = rms_settings_rule(&context->settings, work->source.name);
    int status = rms_kind_form_of(kind, rule.setting, &work->target.form);

    if (status == RMS_E_ALREADY_PROTECTED) {
        /* only the name says so: the content is clear, and is protected like any other */
        work->target.form = RMS_FORM_PFILE;
        status = 0;
    }
    if (status != 0) {
        work->skipped = kind->class == RMS_KIND_EXCLUDED;
        return rms_fail(context, status, "%s: %s", work->source.path,
            work->skipped ? "files of this kind are left alone"
                          : "the administrator has prevented protection");
    }
    if (work->target.form == RMS_FORM_PFILE && !rule.allow_pfile && kind->class != RMS_KIND_OFFICE) {
        return rms_fail(context, RMS_E_FILE_BLOCKED, "%s: the administrator has prevented generic protection",
            work->source.path);
    }
    return 0;
}

/* --- writing --- */

static int write_head(const struct rms_errand *errand, struct rms_work *work,
    const struct rms_content_about *about, uint64_t *content_offset_out)
{
    struct rms_buf RMS_BUF_CLEANUP head = RMS_BUF_INIT(HEAD_MAX);
    const struct rms_pfile_request request = {
        about->extension, rms_buf_view(&work->issued.licence), {NULL, 0}, about->size};
    int status;

    RMS_TRY(rms_pfile_emit(&request, &head));
    *content_offset_out = head.len;
    status = rms_fd_write_all(work->target.output.fd, head.data, head.len);
    return status == 0 ? 0 : rms_fail(errand->context, status, "%s", work->target.output.path);
}

static int write_content(const struct rms_errand *errand, struct rms_work *work,
    const struct rms_opened *from, uint64_t out_offset)
{
    struct rms_crypt_job job = {
        .context = errand->context,
        .in = work->source.fd,
        .out = work->target.output.fd,
        .in_len = work->source.reader.size,
        .out_offset = out_offset,
        .encrypt = &work->issued.key,
        .clear_size = UINT64_MAX,
        .threads = errand->threads,
        .progress = errand->options.progress,
        .user_data = errand->options.user_data,
    };
    uint64_t written;
    int status;

    if (from != NULL) {
        job.in_offset = from->pfile.content_offset;
        job.in_len = from->pfile.content_len;
        job.decrypt = &from->access->key;
        job.clear_size = from->pfile.original_size;
    }
    status = rms_crypt_run(&job, &written);
    if (status != 0 && rms_last_detail(errand->context)[0] == '\0') {
        return rms_fail(errand->context, status, "%s", work->source.path);
    }
    return status;
}

/* Everything that can be refused has been: the licence is made, the temporary file written. */
static int make(const struct rms_errand *errand, struct rms_work *work, const struct rms_opened *from,
    const struct rms_content_about *about)
{
    uint64_t content_offset;

    RMS_TRY(rms_target_open(errand->context, &work->target));
    RMS_TRY(rms_plan_issue(errand->plan, about, &work->issued));
    memcpy(work->content_id, work->issued.content_id, sizeof work->content_id);
    memcpy(work->extension, about->extension, strlen(about->extension) + 1);
    RMS_TRY(write_head(errand, work, about, &content_offset));
    RMS_TRY(write_content(errand, work, from, content_offset));
    RMS_TRY(rms_source_unchanged(errand->context, &work->source));
    return rms_target_like(&work->target, &work->source, errand->options.preserve_times);
}

/* --- protected already --- */

static bool may_protect_again(const struct rms_access *access)
{
    return access->is_owner || rms_rights_allow(&access->rights, RMS_RIGHT_EXPORT);
}

static int protect_again(
    const struct rms_errand *errand, struct rms_work *work, const struct rms_pfile *pfile)
{
    struct rms_opened opened = {.pfile = *pfile};
    struct rms_content_about about = {opened.pfile.extension, pfile->original_size};
    int status = rms_opened_licence(errand->context, &work->source.reader, RMS_RIGHT_EXPORT, &opened);

    if (status == 0 && !may_protect_again(opened.access)) {
        status = rms_fail(errand->context, RMS_E_ALREADY_PROTECTED,
            "%s is protected, and you may not change its protection", work->source.path);
    }
    if (status == 0) {
        status = rms_opened_size(&work->source.reader, &opened, &about.size);
    }
    if (status == 0) {
        memcpy(work->previous_id, opened.access->pl.content_id, sizeof work->previous_id);
        work->target.change = RMS_NAME_KEEP;
        status = make(errand, work, &opened, &about);
    }
    rms_opened_fini(&opened);
    return status;
}

/* --- a file --- */

int rms_work_protect(const struct rms_errand *errand, const char *path, struct rms_work *work)
{
    struct rms_context *context = errand->context;
    struct rms_content_about about;
    struct rms_pfile pfile;
    int status;

    RMS_TRY(rms_source_open(context, path, errand->options.in_place && errand->options.output == NULL,
        &work->source, &work->skipped));
    RMS_TRY(rms_target_init(context, &work->source, &errand->options, &work->target));
    status = rms_pfile_parse(&work->source.reader, &pfile);
    if (status == 0) {
        return protect_again(errand, work, &pfile);
    }
    if (status != RMS_E_NOT_PROTECTED) {
        return rms_fail(context, status, "%s", path);
    }
    RMS_TRY(choose_form(context, work));
    work->target.change = RMS_NAME_PROTECT;
    about.extension = rms_kind_extension(work->source.name);
    about.size = work->source.reader.size;
    if (about.extension[0] != '\0' && !rms_pfile_extension_valid(rms_view_str(about.extension))) {
        return rms_fail(context, RMS_E_BAD_ARGUMENT, "the name of the file is not valid text");
    }
    return make(errand, work, NULL, &about);
}

int rms_protect_file(struct rms_context *context, const char *path, const struct rms_policy_builder *policy,
    const struct rms_file_options *options, struct rms_file_result *result_out)
{
    struct rms_errand errand = {.context = context, .threads = rms_crypt_threads()};
    struct rms_plan plan;
    int status;

    RMS_TRY(rms_errand_begin(context, options, result_out, &errand.options));
    status = rms_plan_make(context, policy, errand.options.online, errand.options.persist, &plan);
    if (status == 0) {
        errand.plan = &plan;
        status = rms_work_run(&errand, path, result_out);
    } else {
        rms_work_result(NULL, status, result_out);
    }
    rms_plan_fini(&plan);
    return status;
}
