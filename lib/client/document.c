/* Opening for reading at random (rms_document_*). */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "client/context.h"
#include "client/opened.h"
#include "client/save.h"
#include "client/source.h"

/* Read and decrypted at a time; a multiple of every block size. More when the leaves of the seal are larger.
 */
#define WINDOW    (256u * 1024)
#define ARENA_MAX (1024u * 1024)

struct rms_document {
    enum rms_handle handle;
    struct rms_context *context;
    struct rms_arena *arena;
    struct rms_source source;    /* the caller's */
    struct rms_file_source file; /* ours, when opened by path */
    struct rms_reader reader;
    const char *name; /* of that file; "" when opened as a source */
    struct rms_opened opened;
    struct rms_content_cipher *cipher;
    struct rms_document_info info;
    uint64_t size;
    uint8_t *window;
    size_t room;        /* of it */
    uint64_t window_at; /* offset of its first byte in the content; UINT64_MAX when empty */
    size_t window_len;
};

struct rms_opened *rms_document_opened(struct rms_document *document)
{
    return &document->opened;
}

struct rms_context *rms_document_context(const struct rms_document *document)
{
    return document->context;
}

const struct rms_reader *rms_document_reader(const struct rms_document *document)
{
    return &document->reader;
}

/* --- reading --- */

static int read_source(void *context, uint64_t offset, void *buffer, size_t len)
{
    const struct rms_source *source = context;
    uint8_t *place = buffer;

    while (len > 0) {
        int64_t got = source->read(source->user_data, offset, place, len);

        if (got < 0) {
            return (int)got;
        }
        if (got == 0 || (uint64_t)got > len) {
            return RMS_E_DAMAGED;
        }
        place += got;
        offset += (uint64_t)got;
        len -= (size_t)got;
    }
    return 0;
}

struct rms_reader rms_document_source_reader(struct rms_source *source)
{
    return (struct rms_reader){source, source->size, read_source};
}

static int decrypt(struct rms_document *document, uint64_t at, bool last, size_t *len)
{
    const struct rms_tree *tree = rms_opened_tree(&document->opened);

    if (tree != NULL) {
        RMS_TRY(rms_tree_check(tree, at, rms_view_of(document->window, *len)));
    }
    return rms_content_decrypt(document->cipher, at / rms_content_block(document->cipher), document->window,
        *len, last, document->window, len);
}

static int fill(struct rms_document *document, uint64_t at)
{
    const struct rms_part *content = &document->opened.container.content;
    uint64_t left = content->len - at;
    size_t len = left < document->room ? (size_t)left : document->room;
    bool last = len == left;
    int status;

    document->window_at = UINT64_MAX;
    if (document->opened.clear.read != NULL) {
        left = document->size - at;
        len = left < document->room ? (size_t)left : document->room;
        RMS_TRY(rms_reader_at(&document->opened.clear, at, document->window, len));
        document->window_at = at;
        document->window_len = len;
        return 0;
    }
    RMS_TRY(rms_reader_at(&content->reader, content->offset + at, document->window, len));
    status = decrypt(document, at, last, &len);
    if (status != 0) {
        return rms_fail(document->context, status,
            status == RMS_E_BAD_SIGNATURE ? RMS_SEAL_BROKEN_TEXT : "the content is damaged");
    }
    if (at + len > document->size) {
        len = (size_t)(document->size - at);
    }
    document->window_at = at;
    document->window_len = len;
    return 0;
}

static int64_t read_some(struct rms_document *document, uint64_t offset, uint8_t *buffer, size_t len)
{
    uint64_t at = offset - offset % document->room;
    size_t inside = (size_t)(offset - at);

    if (document->window_at != at) {
        int status = fill(document, at);

        if (status != 0) {
            return status;
        }
    }
    if (inside >= document->window_len) {
        return 0;
    }
    len = len < document->window_len - inside ? len : document->window_len - inside;
    memcpy(buffer, document->window + inside, len);
    return (int64_t)len;
}

