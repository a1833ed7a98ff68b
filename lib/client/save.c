#include "client/save.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "client/beside.h"
#include "client/context.h"
#include "client/crypt.h"
#include "client/eul.h"
#include "client/identity.h"
#include "client/refusal.h"
#include "client/source.h"
#include "client/target.h"
#include "crypto/digest.h"
#include "format/office.h"
#include "label/propset.h"

#define MAGIC    "OpenRMS.Saved 1\n"
#define INFO     RMS_VIEW_LITERAL("OpenRMS saved content")
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
    const struct rms_part *part = &opened->container.note;
    struct rms_buf RMS_BUF_CLEANUP right = RMS_BUF_INIT(NOTE_MAX);
    uint8_t note[NOTE_MAX];
    size_t len;

    if (part->len < strlen(MAGIC)) {
        return 0;
    }
    RMS_TRY(rms_reader_at(&part->reader, part->offset, note, strlen(MAGIC)));
    if (memcmp(note, MAGIC, strlen(MAGIC)) != 0) {
        return 0; /* somebody else's metadata */
    }
    len = part->len < sizeof note ? (size_t)part->len : sizeof note;
    RMS_TRY(rms_reader_at(&part->reader, part->offset, note, len));
    RMS_TRY(write_note(opened->access, claimed_size(rms_view_of(note, len)), &right));
    if (right.len > len || !rms_equal_ct(right.data, note, right.len)) { /* a label may follow */
        return RMS_E_BAD_SIGNATURE;
    }
    *size_out = claimed_size(rms_view_of(note, len));
    return 0;
}

/* --- the new content under the old licence --- */

struct saving {
    struct rms_context *context;
    struct rms_opened *opened;
    struct rms_sealer *sealer; /* NULL: the document has no seal */
    struct rms_reader edited;
    const struct rms_reader *before; /* the protected file as it was */
    struct rms_writer out;
    unsigned threads;
};

static int may_save(const struct saving *saving)
{
    enum rms_container_kind kind = saving->opened->container.kind;

    if (!rms_rights_allow(&saving->opened->access->rights, RMS_RIGHT_EDIT)) {
        rms_refusal_note(saving->context, saving->opened->access, "EDIT");
        return rms_fail(saving->context, RMS_E_NO_RIGHTS, "saving needs the right EDIT");
    }
    if (kind == RMS_CONTAINER_PDF || kind == RMS_CONTAINER_MESSAGE ||
        (kind == RMS_CONTAINER_PFILE && saving->opened->access->key.mode != RMS_MODE_CBC4K)) {
        return rms_fail(saving->context, RMS_E_UNSUPPORTED, "documents of this form are only read");
    }
    return 0;
}

static int may_embed(const struct saving *saving)
{
    enum rms_container_kind kind = saving->opened->container.kind;

    return kind == RMS_CONTAINER_PACKAGE || kind == RMS_CONTAINER_BINARY
               ? 0
               : rms_fail(saving->context, RMS_E_UNSUPPORTED, "only Office documents carry use licences");
}

/* What stands in clear beside an Office document's content comes with the content in the older form, and
 * stays in the newer. What is edited must fit the form. */
static int choose_beside(
    const struct saving *saving, struct rms_container_request *request, struct rms_buf *summary)
{
    enum rms_container_kind kind;

    if (request->kind == RMS_CONTAINER_PFILE) {
        return 0;
    }
    RMS_TRY(rms_office_kind(&saving->edited, &kind));
    if (kind != request->kind) {
        return rms_fail(saving->context, RMS_E_BAD_ARGUMENT, "what was edited is a document of another form");
    }
    request->beside = kind == RMS_CONTAINER_BINARY ? &saving->edited : saving->before;
    if (kind == RMS_CONTAINER_BINARY) {
        RMS_TRY(rms_beside_summary(&saving->edited, summary));
        request->summary = rms_buf_view(summary);
    }
    return 0;
}

static int write_content(const struct saving *saving, const struct rms_container_out *out)
{
    struct rms_crypt_job job = {
        .context = saving->context,
        .in = saving->edited,
        .in_len = saving->edited.size,
        .out = out->stream,
        .out_offset = out->content_offset,
        .encrypt = &saving->opened->access->key,
        .hashes = saving->sealer != NULL ? saving->sealer->hashes : NULL,
        .hashed_len = saving->sealer != NULL ? saving->sealer->seal.content_len : 0,
        .clear_size = UINT64_MAX,
        .threads = saving->threads,
    };
    uint64_t written;

    RMS_TRY(rms_crypt_run(&job, &written));
    return job.hashes == NULL || written == job.hashed_len ? 0 : RMS_E_FILE_CHANGED;
}

