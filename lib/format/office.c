#include "format/office.h"

#include "base/cursor.h"
#include "base/text.h"
#include "format/placeholder.h"

#define SPACES     "\006DataSpaces"
#define PRIMARY    "\006Primary"
#define SMALL_MAX  (64u * 1024)                        /* a data-space stream but for the licence's */
#define STREAM_MAX (RMS_PFILE_LICENCE_MAX + SMALL_MAX) /* that one */
#define MAPS_MAX   8u
#define SIZE_BYTES 8u             /* in front of the content */
#define SEAL       "OpenRMSSeal"  /* as is this */
#define NOTE       "OpenRMSSaved" /* beside the transforms, where others look for names they know */
#define SUMMARY    "\005SummaryInformation"
#define EUL        "EUL-"
#define LABEL_INFO "LabelInfo" /* of others: the labels, beside the transforms */
#define EUL_HEAD   2048u       /* the person stands there */

static const struct layout {
    const char *content, *space, *transform;
} layouts[] = {
    [RMS_CONTAINER_PACKAGE] = {"EncryptedPackage", "DRMEncryptedDataSpace", "DRMEncryptedTransform"},
    [RMS_CONTAINER_BINARY] = {"\tDRMContent", "\tDRMDataSpace", "\tDRMTransform"},
};
#define LAYOUT_FIRST RMS_CONTAINER_PACKAGE
#define LAYOUT_LAST  RMS_CONTAINER_BINARY

/* --- reading ----------------------------------------------------------------------------------------------
 */

/* Something that must be there. */
static int find(struct rms_cfb *cfb, uint32_t storage, const char *name, uint32_t *index_out)
{
    int status = rms_cfb_find(cfb, storage, name, index_out);

    return status == RMS_E_NOT_FOUND ? RMS_E_DAMAGED : status;
}

static int read_small(struct rms_cfb *cfb, uint32_t storage, const char *name, struct rms_buf *out)
{
    uint32_t index;
    int status;

    RMS_TRY(find(cfb, storage, name, &index));
    status = rms_cfb_read(cfb, index, out);
    return status == RMS_E_LIMIT ? RMS_E_DAMAGED : status;
}

/* The kind whose content stream the map names, and its data space. */
static int read_map(
    struct rms_cfb *cfb, uint32_t spaces, enum rms_container_kind *kind_out, struct rms_ds_map *map_out)
{
    struct rms_buf RMS_BUF_CLEANUP stream = RMS_BUF_INIT(SMALL_MAX);
    struct rms_ds_map maps[MAPS_MAX];
    size_t count;

    RMS_TRY(read_small(cfb, spaces, "DataSpaceMap", &stream));
    RMS_TRY(rms_ds_parse_map(rms_buf_view(&stream), maps, MAPS_MAX, &count));
    for (size_t i = 0; i < count; i++) {
        for (int kind = LAYOUT_FIRST; kind <= LAYOUT_LAST; kind++) {
            if (strcmp(maps[i].content, layouts[kind].content) == 0) {
                *kind_out = (enum rms_container_kind)kind;
                *map_out = maps[i];
                return 0;
            }
        }
    }
    return RMS_E_NOT_PROTECTED;
}

/* The storage of the transform that encrypts the content of a data space. */
static int find_transform(struct rms_cfb *cfb, uint32_t spaces, const char *space, uint32_t *transform_out)
{
    struct rms_buf RMS_BUF_CLEANUP stream = RMS_BUF_INIT(SMALL_MAX);
    char name[RMS_DS_NAME_MAX];
    uint32_t storage;

    RMS_TRY(find(cfb, spaces, "DataSpaceInfo", &storage));
    RMS_TRY(read_small(cfb, storage, space, &stream));
    RMS_TRY(rms_ds_parse_space(rms_buf_view(&stream), name));
    RMS_TRY(find(cfb, spaces, "TransformInfo", &storage));
    return find(cfb, storage, name, transform_out);
}

static int take_licence(struct rms_container *container, uint32_t transform)
{
    struct rms_buf RMS_BUF_CLEANUP stream = RMS_BUF_INIT(STREAM_MAX);
    struct rms_ds_primary primary;
    uint32_t index;

    RMS_TRY(read_small(container->cfb, transform, PRIMARY, &stream));
    RMS_TRY(rms_ds_parse_primary(rms_buf_view(&stream), &primary));
    if (!primary.rights) {
        return RMS_E_NOT_PROTECTED; /* by a password, or by something unknown */
    }
    if (primary.licence.len > RMS_PFILE_LICENCE_MAX) {
        return RMS_E_DAMAGED;
    }
    RMS_TRY(find(container->cfb, transform, PRIMARY, &index));
    container->licence.offset = (uint64_t)(primary.licence.data - stream.data);
    container->licence.len = primary.licence.len;
    return rms_cfb_stream(container->cfb, index, &container->licence.reader);
}

