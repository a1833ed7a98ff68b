#include "client/opened.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "client/context.h"
#include "client/issue.h"

void rms_opened_fini(struct rms_opened *opened)
{
    rms_access_free(&opened->access);
}

/* The header is not signed; our own licences sign what it says. */
static int check_container(struct rms_context *context, const struct rms_opened *opened)
{
    const char *extension = rms_access_signed_data(opened->access, RMS_DATA_EXTENSION);
    const char *size = rms_access_signed_data(opened->access, RMS_DATA_SIZE);
    char text[24];

    if (extension != NULL && strcmp(extension, opened->pfile.extension) != 0) {
        return rms_fail(context, RMS_E_BAD_SIGNATURE, "the file's header does not fit its licence");
    }
    if (size == NULL) {
        return 0;
    }
    (void)snprintf(text, sizeof text, "%" PRIu64, opened->pfile.original_size);
    if (opened->pfile.original_size != RMS_PFILE_SIZE_UNKNOWN && strcmp(size, text) != 0) {
        return rms_fail(context, RMS_E_BAD_SIGNATURE, "the file's header does not fit its licence");
    }
    return 0;
}

int rms_opened_licence(
    struct rms_context *context, const struct rms_reader *reader, uint32_t wanted, struct rms_opened *opened)
{
    struct rms_buf RMS_BUF_CLEANUP licence = RMS_BUF_INIT(RMS_PFILE_LICENCE_MAX);

    RMS_TRY(rms_pfile_licence(reader, &opened->pfile, &licence));
    RMS_TRY(rms_access_open(context, rms_buf_view(&licence), wanted, &opened->access));
    /* protected-file-formats 4.3 rule 5: old containers say ECB and mean CBC4K */
    if (opened->access->key.mode == RMS_MODE_ECB && opened->pfile.major <= 2) {
        opened->access->key.mode = RMS_MODE_CBC4K;
    }
    return check_container(context, opened);
}

/* Padded contents tell their size by the last block. */
static int padded_size(const struct rms_reader *reader, const struct rms_opened *opened, uint64_t *size_out)
{
    struct rms_content_cipher RMS_CONTENT_CLEANUP *cipher = NULL;
    uint8_t block[RMS_CONTENT_BLOCK];
    uint64_t len = opened->pfile.content_len;
    uint64_t index;
    size_t last;
    size_t clear;
    int status;

    if (len == 0 || len % 16 != 0) {
        return RMS_E_DAMAGED;
    }
    index = (len - 1) / RMS_CONTENT_BLOCK;
    last = (size_t)(len - index * RMS_CONTENT_BLOCK);
    RMS_TRY(
        rms_content_cipher_new(opened->access->key.mode, rms_secret_view(opened->access->key.key), &cipher));
    RMS_TRY(rms_reader_at(reader, opened->pfile.content_offset + index * RMS_CONTENT_BLOCK, block, last));
    status = rms_content_decrypt(cipher, index, block, last, true, block, &clear);
    rms_wipe(block, sizeof block);
    *size_out = index * RMS_CONTENT_BLOCK + clear;
    return status;
}

static int signed_size(const struct rms_opened *opened, uint64_t size)
{
    const char *text = rms_access_signed_data(opened->access, RMS_DATA_SIZE);
    char actual[24];

    (void)snprintf(actual, sizeof actual, "%" PRIu64, size);
    return text == NULL || strcmp(text, actual) == 0 ? 0 : RMS_E_DAMAGED;
}

int rms_opened_size(const struct rms_reader *reader, const struct rms_opened *opened, uint64_t *size_out)
{
    const struct rms_pfile *pfile = &opened->pfile;

    if (opened->access->key.mode == RMS_MODE_CBC4K) {
        RMS_TRY(padded_size(reader, opened, size_out));
    } else if (pfile->content_len % 16 != 0) {
        return RMS_E_DAMAGED;
    } else {
        /* without padding the container knows, or nobody does */
        *size_out = pfile->original_size < pfile->content_len ? pfile->original_size : pfile->content_len;
    }
    return signed_size(opened, *size_out);
}