static int finish(const struct saving *saving, struct rms_container_out *out)
{
    struct rms_buf RMS_BUF_CLEANUP seal = RMS_BUF_INIT(SIZE_MAX);

    if (saving->sealer != NULL) {
        RMS_TRY(rms_sealer_end(saving->sealer, &seal));
    }
    return rms_container_finish(out, rms_buf_view(&seal));
}

static int write_file(const struct saving *saving)
{
    struct rms_buf RMS_BUF_CLEANUP note = RMS_BUF_INIT(NOTE_MAX);
    struct rms_buf RMS_BUF_CLEANUP summary = RMS_BUF_INIT(RMS_PROPSET_MAX);
    struct rms_container_request request = {
        .kind = saving->opened->container.kind,
        .extension = saving->opened->container.extension,
        .licence = saving->opened->access->text,
        .size = saving->edited.size,
    };
    struct rms_buf RMS_BUF_CLEANUP stream = RMS_BUF_INIT(RMS_EUL_MAX);
    struct rms_container_out out;
    struct rms_eul eul;
    int status;

    RMS_TRY(rms_eul_make(saving->opened, &stream, &eul));
    request.eul = &eul;
    RMS_TRY(choose_beside(saving, &request, &summary));
    RMS_TRY(write_note(saving->opened->access, saving->edited.size, &note));
    request.note = rms_buf_view(&note);
    request.seal_len = saving->sealer != NULL ? rms_sealer_len(saving->sealer) : 0;
    RMS_TRY(rms_container_begin(&request, &saving->out, &out));
    status = write_content(saving, &out);
    if (status == 0) {
        status = finish(saving, &out);
    }
    rms_container_abort(&out);
    return status;
}

/* The editor seals anew: his use licence is the proof that he may. */
static int write_sealed(struct saving *saving)
{
    struct rms_identity RMS_IDENTITY_CLEANUP *identity = NULL;
    struct rms_sealer RMS_SEALER_CLEANUP sealer = {0};
    struct rms_access *access = saving->opened->access;
    const struct rms_sealer_about about = {
        .kind = saving->opened->container.kind,
        .mode = access->key.mode,
        .clear_size = saving->edited.size,
        .licence = access->text,
        .content_id = access->pl.content_id,
    };

    RMS_TRY(rms_access_prove(saving->context, access));
    RMS_TRY(rms_identity_get(saving->context, RMS_FOR_OPENING, &identity));
    RMS_TRY(rms_sealer_begin(&about, &sealer));
    sealer.editor = identity->user_key;
    sealer.seal.proof = access->use_chain;
    saving->sealer = &sealer;
    return write_file(saving);
}

/* Nothing but the person's use licence is new; the seal holds as before. */
static int embed(const struct saving *saving)
{
    struct rms_buf RMS_BUF_CLEANUP stream = RMS_BUF_INIT(RMS_EUL_MAX);
    struct rms_eul eul;

    RMS_TRY(rms_access_prove(saving->context, saving->opened->access));
    RMS_TRY(rms_eul_make(saving->opened, &stream, &eul));
    return eul.stream.len > 0 ? rms_office_embed(&eul, &saving->out)
                              : rms_fail(saving->context, RMS_E_UNSUPPORTED,
                                    "there is no licence to put into the document: its author needs none, "
                                    "and one that must not be kept is not kept there either");
}

static int write_all(struct saving *saving)
{
    if (saving->edited.read == NULL) {
        return embed(saving);
    }
    return saving->opened->sealed.present ? write_sealed(saving) : write_file(saving);
}

static int told(const struct saving *saving, int status, const char *path)
{
    return status == 0 || rms_last_detail(saving->context)[0] != '\0'
               ? status
               : rms_fail(saving->context, status, "%s", path);
}

/* --- in the place of a file --- */

