/* Archives and clear mails, opened down to ten inside each other: once through to see what is protected and
 * to decrypt it, and once more to write the archive again. Members lie in files without names while they are
 * at work: at most three for each level, beside the result. */
#include "client/members.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "archive/archive.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "client/context.h"
#include "client/mail.h"
#include "client/opened.h"
#include "client/refusal.h"
#include "format/mime.h"

#define HEAD_BYTES 65536u
#define TEXT_MAX   (64u << 20) /* names, and what is told of members */
#define PATH_BYTES 65536u
#define PST_MAX    (5ull << 30)

/* --- what became of members -------------------------------------------------------------------------------
 */

struct rms_members {
    struct rms_arena *arena;
    struct rms_member *list;
    size_t count, capacity;
};

void rms_members_free(struct rms_members **members)
{
    if (*members != NULL) {
        rms_arena_free(&(*members)->arena);
        rms_free((*members)->list);
        rms_free(*members);
        *members = NULL;
    }
}

static int members_new(struct rms_members **members_out)
{
    struct rms_members *members = rms_calloc(1, sizeof *members);

    *members_out = members;
    if (members == NULL) {
        return RMS_E_NO_MEMORY;
    }
    members->arena = rms_arena_new(TEXT_MAX);
    return members->arena != NULL ? 0 : RMS_E_NO_MEMORY;
}

/* A list that grows by doubling. */
static int room_for_one(void **list, size_t count, size_t *capacity, size_t size)
{
    if (count == *capacity) {
        size_t more = *capacity > 0 ? 2 * *capacity : 64;
        void *larger = rms_realloc(*list, more * size);

        if (larger == NULL) {
            return RMS_E_NO_MEMORY;
        }
        *list = larger;
        *capacity = more;
    }
    return 0;
}

void rms_members_tell(const struct rms_errand *errand, size_t index, const struct rms_work *work, int code)
{
    const struct rms_members *members = work->members;

    for (size_t i = 0; members != NULL && errand->options.member != NULL && i < members->count; i++) {
        if (code == 0 || members->list[i].code != 0) {
            errand->options.member(errand->options.user_data, index, &members->list[i]);
        }
    }
}

/* --- one archive at work ----------------------------------------------------------------------------------
 */

struct opening {
    const struct rms_errand *errand;
    struct rms_work *work;
    struct rms_archive_budget budget;
    struct rms_buf path; /* of the member at hand: "inner.zip/plan.ptxt" */
};

struct level {
    struct opening *opening;
    struct rms_archive *archive;
    struct rms_arena *arena; /* names */
    unsigned depth;
    int in;    /* the member at hand, as it is in the archive; -1: not yet needed */
    int clear; /* what members become, behind each other; -1: nothing yet */
    uint64_t clear_len;
    struct rms_archive_change *changes;
    size_t *outcomes; /* of each change: its place among the members told of; SIZE_MAX: an archive */
    size_t count, capacity, outcome_capacity;
    const char **names; /* of all members */
    size_t name_count, name_capacity;
};

static void level_fini(struct level *level)
{
    rms_archive_close(&level->archive);
    rms_arena_free(&level->arena);
    rms_free(level->changes);
    rms_free(level->outcomes);
    rms_free(level->names);
    if (level->in >= 0) {
        (void)close(level->in);
    }
    if (level->clear >= 0) {
        (void)close(level->clear);
    }
}

/* What is wrong with more than the member at hand: the archive as a whole fails, and can be tried again. */
static bool is_fatal(int code)
{
    static const int codes[] = {RMS_E_CANCELLED, RMS_E_NO_MEMORY, RMS_E_NO_SPACE, RMS_E_IO, RMS_E_PERMISSION,
        RMS_E_ARCHIVE_LIMIT, RMS_E_FILE_CHANGED, RMS_E_UNREACHABLE, RMS_E_TLS, RMS_E_THROTTLED,
        RMS_E_NEEDS_ONLINE, RMS_E_NOT_AUTHENTICATED, RMS_E_STORE_NOT_BOUND, RMS_E_INTERNAL};

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (codes[i] == code) {
            return true;
        }
    }
    return false;
}

