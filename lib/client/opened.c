#include "client/opened.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "client/context.h"
#include "client/identity.h"
#include "client/issue.h"
#include "client/save.h"
#include "format/office.h"

#define SIZE_TEXT 24

void rms_opened_fini(struct rms_opened *opened)
{
    if (opened->clear.read != NULL) {
        (void)close(opened->clear_fd);
        opened->clear.read = NULL;
    }
    rms_access_free(&opened->access);
    rms_container_close(&opened->container);
}

/* Of the content, as decimal text: what the licence signs, unless the document was saved since. false when
 * nobody vouches for one. */
static bool true_size(const struct rms_opened *opened, char out[SIZE_TEXT])
{
    const char *size = rms_access_signed_data(opened->access, RMS_DATA_SIZE);

    if (opened->saved_size != UINT64_MAX) {
        (void)snprintf(out, SIZE_TEXT, "%" PRIu64, opened->saved_size);
    } else if (size != NULL) {
        (void)snprintf(out, SIZE_TEXT, "%s", size);
    }
    return opened->saved_size != UINT64_MAX || size != NULL;
}

/* What the container says is not signed; our own licences sign it. */
static int check_container(struct rms_context *context, const struct rms_opened *opened)
{
    const struct rms_container *container = &opened->container;
    const char *extension = rms_access_signed_data(opened->access, RMS_DATA_EXTENSION);
    char size[SIZE_TEXT];
    char text[SIZE_TEXT];

    if (extension != NULL && !container->keeps_name && strcmp(extension, container->extension) != 0) {
        return rms_fail(context, RMS_E_BAD_SIGNATURE, "the file's header does not fit its licence");
    }
    if (!true_size(opened, size)) {
        return 0;
    }
    (void)snprintf(text, sizeof text, "%" PRIu64, container->original_size);
    if (container->original_size != RMS_PFILE_SIZE_UNKNOWN && strcmp(size, text) != 0) {
        return rms_fail(context, RMS_E_BAD_SIGNATURE, "the file's header does not fit its licence");
    }
    return 0;
}

/* A service we do not know vouches for its own licences alone, so that ours cannot be used on its files. */
static int check_seal(struct rms_context *context, struct rms_view licence, struct rms_opened *opened)
{
    struct rms_identity RMS_IDENTITY_CLEANUP *identity = NULL;
    struct rms_access *access = opened->access;
    struct rms_seal_case about = {access->arena, &opened->container, licence, &access->pl, {0}};
    int status;

    RMS_TRY(rms_identity_here(context, &identity));
    about.trust = access->licensor != NULL ? (struct rms_trust){.keys = access->licensor, .key_count = 1}
                                           : identity->trust;
    status = rms_sealed_open(&about, &opened->sealed);
    return status == 0 ? 0 : rms_fail(context, status, RMS_SEAL_BROKEN_TEXT);
}

const struct rms_tree *rms_opened_tree(const struct rms_opened *opened)
{
    return opened->sealed.present && !opened->sealed.whole ? &opened->sealed.tree : NULL;
}

int rms_opened_licence(struct rms_context *context, uint32_t wanted, struct rms_opened *opened)
{
    struct rms_buf RMS_BUF_CLEANUP licence = RMS_BUF_INIT(RMS_PFILE_LICENCE_MAX);
    int status;

    opened->saved_size = UINT64_MAX;
    RMS_TRY(rms_container_licence(&opened->container, &licence));
    RMS_TRY(rms_access_open(context, rms_buf_view(&licence), wanted, &opened->container, &opened->access));
    opened->access->key.mode =
        rms_container_mode(opened->container.kind, opened->container.major, opened->access->key.mode);
    RMS_TRY(check_seal(context, rms_buf_view(&licence), opened));
    status = rms_saved_size(opened, &opened->saved_size);
    if (status != 0) {
        return rms_fail(context, status, "what was saved does not fit its licence");
    }
    return check_container(context, opened);
}

/* Padded contents tell their size by the last block. */
static int padded_size(const struct rms_opened *opened, uint64_t *size_out)
{
    struct rms_content_cipher RMS_CONTENT_CLEANUP *cipher = NULL;
    uint8_t block[RMS_CONTENT_BLOCK];
    const struct rms_part *content = &opened->container.content;
    uint64_t len = content->len;
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
    RMS_TRY(rms_reader_at(&content->reader, content->offset + index * RMS_CONTENT_BLOCK, block, last));
    status = rms_content_decrypt(cipher, index, block, last, true, block, &clear);
    rms_wipe(block, sizeof block);
    *size_out = index * RMS_CONTENT_BLOCK + clear;
    return status;
}