/* The size of the clear content, then the cipher text: in whole cipher blocks, and no longer than the filling
 * of the last block of 4096 bytes explains (protected-file-formats 5.6). */
static int take_content(struct rms_container *container)
{
    struct rms_part *content = &container->content;
    uint8_t size[SIZE_BYTES] = {0};
    struct rms_cursor cursor = rms_cursor_of(rms_view_of(size, sizeof size));
    uint32_t index;

    RMS_TRY(find(container->cfb, RMS_CFB_ROOT, layouts[container->kind].content, &index));
    RMS_TRY(rms_cfb_stream(container->cfb, index, &content->reader));
    RMS_TRY(rms_reader_at(&content->reader, 0, size, sizeof size));
    content->offset = SIZE_BYTES;
    content->len = content->reader.size - SIZE_BYTES;
    container->original_size = rms_cursor_u64(&cursor);
    if (content->len % 16 != 0 || container->original_size > content->len ||
        content->len - container->original_size > RMS_CONTENT_BLOCK) {
        return RMS_E_DAMAGED;
    }
    return 0;
}

/* Note and seal; files that were never saved, and those of others, have none. */
static int take_extra(
    struct rms_container *container, uint32_t spaces, const char *name, struct rms_part *part_out)
{
    uint32_t storage;
    uint32_t index;
    int status;

    RMS_TRY(find(container->cfb, spaces, "TransformInfo", &storage));
    status = rms_cfb_find(container->cfb, storage, name, &index);
    if (status == RMS_E_NOT_FOUND) {
        return 0;
    }
    RMS_TRY(status);
    RMS_TRY(rms_cfb_stream(container->cfb, index, &part_out->reader));
    part_out->len = part_out->reader.size;
    return 0;
}

static int open_spaces(struct rms_container *container, uint32_t spaces)
{
    struct rms_buf RMS_BUF_CLEANUP version = RMS_BUF_INIT(SMALL_MAX);
    struct rms_ds_map map;
    uint32_t transform;

    RMS_TRY(read_map(container->cfb, spaces, &container->kind, &map));
    RMS_TRY(find_transform(container->cfb, spaces, map.space, &transform));
    container->transform = transform;
    RMS_TRY(take_licence(container, transform));
    RMS_TRY(take_extra(container, spaces, NOTE, &container->note));
    RMS_TRY(take_extra(container, spaces, SEAL, &container->seal));
    RMS_TRY(read_small(container->cfb, spaces, "Version", &version));
    RMS_TRY(rms_ds_parse_version(rms_buf_view(&version)));
    return take_content(container);
}

int rms_office_open(const struct rms_reader *file, struct rms_container *container)
{
    uint32_t spaces;
    int status;

    if (!rms_cfb_looks(file)) {
        return RMS_E_NOT_PROTECTED;
    }
    RMS_TRY(rms_cfb_open(file, &container->cfb));
    container->keeps_name = true;
    status = rms_cfb_find(container->cfb, RMS_CFB_ROOT, SPACES, &spaces);
    if (status == RMS_E_NOT_FOUND) {
        status = RMS_E_NOT_PROTECTED;
    } else if (status == 0) {
        status = open_spaces(container, spaces);
    }
    if (status != 0) {
        rms_container_close(container);
    }
    return status;
}

/* --- use licences in the file -----------------------------------------------------------------------------
 */

static bool is_eul(const struct rms_container *container, const struct rms_cfb_entry *entry)
{
    return !entry->storage && entry->parent == container->transform &&
           strncmp(entry->name, EUL, strlen(EUL)) == 0;
}

static bool is_of(const struct rms_container *container, uint32_t index, const char *user)
{
    char found[RMS_DS_USER_MAX];
    struct rms_reader stream;
    uint8_t head[EUL_HEAD];
    size_t len;

    if (rms_cfb_stream(container->cfb, index, &stream) != 0) {
        return false;
    }
    len = stream.size < sizeof head ? (size_t)stream.size : sizeof head;
    return rms_reader_at(&stream, 0, head, len) == 0 &&
           rms_ds_parse_eul_user(rms_view_of(head, len), found) == 0 && rms_text_equal_nocase(found, user);
}