static int check_cancelled(void *user_data)
{
    return rms_check_cancelled(user_data);
}

/* A file without a name, where the result is going to be. */
static int scratch(const struct opening *opening, int *fd)
{
    struct rms_target *target = &opening->work->target;
    char folder[PATH_MAX];
    const char *slash;
    int status;

    if (*fd >= 0) {
        return 0;
    }
    if (target->output.fd < 0) {
        RMS_TRY(rms_target_open(opening->errand->context, target));
    }
    slash = strrchr(target->output.temp, '/');
    (void)snprintf(folder, sizeof folder, "%.*s", slash != NULL ? (int)(slash - target->output.temp) + 1 : 1,
        slash != NULL ? target->output.temp : ".");
    status = rms_file_scratch(folder, fd);
    return status == 0 ? 0 : rms_fail(opening->errand->context, status, "%s", folder);
}

/* --- telling ----------------------------------------------------------------------------------------------
 */

static int note(struct opening *opening, int code, const char *content_id)
{
    struct rms_members *members = opening->work->members;
    struct rms_member *member;

    RMS_TRY(room_for_one((void **)&members->list, members->count, &members->capacity, sizeof *members->list));
    member = &members->list[members->count];
    *member = (struct rms_member){
        .name = rms_arena_strdup(members->arena, rms_buf_text(&opening->path)),
        .code = code,
        .detail =
            rms_arena_strdup(members->arena, code != 0 ? rms_last_detail(opening->errand->context) : ""),
        .content_id = rms_arena_strdup(members->arena, content_id),
    };
    if (member->name == NULL || member->detail == NULL || member->content_id == NULL) {
        return RMS_E_ARCHIVE_LIMIT;
    }
    members->count++;
    return 0;
}

/* From there on nothing came out after all. */
static void take_back(const struct opening *opening, size_t first, int code)
{
    struct rms_members *members = opening->work->members;

    for (size_t i = first; i < members->count; i++) {
        if (members->list[i].code == 0) {
            members->list[i].code = code;
        }
    }
}

/* A failure of one member, or of everything. */
static int failed(struct level *level, int code)
{
    return is_fatal(code) ? code : note(level->opening, code, "");
}

/* --- what a member becomes --------------------------------------------------------------------------------
 */

struct range {
    int fd;
    uint64_t base;
};

static int write_range(void *context, uint64_t offset, const void *data, size_t len)
{
    const struct range *range = context;

    return rms_fd_pwrite_all(range->fd, data, len, range->base + offset);
}

static int add_change(struct level *level, const struct rms_archive_change *change, size_t outcome)
{
    RMS_TRY(room_for_one((void **)&level->changes, level->count, &level->capacity, sizeof *level->changes));
    RMS_TRY(room_for_one(
        (void **)&level->outcomes, level->count, &level->outcome_capacity, sizeof *level->outcomes));
    level->changes[level->count] = *change;
    level->outcomes[level->count++] = outcome;
    level->clear_len += change->len;
    return 0;
}

/* The name of the clear member, in the folder of the protected one. */
static const char *clear_name(struct level *level, const char *name, const struct rms_container *container)
{
    const char *slash = strrchr(name, '/');
    const char *base = slash != NULL ? slash + 1 : name;
    bool mail = container->kind == RMS_CONTAINER_MESSAGE;
    char changed[RMS_NAME_MAX];

    if (container->keeps_name || (mail && rms_text_equal_nocase(rms_kind_extension(base), ".eml"))) {
        return name;
    }
    if (rms_kind_clear_name(base, mail ? ".eml" : container->extension, changed) != 0) {
        return NULL;
    }
    return rms_arena_printf(level->arena, "%.*s%s", (int)(base - name), name, changed);
}

