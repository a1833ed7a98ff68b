/* rms unprotect */
#include "cmd/rms/items.h"
#include "cmd/rms/session.h"

static const struct option_row options[] = {ITEM_OPTIONS, OPTIONS_END};

static int one(const struct items_work *work, const char *path, const struct rms_file_options *file_options,
    struct rms_file_result *result_out)
{
    return rms_unprotect_file(work->context, path, file_options, result_out);
}

static int many(const struct items_work *work, const char *const *paths, size_t count,
    const struct rms_file_options *file_options, items_each *each, void *user_data)
{
    return rms_unprotect_files(work->context, paths, count, file_options, each, user_data);
}

static int run(struct arguments *arguments)
{
    struct rms_context *CLOSE_CONTEXT context = NULL;
    struct items_work work = {.name = _("unprotecting"),
        .result_member = "DecryptedFile",
        .one = one,
        .many = many,
        .options = {.open_containers = true}};
    int status = items_check(arguments);

    status = status == 0 ? open_signed_in(arguments, &context) : status;
    if (status == 0) {
        work.context = context;
        status = items_run(arguments, &work);
    }
    return status;
}

const struct verb verb_unprotect = {
    .name = "unprotect",
    .summary = "Take the protection off files",
    .operands = "FILE|FOLDER…",
    .details =
        "Writes the clear file with its original extension. Needs the right EXPORT or OWNER; the owner, who\n"
        "protected it, and super users always may. Without the right nothing is written.\n"
        "Archives (.zip .7z .rar .tar .tar.gz .tar.bz2 .tar.xz .tar.zst), folders of mails (.mbox) and clear "
        "mails\n"
        "(.eml) are opened: what is protected in them is unprotected where you may, down to ten archives "
        "inside\n"
        "each other, and the archive is written again, a .rar as .zip. What stays protected is a failure.",
    .examples = "  rms unprotect plan.ptxt --in-place\n"
                "  rms unprotect archive -r --out clear\n"
                "  rms unprotect figures.csv.pfile -o figures.csv\n"
                "  rms unprotect leaver.tar.gz --in-place",
    .options = options,
    .operands_min = 1,
    .operands_max = OPERANDS_MANY,
    .run = run,
};
