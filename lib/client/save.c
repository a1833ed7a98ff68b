#include "client/save.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/file.h"
#include "base/text.h"
#include "client/context.h"
#include "client/crypt.h"
#include "client/source.h"
#include "client/target.h"
#include "crypto/digest.h"

#define MAGIC    "OpenRMS.Saved 1\n"
#define INFO     RMS_VIEW_LITERAL("OpenRMS saved content")
#define HEAD_MAX (16u * 1024 * 1024)
#define NOTE_MAX 256

/* --- the note --- */

/* "OpenRMS.Saved 1", the size, and a tag over content id and size, a line each. */
static int write_note(const struct rms_access *access, uint64_t size, struct rms_buf *out)
{
    struct rms_buf RMS_BUF_CLEANUP claim = RMS_BUF_INIT(NOTE_MAX);
    uint8_t key[RMS_SHA256_BYTES];
    uint8_t tag[RMS_SHA256_BYTES];

    rms_buf_printf(&claim, "%s\n%" PRIu64 "\n", access->pl.content_id, size);
    RMS_TRY(rms_buf_status(&claim));
    rms_hkdf_sha256(rms_secret_view(access->key.key), rms_view_of(NULL, 0), INFO, key, sizeof key);
    rms_hmac_sha256(rms_view_of(key, sizeof key), rms_buf_view(&claim), tag);
    rms_wipe(key, sizeof key);
    rms_buf_printf(out, MAGIC "%" PRIu64 "\n", size);
    for (size_t i = 0; i < sizeof tag; i++) {
        rms_buf_printf(out, "%02x", tag[i]);
    }
    rms_buf_append_byte(out, '\n');
    return rms_buf_status(out);
}

/* The number behind the magic; any other form than the one we write fails when the whole is compared. */
static uint64_t claimed_size(struct rms_view note)
{
    uint64_t size = 0;

    for (size_t i = strlen(MAGIC); i < note.len && note.data[i] >= '0' && note.data[i] <= '9'; i++) {
        size = size * 10 + (uint64_t)(note.data[i] - '0');
    }
    return size;
}

int rms_saved_size(const struct rms_opened *opened, uint64_t *size_out)
{
    const struct rms_reader *file = &opened->container.licence.reader;
    struct rms_buf RMS_BUF_CLEANUP right = RMS_BUF_INIT(NOTE_MAX);
    uint8_t note[NOTE_MAX];
    struct rms_pfile pfile;
    size_t len;

    if (opened->container.kind != RMS_CONTAINER_PFILE) {
        return 0;
    }
    RMS_TRY(rms_pfile_parse(file, &pfile));
    if (pfile.metadata_len < strlen(MAGIC)) {
        return 0;
    }
    RMS_TRY(rms_reader_at(file, pfile.metadata_offset, note, strlen(MAGIC)));
    if (memcmp(note, MAGIC, strlen(MAGIC)) != 0) {
        return 0; /* somebody else's metadata */
    }
    if (pfile.metadata_len > sizeof note) {
        return RMS_E_BAD_SIGNATURE;
    }
    len = (size_t)pfile.metadata_len;
    RMS_TRY(rms_reader_at(file, pfile.metadata_offset, note, len));
    RMS_TRY(write_note(opened->access, claimed_size(rms_view_of(note, len)), &right));
    if (right.len != len || !rms_equal_ct(right.data, note, len)) {
        return RMS_E_BAD_SIGNATURE;
    }
    *size_out = claimed_size(rms_view_of(note, len));
    return 0;
}

/* --- saving --- */

struct saving {
    struct rms_context *context;
    const struct rms_opened *opened;
    struct rms_file_source edited, target;
    struct rms_target result; /* of which only the output counts: the name is known */
};

