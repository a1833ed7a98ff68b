#include "client/beside.h"

#include "client/label.h"
#include "format/cfb.h"
#include "label/ooxml.h"
#include "label/pdf.h"
#include "label/pfile.h"
#include "label/propset.h"

#define ARENA_MAX (64u * 1024 * 1024)

void rms_beside_fini(struct rms_beside *beside)
{
    rms_buf_fini(&beside->summary);
    rms_buf_fini(&beside->document);
    rms_buf_fini(&beside->metadata);
}

/* Nothing to say, unless memory is short. */
static int passed_over(int code)
{
    return code == RMS_E_NO_MEMORY ? code : 0;
}

static int take_package(int fd, struct rms_label_pairs *pairs, struct rms_beside *beside)
{
    const char *title, *author;
    int code = rms_label_ooxml_about(fd, pairs, &title, &author);

    if (code != 0) {
        return passed_over(code);
    }
    if (title[0] != '\0' || author[0] != '\0') {
        code = rms_propset_summary(title, author, &beside->summary);
    }
    if (code == 0 && pairs->count > 0) {
        code = rms_propset_write(rms_view_of(NULL, 0), pairs, &beside->document);
    }
    return passed_over(code);
}

static int take_pfile(
    const struct rms_file_source *source, struct rms_label_pairs *pairs, struct rms_beside *beside)
{
    int code = rms_label_pairs_of(source->name, source->fd, pairs);

    code = code == 0 ? rms_label_pfile_metadata(pairs, &beside->metadata) : code;
    return passed_over(code);
}

int rms_beside_summary(const struct rms_reader *document, struct rms_buf *out)
{
    struct rms_buf RMS_BUF_CLEANUP old = RMS_BUF_INIT(RMS_PROPSET_MAX);
    struct rms_cfb RMS_CFB_CLEANUP *cfb = NULL;
    uint32_t index;
    int code = rms_cfb_open(document, &cfb);

    code = code == 0 ? rms_cfb_find(cfb, RMS_CFB_ROOT, RMS_PROPSET_SUMMARY, &index) : code;
    code = code == 0 ? rms_cfb_read(cfb, index, &old) : code;
    code = code == 0 ? rms_propset_summary_of(rms_buf_view(&old), out) : code;
    if (code != 0) {
        rms_buf_reset(out);
    }
    return passed_over(code);
}

int rms_beside_take(
    const struct rms_work *work, struct rms_beside *beside, struct rms_container_request *request)
{
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA_MAX);
    struct rms_label_pairs pairs = RMS_LABEL_PAIRS(arena);

    *beside = (struct rms_beside){
        RMS_BUF_INIT(RMS_PROPSET_MAX), RMS_BUF_INIT(RMS_PROPSET_MAX), RMS_BUF_INIT(RMS_PFILE_METADATA_MAX)};
    if (arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    if (request->kind == RMS_CONTAINER_PFILE) {
        RMS_TRY(take_pfile(&work->source, &pairs, beside));
    } else if (request->kind == RMS_CONTAINER_PACKAGE) {
        RMS_TRY(take_package(work->source.fd, &pairs, beside));
    } else if (request->kind == RMS_CONTAINER_BINARY) {
        RMS_TRY(rms_beside_summary(request->beside, &beside->summary));
    }
    request->summary = rms_buf_view(&beside->summary);
    request->document = rms_buf_view(&beside->document);
    request->metadata = rms_buf_view(&beside->metadata);
    return 0;
}

int rms_beside_pdf(struct rms_work *work, uint64_t written)
{
    struct rms_arena RMS_ARENA_CLEANUP *arena = rms_arena_new(ARENA_MAX);
    struct rms_buf RMS_BUF_CLEANUP update = RMS_BUF_INIT(RMS_LABEL_PDF_MAX);
    const struct rms_reader made = rms_target_reader(&work->target, written);
    const struct rms_writer out = rms_target_writer(&work->target);
    struct rms_label_pairs pairs = RMS_LABEL_PAIRS(arena);
    int code;

    if (arena == NULL) {
        return RMS_E_NO_MEMORY;
    }
    code = rms_label_pairs_of(work->source.name, work->source.fd, &pairs);
    if (code != 0 || pairs.count == 0) {
        return passed_over(code);
    }
    RMS_TRY(rms_label_pdf_update(&made, &pairs, &update));
    return out.write(out.context, written, update.data, update.len);
}