static int write_mail(struct rms_context *context, const struct rms_opened *opened,
    const struct rms_reader *carrier, const struct rms_writer *out, uint64_t *written)
{
    struct rms_buf RMS_BUF_CLEANUP mail = RMS_BUF_INIT(RMS_MIME_MAX);

    RMS_TRY(rms_mail_clear(context, opened, carrier, &mail));
    *written = mail.len;
    return out->write(out->context, 0, mail.data, mail.len);
}

static int write_clear(const struct rms_errand *errand, const struct rms_opened *opened,
    const struct rms_reader *carrier, const struct rms_writer *out, uint64_t *written)
{
    struct rms_crypt_job job = {.context = errand->context, .out = *out, .threads = errand->threads};

    if (opened->container.kind == RMS_CONTAINER_MESSAGE) {
        return write_mail(errand->context, opened, carrier, out, written);
    }
    if (opened->container.pdf != NULL) {
        return rms_opened_write_pdf(opened, out, written);
    }
    return rms_opened_decrypt(opened, &job, written);
}

static int decrypt(struct level *level, const struct rms_archive_member *member, struct rms_opened *opened,
    const struct rms_reader *carrier, struct rms_archive_change *change)
{
    const struct rms_errand *errand = level->opening->errand;
    struct range range;
    const struct rms_writer out = {&range, write_range, false};

    RMS_TRY(rms_opened_licence(errand->context, RMS_RIGHT_EXPORT, opened));
    if (!rms_access_may_unprotect(opened->access)) {
        rms_refusal_note(errand->context, opened->access, "EXPORT");
        return rms_fail(errand->context, RMS_E_NO_RIGHTS,
            "removing the protection needs the right EXPORT or OWNER, which you do not have");
    }
    if (!rms_opened_is_whole(opened)) {
        return rms_fail(errand->context, RMS_E_UNSUPPORTED,
            "parts of this document stand beside its protected content and would be lost");
    }
    RMS_TRY(scratch(level->opening, &level->clear));
    range = (struct range){level->clear, level->clear_len};
    *change = (struct rms_archive_change){
        member->index, rms_arena_strdup(level->arena, member->name), NULL, level->clear_len, 0};
    change->name = change->old_name != NULL ? clear_name(level, change->old_name, &opened->container) : NULL;
    if (change->name == NULL) {
        return RMS_E_NAME_TOO_LONG;
    }
    return write_clear(errand, opened, carrier, &out, &change->len);
}

static int unprotect(struct level *level, const struct rms_archive_member *member, struct rms_opened *opened,
    const struct rms_reader *carrier)
{
    struct rms_archive_change change;
    int status = decrypt(level, member, opened, carrier, &change);

    if (status != 0) {
        return failed(level, status);
    }
    RMS_TRY(note(level->opening, 0, opened->access->pl.content_id));
    return add_change(level, &change, level->opening->work->members->count - 1);
}

static int rewrite(const struct level *level, int out)
{
    const struct rms_archive_changes changes = {level->changes, level->count, level->clear};
    int status = rms_archive_rewrite(level->archive, &changes, out);

    return status == RMS_E_DAMAGED ? rms_fail(level->opening->errand->context, status,
                                         "%s would not come back with what is in it; it stays as it is",
                                         level->opening->path.len > 0 ? rms_buf_text(&level->opening->path)
                                                                      : level->opening->work->source.path)
                                   : status;
}

/* --- archives inside --------------------------------------------------------------------------------------
 */

static int read_level(struct level *level, const char *name, int fd);

static int append_file(struct level *level, int from, uint64_t *len_out)
{
    uint8_t block[16384];
    long got;

    *len_out = 0;
    while ((got = rms_fd_pread_full(from, block, sizeof block, *len_out)) > 0) {
        RMS_TRY(rms_fd_pwrite_all(level->clear, block, (size_t)got, level->clear_len + *len_out));
        *len_out += (uint64_t)got;
    }
    return (int)got;
}

