/* Protecting a file (client-requirements 2.2), and protecting a protected one again (C-065). */
#include "client/access.h"
#include "client/beside.h"
#include "client/context.h"
#include "client/crypt.h"
#include "client/mail.h"
#include "client/opened.h"
#include "client/refusal.h"
#include "client/seal.h"
#include "client/work.h"
#include "format/office.h"

/* What is going to be made of a file. */
struct shape {
    enum rms_container_kind kind;
    struct rms_content_about about;
    const struct rms_opened *from; /* protected before; NULL: clear */
};

/* --- what is going to be made of it --- */

/* Office documents by their content; what only has the name of one is protected generically. */
static int choose_office(struct rms_context *context, struct rms_work *work, struct shape *shape)
{
    unsigned max_mb = rms_kind_of(work->source.name)->max_mb;
    int status = rms_office_kind(&work->source.reader, &shape->kind);

    if (status != 0) {
        return rms_fail(context, status, "%s", work->source.path);
    }
    if (shape->kind == RMS_CONTAINER_PFILE) {
        work->target.form = RMS_FORM_PFILE;
        return 0;
    }
    if (max_mb > 0 && work->source.reader.size > (uint64_t)max_mb * 1024 * 1024) {
        return rms_fail(context, RMS_E_LIMIT, "%s: documents of this kind can be protected up to %u MB",
            work->source.path, max_mb);
    }
    return 0;
}

/* PDF in its own form keeps its name, in a container of its kind becomes .ppdf (C-051). What only has the
 * name of one is protected generically. */
static int choose_pdf(const struct rms_errand *errand, struct rms_work *work, struct shape *shape)
{
    struct rms_context *context = errand->context;
    bool native = context->settings.pdf_native && !errand->options.ppdf;
    int status = rms_pdf_may_protect(&work->source.reader, native ? RMS_PDF_NATIVE : RMS_PDF_WHOLE);

    if (status == RMS_E_NOT_FOUND) {
        work->target.form = RMS_FORM_PFILE;
        return 0;
    }
    if (status != 0) {
        return rms_fail(context, status, "%s", work->source.path);
    }
    work->target.form = native ? RMS_FORM_PDF : RMS_FORM_PREFIX;
    shape->kind = native ? RMS_CONTAINER_PDF : RMS_CONTAINER_PFILE;
    return 0;
}

/* The administrator's setting and the table decide the form; AllowPFILEEncryption=0 forbids the generic one
 * (C-047). */
static int choose_form(const struct rms_errand *errand, struct rms_work *work, struct shape *shape)
{
    struct rms_context *context = errand->context;
    const struct rms_kind *kind = rms_kind_of(work->source.name);
    struct rms_extension_rule rule = rms_settings_rule(&context->settings, work->source.name);
    int status = rms_kind_form_of(kind, rule.setting, &work->target.form);

    shape->kind = RMS_CONTAINER_PFILE;
    if (status == RMS_E_ALREADY_PROTECTED) {
        /* only the name says so: the content is clear, and is protected like any other */
        work->target.form = RMS_FORM_PFILE;
        status = 0;
    }
    if (status != 0) {
        work->skipped = kind->class == RMS_KIND_EXCLUDED || kind->class == RMS_KIND_MAIL;
        return rms_fail(context, status, "%s: %s", work->source.path,
            work->skipped ? "files of this kind are left alone"
                          : "the administrator has prevented protection");
    }
    if (work->target.form == RMS_FORM_OFFICE) {
        RMS_TRY(choose_office(context, work, shape));
    }
    if (work->target.form == RMS_FORM_PDF) {
        RMS_TRY(choose_pdf(errand, work, shape));
    }
    if (work->target.form == RMS_FORM_PFILE && !rule.allow_pfile) {
        return rms_fail(context, RMS_E_FILE_BLOCKED, "%s: the administrator has prevented generic protection",
            work->source.path);
    }
    return 0;
}

/* --- writing --- */