int64_t rms_document_read(struct rms_document *document, uint64_t offset, void *buffer, size_t len)
{
    size_t done = 0;
    int status;

    if (!rms_handle_is(document, RMS_HANDLE_DOCUMENT) || (buffer == NULL && len > 0)) {
        return RMS_E_BAD_ARGUMENT;
    }
    status = rms_call_begin(document->context);
    if (status != 0) {
        return status;
    }
    while (done < len && offset < document->size) {
        int64_t got = read_some(document, offset, (uint8_t *)buffer + done, len - done);

        if (got < 0) {
            return got;
        }
        if (got == 0) {
            break;
        }
        done += (size_t)got;
        offset += (uint64_t)got;
    }
    return (int64_t)done;
}

int rms_document_size(struct rms_document *document, uint64_t *size_out)
{
    if (!rms_handle_is(document, RMS_HANDLE_DOCUMENT) || size_out == NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    *size_out = document->size;
    return 0;
}

/* --- what it says --- */

bool rms_document_allows(const struct rms_document *document, const char *right)
{
    return rms_handle_is(document, RMS_HANDLE_DOCUMENT) && right != NULL &&
           rms_rights_allow_name(&document->opened.access->rights, right);
}

const struct rms_document_info *rms_document_info(const struct rms_document *document)
{
    return rms_handle_is(document, RMS_HANDLE_DOCUMENT) ? &document->info : NULL;
}

static const char *find(const struct rms_name_value *pairs, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(pairs[i].name, name) == 0) {
            return pairs[i].value;
        }
    }
    return NULL;
}

const char *rms_document_data(const struct rms_document *document, const char *name)
{
    const char *value;

    if (!rms_handle_is(document, RMS_HANDLE_DOCUMENT) || name == NULL) {
        return NULL;
    }
    value = find(document->opened.access->data, document->opened.access->data_count, name);
    return value != NULL ? value : rms_access_signed_data(document->opened.access, name);
}

struct names {
    const char **list;
    size_t count;
};

static void add_name(const char *name, void *context)
{
    struct names *names = context;

    if (names->list != NULL) {
        names->list[names->count] = name;
    }
    names->count++;
}

static int fill_info(struct rms_document *document)
{
    const struct rms_access *access = document->opened.access;
    struct names names = {NULL, 0};

    rms_rights_each(&access->rights, add_name, &names);
    names.list = rms_arena_array(document->arena, names.count + 1, sizeof *names.list);
    if (names.list == NULL) {
        return RMS_E_NO_MEMORY;
    }
    names.count = 0;
    rms_rights_each(&access->rights, add_name, &names);
    document->info = (struct rms_document_info){
        .name = access->name,
        .description = access->description,
        .template_id = access->template_id,
        .owner = access->owner,
        .issued_to = access->address,
        .referrer = access->referrer,
        .content_id = access->pl.content_id,
        .extension = rms_opened_extension(&document->opened, document->name),
        .rights = names.list,
        .content_valid_until = access->content_valid_until,
        .license_valid_until = access->licence_valid_until,
        .from_cache = access->from_cache,
        .is_owner = access->is_owner,
    };
    return 0;
}

bool rms_document_may_unprotect(const struct rms_document *document)
{
    return rms_handle_is(document, RMS_HANDLE_DOCUMENT) && rms_access_may_unprotect(document->opened.access);
}

/* --- opening and ending --- */

/* Whole leaves of the seal are read. */
static int make_window(struct rms_document *document)
{
    const struct rms_tree *tree = rms_opened_tree(&document->opened);
    size_t leaf = tree != NULL ? rms_tree_leaf(tree->content_len) : 0;

    document->room = leaf > WINDOW ? leaf : WINDOW;
    document->window = rms_malloc(document->room);
    return document->window != NULL ? 0 : RMS_E_NO_MEMORY;
}