static int rewrite_inner(struct level *level, struct level *inner, const struct rms_archive_member *member)
{
    const char *extension = rms_archive_new_extension(inner->archive);
    struct rms_archive_change change = {.index = member->index, .offset = level->clear_len};
    int out = -1;
    int status;

    change.old_name = rms_arena_strdup(level->arena, member->name);
    change.name = rms_arena_printf(level->arena, "%s%s", member->name, extension);
    if (change.old_name == NULL || change.name == NULL) {
        return RMS_E_ARCHIVE_LIMIT;
    }
    status = scratch(level->opening, &out);
    status = status == 0 ? scratch(level->opening, &level->clear) : status;
    status = status == 0 ? rewrite(inner, out) : status;
    status = status == 0 ? append_file(level, out, &change.len) : status;
    if (out >= 0) {
        (void)close(out);
    }
    return status == 0 ? add_change(level, &change, SIZE_MAX) : status;
}

static int open_inner(struct level *level, const struct rms_archive_member *member)
{
    struct level inner = {.opening = level->opening, .depth = level->depth + 1, .in = -1, .clear = -1};
    size_t first = level->opening->work->members->count;
    int status;

    if (inner.depth > RMS_ARCHIVE_DEPTH_MAX) {
        return rms_fail(level->opening->errand->context, RMS_E_ARCHIVE_LIMIT,
            "%s: archives and mails lie more than %u deep in each other (max depth)",
            level->opening->work->source.path, RMS_ARCHIVE_DEPTH_MAX);
    }
    status = read_level(&inner, member->name, level->in);
    if (status == 0 && inner.count > 0) {
        status = rewrite_inner(level, &inner, member);
    }
    level_fini(&inner);
    if (status == RMS_E_NOT_FOUND) {
        return 0; /* only its name is that of an archive */
    }
    if (status != 0 && !is_fatal(status)) {
        take_back(level->opening, first, status);
    }
    return status == 0 ? 0 : failed(level, status);
}

/* --- going through ----------------------------------------------------------------------------------------
 */

/* The whole member in level->in, of which head is there already. */
static int take_member(struct level *level, struct rms_view head)
{
    uint8_t block[16384];
    uint64_t at = head.len;
    size_t got;

    RMS_TRY(scratch(level->opening, &level->in));
    if (ftruncate(level->in, 0) != 0) {
        return RMS_E_IO;
    }
    RMS_TRY(rms_fd_pwrite_all(level->in, head.data, head.len, 0));
    do {
        RMS_TRY(rms_archive_read(level->archive, block, sizeof block, &got));
        RMS_TRY(rms_fd_pwrite_all(level->in, block, got, at));
        at += got;
    } while (got > 0);
    return 0;
}

static int read_head(struct level *level, struct rms_buf *head)
{
    uint8_t *place = rms_buf_reserve(head, HEAD_BYTES);
    size_t len = 0;
    size_t got;

    if (place == NULL) {
        return RMS_E_NO_MEMORY;
    }
    do {
        RMS_TRY(rms_archive_read(level->archive, place + len, HEAD_BYTES - len, &got));
        len += got;
    } while (got > 0 && len < HEAD_BYTES);
    rms_buf_commit(head, len);
    return 0;
}

static int look_into(struct level *level, const struct rms_archive_member *member)
{
    struct rms_opened opened = {0};
    struct rms_reader reader;
    int status = rms_reader_of_fd(&level->in, &reader);

    status = status == 0 ? rms_container_open(&reader, &opened.container) : status;
    if (status == 0) {
        status = unprotect(level, member, &opened, &reader);
    } else if (status != RMS_E_NOT_PROTECTED) {
        status = failed(level, status);
    } else {
        status = rms_archive_named(member->name) ? open_inner(level, member) : 0;
    }
    rms_opened_fini(&opened);
    return status;
}

