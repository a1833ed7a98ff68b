#include "format/container.h"

#include "format/carrier.h"
#include "format/kind.h"
#include "format/mime.h"
#include "format/office.h"
#include "format/rpmsg.h"

#define HEAD_MAX (16u * 1024 * 1024)

/* --- pfile ------------------------------------------------------------------------------------------------
 */

static int open_pfile(const struct rms_reader *file, struct rms_container *container)
{
    struct rms_pfile pfile;

    RMS_TRY(rms_pfile_parse(file, &pfile));
    *container = (struct rms_container){
        .kind = RMS_CONTAINER_PFILE,
        .major = pfile.major,
        .original_size = pfile.original_size,
        .licence = {*file, pfile.licence_offset, pfile.licence_len},
        .content = {*file, pfile.content_offset, pfile.content_len},
        .seal = {*file, pfile.seal_offset, pfile.seal_len},
        .note = {*file, pfile.metadata_offset, pfile.metadata_len},
    };
    memcpy(container->extension, pfile.extension, sizeof container->extension);
    return 0;
}

static int begin_pfile(
    const struct rms_container_request *request, const struct rms_writer *file, struct rms_container_out *out)
{
    struct rms_buf RMS_BUF_CLEANUP head = RMS_BUF_INIT(HEAD_MAX);
    struct rms_buf RMS_BUF_CLEANUP metadata = RMS_BUF_INIT(RMS_PFILE_METADATA_MAX);
    struct rms_pfile_request parts = {
        request->extension, request->licence, {NULL, 0}, request->size, request->seal_len};

    rms_buf_append_view(&metadata, request->note); /* first: whoever reads it looks there */
    rms_buf_append_view(&metadata, request->metadata);
    RMS_TRY(rms_buf_status(&metadata));
    parts.metadata = rms_buf_view(&metadata);
    RMS_TRY(rms_pfile_emit(&parts, &head));
    out->stream = *file;
    out->seal_offset = head.len;
    out->content_offset = head.len + request->seal_len;
    return file->write(file->context, 0, head.data, head.len);
}

/* --- PDF --------------------------------------------------------------------------------------------------
 */

static int read_seal(void *context, uint64_t offset, void *buffer, size_t len)
{
    memcpy(buffer, rms_pdf_seal(context).data + offset, len);
    return 0;
}

static void take_pdf_parts(struct rms_container *container)
{
    const struct rms_reader payload = rms_pdf_payload(container->pdf);
    uint64_t len = rms_pdf_seal(container->pdf).len;

    container->content = (struct rms_part){payload, 0, payload.size};
    container->seal = (struct rms_part){{container->pdf, len, read_seal}, 0, len};
}

static int open_pdf(const struct rms_reader *file, struct rms_container *container)
{
    RMS_TRY(rms_pdf_open(file, &container->pdf));
    container->keeps_name = true;
    take_pdf_parts(container);
    container->major = rms_pdf_version(container->pdf);
    container->original_size = RMS_PFILE_SIZE_UNKNOWN;
    return 0;
}

/* --- the table --------------------------------------------------------------------------------------------
 */

static const struct {
    enum rms_container_kind kind;
    int (*open)(const struct rms_reader *file, struct rms_container *container);
} readers[] = {
    {RMS_CONTAINER_PFILE, open_pfile},
    {RMS_CONTAINER_MESSAGE, rms_rpmsg_open},
    {RMS_CONTAINER_PACKAGE, rms_office_open}, /* tells the two kinds of Office files itself */
    {RMS_CONTAINER_MESSAGE, rms_outlook_carrier_open},
    {RMS_CONTAINER_PDF, open_pdf},
    {RMS_CONTAINER_MESSAGE, rms_mime_carrier_open},
};