/* The file that is going to be replaced must be the document that is open: else its own would be lost. */
static int check_target(struct saving *saving, const char *path)
{
    struct rms_buf RMS_BUF_CLEANUP licence = RMS_BUF_INIT(RMS_PFILE_LICENCE_MAX);
    struct rms_pfile pfile;
    bool skipped;
    int status;

    RMS_TRY(rms_source_open(saving->context, path, true, &saving->target, &skipped));
    status = rms_pfile_parse(&saving->target.reader, &pfile);
    if (status == 0) {
        status = rms_pfile_licence(&saving->target.reader, &pfile, &licence);
    }
    if (status == RMS_E_NO_MEMORY || status == RMS_E_IO) {
        return status;
    }
    return status == 0 && rms_view_equal(rms_buf_view(&licence), saving->opened->access->text)
               ? 0
               : rms_fail(saving->context, RMS_E_BAD_ARGUMENT, "%s is not the document that is open", path);
}

static int write_head(struct saving *saving, uint64_t *content_offset_out)
{
    struct rms_buf RMS_BUF_CLEANUP head = RMS_BUF_INIT(HEAD_MAX);
    struct rms_buf RMS_BUF_CLEANUP note = RMS_BUF_INIT(NOTE_MAX);
    struct rms_pfile_request request = {.extension = saving->opened->container.extension,
        .licence = saving->opened->access->text,
        .original_size = saving->edited.reader.size};

    RMS_TRY(write_note(saving->opened->access, saving->edited.reader.size, &note));
    request.metadata = rms_buf_view(&note);
    RMS_TRY(rms_pfile_emit(&request, &head));
    *content_offset_out = head.len;
    return rms_fd_write_all(saving->result.output.fd, head.data, head.len);
}

static int write_all(struct saving *saving, const char *path)
{
    struct rms_crypt_job job = {
        .context = saving->context,
        .in = saving->edited.reader,
        .out = rms_target_writer(&saving->result),
        .in_len = saving->edited.reader.size,
        .encrypt = &saving->opened->access->key,
        .clear_size = UINT64_MAX,
        .threads = rms_crypt_threads(),
    };
    uint64_t written;
    int status = rms_file_output_open(&saving->result.output, path);

    if (status == 0) {
        status = write_head(saving, &job.out_offset);
    }
    if (status == 0) {
        status = rms_crypt_run(&job, &written);
    }
    if (status == 0) {
        status = rms_file_output_like(&saving->result.output, saving->target.fd);
    }
    return status == 0 || rms_last_detail(saving->context)[0] != '\0'
               ? status
               : rms_fail(saving->context, status, "%s", path);
}

static int save(struct saving *saving, const char *edited, const char *path)
{
    bool skipped;

    if (!rms_rights_allow(&saving->opened->access->rights, RMS_RIGHT_EDIT)) {
        return rms_fail(saving->context, RMS_E_NO_RIGHTS, "saving needs the right EDIT");
    }
    if (saving->opened->container.kind != RMS_CONTAINER_PFILE ||
        saving->opened->access->key.mode != RMS_MODE_CBC4K) {
        return rms_fail(saving->context, RMS_E_UNSUPPORTED, "documents of this form are only read");
    }
    RMS_TRY(check_target(saving, path));
    RMS_TRY(rms_source_open(saving->context, edited, false, &saving->edited, &skipped));
    RMS_TRY(write_all(saving, path));
    RMS_TRY(rms_source_unchanged(saving->context, &saving->edited));
    RMS_TRY(rms_source_unchanged(saving->context, &saving->target));
    return rms_file_output_commit(&saving->result.output, true);
}

int rms_document_save(struct rms_document *document, const char *edited, const char *path)
{
    struct saving saving = {.edited.fd = -1, .target.fd = -1, .result.output.fd = -1};
    int status;

    if (!rms_handle_is(document, RMS_HANDLE_DOCUMENT)) {
        return RMS_E_BAD_ARGUMENT;
    }
    saving.context = rms_document_context(document);
    saving.opened = rms_document_opened(document);
    RMS_TRY(rms_call_begin(saving.context));
    if (edited == NULL || path == NULL) {
        return rms_fail(saving.context, RMS_E_BAD_ARGUMENT, "no file is named");
    }
    status = save(&saving, edited, path);
    rms_file_output_abort(&saving.result.output);
    rms_source_close(&saving.edited);
    rms_source_close(&saving.target);
    return status;
}