static int try_member(struct level *level, const struct rms_archive_member *member)
{
    struct rms_buf RMS_BUF_CLEANUP head = RMS_BUF_INIT(HEAD_BYTES);
    int status;

    rms_report_of(level->opening->errand->context)->detail[0] = '\0'; /* of the member before */
    if (member->encrypted) {
        return failed(level, RMS_E_PASSWORD);
    }
    status = read_head(level, &head);
    if (status == 0 && !rms_container_looks(rms_buf_view(&head)) && !rms_archive_named(member->name)) {
        return 0;
    }
    status = status == 0 ? take_member(level, rms_buf_view(&head)) : status;
    if (status != 0) {
        return rms_archive_independent(level->archive) ? failed(level, status) : status;
    }
    return look_into(level, member);
}

static int keep_name(struct level *level, const char *name)
{
    RMS_TRY(
        room_for_one((void **)&level->names, level->name_count, &level->name_capacity, sizeof *level->names));
    level->names[level->name_count] = rms_arena_strdup(level->arena, name);
    return level->names[level->name_count++] != NULL ? 0 : RMS_E_ARCHIVE_LIMIT;
}

/* --- names that are taken (C-043) -------------------------------------------------------------------------
 */

struct claim {
    const char *name;
    size_t change; /* SIZE_MAX: has the name already */
};

static int by_name(const void *a, const void *b)
{
    const struct claim *x = a;
    const struct claim *y = b;
    int order = strcmp(x->name, y->name);

    if (order != 0) {
        return order;
    }
    return x->change + 1 < y->change + 1 ? -1 : x->change + 1 > y->change + 1; /* who has it comes first */
}

/* The member stays protected. */
static void give_up_change(struct level *level, size_t i)
{
    struct rms_members *members = level->opening->work->members;

    level->changes[i].name = NULL;
    if (level->outcomes[i] != SIZE_MAX) {
        members->list[level->outcomes[i]].code = RMS_E_CONFLICT;
        members->list[level->outcomes[i]].detail = "the archive has a member of that name already";
    }
}

static void settle(struct level *level, struct claim *claims)
{
    size_t kept = 0;
    size_t count = 0;

    for (size_t i = 0; i < level->name_count; i++) {
        claims[count++] = (struct claim){level->names[i], SIZE_MAX};
    }
    for (size_t i = 0; i < level->count; i++) {
        if (strcmp(level->changes[i].name, level->changes[i].old_name) != 0) {
            claims[count++] = (struct claim){level->changes[i].name, i};
        }
    }
    qsort(claims, count, sizeof *claims, by_name);
    for (size_t i = 1; i < count; i++) {
        if (claims[i].change != SIZE_MAX && strcmp(claims[i].name, claims[i - 1].name) == 0) {
            give_up_change(level, claims[i].change);
        }
    }
    for (size_t i = 0; i < level->count; i++) {
        if (level->changes[i].name != NULL) {
            level->changes[kept++] = level->changes[i];
        }
    }
    level->count = kept;
}

static int settle_names(struct level *level)
{
    struct claim *claims;

    if (level->count == 0) {
        return 0;
    }
    claims = rms_calloc(level->name_count + level->count, sizeof *claims);
    if (claims == NULL) {
        return RMS_E_NO_MEMORY;
    }
    settle(level, claims);
    rms_free(claims);
    return 0;
}

/* Everything in the archive open at fd, and what is to become of it. */
static int read_level(struct level *level, const char *name, int fd)
{
    struct rms_buf *path = &level->opening->path;
    size_t len;
    struct rms_archive_member member;
    int status = rms_archive_open(name, fd, &level->opening->budget, &level->archive);

    RMS_TRY(status);
    if (path->len > 0) {
        rms_buf_append_byte(path, '/');
    }
    len = path->len;
    level->arena = rms_arena_new(TEXT_MAX);
    status = level->arena != NULL ? 0 : RMS_E_NO_MEMORY;
    while (status == 0 && (status = rms_archive_next(level->archive, &member)) == 0) {
        rms_buf_append_str(path, member.name);
        status = rms_buf_status(path) == 0 ? keep_name(level, member.name) : RMS_E_ARCHIVE_LIMIT;
        status = status == 0 ? try_member(level, &member) : status;
        rms_buf_truncate(path, len);
    }
    if (len > 0) {
        rms_buf_truncate(path, len - 1);
    }
    return status == RMS_E_NOT_FOUND ? settle_names(level) : status;
}