/* The file that is going to be replaced must be the document that is open: else its own would be lost. */
static int check_target(const struct saving *saving, const struct rms_reader *file, const char *path)
{
    struct rms_buf RMS_BUF_CLEANUP licence = RMS_BUF_INIT(RMS_PFILE_LICENCE_MAX);
    struct rms_container RMS_CONTAINER_CLEANUP container = {0};
    int status = rms_container_open(file, &container);

    if (status == 0) {
        status = rms_container_licence(&container, &licence);
    }
    if (status == RMS_E_NO_MEMORY || status == RMS_E_IO) {
        return status;
    }
    return status == 0 && rms_view_equal(rms_buf_view(&licence), saving->opened->access->text)
               ? 0
               : rms_fail(saving->context, RMS_E_BAD_ARGUMENT, "%s is not the document that is open", path);
}

struct places {
    struct rms_file_source edited, before;
    struct rms_target result; /* of which only the output counts: the name is known */
};

static int replace(struct saving *saving, struct places *places)
{
    int status;

    saving->edited = places->edited.reader;
    saving->before = &places->before.reader;
    saving->threads = rms_crypt_threads();
    status = rms_file_output_open(&places->result.output, places->before.path);
    if (status == 0) {
        saving->out = rms_target_writer(&places->result);
        status = write_all(saving);
    }
    if (status == 0) {
        status = rms_file_output_like(&places->result.output, places->before.fd);
    }
    RMS_TRY(told(saving, status, places->before.path));
    if (places->edited.fd >= 0) {
        RMS_TRY(rms_source_unchanged(saving->context, &places->edited));
    }
    RMS_TRY(rms_source_unchanged(saving->context, &places->before));
    return rms_file_output_commit(&places->result.output, true);
}

static int save(struct saving *saving, const char *edited, const char *path, struct places *places)
{
    bool skipped;

    RMS_TRY(edited != NULL ? may_save(saving) : 0);
    RMS_TRY(rms_source_open(saving->context, path, true, &places->before, &skipped));
    RMS_TRY(check_target(saving, &places->before.reader, path));
    RMS_TRY(edited != NULL ? rms_source_open(saving->context, edited, false, &places->edited, &skipped)
                           : may_embed(saving));
    return replace(saving, places);
}

/* edited NULL: only the person's licence is put there. */
static int save_at(struct rms_document *document, const char *edited, const char *path)
{
    struct places places = {.edited.fd = -1, .before.fd = -1, .result.output.fd = -1};
    struct saving saving;
    int status;

    if (!rms_handle_is(document, RMS_HANDLE_DOCUMENT)) {
        return RMS_E_BAD_ARGUMENT;
    }
    saving = (struct saving){
        .context = rms_document_context(document),
        .opened = rms_document_opened(document),
    };
    RMS_TRY(rms_call_begin(saving.context));
    if (path == NULL) {
        return rms_fail(saving.context, RMS_E_BAD_ARGUMENT, "no file is named");
    }
    status = save(&saving, edited, path, &places);
    rms_file_output_abort(&places.result.output);
    rms_source_close(&places.edited);
    rms_source_close(&places.before);
    return status;
}

int rms_document_save(struct rms_document *document, const char *edited, const char *path)
{
    return save_at(document, edited, edited != NULL ? path : NULL);
}

int rms_document_embed_license(struct rms_document *document, const char *path)
{
    return save_at(document, NULL, path);
}

/* --- to wherever the application wants it --- */

static int write_fd(void *context, uint64_t offset, const void *data, size_t len)
{
    return rms_fd_pwrite_all(*(const int *)context, data, len, offset);
}

int rms_document_save_to(struct rms_document *document, const struct rms_source *edited, int fd)
{
    struct rms_source source;
    struct saving saving;

    if (!rms_handle_is(document, RMS_HANDLE_DOCUMENT)) {
        return RMS_E_BAD_ARGUMENT;
    }
    saving = (struct saving){
        .context = rms_document_context(document),
        .opened = rms_document_opened(document),
        .before = rms_document_reader(document),
        .out = {&fd, write_fd, false},
        .threads = 1,
    };
    RMS_TRY(rms_call_begin(saving.context));
    if (edited == NULL || edited->read == NULL || edited->size == UINT64_MAX) {
        return rms_fail(saving.context, RMS_E_BAD_ARGUMENT, "the source has no reader or no size");
    }
    if (fd < 0 || lseek(fd, 0, SEEK_END) != 0) {
        return rms_fail(saving.context, RMS_E_BAD_ARGUMENT, "the output is no empty file");
    }
    source = *edited;
    saving.edited = rms_document_source_reader(&source);
    RMS_TRY(may_save(&saving));
    return told(&saving, write_all(&saving), "the output");
}