static int write_content(const struct rms_errand *errand, struct rms_work *work, const struct shape *shape,
    const struct rms_container_out *out, struct rms_sealer *sealing)
{
    struct rms_content_key key = work->issued.key;
    struct rms_crypt_job job = {
        .context = errand->context,
        .in = work->source.reader,
        .in_len = work->source.reader.size,
        .out = out->stream,
        .out_offset = out->content_offset,
        .encrypt = &key,
        .hashes = sealing->hashes,
        .hashed_len = sealing->seal.content_len,
        .clear_size = UINT64_MAX,
        .threads = errand->threads,
        .progress = errand->options.progress,
        .user_data = errand->options.user_data,
    };
    uint64_t written;
    int status;

    key.mode = rms_container_mode(shape->kind, RMS_PFILE_MAJOR, key.mode);
    if (shape->from != NULL) {
        const struct rms_container *container = &shape->from->container;

        job.in = container->content.reader;
        job.in_offset = container->content.offset;
        job.in_len = container->content.len;
        job.decrypt = &shape->from->access->key;
        job.sealed = rms_opened_tree(shape->from);
        job.clear_size = container->original_size;
    }
    status = rms_crypt_run(&job, &written);
    if (status == 0 && written != sealing->seal.content_len) {
        status = RMS_E_FILE_CHANGED;
    }
    if (status != 0 && rms_last_detail(errand->context)[0] == '\0') {
        return rms_fail(errand->context, status, "%s", work->source.path);
    }
    return status;
}

/* What seal_pdf needs. */
struct pdf_seal {
    const struct rms_errand *errand;
    struct rms_work *work;
    const struct rms_sealer_about *about;
};

static int seal_pdf(void *user_data, uint64_t offset, uint64_t len, struct rms_buf *out)
{
    const struct pdf_seal *pdf = user_data;
    const struct rms_part written = {rms_target_reader(&pdf->work->target, offset + len), offset, len};

    return rms_seal_written(pdf->about, pdf->errand->plan->seal_key, &written, out);
}

static int write_pdf(const struct rms_errand *errand, struct rms_work *work, const struct shape *shape,
    const struct rms_sealer_about *about)
{
    struct rms_content_cipher RMS_CONTENT_CLEANUP *cipher = NULL;
    struct rms_watched watched;
    const struct rms_writer out = rms_watched_writer(&watched, errand, work);
    struct rms_pdf_job job = {
        .file = shape->from != NULL ? &shape->from->clear : &work->source.reader,
        .out = &out,
        .seal = seal_pdf,
        .user_data = &(struct pdf_seal){errand, work, about},
    };
    uint64_t written;
    int status =
        rms_content_cipher_new(work->issued.key.mode, rms_secret_view(work->issued.key.key), &cipher);

    if (status == 0) {
        job.cipher = cipher;
        status = rms_watched_begin(&watched, job.file->size);
    }
    if (status == 0) {
        status = rms_pdf_protect(&job, rms_buf_view(&work->issued.licence), &written);
    }
    if (status == 0) {
        const struct rms_reader back = rms_target_reader(&work->target, written);

        status = rms_pdf_verify(&back, cipher);
        status = status == 0 ? rms_beside_pdf(work, written) : status;
    }
    if (status == RMS_E_DAMAGED) {
        return rms_fail(
            errand->context, status, "%s would not come back as it is; repair it first", work->source.path);
    }
    if (status != 0 && rms_last_detail(errand->context)[0] == '\0') {
        return rms_fail(errand->context, status, "%s", work->source.path);
    }
    return status;
}

/* Content, then the seal over it. */
static int fill(const struct rms_errand *errand, struct rms_work *work, const struct shape *shape,
    struct rms_container_out *out, struct rms_sealer *sealing)
{
    struct rms_buf RMS_BUF_CLEANUP seal = RMS_BUF_INIT(SIZE_MAX);
    int status;

    RMS_TRY(write_content(errand, work, shape, out, sealing));
    status = rms_sealer_end(sealing, &seal);
    if (status == 0) {
        status = rms_container_finish(out, rms_buf_view(&seal));
    }
    return status == 0 ? 0 : rms_fail(errand->context, status, "%s", work->target.output.path);
}