int rms_office_eul(
    const struct rms_container *container, const char *user, uint32_t *at, struct rms_buf *licence_out)
{
    const struct rms_cfb_entry *entry;

    while ((entry = rms_cfb_entry(container->cfb, ++*at)) != NULL) {
        struct rms_buf RMS_BUF_CLEANUP stream = RMS_BUF_INIT(RMS_EUL_MAX);
        struct rms_view licence;

        if (is_eul(container, entry) && is_of(container, *at, user) &&
            rms_cfb_read(container->cfb, *at, &stream) == 0 &&
            rms_ds_parse_eul(rms_buf_view(&stream), &licence) == 0) {
            rms_buf_append_view(licence_out, licence);
            return rms_buf_status(licence_out);
        }
    }
    return RMS_E_NOT_FOUND;
}

/* --- clear documents --------------------------------------------------------------------------------------
 */

static uint32_t u32_at(const uint8_t *bytes)
{
    struct rms_cursor cursor = rms_cursor_of(rms_view_of(bytes, 4));

    return rms_cursor_u32(&cursor);
}

/* MS-DOC 2.5.2: fEncrypted of the FibBase. */
static bool word_locked(const struct rms_reader *stream)
{
    uint8_t head[12];

    return rms_reader_at(stream, 0, head, sizeof head) == 0 && (head[11] & 1) != 0;
}

/* MS-XLS 2.4.117: a FilePass record among the first of the workbook. */
static bool excel_locked(const struct rms_reader *stream)
{
    uint64_t at = 0;

    for (int i = 0; i < 64; i++) {
        uint8_t head[4];

        if (rms_reader_at(stream, at, head, sizeof head) != 0) {
            return false;
        }
        if (head[0] == 0x2f && head[1] == 0) {
            return true;
        }
        at += 4 + (uint64_t)(u32_at(head) >> 16);
    }
    return false;
}

/* MS-PPT 2.3.2: headerToken of the CurrentUserAtom. */
static bool powerpoint_locked(const struct rms_reader *stream)
{
    uint8_t head[16];

    return rms_reader_at(stream, 0, head, sizeof head) == 0 && u32_at(head + 12) == 0xf3d1c4dfu;
}

/* Streams that tell an application's document, and where its password shows. */
static const struct {
    const char *main, *telling;
    bool (*locked)(const struct rms_reader *stream);
} documents[] = {
    {"WordDocument", "WordDocument", word_locked},
    {"Workbook", "Workbook", excel_locked},
    {"Book", "Book", excel_locked},
    {"PowerPoint Document", "Current User", powerpoint_locked},
};

static int check_binary(struct rms_cfb *cfb, enum rms_container_kind *kind_out)
{
    static const char *const locks[] = {"EncryptionInfo", "EncryptedPackage", "encryption", SPACES};
    struct rms_reader stream;
    uint32_t index;

    for (size_t i = 0; i < sizeof locks / sizeof locks[0]; i++) {
        if (rms_cfb_find(cfb, RMS_CFB_ROOT, locks[i], &index) != RMS_E_NOT_FOUND) {
            return RMS_E_PASSWORD;
        }
    }
    for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++) {
        if (rms_cfb_find(cfb, RMS_CFB_ROOT, documents[i].main, &index) != 0) {
            continue;
        }
        *kind_out = RMS_CONTAINER_BINARY;
        RMS_TRY(find(cfb, RMS_CFB_ROOT, documents[i].telling, &index));
        RMS_TRY(rms_cfb_stream(cfb, index, &stream));
        return documents[i].locked(&stream) ? RMS_E_PASSWORD : 0;
    }
    return 0;
}

int rms_office_kind(const struct rms_reader *file, enum rms_container_kind *kind_out)
{
    struct rms_cfb RMS_CFB_CLEANUP *cfb = NULL;
    uint8_t head[4];

    *kind_out = RMS_CONTAINER_PFILE;
    if (rms_reader_at(file, 0, head, sizeof head) == 0 && memcmp(head, "PK\003\004", sizeof head) == 0) {
        *kind_out = RMS_CONTAINER_PACKAGE;
        return 0;
    }
    if (!rms_cfb_looks(file)) {
        return 0;
    }
    RMS_TRY(rms_cfb_open(file, &cfb));
    return check_binary(cfb, kind_out);
}

/* --- writing ----------------------------------------------------------------------------------------------
 */