static const struct {
    int (*begin)(const struct rms_container_request *request, const struct rms_writer *file,
        struct rms_container_out *out);
    int (*form)(struct rms_view licence, struct rms_buf *out); /* NULL: as it is */
} writers[] = {
    [RMS_CONTAINER_PFILE] = {begin_pfile, NULL},
    [RMS_CONTAINER_PACKAGE] = {rms_office_begin, rms_ds_licence},
    [RMS_CONTAINER_BINARY] = {rms_office_begin, rms_ds_licence},
    [RMS_CONTAINER_PDF] = {NULL, NULL}, /* rms_pdf_protect */
    [RMS_CONTAINER_MESSAGE] = {rms_rpmsg_begin, rms_ds_licence},
};

int rms_container_open(const struct rms_reader *file, struct rms_container *container_out)
{
    int status = RMS_E_NOT_PROTECTED;

    for (size_t i = 0; i < sizeof readers / sizeof readers[0] && status == RMS_E_NOT_PROTECTED; i++) {
        *container_out = (struct rms_container){.kind = readers[i].kind};
        status = readers[i].open(file, container_out);
    }
    return status;
}

bool rms_container_looks(struct rms_view head)
{
    const struct rms_reader reader = rms_reader_of_view(&head);

    return rms_pfile_looks(&reader) || rms_rpmsg_looks(&reader) || rms_cfb_looks(&reader) ||
           rms_pdf_looks(&reader) || rms_mime_looks(&reader);
}

void rms_container_close(struct rms_container *container)
{
    rms_cfb_close(&container->cfb);
    rms_pdf_close(&container->pdf);
    rms_rpmsg_close(&container->rpmsg);
}

int rms_container_licence(const struct rms_container *container, struct rms_buf *out)
{
    const struct rms_part *part = &container->licence;
    uint8_t *place;

    if (container->pdf != NULL) {
        rms_buf_append_view(out, rms_pdf_licence(container->pdf));
        return rms_buf_status(out);
    }
    place = rms_buf_reserve(out, (size_t)part->len);
    if (place == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_reader_at(&part->reader, part->offset, place, (size_t)part->len));
    rms_buf_commit(out, (size_t)part->len);
    return 0;
}

const char *rms_container_extension(const struct rms_container *container, const char *name)
{
    return container->keeps_name ? rms_kind_extension(name) : container->extension;
}

enum rms_cipher_mode rms_container_mode(
    enum rms_container_kind kind, unsigned major, enum rms_cipher_mode mode)
{
    if (kind == RMS_CONTAINER_PFILE) {
        /* protected-file-formats 4.3 rule 5: old containers say ECB and mean CBC4K */
        return mode == RMS_MODE_ECB && major <= 2 ? RMS_MODE_CBC4K : mode;
    }
    if (kind == RMS_CONTAINER_PDF) {
        return mode;
    }
    /* 5.6: no padding, the stream begins with the size */
    return mode == RMS_MODE_CBC4K ? RMS_MODE_CBC4K_NOPAD : mode;
}

int rms_container_form(enum rms_container_kind kind, struct rms_view licence, struct rms_buf *out)
{
    if (writers[kind].form != NULL) {
        return writers[kind].form(licence, out);
    }
    rms_buf_append_view(out, licence);
    return rms_buf_status(out);
}

int rms_container_begin(
    const struct rms_container_request *request, const struct rms_writer *file, struct rms_container_out *out)
{
    int status;

    *out = (struct rms_container_out){.file = *file, .request = *request};
    status = writers[request->kind].begin(request, file, out);
    if (status != 0) {
        rms_container_abort(out);
    }
    return status;
}

int rms_container_finish(struct rms_container_out *out, struct rms_view seal)
{
    int status = 0;

    if (seal.len != out->request.seal_len) {
        status = RMS_E_INTERNAL;
    } else if (out->office != NULL) {
        status = rms_office_finish(out, seal);
    } else if (seal.len > 0) {
        status = out->file.write(out->file.context, out->seal_offset, seal.data, seal.len);
    }
    if (status == 0 && out->rpmsg != NULL) {
        status = rms_rpmsg_finish(out);
    }
    rms_container_abort(out);
    return status;
}

void rms_container_abort(struct rms_container_out *out)
{
    rms_cfb_writer_free(&out->office);
    rms_rpmsg_close(&out->rpmsg);
}