static int write_file(const struct rms_errand *errand, struct rms_work *work, const struct shape *shape)
{
    const struct rms_writer file = rms_target_writer(&work->target);
    struct rms_beside RMS_BESIDE_CLEANUP beside = {0};
    const struct rms_sealer_about about = {
        .kind = shape->kind,
        .mode = rms_container_mode(shape->kind, RMS_PFILE_MAJOR, work->issued.key.mode),
        .clear_size = shape->about.size,
        .licence = rms_buf_view(&work->issued.licence),
        .content_id = work->issued.content_id,
    };
    struct rms_sealer RMS_SEALER_CLEANUP sealing = {0};
    struct rms_container_request request = {
        .kind = shape->kind,
        .extension = shape->about.extension,
        .licence = rms_buf_view(&work->issued.licence),
        .size = shape->about.size,
        .beside = &work->source.reader,
    };
    struct rms_container_out out;
    int status;

    if (shape->kind == RMS_CONTAINER_PDF) {
        return write_pdf(errand, work, shape, &about);
    }
    RMS_TRY(rms_sealer_begin(&about, &sealing));
    sealing.author = errand->plan->seal_key;
    request.seal_len = rms_sealer_len(&sealing);
    status = rms_beside_take(work, &beside, &request);
    status = status == 0 ? rms_container_begin(&request, &file, &out) : status;
    if (status != 0) {
        return rms_fail(errand->context, status, "%s", work->target.output.path);
    }
    status = fill(errand, work, shape, &out, &sealing);
    rms_container_abort(&out);
    return status;
}

/* The licence as the file is going to hold it: what is kept for opening is found by these bytes. */
static int issue(const struct rms_errand *errand, struct rms_work *work, const struct shape *shape)
{
    struct rms_content_about about = shape->about;
    struct rms_buf form = RMS_BUF_INIT(RMS_PFILE_LICENCE_MAX);
    int status;

    about.sealed = true; /* write_file does */
    RMS_TRY(rms_plan_issue(errand->plan, &about, &work->issued));
    status = rms_container_form(shape->kind, rms_buf_view(&work->issued.licence), &form);
    if (status != 0) {
        rms_buf_fini(&form);
        return status;
    }
    rms_buf_fini(&work->issued.licence);
    work->issued.licence = form;
    return 0;
}

/* Everything that can be refused has been: the licence is made, the temporary file written. */
static int make(const struct rms_errand *errand, struct rms_work *work, const struct shape *shape)
{
    const char *extension = shape->about.extension;

    if (extension[0] != '\0' && !rms_pfile_extension_valid(rms_view_str(extension))) {
        return rms_fail(errand->context, RMS_E_BAD_ARGUMENT, "the name of the file is not valid text");
    }
    RMS_TRY(rms_target_open(errand->context, &work->target));
    RMS_TRY(issue(errand, work, shape));
    memcpy(work->content_id, work->issued.content_id, sizeof work->content_id);
    memcpy(work->extension, extension, strlen(extension) + 1);
    RMS_TRY(write_file(errand, work, shape));
    RMS_TRY(rms_source_unchanged(errand->context, &work->source));
    return rms_target_like(&work->target, &work->source, errand->options.preserve_times);
}

/* --- protected already --- */

/* Another policy in its place, or another list of users and rights in the one it has. */
static int may_protect_again(
    const struct rms_errand *errand, const struct rms_work *work, const struct rms_access *access)
{
    bool change = errand->plan->change != NULL;

    if (change && !access->is_owner && !rms_rights_allow(&access->rights, RMS_RIGHT_EDITRIGHTSDATA)) {
        rms_refusal_note(errand->context, access, "EDITRIGHTSDATA");
        return rms_fail(errand->context, RMS_E_NO_RIGHTS,
            "%s: changing who may do what needs the right EDITRIGHTSDATA or OWNER, which you do not have",
            work->source.path);
    }
    if (!change && !rms_access_may_unprotect(access)) {
        rms_refusal_note(errand->context, access, "EXPORT");
        return rms_fail(errand->context, RMS_E_ALREADY_PROTECTED,
            "%s is protected, and replacing that needs the right EXPORT or OWNER, which you do not have",
            work->source.path);
    }
    return 0;
}

