#include "label/pdf.h"

#include "format/pdf_info.h"
#include "label/splice.h"
#include "label/xmp.h"

static int open_pdf(const struct rms_reader *file, struct rms_qpdf **doc_out)
{
    int code = rms_qpdf_open(file, RMS_QPDF_CLEAR, doc_out);

    return code == RMS_E_DAMAGED ? RMS_E_UNSUPPORTED : code;
}

static int take(void *context, const char *key, const char *value)
{
    int code = rms_label_key(key) ? rms_label_pairs_put(context, key, value) : 0;

    return code == RMS_E_LIMIT ? 0 : code;
}

/* The packet counts when the information says nothing. */
static int add_packet(struct rms_qpdf *doc, struct rms_label_pairs *pairs)
{
    struct rms_buf RMS_BUF_CLEANUP packet = RMS_BUF_INIT(RMS_XMP_MAX);
    struct rms_label_pairs more = RMS_LABEL_PAIRS(pairs->arena);
    int code = rms_pdf_info_packet(doc, &packet);

    code = code == 0 ? rms_label_xmp_read(rms_buf_view(&packet), RMS_XMP_PDFX, &more) : code;
    if (code != 0) {
        return code == RMS_E_NO_MEMORY ? code : 0; /* other people's XMP is nothing to stumble over */
    }
    if (pairs->count == 0) {
        *pairs = more;
    }
    return 0;
}

int rms_label_pdf_read(int fd, struct rms_label_pairs *pairs)
{
    struct rms_qpdf RMS_QPDF_CLEANUP *doc = NULL;
    struct rms_reader file;

    RMS_TRY(rms_reader_of_fd(&fd, &file));
    RMS_TRY(open_pdf(&file, &doc));
    RMS_TRY(rms_pdf_info_each(doc, take, pairs));
    return add_packet(doc, pairs);
}

/* "" when there is none, or none that exempi understands: then it stays as it is. */
static int new_packet(struct rms_qpdf *doc, const struct rms_label_pairs *pairs, struct rms_buf *out)
{
    struct rms_buf RMS_BUF_CLEANUP old = RMS_BUF_INIT(RMS_XMP_MAX);
    int code = rms_pdf_info_packet(doc, &old);

    code = code == 0 ? rms_label_xmp_write(rms_buf_view(&old), RMS_XMP_PDFX, pairs, out) : code;
    return code == RMS_E_NO_MEMORY ? code : 0;
}

int rms_label_pdf_update(
    const struct rms_reader *file, const struct rms_label_pairs *pairs, struct rms_buf *out)
{
    struct rms_buf RMS_BUF_CLEANUP packet = RMS_BUF_INIT(2 * RMS_XMP_MAX);
    struct rms_qpdf RMS_QPDF_CLEANUP *doc = NULL;
    struct rms_pdf_entry *entries = rms_arena_array(pairs->arena, pairs->count + 1, sizeof *entries);
    struct rms_pdf_info change = {.replaced = rms_label_key, .entries = entries, .count = pairs->count};

    if (entries == NULL) {
        return RMS_E_NO_MEMORY;
    }
    for (size_t i = 0; i < pairs->count; i++) {
        entries[i] = (struct rms_pdf_entry){pairs->items[i].key, pairs->items[i].value};
    }
    RMS_TRY(open_pdf(file, &doc));
    RMS_TRY(new_packet(doc, pairs, &packet));
    change.packet = rms_buf_view(&packet);
    return rms_pdf_info_update(doc, file, &change, out);
}

int rms_label_pdf_write(int fd, int out, const struct rms_label_pairs *pairs)
{
    struct rms_buf RMS_BUF_CLEANUP update = RMS_BUF_INIT(RMS_LABEL_PDF_MAX);
    struct rms_reader file;

    RMS_TRY(rms_reader_of_fd(&fd, &file));
    RMS_TRY(rms_label_pdf_update(&file, pairs, &update));
    return rms_splice(fd, out, &(struct rms_splice){file.size, 0, rms_buf_view(&update)}, 1);
}