static int put(struct rms_cfb_writer *writer, const char *name, int emitted, struct rms_buf *stream)
{
    RMS_TRY(emitted);
    RMS_TRY(rms_cfb_put(writer, name, rms_buf_view(stream)));
    rms_buf_reset(stream);
    return 0;
}

static int write_eul(struct rms_cfb_writer *writer, const struct rms_eul *eul)
{
    return eul->stream.len > 0 ? rms_cfb_put(writer, eul->name, eul->stream) : 0;
}

/* Those of other people stay as they are. */
static int write_euls(struct rms_cfb_writer *writer, const struct rms_eul *eul)
{
    const struct rms_container *others = eul->others;
    const struct rms_cfb_entry *entry;

    for (uint32_t i = 1; others != NULL && (entry = rms_cfb_entry(others->cfb, i)) != NULL; i++) {
        if (is_eul(others, entry) && !is_of(others, i, eul->user)) {
            RMS_TRY(rms_cfb_copy(writer, others->cfb, i));
        }
    }
    return write_eul(writer, eul);
}

/* A document that is saved keeps its labels. */
static int write_labels(struct rms_cfb_writer *writer, const struct rms_container *before)
{
    uint32_t index;
    int status = RMS_E_NOT_FOUND;

    if (before != NULL) {
        status = rms_cfb_find(
            before->cfb, rms_cfb_entry(before->cfb, before->transform)->parent, LABEL_INFO, &index);
    }
    return status == 0 ? rms_cfb_copy(writer, before->cfb, index) : (status == RMS_E_NOT_FOUND ? 0 : status);
}

static int write_spaces(
    struct rms_cfb_writer *writer, const struct rms_container_request *request, struct rms_view seal)
{
    const struct layout *layout = &layouts[request->kind];
    struct rms_buf RMS_BUF_CLEANUP stream = RMS_BUF_INIT(STREAM_MAX);

    RMS_TRY(rms_cfb_enter(writer, SPACES));
    RMS_TRY(put(writer, "Version", rms_ds_emit_version(&stream), &stream));
    RMS_TRY(put(writer, "DataSpaceMap", rms_ds_emit_map(layout->content, layout->space, &stream), &stream));
    RMS_TRY(rms_cfb_enter(writer, "DataSpaceInfo"));
    RMS_TRY(put(writer, layout->space, rms_ds_emit_space(layout->transform, &stream), &stream));
    RMS_TRY(rms_cfb_leave(writer));
    RMS_TRY(rms_cfb_enter(writer, "TransformInfo"));
    RMS_TRY(rms_cfb_enter(writer, layout->transform));
    RMS_TRY(put(writer, PRIMARY, rms_ds_emit_primary(request->licence, &stream), &stream));
    if (request->eul != NULL) {
        RMS_TRY(write_euls(writer, request->eul));
    }
    RMS_TRY(rms_cfb_leave(writer));
    RMS_TRY(write_labels(writer, request->eul != NULL ? request->eul->others : NULL));
    if (request->note.len > 0) {
        RMS_TRY(rms_cfb_put(writer, NOTE, request->note));
    }
    if (seal.len > 0) {
        RMS_TRY(rms_cfb_put(writer, SEAL, seal));
    }
    RMS_TRY(rms_cfb_leave(writer));
    return rms_cfb_leave(writer);
}

static bool is_any(const char *name, const char *const *list)
{
    for (; *list != NULL; list++) {
        if (strcmp(name, *list) == 0) {
            return true;
        }
    }
    return false;
}

/* Of a clear document only what section 6 leaves in clear; of a protected one everything but what protects.
 */
static bool stays_beside(const char *name, bool again)
{
    static const char *const clear[] = {"_signatures", "\001CompObj", "Macros", "_VBA_PROJECT_CUR", SUMMARY,
        "\005DocumentSummaryInformation", "MsoDataStore", NULL};
    static const char *const made[] = {
        SPACES, "EncryptedPackage", "\tDRMContent", "\tDRMViewerContent", NULL};

    return again ? !is_any(name, made) : is_any(name, clear);
}

bool rms_office_has_beside(const struct rms_container *container)
{
    const struct rms_cfb_entry *entry;

    if (container->kind != RMS_CONTAINER_BINARY) {
        return false;
    }
    for (uint32_t i = 1; (entry = rms_cfb_entry(container->cfb, i)) != NULL; i++) {
        if (entry->parent == RMS_CFB_ROOT && stays_beside(entry->name, false)) {
            return true;
        }
    }
    return false;
}