/* --- a file -----------------------------------------------------------------------------------------------
 */

static int check_pst(const struct rms_errand *errand, const struct rms_file_source *source)
{
    static const char magic[] = "!BDN";
    char head[4];

    if (rms_reader_at(&source->reader, 0, head, sizeof head) != 0 || memcmp(head, magic, sizeof head) != 0) {
        return 0;
    }
    return source->reader.size > PST_MAX
               ? rms_fail(errand->context, RMS_E_LIMIT, "%s: data files of Outlook above 5 GB are not opened",
                     source->path)
               : rms_fail(errand->context, RMS_E_UNSUPPORTED,
                     "%s: data files of Outlook are not opened; export its messages as .eml", source->path);
}

/* Nothing to write. */
static int unchanged(const struct rms_errand *errand, struct rms_work *work)
{
    const struct rms_members *members = work->members;

    work->skipped = true;
    if (members->count == 0) {
        return rms_fail(errand->context, RMS_E_NOT_PROTECTED, "%s", work->source.path);
    }
    return rms_fail(errand->context, members->list[0].code,
        "%s: nothing in it could be unprotected, and it stays as it is", work->source.path);
}

static int write_result(struct level *level)
{
    const struct rms_errand *errand = level->opening->errand;
    struct rms_work *work = level->opening->work;

    RMS_TRY(rewrite(level, work->target.output.fd));
    RMS_TRY(rms_source_unchanged(errand->context, &work->source));
    return rms_target_like(&work->target, &work->source, errand->options.preserve_times);
}

static int open_outer(struct level *level)
{
    const struct rms_errand *errand = level->opening->errand;
    struct rms_work *work = level->opening->work;
    const char *extension;
    int status;

    work->target.change = RMS_NAME_KEEP;
    status = rms_archive_open(work->source.name, work->source.fd, &level->opening->budget, &level->archive);
    if (status == 0) { /* before the first scratch file, which takes its place from the result's */
        extension = rms_archive_new_extension(level->archive);
        work->target.change = extension[0] != '\0' ? RMS_NAME_CLEAR : RMS_NAME_KEEP;
        memcpy(work->target.extension, extension, strlen(extension) + 1);
        rms_archive_close(&level->archive);
        status = read_level(level, work->source.name, work->source.fd);
    }
    if (status == RMS_E_NOT_FOUND) {
        return unchanged(errand, work);
    }
    RMS_TRY(status);
    return level->count > 0 ? write_result(level) : unchanged(errand, work);
}

int rms_members_unprotect(const struct rms_errand *errand, struct rms_work *work)
{
    struct opening opening = {.errand = errand, .work = work, .path = RMS_BUF_INIT(PATH_BYTES)};
    struct level outer = {.opening = &opening, .depth = 1, .in = -1, .clear = -1};
    int status = members_new(&work->members);

    RMS_TRY(check_pst(errand, &work->source));
    rms_archive_budget_init(&opening.budget, work->source.reader.size);
    opening.budget.check = check_cancelled;
    opening.budget.user_data = errand->context;
    status = status == 0 ? open_outer(&outer) : status;
    level_fini(&outer);
    rms_buf_fini(&opening.path);
    if (status != 0 && !work->skipped && rms_last_detail(errand->context)[0] == '\0') {
        return rms_fail(errand->context, status, "%s", work->source.path);
    }
    return status;
}