/* It stays in the form it has. */
static int protect_again(const struct rms_errand *errand, struct rms_work *work, struct rms_opened *opened)
{
    struct shape shape = {.kind = opened->container.kind, .from = opened};

    if (shape.kind == RMS_CONTAINER_MESSAGE) {
        return rms_fail(errand->context, RMS_E_ALREADY_PROTECTED,
            "%s is a protected message: take the protection off first (rms unprotect)", work->source.path);
    }
    if (shape.kind == RMS_CONTAINER_PDF && !errand->context->settings.pdf_native) {
        return rms_fail(errand->context, RMS_E_ALREADY_PROTECTED, "%s", work->source.path);
    }
    RMS_TRY(rms_opened_licence(
        errand->context, errand->plan->change != NULL ? RMS_RIGHT_EDITRIGHTSDATA : RMS_RIGHT_EXPORT, opened));
    RMS_TRY(may_protect_again(errand, work, opened->access));
    shape.about.licence = opened->access->text;
    RMS_TRY(rms_opened_clear(errand->context, opened));
    RMS_TRY(rms_opened_size(opened, &shape.about.size));
    shape.about.extension = rms_opened_extension(opened, work->source.name);
    memcpy(work->previous_id, opened->access->pl.content_id, sizeof work->previous_id);
    work->target.change = RMS_NAME_KEEP;
    return make(errand, work, &shape);
}

/* --- a file --- */

static int protect_clear(const struct rms_errand *errand, struct rms_work *work)
{
    struct shape shape = {
        .about = {.extension = rms_kind_extension(work->source.name), .size = work->source.reader.size},
    };

    if (errand->plan->change != NULL) {
        return rms_fail(errand->context, RMS_E_NOT_PROTECTED, "%s", work->source.path);
    }
    if (rms_mail_wanted(errand, work->source.name)) {
        return rms_mail_protect(errand, work);
    }
    RMS_TRY(choose_form(errand, work, &shape));
    work->target.change = RMS_NAME_PROTECT;
    return make(errand, work, &shape);
}

/* Other programs keep their files as compound files too, and write about PDF: what is wrong with those is
 * nothing to us. */
static bool is_foreign(const struct rms_work *work, const struct rms_container *container)
{
    enum rms_kind_class class = rms_kind_of(work->source.name)->class;

    if (container->kind == RMS_CONTAINER_MESSAGE) {
        return class != RMS_KIND_MAIL && class != RMS_KIND_PROTECTED;
    }
    return container->kind != RMS_CONTAINER_PFILE &&
           class != (container->kind == RMS_CONTAINER_PDF ? RMS_KIND_PDF : RMS_KIND_OFFICE);
}

int rms_work_protect(const struct rms_errand *errand, const char *path, struct rms_work *work)
{
    struct rms_context *context = errand->context;
    struct rms_opened opened = {0};
    int status;

    RMS_TRY(rms_source_open(context, path, errand->options.in_place && errand->options.output == NULL,
        &work->source, &work->skipped));
    if (errand->plan->policy != NULL && errand->plan->policy->for_recipients != NULL &&
        rms_kind_of(work->source.name)->class != RMS_KIND_MAIL) {
        return rms_fail(context, RMS_E_BAD_ARGUMENT, "%s is no mail: nobody is its recipient", path);
    }
    RMS_TRY(rms_target_init(context, &work->source, &errand->options, &work->target));
    status = rms_container_open(&work->source.reader, &opened.container);
    if (status == 0) {
        status = protect_again(errand, work, &opened);
    } else if (status == RMS_E_NOT_PROTECTED ||
               (status == RMS_E_DAMAGED && is_foreign(work, &opened.container))) {
        status = protect_clear(errand, work);
    } else {
        status = rms_fail(context, status, "%s", path);
    }
    rms_opened_fini(&opened);
    return status;
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