/* A copy of it would show a picture of the first page: the request has another. */
static bool is_made_anew(const struct rms_container_request *request, const char *name)
{
    return request->kind == RMS_CONTAINER_BINARY && strcmp(name, SUMMARY) == 0;
}

static int write_beside(struct rms_cfb_writer *writer, const struct rms_container_request *request)
{
    struct rms_cfb RMS_CFB_CLEANUP *from = NULL;
    const struct rms_cfb_entry *entry;
    uint32_t spaces;
    bool again;

    RMS_TRY(rms_cfb_open(request->beside, &from));
    again = rms_cfb_find(from, RMS_CFB_ROOT, SPACES, &spaces) == 0;
    rms_cfb_set_class(writer, rms_cfb_entry(from, RMS_CFB_ROOT)->class_id);
    for (uint32_t i = 1; (entry = rms_cfb_entry(from, i)) != NULL; i++) {
        if (entry->parent != RMS_CFB_ROOT || is_made_anew(request, entry->name)) {
            continue;
        }
        if (stays_beside(entry->name, again)) {
            RMS_TRY(rms_cfb_copy(writer, from, i));
        } else if (!again) {
            RMS_TRY(rms_placeholder_put(writer, entry->name));
        }
    }
    return 0;
}

int rms_office_begin(
    const struct rms_container_request *request, const struct rms_writer *file, struct rms_container_out *out)
{
    const struct layout *layout = &layouts[request->kind];
    struct rms_buf RMS_BUF_CLEANUP size = RMS_BUF_INIT(SIZE_BYTES);

    if (request->size > RMS_CFB_STREAM_MAX - RMS_CONTENT_BLOCK - SIZE_BYTES) {
        return RMS_E_LIMIT;
    }
    out->request = *request; /* that of a mail's own container may be another */
    RMS_TRY(rms_cfb_writer_new(file, &out->office));
    if (request->beside != NULL && rms_cfb_looks(request->beside)) {
        RMS_TRY(write_beside(out->office, request));
    }
    if (request->summary.len > 0) {
        RMS_TRY(rms_cfb_put(out->office, SUMMARY, request->summary));
    }
    if (request->document.len > 0) {
        RMS_TRY(rms_cfb_put(out->office, "\005DocumentSummaryInformation", request->document));
    }
    rms_buf_append_u64(&size, request->size);
    RMS_TRY(rms_cfb_begin(out->office, layout->content));
    RMS_TRY(rms_cfb_append(out->office, size.data, size.len));
    out->content_offset = SIZE_BYTES;
    if (request->size >= RMS_CFB_SPREAD_MIN) {
        return rms_cfb_spread(out->office, &out->stream);
    }
    out->stream = rms_cfb_stream_writer(out->office);
    return 0;
}

/* The data spaces come last: the seal among them is known only now. */
int rms_office_finish(struct rms_container_out *out, struct rms_view seal)
{
    RMS_TRY(rms_cfb_end(out->office));
    RMS_TRY(write_spaces(out->office, &out->request, seal));
    return rms_cfb_finish(out->office);
}

/* --- one more use licence ---------------------------------------------------------------------------------
 */

/* No deeper than the storage of the licences. */
static int copy_with(struct rms_cfb_writer *writer, const struct rms_eul *eul, uint32_t storage)
{
    const struct rms_container *from = eul->others;
    const struct rms_cfb_entry *entry;

    rms_cfb_set_class(writer, rms_cfb_entry(from->cfb, storage)->class_id);
    for (uint32_t i = 1; (entry = rms_cfb_entry(from->cfb, i)) != NULL; i++) {
        if (entry->parent != storage || (is_eul(from, entry) && is_of(from, i, eul->user))) {
            continue;
        }
        if (!rms_cfb_is_inside(from->cfb, from->transform, i)) {
            RMS_TRY(rms_cfb_copy(writer, from->cfb, i));
            continue;
        }
        RMS_TRY(rms_cfb_enter(writer, entry->name));
        RMS_TRY(copy_with(writer, eul, i));
        RMS_TRY(rms_cfb_leave(writer));
    }
    return storage == from->transform ? write_eul(writer, eul) : 0;
}

int rms_office_embed(const struct rms_eul *eul, const struct rms_writer *file)
{
    struct rms_cfb_writer *writer = NULL;
    int status;

    RMS_TRY(rms_cfb_writer_new(file, &writer));
    status = copy_with(writer, eul, RMS_CFB_ROOT);
    status = status == 0 ? rms_cfb_finish(writer) : status;
    rms_cfb_writer_free(&writer);
    return status;
}