static int open_content(struct rms_document *document)
{
    struct rms_opened *opened = &document->opened;
    int status = rms_container_open(&document->reader, &opened->container);

    if (status != 0) {
        return rms_fail(document->context, status, "the file cannot be opened");
    }
    RMS_TRY(rms_opened_licence(document->context, RMS_RIGHT_VIEW, opened));
    RMS_TRY(rms_opened_clear(document->context, opened));
    status = rms_opened_size(opened, &document->size);
    if (status != 0) {
        return rms_fail(document->context, status, "the content is damaged");
    }
    RMS_TRY(rms_content_cipher_new(
        opened->access->key.mode, rms_secret_view(opened->access->key.key), &document->cipher));
    RMS_TRY(make_window(document));
    return fill_info(document);
}

static int new_document(struct rms_context *context, struct rms_document **document_out)
{
    struct rms_document *document = rms_calloc(1, sizeof *document);

    *document_out = document;
    if (document == NULL) {
        return RMS_E_NO_MEMORY;
    }
    document->handle = RMS_HANDLE_DOCUMENT;
    document->context = context;
    document->name = "";
    document->file.fd = -1;
    document->window_at = UINT64_MAX;
    document->arena = rms_arena_new(ARENA_MAX);
    return document->arena != NULL ? 0 : RMS_E_NO_MEMORY;
}

int rms_document_open(
    struct rms_context *context, const struct rms_source *source, struct rms_document **document_out)
{
    struct rms_document *document = NULL;
    int status;

    if (document_out == NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    *document_out = NULL;
    RMS_TRY(rms_call_begin(context));
    if (source == NULL || source->read == NULL || source->size == UINT64_MAX) {
        return rms_fail(context, RMS_E_BAD_ARGUMENT, "the source has no reader or no size");
    }
    status = new_document(context, &document);
    if (status == 0) {
        document->source = *source;
        document->reader = rms_document_source_reader(&document->source);
        status = open_content(document);
    }
    if (status != 0) {
        rms_document_free(&document);
    }
    *document_out = document;
    return status;
}

static int read_file(void *context, uint64_t offset, void *buffer, size_t len)
{
    const struct rms_file_source *file = context;
    long got = rms_fd_pread_full(file->fd, buffer, len, offset);

    return got < 0 ? (int)got : ((size_t)got == len ? 0 : RMS_E_DAMAGED);
}

/* Links are followed here: nothing is written. */
static int open_file(struct rms_document *document, const char *path)
{
    struct rms_file_source *file = &document->file;

    file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file->fd < 0 || fstat(file->fd, &file->before) != 0) {
        return rms_fail(document->context, rms_error_from_errno(errno), "%s cannot be opened", path);
    }
    if (!S_ISREG(file->before.st_mode)) {
        return rms_fail(document->context, RMS_E_BAD_ARGUMENT, "%s is no regular file", path);
    }
    document->reader = (struct rms_reader){file, (uint64_t)file->before.st_size, read_file};
    document->name = rms_arena_strdup(document->arena, path);
    if (document->name == NULL) {
        return RMS_E_NO_MEMORY;
    }
    return open_content(document);
}

int rms_document_open_file(struct rms_context *context, const char *path, struct rms_document **document_out)
{
    struct rms_document *document = NULL;
    int status;

    if (document_out == NULL) {
        return RMS_E_BAD_ARGUMENT;
    }
    *document_out = NULL;
    RMS_TRY(rms_call_begin(context));
    if (!rms_path_usable(path)) {
        return rms_fail(context, RMS_E_BAD_ARGUMENT, "no file is named");
    }
    status = new_document(context, &document);
    if (status == 0) {
        status = open_file(document, path);
    }
    if (status != 0) {
        rms_document_free(&document);
    }
    *document_out = document;
    return status;
}

void rms_document_free(struct rms_document **document)
{
    struct rms_document *gone = document != NULL ? *document : NULL;

    if (!rms_handle_is(gone, RMS_HANDLE_DOCUMENT)) {
        return;
    }
    *document = NULL;
    gone->handle = 0;
    rms_content_cipher_free(&gone->cipher);
    rms_opened_fini(&gone->opened);
    rms_source_close(&gone->file);
    if (gone->window != NULL) {
        rms_wipe(gone->window, gone->room);
    }
    rms_free(gone->window);
    rms_arena_free(&gone->arena);
    rms_free(gone);
}