static int signed_size(const struct rms_opened *opened, uint64_t size)
{
    char text[SIZE_TEXT];
    char actual[SIZE_TEXT];

    (void)snprintf(actual, sizeof actual, "%" PRIu64, size);
    return !true_size(opened, text) || strcmp(text, actual) == 0 ? 0 : RMS_E_DAMAGED;
}

int rms_opened_size(const struct rms_opened *opened, uint64_t *size_out)
{
    const struct rms_container *container = &opened->container;
    uint64_t len = container->content.len;

    if (container->pdf != NULL) {
        if (opened->clear.read == NULL) {
            return RMS_E_INTERNAL;
        }
        *size_out = opened->clear.size;
    } else if (opened->sealed.present) {
        *size_out = opened->sealed.clear_size;
    } else if (opened->access->key.mode == RMS_MODE_CBC4K) {
        RMS_TRY(padded_size(opened, size_out));
    } else if (len % 16 != 0) {
        return RMS_E_DAMAGED;
    } else {
        /* without padding the container knows, or nobody does */
        *size_out = container->original_size < len ? container->original_size : len;
    }
    return signed_size(opened, *size_out);
}

int rms_opened_decrypt(const struct rms_opened *opened, struct rms_crypt_job *job, uint64_t *written_out)
{
    const struct rms_part *content = &opened->container.content;
    uint64_t expected;

    job->in = content->reader;
    job->in_offset = content->offset;
    job->in_len = content->len;
    job->decrypt = &opened->access->key;
    job->sealed = rms_opened_tree(opened);
    job->clear_size = opened->container.original_size;
    RMS_TRY(rms_opened_size(opened, &expected));
    RMS_TRY(rms_crypt_run(job, written_out));
    return *written_out == expected ? 0 : RMS_E_DAMAGED;
}

bool rms_opened_is_whole(const struct rms_opened *opened)
{
    return rms_access_signed_data(opened->access, RMS_DATA_SIZE) != NULL ||
           !rms_office_has_beside(&opened->container);
}

int rms_opened_write_pdf(const struct rms_opened *opened, const struct rms_writer *out, uint64_t *written_out)
{
    struct rms_content_cipher RMS_CONTENT_CLEANUP *cipher = NULL;
    struct rms_pdf_job job = {.out = out};
    bool is_ours = rms_access_signed_data(opened->access, RMS_DATA_SIZE) != NULL;

    RMS_TRY(
        rms_content_cipher_new(opened->access->key.mode, rms_secret_view(opened->access->key.key), &cipher));
    job.cipher = cipher;
    RMS_TRY(rms_pdf_unprotect(opened->container.pdf, &job, is_ours, written_out));
    return signed_size(opened, *written_out);
}

static int read_clear(void *context, uint64_t offset, void *buffer, size_t len)
{
    const struct rms_opened *opened = context;
    long got = rms_fd_pread_full(opened->clear_fd, buffer, len, offset);

    return got < 0 ? (int)got : ((size_t)got == len ? 0 : RMS_E_DAMAGED);
}

static int write_clear(void *context, uint64_t offset, const void *data, size_t len)
{
    const struct rms_opened *opened = context;

    return rms_fd_pwrite_all(opened->clear_fd, data, len, offset);
}

int rms_opened_clear(struct rms_context *context, struct rms_opened *opened)
{
    const struct rms_writer out = {opened, write_clear, false};
    uint64_t size;
    int status;

    if (opened->container.pdf == NULL || opened->clear.read != NULL) {
        return 0;
    }
    opened->clear_fd = memfd_create("openrms", MFD_CLOEXEC);
    if (opened->clear_fd < 0) {
        return rms_error_from_errno(errno);
    }
    opened->clear = (struct rms_reader){opened, 0, read_clear};
    status = rms_opened_write_pdf(opened, &out, &size);
    if (status != 0) {
        return rms_fail(context, status, "the content is damaged");
    }
    opened->clear.size = size;
    return 0;
}

/* The name decides what opens the clear copy, so what a licence signed is better, when it is fit for one. */
const char *rms_opened_extension(const struct rms_opened *opened, const char *name)
{
    const char *signed_one = rms_access_signed_data(opened->access, RMS_DATA_EXTENSION);

    if (opened->container.keeps_name && signed_one != NULL &&
        rms_pfile_extension_valid(rms_view_str(signed_one))) {
        return signed_one;
    }
    return rms_container_extension(&opened->container, name);
}
